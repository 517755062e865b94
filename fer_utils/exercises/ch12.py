"""Chapter 12: distillation loss (12-1), non-inferiority (12-3), Pareto front (12-4)."""

from __future__ import annotations

from collections.abc import Mapping
import itertools

import numpy as np
from scipy import stats

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
    factor=None,
    shared=False,
    told_softened=False,
    told_by_teacher=False,
    logits=False,
    axis=1,
) -> float:
    def soften(p, wanted):
        warm = p ** (power(temperature) if power else 1 / temperature) if wanted else p
        warm = np.exp(p / temperature) if logits else warm
        return warm / warm.sum(axis=axis, keepdims=True) if scaled else warm

    p, q = soften(student, softened[0]), soften(teacher, softened[1])
    p, q = (q, p) if turned else (p, q)
    shown = teacher.argmax(axis=1) if about == "teacher" else labels
    judged = soften(student, True) if told_softened else teacher if told_by_teacher else student
    told = -log(judged[np.arange(len(shown)), shown]) * labelled
    apart = q * (-log(p) if cross else log(q / p))
    apart = apart.mean(axis=1) if mean_of_all else apart.sum(axis=1)
    told = (1 - weight) * told if shared else told
    times = weight * (temperature**2 if squared else 1) if factor is None else factor(weight, temperature)
    each = told + times * apart
    return float(each.mean() if mean else each.sum())


#: What was done instead, and how to say it.
_SLIPS = [
    (
        {"squared": False},
        "It looks as if the factor T² is missing: without it the teacher counts the less, the higher the temperature.",
    ),
    ({"factor": lambda weight, t: weight * t}, "It looks as if the factor is T; it is T²."),
    (
        {"factor": lambda weight, t: weight / t**2},
        "It looks as if the second term was divided by T²; it is multiplied.",
    ),
    ({"factor": lambda weight, t: t**2}, "It looks as if the weight is missing: the second term is multiplied by it."),
    (
        {"factor": lambda weight, t: -weight * t**2},
        "The second term has the wrong sign: log(q/p) weighs with a plus, and p is the student's.",
    ),
    (
        {"shared": True},
        "It looks as if the labels' term was multiplied by 1 - weight, as in other texts; in this formula it is not.",
    ),
    (
        {"told_softened": True},
        "It looks as if the first term was softened, too: it has the student's probabilities as they are.",
    ),
    ({"told_by_teacher": True}, "It looks as if the first term has the teacher's probability; it has the student's."),
    (
        {"logits": True},
        "It looks as if the probabilities went into a softmax like logits. Raise them to the power of 1/T, or take "
        "their logarithm first.",
    ),
    ({"axis": 0}, "It looks as if the columns were divided by their sums: each face's row adds up to 1."),
    ({"axis": None}, "It looks as if all numbers were divided by one sum: each face's row adds up to 1."),
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
    two=False,
    more=0,
    times=1,
    squared=False,
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
    error = error**2 if squared else error
    freedom = people - 1 + more if paired else 2 * people - 2
    factor = 2 if two else stats.norm.ppf(quantile) if normal else stats.t.ppf(quantile, freedom)
    half = factor * error / (1 if per_person else np.sqrt(people))
    return float(times * (apart.mean() + (half if upper else -half)))


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
    ({"two": True}, "It looks like a factor of 2; take Student's quantile, of n - 1 degrees."),
    ({"more": 1}, "It looks like n degrees of freedom; of n differences there are n - 1."),
    ({"quantile": 0.9}, "It looks like the quantile 0.9; a two-sided interval of 95 % has the quantile 0.975."),
    ({"times": 100}, "That is in points; accuracies are from 0 to 1 here, and the margin, too."),
    ({"squared": True}, "It looks as if the variance was used: the standard error is its root, divided by that of n."),
    ({"ddof": 0}, "It looks like a standard deviation that divides by n; of a sample it divides by n - 1 (ddof=1)."),
    ({"per_person": True}, "The standard error is the standard deviation divided by the square root of n."),
    ({"upper": True}, "That is the upper end of the interval; the worst case is the lower end."),
)


def _cases_of_people() -> list[tuple[np.ndarray, np.ndarray, float, str]]:
    """Accuracies of people under two methods, a margin, and what the case is made to tell apart."""
    rng = np.random.default_rng(123)
    made = []
    for people, gain, spread, margin in [
        (8, 0.0, 0.01, 0.02),
        (5, 0.03, 0.02, 0.01),
        (24, -0.005, 0.06, 0.01),
        (12, -0.01, 0.01, 0.02),  # shown; not for a margin that is taken as a share of the old accuracy
    ]:
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
    if not shown and -margin < low < -margin * old.mean():
        return (
            f"the lower end, {low:.4f}, lies above -{margin}, so non-inferiority is shown. The margin is a difference "
            "of accuracies, and no share of the old one."
        )
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
    fronts = [_named_front(answer, values, costs) for values, costs in cases]
    for (values, costs), got in zip(cases, fronts, strict=True):
        wanted = _front(values, costs)
        if set(got) == wanted and len(got) == len(wanted):
            continue
        given = _listed(values, costs)
        if set(got) == wanted:
            raise Wrong(f"for {given}: each name once; got {sorted(got)}.")
        raise Wrong(
            f"for {given}: the front is {sorted(wanted)}; yours is {sorted(got)}. "
            f"{_front_hint(cases, fronts, values, costs, got)}"
        )
    return "right, also where costs or accuracies are equal."


def _listed(values: Mapping[str, float], costs: Mapping[str, float]) -> str:
    return "accuracies and costs " + "; ".join(f"{name} {values[name]:g} for {costs[name]:g}" for name in values)


def _turned(costs: Mapping[str, float]) -> dict[str, float]:
    """The same dictionary, whose first name is the last one."""
    first, *others = costs
    return {name: costs[name] for name in (*others, first)}


def _named_front(answer, values: dict[str, float], costs: dict[str, float]) -> list[str]:
    """The names that an answer returns, with the costs in another order than the accuracies."""
    given = _listed(values, costs)
    made = asked(answer, "pareto_front(accuracy, cost)", dict(values), _turned(costs))
    if isinstance(made, Mapping) and any(isinstance(one, (bool, np.bool_)) for one in made.values()):
        raise Wrong(f"for {given}: return the names on the front only, and not True or False for every name.")
    try:
        got = None if isinstance(made, (str, bytes)) else list(itertools.islice(made, 3 * len(values)))
    except TypeError:
        got = None
    if got is None:
        raise Wrong(f"for {given}: return the names, as a list or a set; got {type(made).__name__}.")
    if not all(isinstance(name, str) and name in values for name in got):
        raise Wrong(f"for {given}: return names of methods only; got {got!r}.")
    return got


def _front_hint(cases: list, fronts: list, values: dict, costs: dict, got: list) -> str:
    """What was done instead: a rule that explains the answers to all cases, or the first method that is wrong."""
    for rule, words in _FRONT_SLIPS.items():
        if all(set(front) == _front(*case, rule=rule) for case, front in zip(cases, fronts, strict=True)):
            return words
    mixed = [_front(case, dict(zip(case, _turned(cost).values(), strict=True))) for case, cost in cases]
    if all(set(front) == other for front, other in zip(fronts, mixed, strict=True)):
        return "It looks as if costs were taken by their place: the two dictionaries may have another order. Use names."
    extra, missing = sorted(set(got) - _front(values, costs)), sorted(_front(values, costs) - set(got))
    return f"{extra[0]} is beaten by another." if extra else f"{missing[0]} is beaten by none."
