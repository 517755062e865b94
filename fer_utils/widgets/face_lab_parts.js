// What the Face lab is made of: landmarks over the picture, sliders, choices, and the rows of scores.
import { element } from "./elements.js";

// The lines of the iBUG-68 scheme: first and last landmark, and whether the line closes.
const LINES = [[0, 16], [17, 21], [22, 26], [27, 30], [31, 35], [36, 41, true], [42, 47, true], [48, 59, true], [60, 67, true]];

export function overlay() {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  for (const [name, value] of [["viewBox", "0 0 1 1"], ["class", "fer-lab-marks"], ["aria-hidden", "true"]]) node.setAttribute(name, value);
  let before = null;
  return {
    node,
    show(marks) {
      if (marks === before || (!marks?.length && !before?.length)) return;
      before = marks;
      const line = ([from, to, closed]) => {
        const path = document.createElementNS(space, "path");
        path.setAttribute("d", `M${marks.slice(from, to + 1).map((p) => p.join(",")).join("L")}${closed ? "Z" : ""}`);
        return path;
      };
      const dot = ([x, y]) => {
        const circle = document.createElementNS(space, "circle");
        for (const [name, value] of [["cx", x], ["cy", y], ["r", 0.006]]) circle.setAttribute(name, value);
        return circle;
      };
      node.replaceChildren(...(marks?.length === 68 ? [...LINES.map(line), ...marks.map(dot)] : []));
    },
  };
}

export const two = (value) => Number(value).toFixed(2);

// Intensity of one unit on both sides: [their right, their left].
export function sides(units, number) {
  const both = units[number] ?? 0;
  return [units[`R${number}`] ?? both, units[`L${number}`] ?? both];
}

export function withUnit(units, number, [right, left]) {
  const rest = Object.fromEntries(Object.entries(units).filter(([key]) => ![`${number}`, `L${number}`, `R${number}`].includes(key)));
  if (right === left) return right > 0 ? { ...rest, [number]: right } : rest;
  return { ...rest, ...(right > 0 ? { [`R${number}`]: right } : {}), ...(left > 0 ? { [`L${number}`]: left } : {}) };
}

export function slider(id, label, { min, max, step, say }, change) {
  const input = element("input", { type: "range", id, min, max, step, "data-setting": id.split("-").pop() });
  const shown = element("output", { for: id });
  input.addEventListener("input", () => change(Number(input.value)));
  return {
    node: element("div", { class: "fer-lab-row" }, element("label", { for: id }, ...[].concat(label)), input, shown),
    input,
    show(value, text = say(value)) {
      input.value = value;
      if (shown.textContent === text) return; // nothing to lay out anew
      input.setAttribute("aria-valuetext", text);
      shown.textContent = text;
      shown.parentNode.classList.toggle("fer-lab-on", Number(value) !== 0);
    },
  };
}

export function choice(id, label, options, change) {
  const select = element("select", { id }, ...options.map(([value, text]) => element("option", { value }, text)));
  select.addEventListener("change", () => change(select.value));
  return {
    node: element("div", { class: "fer-lab-row fer-lab-choice" }, element("label", { for: id }, label), select),
    show: (value) => { select.value = value ?? ""; },
  };
}

export function room(name, open, ...children) {
  const sum = element("span", { class: "fer-lab-sum" });
  const node = element("details", open ? { open: "" } : {}, element("summary", {}, name, sum), element("div", { class: "fer-lab-room" }, ...children));
  return { node, sum };
}

// The network's score for each label: a number and a bar; the highest stands out.
export function scoreRows(labels) {
  const rows = (labels ?? []).map((label) => ({
    name: element("th", { scope: "row" }, label), bar: element("span", {}), value: element("td", { class: "fer-lab-score" }),
  }));
  const node = element("table", { class: "fer-lab-scores", hidden: "" },
    element("caption", {}, "What the book's small network answers: its scores for posed-expression labels, which add up to 1"),
    element("tbody", {}, ...rows.map(({ name, bar, value }) => element("tr", {}, name, element("td", { class: "fer-lab-bar" }, bar), value))));
  return {
    node,
    show(scores) {
      node.hidden = !scores;
      rows.forEach(({ bar, value }, k) => {
        const score = scores?.[k] ?? 0;
        if (value.textContent !== two(score)) value.textContent = two(score);
        bar.style.width = `${100 * score}%`;
        value.parentNode.classList.toggle("fer-lab-top", Boolean(scores) && score === Math.max(...scores));
      });
    },
  };
}
