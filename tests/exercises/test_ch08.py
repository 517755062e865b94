"""Chapter 8's graders: answers to 08-3, 08-4, 08-5 and 08-7 that are right or plausibly wrong.

Those of 08-1 are in test_exercises.py.
"""

from __future__ import annotations

import json

import graded
import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from fer_utils import explain
from fer_utils.exercises import ch08
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


WRONG = [
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
    table = ch08._answers(np.random.default_rng(1), {"a": 3, "b": 5})
    assert isinstance(table, pd.DataFrame) and table.groupby("actor").size().nunique() > 1
    assert abs(pooled(table) - gap(table)) > 0.001
