"""How much of a heat map lies where it should."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_utils import metrics
from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage


@stage("explain")
def share(maps, masks) -> dict[str, np.ndarray]:
    """How much of each map lies in its mask.

    Parameters
    ----------
    maps : (N, H, W); only what is above 0 counts.
    masks : (N, H, W) bool, or (H, W) for all.

    Returns
    -------
    dict of (N,) float64: ``share`` of the positive attribution that lies in the mask, 0 to 1;
    ``chance``, the mask's share of the picture, which is what a map without any preference gives;
    ``lift`` = share / chance.  NaN where the mask is empty; ``share`` and ``lift`` also where the map has nothing above
    0.
    """
    maps, masks = _together(maps, masks)
    positive = np.maximum(maps, 0)
    total, chance = positive.sum(axis=(1, 2)), masks.mean(axis=(1, 2))
    chance = np.where(chance > 0, chance, np.nan)
    found = np.where(total > 0, (positive * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1), np.nan)
    found = np.where(np.isnan(chance), np.nan, found)
    return {"share": found, "chance": chance, "lift": found / chance}


@stage("explain")
def pointing(maps, masks) -> np.ndarray:
    """Whether each map's largest value lies in its mask.

    That is the pointing game (Zhang et al. 2018, doi 10.1007/s11263-017-1059-x).
    Returns (N,) float64, 1 or 0; a share where several places are largest; NaN where the mask is empty or the map has
    nothing above 0.
    """
    maps, masks = _together(maps, masks)
    largest = maps.max(axis=(1, 2), keepdims=True)
    top = maps == largest
    found = (top & masks).sum(axis=(1, 2)) / top.sum(axis=(1, 2))
    return np.where(masks.any(axis=(1, 2)) & (largest[:, 0, 0] > 0), found, np.nan)


@stage("explain")
def scored(maps, masks, groups: Sequence, *, seed: int = 0) -> dict[str, object]:
    """`share` and `pointing` with 95 % intervals over groups (actors): see `summary`."""
    return summary({**share(maps, masks), "pointing": pointing(maps, masks)}, groups, seed=seed)


@stage("explain")
def summary(found: dict[str, np.ndarray], groups: Sequence, *, seed: int = 0) -> dict[str, object]:
    """What `share` and `pointing` say of many pictures, with 95 % intervals over groups.

    Parameters
    ----------
    found : ``share``, ``chance``, ``lift`` and ``pointing``, each (N,).
    groups : who is on each picture, (N,).

    Returns
    -------
    JSON-able dict: ``share``, ``chance``, ``pointing`` (means over the pictures that have them, as from
    `fer_utils.metrics.average`), ``lift`` (mean share / mean chance), ``n`` (pictures counted), ``unmapped`` (pictures
    with a mask whose map has nothing above 0) and ``unmasked`` (pictures without a mask).  Where no picture counts the
    four are None.
    """
    groups = np.asarray(groups).astype(str)
    if groups.shape != np.shape(found["share"]):
        raise invalid("groups", expected=f"one group a map, {len(found['share'])}", received=groups.shape)
    counted = ~np.isnan(found["share"])
    made: dict[str, object] = {"n": int(counted.sum()), "unmasked": int(np.isnan(found["chance"]).sum())}
    made["unmapped"] = len(groups) - made["n"] - made["unmasked"]
    if not counted.any():
        return {"share": None, "chance": None, "pointing": None, "lift": None, **made}

    def mean(name, weights=None, most=1.0):
        return metrics.average(found[name][counted], groups[counted], weights, seed=seed, bounds=(0.0, most))

    return {
        "share": mean("share"),
        "chance": mean("chance"),
        "pointing": mean("pointing"),
        "lift": mean("lift", found["chance"][counted], most=np.inf),
        **made,
    }


def _together(maps, masks) -> tuple[np.ndarray, np.ndarray]:
    maps, masks = np.asarray(maps, float), np.asarray(masks)
    if maps.ndim != 3 or not np.isfinite(maps).all():
        raise invalid(
            "maps", expected="finite numbers of shape (N, H, W)", received=f"{maps.dtype} of shape {maps.shape}"
        )
    if masks.dtype != bool or masks.shape not in (maps.shape, maps.shape[1:]):
        raise invalid(
            "masks",
            expected=f"bool of shape {maps.shape} or {maps.shape[1:]}",
            received=f"{masks.dtype} of shape {masks.shape}",
        )
    return maps, np.broadcast_to(masks, maps.shape)
