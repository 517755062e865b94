"""Draw the picture that a shared link shows: the title and eight drawn people, one for each posed-expression label.

.venv/bin/python book/images/card.py      # writes card.png beside this file
"""

from __future__ import annotations

from pathlib import Path

from drawn_faces import PEOPLE
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_utils import plotting, studio

FILE = Path(__file__).with_name("card.png")
#: Pixels; 1200 x 630 is what services that show links ask for.
WIDTH, HEIGHT, SIDE, GAP = 1200, 630, 222, 24
TITLE = "Lightweight facial expression recognition"


def picture() -> np.ndarray:
    """The title above two rows of four faces, as (630, 1200, 3) uint8 RGB on white paper."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((WIDTH / 2, 62), TITLE, fill=plotting.INK, font=ImageFont.load_default(52), anchor="mm")
    left = (WIDTH - 4 * SIDE - 3 * GAP) // 2
    for number, (label, seed) in enumerate(PEOPLE.items()):
        row, column = divmod(number, 4)
        face = studio.draw(studio.person(seed), studio.prototype(label), size=SIDE, zoom=1.05, shift=(0, 0.05))
        place = (left + column * (SIDE + GAP), 122 + row * (SIDE + GAP))
        sheet.paste(Image.fromarray(face), place)
    return np.asarray(sheet)


if __name__ == "__main__":
    Image.fromarray(picture()).quantize(128).save(FILE, optimize=True)
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
