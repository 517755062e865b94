"""The figures of chapters 6 and 7: their titles follow from what is drawn."""

from __future__ import annotations

import copy

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils import metrics, studies
from fer_utils.core.errors import FerError
from fer_utils.plotting import evaluation_figures as figures

REAL, HUMAN = studies.load("real_people").answer, studies.load("human_votes").answer
SPLIT, COVERAGE = studies.load("split", "class").answer, studies.load("coverage").answer


def share(value, half=0.05, groups=5):
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "groups": groups}


WIDTHS = {"frames": share(0.4, 0.02, 600), "clips": share(0.4, 0.05, 100), "actors": share(0.4, 0.1, 5)}
GAINS = {"read exactly": share(0.007, 0.01), "read with errors": share(0.172, 0.04), "real people": share(0.199, 0.04)}


def calibrated(confidence: float, people: int = 4) -> dict:
    """20 faces of each person, of which half are right, read with one confidence."""
    scores = np.tile([confidence, 1 - confidence], (20 * people, 1))
    true = np.tile([0, 1], 10 * people)
    return metrics.calibration(true, scores, np.repeat(np.arange(people), 20), bins=10)


DRAWINGS = {
    "interval_widths": lambda: figures.interval_widths(WIDTHS),
    "interval_coverage": lambda: figures.interval_coverage(COVERAGE),
    "two_splits": lambda: figures.two_splits(share(0.785), share(0.415)),
    "split_table": lambda: figures.split_table(SPLIT),
    "real_protocols": lambda: figures.real_protocols(REAL),
    "person_gains": lambda: figures.person_gains(GAINS),
    "twin_accuracies": lambda: figures.twin_accuracies(REAL),
    "paired_models": lambda: figures.paired_models(REAL),
    "neutral_profiles": lambda: figures.neutral_profiles(REAL),
    "reference_accuracies": lambda: figures.reference_accuracies(REAL),
    "calibrations": lambda: figures.calibrations({"known people": calibrated(0.55), "strangers": calibrated(0.9)}),
    "human_votes": lambda: figures.human_votes(HUMAN),
    "accuracy_by_actor": lambda: figures.accuracy_by_actor({"people": [0.335, 0.5, 0.777], "machine": [0.6]}),
    "human_ceiling": lambda: figures.human_ceiling(HUMAN),
}


#: One of each way of drawing; the others' plots are tested beside `charts`, `comparisons` and `curves`.
@pytest.mark.parametrize("name", ["split_table", "two_splits", "paired_models", "calibrations"])
def test_a_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(figures) == set(DRAWINGS)


def title(figure) -> str:
    return figure.get_suptitle()


@pytest.mark.parametrize(
    "draw, words",
    [
        (DRAWINGS["interval_widths"], "Drawing actors and not frames makes the interval 5.0 times as wide"),
        (
            lambda: figures.interval_widths(WIDTHS | {"actors": share(0.4, 0.01, 2)}),
            "Here drawing actors does not make the interval wider than drawing frames",
        ),
        (
            lambda: figures.interval_widths(
                WIDTHS | {"actors": {"value": 0.4, "low": None, "high": None, "groups": 1}}
            ),
            "Here drawing actors does not",
        ),
        (DRAWINGS["interval_coverage"], "Of 5 people the percentile bootstrap holds the truth in 84 % of the cases"),
        (DRAWINGS["two_splits"], "The split alone is worth 37 points"),
        (lambda: figures.two_splits(share(0.16), share(0.13)), "Here the split changes little"),
        (lambda: figures.two_splits(share(0.19), share(0.13)), "The split alone is worth 6 points"),
        (DRAWINGS["split_table"], "One network: 54 % on strangers, 90 % beside twins"),
        (DRAWINGS["real_protocols"], "Support vectors: 58 % of strangers' clips, 94 % beside twins"),
        (DRAWINGS["person_gains"], "Knowing the person: +1 points if read exactly, +17 with a reader's errors"),
        (DRAWINGS["twin_accuracies"], "With its twin in training the forest is right in 99.9 %, else in 77.0 %"),
        (DRAWINGS["paired_models"], "Ahead on 11 people, behind on 13: no difference that this test can see"),
        (
            lambda: figures.paired_models(REAL, first="nearest neighbours"),
            "a difference of the models",
        ),
        (DRAWINGS["reference_accuracies"], "Two neutral clips: -2 to +4 points; sixty clips: about +11"),
        (DRAWINGS["calibrations"], "With strangers the network is too sure"),
        (
            lambda: figures.calibrations({"known": calibrated(0.9), "strangers": calibrated(0.55)}),
            "Here strangers do not make the network too sure",
        ),
        (
            lambda: figures.calibrations({"before": calibrated(0.9), "after": calibrated(0.55)}, tempered=True),
            "One number takes the calibration error down",
        ),
        (
            lambda: figures.calibrations({"before": calibrated(0.55), "after": calibrated(0.9)}, tempered=True),
            "not down",
        ),
        (DRAWINGS["human_votes"], "The voice helps most with fearful (+13 points), least with happy (-2)"),
        (DRAWINGS["accuracy_by_actor"], "one actor in 34 % of the votes, another in 78 %"),
        (DRAWINGS["human_ceiling"], "Ten people together name the acted label of 69 % of the faces"),
    ],
)
def test_the_title_says_what_is_drawn(draw, words):
    assert words in title(draw())


def test_rows_stand_in_the_order_of_the_splits():
    shuffled = copy.deepcopy(SPLIT)
    shuffled["rows"].reverse()
    (axis,) = figures.split_table(shuffled).axes
    assert [text.get_text() for text in axis.get_yticklabels()] == list(figures.UNITS.values())


@pytest.mark.parametrize(
    "draw, name",
    [
        (lambda: figures.interval_widths({}), "intervals"),
        (lambda: figures.interval_coverage(COVERAGE, kind="guessed"), "kind"),
        (lambda: figures.person_gains({"read exactly": share(0.1)}), "gains"),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, name):
    with pytest.raises(FerError, match=name):
        draw()
