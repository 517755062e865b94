"""What a face asks of the processor, counted by hand, and what the processor gives."""

import numpy as np
import pytest

from fer_utils import compress, models
from fer_utils.core.errors import FerError

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")


def a_network():
    return keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            keras.layers.Conv2D(3, 3, padding="same"),
            keras.layers.Dropout(0.3),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
    )


def test_operations_and_bytes_are_those_counted_by_hand():
    made = compress.work(a_network())
    convolution, dense = 6 * 5 * 3 * 9 * 2, 3 * 2 * 3 * 4
    assert made.operations == 2 * (convolution + dense)
    maps, pooled = 6 * 5 * 3, 3 * 2 * 3
    read_and_written = (6 * 5 * 2 + maps) + (maps + pooled) + (pooled + 4)
    assert made.bytes == 4 * (read_and_written + (9 * 2 + 1) * 3 + (pooled + 1) * 4)
    assert made.intensity == made.operations / made.bytes


def test_what_is_added_is_read_twice():
    inputs = keras.Input((4, 4, 1))
    side = keras.layers.Conv2D(1, 1, use_bias=False)(inputs)
    model = keras.Model(inputs, keras.layers.Add()([inputs, side]))
    assert compress.work(model).bytes == 4 * (16 + 1 + 16 + 3 * 16)


def test_fewer_filters_do_less_with_each_byte():
    model = models.build("ding2023", classes=3, input_shape=(32, 32, 1), filters=8)
    whole, fewer = (compress.work(one) for one in (model, compress.prune(model, 0.5, structured=True, scope="layer")))
    assert fewer.operations < whole.operations / 3 and fewer.bytes > whole.bytes / 3
    assert fewer.intensity < whole.intensity


def test_the_roof_rises_and_is_level():
    roof = compress.Ceilings(peak=100.0, bandwidth=20.0)
    assert [roof.attainable(x) for x in (1, 5, 50)] == [20, 100, 100]


def test_both_ceilings_are_measured():
    roof = compress.ceilings(8000, repeats=1)
    assert roof.peak > 0 and roof.bandwidth > 0 and np.isfinite([roof.peak, roof.bandwidth]).all()


def test_bad_input_is_one_clear_error():
    for wrong in (3, keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])):
        with pytest.raises(FerError, match="`model`"):
            compress.work(wrong)
    for given in (0, 12.5):
        with pytest.raises(FerError, match="`array_bytes`"):
            compress.ceilings(given)
    with pytest.raises(FerError, match="`repeats`"):
        compress.ceilings(8000, repeats=0)
