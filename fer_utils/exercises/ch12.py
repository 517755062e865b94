"""Chapter 12: distillation loss (12-1), non-inferiority (12-3), Pareto front (12-4), a network on a budget (12-5)."""

from __future__ import annotations

from collections.abc import Mapping
import itertools

import numpy as np
from scipy import stats

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.exercises import Wrong, asked, numbers, told_apart, two

#: As near as sums in 32-bit floats come.
_CLOSE = 1e-5
_ARGUMENTS = "loss(student, teacher, labels, weight, temperature)"


def _reference(
    student,
    teacher,
    labels,
    weight,
    temperature,
    *,
    squared=True,
    turned=False,
    softened=(True, True),
    scaled=True,
    labelled=True,
    mean=True,
    cross=False,
    log=np.log,
    about="labels",
    mean_of_all=False,
    power=None,
) -> float:
    def soften(p, wanted):
        warm = p ** (power(temperature) if power else 1 / temperature) if wanted else p
        return warm / warm.sum(axis=1, keepdims=True) if scaled else warm

    p, q = soften(student, softened[0]), soften(teacher, softened[1])
    p, q = (q, p) if turned else (p, q)
    shown = teacher.argmax(axis=1) if about == "teacher" else labels
    told = -log(student[np.arange(len(shown)), shown]) * labelled
    apart = q * (-log(p) if cross else log(q / p))
    apart = apart.mean(axis=1) if mean_of_all else apart.sum(axis=1)
    each = told + weight * (temperature**2 if squared else 1) * apart
    return float(each.mean() if mean else each.sum())


#: What was done instead, and how to say it.
_SLIPS = [
    (
        {"squared": False},
        "It looks as if the factor T² is missing: without it the teacher counts the less, the higher the temperature.",
    ),
    (
        {"turned": True},
        "It looks as if student and teacher changed places: it is the teacher's probabilities that weigh the "
        "logarithms.",
    ),
    (
        {"softened": (False, False)},
        "It looks as if nothing was softened: raise both probabilities to the power of 1/T first.",
    ),
    (
        {"softened": (True, False)},
        "It looks as if only the student was softened; the teacher's probabilities are, too.",
    ),
    (
        {"softened": (False, True)},
        "It looks as if only the teacher was softened; in the second term the student's probabilities are, too.",
    ),
    ({"scaled": False}, "The softened numbers do not add up to 1: divide each row by its sum."),
    ({"labelled": False}, "The first term, the labels', is missing."),
    ({"mean": False}, "It looks like a sum over the faces; take the mean."),
    (
        {"cross": True},
        "It looks like the cross-entropy with the teacher; the formula has log(q/p), which is 0 where both agree.",
    ),
    ({"log": np.log2}, "It looks like logarithms to the base of 2; take natural ones."),
    ({"about": "teacher"}, "It looks as if the first term asks for the teacher's label; it is about the face's own."),
    ({"mean_of_all": True}, "The second term is a sum over the labels; it looks as if you took the mean over them."),
    (
        {"power": lambda temperature: temperature},
        "It looks as if probabilities were raised to the power of T, which sharpens them; the power is 1/T.",
    ),
]


def grade_loss(answer) -> str:
    """Random students and teachers, several temperatures, and a student who says what the teacher says."""
    rng = np.random.default_rng(1101)
    cases = []
    for faces, labels, weight, temperature in [(5, 4, 0.7, 3.0), (1, 3, 2.0, 2), (7, 8, 1.0, 1.0), (4, 2, 0.3, 8.0)]:
        student, teacher = (rng.dirichlet(np.full(labels, 0.9), faces) * 0.98 + 0.02 / labels for _ in range(2))
        cases.append((student, teacher, rng.integers(0, labels, faces), weight, temperature))
    cases.append((cases[0][1].copy(), cases[0][1].copy(), *cases[0][2:]))
    for number, case in enumerate(cases):
        faces, labels = case[0].shape
        given = (
            f"{faces} face{'' if faces == 1 else 's'}, {labels} labels, weight {case[3]} and temperature {case[4]}"
            + ("; the student says what the teacher says" if number == len(cases) - 1 else "")
        )
        before = [np.array(part) for part in case[:3]]
        made = asked(answer, _ARGUMENTS, *case)
        if not all(np.array_equal(one, other) for one, other in zip(before, case[:3], strict=True)):
            raise Wrong("your function changed the arrays that it was given; compute in new ones.")
        number = numbers(made)
        if number is None or number.ndim or isinstance(made, (bool, np.bool_)):
            shape = f" of shape {number.shape}" if number is not None and number.ndim else ""
            raise Wrong(
                f"for {given}: return one number; got {type(made).__name__}{shape}. The mean over the faces comes last."
            )
        wanted, got = _reference(*case), float(number)
        if not abs(got - wanted) <= _CLOSE * max(1.0, abs(wanted)):
            slip = next(
                (
                    words
                    for other, words in _SLIPS
                    if abs(got - _reference(*case, **other)) <= _CLOSE * max(1.0, abs(got))
                    and abs(wanted - _reference(*case, **other)) > 1e-3
                ),
                "",
            )
            right, yours = told_apart(wanted, got, 4)
            raise Wrong(f"for {given}: the loss is {right}; your function gave {yours}.{' ' + slip if slip else ''}")
    return "right: a student is told its label, and besides how sure its teacher was of each."


def _lower_bound(
    new: np.ndarray,
    old: np.ndarray,
    *,
    paired=True,
    quantile=0.975,
    normal=False,
    ddof=1,
    per_person=False,
    turned=False,
    upper=False,
) -> float:
    """The lower end of Student's interval of the mean paired difference; the options are mistakes to recognise."""
    apart, people = new - old, len(new)
    if turned:
        apart = -apart
    error = apart.std(ddof=ddof) if paired else np.sqrt(new.var(ddof=1) + old.var(ddof=1))
    freedom = people - 1 if paired else 2 * people - 2
    factor = stats.norm.ppf(quantile) if normal else stats.t.ppf(quantile, freedom)
    half = factor * error / (1 if per_person else np.sqrt(people))
    return float(apart.mean() + (half if upper else -half))


_BOUND_SLIPS: tuple[tuple[dict, str], ...] = (
    ({"turned": True}, "It looks like old minus new; the difference is new minus old."),
    (
        {"paired": False},
        "It looks as if the lists were taken for different people. Subtract person by person first.",
    ),
    ({"normal": True}, "It looks like 1.96, the normal quantile; with few people use Student's, of n - 1 degrees."),
    (
        {"quantile": 0.95},
        "It looks like the quantile 0.95: a two-sided interval of 95 % leaves 2.5 % at each end, so the quantile is "
        "0.975.",
    ),
    ({"ddof": 0}, "It looks like a standard deviation that divides by n; of a sample it divides by n - 1 (ddof=1)."),
    ({"per_person": True}, "The standard error is the standard deviation divided by the square root of n."),
    ({"upper": True}, "That is the upper end of the interval; the worst case is the lower end."),
)


def _cases_of_people() -> list[tuple[np.ndarray, np.ndarray, float, str]]:
    """Accuracies of people under two methods, a margin, and what the case is made to tell apart."""
    rng = np.random.default_rng(123)
    made = []
    for people, gain, spread, margin in [(8, 0.0, 0.01, 0.02), (5, 0.03, 0.02, 0.01), (24, -0.005, 0.06, 0.01)]:
        old = rng.uniform(0.4, 0.8, people)
        apart = rng.normal(0, spread, people)
        made.append((old + gain + apart - apart.mean(), old, margin, f"{people} people and a margin of {margin}"))
    return made


def grade_non_inferior(answer) -> str:
    """Paired accuracies where the margin decides, where few people widen the interval, and where nothing is shown."""
    for new, old, margin, given in _cases_of_people():
        kept = new.copy(), old.copy()
        pair = two(asked(answer, "non_inferior(new, old, margin)", new, old, margin))
        if not all(np.array_equal(one, other) for one, other in zip(kept, (new, old), strict=True)):
            raise Wrong("your function changed the arrays that it was given; compute in new ones.")
        if pair is None:
            raise Wrong(f"for {given}: return two things, the lower end of the interval and whether it is enough.")
        low, shown = numbers(pair[0]), pair[1]
        if low is None or low.ndim or isinstance(pair[0], (bool, np.bool_)):
            raise Wrong(f"for {given}: the first thing should be one number; got {type(pair[0]).__name__}.")
        wanted = _lower_bound(new, old)
        if not abs(float(low) - wanted) <= 1e-6:
            slip = next(
                (
                    words
                    for options, words in _BOUND_SLIPS
                    if abs(float(low) - _lower_bound(new, old, **options)) < 1e-6
                ),
                "",
            )
            right, yours = told_apart(wanted, float(low), 4)
            raise Wrong(f"for {given}: the lower end is {right}; yours is {yours}.{' ' + slip if slip else ''}")
        if not isinstance(shown, (bool, np.bool_)):
            raise Wrong(f"for {given}: the second thing should be True or False; got {type(shown).__name__}.")
        if bool(shown) != (wanted > -margin):
            raise Wrong(f"for {given}: {_decision_hint(bool(shown), wanted, margin, new, old)}")
    return "right: the interval is of paired differences, and the whole of it has to lie above minus the margin."


def _decision_hint(shown: bool, low: float, margin: float, new: np.ndarray, old: np.ndarray) -> str:
    """What is wrong with a decision, where the lower end is right."""
    if not shown and low <= 0:
        return (
            f"the lower end, {low:.4f}, lies above -{margin}, so non-inferiority is shown. An interval that holds 0 is "
            "no obstacle, and the limit is minus the margin."
        )
    if not shown:
        return (
            f"the lower end, {low:.4f}, lies above 0, so the new method is even better, and non-inferior all the more. "
            "That no difference is shown is another test."
        )
    if new.mean() - old.mean() > -margin:
        return (
            f"the lower end, {low:.4f}, lies below -{margin}, so non-inferiority is not shown. That the mean lies "
            "above the limit, or that no difference is shown, is not enough."
        )
    return f"the lower end is {low:.4f} and the limit is -{margin}; compare these two."


def _front(values: Mapping[str, float], costs: Mapping[str, float], *, rule: str = "right") -> set[str]:
    """The methods that no other beats; other rules are mistakes to recognise."""

    def beats(other: str, name: str) -> bool:
        better, cheaper = values[other] > values[name], costs[other] < costs[name]
        as_good, as_cheap = values[other] >= values[name], costs[other] <= costs[name]
        return {
            "right": as_good and as_cheap and (better or cheaper),
            "strict": better and cheaper,
            "loose": as_good and as_cheap and other != name,
            "either": better or cheaper,
            "dear": as_good and not cheaper and (better or costs[other] > costs[name]),
            "worse": values[other] <= values[name] and as_cheap and (values[other] < values[name] or cheaper),
        }[rule]

    return {name for name in values if not any(beats(other, name) for other in values)}


_FRONT_SLIPS = {
    "strict": "A method that is as accurate and cheaper, or as cheap and more accurate, beats another, too: 'better in "
    "both' asks for too much.",
    "loose": "Two methods with the same accuracy and the same cost do not beat each other: both stay.",
    "either": "It looks as if one that is better in a single respect beat another; it must not be worse in the other.",
    "dear": "It looks as if more cost were better.",
    "worse": "It looks as if less accuracy were better.",
}


def grade_pareto_front(answer) -> str:
    """Methods with equal costs, equal accuracies and twins, in an order that helps nobody."""
    rng = np.random.default_rng(124)
    cases: list[tuple[dict, dict]] = [
        ({"a": 0.5, "b": 0.6, "c": 0.55}, {"a": 1, "b": 10, "c": 20}),
        ({"a": 0.6, "b": 0.6, "c": 0.7, "d": 0.65}, {"a": 9, "b": 2, "c": 30, "d": 30}),
        ({"a": 0.6, "b": 0.6, "c": 0.4}, {"a": 3, "b": 3, "c": 3}),
        ({"alone": 0.2}, {"alone": 5.0}),
    ]
    names = [f"m{number}" for number in range(9)]
    many = {name: float(rng.integers(40, 48)) / 64 for name in names}
    cases.append((many, {name: int(rng.integers(1, 7)) for name in names}))
    for values, costs in cases:
        made = asked(answer, "pareto_front(accuracy, cost)", dict(values), dict(costs))
        listed = "; ".join(f"{name} {values[name]:g} for {costs[name]:g}" for name in values)
        given = f"accuracies and costs {listed}"
        try:
            got = None if isinstance(made, (str, bytes)) else list(itertools.islice(made, 3 * len(values)))
        except TypeError:
            got = None
        if got is None:
            raise Wrong(f"for {given}: return the names, as a list or a set; got {type(made).__name__}.")
        if not all(isinstance(name, str) and name in values for name in got):
            raise Wrong(f"for {given}: return names of methods only; got {got!r}.")
        wanted = _front(values, costs)
        if set(got) == wanted and len(got) == len(wanted):
            continue
        if set(got) == wanted:
            raise Wrong(f"for {given}: each name once; got {sorted(got)}.")
        slip = next((words for rule, words in _FRONT_SLIPS.items() if set(got) == _front(values, costs, rule=rule)), "")
        if not slip:
            extra, missing = sorted(set(got) - wanted), sorted(wanted - set(got))
            slip = f"{extra[0]} is beaten by another." if extra else f"{missing[0]} is beaten by none."
        raise Wrong(f"for {given}: the front is {sorted(wanted)}; yours is {sorted(got)}. {slip}")
    return "right, also where costs or accuracies are equal."


#: The budget of exercise 12-5: parameters at every size, multiply-accumulates at `BUDGET_SIZE` pixels; convolutions.
BUDGET_PARAMETERS, BUDGET_MACS, BUDGET_SIZE, BUDGET_CONVOLUTIONS = 5_000, 500_000, 64, 3


def grade_budget(answer) -> str:
    """Counts, shapes and operations at three sizes, and whether every quarter of the picture matters."""
    import keras

    rng = np.random.default_rng(125)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for classes, size in [(8, BUDGET_SIZE), (7, 48), (8, 96)]:
            given = f"small_network({classes}, {size})"
            made = asked(answer, "small_network(classes, size)", classes, size)
            if not isinstance(made, keras.Model):
                raise Wrong(f"{given} should return a keras.Model; got {type(made).__name__}.")
            if not made.built or not hasattr(made, "inputs"):
                raise Wrong(f"{given}: the model has no weights yet. Begin it with keras.Input((size, size, 1)).")
            if tuple(made.input_shape) != (None, size, size, 1):
                raise Wrong(f"{given}: the input should be {(size, size, 1)}; it is {tuple(made.input_shape[1:])}.")
            if tuple(made.output_shape) != (None, classes):
                raise Wrong(
                    f"{given}: the output should be {classes} numbers a face; it is {tuple(made.output_shape[1:])}. "
                    "A pool over all places, or Flatten, turns a map into numbers."
                )
            _check_budget(made, given, size)
            _check_answers(made, given, rng)
    return "right: within the budget at every size, and it looks at the whole picture. Now it only has to learn."


def _check_budget(made, given: str, size: int) -> None:
    """Parameters, multiply-accumulates and convolutions of an answer to 12-5."""
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D)
    convolutions = sum(isinstance(layer, kinds) for layer in made.layers)
    if convolutions < BUDGET_CONVOLUTIONS:
        raise Wrong(f"{given} should have {BUDGET_CONVOLUTIONS} convolutions or more; it has {convolutions}.")
    try:
        counted = models.profile(made)
    except FerError as error:
        raise Wrong(f"{given}: its operations cannot be counted. {error}") from None
    if counted.parameters > BUDGET_PARAMETERS:
        largest = counted.layers.loc[counted.layers["parameters"].idxmax()]
        hint = (
            " A dense layer behind Flatten grows with the picture; a pool over all places does not."
            if largest["type"] == "Dense"
            else ""
        )
        raise Wrong(
            f"{given} has {counted.parameters:,} parameters, and {BUDGET_PARAMETERS:,} are allowed. The layer "
            f"{largest['layer']} has most, {largest['parameters']:,}.{hint}"
        )
    if size == BUDGET_SIZE and counted.macs > BUDGET_MACS:
        largest = counted.layers.loc[counted.layers["macs"].idxmax()]
        raise Wrong(
            f"{given} needs {counted.macs:,} multiply-accumulates a face, and {BUDGET_MACS:,} are allowed. The layer "
            f"{largest['layer']} needs most, {largest['macs']:,}: make its map smaller first (strides=2), or mix fewer "
            "channels."
        )


def _check_answers(made, given: str, rng: np.random.Generator) -> None:
    """Probabilities that add up to 1 and depend on every quarter of the picture."""
    side = made.input_shape[1]
    face = rng.uniform(0, 255, (1, side, side, 1)).astype("float32")
    said = np.asarray(made(face, training=False))
    if not np.allclose(said.sum(axis=1), 1, atol=1e-3) or (said < 0).any():
        raise Wrong(f"{given}: the outputs of a face add up to {said.sum():.3g} and not to 1. End with a softmax.")
    half = side // 2
    for row, high in enumerate(("upper", "lower")):
        for column, wide in enumerate(("left", "right")):
            changed = face.copy()
            changed[:, row * half : (row + 1) * half, column * half : (column + 1) * half] *= 0.1
            if np.array_equal(np.asarray(made(changed, training=False)), said):
                raise Wrong(f"{given}: the {high} {wide} quarter of the picture changes nothing in the outputs.")
