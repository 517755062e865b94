"""Chapter 2: what the widget *Preprocessing* shows of boxes that differ in size (02-7)."""

from __future__ import annotations

import math

from fer_utils.exercises import Wrong, as_count, numbers

#: What the widget's clip shows with dlib's boxes: the frame whose box is smaller, its width and that of its neighbours
#: in pixels, how many frames there are, and how many are called as they are posed: with margin 0, and with the margin
#: that is asked.  `tests/exercises/test_ch02.py` computes it again.
FRAME, SMALLER, WIDER, FRAMES = 10, 105, 126, 16
BEFORE, AFTER = 14, 1


def grade_smaller_box(answer) -> str:
    """Frame, margin and count; each of the usual mistakes is recognised."""
    try:
        if isinstance(answer, (str, bytes, dict, set, frozenset)):  # a set has no order
            raise TypeError
        frame, margin, count = answer
    except (TypeError, ValueError):
        raise Wrong("the answer should be three things, frame, margin and count, such as (3, 0.25, 12).") from None
    shares = numbers(margin)
    if shares is None or shares.shape != () or isinstance(margin, bool) or not math.isfinite(shares):
        raise Wrong(f"the margin, the second of the three, should be a number such as 0.25; got {margin!r}.")
    share = float(shares)
    if as_count(frame) is None and as_count(margin) is not None:
        raise Wrong("frame and margin seem to have changed places: first the frame, then the margin.")
    for name, value, most in (("frame", frame, FRAMES - 1), ("count", count, FRAMES)):
        if as_count(value) is None or not 0 <= as_count(value) <= most:
            raise Wrong(f"the {name} should be a whole number from 0 to {most}; got {value!r}.")
    _check_frame(as_count(frame))
    _check_margin(share)
    _check_count(as_count(count))
    return (
        "right. dlib looks at faces in sizes that are a fifth apart, so its box jumps by a fifth where the head hardly "
        "moves. In all frames but this one the same margin goes on top of a box that was wide already."
    )


def _check_frame(frame: int) -> None:
    if frame == FRAME + 1:
        raise Wrong(f"frame {frame} has the box of its neighbours; the widget counts frames from 0.")
    if frame in (0, FRAMES - 1):
        raise Wrong(f"frame {frame} has a small box, too, but the face is at rest there; look among frames 1 to 14.")
    if frame != FRAME:
        raise Wrong(
            f"in frame {frame} dlib's box is as wide as in other frames. Is dlib chosen, and have you pressed every "
            "frame from 1 to 14?"
        )


def _check_margin(share: float) -> None:
    if abs(SMALLER * (1 + 2 * share) - WIDER) <= 1:
        return
    mistakes = {
        WIDER / SMALLER - 1: "the square grows on both sides, so half of that is enough.",
        WIDER / SMALLER: "that is how many times as wide it becomes: 1 + 2m, not m.",
        1 - SMALLER / WIDER: "that is a share of the wider box, and of both sides together.",
        (1 - SMALLER / WIDER) / 2: "that is a share of the wider box; a margin is one of the box that it is added to.",
        50 * (WIDER / SMALLER - 1): "give a share, not a percentage.",
        (WIDER - SMALLER) / 2: "that is in pixels; a margin is a share of the box's side.",
        WIDER - SMALLER: "that is in pixels, and of both sides; a margin is a share of the box's side.",
    }
    for wrong, words in mistakes.items():
        if abs(share - wrong) < 0.004:
            raise Wrong(f"margin {share:.4g}: {words}")
    raise Wrong(
        f"a margin of {share:.4g} around a box of {SMALLER} pixels gives a square of "
        f"{SMALLER * (1 + 2 * share):.4g} pixels; the boxes of its neighbours have {WIDER}."
    )


def _check_count(count: int) -> None:
    if count == AFTER:
        return
    if count == BEFORE:
        raise Wrong(f"{count} frames have the label with margin 0; set the margin and count again.")
    if count == 0:
        raise Wrong("frame 10 keeps its label. Are all 16 frames counted, and not only the chosen ones?")
    raise Wrong(f"it is not {count} frames. With dlib's boxes, not moved, count the labels below all 16 frames.")
