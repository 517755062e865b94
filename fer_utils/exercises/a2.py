"""Appendix 2: the true action units of a clip as features (a2-1), and how alike two readers err (a2-3)."""

from __future__ import annotations

import functools

import numpy as np
from scipy import stats

from fer_utils import studio
from fer_utils.exercises import Wrong, asked, numbers

_ARGUMENTS = "true_features(acted)"


@functools.cache
def _rehearsal(actor: str, clips: int, seed: int) -> studio.Rehearsal:
    return studio.rehearse("ravdess", actors=[actor], clips_per_actor=clips, seed=seed)


def _features(acted, fold=lambda units: units.mean(axis=(0, 1))) -> np.ndarray:
    return np.array([fold(acted.frames(clip)["action_units"]) for clip in acted.clips["clip"]], float)


#: Mistakes that the numbers may betray: what was made of a clip's units, frames by sides by units.
_MISTAKES = (
    (lambda units: units.max(axis=(0, 1)), "That is each unit's largest value: take its mean."),
    (lambda units: units.max(axis=0).mean(axis=0), "That is the peak over time: take the mean over the frames, too."),
    (lambda units: units.sum(axis=(0, 1)), "That is the sum: a longer clip would have larger features. Take the mean."),
    (lambda units: units.sum(axis=1).mean(axis=0), "The two sides are added: take their mean."),
    (
        lambda units: units.max(axis=1).mean(axis=0),
        "That is one side of the face, or the larger of the two: take the mean of both.",
    ),
    (
        lambda units: units[:, 0].mean(axis=0),
        "That is one side of the face, or the larger of the two: take the mean of both.",
    ),
    (
        lambda units: units[:, 1].mean(axis=0),
        "That is one side of the face, or the larger of the two: take the mean of both.",
    ),
    (lambda units: units.min(axis=(0, 1)), "That is each unit's smallest value: take its mean."),
    (lambda units: units.std(axis=(0, 1)), "That is the standard deviation: take the mean."),
    (lambda units: np.ptp(units, axis=(0, 1)), "That is the range: take the mean."),
    (lambda units: 100 * units.mean(axis=(0, 1)), "That is in per cent: leave the intensities from 0 to 1."),
    (lambda units: units[-1].mean(axis=0), "That is the last frame alone: take the mean over all frames."),
    (
        lambda units: units[units.sum(axis=(1, 2)).argmax()].mean(axis=0),
        "That is the frame with the strongest expression: take the mean over all frames.",
    ),
    (lambda units: units[0].mean(axis=0), "That is the first frame alone: take the mean over all frames."),
    (lambda units: units[len(units) // 2].mean(axis=0), "That is the middle frame: take the mean over all frames."),
    (lambda units: np.median(units, axis=(0, 1)), "That is the median: take the mean."),
)


def grade_true_features(answer) -> str:
    """Two rehearsals of one actor each."""
    for actor, clips, seed in (("03", 8, 5), ("10", 5, 6)):
        acted = _rehearsal(actor, clips, seed)
        given = f"{clips} clips of actor {actor}"
        got = numbers(asked(answer, _ARGUMENTS, acted))
        wanted = _features(acted)
        if got is None or got.shape != wanted.shape:
            received = "no array of numbers" if got is None else f"the shape {got.shape}"
            turned = (
                " Rows and columns have changed places." if got is not None and got.shape == wanted.shape[::-1] else ""
            )
            if got is not None and got.shape == (*wanted.shape[:1], 2, wanted.shape[1]):
                turned = " Take the mean over both sides, too."
            elif got is not None and got.shape == wanted.shape[1:]:
                turned = " Every clip has a row of its own."
            raise Wrong(
                f"for {given}: return one row a clip and one column an action unit, {wanted.shape}; got {received}."
                f"{turned}"
            )
        if not np.allclose(got, wanted, atol=1e-5):
            hint = next(
                (f" {text}" for fold, text in _MISTAKES if np.allclose(got, _features(acted, fold), atol=1e-5)), ""
            )
            if np.allclose(np.sort(got, axis=0), np.sort(wanted, axis=0), atol=1e-5):
                hint = " The rows are in another order: they follow `acted.clips`."
            row = int((~np.isclose(got, wanted, atol=1e-5)).any(axis=1).argmax())
            raise Wrong(
                f"for {given}: row {row} should begin {np.round(wanted[row, :3], 4).tolist()}; yours begins "
                f"{np.round(got[row, :3], 4).tolist()}.{hint}"
            )
    return "right: one row a clip, each unit's mean over the frames and both sides."


# a2-3: rank correlation of two confusion matrices' errors -----------------------------------------

_ERRORS = "error_correlation(first, second)"
#: Counts of two confusion matrices: rows of different sums, equal cells, and errors that go one way.
_FIRST = ((30, 6, 2, 2), (9, 50, 20, 1), (0, 4, 14, 2), (33, 12, 45, 110))
_SECOND = ((61, 14, 3, 2), (6, 20, 5, 9), (10, 20, 60, 70), (2, 3, 1, 14))
#: Where the first table errs often, this one errs seldom.
_OPPOSITE = ((40, 3, 12, 25), (31, 60, 2, 17), (20, 5, 30, 12), (9, 30, 2, 70))
_TABLES = (
    ("two tables that err in opposite places", np.array(_FIRST), np.array(_OPPOSITE)),
    ("two tables of four labels", np.array(_FIRST), np.array(_SECOND)),
    ("the same two tables, the second one first", np.array(_SECOND), np.array(_FIRST)),
    ("a table and itself", np.array(_FIRST), np.array(_FIRST)),
    ("two tables of three labels", np.array(_FIRST)[1:, 1:], np.array(_SECOND)[:3, :3]),
)


def _rank(values) -> float:
    return float(stats.spearmanr(*values).statistic)


def _shares_of_errors(table: np.ndarray) -> np.ndarray:
    errors = table * ~np.eye(len(table), dtype=bool)
    return errors / errors.sum(axis=1, keepdims=True)


def _zero_diagonal(table: np.ndarray) -> np.ndarray:
    return table / table.sum(axis=1, keepdims=True) * ~np.eye(len(table), dtype=bool)


def _both_directions(table: np.ndarray) -> np.ndarray:
    shares = table / table.sum(axis=1, keepdims=True)
    return shares + shares.T


def _by_differences(pair) -> float:
    one, other = map(stats.rankdata, pair)
    return float(1 - 6 * ((one - other) ** 2).sum() / (len(one) * (len(one) ** 2 - 1)))


def _compared(first, second, *, share=lambda table: table / table.sum(axis=1, keepdims=True), cells=None, how=_rank):
    """The correlation of two tables' errors; the options are mistakes."""
    chosen = ~np.eye(len(first), dtype=bool) if cells is None else cells(len(first))
    return how([share(table)[chosen] for table in (first, second)])


#: Mistakes that a number may betray: what is wrong, and what it computes.
_CORRELATION_MISTAKES = (
    ("The diagonal has the right answers, and errors are asked for.", {"cells": lambda n: np.ones((n, n), bool)}),
    ("Those are counts. Divide each row by its own sum first.", {"share": lambda table: table / table.sum()}),
    (
        "The columns were divided by their sums. A row holds what was acted: divide each row by its own sum.",
        {"share": lambda table: table / table.sum(axis=0, keepdims=True)},
    ),
    (
        "Row sums of shape (K,) divide the columns: keep the axis, `table.sum(axis=1, keepdims=True)`.",
        {"share": lambda table: table / table.sum(axis=1)},
    ),
    (
        "Each row was divided by the sum of its errors: the right answers belong to the sum, too.",
        {"share": _shares_of_errors},
    ),
    (
        "Errors in both directions were added up. To take the first label for the second is another error than the "
        "reverse.",
        {"share": _both_directions},
    ),
    (
        "That is the p-value: asked is the correlation.",
        {"how": lambda pair: float(stats.spearmanr(*pair).pvalue)},
    ),
    ("That is the size of the correlation: it has a sign.", {"how": lambda pair: abs(_rank(pair))}),
    ("That is in per cent: a correlation goes from -1 to 1.", {"how": lambda pair: 100 * _rank(pair)}),
    (
        "The diagonal was set to 0, and counted: leave its cells out.",
        {"share": _zero_diagonal, "cells": lambda n: np.ones((n, n), bool)},
    ),
    (
        "Where cells are equal, the formula with the squared differences of ranks is not exact: correlate the ranks.",
        {"how": lambda pair: _by_differences(pair)},
    ),
    (
        "That is Pearson's correlation of the shares. Spearman's is that of their ranks.",
        {"how": lambda pair: float(np.corrcoef(*pair)[0, 1])},
    ),
    ("That is Kendall's correlation. Take Spearman's.", {"how": lambda pair: float(stats.kendalltau(*pair).statistic)}),
    (
        "That is half of the errors. To take the first label for the second is another error than the reverse.",
        {"cells": lambda n: np.triu(np.ones((n, n), bool), 1)},
    ),
    (
        "That is half of the errors. To take the first label for the second is another error than the reverse.",
        {"cells": lambda n: np.tril(np.ones((n, n), bool), -1)},
    ),
    (
        "Equal cells share their mean rank; `argsort` gives them different ones. `scipy.stats.rankdata` does it.",
        {"how": lambda pair: float(np.corrcoef(*[np.argsort(np.argsort(cells)) for cells in pair])[0, 1])},
    ),
)


def grade_error_correlation(answer) -> str:
    """Tables whose rows have different sums and whose errors are not symmetric."""
    for given, first, second in _TABLES:
        kept = first.copy(), second.copy()
        made = asked(answer, _ERRORS, *kept)
        if not (np.array_equal(kept[0], first) and np.array_equal(kept[1], second)):
            raise Wrong(f"for {given}: you changed the tables that you were given. Work on a copy.")
        got = numbers(made)
        if got is None or got.size != 1:
            pair = " `spearmanr` returns a correlation and a p-value: return its `.statistic`."
            if got is not None and got.shape == (2 * len(first), 2 * len(first)):
                raise Wrong(f"for {given}: return one number. Hand `spearmanr` two lists of cells, not two tables.")
            raise Wrong(f"for {given}: return one number.{pair if got is not None and got.size == 2 else ''}")
        got, wanted = float(got.reshape(-1)[0]), _compared(first, second)
        if np.isnan(got):
            raise Wrong(
                f"for {given}: the correlation is {wanted:.4f}, and yours is not a number. A correlation with a nan, "
                "or of cells that are all equal, is none: leave the diagonal out, and divide with one slash."
            )
        if not np.isclose(got, wanted, atol=1e-6):
            hint = next(
                (
                    f" {text}"
                    for text, options in _CORRELATION_MISTAKES
                    if np.isclose(got, _compared(first, second, **options), atol=1e-6)
                ),
                "",
            )
            if not hint and np.isclose(got, _compared(first, second.T), atol=1e-6):
                hint = " One of the two tables is turned: rows and columns have changed places."
            raise Wrong(f"for {given}: the correlation is {wanted:.4f}, and yours {got:.4f}.{hint}")
    return "right: Spearman's correlation over the cells off the diagonal, as shares of their rows."
