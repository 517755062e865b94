"""Train it here: a small network learns in the reader's page, and is tested on people it has never seen.

Python draws the faces and sends them once, as one picture.  Network, training and curves are JavaScript
(``small_network.js`` and ``training_run.js`` do the arithmetic), so that the widget works on the book's page, where
no kernel is, as it does in Jupyter.
"""

from __future__ import annotations

from collections.abc import Mapping
import html
import io
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from fer_utils.core import provenance, stages
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import home, write_atomic
from fer_utils.synthetic.photographs import Crop, crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces
from fer_utils.widgets import train_here_still
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture

_HERE = Path(__file__).parent

#: Side of a face in pixels, and faces in a row of the one picture that holds all of them.
SIDE, COLUMNS = 48, 42
#: Units of the dense layer, whose dead ones are counted.
UNITS = 32
#: Points of a curve, besides the one before the first step.
LOOKS = 15
#: How faces are cut out: a little less evenly than one hand would cut them all.
CROP = Crop(jitter=0.3)
#: WebP's quality, 0..100.
_QUALITY = 60

#: The stages that the faces pass.
STAGES = ("random_faces", "studio")

#: The most of each that a page may carry.
MOST = {"people": 60, "strangers": 40, "poses": 8, "steps": 3000}

#: What the sliders of the widget offer.  ``learn_from`` also ends at the number of people that there are.
CHOICES: Mapping[str, tuple] = {
    "learning_rate": (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
    "learn_from": (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 50, 60),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "l1": (0.0, 0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01),
    "label_noise": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    "seed": tuple(range(20)),
    "augment": (False, True),
}

#: The settings at rest; ``learn_from`` is everybody.
REST: Mapping[str, Any] = {
    "learning_rate": 0.001,
    "dropout": 0.0,
    "l1": 0.0,
    "label_noise": 0.0,
    "augment": False,
    "seed": 0,
}


def faces_of(people: int, strangers: int, poses: int, faces_seed: int, progress: bool = True) -> np.ndarray:
    """The faces of both sets, (N, SIDE, SIDE) uint8: person by person, label by label, the strangers last."""
    drawn = draw_faces(people + strangers, seed=faces_seed, poses=poses, progress=progress)
    return crop_faces(drawn.images, size=SIDE, where=CROP, seed=faces_seed)


def one_picture(faces: np.ndarray) -> bytes:
    """All faces, (N, SIDE, SIDE) uint8, as one WebP file: `COLUMNS` in a row, what is left of the last row black."""
    from PIL import Image

    rows = -(-len(faces) // COLUMNS)
    sheet = np.zeros((rows * COLUMNS, SIDE, SIDE), np.uint8)
    sheet[: len(faces)] = faces
    sheet = sheet.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, COLUMNS * SIDE)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()


def made_from(people: int, strangers: int, poses: int, faces_seed: int) -> list:
    """All that the picture of the faces depends on: its arguments, what is the same for all, and stages' versions."""
    drawing = [SIDE, COLUMNS, CROP.jitter, _QUALITY, stages.versions(STAGES)]
    return [people, strangers, poses, faces_seed, *drawing]


def _kept_picture(people: int, strangers: int, poses: int, faces_seed: int, progress: bool) -> bytes:
    """`one_picture` of `faces_of`; those of the widget as it is are in the package, others are kept in its store."""
    from PIL import Image

    origin = made_from(people, strangers, poses, faces_seed)
    stored = train_here_still.stored_faces(origin)
    if stored is not None:
        stages.mark(*STAGES)
        return stored
    place = home() / "train_here" / f"{provenance.digest(origin)[:24]}.webp"
    try:
        kept = place.read_bytes()
        Image.open(io.BytesIO(kept)).load()  # a damaged one is drawn anew
        stages.mark(*STAGES)
        return kept
    except (OSError, SyntaxError, ValueError):
        pass
    made = one_picture(faces_of(people, strangers, poses, faces_seed, progress))
    write_atomic(place, made)
    return made


class TrainHere(StaticPicture, anywidget.AnyWidget):
    """Train a small network in the page, change one setting, train again, and compare.

    The network has three convolutions (3x3, stride 2; 8, 16 and 32 filters), a dense layer of 32 units and a
    softmax: 43,015 parameters for seven labels.  It learns from drawn faces of 48x48 pixels with Adam in batches of
    16, and is tested on strangers, who are other drawn people.  Loss and accuracy of both sets are measured without
    dropout.  A training ends after ``steps`` steps or after 60 seconds.  The same settings give the same curves in
    the same browser.

    Parameters
    ----------
    people : how many people there are to learn from, 2 to 60.
    strangers : how many other people test, 1 to 40.
    poses : pictures of each person and label, 1 to 8.
    faces_seed : which people and poses are drawn, 0 or more.
    steps : steps of a training, 15 to 3000; the curves have `LOOKS` points.
    progress : a bar on standard error while faces are drawn, the first time.
    settings : where the sliders stand at first; what each offers is in `CHOICES`: ``learning_rate``, ``learn_from``
        (how many of the people; everybody unless given), ``dropout``, ``l1`` (penalty on the weights of the dense
        layer), ``label_noise`` (share of the training faces whose label is drawn at random), ``augment`` (mirror and
        move the training faces at random) and ``seed`` (of the training).

    Raises FerError for an argument that is not there or out of range.

    Attributes (synced traits)
    --------------------------
    settings : dict of the settings above; assign a changed copy to move the sliders.
    history : list of the trainings so far, each a dict: ``settings``; ``steps``, ``epochs``, ``loss``,
        ``strangers_loss``, ``accuracy``, ``strangers_accuracy``, ``gap`` (the difference of the accuracies, 0..1) and
        ``dead_units``, lists of equal length; ``units``, of which units may be dead; and ``ended``: *done*,
        *stopped* or *time*.
    """

    _esm = joined(
        "elements.js",
        "small_network.js",
        "training_run.js",
        "training_engine.js",
        "training_curves.js",
        "training_parts.js",
        "train_here.js",
    )
    _css = _HERE / "train_here.css"

    settings = traitlets.Dict().tag(sync=True)
    history = traitlets.List().tag(sync=True)
    steps = traitlets.Int(read_only=True).tag(sync=True)
    look = traitlets.Int(read_only=True).tag(sync=True)
    #: All faces in one picture, and what they show.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    faces = traitlets.Dict(read_only=True).tag(sync=True)
    #: What there is to choose from; the page knows no values of its own.
    offer = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        *,
        people: int = 40,
        strangers: int = 20,
        poses: int = 2,
        faces_seed: int = 1,
        steps: int = 600,
        progress: bool = True,
        **settings,
    ):
        people = whole_number("people", people, 2, MOST["people"])
        strangers = whole_number("strangers", strangers, 1, MOST["strangers"])
        poses = whole_number("poses", poses, 1, MOST["poses"])
        faces_seed = whole_number("faces_seed", faces_seed, 0)
        steps = whole_number("steps", steps, LOOKS, MOST["steps"])
        choices = dict(CHOICES)
        choices["learn_from"] = (*(some for some in CHOICES["learn_from"] if some < people), people)
        complete = _complete_settings(settings, choices)
        super().__init__(settings=complete)
        self.observe(lambda change: _complete_settings(change.new, choices), "settings")
        per_person = np.repeat(np.arange(len(LABELS)), poses)
        described = {
            name: {
                "labels": np.tile(per_person, count).tolist(),
                "people": np.repeat(np.arange(count), len(per_person)).tolist(),
            }
            for name, count in (("training", people), ("strangers", strangers))
        }
        self.drawn_as = {"people": people, "strangers": strangers, "poses": poses, "faces_seed": faces_seed}
        self.set_trait("steps", steps)
        self.set_trait("look", max(steps // LOOKS, 1))
        self.set_trait("sprite", _kept_picture(**self.drawn_as, progress=progress))
        self.set_trait("faces", {"side": SIDE, "columns": COLUMNS, "names": list(LABELS), **described})
        self.set_trait("offer", {**{name: list(values) for name, values in choices.items()}, "units": UNITS})

    @property
    def made_with(self) -> dict[str, Any]:
        """What a training of this widget depends on: which faces are drawn, how many steps, and the settings."""
        return {**self.drawn_as, "steps": self.steps, **self.settings}

    def picture_html(self) -> str:
        """A still picture with alt text, for places where no script runs: some faces, and the curves of a training.

        The training is a stored one of the settings at rest; a widget of other faces, steps or settings has no curves.
        """
        run = train_here_still.stored_run(self.made_with, STAGES)
        svg, alt = train_here_still.drawn(self.sprite, SIDE, self.drawn_as["poses"], LABELS, run)
        data = train_here_still.as_address(svg.encode(), "image/svg+xml")
        return (
            f'<figure class="fer-train-still"><img alt="{html.escape(alt, quote=True)}" width="640" '
            f'style="max-width:100%;height:auto" src="{data}"><figcaption>The widget at rest. It trains a network in '
            "Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def _complete_settings(settings, choices: Mapping[str, tuple]) -> dict[str, Any]:
    """All settings, checked against what the sliders offer; FerError for a name or value that they have not."""
    if not isinstance(settings, Mapping):
        raise invalid("settings", expected="a dict such as {'dropout': 0.5}", received=settings)
    complete = {**REST, "learn_from": choices["learn_from"][-1], **settings}
    for name, value in complete.items():
        if name not in choices:
            raise invalid(name, expected=f"no such setting; there are {', '.join(choices)}", received=value)
        flags = isinstance(choices[name][0], bool)
        if isinstance(value, bool) != flags or not isinstance(value, (int, float)) or value not in choices[name]:
            raise invalid(name, expected=f"one of {', '.join(map(str, choices[name]))}", received=value)
    return complete
