// Long work in slices of some milliseconds, so that the page answers a hand in between.

const SLICE = 10; // ms

// `start` takes a generator, whose steps are short; what was begun before ends where it is.
export function inSlices() {
  let timer = 0, run = null;

  function work() {
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      if (run.next().done) return;
    }
    timer = setTimeout(work, 0);
  }

  return {
    start(steps) {
      clearTimeout(timer);
      run = steps;
      timer = setTimeout(work, 0);
    },
    stop() { clearTimeout(timer); },
  };
}
