// Hair behind and before the head, and what strands and curls are made of (`studio.hair`).
import { clamp, interp, linspace, middleOf, mixColours, resample, reversed, shadeOf, spline } from "./studio_numbers.js";
import { blendWindow, darken, disc, fill, flood, makePlane, openWindow, strokes } from "./studio_canvas.js";
import { blurred, resized } from "./studio_blur.js";
import { numpyRandom } from "./studio_random.js";

// Style: thickness over the crown, at the sides, how far down the sides, hairline over the brow, and how it is combed.
export const CAPS = {
  short: [0.1, 0.03, 0.02, 0.66, "back"],
  "side part": [0.13, 0.04, 0.02, 0.64, "side"],
  quiff: [0.17, 0.025, 0, 0.68, "back"],
  buzz: [0.035, 0.012, 0.02, 0.66, "none"],
  receding: [0.06, 0.03, 0.04, 0.9, "back"],
  curly: [0.14, 0.07, 0.06, 0.62, "curl"],
  afro: [0.26, 0.2, 0.1, 0.66, "curl"],
  pixie: [0.13, 0.06, 0.16, 0.52, "side"],
  bun: [0.07, 0.03, 0.1, 0.68, "back"],
  bob: [0.13, 0.1, 0, 0.66, "part"],
  "fringe bob": [0.13, 0.1, 0, 0.36, "fringe"],
  long: [0.12, 0.09, 0, 0.68, "part"],
  "long wavy": [0.14, 0.12, 0, 0.68, "part"],
};
// How far down hair hangs, and how wide.
export const CURTAINS = { bob: [0.92, 0.2], "fringe bob": [0.86, 0.18], long: [1.95, 0.2], "long wavy": [1.9, 0.3] };
export const TURNED = 0.2; // the sine of the yaw from which the far side of a head is behind the face
const POINTS = 14; // of a curve along which strands run
const RISE = linspace(0, Math.PI / 2, 22).map(Math.sin);
const SWELL = linspace(0, 1, 20).map((u) => 0.16 * Math.sin(Math.PI * u));

// The hair's outer edge from the viewer's left over the crown to the right.
export function hairRing(s, sideY, crown, sides, farY = null) {
  const { top } = s.pose.head;
  const middle = s.pose.turn([0, -0.3, -0.05]);
  const edges = [0, 1].map((side) => {
    const start = farY !== null && s.pose.sy > 0 === (side === 1) ? farY : sideY;
    return RISE.map((share) => {
      const y = start + (top + 0.0005 - start) * share;
      const up = clamp((sideY - y) / (sideY - top), 0, 1);
      const grow = 1 + (sides / 0.7) * (1 - up) + (crown / 0.86) * up;
      const [px, py] = s.pose.outline(side, y);
      return [middle[0] + (px - middle[0]) * grow, middle[1] + (py - middle[1]) * grow];
    });
  });
  return spline(edges[0].concat(reversed(edges[1])), 2);
}

const FRINGE = [
  [-1.52, -1.3, -1.08, -0.85, -0.55, -0.2, 0.2, 0.55, 0.85, 1.08, 1.3, 1.52],
  [null, -0.12, -0.3, -0.36, -0.375, -0.37, -0.37, -0.375, -0.36, -0.3, -0.12, null],
];
const HAIRLINE = [-1.5, -1.33, -1.24, -1.14, -0.94, -0.62, -0.28, 0, 0.28, 0.62, 0.94, 1.14, 1.24, 1.33, 1.5];

// Where hair meets skin, and on a turned head the height at which it goes behind the far side.
function hairline(s, sideY, height, combed) {
  const { i, pose } = s;
  let knots;
  if (combed === "fringe") {
    knots = FRINGE[0].map((angle, k) => [angle, (FRINGE[1][k] ?? sideY) + 0.36 - height]);
  } else {
    const recede = i.hairStyle === "receding" ? 0.1 : 0;
    const shape = [0, 0, 0.24, 0.42, 0.7, 0.92 + recede, 0.99, 1 - recede, 0.99, 0.92 + recede, 0.7, 0.42, 0.24, 0, 0];
    knots = HAIRLINE.map((angle, k) => {
      let y = (-height - i.hairline) * shape[k] + (1 - shape[k]) * Math.min(sideY, 0.05);
      if (k === 0 || k === 14) y = sideY;
      if (combed === "side" && k >= 5 && k < 10) y += [-0.06, -0.02, 0.02, 0.06, 0.08][k - 5];
      return [angle, Math.max(y, pose.head.top + 0.05)];
    });
  }
  const curve = spline(knots, 4);
  const low = curve.map(([, y]) => pose.edgeAngle(0, y));
  const high = curve.map(([, y]) => pose.edgeAngle(1, y));
  let farY = null;
  if (Math.abs(pose.sy) > TURNED) {
    const beyond = curve.map(([angle], k) => (pose.sy > 0 ? angle > high[k] : angle < low[k]));
    if (beyond.includes(true) && beyond.includes(false)) {
      const last = pose.sy > 0 ? beyond.lastIndexOf(false) : beyond.indexOf(false);
      farY = curve[last][1];
      curve.forEach((point, k) => { if (beyond[k]) point[1] = farY; });
    }
  }
  return [curve.map(([angle, y], k) => pose.around(clamp(angle, low[k], high[k]), y, 0.012)), farY];
}

// Weights that read a curve of POINTS points at a fractional place.
const readAt = (curve, place) => {
  const low = clamp(Math.floor(place), 0, POINTS - 2);
  const part = place - low;
  return [0, 1].map((axis) => curve[low][axis] * (1 - part) + curve[low + 1][axis] * part);
};

// Where each strand runs between two curves: [place on one, place on the other, share of one] a point; and its tone.
function strandRecipe(personSeed, seed, count, across) {
  const rng = numpyRandom([37, personSeed, seed]);
  let strands;
  if (across) {
    const places = rng.list(count, () => rng.random() * (POINTS - 1));
    const ends = rng.list(count, () => [rng.random(), rng.random()].sort((a, b) => a - b));
    const others = places.map((k) => clamp(k + 0.22 * rng.normal(), 0, POINTS - 1));
    strands = places.map((place, n) => linspace(ends[n][0] * 0.8 - 0.055, 0.3 + 0.71 * ends[n][1], 6).map((t) => [others[n], place, t]));
  } else {
    const first = rng.list(count, () => rng.uniform(0, POINTS / 2));
    const last = rng.list(count, () => rng.uniform(POINTS / 2, POINTS - 1));
    const shares = rng.list(count, () => rng.uniform(0.04, 0.96));
    strands = shares.map((share, n) => linspace(first[n], last[n], 10).map((place) => [place, place, 1 - share]));
  }
  return { strands, tones: rng.list(count, () => rng.integer(7)) };
}

// Fine lines between two curves: along them, or across from one to the other.
export function drawStrands(s, one, other, count, across, seed) {
  const { strands, tones } = s.kept(`strands ${seed}`, () => strandRecipe(s.i.seed, seed, count, across));
  const [a, b] = [resample(one, POINTS), resample(other, POINTS)];
  const lines = strands.map((points) => points.map(([onOne, onOther, share]) => {
    const [p, q] = [readAt(a, onOne), readAt(b, onOther)];
    return [p[0] * share + q[0] * (1 - share), p[1] * share + q[1] * (1 - share)];
  }));
  const { hair } = s.i;
  const sheen = hair[0] + hair[1] + hair[2] < 150 ? 0.1 : 0.16;
  for (let tone = 0; tone < 7; tone++) {
    const light = (tone - 3) / 3;
    const colour = light > 0 ? mixColours(hair, [255, 240, 220], sheen * light) : shadeOf(hair, 1 + 0.26 * light);
    strokes(s.picture, lines.filter((_, k) => tones[k] === tone), s.colour(colour, 0.96), 0.7 * s.thin);
  }
}

// Rings of curls along a curve, going inward by a share of the way to its middle.
export function drawCurls(s, curve, radius, seed, inward) {
  const rng = numpyRandom([41, s.i.seed, seed]);
  const middle = middleOf(curve);
  const points = resample(curve, Math.max(10, Math.trunc(1.9 / radius)));
  for (const depth of [0, 0.6]) {
    const shares = points.map(() => inward * depth + rng.uniform(-0.035, 0.035));
    const sizes = points.map(() => radius * s.unit * rng.uniform(0.7, 1.25));
    const tones = points.map(() => rng.uniform(0.86, 1.02));
    points.forEach(([x, y], k) => {
      const at = [x + (middle[0] - x) * shares[k], y + (middle[1] - y) * shares[k]];
      disc(s.picture, at, [sizes[k], sizes[k]], s.colour(shadeOf(s.i.hair, tones[k])));
    });
  }
}

function ringletRecipe(personSeed, count) {
  const rng = numpyRandom([43, personSeed]);
  const starts = rng.list(count, () => rng.uniform(0, 2 * Math.PI));
  const ways = rng.list(count, () => rng.choice([-1, 1]));
  const turns = ways.map((way) => way * rng.uniform(2.4, 5));
  const sizes = rng.list(count, () => rng.uniform(0.02, 0.046));
  const arcs = sizes.map((size, k) => linspace(0, 1, 9).map((t) => {
    const radius = size * (1 - 0.55 * t);
    const angle = starts[k] + turns[k] * t;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }));
  const along = rng.list(count, () => rng.uniform(0, POINTS - 1));
  const shares = rng.list(count, () => rng.uniform(-0.04, 1.06));
  return { arcs, along, shares, tones: rng.list(count, () => rng.integer(5)) };
}

// Small coils all over curly hair, the lit ones last.
function drawRinglets(s, ring, line) {
  const { arcs, along, shares, tones } = s.kept("ringlets", () => ringletRecipe(s.i.seed, 330));
  const [a, b] = [resample(ring, POINTS), resample(line, POINTS)];
  const coils = arcs.map((arc, k) => {
    const [p, q] = [readAt(a, along[k]), readAt(b, along[k])];
    return arc.map(([x, y]) => [
      q[0] + (p[0] - q[0]) * shares[k] + x * s.unit, q[1] + (p[1] - q[1]) * shares[k] + y * s.unit,
    ]);
  });
  const { hair } = s.i;
  const lift = hair[0] + hair[1] + hair[2] < 150 ? 0.34 : 0.24;
  for (let tone = 0; tone < 5; tone++) {
    const factor = 1 + ((lift * (tone - 2)) / 2) * (tone > 2 ? 1.6 : 1);
    strokes(s.picture, coils.filter((_, k) => tones[k] === tone), s.colour(shadeOf(hair, factor)), 1.3 * s.thin);
  }
}

// A cap of hair over the forehead and the sides; gives its ring and its line.
export function drawCap(s) {
  const { i } = s;
  const [crown, sides, sideY, height, combed] = CAPS[i.hairStyle];
  const [line, farY] = hairline(s, sideY, height, combed);
  const ring = hairRing(s, sideY, crown, sides, farY);
  if (Math.abs(s.pose.sy) > TURNED && !(i.hairStyle in CURTAINS)) drawNape(s, sideY);
  const cap = ring.concat(reversed(line));
  if (i.hairStyle === "buzz") {
    drawSoftCap(s, cap);
    return;
  }
  const [dx, dy] = s.pose.down;
  darken(s.picture, [line.concat(reversed(line.map(([x, y]) => [x + dx * 0.035, y + dy * 0.035])))], 0.8);
  fill(s.picture, cap, s.colour(i.hair, 0.94));
  if (combed === "curl") {
    if (i.hairStyle === "curly") drawCurls(s, ring.slice(8, -8), 0.062, 2, 0.1);
    drawRinglets(s, ring, line);
  } else if (combed === "side") {
    drawStrands(s, ring.slice(6, -6), line.slice(6, -6), 90, false, 3);
  } else {
    drawSheen(s, ring.slice(6, -6), line.slice(6, -6));
    drawStrands(s, ring.slice(3, -3), line.slice(3, -3), 120, true, 4);
  }
}

// The hair below the cap behind the near ear of a turned head.
function drawNape(s, sideY) {
  const side = s.pose.sy > 0 ? 0 : 1;
  const heights = linspace(sideY - 0.1, 0.4, 12);
  const inner = heights.map((y) => {
    const edge = s.pose.edgeAngle(side, y);
    const start = interp(y, [sideY - 0.1, 0.25, 0.4], [1.66, 1.8, 2.05]);
    return s.pose.around(side ? Math.min(start, edge) : Math.max(-start, edge), y);
  });
  const outer = heights.map((y) => s.pose.outline(side, y, 0.02 * clamp((0.4 - y) / 0.3, 0, 1)));
  const colour = s.i.hairStyle === "buzz" ? mixColours(s.i.hair, s.i.skin, 0.3) : s.i.hair;
  fill(s.picture, inner.concat(reversed(outer)), s.colour(colour, 0.86));
}

// Hair so short that the skin shines through: no hard line anywhere, and grain.
function drawSoftCap(s, cap) {
  const window = openWindow(s.picture, cap, Math.trunc(0.06 * s.unit) + 2);
  if (!window) return;
  const { width, height } = window.patch;
  const mask = makePlane(width, height);
  fill(mask, window.to(cap), 225);
  const soft = blurred(mask.data, width, height, 0.02 * s.unit, 3);
  const grain = s.kept("grain", () => {
    const rng = numpyRandom([47, s.i.seed]);
    return Float32Array.from({ length: 110 * 150 }, () => Math.trunc(clamp(205 + 34 * rng.normal(), 90, 255)));
  });
  const rough = resized(grain, 150, 110, width, height);
  flood(window.patch, s.colour(mixColours(s.i.hair, s.i.skin, 0.16)));
  blendWindow(window, soft.map((value, k) => (value * rough[k]) / 255));
}

// A band of light over combed hair.
function drawSheen(s, ring, line) {
  const [a, b] = [resample(ring, 20), resample(line, 20)];
  const window = openWindow(s.picture, a.concat(b));
  if (!window) return;
  const mask = makePlane(window.patch.width, window.patch.height);
  const between = (shares) => a.map((p, k) => [p[0] + (b[k][0] - p[0]) * shares[k], p[1] + (b[k][1] - p[1]) * shares[k]]);
  for (const [widen, strength] of [[1, 41], [0.8, 75], [0.6, 104], [0.4, 128]]) {
    const band = between(SWELL.map((swell) => 0.5 - swell * widen))
      .concat(reversed(between(SWELL.map((swell) => 0.5 + swell * widen))));
    fill(mask, window.to(band), strength);
  }
  flood(window.patch, s.colour(mixColours(s.i.hair, [255, 238, 214], 0.15)));
  blendWindow(window, mask.data);
}
