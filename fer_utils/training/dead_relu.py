"""Watching a network while it learns: which of its ReLU units are dead."""

from __future__ import annotations

from collections.abc import Iterable
import warnings

import numpy as np

from fer_utils.core.errors import invalid, whole_number


class DeadLayer(UserWarning):
    """Every unit of a layer is dead: nothing of the face passes it, and no gradient comes back."""


def _probe(model, layers: Iterable[str] | None):
    """A model from pixels to {layer: each unit's largest output over the places of a map}, (batch, units); None without such layers."""
    import keras

    relu = (keras.activations.relu, keras.activations.relu6)
    known = {
        layer.name: layer
        for layer in getattr(model, "layers", ())
        if getattr(layer, "activation", None) in relu
        or (isinstance(layer, keras.layers.ReLU) and not layer.negative_slope)
    }
    chosen = list(known) if layers is None else [layers] if isinstance(layers, str) else list(layers)
    for name in chosen:
        if name not in known:
            raise invalid(
                "layers",
                expected=f"names of layers with a ReLU: {', '.join(known) or 'this model has none'}",
                received=name,
            )
    outputs = {}
    for name in chosen:
        output = known[name].output
        first = getattr(known[name], "data_format", None) == "channels_first"
        places = range(2, len(output.shape)) if first else range(1, len(output.shape) - 1)
        highest = keras.ops.max(output, axis=tuple(places)) if len(places) else output
        outputs[name] = keras.ops.cast(highest, "float32")
    if not outputs:
        return None
    return keras.Model(model.inputs if len(model.inputs) > 1 else model.inputs[0], outputs, name="probe")


def _count(probe, images, batch_size: int) -> dict[str, dict[str, int]]:
    highest: dict[str, np.ndarray] = {}
    for start in range(0, len(images), batch_size):
        some = np.asarray(images[start : start + batch_size], np.float32)
        for name, values in probe.predict_on_batch(some).items():
            values = np.asarray(values).max(axis=0)
            highest[name] = np.maximum(highest.get(name, values), values)
    return {name: {"dead": int((values <= 0).sum()), "units": len(values)} for name, values in highest.items()}


def dead_units(
    model, images, *, layers: Iterable[str] | None = None, batch_size: int = 16
) -> dict[str, dict[str, int]]:
    """Count the units that give 0 for every one of some faces: at every place of the map, where the layer is a convolution.

    A ReLU unit that is 0 has no gradient, so one that is 0 for every face stays as it is while the layers before it do.

    Parameters
    ----------
    model : a functional or sequential Keras model, on any backend.
    images : (N, H, W, C) pixels 0 to 255, N of 1 or more; the more, the surer that a unit is dead and not only rare.
    layers : names of layers whose activation is a ReLU; None for all that are the model's own and not a nested model's.

    Returns
    -------
    {layer: {"dead": how many, "units": of how many}}; empty for a model without ReLU.

    Raises
    ------
    FerError : no such layer with a ReLU, no faces.
    """
    if not len(images):
        raise invalid("images", expected="one face or more", received="none")
    probe = _probe(model, layers)
    return _count(probe, images, whole_number("batch_size", batch_size, 1)) if probe is not None else {}


def DeadUnits(images, *, layers: Iterable[str] | None = None, every: int | None = None, batch_size: int = 16):
    """A Keras callback that counts dead units (see `dead_units`) after each epoch, and warns of a layer that has died.

    Parameters
    ----------
    images, layers, batch_size : as in `dead_units`; the same faces at every look.
    every : also before the first step and after each ``every`` steps; None looks after epochs only.

    Attributes
    ----------
    history : list of one dict a look and layer: ``epoch`` (1, 2, ...; 0 before training), ``step`` (since the callback
        was made), ``layer``, ``dead``, ``units``: ``pandas.DataFrame(watch.history)``.
    dead_now : the last look, as `dead_units` returns it.
    said : the warnings, one sentence or more each.

    Warns
    -----
    DeadLayer : once for each layer, at the first look that finds every unit of it dead.
    """
    import keras

    if not len(images):
        raise invalid("images", expected="one face or more", received="none")
    every = None if every is None else whole_number("every", every, 1)
    batch_size = whole_number("batch_size", batch_size, 1)

    class Watch(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.history, self.dead_now, self.said = [], {}, []
            self._done, self._epoch, self._seen, self._dead = 0, 0, None, set()

        def look(self, step):
            model = self.model  # under JAX this puts the weights of the moment into the model
            if self._seen is not model:
                self._seen, self._probe = model, _probe(model, layers)
            if self._probe is None or (self.history and self.history[-1]["step"] == step):
                return
            self.dead_now = _count(self._probe, images, batch_size)
            for name, count in self.dead_now.items():
                self.history.append({"epoch": self._epoch, "step": step, "layer": name, **count})
                if count["dead"] == count["units"] and name not in self._dead:
                    self._dead.add(name)
                    self.said.append(
                        f"Layer {name!r} is dead: after {step} steps, in epoch {self._epoch}, all {count['units']} of its units give 0 "
                        f"for every one of {len(images)} faces. No gradient passes a ReLU that is 0, so they stay so, and what "
                        "comes after them answers the same for every face. More epochs will not help, and a lower learning rate "
                        "may only put it off: begin again with a network that keeps its units alive (ding2023: conditioned=True)."
                    )
                    warnings.warn(self.said[-1], DeadLayer, stacklevel=2)

        def on_epoch_begin(self, epoch, logs=None):
            self._epoch = epoch + 1

        def on_epoch_end(self, epoch, logs=None):
            self._done += self.params["steps"] or 0
            self.look(self._done)

    class Often(Watch):  # apart, since a callback that has to do with steps makes some backends wait for each
        def on_train_begin(self, logs=None):
            self.look(self._done)

        def on_train_batch_end(self, batch, logs=None):
            if (self._done + batch + 1) % every == 0:
                self.look(self._done + batch + 1)

    return Watch() if every is None else Often()
