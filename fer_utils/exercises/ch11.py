"""Chapter 11: a folded normalisation (11-1), a dense layer in int8 (11-3), pruning by layer (11-4), a list (11-5),
the smallest file (11-7)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart, two

_ARGUMENTS = "fold(kernel, bias, gamma, beta, mean, variance, epsilon)"


def _reference(kernel, bias, gamma, beta, mean, variance, epsilon, *, axis=3, root=True, outside=False, divide=True):
    spread = variance + (0 if outside else epsilon)
    spread = np.sqrt(spread) if root else spread
    spread = spread + (epsilon if outside else 0)
    by = gamma / spread if divide else gamma * spread
    shape = [1] * 4
    shape[axis] = -1
    return kernel * by.reshape(shape) if by.size == kernel.shape[axis] else None, (bias - mean) * by + beta


def _kernel_hint(got: np.ndarray, given: dict) -> str:
    """What was done to the kernel instead, if it is one of the usual things."""

    def known(**other):
        wanted = _reference(
            **{
                name: value.astype(float) if name != "epsilon" else value
                for name, value in (given | other.pop("given", {})).items()
            },
            **other,
        )[0]
        return wanted is not None and got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-4, atol=1e-5)

    if known(given={"gamma": given["gamma"] * 0 + 1, "variance": given["variance"] * 0 + 1, "epsilon": 0.0}):
        return "The kernel is as it was: each filter has to be scaled, too."
    if known(given={"gamma": given["gamma"] * 0 + 1}):
        return "It looks as if gamma was left out."
    if known(given={"gamma": np.abs(given["gamma"])}):
        return "It looks as if gamma lost its sign; it may be negative."
    if known(given={"variance": given["variance"] * 0 + 1, "epsilon": 0.0}):
        return "It looks as if only gamma was used; the spread divides, too."
    if any(known(axis=axis) for axis in (0, 1, 2)):
        return "It looks as if another axis was scaled: in (height, width, in, out) the filters are the last."
    if known(root=False):
        return "It looks as if the variance divides; it is its square root, the standard deviation."
    if known(divide=False):
        return "It looks as if the spread multiplies; it divides."
    if known(given={"epsilon": 0.0}):
        return (
            "It looks as if epsilon was left out: it is added to the variance, and keeps a filter that never varies "
            "from dividing by zero."
        )
    if known(outside=True):
        return "It looks as if epsilon was added after the root; it belongs to the variance, under it."
    if known(given={"epsilon": 1e-3}):
        return "It looks as if epsilon is always 0.001, Keras' own; take the one that is given."
    if np.allclose(np.sort(got, axis=None), np.sort(_reference(**given)[0], axis=None), rtol=1e-4, atol=1e-5):
        return "The numbers are right and stand in other places: the order stays (height, width, in, out)."
    return ""


def _bias_hint(got: np.ndarray, given: dict) -> str:
    """The same for the bias, whose kernel was right."""
    bias, gamma, beta, mean = (given[name].astype(float) for name in ("bias", "gamma", "beta", "mean"))
    by = gamma / np.sqrt(given["variance"].astype(float) + given["epsilon"])
    for wrong, hint in (
        (beta - mean * by, "It looks as if the convolution's own bias was left out."),
        (bias, "The bias is as it was; the normalisation moves it."),
        (
            bias + beta - mean * by,
            "It looks as if the convolution's bias was not scaled; the normalisation sees it like any other part of "
            "the sum.",
        ),
        (bias * by + beta - mean, "It looks as if the mean was not scaled; it is taken away before the scaling."),
        (bias * by + beta, "It looks as if the mean was left out."),
        (bias * by, "It looks as if mean and beta were left out."),
        ((bias - mean) * by, "It looks as if beta was left out."),
        ((bias - mean + beta) * by, "It looks as if beta was scaled, too; it is added at the end, as it is."),
        ((bias + mean) * by + beta, "The mean has the wrong sign: it is taken away."),
        ((mean - bias) * by + beta, "The difference is the other way round: bias minus mean."),
        ((bias - mean) * by - beta, "Beta has the wrong sign: it is added."),
        (
            (bias - mean) / np.sqrt(given["variance"].astype(float) + given["epsilon"]) + beta,
            "It looks as if gamma was left out of the bias.",
        ),
    ):
        if np.allclose(got, wrong, rtol=1e-4, atol=1e-5):
            return hint
    return ""


def grade_fold(answer) -> str:
    """Shapes of all kinds, a filter that never varies, inputs left alone.

    One shape has equal sides, so that a wrong axis cannot hide.
    """
    rng = np.random.default_rng(1010)
    for shape, epsilon in (((3, 3, 3, 3), 1e-2), ((5, 3, 2, 7), 0.1), ((1, 1, 5, 4), 5e-3), ((3, 3, 1, 16), 0.03)):
        filters = shape[-1]
        given = {
            "kernel": rng.normal(0, 0.5, shape),
            "bias": rng.normal(0, 0.7, filters),
            "gamma": rng.uniform(0.4, 2.0, filters) * rng.choice([-1, 1], filters),
            "beta": rng.normal(0, 1.5, filters),
            "mean": rng.normal(0, 2.0, filters),
            "variance": rng.uniform(0.2, 6.0, filters),
        }
        given = {name: value.astype("float32") for name, value in given.items()}
        given["gamma"][0], given["variance"][-1] = (
            -abs(given["gamma"][0]),
            0.0,
        )  # one that turns round, one that never varies
        given["epsilon"] = epsilon
        before = {name: np.copy(value) for name, value in given.items()}
        words = f"a kernel of shape {shape} and epsilon {given['epsilon']:g}"
        try:
            made = asked(answer, _ARGUMENTS, *given.values())
        except ValueError as error:
            if "broadcast" in str(error):
                raise Wrong(f"for {words}: {error}. Which axis of the kernel counts the filters? The last.") from None
            raise
        for name, value in given.items():
            if not np.array_equal(value, before[name]):
                raise Wrong(f"your function changed the {name} that it was given; make a new array.")
        both = two(made)
        if both is None:
            raise Wrong(f"for {words}: return two things, (kernel, bias); got {type(made).__name__}.")
        kernel, bias = map(numbers, both)
        if kernel is None or bias is None:
            raise Wrong(f"for {words}: kernel and bias should be arrays of numbers.")
        if kernel.shape == (filters,) and bias.shape == shape:
            raise Wrong("the kernel comes first, then the bias: return (kernel, bias).")
        for name, part, wanted in (("kernel", kernel, shape), ("bias", bias, (filters,))):
            if part.shape != wanted:
                raise Wrong(f"for {words}: the {name} keeps its shape, {wanted}; got {part.shape}.")
        wanted = _reference(
            **{name: value.astype(float) if name != "epsilon" else value for name, value in given.items()}
        )
        for name, part, right, hint in (
            ("kernel", kernel, wanted[0], _kernel_hint),
            ("bias", bias, wanted[1], _bias_hint),
        ):
            if not np.allclose(part, right, rtol=1e-4, atol=1e-5):
                gap = np.where(np.isfinite(part), np.abs(part - right), np.inf)
                place = tuple(int(k) for k in np.unravel_index(gap.argmax(), gap.shape))
                found = hint(part, given)
                shown, yours = told_apart(right[place], part[place], 4)
                raise Wrong(
                    f"for {words}: {name}[{', '.join(map(str, place))}] should be {shown}; your function "
                    "gave "
                    f"{yours}.{' ' + found if found else ''}"
                )
    return "right: two layers have become one, and no picture will tell the difference."


def _dense(q, scale, zero, weights, scales, bias) -> np.ndarray:
    sums = (q.astype(np.int64) - int(zero)) @ weights.astype(np.int64) + bias
    return float(scale) * scales * sums


def _wrapped(values: np.ndarray, kind: str) -> np.ndarray:
    """What an array of whole numbers becomes where it holds too few bits."""
    return values.astype(np.int64).astype(kind).astype(np.int64)


def _dense_slips(q, scale, zero, weights, scales, bias) -> list[tuple[str, np.ndarray]]:
    """What else may have been done, in words, and what it gives."""
    wide, taps = q.astype(np.int64), weights.astype(np.int64)
    moved = wide - int(zero)
    short = _wrapped(moved, "int8")
    both = float(scale) * scales
    return [
        (
            "It looks as if the sum overflowed: an int8 holds nothing above 127. Turn both arrays into int32 first.",
            both * (_wrapped(moved @ taps, "int8") + bias),
        ),
        (
            "It looks as if the sum overflowed: an int8 holds nothing above 127. Turn both arrays into int32 first.",
            both * (_wrapped(short @ taps, "int8") + bias),
        ),
        (
            "It looks as if `q - zero` overflowed: an int8 holds nothing above 127. Turn q into int32 before.",
            both * (short @ taps + bias),
        ),
        ("It looks as if the zero point was left out.", both * (wide @ taps + bias)),
        ("It looks as if the zero point was added; it is taken away.", both * ((wide + int(zero)) @ taps + bias)),
        (
            "It looks as if the bias was added after the scales: it is counted in steps of `scale * scales`, too.",
            both * (moved @ taps) + bias,
        ),
        ("It looks as if the bias was left out.", both * (moved @ taps)),
        (
            "It looks as if the bias was multiplied by the weights' scales alone.",
            both * (moved @ taps) + scales * bias,
        ),
        ("It looks as if the input's scale was left out.", scales * (moved @ taps + bias)),
        ("It looks as if the weights' scales were left out.", float(scale) * (moved @ taps + bias)),
        (
            "It looks as if one scale was taken for all units; each has its own.",
            float(scale) * scales.mean() * (moved @ taps + bias),
        ),
        (
            "It looks as if one scale was taken for all units; each has its own.",
            float(scale) * scales[0] * (moved @ taps + bias),
        ),
        ("Negative sums became 0: this layer has no activation.", np.maximum(both * (moved @ taps + bias), 0)),
    ]


def grade_dense(answer) -> str:
    """Inputs and sums beyond 127, zero points of both signs, one face and several, scales that differ."""
    rng = np.random.default_rng(1103)
    for faces, inputs, units, zero in ((3, 40, 5, -128), (1, 64, 4, 90), (6, 9, 9, 3), (2, 200, 3, 127)):
        given = {
            "q": rng.integers(-128, 128, (faces, inputs)).astype("int8"),
            "scale": round(float(rng.uniform(0.005, 0.03)), 4),
            "zero": zero,
            "weights": rng.integers(-127, 128, (inputs, units)).astype("int8"),
            "scales": rng.uniform(0.001, 0.02, units),
            "bias": rng.integers(-30000, 30000, units).astype("int32"),
        }
        before = {name: np.copy(value) for name, value in given.items()}
        words = f"q of shape {(faces, inputs)}, {units} units and the zero point {zero}"
        made = asked(answer, "dense(q, scale, zero, weights, scales, bias)", *given.values())
        for name, value in given.items():
            if not np.array_equal(value, before[name]):
                raise Wrong(f"your function changed `{name}`, which it was given; make a new array.")
        got, wanted = numbers(made), _dense(**given)
        if got is None:
            raise Wrong(f"for {words}: return an array of numbers; got {type(made).__name__}.")
        if got.shape != wanted.shape:
            hint = " Inputs times weights, and not the other way round." if got.shape == wanted.T.shape else ""
            raise Wrong(f"for {words}: the output has the shape {wanted.shape}; got {got.shape}.{hint}")
        if np.allclose(got, wanted, rtol=1e-4, atol=1e-4):
            continue
        slip = next(
            (text for text, other in _dense_slips(**given) if np.allclose(got, other, rtol=1e-4, atol=1e-4)), ""
        )
        row, unit = (int(k) for k in np.argwhere(~np.isclose(got, wanted, rtol=1e-4, atol=1e-4))[0])
        right, yours = told_apart(wanted[row, unit], got[row, unit], 3)
        raise Wrong(f"for {words}: face {row}, unit {unit} should be {right}; got {yours}.{' ' + slip if slip else ''}")
    return "right: whole numbers in the sum, two scales at the end, and nothing overflows."


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
        ("It looks as if that share of the weights stayed; it should go.", _pruned(before, 1 - share)),
    )
    for words, other in alike:
        if np.array_equal(got, other):
            return f"{name}: {words}"
    zeros = int((got == 0).sum())
    if zeros != wanted:
        return f"{name}: {wanted:,} of {before.size:,} weights should be zero; {zeros:,} are."
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
        for shares in ({"second": 0.75}, {"first": 0.5, "last": 0.9}, {}):
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
        66.7: "give a share from 0 to 1, not a percentage.",
        3.0: "that is the size of an entry in bytes.",
    }
    if abs(got - 2 / 3) < 0.005:
        return "right: two thirds. Below that, a list of the weights is larger than all the weights."
    for wrong, words in mistakes.items():
        if abs(got - wrong) < 0.005 or (wrong > 60 and 66 <= got <= 67):
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
