"""Faces followed from frame to frame: a detector now and then, optical flow in between.

A detector looks at every n-th frame only.  In between each face is moved by
the *median flow* of Kalal, Mikolajczyk & Matas 2010 (doi 10.1109/ICPR.2010.675): points of a
grid on the face are followed by pyramidal Lucas-Kanade, there and back again; those
that do not come back to where they were are left out; the median of the others' steps moves the box,
and the median of how far apart they have come scales it.  What the detector
finds is given to the faces that are known by intersection over union, with the
best assignment of all together, as in SORT (Bewley et al. 2016, doi 10.1109/ICIP.2016.7533003).

An identity is an unbroken thread.  It ends, and what is found there later is somebody new, where the picture in the
box changes too much at once (a cut), where two boxes cover each other so far that the next
one could be either's, where the face leaves the picture, and where it has been lost for too long.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from fer_utils.core.errors import whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.faces.detectors import cleaned, create
from fer_utils.faces.pixels import contiguous, grey_of

#: The detector looks at a picture that is halved until its longer side would fall below this many pixels, the flow at a
#: smaller one: a look costs as many times more as there are pixels more, and sides that are halved cost next to nothing
#: to make.
DETECT_SIDE, FLOW_SIDE = 480, 240
#: Points of the flow: so many by so many, on this share of the box's sides.
POINTS, INNER = 6, 0.7
#: A point that comes back further from where it was, in pixels of the small picture, is not believed; with fewer than
#: this share of points left the thread is torn.  Of drawn people who act, at 15 frames a second, never fewer than two
#: thirds came back; over 280 cuts to another face in the same box, in 99 of 100 fewer than half
#: (`tests/test_live_tracking.py` tries some).
BACK, ENOUGH = 1.0, 0.55
#: From frame to frame a box grows or shrinks by no more.
GROWTH = 1.1
#: Boxes with more in common than this are one face (SORT's threshold); of two faces followed, they are too close to be
#: told apart.
SAME = 0.3
#: The face's small picture, so many pixels a side, must correlate at least so well with its last one from frame to
#: frame; and so well for a torn thread to be taken up again, for two people of like hair and light may reach 0.89.
PATCH, ALIKE, AGAIN = 24, 0.8, 0.9


@dataclass(eq=False)
class Track:
    """A face that is followed.

    Attributes
    ----------
    id : counts from 1; never given twice.
    box : in pixels of the frame; ``score`` is that of the detector's last look.
    lost : frames for which nobody has seen it, 0 for a face that is in view.
    age : frames since it was first found.
    resumed : True in the frame in which a thread that had been torn was taken up again.
    """

    id: int
    box: Box
    lost: int = 0
    age: int = 0
    resumed: bool = False
    _place: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)  # x, y, w, h, not rounded
    _patch: np.ndarray | None = None
    _torn: bool = False  # the flow has lost it: only a look that finds the same picture there takes it up again

    def _put(self, place) -> None:
        self._place = tuple(float(value) for value in place)
        x, y, w, h = self._place
        self.box = Box(
            *(math.floor(value + 0.5) for value in (x, y)), max(1, round(w)), max(1, round(h)), self.box.score
        )


class Tracker:
    """Follows all faces of a film, frame by frame: ``update`` gives those of the next frame."""

    @stage("live")
    def __init__(self, detector: str | Detector = "dlib", *, every: int = 10, lost: int = 15):
        """
        Parameters
        ----------
        detector : as for `fer_utils.faces.prepare`.
        every : the detector looks at each ``every``-th frame, 1 or more; sooner where a face has been lost.
        lost : so many frames after it was last seen a face is given up, 0 or more.
        """
        self.detector = create(detector)
        self.every, self.lost = whole_number("every", every, 1), whole_number("lost", lost, 0)
        self.tracks: list[Track] = []
        #: How often the detector looked, and what ended identities: kind to number.
        self.looks, self.ended = 0, {}
        self._count = self._ids = self._idle = 0
        self._since = self.every  # frames since the last look
        self._before: np.ndarray | None = None
        self._shape: tuple[int, int] = (0, 0)

    def update(self, rgb: np.ndarray, clock=None) -> list[Track]:
        """The faces of the next frame, oldest identity first.

        Parameters
        ----------
        rgb : (H, W, 3) uint8, contiguous or read backwards out of BGR.
        clock : called with ``"track"`` or ``"detect"`` at the end of each such piece of work, for timing.

        Returns
        -------
        list of Track, those with ``lost`` above 0 among them: their boxes are where they were last.
        """
        clock = clock or (lambda name: None)
        grey = grey_of(rgb)
        look = _halved(grey, DETECT_SIDE)
        small = _halved(look, FLOW_SIDE)
        if grey.shape != self._shape:
            for track in list(self.tracks):
                self._end(track, "picture size")
            self._shape, self._before, self._since = grey.shape, None, self.every
        scale = np.array([small.shape[1] / grey.shape[1], small.shape[0] / grey.shape[0]])
        for track in self.tracks:
            track.age, track.resumed = track.age + 1, False
        if self._before is not None and self.tracks:
            self._flow(small, scale)
            self._part()
        self._before = small
        clock("track")
        self._since += 1
        torn = any(track.lost for track in self.tracks)
        if self._since >= (max(1, self.every // 3) if torn else self.every):
            self._look(rgb, grey, look, small, scale)
            self._since = 0
            clock("detect")
        for track in list(self.tracks):
            if track.lost > self.lost:
                self._end(track, "lost")
        return sorted(self.tracks, key=lambda track: track.id)

    def _end(self, track: Track, why: str) -> None:
        self.tracks.remove(track)
        self.ended[why] = self.ended.get(why, 0) + 1

    # --- between two looks ------------------------------------------------------------------

    def _flow(self, small: np.ndarray, scale: np.ndarray) -> None:
        """Move every box with what is in it; a torn one stays where it was."""
        cv2 = opencv()
        moving = [track for track in self.tracks if not track._torn]
        for track in self.tracks:
            if track.lost or track._torn:
                track.lost += 1
        if not moving:
            return
        grid = np.stack(np.meshgrid(*[np.linspace(0.5 - INNER / 2, 0.5 + INNER / 2, POINTS)] * 2), axis=-1).reshape(
            -1, 2
        )
        starts = np.concatenate(
            [(np.array(t._place[:2]) + grid * np.array(t._place[2:])) * scale for t in moving]
        ).astype(np.float32)[:, None]
        how = {
            "winSize": (15, 15),
            "maxLevel": 3,
            "criteria": (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03),
        }
        ends, there, _ = cv2.calcOpticalFlowPyrLK(self._before, small, starts, None, **how)
        back, again, _ = cv2.calcOpticalFlowPyrLK(small, self._before, ends, None, **how)
        apart = np.linalg.norm(back - starts, axis=2)[:, 0]
        fine = (there[:, 0] == 1) & (again[:, 0] == 1) & (apart < BACK) & np.isfinite(ends).all(axis=(1, 2))
        for number, track in enumerate(moving):
            part = slice(number * len(grid), (number + 1) * len(grid))
            kept = fine[part]
            if kept.mean() < ENOUGH:
                self._tear(track)
                continue
            before, after = starts[part][kept, 0] / scale, ends[part][kept, 0] / scale
            step = np.median(after - before, axis=0)
            growth = float(np.clip(_spread(after, before), 1 / GROWTH, GROWTH))
            x, y, w, h = track._place
            centre = np.array([x + w / 2, y + h / 2]) + step
            w, h = w * growth, h * growth
            track._put((centre[0] - w / 2, centre[1] - h / 2, w, h))
            high, wide = self._shape
            if (
                not (0 <= centre[0] < wide and 0 <= centre[1] < high)
                or min(w, h) < 8
                or max(w, h) > 4 * max(high, wide)
            ):
                self._end(track, "left the picture")
                continue
            patch = _patch(small, track._place, scale)
            if _alike(patch, track._patch) < ALIKE:
                self._tear(track)
                continue
            track._patch = patch

    def _tear(self, track: Track) -> None:
        track._torn, track.lost = True, max(1, track.lost)

    def _part(self) -> None:
        """End both identities where two boxes cover each other: the next box could be either's.

        Of a lost one and one in view the lost one ends.
        """
        pairs = [(a, b) for k, a in enumerate(self.tracks) for b in self.tracks[k + 1 :] if a.box.overlap(b.box) > SAME]
        for pair in pairs:
            torn = [track for track in pair if track.lost]
            for track in torn or pair:
                if track in self.tracks:
                    self._end(track, "lost" if torn else "crossed")
                    self._since = self.every

    # --- a look -----------------------------------------------------------------------------

    def _look(self, rgb, grey, look, small, scale) -> None:
        self.looks += 1
        found = self._boxes(rgb, grey, look)
        known = list(self.tracks)
        pairs = _assigned([track.box for track in known], found)
        for row, column in pairs.items():
            track, box = known[row], found[column]
            patch = _patch(small, box[:4], scale)
            if track._torn and _alike(patch, track._patch) < AGAIN:
                self._end(track, "another face")
                self._begin(box, patch)
                continue
            track.resumed, track._torn, track.lost = track._torn, False, 0
            track.box = box
            track._put(box[:4])
            track._patch = patch
        for row, track in enumerate(known):
            if row not in pairs and not track.lost:
                track.lost = 1
        for column, box in enumerate(found):
            if column not in pairs.values() and not any(
                box.overlap(track.box) > SAME for track in self.tracks if not track.lost
            ):
                self._begin(box, _patch(small, box[:4], scale))

    def _begin(self, box: Box, patch: np.ndarray) -> None:
        self._ids += 1
        track = Track(self._ids, box, _patch=patch)
        track._put(box[:4])
        self.tracks.append(track)

    def _boxes(self, rgb, grey, look) -> list[Box]:
        """What the detector finds: about each known face, and in the whole picture made smaller."""
        finder, found = self.detector, []
        own = type(finder).detect is not Detector.detect  # somebody's own way to look at a picture
        close = bool(finder.again) and not own
        if close:
            near = [finder.look_again(rgb, track.box, True) for track in self.tracks]
            found = [box for box in near if box is not None]
        if not self.tracks:
            # Nobody is in view: every second look is at more pixels, for smaller faces.
            self._idle += 1
            if self._idle % 2 == 0:
                look = _halved(grey, 2 * DETECT_SIDE)
        picture = look
        if own or (finder.colours and not finder.grey_first):
            colour = contiguous(rgb)
            picture = (
                opencv().resize(colour, look.shape[::-1], interpolation=opencv().INTER_AREA)
                if look.shape != grey.shape
                else colour
            )
        across, down = grey.shape[1] / look.shape[1], grey.shape[0] / look.shape[0]
        for box in cleaned(finder.detect(picture) if own else finder.at_scale(np.ascontiguousarray(picture), False)):
            box = Box(
                round(box.x * across),
                round(box.y * down),
                max(1, round(box.w * across)),
                max(1, round(box.h * down)),
                box.score,
            )
            if any(_one_face(box, other) for other in found):
                continue
            box = (finder.look_again(rgb, box, False) if close else None) or box
            if not any(_one_face(box, other) for other in found):
                found.append(box)
        return cleaned(found)


# --- small geometry -------------------------------------------------------------------------


def _halved(grey: np.ndarray, least: int) -> np.ndarray:
    """A picture, halved while its longer side stays at ``least`` pixels or more; by areas."""
    cv2 = opencv()
    while max(grey.shape) // 2 >= least and min(grey.shape) >= 4:
        grey = cv2.resize(grey, ((grey.shape[1] + 1) // 2, (grey.shape[0] + 1) // 2), interpolation=cv2.INTER_AREA)
    return grey


def _spread(after: np.ndarray, before: np.ndarray) -> float:
    """By which factor points have moved apart: the median over all pairs."""
    first, second = np.triu_indices(len(before), 1)
    was = np.linalg.norm(before[first] - before[second], axis=1)
    now = np.linalg.norm(after[first] - after[second], axis=1)
    return float(np.median(now[was > 0] / was[was > 0])) if (was > 0).any() else 1.0


def _patch(small: np.ndarray, place, scale: np.ndarray) -> np.ndarray:
    """The face as (PATCH, PATCH) numbers of mean 0 and length 1; zeros where there is nothing to see."""
    cv2 = opencv()
    x, y, w, h = place
    across, down = w * scale[0] / PATCH, h * scale[1] / PATCH
    turn = np.array([[across, 0, x * scale[0] + across / 2 - 0.5], [0, down, y * scale[1] + down / 2 - 0.5]])
    made = cv2.warpAffine(
        small, turn, (PATCH, PATCH), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    made -= made.mean()
    size = float(np.linalg.norm(made))
    return made / size if size > 1e-6 else np.zeros_like(made)


def _alike(patch: np.ndarray, other: np.ndarray | None) -> float:
    """The correlation of two patches, -1 to 1."""
    return 1.0 if other is None else float((patch * other).sum())


def _one_face(one: Box, other: Box) -> bool:
    return one.overlap(other) > SAME or one.may_be_same_face(other) or other.may_be_same_face(one)


def _assigned(known: list[Box], found: list[Box]) -> dict[int, int]:
    """Which found box belongs to which known one.

    Of pairs that overlap by more than `SAME`, the assignment with the most overlap in all.
    """
    if not known or not found:
        return {}
    overlaps = np.array([[one.overlap(other) for other in found] for one in known])
    overlaps[overlaps <= SAME] = 0.0  # a weak pair must not take its box from a good one
    rows, columns = linear_sum_assignment(-overlaps)
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if overlaps[row, column] > SAME}
