"""Chapter 2: frames of a clip (02-1), overlap of boxes (02-3), a square in the frame (02-4)."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import math

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart, whole


def _sample_hint(got: list[int], length: int, wanted: int) -> str:
    """What the answer seems to have done instead."""
    step = length // wanted
    alike = {
        "These are the first frames of the parts, not their centres.": [i * length // wanted for i in range(wanted)],
        "These are the last frames of the parts, not their centres.": [
            (i + 1) * length // wanted - 1 for i in range(wanted)
        ],
        "The first and the last frame of the clip are no centres of parts.": np.linspace(0, length - 1, wanted)
        .astype(int)
        .tolist(),
        "It looks as if the length of a part were cut to a whole number: the error grows from part to part. Round at "
        "the end.": [i * step + step // 2 for i in range(wanted)],
        "It looks as if the first frames were taken at steps cut to a whole number.": [i * step for i in range(wanted)],
    }
    return next((f" {words}" for words, other in alike.items() if got == other), "")


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
                    + (" int(...) makes a whole number." if isinstance(index, (float, np.floating)) else "")
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
                f"and index {int(got[i])} is {off[i]:.1f} frames away from it." + _sample_hint(got, length, wanted)
            )
    return "right for every length that was tried, and for clips shorter than six frames."


#: Pairs of boxes (x, y, width, height) for 02-3, and what is special about each.
PAIRS: tuple[tuple[tuple, tuple, str], ...] = (
    ((10, 20, 100, 100), (60, 20, 100, 100), "shifted by half a side"),
    ((10, 20, 100, 100), (10, 20, 100, 100), "the same box twice"),
    ((0, 0, 100, 80), (25, 20, 50, 40), "one inside the other"),
    ((0, 0, 10, 10), (27, 0, 10, 10), "side by side, apart"),
    ((0, 0, 10, 10), (27, 40, 10, 10), "apart in both directions"),
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
    both = first + second
    x, y, w, h = np.transpose([one, other])
    around = (np.max(x + w) - np.min(x)) * (np.max(y + h) - np.min(y))
    more = max(0, wide + 1) * max(0, high + 1)  # a pixel more on each side
    smaller = min(one[2], other[2]) * min(one[3], other[3])
    turned = _parts(*((x, y, h, w) for x, y, w, h in (one, other)))[2]

    def over_union(shared: float) -> float:
        return shared / ((both - shared) or 1)

    return {
        "Boxes that are apart have no intersection: where a side of the overlap is below 0, take 0.": over_union(
            wide * high
        ),
        "A gap is no overlap: where a side of the overlap is below 0, take 0, not its absolute value.": over_union(
            abs(wide * high)
        ),
        "It looks as if a box ended at x + width - 1, so that 1 was added to the sides: here a box of width 10 is 10 "
        "wide.": over_union(more),
        "It looks as if a box ended at x + width - 1, so that 1 was added to all sides: here a box of width 10 is 10 "
        "wide.": more / (sum((w + 1) * (h + 1) for _, _, w, h in (one, other)) - more),
        "This is the intersection over the smallest box around both; divide by the union.": common / around,
        "The places of the boxes seem to be forgotten: only their sizes are compared.": over_union(smaller),
        "It looks as if width and height had changed places: a box is (x, y, width, height).": over_union(turned),
        "This is the share that is *not* common, 1 - IoU.": 1 - over_union(common),
        "As per cent? Return a share from 0 to 1.": 100 * over_union(common),
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
    elif not hint and np.allclose(answers, wanted, atol=0.01):
        hint = " Was it rounded? Return the share as it is."
    elif not hint and answers[wrong[0]] < 0:
        hint = " A share is never below 0: take max(0, ...) of the width of the overlap and of its height, each alone."
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
    ((101, 83, 45, 47), 0.2, 320, 240),
    ((20, 10, 130, 130), 0.6, 240, 120),
)


def square_in_frame(
    box: tuple,
    margin: float,
    width: int,
    height: int,
    *,
    both=True,
    longer=max,
    limit=min,
    sides="ltrb",
    corner=False,
    late=False,
    pixels=False,
    own=False,
) -> tuple[float, float, int]:
    """Left, top and side of the square of exercise 02-4, before rounding; the options are mistakes to recognise."""
    x, y, w, h = box
    side = longer(w, h)
    if late:
        side = limit(side, width, height)
    side = side + 2 * margin if pixels else side * (1 + (2 if both else 1) * margin)
    side = math.floor(side + 0.5)
    if limit and not late:
        side = limit(side, width, height)
    left, top = (x, y) if corner else (x + (w - side) / 2, y + (h - side) / 2)
    if own:
        left, top = x - margin * w, y - margin * h
    left = min(left, width - side) if "r" in sides else left
    top = min(top, height - side) if "b" in sides else top
    return (max(left, 0) if "l" in sides else left), (max(top, 0) if "t" in sides else top), side


#: Options of ``square_in_frame``, and what to say of an answer that they give.
_SQUARE_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"both": False}, "The margin belongs on both sides, so the side grows by twice the margin."),
    ({"pixels": True}, "The margin is a share of the box's longer side, not a number of pixels."),
    ({"longer": min}, "The shorter side of the box was taken: a part of the face is cut off. Take the longer one."),
    (
        {"longer": lambda w, h: w},
        "The width of the box was taken: a high box is cut off. Take the longer side.",
    ),
    (
        {"longer": lambda w, h: h},
        "The height of the box was taken: a wide box is cut off. Take the longer side.",
    ),
    ({"longer": lambda w, h: (w + h) / 2}, "The mean of width and height was taken: take the longer side."),
    ({"longer": lambda w, h: (w * h) ** 0.5}, "The square has the area of the box: take the longer side."),
    ({"late": True}, "The margin comes first, and then the limit of the frame."),
    ({"own": True}, "The margin is one number, a share of the longer side; the square has the centre of the box."),
    ({"limit": lambda side, w, h: min(side, w)}, "The square is higher than the frame: the limit is its shorter side."),
    ({"limit": lambda side, w, h: min(side, max(w, h))}, "The limit is the frame's shorter side, not its longer one."),
    ({"sides": ""}, "The square leaves the frame: move it inwards."),
    ({"sides": "lt"}, "The square leaves the frame at the right or at the bottom."),
    ({"sides": "rb"}, "The square leaves the frame at the left or at the top."),
    ({"limit": None}, "The square is larger than the frame: its side can be the frame's shorter side at most."),
    ({"corner": True}, "The square should have the centre of the box, not its corner."),
)


def _cut_square(box: tuple, margin: float, width: int, height: int) -> tuple[float, float, float]:
    """The square that was cut at the frame's edges in the place of moved."""
    left, top, side = square_in_frame(box, margin, width, height, sides="", limit=None)
    right, bottom = min(left + side, width), min(top + side, height)
    left, top = max(left, 0), max(top, 0)
    return left, top, min(right - left, bottom - top)


def _shrunk_square(box: tuple, margin: float, width: int, height: int) -> tuple[float, float, float]:
    """The square that was made smaller around its centre, until it lies in the frame."""
    x, y, w, h = box
    across, down = x + w / 2, y + h / 2
    side = min(max(w, h) * (1 + 2 * margin), 2 * across, 2 * down, 2 * (width - across), 2 * (height - down))
    return across - side / 2, down - side / 2, side


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
    if alike([(side, left, top) for left, top, side in right]):
        return " The side is the last of the three."
    if alike([(left + side / 2, top + side / 2, side) for left, top, side in right]):
        return " This is the centre of the square: return its left and its upper edge."
    if alike([square_in_frame(box, 0, *frame) for box, _, *frame in SQUARES]):
        return " The margin was left out."
    if alike([_shrunk_square(*case) for case in SQUARES]):
        return " The square should be moved inwards; do not make it smaller."
    if alike([_cut_square(*case) for case in SQUARES]):
        return " The square should be moved inwards; do not cut it, and leave its side as it is."
    sides = [answer[2] for answer in answers]
    for options, words in _SQUARE_MISTAKES:
        mistaken = [square_in_frame(*case, **options)[2] for case in SQUARES]
        if mistaken != [side for _, _, side in right] and np.abs(np.subtract(sides, mistaken)).max() <= 1:
            return f" {words}"
    return ""


def grade_square(answer) -> str:
    """Squares with margins, of boxes that are not square, at all four edges, and in frames that are too small."""
    answers = []
    for case in SQUARES:
        given = f"square({', '.join(map(str, case))})"
        made = asked(answer, "square(box, margin, width, height)", *case)
        value = numbers(list(itertools.islice(made, 4)) if isinstance(made, Iterator) else made)
        if value is None or value.shape != (3,) or not np.isfinite(value).all():
            raise Wrong(f"{given} should return three numbers (left, top, side); it returned {made!r}.")
        if not (value == np.round(value)).all():
            raise Wrong(f"{given} gave {plain(value)}: pixels are counted, so all three are whole numbers.")
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
            f"square({', '.join(map(str, case))}) should be {right} up to a pixel; it gave {plain(value)}."
            + (_square_hint(answers) or (" The square leaves the frame: move it inwards." if not inside else ""))
        )
    return "right: centred where there is room, moved inwards at every edge, and never larger than the frame."


def plain(value: np.ndarray) -> tuple:
    """An array as a tuple of numbers as a person writes them."""
    return tuple(int(number) if number == int(number) else round(float(number), 2) for number in value)
