"""Write the first screen of the landing page: eight drawn actors, and the finding with a switch that the reader turns.

.venv/bin/python book/images/landing.py      # writes landing.html beside this file

The switch is HTML and CSS only, so that it works from any server, from the disk, and without a script.
"""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path

from drawn_faces import PEOPLE
from PIL import Image

from fer_utils import studies, studio

FILE = Path(__file__).with_name("landing.html")
SIDE = 176  # pixels; shown at half of it, so that it is sharp on a telephone
#: What is drawn at random -> the words of the switch.  The names end the rows of the study `one_protocol`.
DIVISIONS = {
    ", frames at random, twins": "other frames of the same clips, and every clip is in the data twice",
    ", frames at random": "other frames of the same clips",
    "": "people whom it has never seen",
}
#: Row of the study -> its name on the page.
METHODS = {"ding2023": "the paper's network", "HOG and SVM": "HOG and SVM (2005)"}


def faces() -> str:
    """Eight pictures with their labels, as HTML."""
    cells = []
    for label, seed in PEOPLE.items():
        face = studio.draw(studio.person(seed), studio.prototype(label), size=SIDE, zoom=1.35, shift=(0, 0.02))
        file = io.BytesIO()
        Image.fromarray(face).save(file, "WEBP", quality=72, method=6)
        data = base64.b64encode(file.getvalue()).decode()
        cells.append(
            f'<span><img src="data:image/webp;base64,{data}" width="{SIDE}" height="{SIDE}" '
            f'alt="A drawn face posing {label}">{label}</span>'
        )
    return '<div class="fer-faces">\n' + "\n".join(cells) + "\n</div>\n"


def shares() -> dict[str, dict[str, float]]:
    """Method -> division -> share of test faces that it names right, by the stored answer."""
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    return {name: {division: rows[name + division]["accuracy"]["value"] for division in DIVISIONS} for name in METHODS}


def caption() -> str:
    """What the numbers are, and which of them rest on trainings that had not ended, as HTML."""
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    said = (
        "Share of test faces whose posed-expression label is named right; drawn actors, one training protocol "
        "(chapter 9)."
    )
    for number, division in enumerate(DIVISIONS, start=1):
        row = rows["ding2023" + division]
        if not row["witness"]:
            unfinished = row["trainings"] - row["converged"]
            said += (
                f" Of the {row['trainings']} trainings of the network behind answer {number}, {unfinished} had not "
                "converged."
            )
    return said


def switch() -> str:
    """A question with three answers, and two bars that follow the one that is chosen, as HTML."""
    found = shares()
    parts = ['<fieldset class="fer-finding">', "<legend>Who is in the test? Choose:</legend>"]
    for number, words in enumerate(DIVISIONS.values(), start=1):
        chosen = " checked" if number == 1 else ""
        parts.append(
            f'<input type="radio" name="fer-finding" id="fer-finding-{number}"{chosen}>'
            f'<label for="fer-finding-{number}">{html.escape(words)}</label>'
        )
    parts.append('<div class="fer-finding-bars">')
    for name, said in METHODS.items():
        parts.append(f"<span>{html.escape(said, quote=False)}</span>")
        for number, division in enumerate(DIVISIONS, start=1):
            share = 100 * found[name][division]
            parts.append(
                f'<span class="fer-when-{number} whole"><span class="bar" style="width:{share:.1f}%"></span></span>'
                f'<b class="fer-when-{number}">{share:.1f} %</b>'
            )
    parts.append("</div>")
    parts.append(f"<p>{caption()}</p>")
    parts.append("</fieldset>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(faces() + switch(), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
