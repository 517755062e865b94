"""Tables that take two lines a row: nothing is lost, and nothing that is shown can bring markup."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.reporting.wide_tables import two_lines

FRAME = pd.DataFrame(
    {
        "system": ["a < b", "c"],
        "parameters": pd.array([542_136, None], dtype="Int64"),
        "split": ["80/20", "actors apart"],
        "low": [0.5, None],
    },
    index=[7, 9],
)


def test_every_value_is_shown_once_with_its_columns_name():
    page = two_lines(
        FRAME, ["system", "parameters"], formats={"parameters": "{:,}"}, missing="not printed"
    )._repr_html_()
    assert re.findall(r"<th[^>]*>([^<]+)</th>", page) == ["system", "parameters"]
    assert page.count("<tr>") == 1 + 2 * len(FRAME)
    assert page.count("542,136") == 1 and page.count("<i>split</i>: actors apart") == 1
    assert page.count("not printed") == 2 and "nan" not in page.lower() and "&lt;na" not in page.lower()
    assert "a &lt; b" in page and "a < b" not in page
    assert page.count('colspan="2"') == len(FRAME)


def test_a_table_without_other_columns_has_one_line_a_row():
    assert two_lines(FRAME[["split"]], ["split"])._repr_html_().count("<tr>") == 1 + len(FRAME)


def test_as_text_it_is_the_whole_table():
    assert "actors apart" in repr(two_lines(FRAME, ["system"])) and "542136" in repr(two_lines(FRAME, ["system"]))


@pytest.mark.parametrize("first_line", [[], ["other"], ["system", "parameters", "split", "low", "system"]])
def test_columns_that_do_not_fit_are_refused(first_line):
    with pytest.raises(FerError, match=r"`first_line`.*one to four of system, parameters"):
        two_lines(FRAME, first_line)
