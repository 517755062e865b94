"""Films on disks that are full, in processes that are killed, in folders of others, and in memory that stays flat."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from film_files import SMALL, digest, videos
from patience import PATIENCE
import pytest

from fer_utils import studio
from fer_utils.core.errors import FerError
from fer_utils.studio import writing

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits on files, locks and signals are POSIX's")
CALL = dict(actors=1, clips_per_actor=6, twins=True, seed=3, **SMALL)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return studio.film("ravdess", tmp_path_factory.mktemp("whole") / "f", workers=1, **CALL)


@pytest.fixture(scope="module")
def whole(undisturbed):
    """An undisturbed film, as {file: digest}."""
    found = digest(undisturbed.root)
    assert len(found) == 6 * 3 + 3
    return found


@pytest.fixture(scope="module")
def sizes(undisturbed):
    """Bytes of each of its files."""
    return {
        path.relative_to(undisturbed.root).as_posix(): path.stat().st_size
        for path in undisturbed.root.rglob("*")
        if path.is_file()
    }


def python(code: str, *arguments, **options) -> subprocess.CompletedProcess:
    """Run code in a process of its own, with this folder on its path."""
    folders = [str(Path(__file__).parents[1] / "helpers"), str(Path(__file__).parents[2])]
    start = f"import sys\nsys.path[:0] = {folders!r}\n"
    return subprocess.run(
        [sys.executable, "-c", start + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **options,
    )


# --- a full disk ----------------------------------------------------------------------------

FULL = """
import json, resource
from pathlib import Path
from fer_utils import studio
from fer_utils.core.errors import FerError
from film_files import digest
folder, workers, call = Path(sys.argv[1]), int(sys.argv[2]), eval(sys.argv[3])
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
found = []
for limit in map(int, sys.argv[4:]):
    root = folder / str(limit)
    # No file grows beyond the limit, as if the disk had no more room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    try:
        studio.film("ravdess", root, workers=workers, **call)
        says = ""
    except FerError as error:
        says = str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    before = digest(root)
    filmed = studio.film("ravdess", root, workers=workers, **call).filmed
    found.append([limit, says, before, filmed, digest(root)])
print(json.dumps(found))
"""


@posix
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_one_clear_error_and_the_same_call_goes_on_when_there_is_room(workers, whole, sizes, tmp_path):
    videos_ = sorted(size for name, size in sizes.items() if name.endswith(".mp4"))
    limits = (
        [0, sizes["truth/plan.json"], videos_[0] - 1, videos_[6], videos_[-1] - 150, videos_[-1] - 1]
        if workers == 1
        else [videos_[6]]
    )
    done = python(FULL, tmp_path, workers, repr(CALL), *limits)
    assert done.returncode == 0, done.stderr
    stopped_at = set()
    for limit, says, left, filmed, after in json.loads(done.stdout.splitlines()[-1]):
        assert "disk" in says and "Make room and call film() again" in says and "Traceback" not in says, (limit, says)
        # What is there under its own name is whole, and nothing says that the set is.
        assert "truth/manifest.json" not in left and not [name for name in left if "/." in name]
        assert left == {name: whole[name] for name in left}
        stopped_at.add("nothing" if not left else "plan" if set(left) == {"truth/plan.json"} else "later")
        assert filmed >= 1 and after == whole
    # Whether some clips are whole by then depends on which is the largest; the next test stops later on purpose.
    assert workers == 2 or {"nothing", "plan"} <= stopped_at


@pytest.mark.parametrize("layout", ["ravdess", "savee"])
def test_a_video_that_lost_its_last_byte_is_not_whole(layout, tmp_path):
    film = studio.film(layout, tmp_path / "f", actors=1, clips_per_actor=1, workers=1, **SMALL)
    path = film.root / film.clips["clip"].iloc[0]
    whole = path.read_bytes()
    assert writing._ends_where_it_says(path)
    for torn in (whole[:-1], whole + b"0", whole[: len(whole) // 2], whole[:5], b""):
        path.write_bytes(torn)
        assert not writing._ends_where_it_says(path)


def test_room_that_ends_between_video_and_truth_or_at_the_end_is_an_error_too(whole, tmp_path, monkeypatch):
    atomic = writing.write_atomic

    def full(path, data):
        if Path(path).name.endswith(ending):
            raise OSError(28, os.strerror(28), str(path))
        atomic(path, data)

    for ending in ("04-01-01-01-01.npz", "clips.csv", "manifest.json"):
        monkeypatch.setattr(writing, "write_atomic", full)
        root = tmp_path / ending.split(".")[0]
        with pytest.raises(
            FerError,
            match=r"The disk is full, or your share of it is used up: No space left on device "
            r".* goes on where it stopped",
        ):
            studio.film("ravdess", root, workers=1, **CALL)
        with pytest.raises(FerError, match="a finished film"):
            studio.Film.load(root)
        monkeypatch.undo()
        studio.film("ravdess", root, workers=1, **CALL)
        assert digest(root) == whole


def test_a_folder_that_may_not_be_written_to_is_one_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FerError, match=r"`root`. Expected a folder"):
        studio.film("ravdess", tmp_path / "file", **CALL)
    with pytest.raises(FerError, match=r"cannot be written to .*Not a directory.*Choose a folder"):
        studio.film("ravdess", tmp_path / "file" / "below", **CALL)
    assert (tmp_path / "file").read_text() == "mine"

    def refused(path, data):
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(writing, "write_atomic", refused)
    with pytest.raises(FerError, match=r"cannot be written to .*Permission denied"):
        studio.film("ravdess", tmp_path / "f", **CALL)


# --- a killed process -----------------------------------------------------------------------

#: Whose work is cut off in the middle, and at which call.
KILLS = [
    ("fer_utils.studio.recording", "paint", 10),  # in the middle of the third clip's video
    ("os", "replace", 1),
    ("os", "replace", 2),  # before the plan, or a video, has its name
    ("os", "replace", 3),
    ("os", "replace", 4),  # before the twin, or the truth of a clip, has
    ("os", "replace", 20),
    ("os", "replace", 21),  # before the table, or the manifest, has
]

# The packages are loaded once; each film is made, and killed, in a process that is forked from there.
KILLED = """
import importlib, json, os, signal, traceback
import cv2, pandas
from fer_utils import studio
folder, kills, call = sys.argv[1], eval(sys.argv[2]), eval(sys.argv[3])

def film_until_killed(number, module, name, count):
    module = importlib.import_module(module)
    work, calls = getattr(module, name), 0
    def dies(*a, **k):
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*a, **k)
    setattr(module, name, dies)
    studio.film("ravdess", f"{folder}/{number}", workers=1, **call)

ended = []
for number, kill in enumerate(kills):
    child = os.fork()
    if not child:
        try:
            film_until_killed(number, *kill)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """For each of `KILLS` the folder that it leaves."""
    folder = tmp_path_factory.mktemp("killed")
    done = python(KILLED, folder, repr(KILLS), repr(CALL))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [-signal.SIGKILL] * len(KILLS), done.stderr
    return {kill: folder / str(number) for number, kill in enumerate(KILLS)}


@posix
@pytest.mark.parametrize("module, name, count", KILLS)
def test_kill_9_anywhere_and_the_same_call_makes_the_same_film(module, name, count, whole, killed):
    root = killed[module, name, count]
    left = digest(root)
    assert left != whole and [file for file in left if "/." in file]  # something half-made lies about, hidden
    with pytest.raises(FerError, match="a finished film"):
        studio.Film.load(root)
    film = studio.film("ravdess", root, workers=1, **CALL)
    assert digest(film.root) == whole
    assert film.filmed == 6 - sum(file.endswith(".npz") and "/." not in file for file in left)


@posix
def test_kill_9_with_workers_at_work(tmp_path, whole):
    """Whatever the moment: the parent dies, its workers follow, and the rest is filmed by the next call."""
    call = CALL | {"clips_per_actor": 12}
    code = f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\nfrom fer_utils import studio\n"
    child = subprocess.Popen(
        [sys.executable, "-c", code + f"studio.film('ravdess', {str(tmp_path / 'f')!r}, workers=2, **{call!r})"]
    )
    patience = time.monotonic() + PATIENCE
    while (
        not list((tmp_path / "f" / "truth" / "frames").rglob("*.npz"))
        and child.poll() is None
        and time.monotonic() < patience
    ):
        time.sleep(0.002)
    child.kill()
    child.wait(PATIENCE)
    assert videos(tmp_path / "f")
    film = studio.film("ravdess", tmp_path / "f", workers=1, **call)
    other = studio.film("ravdess", tmp_path / "g", workers=1, **call)
    assert digest(film.root) == digest(other.root)
    assert set(whole) <= set(digest(film.root))


@posix
def test_two_processes_that_film_the_same_into_one_folder_take_turns(whole, tmp_path):
    code = f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\nfrom fer_utils import studio\n"
    code += f"print(studio.film('ravdess', {str(tmp_path / 'f')!r}, workers=1, **{CALL!r}).filmed)"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert sorted(child.communicate(timeout=PATIENCE)[0].strip() for child in children) == ["0", "6"]
    assert digest(tmp_path / "f") == whole


# --- folders of others ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "mine", ["thesis.txt", ".hidden", "truth/notes.txt", "truth/frames/x.npz", "Actor_01/01-01-01-01-01-01-01.mp4"]
)
def test_a_folder_with_anything_of_somebody_elses_is_left_untouched(mine, tmp_path):
    path = tmp_path / "f" / mine
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(FerError, match="It holds something else, which is left alone"):
        studio.film("ravdess", tmp_path / "f", **CALL)
    assert [p.relative_to(tmp_path / "f").as_posix() for p in (tmp_path / "f").rglob("*") if p.is_file()] == [mine]
    assert path.read_text() == "mine"


def test_files_that_were_put_into_a_film_stay_when_it_is_finished(tmp_path):
    root = tmp_path / "f"
    studio.film("ravdess", root, workers=1, **CALL)
    for name in ("notes.txt", "Actor_01/.DS_Store", "truth/frames/.notes", "truth/.part"):
        (root / name).write_text("mine")
    (root / "truth" / "manifest.json").unlink()
    studio.film("ravdess", root, workers=1, **CALL)
    assert {
        (root / name).read_text() for name in ("notes.txt", "Actor_01/.DS_Store", "truth/frames/.notes", "truth/.part")
    } == {"mine"}


# --- memory ---------------------------------------------------------------------------------

PEAK = """
import gc, resource
from pathlib import Path
from fer_utils import studio
import pandas, cv2

def peak():
    status = Path("/proc/self/status")
    if status.exists():      # ru_maxrss begins with what the parent had at the fork
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)

for number, (clips, frames) in enumerate([(4, 4), (4, 4), (20, 4), (1, 80)]):
    studio.film("ravdess", Path(sys.argv[1]) / str(number), actors=["07"], clips_per_actor=clips, frames=frames,
                size=192, workers=1, progress=False)
    print(peak())
"""


@posix
def test_memory_is_flat_however_many_clips_and_frames_there_are(tmp_path):
    done = python(PEAK, tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    _, few, many, long = map(int, done.stdout.split())
    # 16 clips more are 7 MB of pictures, and 76 frames more of one clip 8 MB.
    assert many - few < 4 * 1024 and long - few < 4 * 1024, (few, many, long)
