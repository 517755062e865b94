"""What is recorded of mutants holds for the very files that were read, and for no others."""

from __future__ import annotations

import json
from pathlib import Path
import sys

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import judged  # noqa: E402
from noticing import tried  # noqa: E402


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of three files, and a record that its group was judged right."""
    monkeypatch.delenv("FER_ALL_MUTANTS", raising=False)
    for name in ("fer_utils/studio/render.py", "tests/canaries/canary.py", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    files = ["fer_utils/studio/render.py", "tests/canaries/canary.py"]
    return tmp_path, {"drawn": judged.entry("drawn", files, tmp_path)}


def test_it_holds_for_the_same_files_and_for_its_group_only(checkout):
    root, record = checkout
    assert judged.holds("drawn", record, root)
    assert not judged.holds("learning", record, root)
    assert not judged.holds("drawn", {}, root)


@pytest.mark.parametrize("name", ["fer_utils/studio/render.py", "tests/canaries/canary.py", "requirements.txt"])
@pytest.mark.parametrize("edit", ["changed", "removed"])
def test_it_holds_no_longer_when_a_file_that_was_read_is_another(checkout, name, edit):
    root, record = checkout
    if edit == "changed":
        (root / name).write_text("# one character more\n", encoding="utf-8")
    else:
        (root / name).unlink()
    assert not judged.holds("drawn", record, root)


def test_it_holds_no_longer_for_another_python_other_stages_or_when_all_are_asked_for(checkout, monkeypatch):
    root, record = checkout
    assert not judged.holds("drawn", {"drawn": {**record["drawn"], "python": "2.7"}}, root)
    assert not judged.holds("drawn", {"drawn": {**record["drawn"], "stages": record["drawn"]["stages"][1:]}}, root)
    monkeypatch.setenv("FER_ALL_MUTANTS", "1")
    assert not judged.holds("drawn", record, root)


@pytest.mark.slow
def test_the_files_that_are_read_are_all_noted():
    """The stage `splits` reads its own package, the canary, the mutants and, through the package, the stub files."""
    rows, files = tried(["splits"])
    assert all(row["noticed"] == (row["kind"] == "mutant") for row in rows["splits"])
    assert {
        "fer_utils/splits/splitting.py",
        "fer_utils/splits/__init__.pyi",
        "fer_utils/core/errors.py",
        "tests/canaries/canary.py",
        "tests/canaries/mutate.py",
        "tests/canaries/mutants/tables.py",
        "tests/canaries/outputs.json",
    } <= set(files)
    edited = {file for row in rows["splits"] for file, _, _ in row["edits"]}
    assert edited and edited <= set(files)


def test_data_files_that_the_package_reads_are_noted_too():
    """The studio acts by a file of numbers that were measured on real clips, and its verdicts hang on them."""
    recorded = json.loads(judged.RECORD.read_text(encoding="utf-8"))
    assert "fer_utils/studio/ravdess_acting.json" in recorded["drawn"]["files"]


def test_every_group_of_mutants_has_its_tests():
    assert judged.GROUPS == tuple(
        file.stem.removeprefix("test_mutants_") for file in sorted(HERE.glob("test_mutants_*"))
    )
    assert set(judged.recorded()) <= set(judged.GROUPS)


def test_a_file_that_is_written_while_mutants_are_tried_is_seen(tmp_path):
    (tmp_path / "a.py").write_text("", encoding="utf-8")
    written = (tmp_path / "a.py").stat().st_mtime
    assert judged.changed_since(["a.py"], written - 1, tmp_path) == ["a.py"]
    assert judged.changed_since(["a.py"], written + 1, tmp_path) == []


def test_a_fault_is_not_recorded(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(judged, "RECORD", tmp_path / "judged.json")
    missed = {"kind": "mutant", "edits": [], "noticed": False, "said": "", "seconds": 0}
    stages = judged.stages_of_group("tables")
    monkeypatch.setattr(judged, "tried", lambda asked: ({stage: [missed] for stage in stages}, ["requirements.txt"]))
    assert len(judged.judge(["tables"])) == len(stages)
    assert not (tmp_path / "judged.json").exists() and "faults" in capsys.readouterr().out
