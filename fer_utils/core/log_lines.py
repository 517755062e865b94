"""What TensorFlow, LiteRT and OpenCV write about themselves, kept out of a notebook's outputs.

These libraries write to the standard error of the process, from C++, and TensorFlow 2.21 does so whatever
``TF_CPP_MIN_LOG_LEVEL`` says. A notebook shows each such line in red, as if something had failed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
import re
import sys
import threading

#: Notes without a message for the reader.  The two converter files warn of their own settings at each export.
_NOTE = re.compile(
    r"I\d{4} \d\d:\d\d:\d+.*"
    r"|W\d{4} \d\d:\d\d:\d+\S* +\d+ (?:tf_tfl_flatbuffer_helpers|flatbuffer_export)\.cc:.*"
    r"|WARNING: All log messages before absl::InitializeLog.*"
    r"|To enable the following instructions: .*rebuild TensorFlow.*"
    r"|INFO: (?:Created|Applying) .*delegate.*"
    r"|INFO:tensorflow:Assets written to: .*"
    r"|WARNING:tensorflow:\d+ out of the last \d+ calls to .* triggered tf\.function retracing\. .*"
    r"|fully_quantize: \d+, inference_type: .*"
    r"|OpenCV: FFMPEG: (?:tag 0x\w+/'.{4}' is not supported with codec id|fallback to use tag) .*"
)
#: How an unfinished line begins that may become a note.
_BEGINS = re.compile(
    r"[IW]\d{4} |WARNING: All log|To enable the|INFO: |(?:INFO|WARNING):tensorflow:|fully_quantize: |OpenCV: "
)


def without_notes(text: str) -> str:
    """Take the lines that are notes of these libraries about themselves out of a text.

    >>> without_notes("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nE0000 no memory\\n")
    'E0000 no memory\\n'
    """
    return "".join(line for line in text.splitlines(keepends=True) if not _NOTE.fullmatch(line.rstrip("\r\n")))


def hide() -> None:
    """Keep those notes out of this notebook's outputs from now on; warnings and errors stay.

    Outside of a Jupyter kernel nothing changes.
    """
    if "ipykernel.iostream" not in sys.modules:
        return
    from ipykernel.iostream import OutStream

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, OutStream) and not hasattr(stream, "_shown_by"):
            now = stream.write
            stream.__dict__.pop("write", None)
            stream.__class__ = _hiding(type(stream))
            stream.write = now  # type: ignore[method-assign]


@cache
def _hiding(kind: type) -> type:
    """A stream of ``kind`` whose own ``write`` is passed by `_WithoutNotes`.

    IPython replaces a stream's ``write`` while a cell runs, to keep a history, and afterwards puts back what was there
    before.  So ``write`` is a property: where the stream's own one is put back, the one without notes is taken.
    """

    def current(self) -> Callable[[str], int | None]:
        return self._shown_by

    def replace(self, write: Callable[[str], int | None]) -> None:
        own = getattr(write, "__func__", None) is kind.write  # type: ignore[attr-defined]
        self._shown_by = _WithoutNotes(write) if own else write

    return type(kind.__name__, (kind,), {"write": property(current, replace), "__module__": kind.__module__})


class _WithoutNotes:
    """Writes all but the notes; waits for the end of a line that begins like one."""

    def __init__(self, write: Callable[[str], int | None]) -> None:
        self._write, self._waiting, self._lock = write, "", threading.Lock()

    def __call__(self, text: str) -> int:
        if not isinstance(text, str):
            self._write(text)  # raises what the stream raises
        with self._lock:
            known = self._waiting + text
            end = max(known.rfind("\n"), known.rfind("\r")) + 1
            self._waiting = known[end:] if _BEGINS.match(known[end:]) else ""
            shown = without_notes(known[:end]) + ("" if self._waiting else known[end:])
        if shown:
            self._write(shown)
        return len(text)
