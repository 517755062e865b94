"""Commands about stored answers: ``difficulty`` and ``study``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from fer_utils import reporting, studies
from fer_utils.cli.arguments import Command
from fer_utils.cli.output import checked_file, print_outcome
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
    parser.add_argument("--store", action="store_true", help="keep the answer with the package")
    parser.add_argument(
        "--real",
        metavar="SET=FOLDER",
        action="append",
        help="folders of real data; may be given several times. paper_figures takes clips (ravdess=, savee= or mead=), "
        "near_duplicates_real and transfer are stored with ck48=, fer2013= and ravdess=, transfer also reads kdef= and "
        "any folder of pictures in folders named by label, and fer2013 with --train needs fer2013=",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="with --real: where the answer about your own faces is written (default: beside FOLDER). These studies "
        "take one SET=FOLDER, FOLDER being a face set that `prepare` made, and SET any name: split, regularization, "
        "before_networks, lightweight2019, nano, nano_ablation, nano_taught",
    )
    parser.add_argument(
        "--train",
        metavar="MINUTES",
        type=float,
        help="for a study of many trainings: begin trainings that have no record yet for so many minutes, keep the "
        "record of each, and answer nothing",
    )
    parser.add_argument("--row", metavar="NAME", action="append", help="with --train: only this row; several times")


def study(options: argparse.Namespace) -> int:
    """List the studies, answer one anew, or train for one. Errors: `fer_utils.studies.run` and `.train`."""
    if options.name is None:
        return _list_studies(options)
    if options.train is not None:
        there = studies.train(
            options.name,
            options.tier,
            minutes=options.train,
            rows=options.row,
            real=real_folders(options.real),
            progress=not options.quiet,
        )
        lines = [f"  {name}: {number} of {needed} trainings" for name, (number, needed) in there.items()]
        print_outcome(options, {"trainings": there}, "\n".join(lines))
        return 0
    real = real_folders(options.real)
    file = _answer_file(options, real)
    found = studies.run(
        options.name,
        options.tier,
        store=options.store,
        progress=not options.quiet,
        real=real,
    )
    answer = json.dumps(found.answer, indent=1, ensure_ascii=False)
    text = f"{found.title}\n{answer}"
    if file is not None and real is not None and found.options.get("real"):
        text += f"\nwritten: {studies.own_faces.keep(found, real, file)}"
    print_outcome(options, vars(found), text)
    return 0


def _answer_file(options: argparse.Namespace, real: dict[str, str] | None) -> Path | None:
    """Where the answer about the reader's own faces is written; checked before the work begins."""
    if not real or options.store or studies.real_data.sets_of(options.name):
        if options.out is not None:
            raise invalid(
                "--out",
                expected="a file for an answer about faces of your own, so with `--real` and without `--store`",
                received=options.out,
            )
        return None
    given = options.out or studies.own_faces.answer_file(options.name, options.tier, real)
    return checked_file("--out", str(given))


def _list_studies(options: argparse.Namespace) -> int:
    """Print every study with the answers that are stored, which of them are stale and what running them anew costs."""
    rows, lines = [], []
    for name in studies.available():
        answers = [studies.load(name, tier) for _, tier in studies.stored(name)]
        # The title of a stored answer is read without importing the study.
        title = answers[0].title if answers else studies.module(name).TITLE
        rows.append({"study": name, "title": title, "stored": [_about(answer) for answer in answers]})
        lines.append(f"{name}: {title}")
        for answer in answers:
            state = "stale; anew it costs about" if answer.stale else "not stale; it took"
            lines.append(f"    {answer.tier}, {answer.finished[:10]}, {state} {answer.cost()}")
            lines += [f"        {stage}" for stage in answer.newer]
        if not answers:
            lines.append("    not stored")
    stale = [answer for row in rows for answer in row["stored"] if answer["stale"]]
    minutes = sum(answer["processor_minutes"] for answer in stale)
    lines.append(f"{len(stale)} stale; all of them anew: about {minutes:.0f} processor-minutes")
    print_outcome(options, {"studies": rows}, "\n".join(lines))
    return 0


def _about(answer: studies.StoredAnswer) -> dict:
    """A stored answer for programs: when, whether stale and why, and what it cost."""
    return {
        "tier": answer.tier,
        "finished": answer.finished,
        "stale": answer.stale,
        "newer": [str(stage) for stage in answer.newer],
        "stages": answer.stages,
        "processor_minutes": answer.processor_minutes,
    }


def real_folders(pairs: list[str] | None) -> dict[str, str] | None:
    """``--real SET=FOLDER``, given several times, as set -> folder."""
    if pairs is None:
        return None
    folders = {}
    for pair in pairs:
        name, _, folder = pair.partition("=")
        if not name or not folder:
            raise invalid("--real", expected="SET=FOLDER, as in savee=/data/savee", received=pair)
        if name in folders:
            raise invalid("--real", expected=f"one folder of {name}", received=[folders[name], folder])
        folders[name] = folder
    return folders


COMMANDS = (
    Command(
        "difficulty",
        "measure how hard the drawn stand-ins are for the paper's network",
        add_difficulty_arguments,
        difficulty,
        argument_names={"questions": "only"},
    ),
    Command(
        "study",
        "list the studies whose answers the book shows, or answer one anew",
        add_study_arguments,
        study,
    ),
)
