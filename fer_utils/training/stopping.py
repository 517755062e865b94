"""When a network has learned what it can: the best weights by validation, a falling rate, and the end of training."""

from __future__ import annotations

from pathlib import Path
import zipfile
import zlib

import numpy as np

from fer_utils.training.recipe import FALL, FALLS, Recipe


class Patience:
    """Keeps the weights of the best check, lowers the rate and ends a training, by the validation accuracy alone.

    A check is better where its validation accuracy is above that of every check before.

    Parameters
    ----------
    recipe : its ``patience``, which is not None, and its ``schedule``.
    """

    def __init__(self, recipe: Recipe):
        self.recipe = recipe
        self.best, self.waited, self.falls = -1.0, 0, 0
        self.weights: list[np.ndarray] = []

    def ends(self, model, accuracy: float) -> bool:
        """Note a check's validation accuracy (0 to 1); whether training ends here.

        The model's weights and its optimizer's rate may be changed: see `fer_utils.training.Recipe`.
        """
        if accuracy > self.best:
            self.best, self.waited, self.weights = accuracy, 0, model.get_weights()
            return False
        self.waited += 1
        if self.recipe.patience is None or self.waited < self.recipe.patience:
            return False
        if self.recipe.schedule != "plateau" or self.falls == FALLS:
            return True
        model.set_weights(self.weights)
        model.optimizer.learning_rate.assign(float(model.optimizer.learning_rate) / FALL)
        self.falls, self.waited = self.falls + 1, 0
        return False

    def state(self) -> dict[str, float]:
        """What `restored` needs besides the weights."""
        return {"best": self.best, "waited": self.waited, "falls": self.falls}

    def save_weights(self, file: Path) -> None:
        """Write the best weights into an ``.npz`` file."""
        with open(file, "wb") as target:
            np.savez(target, *self.weights)

    @classmethod
    def restored(cls, recipe: Recipe, state: dict, file: Path) -> Patience:
        """As it was when `state` and `save_weights` were called.

        Raises OSError, ValueError, KeyError or TypeError for damaged files.
        """
        made = cls(recipe)
        made.best, made.waited, made.falls = float(state["best"]), int(state["waited"]), int(state["falls"])
        try:
            with np.load(file, allow_pickle=False) as stored:
                made.weights = [stored[f"arr_{number}"] for number in range(len(stored.files))]
        except (zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{file.name} is no whole archive") from error
        return made


def convergence(history: dict[str, list[float]], recipe: Recipe) -> dict:
    """Whether a training with patience ended because validation said so.

    Parameters
    ----------
    history : as `fer_utils.training.fit` returns it, with ``validation_accuracy``.
    recipe : of the training, with ``patience``.

    Returns
    -------
    dict with ``checks`` (how many there were), ``best`` (which of them gave the weights, from 1), ``rate_at_best``,
    ``train_accuracy`` and ``validation_accuracy`` of that check, and ``converged``: False where training ended because
    the most steps or epochs were done, while validation might still have become better.
    """
    scores = history["validation_accuracy"]
    best = int(np.argmax(scores))
    rates = history["learning_rate"]
    waited_out = len(scores) - 1 - best >= (recipe.patience or len(scores))
    fallen = recipe.schedule != "plateau" or rates[-1] < recipe.learning_rate / FALL ** (FALLS - 0.5)
    return {
        "checks": len(scores),
        "best": best + 1,
        "rate_at_best": rates[best],
        "train_accuracy": history["accuracy"][best],
        "validation_accuracy": scores[best],
        "converged": bool(waited_out and fallen),
    }
