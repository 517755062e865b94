// Who trains and who tests: the folds of `fer_utils.splits.folds`, and what `fer_utils.splits.leakage` counts.
import { numpyRandom } from "./studio_random.js";

export const UNITS = ["frame", "clip", "performance", "actor"];
export const FOLDS = 5;

// As Python sorts text: by code points, with no rules of any language.
const inOrder = (texts) => [...texts].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));

// The unit of each row, as text. Frames are rows: they have their number.
export function unitsOf(table, by) {
  if (by === "frame") return table.labels.map((_, row) => `${row}`);
  return table[`${by}s`];
}

// The fold, 0 to 4, in which each row tests. Units are dealt like cards, label after label; actors without labels.
export function foldsOf(table, by, seed) {
  const units = unitsOf(table, by);
  const groups = new Map(); // label -> its units
  const seen = new Set();
  units.forEach((unit, row) => {
    if (seen.has(unit)) return;
    seen.add(unit);
    const label = by === "actor" ? "" : table.names[table.labels[row]];
    if (!groups.has(label)) groups.set(label, []);
    groups.get(label).push(unit);
  });
  const random = numpyRandom([seed]);
  const dealt = inOrder(groups.keys()).flatMap((label) => random.permutation(inOrder(groups.get(label))));
  const fold = new Map(dealt.map((unit, place) => [unit, place % FOLDS]));
  return Uint8Array.from(units, (unit) => fold.get(unit));
}

// What of the test rows of one fold has a sibling in training: the strongest tie of each row, "" for a training row;
// and for each level how many units are on both sides and how many test rows belong to them.
export function leaksOf(table, folds, fold) {
  const ties = Array.from(folds, (one) => (one === fold ? "none" : ""));
  const levels = {};
  for (const by of ["actor", "performance", "clip"]) { // the strongest comes last and stays
    const units = unitsOf(table, by);
    const training = new Set(units.filter((_, row) => folds[row] !== fold));
    const shared = new Set();
    let testRows = 0;
    units.forEach((unit, row) => {
      if (folds[row] !== fold || !training.has(unit)) return;
      ties[row] = by;
      shared.add(unit);
      testRows += 1;
    });
    levels[by] = { shared: shared.size, test_rows: testRows };
  }
  const tests = folds.reduce((sum, one) => sum + (one === fold ? 1 : 0), 0);
  return { ties, levels, tests, trainings: folds.length - tests };
}

// Of all folds together: the share of the test rows, 0 to 1, that has a sibling of each level in training.
export function leakShares(table, folds) {
  const sums = { clip: 0, performance: 0, actor: 0 };
  for (let fold = 0; fold < FOLDS; fold++) {
    const { levels } = leaksOf(table, folds, fold);
    for (const by of Object.keys(sums)) sums[by] += levels[by].test_rows;
  }
  return Object.fromEntries(Object.entries(sums).map(([by, count]) => [by, count / folds.length]));
}

// Student's interval over the actors' accuracies; `quantiles[n]` is t for n people, 0.975.
export function byPeople(table, right, quantiles) {
  const counts = new Map();
  table.actors.forEach((actor, row) => {
    const [hits, rows] = counts.get(actor) ?? [0, 0];
    counts.set(actor, [hits + (right[row] ? 1 : 0), rows + 1]);
  });
  const people = inOrder(counts.keys()).map((actor) => counts.get(actor)[0] / counts.get(actor)[1]);
  const mean = people.reduce((sum, one) => sum + one, 0) / people.length;
  const squares = people.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const half = quantiles[people.length] * Math.sqrt(squares / (people.length - 1) / people.length);
  const hits = right.reduce((sum, one) => sum + (one ? 1 : 0), 0);
  return { right: hits, rows: right.length, people, value: mean, low: Math.max(mean - half, 0),
    high: Math.min(mean + half, 1) };
}
