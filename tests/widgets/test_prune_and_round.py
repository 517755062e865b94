"""*Prune and round*: weights, answers and sizes are those of Python and LiteRT, and each control does what it says."""

from __future__ import annotations

import base64
import json
import re

from browser import opened_page
import numpy as np
import pytest
from train_here_page import ROOT, serving, shown

from fer_utils.core.errors import FerError
from fer_utils.widgets import PruneAndRound, drawn48_weights, drawn_strangers
from fer_utils.widgets import prune_and_round_arithmetic as arithmetic

TRAITS = ("sparsity", "bits", "per_filter", "face", "measured", "sprite", "faces", "weights", "offer")
READY = (
    "document.querySelector('.fer-round').dataset.ended"
    " || document.querySelector('.fer-round [role=alert]:not([hidden])')"
)
SHOWN = {"name": "prune_and_round", "saved": TRAITS, "ready": READY}
#: The changed weights and the bytes of the file, as the page makes them.
CHANGED = """\
async ([address, weights, settings]) => {
  const { drawnNetwork } = await import(`${address}/drawn48_network.js`);
  const { changedNetwork, fileSizes, gzipSize } = await import(`${address}/prune_and_round_arithmetic.js`);
  const { layers } = drawnNetwork(Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)));
  const text = (array) => {
    const bytes = new Uint8Array(array.buffer);
    let letters = "";
    for (const byte of bytes) letters += String.fromCharCode(byte);
    return btoa(letters);
  };
  const made = changedNetwork(layers, settings);
  const sizes = { ...fileSizes(made, layers.length, settings), gzip: await gzipSize(made.bytes) };
  return JSON.stringify({ weights: text(made.weights), bytes: text(made.bytes), sizes });
}"""
CASES = [(0.0, 32, True), (0.95, 32, False), (0.0, 8, True), (0.35, 5, False), (0.6, 3, True), (0.0, 2, False)]


# The arithmetic ----------------------------------------------------------------------------------


@pytest.mark.browser
def test_weights_and_files_are_those_of_python(browser):
    with serving(ROOT / "fer_utils" / "widgets") as url, opened_page(browser) as (page, watch):
        page.goto(f"{url}/prune_and_round.css")
        text = base64.b64encode(drawn48_weights.packed()).decode()
        for sparsity, bits, per_filter in CASES:
            settings = {"sparsity": sparsity, "bits": bits, "per_filter": per_filter}
            got = json.loads(page.evaluate(CHANGED, [url, text, settings]))
            wanted = [
                (arithmetic.changed(kernel, layer.biases, sparsity, bits, per_filter), bias)
                for layer, (kernel, bias) in zip(drawn48_weights.LAYERS, drawn48_weights.as_sent(), strict=True)
            ]
            weights = np.frombuffer(base64.b64decode(got["weights"]), "<f4")
            assert np.allclose(weights, drawn48_weights.flat(wanted), rtol=1e-6, atol=1e-8), settings
            content, sizes = arithmetic.file_bytes(drawn48_weights.as_sent(), sparsity, bits, per_filter)
            assert base64.b64decode(got["bytes"]) == content, settings
            assert {name: got["sizes"][name] for name in ("dense", "list")} == {
                name: sizes[name] for name in ("dense", "list")
            }
            assert abs(got["sizes"]["gzip"] / sizes["gzip"] - 1) < 0.1, "another gzip packs a little otherwise"
        assert watch.complaints() == []


def test_pruning_and_rounding_are_those_of_the_chapter(root):
    """The functions of the chapter's own cells, run here, on the kernels of the trained network."""
    cells = json.loads((root / "notebooks" / "11_compress.ipynb").read_text(encoding="utf-8"))["cells"]
    chapter: dict = {"np": np}
    for name in ("smallest_to_zero", "quantize", "dequantize", "round_filters"):
        (source,) = [c["source"] for c in cells if c["cell_type"] == "code" and f"def {name}(" in "".join(c["source"])]
        function = re.search(rf"^def {name}\(.*?(?=^\S|\Z)", "".join(source), re.DOTALL | re.MULTILINE)[0]
        exec(function, chapter)
    for layer, (kernel, _) in zip(drawn48_weights.LAYERS, drawn48_weights.layers(), strict=True):
        kernel = kernel.reshape(-1, layer.biases)  # filters last, depthwise ones, too
        left = chapter["smallest_to_zero"](kernel, 0.35)
        assert np.array_equal(arithmetic.pruned(kernel, 0.35), left)
        by_filter = chapter["round_filters"](left, 4)
        assert np.allclose(arithmetic.changed(kernel, layer.biases, 0.35, 4, True), by_filter, atol=1e-6)
        together = chapter["dequantize"](*chapter["quantize"](left, left.min(), left.max(), 4))
        assert np.allclose(arithmetic.changed(kernel, layer.biases, 0.35, 4, False), together, atol=1e-6)


def test_zeros_do_not_make_the_ordinary_file_smaller():
    weights = drawn48_weights.layers()
    plain, pruned = (arithmetic.file_bytes(weights, share, 8, True)[1] for share in (0.0, 0.9))
    assert pruned["dense"] == plain["dense"] == 49_968 + 4 * 2 * 478
    assert pruned["gzip"] < plain["gzip"] / 2
    # Exercise 11-5: three bytes a weight, so two thirds of zeros; 8 bits make some more zeros.
    less, more = (arithmetic.file_bytes(weights, share, 8, True)[1] for share in (0.6, 0.7))
    assert less["list"] > less["dense"] and more["list"] < more["dense"]


# The faces ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_strangers_are_todays():
    apart = np.abs(drawn_strangers.drawn().astype(float) - drawn_strangers.faces())
    assert apart.mean() < 1.5, "run python tests/helpers/strangers_picture.py"
    assert len(drawn_strangers.faces()) == len(drawn_strangers.labels()) == 140


def test_the_network_reads_the_strangers_as_its_card_says():
    right = (drawn48_weights.scores(drawn_strangers.faces()).argmax(axis=1) == drawn_strangers.labels()).mean()
    assert 0.85 < right < 0.96  # 0.896 on 300 strangers


# The widget --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(browser):
    with shown(browser, PruneAndRound(), **SHOWN) as (page, watch):
        yield page
        assert watch.complaints() == []


def measured(page) -> dict:
    page.wait_for_function(READY)
    return page.evaluate("model.get('measured')")


def by_python(**settings) -> tuple[int, int]:
    """Faces of strangers that the changed network names rightly, and answers that are as before."""
    answers = PruneAndRound(**settings).scores().argmax(axis=1)
    plain = drawn48_weights.scores(drawn_strangers.faces()).argmax(axis=1)
    return int((answers == drawn_strangers.labels()).sum()), int((answers == plain).sum())


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_counts_as_litert_does_at_every_end_of_the_controls(opened):
    """A face whose two best scores are nearly alike may be read either way: so one face may differ."""
    share, bits = (opened.get_by_role("slider", name=name) for name in ("Pruned share", "Bits"))
    for keys, settings in (
        (((bits, "ArrowLeft"),), {"bits": 4}),
        (((bits, "End"),), {"bits": 2}),
        (((bits, "ArrowLeft"), (opened.get_by_label("one for each filter"), "Space")), {"bits": 3, "per_filter": True}),
        (((bits, "Home"), (share, "End")), {"bits": 32, "sparsity": 0.95}),
        (((share, "Home"),), {"bits": 32}),
    ):
        for control, key in keys:
            control.press(key)
        got = measured(opened)
        right, kept = by_python(**settings)
        assert abs(got["right"] - right) <= 1 and abs(got["kept"] - kept) <= 1, settings
        said = opened.locator(".fer-round-figures").inner_text()
        assert said == f"Right before: 91 %, now: {round(100 * got['right'] / 140)} %"
    assert got["kept"] == 140 and got["layers_kept"] == [140] * 13
    assert "No layer alone changes a label" in opened.locator(".fer-round-conclusion").inner_text()
    assert opened.get_by_label("one for each kernel").is_disabled(), "32 bits are not rounded"


@pytest.mark.slow
@pytest.mark.browser
def test_the_weakest_layer_is_that_of_litert(opened):
    opened.evaluate(
        "(all) => all.forEach(([name, value]) => model.set(name, value))", [["per_filter", False], ["bits", 3]]
    )
    got = measured(opened)["layers_kept"]
    plain = drawn48_weights.scores(drawn_strangers.faces()).argmax(axis=1)
    wanted = []
    for number, layer in enumerate(drawn48_weights.LAYERS):
        weights = drawn48_weights.as_sent()
        kernel, bias = weights[number]
        weights[number] = (arithmetic.changed(kernel, layer.biases, 0.0, 3, False), bias)
        wanted.append(int((drawn48_weights.scores(drawn_strangers.faces(), weights).argmax(axis=1) == plain).sum()))
    assert np.abs(np.subtract(got, wanted)).max() <= 1
    assert "conv3 depthwise (contrast)" in opened.locator(".fer-round-conclusion").inner_text()
    assert opened.locator(".fer-round-weakest").count() == 1


@pytest.mark.browser
def test_a_face_is_chosen_by_keyboard_and_its_scores_are_those_of_litert(opened):
    opened.evaluate(
        "(all) => all.forEach(([name, value]) => model.set(name, value))", [["per_filter", True], ["bits", 3]]
    )
    for number, name in ((4, "fearful, person 1"), (13, "surprised, person 2")):
        opened.get_by_role("button", name=name).press("Enter")
        widget = PruneAndRound(bits=3, per_filter=True)
        before, after = drawn48_weights.scores(drawn_strangers.faces())[number], widget.scores()[number]
        cells = opened.locator(".fer-round-two table").first.locator("tbody td:not(.fer-round-bars)").all_inner_texts()
        shown_now = np.array([int(text.removesuffix(" %")) for text in cells]).reshape(7, 2)
        assert np.abs(shown_now - 100 * np.stack([before, after], axis=1)).max() < 0.8
        widths = opened.evaluate(
            "[...document.querySelectorAll('.fer-round-two table')[0].querySelectorAll('i')].map("
            "(bar) => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width)"
        )
        assert np.allclose(np.reshape(widths, (7, 2)), np.stack([before, after], axis=1), atol=0.03)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(opened, width):
    opened.set_viewport_size({"width": width, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = opened.evaluate(
        """() => [...document.querySelectorAll(".fer-round *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11


@pytest.mark.browser
def test_weights_that_cannot_be_read_are_said(browser):
    with shown(browser, PruneAndRound(), changed={"weights": "AAAA"}, **SHOWN) as (page, _):
        assert "run its cell again" in page.get_by_role("alert").inner_text()


def test_without_scripts_it_is_a_picture_in_words():
    data, _ = PruneAndRound(sparsity=0.3, bits=4, per_filter=True)._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    right, kept = by_python(sparsity=0.3, bits=4, per_filter=True)
    assert "30 % of each kernel pruned" in alt and "4 bits, with one scale for each filter" in alt
    assert f"{100 * right / 140:.0f} % now, and {100 * kept / 140:.0f} % keep their label" in alt


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"sparsity": 0.33}, r"`sparsity`. Expected one of 0, 0.05"),
        ({"sparsity": True}, r"`sparsity`"),
        ({"bits": 7}, r"`bits`. Expected one of 32, 8, 6, 5, 4, 3, 2"),
        ({"per_filter": 1}, r"`per_filter`. Expected True or False"),
        ({"face": 14}, r"`face`"),
        ({"bit": 3}, r"`bit`. Expected no such argument; there are sparsity, bits"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        PruneAndRound(**wrong)
