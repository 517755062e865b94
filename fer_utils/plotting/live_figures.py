"""Figures of a frame's milliseconds: its stages, how often the detector runs, and which frames are late.

They take the tables of `fer_utils.benchmarks.live_pace.pace`, and write their own titles unless one is given.
See `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import along, named_values
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def frame_budget(
    stages: Mapping[str, float],
    *,
    limit_ms: float,
    title: str | None = None,
    optional_stages: Mapping[str, float] | None = None,
) -> Figure:
    """The stages of a frame's work as bars, each beginning where the one before ends, against the time there is.

    Parameters
    ----------
    stages : name to milliseconds, in the order of the work; a dict, or a pandas Series.
    limit_ms : milliseconds that there are; a dotted line.
    title : None for one that says what a frame takes and which stage takes most.
    optional_stages : work that only some ask for, in another colour, after the others; a bar that would dwarf these is
        cut, and says so.

    Raises
    ------
    FerError : no stage, or one of less than 0 ms.
    """
    stages = dict(stages)
    rows = [(name, float(ms), False) for name, ms in stages.items()]
    rows += [(name, float(ms), True) for name, ms in (optional_stages or {}).items()]
    if not stages or any(not ms >= 0 for _, ms, _ in rows):
        raise invalid("stages", expected="at least one piece of work, each of 0 ms or more", received=dict(stages))
    figure, axis = subplots(width=7.6, height=1.2 + 0.36 * len(rows))
    total, start = sum(stages.values()), 0.0
    width = 1.15 * max(total, limit_ms)
    cut_at = 0.94 * width
    names = []
    for place, (name, ms, optional) in enumerate(rows):
        colour = PALETTE[1] if optional else PALETTE[0]
        cut = start + ms > cut_at
        axis.barh(place, min(ms, max(0.0, cut_at - start)), left=start, height=0.66, color=colour)
        if cut:
            axis.plot(cut_at, place, ">", color=colour, ms=17, clip_on=False)
        remark = ""
        if not optional and total:
            remark = f" ({100 * ms / total:.0f} %)"
        elif cut:
            remark = ", cut"
        names.append(f"{name}: {ms:.2f} ms{remark}")
        start += ms
        if place + 1 < len(rows):
            axis.plot([start, start], [place + 0.33, place + 0.67], color=INK, lw=0.7)
    axis.axvline(limit_ms, color=INK, lw=1, ls=":")
    axis.annotate(
        f"{limit_ms:.1f} ms",
        (limit_ms, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=INK,
    )
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.set(xlim=(0, width), xlabel="milliseconds since the frame began, mean of all frames")
    if title is None:
        largest = max(stages, key=stages.__getitem__)
        there = f"of {limit_ms:.1f}" if total <= limit_ms else f"and there are only {limit_ms:.1f}"
        title = f"A frame takes {total:.1f} ms {there}; the longest stage: {largest}"
    set_title(figure, title)
    asked = named_values(optional_stages or {}, _milliseconds, letters=120)
    describe(
        figure,
        "Bars one below the other, each beginning where the one before ends, in milliseconds of a frame: "
        f"{named_values(stages, _milliseconds, letters=280)}.",
        f"Together {_milliseconds(total)} of {_milliseconds(limit_ms)}, a dotted line.",
        f"Optional: {asked}." if asked else "",
    )
    return figure


def _milliseconds(ms: float) -> str:
    return f"{ms:.2f} ms" if ms < 10 else f"{ms:.1f} ms"


def detection_interval(runs: Mapping[int, pd.DataFrame], *, limit_ms: float, title: str | None = None) -> Figure:
    """The time of a frame by how many frames lie between two runs of the detector, n.

    The mean of all frames is drawn as measured and as t0 + td / n, where t0 is the median of the frames without the
    detector, and td what the median of the frames with it takes more; these frames stay as slow as they are.

    Parameters
    ----------
    runs : n to a table of `fer_utils.benchmarks.live_pace.pace`, with ``work`` (ms) and ``looked``.
    limit_ms : milliseconds that there are; a dotted line.
    title : None for one that compares the interval of 10, or the longest, with the shortest.

    Raises
    ------
    FerError : an interval below 1; no frame with the detector, or none without it.
    """
    intervals = sorted(runs)
    work = pd.concat([runs[n]["work"] for n in intervals]) if intervals else pd.Series(dtype=float)
    looked = np.concatenate([runs[n]["looked"].to_numpy(bool) for n in intervals]) if intervals else np.zeros(0, bool)
    if not intervals or intervals[0] < 1 or looked.all() or not looked.any():
        expected = "intervals of 1 or more, with frames with and without the detector"
        raise invalid("runs", expected=expected, received=intervals)
    tracking_ms = float(np.median(work[~looked]))
    extra_ms = float(np.median(work[looked])) - tracking_ms
    means = [float(runs[n]["work"].mean()) for n in intervals]
    detections = [float(runs[n].loc[runs[n]["looked"], "work"].median()) for n in intervals]
    figure, axis = subplots(width=7.2, height=3.9)
    fine = np.geomspace(1, max(intervals[-1], 2), 100)
    axis.plot(fine, tracking_ms + extra_ms / fine, color=PALETTE[0], lw=1.3, ls="--", label="by the formula")
    axis.plot(intervals, means, "o", color=PALETTE[0], ms=8, label="mean of all frames", clip_on=False)
    axis.plot(
        intervals, detections, "D", color=PALETTE[3], ms=7, label="frames with the detector (median)", clip_on=False
    )
    axis.axhline(limit_ms, color=INK, lw=1, ls=":")
    axis.annotate(
        f"{limit_ms:.1f} ms",
        (1, limit_ms),
        (4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=INK,
    )
    axis.set_xscale("log")
    axis.set_xticks(intervals, [f"every {n}" if n > 1 else "every frame" for n in intervals])
    axis.set_xticks([], minor=True)
    axis.set_ylim(0, 1.12 * np.nanmax([limit_ms, *means, *detections]))
    axis.set(xlabel="frames from one detection to the next (logarithmic)", ylabel="milliseconds a frame")
    figure.legend(loc="outside lower left", ncols=3, labelcolor=INK, frameon=False)
    if title is None:
        chosen = intervals.index(10) if 10 in intervals else -1
        share = f"{100 * means[chosen] / means[0]:.0f} %"
        often = "every frame" if intervals[0] == 1 else f"every {intervals[0]} frames"
        title = f"Detection every {intervals[chosen]} frames takes {share} of the time of detection in {often}"
    set_title(figure, title)
    told = []
    for n, mean, detection in zip(intervals, means, detections, strict=True):
        with_look = f" and {_milliseconds(detection)}" if np.isfinite(detection) else ", none with the detector"
        told.append(f"{f'every {n} frames' if n > 1 else 'every frame'} {_milliseconds(mean)}{with_look}")
    describe(
        figure,
        "Milliseconds a frame over how seldom the detector runs: the mean of all frames, which follows a falling "
        f"dashed curve, and the frames with it. {along(told, letters=300)}.",
        f"Dotted line: {_milliseconds(limit_ms)}.",
    )
    return figure


def frame_times(ms: Sequence[float], detected: Sequence[bool], *, limit_ms: float, title: str | None = None) -> Figure:
    """Every frame's milliseconds in the film's order, and beside them a histogram.

    Parameters
    ----------
    ms : (N,) milliseconds of work.
    detected : (N,) whether the detector ran in the frame; those frames have another colour and marker.
    limit_ms : milliseconds that there are; a dotted line.
    title : None for one that says how many frames are late.

    Raises
    ------
    FerError : no frame, or arrays of different shapes.
    """
    ms, detected = np.asarray(ms, float), np.asarray(detected, bool)
    if ms.ndim != 1 or ms.shape != detected.shape or not len(ms):
        received = (ms.shape, detected.shape)
        raise invalid("ms", expected="one time a frame, and for each whether the detector ran", received=received)
    top, mean = 1.06 * max(ms.max(), limit_ms), ms.mean()
    figure, (axis, side) = subplots(1, 2, width=8.0, height=3.7, width_ratios=[3, 1], sharey=True)
    axis.plot(np.flatnonzero(~detected), ms[~detected], "o", color=PALETTE[0], ms=4, label="tracked only", ls="none")
    axis.plot(
        np.flatnonzero(detected), ms[detected], "D", color=PALETTE[3], ms=5, label="the detector ran, too", ls="none"
    )
    side.hist(
        [ms[~detected], ms[detected]],
        np.linspace(0, top, 41),
        stacked=True,
        orientation="horizontal",
        color=[PALETTE[0], PALETTE[3]],
    )
    for panel in (axis, side):
        panel.axhline(limit_ms, color=INK, lw=1, ls=":")
        panel.axhline(mean, color=INK, lw=1)
    for text, value, other in (("mean", mean, limit_ms), (f"{limit_ms:.1f} ms", limit_ms, mean)):
        side.annotate(
            text,
            (1, value),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=9,
            color=INK,
            va="bottom" if value >= other else "top",
        )
    axis.set(ylim=(0, top), xlabel="frame", ylabel="milliseconds of work")
    side.set(xlabel="frames")
    figure.legend(loc="outside lower left", ncols=2, labelcolor=INK, frameon=False)
    set_title(figure, _late_title(ms, limit_ms) if title is None else title)
    told = [
        f"{some.sum()} {what}: median {_milliseconds(np.median(ms[some]))}, slowest {_milliseconds(ms[some].max())}."
        for what, some in (("tracked only", ~detected), ("with the detector", detected))
        if some.any()
    ]
    late = f"{(ms > limit_ms).sum()} above the dotted line at {_milliseconds(limit_ms)}"
    describe(
        figure,
        f"A dot for each of {len(ms)} frames in order, milliseconds upwards, and a histogram beside them.",
        *told,
        f"Mean {_milliseconds(mean)}; {late}.",
    )
    return figure


def _late_title(ms: np.ndarray, limit_ms: float) -> str:
    """How many frames are late, and whether the mean shows it."""
    late, mean = int((ms > limit_ms).sum()), ms.mean()
    if not late:
        return f"No frame is late; the slowest takes {ms.max() / mean:.1f} times the mean"
    hidden = "does not show it" if mean <= limit_ms else "is above the budget, too"
    return f"{late} of {len(ms)} frames {'is' if late == 1 else 'are'} late; the mean, {mean:.1f} ms, {hidden}"
