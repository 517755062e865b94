// A training from the first weights to the last look, in small pieces, so that it can be paused, stopped and watched.
//
// Like `smallNetwork` it uses nothing from outside of it: both texts together start a worker.
export function trainingRun({ SIDE, UNITS, create, randomNumbers }) {
  const PIXELS = SIDE * SIDE;
  const BATCH = 16;
  const LONGEST = 60_000; // ms; a training that takes longer ends there
  const MOVED = 3; // pixels by which a changed face is moved at most, each way

  // What chance decides, each with random numbers of its own: another dropout leaves the first weights as they were.
  const STREAMS = { weights: 0, labels: 1, order: 2, changes: 3, dropout: 4 };
  const stream = (seed, name) => 8 * seed + STREAMS[name];

  // Each picture with mean 0 and standard deviation 1; one without any contrast becomes 0.
  function standardised(pixels) {
    const values = new Float32Array(pixels.length);
    for (let first = 0; first < pixels.length; first += PIXELS) {
      let sum = 0, squares = 0;
      for (let i = first; i < first + PIXELS; i++) sum += pixels[i];
      const mean = sum / PIXELS;
      for (let i = first; i < first + PIXELS; i++) squares += (pixels[i] - mean) ** 2;
      const spread = Math.max(Math.sqrt(squares / PIXELS), 1);
      for (let i = first; i < first + PIXELS; i++) values[i] = (pixels[i] - mean) / spread;
    }
    return values;
  }

  // The labels that are taught: a share of them is drawn at random from all labels, whatever the face shows.
  // A larger share changes the same faces and more.
  function taughtLabels(labels, share, classes, seed) {
    const random = randomNumbers(stream(seed, "labels"));
    return Array.from(labels, (label) => {
      const drawn = random(), other = Math.floor(random() * classes);
      return drawn < share ? other : label;
    });
  }

  function shuffle(order, random) {
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
  }

  // The training itself. `data`: training and strangers, each { pictures (standardised), labels, people }; and classes.
  // Gives null after every picture, and after some steps a look: loss and accuracy of both sets, without dropout.
  function* train(data, settings) {
    const { seed, steps, look, learning_rate: rate, dropout, l1 } = settings;
    const { pictures } = data.training;
    const rows = [...data.training.labels.keys()].filter((row) => data.training.people[row] < settings.learn_from);
    const taught = taughtLabels(data.training.labels, settings.label_noise, data.classes, seed);
    const network = create({ classes: data.classes, seed: stream(seed, "weights") });
    const [order, changes, chance] = ["order", "changes", "dropout"].map((name) => randomNumbers(stream(seed, name)));
    const drop = dropout > 0 ? () => (chance() < dropout ? 0 : 1 / (1 - dropout)) : null;
    const whole = () => Math.floor(changes() * (2 * MOVED + 1)) - MOVED;
    const change = settings.augment ? () => ({ mirrored: changes() < 0.5, right: whole(), down: whole() }) : () => null;

    let step = 0, turn = 0;
    while (true) {
      if (step % look === 0 || step === steps) yield yield* measured(step);
      if (step === steps) return;
      if (turn === 0) shuffle(rows, order);
      const batch = rows.slice(turn, turn + BATCH);
      for (const row of batch) {
        network.learn(pictures, row * PIXELS, taught[row], change(), drop);
        yield null;
      }
      network.step({ rate, pictures: batch.length, l1 });
      turn = turn + BATCH < rows.length ? turn + BATCH : 0; // the last batch of an epoch may be smaller
      step += 1;
    }

    function* measured(now) {
      const alive = new Uint8Array(UNITS);
      const learned = yield* read(data.training, rows, taught, alive);
      const unseen = yield* read(data.strangers, [...data.strangers.labels.keys()], data.strangers.labels, null);
      return {
        step: now,
        epoch: now / Math.ceil(rows.length / BATCH),
        loss: learned.loss,
        accuracy: learned.accuracy,
        strangers_loss: unseen.loss,
        strangers_accuracy: unseen.accuracy,
        gap: learned.accuracy - unseen.accuracy,
        dead_units: UNITS - alive.reduce((sum, one) => sum + one, 0),
      };
    }

    // Mean loss and accuracy of some faces; `alive` is marked for each hidden unit that is above 0 for one of them.
    function* read(faces, some, labels, alive) {
      let loss = 0, right = 0;
      for (const row of some) {
        const scores = network.forward(faces.pictures, row * PIXELS);
        loss += network.lossOf(labels[row]);
        if (scores.indexOf(Math.max(...scores)) === labels[row]) right += 1;
        if (alive !== null) for (let unit = 0; unit < UNITS; unit++) if (network.hidden[unit] > 0) alive[unit] = 1;
        yield null;
      }
      return { loss: loss / some.length, accuracy: right / some.length };
    }
  }

  // Runs trainings in slices of some ms, in a worker or on a page; `send` gets what happens:
  // { kind: "look", point }, { kind: "pace", faces, seconds }, and { kind: "end", how }: done, time, stopped or broken.
  function host(send, slice) {
    let run = null, timer = 0, used = 0, since = 0, faces = 0;

    function work() {
      const until = performance.now() + slice;
      while (performance.now() < until) {
        let value, done;
        try {
          ({ value, done } = run.next());
        } catch {
          return end("broken");
        }
        if (done) return end("done");
        if (value === null) faces += 1;
        else send({ kind: "look", point: value });
      }
      const now = performance.now();
      used += now - since;
      since = now;
      send({ kind: "pace", faces, seconds: used / 1000 });
      if (used >= LONGEST) return end("time");
      timer = setTimeout(work, 0);
    }

    function end(how) {
      clearTimeout(timer);
      run = null;
      send({ kind: "end", how });
    }

    return {
      start({ data, settings }) {
        run = train(data, settings);
        used = faces = 0;
        this.go();
      },
      pause() { clearTimeout(timer); },
      go() {
        if (run === null) return;
        clearTimeout(timer);
        since = performance.now();
        timer = setTimeout(work, 0);
      },
      stop() { if (run !== null) end("stopped"); },
    };
  }

  return { PIXELS, BATCH, standardised, taughtLabels, train, host };
}
