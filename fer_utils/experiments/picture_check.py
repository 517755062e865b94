"""Whether test pictures have near-duplicates in training, asked where names do not tell which pictures belong together.

A split by clip or performance goes by names.  In a plain folder of pictures each file is its own clip and its own
performance, so such a split can put two pictures of one moment on both sides and the names say that nothing leaked.
There the pictures themselves are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
import time

import numpy as np
import pandas as pd

from fer_utils import faces, splits
from fer_utils.core.errors import FerError, invalid
from fer_utils.experiments.config import Experiment
from fer_utils.experiments.result import Result

#: The levels of `fer_utils.splits.leakage` that this adds.
LEVELS: tuple[str, ...] = ("image", "near image")


@dataclass(frozen=True)
class PictureCheck:
    """What comparing the pictures of both sides found.

    ``shares`` of the test rows that have an equal (``image``) or a nearly equal picture (``near image``) in training,
    0 to 1; ``seconds`` what it cost, by the clock; ``pictures`` how many were compared.
    """

    shares: dict[str, float]
    seconds: float
    pictures: int

    def cost(self) -> dict:
        """What is stored of it beside the shares."""
        return {"seconds": self.seconds, "pictures": self.pictures}

    def __str__(self) -> str:
        return (
            f"{100 * self.shares['near image']:.1f} % of the test pictures have a near-duplicate in training "
            f"({self.pictures:,} pictures, compared in {self.seconds:.1f} s)"
        )


def check_argument(check: bool | None) -> None:
    """FerError for what is neither True nor False nor None."""
    if check is not None and not isinstance(check, bool):
        raise invalid("check_pictures", expected="True, False or None", received=check)


def wanted(meta: pd.DataFrame, check: bool | None) -> bool:
    """Whether to compare pictures: as ``check`` says; with None where some row's performance is unknown."""
    return bool(splits.unknown_performances(meta).any()) if check is None else check


def check_pictures(
    meta: pd.DataFrame, images: np.ndarray, train: np.ndarray, test: np.ndarray, *, progress: bool = True
) -> PictureCheck:
    """Compare the pictures of both sides of a split, as `fer_utils.splits.near_duplicates` does; row positions."""
    began = time.monotonic()
    found = splits.leakage(meta, train, test, images=images, near=True, progress=progress)
    shares = found["share"].to_dict()
    return PictureCheck(
        {level: float(shares[level]) for level in LEVELS}, round(time.monotonic() - began, 2), len(meta)
    )


def check_result(result: Result, *, check: bool | None = None, progress: bool = True) -> PictureCheck | None:
    """The picture check of a stored result: what is stored with it, else made now on its face set.

    Parameters
    ----------
    check : None, where the performances of the set are unknown; True, for any set; False, never.

    Returns
    -------
    PictureCheck, or None where it is not wanted.

    Raises
    ------
    FerError : the face set is not where it was at training, or is another one.
    """
    stored = result.split.get("picture_check")
    if stored is not None and check is not False:
        shares = {level: result.split["leaked_share"][level] for level in LEVELS}
        return PictureCheck(shares, stored["seconds"], stored["pictures"])
    folder = result.experiment["data"].get("face_set")
    if check is False or (check is None and folder is None):  # drawn stand-ins, and clips whose names are read
        return None
    experiment = Experiment.from_configuration(result.experiment)
    face_set = experiment.data.load(progress) if folder is None else faces.FaceSet.load(folder, progress=progress)
    if not wanted(face_set.meta, check):
        return None
    train, test = experiment.split.rows(face_set.meta)
    same = np.array_equal(test, result.predictions["row"]) and np.array_equal(
        face_set.meta["clip"].to_numpy()[test], result.predictions["clip"]
    )
    if not same:
        raise FerError(f"{face_set.path} holds other faces than those that {result.path} was trained on.")
    met = np.union1d(train, experiment.split.validation_rows(face_set.meta))
    return check_pictures(face_set.meta, face_set.images, met, test, progress=progress)
