"""Stages and their versions: what a stored value was computed by.

A *stage* is a step whose output other steps build on: drawing people, finding faces, splitting, each network,
training, metrics, each study.  Each has one version, a whole number that is raised when the stage gives other output
for the same input, with a line that says what changed.  A key of a stored value is made of the configuration, the
fingerprint of what goes in, and the versions of the stages that were passed; so a better error message, a renamed
file or a progress bar makes nothing stale, and a changed constant makes everything after it stale.

Whether somebody changed an output and forgot the version is watched by the canaries in ``tests/canaries``: a tiny
input for each stage, whose output is committed.

>>> version("splits")
1
>>> with recording() as used:
...     _ = mark("splits")
>>> sorted(used.stages)
['splits']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import functools
import os
from pathlib import Path
from typing import ParamSpec, TypeVar

from fer_utils.core.errors import invalid

P = ParamSpec("P")
T = TypeVar("T")

#: Stage -> version -> what that version changed.  The highest number is the stage's version.
RELEASE_NOTES: dict[str, dict[int, str]] = {
    "datasets": {1: "File names of RAVDESS, SAVEE, MEAD, CREMA-D and folders of pictures become clip tables."},
    "fer2013": {1: "FER2013's folders and its table become clip tables; a table's pictures are unpacked."},
    "folder_labels": {
        1: "Known words on folders of one's own pictures become the book's labels.",
        2: "So they do wherever such a folder is scanned; words that become one label are reported.",
    },
    "feature_tables": {1: "Action units of RAVDESS and votes of CREMA-D are read."},
    "studio": {5: "People, acting, cameras and films as they were when versions of stages began."},
    "stand_ins": {1: "Which actors and clips stand in for RAVDESS, SAVEE and MEAD at each tier."},
    "faces": {1: "Frames are chosen, faces found, cropped and resized."},
    "random_faces": {1: "Random people who pose seven labels, cropped and changed towards photographs."},
    "landmark_predictor": {1: "68 points, learned from drawn people."},
    "region_masks": {1: "Where brows, eyes, nose and mouth of a drawn face are."},
    "splits": {1: "Splits and folds by frame, clip, performance or actor; what both sides share."},
    "official_split": {1: "The split that a data set was published with."},
    "exact_copies": {1: "Copies to the pixel, on which side they stand, and training rows without them."},
    "near_duplicates": {
        1: "Near-copies of pictures by perceptual hash and grey-level difference.",
        2: "Near-copies of pictures by the correlation of local contrast, patch by patch.",
        3: "Patches that are nearly empty in both pictures count less.",
    },
    "model.ding2023": {1: "Ding, Tang & Lu 2023, 542,136 parameters."},
    "model.mobilenet_inception2019": {1: "The network of 2019, from its description."},
    "model.xception2022": {1: "The Xception of Valverde & Lim 2022."},
    "model.nano": {1: "The book's own small network, 26,760 parameters."},
    "model.mobilenetv2": {1: "Keras' MobileNetV2 without weights."},
    "model.inceptionv3": {1: "Keras' InceptionV3 without weights."},
    "model.inception_resnetv2": {1: "Keras' InceptionResNetV2 without weights."},
    "model.resnet50": {1: "Keras' ResNet50 without weights."},
    "model.vgg16": {1: "VGG16 from He's initialisation."},
    "model.alexnet": {1: "AlexNet."},
    "model.densenet161": {1: "DenseNet-161."},
    "model.knn": {1: "Nearest neighbours."},
    "model.landmark_lstm": {1: "An LSTM over landmarks."},
    "model.hog": {1: "Histograms of oriented gradients."},
    "model.contrast": {1: "A small network behind a fixed first layer, 27,175 parameters."},
    "model.distances": {1: "Distances between landmarks."},
    "profile": {1: "Counts of parameters and multiply-accumulates."},
    "training": {1: "Recipes, batches, augmentation, schedules, the fit and its predictions."},
    "distillation": {1: "A student learns from teachers' softened scores besides the labels."},
    "metrics": {
        1: "Metrics, bootstrap over people, calibration, paired tests.",
        2: "Bootstrap intervals over fewer than 14 people are wider, as Student's are.",
    },
    "experiments": {1: "How data, split, network and recipe are put together and seeded."},
    "cross_evaluation": {1: "A stored result tested on another face set, and what of it was met in training."},
    "explain": {1: "Grad-CAM, integrated gradients, occlusion, and how maps are scored."},
    "shortcuts": {1: "Marks that are planted on faces, and whether a network leans on them."},
    "audit": {1: "Gaps between groups of people, with corrected tests; planted biases."},
    "balanced_drawing": {1: "Rows drawn anew so that label and group are independent."},
    "audit_set": {1: "The drawn people and conditions of the audit."},
    "pruning": {1: "Pruning of weights and of filters."},
    "export": {1: "Files for LiteRT, onnxruntime and OpenVINO, quantised or not."},
    "timing": {1: "How engines are timed and compared: in turn, medians, ratios."},
    "inference": {
        1: "Faces of a picture or video and their scores.",
        2: "What is not given is done as for the faces that the network learned from, and the crop is of their size.",
    },
    "live": {
        1: "Tracking and smoothing, frame by frame.",
        2: "A pair of boxes that overlap little takes no box from a pair that overlaps much.",
    },
    "studies": {1: "What studies share: trainings pooled over folds, paired differences, costs of networks."},
    "study.recipe": {1: "Does the recipe leave chance level with every seed?"},
    "study.dead_units": {1: "Which hidden units of the paper's network are dead, and for how long."},
    "study.paper_figures": {1: "The paper's Figures 3 to 9 on drawn actors."},
    "study.regularization": {1: "Dropout and L1."},
    "study.overfitting_tools": {1: "One tool against overfitting at a time, and all together."},
    "study.number_of_people": {1: "Accuracy of strangers against how many people, and pictures, are learned from."},
    "study.split": {1: "What the split does, on drawn actors."},
    "study.real_people": {1: "What the split does, on 24 real actors."},
    "study.human_votes": {1: "What people see in acted faces."},
    "study.explanation": {1: "Heat maps against the drawn truth and planted shortcuts."},
    "study.audit": {1: "For whom the paper's network fails."},
    "study.audit_repair": {1: "Two ways to train beside careless labels, and the audit of each."},
    "study.sizes": {1: "Parameters, work, bytes and time of the systems."},
    "study.before_networks": {1: "Neighbours and a small network on HOG and on landmark distances."},
    "study.coverage": {
        1: "How often intervals over people hold the truth.",
        2: "The widened bootstrap is asked, too.",
    },
    "study.near_duplicates_real": {
        1: "Recall and false alarms of near-duplicates on CK+48, RAVDESS and FER2013.",
        2: "Pictures of two sets are compared, too.",
    },
    "study.one_protocol": {
        1: "Networks and simple methods under one training protocol.",
        2: "Simple methods with frames divided, too; landmarks of twins are those of the data with twins.",
        3: "A network behind fixed gradients, at 80 and at 48 pixels.",
    },
    "study.fer2013": {
        1: "Networks and simple methods on FER2013's official split, and without its copies.",
        2: "A network behind fixed gradients; comparisons corrected together.",
        3: "Rows with a long budget, and a wider network behind fixed gradients.",
    },
    "study.lightweight2019": {1: "The network of 2019 and its three rivals."},
    "study.compression": {1: "The chain of 2022: pruned, quantised, compiled."},
    "study.nano": {1: "nano beside the paper's network."},
    "study.nano_savee": {1: "nano where there are four men."},
    "study.first_layers": {
        1: "What fixed gradients are worth: the same network behind other first layers.",
        2: "The twins are trained at the network's own learning rate, too.",
    },
    "study.design_ablation": {1: "What each idea of nano is worth, under the protocol."},
    "study.nano_ablation": {1: "What each idea of nano was worth."},
    "study.nano_taught": {1: "Does a teacher help who knows more?"},
    "study.transfer": {1: "From drawn faces to real ones, step by step."},
    "study.frontier": {
        1: "Which network is beaten by none.",
        2: "Every method of one protocol, HOG too; files of trained methods, asked of the people who test.",
        3: "Times have quartiles over the rounds.",
    },
}

#: A process that wants to know what it passed names a file here; each stage and stored answer is appended once.
USED_FILE = "FER_USED_FILE"


def version(stage: str) -> int:
    """The version of a stage; FerError for a stage that is not in `RELEASE_NOTES`."""
    if stage not in RELEASE_NOTES:
        raise invalid("stage", expected=f"one of {', '.join(RELEASE_NOTES)}", received=stage)
    return max(RELEASE_NOTES[stage])


def versions(stages: Iterable[str]) -> dict[str, int]:
    """Stage -> version, sorted by name."""
    return {stage: version(stage) for stage in sorted(set(stages))}


@dataclass(frozen=True)
class Newer:
    """A stage that has moved on: the version that a stored value was made with, today's, and what changed since."""

    stage: str
    stored: int
    today: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        if self.today == 0:
            return f"{self.stage}: no such stage any more"
        return f"{self.stage}: version {self.stored}, today {self.today} ({' '.join(self.notes)})"


def newer(stored: dict[str, int]) -> list[Newer]:
    """The stages whose version today is another than the one in ``stored`` (stage -> version), in order."""
    found = []
    for stage, then in sorted(stored.items()):
        notes = RELEASE_NOTES.get(stage, {})
        today = max(notes, default=0)
        if today != then:
            since = tuple(text for number, text in sorted(notes.items()) if number > then)
            found.append(Newer(stage, then, today, since))
    return found


# --- what a computation passes ------------------------------------------------------------


@dataclass
class Used:
    """What was passed while it recorded.

    ``stages`` by name; ``answers``, the studies whose stored answers were read; ``trainings``, the key of each
    stored result that was read and what it had cost, in processor-minutes.
    """

    stages: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    trainings: dict[str, float] = field(default_factory=dict)


_recorders: list[Used] = []


@contextmanager
def recording() -> Iterator[Used]:
    """Within the block, what is passed is noted in the value that it gives; blocks may be nested."""
    used = Used()
    _recorders.append(used)
    try:
        yield used
    finally:
        _recorders[:] = [one for one in _recorders if one is not used]


def mark(*stages: str) -> None:
    """Say that these stages were passed; FerError for one that is not known."""
    for stage in stages:
        version(stage)
        for used in _recorders:
            used.stages.add(stage)
        _write(f"stage {stage}")


def mark_answer(name: str) -> None:
    """Say that the stored answer of the study ``name`` was read."""
    for used in _recorders:
        used.answers.add(name)
    _write(f"answer {name}")


def mark_training(key: str, processor_minutes: float) -> None:
    """Say that a stored result was read in the place of a training that had cost so much."""
    for used in _recorders:
        used.trainings[key] = processor_minutes


def stage(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator for the functions by which a stage is entered: each call marks ``names`` as passed."""
    versions(names)  # a misspelt name is an error when the module is read, not when it runs

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def marked(*arguments: P.args, **options: P.kwargs) -> T:
            mark(*names)
            return function(*arguments, **options)

        return marked

    return decorated


def _write(line: str) -> None:
    """Append a line to the file that the environment names, once a process."""
    place = os.environ.get(USED_FILE)
    if not place or (place, line) in _seen_lines():
        return
    _seen_lines().add((place, line))
    with open(place, "a", encoding="utf-8") as file:
        file.write(line + "\n")


@functools.lru_cache(maxsize=1)
def _seen_lines() -> set[tuple[str, str]]:
    return set()


def read_used(file: Path | str) -> Used:
    """What processes wrote into the file that `USED_FILE` named; nothing where there is no file."""
    used = Used()
    path = Path(file)
    if not path.is_file():
        return used
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, name = line.partition(" ")
        if kind == "stage":
            used.stages.add(name)
        elif kind == "answer":
            used.answers.add(name)
    return used
