"""Folders of real faces that a reader brings, as small grey squares with one of seven posed-expression labels."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from pathlib import Path, PurePath

import numpy as np
from tqdm import tqdm

from fer_utils import datasets, faces
from fer_utils.core import provenance, stages
from fer_utils.core.errors import invalid
from fer_utils.core.labels import canonical
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import home, made_again_if_damaged
from fer_utils.datasets.subjects import SCHEMES
from fer_utils.faces.images import decode
from fer_utils.faces.pixels import grey_of
from fer_utils.synthetic.posed_prototypes import LABELS

#: Pictures whose shorter side is below this are taken to be faces already: no detector searches them.
SMALLEST_PHOTOGRAPH = 100
#: Where the detector finds fewer than this share of the faces, the pictures are taken to be faces already.
FOUND = 0.9
#: Side in pixels of the faces that are read.
SIDE = 48


@dataclass(frozen=True)
class RealSet:
    """Real faces.

    ``images`` (N, SIDE, SIDE) uint8 grey; ``labels`` (N,) numbers of `LABELS`; ``people`` (N,) who is seen, ``""``
    where nobody knows; ``left_out`` counts what was not read, by its reason; ``detector`` is ``dlib``, or ``whole``
    where the pictures were taken to be faces already.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    left_out: dict[str, int]
    detector: str

    @property
    def fingerprint(self) -> str:
        """Of pixels, labels and people, 64 hexadecimal digits."""
        pixels = hashlib.sha256(np.ascontiguousarray(self.images)).hexdigest()
        return provenance.digest([pixels, self.labels.tolist(), self.people.tolist()])

    @property
    def by_person(self) -> bool:
        """Whether it is known who is seen on every picture, and there are two people or more."""
        return bool((self.people != "").all()) and len(set(self.people)) > 1


def read(name: str, folder: str, *, progress: bool = True) -> RealSet:
    """The faces of a set.

    Parameters
    ----------
    name : ``ravdess`` for RAVDESS's clips; ``kdef``, ``jaffe``, ``ck+`` and ``ck48`` name their people by their own
        schemes; of ``fer2013`` only what lies in a folder ``test`` or is named ``PublicTest`` or ``PrivateTest`` is
        read; any other name is a folder of pictures in folders named by their label.
    folder : where it lies.
    progress : bars on standard error.

    Raises
    ------
    FerError : no picture with one of the seven labels.
    """
    if name == "ravdess":
        clips = datasets.scan("ravdess", folder)
    else:
        clips = datasets.scan("folder", folder, actor=name if name in SCHEMES else None)
    left_out: dict[str, int] = {}
    label = clips["expression"].map(canonical)
    kept = label.isin(LABELS)
    left_out["other label"] = int((~kept).sum())
    if name == "fer2013":
        test = clips["path"].map(_of_fer2013_test)
        left_out["not the test"] = int((kept & ~test).sum())
        kept &= test
    if name == "kdef":
        front = clips["view"].isin(["front", ""])
        left_out["not from the front"] = int((kept & ~front).sum())
        kept &= front
    clips = clips[kept].reset_index(drop=True)
    if not len(clips):
        raise invalid("real", expected=f"a folder with faces of {', '.join(LABELS)}", received=str(folder))
    numbers = clips["expression"].map(canonical).map({label: number for number, label in enumerate(LABELS)})
    if name != "ravdess" and _small(clips):
        return _as_they_are(name, clips, numbers, left_out, progress)
    found = _detected(name, clips, progress)
    if name != "ravdess" and found.meta["clip"].nunique() < FOUND * len(clips):
        return _as_they_are(name, clips, numbers, left_out, progress)
    left_out["no face"] = len(clips) - int(found.meta["clip"].nunique())
    place = dict(zip(clips["clip"], numbers, strict=True))
    return RealSet(
        name,
        np.asarray(found.images[:, :, :, 0]),
        found.meta["clip"].map(place).to_numpy(np.int64),
        found.meta["actor"].fillna("").astype(str).to_numpy(),
        {reason: count for reason, count in left_out.items() if count},
        "dlib",
    )


def _of_fer2013_test(path: str) -> bool:
    parts = PurePath(path)
    return parts.name.startswith(("PublicTest", "PrivateTest")) or "test" in (part.lower() for part in parts.parts[:-1])


def _small(clips) -> bool:
    """Whether the pictures are as small as faces that somebody has cut out, by the middle one of eleven."""
    chosen = np.linspace(0, len(clips) - 1, min(11, len(clips))).astype(int)
    sides = [min(image.shape[:2]) for image in map(_grey, clips["path"].iloc[chosen]) if image is not None]
    return bool(sides) and float(np.median(sides)) < SMALLEST_PHOTOGRAPH


def _grey(path: str) -> np.ndarray | None:
    """A picture as (H, W) uint8, None for a file that is none."""
    try:
        rgb = decode(Path(path).read_bytes()).rgb
    except OSError:
        return None
    return None if rgb is None else grey_of(rgb)


def _as_they_are(name: str, clips, numbers, left_out: dict[str, int], progress: bool) -> RealSet:
    """Every picture is a face: scaled to `SIDE` and nothing else."""
    cv2 = opencv()
    images, rows = [], []
    for row, path in enumerate(tqdm(clips["path"], desc=f"reading {name}", unit="picture", disable=not progress)):
        grey = _grey(path)
        if grey is None:
            left_out["unreadable"] = left_out.get("unreadable", 0) + 1
            continue
        shrinks = min(grey.shape) >= SIDE
        images.append(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
        rows.append(row)
    return RealSet(
        name,
        np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8),
        numbers.iloc[rows].to_numpy(np.int64),
        clips["actor"].iloc[rows].fillna("").astype(str).to_numpy(),
        {reason: count for reason, count in left_out.items() if count},
        "whole",
    )


def _detected(name: str, clips, progress: bool) -> faces.FaceSet:
    """The faces that dlib's detector finds; kept in the store, for it takes a while."""
    made_from = [name, sorted(clips["path"].tolist()), stages.versions(["datasets", "faces"])]
    place = home() / "real_sets" / provenance.digest(made_from)[:16]
    return made_again_if_damaged(
        place, lambda: faces.prepare(clips, place, frames=6, size=SIDE, workers=1, progress=progress)
    )
