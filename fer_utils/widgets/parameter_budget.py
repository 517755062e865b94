"""A parameter budget to move by hand: which network of the paper's description has 542,136 parameters?

The description (Ding, Tang & Lu 2023, doi 10.1109/TENCON58879.2023.10322470):
180x180 grey input; three 3x3 convolutions, the second and third with four times
the filters of the first; max pooling after each; a hidden dense layer; softmax.
What it leaves open are the controls.
"""

from __future__ import annotations

import base64
import html
import itertools
from pathlib import Path

import anywidget
import traitlets

from fer_utils.core.errors import invalid
from fer_utils.models.ding2023 import parameter_count
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture

_HERE = Path(__file__).parent

#: The number that the paper prints for its network.
TARGET = 542_136

#: Height and width of the input, in pixels, and its channels: fixed by the paper.
SIZE, CHANNELS = 180, 1

#: Fill of each layer in the bar: convolutions in blues, the dense layer in orange.
_FILLS = ("#1d4f91", "#3f83c8", "#8ab8e6", "#d55e00", "#6b6f76")

_ALLOWED = {
    "filters": range(1, 65),
    "dense": range(1, 129),
    "classes": (7, 8),
    "padding": ("same", "valid"),
    "pool": (2, 3),
}


def _words(allowed) -> str:
    if isinstance(allowed, range):
        return f"a whole number from {allowed.start} to {allowed.stop - 1}"
    return " or ".join(map(repr, allowed))


def layers(filters: int, dense: int, classes: int, padding: str, pool: int) -> list[tuple[str, str, int]]:
    """The network's layers as (name, output shape after pooling, parameters); biases counted.

    The same closed form as in ``parameter_budget.js``; a test holds both and
    `fer_utils.models.ding2023.parameter_count` together.
    """
    side, wide = SIZE, 4 * filters
    sides = []
    for _ in range(3):
        side = (side - (2 if padding == "valid" else 0)) // pool
        sides.append(side)
    flat = side * side * wide
    return [
        ("Convolution 1", f"{sides[0]} × {sides[0]} × {filters}", 9 * CHANNELS * filters + filters),
        ("Convolution 2", f"{sides[1]} × {sides[1]} × {wide}", 9 * filters * wide + wide),
        ("Convolution 3", f"{sides[2]} × {sides[2]} × {wide}", 9 * wide * wide + wide),
        (f"Dense {dense}", f"{dense}", flat * dense + dense),
        (f"Softmax {classes}", f"{classes}", dense * classes + classes),
    ]


def costs(filters: int, dense: int, classes: int, padding: str, pool: int) -> dict[str, int]:
    """What one face costs: ``operations`` (multiply-accumulates), and bytes in float32.

    ``weights`` are the bytes of all parameters; ``activations`` those of the largest two tensors that
    stand side by side, one read and one written.  They are what `fer_utils.models.profile` counts of the network.

    >>> costs(16, 16, 8, "same", 2)
    {'operations': 154460544, 'weights': 2168544, 'activations': 2592000}
    """
    side, maps, operations = SIZE, CHANNELS, 0
    tensors = [side * side * maps]
    for made in (filters, 4 * filters, 4 * filters):
        side -= 2 if padding == "valid" else 0
        operations += side * side * 9 * maps * made
        tensors.append(side * side * made)
        side, maps = side // pool, made
        tensors.append(side * side * made)
    for made in (dense, classes):
        operations += tensors[-1] * made
        tensors.append(made)
    pairs = [read + written for read, written in itertools.pairwise(tensors)]
    parameters = sum(count for _, _, count in layers(filters, dense, classes, padding, pool))
    return {"operations": operations, "weights": 4 * parameters, "activations": 4 * max(pairs)}


class ParameterBudget(StaticPicture, anywidget.AnyWidget):
    """Change the network, watch the count, find 542,136.

    Parameters (synced traits)
    --------------------------
    filters : filters of the first convolution, 1 to 64; the others have four times as many.
    dense : width of the hidden dense layer, 1 to 128.
    classes : 7 or 8 posed-expression labels.
    padding : ``"same"`` or ``"valid"``, of the convolutions.
    pool : 2 or 3, side of the max pooling's window and its stride.

    Raises FerError for an argument that is not there or out of range.

    Attributes
    ----------
    total : the network's parameters; follows the others and cannot be set.
    breakdown : list of (layer, output shape after pooling, parameters).
    costs : dict of what one face costs: ``operations`` (multiply-accumulates), and bytes in float32 of ``weights`` and
        ``activations``.
    """

    _esm = joined("elements.js", "parameter_budget.js")
    _css = _HERE / "parameter_budget.css"

    filters = traitlets.Int(8, min=1, max=64).tag(sync=True)
    dense = traitlets.Int(64, min=1, max=128).tag(sync=True)
    classes = traitlets.Enum((7, 8), 8).tag(sync=True)
    padding = traitlets.Enum(("same", "valid"), "same").tag(sync=True)
    pool = traitlets.Enum((2, 3), 2).tag(sync=True)
    total = traitlets.Int(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        for name, value in settings.items():
            if name not in _ALLOWED:
                raise invalid(name, expected=f"no such argument; there are {', '.join(_ALLOWED)}", received=value)
            if isinstance(value, bool) or value not in _ALLOWED[name]:
                raise invalid(name, expected=_words(_ALLOWED[name]), received=value)
        super().__init__(**settings)
        self._recount()

    @traitlets.observe("filters", "dense", "classes", "padding", "pool")
    def _recount(self, change=None):
        self.set_trait(
            "total",
            parameter_count(
                self.filters,
                self.dense,
                self.classes,
                SIZE,
                CHANNELS,
                self.padding,
                self.pool,
            ),
        )

    @property
    def breakdown(self) -> list[tuple[str, str, int]]:
        """The network's layers as (name, output shape after pooling, parameters)."""
        return layers(self.filters, self.dense, self.classes, self.padding, self.pool)

    @property
    def costs(self) -> dict[str, int]:
        """What one face costs: multiply-accumulates, and bytes of weights and activations."""
        return costs(self.filters, self.dense, self.classes, self.padding, self.pool)

    def _cost_words(self) -> str:
        found = self.costs
        return (
            f"One face costs {found['operations'] / 1e6:.2f} million operations, {found['weights'] / 1e6:.2f} MB of "
            f"weights and {found['activations'] / 1e6:.2f} MB of activations."
        )

    def describe(self) -> str:
        """What the widget shows now, in two sentences: the picture's alt text."""
        widest = max(self.breakdown, key=lambda layer: layer[2])
        if self.total == TARGET:
            verdict = f"exactly the paper's {TARGET:,}"
        else:
            word = "more" if self.total > TARGET else "fewer"
            verdict = f"{abs(self.total - TARGET):,} {word} than the paper's {TARGET:,}"
        return (
            f"{self.filters} filters, {self.padding} padding, {self.pool} × {self.pool} pooling, "
            f"dense width {self.dense} and {self.classes} classes make {self.total:,} parameters, "
            f"{verdict}; {100 * widest[2] / self.total:.1f} % of them sit in {widest[0]}. {self._cost_words()}"
        )

    def picture_html(self) -> str:
        """A still picture of the widget with alt text, for places where no script runs."""
        alt = html.escape(self.describe(), quote=True)
        data = base64.b64encode(self._svg().encode()).decode()
        return (
            f'<figure class="fer-budget-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="data:image/svg+xml;base64,{data}"><figcaption>The widget at rest. It moves in Jupyter, in '
            "Colab and on the book's page.</figcaption></figure>"
        )

    def _svg(self) -> str:
        parts, left = [], 20.0
        for (_, _, count), fill in zip(self.breakdown, _FILLS, strict=True):
            width = 600 * count / self.total
            parts.append(f'<rect x="{left:.2f}" y="62" width="{width:.2f}" height="36" fill="{fill}"/>')
            left += width
        for row, ((name, shape, count), fill) in enumerate(zip(self.breakdown, _FILLS, strict=True)):
            y = 124 + 22 * row
            parts.append(
                f'<rect x="20" y="{y - 11}" width="12" height="12" fill="{fill}"/>'
                f'<text x="42" y="{y}">{name}</text><text x="330" y="{y}" text-anchor="end">{shape}</text>'
                f'<text x="480" y="{y}" text-anchor="end">{count:,}</text>'
                f'<text x="620" y="{y}" text-anchor="end">{100 * count / self.total:.1f} %</text>'
            )
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 254" font-family="sans-serif" '
            'font-size="14" fill="#1f2328"><rect width="640" height="254" rx="8" fill="#ffffff"/>'
            f'<text x="20" y="42" font-size="28" font-weight="bold">{self.total:,}</text>'
            f'<text x="620" y="42" text-anchor="end">parameters · the paper prints {TARGET:,}</text>'
            + "".join(parts)
            + f'<text x="20" y="238">{self._cost_words()}</text></svg>'
        )
