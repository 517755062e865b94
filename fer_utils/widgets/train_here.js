// Train it here: a small network learns in the page, and is tested on people whom it has never seen.
import { element } from "./elements.js";
import { trainingEngine, readFaces } from "./training_engine.js";
import { trainingCurves } from "./training_curves.js";
import { percent, points, settingsOf, settingsControls } from "./training_parts.js";
import { exampleFaces, valuesTable, asRecord, asRun } from "./training_parts.js";

let serial = 0;

const ENDS = {
  done: "All steps are done.",
  stopped: "Stopped by hand.",
  time: "Stopped after 60 seconds; this device needs longer for all steps.",
  broken: "The training has failed in this browser.",
};

function described(specs, settings) {
  const said = specs.filter((spec) => spec.name !== "augment" || settings.augment);
  return said.map((spec) => spec.short(settings[spec.name])).join(", ");
}

function compared(specs, settings, other) {
  const changed = specs.filter(({ name }) => settings[name] !== other[name]);
  return changed.length ? `the same but ${described(changed, settings) || "faces as they are"}` : "the same settings";
}

// Which line is whose: an entry for this run, and one for the last.
function legendEntries(specs, runs) {
  const entry = (name, age, text) => {
    const look = (who) => `fer-train-sample fer-train-${who} fer-train-${age}`;
    const sample = (who) => element("span", { class: look(who), "aria-hidden": "true" });
    return element("li", {}, element("b", {}, name), sample("strangers"), "strangers", sample("training"),
      "training faces: ", text);
  };
  const [present, last] = runs;
  return [
    ...(present ? [entry("This run", "present", described(specs, present.settings))] : []),
    ...(last ? [entry("Last run", "last", compared(specs, last.settings, present.settings))] : []),
  ];
}

function spokenValues(name, { looks }) {
  const end = looks.at(-1);
  const [learned, unseen] = [percent(end.accuracy), percent(end.strangers_accuracy)];
  const gap = points(end.gap);
  return `${name}: training faces ${learned}, strangers ${unseen}, gap ${gap}, ${end.dead_units} dead units.`;
}

function render({ model, el }) {
  const prefix = `fer-train-${Date.now().toString(36)}-${serial++}`;
  const [faces, offer, rest] = [model.get("faces"), model.get("offer"), { ...model.get("settings") }];
  const [steps, look] = [model.get("steps"), model.get("look")];
  const names = faces?.names ?? [];
  const specs = settingsOf(offer);
  let engine = null; // where trainings run; made for the first
  let read = null; // the faces, when they are unpacked
  let running = false, gone = false;
  let pace = null; // how many faces the network has seen, and in which time
  let runs = model.get("history").slice(-2).reverse().map(asRun); // this run, and the last
  let before = runs; // what was shown when the training began

  const button = element("button", { type: "button", class: "fer-train-go", disabled: "" }, "Train");
  const back = element("button", { type: "button" }, "Default settings");
  const progress = element("progress", { max: steps, value: 0, "aria-label": "Steps of the training" });
  const status = element("span", { class: "fer-train-status" }, "The faces are unpacked …");
  const problem = element("p", { class: "fer-train-problem", role: "alert", hidden: "" });
  const spoken = element("p", { class: "fer-train-spoken", role: "status", "aria-live": "polite" });
  const gallery = element("div", { class: "fer-train-gallery" });
  const legend = element("ul", { class: "fer-train-legend" });
  const curves = trainingCurves();
  const table = valuesTable();
  const change = (changes) => {
    model.set("settings", { ...model.get("settings"), ...changes });
    model.save_changes();
  };
  const controls = settingsControls(specs, prefix, (name, value) => change({ [name]: value }));
  const root = element("section", { class: "fer-train", "aria-label": "Train it here: a network learns in this page" },
    element("p", { class: "fer-train-question" }, "Does the network learn the expression, or the training faces?"),
    element("p", {}, element("b", {}, "Try first: "), "press Train and watch where the two losses part. ",
      "Then change one setting and train again: the last run stays beside the new one."),
    gallery, controls.node,
    element("div", { class: "fer-train-bar" }, button, back, progress, status),
    problem, legend, curves.node, table.node, spoken);
  el.append(root);

  function show() {
    controls.show(model.get("settings"));
    controls.node.disabled = back.disabled = running;
    button.textContent = running ? "Stop" : "Train";
    curves.show(runs, steps, Math.max(names.length, 2));
    table.show(runs);
    legend.replaceChildren(...legendEntries(specs, runs));
    progress.hidden = !running;
    progress.value = running ? (runs[0].looks.at(-1)?.step ?? 0) : 0;
  }

  function listen(message) {
    if (!running || gone) return;
    if (message.kind === "pace") pace = message;
    else if (message.kind === "end") finish(message.how);
    else {
      const { step, epoch } = message.point;
      runs[0].looks.push(message.point);
      show();
      if (!document.hidden) status.textContent = `Step ${step} of ${steps}, epoch ${epoch.toFixed(1)}`;
    }
  }

  function start() {
    const settings = { ...model.get("settings") };
    before = runs;
    runs = [{ settings, units: offer.units, looks: [] }, ...runs].slice(0, 2);
    running = true;
    pace = null;
    delete root.dataset.ended;
    spoken.textContent = "";
    engine ??= trainingEngine(listen);
    engine.start({ data: read.data, settings: { ...settings, steps, look } });
    show();
    waitOrGo();
  }

  function finish(how) {
    running = false;
    root.dataset.where = engine.where();
    if (how === "broken") {
      engine.end();
      engine = null; // the next training gets a new one
    }
    status.textContent = ENDS[how];
    if (pace) status.append(` ${Math.round(pace.seconds)} s, ${Math.round(pace.faces / pace.seconds)} faces a second.`);
    if (runs[0].looks.length) {
      model.set("history", [...model.get("history"), asRecord(runs[0], how)]);
      model.save_changes();
      const said = runs.map((run, age) => spokenValues(age ? "Last run" : "This run", run));
      spoken.textContent = [ENDS[how], ...said].join(" ");
    } else runs = before; // stopped before the first look
    show();
    root.dataset.ended = how;
  }

  function waitOrGo() {
    if (!running) return;
    if (document.hidden) {
      engine.pause();
      status.textContent = "Paused while this page is out of sight.";
    } else {
      engine.go();
      status.textContent = runs[0].looks.length ? "The training goes on …" : "The first look …";
    }
  }

  button.addEventListener("click", () => (running ? engine.stop() : start()));
  back.addEventListener("click", () => change(rest));
  document.addEventListener("visibilitychange", waitOrGo);
  model.on("change:settings", show);
  show();

  readFaces(model.get("sprite"), faces).then((made) => {
    read = made;
    const count = (set) => new Set(set.people).size;
    const { training, strangers } = faces;
    gallery.append(
      exampleFaces(`Training faces: ${count(training)} people`, training, 0, faces, read),
      exampleFaces(`Strangers: ${count(strangers)} other people`, strangers, training.labels.length, faces, read));
    status.textContent = "";
    button.disabled = false;
  }).catch((error) => {
    status.textContent = "";
    problem.textContent = error.message;
    problem.hidden = false;
  });

  return () => {
    gone = true;
    document.removeEventListener("visibilitychange", waitOrGo);
    model.off("change:settings", show);
    engine?.end();
  };
}

export default { render };
