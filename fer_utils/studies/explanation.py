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

import numpy as np

from fer_utils import explain, metrics
from fer_utils.core.errors import invalid, whole_number
from fer_utils.explain import shortcuts
from fer_utils.synthetic import region_masks

TITLE = "What the network looks at: heat maps against the drawn truth, and against planted shortcuts"
CODE = (
    "fer_utils.training",
    "fer_utils.splits",
    "fer_utils.metrics",
    "fer_utils.explain",
    "fer_utils.synthetic.region_masks",
    "fer_utils.explain.shortcuts",
    "fer_utils.models.ding2023",
    "fer_utils.models",
)
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
    kinds: Iterable[str] = shortcuts.KINDS,
    epochs: int | None = None,
    model=None,
) -> dict:
    """Train what is not trained yet, look at it, and score what is seen.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    folds, planted, occluded : other numbers than the tier's in `SIZES`; ``planted`` is at most ``folds``.
    kinds : the marks to plant, names of `fer_utils.explain.shortcuts.KINDS`.
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
    from tqdm import tqdm

    from fer_utils.experiments import Data, Experiment, Model, Split
    from fer_utils.synthetic import stand_ins
    from fer_utils.training import Recipe

    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    folds, planted, occluded = (
        whole_number(name, usual if given is None else given, least)
        for name, given, usual, least in zip(
            ("folds", "planted", "occluded"), (folds, planted, occluded), SIZES[tier], (1, 1, 1)
        )
    )
    whole_number("planted", planted, 1, folds)
    kinds = list(kinds)
    for kind in kinds:
        shortcuts.shortcut_mask(kind)
    epochs = stand_ins.EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    model = Model("ding2023") if model is None else Model(model) if isinstance(model, str) else model
    data, recipe = Data("ravdess", tier=tier), Recipe(epochs=epochs)
    plan = [
        Experiment(data=data, split=Split("actor", fold=k), model=model, recipe=recipe, seed=k) for k in range(folds)
    ]
    faces, truth = data.load(progress), stand_ins.truth("ravdess", tier=tier)
    numbers, names = shortcuts.targets(faces)
    notes: dict = {
        "truth": [],
        "shortcuts": {(kind, network): [] for kind in kinds for network in ("planted", "clean")},
        "means": {},
    }
    accuracies: dict[str, list[float]] = {"clean": [], **{kind: [] for kind in kinds}}
    with tqdm(total=folds + 2 * len(kinds) * planted, desc="networks", unit="network", disable=not progress) as bar:
        sets = {kind: _planted(faces, kind) for kind in kinds}
        for experiment in plan:
            net, look, accuracy = _network(experiment, faces, truth, numbers, occluded, progress)
            accuracies["clean"].append(accuracy)
            notes["truth"].append(_against_truth(net, look, notes["means"]))
            bar.update()
            for kind in kinds if experiment.seed < planted else ():
                notes["shortcuts"][kind, "clean"].append(_against_mark(net, look, kind))
                bar.update()
                marked, _, accuracy = _network(experiment, sets[kind], truth, numbers, occluded, progress, look=look)
                accuracies[kind].append(accuracy)
                notes["shortcuts"][kind, "planted"].append(_against_mark(marked, look, kind, notes["means"]))
                bar.update()
    looked = notes["truth"]
    joined = {
        name: np.concatenate([part[name] for part in looked])
        for name in ("labels", "actors", "right", "small", "empty")
    }
    return _rounded(
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
            "rule": {"lift": shortcuts.LIFT, "drop": shortcuts.DROP},
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


class _Look:
    """The faces of one fold that are looked at: pictures as they are, at the network's size, labels, actors, regions."""

    def __init__(self, rows, faces, numbers, truth, size: int, occluded: int, seed: int, classes: int):
        self.pictures, self.size, self.classes, self.seed = faces.images[rows], size, classes, seed
        self.labels, self.actors = numbers[rows], faces.meta["actor"].to_numpy(str)[rows]
        self.regions = region_masks.regions(faces, truth, rows, size=size)
        rng = np.random.default_rng([seed, 7])
        order = rng.permutation(len(rows))
        turn = {}  # by turns over the labels, so that the first few are balanced
        place = [turn.setdefault(self.labels[row], iter(range(len(rows)))).__next__() for row in order]
        self.small = np.sort(order[np.argsort(place, kind="stable")][:occluded])
        full = np.flatnonzero(self.regions.masks.any(axis=(1, 2)))
        self.other = np.array(
            [
                rng.choice(found) if len(found := full[self.labels[full] != label]) else row
                for row, label in enumerate(self.labels)
            ]
        )

    def seen(self, pictures):
        """Pictures as the network takes them."""
        from fer_utils.faces import resize

        return resize(pictures, self.size, progress=False)


def _network(experiment, faces, truth, numbers, occluded, progress, look: _Look | None = None):
    from fer_utils.experiments import run

    result = run(experiment, face_set=faces, progress=progress)
    net = result.model()
    if look is None:
        rows = region_masks.apexes(faces, truth, result.predictions["row"].to_numpy())
        look = _Look(
            rows, faces, numbers, truth, int(net.input_shape[1]), occluded, experiment.seed, len(result.labels)
        )
    return net, look, result.accuracy


def _planted(faces, kind: str):
    """The planted face set, made once and kept; its name holds what it is made from."""
    from fer_utils.core.paths import home
    from fer_utils.core.provenance import code_fingerprint, digest

    key = digest([faces.fingerprint, kind, code_fingerprint(["fer_utils.explain.shortcuts"])])[:12]
    return shortcuts.plant(faces, home() / "faces" / f"planted-{kind}-{key}", kind)


def _maps(net, pictures, labels, method: str) -> np.ndarray:
    if method == "occlusion":
        patch = max(2, round(explain.PATCH * pictures.shape[1] / 180))
        return explain.occlusion(
            net, pictures, labels, patch=patch, stride=max(1, patch * explain.STRIDE // explain.PATCH), progress=False
        )
    return explain.grad_cam(net, pictures, labels, average=method == "Grad-CAM")


def _found(maps, masks) -> dict[str, np.ndarray]:
    return {**explain.share(maps, masks), "pointing": explain.pointing(maps, masks)}


def _against_truth(net, look: _Look, means: dict) -> dict:
    """One fold's shares by (method, network, region); the rows of occlusion are `look.small`."""
    pictures, masks = look.seen(look.pictures), look.regions.masks
    answers = explain.ask(net, pictures).argmax(axis=1)
    small, empty = np.zeros(len(pictures), bool), np.zeros(len(pictures), bool)
    small[look.small], empty[list(look.regions.empty)] = True, True
    made: dict = {
        "labels": look.labels,
        "actors": look.actors,
        "right": answers == look.labels,
        "small": small,
        "empty": empty,
    }
    shuffled = explain.randomised(net, seed=look.seed)
    for method in METHODS:
        rows = look.small if method == "occlusion" else np.arange(len(pictures))
        for network, one in (("trained", net), ("shuffled", shuffled)):
            maps = _maps(one, pictures[rows], look.labels[rows], method)
            made[method, network, "own"] = _found(maps, masks[rows])
            other = masks[look.other[rows]] & masks[rows].any(axis=(1, 2))[:, None, None]  # the same faces count
            made[method, network, "another label's"] = _found(maps, other)
            if method == "HiResCAM":
                means.setdefault({"trained": "clean network", "shuffled": "shuffled network"}[network], _small(maps))
    return made


def _against_mark(net, look: _Look, kind: str, means: dict | None = None) -> dict:
    ask = lambda pictures: explain.ask(net, look.seen(pictures))  # noqa: E731
    made: dict = {
        "found": shortcuts.counterfactual(ask, look.pictures, look.labels, kind, classes=look.classes, seed=look.seed),
        "labels": look.labels,
        "actors": look.actors,
        "rows": {},
    }
    pictures = look.seen(shortcuts.mark(look.pictures, look.labels, kind, classes=look.classes))
    mask = shortcuts.shortcut_mask(kind, look.size, classes=look.classes)
    for method in METHODS:
        rows = made["rows"][method] = look.small if method == "occlusion" else np.arange(len(pictures))
        maps = _maps(net, pictures[rows], look.labels[rows], method)
        made[method], made[method, "face"] = (
            _found(maps, np.broadcast_to(mask, maps.shape)),
            _found(maps, look.regions.masks[rows]),
        )
        if means is not None and method == "HiResCAM":
            means.setdefault(f"network trained with {kind}", _small(maps))
    return made


def _small(maps: np.ndarray) -> list[list[float]]:
    """The mean of maps that are each divided by their largest value, shrunk, its largest value 1."""
    import cv2

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
    """`fer_utils.explain.shortcuts.caught` over the folds together; the counterfactual is asked of every face that is looked at, whatever the method."""
    join = lambda values: np.concatenate(list(values))  # noqa: E731
    actors, numbers = (join(part[name] for part in parts) for name in ("actors", "labels"))
    mapped = join(part["actors"][part["rows"][method]] for part in parts)
    found = {name: join(part["found"][name] for part in parts) for name in parts[0]["found"]}
    attribution, face = (
        {name: join(part[key][name] for part in parts) for name in parts[0][key]} for key in (method, (method, "face"))
    )
    return {
        **shortcuts.judged(explain.summary(attribution, mapped), found, numbers, actors),
        "face": explain.summary(face, mapped),
    }


def _rounded(value):
    """Floats to six digits."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
