// Drawing with soft edges in typed arrays, as OpenCV draws: a shape's inside is full, and its edge is a thin line that
// fades over a pixel and a half.  Pixel centres lie at whole numbers.
import { clamp } from "./studio_numbers.js";

// A slanted thin line's share of a pixel, of 256, by the distance between them along its row or column, in sixteenths of a
// pixel.  Measured on lines that OpenCV drew; it lays each line on twice, and knows its place to 1/32 of a pixel.
const SOFT = 2; // pixels that a line reaches beyond its points, at most
const BY_SIXTEENTHS = [
  254, 251, 246, 237, 225, 212, 197, 179, 161, 143, 125, 108, 92, 77, 64, 52, 42, 33, 26, 20, 14, 10, 7, 5, 4,
];
const FADE = Float32Array.from({ length: 48 }, (_, k) => { // by distances of 1/64, 3/64, 5/64, ...
  const low = Math.floor(k / 2);
  const share = k % 2 ? 0.75 : 0.25;
  return (1 - share) * BY_SIXTEENTHS[low] + share * BY_SIXTEENTHS[low + 1];
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

// A thin line: in each column that it crosses (in each row, if it is steep) three pixels, by how far they are from it.
function coverLine(cover, ax, ay, bx, by) {
  const flat = Math.abs(bx - ax) > Math.abs(by - ay);
  let [from, start, to, end] = flat ? [ax, ay, bx, by] : [ay, ax, by, bx];
  if (from > to) [from, start, to, end] = [to, end, from, start];
  const slope = to > from ? (end - start) / (to - from) : 0;
  const most = Math.sqrt((1 + slope * slope) / 2); // a line along rows or columns is paler than a slanted one
  const { values, wide } = cover;
  const [first, last] = flat ? [cover.x0, cover.x1 - 1] : [cover.y0, cover.y1 - 1];
  const [low, high] = flat ? [cover.y0, cover.y1 - 1] : [cover.x0, cover.x1 - 1];
  const [along, across] = flat ? [1, wide] : [wide, 1];
  for (let k = Math.max(first, Math.floor(from)), stop = Math.min(last, Math.floor(to) + 1); k <= stop; k++) {
    // Both ends fade over two pixels.
    const there = Math.min((k - from + 1) / 2, 1) + Math.min((to - k + 1) / 2, 1) - 1;
    if (there <= 0) continue;
    const centre = start + slope * (k - from) + 0.5;
    const nearest = Math.floor(centre);
    const step = Math.floor(32 * (centre - nearest)) - 16; // from the nearest pixel to the line, and half a step more
    for (let n = Math.max(low, nearest - 1), until = Math.min(high, nearest + 1); n <= until; n++) {
      const away = step - 32 * (n - nearest);
      const share = Math.floor(there * most * FADE[away < 0 ? -1 - away : away]) / 256;
      const at = (k - first) * along + (n - low) * across;
      values[at] += share * (2 - share) * (1 - values[at]); // lines lie over each other
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

const onRows = (points) => points.map(([x, y]) => [x, Math.floor(y + 0.5)]); // as OpenCV takes a shape's inside

// A shape without hollows: its lowest row belongs to it, too.
function coverConvex(cover, points) {
  const rows = onRows(points);
  const bottom = Math.max(...rows.map((point) => point[1]));
  coverShapes(cover, [points]);
  if (bottom < cover.y0 || bottom >= cover.y1) return;
  const xs = rows.filter((point) => point[1] === bottom).map((point) => point[0]);
  const last = Math.min(cover.x1 - 1, Math.floor(Math.max(...xs)));
  for (let x = Math.max(cover.x0, Math.ceil(Math.min(...xs))); x <= last; x++) {
    cover.values[(bottom - cover.y0) * cover.wide + x - cover.x0] = 1;
  }
}

function coverShapes(cover, polygons) {
  coverInside(cover, polygons.map(onRows));
  for (const points of polygons) {
    let [ax, ay] = points[points.length - 1];
    for (const [bx, by] of points) {
      coverLine(cover, ax, ay, bx, by);
      ax = bx;
      ay = by;
    }
  }
}

// As in OpenCV, corners lie on sixteenths of a pixel, and those of polygons on whole rows.
function coverPolygons(picture, given) {
  const polygons = given.map((points) => onRows(points.map((point) => point.map(sixteenths))));
  const cover = blankCover(picture, boxOf(polygons), SOFT);
  if (cover) coverShapes(cover, polygons);
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

// A line through points, piece by piece; its thickness in whole pixels, at least 1.  A thick piece is a long rectangle
// with round ends; OpenCV draws odd widths as the next even one, with smaller ends.
export function stroke(picture, points, colour, thickness, closed = false) {
  const whole = Math.max(1, evenRound(thickness));
  const half = Math.ceil(whole / 2);
  const ends = points.map(([x, y]) => [sixteenths(x), sixteenths(y)]);
  for (let k = closed ? 0 : 1; k < ends.length; k++) {
    const a = ends[k === 0 ? ends.length - 1 : k - 1];
    const b = ends[k];
    const cover = blankCover(picture, boxOf([[a, b]]), whole > 1 ? SOFT + half : SOFT);
    if (!cover) continue;
    if (whole > 1) {
      const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
      if (length > 0) {
        const [x, y] = [((b[1] - a[1]) * half) / length, ((a[0] - b[0]) * half) / length];
        coverConvex(cover, [[a[0] + x, a[1] + y], [a[0] - x, a[1] - y], [b[0] - x, b[1] - y], [b[0] + x, b[1] + y]]);
      }
      for (const end of k === 1 && !closed ? [a, b] : [b]) coverConvex(cover, ring(end, [whole / 2, whole / 2], 0));
    } else {
      coverLine(cover, a[0], a[1], b[0], b[1]);
    }
    put(picture, cover, colour);
  }
}

export function strokes(picture, lines, colour, thickness) {
  for (const points of lines) stroke(picture, points, colour, thickness);
}

// An ellipse as a polygon; of a small one OpenCV takes few corners.
function ring([cx, cy], radii, angle) {
  const largest = Math.floor(Math.max(...radii) + 0.5);
  const count = largest < 3 ? 4 : largest < 10 ? 12 : largest < 15 ? 20 : 72;
  const turn = (Math.round(angle) * Math.PI) / 180;
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return Array.from({ length: count }, (_, k) => {
    const x = radii[0] * Math.cos((2 * Math.PI * k) / count);
    const y = radii[1] * Math.sin((2 * Math.PI * k) / count);
    return [cx + x * c - y * s, cy + x * s + y * c];
  });
}

// A filled ellipse, turned clockwise by an angle in degrees.
export function disc(picture, centre, radii, colour, angle = 0) {
  const sizes = radii.map((radius) => Math.max(1 / 16, sixteenths(radius)));
  const points = ring(centre.map(sixteenths), sizes, angle);
  const cover = blankCover(picture, boxOf([points]), SOFT);
  if (!cover) return;
  coverConvex(cover, points);
  put(picture, cover, colour);
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
