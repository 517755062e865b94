"""What the literature reports, row by row, with what a reader needs to compare it.

Every number here is quoted, none is ours.  Accuracy and parameters are those
printed in tables I and II of Ding, Tang & Lu 2023 (doi
10.1109/TENCON58879.2023.10322470) or, where the row says so, in the named
source itself.
"""

from __future__ import annotations

import pandas as pd

from .errors import invalid

_DING = "Ding et al. 2023, table "
_UNSTATED = "not stated there"

#: (data set, system, accuracy in per cent, parameters, task, classes, split, source)
_ROWS: tuple[tuple, ...] = (
    ("ravdess", "ResNet50 (Ayadi & Lachiri 2022)", 57.73, 25_636_712, "song and speech, video", None, _UNSTATED, _DING + "I"),
    ("ravdess", "AlexNet (He et al. 2019)", 79.74, 62_378_344, "silent song videos", 6, _UNSTATED, _DING + "I"),
    ("ravdess", "LSTM on landmark distances (Ryumina & Karpov 2020)", 98.90, 63_178_760, "sequences of 122 frames", None,
     _UNSTATED, _DING + "I"),
    ("ravdess", "2D CNN (Ding et al. 2023)", 92.00, 542_136, "six frames a clip", 8, "80/20, unit not stated", _DING + "I"),
    ("ravdess", "DTN+DSN+CNN (Sharafi et al. 2022)", 94.99, None, "audio and video", None, _UNSTATED,
     "Sharafi et al. 2022, doi 10.1016/j.bspc.2022.103970; not in table I"),
    ("ravdess", "visual model (Luna-Jiménez et al. 2022)", 62.10, None, "faces of speech clips", 8, "five folds, actors apart",
     "Luna-Jiménez et al. 2022, doi 10.3390/app12010327; not in table I"),
    ("savee", "DTN+DSN+CNN (Sharafi et al. 2022)", 93.75, 36_400_000, "audio and video", 7, _UNSTATED, _DING + "II"),
    ("savee", "VGG-Face+LSTM (Ngoc et al. 2021)", 84.37, 134_000_000, "video", 7, _UNSTATED, _DING + "II"),
    ("savee", "AlexNet (Avots et al. 2018)", 94.33, 62_378_344, "audio and video", 7, _UNSTATED, _DING + "II"),
    ("savee", "2D CNN (Ding et al. 2023)", 94.00, 542_136, "six frames a clip", 7, "80/20, unit not stated", _DING + "II"),
    ("savee", "visual features (the set's makers)", 65.00, None, "faces of unseen speakers", 7, "speakers apart",
     "the makers of SAVEE; not in table II"),
)


def table(dataset: str | None = None) -> pd.DataFrame:
    """Reported results: data set, system, accuracy (per cent), parameters, task, classes, split, source, kind.

    ``parameters`` and ``classes`` are missing where the source does not print
    them; ``kind`` is ``as reported`` in every row.  ``dataset`` picks one set;
    a set without a row is a FerError.
    """
    columns = ["data set", "system", "accuracy", "parameters", "task", "classes", "split", "source"]
    made = pd.DataFrame(_ROWS, columns=columns).astype({"parameters": "Int64", "classes": "Int64"})
    made["kind"] = "as reported"
    if dataset is None:
        return made
    if dataset not in set(made["data set"]):
        raise invalid("dataset", expected=f"None or one of {', '.join(made['data set'].unique())}", received=dataset)
    return made[made["data set"] == dataset].reset_index(drop=True)


def votes() -> pd.DataFrame:
    """What people see in faces without sound: the votes on CREMA-D's 7,442 clips, by the label that was acted.

    Counts, (6, 6): rows the posed-expression label, columns the label that was
    voted for.  Source and licence are in ``crema_d_votes.json`` (Cao et al. 2014,
    doi 10.1109/TAFFC.2014.2336244).
    """
    import json
    from pathlib import Path

    found = json.loads(Path(__file__).with_name("crema_d_votes.json").read_text(encoding="utf-8"))
    return pd.DataFrame(found["votes"], index=found["labels"], columns=found["labels"])
