"""Chapter 10: an inverted residual (10-1), and what a factorised layer saves (10-5)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, two, whole

_ARGUMENTS = "inverted(height, width, inputs, outputs, expansion, kernel, stride)"


def _reference(
    height,
    width,
    inputs,
    outputs,
    expansion,
    kernel,
    stride,
    *,
    norms=4,
    biases=False,
    always=False,
    full=False,
    side=False,
    reduced=("depthwise", "project"),
    floor=False,
    wide=None,
    shortcut=False,
    projected=False,
    missing=(),
    normed=("expand", "depthwise", "project"),
    counted=False,
    together=False,
    valid=False,
) -> tuple[int, int]:
    """The two counts; the options are mistakes to recognise."""
    half = (lambda size: size // stride) if floor else (lambda size: -(-size // stride))
    before, after = height * width, half(height) * half(width)
    if together:
        after = -(-before // stride**2)
    if valid:
        after = ((height - kernel) // stride + 1) * ((width - kernel) // stride + 1)
    wide = expansion * inputs if wide is None else wide
    window = kernel if side else kernel * kernel
    layers = {
        "expand": (inputs * wide, wide),
        "depthwise": (window * wide * (wide if full else 1), wide),
        "project": (wide * outputs, outputs),
    }
    if expansion == 1 and not always:
        del layers["expand"]
    for name in missing:
        layers.pop(name, None)
    parameters = sum(
        kernel_ + (norms + biases) * channels * (name in normed) for name, (kernel_, channels) in layers.items()
    )
    places = {name: after if name in reduced else before for name in layers}
    macs = sum(kernel_ * places[name] for name, (kernel_, _) in layers.items())
    if counted:
        macs += sum(channels * places[name] for name, (_, channels) in layers.items())
    if shortcut and stride == 1 and inputs == outputs:
        macs += after * outputs
    if projected and (stride > 1 or inputs != outputs):
        parameters, macs = parameters + inputs * outputs, macs + after * inputs * outputs
    return parameters, macs


#: Mistakes that a number may betray, and what to say of them.
_MISTAKES: tuple[tuple[dict, str], ...] = (
    (
        {"norms": 0},
        "It looks as if batch normalisation were left out: four numbers a channel behind each of the convolutions.",
    ),
    (
        {"norms": 2},
        "It looks as if batch normalisation had two numbers a channel; with the two moving statistics it has four.",
    ),
    (
        {"biases": True},
        "It looks as if the convolutions had biases; the normalisation behind them makes those superfluous, so they "
        "have none.",
    ),
    (
        {"norms": 0, "biases": True},
        "It looks as if the convolutions had biases in place of the normalisation's four numbers a channel.",
    ),
    ({"always": True}, "With an expansion of 1 there is no first convolution: there is nothing to widen."),
    (
        {"full": True},
        "It looks as if the middle convolution were a full one; a depthwise window reads its own channel only.",
    ),
    ({"side": True}, "A window of `kernel` by `kernel` has kernel * kernel weights."),
    (
        {"reduced": ("expand", "depthwise", "project")},
        "The first convolution runs before the stride, at every place of the input.",
    ),
    ({"reduced": ()}, "From the depthwise convolution on there are fewer places: `stride` skips the others."),
    (
        {"reduced": ("project",)},
        "The depthwise convolution is the one that strides: it is computed only at the places that are left.",
    ),
    ({"reduced": ("depthwise",)}, "The last convolution runs after the stride, at the places that are left."),
    ({"floor": True}, "Padded as 'same', a side of 45 becomes 23 with a stride of 2: divide and round up."),
    ({"together": True}, "Each side is divided and rounded up by itself, not the number of places."),
    ({"valid": True}, "It looks as if nothing were padded: as 'same', a side is divided by the stride and rounded up."),
    ({"missing": ("depthwise",)}, "The depthwise convolution is missing."),
    ({"missing": ("project",)}, "The last convolution, which makes the map narrow again, is missing."),
    ({"normed": ("project",)}, "A normalisation stands behind *each* convolution, not behind the last alone."),
    ({"normed": ("depthwise", "project")}, "The normalisation behind the first convolution is missing."),
    ({"normed": ("expand", "depthwise")}, "The normalisation behind the last convolution is missing."),
    ({"counted": True}, "It looks as if the normalisation's products were counted; here it multiplies nothing."),
    ({"projected": True}, "There is no convolution on the shortcut: where the shapes differ there is no shortcut."),
    ({"shortcut": True}, "The shortcut adds and multiplies nothing: additions alone are not counted."),
)


def _hint(number: int, place: int, case: tuple) -> str:
    """What the answer seems to have done instead, from one of the two numbers."""
    for options, words in _MISTAKES:
        if _reference(*case, **options)[place] == number:
            return words
    height, width, inputs, outputs, expansion, kernel, stride = case
    if number == _reference(*case, wide=expansion * outputs)[place]:
        return "The block widens to `expansion` times its inputs, not its outputs."
    if height != width and number in (
        _reference(side, side, inputs, outputs, expansion, kernel, stride)[place] for side in (height, width)
    ):
        return "The map need not be square: it has `height` times `width` places."
    if number == _reference(height, width, outputs, inputs, expansion, kernel, stride)[place]:
        return "Inputs and outputs seem to have changed places."
    if kernel != 3 and number == _reference(height, width, inputs, outputs, expansion, 3, stride)[place]:
        return (
            f"It looks as if the window were always 3 by 3; here it should have the window that is asked for, {kernel} "
            f"by {kernel}."
        )
    if place and number == 2 * _reference(*case)[1]:
        return "A multiply-accumulate is one, though it is two operations."
    if place and number == _reference(*case)[1] // _places(case):
        return "That is what one place of the output costs; it is done at each of them."
    return ""


def _places(case: tuple) -> int:
    return -(-case[0] // case[6]) * -(-case[1] // case[6])


def grade_inverted(answer) -> str:
    """Blocks that halve and that do not, of odd sides, of other windows, with nothing to widen.

    Both counts, as whole numbers.
    """
    cases = [
        (24, 24, 16, 16, 6, 3, 1),
        (24, 24, 16, 40, 4, 3, 2),
        (23, 23, 8, 8, 6, 3, 2),
        (32, 20, 32, 16, 1, 3, 1),
        (15, 28, 12, 20, 3, 5, 2),
        (7, 7, 96, 160, 6, 3, 1),
        (11, 11, 10, 10, 1, 5, 2),
        (10, 13, 6, 9, 2, 3, 3),
    ]
    for case in cases:
        given = f"inverted{case}"
        made = asked(answer, _ARGUMENTS, *case)
        both = two(made)
        if both is None:
            raise Wrong(f"{given} should return two numbers, parameters and multiply-accumulates; got {made!r}.")
        for place, (what, got, wanted) in enumerate(
            zip(("parameters", "multiply-accumulates"), both, _reference(*case), strict=True)
        ):
            if whole(got) is None and not isinstance(got, (float, np.floating)):
                raise Wrong(f"{given}: the {what} should be a whole number; got {got!r}.")
            if got != wanted:
                swapped = (
                    "The two numbers seem to have changed places: parameters come first."
                    if tuple(both) == _reference(*case)[::-1]
                    else ""
                )
                hint = swapped or _hint(got, place, case)
                raise Wrong(f"{given} has {wanted:,} {what}; your function gave {got:,}.{' ' + hint if hint else ''}")
            if whole(got) is None:
                raise Wrong(
                    f"{given} gave {got!r} {what}: a count is a whole number (use //, or round up with -(-a // b))."
                )
    return (
        "right: parameters and multiply-accumulates, with the stride where it belongs and nothing where there is "
        "nothing to widen."
    )


#: The layer of exercise 10-5: the window's side, channels in, channels out, places a side.
FACTOR_LAYER = (5, 48, 96, 20)


def grade_factor(answer) -> str:
    """How many times fewer multiply-accumulates, within a hundredth; the usual mistakes are recognised."""
    k, inputs, outputs, _ = FACTOR_LAYER
    value = numbers(answer)
    if value is None or value.shape != () or not np.isfinite(value) or isinstance(answer, (bool, np.bool_)):
        raise Wrong("the answer should be one number.")
    got = float(value)
    wanted = 1 / (1 / outputs + 1 / k**2)
    mistakes = {
        1 / wanted: "that is the share that is left; asked is how many times fewer: turn the fraction over.",
        1 - 1 / wanted: "that is the share that is saved; asked is how many times fewer.",
        1 / (1 / inputs + 1 / k**2): "the channels *in* were used; they cancel, and those *out* stay.",
        float(k**2): "that is the limit for very many channels out; the depthwise step costs something, too.",
        float(outputs): "the depthwise step alone was compared; the 1 x 1 convolution costs much more.",
        1 / (1 / outputs + 1 / k): "the window has k * k weights, not k.",
        1 / (1 / outputs + 1 / 9): "that is right for a window of 3 x 3; here it is 5 x 5.",
        float(outputs + k**2): "the shares 1/C' and 1/k^2 are added first, and then turned over.",
        float(outputs * k**2): "the shares 1/C' and 1/k^2 are added, not multiplied.",
    }
    if abs(got - wanted) <= 0.01 * wanted:
        return f"right: {wanted:.1f} times fewer, whatever the size of the map and the channels that are read."
    for number, words in mistakes.items():
        if abs(got - number) <= 0.01 * number:
            raise Wrong(f"{got:g}: {words}")
    raise Wrong(f"{got:g} is not it. Count both layers at one place, and divide the full one by the separable one.")
