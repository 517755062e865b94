"""Chapter 7: what a threshold does to a gap, in the widget *Audit* (07-7)."""

from __future__ import annotations

from fer_utils.exercises import Wrong, numbers

#: What the widget shows of "dark (8 to 10)", 120 people, threshold 0.90, in points: the gap in the share that is
#: answered, and the gap that chance alone makes in at most one shuffle of 20.  `tests/exercises/test_ch07.py` computes
#: all numbers of this module again.
GAP, CHANCE = -13.13, 6.25
#: Points that come from another place of the widget.
OTHER_GAPS = {
    11.39: "that is the gap of the light group; choose the line dark (8 to 10).",
    1.90: "that is the gap of the medium group; choose the line dark (8 to 10).",
    -19.98: "that is the gap among the 120 others; take the first 120.",
    -12.97: "that is the gap of the measure right answers, which mixes both.",
    -2.80: "that is the gap without a threshold.",
    0.0: "without a threshold everybody is answered; move it to 0.90.",
}
OTHER_CHANCES = {
    6.46: "that is what chance makes of the light group, which has fewer people.",
    5.93: "that is what chance makes of the medium group, which has more people.",
    6.37: "that is what chance makes among the 120 others; take the first 120.",
    0.99: "that is what chance makes among the answers that are given.",
    0.01: "that is p, a share of the shuffles; a gap in points is asked for.",
    5.0: "one in 20 is how often; how large is the gap that is no more frequent?",
    13.13: "that is the gap that is seen.",
}
MEASURES = ("answered", "right if answered")
_FORM = 'the answer should be three things, measure, gap and chance, such as ("answered", -3.2, 4.5)'


def grade_threshold(answer) -> str:
    """Measure, gap and chance; each of the usual mistakes is recognised."""
    try:
        measure, gap, chance = answer
    except (TypeError, ValueError):
        raise Wrong(f"{_FORM}.") from None
    named = " ".join(measure.lower().split()) if isinstance(measure, str) else None
    if named not in MEASURES:
        raise Wrong(f"the measure, the first of the three, should be one of {MEASURES}; got {measure!r}.")
    points = []
    for name, value in (("gap", gap), ("chance", chance)):
        got = numbers(value)
        if got is None or got.shape != () or isinstance(value, bool) or not abs(float(got)) <= 100:
            raise Wrong(f"the {name} should be a number of points such as -3.2; got {value!r}.")
        points.append(float(got))
    if named == MEASURES[1]:
        raise Wrong(
            "of the answers that are given, nearly all are right in every group, and chance alone often makes such a "
            "gap. Look at the other measure."
        )
    if abs(points[0] - CHANCE) <= 0.06 and abs(points[1] - GAP) <= 0.06:
        raise Wrong("gap and chance have changed places: first the gap, with its sign, then what chance alone makes.")
    _check_gap(points[0])
    _check_chance(points[1])
    return (
        "right. The threshold hides the gap: who gets an answer gets a right one, but on dark skin fewer get one. Ask "
        "the 120 others, too: there the gap is even larger. An accuracy with a threshold needs the share answered, "
        "group by group."
    )


def _check_gap(gap: float) -> None:
    if abs(gap - GAP) <= 0.06:
        return
    if abs(gap + GAP) <= 0.06:
        raise Wrong(f"{gap:g}: the size is right; this group is answered less often than the rest, so mind the sign.")
    if abs(100 * abs(gap) + GAP) <= 0.6:
        raise Wrong(f"{gap:g} is a share; give points, 100 times as many.")
    if gap == round(GAP):  # -13.0 is also the gap of another measure
        raise Wrong(
            f"{gap:g}: give one digit after the point. If the widget shows exactly this, it shows the measure right "
            "answers, which mixes both."
        )
    for wrong, words in OTHER_GAPS.items():
        if abs(gap - wrong) <= 0.06:
            raise Wrong(f"{gap:g}: {words}")
    raise Wrong(f"{gap:g} is not the gap. Groups by skin tone, 120 people, threshold 0.90, line dark (8 to 10)?")


def _check_chance(chance: float) -> None:
    if abs(chance - CHANCE) <= 0.06:
        return
    if abs(chance + CHANCE) <= 0.06:
        raise Wrong(f"{chance:g}: the size is right. Chance makes gaps to either side; give the size, without a sign.")
    if chance == round(CHANCE):
        raise Wrong(f"{chance:g}: give one digit after the point.")
    if abs(100 * chance - CHANCE) <= 0.6:
        raise Wrong(f"{chance:g} is a share; give points, 100 times as many.")
    if abs(chance - 2 * CHANCE) <= 0.12:
        raise Wrong(f"{chance:g}: that is from one end of the pale band to the other; give the distance from 0.")
    for wrong, words in OTHER_CHANCES.items():
        if abs(abs(chance) - wrong) <= 0.05:
            raise Wrong(f"{chance:g}: {words}")
    raise Wrong(f"{chance:g} is not it. The marked sentence says which gap chance alone seldom makes.")
