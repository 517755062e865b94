"""FER2013's official split."""

from __future__ import annotations

import pandas as pd
import pytest

from fer_utils import splits
from fer_utils.core.errors import FerError

META = pd.DataFrame(
    {"dataset": "fer2013", "statement": ["PrivateTest", "Training", "PublicTest", "Training", "PrivateTest"]}
)


def test_training_learns_public_validates_private_tests():
    train, validation, test = splits.official(META)
    assert (train.tolist(), validation.tolist(), test.tolist()) == ([1, 3], [2], [0, 4])


@pytest.mark.parametrize(
    "meta, word",
    [
        (META.assign(dataset="savee"), "only fer2013 has an official split.*savee"),
        (META.iloc[:2], "none of PublicTest"),
        (META.assign(statement=["Training", "PublicTest", "PrivateTest", "Test", ""]), "rows of , Test"),
        (META.drop(columns="statement"), "`meta`.*dataset and statement"),
    ],
)
def test_tables_without_one(meta, word):
    with pytest.raises(FerError, match="(?s)" + word):
        splits.official(meta)
