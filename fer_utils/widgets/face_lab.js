// The Face lab. The page holds no names and no drawing of its own: what there is to
// choose comes from Python (`offer`), and a painter makes the picture of a state.
import { element } from "./elements.js";

const DELAY = 1200; // ms without an answer, after which the page says that nobody draws

let serial = 0;

// A painter: `ask(state)` wants a picture, `shown()` says what the last one was, `wake(f)` calls f once it can paint,
// `follow(f)` calls f whenever there is news; both give back how to stop.
function kernelPainter(model) {
  let wanted = null;
  let awake = false;
  const send = () => {
    const state = wanted;
    wanted = null;
    model.set("asked", model.get("asked") + 1); // first: from here on it counts as busy
    model.set("state", state);
    model.save_changes();
  };
  const busy = () => model.get("asked") !== model.get("answered");
  return {
    // One picture is under way at most; of the states that come meanwhile only the last is drawn.
    ask(state) {
      wanted = state;
      if (!busy()) send();
    },
    pending: () => wanted,
    shown: () => ({
      url: jpeg(model.get("picture")), marks: model.get("marks"), about: model.get("about"), problem: model.get("problem"),
    }),
    wake(then) {
      const heard = (message) => {
        if (message?.kind !== "here" || awake) return;
        awake = true;
        then();
      };
      model.on("msg:custom", heard);
      try { model.send({ kind: "hello" }); } catch { /* a saved page: nobody listens */ }
      return () => model.off("msg:custom", heard);
    },
    follow(then) {
      const next = () => {
        if (wanted && !busy()) send();
        then();
      };
      const events = "change:answered change:state";
      model.on(events, next);
      return () => model.off(events, next);
    },
  };
}

// For a drawing that runs in the page: `paint(state)` returns, or promises, { url, marks, about, problem }.
export function pagePainter(model, paint) {
  let wanted = null;
  let running = false;
  let last = kernelPainter(model).shown();
  const listeners = new Set();
  const tell = () => listeners.forEach((listener) => listener());
  async function run() {
    running = true;
    while (wanted) {
      const state = wanted;
      wanted = null;
      model.set("state", state);
      try {
        last = { ...last, problem: "", ...(await paint(state)) };
      } catch (error) {
        last = { ...last, problem: String(error?.message ?? error) };
      }
      tell();
    }
    running = false;
  }
  return {
    ask(state) { wanted = state; if (!running) run(); },
    pending: () => wanted,
    shown: () => last,
    wake(then) { then(); return () => {}; },
    follow(then) { listeners.add(then); return () => listeners.delete(then); },
  };
}

// Bytes come as a DataView from the kernel and from a saved page.
function jpeg(bytes) {
  if (!bytes?.byteLength) return "";
  const view = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  let text = "";
  for (let i = 0; i < view.length; i += 8192) text += String.fromCharCode(...view.subarray(i, i + 8192));
  return `data:image/jpeg;base64,${btoa(text)}`;
}

// The lines of the iBUG-68 scheme: first and last landmark, and whether the line closes.
const LINES = [[0, 16], [17, 21], [22, 26], [27, 30], [31, 35], [36, 41, true], [42, 47, true], [48, 59, true], [60, 67, true]];

function overlay() {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  for (const [name, value] of [["viewBox", "0 0 1 1"], ["class", "fer-lab-marks"], ["aria-hidden", "true"]]) node.setAttribute(name, value);
  return {
    node,
    show(marks) {
      const line = ([from, to, closed]) => {
        const path = document.createElementNS(space, "path");
        path.setAttribute("d", `M${marks.slice(from, to + 1).map((p) => p.join(",")).join("L")}${closed ? "Z" : ""}`);
        return path;
      };
      const dot = ([x, y]) => {
        const circle = document.createElementNS(space, "circle");
        for (const [name, value] of [["cx", x], ["cy", y], ["r", 0.006]]) circle.setAttribute(name, value);
        return circle;
      };
      node.replaceChildren(...(marks?.length === 68 ? [...LINES.map(line), ...marks.map(dot)] : []));
    },
  };
}

const two = (value) => Number(value).toFixed(2);

// Intensity of one unit on both sides: [their right, their left].
function sides(units, number) {
  const both = units[number] ?? 0;
  return [units[`R${number}`] ?? both, units[`L${number}`] ?? both];
}

function withUnit(units, number, [right, left]) {
  const rest = Object.fromEntries(Object.entries(units).filter(([key]) => ![`${number}`, `L${number}`, `R${number}`].includes(key)));
  if (right === left) return right > 0 ? { ...rest, [number]: right } : rest;
  return { ...rest, ...(right > 0 ? { [`R${number}`]: right } : {}), ...(left > 0 ? { [`L${number}`]: left } : {}) };
}

function slider(id, label, { min, max, step, say }, change) {
  const input = element("input", { type: "range", id, min, max, step, "data-setting": id.split("-").pop() });
  const shown = element("output", { for: id });
  input.addEventListener("input", () => change(Number(input.value)));
  return {
    node: element("div", { class: "fer-lab-row" }, element("label", { for: id }, ...[].concat(label)), input, shown),
    input,
    show(value, text = say(value)) {
      input.value = value;
      input.setAttribute("aria-valuetext", text);
      shown.textContent = text;
      shown.parentNode.classList.toggle("fer-lab-on", Number(value) !== 0);
    },
  };
}

function choice(id, label, options, change) {
  const select = element("select", { id }, ...options.map(([value, text]) => element("option", { value }, text)));
  select.addEventListener("change", () => change(select.value));
  return {
    node: element("div", { class: "fer-lab-row fer-lab-choice" }, element("label", { for: id }, label), select),
    show: (value) => { select.value = value ?? ""; },
  };
}

function room(name, open, ...children) {
  const sum = element("span", { class: "fer-lab-sum" });
  const node = element("details", open ? { open: "" } : {}, element("summary", {}, name, sum), element("div", { class: "fer-lab-room" }, ...children));
  return { node, sum };
}

function render({ model, el }) {
  const prefix = `fer-lab-${Date.now().toString(36)}-${serial++}`;
  const offer = model.get("offer");
  const painter = typeof globalThis.ferFacePainter === "function" ? pagePainter(model, globalThis.ferFacePainter) : kernelPainter(model);
  const state = () => painter.pending() ?? model.get("state");
  const change = (changes) => {
    painter.ask({ ...offer.rest, ...state(), ...changes });
    show();
  };

  // The face.
  const image = element("img", { class: "fer-lab-face dark-light", width: 384, height: 384 });
  const marks = overlay();
  const note = element("p", { class: "fer-lab-note", hidden: "" }, "A saved face: its sliders work in Jupyter and in Colab, where Python redraws it.");
  const problem = element("p", { class: "fer-lab-problem", role: "alert" });
  const dots = element("input", { type: "checkbox", id: `${prefix}-landmarks` });
  const spoken = element("p", { class: "fer-lab-spoken", role: "status", "aria-live": "polite" });
  // The landmarks lie over the picture, so they can be shown with nobody to draw.
  let marked = Boolean(model.get("state")?.landmarks);
  dots.addEventListener("change", () => {
    marked = dots.checked;
    if (awake) change({ landmarks: marked });
    else show();
  });

  // Who, and how the picture is taken.
  const shows = [];
  const keep = (control, read) => { shows.push(() => control.show(...read(state() ?? {}))); return control.node; };
  const person = element("input", { type: "number", id: `${prefix}-person`, min: 0, step: 1, value: 0, inputmode: "numeric" });
  person.addEventListener("input", () => change({ person: person.value === "" ? null : Number(person.value) }));
  const step = (by, text, sign) => {
    const button = element("button", { type: "button", "aria-label": text, title: text }, sign);
    button.addEventListener("click", () => change({ person: Math.max(0, (Number.isInteger(state().person) ? state().person : 0) + by) }));
    return button;
  };
  shows.push(() => { if (document.activeElement !== person || Number(person.value) !== state().person) person.value = state().person ?? ""; });
  const who = element("div", { class: "fer-lab-row fer-lab-who" }, element("label", { for: person.id }, "Person"),
    element("span", {}, step(-1, "The person before", "‹"), person, step(1, "The next person", "›")));

  const tones = element("fieldset", { class: "fer-lab-tones" }, element("legend", {}, "Skin tone"));
  for (const tone of [null, ...offer.tones.keys()]) {
    const value = tone === null ? null : tone + 1;
    const id = `${prefix}-tone-${value ?? "own"}`;
    const radio = element("input", { type: "radio", name: `${prefix}-tone`, id, value: value ?? "own" });
    radio.addEventListener("change", () => change({ tone: value }));
    const label = element("label", { for: id, title: value === null ? "their own" : `tone ${value}` },
      ...(value === null ? ["own"] : [element("span", { class: "fer-lab-spoken" }, `tone ${value} of ${offer.tones.length}`)]));
    if (value !== null) label.style.background = `rgb(${offer.tones[tone].join(",")})`;
    tones.append(element("span", {}, radio, label));
    shows.push(() => { radio.checked = (state().tone ?? null) === value; });
  }

  // Action units.
  let side = "both";
  const sided = choice(`${prefix}-side`, "Sliders move", [["both", "both sides"], ["L", "their left side"], ["R", "their right side"]],
    (value) => { side = value; show(); });
  const rooms = offer.groups.map(([name, numbers]) => {
    const rows = numbers.map((number) => {
      const { name: words, midline } = offer.units[number];
      const control = slider(`${prefix}-au${number}`, [element("b", {}, `AU ${number}`), ` ${words}`], { min: 0, max: 1, step: 0.05, say: two }, (value) => {
        const now = sides(state().action_units ?? {}, number);
        const which = midline ? "both" : side;
        change({ action_units: withUnit(state().action_units ?? {}, number,
          [which === "L" ? now[0] : value, which === "R" ? now[1] : value]) });
      });
      shows.push(() => {
        const [right, left] = sides(state().action_units ?? {}, number);
        const value = midline || side === "both" ? Math.max(right, left) : side === "L" ? left : right;
        control.show(value, right === left ? two(right) : `R ${right} L ${left}`);
      });
      return control.node;
    });
    const made = room(name, name === "Mouth", ...rows);
    shows.push(() => {
      const on = numbers.filter((number) => Math.max(...sides(state().action_units ?? {}, number)) > 0);
      made.sum.textContent = on.length ? `AU ${on.join(", ")}` : "";
    });
    return made.node;
  });

  const degrees = (words) => (value) => `${Math.abs(value)}°${value ? ` ${words[value < 0 ? 1 : 0]}` : ""}`;
  const head = room("Head, eyes and light", false,
    ...[["yaw", "Turn", ["right", "left"]], ["pitch", "Nod", ["up", "down"]], ["roll", "Tilt", ["right", "left"]]].map(([name, label, words]) =>
      keep(slider(`${prefix}-${name}`, label, { min: -offer.turns[name], max: offer.turns[name], step: 1, say: degrees(words) },
        (value) => change({ [name]: value })), (now) => [now[name] ?? 0])),
    ...[["Eyes sideways", ["right", "left"]], ["Eyes up and down", ["down", "up"]]].map(([label, words], axis) =>
      keep(slider(`${prefix}-gaze${axis}`, label, { min: -1, max: 1, step: 0.1, say: (v) => (v ? `${Math.abs(v).toFixed(1)} ${words[v < 0 ? 1 : 0]}` : "ahead") },
        (value) => { const gaze = [...(state().gaze ?? [0, 0])]; gaze[axis] = value; change({ gaze }); }), (now) => [now.gaze?.[axis] ?? 0])),
    keep(choice(`${prefix}-light`, "Light", offer.lights.map((name) => [name, name]), (light) => change({ light })), (now) => [now.light]),
    ...(offer.occlusions.length ? [keep(choice(`${prefix}-occlusion`, "In front", [["", "nothing"], ...offer.occlusions.map((name) => [name, name])],
      (value) => change({ occlusion: value || null })), (now) => [now.occlusion])] : []));
  shows.push(() => {
    const now = state() ?? {};
    head.sum.textContent = [now.light, now.yaw || now.pitch || now.roll ? "turned" : "", now.occlusion ?? ""].filter(Boolean).join(", ");
  });

  // Whole expressions at once.
  const poses = element("fieldset", { class: "fer-lab-poses" }, element("legend", {}, "Posed-expression labels"));
  for (const [label, units] of offer.poses) {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => change({ action_units: { ...units } }));
    poses.append(button);
  }
  const reset = element("button", { type: "button", class: "fer-lab-reset" }, "Reset everything");
  reset.addEventListener("click", () => {
    side = "both";
    sided.show(side);
    marked = false;
    change({ ...offer.rest });
  });

  const controls = element("fieldset", { class: "fer-lab-controls", disabled: "" }, element("legend", { class: "fer-lab-spoken" }, "Controls of the face"),
    poses, who, tones, sided.node, ...rooms, head.node, reset);
  const root = element("section", { class: "fer-lab", "aria-label": "Face lab: move action units and watch the face" },
    element("div", { class: "fer-lab-stage" },
      element("div", { class: "fer-lab-frame" }, image, marks.node),
      element("p", { class: "fer-lab-dots" }, dots, element("label", { for: dots.id }, "Show the 68 landmarks")),
      problem, note, spoken),
    controls);
  el.append(root);

  let awake = false;
  let said = null;
  let before = painter.shown().about;
  function show() {
    const { url, marks: points, about, problem: wrong } = painter.shown();
    if (awake) marked = Boolean(state()?.landmarks);
    if (url && image.getAttribute("src") !== url) image.src = url;
    image.alt = about + (marked ? " Its 68 landmarks are marked." : "");
    marks.show(marked ? points : []);
    dots.checked = marked;
    if (problem.textContent !== wrong) problem.textContent = wrong;
    problem.hidden = !wrong;
    shows.forEach((each) => each());
    // Said aloud only when the hand rests, not at every step of a slider.
    if (about !== before) {
      before = about;
      clearTimeout(said);
      said = setTimeout(() => { spoken.textContent = about; }, 700);
    }
  }

  const late = setTimeout(() => { note.hidden = awake; }, DELAY);
  const stops = [
    painter.follow(show),
    painter.wake(() => {
      awake = true;
      controls.disabled = false;
      note.hidden = true;
      root.classList.add("fer-lab-live");
      show();
    }),
  ];
  show();
  return () => { clearTimeout(late); clearTimeout(said); stops.forEach((stop) => stop()); };
}

export default { render };
