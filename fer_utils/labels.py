"""Posed-expression labels: the vocabularies of the data sets, and their order.

A label names the expression an actor was asked to pose.  It is not a claim
about what the actor felt (Barrett et al. 2019, doi 10.1177/1529100619832930).

One canonical name stands for the data sets' several: RAVDESS writes
``fearful``, SAVEE ``fear``, MEAD ``fear``; here all three are ``fearful``.
The order of a vocabulary is the order of the classes in every network.
"""

from __future__ import annotations

#: RAVDESS, in the order of its codes 01 to 08 (Livingstone & Russo 2018).
RAVDESS: tuple[str, ...] = (
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised",
)
#: SAVEE's seven, in the same order (Haq & Jackson 2011).
SAVEE: tuple[str, ...] = tuple(name for name in RAVDESS if name != "calm")
#: MEAD's eight: SAVEE's seven and contempt (Wang et al. 2020).
MEAD: tuple[str, ...] = SAVEE + ("contempt",)

#: Every canonical name, in one order.
ALL: tuple[str, ...] = RAVDESS + ("contempt",)

VOCABULARIES: dict[str, tuple[str, ...]] = {"ravdess": RAVDESS, "savee": SAVEE, "mead": MEAD}


def vocabulary(dataset: str, expressions=()) -> tuple[str, ...]:
    """The ordered class names of a data set.

    Parameters
    ----------
    dataset : ``"ravdess"``, ``"savee"``, ``"mead"``, or any other name.
    expressions : for a data set without a fixed vocabulary (``"folder"``), the
        labels found in it; canonical names come first, in canonical order, then
        the rest in alphabetical order.
    """
    if dataset in VOCABULARIES:
        return VOCABULARIES[dataset]
    found = set(expressions)
    known = tuple(name for name in ALL if name in found)
    return known + tuple(sorted(found - set(known)))
