"""The landmark predictor's training: from pictures with known landmarks to dlib's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import os
from types import MappingProxyType

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import dlib
from fer_utils.faces.detector_base import Box
from fer_utils.faces.landmark_patches import LEARN_SIDE, POINTS, box_in_patch, checked_box, checked_image, face_patch

#: Which point each becomes when a picture is mirrored left to right.
MIRRORED = np.r_[
    16:-1:-1,
    26:16:-1,
    27:31,
    35:30:-1,
    45:41:-1,
    47,
    46,
    39:35:-1,
    41,
    40,
    54:47:-1,
    59:54:-1,
    64:59:-1,
    67:64:-1,
]
MIRRORED.setflags(write=False)


#: dlib's training options, chosen by trial on drawn people other than those of any test.  `num_threads`
#: is fixed, not that of the machine: dlib adds up by thread, so another number gives another model.
OPTIONS: Mapping[str, float | int | str] = MappingProxyType(
    {
        "cascade_depth": 10,
        "num_trees_per_cascade_level": 100,
        "tree_depth": 3,
        "nu": 0.3,
        "oversampling_amount": 4,
        "feature_pool_size": 400,
        "num_test_splits": 20,
        "lambda_param": 0.1,
        "num_threads": 2,
        "random_seed": "fer_utils",
    }
)
#: Boxes that an example is learned with, and how far they lie off, as shares of the box's side: a detector's sizes come
#: in steps.
_STARTS = 2
_SHIFT = 0.06
_GROWTH = 0.15


def fit_landmarks(
    examples: Iterable[tuple[np.ndarray, Box, np.ndarray]],
    path: str | os.PathLike,
    *,
    options: Mapping = OPTIONS,
    seed: int = 0,
) -> int:
    """Train a shape predictor and write it to a file.

    An example is learned twice, as it is and mirrored, and each from two boxes
    that lie a little off the given one.  What is kept of it is a grey patch of
    160x160 pixels, so that memory does not depend on the pictures' size.

    Parameters
    ----------
    examples : of (image, box, truth): (H, W, 3) RGB or (H, W) grey uint8, the
        face's box as the detector gives it, (68, 2) pixels.
    path : file to write; as it is written, it is not yet whole.
    options : of dlib's ``shape_predictor_training_options``; see `OPTIONS`.
    seed : of the boxes.  Equal examples, options and seed give equal bytes.

    Returns
    -------
    The number of examples.

    Raises
    ------
    FerError : an example is not as above, or there are none.
    """
    library = dlib("landmarks")
    rng = np.random.default_rng(seed)
    patches, marks = [], []
    count = 0
    for image, box, truth in examples:
        count += 1
        image = checked_image(image)
        truth = np.asarray(truth, np.float64)
        if truth.shape != (POINTS, 2) or not np.isfinite(truth).all():
            raise invalid("examples", expected=f"finite landmarks of shape ({POINTS}, 2)", received=truth)
        patch, scale, origin = face_patch(image, checked_box(box, image.shape), LEARN_SIDE)
        points = (truth - origin + 0.5) * scale - 0.5
        turned = points[MIRRORED] * (-1.0, 1.0) + (patch.shape[1] - 1.0, 0.0)
        for seen, where in ((patch, points), (np.ascontiguousarray(patch[:, ::-1]), turned)):
            starts = rng.uniform(-1.0, 1.0, (_STARTS, 3)) * (_SHIFT, _SHIFT, _GROWTH)
            whole = library.points([library.point(int(x), int(y)) for x, y in np.rint(where)])
            patches.append(seen)
            marks.append(
                [
                    library.full_object_detection(box_in_patch(LEARN_SIDE, right, down, 1.0 + growth), whole)
                    for right, down, growth in starts
                ]
            )
    if not count:
        raise invalid("examples", expected="one example or more", received=[])
    chosen = library.shape_predictor_training_options()
    for name, value in options.items():
        if not hasattr(chosen, name):
            raise invalid("options", expected="options of dlib.shape_predictor_training_options", received=name)
        setattr(chosen, name, value)
    library.train_shape_predictor(patches, marks, chosen).save(os.fspath(path))
    return count
