// The tables of *Prune and round*: scores before and after, sizes of files, and each layer alone.
import { element } from "./elements.js";

const percent = (share) => `${Math.round(100 * share)} %`;
const width = (share) => `${100 * share}%`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

function bar(kind) {
  const fill = element("i", { class: `fer-round-fill fer-round-${kind}` });
  return { node: element("span", { class: "fer-round-track", "aria-hidden": "true" }, fill), fill };
}

function table(caption, heads, rows) {
  return element("table", { class: "fer-round-table" },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows));
}

// Two bars for each label: the network as it is, and the changed one.
export function scoresTable(names) {
  const rows = names.map((name) => {
    const bars = [bar("before"), bar("after")];
    const cells = [element("td", {}), element("td", { class: "fer-round-now" })];
    const head = element("th", { scope: "row" }, name);
    const both = element("td", { class: "fer-round-bars" }, ...bars.map((one) => one.node));
    const node = element("tr", {}, head, both, ...cells);
    return { node, bars, cells };
  });
  const node = table("Scores of this face", ["label", "", "before", "now"], rows.map((row) => row.node));
  return {
    node,
    show({ before, after }) {
      rows.forEach(({ node: line, bars, cells }, label) => {
        [before, after].forEach((scores, i) => {
          bars[i].fill.style.width = width(scores[label]);
          cells[i].textContent = percent(scores[label]);
        });
        line.classList.toggle("fer-round-best", after[label] === Math.max(...after));
      });
    },
  };
}

const FILES = [
  ["float32, as it is", "before"],
  ["every weight, in its bits", "after"],
  ["list of weights that are not 0", "after"],
  ["packed by gzip", "after"],
];

// How large the weights are in a file, in four ways.
export function sizesTable() {
  const rows = FILES.map(([name, kind]) => {
    const { node, fill } = bar(kind);
    const cell = element("td", {});
    const head = element("th", { scope: "row" }, name);
    return { node: element("tr", {}, head, element("td", { class: "fer-round-bars" }, node), cell), fill, cell };
  });
  const note = element("p", { class: "fer-round-note" });
  const sizes = table("Size of the weights in a file", ["file", "", "size"], rows.map((row) => row.node));
  return {
    node: element("div", {}, sizes, note),
    show({ plain, dense, list, gzip, zeros, of }) {
      const bytes = [plain, dense, list, gzip];
      const most = Math.max(...bytes);
      rows.forEach(({ fill, cell }, i) => {
        fill.style.width = width((bytes[i] ?? 0) / most);
        cell.textContent = bytes[i] === null ? "not in this browser" : kilobytes(bytes[i]);
      });
      note.textContent = `${percent(zeros / of)} of ${of.toLocaleString("en")} weights are 0. `
        + "Counted are weights, scales and biases; the file's description of the layers comes on top. "
        + "A list has a position of 16 bits beside each weight. gzip packs one byte a weight (float32: four).";
    },
  };
}

const described = ({ branch, name }) => `${name.replace("_", " ")} (${branch})`;

// Of each layer: how many labels stay if it alone is changed.
export function layersTable(layers, faces) {
  const rows = layers.map((layer) => {
    const { node, fill } = bar("after");
    const cell = element("td", {}, "…");
    const cells = [element("td", { class: "fer-round-bars" }, node), cell];
    const weights = element("td", { class: "fer-round-weights" }, layer.kernel.length.toLocaleString("en"));
    const head = element("th", { scope: "row" }, described(layer));
    return { node: element("tr", {}, head, weights, ...cells), fill, cell };
  });
  const caption = "One layer alone is changed: how many labels stay?";
  const kept = layers.map(() => null);
  const whole = table(caption, ["layer", "weights", "", "kept"], rows.map((row) => row.node));
  whole.classList.add("fer-round-layers");
  return {
    node: whole,
    clear() {
      kept.fill(null);
      rows.forEach(({ node, fill, cell }) => {
        node.classList.remove("fer-round-weakest");
        fill.style.width = "0";
        cell.textContent = "…";
      });
    },
    show(number, count) {
      kept[number] = count;
      rows[number].fill.style.width = width(count / faces);
      rows[number].cell.textContent = percent(count / faces);
    },
    // What all of it says; marks the weakest layer.
    conclusion(together) {
      const least = Math.min(...kept);
      if (least === faces) return `No layer alone changes a label. All together keep ${percent(together / faces)}.`;
      const weakest = kept.indexOf(least);
      rows[weakest].node.classList.add("fer-round-weakest");
      return `First to break is ${described(layers[weakest])}: changed alone, it keeps ${percent(least / faces)} `
        + `of the labels. All layers together keep ${percent(together / faces)}.`;
    },
    kept: () => [...kept],
  };
}

// What the answers to all strangers say, in sentences.
export function answersInWords({ answers, plain, labels }) {
  const count = (test) => answers.filter((_, face) => test(face)).length;
  const right = (list) => labels.filter((label, face) => list[face] === label).length;
  const lost = count((face) => plain[face] === labels[face] && answers[face] !== labels[face]);
  const won = count((face) => plain[face] !== labels[face] && answers[face] === labels[face]);
  const kept = count((face) => plain[face] === answers[face]);
  return {
    right: right(answers), before: right(plain), kept,
    words: `Labels kept: ${percent(kept / labels.length)}. Right before and wrong now: ${lost} faces; `
      + `wrong before and right now: ${won}.`,
  };
}

export { percent };
