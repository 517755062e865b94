"""Chapter 11: pruning by layer (11-4), a list of the weights (11-5), the smallest file (11-7)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers


def _network():
    """A small Keras network with a depthwise layer, whose weights are no symmetric cloud around zero."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3, name="first"),
            layers.Conv2D(8, 3, name="second", use_bias=False),
            layers.Flatten(),
            layers.Dense(5, name="last"),
        ]
    )
    rng = np.random.default_rng(1104)
    model.set_weights([rng.normal(0.3, 1, w.shape).astype("float32") for w in model.get_weights()])
    return model


def _pruned(w: np.ndarray, share: float, size=np.abs) -> np.ndarray:
    flat = w.flatten()
    flat[np.argsort(size(flat), kind="stable")[: round(share * flat.size)]] = 0
    return flat.reshape(w.shape)


def _filters_pruned(w: np.ndarray, share: float) -> np.ndarray:
    """A mistake: the weakest filters wholly at zero."""
    strength = np.abs(w).reshape(-1, w.shape[-1]).sum(axis=0)
    made = w.copy()
    made[..., np.argsort(strength)[: round(share * len(strength))]] = 0
    return made


def _pruned_in_each_filter(w: np.ndarray, share: float) -> np.ndarray:
    """A mistake: each filter ranked by itself."""
    return np.stack([_pruned(w[..., k], share) for k in range(w.shape[-1])], axis=-1)


def _layer_slip(name: str, got: np.ndarray, before: np.ndarray, share: float) -> str:
    """What the answer seems to have done to a kernel instead."""
    wanted = round(share * before.size)
    alike = (
        ("The kernel is as it was: nothing was pruned.", before),
        ("It looks as if the largest weights went; the smallest should.", _pruned(before, share, lambda w: -np.abs(w))),
        (
            "It looks as if a negative weight counted as small: its magnitude counts.",
            _pruned(before, share, lambda w: w),
        ),
        (
            "It looks as if the share was taken for a limit of the size: it is how many of the weights go.",
            before * (np.abs(before) >= share),
        ),
        ("It looks as if whole filters went: single weights should.", _filters_pruned(before, share)),
        (
            "It looks as if each filter lost its own smallest weights: they are ranked in the whole kernel.",
            _pruned_in_each_filter(before, share),
        ),
        ("It looks as if that share of the weights stayed; it should go.", _pruned(before, 1 - share)),
    )
    for words, other in alike:
        if np.array_equal(got, other):
            return f"{name}: {words}"
    zeros = int((got == 0).sum())
    if zeros != wanted:
        near = " The number is rounded to the nearest one: `round(share * w.size)`." if abs(zeros - wanted) == 1 else ""
        return f"{name}: {wanted:,} of {before.size:,} weights should be zero; {zeros:,} are.{near}"
    if not np.array_equal(got[got != 0], before[got != 0]):
        return f"{name}: the weights that stay should keep their values."
    return f"{name}: other weights than the smallest are zero."


def grade_layers(answer) -> str:
    """Several dicts of shares, a layer without a bias, an empty dict; the given model is left alone."""
    import keras

    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        model = _network()
        before = [w.copy() for w in model.get_weights()]
        sample = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
        # 0.755 of 432 weights is 326.2 and 0.55 of 54 is 29.7, so that only `round` gives both numbers.
        for shares in ({"second": 0.755}, {"first": 0.55, "last": 0.9}, {}):
            made = asked(answer, "prune_layers(model, shares)", model, dict(shares))
            given = f"shares = {shares}"
            if not isinstance(made, keras.Model):
                raise Wrong(f"for {given}: return a keras.Model; got {type(made).__name__}.")
            if made is model or not all(map(np.array_equal, model.get_weights(), before)):
                raise Wrong(f"for {given}: the given model was changed; change a copy of it.")
            if [layer.name for layer in made.layers] != [layer.name for layer in model.layers]:
                raise Wrong(f"for {given}: the copy should have the same layers, with the same names.")
            for old, new in zip(model.layers, made.layers, strict=True):
                _check_layer(given, old.get_weights(), new.get_weights(), old.name, shares.get(old.name))
            if made(sample).shape != model(sample).shape:
                raise Wrong(f"for {given}: the copy does not compute what the given model does.")
    return "right: each layer its own share, by magnitude, in a copy."


def _check_layer(given: str, before: list, after: list, name: str, share: float | None) -> None:
    """The kernel is pruned by its share, and all else is as it was."""
    if [w.shape for w in before] != [w.shape for w in after]:
        raise Wrong(f"for {given}: the weights of {name} should keep their shapes.")
    if not before:
        return
    if share is None:
        if all(map(np.array_equal, before, after)):
            return
        if all((old == new)[new != 0].all() for old, new in zip(before, after, strict=True)):
            raise Wrong(f"for {given}: {name} is not among them, and it was pruned all the same.")
        raise Wrong(f"for {given}: {name} has other weights than in the given model. A clone does not copy weights.")
    if not all(map(np.array_equal, before[1:], after[1:])):
        raise Wrong(f"for {given}: the bias of {name} should stay as it was.")
    if not np.array_equal(after[0], _pruned(before[0], share)):
        raise Wrong(f"for {given}: {_layer_slip(name, after[0], before[0], share)}")


def grade_list(answer) -> str:
    """One share; the usual mistakes are recognised."""
    value = numbers(answer)
    if value is None or value.shape != () or isinstance(answer, (bool, np.bool_)) or not np.isfinite(value):
        raise Wrong("the answer should be one number, a share from 0 to 1.")
    got = float(value)
    mistakes = {
        1 / 3: "that is the share of weights that are not zero; asked is the share of zeros.",
        1 / 2: "an entry has three bytes: one for the weight, and two for its position.",
        3 / 4: "that would be an entry of four bytes; it has one for the weight and two for its position.",
        4 / 5: "that would be positions of 32 bits; these have 16.",
        6 / 7: "those are weights of 32 bits; these have 8, in the list and in the ordinary file.",
        0.66: "that is two thirds, cut off; give three digits.",
        66.7: "give a share from 0 to 1, not a percentage.",
        3.0: "that is the size of an entry in bytes.",
    }
    if abs(got - 2 / 3) < 0.005:
        return "right: two thirds. Below that, a list of the weights is larger than all the weights."
    for wrong, words in mistakes.items():
        if abs(got - wrong) < 0.002 or (wrong > 60 and 66 <= got <= 67):
            raise Wrong(f"{got:.4g}: {words}")
    raise Wrong(f"{got:.4g} is not it. Write the list's bytes as a function of the share of zeros.")


#: What exercise 11-7 finds in the widget: the smallest file that keeps nine labels in ten has 3 bits, a scale for each
#: filter, and up to this share pruned.  `tests/exercises/test_ch11.py` computes it again.
FEWEST_BITS, MOST_PRUNED = 3, 0.3


def grade_smallest(answer) -> str:
    """Share, bits and kind of scale of the smallest file; usual mistakes are recognised."""
    try:
        share, bits, per_filter = answer
    except (TypeError, ValueError):
        raise Wrong("the answer should be three things, such as (0.5, 8, True).") from None
    if isinstance(share, (bool, np.bool_)) or isinstance(bits, (bool, np.bool_)):
        raise Wrong("first the share, then the bits, and True or False last.")
    if not isinstance(per_filter, (bool, np.bool_)):
        raise Wrong("the last of the three should be True (a scale for each filter) or False (one for each kernel).")
    try:
        share, bits = float(share), float(bits)
    except (TypeError, ValueError):
        raise Wrong("share and bits should be numbers, such as (0.5, 8, True).") from None
    if share >= 2 and 0 <= bits < 1:
        raise Wrong("share and bits seem to have changed places: first the share, then the bits.")
    if not 0 <= share <= 0.95:
        raise Wrong(f"the share should be from 0 to 0.95, as a share and not a percentage; got {share:g}.")
    if bits not in (32, 8, 6, 5, 4, 3, 2):
        raise Wrong(f"the widget offers 32, 8, 6, 5, 4, 3 and 2 bits; got {bits:g}.")
    if bits == 32:
        raise Wrong(
            "in float32 the labels are lost long before zeros make the archive small. Round, and prune less or not "
            "at all."
        )
    if bits == 2:
        raise Wrong("at 2 bits most labels change, with either scale and whatever is pruned.")
    if bits == FEWEST_BITS and not per_filter:
        raise Wrong(
            "at 3 bits one scale for each kernel keeps fewer than half of the labels: narrow filters get too few steps."
        )
    if bits > FEWEST_BITS:
        raise Wrong(
            f"with {bits:.0f} bits there is a smaller file that keeps nine labels in ten. "
            "Take bits away before weights, and try both kinds of scale."
        )
    if share > MOST_PRUNED:
        raise Wrong(f"with {share:.0%} pruned, fewer than nine labels in ten stay.")
    return (
        "right. 3 bits round the smallest weights to 0 by themselves, so pruning up to 30 % adds hardly any zeros "
        "and hardly changes the file."
    )
