"""Several JavaScript files as the one module that a widget is."""

from __future__ import annotations

from pathlib import Path
import re

_HERE = Path(__file__).parent
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|let) (\w+))", re.MULTILINE)
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)


def joined(*names: str) -> str:
    """The text of one ES module that holds these files of this folder, in this order.

    A widget's module travels as text and cannot import a file.  So the lines that import one file from another are
    left out; the names that they bring are there already.  A file stands after those that it imports, else
    ``RuntimeError``; no two files may give one name to different things.

    >>> "import {" in joined("small_network.js", "training_run.js")
    False
    """
    texts: list[str] = []
    for position, name in enumerate(names):
        text = (_HERE / name).read_text(encoding="utf8")
        absent = set(_IMPORT.findall(text)) - set(names[:position])
        if absent:
            raise RuntimeError(f"{name} imports {', '.join(sorted(absent))}, which must stand before it")
        texts.append(_IMPORT.sub("", text))
    return "\n".join(texts)


def enclosed(name: str, *names: str) -> str:
    """One JavaScript function, ``name()``, that holds these files and returns what the last of them exports.

    The function uses nothing from outside of it, so its text alone can start a worker (``face_lab_engine.js``), and
    where there is no worker the page calls it.

    >>> text = enclosed("numbers", "studio_numbers.js")
    >>> text.startswith("export function numbers() {"), "export const" in text, "clamp" in text.splitlines()[-2]
    (True, False, True)
    """
    given = _EXPORT.findall((_HERE / names[-1]).read_text(encoding="utf8"))
    text = _EXPORT.sub("", joined(*names))
    return f"export function {name}() {{\n{text}\nreturn {{ {', '.join(given)} }};\n}}"
