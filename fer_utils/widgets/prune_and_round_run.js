// What the changed network answers to all strangers, and what each layer changed alone does; in slices of some
// milliseconds, so that the page answers a hand in between.
import { drawnNetwork } from "./drawn48_network.js";
import { changedNetwork } from "./prune_and_round_arithmetic.js";

const SLICE = 12; // ms
const BRANCHES = ["contrast", "gradients"];
const best = (scores) => scores.indexOf(Math.max(...scores));
const mean = (one, other) => one.map((score, label) => (score + other[label]) / 2);

// `faces`: pixels of each; `labels`: what each poses. `listen` gets what is known:
// { kind: "progress", done, of }, { kind: "all", answers, plain }, { kind: "layer", number, kept }, { kind: "end" }.
export function strangersRun(weights, faces, labels, listen) {
  const network = drawnNetwork(weights);
  const { layers } = network;
  const known = []; // of each face: what the fixed layers read, and the plain network's maps and scores
  let timer = 0, run = null;

  function* prepared() {
    while (known.length < faces.length) {
      const face = faces[known.length];
      const branches = {};
      for (const branch of BRANCHES) {
        const read = network.read(branch, face);
        const begun = network.beginning(branch, read);
        branches[branch] = { read, begun, scores: network.ending(branch, begun) };
      }
      const [one, other] = BRANCHES.map((branch) => branches[branch].scores);
      known.push({ ...branches, answer: best(mean(one, other)) });
      yield;
    }
  }

  function* all(settings) {
    const other = drawnNetwork(changedNetwork(layers, settings).weights);
    const answers = [];
    for (const face of known) {
      const scores = BRANCHES.map((branch) => other.ending(branch, other.beginning(branch, face[branch].read)));
      answers.push(best(mean(...scores)));
      yield;
    }
    listen({ kind: "all", answers, plain: known.map((face) => face.answer), labels });
  }

  // One layer is changed and all others stay; only its own branch is computed anew, from the first layer that differs.
  function* alone(settings, number) {
    const { branch, name } = layers[number];
    const other = drawnNetwork(changedNetwork(layers, settings, (layer) => layer === layers[number]).weights);
    const still = BRANCHES.find((one) => one !== branch);
    const early = name === "stem_conv" || name === "conv1";
    let kept = 0;
    for (const face of known) {
      const map = early ? other.beginning(branch, face[branch].read) : face[branch].begun;
      kept += best(mean(other.ending(branch, map), face[still].scores)) === face.answer ? 1 : 0;
      yield;
    }
    listen({ kind: "layer", number, kept });
  }

  function* everything(settings) {
    yield* prepared();
    yield* all(settings);
    for (let number = 0; number < layers.length; number++) yield* alone(settings, number);
    listen({ kind: "end" });
  }

  function work(of, done) {
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      if (run.next().done) {
        run = null;
        return;
      }
      done += 1;
    }
    listen({ kind: "progress", done, of });
    timer = setTimeout(work, 0, of, done);
  }

  return {
    layers,
    // Begins anew with these settings; what was begun before ends without an answer.
    start(settings) {
      clearTimeout(timer);
      run = everything({ ...settings });
      const steps = faces.length - known.length + faces.length * (1 + layers.length);
      timer = setTimeout(work, 0, steps, 0);
    },
    stop() { clearTimeout(timer); },
    // Scores of one face, at once: of the network as it is, and of the changed one.
    asked(face, settings) {
      const other = drawnNetwork(changedNetwork(layers, settings).weights);
      return { before: network.scores(face), after: other.scores(face) };
    },
  };
}
