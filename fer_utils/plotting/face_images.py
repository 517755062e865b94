"""Figures that show pictures of faces: in a grid, with boxes and landmarks, beside scores; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import grid_in_words, listing, names_text, one_line
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def image_grid(
    images: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
    cell_width: float = 1.0,
    row_names: Sequence[str] = (),
) -> Figure:
    """Images side by side, row by row.

    Parameters
    ----------
    images : grey (H, W), (H, W, 1) or colour (H, W, 3) arrays, 0 to 255.
    titles : a line above each image; may be shorter than ``images``.
    columns : images in a row, at most.
    cell_width : the width of an image in inches.
    row_names : a name to the left of each row.

    Raises
    ------
    FerError : no image.
    """
    if not len(images):
        raise invalid("images", expected="at least one picture", received="none")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    rows_with_titles = min(rows, -(-len(titles) // columns))
    figure, axes = subplots(
        rows,
        columns,
        width=columns * cell_width + (0.8 if row_names else 0.1),
        height=rows * (cell_width + 0.04) + 0.22 * rows_with_titles,
        squeeze=False,
    )
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    for number, axis in enumerate(axes.flat):
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
        if number >= len(images):
            continue
        image = np.asarray(images[number]).squeeze()
        axis.imshow(image, cmap="gray" if image.ndim == 2 else None, vmin=0, vmax=255)
        if number < len(titles):
            axis.set_title(titles[number], fontsize=9, fontweight="normal", loc="center", pad=3)
        row, column = divmod(number, columns)
        if column == 0 and row < len(row_names):
            axis.set_ylabel(row_names[row], rotation=0, ha="right", va="center", labelpad=8)
    written = list(dict.fromkeys(str(title) for title in titles if str(title)))
    above = (
        f"; above {'them' if len(images) > 1 else 'it'} stands {names_text(written, letters=240)}" if written else ""
    )
    describe(figure, f"{grid_in_words(images, columns, row_names)}{above}.")
    return figure


def bounding_boxes(image: np.ndarray, boxes: Mapping[str, object], *, title: str) -> Figure:
    """An image (H, W, 3) with named boxes (anything with x, y, w, h in pixels) drawn on it."""
    height, width = image.shape[:2]
    figure, axis = subplots(width=4.6, height=4.6 * height / width + 0.5)
    axis.imshow(image)
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
    set_title(figure, title)
    listed = [
        f"{one_line(name)}, {box.w:.0f} by {box.h:.0f} pixels, {box.x:.0f} from the left and {box.y:.0f} from the top"
        for name, box in boxes.items()
    ]
    describe(figure, f"A picture of {width} by {height} pixels with boxes: {listing(listed) or 'none'}.")
    return figure


def face_and_scores(image: np.ndarray, scores: pd.Series, *, title: str) -> Figure:
    """An image (H, W, 3) beside bars of its scores, 0 to 1, one for each label; the largest in another colour."""
    figure, (left, right) = subplots(1, 2, width=7.4, height=3.3, width_ratios=[1, 1.25])
    left.imshow(image)
    left.set_axis_off()
    largest = scores.idxmax()
    colours = [PALETTE[3] if label == largest else PALETTE[0] for label in scores.index]
    right.barh(range(len(scores)), scores, height=0.66, color=colours)
    for row, score in enumerate(scores):
        right.annotate(
            f"{score:.2f}", (score, row), (4, 0), textcoords="offset points", va="center", fontsize=9, color=INK
        )
    right.set_yticks(range(len(scores)), scores.index)
    right.invert_yaxis()
    right.tick_params(axis="y", length=0)
    right.set(xlim=(0, 1.15), xlabel="score")
    set_title(figure, title)
    listed = [f"{one_line(label)} {score:.2f}" for label, score in scores.sort_values(ascending=False).items()]
    describe(figure, f"A face, and beside it bars of its scores, 0 to 1, the largest first: {listing(listed)}.")
    return figure


def landmark_closeup(
    image: np.ndarray, box, landmarks: Mapping[str, np.ndarray], *, title: str, margin: float = 0.12
) -> Figure:
    """An image with a face's box, and beside it the box enlarged, with landmarks drawn on it.

    Parameters
    ----------
    image : (H, W, 3) uint8.
    box : anything with x, y, w, h in pixels.
    landmarks : name to points (N, 2) in pixels; a colour and a marker for each name.
    margin : how far the enlarged part reaches beyond the box, as a share of the box's side.
    """
    height, width = image.shape[:2]
    figure, (whole, near) = subplots(1, 2, width=8.2, height=3.7, width_ratios=[1.35, 1])
    for axis in (whole, near):
        axis.imshow(image)
        axis.set_axis_off()
    whole.add_patch(Rectangle((box.x, box.y), box.w, box.h, fill=False, lw=2.5, color=PALETTE[5]))
    for number, (name, points) in enumerate(landmarks.items()):
        x, y = np.asarray(points, float).T
        near.plot(
            x,
            y,
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
    set_title(figure, title)
    listed = [f"{len(points)} points {one_line(name)}" for name, points in landmarks.items()]
    describe(
        figure,
        f"A picture of {width} by {height} pixels with a box of {box.w:.0f} by {box.h:.0f} around a face, and beside "
        f"it the box enlarged, with marks on the face: {listing(listed)}.",
    )
    return figure


def receptive_fields(image: np.ndarray, sides: Mapping[str, int], *, around: tuple[int, int], title: str) -> Figure:
    """A grey image with squares one inside the other, and the part around them enlarged.

    Parameters
    ----------
    image : (H, W), 0 to 255.
    sides : name to the side of a square in pixels.
    around : row and column of the squares' common middle.

    Raises
    ------
    FerError : no square.
    """
    if not sides:
        raise invalid("sides", expected="at least one square", received=sides)
    row, column = around
    largest = max(sides.values())
    figure, axes = subplots(1, 2, width=7.4, height=3.9)
    for axis in axes:
        axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_axis_off()
        for number, (name, side) in enumerate(sides.items()):
            colour = (PALETTE[1], PALETTE[5], PALETTE[4], PALETTE[3])[number % 4]
            corner = (column - side / 2, row - side / 2)
            label = f"{name}: {side} × {side}"
            axis.add_patch(Rectangle(corner, side, side, fill=False, lw=2.2, color=colour, label=label))
    axes[1].set(xlim=(column - 0.7 * largest, column + 0.7 * largest), ylim=(row + 0.7 * largest, row - 0.7 * largest))
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, labelcolor=INK, fontsize=9)
    set_title(figure, title)
    listed = [f"{one_line(name)} {side} pixels wide" for name, side in sides.items()]
    height, width = np.shape(image)[:2]
    describe(
        figure,
        f"A picture of {width} by {height} pixels, and a part of it enlarged, with squares one inside the other: "
        f"{listing(listed)}.",
    )
    return figure


def hog_cells(image: np.ndarray, cells: np.ndarray, *, title: str) -> Figure:
    """A grey image, and beside it the histogram of each cell as lines along the edges, the longer the more weight.

    Parameters
    ----------
    image : (H, W), 0 to 255.
    cells : (rows, columns, bins), 0 or more: the weight of each orientation of the gradient, in bins over 180 degrees.

    Raises
    ------
    FerError : cells of another shape.
    """
    if np.ndim(cells) != 3:
        raise invalid("cells", expected="an array of shape (rows, columns, bins)", received=np.shape(cells))
    rows, columns, bins = cells.shape
    high, wide = np.shape(image)[:2]
    side = min(high / rows, wide / columns)
    figure, axes = subplots(1, 2, width=7.4, height=3.9)
    for axis in axes:
        axis.set_axis_off()
    axes[0].imshow(image, cmap="gray", vmin=0, vmax=255)
    axes[1].set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5), aspect="equal")
    # An edge runs at a right angle to its gradient; rows count downwards, and so do angles.
    angles = (np.arange(bins) + 0.5) * np.pi / bins + np.pi / 2
    weights = cells / max(float(cells.max()), 1e-12)
    segments = []
    for row, column, number in np.argwhere(weights > 0.05):
        half = 0.48 * side * np.sqrt(weights[row, column, number])
        across, down = half * np.cos(angles[number]), half * np.sin(angles[number])
        x, y = (column + 0.5) * side, (row + 0.5) * side
        segments.append([(x - across, y - down), (x + across, y + down)])
    axes[1].add_collection(LineCollection(segments, colors=INK, linewidths=1.3, capstyle="round"))
    set_title(figure, title)
    strongest = np.unravel_index(cells.sum(axis=2).argmax(), (rows, columns))
    describe(
        figure,
        f"A face, and a grid of {rows} by {columns} cells, each with lines along the edges that it holds, in {bins} "
        f"directions. The strongest edges lie in row {strongest[0] + 1}, column {strongest[1] + 1}.",
    )
    return figure


def crop_with_margin(image: np.ndarray, box, margin: float = 0.4) -> np.ndarray:
    """The square around a box (x, y, w, h in pixels), widened by ``margin`` of its side, as far as the image goes."""
    side = max(box.w, box.h) * (1 + 2 * margin)
    x, y = box.x + box.w / 2, box.y + box.h / 2
    top, left = max(int(y - side / 2), 0), max(int(x - side / 2), 0)
    return image[top : int(y + side / 2), left : int(x + side / 2)]


def blank_image(size: int = 64) -> np.ndarray:
    """A light grey square (size, size, 3) uint8 for a picture that is not there."""
    return np.full((size, size, 3), 225, np.uint8)
