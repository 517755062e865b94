// Who is beaten by whom: the rules of fer_utils/studies/trade_offs.py again, so that the frontier moves with no kernel.
// Tests compare both for every pair of quantities and every filter.

const better = (one, other, name, quantities) =>
  (quantities[name].more ? one[name] > other[name] : one[name] < other[name]);

// At least as good in both quantities, and better in one.
function beats(one, other, { x, y }, quantities) {
  const isBetter = [x, y].some((name) => better(one, other, name, quantities));
  return isBetter && ![x, y].some((name) => better(other, one, name, quantities));
}

function withinLimits(values, limits) {
  return Object.entries(limits).every(([name, [low, high]]) => {
    if (low === null && high === null) return true;
    const value = values[name];
    return value !== null && (low === null || value >= low) && (high === null || value <= high);
  });
}

// Where each system stands, in the order of `systems`: frontier, within, beaten, no witness, unknown or out.
export function judged(systems, quantities, settings) {
  const { x, y, families, sizes, limits, unconverged } = settings;
  const places = systems.map(({ family, size, values, witness }) => {
    if (!families.includes(family) || !sizes.includes(size) || !withinLimits(values, limits)) return "out";
    if (values[x] === null || values[y] === null) return "unknown";
    return witness || unconverged ? "takes part" : "no witness";
  });
  const racing = systems.filter((_, number) => places[number] === "takes part");
  const isBeaten = (values, itself) =>
    racing.some((other) => other !== itself && beats(other.values, values, settings, quantities));
  return systems.map((one, number) => {
    if (places[number] !== "takes part") return places[number];
    if (!isBeaten(one.values, one)) return "frontier";
    const hopeful = { ...one.values };
    for (const name of [x, y]) if (one.intervals[name]) hopeful[name] = one.intervals[name][1];
    return isBeaten(hopeful, one) ? "beaten" : "within";
  });
}

// The systems that beat this one, among those that take part.
export function beatenBy(systems, places, quantities, settings, one) {
  const takesPart = (other) => ["frontier", "within", "beaten"].includes(places[systems.indexOf(other)]);
  if (!takesPart(one)) return [];
  return systems.filter((other) => takesPart(other) && beats(other.values, one.values, settings, quantities));
}
