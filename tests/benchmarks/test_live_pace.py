"""Frame times one by one, the figures of what happens in time, and a card's parts."""

import re

import drawn
import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.benchmarks.live_pace import overlaps, pace
from fer_utils.core.errors import FerError
from fer_utils.faces import Box
from fer_utils.live import classifiers, pipeline
from fer_utils.plotting import live_figures

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

LABELS = ("neutral", "happy", "sad")
TIMES = np.arange(12) / 30
SCORES = np.eye(4)[[0, 0, 1, 0, 1, 1, 2, 1, 3, 3, 3, 3]]

DRAWINGS = {
    "budget": lambda: live_figures.budget(
        {"read": 1.0, "track": 0.5, "show": 0.0}, limit=16.7, title="It fits", besides={"write": 9.0}
    ),
    "seldom": lambda: live_figures.seldom(
        {1: 9.0, 10: 2.0}, {1: 9.0, 10: float("nan")}, plain=1.2, look=7.8, limit=16.7, title="Seldom is enough"
    ),
    "frame times": lambda: live_figures.frame_times(
        [1, 9, 1, 2], [False, True, False, False], limit=5, title="One is late"
    ),
    "frame times, none looked": lambda: live_figures.frame_times(
        [1.0, 2.0], [False, False], limit=5, title="None is late"
    ),
    "step": lambda: live_figures.answers_to_a_step(
        {way: {"one": (TIMES, TIMES), "two": (TIMES[::2], TIMES[::2])} for way in ("a", "b")}, title="t", at=0.1
    ),
    "steadied": lambda: live_figures.steadied(TIMES, SCORES, SCORES, list("abcd"), title="t"),
    "bargain": lambda: live_figures.bargain(
        [(0, 0, 4), (0.25, 0.2, 1), (0.5, float("nan"), 1)], marked=0.25, title="t"
    ),
    "bargain, nothing moves": lambda: live_figures.bargain([(0, 0, 0), (0.25, 0, 0)], title="t"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    page = plotting.figure_html(DRAWINGS[name](), alt="Made-up numbers over a made-up time.")
    assert len(re.findall("data:image/png;base64", page)) == 2 and 'class="fer-dark"' in page


@pytest.mark.parametrize(
    "call",
    [
        lambda: live_figures.budget({}, limit=1, title="t"),
        lambda: live_figures.budget({"read": -1}, limit=1, title="t"),
        lambda: live_figures.seldom({0: 1.0}, {0: 1.0}, plain=1, look=1, limit=1, title="t"),
        lambda: live_figures.frame_times([1, 2], [True], limit=1, title="t"),
        lambda: live_figures.answers_to_a_step({}, title="t", at=0),
        lambda: live_figures.steadied(TIMES, SCORES, SCORES[:, :2], list("abcd"), title="t"),
        lambda: live_figures.bargain([(1, float("nan"), 1)], title="t"),
    ],
)
def test_impossible_figures(call):
    with pytest.raises(FerError):
        call()


def test_bars_of_a_budget_begin_where_the_one_before_ends():
    bars = DRAWINGS["budget"]().axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0, 1), (1, 0.5), (1.5, 0), (1.5, 9)]
    long = live_figures.budget({"read": 10.0}, limit=16.7, title="t", besides={"write": 200.0}).axes[0]
    assert long.patches[1].get_width() < 10 and "200.00 ms, cut" in [text.get_text() for text in long.texts]


def spy(side=48):
    return classifiers.Classifier(
        lambda batch: np.tile([0.2, 0.5, 0.3], (len(batch), 1)), LABELS, side, 1, "spy", "none", {}
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return drawn.write_video(tmp_path_factory.mktemp("pace") / "clip.mp4", drawn.moving(1, 25))


def test_each_frame_has_its_times_and_they_are_those_of_the_run(clip, tmp_path, monkeypatch):
    kept, ends = [], {}
    once = pipeline._watch
    monkeypatch.setattr(pipeline, "_watch", lambda *a: ends.setdefault("report", once(*a)))
    table = pace(clip, spy(), every=10, out=tmp_path / "out.webm", each=lambda frame, faces: kept.append(faces))
    assert len(table) == len(kept) == 25 and list(table["frame"]) == list(range(25))
    assert list(table.index[table["looked"]]) == [0, 10, 20] and (table["faces"] == 1).all()
    assert (
        (table[list(pipeline.STAGES)] >= 0).all(axis=None)
        and (table["draw"] > 0).all()
        and table["write"].iloc[-1] > table["write"].median()
    )
    assert (table.loc[~table["looked"], "detect"] == 0).all() and (table.loc[table["looked"], "detect"] > 0).all()
    assert np.allclose(table["work"], table[[name for name in pipeline.STAGES if name != "write"]].sum(axis=1))
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
