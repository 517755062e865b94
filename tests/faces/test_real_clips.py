"""The main job on real video: seven RAVDESS clips, where a copy lies beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils import datasets
from fer_utils.faces import Box, detectors, prepare, read_frames, sample_indices

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "ravdess"
pytestmark = pytest.mark.skipif(
    not CLIPS.is_dir(),
    reason=f"no real clips at {CLIPS}; unpack a RAVDESS zip (Zenodo 1188976) there, as Actor_NN folders, to run these",
)


@pytest.fixture(scope="module")
def clips():
    table = datasets.scan("ravdess", CLIPS)
    if len(table) != 7:
        pytest.skip(f"these tests know the seven clips of actor 01; {len(table)} clips are in {CLIPS}")
    return table


@pytest.fixture(scope="module")
def faces(clips, tmp_path_factory):
    return prepare(clips, tmp_path_factory.mktemp("real") / "set", workers=1, progress=False)


def test_the_clip_table(clips):
    assert len(clips.problems) == 0 and set(clips["actor"]) == {"01"} and set(clips["sex"]) == {"male"}
    assert clips["performance"].nunique() == 5  # two pairs of twins
    assert sorted(clips["expression"].unique()) == ["calm", "neutral", "sad", "surprised"]


def test_seven_clips_give_forty_two_faces_and_no_problem(clips, faces):
    assert faces.images.shape == (42, 180, 180, 1) and len(faces.problems) == 0
    assert (faces.meta["faces_found"] == 1).all()
    assert (faces.meta.groupby("clip", sort=False).size() == 6).all()
    assert list(faces.meta["clip"].unique()) == list(clips["clip"])
    # 720p at 29.97 frames a second
    rate = faces.meta["frame_index"] / faces.meta["time_s"]
    assert np.allclose(rate, 29.97, atol=0.01)
    assert faces.meta["box_w"].between(250, 450).all()
    assert faces.meta["brightness"].between(80, 180).all()


def test_the_container_counts_one_frame_more_than_there_is(clips):
    reading = read_frames(clips["path"].iloc[0], 6)
    assert reading.n_frames == 98 and reading.notes == []
    assert [frame.index for frame in reading.frames] == sample_indices(98, 6)


def test_twins_have_nearly_the_same_faces(faces):
    twins = [
        faces.images[(faces.meta["clip"] == f"Actor_01/{m}-01-08-01-01-02-01.mp4").to_numpy()] for m in ("01", "02")
    ]
    assert len(twins[0]) == len(twins[1]) == 6
    assert np.abs(twins[0].astype(int) - twins[1]).mean() < 2  # grey levels of 255


@pytest.mark.slow
def test_every_box_is_near_that_of_full_size_dlib(faces):
    dlib = detectors.create("dlib")
    overlaps = []
    for path, rows in faces.meta.groupby("path", sort=False):
        for frame, (_, row) in zip(read_frames(path, 6).frames, rows.iterrows(), strict=True):
            found = dlib.at_scale(frame.rgb, True)
            assert len(found) == 1
            overlaps.append(found[0].overlap(Box(row["box_x"], row["box_y"], row["box_w"], row["box_h"], 0)))
    # dlib's boxes come in steps of 6/5: two squares one step apart share 25/36 = 0.69.
    assert len(overlaps) == 42 and min(overlaps) >= 0.7
