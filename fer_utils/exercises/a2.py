"""Appendix 2: the true action units of a clip as features (a2-1)."""

from __future__ import annotations

import functools

import numpy as np

from fer_utils import studio
from fer_utils.exercises import Wrong, asked, numbers

_ARGUMENTS = "true_features(acted)"


@functools.cache
def _rehearsal(actor: str, clips: int, seed: int) -> studio.Rehearsal:
    return studio.rehearse("ravdess", actors=[actor], clips_per_actor=clips, seed=seed)


def _features(acted, fold=lambda units: units.mean(axis=(0, 1))) -> np.ndarray:
    return np.array([fold(acted.frames(clip)["action_units"]) for clip in acted.clips["clip"]])


#: Mistakes that the numbers may betray: what was made of a clip's units, frames by sides by units.
_MISTAKES = (
    (lambda units: units.max(axis=(0, 1)), "That is each unit's largest value: take its mean."),
    (lambda units: units.max(axis=0).mean(axis=0), "That is the peak over time: take the mean over the frames, too."),
    (lambda units: units.sum(axis=(0, 1)), "That is the sum: a longer clip would have larger features. Take the mean."),
    (lambda units: units.sum(axis=1).mean(axis=0), "The two sides are added: take their mean."),
    (lambda units: units[:, 0].mean(axis=0), "That is one side of the face: take the mean of both."),
    (lambda units: units[:, 1].mean(axis=0), "That is one side of the face: take the mean of both."),
    (lambda units: units[0].mean(axis=0), "That is the first frame alone: take the mean over all frames."),
    (lambda units: units[len(units) // 2].mean(axis=0), "That is the middle frame: take the mean over all frames."),
    (lambda units: np.median(units, axis=(0, 1)), "That is the median: take the mean."),
)


def grade_true_features(answer) -> str:
    """Two rehearsals of one actor each."""
    for actor, clips, seed in (("03", 8, 5), ("10", 5, 6)):
        acted = _rehearsal(actor, clips, seed)
        given = f"{clips} clips of actor {actor}"
        got = numbers(asked(answer, _ARGUMENTS, acted))
        wanted = _features(acted)
        if got is None or got.shape != wanted.shape:
            received = "no array of numbers" if got is None else f"the shape {got.shape}"
            turned = (
                " Rows and columns have changed places." if got is not None and got.shape == wanted.shape[::-1] else ""
            )
            raise Wrong(
                f"for {given}: return one row a clip and one column an action unit, {wanted.shape}; got {received}."
                f"{turned}"
            )
        if not np.allclose(got, wanted, atol=1e-5):
            hint = next(
                (f" {text}" for fold, text in _MISTAKES if np.allclose(got, _features(acted, fold), atol=1e-5)), ""
            )
            if np.allclose(np.sort(got, axis=0), np.sort(wanted, axis=0), atol=1e-5):
                hint = " The rows are in another order: they follow `acted.clips`."
            row = int((~np.isclose(got, wanted, atol=1e-5)).any(axis=1).argmax())
            raise Wrong(
                f"for {given}: row {row} should begin {np.round(wanted[row, :3], 4).tolist()}; yours begins "
                f"{np.round(got[row, :3], 4).tolist()}.{hint}"
            )
    return "right: one row a clip, each unit's mean over the frames and both sides."
