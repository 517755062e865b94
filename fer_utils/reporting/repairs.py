"""The study ``audit_repair`` as a table and as sentences; which sentence holds, its verdicts decide."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils.reporting.text import percent

#: The methods that repair, in the study's words.
REPAIRS: tuple[str, ...] = ("balanced drawing", "left out")
DARK, REST = "dark tones", "the others"


def repair_table(answer: Mapping) -> pd.DataFrame:
    """A row for each way to train: accuracies with intervals, the gap, and how often dark strangers are called *angry*.

    Returns
    -------
    DataFrame of strings, one row a method, in the study's order.
    """
    planted = answer["bias"]["to"]
    return pd.DataFrame(
        [
            {
                "learned from": row["name"],
                f"{DARK}, %": _share(row["dark"]),
                f"{REST}, %": _share(row["rest"]),
                "gap, points": "{:+.1f}".format(100 * row["gap"]["gap"]),
                "gap found": "yes" if row["gap"]["found"] else "no",
                f"dark, called {planted}": percent(row["called"]["value"]),
                "converged": f"{row['converged']} of {len(row['experiments'])}",
            }
            for row in answer["rows"]
        ]
    )


def repair_plot(answer: Mapping) -> dict:
    """The arguments of `plotting.dot_plot`: what networks learned from, and how well they read strangers of two groups.

    The title says which part of what the spoiled labels cost strangers of dark tones the repairs give back.
    """
    back = sorted(way_back(answer).values())
    title = f"The repairs give back {100 * back[0]:.0f} to {100 * back[-1]:.0f} % of what the spoiled labels cost"
    return {
        "rows": {row["name"]: {DARK: row["dark"], REST: row["rest"]} for row in answer["rows"]},
        "title": title,
        "xlabel": "right, mean over people; lines: 95 % intervals over people",
    }


def repair_verdict(answer: Mapping) -> str:
    """Whom each repair helps and whom it costs something, in sentences.

    A repair is compared with training on the spoiled labels, person by person; the verdicts are those of
    `fer_utils.metrics.compare_by_person`, corrected together.
    """
    found = {(one["method"], one["group"]): one for one in answer["comparisons"]}
    sentences = []
    for name in REPAIRS:
        dark, rest = found[name, DARK], found[name, REST]
        helped = {
            "higher": f"**{name.capitalize()}** helps those whom the bias hurt: {_points(dark)}",
            "lower": f"**{name.capitalize()}** makes it worse for those whom the bias hurt: {_points(dark)}",
            "not told apart": f"**{name.capitalize()}** is not shown to help those whom the bias hurt: {_points(dark)}",
        }[dark["verdict"]]
        others = {
            "higher": f"the others gain, too: {_points(rest)}",
            "lower": f"the others pay for it: {_points(rest)}",
            "not told apart": f"for the others no change is shown: {_points(rest)}",
        }[rest["verdict"]]
        sentences.append(f"{helped}; {others}.")
    return " ".join(sentences)


def way_back(answer: Mapping) -> dict[str, float]:
    """Of each repair the share of what the bias cost strangers of dark tone that it gives back.

    0 is where the spoiled labels stand, 1 where the labels as filmed do; below 0 it is worse than before.
    """
    dark = {row["name"]: row["dark"]["value"] for row in answer["rows"]}
    cost = dark["labels as filmed"] - dark["labels spoiled"]
    return {name: (dark[name] - dark["labels spoiled"]) / cost for name in REPAIRS}


def way_back_words(answer: Mapping) -> str:
    """`way_back` in a sentence."""
    shares = "; ".join(f"{name} {percent(value, 0)}" for name, value in way_back(answer).items())
    return (
        f"Of what the spoiled labels cost strangers of dark tones, the repairs give back: {shares}. With 100 % "
        "the networks would read them as well as with the labels as filmed."
    )


def beside_the_audit(answer: Mapping, audit: Mapping) -> str:
    """Why the labels as filmed give another gap here than in the study ``audit``, of which this is the answer."""
    here = next(row for row in answer["rows"] if row["name"] == "labels as filmed")["gap"]
    there, first = audit["verdict"]["clean"], audit["clean"]["experiments"][0]
    words = (
        f"These are other networks than those of the audit: `{answer['network']}` on faces of {answer['size']} pixels, "
        f"trained until validation ended it. There it was `{first['model']['name']}`, after "
        f"{first['recipe']['epochs']} epochs. With the labels as filmed, the gap between dark tones and the rest is "
        f"{100 * here['gap']:+.1f} points here, and {100 * there['gap']:+.1f} points there."
    )
    if here["found"] == there["found"]:
        return words
    return (
        f"{words} It is found in only one of the two, on the same people. So a gap is a property of a network and its "
        "training, and each network needs an audit of its own."
    )


def _share(measured: Mapping) -> str:
    """An accuracy and its interval, in per cent."""
    return "{:.1f} ({:.1f} to {:.1f})".format(*(100 * measured[end] for end in ("value", "low", "high")))


def _points(one: Mapping) -> str:
    p = "p below 0.001" if one["p_holm"] < 0.001 else f"p = {one['p_holm']:.3f}"
    ends = f"95 % interval {100 * one['low']:+.1f} to {100 * one['high']:+.1f}; {p} after Holm"
    return f"{100 * one['value']:+.1f} points ({ends})"
