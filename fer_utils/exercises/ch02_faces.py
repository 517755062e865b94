"""Chapter 2: the faces of a picture (02-5)."""

from __future__ import annotations

import functools

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers
from fer_utils.exercises.ch02 import plain


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
    turned = np.full((192, 292, 3), grey, np.uint8)
    turned[:, :192] = drawn[192][0]
    turned[100:, 200:] = drawn[92][0]
    wall = np.full((120, 160, 3), grey, np.uint8)
    return (
        ("a picture of one person", drawn[192][0], (face(192, 0, 0),)),
        ("a picture of nobody", wall, ()),
        (
            "a picture of a small face at the left and a large one at the right",
            two,
            (face(192, 100, 0), face(92, 0, 100)),
        ),
        (
            "a picture of a large face at the left and a small one at the right",
            turned,
            (face(192, 0, 0), face(92, 200, 100)),
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
    place = f"{given}: box {number + 1}, {plain(np.array(boxes[number]))},"
    if len(faces) > 1 and holds(*boxes[len(faces) - 1 - number]):
        raise Wrong(f"{given}: the boxes are not in order; the largest stands first.")
    if holds(top, left, high, wide):
        raise Wrong(f"{place} has left and top exchanged.")
    if holds(left / 2, top / 2, wide / 2, high / 2):
        raise Wrong(f"{place} is in the pixels of a picture twice as large; divide by 2.")
    if holds(left - wide / 2, top - high / 2, wide, high):
        raise Wrong(f"{place} seems to begin with the centre of the face; asked are left and top.")
    if holds(high, left, top - high, wide - left):
        raise Wrong(f"{place} looks like top, right, bottom and left; asked are left, top, width and height.")
    if holds(left * shape[1], top * shape[0], wide * shape[1], high * shape[0]):
        raise Wrong(f"{place} is in shares of the picture; asked are pixels.")
    if holds(left, top, wide - left, high - top):
        raise Wrong(f"{place} looks like two corners; asked are left, top, width and height.")
    raise Wrong(f"{place} does not fit the face, whose nose is at ({x:.0f}, {y:.0f}).")
