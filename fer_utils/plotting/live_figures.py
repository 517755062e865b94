"""Figures of what happens in time: a frame's milliseconds, scores that are smoothed, what the smoothing costs; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting import INK, PALETTE, head, new


def budget(parts: Mapping[str, float], *, limit: float, title: str, besides: Mapping[str, float] | None = None):
    """A frame's work as bars that begin where the one before ends, against what there is.

    Parameters
    ----------
    parts : name to milliseconds, in the order of the work.
    limit : milliseconds that there are; a dotted line.
    besides : work that only some ask for, in another colour, after the others; a bar that would dwarf these is cut, and says so.
    """
    rows = [(name, float(ms), PALETTE[0]) for name, ms in parts.items()] + [
        (name, float(ms), PALETTE[1]) for name, ms in (besides or {}).items()
    ]
    if not parts or any(not ms >= 0 for _, ms, _ in rows):
        raise invalid("parts", expected="at least one piece of work, each of 0 ms or more", received=dict(parts))
    figure, axis = new(width=7.6, height=1.2 + 0.36 * len(rows))
    total, start = sum(parts.values()), 0.0
    wide = 1.4 * max(total, limit)
    for place, (name, ms, colour) in enumerate(rows):
        cut = start + ms > 0.76 * wide
        axis.barh(place, min(ms, max(0.0, 0.76 * wide - start)), left=start, height=0.66, color=colour)
        if cut:
            axis.plot(0.76 * wide, place, ">", color=colour, ms=17, clip_on=False)
        share = f" ({100 * ms / total:.0f} %)" if colour == PALETTE[0] and total else ", cut" if cut else ""
        axis.annotate(
            f"{ms:.2f} ms{share}",
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
    axis.axvline(limit, color=INK, lw=1, ls=":")
    axis.annotate(
        f"{limit:.1f} ms",
        (limit, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=INK,
    )
    axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.set(xlim=(0, wide), xlabel="milliseconds since the frame began, mean of all frames")
    head(axis, title)
    return figure


def seldom(
    means: Mapping[int, float], looks: Mapping[int, float], *, plain: float, look: float, limit: float, title: str
):
    """The mean frame by how seldom the detector looks, measured and as plain + look / n, and the frames with a look, which stay as slow as they are.

    Parameters
    ----------
    means, looks : interval of the detector to milliseconds: of all frames, and of those with a look (NaN where there is none).
    plain, look : milliseconds of a frame without a look, and what a look takes more.
    limit : milliseconds that there are; a dotted line.
    """
    intervals = sorted(means)
    if not intervals or intervals[0] < 1 or set(looks) != set(means):
        raise invalid("means", expected="intervals of 1 or more, the same in both", received=(dict(means), dict(looks)))
    figure, axis = new(width=7.2, height=3.9)
    fine = np.geomspace(1, max(intervals[-1], 2), 100)
    axis.plot(fine, plain + look / fine, color=PALETTE[0], lw=1.3, ls="--", label="by the formula")
    axis.plot(
        intervals, [means[n] for n in intervals], "o", color=PALETTE[0], ms=8, label="mean of all frames", clip_on=False
    )
    axis.plot(
        intervals,
        [looks[n] for n in intervals],
        "D",
        color=PALETTE[3],
        ms=7,
        label="frames with a look (median)",
        clip_on=False,
    )
    axis.axhline(limit, color=INK, lw=1, ls=":")
    axis.annotate(
        f"{limit:.1f} ms",
        (1, limit),
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
    axis.set_ylim(0, 1.12 * max(limit, *(value for value in (*means.values(), *looks.values()) if value == value)))
    axis.set(xlabel="frames from one look to the next (logarithmic)", ylabel="milliseconds a frame")
    figure.legend(loc="outside lower left", ncols=3, labelcolor=INK, frameon=False)
    head(axis, title)
    return figure


def frame_times(ms: Sequence[float], looked: Sequence[bool], *, limit: float, title: str):
    """Every frame's milliseconds in the film's order, those in which the detector ran marked, and beside them how often which time occurs."""
    ms, looked = np.asarray(ms, float), np.asarray(looked, bool)
    if ms.ndim != 1 or ms.shape != looked.shape or not len(ms):
        raise invalid(
            "ms", expected="one time a frame, and for each whether the detector ran", received=(ms.shape, looked.shape)
        )
    top = 1.06 * max(ms.max(), limit)
    figure, (axis, side) = new(2, 1, width=8.0, height=3.7, width_ratios=[3, 1], sharey=True)
    kinds = (("followed only", ~looked, PALETTE[0], "o"), ("the detector looked, too", looked, PALETTE[3], "D"))
    for name, which, colour, marker in kinds:
        axis.plot(
            np.flatnonzero(which), ms[which], marker, color=colour, ms=4 if marker == "o" else 5, label=name, ls="none"
        )
    edges = np.linspace(0, top, 41)
    side.hist(
        [ms[which] for _, which, *_ in kinds],
        edges,
        stacked=True,
        orientation="horizontal",
        color=[colour for *_, colour, _ in kinds],
    )
    for one in (axis, side):
        one.axhline(limit, color=INK, lw=1, ls=":")
    axis.axhline(ms.mean(), color=INK, lw=1)
    side.axhline(ms.mean(), color=INK, lw=1)
    for text, value, other in (("mean", ms.mean(), limit), (f"{limit:.1f} ms", limit, ms.mean())):
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
    head(axis, title)
    return figure


def answers_to_a_step(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]], *, title: str, at: float
):
    """A score that jumps from 0 to 1 at the second ``at``, as several cameras see it smoothed.

    ``panels`` maps a way of smoothing to named curves (seconds, smoothed score), the same names in each.
    """
    if not panels or len({tuple(curves) for curves in panels.values()}) != 1:
        raise invalid(
            "panels",
            expected="at least one, all with the same curves",
            received={name: list(curves) for name, curves in panels.items()},
        )
    figure, axes = new(len(panels), 1, width=4.0 * len(panels), height=3.6, squeeze=False, sharey=True)
    for axis, (name, curves) in zip(axes[0], panels.items()):
        for number, (camera, (times, values)) in enumerate(curves.items()):
            axis.plot(times, values, color=PALETTE[number], marker="os^D"[number % 4], ms=3.6, lw=1.3, label=camera)
        axis.axvline(at, color=INK, lw=0.8, ls=":")
        axis.axhline(0.5, color=INK, lw=0.8, ls=":")
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.set(xlabel="time (s)", ylim=(-0.03, 1.03))
    axes[0, 0].set_ylabel("smoothed score")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), labelcolor=INK, frameon=False)
    head(axes[0, 0], title)
    return figure


def steadied(
    times: Sequence[float], raw: np.ndarray, smoothed: np.ndarray, labels: Sequence[str], *, title: str, shown: int = 3
):
    """Raw scores (thin) and smoothed ones (thick) of the labels that matter most, and below, as two bands, which label leads.

    ``raw`` and ``smoothed`` have the shape (T, classes), ``times`` (T,) seconds.
    """
    times, raw, smoothed = (np.asarray(values, float) for values in (times, raw, smoothed))
    if (
        raw.ndim != 2
        or raw.shape != smoothed.shape
        or times.shape != raw.shape[:1]
        or len(labels) != raw.shape[1]
        or len(times) < 2
    ):
        raise invalid(
            "raw",
            expected="two arrays (T, classes), T times and a label a class",
            received=(raw.shape, smoothed.shape, times.shape, len(labels)),
        )
    leads = {"raw": raw.argmax(axis=1), "smoothed": smoothed.argmax(axis=1)}
    often = np.bincount(np.concatenate(list(leads.values())), minlength=len(labels)) + smoothed.mean(axis=0) / 2
    order = list(np.argsort(-often, kind="stable")[:shown])
    colour = {label: PALETTE[place] for place, label in enumerate(order)}
    figure, (axis, band) = new(1, 2, width=7.6, height=4.4, height_ratios=[3.4, 1], sharex=True)
    for label in order:
        axis.plot(times, raw[:, label], color=colour[label], lw=0.9, alpha=0.6)
        axis.plot(times, smoothed[:, label], color=colour[label], lw=2.4, label=labels[label])
    step = float(np.median(np.diff(times)))
    for place, line in enumerate(leads.values()):
        starts = np.concatenate([[0], np.flatnonzero(np.diff(line)) + 1])
        ends = np.append(times[starts[1:]], times[-1] + step)
        for start, end in zip(starts, ends):
            band.broken_barh(
                [(times[start], end - times[start])],
                (place + 0.08, 0.84),
                facecolor=colour.get(line[start], PALETTE[6]),
            )
    band.set_yticks([0.5, 1.5], list(leads))
    band.set(ylim=(2, 0), xlim=(times[0], times[-1] + step), xlabel="time (s)")
    band.tick_params(axis="y", length=0)
    band.spines[["left", "bottom"]].set_visible(False)
    axis.set(ylim=(0, min(1.02, max(0.3, 1.15 * max(raw.max(), smoothed.max())))), ylabel="score")
    rest = any(label not in colour for line in leads.values() for label in line)
    axis.legend(
        labelcolor=INK,
        frameon=False,
        ncols=shown,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        alignment="left",
        title_fontsize=9,
        title="thin: raw; thick: smoothed" + ("; grey: another label leads" if rest else ""),
    ).get_title().set_color(INK)
    head(axis, title)
    return figure


def bargain(rows: Sequence[tuple[float, float, float]], *, title: str, marked: float | None = None):
    """What smoothing costs (seconds of delay) against what it gives (label changes a second).

    ``rows`` are time constants with their delay and changes, in order; ``marked`` is the time constant that is set off.
    """
    rows = [tuple(map(float, row)) for row in rows if all(np.isfinite(row))]
    if not rows:
        raise invalid("rows", expected="at least one time constant with a delay and changes", received="none")
    figure, axis = new(width=6.8, height=3.9)
    taus, delay, changes = np.array(rows).T
    axis.plot(delay, changes, color=PALETTE[5], lw=1.6, zorder=1)
    texts: dict[tuple[float, float], list[float]] = {}
    for tau, x, y in rows:
        axis.plot(x, y, "o", color=PALETTE[3] if tau == marked else PALETTE[0], ms=8, clip_on=False, zorder=2)
        texts.setdefault((round(x, 3), round(y, 2)), []).append(tau)
    for (x, y), some in texts.items():
        axis.annotate(
            ", ".join(f"{tau:g}" for tau in some) + " s",
            (x, y),
            (8, 6),
            textcoords="offset points",
            fontsize=9.5,
            color=INK,
        )
    axis.set(xlabel="delay (s)", ylabel="changes of the leading label a second")
    axis.set_xlim(0, 1.18 * max(delay.max(), 0.05))
    axis.set_ylim(0, 1.15 * max(changes.max(), 0.5))
    head(axis, title)
    return figure
