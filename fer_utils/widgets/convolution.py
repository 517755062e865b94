"""Convolution by hand: change a kernel of 3 x 3, and see at once what it finds in a face.

Python draws the faces once and sends them as one picture, grey and after local contrast normalisation, beside the first
filters of the package's trained network.  The maps are computed in the page (``convolution.js``), so that the widget
works on the book's page, where no kernel runs, as it does in Jupyter.
"""

from __future__ import annotations

from collections.abc import Sequence
import html
import io
import json
import math
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils.core.errors import invalid, whole_number
from fer_utils.models.contrast import LocalContrast
from fer_utils.synthetic.photographs import Crop, crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture, as_png
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

#: Side of a face in pixels: what the trained network reads.
SIDE = 48
#: The values that black and white stand for, by how a face is read: grey values, and local contrast.
RANGES = ((0.0, 1.0), (-3.0, 3.0))
#: The largest weight and bias, either way.
LARGEST = 99
#: The first layer of `drawn48`, stored by ``python tests/helpers/first_layer.py``: kernels row by row, and biases.
FILTERS = _HERE / "convolution_filters.json"
#: The kernel at rest: a place that is dark above and light below.
EDGE = (-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0)


def faces_of(seed: int) -> np.ndarray:
    """One face of each label, (7, SIDE, SIDE) uint8, each of another drawn person."""
    drawn = draw_faces(len(LABELS), seed=seed, progress=False)
    chosen = [person * len(LABELS) + person for person in range(len(LABELS))]
    return crop_faces(drawn.images[chosen], size=SIDE, where=Crop(jitter=0.0), seed=seed)


def as_read(faces: np.ndarray) -> np.ndarray:
    """What a kernel reads of faces (N, SIDE, SIDE) uint8: (2, N, SIDE, SIDE), grey values and local contrast."""
    contrast = np.asarray(LocalContrast()(faces[..., None].astype("float32")))[..., 0]
    return np.stack([faces / 255.0, contrast])


def one_picture(read: np.ndarray) -> bytes:
    """Values as `as_read` gives them as one PNG: a row for each way of reading, `RANGES` from black to white."""
    from PIL import Image

    rows = []
    for values, (low, high) in zip(read, RANGES, strict=True):
        levels = np.clip(np.round((values - low) / (high - low) * 255), 0, 255).astype(np.uint8)
        rows.append(np.concatenate(list(levels), axis=1))
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(rows)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def convolved(picture: np.ndarray, kernel: Sequence[float], bias: float = 0.0, relu: bool = False) -> np.ndarray:
    """The map of a picture (H, W) under a kernel of nine weights, row by row, with a frame of zeros: (H, W) float."""
    from scipy.ndimage import correlate

    found = correlate(picture, np.reshape(kernel, (3, 3)), mode="constant") + bias
    return np.maximum(found, 0) if relu else found


class ConvolutionByHand(StaticPicture, anywidget.AnyWidget):
    """Change a kernel, a face and a place, and see the map and the sum of that place.

    Parameters (synced traits)
    --------------------------
    kernel : nine weights, -99 to 99, row by row.
    bias : -99 to 99.
    relu : replace what is below 0 by 0.
    face : number of the face, 0 to 6; each shows another label.
    contrast : the kernel reads the local contrast of the face, as the trained network's does, and not its grey values.
    row, column : the place whose sum is shown, 0 to 47.
    faces_seed : which people are drawn, 0 or more; no trait.

    Raises FerError for an argument that is not there or out of range.
    """

    _esm = joined("elements.js", "convolution.js")
    _css = _HERE / "convolution.css"

    kernel = traitlets.List(traitlets.Float(), list(EDGE), minlen=9, maxlen=9).tag(sync=True)
    bias = traitlets.Float(0.0, min=-LARGEST, max=LARGEST).tag(sync=True)
    relu = traitlets.Bool(True).tag(sync=True)
    face = traitlets.Int(6, min=0, max=len(LABELS) - 1).tag(sync=True)
    contrast = traitlets.Bool(False).tag(sync=True)
    row = traitlets.Int(33, min=0, max=SIDE - 1).tag(sync=True)
    column = traitlets.Int(24, min=0, max=SIDE - 1).tag(sync=True)
    #: All faces in one picture, and what it holds.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    faces = traitlets.Dict(read_only=True).tag(sync=True)
    #: The trained network's first filters: ``kernel`` and ``bias`` of each.
    filters = traitlets.List(read_only=True).tag(sync=True)

    def __init__(self, *, faces_seed: int = 3, **settings):
        faces_seed = whole_number("faces_seed", faces_seed, 0)
        for name, value in settings.items():
            _check(name, value)
        super().__init__(**settings)
        self._read = as_read(faces_of(faces_seed))
        self.set_trait("sprite", one_picture(self._read))
        self.set_trait("faces", {"side": SIDE, "names": list(LABELS), "ranges": [list(pair) for pair in RANGES]})
        self.set_trait("filters", json.loads(FILTERS.read_text(encoding="utf8"))["filters"])

    @property
    def map(self) -> np.ndarray:
        """The map that the widget shows now: (SIDE, SIDE) float."""
        return convolved(self._read[int(self.contrast)][self.face], self.kernel, self.bias, self.relu)

    def describe(self) -> str:
        """What the widget shows now, in one sentence: the picture's alt text."""
        weights = " / ".join(" ".join(f"{weight:g}" for weight in self.kernel[line : line + 3]) for line in (0, 3, 6))
        most = float(np.abs(self.map).max())
        top, left = np.unravel_index(np.abs(self.map).argmax(), self.map.shape)
        return (
            f"A drawn face, {LABELS[self.face]}, and its map under the kernel {weights} with a bias of {self.bias:g}"
            f"{' and ReLU' if self.relu else ''}; the largest value, {most:.2f}, is in row {top}, column {left}."
        )

    def picture_html(self) -> str:
        """A still picture of face and map with alt text, for places where no script runs."""
        most = float(np.abs(self.map).max()) or 1.0
        low, high = RANGES[int(self.contrast)]
        face = (self._read[int(self.contrast)][self.face] - low) / (high - low)
        shown = self.map / most if self.relu else (self.map / most + 1) / 2
        pictures = [as_address(_grey(values), "image/png") for values in (face, shown)]
        cells = "".join(
            f'<text x="{296 + 52 * (number % 3)}" y="{112 + 36 * (number // 3)}" text-anchor="middle">{weight:g}</text>'
            for number, weight in enumerate(self.kernel)
        )
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 240" font-family="sans-serif" font-size="17" '
            'fill="#1f2328"><rect width="640" height="240" rx="8" fill="#ffffff"/>'
            f'<image x="20" y="20" width="200" height="200" style="image-rendering:pixelated" href="{pictures[0]}"/>'
            f'<image x="420" y="20" width="200" height="200" style="image-rendering:pixelated" href="{pictures[1]}"/>'
            f"{cells}</svg>"
        )
        alt = html.escape(self.describe(), quote=True)
        return (
            f'<figure class="fer-conv-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="{as_address(svg.encode(), "image/svg+xml")}"><figcaption>The widget at rest: face, kernel and map. '
            "It moves in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def _grey(values: np.ndarray) -> bytes:
    """Values 0..1 as a grey PNG."""
    return as_png(np.clip(np.round(255 * values), 0, 255).astype(np.uint8))


def _check(name: str, value) -> None:
    """FerError for a setting that is not there, or a value that it cannot have."""
    whole = {"face": len(LABELS) - 1, "row": SIDE - 1, "column": SIDE - 1}
    if name in whole:
        whole_number(name, value, 0, whole[name])
    elif name in ("relu", "contrast"):
        if not isinstance(value, bool):
            raise invalid(name, expected="True or False", received=value)
    elif name == "bias":
        if not _is_weight(value):
            raise invalid(name, expected=f"a number from -{LARGEST} to {LARGEST}", received=value)
    elif name == "kernel":
        if not isinstance(value, (list, tuple)) or len(value) != 9 or not all(map(_is_weight, value)):
            raise invalid(name, expected=f"nine numbers from -{LARGEST} to {LARGEST}, row by row", received=value)
    else:
        known = "kernel, bias, relu, face, contrast, row, column, faces_seed"
        raise invalid(name, expected=f"no such argument; there are {known}", received=value)


def _is_weight(value) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= LARGEST
    )
