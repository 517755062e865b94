"""Chapter 8's heat maps in figures, tables and sentences: what a reader is told follows from the numbers alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fer_utils import plotting, studies
from fer_utils.reporting import explanations
from fer_utils.reporting.explanations import OTHER, OWN, SHUFFLED


@pytest.fixture(scope="module")
def stored():
    return studies.load("explanation").answer


@pytest.fixture
def answer(stored):
    return copy.deepcopy(stored)


def row_of(answer, method, network="trained", region="own"):
    return next(
        row for row in answer["truth"] if (row["method"], row["network"], row["region"]) == (method, network, region)
    )


def test_agreement_is_the_mean_correlation_of_what_is_above_0():
    one = np.array([[[1.0, 0.0], [0.0, -5.0]], [[0.0, 0.0], [0.0, 0.0]]])
    other = np.array([[[2.0, -1.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]]])
    assert explanations.agreement({"a": one, "b": other}) == {("a", "b"): pytest.approx(1.0)}
    assert np.isnan(explanations.agreement({"a": one[1:], "b": other[1:]})["a", "b"])


def test_alike_maps_and_different_ones_have_different_morals():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 3, 8, 8))
    assert "agree" in explanations.agreement_words({"a": one, "b": one + 0.01 * other})
    words = explanations.agreement_words({"a": one, "b": one + 0.01 * other, "c": other})
    assert "Most alike are a and b" in words and "no single map" in words
    plane = np.array([[1.0, 1, -1, -1], [1, -1, 1, -1]]).reshape(2, 1, 2, 2)  # uncorrelated
    for alike, agreed in ((0.81, True), (0.79, False)):
        mixed = 9 + alike * plane[0] + np.sqrt(1 - alike**2) * plane[1]
        assert ("All of them agree" in explanations.agreement_words({"a": 9 + plane[0], "b": mixed})) == agreed
    assert "nothing is compared" in explanations.agreement_words({"a": 0 * one, "b": one})


def test_the_stored_scores_are_the_studys_rows(stored):
    scores = explanations.stored_scores(stored)
    assert list(scores) == ["Grad-CAM", "HiResCAM", "occlusion"]
    assert scores["HiResCAM"][SHUFFLED] == row_of(stored, "HiResCAM", "shuffled")
    assert scores["HiResCAM"][OTHER] == row_of(stored, "HiResCAM", region="another label's")


def test_the_scores_title_names_the_method_furthest_above_its_better_control(answer):
    scores = explanations.stored_scores(answer)
    above = {
        method: parts[OWN]["share"]["value"] - max(parts[name]["share"]["value"] for name in (OTHER, SHUFFLED))
        for method, parts in scores.items()
    }
    best = max(above, key=above.__getitem__)
    options = explanations.scores_plot(scores, whose="Stored")
    assert (
        options["title"]
        == f"Stored: {best} has the largest mean distance, {100 * above[best]:.0f} points above its better control"
    )
    assert plotting.dot_plot(**options).description
    for parts in scores.values():
        parts[OWN]["share"]["value"] = 0.05
    assert "below its better control" in explanations.scores_plot(scores, whose="Stored")["title"]


def test_a_method_without_a_map_is_left_out(answer):
    scores = explanations.stored_scores(answer)
    scores["Grad-CAM"] = {name: {"share": None, "chance": None} for name in (OWN, OTHER, SHUFFLED)}
    assert list(explanations.scores_plot(scores, whose="Yours")["rows"]) == ["HiResCAM", "occlusion"]


def test_above_both_controls_is_asked_of_both(answer):
    assert set(explanations.scores_table(answer)["above both"]) == {"yes"}
    one = next(one for one in answer["differences"] if one["minus"] == "another label's region")
    one["share"]["low"] = -0.01
    table = explanations.scores_table(answer).set_index("method")
    assert table.loc[one["method"], "above both"] == "no" and (table["above both"] == "yes").sum() == 2


def test_only_there_is_answered_from_the_best_maps_share(answer):
    words = explanations.only_there_words(answer)
    on = row_of(answer, "HiResCAM")["share"]["value"]
    assert words.startswith("Does the map lie only there? No.") and f"{100 * (1 - on):.0f} % lies outside" in words
    assert "whatever the label is" in words
    row_of(answer, "HiResCAM", region="another label's")["share"]["value"] = 0.2
    assert "whatever the label is" not in explanations.only_there_words(answer)
    for share, said in ((0.94, "No"), (0.96, "Yes")):
        row_of(answer, "HiResCAM")["share"]["value"] = share
        assert explanations.only_there_words(answer).startswith(f"Does the map lie only there? {said}")


@pytest.mark.parametrize(
    "cancelled, alike, words",
    [
        ((0.87, 0.87), (0.2, 0.3), ("does not come from the constraint", "are less alike with")),
        ((0.87, 0.86), (0.2, 0.21), ("does not come from the constraint", "no visible difference")),
        ((0.87, 0.87), (0.2, 0.248), ("no visible difference",)),
        ((0.87, 0.87), (0.2, 0.252), ("are less alike with",)),
        ((0.87, 0.5), (0.3, 0.2), ("comes from the constraint", "not less alike")),
        ((0.87, float("nan")), (0.3, 0.2), ("does not tell them apart",)),
    ],
)
def test_what_the_constraint_does_is_measured(cancelled, alike, words):
    keys = ("with", "without")
    said = explanations.constraint_words(dict(zip(keys, cancelled, strict=True)), dict(zip(keys, alike, strict=True)))
    assert all(word in said for word in words), said
    assert ("a part of the cancelling" in said) == (cancelled[1] == 0.5)


def curves_of(*levels):
    """Curves of four faces that fall and rise at a level."""
    share = np.linspace(0, 1, 5)
    made = {}
    for name, level in zip(("good", "bad", "random"), levels, strict=True):
        area = np.array([level, level + 0.01, level + 0.02, level + 0.03])
        made[name] = {
            "share": share,
            "deletion": np.tile(np.linspace(1, level, 5), (4, 1)),
            "deletion_area": area,
            "insertion_area": 1 - area,
        }
    return made


def test_the_deletion_table_says_better_and_worse_for_both_curves():
    curves = curves_of(0.1, 0.8, 0.5)
    table = explanations.deletion_table(curves, ["1", "2", "3", "4"], "random").set_index(["map", "curve"])["verdict"]
    assert table["good", "deletion"] == table["good", "insertion"] == "better"
    assert table["bad", "deletion"] == table["bad", "insertion"] == "worse"
    assert "order of good" in explanations.deletion_plot(curves)["title"]
    assert explanations.deletion_table(curves, ["1"] * 4, "random").empty
    same = explanations.deletion_table(curves_of(0.5, 0.5, 0.5), ["1", "2", "3", "4"], "random")
    assert set(same["verdict"]) == {"not told apart"}


def test_the_verdict_is_a_column_of_the_shortcut_table(stored):
    table = explanations.shortcut_table(stored)
    assert list(table["verdict"]) == [row["verdict"] for row in stored["shortcuts"]]
    assert table.columns.get_loc("verdict") == 3


def test_who_is_missed_and_who_is_accused_wrongly_is_said(answer):
    words = explanations.shortcut_words(answer)
    assert "2 of 2 planted marks" in words and "No network that never saw a mark" in words
    for row in answer["shortcuts"]:
        row["suspected"] = row["network"] == "planted" or row["method"] == "occlusion"
    words = explanations.shortcut_words(answer)
    assert "Every map shows" in words and "accused by: occlusion (corner), occlusion (dots)" in words


def test_the_shortcut_plots_title_is_about_the_first_network():
    level = {"value": 0.5, "low": 0.4, "high": 0.6}
    accuracy = dict.fromkeys(("with", "without", "exchanged"), level)
    verdicts = {
        name: {"proved": value > 0.5, "follows": {"value": value}, "accuracy": accuracy}
        for name, value in (("cheat", 0.84), ("clean", 0.1))
    }
    options = explanations.shortcut_plot(verdicts)
    innocent = explanations.shortcut_plot({"clean": verdicts["clean"]})
    assert innocent["title"] == "Your run: no answer is seen to depend on the dots"
    assert "84 %" in options["title"] and list(options["rows"]) == ["cheat", "clean"]
    assert plotting.dot_plot(**options).description
