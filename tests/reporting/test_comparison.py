"""Chapter 9's tables and sentences: numbers beside the stored answers, and made-up answers with other numbers."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

from fer_utils import metrics, studies
from fer_utils.reporting import comparison, literature, protocol_tables
from fer_utils.reporting.small_networks import small_networks


@pytest.fixture(scope="module")
def answers():
    names = ("sizes", "one_protocol", "split", "before_networks", "paper_figures")
    return {name: studies.load(name).answer for name in names}


def test_rows_that_keep_actors_apart_stand_for_themselves():
    said = comparison.strangers_in_words(literature.reported_results("ravdess"))
    assert "The 2 rows that keep actors apart report 62.1 to 74.9 %" in said
    assert "The 5 that do not say who is in the test report 57.7 to 98.9 %" in said


def test_what_small_networks_do_not_say():
    first, second = comparison.small_networks_in_words(small_networks())
    assert first.startswith("Of 11 rows 2 ") and "79.2 % on FER2013" in second and "Goodfellow" in second


def test_counts_are_those_of_the_answer(answers):
    table = comparison.counts_table(answers["sizes"]).set_index("system")
    assert table.loc["ding2023", "parameters"] == 542_136 and "nano" not in table.index
    assert table.loc["resnet50", "parameters there, 1000 classes"] == 25_636_712
    (row,) = (row for row in answers["sizes"]["systems"] if row["name"] == "resnet50")
    ends = table.loc["resnet50", "lowest and highest block"]
    assert ends == f"{row['latency']['low']:.1f} to {row['latency']['high']:.1f}", "a speed has a spread"
    ends_of_both, first, second = comparison.parameters_and_time_in_words(table.reset_index())
    assert "the smallest is `ding2023`, and the fastest `ding2023`. The largest is `vgg16`" in ends_of_both
    assert "`mobilenet_inception2019` has 1.13 times the parameters" in first
    assert "`alexnet` has 1.4 times the parameters of `densenet161`" in second


def test_a_faster_rival_changes_the_sentence(answers):
    table = comparison.counts_table(answers["sizes"])
    table.loc[table["system"] == "vgg16", "time"] = 0.01
    assert comparison.parameters_and_time_in_words(table)[2].startswith("`vgg16` has ")
    assert "the fastest `vgg16`" in comparison.parameters_and_time_in_words(table)[0]


def test_printed_counts_and_ratios(answers):
    printed = comparison.printed_counts(answers["sizes"]).set_index("system")
    assert printed.loc["resnet50", "reproduced"] == "exactly" and "densenet161" not in printed.index
    ratios = comparison.ratios(answers["sizes"])
    assert ratios["ResNet50, 1000 classes against 8, as printed"] == pytest.approx(25_636_712 / 542_136)
    assert len(ratios) == 6
    first, _ = comparison.ratio_in_words(answers["sizes"])
    assert "25,636,712 / 542,136 = 47.288" in first and "the ratio is 43.5" in first
    assert len(comparison.counts_in_words(answers["sizes"])) == 4 + len(answers["sizes"]["not_built"])


def test_what_finding_landmarks_costs(answers):
    first, second = comparison.landmarks_in_words(answers["before_networks"])
    cost = answers["before_networks"]["finding_costs"][0]
    assert f"{100 * cost['value']:.1f} points ({100 * cost['low']:.1f} to {100 * cost['high']:.1f}) more" in first
    assert second.count("*") == 4


def test_the_pair_that_landmarks_confuse_most_is_one_of_shares_and_not_of_counts(answers):
    answer = copy.deepcopy(answers["before_networks"])
    counts = 1000 * np.eye(len(answer["labels"]))
    counts[0, 1], counts[2, 2], counts[2, 3] = 30, 10, 10  # three in a hundred, and one half
    for row in answer["rows"]:
        row["confusion"] = counts.tolist()
    _, second = comparison.landmarks_in_words(answer)
    assert f"*{answer['labels'][2]}* and *{answer['labels'][3]}*" in second


def test_comparisons_by_person_are_an_item_each():
    found = metrics.compare_by_person({("a", "b"): ({"1": 0.5, "2": 0.7}, {"1": 0.4, "2": 0.5})})
    (line,) = comparison.fair_in_words(found)
    assert line.startswith("- **a** and **b** are not told apart: +15.0 points")


def test_the_table_of_the_protocol_has_its_intervals_and_trainings(answers):
    protocol = answers["one_protocol"]
    table, plain = comparison.shown_methods(protocol), protocol_tables.methods_table(protocol)
    assert table["method"].tolist() == plain["method"].tolist()
    top = plain.iloc[0]
    assert table.iloc[0, 1] == f"{top.accuracy:.1f} ({top.low:.1f} to {top.high:.1f})"
    assert table["trainings converged"].str.fullmatch(r"\d+ of \d+").all()


@pytest.mark.parametrize(
    "verdicts, words", [(["higher", "higher"], "beat the guess"), (["higher", "not told apart"], "not every")]
)
def test_the_title_of_the_fair_comparison_follows_the_verdicts(verdicts, words):
    compared = {(f"m{i}", "guess"): {"verdict": verdict} for i, verdict in enumerate(verdicts)}
    compared["m0", "m1"] = {"verdict": "lower"}
    assert words in comparison.fair_title(compared, "guess")


def test_titles_of_the_protocol(answers):
    protocol = answers["one_protocol"]
    rows, table = comparison.protocol_rows(protocol), protocol_tables.methods_table(protocol)
    assert list(rows) == table["method"].tolist()
    assert comparison.protocol_title(protocol).startswith(f"Highest: {next(iter(rows))}, ")
    ways = protocol_tables.divisions(protocol)
    added = [100 * (one["frames at random"]["value"] - one["strangers"]["value"]) for one in ways.values()]
    assert f"add {min(added):.0f} to {max(added):.0f} points" in comparison.divisions_title(protocol)


def test_findings_that_the_correction_takes_away_are_counted():
    def row(p, p_holm, verdict="not told apart"):
        return {"p": p, "p_holm": p_holm, "verdict": verdict}

    rows = [row(0.01, 0.1), row(0.01, 0.04, "higher"), row(0.3, 0.3), row(0.01, 0.2, "no verdict")]
    assert "In 1 of 3 the interval leaves out zero" in comparison.uncorrected_in_words({"comparisons": rows})
    assert "In 1 of 1" in comparison.uncorrected_in_words({"comparisons": [row(0.049, 0.05)]})
    assert "is a finding after the correction" in comparison.uncorrected_in_words({"comparisons": [row(0.05, 0.3)]})
    assert "is a finding after the correction" in comparison.uncorrected_in_words({"comparisons": rows[1:3]})


def test_the_commonest_label():
    assert comparison.commonest_label({"rows": [{"confusion": [[3, 1], [2, 0]]}]}) == pytest.approx(4 / 6)


def test_what_has_not_finished_is_named_and_what_has_is_said():
    rows = [{"name": "quick", "witness": True}, {"name": "slow", "witness": False}]
    given = {"rows": rows, "budget": [8000], "learned": 0.75, "missing": {"big": [0, 5]}}
    late = comparison.not_finished_in_words(given)
    assert "8,000 steps, or reads fewer than 75 % of its training faces" in late, "either may be the reason"
    assert "no verdict: slow." in late and "big (0 of 5 trainings)" in late
    done = comparison.not_finished_in_words({"rows": rows[:1], "budget": [8000], "missing": {}})
    assert done.startswith("Every method of the plan")


def test_numbers_that_appear_twice_are_each_named(answers):
    protocol, split, before = (copy.deepcopy(answers[name]) for name in ("one_protocol", "split", "before_networks"))
    for row in protocol["rows"]:
        if row["name"] == "ding2023, frames at random":
            row["accuracy"]["value"] = 0.111
    for row in split["rows"]:
        if row["unit"] == "frame":
            row["accuracy"]["value"] = 0.222 if row["twins"] else 0.333
    said = "\n".join(comparison.reconciled(protocol, split, before, 0.735, 9))
    assert "Frames at random: 33.3 % and 11.1 %." in said and "Every clip twice: 22.2 % and " in said
    assert "HOG and SVM on strangers: 73.5 % in the fair comparison above (9 people)" in said
    assert f"trains {split['epochs']} epochs" in said and "with 5 neighbours" in said


def test_the_literature_beside_the_protocol(answers):
    table = comparison.with_protocol(answers["one_protocol"], "class")
    assert table.iloc[0]["accuracy, %"] == "57.73" and " to " in table.iloc[-1]["accuracy, %"]
    here = table[table["kind"] == "run here"]
    assert (here["split"] == "actors apart, 5 folds").all() and here["source"].str.contains("tier class").all()
    assert (table["source"].str.len() > 10).all()


def test_matrices_in_the_order_of_the_papers_figures(answers):
    made = comparison.matrices(answers["paper_figures"])
    assert [name.split("Fig. ")[1] for name in made] == ["7)", "8)", "9)"]
    assert all(np.allclose(one.sum(axis=1), 1) for one in made.values())
    table = comparison.matrices_table(answers["paper_figures"]).set_index("data set")
    assert table.loc["RAVDESS", "every clip twice"] == "yes" and table.loc["MEAD", "every clip twice"] == "no"
    assert "100 % have a frame of their own clip" in comparison.leaked_in_words(answers["paper_figures"])


def test_the_pair_that_is_confused_most_is_not_a_right_answer():
    shares = pd.DataFrame([[0.9, 0.1], [0.3, 0.7]], index=["sad", "calm"], columns=["sad", "calm"])
    assert comparison.most_confused(shares) == "Calm is taken for sad most often"


def test_items_are_one_list_and_sentences_are_paragraphs():
    assert comparison.lines(["- a", "- b"]) == "- a\n- b"
    assert comparison.lines(["a", "b"]) == "a\n\nb"
