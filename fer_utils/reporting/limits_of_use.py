"""Measured reasons against some uses of expression recognition, from the stored answers of three studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_utils import studies
from fer_utils.reporting.text import percent, with_interval

#: The studies, and the attributes of the audit that say who is seen, and how.
STUDIES = ("audit", "split", "human_votes")
PEOPLE, CONDITIONS = ("skin tone", "presentation", "age"), ("pose", "light", "occlusion")


@dataclass(frozen=True)
class Evidence:
    """What was measured, to be drawn and to be said.

    Attributes
    ----------
    rows : name to a share with its interval over people, for `fer_utils.plotting.dot_plot`.
    chance : the share of somebody who always gives one label.
    title, caption : of the figure.
    reasons : sentences, by the numbers of the uses that they speak against in the chapter's list.
    """

    rows: dict[str, dict]
    chance: float
    title: str
    caption: str
    reasons: dict[str, str]


def evidence() -> Evidence:
    """The evidence of the stored answers; ``FerError`` where one of them is not stored."""
    audit, split, votes = (studies.load(name).answer for name in STUDIES)
    clean = {(row["attribute"], row["value"]): row for row in audit["clean"]["audit"]}
    by = {(row["unit"], row["twins"]): row["accuracy"] for row in split["rows"]}
    seen = {row["value"]: row for row in clean.values() if row["attribute"] in CONDITIONS}
    groups = {
        f"{row['attribute']}: {row['value']}": row
        for row in clean.values()
        if row["attribute"] in PEOPLE and row["found"] and row["gap"] < 0
    }
    rows = {
        "frames at random, every clip twice": by["frame", True],
        "frames at random": by["frame", False],
        "people apart": by["actor", False],
        f"{audit['people']} other strangers, from the front": _share(clean["everybody", "baseline"]),
    }
    others = groups | {f"{row['attribute']}: {name}": row for name, row in seen.items()}
    rows |= {name: _share(row) for name, row in sorted(others.items(), key=lambda item: -item[1]["accuracy"])}
    best, worst = by["frame", True]["value"], min(row["accuracy"] for row in seen.values())
    return Evidence(
        {name: {"right": row} for name, row in rows.items()},
        audit["chance"],
        f"One architecture is right in {percent(best, 0)} or in {percent(worst, 0)}: it depends on the test",
        "Stored answers split and audit, tier class: the network of 542,136 parameters on drawn people, eight labels. "
        "The first three rows: one data set, divided in three ways. Below: the same five networks as in people "
        "apart, asked about other people, in groups, and about "
        f"{audit['tested']} of them in each pose, light and occlusion.",
        _reasons(audit, by, votes, groups, seen),
    )


def audited(missing: Sequence[str]) -> str:
    """Whether a network has an audit of its own; ``missing`` as `fer_utils.reporting.model_cards.ModelCard` has it."""
    if any("an audit" in gap for gap in missing):
        return "Nobody has measured them for `nano`: its card names the audit among what is missing."
    return "`nano` has an audit of its own, on its card."


def _share(row: Mapping) -> dict:
    return {"value": row["accuracy"], "low": row["low"], "high": row["high"]}


def _points(row: Mapping) -> str:
    """A gap in points, with its interval."""
    return f"{100 * row['gap']:+.1f} points ({100 * row['gap_low']:+.1f} to {100 * row['gap_high']:+.1f})"


def _reasons(audit: Mapping, by: Mapping, votes: Mapping, groups: Mapping, seen: Mapping) -> dict[str, str]:
    """A sentence for each use that a measurement speaks against."""
    gaps = "; ".join(f"*{name}* {_points(row)}" for name, row in groups.items()) or "none"
    worst = sorted(seen.items(), key=lambda item: item[1]["gap"])[:3]
    clean, biased = audit["clean"]["strangers"]["value"], audit["biased"]["strangers"]["value"]
    return {
        "2": f"Groups of drawn people who are read worse, though their acting is the same: {gaps}. With a part of one "
        f"group's training labels spoiled, its gap grew to {_points(audit['verdict']['biased'])}, while the accuracy "
        f"over everybody only went from {percent(clean)} to {percent(biased)}.",
        "3": f"With frames at random and each performance in the data twice, a seller may say "
        f"{percent(by['frame', True]['value'])}. Of people kept apart the same architecture, trained anew, reads "
        f"{with_interval(by['actor', False])}.",
        "4": "The same people in the same acts, drawn otherwise: "
        + "; ".join(f"*{name}* {_points(row)}" for name, row in worst)
        + ".",
        "5": "People who saw the face alone agreed with the actor's instruction in "
        f"{with_interval(votes['shown']['face']['accuracy'])} of their votes (CREMA-D, six labels, real actors, "
        "[Cao et al. 2014](https://doi.org/10.1109/TAFFC.2014.2336244)).",
    }
