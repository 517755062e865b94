"""``bench faces``: what it prints, never how fast it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fer_utils.benchmarks import face_detection
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.faces import Box, Detector

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")


class Bright(Detector):
    """Finds the one white square, if it is 20 pixels wide or more; and always a box in the corner."""

    name = "bright"

    def at_scale(self, picture, last):
        assert picture.ndim == 2
        rows, columns = np.nonzero(picture > 200)
        boxes = [Box(0, 0, 5, 5, 0.0)]
        if len(rows) and np.ptp(columns) >= 20:
            boxes.append(Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)), int(np.ptp(rows)), 1.0))
        return boxes


@pytest.mark.slow
def test_the_smallest_bench_measures_every_way_and_every_detector(capfd, monkeypatch):
    monkeypatch.setattr(face_detection, "SIZE", (640, 360))  # heads are as large at each of the widths
    status = main.main(["bench", "faces", "--quick", "--rounds", "1", "--json", "--quiet"])
    said = capfd.readouterr()
    assert status == 0 and said.err == "", said.err
    found = json.loads(said.out)
    assert [row["name"] for row in found["pass"]] == list(face_detection.WAYS) and found["pass"][0]["cost"] == 1
    assert found["clips"] == 1 and found["workers"]["clips"] == 1 and found["workers"]["ratio"] > 0
    assert (
        found["overlap"]["frames"] == 6
        and found["overlap"]["missed"] == 0
        and 0.7 <= found["overlap"]["least"] <= found["overlap"]["median"]
    )
    for rows in found["detectors"].values():
        assert [(row["detector"], row["width"]) for row in rows] == [
            (name, width) for name in ("dlib", "haar") for width in face_detection.WIDTHS
        ]
    small = found["detectors"]["far"][2]
    assert (small["detector"], small["width"], small["recall"]) == (
        "dlib",
        320,
        0.0,
    )  # 46 pixels; dlib's smallest face has 80
    assert found["detectors"]["near"][0]["recall"] == 1.0
    text = face_detection.report(found)
    assert all(words in text for words in face_detection.WAYS.values()) and text.count(" px") == 6


def test_recall_counts_pictures_whose_point_is_in_a_box_at_every_width():
    pictures, points = [], []
    for left, wide in ((300, 200), (500, 60), (100, 300)):
        picture = np.zeros((360, 640, 3), np.uint8)
        picture[100 : 100 + wide, left : left + wide] = 255
        pictures.append(picture)
        points.append((left + wide / 2, 100 + wide / 2))
    points[2] = (5.0, 350.0)  # not in the square: its box is another's
    table = face_detection.detectors(pictures, points, names=[Bright()], widths=(640, 160), repeats=1, progress=False)
    assert list(table["width"]) == [640, 160] and list(table["recall"]) == [pytest.approx(2 / 3), pytest.approx(1 / 3)]
    assert list(table["others"]) == [pytest.approx((1 + 1 + 2) / 3), pytest.approx((1 + 1 + 2) / 3)]
    assert (table["ms"] > 0).all()


@pytest.mark.parametrize("count", [0, 1])
def test_every_picture_wants_its_point(count):
    with pytest.raises(FerError, match="`points`"):
        face_detection.detectors([np.zeros((8, 8, 3), np.uint8)] * (2 * count), [(1, 1)] * count, progress=False)


def test_a_folder_without_clips_is_an_error(tmp_path):
    with pytest.raises(FerError, match=r"`root`\. Expected a folder with RAVDESS clips"):
        face_detection.measure(tmp_path, quick=True, progress=False)


def test_pictures_and_the_tips_of_noses_come_in_pairs():
    drawn = face_detection.drawn_pictures(1)
    assert list(drawn) == ["near", "far"]
    for pictures, points in drawn.values():
        assert [picture.shape for picture in pictures] == [(720, 1280, 3)] and len(points) == 1
        x, y = points[0]
        assert 400 < x < 880 and 0 < y < 720
