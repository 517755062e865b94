"""Films: real names, real counts, the same bytes whoever films them."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import re
import shutil
import subprocess
import sys

import cv2
import dlib
from film_files import SMALL, digest, pixels, videos
import numpy as np
import pandas as pd
from patience import PATIENCE
import pytest

from fer_utils import datasets, studio
from fer_utils.core import labels
from fer_utils.core.errors import DamagedError, FerError, MissingPackage
from fer_utils.studio import layouts
from fer_utils.synthetic import region_masks

# The real sets' grammars, written down here once more and on purpose.
RAVDESS = re.compile(
    r"Actor_(?P<folder>\d\d)/(?P<m>0[12])-(?P<v>01)-(?P<e>0[1-8])-(?P<i>0[12])-(?P<s>0[12])-(?P<r>0[12])-(?P<a>\d\d)\.mp4"
)
SAVEE = re.compile(r"(?:.*/)?(?P<a>DC|JE|JK|KL)/(?P<e>sa|su|a|d|f|h|n)(?P<k>\d\d)\.avi")
MEAD = re.compile(
    r"(?P<a>[MW]\d{3})/video/front/(?P<e>angry|disgusted|contempt|fear|happy|neutral|sad|surprised)/level_(?P<l>[123])/(?P<k>\d{3})\.mp4"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("films") / "ravdess"
    return studio.film("ravdess", root, actors=2, clips_per_actor=9, twins=True, seed=5, workers=1, **SMALL)


# --- plans: names and counts, no drawing ---------------------------------------


def test_full_ravdess_has_1440_clips_and_neutral_only_at_normal_intensity():
    takes = [t for a in layouts.cast("ravdess", None) for t in layouts.takes("ravdess", a, None, twins=True)]
    names = [RAVDESS.fullmatch(t.path) for t in takes]
    assert all(names) and len({t.path for t in takes}) == 1440
    assert all(m["folder"] == m["a"] and m["m"] == "02" for m in names)
    assert Counter(m["e"] for m in names) == {"01": 96, **{f"0{k}": 192 for k in range(2, 9)}}
    assert {m["i"] for m in names if m["e"] == "01"} == {"01"}
    assert all(t.sex == ("male" if int(m["a"]) % 2 else "female") for t, m in zip(takes, names, strict=True))
    assert all(t.expression == labels.RAVDESS[int(m["e"]) - 1] for t, m in zip(takes, names, strict=True))
    assert all(t.intensity == int(m["i"]) for t, m in zip(takes, names, strict=True))
    assert all(t.twin == t.path.replace("/02-", "/01-") for t in takes)
    assert (
        len({t.path for t in takes} | {t.twin for t in takes}) == 2880 and len({t.performance for t in takes}) == 1440
    )
    assert Counter(t.actor for t in takes) == {f"{k:02d}": 60 for k in range(1, 25)}
    assert Counter((m["e"], m["i"]) for m in names) == {
        ("01", "01"): 96,
        **{(f"0{k}", f"0{i}"): 96 for k in range(2, 9) for i in (1, 2)},
    }


def test_full_savee_has_480_clips_of_four_men_and_thirty_neutral_each():
    takes = [t for a in layouts.cast("savee", None) for t in layouts.takes("savee", a, None)]
    names = [SAVEE.fullmatch(t.path) for t in takes]
    assert all(names) and len(takes) == 480
    assert Counter((m["a"], m["e"]) for m in names) == {
        (a, e): 30 if e == "n" else 15 for a in ("DC", "JE", "JK", "KL") for e in ("a", "d", "f", "h", "n", "sa", "su")
    }
    assert {t.sex for t in takes} == {"male"} and len({t.path for t in takes}) == 480
    assert (
        Counter(t.expression for t in takes) == {"neutral": 120, **{e: 60 for e in labels.SAVEE if e != "neutral"}}
        and len(labels.SAVEE) == 7
    )
    code = {"a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised"}
    assert all(t.expression == code[m["e"]] for t, m in zip(takes, names, strict=True))


def test_full_mead_has_three_levels_but_one_of_neutral():
    takes = layouts.takes("mead", "W011", 670)
    names = [MEAD.fullmatch(t.path) for t in takes]
    assert all(names) and len({t.path for t in takes}) == 670
    levels = {e: {m["l"] for m in names if m["e"] == e} for e in {m["e"] for m in names}}
    assert levels.pop("neutral") == {"1"} and len(levels) == 7
    assert all(found == {"1", "2", "3"} for found in levels.values())
    assert {t.expression for t in takes} == set(labels.MEAD) and {t.sex for t in takes} == {"female"}
    assert Counter(m["e"] for m in names) == {"neutral": 40, **dict.fromkeys({m["e"] for m in names} - {"neutral"}, 90)}
    by_default = [t for a in layouts.cast("mead", None) for t in layouts.takes("mead", a, None)]
    assert len(by_default) == 47 * 64 and set(Counter((t.actor, t.expression) for t in by_default).values()) == {8}


@pytest.mark.parametrize("layout", ["ravdess", "savee", "mead"])
def test_a_part_of_the_clips_is_balanced_and_grows_without_changing(layout):
    actor = layouts.ACTORS[layout][0]
    kinds = len(labels.VOCABULARIES[layout])
    for n in range(1, 4 * kinds):
        counts = Counter(t.expression for t in layouts.takes(layout, actor, n))
        assert len(counts) == min(n, kinds) and max(counts.values()) - min(counts.values()) <= 1
        assert {t.path for t in layouts.takes(layout, actor, n)} < {t.path for t in layouts.takes(layout, actor, n + 1)}


def test_casts_are_ids_of_the_real_set_and_the_first_are_balanced():
    assert layouts.cast("ravdess", [3, "01"]) == ("01", "03")
    for layout in ("ravdess", "mead"):
        sexes = Counter(layouts.sex_of(layout, a) for a in layouts.cast(layout, 8))
        assert sexes == {"male": 4, "female": 4}
    assert len(layouts.cast("ravdess", None)) == 24 and len(layouts.cast("savee", None)) == 4


# --- a film --------------------------------------------------------------------


def test_a_film_holds_the_named_videos_and_nothing_half_made(small):
    assert videos(small.root) == sorted([*small.clips["clip"], *small.clips["twin"]])
    assert all(RAVDESS.fullmatch(name) for name in videos(small.root))
    assert len(small.clips) == 18 and small.manifest["files"] == 36
    assert not [p for p in small.root.rglob("*") if p.name.startswith(".")]
    assert "film of 18 clips (36 files) in the layout of ravdess: 2 actors" in str(small)
    shapes = {pixels(small.root / name).shape for name in videos(small.root)}
    assert shapes == {(4, 64, 64, 3)}


def test_the_table_and_the_arrays_tell_the_truth(small):
    table = small.clips
    assert set(table["expression"]) == set(labels.RAVDESS)
    assert table["expression"].equals(table["true_expression"])
    assert table["tone"].between(1, 10).all() and table["light_azimuth"].nunique() == 18
    assert table.groupby("actor")["identity_seed"].nunique().eq(1).all() and table["identity_seed"].nunique() == 2
    for clip in table["clip"]:
        truth = small.frames(clip)
        assert truth["landmarks"].shape == (4, 68, 2) and truth["action_units"].shape == (
            4,
            2,
            len(studio.ACTION_UNITS),
        )
        assert (
            truth["pose"].shape == (4, 3)
            and truth["gaze"].shape == (4, 2)
            and truth["apex"].shape == truth["time_s"].shape == (4,)
        )
        assert (truth["landmarks"] > 0).all() and (truth["landmarks"] < 64).all()
        assert np.allclose(np.diff(truth["time_s"]), 1 / table["fps"].iloc[0])
    units = list(studio.ACTION_UNITS)
    mean = {row.expression: small.frames(row.clip)["action_units"].mean(axis=(0, 1)) for row in table.itertuples()}
    assert mean["happy"][units.index(12)] > mean["sad"][units.index(12)]
    assert mean["surprised"][units.index(2)] > mean["neutral"][units.index(2)]


@pytest.mark.parametrize("layout, size", [("ravdess", (1280, 720)), ("savee", (320, 256)), ("mead", (1920, 1080))])
def test_films_come_in_several_sizes(layout, size, tmp_path):
    film = studio.film(
        layout, tmp_path / "f", actors=1, clips_per_actor=1, frames=2, size=size, workers=1, progress=False
    )
    small = studio.film(
        layout, tmp_path / "s", actors=1, clips_per_actor=1, frames=2, size=64, workers=1, progress=False
    )
    for clip in film.clips["clip"]:
        assert pixels(film.root / clip).shape == (2, size[1], size[0], 3)
        # The same head, larger, in the middle of a wide picture.
        marks, reference = film.frames(clip)["landmarks"], small.frames(clip)["landmarks"]
        assert np.allclose((marks - marks[:, 30:31]) * 64 / size[1], reference - reference[:, 30:31], atol=0.02)
        assert abs(marks[..., 0].mean() - size[0] / 2) < 0.05 * size[0]
    assert film.clips["width"].eq(size[0]).all() and film.clips["height"].eq(size[1]).all()


def test_twins_are_the_same_performance_in_other_bytes(small):
    takes = [
        (pixels(small.root / row.clip).astype(int), pixels(small.root / row.twin).astype(int))
        for row in small.clips.head(4).itertuples()
    ]
    for k, (one, two) in enumerate(takes):
        # Far closer than another take of the same person.
        assert 0 < np.abs(one - two).mean() < 0.5 * np.abs(one - takes[k - 1][0]).mean()


def test_workers_change_nothing(small, tmp_path):
    again = studio.film(
        "ravdess", tmp_path / "again", actors=2, clips_per_actor=9, twins=True, seed=5, workers=2, **SMALL
    )
    assert digest(again.root) == digest(small.root)


CALL = """
{guard}:
    print("film")
    sys.path.insert(0, {path!r})
    from fer_utils import studio
    print(studio.film("ravdess", {root!r}, actors=2, clips_per_actor=9, twins=True, seed=5, workers=2,
                      frames=4, size=64, progress=False).filmed)
"""


@pytest.mark.parametrize(
    "how, guard, calls, warns",
    [
        ("script", "if __name__ == '__main__'", 1, False),
        ("-c", "if True", 1, False),  # nothing that a worker would import
        ("script", "if True", 1, True),  # the script is not run over again by a worker
        ("script", "if True or '__main__'", 2, True),  # nobody could tell; the worker stops at the call
        ("stdin", "if True", 1, True),
    ],
)
def test_a_caller_that_workers_cannot_import_still_gets_its_film(how, guard, calls, warns, small, tmp_path):
    root = tmp_path / "film"
    code = "import sys" + CALL.format(guard=guard, path=str(Path(__file__).parents[2]), root=str(root))
    script = tmp_path / "script.py"
    script.write_text(code)
    arguments = {"script": [str(script)], "stdin": ["-"], "-c": ["-c", code]}[how]
    done = subprocess.run(
        [sys.executable, *arguments],
        input=code if how == "stdin" else "",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["18", *["film"] * calls]
    assert done.stderr.count("RuntimeWarning: No worker process could be started, so `film`") == warns
    assert ("call film under `if __name__ == '__main__':`" in done.stderr) is warns
    assert ("Traceback" in done.stderr) is (calls == 2)
    assert digest(root) == digest(small.root)


def test_filming_in_this_process_leaves_opencvs_threads_as_they_were(tmp_path):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        studio.film("savee", tmp_path / "f", actors=1, clips_per_actor=1, workers=1, **SMALL)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize(
    "layout, example",
    [
        ("ravdess", "ravdess/01/speech-03-01-01-01"),
        ("savee", "savee/DC/sa-01"),
        ("mead", "mead/M003/fearful-1-001"),
    ],
)
def test_the_truth_agrees_with_what_the_names_say(layout, example, small, tmp_path):
    film = (
        small
        if layout == "ravdess"
        else studio.film(layout, tmp_path / "f", actors=2, clips_per_actor=10, workers=1, **SMALL)
    )
    scanned = datasets.scan(layout, film.root)
    both = film.clips.merge(pd.DataFrame(scanned), on="clip", suffixes=("", "_named"), validate="one_to_one")
    assert len(both) == len(film.clips) >= 18
    for column in (
        "dataset",
        "actor",
        "sex",
        "expression",
        "intensity",
        "statement",
        "repetition",
        "performance",
        "view",
    ):
        assert both[column].tolist() == both[f"{column}_named"].tolist(), column
    assert example in set(film.clips["performance"]) and film.clips["performance"].is_unique
    if layout == "ravdess":  # both files of a pair are one performance
        twins = film.clips.merge(pd.DataFrame(scanned), left_on="twin", right_on="clip", suffixes=("", "_named"))
        assert len(twins) == 18 and twins["performance"].tolist() == twins["performance_named"].tolist()


def test_an_actor_is_the_same_person_in_any_cast_and_another_under_another_seed(tmp_path):
    alone = studio.film("ravdess", tmp_path / "alone", actors=["02"], clips_per_actor=1, seed=5, workers=1, **SMALL)
    pair = studio.film("ravdess", tmp_path / "pair", actors=2, clips_per_actor=1, seed=5, workers=1, **SMALL)
    other = studio.film("ravdess", tmp_path / "other", actors=["02"], clips_per_actor=1, seed=6, workers=1, **SMALL)
    name = alone.clips["clip"].iloc[0]
    assert (pixels(alone.root / name) == pixels(pair.root / name)).all()
    assert not (pixels(alone.root / name) == pixels(other.root / name)).all()


def test_a_second_call_does_nothing_and_a_torn_film_is_finished(tmp_path):
    call = dict(actors=1, clips_per_actor=3, workers=1, **SMALL)
    first = studio.film("savee", tmp_path / "f", **call)
    assert first.filmed == 3 and all(SAVEE.fullmatch(name) for name in videos(first.root))
    whole = digest(first.root)
    second = studio.film("savee", tmp_path / "f", **call)
    assert second.filmed == 0 and "nothing to do" in str(second)
    # A kill before the end: no manifest, one clip's truth and another's video missing.
    (first.root / "truth" / "manifest.json").unlink()
    next((first.root / "truth" / "frames").rglob("*.npz")).unlink()
    (first.root / videos(first.root)[-1]).unlink()
    with pytest.raises(FerError, match="a finished film"):
        studio.Film.load(first.root)
    third = studio.film("savee", tmp_path / "f", **call)
    assert 1 <= third.filmed <= 2 and digest(third.root) == whole
    # A loss of power: files of the right names that are empty or cut off.
    (first.root / "truth" / "manifest.json").unlink()
    torn = [first.root / name for name in videos(first.root)[:2]]
    torn[0].write_bytes(b"")
    torn[1].write_bytes(torn[1].read_bytes()[:-9])
    assert studio.film("savee", tmp_path / "f", **call).filmed == 2 and digest(first.root) == whole


def test_mead_writes_its_tree(tmp_path):
    film = studio.film("mead", tmp_path / "m", actors=["W009"], clips_per_actor=8, workers=1, **SMALL)
    assert all(MEAD.fullmatch(name) for name in videos(film.root)) and len(videos(film.root)) == 8
    assert {"contempt"} <= set(film.clips["expression"])


def test_dlib_finds_one_face_in_filmed_frames(tmp_path):
    film = studio.film(
        "ravdess", tmp_path / "d", actors=[1, 8, 12], clips_per_actor=4, frames=3, workers=1, progress=False
    )
    detector = dlib.get_frontal_face_detector()
    found = [
        len(detector(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), 0))
        for name in videos(film.root)
        for frame in pixels(film.root / name)
    ]
    assert len(found) == 36 and Counter(found)[1] >= 35


# --- bad input -------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout, options, says",
    [
        ("afew", {}, "`layout`. Expected one of ravdess, savee, mead. Received: 'afew'"),
        ("ravdess", {"actors": 25}, "`actors`. Expected from 1 to 24"),
        ("ravdess", {"actors": 0}, "`actors`"),
        ("savee", {"actors": ["XX"]}, "The ids of 'savee': DC, JE, JK, KL."),
        ("savee", {"actors": "DC"}, "`actors`"),
        ("savee", {"actors": []}, "at least one id"),
        ("ravdess", {"clips_per_actor": 61}, "from 1 to 60"),
        ("ravdess", {"frames": 0}, "`frames`"),
        ("ravdess", {"size": 32}, "`size`"),
        ("ravdess", {"size": 65}, "even numbers"),
        ("ravdess", {"size": (64, 65)}, "even numbers"),
        ("ravdess", {"size": (65, 64)}, "even numbers"),
        ("ravdess", {"fps": 0}, "`fps`"),
        ("ravdess", {"seed": -3}, "`seed`"),
        ("ravdess", {"workers": 0}, "`workers`"),
        ("mead", {"twins": True}, "`twins`"),
    ],
)
def test_impossible_films_are_one_clear_error_and_leave_nothing(layout, options, says, tmp_path):
    with pytest.raises(FerError, match=re.escape(says)):
        studio.film(layout, tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()


def test_without_opencv_the_remedy_is_named_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPackage, match=r"`cv2`.*filming.*pip install"):
        studio.film("ravdess", tmp_path / "x", actors=1, clips_per_actor=1, workers=1, **SMALL)
    assert not (tmp_path / "x").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FerError, match="It holds something else, which is left alone"):
        studio.film("savee", tmp_path, actors=1, clips_per_actor=1, **SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_another_film_is_not_overwritten(tmp_path):
    studio.film("savee", tmp_path / "f", actors=1, clips_per_actor=1, workers=1, **SMALL)
    with pytest.raises(FerError, match=r"different: seed"):
        studio.film("savee", tmp_path / "f", actors=1, clips_per_actor=1, workers=1, seed=1, **SMALL)


def test_an_unwritable_video_is_an_error_and_no_film(tmp_path, monkeypatch):
    class FullDisk:
        """OpenCV reports nothing when frames cannot be written: the file is just too short."""

        def __init__(self, path, *options):
            Path(path).write_bytes(b"")

        def isOpened(self):  # noqa: N802 (OpenCV's name)
            return True

        def write(self, frame):
            pass

        def release(self):
            pass

    monkeypatch.setattr(cv2, "VideoWriter", FullDisk)
    with pytest.raises(FerError, match="0 of 4 frames after writing: is the disk full"):
        studio.film("savee", tmp_path / "f", actors=1, clips_per_actor=1, workers=1, **SMALL)
    assert not (tmp_path / "f" / "truth" / "manifest.json").exists()
    assert not videos(tmp_path / "f")


def swap_labels(path: Path) -> None:
    path.write_text(path.read_text().replace("happy", "?").replace("sad", "happy").replace("?", "sad"))


def zeroed(path: Path) -> None:
    with np.load(path) as stored:
        arrays = {name: np.zeros_like(stored[name]) for name in stored.files}
    np.savez_compressed(path, **arrays)


@pytest.mark.parametrize("name, edit, told", [
    ("clips.csv", swap_labels, "clips.csv has changed"),
    ("clips.csv", Path.unlink, "clips.csv cannot be read"),
    ("clips.csv", lambda path: path.write_bytes(b""), "clips.csv has changed"),
    ("frames", zeroed, "npz has changed"),
    ("manifest.json", lambda path: path.write_text("[" * 100_000), "manifest.json cannot be read.*too deeply"),
    ("manifest.json", lambda path: path.write_text('{"sha256": []}'), "manifest.json is no manifest"),
])  # fmt: skip
def test_a_truth_that_was_edited_is_refused(small, tmp_path, name, edit, told):
    root = tmp_path / "film"
    shutil.copytree(small.root, root)
    clip = small.clips["clip"].iloc[0]
    path = root / "truth" / name if name != "frames" else root / "truth" / "frames" / Path(clip).with_suffix(".npz")
    edit(path)
    with pytest.raises(DamagedError, match=f"{told}.*Film it again.*{re.escape(str(root))}"):
        studio.Film.load(root).frames(clip)
    with pytest.raises(FerError, match=f"{told}|Only drawn people have one"):
        masks = region_masks._Truth(root)
        masks.clips(), masks.frames(clip)


def test_a_film_from_before_there_were_checksums_is_read(small, tmp_path):
    shutil.copytree(small.root, tmp_path / "film")
    path = tmp_path / "film" / "truth" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert len(manifest.pop("sha256")) == 1 + len(small.clips)
    path.write_text(json.dumps(manifest))
    old, clip = studio.Film.load(tmp_path / "film"), small.clips["clip"].iloc[0]
    assert old.clips.equals(small.clips) and np.array_equal(old.frames(clip)["apex"], small.frames(clip)["apex"])


def test_a_plan_that_is_no_json_is_another_film(small, tmp_path):
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "plan.json").write_text("[" * 100_000)
    with pytest.raises(FerError, match="another film"):
        studio.film("savee", tmp_path, actors=1, clips_per_actor=1, workers=1, **SMALL)


def test_the_manifest_says_how_it_was_made(small):
    manifest = json.loads((small.root / "truth" / "manifest.json").read_text())
    assert manifest["plan"]["seed"] == 5 and manifest["plan"]["actors"] == ["01", "02"] and manifest["clips"] == 18
    assert manifest["action_units"]["12"] == "lip corner puller"
    assert sum(manifest["expressions"].values()) == len(pd.read_csv(small.root / "truth" / "clips.csv"))
