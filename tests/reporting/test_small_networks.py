"""Reported small networks: every cell is a number with a source, or says that it was not found out."""

from __future__ import annotations

import pytest

from fer_utils.core.errors import FerError
from fer_utils.reporting.small_networks import small_networks


def test_every_row_says_where_it_comes_from_and_what_is_not_known():
    table = small_networks()
    assert (table["source"].str.len() > 20).all() and table["accuracy, %"].between(50, 100).all()
    for column in ("split", "pretrained on"):
        assert (table[column].str.len() > 5).all(), "an empty cell says nothing"
    sizes = table["parameters"].dropna().tolist()
    assert sizes == sorted(sizes) and table["parameters"].isna().iloc[-1], "the smallest first, the unknown last"
    assert not table.duplicated(["system", "data set", "pretrained on"]).any()


def test_numbers_as_their_sources_print_them():
    """Each compared with the source by hand; a changed digit is seen."""
    table = small_networks().drop_duplicates("system", keep=False).set_index("system")
    numbers = table[["parameters", "operations, millions", "accuracy, %"]]
    assert numbers.loc["ZenNet-R-SA"].tolist() == [330_000, 446.0, 87.26]
    assert numbers.loc["TinyFER-Lite"].tolist()[::2] == [932_202, 67.07]
    assert table.loc["DDAMFN++", ["data set", "accuracy, %"]].tolist() == ["RAF-DB", 92.34]
    assert numbers.loc["POSTER++ (large, for comparison)"].tolist() == [43_700_000, 8400.0, 92.21]


def test_one_set_alone():
    table = small_networks("FER2013")
    assert table["system"].tolist() == ["LiExNet", "mini-Xception", "TinyFER-Lite"]
    with pytest.raises(FerError, match=r"`dataset`.*FER2013, KDEF, RAF-DB.*'CK'"):
        small_networks("CK")
