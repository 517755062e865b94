"""Where live pictures come from and where they go: a camera or a file; a window or a file."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import sys
import time

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import check_utf8, why_no_file
from fer_utils.faces.pixels import contiguous
from fer_utils.faces.reading import Frame, Note, Reading
from fer_utils.faces.video import HEIC, each_frame, is_heic

#: A picture that is written has no longer side than this: VP9 takes a second a picture beyond.
LARGEST_OUT = 1920
#: The frame rate that is written where nothing says one.
CAMERA_RATE = 15.0
#: More frames a second are not written; screens show no more.
MOST_RATE = 60.0
#: A frame rate beyond this is a container's mistake.
_BELIEVED_RATE = 1000.0
#: So is one below this: a recording with a long gap, whose container says the mean.  VP9 cannot be written so slowly.
_LEAST_RATE = 0.01
#: A film that leaves out more than this share of its pictures says so.
_MOST_LEFT_OUT = 0.1
#: A video that stands still for longer than this is written as standing still for so long, in seconds.
_LONGEST_STAND = 10.0


# --- from -----------------------------------------------------------------------------------


class Source:
    """Frames of a camera (a number, 0 for the first) or of a file, with what there is to remark in ``reading.notes``.

    Attributes ``name`` (for the report), ``camera`` (bool), ``rate`` (frames a second as the container or the camera
    says, NaN where it does not).  Iterate once; ``close`` lets the camera go.
    """

    def __init__(self, source: int | str | os.PathLike):
        self.reading, self._capture, self.rate = Reading(), None, float("nan")
        self.camera = isinstance(source, (int, np.integer)) and not isinstance(source, bool)
        if self.camera:
            self._open_camera(int(source))
            return
        if not isinstance(source, (str, os.PathLike)) or not os.fspath(source):
            raise invalid("source", expected="a camera's number, or the path of a video", received=source)
        path = Path(os.path.abspath(os.path.expanduser(os.fspath(source))))
        if not path.is_file():
            raise invalid(
                "source",
                expected="a video that exists",
                received=str(path),
                remedy=why_no_file(path),
            )
        check_utf8("source", path)
        if is_heic(path):
            raise invalid(
                "source", expected="a video", received=str(path), remedy=f"{HEIC}: save it as JPEG, for predict."
            )
        self.path, self.name = path, str(path)
        self.rate = _rate_of(path)

    def _open_camera(self, number: int) -> None:
        cv2, self.name = opencv(), f"camera {number}"
        if number < 0:
            raise invalid("camera", expected="a camera's number, 0 for the first", received=number)
        there = (
            [path.name for path in sorted(Path("/dev").glob("video[0-9]*"))] if sys.platform.startswith("linux") else []
        )
        # OpenCV complains on its own account about a device that is not there.
        if not sys.platform.startswith("linux") or f"video{number}" in there:
            self._capture = cv2.VideoCapture(number)
        if self._capture is None or not self._capture.isOpened():
            raise invalid(
                "camera",
                expected="a camera that is there and free",
                received=number,
                remedy=(
                    f"This machine has {', '.join(there) or 'no camera'}. " if sys.platform.startswith("linux") else ""
                )
                + "Plug one in, close the program that uses it, allow its use in the system's settings, or take a "
                "film: --video FILE",
            )
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one from half a second ago
        said = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = said if 0 < said <= _BELIEVED_RATE else float("nan")

    def __iter__(self) -> Iterator[Frame]:
        if self.camera:
            yield from self._from_camera()
            return
        last = -1.0
        for frame in each_frame(self.path, sampling="all", into=self.reading, copy=False):
            # Times that stand still or run backwards would make nonsense of a smoothing in seconds.
            step = 1 / self.rate if self.rate == self.rate else 1 / 25
            if frame.time_s <= last:
                frame = frame._replace(time_s=last + step)
            last = frame.time_s
            yield frame

    def _from_camera(self) -> Iterator[Frame]:
        began, index = None, 0
        while True:
            fine, picture = self._capture.read()
            if not fine or picture is None or not picture.size:
                self.reading.notes.append(Note("camera", f"it gave no picture after {index} frames", "stopped"))
                return
            now = time.monotonic()
            began = now if began is None else began
            self.reading.n_frames = index + 1
            yield Frame(
                index,
                now - began,
                picture[..., ::-1] if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2),
            )
            index += 1

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()


def _rate_of(path: Path) -> float:
    """Frames a second by the container; NaN where it says none that can be."""
    cv2 = opencv()
    try:
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        said = capture.get(cv2.CAP_PROP_FPS) if capture.isOpened() else 0.0
        capture.release()
    except cv2.error:
        return float("nan")
    return said if _LEAST_RATE <= said <= _BELIEVED_RATE else float("nan")


# --- to -------------------------------------------------------------------------------------


def checked_out(out: str | os.PathLike | None) -> Path | None:
    """The name of a video to be written; ``FerError`` now, before any work, if it could not be."""
    if out is None:
        return None
    if not isinstance(out, (str, os.PathLike)) or not os.fspath(out):
        raise invalid("out", expected="the name of a .webm file", received=out)
    path = Path(os.path.abspath(os.path.expanduser(os.fspath(out))))
    if path.suffix.lower() != ".webm":
        raise invalid("out", expected="a name that ends in .webm (VP9, which browsers play)", received=str(out))
    check_utf8("out", path)
    if path.exists():
        raise invalid(
            "out",
            expected="a file that is not there yet",
            received=str(out),
            remedy="Nothing is overwritten: choose another name, or remove it.",
        )
    if not path.parent.is_dir():
        raise invalid(
            "out",
            expected="a file in a folder that exists",
            received=str(out),
            remedy=f"Make the folder first: {path.parent}",
        )
    if not os.access(path.parent, os.W_OK):
        raise invalid("out", expected="a file in a folder that can be written to", received=str(out))
    return path


class Film:
    """A VP90 ``.webm`` that appears when it is whole; pictures of any times become one of an even frame rate.

    Its first picture sets its size: sides are even, the longer one `LARGEST_OUT` pixels at most.
    """

    def __init__(self, path: Path, rate: float):
        self.path, self.rate = path, min(rate, MOST_RATE) if rate > 0 else CAMERA_RATE
        self.part = path.with_name(f".{path.stem}.part{path.suffix}")
        self.added, self.size, self.notes, self._writer, self._last = 0, (0, 0), [], None, None
        self.shown = self.left_out = 0
        if rate > MOST_RATE:
            self.notes.append(
                Note("frame rate", f"it has {rate:g} frames a second", f"written at {MOST_RATE:g}, the others left out")
            )
        self._began = 0.0

    def add(self, bgr: np.ndarray, time_s: float) -> None:
        """One picture, (H, W, 3) uint8 BGR, contiguous, from a time on."""
        cv2 = opencv()
        if self._writer is None:
            self._open(cv2, bgr, time_s)
        if bgr.shape[1::-1] != self.size:
            shrinks = bgr.shape[1] > self.size[0]
            bgr = cv2.resize(bgr, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        # The picture before stands until this one's time; where two fall into one step, the later is left out.
        due = round(min(time_s - self._began, self.added / self.rate + _LONGEST_STAND) * self.rate)
        while self._last is not None and self.added < due:
            self._write(self._last)
        if self.added <= due:
            self.shown += 1
            self._write(bgr)
        else:
            self.left_out += 1
        self._last = bgr

    def _write(self, bgr: np.ndarray) -> None:
        self._writer.write(bgr)
        self.added += 1

    def _open(self, cv2, bgr: np.ndarray, time_s: float) -> None:
        high, wide = bgr.shape[:2]
        share = min(1.0, LARGEST_OUT / max(high, wide))
        self.size = tuple(max(16, 2 * round(side * share / 2)) for side in (wide, high))
        if share < 1:
            self.notes.append(
                Note("large", f"its frames have {wide} x {high} pixels", f"written at {self.size[0]} x {self.size[1]}")
            )
        self._began = time_s
        # OpenCV's ffmpeg says on standard error that it does not know the tag, and then writes VP9 all the same.
        self._writer = cv2.VideoWriter(str(self.part), cv2.VideoWriter_fourcc(*"VP90"), self.rate, self.size)
        if not self._writer.isOpened():
            self.part.unlink(missing_ok=True)
            raise FerError(
                f"This OpenCV ({cv2.__version__}) cannot write VP90 video to {self.path}. Remedy: install one from "
                "PyPI, which brings the "
                "codec (pip install opencv-python-headless), or go without `out`."
            )

    def close(self) -> None:
        """Write what VP9, which looks ahead, has kept back; nothing can be added after it."""
        if self._writer is not None:
            self._writer.release()

    def finish(self, progress: bool = False) -> bool:
        """Close the file and give it its name; False where no picture was added.

        ``FerError`` where less is in it than was written.
        """
        if self._writer is None:
            return False
        self.close()
        there = _count(self.part)
        if there != self.added:
            self.discard()
            raise FerError(
                f"{self.path} has {there} of {self.added} frames after writing: is the disk full? Make room and run it "
                "again."
            )
        os.replace(self.part, self.path)
        given = self.shown + self.left_out
        if self.left_out > _MOST_LEFT_OUT * given and self.rate < MOST_RATE:
            what = f"{self.left_out} of {given} pictures came sooner than its {self.rate:g} frames a second can show"
            self.notes.append(Note("frame rate", what, "left out of the film"))
        return True

    def discard(self) -> None:
        """Leave nothing behind."""
        self.close()
        self.part.unlink(missing_ok=True)


class Spool:
    """A film of a camera's pictures, which do not wait for VP9.

    Kept as JPEGs beside the film, made into it at the end.
    """

    def __init__(self, path: Path):
        self.path, self.times, self.notes, self._writer, self.size = path, [], [], None, (0, 0)
        self.part = path.with_name(f".{path.stem}.spool.avi")

    def add(self, bgr: np.ndarray, time_s: float) -> None:
        cv2 = opencv()
        if self._writer is None:
            self.size = bgr.shape[1::-1]
            self._writer = cv2.VideoWriter(str(self.part), cv2.VideoWriter_fourcc(*"MJPG"), CAMERA_RATE, self.size)
            if not self._writer.isOpened():
                self.part.unlink(missing_ok=True)
                raise FerError(f"Nothing can be written beside {self.path}: OpenCV opens no MJPG video there.")
        self._writer.write(bgr if bgr.shape[1::-1] == self.size else cv2.resize(bgr, self.size))
        self.times.append(time_s)

    def finish(self, progress: bool = False) -> bool:
        if self._writer is None:
            return False
        self._writer.release()
        length = self.times[-1] - self.times[0]
        film = Film(self.path, min(30.0, max(1.0, (len(self.times) - 1) / length)) if length > 0 else CAMERA_RATE)
        capture = opencv().VideoCapture(str(self.part), opencv().CAP_FFMPEG)
        try:
            for time_s in tqdm(self.times, desc="writing the film", unit="frame", delay=2, disable=not progress):
                fine, bgr = capture.read()
                if not fine:
                    break
                film.add(bgr, time_s)
            self.notes = film.notes
            return film.finish()
        except BaseException:
            film.discard()
            raise
        finally:
            capture.release()
            self.part.unlink(missing_ok=True)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.release()
        self.part.unlink(missing_ok=True)


def _count(path: Path) -> int:
    cv2 = opencv()
    capture, found = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
    while capture.isOpened() and capture.grab():
        found += 1
    capture.release()
    return found


class Window:
    """A window on the screen; ``FerError`` with the remedy where OpenCV has none or there is no screen."""

    REMEDY = (
        'Remedy: write a video instead (headless=True, out="annotated.webm"; --headless --out annotated.webm), or, '
        "where there is a screen, pip uninstall opencv-python-headless and pip install opencv-python."
    )

    def __init__(self, title: str = "fer_utils (q ends)"):
        cv2, self.title = opencv(), title
        gui = next((line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith("GUI:")), "")
        if gui.split(":")[-1].strip() == "NONE" or not hasattr(cv2, "imshow"):
            raise FerError(f"This OpenCV ({cv2.__version__}) was built without windows. {self.REMEDY}")
        # Qt ends the whole process where it finds no display, so it is not asked.
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise FerError(f"There is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set). {self.REMEDY}")
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise FerError(f"No window can be opened ({error}). {self.REMEDY}") from error
        self._cv2, self._due = cv2, None

    def show(self, bgr: np.ndarray, wait_s: float) -> bool:
        """Show a picture, waiting so many seconds at least for a key; False when the person has had enough."""
        self._cv2.imshow(self.title, bgr)
        key = self._cv2.waitKey(max(1, round(1000 * wait_s))) & 0xFF
        return key not in (ord("q"), 27) and self._cv2.getWindowProperty(self.title, self._cv2.WND_PROP_VISIBLE) >= 1

    def close(self) -> None:
        self._cv2.destroyWindow(self.title)


def bgr_of(rgb: np.ndarray, *, copy: bool = False) -> np.ndarray:
    """A picture as contiguous BGR, which OpenCV shows and writes, to be painted on.

    Without ``copy`` the picture itself, where it came from OpenCV as BGR.
    """
    if rgb.strides[2] < 0 and rgb[..., ::-1].flags["C_CONTIGUOUS"]:
        return rgb[..., ::-1].copy() if copy else rgb[..., ::-1]
    return opencv().cvtColor(contiguous(rgb), opencv().COLOR_RGB2BGR)
