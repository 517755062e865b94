"""What is stored is stored whole or not at all, and where; processes that want the same folder take turns."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from fer_utils import compress, faces, models, studio
from fer_utils.core import paths
from fer_utils.core.errors import FerError
from fer_utils.faces import Landmarks
from fer_utils.faces.detectors import create
from fer_utils.reporting import model_cards
from fer_utils.studies import real_data
from fer_utils.synthetic import region_masks, stand_ins

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


UNKNOWN_USER = "~nosuchuser/x"


@pytest.mark.parametrize("call, word", [
    (lambda: compress.load(f"{UNKNOWN_USER}.onnx"), "a file that exists"),
    (lambda: compress.compare({"a": f"{UNKNOWN_USER}.onnx"}, np.zeros((1, 8, 8, 1), np.uint8)), "a file that exists"),
    (lambda: compress.formats.checked_path(f"{UNKNOWN_USER}.png", "onnx"), "a name that ends in"),
    (lambda: studio.Film.load(UNKNOWN_USER), "a finished film"),
    (lambda: studio.likeness.load_real(UNKNOWN_USER), "df_average_AUs_total"),
    (lambda: create(f"yunet:{UNKNOWN_USER}"), "There is no such file"),
    (lambda: Landmarks(UNKNOWN_USER), "the file of a dlib shape predictor"),
    (lambda: region_masks._Truth(UNKNOWN_USER), "the folder `truth`"),
    (lambda: stand_ins.face_set("ravdess", root=UNKNOWN_USER), "there is no such folder"),
    (lambda: model_cards.card(UNKNOWN_USER), "the folder of a stored result"),
    (lambda: real_data.check("paper_figures", {"ravdess": UNKNOWN_USER}), "There is no such folder"),
    (lambda: faces.FaceSet.load(UNKNOWN_USER), "There is no such folder"),
    (lambda: models.load(UNKNOWN_USER), "a .keras file that exists"),
])  # fmt: skip
def test_the_home_of_an_unknown_user_is_a_file_that_is_not_there(tmp_path, monkeypatch, call, word):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerError, match=f"(?s){word}.*"):
        call()
    assert list(tmp_path.iterdir()) == []


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
        process.wait(timeout=600)
    assert (tmp_path / "log.txt").read_text().split() == ["in", "out"] * 3


def _clear(monkeypatch, tmp_path):
    for variable in ("FER_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")


@pytest.mark.parametrize("variable", ["FER_HOME", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("value", ["~nosuchuser/x", "~nosuchuser", "circle/x"])
def test_a_store_that_no_path_leads_to_is_named_with_the_remedy(tmp_path, monkeypatch, variable, value):
    _clear(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    if value == "circle/x" and sys.version_info >= (3, 13):  # which leaves such a path as it is
        assert paths.home().is_relative_to(tmp_path)
        return
    with pytest.raises(FerError, match=rf"`{variable}`.*Received: '{value}'") as error:
        paths.home()
    assert "Set the environment variable FER_HOME" in str(error.value)


def test_a_user_without_a_home_is_told_to_set_the_store(tmp_path, monkeypatch):
    _clear(monkeypatch, tmp_path)

    def fails(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(paths.Path, "expanduser", fails)
    with pytest.raises(FerError, match=r"`HOME`(.|\n)*FER_HOME"):
        paths.home()


@pytest.mark.parametrize("content", [b"", b"{]", b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b"9" * 5000])
def test_json_that_cannot_be_read_is_a_value_error(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError):
        paths.read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes('{"ä": [1, 2]}'.encode())
    assert paths.read_json(tmp_path / "a.json") == {"ä": [1, 2]}
