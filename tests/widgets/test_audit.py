"""*Audit*: rows, gaps, intervals and the permutation test are those of Python, in the page."""

from __future__ import annotations

import re

from audit_page import READY, TRAITS, counted_anew, measured, opened
import numpy as np
import pytest
from train_here_page import shown

from fer_utils import metrics
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.metrics.bootstrap import widened
from fer_utils.studies import shipping, transfer_probabilities
from fer_utils.widgets import Audit, audit, audit_rows

#: Settings that differ in everything: groups of few people, people without a picture that counts, two tests and many.
SETTINGS = (
    {"attribute": "skin tone", "measure": "recall", "label": "angry"},
    {"attribute": "glasses", "measure": "right if answered", "threshold": 0.95, "people": 60},
    {"attribute": "at random", "measure": "answered", "threshold": 0.55, "sample": 1, "lot": 3, "people": 30},
    {"attribute": "hair colour", "measure": "false positives", "label": "sad", "threshold": 0.3, "people": 30},
)
DEFAULTS = {name: getattr(Audit(), name) for name in TRAITS[:8]}


# The rows ----------------------------------------------------------------------------------------


def test_the_rows_are_what_the_stages_of_today_make():
    stored = audit_rows.stored()
    assert stored["stages"] == stages.versions(audit_rows.STAGES), "run python tests/widgets/store_audit.py"
    assert audit_rows.FILE.stat().st_size < 60_000
    people = audit_rows.PEOPLE * audit_rows.SAMPLES
    assert len(stored["answers"]) == len(stored["scores"]) == people == 240
    assert {len(row) for row in (*stored["answers"], *stored["scores"])} == {len(audit_rows.LABELS) * audit_rows.POSES}
    assert audit_rows.SEED not in (transfer_probabilities.SEED, shipping.STRANGERS_SEED), "strangers to the network"


@pytest.mark.slow
def test_some_rows_are_found_again():
    found, stored = audit_rows.found(3), audit_rows.stored()
    assert {name: of[:3] for name, of in stored["attributes"].items()} == found["attributes"]
    assert found["answers"] == stored["answers"][:3]
    # Another processor may round a pixel otherwise.
    assert np.abs(np.subtract(found["scores"], stored["scores"][:3])).max() <= 10


def test_a_gap_of_the_size_of_chance_has_a_p_of_a_twentieth():
    """Whether a gap reaches the size that chance alone seldom makes, and whether p is 0.05 or less, is one question."""
    for lot in range(10):
        widget = Audit(attribute="at random", people=30, lot=lot)
        row, chance = widget.table().iloc[1], widget.chance()
        assert (abs(row["gap"]) >= chance[row["value"]] - 1e-9) == (row["p"] <= 0.05), lot
    assert np.isnan([*Audit(measure="answered").chance().values()]).all(), "everybody is answered, always"


def test_what_chance_alone_makes_is_what_chapter_7_says():
    """About six points between two halves of 30 people, nearly four between two halves of 120."""
    for lot in range(audit_rows.DRAWS):
        of_30, of_120 = (Audit(attribute="at random", people=people, lot=lot).chance() for people in (30, 120))
        assert all(0.055 < gap < 0.065 for gap in of_30.values()) and all(0.03 < gap < 0.04 for gap in of_120.values())


def test_lots_are_halves_that_know_nothing_of_anybody():
    draws = np.array([audit_rows.by_lot(120, 0, draw) for draw in range(audit_rows.DRAWS)])
    assert (draws.sum(axis=1) == 60).all() and len(np.unique(draws, axis=0)) == audit_rows.DRAWS
    shares = draws.mean(axis=0)
    assert 0.1 < shares.min() and shares.max() < 0.9


def test_what_counts_is_what_the_measure_says():
    rows = audit_rows.rows()
    answered = rows["score"] >= 0.6
    right = answered & (rows["answer"] == rows["posed"])
    named = answered & (rows["answer"] == "sad")
    wanted = {
        "right": right,
        "answered": answered,
        "right if answered": right[answered],
        "recall": named[rows["posed"] == "sad"],
        "false positives": named[rows["posed"] != "sad"],
    }
    assert tuple(wanted) == audit.MEASURES
    for measure, outcome in wanted.items():
        got = Audit(measure=measure, label="sad", threshold=0.6).answers["outcome"]
        assert np.array_equal(got, outcome.astype(float)), measure


# The page ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(browser):
    with opened(browser, Audit()) as (page, watch):
        yield page
        assert watch.complaints() == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("changed", SETTINGS, ids=lambda one: one["attribute"])
def test_the_page_finds_what_fairness_audit_finds(page, changed):
    """Draw by draw: the page has NumPy's generator, so that intervals and p are the very same numbers."""
    given = {**DEFAULTS, **changed}
    widget, got = Audit(**given), measured(page, **given)
    everybody, *groups = widget.table().to_dict("records")
    assert (got["people_counted"], got["value"]) == (everybody["people"], pytest.approx(everybody["accuracy"]))
    assert [got["low"], got["high"]] == pytest.approx([everybody["low"], everybody["high"]], abs=1e-9)
    assert [group["value"] for group in got["groups"]] == [group["value"] for group in groups]
    for mine, wanted in zip(got["groups"], groups, strict=True):
        assert (mine["n"], mine["people"], mine["judged"]) == (wanted["n"], wanted["people"], wanted["judged"])
        for name in ("accuracy", "low", "high", "gap", "gap_low", "gap_high", "p", "corrected"):
            value = np.nan if mine[name] is None else mine[name]
            assert value == pytest.approx(wanted[name], abs=1e-9, nan_ok=True), (mine["value"], name)
    chance = {
        one["value"]: np.nan if one["chance"] is None else one["chance"] for one in got["groups"] if one["judged"]
    }
    assert chance == pytest.approx(widget.chance(), abs=1e-9, nan_ok=True)
    assert chance or changed["people"] == 30


@pytest.mark.slow
@pytest.mark.browser
def test_every_test_that_the_reader_looks_at_counts(page):
    """By keyboard: the lot's groups with 30 people, then three attributes; Holm over all of these tests."""
    measured(page, **{**DEFAULTS, "attribute": "at random", "people": 30})
    counted_anew(page)
    p = [group["p"] for group in page.evaluate("model.get('measured')")["groups"]][:1]
    words = page.get_by_role("status").inner_text()
    assert "No: " in words and "drawn at random" in words and "With 30 people, 15 of them" in words
    measured(page, lot=14)
    assert page.get_by_role("status").inner_text().startswith("A false alarm: p is 0.0")
    measured(page, lot=0)
    counted_anew(page)
    for name in ("age", "skin tone", "presentation"):
        page.get_by_label("Groups by").select_option(name)
        page.wait_for_function(f"(name) => {READY.split(' ||')[0]}?.includes(name)", arg=name)
        found = page.evaluate("model.get('measured')")
        tests = {
            "" if len(found["groups"]) == 2 else one["value"]: one["p"] for one in found["groups"] if one["judged"]
        }
        p += tests.values()
    found = page.evaluate("model.get('measured')")
    shown = [one["value"] for one in found["groups"]].index(found["group"])
    assert found["tests"] == len(p) and found["corrected"] == pytest.approx(metrics.holm(p)[p.index(tests[""])])
    assert found["groups"][shown]["p"] == tests[""]
    wanted = round(100 * (1 - 0.95 ** len(p)))
    assert f"{wanted} of 100 readers" in page.locator(".fer-audit-looked").inner_text()
    others = measured(page, sample=1, people=120)
    counted_anew(page)
    assert others["sample"] == 1 and measured(page, sample=0, people=30)["tests"] == len(p), "each sample has a count"


@pytest.mark.slow
@pytest.mark.browser
def test_the_histogram_and_the_words_are_of_the_chosen_group(page):
    found = measured(page, **{**DEFAULTS, "attribute": "age"})
    assert found["group"] == min(found["groups"], key=lambda one: one["p"])["value"] == "45 and over"
    page.get_by_role("radio", name="30 to 44").check()
    page.wait_for_function("model.get('measured').group === '30 to 44'")
    group = page.evaluate("model.get('measured')")["groups"][1]
    words = page.get_by_role("status").inner_text()
    assert f"a gap of {100 * group['chance']:.1f} points or more" in words and words.startswith("No: ")
    assert f"{100 * abs(group['gap']):.1f} points {'below' if group['gap'] < 0 else 'above'} the rest" in words
    image = page.locator(".fer-audit-histogram").get_attribute("aria-label")
    assert "9,999 shuffles" in image and f"{abs(100 * group['gap']):.1f} points." in image
    heights = page.evaluate(
        """() => ["inside", "beyond"].map((kind) => [...document.querySelectorAll(`.fer-audit-${kind}`)]
          .reduce((sum, bar) => sum + parseFloat(bar.style.height), 0))"""
    )
    assert heights[1] / sum(heights) == pytest.approx(group["p"], abs=2e-3)
    measured(page, measure="answered")
    assert "no gap to judge" in page.get_by_role("status").inner_text()
    assert page.locator(".fer-audit-histogram").is_hidden()
    page.get_by_label("Threshold on score").press("ArrowRight")
    page.wait_for_function("model.get('measured').threshold === 0.05")
    assert page.get_by_label("Random draw").is_disabled() and page.get_by_label("Label").is_disabled()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page_and_no_letters_are_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".fer-audit *")]
          .filter((node) => node.offsetParent && node.innerText)
          .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert len(sizes) > 50 and min(sizes) >= 11


@pytest.mark.browser
def test_rows_that_cannot_be_read_are_said(browser):
    broken = {"rows": {**Audit().rows, "scores": []}}
    with shown(browser, Audit(), name="audit", saved=TRAITS, ready=READY, changed=broken) as (page, _):
        assert "run its cell again" in page.get_by_role("alert").inner_text()


# The widget in Python ----------------------------------------------------------------------------


def test_the_page_widens_intervals_of_few_people_as_python_does():
    factors = Audit().widening
    assert widened(0.5, 0.4, 0.7, 6) == pytest.approx((0.5 - 0.1 * factors[6], 0.5 + 0.2 * factors[6]))
    assert factors[0] == 1.0 and len(factors) == 14


def test_without_scripts_it_is_a_picture_in_words():
    widget = Audit(attribute="age")
    data, _ = widget._repr_mimebundle_()
    alt = re.search(r'alt="([^"]+)"', data["text/html"])[1]
    row = widget.table().set_index("value").loc["45 and over"]
    assert f"{100 * row['gap']:+.1f} points" in alt and f"reaches {100 * widget.chance()['45 and over']:.1f}" in alt
    assert "15 people" in alt and len(alt) <= 600


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"attribute": "light"}, r"`attribute`. Expected one of skin tone, presentation, age"),
        ({"measure": "accuracy"}, r"`measure`. Expected one of right, answered"),
        ({"label": "calm"}, r"`label`. Expected one of"),
        ({"people": 100}, r"`people`. Expected one of 30, 60, 120"),
        ({"people": True}, r"`people`"),
        ({"threshold": 1.0}, r"`threshold`. Expected a number from 0 to 0.95"),
        ({"sample": 2}, r"`sample`"),
        ({"lot": -1}, r"`lot`"),
        ({"group": "old"}, r"`group`. Expected a value of skin tone: light"),
        ({"seed": 3}, r"`seed`. Expected no such argument; there are attribute, measure"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(FerError, match=message):
        Audit(**wrong)
