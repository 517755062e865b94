"""*Convolution by hand*: the map agrees with SciPy's and the trained network's, and each control does what it says."""

from __future__ import annotations

import json
import re

import first_layer
import numpy as np
import pytest
from train_here_page import shown

from fer_utils.core.errors import FerError
from fer_utils.widgets import convolution

TRAITS = ("kernel", "bias", "relu", "face", "contrast", "row", "column", "sprite", "faces", "filters")
READY = "document.querySelector('.fer-conv-face[aria-pressed]') || document.querySelector('[role=alert]:not([hidden])')"
SHOWN = {"name": "convolution", "saved": TRAITS, "ready": READY}
SIDE = convolution.SIDE

#: The map that the page shows, as it computes it, and the canvas's grey levels.
PAGE_MAP = """\
async () => {
  const canvas = document.querySelectorAll(".fer-conv-three canvas")[1];
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: canvas.width * canvas.height }, (_, number) => data[4 * number]);
}"""
#: The module's own functions.
COMPUTED = """\
async ([esm, text]) => {
  const module = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const { picture, side, kernel, bias, relu, row, column } = JSON.parse(text);
  const nine = module.products(Float32Array.from(picture), side, kernel, row, column);
  const map = module.convolve(Float32Array.from(picture), side, kernel, bias, relu);
  return JSON.stringify({ map: [...map], sum: nine.reduce((sum, { product }) => sum + product, bias) });
}"""


@pytest.fixture(scope="module")
def widget():
    return convolution.ConvolutionByHand()


@pytest.fixture(scope="module")
def opened(browser, widget):
    with shown(browser, widget, **SHOWN) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.fixture
def page(opened, widget):
    """The page with every setting at rest again."""
    rest = {name: getattr(widget, name) for name in TRAITS[:7]}
    opened.evaluate("(rest) => Object.entries(rest).forEach(([name, value]) => model.set(name, value))", rest)
    return opened


def levels(page, relu: bool, widget) -> np.ndarray:
    """The greys that the page must show for what `convolved` says of the page's settings."""
    state = {name: page.evaluate(f"model.get('{name}')") for name in TRAITS[:7]}
    picture = shown_picture(widget, state["contrast"], state["face"])
    found = convolution.convolved(picture, state["kernel"], state["bias"], state["relu"])
    most = np.abs(found).max()
    return 255 * (found / most if relu else (found / most + 1) / 2)


def shown_picture(widget, contrast: bool, face: int) -> np.ndarray:
    """What the page has of a face: 256 levels between the ends of the range."""
    low, high = convolution.RANGES[int(contrast)]
    exact = widget._read[int(contrast)][face]
    return low + np.clip(np.round((exact - low) / (high - low) * 255), 0, 255) / 255 * (high - low)


def test_the_map_is_that_of_scipy_at_every_place(opened, widget):
    rng = np.random.default_rng(0)
    for relu in (False, True):
        picture, kernel = rng.normal(size=(7, 7)), rng.normal(size=9)
        row, column = rng.integers(0, 7, 2)
        asked = {"picture": picture.ravel().tolist(), "side": 7, "kernel": kernel.tolist(), "bias": 0.3, "relu": relu}
        asked |= {"row": int(row), "column": int(column)}
        got = json.loads(opened.evaluate(COMPUTED, [str(widget._esm), json.dumps(asked)]))
        wanted = convolution.convolved(picture, kernel, 0.3)
        assert np.isclose(got["sum"], wanted[row, column], atol=1e-5)
        assert np.allclose(np.reshape(got["map"], (7, 7)), np.maximum(wanted, 0) if relu else wanted, atol=1e-5)


def test_the_trained_filters_are_those_of_the_file_and_give_its_map():
    stored = json.loads(convolution.FILTERS.read_text(encoding="utf8"))
    assert stored == first_layer.stored(), "run python tests/helpers/first_layer.py"
    interpreter, read, _, _, answered = first_layer.opened()
    faces = convolution.faces_of(5)
    by_us = convolution.as_read(faces)[1]
    for face, picture in zip(faces[:2], by_us[:2], strict=True):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face[None, :, :, None].astype("float32"))
        interpreter.invoke()
        assert np.allclose(interpreter.get_tensor(read)[0, :, :, 0], picture, atol=1e-3)
        there = interpreter.get_tensor(answered)[0]
        for number, one in enumerate(stored["filters"]):
            found = convolution.convolved(picture, one["kernel"], one["bias"], relu=True)
            assert np.allclose(found[1::2, 1::2], there[..., number], atol=1e-3)  # the network moves by two pixels


def test_the_page_shows_the_map_of_python(page, widget):
    assert np.abs(np.ravel(levels(page, True, widget)) - page.evaluate(PAGE_MAP)).max() < 1.6
    page.get_by_label("ReLU: below 0 becomes 0").uncheck()
    assert np.abs(np.ravel(levels(page, False, widget)) - page.evaluate(PAGE_MAP)).max() < 1.6
    page.get_by_label("local contrast").check()
    page.get_by_role("button", name="sad").click()
    page.get_by_role("button", name="spots").click()
    assert page.evaluate("model.get('kernel')")[4] == 8 and page.evaluate("model.get('face')") == 2
    assert np.abs(np.ravel(levels(page, False, widget)) - page.evaluate(PAGE_MAP)).max() < 1.6


def test_a_place_is_summed_by_hand_at_the_rim_too(page, widget):
    page.get_by_label("Weight middle").fill("1.5")
    page.get_by_label("Bias").fill("-0.25")
    for row, column in ((0, 0), (20, 30)):
        page.get_by_role("slider", name="Row").fill(str(row))
        page.get_by_role("slider", name="Column").fill(str(column))
        kernel = [*convolution.EDGE[:4], 1.5, *convolution.EDGE[5:]]
        wanted = convolution.convolved(shown_picture(widget, False, 6), kernel, -0.25)[row, column]
        said = page.locator(".fer-conv-result").inner_text().replace("−", "-")
        sum_, relu = re.fullmatch(
            rf"Row {row}, column {column}: the nine products and the bias of -0.25 add up to (\S+); "
            r"after ReLU (\S+)\.",
            said,
        ).groups()
        assert abs(float(sum_) - wanted) < 0.006 and abs(float(relu) - max(wanted, 0)) < 0.006
        cells = page.locator(".fer-conv-hand td").all_inner_texts()
        assert len(cells) == 9 and (row or cells[0].endswith("· 0 = 0"))


def test_what_is_no_number_changes_nothing_and_goes(page):
    weight = page.get_by_label("Weight above left")
    for wrong in ("", "100", "1e9"):
        weight.fill(wrong)
        weight.blur()
        assert page.evaluate("model.get('kernel')")[0] == -1 and weight.input_value() == "-1"


def test_a_bias_is_typed_digit_by_digit(page):
    bias = page.get_by_label("Bias")
    for text in ("-0.5", "1.05", "-"):
        bias.fill("")
        bias.press_sequentially(text)
        if text != "-":
            assert page.evaluate("model.get('bias')") == float(text) and bias.input_value() == text
    bias.blur()
    assert bias.input_value() == "1.05", "what is no number changes nothing and goes"


def test_a_trained_filter_and_a_place_are_taken_by_hand(page, widget):
    page.get_by_role("button", name="Trained filter 5").press("Enter")
    assert page.evaluate("[model.get('kernel'), model.get('bias'), model.get('contrast')]") == [
        widget.filters[4]["kernel"],
        widget.filters[4]["bias"],
        True,
    ]
    box = page.locator(".fer-conv-three canvas").nth(1).bounding_box()
    page.mouse.click(box["x"] + 0.26 * box["width"], box["y"] + 0.76 * box["height"])
    assert page.evaluate("[model.get('row'), model.get('column')]") == [36, 12]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".fer-conv *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11


def test_faces_that_cannot_be_read_are_said(browser, widget):
    with shown(browser, widget, changed={"sprite": "bm90IGEgcGljdHVyZQ=="}, **SHOWN) as (page, _):
        page.get_by_role("alert").wait_for()
        assert "run its cell again" in page.get_by_role("alert").inner_text()


def test_without_scripts_it_is_a_picture_in_words(widget):
    data, _ = widget._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    top, left = np.unravel_index(np.abs(widget.map).argmax(), (SIDE, SIDE))
    assert "surprised" in alt and "-1 -2 -1 / 0 0 0 / 1 2 1" in alt and f"row {top}, column {left}" in alt


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"kernel": [1] * 8}, r"`kernel`. Expected nine numbers"),
        ({"kernel": [1] * 8 + ["1"]}, r"`kernel`. Expected nine numbers"),
        ({"kernel": [float("nan")] * 9}, r"`kernel`. Expected nine numbers"),
        ({"bias": 100}, r"`bias`. Expected a number from -99 to 99"),
        ({"relu": 1}, r"`relu`. Expected True or False"),
        ({"face": 7}, r"`face`"),
        ({"row": -1}, r"`row`"),
        ({"colum": 3}, r"`colum`. Expected no such argument; there are kernel, bias"),
        ({"faces_seed": -1}, r"`faces_seed`"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        convolution.ConvolutionByHand(**wrong)
