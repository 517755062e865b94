"""*Confusions*: the stored faces and maps are today's, and the page shows Python's numbers, cell by cell."""

from __future__ import annotations

import io
import json
import re

import chapter_widgets
import numpy as np
import pytest
from train_here_page import shown

from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.models import pretrained_networks
from fer_utils.studies import drawn_confusions
from fer_utils.widgets.confusions import Confusions

TRAITS = ("cell", "face", "map", "sprite", "about", "with_maps", "question", "first")
READY = (
    "document.querySelector('.fer-confuse-gallery button') || !document.querySelector('.fer-confuse-problem').hidden"
)
SHOWN = {"name": "confusions", "saved": TRAITS, "ready": READY}
GRID, SIDE = drawn_confusions.GRID, drawn_confusions.SIDE

#: Red, green and blue of the face that is shown large, pixel by pixel.
PIXELS = """\
() => {
  const canvas = document.querySelector(".fer-confuse-large canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: canvas.width * canvas.height }, (_, n) => [...data.slice(4 * n, 4 * n + 3)]);
}"""


@pytest.fixture(scope="module")
def widget():
    return Confusions()


@pytest.fixture(scope="module")
def kept():
    return drawn_confusions.stored()


@pytest.fixture(scope="module")
def opened(browser, widget):
    with shown(browser, widget, **SHOWN) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.fixture
def page(opened):
    """The page with its settings at rest again."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.evaluate("[['cell', [6, 4]], ['face', 0], ['map', 'answer']].forEach(([k, v]) => model.set(k, v))")
    return opened


def stored_maps(kept) -> np.ndarray:
    import base64

    return np.frombuffer(base64.b64decode(kept["maps"]), np.int8).reshape(-1, GRID, GRID)


def stored_faces() -> np.ndarray:
    """The faces of the sheet, (N, SIDE, SIDE), in their order."""
    from PIL import Image

    sheet = np.asarray(Image.open(io.BytesIO(drawn_confusions.SHEET.read_bytes())).convert("L"), float)
    return sheet.reshape(-1, SIDE, drawn_confusions.COLUMNS, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)


def by_python(kept, number: int, which: str) -> np.ndarray:
    """A stored map as `drawn_confusions.stored` describes it, as losses of probability."""
    labels, said = np.array(kept["labels"]), np.argmax(kept["probabilities"], axis=1)
    wrong = np.flatnonzero(labels != said).tolist()
    own = which == "posed" and labels[number] != said[number]
    return stored_maps(kept)[len(labels) + wrong.index(number) if own else number] / drawn_confusions.UNIT


# What is stored ----------------------------------------------------------------------------------

REMEDY = "run `python -m fer_utils.studies.drawn_confusions`"


@pytest.mark.slow
def test_the_stored_faces_answers_and_maps_are_todays(kept):
    """Faces and answers of all, and the maps of some, made again."""
    assert kept["sha256"] == pretrained_networks.card()["files"]["float32"]["sha256"], REMEDY
    assert kept["stages"] == stages.versions(drawn_confusions.STAGES), REMEDY
    pictures, labels, people = drawn_confusions.faces()
    assert kept["labels"] == labels.tolist() and kept["people"] == people.tolist(), REMEDY
    tiles = stored_faces()[: len(pictures)]
    apart = np.abs(tiles - pictures).mean(axis=(1, 2))
    assert apart.max() < 12 < np.abs(tiles - pictures[::-1]).mean(), REMEDY
    probabilities = drawn_confusions.asked(pictures)
    assert np.allclose(probabilities, kept["probabilities"], atol=2e-3), REMEDY
    wrong = np.flatnonzero(np.argmax(kept["probabilities"], axis=1) != labels)
    some = np.array([0, int(wrong[0]), int(wrong[-1]), len(labels) - 1])
    for which, asked in (("answer", probabilities[some].argmax(axis=1)), ("posed", labels[some])):
        anew = drawn_confusions.maps(pictures[some], asked) / drawn_confusions.UNIT
        assert np.allclose(anew, [by_python(kept, int(n), which) for n in some], atol=0.02), REMEDY


def test_the_files_are_small_and_complete(kept):
    faces = len(kept["labels"])
    wrong = int((np.argmax(kept["probabilities"], axis=1) != np.array(kept["labels"])).sum())
    assert drawn_confusions.SHEET.stat().st_size + drawn_confusions.FILE.stat().st_size < 400_000
    assert faces == 7 * drawn_confusions.PEOPLE and len(stored_maps(kept)) == faces + wrong and wrong >= 10
    assert len(set(kept["people"])) == drawn_confusions.PEOPLE


def test_the_matrix_counts_every_face_once(widget, kept):
    matrix = widget.matrix
    assert matrix.sum() == len(kept["labels"]) and (matrix.sum(axis=1) == drawn_confusions.PEOPLE).all()
    for face, (label, given) in enumerate(zip(kept["labels"], kept["probabilities"], strict=True)):
        assert face in Confusions(cell=(label, int(np.argmax(given)))).behind
    assert len(widget.behind) == matrix[6, 4]


def test_what_chapter_8_says_of_the_maps(kept):
    """Wrong answers have maps as strong as right ones and less probability; anger is seen in the brows, or missed."""
    labels, given = np.array(kept["labels"]), np.array(kept["probabilities"])
    right = given.argmax(axis=1) == labels
    all_maps = np.array([by_python(kept, number, "answer") for number in range(len(labels))])
    strongest = all_maps.max(axis=(1, 2))
    assert 0.8 < np.median(strongest[~right]) / np.median(strongest[right]) < 1.25
    assert np.median(given.max(axis=1)[~right]) < np.median(given.max(axis=1)[right]) - 0.2
    angry = labels == kept["names"].index("angry")
    missed = angry & (given.argmax(axis=1) == kept["names"].index("neutral"))
    rows = [np.unravel_index(all_maps[some].mean(axis=0).argmax(), (GRID, GRID))[0] for some in (angry & right, missed)]
    assert rows[0] < 5 and rows[1] > 7, "brows above, mouth below"
    for label in range(7):
        some = right & (labels == label)
        assert all_maps[some].mean(axis=0).max() < strongest[some].mean()


# In the page -------------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_page_counts_as_python_does_and_unpacks_the_same_maps(opened, widget, kept):
    source = str(widget._esm).replace(
        "export default { render };", "export default { counted, unpackedMaps, meanMap };"
    )
    answer = opened.evaluate(
        """async ([source, text]) => {
          const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { counted, unpackedMaps, meanMap } = (await import(address)).default;
          const about = JSON.parse(text), { counts, answers } = counted(about), mapOf = unpackedMaps(about, answers);
          const all = (which) => about.labels.map((_, face) => mapOf(face, which));
          return JSON.stringify({ counts, answer: all("answer"), posed: all("posed"), mean: meanMap(all("posed")) });
        }""",
        [source, json.dumps(widget.about)],
    )
    answer = json.loads(answer)
    assert answer["counts"] == widget.matrix.tolist()
    for which in ("answer", "posed"):
        wanted = [by_python(kept, number, which).ravel() for number in range(len(kept["labels"]))]
        assert np.allclose(answer[which], wanted)
        assert which == "answer" or np.allclose(answer["mean"], np.mean(wanted, axis=0))
    assert not np.allclose(answer["answer"], answer["posed"])


@pytest.mark.browser
def test_every_cell_shows_its_faces(page, widget):
    for row in range(7):
        for column in range(7):
            page.locator(f"[data-cell='{row},{column}']").click()
            behind = Confusions(cell=(row, column)).behind
            numbers = page.locator(".fer-confuse-gallery button").evaluate_all(
                "(all) => all.map((one) => Number(one.dataset.face))"
            )
            title = page.locator(".fer-confuse-title").inner_text()
            assert numbers == behind and title.startswith(f"{len(behind)} of {drawn_confusions.PEOPLE} faces")
            assert page.locator(".fer-confuse-bars").is_visible() == bool(behind)
            assert title.endswith(": right.") == (row == column)


@pytest.mark.browser
def test_a_face_has_its_probabilities_and_its_two_maps(page, widget, kept):
    behind = widget.behind
    page.locator(f"[data-face='{behind[1]}']").press("Enter")
    assert page.evaluate("model.get('face')") == behind[1]
    assert page.evaluate("document.activeElement.dataset.face") == str(behind[1]), "the keyboard stays where it was"
    rows = page.locator(".fer-confuse-bars tr").all_inner_texts()
    for row, name, value in zip(rows, kept["names"], kept["probabilities"][behind[1]], strict=True):
        assert row.startswith(name) and f"{value:.2f}" in row
    assert "answer" in rows[4] and "posed" in rows[6] and "answer" not in rows[6]
    page.get_by_label("the face alone").check()
    alone = np.array(page.evaluate(PIXELS), float).reshape(SIDE, SIDE, 3)
    assert np.abs(alone - alone[..., :1]).max() <= 2, "grey"
    assert np.abs(alone[..., 0] - stored_faces()[behind[1]]).max() < 4, "the face that was asked for"
    for label, which in (("its answer", "answer"), ("the posed label", "posed")):
        page.get_by_label(f"what speaks for {label}").check()
        colour = np.array(page.evaluate(PIXELS), float).reshape(SIDE, SIDE, 3)
        grid = by_python(kept, behind[1], which)
        share = 0.75 * np.minimum(np.abs(grid) / 0.25, 1).repeat(4, 0).repeat(4, 1)[..., None]
        over = np.where((grid > 0).repeat(4, 0).repeat(4, 1)[..., None], (213, 94, 0), (0, 114, 178))
        assert np.abs(colour - ((1 - share) * alone + share * over)).max() < 2
        assert np.abs(colour - alone).max() > 20


@pytest.mark.browser
def test_the_matrix_is_walked_by_arrows_and_is_one_stop_of_the_tab_key(page):
    assert page.locator(".fer-confuse-cell[tabindex='0']").count() == 1
    page.locator("[data-cell='6,4']").focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('cell')") == [6, 3], "at the rim an arrow does nothing"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "radio"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("model.get('map')") == "posed"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("[data-cell='4,4']").click()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".fer-confuse *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11


@pytest.mark.browser
def test_faces_that_cannot_be_read_are_said(browser, widget):
    with shown(browser, widget, changed={"sprite": "bm90IGEgcGljdHVyZQ=="}, **SHOWN) as (page, _):
        assert "run its cell again" in page.get_by_role("alert").inner_text()


@pytest.mark.browser
def test_the_dark_page_is_dark(browser, widget):
    with shown(browser, widget, dark=True, **SHOWN) as (page, _):
        ground = page.locator(".fer-confuse").evaluate("(node) => getComputedStyle(node).backgroundColor")
        assert ground == "rgb(22, 27, 34)"


def test_without_scripts_it_is_a_picture_in_words(widget):
    data, _ = widget._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    matrix = widget.matrix
    assert f"{matrix.sum()} drawn faces" in alt and f"{np.trace(matrix)} answers are right" in alt
    most = (matrix - np.diag(np.diag(matrix))).max()
    assert f"{most} of {drawn_confusions.PEOPLE} faces" in alt
    assert [int(n) for n in re.findall(r">(\d+)</text>", widget._svg())] == matrix.ravel().tolist()


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"cell": 3}, r"`cell`. Expected two whole numbers"),
        ({"cell": (6, 7)}, r"`cell`. Expected two numbers from 0 to 6"),
        ({"cell": (6, True)}, r"`cell`. Expected two whole numbers"),
        ({"face": 252}, r"`face`"),
        ({"map": "heat"}, r"`map`. Expected one of none, answer, posed"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        Confusions(**wrong)


def test_without_maps_the_matrix_and_its_faces_are_left_and_the_column_is_said(browser, kept):
    widget = Confusions(with_maps=False, question="How sure?", first="press *sad*.")
    assert "maps" not in widget.about and widget.map == "none"
    with shown(browser, widget, **SHOWN) as (page, watch):
        assert page.locator(".fer-confuse-question").inner_text() == "How sure?"
        assert page.locator(".fer-confuse em").all_inner_texts() == ["sad"]
        assert page.locator(".fer-confuse fieldset").count() == 0
        matrix, names = drawn_confusions.matrix(), kept["names"]
        for row, column in ((6, 4), (3, 3), (0, 6)):
            page.locator(f"[data-cell='{row},{column}']").click()
            said = f"Down its column: {matrix[:, column].sum()} faces are called {names[column]}, and "
            said += f"{matrix[row, column]} of them pose {names[row]}."
            page.wait_for_function("text => document.querySelector('.fer-confuse-note').textContent === text", arg=said)
        page.locator("[data-cell='6,4']").click()
        face = next(
            n for n, label in enumerate(kept["labels"]) if label == 6 and np.argmax(kept["probabilities"][n]) == 4
        )
        pixels = np.array(page.evaluate(PIXELS)).reshape(SIDE, SIDE, 3)
        assert np.abs(pixels[..., 0] - stored_faces()[face]).max() <= 4, "the face alone, with no colour over it"
        assert watch.complaints() == []


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"with_maps": 0}, "`with_maps`"),
        ({"with_maps": False, "map": "posed"}, "`map`"),
        ({"question": " "}, "`question`"),
        ({"first": None}, "`first`"),
    ],
)
def test_words_and_maps_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        Confusions(**wrong)


def test_each_chapter_asks_its_own_question_of_the_matrix(root):
    asked = [Confusions().question, *(one.question for one in chapter_widgets.of(root, "Confusions"))]
    assert len(asked) == 3 and len(set(asked)) == 2, "chapters 6 and 8"
