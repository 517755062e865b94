"""Every system of the book with what it reads and what it costs, and who is beaten by whom.

The numbers are those of stored answers: ``frontier`` and ``one_protocol`` (trained until validation people stopped
them, tested on 24 drawn people), ``lightweight2019`` and ``compression`` (a fixed number of epochs, so that nobody can
say what they would reach: *no witness*).  The widget *Trade-offs* shows them; its page has the same rules in
JavaScript.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fer_utils.core.errors import invalid
from fer_utils.studies.store import load


class Quantity(NamedTuple):
    """A thing that is counted or measured: how it is called, what an axis says, and whether more of it is better."""

    name: str
    axis: str
    more: bool


QUANTITIES: Mapping[str, Quantity] = {
    "accuracy": Quantity("accuracy on strangers", "accuracy on people not seen in training", True),
    "random": Quantity("accuracy on random frames", "accuracy where frames are divided at random", True),
    "parameters": Quantity("parameters", "parameters", False),
    "operations": Quantity("operations", "multiply-accumulates for one face, millions", False),
    "file": Quantity("file size", "smallest usable file, kB", False),
    "time": Quantity("time", "time for one face, fastest file; ding2023 in float32 = 1", False),
}

FAMILIES: Mapping[str, str] = {
    "networks": "small networks",
    "hog": "HOG and a classifier",
    "landmarks": "landmarks and a classifier",
    "few_epochs": "larger networks, few epochs",
}

#: The systems of ``compression`` that are shown: the network there, the file that counts, and the name here.
_COMPRESSED = (
    ("xception", "xception, litert int8", "Xception in 8 bits"),
    ("xception, filters pruned", "xception, filters pruned, litert int8", "Xception, half of its filters, in 8 bits"),
    ("vgg16", "vgg16, litert", "VGG16"),
    ("resnet50", "resnet50, litert", "ResNet-50"),
)

#: Where a system can stand, from the best to what was left out.
PLACES = ("frontier", "within", "beaten", "no witness", "unknown", "out")


def systems() -> list[dict[str, Any]]:
    """All systems, the most accurate on strangers first.

    Returns
    -------
    list of dict: ``name``; ``family``, a key of `FAMILIES`; ``size`` (side of a face, pixels); ``people`` who test;
    ``witness`` (whether every training converged); ``note`` (what is not known, and why, or ""); ``values``, by
    `QUANTITIES`: shares from 0 to 1, counts, bytes and multiples of the baseline's time, None where not measured;
    ``intervals``: (low, high) of 95 % for each accuracy that is known.
    """
    found = _of_the_protocol()
    known = {one["name"] for one in found}
    # What has its trainings under the protocol is not shown a second time, after six epochs.
    found += [one for one in _after_six_epochs() if one["name"] not in known]
    found += _compressed()
    return sorted(found, key=lambda one: -one["values"]["accuracy"])


def _of_the_protocol() -> list[dict]:
    at_random = {
        row["name"].removesuffix(", frames at random"): row["accuracy"]
        for row in load("one_protocol").answer["rows"]
        if row["by"] == "frame" and not row["twins"] and row["witness"]
    }
    stored = load("frontier").answer
    found = []
    for row in stored["rows"]:
        usable = [file for file in row["files"].values() if file["usable"]]
        landmarks = row["features"] not in (None, "HOG")
        values = {
            "parameters": None if landmarks else row["parameters"],
            "operations": row["macs"],
            "file": min((file["bytes"] for file in usable), default=None),
            "time": min((file["times"] for file in usable), default=None),
        }
        family = "networks" if row["network"] else "landmarks" if landmarks else "hog"
        name, random = row["name"], at_random.get(row["name"])
        found.append(_system(name, family, row["size"], stored["people"], row["accuracy"], values, random, row["why"]))
        found[-1]["witness"] = row["witness"]
    return found


def _after_six_epochs() -> list[dict]:
    stored = load("lightweight2019").answer
    note = f"{stored['epochs']} epochs: nobody knows what it reaches; timed beside other networks"
    found = []
    for row in stored["rows"]:
        values = {
            "parameters": row["parameters"],
            "operations": row["macs"],
            "file": row["files"]["float32"]["bytes"],
            "time": None,
        }
        people = row["accuracy"]["groups"]
        found.append(_system(row["name"], "few_epochs", stored["size"], people, row["accuracy"], values, None, note))
    return found


def _compressed() -> list[dict]:
    stored = load("compression").answer
    rows = {row["name"]: row for row in stored["rows"]}
    plan, people = stored["plan"], stored["split"]["test_actors"]
    note = f"{plan['epochs']} epochs, tested on {people} people only: nobody knows what it reaches; timed elsewhere"
    found = []
    for network, form, name in _COMPRESSED:
        row, counted = rows[form], stored["networks"][network]
        values = {
            "parameters": counted["parameters"],
            "operations": counted["macs"],
            "file": row["bytes"],
            "time": None,
        }
        accuracy = {"value": row["accuracy"], "low": row["accuracy_low"], "high": row["accuracy_high"]}
        found.append(_system(name, "few_epochs", plan["size"], people, accuracy, values, None, note))
    return found


def _system(
    name: str,
    family: str,
    size: int,
    people: int,
    accuracy: Mapping,
    costs: Mapping,
    random: Mapping | None,
    note: str,
) -> dict[str, Any]:
    known = {"accuracy": accuracy, "random": random}
    return {
        "name": name,
        "family": family,
        "size": size,
        "people": people,
        "witness": family != "few_epochs",
        "note": note,
        "values": {key: one and one["value"] for key, one in known.items()} | dict(costs),
        "intervals": {key: [one["low"], one["high"]] for key, one in known.items() if one},
    }


def check_choice(
    x: str,
    y: str,
    *,
    families: Any = tuple(FAMILIES),
    sizes: Any = None,
    limits: Any = None,
) -> None:
    """FerError for a quantity, family, size or limit that does not exist, or for the same quantity on both axes."""
    for name, value in (("x", x), ("y", y)):
        if not isinstance(value, str) or value not in QUANTITIES:
            raise invalid(name, expected=f"one of {', '.join(QUANTITIES)}", received=value)
    if x == y:
        raise invalid("y", expected=f"another quantity than x, which is {x}", received=y)
    if not _is_list(families) or not set(families) <= set(FAMILIES):
        raise invalid("families", expected=f"a list of some of {', '.join(FAMILIES)}", received=families)
    if sizes is not None and not (_is_list(sizes) and all(type(size) is int for size in sizes)):
        raise invalid("sizes", expected="a list of sides of a face in pixels, such as [80]", received=sizes)
    if limits is None:
        return
    if not isinstance(limits, Mapping) or not set(limits) <= set(QUANTITIES):
        raise invalid("limits", expected="a dict such as {'accuracy': [0.6, None]}", received=limits)
    for name, pair in limits.items():
        if not _is_list(pair) or len(pair) != 2 or not all(end is None or _is_number(end) for end in pair):
            raise invalid("limits", expected=f"two numbers or None for {name!r}, the lowest and highest", received=pair)


def _is_list(value) -> bool:
    return isinstance(value, Collection) and not isinstance(value, (str, bytes, Mapping))


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def judged(
    some: Sequence[Mapping],
    x: str,
    y: str,
    *,
    families: Iterable[str] = tuple(FAMILIES),
    sizes: Iterable[int] | None = None,
    limits: Mapping[str, Sequence[float | None]] | None = None,
    unconverged: bool = False,
) -> dict[str, str]:
    """Where each system stands for two quantities: name -> one of `PLACES`.

    One system beats another if it is at least as good in both quantities and better in one.  Only those take part that
    pass the filters and limits, have both values, and have a witness.

    Parameters
    ----------
    some : as `systems` gives them.
    x, y : keys of `QUANTITIES`, two different ones.
    families, sizes : those that take part; all sizes for None.
    limits : quantity -> (lowest, highest) that a system may have, None for no limit.  A system whose value is not
        known is out.
    unconverged : those without a witness take part, too.

    Returns
    -------
    *frontier*: no other beats it.  *within*: it is beaten, and would not be if each accuracy on an axis were the upper
    end of its own interval.  *beaten*.  *no witness*.  *unknown*: one of the two values is.  *out*: filtered out.
    """
    families, sizes = set(families), None if sizes is None else set(sizes)
    check_choice(x, y, families=families, sizes=sizes, limits=limits)
    place: dict[str, str] = {}
    racing = []
    for one in some:
        passes = one["family"] in families and (sizes is None or one["size"] in sizes)
        if not passes or not _within_limits(one["values"], limits or {}):
            place[one["name"]] = "out"
        elif one["values"][x] is None or one["values"][y] is None:
            place[one["name"]] = "unknown"
        elif not one["witness"] and not unconverged:
            place[one["name"]] = "no witness"
        else:
            racing.append(one)
    for one in racing:
        if not any(_beats(other["values"], one["values"], x, y) for other in racing):
            place[one["name"]] = "frontier"
            continue
        hopeful = dict(one["values"])
        for name in (x, y):
            if name in one["intervals"]:
                hopeful[name] = one["intervals"][name][1]
        still = any(_beats(other["values"], hopeful, x, y) for other in racing if other is not one)
        place[one["name"]] = "beaten" if still else "within"
    return {one["name"]: place[one["name"]] for one in some}


def beaten_by(some: Sequence[Mapping], places: Mapping[str, str], name: str, x: str, y: str) -> list[str]:
    """Who among those that take part beats this one; ``places`` as `judged` gives them."""
    (one,) = [other for other in some if other["name"] == name]
    racing = [other for other in some if places[other["name"]] in ("frontier", "within", "beaten")]
    if one not in racing:
        return []
    return [other["name"] for other in racing if _beats(other["values"], one["values"], x, y)]


def _within_limits(values: Mapping, limits: Mapping) -> bool:
    for name, (low, high) in limits.items():
        value = values[name]
        if low is None and high is None:
            continue
        if value is None or (low is not None and value < low) or (high is not None and value > high):
            return False
    return True


def _beats(one: Mapping, other: Mapping, x: str, y: str) -> bool:
    """At least as good in both quantities, and better in one."""
    better = [_better(one[name], other[name], name) for name in (x, y)]
    worse = [_better(other[name], one[name], name) for name in (x, y)]
    return any(better) and not any(worse)


def _better(one: float, other: float, name: str) -> bool:
    return one > other if QUANTITIES[name].more else one < other
