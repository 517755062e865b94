"""What a pass finds in its folder.

The same face set, finished; its own parts, to go on from; or something else, which is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json, write_atomic
from fer_utils.faces.faceset import FaceSet
from fer_utils.faces.faceset_files import IMAGES, LANDMARKS, MANIFEST, META, PROBLEMS

try:
    import fcntl
except ImportError:  # Windows: two passes into one folder at once are not kept apart
    fcntl = None

#: Where a pass keeps what it has made so far, below the folder of the face set.
PARTS = ".parts"


def finished_set(out: Path, request: dict, progress: bool) -> FaceSet | None:
    """The finished set in ``out`` if it is the one asked for; ``FerError`` if it is another, or damaged."""
    if not (out / MANIFEST).is_file():
        return None
    found = FaceSet._load(out, "out_dir", False, progress)
    if _request_in(found.manifest, request) == request:
        return found
    raise _other(out, found.manifest, request, "a finished face set")


def _request_in(there: dict, request: dict) -> dict:
    """What was asked for then; sets from before there was a choice of frames were sampled evenly."""
    asked = {key: there.get(key) for key in request}
    if isinstance(asked.get("config"), dict):
        asked["config"] = {"sampling": "even", **asked["config"]}
    return asked


def _other(out: Path, there: dict, request: dict, what: str) -> FerError:
    before, now = _request_in(there, request).get("config") or {}, request["config"]
    changed = [
        f"{key} is {before.get(key)!r} there and {now.get(key)!r} here"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    if not changed:
        changed = ["the clips are others, or their files have changed since"]
    return invalid(
        "out_dir",
        expected="a new folder, or one of the same configuration and clips",
        received=str(out),
        remedy=f"It holds {what} of something else: {'; '.join(changed)}. Nothing was overwritten: name another "
        "folder, or remove this one.",
    )


def refuse_others(out: Path, request: dict, resume: bool) -> None:
    """``FerError`` where the folder holds anything but parts of this request; with ``resume`` False of any request."""
    if not out.exists():
        return
    if not out.is_dir():
        raise invalid("out_dir", expected="a folder", received=str(out), remedy="A file has this name: name another.")
    # A manifest that another pass is writing at this moment, or was writing when it was killed, is no other file.
    names = {entry.name for entry in out.iterdir() if not entry.name.startswith(f".{MANIFEST}.")}
    if names - {PARTS, IMAGES, META, PROBLEMS, LANDMARKS} or (names and PARTS not in names):
        raise invalid(
            "out_dir",
            expected="a new folder, or one that `prepare` has made",
            received=str(out),
            remedy=f"It holds other files ({', '.join(sorted(names)[:3])}). Nothing was overwritten: name another "
            "folder.",
        )
    there = _request_begun(out / PARTS)
    if resume and there is not None and _request_in(there, request) != request:
        error = _other(out, there, request, "an unfinished pass")
        raise FerError(f"{error} With resume=False its parts are thrown away.")


def _request_begun(parts: Path) -> dict | None:
    try:
        there = read_json(parts / "request.json")
    except (OSError, ValueError):
        return None
    return there if isinstance(there, dict) else None


def begin_parts(parts: Path, request: dict, resume: bool) -> None:
    """Keep the parts of the same request, made with the same versions; throw others away."""
    if not resume or _request_begun(parts) != request:
        for part in parts.glob("*.npz"):
            part.unlink()
        write_atomic(parts / "request.json", json.dumps(request))


@contextmanager
def held(out: Path) -> Iterator[Path]:
    """The folder of the parts, while no other process works in it (where the system has ``flock``)."""
    parts = out / PARTS
    while True:
        try:
            parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise invalid(
                "out_dir",
                expected="a folder that can be made",
                received=str(out),
                remedy=f"{error.strerror}: name one that you may write to.",
            ) from error
        with open(parts / "lock", "ab") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    same = os.path.samestat(os.fstat(lock.fileno()), os.stat(parts / "lock"))
                except FileNotFoundError:
                    same = False
                if not same:  # whoever held it has finished and removed the parts
                    if (out / MANIFEST).is_file():
                        yield parts
                        return
                    continue
            yield parts
            return
