"""The self-test of an exported file: a few pictures and what the file must answer, checked where the file is loaded.

A file that was right where it was written can be wrong elsewhere.  On an x86 processor without VNNI, onnxruntime and
OpenVINO add two products of 8-bit numbers in 16 bits, where full 8-bit weights overflow: the sum is cut off without
a word, and the probabilities are wrong.  So `fer_utils.compress.export` puts a self-test into each file that it
writes, and `fer_utils.compress.load` runs it.

The pictures are drawn by a rule in whole numbers, the same on every machine, so only the answers are stored: a line
of JSON of some hundred bytes at the end of the file, wrapped so that each format still reads (LiteRT ignores what
stands behind its buffer; ONNX has a field for such text; an XML file may end with a comment).  It travels with the
file, and is not counted in the bytes of a network.

What the file must answer is what its own numbers give in plain arithmetic, not what Keras answers: on pictures of no
face, an int8 network may be far from Keras (its ranges were taken from faces) and still be computed exactly.  That
the file agrees with Keras is checked when it is written, on faces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import json
import zlib

import numpy as np

from fer_utils.compress.engines import need
from fer_utils.core import processor
from fer_utils.core.errors import FerError

#: Greatest difference of a probability on the self-test's pictures that is accepted, for each quantisation.
#: Measured between fast kernels and plain arithmetic with AVX2, with weights at random, over six networks: 0.008 at
#: most with onnxruntime and OpenVINO (7-bit weights), 0.02 with LiteRT, and 0.02 to 0.16 where 8-bit weights overflow.
TOLERANCE: dict[str | None, float] = {None: 1e-3, "float16": 0.02, "dynamic": 0.05, "int8": 0.03}
#: A trained network is surer of its answers, and roundings move them further.  So an int8 file is also accepted if all
#: answers together are this share of their own spread away, or less.  Measured in the same way on twelve networks
#: trained on drawn faces, of 40 to 64 pixels: 0.070 at most with LiteRT and with 7-bit weights, 0.097 to 0.93 with
#: 8-bit weights (four files overflowed and were at most 0.028 away).  A limit of 0.085 between them refused right files
#: of other networks, so these were measured with faces beside (`tests/helpers/int8_self_test.py`, 48 to 80 pixels):
#: files that give at most 5.5 % of the faces another label were up to 0.143 away, those that overflow 0.53 to 0.97.
RELATIVE_TOLERANCE = 0.25
#: The same for a file with full 8-bit weights on a processor without VNNI, whose sums may overflow.  There a file of
#: `xception2022` was only 0.151 of the spread away, and gave a fifth of the faces another label (the same check on an
#: AMD EPYC with AVX2 alone, 2026-11-27).  Files that gave few faces another label were up to 0.198 away, so this limit
#: refuses right files, too: that costs an export with 7 bits, and a wrong file that is accepted costs wrong labels.
OVERFLOWING_TOLERANCE = 0.1

_BEGINS = '{"fer_utils self-test": '
_ONNX_KEY = "fer_utils.self_test"


@dataclass(frozen=True)
class SelfTest:
    """What a file must answer to the pictures of `pictures`.

    Attributes
    ----------
    answers : probabilities (pictures, classes), float32.
    tolerance : greatest difference of a probability that is accepted; in int8 it is not the only way to pass (see
        `Difference`).
    quantize, weight_bits : how the file was made (see `fer_utils.compress.export`); ``weight_bits`` None where that
        was no choice.
    """

    answers: np.ndarray
    tolerance: float
    quantize: str | None = None
    weight_bits: int | None = None


def pictures(shape: tuple[int, int, int]) -> np.ndarray:
    """The pictures of every self-test: noise, a disc of light, a ramp and a chequerboard.

    Parameters
    ----------
    shape : height, width, channels of the network's input.

    Returns
    -------
    uint8 (4, height, width, channels), 0 to 255.  Made in whole numbers, from a generator whose stream NumPy promises
    to keep, so that every machine has the same ones.
    """
    height, width, channels = shape
    raw = np.random.PCG64(0).random_raw(height * width * channels)
    noise = (raw % 256).reshape(shape)
    y, x = np.mgrid[:height, :width]
    from_centre = (2 * y - height) ** 2 + (2 * x - width) ** 2  # squared, in half pixels
    radius = max(min(height, width) ** 2, 1)
    disc = 255 - np.minimum(255, 255 * from_centre // radius)
    ramp = 255 * x // max(width - 1, 1)
    chequers = 255 * ((y // 4 + x // 4) % 2)
    grey = [np.repeat(picture[..., None], channels, axis=-1) for picture in (disc, ramp, chequers)]
    return np.stack([noise, *grey]).astype("uint8")


@dataclass(frozen=True)
class Difference:
    """How far a file's answers to the pictures are from those of its self-test.

    Attributes
    ----------
    largest : greatest absolute difference of a probability; infinite where an answer is not a number, or where there
        are more or fewer classes than the self-test has.
    relative : root mean square of the differences, divided by that of the self-test's answers minus their mean for
        each picture: a share of their own spread.  Infinite as above, and where the self-test's answers have no spread.
    accepted : whether the file passes: ``largest`` is at most the self-test's tolerance, or, for int8, ``relative`` is
        at most `relative_tolerance`.
    """

    largest: float
    relative: float
    accepted: bool


def relative_tolerance(test: SelfTest) -> float:
    """The greatest share of their spread that an int8 file's answers may be away on this processor."""
    overflows = test.weight_bits == 8 and processor.lacks_vnni()
    return OVERFLOWING_TOLERANCE if overflows else RELATIVE_TOLERANCE


def difference(run: Callable[[np.ndarray], np.ndarray], test: SelfTest, shape: tuple[int, int, int]) -> Difference:
    """Compare what ``run`` answers to the pictures with what the self-test says.

    ``run`` takes images (N, *shape) and gives probabilities (N, classes).
    """
    found = np.asarray(run(pictures(shape)))
    if found.shape != test.answers.shape or not np.isfinite(found).all():
        return Difference(float("inf"), float("inf"), False)
    apart = found - test.answers
    largest = float(np.abs(apart).max())
    spread = float(np.linalg.norm(test.answers - test.answers.mean(axis=1, keepdims=True)))
    relative = float(np.linalg.norm(apart)) / spread if spread > 0 else float("inf")
    accepted = largest <= test.tolerance or (test.quantize == "int8" and relative <= relative_tolerance(test))
    return Difference(largest, relative, accepted)


def failure(name: str, engine: str, test: SelfTest, found: Difference) -> FerError:
    """The error of a file whose answers are ``found`` away from those of its self-test."""
    text = (
        f"{name} does not compute on this machine what it was written to compute ({engine}): on the pictures of its "
        f"self-test a probability is {found.largest:.3f} off, at most {test.tolerance} accepted"
    )
    if test.quantize == "int8":
        text += (
            f", and the answers are off by {found.relative:.3f} of their spread, "
            f"at most {relative_tolerance(test)} accepted"
        )
    if test.weight_bits == 8 and processor.lacks_vnni():
        text += (
            ".\nThis processor has no VNNI instructions, and the file has full 8-bit weights, whose sums overflow "
            "without them. Export again with weight_bits=7, or use another format."
        )
    elif test.weight_bits == 8:
        text += ".\nThe file, or the engine, is not what it was: export again, with weight_bits=7 or in another format."
    else:
        text += ".\nThe file, or the engine, is not what it was: export again, or in another format."
    return FerError(text)


def attach(content: bytes, form: str, test: SelfTest) -> bytes:
    """The bytes of a file with its self-test behind them.

    Parameters
    ----------
    content : the file; of OpenVINO's two the ``.xml``.
    form : ``"litert"``, ``"onnx"`` or ``"openvino"``.
    test : what it must answer.
    """
    # The tail says its own length, so that it can be taken off; the number has a fixed width.
    empty = _wrapped(_text(test, 0), form)
    tail = _wrapped(_text(test, len(empty)), form)
    return content + tail


def find(content: bytes, name: str = "the file") -> SelfTest | None:
    """The self-test in a file's bytes; None where it has none.

    Raises
    ------
    FerError for a self-test that is there and cannot be read.
    """
    stored = _stored(content, name)
    if stored is None:
        return None
    return _read(stored, name)


def network_bytes(content: bytes, name: str = "the file") -> int:
    """How many of a file's bytes are the network: all but the self-test's."""
    stored = _stored(content, name)
    if stored is None:
        return len(content)
    return len(content) - int(stored["tail bytes"])


def _read(stored: dict, name: str) -> SelfTest:
    try:
        answers = np.float32([row.split() for row in stored["answers"]])
        test = SelfTest(answers, float(stored["tolerance"]), stored["quantize"], stored["weight_bits"])
        intact = stored["checksum"] == _checksum(stored) and answers.ndim == 2 and test.tolerance > 0
    except (KeyError, TypeError, ValueError, AttributeError):
        intact = False
    if not intact:
        raise _unreadable(name)
    return test


def _stored(content: bytes, name: str) -> dict | None:
    begin = content.rfind(_BEGINS.encode())
    if begin < 0:
        return None
    text = content[begin:].decode("utf-8", errors="replace")
    try:
        stored, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        raise _unreadable(name) from None
    return stored


def _unreadable(name: str) -> FerError:
    return FerError(f"The self-test of {name} cannot be read: the file was changed after it was written. Export again.")


def _text(test: SelfTest, tail_bytes: int) -> str:
    """One line of JSON; as long for one network as for another with as many classes, so that sizes can be compared."""
    stored = {
        "fer_utils self-test": 1,
        "quantize": test.quantize,
        "weight_bits": test.weight_bits,
        "tolerance": test.tolerance,
        "answers": [" ".join(f"{value:.6f}" for value in row) for row in test.answers],
        "tail bytes": f"{tail_bytes:07d}",
    }
    stored["checksum"] = _checksum(stored)
    return json.dumps(stored)


def _checksum(stored: dict) -> str:
    """Eight hexadecimal digits of what a self-test says; a test that was damaged is not to pass for a wrong answer."""
    said = {key: value for key, value in stored.items() if key not in ("checksum", "tail bytes")}
    return f"{zlib.crc32(json.dumps(said, sort_keys=True).encode()):08x}"


def _wrapped(text: str, form: str) -> bytes:
    if form == "litert":
        return text.encode()
    if form == "openvino":
        return f"<!-- {text} -->\n".encode()
    (onnx,) = need("onnx", needed_for="format='onnx'")
    # Two ONNX messages one after the other are one message with the fields of both.
    tail = onnx.ModelProto()
    tail.metadata_props.add(key=_ONNX_KEY, value=text)
    return tail.SerializeToString()
