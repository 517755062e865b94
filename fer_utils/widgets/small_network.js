// A small convolutional network for grey faces of 48 x 48 pixels: scores, loss, gradients, Adam.
//
// Everything is inside one function that uses nothing from outside of it: its text alone starts a worker.
// Layers, as in Keras: three convolutions 3 x 3 with stride 2 and padding "same" (8, 16, 32 filters), a dense layer of
// 32 units, dropout, softmax. Arrays lie as in Keras: rows, columns, channels; kernels: inputs first, outputs last.
export function smallNetwork() {
  const SIDE = 48;
  const FILTERS = [8, 16, 32];
  const UNITS = 32;
  const BLOCK = 8; // outputs that are summed side by side, in local variables: the fastest way in every browser tried

  // Numbers from 0 to 1 that are the same for the same seed: xorshift (Marsaglia 2003) with shifts 13, 17 and 5.
  function randomNumbers(seed) {
    let state = Math.imul(seed + 1, 0x9e3779b1) | 0;
    if (state === 0) state = 1;
    const next = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 4294967296;
    };
    for (let i = 0; i < 16; i++) next(); // small seeds begin alike
    return next;
  }

  // Of the inputs of a sum only those that are not 0 count, and after a ReLU there are many zeros. `places` has where
  // they lie in the input, `starts` where their weights begin; both are found once and used for all outputs.
  const places = new Int32Array((SIDE / 8) ** 2 * FILTERS.at(-1) + 1);
  const starts = new Int32Array(places.length);

  // Adds the inputs from `from` on to the list, which has `count`; the first one's weights begin at `start`.
  function addOpen(input, from, length, start, outputs, count) {
    for (let k = 0; k < length; k++) {
      places[count] = from + k;
      starts[count] = start + k * outputs;
      count += input[from + k] !== 0 ? 1 : 0;
    }
    return count;
  }

  // Adds to each of the sums the listed inputs times their weights.
  function addProducts(sums, outputs, input, kernel, count) {
    let c = 0;
    for (; c + BLOCK <= outputs; c += BLOCK) {
      let s0 = sums[c], s1 = sums[c + 1], s2 = sums[c + 2], s3 = sums[c + 3];
      let s4 = sums[c + 4], s5 = sums[c + 5], s6 = sums[c + 6], s7 = sums[c + 7];
      for (let i = 0; i < count; i++) {
        const value = input[places[i]], w = starts[i] + c;
        s0 += value * kernel[w];
        s1 += value * kernel[w + 1];
        s2 += value * kernel[w + 2];
        s3 += value * kernel[w + 3];
        s4 += value * kernel[w + 4];
        s5 += value * kernel[w + 5];
        s6 += value * kernel[w + 6];
        s7 += value * kernel[w + 7];
      }
      sums[c] = s0; sums[c + 1] = s1; sums[c + 2] = s2; sums[c + 3] = s3;
      sums[c + 4] = s4; sums[c + 5] = s5; sums[c + 6] = s6; sums[c + 7] = s7;
    }
    for (; c < outputs; c++) {
      for (let i = 0; i < count; i++) sums[c] += input[places[i]] * kernel[starts[i] + c];
    }
  }

  // The same backwards: `delta` is what the sums did to the loss; adds what each weight and each listed input did.
  // An input of 0 gave its weights nothing; and it came out of a ReLU that was closed, so nothing passes it either.
  function addGradients(delta, outputs, input, back, kernel, gradient, count) {
    let c = 0;
    for (; c + BLOCK <= outputs; c += BLOCK) {
      const d0 = delta[c], d1 = delta[c + 1], d2 = delta[c + 2], d3 = delta[c + 3];
      const d4 = delta[c + 4], d5 = delta[c + 5], d6 = delta[c + 6], d7 = delta[c + 7];
      for (let i = 0; i < count; i++) {
        const value = input[places[i]], w = starts[i] + c;
        gradient[w] += value * d0;
        gradient[w + 1] += value * d1;
        gradient[w + 2] += value * d2;
        gradient[w + 3] += value * d3;
        gradient[w + 4] += value * d4;
        gradient[w + 5] += value * d5;
        gradient[w + 6] += value * d6;
        gradient[w + 7] += value * d7;
      }
      if (back === null) continue;
      for (let i = 0; i < count; i++) {
        const w = starts[i] + c;
        back[places[i]] += kernel[w] * d0 + kernel[w + 1] * d1 + kernel[w + 2] * d2 + kernel[w + 3] * d3
          + kernel[w + 4] * d4 + kernel[w + 5] * d5 + kernel[w + 6] * d6 + kernel[w + 7] * d7;
      }
    }
    for (; c < outputs; c++) {
      for (let i = 0; i < count; i++) {
        gradient[starts[i] + c] += input[places[i]] * delta[c];
        if (back !== null) back[places[i]] += kernel[starts[i] + c] * delta[c];
      }
    }
  }

  // A network with first weights after He et al. 2015, that of the seed.
  function create({ classes, seed }) {
    const sizes = []; // values in kernel, bias, kernel, bias ...
    const shapes = []; // inputs of one sum, and outputs
    let channels = 1;
    for (const filters of FILTERS) {
      shapes.push([9 * channels, filters]);
      channels = filters;
    }
    const flat = (SIDE / 8) ** 2 * channels;
    shapes.push([flat, UNITS], [UNITS, classes]);
    for (const [inputs, outputs] of shapes) sizes.push(inputs * outputs, outputs);
    const total = sizes.reduce((sum, size) => sum + size, 0);

    const weights = new Float32Array(total);
    const gradient = new Float32Array(total);
    const mean = new Float32Array(total); // Adam's moving means of the gradient
    const square = new Float32Array(total); // and of its square
    const pieces = (all) => {
      let end = 0;
      return sizes.map((size) => all.subarray(end, (end += size)));
    };
    const weightOf = pieces(weights);
    const gradientOf = pieces(gradient);
    // The last layer begins with small weights, so that all scores are nearly alike and the loss is about ln(classes).
    // A positive bias lets most hidden units give something at first; nothing keeps them from dying later.
    const random = randomNumbers(seed);
    shapes.forEach(([inputs, outputs], layer) => {
      const most = layer === 4 ? 0.1 : Math.sqrt(6 / inputs);
      for (let i = 0; i < inputs * outputs; i++) weightOf[2 * layer][i] = most * (2 * random() - 1);
    });
    weightOf[7].fill(0.5);

    // maps[0] is the picture, maps[1] to maps[3] come out of the convolutions. A map that a convolution reads has a row
    // and a column of zeros more, at the bottom and on the right: padding "same" for an even side and stride 2.
    const sides = [SIDE, SIDE / 2, SIDE / 4, SIDE / 8];
    const depths = [1, ...FILTERS];
    const rows = sides.map((side, i) => (side + (i < 3 ? 1 : 0)) * depths[i]);
    const maps = sides.map((side, i) => new Float32Array((side + (i < 3 ? 1 : 0)) * rows[i]));
    const backs = maps.map((map, i) => (i === 0 ? null : new Float32Array(map.length)));
    const hidden = new Float32Array(UNITS); // after ReLU, before dropout
    const kept = new Float32Array(UNITS); // after dropout
    const hiddenBack = new Float32Array(UNITS);
    const scores = new Float64Array(classes);
    const sums = new Float64Array(Math.max(UNITS, ...FILTERS));
    let steps = 0;

    // Lists what is not 0 in one window of a convolution; each of the window's three rows lies in one piece.
    function openIn(layer, y, x) {
      const outputs = depths[layer + 1], strip = 3 * depths[layer];
      let count = 0;
      for (let row = 0; row < 3; row++) {
        const from = (2 * y + row) * rows[layer] + 2 * x * depths[layer];
        count = addOpen(maps[layer], from, strip, row * strip * outputs, outputs, count);
      }
      return count;
    }

    function convolve(layer) {
      const input = maps[layer], output = maps[layer + 1], bias = weightOf[2 * layer + 1], outputs = depths[layer + 1];
      for (let y = 0; y < sides[layer + 1]; y++) {
        for (let x = 0; x < sides[layer + 1]; x++) {
          sums.set(bias);
          addProducts(sums, outputs, input, weightOf[2 * layer], openIn(layer, y, x));
          const at = y * rows[layer + 1] + x * outputs;
          for (let c = 0; c < outputs; c++) output[at + c] = sums[c] > 0 ? sums[c] : 0;
        }
      }
    }

    function convolveBack(layer) {
      const input = maps[layer], output = maps[layer + 1], back = backs[layer + 1];
      const outputs = depths[layer + 1], biasGradient = gradientOf[2 * layer + 1];
      if (backs[layer] !== null) backs[layer].fill(0);
      for (let y = 0; y < sides[layer + 1]; y++) {
        for (let x = 0; x < sides[layer + 1]; x++) {
          const at = y * rows[layer + 1] + x * outputs;
          let open = false;
          for (let c = 0; c < outputs; c++) {
            sums[c] = output[at + c] > 0 ? back[at + c] : 0;
            if (sums[c] !== 0) open = true;
            biasGradient[c] += sums[c];
          }
          if (!open) continue;
          const count = openIn(layer, y, x);
          addGradients(sums, outputs, input, backs[layer], weightOf[2 * layer], gradientOf[2 * layer], count);
        }
      }
    }

    // The scores of one picture, 48 x 48 values from `first` on. `change` mirrors it and moves it by whole pixels, or
    // is null; `drop` is null, or a function that gives the factor of each hidden unit: 0 if it is dropped.
    function forward(pictures, first, change = null, drop = null) {
      const picture = maps[0];
      for (let y = 0; y < SIDE; y++) {
        for (let x = 0; x < SIDE; x++) {
          let from = first + y * SIDE + x;
          if (change !== null) {
            const across = Math.min(Math.max(x + change.right, 0), SIDE - 1);
            const along = Math.min(Math.max(y + change.down, 0), SIDE - 1);
            from = first + along * SIDE + (change.mirrored ? SIDE - 1 - across : across);
          }
          picture[y * rows[0] + x] = pictures[from];
        }
      }
      for (let layer = 0; layer < 3; layer++) convolve(layer);
      sums.set(weightOf[7]);
      addProducts(sums, UNITS, maps[3], weightOf[6], addOpen(maps[3], 0, flat, 0, UNITS, 0));
      for (let unit = 0; unit < UNITS; unit++) {
        hidden[unit] = sums[unit] > 0 ? sums[unit] : 0;
        kept[unit] = drop === null ? hidden[unit] : hidden[unit] * drop(unit);
      }
      scores.set(weightOf[9]);
      addProducts(scores, classes, kept, weightOf[8], addOpen(kept, 0, UNITS, 0, classes, 0));
      return softmax();
    }

    function softmax() {
      const highest = Math.max(...scores);
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += scores[c] = Math.exp(scores[c] - highest);
      for (let c = 0; c < classes; c++) scores[c] /= sum;
      return scores;
    }

    // Adds one picture's gradient to that of the batch; returns the picture's loss.
    function learn(pictures, first, label, change = null, drop = null) {
      forward(pictures, first, change, drop);
      const loss = lossOf(label);
      const delta = scores; // of the logits: the score, minus 1 for the right label
      delta[label] -= 1;
      for (let c = 0; c < classes; c++) gradientOf[9][c] += delta[c];
      hiddenBack.fill(0);
      const open = addOpen(kept, 0, UNITS, 0, classes, 0);
      addGradients(delta, classes, kept, hiddenBack, weightOf[8], gradientOf[8], open);
      for (let unit = 0; unit < UNITS; unit++) {
        sums[unit] = kept[unit] > 0 ? hiddenBack[unit] * (kept[unit] / hidden[unit]) : 0;
        gradientOf[7][unit] += sums[unit];
      }
      backs[3].fill(0);
      addGradients(sums, UNITS, maps[3], backs[3], weightOf[6], gradientOf[6], addOpen(maps[3], 0, flat, 0, UNITS, 0));
      for (let layer = 2; layer >= 0; layer--) convolveBack(layer);
      return loss;
    }

    // Cross-entropy of the last picture, in nats; a score never counts as less than 1e-7, as in Keras.
    function lossOf(label) {
      return -Math.log(Math.max(scores[label], 1e-7));
    }

    // One step of Adam (Kingma & Ba 2015) by the mean gradient of `pictures` pictures; the gradient is 0 afterwards.
    // `l1` is the penalty on the weights of the dense layer: each is pulled towards 0 with the same force.
    function step({ rate, pictures, l1 = 0 }) {
      steps += 1;
      const meanFactor = 1 / (1 - 0.9 ** steps), squareFactor = 1 / (1 - 0.999 ** steps);
      if (l1 > 0) {
        for (let i = 0; i < weightOf[6].length; i++) gradientOf[6][i] += pictures * l1 * Math.sign(weightOf[6][i]);
      }
      for (let i = 0; i < total; i++) {
        const slope = gradient[i] / pictures;
        mean[i] = 0.9 * mean[i] + 0.1 * slope;
        square[i] = 0.999 * square[i] + 0.001 * slope * slope;
        weights[i] -= (rate * meanFactor * mean[i]) / (Math.sqrt(squareFactor * square[i]) + 1e-7);
      }
      gradient.fill(0);
    }

    return { weights, gradient, hidden, scores, forward, learn, lossOf, step };
  }

  return { SIDE, UNITS, create, randomNumbers };
}
