"""Small copies of FER2013 in both of its forms, with pictures of noise."""

from __future__ import annotations

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.datasets.fer2013_table import EMOTIONS, PARTS

#: The folders' words for the labels, in the order of the table's numbers.
WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def drawn_pictures(each: int = 1, seed: int = 0) -> list[tuple[str, str, np.ndarray]]:
    """(part, label, 48 x 48 grey levels): so many of each label in each part."""
    rng = np.random.default_rng(seed)
    return [
        (part, label, rng.integers(0, 256, (48, 48), dtype=np.uint8))
        for part in PARTS
        for label in EMOTIONS
        for _ in range(each)
    ]


def as_table(pictures, file, header: str = "emotion,pixels,Usage", extra: tuple[str, ...] = ()):
    """The competition's table at ``file``; ``extra`` are further lines."""
    names = [name.strip() for name in header.split(",")]
    lines = [header]
    for part, label, grey in pictures:
        cells = {
            "emotion": str(EMOTIONS.index(label)),
            "pixels": " ".join(map(str, grey.ravel())),
            "Usage": part,
        }
        lines.append(",".join(cells[name] for name in names))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*lines, *extra]) + "\n", encoding="utf-8")
    return file


def as_folders(pictures, root, suffix: str = ".png"):
    """Folders below ``root``; a picture's number is its row's in the table."""
    cv2 = opencv()
    for number, (part, label, grey) in enumerate(pictures, start=1):
        folder = root / ("train" if part == "Training" else "test") / WORDS[EMOTIONS.index(label)]
        folder.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / f"{part}_{number}{suffix}"), grey)
    return root
