"""Bring your model: a LiteRT file of the reader's runs in the page, beside the package's own network."""

from __future__ import annotations

import html
import io
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils import studio
from fer_utils.core.errors import whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.models import pretrained_networks
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.widgets.face_on_device import constants, send_file
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

#: Side of a face in pixels: no network that the page takes needs more than it can have by enlarging this.
SIDE = 180


def faces_of(person: int) -> np.ndarray:
    """One drawn person who poses each label, cut out, (7, SIDE, SIDE) uint8 grey."""
    cv2 = opencv("drawing")
    poses = [studio.prototype(label) for label in LABELS]
    drawn = studio.draw_batch(studio.person(person), poses, size=256)
    # dlib's box in all seven drawings of person 12: x and y from 65 and 79 on, 125 pixels wide and high.
    cut = drawn[:, 79:204, 65:190]
    return np.stack(
        [cv2.resize(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), (SIDE, SIDE)) for one in np.ascontiguousarray(cut)]
    )


class BringModel(StaticPicture, anywidget.AnyWidget):
    """Run a ``.tflite`` file of one's own in the page, on drawn faces, beside the package's network.

    A file must take one square face, (1, side, side, 1 or 3) float32 with pixels from 0 to 255, and give one row of
    scores, (1, labels) float32, as the files of `fer_utils.compress.export` do.  For any other file the page says in
    one sentence why not.

    Parameters
    ----------
    person : who is drawn, 0 or more (`fer_utils.studio.person`).

    Raises FerError for a person that cannot be.
    """

    _esm = joined("elements.js", "page_pictures.js", "page_finder.js", "page_engine.js", "bring_model.js")
    _css = _HERE / "bring_model.css"

    labels = traitlets.List(read_only=True).tag(sync=True)
    side = traitlets.Int(SIDE, read_only=True).tag(sync=True)
    constants = traitlets.Dict(read_only=True).tag(sync=True)
    #: The faces side by side, as PNG.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)

    def __init__(self, *, person: int = 12):
        person = whole_number("person", person, 0)
        super().__init__()
        from PIL import Image

        buffer = io.BytesIO()
        self.faces = faces_of(person)
        Image.fromarray(np.concatenate([*self.faces], axis=1)).save(buffer, "PNG", optimize=True)
        self.set_trait("sprite", buffer.getvalue())
        self.set_trait("labels", list(pretrained_networks.find().card["labels"]))
        self.set_trait("constants", constants())
        self.on_msg(send_file)

    def picture_html(self) -> str:
        """A still picture with alt text, for places where no script runs."""
        alt = f"One drawn face with seven posed expressions: {', '.join(self.labels)}."
        picture = as_address(self.sprite, "image/png")
        return (
            f'<figure class="fer-bring-still"><img alt="{html.escape(alt)}" width="640" '
            f'style="max-width:100%;height:auto" src="{picture}"><figcaption>The faces on which a network of yours is '
            "run: in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )
