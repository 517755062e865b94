"""A simple method as a network from pixels: it says what the method itself says, also where labels have equal votes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils import faces
from fer_utils.studies import simple_methods, simple_networks
from fer_utils.studies.protocol_rows import ROWS, asked

SIDE = 45


@pytest.fixture(scope="module")
def noise():
    """Six people whose faces are mixed of noise, labels at random: nothing can be learned, so decisions are close."""
    rng = np.random.default_rng(11)
    rows = [(f"{person:02d}", f"{person}-{clip}") for person in range(6) for clip in range(30)]
    meta = pd.DataFrame(rows, columns=["actor", "clip"]).assign(dataset="ravdess")
    names = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    meta["expression"] = rng.permutation(np.resize(names, len(meta)))
    parts = rng.integers(0, 256, (6, SIDE, SIDE, 1))
    images = np.einsum("np,prck->nrck", rng.dirichlet(np.full(6, 0.3), len(meta)), parts).astype(np.uint8)
    return SimpleNamespace(images=images, meta=meta, landmarks=None, fingerprint="noise", __len__=lambda: len(images))


@pytest.mark.parametrize(
    "row, setting", [("HOG and nearest neighbours", 5), ("HOG and SVM", 1), ("HOG and SVM", 100), ("HOG and ANN", 1e-2)]
)
def test_the_network_says_what_the_method_says(noise, row, setting, monkeypatch):
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: noise)
    one = asked(ROWS[row], setting, tier="smoke", fold=1, seed=0)
    learned = simple_methods.learn(replace(one, recipe=replace(one.recipe, steps=20, check_every=10)), progress=False)
    network = simple_networks.network_of(learned, SIDE)
    everybody = np.arange(len(noise.meta))
    shares = np.asarray(network.predict(noise.images, verbose=0), float)
    assert shares.shape == (len(everybody), 8) and np.allclose(shares.sum(axis=1), 1, atol=1e-3)
    says = learned.says(everybody)
    assert shares.argmax(axis=1).tolist() == says.tolist() and len(set(says)) > 2
    if row != "HOG and ANN":
        first, second = np.sort(shares, axis=1)[:, -1], np.sort(shares, axis=1)[:, -2]
        assert (first - second < 1e-3).any(), "no face had two labels with equal votes: the test asks too little"


def test_faces_of_another_side_have_cells_of_another_side(noise, monkeypatch):
    """A row of faces that were made smaller is described at that size, as the method was."""
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: noise)
    one = replace(asked(ROWS["HOG and SVM"], 1, tier="smoke", fold=0, seed=0), size=27)
    learned = simple_methods.learn(one, progress=False)
    network = simple_networks.network_of(learned, 27)
    assert network.input_shape == (None, 27, 27, 1) and network.get_layer("hog").cell == 3
    images = faces.resize(noise.images[learned.test], 27, progress=False)
    assert network.predict(images, verbose=0).argmax(axis=1).tolist() == learned.says(learned.test).tolist()
