// Train it here: a small network learns in the page, and is tested on people whom it has never seen.
import { trainingEngine, readFaces } from "./training_engine.js";
import { trainingCurves } from "./training_curves.js";

let serial = 0;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const points = (gap) => `${Math.round(100 * gap)} points`;
const plain = (number) => (number === 0 ? "none" : number.toLocaleString("en", { maximumFractionDigits: 6, useGrouping: false }));

// What a reader may change: a slider over a list of values, or a box to tick. `say` is its value in words, `note` what it is.
function settingsOf(offer) {
  return [
    { name: "learning_rate", label: "Learning rate", values: offer.learning_rate, say: plain, short: (v) => `learning rate ${plain(v)}` },
    { name: "learn_from", label: "People to learn from", values: offer.learn_from, say: String, short: (v) => `${v} people` },
    { name: "dropout", label: "Dropout", values: offer.dropout, say: plain, short: (v) => (v ? `dropout ${v}` : "no dropout") },
    { name: "l1", label: "L1 penalty", values: offer.l1, say: plain, short: (v) => (v ? `L1 ${plain(v)}` : "no L1") },
    { name: "label_noise", label: "Labels drawn by lot", values: offer.label_noise, say: percent, short: (v) => (v ? `${percent(v)} of labels by lot` : "true labels") },
    { name: "seed", label: "Seed", values: offer.seed, say: String, short: (v) => `seed ${v}` },
    { name: "augment", label: "Mirror and move faces at random", short: (v) => (v ? "faces mirrored and moved" : "faces as they are") },
  ];
}

// A row of controls; `change(name, value)` is called when a hand moves one, `show(settings)` puts them where they belong.
function settingsControls(specs, prefix, change) {
  const shows = [];
  const rows = specs.map(({ name, label, values, say }) => {
    const id = `${prefix}-${name}`;
    if (!values) {
      const box = element("input", { type: "checkbox", id, "data-setting": name });
      box.addEventListener("change", () => change(name, box.checked));
      shows.push((settings) => { box.checked = settings[name]; });
      return element("div", { class: "fer-train-tick" }, box, element("label", { for: id }, label));
    }
    const slider = element("input", { type: "range", id, min: 0, max: values.length - 1, step: 1, "data-setting": name });
    const shown = element("output", { for: id });
    slider.addEventListener("input", () => change(name, values[Number(slider.value)]));
    shows.push((settings) => {
      slider.value = values.indexOf(settings[name]);
      shown.textContent = say(settings[name]);
      slider.setAttribute("aria-valuetext", say(settings[name]));
    });
    return element("div", { class: "fer-train-slider" }, element("label", { for: id }, label), shown, slider);
  });
  const node = element("fieldset", { class: "fer-train-controls" }, element("legend", { class: "fer-train-spoken" }, "Settings of the training"), ...rows);
  return { node, show: (settings) => shows.forEach((show) => show(settings)) };
}

// A face of each label, the first of them that there is: what the network sees.
function exampleFaces(title, set, first, names, { picture, tile }, side) {
  const cells = names.map((name, label) => {
    const row = set.labels.findIndex((one, i) => one === label && set.people[i] >= label % Math.max(...set.people, 1));
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    if (row >= 0) canvas.getContext("2d").drawImage(picture, ...tile(first + row), side, side, 0, 0, side, side);
    return element("span", { class: "fer-train-face" }, canvas, element("small", {}, name));
  });
  return element("div", { class: "fer-train-faces" }, element("strong", {}, title),
    element("div", { role: "img", "aria-label": `${title}: drawn faces that pose ${names.join(", ")}.` }, ...cells));
}

// The last values of both runs.
function valuesTable() {
  const heads = ["This run", "Last run"].map((text) => element("th", { scope: "col" }, text));
  const measures = [
    ["Accuracy, training faces", (look) => percent(look.accuracy)],
    ["Accuracy, strangers", (look) => percent(look.strangers_accuracy)],
    ["Gap", (look) => points(look.gap)],
    ["Loss, training faces", (look) => look.loss.toFixed(2)],
    ["Loss, strangers", (look) => look.strangers_loss.toFixed(2)],
    ["Lowest loss of strangers", (look, run) => {
      const lowest = run.looks.reduce((a, b) => (b.strangers_loss < a.strangers_loss ? b : a));
      return `${lowest.strangers_loss.toFixed(2)} at step ${lowest.step}`;
    }],
    ["Dead units of the dense layer", (look, run) => `${look.dead_units} of ${run.units}`],
    ["Step and epoch", (look) => `${look.step}, ${look.epoch.toFixed(1)}`],
  ];
  const rows = measures.map(([name, say]) => {
    const cells = [element("td"), element("td")];
    return { node: element("tr", {}, element("th", { scope: "row" }, name), ...cells), cells, say };
  });
  const node = element("table", { class: "fer-train-table" }, element("caption", {}, "Where the two runs stand"),
    element("thead", {}, element("tr", {}, element("td"), ...heads)), element("tbody", {}, ...rows.map((row) => row.node)));
  return {
    node,
    show(runs) {
      for (const { cells, say } of rows) {
        cells.forEach((cell, i) => { cell.textContent = runs[i]?.looks.length ? say(runs[i].looks.at(-1), runs[i]) : "–"; });
      }
    },
  };
}

const ENDS = {
  done: "All steps are done.",
  stopped: "Stopped by hand.",
  time: "Stopped after 60 seconds; this device needs longer for all steps.",
  broken: "The training has failed in this browser.",
};

function render({ model, el }) {
  const prefix = `fer-train-${Date.now().toString(36)}-${serial++}`;
  const [faces, offer, rest] = [model.get("faces"), model.get("offer"), { ...model.get("settings") }];
  const [steps, look] = [model.get("steps"), model.get("look")];
  const names = faces?.names ?? [];
  const specs = settingsOf(offer);
  let engine = null, read = null, running = false, pace = null;
  let runs = [...model.get("history")].reverse().slice(0, 2).map(asRun);

  const button = element("button", { type: "button", class: "fer-train-go", disabled: "" }, "Train");
  const back = element("button", { type: "button" }, "Settings at rest");
  const progress = element("progress", { max: steps, value: 0, "aria-label": "Steps of the training" });
  const status = element("span", { class: "fer-train-status" }, "The faces are unpacked …");
  const problem = element("p", { class: "fer-train-problem", role: "alert", hidden: "" });
  const spoken = element("p", { class: "fer-train-spoken", role: "status", "aria-live": "polite" });
  const gallery = element("div", { class: "fer-train-gallery" });
  const legend = element("ul", { class: "fer-train-legend" });
  const curves = trainingCurves();
  const table = valuesTable();
  const controls = settingsControls(specs, prefix, (name, value) => {
    model.set("settings", { ...model.get("settings"), [name]: value });
    model.save_changes();
  });
  const root = element("section", { class: "fer-train", "aria-label": "Train it here: a network learns in this page" },
    element("p", { class: "fer-train-question" }, "Does the network learn the expression, or the training faces?"),
    element("p", {}, element("b", {}, "Try first: "), "press Train and watch where the two losses part. Then change one setting and train again: the last run stays beside the new one."),
    gallery, controls.node,
    element("div", { class: "fer-train-bar" }, button, back, progress, status),
    problem, legend, curves.node, table.node, spoken);
  el.append(root);

  function asRun(record) {
    const looks = record.steps.map((step, i) => ({
      step, epoch: record.epochs[i], loss: record.loss[i], strangers_loss: record.strangers_loss[i], accuracy: record.accuracy[i],
      strangers_accuracy: record.strangers_accuracy[i], gap: record.gap[i], dead_units: record.dead_units[i],
    }));
    return { settings: record.settings, units: record.units, looks };
  }

  function asRecord({ settings, units, looks }, ended) {
    const column = (name) => looks.map((one) => one[name]);
    return {
      settings, units, ended, steps: column("step"), epochs: column("epoch"), loss: column("loss"), strangers_loss: column("strangers_loss"),
      accuracy: column("accuracy"), strangers_accuracy: column("strangers_accuracy"), gap: column("gap"), dead_units: column("dead_units"),
    };
  }

  const described = (settings) => specs.filter((spec) => spec.name !== "augment" || settings.augment).map((spec) => spec.short(settings[spec.name])).join(", ");
  function compared(settings, other) {
    const changed = specs.filter(({ name }) => settings[name] !== other[name]).map((spec) => spec.short(settings[spec.name]));
    return changed.length ? `the same but ${changed.join(", ")}` : "the same settings";
  }

  function show() {
    controls.show(model.get("settings"));
    controls.node.disabled = running;
    back.disabled = running;
    button.textContent = running ? "Stop" : "Train";
    curves.show(runs, steps, Math.max(names.length, 2));
    table.show(runs);
    const sample = (age, who) => element("span", { class: `fer-train-sample fer-train-${who} fer-train-${age}`, "aria-hidden": "true" });
    const entry = (age, name, text) => element("li", {}, element("b", {}, name), sample(age, "strangers"), "strangers",
      sample(age, "training"), "training faces: ", text);
    legend.replaceChildren(...[
      runs[0] && entry("present", "This run", described(runs[0].settings)),
      runs[1] && entry("last", "Last run", compared(runs[1].settings, runs[0].settings)),
    ].filter(Boolean));
    progress.value = running ? (runs[0].looks.at(-1)?.step ?? 0) : 0;
    progress.hidden = !running;
  }

  function say(text) { status.textContent = text; }

  function listen(message) {
    if (!running) return;
    const run = runs[0];
    if (message.kind === "look") {
      run.looks.push(message.point);
      show();
      if (!document.hidden) say(`Step ${message.point.step} of ${steps}, epoch ${message.point.epoch.toFixed(1)}`);
    } else if (message.kind === "pace") pace = message;
    else finish(message.how);
  }

  function finish(how) {
    running = false;
    const run = runs[0], end = run.looks.at(-1);
    const { faces: read = 0, seconds = 1 } = pace ?? {};
    say(`${ENDS[how]} ${Math.round(seconds)} s, ${Math.round(read / seconds)} faces a second.`);
    root.dataset.where = engine.where();
    if (how === "broken") {
      engine.end();
      engine = null; // the next training gets a new one
    }
    if (end) {
      model.set("history", [...model.get("history"), asRecord(run, how)]);
      model.save_changes();
      const sentence = (name, { looks }) => {
        const last = looks.at(-1);
        return `${name}: training faces ${percent(last.accuracy)}, strangers ${percent(last.strangers_accuracy)}, gap ${points(last.gap)}, ${last.dead_units} dead units.`;
      };
      spoken.textContent = [ENDS[how], sentence("This run", run), ...(runs[1]?.looks.length ? [sentence("Last run", runs[1])] : [])].join(" ");
    } else runs.shift();
    show();
    root.dataset.ended = how;
  }

  function start() {
    const settings = { ...model.get("settings") };
    runs = [{ settings, units: offer.units, looks: [] }, ...runs].slice(0, 2);
    running = true;
    pace = null;
    delete root.dataset.ended;
    spoken.textContent = "";
    say("The first look …");
    engine ??= trainingEngine(listen);
    engine.start({ data: read.data, settings: { ...settings, steps, look } });
    show();
    if (document.hidden) hide();
  }

  function hide() {
    if (!running) return;
    if (document.hidden) {
      engine.pause();
      say("Paused while this page is out of sight.");
    } else engine.go();
  }

  button.addEventListener("click", () => (running ? engine.stop() : start()));
  back.addEventListener("click", () => { model.set("settings", { ...rest }); model.save_changes(); });
  document.addEventListener("visibilitychange", hide);
  model.on("change:settings", show);
  show();

  readFaces(model.get("sprite"), faces).then((made) => {
    read = made;
    const [side, first] = [faces.side, faces.training.labels.length];
    const people = (set) => new Set(set.people).size;
    gallery.append(
      exampleFaces(`It learns from ${people(faces.training)} people`, faces.training, 0, names, read, side),
      exampleFaces(`It is tested on ${people(faces.strangers)} strangers`, faces.strangers, first, names, read, side));
    say("");
    button.disabled = false;
  }).catch((error) => {
    say("");
    problem.textContent = error.message;
    problem.hidden = false;
  });

  return () => {
    document.removeEventListener("visibilitychange", hide);
    model.off("change:settings", show);
    engine?.end();
  };
}

export default { render };
