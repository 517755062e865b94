// Two charts that grow while a network is trained: loss and accuracy, of the training faces and of strangers.

const SPACE = "http://www.w3.org/2000/svg";
const CHART = { width: 350, height: 240, left: 48, right: 62, top: 14, bottom: 42 };
const HIGHEST_LOSS = 6; // a higher one leaves the chart

function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const words = (x, y, text, attributes = {}) => drawn("text", { x, y, ...attributes }, text);

// The two quantities: what they are called, where their values lie in a look, and what a score by luck would be.
const QUANTITIES = {
  loss: {
    title: "Loss (nats)", training: "loss", strangers: "strangers_loss",
    say: (value) => value.toFixed(2),
    luck: (classes) => [Math.log(classes), `ln ${classes}`],
    gap: (look) => [look.strangers_loss - look.loss, (value) => value.toFixed(2)],
  },
  accuracy: {
    title: "Accuracy", training: "accuracy", strangers: "strangers_accuracy",
    say: (value) => `${Math.round(100 * value)} %`,
    luck: (classes) => [1 / classes, "chance"],
    gap: (look) => [look.gap, (value) => `${Math.round(100 * value)} points`],
  },
};

function highest(name, runs, luck) {
  if (name === "accuracy") return 1;
  const seen = runs.flatMap((run) => run.looks.flatMap((look) => [look.loss, look.strangers_loss]));
  return Math.min(Math.ceil(2 * Math.max(luck, ...seen) + 0.2) / 2, HIGHEST_LOSS);
}

function ticks(name, top) {
  const step = name === "accuracy" ? 0.25 : top > 3 ? 1 : 0.5;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => i * step);
}

// One chart; `show(runs, steps, classes)` draws it anew. The first of the runs is the present one, the second the last.
function chart(name) {
  const quantity = QUANTITIES[name];
  const { width, height, left, right, top, bottom } = CHART;
  const node = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name}: no run yet`, class: "fer-train-chart" });

  function show(runs, steps, classes) {
    const [luck, luckName] = quantity.luck(classes);
    const most = highest(name, runs, luck);
    const x = (step) => left + ((width - left - right) * step) / steps;
    const y = (value) => top + (height - top - bottom) * (1 - Math.min(value, most) / most);
    const parts = [];
    for (const value of ticks(name, most)) {
      parts.push(drawn("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "fer-train-grid" }));
      const text = name === "loss" ? value.toFixed(1) : quantity.say(value);
      parts.push(words(left - 6, y(value) + 4, text, { "text-anchor": "end" }));
    }
    for (const share of [0, 1 / 3, 2 / 3, 1]) {
      const step = Math.round(share * steps);
      parts.push(words(x(step), height - bottom + 18, String(step), { "text-anchor": "middle" }));
    }
    parts.push(words((left + width - right) / 2, height - 6, "step", { "text-anchor": "middle" }));
    parts.push(drawn("line", { x1: left, x2: width - right, y1: y(luck), y2: y(luck), class: "fer-train-luck" }));

    const line = (run, key) => run.looks.map((look) => `${x(look.step).toFixed(1)},${y(look[key]).toFixed(1)}`);
    const present = runs[0];
    if (present?.looks.length > 1) {
      const area = [...line(present, quantity.training), ...line(present, quantity.strangers).reverse()];
      parts.push(drawn("polygon", { points: area.join(" "), class: "fer-train-gap" }));
    }
    for (const [age, run] of [...runs.entries()].reverse()) {
      for (const who of ["training", "strangers"]) {
        const points = line(run, quantity[who]).join(" ");
        const when = age ? "last" : "present";
        parts.push(drawn("polyline", { points, class: `fer-train-line fer-train-${who} fer-train-${when}` }));
      }
    }
    const end = present?.looks.at(-1);
    const side = name === "loss" ? -5 : 15; // above the line, or below
    parts.push(words(width - right - 3, y(luck) + side, luckName, { "text-anchor": "end", class: "fer-train-halo" }));
    if (end) parts.push(...bracket(end, x, y));
    node.replaceChildren(...parts);
    node.setAttribute("aria-label", described(runs));
  }

  // The gap at the present end: a bracket from the training faces to the strangers, and its size.
  function bracket(end, x, y) {
    const [size, say] = quantity.gap(end);
    const [a, b] = [y(end[quantity.training]), y(end[quantity.strangers])];
    const at = x(end.step) + 5;
    const middle = Math.min(Math.max((a + b) / 2, top + 12), height - bottom - 18);
    const [number, unit = ""] = say(size).split(" ");
    return [
      drawn("path", { d: `M${at} ${a}h5V${b}h-5`, class: "fer-train-bracket" }),
      words(at + 9, middle - 2, "gap", { class: "fer-train-strong" }),
      words(at + 9, middle + 13, number, { class: "fer-train-strong" }),
      ...(unit ? [words(at + 9, middle + 27, unit)] : []),
    ];
  }

  function described(runs) {
    const said = runs.filter((run) => run.looks.length).map((run, age) => {
      const end = run.looks.at(-1);
      const [size, say] = quantity.gap(end);
      const [learned, unseen] = [quantity.training, quantity.strangers].map((key) => quantity.say(end[key]));
      const name = age ? "last run" : "this run";
      return `${name}, step ${end.step}: training faces ${learned}, strangers ${unseen}, gap ${say(size)}`;
    });
    const end = said.length ? `${said.join("; ")}.` : "No network is trained yet.";
    return `${quantity.title} over the steps of training. ${end}`;
  }

  return { node, show };
}

export function trainingCurves() {
  const charts = Object.keys(QUANTITIES).map((name) => [QUANTITIES[name].title, chart(name)]);
  const node = document.createElement("div");
  node.className = "fer-train-charts";
  for (const [title, { node: picture }] of charts) {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = title;
    figure.append(caption, picture);
    node.append(figure);
  }
  return { node, show: (runs, steps, classes) => charts.forEach(([, one]) => one.show(runs, steps, classes)) };
}
