"""Answers to chapter 11's exercises that are right or plausibly wrong; more to 11-1 are in test_exercises.py."""

from __future__ import annotations

import copy
import json
import math

import graded
import keras
import numpy as np
import pytest

from fer_utils.exercises import ch11, ch11_pruning
from fer_utils.widgets import drawn48_weights, drawn_strangers
from fer_utils.widgets import prune_and_round_arithmetic as arithmetic

WIDE, NARROW = "int32", "int8"


def dense(q, scale, zero, weights, scales, bias, *, moved=WIDE, summed=WIDE):
    """An answer to 11-3, with the arrays in which numbers are moved and added up."""
    centred = q.astype(moved) - np.array(zero, moved)
    return scale * scales * ((centred.astype(summed) @ weights.astype(summed)).astype(WIDE) + bias)


def dense_by_loops(q, scale, zero, weights, scales, bias):
    made = []
    for face in q.tolist():
        row = []
        for unit in range(weights.shape[1]):
            total = int(bias[unit])
            for value, weight in zip(face, weights[:, unit].tolist(), strict=True):
                total += (value - zero) * weight
            row.append(total * scale * float(scales[unit]))
        made.append(row)
    return made


def dense_in_place(q, scale, zero, weights, scales, bias):
    made = dense(q, scale, zero, weights, scales, bias)
    bias += 1
    return made


def sums(q, zero, weights):
    return (q.astype(WIDE) - zero) @ weights.astype(WIDE)


def smallest(w, share, size=np.abs):
    flat = w.flatten()
    flat[np.argsort(size(flat))[: round(share * flat.size)]] = 0
    return flat.reshape(w.shape)


def prune_layers(
    model, shares, *, copied=True, weights=True, biases=False, all_layers=False, change=smallest, given=False
):
    """An answer to 11-4; the options are mistakes."""
    copy = keras.models.clone_model(model) if copied else model
    if weights and copied:
        copy.set_weights(model.get_weights())
    if given:
        model.layers[0].set_weights([0 * w for w in model.layers[0].get_weights()])
    for layer in copy.layers:
        share = shares.get(layer.name, 0.5 if all_layers else None)
        if share is not None and layer.get_weights():
            kernel, *others = layer.get_weights()
            others = [change(w, share) for w in others] if biases else others
            layer.set_weights([change(kernel, share), *others])
    return copy


def by_threshold(model, shares):
    """The same with a mask, and with the variables in the place of `set_weights`."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for name, share in shares.items():
        kernel = copy.get_layer(name).kernel
        size = np.abs(np.asarray(kernel))
        limit = np.sort(size, axis=None)[round(share * size.size)]
        kernel.assign(kernel * keras.ops.cast(size >= limit, "float32"))
    return copy


def renamed(model, shares):
    made = prune_layers(model, shares)
    return keras.Sequential(
        [
            keras.Input(model.input_shape[1:]),
            *[type(x).from_config(x.get_config() | {"name": f"a_{i}"}) for i, x in enumerate(made.layers)],
        ]
    )


def together(model, shares):
    """All kernels ranked together."""
    share = max(shares.values(), default=0)
    limit = np.quantile(np.concatenate([np.abs(w).ravel() for w in model.get_weights()]), share)
    return prune_layers(model, shares, change=lambda w, _: w * (np.abs(w) > limit))


def fold(kernel, bias, gamma, beta, mean, variance, epsilon, *, scaled=None, moved=0, by=None):
    """An answer to 11-1; the options are mistakes."""
    by = gamma / np.sqrt(variance + epsilon) if by is None else by
    return (kernel if scaled is None else scaled) * by + moved, (bias - mean) * by + beta


def fold_by_keras(kernel, bias, gamma, beta, mean, variance, epsilon):
    """What the normalisation does to 0 and to 1."""
    layer = keras.layers.BatchNormalization(epsilon=epsilon)
    layer.build((None, 1, 1, len(gamma)))
    layer.set_weights([gamma, beta, mean, variance])
    answers = np.asarray(layer(np.stack([np.zeros(len(gamma)), np.ones(len(gamma)), bias]).reshape(3, 1, 1, -1)))
    zero, one, folded = answers[:, 0, 0]
    return kernel * (one - zero), folded


def fold_by_loops(kernel, bias, gamma, beta, mean, variance, epsilon, copy=True):
    kernel, made = kernel.tolist() if not copy else kernel.copy(), []
    for k in range(kernel.shape[-1]):
        by = gamma[k] / (variance[k] + epsilon) ** 0.5
        kernel[..., k] *= by
        made.append(float((bias[k] - mean[k]) * by + beta[k]))
    return (part for part in (kernel, made))


def dense_by_parts(q, scale, zero, weights, scales, bias):
    """The zero point taken from the product."""
    products = np.matmul(q, weights, dtype=np.int32)
    return scale * scales * (products - int(zero) * weights.sum(axis=0, dtype=np.int32) + bias)


def whole_filters(w, share):
    made = w.copy()
    made[..., np.argsort(np.abs(w).reshape(-1, w.shape[-1]).sum(axis=0))[: round(share * w.shape[-1])]] = 0
    return made


def each_filter(w, share):
    return np.stack([smallest(w[..., k], share) for k in range(w.shape[-1])], axis=-1)


def cut(w, share, number=int):
    flat = w.flatten()
    flat[np.argsort(np.abs(flat))[: number(share * flat.size)]] = 0
    return flat.reshape(w.shape)


def by_deepcopy(model, shares):
    made = copy.deepcopy(model)
    for layer in made.layers:
        if layer.name in shares:
            layer.kernel.assign(smallest(layer.kernel.numpy(), shares[layer.name]))
    return made


WRONG = [
    (
        "11-1",
        lambda k, b, g, t, m, v, e: fold(k, b, g, t, m, v, e, by=g / np.sqrt(np.maximum(v, e))),
        "smallest variance",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: fold(k, b, t, g, m, v, e), "beta scales the kernel"),
    ("11-1", lambda k, b, g, t, m, v, e: fold(k, b, g, t, m, v, e, moved=t), "the bias has the rest"),
    ("11-1", lambda k, b, g, t, m, v, e: fold(k, b, g, t, m, v, e, scaled=k - m, moved=t), "the bias has the rest"),
    ("11-1", lambda k, b, g, t, m, v, e: fold(k, b, g, t, m, v, e, by=g / np.sqrt(v) + e), "under the root"),
    ("11-3", lambda *a: dense(*a, moved="int16", summed="int16"), "an int16 holds nothing above"),
    ("11-3", lambda q, *a: dense(q.astype("uint8").astype(WIDE), *a), "from 0 to 255"),
    ("11-3", lambda q, s, z, w, t, b: s * t * (q @ w + b), "overflowed, and the zero point"),
    ("11-3", lambda q, s, z, w, t, b: s * t * np.clip(sums(q, z, w) + b, -128, 127), "cut off at the limits"),
    ("11-3", lambda q, s, z, w, t, b: s * t * (sums(q, z, w.astype(WIDE) - z) + b), "they have none"),
    ("11-3", lambda q, s, z, w, t, b: s * t * (sums(q, 0, w) - z + b), "from each input, before"),
    ("11-3", lambda q, s, z, w, t, b: (s * q.astype(float) - z) @ (t * w) + s * t * b, "after the scale"),
    ("11-3", lambda q, s, z, w, t, b: sums(q, z, w) + b, "Both scales are missing"),
    ("11-3", lambda q, s, z, w, t, b: (sums(q, z, w) + b) / (s * t), "it is multiplied"),
    ("11-3", lambda q, s, z, w, t, b: s * t * sums(q, z, w) + s * b, "input's scale alone"),
    ("11-3", lambda q, s, z, w, t, b: s * t.sum() * (sums(q, z, w) + b), "each has its own"),
    ("11-3", lambda *a: np.round(dense(*a)), "was rounded"),
    ("11-3", lambda *a: dense(*a).astype(int), "lost its fractions"),
    ("11-4", lambda m, s: prune_layers(m, s, change=cut), "rounded to the nearest"),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: cut(w, share, math.ceil)), "to the nearest"),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: w * (abs(w) >= share)), "limit of the size"),
    ("11-4", lambda m, s: prune_layers(m, s, change=whole_filters), "single weights should"),
    ("11-4", lambda m, s: prune_layers(m, s, change=each_filter), "ranked in the whole kernel"),
    ("11-5", 0.66, "three digits"),
    ("11-3", lambda *a: dense(*a, moved=NARROW, summed=NARROW), "sum overflowed"),
    ("11-3", lambda *a: dense(*a, summed=NARROW), "sum overflowed"),
    ("11-3", lambda *a: dense(*a, moved=NARROW), "`q - zero` overflowed"),
    ("11-3", lambda q, s, z, w, t, b: dense(q, s, 0, w, t, b), "zero point was left out"),
    ("11-3", lambda q, s, z, w, t, b: s * t * (sums(q, -z, w) + b), "it is taken away"),
    ("11-3", lambda q, s, z, w, t, b: s * t * sums(q, z, w) + b, "bias was added after"),
    ("11-3", lambda q, s, z, w, t, b: s * t * sums(q, z, w), "bias was left out"),
    ("11-3", lambda q, s, z, w, t, b: s * t * sums(q, z, w) + t * b, "weights' scales alone"),
    ("11-3", lambda q, s, z, w, t, b: t * (sums(q, z, w) + b), "input's scale was left out"),
    ("11-3", lambda q, s, z, w, t, b: s * (sums(q, z, w) + b), "weights' scales were left out"),
    ("11-3", lambda q, s, z, w, t, b: s * t.mean() * (sums(q, z, w) + b), "each has its own"),
    ("11-3", lambda q, s, z, w, t, b: s * t[0] * (sums(q, z, w) + b), "each has its own"),
    ("11-3", lambda *a: np.maximum(dense(*a), 0), "no activation"),
    ("11-3", lambda *a: dense(*a).T, "the other way round"),
    ("11-3", lambda *a: dense(*a)[0], "has the shape"),
    ("11-3", lambda *a: dense(*a) + 1, "should be"),
    ("11-3", dense_in_place, "changed `bias`"),
    ("11-3", lambda q, weights: q, "dense(q, scale, zero, weights, scales, bias)"),
    ("11-3", lambda *a: print(end=""), "got NoneType"),
    ("11-4", lambda m, s: prune_layers(m, s, copied=False), "given model was changed"),
    ("11-4", lambda m, s: prune_layers(m, s, given=True), "given model was changed"),
    ("11-4", lambda m, s: m, "given model was changed"),
    ("11-4", lambda m, s: prune_layers(m, s, weights=False), "clone does not copy weights"),
    ("11-4", lambda m, s: prune_layers(m, s, biases=True), "bias of first should stay"),
    ("11-4", lambda m, s: prune_layers(m, s, all_layers=True), "it was pruned all the same"),
    (
        "11-4",
        lambda m, s: prune_layers(m, s, change=lambda w, share: smallest(w, share, lambda x: x)),
        "magnitude counts",
    ),
    (
        "11-4",
        lambda m, s: prune_layers(m, s, change=lambda w, share: smallest(w, share, lambda x: -abs(x))),
        "largest weights went",
    ),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: smallest(w, 1 - share)), "it should go"),
    ("11-4", lambda m, s: prune_layers(m, {}), "nothing was pruned"),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: w * (abs(w) > 0.5)), "should be zero"),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: 2 * smallest(w, share)), "keep their values"),
    ("11-4", lambda m, s: prune_layers(m, s, change=lambda w, share: smallest(w, share)[::-1]), "keep their values"),
    ("11-4", together, "should be zero"),
    ("11-4", renamed, "same names"),
    ("11-4", lambda m, s: prune_layers(m, s).get_weights(), "got list"),
    ("11-4", lambda m: m, "prune_layers(model, shares)"),
    ("11-5", 1 / 3, "share of zeros"),
    ("11-5", 0.5, "three bytes"),
    ("11-5", 0.75, "four bytes"),
    ("11-5", 0.8, "32 bits; these have 16"),
    ("11-5", 6 / 7, "32 bits; these have 8"),
    ("11-5", 66.7, "not a percentage"),
    ("11-5", 3, "size of an entry"),
    ("11-5", 0.9, "as a function of the share"),
    ("11-5", "2/3", "one number"),
    ("11-5", (1, 3), "one number"),
    ("11-7", (0.5, 32, False), "long before zeros"),
    ("11-7", (0.0, 2, True), "at 2 bits"),
    ("11-7", (0.0, 3, False), "narrow filters"),
    ("11-7", (0.35, 4, False), "Take bits away before weights"),
    ("11-7", (0.0, 8, True), "Take bits away before weights"),
    ("11-7", (0.35, 3, True), "fewer than nine labels in ten"),
    ("11-7", (30, 3, True), "not a percentage"),
    ("11-7", (3, 0.3, True), "changed places"),
    ("11-7", (True, 3, 0.3), "True or False last"),
    ("11-7", (0.3, 3, 1), "True (a scale for each filter)"),
    ("11-7", (0.3, 7, True), "the widget offers"),
    ("11-7", ("30 %", 3, True), "should be numbers"),
    ("11-7", 3, "three things"),
]
RIGHT = [
    ("11-1", fold),
    ("11-1", fold_by_keras),
    ("11-1", fold_by_loops),
    ("11-3", dense_by_parts),
    ("11-4", by_deepcopy),
    ("11-3", dense),
    ("11-3", dense_by_loops),
    ("11-3", lambda *a: dense(*a, moved="int64", summed="float64").astype("float32")),
    ("11-3", lambda q, s, z, w, t, b: (s * (q.astype(float) - z)) @ (t * w) + s * t * b),
    ("11-4", prune_layers),
    ("11-4", by_threshold),
    ("11-5", 2 / 3),
    ("11-5", np.float32(0.667)),
    ("11-7", (0.3, 3, True)),
    ("11-7", [0, 3, np.True_]),
    ("11-7", (np.float64(0.25), np.int64(3), True)),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_the_whole_numbers_are_those_of_a_dense_layer():
    """11-3's reference beside a dense layer of Keras with the numbers that the whole ones stand for."""
    rng = np.random.default_rng(0)
    q = rng.integers(-128, 128, (4, 20)).astype("int8")
    weights = rng.integers(-127, 128, (20, 3)).astype("int8")
    scales, bias = rng.uniform(0.01, 0.02, 3), rng.integers(-500, 500, 3).astype("int32")
    layer = keras.layers.Dense(3)
    layer.build((None, 20))
    layer.set_weights([scales * weights, 0.05 * scales * bias])
    by_keras = np.asarray(layer((0.05 * (q.astype("float32") - 7)).astype("float32")))
    assert np.allclose(ch11._dense(q, 0.05, 7, weights, scales, bias), by_keras, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_the_smallest_file_is_the_one_that_the_grader_takes():
    """11-7 among the settings near it: what the widget's own Python says of labels and archives."""
    labels = len(drawn_strangers.labels())
    faces, weights = drawn_strangers.faces(), drawn48_weights.layers()
    plain = drawn48_weights.scores(faces).argmax(axis=1)

    def kept_and_size(share, bits, per_filter):
        made = [
            (arithmetic.changed(kernel, layer.biases, share, bits, per_filter), bias)
            for layer, (kernel, bias) in zip(drawn48_weights.LAYERS, weights, strict=True)
        ]
        answers = drawn48_weights.scores(faces, made).argmax(axis=1)
        size = arithmetic.file_bytes(weights, share, bits, per_filter)[1]["gzip"]
        return (answers == plain).sum() / labels, size

    bits, most = ch11_pruning.FEWEST_BITS, ch11_pruning.MOST_PRUNED
    right = [kept_and_size(share, bits, True) for share in (0.0, most)]
    assert min(kept for kept, _ in right) > 0.91 and right[0][1] < 1.01 * right[1][1]
    assert kept_and_size(most + 0.05, bits, True)[0] < 0.89
    assert kept_and_size(0.0, bits, False)[0] < 0.5
    assert max(kept_and_size(0.0, 2, way)[0] for way in (True, False)) < 0.3
    assert kept_and_size(0.4, 4, False)[0] < 0.9 and kept_and_size(0.35, 4, False)[1] > 1.1 * right[0][1]
    assert kept_and_size(0.4, 4, True)[0] < 0.9 and kept_and_size(0.35, 4, True)[1] > 1.1 * right[0][1]
    assert kept_and_size(0.5, 32, True)[0] < 0.8
    # What the chapter says of two bits: each layer alone, and all together.
    assert 0.09 < kept_and_size(0.0, 2, True)[0] < 0.17
    for number, layer in enumerate(drawn48_weights.LAYERS):
        kernel, bias = weights[number]
        one = [*weights[:number], (arithmetic.changed(kernel, layer.biases, 0, 2, True), bias), *weights[number + 1 :]]
        assert (drawn48_weights.scores(faces, one).argmax(axis=1) == plain).mean() > 5 / 6, layer


def cells(root) -> list:
    return json.loads((root / "notebooks" / "11_compress.ipynb").read_text(encoding="utf-8"))["cells"]


def test_every_exercise_has_two_hints_and_its_kind_and_minutes(root):
    text = "\n".join(cell["source"] for cell in cells(root) if cell["cell_type"] == "markdown")
    heads = [line for line in text.splitlines() if line.startswith(("### Exercise 11-", "### Question 11-"))]
    assert [line.split(":")[0].split()[-1] for line in heads] == [f"11-{k}" for k in range(1, 8)]
    assert all(line.endswith(" minutes)") for line in heads)
    assert text.count("<summary>Hint 1</summary>") == text.count("<summary>Hint 2</summary>") == 6
