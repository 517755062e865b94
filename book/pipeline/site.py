"""Assemble what Sphinx reads, build the site, and put it in place in one step.

Reading the pages takes Sphinx about a third of its time, and writing them most of the rest.  So what it has read is
kept between builds, and a file of its sources keeps its age for as long as its contents are the same: after a change
only the pages that changed are read.  Where only chapters changed, the pages of the site before are kept, too, and
Sphinx writes those that changed; all of them, if other pages show titles, labels or citations that are no longer the
same (`book/_sphinx/shown_elsewhere.py`).
"""

from __future__ import annotations

import dataclasses
import filecmp
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from . import address, figure_files, not_found, reference
from .keys import digest, sha256, tree
from .layout import Book, BookError
from .publishing import Publication, with_address, with_publication

#: Prose, styles and bibliography: everything of ``book/`` that a page can show.
PROSE = (
    "book/**/*.md",
    "book/**/*.bib",
    "book/_css/**/*",
    "book/_sphinx/*.py",
    "book/images/**/*",
)

#: What decides how Sphinx reads a page, beside the installed packages: when it changes, every page is read anew.
READERS = ("_config.yml", "_toc.yml", "book/**/*.bib", "book/_sphinx/*.py", "book/pipeline/*.py")

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

#: What the fold of a hidden cell says, by the cell's tag.
PROMPTS = {
    "setup": ("Set-up (installs the package on Colab)", "Hide the set-up"),
    "solution": ("Show a solution", "Hide the solution"),
}


def site_key(book: Book, published: Publication | None = None) -> str:
    """Changes when anything that the site shows, or that builds it, changes."""
    return digest(
        {
            "prose": tree(book.root, "_config.yml", "_toc.yml", *PROSE),
            "chapters": {name: sha256(book.executed / f"{name}.ipynb") for name in book.chapters()},
            "browser": (book.browser / "key.txt").read_text(),
            "lock": sha256(book.root / "requirements.txt"),
            "recipe": tree(Path(__file__).parent, "*.py"),
            "reference": reference.key(book),
            "published": dataclasses.asdict(published) if published else None,
        }
    )


def assemble(book: Book, published: Publication | None = None) -> None:
    """Bring ``source/`` up to date, with the repository's own layout so that its links hold."""
    import yaml

    source = book.out / "source-new"
    for folder in (source, book.downloads):
        shutil.rmtree(folder, ignore_errors=True)
    (source / "_figures").mkdir(parents=True)
    for name in tree(book.root, "_config.yml", "_toc.yml", *PROSE):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(book.root / name, target)
    repository = published.repository if published else address.current(book)
    config = with_address(yaml.safe_load((book.root / "_config.yml").read_text(encoding="utf8")), repository)
    (source / "_config.yml").write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf8")
    shutil.copytree(book.browser, source / "_vendor", ignore=shutil.ignore_patterns("key.txt"))
    for chapter in book.chapters():
        target = source / f"{chapter}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        notebook = json.loads((book.executed / f"{chapter}.ipynb").read_text(encoding="utf8"))
        shown = with_publication(presentable(notebook), published)
        download = book.downloads / f"{chapter}.ipynb"
        download.parent.mkdir(parents=True, exist_ok=True)
        download.write_text(json.dumps(shown, indent=1), encoding="utf8")
        on_page = figure_files.with_figure_files(shown, source / "_figures" / figure_files.FOLDER, chapter)
        target.write_text(json.dumps(on_page, indent=1), encoding="utf8")
    for name, text in reference.pages(book).items():
        target = source / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf8")
    update_folder(book.source, source)


def update_folder(folder: Path, new: Path) -> None:
    """Give a folder the contents of a new one, which is gone afterwards; files that are the same stay untouched."""
    for old in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before the folder
        wanted = new / old.relative_to(folder)
        if old.is_dir():
            if not wanted.is_dir():
                shutil.rmtree(old)
        elif not wanted.is_file():
            old.unlink()
    for wanted in sorted(new.rglob("*")):
        old = folder / wanted.relative_to(new)
        if wanted.is_dir():
            old.mkdir(parents=True, exist_ok=True)
        elif not old.exists() or not filecmp.cmp(wanted, old, shallow=False):
            old.parent.mkdir(parents=True, exist_ok=True)
            os.replace(wanted, old)
            os.utime(old)  # a copy has the age of its original, which can be older than what Sphinx has read
    shutil.rmtree(new)


def presentable(notebook: dict) -> dict:
    """The executed copy as the page shows it, and as a reader may download it.

    papermill's notes (they hold this machine's paths) and progress bars go; the
    cell with the parameters shows the values that were used; each widget
    that brings a picture gets it as ``<noscript>``, for readers without scripts;
    and a hidden cell that shows nothing but sentences has no bar above them (its
    code stays in the copy).
    """
    notebook["metadata"].pop("papermill", None)
    notebook["metadata"]["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    cells = []
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        tags = cell["metadata"].get("tags", [])
        if "injected-parameters" in tags and cells and "parameters" in cells[-1]["metadata"].get("tags", []):
            cells[-1]["source"] = with_values(cells[-1]["source"], cell["source"])
            continue
        for tag, (show, hide) in PROMPTS.items():
            if tag in tags:
                cell["metadata"].setdefault("mystnb", {"code_prompt_show": show, "code_prompt_hide": hide})
        if cell["cell_type"] == "code":
            cell["outputs"] = [shown for output in cell["outputs"] for shown in outputs_of(output)]
            if "hide-input" in tags and "setup" not in tags and only_sentences(cell["outputs"]):
                cell["metadata"]["tags"] = ["remove-input" if tag == "hide-input" else tag for tag in tags]
        cells.append(cell)
    notebook["cells"] = cells
    return notebook


def only_sentences(outputs: list[dict]) -> bool:
    """Whether a cell shows something, and all of it is Markdown text.

    >>> sentence = {"output_type": "display_data", "data": {"text/markdown": "**Five** people.", "text/plain": "5"}}
    >>> only_sentences([sentence, sentence]), only_sentences([sentence, {"output_type": "stream", "text": "5"}])
    (True, False)
    >>> only_sentences([])
    False
    """
    return bool(outputs) and all("text/markdown" in output.get("data", {}) for output in outputs)


def with_values(defaults, injected) -> list[str]:
    """The parameters cell with the values that papermill put in after it.

    >>> with_values('TIER = "class"  # how much\\nN = 3\\n', '# Parameters\\nTIER = "smoke"\\n')
    ['TIER = "smoke"  # how much\\n', 'N = 3\\n']
    """
    values = dict(re.findall(r"^(\w+) = (.*)$", "".join(injected), flags=re.M))
    lines = []
    for line in "".join(defaults).splitlines(keepends=True):
        found = re.match(r"(\w+)(\s*(?::[^=]+)?=\s*)([^#\n]*?)(\s*(?:#.*)?\n?)$", line)
        if found and found[1] in values:
            line = found[1] + found[2] + values[found[1]] + found[4]
        lines.append(line)
    return lines


def outputs_of(output: dict) -> list[dict]:
    """An output as it is shown: none, itself, or itself and its picture."""
    if output["output_type"] == "stream":
        # TensorFlow's logger writes to standard output as well; only its own lines go from there.
        text = "".join(output["text"])
        text = without_bars(text) if output["name"] == "stderr" else without_log(text)
        return [dict(output, text=text)] if text.strip() else []
    data = output.get("data", {})
    if WIDGET_VIEW in data and "text/html" in data:
        picture = "<noscript>" + "".join(data["text/html"]) + "</noscript>"
        return [output, {"output_type": "display_data", "metadata": {}, "data": {"text/html": picture}}]
    return [output]


def without_log(text: str) -> str:
    """Take the lines of TensorFlow's Python logger out of what a cell printed.

    >>> without_log("INFO:tensorflow:Assets written to: x\\n3 faces\\n")
    '3 faces\\n'
    """
    return re.sub(r"(?m)^(?:INFO|WARNING):tensorflow:.*\n?", "", text)


def without_bars(text: str) -> str:
    """Take progress bars and TensorFlow's start-up notes out of a cell's stderr.

    Everything else is kept, warnings above all.

    >>> without_bars("film: 10%|#   | 1/10 [00:01<00:09]\\rfilm: 100%|####| 10/10 [00:10<00:00]\\nCareful\\n")
    'Careful\\n'
    """
    note = (
        r"I\d{4} \d\d:\d\d:\d+.*|WARNING: All log messages before absl::InitializeLog.*"
        r"|To enable the following instructions: .*rebuild TensorFlow.*"
    )
    text = re.sub(rf"(?m)^(?:{note})\n?", "", text)
    bar = re.compile(r"\d+%\|.*\||\b\d+\w* ?it \[|[\[,] *[\d.?]+ ?\w+/s\]|[\[,] *[\d.?]+s/\w+\]")
    kept = []
    for line in text.splitlines(keepends=True):
        pieces = [piece for piece in re.split(r"\r", line.rstrip("\n")) if piece.strip()]
        pieces = [piece for piece in pieces if not bar.search(piece)]
        if pieces or not line.strip("\r\n"):
            kept.append((pieces[-1] if pieces else "") + "\n")
    return "".join(kept) if "".join(kept).strip() else ""


def render(book: Book) -> None:
    """Run Jupyter Book with warnings as errors; ``html/`` changes only if all went well."""
    work = book.out / "site-work"
    read_by = digest({"lock": sha256(book.root / "requirements.txt"), "readers": tree(book.root, *READERS)})
    note = forget_other_readings(work, read_by)
    beside = beside_chapters(book)
    keep_pages(book, work, beside)
    log = book.out / "site.log"
    with open(log, "wb") as file:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pipeline.sphinx_run",
                "build",
                str(book.source),
                "--path-output",
                str(work),
                "-W",
                "--keep-going",
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            env=dict(os.environ, NO_COLOR="1", PYTHONUTF8="1"),
        )
    built = work / "_build" / "html"
    if done.returncode or not (built / "index.html").exists():
        raise BookError(
            "Jupyter Book did not build the site; the one before is untouched.\n"
            + complaints(log.read_text(encoding="utf8", errors="replace"))
            + f"\nThe whole log: {log}"
        )
    # Sphinx offers what it was given; a reader who downloads a chapter gets its pictures inside.
    shutil.copytree(book.downloads, built / "_sources", dirs_exist_ok=True)
    write_not_found(book, built)
    old = book.out / ".html.old"
    shutil.rmtree(old, ignore_errors=True)
    if book.html.exists():
        os.replace(book.html, old)
    os.replace(built, book.html)
    shutil.rmtree(old, ignore_errors=True)
    note.write_text(read_by)
    (work / BESIDE).write_text(beside)


def write_not_found(book: Book, built: Path) -> None:
    """Add the page for wrong addresses; title and address are those with which Sphinx built the site."""
    import yaml

    config = yaml.safe_load((book.source / "_config.yml").read_text(encoding="utf8"))
    published_at = config.get("html", {}).get("baseurl") or None
    not_found.write(built, title=config["title"], home=f"{book.pages()[0]}.html", address=published_at)


#: What was beside the chapters when the site was built: a file in the folder in which Sphinx works.
BESIDE = "beside-chapters.txt"


def beside_chapters(book: Book) -> str:
    """A digest of all sources but the contents of chapters and their figures."""
    chapters = {f"{chapter}.ipynb" for chapter in book.chapters()}
    figures = f"_figures/{figure_files.FOLDER}/"
    sources = tree(book.source, "**/*")
    others = {name: key for name, key in sources.items() if name not in chapters and not name.startswith(figures)}
    return digest({"chapters": sorted(chapters), "others": others})


def keep_pages(book: Book, work: Path, beside: str) -> None:
    """Give Sphinx the pages of the site before if only chapters have changed since: it writes those that are older.

    Scripts, styles and the book's figures are left out, so that none stays that is no longer shown: Sphinx copies them
    every time.
    """
    note = work / BESIDE
    same = note.exists() and note.read_text() == beside
    note.unlink(missing_ok=True)
    if same and (work / "_build" / ".doctrees").exists() and book.html.exists():
        shutil.copytree(book.html, work / "_build" / "html", ignore=shutil.ignore_patterns("_static"))


def forget_other_readings(work: Path, read_by: str) -> Path:
    """Keep what Sphinx has read of the sources only if a build that succeeded has read it in the same way.

    Returns the file in which a build that succeeds notes how it has read, and which is absent until then.
    """
    note = work / "read-by.txt"
    if not note.exists() or note.read_text() != read_by:
        shutil.rmtree(work / "_build" / ".doctrees", ignore_errors=True)
    note.unlink(missing_ok=True)
    shutil.rmtree(work / "_build" / "html", ignore_errors=True)
    return note


def complaints(log: str) -> str:
    """The lines of a Sphinx log that say what is wrong; its end where none does."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    lines = [line for line in plain.splitlines() if re.search(r"WARNING|ERROR|Error:|CRITICAL", line)]
    return "\n".join(lines[:40] or plain.splitlines()[-30:])
