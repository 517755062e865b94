"""Figures that set tables, intervals and people side by side on one scale; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting import INK, PALETTE, head, new


def heatmaps(
    tables: Mapping[str, object],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    most: float | None = None,
    percent: bool = False,
    zeros: bool = False,
    columns: int = 2,
    size: float = 0.36,
):
    """Tables of one shape as heat maps on one colour scale.

    Parameters
    ----------
    tables : name to DataFrame; rows and columns are named by their index.
    most : the value of the darkest colour; None for the largest of all tables.
    percent : write each cell's share as a whole number of per cent; what rounds to 0 stays empty, or not, with ``zeros``.
    columns : maps beside each other.
    size : inches a cell.
    """
    import seaborn

    frames = list(tables.values())
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise invalid(
            "tables", expected="at least one table, all of one shape", received=[frame.shape for frame in frames]
        )
    most = float(max(np.nanmax(frame.to_numpy(float)) for frame in frames)) if most is None else most
    columns = min(columns, len(frames))
    lines = -(-len(frames) // columns)
    height, width = frames[0].shape
    figure, axes = new(
        columns,
        lines,
        width=columns * (0.9 + size * width) + 0.9,
        height=lines * (1.15 + size * height) + 0.2,
        squeeze=False,
    )
    for axis, (name, frame) in zip(axes.ravel(), tables.items()):
        values = frame.to_numpy(float)
        text = (
            np.array(
                [
                    ["" if np.isnan(v) or (abs(v) < 0.005 and not zeros) else f"{round(100 * v)}" for v in row]
                    for row in values
                ]
            )
            if percent
            else False
        )
        seaborn.heatmap(
            values,
            ax=axis,
            annot=text,
            fmt="",
            cmap="Blues",
            vmin=0,
            vmax=most,
            cbar=False,
            square=True,
            linewidths=0.6,
            linecolor="white",
            xticklabels=list(frame.columns),
            yticklabels=list(frame.index),
            annot_kws={"fontsize": 9},
        )
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.tick_params(length=0, colors=INK)
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        axis.set_xticklabels(
            axis.get_xticklabels(),
            rotation=90 if all(len(str(c)) < 4 for c in frame.columns) else 40,
            ha="center" if all(len(str(c)) < 4 for c in frame.columns) else "right",
        )
        axis.set_xlabel(xlabel, color=INK)
    for axis in axes.ravel()[len(frames) :]:
        axis.set_axis_off()
    for line in axes:
        line[0].set_ylabel(ylabel, color=INK)
    head(axes[0, 0], title)
    return figure


def against(
    pairs: Mapping[str, Mapping[str, tuple[float, float]]], *, title: str, xlabel: str, ylabel: str, within: float = 1.5
):
    """Two measurements of the same thing, point by point, on logarithmic axes, with the band of a factor ``within``.

    ``pairs`` maps a kind (a colour and marker) to named points (x, y), all above 0.
    """
    figure, axis = new(width=6.4, height=5.0)
    every = np.array([point for points in pairs.values() for point in points.values()], float)
    if not len(every) or not (every > 0).all():
        raise invalid("pairs", expected="points above 0", received=pairs)
    low, high = every.min() / 1.6, every.max() * 1.6
    line = np.array([low, high])
    axis.fill_between(
        line, line / within, line * within, color=PALETTE[5], alpha=0.22, lw=0, label=f"within a factor of {within:g}"
    )
    axis.plot(line, line, color=INK, lw=1)
    for (kind, points), colour, marker in zip(pairs.items(), (PALETTE[0], PALETTE[3], PALETTE[2]), "os^"):
        values = np.array(list(points.values()))
        axis.plot(values[:, 0], values[:, 1], marker, color=colour, ms=6, label=kind, ls="none")
        for name, (x, y) in points.items():  # kinds by turns above and below the diagonal, so that names stay apart
            above = marker == "o"
            axis.annotate(
                name,
                (x, y),
                (-3, 5) if above else (3, -5),
                textcoords="offset points",
                fontsize=7.5,
                color=colour,
                ha="right" if above else "left",
                va="bottom" if above else "top",
            )
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), xlabel=xlabel, ylabel=ylabel)
    axis.legend(labelcolor=INK, frameon=False, loc="upper left")
    head(axis, title)
    return figure


def paired_bars(rows: Mapping[str, Mapping[str, float]], *, title: str, xlabel: str, percent: bool = True):
    """Groups of horizontal bars: ``rows`` maps a group to named values, the same names in each."""
    names = list(next(iter(rows.values())))
    figure, axis = new(width=7.2, height=0.9 + (0.26 * len(names) + 0.2) * len(rows))
    step = 0.8 / len(names)
    for place, values in enumerate(rows.values()):
        for k, name in enumerate(names):
            at = place + (k - (len(names) - 1) / 2) * step
            axis.barh(at, values[name], height=step * 0.92, color=PALETTE[k], label=name if place == 0 else None)
            shown = f"{100 * values[name]:.1f} %" if percent else f"{values[name]:,.3g}"
            axis.annotate(
                shown, (values[name], at), (5, 0), textcoords="offset points", va="center", fontsize=9, color=INK
            )
    axis.set_yticks(range(len(rows)), list(rows))
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    if percent:
        from matplotlib.ticker import PercentFormatter

        axis.set_xlim(0, 1.12)
        axis.xaxis.set_major_formatter(PercentFormatter(1))
        axis.set_xticks(np.linspace(0, 1, 6))
    else:
        axis.margins(x=0.12)  # room for the numbers behind the bars
    axis.set_xlabel(xlabel)
    figure.legend(loc="outside lower right", ncols=len(names), labelcolor=INK, frameon=False)
    head(axis, title)
    return figure


def witnesses(correct: Sequence[bool], people: Sequence[str], *, title: str, xlabel: str, ylabel: str = "people"):
    """Every answer, one line a person, right or wrong by colour, the best-read person on top.

    ``correct`` and ``people`` have shape (N,); within a line the order is that of the rows, so that runs of one outcome show as blocks.
    """
    from matplotlib.patches import Patch

    correct, people = np.asarray(correct, bool), np.asarray(people).astype(str)
    if correct.shape != people.shape or correct.ndim != 1 or not len(correct):
        raise invalid(
            "correct", expected="one answer a row, and a person for each", received=(correct.shape, people.shape)
        )
    lines = sorted(
        ((correct[people == name], name) for name in np.unique(people)), key=lambda line: (-line[0].mean(), line[1])
    )
    most = max(len(answers) for answers, _ in lines)
    figure, axis = new(width=8.0, height=1.5 + 0.36 * len(lines))
    for place, (answers, _) in enumerate(lines):
        edges = np.concatenate([[0], np.flatnonzero(np.diff(answers)) + 1, [len(answers)]])
        runs = [(start, end - start) for start, end in zip(edges, edges[1:])]
        for value, colour in ((True, PALETTE[0]), (False, PALETTE[1])):
            axis.broken_barh([run for run in runs if answers[run[0]] == value], (place + 0.07, 0.86), facecolor=colour)
        axis.annotate(
            f"{100 * answers.mean():.0f} %",
            (most, place + 0.5),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=INK,
        )
    axis.set_yticks(np.arange(len(lines)) + 0.5, [name for _, name in lines])
    axis.set(xlim=(0, most), ylim=(len(lines), 0))
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(
        handles=[Patch(color=PALETTE[0], label="right"), Patch(color=PALETTE[1], label="wrong")],
        loc="outside lower right",
        ncols=2,
        labelcolor=INK,
        frameon=False,
    )
    head(axis, title)
    return figure


def dots(
    rows: Mapping[str, Mapping[str, Mapping]],
    *,
    title: str,
    xlabel: str,
    marks: Mapping[str, float] | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    points: bool = False,
):
    """Shares with their intervals: ``rows`` maps a line to named values, each a dict with ``value``, ``low``, ``high``.

    A name has one colour and one marker in every line, and may be absent from some; ``marks`` are named shares, drawn as dotted lines.
    With ``points`` they are differences of shares: the axis has percentage points with a sign, not per cent.
    """
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    if not names or len(names) > 6:
        raise invalid("rows", expected="one to six names", received=names)
    figure, axis = new(width=7.6, height=1.25 + (0.2 * len(names) + 0.24) * len(rows))
    step = 0.72 / len(names)
    for place, values in enumerate(rows.values()):
        if place % 2:
            axis.axhspan(place - 0.5, place + 0.5, color=PALETTE[6], alpha=0.10, lw=0)
        for k, name in enumerate(names):
            if name not in values:
                continue
            point, at = values[name], place + (k - (len(names) - 1) / 2) * step
            if point.get("low") is not None:
                axis.plot([point["low"], point["high"]], [at, at], color=PALETTE[k], lw=2.4, solid_capstyle="butt")
            axis.plot(point["value"], at, "os^DvP"[k], color=PALETTE[k], ms=6.5, clip_on=False)
            ends = [point["low"], point["high"]] if point.get("low") is not None else [point["value"]] * 2
            # To the right of its line, unless a dotted one would run through the number there.
            struck = any(0 < share - ends[1] < 0.08 * (limits[1] - limits[0]) for share in (marks or {}).values())
            axis.annotate(
                f"{100 * point['value']:{'+' if points else ''}.1f}",
                (ends[0] if struck else ends[1], at),
                (-6 if struck else 6, 0),
                textcoords="offset points",
                ha="right" if struck else "left",
                va="center",
                fontsize=8.5,
                color=INK,
            )
    for text, share in (marks or {}).items():
        axis.axvline(share, color=INK, lw=0.9, ls=":", zorder=0)
        axis.annotate(
            text,
            (share, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.set(xlim=limits, xlabel=xlabel)
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda share, _: f"{100 * share:+.0f}" if round(100 * share) else "0")
        if points
        else PercentFormatter(1, decimals=0)
    )
    if len(names) > 1:
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=PALETTE[k], marker="os^DvP"[k], ms=6.5, lw=2.4, label=name)
            for k, name in enumerate(names)
        ]
        columns = max(
            1, min(len(names), 98 // (max(map(len, names)) + 9))
        )  # some 98 letters fit below each other's markers
        figure.legend(handles=handles, loc="outside lower left", ncols=columns, labelcolor=INK, frameon=False)
    head(axis, title)
    return figure


def slopes(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    ends: Sequence[tuple[str, str]],
    ylabel: str,
):
    """One line a person from a first to a second measurement; the mean of all is drawn thick.

    ``panels`` maps a name to the two lists, person by person; ``ends`` names the two measurements of each panel.
    """
    figure, axes = new(len(panels), 1, width=3.7 * len(panels), height=3.8, squeeze=False)
    for axis, (name, pair), texts in zip(axes[0], panels.items(), ends):
        first, second = (np.asarray(values, float) for values in pair)
        if first.shape != second.shape or first.ndim != 1 or not len(first):
            raise invalid(
                "panels", expected="two lists of one length, a number a person", received=(first.shape, second.shape)
            )
        axis.plot([0, 1], [first, second], "o-", color=PALETTE[0], alpha=0.45, lw=1.2, ms=3.5)
        axis.plot([0, 1], [first.mean(), second.mean()], "o-", color=PALETTE[3], lw=3.2, ms=7)
        axis.set_xticks([0, 1], texts)
        axis.set_xlim(-0.25, 1.25)
        axis.set_ylim(bottom=0)
        axis.set_title(name, fontsize=10.5, color=INK)
    axes[0, 0].set_ylabel(ylabel)
    head(axes[0, 0], title)
    return figure


def gains(
    differences: Mapping[str, float], *, title: str, ylabel: str, xlabel: str = "people", mean: Mapping | None = None
):
    """One bar a person, from the largest loss to the largest gain; ``mean`` (value, low, high) as a line with its band."""
    ordered = sorted(differences.items(), key=lambda item: (item[1], item[0]))
    if not ordered:
        raise invalid("differences", expected="a number for at least one person", received=differences)
    figure, axis = new(width=7.6, height=3.4)
    values = np.array([value for _, value in ordered], float)
    axis.bar(
        range(len(values)), values, color=[PALETTE[0] if value > 0 else PALETTE[1] for value in values], width=0.75
    )
    if mean is not None:
        if mean.get("low") is not None:
            axis.axhspan(mean["low"], mean["high"], color=PALETTE[3], alpha=0.22, lw=0, zorder=0)
        axis.axhline(mean["value"], color=PALETTE[3], lw=2, zorder=0.5)
        axis.annotate(
            "mean, and its interval",
            (0, mean["value"] if mean.get("high") is None else mean["high"]),
            (2, 4),
            textcoords="offset points",
            fontsize=9,
            color=PALETTE[3],
            va="bottom",
        )
    axis.axhline(0, color=INK, lw=0.9)
    axis.set_xticks(range(len(values)), [name for name, _ in ordered], fontsize=8.5)
    axis.tick_params(axis="x", length=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    head(axis, title)
    return figure


def reliability(found: Mapping[str, Mapping], *, title: str):
    """Confidence against accuracy, a panel for each answer of `fer_utils.metrics.calibration`; the larger a point, the more rows."""
    from matplotlib.ticker import PercentFormatter

    figure, axes = new(len(found), 1, width=3.9 * len(found) + 0.3, height=4.5, squeeze=False, sharey=True)
    figure.get_layout_engine().set(wspace=0.08)
    for axis, (name, made) in zip(axes[0], found.items()):
        sure, right, rows = (
            np.array([part[key] for part in made["bins"]], float) for key in ("confidence", "accuracy", "n")
        )
        axis.plot([0, 1], [0, 1], color=INK, lw=1, ls=":")
        axis.vlines(sure, np.minimum(sure, right), np.maximum(sure, right), color=PALETTE[3], lw=5, alpha=0.35)
        axis.plot(sure, right, color=PALETTE[0], lw=1.4)
        axis.scatter(sure, right, s=12 + 260 * rows / rows.sum(), color=PALETTE[0], zorder=3, clip_on=False)
        axis.set(
            xlim=(0, 1.02),
            ylim=(0, 1.02),
            xlabel="how sure: the largest score",
            xticks=np.linspace(0, 1, 6),
            yticks=np.linspace(0, 1, 6),
        )
        axis.set_box_aspect(1)
        for part in (axis.xaxis, axis.yaxis):
            part.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.set_title(
            f"{name}\ncalibration error: {100 * made['error']['value']:.1f} points", fontsize=10.5, color=INK
        )
    axes[0, 0].set_ylabel("how often right")
    head(axes[0, 0], title)
    return figure


def strips(rows: Mapping[str, Sequence[float]], *, title: str, xlabel: str, width: float = 0.01):
    """A dot a person, one line a group, dots of nearly equal shares (within ``width``) piled up; a bar at the median."""
    from matplotlib.ticker import PercentFormatter

    if not rows or not all(len(values) for values in rows.values()):
        raise invalid(
            "rows",
            expected="at least one number in every line",
            received={name: len(values) for name, values in rows.items()},
        )
    figure, axis = new(width=7.6, height=0.9 + 0.85 * len(rows))
    for place, values in enumerate(rows.values()):
        values, piles = np.sort(np.asarray(values, float)), {}
        for value in values:
            pile = round(value / width)
            piles[pile] = piles.get(pile, 0) + 1
            axis.plot(pile * width, place + 0.3 - 0.085 * piles[pile], "o", color=PALETTE[place % 4], ms=5)
        axis.plot([np.median(values)] * 2, [place - 0.4, place + 0.34], color=INK, lw=1.6)
        axis.annotate(
            f"{100 * np.median(values):.0f} %",
            (np.median(values), place - 0.42),
            ha="center",
            va="bottom",
            fontsize=9,
            color=INK,
        )
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.65)
    axis.set(xlim=(0, 1), xlabel=xlabel)
    axis.tick_params(axis="y", length=0)
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    head(axis, title)
    return figure


def histories(
    panels: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
    *,
    title: str,
    what: Sequence[str] = ("accuracy", "loss"),
):
    """Curves over the epochs of several trainings of one kind: thin lines are trainings, thick ones their mean; learned dashed, test solid.

    Parameters
    ----------
    panels : name to histories, each with ``accuracy``, ``test_accuracy``, ``loss``, ``test_loss`` (one number an epoch).  One line of
        panels for ``accuracy`` and one for ``loss``, in one scale each.
    what : which of the two.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    if not panels or any(not histories for histories in panels.values()):
        raise invalid(
            "panels",
            expected="at least one panel, each with at least one history",
            received={name: len(h) for name, h in panels.items()},
        )
    figure, axes = new(
        len(panels),
        len(what),
        width=max(4.2, 2.9 * len(panels)),
        height=0.9 + 2.3 * len(what),
        squeeze=False,
        sharey="row",
    )
    for column, (name, trainings) in enumerate(panels.items()):
        for axis, quantity in zip(axes[:, column], what):
            for key, style, colour in ((quantity, "--", PALETTE[0]), (f"test_{quantity}", "-", PALETTE[3])):
                values = np.array([training[key] for training in trainings], float)
                epochs = np.arange(1, values.shape[1] + 1)
                axis.plot(epochs, values.T, style, color=colour, lw=0.8, alpha=0.45)
                axis.plot(
                    epochs,
                    values.mean(axis=0),
                    style,
                    color=colour,
                    lw=2.2,
                    label={quantity: "learned from (dropout on)", f"test_{quantity}": "test"}[key],
                )
            axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            if quantity == "accuracy":
                axis.set_ylim(0, 1.02)
                axis.yaxis.set_major_formatter(PercentFormatter(1))
        axes[0, column].set_title(name, fontsize=10.5, color=INK)
        axes[-1, column].set_xlabel("epoch")
    for axis, quantity in zip(axes[:, 0], what):
        axis.set_ylabel({"accuracy": "accuracy", "loss": "loss (nats)"}[quantity])
        if quantity == "loss":
            axis.set_ylim(bottom=0)  # when all panels are drawn: it ends the search for the top
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, labelcolor=INK, frameon=False)
    head(axes[0, 0], title)
    return figure


def pointed(picture: np.ndarray, box, points: Mapping[str, np.ndarray], *, title: str, margin: float = 0.12):
    """A picture with a face's box (x, y, w, h in pixels), and beside it the box enlarged, with named points (N, 2) on it."""
    from matplotlib.patches import Rectangle

    height, width = picture.shape[:2]
    figure, (whole, near) = new(2, 1, width=8.2, height=3.7, width_ratios=[1.35, 1])
    for axis in (whole, near):
        axis.imshow(picture)
        axis.set_axis_off()
    whole.add_patch(Rectangle((box.x, box.y), box.w, box.h, fill=False, lw=2.5, color=PALETTE[5]))
    for number, (name, places) in enumerate(points.items()):
        near.plot(
            *np.asarray(places, float).T,
            "o+x"[number % 3],
            color=(PALETTE[4], PALETTE[5], PALETTE[1])[number % 3],
            label=name,
            ms=5,
            mfc="none",
            mew=1.6,
            ls="none",
        )
    edge = margin * max(box.w, box.h)
    near.set(
        xlim=(max(box.x - edge, 0), min(box.x + box.w + edge, width)),
        ylim=(min(box.y + box.h + 2 * edge, height), max(box.y - edge, 0)),
    )
    figure.legend(*near.get_legend_handles_labels(), loc="outside lower right", ncols=3, labelcolor=INK, frameon=False)
    head(whole, title)
    return figure
