"""What of a data set is there, against its known counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pandas as pd
import pytest

from fer_utils import datasets
from fer_utils.core.errors import FerError
from fer_utils.core.tables import ClipTable
from fer_utils.datasets import completeness, crema_d, mead, ravdess, savee

READERS = {"ravdess": ravdess, "savee": savee, "crema_d": crema_d, "mead": mead}


def table_of(dataset, names):
    rows = ({"path": f"/{name}", "clip": name, **READERS[dataset].parse(name)} for name in names)
    return ClipTable.of(rows)


def touch(root, names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def ravdess_names(actors=range(1, 25), channels=(1, 2), modalities=(1, 2)):
    """Every name of the real set, written out here once more and by other means."""
    for m in modalities:
        for v in channels:
            for actor in actors:
                if v == 2 and actor == 18:
                    continue
                for e in range(1, 9 if v == 1 else 7):
                    for i in range(1, 2 if e == 1 else 3):
                        for s in (1, 2):
                            for r in (1, 2):
                                codes = "-".join(f"{code:02d}" for code in (m, v, e, i, s, r, actor))
                                yield f"Actor_{actor:02d}/{codes}.mp4"


SAVEE = [
    f"{actor}/{code}{number:02d}.avi"
    for actor in ("DC", "JE", "JK", "KL")
    for code, most in (("n", 30), ("h", 15), ("sa", 15), ("a", 15), ("f", 15), ("d", 15), ("su", 15))
    for number in range(1, most + 1)
]


def mead_names(actor, views=("front",), levels=(1, 2, 3), clips=2):
    for view in views:
        for word in mead.EXPRESSIONS:
            for level in levels:
                if word != "neutral" or level == 1:
                    yield from (
                        f"{actor}/video/{view}/{word}/level_{level}/{clip:03d}.mp4" for clip in range(1, clips + 1)
                    )


def test_the_whole_of_ravdess():
    names = list(ravdess_names())
    found = datasets.check(table_of("ravdess", names))
    assert len(names) == 2 * (24 * 60 + 23 * 44) and found.complete
    assert found.missing == found.repeated == found.unexpected == found.partial == ()
    assert dict(zip(found.parts["part"], found.parts["expected"], strict=True)) == {
        "speech, video-only": 1440,
        "speech, audio-video": 1440,
        "song, video-only": 1012,
        "song, audio-video": 1012,
    }
    assert (found.table["found"] == found.table["expected"]).all() and found.table["found"].sum() == len(names)
    assert found.table.groupby("actor")["expected"].sum()["18"] == 120
    assert str(found).startswith("ravdess: complete\n")
    assert "song, video-only: actors 01-17, 19-24 of 23, 1,012 of 1,012 clips" in str(found)


def test_one_modality_and_some_actors_are_said_in_words():
    found = datasets.check(table_of("ravdess", ravdess_names(range(1, 4), channels=[1], modalities=[2])))
    assert not found.complete and found.missing == ()
    assert str(found) == (
        "ravdess: in part, and nothing is missing of that\n"
        "  speech, video-only: actors 01-03 of 24, 180 of 180 clips\n"
        "  not there: speech, audio-video; song, video-only; song, audio-video"
    )
    speech = datasets.check(table_of("ravdess", ravdess_names(channels=[1], modalities=[2])))
    assert speech.complete and str(speech).startswith("ravdess: complete in what is there")
    odd = datasets.check(table_of("ravdess", ravdess_names([1, 2, 5, 6, 7, 20], channels=[1], modalities=[2])))
    assert "actors 01, 02, 05-07, 20 of 24, 360 of 360 clips" in str(odd)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 59), min_size=1, max_size=30))
def test_what_is_taken_away_is_named(gone):
    names = list(ravdess_names([7], channels=[1], modalities=[2]))
    left = [name for place, name in enumerate(names) if place not in gone]
    found = datasets.check(table_of("ravdess", left))
    assert set(found.missing) == {names[place] for place in gone} and not found.complete
    assert found.table["missing"].sum() == len(gone)
    assert (found.table["found"] + found.table["missing"] == found.table["expected"]).all()
    assert f"missing ({len(gone)}): " in str(found) and len(str(found).splitlines()) <= 6


def test_what_is_there_twice_is_counted(tmp_path):
    names = SAVEE[:3]
    touch(tmp_path, names)
    touch(tmp_path / "copy", names[:2])
    clips = datasets.scan("savee", tmp_path)
    found = datasets.check(clips)
    assert found.repeated == tuple(sorted(names[:2])) and found.table["twice"].sum() == 2
    assert found.table.set_index(["actor", "expression"]).loc[("DC", "neutral"), "found"] == 3
    assert "there twice (2): DC/n01.avi, DC/n02.avi" in str(found)
    joined = pd.concat([table_of("savee", names), table_of("savee", names[:1])])
    assert datasets.check(joined).repeated == (names[0],)
    assert datasets.check(clips[clips["clip"].str.endswith("n03.avi")]).repeated == ()


def test_what_the_set_never_had_is_named():
    sung = "Actor_18/02-02-03-01-01-01-18.mp4"
    surprised = "Actor_01/02-02-08-01-01-01-01.mp4"
    found = datasets.check(table_of("ravdess", [*ravdess_names(channels=[2], modalities=[2]), sung, surprised]))
    assert found.unexpected == (surprised, sung) and found.complete
    assert "not in the published set (2)" in str(found)
    alone = datasets.check(table_of("ravdess", [sung]))
    assert alone.unexpected == (sung,) and not alone.complete and "no actor of 23" in str(alone)


def test_savee():
    found = datasets.check(table_of("savee", SAVEE))
    assert len(SAVEE) == 480 and found.complete and "actors DC, JE, JK, KL of 4, 480 of 480 clips" in str(found)
    assert list(found.table["expression"][:7]) == [
        "neutral",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    ]
    one = datasets.check(table_of("savee", [name for name in SAVEE if name.startswith("JK") and name != "JK/su15.avi"]))
    assert one.missing == ("JK/su15.avi",) and "actor JK of 4, 119 of 120 clips" in str(one)


def test_the_published_crema_d_is_complete(shared_data):
    names = pd.read_csv(shared_data / "crema-d-votes" / "tabulatedVotes.csv", usecols=["fileName"])["fileName"].unique()
    clips = table_of("crema_d", [f"VideoFlash/{name}.flv" for name in names])
    found = datasets.check(clips)
    assert found.complete and found.missing == () and found.table["expected"].sum() == 7442
    less = datasets.check(clips[clips["clip"] != "VideoFlash/1001_DFA_ANG_XX.flv"])
    assert less.missing == ("VideoFlash/1001_DFA_ANG_XX.flv",) and not less.complete
    gap = datasets.check(clips[clips["clip"] != "VideoFlash/1008_DFA_ANG_XX.flv"])
    assert gap.table["missing"].sum() == 1 and "VideoFlash/1008_DFA_ANG_XX.flv" in gap.missing and len(gap.missing) == 2


def test_crema_d_has_82_clips_an_actor():
    names = [
        f"VideoFlash/1005_{s}_{e}_{level}.flv"
        for s in crema_d.STATEMENTS
        for e, label in crema_d.EXPRESSIONS.items()
        for level in crema_d.levels(s, label)
    ]
    found = datasets.check(table_of("crema_d", names))
    assert len(names) == 82 and found.missing == () and "actor 1005 of 91, 82 of 82 clips" in str(found)


def test_a_clip_that_was_never_published_and_is_there_all_the_same_is_no_fault():
    names = [
        f"1002_{statement}_{code}_{level}.flv"
        for statement in crema_d.STATEMENTS
        for code, expression in crema_d.EXPRESSIONS.items()
        for level in crema_d.levels(statement, expression)
    ]
    found = datasets.check(table_of("crema_d", names))
    assert found.missing == () and (found.table["missing"] == 0).all()
    neutral = found.table[found.table["expression"] == "neutral"].iloc[0]
    assert (neutral["found"], neutral["expected"]) == (12, 11)


def test_a_table_that_was_read_from_a_file_is_checked_too(tmp_path):
    table_of("savee", SAVEE).to_csv(tmp_path / "clips.csv", index=False)
    assert datasets.check(pd.read_csv(tmp_path / "clips.csv", dtype={"statement": str})).complete


def test_mead_wants_every_expression_at_every_level_before_every_camera_that_is_there():
    names = [*mead_names("M003", views=("front", "top")), *mead_names("W009")]
    found = datasets.check(table_of("mead", names))
    assert found.complete and found.missing == () and found.table["found"].sum() == 3 * 22
    assert found.partial == ("views: front, top; the set has 7", "views of W009: front; the set has 7")
    gone = [name for name in names if not name.startswith("M003/video/top/fear/level_2/")]
    less = datasets.check(table_of("mead", gone))
    assert less.missing == ("M003/video/top/fear/level_2",) and not less.complete
    one_of_two = datasets.check(table_of("mead", [name for name in names if not name.endswith("002.mp4")]))
    assert one_of_two.complete, "the number of clips is not fixed"


def test_mead_levels_that_nobody_has_are_said_and_not_missed():
    found = datasets.check(table_of("mead", mead_names("M003", levels=(3,))))
    assert (
        found.complete
        and "levels: 3; the set has 3" in found.partial
        and "neutral" not in set(found.table["expression"])
    )
    less = datasets.check(table_of("mead", [*mead_names("M003", levels=(3,)), *mead_names("W009")]))
    assert not less.complete and "M003/video/front/neutral/level_1" in less.missing


def test_an_empty_folder_and_calls_that_cannot_be_made(tmp_path):
    empty = datasets.scan("savee", tmp_path)
    with pytest.raises(FerError, match=r"`clips`.*\[\].*\n.*dataset="):
        datasets.check(empty)
    found = datasets.check(empty, dataset="savee")
    assert not found.complete and str(found) == "savee: not complete\n  nothing is there" and len(found.table) == 0
    touch(tmp_path / "tree", ["happy/a.png"])
    with pytest.raises(FerError, match=r"`dataset`.*whose counts are known.*'folder'"):
        datasets.check(datasets.scan("folder", tmp_path / "tree"))
    both = pd.concat([table_of("savee", SAVEE[:1]), table_of("mead", mead_names("M003"))])
    for ask in (
        lambda: datasets.check(both),
        lambda: datasets.check(both, dataset="savee"),
        lambda: datasets.check([1]),
    ):
        with pytest.raises(FerError, match="`clips`"):
            ask()
    assert completeness.available() == ("crema_d", "mead", "ravdess", "savee")


@pytest.mark.parametrize("layout", ["ravdess", "savee", "mead"])
def test_drawn_films_are_checked_like_real_ones(tmp_path, layout):
    pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    from fer_utils import studio

    studio.film(layout, tmp_path, actors=1, clips_per_actor=3, frames=2, size=(96, 72), seed=2, progress=False)
    found = datasets.check(datasets.scan(layout, tmp_path))
    assert not found.complete and found.repeated == () and found.unexpected == ()
    assert 1 <= found.table["found"].sum() <= 3 and len(found.missing) == found.table["missing"].sum()


def test_the_real_clips_at_hand(shared_data):
    if not (shared_data / "ravdess").is_dir():
        pytest.skip(f"no RAVDESS clips in {shared_data / 'ravdess'}")
    found = datasets.check(datasets.scan("ravdess", shared_data / "ravdess"))
    assert "actor 01 of 24" in str(found) and found.repeated == () and found.unexpected == ()


def test_many_actors_in_pieces_are_cut_short_in_words():
    """Every other actor is a piece of its own: seven are named, the rest counted."""
    odd = [f"{actor:02d}" for actor in range(1, 24, 2)]
    said = completeness._some(set(odd), ravdess.ACTORS)
    assert said == "actors 01, 03, 05, 07, 09, 11, 13, ... (12 in all) of 24"
    assert completeness._some(set(odd[:8]), ravdess.ACTORS) == "actors 01, 03, 05, 07, 09, 11, 13, 15 of 24"
