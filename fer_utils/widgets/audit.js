// Audit: the reader chooses groups, a measure and a threshold, and sees gaps beside what chance alone would show.
import { element } from "./elements.js";
import { inSlices } from "./page_slices.js";
import { auditSteps, groupsOf, holm, peopleOf, LEVEL, PERMUTATIONS } from "./audit_rules.js";
import { chanceHistogram, groupsTable, points, pValue } from "./audit_plots.js";

const SETTINGS = ["attribute", "measure", "label", "threshold", "people", "sample", "lot", "group"];
const MEASURES = {
  "right": "right answers",
  "answered": "answered",
  "right if answered": "right if answered",
  "recall": "recall of a label",
  "false positives": "false positives of a label",
};
const grouped = (number) => number.toLocaleString("en");
let serial = 0;

function render({ model, el }) {
  const prefix = `fer-audit-${Date.now().toString(36)}-${serial++}`;
  const rows = model.get("rows"), widening = model.get("widening");
  const settings = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };

  // The controls. `choices` are [value, text].
  function field(name, label, choices, changesOf = (value) => ({ [name]: value })) {
    const node = element("select", { id: `${prefix}-${name}` },
      ...choices.map(([, text], number) => element("option", { value: number }, text)));
    node.addEventListener("change", () => save(changesOf(choices[Number(node.value)][0])));
    return {
      row: element("p", { class: "fer-audit-field" }, element("label", { for: node.id }, label), node), node,
      show: (value) => { node.value = choices.findIndex(([one]) => one === value); },
    };
  }
  const itself = (name) => [name, name];
  const fields = {
    attribute: field("attribute", "Groups by", Object.keys(rows.values).map(itself), (attribute) => ({ group: "", attribute })),
    measure: field("measure", "Measure", Object.entries(MEASURES)),
    label: field("label", "Label", rows.labels.map(itself)),
    people: field("people", "People", rows.sizes.map((size) => [size, `${size}`])),
    sample: field("sample", "Strangers", [[0, `the first ${rows.people}`], [1, `${rows.people} others`]]),
    lot: field("lot", "Random draw", Array.from({ length: rows.draws }, (_, lot) => [lot, `draw ${lot + 1}`])),
  };
  const slider = element("input", { type: "range", min: 0, max: 0.95, step: 0.05, id: `${prefix}-threshold` });
  const least = element("span");
  slider.addEventListener("input", () => save({ threshold: Number(slider.value) }));
  const anew = element("button", { type: "button" }, "Count anew");
  anew.addEventListener("click", () => { looked[model.get("sample")].clear(); changed(); });

  // What is shown.
  const problem = element("p", { class: "fer-audit-problem", role: "alert", hidden: "" });
  const verdict = element("p", { class: "fer-audit-verdict", role: "status", "aria-live": "polite" });
  const many = element("span");
  const table = groupsTable(prefix, (group) => save({ group }));
  const histogram = chanceHistogram();
  const caption = element("p", { class: "fer-audit-note" });
  const root = element("section", { class: "fer-audit", "aria-label": "Audit" },
    element("p", { class: "fer-audit-question" }, "Is this gap larger than chance alone would make?"),
    element("p", {}, element("strong", {}, "Try first: "), "make the groups at random, so that no gap can be real, and guess how "
      + "large one still becomes with 30 people, and with 120. Then ask for skin tone."),
    problem,
    element("div", { class: "fer-audit-controls" }, ...["attribute", "lot", "measure", "label"].map((name) => fields[name].row),
      element("p", { class: "fer-audit-field" }, element("label", { for: slider.id }, "Threshold on score "), least, slider),
      fields.people.row, fields.sample.row),
    element("p", { class: "fer-audit-note" }, "Below the threshold the network gives no answer; the measure “right answers” counts that as not right."),
    table.node,
    element("p", { class: "fer-audit-heading" }, "What chance alone makes"),
    histogram.node, caption, verdict,
    element("p", { class: "fer-audit-looked" }, many, " ", anew));
  el.append(root);

  const looked = [new Map(), new Map()]; // of each sample: a test that was looked at -> its p
  const slices = inSlices();
  let ended = false, last = null; // the audit that was made last

  const testsOf = ({ attribute, measure, label, threshold, people, lot }, { test }) => [attribute, test, measure,
    measure === "recall" || measure === "false positives" ? label : "", threshold, people,
    attribute === rows.by_lot ? lot : ""].join("|");

  // The group whose gap is shown: the chosen one, else the one with the smallest p.
  function shownOf(groups, chosen) {
    const judged = groups.filter((group) => group.judged);
    const smallest = judged.reduce((best, group) => (best === null || group.p < best.p ? group : best), null);
    return judged.find(({ value }) => value === chosen) ?? smallest;
  }

  function finish(chosen, people, found) {
    if (ended) return;
    const shown = shownOf(found.groups, chosen.group);
    const everybody = { people: people.means.length, accuracy: people.means.reduce((sum, one) => sum + one, 0)
      / people.means.length, low: found.low, high: found.high };
    table.show({ name: nameOf(chosen), tests: found.tests, everybody, groups: found.groups, chosen: shown?.value });
    const before = looked[chosen.sample];
    for (const group of found.groups) if (group.judged) before.set(testsOf(chosen, group), group.p);
    const all = [...before.keys()];
    const corrected = shown ? holm([...before.values()])[all.indexOf(testsOf(chosen, shown))] : null;
    root.classList.remove("fer-audit-busy");
    const differ = shown !== null && shown.shuffled.some((gap) => Math.abs(gap) > 1e-9);
    histogram.node.hidden = !differ;
    if (shown) {
      const most = shown.chance === null ? "" : `at least 19 of 20 lie between ${points(-shown.chance)} and `
        + `${points(shown.chance)} points. `;
      if (differ) histogram.show(shown, `Gaps of ${grouped(PERMUTATIONS)} shuffles: ${most}The gap that is seen is ${points(shown.gap)} points.`);
      caption.textContent = differ
        ? `Points between “${shown.value}” and the rest, when the groups are shuffled among the people ${grouped(PERMUTATIONS)} `
          + "times. Pale: at least 19 of 20 shuffles. Orange: as far from 0 as the gap that is seen."
        : "Everybody has the same share, so that no two groups differ.";
      if (differ) verdict.replaceChildren(...inWords(chosen, everybody, shown, corrected, all.length));
      else verdict.textContent = "There is no gap to judge, and intervals without any width say nothing about other people.";
    } else {
      caption.textContent = "";
      verdict.textContent = "No group has enough people to be tested: at least 5 in it, and 5 outside.";
    }
    many.textContent = `You have looked at ${all.length} test${all.length === 1 ? "" : "s"} with these strangers. `
      + `If no gap were real, ${Math.round(100 * (1 - (1 - LEVEL) ** all.length))} of 100 readers who look at so many `
      + "(unrelated) tests would see at least one p below 0.05.";
    const kept = found.groups.map(({ value, n, people: count, accuracy, low, high, gap, gap_low, gap_high, p,
      corrected: one, judged, chance }) => ({ value, n, people: count, accuracy, low, high, gap, gap_low, gap_high, p,
      corrected: one, judged, chance }));
    save({ measured: { ...chosen, group: shown?.value ?? "", value: everybody.accuracy, low: found.low, high: found.high,
      people_counted: everybody.people, groups: kept, tests: all.length, corrected } });
    root.dataset.ended = JSON.stringify(chosen);
  }

  function nameOf({ measure, label }) {
    return { "recall": `Recall of “${label}”`, "false positives": `False positives of “${label}”` }[measure]
      ?? `${MEASURES[measure][0].toUpperCase()}${MEASURES[measure].slice(1)}`;
  }

  // What follows, what the gap is, and what chance alone makes.
  function inWords(chosen, everybody, { value, people, gap, gap_low, gap_high, p, chance }, corrected, tests) {
    let so = "No: chance alone often makes such a gap. That does not show that there is none; see its interval.";
    if (chosen.attribute === rows.by_lot) {
      so = p < LEVEL ? `A false alarm: p is ${pValue(p)}, but the groups were drawn at random, so that this gap is nothing but chance.`
        : "No: chance alone often makes such a gap. The groups were drawn at random, so that it can be nothing else.";
    } else if (p < LEVEL && corrected < LEVEL) {
      so = tests === 1 ? "Yes: chance alone seldom makes such a gap."
        : `Yes, even among the ${tests} tests that you have looked at (corrected p = ${pValue(corrected)}).`;
    } else if (p < LEVEL) {
      so = `Taken alone, yes. But it is one of ${tests} tests that you have looked at, and then no (corrected p = `
        + `${pValue(corrected)}). ${chosen.sample === 0 ? "Ask the 120 others." : "Only new people could decide."}`;
    }
    const seen = ` ${nameOf(chosen)}: “${value}” is ${Math.abs(100 * gap).toFixed(1)} points ${gap < 0 ? "below" : "above"} the rest `
      + `(95 % interval ${points(gap_low)} to ${points(gap_high)}). `;
    const size = `With ${everybody.people} people, ${people} of them in this group, `;
    const alone = chance === null ? `${size}chance alone makes even the largest gap in more than one shuffle of 20.`
      : `${size}a gap of ${(100 * chance).toFixed(1)} points or more, either way, appears by chance alone in at most one shuffle of 20.`;
    const often = ` One as large as this appears in ${(100 * p).toFixed(p < 0.01 ? 2 : 1)} % of the shuffles (p = ${pValue(p)}).`;
    return [element("strong", {}, so), element("span", {}, seen), element("em", {}, alone), element("span", {}, often)];
  }

  function showSettings(chosen) {
    for (const [name, one] of Object.entries(fields)) one.show(chosen[name]);
    slider.value = chosen.threshold;
    least.textContent = chosen.threshold.toFixed(2);
    fields.label.node.disabled = !["recall", "false positives"].includes(chosen.measure);
    fields.lot.node.disabled = chosen.attribute !== rows.by_lot;
  }

  function begin() {
    const chosen = settings();
    showSettings(chosen);
    const people = peopleOf(rows, chosen);
    if (people.means.length === 0) throw new Error("nobody has a picture that counts");
    const groups = groupsOf(people, rows.values[chosen.attribute]);
    const key = JSON.stringify({ ...chosen, group: "" });
    if (last?.key === key) { // another group of the same table
      finish(chosen, people, last.found);
      return;
    }
    root.classList.add("fer-audit-busy");
    slices.start(auditSteps(people, groups, widening, (found) => {
      last = { key, found };
      finish(chosen, people, found);
    }));
  }

  // A later change ends an earlier one; several of one moment are one.
  let waiting = 0;
  function changed() {
    delete root.dataset.ended;
    problem.hidden = true;
    slices.stop();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      try {
        begin();
      } catch {
        root.classList.remove("fer-audit-busy");
        verdict.textContent = "";
        problem.textContent = "The rows of this widget cannot be read; run its cell again.";
        problem.hidden = false;
      }
    }, 0);
  }
  const changes = SETTINGS.map((name) => `change:${name}`).join(" ");
  model.on(changes, changed);
  changed();

  return () => {
    ended = true;
    clearTimeout(waiting);
    slices.stop();
    model.off(changes, changed);
  };
}

export default { render };
