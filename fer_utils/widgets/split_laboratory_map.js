// The map of the *Split laboratory*: each actor's rows as small squares, by what the test rows have in training.
import { element } from "./elements.js";

const SPACE = "http://www.w3.org/2000/svg";
const STEP = 10; // from square to square; a square is 8 wide
const LINE = 6; // squares side by side, if the rows of a performance allow it

// What a row can be, in the order of the legend.
export const TIES = [
  ["training", "training row"],
  ["clip", "test row, its own clip in training"],
  ["performance", "test row, its twin in training"],
  ["actor", "test row, its actor in training"],
  ["none", "test row of a stranger"],
];

function drawn(tag, attributes) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// Where the squares of one actor's rows lie: the rows of a performance side by side, as many performances as fit.
function places(table, rows) {
  const performances = new Map();
  for (const row of rows) {
    const name = table.performances[row];
    if (!performances.has(name)) performances.set(name, []);
    performances.get(name).push(row);
  }
  const groups = [...performances.values()];
  const wide = Math.max(...groups.map((group) => group.length));
  const together = Math.max(1, Math.floor(LINE / wide));
  const found = groups.flatMap((group, number) => group.map((row, i) => ({
    row, x: STEP * ((number % together) * wide + i), y: STEP * Math.floor(number / together),
  })));
  return { found, width: STEP * together * wide, height: STEP * Math.ceil(groups.length / together) };
}

export function peopleMap() {
  const people = element("div", { class: "fer-split-people", role: "img", "aria-label": "No rows yet" });
  const legend = element("ul", { class: "fer-split-legend" });
  return {
    node: element("div", {}, people, legend),
    // `words` is the picture in words; `leaks` is what `leaksOf` found.
    show(table, leaks, words) {
      const actors = [...new Set(table.actors)].sort();
      const rowsOf = new Map(actors.map((actor) => [actor, []]));
      table.actors.forEach((actor, row) => rowsOf.get(actor).push(row));
      people.setAttribute("aria-label", words);
      people.replaceChildren(...actors.map((actor) => {
        const { found, width, height } = places(table, rowsOf.get(actor));
        const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}` });
        for (const [tie] of TIES) {
          const mine = found.filter(({ row }) => (leaks.ties[row] || "training") === tie);
          const path = mine.map(({ x, y }) => `M${x + 1} ${y + 1}h8v8h-8z`).join("");
          if (path) svg.append(drawn("path", { d: path, class: `fer-split-${tie}` }));
        }
        return element("div", {}, svg, element("span", {}, actor));
      }));
      legend.replaceChildren(...TIES.map(([tie, name]) => {
        const count = leaks.ties.filter((one) => (one || "training") === tie).length;
        return element("li", {}, element("i", { class: `fer-split-${tie}`, "aria-hidden": "true" }),
          `${name}: `, element("b", {}, count.toLocaleString("en")));
      }));
    },
  };
}

const exactly = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

// In whole per cent; but what is not all is never written as 100, nor what is not nothing as 0.
function roughly(share) {
  const whole = Math.round(100 * share);
  const tells = (whole > 0 || share === 0) && (whole < 100 || share === 1);
  return tells ? `${whole}\u00a0%` : exactly(share);
}

// One line a split: what leaks, and how many answers are right. `methods` are [key, name].
export function splitsTable(units, methods) {
  const bars = (key) => {
    const fill = element("i", { class: `fer-split-fill fer-split-${key}` });
    const luck = element("i", { class: "fer-split-luck" });
    const track = element("span", { class: "fer-split-track", "aria-hidden": "true" }, fill, luck);
    const said = element("span", {}), range = element("small", {});
    const cell = element("td", { class: "fer-split-accuracy" }, said, " ", range, track);
    return { cell, said, range, fill, luck, track };
  };
  const lines = units.map((unit) => {
    const leaks = Object.fromEntries(["clip", "performance", "actor"].map((by) => [by, element("td", {})]));
    const accuracies = Object.fromEntries(methods.map(([key]) => [key, bars(key)]));
    const node = element("tr", {}, element("th", { scope: "row" }, unit), ...Object.values(leaks),
      ...Object.values(accuracies).map((bar) => bar.cell));
    return { node, leaks, accuracies };
  });
  const head = (text, attributes = {}) => element("th", { scope: "col", ...attributes }, text);
  const group = (text, colspan) => element("th", { scope: "colgroup", colspan }, text);
  const node = element("table", { class: "fer-split-table" },
    element("caption", {}, "All five folds together: what leaks, and what is answered rightly"),
    element("thead", {},
      element("tr", {}, head("split by", { rowspan: 2 }), group("test rows that share it with training", 3),
        group("right answers (95 % interval over actors)", methods.length)),
      element("tr", {}, head("clip"), head("perform\u00adance"), head("actor"), ...methods.map(([, name]) => head(name)))),
    element("tbody", {}, ...lines.map((line) => line.node)));
  return {
    node,
    // `leaks`: shares, or null while they are not counted; `results`: by method, or null; `chance`: a share.
    show(number, { leaks, results, chance, chosen, possible }) {
      const { node: line, leaks: cells, accuracies } = lines[number];
      line.classList.toggle("fer-split-chosen", chosen);
      for (const [by, cell] of Object.entries(cells)) {
        cell.textContent = !possible ? "–" : leaks === null ? "…" : roughly(leaks[by]);
        cell.classList.toggle("fer-split-leak", leaks !== null && leaks[by] > 0);
      }
      for (const [key, { said, range, fill, luck, track }] of Object.entries(accuracies)) {
        const result = results[key] ?? null;
        said.textContent = !possible ? "–" : result === null ? "not trained" : exactly(result.right / result.rows);
        said.classList.toggle("fer-split-open", result === null);
        range.textContent = result === null ? "" : `${(100 * result.low).toFixed(1)} to ${(100 * result.high).toFixed(1)}`;
        fill.style.width = result === null ? "0" : `${100 * (result.right / result.rows)}%`;
        luck.style.left = `${100 * chance}%`;
        track.hidden = result === null;
      }
    },
  };
}

export { exactly };
