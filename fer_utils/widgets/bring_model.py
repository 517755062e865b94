"""Bring your model: a LiteRT file of the reader's runs in the page, beside the package's own network."""

from __future__ import annotations

from collections.abc import Mapping
import html
import io
import os
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils.core.errors import invalid
from fer_utils.models import pretrained_networks
from fer_utils.synthetic.posed_faces import SIDE, posed_faces
from fer_utils.widgets.face_on_device import constants, send_file
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent
#: So many bytes may the files have that become a part of the page.
MOST = 500_000


class BringModel(StaticPicture, anywidget.AnyWidget):
    """Run a ``.tflite`` file of one's own in the page, on drawn faces, beside the package's network.

    A file must take one square face, (1, side, side, 1 or 3) float32 with pixels from 0 to 255, and give one row of
    scores, (1, labels) float32, as the files of `fer_utils.compress.export` do.  For any other file the page says in
    one sentence why not.

    Parameters
    ----------
    person : who is drawn, 0 or more (`fer_utils.studio.person`).
    files : name -> path of a file that gets a button of its own, beside the one for the reader's files.  They become
        a part of the page; together they may have `MOST` bytes.

    Raises FerError for a person that cannot be, and for files that cannot be read or are too large.

    Attributes
    ----------
    faces : the faces that are shown, (7, SIDE, SIDE) uint8, grey.
    """

    _esm = joined("elements.js", "page_pictures.js", "page_finder.js", "page_engine.js", "bring_model.js")
    _css = _HERE / "bring_model.css"

    labels = traitlets.List(read_only=True).tag(sync=True)
    side = traitlets.Int(SIDE, read_only=True).tag(sync=True)
    constants = traitlets.Dict(read_only=True).tag(sync=True)
    #: The faces side by side, as PNG.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    #: The files that have a button, in order: name and number of bytes; and all their bytes, one file after the other.
    files = traitlets.List(read_only=True).tag(sync=True)
    contents = traitlets.Bytes(b"", read_only=True).tag(sync=True)

    def __init__(self, *, person: int = 12, files: Mapping[str, str | os.PathLike] | None = None):
        faces = posed_faces(person)
        read = _read(files or {})
        super().__init__()
        from PIL import Image

        buffer = io.BytesIO()
        self.faces = faces
        Image.fromarray(np.concatenate([*self.faces], axis=1)).save(buffer, "PNG", optimize=True)
        self.set_trait("sprite", buffer.getvalue())
        self.set_trait("labels", list(pretrained_networks.find().card["labels"]))
        self.set_trait("constants", constants())
        self.set_trait("files", [{"name": name, "bytes": len(content)} for name, content in read.items()])
        self.set_trait("contents", b"".join(read.values()))
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


def _read(files: Mapping[str, str | os.PathLike]) -> dict[str, bytes]:
    """The contents of the files by their names."""
    if not isinstance(files, Mapping) or not all(isinstance(name, str) and name.strip() for name in files):
        raise invalid("files", expected="a dict, name to path of a .tflite file", received=files)
    try:
        read = {name: Path(path).read_bytes() for name, path in files.items()}
    except (OSError, TypeError) as error:
        raise invalid("files", expected="paths of files that can be read", received=f"{error}") from error
    size = sum(map(len, read.values()))
    if size > MOST:
        raise invalid(
            "files",
            expected=f"at most {MOST:,} bytes together, for the page carries them",
            received=f"{size:,} bytes",
            remedy="Larger files can be dropped on the widget.",
        )
    return read
