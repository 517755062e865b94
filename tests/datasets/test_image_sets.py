"""Pictures as KDEF, JAFFE, CK+ and CK+48 name them: who is seen, and what belongs together."""

from __future__ import annotations

from clipfiles import kinds, touch
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from fer_utils import datasets
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.datasets import subjects
from fer_utils.datasets.subjects import Picture


def column(table, name):
    return dict(zip(table["clip"], table[name], strict=True))


# --- the grammars ---------------------------------------------------------------------------

digits = lambda width: st.integers(0, 10**width - 1).map(f"{{:0{width}d}}".format)  # noqa: E731
kdef = st.builds(
    lambda sex, person, expression, view, take: Picture(
        f"{sex}{person:02d}", {"F": "female", "M": "male"}[sex], expression, view, take
    ),
    st.sampled_from("FM"),
    st.integers(1, 35),
    st.sampled_from(labels.SAVEE),
    st.sampled_from(sorted(subjects.KDEF_VIEWS.values())),
    st.integers(1, 2),
)
jaffe = st.builds(
    lambda actor, expression, take, number: Picture(actor, "female", expression, "front", take, "", number),
    st.sampled_from(subjects.JAFFE_ACTORS),
    st.sampled_from(labels.SAVEE),
    st.integers(1, 9),
    st.integers(1, 999),
)
ck = st.builds(
    lambda person, sequence, number: Picture(f"S{person}", sequence=sequence, number=number),
    digits(3),
    digits(3),
    st.integers(0, 10**8 - 1),
)
pictures = st.one_of(
    st.tuples(st.just("kdef"), kdef),
    st.tuples(st.just("jaffe"), jaffe),
    st.tuples(st.sampled_from(["ck+", "ck48"]), ck),
)


@given(pictures, st.booleans())
def test_round_trip(known, small):
    scheme, picture = known
    name = subjects.name(scheme, picture)
    assert subjects.parse(scheme, f"any/where/{name.lower() if small else name}") == picture
    assert subjects.name(scheme, subjects.parse(scheme, name)) == name
    for other in set(subjects.SCHEMES) - {scheme, "ck+", "ck48"}:
        with pytest.raises(FerError, match="is no"):
            subjects.parse(other, name)


@pytest.mark.parametrize("scheme", list(subjects.SCHEMES))
def test_each_scheme_reads_its_own_example(scheme):
    example = subjects.SCHEMES[scheme].example
    assert subjects.name(scheme, subjects.parse(scheme, example)) == example


def test_what_the_names_say():
    assert subjects.parse("kdef", "BM35SUFR.jpg") == Picture("M35", "male", "surprised", "full_right", 2)
    assert subjects.parse("jaffe", "KA.AN1.39.tiff") == Picture("KA", "female", "angry", "front", 1, "", 39)
    assert subjects.parse("ck48", "S010_004_00000019.png") == Picture("S010", sequence="004", number=19)


def test_the_letters_of_kdef_and_jaffe_are_those_of_their_authors():
    jaffe_codes = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
    words = ["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"]
    assert [subjects.parse("jaffe", f"KA.{code}1.1.tiff").expression for code in jaffe_codes] == words
    kdef_codes = ("AN", "DI", "AF", "HA", "NE", "SA", "SU")
    assert [subjects.parse("kdef", f"AF01{code}S.JPG").expression for code in kdef_codes] == words
    views = [subjects.parse("kdef", f"AF01AN{view}.JPG").view for view in ("S", "HL", "HR", "FL", "FR")]
    assert views == ["front", "half_left", "half_right", "full_left", "full_right"]


@given(kdef, kdef)
def test_kdef_views_share_the_performance_and_nothing_else_does(one, other):
    shared = subjects.performance("kdef", one) == subjects.performance("kdef", other)
    assert shared == (one._replace(view="") == other._replace(view=""))


@given(ck, ck)
def test_ck_frames_share_the_performance_and_nothing_else_does(one, other):
    shared = subjects.performance("ck+", one) == subjects.performance("ck48", other)
    assert shared == (one._replace(number=0) == other._replace(number=0))


@st.composite
def nearly_a_name(draw):
    """A right name with a stretch of it replaced by something else: sometimes right again, mostly wrong."""
    scheme, picture = draw(pictures)
    name = subjects.name(scheme, picture)
    start = draw(st.integers(0, len(name)))
    return scheme, name[:start] + draw(st.text(max_size=4)) + name[draw(st.integers(start, len(name))) :]


@settings(max_examples=200)
@given(nearly_a_name() | st.tuples(st.sampled_from(list(subjects.SCHEMES)), st.text(min_size=1, max_size=24)))
def test_any_text_is_a_picture_whose_name_it_is_or_one_error(known):
    scheme, text = known
    stem = lambda path: path.rsplit("/", 1)[-1].rsplit(".", 1)[0].upper()  # noqa: E731
    try:
        picture = subjects.parse(scheme, text)
    except FerError as error:
        assert f"is no {subjects.SCHEMES[scheme].title} name" in str(error)
    else:
        assert stem(subjects.name(scheme, picture)) == stem(text)


@pytest.mark.parametrize(
    "scheme, name",
    [
        ("kdef", "AF31V.JPG"),
        ("kdef", "AM31H.JPG"),
        ("kdef", "AF00ANS.JPG"),
        ("kdef", "AF36ANS.JPG"),
        ("kdef", "CF01ANS.JPG"),
        ("kdef", "AX01ANS.JPG"),
        ("kdef", "AF01XXS.JPG"),
        ("kdef", "AF01ANX.JPG"),
        ("kdef", "AF01ANS (1).JPG"),
        ("kdef", "AF1ANS.JPG"),
        ("kdef", "ªF01ANS.JPG"),
        ("jaffe", "XX.AN1.39.tiff"),
        ("jaffe", "KA.AN.39.tiff"),
        ("jaffe", "KA.AN0.39.tiff"),
        ("jaffe", "KA.AF1.39.tiff"),
        ("jaffe", "KA-AN1-39.tiff"),
        ("jaffe", "KA.AN1.039.tiff"),
        ("ck+", "S10_004_00000019.png"),
        ("ck+", "S010_004_19.png"),
        ("ck+", "S010_004_00000019_flip.png"),
        ("ck48", "ſ010_004_00000019.png"),
        ("ck48", "S010_004_000000190.png"),
    ],
)
def test_names_that_break_the_grammar(scheme, name):
    with pytest.raises(FerError, match=rf"is no {subjects.SCHEMES[scheme].title.replace('+', '[+]')} name.*such as"):
        subjects.parse(scheme, name)


@pytest.mark.parametrize(
    "scheme, picture",
    [
        ("kdef", Picture("F36", "female", "angry", "front")),
        ("kdef", Picture("F01", "male", "angry", "front")),
        ("kdef", Picture("F01", "female", "contempt", "front")),
        ("kdef", Picture("F01", "female", "angry", "front", 3)),
        ("jaffe", Picture("KA", "male", "angry", "front", 1, "", 39)),
        ("ck+", Picture("S010", "", "", "", 1, "4", 19)),
        ("ck+", Picture("S010", "", "happy", "", 1, "004", 19)),
    ],
)
def test_a_picture_that_has_no_name(scheme, picture):
    with pytest.raises(FerError):
        subjects.name(scheme, picture)


def test_an_unknown_scheme_is_told_the_known_ones(tmp_path):
    for ask in (
        lambda: subjects.parse("KDEF", "AF01ANS.JPG"),
        lambda: datasets.scan("folder", tmp_path, actor="KDEF"),
        lambda: datasets.scan("folder", tmp_path, actor="fer2013"),
        lambda: datasets.scan("folder", tmp_path, actor=3),
    ):
        with pytest.raises(FerError, match=r"'ck\+', 'ck48', 'jaffe', 'kdef'"):
            ask()
    with pytest.raises(FerError, match=r"`actor`.*None, because the names of 'ravdess' say the actor"):
        datasets.scan("ravdess", tmp_path, actor="kdef")


# --- the folders ----------------------------------------------------------------------------


def test_kdef_as_it_is_delivered(tmp_path):
    touch(tmp_path, "AF01/AF01ANS.JPG", "AF01/AF01ANHL.JPG", "BF01/BF01ANS.JPG", "AM01/AM01HAFR.JPG", "AF31/AF31V.JPG")
    table = datasets.scan("folder", tmp_path, actor="kdef")
    assert list(table.columns) == list(CLIP_COLUMNS)
    assert column(table, "actor") == {
        "AF01/AF01ANHL.JPG": "F01",
        "AF01/AF01ANS.JPG": "F01",
        "AM01/AM01HAFR.JPG": "M01",
        "BF01/BF01ANS.JPG": "F01",
    }
    assert list(table["expression"]) == ["angry", "angry", "happy", "angry"]
    assert list(table["sex"]) == ["female", "female", "male", "female"]
    assert list(table["view"]) == ["half_left", "front", "full_right", "front"]
    assert list(table["repetition"]) == [1, 1, 1, 2] and set(table["modality"]) == {"image"}
    acts = column(table, "performance")
    assert acts["AF01/AF01ANS.JPG"] == acts["AF01/AF01ANHL.JPG"] != acts["BF01/BF01ANS.JPG"]
    assert kinds(table) == ["no label"] and "AF31V" in table.problems["problem"].iloc[0]


def test_flat_folders_need_no_classes(tmp_path):
    touch(tmp_path / "j", "KA.AN1.39.tiff", "YM.SU3.63.tiff", "KA.NE1.26.png", "README.txt", "note.png")
    table = datasets.scan("folder", tmp_path / "j", actor="jaffe")
    assert list(table["actor"]) == ["KA", "KA", "YM"] and set(table["sex"]) == {"female"}
    assert list(table["expression"]) == ["angry", "neutral", "surprised"] and set(table["view"]) == {"front"}
    assert kinds(table) == ["no label", "not media"]
    touch(tmp_path / "k", "AF01ANS.JPG", "bm02sahr.jpg")
    table = datasets.scan("folder", tmp_path / "k", actor="kdef")
    assert (
        list(table["actor"]) == ["F01", "M02"] and list(table["expression"]) == ["angry", "sad"] and kinds(table) == []
    )


def test_names_that_break_the_scheme_are_kept_without_an_actor(tmp_path):
    touch(tmp_path, "afraid/AF01AFS.JPG", "afraid/face1.jpg", "Anger/face2.jpg", "Anger/face3.jpg", "what/face4.jpg")
    table = datasets.scan("folder", tmp_path, actor="kdef")
    assert column(table, "actor") == {
        "Anger/face2.jpg": "",
        "Anger/face3.jpg": "",
        "afraid/AF01AFS.JPG": "F01",
        "afraid/face1.jpg": "",
    }
    assert list(table["expression"]) == ["angry", "angry", "fearful", "fearful"]
    assert table["performance"].is_unique and kinds(table) == ["no actor", "no actor", "no label"]
    by = table.problems.set_index("kind")["problem"]
    assert by["no actor"].str.contains("2 paths, for example 'Anger/face2.jpg'").any() and "face4" in by["no label"]


def test_a_class_folder_that_disagrees_is_said(tmp_path):
    touch(tmp_path, "happy/AF01ANS.JPG", "fear/AF01AFS.JPG", "train/AF02AFS.JPG")
    table = datasets.scan("folder", tmp_path, actor="kdef")
    assert column(table, "expression")["happy/AF01ANS.JPG"] == "angry"
    assert kinds(table) == ["mismatch"]
    assert table.problems["problem"].iloc[0] == "the folder happy says happy, the file name says angry"


def test_ck_frames_of_a_sequence_are_one_performance(tmp_path):
    frames = [f"happy/S010_006_0000001{n}.png" for n in (3, 4, 5)]
    touch(tmp_path, *frames, "contempt/S010_001_00000009.png", "awe/S011_006_00000013.png", "happy/other.png")
    table = datasets.scan("folder", tmp_path, actor="ck+")
    assert {column(table, "performance")[name] for name in frames} == {"ck+/S010/006"}
    assert table["performance"].nunique() == 4
    assert column(table, "actor") == {
        **dict.fromkeys(frames, "S010"),
        "awe/S011_006_00000013.png": "S011",
        "contempt/S010_001_00000009.png": "S010",
        "happy/other.png": "",
    }
    assert list(table["expression"]) == ["awe", "contempt", "happy", "happy", "happy", "happy"]
    assert (
        column(table, "statement")[frames[0]] == "006" and set(table["view"]) == {""} and kinds(table) == ["no actor"]
    )


def test_ck48_is_held_to_three_frames(tmp_path):
    names = [
        f"{word}/S0{person}_001_0000000{n}.png" for word, person in (("anger", 10), ("fear", 11)) for n in (1, 2, 3)
    ]
    touch(tmp_path / "whole", *names)
    table = datasets.scan("folder", tmp_path / "whole", actor="ck48")
    assert (
        set(table["expression"]) == {"angry", "fearful"} and table["performance"].nunique() == 2 and kinds(table) == []
    )
    touch(tmp_path / "torn", *names[:-1])
    torn = datasets.scan("folder", tmp_path / "torn", actor="ck48")
    assert len(torn) == 5 and kinds(torn) == ["frames"]
    assert (
        "1 of 2 sequences" in torn.problems["problem"].iloc[0] and "S011/001 with 2" in torn.problems["problem"].iloc[0]
    )
    touch(tmp_path / "more", *names, "fear/S011_001_00000004.png")
    more = datasets.scan("folder", tmp_path / "more", actor="ck48")
    assert len(more) == 7 and kinds(more) == ["frames"] and "S011/001 with 4" in more.problems["problem"].iloc[0]


def test_the_same_picture_twice_is_kept_once(tmp_path):
    touch(tmp_path, "train/anger/S010_001_00000001.png", "test/disgust/S010_001_00000001.png")
    table = datasets.scan("folder", tmp_path, actor="ck+")
    assert list(table["clip"]) == ["test/disgust/S010_001_00000001.png"] and kinds(table) == ["duplicate"]
    assert table.problems["problem"].iloc[0] == (
        "the same picture as test/disgust/S010_001_00000001.png by its name; the label is disgust there and angry here"
    )
    touch(tmp_path / "agree", "train/anger/S010_001_00000001.png", "test/anger/S010_001_00000001.png")
    said = datasets.scan("folder", tmp_path / "agree", actor="ck+").problems["problem"].iloc[0]
    assert said == "the same picture as test/anger/S010_001_00000001.png by its name"


def test_the_own_tree_of_ck_has_no_labels_and_says_so(tmp_path):
    touch(tmp_path, "S010/004/S010_004_00000018.png", "S010/004/S010_004_00000019.png", "S010_005_00000001.png")
    table = datasets.scan("folder", tmp_path, actor="ck+")
    assert len(table) == 0 and kinds(table) == ["no clips", "no label"]
    assert table.problems["problem"].iloc[0].startswith("3 files without a label")


def test_a_split_by_actor_keeps_sessions_and_sequences_together(tmp_path):
    from fer_utils import splits

    people = [(sex, person) for sex in "FM" for person in range(1, 6)]
    touch(
        tmp_path,
        *(
            f"{s}{sex}{person:02d}{code}{view}.JPG"
            for s in "AB"
            for sex, person in people
            for code in ("AN", "HA")
            for view in ("S", "HL")
        ),
    )
    table = datasets.scan("folder", tmp_path, actor="kdef")
    assert len(table) == 80 and table["actor"].nunique() == 10 and table["performance"].nunique() == 40
    train, test = splits.split(table, by="actor")
    shared = splits.leakage(table, train, test)["share"]
    assert (shared == 0).all()


def test_canonical_words():
    assert [
        labels.canonical(word) for word in ("Fear", "afraid", "ANGER", "joy", "surprise", "neutral", "awe", "")
    ] == ["fearful", "fearful", "angry", "happy", "surprised", "neutral", "", ""]
    assert all(labels.canonical(name) == name for name in labels.ALL)


def test_a_phones_pictures_are_left_out_with_the_remedy(tmp_path):
    touch(tmp_path, "happy/1.HEIC", "happy/2.avif", "sad/3.jpg")
    table = datasets.scan("folder", tmp_path)
    (problem,) = table.problems["problem"]
    assert list(table["clip"]) == ["sad/3.jpg"] and problem.endswith("; save HEIC and AVIF images as JPEG")
