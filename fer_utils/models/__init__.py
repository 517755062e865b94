"""The networks of the book: one name, one module, one function that returns a Keras model.

Every network takes pixels 0..255 (float or integer values; scaling is a layer
inside the model, so training, export and the page cannot disagree) of shape
(batch, height, width, channels) and gives softmax probabilities of shape
(batch, classes).  Importing this package does not import Keras.
"""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
import zipfile

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.paths import expanded
from fer_utils.core.stages import mark, stage

if TYPE_CHECKING:
    import keras

# The three systems of the book first, then its own, then the ones that they are compared with.
_NAMES: tuple[str, ...] = (
    "ding2023",
    "mobilenet_inception2019",
    "xception2022",
    "nano",
    "contrast",
    "mobilenetv2",
    "inceptionv3",
    "inception_resnetv2",
    "resnet50",
    "vgg16",
    "alexnet",
    "densenet161",
    "knn",
)


def available() -> tuple[str, ...]:
    """The names that ``build`` knows, in a stable order: the book's systems, then their rivals."""
    return _NAMES


def check_name(name: str) -> str:
    """``name`` if it is one of ``available()``; else a FerError that lists them.  Imports nothing."""
    if not isinstance(name, str) or name not in _NAMES:
        raise invalid("name", expected=f"one of {', '.join(_NAMES)}", received=name)
    return name


def _module(name: str):
    check_name(name)
    return importlib.import_module(f".{name}", __name__)


def options(name: str) -> dict[str, Any]:
    """The options of a network beside ``classes`` and ``input_shape``, with their defaults.

    >>> options("ding2023")["filters"]
    16
    """
    parameters = inspect.signature(_module(name).build).parameters
    return {key: p.default for key, p in parameters.items() if key not in ("classes", "input_shape")}


def build(
    name: str, *, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1), **options_: Any
) -> keras.Model:
    """Build a network with fresh weights.

    Parameters
    ----------
    name : one of ``available()``.
    classes : number of posed-expression labels, 2 or more.
    input_shape : (height, width, channels) in pixels.
    options_ : what the network's own function takes; see ``options(name)`` and
        that module's docstring.

    Returns
    -------
    keras.Model, not compiled (``knn`` comes compiled, for it has no optimiser):
        pixels 0..255 of shape (batch, height, width, channels) to probabilities
        of shape (batch, classes).

    Raises
    ------
    FerError naming the argument, for an unknown name or option, fewer than two
    classes, a shape that is not three positive whole numbers, or one too small
    for the network.
    """
    module = _module(name)
    mark(f"model.{name}")
    accepted = options(name)
    unknown = sorted(set(options_) - set(accepted))
    if unknown:
        raise invalid(
            unknown[0],
            received=options_[unknown[0]],
            expected=f"no such option; {name} takes " + (", ".join(accepted) or "no options"),
        )
    classes = whole_number("classes", classes, 2)
    try:
        shape = tuple(input_shape)
    except TypeError:
        shape = ()
    if len(shape) != 3 or isinstance(input_shape, str):
        raise invalid(
            "input_shape",
            expected="(height, width, channels), three whole numbers of 1 or more",
            received=input_shape,
        )
    try:
        shape = tuple(whole_number("input_shape", side, 1) for side in shape)
    except FerError:
        raise invalid("input_shape", expected="whole numbers of 1 or more", received=input_shape) from None
    return module.build(classes=classes, input_shape=shape, **options_)


def load(path: str | os.PathLike) -> keras.Model:
    """Load a ``.keras`` or HDF5 file saved from any network of this package.

    As ``keras.models.load_model``, but the package's own layers are known
    beforehand.

    Raises
    ------
    FerError : a file that is not there, is damaged, would run code of its own
    (refused before Keras opens it), or is none that Keras can read.
    """
    path = expanded(path)
    if not path.is_file():
        raise invalid("path", expected="a .keras file that exists", received=str(path))
    with open(path, "rb") as file:
        is_hdf5 = file.read(8) == b"\x89HDF\r\n\x1a\n"  # the older form, which has no checksums
    damage = "" if is_hdf5 else damage_of(path)
    if damage:
        raise invalid(
            "path",
            expected="an undamaged .keras file",
            received=str(path),
            remedy=f"{damage}. Put back a copy of it, or make it again.",
        )
    import keras  # not at the top: to ask for the networks' names loads nothing heavy

    # Importing them registers their classes with Keras.
    importlib.import_module(".constraints", __name__)
    importlib.import_module(".distilled", __name__)
    importlib.import_module(".contrast", __name__)
    _module("knn")
    importlib.import_module(".file_contents", __name__).check(path)
    try:
        return keras.models.load_model(path)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # what stands inside may break Keras or h5py anywhere, each with errors of its own
        raise invalid(
            "path",
            expected="a .keras file saved by Keras 3",
            received=str(path),
            remedy=f"Keras says: {' '.join(str(error).split())[:200] or type(error).__name__}",
        ) from error


def damage_of(path: str | os.PathLike) -> str:
    """What is wrong with a ``.keras`` file, in a sentence without its full stop; ``""`` for nothing.

    It looks whether the file is there and whether its checksums are right, as fast as the file can be read.  Whether
    Keras can make a network of it only `load` says.
    """
    path = Path(path)
    if not path.is_file():
        return "There is no such file"
    try:
        with zipfile.ZipFile(path) as archive:
            absent = sorted({"config.json", "model.weights.h5"} - set(archive.namelist()))
            broken = archive.testzip()
    except Exception as error:  # of a damaged archive zipfile raises more than it documents
        return f"It is no archive that can be read ({' '.join(str(error).split())[:100] or type(error).__name__})"
    if absent:
        return f"It lacks {absent[0]}"
    return f"Its part {broken} has changed: the checksum is another" if broken else ""


@stage("profile")
def profile(model: keras.Model):
    """Count a network: parameters, multiply-accumulates and bytes, in all and a layer.

    Returns
    -------
    fer_utils.models._profile.Profile with ``name``, ``parameters``,
    ``trainable``, ``macs`` (of one image), ``bytes`` (in float32) and
    ``layers``, a DataFrame of one row a layer.  Prints as one line.

    Raises
    ------
    FerError for what is not a built functional or sequential Keras model (or
    ``knn``), or has kernels in layers that are not counted.
    """
    # By name at run time, as the networks: a change in how they are counted
    # makes no stored training run stale.
    return importlib.import_module("._profile", __name__).profile(model)


@stage("distillation")
def taught(student: keras.Model, teachers: list, **settings) -> keras.Model:
    """A network that learns from ``teachers`` besides the labels: see ``fer_utils.models.distilled.taught``."""
    return importlib.import_module(".distilled", __name__).taught(student, teachers, **settings)


def student_of(model: keras.Model, name: str) -> keras.Model:
    """The student of a network made by ``taught``, alone and under ``name``."""
    return importlib.import_module(".distilled", __name__).student_of(model, name)


def pretrained():
    """The trained networks that lie in the package; `fer_utils.predict` takes their names as ``model``.

    Returns
    -------
    DataFrame, one row for each file: ``name``, ``form`` (``float32`` or ``int8``), ``bytes``, ``parameters``, ``side``
    of the faces in pixels, ``labels``; the accuracy on each set of faces that was measured, 0 to 1, under the set's
    name; ``sha256`` and ``path``.  ``fer_utils.models.pretrained_networks.card(name)`` has everything else that is
    known of a network, with intervals.
    """
    return importlib.import_module(".pretrained_networks", __name__).table()
