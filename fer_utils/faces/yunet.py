"""OpenCV's YuNet, a small network that finds faces, where the user has its model's file."""

from __future__ import annotations

import hashlib
import math
import os
from typing import Any

import numpy as np

from fer_utils.core.errors import invalid, missing
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import expanded
from fer_utils.faces.detector_base import QUICK_SIDE, Box, Detector

#: What is told to whoever has no file, or another.
REMEDY = (
    "YuNet's model is a file that you bring: face_detection_yunet_2023mar.onnx, from models/face_detection_yunet of "
    "OpenCV Zoo (github.com/opencv/opencv_zoo), where its licence stands too. Name it after a colon: "
    "detector='yunet:/path/to/face_detection_yunet_2023mar.onnx'. Or pass detector='dlib', which needs no file."
)
#: A face counts from this score on: OpenCV's own default in ``FaceDetectorYN::create``.
SCORE = 0.9
#: Of two boxes that overlap by more than this the better one stays: the default there, too.
OVERLAP = 0.3
#: Pixels a side of the largest face that it finds, by OpenCV Zoo's page of the model; the smallest has 10.
LARGEST_FACE = 300
#: Numbers that the network gives for each cell of its three grids, by the names of the outputs.
_OUTPUTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_STRIDES = (8, 16, 32)


class YuNet(Detector):
    """OpenCV's ``FaceDetectorYN``: YuNet (Wu, Peng & Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector").

    It looks at colours at every scale, and finds faces of about 10 to 300
    pixels a side at the scale it looks at (OpenCV Zoo's page of the model).  Its
    score is the root of the product of the network's two, class and object, in
    [0.9, 1].

    Its boxes are its own: tighter or wider than dlib's, so a network should see faces of
    the detector that it was trained with.

    Parameters
    ----------
    model : the file, for instance ``face_detection_yunet_2023mar.onnx`` of OpenCV
        Zoo; ``~`` is expanded.  It is read once: a worker process is handed its
        contents and need not have the file.

    Raises
    ------
    FerError : the file is missing, empty, or another kind of network.
    MissingPackage : this OpenCV has no ``FaceDetectorYN``.
    """

    name = "yunet"
    smallest = 10
    colours = True
    grey_first = False

    def __init__(self, model: str | os.PathLike):
        self._start("model", model, _contents("model", model, model))

    @classmethod
    def of_name(cls, name: str) -> YuNet:
        """The detector of ``"yunet:FILE"``; without a file one ``FerError`` that says where it is to be had."""
        made = cls.__new__(cls)
        made._start("detector", name, _contents("detector", name, name.partition(":")[2]))
        return made

    def _start(self, argument: str, given: Any, data: bytes) -> None:
        cv2 = _opencv_with_yunet()
        self.model = hashlib.sha256(data).hexdigest()
        self._data = data
        buffer = np.frombuffer(data, np.uint8)
        try:
            _check(cv2, buffer)
            self._find = cv2.FaceDetectorYN.create(
                "onnx", buffer, np.zeros(0, np.uint8), (64, 64), score_threshold=SCORE, nms_threshold=OVERLAP
            )
            self.at_scale(np.zeros((64, 64, 3), np.uint8), False)
        except (cv2.error, ValueError) as error:
            said = str(error).strip().splitlines()[-1][:200]
            raise invalid(
                argument,
                expected="the file of a YuNet model, whole",
                received=given,
                remedy=f"OpenCV cannot use it as one ({said}). {REMEDY}",
            ) from None

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_find"}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._start("model", "a detector sent to this process", self._data)

    def at_scale(self, picture, last):
        found = self._look(picture)
        # The first look has up to 540 pixels a side, and a face may fill it.
        if not found and LARGEST_FACE < max(picture.shape[:2]) <= QUICK_SIDE:
            cv2 = opencv()
            height, width = picture.shape[:2]
            half = cv2.resize(picture, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
            found = [Box(2 * x, 2 * y, 2 * w, 2 * h, score) for x, y, w, h, score in self._look(half)]
        return found

    def _look(self, picture: np.ndarray) -> list[Box]:
        cv2 = opencv()
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.ndim == 3 else cv2.COLOR_GRAY2BGR)
        self._find.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, found = self._find.detect(bgr)
        rows = [] if found is None else found[:, [0, 1, 2, 3, 14]].tolist()  # what lies between are five points
        return [
            Box(round(x), round(y), max(1, round(w)), max(1, round(h)), score)
            for x, y, w, h, score in rows
            if all(map(math.isfinite, (x, y, w, h, score)))
        ]


def _contents(argument: str, given: Any, model: Any) -> bytes:
    def refused(why: str):
        return invalid(argument, expected="the file of a YuNet model", received=given, remedy=f"{why} {REMEDY}")

    if not isinstance(model, (str, os.PathLike)) or not os.fspath(model):
        raise refused("No file is named.")
    path = expanded(model)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        why = "There is no such file." if not path.exists() else f"It cannot be read ({type(error).__name__})."
        raise refused("It is a folder: name the file in it." if path.is_dir() else why) from None
    if not data:
        raise refused("The file is empty.")
    return data


def _opencv_with_yunet():
    cv2 = opencv()
    if not hasattr(cv2, "FaceDetectorYN"):
        raise missing(
            "cv2.FaceDetectorYN",
            needed_for="detector='yunet:FILE'",
            remedy=f"this is OpenCV {cv2.__version__}: pip install -U opencv-python-headless, or pass detector='dlib'",
        )
    return cv2


def _check(cv2, buffer: np.ndarray) -> None:
    """``FaceDetectorYN`` reads its outputs without asking how long they are, so another network could crash it."""
    side = 64
    network = cv2.dnn.readNetFromONNX(buffer)
    network.setInput(np.zeros((1, 3, side, side), np.float32))
    wanted = {
        f"{kind}_{stride}": each * (side // stride) ** 2 for kind, each in _OUTPUTS.items() for stride in _STRIDES
    }
    for (name, size), output in zip(wanted.items(), network.forward(list(wanted)), strict=True):
        if output.size != size or output.dtype != np.float32:
            raise ValueError(f"its output {name} has {output.size} numbers, not {size}")
