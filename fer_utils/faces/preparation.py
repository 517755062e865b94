"""The pass: from a clip table to a face set, in parallel, resumable, atomic, the same bytes every time."""

from __future__ import annotations

from collections import deque
import hashlib
import json
import os
from pathlib import Path
import pickle
import shutil
import sys
from typing import Any

import pandas as pd
from tqdm import tqdm

from fer_utils.core import worker_pool
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import write_atomic
from fer_utils.core.stages import stage
from fer_utils.core.tables import CLIP_COLUMNS, PROBLEM_COLUMNS
from fer_utils.faces import dask_dispatcher, extraction, local_workers
from fer_utils.faces.cropping import checked_margin
from fer_utils.faces.dask_client import checked_scheduler
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.detectors import create, identity
from fer_utils.faces.extraction import ClipResult, Settings
from fer_utils.faces.faceset import FaceSet
from fer_utils.faces.faceset_files import LANDMARKS, MANIFEST, FaceSetFolder, clip_values, manifest_text
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.resuming import PARTS, begin_parts, finished_set, held, refuse_others
from fer_utils.faces.sampling import checked_sampling
from fer_utils.faces.video import is_image


@stage("faces")
def prepare(
    clips: pd.DataFrame,
    out_dir: str | os.PathLike,
    *,
    frames: int = 6,
    size: int = 180,
    detector: str | Detector = "dlib",
    margin: float = 0.0,
    sampling: str = "even",
    landmarks: Landmarks | str | os.PathLike | None = None,
    align: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = True,
    progress: bool = True,
) -> FaceSet:
    """Find the faces of every clip and store them as a face set.

    From each clip ``frames`` frames are taken; from each frame the largest
    face is cut out as a grey square of ``size`` pixels.  The order
    is that of the clip table, whatever the number of workers.

    Parameters
    ----------
    clips : the clip table, with every column of ``fer_utils.core.tables.CLIP_COLUMNS``;
        its ``.problems``, if it has them, come first in those of the result.
    out_dir : the folder to make; ``~`` is expanded.
    frames : frames a clip, 1 or more; a still image has one.
    size : side of the squares in pixels, 16 to 1024.
    detector : ``"dlib"``, ``"haar"``, ``"yunet:FILE"`` (``FILE`` being its model), or a ``Detector``.
    margin : share of the box's side added on each side, 0 to 2.
    sampling : which frames: ``"even"``, evenly spaced; ``"middle"``, so in the
        middle half of the clip; ``"apex"``, those about the frame that differs
        most from the first (``fer_utils.faces.read_frames`` says how); ``"all"``,
        every frame, ``frames`` being ignored.  A clip's crops are in memory
        together, its full frames are not.
    landmarks : also find each face's 68 landmarks, with a dlib shape predictor: its
        file, or a ``Landmarks``; ``fer_utils.synthetic.landmark_predictor.train()`` gives the file of the one
        that is trained on drawn faces.  A predictor wants the boxes of the detector it was
        trained with; that one, dlib's.  They are stored as ``FaceSet.landmarks``.
    align : turn each square about its centre so that the line between the eyes' centres
        is level (``fer_utils.faces.crop`` says what of this is whose), looking again in the turned square
        (``Landmarks.find_turned``): with the predictor trained on drawn faces up to some 30 degrees;
        needs ``landmarks``, which are then those in the turned square.
    workers : processes, 1 or more; with 1 the work is done in this process.
        ``None``: one a processor, and at most one for every eight clips.
    scheduler : ``None``, processes of this machine; or the address of a Dask scheduler,
        ``"tcp://host:port"`` or ``"tls://host:port"`` (with the certificates of
        Dask's own configuration), whose workers do the clips, ``workers`` being left
        out.  They read the files by their paths, so these lie on a file system that
        every machine mounts at the same place; faces come back to this process,
        which alone writes.  A worker that dies is survived, and one that would make
        other bytes is refused: its OpenCV, dlib, NumPy, Pillow, code of this package and
        kind of processor must be those of here (not compared: the module of a ``Detector``
        of your own, and FFmpeg inside OpenCV).  The detector is made once a worker's thread.
        A minute without any worker is an error, after which the same call goes on,
        on the cluster or without it.  Start workers with one thread for each processor.
    resume : go on from what an interrupted pass left in ``out_dir``; ``False``
        throws that away and starts anew.
    progress : show a bar on stderr.

    Returns
    -------
    FaceSet : with ``.problems`` for whatever was left out or is odd: kinds
    ``unreadable``, ``empty``, ``truncated``, ``damaged``, ``short clip``, ``frame rate`` (the
    container's and the time stamps' disagree by more than 20 %), ``several
    pages``, ``transparent`` and ``value range`` (of images), ``no face`` and
    ``several faces`` (one row a frame), ``failed`` (an error of the decoder or
    detector), ``crashed`` (the worker process died of the clip; with
    ``workers=1`` there is no worker to lose, and this process would die).

    What is promised: a pass killed at any moment, even with SIGKILL, goes on
    where it was when called again, and its files are byte for byte those of an
    undisturbed one.  ``faceset.json`` is written last.  If ``out_dir`` holds a
    finished set of the same configuration and clips (their rows, and each
    file's size and modification time; the contents are not read), it is
    returned at once; if its own files have changed since, that is an error.  Anything else there is never overwritten.

    Raises
    ------
    DamagedError : ``out_dir`` holds a finished set whose files are no longer what was stored.
    FerError : an argument is impossible, or ``out_dir`` holds something else; nobody answers
        at ``scheduler``, no worker is there, or one differs or does not see the clips.
    MissingPackage : OpenCV or the detector's package is not installed; with ``scheduler``, ``distributed``.
    """
    # Such a worker's parent holds the lock and waits for the worker.
    worker_pool.refuse_in_worker("prepare")
    frames, sampling = whole_number("frames", frames, 1), checked_sampling("sampling", sampling)
    settings = Settings(
        0 if sampling == "all" else frames,
        whole_number("size", size, 16, 1024),
        checked_margin(margin),
        sampling,
    )
    processes = None if workers is None else whole_number("workers", workers, 1)
    address = checked_scheduler(scheduler, workers)
    values = _clip_rows(clips)
    # Workers get it, and not its name: with its model, so that none reads a file or unpacks dlib's once more.
    finder = create(detector)
    if address is None and _processes(processes, len(values)) > 1:
        _can_travel(finder)
    settings = settings._replace(landmarks=chosen_landmarks(landmarks, align, finder), align=bool(align))
    cv2 = opencv()
    out = _folder(out_dir)

    config = {
        **settings.config(),
        "detector": identity(finder),
        **({"detector_model": finder.model} if finder.model else {}),
    }
    request = {"config": config, "clips": _signature(values)}
    versions = {"cv2": cv2.__version__, "dlib": getattr(_module("dlib"), "__version__", "")}
    finished = finished_set(out, request, progress)
    if finished is None:
        refuse_others(out, request, resume)
        check_folder(
            "out_dir",
            out,
            needed=_bytes_left(values, out / PARTS, settings),
            what="the faces",
            remedy="name another folder, or set the environment variable FER_HOME for the book's own.",
        )
        with dask_dispatcher.connected(address, finder, settings, values) as dispatcher, held(out) as parts:
            finished = finished_set(out, request, progress)  # another process may have made it while this one waited
            if finished is None:
                with refusals_said("The faces", "What is done so far is kept: the same call goes on from there."):
                    begin_parts(parts, {**request, "versions": versions}, resume)
                    _make_parts(values, parts, finder, settings, processes, progress, dispatcher)
                    _assemble(values, parts, out, settings, getattr(clips, "problems", None), request, versions)
                finished = FaceSet.load(out, progress=progress)
    if (out / PARTS).exists():  # a kill after the manifest leaves them behind
        shutil.rmtree(out / PARTS, ignore_errors=True)
    return finished


# --- what was asked -------------------------------------------------------------------------


def _clip_rows(clips: pd.DataFrame) -> list[list[Any]]:
    if not isinstance(clips, pd.DataFrame):
        raise invalid("clips", expected="a clip table, as fer_utils.datasets.scan returns", received=clips)
    lacking = [column for column in CLIP_COLUMNS if column not in clips.columns]
    if lacking:
        raise invalid(
            "clips",
            expected=f"a table with the columns {', '.join(CLIP_COLUMNS)}",
            received=list(clips.columns),
            remedy=f"It lacks {', '.join(lacking)}.",
        )
    return clip_values(clips)


def _processes(workers: int | None, clips: int) -> int:
    return max(1, min(worker_pool.processors(), clips // 8)) if workers is None else min(workers, max(1, clips))


def _can_travel(detector: Detector) -> None:
    try:
        pickle.dumps(detector)
    except Exception as error:  # whatever a class of somebody's own may raise
        raise invalid(
            "detector",
            expected="a Detector that can be pickled, for worker processes",
            received=f"{detector!r} ({type(error).__name__}: {error})",
            remedy="Define its class at the top level of a module, or pass workers=1.",
        ) from error


def _folder(out_dir: Any) -> Path:
    if not isinstance(out_dir, (str, os.PathLike)) or not os.fspath(out_dir):
        raise invalid("out_dir", expected="the path of the folder to make", received=out_dir)
    return Path(os.path.abspath(os.path.expanduser(os.fspath(out_dir))))


def _signature(values: list[list[Any]]) -> str:
    """SHA-256 over the rows of the table, and every file's size and modification time."""
    digest = hashlib.sha256()
    for row in values:
        try:
            status = os.stat(row[0])
            about = [status.st_size, status.st_mtime_ns]
        except (OSError, ValueError):
            about = ["missing"]
        digest.update(json.dumps([row, about]).encode() + b"\n")
    return digest.hexdigest()


def _module(name: str) -> Any:
    return sys.modules.get(name)


# --- the work -------------------------------------------------------------------------------


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number:07d}.npz"


def _make_parts(
    values: list[list[Any]],
    parts: Path,
    finder: Detector,
    settings: Settings,
    workers: int | None,
    progress: bool,
    dispatcher: dask_dispatcher.Dispatcher | None,
) -> None:
    there = {entry.name for entry in os.scandir(parts)}
    todo = deque(number for number in range(len(values)) if _part(parts, number).name not in there)
    workers = _processes(workers, len(todo))
    done = len(values) - len(todo)
    with tqdm(total=len(values), initial=done, unit="clip", desc="faces", disable=not progress) as bar:

        def store(number: int, result: ClipResult) -> None:
            write_atomic(_part(parts, number), result.to_bytes())
            bar.update()

        if dispatcher is not None:
            dispatcher.run(todo, store)
        elif workers > 1 and todo:
            local_workers.in_workers(values, todo, finder, settings, workers, store)
        with worker_pool.one_thread():
            while todo:  # all of it with one worker, or if none could start; nothing otherwise
                number = todo.popleft()
                store(number, extraction.faces_of_clip(values[number][0], finder, settings))


def _bytes_left(values: list[list[Any]], parts: Path, settings: Settings) -> int:
    """What a pass will still write, if every frame has its face: the parts that lack, and the whole of all."""
    frames = [1 if is_image(row[0]) else settings.frames for row in values]  # 0: every frame, and nobody knows
    lacking = [count for number, count in enumerate(frames) if not _part(parts, number).is_file()]
    return (sum(frames) + sum(lacking)) * settings.size**2


# --- the end --------------------------------------------------------------------------------


def _assemble(values, parts: Path, out: Path, settings: Settings, scanned, request: dict, versions: dict) -> None:
    """Put the parts together, one in memory at a time; the manifest last."""
    total = sum(len(_part_read(parts, number).rows) for number in range(len(values)))
    work = parts / "whole"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    writer = FaceSetFolder(work, (total, settings.size, settings.size, 1), landmarks=settings.landmarks is not None)
    if isinstance(scanned, pd.DataFrame) and set(PROBLEM_COLUMNS) <= set(scanned.columns):
        for row in pd.DataFrame(scanned)[list(PROBLEM_COLUMNS)].itertuples(index=False):
            writer.add_problem([str(value) for value in row])
    for number, clip in enumerate(values):
        part = _part_read(parts, number)
        writer.add(part.images, [clip + row for row in part.rows], part.landmarks)
        for problem in part.problems:
            writer.add_problem([clip[0], *problem])
    writer.close()
    manifest = writer.manifest(made_by="prepare", **request, versions=versions)
    (out / LANDMARKS).unlink(missing_ok=True)  # of another pass, which was thrown away
    for left in out.glob(f".{MANIFEST}.*"):  # by a pass that was killed while it wrote its manifest
        left.unlink()
    for name in writer.names:
        os.replace(work / name, out / name)
    write_atomic(out / MANIFEST, manifest_text(manifest))


def _part_read(parts: Path, number: int) -> ClipResult:
    path = _part(parts, number)
    try:
        return ClipResult.from_file(path)
    except Exception as error:  # a zip file can be broken in many ways; a full disk is the likely one
        path.unlink(missing_ok=True)
        raise FerError(f"The part {path} could not be read ({error}) and was removed. Call `prepare` again.") from error
