// Bring your model: a .tflite file of the reader's runs in the page on drawn faces, beside the package's own network.
import { element } from "./elements.js";
import { pageEngine } from "./page_engine.js";

let serial = 0;

function render({ model, el }) {
  const prefix = `fer-bring-${Date.now().toString(36)}-${serial++}`;
  const [labels, side] = [model.get("labels"), model.get("side")];
  let loading = null, engine = null, faces = null, ours = null, gone = false;
  let turn = 0; // grows with each press, so that a late answer is dropped

  // Files that came with the widget: each has a button.
  const whole = model.get("contents");
  let begin = whole.byteOffset ?? 0;
  const buttons = model.get("files").map(({ name, bytes }) => {
    const content = new Uint8Array(whole.buffer ?? whole, begin, bytes);
    begin += bytes;
    const button = element("button", { type: "button" }, `Run ${name}`);
    button.addEventListener("click", () => run(name, async () => content));
    return button;
  });
  const file = element("input", { type: "file", accept: ".tflite", id: `${prefix}-file` });
  const again = element("button", { type: "button" }, "Run the package's network");
  const zone = element("div", { class: "fer-bring-zone" },
    element("label", { for: file.id }, "Your .tflite file, chosen or dropped here: "), file,
    element("div", { class: "fer-bring-buttons" }, again, ...buttons));
  const status = element("p", { class: "fer-bring-status", role: "status", "aria-live": "polite" });
  const problem = element("p", { class: "fer-bring-problem", role: "alert", hidden: "" });
  const table = element("table", { class: "fer-bring-scores" });
  const strip = element("canvas", { role: "img", "aria-label": `Drawn faces: ${labels.join(", ")}` });
  const root = element("section", { class: "fer-bring", "aria-label": "Bring your model" },
    element("p", { class: "fer-bring-question" }, "Does your network run in a page, and does it read what the package's reads?"),
    element("p", {}, element("b", {}, "Try first: "), "press Run the package's network, then ",
      buttons.length ? "each file's button. Afterwards bring " : "bring ",
      "one that you exported in chapter 11. It should read one square face, and score seven or more labels."),
    zone, element("p", { class: "fer-bring-note" }, "The first press loads 3 MB. Your file stays in this page; nothing is sent."),
    status, problem, strip, element("div", { class: "fer-bring-wide" }, table));
  el.append(root);

  // The faces stand there from the beginning; the engine is loaded when it is asked for.
  async function facesShown() {
    const picture = await createImageBitmap(new Blob([model.get("sprite")])).catch(() => {
      throw new Error("The faces of this widget cannot be read; run its cell again.");
    });
    Object.assign(strip, { width: picture.width, height: picture.height });
    const context = strip.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    faces = labels.map((_, i) => (
      { data: context.getImageData(i * side, 0, side, side).data, width: side, height: side }));
  }
  const shownFaces = facesShown();
  shownFaces.catch(() => {}); // said when the faces are needed

  async function ready() {
    await shownFaces;
    if (engine?.ended()) engine = loading = null; // a file broke it, and another one is loaded
    loading ??= pageEngine(model, model.get("constants")).catch((error) => { loading = null; throw error; });
    return loading;
  }

  function show(name, answer) {
    const best = (scores) => scores.indexOf(Math.max(...scores));
    // Outputs are named where there are as many as the package's network has; else they have numbers.
    const named = (i, count) => (count === labels.length ? labels[i] : `output ${i}`);
    const cell = (scores) => {
      const place = best(scores);
      const odd = scores.some((score) => !Number.isFinite(score)) ? "no number" : scores[place].toFixed(2);
      return element("td", {}, `${named(place, scores.length)} ${odd}`);
    };
    table.replaceChildren(
      element("thead", {}, element("tr", {}, ...["drawn as", name, "the package's"].map((text) => (
        element("th", { scope: "col" }, text))))),
      element("tbody", {}, ...labels.map((label, i) => element("tr", {}, element("th", { scope: "row" }, label),
        cell(answer.scores[i]), cell(ours.scores[i])))));
    const same = labels.filter((_, i) => best(answer.scores[i]) === best(ours.scores[i])).length;
    const agree = answer.classes === ours.classes ? ` It gives the package's label on ${same} of ${labels.length} faces.` : "";
    status.textContent = `${name} runs here: ${answer.size} × ${answer.size} pixels, ${answer.channels} channel(s), `
      + `${answer.classes} outputs.${agree}`;
    root.dataset.answer = JSON.stringify(answer);
    root.dataset.state = "done";
  }

  async function run(name, bytesOf) {
    const mine = ++turn;
    problem.hidden = true;
    root.dataset.state = "busy";
    status.textContent = "Loading …";
    try {
      engine = await ready();
      ours ??= await engine.ask("ours", { picture: faces });
      const bytes = await bytesOf();
      const answer = bytes ? await engine.ask("bring", { bytes, picture: faces }) : ours;
      if (mine === turn && !gone) show(name, answer);
    } catch (error) {
      if (mine !== turn || gone) return;
      status.textContent = "";
      table.replaceChildren(); // what stands there is another file's
      problem.textContent = error.message;
      problem.hidden = false;
      root.dataset.state = "problem";
    }
  }

  const bytesOf = async (chosen) => new Uint8Array(await chosen.arrayBuffer().catch(() => {
    throw new Error("The browser cannot read this file.");
  }));
  const bring = (chosen) => chosen && run(chosen.name, () => bytesOf(chosen));
  again.addEventListener("click", () => run("The package's network", async () => null));
  file.addEventListener("click", () => { file.value = ""; }); // the same file may be chosen again
  file.addEventListener("change", () => bring(file.files[0]));
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    bring(event.dataTransfer.files[0]);
  });
  return () => {
    gone = true;
    loading?.then((made) => made.end(), () => {}); // also one that is still being loaded
  };
}

export default { render };
