// Confusions: a matrix whose cells are pressed, the faces behind a cell, and what speaks for a label in each of them.
import { element, emphasised } from "./elements.js";
import { counted, meanMap, unpackedMaps } from "./confusions_maps.js";

const SETTINGS = ["cell", "face", "map"];
const CHOICES = [
  ["none", "the face alone"],
  ["answer", "what speaks for its answer"],
  ["posed", "what speaks for the posed label"],
];
const FULL = 0.25; // a loss of so much probability has the full colour
const FOR = [213, 94, 0];
const AGAINST = [0, 114, 178];
let serial = 0;

// The faces, each as an ImageData of its own.
async function facesOf(sprite, { side, columns, labels }) {
  const bitmap = await createImageBitmap(new Blob([sprite], { type: "image/webp" }));
  const canvas = element("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return labels.map((_, face) =>
    context.getImageData((face % columns) * side, Math.floor(face / columns) * side, side, side));
}

// A face with a map over it: orange where covering costs the label probability, blue where it gains.
function paint(canvas, face, map, grid) {
  const side = face.width;
  canvas.width = canvas.height = side;
  const image = new ImageData(new Uint8ClampedArray(face.data), side, side);
  for (let pixel = 0; map && pixel < side * side; pixel++) {
    const row = Math.floor((Math.floor(pixel / side) * grid) / side);
    const value = map[row * grid + Math.floor(((pixel % side) * grid) / side)];
    const share = 0.75 * Math.min(Math.abs(value) / FULL, 1);
    const colour = value > 0 ? FOR : AGAINST;
    for (let part = 0; part < 3; part++) {
      image.data[4 * pixel + part] = (1 - share) * face.data[4 * pixel + part] + share * colour[part];
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The mean of several faces.
function meanFace(faces) {
  const side = faces[0].width;
  const sums = new Float32Array(faces[0].data.length);
  for (const { data } of faces) data.forEach((value, place) => { sums[place] += value / faces.length; });
  return new ImageData(Uint8ClampedArray.from(sums, Math.round), side, side);
}

function render({ model, el }) {
  const prefix = `fer-confuse-${Date.now().toString(36)}-${serial++}`;
  const about = model.get("about");
  const { names, labels, people, probabilities, grid } = about;
  const { answers, cells, counts } = counted(about);
  const withMaps = model.get("with_maps");
  const mapOf = withMaps ? unpackedMaps(about, answers) : () => null;
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  let faces = null;

  // The matrix. One cell takes part in the tab order; arrows go from cell to cell.
  const buttons = names.map((posed, row) => names.map((answer, column) => {
    const count = counts[row][column];
    const share = count / Math.max(counts[row].reduce((sum, one) => sum + one, 0), 1);
    const attributes = { type: "button", class: "fer-confuse-cell", "data-cell": `${row},${column}` };
    const button = element("button", attributes, String(count));
    button.style.setProperty("--share", share.toFixed(3));
    button.classList.toggle("fer-confuse-dense", share > 0.5);
    button.setAttribute("aria-label", `Posed ${posed}, answered ${answer}: ${count} face${count === 1 ? "" : "s"}`);
    button.addEventListener("click", () => save({ cell: [row, column], face: cells[row][column][0] ?? 0 }));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      const next = step && buttons[row + step[0]]?.[column + step[1]];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    return button;
  }));
  const short = (name) => element("abbr", { title: name }, name.slice(0, 3));
  const head = (name) => element("th", { scope: "col" }, short(name));
  const table = element("table", { class: "fer-confuse-matrix" },
    element("caption", {}, "Posed label by row, answer by column"),
    element("thead", {}, element("tr", {}, element("td", {}), ...names.map(head))),
    element("tbody", {}, ...buttons.map((row, number) => element("tr", {},
      element("th", { scope: "row" }, names[number]), ...row.map((button) => element("td", {}, button))))));

  const fieldset = element("fieldset", {}, element("legend", {}, "Over the faces"));
  const radios = CHOICES.map(([value, text]) => {
    const radio = element("input", { type: "radio", name: prefix, id: `${prefix}-${value}` });
    radio.addEventListener("change", () => save({ map: value }));
    fieldset.append(element("span", {}, radio, element("label", { for: radio.id }, text)));
    return [value, radio];
  });
  const problem = element("p", { class: "fer-confuse-problem", role: "alert" });
  problem.hidden = true;
  const title = element("p", { class: "fer-confuse-title" });
  const note = element("p", { class: "fer-confuse-note" },
    "Orange: if this place is covered, the label loses probability. Blue: it gains.");
  const gallery = element("div", { class: "fer-confuse-gallery", role: "group", "aria-label": "Faces of the cell" });
  const large = [0, 1].map(() => element("canvas", { role: "img", "aria-label": "No map yet" }));
  const captions = [0, 1].map(() => element("figcaption", {}));
  const figures = large.map((canvas, number) => element("figure", {}, canvas, captions[number]));
  const bars = element("table", { class: "fer-confuse-bars" });
  const spoken = element("p", { class: "fer-confuse-spoken", role: "status", "aria-live": "polite" });
  el.append(element("section", { class: "fer-confuse", "aria-label": "Confusions: the faces behind a matrix" },
    element("p", { class: "fer-confuse-question" }, model.get("question")),
    element("p", {}, element("strong", {}, "Try first: "), ...emphasised(model.get("first"))),
    problem,
    element("div", { class: "fer-confuse-two" },
      element("div", {}, table, note),
      element("div", {}, title, ...(withMaps ? [fieldset] : []), element("div", { class: "fer-confuse-large" }, ...figures, bars), gallery)),
    spoken));

  function drawBars(face) {
    const rows = names.map((name, number) => {
      const value = probabilities[face][number];
      const bar = element("span", { class: "fer-confuse-bar" });
      bar.style.width = `${100 * value}%`;
      const marks = [number === labels[face] ? "posed" : "", number === answers[face] ? "answer" : ""].filter(Boolean);
      return element("tr", marks.length ? { class: "fer-confuse-marked" } : {}, element("th", { scope: "row" }, name),
        element("td", {}, element("span", { class: "fer-confuse-track" }, bar)),
        element("td", {}, value.toFixed(2)), element("td", {}, marks.join(", ")));
    });
    bars.replaceChildren(element("tbody", {}, ...rows));
  }

  let timer = null;
  function draw(changed = true) {
    if (!faces) return;
    const [[row, column], wanted, asked] = SETTINGS.map((name) => model.get(name));
    const which = withMaps ? asked : "none";
    const behind = cells[row][column];
    const face = behind.includes(wanted) ? wanted : behind[0];
    const over = (one) => (which === "none" ? null : mapOf(one, which));
    buttons.flat().forEach((button) => {
      const chosen = button.dataset.cell === `${row},${column}`;
      button.setAttribute("aria-pressed", chosen);
      button.tabIndex = chosen ? 0 : -1;
    });
    radios.forEach(([value, radio]) => { radio.checked = value === which; });
    const whole = counts[row].reduce((sum, one) => sum + one, 0);
    title.textContent = `${behind.length} of ${whole} faces that pose ${names[row]} are called ${names[column]}`
      + (row === column ? ": right." : ".");
    if (!withMaps) {
      const given = counts.reduce((sum, line) => sum + line[column], 0);
      note.textContent = `Down its column: ${given} faces are called ${names[column]}, and `
        + `${behind.length} of them pose ${names[row]}.`;
    }
    const focused = gallery.contains(document.activeElement) ? Number(document.activeElement.dataset.face) : null;
    gallery.replaceChildren(...behind.map((one) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      paint(canvas, faces[one], over(one), grid);
      const button = element("button", { type: "button", "data-face": one, "aria-pressed": one === face }, canvas);
      button.setAttribute("aria-label", `Person ${people[one] + 1}`);
      button.addEventListener("click", () => save({ face: one }));
      return button;
    }));
    if (focused !== null) gallery.querySelector(`[data-face="${focused}"]`)?.focus();
    figures.forEach((figure) => { figure.hidden = !behind.length; });
    bars.hidden = !behind.length;
    if (behind.length) {
      paint(large[0], faces[face], over(face), grid);
      const mean = which === "none" ? null : meanMap(behind.map(over));
      paint(large[1], meanFace(behind.map((one) => faces[one])), mean, grid);
      captions[0].textContent = `Person ${people[face] + 1}`;
      captions[1].textContent = `Mean of ${behind.length}`;
      const shown = CHOICES.find(([value]) => value === which)[1];
      large[0].setAttribute("aria-label", `Person ${people[face] + 1} poses ${names[row]}: ${shown}`);
      large[1].setAttribute("aria-label", `Mean of the ${behind.length} faces of this cell: ${shown}`);
      drawBars(face);
    }
    clearTimeout(timer);
    const words = [title.textContent];
    if (behind.length) {
      words.push(`Person ${people[face] + 1}: ${names[column]} ${probabilities[face][column].toFixed(2)}.`);
    }
    if (changed) timer = setTimeout(() => { spoken.textContent = words.join(" "); }, 500);
  }

  // Cell and face change together and are drawn once.
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => { waiting = false; draw(); });
  };
  const events = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(events, redraw);
  facesOf(model.get("sprite"), about).then((made) => {
    faces = made;
    draw(false);
  }).catch(() => {
    problem.textContent = "The faces of this widget cannot be read; run its cell again.";
    problem.hidden = false;
  });
  return () => { clearTimeout(timer); model.off(events, redraw); };
}

export default { render };
