"""What the commands say, and to whom."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from fer_utils.cli import output
from fer_utils.core.errors import FerError
from fer_utils.core.tables import Problems


@pytest.mark.parametrize("number, said", [(0, "0 clips"), (1, "1 clip"), (2, "2 clips"), (1440, "1,440 clips")])
def test_a_number_with_its_noun(number, said):
    assert output.counted(number, "clip") == said


@pytest.mark.parametrize("as_json", [False, True])
def test_the_outcome_is_text_or_json(capsys, as_json):
    output.print_outcome(argparse.Namespace(json=as_json), {"root": Path("a"), "clips": 2}, "2 clips in a")
    out, err = capsys.readouterr()
    assert err == ""
    if as_json:
        assert json.loads(out) == {"root": "a", "clips": 2}
    else:
        assert out == "2 clips in a\n"


def test_problems_go_to_standard_error_and_come_back_as_text(capsys):
    rows = output.report_problems(Problems.of([("a.mp4", "decode", "unreadable", "No picture.", "left out")]))
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("1 problem: unreadable 1\n")
    assert rows == [
        {"path": "a.mp4", "stage": "decode", "kind": "unreadable", "problem": "No picture.", "action": "left out"}
    ]
    assert output.report_problems(Problems.of()) == [] and capsys.readouterr() == ("", "")


def test_a_file_is_checked_before_the_work(tmp_path):
    assert output.checked_file("csv", None) is None
    wanted = tmp_path / "new" / "folder" / "clips.csv"
    assert output.checked_file("csv", str(wanted)) == wanted and list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("no folder")
    for wrong in (str(tmp_path), "a\0b", str(tmp_path / "file" / "clips.csv")):
        with pytest.raises(FerError, match=r"`csv`\. Expected the name of a file to write"):
            output.checked_file("csv", wrong)
