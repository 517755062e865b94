"""The verdicts on the papers' claims follow from the stored answers, and would be others with other answers."""

from __future__ import annotations

import copy

import pytest

from fer_utils import studies
from fer_utils.reporting import claims as module
from fer_utils.reporting.claims import FAILS, HOLDS, UNTESTABLE, claims

NAMES = ("sizes", "split", "lightweight2019", "compression", "one_protocol")


class Stored:
    def __init__(self, answer):
        self.answer = answer


@pytest.fixture
def answers(monkeypatch):
    """The stored answers, as copies that a test may change."""
    made = {name: Stored(copy.deepcopy(studies.load(name).answer)) for name in NAMES}
    monkeypatch.setattr(studies, "load", made.__getitem__)
    return {name: one.answer for name, one in made.items()}


def verdict(words: str) -> str:
    table = claims().set_index("claim")
    (row,) = [row for claim, row in table.iterrows() if words in claim]
    return row["verdict"]


def test_every_claim_has_a_verdict_and_a_reason_with_numbers(answers):
    table = claims()
    assert set(table["verdict"]) <= {HOLDS, FAILS, UNTESTABLE} and len(table) == 12
    assert set(table["paper"]) == {module.DING, module.LIGHT, module.CHAIN}
    assert table["why"].str.contains(r"\d|missing|converged").all() and not table["claim"].duplicated().any()


def system(answers, name):
    return next(row for row in answers["sizes"]["systems"] if row["name"] == name)


def form(answers, network, quantize=None, engine="litert"):
    wanted = (network, engine, quantize)
    return next(
        row for row in answers["compression"]["rows"] if (row["network"], row["form"], row["quantize"]) == wanted
    )


@pytest.mark.parametrize(
    "words, change",
    [
        ("542,136", lambda a: system(a, "ding2023")["ours"].update(parameters=542_137)),
        ("47.28", lambda a: a["sizes"]["ratios"][0].update(as_printed=47.2)),
        ("faster execution", lambda a: system(a, "alexnet")["latency"].update(times=0.9)),
        ("small size", lambda a: a["lightweight2019"]["rows"][0].update(parameters=10**9)),
        ("whole filters", lambda a: form(a, "xception, filters pruned").update(ratio_1=1.0)),
        ("Quantisation", lambda a: form(a, "xception", "int8").update(peak_mb=10**6)),
        ("compiler", lambda a: form(a, "xception", engine="xla").update(ratio_1=0.5)),
    ],
)
def test_what_holds_would_not_hold_with_other_numbers(answers, words, change):
    assert verdict(words) == HOLDS
    change(answers)
    assert verdict(words) == FAILS


def test_single_weights_at_zero_are_no_cheaper_unless_they_were(answers):
    assert verdict("single weights") == FAILS
    form(answers, "xception, weights pruned")["ratio_1"] = 3 * form(answers, "xception")["ratio_1"]
    assert verdict("single weights") == HOLDS


def test_two_networks_are_ahead_where_one_is_admitted():
    assert module._majority()[0] == FAILS and module._majority()[1].startswith("In its own two tables 2 networks")


def test_the_rivals_of_2019_are_judged_only_by_trainings_that_have_converged(answers):
    names = [row["name"] for row in answers["lightweight2019"]["rows"]]
    own, *rivals = names
    assert own == "mobilenet_inception2019"
    protocol = answers["one_protocol"]
    protocol["rows"] = [
        {"name": name, "witness": True, "network": name, "by": "actor", "accuracy": {"value": 0.5}} for name in names
    ]
    protocol["comparisons"] = [{"first": own, "second": rival, "verdict": "higher"} for rival in rivals]
    assert verdict("three larger rivals") == HOLDS
    protocol["comparisons"][0]["verdict"] = "not told apart"
    assert verdict("three larger rivals") == FAILS
    protocol["rows"][2]["witness"] = False
    assert verdict("three larger rivals") == UNTESTABLE


@pytest.mark.parametrize(
    "verdicts, wanted",
    [
        (["higher", "higher"], HOLDS),
        (["higher", "not told apart"], FAILS),
        (["lower"], FAILS),
        (["no verdict"], UNTESTABLE),
        ([], UNTESTABLE),
    ],
)
def test_simple_methods_are_poor_only_where_every_network_is_ahead(answers, verdicts, wanted):
    row = {"by": "actor", "accuracy": {"value": 0.6}, "witness": False}
    answers["one_protocol"]["rows"] = [
        {"name": "net", "network": "net", **row},
        {"name": "HOG", "network": None, **row},
    ]
    answers["one_protocol"]["comparisons"] = [{"first": "net", "second": "HOG", "verdict": one} for one in verdicts]
    assert verdict("Neighbours") == wanted
