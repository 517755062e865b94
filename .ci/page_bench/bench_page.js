// What the bench asks of its page. Seconds are the page's own, from the question to the answer.
import { longTasks } from "./long_tasks.js";
import { pageEngine, pixelsOf } from "./face_on_device.js";
import { readFaces, trainingEngine } from "./train_here.js";
import trainHere from "./train_here.js";
import { studioPainter } from "./studio.js";

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const bitmapOf = (text) => createImageBitmap(new Blob([bytesOf(text)], { type: "image/png" }));
const picturesOf = async (texts) => Promise.all(texts.map(bitmapOf));
const pixels = (bitmap) => pixelsOf(bitmap, bitmap.width, bitmap.height).picture;

async function seconds(work) {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

let engine = null, frames = [], faces = [], paint = null, learned = null;

// The face finder, drawn48, and the pictures that they are shown, as PNG in base64.
async function load(constants, frameTexts, faceTexts) {
  engine = await pageEngine(null, constants);
  frames = await picturesOf(frameTexts);
  faces = (await picturesOf(faceTexts)).map(pixels);
}

// As with a camera: the picture's pixels are read, a worker finds the face, cuts it out and scores it.
const see = () => seconds(async () => {
  for (const frame of frames) await engine.ask("see", { picture: pixels(frame) });
});

const score = () => seconds(() => engine.ask("ours", { picture: faces }));

async function boxes(text) {
  return (await engine.ask("see", { picture: pixels(await bitmapOf(text)) })).boxes;
}

// A few faces that are learned again and again, so that the looks before and after the training take next to no time.
async function prepare(sprite, described, count) {
  const { data } = await readFaces(bytesOf(sprite), described);
  const some = ({ pictures, labels, people }, many) => ({
    pictures: pictures.slice(0, (many * pictures.length) / labels.length),
    labels: labels.slice(0, many), people: people.slice(0, many),
  });
  learned = { ...data, training: some(data.training, count), strangers: some(data.strangers, 1) };
}

// From the end of the first look, before the first step, to that of the last.
function train(settings) {
  return new Promise((resolve, reject) => {
    const looks = [];
    const training = trainingEngine((message) => {
      if (message.kind === "look") looks.push(performance.now());
      if (message.kind !== "end") return;
      const where = training.where();
      training.end();
      if (message.how !== "done" || where !== "worker") reject(new Error(`the training ended: ${message.how}, ${where}`));
      else resolve((looks.at(-1) - looks[0]) / 1000);
    });
    training.start({ data: learned, settings: { ...settings, look: settings.steps } });
  });
}

// The widget Train it here, shown and begun by its button; the long tasks of its training.
async function widget(values, css) {
  const place = document.body.appendChild(document.createElement("main"));
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const kept = { ...values, sprite: new DataView(bytesOf(values.sprite).buffer) };
  const listeners = {};
  const model = {
    get: (name) => kept[name],
    set: (name, value) => { kept[name] = value; (listeners[`change:${name}`] ?? []).forEach((then) => then()); },
    on: (names, then) => names.split(" ").forEach((name) => (listeners[name] ??= new Set()).add(then)),
    off: (names, then) => names.split(" ").forEach((name) => listeners[name]?.delete(then)),
    save_changes: () => {},
  };
  const end = trainHere.render({ model, el: place });
  const until = async (holds) => {
    while (!holds()) await new Promise((then) => { setTimeout(then, 100); });
  };
  await until(() => !place.querySelector(".fer-train-go").disabled);
  const tasks = await longTasks(async () => {
    place.querySelector(".fer-train-go").click();
    await until(() => place.querySelector(".fer-train").dataset.ended);
  });
  const how = place.querySelector(".fer-train").dataset.ended;
  const { steps } = kept.history.at(-1);
  end?.();
  place.remove();
  return { tasks, how, steps: steps.at(-1) };
}

function studio(tables) {
  paint = studioPainter(tables);
}

const draw = (states, size) => seconds(() => { for (const state of states) paint(state, size); });

window.bench = { load, see, score, boxes, prepare, train, widget, studio, draw };
