"""Chapter 8's heat maps in figures, tables and sentences: which sentence holds, the numbers decide.

A function that ends in ``_plot`` returns the arguments of the chart that it is named after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from fer_utils import metrics
from fer_utils.reporting.text import percent

#: What a map is scored as, in the order of the figures, and where a stored row of the study ``explanation`` has it.
OWN, OTHER, SHUFFLED = "its own region", "another label's region", "shuffled network"
_STORED = {OWN: ("trained", "own"), OTHER: ("trained", "another label's"), SHUFFLED: ("shuffled", "own")}
#: The names of the pictures' three kinds in the test of a shortcut.
_MARKS = {"with": "its own label's dots", "without": "no dots", "exchanged": "another label's dots"}
#: Two correlations, or two shares, that are nearer than this are called alike.
NEAR = 0.05


def agreement(maps: Mapping[str, np.ndarray]) -> dict[tuple[str, str], float]:
    """The mean correlation, over faces and pixel by pixel, of each two methods' maps, (N, H, W); only above 0 counts.

    NaN where no face has something above 0 on both maps.
    """
    flat = {name: np.maximum(np.asarray(made), 0).reshape(len(made), -1) for name, made in maps.items()}
    found = {}
    for first, second in combinations(flat, 2):
        both = [
            np.corrcoef(one, other)[0, 1]
            for one, other in zip(flat[first], flat[second], strict=True)
            if np.ptp(one) > 0 and np.ptp(other) > 0
        ]
        found[first, second] = float(np.mean(both)) if both else float("nan")
    return found


def agreement_words(maps: Mapping[str, np.ndarray]) -> str:
    """The most and the least alike of some methods' maps, and what follows."""
    known = {pair: value for pair, value in agreement(maps).items() if not np.isnan(value)}
    if not known:
        return "No two methods gave a map of the same face, so nothing is compared."
    low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    moral = (
        "All of them agree, by and large."
        if known[low] >= 0.8
        else "So a map shows what its own method asks, and no single map is *the* explanation."
    )
    return (
        f"Most alike are {high[0]} and {high[1]}, with a mean correlation of {known[high]:.2f}; least alike {low[0]} "
        f"and {low[1]}, with {known[low]:.2f}. A correlation of 1 would be the same map. {moral}"
    )


def stored_scores(answer: Mapping) -> dict[str, dict[str, Mapping]]:
    """The study ``explanation``'s scores: method to `OWN`, `OTHER` and `SHUFFLED`, each as `explain.summary` has it."""
    rows = {(row["method"], row["network"], row["region"]): row for row in answer["truth"]}
    methods = dict.fromkeys(row["method"] for row in answer["truth"])
    return {method: {name: rows[method, *place] for name, place in _STORED.items()} for method in methods}


def scores_plot(scores: Mapping[str, Mapping[str, Mapping]], *, whose: str) -> dict:
    """The arguments of `plotting.dot_plot` for maps' shares on the regions, beside their two controls.

    ``scores`` as from `stored_scores`; a method without any map is left out.  ``whose`` run it is opens the title.
    """
    rows = {
        method: {name: one["share"] for name, one in parts.items() if one["share"]}
        for method, parts in scores.items()
        if parts[OWN]["share"]
    }
    above = {
        method: line[OWN]["value"] - max(one["value"] for name, one in line.items() if name != OWN)
        for method, line in rows.items()
        if len(line) > 1
    }
    title = f"{whose}: no map has a control to be compared with"
    if above:
        best = max(above, key=above.__getitem__)
        side = "above" if above[best] > 0 else "below"
        far = f"{100 * abs(above[best]):.0f} points"
        title = f"{whose}: {best} has the largest mean distance, {far} {side} its better control"
    ends = [
        end
        for line in rows.values()
        for one in line.values()
        for end in (one["value"], one.get("low"), one.get("high"))
        if end is not None
    ]
    chance = next((parts[OWN]["chance"]["value"] for parts in scores.values() if parts[OWN]["chance"]), None)
    ends += [] if chance is None else [chance]
    return {
        "rows": rows,
        "title": title,
        "xlabel": "share of the map on the region; lines: 95 % intervals over actors",
        "reference_lines": {} if chance is None else {"the region's share of the picture": chance},
        "xlim": (max(0.0, min(ends) - 0.05), min(1.0, max(ends) + 0.08)),
    }


def scores_table(answer: Mapping) -> pd.DataFrame:
    """A row for each method of the study ``explanation``: lift, pointing game, and the distance to both controls."""
    differences = {(one["method"], one["minus"]): one["share"] for one in answer["differences"]}
    rows = []
    for method, parts in stored_scores(answer).items():
        other, shuffled = (differences[method, name] for name in ("another label's region", "the shuffled network"))
        rows.append(
            {
                "method": method,
                "lift": f"{parts[OWN]['lift']['value']:.2f}",
                "largest value on the region": percent(parts[OWN]["pointing"]["value"], 0),
                "minus shuffled network, points": _points(shuffled),
                "minus another label's region, points": _points(other),
                "above both": "yes" if min(shuffled["low"], other["low"]) > 0 else "no",
            }
        )
    return pd.DataFrame(rows)


def only_there_words(answer: Mapping) -> str:
    """Whether the networks look only where the face moves: the share of the best map that lies elsewhere."""
    shares = {method: parts[OWN] for method, parts in stored_scores(answer).items() if parts[OWN]["share"] is not None}
    best = max(shares, key=lambda method: shares[method]["share"]["value"])
    on, area = shares[best]["share"]["value"], shares[best]["chance"]["value"]
    other = stored_scores(answer)[best][OTHER]["share"]
    if on >= 0.95:
        return f"Does the map lie only there? Yes, nearly: {percent(on, 0)} of {best}'s map lies on the region."
    words = (
        f"Does the map lie only there? No. Even of {best}'s map {percent(1 - on, 0)} lies outside the region, which "
        f"covers {percent(area, 0)} of the picture."
    )
    if other is not None and other["value"] > area:
        words += (
            f" And {percent(other['value'], 0)} of it lies on the region of a face with another label, which is more "
            "than that region's area: part of the map lies on brows and mouths whatever the label is."
        )
    return words


def constraint_words(cancelled: Mapping[str, float], alike: Mapping[str, float]) -> str:
    """What the zero-mean constraint has to do with Grad-CAM's weakness, from one network with it and one without.

    Parameters
    ----------
    cancelled : ``"with"`` and ``"without"`` the constraint: the share of a gradient's size that its average over
        places loses, 0 to 1.
    alike : the same keys: the mean correlation of Grad-CAM and HiResCAM, NaN where there is no map.
    """
    lost, correlation = ([values[name] for name in ("with", "without")] for values in (cancelled, alike))
    first = (
        f"The average over places cancels {percent(lost[0], 0)} of a gradient's size with the constraint and "
        f"{percent(lost[1], 0)} without it."
    )
    if np.isnan([*lost, *correlation]).any():
        return f"{first} One of the two networks gave no map, so this run does not tell them apart."
    if lost[1] >= lost[0] - NEAR:
        cause = (
            "So the cancelling does not come from the constraint; it comes from a dense layer with weights of its own "
            "for every place."
        )
    else:
        cause = "So a part of the cancelling comes from the constraint."
    numbers = f"Grad-CAM and HiResCAM correlate at {correlation[0]:.2f} with it and at {correlation[1]:.2f} without."
    if correlation[1] > correlation[0] + NEAR:
        more = (
            "In this pair of networks the two maps are less alike with the constraint; one pair is no proof of a rule."
        )
    elif correlation[1] < correlation[0] - NEAR:
        more = "In this pair of networks the two maps are not less alike with the constraint."
    else:
        more = "In this pair of networks the constraint makes no visible difference."
    return f"{first} {cause} {numbers} {more}"


def deletion_plot(curves: Mapping[str, Mapping[str, np.ndarray]]) -> dict:
    """The arguments of `plotting.pareto.line_plot` for mean deletion curves; ``curves`` of `deletion_insertion`."""
    earliest = min(curves, key=lambda name: curves[name]["deletion_area"].mean())
    return {
        "series": {
            name: list(zip(one["share"], one["deletion"].mean(axis=0), strict=True)) for name, one in curves.items()
        },
        "percent_axes": "xy",
        "title": f"On average the probability falls first in the order of {earliest}",
        "xlabel": "share of the pixels that are deleted, the map's largest first",
        "ylabel": "probability of the label",
    }


def deletion_table(curves: Mapping[str, Mapping[str, np.ndarray]], actors: Sequence[str], control: str) -> pd.DataFrame:
    """Each map against the ``control``, as areas under both curves, person by person, corrected together (Holm).

    Empty where there is only one person.
    """
    if len(set(actors)) < 2:
        return pd.DataFrame()

    def areas(name: str, curve: str) -> dict[str, float]:
        return pd.Series(curves[name][f"{curve}_area"]).groupby(np.asarray(actors)).mean().to_dict()

    compared = metrics.compare_by_person(
        {
            (name, curve): (areas(name, curve), areas(control, curve))
            for name in curves
            if name != control
            for curve in ("deletion", "insertion")
        }
    )
    better = {"deletion": "lower", "insertion": "higher"}
    rows = []
    for (name, curve), found in compared.items():
        told = found["verdict"]
        rows.append(
            {
                "map": name,
                "curve": curve,
                "area minus random, points": _points(found),
                "p, Holm": f"{found['p_holm']:.3f}",
                "verdict": told if told == "not told apart" else "better" if told == better[curve] else "worse",
            }
        )
    return pd.DataFrame(rows)


def shortcut_plot(verdicts: Mapping[str, Mapping]) -> dict:
    """The arguments of `plotting.dot_plot` for what networks answer with their mark, without, and with another's.

    ``verdicts`` : network to what `explain.shortcuts.caught` returns; the title is about the first.
    """
    first = next(iter(verdicts.values()))
    if first["proved"]:
        title = (
            f"Exchange the dots, and {percent(first['follows']['value'], 0)} of the first network's answers follow them"
        )
    else:
        title = "Your run: no answer is seen to depend on the dots"
    return {
        "rows": {
            name: {words: one["accuracy"][key] for key, words in _MARKS.items()} for name, one in verdicts.items()
        },
        "title": title,
        "xlabel": "right, on unseen actors; lines: 95 % intervals over actors",
    }


def shortcut_table(answer: Mapping) -> pd.DataFrame:
    """The study ``explanation``'s verdicts: a row for each mark, network and method."""
    rows = []
    for row in answer["shortcuts"]:
        lift = row["attribution"]["lift"]
        rows.append(
            {
                "mark": row["kind"],
                "network": {"planted": "trained with it", "clean": "never saw it"}[row["network"]],
                "method": row["method"],
                "verdict": row["verdict"],
                "lift on the mark": "no map"
                if lift is None
                else "{value:.1f} ({low:.1f} to {high:.1f})".format(**lift),
                "right with / without / exchanged, %": " / ".join(
                    f"{100 * row['accuracy'][key]['value']:.0f}" for key in ("with", "without", "exchanged")
                ),
            }
        )
    return pd.DataFrame(rows)


def shortcut_words(answer: Mapping) -> str:
    """Who was proved and who was suspected, rightly and wrongly."""
    guilty, innocent = ([row for row in answer["shortcuts"] if row["network"] == name] for name in ("planted", "clean"))
    proved = sorted({row["kind"] for row in guilty if row["proved"]})
    kinds = {row["kind"] for row in guilty}
    missed = [f"{row['method']} ({row['kind']})" for row in guilty if row["proved"] and not row["suspected"]]
    wrongly = [f"{row['method']} ({row['kind']})" for row in innocent if row["proved"] or row["suspected"]]
    first = f"The counterfactual proves {len(proved)} of {len(kinds)} planted marks: {', '.join(proved) or 'none'}."
    second = f"The map misses what is proved in: {', '.join(missed)}." if missed else "Every map shows what is proved."
    third = (
        f"Networks that never saw a mark are accused by: {', '.join(wrongly)}."
        if wrongly
        else "No network that never saw a mark is accused."
    )
    return f"{first} {second} {third}"


def _points(found: Mapping) -> str:
    """A difference and its interval, in points."""
    return f"{100 * found['value']:+.1f} ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})"
