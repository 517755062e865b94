"""What the commands say, and to whom."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import re
import sys

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


@pytest.mark.parametrize(
    "name, shown",
    [
        ("\x1b[31mred\x1b[0m.mp4", "\\u001b[31mred\\u001b[0m.mp4"),
        ("\x1b]0;title\x07.mp4", "\\u001b]0;title\\u0007.mp4"),
        ("over\rwritten.mp4", "over\\u000dwritten.mp4"),
        ("\x9b2J.mp4", "\\u009b2J.mp4"),
        ("\u202e4pm.exe", "\\u202e4pm.exe"),
        ("Größe.mp4", "Größe.mp4"),
    ],
)
def test_a_terminal_obeys_no_file_name(capsys, name, shown):
    output.say(name, sys.stdout)
    assert capsys.readouterr().out == shown + "\n"
    output.report_problems(Problems.of([(name, "scan", "name", f"{name} is odd", "left out")]))
    told = capsys.readouterr().err
    assert f"  {shown}\n" in told and re.search(r"[^\n\x20-\x7eöß]", told) is None
    output.print_outcome(argparse.Namespace(json=True), {"path": name}, "")
    assert json.loads(capsys.readouterr().out) == {"path": name}
