// What action units do to a face: the 68 landmarks and the lids, seen from the front (`studio.anatomy.face_of`).
import { clamp, linspace } from "./studio_numbers.js";
import { jawShift, SIDES } from "./studio_head.js";

const LID_U = linspace(-1, 1, 17); // along a lid: -1 at the outer corner, +1 at the inner
const LID_PICK = [5, 11]; // where the lids' landmarks sit
const BROW_U = linspace(0, 1, 5); // 0 inner end, 1 outer end
const BROW_1 = [1.0, 0.78, 0.36, 0.08, 0.0];
const BROW_2 = [0.0, 0.18, 0.6, 1.0, 0.85];
const BROW_4 = [1.0, 0.9, 0.62, 0.3, 0.08];
const BROW_4X = [1.0, 0.8, 0.42, 0.12, 0.0];
const BROW_ARCH = BROW_U.map((u) => Math.sin(Math.PI * clamp(u * 0.86, 0, 1) ** 1.3));
const ROUND_UP = LID_U.map((u) => clamp(1 - u * u, 0, 1) ** 0.72 * (1 + 0.1 * u));
const ROUND_LOW = LID_U.map((u) => clamp(1 - u * u, 0, 1) ** 0.85 * (1 - 0.16 * u));
// How far each landmark stands in front of the half-ellipse.
const LIFT = new Array(17).fill(0).concat(
  new Array(10).fill(0.02), [0.06, 0.13, 0.21, 0.28], [0.08, 0.13, 0.17, 0.13, 0.08], new Array(12).fill(-0.03),
  [-0.01, 0.04, 0.07, 0.075, 0.07, 0.04, -0.01, 0.03, 0.06, 0.065, 0.06, 0.03],
  [-0.01, 0.03, 0.055, 0.03, -0.01, 0.03, 0.05, 0.03],
);

// `units[side]` maps each action unit to 0..1; side 0 is the person's right.
export function faceOf(i, units, head) {
  const points = new Array(68);
  const face = { points, upper: [], lower: [], closed: [] };
  const both = (unit) => 0.5 * (units[0][unit] + units[1][unit]);
  face.drop = Math.min(0.11 * both(26) + 0.21 * both(27), 0.23) - 0.03 * both(17) * (1 - both(26));
  SIDES.forEach((sign, side) => {
    brow(i, units[side], sign, points);
    eye(i, units[side], sign, face);
  });
  nose(i, units, both, points);
  mouthMarks(i, units, both, face.drop, points);
  for (let k = 0; k < 17; k++) {
    const y = head.jawY[k];
    points[k] = [Math.sign(k - 8) * head.row(y)[0], y + jawShift(y, face.drop)];
  }
  face.lift = LIFT.map((lift, k) => (Math.floor(k / 9) === 3 ? lift * i.noseDepth : lift));
  return face;
}

function brow(i, g, sign, points) {
  const uneven = 1 + 0.03 * i.asymmetry * sign;
  for (let k = 0; k < 5; k++) {
    const u = BROW_U[k];
    let x = 0.115 + u * (i.eyeSpacing + i.eyeWidth * 0.6 - 0.1);
    let y = -i.browHeight * uneven - i.browArch * BROW_ARCH[k] - i.browSlope * (u - 0.4) + 0.045 * u ** 3;
    y += -0.115 * g[1] * BROW_1[k] - 0.11 * g[2] * BROW_2[k] + 0.082 * g[4] * BROW_4[k];
    y += g[9] * 0.035 * BROW_4[k] + 0.01 * g[6] * BROW_2[k] - 0.012 * g[5];
    x += -0.04 * g[4] * BROW_4X[k] - 0.012 * g[9] * BROW_4X[k];
    points[sign < 0 ? 21 - k : 22 + k] = [sign * x, y];
  }
}

function eye(i, g, sign, face) {
  const uneven = 1 + 0.03 * i.asymmetry * sign;
  let high = 0.57 * i.eyeHeight * uneven;
  high *= (1 + 0.5 * g[5] + 0.06 * g[2] + 0.05 * g[1]) * (1 - 0.24 * g[7] - 0.1 * g[4] - 0.14 * g[9]);
  let low = 0.38 * i.eyeHeight;
  low *= 1 + 0.1 * g[5] - 0.62 * g[7] - 0.55 * g[6] - 0.25 * g[9] - 0.12 * g[12];
  low = Math.max(low, -0.04);
  const shut = Math.min(g[43] + g[45], 1);
  low += shut * (0.8 * 0.34 * i.eyeHeight - low);
  high = (1 - shut) * high - shut * low;
  const blend = shut * shut;
  const upper = [];
  const lower = [];
  LID_U.forEach((u, k) => {
    const x = sign * (i.eyeSpacing - u * 0.5 * i.eyeWidth);
    const line = i.eyeTilt * i.eyeWidth * 0.5 * u;
    upper.push([x, line - high * ((1 - blend) * ROUND_UP[k] + blend * ROUND_LOW[k])]);
    lower.push([x, line + low * ROUND_LOW[k]]);
  });
  const [first, second] = LID_PICK;
  const marks = sign < 0
    ? [upper[0], upper[first], upper[second], upper[16], lower[second], lower[first]]
    : [upper[16], upper[second], upper[first], upper[0], lower[first], lower[second]];
  marks.forEach((point, k) => { face.points[(sign < 0 ? 36 : 42) + k] = point.slice(); });
  face.upper.push(upper);
  face.lower.push(lower);
  face.closed.push(shut);
}

function nose(i, units, both, points) {
  const tip = i.noseLength - 0.085;
  [0, 0.3, 0.7, 1].forEach((share, k) => { points[27 + k] = [0, (tip * k) / 3 - 0.012 * both(9) * share]; });
  SIDES.forEach((sign, side) => {
    const g = units[side];
    const wing = i.noseWidth * (1 + 0.1 * g[9] + 0.05 * g[10] + 0.06 * g[12]);
    const y = i.noseLength - 0.03 - 0.04 * g[9] - 0.018 * g[10] - 0.006 * g[12];
    points[side ? 35 : 31] = [sign * wing * 0.78, y + 0.01];
    points[side ? 34 : 32] = [sign * wing * 0.4, i.noseLength + 0.6 * (y - i.noseLength + 0.03)];
  });
  points[33] = [0, i.noseLength + 0.012 - 0.02 * both(9)];
}

// Landmarks 48..67: corners by side, the middle by the mean of both sides.
function mouthMarks(i, units, both, drop, points) {
  const jaw = Math.max(drop, 0);
  const purse = both(18);
  const cornerX = units.map((g) => i.mouthWidth + 0.078 * g[12] + 0.022 * g[14] + 0.008 * g[15] + 0.088 * g[20]
    - 0.085 * purse - 0.03 * both(23) - 0.05 * both(27) - 0.012 * both(26));
  const cornerY = units.map((g) => i.mouthY - 0.022 - 0.1 * g[12] + 0.072 * g[15] + 0.034 * g[20] - 0.022 * g[14]
    - 0.02 * g[10] + 0.54 * jaw - 0.018 * both(17) - 0.02 * g[9]);
  const press = Math.min(both(24) + 0.45 * both(23), 1);
  const part = both(25);
  const seam = i.mouthY - 0.034 * both(17) - 0.006 * both(12);
  let top = seam - 0.016 * part - 0.06 * both(10) - 0.034 * both(9) - 0.026 * both(12) * part - 0.025 * both(27);
  let bottom = seam + (0.03 + 0.026 * both(12) + 0.03 * both(20)) * part + 0.062 * both(16) + 0.88 * jaw
    - 0.012 * both(17) * part;
  const middle = 0.5 * (top + bottom);
  if (jaw < 0.05) {
    top += press * 0.9 * (seam - top);
    bottom += press * 0.9 * (seam - bottom);
  }
  if (bottom < top + 0.002) {
    top = part < 0.05 ? seam : middle;
    bottom = top;
  }
  const thin = 1 - 0.62 * both(24) - 0.3 * both(23);
  const stretch = 1 - 0.2 * both(12) - 0.22 * both(20) - 0.12 * Math.min(jaw / 0.3, 1);
  const thickUp = i.lipUpper * thin * stretch * (1 + 0.3 * purse - 0.12 * both(15) - 0.1 * both(10));
  const thickLow = i.lipLower * thin * stretch * (1 + 0.25 * purse + 0.16 * both(17) - 0.1 * both(16));
  const lean = 0.5 * (cornerX[1] - cornerX[0]) * 0.6; // a one-sided pull drags the middle along
  const peak = top - thickUp;
  SIDES.forEach((sign, side) => {
    const [cx, cy] = [sign * cornerX[side], cornerY[side]];
    const put = (index, fraction, middleY, share) => {
      points[index] = [lean + (cx - lean) * fraction, middleY + share * (cy - middleY)];
    };
    const right = side === 1;
    points[right ? 54 : 48] = [cx, cy];
    points[right ? 64 : 60] = [lean + (cx - lean) * 0.93, cy + 0.002];
    const lift = 0.02 * units[side][10];
    put(right ? 53 : 49, 0.62, peak - lift, 0.42);
    put(right ? 52 : 50, 0.23, peak - 0.008 - 0.5 * lift, 0.02);
    put(right ? 63 : 61, 0.5, top, 0.2);
    put(right ? 65 : 67, 0.5, bottom, 0.2);
    put(right ? 55 : 59, 0.7, bottom + thickLow, 0.46);
    put(right ? 56 : 58, 0.36, bottom + thickLow, 0.1);
  });
  points[51] = [lean, peak + Math.min(Math.max(i.cupid, 0) * 0.045, 0.4 * thickUp)];
  points[57] = [lean, bottom + thickLow];
  points[62] = [lean, top + 0.003];
  points[66] = [lean, bottom + 0.003];
}
