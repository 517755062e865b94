"""Which frames are taken, by each of the four ways; what a container says of its frame rate is not believed."""

from __future__ import annotations

import json
import struct
import tracemalloc

import drawn
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import SAMPLINGS, Reading, apex_indices, each_frame, prepare, read_frames, sample_indices, video

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")


def proper(indices, n, k):
    """Distinct, increasing, in range, and as many as can be had."""
    return len(indices) == min(n, k) and indices == sorted(set(indices)) and all(0 <= i < n for i in indices)


@given(st.integers(0, 5000), st.integers(1, 60), st.sampled_from(["even", "middle"]))
def test_samples_are_distinct_increasing_in_range_and_as_many_as_asked(n, k, how):
    assert proper(sample_indices(n, k, how), n, k)


@given(st.integers(0, 3000), st.integers(1, 60))
def test_all_is_every_frame(n, k):
    assert sample_indices(n, k, "all") == list(range(n))


@given(st.integers(2, 5000), st.integers(1, 60))
def test_the_middle_half_is_the_middle_half(n, k):
    indices = sample_indices(n, k, "middle")
    if k <= n - 2 * (n // 4):
        assert all(n // 4 <= index < n - n // 4 for index in indices)
        inside = n - 2 * (n // 4)
        assert [index - (n - inside) // 2 for index in indices] == sample_indices(inside, k)
    else:  # fewer than k frames in it: about the clip's middle
        assert abs(indices[0] - (n - 1 - indices[-1])) <= 1 and indices[-1] - indices[0] == len(indices) - 1


def test_of_two_middles_the_earlier_is_taken():
    assert sample_indices(7, 6, "middle") == [0, 1, 2, 3, 4, 5]


@given(st.integers(0, 5000), st.integers(1, 60))
def test_even_is_what_it_always_was(n, k):
    assert (
        sample_indices(n, k, "even")
        == sample_indices(n, k)
        == (list(range(n)) if n <= k else [(2 * part + 1) * n // (2 * k) for part in range(k)])
    )


@given(st.lists(st.floats(0, 255) | st.just(float("nan")), max_size=80), st.integers(1, 30))
def test_the_apex_is_among_neighbours(changes, k):
    indices = apex_indices(changes, k)
    assert proper(indices, len(changes), k)
    if indices:
        assert indices[-1] - indices[0] == len(indices) - 1
        seen = np.nan_to_num(changes, nan=-1.0)
        assert int(seen.argmax()) in indices
        if len(changes) > k and 0 < indices[0] and indices[-1] < len(changes) - 1:
            assert indices[k // 2] == int(seen.argmax())  # in their middle, but for the clip's ends


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: sample_indices(5, 2, "odd"), "`how`.*even, middle, apex, all.*'odd'"),
        (lambda: sample_indices(5, 2, None), "`how`"),
        (lambda: sample_indices(5, 2, "apex"), "(?s)`how`.*apex_indices"),
        (lambda: apex_indices([1, 2], 0), "`k`"),
        (lambda: apex_indices([[1, 2]], 1), "`changes`"),
        (lambda: read_frames("a.mp4", 6, sampling="first"), "`sampling`"),
        (lambda: each_frame("a.mp4", 0, into=Reading()), "`k`"),
        (lambda: prepare(drawn.table(), "never", sampling="first"), "`sampling`.*even, middle, apex, all"),
    ],
)
def test_impossible_ways(call, words):
    with pytest.raises(FerError, match=words):
        call()


# --- of real files --------------------------------------------------------------------------


def acted(n=40, peak=27, side=64):
    """Frames whose grey level says their index, with a white square that is largest at the peak."""
    frames = []
    for index in range(n):
        frame = np.full((side, side, 3), 8 + 2 * index, np.uint8)
        reach = max(0, 24 - 4 * abs(index - peak))
        frame[4 : 4 + reach, 4 : 4 + reach] = 255
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return drawn.write_video(tmp_path_factory.mktemp("clip") / "a.avi", acted(), fps=25, fourcc="FFV1")


def wanted(how, k):
    return [27 - k // 2 + place for place in range(k)] if how == "apex" else sample_indices(40, k, how)


@pytest.mark.parametrize("held", [0, 3, 100])
@pytest.mark.parametrize("how", SAMPLINGS)
@pytest.mark.parametrize("k", [1, 4])
def test_the_frames_taken_are_those_however_few_may_be_held(clip, monkeypatch, how, k, held):
    monkeypatch.setattr(video, "MOST_HELD", held)
    reading = read_frames(clip, k, sampling=how)
    assert [frame.index for frame in reading.frames] == wanted(how, k)
    assert reading.n_frames == 40 and reading.notes == []
    for frame in reading.frames:
        assert abs(int(frame.rgb[-1, -1, 0]) - 8 - 2 * frame.index) <= 2
        assert frame.time_s == pytest.approx(frame.index / 25, abs=2e-3)


def test_a_little_darker_is_a_little_change(tmp_path):
    """Differences are signed: two grey levels below the first frame are not 254 above it."""
    frames = [np.full((64, 64, 3), 120 if index == 0 else 118, np.uint8) for index in range(30)]
    frames[20][:] = 200
    path = drawn.write_video(tmp_path / "a.avi", frames, fourcc="FFV1")
    assert [frame.index for frame in read_frames(path, 1, sampling="apex").frames] == [20]


@pytest.mark.parametrize("how", SAMPLINGS)
def test_short_clips_and_none(tmp_path, how):
    path = drawn.write_video(tmp_path / "a.avi", acted(3), fourcc="FFV1")
    reading = read_frames(path, 6, sampling=how)
    assert [frame.index for frame in reading.frames] == [0, 1, 2]
    assert [note.kind for note in reading.notes] == ([] if how == "all" else ["short clip"])
    (tmp_path / "b.avi").write_bytes(b"no film")
    reading = read_frames(tmp_path / "b.avi", 6, sampling=how)
    assert reading.frames == [] and [note.kind for note in reading.notes] == ["unreadable"]
    image = read_frames(drawn.write_image(tmp_path / "c.png", drawn.face(1)), 6, sampling=how)
    assert len(image.frames) == image.n_frames == 1 and image.notes == []


@pytest.mark.parametrize("how, k", [("all", 6), ("even", 60), ("middle", 60)])
def test_a_long_clip_is_never_in_memory_as_a_whole(tmp_path, how, k):
    """120 frames of 0.9 MB; a list of them would take a hundred megabytes."""
    picture = np.zeros((480, 640, 3), np.uint8)
    path = drawn.write_video(tmp_path / "a.avi", [picture] * 120, fourcc="MJPG")
    into, count = Reading(), 0
    tracemalloc.start()
    try:
        for _ in each_frame(path, k, sampling=how, into=into):
            count += 1
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == (120 if how == "all" else 60) and into.n_frames == 120
    assert most < 8 * picture.nbytes


# --- the pass -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smiling(tmp_path_factory):
    """A drawn person whose smile comes and goes."""
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    frames = [drawn.face(1, 256, round(max(0.0, 1 - abs(index - 13) / 5), 2)) for index in range(18)]
    return drawn.table(drawn.write_video(tmp_path_factory.mktemp("smile") / "a.avi", frames, fourcc="FFV1"))


@pytest.mark.parametrize("how", SAMPLINGS)
def test_the_pass_takes_them(smiling, tmp_path, how):
    made = prepare(smiling, tmp_path / "out", frames=3, sampling=how, size=64, workers=1, progress=False)
    assert list(made.meta["frame_index"]) == ([12, 13, 14] if how == "apex" else sample_indices(18, 3, how))
    assert list(made.meta["frame"]) == list(range(len(made)))
    assert made.manifest["config"]["sampling"] == how
    whole = drawn.files_of(tmp_path / "out")
    prepare(smiling, tmp_path / "two", frames=3, sampling=how, size=64, workers=2, progress=False)
    assert drawn.files_of(tmp_path / "two") == whole


def test_another_sampling_is_another_set(smiling, tmp_path):
    out = tmp_path / "out"
    prepare(smiling, out, frames=2, size=32, workers=1, progress=False)
    with pytest.raises(FerError, match=r"sampling is 'even' there and 'middle' here.*Nothing was overwritten"):
        prepare(smiling, out, frames=2, sampling="middle", size=32, progress=False)
    # a manifest of the time before there was a choice says nothing of it
    manifest = json.loads((out / "faceset.json").read_text())
    del manifest["config"]["sampling"]
    (out / "faceset.json").write_text(json.dumps(manifest))
    assert len(prepare(smiling, out, frames=2, size=32, progress=False)) == 2
    with pytest.raises(FerError, match="sampling is 'even' there and 'apex' here"):
        prepare(smiling, out, frames=2, sampling="apex", size=32, progress=False)


def test_with_all_the_number_of_frames_is_no_part_of_the_question(smiling, tmp_path):
    counting = drawn.Counting()
    for frames in (2, 5):
        made = prepare(
            smiling, tmp_path / "out", frames=frames, sampling="all", size=32, detector=counting, progress=False
        )
    assert len(made) == 18 and counting.seen == 18


# --- the frame rate -------------------------------------------------------------------------


def with_stamps(path, *runs, ticks=12800):
    """Rewrite an mp4's table of frame durations: runs of (frames, seconds).

    It must hold one run and end with its index.

    The edit list, which would cut the film at its old length, is made a free box.
    """
    data = bytearray(path.read_bytes())
    assert data.find(b"moov") > data.find(b"mdat")
    at = data.find(b"stts")
    (size,) = struct.unpack(">I", data[at - 4 : at])
    body = struct.pack(">4sII", b"stts", 0, len(runs)) + b"".join(
        struct.pack(">II", n, round(s * ticks)) for n, s in runs
    )
    data[at - 4 : at - 4 + size] = struct.pack(">I", 4 + len(body)) + body
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = data.find(box)
        (old,) = struct.unpack(">I", data[place - 4 : place])
        data[place - 4 : place] = struct.pack(">I", old + 4 + len(body) - size)
    place = data.find(b"edts")
    data[place : place + 4] = b"free"
    path.write_bytes(data)
    return path


def stamped(tmp_path, *runs):
    return with_stamps(drawn.write_video(tmp_path / "a.mp4", acted(30), fps=25), *runs)


def test_times_of_a_variable_frame_rate_are_the_time_stamps(tmp_path):
    """Half at 25 frames a second, half at 6.25: a time is no frame number over a rate."""
    reading = read_frames(stamped(tmp_path, (15, 0.04), (15, 0.16)), 6)
    assert reading.n_frames == 30 and reading.notes == []
    true = [0.04 * min(i, 15) + 0.16 * max(0, i - 15) for i in sample_indices(30, 6)]
    assert [frame.time_s for frame in reading.frames] == pytest.approx(true, abs=2e-3)


def test_a_rate_that_is_not_that_of_the_time_stamps_is_told(tmp_path):
    """29 frames at 25 a second and a last one that stays for two seconds: the container's mean is 9.5."""
    reading = read_frames(stamped(tmp_path, (29, 0.04), (1, 2.0)), 6)
    assert [note.kind for note in reading.notes] == ["frame rate"]
    assert "the container says 9.49" in reading.notes[0].problem and reading.notes[0].problem.endswith("stamps 25")
    assert [frame.time_s for frame in reading.frames] == pytest.approx(
        [i / 25 for i in sample_indices(30, 6)], abs=2e-3
    )


class Saying:
    """OpenCV's reader, but for what it is told to say."""

    def __init__(self, real, **answers):
        self.real, self.answers = real, {getattr(cv2, f"CAP_PROP_{name}"): value for name, value in answers.items()}

    def __call__(self, *arguments):
        self.inner = self.real(*arguments)
        return self

    def get(self, what):
        return self.answers.get(what, None) if what in self.answers else self.inner.get(what)

    def __getattr__(self, name):
        return getattr(self.inner, name)


@pytest.mark.parametrize(
    "said, shown",
    [
        (float("nan"), "no number of"),
        (0.0, "no number of"),
        (-25.0, "no number of"),
        (float("inf"), "no number of"),
        (90000.0, "90000"),
        (31.0, "31"),
        (20.0, "20"),
        (29.0, ""),
        (21.5, ""),
        (25.0, ""),
    ],
)
@pytest.mark.parametrize("how", ["even", "all", "apex"])
def test_a_rate_that_lies_is_told_and_not_used(clip, monkeypatch, said, shown, how):
    monkeypatch.setattr(cv2, "VideoCapture", Saying(cv2.VideoCapture, FPS=said))
    reading = read_frames(clip, 4, sampling=how)
    assert [frame.time_s for frame in reading.frames] == pytest.approx([f.index / 25 for f in reading.frames], abs=2e-3)
    told = [
        ("frame rate", f"the container says {shown} frames a second, the time stamps 25", "times are the time stamps'")
    ]
    assert [tuple(note) for note in reading.notes] == (told if shown else [])


@pytest.mark.parametrize("rate, action", [(10.0, "times by the container's 10 frames a second"), (0.0, "times are 0")])
@pytest.mark.parametrize("stamp", [0.0, float("nan"), -1.0])
def test_without_time_stamps(clip, monkeypatch, rate, action, stamp):
    monkeypatch.setattr(cv2, "VideoCapture", Saying(cv2.VideoCapture, FPS=rate, POS_MSEC=stamp))
    reading = read_frames(clip, 4)
    assert [note[::2] for note in reading.notes] == [("frame rate", action)]
    assert [f.time_s for f in reading.frames] == pytest.approx([f.index / rate if rate else 0 for f in reading.frames])


@pytest.mark.parametrize("fps", [1, 12, 29.97, 240])
def test_honest_rates_are_no_remark(tmp_path, fps):
    reading = read_frames(drawn.write_video(tmp_path / "a.mp4", acted(12), fps=fps), 3)
    assert reading.notes == []
    assert [f.time_s for f in reading.frames] == pytest.approx([f.index / fps for f in reading.frames], rel=2e-3)


def test_the_remark_is_in_the_report(tmp_path):
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    path = with_stamps(drawn.write_video(tmp_path / "a.mp4", drawn.moving(1, 30), fps=25), (29, 0.04), (1, 2.0))
    made = prepare(drawn.table(path), tmp_path / "out", frames=2, size=32, workers=1, progress=False)
    assert len(made) == 2 and made.problems[["stage", "kind"]].values.tolist() == [["decode", "frame rate"]]
