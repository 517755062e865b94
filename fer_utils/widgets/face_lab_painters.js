// Who draws: a kernel, or the page.

// A painter: `ask(state)` wants a picture, `shown()` says what the last one was, `wake(f)` calls f once it can paint,
// `follow(f)` calls f whenever there is news; both give back how to stop.
export function kernelPainter(model) {
  let wanted = null;
  let awake = false;
  const send = () => {
    const state = wanted;
    wanted = null;
    model.set("asked", model.get("asked") + 1); // first: from here on it counts as busy
    model.set("state", state);
    model.save_changes();
  };
  const busy = () => model.get("asked") !== model.get("answered");
  return {
    // One picture is under way at most; of the states that come meanwhile only the last is drawn.
    ask(state) {
      wanted = state;
      if (!busy()) send();
    },
    pending: () => wanted,
    shown: () => ({
      url: jpeg(model.get("picture")), marks: model.get("marks"), about: model.get("about"), problem: model.get("problem"),
    }),
    wake(then) {
      const heard = (message) => {
        if (message?.kind !== "here" || awake) return;
        awake = true;
        then();
      };
      model.on("msg:custom", heard);
      try { model.send({ kind: "hello" }); } catch { /* a saved page: nobody listens */ }
      return () => model.off("msg:custom", heard);
    },
    follow(then) {
      const next = () => {
        if (wanted && !busy()) send();
        then();
      };
      const events = "change:answered change:state";
      model.on(events, next);
      return () => model.off(events, next);
    },
  };
}

// For a drawing that runs in the page: `paint(state)` returns, or promises, { url or picture, marks, about, problem, scores }.
// Of the states that come while it draws only the last is drawn.
export function pagePainter(model, paint) {
  let wanted = null;
  let running = false;
  let last = kernelPainter(model).shown();
  const listeners = new Set();
  const tell = () => listeners.forEach((listener) => listener());
  async function run() {
    running = true;
    while (wanted) {
      await new Promise((then) => setTimeout(then, 0)); // moves of the hand that wait come first
      const state = wanted;
      wanted = null;
      model.set("state", state);
      try {
        last = { ...last, problem: "", ...(await paint(state)) };
      } catch (error) {
        last = { ...last, problem: String(error?.message ?? error) };
      }
      tell();
    }
    running = false;
  }
  return {
    ask(state) { wanted = state; if (!running) run(); },
    pending: () => wanted,
    shown: () => last,
    wake(then) { then(); return () => {}; },
    follow(then) {
      listeners.add(then);
      return () => {
        listeners.delete(then);
        if (!listeners.size) wanted = null; // nobody looks: what waits is not drawn, and changes no state
      };
    },
  };
}

// Bytes come as a DataView from the kernel and from a saved page.
function jpeg(bytes) {
  if (!bytes?.byteLength) return "";
  const view = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  let text = "";
  for (let i = 0; i < view.length; i += 8192) text += String.fromCharCode(...view.subarray(i, i + 8192));
  return `data:image/jpeg;base64,${btoa(text)}`;
}
