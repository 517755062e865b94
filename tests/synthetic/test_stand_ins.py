"""The stand-ins' store: filmed and prepared once, found again, refused where nothing fits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import drawn
import numpy as np
import pytest

from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.synthetic import stand_ins


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A store of its own and a stand-in of two actors with two clips each."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.setitem(stand_ins.SIZES["smoke"], "ravdess", stand_ins.Size(2, 2))
    return tmp_path


def stamps(folder: Path) -> dict:
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: stand_ins.clip_table("ravdess", tier="huge"), "`tier`.*smoke, class, full.*'huge'"),
        (lambda: stand_ins.clip_table("cremad", tier="smoke"), "`dataset`.*ravdess, savee, mead.*'cremad'"),
        (lambda: stand_ins.face_set("folder", tier="smoke"), "`dataset`.*Give `root`"),
        (lambda: stand_ins.truth("ravdess", tier=""), "`tier`"),
        (lambda: stand_ins.clip_table("cremad", root="."), "`dataset`"),
    ],
)
def test_unknown_tiers_and_sets_are_refused_and_leave_nothing(small, call, word):
    with pytest.raises(FerError, match="(?s)" + word):
        call()
    assert list(small.iterdir()) == []


def test_a_stand_in_is_filmed_and_prepared_once(small, monkeypatch):
    pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    filmed = []
    film = stand_ins.studio.film
    monkeypatch.setattr(stand_ins.studio, "film", lambda *a, **k: filmed.append(film(*a, **k)) or filmed[-1])
    first = stand_ins.face_set("ravdess", tier="smoke", frames=2, workers=1, progress=False)
    assert len(first) == 2 * 2 * 2 and filmed[0].filmed == 4
    before = stamps(small / "store")
    second = stand_ins.face_set("ravdess", tier="smoke", frames=2, workers=1, progress=False)
    assert second.path == first.path and second.fingerprint == first.fingerprint
    assert filmed[1].filmed == 0 and stamps(small / "store") == before
    clips = stand_ins.clip_table("ravdess", tier="smoke", progress=False)
    assert list(clips["clip"]) == sorted(set(first.meta["clip"])) and stamps(small / "store") == before
    assert (stand_ins.truth("ravdess", tier="smoke") / "clips.csv").is_file()

    other = stand_ins.face_set("ravdess", tier="smoke", frames=1, workers=1, progress=False)
    assert other.path != first.path and filmed[-1].filmed == 0  # other faces of the same film
    # Another version of the studio is another film; another version of what comes later is not.
    for stage, same in (("studio", False), ("faces", True)):
        with monkeypatch.context() as patched:
            notes = stages.RELEASE_NOTES[stage]
            patched.setitem(stages.RELEASE_NOTES, stage, {**notes, max(notes) + 1: "Another."})
            found = stand_ins.film_stand_in("ravdess", tier="smoke", progress=False)
            assert (found == filmed[0].root) is same, stage


def test_a_store_that_was_moved_is_used_on(small, monkeypatch):
    first = stand_ins.face_set("ravdess", tier="smoke", frames=1, workers=1, progress=False)
    (small / "store").rename(small / "elsewhere")
    monkeypatch.setenv("FER_HOME", str(small / "elsewhere"))
    again = stand_ins.face_set("ravdess", tier="smoke", frames=1, workers=1, progress=False)
    assert again.fingerprint == first.fingerprint and all(Path(path).is_file() for path in again.meta["path"])


def test_a_damaged_face_set_of_the_store_is_made_again_and_that_is_said(small):
    def asked():
        return stand_ins.face_set("ravdess", tier="smoke", frames=1, workers=1, progress=False)

    first = asked()
    fingerprint, images = first.fingerprint, np.array(first.images)
    for damage in (b"\0" * len((first.path / "images.npy").read_bytes()), b"the second time"):
        (first.path / "images.npy").write_bytes(damage)
        with pytest.warns(RuntimeWarning, match=r"(?s)is damaged and is made again.*images.npy"):
            again = asked()
        assert again.path == first.path and again.fingerprint == fingerprint and np.array_equal(again.images, images)
        # Somebody may have edited it on purpose: it is kept beside.
        aside = first.path.with_name(f"{first.path.name}.damaged")
        assert (aside / "images.npy").read_bytes() == damage
    assert sorted(folder.name for folder in first.path.parent.iterdir()) == [first.path.name, aside.name]
    # A set of a newer version is no damage.
    drawn.edited_manifest(lambda manifest: manifest.update(version=9))(first.path)
    with pytest.raises(FerError, match="newer fer_utils"):
        asked()


def a_mistyped_folder(root: Path) -> str:
    return "there is no such folder"


def a_file(root: Path) -> str:
    root.write_text("no folder")
    return "the root is a file"


def an_empty_folder(root: Path) -> str:
    root.mkdir()
    return "no RAVDESS clip was found below this folder"


def another_set(root: Path) -> str:
    root.mkdir()
    (root / "DC_a01.avi").write_bytes(b"SAVEE's")
    return "no RAVDESS clip was found below this folder"


def an_empty_clip(root: Path) -> str:
    root.mkdir()
    (root / "02-01-01-01-01-01-01.mp4").touch()
    return "no RAVDESS clip was found below this folder"


def a_clip_that_is_no_video(root: Path) -> str:
    root.mkdir()
    (root / "02-01-01-01-01-01-01.mp4").write_text("version https://git-lfs.github.com/spec/v1")
    return "no frame of it can be decoded"


@pytest.mark.parametrize(
    "fill", [a_mistyped_folder, a_file, an_empty_folder, another_set, an_empty_clip, a_clip_that_is_no_video]
)
def test_a_folder_without_clips_is_one_sentence(small, fill):
    why = fill(small / "clips")
    with pytest.raises(FerError, match=rf"(?s)`root`.*clips.*{why}.*DATA_ROOT"):
        stand_ins.face_set("ravdess", root=small / "clips", workers=1, progress=False)
    if fill is not a_clip_that_is_no_video:
        with pytest.raises(FerError, match=rf"(?s)`root`.*clips of ravdess.*{why}.*DATA_ROOT"):
            stand_ins.clip_table("ravdess", root=str(small / "clips"))


@pytest.mark.parametrize("tier", stand_ins.TIERS)
def test_every_size_can_be_filmed(tier):
    from fer_utils.studio import layouts

    for name, size in stand_ins.SIZES[tier].items():
        people = layouts.cast(name, size.actors)
        count = len(layouts.takes(name, people[0], size.clips_per_actor))
        assert count == (size.clips_per_actor or len(layouts.takes(name, people[0], None)))
        assert len(people) == (size.actors or len(layouts.cast(name, None)))


def test_every_tier_knows_the_same_sets_and_grows():
    def most(value):
        return float("inf") if value is None else value

    for smaller, larger in pairwise(stand_ins.TIERS):
        assert set(stand_ins.SIZES[smaller]) == set(stand_ins.SIZES[larger])
        assert stand_ins.EPOCHS[smaller] <= stand_ins.EPOCHS[larger]
        for name, size in stand_ins.SIZES[smaller].items():
            more = stand_ins.SIZES[larger][name]
            assert most(size.actors) <= most(more.actors) and most(size.clips_per_actor) <= most(more.clips_per_actor)
