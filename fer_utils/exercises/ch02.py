"""Chapter 2: frames of a clip (02-1), overlap of boxes (02-3), a square in the frame (02-4), a detector (02-5)."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart, whole


def grade_sample(answer) -> str:
    """The centre of each of k equal parts, for many lengths; all frames where there are too few."""
    for length, k in [
        (6, 6),
        (12, 6),
        (100, 6),
        (107, 6),
        (61, 6),
        (7, 6),
        (600, 6),
        (3, 6),
        (1, 6),
        (100, 1),
        (99, 10),
        (2, 2),
    ]:
        got = asked(answer, "sample(length, k)", length, k)
        try:
            if isinstance(got, (str, bytes, dict, set, frozenset)):  # they have no numbers, or no order
                raise TypeError
            got = list(itertools.islice(got, length + k + 1))
        except TypeError:
            raise Wrong(f"sample({length}, {k}) should return a list of frame indices; it returned {got!r}.") from None
        given = f"sample({length}, {k}) gave {[index if whole(index) is None else whole(index) for index in got]}"
        for index in got:
            if whole(index) is None:
                raise Wrong(
                    f"{given}: frame indices are whole numbers, and {index!r} is of type {type(index).__name__}, "
                    "which cannot index a list."
                )
        got = [whole(index) for index in got]
        if any(not 0 <= index < length for index in got):
            raise Wrong(f"{given}: the clip has frames 0 to {length - 1}.")
        if len(set(got)) != len(got):
            raise Wrong(f"{given}: the same frame twice teaches nothing new.")
        wanted = min(k, length)
        if len(got) != wanted:
            raise Wrong(
                f"{given}: expected {wanted} frame{'s' if wanted != 1 else ''}"
                + (", all that there are." if length < k else ".")
            )
        if got != sorted(got):
            raise Wrong(f"{given}: keep the frames in the order of time.")
        # The centre of part i is (i + 1/2) length / k; rounding either way is accepted.
        centres = (np.arange(wanted) + 0.5) * length / wanted
        off = np.abs(np.array(got) + 0.5 - centres)
        # Parts of whole frames (np.array_split) are equal up to one frame; their centres are right, too.
        parts = np.array_split(np.arange(length), wanted)
        of_whole_frames = all(abs(i - part.mean()) <= 0.5 for i, part in zip(got, parts, strict=True))
        if np.any(off > 1.0 + 1e-9) and not of_whole_frames:
            i = int(off.argmax())
            raise Wrong(
                f"{given}: part {i + 1} of {wanted} is centred on frame {centres[i] - 0.5:.1f}, "
                f"and index {int(got[i])} is {off[i]:.1f} frames away from it."
            )
    return "right for every length that was tried, and for clips shorter than six frames."


#: Pairs of boxes (x, y, width, height) for 02-3, and what is special about each.
PAIRS: tuple[tuple[tuple, tuple, str], ...] = (
    ((10, 20, 100, 100), (60, 20, 100, 100), "shifted by half a side"),
    ((10, 20, 100, 100), (10, 20, 100, 100), "the same box twice"),
    ((0, 0, 100, 80), (25, 20, 50, 40), "one inside the other"),
    ((0, 0, 10, 10), (30, 0, 10, 10), "side by side, apart"),
    ((0, 0, 10, 10), (30, 40, 10, 10), "apart in both directions"),
    ((0, 0, 10, 10), (10, 0, 10, 10), "with a common edge"),
    ((40, 60, 30, 90), (50, 10, 80, 70), "that are not square"),
    ((-20, -10, 60, 60), (0, 0, 50, 40), "of which one begins outside the frame"),
)


def _parts(one: tuple, other: tuple) -> tuple[float, float, float, float, float]:
    """Width and height of the overlap, below 0 where there is a gap; the intersection; both areas."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return wide, high, max(0, wide) * max(0, high), one[2] * one[3], other[2] * other[3]


def _overlap(one: tuple, other: tuple) -> float:
    """Intersection over union."""
    _, _, common, first, second = _parts(one, other)
    return common / (first + second - common)


def _overlap_mistakes(one: tuple, other: tuple) -> dict[str, float]:
    """What a wrong formula gives, by what to say of it."""
    wide, high, common, first, second = _parts(one, other)
    corners = [(x, y, w - x, h - y) for x, y, w, h in (one, other)]
    *_, of_corners, area, area_2 = _parts(*corners)
    unclipped = wide * high
    both = first + second
    return {
        "Boxes that are apart have no intersection: where a side of the overlap is below 0, take 0.": (
            unclipped / ((both - unclipped) or 1)
        ),
        "This is the intersection over the sum of both areas; the union counts the intersection once.": common / both,
        "This is twice the intersection over the sum of both areas, the Dice coefficient.": 2 * common / both,
        "This is the intersection over the smaller box; divide by the union.": common / min(first, second),
        "This is the intersection over the larger box; divide by the union.": common / max(first, second),
        "This is the intersection over the first box; divide by the union.": common / first,
        "This is the intersection over the second box; divide by the union.": common / second,
        "This is the area of the intersection; divide it by the area of the union.": common,
        "It looks as if the last two numbers were taken for a corner: a box is (x, y, width, height).": (
            of_corners / ((area + area_2 - of_corners) or 1)
        ),
    }


def grade_overlap(answer) -> str:
    """Intersection over union of boxes that overlap, contain each other, touch and are apart, both ways round."""
    cases = [(*pair, words) for *both, words in PAIRS for pair in (both, both[::-1])]
    answers = []
    for one, other, words in cases:
        made = asked(answer, "iou(one, other)", one, other)
        value = numbers(made)
        if value is None or value.size != 1 or isinstance(made, (bool, np.bool_)):
            raise Wrong(f"iou({one}, {other}), boxes {words}, should be one number; got {made!r}.")
        answers.append(float(value.reshape(())))
    wanted = [_overlap(one, other) for one, other, _ in cases]
    wrong = [k for k in range(len(cases)) if not np.isclose(answers[k], wanted[k], rtol=1e-6, atol=1e-6)]
    if not wrong:
        return "right, also for boxes that are apart in both directions."
    mistakes = [_overlap_mistakes(one, other) for one, other, _ in cases]
    # A formula is recognised by all that it gives: one pair may look like several.
    hint = next((f" {why}" for why in mistakes[0] if np.allclose(answers, [one[why] for one in mistakes])), "")
    if not hint and all(number == int(share) for number, share in zip(answers, wanted, strict=True)):
        hint = " Use / and not //: the answer is a share."
    one, other, words = cases[wrong[0]]
    right, got = told_apart(wanted[wrong[0]], answers[wrong[0]])
    raise Wrong(f"iou({one}, {other}), boxes {words}, should be {right}; got {got}.{hint}")


#: Boxes (x, y, width, height), margins, and frames (width, height) for 02-4.
SQUARES: tuple[tuple[tuple, float, int, int], ...] = (
    ((100, 80, 60, 60), 0.0, 320, 240),
    ((100, 80, 60, 60), 0.25, 320, 240),
    ((100, 80, 40, 60), 0.25, 320, 240),
    ((100, 80, 60, 40), 0.5, 320, 240),
    ((4, 90, 60, 60), 0.25, 320, 240),
    ((120, 6, 60, 60), 0.5, 320, 240),
    ((270, 90, 40, 40), 0.5, 320, 240),
    ((150, 190, 50, 40), 0.4, 320, 240),
    ((-10, -20, 60, 60), 0.0, 320, 240),
    ((60, 40, 160, 160), 0.5, 320, 240),
    ((20, 120, 100, 100), 1.0, 180, 320),
)


def square_in_frame(
    box: tuple,
    margin: float,
    width: int,
    height: int,
    *,
    both=True,
    longer=True,
    limit=True,
    sides="ltrb",
    corner=False,
) -> tuple[float, float, int]:
    """Left, top and side of the square of exercise 02-4, before rounding; the options are mistakes to recognise."""
    x, y, w, h = box
    side = (max(w, h) if longer else min(w, h)) * (1 + (2 if both else 1) * margin)
    side = math.floor(side + 0.5)
    if limit:
        side = min(side, width, height)
    left, top = (x, y) if corner else (x + (w - side) / 2, y + (h - side) / 2)
    left = min(left, width - side) if "r" in sides else left
    top = min(top, height - side) if "b" in sides else top
    return (max(left, 0) if "l" in sides else left), (max(top, 0) if "t" in sides else top), side


#: Options of ``square_in_frame``, and what to say of an answer that they give.
_SQUARE_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"both": False}, "The margin belongs on both sides, so the side grows by twice the margin."),
    ({"longer": False}, "The shorter side of the box was taken: a part of the face is cut off. Take the longer one."),
    ({"sides": ""}, "The square leaves the frame: move it inwards."),
    ({"sides": "lt"}, "The square leaves the frame at the right or at the bottom."),
    ({"sides": "rb"}, "The square leaves the frame at the left or at the top."),
    ({"limit": False}, "The square is larger than the frame: its side can be the frame's shorter side at most."),
    ({"corner": True}, "The square should have the centre of the box, not its corner."),
)


def _cut_square(box: tuple, margin: float, width: int, height: int) -> tuple[float, float, float]:
    """The square that was cut at the frame's edges in the place of moved."""
    left, top, side = square_in_frame(box, margin, width, height, sides="", limit=False)
    right, bottom = min(left + side, width), min(top + side, height)
    left, top = max(left, 0), max(top, 0)
    return left, top, min(right - left, bottom - top)


def _square_hint(answers: list[np.ndarray]) -> str:
    """The mistake that explains all that an answer gives, up to a pixel; nothing where there is none."""

    def alike(made: list) -> bool:
        return all(np.abs(np.subtract(one, other)).max() <= 1 for one, other in zip(answers, made, strict=True))

    for options, words in _SQUARE_MISTAKES:
        if alike([square_in_frame(*case, **options) for case in SQUARES]):
            return f" {words}"
    right = [square_in_frame(*case) for case in SQUARES]
    if alike([(top, left, side) for left, top, side in right]):
        return " Left and top have changed places."
    if alike([_cut_square(*case) for case in SQUARES]):
        return " The square should be moved inwards; do not cut it, and leave its side as it is."
    return ""


def grade_square(answer) -> str:
    """Squares with margins, of boxes that are not square, at all four edges, and in frames that are too small."""
    answers = []
    for case in SQUARES:
        given = f"square({', '.join(map(str, case))})"
        made = asked(answer, "square(box, margin, width, height)", *case)
        value = numbers(made)
        if value is None or value.shape != (3,) or not np.isfinite(value).all():
            raise Wrong(f"{given} should return three numbers (left, top, side); it returned {made!r}.")
        if not (value == np.round(value)).all():
            raise Wrong(f"{given} gave {_plain(value)}: pixels are counted, so all three are whole numbers.")
        answers.append(value)
    for case, value in zip(SQUARES, answers, strict=True):
        (left, top, side), (_, _, width, height) = value, case
        wanted = square_in_frame(*case)
        # Half a pixel may be rounded either way, and the side, too.
        inside = min(left, top) >= 0 and left + side <= width and top + side <= height
        if inside and np.abs(value - wanted).max() <= 1:
            continue
        right = tuple(math.floor(number + 0.5) for number in wanted)
        raise Wrong(
            f"square({', '.join(map(str, case))}) should be {right} up to a pixel; it gave {_plain(value)}."
            + _square_hint(answers)
        )
    return "right: centred where there is room, moved inwards at every edge, and never larger than the frame."


def _plain(value: np.ndarray) -> tuple:
    """An array as a tuple of numbers as a person writes them."""
    return tuple(int(number) if number == int(number) else round(float(number), 2) for number in value)


@functools.cache
def _crowd() -> tuple[tuple[str, np.ndarray, tuple[tuple[float, float, float], ...]], ...]:
    """Pictures for 02-5: what is in them, (H, W, 3) RGB, and of each face the tip of its nose (x, y) and its height."""
    from fer_utils import studio

    grey = (172, 180, 186)
    drawn = {}
    for size, seed in ((192, 13), (92, 42)):
        drawn[size] = studio.draw(studio.person(seed), {12: 0.4}, size=size, background=grey, truth=True)

    def face(size: int, left: int, top: int) -> tuple[float, float, float]:
        marks = drawn[size][1]
        return float(marks[30, 0] + left), float(marks[30, 1] + top), float(np.ptp(marks[:, 1]))

    two = np.full((192, 292, 3), grey, np.uint8)
    two[:, 100:] = drawn[192][0]
    two[100:, :92] = drawn[92][0]
    wall = np.full((120, 160, 3), grey, np.uint8)
    return (
        ("a picture of one person", drawn[192][0], (face(192, 0, 0),)),
        ("a picture of nobody", wall, ()),
        (
            "a picture of a small face at the left and a large one at the right",
            two,
            (face(192, 100, 0), face(92, 0, 100)),
        ),
    )


def grade_find_faces(answer) -> str:
    """All faces of drawn pictures, largest first; any detector will do."""
    for words, picture, faces in _crowd():
        given = f"for {words}"
        kept = picture.copy()
        made = asked(answer, "find_faces(rgb)", picture)
        if not np.array_equal(picture, kept):
            picture[:] = kept
            raise Wrong("your function changed the picture that it was given; work on a copy.")
        boxes = _boxes(made, given)
        _check_count(boxes, faces, given)
        for number, (x, y, tall) in enumerate(faces):
            _check_box(boxes, number, (x, y, tall), faces, given, picture.shape)
    return "right: every face, the largest first, and an empty list where nobody is."


def _boxes(made, given: str) -> list[tuple[float, ...]]:
    """An answer to 02-5 as (left, top, width, height); `Wrong` with what it is instead."""
    if made is None:
        raise Wrong(f"{given} your function returned None; return a list of boxes, empty where no face is found.")
    try:
        listed = list(made)
    except TypeError:
        raise Wrong(f"{given} return a list of boxes; got {type(made).__name__}.") from None
    boxes = []
    for one in listed:
        value = numbers(one)
        if value is not None and value.shape == () and len(listed) >= 4:
            raise Wrong(f"{given} return a *list* of boxes, also where there is one face; got one box alone.")
        if value is None or value.ndim != 1 or len(value) < 4 or not np.isfinite(value).all():
            what = type(one).__name__
            more = " Take left(), top(), width() and height() of it." if "rectangle" in what else ""
            raise Wrong(f"{given} each box should be four numbers (left, top, width, height); got {what}.{more}")
        boxes.append(tuple(value[:4].tolist()))
    return boxes


def _check_count(boxes: list, faces: tuple, given: str) -> None:
    if len(boxes) < len(faces):
        hint = ""
        if len(faces) > 1:
            hint = (
                " Return all faces, not one."
                if len(boxes) == 1 and boxes[0][0] + boxes[0][2] < faces[0][0]
                else " Is it only the largest that you return, or is the other too small for the detector? dlib finds "
                "faces of 80 pixels and more; with 1 as the second argument it looks at the picture twice as large."
            )
        raise Wrong(f"{given}: expected {len(faces)} box{'es' * (len(faces) != 1)}; got {len(boxes)}.{hint}")
    if len(boxes) > len(faces):
        raise Wrong(
            f"{given}: expected {len(faces)} box{'es' * (len(faces) != 1)}; got {len(boxes)}. Where a detector is "
            "unsure it finds faces that are none; a Haar cascade with more `minNeighbors` is surer."
        )


def _check_box(boxes: list, number: int, face: tuple, faces: tuple, given: str, shape: tuple) -> None:
    """One box against where a face is: the tip of its nose, and the height from brow to chin."""
    x, y, tall = face
    left, top, wide, high = boxes[number]

    def holds(left, top, wide, high) -> bool:
        return left <= x <= left + wide and top <= y <= top + high and 0.6 * tall < high < 2.4 * tall

    if holds(left, top, wide, high) and left + wide <= shape[1] + 0.5 * wide:
        return
    place = f"{given}: box {number + 1}, {_plain(np.array(boxes[number]))},"
    if len(faces) > 1 and holds(*boxes[len(faces) - 1 - number]):
        raise Wrong(f"{given}: the boxes are not in order; the largest stands first.")
    if holds(top, left, high, wide):
        raise Wrong(f"{place} has left and top exchanged.")
    if holds(left / 2, top / 2, wide / 2, high / 2):
        raise Wrong(f"{place} is in the pixels of a picture twice as large; divide by 2.")
    if holds(left, top, wide - left, high - top):
        raise Wrong(f"{place} looks like two corners; asked are left, top, width and height.")
    raise Wrong(f"{place} does not fit the face, whose nose is at ({x:.0f}, {y:.0f}).")
