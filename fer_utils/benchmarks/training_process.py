"""One training in a process of its own, which goes on by an epoch when it is told; started by `training_steps`.

Its arguments are the way (``plain`` or ``stream``), the file of faces, steps of an epoch, and epochs. Before each
epoch and at the end it writes a line of JSON on standard output: ``cpu`` (seconds of processor time so far) and
``peak_mb`` (the most memory held so far, MB); then it waits for a line on standard input.
"""

from __future__ import annotations

import json
import os
import sys
import time

import keras
import numpy as np

from fer_utils import models, training
from fer_utils.benchmarks.training_steps import BATCH, CLASSES, SHAPE
from fer_utils.core.memory import peak_mb

#: Faces that are copied at a time.
PIECE = 256


class Turns(keras.callbacks.Callback):
    """Waits for its turn before each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        tell_state()
        if not sys.stdin.readline():
            os._exit(1)  # nobody measures any more


def tell_state() -> None:
    """Write the line that says what the process has used so far."""
    print(json.dumps({"cpu": time.process_time(), "peak_mb": peak_mb()}), flush=True)


def train_plain(path: str, steps: int, epochs: int) -> None:
    """Keras' own ``fit`` on float32 arrays in memory."""
    faces = np.load(path, mmap_mode="r")
    labels = np.arange(len(faces)) % CLASSES
    data = np.empty(faces.shape, np.float32)
    for start in range(0, len(faces), PIECE):
        data[start : start + PIECE] = faces[start : start + PIECE]
        # Pages of the file that were read would count as this process's memory.
        training.release_pages(faces)
    network = models.build("ding2023", classes=CLASSES, input_shape=SHAPE)
    network.compile(
        optimizer=keras.optimizers.Adam(training.Recipe().learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    # All faces are handed over, as for a whole epoch, if they last for all epochs: else Keras would cut one short.
    some = len(data) if epochs * steps * BATCH <= len(data) else steps * BATCH
    network.fit(
        data[:some],
        labels[:some],
        batch_size=BATCH,
        epochs=epochs,
        steps_per_epoch=steps,
        verbose=0,
        callbacks=[Turns()],
    )


def train_stream(path: str, steps: int, epochs: int) -> None:
    """`fer_utils.training.fit` on a file of faces that stays on disk."""
    faces = np.load(path, mmap_mode="r")
    labels = np.arange(len(faces)) % CLASSES
    network = models.build("ding2023", classes=CLASSES, input_shape=SHAPE)
    # Every face is read once, as it would be in a whole epoch.
    whole = training.Batches(faces, labels, np.arange(len(faces)), batch_size=BATCH, shuffle_seed=0)
    for number in range(len(whole)):
        whole[number]
    recipe = training.Recipe(epochs=epochs, batch_size=BATCH, precision="float32")
    training.fit(
        network, faces, labels, np.arange(steps * BATCH), [], recipe=recipe, progress=False, callbacks=[Turns()]
    )


def main(arguments: list[str]) -> None:
    """Train as the arguments say."""
    way, path, steps, epochs = arguments
    keras.utils.set_random_seed(0)
    if way == "plain":
        train_plain(path, int(steps), int(epochs))
    else:
        train_stream(path, int(steps), int(epochs))
    tell_state()


if __name__ == "__main__":
    main(sys.argv[1:])
