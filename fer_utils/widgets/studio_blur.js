// Gaussian blur and sizes of planes (one channel, Float32Array), as OpenCV makes them.

// Weights of a Gaussian kernel; its half-width as OpenCV chooses it: 4 spreads for float planes, 3 for bytes.
function gaussianKernel(sigma, half) {
  const kernel = Float64Array.from({ length: 2 * half + 1 }, (_, k) => Math.exp(-0.5 * ((k - half) / sigma) ** 2));
  const sum = kernel.reduce((all, value) => all + value, 0);
  return kernel.map((value) => value / sum);
}

// The place that stands for k beyond the ends of 0..count-1: mirrored, the end itself not doubled.
function mirrored(k, count) {
  if (count === 1) return 0;
  let at = k;
  while (at < 0 || at >= count) at = at < 0 ? -at : 2 * count - 2 - at;
  return at;
}

// Blur rows and columns with a symmetrical kernel; a new array.
export function convolved(values, width, height, kernel) {
  const half = (kernel.length - 1) / 2;
  const across = new Float32Array(values.length);
  const padded = new Float64Array(width + 2 * half);
  for (let y = 0; y < height; y++) {
    for (let k = -half; k < width + half; k++) padded[k + half] = values[y * width + mirrored(k, width)];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += padded[x + k] * kernel[k];
      across[y * width + x] = sum;
    }
  }
  const down = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let k = -half; k <= half; k++) {
      const from = mirrored(y + k, height) * width;
      const weight = kernel[k + half];
      for (let x = 0; x < width; x++) down[y * width + x] += across[from + x] * weight;
    }
  }
  return down;
}

export function blurred(values, width, height, sigma, spreads = 4, taps = 0) {
  const half = taps ? (taps - 1) / 2 : Math.floor((Math.round(sigma * spreads * 2 + 1) | 1) / 2);
  return convolved(values, width, height, gaussianKernel(sigma, half));
}

// Another size by straight-line interpolation between pixel centres.
export function resized(values, width, height, newWidth, newHeight) {
  const out = new Float32Array(newWidth * newHeight);
  const columns = Array.from({ length: newWidth }, (_, x) => {
    const at = Math.min(Math.max(((x + 0.5) * width) / newWidth - 0.5, 0), width - 1);
    return [Math.floor(at), Math.min(Math.floor(at) + 1, width - 1), at - Math.floor(at)];
  });
  for (let y = 0; y < newHeight; y++) {
    const at = Math.min(Math.max(((y + 0.5) * height) / newHeight - 0.5, 0), height - 1);
    const upper = Math.floor(at) * width;
    const lower = Math.min(Math.floor(at) + 1, height - 1) * width;
    const share = at - Math.floor(at);
    for (let x = 0; x < newWidth; x++) {
      const [a, b, part] = columns[x];
      const above = values[upper + a] + (values[upper + b] - values[upper + a]) * part;
      const below = values[lower + a] + (values[lower + b] - values[lower + a]) * part;
      out[y * newWidth + x] = above + (below - above) * share;
    }
  }
  return out;
}

// Four (or `by` * `by`) pixels become their mean; what does not fill a block is left out.
export function shrunk(values, width, height, by) {
  const wide = Math.floor(width / by);
  const tall = Math.floor(height / by);
  const out = new Float32Array(wide * tall);
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      let sum = 0;
      for (let j = 0; j < by; j++) {
        for (let k = 0; k < by; k++) sum += values[(by * y + j) * width + by * x + k];
      }
      out[y * wide + x] = sum / (by * by);
    }
  }
  return out;
}

// Twice the size by cubic interpolation (OpenCV's, with -0.75): each pixel becomes two, a quarter to each side.
export function doubled(values, width, height) {
  const near = [-0.03515625, 0.26171875, 0.87890625, -0.10546875]; // weights of the places -2..1 for the first half
  const line = (get, count, put) => {
    for (let x = 0; x < count; x++) {
      let first = 0;
      let second = 0;
      for (let k = 0; k < 4; k++) {
        first += near[k] * get(Math.min(Math.max(x - 2 + k, 0), count - 1));
        second += near[k] * get(Math.min(Math.max(x + 2 - k, 0), count - 1));
      }
      put(2 * x, first);
      put(2 * x + 1, second);
    }
  };
  const across = new Float32Array(2 * width * height);
  for (let y = 0; y < height; y++) line((x) => values[y * width + x], width, (x, v) => { across[2 * y * width + x] = v; });
  const out = new Float32Array(4 * width * height);
  for (let x = 0; x < 2 * width; x++) {
    line((y) => across[2 * y * width + x], height, (y, v) => { out[2 * y * width + x] = v; });
  }
  return out;
}

// Gaps and notches narrower than `size` pixels (odd) are closed: the largest value around each place, then the smallest
// of these. Places beyond the rim do not count.
export function gapsClosed(values, width, height, size) {
  const reach = (size - 1) / 2;
  const along = (from, pick, count, step, first) => {
    const out = new Float32Array(from.length);
    for (let k = 0; k < from.length; k++) {
      const at = Math.floor(k / step) % count;
      let found = first;
      for (let by = Math.max(-reach, -at); by <= Math.min(reach, count - 1 - at); by++) found = pick(found, from[k + by * step]);
      out[k] = found;
    }
    return out;
  };
  const around = (from, pick, first) => along(along(from, pick, width, 1, first), pick, height, width, first);
  return around(around(values, Math.max, -Infinity), Math.min, Infinity);
}
