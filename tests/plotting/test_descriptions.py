"""Every plot says in words what it shows: in plain words, not too long, and with the numbers that are drawn."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
from pathlib import Path
import pkgutil
import re
from types import SimpleNamespace

from figures import drawing_functions
import numpy as np
import overfitting_answers
import pandas as pd
import pytest

from fer_utils import metrics, plotting, studio
from fer_utils.compress.roofline import Ceilings
from fer_utils.plotting import (
    compression_figures,
    contact_sheets,
    descriptions,
    evaluation_figures,
    layer_diagrams,
    live_figures,
    pareto,
    smoothing_figures,
)

MODULES = [
    importlib.import_module(f"{plotting.__name__}.{found.name}") for found in pkgutil.iter_modules(plotting.__path__)
]


def drawings() -> dict:
    """What the tests beside this one draw, by file and name."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path == Path(__file__) or "DRAWINGS = {" not in path.read_text(encoding="utf-8"):
            continue
        specification = importlib.util.spec_from_file_location(f"drawings_of_{path.stem}", path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        found |= {f"{path.stem.removeprefix('test_')}: {name}": drawing for name, drawing in module.DRAWINGS.items()}
    return found


DRAWINGS = drawings()
#: What a number or an object looks like that was put into a sentence as it is.
RAW = re.compile(
    r"\b(nan|inf|None|dtype|array|Timestamp|Series|DataFrame)\b|np\.|<.* at 0x|[{}\[\]]|\\n|\d\.\d{5}|  |\.\.\.\."
)


def is_plain(words: str) -> bool:
    return 8 <= len(words.split()) and len(words) <= descriptions.LONGEST and not RAW.search(words) and words[-1] == "."


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_describes_itself(name):
    words = DRAWINGS[name]().description
    assert is_plain(words), words


def test_every_function_that_returns_a_figure_calls_describe():
    silent, seen = [], set()
    for module in MODULES:
        for name in drawing_functions(module):
            seen.add(name)
            tree = ast.parse(inspect.getsource(getattr(module, name)))
            calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "id")}
            if "describe" not in calls:
                silent.append(f"{module.__name__}.{name}")
    assert silent == [] and len(seen) >= 30
    assert seen == {name.split(": ")[1].split(",")[0] for name in DRAWINGS}


def clip_truth(frames: int = 5) -> dict:
    """The truth of a clip in which AU 12 comes and goes."""
    units = np.zeros((frames, 2, len(studio.ACTION_UNITS)))
    rise = 0.9 * (1 - np.abs(np.linspace(-1, 1, frames)))
    units[:, :, list(studio.ACTION_UNITS).index(12)] = rise[:, None]
    marks = studio.draw(studio.person(1), size=64, truth=True)[1]
    return {
        "action_units": units,
        "apex": rise,
        "time_s": np.arange(frames) / 10,
        "landmarks": np.repeat(marks[None], frames, axis=0),
    }


def clip_frame(time_s: float):
    return SimpleNamespace(rgb=np.full((64, 64, 3), 90, np.uint8), time_s=time_s)


# What is said is what was drawn ------------------------------------------------------------------

SHARE = {"value": 0.512, "low": 0.401, "high": 0.623}
GREY = np.zeros((30, 40), np.uint8)
FACE = np.full((60, 80, 3), 90, np.uint8)
BOX = SimpleNamespace(x=4, y=7, w=20, h=30)
SECONDS = np.arange(5) / 10


def table(values, rows, columns):
    return pd.DataFrame(values, index=rows, columns=columns)


def history(train, test, train_loss, test_loss):
    return {"accuracy": train, "test_accuracy": test, "loss": train_loss, "test_loss": test_loss}


def trained(*curves):
    return SimpleNamespace(history=history(*curves), metrics={"chance": 0.125})


#: A drawing, and the pieces that its description must have.
SAID = {
    "fit_curves": (
        lambda: plotting.fit_curves({"a": overfitting_answers.history((2.0, 1.5, 1.9))}),
        [
            "a, 3 epochs: accuracy ends at 90.0 % in training, 45.0 % in validation; loss at 0.4 and 1.9;",
            "epoch 2, 1.5.",
        ],
    ),
    "tool_curves": (
        lambda: plotting.tool_curves(overfitting_answers.tools()),
        ["3 panels, loss over 150 steps", "dropout: 2 and 5.8."],
    ),
    "tool_differences": (
        lambda: plotting.tool_differences(overfitting_answers.tools()),
        ["dropout +10.0 points (+8.5 points to +11.5 points)", "Shown to help strangers: dropout."],
    ),
    "people_curves": (
        lambda: plotting.people_curves(overfitting_answers.people()),
        ["more people: 3 people, 42 pictures: 20.8 % (19.8 % to 21.8 %); 12 people, 168 pictures", "Chance: 25.0 %."],
    ),
    "sweep_maps": (
        lambda: plotting.sweep_maps(overfitting_answers.sweep()),
        ["smallest 40.0 % at 0.7, 0", "6 epochs."],
    ),
    "clip_course": (
        lambda: plotting.clip_course(clip_truth(), [], label="happy"),
        ["A clip labelled happy", "0 to 0.4 s", "AU 12 lip corner puller: 0 to 0.9, highest at 0.2 s."],
    ),
    "bars": (
        lambda: plotting.bars({"a": SHARE, "b": 0.2349}, title="t", xlabel="accuracy", percent=True),
        ["Horizontal bars, accuracy: a 51.2 % (40.1 % to 62.3 %); b 23.5 %."],
    ),
    "bars, log": (
        lambda: plotting.bars({"a": 47.2863, "b": 25_636_712}, title="t", xlabel="weights (logarithmic)", log=True),
        ["Horizontal dots on a logarithmic axis, weights: a 47.29; b 25,636,712."],
    ),
    "grouped_bars": (
        lambda: plotting.grouped_bars(
            {"first": {"one": 0.5, "two": 0.61}, "second": {"one": 0.1, "two": 0.9}}, title="t", xlabel="share"
        ),
        ["in groups, share. first: one 50.0 %, two 61.0 %; second: one 10.0 %, two 90.0 %."],
    ),
    "stacked_bars": (
        lambda: plotting.stacked_bars(table([[1, 3], [2, 4.5]], ["a", "b"], ["x", "y"]), title="t", xlabel="clips"),
        ["Stacked bars, clips. a: x 1, y 3; b: x 2, y 4.5. All parts together: a 4; b 6.5."],
    ),
    "stacked_shares": (
        lambda: plotting.stacked_shares(
            {"multiply-\naccumulates": pd.Series({"a": 1, "b": 5, "c": 2, "d": 12})}, title="t"
        ),
        ["The largest three of 4 parts first. multiply-accumulates: d 60.0 %, b 25.0 %, c 10.0 %."],
    ),
    "log_scatter": (
        lambda: plotting.log_scatter(
            pd.Series({"a": 1.0, "b": 100.0}), pd.Series({"a": 7.0, "b": 3.0}), title="t", xlabel="size", ylabel="time"
        ),
        ["size to the right and time upwards. The lowest first: b (100 and 3); a (1 and 7)."],
    ),
    "weight_histograms": (
        lambda: plotting.weight_histograms(
            {"one": np.array([0.0, 0.0, 0.1, 0.2, 0.25]), "two": np.array([1e-3])}, title="t", xlabel="size"
        ),
        ["axis, size. one: the median is 0.1, 40.0 % of them are 0. two: the median is 0.001, none of them is 0."],
    ),
    "confusion_matrix": (
        lambda: plotting.confusion_matrix(
            SimpleNamespace(labels=["sad", "calm", "happy"], confusion=[[5, 4, 1], [0, 8, 2], [0, 0, 0]]), title="t"
        ),
        [
            "rows the posed label, columns the network's. Right: sad 50.0 %; calm 80.0 %.",
            "confusions: sad taken for calm 40.0 %; calm taken for happy 20.0 %; sad taken for happy 10.0 %.",
            "Not in the data: happy.",
        ],
    ),
    "confusion_matrix, none": (
        lambda: plotting.confusion_matrix(SimpleNamespace(labels=["a", "b"], confusion=np.eye(2)), title="t"),
        ["Right: a 100.0 %; b 100.0 %. No confusion."],
    ),
    "heatmaps": (
        lambda: plotting.heatmaps(
            {
                "one": table([[1.5, 2, 3], [4, 5, 9.25]], ["a", "b"], ["x", "y", "z"]),
                "two": table([[7, np.nan, 3], [4, -5, 6]], ["a", "b"], ["x", "y", "z"]),
                "even": table(np.full((2, 3), 1.0), ["a", "b"], ["x", "y", "z"]),
                "none": table(np.full((2, 3), np.nan), ["a", "b"], ["x", "y", "z"]),
            },
            vmax=10,
            title="t",
            xlabel="unit",
            ylabel="label",
        ),
        [
            "4 heat maps in one scale of colours, darker for more. Down: label. Across: unit.",
            "one: 2 rows by 3 columns, smallest 1.5 at a, x, largest 9.25 at b, z.",
            "two: 2 rows by 3 columns, smallest -5 at b, y, largest 7 at a, x.",
            "even: 2 rows by 3 columns, all 1.",
            "none: 2 rows by 3 columns, all empty.",
        ],
    ),
    "heatmaps, confusion": (
        lambda: plotting.heatmaps(
            {"one": table([[0.6, 0.3, 0.1], [0.05, 0.95, 0], [0.2, 0, 0.8]], *[["sad", "calm", "happy"]] * 2)},
            title="t",
            xlabel="answer",
            ylabel="posed",
            percent=True,
        ),
        [
            "A heat map, darker for more. Down: posed. Across: answer.",
            "diagonal from 60.0 % (sad) to 95.0 % (calm); the largest beside it 30.0 % at sad, calm, "
            "20.0 % at happy, sad, 10.0 % at sad, happy.",
        ],
    ),
    "agreement_scatter": (
        lambda: plotting.agreement_scatter(
            {
                "near": {"a": (1.0, 1.1), "b": (2.0, 1.9), "c": (1.0, 2.5)},
                "far": {"d": (0.1, 0.4), "e": (5.0, 0.5)},
            },
            title="t",
            xlabel="real",
            ylabel="drawn",
            factor=2.0,
        ),
        [
            "real to the right, drawn upwards. A line where both are equal, in a band of a factor of 2.",
            "near: 2 of 3 in the band, 2 above the line, outside c (1 and 2.5).",
            "far: 0 of 2 in the band, 1 above the line, outside e (5 and 0.5); d (0.1 and 0.4).",
        ],
    ),
    "correct_by_person": (
        lambda: plotting.correct_by_person(
            [1, 0, 0, 1, 1, 1, 1, 0], list("aaaabbbb"), title="t", xlabel="frames", ylabel="actor"
        ),
        [
            "2 rows of blocks, right or wrong. Down: actor. Across: frames. Right: b 75.0 %; a 50.0 %.",
            "The longest block of right ones is 3 long, of wrong ones 2.",
        ],
    ),
    "dot_plot": (
        lambda: plotting.dot_plot(
            {"one": {"x": SHARE, "y": {"value": 0.9}}, "two": {"y": SHARE}},
            title="t",
            xlabel="accuracy",
            reference_lines={"there": 0.92},
            xlim=(0.2, 1.0),
        ),
        [
            "Dots with intervals, accuracy. Axis: 20 to 100 %.",
            "one: x 51.2 % (40.1 % to 62.3 %), y 90.0 %; two: y 51.2 % (40.1 % to 62.3 %).",
            "Dotted line: there at 92.0 %.",
        ],
    ),
    "dot_plot, differences": (
        lambda: plotting.dot_plot(
            {"one": {"x": {"value": 0.021, "low": -0.01, "high": 0.05}}, "two": {"x": {"value": -0.0001}}},
            title="t",
            xlabel="change",
            differences=True,
            xlim=(-0.1, 0.2),
        ),
        [
            "change. Axis: -10 to 20 points.",
            "x: one +2.1 points (-1.0 points to +5.0 points); two +0.0 points.",
        ],
    ),
    "slope_charts": (
        lambda: plotting.slope_charts(
            {"brow": ([1.0, 2.0, 3.0], [4.0, 1.0, 5.5])},
            measurement_names=[("neutral", "angry")],
            title="t",
            ylabel="intensity",
        ),
        [
            "one a person; up: intensity.",
            "brow: neutral from 1 to 3, mean 2; angry from 1 to 5.5, mean 3.5; 2 of 3 lines rise, 1 fall.",
        ],
    ),
    "differences_by_person": (
        lambda: plotting.differences_by_person(
            {"a": 2, "b": -1, "c": 0, "d": 0.5},
            mean={"value": 0.625, "low": -0.5, "high": 1.1},
            title="t",
            ylabel="gain",
        ),
        [
            "4 bars, the lowest first; across: people; up: gain. 2 above 0, 1 below, 1 at 0. b -1; c 0; d 0.5; a 2.",
            "Mean 0.625 (-0.5 to 1.1).",
        ],
    ),
    "strip_plot": (
        lambda: plotting.strip_plot({"people": [0.3, 0.5, 0.56, 0.8], "machine": [0.6]}, title="t", xlabel="right"),
        ["one a person, right. people: 4 dots from 30.0 % to 80.0 %, median 53.0 %. machine: one dot at 60.0 %."],
    ),
    "grid": (
        lambda: contact_sheets.grid(
            [FACE] * 4, column_names=["from\nleft", "front"], row_names=["7", "9"], rows_are="person"
        ),
        [
            "4 pictures in 2 rows of 2, each of 80 by 60 pixels; the rows are person 7, 9; "
            "the columns are from left, front."
        ],
    ),
    "grid, labels": (
        lambda: contact_sheets.grid([FACE] * 2, labels=["a", "b"]),
        ["2 pictures side by side, each of 80 by 60 pixels; below them stands a; b."],
    ),
    "timeline": (
        lambda: contact_sheets.timeline(
            SECONDS,
            {"AU 12": [0, 0.2, 0.9, 0.4, 0.1], "AU 45": [0.0] * 5, "gone": [np.nan] * 5},
            [FACE] * 2,
            [0.1, 0.3],
            title="t",
            shade=np.array([0, 0, 0, 1, 1]),
        ),
        [
            "Curves over time, 0 to 0.4 s, intensity upwards; a grey area behind them, 0 to 1, highest at 0.3 s.",
            "AU 12: 0 to 0.9, highest at 0.2 s. AU 45: always 0. gone: not known. Below, pictures at 0.1, 0.3 s.",
        ],
    ),
    "training_curves": (
        lambda: plotting.training_curves(
            {"one": trained([0.2, 0.3, 0.7], [0.2, 0.5, 0.4], [2.0, 1.5, 1.2], [2.1, 1.7, 1.9])}, title="t"
        ),
        [
            "training dashed, test solid. one, 3 epochs: accuracy ends at 70.0 % in training, 40.0 % in the test;",
            "loss ends at 1.2 in training, 1.9 in the test, where it was lowest in epoch 2, 1.7.",
            "commonest label, 12.5 %.",
        ],
    ),
    "training_curves, diverged": (
        lambda: plotting.training_curves({"one": trained([0.2], [0.3], [np.nan], [np.inf])}, title="t"),
        ["one, 1 epoch: accuracy ends at 20.0 %", "loss ends at not known in training, not known in the test."],
    ),
    "repeated_training_curves": (
        lambda: plotting.repeated_training_curves(
            {"one": [history([0.2], [0.4], [2.0], [3.0]), history([0.4], [0.5], [1.0], [2.5])]}, title="t"
        ),
        [
            "one, 1 epoch, mean of 2: accuracy ends at 30.0 % in training, 45.0 % in the test; "
            "loss ends at 1.5 in training, 2.75 in the test."
        ],
    ),
    "line_chart": (
        lambda: plotting.line_chart(
            {"own": ([1, 2, 3], [2.0, 0.5, np.nan]), "gone": ([1], [np.inf])},
            title="t",
            xlabel="learning rate",
            ylabel="loss",
            log=True,
            marks={"chosen": 0.01},
        ),
        [
            "Loss against learning rate, a logarithmic axis. own: from 2 at 1 to 0.5 at 2, lowest 0.5 at 2. gone: not "
            "known. Dotted line: chosen at 0.01."
        ],
    ),
    "learning_curves": (
        lambda: plotting.learning_curves(
            {
                "loss": [2.0, 1.0],
                "accuracy": [0.2, 0.7],
                "validation_loss": [1.5, 1.75],
                "validation_accuracy": [0.3, 0.4],
            },
            title="t",
            chance=0.125,
        ),
        [
            "training loss: from 2 at 1 to 1 at 2, lowest 1 at 2. validation loss: from 1.5 at 1 to 1.75 at 2, lowest "
            "1.5 at 1.",
            "validation accuracy: from 0.3 at 1 to 0.4 at 2",
            "the commonest label's share at 0.125.",
        ],
    ),
    "living_units": (
        lambda: plotting.living_units(
            {
                "rows": [
                    {
                        "name": "as described",
                        "units": 16,
                        "trainings": [{"steps": [0, 9], "living": [9, n]} for n in (0, 4)],
                    }
                ]
            },
            title="t",
        ),
        ["orange where none lives at the end.", "Living at the end, seed by seed: as described: 0, 4."],
    ),
    "reliability_diagrams": (
        lambda: plotting.reliability_diagrams(
            {
                "known": {
                    "bins": [
                        {"n": 3, "confidence": 0.9, "accuracy": 0.65},
                        {"n": 9, "confidence": 0.4, "accuracy": 0.3},
                    ],
                    "error": {"value": 0.1234},
                }
            },
            title="t",
        ),
        ["known: calibration error 12.3 points; where it is 90.0 % sure it is right in 65.0 %."],
    ),
    "image_grid": (
        lambda: plotting.image_grid([FACE] * 3, ["a", "b", "a"], columns=2, row_names=["1", "2"]),
        ["3 pictures in 2 rows of 2, each of 80 by 60 pixels; the rows are 1, 2; above them stands a, b."],
    ),
    "image_grid, alone": (
        lambda: plotting.image_grid([FACE], ["a"]),
        ["One picture, 80 by 60 pixels; above it stands a."],
    ),
    "bounding_boxes": (
        lambda: plotting.bounding_boxes(FACE, {"dlib": BOX}, title="t"),
        ["A picture of 80 by 60 pixels with boxes: dlib, 20 by 30 pixels, 4 from the left and 7 from the top."],
    ),
    "bounding_boxes, none": (lambda: plotting.bounding_boxes(FACE, {}, title="t"), ["with boxes: none."]),
    "difference_plot": (
        lambda: plotting.difference_plot(
            {"minus one": {"value": 0.012, "low": -0.02, "high": 0.04}}, title="t", xlabel="points", margin=0.01
        ),
        [
            "beside 0 and beside minus the margin, -1.0 points. minus one +1.2 points (-2.0 points to +4.0 points).",
            "Of 1 intervals, these lie wholly above a line: 0 above minus the margin, 0 above 0.",
        ],
    ),
    "place_weights": (
        lambda: plotting.place_weights(np.ones((4, 3, 2)), np.array([1, 1, 2, 4])[:, None, None] * np.ones((4, 3, 2))),
        [
            "Two maps of 4 × 3 places",
            "Before training 1 to 1, after training 0.5 to 2, largest in row 4 from above and column 1.",
            "After training: the lower half weighs 3.0 times the upper half.",
        ],
    ),
    "expression_course": (
        lambda: plotting.expression_course(
            SECONDS, [[0, 0.5, 1, 1, 0.2], [0.2, 0.5, 0.8, 1, 0.4]], {"even": [1, 3], "middle": [2]}, title="t"
        ),
        [
            "A curve over 0.4 s, the mean strength of the expression in 2 clips: 0.1 to 1, highest at 0.3 s, 0.1 at "
            "the beginning and 0.3 at the end",
            "the frames that are taken: even at 0.1, 0.3 s; middle at 0.2 s.",
        ],
    ),
    "rank_scatters": (
        lambda: plotting.rank_scatters(
            {"grey": ([1, 2, 3, 4], [9, 8, 7, 1]), "flat": ([1, 2, 3], [5, 5, 5])},
            title="t",
            xlabel="tone",
            ylabel="level",
        ),
        [
            "Points, tone to the right and level upwards.",
            "grey: 4 points, Spearman's rank correlation -1.00; flat: 3 points, Spearman's rank correlation not known.",
        ],
    ),
    "face_and_scores": (
        lambda: plotting.face_and_scores(FACE, pd.Series({"happy": 0.25, "sad": 0.73, "calm": 0.02}), title="t"),
        ["the largest first: sad 0.73; happy 0.25; calm 0.02."],
    ),
    "receptive_fields": (
        lambda: plotting.receptive_fields(GREY, {"first": 3, "last": 22}, around=(20, 30), title="t"),
        ["40 by 30 pixels", "first 3 pixels wide", "last 22 pixels wide"],
    ),
    "hog_cells": (
        lambda: plotting.hog_cells(GREY, np.arange(24.0).reshape(2, 3, 4), title="t"),
        ["2 by 3 cells", "in 4 directions", "row 2, column 3"],
    ),
    "network_diagram": (
        lambda: plotting.network_diagram({"map": (90, 80, 16), "flatten": (30976,)}, title="t"),
        ["from left to right", "map 90 × 80 × 16", "flatten 30,976"],
    ),
    "two_colourings": (
        lambda: plotting.two_colourings(
            np.array([[0.0, 0], [0, 1], [4, 0], [4, 1]]), list("aabb"), ["sad", "calm"] * 2, title="t"
        ),
        [
            "The same 4 points twice, coloured by person on the left (2 people) and by label on the right (sad, calm).",
            "Of their variance 94.1 % lies between people and 5.9 % between labels.",
        ],
    ),
    "landmark_closeup": (
        lambda: plotting.landmark_closeup(FACE, BOX, {"found": np.ones((68, 2)), "drawn": np.ones((5, 2))}, title="t"),
        ["80 by 60 pixels with a box of 20 by 30 around a face", "marks on the face: 68 points found; 5 points drawn."],
    ),
    "kernel_diagram": (
        lambda: layer_diagrams.kernel_diagram(
            {
                "full": layer_diagrams.full_mask(2, 4),
                "depthwise": layer_diagrams.depthwise_mask(4),
                "1×1": layer_diagrams.pointwise_mask(2, 4),
                "row": np.array([[[[1, 1], [0, 0]]] * 2]),
                "one": np.array([[[[1, 1], [0, 0]]]]),
            },
            title="t",
        ),
        [
            "full: 2 by 4 windows of 3 by 3, all 72 weights.",
            "depthwise: 4 by 4 windows of 3 by 3, 36 of 144 weights, in the windows on the diagonal, 9 of 9 places.",
            "1×1: 2 by 4 windows of 3 by 3, 8 of 72 weights, in 8 windows, only the middle of each.",
            "row: 1 by 2 windows of 2 by 2, 4 of 8 weights, in 2 windows, 2 of 4 places.",
            "one: one window of 2 by 2, 2 of 4 weights.",
        ],
    ),
    "block_diagram": (
        lambda: layer_diagrams.block_diagram({"inverted": (4, "1×1", 24, "1×1", 4), "other": (4, "3×3", 8)}, title="t"),
        ["inverted: 4 channels, 1×1, 24, 1×1, 4; an arrow joins the first to the last. other: 4 channels, 3×3, 8."],
    ),
    "branch_diagram": (
        lambda: layer_diagrams.branch_diagram(
            {"sees 1": ["1×1"], "sees 3": ["pool", "3×3"]}, top="face", bottom="map", title="t"
        ),
        ["2 branches side by side between face above and map below. sees 1: 1×1. sees 3: pool, then 3×3."],
    ),
    "reconstructed_curves": (
        lambda: layer_diagrams.reconstructed_curves(
            {"one": (np.zeros((8, 2)), [True] * 2 + [False] * 6), "two": (np.zeros((4, 2)), [False] * 4)}, title="t"
        ),
        ["Lost: one 25.0 % of 8 points; two 0.0 % of 4 points."],
    ),
    "labelled_lines": (
        lambda: layer_diagrams.labelled_lines(
            {"a": ([1, 2, 4], [0.5, 0.3, 0.125]), "b": ([1, 2], [0.25, 1e-9])},
            measured={"a": ([1, 2], [0.4, 0.3])},
            reference_lines={"m": 0.3},
            y_min=1e-6,
            title="t",
            xlabel="filters",
            ylabel="lost",
        ),
        [
            "lost over filters, up logarithmic. a: 0.5 at 1, 0.125 at 4, and 2 measured dots. "
            "b: 0.25 at 1, then below 1e-06. Dotted line: m at 0.3."
        ],
    ),
    "labelled_lines, shares": (
        lambda: layer_diagrams.labelled_lines(
            {"a": ([1, 8], [0.5, 0.1])}, log_y=False, log2_x=True, percent_y=True, title="t", xlabel="x", ylabel="y"
        ),
        ["y over x, across logarithmic. a: 50.0 % at 1, 10.0 % at 8."],
    ),
    "frame_budget": (
        lambda: live_figures.frame_budget(
            {"read": 1.25, "track": 0.5}, limit_ms=16.7, title="t", optional_stages={"write": 29.0}
        ),
        ["read 1.25 ms; track 0.50 ms. Together 1.75 ms of 16.7 ms, a dotted line. Optional: write 29.0 ms."],
    ),
    "detection_interval": (
        lambda: live_figures.detection_interval(
            {
                10: pd.DataFrame({"work": [2.0, 3.0], "looked": False}),
                1: pd.DataFrame({"work": [11.0, 7.0], "looked": [True, False]}),
            },
            limit_ms=16.7,
            title="t",
        ),
        ["every frame 9.00 ms and 11.0 ms; every 10 frames 2.50 ms, none with the detector. Dotted line: 16.7 ms."],
    ),
    "frame_times": (
        lambda: live_figures.frame_times([1, 9, 7, 1, 2], [False, True, True, False, False], limit_ms=5, title="t"),
        [
            "3 tracked only: median 1.00 ms, slowest 2.00 ms. 2 with the detector: median 8.00 ms, slowest "
            "9.00 ms. Mean 4.00 ms; 2 above the dotted line at 5.00 ms."
        ],
    ),
    "step_responses": (
        lambda: smoothing_figures.step_responses(
            {"by frame": {"fast": (SECONDS, [0, 0.4, 0.5, 1, 1]), "slow": (SECONDS, [0, 0, 0, 0, 0.4])}},
            title="t",
            step_s=0.1,
        ),
        ["a jump from 0 to 1 at 0.1 s, and when they reach one half: by frame: fast after 0.10 s; slow never."],
    ),
    "smoothed_scores": (
        lambda: smoothing_figures.smoothed_scores(
            SECONDS, np.eye(3)[[0, 1, 0, 0, 1]], np.eye(3)[[0, 0, 0, 1, 1]], ["sad", "calm", "happy"], title="t"
        ),
        [
            "Scores over 0.4 s, raw thin and smoothed thick; mean raw score: sad 0.60; calm 0.40; happy 0.00.",
            "raw, the leading label changes 3 times and is sad in 60.0 %;",
            "smoothed, the leading label changes 1 time and is sad in 60.0 %.",
        ],
    ),
    "smoothing_trade_off": (
        lambda: smoothing_figures.smoothing_trade_off([(0, 4, 0), (0.25, 1.5, 0.2), (0.5, 1, np.nan)], title="t"),
        ["by time constant: 0 s: 4.0 changes, 0.00 s; 0.25 s: 1.5 changes, 0.20 s."],
    ),
    "layer_sensitivity": (
        lambda: compression_figures.layer_sensitivity(
            {"conv1": [(0, 1), (0.8, 0.4)], "conv2": [(0, 1), (0.8, 0.9)]},
            xlabel="share of its weights at zero",
            at=0.8,
        ),
        ["conv1: 100.0 % at 0.0 %; 40.0 % at 80.0 %. conv2: 100.0 % at 0.0 %; 90.0 % at 80.0 %."],
    ),
    "accuracies": (
        lambda: compression_figures.accuracies({"a": SHARE, "b": SHARE | {"value": 0.6}}, title="t"),
        ["accuracy on people not met: a 51.2 % (40.1 % to 62.3 %); b 60.0 %"],
    ),
    "roofline": (
        lambda: compression_figures.roofline({"whole": (18, 60e9), "half": (6.5, 20e9)}, Ceilings(100e9, 20e9)),
        ["20 billion bytes a second up to 5 operations a byte, then 100 billion", "whole 60 at 18; half 20 at 6.5."],
    ),
    "frame_shares": (
        lambda: compression_figures.frame_shares(table([[1, 3], [1, 4.5]], ["a", "b"], ["face", "network"])),
        ["a: face 1, network 3; b: face 1, network 4.5. All parts together: a 4; b 5.5."],
    ),
    "calibration_check": (
        lambda: compression_figures.calibration_check({"a": {"own": 1.0, "others": 0.5}}),
        ["the float network. a: own 100.0 %, others 50.0 %."],
    ),
    "labels_by_bits": (
        lambda: compression_figures.labels_by_bits({"a": [(2, 0.25), (8, 1.0)]}),
        ["over bits of a weight. a: 25.0 % at 2; 100.0 % at 8."],
    ),
    "pareto_plot": (
        lambda: pareto.pareto_plot(
            {"a": SHARE, "b": SHARE | {"value": 0.58}, "c": SHARE | {"value": 0.42}},
            {"parameters": {"a": 10, "b": 100, "c": 1000}, "bytes": {"a": 9, "b": 5, "c": None}},
            title="t",
            ylabel="accuracy",
        ),
        [
            "3 points of accuracy against cost on a logarithmic axis, from 42.0 % (c) to 58.0 % (b).",
            "parameters, 10 to 1,000: a 10; b 100. bytes, 5 to 9 (1 not measured): b 5.",
        ],
    ),
    "line_plot": (
        lambda: pareto.line_plot(
            {"one": [(0.9, 0.4), (0.0, 0.5)], "two": [(0.5, None), (0.8, np.nan)]},
            title="t",
            xlabel="pruned",
            ylabel="accuracy",
            percent_axes="y",
            reference=("before", SHARE),
        ),
        [
            "accuracy over pruned. one: 50.0 % at 0; 40.0 % at 0.9. two: not measured.",
            "Across: before 51.2 % (40.1 % to 62.3 %).",
        ],
    ),
    "quantization_steps": (
        lambda: pareto.quantization_steps(
            {"coarse": (np.linspace(-1, 1.4, 9), np.linspace(-1, 1.4, 9).round())}, title="t", xlabel="x", ylabel="y"
        ),
        ["x to the right, y upwards", "coarse: 9 numbers, 9 different ones, become 3, from -1 to 1."],
    ),
}

#: The figures of chapters 6 and 7 and the pieces that their descriptions must have; most draw a stored answer.
SAID |= {
    name: (DRAWINGS[f"evaluation_figures: {name}"], pieces)
    for name, pieces in {
        "interval_widths": ["600 frames are drawn 40.0 % (38.0 % to 42.0 %); 100 clips are drawn 40.0 %"],
        "interval_coverage": ["5 people: percentile bootstrap 84.4 %, widened bootstrap 94.8 %, Student 95.5 %"],
        "two_splits": ["it has seen the clip 78.5 % (73.5 % to 83.5 %); actors apart: it has never seen the person"],
        "split_table": ["clips at random: twins out 52.4 % (47.0 % to 57.8 %), twins in 83.8 %"],
        "real_protocols": ["support vectors 58.1 %, 78.0 %, 94.0 %", "92 % at 92.0 %"],
        "person_gains": ["read exactly +0.7 points", "read with errors +17.2 points", "by OpenFace +19.9 points"],
        "twin_accuracies": ["forest 99.9 %, 77.0 %, 76.1 %"],
        "paired_models": ["Support vectors against forest. 24 bars", "11 above 0, 13 below, 0 at 0", "Mean -0.0972"],
        "neutral_profiles": ["23 of 24 lines rise, 1 fall", "happy from 0.91 to 2.99, mean 2.02"],
        "reference_accuracies": ["own neutral taken away from 46.5 % (nearest neighbours) to 62.7 % (forest)"],
        "calibrations": ["known people: calibration error 5 points", "strangers: calibration error 40 points"],
        "human_votes": ["diagonal from 32.1 % (sad) to 87.7 % (happy)"],
        "accuracy_by_actor": ["people: 3 dots from 33.5 % to 77.7 %, median 50.0 %", "machine: one dot at 60.0 %"],
        "human_ceiling": ["two people agree 55.3 %", "the best single answer to each clip 70.1 %"],
    }.items()
}


@pytest.mark.parametrize("name", SAID)
def test_a_description_has_the_numbers_that_are_drawn(name):
    draw, pieces = SAID[name]
    words = draw().description
    assert not RAW.search(words), words
    assert [piece for piece in pieces if piece not in words] == [], words


def test_every_drawing_function_has_its_numbers_tested():
    functions = {name for module in MODULES for name in drawing_functions(module)}
    assert functions | {"grid"} == {name.split(",")[0] for name in SAID}


# Many values and long names ----------------------------------------------------------------------

LONG = "a name that is longer than anybody would ever write below a bar, and then some"
MANY = {f"{LONG} {k}": k / 40 for k in range(40)}
INTERVALS = {name: {"value": value, "low": value - 0.01, "high": value + 0.01} for name, value in MANY.items()}
LABEL = f"{LONG}, {LONG}"
SOME = list(MANY)[:16]  # of what is drawn for every pair; their names are far more than a description's letters
WIDE = table(np.arange(256).reshape(16, 16) / 256, SOME, SOME)
MANY_LINES = {f"{LONG} {k}": [(x / 30, x / 40 + k) for x in range(30)] for k in range(6)}
CROWDED = {
    "difference_plot": lambda: plotting.difference_plot(INTERVALS, title="t", xlabel=LABEL, margin=0.01),
    "place_weights": lambda: plotting.place_weights(np.ones((16, 20, 2)), np.ones((16, 20, 2))),
    "clip_course": lambda: plotting.clip_course(
        clip_truth(200), [clip_frame(number / 10) for number in range(20)], label="surprised"
    ),
    "expression_course": lambda: plotting.expression_course(
        np.arange(40), np.ones((3, 40)), dict.fromkeys(MANY, range(30)), title="t"
    ),
    "rank_scatters": lambda: plotting.rank_scatters(
        dict.fromkeys(list(MANY)[:12], ([1, 2, 3], [1, 2, 3])), title="t", xlabel=LABEL, ylabel=LABEL
    ),
    "fit_curves": lambda: plotting.fit_curves(
        {LONG: overfitting_answers.history(), f"{LONG} 2": overfitting_answers.history()}
    ),
    "tool_curves": lambda: plotting.tool_curves(
        overfitting_answers.tools({"none": 0.5} | {f"{LONG} {k}": 0.1 + 0.02 * k for k in range(20)})
    ),
    "tool_differences": lambda: plotting.tool_differences(
        overfitting_answers.tools({"none": 0.5} | {f"{LONG} {k}": 0.1 + 0.02 * k for k in range(20)})
    ),
    "people_curves": lambda: plotting.people_curves(
        overfitting_answers.people([0.02 * k for k in range(30)], [0.01 * k for k in range(30)], counts=range(3, 33))
    ),
    "sweep_maps": lambda: plotting.sweep_maps(overfitting_answers.sweep()),
    "bars": lambda: plotting.bars(INTERVALS, title="t", xlabel=LABEL, percent=True),
    "grouped_bars": lambda: plotting.grouped_bars(
        {name: {f"{LONG} {k}": 0.1 * k for k in range(6)} for name in MANY}, title="t", xlabel=LABEL
    ),
    "stacked_bars": lambda: plotting.stacked_bars(WIDE, title="t", xlabel=LABEL),
    "stacked_shares": lambda: plotting.stacked_shares(dict.fromkeys(SOME, pd.Series(MANY)[SOME]), title="t"),
    "log_scatter": lambda: plotting.log_scatter(
        pd.Series(MANY) + 1, pd.Series(MANY) + 1, title="t", xlabel=LABEL, ylabel=LABEL
    ),
    "weight_histograms": lambda: plotting.weight_histograms(
        {name: np.ones(2) for name in MANY}, title="t", xlabel=LABEL
    ),
    "confusion_matrix": lambda: plotting.confusion_matrix(
        SimpleNamespace(labels=[name[-40:] for name in SOME], confusion=WIDE.to_numpy()), title="t"
    ),
    "heatmaps": lambda: plotting.heatmaps(
        dict.fromkeys(list(MANY)[:8], WIDE.iloc[:4, :4]), title="t", xlabel=LABEL, ylabel=LABEL, percent=True
    ),
    "agreement_scatter": lambda: plotting.agreement_scatter(
        {f"{LONG} {k}": {name: (value + 1, k + 1) for name, value in MANY.items()} for k in range(3)},
        title="t",
        xlabel=LABEL,
        ylabel=LABEL,
    ),
    "correct_by_person": lambda: plotting.correct_by_person(
        [1, 0] * 40, [name for name in MANY for _ in range(2)], title="t", xlabel=LABEL, ylabel=LABEL
    ),
    "dot_plot": lambda: plotting.dot_plot(
        {name: dict.fromkeys(list(MANY)[:6], point) for name, point in INTERVALS.items()},
        title="t",
        xlabel=LABEL,
        reference_lines=dict.fromkeys(list(MANY)[:4], 0.3),
    ),
    "slope_charts": lambda: plotting.slope_charts(
        {name: ([1.0], [2.0]) for name in list(MANY)[:9]},
        measurement_names=[(LONG, LONG)] * 9,
        title="t",
        ylabel=LABEL,
    ),
    "differences_by_person": lambda: plotting.differences_by_person(
        MANY, title="t", xlabel=LABEL, ylabel=LABEL, mean=SHARE
    ),
    "strip_plot": lambda: plotting.strip_plot({name: [0.2, 0.4] for name in MANY}, title="t", xlabel=LABEL),
    "grid": lambda: contact_sheets.grid(
        [FACE] * 400, column_names=[LONG] * 20, row_names=[LONG] * 20, rows_are=LONG, labels=[LONG] * 400
    ),
    "timeline": lambda: contact_sheets.timeline(
        SECONDS,
        {f"{LONG} {k}": SECONDS for k in range(7)},
        [FACE] * 30,
        [0.1] * 30,
        title="t",
        ylabel=LABEL,
        shade=SECONDS,
    ),
    "training_curves": lambda: plotting.training_curves(
        dict.fromkeys(list(MANY)[:9], trained([0.2] * 3, [0.3] * 3, [1.0] * 3, [1.0, 2.0, 3.0])), title="t"
    ),
    "repeated_training_curves": lambda: plotting.repeated_training_curves(
        {name: [history([0.2] * 3, [0.3] * 3, [1.0] * 3, [1.0, 2.0, 3.0])] * 2 for name in list(MANY)[:9]}, title="t"
    ),
    "line_chart": lambda: plotting.line_chart(
        {name: (range(40), list(MANY.values())) for name in list(MANY)[:9]},
        title="t",
        xlabel=LABEL,
        ylabel=LABEL,
        marks=dict.fromkeys(list(MANY)[:9], 1.0),
    ),
    "learning_curves": lambda: plotting.learning_curves(
        {name: list(MANY.values()) for name in ("loss", "accuracy", "validation_loss", "validation_accuracy")},
        title="t",
        chance=0.125,
    ),
    "living_units": lambda: plotting.living_units(
        {
            "rows": [
                {"name": name, "units": 16, "trainings": [{"steps": [0, 9], "living": [9, 12]}] * 40}
                for name in list(MANY)[:9]
            ]
        },
        title="t",
    ),
    "reliability_diagrams": lambda: plotting.reliability_diagrams(
        {
            name: {"bins": [{"n": 1, "confidence": 0.5, "accuracy": 0.5}], "error": {"value": 0.1}}
            for name in list(MANY)[:9]
        },
        title="t",
    ),
    "image_grid": lambda: plotting.image_grid([FACE] * 20, list(MANY)[:20], columns=2, row_names=list(MANY)[:10]),
    "bounding_boxes": lambda: plotting.bounding_boxes(FACE, dict.fromkeys(MANY, BOX), title="t"),
    "two_colourings": lambda: plotting.two_colourings(
        np.random.default_rng(0).normal(size=(len(MANY), 2)), list(MANY), list(MANY), title="t"
    ),
    "face_and_scores": lambda: plotting.face_and_scores(FACE, pd.Series(MANY), title="t"),
    "receptive_fields": lambda: plotting.receptive_fields(GREY, dict.fromkeys(MANY, 9), around=(9, 9), title="t"),
    "hog_cells": lambda: plotting.hog_cells(GREY, np.ones((20, 20, 9)), title="t"),
    "network_diagram": lambda: plotting.network_diagram(dict.fromkeys(MANY, (9, 9, 4)), title="t"),
    "landmark_closeup": lambda: plotting.landmark_closeup(FACE, BOX, dict.fromkeys(MANY, np.ones((68, 2))), title="t"),
    "kernel_diagram": lambda: layer_diagrams.kernel_diagram(
        dict.fromkeys(list(MANY)[:9], layer_diagrams.pointwise_mask(2, 3)), title="t"
    ),
    "block_diagram": lambda: layer_diagrams.block_diagram(
        dict.fromkeys(list(MANY)[:5], (4, *[LONG, 24] * 9, LONG, 4)), title="t"
    ),
    "branch_diagram": lambda: layer_diagrams.branch_diagram(
        dict.fromkeys(list(MANY)[:9], [LONG] * 4), top=LONG, bottom=LONG, title="t"
    ),
    "reconstructed_curves": lambda: layer_diagrams.reconstructed_curves(
        dict.fromkeys(list(MANY)[:15], (np.zeros((4, 2)), [True] * 4)), title="t"
    ),
    "labelled_lines": lambda: layer_diagrams.labelled_lines(
        {name: ([1, 2, 3], [1.0, 2.0, 0.1]) for name in MANY},
        measured={name: ([1, 2], [1.0, 2.0]) for name in MANY},
        reference_lines=dict.fromkeys(list(MANY)[:9], 1.0),
        y_min=0.2,
        title="t",
        xlabel=LABEL,
        ylabel=LABEL,
    ),
    "frame_budget": lambda: live_figures.frame_budget(MANY, limit_ms=16.7, title="t", optional_stages=MANY),
    "detection_interval": lambda: live_figures.detection_interval(
        dict.fromkeys(range(1, 40), pd.DataFrame({"work": [2.0, 3.0], "looked": [False, True]})), limit_ms=9, title="t"
    ),
    "frame_times": lambda: live_figures.frame_times([9.0, 8.0] * 50, [True, False] * 50, limit_ms=5, title="t"),
    "step_responses": lambda: smoothing_figures.step_responses(
        {name: dict.fromkeys(list(MANY)[:4], (SECONDS, SECONDS * 2)) for name in list(MANY)[:5]}, title="t", step_s=0.1
    ),
    "smoothed_scores": lambda: smoothing_figures.smoothed_scores(
        SECONDS, np.eye(9)[:5], np.eye(9)[:5], list(MANY)[:9], title="t", labels_shown=6
    ),
    "smoothing_trade_off": lambda: smoothing_figures.smoothing_trade_off(
        [(k / 40, 4 - k / 40, k / 40) for k in range(40)], title="t"
    ),
    "layer_sensitivity": lambda: compression_figures.layer_sensitivity(
        {f"{LONG} {k}": [(0.1 * j, 1 / (j + 1)) for j in range(9)] for k in range(6)}, xlabel=LABEL, at=0.1
    ),
    "accuracies": lambda: compression_figures.accuracies(INTERVALS, title="t"),
    "roofline": lambda: compression_figures.roofline(
        {name: (value + 1, 1e9 * (value + 2)) for name, value in MANY.items()}, Ceilings(1e11, 2e10)
    ),
    "frame_shares": lambda: compression_figures.frame_shares(WIDE),
    "calibration_check": lambda: compression_figures.calibration_check(
        {name: {"own": 0.5, "others": 0.1} for name in MANY}
    ),
    "labels_by_bits": lambda: compression_figures.labels_by_bits(
        {f"{LONG} {k}": [(j, 1 / (j + 1)) for j in range(9)] for k in range(6)}
    ),
    "pareto_plot": lambda: pareto.pareto_plot(
        dict(list(INTERVALS.items())[:26]),
        {f"{LABEL} {k}": {n: v + 1 for n, v in list(MANY.items())[:26]} for k in range(6)},
        title="t",
        ylabel=LABEL,
    ),
    "line_plot": lambda: pareto.line_plot(
        MANY_LINES, title="t", xlabel=LABEL, ylabel=LABEL, percent_axes="xy", reference=(LONG, SHARE)
    ),
    "quantization_steps": lambda: pareto.quantization_steps(
        {name: (np.arange(9.0), np.arange(9.0)) for name in list(MANY)[:9]}, title="t", xlabel=LABEL, ylabel=LABEL
    ),
}

#: What draws one stored answer cannot be crowded; what takes names can.
CROWDED |= {
    name.split(": ")[1]: drawing for name, drawing in DRAWINGS.items() if name.startswith("evaluation_figures: ")
} | {
    "interval_widths": lambda: evaluation_figures.interval_widths(
        {name: point | {"groups": 40} for name, point in INTERVALS.items()}
    ),
    "calibrations": lambda: evaluation_figures.calibrations(
        {f"{LONG} {k}": metrics.calibration(np.zeros(9, int), np.tile([0.7, 0.3], (9, 1)), range(9)) for k in "ab"}
    ),
    "accuracy_by_actor": lambda: evaluation_figures.accuracy_by_actor({name: [0.2, 0.4] for name in MANY}),
}


@pytest.mark.parametrize("name", CROWDED)
def test_a_crowded_drawing_is_described_in_few_words(name):
    words = CROWDED[name]().description
    assert is_plain(words), (len(words), words)


def test_of_crowded_points_the_highest_is_told_as_well():
    names = [f"a name of some letters {k}" for k in range(40)]
    sizes = pd.Series(np.arange(1.0, 41), index=names)
    words = plotting.log_scatter(sizes, sizes[::-1] * 2, title="t", xlabel="x", ylabel="y").description
    assert "first: a name of some letters 0 (1 and 2);" in words
    assert re.search(r"; \d+ more; a name of some letters 39 \(40 and 80\)\.$", words)


def test_a_long_block_is_told_to_its_last_tensor():
    figure = layer_diagrams.block_diagram({"deep": (4, *["a long operation, 3×3", 24] * 9, "1×1", 7)}, title="t")
    assert re.search(r"deep: 4 channels, .*, \d+ more, 7\.$", figure.description)


def test_a_line_that_lies_below_its_axis_is_told_by_its_first_point():
    figure = layer_diagrams.labelled_lines({"a": ([1], [1e-9])}, y_min=1e-6, title="t", xlabel="x", ylabel="y")
    assert figure.description.endswith(" a: 1e-09 at 1.")


@pytest.mark.parametrize("ms, said", [(0.004, "0.00 ms"), (9.994, "9.99 ms"), (10.4, "10.4 ms"), (250.0, "250.0 ms")])
def test_milliseconds_have_three_digits_where_they_are_few(ms, said):
    figure = live_figures.frame_budget({"read": ms}, limit_ms=16.7, title="t")
    assert f"read {said}. Together {said} of 16.7 ms" in figure.description


def test_every_drawing_function_is_tried_with_many_values():
    functions = {name for module in MODULES for name in drawing_functions(module)}
    assert functions | {"grid"} == set(CROWDED)


# The words ---------------------------------------------------------------------------------------


def percentage(value):
    return descriptions.number_text(value, True)


@pytest.mark.parametrize(
    "value, percent, said",
    [
        (0.12345, True, "12.3 %"),
        (-0.0004, True, "0.0 %"),
        (1.0, True, "100.0 %"),
        (np.float64(3), False, "3"),
        (-0.0, False, "0"),
        (99.96, False, "100"),
        (999.6, False, "1,000"),
        (-542_136.4, False, "-542,136"),
        (0.000123456, False, "0.000123"),
        (np.nan, True, "not known"),
        (np.inf, False, "not known"),
        (None, False, "not known"),
    ],
)
def test_numbers_are_written_plainly(value, percent, said):
    assert descriptions.number_text(value, percent) == said


def test_names_are_one_line_and_cut_where_they_are_too_long():
    assert descriptions.one_line("multiply-\naccumulates  of\n2023") == "multiply-accumulates of 2023"
    cut = descriptions.one_line("x" * 70)
    assert len(cut) == 56 and cut.endswith("x…") and descriptions.one_line("x" * 56) == "x" * 56
    assert descriptions.axis_name("weights\n(logarithmic)") == "weights"


def test_a_list_says_how_many_more_there_are_and_may_keep_the_last():
    letters = list("abcdefghijklmnop")
    assert descriptions.listing(letters[:12]) == "; ".join(letters[:12])
    assert descriptions.listing(letters) == "; ".join(letters[:12]) + "; 4 more"
    assert descriptions.listing(letters, last=True) == "; ".join(letters[:11]) + "; 4 more; p"
    assert descriptions.listing(["x" * 30, "y" * 30, "z" * 30], letters=50, separator=", ") == "x" * 30 + ", 2 more"
    assert descriptions.listing(["x" * 30, "y" * 30], letters=50, last=True) == "x" * 30 + "; " + "y" * 30
    assert descriptions.listing(["x" * 90]) == "x" * 90 and descriptions.listing([]) == ""
    assert descriptions.sentences(["One.", "Two.", "Three."], letters=9) == "One. Two. And 1 more."


def test_along_a_row_the_ends_and_some_between_are_told():
    row = [f"n{k}" for k in range(21)]
    assert descriptions.along(row[:12]) == "; ".join(row[:12])
    assert descriptions.along(row, letters=14) == "n0; n10; n20, 21 points in all"
    assert descriptions.along(row, letters=3) == "n0; n20, 21 points in all"
    assert descriptions.along(row).startswith("n0; n2; n4;") and descriptions.along(["x"]) == "x"
    assert descriptions.along([]) == ""


def test_a_line_that_stands_nowhere_is_not_told():
    assert descriptions.dotted_lines({"a": np.nan}, percentage) == descriptions.dotted_lines(None, percentage) == ""
    assert descriptions.dotted_lines({"a": 0.5, "b": 0.1}, percentage) == "Dotted lines: a at 50.0 %; b at 10.0 %."


def test_of_many_values_the_ends_and_the_middle_are_told():
    values = {f"n{k}": k / 100 for k in range(13)}
    assert descriptions.named_values(values, percentage) == (
        "13 values, median 6.0 %. Largest: n12 12.0 %; n11 11.0 %; n10 10.0 %. Smallest: n2 2.0 %; n1 1.0 %; n0 0.0 %"
    )
    assert "14 values, 1 not known, median 6.0 %" in descriptions.named_values(values | {"none": np.nan}, percentage)
    assert descriptions.named_values(dict.fromkeys(values, None)) == "13 values, none known"
    assert descriptions.named_values({"a": 1.0, "b": None}) == "a 1; b not known"
    assert descriptions.named_values({}) == ""


def test_intervals_are_left_out_where_there_is_no_room_for_them():
    interval = {f"name {k}": {"value": 0.5, "low": 0.4, "high": 0.6} for k in range(12)}
    assert descriptions.named_values(interval, percentage).startswith("name 0 50.0 %; name 1 50.0 %")
    assert "(" not in descriptions.rows_of_values({"r": interval}, percentage)
    assert descriptions.with_bounds({"value": 0.5, "low": None, "high": None}, percentage) == "50.0 %"


def test_of_many_rows_each_name_is_told_from_its_lowest_to_its_highest_row():
    rows = {f"r{k}": {"a": k, "b": 50 - k, "c": None} for k in range(5)}
    assert (
        descriptions.rows_of_values(rows) == "5 rows: a from 0 (r0) to 4 (r4); b from 46 (r4) to 50 (r0); c not known"
    )
    assert descriptions.rows_of_values({"r": {"a": 1}, "s": {}}) == "a: r 1"
    same = {f"r{k}": {"a": 2, "b": k} for k in range(7)}
    assert descriptions.rows_of_values(same) == "7 rows: a always 2; b from 0 (r0) to 6 (r6)"


def test_long_names_that_all_rows_have_are_told_once():
    rows = {f"r{k}": {"the one way to divide": k, "the other way to divide": 9 - k} for k in range(4)}
    assert descriptions.rows_of_values(rows, letters=120) == (
        "In the order the one way to divide, then the other way to divide: r0 0, 9; r1 1, 8; r2 2, 7; r3 3, 6"
    )
    assert descriptions.rows_of_values(rows, letters=90).startswith(
        "4 rows: the one way to divide from 0 (r0) to 3 (r3)"
    )
    del rows["r1"]["the one way to divide"]
    assert descriptions.rows_of_values(rows, letters=120).startswith("4 rows: ")


def test_a_percentage_table_of_other_rows_than_columns_has_no_diagonal():
    one = table([[0.1, 0.9]], ["a"], ["a", "b"])
    assert descriptions.table_in_words("t", one, percent=True) == (
        "t: 1 rows by 2 columns, smallest 10.0 % at a, a, largest 90.0 % at a, b."
    )
    clean = table(np.diag([0.4, 0.8]), *[["a", "b"]] * 2)
    assert descriptions.table_in_words("t", clean, percent=True).endswith(
        "diagonal from 40.0 % (a) to 80.0 % (b); nothing beside it."
    )
    assert "diagonal" not in descriptions.table_in_words("t", clean)
    mixed = table([[0.4, 0.6], [0.1, 0.9]], *[["a", "b"]] * 2)
    assert descriptions.table_in_words("t", mixed, percent=True, most=1).endswith("beside it 60.0 % at a, b.")
