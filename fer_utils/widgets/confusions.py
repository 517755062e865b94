"""Confusions: press a cell of a confusion matrix, and see the faces behind it and what the network looked at.

The faces, answers and maps are stored with the package (`fer_utils.studies.drawn_confusions` makes them), so that the
widget works on the book's page, where no kernel is, as it does in Jupyter.
"""

from __future__ import annotations

import html
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils.core.errors import invalid, whole_number
from fer_utils.studies import drawn_confusions
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture, checked_words
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent
#: What can lie over a face: nothing, what speaks for the answer, or for the posed label.
MAPS = ("none", "answer", "posed")
#: What is asked above the matrix, and what to try first; a chapter may ask for something else.
_QUESTION = "Which faces are behind a wrong answer, and where did the network look?"
_FIRST = (
    "press the number in the row *angry* and the column *neu*. Then press the right answers of that row, and compare "
    "the mean maps."
)


class Confusions(StaticPicture, anywidget.AnyWidget):
    """The confusion matrix of `drawn48` on drawn strangers, with the faces and occlusion maps behind each cell.

    Parameters (synced traits)
    --------------------------
    cell : posed label and answer, two numbers from 0 to 6; neutral, happy, sad, angry, fearful, disgust, surprised.
    face : number of the face that is shown large; one of `behind`, else the first of them is.
    map : ``"none"``, ``"answer"`` (what speaks for the answer) or ``"posed"`` (for the posed label).
    with_maps : False for the matrix and its faces alone, without occlusion maps; the page then says how often the
        cell's answer was given.
    question : the question that stands above the matrix.
    first : what to try first, the rest of a sentence; *words between stars* are emphasised.

    Raises FerError for an argument that is not there, or a value that it cannot have.

    Attributes
    ----------
    matrix : (7, 7) int; a row for each posed label, a column for each answer.
    behind : numbers of the faces in the chosen cell.
    """

    _esm = joined("elements.js", "confusions_maps.js", "confusions.js")
    _css = _HERE / "confusions.css"

    cell = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    face = traitlets.Int(0).tag(sync=True)
    map = traitlets.Enum(MAPS, "answer").tag(sync=True)
    #: All faces in one picture, and what is known of them.
    sprite = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    about = traitlets.Dict(read_only=True).tag(sync=True)
    with_maps = traitlets.Bool(True, read_only=True).tag(sync=True)
    question = traitlets.Unicode(read_only=True).tag(sync=True)
    first = traitlets.Unicode(read_only=True).tag(sync=True)

    def __init__(
        self,
        *,
        cell=(6, 4),
        face: int = 0,
        map: str | None = None,
        with_maps: bool = True,
        question: str = _QUESTION,
        first: str = _FIRST,
    ):
        if not isinstance(with_maps, bool):
            raise invalid("with_maps", expected="True or False", received=with_maps)
        map = map or ("answer" if with_maps else "none")
        about = drawn_confusions.stored()
        classes = range(len(about["names"]))
        if not isinstance(cell, (list, tuple)) or len(cell) != 2 or not all(type(n) is int for n in cell):
            raise invalid("cell", expected="two whole numbers, posed label and answer", received=cell)
        if not set(cell) <= set(classes):
            raise invalid("cell", expected=f"two numbers from 0 to {classes[-1]}", received=cell)
        face = whole_number("face", face, 0, len(about["labels"]) - 1)
        if map not in MAPS:
            raise invalid("map", expected=f"one of {', '.join(MAPS)}", received=map)
        if not with_maps and map != "none":
            raise invalid("map", expected="none, for with_maps is False", received=map)
        question, first = checked_words("question", question), checked_words("first", first)
        super().__init__(cell=list(cell), face=face, map=map)
        self.set_trait("sprite", drawn_confusions.SHEET.read_bytes())
        sizes = {"side": drawn_confusions.SIDE, "columns": drawn_confusions.COLUMNS, "grid": drawn_confusions.GRID}
        kept = ("names", "labels", "people", "probabilities", *(["maps"] if with_maps else []))
        self.set_trait("about", {name: about[name] for name in kept} | sizes | {"unit": drawn_confusions.UNIT})
        self.set_trait("with_maps", with_maps)
        self.set_trait("question", question)
        self.set_trait("first", first)

    @property
    def matrix(self) -> np.ndarray:
        """The faces counted, (7, 7) int: a row for each posed label, a column for each answer."""
        return drawn_confusions.matrix()

    @property
    def behind(self) -> list[int]:
        """Numbers of the faces of the chosen cell."""
        posed, answer = self.cell
        said = np.argmax(self.about["probabilities"], axis=1)
        return np.flatnonzero((np.array(self.about["labels"]) == posed) & (said == answer)).tolist()

    def describe(self) -> str:
        """What the matrix shows, in two sentences: the picture's alt text."""
        matrix, names = self.matrix, self.about["names"]
        wrong = matrix - np.diag(np.diag(matrix))
        posed, answer = np.unravel_index(wrong.argmax(), wrong.shape)
        return (
            f"Confusion matrix of {matrix.sum()} drawn faces of {max(self.about['people']) + 1} strangers: "
            f"{np.trace(matrix)} answers are right. The most frequent error: {wrong.max()} of {matrix[posed].sum()} "
            f"faces that pose {names[posed]} are called {names[answer]}."
        )

    def picture_html(self) -> str:
        """A still picture of the matrix with alt text, for places where no script runs."""
        alt = html.escape(self.describe(), quote=True)
        data = as_address(self._svg().encode(), "image/svg+xml")
        return (
            f'<figure class="fer-confuse-still"><img alt="{alt}" width="560" style="max-width:100%;height:auto" '
            f'src="{data}"><figcaption>The widget at rest: posed label by row, answer by column. In Jupyter, in Colab '
            "and on the book's page each cell shows its faces.</figcaption></figure>"
        )

    def _svg(self) -> str:
        matrix, names = self.matrix, self.about["names"]
        parts = []
        for number, name in enumerate(names):
            parts.append(f'<text x="92" y="{74 + 36 * number}" text-anchor="end">{name}</text>')
            parts.append(f'<text x="{131 + 62 * number}" y="40" text-anchor="middle">{name}</text>')
        for (row, column), count in np.ndenumerate(matrix):
            share = count / max(matrix[row].sum(), 1)
            ink = "#ffffff" if share > 0.5 else "#1f2328"
            parts.append(
                f'<rect x="{102 + 62 * column}" y="{52 + 36 * row}" width="58" height="32" fill="#0072b2" '
                f'fill-opacity="{0.06 + 0.94 * share:.2f}"/><text x="{131 + 62 * column}" y="{74 + 36 * row}" '
                f'text-anchor="middle" fill="{ink}">{count}</text>'
            )
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 320" font-family="sans-serif" font-size="13" '
            'fill="#1f2328"><rect width="560" height="320" rx="8" fill="#ffffff"/>'
            f'<text x="317" y="20" text-anchor="middle">answer of the network</text>{"".join(parts)}</svg>'
        )
