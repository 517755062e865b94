// Pruning and rounding of kernels as chapter 11 teaches them; prune_and_round_arithmetic.py does the same.

// The kernel with the smallest magnitudes at zero: a share of all its weights.
export function pruned(kernel, share) {
  const order = Array.from(kernel.keys()).sort((one, other) => Math.abs(kernel[one]) - Math.abs(kernel[other]));
  const left = Float32Array.from(kernel);
  for (const i of order.slice(0, Math.round(share * kernel.length))) left[i] = 0;
  return left;
}

// The whole numbers that stand for a kernel, and their scales and zero points: w is about scale * (code - zero).
// The weights of a filter lie `filters` apart. A scale for each filter: codes from -top to top, zero point 0.
// One scale: from the smallest to the largest weight, codes from 0 to 2^bits - 1, and 0 has a code of its own.
export function rounded(kernel, filters, bits, perFilter) {
  if (perFilter) {
    const top = 2 ** (bits - 1) - 1;
    const scales = new Float64Array(filters);
    kernel.forEach((weight, i) => { scales[i % filters] = Math.max(scales[i % filters], Math.abs(weight) / top); });
    const codes = Float64Array.from(kernel, (weight, i) => Math.round(weight / (scales[i % filters] || 1)));
    return { codes, scales, zero: 0 };
  }
  const most = 2 ** bits - 1;
  const low = kernel.reduce((least, weight) => Math.min(least, weight), 0);
  const high = kernel.reduce((largest, weight) => Math.max(largest, weight), 0);
  const scale = (high - low) / most;
  const zero = Math.round(-low / (scale || 1));
  const codes = Float64Array.from(kernel, (weight) =>
    Math.min(Math.max(Math.round(weight / (scale || 1)) + zero, 0), most));
  return { codes, scales: Float64Array.of(scale), zero };
}

// A kernel pruned, then rounded (32 bits: not rounded), and the bytes that a file would hold of it: float32, or a byte
// for each code, then the scales; with one scale also the zero point.
export function changed(kernel, filters, { sparsity, bits, per_filter: perFilter }) {
  const left = pruned(kernel, sparsity);
  if (bits === 32) {
    return { kernel: left, zeros: left.filter((weight) => weight === 0).length, parts: [new Uint8Array(left.buffer)] };
  }
  const { codes, scales, zero } = rounded(left, filters, bits, perFilter);
  const bytes = Uint8Array.from(codes, (code) => code & 255); // below 0: as int8 has it
  const ends = Float32Array.from(perFilter ? scales : [scales[0], zero]);
  return {
    kernel: Float32Array.from(codes, (code, i) => scales[perFilter ? i % filters : 0] * (code - zero)),
    zeros: codes.filter((code) => code === zero).length,
    parts: [bytes, new Uint8Array(ends.buffer)],
  };
}

// The weights of all layers with some of them changed, in the order in which `drawnNetwork` takes them, and what a file
// of them weighs. `which` says which layers are changed.
export function changedNetwork(layers, settings, which = () => true) {
  const pieces = [], parts = [];
  let zeros = 0, weights = 0, biases = 0;
  for (const layer of layers) {
    const plain = { kernel: layer.kernel, zeros: 0, parts: [] };
    const made = which(layer) ? changed(layer.kernel, layer.outputs, settings) : plain;
    pieces.push(made.kernel, layer.bias);
    parts.push(...made.parts, new Uint8Array(layer.bias.slice().buffer));
    zeros += made.zeros;
    weights += layer.kernel.length;
    biases += layer.bias.length;
  }
  const all = joinedArrays(Float32Array, pieces);
  return { weights: all, bytes: joinedArrays(Uint8Array, parts), zeros, of: weights, biases };
}

function joinedArrays(Kind, pieces) {
  const whole = new Kind(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    whole.set(piece, end);
    end += piece.length;
  }
  return whole;
}

// Bytes of the weights in three kinds of file. `dense`: every weight with its bits. `list`: each weight that is not 0
// with its bits and a position of 16 bits. All hold scales (4 bytes; one scale has a zero point, too) and biases.
export function fileSizes({ zeros, of, biases }, layers, { bits, per_filter: perFilter }) {
  const scales = bits === 32 ? 0 : perFilter ? biases : 2 * layers;
  const besides = 4 * (scales + biases);
  return {
    dense: Math.ceil((of * bits) / 8) + besides,
    list: Math.ceil(((of - zeros) * (bits + 16)) / 8) + besides,
  };
}

// Bytes after gzip, or null where the browser has none.
export async function gzipSize(bytes) {
  if (typeof CompressionStream === "undefined") return null;
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}
