"""Preprocessing: from a clip to what the network gets, and how much of it is the box.

Python sends a small drawn clip, the boxes that were found in it and the weights of `drawn48`.  Cutting out, grey,
scaling and the network are JavaScript, so that the widget works on the book's page, where no kernel runs.
"""

from __future__ import annotations

import html
import io
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils.core.errors import invalid, whole_number
from fer_utils.faces import SAMPLINGS, Box, crop
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.widgets import drawn48_weights, preprocessing_clip
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.preprocessing_clip import COLUMNS, DETECTORS, FRAMES, HEIGHT, WIDTH
from fer_utils.widgets.static_picture import StaticPicture, as_png
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

#: The margins that the widget offers.
MARGINS = tuple(step / 20 for step in range(21))
#: How far the box can be moved to each side, in pixels of the frame.
MOVE = 48
#: The places that are tried about the box: so many steps to each side, and a step in pixels.
AROUND = {"reach": 3, "step": 8}


class Preprocessing(StaticPicture, anywidget.AnyWidget):
    """Take frames of a drawn clip, cut its face out, and see what a network gets and what it answers.

    Parameters (synced traits)
    --------------------------
    detector : where the box comes from: ``"dlib"``, ``"haar"``, ``"landmarks"`` (the smallest box with all drawn
        landmarks) or ``"whole"`` (no search: the whole picture).
    margin : share of the square's side that is added on each side, one of 0, 0.05, ..., 1.
    sampling : which frames are chosen, as in `fer_utils.faces.read_frames`: ``"even"``, ``"middle"``, ``"apex"`` or
        ``"all"``.
    frame : number of the frame that is shown, 0 to 15.
    right, down : pixels by which the box is moved, -48 to 48.

    Raises FerError for an argument that is not there or out of range.

    Attributes (synced traits)
    --------------------------
    seen : dict of what the page has computed with the last settings: ``detector``, ``margin``, ``frame``, ``move``;
        ``square``, left, top and side in pixels; ``labels``, the network's label of every frame; ``kept`` of
        ``places``, at how many places around the box the label is the posed one.  Empty until the page is done.
    """

    _esm = joined(
        "elements.js",
        "page_pictures.js",
        "drawn48_network.js",
        "page_slices.js",
        "preprocessing_run.js",
        "preprocessing_parts.js",
        "preprocessing.js",
    )
    _css = _HERE / "preprocessing.css"

    detector = traitlets.Unicode("dlib").tag(sync=True)
    margin = traitlets.Float(0.0).tag(sync=True)
    sampling = traitlets.Unicode("even").tag(sync=True)
    frame = traitlets.Int(6, min=0, max=FRAMES - 1).tag(sync=True)
    right = traitlets.Int(0, min=-MOVE, max=MOVE).tag(sync=True)
    down = traitlets.Int(0, min=-MOVE, max=MOVE).tag(sync=True)
    seen = traitlets.Dict().tag(sync=True)
    #: All frames in one picture, what is known about them, the network's weights, and what there is to choose from.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    clip = traitlets.Dict(read_only=True).tag(sync=True)
    weights = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    offer = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        for name, value in settings.items():
            _check(name, value)
        super().__init__(**settings)
        described = {"size": [WIDTH, HEIGHT], "columns": COLUMNS, "names": list(LABELS)}
        self.set_trait("sprite", preprocessing_clip.FILE.read_bytes())
        self.set_trait("clip", {**described, **preprocessing_clip.facts()})
        self.set_trait("weights", drawn48_weights.packed())
        offer = {"detectors": list(DETECTORS), "samplings": list(SAMPLINGS), "margins": list(MARGINS)}
        self.set_trait("offer", {**offer, "move": MOVE, "around": AROUND})

    def box(self, frame: int | None = None) -> Box | None:
        """The box of a frame (None: of the one that is shown), moved by the reader; None where no face was found."""
        found = preprocessing_clip.facts()["boxes"][self.detector][self.frame if frame is None else frame]
        if found is None:
            return None
        x, y, w, h = found
        return Box(x + self.right, y + self.down, w, h, 0.0)

    def crop(self, size: int = 180, frame: int | None = None) -> np.ndarray:
        """What a network with inputs of ``size`` pixels gets of a frame, (size, size) uint8, by `fer_utils.faces.crop`.

        Black where no face was found.
        """
        box = self.box(frame)
        if box is None:
            return np.zeros((size, size), np.uint8)
        picture = preprocessing_clip.frames()[self.frame if frame is None else frame]
        return crop(picture, box, size=size, margin=self.margin)

    def scores(self) -> np.ndarray:
        """What `drawn48` says of all frames with these settings, by LiteRT: (16, 7), each row adds up to 1.

        NaN where no face was found.
        """
        found = [self.box(number) is not None for number in range(FRAMES)]
        made = drawn48_weights.scores(np.array([self.crop(48, number) for number in range(FRAMES)]))
        made[~np.array(found)] = np.nan
        return made

    def labels(self) -> list[str | None]:
        """The label of every frame with these settings; None where no face was found."""
        return [None if np.isnan(row).any() else LABELS[int(row.argmax())] for row in self.scores()]

    def describe(self) -> str:
        """What the widget shows now, in sentences: the picture's alt text."""
        facts, labels = preprocessing_clip.facts(), self.labels()
        posed, chosen = facts["posed"], facts["chosen"][self.sampling]
        right = sum(labels[number] == posed for number in chosen)
        moved = f", moved by {self.right} pixels to the right and {self.down} down" if self.right or self.down else ""
        return (
            f"Frame {self.frame} of a drawn clip, in which the actor poses {posed}, with the box of {self.detector}"
            f"{moved}; beside it the square that is cut out with a margin of {self.margin:g}, grey, with 180 pixels a "
            f"side and with 48. The network calls this frame {labels[self.frame] or 'nothing, for no face was found'}, "
            f"and {right} of the {len(chosen)} chosen frames {posed}."
        )

    def picture_html(self) -> str:
        """A still picture of the frame, its box and the network's input with alt text, where no script runs."""
        frame = preprocessing_clip.frames()[self.frame]
        box, marks = self.box(), ""
        if box is not None:
            marks = (
                f'<rect x="{16 + box.x}" y="{24 + box.y}" width="{box.w}" height="{box.h}" fill="none" '
                'stroke="#d55e00" stroke-width="3"/>'
            )
        inputs = "".join(
            f'<image x="{352 + 152 * place}" y="24" width="136" height="136" style="image-rendering:pixelated" '
            f'href="{as_address(as_png(self.crop(size)), "image/png")}"/>'
            f'<text x="{352 + 152 * place}" y="182">grey, {size} × {size}</text>'
            for place, size in enumerate((180, 48))
        )
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 656 288" font-family="sans-serif" font-size="16" '
            'fill="#1f2328"><rect width="656" height="288" rx="8" fill="#ffffff"/>'
            f'<image x="16" y="24" width="{WIDTH}" height="{HEIGHT}" href="{as_address(_webp(frame), "image/webp")}"/>'
            f'{marks}{inputs}<text x="352" y="222">drawn48 says: {self.labels()[self.frame] or "–"}</text></svg>'
        )
        alt = html.escape(self.describe(), quote=True)
        return (
            f'<figure class="fer-prep-still"><img alt="{alt}" width="656" style="max-width:100%;height:auto" '
            f'src="{as_address(svg.encode(), "image/svg+xml")}"><figcaption>The widget at rest: a frame, its box and '
            "what the network gets. It moves in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def _webp(picture: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=85)
    return buffer.getvalue()


def _check(name: str, value) -> None:
    """FerError for a setting that is not there, or a value that it cannot have."""
    choices = {"detector": DETECTORS, "sampling": SAMPLINGS}
    if name in choices:
        if not isinstance(value, str) or value not in choices[name]:
            raise invalid(name, expected=f"one of {', '.join(choices[name])}", received=value)
    elif name == "margin":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in MARGINS:
            raise invalid(name, expected=f"one of {', '.join(f'{one:g}' for one in MARGINS)}", received=value)
    elif name == "frame":
        whole_number(name, value, 0, FRAMES - 1)
    elif name in ("right", "down"):
        whole_number(name, value, -MOVE, MOVE)
    else:
        known = "detector, margin, sampling, frame, right, down"
        raise invalid(name, expected=f"no such argument; there are {known}", received=value)
