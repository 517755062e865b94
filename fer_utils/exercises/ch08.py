"""07-1: an occlusion map by hand, for anything that answers."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart

_ARGUMENTS = "occluded(ask, picture, label, patch)"


def _reference(ask, picture, label, patch, *, fill=None, sign=1, keep=False, relative=False) -> np.ndarray:
    high, wide = (side // patch for side in picture.shape)
    fill = picture.mean() if fill is None else fill
    plain = ask(picture[None])[0, label]
    made, covered = np.zeros((high, wide)), picture.astype(float)
    for down in range(high):
        for across in range(wide):
            covered = covered if keep else picture.astype(float)
            covered[down * patch : (down + 1) * patch, across * patch : (across + 1) * patch] = fill
            left = ask(covered[None])[0, label]
            made[down, across] = left if relative else sign * (plain - left)
    return made


def _network(shape: tuple[int, int], classes: int, rng: np.random.Generator):
    """A function from pictures (n, H, W) to probabilities (n, classes), to which every place matters."""
    weights = rng.normal(0, 6 / np.sqrt(shape[0] * shape[1]), (*shape, classes))

    def ask(pictures):
        pictures = np.asarray(pictures, float)
        if pictures.shape[1:] != shape:
            raise Wrong(
                f"`ask` takes a stack of pictures, (n, {shape[0]}, {shape[1]}); it was given {pictures.shape}. One "
                "picture is picture[None]."
            )
        scores = np.tensordot((pictures - 150) / 128, weights, axes=2)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    return ask


def _hint(got: np.ndarray, ask, picture, label, patch) -> str:
    """What the answer seems to have done instead."""
    known = lambda **other: np.allclose(got, _reference(ask, picture, label, patch, **other), atol=1e-6)  # noqa: E731
    if known(sign=-1):
        return "The sign is the other way round: what is lost is positive, plain minus covered."
    if known(relative=True):
        return "That is what is left of the probability; the map is what is lost, plain minus covered."
    if known(keep=True):
        return "It looks as if the earlier squares stayed covered: begin each time with the picture as it was."
    if known(fill=0):
        return (
            "It looks as if the squares were black; take the picture's mean, or a bright face loses by the darkness "
            "and not by what is hidden."
        )
    if known(fill=255):
        return "It looks as if the squares were white; take the picture's mean."
    said = int(ask(picture[None])[0].argmax())
    if said != label and np.allclose(got, _reference(ask, picture, said, patch), atol=1e-6):
        return "It looks as if the map is that of the network's own answer; it is asked for `label`."
    if np.allclose(got, _reference(ask, np.trunc(picture), label, patch, fill=np.trunc(picture.mean())), atol=1e-6):
        return "The mean lost its fraction: an array of whole numbers cannot hold it, so make a copy of floats."
    return ""


def grade_occlusion(answer) -> str:
    """Random networks on pictures of several shapes, whole numbers too.

    Each square's loss, and the picture left as it was.
    """
    rng = np.random.default_rng(707)
    for shape, patch, classes, whole in [
        ((12, 20), 4, 3, False),
        ((15, 10), 5, 2, True),
        ((8, 8), 8, 4, False),
        ((6, 9), 1, 3, True),
    ]:
        ask = _network(shape, classes, rng)
        picture = rng.uniform(60, 240, shape)
        picture = np.rint(picture).astype(np.uint8) if whole else picture
        before, label = picture.copy(), int(ask(picture[None])[0].argsort()[-2])
        given = f"a picture of {shape[0]}x{shape[1]}{' (uint8)' if whole else ''} and squares of {patch}"
        made = asked(answer, _ARGUMENTS, ask, picture, label, patch)
        if not np.array_equal(picture, before):
            raise Wrong("your function changed the picture that it was given; cover a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        wanted = _reference(ask, picture, label, patch)
        if got.shape != wanted.shape:
            turned = " Rows come first: the height, then the width." if got.shape == wanted.T.shape else ""
            raise Wrong(f"for {given}: one number a square, of shape {wanted.shape}; got {got.shape}.{turned}")
        if not np.allclose(got, wanted, atol=1e-6):
            place = np.unravel_index(np.abs(got - wanted).argmax(), wanted.shape)
            hint = _hint(got, ask, picture, label, patch)
            right, yours = told_apart(wanted[place], got[place], 4)
            raise Wrong(
                f"for {given}: the square at {tuple(int(k) for k in place)} loses {right} of the label's "
                "probability; your function "
                f"gave {yours}.{' ' + hint if hint else ''}"
            )
    return "right: each square alone, from the picture as it was, and a loss is positive."
