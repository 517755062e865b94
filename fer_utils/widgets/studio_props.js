// What can stand before a face: a mask, dark glasses, a hand (`studio.props`).
import { clamp, interp, linspace, middleOf, mixColours, shadeOf, spline } from "./studio_numbers.js";
import { blendWindow, closeWindow, copyPicture, disc, fill, makePlane, openWindow, stroke, tapered } from "./studio_canvas.js";
import { blurred, gapsClosed } from "./studio_blur.js";
import { jawShift, SIDES } from "./studio_head.js";
import { numpyRandom } from "./studio_random.js";

const add = ([x, y], [dx, dy], share = 1) => [x + share * dx, y + share * dy];
const less = ([ax, ay], [bx, by]) => [ax - bx, ay - by];

// Points moved towards their middle, or away from it, by a factor.
function resizedAround(points, factor) {
  const middle = middleOf(points);
  return points.map((point) => add(middle, less(point, middle), factor));
}

// A surgical mask -----------------------------------------------------------------

const ACROSS = linspace(-1, 1, 15);
const DOWN = linspace(0, 1, 9);
const MASK_CLOTHS = [[150, 192, 214], [222, 228, 230], [60, 64, 72], [168, 206, 190]];

// The mask's net of points, rows from its upper edge to below the chin: where each lies in pixels, and how lit it is.
function maskNet(s) {
  const { i, pose } = s;
  const drop = Math.max(s.face.drop, 0);
  const places = [];
  const glow = [];
  for (const v of DOWN) {
    const half = i.headWidth * interp(v, [0, 0.55, 1], [0.545, 0.53, 0.3]);
    const ridge = interp(v, [0, 0.3, 0.75, 1], [0.55, 1, 0.5, 0.3]);
    places.push([]);
    glow.push([]);
    for (const u of ACROSS) {
      const x = half * u;
      const top = 0.3 - 0.16 * Math.exp(-((x / 0.17) ** 2)) - 0.03 * Math.abs(u);
      const bottom = i.chin + 0.035 - 0.1 * Math.abs(u) ** 2.2;
      const still = top + (bottom - top) * v;
      const y = still + jawShift(still, drop);
      // A surface stretched from the nose's tip to the chin.
      const [w, front] = pose.head.row(Math.min(pose.atRest(y), i.chin - 0.11));
      const nose = 0.25 * i.noseDepth * Math.exp(-((x / 0.2) ** 2)) * ridge;
      const round = Math.sqrt(Math.max(1 - (x / Math.max(w, 0.45)) ** 2, 0));
      const z = Math.max(front, 0.6) * round + 0.035 + nose - (0.08 * Math.max(v - 0.85, 0)) / 0.15;
      places.at(-1).push(pose.place(x, y, z));
      const lean = Math.asin(clamp(x / 0.7, -1, 1)) + pose.yaw + 0.3;
      glow.at(-1).push((0.7 + 0.3 * Math.cos(lean)) * (1 - 0.2 * v)
        + 0.05 * Math.exp(-(((v - 0.3) / 0.2) ** 2) - (u / 0.3) ** 2));
    }
  }
  return { places, glow };
}

// The parts of the net that face the viewer: how much of each pixel they cover, and how light they are, 0 to 255.
function maskPlanes(s, window, at, glow) {
  const { width, height } = window.patch;
  const cover = makePlane(width, height);
  const lit = makePlane(width, height);
  for (let row = 0; row + 1 < DOWN.length; row++) {
    for (let column = 0; column + 1 < ACROSS.length; column++) {
      const cell = [at[row][column], at[row][column + 1], at[row + 1][column + 1], at[row + 1][column]];
      const [[ax, ay], [bx, by]] = [less(cell[2], cell[0]), less(cell[3], cell[1])];
      if (ax * by - ay * bx <= 0) continue;
      const around = glow[row][column] + glow[row + 1][column] + glow[row][column + 1] + glow[row + 1][column + 1];
      fill(cover, cell, 255);
      fill(lit, resizedAround(cell, 1.25), clamp(0.25 * around * 220, 0, 255));
    }
  }
  const size = 3 + 2 * Math.trunc(0.03 * s.unit * Math.abs(s.pose.sy) * 2);
  return {
    cover: blurred(gapsClosed(cover.data, width, height, size), width, height, 0.6, 3, 3),
    lit: blurred(lit.data, width, height, 0.03 * s.unit + 0.5, 3),
  };
}

// A pleated mask from the bridge of the nose to under the chin; it goes down with the jaw.
export function drawMask(s) {
  const { places, glow } = maskNet(s);
  const cloth = MASK_CLOTHS[s.i.seed % 4];
  // Ear loops first, so that they end under the mask.
  const [wide] = s.pose.head.row(0.1);
  for (const [sign, column] of [[-1, 0], [1, ACROSS.length - 1]]) {
    if (sign * s.pose.sy > 0.1) continue; // on the far side of a head turned away
    for (const [row, down] of [[0, -0.06], [5, 0.28]]) {
      const end = s.pose.turn([sign * (wide + 0.02), down, -0.04]);
      stroke(s.picture, [places[row][column], end], s.colour([226, 228, 230]), 1.5 * s.thin);
    }
  }
  const window = openWindow(s.picture, places.flat(), 4);
  if (!window) return;
  const { patch } = window;
  const at = places.map((row) => window.to(row));
  const { cover, lit } = maskPlanes(s, window, at, glow);
  const colour = s.colour(cloth);
  lit.forEach((value, k) => { for (let c = 0; c < 3; c++) patch.data[4 * k + c] = (value * colour[c]) / 220; });
  for (const [row, dark] of [[2, 0.86], [4, 0.84], [6, 0.86]]) {
    const pleat = spline(at[row], 3);
    stroke(patch, pleat, s.colour(cloth, dark * 0.93), s.thin);
    stroke(patch, pleat.map((point) => add(point, [0, 0.018 * s.unit])), s.colour(cloth), s.thin);
  }
  for (const row of [0, DOWN.length - 1]) stroke(patch, spline(at[row], 3), s.colour(cloth, 0.84), 1.6 * s.thin);
  blendWindow(window, cover);
}

// Dark glasses --------------------------------------------------------------------

const RING = linspace(0, 2 * Math.PI, 33).slice(0, -1).map((angle) => {
  const bent = (value) => Math.sign(value) * Math.abs(value) ** 0.62;
  return [bent(Math.cos(angle)) * 0.25, bent(Math.sin(angle)) * 0.195 + 0.012 * Math.sin(angle)];
});

// Sunglasses with heavy rims; they take the place of the person's own.
export function drawDarkGlasses(s) {
  const { i, pose } = s;
  const frame = s.colour([30, 26, 28]);
  const depth = 0.88;
  for (const sign of SIDES) {
    const lens = RING.map(([out, down]) => {
      const x = sign * out + sign * (i.eyeSpacing + 0.012);
      return pose.turn([x, down + 0.035, depth - 0.35 * x * x]);
    });
    if (sign * pose.sy < 0.25) {
      const arm = [[sign * (i.eyeSpacing + 0.26), -0.04, depth - 0.13], [sign * 0.72 * i.headWidth, -0.03, 0.02]];
      stroke(s.picture, arm.map(pose.turn), frame, Math.max(2, 4.2 * s.thin));
    }
    drawDarkLens(s, lens);
    stroke(s.picture, lens, frame, Math.max(2, 4 * s.thin), true);
  }
  const bridge = [[-0.075, -0.02, depth + 0.03], [0, -0.05, depth + 0.07], [0.075, -0.02, depth + 0.03]];
  stroke(s.picture, spline(bridge, 4).map(pose.turn), frame, Math.max(2, 4 * s.thin));
}

// What is seen through a lens, and the lamp's reflection on it.
function drawDarkLens(s, lens) {
  const window = openWindow(s.picture, lens);
  if (!window) return;
  const { patch } = window;
  const { width, height, data } = patch;
  const tint = s.colour([34, 32, 38]).map(Math.trunc);
  for (let k = 0; k < data.length; k++) if (k % 4 < 3) data[k] = data[k] * 0.16 + tint[k % 4] * 0.84;
  const middle = middleOf(lens);
  const shine = [[-0.16, 0.2], [-0.04, 0.2], [-0.16, -0.12], [-0.24, -0.06]].map(
    ([right, up]) => add(add(middle, s.pose.sideways, right), s.pose.down, -up));
  const glint = copyPicture(patch);
  fill(glint, window.to(shine), s.colour([200, 208, 220]));
  for (let c = 0; c < 3; c++) {
    const plane = Float32Array.from({ length: width * height }, (_, k) => glint.data[4 * k + c]);
    blurred(plane, width, height, 0.02 * s.unit + 0.3, 3).forEach((value, k) => {
      data[4 * k + c] = data[4 * k + c] * 0.8 + Math.round(value) * 0.2;
    });
  }
  closeWindow(window);
}

// A hand --------------------------------------------------------------------------

// Where each finger begins, from the little one to the index: across, down, its length, width and turn.
const FINGERS = [
  [0.235, -0.13, 0.36, 0.098, 0.16], [0.125, -0.17, 0.44, 0.108, 0.04], [0.01, -0.175, 0.47, 0.112, -0.07],
  [-0.105, -0.13, 0.41, 0.108, -0.18],
];
const SHADOW = [[-0.4, -0.5], [-0.1, -0.66], [0.26, -0.52], [0.34, 0.3], [-0.1, 0.36], [-0.34, 0]];
const PALM = [[0.33, 0.4], [0.31, 0.1], [0.24, -0.16], [0.02, -0.22], [-0.16, -0.12], [-0.14, 0.14], [0.06, 0.42]];

// Where this person's hand lies: its size, and `at`, which puts points of the hand (across, down) on the picture.
function handPlace(s) {
  const rng = numpyRandom([61, s.i.seed]);
  const sign = rng.random() < 0.5 ? 1 : -1;
  const size = (s.i.male ? 1.28 : 1.16) * rng.uniform(0.95, 1.05);
  const lean = rng.uniform(-0.12, 0.12);
  const { down, sideways } = s.pose;
  const home = add(add(s.marks[8], down, -0.1), sideways, sign * 0.2);
  const at = (points) => points.map(([across, below]) => {
    const [px, py] = [across * size, below * size];
    const x = px * Math.cos(lean) - py * Math.sin(lean);
    const y = px * Math.sin(lean) + py * Math.cos(lean);
    return add(add(home, sideways, sign * x), down, y);
  });
  return { size, at };
}

// The person's own hand, the back of it seen, over the mouth's side and the cheek.
export function drawHand(s) {
  const { i, unit } = s;
  const { size, at } = handPlace(s);
  const aside = [s.pose.cr, s.pose.sr]; // one pixel to the right in the head's own plane
  const base = mixColours(i.skin, [190, 90, 80], 0.06);
  const colours = {
    base, light: s.colour(base, 1.04), middle: s.colour(base, 0.92), dark: s.colour(mixColours(base, [60, 24, 20], 0.42)),
  };
  const limb = (points, widths, soft = 1) => {
    const line = spline(at(points), 6);
    const shares = linspace(0, 1, widths.length);
    const width = linspace(0, 1, line.length).map((share) => interp(share, shares, widths) * unit * size);
    const mean = width.reduce((sum, value) => sum + value, 0) / width.length;
    for (const [colour, share, move] of [[colours.dark, 1, 0], [colours.middle, 0.9, 0], [colours.light, 0.52, -0.1 * soft]]) {
      const shifted = line.map((point) => add(point, aside, move * mean));
      fill(s.picture, tapered(shifted, width.map((value) => value * share)), colour);
      for (const end of [0, line.length - 1]) {
        disc(s.picture, shifted[end], [0.5 * share * width[end], 0.5 * share * width[end]], colour);
      }
    }
  };
  // Its shadow on the face, then forearm, sleeve, palm, fingers from the little one to the index, and the thumb.
  drawHandShadow(s, at);
  limb([[0.5, 1.6], [0.36, 0.8], [0.2, 0.36]], [0.4, 0.34, 0.3], 0.6);
  for (const [colour, share] of [[shadeOf(s.colour(i.clothes), 0.7), 1], [s.colour(i.clothes), 0.92]]) {
    const widths = [0.56, 0.52, 0.46].map((value) => value * unit * size * share);
    fill(s.picture, tapered(at([[0.56, 1.9], [0.47, 1.35], [0.38, 0.86]]), widths), colour);
  }
  const palm = spline(at(PALM), 6, true);
  fill(s.picture, palm, colours.dark);
  fill(s.picture, resizedAround(palm, 0.955), colours.middle);
  fill(s.picture, resizedAround(palm, 0.62).map((point) => add(point, s.pose.sideways, -0.02)), colours.light);
  for (const finger of FINGERS) drawFinger(s, finger, at, limb, colours);
  limb([[-0.08, 0.18], [-0.25, 0.08], [-0.36, -0.1]], [0.15, 0.12, 0.085]);
}

function drawHandShadow(s, at) {
  const window = openWindow(s.picture, at([[-0.36, -0.62], [0.42, 0.6]]), Math.trunc(0.3 * s.unit));
  if (!window) return;
  const { width, height, data } = window.patch;
  const shade = makePlane(width, height);
  fill(shade, window.to(at(SHADOW)), 105);
  blurred(shade.data, width, height, 0.07 * s.unit, 3).forEach((value, k) => {
    for (let c = 0; c < 3; c++) data[4 * k + c] *= (255 - value) / 255;
  });
  blendWindow(window, new Float32Array(width * height).fill(255));
}

function drawFinger(s, [x, y, length, width, turn], at, limb, { base, middle, dark }) {
  const { unit } = s;
  const along = (share) => [x + Math.sin(turn) * length * share, y - Math.cos(turn) * length * share];
  const bend = add(along(0.5), [0.012, 0]);
  limb([[x - Math.sin(turn) * 0.03, y + 0.05], bend, along(1)], [width * 1.04, width * 1.03, width * 0.8]);
  const [end, root, start] = at([along(1), bend, [x, y]]);
  const way = less(end, root);
  const angle = (Math.atan2(way[1], way[0]) * 180) / Math.PI + 90;
  const nail = s.colour(mixColours(base, [236, 190, 180], 0.45));
  disc(s.picture, add(end, way, -0.03), [0.026 * unit, 0.04 * unit], shadeOf(nail, 0.82), angle);
  disc(s.picture, add(end, way, -0.04), [0.022 * unit, 0.035 * unit], nail, angle);
  const half = (0.024 * unit) / Math.max(Math.hypot(...way), 1e-6);
  for (const share of [0.46, 0.54]) { // the skin over the joint
    const joint = add(start, less(end, start), share);
    const across = [-way[1] * half, way[0] * half];
    stroke(s.picture, [less(joint, across), add(joint, across)], mixColours(middle, dark, 0.55), s.thin * 0.9);
  }
}
