"""The look of the book's figures, and how they come onto a page.

One palette, one title that is the figure's message, light and dark colours, and alt text that says what is seen.
The palette is Okabe and Ito's, which colour-blind readers can tell apart (Okabe & Ito 2008, "Color Universal Design").
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
import html
import io
import os

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
import seaborn

from fer_utils.core.errors import invalid
from fer_utils.plotting.crowded_text import whole_title
from fer_utils.plotting.narrow import NARROW, can_be_narrow, narrowed

#: Okabe & Ito's colours, ordered so that neighbours differ in lightness, too.
PALETTE: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
#: Markers that differ in shape where the colours differ; six names at most.
MARKERS: tuple[str, ...] = ("o", "s", "^", "D", "v", "P")
#: The colour of text and axes, and of the page behind a figure in dark colours.
INK, DARK_PAPER = "#222222", "#15181C"
#: The environment variable with the dots per inch of the pictures that `show` displays, 50 to 400, and what they are
#: without it: two dots for each pixel of the page.
DPI_VARIABLE, DPI = "FER_FIGURE_DPI", 200
#: The pages on which figures have their narrow format (`fer_utils.plotting.narrow`).
NARROW_PAGE = "(max-width: 576px)"
#: The colour of text on a bar or cell in the palette's blue: white, and black where the blue is the lighter one of dark
#: paper.
ON_BLUE = "#FEFEFE"
#: What a colour becomes on dark paper; colours not named keep theirs.
_ON_DARK = {
    INK: "#E6E6E6",
    ON_BLUE.lower(): "#000000",
    "#0072b2": "#56B4E9",
    "#d55e00": "#F58A42",
    "#009e73": "#2BC295",
}
#: The parts of an artist that have a colour.
_COLOURED_PARTS = ("color", "facecolor", "edgecolor", "markeredgecolor", "markerfacecolor")


def rc_params() -> dict:
    """The Matplotlib settings of the book's figures, for ``matplotlib.rc_context``."""
    return {
        **seaborn.axes_style("ticks"),
        "figure.dpi": 100,
        "savefig.dpi": DPI,
        "font.size": 10.5,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }


class DescribedFigure(Figure):
    """A Matplotlib figure that says in words what it shows: ``description`` becomes part of its alt text."""

    description: str = ""
    #: Panels, pictures and legends stay where they are on a narrow page, too, which then shows a part at a time.
    keeps_order: bool = False


def describe(figure: Figure, *sentences: str) -> None:
    """Set what a figure shows in words, written from the data by the function that drew it; see `show`.

    Empty sentences are left out.  `fer_utils.plotting.descriptions` has the words for numbers, lists and tables, and
    how long a description may be.
    """
    figure.description = " ".join(sentence for sentence in sentences if sentence)


def subplots(rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.6, **options) -> tuple:
    """A figure in the book's style and its axes, as ``matplotlib.pyplot.subplots`` returns them.

    ``width`` and ``height`` in inches; other options are those of ``matplotlib.figure.Figure.subplots``.
    The figure is not in pyplot's list, so that nothing is shown twice and nothing has to be closed.
    """
    with matplotlib.rc_context(rc_params()):
        figure = DescribedFigure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, **options)
    return figure, axes


def set_title(figure: Figure, text: str) -> None:
    """Write the figure's message above it, from its left edge, so that long row names leave it room."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)


def show(figure, *, alt: str = "", caption: str | None = None) -> None:
    """Display a figure with alt text, in the page's light or dark colours.

    Parameters
    ----------
    figure : a Matplotlib figure, or a sheet of `fer_utils.plotting.contact_sheets`.
    alt : what is to be seen, for those who do not see it.  The plots of this package describe themselves from their
        data; a sentence given here stands before that description and says what the plot cannot know.
    caption : a line below the figure, plain text.

    Raises
    ------
    FerError : an alt text of fewer than four words in all.
    """
    from IPython.display import HTML, display  # comes with the notebook, not with the package

    display(HTML(figure_html(figure, alt=alt, caption=caption)))


def figure_html(figure, *, alt: str = "", caption: str | None = None) -> str:
    """The HTML that `show` displays: two pictures, of which the page shows the one for its colours.

    A figure that is too wide for a telephone has each of them in a narrow format as well.
    """
    described = getattr(figure, "description", "")
    too_short = not isinstance(alt, str) or len(alt.split()) < 4
    if too_short and not (alt == "" and described):
        raise invalid("alt", expected="a sentence that says what is seen", received=alt)
    alt = " ".join(words for words in (alt.strip(), described) if words)
    if hasattr(figure, "sheet_html"):
        return figure.sheet_html(alt=alt, caption=caption)
    with whole_title(figure):
        light, dark = _light_and_dark(figure)
    narrow_light = narrow_dark = ""
    if can_be_narrow(figure):
        with narrowed(figure):
            narrow_light, narrow_dark = _light_and_dark(figure)
    width = int(figure.get_figwidth() * 100)
    text = html.escape(alt, quote=True)
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        '<figure class="fer-figure" style="margin:1em 0">'
        + _picture("fer-light", text, width, light, narrow_light)
        + _picture("fer-dark", text, width, dark, narrow_dark)
        + below
        + "</figure>"
    )


def _picture(kind: str, alt: str, width: int, wide: str, narrow: str) -> str:
    """A picture of one colour scheme; on a narrow page the narrow one, or the wide one to be moved sideways."""
    hidden = ";display:none" if kind == "fer-dark" else ""
    style = f"max-width:100%;height:auto{hidden}"
    image = f'<img class="{kind}" alt="{alt}" width="{width}" style="{style}" src="data:image/webp;base64,{wide}">'
    if not narrow and width > 420:  # the style sheet of the site knows the class; elsewhere it means nothing
        return image.replace(f'class="{kind}"', f'class="{kind} fer-wide"').replace(
            style, f"{style};--fer-least:{int(0.85 * width)}px"
        )
    if not narrow:
        return image
    source = f'<source media="{NARROW_PAGE}" srcset="data:image/webp;base64,{narrow}" width="{int(NARROW * 100)}">'
    return f"<picture>{source}{image}</picture>"


def _light_and_dark(figure: Figure) -> tuple[str, str]:
    """The figure on white and on dark paper.  Its layout is worked out once: it takes as long as the drawing."""
    light = _webp(figure, "white")
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")
    try:
        with dark_colours(figure):
            return light, _webp(figure, DARK_PAPER)
    finally:
        figure.set_layout_engine(layout)


def _webp(figure: Figure, paper: str) -> str:
    """The figure on paper of a colour, as a lossless WebP in base 64: a quarter of a PNG's bytes, and no slower.

    ``figure.savefig`` would draw it twice, the first time only for the layout, which each drawing sees to itself.
    """
    buffer = io.BytesIO()
    canvas_before, dots_before, paper_before = figure.canvas, figure.dpi, figure.get_facecolor()
    figure.set_dpi(dots_per_inch())
    figure.set_facecolor(paper)
    try:
        lossless = {"lossless": True, "method": 2}  # Pillow's options; 2 of 6: a higher one saves few bytes
        FigureCanvasAgg(figure).print_webp(buffer, pil_kwargs=lossless)
    finally:
        figure.set_canvas(canvas_before)
        figure.set_dpi(dots_before)
        figure.set_facecolor(paper_before)
    return base64.b64encode(buffer.getvalue()).decode()


def dots_per_inch() -> int:
    """How fine the pictures of `show` are: `DPI`, or what `DPI_VARIABLE` says; FerError where that is no number."""
    said = os.environ.get(DPI_VARIABLE, str(DPI))
    if not said.isdecimal() or not 50 <= int(said) <= 400:
        raise invalid(DPI_VARIABLE, expected="a whole number from 50 to 400", received=said)
    return int(said)


@contextmanager
def dark_colours(figure: Figure) -> Iterator[Figure]:
    """While open, a figure has the colours that can be read on dark paper; afterwards it has its own again."""
    changed = []  # (the method that sets a colour, the colour before)
    try:
        for artist in figure.findobj():
            for part in _COLOURED_PARTS:
                get_colour = getattr(artist, f"get_{part}", None)
                set_colour = getattr(artist, f"set_{part}", None)
                if get_colour is None or set_colour is None:
                    continue
                try:
                    before = get_colour()
                    after = _ON_DARK.get(to_hex(before))
                except (ValueError, TypeError, IndexError, AttributeError):
                    continue  # an artist of several colours, which are its own
                if after is not None:
                    set_colour(after)
                    changed.append((set_colour, before))
        for axes in figure.axes:
            before = axes.get_facecolor()
            if to_hex(before) == "#ffffff":
                axes.set_facecolor(DARK_PAPER)
                changed.append((axes.set_facecolor, before))
        yield figure
    finally:
        for set_colour, before in reversed(changed):
            set_colour(before)
