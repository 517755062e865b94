"""The zips of a Zenodo record: which there are, and each one fetched to its end and held to its checksum."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
from pathlib import Path
import re
import time
from typing import NamedTuple
import urllib.error

from fer_utils.core.errors import FerError
from fer_utils.datasets import connection
from fer_utils.datasets.files import ProblemRow

#: RAVDESS, doi 10.5281/zenodo.1188976, for programs.
RECORD = "https://zenodo.org/api/records/1188976"

#: Seconds to wait before each new try after a connection broke off.
_PAUSES = (1.0, 3.0, 9.0, 27.0)
#: A try that brought this much was no failure, and the count of tries begins anew.
_GAIN = 4 << 20


class Zip(NamedTuple):
    """An actor's zip, as the record lists it; ``size`` in bytes, ``checksum`` in hexadecimal."""

    actor: str
    key: str
    url: str
    size: int
    algorithm: str
    checksum: str


class UnreachableError(Exception):
    """All tries failed."""


def fetch_whole(zip_: Zip, part: Path, bar, target: str, problems: list[ProblemRow]) -> bool:
    """Bring the zip to its end and hold it to its checksum; False, with a row, where that fails."""
    for last in (False, True):
        resumed = _fetch(zip_, part, bar)
        got = _checksum(part, zip_.algorithm)
        if got == zip_.checksum:
            return True
        part.unlink()
        bar.update(-zip_.size)
        if last or not resumed:  # else two versions may have been pieced together: once more, from the start
            break
    problems.append(
        (
            target,
            "download",
            "checksum",
            f"{zip_.key}: {zip_.algorithm} expected {zip_.checksum}, received {got}",
            "removed; the next call tries again",
        )
    )
    return False


def _checksum(path: Path, algorithm: str) -> str:
    # A sum against damage, not against forgery: where MD5 is forbidden for secrets it may be used here.
    found = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _fetch(zip_: Zip, part: Path, bar) -> bool:
    """Fetch what is missing of a zip, with pauses and new tries; True if it was not fetched in one piece."""
    resumed = False
    tries = 0
    have = length(part)
    bar.update(have)
    while have != zip_.size:
        resumed = resumed or have > 0
        try:
            connection.continue_part(zip_.url, zip_.size, part, have, bar)
            reason = connection.BrokenConnectionError("the connection broke off")
        except connection.BrokenConnectionError as error:
            reason = error
        now = length(part)
        if now == zip_.size:
            break
        tries = 1 if now - have >= _GAIN else tries + 1
        if tries > len(_PAUSES):
            raise UnreachableError(f"{reason}, {tries} times")
        time.sleep(max(_PAUSES[tries - 1], reason.wait))
        have = now
    return resumed


def length(part: Path) -> int:
    """How many bytes of a part are there, 0 or more."""
    return part.stat().st_size if os.path.exists(part) else 0


def listed_files(record: str) -> list[dict]:
    """The record's files; ``FerError`` with the remedy where it cannot be had."""
    remedy = (
        "Try again later, or download the zips by hand from https://zenodo.org/records/1188976 and unpack them: "
        "fer_utils reads any folder that holds Actor_NN."
    )
    for pause in (*_PAUSES, None):
        try:
            with connection.ask(record, {"Accept": "application/json"}) as answer:
                text = answer.read(16 << 20)
                if answer.length:  # what read() leaves out where a connection ends early
                    raise http.client.IncompleteRead(text)
            break
        except urllib.error.HTTPError as error:
            reason = connection.refusal(error)
        except (connection.BrokenConnectionError, connection.NotOnServerError) as error:
            reason = error
        except (OSError, http.client.HTTPException) as error:
            reason = connection.BrokenConnectionError(f"the connection broke off ({type(error).__name__})")
        if isinstance(reason, connection.NotOnServerError) or pause is None:
            raise FerError(f"The record {record} cannot be had: {reason}.\n{remedy}")
        time.sleep(max(pause, reason.wait))
    try:
        return [dict(file) for file in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FerError(f"The record {record} is not what is expected: JSON with a list `files`.\n{remedy}") from None


def wanted_zips(
    files: list[dict], record: str, actors: list[str], channel: str, problems: list[ProblemRow]
) -> list[Zip]:
    """The zips of the actors; a row for each that the record does not have."""
    by_key = {str(file.get("key")): file for file in files}
    found = []
    for actor in actors:
        key = f"Video_{channel.capitalize()}_Actor_{actor}.zip"
        if key not in by_key:
            why = "actor 18 did not sing" if (channel, actor) == ("song", "18") else f"the record has no {key}"
            problems.append((f"Actor_{actor}", "download", "missing", why, "not downloaded"))
            continue
        file = by_key[key]
        links = file.get("links")
        url, bytes_ = links.get("self") if isinstance(links, dict) else None, file.get("size")
        algorithm, _, checksum = str(file.get("checksum")).lower().partition(":")
        # Another kind of address could read this machine's own files; http from an https record would be a step down.
        web = re.compile(r"https://" if record.startswith("https://") else r"https?://")
        if (
            not isinstance(url, str)
            or not web.match(url)
            or type(bytes_) is not int
            or bytes_ < 1
            or algorithm not in ("md5", "sha256", "sha512")
            or not checksum
        ):
            raise FerError(
                f"The record {record} is not what is expected: {key} needs `size`, `checksum` (md5:...) and "
                f"`links.self` (a web address). Received: {str(file)[:200]}"
            )
        found.append(Zip(actor, key, url, bytes_, algorithm, checksum))
    return found
