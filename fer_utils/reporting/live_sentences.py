"""Which of the written sentences about live pictures holds: each follows from what was measured.

For the chapter on real time; the tables are those of `fer_utils.benchmarks.live_pace.pace`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.reporting.text import percent

#: With a wall-clock time above this multiple of the thread's own, the machine had other work as well.
BUSY = 1.25


def network_share(frames: pd.DataFrame) -> str:
    """What part of a frame's work the network has, and what halving it would save."""
    work = frames["work"].mean()
    share = frames["classify"].mean() / work
    moral = "next to nothing" if share < 0.1 else "a part, and the rest stays" if share < 0.5 else "the largest saving"
    return f"The network takes {percent(share)} of the work. To halve it saves {percent(share / 2)}: {moral}."


def machine(frames: pd.DataFrame, by_thread: pd.DataFrame) -> str:
    """Whether the clock on the wall measured this program alone."""
    wall, own = frames["work"].mean(), by_thread["work"].mean()
    busy = "waited for other programs meanwhile" if wall > BUSY * own else "had little else to do"
    return (
        f"By the clock a frame takes {wall:.1f} ms; in a second run the thread's own processor time is {own:.1f} ms: "
        f"the machine {busy}."
    )


def writing(frames: pd.DataFrame, written: pd.DataFrame, *, limit_ms: float) -> str:
    """Whether a film can be compressed while it is watched."""
    work, write = frames["work"].mean(), written["write"].mean()
    if work > limit_ms:
        fit = "this machine is late without it"
    elif work + write > limit_ms:
        fit = "both together are late, so a camera's film is kept as single pictures and compressed at the end"
    else:
        fit = "both together still fit"
    return f"To write the film would take {write:.1f} ms more a frame: {fit}."


def late_frames(frames: pd.DataFrame, *, limit_ms: float) -> str:
    """Which frames are late: those in which the detector ran, or others."""
    late = frames["work"] > limit_ms
    many, others = int(late.sum()), int((late & ~frames["looked"]).sum())
    plain = frames.loc[~frames["looked"], "work"].median()
    if not many:
        return "No frame was late."
    if plain > limit_ms:
        return "Even a frame without the detector takes longer than the budget: this machine does not keep up."
    if not others:
        return "Each of the late frames had a run of the detector." if many > 1 else "The late frame ran the detector."
    return f"Of {many} late frames {others} had no run of the detector: other programs were probably in the way."


def followed_boxes(overlaps: Mapping[int, np.ndarray]) -> str:
    """How well followed boxes agree with found ones, by how many frames lie between two runs of the detector."""
    told = [
        f"every {every} frames: mean {values.mean():.2f}, least {values.min():.2f}"
        for every, values in overlaps.items()
        if len(values)
    ]
    return f"{'; '.join(told)}." if told else "No face was found, so there is nothing to compare."


def steadiness(raw: float, smoothed: float) -> str:
    """What smoothing did to the share of frames whose leading label is the posed one; ``raw``, ``smoothed``: shares."""
    if not (0 <= raw <= 1 and 0 <= smoothed <= 1):
        raise invalid("raw, smoothed", expected="shares, 0 to 1", received=(raw, smoothed))
    change = smoothed - raw
    if change == 0:
        what = "Smoothing changed nothing here. It removes short changes; an error that lasts stays."
    elif abs(change) < 0.02:
        what = "A steady label need not be right: smoothing made it change less often, and hardly more often right."
    elif change > 0:
        what = "Here short errors were outvoted by the frames around them. An error that lasts stays."
    else:
        what = "Smoothing made it worse: the smoothed label comes late, or a lasting error outvoted the right answers."
    return f"{percent(raw, 0)} raw, {percent(smoothed, 0)} smoothed. {what}"


def people_differ(shares: pd.Series, overall: float) -> str:
    """For whom a network is right: ``shares`` of right pictures, one a person; ``overall`` the share of all."""
    low, high = shares.min(), shares.max()
    told = f"For one person it is right in {percent(low, 0)} of the pictures, for another in {percent(high, 0)}."
    if high - low < 0.02:
        return f"{told} Between these people no difference is to be seen."
    return f"{told} The overall {percent(overall)} holds for nobody in particular."


def boxes_matter(same: float) -> str:
    """What it says that two loops give the same label in a share of the frames, and differ in their boxes alone."""
    if same == 1:
        return "The boxes differ a little, and no label changed."
    return "Where the labels differ, another box around the same face was enough to change them."


def decided(difference: Mapping, *, claim: str = "The claim") -> str:
    """A difference in points with its interval, and what it says of a claim that it is above 0.

    ``difference`` as `fer_utils.metrics.paired_difference` returns it.
    """
    low, high, people = difference.get("low"), difference.get("high"), difference["groups"]
    told = f"{100 * difference['value']:+.1f} points"
    if low is None or high is None:
        return f"{told}. {claim} is not decided: one person says nothing about people."
    told = f"{told} (95 % interval {100 * low:+.1f} to {100 * high:+.1f}, over {people} people)"
    if low > 0:
        return f"{told}. {claim} holds on these people: the whole interval is above 0."
    if high < 0:
        return f"{told}. {claim} is refuted on these people: the whole interval is below 0."
    return f"{told}. {claim} is not decided: the interval holds 0, and {people} people are too few to tell."
