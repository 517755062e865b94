"""Draw the README's picture: eight drawn people, one for each posed-expression label of RAVDESS.

.venv/bin/python book/images/drawn_faces.py      # writes drawn-faces.webp beside this file
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_utils import plotting, studio

FILE = Path(__file__).with_name("drawn-faces.webp")
#: Label -> the drawn person (the studio's seed) who poses it.
PEOPLE = {
    "neutral": 3,
    "calm": 5,
    "happy": 7,
    "sad": 12,
    "angry": 20,
    "fearful": 31,
    "disgust": 44,
    "surprised": 52,
}
SIDE, GAP, WORDS = 168, 6, 26  # pixels


def picture() -> np.ndarray:
    """The faces in one row, each with its label below, as (H, W, 3) uint8 RGB on white paper."""
    wide = len(PEOPLE) * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", (wide, SIDE + WORDS), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for column, (label, seed) in enumerate(PEOPLE.items()):
        left = column * (SIDE + GAP)
        face = studio.draw(studio.person(seed), studio.prototype(label), size=SIDE, zoom=1.05, shift=(0, 0.05))
        sheet.paste(Image.fromarray(face), (left, 0))
        pen.text((left + SIDE / 2, SIDE + WORDS / 2), label, fill=plotting.INK, font=font, anchor="mm")
    return np.asarray(sheet)


if __name__ == "__main__":
    Image.fromarray(picture()).save(FILE, quality=80, method=6)
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
