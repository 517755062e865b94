"""A mistyped DATA_ROOT is one sentence at the first cell that reads it, in every chapter."""

from __future__ import annotations

import json
from pathlib import Path
import re

import pytest

from fer_utils.core.errors import FerError

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def code_cells(chapter: Path) -> list[dict]:
    return [cell for cell in json.loads(chapter.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def reads_it(cell: dict) -> bool:
    """Whether a cell gives DATA_ROOT to a function, or asks what it is."""
    return "DATA_ROOT" in cell["source"] and "parameters" not in cell["metadata"].get("tags", [])


READING = [chapter for chapter in CHAPTERS if any(map(reads_it, code_cells(chapter)))]


def test_most_chapters_read_it():
    assert len(READING) >= 13


@pytest.mark.parametrize("chapter", READING, ids=[chapter.stem for chapter in READING])
def test_a_mistyped_folder_is_told_where_it_is_first_read(chapter, tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="Keras is not installed")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    cells = code_cells(chapter)
    parameters = next(cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    after_set_up = [cell for cell in cells if "setup" not in cell["metadata"].get("tags", [])]
    imports = next(cell for cell in after_set_up if re.search("^from fer_utils", cell["source"], re.M))
    names: dict = {}
    exec(parameters["source"], names)
    names |= {"TIER": "smoke", "DATA_ROOT": str(tmp_path / "ravdes")}
    with pytest.raises(FerError, match=r"ravdes(?s:.)*(no such folder(?s:.)*DATA_ROOT|It is in data/trainingData)"):
        for cell in (imports, next(filter(reads_it, cells))):
            exec(cell["source"], names)
