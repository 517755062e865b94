"""Your face, on your device: the package's trained network in the reader's page, on a camera, a photo or a drawing.

LiteRT.js runs a face finder and the network in a worker of the page.  On the book's site their files lie beside the
pages; in Jupyter and Colab they come from the kernel.  They are loaded when the reader presses a button, and no
picture leaves the page (`fer_utils.core.page_files` says which files they are).
"""

from __future__ import annotations

import gzip
import html
import io
import os
from pathlib import Path

import anywidget
import traitlets

from fer_utils import studio
from fer_utils.core import page_files
from fer_utils.core.errors import FerError, whole_number
from fer_utils.faces import short_range
from fer_utils.models import pretrained_networks
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

#: The name under which the page asks for the package's network.
NETWORK = "network.tflite"
#: Side of the drawn face in pixels.
SIDE = 320


def write_page_files(folder: str | os.PathLike) -> None:
    """Put the packed files that a page loads into a folder: LiteRT.js, the face finder and the package's network."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in page_files.names():
        (folder / f"{name}.gz").write_bytes((page_files.folder() / f"{name}.gz").read_bytes())
    (folder / "NOTICE.txt").write_bytes((page_files.folder() / "NOTICE.txt").read_bytes())
    (folder / f"{NETWORK}.gz").write_bytes(packed(NETWORK))


def packed(name: str) -> bytes:
    """One of the files that a page asks for, packed with gzip; FerError for one that is not among them."""
    if name == NETWORK:
        return gzip.compress(pretrained_networks.find().checked().read_bytes(), mtime=0)
    if name not in page_files.names():
        raise FerError(f"A page has no file {name!r}; there are {', '.join((*page_files.names(), NETWORK))}.")
    return (page_files.folder() / f"{name}.gz").read_bytes()


def drawn_face(person: int) -> bytes:
    """A drawn person who poses *surprised* before a camera, as PNG, `SIDE` pixels a side."""
    from PIL import Image

    buffer = io.BytesIO()
    picture = studio.draw(studio.person(person), studio.prototype("surprised"), size=SIDE)
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


class FaceOnDevice(StaticPicture, anywidget.AnyWidget):
    """Show a face to the package's trained network in the page, and move the box that is cut out.

    Parameters
    ----------
    person : who the drawn face is, 0 or more (`fer_utils.studio.person`).

    Raises FerError for a person that cannot be.

    Attributes (synced traits)
    --------------------------
    answer : what the page has seen last: ``boxes`` (how many faces), ``label``, ``scores`` (in the order of
        ``labels``), ``widen`` and ``right`` (how the box was changed, as shares of its side).  No picture is among it.
    labels : the network's posed-expression labels.
    """

    _esm = joined("elements.js", "page_pictures.js", "page_finder.js", "page_engine.js", "face_on_device.js")
    _css = _HERE / "face_on_device.css"

    answer = traitlets.Dict().tag(sync=True)
    labels = traitlets.List(read_only=True).tag(sync=True)
    #: The network's worth in one sentence, and the face finder's numbers.
    card = traitlets.Unicode(read_only=True).tag(sync=True)
    constants = traitlets.Dict(read_only=True).tag(sync=True)
    drawn = traitlets.Bytes(b"", read_only=True).tag(sync=True)

    def __init__(self, *, person: int = 12):
        person = whole_number("person", person, 0)
        super().__init__()
        shipped = pretrained_networks.find()
        self.set_trait("labels", list(shipped.card["labels"]))
        self.set_trait("card", f"{shipped.worth()}.")
        self.set_trait("constants", constants())
        self.set_trait("drawn", drawn_face(person))
        self.on_msg(send_file)

    def picture_html(self) -> str:
        """A still picture with alt text, for places where no script runs."""
        alt = "A drawn face from the front, posing surprised: what the widget shows to the network first."
        return (
            f'<figure class="fer-device-still"><img alt="{html.escape(alt)}" width="{SIDE}" '
            f'style="max-width:100%;height:auto" src="{as_address(self.drawn, "image/png")}"><figcaption>The widget at '
            "rest. It runs the network in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def constants() -> dict:
    """The numbers of `fer_utils.faces.short_range` that the page computes with, by the same names."""
    names = ("SIDE", "GRIDS", "SCORE", "OVERLAP", "AROUND", "PARTS", "SURE", "LIKE_DLIB")
    return {name: getattr(short_range, name) for name in names}


def send_file(widget: anywidget.AnyWidget, content: dict, buffers: list) -> None:
    """A widget's page asks for a file: it is sent, or why it cannot be."""
    name = content.get("file", "")
    try:
        data = packed(name)
    except FerError as error:
        widget.send({"file": name, "problem": str(error)})
        return
    widget.send({"file": name}, [data])
