"""The formats of files that a network can be written in: their quantisations, engines and names."""

from __future__ import annotations

from collections.abc import Iterable
import os
from pathlib import Path

from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded

QUANTIZE = (None, "float16", "dynamic", "int8")
#: What each format can be quantised to.  OpenVINO has no 8-bit weights without 8-bit activations but by nncf.
FORMATS: dict[str, tuple[str | None, ...]] = {
    "litert": QUANTIZE,
    "onnx": QUANTIZE,
    "openvino": (None, "float16", "int8"),
}
#: How the names of a format's files must end; LiteRT's are known by their content.
ENDINGS = {"litert": "", "onnx": ".onnx", "openvino": ".xml"}
#: The engine that runs each format.
ENGINE_OF_FORMAT = {"litert": "litert", "onnx": "onnxruntime", "openvino": "openvino"}
#: Formats whose int8 weights may have 7 or 8 bits, and how many they have unless it is said.
_CHOICE_OF_BITS, SAFE_BITS = ("onnx", "openvino"), 7


def check_way(format: str, quantize: str | None) -> None:
    """FerError for a format or quantisation that is not known, or a pair that does not exist."""
    if not isinstance(format, str) or format not in FORMATS:
        raise invalid("format", expected="one of " + ", ".join(map(repr, FORMATS)), received=format)
    if quantize not in QUANTIZE:
        raise invalid("quantize", expected="one of " + ", ".join(map(repr, QUANTIZE)), received=quantize)
    if quantize not in FORMATS[format]:
        others = [name for name, ways in FORMATS.items() if quantize in ways]
        raise invalid(
            "quantize",
            expected=f"one of {', '.join(map(repr, FORMATS[format]))} for format={format!r}",
            received=quantize,
            remedy=f"quantize={quantize!r} exists for {' and '.join(f'format={name!r}' for name in others)}.",
        )


def checked_weight_bits(weight_bits: int | None, format: str, quantize: str | None) -> int | None:
    """7 or 8 where int8 weights may have either; None where there is no choice."""
    choice = quantize == "int8" and format in _CHOICE_OF_BITS
    if weight_bits is None:
        return SAFE_BITS if choice else None
    if not choice:
        raise invalid(
            "weight_bits",
            expected=f"None for format={format!r} and quantize={quantize!r}",
            received=weight_bits,
            remedy="Only int8 files for ONNX and OpenVINO have a choice of 7 or 8 bits.",
        )
    if isinstance(weight_bits, bool) or weight_bits not in (7, 8):
        raise invalid("weight_bits", expected="7 or 8", received=weight_bits)
    return int(weight_bits)


def checked_float_operations(names: Iterable[str], format: str, quantize: str | None) -> tuple[str, ...]:
    """The names of the operations that stay in float32, where an int8 LiteRT file is asked for."""
    found = (names,) if isinstance(names, str) else tuple(names)
    if found and (format, quantize) != ("litert", "int8"):
        raise invalid(
            "float_operations",
            expected=f"nothing for format={format!r} and quantize={quantize!r}",
            received=found,
            remedy="Only int8 files for LiteRT can have some operations in float32.",
        )
    if not all(isinstance(name, str) and name.isupper() for name in found):
        raise invalid("float_operations", expected="names of LiteRT's operations, such as 'DIV'", received=found)
    return found


def checked_path(path: str | os.PathLike, format: str) -> Path:
    """The file to write, if its name fits the format and its folder can be written."""
    path = expanded(path)
    if path.is_dir():
        raise invalid("path", expected="a file to write", received=str(path))
    folder = next(one for one in path.absolute().parents if one.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise invalid(
            "path",
            expected="a file in a folder that can be written",
            received=str(path),
            remedy=f"{folder} is " + ("not writable." if folder.is_dir() else "a file."),
        )
    if not path.name.lower().endswith(ENDINGS[format]):
        raise invalid(
            "path", expected=f"a name that ends in {ENDINGS[format]}, for format={format!r}", received=str(path)
        )
    return path
