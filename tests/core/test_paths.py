"""What is stored is stored whole or not at all, and where; processes that want the same folder take turns."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fer_utils.core import paths

TURN = """
import sys, time
from fer_utils.core.paths import one_process_at_a_time
with one_process_at_a_time(sys.argv[1]), open(sys.argv[2], "a", 1) as log:
    print("in", file=log)
    time.sleep(0.5)
    print("out", file=log)
    {end}
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call):
    file = tmp_path / "result.json"
    paths.write_atomic(file, "old")

    def fails(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(OSError, match="no space"):
            paths.write_atomic(file, "new and longer")
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
    paths.write_atomic(file, b"new")
    assert file.read_bytes() == b"new" and list(tmp_path.iterdir()) == [file]


def test_a_written_file_can_be_read_by_others_and_its_folder_is_made(tmp_path):
    paths.write_atomic(tmp_path / "a" / "b.txt", "é")
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "é"
    assert (tmp_path / "a" / "b.txt").stat().st_mode & 0o777 == 0o644


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    place = tmp_path / "deep" / "set"
    with pytest.raises(RuntimeError, match="half"):
        with paths.build_folder(place) as work:
            (work / "half").write_text("x")
            assert not place.exists()
            raise RuntimeError("half way")
    assert list((tmp_path / "deep").iterdir()) == []
    with paths.build_folder(place) as work:
        (work / "one").write_text("1")
    with pytest.raises(RuntimeError):
        with paths.build_folder(place):
            raise RuntimeError
    assert [p.name for p in place.iterdir()] == ["one"]
    with paths.build_folder(place) as work:
        (work / "two").write_text("2")
    assert [p.name for p in place.iterdir()] == ["two"] and list((tmp_path / "deep").iterdir()) == [place]


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    place = tmp_path / "set"
    with paths.build_folder(place) as work:
        (work / "one").write_text("1")

    def fails(*_):
        raise OSError("busy")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="busy"):
        with paths.build_folder(place) as work:
            (work / "two").write_text("2")
    assert [p.name for p in place.iterdir()] == ["one"] and list(tmp_path.iterdir()) == [place]


def test_home_follows_its_variables_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FER_HOME", "~/store")
    assert paths.home() == tmp_path / "store"
    monkeypatch.setenv("FER_HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.home() == tmp_path / "cache" / "fer_utils"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert paths.home() == tmp_path / ".cache" / "fer_utils"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["pass", "raise SystemExit", "import os; os.kill(os.getpid(), 9)"])
def test_one_process_is_in_the_block_at_a_time_however_the_other_ends(root, tmp_path, end):
    pytest.importorskip("fcntl", reason="this system has no flock; nobody waits")
    command = [sys.executable, "-c", TURN.format(end=end), str(tmp_path / "made" / "here"), str(tmp_path / "log.txt")]
    running = [subprocess.Popen(command, cwd=root) for _ in range(3)]
    for process in running:
        process.wait(timeout=60)
    assert (tmp_path / "log.txt").read_text().split() == ["in", "out"] * 3
