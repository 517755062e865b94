// The table of the groups, and the histogram of the gaps that chance alone makes.
import { element } from "./elements.js";

const BINS = 45; // of the histogram, at most
const TICKS = [1, 2, 5, 10, 20, 50]; // points

export function points(share) {
  const size = Math.abs(100 * share).toFixed(1);
  return size === "0.0" ? size : `${share < 0 ? "−" : "+"}${size}`;
}
const share = (value) => `${(100 * value).toFixed(1)} %`;
export const pValue = (p) => (p < 0.001 ? p.toFixed(4) : p.toFixed(3));

// A line with a mark on it for a value and its interval, all from 0 to 1 of the width.
function intervalBar(value, low, high) {
  const at = (end) => `${(100 * Math.min(1, Math.max(0, end))).toFixed(2)}%`;
  const bar = element("span", { class: "fer-audit-track", "aria-hidden": "true" });
  if (low !== null) {
    const width = Math.min(1, high) - Math.max(0, low);
    bar.append(element("span", { class: "fer-audit-interval", style: `left:${at(low)};width:${(100 * width).toFixed(2)}%` }));
  }
  if (value !== null) bar.append(element("span", { class: "fer-audit-value", style: `left:${at(value)}` }));
  return bar;
}

// The groups, a row each; `choose` gets the value of the group that the reader picks.
export function groupsTable(prefix, choose) {
  const body = element("tbody");
  const measure = element("th", { scope: "col" });
  const title = element("caption");
  const node = element("table", { class: "fer-audit-table" },
    title,
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Group"), measure,
      element("th", { scope: "col" }, "Gap to the rest, points"),
      element("th", { scope: "col" }, "p"))), body);
  const small = (text) => element("small", {}, text);
  const ends = (low, high, say) => (low === null ? "" : ` ${say(low)} to ${say(high)}`);
  const percent = (value) => (100 * value).toFixed(1);

  // `everybody` and `groups` are as auditSteps finds them; what is not known yet is null.
  function show({ name, tests, everybody, groups, chosen }) {
    const held = body.contains(document.activeElement) ? document.activeElement.value : null;
    measure.textContent = name;
    title.textContent = "The groups, with 95 % intervals over people"
      + (tests > 1 ? `; in brackets p corrected for ${tests} groups` : "");
    const cell = ({ accuracy, low, high }) => element("td", {}, share(accuracy), small(ends(low, high, percent)),
      intervalBar(accuracy, low, high));
    const rows = groups.map((group, number) => {
      const radio = element("input", { type: "radio", name: `${prefix}-group`, id: `${prefix}-group-${number}`, value: group.value });
      radio.checked = group.value === chosen;
      radio.disabled = !group.judged;
      radio.addEventListener("change", () => choose(group.value));
      const gap = group.gap === null ? "" : points(group.gap);
      const tested = group.p === null ? "…" : pValue(group.p);
      return element("tr", group.value === chosen ? { class: "fer-audit-chosen" } : {},
        element("th", { scope: "row" }, radio, element("label", { for: radio.id }, group.value),
          small(` ${group.people} people`)),
        cell(group),
        element("td", {}, gap, small(ends(group.gap_low, group.gap_high, points))),
        element("td", {}, group.judged ? tested : small("too few people"),
          group.corrected !== null && tests > 1 ? small(` (${pValue(group.corrected)})`) : ""));
    });
    body.replaceChildren(
      element("tr", {}, element("th", { scope: "row" }, "everybody", small(` ${everybody.people} people`)),
        cell(everybody), element("td"), element("td")),
      ...rows);
    if (held !== null) [...body.querySelectorAll("input")].find(({ value }) => value === held)?.focus();
  }
  return { node, show };
}

// In which bins the shuffled gaps are. With `step` between two gaps that can occur, every bin has as many of them.
function binned(gaps, seen, step) {
  const reach = 1.08 * gaps.reduce((most, gap) => Math.max(most, Math.abs(gap)), Math.max(Math.abs(seen), 0.005));
  const width = step * Math.max(1, Math.ceil((2 * reach) / BINS / step));
  const least = gaps.reduce((low, gap) => Math.min(low, gap), Infinity) - step / 2;
  const first = least - width * Math.ceil((reach + least) / width); // a bin begins here, at the left end or beyond
  const bins = Array.from({ length: Math.ceil((reach - first) / width) }, () => ({ inside: 0, beyond: 0 }));
  for (const gap of gaps) {
    const bin = bins[Math.min(bins.length - 1, Math.floor((gap - first) / width + 1e-6))];
    bin[Math.abs(gap) >= Math.abs(seen) - 1e-12 ? "beyond" : "inside"] += 1;
  }
  return { bins, first, last: first + width * bins.length };
}

// Histogram of the gaps of shuffled groups, with the gap that is seen.
export function chanceHistogram() {
  const bars = element("div", { class: "fer-audit-bars" });
  const axis = element("div", { class: "fer-audit-axis", "aria-hidden": "true" });
  const node = element("div", { class: "fer-audit-histogram", role: "img", "aria-label": "No shuffles yet" }, bars, axis);

  function show({ shuffled, gap, people, rest, chance, n }, words) {
    const all = people + rest.length;
    const step = Number.isInteger(n / people) ? ((1 / people + 1 / (all - people)) * people) / n : 1e-4;
    const { bins, first, last } = binned(shuffled, gap, step);
    const most = Math.max(...bins.map(({ inside, beyond }) => inside + beyond));
    const at = (value) => `left:${((100 * (value - first)) / (last - first)).toFixed(2)}%`;
    const half = chance ?? last; // without such a gap all shuffles are inside
    const band = `${at(Math.max(-half, first))};width:${((200 * half) / (last - first)).toFixed(2)}%`;
    bars.replaceChildren(
      element("span", { class: "fer-audit-band", style: band }),
      ...bins.map(({ inside, beyond }) => element("span", { class: "fer-audit-bin" },
        element("i", { class: "fer-audit-inside", style: `height:${((100 * inside) / most).toFixed(2)}%` }),
        element("i", { class: "fer-audit-beyond", style: `height:${((100 * beyond) / most).toFixed(2)}%` }))),
      element("span", { class: `fer-audit-seen${gap < 0 ? "" : " fer-audit-right"}`, style: at(gap) },
        element("b", {}, `seen: ${points(gap)}`)));
    const size = TICKS.find((one) => (100 * (last - first)) / one <= 8) ?? TICKS.at(-1);
    const ticks = [];
    for (let tick = Math.ceil((100 * first) / size); tick * size <= 100 * last; tick++) ticks.push(tick * size);
    axis.replaceChildren(...ticks.map((tick) => element("span", { style: at(tick / 100) },
      tick < 0 ? `−${-tick}` : tick > 0 ? `+${tick}` : "0")));
    node.setAttribute("aria-label", words);
  }
  return { node, show };
}
