"""Prune and round: the package's trained network loses weights and bits, and answers faces of strangers in the page.

Python sends the weights of `drawn48` and one picture of drawn strangers.  The network itself is JavaScript
(``drawn48_network.js``), so that the widget works on the book's page, where no kernel runs, as it does in Jupyter.
"""

from __future__ import annotations

from functools import cache
import html
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils.core.errors import invalid, whole_number
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.widgets import drawn48_weights, drawn_strangers
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.prune_and_round_arithmetic import BITS, changed
from fer_utils.widgets.static_picture import StaticPicture, as_png
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

#: The pruned shares that the widget offers.
SPARSITIES = tuple(step / 20 for step in range(20))
#: Of how many faces one can be chosen.
CHOICES = 2 * len(LABELS)


class PruneAndRound(StaticPicture, anywidget.AnyWidget):
    """Prune and round every kernel of a trained network, and see its answers, its size and its weakest layer.

    Pruning sets the smallest weights of each kernel to 0, the same share of each.  Rounding follows.  Nothing is
    trained afterwards; biases stay in float32.

    Parameters (synced traits)
    --------------------------
    sparsity : share of each kernel's weights that become 0, one of 0, 0.05, ..., 0.95.
    bits : of a weight: 32 (not rounded), 8, 6, 5, 4, 3 or 2.
    per_filter : a scale for each filter; else one for the kernel, with a zero point.
    face : number of the face whose scores are shown, 0 to 13.

    Raises FerError for an argument that is not there or out of range.

    Attributes (synced traits)
    --------------------------
    measured : dict of what the page has measured with the last settings: ``sparsity``, ``bits``, ``per_filter``;
        ``right``, ``right_before`` and ``kept`` (answers that are as before) of 140 faces; and ``layers_kept``, the
        same with one layer changed at a time.  Empty until the page is done.
    """

    _esm = joined(
        "elements.js",
        "drawn48_network.js",
        "prune_and_round_arithmetic.js",
        "prune_and_round_run.js",
        "prune_and_round_parts.js",
        "prune_and_round.js",
    )
    _css = _HERE / "prune_and_round.css"

    sparsity = traitlets.Float(0.0).tag(sync=True)
    bits = traitlets.Int(3).tag(sync=True)
    per_filter = traitlets.Bool(False).tag(sync=True)
    face = traitlets.Int(8, min=0, max=CHOICES - 1).tag(sync=True)
    measured = traitlets.Dict().tag(sync=True)
    #: All faces in one picture, what they show, the network's weights, and what there is to choose from.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    faces = traitlets.Dict(read_only=True).tag(sync=True)
    weights = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    offer = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        for name, value in settings.items():
            _check(name, value)
        super().__init__(**settings)
        labels = drawn_strangers.labels().tolist()
        self.set_trait("sprite", drawn_strangers.FILE.read_bytes())
        described = {"side": drawn_strangers.SIDE, "columns": drawn_strangers.COLUMNS}
        self.set_trait("faces", {**described, "names": list(LABELS), "labels": labels})
        self.set_trait("weights", drawn48_weights.packed())
        self.set_trait("offer", {"sparsity": list(SPARSITIES), "bits": list(BITS), "faces": CHOICES})

    def scores(self) -> np.ndarray:
        """What the changed network says of all strangers, by LiteRT: (140, 7), each row adds up to 1."""
        made = [
            (changed(kernel, layer.biases, self.sparsity, self.bits, self.per_filter), bias)
            for layer, (kernel, bias) in zip(drawn48_weights.LAYERS, drawn48_weights.as_sent(), strict=True)
        ]
        return drawn48_weights.scores(drawn_strangers.faces(), made)

    def describe(self) -> str:
        """What the widget shows now, in sentences: the picture's alt text."""
        answers, plain = self.scores().argmax(axis=1), _plain_scores().argmax(axis=1)
        labels = drawn_strangers.labels()
        rounding = "not rounded"
        if self.bits != 32:
            whose = "filter" if self.per_filter else "kernel"
            rounding = f"rounded to {self.bits} bits, with one scale for each {whose}"
        return (
            f"A trained network with {100 * self.sparsity:.0f} % of each kernel pruned and its weights {rounding}. Of "
            f"{len(labels)} drawn faces of strangers it names {_percent(plain == labels)} rightly before and "
            f"{_percent(answers == labels)} now, and {_percent(answers == plain)} keep their label. The face shown "
            f"poses {LABELS[labels[self.face]]}: before, the answer is {LABELS[plain[self.face]]}, now "
            f"{LABELS[answers[self.face]]}."
        )

    def picture_html(self) -> str:
        """A still picture of a face and its scores with alt text, for places where no script runs."""
        before, after = _plain_scores()[self.face], self.scores()[self.face]
        parts = []
        for row, name in enumerate(LABELS):
            top = 44 + 26 * row
            parts.append(
                f'<text x="330" y="{top + 15}" text-anchor="end">{name}</text>'
                f'<rect x="340" y="{top}" width="{220 * before[row]:.1f}" height="9" fill="#767f89"/>'
                f'<rect x="340" y="{top + 10}" width="{220 * after[row]:.1f}" height="9" fill="#0072b2"/>'
                f'<text x="{350 + 220 * max(before[row], after[row]):.0f}" y="{top + 15}" font-size="14">'
                f"{100 * after[row]:.0f} %</text>"
            )
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 240" font-family="sans-serif" font-size="16" '
            'fill="#1f2328"><rect width="640" height="240" rx="8" fill="#ffffff"/>'
            '<image x="24" y="24" width="192" height="192" style="image-rendering:pixelated" '
            f'href="{as_address(as_png(drawn_strangers.faces()[self.face]), "image/png")}"/>'
            '<text x="340" y="32" font-size="14">grey: before, blue: now</text>'
            f"{''.join(parts)}</svg>"
        )
        alt = html.escape(self.describe(), quote=True)
        return (
            f'<figure class="fer-round-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="{as_address(svg.encode(), "image/svg+xml")}"><figcaption>The widget at rest: a face and its scores. '
            "It moves in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


@cache
def _plain_scores() -> np.ndarray:
    """What the network as it is says of all strangers."""
    return drawn48_weights.scores(drawn_strangers.faces())


def _percent(true: np.ndarray) -> str:
    return f"{100 * true.mean():.0f} %"


def _check(name: str, value) -> None:
    """FerError for a setting that is not there, or a value that it cannot have."""
    choices = {"sparsity": SPARSITIES, "bits": BITS}
    if name in choices:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in choices[name]:
            raise invalid(name, expected=f"one of {', '.join(f'{one:g}' for one in choices[name])}", received=value)
    elif name == "face":
        whole_number(name, value, 0, CHOICES - 1)
    elif name == "per_filter":
        if not isinstance(value, bool):
            raise invalid(name, expected="True or False", received=value)
    else:
        known = "sparsity, bits, per_filter, face"
        raise invalid(name, expected=f"no such argument; there are {known}", received=value)
