"""Canaries of the rooms of tables and numbers: file names, features, splits, near-duplicates, metrics, the audit."""

from __future__ import annotations

from pathlib import Path
import tempfile
import types

from canary import canary, defaults
import keras
import numpy as np
import pandas as pd
import pytest

from fer_utils import compress, datasets, faces, fairness, metrics, splits
from fer_utils.compress import sparse
from fer_utils.core import labels, timing
from fer_utils.datasets import crema_d, feature_tables, mead, ravdess, savee, subjects
from fer_utils.metrics import classification
from fer_utils.splits import near_duplicates, splitting

#: Names that each data set's grammar reads, and some that it does not.
NAMES: dict[str, tuple[str, ...]] = {
    "ravdess": (
        "Actor_01/01-01-03-02-02-01-01.mp4",
        "Actor_02/02-01-08-01-01-02-02.mp4",
        "Actor_01/02-01-03-02-02-01-01.mp4",
        "Actor_18/01-02-04-01-01-01-18.mp4",
        "Actor_01/01-01-09-01-01-01-01.mp4",
        "Actor_24/02-01-02-01-01-01-24.mp4",
        "Actor_24/02-01-02-01-01-01-25.mp4",
        "Actor_03/02-02-05-01-02-02-03.avi",
        "Actor_03/02-02-06-01-02-02-04.mp4",
        "Actor_03/02-02-07-01-02-02-03.wav",
        "Actor_03/03-02-07-01-02-02-03.mp4",
        "Actor_03/02-01-01-02-02-02-03.mp4",
    ),
    "savee": (
        "DC/a01.avi",
        "JE/sa12.avi",
        "KL/su03.avi",
        "JK/n30.avi",
        "DC/x01.avi",
        "DC/sa03.avi",
        "JK_d15.avi",
        "KL/f16.avi",
        "KL/h1.avi",
        "XY/a02.avi",
        "notes.txt",
    ),
    "mead": (
        "M003/video/front/happy/level_1/001.mp4",
        "W009/video/left_30/neutral/level_1/024.mp4",
        "W009/video/left_30/neutral/level_2/025.mp4",
        "M005_level_2_angry_007.mp4",
        "M005/right_60/disgusted/level_3/008.mp4",
        "W011_top_fear_level_3_009.mp4",
        "down/W011_level_1_contempt_010.mp4",
        "W011/video/front/sad/level_2/W011_level_1_sad_011.mp4",
        "W012/video/front/surprised/level_4/011.mp4",
    ),
    "crema_d": (
        "1001_DFA_ANG_XX.flv",
        "1091_IEO_SAD_HI.mp4",
        "1002_TIE_XXX_LO.flv",
        "1003_IEO_FEA_LO.flv",
        "1003_IEO_NEU_XX.flv",
        "1003_IEO_NEU_LO.flv",
        "1004_TSI_DIS_X.flv",
        "1005_WSI_HAP_MD.flv",
        "1092_WSI_HAP_XX.flv",
        "1006_IEO_HAP_MD.flv",
    ),
    "folder": (
        "happy/AF01HAS.JPG",
        "sad/AM02SAS.JPG",
        "happy/other.txt",
        "BM35/BM35ANFL.JPG",
        "angry/BF03SUHR.JPG",
        "copies/AF01HAS.JPG",
        "neutral/unnamed.png",
        "AF04DIHL.JPG",
        "BF05AFFR.JPG",
        "neutral/BM06NES.gif",
    ),
}
#: Of the other schemes of picture sets, and of none.
PICTURES: dict[str, tuple[str, ...]] = {
    "jaffe": ("KA.AN1.39.tiff", "YM.SU3.60.tiff", "nobody.tiff", "happy/KR.HA2.75.tiff", "sad/KR.HA3.76.tiff"),
    "ck+": ("happy/S010_004_00000019.png", "S011/001/S011_001_00000002.png", "Fear/S012_002_00000003.png"),
    "ck48": ("anger/S010_004_00000017.png", "anger/S010_004_00000018.png", "fear/S010_005_00000010.png"),
    r"(?P<actor>p[0-9]+)_": ("joy/p1_a.png", "joy/p22_b.mp4", "joy/none.jpg", "top.png", "joy/deep/p3_c.gif"),
}


def scanned(dataset: str, names: tuple[str, ...], empty: str = "", **options) -> dict:
    """What a scan of files with these names says of clips and problems."""
    root = Path(tempfile.mkdtemp(prefix="canary-")) / "set"
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"" if name == empty else b"x")
    clips = datasets.scan(dataset, root, **options)
    return {
        "columns": list(clips.columns),
        "clips": clips.drop(columns="path").astype(str).to_numpy().tolist(),
        "problems": sorted(clips.problems["kind"]),
    }


def table() -> pd.DataFrame:
    """96 frames: 8 actors, two performances of three labels each, two frames a clip."""
    rows = []
    for actor in range(8):
        for take in range(2):
            for label in ("happy", "neutral", "sad"):
                performance = f"{actor}-{label}-{take}"
                for frame in range(2):
                    rows.append((f"{actor:02d}", label, f"{performance}.mp4", performance, frame))
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip", "performance", "frame_index"])
    return meta.assign(dataset="folder", path=meta["clip"], view="front", statement="")


@canary("datasets")
def _datasets():
    """Clip tables of files with known names, and the names that rows of a clip table are given."""
    out = {}
    for dataset, names in NAMES.items():
        options = {"actor": "kdef"} if dataset == "folder" else {}
        out[dataset] = scanned(dataset, names, empty=names[1], **options)
    for scheme, names in PICTURES.items():
        out[scheme] = scanned("folder", names, actor=scheme)
    out["nobody named"] = scanned("folder", ("joy/a.png", "grief/b.jpeg"))
    for room in (ravdess, savee, mead, crema_d):
        dataset = room.__name__.rsplit(".", 1)[-1]
        rows = [room.parse(name) for name in (NAMES[dataset][0], NAMES[dataset][3])]
        out[f"names of {dataset}"] = [room.name(row) for row in rows]
    for scheme, name in (("kdef", "BM35ANFL.JPG"), ("jaffe", "KA.AN1.39.tiff"), ("ck+", "S010_004_00000019.png")):
        picture = subjects.parse(scheme, name)
        out[f"names of {scheme}"] = [*map(str, picture), subjects.name(scheme, picture)]
    out["sets"] = [savee.sentences("neutral"), savee.sentences("sad"), ravdess.ACTORS, crema_d.ACTORS[-1], mead.VIEWS]
    out["gaps"] = sorted([actor, expression, count] for (actor, expression), count in crema_d.GAPS.items())
    out["labels"] = [labels.RAVDESS, labels.ALL]
    words = ("Happiness", "anger", "FEAR", "disgusted", "surprise", "joy", "calm", "nothing")
    out["canonical"] = [labels.canonical(word) for word in words]
    return out


@canary("feature_tables")
def _feature_tables():
    """Rows as the two published tables have them."""
    place = Path(tempfile.mkdtemp(prefix="canary-")) / "table.csv"
    units = [*feature_tables._INTENSITIES, *feature_tables._PRESENCES]
    rows = ["name;" + ";".join(units)]
    rows += [
        f"{name};" + ";".join(str(k / 10 + n) for k in range(len(units)))
        for n, name in enumerate(("02-01-04-02-01-01-12", "01-01-01-01-02-02-03"))
    ]
    place.write_text("\n".join(rows))
    made = feature_tables._ravdess_au(place)
    votes = ["numVotes,fileName,A,D,F,H,N,S,agreement"]
    votes += [
        f"{shown},100{actor}_{sentence}_{label}_{level},{k},2{k},3{k},1{k},4,{7 * k},0.5"
        for k, (shown, actor, sentence, label, level) in enumerate(
            (
                ("3001", 3, "DFA", "ANG", "XX"),
                ("1002", 2, "IEO", "SAD", "HI"),
                ("2003", 2, "IEO", "SAD", "HI"),
                ("1004", 1, "TIE", "FEA", "LO"),
                ("2005", 1, "ITS", "DIS", "MD"),
                ("3006", 1, "ITS", "HAP", "MD"),
                ("2007", 4, "MTI", "NEU", "XX"),
            ),
            1,
        )
    ]
    place.write_text("\n".join(votes))
    counted = feature_tables._crema_d_votes(place)
    return {
        "sources": [[name, one.below, one.sha256] for name, one in sorted(feature_tables._SOURCES.items())],
        "units": [list(made.columns), made.astype(str).to_numpy().tolist()],
        "votes": [list(counted.columns), counted.astype(str).to_numpy().tolist()],
    }


def uneven_table() -> pd.DataFrame:
    """100 frames of 24 actors, with other numbers of clips a label; some rows have no performance, two clips a name."""
    names = ["angry"] * 5 + ["calm"] * 4 + ["happy"] * 8 + ["sad"] * 3
    rows = []
    for clip, label in enumerate(names):
        for frame in range(5):
            actor = f"{clip * 7 % 24 + 1:02d}"
            act = "" if clip % 6 == 5 else f"act-{clip // 2}"
            rows.append((actor, label, f"{min(clip, 18)}.mp4", act, frame, f"/films/{clip}.mp4"))
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip", "performance", "frame_index", "path"])
    return meta.assign(dataset="ravdess")


@canary("splits")
def _splits():
    """Who trains and tests by every unit, drawn and fixed folds, and what is found on both sides."""
    meta, uneven = table(), uneven_table()
    yield "defaults", defaults(splits.split, splits.folds, splits.leakage, splits.leaked_pairs)
    for by in splits.UNITS:
        train, test = splits.split(meta, by=by, test=0.25, seed=3)
        shared = splits.leakage(meta, train, test)["share"]
        yield by, {"train": train, "test": test, "shared": {level: float(value) for level, value in shared.items()}}
    made = splits.folds(meta, "actor", 4, seed=1)
    yield "folds", [test for _, test in made]
    yield "rows that train", [int(train.sum()) for train, _ in made]
    yield "uneven", [splits.split(uneven, by, share, seed=2)[1] for by in ("clip", "actor") for share in (0.01, 0.3)]
    yield "nearly all", [splits.split(uneven, "clip", 0.99, seed=2)[0], splits.split(meta, "actor")[1]]
    yield "uneven folds", [test for _, test in splits.folds(uneven, "clip", 3, seed=4)]
    yield "published folds", splits.LUNA_JIMENEZ_2022
    yield "fixed folds", [list(map(len, pair)) for pair in splits.folds(uneven, groups="luna-jimenez2022")]
    given = [["07", "00"], ["99"], ["01", "02"], ["03", "04", "05", "06"]]
    yield "given folds", [test for _, test in splits.folds(meta, groups=given)]
    yield "units", [sorted(set(splitting.unit_ids(uneven, by))) for by in ("frame", "clip", "actor")]
    yield "without a performance", splitting.rows_without(uneven, "performance").astype(int)

    images = np.random.default_rng(8).integers(0, 255, (len(uneven), 5, 5, 1), np.uint8)
    images = np.kron(images, np.ones((1, 8, 8, 1), np.uint8))
    images[1] = images[0]
    images[6], images[12] = np.clip(images[5].astype(int) + 1, 0, 255), images[10][:, ::-1]
    images[50:60] = images[50]
    train, test = np.arange(0, 100, 2), np.arange(1, 100, 2)
    train, test = np.r_[train, 3], np.r_[test, 12]
    # What is near is for another stage to say; here, what is made of it.
    told = pd.DataFrame({"test_row": [1, 7, 12], "train_row": [0, 50, 10], "likeness": [1.0, 0.96789, 0.9751]})
    told = told.assign(others=[0, 1, 2], mirrored=[False, False, True])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "nearest", lambda *_, **__: told)
        for near in (False, True):
            found = splits.leakage(uneven, train, test, images=images, near=near, progress=False)
            yield f"leakage, near {near}", [list(found.columns), found.reset_index().astype(str).to_numpy()]
            pairs = splits.leaked_pairs(uneven, train, test, images, near=near, progress=False)
            yield f"pairs, near {near}", [list(pairs.columns), pairs.astype(str).to_numpy()]
    plain = uneven.assign(dataset="folder", performance="folder/toy/" + uneven["clip"])
    plain.loc[plain.index < 9, "performance"] = ["", "folder/one act"] * 4 + [""]
    yield "unknown performances", splits.unknown_performances(plain).astype(int)
    yield "of a plain folder", splits.leakage(plain, train, test).reset_index().astype(str).to_numpy()
    bare = uneven[["expression"]].assign(clip=uneven["clip"].where(uneven.index > 3, ""))
    yield "bare", splits.leakage(bare, train, test).reset_index().astype(str).to_numpy()
    yield "nobody tests", splits.leakage(bare, train, test[:0]).reset_index().astype(str).to_numpy()
    yield "pairs without pictures", splits.leaked_pairs(uneven, train[:20], test[:20]).astype(str).to_numpy()


@canary("near_duplicates", tolerance=0.003)
def _near_duplicates():
    draw = np.random.default_rng(3)
    rows, columns = np.mgrid[:64, :64] / 64
    faces = [127 + 100 * np.sin(5 * (k + 1) * rows + k) * np.cos(4 * columns * (k + 1)) for k in range(5)]
    images = [*faces, faces[0] + draw.normal(0, 4, (64, 64)), faces[1][:, ::-1], np.roll(faces[2], 3, axis=0), faces[3]]
    images += [0.6 * faces[4] + 40, np.roll(faces[1], 9, axis=1)]
    stack = np.clip(np.stack(images), 0, 255).astype(np.uint8)
    found = near_duplicates.find(stack, least=0.8, progress=False)
    few = near_duplicates.find(stack, progress=False)
    near = near_duplicates.nearest(stack, np.arange(5), np.arange(5, 11), progress=False)
    # Of another size, in colour: copies, dim, bent, moved, compressed and flat pictures, and parts of the same.
    rows, columns = np.mgrid[:50, :70] / 50
    base = [
        127 + 60 * np.sin(7 * rows + k) * np.cos(6 * columns + 2 * k) + 30 * np.sin(23 * columns * k) for k in (1, 2)
    ]
    base += [base[0] + draw.normal(0, k, (50, 70)) for k in (2, 5, 12)]
    base += [base[1][:, ::-1] + draw.normal(0, k, (50, 70)) for k in (1, 6)]
    base += [
        base[0] / 12 + 100,
        base[0] / 25 + 100,
        90 + 4 * rows + 3 * columns,
        128 + 127 * np.tanh((base[1] - 120) / 9),
    ]
    # No flat place: which of two equal greys is the lighter one hangs on a processor's rounding.
    dark = 40 + 5 * rows + 6 * columns
    base += [base[0], base[0], base[1][::-1]]
    base += [np.where(rows > 0.8, dark, base[1]), np.where(columns > 1.2, dark, base[1])]
    base += [255 * (base[0] / 255) ** 0.7, (base[0] + base[0][:, ::-1]) / 2]
    spotted = base[1].copy()
    spotted[20:26, 30:36] += 60
    grey = np.clip(np.stack([*base, spotted]), 0, 255)
    coloured = np.stack([grey, 0.5 * grey, 255 - 0.1 * grey], axis=-1).astype(np.uint8)
    seen = near_duplicates.looks(coloured, progress=False)
    many = near_duplicates.find(seen, least=0.8, progress=False)
    some = near_duplicates.nearest(
        seen, np.array([12, 3, 11, 1, 4]), np.array([11, 5, 2, 18, 6, 11]), least=0.85, progress=False
    )
    # A texture that is moved, cut out larger, mirrored and noisy: every way of the comparison, some of it doubtful.
    texture = draw.normal(0, 1, (30, 30)).repeat(4, 0).repeat(4, 1)[10:110, 10:110]
    texture = (
        127 + 40 * (texture + np.roll(texture, 2, 0) + np.roll(texture, 2, 1) + np.roll(texture, (1, 1), (0, 1))) / 2
    )
    scene = np.clip(texture, 0, 255)
    cuts = [
        scene[20 - y : 80 - y, 20 - x : 80 - x] for y, x in ((0, 0), (1, 0), (3, -4), (-6, 5), (7, 7), (0, 9), (0, 15))
    ]
    cuts += [scene[20:80, 20:80][:, ::-1], scene[21:78, 20:77].repeat(20, 0).repeat(20, 1)[::19, ::19][:60, :60]]
    cuts += [np.clip(cuts[0] + draw.normal(0, spread, (60, 60)), 0, 255) for spread in (5, 15, 30)]
    cuts += [
        cuts[0] / 20 + 90,
        np.where(np.arange(60) < 25, cuts[0], 200),
        np.clip(cuts[0] + 3 * np.arange(60), 0, 255),
    ]
    cuts = near_duplicates.looks(np.stack(cuts).astype(np.uint8), progress=False)
    rows = np.arange(len(cuts))
    pairs = near_duplicates.find(cuts, least=0.8, progress=False)
    return {
        "defaults": defaults(near_duplicates.looks, near_duplicates.find, near_duplicates.nearest),
        "limit": near_duplicates.LEAST_LIKENESS,
        "coarse": np.round(seen.coarse[[0, 7, 9], ::5, ::5], 3),
        "fine": np.round(seen.fine[[0, 7, 9], ::11, ::11].astype(float), 3),
        "bytes": list(seen.digests[[0, 1, 11]]),
        "likeness": [np.round(cuts.likeness(rows * 0, rows, way), 3) for way in (False, True)],
        "laid": [cuts._laid(rows[:7] * 0, rows[:7], False)[part].tolist() for part in (1, 2)],
        "cuts": pairs[["first", "second", "mirrored"]].astype(int).to_numpy(),
        "coloured": many[["first", "second", "identical", "mirrored"]].astype(int).to_numpy(),
        "coloured, likeness": np.round(many["likeness"].to_numpy(), 3),
        "coloured, groups": near_duplicates.groups(many[many["likeness"] > 0.97]),
        "joined": near_duplicates.groups(pd.DataFrame({"first": [0, 1, 2, 5, 6], "second": [3, 3, 5, 1, 7]})),
        "coloured, nearest": some.astype(float).round(3).to_numpy(),
        "pairs": found[["first", "second", "identical", "mirrored"]].to_numpy().tolist(),
        "likeness of pairs": np.round(found["likeness"].to_numpy(), 3),
        "by default": few[["first", "second"]].to_numpy().tolist(),
        "groups": near_duplicates.groups(few),
        "nearest": near.select_dtypes("number").round(3).to_numpy(float),
    }


@canary("metrics", tolerance=1e-9)
def _metrics():
    draw = np.random.default_rng(11)
    true = np.arange(240) % 4
    people = np.repeat([f"{k:02d}" for k in range(12)], 20)
    first = np.where(draw.random(240) < 0.6, true, draw.integers(0, 4, 240))
    second = np.where(draw.random(240) < 0.75, true, draw.integers(0, 4, 240))
    scores = draw.dirichlet(np.ones(4) * 0.7, 240)
    some = np.r_[np.arange(0, 60), np.arange(60, 240, 3)]  # people and labels in other numbers
    one, two = some[:20], some[:40]
    tenths = np.array([[0.3, 0.7], [0.6, 0.4], [0.5, 0.5], [1.0, 0.0], [0.2, 0.8], [0.9, 0.1]])
    return {
        "defaults": defaults(
            metrics.interval,
            metrics.paired_difference,
            metrics.average,
            metrics.mean_interval,
            metrics.calibration,
            metrics.evaluate,
        ),
        "all": metrics.evaluate(true, first, people, ("a", "b", "c", "d")),
        "some": metrics.evaluate(true[some], first[some], people[some], ("a", "b", "c", "d", "e")),
        "one person": metrics.evaluate(true[one], first[one], people[one], ("a", "b", "c", "d")),
        "empty": [repr(classification.accuracy(np.zeros((2, 2)))), repr(classification.macro_f1(np.zeros((2, 2))))],
        "two people": metrics.interval(true[two], first[two], people[two], 4, resamples=50, level=0.8, seed=2),
        "paired": metrics.paired_difference(true, first, second, people),
        "paired, some": metrics.paired_difference(true[some], first[some], second[some], people[some], level=0.7),
        "paired, one and two": [
            metrics.paired_difference(true[few], first[few], second[few], people[few], resamples=20)
            for few in (one, two)
        ],
        "test": metrics.paired_test(true, first, second, people),
        "test, some": metrics.paired_test(true[some], first[some], second[some], people[some]),
        "test, one and two": [
            metrics.paired_test(true[few], first[few], second[few], people[few]) for few in (one, two)
        ],
        "calibration": metrics.calibration(true, scores, people, bins=8, resamples=100),
        "calibration, tenths": metrics.calibration(np.arange(6) % 2, tenths, list("aabbcc"), bins=10, resamples=30),
        "average": metrics.average((first == true).astype(float), people),
        "weighted": metrics.average(scores[some, 0], people[some], scores[some, 1], resamples=60, level=0.5),
        "mean": [
            metrics.mean_interval(scores[:12, 0]),
            metrics.mean_interval(scores[:12, 0], scores[12:20, 1], resamples=90, seed=4),
        ],
        "sign flip": [metrics.sign_flip(steps) for steps in ([3, 1, -1, 2, 4], [0, 0, 1], [1, -1], [-5, -3, -1, -2])],
        "holm": [metrics.holm([0.01, 0.04, 0.03, 0.2]), metrics.holm([0.6, 0.7]), metrics.holm([])],
    }


@canary("audit", tolerance=1e-9)
def _audit():
    draw = np.random.default_rng(5)
    rows = []
    for person in range(16):
        group = "with" if person % 2 else "without"
        for clip in range(6):
            for condition in ("baseline", "dark"):
                share = 0.8 - 0.3 * (group == "with") - 0.15 * (condition == "dark")
                rows.append(
                    (
                        f"{person:02d}",
                        group,
                        f"{clip}",
                        condition,
                        "happy sad".split()[clip % 2],
                        float(draw.random() < share),
                    )
                )
    answers = pd.DataFrame(rows, columns=["actor", "glasses", "clip", "condition", "expression", "right"])
    asked = ["glasses", "condition"]
    yield (
        "defaults",
        defaults(fairness.audit, fairness.difference, fairness.false_alarms, fairness.power, fairness.plant_bias),
    )
    found = fairness.audit(answers, asked, permutations=199, resamples=100)
    numbers = found.select_dtypes("number").round(9)
    yield "rows", found[["attribute", "value", "judged", "found"]].astype(str).to_numpy().tolist()
    yield "numbers", numbers.to_numpy(float)
    yield "columns", list(found.columns)
    # Ages of three, four and nine people; a feature of the studio with its own order; a strict and a lenient audit.
    person = answers["actor"].astype(int)
    answers["age"] = np.where(person < 3, "young", np.where(person < 7, "middle", "old"))
    answers["tone"] = person % 3 + 8
    answers["kind"] = np.where(answers["condition"] == "dark", "light", "")
    answers["hand"] = np.where(person < 2, "left", "right")
    answers["sure"] = draw.random(len(answers))
    found = fairness.audit(answers, ["condition"], outcome="sure", permutations=9, resamples=10)
    yield "how sure", found[["accuracy", "gap", "p"]].round(9).to_numpy(float)
    for name, options in (("lenient", {"min_people": 3, "alpha": 0.3}), ("strict", {"min_gap": 0.4, "seed": 1})):
        found = fairness.audit(answers, ["age", "tone", "hand", "condition"], permutations=49, resamples=20, **options)
        yield (
            name,
            [found.attrs["tests"], found.astype({"judged": int, "found": int}).round(9).to_numpy(object).tolist()],
        )
    bare = answers[answers["condition"] == "baseline"].drop(columns="condition")
    found = fairness.audit(bare.assign(sex=np.where(person[bare.index] % 4, "male", "female")), permutations=29)
    yield "of itself", found[["attribute", "value", "n", "people", "p"]].astype(str).to_numpy()
    other = answers.sample(frac=1, random_state=3).assign(right=lambda rows: (rows["clip"] > "2").astype(float))
    apart = fairness.difference(answers, other)
    yield "difference", [list(apart.columns), apart["difference"].to_numpy()]
    chances = {"repeats": 12, "permutations": 39, "alpha": 0.4}
    yield "false alarms", fairness.false_alarms(answers, [*asked, "age"], **chances)
    yield "less strict", fairness.false_alarms(answers, ["age"], min_gap=0.2, min_people=2, seed=5, **chances)
    pilot = answers.groupby("actor")["right"].mean().to_numpy()
    yield "power", fairness.power(pilot, share=0.3, tests=4, people=(8, 24), gaps=(0.1, 0.3), repeats=50, seed=2)
    yield "power of few", fairness.power(pilot, share=0.9, tests=1, people=(8,), gaps=(0.3,), alpha=0.4, repeats=50)
    for name, options in (
        ("labels", {}),
        ("one label", {"kind": "labels", "share": 1.0, "to": "sad"}),
        ("absent", {"kind": "absent", "share": 0.6, "seed": 2}),
        ("one clip", {"share": 0.01, "values": [8]}),
        ("by sex", {"attribute": "sex", "values": ["male"], "share": 0.3}),
    ):
        yield f"planted, {name}", _planted(**options)


def _planted(**options) -> dict:
    """Which pictures, labels and people are in a face set after a bias was planted in it."""
    meta = table()
    truth = meta[["clip", "actor"]].drop_duplicates("clip")
    person = truth["actor"].astype(int)
    truth = truth.assign(tone=person + 3, sex=np.where(person % 2, "male", "female"))
    images = np.arange(len(meta), dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    whole = faces.FaceSet(None, images, meta, pd.DataFrame(), {"fingerprint": "f" * 64})
    train = np.flatnonzero(meta["frame_index"] == 0)
    spoiled = fairness.plant_bias(whole, truth, np.r_[train, train[-8:] + 1], **options)
    return {
        "pictures": np.asarray(spoiled.images)[:, 0, 0, 0],
        "labels": list(spoiled.meta["expression"]),
        "actors": "".join(name[-1] for name in spoiled.meta["actor"]),
        "fingerprint": spoiled.fingerprint[:16],
    }


@canary("timing", tolerance=1e-9)
def _timing():
    """What is called how often in which order, the ratios of times that the callables tell themselves, and tables.

    The tables compare answers and sizes; nothing that a clock says is stored.
    """
    called = []

    class Told:
        def __init__(self, name: str, times: list[float]):
            self.name, self.times = name, iter(times)

        def __call__(self, given):
            raise AssertionError("asked for its time, not called")

        def seconds(self, given):
            called.append(self.name)
            return next(self.times)

    def ways() -> dict[str, Told]:
        return {"slow": Told("slow", [9, 9, 4, 2, 8, 0]), "quick": Told("quick", [9, 9, 1, 1, 5, 0])}

    yield "defaults", defaults(timing.latency, compress.compare, sparse.sparse_and_fast)
    found = timing.latency(ways(), None, repeats=3, warmup=2, progress=False)
    yield "called", list(called)
    yield "rows", found.drop(columns=["name", "baseline"]).to_numpy(float)
    yield "columns", list(found.columns)
    found = timing.latency(ways(), None, repeats=4, warmup=2, baseline="quick", progress=False)
    yield "other baseline", found.drop(columns="name").astype({"baseline": str}).to_numpy(object).tolist()
    clock = timing.latency({"plain": called.append}, "asked", repeats=2, progress=False)
    yield "clock", [called[-5:], bool((clock["median_ms"] < 1000).all())]

    images = np.arange(12, dtype=np.float32).reshape(12, 1, 1, 1) * 20
    answers = {
        "dark": lambda given: np.eye(3)[np.clip(np.asarray(given)[:, 0, 0, 0] // 90, 0, 2).astype(int)],
        "late": lambda given: np.eye(3)[np.clip(np.asarray(given)[:, 0, 0, 0] // 70 - 1, 0, 2).astype(int)],
        "same": lambda given: np.eye(3)[np.zeros(len(given), int)],
    }
    for name, options in (
        ("compared", {}),
        ("by people", {"actors": np.arange(12) // 3, "baseline": "late"}),
        ("by reference", {"actors": np.arange(12) % 4, "reference": {"dark": "late", "late": "same", "same": "same"}}),
    ):
        found = compress.compare(answers, images, np.arange(12) // 5, repeats=1, progress=False, **options)
        told = found.drop(columns=["latency_ms", "ratio"])
        yield name, [list(found.columns), told.astype(str).to_numpy()]
    shown = []
    compress.compare({"only": lambda given: shown.append(len(given)) or np.eye(2)[[0] * len(given)]}, images, repeats=2)
    yield "shown", shown
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(8, 3), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    )
    seen = []

    def write(model, file, *, format, progress):
        """Stands for a converter, which takes long: the file has the model's weights."""
        file.write_bytes(b"".join(weight.tobytes() for weight in model.get_weights()))
        return types.SimpleNamespace(path=file, bytes=file.stat().st_size, format=format)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "export", write)
        patch.setattr(sparse, "load", lambda made, **options: lambda given: seen.append(round(float(given.mean()), 3)))
        found = sparse.sparse_and_fast(network, (0.5, 0.75), repeats=1, warmup=0, progress=False)
    yield "sparse", found[["share", "zeros", "parameters", "bytes"]].round(4).to_numpy(float)
    yield "sparse names", [found[["way", "baseline"]].to_numpy(), seen]
    smaller = found["gzip_bytes"] < found["gzip_bytes"][0]
    yield "packed", smaller.astype(int).to_numpy()
