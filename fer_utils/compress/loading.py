"""Loading a network's file: which engine it is for, what is wrong with it, and its self-test."""

from __future__ import annotations

import os
from pathlib import Path

from fer_utils import models
from fer_utils.compress import self_test as self_tests
from fer_utils.compress.engines import ENGINES, SHOWN_NAMES, Keras, LiteRT, OnnxRuntime, OpenVino, Runner, Xla
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.paths import expanded
from fer_utils.core.stages import stage


def engine_of(path: Path) -> str:
    """The engine that a file's name, or for LiteRT its first bytes, ask for; FerError for any other file."""
    known = {
        end: engine for engine, ends in reversed(ENGINES.items()) for end in ends
    }  # the first engine of an ending wins
    if path.suffix.lower() in known:
        return known[path.suffix.lower()]
    if path.is_file() and path.open("rb").read(8)[4:] == b"TFL3":
        return "litert"
    if not path.is_file():
        raise invalid("path", expected="a file that exists", received=str(path))
    raise invalid(
        "path", received=str(path), expected="a LiteRT (.tflite), ONNX (.onnx), OpenVINO (.xml) or Keras (.keras) file"
    )


@stage("export")
def load(path: str | os.PathLike, engine: str | None = None, threads: int = 1, *, self_test: bool = True) -> Runner:
    """Load a file as a callable on a batch of images, the same whatever computes it.

    A file that ``export`` wrote has a self-test, four pictures and what it must answer to them, which is run here: a
    file that was right where it was written can be wrong on another processor (see `fer_utils.compress.self_test`).

    Parameters
    ----------
    path : what ``export`` wrote or returned, or a ``.keras`` file.
    engine : ``"litert"``, ``"onnxruntime"``, ``"openvino"``, ``"keras"`` (eagerly)
        or ``"xla"`` (Keras compiled by XLA); None for the file's own (for an
        ``.onnx`` file onnxruntime, for a ``.keras`` file Keras).
    threads : the engine's threads, 1 or more.  Keras and XLA take what their
        backend was set to when it started; ``compare(..., threads=(1, 2))``
        starts it so.
    self_test : False leaves the self-test out, for whoever wants to see what a file computes that does not pass it.

    Returns
    -------
    Runner: images (N, height, width, channels) 0..255 to probabilities
    (N, classes), float32.  Its ``self_test_difference`` says how far off the self-test was, None where none was run.

    Raises
    ------
    FerError for an unknown engine, a file that is not there, is of another
    format or cannot be read, fewer than one thread; and for a file that does
    not compute on this machine what its self-test says.
    MissingPackage for an engine that is not installed.
    """
    if engine is not None and (not isinstance(engine, str) or engine not in ENGINES):
        raise invalid("engine", expected="one of " + ", ".join(map(repr, ENGINES)), received=engine)
    threads = whole_number("threads", threads, 1)
    try:
        path = expanded(getattr(path, "path", path))
    except TypeError:
        raise invalid("path", expected="a file's name, or what `export` returned", received=path) from None
    engine = engine or engine_of(path)
    if not path.is_file():
        raise invalid("path", expected="a file that exists", received=str(path))
    runner = _opened(path, engine, threads)
    runner.path = path
    test = stored_self_test(path) if self_test else None
    if test is not None:
        found = self_tests.difference(runner, test, runner.input_shape)
        if not found.accepted:
            raise self_tests.failure(str(path), engine, test, found)
        runner.self_test_difference = found.largest
    return runner


def stored_self_test(path: Path) -> self_tests.SelfTest | None:
    """The self-test at the end of a file; None where it has none.  FerError for one that cannot be read."""
    return self_tests.find(_end_of(path), str(path))


def network_bytes(path: Path) -> int:
    """Bytes of a file without its self-test."""
    end = _end_of(path)
    return path.stat().st_size - len(end) + self_tests.network_bytes(end, str(path))


def _end_of(path: Path) -> bytes:
    """The last megabyte of a file, where a self-test stands; a network's file can have hundreds."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2**20))
        return file.read()


def _opened(path: Path, engine: str, threads: int) -> Runner:
    ends = ENGINES[engine]
    content = b""
    if engine == "litert":
        content = path.read_bytes()
        # The four letters at byte 4 name the format (a FlatBuffer of the TFL3 schema).
        fits = content[4:8] == b"TFL3"
    else:
        fits = path.suffix.lower() in ends
    if not fits and path.suffix.lower() in ends:  # by its name it is one, by its content it is not
        raise invalid(
            "path",
            expected=f"a whole file for {SHOWN_NAMES.get(engine, engine)}",
            received=str(path),
            remedy="Its name says so, its content does not: it may be damaged, empty or another file. Export the model "
            "again.",
        )
    if not fits:
        raise invalid(
            "path",
            expected=f"a file for {SHOWN_NAMES.get(engine, engine)} ({' or '.join(ends)})",
            received=str(path),
            remedy="Export the model in that format, or leave `engine` out: the file's own is taken.",
        )
    if engine in ("keras", "xla"):
        network = models.load(path)
        return Keras(network) if engine == "keras" else Xla(network)
    if path.suffix.lower() == ".xml" and not path.with_suffix(".bin").is_file():
        raise invalid(
            "path",
            expected=f"an .xml file with its weights beside it ({path.with_suffix('.bin').name})",
            received=str(path),
            remedy="The two files of an OpenVINO export belong together: move them together, or export again.",
        )
    try:
        if engine == "litert":
            return LiteRT(content, threads=threads)
        if engine == "onnxruntime":
            return OnnxRuntime(path.read_bytes(), threads=threads)
        return OpenVino(path, threads=threads)
    except (FerError, ImportError):
        raise
    except Exception as error:  # each engine has errors of its own, and some are bare Exceptions
        said = " ".join(str(error).split())[:400] or type(error).__name__
        raise FerError(
            f"{SHOWN_NAMES.get(engine, engine)} cannot read {path}: {said}\n"
            "It may be damaged, cut short or no network of this package: export the model again."
        ) from error
