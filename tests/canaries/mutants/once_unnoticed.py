"""Edits that stored answers once did not notice, and edits of words that made them stale."""

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "faces": [
        ("fer_utils/faces/extraction.py", "box = boxes[0]", "box = boxes[-1]"),
        ("fer_utils/faces/cropping.py", "(1 + 2 * margin)", "(1 + margin)"),
    ],
    "studio": [
        ("fer_utils/studio/render.py", "unit = _SCALE * side * zoom", "unit = 0.63 * _SCALE * side * zoom"),
        ("fer_utils/studio/acting.py", "GAIN = 0.55", "GAIN = 0.10"),
        ("fer_utils/studio/acting.py", "WIDER = 2.5", "WIDER = 1.5"),
    ],
    "splits": [
        ("fer_utils/splits/splitting.py", "wanted - quota.sum()", "wanted + quota.sum()"),
        ("fer_utils/splits/splitting.py", "np.floor(test * len(labels) + 0.5)", "np.ceil(test * len(labels) + 0.5)"),
    ],
}
#: A word of a message, and the words of a progress bar.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "splits": [("fer_utils/core/errors.py", "Invalid value for", "Wrong value for")],
    "faces": [
        ("fer_utils/faces/preparation.py", 'desc="faces"', 'desc="found"'),
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
    ],
    "studio": [("fer_utils/core/errors.py", "Invalid value for", "Wrong value for")],
}
