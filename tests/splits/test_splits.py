"""Splits keep units whole, lose nothing, obey their seed; leakage finds what was planted."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from fer_utils import splits
from fer_utils.core.errors import FerError

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")

EXPRESSIONS = ("neutral", "happy", "sad")


def table(actors=4, performances=3, modalities=2, frames=3, dataset="toy"):
    """Actors x performances (one expression each) x twins x frames."""
    rows = []
    for actor in range(actors):
        for number in range(performances):
            for modality in range(modalities):
                for frame in range(frames):
                    act = f"{actor:02d}-{number}"
                    rows.append(
                        {
                            "dataset": dataset,
                            "actor": f"{actor:02d}",
                            "performance": act,
                            "clip": f"{modality}-{act}",
                            "expression": EXPRESSIONS[number % 3],
                            "frame": frame,
                        }
                    )
    return pd.DataFrame(rows)


tables = st.builds(
    table,
    actors=st.integers(2, 9),
    performances=st.integers(1, 7),
    modalities=st.integers(1, 2),
    frames=st.integers(1, 4),
)


@settings(max_examples=60, deadline=None)
@given(meta=tables, by=st.sampled_from(splits.UNITS), test=st.floats(0.05, 0.95), seed=st.integers(0, 10**6))
def test_split_keeps_units_whole_and_loses_nothing(meta, by, test, seed):
    train, held = splits.split(meta, by, test, seed)
    assert len(train) and len(held)
    assert sorted([*train, *held]) == list(range(len(meta)))
    units = splits.unit_ids(meta, by)
    assert not set(units[train]) & set(units[held])
    count = len(set(units))
    wanted = min(max(int(np.floor(test * count + 0.5)), 1), count - 1)
    assert len(set(units[held])) == wanted
    again = splits.split(meta, by, test, seed)
    assert np.array_equal(train, again[0]) and np.array_equal(held, again[1])


@settings(max_examples=40, deadline=None)
@given(meta=tables, by=st.sampled_from(splits.UNITS), k=st.integers(2, 5), seed=st.integers(0, 99))
def test_folds_test_every_row_once(meta, by, k, seed):
    units = splits.unit_ids(meta, by)
    if k > len(set(units)):
        with pytest.raises(FerError, match="`k`"):
            splits.folds(meta, by, k, seed)
        return
    made = splits.folds(meta, by, k, seed)
    assert len(made) == k
    assert sorted(np.concatenate([held for _, held in made])) == list(range(len(meta)))
    for train, held in made:
        assert not set(units[train]) & set(units[held])


def test_frames_are_drawn_in_equal_share_from_every_expression():
    meta = table(actors=6, performances=6, frames=5)
    _, held = splits.split(meta, "frame", 0.2, 1)
    shares = meta.iloc[held]["expression"].value_counts() / meta["expression"].value_counts()
    assert np.allclose(shares, 0.2, atol=0.01)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    by=st.sampled_from(["clip", "performance"]),
    test=st.floats(0.05, 0.95),
    seed=st.integers(0, 999),
)
def test_every_expression_gives_its_share_of_units_to_the_test_and_to_each_fold(sizes, by, test, seed):
    labels = [label for label, size in enumerate(sizes) for _ in range(size)]
    meta = pd.DataFrame({by: [f"{k:02d}" for k in range(len(labels))], "expression": [f"label {k}" for k in labels]})
    twice = pd.concat([meta, meta], ignore_index=True)  # two frames a unit

    def units(rows):
        return np.bincount([labels[int(unit)] for unit in set(twice.iloc[rows][by])], minlength=len(sizes))

    held = units(splits.split(twice, by, test, seed)[1])
    assert (np.abs(held - np.array(sizes) * held.sum() / len(labels)) < 1).all()
    folds = np.array([units(rows) for _, rows in splits.folds(twice, by, 2, seed)])
    assert (np.ptp(folds, axis=0) <= 1).all() and np.ptp(folds.sum(axis=1)) <= 1


@pytest.mark.parametrize("by", splits.UNITS)
def test_a_table_without_expressions_is_split(by):
    meta = table(actors=5, performances=3).drop(columns="expression")
    train, held = splits.split(meta, by, 0.4, 2)
    units = splits.unit_ids(meta, by)
    assert not set(units[train]) & set(units[held]) and len(train) + len(held) == len(meta)
    assert sorted(np.concatenate([rows for _, rows in splits.folds(meta, by, 3, 2)])) == list(range(len(meta)))


def test_which_actors_test_does_not_hang_on_the_clip_that_stands_first():
    meta = table(actors=9, performances=3, modalities=1, frames=1)
    mixed = meta.sample(frac=1, random_state=3).reset_index(drop=True)
    first = mixed.groupby("actor")["expression"].first()
    assert first.nunique() == 3, "the actors begin with different expressions here, and with the same one in `meta`"
    for seed in range(4):
        chosen = [set(one.iloc[splits.split(one, "actor", 0.4, seed)[1]]["actor"]) for one in (meta, mixed)]
        assert chosen[0] == chosen[1]
        held = [
            [set(one.iloc[rows]["actor"]) for _, rows in splits.folds(one, "actor", 3, seed)] for one in (meta, mixed)
        ]
        assert held[0] == held[1]


def test_seeds_give_different_splits():
    meta = table(actors=9)
    drawn = {tuple(splits.split(meta, "actor", 0.3, seed)[1]) for seed in range(6)}
    assert len(drawn) >= 4


@pytest.mark.parametrize("by", ["clip", "actor"])
def test_seeds_give_different_folds(by):
    meta = table(actors=9)
    drawn = {tuple(splits.folds(meta, by, 3, seed)[0][1]) for seed in range(6)}
    assert len(drawn) >= 4


def test_where_two_expressions_have_the_same_claim_to_a_unit_chance_decides():
    """Six units of three expressions, one of which tests: over the seeds it is one of each."""
    meta = pd.DataFrame({"clip": list("abcdef"), "expression": ["sad", "sad", "happy", "happy", "calm", "calm"]})
    tested = {meta["expression"].iloc[splits.split(meta, "clip", 0.17, seed)[1][0]] for seed in range(40)}
    assert tested == {"sad", "happy", "calm"}


def test_performance_split_keeps_twins_together_and_a_clip_split_does_not():
    meta = table(actors=6, performances=6, modalities=2)
    train, held = splits.split(meta, "performance", 0.2, 0)
    assert splits.leakage(meta, train, held).loc["performance", "shared"] == 0
    train, held = splits.split(meta, "clip", 0.2, 0)
    report = splits.leakage(meta, train, held)
    assert report.loc["clip", "shared"] == 0 and report.loc["performance", "share"] > 0.5


def test_frame_split_of_twins_leaks_as_the_arithmetic_says():
    """FACTS: with both twins in, some frame of a test frame's performance is in training almost surely."""
    meta = table(actors=10, performances=6, modalities=2, frames=6)
    train, held = splits.split(meta, "frame", 0.2, 3)
    report = splits.leakage(meta, train, held)
    assert report.loc["performance", "share"] > 0.999 and report.loc["actor", "share"] == 1.0
    assert report.loc["row", "shared"] == 0


def test_leakage_finds_planted_rows_and_identical_images():
    meta = table(actors=2, performances=1, modalities=1, frames=2)
    images = np.arange(len(meta), dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)
    images[3] = images[0]
    report = splits.leakage(meta, [0, 1], [1, 3], images=images)
    assert report.loc["row", "test_rows"] == 1 and report.loc["row", "examples"] == "1"
    assert report.loc["image", "test_rows"] == 2  # row 1 itself, and row 3 that equals row 0
    clean = splits.leakage(meta, [0, 1], [2], images=images)
    assert clean["shared"].sum() == 0


def test_actors_of_two_data_sets_are_different_people():
    meta = pd.concat([table(actors=2, dataset="a"), table(actors=2, dataset="b")], ignore_index=True)
    assert len(set(splits.unit_ids(meta, "actor"))) == 4


def test_published_folds():
    meta = table(actors=25)
    meta = meta[meta["actor"] != "00"].reset_index(drop=True)
    made = splits.folds(meta, groups="luna-jimenez2022")
    assert [",".join(sorted(set(meta.iloc[held]["actor"]))) for _, held in made] == [
        "02,05,14,15,16",
        "03,06,07,13,18",
        "10,11,12,19,20",
        "08,17,21,23,24",
        "01,04,09,22",
    ]
    assert sorted(np.concatenate([held for _, held in made])) == list(range(len(meta)))
    with pytest.raises(FerError, match=r"in none: .'00'"):
        splits.folds(table(actors=25), groups="luna-jimenez2022")


def test_a_fold_without_anybody_in_the_table_is_left_out():
    meta = table(actors=4)  # 00 to 03
    made = splits.folds(meta, groups=[["00", "01"], ["17"], ["02", "03"]])
    assert [sorted(set(meta.iloc[held]["actor"])) for _, held in made] == [["00", "01"], ["02", "03"]]
    assert [sorted(set(meta.iloc[train]["actor"])) for train, _ in made] == [["02", "03"], ["00", "01"]]


def test_what_is_not_said_is_a_fifth_of_the_actors_and_five_folds():
    meta = table(actors=20)
    held = splits.split(meta)[1]
    assert meta.iloc[held]["actor"].nunique() == 4 and len(held) == len(meta) / 5
    assert [meta.iloc[rows]["actor"].nunique() for _, rows in splits.folds(meta)] == [4] * 5


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: splits.split(table(), "person"), ("`by`", "frame, clip, performance, actor", "'person'")),
        (lambda: splits.split(table(), test=0), ("`test`", "between 0 and 1", "0")),
        (lambda: splits.split(table(), test=1.0), ("`test`", "1.0")),
        (lambda: splits.split(table(), test=True), ("`test`", "True")),
        (lambda: splits.split(table(), seed=-1), ("`seed`", "-1")),
        (lambda: splits.split(table(actors=1)), ("`meta`", "two units to split by actor", "1 actor")),
        (lambda: splits.split(table().drop(columns="actor")), ("`meta`", "actor")),
        (lambda: splits.split(table().assign(actor="")), ("`meta`", "known actor", "without one")),
        (lambda: splits.split([1, 2]), ("`meta`", "DataFrame", "list")),
        (lambda: splits.split(table().iloc[:0]), ("`meta`", "0 actors in 0 rows")),
        (lambda: splits.leakage(table(), [0], [10**6]), ("`test`", "row positions")),
        (lambda: splits.leakage(table(), [0.5], [1]), ("`train`", "row positions")),
        (lambda: splits.folds(table(), k=99), ("`k`", "99")),
        (lambda: splits.folds(table(), "clip", groups=[["00", "01"], ["02", "03"]]), ("`by`", "'actor'", "'clip'")),
        (lambda: splits.folds(table(), groups="luna"), ("`groups`", "luna-jimenez2022", "'luna'")),
        (lambda: splits.folds(table(), groups=[["00", "01", "02", "03"], ["17"]]), ("`groups`", "two groups")),
    ],
)
def test_impossible_calls_say_what_was_expected(call, words):
    with pytest.raises(FerError) as error:
        call()
    for word in words:
        assert word in str(error.value)


def test_a_row_of_unknown_actor_hides_nobody_else():
    meta = pd.DataFrame(
        {
            "dataset": "folder",
            "clip": list("abcdef"),
            "performance": list("abcdef"),
            "actor": ["A", "A", "B", "B", "C", ""],
        }
    )
    found = splits.leakage(meta, [0, 2, 4], [1, 3, 5])
    assert found.loc["actor", ["shared", "test_rows", "unknown"]].tolist() == [2, 2, 1]
    assert found.loc["clip", "unknown"] == 0
    pairs = splits.leaked_pairs(meta, [0, 2, 4], [1, 3, 5])
    assert list(zip(pairs["level"], pairs["train_row"], pairs["test_row"], strict=True)) == [
        ("actor", 0, 1),
        ("actor", 2, 3),
    ]
    both = pd.DataFrame(
        {"dataset": "folder", "actor": ["", "", None, "A"]}
    )  # two unknown people are not known to be one
    assert splits.leakage(both, [0, 2], [1, 3]).loc["actor", ["shared", "unknown"]].tolist() == [0, 3]
    assert "actor" not in splits.leakage(both.assign(actor=""), [0, 2], [1, 3]).index


def test_two_files_of_one_name_under_two_roots_are_two_clips():
    meta = pd.DataFrame(
        {
            "dataset": "folder",
            "clip": ["happy/0.png"] * 3,
            "path": ["/a/happy/0.png", "/b/happy/0.png", "/a/happy/0.png"],
        }
    )
    assert splits.leakage(meta, [0], [1]).loc["clip", "shared"] == 0
    assert splits.leakage(meta, [0, 1], [2]).loc["clip", "shared"] == 1


def test_a_mirrored_copy_is_named_as_one():
    rng = np.random.default_rng(0)
    pictures = cv2.resize(
        rng.integers(0, 256, (3, 9, 9), dtype=np.uint8).transpose(1, 2, 0), (90, 90), interpolation=cv2.INTER_CUBIC
    )
    images = np.stack([*pictures.transpose(2, 0, 1), pictures[:, ::-1, 1]])[..., None]
    meta = pd.DataFrame({"clip": list("abcd")})
    (pair,) = splits.leaked_pairs(meta, [0, 1, 2], [3], images, progress=False).to_dict("records")
    assert (pair["level"], pair["train_row"], pair["test_row"]) == ("near image", 1, 3) and pair["what"].startswith(
        "nearly equal when mirrored"
    )


def test_a_file_of_its_own_is_no_known_performance():
    """A plain folder names each performance after its file: that tells nothing of which pictures belong together."""
    clips = ["happy/0.png", "happy/1.png", "sad/S01_001_01.png", "sad/a.mp4"]
    meta = pd.DataFrame({"dataset": "folder", "clip": clips, "performance": [f"folder/ck48/{clip}" for clip in clips]})
    assert splits.unknown_performances(meta).all()
    named = meta.assign(performance=["folder/ck+/S01/001", "", None, "folder/ck48/happy/1.png"])
    assert splits.unknown_performances(named).tolist() == [False, True, True, False]
    assert not splits.unknown_performances(meta.assign(dataset="ravdess")).any()
    assert splits.unknown_performances(named.assign(dataset="fer2013", performance="fer2013/train/sad-7")).all()
    assert splits.unknown_performances(meta[["dataset", "clip"]]).all()
    assert splits.leakage(meta, [0, 1], [2, 3]).loc["performance", ["shared", "unknown"]].tolist() == [0, 4]
    assert splits.leakage(named, [0, 1], [3]).loc["performance", "unknown"] == 1
