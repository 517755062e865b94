"""Run the canary of a stage on a package with one edit, many edits in turn, in this process.

    python tests/canaries/mutate.py STAGE ...   # a line of JSON a stage: for each mutant whether the canary noticed it

A last line names the files of the checkout that were read on the way, all on which the verdicts depend.
The package's modules are imported anew for each edit, with the edited text in the place of the file's; the heavy
libraries stay loaded.  An edit that makes the canary raise is noticed, too.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import json
import os
from pathlib import Path
import sys
import tempfile
import time
from types import CodeType

HERE = Path(__file__).parent
#: Where the canaries' film and faces lie while edits of other rooms than those that make them are tried.
KEPT = tempfile.mkdtemp(prefix="canary-film-")
#: What a film and a face set are made by, as beginnings of files' names.
MAKES_FILM = ("fer_utils/studio",)
MAKES_FACES = (*MAKES_FILM, "fer_utils/faces", "fer_utils/datasets")
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "helpers"), str(ROOT)]


#: The files of the checkout that this process has read, as it opens them.
READ: set[str] = set()


def note_file(event: str, arguments: tuple) -> None:
    """Python's audit hook: note which file of the checkout is opened."""
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(f"{ROOT}{os.sep}"):
        READ.add(arguments[0])


def files_read() -> list[str]:
    """What was read of the package and of the tests, from the root, sorted; modules by their source."""
    modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found = {Path(name) for name in (*READ, *filter(None, modules))}
    parts = [ROOT / "fer_utils", ROOT / "tests"]
    inside = [path for path in found if any(part in path.parents for part in parts) and path.suffix != ".pyc"]
    return sorted(path.relative_to(ROOT).as_posix() for path in inside if path.is_file())


class Edited(importlib.abc.MetaPathFinder):
    """Finds the modules of the package and of the canaries as ever, and reads the edited ones with other text.

    What a file compiles to is kept: the modules are run anew for each edit, and read once.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.compiled: dict[str, CodeType] = {}

    def find_spec(self, name, path=None, target=None):
        if not (name.split(".")[0] == "fer_utils" or name.startswith(("canaries_", "canary"))):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin, self)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, edited: Edited) -> None:
        super().__init__(name, path)
        self.edited = edited

    def get_code(self, fullname):
        READ.add(self.path)  # also where Python would have read what it compiled before
        if self.path in self.edited.texts:
            return compile(self.edited.texts[self.path], self.path, "exec")
        if self.path not in self.edited.compiled:
            self.edited.compiled[self.path] = super().get_code(fullname)
        return self.edited.compiled[self.path]


def forget() -> None:
    """Take the package and the canaries out of memory, so that they are imported anew."""
    for name in list(sys.modules):
        if name.split(".")[0] == "fer_utils" or name.startswith(("canaries_", "canary")):
            del sys.modules[name]


@functools.cache
def file_of(stage: str) -> str:
    """The module of canaries that has the canary of a stage, without a word of the others."""
    for path in sorted(HERE.glob("canaries_*.py")):
        if f'@canary("{stage}"' in path.read_text(encoding="utf-8"):
            return path.stem
    return "canaries_models"  # one function enters the canaries of several networks


def noticed(stage: str, edited: Edited, edits: list[tuple[str, str, str]]) -> tuple[bool, str]:
    """(whether the stage's canary gives another output with these edits, what it noticed).

    An edit is a file, what stands there once or more, and what takes the place of the first.
    """
    edited.texts = {}
    for file, old, new in edits:
        path = str(ROOT / file)
        text = edited.texts.get(path) or Path(path).read_text(encoding="utf-8")
        if old not in text:
            raise SystemExit(f"{file} does not contain {old!r}: bring this mutant of {stage} up to date")
        edited.texts[path] = text.replace(old, new, 1)
    forget()
    # A film of the untouched studio serves all edits of other rooms, and so do its faces.
    for name, makers in (("CANARY_FILM", MAKES_FILM), ("CANARY_FACES", MAKES_FACES)):
        untouched = edits and not any(file.startswith(makers) for file, _, _ in edits)
        os.environ[name] = KEPT if untouched else ""
    try:
        canary = importlib.import_module("canary")
        importlib.import_module(file_of(stage))
        one = canary.CANARIES[stage]
        said = one.first_difference(canary.stored_outputs()[stage]["output"])
        return bool(said), said
    except Exception as error:  # whatever an edit may break
        return True, f"{type(error).__name__}: {error}"


def tried(kind: str, stage: str, edited: Edited, edits: list[tuple[str, str, str]]) -> dict:
    """A row of the report: the edits, whether the canary noticed them and what it said, and processor seconds."""
    began = time.process_time()
    found, said = noticed(stage, edited, edits)
    seconds = round(time.process_time() - began, 2)
    return {"kind": kind, "edits": edits, "noticed": found, "said": said[:300], "seconds": seconds}


def main(stages: list[str]) -> None:
    sys.addaudithook(note_file)
    gc.disable()
    import dlib
    from mutants import HARMLESS, MUTANTS

    # No edit changes the library's detector of faces; making it takes longer than most canaries.
    dlib.get_frontal_face_detector = functools.cache(dlib.get_frontal_face_detector)
    edited = Edited()
    sys.meta_path.insert(0, edited)
    for stage in stages:
        gc.disable()  # while libraries are loaded: they stay, so nobody need search them for garbage again and again
        harmless = list(HARMLESS.get(stage, ()))
        # All at once, which is also how the canary is without an edit; if that is noticed, each alone, to say which.
        rows = [tried("harmless", stage, edited, harmless)]
        gc.freeze()
        gc.enable()
        if rows[0]["noticed"]:
            rows += [tried("harmless", stage, edited, [edit]) for edit in harmless]
            rows.append(tried("harmless", stage, edited, []))
        rows += [tried("mutant", stage, edited, [edit]) for edit in MUTANTS.get(stage, ())]
        print(f"MUTANTS {json.dumps({'stage': stage, 'rows': rows})}", flush=True)
    print(f"FILES {json.dumps(files_read())}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
