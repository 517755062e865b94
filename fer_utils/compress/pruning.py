"""Magnitude pruning: the smallest weights become zero (Han et al. 2015, arXiv 1506.02626), or the least filters go.

Unstructured, the zeros lie anywhere, so the archive gets smaller and the time
does not; structured (Li et al. 2017, arXiv 1608.08710), the network is smaller
and faster.  ``fer_utils.compress.sparse_and_fast`` measures both.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from fer_utils.compress.filters import remove
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage

_SCOPES = ("global", "layer")


def kernels(model: keras.Model) -> list[keras.Variable]:
    """The variables that pruning may touch: kernels of convolutions and dense layers, not biases.

    Raises
    ------
    FerError for something that is not a Keras model with such kernels (``knn`` has none).
    """
    if not isinstance(model, keras.Model):
        raise invalid("model", expected="a keras.Model", received=model)
    found = [
        variable
        for layer in model._flatten_layers(include_self=False)
        for name in ("kernel", "depthwise_kernel", "pointwise_kernel")
        if isinstance(variable := getattr(layer, name, None), keras.Variable)
    ]
    # A layer that is reached twice counts once; a DepthwiseConv2D's kernel has one name only.
    unique = list({id(variable): variable for variable in found}.values())
    if not unique:
        raise invalid(
            "model",
            expected="a network with convolution or dense kernels",
            received=f"{model.name} ({type(model).__name__})",
            remedy="`knn` and other models without kernels cannot be pruned or exported.",
        )
    return unique


def checked_share(value: Any, name: str = "sparsity") -> float:
    """A share in [0, 1) as a float; FerError, naming the argument ``name``, for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not 0 <= value < 1:
        raise invalid(name, expected="a share in [0, 1)", received=value)
    return float(value)


def _scope(scope: str) -> str:
    if scope not in _SCOPES:
        raise invalid("scope", expected="'global' or 'layer'", received=scope)
    return scope


def _smallest(values: np.ndarray, share: float) -> np.ndarray:
    """True where a weight stays: all but the ``round(share * size)`` smallest magnitudes."""
    keep = np.ones(values.size, dtype=bool)
    count = round(share * values.size)
    if count:
        keep[np.argpartition(np.abs(values.ravel()), count - 1)[:count]] = False
    return keep.reshape(values.shape)


def _masks(arrays: list[np.ndarray], share: float, scope: str) -> list[np.ndarray]:
    if scope == "layer":
        return [_smallest(array, share) for array in arrays]
    keep = _smallest(np.concatenate([array.ravel() for array in arrays]), share)
    parts = np.split(keep, np.cumsum([array.size for array in arrays])[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True)]


def _values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def sparsity(model: keras.Model) -> float:
    """Share of exact zeros among the kernels' weights, in [0, 1].

    Biases and normalisation are not counted, for they are not pruned.
    """
    arrays = _values(kernels(model))
    return sum(int((array == 0).sum()) for array in arrays) / sum(array.size for array in arrays)


@stage("pruning")
def prune(model: keras.Model, sparsity: float = 0.8, *, scope: str = "global", structured: bool = False) -> keras.Model:
    """A copy of ``model`` with its smallest kernel weights at zero, or without its least filters.

    One shot, without training: accuracy falls.  To keep it, train on: with
    ``MagnitudePruning(None)`` after single weights, as ever after filters.  In place of one
    large step, several small ones with training between them.

    Parameters
    ----------
    model : a network of the registry, or any functional or sequential one;
        left as it is.
    sparsity : share of the kernels' weights that become zero, in [0, 1); of the
        filters that can go, with ``structured``.
    scope : ``"global"`` ranks all kernels' weights (filters) together, so wide layers
        lose most, and one whose weights are small throughout may lose all (of its
        filters all but one);
        ``"layer"`` takes the same share from each.
    structured : take whole filters and units away.  The network that comes back
        has fewer channels and is smaller and faster in any engine.  With a share s gone
        everywhere, a kernel between two layers keeps (1 - s)^2 of its weights.

    Returns
    -------
    keras.Model, not compiled.

    Notes
    -----
    A filter's rank is what the layers that read it take of it: the size (L2 norm) of the
    weights that make it (after a ``BatchNormalization``, which undoes that size,
    of its scale and shift) times that of the weights that read it, relative to the reading layer's mean.
    So it does not change when a filter is made larger and its readers smaller by the same factor, as the
    norm alone does.  Filters whose outputs are added (residual
    shortcuts) or normalised together go together.  The last layer keeps its
    outputs, and so does whatever a layer reads that mixes channels
    (``LayerNormalization``), is called twice or is not known here.

    Every smaller network is compared, on noise, with the old one in which
    the same filters are silenced.

    Raises
    ------
    FerError for a share or scope out of range, a model without kernels (``knn``), and with ``structured`` one
    whose graph cannot be read, that has no filter that can go, or whose copy does
    not compute what it should.
    """
    share, scope = checked_share(sparsity), _scope(scope)
    if not isinstance(structured, (bool, np.bool_)):
        raise invalid("structured", expected="True or False", received=structured)
    kernels(model)  # refuses what cannot be pruned before it is copied
    if structured:
        return remove(model, share, scope)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    variables = kernels(copy)
    arrays = _values(variables)
    for variable, array, keep in zip(variables, arrays, _masks(arrays, share, scope), strict=True):
        variable.assign(array * keep)
    return copy


class MagnitudePruning(keras.callbacks.Callback):
    """Prune while training: zeros are added step by step and stay zero.

    The share rises from what the model has at the start, steeply at first and
    gently at the end, s(t) = s1 + (s0 - s1)(1 - t)^3 (Zhu and Gupta 2017,
    arXiv 1710.01878), with t from 0 to 1 over the first ``ramp`` of the training
    steps; then it holds while the rest recovers.

    Parameters
    ----------
    sparsity : share of the kernels' weights that are zero at the end, in [0, 1);
        None to add no zeros and keep those that are there (fine-tuning after
        ``prune``).
    ramp : share of the training steps over which it rises, in (0, 1].
    every : steps between two choices of what is pruned; in between, the zeros
        are only held.
    scope : as in ``prune``.  ``"layer"`` where training begins with a layer at
        zero (``ding2023``'s last), for its first small weights rank lowest.
    steps : training steps in all; None for those of the ``fit`` call.  Give it
        where training is many calls of ``fit`` with this one callback
        (``fer_utils.training.fit`` makes one an epoch): the schedule then goes on
        from call to call.

    Attributes
    ----------
    history : list of (step, share asked for), one a choice.
    """

    @stage("pruning")
    def __init__(
        self,
        sparsity: float | None = 0.8,
        *,
        ramp: float = 0.75,
        every: int = 10,
        scope: str = "global",
        steps: int | None = None,
    ):
        super().__init__()
        self.sparsity = None if sparsity is None else checked_share(sparsity)
        if isinstance(ramp, bool) or not isinstance(ramp, (int, float)) or not 0 < ramp <= 1:
            raise invalid("ramp", expected="a share in (0, 1]", received=ramp)
        self.ramp, self.every, self.scope = float(ramp), whole_number("every", every, 1), _scope(scope)
        self.steps = None if steps is None else whole_number("steps", steps, 1)
        self._step = 0
        self.history: list[tuple[int, float]] = []

    def on_train_begin(self, logs=None):
        if self.steps is not None and self._step:
            return  # a further call of the same training
        zeros = [array == 0 for array in _values(kernels(self.model))]
        if not any(zero.any() and not zero.all() for zero in zeros):
            # Nothing is pruned yet: a kernel of zeros alone starts there (ding2023's last), and held could never learn.
            zeros = [np.zeros_like(zero) for zero in zeros]
        self._start = sum(int(zero.sum()) for zero in zeros) / sum(zero.size for zero in zeros)
        if self.sparsity is not None and self.sparsity < self._start:
            raise invalid(
                "sparsity",
                expected=f"at least the model's present share of zeros, {self._start:.3f}",
                received=self.sparsity,
                remedy="`sparsity=None` keeps the zeros that are there.",
            )
        self._keep = [~zero for zero in zeros]
        self._step, self.history = 0, []
        steps, epochs = self.params.get("steps"), self.params.get("epochs") or 1
        # The number of steps of a generator is known only after its first epoch; the ramp waits for it.
        self._steps = self.steps or (steps * epochs if steps else None)

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        # `self.model` is asked for each time: on JAX that is what brings the weights up to date.
        variables = kernels(self.model)
        if self.sparsity is not None and self._steps and self._step % self.every == 0:
            self._choose(variables)
        else:
            self._hold(variables)

    def on_epoch_end(self, epoch, logs=None):
        if self._steps is None:
            self._steps = self._step * (self.params.get("epochs") or 1)

    def on_train_end(self, logs=None):
        variables = kernels(self.model)
        if self.sparsity is not None and self._step >= (self.steps or 0):
            self._choose(variables, last=True)
        else:
            self._hold(variables)

    def _choose(self, variables, *, last: bool = False):
        done = 1.0 if last else min(1.0, self._step / max(1.0, self.ramp * self._steps))
        share = self.sparsity + (self._start - self.sparsity) * (1.0 - done) ** 3
        # What is zero already has the smallest magnitude, so it stays chosen.
        held = [array * keep for array, keep in zip(_values(variables), self._keep, strict=True)]
        self._keep = _masks(held, share, self.scope)
        self.history.append((self._step, share))
        for variable, array, keep in zip(variables, held, self._keep, strict=True):
            variable.assign(array * keep)

    def _hold(self, variables):
        for variable, keep in zip(variables, self._keep, strict=True):
            variable.assign(variable * keras.ops.cast(keep, variable.dtype))
