"""Data loading: batches of a face set, streamed from disk."""

from __future__ import annotations

import mmap

import keras
import numpy as np

from fer_utils.training.augmentation import augmented


class Batches(keras.utils.PyDataset):
    """Batches of some rows of a face set; memory holds one at a time.

    Batch ``k`` is (images, labels as int64).  The images stay bytes, a quarter of what float32 takes on its way; the
    network's input makes them float32.

    Parameters
    ----------
    images : (N, H, W, C) uint8, memory-mapped or not.
    labels : (N,) integer class indices.
    rows : which rows, and in which order when not shuffled.
    batch_size : rows in a batch; the last one may have fewer.
    shuffle_seed : None keeps the order; a number shuffles anew each epoch, by
        (seed, epoch) alone, so that a resumed run sees what an undisturbed one does.
    flip, augment : as in `fer_utils.training.Recipe`; without a ``shuffle_seed`` nothing is changed.
    steps : how many batches are read between two calls of `begin`; None for one pass over the rows.  With a number
        pass follows pass, and a call of `begin` need not fall on the beginning of one.
    """

    def __init__(
        self,
        images,
        labels,
        rows,
        *,
        batch_size: int = 32,
        shuffle_seed: int | None = None,
        flip: bool = False,
        augment: float = 0.0,
        steps: int | None = None,
    ):
        super().__init__(workers=1)  # with more, a batch that Keras looks at beforehand disturbs their order
        self.images, self.labels, self.rows = images, np.asarray(labels), np.asarray(rows)
        self.batch_size, self.shuffle_seed = batch_size, shuffle_seed
        self.flip, self.augment = flip, augment
        self.steps = steps
        self.begin(0)

    def begin(self, number: int) -> None:
        """Go to an epoch (0, 1, ...), or with ``steps`` to so many times as many steps."""
        self._before = 0 if self.steps is None else number * self.steps
        self._arrange(number if self.steps is None else self._before // self._batches_a_pass)

    def _arrange(self, epoch: int) -> None:
        """The order of a pass's rows, and which of them are mirrored and changed, and how."""
        self._pass = epoch
        self._order, self._mirrored, self._shares = self.rows, np.zeros(len(self.rows), bool), None
        if self.shuffle_seed is None:
            return
        rng = np.random.default_rng([self.shuffle_seed, epoch])
        self._order = rng.permutation(self.rows)
        if self.flip:
            self._mirrored = rng.random(len(self.rows)) < 0.5
        if self.augment:
            self._shares = self.augment * rng.uniform(-1, 1, (len(self.rows), 6))

    @property
    def _batches_a_pass(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __len__(self) -> int:
        return self._batches_a_pass if self.steps is None else self.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.steps is not None:
            number, index = divmod(self._before + index, self._batches_a_pass)
            if number != self._pass:
                self._arrange(number)
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        chosen = self._order[part]
        batch = np.asarray(self.images[chosen])  # a copy, as every choice of rows
        mirrored = self._mirrored[part]
        batch[mirrored] = batch[mirrored, :, ::-1]
        if self._shares is not None:
            batch = np.stack([augmented(image, some) for image, some in zip(batch, self._shares[part], strict=True)])
        if index % 16 == 15:
            release_pages(self.images)
        return batch, self.labels[chosen]


def without_waiting(batches: Batches, model):
    """The same batches as the backend of ``model`` reads them without waiting at the end of an epoch."""
    if not isinstance(model, keras.Model) or keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf  # the backend is a choice of the user: only this one is sure to be installed

    # What Keras makes of a PyDataset lets TensorFlow tune it by a thread that sleeps twice as long each time, and an
    # epoch's end may wait until that wakes: up to as long again as the epoch took.  Here there is nothing to tune.
    options = tf.data.Options()
    options.autotune.enabled = False
    signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batches[0])

    def each():
        for number in range(len(batches)):
            yield batches[number]

    stream = tf.data.Dataset.from_generator(each, output_signature=signature)
    stream = stream.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return stream.prefetch(2).with_options(options)


def release_pages(images) -> None:
    """Take the pages of a read-only file out of this process's memory.

    The system may keep them, and gives them again when they are read.  Of other arrays nothing is released.
    """
    if getattr(images, "mode", None) == "r" and hasattr(mmap, "MADV_DONTNEED"):
        pages = getattr(images, "_mmap", None)
        if pages is not None:
            pages.madvise(mmap.MADV_DONTNEED)
