// The Face lab without a kernel: the page checks a state, draws it, says it in words, and asks the network.
import { clamp } from "./studio_numbers.js";
import { studioPainter } from "./studio_draw.js";
import { drawnNetwork } from "./drawn48_network.js";

const SIDE = 48; // of the network's faces

// An error, in the words of Python's, for a state that cannot be drawn here.
export function checkState(state, offer) {
  const wrong = (name, expected) => { throw new Error(`\`${name}\`: expected ${expected}. Received: ${JSON.stringify(state[name])}.`); };
  if (!Number.isSafeInteger(state.person) || state.person < 0) wrong("person", "a whole number of 0 or more");
  const tone = state.tone ?? null;
  if (tone !== null && !(Number.isInteger(tone) && tone >= 1 && tone <= offer.tones.length)) {
    wrong("tone", `a whole number from 1 to ${offer.tones.length}`);
  }
  if (!offer.lights.includes(state.light)) wrong("light", `one of ${offer.lights.join(", ")}`);
  for (const [name, most] of Object.entries(offer.turns)) {
    if (!(Math.abs(state[name]) <= most)) wrong(name, `degrees from -${most} to ${most}`);
  }
  if ((state.occlusion ?? null) !== null && !offer.occlusions.includes(state.occlusion)) {
    wrong("occlusion", `nothing, or one of ${offer.occlusions.join(", ")}`);
  }
}

// What a state looks like, in words: the picture's alt text, as `describe` in Python has it.
export function describeState(state, tone, offer) {
  const own = (state.tone ?? null) === null ? "their own" : "set";
  const parts = [`Person ${state.person}, drawn, skin tone ${tone} of ${offer.tones.length} (${own})`];
  const sides = { L: ", their left side", R: ", their right side" };
  const shown = Object.entries(state.action_units ?? {}).filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1])
    .map(([key, value]) => {
      const number = key.replace(/^[LR]/, "");
      return `AU ${number} (${offer.units[number].name}${sides[key[0]] ?? ""}) at ${value.toFixed(2)}`;
    });
  parts.push(shown.join(", ") || "no action unit, a face at rest");
  const ways = { yaw: ["to the right", "to the left"], pitch: ["up", "down"], roll: ["tilted clockwise", "tilted anticlockwise"] };
  const turned = Object.entries(ways).filter(([name]) => Math.round(Math.abs(state[name])))
    .map(([name, way]) => `${Math.round(Math.abs(state[name]))}° ${way[state[name] < 0 ? 1 : 0]}`);
  parts.push(turned.length ? `head ${turned.join(", ")}` : "seen from the front");
  const direction = (value, positive, negative) => (value > 0.05 ? positive : value < -0.05 ? negative : "");
  const aside = direction(state.gaze[0], "right", "left");
  const upright = direction(state.gaze[1], "down", "up");
  if (aside) parts.push(`eyes to the ${aside}${upright ? ` and ${upright}` : ""}`);
  else if (upright) parts.push(`eyes ${upright}`);
  if (state.occlusion) parts.push(`${state.occlusion} in front of the face`);
  return `${[...parts, `${state.light} light`].join("; ")}.`;
}

// Where the face is cut out: the square that dlib finds in most drawn faces, which it seeks in steps.
export function faceBox(marks, size) {
  const share = size / 384;
  const mean = (axis) => marks.reduce((sum, point) => sum + point[axis], 0) / marks.length / share;
  const place = (at, usual, first) => first + 20 * Math.round((at - usual) / 20);
  return {
    x: Math.round(place(mean(0), 184.5, 94) * share), y: Math.round(place(mean(1), 225, 134) * share),
    side: Math.round(180 * share),
  };
}

// The network's face: the square cut out, grey, each of its 48 x 48 pixels the mean over the area that it covers.
// Outside the picture its edge pixels are repeated.
export function faceForNetwork(picture, box) {
  const { width, height, data } = picture;
  const grey = new Float32Array(box.side * box.side);
  for (let y = 0; y < box.side; y++) {
    for (let x = 0; x < box.side; x++) {
      const k = 4 * (clamp(box.y + y, 0, height - 1) * width + clamp(box.x + x, 0, width - 1));
      grey[y * box.side + x] = Math.round(0.299 * data[k] + 0.587 * data[k + 1] + 0.114 * data[k + 2]);
    }
  }
  const scale = box.side / SIDE;
  const spans = Array.from({ length: SIDE }, (_, k) => {
    const [from, to] = [k * scale, (k + 1) * scale];
    const span = [];
    for (let at = Math.floor(from); at < Math.min(Math.ceil(to), box.side); at++) {
      span.push([at, (Math.min(to, at + 1) - Math.max(from, at)) / scale]);
    }
    return span;
  });
  const face = new Uint8Array(SIDE * SIDE);
  spans.forEach((rows, y) => spans.forEach((columns, x) => {
    let sum = 0;
    for (const [row, share] of rows) {
      for (const [column, part] of columns) sum += grey[row * box.side + column] * share * part;
    }
    face[y * SIDE + x] = Math.round(sum);
  }));
  return face;
}

// What draws and scores: `draw(state)` gives { picture, marks, about, problem, scores }.
// `offer` and `weights` are those of the widget. `marks` are shares of the side; `scores` has one number a label, or is
// null where the widget has no network.
export function pageStudio({ offer, weights }) {
  const paint = studioPainter(offer.studio);
  const network = weights?.byteLength ? drawnNetwork(weights) : null;
  return {
    draw(state, size = 384) {
      checkState(state, offer);
      const { picture, marks, person } = paint(state, size);
      const scores = network ? Array.from(network.scores(faceForNetwork(picture, faceBox(marks, size)))) : null;
      return {
        picture, scores, problem: "", about: describeState(state, person.tone, offer),
        marks: marks.map(([x, y]) => [x / size, y / size]),
      };
    },
  };
}
