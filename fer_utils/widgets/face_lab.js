// The Face lab. What there is to choose comes from Python (`offer`), and a painter makes the picture of a state:
// Python where a kernel answers, and otherwise the page itself.
// `faceLabStudio()` holds the studio and the network for the page; face_lab.py puts it before this text.
import { element, emphasised } from "./elements.js";
import { drawingEngine } from "./face_lab_engine.js";
import { kernelPainter, pagePainter } from "./face_lab_painters.js";
import { choice, overlay, room, scoreRows, sides, slider, two, withUnit } from "./face_lab_parts.js";

const DELAY = 1200; // ms without an answer, after which the page draws by itself

let serial = 0;

function render({ model, el }) {
  const prefix = `fer-lab-${Date.now().toString(36)}-${serial++}`;
  const offer = model.get("offer");
  const hook = globalThis.ferFacePainter;
  let painter = typeof hook === "function" ? pagePainter(model, hook) : kernelPainter(model);
  const engine = drawingEngine(faceLabStudio, { offer, weights: ownBytes(model.get("weights")) });
  const state = () => painter.pending() ?? model.get("state");
  const change = (changes) => {
    painter.ask({ ...offer.rest, ...state(), ...changes });
    show();
  };

  // The face.
  const image = element("img", { class: "fer-lab-face dark-light", width: 384, height: 384 });
  const canvas = element("canvas", { class: "fer-lab-face", width: 384, height: 384, role: "img", hidden: "" });
  const marks = overlay();
  const scores = scoreRows(offer.labels);
  const note = element("p", { class: "fer-lab-note", hidden: "" },
    "No kernel is needed: this page draws the face.");
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
        control.show(value, right === left ? two(right) : `R\u00a0${right} L\u00a0${left}`);
      });
      return control.node;
    });
    const made = room(name, name === "Mouth", ...rows);
    shows.push(() => {
      const on = numbers.filter((number) => Math.max(...sides(state().action_units ?? {}, number)) > 0);
      const text = on.length ? `AU ${on.join(", ")}` : "";
      if (made.sum.textContent !== text) made.sum.textContent = text;
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
    const text = [now.light, now.yaw || now.pitch || now.roll ? "turned" : "", now.occlusion ?? ""].filter(Boolean).join(", ");
    if (head.sum.textContent !== text) head.sum.textContent = text;
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
    element("p", { class: "fer-lab-question" }, model.get("question")),
    element("p", { class: "fer-lab-try" }, element("b", {}, "Try first: "), ...emphasised(model.get("first"))),
    element("div", { class: "fer-lab-stage" },
      element("div", { class: "fer-lab-frame" }, image, canvas, marks.node),
      element("p", { class: "fer-lab-dots" }, dots, element("label", { for: dots.id }, "Show the 68 landmarks")),
      problem, scores.node, note, spoken),
    controls);
  el.append(root);

  let awake = false;
  let said = null;
  let before = painter.shown().about;
  function show() {
    const { url, picture, marks: points, about, problem: wrong } = painter.shown();
    if (awake) marked = Boolean(state()?.landmarks);
    if (picture) canvas.getContext("2d").putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
    else if (url && image.getAttribute("src") !== url) image.src = url;
    canvas.hidden = !picture;
    image.hidden = Boolean(picture);
    image.alt = about + (marked ? " Its 68 landmarks are marked." : "");
    if (picture) canvas.setAttribute("aria-label", image.alt);
    else canvas.removeAttribute("aria-label");
    score();
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

  // The network's scores of the face that is shown, once for each state.
  let scored = null;
  function score() {
    const { scores: known, problem: wrong } = painter.shown();
    const now = state();
    if (wrong || !awake) {
      scored = null;
      scores.show(null);
    } else if (known) {
      scored = null;
      scores.show(known);
    } else if (now !== scored) {
      scored = now;
      if (!scoring) askScores();
    }
  }

  // Python's picture has no scores: the page draws the face again for them. Of the states that come meanwhile only the
  // last is drawn.
  let scoring = false;
  async function askScores() {
    scoring = true;
    let asked = null;
    while (scored && asked !== scored) {
      asked = scored;
      const answer = await engine.draw({ ...offer.rest, ...asked }).catch(() => null);
      if (asked === scored) scores.show(answer?.scores ?? null);
    }
    scoring = false;
  }

  let stops = [];
  function take(next) {
    stops.forEach((stop) => stop());
    painter = next;
    stops = [painter.follow(show), painter.wake(() => {
      awake = true;
      controls.disabled = false;
      root.classList.add("fer-lab-live");
      show();
    })];
  }
  take(painter);
  // A page that nobody answers draws by itself, until a kernel says that it is there after all.
  let stopHearing = () => {};
  const late = setTimeout(() => {
    if (awake || !offer.studio) return;
    note.hidden = false;
    const own = pagePainter(model, engine.draw);
    take(own);
    own.ask({ ...offer.rest, ...state() });
    stopHearing = kernelPainter(model).wake(() => {
      note.hidden = true;
      const kept = state();
      take(kernelPainter(model));
      painter.ask(kept);
    });
  }, DELAY);
  show();
  return () => { clearTimeout(late); clearTimeout(said); stopHearing(); stops.forEach((stop) => stop()); engine.end(); };
}

// A copy of the bytes alone: the view may lie in a message that holds much more.
function ownBytes(view) {
  return view?.byteLength ? new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength).slice() : null;
}

export default { render };
