"""02-1: which six frames of a clip."""

from __future__ import annotations

import itertools

import numpy as np

from fer_utils.exercises import Wrong, asked, whole


def grade_sample(answer) -> str:
    """The centre of each of k equal parts, for many lengths; all frames where there are too few."""
    for length, k in [
        (6, 6),
        (12, 6),
        (100, 6),
        (107, 6),
        (61, 6),
        (7, 6),
        (600, 6),
        (3, 6),
        (1, 6),
        (100, 1),
        (99, 10),
        (2, 2),
    ]:
        got = asked(answer, "sample(length, k)", length, k)
        try:
            if isinstance(got, (str, bytes, dict, set, frozenset)):  # they have no numbers, or no order
                raise TypeError
            got = list(itertools.islice(got, length + k + 1))
        except TypeError:
            raise Wrong(f"sample({length}, {k}) should return a list of frame indices; it returned {got!r}.") from None
        given = f"sample({length}, {k}) gave {[index if whole(index) is None else whole(index) for index in got]}"
        for index in got:
            if whole(index) is None:
                raise Wrong(
                    f"{given}: frame indices are whole numbers, and {index!r} is of type {type(index).__name__}, "
                    "which cannot index a list."
                )
        got = [whole(index) for index in got]
        if any(not 0 <= index < length for index in got):
            raise Wrong(f"{given}: the clip has frames 0 to {length - 1}.")
        if len(set(got)) != len(got):
            raise Wrong(f"{given}: the same frame twice teaches nothing new.")
        wanted = min(k, length)
        if len(got) != wanted:
            raise Wrong(
                f"{given}: expected {wanted} frame{'s' if wanted != 1 else ''}"
                + (", all that there are." if length < k else ".")
            )
        if got != sorted(got):
            raise Wrong(f"{given}: keep the frames in the order of time.")
        # The centre of part i is (i + 1/2) length / k; rounding either way is accepted.
        centres = (np.arange(wanted) + 0.5) * length / wanted
        off = np.abs(np.array(got) + 0.5 - centres)
        # Parts of whole frames (np.array_split) are equal up to one frame; their centres are right, too.
        parts = np.array_split(np.arange(length), wanted)
        of_whole_frames = all(abs(i - part.mean()) <= 0.5 for i, part in zip(got, parts, strict=True))
        if np.any(off > 1.0 + 1e-9) and not of_whole_frames:
            i = int(off.argmax())
            raise Wrong(
                f"{given}: part {i + 1} of {wanted} is centred on frame {centres[i] - 0.5:.1f}, "
                f"and index {int(got[i])} is {off[i]:.1f} frames away from it."
            )
    return "right for every length that was tried, and for clips shorter than six frames."
