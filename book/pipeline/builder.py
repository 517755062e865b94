"""The build: what must be done is worked out first, then done, and the rest is left alone."""

from __future__ import annotations

from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import subprocess
import time

from . import browser_files, execute, site
from .execute import Outcome, check_parameters, kernel_environment, used_file
from .keys import Keys, inputs, reasons, remember
from .layout import TIERS, Book, BookError
from .progress import Steps, say, spoken
from .publishing import Publication, write_chapters
from .side_by_side import processors, run_chapters


@dataclass(frozen=True)
class BuildReport:
    """What a build did. ``html`` is the site's folder, or None if none was asked for or could be made."""

    tier: str
    chapters: tuple[Outcome, ...]
    html: Path | None
    seconds: float
    did_work: bool

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.chapters if outcome.status == "failed")

    @property
    def ok(self) -> bool:
        return not self.failed


def build(
    tier: str = "class",
    root: Path | str | None = None,
    out: Path | str | None = None,
    *,
    parameters: dict | None = None,
    with_site: bool = True,
    progress: bool = True,
    jobs: int | None = None,
    published: Publication | None = None,
) -> BuildReport:
    """Execute what has changed and build the site from it.

    Parameters
    ----------
    tier : ``"smoke"``, ``"class"`` or ``"full"``: the chapters' parameter ``TIER``.
    root : the book's folder, with ``_toc.yml``; the repository by default.
    out : where everything is written; ``root/_build`` by default.
    parameters : more parameters for every chapter; each chapter must know them all.
    with_site : False stops after the chapters.
    progress : papermill's bar of cells, where one chapter runs at a time.
    jobs : how many chapters run side by side, 1 or more; None for as many as there are processors.
        A chapter that measures speed (metadata ``fer.alone``) runs after the others, with all
        threads; the smoke tier, which measures nothing, makes no difference.
    published : what the set-up cells of the site name; None for a site to read at home. The chapters
        that Colab opens are then written as well, to ``out/published``.

    Returns
    -------
    BuildReport. A chapter that fails does not stop the others; the site is then
    not built, and the old one stays.

    Raises
    ------
    BookError : for what the author of the book has to mend (an unknown parameter,
        a page that is missing, a warning of Sphinx), before any chapter has run
        where possible.
    """
    if tier not in TIERS:
        raise BookError(f"Unknown tier {tier!r}. Expected one of: {', '.join(TIERS)}.")
    if jobs is not None and jobs < 1:
        raise BookError(f"Cannot run {jobs} chapters side by side. Expected `jobs` of 1 or more.")
    begun = time.monotonic()
    book = Book.at(root, out)
    given = {"TIER": tier, **(parameters or {})}
    keys = Keys(book.executed / "keys.json")

    chapters = book.chapters()
    known = {name: inputs(book, name, tier, given) for name in chapters}
    why = {name: reasons_to_run(book, keys, name, known[name]) for name in chapters}
    to_run = [name for name in chapters if why[name]]
    for name in to_run:
        check_parameters(book, name, given)
    to_fetch = with_site and not browser_files.is_current(book)
    prefetched = (book.root / "fer_utils" / "synthetic" / "stand_ins.py").exists()
    alone = [name for name in to_run if tier != "smoke" and announced(book, name).get("alone")]
    together = [name for name in to_run if name not in alone]
    jobs = min(jobs or processors(), max(len(together), 1))

    plan: list[tuple[str, str, float | None]] = []
    if to_run and prefetched:
        plan.append(("data", f"Drawn data: films and faces for tier {tier!r}", None))
    plan += [(name, f"{Path(name).name}: {book.title(name)}", guess(book, name, tier)) for name in to_run]
    if to_fetch:
        plan.append(("browser", "Browser files from the locked npm manifest", 20))
    if with_site:
        plan.append(("site", "Site: Jupyter Book, warnings are errors", 40))
    steps = Steps(plan, book.out / "durations.json", tier, side_by_side=together, jobs=jobs)
    if to_run:
        beside = f", {jobs} at a time" if jobs > 1 else ""
        say(f"Tier {tier}: {len(to_run)} of {len(chapters)} chapters to run{beside}; {steps.left()}.")

    outcomes = {
        name: Outcome(name, "unchanged", notebook=book.executed / f"{name}.ipynb")
        for name in chapters
        if name not in to_run
    }
    if to_run:
        with kernel_environment(book):
            if prefetched:
                steps.start("data")
                prefetch(book, tier)
                steps.end("data")

            def starting(name: str) -> None:
                keys.forget(name)
                steps.start(name)

            def ended(outcome: Outcome) -> None:
                name = outcome.chapter
                if outcome.status == "ran":
                    keys.remember(name, remember(book, known[name], used_file(book, name)))
                    steps.end(name)
                else:
                    place = f"cell {outcome.cell}" if outcome.cell else "before any cell"
                    say(f"      {Path(name).name} FAILED in {place}: {outcome.error}")
                    steps.end(name, note="failed", measured=False)
                outcomes[name] = outcome

            if jobs > 1:  # the longest first: no processor is idle while the last one runs
                together.sort(key=lambda name: -(steps.expected[name] or 0))
            for names, at_a_time in ((together, jobs), (alone, 1)):
                for outcome in run_chapters(book, names, given, jobs=at_a_time, starting=starting, progress=progress):
                    ended(outcome)
    ordered = tuple(outcomes[name] for name in chapters)
    failed = [outcome for outcome in ordered if outcome.status == "failed"]

    html, did_work = None, bool(to_run)
    if with_site and not failed:
        if to_fetch:
            steps.start("browser")
            browser_files.fetch(book)
            steps.end("browser")
        did_work = make_site(book, keys, steps, published) or did_work or to_fetch
        if published is not None:
            write_chapters(book, published)
        html = book.html
    return BuildReport(tier, ordered, html, time.monotonic() - begun, did_work)


def reasons_to_run(book: Book, keys: Keys, chapter: str, known: dict[str, str]) -> list[str]:
    """Why a chapter must be executed, a sentence each; empty if its executed copy is up to date."""
    if not (book.executed / f"{chapter}.ipynb").exists():
        return ["it has not been executed yet"]
    return reasons(book, known, keys.get(chapter))


def make_site(book: Book, keys: Keys, steps: Steps, published: Publication | None = None) -> bool:
    """Build the site unless the one that is there was built from just this; True if it was built."""
    key = site.site_key(book, published)
    if keys.get("site") == key and (book.html / "index.html").exists():
        return False
    keys.forget("site")
    steps.start("site")
    site.assemble(book, published)
    site.render(book)
    keys.remember("site", key)
    steps.end("site")
    return True


def announced(book: Book, chapter: str) -> dict:
    """What a chapter says about its execution (metadata ``fer``): ``minutes`` by tier, ``alone``."""
    notebook = json.loads((book.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
    return notebook["metadata"].get("fer", {})


def guess(book: Book, chapter: str, tier: str) -> float | None:
    """The seconds that a chapter itself announces, if it does."""
    minutes = announced(book, chapter).get("minutes", {})
    return 60 * minutes[tier] if isinstance(minutes, dict) and tier in minutes else None


def prefetch(book: Book, tier: str) -> None:
    """Film and prepare the drawn data in a process of its own: its memory is gone afterwards."""
    program = "import sys; from fer_utils.synthetic import stand_ins; stand_ins.prefetch(sys.argv[1])"
    done = subprocess.run([*execute.PYTHON, "-c", program, tier], cwd=book.root, env=dict(os.environ))
    if done.returncode:
        raise BookError(
            f"The drawn data for tier {tier!r} could not be made (see above). What was finished is kept in "
            f"{os.environ['FER_HOME']}; after mending, the next build goes on from there."
        )


def clean(book: Book) -> None:
    shutil.rmtree(book.out, ignore_errors=True)


def closing(report: BuildReport, book: Book, here: str = "make serve") -> str:
    """The last lines of a build: what failed and where to look, or where the book is."""
    if report.failed:
        lines = [f"{len(report.failed)} of {len(report.chapters)} chapters failed; the site was not built."]
        for outcome in report.failed:
            place = f"cell {outcome.cell}" if outcome.cell else "no cell"
            lines.append(f"  {outcome.chapter}.ipynb, {place}: {outcome.error}")
            if outcome.notebook:
                lines.append(f"    with outputs so far: {outcome.notebook}")
        return "\n".join(lines)
    took = spoken(report.seconds)
    if report.html is None:
        return f"Chapters up to date in {book.executed} ({took})."
    word = f"Built in {took}." if report.did_work else f"Nothing has changed: no work done ({took})."
    return f"{word} The book is in {report.html}. Open it with `{here}`."
