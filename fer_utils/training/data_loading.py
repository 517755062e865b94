"""Batches, streamed from disk."""

from __future__ import annotations

import mmap

import numpy as np

from fer_utils.training.augmentation import _bent


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
