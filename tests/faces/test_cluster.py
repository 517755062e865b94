"""A pass on a Dask cluster: a real scheduler and real worker processes over loopback, which are really killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import json
import os
from pathlib import Path
import pickle
import shutil
import signal
import socket
import sys
import threading
import time
import types
import uuid

import drawn
from forked import Forks
from patience import PATIENCE
import pytest

from fer_utils.core.errors import FerError, MissingPackage
from fer_utils.faces import dask_client, dask_dispatcher, dask_worker, preparation, prepare
from fer_utils.faces.detectors import DlibHog
from fer_utils.faces.extraction import Settings

distributed = pytest.importorskip("distributed", reason='pip install "fer-utils[cluster]" to test passes on a cluster')

pytestmark = pytest.mark.slow
HERE = Path(__file__).parents[1] / "helpers"
#: Only workers need the package.
SCHEDULER = "import sys; sys.modules['fer_utils'] = None; from distributed.cli.dask_scheduler import main; main()"
WORKER = "from distributed.cli.dask_worker import main; main()"


#: What schedulers and workers load from installed packages; nothing of ours, which some workers are to lack.
LIBRARIES = (
    "distributed.cli.dask_scheduler",
    "distributed.cli.dask_worker",
    "pandas",
    "cv2",
    "dlib",
    "PIL.Image",
    "lazy_loader",
    "tqdm.auto",
)
#: Dask's processes watch themselves a hundred times a second, which costs more than what they are asked for here.
UNWATCHED = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
}


class Cluster:
    """A scheduler, and workers that can be added and killed."""

    def __init__(self, folder: Path, forks: Forks):
        self.folder, self.forks, self.workers, self.file = folder, forks, {}, folder / "scheduler.json"
        self.environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            **UNWATCHED,
            "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)]),
        }
        self.scheduler = self._start(
            "scheduler",
            SCHEDULER,
            [
                "--no-dashboard",
                "--no-show",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--scheduler-file",
                str(self.file),
            ],
        )
        until = time.monotonic() + PATIENCE
        while not self.file.exists() or not self.file.read_text().rstrip().endswith("}"):
            assert self.scheduler.poll() is None and time.monotonic() < until, (folder / "scheduler.log").read_text()
            time.sleep(0.02)
        self.address = json.loads(self.file.read_text())["address"]
        self.client = distributed.Client(self.address, set_as_default=False)

    def _start(self, name, code, arguments, **options):
        return self.forks.start(
            code,
            arguments,
            log=self.folder / f"{name}.log",
            **{"cwd": self.folder, "env": self.environment, **options},
        )

    def add(self, count: int = 1, *, threads: int = 1, first: str = "", **options) -> list[str]:
        """Start workers, ``first`` being what their process does before anything else; their addresses."""
        names = [uuid.uuid4().hex for _ in range(count)]
        for name in names:
            self.workers[name] = self._start(
                name,
                first + WORKER,
                [
                    self.address,
                    "--name",
                    name,
                    "--nthreads",
                    str(threads),
                    "--no-nanny",
                    "--no-dashboard",
                    "--host",
                    "127.0.0.1",
                    "--memory-limit",
                    "0",
                    "--local-directory",
                    str(self.folder),
                ],
                **options,
            )
        until = time.monotonic() + PATIENCE
        while not set(names) <= self.there().keys():
            assert time.monotonic() < until, [(self.folder / f"{name}.log").read_text() for name in names]
            time.sleep(0.05)
        return [self.there()[name] for name in names]

    def there(self) -> dict[str, str]:
        return {about["name"]: where for where, about in self.client.scheduler_info()["workers"].items()}

    def two(self) -> str:
        """The scheduler's address, when it has two plain workers and no other."""
        alive = [name for name, process in self.workers.items() if process.poll() is None]
        self.add(2 - len(alive))
        return self.address

    def kill(self, *names: str) -> None:
        for name in names:
            self.workers[name].send_signal(signal.SIGKILL)
            self.workers[name].wait()
        until = time.monotonic() + PATIENCE
        while set(names) & self.there().keys():
            assert time.monotonic() < until
            time.sleep(0.05)

    def remove(self, *addresses: str) -> None:
        self.kill(*(name for name, where in self.there().items() if where in addresses))

    def tasks(self) -> int:
        return self.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def close(self) -> None:
        self.client.close()
        for process in [*self.workers.values(), self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module", autouse=True)
def _often():
    """A pass looks around five times a second, so that no test waits a second for each thing that it is to notice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask_dispatcher, "LOOK_S", 0.2)
        yield


@pytest.fixture(scope="module")
def forks():
    loaded = Forks(*LIBRARIES, environment={**os.environ, "OMP_NUM_THREADS": "1"}, patience=PATIENCE)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def there(forks, tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"), forks)
    yield made
    made.close()


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Ten clips of drawn faces, a picture, a file that is no clip, and a name with nothing behind it."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [drawn.write_video(folder / f"clip {number:02d}.mp4", drawn.moving(number % 4, 8)) for number in range(10)]
    paths.insert(3, drawn.write_image(folder / "ä face.png", drawn.face(2)))
    paths.insert(5, folder / "torn.mp4")
    paths[5].write_bytes(b"no clip at all")
    paths.insert(7, folder / "gone.mp4")
    return drawn.table(*paths)


@pytest.fixture(scope="module")
def here(clips, tmp_path_factory):
    """The files of their face set, made in this process."""
    return drawn.files_of(made(clips, tmp_path_factory.mktemp("sets") / "here", workers=1).path)


def made(clips, out, **options):
    return prepare(clips, out, **{"frames": 2, "size": 64, "progress": False, **options})


def at(monkeypatch, parts: int, happens) -> None:
    """Call ``happens`` as soon as so many parts of a pass are stored: in the middle of it."""
    real, stored = preparation.write_atomic, []

    def write(path, content):
        real(path, content)
        stored.extend([path] if Path(path).suffix == ".npz" else [])
        if len(stored) == parts and Path(path).suffix == ".npz":
            happens()

    monkeypatch.setattr(preparation, "write_atomic", write)


def parts_in(out: Path) -> int:
    return len(list((out / ".parts").glob("*.npz")))


# --- same bytes -----------------------------------------------------------------------------


def test_a_cluster_of_two_gives_the_same_bytes_with_little_under_way(there, clips, here, tmp_path, monkeypatch):
    address, under_way, workers = there.two(), [], set()
    real = dask_dispatcher.Dispatcher._give
    monkeypatch.setattr(
        dask_dispatcher.Dispatcher,
        "_give",
        lambda dispatcher, worker, number, *rest: (
            real(dispatcher, worker, number, *rest),
            under_way.append(there.tasks()),
            number is not None and workers.add(worker),
        ),
    )
    faces = made(clips, tmp_path / "out", scheduler=address)
    assert drawn.files_of(tmp_path / "out") == here and len(faces) == 21
    assert sorted(faces.problems["kind"]) == ["unreadable", "unreadable"]
    assert len(workers) == 2 and max(under_way) <= 4  # one more for each worker than it has threads
    assert there.tasks() == 0  # nothing is left behind


def test_relative_paths_and_a_detector_of_ones_own(there, clips, tmp_path, monkeypatch):
    monkeypatch.chdir(Path(clips["path"][0]).parent)
    few = clips.head(4).copy()
    few["path"] = [Path(path).name for path in few["path"]]
    made(few, tmp_path / "here", workers=1, detector=drawn.Slow())
    made(few, tmp_path / "there", scheduler=there.two(), detector=drawn.Slow())
    assert drawn.files_of(tmp_path / "there") == drawn.files_of(tmp_path / "here")


def test_a_worker_with_several_threads_has_a_detector_for_each(there, clips, here, tmp_path):
    there.kill(*there.there())
    address = there.add(threads=3)
    made(clips, tmp_path / "out", scheduler=there.address)
    there.remove(*address)
    assert drawn.files_of(tmp_path / "out") == here


def test_a_detector_is_made_once_a_thread_and_shared_by_none(monkeypatch):
    monkeypatch.setitem(dask_worker._packed_setups, "a", pickle.dumps((DlibHog(), Settings(2, 64, 0.0))))
    monkeypatch.setattr(dask_worker, "_here", threading.local())
    with ThreadPoolExecutor(1) as other:
        made = [dask_worker._ready("a")[0], other.submit(dask_worker._ready, "a").result(PATIENCE)[0]]
        assert (
            dask_worker._ready("a")[0] is made[0]
            and other.submit(dask_worker._ready, "a").result(PATIENCE)[0] is made[1]
        )
    assert made[0] is not made[1] and made[0]._find is not made[1]._find


def test_a_worker_that_has_forgotten_the_pass_is_told_again(there, clips, here, tmp_path, monkeypatch):
    """As one does that began anew at its old address, or has meanwhile served many other passes."""

    def forget():
        from fer_utils.faces import dask_worker

        dask_worker._packed_setups.clear()
        dask_worker._here = threading.local()

    there.kill(*list(there.there())[1:])  # one alone, and nobody else who remembers
    assert len(there.there()) == 1 or there.add()
    at(monkeypatch, 3, lambda: there.client.run(forget))
    made(clips, tmp_path / "out", scheduler=there.address)
    assert drawn.files_of(tmp_path / "out") == here


# --- killed ---------------------------------------------------------------------------------


def test_one_of_two_workers_is_killed_in_the_middle_and_the_bytes_are_the_same(
    there, clips, here, tmp_path, monkeypatch
):
    address, victim = there.two(), sorted(there.there())[0]
    at(monkeypatch, 3, lambda: there.kill(victim))
    made(clips, tmp_path / "out", scheduler=address)
    assert there.workers[victim].returncode == -signal.SIGKILL
    assert drawn.files_of(tmp_path / "out") == here


def test_all_workers_are_killed_and_the_same_call_goes_on(there, clips, here, tmp_path, monkeypatch):
    address, out = there.two(), tmp_path / "out"
    at(monkeypatch, 4, lambda: (monkeypatch.setattr(dask_dispatcher, "WAIT_S", 0.5), there.kill(*there.there())))
    with pytest.raises(
        FerError, match=f"(?s)scheduler at {address} has had no worker.* 0.5 seconds.*the same call goes on"
    ):
        made(clips, out, scheduler=address)
    monkeypatch.undo()
    kept = parts_in(out)
    assert 4 <= kept < len(clips) and there.tasks() == 0
    made(clips, out, scheduler=there.two())
    assert drawn.files_of(out) == here


@pytest.mark.parametrize("first, then", [("there", "here"), ("here", "there")])
def test_a_pass_goes_on_elsewhere(there, clips, here, tmp_path, monkeypatch, first, then):
    out, where = tmp_path / "out", {"here": {"workers": 1}, "there": {"scheduler": there.two()}}

    def interrupt():
        raise KeyboardInterrupt

    at(monkeypatch, 4, interrupt)
    with pytest.raises(KeyboardInterrupt):
        made(clips, out, **where[first])
    monkeypatch.undo()
    kept = {path.name: path.stat().st_mtime_ns for path in (out / ".parts").glob("*.npz")}
    assert len(kept) == 4
    until = time.monotonic() + PATIENCE
    while there.tasks():  # what was under way is cancelled
        assert time.monotonic() < until
        time.sleep(0.05)
    still = []
    real = preparation._assemble

    def assemble(*arguments):
        still.extend(name for name, time_ns in kept.items() if (out / ".parts" / name).stat().st_mtime_ns == time_ns)
        real(*arguments)

    monkeypatch.setattr(preparation, "_assemble", assemble)
    made(clips, out, **where[then])
    assert drawn.files_of(out) == here and len(still) == 4  # used, not made again


def test_a_scheduler_that_dies_is_one_error_and_the_pass_goes_on_here(forks, clips, here, tmp_path, monkeypatch):
    (tmp_path / "cluster").mkdir()
    mortal, out = Cluster(tmp_path / "cluster", forks), tmp_path / "out"
    try:
        mortal.add()
        at(monkeypatch, 3, lambda: (mortal.client.close(), mortal.scheduler.kill()))
        with pytest.raises(FerError, match=r"(?s)is gone or was restarted.*the same call goes on"):
            made(clips, out, scheduler=mortal.address)
        assert 3 <= parts_in(out) < len(clips)
    finally:
        mortal.close()
    monkeypatch.undo()
    made(clips, out, workers=1)
    assert drawn.files_of(out) == here


def test_a_clip_that_kills_its_worker_kills_one_and_is_reported(there, tmp_path):
    paths = drawn.pictures(tmp_path, 4, deadly=3)
    address, before = there.two(), set(there.there())
    faces = made(drawn.table(*paths), tmp_path / "there", scheduler=address, detector=drawn.Dies())
    assert faces.problems[["path", "kind", "action"]].values.tolist() == [[str(paths[3]), "crashed", "left out"]]
    assert list(faces.meta["clip"].unique()) == ["0.png", "1.png", "2.png"]
    assert len(before & there.there().keys()) == 1  # the second time a process of its own dies, and the worker lives
    made(drawn.table(*paths), tmp_path / "here", workers=2, detector=drawn.Dies())
    assert drawn.files_of(tmp_path / "there") == drawn.files_of(tmp_path / "here")


# --- refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scheduler",
    [
        "",
        "localhost:8786",
        "http://localhost:80",
        "tcp://",
        "tcp://host",
        "tcp://host:0",
        "tcp://host:99999",
        "tcp://a b:1",
        "tcp://host:1/",
        8786,
        True,
    ],
)
def test_what_is_no_address(clips, tmp_path, scheduler):
    with pytest.raises(FerError, match="Invalid value for `scheduler`"):
        made(clips, tmp_path / "out", scheduler=scheduler)
    assert not (tmp_path / "out").exists()


def test_workers_are_the_clusters(clips, tmp_path):
    with pytest.raises(FerError, match=r"(?s)Invalid value for `workers`.*None where `scheduler` is given"):
        made(clips, tmp_path / "out", scheduler="tcp://127.0.0.1:8786", workers=2)


def test_without_distributed(clips, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage, match=r"`distributed` is needed.*fer-utils\[cluster\]"):
        made(clips, tmp_path / "out", scheduler="tcp://127.0.0.1:8786")
    assert len(made(clips.head(1), tmp_path / "here", workers=1)) == 2  # and nothing else needs it


@pytest.mark.parametrize("who", ["nobody", "silent", "talks"])
def test_nobody_answers_at_the_address(clips, tmp_path, monkeypatch, who):
    monkeypatch.setattr(dask_client, "CONNECT_S", 0.5)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if who != "nobody":
            server.listen()
        if who == "talks":
            answer = b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9
            threading.Thread(target=lambda: server.accept()[0].sendall(answer), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(FerError, match=f"No Dask scheduler answers at {address}"):
            made(clips, tmp_path / "out", scheduler=address)
    assert not (tmp_path / "out").exists()  # nothing was begun


def test_a_host_that_does_not_exist(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_S", 0.5)
    with pytest.raises(FerError, match=r"No Dask scheduler answers at tcp://nowhere.invalid:8786"):
        made(clips, tmp_path / "out", scheduler="tcp://nowhere.invalid:8786")


def test_no_worker_at_all(there, clips, tmp_path, monkeypatch):
    there.kill(*there.there())
    monkeypatch.setattr(dask_dispatcher, "WAIT_S", 0.5)
    with pytest.raises(
        FerError, match=f"no worker for this pass for 0.5 seconds.*dask worker {there.address} --nthreads 1"
    ):
        made(clips, tmp_path / "out", scheduler=there.address)
    assert not (tmp_path / "out").exists()


def test_a_worker_that_leaves_while_the_scheduler_greets_is_no_reason_to_give_up(
    there, clips, here, tmp_path, monkeypatch
):
    """The library takes two messages that come at once for a wrong greeting, and asserts that there is one.

    A client that failed is closed by then: closed later, by the garbage collector, it could stop the next one for ever.
    """
    begin, failed, times = distributed.Client._start, [], 2

    async def greeted_wrongly(client, **options):
        await begin(client, **options)
        if len(failed) < times:
            failed.append(client)
            raise AssertionError

    monkeypatch.setattr(distributed.Client, "_start", greeted_wrongly)
    assert drawn.files_of(made(clips, tmp_path / "out", scheduler=there.two()).path) == here
    assert [client.status for client in failed] == ["closed", "closed"]
    failed.clear()
    times = 10
    with pytest.raises(FerError, match=r"No Dask scheduler answers .*AssertionError"):
        made(clips, tmp_path / "other", scheduler=there.address)
    assert [client.status for client in failed] == ["closed"] * 3


def test_a_worker_with_another_opencv_or_other_code_is_refused(there, clips, here, tmp_path, monkeypatch):
    (old,) = there.add(first="import cv2; cv2.__version__ = '4.0.1'; ")
    with pytest.raises(FerError, match=f"(?s)worker {old} might make other bytes: OpenCV is 4.0.1 there and 4.*here"):
        made(clips, tmp_path / "out", scheduler=there.address)
    there.remove(old)
    # Another copy of the package: the code of `faces` is its own, and the rest is the same.
    whole, copy = HERE.parents[1] / "fer_utils", tmp_path / "other" / "fer_utils"
    shutil.copytree(whole / "faces", copy / "faces", ignore=shutil.ignore_patterns("__pycache__"))
    for part in whole.iterdir():
        if part.name not in ("faces", "__pycache__"):
            (copy / part.name).symlink_to(part, target_is_directory=part.is_dir())
    cropping = tmp_path / "other" / "fer_utils" / "faces" / "cropping.py"
    cropping.write_text(cropping.read_text() + "\nOTHER = True\n")
    environment = {**there.environment, "PYTHONPATH": os.pathsep.join([str(tmp_path / "other"), str(HERE)])}
    (other,) = there.add(env=environment)
    with pytest.raises(FerError, match=f"(?s)worker {other} might make other bytes: the code of fer_utils.faces is"):
        made(clips, tmp_path / "out", scheduler=there.address)
    assert not (tmp_path / "out").exists()
    there.remove(other)

    # One that joins a pass under way is left out of it, and said to be; a fit one that joins works.
    at(monkeypatch, 1, lambda: (there.kill(*there.there()), there.add(env=environment)))
    told = []

    def warn(text, *rest, **options):
        told.append(text)
        there.add()

    monkeypatch.setattr(dask_dispatcher, "warnings", types.SimpleNamespace(warn=warn))
    there.kill(*there.there())
    there.add()  # one alone: what it has in hand when it dies is done in processes of their own, which takes long
    made(clips, tmp_path / "late", scheduler=there.address)
    there.kill(*there.there())
    assert len(told) == 1 and "the code of fer_utils.faces is" in told[0] and "gets no clips" in told[0]
    assert drawn.files_of(tmp_path / "late") == here


def test_a_worker_without_the_package_or_without_the_detector(there, clips, tmp_path):
    there.kill(*there.there())
    (bare,) = there.add(first="import sys; sys.modules['fer_utils'] = None; ")
    with pytest.raises(FerError, match=f"worker {bare} could not begin .*Install this version of fer_utils"):
        made(clips, tmp_path / "out", scheduler=there.address)
    there.remove(bare)
    (lacking,) = there.add(env={**there.environment, "PYTHONPATH": str(HERE.parents[1])})  # where there is no `drawn`
    with pytest.raises(FerError, match=f"worker {lacking} cannot make the detector: ModuleNotFoundError.*drawn"):
        made(clips, tmp_path / "out", scheduler=there.address, detector=drawn.Slow())
    there.remove(lacking)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/cwd is Linux's")
def test_clips_that_a_worker_does_not_see_are_no_bad_clips(there, clips, tmp_path, monkeypatch):
    """/proc/self/cwd is another folder in each process, as a path is on machines that share no file system."""
    monkeypatch.chdir(Path(clips["path"][0]).parent)
    apart = clips.copy()
    apart["path"] = [f"/proc/self/cwd/{Path(path).name}" for path in apart["path"]]
    address = there.two()
    with pytest.raises(FerError, match=r"(?s)worker tcp://.* cannot read /proc/self/cwd/clip 00.mp4, which is.*mounts"):
        made(apart, tmp_path / "out", scheduler=address)
    assert not (tmp_path / "out").exists()
    there.kill(*there.there())
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "clip 00.mp4").write_bytes(b"another")
    there.add(cwd=tmp_path / "cwd")
    with pytest.raises(FerError, match=r"(?s)sees another file .7 bytes. as /proc/self/cwd/clip 00.mp4"):
        made(apart, tmp_path / "out", scheduler=address)
    shutil.copy(clips["path"][0], tmp_path / "cwd" / "clip 00.mp4")  # the first is there, the others are not
    with pytest.raises(FerError, match=r"(?s)cannot read /proc/self/cwd/.*which is readable here"):
        made(apart, tmp_path / "out", scheduler=address)
    there.kill(*there.there())
    assert list(made(apart, tmp_path / "out", workers=1).problems["kind"]) == ["unreadable", "unreadable"]
