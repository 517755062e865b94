"""Names that are not UTF-8: OpenCV ends the process that hands it one, so each call is made in a child process."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

import drawn
from patience import PATIENCE
import pytest

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

CLIP = "02-01-01-01-01-01-01.mp4"
CHECKOUT = Path(__file__).parents[2]
BEFORE = """
import sys
import numpy as np
from fer_utils import datasets, inference, live, studio, synthetic
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.faces import prepare, read_frames
from fer_utils.faces.detectors import create
from fer_utils.faces.landmarks import Landmarks
from fer_utils.live.streams import Source, checked_out

place = sys.argv[1]
folder = place + "/caf\\udce9"
inside, named = folder + "/CLIP", place + "/caf\\udce9.mp4"

class Network:
    input_shape, output_shape = (None, 48, 48, 1), (None, 2)
    def __call__(self, faces, training=False):
        return np.full((len(faces), 2), 0.5, np.float32)

def told(call):
    try:
        call()
    except FerError as error:
        print(ascii(str(error)))
""".replace("CLIP", CLIP)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a video and a picture of such a name, and a folder of such a name with a video in it."""
    root = tmp_path_factory.mktemp("latin1")
    folder, name = os.fsdecode(b"caf\xe9"), os.fsdecode(b"caf\xe9.mp4")
    try:
        (root / folder).mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this system allows no names that are not UTF-8")
    film = drawn.write_video(root / "film.mp4", drawn.moving(1, 6))
    shutil.copy(film, root / folder / CLIP)
    shutil.copy(film, root / name)
    (root / folder / "of.dat").write_bytes(b"no predictor")
    drawn.write_image(root / "face.png", drawn.moving(1, 1)[0]).rename(root / os.fsdecode(b"caf\xe9.png"))
    return root


@pytest.mark.parametrize(
    "code, said",
    [
        ("[print(read_frames(path).notes) for path in (inside, named)]", "not valid UTF-8; rename"),
        ("print(read_frames(inside, sampling='all').notes)", "not valid UTF-8; rename"),
        ("print(read_frames('a\\0b.mp4').notes)", "NUL"),
        ("print(len(read_frames(place + '/caf\\udce9.png').frames), 'frame of a picture')", "1 frame of a picture"),
        (
            "print(inference.predict(named, Network(), labels=['a', 'b']).problems.to_csv())",
            "caf\\xe9.mp4,decode,unreadable,its path is not valid UTF-8",
        ),
        (
            "print(len(prepare(datasets.scan('ravdess', folder), place + '/faces', workers=1, progress=False)))\n"
            "print(open(place + '/faces/problems.csv').read())",
            CLIP + '","decode","unreadable","its path is not valid UTF-8',
        ),
        (
            "main.main(['prepare', '--dataset', 'ravdess', folder, '--out', place + '/two', '--quiet', '--json'])",
            '"faces": 0',
        ),
        ("told(lambda: Source(inside))", "`source`. Expected a path in UTF-8"),
        ("told(lambda: checked_out(folder + '/a.webm'))", "`out`. Expected a path in UTF-8"),
        (
            "told(lambda: studio.film('ravdess', folder + '/new', actors=1, clips_per_actor=1, workers=1))",
            "`root`. Expected a path in UTF-8",
        ),
        ("told(lambda: Landmarks(folder + '/of.dat'))", "`model`. Expected a path in UTF-8"),
        ("told(lambda: synthetic.landmark_predictor.train(folder + '/new.dat'))", "`path`. Expected a path in UTF-8"),
    ],
)
def test_a_name_that_is_not_utf8_is_told_and_ends_nothing(place, code, said):
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code, str(place)],
        capture_output=True,
        cwd=CHECKOUT,
        env=os.environ | {"FER_HOME": str(place / "store"), "PYTHONIOENCODING": "utf-8:backslashreplace"},
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert said in done.stdout.decode(), done.stdout.decode() + done.stderr.decode("utf-8", "replace")
