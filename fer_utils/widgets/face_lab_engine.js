// Where the page's drawing runs: in a worker, or on the page where a worker is refused.

const PATIENCE = 8000; // ms in which a worker must say that it is there

// The studio's own text is the worker, so that nothing is fetched.
function workerText(makeStudio) {
  return `"use strict";
const { pageStudio } = (${makeStudio})();
let studio = null;
onmessage = ({ data: { number, start, state } }) => {
  if (start) {
    studio = pageStudio(start);
    return;
  }
  try {
    const answer = studio.draw(state);
    postMessage({ number, answer }, [answer.picture.data.buffer]);
  } catch (error) {
    postMessage({ number, problem: error?.message ?? String(error) });
  }
};
postMessage({ ready: true });`;
}

// `draw(state)` promises what `pageStudio(start).draw(state)` gives; `end()` stops the worker.
// `makeStudio()` is the function that holds `pageStudio` and all that it needs, and nothing from outside of it.
export function drawingEngine(makeStudio, start) {
  const waiting = new Map(); // by their numbers, the drawings that were asked for and have not come
  let number = 0;
  let worker = null;
  let here = false; // the page itself draws
  let local = null; // the page's own studio
  let late = 0;
  let address = "";
  let ended = false;

  function drawHere({ state, resolve, reject }) {
    try {
      local ??= makeStudio().pageStudio(start);
      resolve(local.draw(state));
    } catch (error) {
      reject(error);
    }
  }

  function stopWorker() {
    clearTimeout(late);
    worker?.terminate();
    worker = null;
    URL.revokeObjectURL(address);
  }

  function onPage() {
    stopWorker();
    here = true;
    const asked = [...waiting.values()];
    waiting.clear();
    asked.forEach(drawHere);
  }

  function begin() {
    try {
      address = URL.createObjectURL(new Blob([workerText(makeStudio)], { type: "text/javascript" }));
      worker = new Worker(address);
      late = setTimeout(onPage, PATIENCE);
      worker.onerror = (event) => {
        event.preventDefault();
        onPage();
      };
      worker.onmessage = ({ data }) => {
        if (data.ready) {
          clearTimeout(late);
          URL.revokeObjectURL(address);
          return;
        }
        if (!waiting.has(data.number)) return;
        const { resolve, reject } = waiting.get(data.number);
        waiting.delete(data.number);
        if (data.problem === undefined) resolve(data.answer);
        else reject(new Error(data.problem));
      };
      worker.postMessage({ start });
    } catch {
      onPage();
    }
  }

  return {
    draw: (state) => new Promise((resolve, reject) => {
      if (ended) throw new Error("This widget was removed.");
      if (!worker && !here) begin(); // only now: a page whose faces come from a kernel may never need it
      const request = { state, resolve, reject };
      if (here) {
        drawHere(request);
      } else {
        waiting.set(number, request);
        worker.postMessage({ number, state });
        number += 1;
      }
    }),
    end() {
      ended = true;
      stopWorker();
    },
  };
}
