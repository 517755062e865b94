"""The published differences and intervals, computed again from the counts by actor that are stored beside them."""

import numpy as np
import pytest

from fer_utils import metrics, studies
from fer_utils.studies import nano_against_paper, regularization
from fer_utils.studies.lightweight2019 import OWN
from fer_utils.studies.trainings import gain


def answer(name):
    return studies.load(name, "class").answer


def agree(published, computed):
    """The published dict has what was computed, to the last bit."""
    assert {key: published[key] for key in computed} == computed


def test_the_steps_of_the_split():
    found = answer("split")
    rows = {(row["unit"], row["twins"]): row for row in found["rows"]}
    for step in found["steps"]:
        agree(step, gain(rows[tuple(step["from"])], rows[tuple(step["to"])]))


@pytest.mark.parametrize("name", ["nano", "nano_savee", "nano_ablation"])
def test_the_differences_of_nano(name):
    found = answer(name)
    rows = {(row["name"], row["dataset"]): row for row in found["rows"]}
    for one in found["differences"]:
        agree(one, gain(rows[nano_against_paper.PAPER, one["dataset"]], rows[one["name"], one["dataset"]]))
    for one in found["ablation"]:
        agree(one["against"], gain(rows[nano_against_paper.NANO, "ravdess"], one))


def test_what_a_teacher_is_worth():
    found = answer("nano_taught")
    alone, teacher, taught = found["rows"]
    agree(found["teacher"], gain(alone, teacher))
    agree(found["taught"], gain(alone, taught))


def test_the_claims_of_2019():
    found = answer("lightweight2019")
    rows = {row["name"]: row for row in found["rows"]}
    for claim in found["claims"]:
        agree(claim["accuracy"], gain(rows[claim["rival"]], rows[OWN]))


def test_the_papers_modification():
    found = answer("paper_figures")
    panels = {panel["name"]: panel for panel in found["panels"]}
    agree(found["modification"], gain(panels["SAVEE before"], panels["SAVEE after"]))


def test_what_a_choice_flatters():
    found = answer("regularization")
    agree(found["choice"], regularization.choose([cell["by_actor"] for cell in found["cells"]]))


@pytest.mark.parametrize(
    "name, rows",
    [
        ("split", "rows"),
        ("nano", "rows"),
        ("lightweight2019", "rows"),
        ("before_networks", "rows"),
        ("regularization", "cells"),
    ],
)
def test_the_accuracies_with_their_intervals(name, rows):
    for row in answer(name)[rows]:
        predicted, actors = [], []
        for actor, (right, every) in row["by_actor"].items():
            predicted += [1] * right + [0] * (every - right)
            actors += [actor] * every
        agree(row["accuracy"], metrics.interval(np.ones(len(predicted), int), np.array(predicted), actors, 2))


@pytest.mark.parametrize("name", ["overfitting_tools", "number_of_people"])
def test_what_the_records_of_followed_trainings_say(name):
    agree(answer(name), studies.module(name).answer("class", progress=False))


def shares_by_person(counts):
    """Rows with these counts by actor: 1 where the answer is right; and whose each row is."""
    right = np.concatenate([np.arange(asked) < good for good, asked in counts.values()]).astype(int)
    return right, np.repeat(list(counts), [asked for _, asked in counts.values()])


def test_the_intervals_of_compression_are_those_of_five_people():
    """Widened, as those of few people are: unwidened, int8 seemed to read more than float32."""
    found = answer("compression")
    networks = found["networks"]
    for row in found["rows"]:
        if row["quantize"] is not None:  # whose counts by actor are not stored
            continue
        right, people = shares_by_person(networks[row["network"]]["by_actor"])
        truth = np.ones(len(right), int)
        ends = metrics.interval(truth, right, people, 2)
        assert [row[f"accuracy{end}"] for end in ("", "_low", "_high")] == pytest.approx(
            [ends[key] for key in ("value", "low", "high")], abs=1e-12
        )
        before, _ = shares_by_person(networks[row["reference"].removesuffix(", keras")]["by_actor"])
        ends = metrics.paired_difference(truth, before, right, people)
        assert [row[f"change{end}"] for end in ("", "_low", "_high")] == pytest.approx(
            [ends[key] for key in ("value", "low", "high")], abs=1e-12
        )
    quantised = [row for row in found["rows"] if row["quantize"] in ("int8", "dynamic")]
    assert quantised and all(row["change_low"] <= 0 for row in quantised), "eight bits improve nothing here"
