// Small helpers that the drawing needs, as NumPy has them.  A point is a pair [x, y], a curve a list of points.

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const smoothStep = (value) => {
  const share = clamp(value, 0, 1);
  return share * share * (3 - 2 * share);
};

export function linspace(first, last, count) {
  return Array.from({ length: count }, (_, k) => first + ((last - first) * k) / (count - 1));
}

// The straight-line function through (xs, ys), xs ascending, at one x; constant beyond its ends.
export function interp(x, xs, ys) {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / (xs[high] - xs[low]);
}

// Two curves of one length, added with weights: a * one + b * other.
export const weighted = (one, other, a, b) => one.map((p, k) => [a * p[0] + b * other[k][0], a * p[1] + b * other[k][1]]);

export const moved = (points, dx, dy) => points.map(([x, y]) => [x + dx, y + dy]);

export const reversed = (points) => points.slice().reverse();

export function middleOf(points) {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point[0] / points.length;
    y += point[1] / points.length;
  }
  return [x, y];
}

// A Catmull-Rom curve through points, its ends included.
export function spline(points, perSegment, closed = false) {
  const count = points.length;
  const segments = closed ? count : count - 1;
  const at = (k) => points[closed ? (k + count) % count : clamp(k, 0, count - 1)];
  const curve = [];
  for (let k = 0; k < segments; k++) {
    const [a, b, c, d] = [at(k - 1), at(k), at(k + 1), at(k + 2)];
    for (let step = 0; step < perSegment; step++) {
      const t = step / perSegment;
      const weights = [
        -0.5 * t + t ** 2 - 0.5 * t ** 3, 1 - 2.5 * t ** 2 + 1.5 * t ** 3,
        0.5 * t + 2 * t ** 2 - 1.5 * t ** 3, -0.5 * t ** 2 + 0.5 * t ** 3,
      ];
      curve.push(b.map((_, axis) => weights[0] * a[axis] + weights[1] * b[axis] + weights[2] * c[axis] + weights[3] * d[axis]));
    }
  }
  if (!closed) curve.push(points[count - 1].slice());
  return curve;
}

// A curve as `count` points at equal steps of its length.
export function resample(points, count) {
  const steps = [0];
  for (let k = 1; k < points.length; k++) {
    steps.push(steps[k - 1] + Math.hypot(points[k][0] - points[k - 1][0], points[k][1] - points[k - 1][1]));
  }
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return linspace(0, steps[steps.length - 1], count).map((at) => [interp(at, steps, xs), interp(at, steps, ys)]);
}

// A colour between two: share 0 gives one, 1 the other.
export const mixColours = (one, other, share) => one.map((value, k) => value + (other[k] - value) * share);

// A colour made darker or lighter.
export const shadeOf = (colour, factor) => colour.map((value) => Math.min(255, value * factor));
