"""Edits that a canary must notice, and edits that none may notice.

One module a group of stages; each has ``MUTANTS`` and may have ``HARMLESS``: stage -> list of (file, old text, new
text).  The old text is replaced where it first stands in the file.
"""

from __future__ import annotations

import importlib
from pathlib import Path

MUTANTS: dict[str, list[tuple[str, str, str]]] = {}
HARMLESS: dict[str, list[tuple[str, str, str]]] = {}

for _file in sorted(Path(__file__).parent.glob("*.py")):
    if _file.stem != "__init__":
        _module = importlib.import_module(f"{__name__}.{_file.stem}")
        for _stage, _edits in _module.MUTANTS.items():
            MUTANTS.setdefault(_stage, []).extend(_edits)
        for _stage, _edits in getattr(_module, "HARMLESS", {}).items():
            HARMLESS.setdefault(_stage, []).extend(_edits)
