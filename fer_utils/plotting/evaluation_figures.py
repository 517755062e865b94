"""The figures of chapters 6 and 7: each takes a study's stored answer or a result, and says itself what it shows.

The functions choose names, titles and axes; the drawing is that of `charts`, `comparisons` and `curves`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.plotting.charts import bars
from fer_utils.plotting.comparisons import differences_by_person, dot_plot, slope_charts, strip_plot
from fer_utils.plotting.curves import reliability_diagrams
from fer_utils.plotting.descriptions import number_text
from fer_utils.plotting.heat_maps import heatmaps
from fer_utils.plotting.style import describe

#: A unit of `fer_utils.splits.UNITS` -> how the rows of the study ``split`` are named.
UNITS = {
    "actor": "actors apart",
    "performance": "performances apart",
    "clip": "clips at random",
    "frame": "frames at random",
}
#: A protocol of the study ``real_people`` -> its name in a figure.
PROTOCOLS = {"actors": "actors apart", "clips": "clips at random", "twins": "twins on both sides"}
#: A reference of that study -> its name in a figure.
REFERENCES = {
    "plain": "features as they are",
    "own neutral": "own neutral taken away",
    "own mean": "own mean taken away",
    "own mean and spread": "own mean and spread",
}
#: Points from which a title calls two splits different.
WORTH_TELLING = 5
_PAPER = {"92 %": 0.92}


def _whole(share: float) -> str:
    return f"{100 * share:.0f} %"


def interval_widths(intervals: Mapping[str, Mapping]) -> Figure:
    """One accuracy with an interval for each unit that the bootstrap draws.

    ``intervals`` maps *frames*, *clips*, *people* (the last is compared with the first) to what
    `fer_utils.metrics.interval` returns.
    """
    widths = [(found["high"] or 0.0) - (found["low"] or 0.0) for found in intervals.values()]
    if not widths:
        raise invalid("intervals", expected="at least one interval", received=intervals)
    ratio = widths[-1] / widths[0] if widths[0] > 0 else float("nan")
    value = next(iter(intervals.values()))["value"]
    first, *_, last = intervals
    title = f"Drawing {last} and not {first} makes the interval {ratio:.1f} times as wide"
    if not ratio > 1:
        title = f"Here drawing {last} does not make the interval wider than drawing {first}"
    figure = dot_plot(
        {f"{found['groups']} {unit} are drawn": {"accuracy": found} for unit, found in intervals.items()},
        title=title,
        xlabel="accuracy on people whom the network has not seen; lines: 95 % intervals",
        xlim=(max(0.0, value - 0.3), min(1.0, value + 0.3)),
    )
    describe(figure, "The same answers, three intervals.", figure.description)
    return figure


def interval_coverage(answer: Mapping, *, kind: str = "accuracy", people: Sequence[int] = (5, 12, 24, 70)) -> Figure:
    """How often each interval holds the truth, by the number of people: the study ``coverage``."""
    rows: dict[str, dict] = {}
    for row in answer["rows"]:
        if row["kind"] == kind and row["people"] in people:
            rows.setdefault(f"{row['people']} people", {})[row["way"]] = {"value": row["coverage"]}
    if not rows:
        raise invalid("kind", expected=f"one of {', '.join(answer['kinds'])}", received=kind)
    few, shares = next((name, ways) for name, ways in rows.items())
    figure = dot_plot(
        rows,
        title=f"Of {few.split()[0]} people the percentile bootstrap holds the truth in "
        f"{_whole(shares['percentile bootstrap']['value'])} of the cases",
        xlabel="share of the 95 % intervals that hold the true mean",
        xlim=(0.7, 1.0),
        reference_lines={"95 %": 0.95},
    )
    describe(figure, "Simulated samples of few people and of many.", figure.description)
    return figure


def two_splits(by_frame: Mapping, by_actor: Mapping) -> Figure:
    """The accuracies of one network and recipe under two splits; each is what `fer_utils.metrics.interval` returns."""
    drop = 100 * (by_frame["value"] - by_actor["value"])
    figure = bars(
        {
            "frames at random: it has seen the clip": by_frame,
            "actors apart: it has never seen the person": by_actor,
        },
        title=f"The split alone is worth {drop:.0f} points"
        if drop >= WORTH_TELLING
        else "Here the split changes little",
        xlabel="test accuracy; lines: 95 % intervals over actors",
        percent=True,
    )
    describe(figure, "One network, one recipe, two splits.", figure.description)
    return figure


def split_table(answer: Mapping) -> Figure:
    """The accuracy under each split, with and without RAVDESS's twins: the study ``split``."""
    table = {(row["unit"], row["twins"]): row for row in answer["rows"]}
    rows: dict[str, dict] = {}
    for (unit, twins), row in table.items():
        rows.setdefault(UNITS[unit], {})[f"twins {'in' if twins else 'out'}"] = row["accuracy"]
    strictest, easiest = table["actor", False], table["frame", True]
    ordered = {name: rows[name] for name in UNITS.values() if name in rows}
    names = ("twins out", "twins in")
    figure = dot_plot(
        {name: {key: values[key] for key in names if key in values} for name, values in ordered.items()},
        title=f"One network: {_whole(strictest['accuracy']['value'])} on strangers, "
        f"{_whole(easiest['accuracy']['value'])} beside twins",
        xlabel="test accuracy; lines: 95 % intervals over 24 actors",
        reference_lines=_PAPER | {"always one label": strictest["chance"]},
    )
    describe(figure, "Four splits of the same drawn pictures.", figure.description)
    return figure


def real_protocols(answer: Mapping) -> Figure:
    """The accuracy of four models under three protocols on real people: the study ``real_people``."""
    rate = _rates(answer)
    apart, beside = (
        rate["support vectors", protocol, "plain"]["accuracy"]["value"] for protocol in ("actors", "twins")
    )
    figure = dot_plot(
        {
            model: {name: rate[model, protocol, "plain"]["accuracy"] for protocol, name in PROTOCOLS.items()}
            for model in answer["configuration"]["models"]
        },
        title=f"Support vectors: {_whole(apart)} of strangers' clips, {_whole(beside)} beside twins",
        xlabel="accuracy, 8 labels; lines: 95 % intervals over 24 actors",
        reference_lines=_PAPER | {"always one label": answer["chance"]},
    )
    describe(figure, "Real people, three protocols.", figure.description)
    return figure


def person_gains(gains: Mapping[str, Mapping]) -> Figure:
    """What it is worth to know the person: accuracy with clips at random minus accuracy with actors apart.

    ``gains`` has the rows *read exactly* and *read with errors* (drawn acting) and *real people*, each a dict with
    ``value`` and, where known, ``low`` and ``high``.
    """
    names = {
        "read exactly": "drawn acting,\nread exactly",
        "read with errors": "drawn acting,\nread with errors",
        "real people": "real people,\nread by OpenFace",
    }
    if set(gains) != set(names):
        raise invalid("gains", expected=f"the rows {', '.join(names)}", received=list(gains))
    ends = [gain[key] for gain in gains.values() for key in ("value", "low", "high") if gain.get(key) is not None]
    exact, errors = (100 * gains[key]["value"] for key in ("read exactly", "read with errors"))
    figure = dot_plot(
        {name: {"gain": gains[key]} for key, name in names.items()},
        title=f"Knowing the person: {exact:+.0f} points if read exactly, {errors:+.0f} with a reader's errors",
        xlabel="clips at random minus actors apart, in points; lines: 95 % intervals over actors",
        reference_lines={"nothing": 0.0},
        xlim=(min(0.0, *ends) - 0.05, max(0.0, *ends) + 0.08),
        differences=True,
    )
    describe(figure, "What knowing the person is worth.", figure.description)
    return figure


def twin_accuracies(answer: Mapping) -> Figure:
    """The accuracy where the twin was in training and where it was not: the study ``real_people``."""
    rate = _rates(answer)
    rows = {}
    for model in answer["configuration"]["models"]:
        row = rate[model, "twins", "plain"]
        rows[model] = {
            "its twin was in training": row["twin_trained"],
            "its twin was in the test": row["twin_tested"],
            "twins always on one side": rate[model, "twins together", "plain"]["accuracy"],
        }
    forest = rows["forest"]
    twins = ("its twin was in training", "its twin was in the test")
    seen, unseen = (number_text(forest[key]["value"], True) for key in twins)
    figure = dot_plot(
        rows,
        title=f"With its twin in training the forest is right in {seen}, else in {unseen}",
        xlabel="accuracy, clips at random; lines: 95 % intervals over 24 actors",
    )
    describe(figure, "Real people, every clip twice in the data.", figure.description)
    return figure


def paired_models(answer: Mapping, *, first: str = "forest", protocol: str = "actors") -> Figure:
    """Actor by actor, how far the support vectors are ahead of another model: the study ``real_people``."""
    second, rate = answer["configuration"]["base"], _rates(answer)
    one, other = (np.array(rate[model, protocol, "plain"]["people"]) for model in (first, second))
    points = dict(zip(answer["actors"], 100 * (other - one), strict=True))
    (found,) = (
        row
        for row in answer["models"]
        if (row["protocol"], row["reference"], row["first"]) == (protocol, "plain", first)
    )
    ahead, behind = sum(d > 0 for d in points.values()), sum(d < 0 for d in points.values())
    sure = found["low"] > 0 or found["high"] < 0
    figure = differences_by_person(
        points,
        title=f"Ahead on {ahead} people, behind on {behind}: "
        + ("a difference of the models" if sure else "no difference that this test can see"),
        ylabel="points that the support\nvectors are ahead",
        xlabel="actor of RAVDESS",
        mean={key: 100 * found[key] for key in ("value", "low", "high")},
    )
    describe(figure, f"Support vectors against {first}.", figure.description)
    return figure


def neutral_profiles(answer: Mapping) -> Figure:
    """Where each actor's face starts and how far it goes, two action units: the study ``real_people``."""
    brow, lips = answer["profiles"]
    figure = slope_charts(
        {
            "brow lowered (AU 4)": (np.round(brow["neutral"], 2), np.round(brow["posed"], 2)),
            "corners of the lips raised (AU 12)": (np.round(lips["neutral"], 2), np.round(lips["posed"], 2)),
        },
        measurement_names=[("neutral", brow["label"]), ("neutral", lips["label"])],
        ylabel="mean intensity of the clips, 0 to 5",
        title="People differ at rest, and more in how far they go",
    )
    describe(figure, "A line is a real actor.", figure.description)
    return figure


def reference_accuracies(answer: Mapping) -> Figure:
    """The accuracy on strangers when something of them is known: the study ``real_people``."""
    rate, models = _rates(answer), list(answer["configuration"]["models"])

    def gain(reference: str) -> list[float]:
        pairs = [(rate[model, "actors", reference], rate[model, "actors", "plain"]) for model in models]
        return [100 * (one["accuracy"]["value"] - other["accuracy"]["value"]) for one, other in pairs]

    neutral, whole_range = gain("own neutral"), gain("own mean and spread")
    figure = dot_plot(
        {model: {name: rate[model, "actors", key]["accuracy"] for key, name in REFERENCES.items()} for model in models},
        title=f"Two neutral clips: {min(neutral):+.0f} to {max(neutral):+.0f} points; sixty clips: about "
        f"{np.mean(whole_range):+.0f}",
        xlabel="accuracy on strangers, 8 labels; lines: 95 % intervals over 24 actors",
        xlim=(0.3, 0.85),
    )
    describe(figure, "Real people, four references.", figure.description)
    return figure


def calibrations(found: Mapping[str, Mapping], *, tempered: bool = False) -> Figure:
    """Reliability diagrams of what `fer_utils.metrics.calibration` found, with a title that the outcome decides.

    ``found`` has two entries.  ``tempered``: they are before and after temperature scaling; otherwise they are people
    who are known and people who are not.
    """
    first, second = found.values()
    if tempered:
        better = second["error"]["value"] < first["error"]["value"]
        title = f"One number takes the calibration error {'down' if better else 'not down'}"
    elif second["excess"]["value"] > max(0.02, first["excess"]["value"]):
        title = "With strangers the network is too sure"
    else:
        title = "Here strangers do not make the network too sure"
    figure = reliability_diagrams(found, title=title)
    describe(figure, figure.description)
    return figure


def human_votes(answer: Mapping) -> Figure:
    """What people answered, by what was acted, without and with the voice: the study ``human_votes``."""
    face, both = answer["shown"]["face"], answer["shown"]["both"]

    def shares(way: Mapping) -> pd.DataFrame:
        counts = np.array(way["confusion"], float)
        return pd.DataFrame(
            counts / counts.sum(axis=1, keepdims=True), index=answer["labels"], columns=answer["labels"]
        )

    gain = {label: both["recall"][label] - face["recall"][label] for label in answer["labels"]}
    most, least = max(gain, key=gain.__getitem__), min(gain, key=gain.__getitem__)
    figure = heatmaps(
        {"the face alone": shares(face), "face and voice": shares(both)},
        title=f"The voice helps most with {most} ({100 * gain[most]:+.0f} points), least with {least} "
        f"({100 * gain[least]:+.0f})",
        xlabel="what people answered",
        ylabel="what was acted",
        vmax=1.0,
        percent=True,
        cell_size=0.46,
    )
    describe(figure, "People's votes in per cent of a row.", figure.description)
    return figure


def accuracy_by_actor(groups: Mapping[str, Sequence[float]]) -> Figure:
    """The accuracy on each actor, a dot an actor and a row for each reader; the title is of the first row."""
    shares = next(iter(groups.values()))
    figure = strip_plot(
        groups,
        title=f"People read one actor in {_whole(min(shares))} of the votes, another in {_whole(max(shares))}",
        xlabel="accuracy on one actor; the bar is the median",
    )
    describe(figure, "Who is seen decides.", figure.description)
    return figure


def human_ceiling(answer: Mapping) -> Figure:
    """How often people agree with the acted label and with each other: the study ``human_votes``."""
    face = answer["shown"]["face"]
    ladder = {
        "guessing one of six": {"value": answer["chance"]},
        "two people agree": face["agreement"],
        "one person names the acted label": face["accuracy"],
        "all others' commonest answer names one person's": face["others"],
        "everybody's commonest answer is the acted label": face["majority"],
        "the best single answer to each clip": face["best"],
    }
    figure = bars(
        ladder,
        title=f"Ten people together name the acted label of {_whole(face['majority']['value'])} of the faces",
        xlabel="share; lines: 95 % intervals over 91 actors",
        percent=True,
        highlight="one person names the acted label",
    )
    describe(figure, "Faces without sound, CREMA-D.", figure.description)
    return figure


def _rates(answer: Mapping) -> dict[tuple[str, str, str], Mapping]:
    return {(row["model"], row["protocol"], row["reference"]): row for row in answer["rows"]}
