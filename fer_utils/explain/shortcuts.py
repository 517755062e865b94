"""Planted shortcuts: faces that carry a mark for their label, and how a network that relies on it is caught.

A network may learn what goes with a label instead of the face: a logo, a
studio's light, markers.  Geirhos et al. 2020 (doi 10.1038/s42256-020-00257-z)
call that shortcut learning.  Here the mark is planted, so that its place is
known: `plant` makes a face set with it, `shortcut_mask` says where it is, and
`caught` decides, by two kinds of evidence.  The map says where the network
looks; the counterfactual (the same face without the mark, and with another
label's mark) says what its answer hangs on.
"""

from __future__ import annotations

from collections.abc import Sequence
import os

import numpy as np

from fer_utils import metrics
from fer_utils.core import labels
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.explain.heat_maps import ask
from fer_utils.explain.scoring import scored
from fer_utils.faces import FaceSet

#: ``corner``: a square in the upper left whose grey level is the label's.  ``dots``: spots as SAVEE's speakers wore
#: them, but painted on the picture at fixed places; how many there are is the label's number plus one.
KINDS: tuple[str, ...] = ("corner", "dots")
#: The square: its side, and its distance from the edges, as shares of the picture's side.
SIDE, INSET = 0.10, 0.02
#: The spots: radius of the dark disc and of the light ring about it, and their grey levels.
RADII, LEVELS = (0.018, 0.028), (20, 235)
#: Where spots are painted, one after the other (x, y): forehead, cheeks, chin; for more labels there are more.
PLACES: tuple[tuple[float, float], ...] = (
    (0.50, 0.08),
    (0.30, 0.10),
    (0.70, 0.10),
    (0.22, 0.52),
    (0.78, 0.52),
    (0.28, 0.68),
    (0.72, 0.68),
    (0.50, 0.94),
    (0.36, 0.90),
    (0.64, 0.90),
)
#: `caught`: attribution on the mark is a suspicion from this lift on; a loss of accuracy from this share on is a proof.
#:  Both are asked of the lower end of the interval over people, and were set before any network was looked at.
LIFT, DROP = 2.0, 0.05


@stage("shortcuts")
def shortcut_mask(kind: str, size: int = 180, *, classes: int = 8) -> np.ndarray:
    """Where the marks of a kind are in pictures of ``size`` pixels, all labels' together: (size, size) bool."""
    size, classes = whole_number("size", size, 20), _classes(kind, classes)
    mask = np.zeros((size, size), bool)
    if kind == "corner":
        first, side = max(1, round(INSET * size)), round(SIDE * size)
        mask[first : first + side, first : first + side] = True
    else:
        for place in PLACES[:classes]:
            mask |= _disc(place, RADII[1], size)
    return mask


@stage("shortcuts")
def mark(images: np.ndarray, numbers: Sequence[int], kind: str, *, classes: int = 8) -> np.ndarray:
    """Pictures with marks painted on them.

    Parameters
    ----------
    images : (N, S, S) or (N, S, S, 1) uint8; not changed.
    numbers : (N,) whose label's mark each picture gets, 0 to classes - 1.
    kind : one of `KINDS`.
    classes : how many labels there are, 2 or more (at most 10 with ``dots``).

    Returns
    -------
    A new array of the same shape.
    """
    classes = _classes(kind, classes)
    images, numbers = np.array(images), np.asarray(numbers)
    if (
        images.dtype != np.uint8
        or images.ndim not in (3, 4)
        or images.shape[1] != images.shape[2]
        or images.shape[1] < 20
    ):
        raise invalid(
            "images",
            expected="square uint8 pictures of 20 pixels a side or more",
            received=f"{images.dtype} of shape {images.shape}",
        )
    if (
        numbers.shape != (len(images),)
        or numbers.dtype.kind not in "iu"
        or (len(numbers) and (numbers.min() < 0 or numbers.max() >= classes))
    ):
        raise invalid(
            "numbers",
            expected=f"a whole number from 0 to {classes - 1} for each of {len(images)} pictures",
            received=numbers,
        )
    size = images.shape[1]
    if kind == "corner":
        where = shortcut_mask(kind, size, classes=classes)
        levels = np.rint(255 * (numbers + 0.5) / classes).astype(np.uint8)
        images[:, where] = levels[:, None] if images.ndim == 3 else levels[:, None, None]
    else:
        for k, place in enumerate(PLACES[:classes]):
            with_it = np.flatnonzero(numbers >= k)
            for radius, level in ((RADII[1], LEVELS[1]), (RADII[0], LEVELS[0])):
                down, across = np.nonzero(_disc(place, radius, size))
                images[with_it[:, None], down, across] = level
    return images


@stage("shortcuts")
def marks(numbers: Sequence[int], classes: int, *, agreement: float = 1.0, seed: int = 0) -> np.ndarray:
    """Whose mark each row gets: its own label's, or another label's.

    Round(``agreement`` N) rows get their own label's, the rest another one's, at random.
    ``numbers`` (N,) are the rows' labels, 0 to classes - 1; ``agreement`` is from 0 to 1.  Returns (N,) int64.
    """
    classes = whole_number("classes", classes, 2)
    numbers = np.asarray(numbers)
    if (
        numbers.ndim != 1
        or numbers.dtype.kind not in "iu"
        or (len(numbers) and (numbers.min() < 0 or numbers.max() >= classes))
    ):
        raise invalid("numbers", expected=f"whole numbers from 0 to {classes - 1}, shape (N,)", received=numbers)
    if isinstance(agreement, bool) or not isinstance(agreement, (int, float)) or not 0 <= agreement <= 1:
        raise invalid("agreement", expected="a share from 0 to 1", received=agreement)
    rng = np.random.default_rng([whole_number("seed", seed, 0), 77])
    others = rng.permutation(len(numbers))[round(agreement * len(numbers)) :]
    made = numbers.astype(np.int64)
    made[others] = (made[others] + rng.integers(1, classes, len(others))) % classes
    return made


@stage("shortcuts")
def targets(face_set: FaceSet) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N,) class indices of a face set's labels, and their names in order, as `fer_utils.experiments` has them."""
    found = set(face_set.meta["dataset"])
    names = labels.vocabulary(found.pop() if len(found) == 1 else "", face_set.meta["expression"])
    number = {name: k for k, name in enumerate(names)}
    return face_set.meta["expression"].map(number).to_numpy(np.int64), names


@stage("shortcuts")
def plant(
    face_set: FaceSet, out_dir: str | os.PathLike, kind: str, *, agreement: float = 1.0, seed: int = 0
) -> FaceSet:
    """A copy of a face set whose pictures carry a mark for their label; the facts about each face stay as they are.

    Parameters
    ----------
    face_set : square faces with two labels or more.
    out_dir : a folder that does not exist yet, or one that the same call has filled: then that is returned.
    kind : one of `KINDS`.
    agreement : the share of pictures whose mark is their own label's; see `marks`.
    seed : chooses the others.

    Raises
    ------
    FerError : unknown kind, impossible agreement, too few or too many labels, a folder with something else in it.
    """
    numbers, names = targets(face_set)
    if len(set(numbers)) < 2:
        raise invalid(
            "face_set", expected="faces of at least two expressions", received=sorted(set(face_set.meta["expression"]))
        )
    _classes(kind, len(names))
    planted = mark(
        face_set.images, marks(numbers, len(names), agreement=agreement, seed=seed), kind, classes=len(names)
    )
    if os.path.isfile(os.path.join(os.fspath(out_dir), "faceset.json")):
        old = FaceSet.load(out_dir)
        if (
            old.images.shape != planted.shape
            or not np.array_equal(old.images, planted)
            or list(old.meta["clip"]) != list(face_set.meta["clip"])
        ):
            raise invalid(
                "out_dir", expected="a folder that does not exist yet, or one with this very set", received=str(out_dir)
            )
        return old
    return FaceSet.save(planted, face_set.meta, out_dir, face_set.problems, landmarks=face_set.landmarks)


@stage("shortcuts")
def counterfactual(
    model,
    images: np.ndarray,
    numbers: Sequence[int],
    kind: str,
    *,
    classes: int = 8,
    seed: int = 0,
    batch_size: int = 64,
) -> dict[str, np.ndarray]:
    """What a network answers to the same faces with their own label's mark, with none, and with another label's.

    Parameters
    ----------
    model : a Keras model, or a function from pictures to probabilities.
    images : (N, S, S, 1) uint8, **without** marks.
    numbers : (N,) class indices.

    Returns
    -------
    dict of (N,) int64: the answers ``with``, ``without``, ``exchanged``, and ``other``, whose mark was painted for the
    third.
    """
    numbers = np.asarray(numbers)

    def answers(pictures):
        return ask(model, pictures, batch_size=batch_size).argmax(axis=1).astype(np.int64)

    other = marks(numbers, classes, agreement=0.0, seed=seed)
    return {
        "with": answers(mark(images, numbers, kind, classes=classes)),
        "without": answers(np.asarray(images)),
        "exchanged": answers(mark(images, other, kind, classes=classes)),
        "other": other,
    }


@stage("shortcuts")
def caught(
    maps: np.ndarray,
    mask: np.ndarray,
    found: dict[str, np.ndarray],
    numbers: Sequence[int],
    groups: Sequence,
    *,
    lift: float = LIFT,
    drop: float = DROP,
    seed: int = 0,
) -> dict[str, object]:
    """Whether a network relies on a place where a mark was planted.

    Two questions, each answered by the lower end of a 95 % interval over groups.  *Suspected*: maps of marked pictures
    have more than ``lift`` times the mark's share of the area on the mark.  *Proved*: without the mark, or with another
    label's, the accuracy falls by more than ``drop``.  A network is caught if it is proved; a map without a proof is a
    suspicion, and a proof without a map says that the map has missed it.

    Parameters
    ----------
    maps : (N, S, S), of pictures with their own label's mark.
    mask : (S, S) bool, as from `shortcut_mask`.
    found : what `counterfactual` returns.
    numbers, groups : (N,) class indices and people.

    Returns
    -------
    JSON-able dict: ``suspected``, ``proved`` and ``caught`` (bool), ``verdict`` in words; ``attribution``
    (`fer_utils.explain.scored`); ``accuracy`` with, without and with an exchanged mark; ``drop`` and ``exchange_drop``,
    what it loses by removal and by exchange; ``follows``, the share of exchanged pictures whose answer is the mark's
    label; each with its interval.
    """
    return judged(scored(maps, mask, groups, seed=seed), found, numbers, groups, lift=lift, drop=drop, seed=seed)


@stage("shortcuts")
def judged(
    attribution: dict[str, object],
    found: dict[str, np.ndarray],
    numbers: Sequence[int],
    groups: Sequence,
    *,
    lift: float = LIFT,
    drop: float = DROP,
    seed: int = 0,
) -> dict[str, object]:
    """`caught` where the maps have been scored already: ``attribution`` is what `fer_utils.explain.scored` returned."""
    numbers, groups = np.asarray(numbers), np.asarray(groups).astype(str)
    if any(len(found[name]) != len(numbers) for name in found):
        raise invalid(
            "found",
            expected=f"{len(numbers)} answers of each kind, as from `counterfactual`",
            received={name: len(answers) for name, answers in found.items()},
        )
    right = {name: (found[name] == numbers).astype(float) for name in ("with", "without", "exchanged")}

    def mean(values):
        return metrics.average(values, groups, seed=seed)

    def least(value):
        """The lower end of an interval, or the value itself where one person has none."""
        return value["value"] if value["low"] is None else value["low"]

    lost, swapped = mean(right["with"] - right["without"]), mean(right["with"] - right["exchanged"])
    suspected = attribution["lift"] is not None and bool(least(attribution["lift"]) > lift)
    proved = bool(max(least(lost), least(swapped)) > drop)
    verdict = {
        (True, True): "caught, and the map shows it",
        (True, False): "caught, and the map has missed it",
        (False, True): "suspected by the map, and not proved",
        (False, False): "nothing found",
    }[proved, suspected]
    return {
        "suspected": suspected,
        "proved": proved,
        "caught": proved,
        "verdict": verdict,
        "attribution": attribution,
        "accuracy": {name: mean(values) for name, values in right.items()},
        "drop": lost,
        "exchange_drop": swapped,
        "follows": mean((found["exchanged"] == found["other"]).astype(float)),
    }


def _disc(place: tuple[float, float], radius: float, size: int) -> np.ndarray:
    down, across = np.mgrid[:size, :size]
    return np.hypot(across - place[0] * (size - 1), down - place[1] * (size - 1)) <= max(1.0, radius * size)


def _classes(kind: str, classes: int) -> int:
    if not isinstance(kind, str) or kind not in KINDS:
        raise invalid("kind", expected=f"one of {', '.join(KINDS)}", received=kind)
    return whole_number("classes", classes, 2, len(PLACES) if kind == "dots" else 128)
