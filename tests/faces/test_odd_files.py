"""What lies about in real download folders under the names of clips.

Each is in the report with its cause, and the good ones are read.
"""

from __future__ import annotations

import base64
import io
import os
import struct
import zipfile
import zlib

import drawn
import numpy as np
import pytest

from fer_utils import datasets
from fer_utils.core.errors import FerError
from fer_utils.faces import images, prepare, read_frames
from fer_utils.live.streams import Source

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("clip.mp4", b"not here")
    return out.getvalue()


def encoded(ending: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(ending, picture)[1].tobytes()


def sound() -> bytes:
    return (
        b"RIFF"
        + struct.pack("<I", 36 + 8000)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + b"data"
        + struct.pack("<I", 8000)
        + bytes([128]) * 8000
    )


FACE = drawn.face(1)
#: Two halves of 100 x 64 pixels, red and blue; OpenCV's videos read this one, which has a single tile.
HEIC = base64.b64decode(
    b"AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    b"AAAERAAAEAAQAAAAABegABAAAAAAAAAE4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAA"
    b"AAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkA"
    b"AAAwAAAwAeoBkgQWW6kkprm4CGgwIAAAMAMgAAAwACEGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAADIAAAA"
    b"QAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAFZtZGF0AAAASigBrxOA5qhw0//+BJR//OXnh+jQUtJ5u0qckqdS+m"
    b"whV/uQsBU9EZWlW2RKacPUV1hbItXAWpnBNVXdObyaGbCkioAAAAMAAAh4"
)
#: name -> (content, the kind that the report must give it, a word of the cause)
FILES = {
    "page-saved-instead.mp4": (b"<!DOCTYPE html><html><body>Please log in</body></html>", "unreadable", "video"),
    "page-saved-instead.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "unreadable", "image"),
    "pointer-of-large-file-storage.mp4": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "unreadable",
        "video",
    ),
    "still-zipped.mp4": (zipped(), "unreadable", "video"),
    "still-zipped.png": (zipped(), "unreadable", "image"),
    "letter.avi": (b"%PDF-1.7\n%%EOF\n", "unreadable", "video"),
    "sound-only.mp4": (sound(), "unreadable", "video"),
    "head-only.avi": (b"RIFF\x24\0\0\0AVI LIST", "unreadable", "video"),
    "head-only.mkv": (bytes.fromhex("1a45dfa3a3428681014"[:18]), "unreadable", "video"),
    "head-only.webm": (
        bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"),
        "unreadable",
        "video",
    ),
    "head-only.flv": (b"FLV\x01\x05\0\0\0\x09\0\0\0\0", "unreadable", "video"),
    "phone-renamed.jpg": (HEIC, "unreadable", "save it as JPEG"),
    "phone-renamed.mov": (HEIC, "unreadable", "save it as JPEG"),
    "head-only.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", "unreadable", "image"),
    "no-pixels.png": (png(0, 0, b""), "unreadable", "image"),
    "no-pixels.pgm": (b"P5\n0 0\n255\n", "unreadable", "image"),
    "a-bomb.png": (png(60_000, 60_000, b"\0" * 1000), "unreadable", "pixels"),
    "too-few-rows.png": (png(300, 300, b"\0" * 301), "unreadable | no face", ""),
    "damaged-sums.png": (encoded(".png", FACE)[:60] + b"\0\0\0\0" + encoded(".png", FACE)[64:], "unreadable", "image"),
    "eaten-by-its-own-tail.tiff": (
        b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 256, 4, 1, 0) + struct.pack("<I", 8),
        "unreadable",
        "image",
    ),
    "one-pixel.png": (encoded(".png", np.full((1, 1, 3), 200, np.uint8)), "no face", "no face"),
    "one-row.png": (encoded(".png", np.full((1, 3000, 3), 200, np.uint8)), "no face", "no face"),
    "black.png": (encoded(".png", np.zeros((256, 256, 3), np.uint8)), "no face", "no face"),
    "head-down.png": (encoded(".png", np.ascontiguousarray(FACE[::-1, :, ::-1])), "no face", "no face"),
    "a-wall.jpg": (encoded(".jpg", np.full((480, 640, 3), 180, np.uint8)), "no face", "no face"),
}


def gif_of(width: int, height: int) -> bytes:
    """A GIF of one small picture on a page of so many pixels."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(out, "GIF")
    return out.getvalue()[:6] + struct.pack("<HH", width, height) + out.getvalue()[10:]


def watch_opening(monkeypatch) -> list[str]:
    """What is asked of OpenCV's videos: `open`, `grab` (which decodes a frame), `retrieve`."""
    asked, real = [], cv2.VideoCapture

    class Watched:
        def __init__(self, *arguments):
            asked.append("open")
            self._capture = real(*arguments)

        def __getattr__(self, name):
            if name in ("grab", "retrieve", "read"):
                asked.append(name)
            return getattr(self._capture, name)

    monkeypatch.setattr(cv2, "VideoCapture", Watched)
    return asked


@pytest.mark.parametrize("sampling, frames", [("even", 6), ("even", 60), ("middle", 6), ("apex", 6), ("all", 1)])
@pytest.mark.parametrize("ending", [".mp4", ".avi"])
def test_a_video_of_too_many_pixels_is_a_row_and_no_frame_is_decoded(tmp_path, monkeypatch, ending, sampling, frames):
    clip = drawn.write_video(tmp_path / f"a{ending}", drawn.moving(1, 8))
    monkeypatch.setattr(images, "MOST_PIXELS", 256 * 256)
    assert len(read_frames(clip, frames, sampling=sampling).frames) > 0  # exactly the limit
    monkeypatch.setattr(images, "MOST_PIXELS", 256 * 256 - 1)
    asked = watch_opening(monkeypatch)
    found = read_frames(clip, frames, sampling=sampling)
    assert found.frames == [] and [note[:2] for note in found.notes] == [
        ("unreadable", "it has 256 x 256 pixels, more than 65,535")
    ]
    assert set(asked) == {"open"}


@pytest.mark.parametrize("name", ["a.gif", "a.mp4", "b.mp4"])
def test_an_image_of_too_many_pixels_that_goes_as_a_video_is_not_even_opened(tmp_path, monkeypatch, name):
    """FFmpeg decodes the first picture of these when it opens them."""
    content = png(15_000, 15_000, b"\0" * 1000) if name == "b.mp4" else gif_of(15_000, 15_000)
    (tmp_path / name).write_bytes(content)
    asked = watch_opening(monkeypatch)
    found = read_frames(tmp_path / name)
    assert found.frames == [] and [note.problem for note in found.notes] == [
        "it has 15000 x 15000 pixels, more than 80,000,000"
    ]
    assert asked == []


def test_a_frame_larger_than_its_container_says_is_left_out(tmp_path, monkeypatch):
    clip = drawn.write_video(tmp_path / "a.mp4", drawn.moving(1, 8))
    real = cv2.VideoCapture

    class Growing:
        def __init__(self, *arguments):
            self._capture, self._taken = real(*arguments), 0

        def retrieve(self):
            self._taken += 1
            fine, picture = self._capture.retrieve()
            return fine, picture if self._taken < 4 else np.zeros((300, 300, 3), np.uint8)

        def __getattr__(self, name):
            return getattr(self._capture, name)

    monkeypatch.setattr(cv2, "VideoCapture", Growing)
    monkeypatch.setattr(images, "MOST_PIXELS", 256 * 256)
    found = read_frames(clip, sampling="all")
    assert [frame.index for frame in found.frames] == [0, 1, 2] and found.n_frames == 3
    assert [note.problem for note in found.notes] == ["later frames have 300 x 300 pixels, more than 65,536"]


def test_predict_and_demo_and_prepare_say_it_too(tmp_path, monkeypatch):
    from fer_utils import live
    from fer_utils.inference import predict
    from fer_utils.live import classifiers

    clip = drawn.write_video(tmp_path / "a.mp4", drawn.moving(1, 8))
    monkeypatch.setattr(images, "MOST_PIXELS", 10_000)
    network = classifiers.Classifier(lambda batch: np.ones((len(batch), 1)), ("a",), 48, 1, "n", "none", {})
    watched = live.run(clip, network, headless=True, progress=False)

    class Network:
        input_shape, output_shape = (None, 48, 48, 1), (None, 1)

        def __call__(self, batch, training=None):
            return np.ones((len(batch), 1))

    found = predict(clip, Network(), labels=["a"])
    made = prepare(drawn.table(clip), tmp_path / "out", workers=1, progress=False)
    assert watched.frames == len(found) == len(made) == 0
    for problems in (watched.problems, found.problems, made.problems):
        assert list(problems["problem"]) == ["it has 256 x 256 pixels, more than 10,000"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("downloads") / "happy"
    root.mkdir()
    for name, (content, *_) in FILES.items():
        (root / name).write_bytes(content)
    drawn.write_video(root / "good.mp4", drawn.moving(1, 12))
    drawn.write_image(root / "good ü (1).png", FACE)
    # A hole of zeros in the middle: the disk's, not the camera's.
    whole = drawn.write_video(root / "hole.mp4", drawn.moving(2, 40)).read_bytes()
    (root / "hole.mp4").write_bytes(
        whole[: len(whole) // 3] + bytes(len(whole) // 6) + whole[len(whole) // 3 + len(whole) // 6 :]
    )
    links = {}
    if hasattr(os, "symlink"):
        os.symlink(root / "nowhere.mp4", root / "dangling.mp4")
        os.symlink(root / "circle.mp4", root / "circle.mp4")
        links = {"dangling.mp4": "unreadable", "circle.mp4": "unreadable"}
    clips = datasets.scan("folder", root.parent)
    return root, clips, links, prepare(clips, tmp_path_factory.mktemp("out") / "set", workers=2, progress=False)


@pytest.mark.parametrize("name", FILES)
def test_each_is_in_the_report_with_its_cause(made, name):
    root, _, _, found = made
    kinds, word = FILES[name][1:]
    rows = found.problems[found.problems["path"] == str(root / name)]
    assert len(rows) and set(rows["kind"]) <= set(kinds.split(" | ")), rows.to_dict("records")
    assert rows["problem"].str.contains(word, regex=False).any() and (rows["action"] != "").all()
    assert str(root / name) not in set(found.meta["path"])


def test_links_to_nothing_are_in_the_report(made):
    root, _, links, found = made
    for name, kind in links.items():
        assert list(found.problems.loc[found.problems["path"] == str(root / name), "kind"]) == [kind]


def test_the_good_ones_are_read_and_nothing_vanishes(made):
    root, clips, _, found = made
    assert (found.meta["path"] == str(root / "good.mp4")).sum() == 6 and (
        found.meta["path"] == str(root / "good ü (1).png")
    ).sum() == 1
    lying = {str(path) for path in root.iterdir()}
    assert set(found.meta["path"]) | set(found.problems["path"]) >= lying | set(clips["path"])
    assert str(root / "hole.mp4") in set(found.meta["path"]) | set(found.problems["path"])


@pytest.mark.parametrize("name", ["phone.heic", "phone.HIF", "phone.mp4"])
def test_a_phones_picture_is_refused_by_whoever_reads_it(tmp_path, name):
    (tmp_path / name).write_bytes(HEIC)
    reading = read_frames(tmp_path / name)
    assert reading.frames == [] and [note.problem for note in reading.notes] == [
        "it is a HEIC or AVIF image, which may be read in part only; save it as JPEG"
    ]
    with pytest.raises(FerError, match="save it as JPEG"):
        Source(tmp_path / name)


@pytest.mark.parametrize("name", ["a.mp4", "a.png"])
def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch, name):
    """Whoever reads that no frame can be decoded throws the clip away."""
    (tmp_path / name).write_bytes(b"a good clip, for all one knows")
    real = open

    def refusing(file, *arguments, **options):
        if str(file) == str(tmp_path / name):
            raise PermissionError(13, os.strerror(13), str(file))
        return real(file, *arguments, **options)

    monkeypatch.setattr("builtins.open", refusing)
    reading = read_frames(tmp_path / name)
    assert [tuple(note) for note in reading.notes] == [
        ("unreadable", f"the file cannot be opened: {os.strerror(13)}", "left out")
    ]
