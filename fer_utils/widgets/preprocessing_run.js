// From a box in a frame to the network's answer, and the answers to many boxes, in slices of some milliseconds, so that
// the page answers a hand in between.
import { drawnNetwork } from "./drawn48_network.js";
import { pictureArithmetic } from "./page_pictures.js";
import { inSlices } from "./page_slices.js";

// The square about a box, in pixels of the frame: that of fer_utils.faces.crop.
export function squareOf([x, y, w, h], margin, [right, down] = [0, 0]) {
  const side = Math.max(1, Math.floor(Math.max(w, h) * (1 + 2 * margin) + 0.5));
  const begin = (from, length) => Math.floor(from + (length - side) / 2 + 0.5);
  return { x: begin(x + right, w), y: begin(y + down, h), side };
}

// `frames`: {data, width, height} of each, RGBA. `listen` gets { kind: "frame", number, scores },
// { kind: "place", number, scores } and { kind: "end" }.
export function preprocessingRun(weights, frames, boxes, listen) {
  const network = drawnNetwork(weights);
  const arithmetic = pictureArithmetic();
  const slices = inSlices();

  function square(settings, number, move) {
    const box = boxes[settings.detector][number];
    return box && squareOf(box, settings.margin, move);
  }

  // What a network with inputs of `size` pixels a side gets.
  const face = (number, where, size) => arithmetic.face(frames[number], where, size);

  const scores = (number, where) => network.scores(face(number, where, network.SIDE));

  // The clip with the box moved as it is, then the places about the box of the frame that is shown.
  function* everything(settings, places) {
    for (let number = 0; number < frames.length; number++) {
      const where = square(settings, number, settings.move);
      listen({ kind: "frame", number, scores: where && scores(number, where) });
      yield;
    }
    for (let number = 0; number < places.length; number++) {
      const where = square(settings, settings.frame, places[number]);
      listen({ kind: "place", number, scores: where && scores(settings.frame, where) });
      yield;
    }
    listen({ kind: "end" });
  }

  return {
    square, face, scores,
    // Begins anew; what was begun before ends without an answer.
    start(settings, places) { slices.start(everything(settings, places)); },
    stop: slices.stop,
  };
}
