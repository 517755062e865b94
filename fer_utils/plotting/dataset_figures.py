"""Figures of what is in a data set: people by labels, clips that play side by side, two colourings of one map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
import numpy as np
from PIL import Image, ImageDraw, ImageFont
import seaborn

from fer_utils.core.errors import invalid, whole_number
from fer_utils.metrics import share_between
from fer_utils.plotting.contact_sheets import ContactSheet, grid
from fer_utils.plotting.descriptions import names_text, number_text, one_line
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots

if TYPE_CHECKING:
    from fer_utils.faces.faceset import FaceSet

#: The height in pixels of the strip above a clip in which its label stands.
_STRIP = 24


def label_sheet(face_set: FaceSet, labels: Sequence[str], *, people: int = 6) -> ContactSheet:
    """One face of each person and label: the middle one of the taken frames, at the strongest intensity there is.

    Parameters
    ----------
    face_set : faces with ``actor``, ``expression``, ``intensity`` and ``frame``.
    labels : the columns, in order; those of which there is no face are left out.
    people : how many actors are shown at most, the first ones by name; a grey square where one lacks a label.

    Raises
    ------
    FerError : no face has one of the labels.
    """
    people = whole_number("people", people, 1)
    meta = face_set.meta.reset_index(drop=True)
    columns = [label for label in labels if (meta["expression"] == label).any()]
    if not columns:
        raise invalid("labels", expected="at least one that the faces have", received=list(labels))
    middle = meta["frame"].median()
    order = meta.assign(away=(meta["frame"] - middle).abs()).sort_values(
        ["intensity", "away", "clip", "frame"], ascending=[False, True, True, True]
    )
    chosen = order.drop_duplicates(["actor", "expression"]).reset_index(names="row").set_index(["actor", "expression"])
    actors = sorted(set(meta["actor"]))[:people]
    empty = np.full((*face_set.images.shape[1:3], 3), 200, np.uint8)
    pictures = []
    for actor in actors:
        for label in columns:
            if (actor, label) in chosen.index:
                picture = np.asarray(face_set.images[chosen.loc[(actor, label), "row"]])
                pictures.append(picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2))
            else:
                pictures.append(empty)
    return grid(pictures, column_names=columns, row_names=actors, rows_are="actor", cell_width=92)


def side_by_side(clips: Mapping[str, Sequence[np.ndarray]], *, columns: int = 4, width: int = 160) -> list[np.ndarray]:
    """Clips that run beside each other, as one: in each picture every clip, and above it its name.

    Parameters
    ----------
    clips : name to the clip's pictures, (H, W, 3) uint8 RGB.  A shorter clip waits in its last picture.
    columns : clips in a row.
    width : of a clip in pixels; all have the height of the first.

    Returns
    -------
    As many pictures as the longest clip has, (rows x height, columns x width, 3) uint8.

    Raises
    ------
    FerError : no clip, or one without a picture.
    """
    if not clips or not all(len(pictures) for pictures in clips.values()):
        raise invalid(
            "clips",
            expected="at least one, each with a picture",
            received={name: len(pictures) for name, pictures in clips.items()},
        )
    columns = min(whole_number("columns", columns, 1), len(clips))
    high, wide = next(iter(clips.values()))[0].shape[:2]
    height = round(high * width / wide)
    rows = -(-len(clips) // columns)
    font = ImageFont.load_default(size=15)
    made = []
    for number in range(max(map(len, clips.values()))):
        page = Image.new("RGB", (columns * width, rows * (height + _STRIP)), "white")
        for place, (name, pictures) in enumerate(clips.items()):
            row, column = divmod(place, columns)
            left, top = column * width, row * (height + _STRIP)
            picture = Image.fromarray(pictures[min(number, len(pictures) - 1)])
            page.paste(picture.resize((width, height), Image.Resampling.BOX), (left, top + _STRIP))
            ImageDraw.Draw(page).text((left + width / 2, top + _STRIP / 2), name, fill=INK, font=font, anchor="mm")
        made.append(np.asarray(page))
    return made


def two_colourings(points: np.ndarray, actors: Sequence[str], labels: Sequence[str], *, title: str) -> Figure:
    """The same points twice: coloured by person, with the person's name in their middle, and coloured by label.

    Parameters
    ----------
    points : (n, 2), such as the first two principal components of n faces.
    actors, labels : of each point.

    Raises
    ------
    FerError : other than two numbers, one actor and one label a point.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points) == len(actors) == len(labels):
        raise invalid(
            "points",
            expected="two numbers, one actor and one label a point",
            received=f"{points.shape}, {len(actors)} actors, {len(labels)} labels",
        )
    actors, labels = np.asarray(actors, str), np.asarray(labels, str)
    figure, axes = subplots(1, 2, width=9.0, height=4.6, sharex=True, sharey=True)
    people = sorted(set(actors))
    hues = seaborn.husl_palette(len(people), l=0.55)
    # Neighbours in the list are unlike in colour: even places first, then the odd ones.
    order = [*range(0, len(people), 2), *range(1, len(people), 2)]
    for actor, place in zip(people, order, strict=True):
        own = points[actors == actor]
        axes[0].plot(*own.T, "o", color=hues[place], ms=3.5, alpha=0.75, mew=0)
        if len(people) > 1:
            axes[0].annotate(
                actor, np.median(own, axis=0), ha="center", va="center", fontsize=9, fontweight="bold", color=INK
            )
    kinds = list(dict.fromkeys(labels))
    colours = [*PALETTE, INK]
    for number, label in enumerate(kinds):
        own = points[labels == label]
        colour = colours[number % len(colours)]
        marker = "os^D"[number // 2 % 4]
        axes[1].plot(*own.T, marker, color=colour, ms=3.5, alpha=0.75, mew=0, label=label)
    axes[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), labelcolor=INK, frameon=False, markerscale=2)
    for axis, what in zip(axes, ("the colour is the person", "the colour is the label"), strict=True):
        axis.set_title(what, fontsize=10.5, fontweight="normal")
        axis.set_xlabel("component 1")
        axis.locator_params(axis="x", nbins=5)
    axes[0].set_ylabel("component 2")
    set_title(figure, title)
    count = f"{len(people)} people" if len(people) > 1 else "one person"
    spread = {"person": share_between(points, actors), "label": share_between(points, labels)}
    describe(
        figure,
        f"The same {len(points):,} points twice, coloured by person on the left ({count}) and by label on "
        f"the right ({names_text(list(map(one_line, kinds)))}).",
        f"Of their variance {number_text(spread['person'], True)} lies between people and "
        f"{number_text(spread['label'], True)} between labels.",
    )
    return figure
