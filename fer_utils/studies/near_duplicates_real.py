"""How many near-duplicates of real pictures are found, and how many pairs of different people are called the same.

    python -m fer_utils study near_duplicates_real --store \\
        --real ck48=FOLDER --real fer2013=FOLDER --real ravdess=FOLDER

It asks `fer_utils.splits.near_duplicates` of three real sets, which are not part of this project, and of drawn people:

- CK+48: the frames of one sequence are to be found, and no pair of two people;
- RAVDESS: the same frame of twin clips (audio-video and video-only), with the boxes of two detectors;
- FER2013: copies by the byte, and copies that are altered here in known ways.  Which other pairs show one picture
  nobody has written down: they are counted, and a person must look at them;
- every picture of each real set beside every picture of the others: there nobody is in two sets, so these are tens of
  millions of pairs of two people (unless one set took a picture from another: what is found must be looked at);
- drawn people cut out at one place, who are more alike than real ones.

Each set is divided in halves by people (CK+48), by performances (RAVDESS) or by pictures (FER2013).  The limit may be
chosen on the half ``chosen``; what is stated is of the half ``stated``, and for pairs of different people of all pairs
that are not within ``chosen``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import io
from pathlib import Path
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm import tqdm

from fer_utils import datasets, faces, metrics, splits, studio
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.splits import near_duplicates

TITLE = "Are near-duplicates of real pictures found, and nobody else?"
HEADLINE = True
#: The real sets that it needs; `fer_utils.studies.run` takes their folders as ``real``.
REAL_SETS: tuple[str, ...] = ("ck48", "fer2013", "ravdess")

#: Limits that are compared, and the least likeness that is looked at.
LIMITS: tuple[float, ...] = (0.92, 0.94, 0.95, 0.96, 0.97)
LOOKED_AT = 0.9
#: How many pictures are altered in each way, and how many people are drawn, by tier.
SIZES: dict[str, tuple[int, int]] = {"smoke": (20, 8), "class": (1000, 290), "full": (5000, 290)}
DETECTORS: tuple[str, ...] = ("dlib", "haar")
#: The first drawn person: the limit was chosen with others.
FIRST_PERSON = 1000
#: Action units of five faces that are told apart at a glance, and where a drawn face lies in 256 x 256 pixels.
EXPRESSIONS: dict[str, dict[int, float]] = {
    "neutral": {},
    "happy": {12: 0.8, 6: 0.6},
    "surprised": {1: 0.8, 2: 0.8, 5: 0.5, 26: 0.7},
    "angry": {4: 0.8, 7: 0.6, 23: 0.6},
    "sad": {1: 0.7, 4: 0.4, 15: 0.7},
}
_BOX = faces.Box(62, 70, 132, 132, 0)
#: Side of CK+48's and FER2013's pictures, in pixels.
SIDE = 48
#: Splits by frame of CK+48 as a plain folder, one a seed.
SPLITS = 5


# --- copies that are altered in known ways --------------------------------------------------


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


def _moved(image: Image.Image, right: int, down: int) -> Image.Image:
    """Moved; what comes in at the edge repeats the outermost pixels."""
    pixels = np.pad(np.asarray(image), 8, mode="edge")
    height, width = np.asarray(image).shape
    return Image.fromarray(pixels[8 - down : 8 - down + height, 8 - right : 8 - right + width])


def _larger(image: Image.Image, share: float) -> Image.Image:
    """What a box that is smaller by ``share`` cuts out, at the old size."""
    off = share / 2 * image.width, share / 2 * image.height
    box = (off[0], off[1], image.width - off[0], image.height - off[1])
    return image.resize(image.size, Image.Resampling.BILINEAR, box=box)


def _bent(image: Image.Image, gamma: float) -> Image.Image:
    return image.point([round(255 * (level / 255) ** gamma) for level in range(256)])


def _noisy(image: Image.Image, spread: float) -> Image.Image:
    pixels = np.asarray(image)
    noise = np.random.default_rng(pixels.sum(dtype=np.int64)).normal(0, spread, pixels.shape)
    return Image.fromarray(np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8))


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 30": lambda image: _jpeg(image, 30),
    "JPEG of quality 10": lambda image: _jpeg(image, 10),
    "noise of 5 grey levels": lambda image: _noisy(image, 5),
    "a fifth less contrast, 10 levels lighter": lambda image: image.point([int(0.8 * k + 10) for k in range(256)]),
    "gamma of 0.6": lambda image: _bent(image, 0.6),
    "gamma of 1.6": lambda image: _bent(image, 1.6),
    "histogram equalised": ImageOps.equalize,
    "mirrored": ImageOps.mirror,
    "mirrored, and JPEG of quality 30": lambda image: _jpeg(ImageOps.mirror(image), 30),
    "moved by 1 pixel of 48": lambda image: _moved(image, 1, 0),
    "moved by 2 pixels of 48 in both directions": lambda image: _moved(image, -2, 2),
    "moved by 4 pixels of 48": lambda image: _moved(image, 0, -4),
    "cut out by a box 6 % smaller": lambda image: _larger(image, 0.06),
    "cut out by a box 12 % smaller": lambda image: _larger(image, 0.12),
    "turned by 3 degrees": lambda image: image.rotate(3, Image.Resampling.BILINEAR),
}


# --- the answer -----------------------------------------------------------------------------


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    real: Mapping[str, str] | None = None,
    altered: int | None = None,
    people: int | None = None,
) -> dict:
    """Measure recall and false alarms on the real sets under ``real``.

    Parameters
    ----------
    tier : how many pictures are altered and how many people are drawn: see `SIZES`.
    real : ``ck48``, ``fer2013``, ``ravdess`` -> folder; any of them, at least one.
    altered, people : None for the tier's own numbers; 1 and 2 at least.

    Returns
    -------
    dict with ``limit`` (`fer_utils.splits.near_duplicates.LEAST_LIKENESS`); ``recall``, one row a kind of pairs and
    half, and ``others``, one row a kind of pairs that are not the same.  A row has ``set``, ``kind``, ``half``,
    ``pairs``, ``found`` (at the limit), ``share``, ``highest`` or ``lowest`` (likeness; None where that is below 0.9),
    and ``by_limit`` (limit -> found); pairs of ``pictures of two sets`` have both sets' names as ``set``; of CK+48's
    sequences also ``interval``, of the share over people (`fer_utils.metrics.average`). Besides, of CK+48
    ``frame_splits`` (as a plain folder split by frame: by seed the share of the test rows whose sequence is in
    training, and the share with a near-duplicate there), and of FER2013 ``pictures``, ``pairs``, ``identical``,
    ``alike`` (by limit the pairs that are nearly equal and not identical), and ``fer2013_seconds`` that the search
    took.

    Raises
    ------
    FerError : no folder, or a set that is not asked about.
    """
    if not real or set(real) - set(REAL_SETS):
        raise invalid(
            "real",
            expected=f"folders by data set, of {', '.join(REAL_SETS)}",
            received=real and sorted(real),
            remedy="They are given as --real ck48=FOLDER.",
        )
    many, drawn = SIZES[tier]
    many = many if altered is None else whole_number("altered", altered, 1)
    drawn = drawn if people is None else whole_number("people", people, 2)
    found: dict[str, Any] = {"limit": near_duplicates.LEAST_LIKENESS, "recall": [], "others": []}
    for name, ask in (("ck48", _ck48), ("ravdess", _ravdess), ("fer2013", _fer2013)):
        if name in real:
            _collect(found, name, ask(real[name], many, progress))
    _collect(found, "drawn", _drawn(drawn, progress))
    found["others"] += _two_sets(real, progress)
    return found


def _collect(found: dict, name: str, part: dict) -> None:
    for kind in ("recall", "others"):
        found[kind] += [{"set": name, **row} for row in part.pop(kind, [])]
    found |= part


@stage("study.near_duplicates_real")
def _ck48(folder: str, many: int, progress: bool) -> dict:
    """Pairs of one sequence, of one person's other sequences, and of two people; halves by people."""
    clips = datasets.scan("folder", folder, actor="ck48")
    images = _read(clips["path"], progress)
    who, sequence = clips["actor"].to_numpy(), clips["performance"].to_numpy()
    pairs = near_duplicates.find(images, least=LOOKED_AT, progress=progress)
    chosen = np.isin(who, np.unique(who)[::2])
    first, second = np.triu_indices(len(who), 1)
    same = sequence[first] == sequence[second]
    person = (who[first] == who[second]) & ~same
    likeness = _likeness_of(pairs, first, second, len(who))
    within = chosen[first] & chosen[second]
    recall = [
        _row("frames of one sequence", half, likeness[same & of], lowest=True)
        | {"interval": metrics.average(likeness[same & of] >= near_duplicates.LEAST_LIKENESS, who[first[same & of]])}
        for half, of in (("chosen", within), ("stated", ~within))
    ]
    others = [
        _row(kind, half, likeness[kinds & of])
        for kind, kinds in (("two people", who[first] != who[second]), ("one person, another sequence", person))
        for half, of in (("chosen", within), ("stated", ~within))
    ]
    plain = datasets.scan("folder", folder)
    assert list(plain["path"]) == list(clips["path"])
    shares = []
    for seed in range(SPLITS):
        train, test = splits.split(plain, "frame", 0.2, seed)
        by_name = np.isin(sequence[test], sequence[train]).mean()
        report = splits.leakage(plain, train, test, images=images, near=True, progress=progress)
        near, unknown = report.loc["near image", "share"], report.loc["performance", "unknown"]
        shares.append({"seed": seed, "by_name": float(by_name), "by_picture": float(near), "unknown": int(unknown)})
    return {"recall": recall, "others": others, "frame_splits": shares}


@stage("study.near_duplicates_real")
def _ravdess(folder: str, many: int, progress: bool) -> dict:
    """The same frame of twin clips, with two detectors; and one man's other performances; halves by performances."""
    recall, others = [], []
    for detector in DETECTORS:
        images, meta = _frames(folder, detector, progress)
        pairs = near_duplicates.find(images, least=LOOKED_AT, progress=progress)
        act, frame = meta["performance"].to_numpy(), meta["frame_index"].to_numpy()
        clip = meta["clip"].to_numpy()
        box = meta[["box_x", "box_y", "box_w"]].to_numpy()
        first, second = np.triu_indices(len(meta), 1)
        likeness = _likeness_of(pairs, first, second, len(meta))
        twins = (act[first] == act[second]) & (frame[first] == frame[second]) & (clip[first] != clip[second])
        chosen = act[first] == min(act[first[twins]], default="")
        other_box = (box[first] != box[second]).any(axis=1)
        for half, of in (("chosen", chosen), ("stated", ~chosen)):
            kind = f"twin frames, {detector}'s boxes"
            recall.append(_row(kind, half, likeness[twins & of], lowest=True))
            recall.append(_row(f"{kind}, those that differ", half, likeness[twins & of & other_box], lowest=True))
        others.append(
            _row(f"one man, another performance, {detector}'s boxes", "all", likeness[act[first] != act[second]])
        )
    return {"recall": recall, "others": others}


@stage("study.near_duplicates_real")
def _fer2013(folder: str, many: int, progress: bool) -> dict:
    """Copies by the byte, altered copies, and what else is alike; halves by pictures."""
    clips = datasets.scan("folder", folder)
    images = _read(clips["path"], progress)
    seen = near_duplicates.looks(images, progress=progress)
    with _Clock() as clock:
        pairs = near_duplicates.find(seen, least=LOOKED_AT, progress=progress)
    copies = pd.Series(seen.digests).duplicated().sum()
    identical = pairs["identical"].to_numpy()
    assert identical.sum() == copies
    rng = np.random.default_rng(0)
    _, once = np.unique(seen.digests, return_index=True)
    order = rng.permutation(np.sort(once))
    halves = {"chosen": order[: len(order) // 2], "stated": order[len(order) // 2 :]}
    recall = [_row("copies by the byte", "all", np.ones(copies), lowest=True)]
    for name, alter in ALTERED.items():
        for half, rows in halves.items():
            some = images[np.sort(rows[:many])]
            changed = np.stack([np.asarray(alter(Image.fromarray(image))) for image in some])
            both = near_duplicates.find(np.concatenate([some, changed]), least=LOOKED_AT, progress=False)
            own = np.arange(len(some))
            likeness = _likeness_of(both, own, own + len(some), 2 * len(some))
            recall.append(_row(name, half, likeness, lowest=True))
    alike = pairs["likeness"].to_numpy()[~identical]
    return {
        "recall": recall,
        "pictures": len(images),
        "pairs": len(images) * (len(images) - 1) // 2,
        "identical": int(copies),
        "alike": _by_limit(alike),
        "fer2013_seconds": round(clock.seconds, 1),
    }


@stage("study.near_duplicates_real")
def _drawn(people: int, progress: bool) -> dict:
    """Drawn people with five expressions each, cut out at one place: aligned as tightly as faces can be."""
    images, who = [], []
    for number in tqdm(range(FIRST_PERSON, FIRST_PERSON + people), desc="drawing", disable=not progress):
        person = studio.person(number)
        for units in EXPRESSIONS.values():
            images.append(faces.crop(studio.draw(person, units, size=256), _BOX, size=180))
            who.append(number)
    pairs = near_duplicates.find(np.stack(images), least=LOOKED_AT, progress=progress)
    first, second = np.triu_indices(len(who), 1)
    likeness = _likeness_of(pairs, first, second, len(who))
    same = np.array(who)[first] == np.array(who)[second]
    return {
        "others": [
            _row("two people", "all", likeness[~same]),
            _row("one person, another expression and nothing else", "all", likeness[same]),
        ]
    }


@stage("study.near_duplicates_real")
def _two_sets(real: Mapping[str, str], progress: bool) -> list[dict]:
    """Pairs of which each picture is of another set: a row a pair of sets, named ``one and other``."""
    if len(real) < 2:
        return []
    names = sorted(real)
    pictures = [_pictures_of(name, real[name], progress) for name in names]
    pairs = near_duplicates.find(np.concatenate(pictures), least=LOOKED_AT, progress=progress)
    set_of = np.repeat(np.arange(len(names)), [len(some) for some in pictures])
    first, second = set_of[pairs["first"]], set_of[pairs["second"]]
    rows = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            # Only what is nearly alike is listed; of the others it is enough to know how many they are.
            alike = pairs["likeness"].to_numpy()[(first == one) & (second == other)]
            row = _row("pictures of two sets", "all", alike)
            many = len(pictures[one]) * len(pictures[other])
            row |= {"pairs": many, "share": row["found"] / many}
            rows.append({"set": f"{names[one]} and {names[other]}", **row})
    return rows


def _pictures_of(name: str, folder: str, progress: bool) -> np.ndarray:
    """The set's faces in grey, 48 x 48 pixels: (N, 48, 48) uint8."""
    if name != "ravdess":
        return _read(datasets.scan("folder", folder)["path"], progress)
    images, _ = _frames(folder, DETECTORS[0], progress)
    return faces.resize(images, SIDE, progress=False)[..., 0]


def _frames(folder: str, detector: str, progress: bool) -> tuple[np.ndarray, pd.DataFrame]:
    """The faces of every frame of RAVDESS' clips, (N, side, side, 1) uint8, and their table."""
    clips = datasets.scan("ravdess", folder)
    with tempfile.TemporaryDirectory() as place:
        made = faces.prepare(
            clips, Path(place) / "faces", sampling="all", detector=detector, workers=1, progress=progress
        )
        return np.array(made.images), made.meta


# --- pairs ----------------------------------------------------------------------------------


class _Clock:
    """The seconds that a block takes."""

    seconds = 0.0

    def __enter__(self):
        self._began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._began


def _read(paths, progress: bool) -> np.ndarray:
    """Grey pictures of one size, (N, height, width) uint8."""
    return np.stack([_grey(path) for path in tqdm(paths, disable=not progress)])


def _grey(path: str) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"))
    except (OSError, ValueError) as error:
        raise invalid(
            "real",
            expected="pictures that can be opened: the numbers of this study are of whole sets",
            received=f"{path} ({error})",
            remedy="Take the file from the set's archive again.",
        ) from error


def _likeness_of(pairs: pd.DataFrame, first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
    """The likeness of each pair first < second of ``count`` pictures; 0 for one that was not found."""
    found = pd.Series(
        pairs["likeness"].to_numpy(), index=pairs["first"].to_numpy() * count + pairs["second"].to_numpy()
    )
    return found.reindex(first * count + second, fill_value=0.0).to_numpy()


def _row(kind: str, half: str, likeness: np.ndarray, lowest: bool = False) -> dict:
    found = int((likeness >= near_duplicates.LEAST_LIKENESS).sum())
    end = (likeness.min() if lowest else likeness.max()) if len(likeness) else 0.0
    return {
        "kind": kind,
        "half": half,
        "pairs": len(likeness),
        "found": found,
        "share": found / len(likeness) if len(likeness) else None,
        "lowest" if lowest else "highest": round(float(end), 4) if end else None,
        "by_limit": _by_limit(likeness),
    }


def _by_limit(likeness: np.ndarray) -> dict[str, int]:
    return {f"{limit:g}": int((likeness >= limit).sum()) for limit in LIMITS}
