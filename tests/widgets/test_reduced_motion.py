"""Where a reader asks for reduced motion, nothing in a widget moves by itself."""

from __future__ import annotations

from contextlib import contextmanager
import json

import face_lab_page
from motion import NOTES, moves
import pytest
import train_here_page

from fer_utils import widgets
from fer_utils.widgets import face_on_device, train_here_still

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Every widget that the package has.
NAMES = sorted(name for name in dir(widgets) if name[0].isupper())
#: Traits that every widget of Jupyter has.
COMMON = {"layout", "tabbable", "tooltip"}
#: What is pressed, so that what appears only then is seen, too; and what says that it is there.
PRESSED = {
    "BringModel": ("Run the package's network", "[data-state=done]"),
    "FaceOnDevice": ("A drawn face", "[data-state=done]"),
    "TrainHere": ("Train", "[data-ended=done]"),
}


def made(name: str):
    """A widget of this name, and changed values of its traits."""
    if name != "TrainHere":
        return getattr(widgets, name)(), {}
    run = json.loads(train_here_still.FILE.read_text(encoding="utf8"))["short_run"]
    return widgets.TrainHere(**train_here_page.SMALL), {**train_here_page.SHORT, "history": [run, run]}


@contextmanager
def opened(browser, name: str, still: bool = True):
    """Yield the page of a widget without a kernel, whose reader asks for reduced motion."""
    widget, changed = made(name)
    if name == "FaceLab":
        with face_lab_page.shown(browser, widget, live=False, before=NOTES, still=still) as (page, watch, _):
            page.locator("canvas.fer-lab-face").wait_for()
            yield page
            assert watch.complaints() == []
        return
    saved = tuple(trait for trait in widget.traits(sync=True) if trait[0] != "_" and trait not in COMMON)
    file, before = type(widget).__module__.rpartition(".")[2], f"{NOTES}; 0"
    shown = {"name": file, "saved": saved, "changed": changed, "ready": "document.querySelector('main > *')"}
    with train_here_page.shown(browser, widget, before=before, **shown, still=still) as (page, watch):
        yield page
        assert watch.complaints() == []


def pressed(page, name: str) -> None:
    """Open what is folded, and press the widget's button, where it has one that shows more."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if name not in PRESSED:
        return
    button, there = PRESSED[name]
    page.evaluate("document.documentElement.dataset.content_root = './'; 0")  # the engine's files, as on the site

    def sent(route):
        route.fulfill(body=face_on_device.packed(route.request.url.rpartition("/")[2].removesuffix(".gz")))

    page.route("**/page_files/*.gz", sent)
    page.get_by_role("button", name=button, exact=True).click()
    page.locator(there).wait_for()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_by_itself(browser, name):
    with opened(browser, name) as page:
        assert moves(page) == []
        pressed(page, name)
        assert moves(page) == []


#: A motion that is put back, and what is then said of it.
PLANTED = {
    "style('.fer-budget-part { transition: flex-grow 0.15s !important }')": "transition 0.15s",
    "style('@keyframes turn { to { rotate: 1turn } } .fer-budget { animation: turn 1s }')": "turn",
    "style('.fer-budget { overflow: auto; scroll-behavior: smooth }')": "scrolls smoothly",
    "code('const again = () => requestAnimationFrame(again); again();')": "calls requestAnimationFrame",
    "code('document.querySelector(`.fer-budget`).scrollIntoView({ behavior: `smooth` });')": "calls scrollIntoView",
    "code('document.querySelector(`.fer-budget`).animate([{ opacity: 0 }], 9e5);')": "is in motion",
    "code('const go = () => { document.body.dataset.turn = Math.random(); setTimeout(go, 50); }; go();')": "changes",
}
_PLANT = """async (what) => {
  const style = (textContent) => document.head.append(Object.assign(document.createElement("style"), { textContent }));
  const code = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  await new Function("style", "code", `return ${what}`)(style, code);
}"""


@pytest.mark.parametrize("what", PLANTED)
def test_a_motion_that_is_put_back_is_found(browser, what):
    with opened(browser, "ParameterBudget") as page:
        page.evaluate(_PLANT, what)
        assert any(PLANTED[what] in said for said in moves(page, longest=2))


def test_without_the_wish_the_bar_of_the_budget_moves(browser):
    """So the check above sees the widget's own style, and the wish is what stops it."""
    with opened(browser, "ParameterBudget", still=False) as page:
        assert any("fer-budget-part" in said for said in moves(page))
