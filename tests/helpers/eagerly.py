"""Training of a few steps without compiling them first, which takes longer than the steps."""

from __future__ import annotations

from contextlib import contextmanager
import warnings


@contextmanager
def eagerly():
    """TensorFlow's functions run as plain Python in the block; another backend of Keras is left as it is.

    The numbers are the same but for rounding.  For tests that are about what is trained, and not about how; others
    train as everybody does.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Even though .* option does not apply to tf.data functions")
            yield
    finally:
        tf.config.run_functions_eagerly(before)
