"""The truth that heat maps are scored against: where a drawn face moves.

A drawn film knows for every frame which action units were drawn and where the 68
landmarks lie.  `regions` makes of both a mask: the places on the face that the
units move which that frame shows beyond the actor's own neutral clips.  What
muscle moves what is the Facial Action Coding System's (Ekman, Friesen & Hager
2002); the outlines, from landmarks, are our own and coarse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import io
import os
from types import MappingProxyType

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import expanded
from fer_utils.core.stages import stage
from fer_utils.faces import Box, FaceSet, points_in_crop
from fer_utils.studio import ACTION_UNITS, writing

#: Action unit -> the parts of the face that it moves: brows and the forehead above them (1, 2, 4), lids (5, 7, 43, 45),
#: the cheek's top and the lids (6), the nose (9), the nose's wings and the upper lip (10), lips and cheeks (12, 14),
#: lips (15, 18, 20, 23 to 25), lips and chin (16, 17, 26, 27).
PARTS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        1: ("brow",),
        2: ("brow",),
        4: ("brow",),
        5: ("eye",),
        6: ("eye", "cheek"),
        7: ("eye",),
        9: ("nose",),
        10: ("nose", "mouth"),
        12: ("mouth", "cheek"),
        14: ("mouth", "cheek"),
        15: ("mouth",),
        16: ("mouth", "chin"),
        17: ("mouth", "chin"),
        18: ("mouth",),
        20: ("mouth",),
        23: ("mouth",),
        24: ("mouth",),
        25: ("mouth",),
        26: ("mouth", "chin"),
        27: ("mouth", "chin"),
        43: ("eye",),
        45: ("eye",),
    }
)
#: Part -> iBUG's points whose convex hull it is, on the person's right and left; nose, mouth and chin have one hull.
POINTS: Mapping[str, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {
        "brow": ((17, 18, 19, 20, 21), (22, 23, 24, 25, 26)),
        "eye": (tuple(range(36, 42)), tuple(range(42, 48))),
        "cheek": ((36, 41, 40, 39, 31, 48), (45, 46, 47, 42, 35, 54)),
        "nose": (tuple(range(27, 36)),),
        "mouth": (tuple(range(48, 68)),),
        "chin": ((48, 54, 55, 56, 57, 58, 59, 6, 7, 8, 9, 10),),
    }
)
#: How far the forehead reaches above the brows, as a share of the distance of the eyes' outer corners.
FOREHEAD = 0.30
#: How far every hull is widened, as a share of the same distance.
WIDENED = 0.06
#: A unit counts from so much above the most that the actor's neutral clips show; intensities go from 0 to 1.
LEAST = 0.25


@dataclass(frozen=True)
class Regions:
    """Masks for some rows of a face set.

    ``masks`` (N, H, W) bool; ``units``, for each row the action units that count, and ``empty``, the
    positions (of N) of rows without any: their masks are empty, and nothing can be scored on them.
    """

    masks: np.ndarray
    units: tuple[tuple[int, ...], ...]
    empty: tuple[int, ...]

    def __repr__(self) -> str:
        area = self.masks.mean(axis=(1, 2))
        some = (
            f"; the others cover {100 * area[area > 0].mean():.0f} % of the picture on average"
            if (area > 0).any()
            else ""
        )
        return f"Regions({len(self.masks)} rows, {len(self.empty)} of them without a region{some})"


@stage("region_masks")
def regions(
    face_set: FaceSet,
    truth: str | os.PathLike,
    rows: Sequence[int],
    *,
    least: float = LEAST,
    size: int | None = None,
    margin: float | None = None,
) -> Regions:
    """Where the action units that were drawn move the face.

    A unit counts on a side of the face where its intensity in that frame is more than ``least`` above the
    most that the same actor's neutral clips show of it (0 where the film has none of that actor): so neither
    words nor blinks nor a face that smiles at rest count, and neutral rows have no region.

    Parameters
    ----------
    face_set : faces of a drawn film, not aligned.
    truth : the film's folder ``truth``, or the film's root.
    rows : row positions.
    least : 0 to 1.
    size : side of the masks in pixels; None for that of the faces.
    margin : of the crops; None for what the face set's manifest says, and 0 where it says nothing.

    Raises
    ------
    FerError : no truth there, clips that it does not know, rows out of range, aligned faces.
    """
    cv2 = opencv()
    if isinstance(least, bool) or not isinstance(least, (int, float)) or not 0 <= least <= 1:
        raise invalid("least", expected="a number from 0 to 1", received=least)
    table = _Truth(truth)
    rows = _rows(rows, len(face_set))
    marks = landmarks(face_set, truth, rows, size=size, margin=margin)
    side = size or face_set.images.shape[1]
    masks, moved = np.zeros((len(rows), side, side), np.uint8), []
    for mask, points, row in zip(masks, marks, face_set.meta.iloc[rows].itertuples(), strict=True):
        shown = table.frames(row.clip)["action_units"][row.frame_index] > table.neutral(row.actor) + least  # (2, 22)
        unit = np.hypot(*(points[45] - points[36]))
        for part, side_number in _parts_moved(shown):
            outline = _outline(part, side_number, points, unit)
            cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 1)
        radius = max(1, round(WIDENED * unit))
        mask[:] = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))
        moved.append(tuple(number for number, sides in zip(ACTION_UNITS, shown.T, strict=True) if sides.any()))
    return Regions(masks.astype(bool), tuple(moved), tuple(k for k, units in enumerate(moved) if not units))


def _parts_moved(shown: np.ndarray) -> set[tuple[str, int]]:
    """The parts of the face that the shown units, (2, 22) bool, move: (part, its number among the part's sides)."""
    moved = set()
    for number, sides in zip(ACTION_UNITS, shown.T, strict=True):
        for part in PARTS[number]:
            if len(POINTS[part]) == 2:
                moved |= {(part, side) for side in (0, 1) if sides[side]}
            elif sides.any():
                moved.add((part, 0))
    return moved


def _outline(part: str, side: int, points: np.ndarray, unit: float) -> np.ndarray:
    cv2 = opencv()
    hull = points[list(POINTS[part][side])]
    if part == "brow":
        across = points[45] - points[36]
        up = np.array([across[1], -across[0]]) / max(np.hypot(*across), 1e-9)
        root = points[27]  # between the brows, where AU 4 folds the skin
        hull = np.concatenate([hull, hull + FOREHEAD * unit * up, [root, root + FOREHEAD * unit * up]])
    return cv2.convexHull(hull.astype(np.float32))[:, 0]


@stage("region_masks")
def landmarks(
    face_set: FaceSet,
    truth: str | os.PathLike,
    rows: Sequence[int],
    *,
    size: int | None = None,
    margin: float | None = None,
) -> np.ndarray:
    """The drawn landmarks of some rows.

    Parameters are those of `regions`.  Returns (N, 68, 2) float64, in pixels of the crops, as
    `fer_utils.faces.points_in_crop` gives them.
    """
    config = face_set.manifest.get("config", {})
    if config.get("align"):
        raise invalid(
            "face_set",
            expected="faces that were not turned upright",
            received="align=True",
            remedy="Where a turned face was is not stored. Prepare the clips without align.",
        )
    table, rows = _Truth(truth), _rows(rows, len(face_set))
    margin = config.get("margin", 0.0) if margin is None else margin
    made = [
        points_in_crop(
            table.frames(row.clip)["landmarks"][row.frame_index],
            Box(row.box_x, row.box_y, row.box_w, row.box_h, row.score),
            size=size or face_set.images.shape[1],
            margin=margin,
        )
        for row in face_set.meta.iloc[rows].itertuples()
    ]
    return np.array(made, np.float64).reshape(-1, 68, 2)


@stage("region_masks")
def apexes(face_set: FaceSet, truth: str | os.PathLike, rows: Sequence[int]) -> np.ndarray:
    """Of each clip among the rows the one whose frame shows the expression most, by the truth's ``apex``.

    Returns row positions, ascending.
    """
    table, best = _Truth(truth), {}
    rows = _rows(rows, len(face_set))
    for position, row in zip(rows, face_set.meta.iloc[rows].itertuples(), strict=True):
        how_far = float(table.frames(row.clip)["apex"][row.frame_index])
        if row.clip not in best or how_far > best[row.clip][0]:
            best[row.clip] = how_far, int(position)
    return np.array(sorted(position for _, position in best.values()))


class _Truth:
    """The truth of a film, read clip by clip and kept."""

    def __init__(self, folder):
        if not isinstance(folder, (str, os.PathLike)):
            raise invalid("truth", expected="the folder `truth` of a drawn film", received=folder)
        folder = expanded(folder)
        folder = folder if (folder / "clips.csv").is_file() else folder / "truth"
        if not (folder / "clips.csv").is_file():
            raise invalid(
                "truth",
                expected="the folder `truth` of a drawn film",
                received=str(folder.parent),
                remedy="Only drawn people have one: fer_utils.synthetic.stand_ins.truth('ravdess', tier=...) says "
                "where.",
            )
        self.folder = folder
        self._manifest = writing.read_manifest(folder) if (folder / "manifest.json").is_file() else {}
        self._frames: dict[str, dict[str, np.ndarray]] = {}
        self._neutral: dict[str, np.ndarray] = {}
        self._clips: pd.DataFrame | None = None

    def clips(self):
        if self._clips is None:
            table = io.BytesIO(writing.read_truth(self.folder, "clips.csv", self._manifest))
            self._clips = pd.read_csv(table, dtype="str", keep_default_na=False)
        return self._clips

    def frames(self, clip: str) -> dict[str, np.ndarray]:
        if clip not in self._frames:
            file = (self.folder / "frames" / clip).with_suffix(".npz")
            if not file.is_file():
                raise invalid("face_set", expected=f"clips of the film at {self.folder.parent}", received=clip)
            name = file.relative_to(self.folder).as_posix()
            with np.load(io.BytesIO(writing.read_truth(self.folder, name, self._manifest))) as stored:
                self._frames[clip] = {name: stored[name] for name in ("action_units", "landmarks", "apex")}
        return self._frames[clip]

    def neutral(self, actor: str) -> np.ndarray:
        """The most that an actor's neutral clips show of each unit, (2, 22)."""
        if actor not in self._neutral:
            table = self.clips()
            clips = table["clip"][(table["actor"] == actor) & (table["true_expression"] == "neutral")]
            most = [self.frames(clip)["action_units"].max(axis=0) for clip in clips]
            self._neutral[actor] = np.max(most, axis=0) if most else np.zeros((2, len(ACTION_UNITS)))
        return self._neutral[actor]


def _rows(rows, count: int) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= count:
        raise invalid("rows", expected=f"row positions from 0 to {count - 1}", received=rows)
    return rows
