"""Distances between landmarks: what a face is to a method that never looks at its pixels."""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage

#: Of iBUG's 68 points: the outer corners of the eyes, whose distance is the unit.
OUTER_CORNERS = (36, 45)


def length(points: int = 68) -> int:
    """How many pairs of points there are.

    >>> length()
    2278
    """
    return points * (points - 1) // 2


@stage("model.distances")
def distances(landmarks) -> np.ndarray:
    """All distances between the landmarks of each face, in units of the inter-ocular distance.

    Neither the size of the picture, nor where the face lies in it, nor a turn of
    the head in the picture's plane changes them.

    Parameters
    ----------
    landmarks : (N, 68, 2), iBUG's points in pixels of any picture; one unit for both axes.

    Returns
    -------
    (N, 2278) float32: points 0 and 1, 0 and 2, ... 66 and 67.

    Raises
    ------
    FerError : another shape, a number that is not finite, or a face whose outer
    eye corners coincide.

    >>> distances(np.arange(136.0).reshape(1, 68, 2)).shape
    (1, 2278)
    """
    try:
        points = np.asarray(landmarks, np.float64)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 3 or points.shape[1:] != (68, 2):
        raise invalid("landmarks", expected="numbers of shape (N, 68, 2)", received=np.shape(landmarks))
    unit = np.linalg.norm(points[:, OUTER_CORNERS[1]] - points[:, OUTER_CORNERS[0]], axis=1)
    if not np.isfinite(points).all() or (unit == 0).any():
        raise invalid("landmarks", expected="finite numbers, with points 36 and 45 apart", received=landmarks)
    first, second = np.triu_indices(68, 1)
    return (np.linalg.norm(points[:, first] - points[:, second], axis=2) / unit[:, None]).astype(np.float32)
