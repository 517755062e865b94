"""What the layers of a network give, drawn to scale; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import listing, one_line
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def network_diagram(outputs: Mapping[str, Sequence[int]], *, title: str) -> Figure:
    """What the layers of a network give, from left to right.

    A feature map is a square of its own side, all to one scale, with sheets behind it for its channels (one for each
    doubling).  A vector is an upright bar, whose height grows with the logarithm of its length.

    Parameters
    ----------
    outputs : name of a layer to the shape of its output, (height, width, channels) or (units,).

    Raises
    ------
    FerError : no output, or one of another kind of shape.
    """
    shapes = {name: tuple(int(size) for size in shape) for name, shape in outputs.items()}
    if not shapes or any(len(shape) not in (1, 3) or min(shape) < 1 for shape in shapes.values()):
        raise invalid("outputs", expected="shapes (height, width, channels) or (units,)", received=dict(outputs))
    highest = max((shape[0] for shape in shapes.values() if len(shape) == 3), default=1)
    figure, axis = subplots(width=8.0, height=2.9)
    figure.keeps_order = True  # on a narrow page the layers' names would lie over each other
    x = 0.0
    for name, shape in shapes.items():
        sheets = 1 + round(math.log2(shape[2])) if len(shape) == 3 else 1
        if len(shape) == 3:
            height, width = shape[0] / highest, shape[1] / highest
        else:
            height, width = 0.08 + 0.16 * math.log10(shape[0]), 0.05
        for sheet in reversed(range(sheets)):
            corner = (x + 0.024 * sheet, -height / 2 + 0.024 * sheet)
            colour = PALETTE[0] if len(shape) == 3 else PALETTE[3]
            axis.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor="white", lw=0.8))
        taken = max(width + 0.024 * (sheets - 1), 0.42)  # the words need room, too
        sides = f"{shape[0]:,}" if len(shape) == 1 else f"{shape[0]:,} × {shape[1]:,}\n× {shape[2]:,}"
        text = f"{name}\n{sides}"
        axis.annotate(text, (x, -0.56), va="top", fontsize=9, color=INK)
        x += taken + 0.14
    axis.set(xlim=(-0.02, x), ylim=(-0.96, 0.68), aspect="equal")
    axis.set_anchor("W")
    axis.set_axis_off()
    set_title(figure, title)
    listed = [f"{one_line(name)} {' × '.join(f'{size:,}' for size in shape)}" for name, shape in shapes.items()]
    describe(figure, f"Outputs of the layers from left to right, maps as squares to scale: {listing(listed)}.")
    return figure
