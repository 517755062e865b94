"""Watching a network while it learns: which of its ReLU units are dead."""

from __future__ import annotations

from collections.abc import Iterable
import warnings

import keras
import numpy as np

from fer_utils.core.errors import invalid, whole_number


class DeadLayer(UserWarning):
    """Every unit of a layer gives 0 for all the faces looked at: nothing of them passes it, and no gradient returns."""


def dead_units(
    model, images, *, layers: Iterable[str] | None = None, batch_size: int = 16
) -> dict[str, dict[str, int]]:
    """Count the units that give 0 for every one of some faces; in a convolution, at every place of the map.

    A ReLU unit that is 0 has no gradient.  One that is 0 for every face may still wake: in training dropout changes
    what it reads, an optimiser with a memory, such as Adam, goes on moving weights, and other faces may lie above 0.

    Parameters
    ----------
    model : a functional or sequential Keras model, on any backend.
    images : (N, H, W, C) pixels 0 to 255, N of 1 or more; the more, the surer that a unit is dead and not only rare.
    layers : names of layers whose activation is a ReLU; None for all that are the model's own and not a nested model's.
    batch_size : faces at a time.

    Returns
    -------
    {layer: {"dead": how many, "units": of how many}}; empty for a model without ReLU.

    Raises
    ------
    FerError : no such layer with a ReLU, no faces.
    """
    if not len(images):
        raise invalid("images", expected="one face or more", received="none")
    batch_size = whole_number("batch_size", batch_size, 1)
    probe = _probe(model, layers)
    return {} if probe is None else _count(probe, images, batch_size)


class DeadUnits(keras.callbacks.Callback):
    """Count dead units (see `dead_units`) after each epoch, and warn of a layer that has died.

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

    Raises
    ------
    FerError : no faces, numbers out of range; when training begins, no such layer with a ReLU.

    Warns
    -----
    DeadLayer : once for each layer, at the first look that finds every unit of it dead.
    """

    def __init__(self, images, *, layers: Iterable[str] | None = None, every: int | None = None, batch_size: int = 16):
        super().__init__()
        if not len(images):
            raise invalid("images", expected="one face or more", received="none")
        self.images, self.layers = images, layers
        self.every = None if every is None else whole_number("every", every, 1)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        # A callback that has to do with steps makes some backends wait for each one, unless it says that they need not.
        self.async_safe = every is None
        self.history: list[dict] = []
        self.dead_now: dict[str, dict[str, int]] = {}
        self.said: list[str] = []
        self._steps_done = 0
        self._epoch = 0
        self._probed_model = None
        self._known_dead: set[str] = set()

    def on_train_begin(self, logs=None):
        if self.every is not None:
            self._look(self._steps_done)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if self.every is None:
            return
        step = self._steps_done + batch + 1
        if step % self.every == 0:
            self._look(step)

    def on_epoch_end(self, epoch, logs=None):
        self._steps_done += self.params["steps"] or 0
        self._look(self._steps_done)

    def _look(self, step: int) -> None:
        model = self.model  # under JAX this puts the weights of the moment into the model
        if self._probed_model is not model:
            self._probed_model, self._probe = model, _probe(model, self.layers)
        seen_already = bool(self.history) and self.history[-1]["step"] == step
        if self._probe is None or seen_already:
            return
        self.dead_now = _count(self._probe, self.images, self.batch_size)
        for name, count in self.dead_now.items():
            self.history.append({"epoch": self._epoch, "step": step, "layer": name, **count})
            if count["dead"] == count["units"] and name not in self._known_dead:
                self._known_dead.add(name)
                self._warn(name, step, count["units"])

    def _warn(self, name: str, step: int, units: int) -> None:
        self.said.append(
            f"Layer {name!r} is dead: after {step} steps, in epoch {self._epoch}, all {units} of its units give 0 for "
            f"every one of {len(self.images)} faces. While that is so, no gradient of them passes the layer, and "
            "what comes after it answers the same for each of them. Units can wake again: look once more, with more "
            "faces. If the layer stays dead, begin again with a network that keeps its units alive (ding2023: "
            "conditioned=True); the study dead_units measured what helps."
        )
        warnings.warn(self.said[-1], DeadLayer, stacklevel=3)


def _has_relu(layer) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) in (keras.activations.relu, keras.activations.relu6)


def _probe(model, layers: Iterable[str] | None) -> keras.Model | None:
    """A model from pixels to {layer: (batch, units), each unit's largest output over the places of a map}.

    None where the model has no layer with a ReLU.
    """
    known = {layer.name: layer for layer in getattr(model, "layers", ()) if _has_relu(layer)}
    if layers is None:
        chosen = list(known)
    elif isinstance(layers, str):
        chosen = [layers]
    else:
        chosen = list(layers)
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
        channels_first = getattr(known[name], "data_format", None) == "channels_first"
        places = range(2, len(output.shape)) if channels_first else range(1, len(output.shape) - 1)
        highest = keras.ops.max(output, axis=tuple(places)) if len(places) else output
        outputs[name] = keras.ops.cast(highest, "float32")
    if not outputs:
        return None
    inputs = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    return keras.Model(inputs, outputs, name="probe")


def _count(probe: keras.Model, images, batch_size: int) -> dict[str, dict[str, int]]:
    highest: dict[str, np.ndarray] = {}
    for start in range(0, len(images), batch_size):
        batch = np.asarray(images[start : start + batch_size], np.float32)
        for name, outputs in probe.predict_on_batch(batch).items():
            values = np.asarray(outputs).max(axis=0)
            highest[name] = np.maximum(highest.get(name, values), values)
    return {name: {"dead": int((values <= 0).sum()), "units": len(values)} for name, values in highest.items()}
