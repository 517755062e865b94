"""What *Train it here* has in store: its faces, and, for places where no script runs, the curves of a training.

The training was made by the widget itself, in Chromium, and is shown only for the faces and settings that it was made
with.  ``python tests/widgets/store_run.py`` makes both anew.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
import io
import json
import math
from pathlib import Path
from typing import Any

from fer_utils.core import stages

#: The stored training: ``made_with`` (arguments and settings), ``stages``, and ``run``, an entry of the history.
#: ``short_run`` is a small training that the tests make again; ``faces`` is what the stored faces were made from.
FILE = Path(__file__).parent / "train_here_run.json"
#: The faces of the widget as it is, in one picture.
FACES = FILE.with_name("train_here_faces.webp")

_INK, _LINE, _BLUE = "#1f2328", "#d0d7de", "#0072b2"


def as_address(data: bytes, kind: str) -> str:
    """Bytes as a ``data:`` address of this kind, such as ``image/webp``."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def stored_run(made_with: Mapping[str, Any], passed: Iterable[str]) -> dict | None:
    """The stored training if it was made with these arguments and today's versions of these stages, else None."""
    if not FILE.is_file():
        return None
    stored = json.loads(FILE.read_text(encoding="utf8"))
    fits = stored["made_with"] == dict(made_with) and stored["stages"] == stages.versions(passed)
    return stored["run"] if fits else None


def stored_faces(made_from: Sequence) -> bytes | None:
    """The stored picture of faces if it was made from these arguments and stages' versions, else None."""
    if not FILE.is_file() or not FACES.is_file():
        return None
    stored = json.loads(FILE.read_text(encoding="utf8"))
    return FACES.read_bytes() if stored["faces"] == list(made_from) else None


def drawn(sprite: bytes, side: int, poses: int, names: Sequence[str], run: Mapping | None) -> tuple[str, str]:
    """The still picture and its alt text.

    Parameters
    ----------
    sprite : the picture of all faces; the first person's come first, ``poses`` of each label.
    side : of a face, in pixels.
    names : the labels, in order.
    run : a training as in the widget's history, or None.

    Returns
    -------
    (SVG, alt text).
    """
    parts = ['<text x="16" y="30" font-size="17" font-weight="bold">The expression, or the training faces?</text>']
    for position, name in enumerate(names):
        left = 16 + 88 * position
        parts.append(
            f'<image x="{left}" y="44" width="72" height="72" href="{_face(sprite, side, position * poses)}"/>'
            f'<text x="{left + 36}" y="133" text-anchor="middle">{name}</text>'
        )
    alt = (
        f"A drawn person poses {', '.join(names)}. With scripts, a small network learns from such faces in the page, "
        "and is tested on other people."
    )
    if run is None:
        height = 150
    else:
        height = 400
        classes = len(names)
        parts += _chart("Loss (nats)", run["steps"], run["loss"], run["strangers_loss"], 40, _top(run, classes))
        parts += _chart("Accuracy", run["steps"], run["accuracy"], run["strangers_accuracy"], 360, 1.0)
        alt += " " + _said(run)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" font-size="14" '
        f'fill="{_INK}"><rect width="640" height="{height}" rx="8" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
    return svg, alt


def _face(sprite: bytes, side: int, column: int) -> str:
    """One face of the first row as an address."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(sprite)).crop((column * side, 0, (column + 1) * side, side)).convert("L").save(buffer, "PNG")
    return as_address(buffer.getvalue(), "image/png")


def _top(run: Mapping, classes: int) -> float:
    return math.ceil(2 * max(math.log(classes), *run["loss"], *run["strangers_loss"])) / 2


def _chart(
    title: str, steps: Sequence[int], training: Sequence[float], strangers: Sequence[float], left: int, top: float
) -> list[str]:
    """One chart, 190 pixels high under the faces; training faces dashed, strangers solid, named at their ends."""
    wide, upper, lower = 200, 180, 350
    parts = [f'<text x="{left}" y="166" font-weight="bold">{title}</text>']
    for value in (0.0, 0.5, 1.0) if title == "Accuracy" else range(math.floor(top) + 1):
        y = lower - (lower - upper) * value / top
        text = f"{100 * value:.0f} %" if title == "Accuracy" else str(value)
        parts.append(
            f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>'
            f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end" font-size="12">{text}</text>'
        )
    for value in (0, steps[-1]):
        x = left + wide * value / steps[-1]
        parts.append(f'<text x="{x:.0f}" y="{lower + 17}" text-anchor="middle" font-size="12">{value}</text>')
    parts.append(f'<text x="{left + wide / 2}" y="{lower + 32}" text-anchor="middle" font-size="12">step</text>')
    for values, dashes, name in ((training, "6 4", "training"), (strangers, "none", "strangers")):
        heights = [lower - (lower - upper) * min(value, top) / top for value in values]
        line = " ".join(f"{left + wide * step / steps[-1]:.1f},{y:.1f}" for step, y in zip(steps, heights, strict=True))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{_BLUE}" stroke-width="2.2" stroke-dasharray="{dashes}"/>'
            f'<text x="{left + wide + 4}" y="{heights[-1] + 4:.1f}" font-size="12">{name}</text>'
        )
    return parts


def _said(run: Mapping) -> str:
    """A training in words."""
    return (
        f"The curves of a stored training of {run['steps'][-1]} steps: the loss of the training faces ends at "
        f"{run['loss'][-1]:.2f}, that of strangers at {run['strangers_loss'][-1]:.2f}; accuracy "
        f"{100 * run['accuracy'][-1]:.0f} % and {100 * run['strangers_accuracy'][-1]:.0f} %."
    )
