"""Pictures out of files: videos and still images, as RGB, with the reasons where there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import math
import os
import stat

import numpy as np

from fer_utils.core.errors import whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import is_utf8
from fer_utils.core.stages import stage
from fer_utils.datasets.files import HEIC_SUFFIXES
from fer_utils.faces.images import decode, disguised_size, too_many_pixels
from fer_utils.faces.pixels import contiguous, grey_of
from fer_utils.faces.reading import (
    Facts,
    Frame,
    Note,
    Reading,
    is_time,
    remark,
    remark_on_length,
    seconds,
    undecodable,
)
from fer_utils.faces.sampling import apex_indices, checked_sampling, sample_indices

#: Files with these endings are read as still images, every other file as a video.
IMAGE_SUFFIXES: tuple[str, ...] = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".pgm",
    ".ppm",
    ".pnm",
)


_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis")
#: What is wrong with such a picture.
HEIC = "it is a HEIC or AVIF image, which may be read in part only"

#: No more full frames than these are held in memory; a larger sample is decoded as it is used.
MOST_HELD = 24
#: So many grabs in a row may fail before a video is taken for ended: a damaged packet costs its frames and no more.
MOST_FAILED = 30
#: Side of the small grey pictures in which the change against the first frame is measured.
_SMALL = 64


def is_image(path: str | os.PathLike) -> bool:
    """Whether a file's ending says that it is a still image."""
    return os.path.splitext(os.fspath(path))[1].lower() in IMAGE_SUFFIXES


def is_heic(path: str | os.PathLike) -> bool:
    """Whether a file holds a HEIC image, or is an AVIF image by its ending, whatever it is called.

    A phone's picture is a grid of tiles, each a small picture of its own, and OpenCV's videos may show one of them.
    """
    if os.path.splitext(os.fspath(path))[1].lower() in HEIC_SUFFIXES:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(32)
    except OSError:
        return False
    return head[4:8] == b"ftyp" and (head[8:12] in _HEIC_BRANDS or (head[8:12] == b"mif1" and b"hei" in head[12:]))


@stage("faces")
def read_frames(path: str | os.PathLike, k: int = 6, *, sampling: str = "even") -> Reading:
    """Frames of a video, or the one frame of a still image.

    A video is decoded in order, and only the chosen frames are turned into RGB:
    seeking is slower and, in some containers, inexact.  The container's frame
    count is not believed: where the frames that can be decoded are more or
    fewer, the sample is that of the true count; frames that damage has made undecodable
    are counted in a note and have no index.  Nor is its frame rate: times
    are the frames' own stamps where there are any.

    Parameters
    ----------
    path : a file that OpenCV or, for images, Pillow can read.
    k : how many frames, 1 or more; ignored with ``sampling="all"``.
    sampling : ``"even"``, ``"middle"`` or ``"all"`` (see ``sample_indices``), or
        ``"apex"``: the ``k`` frames about the one that differs most from the
        first, by the mean absolute difference of the two whole pictures, grey
        and scaled to 64 x 64 (see ``apex_indices``).  It is what moves most that is found,
        also where that is the camera, and it decodes the clip twice.

    Returns
    -------
    Reading : a file that cannot be read has no frames and a note that says why; so has one whose
    frames have more pixels than ``fer_utils.faces.images.MOST_PIXELS``, of which none is decoded.
    All frames are in memory at once; ``each_frame`` hands them out one by one.
    """
    reading = Reading()
    reading.frames.extend(each_frame(path, k, sampling=sampling, into=reading))
    return reading


@stage("faces")
def each_frame(
    path: str | os.PathLike,
    k: int = 6,
    *,
    sampling: str = "even",
    into: Reading,
    copy: bool = True,
) -> Iterator[Frame]:
    """The frames of ``read_frames``, one after the other, ``MOST_HELD`` at most in memory.

    ``into`` gets ``n_frames`` and the notes, and is complete when the last
    frame has been handed out; its list of frames is left alone.  With
    ``copy=False`` a video's pictures are views of what OpenCV decoded, BGR read
    backwards: RGB, but not contiguous, and sparing the time that turning
    every pixel round takes.
    """
    k, sampling = whole_number("k", k, 1), checked_sampling("sampling", sampling)
    return _each_frame(
        os.path.abspath(os.fspath(path)), k, sampling, into, copy
    )  # so that no name is taken for an address


def _each_frame(path: str, k: int, sampling: str, into: Reading, copy: bool) -> Iterator[Frame]:
    problem = _not_a_file(path)
    if problem is not None:
        into.notes.append(problem)
    elif is_image(path):
        yield from _image(path, into)
    else:
        if sampling == "all":
            frames = _stream(path, None, into, Facts())
        elif sampling == "apex":
            frames = _sample(path, lambda facts: apex_indices(_changes(path, facts), k), k, into)
        elif k > MOST_HELD:
            frames = _sample(path, lambda facts: sample_indices(_count(path, facts), k, sampling), k, into)
        else:
            frames = _one_pass(path, k, sampling, into)
        for frame in frames:
            yield frame._replace(rgb=contiguous(frame.rgb)) if copy else frame


def _not_a_file(path: str) -> Note | None:
    try:
        status = os.stat(path)
    except OSError as error:
        return Note("unreadable", f"the file cannot be opened: {error.strerror}", "left out")
    except ValueError:  # a NUL in the name
        return Note("unreadable", "its name holds a NUL, which no file's name does", "left out")
    if not stat.S_ISREG(status.st_mode):
        return Note("unreadable", "it is not a regular file", "left out")
    if status.st_size == 0:
        return Note("empty", "the file has 0 bytes", "left out")
    try:  # a file that may not be read, or a disk that fails, is not taken for a damaged video
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        return Note("unreadable", f"the file cannot be opened: {error.strerror}", "left out")
    if is_heic(path):
        return Note("unreadable", f"{HEIC}; save it as JPEG", "left out")
    if not (is_image(path) or is_utf8(path)):  # OpenCV would end the process; an image is read by Python
        return Note("unreadable", "its path is not valid UTF-8; rename the file or its folder", "left out")
    return None


# --- ways through a video -------------------------------------------------------------------


@dataclass
class _Habit:
    """Whether this process's videos announce one frame too many, as all of RAVDESS's do.

    After three in a row the other sample is not turned into pictures as well.
    One that was taken for such and is not is decoded twice, and ends the guessing.
    """

    in_a_row: int = 0
    failed: bool = False

    @property
    def sure(self) -> bool:
        return self.in_a_row >= 3 and not self.failed

    def learn(self, facts: Facts) -> None:
        short = facts.total == facts.announced - 1
        self.failed = self.failed or (self.sure and not short)
        self.in_a_row = self.in_a_row + 1 if short else 0


_habit = _Habit()


def _one_pass(path: str, k: int, sampling: str, into: Reading) -> Iterator[Frame]:
    """A small sample: decoded once if the container tells the count, or one more; else twice."""
    facts, kept = Facts(), {}
    wanted: set[int] | None = None
    for index, take in _walk(path, facts):
        if wanted is None:
            wanted = set(sample_indices(max(0, facts.announced - 1), k, sampling))
            if not _habit.sure:
                wanted |= set(sample_indices(facts.announced, k, sampling))
        if index in wanted and (frame := take()) is not None:
            kept[index] = frame
    if facts.announced and facts.total:
        _habit.learn(facts)
    indices = sample_indices(facts.total, k, sampling)
    if not all(index in kept for index in indices):
        kept = {frame.index: frame for frame in _chosen(path, set(indices)) if frame is not None}
    if remark(into, facts):
        missed = [index for index in indices if index not in kept]
        into.notes.extend(undecodable(index) for index in missed)
        remark_on_length(into, len(indices), k)
    yield from (kept[index] for index in indices if index in kept)


def _sample(path: str, choose: Callable[[Facts], list[int]], k: int, into: Reading) -> Iterator[Frame]:
    """A sample that is known only after a first pass, handed out in a second one."""
    facts = Facts()
    indices = choose(facts)
    yield from _stream(path, set(indices), into, facts)
    if facts.total:
        remark_on_length(into, len(indices), k)


def _stream(path: str, wanted: set[int] | None, into: Reading, facts: Facts) -> Iterator[Frame]:
    """The wanted frames, or all, as they are decoded."""
    missed = []
    walked = Facts() if facts.total else facts
    for index, take in _walk(path, walked):
        if wanted is None or index in wanted:
            frame = take()
            if frame is not None:
                yield frame
            elif not walked.too_large:  # which has a remark of its own
                missed.append(undecodable(index))
    if remark(into, facts):
        into.notes.extend(missed)


def _chosen(path: str, wanted: set[int]) -> Iterator[Frame | None]:
    return (take() for index, take in _walk(path, Facts()) if index in wanted)


def _count(path: str, facts: Facts) -> int:
    for _ in _walk(path, facts):
        pass
    return facts.total


def _changes(path: str, facts: Facts) -> list[float]:
    """How far every frame is from the first, in grey levels of 255; NaN where one cannot be decoded."""
    cv2 = opencv()
    first, changes = None, []
    for _, take in _walk(path, facts):
        frame = take()
        if frame is None:
            changes.append(math.nan)
            continue
        small = cv2.resize(grey_of(frame.rgb), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.int16)
        first = small if first is None else first
        changes.append(float(np.abs(small - first).mean()))
    return changes


def _walk(path: str, facts: Facts) -> Iterator[tuple[int, Callable[[], Frame | None]]]:
    """Grab every frame in order: its index, and a function that decodes it if called before the next."""
    cv2 = opencv()
    facts.too_large = too_many_pixels(*disguised_size(path))
    if facts.too_large:
        return
    try:
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened() and cv2.CAP_FFMPEG not in cv2.videoio_registry.getBackends():
            capture = cv2.VideoCapture(path)
    except cv2.error:
        return
    try:
        width, height = (capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        facts.too_large = too_many_pixels(int(width), int(height))
        if facts.too_large:
            return
        said = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        facts.announced = int(said) if math.isfinite(said) and 0 < said < 2**40 else 0
        facts.rate = capture.get(cv2.CAP_PROP_FPS)

        def take() -> Frame | None:
            picture = _retrieved(cv2, capture)
            if picture is not None:  # the container may have said a smaller size
                facts.too_large = too_many_pixels(picture.shape[1], picture.shape[0])
                if facts.too_large:
                    return None
            return None if picture is None else Frame(index, seconds(stamp, index, facts.rate), picture)

        index = failed = 0
        while True:
            if not _grabbed(cv2, capture):
                failed += 1
                if failed > MOST_FAILED or index + facts.lost + failed >= facts.announced:
                    break
                continue
            facts.lost, failed = facts.lost + failed, 0
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if is_time(stamp, index):
                facts.first = facts.first or (index, stamp)
                facts.last = index, stamp
            yield index, take
            if facts.too_large:
                break
            index += 1
            facts.total = index
    finally:
        capture.release()


def _grabbed(cv2, capture) -> bool:
    try:
        return bool(capture.grab())
    except cv2.error:
        return False


def _retrieved(cv2, capture) -> np.ndarray | None:
    try:
        fine, picture = capture.retrieve()
        if not fine or picture is None or picture.size == 0:
            return None
        return picture[..., ::-1] if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    except cv2.error:
        return None


def _image(path: str, into: Reading) -> Iterator[Frame]:
    try:
        # By bytes, not by name: OpenCV on Windows opens only names in the local code page.
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, MemoryError) as error:
        into.notes.append(Note("unreadable", f"it cannot be decoded as an image: {type(error).__name__}", "left out"))
        return
    found = decode(data)
    into.notes.extend(Note(*remark) for remark in found.remarks)
    if found.rgb is None:
        into.notes.append(Note("unreadable", found.failure, "left out"))
    else:
        into.n_frames = 1
        yield Frame(0, 0.0, found.rgb)
