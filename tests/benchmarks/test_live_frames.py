"""``bench live``: what it prints, never how fast it is."""

from __future__ import annotations

import json

import drawn
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.live import classifiers

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")

from fer_utils.benchmarks import live_frames


def spy(side=180, channels=1):
    """A network that scores by brightness, at no cost."""

    def score(batch):
        assert batch.dtype == np.float32 and batch.shape[1:] == (side, side, channels)
        bright = batch.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright, 0 * bright], axis=1)

    return classifiers.Classifier(score, ("neutral", "happy", "sad"), side, channels, "spy", "none", {})


def test_the_bench_times_every_network_on_the_same_frames(tmp_path):
    found = live_frames.measure(
        rounds=1, seconds=0.2, size=(320, 240), classifiers={"first": spy(), "second": spy(48, 3)}, progress=False
    )
    json.dumps(found)
    assert [row["name"] for row in found["rows"]] == ["first", "second"] and found["frames"] == 12
    for row in found["rows"]:
        assert sum(row["shares"].values()) == pytest.approx(1) and row["seen"] == 12
        assert row["ms"]["detect"] > 0 and row["ms"]["draw"] > 0
        assert row["ms"]["show"] == row["shares"]["show"] == 0
    assert found["rows"][0]["ratio"] == 1 and found["write_ms"] > 0
    text = live_frames.report(found)
    assert "320x240, 12 frames, one thread" in text and "aim: 60 frames a second" in text and "VP9" in text
    lines = text.splitlines()
    assert len(lines[2]) == len(lines[3]) == len(lines[4])  # columns stand under their heads
    wall = drawn.write_video(tmp_path / "wall.mp4", [np.full((120, 160, 3), 99, np.uint8)] * 3)
    with pytest.raises(FerError, match="No face"):
        live_frames.measure(rounds=1, film=wall, classifiers={"one": spy()}, progress=False)


def test_a_film_that_is_not_there_is_said_before_any_work(tmp_path):
    with pytest.raises(FerError, match=r"`source`\. Expected a video that exists"):
        live_frames.measure(rounds=1, film=tmp_path / "none.mp4", classifiers={"one": spy()}, progress=False)


def test_without_peers_one_network_of_ours_is_timed_and_it_answers(tmp_path):
    film = drawn.write_video(tmp_path / "clip.mp4", drawn.moving(1, 12))
    found = live_frames.networks(film, tmp_path, peers=False, progress=False)
    assert list(found) == ["nano int8, untrained"]
    network = found["nano int8, untrained"]
    scores = network(np.zeros((2, network.side, network.side), np.uint8))
    assert scores.shape == (2, 8) and scores.sum(axis=1) == pytest.approx(1, abs=0.05)


def test_a_film_without_a_frame_says_why_no_face_was_found(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(FerError, match=r"No face was found in .*empty\.mp4 \(the file has 0 bytes\)"):
        live_frames.faces_of(tmp_path / "empty.mp4", 48)
