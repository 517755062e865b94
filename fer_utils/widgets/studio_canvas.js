// Drawing with soft edges in typed arrays, as OpenCV draws: a shape's inside is full, and outside its edge the colour
// fades over a pixel and a half.  Pixel centres lie at whole numbers.
import { clamp } from "./studio_numbers.js";

// How much of a line's colour a pixel takes whose centre lies a distance away, in quarters of a pixel; and the same by
// the squared distance in 1/64. Measured on lines that OpenCV drew.
const SOFT = 1.5;
const BY_QUARTERS = [1, 0.946, 0.742, 0.452, 0.204, 0.065, 0, 0];
const FADE = Float32Array.from({ length: Math.ceil(SOFT * SOFT * 64) + 2 }, (_, k) => {
  const at = Math.min(4 * Math.sqrt(k / 64), 6);
  const low = Math.floor(at);
  return BY_QUARTERS[low] + (BY_QUARTERS[low + 1] - BY_QUARTERS[low]) * (at - low);
});

// A picture: RGBA, 8 bits; or one channel (`plane`), of 8 bits as well.
export function makePicture(width, height) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let k = 3; k < data.length; k += 4) data[k] = 255;
  return { width, height, data };
}

export const copyPicture = ({ width, height, data }) => ({ width, height, data: data.slice() });

export const makePlane = (width, height, value = 0) => ({ width, height, data: new Float32Array(width * height).fill(value) });

let scratch = new Float32Array(0);

// A rectangle of coverage, 0..1, that holds the shape and its soft edge; null where that is off the picture.
// Its values are only good until the next call.
function blankCover(picture, box, margin) {
  const x0 = Math.max(0, Math.floor(box[0] - margin));
  const y0 = Math.max(0, Math.floor(box[1] - margin));
  const x1 = Math.min(picture.width, Math.ceil(box[2] + margin) + 1);
  const y1 = Math.min(picture.height, Math.ceil(box[3] + margin) + 1);
  if (!(x1 > x0 && y1 > y0)) return null;
  const size = (x1 - x0) * (y1 - y0);
  if (scratch.length < size) scratch = new Float32Array(2 * size);
  scratch.fill(0, 0, size);
  return { x0, y0, x1, y1, wide: x1 - x0, values: scratch };
}

function boxOf(polygons) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const points of polygons) {
    for (const [x, y] of points) {
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
  }
  return box;
}

// The pixels near a line of a thickness: full within half of it, and fading beyond.
function coverLine(cover, ax, ay, bx, by, half) {
  const reach = half + SOFT;
  const left = Math.max(cover.x0, Math.ceil(Math.min(ax, bx) - reach));
  const right = Math.min(cover.x1 - 1, Math.floor(Math.max(ax, bx) + reach));
  const top = Math.max(cover.y0, Math.ceil(Math.min(ay, by) - reach));
  const bottom = Math.min(cover.y1 - 1, Math.floor(Math.max(ay, by) + reach));
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  // Thin lines along rows or columns are a little paler than slanted ones.
  const steep = Math.min(Math.abs(dx), Math.abs(dy)) / Math.max(Math.abs(dx), Math.abs(dy), 1e-9);
  const most = half > 0 ? 1 : 0.91 + 0.09 * steep * steep;
  const per = length2 > 0 ? 1 / length2 : 0;
  const reach2 = reach * reach;
  for (let y = top; y <= bottom; y++) {
    const row = (y - cover.y0) * cover.wide - cover.x0;
    for (let x = left; x <= right; x++) {
      const px = x - ax;
      const py = y - ay;
      const t = (px * dx + py * dy) * per;
      const nearest = t < 0 ? 0 : t > 1 ? 1 : t;
      const ex = px - nearest * dx;
      const ey = py - nearest * dy;
      let d2 = ex * ex + ey * ey;
      if (half === 0 && t !== nearest) d2 += 0.8; // a thin line ends early
      if (d2 > reach2) continue;
      if (half > 0) {
        const d = Math.sqrt(d2) - half;
        d2 = d > 0 ? d * d : 0;
      }
      const value = most * FADE[(d2 * 64 + 0.5) | 0];
      cover.values[row + x] += value * (1 - cover.values[row + x]); // lines lie over each other
    }
  }
}

// The inside of polygons by the even-odd rule, at pixel centres.
function coverInside(cover, polygons) {
  for (let y = cover.y0; y < cover.y1; y++) {
    const crossings = [];
    for (const points of polygons) {
      let [ax, ay] = points[points.length - 1];
      for (const [bx, by] of points) {
        if (ay <= y !== by <= y) crossings.push(ax + ((y - ay) * (bx - ax)) / (by - ay));
        ax = bx;
        ay = by;
      }
    }
    if (crossings.length > 1) crossings.sort((a, b) => a - b);
    const row = (y - cover.y0) * cover.wide - cover.x0;
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const first = Math.max(cover.x0, Math.ceil(crossings[k]));
      const last = Math.min(cover.x1 - 1, Math.floor(crossings[k + 1]));
      for (let x = first; x <= last; x++) cover.values[row + x] = 1;
    }
  }
}

const sixteenths = (value) => Math.round(16 * value) / 16;

// As in OpenCV, corners lie on sixteenths of a pixel, and those of polygons on whole rows; of convex shapes (`exact`)
// they do not.
function coverPolygons(picture, given, exact = false) {
  const row = exact ? sixteenths : (y) => Math.floor(sixteenths(y) + 0.5);
  const polygons = given.map((points) => points.map(([x, y]) => [sixteenths(x), row(y)]));
  const cover = blankCover(picture, boxOf(polygons), SOFT);
  if (!cover) return null;
  coverInside(cover, polygons);
  for (const points of polygons) {
    let [ax, ay] = points[points.length - 1];
    for (const [bx, by] of points) {
      coverLine(cover, ax, ay, bx, by, 0);
      ax = bx;
      ay = by;
    }
  }
  return cover;
}

function put(picture, cover, colour) {
  if (!cover) return;
  const one = !Array.isArray(colour);
  const [red, green, blue] = one ? [colour, 0, 0] : colour.map((value) => clamp(Math.round(value), 0, 255));
  const { data, width } = picture;
  for (let y = cover.y0; y < cover.y1; y++) {
    let from = (y - cover.y0) * cover.wide;
    for (let at = y * width + cover.x0, end = y * width + cover.x1; at < end; at++, from++) {
      const share = cover.values[from];
      if (share === 0) continue;
      if (one) {
        data[at] += (red - data[at]) * share;
        continue;
      }
      const k = 4 * at;
      data[k] += (red - data[k]) * share;
      data[k + 1] += (green - data[k + 1]) * share;
      data[k + 2] += (blue - data[k + 2]) * share;
    }
  }
}

// A filled polygon, or several by the even-odd rule; the colour is [red, green, blue], of a plane one number.
export const fill = (picture, points, colour) => put(picture, coverPolygons(picture, [points]), colour);
export const fillAll = (picture, polygons, colour) => put(picture, coverPolygons(picture, polygons), colour);

// Python's round: halves go to the even number.
export const evenRound = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

// A line through points, piece by piece; its thickness in whole pixels, at least 1.
export function stroke(picture, points, colour, thickness, closed = false) {
  const whole = Math.max(1, evenRound(thickness));
  const half = whole > 1 ? Math.ceil(whole / 2) - 0.1 : 0; // OpenCV draws odd widths as the next even one
  for (let k = closed ? 0 : 1; k < points.length; k++) {
    const a = points[k === 0 ? points.length - 1 : k - 1];
    const b = points[k];
    const cover = blankCover(picture, boxOf([[a, b]]), SOFT + half);
    if (!cover) continue;
    coverLine(cover, a[0], a[1], b[0], b[1], half);
    put(picture, cover, colour);
  }
}

export function strokes(picture, lines, colour, thickness) {
  for (const points of lines) stroke(picture, points, colour, thickness);
}

// A filled ellipse, turned clockwise by an angle in degrees.
export function disc(picture, centre, radii, colour, angle = 0) {
  const turn = (angle * Math.PI) / 180;
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const count = clamp(Math.ceil(Math.max(...radii) * 2), 12, 48);
  const points = Array.from({ length: count }, (_, k) => {
    const x = radii[0] * Math.cos((2 * Math.PI * k) / count);
    const y = radii[1] * Math.sin((2 * Math.PI * k) / count);
    return [centre[0] + x * c - y * s, centre[1] + x * s + y * c];
  });
  put(picture, coverPolygons(picture, [points], true), colour);
}

// The outline of a line whose width changes along it.
export function tapered(points, widths) {
  const there = [];
  const back = [];
  const last = points.length - 1;
  points.forEach(([x, y], k) => {
    const before = points[Math.max(0, k - 1)];
    const after = points[Math.min(last, k + 1)];
    const dx = after[0] - before[0];
    const dy = after[1] - before[1];
    const share = (0.5 * widths[k]) / Math.sqrt(dx * dx + dy * dy + 1e-18);
    there.push([x - dy * share, y + dx * share]);
    back.push([x + dy * share, y - dx * share]);
  });
  return there.concat(back.reverse());
}

// Multiply by a factor inside polygons.
export function darken(picture, polygons, factor) {
  if (!polygons.length) return;
  for (const points of polygons) {
    const cover = coverPolygons(picture, [points]);
    if (!cover) continue;
    for (let y = cover.y0; y < cover.y1; y++) {
      for (let x = cover.x0; x < cover.x1; x++) {
        const share = cover.values[(y - cover.y0) * cover.wide + x - cover.x0];
        if (share === 0) continue;
        const k = 4 * (y * picture.width + x);
        for (let c = 0; c < 3; c++) picture.data[k + c] *= 1 + (factor - 1) * share;
      }
    }
  }
}

// A part of the picture as one of its own: paint on it, then put it back where polygons are, or a plane says so.
export function openWindow(picture, points, margin = 2) {
  const box = boxOf([points]);
  const x0 = Math.max(0, Math.trunc(box[0]) - margin);
  const y0 = Math.max(0, Math.trunc(box[1]) - margin);
  const x1 = Math.min(picture.width, Math.trunc(box[2]) + margin + 2);
  const y1 = Math.min(picture.height, Math.trunc(box[3]) + margin + 2);
  if (!(x1 > x0 && y1 > y0)) return null;
  const patch = makePicture(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y++) {
    const from = 4 * (y * picture.width + x0);
    patch.data.set(picture.data.subarray(from, from + 4 * (x1 - x0)), 4 * (y - y0) * (x1 - x0));
  }
  return { picture, patch, x0, y0, points, to: (list) => list.map(([x, y]) => [x - x0, y - y0]) };
}

export function closeWindow(window, opacity = 1, shapes = [window.points]) {
  const mask = makePlane(window.patch.width, window.patch.height);
  for (const points of shapes) fill(mask, window.to(points), Math.trunc(255 * opacity));
  blendWindow(window, mask.data);
}

// Put a window's patch on its picture: all of it where `mask` is 255, and less where it is less.
export function blendWindow({ picture, patch, x0, y0 }, mask) {
  for (let y = 0; y < patch.height; y++) {
    for (let x = 0; x < patch.width; x++) {
      const share = mask[y * patch.width + x] / 255;
      if (share <= 0) continue;
      const from = 4 * (y * patch.width + x);
      const to = 4 * ((y + y0) * picture.width + x + x0);
      for (let c = 0; c < 3; c++) picture.data[to + c] += (patch.data[from + c] - picture.data[to + c]) * share;
    }
  }
}

export function flood(picture, colour) {
  for (let k = 0; k < picture.data.length; k += 4) {
    for (let c = 0; c < 3; c++) picture.data[k + c] = Math.trunc(colour[c]);
  }
}
