"""How faces are made for a network: as those were that it learned from, where its result says so."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.detectors import available, create, identity
from fer_utils.faces.extraction import Settings
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.sampling import SAMPLINGS
from fer_utils.inference.networks import network_file, pretrained_file

#: Where neither the caller nor a result says how.
DETECTOR, FRAMES, MARGIN, SAMPLING = "dlib", 6, 0.0, "even"
#: The detector that takes the whole picture for the face.
WHOLE = "whole"
#: What a result may say of its faces -> whether a value can be one.
_SAYS = {
    "detector": lambda value: isinstance(value, str) and bool(value),
    "detector_model": lambda value: isinstance(value, str),
    "frames": lambda value: isinstance(value, int) and value >= 0,
    "size": lambda value: isinstance(value, int) and value >= 16,
    "margin": lambda value: isinstance(value, int | float) and 0 <= value <= 2,
    "sampling": lambda value: value in SAMPLINGS,
    "landmarks": lambda value: isinstance(value, str),
    "align": lambda value: isinstance(value, bool),
}


class FaceMaking(NamedTuple):
    """How faces are found and cut out.

    Attributes
    ----------
    finder : the detector.
    settings : frames, size of the crops, margin and alignment.
    notes : (kind, problem, action) rows for the report: what is done otherwise than for the faces learned from.
    """

    finder: Detector
    settings: Settings
    notes: list[tuple[str, str, str]]


def faces_learned_from(model: Any) -> dict[str, Any]:
    """How the faces were made that a model learned from: the ``faces`` of the ``result.json`` beside its network.

    A trained network of the package says on its card how they are made for it.

    Parameters
    ----------
    model : as for `fer_utils.inference.load_network`.

    Returns
    -------
    dict : ``detector``, ``frames``, ``size``, ``margin``, ``sampling`` and, where faces were aligned, ``landmarks``
    (the predictor's SHA-256) and ``align``; empty where there is no result, or an old one that does not say.

    Raises
    ------
    FerError : no such network, or a ``result.json`` that cannot be read or says what can be no such setting.
    """
    shipped = pretrained_file(model)
    if shipped is not None:
        return dict(shipped.card["faces"])
    file = network_file(model)
    result = None if file is None else file.with_name("result.json")
    if result is None or not result.is_file():
        return {}
    try:
        said = read_json(result).get("faces", {})
        wrong = [name for name, fits in _SAYS.items() if name in said and not fits(said[name])]
        if wrong:
            raise ValueError(f"`faces.{wrong[0]}` is {said[wrong[0]]!r}")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise FerError(
            f"{result} does not say how its faces were made ({type(error).__name__}: {error}): put back a copy of it, "
            "or run the experiment again."
        ) from error
    return {name: said[name] for name in _SAYS if name in said}


def chosen(
    learned: dict[str, Any],
    side: int,
    *,
    detector: str | Detector | None,
    frames: int | None,
    sampling: str | None,
    margin: float | None,
    landmarks: Landmarks | str | os.PathLike | None,
    align: bool | None,
) -> FaceMaking:
    """What the caller asks for, and for what he leaves out (None) what ``learned`` says.

    Parameters
    ----------
    learned : what `faces_learned_from` returned.
    side : of the pictures that the network takes, in pixels.
    detector, frames, sampling, margin, landmarks, align : as for `fer_utils.predict`, checked.

    Raises
    ------
    FerError : a detector or predictor of landmarks that is to be brought and was not.
    """
    every = learned.get("sampling") == "all"  # then `frames` says nothing, and whoever asks for three means three
    sampling = (SAMPLING if every and frames else learned.get("sampling", SAMPLING)) if sampling is None else sampling
    frames = learned.get("frames", FRAMES) or FRAMES if frames is None else frames
    margin = learned.get("margin", MARGIN) if margin is None else margin
    finder = create(_detector(learned) if detector is None else detector)
    align = learned.get("align", False) if align is None else align
    if align and landmarks is None and learned.get("align"):
        raise invalid(
            "landmarks",
            expected="the predictor by which the faces were aligned that the network learned from, with the SHA-256 "
            f"{learned.get('landmarks', 'unknown')}",
            received=None,
            remedy="It is a file: pass landmarks=fer_utils.synthetic.landmark_predictor.train(), or another "
            "predictor's file. With align=False faces stay as they are, which is not what the network learned from.",
        )
    marks = chosen_landmarks(landmarks, align, finder)
    settings = Settings(
        frames,
        max(side, learned.get("size", side)),
        margin,
        sampling,
        marks if align else None,
        bool(align),
    )
    return FaceMaking(finder, settings, _notes(learned, finder, settings, asked=detector is not None))


def _detector(learned: dict[str, Any]) -> str:
    name = learned.get("detector", DETECTOR)
    if name not in available() or "detector_model" in learned:
        what = f"the detector of the faces that the network learned from, {name!r}"
        if "detector_model" in learned:
            what += f" (its model's SHA-256 is {learned['detector_model']})"
        remedy = "Pass it: a Detector, or a name with its file, such as detector='yunet:FILE'; or any other detector."
        raise invalid("detector", expected=what, received=None, remedy=remedy)
    return name


def _notes(learned: dict[str, Any], finder: Detector, settings: Settings, asked: bool) -> list[tuple[str, str, str]]:
    """Rows for the report: each setting of the faces that is another than in training."""
    now: dict[str, Any] = {"detector": identity(finder), "margin": settings.margin, "align": settings.align}
    before = {"align": False} | learned
    unlike = [
        (name, before[name], value)
        for name, value in now.items()
        if learned and name in before and before[name] != value
    ]
    if learned.get("detector") == now["detector"] and learned.get("detector_model", finder.model) != finder.model:
        unlike.append(("detector's model", learned["detector_model"][:12], finder.model[:12]))
    if settings.landmarks is not None and learned.get("landmarks", settings.landmarks.sha256) != (
        settings.landmarks.sha256
    ):
        unlike.append(("landmarks", learned["landmarks"][:12], settings.landmarks.sha256[:12]))
    notes = [
        (
            "other faces",
            f"{name}: {was} for the faces that the network learned from, {value} here",
            "scored all the same; expect lower accuracy",
        )
        for name, was, value in unlike
    ]
    if not asked and finder.name == WHOLE:
        notes.append(
            (
                "whole picture",
                "the network learned from pictures that were cropped already, so no face was looked for",
                "the whole picture is taken for the face; for a larger scene choose the detector dlib",
            )
        )
    return notes
