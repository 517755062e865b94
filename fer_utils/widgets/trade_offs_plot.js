// The plot of the trade-offs: systems as lettered points, their intervals, the frontier, and a brush.

const SPACE = "http://www.w3.org/2000/svg";
const EDGE = { left: 54, right: 22, top: 16, bottom: 28 };
const REACH = 14; // a click so near to a disc, in pixels, means it
const DISC = 10; // the radius of a disc
const APART = 17; // pixels between the middles of two discs, so that both letters can be read
const PAINTED = ["out", "no witness", "beaten", "within", "frontier"]; // in which points are drawn; the last lies on top

function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Values as people say them.
const rounded = (value) => String(Number(value.toPrecision(3)));
const grouped = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const SAY = {
  parameters: (value) => grouped(value),
  operations: (value) => `${(value / 1e6).toFixed(1)} M`,
  file: (value) => `${grouped((value / 1000).toFixed(0))} kB`,
  time: (value) => `${value.toFixed(2)}×`,
};
const percent = (value) => `${(100 * value).toFixed(1)} %`;
export const say = (name, value) => (value === null ? "not known" : (SAY[name] ?? percent)(value));

// The same, short, beside an axis.
function tickText(name, value) {
  if (name === "operations") return rounded(value / 1e6);
  if (name === "file") return rounded(value / 1000);
  if (name === "time") return rounded(value);
  if (name !== "parameters") return `${Math.round(100 * value)} %`;
  if (value >= 1e6) return `${rounded(value / 1e6)} M`;
  return value >= 1000 ? `${rounded(value / 1000)} k` : rounded(value);
}

// A scale from values to 0..1, with room at both ends, and the values of its ticks.
function scaleOf(values, logarithmic) {
  const to = logarithmic ? Math.log10 : (value) => value;
  let [low, high] = [Math.min(...values), Math.max(...values)].map(to);
  const room = 0.06 * (high - low) || 0.05 * Math.abs(high) || 1;
  [low, high] = [low - room, high + room];
  const ticks = [];
  if (logarithmic) {
    const narrow = high - low < 2;
    for (let power = Math.floor(low); power <= high; power++) {
      for (const first of narrow ? [1, 2, 5] : [1]) ticks.push(first * 10 ** power);
    }
  } else {
    const step = [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10((high - low) / 5)))
      .find((size) => (high - low) / size <= 6);
    for (let value = Math.ceil(low / step); value * step <= high; value++) ticks.push(value * step);
  }
  const share = (value) => (to(value) - low) / (high - low);
  return { share, ticks: ticks.filter((tick) => share(tick) >= 0 && share(tick) <= 1) };
}

// The corners of the frontier: up to the next point in steps, and on to the worse end of x.
function staircase(points, moreX, box) {
  const sorted = [...points].sort((one, other) => one.x - other.x);
  const corners = [];
  sorted.forEach((point, number) => {
    corners.push([point.x, point.y]);
    const next = sorted[number + 1];
    if (next) corners.push(moreX ? [point.x, next.y] : [next.x, point.y]);
  });
  if (moreX) corners.unshift([box.left, corners[0][1]]);
  else corners.push([box.right, corners.at(-1)[1]]);
  return corners;
}

// Where each disc stands: on its point or, where it would hide another, beside it.
function placeDiscs(points, box) {
  const tried = [[0, 0]];
  for (const distance of [18, 27, 36, 45]) {
    for (let turn = 0; turn < 16; turn++) {
      const angle = (turn * Math.PI) / 8;
      tried.push([distance * Math.cos(angle), -distance * Math.sin(angle)]);
    }
  }
  const placed = [];
  const free = ({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom
    && placed.every((other) => Math.hypot(other.x - x, other.y - y) >= APART);
  const first = points.filter(({ place }) => place !== "out")
    .sort((one, other) => PAINTED.indexOf(other.place) - PAINTED.indexOf(one.place));
  for (const point of first) {
    const places = tried.map(([x, y]) => ({ x: point.x + x, y: point.y + y }));
    point.disc = places.find(free) ?? places[0];
    placed.push(point.disc);
  }
}

export function tradePlot({ onBrush, onChoose }) {
  const node = drawn("svg", { class: "fer-trade-plot", role: "img" });
  let shown = []; // the points, with their places on the plot
  let begun = null; // where the brush was set down
  let brush = null;
  let last = null; // what was drawn, to be drawn again when the width changes

  function show(state) {
    last = state;
    const { systems, places, letters, quantities, settings, inView } = state;
    const { x, y, chosen, logarithmic } = settings;
    const width = Math.max(Math.round(node.parentElement?.clientWidth || 560), 260);
    const height = Math.round(Math.min(Math.max(0.78 * width, 300), 420));
    const box = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: height - EDGE.bottom };
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    node.setAttribute("width", width);
    node.setAttribute("height", height);
    shown = [];
    const visible = inView.filter((number) => [x, y].every((name) => systems[number].values[name] !== null));
    if (!visible.length) {
      node.replaceChildren(drawn("text", { x: box.left, y: height / 2 }, "No system is left to be shown."));
      return;
    }
    const scale = (name) => {
      const ends = (number) => [systems[number].values[name], ...(systems[number].intervals[name] ?? [])];
      return scaleOf(visible.flatMap(ends), logarithmic && !quantities[name].more);
    };
    const [acrossScale, upScale] = [scale(x), scale(y)];
    const across = (value) => box.left + acrossScale.share(value) * (box.right - box.left);
    const up = (value) => box.bottom - upScale.share(value) * (box.bottom - box.top);
    shown = visible.map((number) => {
      const { values } = systems[number];
      const [left, top] = [across(values[x]), up(values[y])];
      return { number, x: left, y: top, place: places[number], disc: { x: left, y: top } };
    });
    placeDiscs(shown, box);

    const grid = [];
    for (const tick of acrossScale.ticks) {
      grid.push(drawn("line", { x1: across(tick), x2: across(tick), y1: box.top, y2: box.bottom }));
      grid.push(drawn("text", { x: across(tick), y: box.bottom + 18, "text-anchor": "middle" }, tickText(x, tick)));
    }
    for (const tick of upScale.ticks) {
      grid.push(drawn("line", { x1: box.left, x2: box.right, y1: up(tick), y2: up(tick) }));
      grid.push(drawn("text", { x: box.left - 7, y: up(tick) + 4, "text-anchor": "end" }, tickText(y, tick)));
    }
    const parts = [drawn("g", { class: "fer-trade-grid" }, ...grid)];
    const front = shown.filter(({ place }) => place === "frontier");
    if (front.length) {
      const corners = staircase(front, quantities[x].more, box);
      const worse = quantities[y].more ? box.bottom : box.top;
      const area = [...corners, [corners.at(-1)[0], worse], [corners[0][0], worse]];
      parts.push(drawn("polygon", { points: area.join(" "), class: "fer-trade-area" }));
      parts.push(drawn("polyline", { points: corners.join(" "), class: "fer-trade-line" }));
    }
    for (const point of shown) {
      const { intervals } = systems[point.number];
      const kind = point.place.replace(" ", "-");
      const line = (ends) => parts.push(drawn("line", { ...ends, class: `fer-trade-interval fer-trade-${kind}` }));
      if (point.place === "out") continue;
      if (intervals[x]) line({ x1: across(intervals[x][0]), x2: across(intervals[x][1]), y1: point.y, y2: point.y });
      if (intervals[y]) line({ x1: point.x, x2: point.x, y1: up(intervals[y][0]), y2: up(intervals[y][1]) });
    }
    // Those on the frontier are drawn last, so that none of them is hidden.
    for (const point of [...shown].sort((one, other) => PAINTED.indexOf(one.place) - PAINTED.indexOf(other.place))) {
      const { disc } = point;
      const out = point.place === "out";
      const kind = `fer-trade-point fer-trade-${point.place.replace(" ", "-")}`;
      const mark = drawn("g", { class: kind, "data-name": systems[point.number].name });
      if (disc.x !== point.x || disc.y !== point.y) {
        mark.append(drawn("line", { x1: point.x, y1: point.y, x2: disc.x, y2: disc.y, class: "fer-trade-leader" }),
          drawn("circle", { cx: point.x, cy: point.y, r: 3, class: "fer-trade-true" }));
      }
      mark.append(drawn("circle", { cx: disc.x, cy: disc.y, r: out ? 4 : DISC, class: "fer-trade-disc" }));
      if (systems[point.number].name === chosen) {
        mark.append(drawn("circle", { cx: disc.x, cy: disc.y, r: 15, class: "fer-trade-chosen" }));
      }
      const middle = { x: disc.x, y: disc.y + 4, "text-anchor": "middle" };
      if (!out) mark.append(drawn("text", middle, letters[point.number]));
      parts.push(mark);
    }
    brush = drawn("rect", { class: "fer-trade-brush", visibility: "hidden" });
    node.replaceChildren(...parts, brush);
    node.setAttribute("aria-label", `${quantities[y].name} against ${quantities[x].name}: `
      + `${front.length} of ${shown.length} points are on the frontier. The table beside it has them in words.`);
  }

  const at = (event) => {
    const frame = node.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const rectangle = (event) => {
    const [x, y] = at(event);
    return { left: Math.min(x, begun[0]), right: Math.max(x, begun[0]),
      top: Math.min(y, begun[1]), bottom: Math.max(y, begun[1]) };
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !brush) return;
    begun = at(event);
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const { left, right, top, bottom } = rectangle(event);
    const size = { x: left, y: top, width: right - left, height: bottom - top, visibility: "visible" };
    for (const [name, value] of Object.entries(size)) brush.setAttribute(name, value);
  });
  node.addEventListener("pointerup", (event) => {
    if (!begun) return;
    const { left, right, top, bottom } = rectangle(event);
    const point = begun;
    begun = null;
    brush.setAttribute("visibility", "hidden");
    if (Math.max(right - left, bottom - top) > 6) {
      onBrush(shown.filter(({ x, y }) => x >= left && x <= right && y >= top && y <= bottom).map((one) => one.number));
      return;
    }
    const distance = ({ disc }) => Math.hypot(disc.x - point[0], disc.y - point[1]);
    const nearest = [...shown].sort((one, other) => distance(one) - distance(other))[0];
    if (nearest && distance(nearest) <= REACH) onChoose(nearest.number);
  });
  node.addEventListener("pointercancel", () => {
    begun = null;
    brush?.setAttribute("visibility", "hidden");
  });

  const watcher = new ResizeObserver(() => {
    const width = Math.max(Math.round(node.parentElement?.clientWidth || 560), 260);
    if (last && String(width) !== node.getAttribute("width")) show(last);
  });
  return { node, show, watch: (parent) => watcher.observe(parent), end: () => watcher.disconnect() };
}
