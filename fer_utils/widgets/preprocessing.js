// Preprocessing: a clip, the boxes of its face, and what the network gets of each; the reader moves the box.
import { element } from "./elements.js";
import { preprocessingRun } from "./preprocessing_run.js";
import { best, frameStrip, paintGrey, placesMap, scoresTable } from "./preprocessing_parts.js";

const SIZES = [180, 48];
const DETECTOR_NAMES = {
  dlib: "dlib", haar: "Haar cascade", landmarks: "drawn landmarks", whole: "whole picture",
};
const bound = (value, most) => Math.min(Math.max(value, -most), most);
let serial = 0;

// The clip's frames out of their one picture: {data, width, height} of each, and the picture on a canvas.
async function framesOf(sprite, { size: [width, height], columns, strength }) {
  const bitmap = await createImageBitmap(new Blob([sprite], { type: "image/webp" }), { colorSpaceConversion: "none" });
  const canvas = element("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const places = strength.map((_, number) => [(number % columns) * width, Math.floor(number / columns) * height]);
  const frames = places.map(([left, top]) => ({ data: context.getImageData(left, top, width, height).data, width, height }));
  return { canvas, places, frames };
}

function render({ model, el }) {
  const prefix = `fer-prep-${Date.now().toString(36)}-${serial++}`;
  const clip = model.get("clip"), offer = model.get("offer");
  const { size: [width, height], names, posed, strength, boxes, chosen } = clip;
  const posedNumber = names.indexOf(posed);
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const settings = () => ({
    detector: model.get("detector"), margin: model.get("margin"), frame: model.get("frame"),
    move: [model.get("right"), model.get("down")],
  });
  const moveTo = ([right, down]) => save({ right: bound(right, offer.move), down: bound(down, offer.move) });

  // The controls.
  const choice = (legend, trait, values, say) => {
    const node = element("fieldset", {}, element("legend", {}, legend));
    const radios = values.map((value) => {
      const id = `${prefix}-${trait}-${value}`;
      const radio = element("input", { type: "radio", name: `${prefix}-${trait}`, id });
      radio.addEventListener("change", () => save({ [trait]: value }));
      node.append(element("span", {}, radio, element("label", { for: id }, say(value))));
      return radio;
    });
    return { node, show: () => radios.forEach((radio, i) => { radio.checked = values[i] === model.get(trait); }) };
  };
  const slider = (label, [least, most], moved) => {
    const id = `${prefix}-${label.replaceAll(" ", "-")}`;
    const input = element("input", { type: "range", id, min: least, max: most, step: 1 });
    const output = element("output", { for: id });
    input.addEventListener("input", () => moved(Number(input.value)));
    return {
      node: element("p", {}, element("label", { for: id }, label), input, output),
      show(value, words) {
        input.value = value;
        output.textContent = words;
        input.setAttribute("aria-valuetext", words);
      },
    };
  };
  const detector = choice("Box from", "detector", offer.detectors, (value) => DETECTOR_NAMES[value] ?? value);
  const sampling = choice("Frames chosen", "sampling", offer.samplings, (value) => value);
  const margin = slider("Margin on each side", [0, offer.margins.length - 1], (i) => save({ margin: offer.margins[i] }));
  const ways = [-offer.move, offer.move];
  const right = slider("Moved to the right", ways, (value) => save({ right: value }));
  const down = slider("Moved down", ways, (value) => save({ down: value }));
  const back = element("button", { type: "button", class: "fer-prep-back" }, "Put the box back");
  back.addEventListener("click", () => moveTo([0, 0]));

  // The frame, and the square that is cut out; the square is moved by hand or by arrow keys.
  const scene = element("canvas", { role: "img", "aria-label": "No picture yet", width, height });
  const handle = element("button", { type: "button", class: "fer-prep-handle", "aria-describedby": `${prefix}-how` });
  handle.setAttribute("aria-label", "Move the box with the arrow keys");
  const stage = element("div", { class: "fer-prep-stage" }, scene, handle);
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  handle.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation(); // Jupyter has arrow keys of its own
    const pixels = event.shiftKey ? 8 : 1;
    moveTo(settings().move.map((value, i) => value + pixels * step[i]));
  });
  let held = null;
  handle.addEventListener("pointerdown", (event) => {
    held = { from: [event.clientX, event.clientY], move: settings().move };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const scale = width / scene.getBoundingClientRect().width;
    moveTo([event.clientX, event.clientY].map((at, i) => Math.round(held.move[i] + (at - held.from[i]) * scale)));
  });
  for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, () => { held = null; });

  // What is seen of it.
  const problem = element("p", { class: "fer-prep-problem", role: "alert", hidden: "" });
  const spoken = element("p", { class: "fer-prep-spoken", role: "status", "aria-live": "polite" });
  const inputs = SIZES.map((size) => element("canvas", { role: "img", "aria-label": `Grey, ${size} × ${size}`, width: size, height: size }));
  const sizes = SIZES.map((size) => element("small", {}, `grey, ${size} × ${size}`));
  const boxWords = element("p", { class: "fer-prep-words" });
  const verdict = element("p", { class: "fer-prep-verdict" });
  const clipWords = element("p", { class: "fer-prep-words" }, "The frames are unpacked …");
  const scores = scoresTable(names);
  const strip = frameStrip(clip, [width, height], (number) => save({ frame: number }));
  const map = placesMap(offer.around, posedNumber, moveTo);
  const root = element("section", { class: "fer-prep", "aria-label": "Preprocessing: from a clip to what the network gets" },
    element("p", { class: "fer-prep-question" }, "How much does what the network sees depend on the box?"),
    element("p", {}, element("strong", {}, "Try first: "), "move the box by hand, or with the arrow keys, until the label "
      + "changes. Then put it back and give it a margin of 0.1."),
    problem,
    element("div", { class: "fer-prep-controls" }, detector.node, sampling.node,
      element("div", {}, margin.node), element("div", {}, right.node, down.node, back)),
    strip.node,
    element("p", { class: "fer-prep-note" }, "Below each frame: the strength of the expression as a bar, the frame's "
      + "number, and the network's label with this box and margin. Chosen frames have a thick frame."),
    clipWords,
    element("div", { class: "fer-prep-two" },
      element("div", {}, stage,
        element("p", { class: "fer-prep-note", id: `${prefix}-how` }, "Dashed: the box. Solid: the square that is cut out; "
          + "drag it, or press arrow keys on it (with Shift: 8 pixels)."), boxWords),
      element("div", {},
        element("div", { class: "fer-prep-inputs" }, ...inputs.map((canvas, i) => element("div", {}, canvas, sizes[i]))),
        element("p", { class: "fer-prep-note" }, "180 pixels a side is what the paper's network reads; drawn48, which "
          + "answers here, reads 48."),
        verdict)),
    element("div", { class: "fer-prep-two" }, element("div", {}, scores.node),
      element("div", { class: "fer-prep-places" },
        element("p", { class: "fer-prep-heading" }, "And if the box had been elsewhere?"), map.canvas, map.words,
        element("p", { class: "fer-prep-note" }, `A cell is a place of the box, ${offer.around.step} pixels from the next; `
          + `in the middle is the one that was found. The bluer, the higher the score of ${posed}; a dot: it is the `
          + "label. The orange cell is where the box is now."))),
    spoken);
  el.append(root);

  let run = null, sheet = null, ended = false, waiting = false;
  let known = ""; // of which box the places have been tried
  const foundScores = new Map(); // of each box as it was found

  function showSettings() {
    const { detector: from, margin: share, frame, move } = settings();
    [detector, sampling].forEach((one) => one.show());
    margin.show(offer.margins.indexOf(share), share.toFixed(2));
    [right, down].forEach((one, i) => one.show(move[i], `${move[i]} pixels`));
    const list = chosen[model.get("sampling")];
    strip.mark(frame, list);
    const box = boxes[from][frame];
    handle.hidden = box === null;
    boxWords.textContent = box === null ? "No face was found in this frame."
      : `Box of ${DETECTOR_NAMES[from] ?? from} in frame ${frame}: ${box[2]} × ${box[3]} pixels.`;
  }

  function showFrame() {
    if (run === null) return;
    const now = settings();
    const { frame, move } = now;
    const context = scene.getContext("2d");
    context.drawImage(sheet.canvas, ...sheet.places[frame], width, height, 0, 0, width, height);
    const where = run.square(now, frame, move);
    if (where === null) {
      inputs.forEach((canvas) => canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height));
      scores.show(null, null);
      verdict.textContent = "Without a box the network gets nothing of this frame.";
      scene.setAttribute("aria-label", `Frame ${frame}, in which no face was found`);
      return;
    }
    const [x, y, w, h] = boxes[now.detector][frame];
    context.setLineDash([4, 3]);
    context.lineWidth = 1;
    context.strokeStyle = "#000000";
    context.strokeRect(x + move[0] + 0.5, y + move[1] + 0.5, w - 1, h - 1);
    const style = { left: where.x / width, top: where.y / height, width: where.side / width, height: where.side / height };
    for (const [name, share] of Object.entries(style)) handle.style[name] = `${100 * share}%`;
    SIZES.forEach((size, i) => paintGrey(inputs[i], run.face(frame, where, size), size));

    const key = `${now.detector} ${frame}`;
    if (!foundScores.has(key)) foundScores.set(key, run.scores(frame, run.square({ ...now, margin: 0 }, frame, [0, 0])));
    const found = foundScores.get(key), answer = run.scores(frame, where);
    scores.show(found, answer);
    const [before, after] = [found, answer].map((list) => names[best(list)]);
    const outside = where.x < 0 || where.y < 0 || where.x + where.side > width || where.y + where.side > height;
    boxWords.textContent += ` Square: ${where.side} × ${where.side}, from column ${where.x} and row ${where.y}.`
      + (outside ? " It leaves the picture: there the edge is repeated." : "");
    const touched = now.margin !== 0 || move.some((pixels) => pixels !== 0);
    verdict.textContent = `The actor poses ${posed}, strength ${strength[frame].toFixed(2)}. With the box as found, the `
      + `network says ${before}${touched ? `; now it says ${before === after ? "the same" : after}` : ""}.`;
    verdict.classList.toggle("fer-prep-changed", before !== after);
    scene.setAttribute("aria-label", `Frame ${frame} of a drawn actor who poses ${posed}, with the box and a square of `
      + `${where.side} pixels`);
  }

  function listen({ kind, number, scores: made }) {
    if (kind === "frame") strip.answer(number, made);
    if (kind === "place") map.put(number, made);
    if (kind !== "end") return;
    known = placesKey();
    const now = settings();
    const kept = map.kept(), all = map.places.length, reach = offer.around.reach * offer.around.step;
    map.say(`At ${kept} of ${all} places, up to ${reach} pixels away, the label is ${posed}.`);
    sayClip();
    spoken.textContent = `${verdict.textContent} ${clipWords.textContent} ${map.words.textContent}`;
    const where = run.square(now, now.frame, now.move);
    const square = where && [where.x, where.y, where.side];
    save({ seen: { ...now, square, labels: strip.answers(), kept, places: all } });
    root.dataset.ended = "yes";
  }

  // What the chosen frames say, in a sentence.
  function sayClip() {
    const list = chosen[model.get("sampling")], answers = strip.answers();
    const count = list.filter((number) => answers[number] === posed).length;
    const mean = list.reduce((sum, number) => sum + strength[number], 0) / list.length;
    clipWords.textContent = `Chosen: ${list.length} of ${strength.length} frames, of mean strength ${mean.toFixed(2)}. `
      + `The network calls ${count} of them ${posed}.`;
  }

  // The places do not depend on where the reader has moved the box.
  function placesKey() {
    const { detector: from, margin: share, frame } = settings();
    return `${from} ${share} ${frame}`;
  }

  // Two traits that change together (right and down) are one change.
  function changed() {
    showSettings();
    if (run === null) return;
    delete root.dataset.ended;
    if (!waiting) queueMicrotask(begin);
    waiting = true;
  }

  function begin() {
    waiting = false;
    if (ended) return;
    showFrame();
    const same = known === placesKey();
    if (!same) {
      known = ""; // what the map holds until the run ends is of no box
      map.clear();
    }
    map.draw(settings().move);
    run.start(settings(), same ? [] : map.places);
  }

  function chose() {
    showSettings();
    if (run === null) return;
    showFrame();
    if (root.dataset.ended) sayClip();
  }

  const changes = ["detector", "margin", "frame", "right", "down"].map((name) => `change:${name}`).join(" ");
  model.on(changes, changed);
  model.on("change:sampling", chose);
  const repaint = new MutationObserver(() => { if (run !== null) map.draw(settings().move); });
  repaint.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
  repaint.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  showSettings();

  framesOf(model.get("sprite"), clip).then((made) => {
    if (ended) return;
    run = preprocessingRun(model.get("weights"), made.frames, boxes, listen);
    sheet = made;
    made.places.forEach((place, number) => strip.draw(number, made.canvas, place));
    changed();
  }).catch(() => {
    run = null;
    clipWords.textContent = "";
    problem.textContent = "The clip or the weights of this widget cannot be read; run its cell again.";
    problem.hidden = false;
  });

  return () => {
    ended = true;
    run?.stop();
    repaint.disconnect();
    model.off(changes, changed);
    model.off("change:sampling", chose);
  };
}

export default { render };
