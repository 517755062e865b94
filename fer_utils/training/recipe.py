"""A recipe: how a network is trained."""

from __future__ import annotations

from dataclasses import dataclass

from fer_utils.core.errors import invalid

#: What a recipe's ``precision`` can be: Keras' names of dtype policies, and *auto* (see `fer_utils.training.policy`).
PRECISIONS: tuple[str, ...] = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
#: What a recipe's ``schedule`` of the learning rate can be.
SCHEDULES: tuple[str, ...] = ("constant", "cosine")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are this book's reading of the paper's gaps.

    Ding, Tang & Lu 2023 name neither optimiser, rate, batch size nor epochs;
    Adam at its usual rate and small batches are ours (what keeps the network
    alive under them is `fer_utils.models.ding2023.build`'s ``conditioned``).

    ``epochs`` 1 or more; ``batch_size`` 1 or more; ``learning_rate`` above 0;
    ``optimizer`` any name that ``keras.optimizers.get`` knows; ``flip`` mirrors
    each training image left to right with probability one half; ``precision``
    one of `PRECISIONS`: *auto* is float32 without a GPU, and with one what `fer_utils.training.policy` says;
    ``schedule`` one of `SCHEDULES`: *cosine* lets the rate fall to 0 over the whole training along
    half a cosine (Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts); ``augment`` 0 (images as they
    are) to 1: how far each training image is turned, scaled, shifted, brightened: see
    `fer_utils.training.AUGMENTATION_LIMITS`.
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
