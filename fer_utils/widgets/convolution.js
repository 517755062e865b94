// A convolution by hand: a kernel of 3 x 3, a face, and the map.  All is computed here, so it moves on the book's page;
// tests compare the map with SciPy's, and with that of the trained network.
import { element } from "./elements.js";

// The map of a square picture, row by row, with a frame of zeros: the sum of kernel times pixels, plus the bias.
export function convolve(picture, side, kernel, bias = 0, relu = false) {
  const map = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let sum = bias;
      for (let u = -1; u <= 1; u++) {
        for (let v = -1; v <= 1; v++) {
          const i = row + u, j = column + v;
          if (i >= 0 && i < side && j >= 0 && j < side) sum += kernel[3 * u + v + 4] * picture[i * side + j];
        }
      }
      map[row * side + column] = relu ? Math.max(sum, 0) : sum;
    }
  }
  return map;
}

// The nine products of one place; what lies outside the picture is 0.
export function products(picture, side, kernel, row, column) {
  return kernel.map((weight, number) => {
    const i = row + Math.floor(number / 3) - 1;
    const j = column + (number % 3) - 1;
    const inside = i >= 0 && i < side && j >= 0 && j < side;
    const pixel = inside ? picture[i * side + j] : 0;
    return { weight, pixel, product: weight * pixel };
  });
}

export const PRESETS = [
  ["nothing", [0, 0, 0, 0, 1, 0, 0, 0, 0]],
  ["blur", [1, 1, 1, 1, 1, 1, 1, 1, 1].map((value) => Number((value / 9).toFixed(3)))],
  ["dark above, light below", [-1, -2, -1, 0, 0, 0, 1, 2, 1]],
  ["light above, dark below", [1, 2, 1, 0, 0, 0, -1, -2, -1]],
  ["dark left, light right", [-1, 0, 1, -2, 0, 2, -1, 0, 1]],
  ["spots", [-1, -1, -1, -1, 8, -1, -1, -1, -1]],
];

const SETTINGS = ["kernel", "bias", "relu", "face", "contrast", "row", "column"];
const LARGEST = 99;
const PLACES = ["above left", "above", "above right", "left", "middle", "right", "below left", "below", "below right"];
const plain = (weight) => String(Number(weight.toFixed(2))).replace("-", "−");
const round = (value) => (Math.abs(value) < 0.005 ? "0" : value.toFixed(2).replace("-", "−"));
let serial = 0;

// Values as grey on a canvas of one pixel a value; the style sheet makes it larger without blurring it.
function paint(canvas, values, side, [low, high]) {
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  values.forEach((value, number) => {
    const grey = Math.round(255 * Math.min(Math.max((value - low) / (high - low || 1), 0), 1));
    image.data.set([grey, grey, grey, 255], 4 * number);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// What is black and what is white: 0 is grey in a map of both signs, and black after the ReLU.
export function limits(map, relu) {
  let most = 1e-6;
  map.forEach((value) => { most = Math.max(most, Math.abs(value)); });
  return relu ? [0, most] : [-most, most];
}

// The pictures of the faces, by how they are read: a list of Float32Array for each.
async function picturesOf(sprite, faces) {
  const bitmap = await createImageBitmap(new Blob([sprite], { type: "image/png" }));
  const canvas = element("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { side, names, ranges } = faces;
  return ranges.map(([low, high], row) => names.map((_, column) => {
    const { data } = context.getImageData(column * side, row * side, side, side);
    return Float32Array.from({ length: side * side }, (_, number) => low + ((high - low) * data[4 * number]) / 255);
  }));
}

function render({ model, el }) {
  const prefix = `fer-conv-${Date.now().toString(36)}-${serial++}`;
  const faces = model.get("faces");
  const { side, names } = faces;
  const filters = model.get("filters");
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const root = element("section", { class: "fer-conv", "aria-label": "Convolution by hand" });
  const problem = element("p", { class: "fer-conv-problem", role: "alert" });
  problem.hidden = true;
  root.append(
    element("p", { class: "fer-conv-question" }, "What does a kernel of 3 × 3 find in a face?"),
    element("p", {}, element("strong", {}, "Try first: "),
      "choose dark above, light below. Then change one of its nine numbers, and watch the map."), problem);

  // The faces, and how they are read.
  const choices = names.map((name, number) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const button = element("button", { type: "button", class: "fer-conv-face" }, canvas, name);
    button.addEventListener("click", () => save({ face: number }));
    return { button, canvas };
  });
  const reads = element("fieldset", { class: "fer-conv-reads" }, element("legend", {}, "The kernel reads"));
  const radios = ["grey values, 0 to 1", "local contrast, as the trained network does"].map((text, number) => {
    const id = `${prefix}-reads-${number}`;
    const radio = element("input", { type: "radio", name: `${prefix}-reads`, id });
    radio.addEventListener("change", () => save({ contrast: number === 1 }));
    reads.append(element("span", {}, radio, element("label", { for: id }, text)));
    return radio;
  });

  // Picture, kernel and map.
  const pictureCanvas = element("canvas", { role: "img", "aria-label": "No picture yet" });
  const mapCanvas = element("canvas", { role: "img", "aria-label": "No map yet" });
  const frames = [0, 1].map(() => element("span", { class: "fer-conv-frame", "aria-hidden": "true" }));
  const scale = element("small", {});
  const cells = PLACES.map((place, number) => {
    const attributes = { type: "number", step: "0.5", min: -LARGEST, max: LARGEST, "aria-label": `Weight ${place}` };
    const input = element("input", attributes);
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value === "" || !Number.isFinite(value) || Math.abs(value) > LARGEST) return;
      save({ kernel: model.get("kernel").map((old, other) => (other === number ? value : old)) });
    });
    input.addEventListener("change", draw); // what is no number becomes what it was
    return input;
  });
  const biasRange = { step: "0.1", min: -LARGEST, max: LARGEST };
  const biasInput = element("input", { type: "number", id: `${prefix}-bias`, ...biasRange });
  biasInput.addEventListener("input", () => {
    const value = Number(biasInput.value);
    if (biasInput.value !== "" && Math.abs(value) <= LARGEST) save({ bias: value });
  });
  biasInput.addEventListener("change", () => { biasInput.value = model.get("bias"); }); // as in the kernel's cells
  const reluInput = element("input", { type: "checkbox", id: `${prefix}-relu` });
  reluInput.addEventListener("change", () => save({ relu: reluInput.checked }));
  const weightSum = element("p", { class: "fer-conv-sum" });
  const presets = PRESETS.map(([name, kernel]) => {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => save({ kernel: [...kernel], bias: 0 }));
    return button;
  });
  const onCanvas = (canvas, frame) => element("div", { class: "fer-conv-canvas" }, canvas, frame);
  root.append(
    element("div", { class: "fer-conv-faces", role: "group", "aria-label": "Face" }, ...choices.map((c) => c.button)),
    reads,
    element("div", { class: "fer-conv-three" },
      element("figure", {}, element("figcaption", {}, "Picture"), onCanvas(pictureCanvas, frames[0])),
      element("div", {},
        element("strong", {}, "Kernel"), element("div", { class: "fer-conv-kernel" }, ...cells),
        element("p", {}, element("label", { for: biasInput.id }, "Bias "), biasInput),
        element("p", {}, reluInput, element("label", { for: reluInput.id }, " ReLU: below 0 becomes 0")), weightSum),
      element("figure", {}, element("figcaption", {}, "Map"), onCanvas(mapCanvas, frames[1]), scale)),
    element("div", { class: "fer-conv-presets", role: "group", "aria-label": "Kernels to begin with" }, ...presets));

  // One place, by hand.
  const spots = ["row", "column"].map((name) => {
    const id = `${prefix}-${name}`;
    const slider = element("input", { type: "range", id, min: 0, max: side - 1, step: 1 });
    slider.addEventListener("input", () => save({ [name]: Number(slider.value) }));
    const label = element("label", { for: id }, name === "row" ? "Row" : "Column");
    return { name, slider, node: element("span", {}, label, slider) };
  });
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (share) => Math.min(Math.max(Math.floor(share * side), 0), side - 1);
    save({ row: at((event.clientY - box.top) / box.height), column: at((event.clientX - box.left) / box.width) });
  };
  for (const canvas of [pictureCanvas, mapCanvas]) canvas.addEventListener("pointerdown", point);
  const byHand = element("table", { class: "fer-conv-hand" });
  const result = element("p", { class: "fer-conv-result" });
  root.append(
    element("div", { class: "fer-conv-place" },
      element("strong", {}, "One place, by hand"), ...spots.map((s) => s.node)),
    byHand, result);

  // The filters of a trained network.
  const trained = filters.map(({ kernel, bias }, number) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const button = element("button", { type: "button", class: "fer-conv-filter" }, canvas, `${number + 1}`);
    button.setAttribute("aria-label", `Trained filter ${number + 1}`);
    button.addEventListener("click", () => save({ kernel: [...kernel], bias, relu: true, contrast: true }));
    return { button, canvas };
  });
  root.append(
    element("strong", {}, `What the ${filters.length} first filters of a trained network answer to this face`),
    element("div", { class: "fer-conv-filters" }, ...trained.map((t) => t.button)));
  const spoken = element("p", { class: "fer-conv-spoken", role: "status", "aria-live": "polite" });
  root.append(spoken);
  el.append(root);

  let pictures = null, timer = null, painted = -1;

  function draw(changed = null) {
    if (!pictures) return;
    const [kernel, bias, relu, face, contrast, row, column] = SETTINGS.map((name) => model.get(name));
    const reading = contrast ? 1 : 0;
    const picture = pictures[reading][face];
    const map = convolve(picture, side, kernel, bias, relu);
    const range = limits(map, relu);
    paint(pictureCanvas, picture, side, faces.ranges[reading]);
    paint(mapCanvas, map, side, range);
    scale.textContent = relu ? `black 0, white ${round(range[1])}`
      : `black ${round(range[0])}, grey 0, white ${round(range[1])}`;
    choices.forEach(({ button }, number) => button.setAttribute("aria-pressed", number === face));
    radios.forEach((radio, number) => { radio.checked = number === reading; });
    cells.forEach((cell, number) => { // a hand that is typing "-" or "1." is left alone
      if (Number(cell.value) !== kernel[number] || cell !== document.activeElement) cell.value = kernel[number];
    });
    if (Number(biasInput.value) !== bias || biasInput !== document.activeElement) biasInput.value = bias;
    reluInput.checked = relu;
    weightSum.textContent = `The weights add up to ${plain(kernel.reduce((sum, weight) => sum + weight, 0))}.`;
    for (const [canvas, what] of [[pictureCanvas, "Picture"], [mapCanvas, "Map"]]) {
      canvas.setAttribute("aria-label", `${what} of ${names[face]}; row ${row}, column ${column} is framed`);
    }
    const frame = ({ style }, reach) => { // so many pixels to each side of the place
      const share = (pixels) => `${(100 * pixels) / side}%`;
      Object.assign(style, { top: share(row - reach), left: share(column - reach) });
      style.width = style.height = share(2 * reach + 1);
    };
    frame(frames[0], 1);
    frame(frames[1], 0);
    spots.forEach(({ name, slider }) => { slider.value = model.get(name); });
    const nine = products(picture, side, kernel, row, column);
    const texts = nine.map(({ weight, pixel, product }) => `${plain(weight)} · ${round(pixel)} = ${round(product)}`);
    const lines = [0, 3, 6].map((first) => texts.slice(first, first + 3).map((text) => element("td", {}, text)));
    byHand.replaceChildren(element("tbody", {}, ...lines.map((line) => element("tr", {}, ...line))));
    const sum = nine.reduce((total, { product }) => total + product, bias);
    result.textContent = `Row ${row}, column ${column}: the nine products and the bias of ${plain(bias)} `
      + `add up to ${round(sum)}` + (relu ? `; after ReLU ${round(Math.max(sum, 0))}.` : ".");
    if (painted !== face) { // the small maps depend on the face alone
      painted = face;
      trained.forEach(({ canvas }, number) => {
        const answer = convolve(pictures[1][face], side, filters[number].kernel, filters[number].bias, true);
        paint(canvas, answer, side, limits(answer, true));
      });
    }
    clearTimeout(timer);
    if (changed !== null) timer = setTimeout(() => { spoken.textContent = result.textContent; }, 500);
  }

  const events = SETTINGS.map((name) => `change:${name}`).join(" ");
  const redraw = () => draw(true);
  model.on(events, redraw);
  picturesOf(model.get("sprite"), faces).then((made) => {
    pictures = made;
    choices.forEach(({ canvas }, number) => paint(canvas, pictures[0][number], side, faces.ranges[0]));
    draw();
  }).catch(() => {
    problem.textContent = "The faces of this widget cannot be read; run its cell again.";
    problem.hidden = false;
  });
  return () => { clearTimeout(timer); model.off(events, redraw); };
}

export default { render };
