"""One folder with every kind of bad file: nothing stops the pass, nothing vanishes, every cause is told."""

from __future__ import annotations

from pathlib import Path

import drawn
import numpy as np
import pytest

from fer_utils import datasets
from fer_utils.core.errors import FerError
from fer_utils.core.tables import Problems
from fer_utils.faces import prepare

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")


def act(number: int, ending: str = ".mp4") -> str:
    """A RAVDESS name, another one for every number."""
    channel, intensity, statement = number % 2 + 1, number // 2 % 2 + 1, number // 4 % 2 + 1
    repetition = number // 8 + 1
    return f"Actor_01/02-{channel:02d}-03-{intensity:02d}-{statement:02d}-{repetition:02d}-01{ending}"


def half(source: Path, path: Path) -> Path:
    path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    return path


@pytest.fixture(scope="module")
def pile(tmp_path_factory):
    """The folder, and for each bad file the kinds that the report must give it."""
    root = tmp_path_factory.mktemp("pile")
    noise = np.random.default_rng(7)
    two_faces = [np.hstack(pair) for pair in zip(drawn.moving(1, 8), drawn.moving(3, 8), strict=True)]
    good = drawn.write_video(root / act(0), drawn.moving(1, 12))
    expected = {
        drawn.write_video(root / act(1), drawn.moving(2, 1)): {"short clip"},
        drawn.write_video(root / act(2), drawn.moving(2, 4)): {"short clip"},
        half(good, root / act(3)): {"unreadable"},  # an mp4's index is at its end
        drawn.write_video(root / act(4), [noise.integers(0, 256, (240, 320, 3), dtype=np.uint8) for _ in range(8)]): {
            "no face"
        },
        drawn.write_video(root / act(5), two_faces): {"several faces"},
        drawn.write_video(root / act(6), drawn.moving(3, 8)[:4] + [np.zeros((256, 256, 3), np.uint8)] * 4): {"no face"},
    }
    for number, content, kind in (
        (7, b"", "empty"),
        (8, b"This is a letter, not a film.\n" * 50, "unreadable"),
        (9, bytes(5000), "unreadable"),
        (10, noise.bytes(20_000), "unreadable"),
        (11, b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "unreadable"),
        (12, b"x", "unreadable"),
    ):
        (root / act(number)).write_bytes(content)
        expected[root / act(number)] = {kind}
    for name, kind in (
        ("Actor_01/holiday.mp4", "name"),
        ("Actor_01/02-01-09-01-01-01-01.mp4", "name"),
        ("Actor_01/02-01-01-02-01-01-01.mp4", "name"),
    ):
        (root / name).write_bytes(good.read_bytes())
        expected[root / name] = {kind}
    (root / "copy").mkdir()
    (root / "copy" / good.name).write_bytes(good.read_bytes())
    expected[root / "copy" / good.name] = {"duplicate"}
    (root / "sound").mkdir()
    (root / "sound" / "03-01-03-01-01-01-01.wav").write_bytes(b"RIFF")
    expected[root / "sound"] = {"not video"}
    expected[root / act(13)] = {"unreadable"}  # deleted between scan and pass, see `made`
    drawn.write_video(root / act(13), drawn.moving(1, 2))
    return root, good, expected


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def made(request, pile, tmp_path_factory):
    root, _, _ = pile
    gone = root / act(13)
    drawn.write_video(gone, drawn.moving(1, 2))
    clips = datasets.scan("ravdess", root)
    gone.unlink()
    return clips, prepare(clips, tmp_path_factory.mktemp("out") / "set", workers=request.param, progress=False)


def test_every_bad_file_is_reported_with_its_cause(pile, made):
    _, _, expected = pile
    _, faces = made
    told = faces.problems.groupby("path")["kind"].agg(set).to_dict()
    assert told == {str(path): kinds for path, kinds in expected.items()}
    for column in ("stage", "problem", "action"):
        assert (faces.problems[column] != "").all()
    shown = str(faces.problems)
    assert shown.startswith(f"{len(faces.problems)} problems: ") and "no face" in shown.splitlines()[0]


def test_no_clip_vanishes(made):
    clips, faces = made
    assert set(faces.meta["path"]) | set(faces.problems["path"]) >= set(clips["path"])


def test_good_frames_are_kept(pile, made):
    root, good, _ = pile
    _, faces = made
    frames = faces.meta.groupby("path")["frame"].agg(list).to_dict()
    assert frames == {
        str(good): [0, 1, 2, 3, 4, 5],
        str(root / act(1)): [0],
        str(root / act(2)): [0, 1, 2, 3],
        str(root / act(5)): [0, 1, 2, 3, 4, 5],
        str(root / act(6)): [0, 1, 2],
    }
    alone = faces.meta["path"] != str(root / act(5))
    assert (faces.meta["faces_found"] == np.where(alone, 1, 2)).all()


def test_the_reports_words(pile, made):
    root, _, _ = pile
    problems = made[1].problems.set_index("path")

    def row(number):
        found = problems.loc[[str(root / act(number))]].iloc[0]
        return f"{found['problem']} -> {found['action']}"

    assert row(1) == "1 frame in the clip, 6 wanted -> 1 taken"
    assert row(2) == "4 frames in the clip, 6 wanted -> 4 taken"
    assert row(3) == "no frame of it can be decoded as video -> left out"
    assert row(4) == "frame 0 (0.00 s): no face found -> frame left out"
    assert row(5) == "frame 0 (0.00 s): 2 faces found -> largest kept"
    assert row(7) == "the file has 0 bytes -> left out"
    assert row(13) == "the file cannot be opened: No such file or directory -> left out"
    assert len(problems.loc[[str(root / act(4))]]) == 6  # one a frame


def test_the_largest_of_two_faces_is_kept(tmp_path):
    picture = np.full((400, 700, 3), 150, np.uint8)
    picture[100:356, 10:266] = drawn.face(1)
    picture[0:400, 290:690] = drawn.face(5, 400)
    made = prepare(drawn.table(drawn.write_image(tmp_path / "two.png", picture)), tmp_path / "out", progress=False)
    assert len(made) == 1 and made.meta["box_x"][0] > 290 and made.meta["faces_found"][0] == 2
    assert made.problems[["kind", "action"]].values.tolist() == [["several faces", "largest kept"]]


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
        ("b.jpg", b"not a picture"),
        ("c.tiff", b"II*\0" + bytes(8)),
        ("d.bmp", b"BM"),
        ("e.webp", b"RIFF\0\0\0\0WEBP"),
        ("f.pgm", b"P5 99999999 99999999 255\n"),
    ],
)
def test_pictures_that_are_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    made = prepare(drawn.table(tmp_path / name), tmp_path / "out", progress=False)
    assert len(made) == 0 and list(made.problems["kind"]) == ["unreadable"]


def test_a_picture_cut_short_is_no_crash(tmp_path):
    whole = drawn.write_image(tmp_path / "a.png", drawn.face(1))
    half(whole, tmp_path / "b.png")
    made = prepare(drawn.table(whole, tmp_path / "b.png"), tmp_path / "out", progress=False)
    assert made.meta["clip"].iloc[0] == "a.png"
    assert set(made.meta["path"]) | set(made.problems["path"]) == {str(whole), str(tmp_path / "b.png")}


def test_a_folder_and_a_pipe_among_the_clips(tmp_path):
    import os

    (tmp_path / "a.mp4").mkdir()
    paths = [tmp_path / "a.mp4"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "b.mp4")
        paths.append(tmp_path / "b.mp4")
    made = prepare(drawn.table(*paths), tmp_path / "out", progress=False)
    assert len(made) == 0 and list(made.problems["problem"]) == ["it is not a regular file"] * len(paths)


@pytest.mark.parametrize("kind, root", [("missing", "none"), ("no clips", "empty"), ("not a folder", "file")])
def test_roots_without_clips_end_in_an_empty_set_that_says_why(tmp_path, kind, root):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    made = prepare(datasets.scan("ravdess", tmp_path / root), tmp_path / "out", progress=False)
    assert made.images.shape == (0, 180, 180, 1) and list(made.problems["kind"]) == [kind]


def test_plain_tables_with_gaps_are_taken(tmp_path):
    path = drawn.write_image(tmp_path / "a.png", drawn.face(1))
    import pandas as pd

    plain = pd.DataFrame(drawn.table(path, path)).astype({"sex": object, "intensity": object})
    plain.loc[0, "sex"] = None
    plain["problems"] = "a column of this name is not a report"
    made = prepare(plain, tmp_path / "out", progress=False)
    assert list(made.meta["sex"]) == ["", ""] and made.meta["intensity"].dtype == "int64"
    plain.loc[0, "intensity"] = None
    with pytest.raises(FerError, match="column intensity"):
        prepare(plain, tmp_path / "other", progress=False)


def test_the_scans_problems_come_first(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    clips = drawn.table(path, problems=Problems.of([("z", "scan", "name", "odd", "left out")]))
    made = prepare(clips, tmp_path / "out", progress=False)
    assert list(made.problems["stage"]) == ["scan", "decode"]


def test_the_problems_of_joined_scans_are_all_in_the_report(tmp_path):
    import pandas as pd

    for root, seed in (("train", 1), ("test", 2)):
        drawn.write_image(tmp_path / root / "happy" / f"{root}.png", drawn.face(seed))
        (tmp_path / root / "sad").mkdir()
        (tmp_path / root / "sad" / "empty.png").write_bytes(b"")
    clips = pd.concat([datasets.scan("folder", tmp_path / root) for root in ("train", "test")], ignore_index=True)
    made = prepare(clips, tmp_path / "out", progress=False)
    assert len(made) == 2
    assert made.problems[["path", "kind"]].values.tolist() == [
        [str(tmp_path / root / "sad" / "empty.png"), "empty"] for root in ("train", "test")
    ]
