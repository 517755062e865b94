// The mouth: lips, teeth, tongue and corners (`studio.mouth`).
import { interp, linspace, mixColours, moved, reversed, shadeOf, spline, weighted } from "./studio_numbers.js";
import { closeWindow, darken, disc, fill, flood, openWindow, stroke, strokes, tapered } from "./studio_canvas.js";
import { lineColour } from "./studio_features.js";

export function drawMouth(s) {
  const { i, marks: p, unit } = s;
  let rosy = i.tone <= 6 ? mixColours(i.skin, [178, 74, 76], 0.5) : mixColours(i.skin, [128, 62, 64], 0.45);
  if (i.male) rosy = mixColours(rosy, i.skin, 0.42);
  const upper = s.colour(shadeOf(rosy, 0.83));
  const lower = s.colour(shadeOf(rosy, 1.02));
  const curve = (marks, steps) => spline(marks.map((k) => p[k]), steps);
  const top = curve([48, 49, 50, 51, 52, 53, 54], 5);
  const low = curve([54, 55, 56, 57, 58, 59, 48], 5);
  const inTop = curve([60, 61, 62, 63, 64], 6);
  const above = reversed(inTop);
  const inLow = curve([64, 65, 66, 67, 60], 6).map(([x, y], k) => [x, Math.max(y, above[k][1])]);
  const opening = (p[66][1] - p[62][1]) / unit;
  fill(s.picture, top.concat(low), lower);
  const seam = opening > 0.012 ? inTop : weighted(inTop, reversed(inLow), 0.5, 0.5);
  fill(s.picture, [...top, p[64], ...reversed(seam), p[60]], upper);
  if (p[57][1] - p[66][1] > 0.04 * unit) { // a light on the lower lip, inside its outline
    const below = curve([55, 56, 57, 58, 59], 4).slice(2, 15);
    const inner = inLow.slice(6, -6);
    const glow = weighted(inner, below, 0.62, 0.38).concat(reversed(weighted(inner, below, 0.36, 0.64)));
    const window = openWindow(s.picture, glow);
    if (window) {
      flood(window.patch, s.colour(mixColours(rosy, [255, 246, 240], 0.3)));
      closeWindow(window, 0.55);
    }
  }
  const dark = s.colour(mixColours([46, 16, 18], lineColour(i), 0.15));
  if (opening > 0.012) {
    const window = openWindow(s.picture, inTop.concat(inLow));
    if (window) {
      drawInside(s, window, opening, inTop);
      closeWindow(window);
    }
    stroke(s.picture, inTop, mixColours(dark, upper, 0.35), s.thin);
    stroke(s.picture, inLow, mixColours(dark, lower, 0.55), s.thin);
  } else {
    const shares = linspace(0, 1, seam.length);
    const widths = shares.map((u) => 0.015 * unit * (0.55 + 0.45 * Math.sin(Math.PI * u)) * (1 + 0.3 * s.both(24)));
    const line = [p[48], ...seam.slice(3, -3), p[54]];
    fill(s.picture, tapered(line, linspace(0, 1, line.length).map((u) => interp(u, shares, widths))), dark);
  }
  drawCorners(s, dark);
}

// A small dark comma at each corner, longer when the lips are pulled.
function drawCorners(s, dark) {
  const { unit } = s;
  const colour = mixColours(dark, s.colour(s.i.skin), 0.25);
  const widths = linspace(0, 1, 9).map((u) => interp(u, [0, 0.5, 1], [0.008, 0.014, 0.003]) * unit);
  [48, 54].forEach((index, side) => {
    const away = side ? 1 : -1;
    const [x, y] = s.marks[index];
    const size = 0.026 * Math.max(...[12, 14, 15, 20, 24].map((number) => s.a(number, side)));
    const rise = -0.014 - 0.03 * s.a(12, side) + 0.03 * s.a(15, side);
    const comma = [[x - away * 0.035 * unit, y], [x, y], [x + away * (0.006 + size) * unit, y + rise * unit]];
    fill(s.picture, tapered(spline(comma, 4), widths), colour);
  });
}

// Cavity, tongue and teeth; the upper teeth belong to the skull, the lower to the jaw.
function drawInside(s, window, opening, rim) {
  const { patch } = window;
  flood(patch, s.colour([58, 18, 22]));
  if (opening > 0.1) {
    disc(patch, window.to([s.parts.tongue])[0], [0.18 * s.unit, 0.11 * s.unit], s.colour([164, 78, 80]));
  }
  const enamel = s.colour([238, 233, 224], 0.96);
  fill(patch, window.to(s.parts.teeth), enamel);
  strokes(patch, s.parts.gaps.map((gap) => window.to(gap)), shadeOf(enamel, 0.9), s.thin);
  if (s.both(16) > 0.15 || s.both(20) > 0.3 || opening > 0.2) {
    fill(patch, window.to(s.parts.lowTeeth), shadeOf(enamel, 0.88));
  }
  // The lip's shadow on the teeth.
  const edge = window.to(rim);
  darken(patch, [edge.concat(reversed(moved(edge, 0, 0.026 * s.unit)))], 0.7);
}
