"""One drawn person who poses each label, cut out as a face: what *Bring your model* asks networks about."""

from __future__ import annotations

import numpy as np

from fer_utils import studio
from fer_utils.core.errors import whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.synthetic.posed_prototypes import LABELS

#: Side of a face in pixels.
SIDE = 180


def posed_faces(person: int) -> np.ndarray:
    """The faces of one drawn person, a pose for each label, from the front.

    Parameters
    ----------
    person : who is drawn, 0 or more (`fer_utils.studio.person`).

    Returns
    -------
    (7, SIDE, SIDE) uint8, grey, 0 to 255, in the order of `fer_utils.synthetic.posed_prototypes.LABELS`.

    Raises
    ------
    FerError : a person that cannot be.
    MissingPackage : OpenCV is not installed.
    """
    person = whole_number("person", person, 0)
    cv2 = opencv("drawing")
    poses = [studio.prototype(label) for label in LABELS]
    drawn = studio.draw_batch(studio.person(person), poses, size=256)
    # dlib's box in all seven drawings of person 12: x and y from 65 and 79 on, 125 pixels wide and high.
    cut = drawn[:, 79:204, 65:190]
    return np.stack(
        [cv2.resize(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), (SIDE, SIDE)) for one in np.ascontiguousarray(cut)]
    )
