"""Real measurements in a second: small tables about real clips, without the clips.

``ravdess_au`` says what a program read in the faces of all 1,440 RAVDESS speech
clips, ``crema_d_votes`` what people saw and heard in CREMA-D's 7,442.  Both come
from their public homes at one commit and are held to a SHA-256; the package
itself contains neither.
"""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pooch
import requests

from fer_utils.core import labels
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import home
from fer_utils.core.stages import stage
from fer_utils.datasets import ravdess


class _Source(NamedTuple):
    repository: str
    commit: str
    path: str
    sha256: str
    licence: str
    citation: str

    @property
    def below(self) -> str:
        return f"{self.repository}/{self.commit}/{self.path}"

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[-1]


#: Where repositories publish their files; the tests put a loopback server here.
_BASE = "https://raw.githubusercontent.com"

_SOURCES = {
    "crema_d_votes": _Source(
        "CheyneyComputerScience/CREMA-D",
        "1658cd342dff90010aa843eaeebd53610a08b1dc",
        "processedResults/tabulatedVotes.csv",
        "774d9d759cb5caf2542758a39eca8c0f1d2777f9987ff5d5adf8066d192f377b",
        "Open Database License (ODbL) 1.0, contents under the Database Contents License (DbCL) 1.0",
        "Cao et al. 2014, CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, "
        "IEEE Transactions on Affective Computing, doi 10.1109/TAFFC.2014.2336244",
    ),
    "ravdess_au": _Source(
        "cristinalunaj/MMEmotionRecognition",
        "aeb78449206ec2742d2cd886052322295c6c1321",
        "data/trainingData/avg_MLP80_AUs/data_AUs_avg/df_average_AUs_total.csv",
        "c24faeb4069a8b5c4aad3a674763c98a76ffa2ac3457e0d4fd5bce2ffaef8d96",
        "MIT (the features); the clips they were read from are RAVDESS, CC BY-NC-SA 4.0",
        "Luna-Jiménez et al. 2022, Applied Sciences 12(1), 327, doi 10.3390/app12010327; clips: "
        "Livingstone & Russo 2018, PLoS ONE 13(5), e0196391, doi 10.1371/journal.pone.0196391",
    ),
}

#: OpenFace's units, in its order: intensities, and presences, to which AU 28 belongs as well.
_INTENSITIES = tuple(f"AU{unit:02d}_r" for unit in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45))
_PRESENCES = tuple(f"AU{unit:02d}_c" for unit in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45))

_SHOWN = {"1": "voice", "2": "face", "3": "both"}
_POSED = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_VOTED = {"A": "angry", "D": "disgust", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad"}
_LEVELS = {"XX": "unspecified", "LO": "low", "MD": "medium", "HI": "high"}


@dataclass(frozen=True, eq=False)
class Features:
    """A table of real measurements, and whose it is.

    ``name`` as it was asked for; ``table`` a DataFrame (see `load_features`);
    ``licence`` and ``citation`` to go wherever the numbers go; ``source`` the
    public URL, commit included; ``sha256`` of the file that was read.
    """

    name: str
    table: Any
    licence: str
    citation: str
    source: str
    sha256: str

    def __repr__(self) -> str:
        rows, columns = self.table.shape
        return (
            f"{self.name}: {rows:,} rows, {columns} columns\n  source   {self.source}\n  SHA-256  {self.sha256}\n"
            f"  licence  {self.licence}\n  cite     {self.citation}"
        )


def available_features() -> tuple[str, ...]:
    """The names that ``load_features`` takes, in alphabetical order.

    >>> available_features()
    ('crema_d_votes', 'ravdess_au')
    """
    return tuple(sorted(_SOURCES))


@stage("feature_tables")
def load_features(name: str, *, folder: str | os.PathLike | None = None, progress: bool = True) -> Features:
    """Load a table of measurements of real clips: from a folder, the store, or its public home.

    Parameters
    ----------
    name : ``"ravdess_au"`` (0.9 MB) or ``"crema_d_votes"`` (4.1 MB).
    folder : where the file lies on this machine, itself or in a folder directly
        below; then no network is used.  None takes the environment variable
        ``FER_DATA``; without that, the file is fetched once into ``downloads``
        below `fer_utils.core.paths.home`.
    progress : show a bar while it is fetched.

    Returns
    -------
    Features, with ``.table``, sorted by ``clip``:

    ``ravdess_au``, (1440, 43): one row a speech clip.  ``clip``, ``actor``,
    ``sex``, ``expression`` (the posed-expression label), ``intensity``,
    ``statement``, ``repetition`` and ``performance`` as in the clip table of
    ``scan("ravdess", ...)``, so the two can be joined on ``performance``; then
    means over the clip's frames of OpenFace's action units: 17 intensities
    ``AU01_r`` … (0 to 5) and 18 presences ``AU01_c`` … (share of frames, 0 to 1).

    ``crema_d_votes``, (22326, 13): one row a clip and ``modality``, which is
    what the voters were given: its ``voice``, its ``face`` or ``both``.
    ``clip`` (7,442), ``actor`` (91), ``statement`` (three letters),
    ``expression`` (the posed-expression label), ``level`` (the intensity that
    was asked for: ``low``, ``medium``, ``high`` or ``unspecified``), the counts
    ``votes_neutral`` … ``votes_disgust``, and their sum ``votes``.

    Raises
    ------
    FerError : an unknown name; a folder without the file; a file with another
    SHA-256 (a downloaded one is not kept); a home that cannot be reached.
    """
    if not isinstance(name, str) or name not in _SOURCES:
        raise invalid("name", expected=f"one of {available_features()}", received=name)
    source = _SOURCES[name]
    place = folder if folder is not None else os.environ.get("FER_DATA") or None
    if place is not None:
        path = _from_folder(name, source, place, "folder" if folder is not None else "FER_DATA")
    else:
        path = _fetched(name, source, progress)
    read = _ravdess_au if name == "ravdess_au" else _crema_d_votes
    return Features(name, read(path), source.licence, source.citation, f"{_BASE}/{source.below}", source.sha256)


def _from_folder(name: str, source: _Source, place, argument: str) -> Path:
    expected = f"a folder that holds {source.file}, itself or in a folder directly below"
    remedy = f"The file is at {_BASE}/{source.below}"
    try:
        base = Path(os.path.abspath(os.path.expanduser(os.fspath(place))))
        found = [path for path in (base / source.file, *sorted(base.glob(f"*/{source.file}"))) if path.is_file()]
    except (TypeError, ValueError, OSError):
        found = []
    if not found:
        raise invalid(argument, expected=expected, received=place, remedy=remedy)
    sums = [pooch.file_hash(str(path), alg="sha256") for path in found]
    for path, got in zip(found, sums, strict=True):
        if got == source.sha256:
            return path
    # Git on Windows and some editors write every line's end anew.
    ends = hashlib.sha256(found[0].read_bytes().replace(b"\r\n", b"\n")).hexdigest() == source.sha256
    why = " Its line ends are CRLF and should be LF; nothing else is different." if ends else ""
    raise FerError(
        f"{found[0]} is not the file that {name!r} means. SHA-256 expected: {source.sha256}; received: {sums[0]}."
        f"{why}\nIt was left as it is. The right one is at {_BASE}/{source.below}"
    )


def _fetched(name: str, source: _Source, progress: bool) -> Path:
    """The file in the store, fetched if it is not there whole; pooch checks the sum before it puts it there."""
    target = home() / "downloads" / name
    fetcher = pooch.create(
        path=target,
        base_url=f"{_BASE}/{source.below.removesuffix(source.file)}",
        registry={source.file: f"sha256:{source.sha256}"},
        retry_if_failed=1,
    )
    received: list[str] = []
    download = pooch.HTTPDownloader(progressbar=bool(progress), timeout=30)

    def downloader(url, output, mine):
        received.clear()
        download(url, output, mine)
        received.append(pooch.file_hash(str(output), alg="sha256"))

    by_hand = (
        f"Download {_BASE}/{source.below} by hand and name its folder: "
        f"load_features({name!r}, folder=...), or set the environment variable FER_DATA to it."
    )

    def quiet(entry: logging.LogRecord) -> bool:
        return bool(progress) or entry.levelno >= logging.WARNING

    # A filter and not a level: pooch's logger stands alone and remembers what an earlier level let through.
    pooch.get_logger().addFilter(quiet)
    try:
        path = Path(fetcher.fetch(source.file, downloader=downloader))
        os.chmod(path, 0o644)  # pooch's temporary file is 0600, which would hide it from classmates
        return path
    except requests.exceptions.HTTPError as error:
        status, url = getattr(error.response, "status_code", "an error"), getattr(error.response, "url", "the file")
        raise FerError(f"The home of {name!r} answered {status} for {url}.\n{by_hand}") from error
    except requests.exceptions.RequestException as error:
        raise FerError(
            f"{name!r} could not be fetched: no network, or the connection broke off "
            f"({type(error).__name__}).\n{by_hand}"
        ) from error
    except ValueError as error:
        if not received or received[0] == source.sha256:
            raise
        raise FerError(
            f"What came for {name!r} is not the file that is meant. SHA-256 expected: {source.sha256}; "
            f"received: {received[0]}. Nothing of it was kept; a proxy may have changed it.\n{by_hand}"
        ) from error
    finally:
        pooch.get_logger().removeFilter(quiet)


def _ravdess_au(path: Path):
    raw = pd.read_csv(path, sep=";")
    rows = [ravdess.parse(f"{name}.mp4") for name in raw["name"]]
    table = pd.DataFrame({"clip": [ravdess.name(row) for row in rows]})
    for column in ("actor", "sex", "expression", "intensity", "statement", "repetition", "performance"):
        table[column] = [row[column] for row in rows]
    table = pd.concat([table, raw[[*_INTENSITIES, *_PRESENCES]].astype("float64")], axis=1)
    return table.sort_values("clip", ignore_index=True)


def _crema_d_votes(path: Path):
    raw = pd.read_csv(path, dtype={0: str})
    part = raw["fileName"].str.split("_", expand=True)
    table = pd.DataFrame(
        {
            "clip": raw["fileName"],
            "modality": raw.iloc[:, 0].str[0].map(_SHOWN),
            "actor": part[0],
            "statement": part[1],
            "expression": part[2].map(_POSED),
            "level": part[3].map(_LEVELS),
        }
    )
    code = {label: letter for letter, label in _VOTED.items()}
    counts = [label for label in labels.ALL if label in code]
    for label in counts:
        table[f"votes_{label}"] = raw[code[label]].astype("int64")
    table["votes"] = table[[f"votes_{label}" for label in counts]].sum(axis=1)
    return table.sort_values(["clip", "modality"], ignore_index=True)
