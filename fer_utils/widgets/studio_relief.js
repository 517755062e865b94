// The skin's relief, unrolled around the head: small hills at rest, and what each action unit adds (`studio.skin`).
import { clamp, linspace } from "./studio_numbers.js";

export const CELLS = 144; // of relief and shading, each way
export const ANGLE = 1.75; // radians each way
export const MARGIN = 0.03; // head units below the chin
const REACH = 5.6; // beyond so many of its widths a hill is less than 1e-13 of its height

// Half a grid of cells around the head: |x| in head units (rows * half of the columns) and the heights of the rows.
export function halfGrid(head, cells) {
  const half = cells / 2;
  const y = linspace(head.top, head.bottom + MARGIN, cells);
  const angles = linspace(-ANGLE, ANGLE, cells);
  const m = new Float32Array(cells * half);
  y.forEach((at, row) => {
    const w = head.row(at)[0];
    for (let column = 0; column < half; column++) {
      const inside = clamp(angles[column], -Math.PI / 2, Math.PI / 2);
      m[row * half + column] = Math.abs(w * (Math.sin(inside) + angles[column] - inside));
    }
  });
  return { y, m, half, cells, blank: () => new Float32Array(cells * half) };
}

// Add a Gaussian hill to `field`; `tilt` turns its long axis (radians), `bend` moves its middle down with |x|.
export function addHill(field, grid, x0, y0, sx, sy, height, tilt = 0, bend = 0) {
  const [c, s] = [Math.cos(tilt), Math.sin(tilt)];
  const far = REACH * Math.hypot(sx * s, sy * c) + Math.abs(bend) * 2;
  for (let row = 0; row < grid.cells; row++) {
    const y = grid.y[row] - y0;
    if (Math.abs(y) > far) continue;
    for (let column = 0, at = row * grid.half; column < grid.half; column++, at++) {
      const x = grid.m[at] - x0;
      const down = y - bend * x;
      const u = (x * c + down * s) / sx;
      const v = (down * c - x * s) / sy;
      const power = u * u + v * v;
      if (power < 31) field[at] += height * Math.exp(-power);
    }
  }
}

// Add a groove along a path, with a ridge on its outer side.
function addFold(field, grid, path, width, depth) {
  for (let k = 1; k < path.length; k++) {
    const [[xa, ya], [xb, yb]] = [path[k - 1], path[k]];
    const length = Math.hypot(xb - xa, yb - ya) * 0.5;
    const tilt = Math.atan2(yb - ya, xb - xa);
    for (const share of [0.25, 0.75]) {
      const x = xa + share * (xb - xa);
      const y = ya + share * (yb - ya);
      addHill(field, grid, x, y, length, width, -depth, tilt);
      addHill(field, grid, x + 0.075, y - 0.02, length * 1.2, width * 2.2, 0.75 * depth, tilt);
    }
  }
}

// The relief of the face at rest; `sag` 0..1 grows with age.
export function restRelief(i, grid, sag) {
  const field = grid.blank();
  const hill = (...numbers) => addHill(field, grid, ...numbers);
  const fold = (...numbers) => addFold(field, grid, ...numbers);
  const e = i.eyeSpacing;
  const my = i.mouthY;
  hill(e, -i.browHeight + 0.03, 0.2, 0.065, i.male ? 0.046 : 0.024);
  hill(e + 0.01, -0.015, 0.185, 0.105, -0.07);
  hill(e, 0, 0.125, 0.075, 0.062); // the eyeball under the lids
  hill(0.145, -0.02, 0.05, 0.08, -0.045);
  hill(e + 0.12, 0.24, 0.17, 0.12, 0.045 * i.cheekbones ** 4);
  hill(0.46, 0.58, 0.13, 0.18, -0.035);
  hill(0.64, -0.28, 0.12, 0.2, -0.03);
  hill(0.2, -0.62, 0.26, 0.2, 0.02);
  fold([[e - 0.17, 0.09], [e - 0.04, 0.155], [e + 0.1, 0.15]], 0.026, 0.007 + 0.02 * sag);
  fold([[i.noseWidth + 0.05, 0.41], [0.27, 0.54], [0.335, my - 0.03]], 0.028, 0.008 + 0.03 * sag);
  hill(0, my, 0.24, 0.15, 0.05);
  hill(0, my - 0.15, 0.028, 0.06, -0.016);
  hill(0.055, my - 0.15, 0.025, 0.06, 0.01);
  hill(0, my + 0.155, 0.16, 0.045, -0.045);
  hill(i.mouthWidth + 0.045, my - 0.025, 0.035, 0.045, -0.018);
  hill(0, i.chin - 0.15, 0.17 * i.chinWidth, 0.1, 0.06);
  hill(0.5, i.chin - 0.38, 0.1, 0.14, 0.02 * i.jaw);
  addNose(i, grid, field);
  return field;
}

// A ridge that widens and rises towards the tip, and two wings.
function addNose(i, grid, field) {
  const length = i.noseLength;
  grid.y.forEach((y, row) => {
    const t = clamp((y + 0.1) / (length + 0.02), 0, 1);
    const under = clamp((y - (length - 0.045)) / 0.065, 0, 1);
    let height = (0.045 * i.bridge + 0.135 * i.noseDepth * t ** 1.5) * clamp((y + 0.2) / 0.16, 0, 1);
    height *= 1 - under * under * (3 - 2 * under);
    const width = 0.064 + 0.034 * t + (0.012 * (i.noseWidth - 0.15) * t) / 0.02;
    for (let at = row * grid.half; at < (row + 1) * grid.half; at++) field[at] += height * Math.exp(-((grid.m[at] / width) ** 2));
  });
  addHill(field, grid, 0, length - 0.095, 0.085, 0.062, 0.05 * i.noseDepth);
  addHill(field, grid, i.noseWidth * 0.76, length - 0.045, 0.048, 0.046, 0.085);
  addHill(field, grid, i.noseWidth * 1.12, length - 0.05, 0.026, 0.05, -0.03);
}

// How far nose and lips stand out, for parallax.
export function noseLift(i, grid) {
  const field = grid.blank();
  grid.y.forEach((y, row) => {
    const t = clamp((y + 0.05) / (i.noseLength - 0.05), 0, 1.25);
    const rise = 0.27 * i.noseDepth * t * (t > 1 ? clamp(1 - (t - 1) / 0.25, 0, 1) : 1);
    const width = 0.06 + 0.1 * Math.min(t, 1);
    for (let at = row * grid.half; at < (row + 1) * grid.half; at++) field[at] = rise * Math.exp(-((grid.m[at] / width) ** 2));
  });
  addHill(field, grid, 0, i.mouthY, 0.26, 0.14, 0.05);
  return field;
}

// What each action unit adds to the relief of one half of the face, by its number.
export function unitRelief(i, grid) {
  const e = i.eyeSpacing;
  const my = i.mouthY;
  const mw = i.mouthWidth;
  const nw = i.noseWidth;
  const top = -i.browHeight - 0.1;
  const deep = clamp(0.72 + (0.7 * (i.age - 24)) / 35, 0.72, 1.5);
  const H = (...numbers) => (field) => addHill(field, grid, ...numbers);
  const F = (...numbers) => (field) => addFold(field, grid, ...numbers);
  const furrows = (x0, sx, depth) => [0, 1, 2].flatMap((k) => [
    H(x0, top - 0.09 - 0.105 * k, sx * (1 - 0.13 * k), 0.017, -depth * deep, 0, 0.05),
    H(x0, top - 0.14 - 0.105 * k, sx * (1 - 0.13 * k), 0.028, depth * 0.7 * deep, 0, 0.05),
  ]);
  const parts = {
    1: [...furrows(0.1, 0.19, 0.0135), H(0.16, -i.browHeight - 0.08, 0.13, 0.07, 0.018)],
    2: [...furrows(0.4, 0.14, 0.0115), H(e + 0.1, -i.browHeight + 0.05, 0.16, 0.06, -0.016)],
    4: [
      H(0.055, -0.2, 0.016, 0.085, -0.034 * deep), H(0.105, -0.2, 0.045, 0.07, 0.034),
      H(e - 0.02, -0.1, 0.17, 0.05, -0.026), H(0, -0.1, 0.1, 0.016, -0.012),
    ],
    5: [H(e, -0.1, 0.14, 0.03, -0.014)],
    6: [
      H(e + 0.05, 0.235, 0.135, 0.075, 0.06), H(e + 0.04, 0.14, 0.14, 0.022, -0.026 * deep),
      ...[-1, 0, 1].map((k) => H(e + 0.26, 0.055 * k, 0.055, 0.012, -0.013 * deep, 0.35 * k)),
    ],
    7: [H(e, 0.105, 0.13, 0.022, 0.016), H(e, 0.145, 0.14, 0.018, -0.016)],
    9: [
      ...[0, 1, 2].map((k) => H(0.035, -0.03 + 0.05 * k, 0.085, 0.012, -0.02, -0.5)),
      H(0.15, 0.24, 0.07, 0.09, 0.045), F([[0.14, 0.18], [nw + 0.07, 0.36], [0.29, 0.5]], 0.026, 0.05),
      H(0.055, -0.19, 0.018, 0.06, -0.018), H(e, 0.13, 0.15, 0.02, -0.014),
    ],
    10: [F([[nw + 0.03, 0.36], [0.25, 0.47], [0.34, 0.62]], 0.028, 0.048), H(0.3, 0.32, 0.1, 0.08, 0.028)],
    12: [
      F([[nw + 0.045, 0.4], [0.275, 0.52], [0.365, my - 0.05]], 0.03, 0.044), H(e + 0.08, 0.3, 0.15, 0.11, 0.055),
      H(mw + 0.115, my - 0.075, 0.03, 0.05, -0.026),
    ],
    14: [H(mw + 0.065, my - 0.01, 0.026, 0.065, -0.06), H(mw + 0.13, my - 0.01, 0.05, 0.09, 0.034)],
    15: [F([[mw + 0.03, my + 0.05], [mw + 0.05, my + 0.13], [mw + 0.02, my + 0.2]], 0.026, 0.034)],
    16: [H(0, my + 0.16, 0.2, 0.035, -0.022)],
    17: [
      H(0, i.chin - 0.16, 0.15, 0.085, 0.055), H(0, my + 0.135, 0.17, 0.026, -0.05),
      ...[[0.03, 0.18], [0.08, 0.15], [0.02, 0.12], [0.1, 0.2]].map(([a, b]) => H(a, i.chin - b, 0.018, 0.018, -0.01)),
    ],
    18: [H(0, my, 0.17, 0.12, 0.05)],
    20: [H(mw + 0.12, my + 0.02, 0.03, 0.08, -0.034), H(mw + 0.19, my + 0.03, 0.05, 0.11, 0.026)],
    23: [H(0, my - 0.1, 0.2, 0.02, -0.012), H(0, my + 0.11, 0.18, 0.02, -0.014)],
    24: [
      H(0, my - 0.085, 0.24, 0.03, 0.026), H(0, my + 0.1, 0.22, 0.03, 0.026), H(mw + 0.03, my, 0.025, 0.06, -0.035),
    ],
    26: [H(0.46, 0.55, 0.09, 0.2, -0.035), F([[0.22, 0.44], [0.31, 0.58], [0.34, 0.78]], 0.03, 0.01)],
    27: [H(0.45, 0.55, 0.09, 0.22, -0.035), F([[0.22, 0.44], [0.31, 0.58], [0.34, 0.82]], 0.03, 0.01)],
  };
  const reliefs = {};
  for (const [unit, steps] of Object.entries(parts)) {
    reliefs[unit] = grid.blank();
    for (const step of steps) step(reliefs[unit]);
  }
  return reliefs;
}
