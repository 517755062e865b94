"""Each sentence of the chapter on designs stands for one outcome; the tables add up to the network."""

from __future__ import annotations

from types import SimpleNamespace

import keras
from keras import layers
import pandas as pd
import pytest

from fer_utils import models, studies
from fer_utils.core.errors import FerError
from fer_utils.reporting import designs
from fer_utils.reporting.claims import DING, FAILS, HOLDS, LIGHT, UNTESTABLE


@pytest.mark.parametrize("faster, words", [(4.0, "less than"), (7.9, "about what"), (8.7, "about what"), (9.0, "more")])
def test_speed_beside_the_count(faster, words):
    assert f"is {words}" in designs.speed_against_count(8.0, faster)


@pytest.mark.parametrize("block, words", [(200, "more expensive one: a full 3×3"), (50, "cheaper one: a full 3×3")])
def test_which_of_block_and_window_multiplies_more(block, words):
    told = designs.block_against_window(block, 100)
    assert words in told and f"{100 / block:.2f} times" in told


@pytest.fixture(scope="module")
def small():
    return models.build("mobilenet_inception2019", classes=2, input_shape=(32, 32, 1), width=0.1, features=8)


def test_kinds_and_parts_add_up_to_the_network(small):
    profile = models.profile(small)
    for table in (designs.costs_by_kind(small), designs.costs_by_part(small)):
        assert table["parameters"].sum() == profile.parameters
        assert table["multiply-accumulates"].sum() == profile.macs
    parts = designs.costs_by_part(small)
    assert list(parts["part"]) == ["Inception block", *[f"stage {k}" for k in range(1, 6)], "expand", "dense, softmax"]
    assert (
        parts["output"].iloc[0] == "16 × 16 × 8".replace(" ", "\N{NO-BREAK SPACE}") and parts["output"].iloc[-1] == "2"
    )


def test_kinds_are_told_apart_by_their_kernels():
    made = keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            layers.Conv2D(5, 1, use_bias=False),
            layers.Conv2D(2, 3, use_bias=False, padding="same"),
            layers.DepthwiseConv2D(3, use_bias=False, padding="same"),
        ]
    )
    table = designs.costs_by_kind(made)
    assert list(table.index) == ["1×1 convolution", "depthwise window", "full window"]
    assert list(table["parameters"]) == [15, 18, 90]
    assert designs.with_full_windows(made) == (15 + 90 + 36, 16 * (15 + 90 + 36))


def test_another_network_has_no_such_parts():
    with pytest.raises(FerError, match="`model`"):
        designs.costs_by_part(keras.Sequential([keras.Input((2,)), layers.Dense(1, name="other")]))


def test_the_smallest_of_some_networks():
    assert designs.smallest_title({"a": 1, "b": 2}, "a") == "a has the fewest parameters of the 2"
    assert designs.smallest_title({"a": 1, "b": 2}, "b") == "a, not b, has the fewest parameters"


@pytest.mark.parametrize(
    "parameters, words",
    [
        (5, "fewer than each rival: the result does not"),
        (15, "still fewer than b, no longer fewer than a. Against a the result depends"),
        (30, "no longer fewer than any rival: the result depends"),
    ],
)
def test_whether_the_count_depends_on_the_widths(parameters, words):
    assert words in designs.wider_in_words(parameters, {"a": 10, "b": 20}, times=2)


@pytest.mark.parametrize(
    "low, high, words",
    [
        (None, None, "since one person"),
        (-0.01, 0.05, "(95 % interval over 4 people -1.0 to +5.0). This run cannot tell"),
        (0.01, 0.03, "Here x is ahead"),
    ],
)
def test_what_a_pair_of_trainings_says(low, high, words):
    told = designs.paired_in_words({"value": 0.02, "low": low, "high": high, "groups": 4}, "x", "y")
    assert told.startswith("x minus y: +2.0 points") and words in told


def test_two_people_give_no_verdict():
    told = designs.paired_in_words({"value": -0.02, "low": -0.02, "high": -0.02, "groups": 2}, "x", "y")
    assert told == "x minus y: -2.0 points over 2 people, too few for a verdict."


def test_titles_have_the_accuracies():
    runs = {
        name: SimpleNamespace(metrics={"accuracy": {"value": value}}) for name, value in {"x": 0.5, "y": 0.25}.items()
    }
    assert designs.pair_title(runs) == "Accuracy on strangers: x 50.0 %, y 25.0 %"
    answer = {"epochs": 6, "rows": [{"accuracy": {"value": value}} for value in (0.5, 0.25, 0.75)]}
    assert designs.short_training_title(answer) == "After 6 epochs: 25.0 % to 75.0 % on strangers"


def test_the_other_network_may_be_ahead():
    told = designs.paired_in_words({"value": -0.02, "low": -0.03, "high": -0.01, "groups": 4}, "x", "y")
    assert "Here y is ahead" in told


def claims(size, accuracy):
    rows = [(DING, FAILS, "d"), (LIGHT, size, "s"), (LIGHT, accuracy, "a")]
    return pd.DataFrame(rows, columns=["paper", "verdict", "why"])


@pytest.mark.parametrize(
    "size, accuracy, both",
    [
        (HOLDS, HOLDS, "holds"),
        (HOLDS, UNTESTABLE, "not testable at this budget"),
        (HOLDS, FAILS, "does not hold"),
        (FAILS, UNTESTABLE, "does not hold"),
    ],
)
def test_the_verdicts_on_2019(size, accuracy, both):
    table = claims(size, accuracy)
    assert designs.verdict_on_both(table) == both
    verdict, why = designs.verdict_on_accuracy(table)
    assert why == "a" and verdict == ("not testable at this budget" if accuracy == UNTESTABLE else accuracy)


@pytest.mark.parametrize(
    "there, words", [((), "none of the 2"), (("a",), "for 1 of 2: a."), (("a", "b"), "all trainings of the 2")]
)
def test_what_has_converged(there, words):
    protocol = {"rows": [{"name": name, "witness": name in there} for name in "ab"]}
    assert words in designs.converged_in_words(protocol, ["a", "b"])


def test_the_stored_short_training_in_table_and_words():
    answer = studies.load("lightweight2019").answer
    table, told = designs.short_training_table(answer), designs.short_training_in_words(answer)
    assert list(table["network"]) == [row["name"] for row in answer["rows"]]
    own = answer["rows"][0]
    low, high = (f"{100 * own['accuracy'][end]:.1f}" for end in ("low", "high"))
    assert table["strangers"].iloc[0].endswith(f" % ({low} to {high})")
    assert len(told) == len(answer["rows"]) and told[-1].endswith(
        "The verdicts hold for 6 epochs; they do not decide the claim."
    )
    for line, row in zip(told, answer["rows"][1:], strict=False):
        points = 100 * (own["accuracy"]["value"] - row["accuracy"]["value"])
        assert line.startswith(f"Accuracy of 2019's network minus that of **{row['name']}**: {points:+.1f} points")
    assert "after Holm" in told[0] and "inceptionv3" in told[-1]
