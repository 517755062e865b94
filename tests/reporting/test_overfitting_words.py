"""Which of chapter 5's sentences holds is decided by the numbers, also by those that are not in today's answers."""

from __future__ import annotations

import overfitting_answers as answers
import pytest

from fer_utils import studies
from fer_utils.core.errors import FerError
from fer_utils.reporting import overfitting


def test_a_fit_overfits_or_not_yet():
    assert "**That is overfitting**" in overfitting.fit_verdict(answers.history((2.0, 1.5, 1.9)))
    assert "lowest in epoch 2, 1.50, and ends at 1.90" in overfitting.fit_verdict(answers.history((2.0, 1.5, 1.9)))
    assert "no overfitting" in overfitting.fit_verdict(answers.history((2.0, 1.5, 1.57)))
    assert "**That is overfitting**" in overfitting.fit_verdict(answers.history((2.0, 1.5, 1.58)))


@pytest.mark.parametrize(
    "stopped, last, said",
    [
        ((1.0, 0.5), (2.0, 0.4), "no fewer"),
        ((1.0, 0.4), (2.0, 0.5), "**but fewer labels are right**"),
        ((2.0, 0.5), (2.0, 0.5), "nothing to go back to"),
        ((2.0, 0.5), (1.0, 0.5), "no lower loss"),
        ((2.0, 0.4), (1.0, 0.5), "no better for strangers"),
    ],
)
def test_going_back_may_help_the_loss_and_cost_labels(stopped, last, said):
    assert said in overfitting.stop_verdict(stopped, last)


def test_tools_are_sorted_by_what_is_shown():
    words = overfitting.tools_verdict(answers.tools())
    helped, hurt, open_ = words.index("dropout"), words.index("all together"), words.index("early stopping")
    assert helped < words.index("Shown to hurt") < hurt < words.index("Not told apart") < open_
    assert "No tool is shown to help" in overfitting.tools_verdict(answers.tools({"none": 0.5, "L1": 0.5}))


def test_a_lower_loss_is_said_where_it_is_shown():
    made = answers.tools(losses={"none": 3.0, "dropout": 1.5, "early stopping": 3.5})
    words = overfitting.losses_verdict(made)
    assert "ends at 3.00" in words and "dropout (-1.50" in words and "early stopping" not in words
    same = answers.tools({"none": 0.5, "L1": 0.5}, losses={"none": 3.0, "L1": 3.0})
    assert "With no tool is the whole interval below zero" in overfitting.losses_verdict(same)


def test_tools_that_were_cut_off_are_named():
    assert "nearly" in overfitting.steps_verdict(answers.tools())
    assert "**dropout**" in overfitting.steps_verdict(answers.tools(enough={"dropout": False}))


@pytest.mark.parametrize(
    "share, loss, moral",
    [
        (0.60, 1.5, "helps both"),
        (0.40, 1.5, "need not be at the same step"),
        (0.50, 1.5, "no change is shown"),
        (0.50, 2.5, "helps neither"),
        (0.60, 2.5, "but not the loss"),
    ],
)
def test_early_stopping_is_judged_by_loss_and_labels(share, loss, moral):
    made = answers.tools({"none": 0.5, "early stopping": share}, losses={"none": 2.0, "early stopping": loss})
    assert moral in overfitting.stopping_verdict(made)


def test_people_count_or_pictures_do():
    assert "From 3 to 12 people" in overfitting.people_verdict(answers.people())
    for more, same, moral in [
        ((0.2, 0.4), (0.25, 0.5), "the people help more"),
        ((0.2, 0.4), (0.40, 0.5), "the pictures help more"),
        ((0.2, 0.4), (0.5, 0.5), "is not shown"),
        ((0.2, 0.4), (0.5, 0.3), "more pictures of each person"),
    ]:
        assert moral in overfitting.pictures_verdict(answers.people(more=more, same=same))


def panels(before, after):
    return {
        "panels": [
            {"name": "SAVEE before", "accuracies": before, "seeds": list(range(len(before)))},
            {"name": "SAVEE after", "accuracies": after, "seeds": list(range(len(after)))},
        ],
        "modification": {"gap_before": 0.05, "gap_after": 0.02},
    }


@pytest.mark.parametrize(
    "before, after, moral",
    [
        ([0.5, 0.5, 0.5], [0.6, 0.61, 0.59], "helps here"),
        ([0.6, 0.61, 0.59], [0.5, 0.5, 0.5], "hurts here"),
        ([0.5, 0.5, 0.5], [0.6, 0.4, 0.52], "do not show"),
        ([0.5], [0.6], "One seed"),
    ],
)
def test_the_modification_is_judged_over_seeds(before, after, moral):
    assert moral in overfitting.modification_verdict(panels(before, after))


def test_trainings_of_other_seeds_are_not_set_against_each_other():
    with pytest.raises(FerError, match="same seeds"):
        overfitting.seed_differences(panels([0.5, 0.5], [0.6]))


def test_a_cell_that_learned_less_is_no_evidence():
    assert "learned less" in overfitting.sweep_verdict(answers.sweep())
    assert "can be compared" in overfitting.sweep_verdict(answers.sweep(known=(0.8, 0.65)))
    assert "learned less" in overfitting.sweep_verdict(answers.sweep(known=(0.8, 0.63)))
    assert "of 4 cells scores 56.7 %" in overfitting.choice_verdict(answers.sweep())


def test_the_stored_answers_have_what_the_sentences_need():
    assert "points" in overfitting.modification_verdict(studies.load("paper_figures", "class").answer)
    assert "cells" in overfitting.choice_verdict(studies.load("regularization", "class").answer)
    men = overfitting.men_accuracies(studies.load("nano_savee", "class").answer)
    assert list(men) == ["DC", "JE", "JK", "KL", "mean"] and men["mean"]["groups"] == 4


@pytest.mark.parametrize("last, said", [(0.45, True), (0.35, False)])
def test_overfitting_does_not_promise_what_becomes_of_the_accuracy(last, said):
    history = {"accuracy": [0.5, 0.7, 0.9], "val_accuracy": [0.3, 0.4, last], "val_loss": [1.5, 1.2, 1.9]}
    told = overfitting.fit_verdict(history)
    assert "**That is overfitting**" in told and ("although more validation faces" in told) == said
