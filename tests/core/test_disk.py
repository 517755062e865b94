"""A full disk and a folder that cannot be written: one sentence, before the work where it can be known."""

from __future__ import annotations

from collections import namedtuple
import errno
import os
from pathlib import Path
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from fer_utils import faces, studies
from fer_utils.cli import main
from fer_utils.compress import export
from fer_utils.core import disk
from fer_utils.core.disk import check_folder, refusals_said, sentence
from fer_utils.core.errors import FerError
from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.synthetic import landmark_predictor

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def nearly_full(monkeypatch):
    """Every disk has a million bytes left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10**9, 10**9 - 10**6, 10**6))


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 6 MB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = None
    if sys.platform == "linux" and shutil.which("mount"):
        command = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)]
        mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted is None or mounted.returncode:
        pytest.skip("no disk of a few megabytes can be mounted here; run this test as root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def stills(folder: Path, count: int) -> pd.DataFrame:
    """A clip table of grey pictures without a face."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        file = folder / f"{number}.png"
        Image.fromarray(np.full((64, 64), 90, np.uint8)).save(file)
        given = {"path": str(file), "dataset": "folder", "clip": file.stem, "actor": "a", "expression": "happy"}
        rows.append({**dict.fromkeys(CLIP_COLUMNS, ""), "intensity": 1, "repetition": 1, **given})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/no/such"])
def test_a_folder_that_cannot_be_made_is_named_before_the_work(tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerError, match=r"`FER_HOME`.* can be made and written to.*\n.*: the film .* Say another\."):
        check_folder("FER_HOME", place, what="the film", remedy="Say another.")


def test_too_little_room_says_how_much_is_needed_and_free_and_makes_nothing(tmp_path, nearly_full):
    with pytest.raises(FerError, match=r"the film in `root`, .*new: about 45\.0 MB are needed, 1\.0 MB are free.*Say"):
        check_folder("root", tmp_path / "new", needed=40_000_000, what="the film", remedy="Say another.")
    assert not (tmp_path / "new").exists()


def test_where_there_is_room_nothing_is_made(tmp_path):
    """The call that follows may be refused for another reason, and then must have begun nothing."""
    check_folder("root", tmp_path / "new" / "below", needed=1, what="the film", remedy="Say another.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES])
def test_what_the_disk_refuses_is_a_sentence_without_a_number(number):
    with pytest.raises(FerError) as caught, refusals_said("The film", "It goes on."):
        raise OSError(number, os.strerror(number), "/there/x.mp4")
    said = str(caught.value)
    assert said.startswith("The film could not be stored: ") and said.endswith("It goes on.") and "/there/x.mp4" in said
    assert "Errno" not in said and ("Make room" in said or "may write" in said)


def test_other_errors_of_the_system_stay_what_they_are():
    with pytest.raises(ConnectionResetError), refusals_said("The film"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    assert sentence(FileNotFoundError(errno.ENOENT, "No such file or directory", "x.csv")) == (
        "No such file or directory (x.csv)."
    )


def test_prepare_compares_the_room_with_its_faces_before_a_clip_is_read(tmp_path, nearly_full, monkeypatch):
    monkeypatch.setattr(faces.extraction, "faces_of_clip", lambda *_: pytest.fail("a clip was read"))
    clips = stills(tmp_path / "pictures", 3)
    with pytest.raises(FerError, match=r"the faces in `out_dir`, .*11\.3 MB are needed, 1\.0 MB are free"):
        faces.prepare(clips, tmp_path / "out", size=1024, workers=1, detector="haar", progress=False)
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_up_during_a_pass_is_said_and_the_pass_goes_on(tmp_path, monkeypatch, capsys):
    from fer_utils.faces import preparation

    clips, write, written = stills(tmp_path / "pictures", 3), preparation.write_atomic, []

    def fills_up(path, data):
        if written and Path(path).suffix == ".npz":
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(preparation, "write_atomic", fills_up)
        with pytest.raises(FerError, match=r"^The faces could not be stored: the disk is full.* goes on from there\.$"):
            faces.prepare(clips, tmp_path / "out", workers=1, detector="haar", progress=False)
    assert len(written) == 1
    made = faces.prepare(clips, tmp_path / "out", workers=1, detector="haar", progress=False)
    assert len(made.problems) == 3 and written[0].parent.parent == tmp_path / "out"


def test_a_predictor_is_not_learned_for_a_disk_that_cannot_hold_it(tmp_path, nearly_full, monkeypatch):
    monkeypatch.setattr(landmark_predictor, "examples", lambda *_, **__: pytest.fail("the work was begun"))
    with pytest.raises(FerError, match="the landmark predictor in `path`"):
        landmark_predictor.train(tmp_path / "new" / "made.dat", progress=False)


def test_an_answer_that_cannot_be_stored_is_not_worked_out(tmp_path, monkeypatch):
    from fer_utils.studies import store

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(store, "folder", lambda: tmp_path / "file")
    monkeypatch.setattr(store.registry, "module", lambda name: pytest.fail("looked up") if name == "x" else None)
    with pytest.raises(FerError, match=r"`store`.*\n.*the answer cannot be stored there"):
        studies.run("sizes", "class", store=True, progress=False)


def test_an_export_compares_the_room_with_its_weights_before_converting(tmp_path, nearly_full, monkeypatch):
    import keras

    from fer_utils.compress import exporting

    monkeypatch.setattr(exporting, "_converted", lambda *_: pytest.fail("it was converted"))
    images = keras.Input((8, 8, 1))
    model = keras.Model(images, keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(images)))
    with pytest.raises(FerError, match="the file in `path`"):
        export(model, tmp_path / "new" / "model.tflite", progress=False)


def test_a_command_says_an_error_of_the_disk_without_its_number(tmp_path, monkeypatch, capsys):
    from fer_utils.cli import data_commands

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(data_commands, "write_atomic", full)
    (tmp_path / "clips").mkdir()
    assert (
        main.main(["scan", "--dataset", "ravdess", str(tmp_path / "clips"), "--csv", str(tmp_path / "clips.csv")]) == 2
    )
    said = capsys.readouterr().err
    assert "the disk is full" in said and "Make room" in said and "Errno" not in said


def test_on_a_disk_that_is_really_full_prepare_says_so(small_disk, tmp_path):
    clips = stills(tmp_path / "pictures", 3)
    with pytest.raises(FerError, match=r"about 8\.1 MB are needed, 6\.3 MB are free"):
        faces.prepare(clips, small_disk / "out", size=724, workers=1, detector="haar", progress=False)
    with pytest.raises(FerError, match="the disk is full"), refusals_said("The faces"):
        disk_filled = small_disk / "big"
        disk_filled.write_bytes(bytes(8_000_000))
    with pytest.raises(FerError, match=r"0 bytes are free|Too little room"):
        check_folder("out_dir", small_disk / "out", what="the faces", remedy="")
    assert disk.free_bytes(small_disk) == 0
