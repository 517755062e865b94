// The Split laboratory's controls, and what it says in words.
import { element } from "./elements.js";
import { exactly } from "./split_laboratory_map.js";

export const METHODS = [["network", "small network"], ["nearest", "nearest neighbour"]];
const HOME = "https://github.com/cristinalunaj/MMEmotionRecognition/tree/main/data/trainingData/avg_MLP80_AUs/data_AUs_avg";
const PAPER = "https://doi.org/10.3390/app12010327";

export const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

// A group of radio buttons; `choices` are [value, text].
export function radioGroup(prefix, legend, name, choices, onChange) {
  const group = element("fieldset", {}, element("legend", {}, legend));
  const radios = choices.map(([value, text]) => {
    const id = `${prefix}-${name}-${value}`;
    const radio = element("input", { type: "radio", name: `${prefix}-${name}`, id });
    radio.addEventListener("change", () => onChange(value));
    group.append(element("span", {}, radio, element("label", { for: id }, text)));
    return [value, radio];
  });
  return {
    node: group,
    show: (chosen) => radios.forEach(([value, radio]) => { radio.checked = value === chosen; }),
    allow: (value, yes) => radios.forEach(([one, radio]) => { if (one === value) radio.disabled = !yes; }),
  };
}

// One of some things that have numbers: 1 and so on for the reader, from 0 on for `onChange`.
export function numberedChoice(prefix, label, some, onChange) {
  const options = Array.from({ length: some }, (_, value) => element("option", { value }, `${value + 1}`));
  const node = element("select", { id: `${prefix}-${label.toLowerCase()}` }, ...options);
  node.addEventListener("change", () => onChange(Number(node.value)));
  return { node, row: element("span", {}, element("label", { for: node.id }, label), " ", node) };
}

// What the reader's own table is, and where it is to be had.
export function openingNote() {
  const link = (address, text) => element("a", { href: address }, text);
  return element("p", { class: "fer-split-note" }, "It is df_average_AUs_total.csv (", link(HOME, "MMEmotionRecognition"),
    ", MIT): action units that a program read in 1,440 clips of the 24 real actors of RAVDESS (",
    link(PAPER, "Luna-Jiménez et al. 2022"), "). The file is read in this page and is sent nowhere.");
}

// What came out of a training; `strangers` is what came out of the split by actor, if that is known.
export function resultWords(chosen, { right, rows, low, high, people }, strangers) {
  const name = METHODS.find(([key]) => key === chosen.method)[1];
  const said = `Split by ${chosen.split}: the ${name} is right in ${exactly(right / rows)} of ${count(rows, "test row")}`
    + ` (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}, ${count(people.length, "actor")}, five folds).`;
  if (chosen.split === "actor") return `${said} Nobody is on both sides.`;
  if (!strangers) return said;
  const gap = 100 * (right / rows - strangers.right / strangers.rows);
  return `${said} For actors whom it has not met: ${exactly(strangers.right / strangers.rows)}. `
    + `The split by ${chosen.split} gives away ${gap.toFixed(1)} points.`;
}

// What is stored with the book for such a split of the table `kind`, drawn or yours.
export function referenceWords(chosen, reference, kind) {
  const stored = reference.filter((one) => one.table === kind && one.split === chosen.split && one.twins === chosen.twins);
  return stored.length
    ? `For comparison, stored with the book: ${stored.map(({ words, value, low, high }) =>
      `${words}: ${exactly(value)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`).join("; ")}.`
    : "The book has no stored result for this split.";
}

// What the rows are.
export function sourceWords({ labels, actors, width }, drawn) {
  const size = `${count(labels.length, "row")} of ${new Set(actors).size}`;
  return drawn
    ? `${size} drawn actors. A row is a frame: ${width} distances between landmarks that the package found in the `
      + "picture. A square is a row; the squares of a performance stand side by side."
    : `${size} actors, from your file. A row is a clip: the means of ${width} action units, so that there are no `
      + "frames to split by. A twin is made here: the clip's own numbers plus noise of 0.001, as in the study that "
      + "this chapter shows.";
}
