"""What the network looks at: maps scored against the drawn truth, and against shortcuts that were planted.

    # about 35 processor-minutes beside five networks of the study `split`
    python -m fer_utils study explanation --tier class --store

Drawn RAVDESS, actors apart.  The clean networks are the actor folds of
`fer_utils.studies.split`.  Of every test clip the frame at the height of its
expression is looked at, and the map asked for is that of the posed-expression
label.  Maps are scored on the regions that the drawn action units move
(`fer_utils.synthetic.region_masks`); beside them stand the same maps on the region of another
label's face, and those of a network whose weights have lost their places.  Then
the same networks are trained on faces with a mark in them, and it is asked whether the maps, and
the loss when the mark is gone, give that away; and whether they accuse a network that never saw a mark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from fer_utils import experiments, explain, faces, metrics
from fer_utils.core import stages
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import home, made_again_if_damaged
from fer_utils.core.provenance import digest
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.rounding import rounded
from fer_utils.synthetic import region_masks, stand_ins
from fer_utils.training import Recipe

TITLE = "What the network looks at: heat maps against the drawn truth, and against planted shortcuts"
HEADLINE = True

#: The ways to make a map, in the order of the figures.
METHODS: tuple[str, ...] = ("Grad-CAM", "HiResCAM", "occlusion")
#: tier -> folds with clean networks, folds with planted ones, faces a fold for occlusion (a multiple of 8 is balanced
#: over labels).
SIZES: dict[str, tuple[int, int, int]] = {"smoke": (2, 1, 8), "class": (5, 3, 24), "full": (5, 3, 48)}
#: Side of the mean maps that are kept for a picture.
SMALL = 22


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    folds: int | None = None,
    planted: int | None = None,
    occluded: int | None = None,
    kinds: Iterable[str] | None = None,
    epochs: int | None = None,
    model=None,
) -> dict:
    """Train what is not trained yet, look at it, and score what is seen.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    folds, planted, occluded : other numbers than the tier's in `SIZES`; ``planted`` is at most ``folds``.
    kinds : the marks to plant, names of `fer_utils.explain.shortcuts.KINDS`; None for all.
    epochs : None for the tier's own number.
    model : a `fer_utils.experiments.Model` or a name; None for ding2023.

    Returns
    -------
    JSON-able dict.  ``labels``, ``tier``, ``epochs``, ``actors``, ``rule`` (of `fer_utils.explain.shortcuts.caught`),
    ``settings`` (thresholds, patch, stride), ``experiments`` (configurations of the clean networks), ``accuracies`` (of
    each), ``seeds``;

    ``faces``: ``looked_at``, ``occluded``, ``without_region`` and how many of these by label;

    ``truth``, one row a method, network (``trained``, ``shuffled``) and region (``own``, ``another label's``): what
    `fer_utils.explain.summary` returns; ``differences``, share on the own region minus share on the
    other, and minus that of the shuffled network on the same faces, with intervals over actors; ``by_label`` and
    ``by_answer`` (right, wrong), the same summary for the trained networks' own regions;

    ``shortcuts``, one row a kind, network (``planted``, ``clean``) and method: what
    `fer_utils.explain.shortcuts.caught` returns, the ``accuracies`` of the trainings, and ``face``: the summary on the
    true regions of the marked pictures;

    ``mean_maps``: HiResCAM's mean over the faces of the first fold, clean, shuffled and one a mark: name -> `SMALL`
    rows of `SMALL` numbers, the largest 1.
    """
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    usual_folds, usual_planted, usual_occluded = SIZES[tier]
    folds = whole_number("folds", usual_folds if folds is None else folds, 1)
    planted = whole_number("planted", usual_planted if planted is None else planted, 1)
    occluded = whole_number("occluded", usual_occluded if occluded is None else occluded, 1)
    whole_number("planted", planted, 1, folds)
    kinds = list(explain.shortcuts.KINDS if kinds is None else kinds)
    for kind in kinds:
        explain.shortcuts.shortcut_mask(kind)
    epochs = stand_ins.EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    if model is None or isinstance(model, str):
        model = Model(model or "ding2023")
    data, recipe = Data("ravdess", tier=tier), Recipe(epochs=epochs)
    plan = [
        Experiment(data=data, split=Split("actor", fold=k), model=model, recipe=recipe, seed=k) for k in range(folds)
    ]
    face_set, truth = data.load(progress), stand_ins.truth("ravdess", tier=tier)
    numbers, names = explain.shortcuts.targets(face_set)
    notes: dict = {
        "truth": [],
        "shortcuts": {(kind, network): [] for kind in kinds for network in ("planted", "clean")},
        "means": {},
    }
    accuracies: dict[str, list[float]] = {"clean": [], **{kind: [] for kind in kinds}}
    with tqdm(total=folds + 2 * len(kinds) * planted, desc="networks", unit="network", disable=not progress) as bar:
        sets = {kind: _planted(face_set, kind) for kind in kinds}
        for experiment in plan:
            result = experiments.run(experiment, face_set=face_set, progress=progress)
            network = result.model()
            inspected = _inspected(result, network, face_set, truth, numbers, occluded, experiment.seed)
            accuracies["clean"].append(result.accuracy)
            notes["truth"].append(_against_truth(network, inspected, notes["means"]))
            bar.update()
            if experiment.seed >= planted:
                continue
            for kind in kinds:
                notes["shortcuts"][kind, "clean"].append(_against_mark(network, inspected, kind))
                bar.update()
                marked = experiments.run(experiment, face_set=sets[kind], progress=progress)
                accuracies[kind].append(marked.accuracy)
                notes["shortcuts"][kind, "planted"].append(
                    _against_mark(marked.model(), inspected, kind, notes["means"])
                )
                bar.update()
    looked = notes["truth"]
    joined = {
        name: np.concatenate([part[name] for part in looked])
        for name in ("labels", "actors", "right", "small", "empty")
    }
    return rounded(
        {
            "dataset": "ravdess",
            "tier": tier,
            "epochs": epochs,
            "model": model.name,
            "labels": list(names),
            "seeds": list(range(folds)),
            "actors": sorted(set(joined["actors"])),
            "accuracies": accuracies,
            "experiments": [one.configuration() for one in plan],
            "rule": {"lift": explain.shortcuts.LIFT, "drop": explain.shortcuts.DROP},
            "settings": {
                "least": region_masks.LEAST,
                "patch": explain.PATCH,
                "stride": explain.STRIDE,
                "layer": "the last with a 4-D output",
                "map": "of the posed-expression label",
                "frame": "of each test clip the one at the height of its expression",
            },
            "faces": {
                "looked_at": len(joined["labels"]),
                "occluded": int(joined["small"].sum()),
                "without_region": int(joined["empty"].sum()),
                "without_by_label": {
                    name: int((joined["empty"] & (joined["labels"] == k)).sum()) for k, name in enumerate(names)
                },
            },
            **_scores(looked, joined, names),
            "shortcuts": [
                {
                    "kind": kind,
                    "network": network,
                    "method": method,
                    "accuracies": accuracies[kind if network == "planted" else "clean"][:planted],
                    **_verdict(parts, method),
                }
                for (kind, network), parts in notes["shortcuts"].items()
                for method in METHODS
            ],
            "mean_maps": notes["means"],
        }
    )


@dataclass(frozen=True)
class _Inspected:
    """The faces of one fold that are looked at, N of them.

    ``pictures`` are as they were cut out, (N, S, S, 1) uint8, and ``size`` is the side that the network sees;
    ``labels`` are class indices of ``classes`` labels, ``regions`` where each face's expression moves it.  ``small``
    are the positions of those that occlusion looks at, and ``other`` has for each face one with another label.
    """

    pictures: np.ndarray
    size: int
    labels: np.ndarray
    classes: int
    actors: np.ndarray
    regions: region_masks.Regions
    small: np.ndarray
    other: np.ndarray
    seed: int

    def seen(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures as the network takes them."""
        return faces.resize(pictures, self.size, progress=False)


def _inspected(result, network, face_set, truth, numbers: np.ndarray, occluded: int, seed: int) -> _Inspected:
    """Of every test clip of a result the face at the height of its expression."""
    rows = region_masks.apexes(face_set, truth, result.predictions["row"].to_numpy())
    size, labels = int(network.input_shape[1]), numbers[rows]
    regions = region_masks.regions(face_set, truth, rows, size=size)
    rng = np.random.default_rng([seed, 7])
    # By turns over the labels, so that the first few are balanced.
    order, turns, seen = rng.permutation(len(rows)), [], dict.fromkeys(labels.tolist(), 0)
    for row in order:
        turns.append(seen[labels[row]])
        seen[labels[row]] += 1
    small = np.sort(order[np.argsort(turns, kind="stable")][:occluded])
    with_region = np.flatnonzero(regions.masks.any(axis=(1, 2)))
    other = []
    for row, label in enumerate(labels):
        candidates = with_region[labels[with_region] != label]
        other.append(rng.choice(candidates) if len(candidates) else row)
    return _Inspected(
        pictures=face_set.images[rows],
        size=size,
        labels=labels,
        classes=len(result.labels),
        actors=face_set.meta["actor"].to_numpy(str)[rows],
        regions=regions,
        small=small,
        other=np.array(other),
        seed=seed,
    )


def _planted(face_set, kind: str):
    """The planted face set, made once and kept; its name holds what it is made from."""
    key = digest([face_set.fingerprint, kind, stages.versions(["shortcuts"])])[:12]
    folder = home() / "faces" / f"planted-{kind}-{key}"
    return made_again_if_damaged(folder, lambda: explain.shortcuts.plant(face_set, folder, kind))


def _maps(net, pictures, labels, method: str) -> np.ndarray:
    if method == "occlusion":
        patch = max(2, round(explain.PATCH * pictures.shape[1] / 180))
        return explain.occlusion(
            net, pictures, labels, patch=patch, stride=max(1, patch * explain.STRIDE // explain.PATCH), progress=False
        )
    return explain.grad_cam(net, pictures, labels, average=method == "Grad-CAM")


def _found(maps, masks) -> dict[str, np.ndarray]:
    return {**explain.share(maps, masks), "pointing": explain.pointing(maps, masks)}


def _against_truth(net, inspected: _Inspected, means: dict) -> dict:
    """One fold's shares by (method, network, region); the rows of occlusion are `inspected.small`."""
    pictures, masks = inspected.seen(inspected.pictures), inspected.regions.masks
    answers = explain.ask(net, pictures).argmax(axis=1)
    small, empty = np.zeros(len(pictures), bool), np.zeros(len(pictures), bool)
    small[inspected.small], empty[list(inspected.regions.empty)] = True, True
    made: dict = {
        "labels": inspected.labels,
        "actors": inspected.actors,
        "right": answers == inspected.labels,
        "small": small,
        "empty": empty,
    }
    shuffled = explain.randomised(net, seed=inspected.seed)
    for method in METHODS:
        rows = inspected.small if method == "occlusion" else np.arange(len(pictures))
        for network, one in (("trained", net), ("shuffled", shuffled)):
            maps = _maps(one, pictures[rows], inspected.labels[rows], method)
            made[method, network, "own"] = _found(maps, masks[rows])
            other = masks[inspected.other[rows]] & masks[rows].any(axis=(1, 2))[:, None, None]  # the same faces count
            made[method, network, "another label's"] = _found(maps, other)
            if method == "HiResCAM":
                means.setdefault({"trained": "clean network", "shuffled": "shuffled network"}[network], _small(maps))
    return made


def _against_mark(net, inspected: _Inspected, kind: str, means: dict | None = None) -> dict:
    def ask(pictures):
        return explain.ask(net, inspected.seen(pictures))

    made: dict = {
        "found": explain.shortcuts.counterfactual(
            ask, inspected.pictures, inspected.labels, kind, classes=inspected.classes, seed=inspected.seed
        ),
        "labels": inspected.labels,
        "actors": inspected.actors,
        "rows": {},
    }
    pictures = inspected.seen(
        explain.shortcuts.mark(inspected.pictures, inspected.labels, kind, classes=inspected.classes)
    )
    mask = explain.shortcuts.shortcut_mask(kind, inspected.size, classes=inspected.classes)
    for method in METHODS:
        rows = made["rows"][method] = inspected.small if method == "occlusion" else np.arange(len(pictures))
        maps = _maps(net, pictures[rows], inspected.labels[rows], method)
        made[method], made[method, "face"] = (
            _found(maps, np.broadcast_to(mask, maps.shape)),
            _found(maps, inspected.regions.masks[rows]),
        )
        if means is not None and method == "HiResCAM":
            means.setdefault(f"network trained with {kind}", _small(maps))
    return made


def _small(maps: np.ndarray) -> list[list[float]]:
    """The mean of maps that are each divided by their largest value, shrunk, its largest value 1."""
    import cv2  # here, so that the stored answer can be read without OpenCV

    each = maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-12)
    mean = cv2.resize(each.mean(axis=0), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    return [[round(float(value), 2) for value in row] for row in mean / max(float(mean.max()), 1e-12)]


def _scores(looked: list[dict], joined: dict, names) -> dict:
    every = {
        key: {name: np.concatenate([part[key][name] for part in looked]) for name in found}
        for key, found in looked[0].items()
        if isinstance(key, tuple)
    }
    which = {
        method: joined["small"] if method == "occlusion" else np.ones(len(joined["labels"]), bool) for method in METHODS
    }

    def part(method: str, where: np.ndarray) -> dict:
        of = which[method]
        chosen = where[of]
        return explain.summary(
            {name: values[chosen] for name, values in every[method, "trained", "own"].items()},
            joined["actors"][of][chosen],
        )

    def difference(method: str, to: tuple) -> dict | None:
        gap = every[method, "trained", "own"]["share"] - every[(method, *to)]["share"]
        fine = ~np.isnan(gap)
        return metrics.average(gap[fine], joined["actors"][which[method]][fine]) if fine.any() else None

    return {
        "truth": [
            {
                "method": method,
                "network": network,
                "region": region,
                **explain.summary(found, joined["actors"][which[method]]),
            }
            for (method, network, region), found in every.items()
        ],
        "differences": [
            {"method": method, "minus": name, "share": difference(method, to)}
            for method in METHODS
            for name, to in (
                ("another label's region", ("trained", "another label's")),
                ("the shuffled network", ("shuffled", "own")),
            )
        ],
        "by_label": [
            {"method": method, "label": name, **part(method, joined["labels"] == k)}
            for method in METHODS
            for k, name in enumerate(names)
            if (joined["labels"] == k).any()
        ],
        "by_answer": [
            {"method": method, "answer": name, **part(method, joined["right"] == value)}
            for method in METHODS
            for name, value in (("right", True), ("wrong", False))
        ],
    }


def _verdict(parts: list[dict], method: str) -> dict:
    """`fer_utils.explain.shortcuts.caught` over the folds together.

    The counterfactual is asked of every face that is looked at, whatever the method.
    """

    def join(values):
        return np.concatenate(list(values))

    actors, numbers = (join(part[name] for part in parts) for name in ("actors", "labels"))
    mapped = join(part["actors"][part["rows"][method]] for part in parts)
    found = {name: join(part["found"][name] for part in parts) for name in parts[0]["found"]}
    attribution, face = (
        {name: join(part[key][name] for part in parts) for name in parts[0][key]} for key in (method, (method, "face"))
    )
    return {
        **explain.shortcuts.judged(explain.summary(attribution, mapped), found, numbers, actors),
        "face": explain.summary(face, mapped),
    }
