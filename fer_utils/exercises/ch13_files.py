"""Chapter 13: what the widget *Bring your model* says of four files (13-6)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from fer_utils import compress
from fer_utils.core.optional_packages import opencv
from fer_utils.exercises import Wrong, whole
from fer_utils.models import pretrained_networks
from fer_utils.synthetic.posed_faces import posed_faces

#: The drawn people whose mean faces are the weights of the files, and who is shown in the chapter's widget.
LEARNED, SHOWN = range(8), 36
#: Side of the files' pictures and of the package's network's, in pixels.
SIDE, PACKAGE_SIDE = 24, 48
#: The chapter's files, and the answer for one that the page does not run.
FILES = ("plain", "no softmax", "no rescaling", "wide")
REFUSED = "refused"


def _resized(pictures: np.ndarray, side: int) -> np.ndarray:
    """Pictures (N, H, W) as float32 of (N, side, side), by the mean over areas, as the page makes them smaller."""
    cv2 = opencv("resizing")
    size = (side, side)
    return np.stack([cv2.resize(np.float32(one), size, interpolation=cv2.INTER_AREA) for one in pictures])


@cache
def labels() -> dict[str, np.ndarray]:
    """The label of each of the seven faces, numbers from 0 to 6, by the package's network and the files that run."""
    faces = posed_faces(SHOWN)
    package = compress.load(pretrained_networks.find().checked())
    mean = np.mean([posed_faces(person) for person in LEARNED], axis=0)
    weights = _resized(mean, SIDE).reshape(len(mean), -1) / 255
    bias = -(weights**2).sum(axis=1)
    pixels = _resized(faces, SIDE).reshape(len(faces), -1)
    plain = (2 * pixels @ weights.T / 255 + bias).argmax(axis=1)
    return {
        "package": package(_resized(faces, PACKAGE_SIDE)[..., None]).argmax(axis=1),
        "plain": plain,
        "no softmax": plain,  # the largest score stays the largest
        "no rescaling": (2 * pixels @ weights.T + bias).argmax(axis=1),
    }


def agreement(name: str) -> int:
    """On how many of the seven faces a file that runs gives the label of the package's network."""
    return int((labels()[name] == labels()["package"]).sum())


def grade_files(answer) -> str:
    """Four counts or refusals against the same networks in NumPy; each of the usual mistakes is recognised."""
    many = len(labels()["package"])
    if not isinstance(answer, Mapping) or set(answer) != set(FILES):
        raise Wrong(f"the answer should be a dict with the entries {', '.join(map(repr, FILES))}.")
    said = {name: _checked(name, answer[name], many) for name in FILES}
    if said["wide"] != REFUSED:
        raise Wrong(
            "'wide': the page does not run this file, though it has as many pixels as the others. Which shape does its "
            "sentence ask for?"
        )
    for name, why in (
        ("plain", "It has all that the page asks for."),
        ("no softmax", "Scores need not add up to 1 for one of them to be the largest."),
        ("no rescaling", "Nothing in a file says from where to where its pixels go, so the page cannot notice."),
    ):
        if said[name] == REFUSED:
            raise Wrong(f"{name!r}: the page runs this file. {why} Press its button again.")
    plain, unscaled = agreement("plain"), agreement("no rescaling")
    if said["plain"] != plain:
        raise Wrong(f"'plain': {said['plain']} is not the count.{_hint(said['plain'], plain, many)}")
    if said["no softmax"] != plain:
        raise Wrong("'no softmax': softmax changes every score, and which one is the largest it never changes.")
    if said["no rescaling"] == plain:
        raise Wrong(
            "'no rescaling': these are not the labels of 'plain'. The pixels are 255 times as large, and the biases "
            "are not."
        )
    if said["no rescaling"] == 0:
        raise Wrong("'no rescaling': it is not wrong on every face, and so the fault is easily missed. Count again.")
    if said["no rescaling"] != unscaled:
        raise Wrong(
            f"'no rescaling': {said['no rescaling']} is not the count.{_hint(said['no rescaling'], unscaled, many)}"
        )
    return (
        f"right: {plain} of {many} with the rescaling, {unscaled} without it, and no message said so. A page can "
        "refuse a shape; what the numbers mean it cannot know."
    )


def _checked(name: str, value, many: int) -> int | str:
    """A count or the word `REFUSED`."""
    if isinstance(value, str):
        if value.strip().lower() == REFUSED:
            return REFUSED
        raise Wrong(f'{name!r}: the one word for a file that the page does not run is "{REFUSED}"; got {value!r}.')
    count = whole(value)
    if count is None:
        share = isinstance(value, float) and 0 < value < 1
        hint = " Give a count, not a share." if share else ""
        raise Wrong(f'{name!r} should be a whole number from 0 to {many}, or "{REFUSED}"; got {value!r}.{hint}')
    if not 0 <= count <= many:
        raise Wrong(f"{name!r}: there are {many} faces; got {count}.")
    return count


def _hint(count: int, right: int, many: int) -> str:
    """What was counted instead."""
    if count == many - right:
        return " That is how many labels differ; asked are those that are the same."
    if count == many:
        return " Compare the file's label with the last column, face by face."
    return " The page says it in its last sentence."
