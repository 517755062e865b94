"""What `fer_utils.training.fit` itself has to do while Keras trains."""

from __future__ import annotations

import threading

import keras
import numpy as np
from tqdm import tqdm


class DropoutSeeds(keras.callbacks.Callback):
    """Set every dropout's random state from (seed, epoch) as an epoch begins: a ``.keras`` file does not keep it."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        # Here and not before `model.fit`: a new model may draw numbers when Keras builds it.
        rng = np.random.default_rng([self.seed, epoch])
        for variable in self.model.variables:
            if "seed_generator" in variable.path and "int" in str(variable.dtype):
                variable.assign(rng.integers(0, 2**31, variable.shape).astype(variable.dtype))
        if keras.backend.backend() == "torch":  # there a dropout without a seed of its own asks PyTorch's one state
            import torch

            torch.manual_seed(int(rng.integers(0, 2**31)))


class StepBar(keras.callbacks.Callback):
    """Move a progress bar by one after each training step."""

    async_safe = True  # a backend that runs ahead of its results need not wait for the bar

    def __init__(self, bar: tqdm):
        super().__init__()
        self.bar, self._lock = bar, threading.Lock()

    def on_train_batch_end(self, batch, logs=None):
        with self._lock:
            self.bar.update(1)
