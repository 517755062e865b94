"""Audit: choose groups of people, a measure and a threshold, and see the gaps beside what chance alone would show.

Python sends how `drawn48` answers drawn strangers (`fer_utils.widgets.audit_rows`).  Gaps, intervals and the
permutation test are JavaScript, so that the widget works on the book's page, where no kernel runs, as it does in
Jupyter.  They are those of `fer_utils.fairness.audit`, draw by draw.
"""

from __future__ import annotations

import html
from pathlib import Path

import anywidget
import numpy as np
import pandas as pd
import traitlets

from fer_utils import fairness
from fer_utils.core.errors import invalid, whole_number
from fer_utils.metrics.bootstrap import FEW_PEOPLE, widened
from fer_utils.widgets import audit_rows
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

ATTRIBUTES = (*audit_rows.ATTRIBUTES, audit_rows.BY_LOT)
MEASURES = ("right", "answered", "right if answered", "recall", "false positives")
#: How many people the reader can choose; the highest threshold.
PEOPLE, HIGHEST = (30, 60, 120), 0.95
#: Relabellings of the people, as in `fer_utils.fairness.audit`.
PERMUTATIONS = 9999


class Audit(StaticPicture, anywidget.AnyWidget):
    """For whom is the network wrong more often, and is the gap larger than chance alone would make?

    A picture whose largest score is below the threshold is not answered.  Every person counts once, with the mean of
    their pictures; a gap is the mean over the people of a group minus that over everybody else.

    Parameters (synced traits)
    --------------------------
    attribute : what makes the groups: a name of ``audit_rows.ATTRIBUTES``, or ``"at random"``.
    measure : ``"right"`` (share of pictures that get the posed label; what is not answered is not right),
        ``"answered"`` (share of pictures), ``"right if answered"``, ``"recall"`` (share of the pictures with ``label``
        that get it) or ``"false positives"`` (share of the other pictures that get ``label``).
    label : a posed-expression label of `fer_utils.synthetic.posed_prototypes.LABELS`.
    threshold : the least score of an answer, 0 to 0.95.
    people : 30, 60 or 120, the first of the sample.
    sample : 0, or 1 for 120 other strangers.
    lot : which draw of the groups at random, 0 to 19.
    group : the value of the attribute whose gap is shown beside chance; ``""`` for the group with the smallest p.

    Raises FerError for an argument that is not there or out of range.

    Attributes (synced traits)
    --------------------------
    measured : dict of what the page found last, with the settings above: ``value``, ``low`` and ``high`` of everybody,
        ``people_counted`` (people with a picture that counts), and ``groups``, a list with what a row of
        `fer_utils.fairness.audit` has, NaN being None, and ``chance``, that of `chance`.  ``tests`` is how many tests
        the reader has looked at with this sample, and ``corrected`` the p of the shown group's gap by Holm's method
        over all of these.  Empty at first.
    """

    _esm = joined("elements.js", "studio_random.js", "page_slices.js", "audit_rules.js", "audit_plots.js", "audit.js")
    _css = _HERE / "audit.css"

    attribute = traitlets.Enum(ATTRIBUTES, "skin tone").tag(sync=True)
    measure = traitlets.Enum(MEASURES, "right").tag(sync=True)
    label = traitlets.Enum(audit_rows.LABELS, "angry").tag(sync=True)
    threshold = traitlets.Float(0.0, min=0.0, max=HIGHEST).tag(sync=True)
    people = traitlets.Enum(PEOPLE, 120).tag(sync=True)
    sample = traitlets.Int(0, min=0, max=audit_rows.SAMPLES - 1).tag(sync=True)
    lot = traitlets.Int(0, min=0, max=audit_rows.DRAWS - 1).tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)
    measured = traitlets.Dict().tag(sync=True)
    #: How the network answered, what is known of the people, and by which factors intervals of few people are wider.
    rows = traitlets.Dict(read_only=True).tag(sync=True)
    widening = traitlets.List(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        for name, value in settings.items():
            _check(name, value)
        if settings.get("group"):
            _check_group(settings["group"], settings.get("attribute", "skin tone"))
        super().__init__(**settings)
        stored = audit_rows.stored()
        rows = {name: stored[name] for name in ("attributes", "answers", "scores")}
        values = {name: list(values) for name, values in audit_rows.ATTRIBUTES.items()}
        rows |= {"labels": list(audit_rows.LABELS), "values": values | {audit_rows.BY_LOT: list(audit_rows.LOTS)}}
        rows |= {"poses": audit_rows.POSES, "people": audit_rows.PEOPLE, "seed": audit_rows.SEED}
        rows |= {"by_lot": audit_rows.BY_LOT, "draws": audit_rows.DRAWS, "sizes": list(PEOPLE)}
        self.set_trait("rows", rows)
        self.set_trait("widening", [widened(0.0, -1.0, 1.0, people)[1] for people in range(FEW_PEOPLE)])

    @property
    def answers(self) -> pd.DataFrame:
        """The pictures that count, one line each, as `fer_utils.fairness.audit` takes them.

        The columns are those of `audit_rows.rows`, ``answered``, and ``outcome``, which is averaged: 0 or 1.
        """
        table = audit_rows.rows(self.sample, self.people, self.lot)
        answered = np.rint(1000 * table["score"]) >= round(1000 * self.threshold)
        table = table.assign(answered=answered)
        right = answered & (table["answer"] == table["posed"])
        posed, all_of_them = table["posed"] == self.label, np.ones(len(table), bool)
        outcome, kept = {
            "right": (right, all_of_them),
            "answered": (answered, all_of_them),
            "right if answered": (right, answered),
            "recall": (right, posed),
            "false positives": (answered & (table["answer"] == self.label), ~posed),
        }[self.measure]
        return table.assign(outcome=outcome.astype(float))[kept].reset_index(drop=True)

    def table(self) -> pd.DataFrame:
        """What `fer_utils.fairness.audit` says of these groups, a row each, the first being everybody."""
        return fairness.audit(
            self.answers, [self.attribute], groups="person", outcome="outcome", permutations=PERMUTATIONS
        )

    def chance(self) -> dict[str, float]:
        """For each group that is judged the least gap, either way, that at most one relabelling in 20 reaches: 0 to 1.

        A gap as large is what `fer_utils.fairness.audit` gives a p of 0.05 or less, before it is corrected.  NaN where
        even the largest gap of the relabellings is more frequent.
        """
        by_person = self.answers.groupby("person")
        means, of = by_person["outcome"].mean().to_numpy(), by_person[self.attribute].first().to_numpy()
        dealt = np.random.default_rng(0).permuted(np.tile(means, (PERMUTATIONS, 1)), axis=1)
        found = {}
        for value in dict.fromkeys(of):
            inside = of == value
            if fairness.MIN_PEOPLE <= inside.sum() <= len(of) - fairness.MIN_PEOPLE:
                gaps = dealt[:, inside].mean(axis=1) - dealt[:, ~inside].mean(axis=1)
                sizes = np.sort(np.abs(gaps))
                first = len(sizes) - len(sizes) // 20
                steps = np.flatnonzero(np.diff(sizes[first - 1 :]) > 1e-12)
                found[str(value)] = float(sizes[first + steps[0]]) if len(steps) else float("nan")
        return found

    def describe(self) -> str:
        """The groups, their gaps and chance in sentences: the picture's alt text."""
        table, chance = self.table(), self.chance()
        parts = []
        for row in table.iloc[1:].itertuples():
            if not row.judged:
                parts.append(f"{row.value}, {row.people} people: too few to be tested")
                continue
            seen = f"{row.value}, {row.people} people: {100 * row.accuracy:.1f} %, a gap of {100 * row.gap:+.1f} points"
            if np.isnan(chance[row.value]):
                parts.append(f"{seen}; chance alone often makes any gap (p = {row.p:.2g})")
            else:
                parts.append(f"{seen}; chance alone seldom reaches {100 * chance[row.value]:.1f} (p = {row.p:.2g})")
        return f"{self._measure_words()}, by {self.attribute}, {self.people} drawn strangers. {'; '.join(parts)}."

    def _measure_words(self) -> str:
        return {
            "right": "Right answers",
            "answered": "Pictures that are answered",
            "right if answered": "Right answers, of those that are given",
            "recall": f"Pictures posed as {self.label} that are called so",
            "false positives": f"Other pictures that are called {self.label}",
        }[self.measure]

    def picture_html(self) -> str:
        """A still picture of the gaps beside chance, with alt text, for places where no script runs."""
        table, chance = self.table().iloc[1:], self.chance()
        reach = 1.15 * np.nanmax([*chance.values(), *table[["gap_low", "gap_high"]].abs().max(), 0.01])
        parts, middle, scale = [], 400, 210 / reach
        for line, row in enumerate(table.itertuples()):
            y = 82 + 44 * line
            parts.append(f'<text x="176" y="{y + 5}" text-anchor="end">{html.escape(row.value)}</text>')
            if not row.judged:
                parts.append(f'<text x="{middle}" y="{y + 5}" text-anchor="middle">too few people</text>')
                continue
            wide = scale * np.nan_to_num(chance[row.value])
            low, at, high = (middle + scale * end for end in (row.gap_low, row.gap, row.gap_high))
            parts.append(
                f'<rect x="{middle - wide:.1f}" y="{y - 13}" width="{2 * wide:.1f}" height="26" fill="#d8dee4"/>'
                f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="#0072b2" stroke-width="3"/>'
                f'<circle cx="{at:.1f}" cy="{y}" r="6" fill="#0072b2"/>'
            )
        height = 96 + 44 * len(table)
        words = html.escape(f"{self._measure_words()}: gap to everybody else")
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" '
            f'font-size="15" fill="#1f2328"><rect width="640" height="{height}" rx="8" fill="#ffffff"/>'
            f'<text x="24" y="30">{words}</text>'
            '<text x="24" y="52" font-size="13">blue: the gap and its 95 % interval; grey: 19 of 20 gaps that chance '
            f"alone makes</text>{''.join(parts)}"
            f'<path d="M{middle} 62V{height - 12}" stroke="#57606a" stroke-dasharray="3 3"/></svg>'
        )
        alt = html.escape(self.describe(), quote=True)
        return (
            f'<figure class="fer-audit-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="{as_address(svg.encode(), "image/svg+xml")}"><figcaption>The widget at rest: {self.attribute}. '
            "It is live in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def _check(name: str, value) -> None:
    """FerError for a setting that is not there, or a value that it cannot have."""
    choices = {"attribute": ATTRIBUTES, "measure": MEASURES, "label": audit_rows.LABELS, "people": PEOPLE}
    if name in choices:
        if isinstance(value, bool) or value not in choices[name]:
            raise invalid(name, expected=f"one of {', '.join(map(str, choices[name]))}", received=value)
    elif name in ("sample", "lot"):
        whole_number(name, value, 0, (audit_rows.SAMPLES if name == "sample" else audit_rows.DRAWS) - 1)
    elif name == "threshold":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= HIGHEST:
            raise invalid(name, expected=f"a number from 0 to {HIGHEST}", received=value)
    elif name != "group":
        known = "attribute, measure, label, threshold, people, sample, lot, group"
        raise invalid(name, expected=f"no such argument; there are {known}", received=value)


def _check_group(value, attribute: str) -> None:
    """FerError where the attribute has no such value."""
    known = audit_rows.ATTRIBUTES.get(attribute, audit_rows.LOTS)
    if value not in known:
        raise invalid("group", expected=f"a value of {attribute}: {', '.join(known)}", received=value)
