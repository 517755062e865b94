"""The answer of one protocol in tables and sentences: what a reader is told follows from the verdicts alone."""

from __future__ import annotations

import pytest

from fer_utils import studies
from fer_utils.reporting.protocol_tables import (
    comparison_in_words,
    comparisons_of,
    comparisons_table,
    divisions,
    divisions_in_words,
    first_limit_in_words,
    methods_table,
    non_inferior,
    non_inferiority_in_words,
    non_inferiority_table,
    photographs_in_words,
    result_in_words,
    rule_in_words,
    rule_met,
    simple_against_networks,
    simple_in_words,
    simple_table,
    size_in_words,
    strangers,
)


def a_row(name: str, value: float, **changes) -> dict:
    accuracy = {"value": value, "low": value - 0.05, "high": value + 0.05}
    given = {"name": name, "network": name, "by": "actor", "size": 80, "parameters": 10, "macs": 2_500_000}
    return given | {"accuracy": accuracy, "train_accuracy": 0.9, "trainings": 15, "converged": 14} | changes


def a_comparison(verdict: str, first: str = "net", second: str = "HOG", value: float = 0.04) -> dict:
    ends = {"low": value - 0.03, "high": value + 0.03}
    return {"first": first, "second": second, "value": value, "p_holm": 0.02, "verdict": verdict} | ends


def an_answer(*comparisons: dict) -> dict:
    simple = a_row("HOG", 0.68, network=None, macs=None, size=None)
    shuffled = a_row("net, frames at random", 0.9, by="frame")
    return {"rows": [a_row("net", 0.62), simple, shuffled, a_row("other", 0.6)], "comparisons": list(comparisons)}


def test_methods_stand_by_accuracy_and_divided_frames_do_not_stand_among_them():
    table = methods_table(an_answer())
    assert table["method"].tolist() == ["HOG", "net", "other"]
    assert table["face"].tolist() == [180, 80, 80] and table["operations"].iloc[1] == 2.5
    assert table["operations"].isna().tolist() == [True, False, False]
    first = table.iloc[0]
    assert (first["accuracy"], first["low"], first["high"]) == pytest.approx((68, 63, 73))
    assert (first["training faces"], first["trainings"], first["converged"]) == (90, 15, 14)


def test_comparisons_are_in_points():
    table = comparisons_table(an_answer(a_comparison("higher")))
    first, second, points, low, high, p, verdict = table.iloc[0]
    assert (first, second, p, verdict) == ("net", "HOG", 0.02, "higher")
    assert (points, low, high) == pytest.approx((4, 1, 7))
    assert comparisons_table(an_answer()).columns.tolist() == [*table.columns]


@pytest.mark.parametrize(
    "row, words",
    [
        (a_comparison("higher"), "**net** reads 4.0 points more than **HOG** (95 % interval +1.0 to +7.0; p = 0.020"),
        (a_comparison("lower", value=-0.04), "**net** reads 4.0 points fewer than **HOG** (95 % interval -7.0 to -1.0"),
        (a_comparison("not told apart", value=0.0), "**net** and **HOG** are not told apart: +0.0 points"),
        (a_comparison("no verdict"), "no verdict, because not every training of the two has converged"),
        (a_comparison("higher") | {"p_holm": 0.00095}, "p below 0.001 after Holm"),
        (a_comparison("higher") | {"p_holm": 0.00105}, "p = 0.001 after Holm"),
    ],
)
def test_a_comparison_in_words(row, words):
    assert words in comparison_in_words(row)


@pytest.mark.parametrize(
    "comparisons, words",
    [
        ([("lower", "net")], "The simple method is ahead: net against HOG."),
        ([("lower", "net"), ("not told apart", "other")], "The simple method is ahead: net against HOG."),
        ([("higher", "net")], "The networks are ahead: net against HOG."),
        (
            [("higher", "net"), ("lower", "other")],
            "Networks are ahead in some comparisons: net against HOG. They are behind in others: other against HOG.",
        ),
        (
            [("higher", "net"), ("not told apart", "other")],
            "Ahead of a simple method: net against HOG. Not told apart: other",
        ),
        ([("not told apart", "net")], "nor behind it: net against HOG."),
        ([("no verdict", "net")], "too few trainings have converged"),
        ([], "too few trainings have converged"),
    ],
)
def test_the_moral_follows_from_the_verdicts(comparisons, words):
    made = [a_comparison(verdict, first) for verdict, first in comparisons]
    assert words in simple_against_networks(an_answer(*made))


def test_a_chapter_may_ask_for_some_of_the_networks():
    answer = an_answer(a_comparison("higher", "net"), a_comparison("not told apart", "other"))
    said = simple_against_networks(answer, of=["other"])
    assert said.startswith("None of these networks is") and said.endswith("nor behind it: other against HOG.")
    assert "too few" in simple_against_networks(answer, of=["another"])


def test_networks_among_themselves_and_simple_methods_among_themselves_decide_nothing():
    answer = an_answer(a_comparison("higher", "net", "other"), a_comparison("lower", "HOG", "HOG"))
    assert "too few" in simple_against_networks(answer)


def divided(*values: tuple[str, float, float, float]) -> dict:
    rows = []
    for name, apart, frames, twins in values:
        rows.append(a_row(name, apart))
        rows.append(a_row(f"{name}, frames at random", frames, by="frame"))
        rows.append(a_row(f"{name}, frames at random, twins", twins, by="frame"))
    return {"rows": [*rows, a_row("asked once", 0.9)], "comparisons": []}


def test_a_method_is_set_beside_itself_under_other_divisions():
    found = divisions(divided(("net", 0.5, 0.7, 0.8), ("HOG", 0.6, 0.75, 0.95)))
    assert list(found) == ["HOG", "net"], "the best on strangers first; who was asked once is not there"
    values = {words: one["value"] for words, one in found["HOG"].items()}
    assert values == {"frames at random, every clip twice": 0.95, "frames at random": 0.75, "strangers": 0.6}


def test_what_the_division_adds_and_whether_the_order_stays():
    same = divisions_in_words(divided(("net", 0.5, 0.7, 0.8), ("HOG", 0.6, 0.75, 0.95)))
    assert "With *frames at random* the accuracy is 15 to 20 points higher" in same
    assert "*frames at random, every clip twice* the accuracy is 30 to 35 points" in same
    assert "asked with every clip twice, HOG reads most strangers and most there: 95.0 %." in same
    other = divisions_in_words(divided(("net", 0.5, 0.7, 0.99), ("HOG", 0.6, 0.75, 0.95)))
    assert "the best there, net with 99.0 %, is number 2 of these 2 on strangers" in other
    assert "No method" in divisions_in_words({"rows": [a_row("asked once", 0.9)], "comparisons": []})


def test_a_division_that_nobody_has_asked_yet_is_left_out():
    answer = divided(("net", 0.5, 0.7, 0.8))
    answer["rows"] = [row for row in answer["rows"] if not row["name"].endswith("twins")]
    assert list(divisions(answer)["net"]) == ["frames at random", "strangers"]
    assert "twice" not in divisions_in_words(answer)


@pytest.mark.parametrize(
    "value, low, verdict, shown, met",
    [
        (0.002, -0.009, "not told apart", True, True),
        (0.002, -0.0101, "not told apart", False, False),
        (-0.001, -0.009, "not told apart", True, False),
        (0.04, 0.01, "higher", True, True),
        (0.04, 0.01, "no verdict", None, None),
    ],
)
def test_non_inferiority_is_the_interval_and_the_rule_wants_a_mean_above_zero_besides(value, low, verdict, shown, met):
    row = {"value": value, "low": low, "verdict": verdict}
    assert (non_inferior(row), rule_met(row)) == (shown, met)


def test_non_inferiority_has_the_margin_it_is_given():
    row = {"value": 0.0, "low": -0.03, "verdict": "not told apart"}
    assert non_inferior(row, 0.04) and not non_inferior(row, 0.02)


GOOD, BAD = a_comparison("higher", second="one"), a_comparison("lower", second="two", value=-0.04)
OPEN = a_comparison("no verdict", second="three")
EVEN = a_comparison("not told apart", second="four", value=0.01)
BEHIND = a_comparison("not told apart", second="five", value=-0.01)


def test_non_inferiority_is_counted_against_the_rivals_that_can_be_judged():
    answer = an_answer(GOOD, BAD, OPEN, a_comparison("higher", first="other"))
    assert [row["second"] for row in comparisons_of(answer, "net")] == ["one", "two", "three"]
    assert non_inferiority_in_words(answer, "net") == "Non-inferiority of net is shown against 1 of 2 rivals"
    assert non_inferiority_in_words(an_answer(BAD), "net") == "Non-inferiority of net is shown against none of 1 rivals"
    assert "too few trainings have converged" in non_inferiority_in_words(an_answer(OPEN), "net")


def test_the_table_of_non_inferiority_says_both_questions():
    table = non_inferiority_table(an_answer(GOOD, BAD, OPEN), "net")
    assert table["net minus"].tolist() == ["one", "two", "three"]
    assert table["points"].tolist() == ["+4.0", "-4.0", "+4.0"] and table["95 % interval"][0] == "+1.0 to +7.0"
    assert table["non-inferior"].tolist() == ["yes", "not shown", "no verdict"]
    assert table["mean above 0"].tolist() == ["yes", "no", "yes"] and table["p, Holm"][0] == "0.020"
    for p, said in ((0.00095, "below 0.001"), (0.00105, "0.001")):
        assert non_inferiority_table(an_answer(GOOD | {"p_holm": p}), "net")["p, Holm"][0] == said


@pytest.mark.parametrize(
    "made, words",
    [
        ([GOOD], "The rule is met against every rival"),
        ([GOOD, BAD, EVEN], "even shown to read fewer faces than two."),
        ([BEHIND], "no more faces than any rival"),
        ([GOOD, EVEN], "not shown either that `net` reads fewer"),
        ([OPEN], "cannot be judged yet"),
    ],
)
def test_the_moral_of_the_rule_follows_from_the_comparisons(made, words):
    assert words in rule_in_words(an_answer(*made), "net")


def with_hog(*comparisons: dict, parameters: int = 90) -> dict:
    answer = an_answer(*comparisons) | {"people": 24}
    answer["rows"] = [row | {"features": "", "twins": False} for row in answer["rows"]]
    answer["rows"][1] |= {"features": "HOG", "parameters": parameters, "macs": 5_000_000}
    answer["rows"].append(answer["rows"][1] | {"name": "HOG, frames at random", "by": "frame"})
    return answer


def test_the_result_lists_every_rival_with_its_parameters():
    said = result_in_words(with_hog(a_comparison("lower")), "net")
    assert "`net` reads 62.0 % of the faces of 24 people" in said and "with 10 parameters" in said
    assert said.endswith("- HOG: 68.0 % with 90 parameters")


def test_strangers_are_compared_with_strangers():
    answer = with_hog(a_comparison("lower"))
    assert [row["name"] for row in strangers(answer, "HOG")] == ["HOG"]
    table = simple_table(answer, "net")
    assert table["method"].tolist() == ["net", "HOG"] and table["face, px"].tolist() == [80, 180]
    assert table.iloc[1, 3:].tolist() == ["9.0", "2.0"]


@pytest.mark.parametrize(
    "verdict, parameters, words",
    [
        ("lower", 90, ["ahead of none of the 1", "keeps 9 times as many"]),
        ("higher", 5, ["of 1 of the 1", "not smaller"]),
    ],
)
def test_what_a_network_has_that_hog_has_not(verdict, parameters, words):
    said = " ".join(simple_in_words(with_hog(a_comparison(verdict), parameters=parameters), "net"))
    assert "**HOG**, reads 68.0 %" in said and all(word in said for word in words)
    assert "points fewer than **HOG** (95" in said or "points more than **HOG** (95" in said, "by how much"
    assert "On faces of its size" not in said, "HOG has larger faces"


def test_who_counts_only_by_the_lowered_limit_is_named():
    def row(name, read, network="net", witness=True):
        return {"name": name, "network": network, "train_accuracy": read, "witness": witness}

    rows = [row("a", 0.86), row("b", 0.9), row("HOG", 0.76, network=None), row("c", 0.7, witness=False)]
    said = first_limit_in_words({"rows": rows})
    assert said.endswith("these would have no verdict either: a (86.0 %).") and "90 % of the training faces" in said
    assert first_limit_in_words({"rows": rows[1:]}).endswith("every verdict would stand.")
    stored = first_limit_in_words(studies.load("one_protocol").answer)
    assert "nano (85.8 %)" in stored and "ding2023 (86.2 %)" in stored


def test_simple_methods_on_faces_of_the_same_size_are_named():
    answer = with_hog(a_comparison("lower"))
    answer["rows"].append(answer["rows"][1] | {"name": "HOG, 80 px", "size": 80})
    assert "On faces of its size, 80 pixels: HOG, 80 px 68.0 %." in simple_in_words(answer, "net")


def test_a_budget_is_kept_or_not_at_the_size_that_was_tested():
    answer = an_answer()
    answer["rows"][3] |= {"parameters": 80, "macs": 50_000_000}
    said = size_in_words(answer, "net", "other", budget=0.1)
    assert said.startswith(
        "On faces of 80 pixels, on which it was tested, `net` has 12.5 % of the parameters of `other`"
    )
    assert "5.0 % of its multiply-accumulates. That is more than 10 % of the parameters" in said
    answer["rows"][3]["parameters"] = 100
    assert size_in_words(answer, "net", "other", budget=0.1).endswith("multiply-accumulates.")


def test_photographs_have_the_verdicts_that_holm_leaves_and_only_where_all_trainings_have_converged():
    def row(value, verdict, first="net"):
        ends = {"low": value - 0.01, "high": value + 0.01, "groups": 3589, "p_holm": 0.01, "verdict": verdict}
        return {"first": first, "second": "HOG", "value": value} | ends

    given = [row(-0.09, "lower"), row(0.05, "higher"), row(0.02, "not told apart"), row(0.3, "higher", first="other")]
    answer = {"comparisons": [*given, row(0.2, "no verdict")]}
    fewer, more, neither, number = photographs_in_words(answer, "net")
    assert number == "The intervals are over 3,589 pictures. Holm corrects for all 5 comparisons."
    assert fewer == "**net** reads 9.0 points fewer than **HOG** (95 % interval -10.0 to -8.0; p = 0.010 after Holm)."
    assert "5.0 points more than" in more and "not told apart: +2.0 points" in neither
    net = {"name": "net", "network": "net", "witness": True, "train_accuracy": 0.53}
    rows = [net, net | {"name": "well read", "train_accuracy": 0.8}, net | {"name": "HOG", "network": None}]
    last = photographs_in_words(answer | {"rows": rows}, "net")[-1]
    assert "read few: net 53 %. By the limit of the drawn faces' protocol, 75 %" in last
    assert photographs_in_words({"comparisons": []}, "net") == [
        "No comparison of net has trainings that have all converged."
    ]
