// What of a person's skin is the same in every picture: relief, normals and colour (`studio.skin`).
import { clamp, linspace } from "./studio_numbers.js";
import { blurred, convolved } from "./studio_blur.js";
import { numpyRandom } from "./studio_random.js";
import { addHill, ANGLE, CELLS, halfGrid, MARGIN, noseLift, restRelief, unitRelief } from "./studio_relief.js";

export const FINE = 288; // cells of colour, each way

// Both halves of a field that is known for one.
function whole(field, cells) {
  const half = cells / 2;
  const out = new Float32Array(cells * cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < half; column++) {
      const value = field[row * half + column];
      out[row * cells + column] = value;
      out[row * cells + cells - 1 - column] = value;
    }
  }
  return out;
}

// What does not depend on the tone; `midline` holds the action units that have no sides.
export function skinOf(i, head, midline) {
  const grid = halfGrid(head, CELLS);
  const sag = clamp((i.age - 26) / 36, 0, 1);
  const adds = unitRelief(i, grid);
  const base = restRelief(i, grid, sag);
  if (i.age > 40) {
    for (const [unit, share] of [[1, 0.35], [2, 0.25], [6, 0.2]]) {
      for (let k = 0; k < base.length; k++) base[k] += 0.4 * sag * share * adds[unit][k];
    }
  }
  const clear = 1 + 0.07 * Math.max(i.tone - 6, 0); // folds on dark skin are lit by its gloss
  // The person's left is the viewer's right.
  const leftShare = whole(grid.m, CELLS).map((m, k) => 0.5 + 0.5 * Math.tanh((k % CELLS < CELLS / 2 ? -m : m) / 0.05));
  const units = {};
  for (const [unit, half] of Object.entries(adds)) {
    units[unit] = [0, 1].map((side) => unitWindow(whole(half, CELLS), leftShare, clear, side, midline.includes(Number(unit))));
  }
  return {
    base: whole(base, CELLS), units, lift: whole(noseLift(i, grid), CELLS), ...surface(head, grid),
    colour: skinColour(i, head, sag), gloss: 0.015 + 0.019 * i.tone + 0.03 * Math.max(i.tone - 6, 0),
  };
}

// The part of a unit's relief on one side that is not nothing.
function unitWindow(relief, leftShare, clear, side, midline) {
  let [top, bottom, left, right] = [CELLS, -1, CELLS, -1];
  for (let k = 0; k < relief.length; k++) {
    const column = k % CELLS;
    relief[k] *= clear * (midline ? 0.5 : side ? leftShare[k] : 1 - leftShare[k]);
    if (Math.abs(relief[k]) <= 1e-4) continue;
    const row = (k - column) / CELLS;
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
    left = Math.min(left, column);
    right = Math.max(right, column);
  }
  return { relief, top, bottom, left, right };
}

// Normals of the bare head, and cells per head unit.
function surface(head, grid) {
  const angles = linspace(-ANGLE, ANGLE, CELLS);
  const down = (grid.y[CELLS - 1] - grid.y[0]) / (CELLS - 1);
  const rows = grid.y.map((y) => head.row(y));
  const size = CELLS * CELLS;
  const out = { down, nx: new Float32Array(size), ny: new Float32Array(size), nz: new Float32Array(size), perAcross: new Float32Array(size) };
  rows.forEach(([w, front], row) => {
    const before = rows[Math.max(row - 1, 0)][0];
    const after = rows[Math.min(row + 1, CELLS - 1)][0];
    const span = row === 0 || row === CELLS - 1 ? down : 2 * down;
    const slope = clamp((after - before) / span, -1.6, 1.6);
    angles.forEach((angle, column) => {
      const k = row * CELLS + column;
      const across = Math.hypot(w * Math.cos(angle), front * Math.sin(angle)) * (angles[1] - angles[0]);
      out.perAcross[k] = 1 / Math.max(across, 1e-3);
      // Crown and chin are caps: without a least width their two halves would meet in a seam.
      const nx = Math.sin(angle) * Math.max(front, 0.55);
      const nz = Math.cos(angle) * Math.max(w, 0.34);
      const length = Math.hypot(nx, nz);
      const ny = -slope * 0.55;
      const all = Math.hypot(1, ny);
      out.nx[k] = nx / length / all;
      out.ny[k] = ny / all;
      out.nz[k] = nz / length / all;
    });
  });
  return out;
}

// Skin colour without light: three planes of FINE * FINE.
function skinColour(i, head, sag) {
  const grid = halfGrid(head, FINE);
  const rng = numpyRandom([555, i.seed]);
  const size = FINE * FINE;
  let planes = i.skin.map((tone) => new Float32Array(size).fill(tone));
  const field = (...hills) => {
    const half = grid.blank();
    for (const hill of hills) addHill(half, grid, ...hill);
    return whole(half, FINE);
  };
  const tint = (where, colour) => planes.forEach((plane, c) => {
    for (let k = 0; k < size; k++) plane[k] += where[k] * colour[c];
  });
  const noise = (sigma) => {
    const values = Float32Array.from({ length: size }, () => rng.normal());
    return blurred(values, FINE, FINE, sigma).map((value) => value * sigma * 2.5);
  };
  const light = i.tone <= 5;
  const e = i.eyeSpacing;
  tint(field(
    [e + 0.1, 0.3, 0.17, 0.13, 1], [0, i.noseLength - 0.08, 0.12, 0.1, 0.8], [0, i.chin - 0.13, 0.16, 0.1, 0.4],
    [0.85, 0.1, 0.25, 0.3, 0.6],
  ), light ? [3, -15, -13] : [6, -7, -7]);
  tint(field([e - 0.01, 0.1, 0.16, 0.05, 0.6 + 0.7 * sag], [e, -0.06, 0.17, 0.07, 0.5]), light ? [-16, -16, -10] : [-13, -11, -9]);
  // Dark skin is lit as a portrait photographer lights it: planes that face the camera shine, hollows stay deep.
  const share = clamp((i.tone - 5) / 3, 0, 1);
  if (share) {
    const shining = field(
      [e + 0.05, 0.27, 0.2, 0.12, 1], [0, 0.15, 0.07, 0.3, 0.8], [0, -0.5, 0.4, 0.18, 0.6], [0, i.chin - 0.15, 0.14, 0.08, 0.4],
    );
    const hollow = field([e, -0.03, 0.2, 0.12, 1]);
    for (const plane of planes) {
      for (let k = 0; k < size; k++) plane[k] *= (1 + 0.42 * share * shining[k]) * (1 - 0.3 * share * hollow[k]);
    }
  }
  const fine = noise(1);
  const broad = noise(7);
  planes.forEach((plane, c) => {
    for (let k = 0; k < size; k++) plane[k] += (fine[k] + broad[k] * 1.4) * [1, 1, 0.9][c];
  });
  for (let k = 0; k < Math.floor(110 * i.freckles); k++) {
    const x = 0.3 * rng.normal();
    const y = 0.22 + 0.13 * rng.normal();
    addFreckle(planes, grid, x, y, rng.uniform(0.25, 0.7));
  }
  if (i.facialHair !== "none") planes = withWhiskers(i, planes, whole(whiskers(i, grid), FINE), noise);
  const soft = [0.25, 0.5, 0.25];
  return planes.map((plane) => convolved(plane, FINE, FINE, soft).map((value) => Math.trunc(clamp(value, 0, 255))));
}

function addFreckle(planes, grid, px, py, strength) {
  const size = 0.011;
  grid.y.forEach((y, row) => {
    if (Math.abs(y - py) > 6 * size) return;
    for (let column = 0; column < FINE; column++) {
      const m = grid.m[row * grid.half + Math.min(column, FINE - 1 - column)];
      const x = column < FINE / 2 ? -m : m;
      const power = ((x - px) / size) ** 2 + ((y - py) / size) ** 2;
      if (power > 31) continue;
      const there = strength * Math.exp(-power);
      [-26, -42, -44].forEach((tone, c) => { planes[c][row * FINE + column] += tone * there; });
    }
  });
}

function withWhiskers(i, planes, mask, noise) {
  const stubble = i.facialHair === "stubble";
  const grain = noise(0.8);
  const strength = stubble ? 0.3 : 0.92;
  let hair = i.hair.map((value, c) => value * 0.85 + [16, 12, 10][c]);
  if (stubble) hair = hair.map((value, c) => value * 0.6 + i.skin[c] * 0.2);
  const streaks = stubble ? null : noise(1);
  return planes.map((plane, c) => plane.map((value, k) => {
    const cover = clamp(mask[k] * strength * (0.8 + 0.2 * clamp(grain[k], -1.5, 1.5)), 0, 0.96);
    return value * (1 - cover) + (hair[c] + (streaks ? 10 * streaks[k] : 0)) * cover;
  }));
}

// Where facial hair grows, 0..1, on one half of the face.
function whiskers(i, grid) {
  const my = i.mouthY;
  const mw = i.mouthWidth;
  const step = (value, width) => 1 / (1 + Math.exp(-clamp(value / width, -30, 30)));
  return grid.blank().map((_, k) => {
    const m = grid.m[k];
    const y = grid.y[Math.floor(k / grid.half)];
    const above = step(y - (my - 0.155), 0.012) * step(my - 0.035 - y, 0.015) * step(mw + 0.06 - m, 0.02) * step(m - 0.012, 0.012);
    if (i.facialHair === "moustache") return above;
    const chin = step(y - (my + 0.115 + (m < 0.08 ? 0.03 : 0)), 0.014) * step(0.2 - m, 0.02);
    const beside = step(m - (mw + 0.015), 0.014) * step(mw + 0.085 - m, 0.018) * step(y - (my - 0.1), 0.02);
    if (i.facialHair === "goatee") return Math.max(above, chin, beside);
    const edge = 0.1 + 0.62 * clamp((0.66 - m) / 0.36, 0, 1) ** 0.8; // the beard's upper edge over the cheek
    const cheeks = step(y - edge, 0.03) * step(m - (mw + 0.03), 0.02);
    return Math.max(above, chin, beside, cheeks, step(y - (my + 0.17), 0.02));
  });
}
