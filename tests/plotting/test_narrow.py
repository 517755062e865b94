"""Figures on narrow pages: letters of 11 pixels, nothing cut off, and the figure as it was afterwards."""

from __future__ import annotations

import base64
import io
from itertools import pairwise
import re

from figures import ALT
import numpy as np
import pandas as pd
from PIL import Image
import pytest

from fer_utils import plotting
from fer_utils.plotting import charts, comparisons, face_images, heat_maps, learning_figures, narrow, style

#: A telephone's column in pixels.
COLUMN = 355
LONG = "a row whose name is much too long for a telephone's narrow page"
SHARE = {"value": 0.5, "low": 0.4, "high": 0.6}


def two_panels():
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    history = {name: [2.0, 1.0, 0.5] for name in names}
    return learning_figures.learning_curves(history, title="A title that is as long as a line of the page, or longer")


FIGURES = {
    "bars": lambda: charts.bars({LONG: SHARE, "b": SHARE}, title=LONG, xlabel=f"{LONG}; {LONG}", percent=True),
    "two panels": two_panels,
    "many people": lambda: comparisons.differences_by_person(
        {f"{number:02}": number - 11.5 for number in range(24)},
        mean={"value": 0.5, "low": -1, "high": 2},
        title="t",
        ylabel="points",
        xlabel="actor",
    ),
    "heat maps": lambda: heat_maps.heatmaps(
        {name: pd.DataFrame(np.eye(8), range(8), range(8)) for name in "ab"},
        title="t", xlabel="x", ylabel="y", percent=True,
    ),
    "legend at the right": lambda: charts.stacked_bars(
        pd.DataFrame({"one": [1, 2], "two": [2, 1]}, ["a", "b"]), title="t", xlabel="x"
    ),
}  # fmt: skip


def visible_texts(figure):
    return [text for text in figure.findobj(style.matplotlib.text.Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_enough_and_nothing_is_cut_off(name):
    figure = FIGURES[name]()
    assert narrow.can_be_narrow(figure)
    with narrow.narrowed(figure):
        figure.draw_without_rendering()
        assert figure.get_figwidth() == narrow.NARROW
        box = figure.get_window_extent()
        for text in visible_texts(figure):
            size = text.get_fontsize() / 72 * COLUMN / narrow.NARROW
            assert size >= 11, (text.get_text(), size)
            if text.get_in_layout() and text.axes is not None and text in (text.axes.xaxis.label, text.axes.title):
                place = text.get_window_extent()
                assert box.x0 <= place.x0 and place.x1 <= box.x1, text.get_text()
        title = figure._suptitle.get_window_extent()
        assert title.x1 <= box.x1


@pytest.mark.parametrize("name", FIGURES)
def test_afterwards_the_figure_is_as_it_was(name):
    figure = FIGURES[name]()
    first = style._webp(figure, "white")
    with narrow.narrowed(figure):
        assert style._webp(figure, "white") != first
    assert style._webp(figure, "white") == first


def test_panels_beside_each_other_come_below_each_other():
    figure = two_panels()
    with narrow.narrowed(figure):
        figure.draw_without_rendering()
        upper, lower = (axis.get_position() for axis in figure.axes)
        assert upper.y0 > lower.y1 and upper.x1 - upper.x0 > 0.7


def test_numbers_at_an_axis_do_not_touch():
    figure = FIGURES["many people"]()
    with narrow.narrowed(figure):
        figure.draw_without_rendering()
        places = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
        assert 6 <= len(places) < 24 and all(one.x1 < two.x0 for one, two in pairwise(places))


def test_the_page_has_the_narrow_picture_for_its_own_width():
    html = plotting.figure_html(FIGURES["bars"](), alt=ALT)
    sources = re.findall(
        r'<source media="\(max-width: 576px\)" srcset="data:image/webp;base64,([^"]+)" width="380">', html
    )
    widths = [Image.open(io.BytesIO(base64.b64decode(data))).size[0] for data in sources]
    assert widths == [760, 760]  # two points for each pixel, light and dark
    assert len(set(sources)) == 2 and "fer-wide" not in html


def test_what_cannot_be_narrow_is_moved_sideways_and_small_figures_stay():
    rows = [np.zeros((20, 20), np.uint8)] * 20
    wide = face_images.image_grid(rows, columns=10)
    assert wide.get_figwidth() > 5 and not narrow.can_be_narrow(wide)
    html = plotting.figure_html(wide, alt=ALT)
    least = int(re.findall(r'class="fer-light fer-wide"[^>]*--fer-least:(\d+)px', html)[0])
    assert 400 < least < 100 * wide.get_figwidth() and "<source" not in html
    small, _ = style.subplots(width=4.0)
    style.describe(small, "An empty figure.")
    html = plotting.figure_html(small)
    assert "<source" not in html and "fer-wide" not in html


def test_panels_that_change_places_keep_the_names_of_their_axes():
    figure, axes = style.subplots(2, 3, sharex=True, sharey=True)
    for axis in axes.flat:
        axis.plot([0, 1], [0, 1])
    for axis in axes[-1]:
        axis.set_xlabel("steps")
    for axis in axes[:, 0]:
        axis.set_ylabel("loss")
    before = [(axis.get_xlabel(), axis.get_ylabel()) for axis in axes.flat]
    with narrow.narrowed(figure):
        places = [(axis.get_subplotspec().rowspan.start, axis.get_subplotspec().colspan.start) for axis in axes.flat]
        assert places == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
        for axis, (row, column) in zip(axes.flat, places, strict=True):
            assert axis.get_xlabel() == ("steps" if row == 2 else "")
            assert axis.get_ylabel() == ("" if column else "loss")
    assert [(axis.get_xlabel(), axis.get_ylabel()) for axis in axes.flat] == before


def test_a_heat_map_is_no_taller_than_its_cells():
    wide = pd.DataFrame(np.eye(3, 15))
    figure = heat_maps.heatmaps({"a": wide, "b": wide}, title="t", xlabel="x", ylabel="y", cell_size=0.4)
    with narrow.narrowed(figure):
        figure.draw_without_rendering()
        for axis in figure.axes:
            given, taken = axis.get_position(original=True), axis.get_tightbbox()
            height = taken.transformed(figure.transFigure.inverted()).height
            assert given.height - height < 0.1, "hardly any empty space above and below the cells"
