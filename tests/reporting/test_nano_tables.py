"""The stored studies of nano in words: what is said follows from the numbers alone."""

from __future__ import annotations

import pytest

from fer_utils import studies
from fer_utils.reporting import nano_tables

PEOPLE = [f"{number:02}" for number in range(12)]


def a_row(name: str, right: int, *, spread: int = 2, **more) -> dict:
    """A network that reads ``right`` of 100 faces of each of twelve people, give or take ``spread``."""
    hits = {who: [right + spread * (-1) ** number, 100] for number, who in enumerate(PEOPLE)}
    return {
        "name": name,
        "dataset": "ravdess",
        "by_actor": hits,
        "accuracy": {"value": right / 100},
        "chance": 0.15,
        "parameters": 1000,
        "train_accuracy": 0.6,
    } | more


def apart(value: float, half: float = 0.02) -> dict:
    return {"value": value, "low": value - half, "high": value + half, "groups": 12}


def a_change(change: str, right: int, half: float = 0.02, spread: int = 2, **more) -> dict:
    """A change of a network that reads 60 of 100 faces."""
    row = a_row("nano", right, spread=spread, **more)
    return row | {"change": change, "against": apart(right / 100 - 0.6, half)}


PAPERS = "the paper's network, this recipe"
FULL = "full in place of separable convolutions"
ABLATION = {
    "epochs": 6,
    "rows": [a_row("ding2023", 50), a_row("nano", 60)],
    "ablation": [
        a_change(PAPERS, 48),
        a_change(FULL, 70, parameters=90_000),
        a_change("no normalisation", 15),
        a_change("mean in place of weighted pooling", 55),
        a_change("pictures not mirrored", 60, spread=-5),
        a_change("taught by the paper's network", 57),
        a_change("taught by a wide one", 61),
    ],
}


def test_a_few_people_have_a_wide_interval():
    wide = nano_tables.early_table(studies.load("nano_savee").answer)
    narrow = nano_tables.early_table(studies.load("nano").answer)
    assert wide["people"].tolist() == [4, 4] and set(narrow["people"]) == {24, 30}

    def width(text):
        low, high = map(float, text.split(" to "))
        return high - low

    assert width(wide["95 % interval"][0]) > width(narrow["95 % interval"][0])


@pytest.mark.parametrize(
    "verdict, words", [("higher", "The lead lasted."), ("lower", "did not last"), ("no verdict", "no verdict")]
)
def test_whether_a_lead_lasted_the_protocol_decides(verdict, words):
    answer = {"epochs": 6, "differences": [{"name": "nano", "dataset": "ravdess"} | apart(0.089)]}
    protocol = {"comparisons": [{"first": "nano", "second": "ding2023", "value": 0.002, "verdict": verdict}]}
    said = nano_tables.early_in_words(answer, protocol)
    assert "+8.9 points" in said and "after 6 epochs" in said and "+0.2 points" in said and words in said


@pytest.mark.parametrize(
    "taught, words",
    [
        (apart(0.05), "Shown to help: full convolutions."),
        (apart(0.0), "None of 3 teachers is shown to help."),
        (apart(-0.05), "Shown to harm: ding2023, full convolutions."),
    ],
)
def test_which_teacher_helped_the_intervals_decide(taught, words):
    lessons = {"taught": taught, "teacher": apart(0.03)}
    rows = nano_tables.distillation_rows(ABLATION, lessons)
    assert [*rows] == ["teacher: ding2023", "teacher: a wider nano", "teacher: full convolutions"]
    said = nano_tables.distillation_in_words(ABLATION, lessons)
    assert words in said and "+10.0 points" in said[-2] and "+3.0 points" in said[-2]
    assert "regression to the mean" in said[-1]
    assert "regression" not in " ".join(nano_tables.distillation_in_words(ABLATION, lessons | {"teacher": apart(0.2)}))


@pytest.mark.parametrize(
    "difference, words",
    [
        (apart(0.05), "the lesson helped"),
        (apart(-0.05), "the lesson did harm"),
        (apart(0.01), "not told apart"),
        ({"value": 0.1, "groups": 1}, "One person tests here"),
    ],
)
def test_one_lesson_is_no_verdict(difference, words):
    said = nano_tables.lesson_in_words(0.5, 0.55, 0.6, difference)
    assert "teacher is right for 60.0 %" in said and "alone for 50.0 %" in said and words in said
    assert ("are no verdict" in said) == ("low" in difference)


def files(kb: float, agreement: float) -> dict:
    kinds = {"float32": {"bytes": 112_000, "unseen_agreement": 1.0}}
    kinds["int8"] = {"bytes": int(1000 * kb), "unseen_agreement": agreement}
    return {"weights": {"nano": {"parameters": 26_000, "files": kinds}}}


def test_files_keep_the_limit_or_do_not():
    table = nano_tables.files_table(files(55, 0.96))
    assert table["kB"].tolist() == ["112.0", "55.0"] and table["same label as Keras"].tolist() == ["100.0 %", "96.0 %"]
    assert "within the limit" in nano_tables.files_in_words(files(55, 0.96))[0]
    assert "above the limit" in nano_tables.files_in_words(files(65, 0.96))[0]
    assert "2.1 bytes a parameter" in nano_tables.files_in_words(files(55, 0.96))[1]
    assert [len(nano_tables.files_in_words(files(kb, 0.96))) for kb in (26, 28.5, 28.7)] == [2, 2, 3]
    assert "above the limit" in nano_tables.files_in_words(files(64.001, 0.96))[0]
    assert "within the limit" in nano_tables.files_in_words(files(64, 0.96))[0]
    assert "on 4.0 %" in nano_tables.files_in_words(files(55, 0.96))[-1]
