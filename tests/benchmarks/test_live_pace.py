"""Frame times one by one, and how far boxes overlap."""

import drawn
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import Box
from fer_utils.live import classifiers, pipeline, watcher

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")

from fer_utils.benchmarks import live_pace
from fer_utils.benchmarks.live_pace import overlaps, pace

LABELS = ("neutral", "happy", "sad")


def spy(side=48):
    return classifiers.Classifier(
        lambda batch: np.tile([0.2, 0.5, 0.3], (len(batch), 1)), LABELS, side, 1, "spy", "none", {}
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return drawn.write_video(tmp_path_factory.mktemp("pace") / "clip.mp4", drawn.moving(1, 25))


def test_each_frame_has_its_times_and_they_are_those_of_the_run(clip, tmp_path, monkeypatch):
    kept, ends = [], {}
    once = pipeline.watch_frames
    monkeypatch.setattr(pipeline, "watch_frames", lambda *a, **k: ends.setdefault("report", once(*a, **k)))
    table = pace(clip, spy(), every=10, out=tmp_path / "out.webm", each=lambda frame, faces: kept.append(faces))
    assert len(table) == len(kept) == 25 and list(table["frame"]) == list(range(25))
    assert list(table.index[table["looked"]]) == [0, 10, 20] and (table["faces"] == 1).all()
    assert (
        (table[list(watcher.STAGES)] >= 0).all(axis=None)
        and (table["draw"] > 0).all()
        and table["write"].iloc[-1] > table["write"].median()
    )
    assert (table.loc[~table["looked"], "detect"] == 0).all() and (table.loc[table["looked"], "detect"] > 0).all()
    assert np.allclose(table["work"], table[[name for name in watcher.STAGES if name != "write"]].sum(axis=1))
    for stage, seconds in ends["report"].stages.items():
        if stage != "read":  # the look for a frame after the last is read, too
            assert table[stage].sum() == pytest.approx(1e3 * seconds)
    assert (tmp_path / "out.webm").is_file()


def test_nothing_is_left_without_out_and_no_film_is_an_error(clip, tmp_path):
    before = sorted(clip.parent.iterdir())
    assert len(pace(clip, spy(), frames=3)) == 3 and sorted(clip.parent.iterdir()) == before
    (tmp_path / "none.mp4").write_bytes(b"no film")
    with pytest.raises(FerError, match="no frame"):
        pace(tmp_path / "none.mp4", spy())
    assert (pace(clip, spy(), frames=3, clock="thread")["work"] > 0).all()
    with pytest.raises(FerError, match="`clock`"):
        pace(clip, spy(), clock="sun")
    with pytest.raises(FerError, match="`out`"):
        pace(clip, spy(), out="film.mp4")


def test_boxes_are_compared_frame_by_frame_and_a_missing_one_counts_as_nothing():
    box, half = Box(0, 0, 10, 10, 1.0), Box(0, 0, 10, 5, 1.0)
    assert overlaps([[box], [half], []], [[box], [box], [box]]).tolist() == [1.0, 0.5, 0.0]
    assert len(overlaps([[box]], [[]])) == 0
    with pytest.raises(ValueError):  # frames of one film, and as many of the other
        overlaps([[box]], [[box], [box]])


def test_the_bench_says_how_long_frames_took_with_and_without_the_detector(clip, monkeypatch):
    monkeypatch.setattr(live_pace, "networks", lambda *a, **k: {"spy": spy()})
    found = live_pace.measure(film=clip, every=10, frames=12, progress=False)
    assert found["frames"] == 11 and found["every"] == 10 and found["clock"] == "wall"  # the first is not counted
    assert 0 < found["between_median"] <= found["p95"] <= found["most"] and 0 <= found["late"] <= 1
    assert found["looked_median"] <= found["most"] and found["mean"] <= found["most"]
    text = live_pace.report(found)
    assert "11 frames" in text and f"most {found['most']:.2f}" in text and "16.7 ms (60 frames a second)" in text
    always = live_pace.measure(film=clip, every=1, frames=3, clock="thread", progress=False)
    assert always["between_median"] is None and "without none" in live_pace.report(always)
    for wrong in ({"frames": 1}, {"clock": "sun"}, {"film": clip.with_name("none.mp4")}):
        with pytest.raises(FerError):
            live_pace.measure(**{"film": clip, "progress": False} | wrong)
