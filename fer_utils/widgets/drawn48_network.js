// The package's trained network `drawn48` in the page: scores of a grey face of 48 x 48 pixels.
//
//   const network = drawnNetwork(weights);   // weights as fer_utils/widgets/drawn48_weights.py sends them
//   const scores = network.scores(face);     // 48 * 48 values of 0..255, row by row; one score for each label
//
// It is the mean of two networks, its branches. The first layer of each is fixed: one takes the local contrast, the
// other the orientation of edges. Batch normalisation lies in the weights already.
// Everything is inside one function that uses nothing from outside of it: its text alone starts a worker.
export function drawnNetwork(given) {
  const SIDE = 48, CLASSES = 7;
  const HALF = SIDE / 2;

  // Kernels lie as in Keras: rows, columns, inputs, outputs; a depthwise kernel has one output for each input.
  // The dense layer reads a map of 6 x 6, so it is a convolution whose kernel is as large as the map.
  const behind = [
    { name: "conv2_depthwise", size: 3, inputs: 32, outputs: 32, depthwise: true },
    { name: "conv2_pointwise", size: 1, inputs: 32, outputs: 48, relu: true },
    { name: "conv3_depthwise", size: 3, inputs: 48, outputs: 48, depthwise: true },
    { name: "conv3_pointwise", size: 1, inputs: 48, outputs: 64, relu: true },
    { name: "probabilities", size: 6, inputs: 64, outputs: CLASSES },
  ];
  const layout = [
    { branch: "contrast", name: "stem_conv", size: 3, inputs: 1, outputs: 16, relu: true },
    { branch: "contrast", name: "conv1", size: 3, inputs: 16, outputs: 32, relu: true },
    ...behind.map((layer) => ({ branch: "contrast", ...layer })),
    { branch: "gradients", name: "conv1", size: 3, inputs: 8, outputs: 32, relu: true },
    ...behind.map((layer) => ({ branch: "gradients", ...layer })),
  ];

  // Three bytes for each weight: a float32 without its last byte, the lowest byte first.
  function unpacked(bytes) {
    const view = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
    const bits = new Uint32Array(view.length / 3);
    for (let i = 0; i < bits.length; i++) {
      bits[i] = (view[3 * i] << 8) | (view[3 * i + 1] << 16) | (view[3 * i + 2] << 24);
    }
    return new Float32Array(bits.buffer);
  }

  const weights = given instanceof Float32Array ? Float32Array.from(given) : unpacked(given);
  let end = 0;
  const take = (count) => weights.subarray(end, (end += count));
  const layers = layout.map((layer) => {
    const { size, inputs, outputs, depthwise } = layer;
    return { ...layer, kernel: take(size * size * inputs * (depthwise ? 1 : outputs)), bias: take(outputs) };
  });
  if (weights.length !== end) throw new Error(`The network has ${end} weights; ${weights.length} were given.`);
  const layerOf = (branch, name) => layers.find((layer) => layer.branch === branch && layer.name === name);

  // The fixed first layers ------------------------------------------------------------------------

  // The mean of the size x size values around each place; at the rim, of those that there are.
  function meanAround(values, side, size) {
    const reach = (size - 1) / 2;
    const columns = new Float64Array(side * side), means = new Float64Array(side * side);
    for (let y = 0; y < side; y++) {
      const first = Math.max(y - reach, 0), last = Math.min(y + reach, side - 1);
      for (let x = 0; x < side; x++) {
        let sum = 0;
        for (let row = first; row <= last; row++) sum += values[row * side + x];
        columns[y * side + x] = sum / (last - first + 1);
      }
    }
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const first = Math.max(x - reach, 0), last = Math.min(x + reach, side - 1);
        let sum = 0;
        for (let column = first; column <= last; column++) sum += columns[y * side + column];
        means[y * side + x] = sum / (last - first + 1);
      }
    }
    return means;
  }

  // A map of side x side places with `channels` values each, and a rim of zeros one place wide around it.
  const emptyMap = (side, channels) => new Float32Array((side + 2) * (side + 2) * channels);
  const place = (y, x, side, channels) => ((y + 1) * (side + 2) + x + 1) * channels;

  // Local contrast: each pixel less the mean around it, divided by the spread around it.
  function localContrast(levels) {
    const means = meanAround(levels, SIDE, 13);
    const apart = levels.map((level, i) => level - means[i]);
    const squares = meanAround(apart.map((value) => value * value), SIDE, 17);
    const map = emptyMap(SIDE, 1);
    for (let i = 0; i < apart.length; i++) {
      map[place(Math.floor(i / SIDE), i % SIDE, SIDE, 1)] = apart[i] / (Math.sqrt(squares[i]) + 0.02);
    }
    return map;
  }

  // Oriented gradients: how strong the edges of 2 x 2 pixels are in each of 8 directions, relative to those around.
  function orientedGradients(levels) {
    const BINS = 8, LEAST = 0.5;
    const cosines = Float64Array.from({ length: BINS }, (_, bin) => Math.cos((2 * Math.PI * bin) / BINS));
    const sines = Float64Array.from({ length: BINS }, (_, bin) => Math.sin((2 * Math.PI * bin) / BINS));
    const at = (y, x) => levels[Math.min(Math.max(y, 0), SIDE - 1) * SIDE + Math.min(Math.max(x, 0), SIDE - 1)];
    const cells = new Float64Array(HALF * HALF * BINS);
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const across = at(y, x + 1) - at(y, x - 1), down = at(y + 1, x) - at(y - 1, x);
        const length = Math.sqrt(across * across + down * down + 1e-8);
        const cosine = (across * across - down * down) / length, sine = (2 * across * down) / length;
        const cell = ((y >> 1) * HALF + (x >> 1)) * BINS;
        for (let bin = 0; bin < BINS; bin++) {
          const vote = cosine * cosines[bin] + sine * sines[bin] - LEAST * length;
          if (vote > 0) cells[cell + bin] += vote / (1 - LEAST) / 4;
        }
      }
    }
    const squares = new Float64Array(HALF * HALF);
    for (let i = 0; i < cells.length; i++) squares[Math.floor(i / BINS)] += cells[i] * cells[i];
    const around = meanAround(squares, HALF, 5);
    const map = emptyMap(HALF, BINS);
    for (let cell = 0; cell < around.length; cell++) {
      const to = place(Math.floor(cell / HALF), cell % HALF, HALF, BINS);
      const strength = Math.sqrt(around[cell] + 1e-3);
      for (let bin = 0; bin < BINS; bin++) map[to + bin] = cells[cell * BINS + bin] / strength;
    }
    return map;
  }

  // Learned layers --------------------------------------------------------------------------------

  // Of a sum's inputs only those that are not 0 count. `places` has where they lie, `starts` where their weights begin.
  const places = new Int32Array(6 * 6 * 64 + 1), starts = new Int32Array(places.length);
  const sums = new Float64Array(64);

  // Adds to each sum the listed inputs times their weights, eight sums side by side, which is the fastest way.
  function addProducts(outputs, input, kernel, count) {
    let c = 0;
    for (; c + 8 <= outputs; c += 8) {
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

  // One convolution, from a map with a rim to another; windows are `stride` apart, and the first begins `from` places
  // before the map (1: padding "same" with a kernel of 3; 0: the window of a pixel, or with stride 2 of an even side).
  function convolved(input, side, layer, { stride = 1, from = 0, to = side / stride }) {
    const { size, inputs, outputs, kernel, bias, relu } = layer;
    const output = emptyMap(to, outputs), strip = size * inputs;
    for (let y = 0; y < to; y++) {
      for (let x = 0; x < to; x++) {
        let count = 0;
        for (let row = 0; row < size; row++) {
          const begin = place(stride * y - from + row, stride * x - from, side, inputs);
          for (let k = 0; k < strip; k++) {
            places[count] = begin + k;
            starts[count] = (row * strip + k) * outputs;
            count += input[begin + k] !== 0 ? 1 : 0;
          }
        }
        sums.set(bias);
        addProducts(outputs, input, kernel, count);
        const at = place(y, x, to, outputs);
        for (let c = 0; c < outputs; c++) output[at + c] = relu && sums[c] < 0 ? 0 : sums[c];
      }
    }
    return output;
  }

  // A kernel of 3 x 3 for each channel.
  function depthwise(input, side, { inputs, kernel, bias }) {
    const output = emptyMap(side, inputs);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        sums.set(bias);
        for (let row = 0; row < 3; row++) {
          for (let column = 0; column < 3; column++) {
            const from = place(y + row - 1, x + column - 1, side, inputs), tap = (3 * row + column) * inputs;
            for (let c = 0; c < inputs; c++) sums[c] += input[from + c] * kernel[tap + c];
          }
        }
        const at = place(y, x, side, inputs);
        for (let c = 0; c < inputs; c++) output[at + c] = sums[c];
      }
    }
    return output;
  }

  // The largest of each 2 x 2 places.
  function pooled(input, side, channels) {
    const half = side / 2, output = emptyMap(half, channels);
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        const upper = place(2 * y, 2 * x, side, channels), lower = place(2 * y + 1, 2 * x, side, channels);
        const at = place(y, x, half, channels);
        for (let c = 0; c < channels; c++) {
          const above = Math.max(input[upper + c], input[upper + channels + c]);
          const below = Math.max(input[lower + c], input[lower + channels + c]);
          output[at + c] = Math.max(above, below);
        }
      }
    }
    return output;
  }

  function softmax(values) {
    const highest = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - highest));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  // What the fixed first layer of a branch makes of a face.
  function read(branch, face) {
    const levels = Float64Array.from(face, (value) => value / 255);
    return branch === "contrast" ? localContrast(levels) : orientedGradients(levels);
  }

  // A branch up to its first pool, from what `read` gives: a map of 12 x 12 places. It is most of the work.
  function beginning(branch, map) {
    const stem = branch === "contrast" ? convolved(map, SIDE, layerOf(branch, "stem_conv"), { stride: 2 }) : map;
    return pooled(convolved(stem, HALF, layerOf(branch, "conv1"), { from: 1 }), HALF, 32);
  }

  // The branch's scores, from what `beginning` gives.
  function ending(branch, map) {
    const layer = (name) => layerOf(branch, name);
    const second = convolved(depthwise(map, 12, layer("conv2_depthwise")), 12, layer("conv2_pointwise"), {});
    const third = depthwise(pooled(second, 12, 48), 6, layer("conv3_depthwise"));
    const last = convolved(convolved(third, 6, layer("conv3_pointwise"), {}), 6, layer("probabilities"), { to: 1 });
    const at = place(0, 0, 1, CLASSES);
    return softmax(Array.from(last.subarray(at, at + CLASSES)));
  }

  // The scores of a face: the mean of both branches.
  function scores(face) {
    const branches = ["contrast", "gradients"];
    const [one, other] = branches.map((branch) => ending(branch, beginning(branch, read(branch, face))));
    return one.map((score, label) => (score + other[label]) / 2);
  }

  return { SIDE, CLASSES, layers, weights, read, beginning, ending, scores };
}
