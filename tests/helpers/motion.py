"""What moves by itself on an open page: styles that take time, and scripts that go on with nobody's hand."""

from __future__ import annotations

#: Runs before a page's scripts: their calls that begin a motion are noted (those of the tests' own tools are not).
NOTES = """(() => {
  window.begun = [];
  const noted = (place, name, moves) => {
    const real = place[name];
    place[name] = function (...all) {
      if (moves(all) && new Error().stack.includes("blob:")) begun.push(`a script calls ${name}`);
      return real.apply(this, all);
    };
  };
  noted(window, "requestAnimationFrame", () => true);
  noted(window, "setInterval", () => true);
  noted(Element.prototype, "animate", () => true);
  const smooth = ([first, second]) => (second ?? first)?.behavior === "smooth";
  for (const name of ["scrollTo", "scrollBy", "scroll"]) {
    noted(window, name, smooth);
    noted(Element.prototype, name, smooth);
  }
  noted(Element.prototype, "scrollIntoView", smooth);
})()"""
#: Elements, their generated parts among them, whose changes or scrolls would take time.
_STYLES = """() => {
  const found = [];
  const called = (node) => `${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""}`;
  const takes = (times) => times.split(",").some((time) => parseFloat(time) > 0);
  for (const one of document.getAnimations()) found.push(`${called(one.effect.target)} is in motion`);
  for (const node of document.querySelectorAll("*")) {
    for (const part of ["", "::before", "::after"]) {
      const style = getComputedStyle(node, part || null);
      if (takes(style.transitionDuration)) found.push(`${called(node)}${part}: transition ${style.transitionDuration}`);
      if (style.animationName !== "none" && takes(style.animationDuration)) {
        found.push(`${called(node)}${part}: animation ${style.animationName}`);
      }
    }
    if (getComputedStyle(node).scrollBehavior === "smooth") found.push(`${called(node)}: scrolls smoothly`);
    if (node.matches("progress:indeterminate") && node.checkVisibility()) found.push(`${called(node)} runs to and fro`);
    if (node.matches("video[autoplay], marquee")) found.push(`${called(node)} plays`);
  }
  return [...new Set(found)];
}"""
#: What changes in the elements and on the canvases while nobody does anything for half a second.
_CHANGES = """async () => {
  const found = new Set();
  const pictures = () => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
  const before = pictures();
  const watch = new MutationObserver((all) => all.forEach(({ target }) => (
    found.add(`${target.parentElement?.getAttribute("class")} / ${target.className ?? "text"} changes`))));
  watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  await new Promise((then) => { setTimeout(then, 500); });
  watch.disconnect();
  if (pictures().some((one, i) => one !== before[i])) found.add("a canvas changes");
  return [...found];
}"""


def styles_that_move(page) -> list[str]:
    """Elements that move now, or whose changes, scrolls or animations take time, in words."""
    return page.evaluate(_STYLES)


def moves(page, longest: int = 120) -> list[str]:
    """`styles_that_move`, what scripts began since `NOTES` ran, and what still changes after so many half seconds.

    What a widget computes when it is opened comes to its end; what moves by itself does not.
    """
    for _ in range(longest):
        changes = page.evaluate(_CHANGES)
        if not changes:
            break
    return [*styles_that_move(page), *page.evaluate("[...new Set(window.begun)]"), *changes]
