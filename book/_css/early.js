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

// The meaning of a term of the glossary (book/_sphinx/terms.py) stands beside its link, inside the window, and the
// escape key closes it. Without this script it stands at the window's lower edge.
(function () {
  const open = (event) => {
    const term = event.target.closest && event.target.closest(".fer-term");
    if (!term) return;
    term.classList.remove("fer-term-closed");
    const word = term.querySelector("a").getClientRects()[0];
    const meaning = term.querySelector(".fer-term-meaning");
    meaning.style.right = meaning.style.bottom = "auto";
    const box = meaning.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    meaning.style.left = `${Math.max(8, Math.min(word.left, width - box.width - 8))}px`;
    const below = word.bottom + box.height < window.innerHeight;
    meaning.style.top = `${below ? word.bottom : Math.max(0, word.top - box.height)}px`;
  };
  document.addEventListener("mouseover", open);
  document.addEventListener("focusin", open);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(".fer-term").forEach((term) => term.classList.add("fer-term-closed"));
  });
})();

// For screen readers: the triangles of the table of contents say what they open, and the contents are a landmark.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-sidenav details > summary").forEach((summary) => {
    const link = summary.closest("li").querySelector("a");
    summary.setAttribute("aria-label", `Pages of ${link.textContent.trim()}`);
  });
  // On telephones a wide figure is moved sideways (fer.css), by keyboard, too, and a line above it says so.
  const phone = window.matchMedia("(max-width: 576px)");
  const reachable = () => document.querySelectorAll("figure.fer-figure:has(> img.fer-wide)").forEach((figure) => {
    if (phone.matches) figure.setAttribute("tabindex", "0");
    else figure.removeAttribute("tabindex");
    figure.classList.toggle("fer-sideways", phone.matches && figure.scrollWidth > figure.clientWidth + 1);
  });
  reachable();
  phone.addEventListener("change", reachable);
  const contents = document.querySelector(".bd-sidebar-primary");
  if (contents) {
    contents.setAttribute("role", "region");
    contents.setAttribute("aria-label", "Contents of the book");
  }
});
