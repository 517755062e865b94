"""What a model file may hold: layers, and nothing that runs code of its own when it is loaded.

A ``.keras`` file is an archive whose ``config.json`` names the classes that Keras makes when it loads the file; an HDF5
file has the same text in an attribute.  Keras refuses most files that would run code, and had to close several gaps in
that (CVE-2025-1550, CVE-2025-9905, CVE-2026-1462).  So the names are read here first, by which nothing is executed.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any
import zipfile

from fer_utils.core.errors import FerError, invalid

#: Layers of Keras that hold code, or the path of a file with code.
RUN_CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
#: Whose classes may be made.  Keras writes "builtins" for its own functions, and "numpy" for a type of numbers.
KNOWN_PACKAGES = ("keras", "fer_utils", "builtins", "numpy")
#: More characters than any network's description needs.
LONGEST = 50_000_000


def check(path: Path) -> None:
    """Read which classes a model file names, without loading it.

    What is no archive and no HDF5 file, or has no description inside, passes: Keras says what is wrong with it.

    Parameters
    ----------
    path : a ``.keras`` or HDF5 file that exists.

    Raises
    ------
    FerError for a class that runs code, for one of another package that is not registered with Keras, and for a
    description that is far too long or too deep.
    """
    text = _description(path)
    if text is None:
        return
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, RecursionError):
            raise _refused(path, "has lists inside lists thousands deep") from error
        return
    for entry in _classes(described):
        name, module, registered = entry.get("class_name"), entry.get("module"), entry.get("registered_name")
        if name in RUN_CODE:
            raise _refused(path, f"has a layer {name!r}, which runs code of its own")
        package = str(module or "keras").partition(".")[0]
        if package not in KNOWN_PACKAGES and not _is_registered(registered):
            raise _refused(path, f"wants {module}.{name}, a class of another package")


def _refused(path: Path, why: str) -> FerError:
    return invalid(
        "path",
        expected="a file of layers of Keras and of this package, which runs no code when it is loaded",
        received=str(path),
        remedy=f"The file {why}. If you trust who made it, build the network in Python and load its weights alone: "
        "network.load_weights(path).",
    )


def _description(path: Path) -> str | None:
    """The JSON text that describes the network, or None where there is none that can be read."""
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo("config.json").file_size > LONGEST:
                    raise _refused(path, f"describes its network in more than {LONGEST:,} characters")
                return archive.read("config.json").decode()
        # No such part, damaged, encrypted, or no text: Keras cannot read such a file either.
        except (KeyError, zipfile.BadZipFile, OSError, UnicodeDecodeError, NotImplementedError, RuntimeError):
            return None
    import h5py

    if not h5py.is_hdf5(path):
        return None
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
    except (OSError, RuntimeError, KeyError):
        return None
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return text if isinstance(text, str) else None


def _classes(described: Any) -> Iterator[dict]:
    """Every part of a description that names a class, however deep."""
    waiting = [described]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _is_registered(name: Any) -> bool:
    """Whether the program that loads the file has told Keras of a class of this name."""
    import keras

    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None
