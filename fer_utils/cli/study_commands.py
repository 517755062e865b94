"""Commands about stored answers: ``difficulty`` and ``study``."""

from __future__ import annotations

import argparse
import json

from fer_utils import reporting, studies
from fer_utils.cli.arguments import Command
from fer_utils.cli.output import print_outcome
from fer_utils.core.errors import invalid

# --- difficulty ---------------------------------------------------------------------------------


def add_difficulty_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``difficulty``."""
    parser.add_argument(
        "--tier",
        default="class",
        help="smoke, class (default) or full, the paper's sizes: some two hours of training with one thread, "
        "at 6 epochs",
    )
    parser.add_argument("--epochs", type=int, help="how many (default: the tier's own number)")
    parser.add_argument("--only", metavar="NAME", action="append", help="a question's name; may be given several times")
    parser.add_argument("--store", action="store_true", help="keep the answers in the package, for the appendix")


def difficulty(options: argparse.Namespace) -> int:
    """Measure how hard the drawn stand-ins are. Errors: `fer_utils.studies.difficulty.measure`."""
    table = studies.difficulty.measure(
        options.tier, questions=options.only, epochs=options.epochs, progress=not options.quiet
    )
    value = {"tier": options.tier, "rows": json.loads(table.to_json(orient="records"))}
    if options.store:
        value["stored"] = str(studies.difficulty.store(table))
    lines = []
    for row in table.to_dict("records"):
        measured = {key: row[key] for key in ("value", "low", "high", "groups") if key in row}
        share = reporting.with_interval(measured)
        lines.append(f"  {row['question']:<32} {share}, in training {row['train_accuracy']:.3f}")
    print_outcome(options, value, "\n".join(lines))
    return 0


# --- study --------------------------------------------------------------------------------------


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``study``."""
    parser.add_argument("name", nargs="?", help="which; without it they are listed")
    parser.add_argument("--tier", default="class", help="smoke, class (default) or full")
    parser.add_argument("--store", action="store_true", help="keep the answer in book/results")
    parser.add_argument(
        "--real",
        metavar="SET=FOLDER",
        action="append",
        help="ask paper_figures of real clips: ravdess=, savee= or mead=; may be given several times",
    )


def study(options: argparse.Namespace) -> int:
    """List the studies, or answer one anew. Errors: `fer_utils.studies.run`."""
    if options.name is None:
        return _list_studies(options)
    found = studies.run(
        options.name,
        options.tier,
        store=options.store,
        progress=not options.quiet,
        real=_real_folders(options.real),
    )
    answer = json.dumps(found.answer, indent=1, ensure_ascii=False)
    print_outcome(options, vars(found), f"{found.title}\n{answer}")
    return 0


def _list_studies(options: argparse.Namespace) -> int:
    """Print every study with the answers that are stored, and which of these are stale."""
    rows, lines = [], []
    for name in studies.available():
        stored = []
        for stored_name, tier in studies.stored():
            if stored_name == name:
                answer = studies.load(name, tier)
                stored.append({"tier": tier, "finished": answer.finished, "stale": answer.stale})
        title = studies.module(name).TITLE
        rows.append({"study": name, "title": title, "stored": stored})
        notes = []
        for answer in stored:
            stale = ", stale" if answer["stale"] else ""
            notes.append(f"{answer['tier']}, {answer['finished'][:10]}{stale}")
        lines.append(f"  {name:<16} {title}: {', '.join(notes) or 'not stored'}")
    print_outcome(options, {"studies": rows}, "\n".join(lines))
    return 0


def _real_folders(pairs: list[str] | None) -> dict[str, str] | None:
    """``--real SET=FOLDER``, given several times, as set -> folder."""
    if pairs is None:
        return None
    folders = {}
    for pair in pairs:
        name, _, folder = pair.partition("=")
        if not name or not folder:
            raise invalid("--real", expected="SET=FOLDER, as in savee=/data/savee", received=pair)
        folders[name] = folder
    return folders


COMMANDS = (
    Command(
        "difficulty",
        "measure how hard the drawn stand-ins are for the paper's network",
        add_difficulty_arguments,
        difficulty,
    ),
    Command(
        "study",
        "list the studies whose answers the book shows, or answer one anew",
        add_study_arguments,
        study,
    ),
)
