"""Figures: one message each, light and dark, with alt text that says what is seen.

Every function returns a Matplotlib figure; `show` puts it on the page.  The
palette is Okabe and Ito's, which colour-blind readers can tell apart (Okabe &
Ito 2008, "Color Universal Design").
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
import html
import io

import numpy as np

from fer_utils.core.errors import invalid

#: Okabe & Ito's colours, ordered so that neighbours differ in lightness, too.
PALETTE: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
INK, DARK_PAPER = "#222222", "#15181C"
#: What a colour becomes on dark paper; colours not named keep theirs.
_ON_DARK = {INK: "#E6E6E6", "#0072b2": "#56B4E9", "#d55e00": "#F58A42", "#009e73": "#2BC295"}


def style() -> dict:
    """The Matplotlib settings of the book's figures, for ``matplotlib.rc_context``."""
    import seaborn

    return {
        **seaborn.axes_style("ticks"),
        "figure.dpi": 100,
        "savefig.dpi": 200,
        "font.size": 10.5,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }


def new(columns: int = 1, rows: int = 1, *, width: float = 7.0, height: float = 3.6, **options):
    """A figure in the book's style: returns (figure, axes) as ``matplotlib.figure.Figure.subplots`` does.

    ``width`` and ``height`` in inches.  It does not touch pyplot's list of
    figures, so nothing is shown twice and nothing has to be closed.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style()):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, **options)
    return figure, axes


def head(axes, text: str) -> None:
    """The figure's message, above it, from its left edge, so that long row names leave it room."""
    axes.figure.suptitle(text, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)


def show(figure, *, alt: str, caption: str | None = None) -> None:
    """Display a figure with alt text, in the page's light or dark colours.

    Parameters
    ----------
    figure : a Matplotlib figure, or a sheet of `fer_utils.plotting.contact_sheets`.
    alt : what is to be seen, in a sentence or two, for those who do not see it.
    caption : a line below the figure, plain text.
    """
    from IPython.display import HTML, display

    display(HTML(figure_html(figure, alt=alt, caption=caption)))


def figure_html(figure, *, alt: str, caption: str | None = None) -> str:
    """The HTML that `show` displays: two pictures, of which the page shows the one for its colours."""
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise invalid("alt", expected="a sentence that says what is seen", received=alt)
    if hasattr(figure, "sheet_html"):
        return figure.sheet_html(alt=alt, caption=caption)
    width = int(figure.get_figwidth() * 100)
    light = _png(figure, "white")
    with _darkened(figure):
        dark = _png(figure, DARK_PAPER)
    text = html.escape(alt, quote=True)
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    image = (
        '<img class="{kind}" alt="{alt}" width="{width}" style="max-width:100%;height:auto{extra}" '
        'src="data:image/png;base64,{data}">'
    )
    return (
        '<figure class="fer-figure" style="margin:1em 0">'
        + image.format(kind="fer-light", alt=text, width=width, extra="", data=light)
        + image.format(kind="fer-dark", alt=text, width=width, extra=";display:none", data=dark)
        + below
        + "</figure>"
    )


def _png(figure, paper: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200, facecolor=paper)
    return base64.b64encode(buffer.getvalue()).decode()


class _darkened:
    """While open, a figure has the colours that can be read on dark paper."""

    def __init__(self, figure):
        self.figure = figure

    def __enter__(self):
        from matplotlib.colors import to_hex

        self.undo = []
        for artist in self.figure.findobj():
            for part in ("color", "facecolor", "edgecolor", "markeredgecolor", "markerfacecolor"):
                get, put = getattr(artist, f"get_{part}", None), getattr(artist, f"set_{part}", None)
                if get is None or put is None:
                    continue
                try:
                    before = get()
                    after = _ON_DARK.get(to_hex(before))
                except (ValueError, TypeError, IndexError, AttributeError):
                    continue  # an artist of several colours, which are its own
                if after is None:
                    continue
                put(after)
                self.undo.append((put, before))
        for axes in self.figure.axes:
            before = axes.get_facecolor()
            if to_hex(before) == "#ffffff":
                axes.set_facecolor(DARK_PAPER)
                self.undo.append((axes.set_facecolor, before))
        return self.figure

    def __exit__(self, *_):
        for put, before in reversed(self.undo):
            put(before)


def faces(
    images: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
    cell: float = 1.0,
    rows: Sequence[str] = (),
):
    """A contact sheet of pictures.

    Parameters
    ----------
    images : grey (H, W), (H, W, 1) or colour (H, W, 3) uint8 arrays.
    titles : a line above each picture; may be shorter than ``images``.
    rows : a name to the left of each row.
    cell : the width of a picture in inches.
    """
    if not len(images):
        raise invalid("images", expected="at least one picture", received="none")
    columns = min(columns, len(images))
    count = -(-len(images) // columns)
    titled = min(count, -(-len(titles) // columns))
    figure, axes = new(
        columns,
        count,
        width=columns * cell + (0.8 if rows else 0.1),
        height=count * (cell + 0.04) + 0.22 * titled,
        squeeze=False,
    )
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    for i, axis in enumerate(axes.flat):
        axis.set_xticks([]), axis.set_yticks([])
        axis.spines[:].set_visible(False)
        if i < len(images):
            picture = np.asarray(images[i])
            axis.imshow(picture.squeeze(), cmap="gray" if picture.squeeze().ndim == 2 else None, vmin=0, vmax=255)
            if i < len(titles):
                axis.set_title(titles[i], fontsize=9, fontweight="normal", loc="center", pad=3)
            if i % columns == 0 and i // columns < len(rows):
                axis.set_ylabel(rows[i // columns], rotation=0, ha="right", va="center", labelpad=8)
    return figure


def curves(results: Mapping[str, object], *, title: str):
    """Accuracy and loss over the epochs, learned rows dashed and test rows solid, one colour a result.

    ``results`` maps a name to a `fer_utils.experiments.Result`.
    """
    figure, axes = new(2, 1, width=8.0, height=3.4)
    for number, (name, result) in enumerate(results.items()):
        colour = PALETTE[number % len(PALETTE)]
        for axis, what in zip(axes, ("accuracy", "loss")):
            epochs = np.arange(1, len(result.history[what]) + 1)
            axis.plot(epochs, result.history[what], "--", color=colour, lw=1.4, label=f"{name}: training")
            axis.plot(epochs, result.history[f"test_{what}"], "-", color=colour, lw=2, label=f"{name}: test")
    _epoch_axes(axes)
    chance = [result.metrics["chance"] for result in results.values()]
    axes[0].axhline(max(chance), color=INK, lw=0.8, ls=":")
    axes[0].annotate(
        "always the commonest label",
        (1, max(chance)),
        (-4, -4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
        ha="right",
        va="top",
    )
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)), labelcolor=INK, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12, color=INK)
    return figure


def _epoch_axes(axes) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes[0].set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02))
    axes[0].yaxis.set_major_formatter(PercentFormatter(1))
    axes[1].set(xlabel="epoch", ylabel="loss (cross-entropy, nats)")
    axes[1].set_ylim(bottom=0)
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def confusion(result, *, title: str):
    """A confusion matrix in shares of each true label; counts small below."""
    import seaborn

    matrix = np.asarray(result.confusion, float)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.62 * len(matrix)
    figure, axis = new(width=size + 0.6, height=size)
    text = np.array([[f"{100 * share:.0f}" if share >= 0.005 else "" for share in row] for row in shares])
    seaborn.heatmap(
        shares,
        ax=axis,
        annot=text,
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=1,
        cbar=False,
        square=True,
        linewidths=1,
        linecolor="white",
        xticklabels=result.labels,
        yticklabels=result.labels,
    )
    axis.set(xlabel="label that the network gave", ylabel="posed-expression label")
    axis.tick_params(length=0, colors=INK)
    axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
    axis.set_xticklabels(axis.get_xticklabels(), rotation=40, ha="right")
    head(axis, title)
    axis.xaxis.label.set_color(INK), axis.yaxis.label.set_color(INK)
    return figure


def bars(
    values: Mapping[str, dict | float],
    *,
    title: str,
    xlabel: str,
    percent: bool = False,
    log: bool = False,
    highlight: str | None = None,
):
    """Horizontal bars, one a name; a dict with ``value``, ``low``, ``high`` gets its interval.

    ``log`` draws dots on a logarithmic axis (a bar's length means nothing there).
    """
    names = list(values)
    points = [v if isinstance(v, dict) else {"value": v} for v in values.values()]
    figure, axis = new(width=7.4, height=0.9 + 0.42 * len(names))
    for i, point in enumerate(points):
        colour = PALETTE[3] if names[i] == highlight else PALETTE[0]
        if log:
            axis.plot(point["value"], i, "o", color=colour, ms=8)
        else:
            axis.barh(i, point["value"], color=colour, height=0.62)
        if point.get("low") is not None:
            axis.plot([point["low"], point["high"]], [i, i], color=INK, lw=2)
        shown = (
            f"{100 * point['value']:.1f} %"
            if percent
            else f"{point['value']:,.4g}"
            if point["value"] < 1000
            else f"{point['value']:,.0f}"
        )
        edge = point["high"] if point.get("high") is not None else point["value"]
        axis.annotate(shown, (edge, i), (7, 0), textcoords="offset points", va="center", fontsize=9.5, color=INK)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    if log:
        axis.set_xscale("log")
    if percent:
        from matplotlib.ticker import PercentFormatter

        axis.set_xlim(0, 1.12)
        axis.xaxis.set_major_formatter(PercentFormatter(1))
        axis.set_xticks(np.linspace(0, 1, 6))
    else:
        axis.margins(x=0.18)
    axis.set_xlabel(xlabel)
    head(axis, title)
    return figure


def stacked(table, *, title: str, xlabel: str):
    """Horizontal stacked bars: a DataFrame's rows are bars, its columns are the parts."""
    figure, axis = new(width=7.0, height=1.2 + 0.34 * len(table))
    left = np.zeros(len(table))
    for number, column in enumerate(table.columns):
        axis.barh(
            range(len(table)), table[column], left=left, height=0.68, color=PALETTE[number % len(PALETTE)], label=column
        )
        left += table[column].to_numpy()
    axis.set_yticks(range(len(table)), table.index)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel(xlabel)
    head(axis, title)
    figure.legend(loc="outside right upper", labelcolor=INK, frameon=False)
    return figure


def shares(series: Mapping[str, object], *, title: str):
    """One bar of 100 % for each named pandas Series, divided into its parts by share; parts over 4 % are named."""
    figure, axis = new(width=8.0, height=1.1 + 0.75 * len(series))
    parts = list(next(iter(series.values())).index)
    for row, values in enumerate(series.values()):
        share, left = values / values.sum(), 0.0
        for number, part in enumerate(parts):
            colour = PALETTE[number % len(PALETTE)]
            axis.barh(row, share[part], left=left, height=0.6, color=colour, edgecolor="white", linewidth=0.8)
            if share[part] > 0.04:
                axis.annotate(
                    f"{part}\n{100 * share[part]:.1f} %",
                    (left + share[part] / 2, row),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if number in (0, 2, 3) else "black",
                )
            left += share[part]
    axis.set_yticks(range(len(series)), list(series))
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(0, 1)
    from matplotlib.ticker import PercentFormatter

    axis.xaxis.set_major_formatter(PercentFormatter(1))
    head(axis, title)
    return figure


def boxed(picture: np.ndarray, boxes: Mapping[str, object], *, title: str):
    """A picture with named boxes (anything with x, y, w, h in pixels) drawn on it."""
    from matplotlib.patches import Rectangle

    height, width = picture.shape[:2]
    figure, axis = new(width=4.6, height=4.6 * height / width + 0.5)
    axis.imshow(picture)
    for number, (name, box) in enumerate(boxes.items()):
        colour = (PALETTE[5], PALETTE[1], PALETTE[4])[number % 3]
        axis.add_patch(Rectangle((box.x, box.y), box.w, box.h, fill=False, lw=2.5, color=colour))
        axis.annotate(
            name,
            (box.x, box.y + box.h),
            (3, 4 + 13 * number),
            textcoords="offset points",
            color="black",
            fontsize=9.5,
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.5},
        )
    axis.set_axis_off()
    head(axis, title)
    return figure


def scatter(x, y, *, title: str, xlabel: str, ylabel: str, highlight: str | None = None):
    """Named points on two logarithmic axes; ``x`` and ``y`` are pandas Series with the same index."""
    figure, axis = new(width=7.0, height=4.4)
    names = sorted(x.index, key=lambda name: y[name])
    for place, name in enumerate(names):
        colour = PALETTE[3] if name == highlight else PALETTE[0]
        axis.plot(x[name], y[name], "o", color=colour, ms=8)
        right = x[name] > np.sqrt(x.min() * x.max())
        # Names of neighbours that nearly coincide move apart, up and down.
        above = place + 1 < len(names) and y[names[place + 1]] < 1.25 * y[name]
        below = place > 0 and y[name] < 1.25 * y[names[place - 1]]
        axis.annotate(
            name,
            (x[name], y[name]),
            (-9 if right else 9, 8 * below - 8 * above),
            textcoords="offset points",
            va="center",
            ha="right" if right else "left",
            fontsize=9.5,
            color=INK,
        )
    axis.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    axis.margins(0.12)
    head(axis, title)
    return figure


def histograms(values: Mapping[str, np.ndarray], *, title: str, xlabel: str):
    """Step histograms of positive numbers on a logarithmic axis, one colour a name; numbers under 1e-8 count as 1e-8."""
    figure, axis = new(width=7.0, height=3.4)
    floor = 1e-8
    edges = np.logspace(np.log10(floor), np.log10(max(v.max() for v in values.values()) * 1.1), 60)
    for number, (name, v) in enumerate(values.items()):
        axis.hist(
            np.maximum(v, floor),
            edges,
            histtype="step",
            lw=2,
            color=PALETTE[number * 3 % len(PALETTE)],
            label=name,
            weights=np.full(len(v), 1 / len(v)),
        )
    from matplotlib.ticker import PercentFormatter

    axis.set(xscale="log", xlabel=xlabel, ylabel="share of the weights")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.legend(labelcolor=INK, frameon=False)
    head(axis, title)
    return figure


def face_and_scores(picture: np.ndarray, scores, *, title: str):
    """A picture beside bars of its scores (a pandas Series, 0 to 1)."""
    figure, (left, right) = new(2, 1, width=7.4, height=3.3, width_ratios=[1, 1.25])
    left.imshow(picture)
    left.set_axis_off()
    top = scores.idxmax()
    right.barh(
        range(len(scores)), scores, height=0.66, color=[PALETTE[3] if n == top else PALETTE[0] for n in scores.index]
    )
    for i, value in enumerate(scores):
        right.annotate(
            f"{value:.2f}", (value, i), (4, 0), textcoords="offset points", va="center", fontsize=9, color=INK
        )
    right.set_yticks(range(len(scores)), scores.index)
    right.invert_yaxis()
    right.tick_params(axis="y", length=0)
    right.set(xlim=(0, 1.15), xlabel="score")
    head(right, title)
    return figure


def closeup(picture: np.ndarray, box, margin: float = 0.4) -> np.ndarray:
    """The square around a box (x, y, w, h in pixels), widened by ``margin`` of its side, as far as the picture goes."""
    side = max(box.w, box.h) * (1 + 2 * margin)
    x, y = box.x + box.w / 2, box.y + box.h / 2
    top, left = max(int(y - side / 2), 0), max(int(x - side / 2), 0)
    return picture[top : int(y + side / 2), left : int(x + side / 2)]


def blank(size: int = 64) -> np.ndarray:
    """A light grey square (size, size, 3) uint8 for a picture that is not there."""
    return np.full((size, size, 3), 225, np.uint8)
