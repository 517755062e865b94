// The skin put on the picture: light on the relief, then the texture's way to the pixels (`studio.shading`).
import { clamp, linspace, spline } from "./studio_numbers.js";
import { evenRound, fill, makePlane } from "./studio_canvas.js";
import { blurred, convolved, doubled, resized, shrunk } from "./studio_blur.js";
import { jawShift } from "./studio_head.js";
import { ANGLE, CELLS, MARGIN } from "./studio_relief.js";
import { FINE } from "./studio_skin.js";

const CELL = 6; // the head is looked up at one point in so many pixels each way
const HALF_KERNEL = (() => {
  const kernel = Float64Array.from({ length: 13 }, (_, k) => Math.exp(-0.5 * ((k - 6) / 2) ** 2));
  const sum = kernel.reduce((all, value) => all + value, 0);
  return kernel.map((value) => value / sum);
})();

// Brightness of the skin's cells, about 1 where the light falls full; `towards` is the lamp in the head's own axes.
function shadeSkin(skin, units, towards, ambient, strength) {
  const relief = skin.base.slice();
  for (const [unit, windows] of Object.entries(skin.units)) {
    windows.forEach(({ relief: added, top, bottom, left, right }, side) => {
      const much = units[side][unit];
      if (!much) return;
      for (let row = top; row <= bottom; row++) {
        for (let k = row * CELLS + left; k <= row * CELLS + right; k++) relief[k] += much * added[k];
      }
    });
  }
  // Hollows are darker than hills: the relief against its own surroundings.
  const half = CELLS / 2;
  const around = resized(convolved(shrunk(relief, CELLS, CELLS, 2), half, half, HALF_KERNEL), half, half, CELLS, CELLS);
  const value = new Float32Array(CELLS * CELLS);
  const [lx, ly, lz] = towards;
  for (let row = 0; row < CELLS; row++) {
    const up = (row ? row - 1 : 1) * CELLS;
    const low = (row < CELLS - 1 ? row + 1 : CELLS - 2) * CELLS;
    const at = row * CELLS;
    for (let column = 0; column < CELLS; column++) {
      const left = column ? column - 1 : 1;
      const right = column < CELLS - 1 ? column + 1 : CELLS - 2;
      const k = at + column;
      const gx = 0.125 * skin.perAcross[k] * (relief[up + right] - relief[up + left] + relief[low + right] - relief[low + left]
        + 2 * (relief[at + right] - relief[at + left]));
      const gy = (0.125 / skin.down) * (relief[low + left] - relief[up + left] + relief[low + right] - relief[up + right]
        + 2 * (relief[low + column] - relief[up + column]));
      const [nx, ny, nz] = [skin.nx[k], skin.ny[k], skin.nz[k]];
      const lit = (nx * lx + ny * ly + nz * lz - (nz * lx - nx * lz) * gx - gy * ly) / Math.sqrt(1 + gx * gx + gy * gy);
      const hollow = clamp((around[k] - relief[k]) * 5.5, -0.1, 0.36);
      const bright = Math.max(lit * 0.78 * strength + 0.22 * strength, 0) + ambient;
      const shine = clamp((lit - 0.8) * 4, 0, 1);
      value[k] = bright * (1 - hollow) + shine * shine * skin.gloss;
    }
  }
  return value;
}

// For points of a coarse grid over a part of the picture, the cell of the colour texture that each looks at.
function unroll(pose, skin, xs, ys) {
  const { head } = pose;
  const bottom = head.bottom + MARGIN;
  const perDepth = pose.sp / pose.cp;
  const turned = Math.abs(pose.sy) > 1e-3 || Math.abs(pose.sp) > 1e-3;
  const strongly = Math.abs(pose.sy) + Math.abs(pose.sp) > 0.25;
  const steps = turned ? (strongly ? 3 : 2) : 1;
  const columns = new Float32Array(xs.length * ys.length);
  const rows = new Float32Array(xs.length * ys.length);
  let k = 0;
  for (const py of ys) {
    for (const px of xs) {
      const dx = (px - pose.centre[0]) / pose.scale;
      const dy = (py - pose.centre[1]) / pose.scale - pose.pivot;
      const u = dx * pose.cr + dy * pose.sr;
      const v = (dy * pose.cr - dx * pose.sr - 0.35 * pose.sp + pose.pivot * pose.cp) / pose.cp;
      let depth = 0.8;
      let lift = 0;
      let angle = 0;
      let rest = 0;
      for (let step = 0; step < steps; step++) {
        rest = pose.atRest(v + (depth + lift) * perDepth);
        // Where the head closes at the chin, its underside is drawn as part of a wider cap.
        let [w, front] = head.row(rest);
        w = Math.max(w, 0.3);
        front = Math.max(front, 0.55);
        const side = front * pose.sy;
        const ahead = w * pose.cy;
        const sine = clamp((u - lift * pose.sy) / Math.sqrt(ahead * ahead + side * side), -0.9995, 0.9995);
        angle = Math.asin(sine) - Math.atan2(side, ahead);
        if (!turned) continue;
        depth = front * pose.cy * Math.cos(angle) - w * pose.sy * Math.sin(angle);
        const row = clamp(((rest - head.top) * (CELLS - 1)) / (bottom - head.top), 0, CELLS - 1);
        const column = clamp(((angle + ANGLE) * (CELLS - 1)) / (2 * ANGLE), 0, CELLS - 1);
        lift = skin.lift[Math.floor(row) * CELLS + Math.floor(column)];
      }
      columns[k] = ((angle + ANGLE) * (FINE - 1)) / (2 * ANGLE);
      rows[k] = ((rest - head.top) * (FINE - 1)) / (bottom - head.top);
      k++;
    }
  }
  return { columns, rows };
}

// Heights at which the outline of the head is drawn: more of them where it closes.
const OUTLINE_ROWS = [];
for (let row = 0; row < 20; row += 3) OUTLINE_ROWS.push(row);
for (let row = 20; row < 540; row += 10) OUTLINE_ROWS.push(row);
for (let row = 540; row < 580; row += 4) OUTLINE_ROWS.push(row);
for (let row = 580; row < 600; row++) OUTLINE_ROWS.push(row);

function headOutline(pose) {
  const heights = OUTLINE_ROWS.map((row) => pose.head.y[row]).map((y) => y + jawShift(y, pose.drop));
  const left = heights.map((y) => pose.outline(0, y));
  return left.concat(heights.map((y) => pose.outline(1, y)).reverse());
}

// The midline of a turned face, from brow to chin: nose, lips and chin stand out from the head's outline.
function profileOutline(s) {
  const { i } = s;
  const p = s.face.points;
  const { drop } = s.face;
  const deep = i.noseDepth;
  const tip = i.noseLength;
  const line = spline([ // [y, how far in front of the head]
    [-0.34, 0], [-0.16, 0.03], [-0.02, 0.045 * i.bridge], [tip - 0.26, 0.15 * deep], [tip - 0.11, 0.275 * deep],
    [tip - 0.055, 0.285 * deep], [tip - 0.005, 0.235 * deep], [tip + 0.015, 0.13 * deep], [p[51][1] - 0.05, 0.05],
    [p[51][1], 0.08], [p[62][1], 0.055], [p[66][1], 0.05], [p[57][1], 0.07], [p[57][1] + 0.07, 0.022],
    [i.chin - 0.14 + drop, 0.045], [i.chin - 0.05 + drop, 0],
  ], 4);
  const ahead = line.map(([y, lift]) => s.pose.onFace([0, y], lift));
  return ahead.concat(line.map(([y]) => s.pose.onFace([0, y], -0.22)).reverse());
}

// The unit vector towards a lamp, as the turned head sees it.
function lampOfHead(light, pose) {
  const a = (light.azimuth * Math.PI) / 180;
  const e = (light.elevation * Math.PI) / 180;
  let [x, y, z] = [Math.sin(a) * Math.cos(e), -Math.sin(e), Math.cos(a) * Math.cos(e)];
  [x, y] = [x * pose.cr + y * pose.sr, -x * pose.sr + y * pose.cr];
  [y, z] = [y * pose.cp + z * pose.sp, z * pose.cp - y * pose.sp];
  [x, z] = [x * pose.cy - z * pose.sy, x * pose.sy + z * pose.cy];
  return [x, y, z];
}

// Shadows on skin keep their red: light scatters under the surface.
function toneCurves(tone) {
  const warm = tone <= 6 ? 0.2 : 0.1;
  return [1 - 1.3 * warm, 1 - 0.1 * warm, 1 + 0.5 * warm].map((power) => Uint8Array.from({ length: 256 }, (_, k) => {
    const value = k / 160;
    return Math.trunc(clamp((value < 1 ? value ** power : value) * 160, 0, 255));
  }));
}

const rimCurve = (value) => 0.74 + 0.26 * clamp((value / 255 - 0.45) / 0.5, 0, 1) ** 0.8;

// The head: shaded texture inside the outline.
export function drawSkin(s, skin, light) {
  const { pose, picture } = s;
  const outline = headOutline(pose);
  const profile = Math.abs(pose.sy) > 0.25 ? profileOutline(s) : null;
  const shown = profile ? outline.concat(profile) : outline;
  const xs = shown.map((p) => p[0]);
  const ys = shown.map((p) => p[1]);
  const x0 = Math.max(Math.floor(Math.min(...xs)) - 2, 0);
  const y0 = Math.max(Math.floor(Math.min(...ys)) - 2, 0);
  const width = Math.min(Math.ceil(Math.max(...xs)) + 3, picture.width) - x0;
  const height = Math.min(Math.ceil(Math.max(...ys)) + 3, picture.height) - y0;
  if (width <= 0 || height <= 0) return;
  const value = shadeSkin(skin, s.units, lampOfHead(light, pose), light.ambient, light.strength);
  const tone = doubled(value.map((v) => Math.trunc(Math.min(v * 160, 255))), CELLS, CELLS);

  const mask = makePlane(width, height);
  const local = (points) => points.map(([x, y]) => [x - x0, y - y0]);
  fill(mask, local(outline), 255);
  if (profile) fill(mask, local(profile), 255);
  // The edge turns away from the light: a soft rim.
  const [quarterWide, quarterTall] = [evenRound(width / 4), evenRound(height / 4)];
  const small = shrunk(padded(mask, 4 * quarterWide, 4 * quarterTall), 4 * quarterWide, 4 * quarterTall, 4);
  const soft = blurred(small, quarterWide, quarterTall, (0.055 * s.unit) / 4 + 0.3, 3).map(rimCurve);
  const rim = resized(soft, quarterWide, quarterTall, width, height);

  const across = Math.max(2, Math.ceil(width / CELL) + 1);
  const along = Math.max(2, Math.ceil(height / CELL) + 1);
  const cells = unroll(pose, skin, linspace(x0, x0 + width - 1, across), linspace(y0, y0 + height - 1, along));
  const curves = toneCurves(s.i.tone);
  const colour = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    const gy = (y * (along - 1)) / Math.max(height - 1, 1);
    const above = Math.min(Math.floor(gy), along - 2);
    const py = gy - above;
    for (let x = 0; x < width; x++) {
      const share = mask.data[y * width + x] / 255;
      if (share <= 0) continue;
      const gx = (x * (across - 1)) / Math.max(width - 1, 1);
      const before = Math.min(Math.floor(gx), across - 2);
      const px = gx - before;
      const g = above * across + before;
      const column = between(cells.columns, g, across, px, py);
      const row = between(cells.rows, g, across, px, py);
      sample(skin.colour, tone, column, row, colour);
      const lit = Math.round(sample.tone * rim[y * width + x]);
      const k = 4 * ((y + y0) * picture.width + x + x0);
      for (let c = 0; c < 3; c++) {
        const seen = Math.min((colour[c] * curves[c][lit > 255 ? 255 : lit < 0 ? 0 : lit]) / 160, 255);
        picture.data[k + c] += (seen - picture.data[k + c]) * share;
      }
    }
  }
}

// A plane in a larger or smaller size: its last row and column are repeated, or it is cut.
function padded({ data, width, height }, wide, tall) {
  const out = new Float32Array(wide * tall);
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) out[y * wide + x] = data[Math.min(y, height - 1) * width + Math.min(x, width - 1)];
  }
  return out;
}

function between(values, at, across, px, py) {
  const upper = values[at] + (values[at + 1] - values[at]) * px;
  const lower = values[at + across] + (values[at + across + 1] - values[at + across]) * px;
  return upper + (lower - upper) * py;
}

// Colour and tone between four cells; the colour goes into `out`, the tone into `sample.tone`.
function sample(planes, tone, column, row, out) {
  const x = column < 0 ? 0 : column > FINE - 1 ? FINE - 1 : column;
  const y = row < 0 ? 0 : row > FINE - 1 ? FINE - 1 : row;
  const left = Math.min(x | 0, FINE - 2);
  const top = Math.min(y | 0, FINE - 2);
  const at = top * FINE + left;
  const px = x - left;
  const py = y - top;
  const [a, b, c, d] = [(1 - px) * (1 - py), px * (1 - py), (1 - px) * py, px * py];
  for (let k = 0; k < 3; k++) {
    const plane = planes[k];
    out[k] = Math.round(a * plane[at] + b * plane[at + 1] + c * plane[at + FINE] + d * plane[at + FINE + 1]);
  }
  sample.tone = Math.round(a * tone[at] + b * tone[at + 1] + c * tone[at + FINE] + d * tone[at + FINE + 1]);
}
