"""The sentences of chapters 6 and 7: what may be said follows from the numbers."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fer_utils import metrics, studies
from fer_utils.core.errors import FerError
from fer_utils.reporting import evaluation

REAL = studies.load("real_people").answer
SPLIT, COVERAGE = studies.load("split", "class").answer, studies.load("coverage").answer
PROTOCOL = studies.load("one_protocol").answer


def share(value, half=0.05, groups=5):
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "groups": groups}


def with_model(**changes) -> dict:
    """The stored answer of `real_people` with one comparison of forest and support vectors changed."""
    answer = copy.deepcopy(REAL)
    for row in answer["models"]:
        if (row["reference"], row["first"]) == ("plain", "forest") and row["protocol"] in changes:
            row |= dict(zip(("low", "high"), changes[row["protocol"]], strict=True))
    return answer


def test_the_largest_confusion_is_a_share_of_its_row():
    matrix = np.array([[90, 10, 0], [3, 2, 5], [0, 0, 0]])
    assert evaluation.largest_confusion(matrix, ["sad", "calm", "happy"]) == (
        "Calm is taken for happy in 50 % of its faces"
    )
    assert evaluation.largest_confusion(np.eye(2), ["a", "b"]) == "No label is taken for another"


def test_whole_clips_are_counted_and_set_beside_chance():
    right = [1, 1, 0, 0, 1, 0]  # two clips whole, one not; accuracy one half
    first, second = evaluation.whole_clips(right, ["a", "a", "b", "b", "c", "c"])
    assert first.startswith("Of 3 clips, 2 are") and "about 2 would be" in second


def test_frames_are_worth_what_the_widths_say():
    found = {"frames": share(0.4, 0.02, 600), "clips": share(0.4, 0.05, 100), "actors": share(0.4, 0.10, 5)}
    said = evaluation.worth_of_frames(found)
    assert "600 frames are worth 24 independent ones" in said[0] and "rests on 5 people" in said[-1] and len(said) == 2
    wide = evaluation.worth_of_frames(found | {"clips": share(0.4, 0.2, 100)})
    assert len(wide) == 3 and "over clips is the widest" in wide[1]
    assert "not wider here" in evaluation.worth_of_frames(found | {"actors": share(0.4, 0.01)})[0]
    alone = {"value": 0.4, "low": None, "high": None, "groups": 1}
    assert "One person tests here" in evaluation.worth_of_frames(found | {"actors": alone})[0]


def test_the_coverage_is_that_of_the_study():
    said = " ".join(evaluation.coverage(COVERAGE))
    assert "holds the truth in 84 % of the cases, Student's interval in 95 %" in said
    assert "then it is 95 %" in said and "reaches 93 %, with 70 people 9" in said and "85 % for Student's" in said


@pytest.mark.parametrize("frame, said", [(0.181, "only the split differs"), (0.179, "learned too little")])
def test_two_splits_are_called_different_where_they_are(frame, said):
    assert said in evaluation.two_splits(share(frame), share(0.13))[-1]


def test_the_steps_of_the_split_are_named():
    table = evaluation.split_steps(SPLIT)
    assert table.loc[0, "from"] == "actors apart, twins out" and table.loc[0, "to"] == "clips at random, twins out"
    assert table.loc[0, ["points", "low", "high"]].round(1).tolist() == [-1.1, -6.1, 4.1]
    assert table.loc[1, "points"] == pytest.approx(26.8, abs=0.05)


def test_the_person_and_the_clip_are_told_apart():
    person, clip = evaluation.person_or_clip(SPLIT)
    assert "nothing that can be measured here: -1.1 points (-6.1 to +4.1)" in person and "+26.8 points" in clip
    answer = copy.deepcopy(SPLIT)
    answer["steps"][0] |= {"value": 0.04, "low": 0.01, "high": 0.07}
    assert "worth a little here: +4.0" in evaluation.person_or_clip(answer)[0]


def test_the_books_numbers_for_strangers_stand_side_by_side():
    table = evaluation.numbers_for_strangers(SPLIT, PROTOCOL, live=0.415)
    strangers, frames = (
        next(f"{100 * row['accuracy']['value']:.1f} %" for row in PROTOCOL["rows"] if row["name"] == name)
        for name in ("ding2023", "ding2023, frames at random")
    )
    assert table["accuracy"].tolist() == ["41.5 %", "53.9 %", strangers, "79.8 %", frames]
    assert table["tested on"].tolist()[1:] == ["strangers, five folds"] * 2 + ["frames at random"] * 2
    assert len(evaluation.numbers_for_strangers(SPLIT, PROTOCOL)) == 4


def test_real_people_under_three_protocols():
    said = " ".join(evaluation.real_split(REAL))
    assert "58.1 %" in said and "+19.9 points (+16.1 to +23.6): 78.0 %" in said and "**94.0 %**" in said
    assert "lie 10 points; between two *protocols* lie 36" in said


def test_what_was_computed_again_stands_beside_what_is_stored():
    assert evaluation.asked_again(None, "no network.", REAL).startswith("*Not computed again here: no network. What")
    said = evaluation.asked_again(
        {"rows": [row for row in REAL["rows"] if (row["model"], row["reference"]) == ("support vectors", "plain")]},
        "",
        REAL,
    )
    assert "actors apart 58.1 % (stored: 58.1 %)" in said and "twins on both sides 94.0 %" in said


def gains(exact, errors, half=0.02):
    return {"read exactly": share(exact, half), "read with errors": share(errors, half), "real people": share(0.2)}


def test_the_gain_of_knowing_a_person_is_explained_only_where_it_is_found():
    assert "the reader's error" in evaluation.gain_of_knowing(gains(0.007, 0.17))[1]
    assert "not told apart from chance" in evaluation.gain_of_knowing(gains(0.0, 0.07, half=0.13))[1]
    assert "not told apart from chance" in evaluation.gain_of_knowing(gains(0.16, 0.17))[1]


def test_what_a_twin_does():
    said = " ".join(evaluation.twin_effect(REAL))
    assert "in 81 % of the cases" in said and "right in 99.9 %" in said and "+1.1 points" in said and "+20.6" in said


def test_the_split_can_name_another_winner():
    first, second = evaluation.crowned(REAL)
    assert (
        "both sides the forest is ahead, with clips at random the support vector machine, on strangers neither" in first
    )
    assert "a winner that strangers do not confirm" in second
    agreed = with_model(twins=(0.01, 0.02), clips=(0.01, 0.02), actors=(0.01, 0.02))
    assert evaluation.crowned(agreed)[1] == "Here all three splits name the same winner."
    assert evaluation.ahead(with_model(actors=(-0.03, -0.01)), "actors") == "the forest"


@pytest.mark.parametrize("people, least, said", [(5, "0.0625", "no p can"), (6, "0.0312", "can fall below")])
def test_few_people_allow_no_small_p(people, least, said):
    assert least in evaluation.smallest_p(people) and said in evaluation.smallest_p(people)
    with pytest.raises(FerError, match="people"):
        evaluation.smallest_p(0)


def test_nine_comparisons_are_corrected_together():
    table = evaluation.paired_table(REAL)
    assert len(table) == 9 and table["protocol"].tolist()[::3] == [
        "actors apart",
        "clips at random",
        "twins on both sides",
    ]
    raw = next(
        row
        for row in REAL["models"]
        if (row["protocol"], row["reference"], row["first"]) == ("clips", "plain", "forest")
    )["p"]
    shown = table.query("protocol == 'clips at random' and against == 'forest'")["p"].item()
    assert float(shown) == pytest.approx(4 * raw, abs=0.001)  # four of the nine are larger or equal
    assert set(table["p"]) > {"below 0.001"}
    for p, said in ((0.00095, "below 0.001"), (0.00105, "0.001")):
        answer = copy.deepcopy(REAL)
        for row in answer["models"]:
            row["p"] = 1.0
        next(row for row in answer["models"] if row["reference"] == "plain" and row["protocol"] == "actors")["p"] = (
            p / 9
        )
        assert evaluation.paired_table(answer)["p"][0] == said


def test_faces_at_rest_and_what_a_reference_is_worth():
    rest = " ".join(evaluation.at_rest(REAL))
    assert "read as 1.0 *at rest*" in rest and "brows of 18 of the 24" in rest and "15 actors start below 0.05" in rest
    answer = copy.deepcopy(REAL)
    answer["profiles"][0] |= {"neutral": [0.049, 0.051, 1.0], "posed": [0.5, 0.5, 1.5]}
    assert "But 1 actors start below 0.05." in evaluation.at_rest(answer)[1]
    said = " ".join(evaluation.references(REAL))
    assert "+1.3 points (-2.6 to +5.8)" in said and "in 88 % instead of 55 %" in said and "found in 97 %" in said


def calibrated(confidence: float) -> dict:
    scores = np.tile([confidence, 1 - confidence], (40, 1))
    return metrics.calibration(np.tile([0, 1], 20), scores, np.repeat([1, 2], 20))


def test_a_network_is_called_too_sure_where_it_is():
    assert "A score is a statement" in evaluation.sureness(calibrated(0.55), calibrated(0.9))[1]
    assert "too little to be too sure" in evaluation.sureness(calibrated(0.55), calibrated(0.51))[1]
    assert "too little to be too sure" in evaluation.sureness(calibrated(0.9), calibrated(0.7))[1]
    for excess, said in ((0.019, "too little to be too sure"), (0.021, "A score is a statement")):
        assert said in evaluation.sureness({"excess": share(0.0)}, {"excess": share(excess)})[1]


def test_a_temperature_helped_or_not():
    helped = evaluation.temperature(3.0, calibrated(0.9), calibrated(0.55))
    assert helped[0].startswith("At temperatures around 3.00, ")
    assert helped[0].endswith(" error is 5.0 points; before, it was 40.0.")
    assert "No answer has changed" in helped[1]
    assert "did not help" in evaluation.temperature(0.5, calibrated(0.55), calibrated(0.9))[1]
