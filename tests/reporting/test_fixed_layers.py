"""The network behind fixed gradients in words: which sentence stands depends on the verdicts alone."""

from __future__ import annotations

import pytest

from fer_utils import studies
from fer_utils.reporting import fixed_layers
from fer_utils.studies.protocol_rows import OF_FIRST_LAYERS

VERDICTS = {
    "all ahead": (["higher"] * 4, "ahead of every rival", "ahead of the simple method and of the larger networks"),
    "some ahead": (["higher", "not told apart", "higher", "no verdict"], "ahead in 2 of 3", "ahead of some rivals"),
    "none ahead": (["not told apart"] * 4, "not shown to be ahead of any", "not shown to be ahead of any rival"),
    "one behind": (["higher", "lower", "higher", "higher"], "ahead in 3 of 4", "is behind its rival"),
    "nothing yet": (["no verdict"] * 4, "Nothing can be said yet", "can be judged yet"),
}


def row(name, accuracy, parameters):
    ends = {"value": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05}
    shown = {"by": "actor", "size": 80, "macs": 2e6, "train_accuracy": 0.9, "trainings": 5, "converged": 5}
    return {"name": name, "accuracy": ends, "parameters": parameters} | shown


def made(verdicts):
    pairs = [(name, rival) for name in fixed_layers.NETWORKS for rival in ("nano", "HOG and SVM")]
    given = [
        {"first": first, "second": second, "value": 0.05, "low": 0.01, "high": 0.09, "p_holm": 0.01, "verdict": verdict}
        for (first, second), verdict in zip(pairs, verdicts, strict=True)
    ]
    rows = [
        row("nano", 0.6, 19_144),
        row("gradients", 0.7, 59_736),
        row("HOG and SVM", 0.65, 3_000_000),
        row("gradients, 48 px", 0.71, 26_968),
        row("knn", 0.5, 9),
    ]
    return {"people": 24, "rows": rows, "comparisons": given}


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdicts_choose_the_sentence(case):
    verdicts, title, moral = VERDICTS[case]
    assert title in fixed_layers.title(made(verdicts)) and moral in fixed_layers.in_words(made(verdicts))[-1]


def test_the_numbers_are_those_of_the_answer():
    answer = made(["higher"] * 4)
    words = fixed_layers.in_words(answer)
    assert words[0].startswith("**`gradients` reads 70.0 % of the faces of 24 people")
    assert words[3].endswith("with 26,968 parameters**.")
    answer["rows"].append(row("ding2023", 0.6, 148_920))
    words = fixed_layers.in_words(answer)
    assert words[3].endswith("with 26,968 parameters**; `ding2023`, on faces of 80 pixels, has 148,920.")
    assert words[1].startswith("**gradients** reads 5.0 points more than **nano**")
    table = fixed_layers.table(answer)
    assert list(table["method"]) == ["gradients, 48 px", "gradients", "HOG and SVM", "nano"], "not `knn`"
    assert table["accuracy on strangers, %"][0] == "71.0 (66.0 to 76.0)"
    assert fixed_layers.in_words({"people": 24, "rows": answer["rows"][:1], "comparisons": []}) == [
        "No network behind fixed gradients has been trained under the protocol yet."
    ]


def twins(*verdicts):
    """An answer of the study ``first_layers``."""
    network = row("gradients, 48 px", 0.71, 26_968) | {"seeds": 3, "setting": 0.003}
    answer = {"network": network, "rows": [], "comparisons": {}, "missing": {}}
    for name, verdict in zip(fixed_layers.TWINS, verdicts, strict=False):
        answer["rows"].append(row(name, 0.62, 27_200) | {"seeds": 3, "setting": 0.0003})
        ends = {"value": 0.09, "low": 0.05, "high": 0.13, "p_holm": 0.002, "verdict": verdict}
        answer["comparisons"][name] = ends
    return answer


def test_what_the_layer_is_worth_is_said_by_the_verdicts():
    assert fixed_layers.worth_of_the_layer(twins("higher", "not told apart")) == [
        "So the answer depends on the twin (2 of 2 comparisons have a verdict): the fixed gradients read more faces "
        "than with a learned convolution (its own learning rate); they are not told apart from local contrast "
        "normalisation and a learned convolution (its own learning rate)."
    ]
    begun = twins("higher") | {"missing": {"local contrast, 48 px": [3, 15]}}
    assert fixed_layers.worth_of_the_layer(begun)[-1] == (
        "Not complete yet: 3 of 15 trainings of **local contrast, 48 px**. Its verdict may change with the others."
    )
    slow = twins("no verdict", "higher")
    slow["rows"][0]["converged"] = 3
    assert fixed_layers.worth_of_the_layer(slow)[0].startswith("2 of the 10 trainings of the twins did not converge. ")


def test_the_table_has_the_network_first_and_each_twin_with_its_verdict():
    verdicts = ["higher", "lower", "not told apart", "no verdict"]
    answer = twins(*verdicts)
    answer["rows"][0] |= {"converged": 3, "train_accuracy": 0.78}
    answer["comparisons"][answer["rows"][1]["name"]]["p_holm"] = 0.0004
    network, *lines = fixed_layers.twins_table(answer).to_dict("records")
    assert network["first layer"] == "fixed gradients" and network["strangers, %"] == "71.0"
    assert network["verdict"] == network["fixed gradients minus this, points"] == "—"
    assert lines[0] == {
        "first layer": "a learned convolution",
        "learning rate": "0.0003 (chosen for it)",
        "strangers, %": "62.0",
        "seeds a fold": "3",
        "parameters": "27,200",
        "converged": "3 of 5",
        "own training faces, %": "78.0",
        "fixed gradients minus this, points": "+9.0 (+5.0 to +13.0)",
        "verdict": "the network reads more faces (p = 0.002 after Holm)",
    }
    assert [line["verdict"] for line in lines[1:]] == [
        "the network reads fewer faces (p below 0.001 after Holm)",
        "not told apart (p = 0.002 after Holm)",
        "none: not every training has converged",
    ]


def test_a_twin_at_the_networks_own_rate_says_so():
    rates = fixed_layers.twins_table(twins(*4 * ["higher"]))["learning rate"].tolist()
    assert ["the network's own" in rate for rate in rates] == [False] * 3 + [True] * 2
    assert set(fixed_layers.SAME_RATE) == {name for name, row in OF_FIRST_LAYERS.items() if row.rate_of}
    assert list(fixed_layers.TWINS) == list(OF_FIRST_LAYERS)


@pytest.mark.parametrize(
    "verdicts, title, end",
    [
        (["higher"], "reads more faces", "are worth more than a layer that is learned (1 of 1 comparisons"),
        (["higher", "no verdict"], "reads more faces", "are worth more than a layer that is learned (1 of 2"),
        (["lower", "lower"], "reads fewer faces", "are worth less than a layer that is learned (2 of 2"),
        (["not told apart"] * 2, "It is not shown", "So it is not shown that the fixed gradients are worth more"),
        (["higher", "not told apart", "lower"], "ahead of 1 of 3 twins", "(the same learning rate)."),
        (["no verdict"] * 2, "No verdict", "By the protocol's rule there is no verdict"),
    ],
)
def test_the_verdicts_decide_the_title_and_the_conclusion(verdicts, title, end):
    assert title in fixed_layers.worth_in_short(twins(*verdicts))
    assert end in fixed_layers.worth_of_the_layer(twins(*verdicts))[-1]


def test_the_stored_answer_has_both_networks_and_what_was_planned_of_them():
    answer = studies.load("one_protocol").answer
    assert {row["name"] for row in answer["rows"]} >= set(fixed_layers.NETWORKS)
    assert len(fixed_layers.compared(answer)) == 7 and len(fixed_layers.table(answer)) == 8


@pytest.mark.parametrize("converged", [True, False])
def test_a_larger_network_is_described_and_not_judged_if_it_has_converged(converged):
    answer = made(["higher"] * 4)
    answer["rows"].append(row(fixed_layers.LARGER, 0.72, 614_952) | {"witness": converged})
    said = [sentence for sentence in fixed_layers.in_words(answer) if "a description only" in sentence]
    expected = "`mobilenet_inception2019` reads 72.0 % of the same faces, with 614,952 parameters."
    assert [sentence.endswith(expected) for sentence in said] == [True] * converged
    assert fixed_layers.LARGER in fixed_layers.table(answer)["method"].tolist()
