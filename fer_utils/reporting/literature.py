"""What the literature reports, row by row, with what a reader needs to compare it.

Every number of `_ROWS` is quoted, none is ours.  Accuracy and parameters are those printed in tables I and II of Ding,
Tang & Lu 2023 (doi 10.1109/TENCON58879.2023.10322470) or, where the row says so, in the named source itself.  What a
chapter has run itself stands beside them as ``run here``, with the same columns: see `run_here`.
"""

from __future__ import annotations

from collections.abc import Iterable
import json
from pathlib import Path

import pandas as pd

from fer_utils.core.errors import invalid

_DING = "Ding et al. 2023, table "
_UNSTATED = "not stated there"

#: (data set, system, accuracy in per cent, parameters, task, classes, split, source)
_ROWS: tuple[tuple, ...] = (
    (
        "ravdess",
        "ResNet50 (Ayadi & Lachiri 2022)",
        57.73,
        25_636_712,
        "song and speech, video",
        None,
        _UNSTATED,
        _DING + "I",
    ),
    ("ravdess", "AlexNet (He et al. 2019)", 79.74, 62_378_344, "silent song videos", 6, _UNSTATED, _DING + "I"),
    (
        "ravdess",
        "LSTM on landmark distances (Ryumina & Karpov 2020)",
        98.90,
        63_178_760,
        "sequences of 122 frames",
        None,
        _UNSTATED,
        _DING + "I; the accuracy also in its own abstract, doi 10.51130/graphicon-2020-2-3-32",
    ),
    (
        "ravdess",
        "2D CNN (Ding et al. 2023)",
        92.00,
        542_136,
        "six frames a clip",
        8,
        "80/20, unit not stated",
        _DING + "I",
    ),
    (
        "ravdess",
        "DTN+DSN+CNN (Sharafi et al. 2022)",
        94.99,
        None,
        "audio and video",
        None,
        _UNSTATED,
        "Sharafi et al. 2022, doi 10.1016/j.bspc.2022.103970; not in table I",
    ),
    (
        "ravdess",
        "visual model (Luna-Jiménez et al. 2022)",
        62.10,
        None,
        "faces of speech clips",
        8,
        "five folds, actors apart",
        "Luna-Jiménez et al. 2022, doi 10.3390/app12010327; not in table I",
    ),
    (
        "ravdess",
        "visual branch, pretrained on AffectNet (Chumachenko et al. 2022)",
        74.92,
        None,
        "faces of speech clips",
        8,
        "folds of actors",
        "Chumachenko et al. 2022, arXiv 2201.11095 (its code counts actors from 1 and the list from 0: others than "
        "meant); not in table I",
    ),
    ("savee", "DTN+DSN+CNN (Sharafi et al. 2022)", 93.75, 36_400_000, "audio and video", 7, _UNSTATED, _DING + "II"),
    ("savee", "VGG-Face+LSTM (Ngoc et al. 2021)", 84.37, 134_000_000, "video", 7, _UNSTATED, _DING + "II"),
    ("savee", "AlexNet (Avots et al. 2018)", 94.33, 62_378_344, "audio and video", 7, _UNSTATED, _DING + "II"),
    (
        "savee",
        "2D CNN (Ding et al. 2023)",
        94.00,
        542_136,
        "six frames a clip",
        7,
        "80/20, unit not stated",
        _DING + "II",
    ),
    (
        "savee",
        "visual features (the set's makers)",
        65.00,
        None,
        "faces of unseen speakers",
        7,
        "speakers apart",
        "the makers of SAVEE; not in table II",
    ),
)

#: What every row says, whoever made it, and what rows that were run here say besides.
_COLUMNS = ("data set", "system", "accuracy", "parameters", "task", "classes", "split", "source")
_INTERVAL_COLUMNS = ("low", "high")
_VOTES_FILE = Path(__file__).with_name("crema_d_votes.json")


def reported_results(dataset: str | None = None, *, here: Iterable[dict] = ()) -> pd.DataFrame:
    """What was reported: data set, system, accuracy (per cent), parameters, task, classes, split, source, kind.

    Parameters
    ----------
    dataset : picks one set; None for all.
    here : rows of `run_here`, which come after the reported ones.

    Returns
    -------
    DataFrame.  ``parameters`` and ``classes`` are missing where the source does not print them; ``kind`` is
    ``as reported`` or ``run here``.  With rows of ``here`` there are also ``low`` and ``high``, the ends of the
    accuracy's interval in per cent, missing where none is known.

    Raises
    ------
    FerError : a data set without a row; a row that `run_here` has not made.
    """
    rows_here = list(here)
    for row in rows_here:
        if not isinstance(row, dict) or set(row) != {*_COLUMNS, *_INTERVAL_COLUMNS, "kind"}:
            raise invalid("here", expected="rows that fer_utils.reporting.literature.run_here returns", received=row)
    quoted = [{**dict(zip(_COLUMNS, row, strict=True)), "kind": "as reported"} for row in _ROWS]
    interval_columns = _INTERVAL_COLUMNS if rows_here else ()
    table = pd.DataFrame([*quoted, *rows_here], columns=[*_COLUMNS, "kind", *interval_columns])
    types = {"accuracy": float, "parameters": "Int64", "classes": "Int64", **dict.fromkeys(interval_columns, float)}
    table = table.astype(types)
    if dataset is None:
        return table
    if dataset not in set(table["data set"]):
        raise invalid("dataset", expected=f"None or one of {', '.join(table['data set'].unique())}", received=dataset)
    return table[table["data set"] == dataset].reset_index(drop=True)


def run_here(
    system: str,
    accuracy: dict,
    *,
    dataset: str,
    parameters: int | None,
    task: str,
    classes: int,
    split: str,
    source: str,
) -> dict:
    """A row for `reported_results` of something that was run here; it says all that a reported row should.

    Parameters
    ----------
    accuracy : a metric of `fer_utils.metrics.interval`: ``value``, ``low``, ``high``, 0 to 1.
    task, classes, split : what was asked, of how many labels, and who tested.
    source : where the answer lies: a stored result, or this page.

    Raises
    ------
    FerError : a text that is empty, or an accuracy without a value from 0 to 1.
    """
    for name, text in (("system", system), ("dataset", dataset), ("task", task), ("split", split), ("source", source)):
        if not isinstance(text, str) or not text.strip():
            raise invalid(name, expected="some words: a row says what it is a row of", received=text)
    if not isinstance(accuracy, dict) or not 0 <= accuracy.get("value", -1) <= 1:
        raise invalid("accuracy", expected="a metric with `value` from 0 to 1", received=accuracy)
    per_cent = {name: None if accuracy.get(name) is None else 100 * accuracy[name] for name in ("value", "low", "high")}
    return {
        "data set": dataset,
        "system": system,
        "accuracy": per_cent["value"],
        "parameters": parameters,
        "task": task,
        "classes": classes,
        "split": split,
        "source": source,
        "low": per_cent["low"],
        "high": per_cent["high"],
        "kind": "run here",
    }


def standard_error(share: float, n: float) -> float:
    """The standard error of a share, 0 to 1, that was counted on ``n`` independent things: sqrt(p (1 - p) / n).

    >>> round(100 * standard_error(0.94, 576), 2)
    0.99
    """
    if not 0 <= share <= 1 or not n > 0:
        raise invalid("share", expected="0 to 1, counted on more than 0 things", received=(share, n))
    return (share * (1 - share) / n) ** 0.5


def crema_d_votes() -> pd.DataFrame:
    """What people see in faces without sound: the votes on CREMA-D's 7,442 clips, by the label that was acted.

    Counts, (6, 6): rows the posed-expression label, columns the label that was voted for.  Source and licence are in
    ``crema_d_votes.json`` (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244).
    """
    stored = json.loads(_VOTES_FILE.read_text(encoding="utf-8"))
    return pd.DataFrame(stored["votes"], index=stored["labels"], columns=stored["labels"])
