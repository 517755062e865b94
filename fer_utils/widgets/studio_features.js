// Eyes, brows, nose and ears, drawn over the shaded skin (`studio.features`).
import { clamp, linspace, mixColours, moved, reversed, shadeOf, spline } from "./studio_numbers.js";
import { closeWindow, darken, disc, fill, flood, openWindow, stroke, strokes, tapered } from "./studio_canvas.js";
import { SIDES } from "./studio_head.js";
import { numpyRandom } from "./studio_random.js";

const LID = linspace(0, 1, 17); // along the lids, outer corner to inner
const CREASE = LID.map((u) => Math.sin(Math.PI * (0.06 + 0.9 * u)));
const CREASE_WIDTH = linspace(0.08, 0.92, 15).map((u) => Math.sin(Math.PI * u));
const lashWidth = (long) => LID.map((u) => (
  long * Math.sin(Math.PI * (0.04 + 0.92 * (1 - u) ** 0.8)) ** 0.7 + 0.006 * (1 - u)));
const LASH = { female: lashWidth(0.04), male: lashWidth(0.032) };
const TEETH = linspace(-1, 1, 9);
const GAPS = [-0.135, -0.085, -0.042, 0, 0.042, 0.085, 0.135];
const WING_WIDTH = linspace(0.1, 0.9, 13).map((u) => Math.sin(Math.PI * u));

// Lines and creases: a darker, redder skin.
export const lineColour = (i) => [i.skin[0] * 0.52, i.skin[1] * 0.4, i.skin[2] * 0.38];

const scaled = (values, factor) => values.map((value) => value * factor);

// Where everything on the face lies, in pixels: `s.parts`, by name and side.
export function placeParts(s) {
  const { i, face } = s;
  const parts = { upper: [], lower: [], crease: [], iris: [], brow: [], nostril: [], wing: [] };
  const put = (points, lift) => points.map((point) => s.pose.onFace(point, lift));
  SIDES.forEach((sign, side) => {
    const up = face.upper[side];
    parts.upper.push(put(up, -0.02));
    parts.lower.push(put(face.lower[side], -0.03));
    const height = 0.052 + 0.03 * face.closed[side] + 0.016 * s.a(1, side) - 0.022 * s.a(4, side) - 0.018 * s.a(5, side);
    const crease = up.map(([x, y], k) => [x, y - height * CREASE[k] - 0.004]).slice(1, -1);
    parts.crease.push(put(crease, -0.01));
    parts.iris.push(put([[sign * i.eyeSpacing + 0.085 * s.gaze[0], -0.005 + 0.05 * s.gaze[1]]], 0.02)[0]);
    const brow = side === 0 ? reversed(face.points.slice(17, 22)) : face.points.slice(22, 27); // inner end first
    parts.brow.push(put(spline(brow, 5), 0.02));
    const wing = face.points[side ? 35 : 31];
    const inner = face.points[side ? 34 : 32];
    const nostril = [0.5 * (wing[0] + inner[0]) - sign * 0.016, 0.5 * (wing[1] + inner[1]) + 0.012 - 0.015 * s.pose.sp];
    parts.nostril.push(put([nostril], 0.15 * i.noseDepth)[0]);
    const w = Math.abs(wing[0]) * 1.26 * sign;
    const arc = [[w * 0.9, wing[1] - 0.095], [w * 1.06, wing[1] - 0.045], [w * 1.02, wing[1] + 0.002], [w * 0.84, wing[1] + 0.022]];
    parts.wing.push(put(spline(arc, 4), 0.07 * i.noseDepth));
  });
  const half = i.mouthWidth * 0.94;
  const drop = Math.max(face.drop, 0);
  parts.tongue = put([[0, i.mouthY + drop * 0.92 + 0.085]], 0)[0];
  const edge = TEETH.map((u) => [half * u, i.mouthY + 0.018 - (0.022 + 0.03 * s.both(12)) * u * u]);
  parts.teeth = put(edge.concat(reversed(TEETH).map((u) => [half * u, i.mouthY - 0.22])), 0);
  const low = TEETH.map((u) => [half * 0.9 * u, i.mouthY + 0.06 + drop * 0.97 - 0.02 * u * u]);
  parts.lowTeeth = put(low.concat(reversed(low).map(([x, y]) => [x, y + 0.2])), 0);
  parts.gaps = GAPS.map((x) => put([[x, i.mouthY - 0.12], [x, i.mouthY + 0.012]], 0));
  s.parts = parts;
}

export function drawEyes(s) {
  const { i, unit, parts } = s;
  const line = s.colour(lineColour(i));
  const lash = s.colour(mixColours([24, 16, 16], lineColour(i), i.male ? 0.25 : 0.1));
  const opened = [0, 1].filter((side) => s.face.lower[side][8][1] - s.face.upper[side][8][1] > 0.012);
  const shapes = opened.map((side) => parts.upper[side].concat(reversed(parts.lower[side])));
  const window = opened.length ? openWindow(s.picture, shapes.flat()) : null;
  if (window) {
    drawBalls(s, window, opened);
    closeWindow(window, 1, shapes);
  }
  for (const side of [0, 1]) {
    const shut = s.face.closed[side];
    const up = parts.upper[side];
    // Lower lid: a wet rim and a few quiet lashes.
    stroke(s.picture, parts.lower[side].slice(2, -2), mixColours(s.colour(i.skin), line, 0.5 + 0.3 * shut), s.thin);
    // Upper lash line, thicker outwards.
    fill(s.picture, tapered(up, scaled(LASH[i.male ? "male" : "female"], unit)), lash);
    if (!i.male) {
      const tip = [up[0][0] + 0.45 * (up[0][0] - up[2][0]), up[0][1] + 0.45 * (up[0][1] - up[2][1]) - 0.03 * unit];
      fill(s.picture, tapered([up[2], up[0], tip], scaled([0.03, 0.026, 0.004], unit)), lash);
    }
    // The crease above the lid.
    fill(s.picture, tapered(parts.crease[side], scaled(CREASE_WIDTH, 0.018 * unit)),
      mixColours(s.colour(i.skin, 0.86), line, 0.22 + 0.45 * i.lidCrease));
  }
}

function drawBalls(s, window, opened) {
  const { i, unit, parts } = s;
  const { patch } = window;
  const iris = s.colour(i.iris);
  const white = mixColours([236, 231, 226], i.skin, 0.1);
  flood(patch, s.colour(white, 0.97));
  const corner = s.colour(mixColours(white, lineColour(i), 0.34));
  const pink = s.colour(mixColours([206, 128, 118], i.skin, 0.3));
  const radius = 0.08 * unit;
  const wide = radius * Math.max(0.55, Math.abs(s.pose.cy));
  const shadows = [];
  for (const side of opened) {
    const up = window.to(parts.upper[side]);
    const inner = up[up.length - 1];
    // The ball is round: its corners lie in shadow.
    disc(patch, up[0], [0.055 * unit, 0.07 * unit], corner);
    disc(patch, inner, [0.075 * unit, 0.07 * unit], corner);
    disc(patch, inner, [0.03 * unit, 0.026 * unit], pink);
    const [at] = window.to([parts.iris[side]]);
    disc(patch, at, [wide, radius], shadeOf(iris, 0.48));
    disc(patch, at, [wide * 0.86, radius * 0.86], iris);
    disc(patch, [at[0], at[1] + radius * 0.3], [wide * 0.62, radius * 0.5], shadeOf(iris, 1.32));
    disc(patch, at, [wide * 0.46, radius * 0.46], [14, 11, 12]);
    shadows.push(up.concat(reversed(moved(up, 0, 0.04 * unit))));
  }
  darken(patch, shadows, 0.62); // the upper lid throws a shadow on the ball
  for (const side of opened) {
    const [at] = window.to([parts.iris[side]]);
    disc(patch, [at[0] + 0.3 * wide, at[1] - 0.36 * radius], [0.2 * radius, 0.2 * radius], s.colour([250, 250, 250]));
  }
}

// Width along a brow, and its single hairs: where, how far down the root, how far up the tip.
export function browRecipe(i) {
  const u = linspace(0, 1, 21);
  const width = u.map((at) => {
    const shape = 0.62 + 0.75 * Math.sin(Math.PI * clamp(0.2 + 0.62 * at, 0, 1)) - 0.85 * at ** 3 - 0.2 * at;
    return Math.max(i.browThickness * shape, 0.008) * clamp(0.35 + 4 * at, 0, 1);
  });
  const rng = numpyRandom([91, i.seed]);
  const sides = SIDES.map(() => {
    const places = rng.list(24, () => rng.integer(18));
    const below = places.map((k) => (rng.random() * 0.75 - 0.2) * width[k]);
    const above = places.map((k) => (0.5 + 0.35 * rng.random()) * width[k + 2] * (1 - 0.6 * u[k]));
    return places.map((k, n) => ({ k, below: below[n], above: above[n] }));
  });
  return { width, sides };
}

export function drawBrows(s) {
  const { i } = s;
  const old = i.hairColour === "grey" || i.hairColour === "white";
  const hair = old ? mixColours(i.hair, [54, 48, 46], 0.72 + 0.02 * i.tone) : i.hair;
  const fair = ["blond", "dark blond", "auburn"].includes(i.hairColour);
  const dark = mixColours(hair, [30, 24, 22], fair ? 0.45 : 0.25);
  const { width, sides } = s.person.brows;
  const hairs = [];
  sides.forEach((single, side) => {
    const pixels = s.parts.brow[side];
    fill(s.picture, tapered(pixels, scaled(width, s.unit)), s.colour(mixColours(dark, i.skin, 0.3)));
    fill(s.picture, tapered(pixels.slice(1), scaled(width.slice(1), 0.62 * s.unit)), s.colour(mixColours(dark, i.skin, 0.06)));
    for (const { k, below, above } of single) { // single hairs, up and outwards
      hairs.push([[pixels[k][0], pixels[k][1] + below * s.unit], [pixels[k + 2][0], pixels[k + 2][1] - above * s.unit]]);
    }
  });
  for (let tone = 0; tone < 3; tone++) {
    const these = hairs.filter((_, k) => k % 3 === tone);
    strokes(s.picture, these, s.colour(mixColours(dark, i.skin, 0.16 * tone)), s.thin * 0.8);
  }
}

export function drawNose(s) {
  const { i } = s;
  const line = lineColour(i);
  SIDES.forEach((sign, side) => {
    if (sign * s.pose.sy > 0.55) return; // behind the nose
    const at = s.parts.nostril[side];
    const wide = (0.036 + 0.1 * (i.noseWidth - 0.15)) * s.unit * (1 + 0.25 * s.a(9, side) + 0.1 * s.a(10, side));
    const tall = 0.019 * s.unit * (1 + 1.6 * Math.max(0, s.pose.sp) * 1.2);
    const soft = mixColours(s.colour(i.skin, 0.74), s.colour(line), 0.55);
    disc(s.picture, at, [wide * 1.22, tall * 1.45], soft, -sign * 16);
    disc(s.picture, at, [wide, tall], s.colour(shadeOf(line, 0.62)), -sign * 16);
    // The wing's crease.
    fill(s.picture, tapered(s.parts.wing[side], scaled(WING_WIDTH, 0.014 * s.unit)),
      mixColours(s.colour(i.skin, 0.82), s.colour(line), 0.55));
  });
}

// An ear's outline, rim and bowl: [outwards, down] from its root.
const EAR = [
  [[0, -0.02], [0.07, -0.1], [0.15, -0.12], [0.19, -0.04], [0.18, 0.08], [0.14, 0.2], [0.1, 0.31], [0.05, 0.34], [0, 0.27]],
  [[0.05, -0.04], [0.12, -0.065], [0.145, 0], [0.13, 0.1], [0.085, 0.19]],
  [[0.035, 0.05], [0.085, 0.06], [0.09, 0.14], [0.045, 0.2]],
].map((points) => spline(points, 4));

// The ears: behind the head as seen from the front, on its near side when it is turned.
export function drawEars(s, near) {
  const { i } = s;
  if (i.hairStyle === "headscarf" || (near && Math.abs(s.pose.sy) <= 0.22)) return;
  const [w] = s.pose.head.row(0.1);
  const inner = s.colour(mixColours(i.skin, lineColour(i), 0.55), 0.92);
  for (const sign of SIDES) {
    if (sign * s.pose.sy < -0.22 !== near) continue;
    const [shape, rim, bowl] = EAR.map((points) => points.map(([out, down]) => {
      const [x, y] = [out * i.earSize, down * i.earSize];
      return s.pose.turn([sign * (w - 0.045 + x * (0.45 + 0.45 * i.earAngle)), 0.03 + y, -0.02 - x * 0.55]);
    }));
    fill(s.picture, shape, s.colour(mixColours(i.skin, [190, 90, 80], 0.1), 0.86));
    stroke(s.picture, rim, inner, s.thin * 1.6);
    fill(s.picture, bowl, inner);
  }
}
