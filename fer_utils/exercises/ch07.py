"""Chapter 7: the own neutral taken away (07-1), a network with a temperature (07-3), people for a test (07-4)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart
from fer_utils.exercises import whole as whole_number

_ARGUMENTS = "relative(features, actors, neutral, takes)"


def _reference(features, actors, neutral, takes, reduce=lambda rows: rows.mean(axis=0)) -> np.ndarray:
    return np.array(
        [
            row - reduce(features[neutral & (actors == actor) & (takes != take)])
            for row, actor, take in zip(features, actors, takes, strict=True)
        ]
    )


def _toy(people: int, columns: int, rng: np.random.Generator, *, takes: int = 2, whole: bool = False):
    """Clips in no order: each person has neutral and other clips in every take, and a face of their own at rest."""
    rows = [
        (f"{person:02d}", kind == 0, take)
        for person in range(1, people + 1)
        for take in range(1, takes + 1)
        for kind in (0, 0, 1, 1, 1)[rng.integers(0, 2) :]
    ]
    actors, neutral, of = (
        np.array(column) for column in zip(*(rows[i] for i in rng.permutation(len(rows))), strict=True)
    )
    rest = {name: rng.normal(0, 5, columns) for name in np.unique(actors)}
    features = (
        np.array([rest[name] for name in actors]) + rng.normal(0, 1, (len(rows), columns)) + 3 * ~neutral[:, None]
    )
    return (np.rint(10 * features).astype(int) if whole else features), actors, neutral, of


def _close(got: np.ndarray, wanted: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Which numbers are right: as near as 32-bit floats come in a difference of features of this size."""
    return np.isclose(got, wanted, rtol=1e-5, atol=1e-5 * np.abs(features).max())


#: What else than a mean may have been taken of the right clips.
_OTHER_REDUCTIONS = (
    (lambda rows: rows.sum(axis=0), "It looks as if the reference is a sum of clips: take their mean."),
    (lambda rows: np.median(rows, axis=0), "It looks as if the reference is a median: take the mean."),
    (lambda rows: rows[0], "It looks as if only the first of the reference's clips was used: take the mean of all."),
    (
        lambda rows: rows.mean(),
        "It looks as if one number was taken for all columns: with `axis=0` each column has a mean of its own.",
    ),
)


def _hint(got: np.ndarray, features, actors, neutral, takes) -> str:
    """What the answer seems to have done instead."""
    mean = lambda chosen: np.array([row - features[chosen(i)].mean(axis=0) for i, row in enumerate(features)])  # noqa: E731
    own = lambda i: actors == actors[i]  # noqa: E731
    clip = lambda i: np.arange(len(features)) == i  # noqa: E731
    guesses = [
        (
            lambda i: own(i) & neutral,
            "It looks as if all of the actor's neutral clips were averaged: then a neutral clip is part of what is "
            "taken "
            "from it. Take the other takes only.",
        ),
        (
            lambda i: own(i) & neutral & ~clip(i),
            "It looks as if only the clip itself was left out: then neutral clips have another reference than the "
            "rest, and the rule gives the label away. Take the other takes only, for every clip.",
        ),
        (
            lambda i: own(i) & neutral & (takes == takes[i]),
            "It looks as if the neutral clips of the same take were averaged; take those of the others.",
        ),
        (
            lambda i: neutral & (takes != takes[i]),
            "It looks as if everybody's neutral clips were averaged; take the actor's own.",
        ),
        (lambda i: neutral, "It looks as if everybody's neutral clips were averaged; take the actor's own."),
        (
            lambda i: own(i) & (takes != takes[i]),
            "It looks as if all clips of the actor were averaged; take the neutral ones.",
        ),
        (own, "It looks as if all clips of the actor were averaged; take the neutral ones."),
    ]
    wanted = _reference(features, actors, neutral, takes)
    alike = lambda one, other: _close(one, other, features).all()  # noqa: E731
    if alike(got, -wanted):
        return "The sign is the other way round: the clip minus its reference."
    if alike(got, features - wanted):
        return "That is the reference itself: subtract it from the clip."
    if alike(got, 2 * features - wanted):
        return "The reference was added; subtract it."
    if alike(np.abs(got), np.abs(wanted)) and (got >= 0).all():
        return "The differences lost their signs: a feature may lie below its reference."
    if alike(np.sort(got, axis=0), np.sort(wanted, axis=0)):
        return "The rows came back in another order; row k of the answer belongs to row k of the features."
    if alike(got[~neutral], wanted[~neutral]):
        return "The clips that are not neutral are right; treat the neutral ones by the same rule."
    if alike(got[neutral], wanted[neutral]):
        return "The neutral clips are right; treat the others by the same rule, or the rule gives the label away."
    if alike(got, np.trunc(wanted)):
        return (
            "The differences lost their fractions: an array of whole numbers cannot hold them, so make one of floats."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        if alike(got, features / (features - wanted)):
            return "The clip was divided by its reference; subtract it."
    for reduce, text in _OTHER_REDUCTIONS:
        if alike(got, _reference(features, actors, neutral, takes, reduce)):
            return text
    return next((text for chosen, text in guesses if alike(got, mean(chosen))), "")


def grade_relative(answer) -> str:
    """Fixed and random tables: the right reference for every row, the input left as it was."""
    rng = np.random.default_rng(616)
    for people, columns, takes, whole in [
        (3, 4, 2, False),
        (5, 2, 3, False),
        (24, 35, 2, False),
        (4, 3, 2, True),
        (1, 1, 2, False),
    ]:
        handed = _toy(people, columns, rng, takes=takes, whole=whole)
        before = [part.copy() for part in handed]
        actors = "1 actor" if people == 1 else f"{people} actors"
        given = f"{actors} with {takes} takes" + (", features that are whole numbers" if whole else "")
        made = asked(answer, _ARGUMENTS, *handed)
        if not all(np.array_equal(now, then) for now, then in zip(handed, before, strict=True)):
            raise Wrong("your function changed an array that it was given; work on a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        if got.shape != handed[0].shape:
            raise Wrong(f"for {given}: the answer has the shape of the features, {handed[0].shape}; got {got.shape}.")
        wanted = _reference(*handed)
        if np.isnan(got).any():
            raise Wrong(
                f"for {given}: {int(np.isnan(got).any(axis=1).sum())} rows are not numbers: "
                "a mean was taken of no clips. Take every take but the clip's own, earlier and later ones."
            )
        close = _close(got, wanted, handed[0])
        if not close.all():
            row, column = (int(place) for place in np.argwhere(~close)[0])
            hint = _hint(got, *handed)
            right, yours = told_apart(wanted[row, column], got[row, column])
            raise Wrong(
                f"for {given}: row {row} ({'neutral' if handed[2][row] else 'not neutral'}, actor {handed[1][row]}, "
                f"take {handed[3][row]}) should "
                + (f"have in column {column} {right}" if column else f"begin with {right}")
                + f"; your function gave {yours}.{' ' + hint if hint else ''}"
            )
    return "right: each actor is measured from their own face at rest, and no clip is part of what is taken from it."


#: Exercise 07-4: the level that p has to fall below.
LEVEL = 0.05


def _scores_network(classes: int, inputs: int, seed: int, *, peak: float = 0.8):
    """A small network that ends in a softmax, and whose weights the seed decides."""
    import keras

    given = keras.Input((inputs,))
    hidden = keras.layers.Dense(6, activation="relu")(given)
    network = keras.Model(given, keras.layers.Dense(classes, activation="softmax")(hidden))
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(0, peak, weight.shape) for weight in network.get_weights()])
    return network


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def tempered(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores (N, classes) at a temperature: softmax of log(score) / temperature."""
    return _softmax(np.log(np.maximum(scores, 1e-30)) / temperature)


def grade_temperature(answer) -> str:
    """Networks of several sizes, temperatures above and below 1: scores compared, the network left as it was."""
    import keras

    rng = np.random.default_rng(73)
    for classes, inputs, temperature in [(8, 5, 2.0), (3, 4, 0.5), (8, 5, 1.0), (7, 2, 3.5)]:
        network = _scores_network(classes, inputs, seed=classes)
        faces = rng.normal(0, 1, (12, inputs)).astype("float32")
        before, weights = np.asarray(network(faces)), [weight.copy() for weight in network.get_weights()]
        given = f"{classes} labels and a temperature of {temperature:g}"
        made = asked(answer, "with_temperature(network, temperature)", network, temperature)
        if not isinstance(made, keras.Model):
            raise Wrong(f"for {given}: return a Keras model; got {type(made).__name__}.")
        kept = all(np.array_equal(now, then) for now, then in zip(network.get_weights(), weights, strict=True))
        if not kept or not np.allclose(np.asarray(network(faces)), before, atol=1e-6):
            raise Wrong("your function changed the network that it was given; build a new model on its output.")
        got, wanted = np.asarray(made(faces), float), tempered(before.astype(float), temperature)
        if got.shape != wanted.shape:
            raise Wrong(f"for {given}: the scores should have the shape {wanted.shape}; got {got.shape}.")
        if not np.isfinite(got).all():
            raise Wrong(
                f"for {given}: some scores are not numbers. log(0) is infinite: add 1e-12 before the logarithm."
            )
        if np.allclose(got, wanted, atol=1e-4):
            continue
        hint = _temperature_hint(got, before.astype(float), temperature)
        if not hint and (got.argmax(axis=1) != before.argmax(axis=1)).any():
            hint = (
                "Some answers are others than the network's, and a temperature changes none: does your model have the "
                "network's own weights? A clone does not copy them."
            )
        raise Wrong(
            f"for {given}: a face's first score should be {wanted[0, 0]:.4f}; it is {got[0, 0]:.4f}. {hint}".rstrip()
        )
    return "right: the answers are the same, and the confidence is another."


def _temperature_hint(got: np.ndarray, scores: np.ndarray, temperature: float) -> str:
    alike = {
        "The scores are unchanged: divide the logarithms by the temperature.": scores,
        "It looks as if the logarithms were multiplied by the temperature: divide.": tempered(scores, 1 / temperature),
        "It looks as if the scores themselves went into the softmax: take their logarithm first.": _softmax(
            scores / temperature
        ),
        "It looks as if a second softmax was put on the scores: take their logarithm first.": _softmax(scores),
        "It looks as if the temperature was used twice: divide once.": tempered(scores, temperature**2),
        "It looks like logarithms to the base of 2; take natural ones.": tempered(scores, temperature * np.log(2)),
        "It looks like logarithms to the base of 10; take natural ones.": tempered(scores, temperature * np.log(10)),
        "The scores were divided by the temperature, and no longer add up to 1.": scores / temperature,
        "The scores were raised to a power and not divided by their sum.": scores ** (1 / temperature),
        "It looks as if the softmax ran over the faces; it runs over the labels, the last axis.": _softmax(
            (np.log(np.maximum(scores, 1e-30)) / temperature).T
        ).T,
    }
    if np.allclose(_softmax(got), tempered(scores, temperature), atol=1e-4):
        return "These are the divided logarithms: a softmax has to follow."
    return next((words for words, other in alike.items() if np.allclose(got, other, atol=1e-4)), "")


def fewest(level: float = LEVEL) -> int:
    """The fewest people with whom a sign-flip test can give a two-sided p below the level."""
    people = 1
    while 2.0 ** (1 - people) >= level:
        people += 1
    return people


def grade_fewest(answer) -> str:
    """One whole number; the usual mistakes are recognised."""
    got = whole_number(answer)
    value = numbers(answer)
    if got is None and value is not None and value.shape == () and np.isfinite(value) and value == int(value):
        got = int(value)
    if got is None or isinstance(answer, (bool, np.bool_)):
        between = value is not None and value.shape == () and fewest() - 1 < value < fewest()
        raise Wrong(
            "the answer should be one whole number, the number of people."
            + (" Fewer people than your number are not enough: round up." if between else "")
        )
    wanted = fewest()
    mistakes = {
        5: "with five people 2 of 32 patterns are as extreme: p is 1/16. The test is two-sided: all signs + and all -.",
        7: "seven are enough, but not the fewest.",
        20: "1/20 is the level; count the patterns of signs: they double with every person.",
        40: "the patterns double with every person, so far fewer are enough.",
        32: "that is the number of patterns of five people, not a number of people.",
        64: "that is the number of patterns, not of people.",
        2: "of two people 2 of 4 patterns are as extreme: p is 1/2.",
        4: "of four people 2 of 16 patterns are as extreme: p is 1/8.",
    }
    if got == wanted:
        return f"right: of {2**wanted} patterns 2 are as extreme, and p = {2.0 ** (1 - wanted):.3f}."
    if got in mistakes:
        raise Wrong(f"{got}: {mistakes[got]}")
    raise Wrong(f"{got} is not it. With n people there are 2**n patterns, and 2 of them have all signs alike.")
