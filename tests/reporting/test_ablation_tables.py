"""The ablation of nano in words: what is said follows from the numbers alone."""

from __future__ import annotations

import pytest

from fer_utils import studies
from fer_utils.reporting import ablation_tables


def apart(value: float, verdict: str = "not told apart", half: float = 0.02, p: float = 0.5) -> dict:
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "groups": 24,
        "p_holm": p,
        "verdict": verdict,
    }


def a_change(name: str, accuracy: float, *, parameters: int = 900, converged: int = 5, train: float = 0.9) -> dict:
    return {
        "name": name,
        "accuracy": {"value": accuracy},
        "parameters": parameters,
        "train_accuracy": train,
        "converged": converged,
        "trainings": 5,
        "all_converged": converged == 5,
    }


@pytest.fixture
def answer() -> dict:
    return {
        "nano": a_change("nano", 0.60, parameters=1000),
        "rows": [
            a_change("no mirroring", 0.59),
            a_change("no batch normalisation", 0.15, converged=2, train=0.3),
            a_change("full convolutions", 0.70, parameters=90_000),
            a_change("global average pooling", 0.50),
            a_change("no residual connections", 0.55),
        ],
        "comparisons": {
            "no mirroring": apart(-0.01),
            "no batch normalisation": apart(-0.45, "no verdict", p=0.0),
            "full convolutions": apart(0.10, "higher", p=0.0001),
            "global average pooling": apart(-0.10, "lower", p=0.002),
            "no residual connections": apart(-0.05, "lower", p=0.0314),
        },
        "seeds": [apart(-0.012), apart(0.008)],
        "missing": {},
    }


SEEDS = ["no change, second seed", "no change, third seed"]


def test_the_costliest_change_is_first_and_what_has_not_converged_is_in_the_table_alone(answer):
    rows = ablation_tables.difference_rows(answer)
    order = ["global average pooling", "no residual connections", "no mirroring", "full convolutions"]
    assert list(rows) == order + SEEDS and rows[SEEDS[1]]["value"] == 0.008
    table = ablation_tables.table(answer)
    assert table["change"].tolist() == [*order, "no batch normalisation", *SEEDS]
    assert table["points"].tolist() == ["-10.0", "-5.0", "-1.0", "+10.0", "-45.0", "-1.2", "+0.8"]
    assert table["p, Holm"].tolist()[:5] == ["0.002", "0.031", "0.500", "below 0.001", "no verdict"]
    assert table["converged"].tolist()[:5] == ["5 of 5"] * 4 + ["2 of 5"]
    assert table[["p, Holm", "own faces", "converged"]].isna().sum(axis=1).tolist() == [0] * 5 + [3] * 2
    assert table["accuracy"].tolist()[-3:] == ["15.0 %", "58.8 %", "60.8 %"]
    assert ablation_tables.title(answer) == "Global average pooling costs most: 10.0 points"
    for p, said in ((0.00095, "below 0.001"), (0.00105, "0.001")):
        answer["comparisons"]["full convolutions"]["p_holm"] = p
        assert ablation_tables.table(answer)["p, Holm"][3] == said


def test_without_a_loss_no_change_is_called_costly(answer):
    for one in answer["comparisons"].values():
        one["verdict"] = "not told apart"
    assert ablation_tables.title(answer) == "No single change is shown to cost accuracy"
    early = answer | {"missing": {"flatten, no pooling": [0, 5]}}
    assert ablation_tables.title(early) == "Judged so far: 4 of 6 changes; none is shown to cost accuracy"
    assert not any("Costs accuracy" in said for said in ablation_tables.in_words(answer, 5000))


def test_what_is_said(answer):
    lower, higher, idle, not_none, late, seeds = ablation_tables.in_words(answer, 54_213)
    assert "global average pooling (-10.0 points); no residual connections (-5.0 points)" in lower
    assert "full convolutions, by 10.0 points, with 90,000 parameters, more than the 54,213" in higher
    assert idle == "Not told apart from no change: no mirroring." and "-3.0 points" in not_none
    assert "no batch normalisation (2 of 5 trainings converged, 30.0 % of its own" in late
    assert "by -1.2 and +0.8 points" in seeds and "excludes 0" not in seeds
    assert not any("more than" in one for one in ablation_tables.in_words(answer, 90_000))


def test_an_interval_of_a_seed_that_excludes_zero_is_said(answer):
    answer["seeds"][0] = apart(-0.04)
    assert "these intervals even excludes 0" in ablation_tables.seeds_in_words(answer)


def test_what_is_not_trained_yet_is_named(answer):
    answer["missing"] = {"no mirroring": [2, 5], "flatten, no pooling": [0, 5]}
    last = ablation_tables.in_words(answer, 54_213)[-1]
    assert "no row: no mirroring (2 of 5); flatten, no pooling (0 of 5)." in last and "for the 5 changes" in last


@pytest.mark.parametrize(
    "one, words",
    [
        (
            apart(0.02, "higher", p=0.004),
            "p = 0.004 after Holm for 5 changes). What the separable ones give up was needed",
        ),
        (apart(0.02, "higher", p=0.00095), "p below 0.001 after Holm"),
        (apart(0.02, "higher", p=0.00105), "p = 0.001 after Holm"),
        (apart(0.02), "+0.0 to +4.0; p = 0.500 after Holm for 5 changes). The two are not told apart."),
        (apart(0.02, "lower"), "was not needed there."),
        (apart(0.02, "no verdict"), "+0.0 to +4.0). Not all of its trainings have converged, so there is no verdict."),
    ],
)
def test_full_convolutions_in_words(answer, one, words):
    answer["comparisons"]["full convolutions"] = one
    told = ablation_tables.full_convolutions_in_words(answer)
    assert told.startswith(
        "with full convolutions it has 90,000 parameters in place of 1,000, and reads 2.0 points more"
    )
    assert words in told
    answer["comparisons"]["full convolutions"] = apart(-0.2)
    assert "20.0 points fewer" in ablation_tables.full_convolutions_in_words(answer)


def test_a_change_that_is_not_trained_yet_is_said_to_be():
    answer = {"missing": {"full convolutions": [3, 5]}, "rows": []}
    told = ablation_tables.full_convolutions_in_words(answer)
    assert told == "with full convolutions not all folds are trained yet (3 of 5)."


def test_the_stored_answer_in_words():
    stored = studies.load("design_ablation").answer
    table = ablation_tables.table(stored)
    assert len(table) == len(stored["rows"]) + 2 and set(table["change"]) > set(stored["comparisons"])
    for said in ablation_tables.in_words(stored, 54_213):
        assert said.endswith(".")
    assert ablation_tables.full_convolutions_in_words(stored).startswith("with full")
