"""A stored result tested on another face set: labels matched by name, and who or what was in training found.

A network that is asked about the faces of another set is asked about other people, cameras and lights, and accuracy
mostly falls (cross-dataset evaluation; Torralba & Efros 2011, doi 10.1109/CVPR.2011.5995347, call what is lost *dataset
bias*).  The number means something only where the two sets share their labels, their faces were made alike, and nobody
of the second set was in training.  So all three are looked at here, and said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import faces, metrics, splits, training
from fer_utils.core import stages
from fer_utils.core.errors import DivergedError, FerError, invalid
from fer_utils.core.labels import canonical
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import read_json
from fer_utils.experiments import picture_check
from fer_utils.experiments.config import Experiment
from fer_utils.experiments.result import Result
from fer_utils.synthetic import stand_ins

#: So many faces are brought to the network's size at a time.
_FACES = 512
#: How a face can have been met, the strongest first: it was learned from, a near-duplicate of it was, a frame of a clip
#: of this name was, or another picture of somebody of this name.
KINDS: tuple[str, ...] = ("row", "picture", "clip", "person")
#: What of a face's making is compared; how many frames a clip gives, and which, is no difference of the faces.
_COMPARED = ("detector", "detector_model", "size", "margin", "align", "landmarks")


@dataclass(frozen=True)
class Acquaintance:
    """What a network may have met of the faces that it is asked about.

    Attributes
    ----------
    unknown : why the faces of the training could not be looked at; ``""`` where they were: only then the rest holds.
    same_faces : whether it is the face set of the training itself.
    people : the names, ``dataset/actor``, that are in both sets, sorted.  Equal names are one person where both sets
        are of one source; two folders of pictures may share a name by accident (give ``name`` to
        `fer_utils.datasets.scan`).
    clips : how many clips of the same name, ``dataset/clip``, are in both; such a name may be an accident, too.
    pictures : shares of the faces that were not learned from themselves, 0 to 1, with an equal (``image``) or nearly
        equal picture (``near image``) in training; empty where pictures were not compared.
    """

    unknown: str = ""
    same_faces: bool = False
    people: tuple[str, ...] = ()
    clips: int = 0
    pictures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CrossEvaluation:
    """What a stored result says of another face set.

    Attributes
    ----------
    result, faces : the two folders.
    labels : the network's, in its order.
    common : those of them that the faces have, too; only faces of these are scored.
    only_result : the network's other labels; it may give them, and is then wrong.
    left_out : label -> number of faces, of labels that the network does not know.
    metrics : see `fer_utils.metrics.evaluate`; intervals over people, or over pictures where nobody is named.
    among_common : the same where the network may only answer labels that both have; None where these are all its own.
    strangers : the metrics of the faces that were not met in training; None where none or all were met.
    met : kind of `KINDS` -> how many faces were met in training in this way.
    acquaintance : the same in names and shares.
    differences : setting -> [of the faces learned from, of these]: how these were made otherwise.
    unknown_making : whether the result or the set does not say how its faces were made.
    predictions : one row a scored face: row, clip, actor, true, predicted, a probability of each label, and ``met``.
    """

    result: Path
    faces: Path
    labels: list[str]
    common: list[str]
    only_result: list[str]
    left_out: dict[str, int]
    metrics: dict
    among_common: dict | None
    strangers: dict | None
    met: dict[str, int]
    acquaintance: Acquaintance
    differences: dict[str, list]
    unknown_making: bool
    predictions: pd.DataFrame

    @property
    def unit(self) -> str:
        """Over what the intervals are: ``actor``, or ``picture`` where nobody is named."""
        return "actor" if (self.predictions["actor"] != "").any() else "picture"

    def to_json(self) -> dict[str, Any]:
        """All but the predictions, as JSON can hold it."""
        known = self.acquaintance
        return {
            "result": str(self.result),
            "faces": str(self.faces),
            "labels": self.labels,
            "common": self.common,
            "only_result": self.only_result,
            "left_out": self.left_out,
            "metrics": self.metrics,
            "among_common": self.among_common,
            "strangers": self.strangers,
            "met": self.met,
            "acquaintance": {
                "unknown": known.unknown,
                "same_faces": known.same_faces,
                "people": list(known.people),
                "clips": known.clips,
                "pictures": known.pictures,
            },
            "differences": self.differences,
            "unknown_making": self.unknown_making,
        }


@stages.stage("cross_evaluation")
def evaluate_on(
    result: Result, face_set: faces.FaceSet, *, check_pictures: bool = True, progress: bool = True
) -> CrossEvaluation:
    """Ask the network of a stored result about the faces of another set.

    Labels are matched by name, other words for a known label too (``fear`` is ``fearful``, see
    `fer_utils.core.labels`).  Faces of another size than the network's input are made smaller as in training, or
    enlarged linearly, which ``differences`` says.

    Parameters
    ----------
    result : the stored result.
    face_set : the faces to ask about.
    check_pictures : whether each picture is compared with those of the training (`fer_utils.splits.near_duplicates`;
        minutes for tens of thousands).  People are compared by their names in any case.
    progress : bars on standard error.

    Raises
    ------
    FerError : arguments of another kind; a face set without any face of the network's labels; a network that is lost.
    DivergedError : scores that are no finite numbers.
    """
    if not isinstance(result, Result):
        raise invalid("result", expected="a Result", received=result, remedy="Result.load(folder) reads one.")
    if not isinstance(face_set, faces.FaceSet):
        raise invalid("face_set", expected="a FaceSet", received=face_set, remedy="FaceSet.load(folder) reads one.")
    if not isinstance(check_pictures, bool):
        raise invalid("check_pictures", expected="True or False", received=check_pictures)
    words = face_set.meta["expression"].astype(str)
    label_of = matched_labels(result.labels, words.unique())
    rows = np.flatnonzero(words.isin(list(label_of)))
    if not len(rows):
        raise invalid(
            "face_set",
            expected=f"faces with labels of the result, {', '.join(result.labels)}",
            received=f"{len(face_set)} faces with the labels {', '.join(sorted(words.unique()))}",
        )
    number = {label: place for place, label in enumerate(result.labels)}
    true = words.iloc[rows].map(label_of).map(number).to_numpy(np.int64)
    scores = _scores(result, face_set.images, rows, progress)
    acquaintance, met = _met(result, face_set, rows, check_pictures, progress)
    meta = face_set.meta.iloc[rows]
    groups = _groups(meta)

    def measured(predicted: np.ndarray, some: np.ndarray) -> dict:
        return metrics.evaluate(true[some], predicted[some], groups[some], result.labels)

    predicted = scores.argmax(axis=1).astype(np.int64)
    common = [label for label in result.labels if label in set(label_of.values())]
    columns = np.array([number[label] for label in common])
    every, stranger = np.ones(len(rows), bool), met == ""
    predictions = pd.DataFrame(
        {
            "row": rows,
            "clip": meta["clip"].to_numpy(),
            "actor": meta["actor"].astype(str).to_numpy(),
            "true": true,
            "predicted": predicted,
            **{f"p_{label}": scores[:, place].astype(float).round(5) for label, place in number.items()},
            "met": met,
        }
    )
    learned, made = result.faces, face_set.manifest.get("config") or {}
    return CrossEvaluation(
        result=result.path,
        faces=face_set.path,
        labels=list(result.labels),
        common=common,
        only_result=[label for label in result.labels if label not in common],
        left_out={str(label): int(count) for label, count in words[~words.isin(list(label_of))].value_counts().items()},
        metrics=measured(predicted, every),
        among_common=None
        if len(common) == len(result.labels)
        else measured(columns[scores[:, columns].argmax(axis=1)], every),
        strangers=measured(predicted, stranger) if 0 < stranger.sum() < len(rows) else None,
        met={kind: int((met == kind).sum()) for kind in KINDS if (met == kind).any()},
        acquaintance=acquaintance,
        differences=_differences(learned, made) if learned and made else {},
        unknown_making=not (learned and made),
        predictions=predictions,
    )


def matched_labels(labels: list[str], words) -> dict[str, str]:
    """Which of a network's labels each word of a face set is; words that are none of them are left out.

    >>> matched_labels(["happy", "fearful"], ["fear", "happy", "awe"])
    {'fear': 'fearful', 'happy': 'happy'}
    """
    by_name: dict[str, str] = {}
    for label in labels:
        by_name.setdefault(canonical(label) or label, label)
    found = {word: word if word in labels else by_name.get(canonical(word) or word) for word in words}
    return {word: label for word, label in found.items() if label is not None}


def _scores(result: Result, images: np.ndarray, rows: np.ndarray, progress: bool) -> np.ndarray:
    """(rows, labels) probabilities."""
    model = result.model()
    side = model.input_shape[1]
    found = []
    steps = range(0, len(rows), _FACES)
    for start in tqdm(steps, desc="asking the network", disable=not progress, leave=False, delay=2):
        some = at_side(np.asarray(images[rows[start : start + _FACES]]), side)
        found.append(training.predict_probabilities(model, some))
    scores = np.concatenate(found)
    if not np.isfinite(scores).all():
        raise DivergedError(f"The network of {result.path} gives scores of these faces that are no finite numbers.")
    return scores


def at_side(images: np.ndarray, side: int) -> np.ndarray:
    """(N, side, side, 1) uint8: made smaller as by `fer_utils.faces.resize`, or enlarged linearly."""
    if images.shape[1] >= side:
        return faces.resize(images, side, progress=False)
    cv2 = opencv()
    large = [cv2.resize(image[..., 0], (side, side), interpolation=cv2.INTER_LINEAR) for image in images]
    return np.stack(large)[..., None]


def _people(meta: pd.DataFrame) -> np.ndarray:
    """(N,) ``dataset/actor``, ``""`` where nobody is named; of drawn people the film's seed is said, too."""
    who = meta["actor"].astype(str).to_numpy(object)
    return np.where(who == "", "", _origin(meta) + "/" + who).astype(str)


def _clips(meta: pd.DataFrame) -> np.ndarray:
    """(N,) ``dataset/clip``, in the same way."""
    return (_origin(meta) + "/" + meta["clip"].astype(str).to_numpy(object)).astype(str)


def _origin(meta: pd.DataFrame) -> np.ndarray:
    """(N,) the data set's name; where its files are a film of drawn people, with the seed of these people."""
    seeds: dict[str, str] = {}
    found = []
    for dataset, path, clip in meta[["dataset", "path", "clip"]].astype(str).itertuples(index=False):
        root = path.removesuffix(clip) if path.endswith(clip) else ""
        if root not in seeds:
            seeds[root] = _drawn_by(Path(root)) if root else ""
        found.append(f"{dataset}{seeds[root]}")
    return np.array(found, object)


def _drawn_by(root: Path) -> str:
    """What tells drawn people from real ones of the same name, and from those of another seed."""
    try:
        return f", drawn with seed {read_json(root / 'truth' / 'manifest.json')['plan']['seed']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _shared(one: np.ndarray, other: np.ndarray) -> list[str]:
    return sorted(set(one.tolist()) & set(other.tolist()) - {""})


def _groups(meta: pd.DataFrame) -> np.ndarray:
    """Whom each row belongs to; a picture of nobody known is a group of its own."""
    names = _people(meta)
    return np.where(names == "", np.char.add("picture ", np.arange(len(meta)).astype(str)), names)


def _differences(learned: dict, made: dict) -> dict[str, list]:
    """The settings of faces that differ, [of the one, of the other]; what is not said is None."""
    plain = {"align": False}
    one, other = plain | learned, plain | made
    if not one["align"] and not other["align"]:  # then landmarks change no pixel
        one, other = ({name: value for name, value in some.items() if name != "landmarks"} for some in (one, other))
    return {name: [one.get(name), other.get(name)] for name in _COMPARED if one.get(name) != other.get(name)}


# --- what was met in training -----------------------------------------------------------------


def _met(
    result: Result, face_set: faces.FaceSet, rows: np.ndarray, check: bool, progress: bool
) -> tuple[Acquaintance, np.ndarray]:
    """What is known from training; and for each row the first kind of `KINDS` that holds, or ``""``."""
    met = np.full(len(rows), "", "U7")
    try:
        known, learned = _learned_faces(result, face_set, progress)
    except FerError as error:
        return Acquaintance(unknown=str(error)), met
    asked, theirs = face_set.meta.iloc[rows], known.meta.iloc[learned]
    clips = _shared(_clips(asked), _clips(theirs))
    people = _shared(_people(asked), _people(theirs))
    met[np.isin(_people(asked), people)] = "person"
    met[np.isin(_clips(asked), clips)] = "clip"
    same = known.fingerprint == face_set.fingerprint
    other = ~np.isin(rows, learned) if same else np.ones(len(rows), bool)
    pictures = {}
    if check and other.any():
        equal, near = _pictures(known.images, learned, face_set.images, rows[other], progress)
        pictures = {"image": float(equal.mean()), "near image": float(near.mean())}
        met[np.flatnonzero(other)[near]] = "picture"
    met[~other] = "row"
    return Acquaintance("", same, tuple(people), len(clips), pictures), met


def _learned_faces(result: Result, face_set: faces.FaceSet, progress: bool) -> tuple[faces.FaceSet, np.ndarray]:
    """The face set of the training and the rows that were met in it; ``FerError`` where it is not at hand."""
    experiment = Experiment.from_configuration(result.experiment)
    if experiment.key(face_set) == result.key:
        known = face_set
    else:
        data = experiment.data
        drawn = data.face_set is None and data.root is None
        if drawn and not stand_ins.is_filmed(
            data.dataset, tier=data.tier, twins=data.twins, people_seed=data.people_seed
        ):
            raise FerError(
                f"the result names the drawn stand-in of {data.dataset} ({data.tier}), which is not in this store, "
                "or its faces were handed over in Python"
            )
        known = data.load(progress)
    return known, picture_check.met_rows(result, experiment, known)


def _pictures(
    known: np.ndarray, learned: np.ndarray, images: np.ndarray, rows: np.ndarray, progress: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``rows`` whether a learned picture is equal to it, and whether one is at least nearly so; bool."""
    near_duplicates = splits.near_duplicates
    # Read from disk in parts: `looks` asks for slices, a shape and a dtype.
    looks = [
        near_duplicates.looks(cast(np.ndarray, _Rows(*some)), progress=progress)
        for some in ((known, learned), (images, rows))
    ]
    both = near_duplicates.Looks(
        *(np.concatenate([getattr(one, part) for one in looks]) for part in ("coarse", "fine", "digests"))
    )
    asked = len(learned) + np.arange(len(rows))
    pairs = near_duplicates.nearest(both, np.arange(len(learned)), asked, progress=progress)
    equal = np.isin(looks[1].digests, looks[0].digests)
    return equal, equal | np.isin(asked, pairs["test_row"].to_numpy())


class _Rows:
    """Some rows of an array on disk, read a part at a time."""

    def __init__(self, images: np.ndarray, rows: np.ndarray):
        self.images, self.rows = images, rows
        self.shape, self.dtype = (len(rows), *images.shape[1:]), images.dtype

    def __getitem__(self, part: slice) -> np.ndarray:
        return np.asarray(self.images[self.rows[part]])
