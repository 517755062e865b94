"""A face finder for the page and for Python: one small network, the same arithmetic in both.

The network is ``face_detection_short_range.tflite`` of the npm package ``@mediapipe/face_detection`` (Apache-2.0),
which is BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047).  It is fetched, never committed
(`fer_utils.core.page_files`).  What is done with its 896 answers is written here, and once more for the page in
``widgets/page_finder.js``; a test holds the two together.

Its own boxes are tighter than dlib's, and a network should see faces cut out as those were that it learned from.  So
a box is moved and widened to where dlib's would be: `LIKE_DLIB`, fitted to drawn faces.
"""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path

import numpy as np

from fer_utils.core.errors import invalid, missing
from fer_utils.core.optional_packages import opencv
from fer_utils.faces.detector_base import Box, Detector, largest_first
from fer_utils.faces.pixels import contiguous

#: Side in pixels of the picture that the network reads.
SIDE = 128
#: The grids of anchors: cells a side, and anchors in a cell.  16 x 16 x 2 + 8 x 8 x 6 = 896.
GRIDS = ((16, 2), (8, 6))
#: A face counts from this score on (0 to 1), the value of MediaPipe's own graph.
SCORE = 0.5
#: Boxes that overlap by more than this (intersection over union) are one face: they are averaged.
OVERLAP = 0.3
#: The second look sees a square so many times as wide as the box of the first.
AROUND = 2.0
#: A thorough look also sees squares of these parts of the picture's longer side, one half over the next: small faces.
PARTS = (2, 4)
#: A face in such a part counts from this score on: of 40 drawn photographs with one face each two had others besides,
#: of 0.53 to 0.59, and 36 faces in three drawn groups had 0.85 to 0.96.
SURE = 0.75
#: From the network's box to dlib's, in units of its width: how far the centre moves to the right and down, and how wide
#: the square is.  Fitted by ``python tests/helpers/short_range_fit.py``.
LIKE_DLIB = (-0.01, -0.023, 1.02)


def anchors() -> np.ndarray:
    """The centres of the anchors, (896, 2) float: x and y from 0 to 1, in the order of the network's answers."""
    centres = []
    for cells, in_a_cell in GRIDS:
        for row in range(cells):
            for column in range(cells):
                centres += [((column + 0.5) / cells, (row + 0.5) / cells)] * in_a_cell
    return np.array(centres)


def decoded(boxes: np.ndarray, logits: np.ndarray) -> list[tuple[float, float, float, float, float]]:
    """The faces in the network's answers.

    Parameters
    ----------
    boxes : (896, 16): the first four are the box's centre, relative to its anchor, and its width and height, in pixels
        of the network's picture; the others are points of the face, which are not used.
    logits : (896,); 0 is a score of one half.

    Returns
    -------
    list of (x, y, width, score, votes): the centre of a face and the width of its box, in shares of the picture's side,
    the best score, and how many boxes were averaged; best first.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(float), -100, 100)))
    found = np.flatnonzero(scores >= SCORE)
    rows = np.column_stack([anchors()[found] + boxes[found, :2] / SIDE, boxes[found, 2] / SIDE, scores[found]])
    rows = rows[np.argsort(-rows[:, 3], kind="stable")]
    faces = []
    while len(rows):
        same = np.array([_overlap(rows[0], row) > OVERLAP for row in rows])
        same[0] = True
        weights = rows[same, 3]
        x, y, width = (rows[same, :3] * weights[:, None]).sum(axis=0) / weights.sum()
        faces.append((float(x), float(y), float(width), float(weights[0]), int(same.sum())))
        rows = rows[~same]
    return faces


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two squares, each (x, y, width, ...) with its centre at (x, y)."""
    shared = [
        min(one[axis] + one[2] / 2, other[axis] + other[2] / 2)
        - max(one[axis] - one[2] / 2, other[axis] - other[2] / 2)
        for axis in (0, 1)
    ]
    common = max(0.0, shared[0]) * max(0.0, shared[1])
    union = one[2] ** 2 + other[2] ** 2 - common
    return common / union if union > 0 else 0.0


class ShortRange(Detector):
    """Faces near a camera, up to some two metres: the finder of the book's page, with boxes where dlib's would be.

    It looks at the whole picture, made small, then once more about each face that it has found.  Its score is the
    network's, in [0.5, 1].  Small faces want a thorough look: of 20 drawn pictures with one face of 0.14 of the longer
    side (a box's width) the plain look finds all 20, of 0.11 nine, and of 0.10 two; the thorough look finds all 20 down
    to 0.04, and no second face.

    Parameters
    ----------
    model : ``face_detection_short_range.tflite``; `fer_utils.core.page_files.finder` fetches it.

    Raises
    ------
    FerError : there is no such file, or it is another network.
    MissingPackage : LiteRT is not installed.
    """

    name = "short-range"

    def __init__(self, model: str | os.PathLike):
        path = Path(model)
        if not path.is_file():
            raise invalid("model", expected="the file face_detection_short_range.tflite", received=str(path))
        self._start(path.read_bytes())

    def _start(self, data: bytes) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise missing(
                "ai_edge_litert", needed_for="the detector ShortRange", remedy="pip install ai-edge-litert"
            ) from error
        self._data, self.model = data, hashlib.sha256(data).hexdigest()
        try:
            self._network = Interpreter(model_content=data, num_threads=1)
            self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise invalid("model", expected="a LiteRT network", received=str(error)[:100]) from None
        self._input = self._network.get_input_details()[0]
        outputs = self._network.get_output_details()
        shapes = [tuple(output["shape"]) for output in outputs]
        if tuple(self._input["shape"]) != (1, SIDE, SIDE, 3) or sorted(shapes) != [(1, 896, 1), (1, 896, 16)]:
            raise invalid("model", expected="face_detection_short_range.tflite", received=f"outputs {shapes}")
        self._boxes, self._logits = (outputs[shapes.index((1, 896, last))]["index"] for last in (16, 1))

    def __getstate__(self):
        return {"_data": self._data}

    def __setstate__(self, state):
        self._start(state["_data"])

    def detect(self, rgb, *, thorough=False):
        """The faces in a picture (H, W, 3) uint8, largest first.

        ``thorough`` also looks at parts of the picture, `small_squares`.  A face that is found there counts where the
        second look is sure of it (`SURE`), and where it is no part of a face that was found before.
        """
        picture = contiguous(rgb)
        height, width = picture.shape[:2]
        side = max(height, width)
        squares = [((width - side) / 2, (height - side) / 2, side)]
        if thorough:
            squares += small_squares(width, height)
        boxes: list[Box] = []
        for place, (left, top, side) in enumerate(squares):
            for first in self._look(picture, left, top, side):
                around = first[2] * AROUND
                again = self._look(picture, first[0] - around / 2, first[1] - around / 2, around)
                again = [face for face in again if math.dist(face[:2], first[:2]) < first[2] / 2]
                if place > 0 and (not again or again[0][3] < SURE):
                    continue
                box = like_dlib(*(again[0] if again else first))
                if not any(box.may_be_same_face(other) or other.may_be_same_face(box) for other in boxes):
                    boxes.append(box)
        return largest_first(boxes)

    def _look(self, picture: np.ndarray, left: float, top: float, side: float) -> list[tuple[float, ...]]:
        """Faces in a square of the picture, (x, y, width, score) in its pixels, best first."""
        shown, (left, top, side) = square(picture, left, top, side)
        self._network.set_tensor(self._input["index"], (shown[None].astype(np.float32) - 127.5) / np.float32(127.5))
        self._network.invoke()
        found = decoded(self._network.get_tensor(self._boxes)[0], self._network.get_tensor(self._logits)[0, :, 0])
        return [(left + x * side, top + y * side, width * side, score) for x, y, width, score, _ in found]


def small_squares(width: int, height: int) -> list[tuple[float, float, float]]:
    """The squares that a thorough look sees besides the whole picture, (left, top, side) in pixels of the picture.

    Their sides are the picture's longer side divided by `PARTS`, as long as that is no less than `SIDE`; each begins at
    most half a side after the one before it, and the first and the last touch the picture's edges.
    """
    squares = []
    for part in PARTS:
        side = max(width, height) / part
        if side < SIDE:
            break
        for top in _starts(height, side):
            squares += [(left, top, side) for left in _starts(width, side)]
    return squares


def _starts(length: int, side: float) -> list[float]:
    """Where squares of this side begin along an edge of the picture, in pixels; one in the middle of a shorter edge."""
    if length <= side:
        return [(length - side) / 2]
    steps = math.ceil((length - side) / (side / 2))
    return [(length - side) * step / steps for step in range(steps + 1)]


def square(picture: np.ndarray, left: float, top: float, side: float) -> tuple[np.ndarray, tuple[int, int, int]]:
    """A square of a picture as the network reads it, black where it leaves the picture.

    Returns
    -------
    (SIDE, SIDE, 3) uint8, and the square's left, top and side in whole pixels of the picture.
    """
    cv2 = opencv()
    left, top, side = (math.floor(value + 0.5) for value in (left, top, side))
    side = max(side, 1)
    height, width = picture.shape[:2]
    across, down = (max(left, 0), min(left + side, width)), (max(top, 0), min(top + side, height))
    shown = np.zeros((SIDE, SIDE, 3), np.uint8)
    if across[0] >= across[1] or down[0] >= down[1]:
        return shown, (left, top, side)
    # Where the part that is there lies among the network's pixels.
    x0, x1 = (math.floor((at - left) * SIDE / side + 0.5) for at in across)
    y0, y1 = (math.floor((at - top) * SIDE / side + 0.5) for at in down)
    if x1 > x0 and y1 > y0:
        part = picture[down[0] : down[1], across[0] : across[1]]
        how = cv2.INTER_AREA if side >= SIDE else cv2.INTER_LINEAR
        shown[y0:y1, x0:x1] = cv2.resize(np.ascontiguousarray(part), (x1 - x0, y1 - y0), interpolation=how)
    return shown, (left, top, side)


def like_dlib(x: float, y: float, width: float, score: float) -> Box:
    """The square that dlib's detector would give for a face whose own box has this centre and width, in pixels."""
    right, down, wide = LIKE_DLIB
    side = max(1, math.floor(wide * width + 0.5))
    left, top = x + right * width - side / 2, y + down * width - side / 2
    return Box(math.floor(left + 0.5), math.floor(top + 0.5), side, side, round(score, 6))
