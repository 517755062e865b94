"""Every stage has a canary; a changed output without a raised version is red; mutants are noticed."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import canary  # noqa: E402
from mutants import HARMLESS, MUTANTS  # noqa: E402

from fer_utils.core import stages  # noqa: E402

KNOWN = canary.load_all()


#: Stages that nobody watches yet: a changed output there is not noticed.
UNWATCHED: set[str] = set()

#: Stages with fewer than ten mutants, four at least, and why.
_SLOW = "a large network of few lines: each mutant builds it anew"
FEWER: dict[str, str] = {
    "model.xception2022": _SLOW,
    "model.mobilenetv2": _SLOW,
    "model.inceptionv3": _SLOW,
    "model.inception_resnetv2": _SLOW,
    "model.resnet50": _SLOW,
    "model.vgg16": _SLOW,
    "model.alexnet": _SLOW,
    "model.densenet161": _SLOW,
}


def test_every_stage_has_a_canary_but_those_that_are_named():
    assert set(KNOWN) | UNWATCHED == set(stages.RELEASE_NOTES)
    assert not set(KNOWN) & UNWATCHED, "it has a canary now: take it off the list"
    assert set(MUTANTS) <= set(KNOWN)


@pytest.mark.parametrize("stage", sorted(KNOWN))
def test_the_output_is_the_stored_one(stage):
    said = canary.verdict(KNOWN[stage], stages.version(stage), canary.stored_outputs())
    assert not said, said


@pytest.mark.parametrize("stage", sorted(set(MUTANTS) | set(HARMLESS)))
def test_mutants_are_noticed_and_harmless_edits_are_not(stage):
    done = subprocess.run([sys.executable, str(HERE / "mutate.py"), stage], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("MUTANTS ")]
    assert done.returncode == 0 and lines, done.stdout[-2000:] + done.stderr[-4000:]
    rows = json.loads(lines[0].removeprefix("MUTANTS "))
    missed = [row for row in rows if row["kind"] == "mutant" and not row["noticed"]]
    false_alarms = [row for row in rows if row["kind"] != "mutant" and row["noticed"]]
    assert not missed, f"not noticed: {missed}"
    assert not false_alarms, f"noticed, and should not be: {false_alarms}"


# --- the rule itself ------------------------------------------------------------------------


def toy(output):
    return canary.Canary("splits", lambda: output, tolerance=0.01)


def test_another_output_with_the_same_version_names_the_stage_and_the_remedy():
    stored = {"splits": {"version": 1, "output": [1, 0.5]}}
    assert canary.verdict(toy([1, 0.505]), 1, stored) == ""
    said = canary.verdict(toy([1, 0.52]), 1, stored)
    assert (
        "'splits'" in said and "raise the version" in said and "output[1] is 0.52" in said and "--accept splits" in said
    )
    assert "another output" in canary.verdict(toy([2, 0.5]), 1, stored)


def test_a_raised_version_wants_its_output_stored():
    stored = {"splits": {"version": 1, "output": [1, 0.5]}}
    assert "has version 2; the stored output is of version 1" in canary.verdict(toy([1, 0.9]), 2, stored)
    assert "no stored output" in canary.verdict(toy([1]), 1, {})


@pytest.mark.parametrize(
    ("stored", "now", "same"),
    [
        (1, 1, True),
        (1, 2, False),
        (1, True, False),
        (1.0, 1.005, True),
        (1.0, 1.02, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
        ("a", "b", False),
        (None, None, True),
        (None, 0, False),
    ],
    ids=str,
)
def test_differences(stored, now, same):
    assert (canary.difference(stored, now, 0.01) == "") is same
