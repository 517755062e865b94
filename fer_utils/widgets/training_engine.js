// Where a training runs: in a worker, or in slices on the page where a worker is refused. And the faces that it reads.
import { smallNetwork } from "./small_network.js";
import { trainingRun } from "./training_run.js";

const WORKER_SLICE = 100; // ms between two looks at the worker's messages
const PAGE_SLICE = 25; // ms; the page answers a hand in between
const PATIENCE = 8000; // ms in which a worker must say that it is there

// The arithmetic's own text is the worker, so that nothing is fetched.
function workerText(run) {
  return `const host = (${run})((${smallNetwork})()).host(postMessage, ${WORKER_SLICE});
onmessage = ({ data }) => host[data.kind](data);
postMessage({ kind: "ready" });`;
}

// `listen` gets what the run sends (`host` in training_run.js). The answer takes start, pause, go and stop.
// `run` is what is run: `trainingRun`, or another function that takes what `smallNetwork()` gives and has a `host`.
export function trainingEngine(listen, run = trainingRun) {
  let worker = null, local = null, waiting = 0;
  let sent = []; // what the worker was told before it said that it is there

  function stopWorker() {
    clearTimeout(waiting);
    waiting = 0;
    worker?.terminate();
    worker = null;
    URL.revokeObjectURL(address);
  }

  function onPage() {
    stopWorker();
    local = run(smallNetwork()).host(listen, PAGE_SLICE);
    for (const message of sent) local[message.kind](message);
    sent = [];
  }

  const address = URL.createObjectURL(new Blob([workerText(run)], { type: "text/javascript" }));
  try {
    worker = new Worker(address);
    waiting = setTimeout(onPage, PATIENCE);
    worker.onerror = (event) => {
      event.preventDefault();
      if (waiting) onPage();
      else listen({ kind: "end", how: "broken" });
    };
    worker.onmessage = ({ data }) => {
      if (data.kind !== "ready") return listen(data);
      clearTimeout(waiting);
      waiting = 0;
      URL.revokeObjectURL(address);
      for (const message of sent) worker.postMessage(message);
      sent = [];
    };
  } catch {
    onPage();
  }

  const tell = (message) => {
    if (local) local[message.kind](message);
    else if (waiting) sent.push(message);
    else worker?.postMessage(message);
  };
  return {
    where: () => (local ? "page" : "worker"),
    start: (request) => tell({ kind: "start", ...request }),
    pause: () => tell({ kind: "pause" }),
    go: () => tell({ kind: "go" }),
    stop: () => tell({ kind: "stop" }),
    end() {
      stopWorker();
      local?.stop();
    },
  };
}

// What is wrong with the faces' description, in one sentence; "" if all is well.
function wrongWith({ side, columns, names, training, strangers }, ours) {
  if (side !== ours) return `The faces are ${side} pixels wide, and the network reads ${ours}.`;
  for (const [name, set] of [["training faces", training], ["strangers", strangers]]) {
    if (!set?.labels?.length) return `There are no ${name}.`;
    const [labels, people] = [set.labels.length, set.people.length];
    if (labels !== people) return `The ${name} have ${labels} labels and ${people} people.`;
    const bad = set.labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < names.length));
    if (bad !== undefined) return `A label of the ${name} is ${bad}; there are ${names.length} labels, from 0 on.`;
  }
  return columns > 0 ? "" : "The faces' picture has no columns.";
}

// The faces out of their one picture: `data`, as a training takes it, and where a face lies in `picture`, `tile(row)`.
// Throws an Error whose message is one sentence for the reader.
export async function readFaces(bytes, faces) {
  const { standardised, PIXELS } = trainingRun(smallNetwork());
  const side = Math.sqrt(PIXELS);
  const wrong = wrongWith(faces ?? {}, side);
  if (wrong) throw new Error(wrong);
  const { columns, names, training, strangers } = faces;
  const count = training.labels.length + strangers.labels.length;
  let picture;
  try {
    const view = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
    picture = await createImageBitmap(new Blob([view]), { colorSpaceConversion: "none" });
  } catch {
    throw new Error("The picture that holds the faces cannot be read; run the cell again.");
  }
  const { width, height } = picture;
  if (width !== columns * side || height !== Math.ceil(count / columns) * side) {
    const wanted = `${columns * side} × ${Math.ceil(count / columns) * side}`;
    throw new Error(`The picture of ${count} faces has ${width} × ${height} pixels; it should have ${wanted}.`);
  }
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const colours = context.getImageData(0, 0, width, height).data; // red, green, blue, opacity
  const tile = (row) => [(row % columns) * side, Math.floor(row / columns) * side];
  const taken = (first, { labels, people }) => {
    const pixels = new Uint8Array(labels.length * PIXELS);
    labels.forEach((_, row) => {
      const [left, top] = tile(first + row);
      for (let y = 0; y < side; y++) {
        const [to, from] = [row * PIXELS + y * side, (top + y) * width + left];
        for (let x = 0; x < side; x++) pixels[to + x] = colours[4 * (from + x)];
      }
    });
    return { pictures: standardised(pixels), labels, people };
  };
  return {
    data: { training: taken(0, training), strangers: taken(training.labels.length, strangers), classes: names.length },
    picture: canvas,
    tile,
  };
}
