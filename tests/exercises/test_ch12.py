"""Chapter 12's graders: answers that are right or plausibly wrong, and what the chapter says."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess

import graded
import keras
from keras import layers, ops
import numpy as np
import pytest
from scipy import special, stats

from fer_utils import models
from fer_utils.exercises import ch12, ch12_budget
from fer_utils.plotting import pareto
from fer_utils.reporting import protocol_tables


def bound(new, old, *, quantile=0.975, normal=False, ddof=1, root=True, turned=False, upper=False):
    apart = old - new if turned else new - old
    factor = stats.norm.ppf(quantile) if normal else stats.t.ppf(quantile, len(apart) - 1)
    half = factor * apart.std(ddof=ddof) / (np.sqrt(len(apart)) if root else 1)
    return apart.mean() + (half if upper else -half)


def judged(new, old, margin, **mistakes):
    """An answer to 12-3."""
    low = bound(new, old, **mistakes)
    return float(low), bool(low > -margin)


def unpaired(new, old, margin):
    n = len(new)
    error = np.sqrt(new.var(ddof=1) / n + old.var(ddof=1) / n)
    low = new.mean() - old.mean() - stats.t.ppf(0.975, 2 * n - 2) * error
    return low, low > -margin


def by_scipy(new, old, margin):
    low = stats.ttest_rel(new, old).confidence_interval(0.95).low
    return [np.float64(low), np.bool_(low > -margin)]


def by_a_one_sided_test(new, old, margin):
    """The same decision by its p-value."""
    p = stats.ttest_1samp(new - old, -margin, alternative="greater").pvalue
    return bound(new, old), bool(p < 0.025)


def judged_in_place(new, old, margin):
    new -= old
    return judged(new, 0 * old, margin)


def front(
    accuracy, cost, *, rule=lambda better, cheaper, as_good, as_cheap: as_good and as_cheap and (better or cheaper)
):
    """An answer to 12-4."""

    def beaten(name, other):
        better, cheaper = accuracy[other] > accuracy[name], cost[other] < cost[name]
        return rule(better, cheaper, accuracy[other] >= accuracy[name], cost[other] <= cost[name])

    return [name for name in accuracy if not any(beaten(name, other) for other in accuracy if other != name)]


def front_by_sorting(accuracy, cost):
    """Cheapest first; whoever is better than all that are cheaper stays, and equals of the same cost with it."""
    kept, best, price = set(), -np.inf, None
    for name in sorted(accuracy, key=lambda one: (cost[one], -accuracy[one])):
        if accuracy[name] > best:
            best, price = accuracy[name], cost[name]
            kept.add(name)
        elif accuracy[name] == best and cost[name] == price:
            kept.add(name)
    return kept


def network(
    classes,
    size,
    *,
    widths=(16, 32, 64),
    first=8,
    strides=2,
    end=layers.GlobalAveragePooling2D,
    last="softmax",
    channels=1,
    kind=layers.SeparableConv2D,
    crop=None,
):
    """An answer to 12-5."""
    return keras.Sequential(
        [
            keras.Input((size, size, channels)),
            layers.Rescaling(1 / 255),
            *([layers.Cropping2D(crop(size))] if crop else []),
            layers.Conv2D(first, 3, strides=strides, padding="same", activation="relu"),
            *(kind(width, 3, strides=2, padding="same", activation="relu") for width in widths),
            *([end()] if end else []),
            layers.Dense(classes, activation=last),
        ]
    )


def functional(classes, size):
    """Depthwise and pointwise layers of their own, batch normalisation, a residual connection, a pool of maxima."""
    faces = keras.Input((size, size, 1))
    x = layers.Conv2D(12, 5, strides=4, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(faces))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters in (24, 48):
        x = layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
        x = layers.ReLU()(layers.Conv2D(filters, 1)(x))
        x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    return keras.Model(faces, layers.Softmax()(layers.Dense(classes)(layers.GlobalMaxPooling2D()(x))))


def told(
    student,
    teacher,
    labels,
    weight,
    temperature,
    *,
    factor=lambda weight, t: weight * t**2,
    share=1.0,
    shown=None,
    soften=lambda p, t: p ** (1 / t),
    axis=1,
):
    """An answer to 12-1; the options are mistakes."""
    p, q = (soften(part, temperature) for part in (student, teacher))
    p, q = (part / part.sum(axis=axis, keepdims=True) for part in (p, q))
    shown = student if shown is None else shown(p, teacher)
    first = -np.log(shown[np.arange(len(labels)), labels])
    return np.mean(share * first + factor(weight, temperature) * (q * np.log(q / p)).sum(axis=1))


def told_by_keras(student, teacher, labels, weight, temperature):
    p, q = (ops.softmax(ops.log(part) / temperature) for part in (student, teacher))
    labelled = keras.losses.SparseCategoricalCrossentropy()(labels, student)
    return labelled + weight * temperature**2 * keras.losses.KLDivergence()(q, p)


def told_by_scipy(student, teacher, labels, weight, temperature):
    p, q = (special.softmax(np.log(part) / temperature, axis=1) for part in (student, teacher))
    apart = special.rel_entr(q, p).sum() / len(labels)
    return -np.log(np.take_along_axis(student, labels[:, None], 1)).mean() + weight * temperature**2 * apart


def bound_of(new, old, *, factor=None, freedom=-1, times=1):
    """The lower end with another factor or other degrees of freedom."""
    apart = new - old
    factor = stats.t.ppf(0.975, len(apart) + freedom) if factor is None else factor
    return times * (apart.mean() - factor * apart.std(ddof=1) / np.sqrt(len(apart)))


def by_place(accuracy, cost):
    """The costs are taken by their place."""
    return front(accuracy, dict(zip(accuracy, cost.values(), strict=True)))


def of_blocks(classes, size):
    """Blocks that are models themselves."""
    x = faces = keras.Input((size, size, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same")(x / 255)
    for filters in (16, 24):
        layer = layers.SeparableConv2D(filters, 3, strides=2, padding="same")
        x = keras.Sequential([layer, layers.BatchNormalization(), layers.ReLU()])(x)
    return keras.Model(faces, layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def two_outputs(classes, size):
    made = functional(classes, size)
    return keras.Model(made.inputs, [made.outputs[0], made.outputs[0]])


OPERATIONS = {"x": "operations", "y": "accuracy"}


def claims(true=None, against=None):
    return {"for": true or {"x": "parameters", "y": "accuracy"}, "against": against or OPERATIONS}


WRONG = [
    ("12-1", lambda *a: told(*a, factor=lambda weight, t: weight * t), "is T; it is T²"),
    ("12-1", lambda *a: told(*a, factor=lambda weight, t: weight / t**2), "divided by T²"),
    ("12-1", lambda *a: told(*a, factor=lambda weight, t: t**2), "weight is missing"),
    ("12-1", lambda *a: told(*a, factor=lambda weight, t: -weight * t**2), "wrong sign"),
    ("12-1", lambda *a: told(*a, share=1 - a[3]), "1 - weight"),
    ("12-1", lambda *a: told(*a, shown=lambda p, teacher: p), "first term was softened"),
    ("12-1", lambda *a: told(*a, shown=lambda p, teacher: teacher), "it has the student's"),
    ("12-1", lambda *a: told(*a, soften=lambda p, t: np.exp(p / t)), "like logits"),
    ("12-1", lambda *a: told(*a, axis=0), "columns were divided"),
    ("12-1", lambda *a: told(*a, axis=None), "by one sum"),
    ("12-3", lambda n, o, m: (bound_of(n, o, factor=2), True), "a factor of 2"),
    ("12-3", lambda n, o, m: (bound_of(n, o, freedom=0), True), "n degrees of freedom"),
    ("12-3", lambda n, o, m: (bound_of(n, o, times=100), True), "in points"),
    ("12-3", lambda *a: judged(*a, quantile=0.9), "quantile 0.9"),
    ("12-3", lambda n, o, m: (bound(n, o), bool(bound(n, o) > -m * o.mean())), "no share of the old one"),
    ("12-4", by_place, "Use names"),
    ("12-4", lambda a, c: {name: name in front(a, c) for name in a}, "not True or False"),
    ("12-4", lambda a, c: [max(a, key=lambda name: a[name] / c[name])], "b is beaten by none"),
    (
        "12-5",
        lambda *a: network(*a, crop=lambda size: ((size // 3, size // 3), (size // 3, size // 3))),
        "do not crop",
    ),
    ("12-5", two_outputs, "one output"),
    ("12-7", claims({"x": "parameters", "y": "accuracy", "sizes": 80}), "a list such as [80]"),
    ("12-7", claims({"x": "parameters", "y": "accuracy", "families": "hog"}), '"families" should be a list'),
    ("12-3", lambda *a: judged(*a, turned=True), "new minus old"),
    ("12-3", unpaired, "different people"),
    ("12-3", lambda *a: judged(*a, normal=True), "1.96"),
    ("12-3", lambda *a: judged(*a, quantile=0.95), "0.975"),
    ("12-3", lambda *a: judged(*a, ddof=0), "n - 1"),
    ("12-3", lambda *a: judged(*a, root=False), "square root of n"),
    ("12-3", lambda *a: judged(*a, upper=True), "upper end"),
    ("12-3", lambda n, o, m: (bound(n, o), bool(bound(n, o) > 0)), "no obstacle"),
    ("12-3", lambda n, o, m: (bound(n, o), bool(bound(n, o) > m)), "minus the margin"),
    ("12-3", lambda n, o, m: (bound(n, o), bool((n - o).mean() > -m)), "is not enough"),
    ("12-3", lambda n, o, m: (bound(n, o), bool(stats.ttest_rel(n, o).pvalue > 0.05)), "another test"),
    ("12-3", lambda n, o, m: (bound(n, o), True), "is not shown"),
    ("12-3", lambda n, o, m: (bound(n, o), "yes"), "True or False"),
    ("12-3", lambda n, o, m: bound(n, o), "two things"),
    ("12-3", lambda n, o, m: (True, bound(n, o)), "first thing should be one number"),
    ("12-3", lambda n, o, m: (0.0, True), "the lower end is"),
    ("12-3", judged_in_place, "changed the arrays"),
    ("12-3", lambda n, o: (0.0, True), "non_inferior(new, old, margin)"),
    ("12-4", lambda *a: front(*a, rule=lambda better, cheaper, *_: better and cheaper), "asks for too much"),
    ("12-4", lambda *a: front(*a, rule=lambda _, __, as_good, as_cheap: as_good and as_cheap), "both stay"),
    ("12-4", lambda *a: front(*a, rule=lambda better, cheaper, *_: better or cheaper), "single respect"),
    ("12-4", lambda a, c: front(a, {name: -cost for name, cost in c.items()}), "more cost were better"),
    ("12-4", lambda a, c: front({name: -value for name, value in a.items()}, c), "less accuracy were better"),
    ("12-4", lambda a, c: [max(a, key=a.get)], "beaten by none"),
    ("12-4", lambda a, c: list(a), "is beaten by another"),
    ("12-4", lambda a, c: front(a, c) * 2, "each name once"),
    ("12-4", lambda a, c: [a[name] for name in front(a, c)], "names of methods only"),
    ("12-4", lambda a, c: len(a), "as a list or a set"),
    ("12-4", lambda a: list(a), "pareto_front(accuracy, cost)"),
    ("12-5", lambda *a: network(*a, end=layers.Flatten), "grows with the picture"),
    ("12-5", lambda *a: network(*a, widths=(32, 64, 128)), "5,000 are allowed"),
    ("12-5", lambda *a: network(*a, strides=1), "500,000 are allowed"),
    ("12-5", lambda *a: network(*a, widths=(16, 24), kind=layers.Conv2D), "500,000 are allowed"),
    ("12-5", lambda *a: network(*a, widths=(64,)), "has 2"),
    ("12-5", lambda *a: network(*a, last=None), "End with a softmax"),
    ("12-5", lambda *a: network(*a, last="sigmoid"), "End with a softmax"),
    ("12-5", lambda *a: network(*a, end=None), "turns a map into numbers"),
    ("12-5", lambda *a: network(*a, channels=3), "the input should be (64, 64, 1)"),
    ("12-5", lambda classes, size: network(8, size), "the output should be 7"),
    ("12-5", lambda classes, size: network(classes, 64), "the input should be (48, 48, 1)"),
    ("12-5", lambda *a: network(*a, crop=lambda size: ((size // 2, 0), (0, 0))), "upper left quarter"),
    ("12-5", lambda *a: network(*a).layers, "got list"),
    ("12-5", lambda *a: keras.Sequential([layers.Conv2D(4, 3)]), "no weights yet"),
    ("12-5", lambda classes: network(classes, 64), "small_network(classes, size)"),
    ("12-7", claims(against={"x": "parameters", "y": "accuracy"}), "is on this frontier"),
    ("12-7", claims(against={"x": "accuracy", "y": "random"}), "not both known"),
    ("12-7", claims(against=OPERATIONS | {"families": ["hog"]}), "leaves nano out"),
    ("12-7", claims(against=OPERATIONS | {"limits": {"accuracy": [0.65, None]}}), "leaves nano out"),
    ("12-7", claims(against=OPERATIONS | {"unconverged": True}), "no claim may rest on them"),
    ("12-7", claims({"x": "accuracy", "y": "operations"}), "beats it"),
    ("12-7", claims(OPERATIONS | {"limits": {"parameters": [None, 25_000]}}), "only 1 of the systems"),
    ("12-7", claims({"x": "file", "y": "file"}), "another quantity than x"),
    ("12-7", claims({"x": "price", "y": "accuracy"}), "one of accuracy"),
    ("12-7", claims({"x": "file"}), 'needs "x" and "y"'),
    ("12-7", claims("file"), "should be a dict such as"),
    ("12-7", claims() | {"besides": OPERATIONS}, "two entries"),
    ("12-7", [OPERATIONS, OPERATIONS], "two entries"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("12-1", told),
    ("12-1", told_by_keras),
    ("12-1", told_by_scipy),
    ("12-5", of_blocks),
    ("12-3", judged),
    ("12-3", by_scipy),
    ("12-3", by_a_one_sided_test),
    ("12-4", front),
    ("12-4", front_by_sorting),
    ("12-4", lambda a, c: pareto.non_dominated(a, c)),
    ("12-5", network),
    ("12-5", functional),
    ("12-5", lambda *a: network(*a, widths=(12, 24, 48), first=6)),
    ("12-7", claims()),
    ("12-7", claims({"x": "file", "y": "time"}, {"x": "accuracy", "y": "operations"})),
    ("12-7", claims({"x": "parameters", "y": "operations"}, OPERATIONS | {"limits": {"accuracy": [0.6, None]}})),
    ("12-7", claims({"x": "time", "y": "file", "sizes": (80,)}, OPERATIONS | {"families": {"networks", "hog"}})),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def cells_of(root) -> list[dict]:
    return json.loads((root / "notebooks" / "12_smaller.ipynb").read_text())["cells"]


def cell(root, word: str) -> str:
    """The code of the one cell that has this word."""
    (found,) = [one["source"] for one in cells_of(root) if one["cell_type"] == "code" and word in one["source"]]
    return found


def test_the_chapters_nano_is_the_packages(root):
    """The visible cell, run: count, and outputs with the same weights."""
    space = {"keras": keras, "layers": layers}
    exec(cell(root, "def nano("), space)
    rng = np.random.default_rng(12)
    by_hand, ours = space["nano"](7, 52), models.build("nano", classes=7, input_shape=(52, 52, 1))
    weights = [rng.normal(0, 0.3, w.shape) ** 2 for w in ours.get_weights()]
    faces = rng.uniform(0, 255, (3, 52, 52, 1)).astype("float32")
    by_hand.set_weights(weights)
    ours.set_weights(weights)
    assert np.allclose(by_hand(faces), ours(faces), atol=1e-5)
    assert by_hand.count_params() == ours.count_params()


def test_the_chapters_loss_is_that_of_the_package_and_of_the_exercise(root):
    space = {"keras": keras, "ops": ops}
    exec(cell(root, "def distillation_loss("), space)
    rng = np.random.default_rng(13)
    student, teacher = (rng.dirichlet(np.ones(5), 6).astype("float32") for _ in range(2))
    labels = rng.integers(0, 5, 6)
    for weight, temperature in ((0.0, 3.0), (1.0, 1.0), (0.7, 4.0)):
        made = float(space["distillation_loss"](student, teacher, labels, weight, temperature))
        assert made == pytest.approx(ch12._reference(student, teacher, labels, weight, temperature), rel=1e-4)
    pixels = keras.Input((5,))
    plain = [keras.Model(pixels, layers.Softmax()(layers.Dense(5)(pixels))) for _ in range(2)]
    x = rng.normal(size=(6, 5)).astype("float32")
    said = [np.asarray(one(x)) for one in plain]
    wrapped = models.taught(plain[0], [plain[1]], weight=0.7, temperature=4.0)
    wrapped.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    by_hand = float(space["distillation_loss"](*said, labels, 0.7, 4.0))
    assert float(wrapped.train_on_batch(x, labels)) == pytest.approx(by_hand, rel=1e-4)


def test_the_limit_that_the_answer_to_12_6_gives():
    """T² times the divergence nears half the mean square of the difference of centred logarithms."""
    rng = np.random.default_rng(14)
    q, p = rng.dirichlet(np.ones(8), 2)
    a, b = (np.log(one) - np.log(one).mean() for one in (q, p))

    soft = [one**0.001 / (one**0.001).sum() for one in (q, p)]  # T = 1,000
    assert 1e6 * (soft[0] * np.log(soft[0] / soft[1])).sum() == pytest.approx(((a - b) ** 2).sum() / (2 * 8), rel=0.01)


def test_the_budget_of_12_5_is_the_one_that_is_graded(root):
    (text,) = [one["source"] for one in cells_of(root) if "Exercise 12-5" in one["source"]]
    assert f"{ch12_budget.BUDGET_PARAMETERS:,} parameters" in text and f"at {ch12_budget.BUDGET_SIZE} pixels" in text
    assert f"{ch12_budget.BUDGET_MACS:,} multiply-accumulates" in text and ch12_budget.BUDGET_CONVOLUTIONS == 3


def test_the_commits_that_the_chapter_names_hold_what_it_says(root):
    """The rule was written down after the network and before the first stored answer."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        pytest.skip("no history here: clone the repository with git to check the commits that chapter 12 names")

    def asked(*command: str) -> str:
        done = subprocess.run([git, "-C", str(root), *command], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"git {' '.join(command)} says: {done.stderr.strip()}. Fetch the whole history to check.")
        return done.stdout

    (text,) = [one["source"] for one in cells_of(root) if "## How the design was chosen" in one["source"]]
    named = [line.split("|") for line in text.splitlines() if line.startswith("| 20")]
    assert len(named) >= 5
    for _, when, commit, *_ in named:
        shown = asked("show", "-s", "--format=%ct", commit.strip(" `"))
        at = datetime.datetime.fromtimestamp(int(shown), datetime.UTC)
        assert f"{at:%Y-%m-%d %H:%M}" == when.strip()
    assert [when for _, when, *_ in named] == sorted(when for _, when, *_ in named)
    rule = asked("show", "eb2a590:fer_utils/studies/nano.py")
    assert 'apart["value"] > 0 and apart["low"] > -0.01' in rule
    assert protocol_tables.MARGIN == 0.01
