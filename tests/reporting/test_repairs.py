"""The study of repairs in a table and in sentences: what a reader is told follows from the verdicts alone."""

from __future__ import annotations

import pytest

from fer_utils.reporting.repairs import (
    REPAIRS,
    beside_the_audit,
    repair_plot,
    repair_table,
    repair_verdict,
    way_back,
    way_back_words,
)
from fer_utils.studies import audit_repair

NAMES = ("labels as filmed", "labels spoiled", "balanced drawing", "left out")


def an_answer(dark=(0.6, 0.4, 0.5, 0.35), verdicts=("higher", "lower", "not told apart", "higher")) -> dict:
    def measured(value: float) -> dict:
        return {"value": value, "low": value - 0.05, "high": value + 0.05, "level": 0.95, "groups": 9}

    rows = [
        {
            "name": name,
            "dark": measured(value),
            "rest": measured(0.65),
            "gap": {"gap": value - 0.65, "found": value < 0.5},
            "called": measured(0.3),
            "converged": 4,
            "experiments": [{}] * 5,
        }
        for name, value in zip(NAMES, dark, strict=True)
    ]
    pairs = [(name, group) for name in REPAIRS for group in ("dark tones", "the others")]
    comparisons = [
        {"method": name, "group": group, "value": 0.1, "low": 0.07, "high": 0.13, "p_holm": 0.0004, "verdict": verdict}
        for (name, group), verdict in zip(pairs, verdicts, strict=True)
    ]
    return {"bias": {"to": "angry"}, "rows": rows, "comparisons": comparisons}


def test_the_names_are_those_of_the_study():
    assert audit_repair.METHODS == NAMES and set(REPAIRS) < set(NAMES)
    assert (audit_repair.DARK, audit_repair.REST) == ("dark tones", "the others")


def test_a_row_for_each_way_to_train():
    table = repair_table(an_answer())
    assert table["learned from"].tolist() == list(NAMES)
    assert table["dark tones, %"].iloc[0] == "60.0 (55.0 to 65.0)"
    assert table["gap, points"].tolist() == ["-5.0", "-25.0", "-15.0", "-30.0"]
    assert table["gap found"].tolist() == ["no", "yes", "no", "yes"]
    assert table["dark, called angry"].iloc[0] == "30.0 %"
    assert table["converged"].iloc[0] == "4 of 5"


@pytest.mark.parametrize(
    ("verdicts", "said", "unsaid"),
    [
        (("higher", "not told apart", "lower", "lower"), ("**Balanced drawing** helps", "no change is shown"), "gain"),
        (("higher", "not told apart", "lower", "lower"), ("**Left out** makes it worse", "pay for it"), "is not shown"),
        (("not told apart", "higher", "higher", "lower"), ("is not shown to help", "gain, too"), "makes it worse"),
    ],
)
def test_the_verdicts_choose_the_sentences(verdicts, said, unsaid):
    words = repair_verdict(an_answer(verdicts=verdicts))
    assert all(one in words for one in said) and unsaid not in words
    assert "+10.0 points (95 % interval +7.0 to +13.0; p below 0.001 after Holm)" in words
    answer = an_answer(verdicts=verdicts)
    answer["comparisons"] = [row | {"p_holm": 0.00105} for row in answer["comparisons"]]
    assert "p = 0.001 after Holm" in repair_verdict(answer)


def test_the_way_back_is_a_share_of_what_the_bias_cost():
    assert way_back(an_answer()) == pytest.approx({"balanced drawing": 0.5, "left out": -0.25})


def test_the_figure_and_the_sentence_have_the_share_that_comes_back():
    options = repair_plot(an_answer())
    assert options["title"] == "The repairs give back -25 to 50 % of what the spoiled labels cost"
    assert options["rows"]["left out"]["dark tones"]["value"] == 0.35
    assert "balanced drawing 50 %; left out -25 %" in way_back_words(an_answer())


@pytest.mark.parametrize("found, more", [(True, True), (False, False)])
def test_another_gap_than_in_the_audit_is_explained_by_another_network(found, more):
    answer = an_answer() | {"network": "nano", "size": 80}
    first = {"model": {"name": "ding2023"}, "recipe": {"epochs": 6}}
    audit = {"verdict": {"clean": {"gap": -0.078, "found": found}}, "clean": {"experiments": [first]}}
    said = beside_the_audit(answer, audit)
    assert "`nano` on faces of 80 pixels" in said and "`ding2023`, after 6 epochs" in said
    assert "-5.0 points here, and -7.8 points there" in said and ("an audit of its own" in said) == more
