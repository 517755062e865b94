"""One move of each widget on its page of the built site, and what must change there: a fault of bundling would show.

Three widgets are not here because other tests move them there: the Parameter budget (``tests/book/test_site.py``),
*Train it here* and the Face lab (``tests/widgets``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Move:
    """A reader's move.

    Attributes
    ----------
    widget : the class of the widget's box.
    act : does it, given the box.
    said : where in the box other words stand afterwards, as a selector.
    rests : what the box itself matches when it has computed what it shows, as a selector.
    """

    widget: str
    act: Callable[[Any], object]
    said: str
    rests: str = "section"


def _slide(name: str, key: str) -> Callable[[Any], object]:
    return lambda box: box.get_by_role("slider", name=name).press(key)


def _press(name: str) -> Callable[[Any], object]:
    return lambda box: box.get_by_role("button", name=name, exact=True).click()


_FIRST_CELL = Move("fer-confuse", lambda box: box.locator("[data-cell='0,0']").click(), ".fer-confuse-title")
_FILE_SIZE = Move(
    "fer-trade", lambda box: box.get_by_label("To the right").select_option("file"), ".fer-trade-table tbody"
)

#: Page -> the moves there.
MOVES: dict[str, tuple[Move, ...]] = {
    "notebooks/02_preprocessing.html": (
        Move("fer-prep", _slide("Margin", "End"), ".fer-prep-verdict", "[data-ended]"),
    ),
    "notebooks/03_architecture.html": (
        Move("fer-conv", lambda box: box.get_by_label("Weight middle").fill("1.5"), ".fer-conv-result"),
    ),
    "notebooks/06_evaluation.html": (
        Move(
            "fer-split", lambda box: box.get_by_role("radio", name="actor").check(), ".fer-split-table", "[data-ended]"
        ),
        _FIRST_CELL,
    ),
    "notebooks/07_people.html": (
        Move(
            "fer-audit", lambda box: box.get_by_label("Groups by").select_option("age"), "[role=status]", "[data-ended]"
        ),
    ),
    "notebooks/08_explanation.html": (_FIRST_CELL,),
    "notebooks/09_comparison.html": (_FILE_SIZE,),
    "notebooks/11_compress.html": (Move("fer-round", _slide("Bits", "ArrowLeft"), ".fer-round-figures"), _FILE_SIZE),
    "notebooks/12_smaller.html": (_FILE_SIZE,),
    "notebooks/13_real_time.html": (
        Move("fer-device", _press("A drawn face"), ".fer-device-scores"),
        Move("fer-bring", _press("Run the package's network"), ".fer-bring-scores"),
    ),
}
_ANSWERED = """([box, said, before, rests]) => {
  const widget = document.querySelector(`.${box}`);
  return widget.matches(rests) && widget.querySelector(said).textContent !== before;
}"""


#: Widgets that other tests move on the site.
ELSEWHERE = {"fer-budget", "fer-train", "fer-lab"}
_BOXES = "[...document.querySelectorAll('section[class^=fer-][aria-label]')].map((box) => box.classList[0])"


def move(page, name: str) -> list[str]:
    """Make the moves of an open page of the site, and wait for each until the widget has answered it.

    Returns the widgets of the page that no test moves, in words.
    """
    moves = MOVES.get(name, ())
    for one in moves:
        box = page.locator(f".{one.widget}").first
        page.locator(f".{one.widget}:is({one.rests})").first.wait_for()
        before = box.locator(one.said).text_content()
        one.act(box)
        page.wait_for_function(_ANSWERED, arg=[one.widget, one.said, before, one.rests])
    unmoved = set(page.evaluate(_BOXES)) - {one.widget for one in moves} - ELSEWHERE
    return [f"no test moves {box}" for box in sorted(unmoved)]
