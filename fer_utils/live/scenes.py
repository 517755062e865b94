"""Drawn scenes for a camera that nobody stands before: acted by the studio's people, with the truth of every frame."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_utils import studio
from fer_utils.core.errors import invalid, whole_number
from fer_utils.studio import acting
from fer_utils.studio.expressions import INDEX, MIDLINE
from fer_utils.studio.writing import video


class Scene(NamedTuple):
    """``frames`` (T, H, W, 3) uint8 RGB, ``times`` (T,) seconds, ``apex`` (T,) how far the expression is
    out, 0 to 1.
    """

    frames: np.ndarray
    times: np.ndarray
    apex: np.ndarray


def acted(
    person: int,
    label: str = "happy",
    *,
    seconds: float = 3.0,
    fps: float = 30.0,
    size: int | tuple[int, int] = 320,
    intensity: int = 2,
    seed: int = 0,
    **drawing,
) -> Scene:
    """One drawn person acts one label: rest, onset, apex, offset, with blinks and speech.

    Parameters
    ----------
    person : the seed of `fer_utils.studio.person`.
    label : posed-expression label of RAVDESS; ``intensity`` 1 or 2, neutral has only 1.
    seconds, fps : length and frames a second.
    size : pixels of the square picture, or (width, height).
    seed : of the take.
    drawing : what else `fer_utils.studio.draw_batch` takes, one value or one a frame: ``light``, ``shift``,
        ``background``.
    """
    who = studio.person(person)
    many = whole_number("frames (seconds times fps)", round(seconds * fps), 1)
    act = acting.perform(
        who,
        label,
        intensity=1 if label == "neutral" else intensity,
        frames=many,
        seconds=seconds,
        rng=np.random.default_rng([7, person, seed]),
    )
    units = [
        {key: float(value) for unit, place in INDEX.items() for key, value in _sides(unit, frame[:, place])}
        for frame in act.action_units
    ]
    frames = studio.draw_batch(
        who,
        units,
        size=size,
        gaze=[tuple(map(float, row)) for row in act.gaze],
        **dict(zip(("yaw", "pitch", "roll"), np.asarray(act.pose, float).T.tolist(), strict=True)),
        **drawing,
    )
    return Scene(frames, np.arange(many) / fps, np.asarray(act.apex, float))


def _sides(unit: int, both: np.ndarray):
    return [(unit, both.mean())] if unit in MIDLINE else [(f"R{unit}", both[0]), (f"L{unit}", both[1])]


def beside(scenes: Sequence[Scene]) -> Scene:
    """Scenes of one height and length, side by side; the apex is that of the first."""
    scenes = list(scenes)
    if not scenes or len({scene.frames.shape[:2] for scene in scenes}) != 1:
        raise invalid(
            "scenes",
            expected="one scene or more, of one height and length",
            received=[scene.frames.shape for scene in scenes],
        )
    return Scene(np.concatenate([scene.frames for scene in scenes], axis=2), scenes[0].times, scenes[0].apex)


def after(scenes: Sequence[Scene]) -> Scene:
    """Scenes of one size, one after the other."""
    scenes = list(scenes)
    if not scenes or len({scene.frames.shape[1:] for scene in scenes}) != 1:
        raise invalid(
            "scenes", expected="one scene or more, of one size", received=[scene.frames.shape for scene in scenes]
        )
    step = scenes[0].times[1] - scenes[0].times[0] if len(scenes[0].times) > 1 else 1 / 30
    apex = np.concatenate([scene.apex for scene in scenes])
    return Scene(np.concatenate([scene.frames for scene in scenes]), np.arange(len(apex)) * step, apex)


def store(scene: Scene, path: str | os.PathLike) -> Path:
    """Write a scene as a video (``.mp4``, mp4v) and return its path."""
    path = Path(path)
    rate = 1 / (scene.times[1] - scene.times[0]) if len(scene.times) > 1 else 30.0
    with video(path, "ravdess", float(rate), scene.frames.shape[2:0:-1]) as add:
        for frame in scene.frames:
            add(np.ascontiguousarray(frame[..., ::-1]))
    return path
