// Loaded before every other script of a page.

// Icons go inside their elements, so that the buttons of ipywidgets' Play keep
// the element that they listen to.
window.FontAwesomeConfig = { autoReplaceSvg: "nest" };

// ipywidgets sets formulas in labels with MathJax 2's `Hub`; the page has MathJax 3.
(function () {
  let current;
  let last = Promise.resolve();
  const typeset = (node) => {
    last = last
      .then(() => current.startup && current.startup.promise)
      .then(() => current.typesetPromise && current.typesetPromise([node]))
      .catch(() => {});
  };
  const whenLoaded = (then) =>
    document.readyState === "complete" ? then() : window.addEventListener("load", then, { once: true });
  const hub = {
    Queue: (...calls) => calls.forEach(([what, , node]) => what === "Typeset" && whenLoaded(() => typeset(node))),
    Config() {},
  };
  Object.defineProperty(window, "MathJax", {
    configurable: true,
    get: () => current,
    set(value) {
      current = value;
      if (value && typeof value === "object" && !value.Hub) Object.defineProperty(value, "Hub", { value: hub });
    },
  });
})();
