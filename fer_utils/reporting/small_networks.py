"""Small networks of the literature on photographs: what is reported of each, and what could not be found out.

No accuracy here is ours.  Where a cell says *not found out*, the abstract or read-me that is named as the source does
not say it, and the whole paper was not at hand.
"""

from __future__ import annotations

import pandas as pd

from fer_utils.core.errors import invalid

NOT_FOUND = "not found out"
_OFFICIAL_RAF = "official split of RAF-DB; people unknown"
_OFFICIAL_FER2013 = "official split of FER2013; people unknown"

#: (system, year, parameters, operations in millions, data set, accuracy in per cent, split, pretrained on, source).
#: None where the source does not print it.
_ROWS: tuple[tuple, ...] = (
    (
        "mini-Xception",
        2017,
        60_000,
        None,
        "FER2013",
        66.0,
        _OFFICIAL_FER2013,
        NOT_FOUND,
        "Arriaga et al., arXiv 1710.07557 ('approximately 60,000 parameters')",
    ),
    (
        "EfficientFace",
        2021,
        1_280_000,
        None,
        "RAF-DB",
        88.36,
        _OFFICIAL_RAF,
        NOT_FOUND,
        "Zhao et al., AAAI 2021, abstract; the parameters as later papers quote them",
    ),
    (
        "ZenNet-R-SA",
        2023,
        330_000,
        446.0,
        "RAF-DB",
        87.26,
        _OFFICIAL_RAF,
        "nothing, in this row",
        "read-me of the repository SeoulTech-HCIRLab/ZenNet-SA-FER",
    ),
    (
        "ZenNet-M-SA",
        2023,
        1_010_000,
        400.55,
        "RAF-DB",
        87.1,
        _OFFICIAL_RAF,
        "nothing, in this row",
        "read-me of the repository SeoulTech-HCIRLab/ZenNet-SA-FER",
    ),
    (
        "ZenNet-M-SA",
        2023,
        1_010_000,
        400.55,
        "RAF-DB",
        88.53,
        _OFFICIAL_RAF,
        "other faces ('transfer-learning'; which, the read-me does not say)",
        "read-me of the repository SeoulTech-HCIRLab/ZenNet-SA-FER",
    ),
    (
        "LFNSB",
        2024,
        None,
        None,
        "RAF-DB",
        91.07,
        _OFFICIAL_RAF,
        NOT_FOUND,
        "Chen & Huang, Computation 2024, doi 10.3390/computation12100201, abstract",
    ),
    (
        "DDAMFN++",
        2023,
        None,
        None,
        "RAF-DB",
        92.34,
        _OFFICIAL_RAF,
        NOT_FOUND,
        "Zhang et al., Electronics 2023, doi 10.3390/electronics12173595; the accuracy as lists of benchmarks quote it",
    ),
    (
        "LiExNet",
        2025,
        42_000,
        1380.0,
        "FER2013",
        79.2,
        NOT_FOUND,
        NOT_FOUND,
        "Ramirez-Quintana et al., Sensors 2025, doi 10.3390/s25237264",
    ),
    (
        "LiExNet",
        2025,
        42_000,
        1380.0,
        "KDEF",
        88.2,
        NOT_FOUND,
        NOT_FOUND,
        "Ramirez-Quintana et al., Sensors 2025, doi 10.3390/s25237264",
    ),
    (
        "TinyFER-Lite",
        2026,
        932_202,
        None,
        "FER2013",
        67.07,
        _OFFICIAL_FER2013,
        NOT_FOUND,
        "Khalid, engrXiv preprint 2026, doi 10.31224/7466, abstract",
    ),
    (
        "POSTER++ (large, for comparison)",
        2023,
        43_700_000,
        8400.0,
        "RAF-DB",
        92.21,
        _OFFICIAL_RAF,
        "faces and landmarks",
        "Mao et al., arXiv 2301.12149, abstract; pretraining: its repository",
    ),
)
_COLUMNS = (
    "system",
    "year",
    "parameters",
    "operations, millions",
    "data set",
    "accuracy, %",
    "split",
    "pretrained on",
    "source",
)


def small_networks(dataset: str | None = None) -> pd.DataFrame:
    """What the literature reports of small networks that read photographs, the smallest first.

    Parameters
    ----------
    dataset : picks one set, such as ``"FER2013"``; None for all.

    Returns
    -------
    DataFrame with ``system``, ``year``, ``parameters``, ``operations, millions`` (as the source counts them; missing
    where it does not print them), ``data set``, ``accuracy, %``, ``split``, ``pretrained on`` and ``source``.

    Raises
    ------
    FerError : a data set without a row.
    """
    table = pd.DataFrame(_ROWS, columns=list(_COLUMNS)).astype({"parameters": "Int64", "operations, millions": float})
    known = sorted(table["data set"].unique())
    if dataset is not None:
        if dataset not in known:
            raise invalid("dataset", expected=f"None or one of {', '.join(known)}", received=dataset)
        table = table[table["data set"] == dataset]
    return table.sort_values("parameters", ignore_index=True, na_position="last")
