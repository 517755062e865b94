"""Answers to chapter 7's exercises that are right or plausibly wrong; more to 07-1 are in test_exercises.py."""

from __future__ import annotations

import graded
import keras
from keras import ops
import numpy as np
import pytest

from fer_utils.exercises import ch07, ch07_audit
from fer_utils.metrics import sign_flip
from fer_utils.widgets import Audit


def tempered(network, temperature, *, log=True, divide=True, softmax=True, power=False, scale=1.0):
    """An answer to 07-3."""
    made = ops.log(network.output + 1e-12) if log else network.output
    made = made / temperature if divide else made * temperature
    if power:
        made = network.output ** (1 / temperature)
    return keras.Model(network.input, ops.softmax(made) if softmax else made * scale)


def with_layers(network, temperature):
    given = keras.Input(network.input_shape[1:])
    powers = keras.layers.Lambda(lambda p: ops.power(p, 1 / temperature))(network(given))
    return keras.Model(given, keras.layers.Lambda(lambda p: p / ops.sum(p, axis=1, keepdims=True))(powers))


class Tempered(keras.Model):
    """A subclass."""

    def __init__(self, network, temperature):
        super().__init__()
        self.network, self.temperature = network, temperature

    def call(self, faces):
        return ops.softmax(ops.log(ops.maximum(self.network(faces), 1e-12)) / self.temperature)


def in_place(network, temperature):
    made = tempered(network, temperature)
    network.set_weights([0 * weight for weight in network.get_weights()])
    return made


def relative(features, actors, neutral, takes, *, reduce=lambda rows: rows.mean(axis=0), chosen=None):
    """An answer to 07-1: ``chosen`` are the rows of the reference of one clip, of which ``reduce`` makes it."""
    made = np.empty(features.shape)
    for row in range(len(features)):
        own = neutral & (actors == actors[row])
        rows = own & (takes != takes[row]) if chosen is None else chosen(row, own, neutral, takes)
        made[row] = features[row] - reduce(features[rows])
    return made


def by_weights(features, actors, neutral, takes):
    """One product of matrices."""
    weights = (actors[:, None] == actors) & neutral & (takes[:, None] != takes)
    return features - weights @ features.astype(float) / weights.sum(axis=1, keepdims=True)


def by_lists(features, actors, neutral, takes, verbose=False):
    rows = features.tolist()
    made = []
    for i, row in enumerate(rows):
        others = [rows[j] for j in range(len(rows)) if neutral[j] and actors[j] == actors[i] and takes[j] != takes[i]]
        made.append(
            tuple(
                value - sum(column) / len(others) for value, column in zip(row, zip(*others, strict=True), strict=True)
            )
        )
    return made


def of_every_neutral_clip_but_for_neutral_ones(row, own, neutral, takes):
    return own & (takes != takes[row]) if neutral[row] else own


def cloned(network, temperature, *, weights=True):
    """An answer to 07-3: a copy whose last layer has no softmax."""
    copy = keras.models.clone_model(network)
    if weights:
        copy.set_weights(network.get_weights())
    copy.layers[-1].activation = keras.activations.linear
    faces = x = keras.Input(network.input_shape[1:])
    for layer in copy.layers[1:]:
        x = layer(x)
    return keras.Model(faces, ops.softmax(x / temperature))


def by_smaller_weights(network, temperature):
    """A copy whose last weights are divided."""
    copy = keras.models.clone_model(network)
    *others, kernel, bias = network.get_weights()
    copy.set_weights([*others, kernel / temperature, bias / temperature])
    return copy


def in_a_sequence(network, temperature):
    return keras.Sequential([network, keras.layers.Lambda(lambda p: ops.softmax(ops.log(p) / temperature))])


WRONG = [
    ("07-1", lambda f, *a: f / (f - relative(f, *a)), "divided by its reference"),
    ("07-1", lambda *a: relative(*a, reduce=lambda rows: rows.sum(axis=0)), "sum of clips"),
    ("07-1", lambda *a: relative(*a, reduce=lambda rows: np.median(rows, axis=0)), "is a median"),
    ("07-1", lambda *a: relative(*a, reduce=lambda rows: rows[0]), "only the first"),
    ("07-1", lambda *a: relative(*a, reduce=np.mean), "one number was taken for all columns"),
    ("07-1", lambda *a: relative(*a, chosen=of_every_neutral_clip_but_for_neutral_ones), "gives the label away"),
    ("07-1", lambda *a: np.abs(relative(*a)), "lost their signs"),
    ("07-1", lambda f, *a: f - relative(f, *a), "the reference itself"),
    ("07-1", lambda f, *a: 2 * f - relative(f, *a), "reference was added"),
    ("07-1", lambda *a: relative(*a, chosen=lambda i, own, n, t: own & (t < t[i])), "earlier and later ones"),
    ("07-3", lambda n, t: cloned(n, t, weights=False), "A clone does not copy them"),
    ("07-3", lambda n, t: tempered(n, t * t), "used twice"),
    ("07-3", lambda n, t: tempered(n, t * np.log(2)), "base of 2"),
    ("07-3", lambda n, t: tempered(n, t * np.log(10)), "base of 10"),
    ("07-4", np.log2(40), "round up"),
    ("07-7", ("answered", -13, 6.3), "one digit after the point"),
    ("07-7", ("answered", -13.1, 6), "one digit after the point"),
    ("07-7", ("answered", 6.3, -13.1), "changed places"),
    ("07-7", ("answered", -13.1, -6.3), "without a sign"),
    ("07-3", lambda n, t: tempered(n, 1.0), "unchanged"),
    ("07-3", lambda n, t: tempered(n, t, divide=False), "multiplied"),
    ("07-3", lambda n, t: tempered(n, t, log=False), "themselves went into the softmax"),
    ("07-3", lambda n, t: tempered(n, 1.0, log=False), "second softmax"),
    ("07-3", lambda n, t: tempered(n, t, log=False, softmax=False), "no longer add up to 1"),
    ("07-3", lambda n, t: tempered(n, t, softmax=False), "a softmax has to follow"),
    ("07-3", lambda n, t: tempered(n, t, power=True, softmax=False), "raised to a power"),
    (
        "07-3",
        lambda n, t: keras.Model(n.input, ops.softmax(ops.log(n.output + 1e-12) / t, axis=0)),
        "over the labels",
    ),
    ("07-3", lambda n, t: tempered(n, t + 0.3), "first score should be"),
    ("07-3", lambda n, t: keras.Model(n.input, tempered(n, t).output[:, :2]), "should have the shape"),
    ("07-3", lambda n, t: keras.Model(n.input, n.output * float("inf")), "not numbers"),
    ("07-3", lambda n, t: n.output, "return a Keras model"),
    ("07-3", lambda n, t: print(end=""), "got NoneType"),
    ("07-3", in_place, "changed the network"),
    ("07-3", lambda network: network, "with_temperature(network, temperature)"),
    ("07-4", 5, "1/16"),
    ("07-4", 7, "not the fewest"),
    ("07-4", 20, "patterns of signs"),
    ("07-4", 40, "far fewer"),
    ("07-4", 64, "patterns, not of people"),
    ("07-4", 3, "2**n patterns"),
    ("07-4", 6.5, "one whole number"),
    ("07-4", "6", "one whole number"),
    ("07-7", "answered", "three things"),
    ("07-7", ("answered", -13.1), "three things"),
    ("07-7", (-13.1, 6.1, "answered"), "the measure, the first"),
    ("07-7", ("right", -13.0, 6.3), "the measure, the first"),
    ("07-7", ("answered", "-13.1", 6.3), "the gap should be"),
    ("07-7", ("answered", -13.1, float("nan")), "the chance should be"),
    ("07-7", ("answered", -13.1, True), "the chance should be"),
    ("07-7", ("right if answered", 0.0, 0.9), "nearly all are right"),
    ("07-7", ("answered", 13.1, 6.3), "mind the sign"),
    ("07-7", ("answered", -0.131, 6.3), "is a share"),
    ("07-7", ("answered", 11.4, 6.3), "light group"),
    ("07-7", ("answered", 1.9, 6.3), "medium group"),
    ("07-7", ("answered", -20.0, 6.3), "120 others"),
    ("07-7", ("answered", -13.0, 6.3), "mixes both"),
    ("07-7", ("answered", 0, 6.3), "move it to 0.90"),
    ("07-7", ("answered", -2.8, 6.3), "without a threshold"),
    ("07-7", ("answered", -7.0, 6.3), "is not the gap"),
    ("07-7", ("answered", -13.1, 0.063), "is a share"),
    ("07-7", ("answered", -13.1, 12.5), "distance from 0"),
    ("07-7", ("answered", -13.1, 6.5), "fewer people"),
    ("07-7", ("answered", -13.1, 5.9), "more people"),
    ("07-7", ("answered", -13.1, 0.0001), "that is p"),
    ("07-7", ("answered", -13.1, 5), "how often"),
    ("07-7", ("answered", -13.1, 13.1), "gap that is seen"),
    ("07-7", ("answered", -13.1, 8), "marked sentence"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("07-1", relative),
    ("07-1", by_weights),
    ("07-1", by_lists),
    ("07-3", cloned),
    ("07-3", by_smaller_weights),
    ("07-3", in_a_sequence),
    ("07-4", np.ceil(np.log2(40))),
    ("07-3", tempered),
    ("07-3", with_layers),
    ("07-3", Tempered),
    ("07-4", 6),
    ("07-4", 6.0),
    ("07-4", np.int64(6)),
    ("07-7", ("answered", -13.1, 6.3)),
    ("07-7", ["Answered", np.float64(-13.13), np.float32(6.253)]),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_six_people_are_the_fewest_by_the_test_itself():
    assert sign_flip([1] * ch07.fewest()) < ch07.LEVEL <= sign_flip([1] * (ch07.fewest() - 1))


def test_what_07_7_asks_is_what_the_widget_shows():
    shown = {"attribute": "skin tone", "threshold": 0.9}

    def found(group="dark (8 to 10)", **settings):
        widget = Audit(**{**shown, "measure": "answered", **settings})
        gap = widget.table().set_index("value").loc[group, "gap"]
        return round(100 * gap, 2), round(100 * widget.chance()[group], 2)

    assert found() == pytest.approx((ch07_audit.GAP, ch07_audit.CHANCE), abs=0.011)
    light, medium = found("light (1 to 3)"), found("medium (4 to 7)")
    others, given = found(sample=1), found(measure="right if answered")
    mixed, always, none = found(measure="right"), found(measure="right", threshold=0.0), found(threshold=0.0)
    gaps = [one[0] for one in (light, medium, others, mixed, always, none)]
    assert gaps == pytest.approx(list(ch07_audit.OTHER_GAPS), abs=0.011)
    chances = [one[1] for one in (light, medium, others, given)]
    assert chances == pytest.approx(list(ch07_audit.OTHER_CHANCES)[:4], abs=0.011)
    assert abs(given[0]) < given[1] and abs(others[0]) > abs(ch07_audit.GAP) > ch07_audit.CHANCE


def test_what_the_chapter_says_of_three_gaps_is_so():
    """Alone each is larger than chance makes among the first 120 strangers; one comes back among the others."""
    asked = (
        {"attribute": "age"},
        {"attribute": "glasses"},
        {"attribute": "skin tone", "measure": "recall", "label": "angry"},
    )
    smallest = [[Audit(sample=sample, **one).table()["p"].min() for one in asked] for sample in (0, 1)]
    assert max(smallest[0]) < 0.05
    assert min(smallest[1][:2]) > 0.2 and smallest[1][2] < 0.001
