"""Chapter 2's graders, and answers to 02-3, 02-4, 02-5 and 02-7 that are right or plausibly wrong."""

from __future__ import annotations

import functools
import json
import re

import graded
import numpy as np
import pytest

from fer_utils.core.optional_packages import dlib, opencv
from fer_utils.exercises import ch02, ch02_boxes
from fer_utils.exercises.ch02 import square_in_frame
from fer_utils.faces import Box
from fer_utils.faces.detectors import create
from fer_utils.widgets import Preprocessing, preprocessing_clip


def sides(a, b):
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return wide, high


def iou(a, b):
    """An answer to 02-3."""
    wide, high = sides(a, b)
    common = max(wide, 0) * max(high, 0)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def by_counting_pixels(a, b):
    """Both boxes as masks on a canvas."""
    canvas = np.zeros((2, 400, 400), bool)
    for number, (x, y, w, h) in enumerate((a, b)):
        canvas[number, y + 100 : y + 100 + h, x + 100 : x + 100 + w] = True
    return canvas.all(axis=0).sum() / canvas.any(axis=0).sum()


def over(denominator):
    """The intersection over something else than the union."""

    def answer(a, b):
        wide, high = (max(side, 0) for side in sides(a, b))
        return wide * high / denominator(a[2] * a[3], b[2] * b[3])

    return answer


def apart_is_positive(a, b):
    wide, high = sides(a, b)
    return wide * high / (a[2] * a[3] + b[2] * b[3] - wide * high)


def of_corners(a, b):
    return iou(*((x, y, w - x, h - y) for x, y, w, h in (a, b)))


def with_a_pixel_more(a, b, areas=True):
    """A box of width 10 has its last pixel at x + 9, so some add 1 to what lies between corners."""
    wide, high = sides(a, b)
    common = max(wide + 1, 0) * max(high + 1, 0)
    one, other = ((box[2] + areas) * (box[3] + areas) for box in (a, b))
    return common / (one + other - common)


def over_what_encloses(a, b):
    wide = max(a[0] + a[2], b[0] + b[2]) - min(a[0], b[0])
    high = max(a[1] + a[3], b[1] + b[3]) - min(a[1], b[1])
    return over(lambda *_: wide * high)(a, b)


def gaps_are_positive(a, b):
    common = abs(np.prod(sides(a, b)))
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def only_both_gaps_count(a, b):
    return 0 if max(sides(a, b)) < 0 else apart_is_positive(a, b)


def sizes_alone(a, b):
    common = min(a[2], b[2]) * min(a[3], b[3])
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def turned(a, b):
    return iou(*((x, y, h, w) for x, y, w, h in (a, b)))


def shrunk(box, margin, width, height):
    """The square is made smaller around its centre, in the place of moved."""
    x, y, w, h = box
    across, down = x + w / 2, y + h / 2
    room = 2 * min(across, down, width - across, height - down)
    side = int(min(max(w, h) * (1 + 2 * margin), room))
    return round(across - side / 2), round(down - side / 2), side


def limited_by_the_width(box, margin, width, height):
    side = min(round(max(box[2:]) * (1 + 2 * margin)), width)
    left = min(max(round(box[0] + box[2] / 2 - side / 2), 0), width - side)
    return left, min(max(round(box[1] + box[3] / 2 - side / 2), 0), height - side), side


def square(box, margin, width, height):
    """An answer to 02-4."""
    x, y, w, h = box
    side = min(round(max(w, h) * (1 + 2 * margin)), width, height)
    left = min(max(round(x + w / 2 - side / 2), 0), width - side)
    top = min(max(round(y + h / 2 - side / 2), 0), height - side)
    return left, top, side


def square_by_clip(box, margin, width, height):
    centre, size = np.array(box[:2]) + np.array(box[2:]) / 2, np.array([width, height])
    side = min(int(max(box[2:]) * (1 + 2 * margin)), *size)
    corner = np.clip((centre - side / 2).astype(int), 0, size - side)
    return np.append(corner, side)


def mistaken(**options):
    """An answer to 02-4 with a mistake."""
    return lambda *arguments: tuple(int(np.floor(n + 0.5)) for n in square_in_frame(*arguments, **options))


def square_in_frame_unrounded(box, margin, width, height):
    x, y, w, h = box
    side = min(max(w, h) * (1 + 2 * margin), width, height)
    left, top = x + w / 2 - side / 2, y + h / 2 - side / 2
    return min(max(left, 0), width - side), min(max(top, 0), height - side), side


def cut(box, margin, width, height):
    """Cut where it leaves the frame, in the place of moved."""
    left, top, side = mistaken(sides="", limit=None)(box, margin, width, height)
    right, bottom = min(left + side, width), min(top + side, height)
    left, top = max(left, 0), max(top, 0)
    return left, top, min(right - left, bottom - top)


@functools.cache
def _seen(pixels, shape, doubled):
    """What dlib finds, looked for once a picture."""
    return list(dlib("a test").get_frontal_face_detector()(np.frombuffer(pixels, np.uint8).reshape(shape), doubled))


def by_dlib(rgb, doubled=1, order=True, how=lambda r: (r.left(), r.top(), r.width(), r.height())):
    """An answer to 02-5."""
    found = _seen(rgb.tobytes(), rgb.shape, doubled)
    return [how(one) for one in (sorted(found, key=lambda r: -r.area()) if order else found)]


def by_haar(rgb):
    cv2 = opencv()
    haar = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found = haar.detectMultiScale(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 1.1, 6)
    return sorted(found, key=lambda box: -box[2] * box[3])


def painted(rgb):
    found = by_dlib(rgb)
    rgb[:5] = 0
    return found


WRONG = [
    ("02-3", apart_is_positive, "take 0"),
    ("02-3", over(lambda a, b: a + b), "counts the intersection once"),
    ("02-3", lambda a, b: 2 * over(lambda c, d: c + d)(a, b), "Dice"),
    ("02-3", over(min), "smaller box"),
    ("02-3", over(max), "larger box"),
    ("02-3", over(lambda a, b: a), "first box"),
    ("02-3", over(lambda a, b: b), "second box"),
    ("02-3", over(lambda a, b: 1), "area of the intersection"),
    ("02-3", of_corners, "taken for a corner"),
    ("02-3", lambda a, b: int(iou(a, b)), "Use / and not //"),
    ("02-3", lambda a, b: 1 - iou(a, b), "1 - IoU"),
    ("02-3", with_a_pixel_more, "1 was added to all sides"),
    ("02-3", lambda a, b: with_a_pixel_more(a, b, areas=False), "1 was added to the sides"),
    ("02-3", over_what_encloses, "smallest box around both"),
    ("02-3", gaps_are_positive, "not its absolute value"),
    ("02-3", only_both_gaps_count, "each alone"),
    ("02-3", sizes_alone, "only their sizes"),
    ("02-3", turned, "width and height had changed places"),
    ("02-3", lambda a, b: 100 * iou(a, b), "per cent"),
    ("02-3", lambda a, b: round(iou(a, b), 2), "rounded"),
    ("02-3", lambda a, b: float("nan"), "should be"),
    ("02-3", lambda a, b: iou(a, b) > 0.3, "one number"),
    ("02-3", lambda a, b: [iou(a, b)] * 2, "one number"),
    ("02-3", lambda a, b: print(end=""), "one number; got None"),
    ("02-3", lambda a: 0, "iou(one, other)"),
    ("02-4", mistaken(both=False), "twice the margin"),
    ("02-4", mistaken(longer=min), "longer one"),
    ("02-4", mistaken(longer=lambda w, h: w), "The width of the box"),
    ("02-4", mistaken(longer=lambda w, h: h), "The height of the box"),
    ("02-4", mistaken(longer=lambda w, h: (w + h) / 2), "mean of width and height"),
    ("02-4", mistaken(longer=lambda w, h: (w * h) ** 0.5), "area of the box"),
    ("02-4", mistaken(pixels=True), "not a number of pixels"),
    ("02-4", mistaken(own=True), "The margin is one number"),
    ("02-4", mistaken(late=True), "margin comes first"),
    ("02-4", limited_by_the_width, "higher than the frame"),
    ("02-4", mistaken(limit=lambda side, w, h: min(side, max(w, h))), "not its longer one"),
    ("02-4", lambda b, m, *frame: square(b, 0, *frame), "margin was left out"),
    ("02-4", shrunk, "do not make it smaller"),
    ("02-4", lambda *a: (lambda x, y, side: (side, x, y))(*square(*a)), "last of the three"),
    ("02-4", lambda *a: (lambda x, y, side: (x + side // 2, y + side // 2, side))(*square(*a)), "the centre of"),
    ("02-4", lambda *a: (lambda x, y, side: (x, y - (y == 0), side))(*square(*a)), "leaves the frame"),
    ("02-4", square_in_frame_unrounded, "whole numbers"),
    ("02-4", mistaken(sides=""), "move it inwards"),
    ("02-4", mistaken(sides="lt"), "at the right or at the bottom"),
    ("02-4", mistaken(sides="rb"), "at the left or at the top"),
    ("02-4", mistaken(limit=None), "larger than the frame"),
    ("02-4", mistaken(corner=True), "centre of the box"),
    ("02-4", cut, "do not cut it"),
    ("02-4", lambda *a: np.array(square(*a))[[1, 0, 2]], "changed places"),
    ("02-4", lambda b, m, w, h: square(b, m, h, w), "should be"),
    ("02-4", lambda *a: square_in_frame((0, 0, 31, 31), 0.01, 99, 99), "should be"),
    ("02-4", lambda *a: tuple(n + 0.5 for n in square(*a)), "whole numbers"),
    ("02-4", lambda *a: square(*a)[:2], "(left, top, side)"),
    ("02-4", lambda *a: (*square(*a), square(*a)[2]), "(left, top, side)"),
    ("02-4", lambda *a: print(end=""), "it returned None"),
    ("02-4", lambda box, margin: 0, "square(box, margin, width, height)"),
    ("02-5", lambda rgb: by_dlib(rgb, order=False), "the largest stands first"),
    ("02-5", lambda rgb: by_dlib(rgb, doubled=0), "twice as large"),
    ("02-5", lambda rgb: by_dlib(rgb)[:1], "only the largest"),
    ("02-5", lambda rgb: by_dlib(rgb)[-1:], "Return all faces"),
    ("02-5", lambda rgb: by_dlib(rgb)[::-1], "the largest stands first"),
    ("02-5", lambda rgb: sorted(by_dlib(rgb)), "the largest stands first"),
    ("02-5", lambda rgb: sorted(by_dlib(rgb), reverse=True), "the largest stands first"),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: (r.center().x, r.center().y, r.width(), r.height())), "the centre"),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: (r.top(), r.right(), r.bottom(), r.left())), "top, right, bottom"),
    ("02-5", lambda rgb: [tuple(np.array(box) / rgb.shape[1]) for box in by_dlib(rgb)], "shares of the picture"),
    ("02-5", lambda rgb: [max(by_dlib(rgb))], "for rgb = ndarray of shape (120, 160, 3)"),
    ("02-5", lambda rgb: [max(by_dlib(rgb))], "your code raised ValueError"),
    ("02-5", lambda rgb: (by_dlib(rgb) or [None])[0], "a *list* of boxes"),
    ("02-5", lambda rgb: by_dlib(rgb) or None, "returned None"),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: (r.left(), r.top(), r.right(), r.bottom())), "two corners"),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: (r.top(), r.left(), r.height(), r.width())), "exchanged"),
    (
        "02-5",
        lambda rgb: by_dlib(rgb, how=lambda r: (2 * r.left(), 2 * r.top(), 2 * r.width(), 2 * r.height())),
        "divide by 2",
    ),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: (0, 0, r.width(), 20)), "does not fit the face"),
    ("02-5", lambda rgb: by_dlib(rgb, how=lambda r: r), "left(), top(), width() and height()"),
    ("02-5", lambda rgb: [*by_dlib(rgb), (0, 0, 9, 9)], "minNeighbors"),
    ("02-5", lambda rgb: len(by_dlib(rgb)), "return a list of boxes; got int"),
    ("02-5", painted, "changed the picture"),
    ("02-5", lambda: [0], "find_faces(rgb)"),
    ("02-7", 10, "three things"),
    ("02-7", (10, 0.1), "three things"),
    ("02-7", {10, 0.1, 1}, "three things"),
    ("02-7", {"frame": 10, "margin": 0.1, "count": 1}, "three things"),
    ("02-7", (0.1, 10, 1), "changed places"),
    ("02-7", (10.5, 0.1, 1), "the frame should be a whole number"),
    ("02-7", (16, 0.1, 1), "from 0 to 15"),
    ("02-7", (10, 0.1, "one"), "the count should be a whole number"),
    ("02-7", (10, "0.1", 1), "the margin, the second"),
    ("02-7", (10, True, 1), "the margin, the second"),
    ("02-7", (10, float("nan"), 1), "the margin, the second"),
    ("02-7", (11, 0.1, 1), "counts frames from 0"),
    ("02-7", (0, 0.1, 1), "at rest there"),
    ("02-7", (6, 0.1, 1), "as wide as in other frames"),
    ("02-7", (10, 0.2, 1), "on both sides"),
    ("02-7", (10, 126 / 105, 1), "1 + 2m, not m"),
    ("02-7", (10, 21 / 126, 1), "share of the wider box, and of both sides"),
    ("02-7", (10, 10.5 / 126, 1), "added to"),
    ("02-7", (10, 10, 1), "not a percentage"),
    ("02-7", (10, 10.5, 1), "in pixels; a margin"),
    ("02-7", (10, 21, 1), "of both sides; a margin"),
    ("02-7", (10, 0.05, 1), "gives a square of 115.5 pixels"),
    ("02-7", (10, 0.1, 14), "with margin 0"),
    ("02-7", (10, 0.1, 0), "keeps its label"),
    ("02-7", (10, 0.1, 6), "not 6 frames"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("02-3", iou),
    ("02-3", by_counting_pixels),
    ("02-3", lambda a, b: Box(*a, 0.0).overlap(Box(*b, 0.0))),
    ("02-3", lambda a, b: np.array([iou(a, b)])),
    ("02-4", square),
    ("02-4", square_by_clip),
    ("02-4", lambda *a: [float(n) for n in square(*a)]),
    ("02-4", lambda *a: map(int, square(*a))),
    ("02-4", lambda *a: (n for n in square(*a))),
    ("02-5", by_dlib),
    ("02-5", by_haar),
    ("02-5", lambda rgb: create("dlib").detect(rgb, thorough=True)),
    ("02-5", lambda rgb: np.array(by_dlib(rgb)).reshape(-1, 4)),
    ("02-7", [np.int64(10), np.float32(0.1), np.uint8(1)]),
    ("02-7", (10, (126 / 105 - 1) / 2, 1)),
    ("02-7", np.array([10, 0.1, 1])),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_the_reference_overlap_is_that_of_the_package():
    for one, other, _ in ch02.PAIRS:
        assert ch02._overlap(one, other) == pytest.approx(Box(*one, 0.0).overlap(Box(*other, 0.0)))


def test_what_02_7_asks_is_what_the_widget_shows():
    boxes = preprocessing_clip.facts()["boxes"]["dlib"]
    widths = [max(box[2:]) for box in boxes]
    assert [number for number in range(1, 15) if widths[number] < max(widths)] == [ch02_boxes.FRAME]
    assert widths[ch02_boxes.FRAME] == ch02_boxes.SMALLER and widths[9] == widths[11] == ch02_boxes.WIDER
    assert len(widths) == ch02_boxes.FRAMES and max(widths[0], widths[15]) < ch02_boxes.WIDER, "small at rest, too"
    for margin, count in ((0.0, ch02_boxes.BEFORE), (0.1, ch02_boxes.AFTER)):
        labels = Preprocessing(margin=margin).labels()
        assert labels.count("surprised") == count and labels[ch02_boxes.FRAME] == "surprised"


def test_every_square_lies_in_its_frame_and_each_mistake_shows_somewhere():
    for box, margin, width, height in ch02.SQUARES:
        left, top, side = square_in_frame(box, margin, width, height)
        assert 0 <= left <= width - side and 0 <= top <= height - side
    for options, _ in ch02._SQUARE_MISTAKES:
        apart = [
            np.abs(np.subtract(square_in_frame(*case, **options), square_in_frame(*case))) for case in ch02.SQUARES
        ]
        assert np.max(apart) > 1, options


def test_the_margins_in_the_experiments_answer_are_right(root):
    """The table of exercise 02-6: a face of the box's width in a picture of 180 pixels."""
    cells = json.loads((root / "notebooks" / "02_preprocessing.ipynb").read_text())["cells"]
    source = "\n".join(cell["source"] for cell in cells)
    rows = re.findall(r"\| (\d\.?\d*) \| (\d+) pixels \| ([\d.]+) \|", source)
    assert len(rows) >= 4
    for margin, wide, share in rows:
        assert round(180 / (1 + 2 * float(margin))) == int(wide)
        assert f"{1 / (1 + 2 * float(margin)) ** 2:.2f}" == share
