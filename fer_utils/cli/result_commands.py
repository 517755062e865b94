"""Commands that read a stored result: ``evaluate`` and ``predict``."""

from __future__ import annotations

import argparse
import json

from fer_utils import experiments, faces, inference, reporting
from fer_utils.cli.arguments import (
    Command,
    add_face_arguments,
    add_picture_check_argument,
    called,
    chosen_landmark_predictor,
    chosen_picture_check,
    listed_labels,
)
from fer_utils.cli.output import checked_file, counted, print_outcome, report_problems
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import write_atomic

#: Before the name of a class: a column of the scores that `fer_utils.predict` returns.
SCORE = "score_"
#: How many of a face's scores are printed, the highest first; JSON has all.
SHOWN_SCORES = 3


# --- evaluate -----------------------------------------------------------------------------------


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``evaluate``."""
    parser.add_argument("result", help="the folder of a stored result")
    parser.add_argument(
        "--on",
        metavar="FACES",
        help="test the result's network on another face set (a folder that `prepare` made): labels are matched by "
        "name, and people and pictures that were in training are reported",
    )
    parser.add_argument("--csv", metavar="FILE", help="with --on: also write each face's scores to FILE")
    add_picture_check_argument(parser)


def evaluate(options: argparse.Namespace) -> int:
    """Print the metrics of a stored result, or test it on another face set.

    Errors: `fer_utils.experiments.Result.load`, `fer_utils.experiments.evaluate_on`.
    """
    if options.on is not None:
        return _evaluate_on(options)
    if options.csv is not None:
        raise invalid(
            "--csv",
            expected="a file together with `--on FACES`",
            received=options.csv,
            remedy="The scores of the test faces themselves stand in the result's result.json.",
        )
    result = experiments.Result.load(options.result)
    metrics, split = result.metrics, result.split
    images, actors = counted(metrics["n"], "test image"), counted(split["test_actors"], "actor")
    lines = [
        f"{result.experiment['model']['name']}, split by {result.experiment['split']['by']}, {images} of {actors}",
        f"accuracy  {reporting.with_interval(metrics['accuracy'])}",
        f"macro F1  {reporting.with_interval(metrics['macro_f1'])}",
        f"chance    {reporting.percent(metrics['chance'])} (always the commonest label)",
    ]
    lines += [f"  recall {name:<10} {reporting.percent(share)}" for name, share in metrics["recall"].items()]
    lines += [
        f"leaked {unit:<12} {reporting.percent(share)} of the test rows"
        for unit, share in split["leaked_share"].items()
    ]
    checked, why_not = _checked_pictures(options, result)
    if checked is not None:
        if "picture_check" not in split:
            split = split | {
                "leaked_share": split["leaked_share"] | checked.shares,
                "picture_check": checked.cost(),
            }
        lines.append(str(checked))
    lines += [why_not] if why_not else []
    print_outcome(options, {"result": str(result.path), "metrics": metrics, "split": split}, "\n".join(lines))
    return 0


def _checked_pictures(options, result) -> tuple[experiments.PictureCheck | None, str]:
    """The picture check of the result; or why it could not be made, where it was to be."""
    try:
        return experiments.check_result(result, check=chosen_picture_check(options), progress=not options.quiet), ""
    except FerError as error:
        return None, f"pictures were not compared: {error}"


def _evaluate_on(options: argparse.Namespace) -> int:
    csv_file = checked_file("csv", options.csv)
    result = experiments.Result.load(options.result)
    with called("--on", "path"):
        face_set = faces.FaceSet.load(options.on, progress=not options.quiet)
    found = experiments.evaluate_on(
        result,
        face_set,
        check_pictures=chosen_picture_check(options) is not False,
        progress=not options.quiet,
    )
    if csv_file is not None:
        write_atomic(csv_file, found.predictions.to_csv(index=False))
    print_outcome(options, found.to_json(), reporting.cross_evaluation(result, found))
    return 0


# --- predict ------------------------------------------------------------------------------------


def add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``predict``."""
    parser.add_argument("file", help="a picture or a video")
    parser.add_argument(
        "--model",
        help="the folder of a stored result, a .keras file, or the name of a trained network of the package (default: "
        "drawn48, which learned from drawn faces only)",
    )
    parser.add_argument(
        "--int8", action="store_true", help="without --model: the trained network in 8 bits (drawn48-int8)"
    )
    learned = "default: as for the faces that the model learned from, else"
    parser.add_argument("--frames", type=int, help=f"frames of a video to look at ({learned} 6)")
    parser.add_argument("--sampling", help=f"which frames: even, middle, apex or all ({learned} even)")
    parser.add_argument(
        "--margin", type=float, help=f"share of the box's side added on each side, 0 to 2 ({learned} 0)"
    )
    add_face_arguments(parser, as_learned=True)
    parser.add_argument("--labels", help="class names, comma-separated, for a .keras file that stands alone")


def predict(options: argparse.Namespace) -> int:
    """Score the faces of a picture or video; the status is 1 where no face is found, or none can be scored.

    Errors: `fer_utils.predict`.
    """
    if options.int8 and options.model is not None:
        raise invalid("--int8", expected="that it stands without --model", received=f"--model {options.model}")
    found = inference.predict(
        options.file,
        model=inference.PRETRAINED_INT8 if options.int8 else options.model,
        labels=listed_labels(options),
        frames=options.frames,
        sampling=options.sampling,
        margin=options.margin,
        detector=options.detector,
        landmarks=chosen_landmark_predictor(options),
        align=options.align,
        progress=not options.quiet,
    )
    # That no face was found is said by one sentence; with --json the sentence is not printed, and the report is.
    said = not options.json and set(found.problems["kind"]) == {"no face"} and not len(found)
    value = {
        "file": options.file,
        "worth": found.worth,
        "faces": json.loads(found.to_json(orient="records")),
        "problems": report_problems(found.problems[:0] if said else found.problems),
    }
    lines = [f"{found.worth}."] if found.worth else []
    if len(found):
        lines += [f"{counted(len(found), 'face')} (scores are for posed-expression labels)"]
    else:
        lines += [inference.no_face(found)]
    lines += [_described_face(row) for row in found.to_dict("records")]
    print_outcome(options, value, "\n".join(lines))
    return 0 if len(found) else 1


def _described_face(row: dict) -> str:
    """A face of `fer_utils.predict` as a line: frame, box and its highest scores."""
    scores = {column.removeprefix(SCORE): value for column, value in row.items() if column.startswith(SCORE)}
    highest = sorted(scores, key=scores.get, reverse=True)[:SHOWN_SCORES]
    shown = ", ".join(f"{name} {scores[name]:.2f}" for name in highest)
    box = ", ".join(str(row[side]) for side in ("box_x", "box_y", "box_w", "box_h"))
    return f"  frame {row['frame_index']}, box ({box}): {shown}"


COMMANDS = (
    Command(
        "evaluate",
        "print the metrics of a stored result, or test it on another face set",
        add_evaluate_arguments,
        evaluate,
        argument_names={"path": "result", "face_set": "--on"},
    ),
    Command(
        "predict",
        "find the faces in a picture or video and score their expressions",
        add_predict_arguments,
        predict,
        argument_names={"source": "file"},
    ),
)
