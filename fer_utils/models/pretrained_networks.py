"""Trained networks that lie in the package: their files, their cards, and what they are worth in one sentence.

Each network lies in `FOLDER` as one LiteRT file for each form, with a card beside them: ``NAME.json``, which says what
the network learned from, what it scored where, and how faces are made for it.  All of them learned from drawn faces
only.  ``python -m fer_utils ship`` makes the files (`fer_utils.studies.shipping`).

Importing this module loads neither TensorFlow nor Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
from typing import Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json

#: Where the files lie.
FOLDER = Path(__file__).with_name("pretrained_files")
#: The networks; the first is the one that is taken where none is named.
NAMES: tuple[str, ...] = ("drawn48",)
#: Form of a file -> what it adds to the network's name.
FORMS: Mapping[str, str] = {"float32": "", "int8": "-int8"}
#: A score on fewer faces describes, and is not said in one sentence.
ENOUGH_FACES = 100
#: How sets are called in a sentence; another set is called by its own name.
WORDS: Mapping[str, str] = {
    "ck48": "posed frontal photographs (CK+48, whose labels chose it)",
    "fer2013": "pictures in the wild (FER2013)",
    "ravdess": "frames of one RAVDESS actor",
    "drawn strangers": "drawn strangers",
    "drawn strangers, changed": "drawn strangers, changed towards photographs",
    "stand-in": "frames of the RAVDESS stand-in",
}


@dataclass(frozen=True)
class PretrainedFile:
    """One file of a trained network.

    Attributes
    ----------
    name : what `fer_utils.predict` calls it: ``drawn48`` or ``drawn48-int8``.
    form : ``float32`` or ``int8``.
    path : where it lies.
    card : what is known of the network, see `card`.
    """

    name: str
    form: str
    path: Path
    card: dict[str, Any]

    def checked(self) -> Path:
        """The path, if the file is the one that the card is about.

        Raises
        ------
        FerError : there is no such file, or its SHA-256 is another than the card's.
        """
        if not self.path.is_file() or sha256(self.path) != self.card["files"][self.form]["sha256"]:
            raise FerError(
                f"{self.path} is not the file that its card {self.path.parent / (self.card['name'] + '.json')} is "
                "about: it is missing or was changed. Install the package again."
            )
        return self.path

    def worth(self) -> str:
        """What the network is worth and where it is weak, in one sentence without its full stop."""
        return worth(self.card, self.form)


def sha256(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def file_names() -> tuple[str, ...]:
    """What `fer_utils.predict` takes as ``model``: ``("drawn48", "drawn48-int8")``."""
    return tuple(name + ending for name in NAMES for ending in FORMS.values())


def find(name: str | None = None) -> PretrainedFile:
    """A file by its name; None for the first network in float32.

    Raises
    ------
    FerError : no such name, or the card is missing.
    """
    asked = NAMES[0] if name is None else name
    for network in NAMES:
        for form, ending in FORMS.items():
            if asked == network + ending:
                about = card(network)
                return PretrainedFile(asked, form, FOLDER / about["files"][form]["file"], about)
    raise invalid("name", expected=f"one of {', '.join(file_names())}", received=name)


def card(name: str | None = None) -> dict[str, Any]:
    """The card of a network (one of `NAMES`; None for the first), as `fer_utils.studies.shipping.ship` returns it.

    Raises
    ------
    FerError : no such network, or its card cannot be read.
    """
    network = NAMES[0] if name is None else name
    if network not in NAMES:
        raise invalid("name", expected=f"one of {', '.join(NAMES)}", received=name)
    return _read(FOLDER / f"{network}.json")


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_json(file)
    except (OSError, ValueError) as error:
        raise FerError(
            f"The card {file} cannot be read ({type(error).__name__}: {error}). Install the package again."
        ) from error


def reference(name: str | None = None) -> dict[str, Any]:
    """What the network answered in Keras, before it became a file, to faces that the studio draws again from a seed.

    Returns
    -------
    dict : ``people`` and ``seed`` of `fer_utils.synthetic.random_faces.draw_faces`, ``faces`` (the first so many are
    asked, cut out by ``crop_faces(images, seed=seed)``), and ``probabilities``, a row a face.
    """
    return _read(FOLDER / f"{card(name)['name']}-reference.json")


def worth(about: Mapping[str, Any], form: str = "float32") -> str:
    """What a network is worth and where it is weak, in one sentence without its full stop, from its card.

    Said are the scores on sets of real faces with at least `ENOUGH_FACES` faces.
    """
    said = [
        f"{round(100 * about['scores'][form][one['name']]['accuracy']['value'])} of 100 "
        f"{WORDS.get(one['name'], one['name'])}"
        for one in about["sets"]
        if one["real"] and one["faces"] >= ENOUGH_FACES
    ]
    text = (
        f"posed-expression label by {about['name']}{FORMS[form]} ({about['parameters']:,} parameters, learned from "
        f"drawn faces only): right for {' and '.join(said)}; guessing is right for {round(100 / len(about['labels']))}"
    )
    weak = weak_labels(about, form)
    return text + (f"; no better than guessing at {' and '.join(weak)}" if weak else "")


def weak_labels(about: Mapping[str, Any], form: str = "float32") -> list[str]:
    """The labels whose recall is no better than guessing on one of the sets of real faces that `worth` speaks of."""
    chance = 1 / len(about["labels"])
    scores = [
        about["scores"][form][one["name"]]["recall"]
        for one in about["sets"]
        if one["real"] and one["faces"] >= ENOUGH_FACES
    ]
    return [
        label
        for label in about["labels"]
        if any(recall[label] is not None and recall[label] <= chance for recall in scores)
    ]


def table():
    """One row for each file: see `fer_utils.models.pretrained`."""
    import pandas as pd

    rows = []
    for name in file_names():
        one = find(name)
        about, file = one.card, one.card["files"][one.form]
        row = {
            "name": name,
            "form": one.form,
            "bytes": file["bytes"],
            "parameters": about["parameters"],
            "side": about["faces"]["size"],
            "labels": ", ".join(about["labels"]),
        }
        row |= {
            measured["name"]: about["scores"][one.form][measured["name"]]["accuracy"]["value"]
            for measured in about["sets"]
        }
        rows.append(row | {"sha256": file["sha256"], "path": str(one.path)})
    return pd.DataFrame(rows)
