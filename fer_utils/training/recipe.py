"""A recipe: how a network is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from fer_utils.core.errors import invalid, whole_number

#: What a recipe's ``precision`` can be: Keras' names of dtype policies, and *auto* (see `fer_utils.training.policy`).
PRECISIONS: tuple[str, ...] = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
#: What a recipe's ``schedule`` of the learning rate can be.
SCHEDULES: tuple[str, ...] = ("constant", "cosine", "plateau")
#: By how much the schedule *plateau* divides the rate, and how often, before training ends.
FALL, FALLS = 5.0, 2


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

    Epochs are many steps on a large set and few on a small one, and nobody knows beforehand how many a network needs.
    With ``steps`` (a multiple of ``check_every``) that is the most steps of a batch each, and ``epochs`` counts for
    nothing; after every ``check_every`` steps (1 or more) the validation faces are scored.  With ``patience`` (1 or
    more; needs validation faces) training ends after so many checks, or epochs, without a better validation accuracy,
    and the weights of the best check are the result; with the schedule *plateau* the best weights first go on at a
    `FALL`-th of the rate, `FALLS` times.
    """

    epochs: int = 12
    batch_size: int = 16
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    flip: bool = False
    precision: str = "auto"
    schedule: str = "constant"
    augment: float = 0.0
    steps: int | None = None
    check_every: int = 100
    patience: int | None = None

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
        for name in ("steps", "patience"):
            if getattr(self, name) is not None:
                whole_number(name, getattr(self, name), 1)
        whole_number("check_every", self.check_every, 1)
        if self.steps is not None and self.steps % self.check_every:
            raise invalid("steps", expected=f"a multiple of check_every, {self.check_every}", received=self.steps)
        if self.schedule == "plateau" and self.patience is None:
            raise invalid(
                "patience", expected="1 or more with the schedule 'plateau', which waits so many checks", received=None
            )

    @property
    def rounds(self) -> int:
        """How often validation faces are scored at most: after each epoch, or every ``check_every`` steps."""
        return self.epochs if self.steps is None else self.steps // self.check_every

    def configuration(self) -> dict:
        """The recipe as a dict; fields that came after results were stored are in it only where they are set."""
        later = ("steps", "check_every", "patience")
        default = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if name not in later or value != default[name]}
