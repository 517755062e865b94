"""Face sets that somebody has edited: each is refused and named, or holds the same data as before."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import pickle
import stat
import time

import drawn
import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import DamagedError, FerError
from fer_utils.faces import FaceSet, faceset_checks

COUNT = 6


def small_set(path: Path) -> FaceSet:
    rng = np.random.default_rng(3)
    meta = pd.DataFrame(
        {
            "path": [f"/clips/{number}.mp4" for number in range(COUNT)],
            "clip": [f"{number}.mp4" for number in range(COUNT)],
            "actor": [f"{number % 3:02d}" for number in range(COUNT)],
            "expression": ["happy", "sad"] * (COUNT // 2),
            "time_s": rng.random(COUNT),
            "score": [0.0, 1.0, -0.0, 1e-300, 1e16, float("nan")],
        }
    )
    images = rng.integers(0, 256, (COUNT, 20, 20), np.uint8)
    problems = pd.DataFrame([["a.mp4", "detect", "no face", "none", "left out"]])
    problems.columns = ["path", "stage", "kind", "problem", "action"]
    return FaceSet.save(images, meta, path, problems, landmarks=rng.random((COUNT, 68, 2)))


def swap_labels(folder: Path) -> None:
    text = (folder / "meta.csv").read_text()
    text = text.replace('"happy"', '"?"').replace('"sad"', '"happy"').replace('"?"', '"sad"')
    (folder / "meta.csv").write_text(text)


def permute_rows(folder: Path) -> None:
    head, *rows = (folder / "meta.csv").read_text().splitlines(keepends=True)
    (folder / "meta.csv").write_text("".join([head, *reversed(rows)]))


def remove_a_row(folder: Path) -> None:
    (folder / "meta.csv").write_text("".join((folder / "meta.csv").read_text().splitlines(keepends=True)[:-1]))


def flip_a_byte(folder: Path) -> None:
    raw = bytearray((folder / "images.npy").read_bytes())
    raw[-7] ^= 1
    (folder / "images.npy").write_bytes(raw)


def stored_as(name: str, change):
    """A function that stores what ``change`` makes of an array in its place."""

    def edited(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))

    return edited


def empty_the_problems(folder: Path) -> None:
    (folder / "problems.csv").write_text((folder / "problems.csv").read_text().splitlines()[0] + "\n")


def another_path(folder: Path) -> None:
    (folder / "meta.csv").write_text((folder / "meta.csv").read_text().replace("/clips/0.mp4", "/clips/9.mp4"))


def with_new_checksums(edit):
    """``edit``, and then the checksums in the manifest made anew; its fingerprint stays."""

    def edited(folder: Path) -> None:
        edit(folder)
        manifest = json.loads((folder / "faceset.json").read_text())
        for name in manifest["sha256"]:
            manifest["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "faceset.json").write_text(json.dumps(manifest))

    return edited


def fortran_in_the_header_only(folder: Path) -> None:
    """The same bytes, of which every face is then read as a mixture of all."""
    raw = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(raw.replace(b"'fortran_order': False", b"'fortran_order': True "))


def with_header(header: str):
    """A function that puts a header of one's own before the images' values."""

    def edited(folder: Path) -> None:
        values, text = np.load(folder / "images.npy").tobytes(), header.encode() + b"\n"
        raw = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        (folder / "images.npy").write_bytes(raw + values)

    return edited


def written(name: str, data: bytes):
    return lambda folder: (folder / name).write_bytes(data)


def linked_to_itself(folder: Path) -> None:
    (folder / "meta.csv").unlink()
    (folder / "meta.csv").symlink_to("meta.csv")


def without_landmarks(manifest: dict) -> None:
    del manifest["sha256"]["landmarks.npy"]


manifest = drawn.edited_manifest
TAMPERED = {
    "labels swapped": (swap_labels, "meta.csv has changed"),
    "rows permuted": (permute_rows, "meta.csv has changed"),
    "a row removed": (remove_a_row, "meta.csv has 5 rows for 6 images"),
    "another path": (another_path, "meta.csv has changed"),
    "another kind of number": (
        lambda folder: (folder / "meta.csv").write_text((folder / "meta.csv").read_text().replace("1e+16", "1" * 30)),
        "meta.csv has changed",
    ),
    "images zeroed": (stored_as("images.npy", np.zeros_like), "images.npy has changed"),
    "one byte flipped": (flip_a_byte, "images.npy has changed"),
    "landmarks moved": (stored_as("landmarks.npy", lambda marks: marks + 1), "landmarks.npy has changed"),
    "landmarks of the other byte order": (
        stored_as("landmarks.npy", lambda marks: marks.astype(">f4")),
        "landmarks.npy holds",
    ),
    "landmarks left out": (manifest(without_landmarks), "fingerprint in faceset.json"),
    "problems emptied": (empty_the_problems, "problems.csv 0 for 1"),
    "labels swapped, new checksums": (with_new_checksums(swap_labels), "fingerprint in faceset.json"),
    "images zeroed, new checksums": (
        with_new_checksums(stored_as("images.npy", np.zeros_like)),
        "fingerprint in faceset.json",
    ),
    "landmarks moved, new checksums": (
        with_new_checksums(stored_as("landmarks.npy", lambda marks: marks + 1)),
        "fingerprint in faceset.json",
    ),
    "Fortran's order": (stored_as("images.npy", np.asfortranarray), "Fortran's order"),
    "Fortran's order, new checksums": (with_new_checksums(fortran_in_the_header_only), "Fortran's order"),
    "images cut off": (
        lambda folder: os.truncate(folder / "images.npy", os.path.getsize(folder / "images.npy") - 9),
        "cannot be read",
    ),
    "images of objects": (
        lambda folder: np.save(folder / "images.npy", np.array([print] * COUNT, object), allow_pickle=True),
        "cannot be read",
    ),
    "a pickle": (written("images.npy", pickle.dumps(print)), "cannot be read"),
    "an archive": (
        lambda folder: np.savez(open(folder / "images.npy", "wb"), np.zeros(3)),
        "cannot be read",
    ),
    "the beginning of an archive": (written("images.npy", b"PK\x03\x04"), "cannot be read"),
    "a header that is deep": (with_header("(" * 4000 + ")" * 4000), "cannot be read"),
    "a header of negative lengths": (
        with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (-6, 20, 20, 1), }"),
        "cannot be read|holds",
    ),
    "a link to itself": (linked_to_itself, "meta.csv is missing"),
    "tables that are no UTF-8": (written("meta.csv", b"\xff\xfe\n"), "cannot be read"),
    "the manifest's fingerprint": (
        manifest(lambda said: said.update(fingerprint="0" * 64)),
        "fingerprint in faceset.json",
    ),
    "a fingerprint that is a number": (manifest(lambda said: said.update(fingerprint=7)), "lacks"),
    "checksums that are a list": (manifest(lambda said: said.update(sha256=["images.npy"])), "lacks"),
    "a checksum that is a list": (manifest(lambda said: said["sha256"].update({"meta.csv": []})), "has changed"),
    "a shape of texts": (manifest(lambda said: said.update(shape=["6", "20", "20", "1"])), "lacks"),
    "counts that are a number": (manifest(lambda said: said.update(counts=3)), "lacks"),
    "a configuration that is a list": (manifest(lambda said: said.update(config=[1])), "lacks"),
    "a manifest of text": (written("faceset.json", b'"finished"'), "another kind or version"),
    "a version that is a text": (manifest(lambda said: said.update(version="1")), "another kind or version"),
    "deep JSON": (written("faceset.json", b"[" * 200_000), "faceset.json cannot be read.*nested too deeply"),
    "a manifest that is no UTF-8": (written("faceset.json", b"\xff\xfe{"), "faceset.json cannot be read"),
}


@pytest.mark.parametrize("edit, told", TAMPERED.values(), ids=TAMPERED.keys())
def test_an_edited_set_is_refused_with_what_was_changed(tmp_path, edit, told):
    made = small_set(tmp_path / "set")
    before = made.fingerprint
    edit(tmp_path / "set")
    with pytest.raises(DamagedError, match=rf"(?s)`path`.*an undamaged face set.*{told}") as caught:
        FaceSet.load(tmp_path / "set")
    assert "prepare" in str(caught.value) and str(tmp_path / "set") in str(caught.value)
    # What an undamaged copy holds is no less right for it.
    assert small_set(tmp_path / "copy").fingerprint == before


@pytest.mark.parametrize(
    "edit",
    [
        lambda folder: (folder / "notes.txt").write_text("mine"),
        lambda folder: (folder / "loop").symlink_to(folder),
        manifest(lambda said: said.update(made_by="somebody", note=[1])),
        with_new_checksums(another_path),  # where a clip lies is no property of its faces
    ],
    ids=["an extra file", "a link to the folder", "other facts", "another path, new checksums"],
)
def test_what_changes_no_face_is_no_damage(tmp_path, edit):
    before = small_set(tmp_path / "set").fingerprint
    edit(tmp_path / "set")
    assert (
        FaceSet.load(tmp_path / "set").fingerprint == FaceSet.load(tmp_path / "set", verify=True).fingerprint == before
    )


def test_a_set_of_a_newer_version_is_kept(tmp_path):
    small_set(tmp_path / "set")
    manifest(lambda said: said.update(version=2, chunks=["a"]))(tmp_path / "set")
    with pytest.raises(FerError, match=r"(?s)newer fer_utils: its version is 2.*Keep it, and update") as caught:
        FaceSet.load(tmp_path / "set")
    assert not isinstance(caught.value, DamagedError) and "emove" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("name", ["faceset.json", "images.npy", "meta.csv"])
def test_a_file_that_may_not_be_read_is_no_damage(tmp_path, name):
    small_set(tmp_path / "set")
    (tmp_path / "set" / name).chmod(0)
    with pytest.raises(FerError, match=f"{name} cannot be read: Permission denied") as caught:
        FaceSet.load(tmp_path / "set")
    assert not isinstance(caught.value, DamagedError)


def test_a_file_whose_reading_the_system_refuses_is_no_damage(tmp_path, monkeypatch):
    small_set(tmp_path / "set")

    def refused(*arguments, **options):
        raise PermissionError(13, "Permission denied", str(tmp_path / "set" / "images.npy"))

    monkeypatch.setattr(np, "load", refused)
    with pytest.raises(FerError, match=r"images.npy cannot be read: Permission denied") as caught:
        FaceSet.load(tmp_path / "set")
    assert not isinstance(caught.value, DamagedError)


# --- what is in memory ------------------------------------------------------------------------


def test_labels_that_are_changed_in_memory_make_another_fingerprint(tmp_path):
    made = small_set(tmp_path / "set")
    before = made.fingerprint
    labels = made.meta["expression"].copy()
    made.meta["expression"] = labels[::-1].to_numpy()
    changed = made.fingerprint
    # It is the fingerprint that the changed set has when it is stored.
    stored = FaceSet.save(np.array(made.images), made.meta, tmp_path / "swapped", landmarks=made.landmarks)
    assert changed == stored.fingerprint != before
    made.meta["expression"] = labels
    assert made.fingerprint == before
    made.meta = made.meta.assign(path="/elsewhere.mp4", remark="of my own")
    assert made.fingerprint == before
    made.meta = made.meta.iloc[::-1]
    assert made.fingerprint not in (before, changed)


def test_images_that_are_changed_in_memory_make_another_fingerprint(tmp_path):
    made = small_set(tmp_path / "set")
    before, images, marks = made.fingerprint, made.images, made.landmarks
    made.images = np.array(images)
    assert made.fingerprint == before
    made.images = images[::-1]
    assert made.fingerprint != before
    made.images, made.landmarks = images, None
    assert made.fingerprint != before
    made.landmarks = np.array(marks)
    assert made.fingerprint == before


def test_images_of_a_set_in_memory_are_read_only(tmp_path):
    made = small_set(tmp_path / "set")
    spoiled = FaceSet(made.path, np.zeros_like(made.images), made.meta, made.problems, made.manifest)
    with pytest.raises(ValueError, match="read-only"):
        spoiled.images[0] = 1


def test_a_file_that_is_written_to_after_it_was_opened_is_noticed(tmp_path):
    made = small_set(tmp_path / "set")
    with open(tmp_path / "set" / "images.npy", "r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"\0\0\0\0\0")
    with pytest.raises(DamagedError, match=r"images.npy has changed since it was opened"):
        _ = made.fingerprint
    # One that is replaced is not: the set still shows the file that it opened.
    made = small_set(tmp_path / "other")
    before = made.fingerprint
    (tmp_path / "new.npy").write_bytes(b"another file")
    os.replace(tmp_path / "new.npy", tmp_path / "other" / "images.npy")
    assert made.fingerprint == before
    (tmp_path / "other" / "images.npy").unlink()
    assert made.fingerprint == before


# --- once a process ---------------------------------------------------------------------------


def test_the_images_are_read_once_as_long_as_nobody_writes_to_them(tmp_path, monkeypatch):
    made = small_set(tmp_path / "set")
    file, hashed = tmp_path / "set" / "images.npy", []
    monkeypatch.setattr(faceset_checks, "_COARSEST_CLOCK", -60.0)  # as if the file had been written long ago
    sha256 = hashlib.sha256
    monkeypatch.setattr(faceset_checks.hashlib, "sha256", lambda *a: hashed.append(1) or sha256(*a))

    def digest(**options):
        hashed.clear()
        found = faceset_checks.part_digest(file, made.images.offset, made.images.nbytes, **options)
        return found, len(hashed)

    first = digest()
    assert first[1] == 1 and digest() == (first[0], 0) and digest(again=True) == first
    other = tmp_path / "linked"
    other.symlink_to(tmp_path / "set", target_is_directory=True)
    assert faceset_checks.part_digest(other / "images.npy", made.images.offset, made.images.nbytes) == first[0]
    # The time of writing can be set back, that of the change not.
    status = file.stat()
    flip_a_byte(tmp_path / "set")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = digest()
    assert changed[0] != first[0] and changed[1] == 1


def test_what_was_just_written_is_read_again(tmp_path):
    """It could be written once more within the same step of the clock."""
    file = tmp_path / "file"
    file.write_bytes(b"one")
    first = faceset_checks.part_digest(file, 0, 3)
    assert os.path.realpath(file) not in faceset_checks._read and first == hashlib.sha256(b"one").digest()
    assert stat.S_ISREG(file.stat().st_mode) and file.stat().st_mtime > time.time() - 60


def test_verify_reads_every_file(tmp_path):
    small_set(tmp_path / "set")
    # Nothing that is read has changed: only who asks for the files themselves is told.
    with open(tmp_path / "set" / "images.npy", "ab") as file:
        file.write(b"behind the values")
    FaceSet.load(tmp_path / "set")
    with pytest.raises(DamagedError, match=r"images.npy has changed"):
        FaceSet.load(tmp_path / "set", verify=True)


def test_names_that_are_no_utf8_and_whole_scores_come_back(tmp_path):
    """What is stored of a text that is no UTF-8 has the fingerprint, and a detector may score in whole numbers."""
    from fer_utils.faces.faceset_files import META_COLUMNS, FaceSetFolder, filled_values, manifest_text

    rows = filled_values(pd.DataFrame({"clip": ["caf\udce9", "a\0b"], "actor": ["01", "02"]}))
    for row in rows:
        row[META_COLUMNS.index("score")] = 3
    (tmp_path / "set").mkdir()
    writer = FaceSetFolder(tmp_path / "set", (2, 16, 16, 1))
    writer.add(np.zeros((2, 16, 16), np.uint8), rows)
    writer.close()
    (tmp_path / "set" / "faceset.json").write_text(manifest_text(writer.manifest()))
    found = FaceSet.load(tmp_path / "set")
    assert found.meta["clip"].tolist() == ["caf\\udce9", "a\0b"] and found.meta["score"].tolist() == [3.0, 3.0]
