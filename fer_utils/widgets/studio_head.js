// The head in three dimensions, and the way from head units to pixels (`studio.anatomy` and `studio.pose`).
// Head units: x to the viewer's right, y down, z towards the viewer.  The head is a stack of half-ellipses.
import { clamp, interp, linspace, smoothStep, spline } from "./studio_numbers.js";

const ROWS = 600;
export const SIDES = [-1, 1]; // side 0 is the person's right, which the viewer has at the left

// The head of a person at rest: half-width, front and back depth by height, and the heights of the jaw's landmarks.
export function headOf(i) {
  const half = 0.7 * i.headWidth;
  const share = half / 0.7;
  const outline = [
    [-i.crown, 0],
    [-i.crown + 0.016, 0.16 * share],
    [-i.crown + 0.115, 0.412 * share],
    [-0.8, 0.64 * i.forehead * share],
    [-0.48, half * i.forehead * 1.025],
    [-0.1, half * 0.995],
    [0.16, half * i.cheekbones],
    [0.45, 0.625 * i.cheekbones * share],
    [0.72, 0.515 * i.jaw * share],
    [i.chin - 0.2, 0.365 * (0.5 * i.jaw + 0.5 * i.chinWidth) * share],
    [i.chin - 0.062, 0.235 * i.chinWidth * share],
    [i.chin - 0.013, 0.125 * i.chinWidth * share],
    [i.chin, 0],
  ];
  const curve = spline(outline, 24);
  const heights = curve.map((p) => p[0]);
  for (let k = 1; k < heights.length; k++) heights[k] = Math.max(heights[k], heights[k - 1]);
  const halves = curve.map((p) => p[1]);
  const y = linspace(-i.crown, i.chin, ROWS);
  const w = y.map((at) => Math.max(interp(at, heights, halves), 1e-3));
  const front = [];
  const back = [];
  y.forEach((at, k) => {
    const high = 0.55 * smoothStep((-0.5 - at) / 0.5); // the crown is a dome from every side
    let ahead = 0.86 * (w[k] / 0.7) ** (0.3 + high);
    if (at < -0.5) ahead *= 1 - 0.1 * smoothStep((-0.5 - at) / 0.6);
    const close = clamp(w[k] / 0.2, 0, 1);
    if (at < -0.9) ahead *= close ** 0.7;
    front.push(ahead);
    let behind = 0.96 * (w[k] / 0.7) ** (0.4 + high) * (1 - 0.85 * smoothStep((at + 0.02) / 0.52));
    if (at < -0.9) behind *= close ** 0.6;
    back.push(behind);
  });
  // Jaw landmarks: equal steps of arc from eye level to chin.
  const below = curve.filter((p) => p[0] >= 0.03);
  const arc = [0];
  for (let k = 1; k < below.length; k++) {
    arc.push(arc[k - 1] + Math.hypot(below[k][0] - below[k - 1][0], below[k][1] - below[k - 1][1]));
  }
  const halfJaw = linspace(0, arc[arc.length - 1], 9).map((at) => interp(at, arc, below.map((p) => p[0])));
  const head = { top: y[0], bottom: y[ROWS - 1], step: y[1] - y[0], y, w, front, back };
  head.jawY = halfJaw.concat(halfJaw.slice(0, 8).reverse());
  // [half-width, front depth, back depth] at a height.
  head.row = (at) => {
    const index = clamp((at - head.top) / head.step, 0, ROWS - 1.001);
    const low = Math.floor(index);
    const part = index - low;
    return [
      w[low] + part * (w[low + 1] - w[low]),
      front[low] + part * (front[low + 1] - front[low]),
      back[low] + part * (back[low + 1] - back[low]),
    ];
  };
  return head;
}

// How far a dropped jaw moves the skin at a height: nothing above the upper lip.
export const jawShift = (y, drop) => drop * smoothStep((y - 0.55) / 0.42);

// Turns head units into pixels: yaw, then pitch, then roll (degrees), then scale and shift.
export function makePose(head, drop, angles, scale, centre) {
  const [yaw, pitch, roll] = angles.map((degrees) => (degrees * Math.PI) / 180);
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const [cr, sr] = [Math.cos(roll), Math.sin(roll)];
  const pivot = 0.55;
  const moved = head.y.map((y) => y + jawShift(y, drop));
  const turned = [[cy, 0, sy], [sy * sp, cp, -cy * sp]];
  const matrix = [[cr, -sr], [sr, cr]].map((row) => [0, 1, 2].map((k) => scale * (row[0] * turned[0][k] + row[1] * turned[1][k])));
  const rest = -cp * pivot + 0.35 * sp;
  const offset = [centre[0] - scale * sr * rest, centre[1] + scale * (cr * rest + pivot)];
  const place = (x, y, z) => [
    matrix[0][0] * x + matrix[0][1] * y + matrix[0][2] * z + offset[0],
    matrix[1][0] * x + matrix[1][1] * y + matrix[1][2] * z + offset[1],
  ];
  const atRest = Math.abs(drop) > 1e-6 ? (y) => interp(y, moved, head.y) : (y) => y;
  // A point as seen from the front, put on the surface.
  function onFace([x, y], lift = 0) {
    const [w, front] = head.row(atRest(y));
    let at = x;
    if (Math.abs(sy) > 0.2) { // what would lie beyond the horizon of a turned head lies on it
      const ahead = w * cy;
      const edge = (w * ahead) / Math.sqrt(ahead * ahead + (front * sy) ** 2);
      at = sy > 0 ? Math.min(x, edge) : Math.max(x, -edge);
    }
    return place(at, y, front * Math.sqrt(Math.max(1 - (at / w) ** 2, 0)) + lift);
  }
  // A point at an angle around the head (radians, 0 in front) and a height.
  function around(angle, y, grow = 0) {
    const [w, front, back] = head.row(atRest(y));
    const c = Math.cos(angle);
    return place((w + grow) * Math.sin(angle), y, ((c > 0 ? front : back) + grow) * c);
  }
  // The angle at which the outline lies, for a side (0 the viewer's left, 1 right).
  function edgeAngle(side, y) {
    const [w, front, back] = head.row(atRest(y));
    const far = sy > 0 === (side === 1);
    const phi = Math.atan2((far ? front : back) * sy, w * cy);
    return side === 1 ? 0.5 * Math.PI - phi : -0.5 * Math.PI - phi;
  }
  // The head's outline on a side; at no larger angle than `least`.
  function outline(side, y, grow = 0, least = 9) {
    const edge = edgeAngle(side, y);
    return around(side ? Math.min(edge, least) : Math.max(edge, -least), y, grow);
  }
  return {
    head, drop, scale, centre, yaw, cy, sy, cp, sp, cr, sr, pivot, atRest, onFace, around, edgeAngle, outline,
    turn: ([x, y, z]) => place(x, y, z), place,
    // Pixels of a step down and a step to the right in the plane of the picture, one head unit long.
    down: [-sr * scale, cr * scale], sideways: [cr * scale, sr * scale],
  };
}

// The 68 landmarks in pixels; the jaw's lie on the visible outline.
export function landmarksOf(face, pose) {
  const pixels = face.points.map((point, k) => pose.onFace(point, face.lift[k]));
  for (let k = 0; k < 17; k++) {
    const y = face.points[k][1];
    // Never behind the ear: on the near side of a turned head the jaw ends there.
    if (k === 8) pixels[k] = pose.turn([0, y, pose.head.front[ROWS - 1] * 0.55]);
    else pixels[k] = pose.outline(k < 8 ? 0 : 1, y, 0, 1.6);
  }
  return pixels;
}
