// The parts of the page around the curves: settings, example faces, the table of values, and runs as Python keeps them.
import { element } from "./elements.js";

export const percent = (share) => `${Math.round(100 * share)} %`;
export const points = (gap) => `${Math.round(100 * gap)} points`;

function plain(number) {
  return number === 0 ? "none" : number.toLocaleString("en", { maximumFractionDigits: 6, useGrouping: false });
}

// What a reader may change: a slider over a list of values, or a box to tick. `say` is a value beside its label,
// `short` a value in a sentence about a run.
export function settingsOf(offer) {
  const sliders = {
    learning_rate: ["Learning rate", plain, (value) => `learning rate ${plain(value)}`],
    learn_from: ["People to learn from", String, (value) => (value === 1 ? "1 person" : `${value} people`)],
    dropout: ["Dropout", plain, (value) => (value ? `dropout ${value}` : "no dropout")],
    l1: ["L1 penalty", plain, (value) => (value ? `L1 ${plain(value)}` : "no L1")],
    label_noise: ["Labels drawn at random", percent,
      (value) => (value ? `${percent(value)} of the labels at random` : "true labels")],
    seed: ["Seed", String, (value) => `seed ${value}`],
  };
  const specs = Object.entries(sliders).map(([name, [label, say, short]]) => (
    { name, label, values: offer[name], say, short }));
  const changed = (value) => (value ? "faces mirrored and moved" : "faces as they are");
  return [...specs, { name: "augment", label: "Mirror and move the training faces at random", short: changed }];
}

// The controls; `change(name, value)` is called when a hand moves one, `show(settings)` puts them where they belong.
export function settingsControls(specs, prefix, change) {
  const shows = [];
  const rows = specs.map(({ name, label, values, say }) => {
    const id = `${prefix}-${name}`;
    if (!values) {
      const box = element("input", { type: "checkbox", id, "data-setting": name });
      box.addEventListener("change", () => change(name, box.checked));
      shows.push((settings) => { box.checked = settings[name]; });
      return element("div", { class: "fer-train-tick" }, box, element("label", { for: id }, label));
    }
    const last = values.length - 1;
    const slider = element("input", { type: "range", id, min: 0, max: last, step: 1, "data-setting": name });
    const shown = element("span", { class: "fer-train-value", "aria-hidden": "true" });
    slider.addEventListener("input", () => change(name, values[Number(slider.value)]));
    shows.push((settings) => {
      slider.value = values.indexOf(settings[name]);
      shown.textContent = say(settings[name]);
      slider.setAttribute("aria-valuetext", say(settings[name]));
    });
    return element("div", { class: "fer-train-slider" }, element("label", { for: id }, label), shown, slider);
  });
  const legend = element("legend", { class: "fer-train-spoken" }, "Settings of the training");
  const node = element("fieldset", { class: "fer-train-controls" }, legend, ...rows);
  return { node, show: (settings) => shows.forEach((show) => show(settings)) };
}

// A face of each label, of several people: what the network sees. The set's faces begin at `first` in the picture.
export function exampleFaces(title, set, first, { names, side }, { picture, tile }) {
  const people = Math.max(...set.people) + 1;
  const cells = names.map((name, label) => {
    const row = set.labels.findIndex((one, i) => one === label && set.people[i] === label % people);
    const canvas = element("canvas", { width: side, height: side });
    if (row >= 0) canvas.getContext("2d").drawImage(picture, ...tile(first + row), side, side, 0, 0, side, side);
    return element("span", { class: "fer-train-face" }, canvas, element("small", {}, name));
  });
  const about = `Drawn faces of different people, who pose ${names.join(", ")}.`;
  return element("div", { class: "fer-train-faces" }, element("strong", {}, title),
    element("div", { role: "img", "aria-label": about }, ...cells));
}

function lowestLoss({ looks }) {
  const lowest = looks.reduce((best, look) => (look.strangers_loss < best.strangers_loss ? look : best));
  return `${lowest.strangers_loss.toFixed(2)}, step ${lowest.step}`;
}

// The last values of both runs.
export function valuesTable() {
  const measures = [
    ["Accuracy, training faces", (look) => percent(look.accuracy)],
    ["Accuracy, strangers", (look) => percent(look.strangers_accuracy)],
    ["Gap", (look) => points(look.gap)],
    ["Loss, training faces", (look) => look.loss.toFixed(2)],
    ["Loss, strangers", (look) => look.strangers_loss.toFixed(2)],
    ["Lowest loss of strangers", (look, run) => lowestLoss(run)],
    ["Dead units of the dense layer", (look, run) => `${look.dead_units} of ${run.units}`],
    ["Step and epoch", (look) => `${look.step}, ${look.epoch.toFixed(1)}`],
  ];
  const rows = measures.map(([name, say]) => {
    const cells = [element("td"), element("td")];
    return { node: element("tr", {}, element("th", { scope: "row" }, name), ...cells), cells, say };
  });
  const heads = ["This run", "Last run"].map((text) => element("th", { scope: "col" }, text));
  const node = element("table", { class: "fer-train-table" },
    element("caption", {}, "Where the two runs stand"),
    element("thead", {}, element("tr", {}, element("td"), ...heads)),
    element("tbody", {}, ...rows.map((row) => row.node)));
  return {
    node,
    show(runs) {
      for (const { cells, say } of rows) {
        cells.forEach((cell, i) => {
          const look = runs[i]?.looks.at(-1);
          cell.textContent = look ? say(look, runs[i]) : "–";
        });
      }
    },
  };
}

// A run's looks lie one by one here, and in columns in the history that Python reads.
const COLUMNS = {
  steps: "step", epochs: "epoch", loss: "loss", strangers_loss: "strangers_loss", accuracy: "accuracy",
  strangers_accuracy: "strangers_accuracy", gap: "gap", dead_units: "dead_units",
};

export function asRecord({ settings, units, looks }, ended) {
  const columns = Object.entries(COLUMNS).map(([name, key]) => [name, looks.map((look) => look[key])]);
  return { settings, units, ended, ...Object.fromEntries(columns) };
}

export function asRun(record) {
  const look = (i) => Object.fromEntries(Object.entries(COLUMNS).map(([name, key]) => [key, record[name][i]]));
  return { settings: record.settings, units: record.units, looks: record.steps.map((_, i) => look(i)) };
}
