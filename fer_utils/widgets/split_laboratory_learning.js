// Two classifiers that learn from a table of features in the page, fold after fold, in small pieces.
//
// Like `smallNetwork` it uses nothing from outside of it: both texts together start a worker.
export function splitLearning({ randomNumbers }) {
  const UNITS = 64;
  const BATCH = 16;
  const STEPS = 1500; // of each fold
  const RATE = 0.005;

  // Of two rows: the sum of the products. Four sums side by side do not wait for each other.
  function product(one, i, other, j, length) {
    let a = 0, b = 0, c = 0, d = 0, k = 0;
    for (; k + 4 <= length; k += 4) {
      a += one[i + k] * other[j + k];
      b += one[i + k + 1] * other[j + k + 1];
      c += one[i + k + 2] * other[j + k + 2];
      d += one[i + k + 3] * other[j + k + 3];
    }
    for (; k < length; k++) a += one[i + k] * other[j + k];
    return a + b + c + d;
  }

  // The features with mean 0 and standard deviation 1 over the training rows; one that never varies becomes 0.
  function standardised(values, width, train) {
    const made = new Float64Array(values.length);
    const rows = values.length / width;
    for (let column = 0; column < width; column++) {
      let mean = 0, squares = 0;
      for (const row of train) mean += values[row * width + column];
      mean /= train.length;
      for (const row of train) squares += (values[row * width + column] - mean) ** 2;
      const spread = Math.sqrt(squares / train.length) || 1;
      for (let row = 0; row < rows; row++) {
        made[row * width + column] = (values[row * width + column] - mean) / spread;
      }
    }
    return made;
  }

  // The answer to each test row: the label of the training row at the smallest Euclidean distance.
  function* nearest(inputs, width, labels, train, test) {
    const answers = [];
    for (const row of test) {
      let best = -1, least = Infinity;
      for (const other of train) {
        let sum = 0;
        for (let k = 0, a = row * width, b = other * width; k < width; k++) sum += (inputs[a + k] - inputs[b + k]) ** 2;
        if (sum < least) [least, best] = [sum, other];
      }
      answers.push(labels[best]);
      yield;
    }
    return answers;
  }

  // One hidden layer of UNITS ReLU, softmax, Adam at RATE in batches of BATCH; first weights after He et al. 2015.
  function* network(inputs, width, labels, classes, train, test, seed) {
    const sizes = [UNITS * width, UNITS, UNITS * classes, classes]; // a unit's weights lie side by side
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const [weights, gradient, mean, square] = [0, 1, 2, 3].map(() => new Float64Array(total));
    const pieces = (all) => {
      let end = 0;
      return sizes.map((size) => all.subarray(end, (end += size)));
    };
    const [kernel, bias, outKernel, outBias] = pieces(weights);
    const [kernelSlope, biasSlope, outKernelSlope, outBiasSlope] = pieces(gradient);
    const first = randomNumbers(2 * seed);
    const order = randomNumbers(2 * seed + 1);
    const most = Math.sqrt(6 / width);
    for (let i = 0; i < kernel.length; i++) kernel[i] = most * (2 * first() - 1);
    for (let i = 0; i < outKernel.length; i++) outKernel[i] = 0.1 * (2 * first() - 1);
    const hidden = new Float64Array(UNITS);
    const scores = new Float64Array(classes);

    function forward(row) {
      scores.set(outBias);
      for (let unit = 0; unit < UNITS; unit++) {
        const sum = bias[unit] + product(inputs, row * width, kernel, unit * width, width);
        hidden[unit] = sum > 0 ? sum : 0;
        if (!(sum > 0)) continue;
        for (let c = 0, w = unit * classes; c < classes; c++, w++) scores[c] += sum * outKernel[w];
      }
    }

    function learn(row) {
      forward(row);
      let highest = -Infinity, sum = 0;
      for (let c = 0; c < classes; c++) highest = Math.max(highest, scores[c]);
      for (let c = 0; c < classes; c++) sum += scores[c] = Math.exp(scores[c] - highest);
      for (let c = 0; c < classes; c++) scores[c] = scores[c] / sum - (c === labels[row] ? 1 : 0);
      for (let c = 0; c < classes; c++) outBiasSlope[c] += scores[c];
      for (let unit = 0; unit < UNITS; unit++) {
        const value = hidden[unit];
        if (value === 0) continue; // a closed unit learns nothing from this row
        let back = 0;
        for (let c = 0, w = unit * classes; c < classes; c++, w++) {
          outKernelSlope[w] += value * scores[c];
          back += outKernel[w] * scores[c];
        }
        biasSlope[unit] += back;
        for (let k = 0, i = row * width, w = unit * width; k < width; k++, i++, w++) kernelSlope[w] += back * inputs[i];
      }
    }

    function adam(step, rows) {
      const meanFactor = 1 / (1 - 0.9 ** step), squareFactor = 1 / (1 - 0.999 ** step);
      for (let i = 0; i < total; i++) {
        const slope = gradient[i] / rows;
        mean[i] = 0.9 * mean[i] + 0.1 * slope;
        square[i] = 0.999 * square[i] + 0.001 * slope * slope;
        weights[i] -= (RATE * meanFactor * mean[i]) / (Math.sqrt(squareFactor * square[i]) + 1e-7);
      }
      gradient.fill(0);
    }

    const rows = [...train];
    let turn = rows.length;
    for (let step = 1; step <= STEPS; step++) {
      if (turn >= rows.length) {
        turn = 0;
        for (let last = rows.length - 1; last > 0; last--) {
          const other = Math.floor(order() * (last + 1));
          [rows[last], rows[other]] = [rows[other], rows[last]];
        }
      }
      const batch = rows.slice(turn, turn + BATCH); // the last one of an epoch may be smaller
      for (const row of batch) learn(row);
      adam(step, batch.length);
      turn += BATCH;
      yield;
    }
    return test.map((row) => {
      forward(row);
      return scores.indexOf(Math.max(...scores));
    });
  }

  // All folds: every row is answered by a classifier that has not seen it. Yields after each small piece.
  function* everyFold({ table, folds, method, seed }, send) {
    const { values, width, labels, classes } = table;
    const answers = new Array(labels.length);
    for (let fold = 0; fold <= Math.max(...folds); fold++) {
      const train = [], test = [];
      folds.forEach((one, row) => (one === fold ? test : train).push(row));
      const inputs = standardised(values, width, train);
      yield;
      const given = method === "nearest" ? yield* nearest(inputs, width, labels, train, test)
        : yield* network(inputs, width, labels, classes, train, test, 10 * seed + fold);
      test.forEach((row, i) => { answers[row] = given[i]; });
      send({ kind: "fold", fold });
    }
    send({ kind: "answers", answers });
  }

  // Runs it in slices of some ms, in a worker or on a page. `send` gets { kind, turn } and: fold; or answers at the end;
  // and { kind: "end", how } if it breaks.
  function host(send, slice) {
    let run = null, timer = 0;

    function work() {
      const until = performance.now() + slice;
      try {
        while (performance.now() < until) if (run.next().done) return;
      } catch {
        send({ kind: "end", how: "broken" });
        return;
      }
      timer = setTimeout(work, 0);
    }

    return {
      start(request) {
        clearTimeout(timer);
        run = everyFold(request, (message) => send({ ...message, turn: request.turn }));
        timer = setTimeout(work, 0);
      },
      stop() { clearTimeout(timer); },
    };
  }

  return { UNITS, BATCH, STEPS, RATE, host, standardised, nearest, network };
}
