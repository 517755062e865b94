"""Stages: versions with notes, what a computation passes, and what a process writes down for another."""

from __future__ import annotations

import os
import subprocess
import sys

from patience import PATIENCE
import pytest

from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.core.stages import stage


@pytest.fixture
def notes(monkeypatch):
    """Three stages of the tests' own."""
    made = {"draw": {1: "First."}, "find": {1: "First.", 2: "Larger crops."}, "learn": {4: "Begun at 4."}}
    monkeypatch.setattr(stages, "RELEASE_NOTES", made)
    return made


def test_every_version_has_a_line_and_versions_have_no_gaps():
    for name, notes in stages.RELEASE_NOTES.items():
        numbers = sorted(notes)
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), name
        assert all(line.strip().endswith((".", "?")) and "\n" not in line for line in notes.values()), name


def test_the_highest_number_is_the_version(notes):
    assert stages.versions(["learn", "find", "draw"]) == {"draw": 1, "find": 2, "learn": 4}
    with pytest.raises(FerError, match=r"`stage`.*draw, find, learn"):
        stages.version("fnid")
    with pytest.raises(FerError, match="`stage`"):
        stage("fnid")


def test_what_is_newer_says_since_when_and_why(notes):
    assert stages.newer({"draw": 1, "find": 2, "learn": 4}) == []
    (found,) = stages.newer({"draw": 1, "find": 1})
    assert str(found) == "find: version 1, today 2 (Larger crops.)"
    (gone,) = stages.newer({"paint": 3})
    assert str(gone) == "paint: no such stage any more"


def test_a_recording_holds_what_was_passed_within_it(notes):
    @stage("find")
    def find(x):
        """Doubles."""
        return 2 * x

    assert find(1) == 2 and find.__name__ == "find" and find.__doc__ == "Doubles."
    with stages.recording() as outer:
        stages.mark("draw")
        with stages.recording() as inner:
            find(3)
            stages.mark_answer("split")
            stages.mark_training("k", 2.5)
        find(4)
    stages.mark("learn")
    assert inner.stages == {"find"} and inner.answers == {"split"} and inner.trainings == {"k": 2.5}
    assert outer.stages == {"draw", "find"} and outer.answers == {"split"}


def test_a_recording_ends_also_when_the_work_fails(notes):
    with pytest.raises(ValueError, match="no"):
        with stages.recording() as used:
            raise ValueError("no")
    stages.mark("draw")
    assert used.stages == set()


def test_another_process_writes_each_line_once_and_none_if_it_is_not_asked(tmp_path):
    """What a chapter's kernel does: the real stages of a real call."""
    code = (
        "import pandas as pd; from fer_utils import splits, studies\n"
        "meta = pd.DataFrame({c: list('aabbccdd') for c in ('actor', 'clip', 'performance')})\n"
        "meta = meta.assign(expression='happy', dataset='folder', path=meta['clip'], frame_index=[0, 1] * 4)\n"
        "for seed in range(3): splits.split(meta, by='actor', test=0.25, seed=seed)\n"
        "studies.load('human_votes'); studies.load('human_votes')\n"
    )
    file = tmp_path / "used.txt"
    for wanted in (True, False):
        environment = {name: value for name, value in os.environ.items() if name != stages.USED_FILE}
        if wanted:
            environment[stages.USED_FILE] = str(file)
        subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path, timeout=PATIENCE)
    lines = file.read_text().splitlines()
    assert sorted(lines) == ["answer human_votes", "stage splits"]
    used = stages.read_used(file)
    assert used.stages == {"splits"} and used.answers == {"human_votes"}
    assert stages.read_used(tmp_path / "none.txt") == stages.Used()
