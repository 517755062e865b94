"""The packages that are extras: imported when they are first needed, with the remedy where they are absent.

OpenCV and dlib come in several distributions that own the same files, so the package requires none of them
(see ``pyproject.toml``).  A module that needs one calls the function of this module where it needs it; an
import at the module's top would make ``import fer_utils`` depend on an extra.
"""

from __future__ import annotations

from types import ModuleType

from fer_utils.core.errors import missing


def opencv(needed_for: str = "reading videos and images") -> ModuleType:
    """The ``cv2`` module.

    Parameters
    ----------
    needed_for : what cannot be done without it, for the message.

    Raises
    ------
    MissingPackage : OpenCV is not installed; the message has the remedy and the cause.
    """
    try:
        import cv2
    except ImportError as error:
        raise missing("cv2", needed_for=needed_for, remedy=f"pip install opencv-python-headless ({error})") from error
    return cv2


def dlib(needed_for: str, alternative: str = "") -> ModuleType:
    """The ``dlib`` module.

    Parameters
    ----------
    needed_for : what cannot be done without it, for the message.
    alternative : what can be done instead of installing it, as the end of the remedy; may be empty.

    Raises
    ------
    MissingPackage : dlib is not installed; the message has the remedy.
    """
    try:
        import dlib
    except ImportError as error:
        raise missing("dlib", needed_for=needed_for, remedy=f"pip install dlib-bin{alternative}") from error
    return dlib


def distributed() -> ModuleType:
    """Dask's ``distributed`` module.

    Raises
    ------
    MissingPackage : it is not installed; the message has the remedy.
    """
    try:
        import distributed
    except ImportError as error:
        raise missing("distributed", needed_for="scheduler=...", remedy='pip install "fer-utils[cluster]"') from error
    return distributed
