// Split laboratory: the reader chooses how rows are split, sees who leaks, and trains a classifier in the page.
import { element } from "./elements.js";
import { trainingEngine } from "./training_engine.js";
import { UNITS, FOLDS, foldsOf, leaksOf, leakShares, byPeople } from "./split_laboratory_rules.js";
import { splitLearning } from "./split_laboratory_learning.js";
import { drawnTable, withTwins, openedTable } from "./split_laboratory_table.js";
import { peopleMap, splitsTable } from "./split_laboratory_map.js";
import { METHODS, count, numberedChoice, openingNote, radioGroup } from "./split_laboratory_parts.js";
import { referenceWords, resultWords, sourceWords } from "./split_laboratory_parts.js";

const SETTINGS = ["split", "twins", "method", "seed", "fold"];
const pause = () => new Promise((then) => { setTimeout(then, 0); }); // the page answers a hand in between
let serial = 0;

function render({ model, el }) {
  const prefix = `fer-split-${Date.now().toString(36)}-${serial++}`;
  const [about, reference, quantiles] = ["about", "reference", "quantiles"].map((name) => model.get(name));
  const packed = model.get("rows");
  const bytes = new Uint8Array(packed.buffer ?? packed, packed.byteOffset ?? 0, packed.byteLength);
  const settings = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };

  // The controls.
  const splitBy = radioGroup(prefix, "Split the rows by", "split", UNITS.map((unit) => [unit, unit]),
    (split) => save({ split }));
  const methods = radioGroup(prefix, "Classifier", "method", METHODS, (method) => save({ method }));
  const twins = element("input", { type: "checkbox", id: `${prefix}-twins` });
  twins.addEventListener("change", () => save({ twins: twins.checked }));
  const draws = numberedChoice(prefix, "Draw", about.seeds, (seed) => save({ seed }));
  const folds = numberedChoice(prefix, "Fold", FOLDS, (fold) => save({ fold }));
  const all = element("button", { type: "button" }, "Train every split");
  all.addEventListener("click", trainAll);
  const file = element("input", { type: "file", accept: ".csv,text/csv", id: `${prefix}-file` });
  file.addEventListener("change", () => { if (file.files[0]) open(file.files[0]); });
  const back = element("button", { type: "button", hidden: "" }, "Back to the drawn actors");
  back.addEventListener("click", () => {
    opening += 1; // a file that is still being read is not wanted any more
    own = null;
    file.value = "";
    changed();
  });

  // What is shown.
  const problem = element("p", { class: "fer-split-problem", role: "alert", hidden: "" });
  const source = element("p", { class: "fer-split-note" });
  const progress = element("progress", { max: FOLDS, value: 0, "aria-label": "Folds trained" });
  const verdict = element("p", { class: "fer-split-verdict", role: "status", "aria-live": "polite" });
  const compared = element("p", { class: "fer-split-note fer-split-reference" });
  const people = peopleMap();
  const table = splitsTable(UNITS, METHODS);
  const root = element("section", { class: "fer-split", "aria-label": "Split laboratory" },
    element("p", { class: "fer-split-question" }, "Who must be kept apart?"),
    element("p", {}, element("strong", {}, "Try first: "), "guess which split is the first without any leak while the ",
      "twins are in. Then train every split, take the twins out, and train them again."),
    problem,
    element("div", { class: "fer-split-controls" }, splitBy.node,
      element("fieldset", {}, element("legend", {}, "Rows"),
        element("span", {}, twins, element("label", { for: twins.id }, "with twins: every performance in two files")),
        draws.row),
      methods.node),
    element("p", { class: "fer-split-buttons" }, all), progress, verdict, compared,
    table.node,
    element("p", { class: "fer-split-heading" }, "Who is where? ", folds.row),
    people.node, source,
    element("div", { class: "fer-split-own" },
      element("label", { for: file.id }, "Open your copy of the real table"), " ", file, " ", back,
      openingNote()));
  el.append(root);

  let own = null; // the reader's table, without twins
  let now = null; // { table, folds, key } of the settings
  let opening = 0; // grows with each file, so that a late one is dropped
  let running = null, queue = [], turn = 0, ended = false;
  let every = false; // all splits are asked for, and a change before is not done yet
  const results = new Map(); // key of a training -> what came out
  const shares = new Map(); // key of a split -> what leaks in all folds

  const kind = () => (own === null ? "drawn" : `yours ${own.serial}`);
  const tables = new Map();
  function tableFor({ twins: both, seed }) {
    const key = own === null ? `drawn ${both}` : `${kind()} ${both} ${seed}`;
    if (!tables.has(key)) {
      tables.clear(); // one is enough
      tables.set(key, own === null ? drawnTable(bytes, about, both) : withTwins(own, both, seed));
    }
    return tables.get(key);
  }
  const splitKey = ({ split, twins: both, seed }) => [kind(), split, both, seed].join(" ");
  const resultKey = (chosen) => `${splitKey(chosen)} ${chosen.method}`;
  const folded = new Map(); // key of a split -> the fold of each row
  function foldsFor(chosen) {
    const key = splitKey(chosen);
    if (!folded.has(key)) folded.set(key, foldsOf(tableFor(chosen), chosen.split, chosen.seed));
    return folded.get(key);
  }

  async function open(chosen) {
    const mine = ++opening;
    problem.hidden = true;
    try {
      const read = await openedTable(chosen, about.names, about.own_columns);
      if (mine !== opening || ended) return;
      own = { ...read, serial: ++serial };
      if (model.get("split") === "frame") save({ split: "clip" });
      else changed();
    } catch (error) {
      if (mine !== opening || ended) return;
      file.value = "";
      problem.textContent = `${error.message} The table before it stays.`;
      problem.hidden = false;
    }
  }

  // The training ---------------------------------------------------------------------------------

  let engine = null; // made for the first training, and anew after one that broke

  function listen(message) {
    if (ended || running === null) return;
    if (message.kind === "end") return fail(); // it broke, and says no turn
    if (message.turn !== running.turn) return;
    if (message.kind === "fold") progress.value = message.fold + 1;
    if (message.kind === "answers") finish(message.answers);
  }

  function train(chosen) {
    const data = tableFor(chosen);
    running = { ...chosen, turn: ++turn, data, key: resultKey(chosen) };
    delete root.dataset.ended;
    progress.value = 0;
    progress.hidden = false;
    const { values, width, labels, classes } = data;
    const given = { table: { values, width, labels, classes }, folds: foldsFor(chosen) };
    engine ??= trainingEngine(listen, splitLearning);
    engine.start({ ...given, method: chosen.method, seed: chosen.seed, turn });
  }

  function finish(answers) {
    const { data, key } = running;
    results.set(key, byPeople(data, answers.map((answer, row) => answer === data.labels[row]), quantiles));
    running = null;
    next();
  }

  function fail() {
    engine.end();
    engine = null;
    running = null;
    queue = [];
    progress.hidden = true;
    verdict.textContent = "";
    problem.textContent = "The training broke off; choose a split to begin it again.";
    problem.hidden = false;
  }

  // Trains what is asked for and not known yet, one after the other.
  function next() {
    queue = queue.filter((chosen) => !results.has(resultKey(chosen)));
    if (queue.length) train(queue.shift());
    else rest();
    summarise();
  }

  function rest() {
    progress.hidden = true;
    const chosen = settings();
    const made = results.get(resultKey(chosen));
    if (!made) return; // another change is on its way
    const { right, rows, value, low, high, people: persons } = made;
    verdict.textContent = resultWords(chosen, made, results.get(resultKey({ ...chosen, split: "actor" })));
    const { levels } = leaksOf(now.table, now.folds, chosen.fold);
    save({ measured: { ...chosen, table: own === null ? "drawn" : "yours", right, rows, value, low, high,
      people: persons, leaks: levels } });
    root.dataset.ended = resultKey(chosen);
  }

  function ask(list) {
    if (running !== null) engine.stop();
    running = null;
    queue = list;
    next();
  }

  const possible = (split) => own === null || split !== "frame"; // the real table has one row a clip

  function everySplit(chosen) {
    const others = UNITS.filter((split) => split !== chosen.split && possible(split));
    return [chosen, ...others.map((split) => ({ ...chosen, split }))];
  }

  function trainAll() {
    if (now === null) every = true; // it begins when the change before it is done
    else ask(everySplit(settings()));
  }

  function showMap() {
    const fold = model.get("fold"), split = model.get("split");
    const leaks = leaksOf(now.table, now.folds, fold);
    const tie = (by, words) => `${leaks.levels[by].test_rows.toLocaleString("en")} have ${words} in training`;
    people.show(now.table, leaks, `Fold ${fold + 1}, split by ${split}. Of ${count(leaks.tests, "test row")} `
      + `${tie("clip", "frames of their own clip")}, ${tie("performance", "their performance")}, `
      + `${tie("actor", "their actor")}.`);
    root.dataset.leaks = JSON.stringify(leaks.levels);
  }

  // The lines of the table; the leaks of each split are counted in a task of its own.
  let asked = 0;
  async function summarise() {
    const mine = ++asked, chosen = settings(), data = tableFor(chosen);
    const most = Math.max(...about.names.map((_, label) => data.labels.filter((one) => one === label).length));
    const show = (number) => {
      const one = { ...chosen, split: UNITS[number] };
      const known = Object.fromEntries(METHODS.map(([method]) => [method, results.get(resultKey({ ...one, method }))]));
      table.show(number, { leaks: shares.get(splitKey(one)) ?? null, results: known, chance: most / data.labels.length,
        chosen: one.split === chosen.split, possible: possible(one.split) });
    };
    UNITS.forEach((_, number) => show(number));
    for (const [number, split] of UNITS.entries()) {
      const key = splitKey({ ...chosen, split });
      if (shares.has(key) || !possible(split)) continue;
      await pause();
      if (mine !== asked || ended) return;
      shares.set(key, leakShares(data, foldsFor({ ...chosen, split })));
      show(number);
    }
    root.dataset.counted = splitKey(chosen);
  }

  function showSettings(chosen) {
    problem.hidden = true;
    splitBy.show(chosen.split);
    splitBy.allow("frame", possible("frame"));
    methods.show(chosen.method);
    twins.checked = chosen.twins;
    draws.node.value = chosen.seed;
    folds.node.value = chosen.fold;
    back.hidden = own === null;
    verdict.textContent = "The classifier is trained …";
    compared.textContent = referenceWords(chosen, reference, own === null ? "drawn" : "yours");
  }

  // What takes long is done in tasks of its own; a later change ends an earlier one.
  let changing = 0;
  async function changed() {
    const mine = ++changing, chosen = settings();
    if (!possible(chosen.split)) {
      save({ split: "clip" });
      return;
    }
    if (running !== null) engine.stop();
    running = null;
    queue = [];
    now = null;
    every = false;
    asked += 1; // what is being counted is of the settings before
    delete root.dataset.ended;
    showSettings(chosen);
    const steps = [
      () => { source.textContent = sourceWords(tableFor(chosen), own === null); },
      () => { now = { table: tableFor(chosen), folds: foldsFor(chosen) }; },
      showMap,
      () => ask(every ? everySplit(chosen) : [chosen]),
    ];
    try {
      for (const step of steps) {
        await pause();
        if (mine !== changing || ended) return;
        step();
      }
    } catch {
      progress.hidden = true;
      verdict.textContent = "";
      problem.textContent = "The rows of this widget cannot be read; run its cell again.";
      problem.hidden = false;
    }
  }

  const foldChanged = () => {
    folds.node.value = model.get("fold");
    if (now === null) return; // it is shown when the change before it is done
    showMap();
    if (running === null && results.has(resultKey(settings()))) rest();
  };
  const changes = SETTINGS.slice(0, 4).map((name) => `change:${name}`).join(" ");
  model.on(changes, changed);
  model.on("change:fold", foldChanged);
  changed();

  return () => {
    ended = true;
    engine?.end();
    model.off(changes, changed);
    model.off("change:fold", foldChanged);
  };
}

export default { render };
