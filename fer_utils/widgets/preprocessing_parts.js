// What *Preprocessing* shows: the strip of frames, the scores, and the map of places.
import { element } from "./elements.js";

export const best = (scores) => scores.indexOf(Math.max(...scores));
const percent = (share) => `${Math.round(100 * share)} %`;

// Grey values of 0..255 on a canvas, one pixel each.
export function paintGrey(canvas, grey, size) {
  Object.assign(canvas, { width: size, height: size });
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  grey.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  context.putImageData(image, 0, 0);
}

// All frames as buttons, each with the strength of its expression and its label.
export function frameStrip({ strength, names }, [width, height], chosen) {
  const cells = strength.map((strong, number) => {
    const canvas = element("canvas", { "aria-hidden": "true", width: width / 2, height: height / 2 });
    const label = element("span", { class: "fer-prep-label" }, "…");
    const bar = element("span", { class: "fer-prep-strength", "aria-hidden": "true" },
      element("i", { style: `width:${100 * strong}%` }));
    const text = element("span", { class: "fer-prep-number" }, `${number}`);
    const button = element("button", { type: "button", class: "fer-prep-frame" }, canvas, bar, text, label);
    button.addEventListener("click", () => chosen(number));
    return { button, canvas, label, answer: null };
  });
  const name = (number, taken) => {
    const { answer } = cells[number];
    return `Frame ${number}, strength ${strength[number].toFixed(2)}`
      + `${taken ? ", chosen" : ""}${answer === null ? "" : `, called ${answer}`}`;
  };
  let taken = [];
  return {
    node: element("div", { class: "fer-prep-strip", role: "group", "aria-label": "Frames of the clip" },
      ...cells.map((cell) => cell.button)),
    draw: (number, source, [left, top]) => cells[number].canvas.getContext("2d")
      .drawImage(source, left, top, width, height, 0, 0, width / 2, height / 2),
    mark(shown, list) {
      taken = list;
      cells.forEach(({ button }, number) => {
        button.setAttribute("aria-pressed", number === shown);
        button.classList.toggle("fer-prep-taken", taken.includes(number));
        button.setAttribute("aria-label", name(number, taken.includes(number)));
      });
    },
    // The scores of a frame; null where no face was found.
    answer(number, scores) {
      const cell = cells[number];
      cell.answer = scores ? names[best(scores)] : "no face";
      cell.label.textContent = cell.answer;
      cell.button.setAttribute("aria-label", name(number, taken.includes(number)));
    },
    answers: () => cells.map((cell) => cell.answer),
  };
}

function bar(kind) {
  const fill = element("i", { class: `fer-prep-fill fer-prep-${kind}` });
  return { node: element("span", { class: "fer-prep-track", "aria-hidden": "true" }, fill), fill };
}

// Two bars for each label: with the detector's box as it is, and with the reader's.
export function scoresTable(names) {
  const rows = names.map((name) => {
    const bars = [bar("before"), bar("after")];
    const cells = [element("td", {}), element("td", { class: "fer-prep-now" })];
    const node = element("tr", {}, element("th", { scope: "row" }, name),
      element("td", { class: "fer-prep-bars" }, ...bars.map((one) => one.node)), ...cells);
    return { node, bars, cells };
  });
  const heads = ["label", "", "as found", "now"].map((head) => element("th", { scope: "col" }, head));
  const node = element("table", { class: "fer-prep-table" },
    element("caption", {}, "Scores of this frame"),
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...rows.map((row) => row.node)));
  return {
    node,
    // `found`: margin 0 and the box where the detector has it; either is null where there is no face.
    show(found, now) {
      rows.forEach(({ node: line, bars, cells }, label) => {
        [found, now].forEach((scores, i) => {
          bars[i].fill.style.width = `${100 * (scores?.[label] ?? 0)}%`;
          cells[i].textContent = scores ? percent(scores[label]) : "–";
        });
        line.classList.toggle("fer-prep-best", now !== null && best(now) === label);
      });
    },
  };
}

// The places about a detector's box: `reach` steps of `step` pixels to each side, row by row.
export function placesAround({ reach, step }) {
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => (i - reach) * step);
  return steps.flatMap((down) => steps.map((right) => [right, down]));
}

const CELL = 32; // pixels of the canvas

// A cell for each place of the box: how high the posed label scores, and whether it is the answer.
export function placesMap(around, posed, moved) {
  const places = placesAround(around), columns = 2 * around.reach + 1;
  const canvas = element("canvas", { role: "img", "aria-label": "No map yet", width: CELL * columns, height: CELL * columns });
  const words = element("p", { class: "fer-prep-words" });
  let answers = places.map(() => null), mark = [0, 0];
  canvas.addEventListener("click", (event) => {
    const bounds = canvas.getBoundingClientRect();
    const at = (place, length) => Math.min(Math.max(Math.floor((place / length) * columns), 0), columns - 1);
    moved(places[at(event.clientY - bounds.top, bounds.height) * columns
      + at(event.clientX - bounds.left, bounds.width)]);
  });

  function draw() {
    const context = canvas.getContext("2d"), style = getComputedStyle(canvas);
    const [ground, present, letters, here] = ["--track", "--present", "--ink", "--mark"].map(
      (name) => style.getPropertyValue(name));
    answers.forEach((scores, number) => {
      const left = (number % columns) * CELL, top = Math.floor(number / columns) * CELL;
      context.fillStyle = ground;
      context.fillRect(left, top, CELL, CELL);
      if (!scores) return;
      context.globalAlpha = scores[posed];
      context.fillStyle = present;
      context.fillRect(left, top, CELL, CELL);
      context.globalAlpha = 1;
      if (best(scores) !== posed) return;
      context.fillStyle = letters;
      context.beginPath();
      context.arc(left + CELL / 2, top + CELL / 2, 4, 0, 2 * Math.PI);
      context.fill();
    });
    const [x, y] = mark.map((pixels) => (pixels / around.step + around.reach) * CELL);
    context.strokeStyle = here;
    context.lineWidth = 3;
    context.strokeRect(x + 1.5, y + 1.5, CELL - 3, CELL - 3);
  }

  return {
    canvas, words, places,
    clear() {
      answers = places.map(() => null);
      words.textContent = "The places are tried …";
      canvas.setAttribute("aria-label", words.textContent);
      draw();
    },
    put(number, scores) { answers[number] = scores; },
    // Draws what is known, and where the box is now.
    draw(move) {
      mark = move;
      draw();
    },
    kept: () => answers.filter((scores) => scores && best(scores) === posed).length,
    say(text) {
      words.textContent = text;
      canvas.setAttribute("aria-label", text);
      draw();
    },
  };
}
