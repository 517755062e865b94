"""YuNet: a network of its shape, written here by hand, goes through OpenCV's own detector; the files that are none."""

from __future__ import annotations

import math
import pickle

import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils import faces
from fer_utils.core.errors import FerError, MissingPackage
from fer_utils.faces import FaceSet, detectors, prepare
from fer_utils.faces.yunet import YuNet
from fer_utils.inference import predict

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")

STRIDES = (8, 16, 32)
#: Side of a box, in cells, and where its centre lies in the cell that fires.
SIDE, CENTRE = 4.0, (0.5, 0.5)


# --- a network by hand: protobuf's wire format, and ONNX's numbers of fields -----------------


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    """A field: a whole number, text, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, values):
    values = np.asarray(values)
    kind = {"f": 1, "i": 7}[values.dtype.kind]
    raw = values.astype("<f4" if kind == 1 else "<i8").tobytes()
    return b"".join(field(1, side) for side in values.shape) + field(2, kind) + field(8, name) + field(9, raw)


def node(operation, inputs, output, **attributes):
    body = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) + field(4, operation)
    for name, numbers in attributes.items():
        body += field(5, field(1, name) + b"".join(field(8, number) for number in numbers) + field(20, 7))
    return body


def shaped(name, shape):
    dims = b"".join(field(1, field(1, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def network(*, fires=(32,), numbers=(("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)), channels=1, side=64):
    """A YuNet whose class score is (red - green - blue) / 255, the mean over a cell, in the grids that fire.

    Its object score is 1, its box `SIDE` cells wide about `CENTRE`, and its five points lie in the cell's corner.
    """
    nodes, weights, outputs = [], [], []
    for stride in STRIDES:
        for kind, each in numbers:
            each *= channels
            kernel, bias = np.zeros((each, 3, stride, stride), np.float32), np.zeros(each, np.float32)
            if kind == "cls" and stride in fires:
                kernel[:] = np.array([-1, -1, 1], np.float32)[:, None, None] / (255 * stride**2)  # blue, green, red
            bias[:] = {"obj": 1.0, "bbox": 0.0}.get(kind, 0.0)
            if kind == "bbox":
                bias[:4] = (*CENTRE, math.log(SIDE), math.log(SIDE))[:each]
            name = f"{kind}_{stride}"
            weights += [
                tensor(f"w{name}", kernel),
                tensor(f"b{name}", bias),
                tensor(f"s{name}", np.array([1, -1, each])),
            ]
            nodes += [
                node(
                    "Conv",
                    ["input", f"w{name}", f"b{name}"],
                    f"c{name}",
                    kernel_shape=(stride, stride),
                    strides=(stride, stride),
                ),
                node("Transpose", [f"c{name}"], f"t{name}", perm=(0, 2, 3, 1)),
                node("Reshape", [f"t{name}", f"s{name}"], name),
            ]
            outputs.append(shaped(name, (1, (side // stride) ** 2, each)))
    graph = b"".join(field(1, one) for one in nodes) + field(2, "yunet") + b"".join(field(5, one) for one in weights)
    graph += field(11, shaped("input", (1, 3, side, side))) + b"".join(field(12, one) for one in outputs)
    return field(1, 7) + field(8, field(1, "") + field(2, 11)) + field(7, graph)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "ein Netz ä.onnx"
    path.write_bytes(network())
    return path


@pytest.fixture(scope="module")
def finder(model):
    return detectors.create(f"yunet:{model}")


def planted(left, top, side, *, colour=(255, 0, 0), width=320, height=256):
    picture = np.full((height, width, 3), 128, np.uint8)  # grey is -1/2: far below any threshold
    picture[top : top + side, left : left + side] = colour
    return picture


# --- what it finds --------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 9), st.integers(0, 7), st.integers(207, 255), st.integers(257, 320), st.integers(225, 256))
def test_the_box_and_the_score_are_those_of_the_planted_patch(finder, column, row, red, width, height):
    """A cell of 32 pixels that is red fires with sqrt(red / 255): from 0.9 on, which is 207 of 255."""
    width, height = max(width, 32 * column + 32), max(height, 32 * row + 32)
    found = finder.at_scale(planted(32 * column, 32 * row, 32, colour=(red, 0, 0), width=width, height=height), False)
    x, y = (32 * (place + 0.5) - 16 * SIDE for place in (column, row))
    assert [box[:4] for box in found] == [(x, y, 32 * SIDE, 32 * SIDE)]
    assert found[0].score == pytest.approx(math.sqrt(red / 255), abs=1e-4)
    assert all(isinstance(value, int) for value in found[0][:4])


@pytest.mark.parametrize("colour", [(0, 0, 255), (0, 255, 0), (255, 255, 255), (206, 0, 0), (128, 128, 128), (0, 0, 0)])
def test_red_is_red_and_not_blue(finder, colour):
    picture = planted(32, 32, 64, colour=colour)
    assert finder.at_scale(picture, False) == [] and finder.detect(picture) == []
    assert len(finder.detect(np.ascontiguousarray(picture[..., ::-1]))) == (colour == (0, 0, 255))


def test_overlapping_boxes_become_one_and_far_ones_stay(finder):
    picture = planted(96, 96, 64)  # four cells fire; their boxes overlap
    assert len(finder.at_scale(picture, False)) == 1
    picture = planted(0, 0, 32, width=640)
    picture[192:224, 480:512] = (255, 0, 0)
    assert sorted(box.x for box in finder.at_scale(picture, False)) == [-48, 432]


@pytest.mark.parametrize("stride", STRIDES)
def test_all_three_grids_are_read(tmp_path, stride):
    (tmp_path / "one.onnx").write_bytes(network(fires=(stride,)))
    found = YuNet(tmp_path / "one.onnx").at_scale(planted(64, 32, stride), True)
    middle = [place + stride * (0.5 - SIDE / 2) for place in (64, 32)]
    assert [box[:4] for box in found] == [(*middle, stride * SIDE, stride * SIDE)]


def test_the_first_look_at_a_large_picture_has_colours(finder, monkeypatch):
    """1280 pixels are looked at as 320; red is not to be seen in grey."""
    looked, real = [], YuNet._look
    monkeypatch.setattr(YuNet, "_look", lambda self, picture: looked.append(picture.shape) or real(self, picture))
    found = finder.detect(planted(640, 256, 128, width=1280, height=720))
    assert looked == [(180, 320, 3)]
    assert [box[:4] for box in found] == [(640 + 64 - 256, 256 + 64 - 256, 512, 512)]
    backwards = planted(640, 256, 128, colour=(0, 0, 255), width=1280, height=720)[
        ..., ::-1
    ]  # as a video's frames come
    assert finder.detect(backwards) == found


def test_a_face_that_fills_the_first_look_is_found_at_half_its_size(finder, monkeypatch):
    """The network finds up to 300 pixels, and the first look has up to 540."""
    real = YuNet._look
    monkeypatch.setattr(
        YuNet, "_look", lambda self, picture: real(self, picture) if max(picture.shape[:2]) <= 300 else []
    )
    found = finder.at_scale(planted(64, 64, 64, width=512, height=448), False)
    assert [box[:4] for box in found] == [(96 - 128, 96 - 128, 256, 256)]
    assert finder.at_scale(planted(0, 0, 64, width=560, height=560), False) == []  # that is not the first look


@pytest.mark.parametrize(
    "width, height, looks",
    [
        (300, 40, [(40, 300, 3)]),
        (301, 41, [(41, 301, 3), (21, 151, 3)]),
        (40, 540, [(540, 40, 3), (270, 20, 3)]),
        (541, 40, [(40, 541, 3)]),
    ],
)
def test_half_the_size_is_looked_at_where_a_face_may_be_too_large(finder, monkeypatch, width, height, looks):
    looked = []
    monkeypatch.setattr(YuNet, "_look", lambda self, picture: looked.append(picture.shape) or [])
    assert finder.at_scale(np.zeros((height, width, 3), np.uint8), False) == [] and looked == looks


def test_the_scores_and_overlaps_that_count_are_opencvs_own(finder):
    assert finder._find.getScoreThreshold() == pytest.approx(0.9)
    assert finder._find.getNMSThreshold() == pytest.approx(0.3)


def test_small_faces_beside_a_large_one_are_found_thoroughly(finder):
    picture = planted(0, 0, 128, width=1280, height=720)
    picture[640:672, 1216:1248] = (255, 0, 0)  # a cell at full size, a quarter of one in the first look
    assert len(finder.detect(picture)) == 1
    assert [box[:4] for box in finder.detect(picture, thorough=True)][1] == (1216 - 48, 640 - 48, 128, 128)


def test_nothing_is_found_in_noise_and_in_tiny_pictures(finder):
    noise = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for picture in (
        noise,
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((3, 500, 3), np.uint8),
        np.zeros((40, 40), np.uint8),
    ):
        assert finder.at_scale(picture, True) == []


def test_it_is_one_of_the_detectors(model, finder):
    assert "yunet" in detectors.available() and finder.name == "yunet" and isinstance(finder, detectors.Detector)
    assert detectors.create(finder) is finder and finder.model == YuNet(str(model)).model != ""


def test_a_pickled_one_needs_no_file_and_finds_the_same(tmp_path):
    path = tmp_path / "gone.onnx"
    path.write_bytes(network())
    finder = YuNet(path)
    sent = pickle.dumps(finder)
    path.unlink()
    again, picture = pickle.loads(sent), planted(64, 64, 64)
    assert again.detect(picture) == finder.detect(picture) != [] and again.model == finder.model


# --- files that are none --------------------------------------------------------------------


def test_without_a_file_it_says_where_one_is_to_be_had():
    for name in ("yunet", "yunet:"):
        with pytest.raises(
            FerError, match=rf"(?s)`detector`.*Received: '{name}'.*OpenCV Zoo.*detector='yunet:/path/to/"
        ):
            detectors.create(name)
    with pytest.raises(FerError, match=r"`detector`.*Received: 'dlib:x'"):
        detectors.create("dlib:x")


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "There is no such file"),
        (b"", "The file is empty"),
        (b"<html>404</html>", "cannot use it"),
        (network()[:5000], "cannot use it"),
        (network(numbers=(("cls", 1), ("obj", 1), ("bbox", 4))), "cannot use it"),
        (network(numbers=(("cls", 1), ("obj", 1), ("bbox", 3), ("kps", 10))), "output bbox_8 has 192 numbers, not 256"),
        (network(channels=2), "output cls_8 has 128 numbers, not 64"),
    ],
)
def test_a_missing_empty_or_wrong_file(tmp_path, content, words):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerError, match=f"(?s)Invalid value for `detector`.*{words}.*OpenCV Zoo"):
        detectors.create(f"yunet:{path}")
    with pytest.raises(FerError, match=f"(?s)Invalid value for `model`.*{words}"):
        YuNet(path)
    with pytest.raises(FerError, match="`detector`"):
        prepare(drawn.table(), tmp_path / "out", detector=f"yunet:{path}", progress=False)
    assert not (tmp_path / "out").exists()


def test_a_folder_and_what_is_no_path(tmp_path):
    with pytest.raises(FerError, match="It is a folder"):
        YuNet(tmp_path)
    for value in (None, 3, "", b"x"):
        with pytest.raises(FerError, match="`model`"):
            YuNet(value)


def test_an_opencv_without_it(monkeypatch, model):
    monkeypatch.delattr(cv2, "FaceDetectorYN")
    with pytest.raises(MissingPackage, match="detector='yunet:FILE'"):
        detectors.create(f"yunet:{model}")


# --- in the pass ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return drawn.table(
        *(drawn.write_image(folder / f"{number}.png", planted(32 * number, 64, 64, width=512)) for number in range(4))
    )


def test_the_pass_and_prediction_take_it_and_workers_change_no_byte(model, clips, tmp_path):
    name = f"yunet:{model}"
    made = prepare(clips, tmp_path / "one", size=32, detector=name, workers=1, progress=False)
    assert list(made.meta["detector"]) == ["yunet"] * 4 and len(made.problems) == 0
    assert made.meta[["box_y", "box_w"]].drop_duplicates().values.tolist() == [[64 + 16 - 64, 128]]
    assert made.manifest["config"]["detector"] == "yunet"
    assert made.manifest["config"]["detector_model"] == YuNet(model).model
    other = prepare(clips, tmp_path / "two", size=32, detector=name, workers=2, progress=False)
    assert (
        drawn.files_of(tmp_path / "two") == drawn.files_of(tmp_path / "one") and other.fingerprint == made.fingerprint
    )

    class Spy:
        input_shape, output_shape = (None, 32, 32, 1), (None, 2)

        def __call__(self, batch, training=None):
            self.seen = batch
            return np.full((len(batch), 2), 0.5, np.float32)

    spy = Spy()
    predict(clips["path"][1], spy, detector=name, labels=["a", "b"])
    assert np.array_equal(spy.seen[0], made.images[1].astype(np.float32))


def test_another_model_is_another_request(model, clips, tmp_path):
    prepare(clips, tmp_path / "out", size=32, detector=f"yunet:{model}", workers=1, progress=False)
    (tmp_path / "other.onnx").write_bytes(network(fires=(16,)))
    with pytest.raises(FerError, match=r"detector_model is '.*' there and '.*' here"):
        prepare(
            clips, tmp_path / "out", size=32, detector=f"yunet:{tmp_path / 'other.onnx'}", workers=1, progress=False
        )
    assert len(FaceSet.load(tmp_path / "out")) == 4
    assert faces.YuNet is YuNet
