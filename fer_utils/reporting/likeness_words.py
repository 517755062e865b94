"""What the appendix on drawn and real acting compares: tables for its figures, and sentences its numbers choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_utils.core import labels
from fer_utils.reporting import literature
from fer_utils.reporting.text import percent, sentence
from fer_utils.studio import likeness

#: Spreads that differ by no more than this factor are called alike.
FACTOR = 1.5
#: How the support vector machine is asked: key of `fer_utils.studio.likeness.svm_numbers` -> name of the bars.
ASKED: Mapping[str, str] = {
    "clips": "clips at random",
    "actors": "actors apart",
    "twins": "clips at random,\neach with its twin",
    "known_actors": "actors apart, own\nmean and spread",
}
#: Pairs of labels that people mix up.
KNOWN_PAIRS = (("fearful", "surprised"), ("calm", "neutral"), ("sad", "neutral"))
PEOPLE, REAL, DRAWN = "people, on real faces", "machine, on real acting", "machine, on drawn acting"


def profiles(measured: Mapping) -> pd.DataFrame:
    """The mean reading of each unit (columns) for each label (rows), from `fer_utils.studio.likeness.measure`."""
    rows = {
        label: np.mean([np.asarray(row, float) for row in measured["mean"][label].values()], axis=0)
        for label in labels.RAVDESS
    }
    return pd.DataFrame(rows, index=[str(unit) for unit in likeness.UNITS]).T


def profiles_in_words(report: Mapping) -> str:
    """The lowest and the highest correlation of a label's real and drawn profile."""
    found = report["profiles"]
    return sentence(
        "Between the real and the drawn profile of a label the correlation over the 17 units is {low:.2f} at least "
        "({worst}) and {high:.2f} at most. The profiles were fitted, so this says how good the fit is.",
        low=min(found.values()),
        worst=min(found, key=found.get),
        high=max(found.values()),
    )


def spreads(report: Mapping) -> dict[str, dict[str, tuple[float, float]]]:
    """Of each unit its spread among real and among drawn actors: kind -> unit -> (real, drawn)."""
    real, drawn = report["spreads"]["real"], report["spreads"]["drawn"]
    return {
        name: {str(unit): (real[kind][unit], drawn[kind][unit]) for unit in likeness.UNITS}
        for name, kind in (("between actors", "between"), ("within an actor", "within"))
    }


def spreads_in_words(pairs: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """How many spreads lie outside a factor of 1.5, and how much more people differ from each other than from
    themselves; ``pairs`` from `spreads`."""
    outside = [
        f"AU {unit} ({kind})"
        for kind, points in pairs.items()
        for unit, (real, drawn) in points.items()
        if not 1 / FACTOR < drawn / real < FACTOR
    ]
    between, within = pairs["between actors"], pairs["within an actor"]
    ratios = [float(np.median([between[unit][k] / within[unit][k] for unit in within])) for k in (0, 1)]
    return sentence(
        "Of {n} spreads {count} {lie} outside a factor of {factor}{which}. The spread between real people is "
        "{real:.1f} times the spread between clips of one person, between drawn people {drawn:.1f} times (medians over "
        "the units).",
        n=sum(map(len, pairs.values())),
        count=len(outside) or "none",
        lie="lies" if len(outside) == 1 else "lie",
        factor=FACTOR,
        which=f": {', '.join(outside)}" if outside else "",
        real=ratios[0],
        drawn=ratios[1],
    )


def machine_bars(report: Mapping) -> dict[str, dict[str, float]]:
    """The support vector machine's accuracies, 0 to 1: how it was asked -> real and drawn."""
    return {
        text: {f"{kind} actors": report["svm"][kind][key] / 100 for kind in ("real", "drawn")}
        for key, text in ASKED.items()
    }


def machine_in_words(report: Mapping) -> str:
    """What the split changes in the support vector machine's accuracy."""
    real, drawn = report["svm"]["real"], report["svm"]["drawn"]
    words = sentence(
        "With the actors apart the machine is right on {apart} of the real clips and on {drawn_apart} of the drawn "
        "ones. With clips at random it is right on {random} of the real ones. With a twin of every clip in the data "
        "(here a copy with a little noise; RAVDESS has its `01-` and `02-` files) it is right on **{twins}** "
        "({drawn_twins} drawn). ",
        apart=percent(real["actors"] / 100),
        drawn_apart=percent(drawn["actors"] / 100),
        random=percent(real["clips"] / 100),
        twins=percent(real["twins"] / 100),
        drawn_twins=percent(drawn["twins"] / 100),
    )
    if min(of["twins"] - of["actors"] for of in (real, drawn)) > 5:
        return words + "Nothing about the machine has changed: what counts is which clips may stand on both sides."
    return words + "For one of the two sides the split hardly matters here."


def shares(counts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Of a table of counts the part of some labels, each row as shares of its sum."""
    part = counts.loc[list(names), list(names)]
    return part.div(part.sum(axis=1), axis=0)


def confusions(tables: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Who takes what for what, over the six labels of CREMA-D: people, and the machine on real and drawn acting.

    Parameters
    ----------
    tables : readings of the drawn acting, from `fer_utils.studio.likeness.readings`.

    Returns
    -------
    name -> (6, 6) shares of a row; rows what was acted, columns the answer.
    """
    votes = literature.crema_d_votes()
    drawn = sum(likeness.svm_confusion(table) for table in tables)
    return {
        PEOPLE: shares(votes, votes.index),
        REAL: shares(real_counts(), votes.index),
        DRAWN: shares(drawn, votes.index),
    }


def real_counts() -> pd.DataFrame:
    """The machine's stored answers on real acting, counts over the eight labels of RAVDESS."""
    return pd.DataFrame(likeness.stored()["svm_confusion"], index=labels.RAVDESS, columns=labels.RAVDESS)


def _errors(table: pd.DataFrame) -> pd.Series:
    """The cells off the diagonal."""
    return pd.Series(table.to_numpy()[~np.eye(len(table), dtype=bool)])


def error_correlation(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Spearman's rank correlation of two tables' errors, the cells off the diagonal."""
    return float(_errors(one).corr(_errors(other), method="spearman"))


def confusions_in_words(tables: Mapping[str, pd.DataFrame]) -> str:
    """How often people are right, their commonest error, and how alike the errors are; from `confusions`."""
    people, real, drawn = (tables[name] for name in (PEOPLE, REAL, DRAWN))
    votes = literature.crema_d_votes()
    pairs = {(a, b): people.loc[a, b] for a in people.index for b in people.columns if a != b}
    first, second = max(pairs, key=pairs.get)
    alike, as_real, as_drawn = (
        error_correlation(real, drawn),
        error_correlation(people, real),
        error_correlation(people, drawn),
    )
    words = sentence(
        "People get {right} of the votes right. Their commonest error is {first} taken for {second}: {share}. Over the "
        "{n} ways to be wrong, the machine's errors on drawn and on real acting have a rank correlation of "
        "**{alike:.2f}**. With people's errors the correlation is {as_real:.2f} on real acting and {as_drawn:.2f} on "
        "drawn. ",
        right=percent(float(np.trace(votes) / votes.to_numpy().sum())),
        first=first,
        second=second,
        share=percent(pairs[first, second]),
        n=len(pairs),
        alike=alike,
        as_real=as_real,
        as_drawn=as_drawn,
    )
    if alike > max(as_real, as_drawn):
        return (
            words + "So its errors on drawn acting resemble its errors on real acting more than people's. (People "
            "and machine did not judge the same clips.)"
        )
    return (
        words + "So the machine's errors on drawn acting are no nearer to its errors on real acting than people's are."
    )


def calm_in_words(tables: Sequence[pd.DataFrame]) -> str:
    """How often the machine takes neutral acting for calm, real and drawn."""
    real = real_counts()
    drawn = sum(likeness.svm_confusion(table) for table in tables)
    taken = [float(of.loc["neutral", "calm"] / of.loc["neutral"].sum()) for of in (real, drawn)]
    words = sentence(
        "The machine takes real neutral acting for calm in {real}, drawn in {drawn}. ",
        real=percent(taken[0], 0),
        drawn=percent(taken[1], 0),
    )
    if max(taken) > 2 * min(taken):
        return words + "The drawn acting does not match the real one in this pair."
    return words + "The drawn acting matches the real one in this pair."


def true_units_in_words(on_units: float, on_readings: float) -> str:
    """What the support vector machine's accuracy on true action units says of its accuracy on readings; 0 to 1."""
    words = sentence(
        "On the true units the machine is right on {units} of the clips, actors apart; on readings on {readings}. ",
        units=percent(on_units),
        readings=percent(on_readings),
    )
    if 1 - on_units < 0.2 * (1 - on_readings):
        return words + (
            "So in this simulation nearly all that it gets wrong on readings comes from the reader's errors. Their "
            "size was our choice."
        )
    if on_units > on_readings:
        return words + "So a part of what it gets wrong is the reader's error, and a part lies in the acting."
    return words + "So the reader's errors cost nothing here."


def difficulty_bars(kept: Mapping) -> dict[str, dict[str, float]]:
    """The network's accuracies with their intervals, from `fer_utils.studies.difficulty.stored`."""
    return {row["question"]: {key: row[key] for key in ("value", "low", "high")} for row in kept["rows"]}


def difficulty_caption(kept: Mapping) -> str:
    """When, on what and how long the network was trained."""
    epochs = [row["epochs"] for row in kept["rows"]]
    return (
        f"Run on {kept['finished'][:10]}: {kept['hardware']['processor']}, {kept['hardware']['cores']} cores; "
        f"{min(epochs)} to {max(epochs)} epochs, {sum(row['minutes'] for row in kept['rows']):.0f} minutes in all; "
        "lines are 95 % intervals over actors."
    )


def beside_chapter_6(kept: Mapping, split: Mapping) -> str:
    """Why the same network has other accuracies in chapter 6; ``split`` is the answer of the study `split`.

    "" where the two studies differ in more than how many images there are.
    """
    here = {row["question"]: row for row in kept["rows"]}
    unseen, seen = here["RAVDESS, people unseen"], here["RAVDESS, frames at random"]
    there = {row["unit"]: row for row in split["rows"] if not row["twins"]}
    apart, frames = there["actor"], there["frame"]
    if not split["epochs"] == unseen["epochs"] == seen["epochs"] or split["model"] != "ding2023":
        return ""
    return sentence(
        "Chapter 6 asks the same network, with as many epochs and the same two splits, and prints {apart} on people "
        "it has not seen and {frames} with frames at random. It learns from {few:,} images, and this page from "
        "{many:,}.",
        apart=percent(apart["accuracy"]["value"]),
        frames=percent(frames["accuracy"]["value"]),
        few=apart["train_images"],
        many=unseen["train_images"],
    )


def difficulty_in_words(kept: Mapping) -> list[str]:
    """One paragraph for each thing that the trainings show."""
    by = {row["question"]: row for row in kept["rows"]}
    seen, unseen = by["RAVDESS, frames at random"], by["RAVDESS, people unseen"]
    few = by["RAVDESS, people unseen, few images"]
    before, after = (by[f"SAVEE, clips at random, {when}"] for when in ("before", "after"))
    said = [
        sentence(
            "On RAVDESS the network gets {seen} where frames are divided at random and **{unseen}** on people it has "
            "not seen: {gap:.0f} points lie in the split. Which people are left out matters, too. Of the five folds "
            "the easiest gives {best} and the hardest {worst}, so one fold alone is a matter of luck.",
            seen=percent(seen["value"]),
            unseen=percent(unseen["value"]),
            gap=100 * (seen["value"] - unseen["value"]),
            best=percent(max(unseen["folds"])),
            worst=percent(min(unseen["folds"])),
        ),
        sentence(
            "From {n} images of seven labels (calm left out, one frame from the middle of a clip) the network gets "
            "{value} (95 % interval {low:.1f} to {high}, over {people} actors) on people unseen. Its labels, "
            "frames and epochs differ from the first bar's, so the two are not to be compared.",
            n=few["train_images"],
            value=percent(few["value"]),
            low=100 * few["low"],
            high=percent(few["high"]),
            people=few["groups"],
        ),
        sentence(
            "SAVEE has four people. Before the paper's modification training ends {gap:.1f} points above the test, "
            "though dropout is on in training and off in the test. After it the difference is {gap_after:.1f} points. "
            "The test accuracy goes from {before} to {after}: one training each and four people, so no verdict.",
            gap=100 * (before["train_accuracy"] - before["value"]),
            gap_after=100 * (after["train_accuracy"] - after["value"]),
            before=percent(before["value"]),
            after=percent(after["value"]),
        ),
    ]
    if "MEAD, people unseen" in by:
        mead = by["MEAD, people unseen"]
        said.append(
            sentence(
                "MEAD's actors are drawn as coached, and there are more of them: {mead} (95 % interval {low:.1f} to "
                "{high}, over {people} actors) on people unseen. This is one fold of other people, so no verdict.",
                mead=percent(mead["value"]),
                low=100 * mead["low"],
                high=percent(mead["high"]),
                people=mead["groups"],
            )
        )
    return said


def network_confusion(kept: Mapping) -> pd.DataFrame:
    """The network's answers on people unseen, shares of a row over RAVDESS's labels."""
    row = next(row for row in kept["rows"] if row["question"] == "RAVDESS, people unseen")
    counts = pd.DataFrame(row["confusion"], index=row["labels"], columns=row["labels"])
    return shares(counts, row["labels"])


def network_in_words(kept: Mapping) -> list[str]:
    """Which labels the network mixes up, and how far its errors are people's."""
    network = network_confusion(kept)
    people = shares(literature.crema_d_votes(), literature.crema_d_votes().index)
    mixed = (network + network.T) / 2
    pairs = {frozenset((a, b)): mixed.loc[a, b] for i, a in enumerate(mixed) for b in list(mixed)[:i]}
    place = {pair: number + 1 for number, pair in enumerate(sorted(pairs, key=pairs.get, reverse=True))}
    listed = "; ".join(
        f"{a} and {b} in {percent(mixed.loc[a, b])} (place {place[frozenset((a, b))]})" for a, b in KNOWN_PAIRS
    )
    same_labels = shares(network, people.index)
    others = [name for name in people.index if name != "neutral"]
    return [
        sentence(
            "On average a pair of labels is mixed up in {typical} of its images; {listed}, of {n} places.",
            typical=percent(float(np.mean(list(pairs.values())))),
            listed=listed,
            n=len(pairs),
        ),
        sentence(
            "Over the {ways} ways to be wrong that CREMA-D has, the rank correlation with people's errors is "
            "{agree:.2f}.",
            ways=len(people) * (len(people) - 1),
            agree=error_correlation(same_labels, people),
        ),
        sentence(
            "People answer *neutral* to {people} of the faces that are not neutral, the network to {network}. One "
            "reason may be that it has seen half as many neutral clips as others.",
            people=percent(float(people.loc[others, "neutral"].mean()), 0),
            network=percent(float(same_labels.loc[others, "neutral"].mean()), 0),
        ),
    ]
