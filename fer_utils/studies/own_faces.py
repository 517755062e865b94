"""A study's question, asked of the reader's own faces: any face set, or clips whose names are known.

    python -m fer_utils study split --real mine=FACES      # FACES: a folder that `prepare` made

The plan is the study's own: networks, recipes and seeds.  Only the faces are others, and what they make impossible is
left out: nobody who is named, fewer people than folds, pictures smaller than the study's.  The answer is written beside
the reader's data, and never among the stored answers, which are about drawn people.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, replace
import json
import os
from pathlib import Path

from fer_utils import datasets, faces, splits
from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded, write_atomic
from fer_utils.experiments import Data, Experiment
from fer_utils.faces.faceset_files import MANIFEST

#: The studies that can be asked of one set of the reader's own; their ``answer`` has the parameter ``real``.
STUDIES: tuple[str, ...] = (
    "split",
    "regularization",
    "before_networks",
    "lightweight2019",
    "nano",
    "nano_ablation",
    "nano_taught",
)
#: Why others that train cannot.
WHY_NOT: dict[str, str] = {
    "dead_units": "it asks what becomes of one network's units, which drawn faces answer as well",
    "overfitting_tools": "its strengths and its number of steps were looked at on drawn RAVDESS",
    "number_of_people": "it needs 240 people with the same number of pictures each, whom only drawing gives",
    "recipe": "it counts trainings by the seeds that leave chance level, with thresholds of the drawn sets",
    "explanation": "it compares heat maps with the drawn truth of each face",
    "audit": "it needs people of whom every attribute was planted",
    "audit_repair": "it needs people of whom every attribute was planted",
    "one_protocol": "its learning rates are chosen on other people, whom only the studio can draw",
    "design_ablation": "its learning rate is chosen on other people, whom only the studio can draw",
    "first_layers": "its learning rates are chosen on other people, whom only the studio can draw",
    "compression": "it measures one network's files and times; `compress.export` and `.compare` take yours",
    "frontier": "it reads the stored answers of other studies",
    "fer2013": "its answer is made of recorded trainings; with `--train MINUTES` it takes fer2013=FOLDER",
    "real_people": "it reads the package's own table of real RAVDESS clips",
    "human_votes": "it reads the package's own table of what people saw in CREMA-D",
    "sizes": "it counts parameters, for which no face is needed",
    "coverage": "it draws its own numbers, of which the right answer is known",
    "nano_savee": "it repeats `nano` where there are four men; `nano` takes your faces",
}


def is_face_set(folder: str | os.PathLike) -> bool:
    """Whether a folder holds a finished face set."""
    return (expanded(folder) / MANIFEST).is_file()


def data_of(real: Mapping[str, str]) -> Data:
    """Where the reader's faces are: a face set under any name, or clips of a set whose file names are known.

    Parameters
    ----------
    real : one name -> folder.  The name says whose labels these are, as ``Data(dataset)``; for a face set it may be a
        name of the reader's own, and its labels are then those that the set has.

    Raises
    ------
    FerError : more than one folder, one that is not there, or pictures that are to be prepared first.
    """
    if len(real) != 1:
        raise invalid("real", expected="one SET=FOLDER for this study", received=sorted(real))
    ((name, folder),) = real.items()
    place = Path(os.path.abspath(expanded(folder)))
    if is_face_set(place):
        return Data(name, face_set=str(place))
    known = [dataset for dataset in datasets.available() if dataset != "folder"]
    if name not in known:
        raise invalid(
            "real",
            expected=f"a face set's folder, or clips of {', '.join(known)}",
            received=f"{name}={folder}",
            remedy="Make a face set first, where you say who is seen and how faces are found: "
            "python -m fer_utils prepare --dataset folder FOLDER --actor ... --out FACES",
        )
    return Data(name, root=str(place))


def loaded(real: Mapping[str, str], *, progress: bool = True) -> tuple[Data, faces.FaceSet]:
    """`data_of`, and its face set, made first if need be."""
    data = data_of(real)
    return data, data.load(progress)


def named_people(face_set: faces.FaceSet) -> int:
    """How many people have a name."""
    meta = face_set.meta
    return int(meta.loc[meta["actor"].astype(str) != "", ["dataset", "actor"]].drop_duplicates().shape[0])


def units(face_set: faces.FaceSet) -> list[str]:
    """By what these faces can be split, from the strictest: the units that are known, and not the same as the next."""
    meta = face_set.meta
    performances = 0 if splits.unknown_performances(meta).any() else meta["performance"].nunique()
    clips = meta["clip"].nunique()
    found = ["actor"] if named_people(face_set) >= 2 else []
    found += ["performance"] if 1 < performances < clips else []
    found += ["clip"] if 1 < clips < len(meta) else []
    return [*found, "frame"]


def on_own_faces(
    plan: Mapping[Hashable, Iterable[Experiment]], data: Data, face_set: faces.FaceSet
) -> dict[Hashable, list[Experiment]]:
    """The same experiments on the reader's faces.

    Of folds by actor there are as many as people, where these are fewer; pictures that are smaller than a plan's size
    stay as they are; teachers learn from the same faces.

    Raises
    ------
    FerError : a split by actor where fewer than two people are named.
    """
    people, side = named_people(face_set), face_set.images.shape[1]

    def moved(one: Experiment) -> Experiment | None:
        split, size = one.split, one.model.size
        if split.by == "actor":
            if people < 2:
                raise invalid(
                    "real",
                    expected="faces of two named people or more, because the study splits by person",
                    received=f"{people} in {face_set.path}",
                    remedy="`prepare --actor` says who is seen; `study split` does without.",
                )
            if split.fold is not None and round(1 / split.test) > people:
                if split.fold >= people:
                    return None
                split = replace(split, test=1 / people)
        taught = one.distillation
        if taught is not None:
            teachers = [moved(teacher) for teacher in taught.teachers]
            taught = replace(taught, teachers=tuple(teacher for teacher in teachers if teacher is not None))
        return Experiment(
            data=data,
            split=split,
            model=replace(one.model, size=None if size is None or size >= side else size),
            recipe=one.recipe,
            seed=one.seed,
            distillation=taught,
        )

    made = {key: [moved(one) for one in some] for key, some in plan.items()}
    return {key: [one for one in some if one is not None] for key, some in made.items()}


# --- the answer, beside the data ------------------------------------------------------------


def answer_file(study: str, tier: str, real: Mapping[str, str]) -> Path:
    """Where the answer is written: beside the (first) folder, with its name, the study's and the tier's."""
    place = Path(os.path.abspath(expanded(next(iter(real.values())))))
    return place.with_name(f"{place.name}-study-{study}-{tier}.json")


def keep(answer, real: Mapping[str, str], file: str | os.PathLike | None = None) -> Path:
    """Write what `fer_utils.studies.run` answered about the reader's own faces, beside them.

    Parameters
    ----------
    answer : a ``StoredAnswer`` of a call with ``real``.
    real : what was given there.
    file : None for `answer_file`; one that is there is replaced.

    Returns
    -------
    The file, JSON with the fields of ``StoredAnswer``; its ``command`` makes it again.

    Raises
    ------
    FerError : an answer about drawn people.
    """
    if not answer.options.get("real"):
        raise invalid("answer", expected="an answer about real faces", received=f"{answer.name}, of drawn people")
    given = " ".join(f"--real {name}={folder}" for name, folder in real.items())
    command = f"python -m fer_utils study {answer.name} --tier {answer.tier} {given}"
    path = answer_file(answer.name, answer.tier, real) if file is None else expanded(file)
    write_atomic(path, json.dumps(asdict(replace(answer, command=command)), indent=1, ensure_ascii=False) + "\n")
    return path
