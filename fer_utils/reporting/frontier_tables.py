"""The answer of the study ``frontier`` as tables, points of a figure and sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from fer_utils.reporting.text import percent

PARAMETERS, OPERATIONS = "parameters, thousands", "operations for one face, millions"
BYTES, TIME = "file, kB", "time for one face"
#: More of a processor than this, kept busy by others, and times are not those of a quiet machine.
QUIET = 0.2


def points(answer: Mapping) -> tuple[dict[str, dict], dict[str, dict[str, float | None]]]:
    """Accuracies and costs of the methods that can stand on a frontier: converged, and all of their parts counted.

    Returns
    -------
    name -> accuracy (``value``, ``low``, ``high``), and cost -> name -> value; None where no file of the method is
    usable.  The file is its smallest usable one, and the time is that of its fastest one, as a share of the baseline's.
    """
    rows = [row for row in answer["rows"] if not row["why"]]
    accuracy = {row["name"]: row["accuracy"] for row in rows}
    costs: dict[str, dict[str, float | None]] = {PARAMETERS: {}, OPERATIONS: {}, BYTES: {}, TIME: {}}
    for row in rows:
        usable = [file for file in row["files"].values() if file["usable"]]
        costs[PARAMETERS][row["name"]] = row["parameters"] / 1000
        costs[OPERATIONS][row["name"]] = row["macs"] / 1e6
        costs[BYTES][row["name"]] = min((file["bytes"] / 1000 for file in usable), default=None)
        costs[TIME][row["name"]] = min((file["times"] for file in usable), default=None)
    return accuracy, costs


def cheapest(answer: Mapping) -> dict[str, list[str]]:
    """Cost -> the methods that have the least of it; of costs that are known of no method nothing is said."""
    found = {}
    for label, cost in points(answer)[1].items():
        known = {name: value for name, value in cost.items() if value is not None}
        if known:
            found[label] = [name for name, value in known.items() if value == min(known.values())]
    return found


def headline(answer: Mapping) -> str:
    """Who reads most, and who costs least by how many of the measures.

    >>> row = {"why": "", "parameters": 3, "macs": 2, "files": {"float32": {"usable": True, "bytes": 9, "times": 1.0}}}
    >>> one = row | {"name": "a", "accuracy": {"value": 0.5}}
    >>> headline({"rows": [one, row | {"name": "b", "accuracy": {"value": 0.6}, "parameters": 7, "macs": 4}]})
    'b reads most faces; a costs least by 4 of 4 measures'
    """
    accuracy, least = points(answer)[0], cheapest(answer)
    best = max(accuracy, key=lambda name: accuracy[name]["value"])
    often = {name: sum(name in names for names in least.values()) for name in accuracy}
    first = max(often, key=lambda name: often[name])
    return f"{best} reads most faces; {first} costs least by {often[first]} of {len(least)} measures"


def front_in_words(answer: Mapping, fronts: Mapping[str, Collection[str]]) -> list[str]:
    """Who has least, who is on all Pareto fronts and on none, how sure that is, and which files are unusable.

    Parameters
    ----------
    answer : of the study ``frontier``.
    fronts : label of a cost -> the methods on its Pareto front, as `points` labels them.
    """
    accuracy, least = points(answer)[0], cheapest(answer)
    on_all = [name for name in accuracy if all(name in names for names in fronts.values())]
    on_none = [name for name in accuracy if not any(name in names for names in fronts.values())]
    best = max(accuracy, key=lambda name: accuracy[name]["value"])
    reached = sum(point["high"] >= accuracy[best]["value"] for name, point in accuracy.items() if name != best)
    each = ". ".join(f"{label[:1].upper()}{label[1:]}: {'; '.join(names)}" for label, names in least.items())
    said = [
        f"**Costs least.** {each}.",
        f"On every front: {', '.join(on_all) or 'nobody'}. On none: {', '.join(on_none) or 'nobody'}.",
        f"The points are estimates: the intervals of {reached} of the {len(accuracy) - 1} other methods reach the "
        f"accuracy of the best, {best}. Of two neighbours on a front either may be the better one.",
    ]
    files = [(f"{row['name']} in {kind}", file) for row in answer["rows"] for kind, file in row["files"].items()]
    unusable = [name for name, file in files if not file["usable"] and "refused" not in file]
    refused = [name for name, file in files if "refused" in file]
    tested = max((row["tested"] or 0 for row in answer["rows"]), default=0)
    said.append(
        f"Each file that was written was asked about {tested} faces of test people. It is usable if it gives "
        f"{percent(answer['usable'], 0)} of them the same label as its method. "
        f"Unusable: {', '.join(unusable) or 'none'}. Not written, because its probabilities were too far from the "
        f"network's on a few training faces: {', '.join(refused) or 'none'}."
    )
    return said


def costs_table(answer: Mapping) -> pd.DataFrame:
    """One line a method, the most accurate first, with all that was counted or measured.

    Returns
    -------
    DataFrame of text: ``method``, ``face, px``, ``accuracy, %`` (with its interval), ``parameters``, ``operations,
    millions``, and for each number format ``kB``, ``same label, %`` (as the method itself, on faces of people who test)
    and ``time`` (the baseline's in float32 being 1).  What was not made or measured says so, and a file that is no copy
    of its method says *unusable*.
    """
    lines = []
    for row in sorted(answer["rows"], key=lambda row: -row["accuracy"]["value"]):
        accuracy = [100 * row["accuracy"][end] for end in ("value", "low", "high")]
        line = {
            "method": row["name"] + ("" if row["witness"] else " (not converged)"),
            "face, px": str(row["size"]),
            "accuracy, %": "{:.1f} ({:.1f} to {:.1f})".format(*accuracy),
            "parameters": f"{row['parameters']:,}",
            "operations, millions": "not counted" if row["macs"] is None else f"{row['macs'] / 1e6:.1f}",
        }
        for kind in ("float32", "int8"):
            line |= _file_cells(row, kind)
        lines.append(line)
    return pd.DataFrame(lines)


def _file_cells(row: Mapping, kind: str) -> dict[str, str]:
    names = [f"{kind}, {what}" for what in ("kB", "same label, %", "time")]
    file = row["files"].get(kind)
    if file is None:
        return dict.fromkeys(names, "not made" if row["files"] else "not measured")
    if "refused" in file:
        return dict(zip(names, ["not written", "unusable", "not measured"], strict=True))
    same = f"{100 * file['agreement']:.1f}"
    cells = [f"{file['bytes'] / 1000:,.1f}", same if file["usable"] else f"{same}: unusable", f"{file['times']:.2f}"]
    return dict(zip(names, cells, strict=True))


def timing_in_words(answer: Mapping) -> str:
    """How the times were taken, as what they count, and whether the machine was quiet."""
    others, repeats = answer["timing"]["others"], answer["timing"]["repeats"]
    text = (
        f"Times are for one face in LiteRT on one thread, the median of {repeats} rounds in which all files were run "
        f"in turn; {answer['baseline']} in float32 takes 1.{_spread(answer)}"
    )
    if others is None:
        return text + " How busy the machine was with other things is not known."
    if others > QUIET:
        return text + (
            f" **Provisional:** other processes kept {others:.1f} processors busy meanwhile, so no small difference of "
            "two times counts."
        )
    return text + f" Other processes used {others:.2f} of a processor meanwhile."


def _spread(answer: Mapping) -> str:
    """How far from its median the middle half of a file's rounds lies, at most, of all files."""
    files = [file for row in answer["rows"] for file in row["files"].values() if "ms" in file]
    if not files:
        return ""
    widest = max(max(file["ms_high"] / file["ms"] - 1, 1 - file["ms_low"] / file["ms"]) for file in files)
    return f" The middle half of each file's rounds lies within {percent(widest)} of its median."
