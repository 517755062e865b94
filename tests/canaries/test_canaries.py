"""Every stage has a canary and mutants; a changed output without a raised version is red."""

from __future__ import annotations

import importlib
from pathlib import Path
import sys

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import canary  # noqa: E402
from mutants import HARMLESS, MUTANTS  # noqa: E402
from noticing import stages_of  # noqa: E402

from fer_utils.core import stages  # noqa: E402

KNOWN = canary.load_all()
#: Each has the stages of one module of `mutants`; workers that take whole files in turn share them.
FILES = sorted(HERE.glob("test_mutants_*.py"))


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


def test_every_stage_has_a_canary():
    assert set(KNOWN) == set(stages.RELEASE_NOTES)
    assert set(MUTANTS) <= set(KNOWN)


@pytest.mark.parametrize("stage", sorted(KNOWN))
def test_the_output_is_the_stored_one(stage):
    said = canary.verdict(KNOWN[stage], stages.version(stage), canary.stored_outputs())
    assert not said, said


def test_every_stage_with_a_canary_has_mutants():
    few = {stage: len(MUTANTS.get(stage, ())) for stage in KNOWN}
    few = {stage: number for stage, number in few.items() if number < (4 if stage in FEWER else 10)}
    assert not few, "write more edits that a careless change would make, in tests/canaries/mutants"


def test_a_file_of_tests_tries_the_mutants_of_every_stage():
    tested = [importlib.import_module(f"mutants.{file.stem.removeprefix('test_mutants_')}") for file in FILES]
    assert set(MUTANTS) | set(HARMLESS) == {stage for module in tested for stage in stages_of(module)}


@pytest.mark.parametrize("stage", sorted({*MUTANTS, *HARMLESS}))
def test_the_text_that_an_edit_replaces_is_still_in_its_file(stage):
    """Harmless edits are made all at once, so that one may have taken the place of another."""
    texts: dict[str, str] = {}
    for file, old, new in HARMLESS.get(stage, ()):
        texts.setdefault(file, (ROOT / file).read_text(encoding="utf-8"))
        assert old in texts[file], (file, old)
        texts[file] = texts[file].replace(old, new, 1)
    for file, old, _ in MUTANTS.get(stage, ()):
        assert old in (ROOT / file).read_text(encoding="utf-8"), (file, old)


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
