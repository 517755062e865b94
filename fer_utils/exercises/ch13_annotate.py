"""Chapter 13: a box and its label, drawn with OpenCV (13-4)."""

from __future__ import annotations

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.exercises import Wrong, asked

_ANNOTATE = "annotate(picture, box, label, score)"
#: Orange and white, blue first, as OpenCV keeps them.
_ORANGE, _WHITE = (0, 159, 230), (255, 255, 255)


def _annotated(
    picture,
    box,
    label,
    score,
    *,
    colour=_ORANGE,
    corner=None,
    thick=2,
    text=None,
    place=None,
    ink=_WHITE,
    scale=0.6,
    bold=1,
    font=None,
    smooth=False,
):
    """The right answer; the options are mistakes to recognise."""
    cv2 = opencv()
    x, y, w, h = box
    made = picture.copy()
    if thick:
        cv2.rectangle(made, (x, y), corner(box) if corner else (x + w - 1, y + h - 1), colour, thick)
    words = f"{label} {score:.2f}" if text is None else text(label, score)
    if words:
        at = (x, y - 6) if place is None else place(box)
        font = cv2.FONT_HERSHEY_SIMPLEX if font is None else font
        cv2.putText(made, words, at, font, scale, ink, bold, cv2.LINE_AA if smooth else cv2.LINE_8)
    return made


#: Mistakes in 13-4 that a picture may betray.
_ANNOTATE_MISTAKES: tuple[tuple[dict, str], ...] = (
    (
        {"colour": _ORANGE[::-1]},
        "The box is blue: OpenCV's colours are (blue, green, red), so orange is (0, 159, 230).",
    ),
    (
        {"corner": lambda b: (b[0] + b[2], b[1] + b[3])},
        "The second corner is (x + w - 1, y + h - 1): a box of w pixels that begins at x ends at x + w - 1.",
    ),
    ({"thick": 0}, "The text is right, and there is no rectangle."),
    ({"thick": 3}, "The lines are 3 pixels thick; they should be 2."),
    ({"text": lambda label, score: f"{label} {score:.1f}"}, "The score should have two digits; it has one."),
    (
        {"text": lambda label, score: f"{label} {int(score * 100) / 100:.2f}"},
        "The score was cut off: rounded to two digits, as f'{score:.2f}' does it, 0.868 is 0.87.",
    ),
    ({"text": lambda label, score: f"{label}: {score:.2f}"}, "There is no colon in the text: `happy 0.87`."),
    ({"text": lambda label, score: f"{label.capitalize()} {score:.2f}"}, "The label should stay as it is given."),
    ({"text": lambda label, score: f"{score:.2f}"}, "The label is missing in the text."),
    ({"bold": 2}, "The text's thickness should be 1; it is 2."),
    ({"smooth": True}, "The text's edges are smoothed: leave out `lineType`."),
    ({"ink": (0, 0, 0)}, "The text should be white; it is black."),
    ({"font": 1}, "The text is in another font; it should be cv2.FONT_HERSHEY_SIMPLEX."),
    ({"font": 2}, "The text is in another font; it should be cv2.FONT_HERSHEY_SIMPLEX."),
    ({"scale": 0.5}, "The text is too small: its scale is 0.6."),
    ({"corner": lambda b: (b[2], b[3])}, "The second corner is not (w, h): it is (x + w - 1, y + h - 1)."),
    ({"corner": lambda b: (b[0] + b[3] - 1, b[1] + b[2] - 1)}, "Width and height have changed places."),
    ({"thick": -1}, "The box is filled and hides the face: the thickness should be 2, and not -1."),
    ({"thick": 1}, "The lines are 1 pixel thick; they should be 2."),
    ({"text": lambda label, score: ""}, "There is no text."),
    ({"text": lambda label, score: label}, "The score is missing in the text."),
    (
        {"text": lambda label, score: f"{label} {score}"},
        "The score should have two digits after the point: f'{score:.2f}'.",
    ),
    (
        {"text": lambda label, score: f"{label} {score:.0%}"},
        "The score is no percentage of anything: write it as 0.87.",
    ),
    ({"place": lambda b: (b[0], b[1] + 6)}, "The text lies inside the box: y counts downwards, so above is y - 6."),
    ({"place": lambda b: (b[0], b[1])}, "The text touches the box: its lower left corner is (x, y - 6)."),
    ({"place": lambda b: (b[1] - 6, b[0])}, "The text's x and y have changed places: a point is (x, y)."),
    ({"ink": _ORANGE}, "The text should be white."),
    ({"scale": 1.0}, "The text is too large: its scale is 0.6."),
)


def _near(got: np.ndarray, wanted: np.ndarray, before: np.ndarray) -> bool:
    """Whether what was drawn is, but for some pixels (another way of drawing the same line), what should be."""
    drawn = (wanted != before).any(axis=2)
    off = np.abs(got.astype(int) - wanted.astype(int)).max(axis=2) > 60
    return bool(off.sum() <= 0.02 * drawn.sum())


def _colour(made: np.ndarray, wanted: np.ndarray) -> tuple[int, ...]:
    """The commonest colour where the rectangle should be."""
    colours, counts = np.unique(made[(wanted == _ORANGE).all(axis=2)], axis=0, return_counts=True)
    return tuple(int(part) for part in colours[counts.argmax()])


def _check_colour(made: np.ndarray, wanted: np.ndarray, given: str) -> None:
    """Raise `Wrong` unless the rectangle has the colour that is asked for."""
    colour = _colour(made, wanted)
    if colour != _ORANGE:
        raise Wrong(f"for {given}: the rectangle's colour should be {_ORANGE} (blue, green, red); it is {colour}.")


def grade_annotate(answer) -> str:
    """Pictures of grey noise; what was drawn is compared pixel by pixel, with some room for other ways of drawing."""
    rng = np.random.default_rng(134)
    cases = [
        (200, 320, (60, 50, 90, 110), "happy", 0.868),
        (180, 260, (120, 40, 70, 60), "calm", 0.5),
        (240, 240, (30, 90, 120, 80), "surprised", 0.123),
    ]
    for high, wide, box, label, score in cases:
        picture = rng.integers(40, 90, (high, wide, 1)).repeat(3, axis=2).astype(np.uint8)
        kept = picture.copy()
        given = f"a picture of {high} x {wide}, the box {box}, {label!r} and {score}"
        made = asked(answer, _ANNOTATE, picture, box, label, score)
        if not np.array_equal(picture, kept):
            raise Wrong("your function drew into the picture that it was given: draw into picture.copy().")
        if not isinstance(made, np.ndarray) or made.shape != picture.shape or made.dtype != np.uint8:
            what = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
            raise Wrong(f"for {given}: return a uint8 picture of shape {picture.shape}; got {what}.")
        wanted = _annotated(picture, box, label, score)
        if _near(made, wanted, picture):
            _check_colour(made, wanted, given)
            continue
        if np.array_equal(made, kept):
            raise Wrong(f"for {given}: nothing was drawn.")
        for options, words in _ANNOTATE_MISTAKES:
            if _near(made, _annotated(picture, box, label, score, **options), picture):
                raise Wrong(f"for {given}: {words}")
        if _near(made, _annotated(picture, box, label, score, colour=_colour(made, wanted)), picture):
            _check_colour(made, wanted, given)
        row, column = np.argwhere(np.abs(made.astype(int) - wanted.astype(int)).max(axis=2) > 60)[0]
        raise Wrong(
            f"for {given}: the pixel in row {row}, column {column} should be {wanted[row, column].tolist()} (blue, "
            f"green, red); it is {made[row, column].tolist()}."
        )
    return "right: the box and its text stand where they should, in the right colours, and the picture is untouched."
