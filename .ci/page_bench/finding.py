"""Whom the page's finder finds among drawn faces, and how its boxes lie beside dlib's."""

from __future__ import annotations

from typing import Any

from chromium_page import png
import numpy as np
from plan import OVERLAP, Work
from short_range_fit import photograph
from tqdm import tqdm

from fer_utils.faces import Box
from fer_utils.faces.detectors import create


def finding(opened: Any, work: Work) -> dict:
    """The finder of the page, asked about drawn people who are turned by at most 20 degrees.

    Parameters
    ----------
    opened : the page, whose engine is loaded.
    work : how many faces; they are those of seed 2, to which nothing was fitted (``tests/helpers/short_range_fit.py``).

    Returns
    -------
    ``photographs``; ``found`` and ``found_by_dlib``: in how many there is a face; ``compared``: in how many both see
    one; ``overlap``, ``least_overlap``: median and minimum there (0 where there is none); ``overlapping``: the share of
    these with an overlap of 0.6 or more.
    """
    dlib, found, found_by_dlib, overlaps = create("dlib"), 0, 0, []
    for number in tqdm(
        range(work.photographs), desc="finding faces", unit="picture", delay=2, disable=not work.progress
    ):
        picture = photograph(2, number)
        ours = opened.evaluate("(text) => bench.boxes(text)", png(picture))
        theirs = dlib.detect(picture)
        found += bool(ours)
        found_by_dlib += bool(theirs)
        if ours and theirs:
            first = ours[0]
            overlaps.append(Box(first["x"], first["y"], first["side"], first["side"], 0.0).overlap(theirs[0]))
    return {
        "photographs": work.photographs,
        "found": found,
        "found_by_dlib": found_by_dlib,
        "compared": len(overlaps),
        "overlap": float(np.median(overlaps)) if overlaps else 0.0,
        "least_overlap": float(min(overlaps, default=0.0)),
        "overlapping": float(np.mean(np.array(overlaps) >= OVERLAP)) if overlaps else 0.0,
    }
