"""Commands that read a stored result: ``evaluate`` and ``predict``."""

from __future__ import annotations

import argparse
import json

from fer_utils import experiments, inference, reporting
from fer_utils.cli.arguments import (
    Command,
    add_face_arguments,
    add_picture_check_argument,
    chosen_landmark_predictor,
    chosen_picture_check,
    listed_labels,
)
from fer_utils.cli.output import counted, print_outcome, report_problems
from fer_utils.core.errors import FerError

#: Before the name of a class: a column of the scores that `fer_utils.predict` returns.
SCORE = "score_"
#: How many of a face's scores are printed, the highest first; JSON has all.
SHOWN_SCORES = 3


# --- evaluate -----------------------------------------------------------------------------------


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``evaluate``."""
    parser.add_argument("result", help="the folder of a stored result")
    add_picture_check_argument(parser)


def evaluate(options: argparse.Namespace) -> int:
    """Print the metrics of a stored result. Errors: `fer_utils.experiments.Result.load`."""
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


# --- predict ------------------------------------------------------------------------------------


def add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``predict``."""
    parser.add_argument("file", help="a picture or a video")
    parser.add_argument("--model", required=True, help="the folder of a stored result, or a .keras file")
    parser.add_argument("--frames", type=int, default=6, help="frames of a video to look at (default 6)")
    add_face_arguments(parser)
    parser.add_argument("--labels", help="class names, comma-separated, for a .keras file that stands alone")


def predict(options: argparse.Namespace) -> int:
    """Score the faces of a picture or video; the status is 1 where no face is found, or none can be scored.

    Errors: `fer_utils.predict`.
    """
    found = inference.predict(
        options.file,
        model=options.model,
        labels=listed_labels(options),
        frames=options.frames,
        detector=options.detector,
        landmarks=chosen_landmark_predictor(options),
        align=options.align,
        progress=not options.quiet,
    )
    value = {
        "file": options.file,
        "faces": json.loads(found.to_json(orient="records")),
        "problems": report_problems(found.problems),
    }
    lines = [f"{counted(len(found), 'face')} (scores are for posed-expression labels)"]
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
        "print the metrics of a stored result",
        add_evaluate_arguments,
        evaluate,
        argument_names={"path": "result"},
    ),
    Command(
        "predict",
        "find the faces in a picture or video and score their expressions",
        add_predict_arguments,
        predict,
        argument_names={"source": "file"},
    ),
)
