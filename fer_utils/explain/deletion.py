"""Deletion and insertion curves: does a network's answer hang on the pixels that a heat map names?"""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.explain.heat_maps import ask
from fer_utils.explain.parts import checked_images, checked_labels


@stage("explain")
def deletion_insertion(
    model, images, maps, labels=None, *, steps: int = 20, batch_size: int = 64, progress: bool = True
) -> dict[str, np.ndarray]:
    """What becomes of a label's probability as the pixels that a map ranks first are deleted, or inserted.

    *Deletion* begins with the picture and replaces more and more pixels by the picture's mean, the map's largest values
    first.  *Insertion* begins with the mean and puts the pixels back, in the same order.  If the answer hangs on the
    pixels that the map names, the first curve falls early and the second rises early (Petsiuk et al. 2018,
    arXiv 1806.07421).  A map of random numbers is the control: compare with it.  Half-deleted faces are pictures that
    the network has never seen, so the curves tell about the network and not about faces.

    Parameters
    ----------
    model : a Keras model, or any function from (n, H, W, C) float32 pictures to (n, classes) probabilities.
    images : (N, H, W, C) or (N, H, W), in the pixels that the model takes.
    maps : (N, H, W), one map a picture; equal values are taken from the top left.
    labels : (N,) class indices; None for what the model says of the whole picture.
    steps : into how many parts the pixels are divided, 1 to H x W.
    batch_size : pictures at a time.
    progress : a bar on standard error.

    Returns
    -------
    dict : ``share`` (steps + 1,) of the pixels that are deleted or inserted, 0 to 1; ``deletion`` and ``insertion``
    (N, steps + 1), the label's probability; ``deletion_area`` and ``insertion_area`` (N,), the areas under the curves,
    0 to 1.  A lower deletion area and a higher insertion area are better.

    Raises
    ------
    FerError : maps or labels that do not fit the pictures; scores that are NaN or infinite.
    """
    images = checked_images(images).astype(np.float32)
    maps = np.asarray(maps, np.float64)
    if maps.shape != images.shape[:3] or not np.isfinite(maps).all():
        raise invalid("maps", expected=f"finite numbers of shape {images.shape[:3]}", received=maps.shape)
    steps = whole_number("steps", steps, 1, maps[0].size)
    batch_size = whole_number("batch_size", batch_size, 1)
    whole = ask(model, images, batch_size=batch_size)
    chosen = whole.argmax(axis=1) if labels is None else checked_labels(labels, len(images), whole.shape[1])
    fills = images.mean(axis=(1, 2), keepdims=True)
    flat = maps.reshape(len(maps), -1)
    order = np.argsort(-flat, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(flat.shape[1])[None], axis=1)
    rank = rank.reshape(maps.shape)[..., None]
    counts = np.round(np.linspace(0, flat.shape[1], steps + 1)).astype(int)
    curves = {"deletion": np.zeros((len(images), steps + 1)), "insertion": np.zeros((len(images), steps + 1))}
    rows = np.arange(len(images))
    for number in tqdm(range(steps + 1), desc="deletion and insertion", delay=2, disable=not progress):
        taken = rank < counts[number]
        deleted, inserted = np.where(taken, fills, images), np.where(taken, images, fills)
        curves["deletion"][:, number] = ask(model, deleted, batch_size=batch_size)[rows, chosen]
        curves["insertion"][:, number] = ask(model, inserted, batch_size=batch_size)[rows, chosen]
    share = counts / flat.shape[1]
    areas = {f"{name}_area": np.trapezoid(curve, share, axis=1) for name, curve in curves.items()}
    return {"share": share, **curves, **areas}
