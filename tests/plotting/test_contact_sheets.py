"""Sheets of pictures: names, alt texts, order, folding on a telephone; curves with pictures."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
import io

from browser import opened_page
from figures import drawing_functions
import numpy as np
import pytest

from fer_utils import plotting, studio
from fer_utils.core.errors import FerError
from fer_utils.plotting import contact_sheets

ALT = "Two people in rows & three <b>columns</b> of plain colours."
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (180, 180, 30), (30, 180, 180), (180, 30, 180)]
PLAIN = [np.full((24, 24, 3), colour, np.uint8) for colour in COLOURS]


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.images, self.words, self.figure, self.style = [], [], {}, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.style = tag == "style"
        if tag == "img":
            self.images.append(dict(attributes))
        if tag == "figure":
            self.figure = dict(attributes)

    def handle_endtag(self, tag):
        self.style = False

    def handle_data(self, data):
        if not self.style:
            self.words.append(data)


def pixels(image: dict) -> np.ndarray:
    from PIL import Image

    data = base64.b64decode(image["src"].removeprefix("data:image/webp;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)


def test_pictures_stand_in_order_with_their_names_and_alt_texts():
    sheet = contact_sheets.grid(
        PLAIN, column_names=["red", "green", "blue"], row_names=["1\nfirst", "2"], rows_are="person", title="A < b"
    )
    page = Page(plotting.figure_html(sheet, alt=ALT, caption="c > d"))
    assert page.figure["aria-label"].startswith(f"{ALT} 6 pictures in 2 rows of 3") and len(page.images) == 6
    for image, colour in zip(page.images, COLOURS, strict=True):
        assert np.abs(pixels(image) - colour).max() < 12
        assert len(image["alt"].split()) >= 4
    assert page.images[4]["alt"] == "person 2, green, face, row 2, picture 2"
    assert [word for word in page.words if word.strip()][:5] == ["A < b", "person", "red", "green", "blue"]
    assert page.words[-1] == "c > d" and "first" in page.words


def test_labels_stand_under_their_pictures():
    page = Page(contact_sheets.grid(PLAIN[:5], labels=["a", "b", "c", "d", "e"], per_row=2).sheet_html(alt=ALT))
    assert [word for word in page.words if word.strip()] == ["a", "b", "c", "d", "e"]
    assert page.images[4]["alt"] == "e, face, row 3, picture 1"


@pytest.mark.parametrize(
    "pictures, options, message",
    [
        ([], {}, "`pictures`.*at least one"),
        ([PLAIN[0], np.zeros((12, 24, 3), np.uint8)], {}, "`pictures`.*one shape"),
        ([np.zeros((24, 24, 3))], {}, "`pictures`.*uint8"),
        ([np.zeros((24, 24), np.uint8)], {}, "`pictures`"),
        (PLAIN, {"column_names": ["a", "b"], "per_row": 3}, "`column_names`.*each of 3"),
        (PLAIN, {"column_names": ["a", "b"], "row_names": ["x"]}, "`row_names`.*each of 3 rows"),
        (PLAIN, {"per_row": 0}, "`per_row`"),
        (PLAIN, {"cell_width": 4}, "`cell_width`"),
        (PLAIN, {"quality": 101}, "`quality`"),
    ],
)
def test_what_makes_no_sheet_is_refused(pictures, options, message):
    with pytest.raises(FerError, match=message):
        contact_sheets.grid(pictures, **options)


@pytest.mark.parametrize("alt", [" ", "a sheet", None])
def test_alt_text_that_says_nothing_is_refused(alt):
    with pytest.raises(FerError, match="`alt`"):
        plotting.figure_html(contact_sheets.grid(PLAIN), alt=alt)


@pytest.mark.browser
@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)], ids=["desk, light", "phone, dark"])
def test_a_sheet_fits_its_page_and_folds_on_a_telephone(browser, width, dark):
    pictures = [PLAIN[k % 6] for k in range(16)]
    sheet = contact_sheets.grid(
        pictures, column_names=[f"column {k}" for k in range(8)], row_names=["1", "2"], rows_are="person", cell_width=90
    )
    with opened_page(browser, width=width, dark=dark) as (page, watch):
        page.set_content(f"<!doctype html><html><body style='margin:8px'>{sheet.sheet_html(alt=ALT)}</body></html>")
        boxes = [page.locator("img").nth(k).bounding_box() for k in range(16)]
        lines = {round(box["y"]) for box in boxes}
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert len(lines) == (2 if width > 600 else 4), "eight in a row, or twice four"
        assert min(box["width"] for box in boxes) > 70, "big enough to be seen"
        # On the telephone each picture says its column itself, and there is no head to say it.
        assert page.get_by_text("column 5").locator("visible=true").count() == (1 if width > 600 else 2)
        assert watch.complaints() == []


def test_landmarks_are_marked_on_a_copy():
    picture, marks = studio.draw(studio.person(12), size=320, truth=True)
    before = picture.copy()
    shown = contact_sheets.draw_landmarks(picture, marks)
    assert (picture == before).all() and shown.shape == picture.shape
    changed = (shown != picture).any(axis=2)
    assert all(changed[round(y), round(x)] for x, y in marks)
    assert changed.mean() < 0.05


# Curves with pictures ----------------------------------------------------------------------------


SECONDS = np.linspace(0, 3, 30)
DRAWINGS = {
    "timeline": lambda: contact_sheets.timeline(
        SECONDS,
        {"AU 12": np.sin(SECONDS) ** 2, "AU 45": np.zeros(30)},
        PLAIN[:3],
        [0.5, 1.5, 2.5],
        title="It comes and goes",
        shade=np.ones(30),
    ),
    "timeline, no pictures": lambda: contact_sheets.timeline(SECONDS, {"AU 12": SECONDS / 3}, title="Alone"),
}


def test_a_timeline_shows_curves_names_and_pictures_in_both_colours():
    import matplotlib.pyplot

    figure = DRAWINGS["timeline"]()
    upper, strip = figure.axes
    assert [line.get_label() for line in upper.get_lines()[:2]] == ["AU 12", "AU 45"]
    assert [text.get_text() for text in strip.texts] == ["0.5 s", "1.5 s", "2.5 s"] and len(strip.images) == 3
    assert matplotlib.pyplot.get_fignums() == []
    html = plotting.figure_html(figure, alt=ALT)
    assert html.count("<img") == 2
    assert len(DRAWINGS["timeline, no pictures"]().axes) == 1


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(contact_sheets) == {name.split(",")[0] for name in DRAWINGS}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"pictures": PLAIN[:2], "picture_times": [1.0]}, "`picture_times`.*each of 2 pictures"),
        ({"curves": {}}, "`curves`.*one to 7"),
    ],
)
def test_a_timeline_that_cannot_be_is_refused(options, message):
    arguments = {"time_s": np.arange(3.0), "curves": {"a": np.zeros(3)}, "title": "t"} | options
    with pytest.raises(FerError, match=message):
        contact_sheets.timeline(**arguments)
