"""Where the real clips and pictures are to be had, on what terms, and what to do with them then."""

from __future__ import annotations

from fer_utils.core.errors import invalid

#: RAVDESS's.
LICENCE = (
    "CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/): name the source, no commercial use, "
    "share alike"
)
CITATION = (
    "Livingstone & Russo 2018, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
    "PLoS ONE 13(5), e0196391, doi 10.1371/journal.pone.0196391"
)

_HOW = {
    "ravdess": f"""RAVDESS is open: fer_utils.datasets.download_ravdess(folder, actors=[1, 2]) fetches chosen actors,
or by hand from https://zenodo.org/records/1188976 (doi 10.5281/zenodo.1188976). About 0.55 GB an actor, 13 GB for the
speech of all 24.
Licence: {LICENCE}.
Cite: {CITATION}.
Then check what you have: python -m fer_utils scan --dataset ravdess FOLDER""",
    "savee": """SAVEE is given on registration, for research only: http://kahlan.eps.surrey.ac.uk/savee/ (University of
Surrey). Register there, download the audio-visual clips (480, of the four men DC, JE, JK, KL), and unpack them into one
folder an actor.
Its terms are yours to keep: pass no clip on.
Cite: Haq & Jackson 2011, Multimodal Emotion Recognition, in: Machine Audition, IGI Global.
Then check what you have: python -m fer_utils scan --dataset savee FOLDER""",
    "mead": """MEAD is given by agreement, by its authors; their page is https://wywu.github.io/projects/MEAD/MEAD.html
No part of it may be passed on, not a frame. It is large: ask for the parts you need, and unpack them as
M003/video/front/happy/level_1/001.mp4.
Cite: Wang et al. 2020, MEAD: A Large-scale Audio-visual Dataset for Emotional Talking-face Generation, ECCV,
doi 10.1007/978-3-030-58589-1_42.
Then check what you have: python -m fer_utils scan --dataset mead FOLDER""",
    "fer2013": """FER2013 was made for a Kaggle competition, whose rules one accepts there:
https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
Unpack the table fer2013.csv or icml_face_data.csv (300 MB), or a copy as folders, train/angry/Training_1.jpg and so on.
It is for research. The 35,887 pictures are other people's, found on the web: pass none on.
Cite: Goodfellow et al. 2013, Challenges in Representation Learning, arXiv 1307.0414.
Then check what you have: python -m fer_utils scan --dataset fer2013 FOLDER""",
    "crema_d": """CREMA-D is the most open: https://github.com/CheyneyComputerScience/CREMA-D, 7,442 clips of 91 actors
(.flv).
The clips are kept with Git LFS: a plain download gives small text files that only point to them.
Licence: Open Database License (ODbL) 1.0, contents under the Database Contents License (DbCL) 1.0.
Cite: Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244.
What people saw in them is there without the clips: fer_utils.datasets.load_features("crema_d_votes")""",
}


def available() -> tuple[str, ...]:
    """The names that ``how_to_get`` takes, in alphabetical order."""
    return tuple(sorted(_HOW))


def how_to_get(name: str) -> str:
    """Where a data set is to be had and what is needed for it, as text to print.

    ``name`` is ``ravdess``, ``savee``, ``mead``, ``crema_d`` or ``fer2013``.  ``FerError`` for another.
    """
    if not isinstance(name, str) or name not in _HOW:
        raise invalid("name", expected=f"one of {available()}", received=name)
    return _HOW[name]
