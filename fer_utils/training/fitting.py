"""Training: a recipe, batches streamed from disk, and a fit that survives being killed and says when units die.

Keras 3 throughout, so any of its backends will do.  Nothing here looks at the
test rows to decide anything: they are scored after each epoch so that the
curves of Ding, Tang & Lu 2023 (their Figs. 3 to 6) can be drawn, and the
weights of the last epoch are the result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import mmap
from pathlib import Path
import sys
import threading

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.paths import write_atomic
from fer_utils.training import DeadLayer, DeadUnits, dead_units
from fer_utils.training.precision import PRECISIONS, computed_on, computing_in, policy

__all__ = [
    "DeadLayer",
    "DeadUnits",
    "Recipe",
    "batches",
    "computed_on",
    "dead_units",
    "fit",
    "policy",
    "predict_probabilities",
]

#: On how many of its training faces `fit` looks for dead units after each epoch.
PROBED = 16
SCHEDULES: tuple[str, ...] = ("constant", "cosine")
#: The most that an image is changed at ``augment`` 1, to either side: degrees turned, shares scaled and shifted (of the
#: side), share of contrast, grey levels of brightness.  As far as face boxes, heads and lamps differ between clips.
BENT: dict[str, float] = {"degrees": 15.0, "scale": 0.15, "shift": 0.08, "contrast": 0.3, "brightness": 30.0}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are this book's reading of the paper's gaps.

    Ding, Tang & Lu 2023 name neither optimiser, rate, batch size nor epochs;
    Adam at its usual rate and small batches are ours (what keeps the network
    alive under them is `fer_utils.models.ding2023.build`'s ``conditioned``).

    ``epochs`` 1 or more; ``batch_size`` 1 or more; ``learning_rate`` above 0;
    ``optimizer`` any name that ``keras.optimizers.get`` knows; ``flip`` mirrors
    each training image left to right with probability one half; ``precision``
    one of `PRECISIONS`: *auto* is float32 without a GPU, and with one what `policy` says;
    ``schedule`` one of `SCHEDULES`: *cosine* lets the rate fall to 0 over the whole training along
    half a cosine (Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts); ``augment`` 0 (as they
    are) to 1: how far each training image is turned, scaled, shifted, brightened: see `BENT`.
    """

    epochs: int = 12
    batch_size: int = 16
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    flip: bool = False
    precision: str = "auto"
    schedule: str = "constant"
    augment: float = 0.0

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise invalid(name, expected="a whole number of 1 or more", received=value)
        if not isinstance(self.learning_rate, (int, float)) or not 0 < self.learning_rate < 10:
            raise invalid("learning_rate", expected="a number above 0 (and below 10)", received=self.learning_rate)
        if self.precision not in PRECISIONS:
            raise invalid("precision", expected=f"one of {', '.join(PRECISIONS)}", received=self.precision)
        if self.schedule not in SCHEDULES:
            raise invalid("schedule", expected=f"one of {', '.join(SCHEDULES)}", received=self.schedule)
        if isinstance(self.augment, bool) or not isinstance(self.augment, (int, float)) or not 0 <= self.augment <= 1:
            raise invalid("augment", expected="a number from 0 to 1", received=self.augment)


def batches(
    images,
    labels,
    rows,
    *,
    batch_size: int = 32,
    shuffle_seed: int | None = None,
    flip: bool = False,
    augment: float = 0.0,
):
    """A ``keras.utils.PyDataset`` over some rows of a face set; memory holds one batch.

    Parameters
    ----------
    images : (N, H, W, C) uint8, memory-mapped or not.
    labels : (N,) integer class indices.
    rows : which rows, and in which order when not shuffled.
    shuffle_seed : None keeps the order; a number shuffles anew each epoch, by
        (seed, epoch) alone, so that a resumed run sees what an undisturbed one does.
    flip, augment : as in `Recipe`; without a ``shuffle_seed`` nothing is changed.

    Yields (images, labels as int64); ``.begin(epoch)`` arranges an epoch.  The images stay
    bytes, a quarter of what float32 takes on its way; the network's input makes them float32.
    """
    import keras

    rows, labels = np.asarray(rows), np.asarray(labels)

    class Batches(keras.utils.PyDataset):
        def __init__(self):
            super().__init__(workers=1)  # with more, a batch that Keras looks at beforehand disturbs their order
            self.begin(0)

        def begin(self, epoch):
            self.order, self.mirror, self.bent = rows, np.zeros(len(rows), bool), None
            if shuffle_seed is not None:
                rng = np.random.default_rng([shuffle_seed, epoch])
                self.order = rng.permutation(rows)
                self.mirror = rng.random(len(rows)) < 0.5 if flip else self.mirror
                self.bent = augment * rng.uniform(-1, 1, (len(rows), 6)) if augment else None

        def __len__(self):
            return -(-len(rows) // batch_size)

        def __getitem__(self, index):
            part = slice(index * batch_size, (index + 1) * batch_size)
            chosen = self.order[part]
            pictures = np.asarray(images[chosen])  # a copy, as every choice of rows
            mirror = self.mirror[part]
            pictures[mirror] = pictures[mirror, :, ::-1]
            if self.bent is not None:
                pictures = np.stack([_bent(one, by) for one, by in zip(pictures, self.bent[part])])
            if index % 16 == 15:
                _let_go(images)
            return pictures, labels[chosen]

    return Batches()


def _bent(picture: np.ndarray, by: np.ndarray) -> np.ndarray:
    """An image (H, W, C) uint8 turned, scaled, shifted and lit otherwise by six shares, -1 to 1, of what `BENT` allows."""
    import cv2

    height, width, channels = picture.shape
    turn = cv2.getRotationMatrix2D(
        (width / 2 - 0.5, height / 2 - 0.5), BENT["degrees"] * by[0], 1 + BENT["scale"] * by[1]
    )
    turn[:, 2] += BENT["shift"] * by[2:4] * (width, height)
    moved = cv2.warpAffine(
        picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    lit = (moved - 127.5) * (1 + BENT["contrast"] * by[4]) + 127.5 + BENT["brightness"] * by[5]
    return np.clip(lit, 0, 255).round().astype(np.uint8).reshape(height, width, channels)


def _fed(batches, model):
    """The same batches as ``model``'s backend reads them without waiting."""
    import keras

    if not isinstance(model, keras.Model) or keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    # What Keras makes of a PyDataset lets TensorFlow tune it by a thread that sleeps twice as long each time, and an epoch's end
    # may wait until that wakes: up to as long again as the epoch took.  Here there is nothing to tune.
    options = tf.data.Options()
    options.autotune.enabled = False
    kinds = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batches[0])
    made = tf.data.Dataset.from_generator(
        lambda: (batches[number] for number in range(len(batches))), output_signature=kinds
    )
    return made.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2).with_options(options)


def _let_go(images) -> None:
    """Take the pages of a read-only file out of this process's memory; the system may keep them and gives them again."""
    if getattr(images, "mode", None) == "r" and hasattr(mmap, "MADV_DONTNEED"):
        pages = getattr(images, "_mmap", None)
        if pages is not None:
            pages.madvise(mmap.MADV_DONTNEED)


def fit(
    model,
    images,
    labels,
    train,
    test,
    *,
    recipe: Recipe = Recipe(),
    seed: int = 0,
    folder: Path | str | None = None,
    progress: bool = True,
    callbacks=(),
    description: str = "training",
):
    """Train a model and return it with its history; a killed run goes on from its last whole epoch.

    Parameters
    ----------
    model : a Keras model whose output is (batch, classes) probabilities.
    images, labels : (N, H, W, C) uint8 and (N,) class indices.
    train, test : row positions.  Test rows are scored after each epoch, never learned from.
    folder : where to keep the last epoch's state; None keeps nothing.  If it
        holds a state, training goes on from there and ``model`` is replaced by it.
    progress : a bar on standard error with loss, accuracy and time left.
    callbacks : of Keras; they are told the true number of the epoch.  A `DeadUnits` takes the place of ``fit``'s own.

    Returns
    -------
    (model, history) : history maps ``loss``, ``accuracy``, ``test_loss``,
        ``test_accuracy`` and, for every layer with ReLU units, ``dead_NAME`` (how many of them
        are dead: see `dead_units`; on `PROBED` training rows) to lists of one number an epoch.
        The model computes in float32, in whatever precision it was trained.

    Raises
    ------
    FerError : no training rows.

    Warns
    -----
    DeadLayer : a layer of which every unit is dead.
    """

    if not len(train):
        raise invalid("train", expected="at least one row to train on", received="0 rows")
    one_pass = getattr(model, "one_pass", False)  # a nearest-neighbour model has nothing to repeat
    if one_pass:
        recipe = Recipe(**{**asdict(recipe), "epochs": 1})
    start, history = 0, {}
    state = Path(folder) / "state.json" if folder else None
    if state and state.is_file():
        saved = json.loads(state.read_text())
        from fer_utils import models

        model = models.load(Path(folder) / saved["file"])
        start, history = saved["epoch"], saved["history"]
    learning = batches(
        images, labels, train, batch_size=recipe.batch_size, shuffle_seed=seed, flip=recipe.flip, augment=recipe.augment
    )
    steps = len(learning) * recipe.epochs
    if not start and not one_pass:
        model = _compiled(computing_in(model, policy(recipe.precision)), recipe, steps)
    learned = _fed(learning, model)
    testing = _fed(batches(images, labels, test, batch_size=max(recipe.batch_size, 32)), model) if len(test) else None
    bar = _progress_bar(len(learning) * (recipe.epochs - start), description, progress)
    watch = next((one for one in callbacks if hasattr(one, "dead_now")), None)
    if watch is None:
        some = np.asarray(train)[np.linspace(0, len(train) - 1, min(PROBED, len(train))).astype(int)]
        watch = DeadUnits(np.asarray(images[some]), batch_size=recipe.batch_size)
        callbacks = [watch, *callbacks]
    for epoch in range(start, recipe.epochs):
        learning.begin(epoch)
        # `begin` has shuffled the rows; Keras would shuffle the batches besides, by a state of its own.
        logs = model.fit(
            learned,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=0,
            callbacks=[_Each(bar, seed), *callbacks],
        ).history
        if testing is not None:
            scores = model.evaluate(testing, verbose=0, return_dict=True)
            logs |= {f"test_{name}": [value] for name, value in scores.items()}
        logs |= {f"dead_{name}": [count["dead"]] for name, count in watch.dead_now.items()}
        for name, values in logs.items():
            history.setdefault(name, []).append(float(values[-1]))
        bar.set_postfix({k: f"{v[-1]:.3f}" for k, v in history.items() if k.endswith("accuracy")})
        if state and epoch + 1 < recipe.epochs:
            _keep(model, Path(folder), epoch + 1, history)
    bar.close()
    if not one_pass and computing_in(model, "float32") is not model:
        model = _compiled(computing_in(model, "float32"), recipe, steps)
        model.optimizer.build(model.trainable_variables)  # or its empty state would not load again
    return model, history


def _compiled(model, recipe: Recipe, steps: int):
    import keras

    rate = (
        recipe.learning_rate
        if recipe.schedule == "constant"
        else keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    )
    optimizer = keras.optimizers.get({"class_name": recipe.optimizer, "config": {"learning_rate": rate}})
    if any(layer.compute_dtype == "float16" for layer in model.layers):  # whose smallest gradients would be 0
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], auto_scale_loss=False
    )
    return model


def _reseed(model, seed: int, epoch: int) -> None:
    """Set every dropout's random state from (seed, epoch): a ``.keras`` file does not keep it."""
    import keras

    rng = np.random.default_rng([seed, epoch])
    for variable in model.variables:
        if "seed_generator" in variable.path and "int" in str(variable.dtype):
            variable.assign(rng.integers(0, 2**31, variable.shape).astype(variable.dtype))
    if keras.backend.backend() == "torch":  # there a dropout without a seed of its own asks PyTorch's one state
        import torch

        torch.manual_seed(int(rng.integers(0, 2**31)))


def _keep(model, folder: Path, epoch: int, history: dict) -> None:
    """Store the state of a finished epoch; the small file that names it is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    file = f"epoch-{epoch:04d}.keras"
    model.save(folder / file)
    write_atomic(folder / "state.json", json.dumps({"epoch": epoch, "file": file, "history": history}))
    for old in folder.glob("epoch-*.keras"):
        if old.name != file:
            old.unlink()


def _progress_bar(total: int, description: str, progress: bool):
    from tqdm import tqdm

    return tqdm(
        total=total,
        desc=description,
        unit="step",
        file=sys.stderr,
        disable=not progress,
        mininterval=1.0,
        dynamic_ncols=True,
    )


def _Each(bar, seed: int):
    """What `fit` itself has to do at each epoch's beginning and each step's end."""
    import keras

    lock = threading.Lock()

    class Each(keras.callbacks.Callback):
        async_safe = True  # a backend that runs ahead of its results need not wait for the bar

        def on_epoch_begin(self, epoch, logs=None):
            _reseed(self.model, seed, epoch)  # here and not before: a new model may draw numbers when Keras builds it

        def on_train_batch_end(self, batch, logs=None):
            with lock:
                bar.update(1)

    return Each()


def predict_probabilities(model, images, rows=None, *, batch_size: int = 64) -> np.ndarray:
    """Class probabilities (len(rows), classes) float32, streamed from disk batch by batch."""
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    made = batches(images, np.zeros(len(images), int), rows, batch_size=batch_size)
    return np.asarray(model.predict(_fed(made, model), verbose=0))
