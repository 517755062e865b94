"""Store the clip of *Preprocessing* and what is known of its frames.

``python tests/widgets/store_clip.py`` takes some seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fer_utils.widgets import preprocessing_clip as clip


def main() -> None:
    drawn, landmarks, strength = clip.drawn()
    clip.FILE.write_bytes(clip.as_picture(drawn))
    clip.frames.cache_clear()
    pictures = clip.frames()  # as a page has them
    stored = {
        "posed": clip.POSED,
        "strength": [round(float(one), 2) for one in strength],
        "chosen": clip.chosen_frames(pictures),
        "boxes": {
            name: [clip.box_of(picture, points, name) for picture, points in zip(pictures, landmarks, strict=True)]
            for name in clip.DETECTORS
        },
    }
    clip.FACTS.write_text(json.dumps(stored) + "\n", encoding="utf8")
    print(f"{clip.FILE}: {clip.FILE.stat().st_size:,} bytes; {clip.FACTS}: {clip.FACTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
