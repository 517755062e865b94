// Whole heads of hair: what hangs behind and beside the face, and headscarves (`studio.hair`).
import { clamp, interp, linspace, reversed, resample } from "./studio_numbers.js";
import { disc, fill, fillAll, stroke } from "./studio_canvas.js";
import { CAPS, CURTAINS, drawCap, drawCurls, drawStrands, hairRing, TURNED } from "./studio_hair.js";

// What lies behind the head and the neck.
export function drawHairBehind(s) {
  const { i, unit } = s;
  const [crown, sides] = CAPS[i.hairStyle] ?? [];
  if (i.hairStyle in CURTAINS) {
    const [reach] = CURTAINS[i.hairStyle];
    const ring = hairRing(s, 0.3, crown, sides);
    const low = (reach < 1.2 ? reach : 2.2) - 0.3;
    const [dx, dy] = s.pose.down;
    const ends = [ring[ring.length - 1], ring[0]].map(([x, y]) => [x + dx * low, y + dy * low]);
    fill(s.picture, ring.concat(ends), s.colour(i.hair, 0.62));
    if (Math.abs(s.pose.sy) > TURNED) drawCurtains(s, true);
  } else if (i.hairStyle === "bun") {
    const [x, y] = s.pose.turn([0, s.pose.head.top - 0.14, -0.25]);
    disc(s.picture, [x, y], [0.27 * unit, 0.23 * unit], s.colour(i.hair, 0.86));
    for (const [size, tone] of [[0.19, 1.12], [0.11, 0.94]]) {
      disc(s.picture, [x - 0.03 * unit, y - 0.03 * unit], [size * unit, size * 0.8 * unit], s.colour(i.hair, tone));
    }
  } else if (i.hairStyle === "afro" || i.hairStyle === "curly") {
    const ring = hairRing(s, i.hairStyle === "afro" ? 0.16 : 0.05, crown, sides);
    fill(s.picture, ring, s.colour(i.hair, 0.86));
    drawCurls(s, ring, i.hairStyle === "afro" ? 0.075 : 0.06, 1, 0.14);
  }
}

// The hair over the forehead and the sides.
export function drawHairBefore(s) {
  const style = s.i.hairStyle;
  if (style === "bald") return;
  if (style === "headscarf") {
    drawHeadscarf(s);
    return;
  }
  drawCap(s);
  if (style in CURTAINS) drawCurtains(s, false);
}

// Hair that falls beside the face, over ears and shoulders; on the far side of a turned head, behind it.
function drawCurtains(s, far) {
  const { i, pose } = s;
  const [reach, wide] = CURTAINS[i.hairStyle];
  const waves = linspace(0, 4.2 * Math.PI, 16).map((at) => (i.hairStyle === "long wavy" ? 0.035 * Math.sin(at) : 0));
  for (const side of [0, 1]) {
    const sign = side ? 1 : -1;
    if (sign * pose.sy > TURNED !== far) continue;
    // From the side, hair falls from the back of the skull, which is widest at the height of the eyes.
    const low = Math.abs(pose.sy) > TURNED && !far ? -0.05 : 0.3;
    const edge = [];
    const inner = [];
    linspace(-0.62, reach, 16).forEach((y, k) => {
      const onHead = Math.min(y, 0.3);
      const limit = pose.edgeAngle(side, onHead);
      const angle = sign * interp(y, [-0.62, -0.35, 0.1, 0.5], [1.02, 1.2, 1.3, 1.24]);
      const curl = reach < 1.2 ? -sign * 0.1 * clamp((y - reach + 0.35) / 0.35, 0, 1) ** 2 : 0;
      const spread = clamp(y - 0.3, 0, 1);
      const put = ([px, py], fallen, aside) => [
        px + fallen * pose.down[0] + aside * pose.sideways[0], py + fallen * pose.down[1] + aside * pose.sideways[1],
      ];
      const start = pose.outline(side, Math.min(y, low), 0.05 + 0.07 * clamp((onHead + 0.62) / 0.5, 0, 1));
      edge.push(put(start, Math.max(y - low, 0), sign * (waves[k] + wide * 0.25 * spread) + curl));
      const held = pose.around(sign > 0 ? Math.min(angle, limit) : Math.max(angle, limit), onHead, 0.015);
      inner.push(put(held, Math.max(y - 0.3, 0), sign * waves[k] + curl * 0.4 + sign * 0.02 * spread));
    });
    fill(s.picture, edge.concat(reversed(inner)), s.colour(i.hair, 0.88));
    drawStrands(s, edge, inner, 46, false, 10 + side);
  }
}

const CLOTHS = [[126, 72, 92], [64, 92, 108], [168, 138, 104], [92, 104, 80], [70, 66, 96]];

function drawHeadscarf(s) {
  const { i, pose } = s;
  const cloth = CLOTHS[i.seed % 5];
  const ring = hairRing(s, 0.35, 0.075, 0.075);
  const [down, aside] = [pose.down, pose.sideways];
  const chin = i.chin + Math.max(s.face.drop, 0);
  const hung = ([x, y], sign) => [
    x + down[0] * (chin + 0.45) + sign * aside[0] * 0.1, y + down[1] * (chin + 0.45) + sign * aside[1] * 0.1,
  ];
  const outer = [hung(ring[0], -1), ...ring, hung(ring[ring.length - 1], 1)];
  const face = linspace(0, 2 * Math.PI, 41).slice(0, -1).map((angle) => {
    const y = Math.cos(angle) > 0 ? -0.6 * Math.cos(angle) : -(chin + 0.015) * Math.cos(angle);
    const turn = 1.22 * Math.sign(Math.sin(angle)) * Math.abs(Math.sin(angle)) ** 0.6;
    return pose.around(clamp(turn, pose.edgeAngle(0, y) + 0.06, pose.edgeAngle(1, y) - 0.06), y, 0.01);
  });
  fillAll(s.picture, [outer, face], s.colour(cloth));
  const low = resample(face.slice(28).concat(face.slice(0, 13)), ring.length - 4);
  for (const [share, tone] of [[0.35, 0.8], [0.62, 1.14], [0.85, 0.84]]) {
    const fold = ring.slice(2, -2).map(([x, y], k) => [x * share + low[k][0] * (1 - share), y * share + low[k][1] * (1 - share)]);
    stroke(s.picture, fold, s.colour(cloth, tone), s.thin * 1.5);
  }
  stroke(s.picture, face, s.colour(cloth, 0.7), s.thin * 1.5, true);
  for (const share of [-0.3, -0.1, 0.12, 0.3]) {
    const start = pose.turn([share * 0.8, chin + 0.06, 0.45]);
    const end = [start[0] + down[0] * 0.45 + aside[0] * share * 0.9, start[1] + down[1] * 0.45 + aside[1] * share * 0.9];
    stroke(s.picture, [start, end], s.colour(cloth, 0.78), s.thin * 1.5);
  }
}
