"""Canaries: a tiny input for each stage, whose output is committed.

A canary is a function that puts something small through a stage and returns what came out, as a value that JSON can
hold.  ``outputs.json`` holds what came out when the stage's version was last raised.  Another output with the same
version is a fault: somebody changed what the stage computes and forgot that stored answers build on it.

    python tests/canaries                     # which canaries there are, and whether they sing as stored
    python tests/canaries --accept splits     # store the output of a stage anew, after its version was raised
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import hashlib
import inspect
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
OUTPUTS = HERE / "outputs.json"


@dataclass(frozen=True)
class Canary:
    """``function`` gives the output; floats may differ from the stored ones by ``tolerance`` (absolute) and no more.

    A function that costs time may be a generator of pairs, the name of a part and its value, cheap ones first: the
    output is the dict of them, and who looks for a difference need not wait for the expensive ones.
    """

    stage: str
    function: Callable[[], Any]
    tolerance: float = 0.0

    def run(self) -> Any:
        """The whole output."""
        made = self.function()
        return dict(made) if inspect.isgenerator(made) else made

    def first_difference(self, stored: Any) -> str:
        """Where the output differs from the stored one, in words, computed no further than to there; or nothing."""
        made = self.function()
        if not inspect.isgenerator(made):
            return difference(stored, plain(made), self.tolerance)
        seen: set[str] = set()
        for name, value in made:
            seen.add(name)
            if name not in stored:
                return f"output.{name} is not stored"
            if found := difference(stored[name], plain(value), self.tolerance, f"output.{name}"):
                return found
        missing = sorted(set(stored) - seen)
        return f"output lacks {', '.join(missing)}" if missing else ""


#: Filled by the modules `canaries_*.py` when they are imported.
CANARIES: dict[str, Canary] = {}


def canary(stage: str, tolerance: float = 0.0) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enter a function as the canary of a stage.

    ``tolerance`` is how far a float may be off on another processor: 0 for whole numbers and decisions, about 1e-6
    for double arithmetic, 1e-3 and more for 32-bit networks after training steps.
    """

    def entered(function: Callable[[], Any]) -> Callable[[], Any]:
        CANARIES[stage] = Canary(stage, function, tolerance)
        return function

    return entered


def digest(value: Any) -> str:
    """16 hexadecimal digits of an array's bytes or of a JSON value; for what must be the same to the last bit."""
    if isinstance(value, np.ndarray):
        payload = repr((value.dtype.str, value.shape)).encode() + np.ascontiguousarray(value).tobytes()
    else:
        payload = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(payload).hexdigest()[:16]


def thumbnail(picture: np.ndarray, cells: int = 8) -> list[list[float]]:
    """Mean grey levels of a picture on a coarse grid: what a canary keeps of pixels, which round by one elsewhere.

    ``picture`` (H, W) or (H, W, C), any numbers; returns ``cells`` x ``cells`` means with two decimals.
    """
    grey = np.asarray(picture, np.float64)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    rows = np.array_split(np.arange(grey.shape[0]), cells)
    columns = np.array_split(np.arange(grey.shape[1]), cells)
    return [[round(float(grey[np.ix_(r, c)].mean()), 2) for c in columns] for r in rows]


#: Arguments on which no output depends.
WITHOUT_EFFECT: tuple[str, ...] = ("progress", "workers", "description")


def defaults(*functions: Callable) -> dict[str, dict[str, str]]:
    """What functions do if they are not told otherwise: name -> argument -> its default, as text."""
    return {
        function.__qualname__: {
            name: getattr(argument.default, "__name__", repr(argument.default))
            for name, argument in inspect.signature(function).parameters.items()
            if argument.default is not inspect.Parameter.empty and name not in WITHOUT_EFFECT
        }
        for function in functions
    }


def plain(value: Any) -> Any:
    """The value as JSON would give it back: arrays and tuples as lists, NumPy's numbers as Python's, NaN as None."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def difference(stored: Any, now: Any, tolerance: float, place: str = "output") -> str:
    """Where two outputs differ, in words; an empty string if they do not."""
    if isinstance(stored, dict) and isinstance(now, dict):
        if stored.keys() != now.keys():
            return f"{place} has other keys: {sorted(stored.keys() ^ now.keys())}"
        for key in stored:
            if found := difference(stored[key], now[key], tolerance, f"{place}.{key}"):
                return found
        return ""
    if isinstance(stored, list) and isinstance(now, list):
        if len(stored) != len(now):
            return f"{place} has {len(now)} items; stored are {len(stored)}"
        for number, (one, other) in enumerate(zip(stored, now, strict=True)):
            if found := difference(one, other, tolerance, f"{place}[{number}]"):
                return found
        return ""
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (stored, now))
    if numbers and (isinstance(stored, float) or isinstance(now, float)):
        if abs(stored - now) <= tolerance:
            return ""
    elif type(stored) is type(now) and stored == now:
        return ""
    return f"{place} is {now!r}; stored is {stored!r}"


def stored_outputs() -> dict[str, dict]:
    """Stage -> ``version`` and ``output``, as committed."""
    return json.loads(OUTPUTS.read_text(encoding="utf-8")) if OUTPUTS.is_file() else {}


def verdict(one: Canary, version: int, stored: dict[str, dict]) -> str:
    """What is wrong with a stage, and the remedy; an empty string if all is well."""
    accept = f"store its output with `.venv/bin/python tests/canaries --accept {one.stage}`"
    if one.stage not in stored:
        return f"Stage {one.stage!r} has no stored output: {accept}."
    kept = stored[one.stage]
    found = difference(kept["output"], plain(one.run()), one.tolerance)
    if kept["version"] == version and found:
        return (
            f"Stage {one.stage!r} gives another output, and its version is still {version}: {found}. If that is meant, "
            f"raise the version in fer_utils/core/stages.py with a line that says what changed, then {accept}. "
            "Stored answers that passed this stage are stale from then on."
        )
    if kept["version"] != version:
        return (
            f"Stage {one.stage!r} has version {version}; the stored output is of version {kept['version']}: {accept}."
        )
    return ""


def accept(stages: list[str], version: Callable[[str], int]) -> None:
    """Store the outputs of these stages with their versions of today."""
    kept = stored_outputs()
    for stage in stages:
        kept[stage] = {"version": version(stage), "output": plain(CANARIES[stage].run())}
    lines = [f"{json.dumps(stage)}: {json.dumps(kept[stage])}" for stage in sorted(kept)]
    OUTPUTS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def load_all() -> dict[str, Canary]:
    """Import every module of canaries and return them by stage."""
    import importlib

    for file in sorted(HERE.glob("canaries_*.py")):
        importlib.import_module(file.stem)
    return CANARIES
