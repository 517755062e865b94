"""Sentences take exactly their values; percentages and intervals say what they were given."""

from __future__ import annotations

import re
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils import reporting
from fer_utils.core import provenance
from fer_utils.core.errors import FerError


def test_a_sentence_takes_exactly_its_values():
    assert (
        reporting.sentence("{n:,} parameters, {share}", n=542136, share=reporting.percent(0.5))
        == "542,136 parameters, 50.0 %"
    )
    assert (
        reporting.sentence("{a[0]} and {a[1]}, of {b.year}", a=[1, 2], b=SimpleNamespace(year=2023))
        == "1 and 2, of 2023"
    )
    assert reporting.sentence("braces {{stay}}") == "braces {stay}"


@pytest.mark.parametrize(
    "template, values, word",
    [
        ("{n} faces", {}, r"exactly \['n'\].*Received: \[\]"),
        ("faces", {"n": 3}, r"exactly \[\].*Received: \['n'\]"),
        ("{n} faces", {"m": 3}, "'m'"),
        ("{} faces", {}, "exactly"),  # a field without a name takes no value by name
    ],
)
def test_missing_and_unused_values_are_refused(template, values, word):
    with pytest.raises(FerError, match=word):
        reporting.sentence(template, **values)


@pytest.mark.parametrize(
    "value, digits, text",
    [
        (0.5962, 1, "59.6 %"),
        (0, 1, "0.0 %"),
        (1.0, 0, "100 %"),
        (np.float32(0.25), 2, "25.00 %"),
        (None, 1, "not measured"),
        (float("nan"), 1, "not measured"),
        (np.float64("nan"), 0, "not measured"),
    ],
)
def test_percent(value, digits, text):
    assert reporting.percent(value, digits) == text


def test_an_interval_in_words():
    measured = {"value": 0.6, "low": 0.512, "high": 0.7, "level": 0.9, "groups": 5}
    assert reporting.with_interval(measured) == "60.0 % (90 % interval 51.2 to 70.0, over 5 actors)"
    assert reporting.with_interval(measured, 0) == "60 % (90 % interval 51 to 70, over 5 actors)"
    alone = {"value": 0.6, "low": None, "high": None, "level": 0.95, "groups": 1}
    assert reporting.with_interval(alone) == "60.0 % (no interval: 1 actor in the test)"


def test_the_colophon_says_tier_versions_and_machine(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda what: shown.append(what.data))
    reporting.colophon("smoke")
    assert "tier `smoke`" in shown[0] and f"numpy {np.__version__}" in shown[0]
    assert f"{provenance.hardware()['cores']} cores" in shown[0]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1))
def test_a_percentage_is_within_half_a_digit(value):
    assert abs(float(reporting.percent(value).removesuffix(" %")) - 100 * value) <= 0.0500001


@pytest.mark.parametrize("shown", ["{text}", "{text:<60}", "{text!s}", "{pair[0]}", "{made.text}", "`{text}`"])
def test_what_a_value_brings_into_a_notebook_is_no_html(shown, monkeypatch):
    import IPython.display

    displayed = []
    monkeypatch.setattr(IPython.display, "display", lambda what: displayed.append(what.data))
    text = "<script>alert(1)</script><img src=x onerror=alert(2)><!-- 1 < 2"
    name = shown.strip("`{}").split(".")[0].split("[")[0].split(":")[0].split("!")[0]
    value = {"text": text, "pair": [text], "made": SimpleNamespace(text=text)}[name]
    reporting.say("<b>A word</b> of **mine**: " + shown, **{name: value})
    assert displayed[0].startswith("<b>A word</b> of **mine**: ") and "1 < 2" in displayed[0]
    assert not re.search(r"<(?!/?b>)[a-zA-Z/!?]", displayed[0]) and "alert(1)" in displayed[0]
