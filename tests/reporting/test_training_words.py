"""Sentences that a training's numbers choose: each of the written ones is chosen by numbers that call for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.reporting import training_words as words


def history(loss, validation):
    return {"loss": loss, "validation_loss": validation}


@pytest.mark.parametrize(
    "loss, validation, title, advice",
    [
        ([2.0], [2.1], "One epoch", "more epochs before"),
        ([2.0, 1.9, 2.1], [2.1, 2.0, 2.2], "does not fall: nothing", "another learning rate"),
        ([2.0, 1.5, 1.0], [2.1, 1.8, 1.6], "Both losses still fall", "More epochs may help"),
        ([2.0, 1.5, 1.0], [2.1, 1.8, 1.9], "validation loss to epoch 2", "lowest after epoch 2"),
        ([2.0, 1.5, 1.0], [2.1, 2.3, 2.9], "the validation loss does not", "overfitting"),
    ],
)
def test_curves(loss, validation, title, advice):
    assert title in words.curves_title(history(loss, validation))
    assert advice in words.curves_advice(history(loss, validation))


def test_the_largest_confusion_is_a_share_of_its_row():
    counts = np.array([[8, 2, 0], [30, 60, 10], [1, 3, 0]])
    assert words.confusion_title(counts, ["calm", "happy", "sad"]) == "Sad is taken for happy most often"
    assert words.confusion_title(np.diag([3, 0, 2]), ["calm", "happy", "sad"]) == "No label is taken for another"


def test_a_smile():
    right = words.smile_read({"happy": 0.6, "calm": 0.4}, 0.345)
    assert "is right" in right and "34.5 %" in right
    wrong = words.smile_read(pd.Series({"happy": 0.21, "calm": 0.79}), 0.5)
    assert "**wrong**" in wrong and "0.21" in wrong and "*calm*" in wrong
    with pytest.raises(FerError, match="happy"):
        words.smile_read({"calm": 1.0}, 0.5)


def arm(name, *living, right=0.5, woken=0):
    return {
        "name": name,
        "units": 16,
        "trainings": [
            {"living": one, "right": [0.1, right + n / 10], "woken": [0, woken]} for n, one in enumerate(living)
        ],
    }


def test_an_arm_in_a_sentence():
    rows = [arm("a", [9, 4], [9, 0], [9, 6]), arm("b", [9, 0], [9, 0]), arm("c", [9, 3])]
    assert words.living_sentences({"rows": rows}) == [
        "*a*: in 2 of 3 trainings the layer ends with a living unit (4 to 6 of 16); "
        "read right: 50 to 70 % of the training faces.",
        "*b*: in 0 of 2 trainings the layer ends with a living unit.",
        "*c*: in 1 of 1 trainings the layer ends with a living unit (3 of 16); read right: 50 % of the training faces.",
    ]
    assert words.living_title({"rows": rows}, "b", "c") == "Alive at the end: b 0 of 2, c 1 of 1"


def test_whether_the_dead_come_back():
    assert "No layer was without" in words.revival({"rows": [arm("a", [9, 4])]})
    stayed = words.revival({"rows": [arm("a", [9, 0, 0], [9, 3, 1])]})
    assert stayed.startswith("Of 1 layers") and "none had one again later. No single unit" in stayed
    back = words.revival({"rows": [arm("a", [9, 0, 2], [9, 0, 0], woken=2)]})
    assert "Of 2 layers" in back and "1 had one again" in back and "4 times" in back


LIVES, DIES = [9, 1], [9, 0]


@pytest.mark.parametrize(
    "plain, slow, text",
    [
        ([DIES] * 3, [LIVES] * 3, "helped here: 3 of 3"),
        ([DIES] * 3, [LIVES, LIVES, DIES], "helped here: 2 of 3"),
        ([LIVES] * 3, [DIES] * 3, "did harm here: 0 of 3"),
        ([DIES] * 3, [LIVES, DIES, DIES], "hardly a difference here: 1 of 3"),
        ([LIVES] * 3, [LIVES] * 3, "hardly a difference"),
    ],
)
def test_a_lower_rate(plain, slow, text):
    said = words.slower_rate({"rows": [arm("a", *plain), arm("s", *slow)]}, "a", "s")
    assert text in said and "3 seeds" in said


@pytest.mark.parametrize(
    "plain, other, conditioned, text",
    [
        (DIES, DIES, DIES, "In no variant"),
        (DIES, LIVES, LIVES, "training: *o*, *c*. So the architecture alone"),
        (DIES, DIES, LIVES, "training: *c*. No other variant"),
        (LIVES, LIVES, LIVES, "as described did not die"),
    ],
)
def test_in_which_arms_every_layer_lives(plain, other, conditioned, text):
    rows = [arm("a", LIVES, plain), arm("o", LIVES, other), arm("c", LIVES, conditioned)]
    assert text in words.combination({"rows": rows}, "a", "c")


def test_the_recipe_and_the_papers_curves():
    rows = [
        {"network": network, "left": left, "trainings": [None] * 5}
        for network, left in (("recipe", 5), ("plain", 1), ("recipe", 4), ("plain", 0))
    ]
    assert words.recipe_title({"rows": rows}) == (
        "Conditioned, 9 of 10 trainings leave chance level; as described, 1 of 10"
    )
    ends = {
        "A": [
            {"accuracy": [0.1, 0.9], "test_accuracy": [0.2, 0.8]},
            {"accuracy": [0.1, 0.8], "test_accuracy": [0.2, 0.9]},
        ],
        "B": [{"accuracy": [0.7], "test_accuracy": [0.8]}],
    }
    assert words.test_ends_title(ends) == "Test accuracy by frame: A 85 %, B 80 %"
    assert words.curves_part(ends).startswith(
        "A: training 85.0 %, test 85.0 %, the curves hardly part. B: training 70.0 %, test 80.0 %, the curves hardly"
    )
    ends["B"][0]["test_accuracy"] = [0.6]
    said = words.curves_part(ends)
    assert "A: training 85.0 %, test 85.0 %, the curves hardly part. " in said
    assert "B: training 70.0 %, test 60.0 %, the curves part. " in said
