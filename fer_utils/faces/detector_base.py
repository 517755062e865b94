"""What every face detector is: pictures in, boxes out, at several scales and from frame to frame."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.faces.pixels import contiguous, grey_of

#: The first look is at a picture whose longer side has at most this many pixels.
QUICK_SIDE = 540
#: A second look, where the first finds nothing.
SECOND_SIDE = 1080
#: No look is at more pixels a side than this, so that memory stays bounded.
LARGEST_SIDE = 4096
#: Pictures up to this side are also looked at twice as large.
DOUBLED_SIDE = 1000
#: What is searched about a known box reaches this share of its side beyond it, on every side.
REACH = 0.15
#: From frame to frame a known face's size may change by this factor; where it does by more, the whole picture is
#: looked at.
MOST_GROWTH = 1.2
#: Another face that is larger than a known one by this factor is seen beside it.
LARGER = 1.5
#: The edges of what is searched are moved outwards to multiples of so many pixels.
GRID = 24


class Box(NamedTuple):
    """A face in pixels of the picture given: left, top, width, height, and the detector's score.

    A box may reach over the picture's edge.  Scores of one detector can be
    compared with each other, not with another detector's.
    """

    x: int
    y: int
    w: int
    h: int
    score: float

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        wide = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        high = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        common = max(0, wide) * max(0, high)
        union = self.w * self.h + other.w * other.h - common
        return common / union if union else 0.0

    def may_be_same_face(self, other: Box) -> bool:
        """Whether this box's middle lies in ``other``, or the two overlap by more than 0.3; ask both ways round."""
        middle_x, middle_y = self.x + self.w / 2, self.y + self.h / 2
        inside = other.x <= middle_x < other.x + other.w and other.y <= middle_y < other.y + other.h
        return inside or self.overlap(other) > 0.3


class Detector:
    """Base of the detectors: a subclass sets ``name`` and gives ``at_scale``.

    An instance that can be pickled may be handed to ``prepare`` and ``predict``
    in place of a name.
    """

    name = ""
    #: The smallest face it can find, in pixels of the scale it looks at.
    smallest = 1
    #: The detector's own step from one size of face to the next.  Pictures are scaled by powers
    #: of it, so that a small picture is searched for the same sizes of face as the full one.
    step = 0.5
    #: Whether the last look is to have colours; and whether those before it are grey all the same, which is quicker.
    colours = False
    grey_first = True
    #: SHA-256 of the model's file, for a detector whose model the user brings.
    model = ""
    #: The size of face, in pixels, at which a known one is looked at again; 0 for a detector that looks at the
    #: whole picture every time.
    again = 0

    def at_scale(self, picture: np.ndarray, last: bool) -> list[Box]:
        """Boxes in one picture, at its own scale.

        ``picture`` is uint8, (H, W) grey, or (H, W, 3) RGB for a detector with
        ``colours`` at its ``last`` look, after which no larger one follows; at
        every look, if it has ``grey_first = False``.
        """
        raise TypeError(f"{type(self).__name__} is a detector without `at_scale`")

    def detect(self, rgb: np.ndarray, *, thorough: bool = False) -> list[Box]:
        """The faces in a picture, largest first.

        The picture is looked at scaled down to 540 pixels or less first; where
        nothing is found, or only a face so small that its box is a poor fit, at
        1080, at its own size (at most 4096) and, up to 1000 pixels, at twice that.  So
        what the full picture shows is not missed; but small faces beside a
        larger one that the first look finds are searched only with ``thorough``.

        A detector with steps from size to size jumps between neighbouring ones, whose
        scores are alike.  Where the picture was scaled down, one with ``again`` looks at
        the largest face's surroundings three times more, half a step
        apart, and the box is the mean of the three: from the full picture's
        box, whichever step that falls on, it is seldom far.

        Parameters
        ----------
        rgb : (H, W, 3) uint8.
        thorough : look at the full picture in any case and add every face that
            the first look has not found.  The boxes of the first look stay.

        Returns
        -------
        list of Box, by area, largest first.
        """
        return self._seen(rgb, None, thorough)[0]

    def follow(self, rgb: np.ndarray, near: Box | None, *, thorough: bool = False) -> tuple[list[Box], Box | None]:
        """`detect` in the next frame of a clip, near the last box first.

        Parameters
        ----------
        rgb, thorough : as for ``detect``.
        near : what this method gave for the frame before; None for the first.  If a
            detector with ``again`` finds a face about it in a picture that it would scale down, that
            is the answer, its size averaged with the one before; the rest of the
            picture is only searched for faces half as large again, or larger.

        Returns
        -------
        The boxes, and ``near`` for the next frame: a face is followed while the quick
        look sees no other, since of several the next frame's largest may be another.
        """
        if type(self).detect is not Detector.detect:  # somebody's own way to look at a picture
            return self.detect(rgb, thorough=thorough), None
        return self._seen(rgb, near, thorough)

    def _seen(self, rgb: np.ndarray, near: Box | None, thorough: bool) -> tuple[list[Box], Box | None]:
        boxes, used = self._quick(rgb, near)
        following = boxes[0] if len(boxes) == 1 else None
        return (self._complete(rgb, boxes, used) if thorough else boxes), following

    def _quick(self, rgb: np.ndarray, near: Box | None) -> tuple[list[Box], int]:
        """What is found without looking thoroughly, and the place of the last scale looked at, -1 for none of them."""
        scales = _scales(max(rgb.shape[:2]), self.step)
        scaled_down = bool(self.again) and scales[0] < min(1.0, scales[-1])
        if (
            scaled_down
            and near is not None
            and (box := self.look_again(rgb, near, True)) is not None
            and not self._larger(rgb, box)
        ):
            return [box], -1
        grey = grey_of(rgb) if self.grey_first or not self.colours else rgb
        full = rgb if self.colours else grey
        boxes: list[Box] = []
        used = 0
        for place, scale in enumerate(scales):
            used = place
            found = self._scaled(full if scale == scales[-1] else grey, scale, scale == scales[-1])
            boxes = largest_first(found) or boxes
            # At its smallest size a detector's box is the smallest box, whatever the face's size is.
            if found and boxes[0].w * scale > 1.125 * self.smallest:
                break
        if scaled_down and boxes and used < len(scales) - 1:
            boxes = largest_first([self.look_again(rgb, boxes[0], False) or boxes[0], *boxes[1:]])
        return boxes, used

    def _complete(self, rgb: np.ndarray, boxes: list[Box], used: int) -> list[Box]:
        scales = _scales(max(rgb.shape[:2]), self.step)
        boxes = list(boxes)
        full = rgb if self.colours else grey_of(rgb)
        for scale in scales[used + 1 :]:
            if scale < min(1.0, scales[-1]):
                continue
            for box in self._scaled(full, scale, True):
                if not any(box.may_be_same_face(other) or other.may_be_same_face(box) for other in boxes):
                    boxes.append(box)
        return largest_first(boxes)

    def look_again(self, rgb: np.ndarray, near: Box, steady: bool) -> Box | None:
        """The face about a known box, as the mean of three looks, half a step apart; None unless all find it.

        Parameters
        ----------
        rgb : (H, W, 3) uint8.
        near : the known box, in pixels of ``rgb``.
        steady : average the sizes of the mean and of the known box.
        """
        cv2 = opencv()
        height, width = rgb.shape[:2]
        left, right = _searched(near.x, near.w, width)
        top, bottom = _searched(near.y, near.h, height)
        if right - left < 2 or bottom - top < 2:
            return None
        picture = rgb[top:bottom, left:right]
        picture = grey_of(picture) if self.grey_first or not self.colours else contiguous(picture)
        middle = round(math.log(self.again / near.w) / math.log(self.step))
        looks = []
        for power in (middle - 0.5, middle, middle + 0.5):
            scale = self.step**power
            size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
            # Each out of the one before, which is nearly as small.
            shrinks = size[0] < picture.shape[1] and not looks
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
            seen = self.at_scale(picture, False)
            if not seen:
                return None
            x, y, w, h, score = max(seen, key=lambda box: (box.score, box.w))
            looks.append(Box(x / scale, y / scale, w / scale, h / scale, score))
        if min(looks[0].overlap(looks[1]), looks[1].overlap(looks[2])) < 0.5:
            return None
        x, y, w, h, score = (sum(values) / len(looks) for values in zip(*looks, strict=True))
        if steady and not 1 / MOST_GROWTH <= w / near.w <= MOST_GROWTH:
            return None  # it has come nearer, or gone: not to be averaged with what it was
        # Sizes next to each other score alike, and a detector of steps jumps between them from frame to frame.
        wide, high = ((w + near.w) / 2, (h + near.h) / 2) if steady else (w, h)
        corner = x + left + (w - wide) / 2, y + top + (h - high) / 2
        return Box(*(math.floor(value + 0.5) for value in (*corner, wide, high)), round(score, 6))

    def _larger(self, rgb: np.ndarray, box: Box) -> bool:
        """Whether a coarse look, too coarse for the face in the box, finds another one."""
        cv2 = opencv()
        scale = self.smallest / (LARGER * box.w)
        size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        if scale >= 1 or min(size) < self.smallest:
            return False
        # Two by two pixels out of many: quick, and good enough to see that somebody is there.
        backwards = rgb.strides[2] < 0
        small = cv2.resize(rgb[..., ::-1] if backwards else rgb, size, interpolation=cv2.INTER_LINEAR)
        small = small[..., ::-1] if backwards else small
        small = grey_of(small) if self.grey_first or not self.colours else contiguous(small)
        found = [Box(*(value / scale for value in one[:4]), one.score) for one in self.at_scale(small, False)]
        return not all(one.may_be_same_face(box) or box.may_be_same_face(one) for one in found)

    def _scaled(self, picture: np.ndarray, scale: float, last: bool) -> list[Box]:
        picture = contiguous(picture) if picture.ndim == 3 else picture
        if scale != 1.0:
            cv2 = opencv()
            height, width = picture.shape[:2]
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return [
            Box(
                round(box.x / scale),
                round(box.y / scale),
                max(1, round(box.w / scale)),
                max(1, round(box.h / scale)),
                round(float(box.score), 6),
            )
            for box in self.at_scale(np.ascontiguousarray(picture), last)
        ]


def largest_first(boxes: list[Box]) -> list[Box]:
    return sorted(boxes, key=lambda box: (-box.w * box.h, box.x, box.y))


def _scales(side: int, step: float) -> list[float]:
    """The scales to look at, smallest first, for a picture whose longer side is ``side`` pixels."""
    scales = [1.0] if side <= LARGEST_SIDE else [LARGEST_SIDE / side]
    for goal in (SECOND_SIDE, QUICK_SIDE):
        if goal < side:
            smaller = step ** math.ceil(math.log(goal / side) / math.log(step))
            if smaller < scales[0]:
                scales.insert(0, smaller)
    if side <= DOUBLED_SIDE:
        scales.append(2.0)
    return scales


def _searched(start: int, length: int, end: int) -> tuple[int, int]:
    """Where the search about a known box begins and ends along one side of a picture of ``end`` pixels.

    Both lie on a grid, so that a known box that lies a little otherwise gives the same pixels to look at, and
    the same box.
    """
    first = math.floor((start - REACH * length) / GRID) * GRID
    last = math.ceil((start + (1 + REACH) * length) / GRID) * GRID
    return max(0, first), min(end, last)
