"""Chapter 11: a folded normalisation (11-1), and a dense layer in int8 (11-3)."""

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
    if not np.isfinite(got).all():
        return (
            "A filter that never varies has the variance 0. It looks as if epsilon was left out under the root, where "
            "it is added to the variance."
        )

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
    if known(given={"variance": np.maximum(given["variance"], given["epsilon"]), "epsilon": 0.0}):
        return "It looks as if epsilon was the smallest variance allowed; it is added to every variance."
    if known(given={"gamma": given["beta"]}):
        return "It looks as if beta scales the kernel: gamma scales, and beta is added, to the bias."
    by = given["gamma"].astype(float) / np.sqrt(given["variance"].astype(float) + given["epsilon"])
    for moved in (given["beta"], given["beta"] - given["mean"] * by):
        if np.allclose(got, given["kernel"] * by + moved, rtol=1e-4, atol=1e-5):
            return "It looks as if something was added to the kernel, too: it is scaled only; the bias has the rest."
    if np.allclose(got, (given["kernel"] - given["mean"]) * by + given["beta"], rtol=1e-4, atol=1e-5):
        return "The kernel is only scaled: mean and beta belong to the bias."
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
    both16 = _wrapped(moved @ taps, "int16")
    both = float(scale) * scales
    return [
        (
            "It looks as if the sum overflowed: an int16 holds nothing above 32,767. Turn both into int32 first.",
            both * (both16 + bias),
        ),
        (
            "It looks as if q was read as numbers from 0 to 255; an int8 goes from -128 to 127.",
            both * ((q.astype("uint8").astype(np.int64) - int(zero)) @ taps + bias),
        ),
        (
            "It looks as if the sum overflowed, and the zero point was left out.",
            both * (_wrapped(wide @ taps, "int8") + bias),
        ),
        (
            "It looks as if the sum was cut off at the limits of int8; only the inputs and weights are so short.",
            both * np.clip(moved @ taps + bias, -128, 127),
        ),
        (
            "It looks as if the zero point was taken from the weights, too; they have none.",
            both * (moved @ (taps - int(zero)) + bias),
        ),
        (
            "It looks as if the zero point was taken from the sum; it is taken from each input, before the product.",
            both * (wide @ taps - int(zero) + bias),
        ),
        (
            "It looks as if the zero point was taken after the scale: an input stands for scale * (q - zero).",
            (float(scale) * wide - int(zero)) @ (scales * taps) + both * bias,
        ),
        ("Both scales are missing: the sum is counted in steps of `scale * scales`.", moved @ taps + bias),
        ("It looks as if the sum was divided by the scales; it is multiplied.", (moved @ taps + bias) / both),
        (
            "It looks as if the bias was multiplied by the input's scale alone.",
            both * (moved @ taps) + float(scale) * bias,
        ),
        (
            "It looks as if one scale was taken for all units; each has its own.",
            float(scale) * scales.sum() * (moved @ taps + bias),
        ),
        ("The output was rounded; it is a float.", np.rint(both * (moved @ taps + bias))),
        ("The output lost its fractions; it is a float.", np.trunc(both * (moved @ taps + bias))),
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
