// A worker that runs networks in the page by LiteRT.js, and where its files come from: the site, or the kernel.
import { pictureArithmetic } from "./page_pictures.js";
import { faceFinder } from "./page_finder.js";

const FILES = ["litert.js", "litert_wasm.js", "litert.wasm", "finder.tflite", "network.tflite"];
const PATIENCE = 60000; // ms that an answer, or a kernel's file, may take
const SILENCE = 30000; // ms without a byte of a file from the site: a slow connection that brings some goes on

// What runs in the worker; `pictures` and `finderOf` are the functions above.
function engineHost(pictures, finderOf) {
  let lite = null, finder = null, find = null, network = null;

  async function compiled(bytes) {
    return lite.loadAndCompile(bytes, { accelerator: "wasm" });
  }

  async function answers(model, values, shape) {
    const input = new lite.Tensor(values, shape);
    const outputs = await model.run([input]);
    input.delete();
    const read = [];
    for (const output of outputs) {
      read.push(await output.data());
      output.delete();
    }
    return read;
  }

  async function askFinder(values) {
    const [a, b] = await answers(finder, values, [1, 128, 128, 3]);
    return a.length > b.length ? { boxes: a, logits: b } : { boxes: b, logits: a };
  }

  // A network that reads one face: its input's side and channels. Throws an Error with a sentence for the reader.
  async function opened(bytes) {
    const mark = String.fromCharCode(...bytes.slice(4, 8));
    if (mark !== "TFL3") throw new Error("This file is no LiteRT network (.tflite); nothing was run.");
    let model;
    try {
      model = await compiled(bytes);
    } catch (error) {
      const why = `${error?.message ?? error}`.split("\n")[0].slice(0, 160);
      throw new Error(`This page's LiteRT cannot run the file: it is damaged or uses an operator that is not here (${why}).`);
    }
    const [inputs, outputs] = [model.getInputDetails(), model.getOutputDetails()];
    const shape = [...(inputs[0]?.shape ?? [])];
    const told = `The network wants ${inputs.length} input(s), the first of the shape (${shape.join(", ")}), ${inputs[0]?.dtype}`;
    const square = shape.length === 4 && shape[0] === 1 && shape[1] === shape[2] && [1, 3].includes(shape[3]);
    if (inputs.length !== 1 || !square || inputs[0].dtype !== "float32" || shape[1] < 16 || shape[1] > 512) {
      model.delete();
      throw new Error(`${told}; here it must be one square face, (1, side, side, 1 or 3), float32.`);
    }
    const out = [...(outputs[0]?.shape ?? [])];
    if (outputs.length !== 1 || outputs[0].dtype !== "float32" || out.length !== 2 || out[0] !== 1) {
      model.delete();
      throw new Error(`The network gives ${outputs.length} output(s), the first (${out.join(", ")}), ${outputs[0]?.dtype}; `
        + "here it must be one row of scores, (1, labels), float32.");
    }
    return { model, size: shape[1], channels: shape[3], classes: out[1] };
  }

  async function scored(open, picture, box) {
    const grey = pictures.face(picture, box, open.size);
    const values = new Float32Array(grey.length * open.channels);
    for (let i = 0; i < values.length; i++) values[i] = grey[Math.floor(i / open.channels)];
    const [scores] = await answers(open.model, values, [1, open.size, open.size, open.channels]);
    return { scores: [...scores], face: Uint8Array.from(grey), size: open.size };
  }

  return {
    async start({ files, constants }) {
      const address = (bytes) => URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
      const quiet = console.warn;
      console.warn = () => {}; // LiteRT says that there is no WebGPU, which is not used
      lite = await import(address(files["litert.js"]));
      self.Module = { wasmBinary: files["litert.wasm"], print: () => {}, printErr: () => {} };
      await lite.loadLiteRt(`${address(files["litert_wasm.js"])}#.js`);
      console.warn = quiet;
      finder = await compiled(files["finder.tflite"]);
      ({ find } = finderOf(pictures, constants));
      network = await opened(files["network.tflite"]);
      return {};
    },
    // Faces of a picture {data, width, height}, and the scores of the chosen one; `widen` makes its box larger by a share.
    // `known` are the boxes of an earlier look at the same picture, `thorough` looks for small faces, too.
    async see({ picture, right = 0, widen = 0, chosen = 0, known = null, thorough = false }) {
      const begun = performance.now();
      const boxes = known ?? await find(picture, askFinder, thorough);
      if (!boxes.length) return { boxes };
      const place = Math.min(chosen, boxes.length - 1);
      const { x, y, side } = boxes[place];
      const wide = Math.max(1, Math.floor(side * (1 + widen) + 0.5));
      const box = { x: Math.floor(x + (side - wide) / 2 + right * side + 0.5),
        y: Math.floor(y + (side - wide) / 2 + 0.5), side: wide };
      const answer = await scored(network, picture, box);
      return { boxes, box, place, ...answer, milliseconds: performance.now() - begun };
    },
    async ours({ picture }) {
      const all = [];
      for (const one of picture) all.push((await scored(network, one, { x: 0, y: 0, side: one.width })).scores);
      return { scores: all, size: network.size, channels: network.channels, classes: network.classes };
    },
    // Somebody's own network, asked about one picture that is a face already.
    async bring({ bytes, picture }) {
      const open = await opened(bytes);
      const all = [];
      try {
        for (const one of picture) all.push((await scored(open, one, { x: 0, y: 0, side: one.width })).scores);
      } finally {
        open.model.delete();
      }
      return { scores: all, size: open.size, channels: open.channels, classes: open.classes };
    },
  };
}

function workerText() {
  return `const pictures = (${pictureArithmetic})();
const host = (${engineHost})(pictures, ${faceFinder});
let turn = Promise.resolve(); // one request after the other: a network runs for one of them at a time
onmessage = ({ data: { number, kind, request } }) => {
  turn = turn.then(() => host[kind](request)).then(
    (answer) => postMessage({ number, answer }),
    (error) => postMessage({ number, problem: error?.message ?? String(error) }));
};`;
}

async function unpacked(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes; // a server has unpacked it on the way
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The bytes at an address; an Error with a sentence where it gives none, or none for `SILENCE` ms.
// XMLHttpRequest tells how far it is. Of `fetch`, too, one can read the parts, but Chromium notes many such as broken off.
function received(address, name) {
  return new Promise((resolve, reject) => {
    const line = new XMLHttpRequest();
    let late = null, begun = false;
    const wait = () => {
      clearTimeout(late);
      late = setTimeout(() => line.abort(), SILENCE);
    };
    const failed = (what) => reject(new Error(`The file ${name} ${what}. Check the connection, then try it again.`));
    line.onprogress = () => { begun = true; wait(); };
    line.onabort = () => failed(`stopped coming: there was no byte of it for ${SILENCE / 1000} seconds`);
    line.onerror = () => failed(begun ? "broke off on its way" : "could not be fetched");
    line.onload = () => {
      if (line.status === 200) resolve(new Uint8Array(line.response));
      else reject(new Error(`The file ${name} does not lie beside this page; build the book again.`));
    };
    line.onloadend = () => clearTimeout(late);
    line.open("GET", address);
    line.responseType = "arraybuffer";
    line.send();
    wait();
  });
}

// From the site's own folder, where the page is one of the book's; else from the kernel, a message for each file.
async function fetchedFile(model, name) {
  const root = document.documentElement.dataset.content_root;
  if (root !== undefined) {
    if (location.protocol === "file:") {
      throw new Error("A page that was opened as a file cannot load the network's engine: serve the site (make serve).");
    }
    return received(new URL(`${root}_static/page_files/${name}.gz`, document.baseURI), `${name}.gz`);
  }
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => done(() => reject(new Error("The kernel does not answer: run the cell again."))), PATIENCE);
    const done = (end) => { clearTimeout(late); model.off("msg:custom", listen); end(); };
    const listen = (message, buffers) => {
      if (message.file !== name) return;
      if (message.problem) return done(() => reject(new Error(message.problem)));
      const view = buffers[0];
      done(() => resolve(new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength)));
    };
    model.on("msg:custom", listen);
    model.send({ file: name });
  });
}

// Loads everything, then answers `ask(kind, request)`. Errors are sentences for the reader.
export async function pageEngine(model, constants) {
  if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function") {
    throw new Error("This browser has no WebAssembly, which runs the network here; try a current browser.");
  }
  const files = {};
  for (const name of FILES) files[name] = await unpacked(await fetchedFile(model, name));
  const address = URL.createObjectURL(new Blob([workerText()], { type: "text/javascript" }));
  const worker = new Worker(address);
  const waiting = new Map();
  let number = 0;
  let over = false;
  const stopped = () => new Error("The network's engine has stopped; press the button again.");
  worker.onerror = (event) => { event.preventDefault(); end(); };
  worker.onmessage = ({ data }) => {
    const { resolve, reject, late } = waiting.get(data.number) ?? {};
    clearTimeout(late);
    waiting.delete(data.number);
    if (data.problem !== undefined) reject?.(new Error(data.problem));
    else resolve?.(data.answer);
  };
  const ask = (kind, request) => new Promise((resolve, reject) => {
    if (over) throw stopped();
    const late = setTimeout(() => { reject(new Error("The network did not answer in a minute and was stopped.")); end(); }, PATIENCE);
    waiting.set(number, { resolve, reject, late });
    worker.postMessage({ number, kind, request });
    number += 1;
  });
  function end() {
    over = true;
    worker.terminate();
    for (const { reject, late } of waiting.values()) {
      clearTimeout(late);
      reject(stopped());
    }
    waiting.clear();
    URL.revokeObjectURL(address);
  }
  try {
    await ask("start", { files, constants });
  } catch (error) {
    end(); // a worker that could not begin is not left behind
    throw error;
  }
  return { ask, end, ended: () => over };
}
