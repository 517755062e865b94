"""Posed-expression labels: the vocabularies of the data sets, and their order.

A label names the expression an actor was asked to pose.  It is not a claim
about what the actor felt (Barrett et al. 2019, doi 10.1177/1529100619832930).

One canonical name stands for the data sets' several: RAVDESS writes
``fearful``, SAVEE and MEAD ``fear``, KDEF ``afraid``; here all are ``fearful``.
The order of a vocabulary is the order of the classes in every network.
"""

from __future__ import annotations

#: RAVDESS, in the order of its codes 01 to 08 (Livingstone & Russo 2018).
RAVDESS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
#: SAVEE's seven, in the same order (Haq & Jackson 2011).
SAVEE: tuple[str, ...] = tuple(name for name in RAVDESS if name != "calm")
#: MEAD's eight: SAVEE's seven and contempt (Wang et al. 2020).
MEAD: tuple[str, ...] = (*SAVEE, "contempt")
#: CREMA-D's six, in the same order (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244).
CREMA_D: tuple[str, ...] = tuple(name for name in SAVEE if name != "surprised")
#: FER2013's seven are SAVEE's (Goodfellow et al. 2013, arXiv 1307.0414); annotators gave them to pictures from the web.
FER2013: tuple[str, ...] = SAVEE

#: Every canonical name, in one order.
ALL: tuple[str, ...] = (*RAVDESS, "contempt")

VOCABULARIES: dict[str, tuple[str, ...]] = {
    "ravdess": RAVDESS,
    "savee": SAVEE,
    "mead": MEAD,
    "crema_d": CREMA_D,
    "fer2013": FER2013,
}

#: The words that data sets and their copies write on folders, to the canonical names.
_WORDS: dict[str, str] = {
    **{name: name for name in ALL},
    "afraid": "fearful",
    "anger": "angry",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fear": "fearful",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprise": "surprised",
}


def canonical(word: str) -> str:
    """The canonical name for a data set's word, whatever its case; ``""`` for a word that is none of them.

    >>> canonical("Fear"), canonical("awe")
    ('fearful', '')
    """
    return _WORDS.get(word.strip().lower(), "")


def vocabulary(dataset: str, expressions=()) -> tuple[str, ...]:
    """The ordered class names of a data set.

    Parameters
    ----------
    dataset : ``"ravdess"``, ``"savee"``, ``"mead"``, ``"crema_d"``, ``"fer2013"``, or any other name.
    expressions : for a data set without a fixed vocabulary (``"folder"``), the
        labels found in it; canonical names come first, in canonical order, then
        the rest in alphabetical order.
    """
    if dataset in VOCABULARIES:
        return VOCABULARIES[dataset]
    found = set(expressions)
    known = tuple(name for name in ALL if name in found)
    return known + tuple(sorted(found - set(known)))
