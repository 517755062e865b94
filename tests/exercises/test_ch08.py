"""Chapter 8's graders: answers that are right or plausibly wrong; more to 08-1 are in test_exercises.py."""

from __future__ import annotations

import json

import graded
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from fer_utils import explain
from fer_utils.exercises import ch08, ch08_groups
from fer_utils.studies import drawn_confusions


def parts(front, head, picture, label):
    """Features and gradient of one picture, each (h, w, K)."""
    features = front(picture[None])
    with tf.GradientTape() as tape:
        tape.watch(features)
        score = head(features)[0, label] if label is not None else tf.reduce_sum(head(features))
    return features[0].numpy(), tape.gradient(score, features)[0].numpy()


def cam(front, head, picture, label, *, over=np.mean, relu=True, average=True, scale=False):
    """An answer to 08-3."""
    features, gradient = parts(front, head, picture, label)
    weights = over(gradient, axis=(0, 1)) if average else gradient
    heat = (weights * features).sum(axis=2)
    heat = np.maximum(heat, 0) if relu else heat
    return heat / max(heat.max(), 1e-12) if scale else heat


def by_slopes(front, head, picture, label):
    """No tape: the slope of the score along each feature, by a small step up and down."""
    features = front(picture[None]).numpy()[0].astype(float)
    weights = np.zeros(features.shape[2])
    for k in range(features.shape[2]):
        step = np.zeros(features.shape)
        step[:, :, k] = 3e-3
        up, down = (head((features + sign * step)[None].astype("float32"))[0, label] for sign in (1, -1))
        weights[k] = float(up - down) / 6e-3 / features[:, :, k].size
    return np.maximum(features @ weights, 0)


def by_the_package(front, head, picture, label):
    """The parts joined again, and the map left as small as the features are."""
    whole = keras.Model(front.inputs, head(front.outputs[0]))
    features, slopes = explain.gradients(whole, picture[None], np.array([label]), layer=whole.layers[-2].name)
    return tf.nn.relu(tf.reduce_sum(tf.reduce_mean(slopes, (1, 2), True) * features, -1))[0]


def early_relu(front, head, picture, label):
    features, gradient = parts(front, head, picture, label)
    return np.maximum(gradient.mean(axis=(0, 1)) * features, 0).sum(axis=2)


def own_answer(front, head, picture, label):
    return cam(front, head, picture, int(np.argmax(head(front(picture[None])))))


def gradient_only(front, head, picture, label):
    return np.maximum(parts(front, head, picture, label)[1].sum(axis=2), 0)


def gap(answers):
    """An answer to 08-5."""
    means = {}
    for group, rows in answers.groupby("group"):
        means[group] = rows.groupby("actor")["right"].mean().mean()
    return max(means.values()) - min(means.values())


def gap_by_pivot(answers):
    people = answers.pivot_table(index="actor", columns="group", values="right", aggfunc="mean")
    return np.ptp(people.mean().to_numpy())


def gap_by_hand(answers):
    """No pandas beyond the rows: sums and counts in dicts."""
    people = {}
    for actor, group, right in answers.itertuples(index=False):
        people.setdefault((group, actor), []).append(int(right))
    groups = {}
    for (group, _), values in people.items():
        groups.setdefault(group, []).append(sum(values) / len(values))
    means = [sum(values) / len(values) for values in groups.values()]
    return np.array([max(means) - min(means)])


def gap_in_place(answers):
    made = gap(answers)
    answers["right"] = 0
    return made


def person_means(answers):
    return answers.groupby(["group", "actor"])["right"].mean()


def pooled(answers):
    means = answers.groupby("group")["right"].mean()
    return means.max() - means.min()


def occluded(ask, picture, label, patch, *, fill=None, step=None, loss=lambda plain, left: plain - left):
    """An answer to 08-1; ``fill`` says what a square is covered with, ``step`` how far apart they lie."""
    made = np.zeros((picture.shape[0] // patch, picture.shape[1] // patch))
    plain, step = ask(picture[None])[0, label], step or patch
    for i, j in np.ndindex(made.shape):
        covered = picture.astype(float)
        part = np.s_[i * step : i * step + patch, j * step : j * step + patch]
        covered[part] = picture.mean() if fill is None else fill(picture[part])
        made[i, j] = loss(plain, ask(covered[None])[0, label])
    return made


def sliding(ask, picture, label, patch):
    high, wide = (side - patch + 1 for side in picture.shape)
    return np.zeros((high, wide))


def at_once(ask, picture, label, patch):
    """All covered pictures in one stack of 32-bit floats."""
    high, wide = picture.shape[0] // patch, picture.shape[1] // patch
    stack = np.repeat(picture[None].astype("float32"), high * wide + 1, axis=0)
    for k in range(high * wide):
        top, left = patch * (k // wide), patch * (k % wide)
        stack[k + 1, top : top + patch, left : left + patch] = picture.mean()
    chances = ask(stack)[:, label]
    return (chances[0] - chances[1:]).reshape(high, wide)


def cam_of(front, head, picture, label, *, score=None, axes=(1, 2), over=tf.reduce_mean, watch=True, late=False):
    """An answer to 08-3 with TensorFlow's own functions; the options are mistakes."""
    features = front(picture[None])
    score = score or (lambda scores: scores[0, label])
    early = score(head(features))
    with tf.GradientTape() as tape:
        if watch:
            tape.watch(features)
        value = early if late else score(head(features))
    weights = over(tape.gradient(value, features), axis=axes, keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * features, axis=3))[0].numpy()


def by_jacobian(front, head, picture, label, scale=1.0):
    features = tf.Variable(front(picture[None]))
    with tf.GradientTape(persistent=True) as tape:
        scores = head(features)
    slopes = tape.jacobian(scores, features)[0, label, 0]
    return tf.nn.relu(tf.einsum("hwk,k->hw", features[0], tf.reduce_mean(slopes, (0, 1))))


def resized(*a):
    return tf.image.resize(cam(*a)[..., None], a[2].shape[:2])[..., 0].numpy()


def group_means(answers):
    return person_means(answers).groupby("group").mean()


WRONG = [
    ("08-1", lambda *a: occluded(*a, fill=np.mean), "its own mean"),
    ("08-1", lambda *a: occluded(*a, fill=lambda part: 128), "a fixed grey"),
    ("08-1", lambda a, p, *b: occluded(a, p, *b, fill=lambda part: np.median(p)), "picture's median"),
    ("08-1", lambda *a: occluded(*a, step=1), "1 pixel apart"),
    ("08-1", lambda *a: occluded(*a, loss=lambda plain, left: 1 - left / plain), "divided by the plain"),
    ("08-1", lambda *a: occluded(*a, loss=lambda plain, left: np.log(plain / left)), "of a logarithm"),
    ("08-1", lambda *a: 100 * occluded(*a), "per cent"),
    ("08-1", lambda *a: np.abs(occluded(*a)), "lost its signs"),
    ("08-1", lambda *a: np.maximum(occluded(*a), 0), "below 0 became 0"),
    ("08-1", sliding, "do not overlap"),
    ("08-1", lambda ask, p, label, patch: 0 * p, "one for each square"),
    ("08-3", lambda *a: cam_of(*a, score=lambda s: tf.nn.softmax(s)[0, a[3]]), "A softmax was put"),
    ("08-3", lambda *a: cam_of(*a, score=lambda s: tf.nn.log_softmax(s)[0, a[3]]), "log-softmax"),
    ("08-3", lambda *a: cam_of(*a, score=lambda s: -tf.nn.log_softmax(s)[0, a[3]]), "of a loss"),
    ("08-3", lambda *a: cam_of(*a, axes=(0, 1)), "axes 1 and 2"),
    ("08-3", lambda *a: cam_of(*a, axes=None), "over the features, too"),
    ("08-3", lambda *a: cam_of(*a, over=tf.reduce_max), "largest gradient"),
    ("08-3", lambda *a: cam_of(*a, watch=False), "tape.watch(features)"),
    ("08-3", lambda *a: cam_of(*a, late=True), "inside of the tape's block"),
    ("08-3", lambda front, *a: cam_of(lambda stack: front(stack[0]), *a), "picture[None]"),
    ("08-3", resized, "do not resize"),
    ("08-3", lambda *a: cam_of(*a, over=lambda g, **k: -tf.reduce_mean(g, **k)), "other way round"),
    ("08-3", lambda *a: cam_of(*a, over=lambda g, **k: tf.abs(tf.reduce_mean(g, **k))), "weights lost their signs"),
    ("08-3", lambda *a: cam_of(*a, score=lambda s: s[a[3], 0]), "is [0, label]"),
    ("08-3", lambda *a: cam_of(*a, score=lambda s: s.numpy()[0, a[3]]), "as tensors"),
    ("08-3", lambda *a: cam(*a)[..., None], "without keeping their axis"),
    ("08-3", lambda *a: cam(*a).T, "Rows come first"),
    ("08-3", lambda f, h, picture, label: cam(f, h, picture / 255, label), "your function gave 0.0000."),
    ("08-4", (2, 9), "take away the baseline"),
    ("08-4", (1, 12), "moves from 1 to 4"),
    ("08-4", (1, 3), "how far the pixel moved"),
    ("08-4", (5, 12), "without the limit of 2"),
    ("08-4", (4, 3), "its mean gradient"),
    ("08-5", lambda answers: group_means(answers).min() / group_means(answers).max(), "a ratio"),
    ("08-5", lambda answers: gap(answers) / group_means(answers).max(), "divided by the largest"),
    ("08-5", lambda answers: np.diff(np.sort(group_means(answers)))[-1], "minus the second"),
    ("08-5", lambda answers: np.ptp(person_means(answers).groupby("group").median()), "by a median"),
    ("08-5", lambda answers: (group_means(answers).max(), group_means(answers).min()), "Subtract the smallest"),
    ("08-7", (1.0, 0.8), "at least two"),
    ("08-7", (1 / 36, 35 / 42), "called something else"),
    ("08-3", lambda *a: cam(*a, relu=False), "apply a ReLU"),
    ("08-3", lambda *a: cam(*a, average=False), "HiResCAM"),
    ("08-3", lambda *a: cam(*a, over=np.sum), "take the mean"),
    ("08-3", lambda *a: cam(*a, scale=True), "own units"),
    ("08-3", early_relu, "too early"),
    ("08-3", own_answer, "asked is `label`"),
    ("08-3", lambda front, head, picture, label: cam(front, head, picture, None), "score of `label` alone"),
    ("08-3", gradient_only, "gradient alone"),
    ("08-3", lambda *a: np.abs(cam(*a, relu=False)), "became positive"),
    ("08-3", lambda *a: cam(*a)[None], "out of the batch"),
    ("08-3", lambda *a: cam(*a) + 1, "should be"),
    ("08-3", lambda *a: "map", "array of numbers"),
    ("08-3", lambda front, head: None or 1, "grad_cam_of(front, head, picture, label)"),
    ("08-4", (0, 9), "saturated"),
    ("08-4", (2, 12), "from the baseline"),
    ("08-4", (0.25, 3), "mean gradient"),
    ("08-4", (0, 12), "forgets the baseline"),
    ("08-4", (4, 9), "only up to 2"),
    ("08-4", (9, 1), "changed places"),
    ("08-4", (-1, -9), "other way round"),
    ("08-4", (3, 4), "sum to 7"),
    ("08-4", (5, 5), "not the right parts"),
    ("08-4", 10, "two numbers"),
    ("08-4", "1, 9", "two numbers"),
    ("08-5", pooled, "counts pictures"),
    ("08-5", lambda answers: -gap(answers), "other way round"),
    ("08-5", lambda answers: np.ptp(person_means(answers)), "over people"),
    ("08-5", lambda answers: person_means(answers).groupby("group").mean().std(), "standard deviation"),
    ("08-5", lambda answers: 100 * gap(answers), "per cent"),
    (
        "08-5",
        lambda answers: person_means(answers).mean() - person_means(answers).groupby("group").mean().min(),
        "against",
    ),
    ("08-5", lambda answers: person_means(answers).groupby("group").mean().max(), "no difference"),
    ("08-5", lambda answers: person_means(answers).groupby("group").mean(), "one number"),
    ("08-5", gap_in_place, "a copy"),
    ("08-5", lambda answers: 0.5 + gap(answers), "the gap is"),
    ("08-7", (35 / 42, 35 / 36), "changed places"),
    ("08-7", (35 / 36, 35 / 36), "recall twice"),
    ("08-7", (35 / 42, 35 / 42), "precision twice"),
    ("08-7", (35 / 36, 7 / 42), "share of wrong answers"),
    ("08-7", (35 / 252, 35 / 42), "divided by all faces"),
    ("08-7", (97.2, 83.3), "shares from 0 to 1"),
    ("08-7", (35, 42), "shares from 0 to 1"),
    ("08-7", (35 / 36, 0.5), "the precision is not right"),
    ("08-7", (0.5, 35 / 42), "the recall is not right"),
    ("08-7", 35 / 36, "two numbers"),
    ("08-7", ("35/36", "35/42"), "two numbers"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("08-1", at_once),
    ("08-1", lambda *a: tf.constant(occluded(*a))),
    ("08-3", by_jacobian),
    ("08-5", lambda answers: np.float32(gap(answers))),
    ("08-7", iter((0.97, 0.83))),
    ("08-3", cam),
    ("08-3", by_slopes),
    ("08-3", by_the_package),
    ("08-3", lambda *a: cam(*a).tolist()),
    ("08-4", (1, 9)),
    ("08-4", [1.0, 9.0]),
    ("08-4", np.array([1, 9])),
    ("08-5", gap),
    ("08-5", gap_by_pivot),
    ("08-5", gap_by_hand),
    ("08-7", (35 / 36, 35 / 42)),
    ("08-7", [0.97, 0.83]),
    ("08-7", np.diag(drawn_confusions.matrix())[4] / [36, 42]),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_the_parts_of_exercise_08_4_sum_to_the_difference_of_the_scores():
    first, second = ch08.attributions()
    assert first + second == ch08._score(*ch08.PICTURE) - ch08._score(*ch08.BASELINE)
    # Each pixel alone, because the score is a sum of a function of either.
    assert first == ch08._score(ch08.PICTURE[0], 0) - ch08._score(ch08.BASELINE[0], 0)


def test_exercise_08_4_asks_for_what_is_graded(root):
    cells = json.loads((root / "notebooks" / "08_explanation.ipynb").read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    assert r"y = \min(x_1, 2) + 3\,x_2" in text
    for values in (ch08.PICTURE, ch08.BASELINE):
        assert "({:g}, {:g})".format(*values) in text


def test_in_the_tables_of_exercise_08_5_pictures_and_people_disagree():
    table = ch08_groups._answers(np.random.default_rng(1), {"a": 3, "b": 5})
    assert isinstance(table, pd.DataFrame) and table.groupby("actor").size().nunique() > 1
    assert abs(pooled(table) - gap(table)) > 0.001
