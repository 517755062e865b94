// A state of the Face lab becomes a picture, in the page: `studio.draw` in typed arrays (`studio.render`).
import { clamp, linspace, reversed, spline } from "./studio_numbers.js";
import { closeWindow, copyPicture, fill, makePicture, makePlane, openWindow, stroke } from "./studio_canvas.js";
import { blurred } from "./studio_blur.js";
import { headOf, landmarksOf, makePose, SIDES } from "./studio_head.js";
import { faceOf } from "./studio_face.js";
import { personOf } from "./studio_person.js";
import { skinOf } from "./studio_skin.js";
import { drawSkin } from "./studio_shading.js";
import { browRecipe, drawBrows, drawEars, drawEyes, drawNose, placeParts } from "./studio_features.js";
import { drawMouth } from "./studio_mouth.js";
import { TURNED } from "./studio_hair.js";
import { drawHairBefore, drawHairBehind } from "./studio_hair_styles.js";
import { drawDarkGlasses, drawHand, drawMask } from "./studio_props.js";

const CENTRE_Y = 0.47; // where the head sits in the square
const SCALE = 0.318; // pixels per head unit, as a share of the side
const WALL = [172, 180, 186];

// A function that draws states: (state, size) to { picture, marks, person }.  `tables` comes from Python: colours,
// styles, lights and action units.  What belongs to a person is kept for the last few.
export function studioPainter(tables) {
  const people = new Map();
  function known(seed, tone) {
    const key = `${seed} ${tone}`;
    if (!people.has(key)) {
      if (people.size > 11) people.delete(people.keys().next().value);
      const i = personOf(seed, tone, tables);
      const head = headOf(i);
      people.set(key, { i, head, skin: skinOf(i, head, tables.midline), brows: browRecipe(i), kept: new Map() });
    }
    return people.get(key);
  }
  return (state, size = 384) => paint(state, size, known(state.person, state.tone), tables);
}

// Both sides of each action unit, 0..1: { 1: 0.2, 2: 0, ... } for the person's right and for the left.
function unitsOf(state, tables) {
  return ["R", "L"].map((letter) => Object.fromEntries(tables.units.map((number) => {
    const given = state.action_units ?? {};
    return [number, Number(given[`${letter}${number}`] ?? given[number] ?? 0)];
  })));
}

function paint(state, size, person, tables) {
  const { i, head } = person;
  const light = tables.lights[state.light];
  const units = unitsOf(state, tables);
  const unit = SCALE * size;
  const face = faceOf(i, units, head);
  const centre = [size / 2 - 0.5, CENTRE_Y * size];
  const pose = makePose(head, face.drop, [state.yaw, state.pitch, state.roll], unit, centre);
  const bright = light.ambient + light.strength * 0.86;
  const kept = (name, make) => {
    if (!person.kept.has(name)) person.kept.set(name, make());
    return person.kept.get(name);
  };
  const s = {
    i, face, pose, units, unit, person, kept, thin: unit / 80, gaze: state.gaze, marks: landmarksOf(face, pose),
    a: (number, side) => units[side][number],
    both: (number) => 0.5 * (units[0][number] + units[1][number]),
    colour: (rgb, factor = 1) => rgb.map((value) => Math.min(255, value * bright * factor)),
  };
  let aside = 0;
  // The neck stands under the back of the head, which a turn brings to the side.
  if (Math.abs(pose.sy) > TURNED) aside = Math.round(-0.36 * unit * (pose.sy - Math.sign(pose.sy) * TURNED));
  const place = `${state.light} ${size}`;
  s.picture = copyPicture(kept(`wall ${place}`, () => drawWall(size, light)));
  placeParts(s);
  drawHairBehind(s);
  putBody(s.picture, kept(`body ${place}`, () => drawBody(i, size, light, bright)), aside);
  drawEars(s, false);
  drawSkin(s, person.skin, light);
  drawEars(s, true);
  drawNose(s);
  drawEyes(s);
  drawMouth(s);
  drawBrows(s);
  if (state.occlusion === "mask") drawMask(s);
  drawHairBefore(s);
  if (state.occlusion === "glasses") drawDarkGlasses(s);
  else drawGlasses(s);
  if (state.occlusion === "hand") drawHand(s);
  if (light.exposure !== 1 || light.warmth) expose(s.picture, light);
  return { picture: s.picture, marks: s.marks, person: i };
}

// The wall: lighter on the lamp's side.
function drawWall(size, light) {
  const wall = makePicture(size, size);
  const lean = 0.1 * Math.sin((light.azimuth * Math.PI) / 180);
  for (let row = 0; row < size; row++) {
    const y = row / size - 0.45;
    for (let column = 0; column < size; column++) {
      const x = column / size - 0.5;
      const glow = (1.04 - 0.55 * (x * x + 0.8 * y * y) + lean * x) * (0.6 + 0.4 * (light.ambient + light.strength));
      for (let c = 0; c < 3; c++) wall.data[4 * (row * size + column) + c] = Math.trunc(WALL[c] * glow);
    }
  }
  return wall;
}

// Neck, shoulders and clothes, and how much they cover.
function drawBody(i, size, light, bright) {
  const unit = SCALE * size;
  const at = (points) => points.map(([x, y]) => [x * unit + size / 2 - 0.5, y * unit + CENTRE_Y * size]);
  const picture = makePicture(size, size);
  const mask = makePlane(size, size);
  const n = i.neck * 1.13;
  const chin = i.chin - 0.03;
  const wide = i.male ? 1.5 : 1.22;
  const right = spline([
    [n, 0.16], [n * 0.98, chin], [n * 1.05, chin + 0.15], [n * 1.38, chin + 0.29], [wide * 0.74, chin + 0.42],
    [wide, chin + 0.6], [wide * 1.08, chin + 1.4],
  ], 6);
  const left = right.map(([x, y]) => [-x, y]);
  const whole = at(left.concat(reversed(right)));
  fill(mask, whole, 255);
  fill(picture, whole, i.skin.map((value) => value * bright));
  shadeNeck(picture, i, n, chin, unit, at, Math.sin((light.azimuth * Math.PI) / 180));
  // Clothes with a neckline.
  const deep = i.male ? 0.44 : 0.62;
  const neckline = spline([
    [-n * 1.42, chin + 0.27], [-n * 0.85, chin + 0.3 + deep * 0.22], [0, chin + 0.31 + deep * 0.36],
    [n * 0.85, chin + 0.3 + deep * 0.22], [n * 1.42, chin + 0.27],
  ], 6);
  const below = ([, y]) => y > chin + 0.29;
  const tone = i.clothes.map((value) => value * bright);
  fill(picture, at([...neckline, ...right.filter(below), ...reversed(left.filter(below))]), tone);
  stroke(picture, at(neckline), tone.map((value) => value * 0.72), Math.trunc(0.035 * unit));
  for (let c = 0; c < 3; c++) {
    const plane = Float32Array.from({ length: size * size }, (_, k) => picture.data[4 * k + c]);
    blurred(plane, size, size, 0.6).forEach((value, k) => { picture.data[4 * k + c] = Math.trunc(value); });
  }
  return { picture, cover: mask.data, top: Math.trunc(Math.max(0, CENTRE_Y * size + 0.16 * unit)) };
}

// The head's shadow falls on the neck, and its muscles show.
function shadeNeck(picture, i, n, chin, unit, at, azimuth) {
  const { width, height, data } = picture;
  const shadow = new Float32Array(width * height);
  // Add a soft shape; only the part of the picture that it reaches is worked out.
  const soft = (points, spread, strength) => {
    const shape = at(points);
    const far = Math.ceil(4 * spread * unit) + 3;
    const [xs, ys] = [shape.map((p) => p[0]), shape.map((p) => p[1])];
    const [left, right] = [clamp(Math.floor(Math.min(...xs)) - far, 0, width), clamp(Math.ceil(Math.max(...xs)) + far, 0, width)];
    const [top, bottom] = [clamp(Math.floor(Math.min(...ys)) - far, 0, height), clamp(Math.ceil(Math.max(...ys)) + far, 0, height)];
    const plane = makePlane(right - left, bottom - top);
    fill(plane, shape.map(([x, y]) => [x - left, y - top]), 1);
    blurred(plane.data, plane.width, plane.height, spread * unit).forEach((value, k) => {
      shadow[(top + Math.floor(k / plane.width)) * width + left + (k % plane.width)] += value * strength;
    });
  };
  soft([
    [-n * 1.3, 0.3], [n * 1.3, 0.3], [n * 1.2 - 0.2 * azimuth, chin + 0.02], [-0.1 * azimuth, chin + 0.22],
    [-n * 1.2 - 0.2 * azimuth, chin + 0.02],
  ], 0.055, 0.42);
  for (const sign of SIDES) {
    const band = [[sign * n * 1.02, 0.9], [sign * n * 0.8, 0.9], [sign * 0.13, chin + 0.42], [sign * 0.19, chin + 0.42]];
    soft(band, 0.06, sign * azimuth > 0 ? 0.16 : 0.26);
  }
  for (let k = 0; k < width * height; k++) {
    [0.8, 1, 1.06].forEach((share, c) => { data[4 * k + c] = Math.trunc(clamp(data[4 * k + c] * (1 - shadow[k] * share), 0, 255)); });
  }
}

function putBody(picture, { picture: body, cover, top }, aside) {
  const { width, height, data } = picture;
  for (let y = top; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = y * width + clamp(x - aside, 0, width - 1);
      const share = cover[from] / 255;
      if (share <= 0) continue;
      const to = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) data[to + c] += (body.data[4 * from + c] - data[to + c]) * share;
    }
  }
}

function drawGlasses(s) {
  const { i, pose } = s;
  if (i.glasses === "none") return;
  const frame = s.colour(i.seed % 3 ? [44, 38, 40] : [112, 74, 44]);
  const round = i.glasses === "round";
  const bent = (value) => Math.sign(value) * Math.abs(value) ** (round ? 1 : 0.55);
  const thick = Math.max(1, 2 * s.thin);
  const depth = 0.88;
  for (const sign of SIDES) {
    const lens = linspace(0, 2 * Math.PI, 33).slice(0, -1).map((angle) => {
      const x = bent(Math.cos(angle)) * 0.235 + sign * (i.eyeSpacing + 0.012);
      return pose.turn([x, bent(Math.sin(angle)) * (round ? 0.205 : 0.17) + 0.03, depth - 0.35 * x * x]);
    });
    const window = openWindow(s.picture, lens);
    if (window) {
      window.patch.data.forEach((value, k, data) => { data[k] = value * 0.93 + 236 * 0.07; });
      closeWindow(window);
    }
    stroke(s.picture, lens, frame, thick, true);
    if (sign * pose.sy > 0.25) continue; // its arm is behind the head
    const arm = [[sign * (i.eyeSpacing + 0.245), -0.01, depth - 0.12], [sign * 0.72 * i.headWidth, -0.02, 0.05]];
    stroke(s.picture, arm.map(pose.turn), frame, thick);
  }
  const bridge = [[-0.09, 0, depth + 0.03], [0, -0.03, depth + 0.07], [0.09, 0, depth + 0.03]];
  stroke(s.picture, spline(bridge, 4).map(pose.turn), frame, thick);
}

// A camera's exposure and the lamp's warmth.
function expose(picture, light) {
  const gains = [light.exposure * (1 + 0.07 * light.warmth), light.exposure, light.exposure * (1 - 0.1 * light.warmth)];
  for (let k = 0; k < picture.data.length; k++) {
    if (k % 4 < 3) picture.data[k] = Math.trunc(Math.min(picture.data[k] * gains[k % 4], 255));
  }
}
