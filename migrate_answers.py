"""Give the stored answers versions of stages in the place of digests of code; then delete this script.

    python migrate_answers.py BASE

BASE is a checkout of the commit before the rooms were moved.  For each answer the script asks the code of that
commit whether it is what made the answer (its own digests, file by file); only then the answer gets version 1 (the
studio 5) of the stages that it passed.  No number of an answer is touched: the script compares before and after.
"""

import json
from pathlib import Path
import subprocess
import sys

from fer_utils.core import stages
from fer_utils.studies import store

FACES = ["datasets", "studio", "stand_ins", "faces"]
TRAINED = [*FACES, "splits", "training", "metrics", "experiments", "studies"]
COSTS = ["profile", "export", "timing"]
PAPER = [*TRAINED, "model.ding2023"]
RIVALS = ["model.mobilenet_inception2019", "model.mobilenetv2", "model.inceptionv3", "model.inception_resnetv2"]
CHAIN = ["model.xception2022", "model.vgg16", "model.resnet50"]
NANO = [*PAPER, "model.nano", "study.nano"]
FAMILY = {
    "lightweight2019": [*TRAINED, *COSTS, *RIVALS, "study.lightweight2019"],
    "compression": [*TRAINED, *COSTS, *CHAIN, "pruning", "study.compression"],
    "nano": [*NANO, *COSTS],
}
PASSED = {
    "recipe": PAPER,
    "paper_figures": PAPER,
    "regularization": PAPER,
    "split": PAPER,
    "real_people": ["datasets", "feature_tables", "splits", "metrics"],
    "human_votes": ["feature_tables", "metrics"],
    "explanation": [*PAPER, "explain", "shortcuts", "region_masks"],
    "audit": [*PAPER, "audit", "audit_set"],
    "sizes": [
        *COSTS, *RIVALS, *CHAIN, "model.ding2023", "model.nano", "model.alexnet", "model.densenet161", "model.landmark_lstm",
    ],
    "before_networks": [*FACES, "splits", "metrics", "landmark_predictor", "model.hog", "model.distances"],
    **FAMILY,
    "nano_savee": [*NANO, *COSTS],
    "nano_ablation": [*NANO, "distillation"],
    "nano_taught": [*NANO, "distillation"],
    "frontier": sorted({stage for passed in FAMILY.values() for stage in passed}),
}
#: Answers whose trainings' minutes were not written down.
UNKNOWN = {"explanation", "frontier"}

ASK = """
import json, sys
from fer_utils import results, studies
print(json.dumps({name: results.load(name).changed for name in studies.available()}))
"""


def minutes_of(value) -> tuple[int, float]:
    """(how many entries, the sum) of all ``minutes`` within an answer: of the trainings that it pooled."""
    count, total = 0, 0.0
    if isinstance(value, dict):
        if isinstance(value.get("minutes"), (int, float)):
            count, total = len(value.get("accuracies", [1])), value["minutes"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            more, added = minutes_of(one)
            count, total = count + more, total + added
    return count, total


def main(base: str) -> None:
    done = subprocess.run([sys.executable, "-c", ASK], cwd=base, capture_output=True, text=True, check=True)
    changed = json.loads(done.stdout)
    for name, files in changed.items():
        assert files == [], f"{name}: {files} changed since it was stored: not today's code"
    for name, passed in PASSED.items():
        file = store.ANSWERS / f"{name}.json"
        before = json.loads(file.read_text(encoding="utf-8"))
        reached = set(before.pop("code"))
        count, minutes = minutes_of(before["answer"])
        assert (count > 0) == ("training" in passed and name not in UNKNOWN), (name, count)
        known = None if name in UNKNOWN else {"count": count, "minutes": round(minutes, 2)}
        made = store.StoredAnswer(
            **before,
            processor_minutes=round(before["minutes"] + minutes, 2),
            trainings=known,
            stages=stages.versions([*passed, f"study.{name}"]),
        )
        file.write_text(store._text(made), encoding="utf-8")
        after = json.loads(file.read_text(encoding="utf-8"))
        assert all(after[key] == value for key, value in before.items()), name
        print(f"{name}: {len(reached)} files unchanged, {len(made.stages)} stages, {made.cost()}")


if __name__ == "__main__":
    main(sys.argv[1])
