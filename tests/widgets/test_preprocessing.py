"""*Preprocessing*: crops and answers are those of Python, the stored clip is today's, and each control works."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
from train_here_page import shown

from fer_utils.core.errors import FerError
from fer_utils.faces import Box, crop
from fer_utils.widgets import Preprocessing, drawn48_weights, preprocessing_clip

TRAITS = ("detector", "margin", "sampling", "frame", "right", "down", "seen", "sprite", "clip", "weights", "offer")
READY = (
    "document.querySelector('.fer-prep').dataset.ended"
    " || document.querySelector('.fer-prep [role=alert]:not([hidden])')"
)
SHOWN = {"name": "preprocessing", "saved": TRAITS, "ready": READY}
#: Crops as the page makes them, of a frame whose pixels are given.
CROPS = """\
async ([address, pixels, width, height, cases]) => {
  const { squareOf } = await import(`${address}/preprocessing_run.js`);
  const { pictureArithmetic } = await import(`${address}/page_pictures.js`);
  const data = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const { face } = pictureArithmetic();
  return cases.map(([box, margin, size, move]) =>
    Array.from(face({ data, width, height }, squareOf(box, margin, move), size)));
}"""
#: Box, margin, side of the input, and how far the box is moved: averaged, enlarged, beyond each edge, of odd sizes.
CASES = [
    ([120, 79, 126, 125], 0.0, 180, [0, 0]),
    ([120, 79, 126, 125], 0.0, 48, [0, 0]),
    ([123, 89, 105, 104], 0.15, 48, [3, -2]),
    ([123, 89, 105, 104], 0.35, 180, [-7, 5]),
    ([120, 79, 126, 125], 0.45, 180, [48, 48]),
    ([120, 79, 126, 125], 1.0, 180, [-48, -48]),
    ([110, 60, 97, 118], 0.05, 48, [1, 1]),
    ([0, 0, 320, 240], 0.1, 180, [0, 0]),
]


# The clip ----------------------------------------------------------------------------------------


def test_the_stored_clip_is_todays():
    """Two frames are drawn again, and looked at again by every detector."""
    numbers = [6, 10]
    drawn, landmarks, strength = preprocessing_clip.drawn(numbers)
    stored, facts = preprocessing_clip.frames(), json.loads(preprocessing_clip.FACTS.read_text())
    assert stored.shape == (16, 240, 320, 3) and preprocessing_clip.FILE.stat().st_size < 150_000
    apart = np.abs(drawn.astype(float) - stored[numbers])
    assert apart.mean() < 2, "run python tests/widgets/store_clip.py"
    assert np.allclose(strength, np.array(facts["strength"])[numbers], atol=0.006)
    for name in preprocessing_clip.DETECTORS:
        for number, points in zip(numbers, landmarks, strict=True):
            found = preprocessing_clip.box_of(stored[number], points, name)
            # Another processor may round otherwise, and a box lies a pixel beside; dlib's steps are of 21 pixels.
            assert np.abs(np.subtract(found, facts["boxes"][name][number])).max() <= 2, (name, number)
    chosen = preprocessing_clip.chosen_frames(stored)
    apart = np.abs(np.subtract(facts["chosen"].pop("apex"), chosen.pop("apex")))
    assert facts["chosen"] == chosen and apart.max() <= 1, "the largest change is found in a compressed video"


def test_the_act_goes_from_rest_to_the_posed_expression_and_back():
    strength = preprocessing_clip.facts()["strength"]
    assert max(strength[0], strength[15]) < 0.4 and min(strength[1:14]) > 0.9
    chosen = preprocessing_clip.facts()["chosen"]
    mean = {how: np.mean([strength[number] for number in chosen[how]]) for how in chosen}
    assert mean["middle"] > mean["even"] > mean["all"] and mean["apex"] > mean["all"]


def test_what_the_chapter_says_of_the_clip():
    """The words after the widget in 02_preprocessing.ipynb."""
    dlib, wider, haar, wider_haar = (
        Preprocessing(detector=name, margin=margin).labels().count("surprised")
        for name in ("dlib", "haar")
        for margin in (0.0, 0.1)
    )
    assert wider <= 2 < 12 < dlib and wider_haar == haar > 12
    higher, lower = (Preprocessing(down=down).labels()[1:15].count("surprised") for down in (-24, 18))
    assert higher == 14 and lower == 0
    scores = Preprocessing(detector="whole").scores()
    assert np.abs(scores[15] - scores[3:9]).max() < 0.2, "the whole picture: nearly the same at rest"


# The arithmetic ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(browser):
    with shown(browser, Preprocessing(), **SHOWN) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.mark.browser
def test_crops_are_those_of_the_package(opened):
    picture = np.random.default_rng(2).integers(0, 256, (240, 320, 3), np.uint8)  # no two pixels are alike
    height, width = picture.shape[:2]
    pixels = np.dstack([picture, np.full((height, width), 255, np.uint8)])
    text = base64.b64encode(pixels.tobytes()).decode()
    got = opened.evaluate(CROPS, [opened.url.rpartition("/")[0], text, width, height, CASES])
    for (box, margin, size, move), values in zip(CASES, got, strict=True):
        moved = Box(box[0] + move[0], box[1] + move[1], box[2], box[3], 0.0)
        wanted = crop(picture, moved, size=size, margin=margin)
        apart = np.abs(np.reshape(values, (size, size)) - wanted)
        assert apart.max() <= 1 and apart.mean() < 0.2, (box, margin, size, move)


# The widget --------------------------------------------------------------------------------------


def settle(page) -> dict:
    """What the page has seen when it is done."""
    page.wait_for_function(READY)
    return page.evaluate("model.get('seen')")


def at_rest(page) -> None:
    start = {"detector": "dlib", "margin": 0, "sampling": "even", "frame": 6, "right": 0, "down": 0}
    page.evaluate("(all) => Object.entries(all).forEach(([name, value]) => model.set(name, value))", start)
    settle(page)


def input_on_the_page(page, place: int, size: int) -> np.ndarray:
    """The grey picture that the page shows."""
    values = page.evaluate(
        """([place, size]) => Array.from(document.querySelectorAll(".fer-prep-inputs canvas")[place]
          .getContext("2d").getImageData(0, 0, size, size).data).filter((_, i) => i % 4 === 0)""",
        [place, size],
    )
    return np.reshape(values, (size, size))


def kept_at_places(widget: Preprocessing) -> int:
    """At how many places about the found box LiteRT gives the posed label."""
    box, picture = widget.box()._replace(score=0.0), preprocessing_clip.frames()[widget.frame]
    x, y = box.x - widget.right, box.y - widget.down
    steps = range(-24, 25, 8)
    boxes = [box._replace(x=x + right, y=y + down) for down in steps for right in steps]
    faces = [crop(picture, one, size=48, margin=widget.margin) for one in boxes]
    return int((drawn48_weights.scores(np.array(faces)).argmax(axis=1) == 6).sum())


def scores_on_the_page(page) -> np.ndarray:
    """The table's shares as (7, 2): with the box as found, and now."""
    cells = page.locator(".fer-prep-table tbody td:not(.fer-prep-bars)").all_inner_texts()
    return np.array([int(text.removesuffix(" %")) for text in cells]).reshape(7, 2) / 100


def near(labels: list, widget: Preprocessing) -> bool:
    """Whether labels of the page are those of LiteRT, up to one frame whose two best scores are nearly alike."""
    return sum(one != other for one, other in zip(labels, widget.labels(), strict=True)) <= 1


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_sees_what_python_sees_at_every_setting(opened):
    at_rest(opened)
    margin = opened.get_by_role("slider", name="Margin")
    down = opened.get_by_role("slider", name="Moved down")
    for keys, settings in (
        ([(margin, "ArrowRight")] * 2, {"margin": 0.1}),
        (
            [(opened.get_by_label("Haar cascade"), "Space"), (margin, "End"), (down, "Home")],
            {"margin": 1.0, "detector": "haar", "down": -48},
        ),
        (
            [
                (margin, "Home"),
                (opened.get_by_role("button", name="Put the box back"), "Enter"),
                (opened.get_by_label("drawn landmarks"), "Space"),
            ],
            {"detector": "landmarks"},
        ),
    ):
        for control, key in keys:
            control.press(key)
        seen, widget = settle(opened), Preprocessing(**settings)
        assert {name: seen[name] for name in ("detector", "margin")} == {
            "detector": widget.detector,
            "margin": widget.margin,
        }
        assert near(seen["labels"], widget) and abs(seen["kept"] - kept_at_places(widget)) <= 2, settings
        as_found = Preprocessing(detector=widget.detector)
        wanted = np.stack([as_found.scores()[6], widget.scores()[6]], axis=1)
        assert np.abs(scores_on_the_page(opened) - wanted).max() < 0.03, settings  # another WebP decoder
        for place, size in enumerate((180, 48)):
            apart = np.abs(input_on_the_page(opened, place, size) - widget.crop(size).astype(float))
            assert apart.mean() < 2, settings
        outside = "It leaves the picture" in opened.locator(".fer-prep").inner_text()
        left, top, side = seen["square"]
        assert outside == (min(left, top) < 0 or left + side > 320 or top + side > 240)


@pytest.mark.slow
@pytest.mark.browser
def test_the_box_is_moved_by_hand_and_by_arrow_keys(opened):
    at_rest(opened)
    handle = opened.get_by_role("button", name="Move the box")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown"):
        handle.press(key)
    assert settle(opened)["move"] == [2, 7]
    bounds, scene = handle.bounding_box(), opened.locator(".fer-prep-stage canvas").bounding_box()
    scale = scene["width"] / 320
    opened.mouse.move(bounds["x"] + 40, bounds["y"] + 40)
    opened.mouse.down()
    opened.mouse.move(bounds["x"] + 40 - 20 * scale, bounds["y"] + 40 + 11 * scale, steps=3)
    opened.mouse.up()
    seen = settle(opened)
    assert np.abs(np.subtract(seen["move"], [-18, 18])).max() <= 1
    moved = Preprocessing(right=seen["move"][0], down=seen["move"][1])
    assert near(seen["labels"], moved) and seen["labels"][6] != "surprised"
    verdict = opened.locator(".fer-prep-verdict").inner_text()
    assert "the network says surprised" in verdict and f"now it says {moved.labels()[6]}" in verdict
    opened.get_by_role("button", name="Put the box back").press("Enter")
    assert settle(opened)["move"] == [0, 0]
    for _ in range(7):
        handle.press("Shift+ArrowLeft")
    assert settle(opened)["move"] == [-48, 0], "no further than the sliders go"


@pytest.mark.browser
def test_the_places_are_those_of_litert_and_can_be_pressed(opened):
    at_rest(opened)
    seen, kept = settle(opened), kept_at_places(Preprocessing())
    assert seen["places"] == 49 and abs(seen["kept"] - kept) <= 2 and 10 < kept < 40
    canvas = opened.locator(".fer-prep-places canvas")
    assert canvas.get_attribute("aria-label").startswith(f"At {seen['kept']} of 49 places")
    side = canvas.bounding_box()["width"] / 7
    canvas.click(position={"x": 1.5 * side, "y": 5.5 * side})
    assert settle(opened)["move"] == [-16, 16]
    at_rest(opened)


@pytest.mark.browser
def test_a_margin_that_is_put_back_before_the_places_are_tried_tries_them_anew(opened):
    at_rest(opened)
    kept = settle(opened)["kept"]
    opened.evaluate(
        """async () => {
          model.set("margin", 0.3);
          await new Promise((then) => { setTimeout(then, 0); }); // the places of this margin are begun
          model.set("margin", 0);
        }"""
    )
    assert settle(opened)["kept"] == kept


@pytest.mark.browser
def test_frames_are_chosen_as_the_package_chooses_them(opened):
    at_rest(opened)
    chosen, strength = (preprocessing_clip.facts()[name] for name in ("chosen", "strength"))
    labels = settle(opened)["labels"]
    for how in ("apex", "middle", "all", "even"):
        opened.get_by_label(how, exact=True).check()
        taken = opened.locator(".fer-prep-frame").evaluate_all(
            "(all) => all.flatMap((one, number) => one.classList.contains('fer-prep-taken') ? [number] : [])"
        )
        assert taken == chosen[how]
        mean = np.mean([strength[number] for number in taken])
        count = sum(labels[number] == "surprised" for number in taken)
        words = f"Chosen: {len(taken)} of 16 frames, of mean strength {mean:.2f}. The network calls {count} of them"
        assert words in opened.locator(".fer-prep").inner_text()
    opened.get_by_role("button", name="Frame 15, strength 0.00").press("Enter")
    assert settle(opened)["frame"] == 15
    assert "the network says neutral" in opened.locator(".fer-prep-verdict").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 720, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(opened, width):
    opened.set_viewport_size({"width": width, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = opened.evaluate(
        """() => [...document.querySelectorAll(".fer-prep *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11
    cut = opened.locator(".fer-prep-label").evaluate_all(
        "(all) => all.filter((one) => one.scrollWidth > one.clientWidth)"
    )
    assert cut == [], "labels below the frames are whole"


@pytest.mark.browser
def test_no_face_and_no_weights_are_said(opened):
    """On the same page: the widget is begun again with other values."""
    values = opened.evaluate("""() => {
      const clip = structuredClone(model.get("clip"));
      clip.boxes.dlib[6] = null;
      model.set("clip", clip);
      end();
      document.querySelector("main").remove();
      return true;
    }""")
    assert values
    begin = """async (esm) => {
      const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
      window.end = widget.render({ model, el: document.body.appendChild(document.createElement("main")) });
    }"""
    opened.evaluate("model.set('frame', 6)")
    opened.evaluate(begin, str(Preprocessing._esm))
    seen = settle(opened)
    assert seen["square"] is None and seen["labels"][6] == "no face" and seen["kept"] == 0
    assert "gets nothing of this frame" in opened.locator(".fer-prep-verdict").inner_text()
    opened.evaluate("end(); document.querySelector('main').remove(); model.set('weights', new ArrayBuffer(6))")
    opened.evaluate(begin, str(Preprocessing._esm))
    settle(opened)
    assert "run its cell again" in opened.get_by_role("alert").inner_text()


def test_without_scripts_it_is_a_picture_in_words():
    data, _ = Preprocessing(frame=10, margin=0.1, down=3)._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    assert "Frame 10 of a drawn clip" in alt and "the box of dlib, moved by 0 pixels to the right and 3 down" in alt
    labels = Preprocessing(frame=10, margin=0.1, down=3).labels()
    count = sum(labels[number] == "surprised" for number in preprocessing_clip.facts()["chosen"]["even"])
    assert f"calls this frame {labels[10]}, and {count} of the 6 chosen frames surprised" in alt


def test_a_frame_without_a_face_has_no_label(monkeypatch):
    facts = json.loads(json.dumps(preprocessing_clip.facts()))
    facts["boxes"]["dlib"][6] = None
    monkeypatch.setattr(preprocessing_clip, "facts", lambda: facts)
    widget = Preprocessing()
    assert widget.box() is None and not widget.crop(48).any() and widget.labels()[6] is None
    assert "for no face was found" in widget.describe() and "<svg" not in widget.picture_html()


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"detector": "yunet"}, r"`detector`. Expected one of dlib, haar, landmarks, whole"),
        ({"margin": 0.12}, r"`margin`. Expected one of 0, 0.05"),
        ({"margin": True}, r"`margin`"),
        ({"sampling": "best"}, r"`sampling`. Expected one of even, middle, apex, all"),
        ({"frame": 16}, r"`frame`"),
        ({"down": -49}, r"`down`"),
        ({"left": 3}, r"`left`. Expected no such argument; there are detector, margin"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        Preprocessing(**wrong)
