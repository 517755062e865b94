// Prune and round: the package's trained network loses weights and bits, and answers faces of strangers in the page.
import { element } from "./elements.js";
import { changedNetwork, fileSizes, gzipSize } from "./prune_and_round_arithmetic.js";
import { strangersRun } from "./prune_and_round_run.js";
import { scoresTable, sizesTable, layersTable, answersInWords, percent } from "./prune_and_round_parts.js";

const SETTINGS = ["sparsity", "bits", "per_filter", "face"];
let serial = 0;

// The faces out of their one picture, each as pixels of 0..255, and the picture on a canvas.
async function facesOf(sprite, { side, columns, labels }) {
  const bitmap = await createImageBitmap(new Blob([sprite], { type: "image/webp" }), { colorSpaceConversion: "none" });
  const canvas = element("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = labels.map((_, number) => {
    const left = (number % columns) * side, top = Math.floor(number / columns) * side;
    const { data } = context.getImageData(left, top, side, side);
    return Uint8Array.from({ length: side * side }, (_value, i) => data[4 * i]);
  });
  return { pixels, canvas };
}

function render({ model, el }) {
  const prefix = `fer-round-${Date.now().toString(36)}-${serial++}`;
  const faces = model.get("faces"), offer = model.get("offer");
  const { side, names, labels } = faces;
  const save = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const settings = () => ({
    sparsity: model.get("sparsity"), bits: model.get("bits"), per_filter: model.get("per_filter"),
  });

  // The controls.
  const slider = (label, most, moved) => {
    const id = `${prefix}-${label.split(" ")[0]}`;
    const input = element("input", { type: "range", id, min: 0, max: most, step: 1 });
    const output = element("output", { for: id });
    input.addEventListener("input", () => moved(Number(input.value)));
    return { input, output, node: element("p", {}, element("label", { for: id }, label), input, output) };
  };
  const share = slider("Pruned share of each kernel", offer.sparsity.length - 1,
    (value) => save({ sparsity: offer.sparsity[value] }));
  const bits = slider("Bits of a weight", offer.bits.length - 1, (value) => save({ bits: offer.bits[value] }));
  const scales = element("fieldset", {}, element("legend", {}, "Scale of the rounding"));
  const radios = ["one for each kernel", "one for each filter"].map((text, number) => {
    const id = `${prefix}-scale-${number}`;
    const radio = element("input", { type: "radio", name: `${prefix}-scale`, id });
    radio.addEventListener("change", () => save({ per_filter: number === 1 }));
    scales.append(element("span", {}, radio, element("label", { for: id }, text)));
    return radio;
  });
  const choices = Array.from({ length: offer.faces }, (_, number) => {
    const canvas = element("canvas", { "aria-hidden": "true", width: side, height: side });
    const name = names[labels[number]];
    const button = element("button", { type: "button", class: "fer-round-face" }, canvas, name);
    button.setAttribute("aria-label", `${name}, person ${Math.floor(number / names.length) + 1}`);
    button.addEventListener("click", () => save({ face: number }));
    return { button, canvas };
  });

  // What is shown of them.
  const problem = element("p", { class: "fer-round-problem", role: "alert", hidden: "" });
  const verdict = element("p", { class: "fer-round-verdict" });
  const figures = element("p", { class: "fer-round-figures" }, "The faces are unpacked …");
  const answers = element("p", {});
  const progress = element("progress", { max: 1, value: 0, "aria-label": "Faces asked" });
  const conclusion = element("p", { class: "fer-round-conclusion" });
  const spoken = element("p", { class: "fer-round-spoken", role: "status", "aria-live": "polite" });
  const scores = scoresTable(names), sizes = sizesTable();
  const right = element("div", {});
  const root = element("section", { class: "fer-round", "aria-label": "Prune and round a trained network" },
    element("p", { class: "fer-round-question" }, "What breaks first when a network gets smaller?"),
    element("p", {}, element("strong", {}, "Try first: "), "at 3 bits, give each filter a scale of its own. ",
      "Then prune, and watch how late the file gets smaller and how early the answers change."),
    problem,
    element("div", { class: "fer-round-controls" }, share.node, bits.node, scales),
    element("p", { class: "fer-round-heading" },
      `All ${labels.length} faces of ${labels.length / names.length} strangers`),
    figures, answers, progress,
    element("div", { class: "fer-round-faces", role: "group", "aria-label": "Face" }, ...choices.map((c) => c.button)),
    verdict,
    element("div", { class: "fer-round-two" }, element("div", {}, scores.node, sizes.node), right),
    spoken);
  el.append(root);

  let run = null, pixels = null, layers = null, together = null, asked = 0, ended = false;

  function listen(message) {
    if (message.kind === "progress") {
      progress.max = message.of;
      progress.value = message.done;
    } else if (message.kind === "all") {
      together = answersInWords(message);
      figures.replaceChildren("Right before: ", element("b", {}, percent(together.before / labels.length)),
        ", now: ", element("b", { class: "fer-round-now" }, percent(together.right / labels.length)));
      answers.textContent = together.words;
    } else if (message.kind === "layer") {
      layers.show(message.number, message.kept);
    } else if (message.kind === "end") {
      conclusion.textContent = layers.conclusion(together.kept);
      spoken.textContent = `Right before: ${percent(together.before / labels.length)}, now: `
        + `${percent(together.right / labels.length)}. ${conclusion.textContent}`;
      progress.hidden = true;
      const { right: rightNow, before, kept } = together;
      save({ measured: { ...settings(), right: rightNow, right_before: before, kept, layers_kept: layers.kept() } });
      root.dataset.ended = "yes";
    }
  }

  function showSettings() {
    const { sparsity, bits: now, per_filter: perFilter } = settings();
    share.input.value = offer.sparsity.indexOf(sparsity);
    share.output.textContent = percent(sparsity);
    bits.input.value = offer.bits.indexOf(now);
    bits.output.textContent = now === 32 ? "32 (float32)" : `${now}`;
    share.input.setAttribute("aria-valuetext", share.output.textContent);
    bits.input.setAttribute("aria-valuetext", `${now} bits`);
    radios.forEach((radio, number) => { radio.checked = number === Number(perFilter); });
    scales.disabled = now === 32;
  }

  function showFace() {
    const chosen = model.get("face");
    choices.forEach(({ button }, number) => button.setAttribute("aria-pressed", number === chosen));
    if (run === null) return;
    const made = run.asked(pixels[chosen], settings());
    const [before, after] = [made.before, made.after].map((list) => names[list.indexOf(Math.max(...list))]);
    scores.show(made);
    verdict.textContent = `This face poses ${names[labels[chosen]]}. The whole network says ${before}, the changed one `
      + (before === after ? `${after}, too.` : `${after}.`);
    verdict.classList.toggle("fer-round-changed", before !== after);
  }

  async function showSizes() {
    const turn = ++asked;
    const made = changedNetwork(run.layers, settings());
    const shown = { ...made, ...fileSizes(made, run.layers.length, settings()), plain: 4 * (made.of + made.biases) };
    const gzip = await gzipSize(made.bytes);
    if (turn !== asked || ended) return;
    sizes.show({ ...shown, gzip });
    root.dataset.sized = `${turn}`;
  }

  function changed() {
    showSettings();
    if (run === null) return;
    delete root.dataset.ended;
    layers.clear();
    conclusion.textContent = "";
    figures.textContent = "The strangers are asked …";
    answers.textContent = "";
    progress.hidden = false;
    run.start(settings());
    showFace();
    showSizes();
  }

  const changes = SETTINGS.slice(0, 3).map((name) => `change:${name}`).join(" ");
  model.on(changes, changed);
  model.on("change:face", showFace);
  showSettings();
  showFace();

  facesOf(model.get("sprite"), faces).then((made) => {
    if (ended) return;
    ({ pixels } = made);
    choices.forEach(({ canvas }, number) => {
      const at = [(number % faces.columns) * side, Math.floor(number / faces.columns) * side];
      canvas.getContext("2d").drawImage(made.canvas, ...at, side, side, 0, 0, side, side);
    });
    run = strangersRun(model.get("weights"), pixels, labels, listen);
    layers = layersTable(run.layers, labels.length);
    right.append(layers.node, conclusion);
    changed();
  }).catch(() => {
    figures.textContent = "";
    progress.hidden = true;
    problem.textContent = "The faces or the weights of this widget cannot be read; run its cell again.";
    problem.hidden = false;
  });

  return () => {
    ended = true;
    run?.stop();
    model.off(changes, changed);
    model.off("change:face", showFace);
  };
}

export default { render };
