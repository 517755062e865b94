"""The cell of chapter 13 that makes four files and shows the widget *Bring your model* with them."""

from __future__ import annotations

import json
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "13_real_time.ipynb"


def ran(folder: Path) -> dict:
    """Run the cell as it stands, with its files in ``folder``: its names, and the widget as ``shown``."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf8"))["cells"]
    (source,) = ["".join(cell["source"]) for cell in cells if "BringModel(" in "".join(cell["source"])]
    import cv2
    import keras
    import numpy as np
    import tensorflow as tf

    from fer_utils.synthetic.posed_faces import posed_faces
    from fer_utils.widgets import BringModel

    names = {"cv2": cv2, "keras": keras, "np": np, "tf": tf, "posed_faces": posed_faces, "BringModel": BringModel}
    names["place"] = folder
    before, last = source.rsplit("\n", 1)
    exec(f"{before}\nshown = {last}", names)
    return names
