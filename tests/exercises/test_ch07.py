"""Answers to 07-3 and 07-4 that are right or plausibly wrong; those to 07-1 are in test_exercises.py."""

from __future__ import annotations

import graded
import keras
from keras import ops
import numpy as np

from fer_utils.exercises import ch07
from fer_utils.metrics import sign_flip


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


WRONG = [
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
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("07-3", tempered),
    ("07-3", with_layers),
    ("07-3", Tempered),
    ("07-4", 6),
    ("07-4", 6.0),
    ("07-4", np.int64(6)),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_six_people_are_the_fewest_by_the_test_itself():
    assert sign_flip([1] * ch07.fewest()) < ch07.LEVEL <= sign_flip([1] * (ch07.fewest() - 1))
