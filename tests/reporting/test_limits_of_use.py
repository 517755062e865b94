"""The measured reasons are those of the stored answers."""

from __future__ import annotations

import numpy as np

from fer_utils import studies
from fer_utils.reporting import limits_of_use


def test_rows_and_sentences_have_the_numbers_of_the_stored_answers():
    found = limits_of_use.evidence()
    audit, split = studies.load("audit").answer, studies.load("split").answer
    rows = {name: row["right"] for name, row in found.rows.items()}
    accuracy = {(row["unit"], row["twins"]): row["accuracy"]["value"] for row in split["rows"]}
    assert list(rows)[:3] == ["frames at random, every clip twice", "frames at random", "people apart"]
    assert [row["value"] for row in rows.values()][:3] == [
        accuracy["frame", True],
        accuracy["frame", False],
        accuracy["actor", False],
    ]
    below = [row["value"] for row in list(rows.values())[4:]]
    assert len(below) >= 6 and (np.diff(below) <= 0).all(), "the others from the best to the worst"
    assert found.chance == audit["chance"] and f"{100 * min(below):.0f} %" in found.title
    assert set(found.reasons) == {"2", "3", "4", "5"}
    assert f"{100 * accuracy['frame', True]:.1f} %" in found.reasons["3"]
    worst = min((row for row in audit["clean"]["audit"] if row["attribute"] == "pose"), key=lambda row: row["gap"])
    assert worst["value"] in found.reasons["4"] and f"{100 * worst['gap']:+.1f} points" in found.reasons["4"]


def test_a_group_that_was_not_found_to_be_read_worse_is_no_row():
    found, rows = limits_of_use.evidence(), studies.load("audit").answer["clean"]["audit"]
    named = {name.split(": ")[1] for name in found.rows if name.split(":")[0] in limits_of_use.PEOPLE}
    assert named == {
        row["value"] for row in rows if row["attribute"] in limits_of_use.PEOPLE and row["found"] and row["gap"] < 0
    }


def test_whether_the_card_has_an_audit():
    assert "Nobody has measured them for `nano`" in limits_of_use.audited(["x", "an audit of groups"])
    assert "audit of its own" in limits_of_use.audited(["x"])


def test_the_strangers_were_asked_of_the_networks_with_people_apart():
    """The caption says that they are the same five: the audit's accuracy at home is that of the split by actor."""
    audit, split = studies.load("audit").answer, studies.load("split").answer
    (apart,) = [row for row in split["rows"] if row["unit"] == "actor" and not row["twins"]]
    assert abs(audit["clean"]["home"]["value"] - apart["accuracy"]["value"]) < 1e-5
    assert len(audit["clean"]["experiments"]) == apart["trainings"] == 5
    assert "the same five networks as in people apart" in limits_of_use.evidence().caption
