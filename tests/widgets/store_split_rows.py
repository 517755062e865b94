"""Store the rows of the *Split laboratory*, and the results that it shows where no script runs.

``python tests/widgets/store_split_rows.py`` films 24 drawn actors, finds faces and landmarks, and measures distances;
films, faces and the landmark predictor are kept in the package's store, and so are made once, in some five minutes.
The results are the page's own, in Chromium: half a minute.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from browser import launched_browser
from split_laboratory_page import measured, opened
from tqdm import tqdm

from fer_utils.splits.splitting import UNITS
from fer_utils.synthetic import landmark_predictor, stand_ins
from fer_utils.widgets import SplitLaboratory, split_laboratory, split_laboratory_rows


def face_set():
    """The book's stand-in at tier `class`, with twins and landmarks: 5,760 faces."""
    return stand_ins.face_set("ravdess", tier="class", twins=True, landmarks="drawn", progress=True)


def results() -> dict:
    """Right answers of both methods for every split, with and without twins, draw 1."""
    made: dict = {}
    asked = [
        (twins, split, method) for twins in (True, False) for split in UNITS for method in split_laboratory.METHODS
    ]
    with launched_browser() as browser, opened(browser, SplitLaboratory()) as (page, _):
        for twins, split, method in tqdm(asked, desc="split laboratory", unit="training"):
            got = measured(page, twins=twins, split=split, method=method)
            kept = {name: round(got[name], 4) for name in ("right", "rows", "value", "low", "high")}
            made.setdefault("with twins" if twins else "without twins", {}).setdefault(split, {})[method] = kept
    return made


def main() -> None:
    stored = split_laboratory_rows.found(
        face_set(), hashlib.sha256(landmark_predictor.train().read_bytes()).hexdigest()
    )
    split_laboratory_rows.FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf8")
    kilobytes = split_laboratory_rows.FILE.stat().st_size / 1000
    print(f"{split_laboratory_rows.FILE}: {len(stored['files'])} files, {kilobytes:.0f} kB")
    found = results()
    split_laboratory.RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")
    for kind, splits in found.items():
        for split, methods in splits.items():
            shares = ", ".join(f"{name} {one['right'] / one['rows']:.3f}" for name, one in methods.items())
            print(f"{kind}, by {split}: {shares}")


if __name__ == "__main__":
    main()
