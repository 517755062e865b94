// Groups of people, their gaps, and what chance alone would show: fer_utils.fairness.audit, draw by draw.
import { numpyRandom } from "./studio_random.js";

export const PERMUTATIONS = 9999, RESAMPLES = 2000, MIN_PEOPLE = 5, LEVEL = 0.05;
const AT_ONCE = 10; // shuffles or resamples of a step

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The value at a share of the sorted values, between two of them where the share falls between: numpy.quantile.
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share, below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

// p-values corrected by Holm's method, in their order.
export function holm(p) {
  const order = p.map((_, number) => number).sort((one, other) => p[one] - p[other]);
  const corrected = [];
  let least = 0;
  order.forEach((number, rank) => {
    least = Math.max(least, Math.min(1, (p.length - rank) * p[number]));
    corrected[number] = least;
  });
  return corrected;
}

// Who is in which of the two random groups: half of the people in each.
function byLot({ people, sample, lot }, seed) {
  const everybody = Array.from({ length: people }, (_, number) => number);
  const of = new Array(people).fill(1);
  for (const number of numpyRandom([seed, sample, lot]).permutation(everybody).slice(0, Math.floor(people / 2))) of[number] = 0;
  return of;
}

// What of a picture is averaged: 0 or 1, or null where the picture does not count.
const OUTCOMES = {
  "right": ({ posed, answer, answered }) => answered && answer === posed,
  "answered": ({ answered }) => answered,
  "right if answered": ({ posed, answer, answered }) => (answered ? answer === posed : null),
  "recall": ({ posed, answer, answered }, label) => (posed === label ? answered && answer === label : null),
  "false positives": ({ posed, answer, answered }, label) => (posed === label ? null : answered && answer === label),
};

// Each person's mean of the outcome, `means`, with how many `pictures`, and the group of each, `of`. People without a
// picture that counts are left out.
export function peopleOf(rows, settings) {
  const { attribute, measure, threshold, people, sample } = settings;
  const label = rows.labels.indexOf(settings.label), least = Math.round(1000 * threshold);
  const first = sample * rows.people;
  const groups = attribute === rows.by_lot ? byLot(settings, rows.seed)
    : [...rows.attributes[attribute].slice(first, first + people)].map(Number);
  const found = { means: [], pictures: [], of: [] };
  for (let number = 0; number < people; number++) {
    const scores = rows.scores[first + number];
    let sum = 0, count = 0;
    [...rows.answers[first + number]].forEach((answer, place) => {
      const picture = { posed: Math.floor(place / rows.poses), answer: Number(answer), answered: scores[place] >= least };
      const outcome = OUTCOMES[measure](picture, label);
      if (outcome === null) return;
      sum += Number(outcome);
      count += 1;
    });
    if (count === 0) continue;
    found.means.push(sum / count);
    found.pictures.push(count);
    found.of.push(groups[number]);
  }
  return found;
}

// The groups in the order of `values`: who is in each, the mean over them, and the gap to everybody else.
export function groupsOf({ means, pictures, of }, values) {
  const groups = values.map((value, number) => {
    const inside = means.filter((_, person) => of[person] === number);
    const rest = means.filter((_, person) => of[person] !== number);
    const n = pictures.reduce((sum, count, person) => sum + (of[person] === number ? count : 0), 0);
    const accuracy = inside.length ? meanOf(inside) : null;
    const gap = inside.length && rest.length ? accuracy - meanOf(rest) : null;
    const judged = Math.min(inside.length, rest.length) >= MIN_PEOPLE;
    return { value, number, n, people: inside.length, accuracy, gap, judged, inside, rest };
  }).filter((group) => group.people > 0);
  // Two groups have one gap, and so one test.
  return groups.map((group) => ({ ...group, test: groups.length === 2 ? "" : group.value }));
}

// The middle 95 % of resampled means, or of the difference to the rest's; wider where people are few.
function* interval(inside, rest, random, widening) {
  if (inside.length < 2 || (rest && rest.length < 2)) return [null, null];
  const drawn = new Float64Array(RESAMPLES);
  for (const [side, sign] of rest ? [[inside, 1], [rest, -1]] : [[inside, 1]]) {
    for (let sample = 0; sample < RESAMPLES; sample++) {
      let sum = 0;
      for (let person = 0; person < side.length; person++) sum += side[random.integer(side.length)];
      drawn[sample] += (sign * sum) / side.length;
      if (sample % AT_ONCE === 0) yield;
    }
  }
  const value = meanOf(inside) - (rest ? meanOf(rest) : 0);
  const factor = widening[rest ? Math.min(inside.length, rest.length) : inside.length] ?? 1;
  return [0.025, 0.975].map((share) => value + factor * (quantile(drawn, share) - value));
}

// The gap of each group in every shuffle: the people's means are dealt anew among the people.
function* shuffledGaps({ means, of }, groups, random) {
  const gaps = groups.map(() => new Float64Array(PERMUTATIONS));
  const total = means.reduce((sum, value) => sum + value, 0);
  for (let turn = 0; turn < PERMUTATIONS; turn++) {
    const dealt = random.permutation(means);
    const sums = [];
    dealt.forEach((value, person) => { sums[of[person]] = (sums[of[person]] ?? 0) + value; });
    groups.forEach(({ number, people, rest }, place) => {
      gaps[place][turn] = sums[number] / people - (total - sums[number]) / Math.max(rest.length, 1);
    });
    if (turn % AT_ONCE === 0) yield;
  }
  return gaps;
}

// The least gap, either way, that at most one shuffle in 20 reaches; null where even the largest is more frequent.
function chanceOf(shuffled) {
  const sizes = shuffled.map(Math.abs).sort();
  for (let place = sizes.length - Math.floor(LEVEL * sizes.length); place < sizes.length; place++) {
    if (sizes[place] > sizes[place - 1] + 1e-12) return sizes[place];
  }
  return null;
}

// Everything about chance, in short steps. `done` gets the interval of everybody and, of each group, what
// fer_utils.fairness.audit says, with the `shuffled` gaps and `chance`, as chanceOf finds it.
export function* auditSteps(people, groups, widening, done) {
  const random = numpyRandom([0]);
  const shuffled = yield* shuffledGaps(people, groups, random);
  const tests = new Map();
  const p = groups.map(() => null);
  for (const [place, { gap, judged, test }] of groups.entries()) {
    if (!judged) continue;
    let asLarge = 1; // what is seen is one of them
    for (const one of shuffled[place]) if (Math.abs(one) >= Math.abs(gap) - 1e-12) asLarge += 1;
    p[place] = asLarge / (PERMUTATIONS + 1);
    if (!tests.has(test)) tests.set(test, p[place]);
    yield;
  }
  const corrected = holm([...tests.values()]);
  const places = [...tests.keys()];
  const [low, high] = yield* interval(people.means, null, random, widening);
  const made = [];
  for (const [place, group] of groups.entries()) {
    const ends = yield* interval(group.inside, null, random, widening);
    const gapEnds = yield* interval(group.inside, group.rest, random, widening);
    made.push({
      ...group, low: ends[0], high: ends[1], gap_low: gapEnds[0], gap_high: gapEnds[1], p: p[place],
      corrected: group.judged ? corrected[places.indexOf(group.test)] : null, shuffled: shuffled[place],
      chance: group.judged ? chanceOf(shuffled[place]) : null,
    });
    yield;
  }
  done({ low, high, groups: made, tests: places.length });
}
