"""Figures of what happens in time: a frame's milliseconds, scores that are smoothed, what the smoothing costs.

See `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.scores import finite_scores
from fer_utils.plotting.descriptions import along, listing, named_values, number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def frame_budget(
    stages: Mapping[str, float],
    *,
    limit_ms: float,
    title: str,
    optional_stages: Mapping[str, float] | None = None,
) -> Figure:
    """The stages of a frame's work as bars, each beginning where the one before ends, against the time there is.

    Parameters
    ----------
    stages : name to milliseconds, in the order of the work.
    limit_ms : milliseconds that there are; a dotted line.
    optional_stages : work that only some ask for, in another colour, after the others; a bar that would dwarf these is
        cut, and says so.

    Raises
    ------
    FerError : no stage, or one of less than 0 ms.
    """
    rows = [(name, float(ms), False) for name, ms in stages.items()]
    rows += [(name, float(ms), True) for name, ms in (optional_stages or {}).items()]
    if not stages or any(not ms >= 0 for _, ms, _ in rows):
        raise invalid("stages", expected="at least one piece of work, each of 0 ms or more", received=dict(stages))
    figure, axis = subplots(width=7.6, height=1.2 + 0.36 * len(rows))
    total, start = sum(stages.values()), 0.0
    width = 1.4 * max(total, limit_ms)
    cut_at = 0.76 * width  # to the right of it stand the numbers
    for place, (_, ms, optional) in enumerate(rows):
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
        axis.annotate(
            f"{ms:.2f} ms{remark}",
            (1, place),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=9.5,
            color=INK,
        )
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
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.set(xlim=(0, width), xlabel="milliseconds since the frame began, mean of all frames")
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


def detection_interval(
    mean_ms: Mapping[int, float],
    detection_ms: Mapping[int, float],
    *,
    tracking_ms: float,
    extra_ms: float,
    limit_ms: float,
    title: str,
) -> Figure:
    """The time of a frame by how many frames lie between two runs of the detector, n.

    The mean of all frames is drawn as measured and as tracking_ms + extra_ms / n; the frames in which the detector runs
    stay as slow as they are.

    Parameters
    ----------
    mean_ms, detection_ms : n to milliseconds: of all frames, and of those with a detection (NaN where there is none).
    tracking_ms, extra_ms : milliseconds of a frame without a detection, and what a detection takes more.
    limit_ms : milliseconds that there are; a dotted line.

    Raises
    ------
    FerError : an interval below 1, or other intervals in ``detection_ms``.
    """
    intervals = sorted(mean_ms)
    if not intervals or intervals[0] < 1 or set(detection_ms) != set(mean_ms):
        received = (dict(mean_ms), dict(detection_ms))
        raise invalid("mean_ms", expected="intervals of 1 or more, the same in both", received=received)
    figure, axis = subplots(width=7.2, height=3.9)
    fine = np.geomspace(1, max(intervals[-1], 2), 100)
    means, detections = [mean_ms[n] for n in intervals], [detection_ms[n] for n in intervals]
    axis.plot(fine, tracking_ms + extra_ms / fine, color=PALETTE[0], lw=1.3, ls="--", label="by the formula")
    axis.plot(intervals, means, "o", color=PALETTE[0], ms=8, label="mean of all frames", clip_on=False)
    axis.plot(intervals, detections, "D", color=PALETTE[3], ms=7, label="frames with a look (median)", clip_on=False)
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
    axis.set(xlabel="frames from one look to the next (logarithmic)", ylabel="milliseconds a frame")
    figure.legend(loc="outside lower left", ncols=3, labelcolor=INK, frameon=False)
    set_title(figure, title)
    told = []
    for n, mean, detection in zip(intervals, means, detections, strict=True):
        with_look = f" and {_milliseconds(detection)}" if np.isfinite(detection) else ", none with a look"
        told.append(f"{f'every {n} frames' if n > 1 else 'every frame'} {_milliseconds(mean)}{with_look}")
    describe(
        figure,
        "Milliseconds a frame over how seldom the detector looks: the mean of all frames, which follows a falling "
        f"dashed curve, and the frames with a look. {along(told, letters=300)}.",
        f"Dotted line: {_milliseconds(limit_ms)}.",
    )
    return figure


def frame_times(ms: Sequence[float], detected: Sequence[bool], *, limit_ms: float, title: str) -> Figure:
    """Every frame's milliseconds in the film's order, and beside them a histogram.

    Parameters
    ----------
    ms : (N,) milliseconds of work.
    detected : (N,) whether the detector ran in the frame; those frames have another colour and marker.
    limit_ms : milliseconds that there are; a dotted line.

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
    axis.plot(np.flatnonzero(~detected), ms[~detected], "o", color=PALETTE[0], ms=4, label="followed only", ls="none")
    axis.plot(
        np.flatnonzero(detected), ms[detected], "D", color=PALETTE[3], ms=5, label="the detector looked, too", ls="none"
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
    set_title(figure, title)
    told = [
        f"{some.sum()} {what}: median {_milliseconds(np.median(ms[some]))}, slowest {_milliseconds(ms[some].max())}."
        for what, some in (("followed only", ~detected), ("with a look of the detector", detected))
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


def step_responses(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], *, title: str, step_s: float
) -> Figure:
    """A score that jumps from 0 to 1 at the second ``step_s``, as several cameras see it smoothed.

    ``panels`` maps a way of smoothing to named curves (seconds, smoothed score), the same names in each; a ``FerError``
    if they are not.
    """
    if not panels or len({tuple(curves) for curves in panels.values()}) != 1:
        raise invalid(
            "panels",
            expected="at least one, all with the same curves",
            received={name: list(curves) for name, curves in panels.items()},
        )
    figure, axes = subplots(1, len(panels), width=4.0 * len(panels), height=3.6, squeeze=False, sharey=True)
    for axis, (name, curves) in zip(axes[0], panels.items(), strict=True):
        for number, (camera, (times, values)) in enumerate(curves.items()):
            axis.plot(times, values, color=PALETTE[number], marker="os^D"[number % 4], ms=3.6, lw=1.3, label=camera)
        axis.axvline(step_s, color=INK, lw=0.8, ls=":")
        axis.axhline(0.5, color=INK, lw=0.8, ls=":")
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.set(xlabel="time (s)", ylim=(-0.03, 1.03))
    axes[0, 0].set_ylabel("smoothed score")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), labelcolor=INK, frameon=False)
    set_title(figure, title)
    told = []
    for name, curves in panels.items():
        halves = [f"{one_line(camera)} {_delay_to_one_half(*curve, step_s)}" for camera, curve in curves.items()]
        told.append(f"{one_line(name)}: {listing(halves, letters=180)}.")
    describe(
        figure,
        f"Smoothed scores in time, a jump from 0 to 1 at {number_text(step_s)} s, and when they reach one half:",
        sentences(told),
    )
    return figure


def _delay_to_one_half(times: Sequence[float], values: Sequence[float], step_s: float) -> str:
    """How long after the jump a curve's first point of one half or more comes."""
    high = np.flatnonzero(np.asarray(values, float) >= 0.5)
    return f"after {times[high[0]] - step_s:.2f} s" if len(high) else "never"


def smoothed_scores(
    times: Sequence[float],
    raw: np.ndarray,
    smoothed: np.ndarray,
    labels: Sequence[str],
    *,
    title: str,
    labels_shown: int = 3,
) -> Figure:
    """Raw scores (thin) and smoothed ones (thick), and below, as two bands, which label has the largest score.

    Parameters
    ----------
    times : (T,) seconds.
    raw, smoothed : (T, classes) scores, 0 to 1.
    labels : the names of the classes.
    labels_shown : for how many labels curves are drawn: those that lead most often.

    Raises
    ------
    FerError : arrays that do not fit together, fewer than two times, or scores that are NaN or infinite.
    """
    times, raw, smoothed = (np.asarray(values, float) for values in (times, raw, smoothed))
    one_shape = raw.ndim == 2 and raw.shape == smoothed.shape
    if not one_shape or times.shape != raw.shape[:1] or len(labels) != raw.shape[1] or len(times) < 2:
        raise invalid(
            "raw",
            expected="two arrays (T, classes), T times and a label a class",
            received=(raw.shape, smoothed.shape, times.shape, len(labels)),
        )
    leading = {
        name: finite_scores(name, scores, "a face's record").argmax(axis=1)
        for name, scores in (("raw", raw), ("smoothed", smoothed))
    }
    times_leading = np.bincount(np.concatenate(list(leading.values())), minlength=len(labels))
    importance = times_leading + smoothed.mean(axis=0) / 2
    shown = list(np.argsort(-importance, kind="stable")[:labels_shown])
    colours = {label: PALETTE[place] for place, label in enumerate(shown)}
    figure, (axis, band) = subplots(2, 1, width=7.6, height=4.4, height_ratios=[3.4, 1], sharex=True)
    for label in shown:
        axis.plot(times, raw[:, label], color=colours[label], lw=0.9, alpha=0.6)
        axis.plot(times, smoothed[:, label], color=colours[label], lw=2.4, label=labels[label])
    frame_s = float(np.median(np.diff(times)))
    for place, line in enumerate(leading.values()):
        starts = np.concatenate([[0], np.flatnonzero(np.diff(line)) + 1])
        ends = np.append(times[starts[1:]], times[-1] + frame_s)
        for start, end in zip(starts, ends, strict=True):
            colour = colours.get(line[start], PALETTE[6])
            band.broken_barh([(times[start], end - times[start])], (place + 0.08, 0.84), facecolor=colour)
    band.set_yticks([0.5, 1.5], list(leading))
    band.set(ylim=(2, 0), xlim=(times[0], times[-1] + frame_s), xlabel="time (s)")
    band.tick_params(axis="y", length=0)
    band.spines[["left", "bottom"]].set_visible(False)
    largest = max(raw.max(), smoothed.max())
    axis.set(ylim=(0, min(1.02, max(0.3, 1.15 * largest))), ylabel="score")
    key = "thin: raw; thick: smoothed"
    if any(label not in colours for line in leading.values() for label in line):
        key += "; grey: another label leads"
    legend = axis.legend(
        labelcolor=INK,
        frameon=False,
        ncols=labels_shown,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        alignment="left",
        title_fontsize=9,
        title=key,
    )
    legend.get_title().set_color(INK)
    set_title(figure, title)
    means = [f"{one_line(labels[label], 24)} {raw[:, label].mean():.2f}" for label in shown]
    told = []
    for name, line in leading.items():
        changes = int(np.count_nonzero(np.diff(line)))
        most = int(np.bincount(line, minlength=len(labels)).argmax())
        share = number_text(float(np.mean(line == most)), True)
        changed = f"changes {changes} time{'s' * (changes != 1)}"
        told.append(f"{name}, the leading label {changed} and is {one_line(labels[most], 24)} in {share}")
    describe(
        figure,
        f"Scores over {times[-1] - times[0]:.1f} s, raw thin and smoothed thick; mean raw score: {listing(means)}.",
        f"Below, two bands: {'; '.join(told)}.",
    )
    return figure


def smoothing_trade_off(
    rows: Sequence[tuple[float, float, float]], *, title: str, highlight: float | None = None
) -> Figure:
    """What smoothing costs (seconds of delay) against what it gives (fewer changes of the label).

    Parameters
    ----------
    rows : time constants (s) with their delay (s) and changes a second, in order; rows with NaN are left out.
    highlight : the time constant in another colour.

    Raises
    ------
    FerError : no row that is finite.
    """
    finite = [tuple(map(float, row)) for row in rows if all(np.isfinite(row))]
    if not finite:
        raise invalid("rows", expected="at least one time constant with a delay and changes", received="none")
    figure, axis = subplots(width=6.8, height=3.9)
    _, delay, changes = np.array(finite).T
    axis.plot(delay, changes, color=PALETTE[5], lw=1.6, zorder=1)
    constants_at: dict[tuple[float, float], list[float]] = {}  # those that share a place share a text
    for constant, x, y in finite:
        colour = PALETTE[3] if constant == highlight else PALETTE[0]
        axis.plot(x, y, "o", color=colour, ms=8, clip_on=False, zorder=2)
        constants_at.setdefault((round(x, 3), round(y, 2)), []).append(constant)
    for place, constants in constants_at.items():
        text = ", ".join(f"{constant:g}" for constant in constants) + " s"
        axis.annotate(text, place, (8, 6), textcoords="offset points", fontsize=9.5, color=INK)
    axis.set(xlabel="delay (s)", ylabel="changes of the leading label a second")
    axis.set_xlim(0, 1.18 * max(delay.max(), 0.05))
    axis.set_ylim(0, 1.15 * max(changes.max(), 0.5))
    set_title(figure, title)
    told = [f"{constant:g} s: {y:.1f} changes, {x:.2f} s" for constant, x, y in finite]
    describe(
        figure,
        "Points joined by a line, changes of the leading label a second upwards, delay in seconds to the right, by "
        f"time constant: {along(told, letters=360)}.",
    )
    return figure
