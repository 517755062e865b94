"""Where a chapter's clips and faces come from: drawn stand-ins by default, a folder of real clips on request.

Both end in the same values, a clip table and a face set, and both are made
once: a store under `fer_utils.core.paths.home` keeps them by a key of what they
were made from, the versions of the stages included (`fer_utils.core.stages`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from fer_utils import datasets, faces, studio
from fer_utils.core import labels, provenance, stages
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.paths import expanded, home, made_again_if_damaged
from fer_utils.core.tables import ClipTable, Problems
from fer_utils.faces.detectors import create
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.synthetic import landmark_predictor


@dataclass(frozen=True)
class Size:
    """How much of a stand-in is filmed; None is the layout's own full count."""

    actors: int | None
    clips_per_actor: int | None


#: smoke: CI, minutes for the whole book.  class: a laptop, 2,880 images a set (RAVDESS 24 actors x
#: 20 clips x 6 frames; SAVEE whole; MEAD 30 x 16).  full: the counts
#: of the real RAVDESS and SAVEE; MEAD 47 actors x 16 clips, far below the real one.
SIZES: dict[str, dict[str, Size]] = {
    "smoke": {"ravdess": Size(8, 8), "savee": Size(4, 7), "mead": Size(4, 8)},
    "class": {"ravdess": Size(24, 20), "savee": Size(4, None), "mead": Size(30, 16)},
    "full": {"ravdess": Size(24, None), "savee": Size(4, None), "mead": Size(None, 16)},
}
TIERS: tuple[str, ...] = tuple(SIZES)

#: How many epochs the chapters train at each tier.
EPOCHS: dict[str, int] = {"smoke": 1, "class": 6, "full": 30}

#: The side of a face in pixels, as in Ding, Tang & Lu 2023.
SIZE = 180

#: One seed for all stand-ins, so that everybody's actor 01 is the same person.
SEED = 2023


def clip_table(
    dataset: str = "ravdess",
    *,
    tier: str = "class",
    root: str | Path | None = None,
    twins: bool = False,
    people_seed: int = SEED,
    actor: str | None = None,
    progress: bool = True,
) -> ClipTable:
    """The clips of a data set: filmed with drawn actors, or found under ``root``.

    Parameters
    ----------
    dataset : ``ravdess``, ``savee`` or ``mead``; with ``root`` any name of `fer_utils.datasets.available`.
    tier : ``smoke``, ``class`` or ``full``: how much is filmed (see `SIZES`).
    root : a folder of real clips in the data set's own layout; None films the stand-in.
    twins : film RAVDESS's audio-video twins, too.
    people_seed : who is drawn and how they act, 0 or more; another number gives people who are nowhere else.
    actor : for ``dataset="folder"`` with a ``root``: who is seen, as in `fer_utils.datasets.scan`.  Without it, too,
        folders named by a known word (``fear``, ``Afraid``) have the book's label (``fearful``); others keep their
        name.

    Raises
    ------
    FerError : an unknown tier or data set, or a root without any clip of it, such as a mistyped one; ``actor`` without
    a ``root``, or for a data set that names its actors or nobody.
    """
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(TIERS)}", received=tier)
    if root is not None:
        clips = datasets.scan(dataset, root, actor=actor, progress=progress)
        if not len(clips):
            # Without this sentence a mistyped folder shows many cells later, as an index that is out of range.
            raise _nothing_in(root, f"a folder with clips of {dataset}", clips.problems)
        return with_known_labels(clips) if dataset == "folder" else clips
    if actor is not None:
        raise invalid("actor", expected="None for drawn people, whose names are known", received=actor)
    folder = film_stand_in(dataset, tier=tier, twins=twins, people_seed=people_seed, progress=progress)
    return datasets.scan(dataset, folder)


@stages.stage("folder_labels")
def with_known_labels(clips: ClipTable) -> ClipTable:
    """The same clips; an ``expression`` that is a known word for a label is now that label, as with a scheme."""
    made = clips.copy()
    made["expression"] = [labels.canonical(word) or word for word in clips["expression"]]
    return made


def _nothing_in(root: str | Path, expected: str, problems: Problems) -> FerError:
    """The error for a folder that gives nothing to learn from; the last of its problems says why."""
    last = problems.iloc[-1]
    return invalid(
        "root",
        expected=expected,
        received=str(root),
        remedy=f"{last['path']}: {last['problem']}. In a chapter, correct DATA_ROOT; None is for the drawn actors.",
    )


def film_stand_in(
    dataset: str, *, tier: str = "class", twins: bool = False, people_seed: int = SEED, progress: bool = True
) -> Path:
    """Film a drawn stand-in once and return its folder."""
    size = _size(dataset, tier)
    people_seed = whole_number("people_seed", people_seed, 0)
    arguments = {"layout": dataset, **asdict(size), "seed": people_seed}
    if twins:
        arguments["twins"] = True
    # The key holds the studio's version: a changed drawing is another data set.
    stages.mark("studio", "stand_ins")
    key = provenance.digest([arguments, stages.versions(["studio", "stand_ins"])])[:12]
    folder = home() / "films" / f"{dataset}-{tier}{'-twins' if twins else ''}-{key}"

    def filmed() -> studio.Film:
        return studio.film(
            dataset,
            folder,
            actors=size.actors,
            clips_per_actor=size.clips_per_actor,
            seed=people_seed,
            progress=progress,
            **({"twins": True} if twins else {}),
        )

    made_again_if_damaged(folder, filmed)
    return folder


def face_set(
    dataset: str = "ravdess",
    *,
    tier: str = "class",
    root: str | Path | None = None,
    twins: bool = False,
    frames: int = 6,
    detector: str = "dlib",
    landmarks: Landmarks | str | Path | None = None,
    workers: int | None = None,
    people_seed: int = SEED,
    actor: str | None = None,
    size: int = SIZE,
    progress: bool = True,
) -> faces.FaceSet:
    """The face set of `clip_table`'s clips, made once and kept.

    Parameters are those of `clip_table` and `fer_utils.faces.prepare`; faces are
    grey, and 180x180 as in Ding, Tang & Lu 2023 where ``size`` says no other.  ``landmarks="drawn"`` is the
    predictor that `fer_utils.synthetic.landmark_predictor.train` makes of drawn faces, about a
    minute's work, once.

    Warns
    -----
    RuntimeWarning : the files of the kept face set are not what was stored; it is made again.
    """
    clips = clip_table(
        dataset, tier=tier, root=root, twins=twins, people_seed=people_seed, actor=actor, progress=progress
    )
    if landmarks == "drawn":
        landmarks = landmark_predictor.train(progress=progress)
    predictor = None if landmarks is None else chosen_landmarks(landmarks, False, create(detector))
    made_from = [
        [(row.clip, Path(row.path).stat().st_size, Path(row.path).stat().st_mtime_ns) for row in clips.itertuples()],
        # A store that was moved or copied makes its faces anew: its old set names clips in the old place.
        str(expanded(root if root is not None else home()).resolve()),
        dataset,
        frames,
        detector,
        stages.versions(["datasets", "faces"]),
        *([] if predictor is None else [predictor.sha256]),
        # What came later is in it where it is used, so that the faces of before are found.
        *([] if size == SIZE else [size]),
        *([] if actor is None and dataset != "folder" else [clips[["actor", "expression"]].to_numpy().tolist()]),
    ]
    name = f"{dataset}-{tier if root is None else 'real'}{'-twins' if twins else ''}{'-landmarks' if predictor else ''}"
    folder = home() / "faces" / f"{name}-{provenance.digest(made_from)[:12]}"

    def prepared() -> faces.FaceSet:
        return faces.prepare(
            clips,
            folder,
            frames=frames,
            size=size,
            detector=detector,
            landmarks=predictor,
            workers=workers,
            progress=progress,
        )

    made = made_again_if_damaged(folder, prepared)
    if root is not None and not len(made):
        raise _nothing_in(root, f"clips of {dataset} with a face in them", made.problems)
    return made


def prefetch(tier: str = "class", *, datasets_wanted=("ravdess", "savee"), progress: bool = True) -> dict[str, str]:
    """Film and prepare every stand-in that the chapters use; returns {data set: face set's folder}."""
    return {name: str(face_set(name, tier=tier, progress=progress).path) for name in datasets_wanted}


def truth(dataset: str, *, tier: str = "class", twins: bool = False) -> Path:
    """The folder of a stand-in's ground truth (filmed first if need be)."""
    return film_stand_in(dataset, tier=tier, twins=twins) / "truth"


def _size(dataset: str, tier: str) -> Size:
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(TIERS)}", received=tier)
    if dataset not in SIZES[tier]:
        raise invalid(
            "dataset",
            expected=f"a stand-in, one of {', '.join(SIZES[tier])}",
            received=dataset,
            remedy="Give `root`, a folder of clips, for any other data set.",
        )
    return SIZES[tier][dataset]
