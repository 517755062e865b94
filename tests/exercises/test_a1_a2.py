"""The appendices' graders: answers that are right, unusual or plausibly wrong, and what their experiment says."""

from __future__ import annotations

from dataclasses import replace

import graded
import numpy as np
import pandas as pd
from scipy import stats

from fer_utils import studio
from fer_utils.exercises import a1, a2
from fer_utils.inference.drawn_square import scores_of_drawing

# a1-1: Lambert's law with several lamps ----------------------------------------------------------


def brightness(normals, lamps, ambient):
    made = np.full(normals.shape[:2], float(ambient))
    for direction, strength in lamps:
        direction = np.array(direction) / np.linalg.norm(direction)
        made += strength * np.maximum(normals @ direction, 0)
    return np.minimum(made, 1)


def by_loops(normals, lamps, ambient):
    """Pixel by pixel, and as a list of lists."""
    made = []
    for row in normals:
        made.append([])
        for n in row:
            lit = ambient
            for (a, b, c), strength in lamps:
                cosine = (n[0] * a + n[1] * b + n[2] * c) / (a * a + b * b + c * c) ** 0.5
                lit += strength * cosine if cosine > 0 else 0
            made[-1].append(min(lit, 1))
    return made


def by_one_product(normals, lamps, ambient):
    """All lamps in one matrix, in 32-bit floats."""
    if not lamps:
        return np.full(normals.shape[:2], ambient, np.float32)
    directions = np.array([np.array(d) / np.linalg.norm(d) for d, _ in lamps], np.float32)
    cosines = np.clip(normals.astype(np.float32) @ directions.T, 0, None)
    return np.clip(ambient + cosines @ np.array([s for _, s in lamps], np.float32), None, 1)


def in_place(normals, lamps, ambient):
    made = brightness(normals, lamps, ambient)
    normals *= 0
    return made


def variant(**options):
    return lambda normals, lamps, ambient: a1._bright(normals, lamps, ambient, **options)


# a1-3: one thing differs -------------------------------------------------------------------------


def one_change(person, units, name, values):
    return {value: studio.draw(replace(person, **{name: value}), units, size=96) for value in values}


def by_fields(person, units, name, values):
    """A person made from all its fields, and a batch."""
    import dataclasses

    fields = {field.name: getattr(person, field.name) for field in dataclasses.fields(person)}
    people = [type(person)(**(fields | {name: value})) for value in values]
    return dict(zip(values, studio.draw_batch(people, [units] * len(people), size=96), strict=True))


def changing(change=replace, *, size=96, acting=True, last=False):
    def answer(person, units, name, values):
        kept = [values[-1]] * len(values) if last else values
        return {
            value: studio.draw(change(person, **{name: used}), units if acting else {}, size=size)
            for value, used in zip(values, kept, strict=True)
        }

    return answer


# a2-1: true action units -------------------------------------------------------------------------


def features(acted, fold=lambda units: units.mean(axis=(0, 1))):
    return np.array([fold(acted.frames(clip)["action_units"]) for clip in acted.clips["clip"]])


def by_sums(acted):
    """Rows of lists, by sums over frames and sides."""
    made = []
    for row in acted.clips.to_dict("records"):
        units = acted.frames(row["clip"])["action_units"]
        made.append([float(units[:, :, k].sum()) / (len(units) * 2) for k in range(units.shape[2])])
    return made


def mean_of_sides(acted):
    return np.stack([acted.frames(clip)["action_units"].mean(1).mean(0) for clip in list(acted.clips["clip"])])


# a2-3: errors of two tables ----------------------------------------------------------------------


def error_correlation(first, second):
    errors = ~np.eye(len(first), dtype=bool)
    one, other = (table / table.sum(axis=1, keepdims=True) for table in (first, second))
    return stats.spearmanr(one[errors], other[errors]).statistic


def by_pandas(first, second):
    """Series without their diagonal, as an array of one number."""
    parts = []
    for table in (first, second):
        cells = pd.DataFrame(table).div(table.sum(axis=1), axis=0).stack()
        parts.append(cells[[row != column for row, column in cells.index]])
    return np.array([parts[0].corr(parts[1], method="spearman")])


def by_ranks(first, second):
    """Pearson's correlation of mean ranks, cell by cell."""
    ranks = []
    for table in np.array([first, second], float) if first.shape == second.shape else ():
        cells = [table[i, j] / sum(table[i]) for j in range(len(table)) for i in range(len(table)) if i != j]
        ranks.append(stats.rankdata(cells))
    return float(np.corrcoef(ranks)[0, 1])


def compared(**options):
    return lambda first, second: a2._compared(first, second, **options)


def corrected(share=lambda table: table / table.sum(axis=1, keepdims=True), how=None):
    """An answer to a2-3 with its own shares and its own correlation."""

    def answer(first, second):
        errors = ~np.eye(len(first), dtype=bool)
        pair = [share(table)[errors] for table in (first, second)]
        return (how or (lambda one, other: stats.spearmanr(one, other).statistic))(*pair)

    return answer


def share_of_errors(table):
    errors = table * ~np.eye(len(table), dtype=bool)
    return errors / errors.sum(axis=1, keepdims=True)


def by_squared_differences(one, other):
    apart = stats.rankdata(one) - stats.rankdata(other)
    return 1 - 6 * (apart**2).sum() / (len(one) * (len(one) ** 2 - 1))


def with_a_zero_diagonal(first, second):
    shares = [table / table.sum(axis=1, keepdims=True) for table in (first, second)]
    for table in shares:
        np.fill_diagonal(table, 0)
    return stats.spearmanr(shares[0].ravel(), shares[1].ravel()).statistic


def with_a_nan_diagonal(first, second):
    shares = [table / table.sum(axis=1, keepdims=True) for table in (first, second)]
    for table in shares:
        np.fill_diagonal(table, np.nan)
    return stats.spearmanr(shares[0].ravel(), shares[1].ravel()).statistic


def lit(normals, lamps, ambient, *, length=np.linalg.norm, light=lambda cosine: np.maximum(cosine, 0)):
    """An answer to a1-1; the options are mistakes."""
    made = np.full(normals.shape[:2], float(ambient))
    for direction, strength in lamps:
        made += strength * light(normals @ (np.array(direction) / length(direction)))
    return np.minimum(made, 1)


def for_some_lamps(normals, lamps, ambient):
    """One product for all lamps, of which there has to be one."""
    directions = np.array([np.array(d) / np.linalg.norm(d) for d, _ in lamps])
    return np.minimum(ambient + np.maximum(normals @ directions.T, 0) @ np.array([s for _, s in lamps]), 1)


def redrawn(change):
    return lambda *given: {value: change(picture) for value, picture in one_change(*given).items()}


def tone_alone(person, units, name, values):
    return {value: studio.draw(replace(person, tone=value), units, size=96) for value in values}


def of_another_value(person, units, name, values):
    return dict(zip(values, reversed(one_change(person, units, name, values).values()), strict=True))


RIGHT = [
    ("a1-1", lit),
    ("a2-3", corrected()),
    ("a1-1", brightness),
    ("a1-1", by_loops),
    ("a1-1", by_one_product),
    ("a1-3", one_change),
    ("a1-3", by_fields),
    ("a1-3", lambda *given: {key: picture.tolist() for key, picture in one_change(*given).items()}),
    ("a1-5", {27: 1.0}),
    ("a1-5", {27: 0.9}),
    ("a1-5", {np.int64(27): np.float32(1)}),
    ("a2-1", features),
    ("a2-1", by_sums),
    ("a2-1", mean_of_sides),
    ("a2-3", error_correlation),
    ("a2-3", by_pandas),
    ("a2-3", by_ranks),
]

WRONG = [
    ("a1-1", lambda *a: lit(*a, light=lambda cosine: np.maximum(-cosine, 0)), "points from the surface to the lamp"),
    ("a1-1", lambda *a: lit(*a, light=lambda cosine: (cosine + 1) / 2), "moved to 0 to 1"),
    ("a1-1", lambda *a: lit(*a, light=lambda cosine: np.maximum(cosine, 0) ** 2), "were squared"),
    ("a1-1", lambda *a: lit(*a, length=np.sum), "sum of its numbers"),
    ("a1-1", lambda *a: lit(*a, length=lambda d: np.abs(d).max()), "largest number"),
    ("a1-1", lambda n, lamps, ambient: np.maximum(lit(n, lamps, 0), ambient), "it is added to the lamps'"),
    ("a1-1", lambda n, lamps, ambient: ambient * lit(n, lamps, 0), "were multiplied"),
    ("a1-1", lambda n, lamps, ambient: lit(n, lamps[:1], ambient), "only the first lamp"),
    ("a1-1", lambda n, lamps, ambient: lit(n, lamps[-1:], ambient), "only the last lamp"),
    ("a1-1", lambda *a: (255 * lit(*a)).astype("uint8"), "from 0 to 1, as floats"),
    ("a1-1", for_some_lamps, "with no lamp, an empty list"),
    ("a1-3", redrawn(lambda picture: picture / 255), "divided by 255"),
    ("a1-3", redrawn(lambda picture: picture[..., ::-1]), "Red and blue"),
    ("a1-3", redrawn(lambda picture: picture.mean(axis=2, keepdims=True).repeat(3, axis=2)), "It is grey"),
    ("a1-3", redrawn(lambda picture: (picture, {})), "one picture; that of 2 is of type tuple"),
    ("a1-3", of_another_value, "another value"),
    ("a1-3", changing(lambda person, **change: replace(person, name=1)), "in the variable `name`"),
    ("a1-3", changing(lambda person, **change: setattr(person, *change.popitem())), "in a new person"),
    ("a1-3", tone_alone, "in the variable `name`"),
    ("a1-5", {27: 0.3}, "move it further"),
    ("a1-5", {"AU27": 1.0}, "as a number"),
    ("a1-5", {27: None}, "from 0 to 1"),
    ("a2-1", lambda acted: features(acted, lambda units: units.max(axis=1).mean(axis=0)), "the larger of the two"),
    ("a2-1", lambda acted: features(acted, lambda units: units.min(axis=(0, 1))), "smallest value"),
    ("a2-1", lambda acted: features(acted, lambda units: units.std(axis=(0, 1))), "standard deviation"),
    ("a2-1", lambda acted: features(acted, lambda units: np.ptp(units, axis=(0, 1))), "the range"),
    ("a2-1", lambda acted: 100 * features(acted), "per cent"),
    ("a2-1", lambda acted: features(acted, lambda units: units[-1].mean(axis=0)), "last frame"),
    (
        "a2-1",
        lambda acted: features(acted, lambda units: units[units.sum(axis=(1, 2)).argmax()].mean(axis=0)),
        "strongest expression",
    ),
    ("a2-1", lambda acted: features(acted, lambda units: units.mean(axis=0)), "over both sides, too"),
    ("a2-1", lambda acted: features(acted).mean(axis=0), "a row of its own"),
    ("a2-3", corrected(lambda table: table / table.sum(axis=1)), "keepdims=True"),
    ("a2-3", corrected(share_of_errors), "belong to the sum, too"),
    ("a2-3", lambda first, second: abs(error_correlation(first, second)), "it has a sign"),
    ("a2-3", lambda first, second: 100 * error_correlation(first, second), "per cent"),
    ("a2-3", corrected(how=lambda one, other: stats.spearmanr(one, other).pvalue), "the p-value"),
    ("a2-3", corrected(how=by_squared_differences), "is not exact"),
    ("a2-3", with_a_zero_diagonal, "was set to 0, and counted"),
    ("a2-3", with_a_nan_diagonal, "not a number"),
    ("a2-3", corrected(lambda table: table // table.sum(axis=1, keepdims=True)), "with one slash"),
    ("a2-3", lambda first, second: stats.spearmanr(first, second).statistic, "not two tables"),
    ("a1-1", variant(shadow="sum"), "after the lamps were added"),
    ("a1-1", variant(shadow="none"), "no negative light"),
    ("a1-1", variant(shadow="size"), "turned away"),
    ("a1-1", variant(unit=False), "by its length"),
    ("a1-1", variant(room="each"), "once a lamp"),
    ("a1-1", variant(room="none"), "`ambient`, is missing"),
    ("a1-1", variant(strong=False), "strengths are missing"),
    ("a1-1", variant(fold=np.mean), "averaged"),
    ("a1-1", variant(fold=np.max), "only the brightest"),
    ("a1-1", variant(cap=False), "brighter than white"),
    ("a1-1", in_place, "changed the normals"),
    ("a1-1", lambda n, lamps, ambient: n * 0 + ambient, "shape"),
    ("a1-1", lambda n, lamps: n, "brightness(normals, lamps, ambient)"),
    ("a1-3", changing(lambda person, **change: person), "returns a new person"),
    ("a1-3", changing(lambda person, **change: replace(studio.person(person.seed + 1), **change)), "another person"),
    ("a1-3", changing(lambda person, **change: replace(person, age=70, **change)), "More than one thing"),
    ("a1-3", changing(acting=False), "expression is missing"),
    ("a1-3", changing(last=True), "last value"),
    ("a1-3", changing(size=128), "size=96"),
    ("a1-3", lambda *given: list(one_change(*given).values()), "return a dict"),
    ("a1-3", lambda p, u, name, values: one_change(p, u, name, values[:1]), "keys should be the values"),
    ("a1-5", "surprised", "a dict such as"),
    ("a1-5", {4: 0.0}, "look lower"),
    ("a1-5", {5: 0.4}, "look lower"),
    ("a1-5", {26: 1.0}, "another unit opens"),
    ("a1-5", {12: 1.0}, "Another label wins"),
    ("a1-5", {27: 100}, "from 0 to 1"),
    ("a1-5", {27: 1.0, 26: 1.0}, "yours has 2"),
    ("a1-5", {**studio.prototype("fearful"), 27: 1.0}, "not the whole recipe"),
    ("a1-5", {1: 0.85}, "nothing changes"),
    ("a1-5", {28: 1.0}, "no action unit 28"),
    ("a2-1", lambda acted: features(acted, lambda units: units.max(axis=(0, 1))), "largest value"),
    ("a2-1", lambda acted: features(acted, lambda units: units.max(axis=0).mean(axis=0)), "peak over time"),
    ("a2-1", lambda acted: features(acted, lambda units: units.sum(axis=(0, 1))), "longer clip"),
    ("a2-1", lambda acted: features(acted, lambda units: units.sum(axis=1).mean(axis=0)), "two sides are added"),
    ("a2-1", lambda acted: features(acted, lambda units: units[:, 0].mean(axis=0)), "one side"),
    ("a2-1", lambda acted: features(acted, lambda units: units[0].mean(axis=0)), "first frame"),
    ("a2-1", lambda acted: features(acted)[::-1], "another order"),
    ("a2-1", lambda acted: features(acted).T, "changed places"),
    ("a2-1", lambda acted: features(acted, lambda units: units.mean(axis=0)), "one column an action unit"),
    ("a2-3", compared(cells=lambda n: np.ones((n, n), bool)), "The diagonal"),
    ("a2-3", compared(share=lambda table: table), "Those are counts"),
    ("a2-3", compared(share=lambda table: table / table.sum(axis=0)), "The columns were divided"),
    ("a2-3", compared(how=lambda pair: np.corrcoef(*pair)[0, 1]), "Pearson's"),
    ("a2-3", compared(how=lambda pair: stats.kendalltau(*pair).statistic), "Kendall's"),
    ("a2-3", compared(cells=lambda n: np.triu(np.ones((n, n), bool), 1)), "half of the errors"),
    ("a2-3", compared(how=lambda pair: np.corrcoef([np.argsort(np.argsort(x)) for x in pair])[0, 1]), "mean rank"),
    ("a2-3", lambda first, second: error_correlation(first, second.T), "is turned"),
    ("a2-3", compared(how=lambda pair: stats.spearmanr(*pair)), "`.statistic`"),
    ("a2-3", lambda first, second: error_correlation(first, second) ** 2, "the correlation is"),
    (
        "a2-3",
        lambda first, second: np.fill_diagonal(first, 0) or error_correlation(first, second),
        "changed the tables",
    ),
    ("a2-3", lambda first: 1.0, "error_correlation(first, second)"),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


def test_the_clips_of_a2_1_tell_the_mistakes_apart():
    """Each mistake that is named changes the features of the clips that are asked."""
    acted = a2._rehearsal("03", 8, 5)
    wanted = a2._features(acted)
    assert all(not np.allclose(a2._features(acted, fold), wanted, atol=1e-3) for fold, _ in a2._MISTAKES)


def test_the_tables_of_a2_3_tell_the_mistakes_apart():
    """Each mistake that is named gives another number for the first pair, and no two kinds give the same one."""
    _, first, second = a2._TABLES[0]
    made = {}
    for text, options in a2._CORRELATION_MISTAKES:
        made.setdefault(text, []).append(a2._compared(first, second, **options))
    wanted = a2._compared(first, second)
    found = [value for values in made.values() for value in values]
    assert all(abs(value - wanted) > 1e-3 for value in found)
    assert all(abs(one - other) > 1e-6 for i, one in enumerate(found) for other in found[:i])


def test_without_au_12_happy_is_neutral_as_the_face_lab_says_and_contempt_is_no_label():
    units = studio.prototype("happy")
    answers = {}
    for lips in (units[12], 0):
        drawn = studio.draw(studio.person(12), units | {12: lips}, size=512, truth=True)
        scores = scores_of_drawing(*drawn)
        answers[lips] = max(scores, key=scores.get)
        assert len(scores) == 7 and "contempt" not in scores
    assert list(answers.values()) == ["happy", "neutral"]
