"""The square in which the Face lab's page cuts out a drawn face, and the trained network's scores there."""

from __future__ import annotations

import numpy as np

from fer_utils.faces.cropping import crop
from fer_utils.faces.detector_base import Box
from fer_utils.inference.networks import load_network, scores_of, square_input

#: In a drawing of so many pixels a side, dlib's square has mostly this side; its corner moves in such steps.
_DRAWN, _SIDE, _STEP = 384, 180, 20


def square_of(marks: np.ndarray, size: int) -> Box:
    """The square that dlib finds around most drawn faces, from the face's landmarks, for dlib does not run in a page.

    Parameters
    ----------
    marks : (68, 2), the true landmarks in pixels, from ``studio.draw(..., truth=True)``.
    size : side of the square drawing in pixels, drawn without shift and zoom.
    """
    share = size / _DRAWN
    across, down = np.asarray(marks, float).mean(axis=0) / share
    left = 94 + _STEP * np.floor((across - 184.5) / _STEP + 0.5)
    top = 134 + _STEP * np.floor((down - 225.0) / _STEP + 0.5)
    side = int(np.floor(_SIDE * share + 0.5))
    return Box(int(np.floor(left * share + 0.5)), int(np.floor(top * share + 0.5)), side, side, 1.0)


def scores_of_drawing(picture: np.ndarray, marks: np.ndarray) -> dict[str, float]:
    """The scores that ``drawn48`` gives to a drawn face, label to 0..1, together 1.

    Parameters
    ----------
    picture, marks : (size, size, 3) uint8 and (68, 2), from ``studio.draw(..., truth=True)``.
    """
    network, labels = load_network(None, None)
    side, channels = square_input(network)
    face = crop(picture, square_of(marks, len(picture)), size=side)
    scores = scores_of(network, [face], channels, len(labels))[0]
    return dict(zip(labels, scores.tolist(), strict=True))
