"""Figures of scores that are smoothed in time, and of what the smoothing costs.

They write their own titles unless one is given.  See `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.figure import Figure
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.scores import finite_scores
from fer_utils.plotting.descriptions import along, listing, number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def step_responses(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    *,
    step_s: float,
    title: str | None = None,
) -> Figure:
    """A score that jumps from 0 to 1 at the second ``step_s``, as several cameras see it smoothed.

    ``panels`` maps a way of smoothing to named curves (seconds, smoothed score), the same names in each; a ``FerError``
    if they are not.  Without a ``title`` the figure says when the curves reach one half.
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
    set_title(figure, _halves_title(panels, step_s) if title is None else title)
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


def _halves_title(panels: Mapping, step_s: float) -> str:
    """Between what delays the curves of each panel reach one half, between the frames by interpolation."""
    told = []
    for name, curves in panels.items():
        reached = [(times, values) for times, values in curves.values() if np.max(values) >= 0.5]
        delays = [np.interp(0.5, values, times) - step_s for times, values in reached]  # they only climb
        told.append(f"{name}: {min(delays):.2f} to {max(delays):.2f} s" if delays else f"{name}: never")
    return f"Time to one half, {'; '.join(told)}"


def _delay_to_one_half(times: Sequence[float], values: Sequence[float], step_s: float) -> str:
    """How long after the jump a rising curve reaches one half, between the frames by interpolation."""
    if np.max(values) < 0.5:
        return "never"
    return f"after {np.interp(0.5, values, times) - step_s:.2f} s"


def smoothed_scores(
    times: Sequence[float],
    raw: np.ndarray,
    smoothed: np.ndarray,
    labels: Sequence[str],
    *,
    title: str | None = None,
    labels_shown: int = 3,
) -> Figure:
    """Raw scores (thin) and smoothed ones (thick), and below, as two bands, which label has the largest score.

    Parameters
    ----------
    times : (T,) seconds.
    raw, smoothed : (T, classes) scores, 0 to 1.
    labels : the names of the classes.
    title : None for one that counts how often the leading label changes.
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
    if title is None:
        raw_changes, smoothed_changes = (int(np.count_nonzero(np.diff(line))) for line in leading.values())
        title = f"Changes of the leading label: {raw_changes} raw, {smoothed_changes} smoothed"
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
    rows: Iterable[Sequence[float]], *, title: str | None = None, highlight: float | None = None
) -> Figure:
    """What smoothing costs (seconds of delay) against what it gives (fewer changes of the label).

    Parameters
    ----------
    rows : time constants (s) with their changes a second and their delay (s), in order, as
        `fer_utils.live.smoothing.trade` gives them; rows with NaN are left out.
    title : None for one that says what the time constant of ``highlight`` changes.
    highlight : the time constant in another colour.

    Raises
    ------
    FerError : no row.
    """
    rows = [tuple(map(float, row)) for row in rows]
    finite = [(constant, delay, changes) for constant, changes, delay in rows if np.isfinite([changes, delay]).all()]
    if not rows:
        raise invalid("rows", expected="at least one time constant with changes and a delay", received="none")
    figure, axis = subplots(width=6.8, height=3.9)
    _, delay, changes = np.array(finite).reshape(-1, 3).T
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
    axis.set_xlim(0, 1.18 * max([0.05, *delay]))
    axis.set_ylim(0, 1.15 * max([0.5, *changes]))
    set_title(figure, _trade_title(finite, highlight) if title is None else title)
    told = [f"{constant:g} s: {y:.1f} changes, {x:.2f} s" for constant, x, y in finite]
    describe(
        figure,
        "Points joined by a line, changes of the leading label a second upwards, delay in seconds to the right, by "
        f"time constant: {along(told, letters=360) if told else 'no score moves, so that no point is drawn'}.",
    )
    return figure


def _trade_title(finite: Sequence[tuple[float, float, float]], highlight: float | None) -> str:
    """From how many changes to how many, and for what delay."""
    found = {constant: (delay, changes) for constant, delay, changes in finite}
    if not finite or all(changes == 0 for _, _, changes in finite):
        return "No label changes here, so there is nothing to smooth"
    if highlight not in found or 0.0 not in found:
        return "Fewer changes of the label cost delay"
    delay, changes = found[highlight]
    return f"{highlight:g} s: from {found[0.0][1]:.1f} to {changes:.1f} changes a second, for {delay:.2f} s of delay"
