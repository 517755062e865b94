"""Whom the page's finder finds among drawn faces, and how its boxes lie beside dlib's."""

from __future__ import annotations

from typing import Any

from chromium_page import png
import numpy as np
from short_range_fit import photograph
from tqdm import tqdm

from fer_utils.faces import Box
from fer_utils.faces.detectors import create

#: The share of drawn faces that should be found, and the least overlap with dlib's box (intersection over union).
AIMS = {"found": 0.99, "overlap": 0.6}


def finding(opened: Any, *, photographs: int, progress: bool) -> dict:
    """The finder of the page, asked about drawn people who are turned by at most 20 degrees.

    Parameters
    ----------
    opened : the page, whose engine is loaded.
    photographs : how many; those of seed 2, to which nothing was fitted (``tests/helpers/short_range_fit.py``).
    progress : a bar on standard error.

    Returns
    -------
    ``photographs``; ``found`` and ``found_by_dlib``: in how many there is a face; ``compared``: in how many both see
    one; ``overlap``, ``least_overlap``: median and minimum there (0 where there is none); ``overlapping``: the share of
    these with an overlap of 0.6 or more.
    """
    dlib, found, found_by_dlib, overlaps = create("dlib"), 0, 0, []
    for number in tqdm(range(photographs), desc="finding faces", unit="picture", delay=2, disable=not progress):
        picture = photograph(2, number)
        ours = opened.evaluate("(text) => bench.boxes(text)", png(picture))
        theirs = dlib.detect(picture)
        found += bool(ours)
        found_by_dlib += bool(theirs)
        if ours and theirs:
            first = ours[0]
            overlaps.append(Box(first["x"], first["y"], first["side"], first["side"], 0.0).overlap(theirs[0]))
    return {
        "photographs": photographs,
        "found": found,
        "found_by_dlib": found_by_dlib,
        "compared": len(overlaps),
        "overlap": float(np.median(overlaps)) if overlaps else 0.0,
        "least_overlap": float(min(overlaps, default=0.0)),
        "overlapping": float(np.mean(np.array(overlaps) >= AIMS["overlap"])) if overlaps else 0.0,
    }
