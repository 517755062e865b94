"""Execute a chapter with papermill, in the environment of this very interpreter."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import sys
import time

from .keys import USED_FILE
from .layout import Book, BookError

# jsonschema, which validates notebooks, would compile the grammar of international addresses when papermill loads it,
# for a second of a processor; no notebook's schema has such an address.
sys.modules.setdefault("rfc3987_syntax", None)

KERNEL = "fer-book"
#: What begins the command of a kernel, and of what is made beforehand: this interpreter.
PYTHON = [sys.executable]

#: What the kernels of a tier have in their environment besides.  The smoke tier tries the chapters out: its figures are
#: less fine, which saves an eighth of chapter 8's time.
TIER_VARIABLES = {"smoke": {"FER_FIGURE_DPI": "100"}}

#: TensorFlow has the C library give each large array's memory back to the system at once, and a training asks for it
#: again at each step.  Told to keep it, chapter 8 took 252 seconds of a processor instead of 302, and a tenth more
#: memory.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TOP_PAD_": str(1 << 28)}

#: Seconds in which a kernel must start, and in which a finished cell's last output must arrive: far more than a busy
#: machine needs.
PATIENCE = 600

#: Starts a kernel whose machine notes (TensorFlow's, FFmpeg's) go to a file instead of
#: between the lines of progress; what a cell prints is the notebook's as ever.  Garbage is
#: looked for less often than usual: that alone is a quarter of the time of importing TensorFlow.
LAUNCH = """\
import gc, os, runpy, sys
gc.set_threshold(50_000, 20, 20)
os.dup2(os.open(os.environ["FER_KERNEL_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
sys.argv[0] = "ipykernel_launcher"
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one chapter: ``status`` is ``ran``, ``unchanged`` or ``failed``."""

    chapter: str
    status: str
    seconds: float = 0.0
    cell: int | None = None  # 1-based position in the notebook, of the cell that failed
    error: str = ""
    notebook: Path | None = None  # the executed copy, or the failed one


def kernel(book: Book, chapter: str, variables: dict[str, str]) -> str:
    """The name of a chapter's kernel, specified anew: this interpreter, and ``variables`` in its environment.

    The specification is our own, not one of the user's: a `python3` kernel in a home folder may be another Python.
    It is the chapter's own because chapters run side by side, and what is set in ``os.environ`` all of them see.
    """
    name = re.sub(r"[^a-z0-9._-]", "-", f"{KERNEL}-{Path(chapter).name}".lower())
    folder = book.out / "jupyter" / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [*PYTHON, "-c", LAUNCH, "-f", "{connection_file}"],
                "display_name": "The book's environment",
                "language": "python",
                "env": variables,
                # The kernel then talks over encrypted sockets: others may be on this machine.
                "metadata": {"supported_encryption": ["curve"]},
            }
        ),
        encoding="utf8",
    )
    return name


@contextmanager
def kernel_environment(book: Book):
    """Kernels started inside find our specifications (`kernel`), this store, and the repository root."""
    paths = [str(book.out / "jupyter"), os.environ.get("JUPYTER_PATH", "")]
    code = [str(book.root), os.environ.get("PYTHONPATH", "")]
    changes = {
        "JUPYTER_PATH": os.pathsep.join(filter(None, paths)),
        "PYTHONPATH": os.pathsep.join(filter(None, code)),
        "FER_HOME": os.environ.get("FER_HOME") or str(book.out / "fer"),
        "FER_KERNEL_LOG": str(book.out / "kernels.log"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **{name: os.environ.get(name, value) for name, value in MEMORY.items()},
    }
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def check_parameters(book: Book, chapter: str, parameters: dict) -> None:
    """Refuse a parameter that the chapter does not have (papermill would only warn)."""
    import papermill

    known = papermill.inspect_notebook(str(book.root / f"{chapter}.ipynb"))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        has = ", ".join(sorted(known)) or "none (no cell tagged `parameters`)"
        raise BookError(
            f"{chapter}.ipynb has no parameter {', '.join(unknown)}. Its parameters: {has}.\n"
            "Name one of these, or add it to the cell tagged `parameters`."
        )


def used_file(book: Book, chapter: str) -> Path:
    """Where the kernel of a chapter notes the stages that it passes and the stored answers that it shows."""
    return book.executed / f"{chapter}.used.txt"


def saving_seldom(seconds: float = 10.0) -> str:
    """The name of papermill's own way to execute, but which saves a notebook of many pictures not after every cell.

    It saves when ``seconds`` have passed since it last did, and at the end, whatever the end is.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class SavingSeldom(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **options):
            saved, save = time.monotonic(), nb_man.save

            def save_if_time_has_passed(nb=None, **_):
                nonlocal saved
                if nb:
                    nb_man.nb = nb
                if time.monotonic() - saved > seconds:
                    save()
                    saved = time.monotonic()

            nb_man.save = save_if_time_has_passed
            try:
                return super().execute_managed_notebook(nb_man, kernel_name, **options)
            finally:
                nb_man.save = save  # papermill saves once more at the end

    papermill_engines.register("saving-seldom", SavingSeldom)
    return "saving-seldom"


def run_chapter(
    book: Book, chapter: str, parameters: dict, *, progress: bool = True, variables: dict[str, str] | None = None
) -> Outcome:
    """Execute one chapter, with ``variables`` in its kernel's environment; never raises for what happens inside.

    The executed copy appears at ``executed/<chapter>.ipynb`` only if every cell
    ran; otherwise the copy with the traceback is ``executed/<chapter>.failed.ipynb``.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    target = book.executed / f"{chapter}.ipynb"
    failed = target.with_suffix(".failed.ipynb")
    working = target.with_suffix(".running.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    used = used_file(book, chapter)
    for stale in (target, failed, working, used):
        stale.unlink(missing_ok=True)
    tier_variables = TIER_VARIABLES.get(parameters.get("TIER", ""), {})
    begun = time.monotonic()
    cell, error = None, ""
    try:
        papermill.execute_notebook(
            str(book.root / f"{chapter}.ipynb"),
            str(working),
            parameters=parameters,
            kernel_name=kernel(book, chapter, {**(variables or {}), **tier_variables, USED_FILE: str(used)}),
            engine_name=saving_seldom(),
            progress_bar=progress,
            autosave_cell_every=30,
            start_timeout=PATIENCE,
            iopub_timeout=PATIENCE,
            # The kernel's folder.  papermill's own `cwd` would change this process's folder, which all threads share: a
            # kernel that another thread starts meanwhile would begin in the wrong one.
            resources={"metadata": {"path": str(book.root)}},
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )
    except PapermillExecutionError as problem:
        cell = _position(book.root / f"{chapter}.ipynb", problem)
        error = f"{problem.ename}: {problem.evalue}"
    except Exception as problem:  # a kernel that died, a notebook that is not JSON
        error = f"{type(problem).__name__}: {problem}"
    seconds = time.monotonic() - begun
    if error:
        if working.exists():
            os.replace(working, failed)
        return Outcome(chapter, "failed", seconds, cell, error, failed if failed.exists() else None)
    os.replace(working, target)
    return Outcome(chapter, "ran", seconds, notebook=target)


def _position(notebook: Path, problem) -> int:
    """The failing cell's place in the source; papermill counts cells that it added itself."""
    cells = json.loads(notebook.read_text(encoding="utf8"))["cells"]
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code" and "".join(cell["source"]) == problem.source:
            return number
    return problem.cell_index + 1
