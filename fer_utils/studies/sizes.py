"""What the systems of the comparison weigh, built here and measured: parameters, work, bytes on disk, time.

    python -m fer_utils study sizes --store      # some minutes; the largest file is 0.6 GB, for a moment

Each network is built twice: as its source has it, with ImageNet's 1000 classes at
the source's own input, and as it would be trained here, with 8 labels on grey
faces of 180x180 pixels.  The counts that Ding, Tang & Lu 2023 print are set beside
both, and so are the ratios that they print of them.  The landmark LSTM sees no
picture: its input is a clip, 122 frames of distances, in both.

The tier changes nothing but the number of timed rounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import gc
from pathlib import Path
import tempfile

import numpy as np
from tqdm import tqdm

from fer_utils import models
from fer_utils.core import timing
from fer_utils.core.errors import invalid, whole_number
from fer_utils.models import landmark_lstm

TITLE = "What the systems of the comparison weigh: parameters, work, bytes and time"
HEADLINE = True

#: What all are set against.
BASELINE = "ding2023"
#: Timed rounds of each block at each tier, and blocks: how far they differ says how much a ratio is worth.
REPEATS: dict[str, int] = {"smoke": 2, "class": 6, "full": 15}
BLOCKS = 3
_OURS = (180, 180, 1)
_TABLES = "Ding et al. 2023, table "


@dataclass(frozen=True)
class System:
    """A network of the comparison: who has it, the source's input, and what is printed of it.

    ``printed`` is a count with ``printed_in``; ``digits`` of them are given (None: all); ``options`` make the
    network tiny, for a test.
    """

    stands_for: str
    source_input: tuple[int, ...]
    printed: int | None = None
    printed_in: str = ""
    digits: int | None = None
    options: dict = field(default_factory=dict)


#: The systems of the tables and of the papers that can be built, the book's own three first.
SYSTEMS: dict[str, System] = {
    "ding2023": System("Ding, Tang & Lu 2023", (180, 180, 1), 542_136, _TABLES + "I and II"),
    "mobilenet_inception2019": System(
        "Lightweight Deep Learning Model, 2019 (our reading of its abstract)", (224, 224, 3)
    ),
    "xception2022": System("Valverde & Lim 2022; Chollet 2017", (299, 299, 3)),
    "nano": System("this book", (180, 180, 1)),
    "mobilenetv2": System("a rival of 2019's; Sandler et al. 2018", (224, 224, 3)),
    "inceptionv3": System("a rival of 2019's; Szegedy et al. 2016", (299, 299, 3)),
    "inception_resnetv2": System("a rival of 2019's; Szegedy et al. 2017", (299, 299, 3)),
    "resnet50": System("Ayadi & Lachiri 2022; He et al. 2016", (224, 224, 3), 25_636_712, _TABLES + "I"),
    "alexnet": System(
        "He et al. 2019, Avots et al. 2018; Krizhevsky et al. 2012", (227, 227, 3), 62_378_344, _TABLES + "I and II"
    ),
    "vgg16": System(
        "Ngoc et al. 2021 (VGG-Face); Simonyan & Zisserman 2015", (224, 224, 3), 134_000_000, _TABLES + "II", digits=3
    ),
    "densenet161": System("Akhand et al. 2021; Huang et al. 2017", (224, 224, 3)),
    "landmark_lstm": System("Ryumina & Karpov 2020 (layers and widths ours)", (122, 1052), 63_178_760, _TABLES + "I"),
}

#: The ratios to 542,136 that the paper prints, and one that its counts give: (ratio, of which count, where).
RATIOS: tuple[tuple[str, str, int, str], ...] = (
    ("47.28", "resnet50", 25_636_712, "abstract"),
    ("116.5", "landmark_lstm", 63_178_760, "abstract"),
    ("67.14", "DTN+DSN+CNN (Sharafi et al. 2022)", 36_400_000, "section III"),
    ("115.06", "alexnet", 62_378_344, "not printed; from the counts of table I"),
)
#: What is in the tables and is not built, with the reason.
NOT_BUILT: dict[str, str] = {
    "DTN+DSN+CNN (Sharafi et al. 2022)": "three networks joined, for pictures and sound; Ding's tables give their sum, "
    "about 36.4 million, and no layer",
}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    systems: Iterable[str] | None = None,
    latency: bool = True,
    repeats: int | None = None,
    folder: str | Path | None = None,
) -> dict:
    """Build each system twice, count it, save it, and time it in turn with ``ding2023``.

    One network is in memory at a time (two while they are timed); VGG16 needs some 2 GB.

    Parameters
    ----------
    tier : ``smoke``, ``class`` or ``full``; chooses ``repeats``.
    systems : names of `SYSTEMS`; None for all.
    latency : whether to time them.
    repeats : timed rounds of each of `BLOCKS` blocks; None for the tier's own.
    folder : where files are saved to be weighed, and removed again; None for the system's own place.

    Returns
    -------
    dict with ``baseline``, ``systems`` (a row each: ``name``, ``stands_for``, ``source`` and ``ours``, each with
    ``input``, ``classes``, ``parameters``, ``trainable``, ``macs``, ``bytes`` (4 a parameter), ``file_bytes``
    (of the saved ``.keras`` file); ``eight_at_source``, the parameters with 8 labels at the source's input;
    ``printed``, ``printed_in``, ``reproduced`` and ``by``, see `reproduced`; ``latency``: the time of one input over
    ding2023's, ``times``, the median of the blocks, with the lowest and the highest block as ``low`` and ``high``, and
    the median ``ms``; or None), ``ratios`` (see `ratios`), ``not_built``,
    ``lstm_candidates`` (networks that have the LSTM's printed count), ``repeats`` and ``blocks``.

    Raises
    ------
    FerError : an unknown system or tier.
    """
    if tier not in REPEATS:
        raise invalid("tier", expected=f"one of {', '.join(REPEATS)}", received=tier)
    rounds = REPEATS[tier] if repeats is None else whole_number("repeats", repeats, 1)
    chosen = list(SYSTEMS) if systems is None else list(systems)
    for name in chosen:
        if name not in SYSTEMS:
            raise invalid("systems", expected=f"names among {', '.join(SYSTEMS)}", received=name)
    rows = []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for name in tqdm(chosen, desc="weighing", unit="network", disable=not progress):
            rows.append(_row(name, SYSTEMS[name], Path(place), rounds if latency else 0))
    return {
        "baseline": BASELINE,
        "repeats": rounds if latency else 0,
        "blocks": BLOCKS,
        "systems": rows,
        "ratios": ratios(rows),
        "not_built": NOT_BUILT,
        "lstm_candidates": [
            {key: list(value) if isinstance(value, tuple) else value for key, value in one.items()}
            for one in landmark_lstm.candidates()
        ],
    }


def _row(name: str, system: System, place: Path, repeats: int) -> dict:
    source, width = _measured(name, system, 1000, system.source_input, place)
    row = {"name": name, "stands_for": system.stands_for, "source": source}
    kept: list = []
    row["ours"], _ = _measured(name, system, 8, system.source_input if name == "landmark_lstm" else _OURS, place, kept)
    row["eight_at_source"] = source["parameters"] - (1000 - 8) * (width + 1)
    row |= {"printed": system.printed, "printed_in": system.printed_in, "printed_digits": system.digits}
    row |= reproduced(name, row)
    row["latency"] = _latency(name, kept[0], repeats) if repeats else None
    kept.clear()
    gc.collect()
    return row


def _build(name: str, system: System, classes: int, shape: tuple[int, ...]):
    if name == "landmark_lstm":
        frames, distances = shape
        return landmark_lstm.build(classes=classes, **{"frames": frames, "distances": distances, **system.options})
    return models.build(name, classes=classes, input_shape=shape, **system.options)


def _measured(
    name: str, system: System, classes: int, shape: tuple[int, ...], place: Path, keep: list | None = None
) -> tuple[dict, int]:
    """Counts and file of one network, and the width of what its last layer sees.

    The network goes into ``keep`` or is freed.
    """
    model = _build(name, system, classes, shape)
    counted = models.profile(model)
    file = place / f"{name}.keras"
    model.save(file)
    made = {
        "input": list(model.input_shape[1:]),
        "classes": classes,
        "parameters": counted.parameters,
        "trainable": counted.trainable,
        "macs": counted.macs,
        "bytes": counted.bytes,
        "file_bytes": file.stat().st_size,
    }
    file.unlink()
    width = int(model.layers[-1].kernel.shape[0])
    if keep is not None:
        keep.append(model)
    del model
    gc.collect()
    return made, width


def _latency(name: str, model, repeats: int) -> dict:
    """One input through the network and through a fresh ``ding2023``, in turn; the baseline's own ratio is 1."""
    reference = _build(BASELINE, SYSTEMS[BASELINE], 8, _OURS)
    calls = {}
    for label, network in ((f"{BASELINE} (reference)", reference), (name, model)):
        given = np.full((1, *network.input_shape[1:]), 0.5 if len(network.input_shape) == 3 else 128.0, np.float32)
        calls[label] = lambda _, network=network, given=given: network.predict_on_batch(given)
    blocks = [
        timing.latency(calls, None, repeats=repeats, warmup=0 if block else 3, progress=False)
        .set_index("name")
        .loc[name]
        for block in range(BLOCKS)
    ]
    times = [1.0 if name == BASELINE else float(1 / block["ratio"]) for block in blocks]
    return {
        "times": float(np.median(times)),
        "low": min(times),
        "high": max(times),
        "ms": float(np.median([block["median_ms"] for block in blocks])),
    }


def reproduced(name: str, row: dict) -> dict:
    """Whether a printed count is that of a network built here.

    Returns
    -------
    dict with ``reproduced``: ``"exactly"``, ``"to the printed digits"``, ``"no"``, or None where nothing is printed;
    and ``by``: which head has the count, or why none has.
    """
    heads = {
        "8 labels at our input": row["ours"]["parameters"],
        "1000 classes at the source's input": row["source"]["parameters"],
        "8 labels at the source's input": row["eight_at_source"],
    }
    printed, digits = row["printed"], row["printed_digits"]
    if printed is None:
        return {"reproduced": None, "by": "no count is printed"}
    if name == "landmark_lstm":
        return {
            "reproduced": "no",
            "by": "the number of distances, layers and widths are not given where it is printed; "
            "several networks have the count, and the one that is measured was chosen to have it",
        }
    for head, count in heads.items():
        if count == printed:
            return {"reproduced": "exactly", "by": head}
    for head, count in heads.items():
        if digits is not None and float(f"{count:.{digits - 1}e}") == printed:
            return {"reproduced": "to the printed digits", "by": head}
    return {"reproduced": "no", "by": "neither head has it"}


def ratios(rows: list[dict]) -> list[dict]:
    """The paper's ratios, and the same ones with equal heads on both sides.

    Returns
    -------
    list of dict: ``printed`` (text), ``printed_in``, ``of`` (system), ``as_printed`` (the printed counts divided), and,
    where the system is built, ``heads_1000`` (both with 1000 classes at their sources' inputs), ``heads_8_source``
    (both with 8 labels there), ``heads_8_ours`` (both with 8 labels at our input); else None.
    """
    by_name = {row["name"]: row for row in rows}
    made = []
    for text, of, count, where in RATIOS:
        row, base = by_name.get(of), by_name.get(BASELINE)
        both = row is not None and base is not None
        made.append(
            {
                "printed": text,
                "printed_in": where,
                "of": of,
                "as_printed": count / SYSTEMS[BASELINE].printed,
                "heads_1000": row["source"]["parameters"] / base["source"]["parameters"] if both else None,
                "heads_8_source": row["eight_at_source"] / base["eight_at_source"] if both else None,
                "heads_8_ours": row["ours"]["parameters"] / base["ours"]["parameters"] if both else None,
            }
        )
    return made
