"""A fit that survives being killed and says when units die.

Keras 3 throughout, so any of its backends will do.  Nothing here looks at the
test rows to decide anything: they are scored after each epoch so that the
curves of Ding, Tang & Lu 2023 (their Figs. 3 to 6) can be drawn, and the
weights of the last epoch are the result.  With validation rows these may decide
when training ends and which weights are the result.
"""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import sys
import warnings

import keras
import numpy as np
from tqdm import tqdm

from fer_utils import models
from fer_utils.core.errors import DivergedError, invalid
from fer_utils.core.paths import read_json, write_atomic
from fer_utils.core.stages import stage
from fer_utils.training.callbacks import DropoutSeeds, StepBar
from fer_utils.training.data_loading import Batches, without_waiting
from fer_utils.training.dead_relu import DeadUnits
from fer_utils.training.precision import computing_in, policy
from fer_utils.training.recipe import Recipe
from fer_utils.training.stopping import Patience

#: On how many of its training faces `fit` looks for dead units after each epoch.
PROBED = 16


@stage("training")
def fit(
    model,
    images,
    labels,
    train,
    test,
    *,
    validation=None,
    recipe: Recipe | None = None,
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
    train, test : row positions.  Test rows are scored after each epoch, never learned from; there may be none.
    validation : row positions, scored after each epoch, or every ``check_every`` steps; with the recipe's ``patience``
        they say when training ends, and which weights are the result.  None for none.
    recipe : how it is trained; None for ``Recipe()``.
    seed : of the batches' order and of the dropout, 0 or more.
    folder : where to keep the last epoch's state; None keeps nothing.  If it
        holds a state, training goes on from there and ``model`` is replaced by it.
    progress : a bar on standard error with loss, accuracy and time left.
    callbacks : of Keras; they are told the true number of the epoch.  A `fer_utils.training.DeadUnits` takes the place
        of ``fit``'s own.
    description : what the bar says.

    Returns
    -------
    (model, history) : history maps ``loss``, ``accuracy``, ``test_loss``,
        ``test_accuracy`` (with test rows), ``validation_loss``, ``validation_accuracy``, ``learning_rate`` (with
        validation rows) and, for every layer with ReLU units, ``dead_NAME`` (how many of them
        are dead: see `fer_utils.training.dead_units`; on `PROBED` training rows) to lists of one number an epoch,
        or a check where the recipe is in steps.
        The model computes in float32, in whatever precision it was trained.

    Raises
    ------
    FerError : no training rows; a recipe with ``patience`` and no validation rows.
    DivergedError : after an epoch a loss or a weight is NaN or infinite; that epoch is not kept in ``folder``.

    Warns
    -----
    DeadLayer : a layer of which every unit is dead.
    """
    if not len(train):
        raise invalid("train", expected="at least one row to train on", received="0 rows")
    recipe = Recipe() if recipe is None else recipe
    validation = np.zeros(0, np.int64) if validation is None else np.asarray(validation)
    if recipe.patience is not None and not len(validation):
        raise invalid(
            "validation",
            expected="at least one row, where the recipe has `patience`",
            received="0 rows",
            remedy="Give a share of the people who learn: Split(validation=0.25).",
        )
    one_pass = getattr(model, "one_pass", False)  # a nearest-neighbour model has nothing to repeat
    if one_pass:
        recipe = replace(recipe, epochs=1, steps=None, patience=None, schedule="constant")
    start, history = 0, {}
    patience = None if recipe.patience is None else Patience(recipe)
    state = Path(folder) / "state.json" if folder else None
    kept = _kept(state, recipe) if state and state.is_file() else None
    if kept is not None:
        model, start, history, patience = kept
    training = Batches(
        images,
        labels,
        train,
        batch_size=recipe.batch_size,
        shuffle_seed=seed,
        flip=recipe.flip,
        augment=recipe.augment,
        steps=None if recipe.steps is None else recipe.check_every,
    )
    steps = len(training) * recipe.rounds
    if not start and not one_pass:
        model = _compiled(computing_in(model, policy(recipe.precision)), recipe, steps)
    training_stream = without_waiting(training, model)
    scored_streams = {
        name: without_waiting(Batches(images, labels, rows, batch_size=max(recipe.batch_size, 32)), model)
        for name, rows in (("test", test), ("validation", validation))
        if len(rows)
    }
    watch, callbacks = _watched(callbacks, images, train, recipe)
    bar = _progress_bar(len(training) * (recipe.rounds - start), description, progress)
    for epoch in range(start, recipe.rounds):
        training.begin(epoch)
        # `begin` has shuffled the rows; Keras would shuffle the batches besides, by a state of its own.
        logs = model.fit(
            training_stream,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=0,
            callbacks=[DropoutSeeds(seed), StepBar(bar), *callbacks],
        ).history
        for side, stream in scored_streams.items():
            scores = model.evaluate(stream, verbose=0, return_dict=True)
            logs |= {f"{side}_{name}": [value] for name, value in scores.items()}
        if len(validation) and not one_pass:
            logs["learning_rate"] = [float(model.optimizer.learning_rate)]
        logs |= {f"dead_{name}": [count["dead"]] for name, count in watch.dead_now.items()}
        for name, values in logs.items():
            history.setdefault(name, []).append(float(values[-1]))
        _check_converging(model, history, recipe, description)
        bar.set_postfix({name: f"{values[-1]:.3f}" for name, values in history.items() if name.endswith("accuracy")})
        if patience is not None and patience.ends(model, history["validation_accuracy"][-1]):
            break
        if state and epoch + 1 < recipe.rounds:
            _keep(model, Path(folder), epoch + 1, history, patience)
    if patience is not None:
        model.set_weights(patience.weights)
    bar.close()
    if not one_pass and computing_in(model, "float32") is not model:
        model = _compiled(computing_in(model, "float32"), recipe, steps)
    return model, history


def _watched(callbacks, images, train, recipe: Recipe) -> tuple[DeadUnits, list]:
    """The callback that counts dead units, the caller's own or a new one, and all callbacks with it among them."""
    for callback in callbacks:
        if isinstance(callback, DeadUnits):
            return callback, list(callbacks)
    chosen = np.asarray(train)[np.linspace(0, len(train) - 1, min(PROBED, len(train))).astype(int)]
    watch = DeadUnits(np.asarray(images[chosen]), batch_size=recipe.batch_size)
    return watch, [watch, *callbacks]


def _compiled(model, recipe: Recipe, steps: int):
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    optimizer = keras.optimizers.get({"class_name": recipe.optimizer, "config": {"learning_rate": rate}})
    if any(layer.compute_dtype == "float16" for layer in model.layers):  # whose smallest gradients would be 0
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], auto_scale_loss=False
    )
    # What has its variables before the first step: else TensorFlow traces the step twice, once to make them.
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, np.zeros(1, np.int64), np.zeros((1, model.output_shape[-1]), np.float32))
    return model


def _check_converging(model, history: dict, recipe: Recipe, description: str) -> None:
    """`DivergedError` where the last epoch's losses, or the weights, are no finite numbers; no later epoch mends it."""
    for name in ("loss", "test_loss", "validation_loss"):
        value = history.get(name, [0.0])[-1]
        if not np.isfinite(value):
            wrong = f"its {name.replace('_', ' ')} is {value}"
            break
    else:
        if all(np.isfinite(np.asarray(weights, np.float32)).all() for weights in model.get_weights()):
            return
        wrong = "its weights are no finite numbers"
    epoch, unit = len(history["loss"]), "epoch" if recipe.steps is None else "check"
    raise DivergedError(
        f"The training ({description}) diverged: after {unit} {epoch} of {recipe.rounds} {wrong}. Nothing is stored.\n"
        f"Train with a lower learning rate: it was {recipe.learning_rate:g}, try {recipe.learning_rate / 10:g}."
    )


def _kept(state: Path, recipe: Recipe) -> tuple | None:
    """Network, epoch, history and patience of a training that was broken off; None, and a warning, where damaged."""
    try:
        saved = read_json(state)
        epoch, history = saved["epoch"], saved["history"]
        if not isinstance(epoch, int) or len(history["loss"]) != epoch:
            raise ValueError("its epoch is not that of its history")
        patience = None
        if recipe.patience is not None:
            patience = Patience.restored(recipe, saved["patience"], state.parent / saved["best"])
        return models.load(state.parent / saved["file"]), epoch, history, patience
    except (OSError, ValueError, KeyError, TypeError) as error:
        warnings.warn(
            f"{state} is damaged, so the training begins again with its first epoch. {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=3,
        )
        return None


def _keep(model, folder: Path, epoch: int, history: dict, patience: Patience | None) -> None:
    """Store the state of a finished epoch; the small file that names it is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    file = f"epoch-{epoch:04d}.keras"
    model.save(folder / file)
    state = {"epoch": epoch, "file": file, "history": history}
    if patience is not None:
        state |= {"patience": patience.state(), "best": f"epoch-{epoch:04d}.best.npz"}
        patience.save_weights(folder / state["best"])
    write_atomic(folder / "state.json", json.dumps(state))
    for old in folder.glob("epoch-*"):
        if old.name not in (file, state.get("best")):
            old.unlink()


def _progress_bar(total: int, description: str, progress: bool) -> tqdm:
    return tqdm(
        total=total,
        desc=description,
        unit="step",
        file=sys.stderr,
        disable=not progress,
        mininterval=1.0,
        dynamic_ncols=True,
    )
