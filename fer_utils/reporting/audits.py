"""The study ``audit`` in figures and sentences: which sentence holds, its numbers decide.

A function that ends in ``_plot`` returns the arguments of `plotting.dot_plot`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fer_utils.fairness import BASELINE, SENSITIVE_FEATURES
from fer_utils.reporting.text import percent

_OVER_PEOPLE = "right, mean over people; lines: 95 % intervals over people"
#: Names of the networks in figures.
CLEAN, SPOILED = "labels as filmed", "labels spoiled for dark tones"


def row_points(row: Mapping) -> str:
    """The gap of a row of an audit, with its interval: ``-7.8 points (-10.4 to -5.4)``."""
    return f"{100 * row['gap']:+.1f} points ({100 * row['gap_low']:+.1f} to {100 * row['gap_high']:+.1f})"


def of_people(rows: Sequence[Mapping]) -> list[Mapping]:
    """The rows of an audit that are about attributes of people."""
    return [row for row in rows if row["attribute"] in SENSITIVE_FEATURES]


def of_conditions(rows: Sequence[Mapping]) -> list[Mapping]:
    """The rows of an audit that are about circumstances: pose, light, what covers the face."""
    return [row for row in rows if row["attribute"] not in SENSITIVE_FEATURES and row["attribute"] != "everybody"]


def people_plot(answer: Mapping) -> dict:
    """The clean networks' accuracy for each group of people."""
    rows = answer["clean"]["audit"]
    groups = of_people(rows)
    found = sum(row["found"] for row in groups)
    standing = {0: "no group stands apart", 1: "one group stands apart"}.get(found, f"{found} groups stand apart")
    whole = rows[0]["accuracy"]
    return {
        "rows": {_name(row): {"right": _interval(row)} for row in groups},
        "title": f"{percent(whole, 0)} right on strangers; {standing}",
        "xlabel": _OVER_PEOPLE,
        "reference_lines": {"everybody": whole},
        "xlim": _ends(groups),
    }


def conditions_plot(answer: Mapping) -> dict:
    """The clean networks' accuracy at the baseline and under each changed circumstance."""
    rows = answer["clean"]["audit"]
    changed = of_conditions(rows)
    hardest = min(changed, key=lambda row: row["gap"])
    return {
        "rows": {BASELINE: {"right": _interval(rows[0])}, **{_name(row): {"right": _interval(row)} for row in changed}},
        "title": f"{hardest['value'].capitalize()}: {100 * hardest['gap']:+.0f} points, same people, same acts",
        "xlabel": _OVER_PEOPLE,
        "reference_lines": {"always one label": answer["chance"]},
        "xlim": (0.0, min(1.0, rows[0]["high"] + 0.12)),
    }


def bias_plot(answer: Mapping) -> dict:
    """The accuracy for each group of people of networks from clean labels and from spoiled ones."""
    clean, spoiled = (of_people(answer[name]["audit"]) for name in ("clean", "biased"))
    gap = answer["verdict"]["difference"]["gap"]
    side = "lose" if gap < 0 else "gain"
    return {
        "rows": {
            _name(one): {CLEAN: _interval(one), SPOILED: _interval(other)}
            for one, other in zip(clean, spoiled, strict=True)
        },
        "title": f"By the spoiled labels dark tones {side} {100 * abs(gap):.0f} points more than the rest",
        "xlabel": _OVER_PEOPLE,
        "xlim": _ends([*clean, *spoiled]),
    }


def people_words(answer: Mapping) -> str:
    """For which people the clean networks fail, by the chapter's rule."""
    found = [row for row in of_people(answer["clean"]["audit"]) if row["found"]]
    if not found:
        return "Found, by the rule above: no group of people."
    return f"Found, by the rule above: {'; '.join(f'{_name(row)} {row_points(row)}' for row in found)}."


def conditions_words(answer: Mapping) -> str:
    """Which circumstances cost accuracy, and which one makes dlib miss most faces."""
    changed = of_conditions(answer["clean"]["audit"])
    found = [f"*{row['value']}* {100 * row['gap']:+.1f} points" for row in changed if row["found"]]
    rest = [f"*{row['value']}*" for row in changed if not row["found"]]
    fewest = min(of_conditions(answer["detected"]) or answer["detected"], key=lambda row: row["accuracy"])
    words = (
        f"{answer['tested']} of the {answer['people']} people were filmed under the conditions. Each of them is "
        "compared with themselves, not with the baseline of everybody in the figure. Found: "
        f"{'; '.join(found) or 'none'}."
    )
    if rest:
        words += f" Not found: {', '.join(rest)}."
    return (
        f"{words} Under *{fewest['value']}* dlib finds {percent(fewest['accuracy'])} of the faces; the others count as "
        "wrong."
    )


def detection_words(answer: Mapping) -> str:
    """Whose faces dlib fails to find, over all changed pictures."""
    rows = of_people(answer["detected_changed"])
    worse = [f"{_name(row)} ({row_points(row)})" for row in rows if row["found"] and row["gap"] < 0]
    if not worse:
        return "Over all changed pictures no group of people is found less often, by the rule."
    return (
        f"Over all changed pictures dlib finds these people's faces less often: {'; '.join(worse)}. So an audit has "
        "to include the detector."
    )


def planted_words(answer: Mapping) -> str:
    """Whether the audit finds the planted bias, and what the clean networks have there."""
    clean, biased, difference = (answer["verdict"][name] for name in ("clean", "biased", "difference"))
    seen = "**The audit finds it.**" if difference["found"] else "**The audit does not find it.**"
    before = (
        "The clean networks have a gap there, too, which has nothing to do with the labels"
        if clean["found"]
        else "The clean networks have no gap there by the rule"
    )
    return (
        f"{seen} {before}: {row_points(clean)}. The spoiled ones have {row_points(biased)}. The difference, picture by "
        f"picture, is {row_points(difference)}."
    )


def only_there_words(answer: Mapping) -> str:
    """Whether the difference of spoiled and clean networks shows in the planted group alone."""
    planted = _planted(answer)
    others = [row for row in answer["difference"] if row["found"] and (row["attribute"], row["value"]) != planted]
    if not others:
        return "Is it found only there? Yes: no other row of the difference is found."
    beside = [row for row in others if row["attribute"] == planted[0]]
    words = (
        f"Is it found only there? No. Found as well: {'; '.join(f'{_name(row)} {row_points(row)}' for row in others)}."
    )
    if beside and all(row["gap"] > 0 for row in beside):
        words += (
            " For the other tones it is the same finding: each group is compared with everybody else, and among these "
            "are the people who were hurt."
        )
    if any(row["attribute"] not in SENSITIVE_FEATURES and row["gap"] > 0 for row in others):
        words += (
            " A condition in which the networks lose less than before need not be a bias: they are worse at the "
            "baseline than before, and so there is less to lose."
        )
    return words


def called_words(answer: Mapping) -> str:
    """How often strangers of the planted group who posed something else are called by the planted label."""
    value, to = _planted(answer)[1], answer["bias"]["to"]
    before, after = (answer[name]["called"][value]["value"] for name in ("clean", "biased"))
    return (
        f"Strangers of *{value}* who posed something else are called {to} in {percent(before)} of the cases by the "
        f"clean networks and in {percent(after)} by the spoiled ones."
    )


def sensitivity_words(answer: Mapping) -> str:
    """How often the audit raises a false alarm, and how many people it takes to find a gap."""
    alarms = answer["false_alarms"]
    needed = [
        f"{100 * float(gap):.0f} points with {f'{count} people' if count else 'more people than were tried'}"
        for gap, count in answer["needed"].items()
    ]
    return (
        f"With attributes shuffled among the people there is nothing to find. Then {alarms['alarms']} of "
        f"{alarms['repeats']} audits raise an alarm ({percent(alarms['share'])}). By simulation, four of five audits "
        f"find a gap of {'; '.join(needed)}."
    )


def _planted(answer: Mapping) -> tuple[str, str]:
    """Attribute and value of the people whose labels were spoiled."""
    from fer_utils.studies.audit import PLANTED  # here, so that the module is read without the study

    return PLANTED


def _name(row: Mapping) -> str:
    return f"{row['attribute']}: {row['value']}"


def _interval(row: Mapping) -> dict[str, float]:
    return {"value": row["accuracy"], "low": row["low"], "high": row["high"]}


def _ends(rows: Sequence[Mapping]) -> tuple[float, float]:
    """Ends of an axis with room for the rows' intervals and for the numbers beside them."""
    return max(0.0, min(row["low"] for row in rows) - 0.05), min(1.0, max(row["high"] for row in rows) + 0.06)
