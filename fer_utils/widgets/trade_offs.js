// Trade-offs: the reader chooses two quantities, filters and limits, and the frontier is drawn anew.
import { element, emphasised } from "./elements.js";
import { beatenBy, judged } from "./trade_offs_rules.js";
import { say, tradePlot } from "./trade_offs_plot.js";

const SETTINGS = ["x", "y", "families", "sizes", "limits", "unconverged", "logarithmic", "chosen"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const IN_WORDS = {
  frontier: "on the frontier",
  within: "beaten; its interval reaches the frontier",
  beaten: "beaten",
  "no witness": "not converged",
  unknown: "not known",
  out: "left out",
};
const ORDER = Object.keys(IN_WORDS);
let serial = 0;

// An object with its keys in this order: a saved page has them sorted.
function inOrder(named, keys) {
  return Object.fromEntries(keys.map((key) => [key, named[key]]));
}

function chooser(prefix, label, quantities, onChange) {
  const options = Object.entries(quantities).map(([key, { name }]) => element("option", { value: key }, name));
  const select = element("select", { id: `${prefix}-${label}` }, ...options);
  select.addEventListener("change", () => onChange(select.value));
  return { select, node: element("span", {}, element("label", { for: select.id }, label), select) };
}

function boxes(prefix, legend, choices, onChange) {
  const group = element("fieldset", {}, element("legend", {}, legend));
  const inputs = choices.map(([value, text], number) => {
    const input = element("input", { type: "checkbox", id: `${prefix}-${legend}-${number}`.replaceAll(" ", "-") });
    input.addEventListener("change", () => onChange(inputs.filter(([, one]) => one.checked).map(([one]) => one)));
    group.append(element("span", {}, input, element("label", { for: input.id }, text)));
    return [value, input];
  });
  const show = (chosen) => inputs.forEach(([value, input]) => { input.checked = chosen.includes(value); });
  return { node: group, show };
}

// Two sliders that stop at the values that systems have; their ends are no limit.
function limitSliders(prefix, name, quantity, values, [low, high], onChange) {
  const last = values.length - 1;
  const places = [low === null ? 0 : values.indexOf(low), high === null ? last : values.indexOf(high)];
  const shown = element("output", {});
  const sliders = ["from", "to"].map((end, number) => {
    const slider = element("input", { type: "range", min: 0, max: last, step: 1, "data-limit": name, "data-end": end });
    slider.id = `${prefix}-${name}-${end}`;
    slider.value = places[number];
    slider.setAttribute("aria-label", `${quantity.name}, ${end}`);
    slider.addEventListener("input", () => {
      const [from, to] = sliders.map((one) => Number(one.value));
      if (from > to) sliders[1 - number].value = slider.value; // the other end is taken along
      const ends = sliders.map((one) => Number(one.value));
      write(ends);
      onChange([ends[0] === 0 ? null : values[ends[0]], ends[1] === last ? null : values[ends[1]]]);
    });
    return slider;
  });
  function write([from, to]) {
    const isOpen = from === 0 && to === last;
    shown.textContent = isOpen ? "no limit" : `${say(name, values[from])} to ${say(name, values[to])}`;
    sliders.forEach((slider, number) => slider.setAttribute("aria-valuetext", say(name, values[[from, to][number]])));
  }
  write(places);
  return element("div", { class: "fer-trade-limit", role: "group", "aria-label": `Limits: ${quantity.name}` },
    element("span", {}, `${quantity.name[0].toUpperCase()}${quantity.name.slice(1)}`), shown, ...sliders);
}

function render({ model, el }) {
  const prefix = `fer-trade-${Date.now().toString(36)}-${serial++}`;
  const [systems, order] = [model.get("systems"), model.get("order")];
  const quantities = inOrder(model.get("quantities"), order.quantities);
  const families = inOrder(model.get("family_names"), order.families);
  const everySize = [...new Set(systems.map(({ size }) => size))].sort((one, other) => one - other);
  const letters = systems.map((_, number) => LETTERS[number]);
  const settings = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const rest = model.get("rest");
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const limitOf = (name) => model.get("limits")[name] ?? [null, null];
  // What has sliders: the two axes, and always the accuracy on strangers.
  const limited = ({ x, y }) => [...new Set([x, y, "accuracy"])];

  // A limit that no slider shows any more is gone.
  function turn(axis, name) {
    const now = settings();
    const other = axis === "x" ? "y" : "x";
    const axes = { [axis]: name, [other]: now[other] === name ? now[axis] : now[other] };
    const kept = limited(axes).filter((one) => now.limits[one]);
    save({ ...axes, limits: Object.fromEntries(kept.map((one) => [one, now.limits[one]])) });
  }

  function setLimit(name, pair) {
    const { [name]: _, ...others } = model.get("limits");
    save({ limits: pair.every((end) => end === null) ? others : { ...others, [name]: pair } });
  }

  function onBrush(numbers) {
    if (!numbers.length) {
      summary.textContent = "No system lies in this rectangle; nothing was changed.";
      return;
    }
    const { x, y, limits } = settings();
    const ends = (name) => {
      const values = numbers.map((number) => systems[number].values[name]);
      return [Math.min(...values), Math.max(...values)];
    };
    save({ limits: { ...limits, [x]: ends(x), [y]: ends(y) } });
  }

  const choose = (name) => save({ chosen: model.get("chosen") === name ? "" : name });
  const up = chooser(prefix, "Upwards", quantities, (name) => turn("y", name));
  const across = chooser(prefix, "To the right", quantities, (name) => turn("x", name));
  const familyBoxes = boxes(prefix, "Methods", Object.entries(families), (chosen) => save({ families: chosen }));
  const sizeBoxes = boxes(prefix, "Faces of", everySize.map((size) => [size, `${size} pixels`]),
    (chosen) => save({ sizes: chosen }));
  const choices = [["unconverged", "let those that have not converged take part"], ["logarithmic", "logarithmic costs"]];
  const otherBoxes = boxes(prefix, "And", choices, (chosen) => {
    save({ unconverged: chosen.includes("unconverged"), logarithmic: chosen.includes("logarithmic") });
  });
  const back = element("button", { type: "button" }, "As at first");
  back.addEventListener("click", () => save({ ...rest }));
  const noLimits = element("button", { type: "button" }, "No limits");
  noLimits.addEventListener("click", () => save({ limits: {} }));

  const plot = tradePlot({ onBrush, onChoose: (number) => choose(systems[number].name) });
  const frame = element("div", { class: "fer-trade-frame" }, plot.node);
  const upLabel = element("p", { class: "fer-trade-axis" });
  const acrossLabel = element("p", { class: "fer-trade-axis fer-trade-across" });
  const limits = element("div", { class: "fer-trade-limits" });
  const table = element("table", { class: "fer-trade-table" });
  const summary = element("p", { class: "fer-trade-summary" });
  const detail = element("p", { class: "fer-trade-detail" });
  const spoken = element("p", { class: "fer-trade-spoken", role: "status", "aria-live": "polite" });
  const root = element("section", { class: "fer-trade", "aria-label": "Trade-offs: who is beaten by nobody?" },
    element("p", { class: "fer-trade-question" }, model.get("question")),
    element("p", {}, element("strong", {}, "Try first: "), ...emphasised(model.get("first"))),
    element("div", { class: "fer-trade-axes" }, up.node, across.node, back),
    element("div", { class: "fer-trade-filters" }, familyBoxes.node, sizeBoxes.node, otherBoxes.node),
    summary,
    element("div", { class: "fer-trade-two" },
      element("div", { class: "fer-trade-left" }, upLabel, frame, acrossLabel, detail,
        element("div", { class: "fer-trade-heads" }, element("strong", {}, "Limits"),
          element("small", {}, "drag a rectangle in the plot, or move the ends"), noLimits), limits),
      element("div", { class: "fer-trade-right" }, table)),
    spoken);
  el.append(root);

  // A system's row; on a narrow page its numbers stand below it, where the hand is.
  function rows(number, places, now) {
    const { x, y, chosen } = now;
    const place = places[number];
    const { name, values, intervals } = systems[number];
    const button = element("button", { type: "button", "aria-pressed": name === chosen, "data-name": name }, name);
    button.addEventListener("click", () => choose(name));
    const cell = (key) => {
      const [low, high] = intervals[key] ?? [];
      const ends = low === undefined ? "" : `${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)}`;
      return element("td", {}, `${say(key, values[key])} `, element("small", {}, ends));
    };
    const kind = `fer-trade-row fer-trade-${place.replace(" ", "-")}`;
    const letter = element("td", { class: "fer-trade-letter" }, element("span", {}, letters[number]));
    const line = element("tr", { class: kind }, letter,
      element("th", { scope: "row" }, button, element("small", {}, IN_WORDS[place])), cell(x), cell(y));
    if (name !== chosen) return [line];
    return [line, element("tr", { class: "fer-trade-below" }, element("td", { colspan: 4 }, inDetail(places, now)))];
  }

  function drawTable(places, now) {
    const rank = (number) => ORDER.indexOf(places[number]);
    const value = (number) => systems[number].values[now.x] ?? Infinity;
    const sorted = systems.map((_, number) => number)
      .filter((number) => places[number] !== "out")
      .sort((one, other) => rank(one) - rank(other) || value(one) - value(other));
    const focused = table.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const head = (text) => element("th", { scope: "col" }, text);
    const titles = ["System", quantities[now.x].name, quantities[now.y].name];
    table.replaceChildren(
      element("caption", {}, "The frontier, and those behind it"),
      element("thead", {}, element("tr", {}, element("td", {}), ...titles.map(head))),
      element("tbody", {}, ...sorted.flatMap((number) => rows(number, places, now))));
    if (focused) [...table.querySelectorAll("button")].find((one) => one.dataset.name === focused)?.focus();
  }

  function drawLimits(now) {
    if (limits.contains(document.activeElement)) { // a hand is on a slider; the others stand already
      const { limit, end } = document.activeElement.dataset;
      if (limited(now).includes(limit) && end) return;
    }
    limits.replaceChildren(...limited(now).map((name) => {
      const known = systems.map((one) => one.values[name]).filter((value) => value !== null);
      const values = [...new Set(known)].sort((one, other) => one - other);
      return limitSliders(prefix, name, quantities[name], values, limitOf(name), (pair) => setLimit(name, pair));
    }));
  }

  function inSummary(places) {
    const named = (place) => systems.filter((_, number) => places[number] === place).map((one) => one.name);
    const taking = ["frontier", "within", "beaten"].flatMap(named).length;
    if (!taking) return "No system takes part: widen the limits or the filters.";
    const front = named("frontier");
    const words = [`${front.length} of ${taking} systems ${front.length === 1 ? "is" : "are"} beaten by no other: ${front.join("; ")}.`];
    const close = named("within");
    if (close.length) words.push(`For these the interval leaves it open: ${close.join("; ")}.`);
    return words.join(" ");
  }

  function inDetail(places, now) {
    const number = systems.findIndex((one) => one.name === now.chosen);
    if (number < 0) return "Press a system, in the table or in the plot, to see all of its numbers and who beats it.";
    const one = systems[number];
    const all = Object.entries(quantities).map(([key, { name }]) => `${name} ${say(key, one.values[key])}`);
    const words = [`${one.name}, faces of ${one.size} pixels, ${one.people} test people: ${all.join(", ")}.`];
    if (one.note) words.push(`${one.note[0].toUpperCase()}${one.note.slice(1)}.`);
    const rivals = beatenBy(systems, places, quantities, now, one).map((other) => other.name);
    if (rivals.length) words.push(`Beaten by ${rivals.join("; ")}.`);
    else if (places[number] === "frontier") words.push("Beaten by nobody here.");
    return words.join(" ");
  }

  let timer = null;
  function draw(changed = true) {
    const now = settings();
    const places = judged(systems, quantities, now);
    const inView = systems.flatMap((one, number) =>
      (now.families.includes(one.family) && now.sizes.includes(one.size) ? [number] : []));
    up.select.value = now.y;
    across.select.value = now.x;
    familyBoxes.show(now.families);
    sizeBoxes.show(now.sizes);
    otherBoxes.show(["unconverged", "logarithmic"].filter((name) => now[name]));
    noLimits.disabled = !Object.keys(now.limits).length;
    const way = (name) => (quantities[name].more ? "more is better" : "less is better");
    upLabel.textContent = `↑ ${quantities[now.y].axis} (${way(now.y)})`;
    acrossLabel.textContent = `${quantities[now.x].axis} (${way(now.x)}) →`;
    plot.show({ systems, places, letters, quantities, settings: now, inView });
    drawTable(places, now);
    drawLimits(now);
    summary.textContent = inSummary(places);
    detail.textContent = inDetail(places, now);
    clearTimeout(timer);
    const said = `${summary.textContent} ${now.chosen ? detail.textContent : ""}`;
    if (changed) timer = setTimeout(() => { spoken.textContent = said; }, 500);
  }

  // Several settings may change at once; what they give together is drawn once.
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => { waiting = false; draw(); });
  };
  const events = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(events, redraw);
  draw(false);
  plot.watch(frame);
  return () => {
    clearTimeout(timer);
    plot.end();
    model.off(events, redraw);
  };
}

export default { render };
