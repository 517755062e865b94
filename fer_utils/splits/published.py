"""The split that a data set was published with: who learns, who validates, who tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage

#: FER2013's parts, in a clip table's column ``statement``: who learns, who validates, who tests.
FER2013: tuple[str, str, str] = ("Training", "PublicTest", "PrivateTest")


@stage("official_split")
def official(meta: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(train, validation, test) row positions of FER2013's official split; ascending, disjoint, together all rows.

    Training learns, PublicTest validates (it chooses rates and says when training ends), PrivateTest tests.  Nobody's
    name is known, so one person may stand on several sides; `fer_utils.splits.exact_copies` says of pictures.

    Parameters
    ----------
    meta : a table with one row a picture, of ``datasets.scan("fer2013", ...)`` or a face set made of it.

    Raises
    ------
    FerError : rows of another data set, of no part, or a part without a row.
    """
    absent = [column for column in ("dataset", "statement") if column not in meta.columns]
    if absent:
        raise invalid("meta", expected="a table with the columns dataset and statement", received=list(meta.columns))
    others = sorted(set(meta["dataset"]) - {"fer2013"})
    if others:
        raise invalid(
            "by",
            expected="'frame', 'clip', 'performance' or 'actor': only fer2013 has an official split here",
            received=f"'official', for rows of {', '.join(map(str, others))}",
        )
    parts = meta["statement"].astype(str).to_numpy()
    odd = sorted(set(parts) - set(FER2013))
    lacking = [part for part in FER2013 if part not in parts]
    if odd or lacking:
        raise invalid(
            "meta",
            expected=f"rows of all of {', '.join(FER2013)} in the column statement, and of nothing else",
            received=f"none of {', '.join(lacking)}" if lacking else f"rows of {', '.join(odd)}",
            remedy="Scan the whole set: scan('fer2013', root).",
        )
    train, validation, test = (np.flatnonzero(parts == part) for part in FER2013)
    return train, validation, test
