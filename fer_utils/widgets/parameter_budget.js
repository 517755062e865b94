// The parameter budget. Everything is counted here, so it moves with no kernel;
// the closed forms are those of parameter_budget.py, and a test compares them.
import { element } from "./elements.js";

export const TARGET = 542136;
const SIZE = 180;
const CHANNELS = 1;

// Of each layer: its output after pooling, its parameters, its multiply-accumulates for a face, and the numbers that it
// reads and writes, one tensor after the other.
export function layers({ filters, dense, classes, padding, pool }) {
  const wide = 4 * filters;
  let side = SIZE, maps = CHANNELS;
  const found = [filters, wide, wide].map((made, number) => {
    const place = side - (padding === "valid" ? 2 : 0); // of the convolution, before pooling
    const read = side * side * maps;
    const count = 9 * maps * made + made;
    const operations = place * place * 9 * maps * made;
    side = Math.floor(place / pool);
    maps = made;
    const tensors = [read, place * place * made, side * side * made];
    return { name: `Convolution ${number + 1}`, shape: `${side} × ${side} × ${made}`, count, operations, tensors };
  });
  const flat = side * side * wide;
  return [
    ...found,
    { name: `Dense ${dense}`, shape: `${dense}`, count: flat * dense + dense, operations: flat * dense, tensors: [flat, dense] },
    { name: `Softmax ${classes}`, shape: `${classes}`, count: dense * classes + classes, operations: dense * classes,
      tensors: [dense, classes] },
  ];
}

export function total(settings) {
  return layers(settings).reduce((sum, layer) => sum + layer.count, 0);
}

// What a face costs: multiply-accumulates, and bytes in float32 of the weights and of the largest two tensors that stand
// side by side, one read and one written.
export function costs(settings) {
  const all = layers(settings);
  const pairs = all.flatMap(({ tensors }) => tensors.slice(1).map((written, i) => tensors[i] + written));
  return {
    operations: all.reduce((sum, layer) => sum + layer.operations, 0),
    weights: 4 * total(settings),
    activations: 4 * Math.max(...pairs),
  };
}

// One form of numbers everywhere, whatever the reader's locale: it is the paper's.
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const millions = (n) => (n / 1e6).toFixed(2);
const share = (n, of) => `${((100 * n) / of).toFixed(1)} %`;

const CONTROLS = [
  { trait: "filters", kind: "range", min: 1, max: 64, label: "Filters of the first convolution", note: "the other two have four times as many" },
  { trait: "dense", kind: "range", min: 1, max: 128, label: "Width of the dense layer", note: "" },
  { trait: "padding", kind: "choice", values: ["same", "valid"], label: "Padding" },
  { trait: "pool", kind: "choice", values: [2, 3], label: "Pooling", show: (v) => `${v} × ${v}` },
  { trait: "classes", kind: "choice", values: [7, 8], label: "Classes" },
];

let serial = 0;

function control(spec, model, id) {
  const change = (value) => {
    model.set(spec.trait, value);
    model.save_changes();
  };
  if (spec.kind === "range") {
    const shown = element("output", { class: "fer-budget-value", for: id });
    const slider = element("input", { type: "range", id, min: spec.min, max: spec.max, step: 1, "data-trait": spec.trait });
    slider.addEventListener("input", () => change(Number(slider.value)));
    const label = element("label", { for: id }, spec.label);
    const node = element("div", { class: "fer-budget-range" }, label, shown, slider);
    if (spec.note) {
      slider.setAttribute("aria-describedby", `${id}-note`);
      node.append(element("small", { id: `${id}-note` }, spec.note));
    }
    return { node, show: (value) => { slider.value = value; shown.textContent = value; } };
  }
  const group = element("fieldset", { class: "fer-budget-choice" }, element("legend", {}, spec.label));
  const radios = spec.values.map((value) => {
    const radio = element("input", { type: "radio", name: id, id: `${id}-${value}`, value, "data-trait": spec.trait });
    radio.addEventListener("change", () => change(value));
    const text = spec.show ? spec.show(value) : String(value);
    group.append(element("span", {}, radio, element("label", { for: `${id}-${value}` }, text)));
    return [value, radio];
  });
  return { node: group, show: (now) => radios.forEach(([value, radio]) => { radio.checked = value === now; }) };
}

function render({ model, el }) {
  const prefix = `fer-budget-${Date.now().toString(36)}-${serial++}`;
  const root = element("section", { class: "fer-budget", "aria-label": `Parameter budget: find ${grouped(TARGET)}` });
  const controls = CONTROLS.map((spec) => [spec, control(spec, model, `${prefix}-${spec.trait}`)]);

  const count = element("strong", { class: "fer-budget-count" });
  const verdict = element("span", { class: "fer-budget-verdict" });
  const bar = element("div", { class: "fer-budget-bar", role: "img" });
  const rows = element("tbody");
  const table = element("table", { class: "fer-budget-table" },
    element("caption", {}, "Where the parameters and the operations sit"),
    element("thead", {}, element("tr", {},
      element("th", { scope: "col" }, "Layer"), element("th", { scope: "col" }, "Output"),
      element("th", { scope: "col" }, "Parameters"), element("th", { scope: "col" }, "Share"),
      element("th", { scope: "col" }, "Operations"))),
    rows);

  const cost = element("p", { class: "fer-budget-cost" });
  root.append(
    element("p", { class: "fer-budget-question" }, "Which network of the paper's description has its number of parameters?"),
    element("p", { class: "fer-budget-try" }, element("b", {}, "Try first: "), "move the width of the dense layer, and watch "
      + "where the parameters are and where the operations are."),
    element("div", { class: "fer-budget-controls" },
      ...controls.filter(([s]) => s.kind === "range").map(([, c]) => c.node),
      element("div", { class: "fer-budget-choices" }, ...controls.filter(([s]) => s.kind === "choice").map(([, c]) => c.node))),
    element("p", { class: "fer-budget-sum" }, count, " parameters ", verdict),
    bar,
    table,
    cost,
  );
  // Said aloud only when the hand rests, not at every step of a slider.
  const spoken = element("p", { class: "fer-budget-spoken", role: "status", "aria-live": "polite" });
  root.append(spoken);
  el.append(root);

  let timer = null;
  function draw(first) {
    const settings = Object.fromEntries(CONTROLS.map(({ trait }) => [trait, model.get(trait)]));
    controls.forEach(([spec, c]) => c.show(settings[spec.trait]));
    const parts = layers(settings);
    const sum = parts.reduce((s, layer) => s + layer.count, 0);
    const found = sum === TARGET;
    const away = Math.abs(sum - TARGET);
    const widest = parts.reduce((a, b) => (b.count > a.count ? b : a));
    const where = `${share(widest.count, sum)} of them in ${widest.name}`;

    count.textContent = grouped(sum);
    verdict.textContent = found
      ? `— that is it: exactly the paper's ${grouped(TARGET)}, ${where}.`
      : `— ${grouped(away)} too ${sum > TARGET ? "many" : "few"}; the paper prints ${grouped(TARGET)}.`;
    root.classList.toggle("fer-budget-found", found);
    bar.setAttribute("aria-label", parts.map((p) => `${p.name} ${share(p.count, sum)}`).join(", "));
    bar.replaceChildren(...parts.map((p, i) => {
      const piece = element("span", { class: `fer-budget-part fer-budget-fill-${i}`, title: `${p.name}: ${grouped(p.count)}` });
      piece.style.flexGrow = p.count;
      return piece;
    }));
    rows.replaceChildren(...parts.map((p, i) => element("tr", {},
      element("th", { scope: "row" }, element("span", { class: `fer-budget-key fer-budget-fill-${i}`, "aria-hidden": "true" }), p.name),
      element("td", {}, p.shape), element("td", {}, grouped(p.count)), element("td", {}, share(p.count, sum)),
      element("td", {}, grouped(p.operations)))));
    const { operations, weights, activations } = costs(settings);
    cost.textContent = `One face costs ${millions(operations)} million operations (multiply-accumulates), `
      + `${millions(weights)} MB of weights and at most ${millions(activations)} MB for what a layer reads and writes, in float32.`;

    clearTimeout(timer);
    if (!first) timer = setTimeout(() => { spoken.textContent = `${grouped(sum)} parameters ${verdict.textContent}`; }, 400);
  }

  const events = CONTROLS.map(({ trait }) => `change:${trait}`).join(" ");
  const redraw = () => draw(false);
  model.on(events, redraw);
  draw(true);
  return () => { clearTimeout(timer); model.off(events, redraw); };
}

export default { render };
