"""Chapter 3: a network in Keras (03-4)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked


def _network(
    filters: int,
    dense: int,
    classes: int,
    size: int,
    *,
    scale=1 / 255,
    offset=0.0,
    relus=("relu", "relu", "relu"),
    softmax="softmax",
    twice=False,
    pool="MaxPooling2D",
):
    """The network of exercise 03-4; the options are mistakes to recognise."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((size, size, 1)),
            layers.Rescaling(scale, offset),
            layers.Conv2D(filters, 5, padding="same", activation=relus[0]),
            getattr(layers, pool)(2),
            layers.Conv2D(2 * filters, 3, padding="valid", strides=2, activation=relus[1]),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(dense, activation=relus[2]),
            layers.Dense(classes, activation=softmax),
            *([layers.Softmax()] if twice else []),
        ]
    )


#: Mistakes that the outputs of a network with the right shapes may betray, and what to say of them.
_NETWORK_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"scale": 1.0}, "The pixels, 0 to 255, are not brought to 0 to 1: a Rescaling layer does that."),
    ({"scale": 0.0}, "The pixels all become 0: in Python 1 // 255 is 0, and 1 / 255 is not."),
    ({"scale": 1 / 127.5, "offset": -1.0}, "The pixels are scaled to -1 to 1; asked is 0 to 1."),
    ({"scale": 255.0}, "The pixels are multiplied by 255: divide by it."),
    ({"relus": (None, "relu", "relu")}, "The first convolution has no ReLU."),
    ({"relus": ("relu", None, "relu")}, "The second convolution has no ReLU."),
    ({"relus": (None, None, "relu")}, "The convolutions have no ReLU."),
    ({"relus": ("relu", "relu", None)}, "The first dense layer has no ReLU."),
    ({"relus": (None, None, None)}, "No layer has a ReLU."),
    ({"relus": ("relu", "relu", "softmax")}, "The first dense layer has a softmax; it should have a ReLU."),
    ({"twice": True}, "There are two softmaxes, one after the other."),
    ({"pool": "AveragePooling2D"}, "The pool takes means; max pooling keeps the largest value."),
    ({"softmax": None}, "The last layer has no softmax: the outputs of a face should add up to 1."),
    ({"softmax": "sigmoid"}, "The last layer has a sigmoid; a softmax makes the outputs of a face add up to 1."),
)


def _layers(model) -> list:
    """The layers in their order, those of models within the model, too."""
    import keras

    found = []
    for layer in model.layers:
        found += _layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found


def _check_dropout(made, given: str) -> None:
    """One layer, of the rate that is asked, between the second convolution and the first dense layer."""
    import keras

    layers = keras.layers
    all_layers = _layers(made)
    dropouts = [number for number, layer in enumerate(all_layers) if isinstance(layer, layers.Dropout)]
    if not dropouts:
        raise Wrong(f"{given} has no Dropout layer.")
    if len(dropouts) > 1:
        raise Wrong(f"{given} has {len(dropouts)} Dropout layers; one is asked, behind the second convolution.")
    kind = type(all_layers[dropouts[0]]).__name__
    if kind.startswith("Spatial"):
        raise Wrong(f"{given}: {kind} drops whole maps; Dropout is asked, which drops single values.")
    rate = all_layers[dropouts[0]].rate
    if not np.isclose(rate, 0.3):
        raise Wrong(f"{given}: dropout of 0.3 is asked; yours has {rate:g}. The rate is the share that is dropped.")
    weighty = [n for n, layer in enumerate(all_layers) if isinstance(layer, (layers.Conv2D, layers.Dense))]
    if not weighty[1] < dropouts[0] < weighty[2]:
        raise Wrong(f"{given}: the dropout stands between the second convolution and the first dense layer.")


def _check_layers(made, wanted, given: str) -> None:
    """The layers with weights, and the shapes that they give, one after the other."""
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    got, right = ([layer for layer in _layers(model) if isinstance(layer, kinds)] for model in (made, wanted))
    names = [type(layer).__name__ for layer in got]
    if names != [type(layer).__name__ for layer in right]:
        raise Wrong(f"{given} should have two Conv2D and then two Dense layers; it has {', '.join(names) or 'none'}.")
    for number, (layer, model) in enumerate(zip(got, right, strict=True)):
        name = ("the first convolution", "the second convolution", "the first dense layer", "the last layer")[number]
        one, other = tuple(layer.output.shape[1:]), tuple(model.output.shape[1:])
        kernel, kernel_wanted = tuple(layer.kernel.shape), tuple(model.kernel.shape)
        if number < 2 and kernel[:2] != kernel_wanted[:2]:
            raise Wrong(f"{given}: the kernel of {name} should be {kernel_wanted[:2]}; it is {kernel[:2]}.")
        if one != other:
            if number < 2 and one[:2] != other[:2]:
                hint = " Look at padding and stride." if number else " Look at the padding."
                if number and kernel[0] == kernel_wanted[0] and layer.padding == "valid" and layer.strides == (2, 2):
                    hint = " Is there one pool of 2 before it, without padding?"
            elif number == 2 and len(one) > 1:
                hint = " Is there a Flatten before it?"
            else:
                hint = ""
            raise Wrong(f"{given}: the output of {name} should be {other}; it is {one}.{hint}")
        if kernel != kernel_wanted:
            raise Wrong(
                f"{given}: {name} should read {kernel_wanted[-2]:,} values; it reads {kernel[-2]:,}. "
                "What stands between it and the layer before?"
            )
        if not layer.use_bias:
            raise Wrong(f"{given}: {name} should have biases, as Keras gives them by default.")


def grade_network(answer) -> str:
    """Layers, shapes, counts, and the outputs beside those of a network with the same weights, at four sizes."""
    import keras

    rng = np.random.default_rng(34)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for case in [(4, 8, 5, 32), (4, 8, 8, 40), (3, 6, 7, 29), (6, 5, 2, 24)]:
            given = f"build_network{case}"
            made = asked(answer, "build_network(filters, dense, classes, size)", *case)
            if not isinstance(made, keras.Model):
                raise Wrong(f"{given} should return a keras.Model; got {type(made).__name__}.")
            if not made.built or not hasattr(made, "inputs"):
                raise Wrong(f"{given}: the model has no weights yet. Begin it with keras.Input((size, size, 1)).")
            size = case[3]
            if tuple(made.input_shape) != (None, size, size, 1):
                raise Wrong(f"{given}: the input should be {(size, size, 1)}; it is {tuple(made.input_shape[1:])}.")
            wanted = _network(*case)
            _check_layers(made, wanted, given)
            if made.count_params() != wanted.count_params():
                raise Wrong(
                    f"{given} should have {wanted.count_params():,} parameters; it has {made.count_params():,}. "
                    "Which layer is there besides?"
                )
            _check_dropout(made, given)
            _check_outputs(made, wanted, case, rng)
    return "right: the layers, their shapes, the counts and, with the same weights, the outputs at four sizes."


def _check_outputs(made, wanted, case: tuple, rng: np.random.Generator) -> None:
    """The outputs beside the reference's, after both got the same weights."""
    given, size = f"build_network{case}", case[3]
    weights = [rng.normal(0, 1 / np.sqrt(max(w[..., 0].size, 9)), w.shape) for w in wanted.get_weights()]
    made.set_weights(weights)
    faces = rng.uniform(0, 255, (3, size, size, 1)).astype("float32")

    def outputs(model):
        model.set_weights(weights)
        return np.asarray(model(faces, training=False))

    got = outputs(made)
    if np.allclose(got, outputs(wanted), atol=1e-4):
        return
    for options, words in _NETWORK_MISTAKES:
        if np.allclose(got, outputs(_network(*case, **options)), rtol=1e-3, atol=1e-4):
            raise Wrong(f"{given}: {words}")
    total = float(got[0].sum())
    hint = "" if np.isclose(total, 1, atol=1e-3) else f" The outputs of a face add up to {total:.3g} and not to 1."
    raise Wrong(
        f"{given}: layers and counts are right, but with the same weights the outputs differ.{hint} "
        "Look at the activations, at the pool and at the scaling of the pixels."
    )
