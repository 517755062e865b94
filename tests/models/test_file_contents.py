"""Model files that would run code are refused before Keras opens them; all others load as ever."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install keras tensorflow-cpu")

from fer_utils import models  # noqa: E402
from fer_utils.core.errors import FerError  # noqa: E402
from fer_utils.models import file_contents  # noqa: E402


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The file of a small network, to be copied."""
    path = tmp_path_factory.mktemp("small") / "small.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="scores")]).save(path)
    return path


@pytest.fixture
def saved(small, tmp_path):
    """A file of a small network that a test may change."""
    return shutil.copy(small, tmp_path / "small.keras")


def described_as(path, change):
    """The same archive, with another description."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = change(parts["config.json"].decode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"config.json": text.encode()}).items():
            archive.writestr(name, content)


def with_layer(**entry):
    """A change of the description: the layer 'scores' becomes this."""

    def change(text):
        told = json.loads(text)
        layer = next(one for one in told["config"]["layers"] if one["config"]["name"] == "scores")
        layer.update(entry)
        return json.dumps(told)

    return change


@pytest.fixture
def never_opened(monkeypatch):
    """Keras is not asked."""

    def opened(*_, **__):
        raise AssertionError("Keras opened the file")

    monkeypatch.setattr(keras.models, "load_model", opened)


@pytest.mark.parametrize("name", file_contents.RUN_CODE)
@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers.core", None])
def test_a_layer_that_runs_code_is_refused(saved, never_opened, name, module):
    described_as(saved, with_layer(module=module, class_name=name, registered_name=None))
    with pytest.raises(FerError, match=f"has a layer '{name}', which runs code of its own"):
        models.load(saved)


@pytest.mark.parametrize(
    "entry",
    [
        {"module": "os", "class_name": "system"},
        {"module": "subprocess", "class_name": "Popen", "registered_name": "Popen"},
        {"module": "kerasish.layers", "class_name": "Dense"},
        {"module": "somebody.layers", "class_name": "Own", "registered_name": "somebody>Own"},
    ],
)
def test_a_class_of_another_package_is_refused(saved, never_opened, entry):
    described_as(saved, with_layer(**entry))
    with pytest.raises(FerError, match="a class of another package") as told:
        models.load(saved)
    assert f"{entry['module']}.{entry['class_name']}" in str(told.value) and "load_weights" in str(told.value)


def test_such_a_class_is_found_wherever_it_stands(saved, never_opened):
    inside = {"module": "os", "class_name": "system", "config": {"name": "true"}}
    described_as(saved, lambda text: json.dumps({**json.loads(text), "compile_config": {"loss": [[inside]]}}))
    with pytest.raises(FerError, match=r"os\.system"):
        models.load(saved)


def test_a_class_that_the_program_registered_itself_is_loaded(tmp_path):
    @keras.saving.register_keras_serializable(package="own")
    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    try:
        keras.Sequential([keras.Input((3,)), Doubled()]).save(tmp_path / "own.keras")
        again = models.load(tmp_path / "own.keras")
        assert np.asarray(again(np.ones((1, 3), np.float32))).tolist() == [[2, 2, 2]]
    finally:
        keras.saving.get_custom_objects().pop("own>Doubled")


def test_a_description_too_deep_or_too_long_is_refused(saved, never_opened, monkeypatch):
    described_as(saved, lambda text: "[" * 200_000 + "]" * 200_000)
    with pytest.raises(FerError, match="thousands deep"):
        models.load(saved)
    monkeypatch.setattr(file_contents, "LONGEST", 1000)
    with pytest.raises(FerError, match="more than 1,000 characters"):
        models.load(saved)


def test_an_hdf5_file_is_read_the_same_way(tmp_path, never_opened):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {}}]}}
        )
    with pytest.raises(FerError, match="has a layer 'Lambda'"):
        models.load(path)


def test_good_files_pass(saved, tmp_path):
    assert models.load(saved).layers[-1].name == "scores"
    network = models.load(saved)
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    network.save(tmp_path / "compiled.keras")
    assert models.load(tmp_path / "compiled.keras").optimizer is not None
    models.load(saved).save(tmp_path / "old.h5")
    assert models.load(tmp_path / "old.h5").layers[-1].name == "scores"
