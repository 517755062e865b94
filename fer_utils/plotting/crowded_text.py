"""Texts of a figure that have too little room: broken into lines, moved apart, or left out.

Texts inside of a figure would touch where it becomes narrow; a title that is wider than its figure would be cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
import math
import textwrap

from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

#: A title of fewer letters than this for each inch of its figure has room in one line.
_SURELY_FITS = 7
#: No title is broken into lines of fewer letters.
_LEAST_LETTERS = 12
#: So much of its room stays free beside a text, as a share.
_KEPT_FREE = 0.04


def in_lines(text: str, letters: int) -> str:
    """Lines of so many letters at most; a number and its per cent sign stay together, and so do the sides of a picture
    ('3 × 3').  No word is divided, and lines that are there stay."""
    kept = text.replace(" %", "\u00a0%").replace(" × ", "\u00a0×\u00a0")
    lines = (textwrap.fill(line, letters, break_long_words=False, break_on_hyphens=False) for line in kept.split("\n"))
    return "\n".join(lines).replace("\u00a0", " ")


@contextmanager
def whole_title(figure: Figure) -> Iterator[Figure]:
    """While open, a title that is wider than its figure stands in several lines, and the figure is higher by these."""
    title, (width, height) = figure._suptitle, figure.get_size_inches()
    before = figure.get_suptitle()
    if title is None or len(before) < _SURELY_FITS * width:
        yield figure
        return
    room = width * figure.dpi * 0.98
    line = title.get_fontsize() / 72 * 1.25
    letters = len(before)
    while title.get_window_extent().width > room and letters > _LEAST_LETTERS:
        letters -= 1
        title.set_text(in_lines(before, letters))
    added = line * (title.get_text().count("\n") - before.count("\n"))
    figure.set_size_inches(width, height + added)
    try:
        yield figure
    finally:
        title.set_text(before)
        figure.set_size_inches(width, height)


def give_room(text: Text, width: float) -> None:
    """Say how wide a text may be, in units of the x axis: the width of its bar, or the distance to the next text."""
    text.room = width  # type: ignore[attr-defined]


def beside_point(text: Annotation) -> None:
    """Say that a text names the point that it annotates, and may stand on any side of it, at the end of a thin line."""
    text.names_point = True  # type: ignore[attr-defined]


def make_room(figure: Figure, undo: list[Callable[[], object]]) -> None:
    """Let no text of a figure lie over another, in the size that the figure has.

    A text that is wider than its room (`give_room`) is broken into lines, and left out if a line is still too wide.
    Names above two vertical lines that would touch stand left and right of them; a name of a point (`beside_point`)
    stands at the nearest place beside it where no other name and no point is.

    Parameters
    ----------
    figure : is laid out anew, which takes as long as drawing it, but only where it has such texts.
    undo : functions are added that make each change undone.
    """
    limited = [text for axis in figure.axes for text in axis.texts if getattr(text, "room", None) is not None]
    above = [[text for text in axis.texts if _stands_above_a_line(text)] for axis in figure.axes]
    of_points = [
        text for axis in figure.axes for text in axis.texts if isinstance(text, Annotation) and _names_a_point(text)
    ]
    if not limited and not of_points and all(len(texts) < 2 for texts in above):
        return
    figure.draw_without_rendering()
    for text in limited:
        _fit(text, undo)
    for texts in above:
        _move_apart(texts, undo)
    _place_around_points(of_points, undo)


def _fit(text: Text, undo: list[Callable[[], object]]) -> None:
    before = text.get_text()
    room = _pixels(text) * (1 - _KEPT_FREE)
    if _width(text) <= room:
        return
    undo.append(lambda: (text.set_text(before), text.set_visible(True)))
    if "\n" not in before:
        for letters in range(len(before), max(map(len, before.split())) - 1, -1):
            text.set_text(in_lines(before, letters))
            if _width(text) <= room:
                return
    text.set_visible(False)


def _pixels(text: Text) -> float:
    """The room of a text in pixels."""
    ends = text.axes.transData.transform([(0, 0), (text.room, 0)])  # type: ignore[union-attr, attr-defined]
    return abs(ends[1][0] - ends[0][0])


def _width(text: Text) -> float:
    return text.get_window_extent().width


def _stands_above_a_line(text: Text) -> bool:
    at = (text.xycoords, text.xy[1], text.get_ha()) if isinstance(text, Annotation) else None
    return at == (("data", "axes fraction"), 1, "center")


def _move_apart(texts: list[Annotation], undo: list[Callable[[], object]]) -> None:
    ordered = sorted(texts, key=lambda text: text.xy[0])
    for left, right in pairwise(ordered):
        touching = left.get_window_extent().x1 >= right.get_window_extent().x0
        if touching and left.get_ha() == "center":
            left.set_ha("right")
            right.set_ha("left")
            undo += [lambda left=left: left.set_ha("center"), lambda right=right: right.set_ha("center")]


#: How far a point's name may stand from it, in 72nds of an inch, and in which directions, in degrees.
_DISTANCES = (6, 14, 22, 32, 44)
_DIRECTIONS = (120, -60, 60, -120, 0, 180, 90, -90, 30, -150, 150, -30)
#: Half of the width of a point's mark, in 72nds of an inch.
_MARK = 3.5


def _names_a_point(text: Annotation) -> bool:
    return getattr(text, "names_point", False)


def _place_around_points(texts: list[Annotation], undo: list[Callable[[], object]]) -> None:
    """Each name takes the nearest place where it touches nothing; where there is none, the one that touches least."""
    if not texts:
        return
    half = _MARK * texts[0].figure.dpi / 72  # type: ignore[union-attr]
    taken = []
    for text in texts:
        x, y = text.axes.transData.transform(text.xy)  # type: ignore[union-attr]
        taken.append(Bbox.from_extents(x - half, y - half, x + half, y + half))
    for text in texts:
        before = (text.xyann, text.get_ha(), text.get_va())
        undo.append(lambda text=text, before=before: _stand(text, *before))
        places = [before, *_sides()]
        touched = []
        for place in places:
            _stand(text, *place)
            box = Text.get_window_extent(text)  # without its line
            outside = not text.axes.bbox.containsx(box.x0) or not text.axes.bbox.containsx(box.x1)  # type: ignore[union-attr]
            touched.append(box.count_overlaps(taken) + outside)
            if not touched[-1]:
                break
        _stand(text, *places[touched.index(min(touched))])
        taken.append(Text.get_window_extent(text))


def _sides() -> Iterator[tuple[tuple[float, float], str, str]]:
    """Places around a point, the near ones first: the shift, and which side of the text is at the point."""
    for distance in _DISTANCES:
        for direction in _DIRECTIONS:
            right = distance * math.cos(math.radians(direction))
            up = distance * math.sin(math.radians(direction))
            ha = "center" if abs(right) < 1 else "left" if right > 0 else "right"
            va = "center" if abs(up) < 1 else "bottom" if up > 0 else "top"
            yield (right, up), ha, va


def _stand(text: Annotation, shift: tuple[float, float], ha: str, va: str) -> None:
    text.xyann = shift
    text.set_ha(ha)  # type: ignore[arg-type]
    text.set_va(va)  # type: ignore[arg-type]
