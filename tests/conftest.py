"""Fixtures shared by the tests.  What is slow to make is made once, whichever worker asks first."""

from __future__ import annotations

from contextlib import contextmanager
import gc
import os
from pathlib import Path
import signal
import sys

from hypothesis import settings
import pytest

ROOT = Path(__file__).parents[1]
# An example may take as long as it likes: how fast a machine is decides no test.
settings.register_profile("fer_utils", deadline=None)
settings.load_profile("fer_utils")
sys.path.insert(0, str(Path(__file__).parent / "helpers"))  # the tests' own helpers

# The libraries hold millions of objects that stay; searching them for garbage as often as usual costs a quarter of the
# time of importing them.
gc.set_threshold(50_000, 20, 20)

# jsonschema, which validates notebooks, would compile the grammar of international addresses when it is loaded, for a
# second of a processor in every worker; no notebook's schema has such an address.
sys.modules.setdefault("rfc3987_syntax", None)

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:  # set before NumPy and TensorFlow are loaded, who read it only once
    _threads = max((os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]), 1)
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(_name, str(_threads))

#: Where test runs keep what they make, the built book among it.
BUILT = ROOT / "_build" / "test"
#: Films, face sets, landmark predictors and results: one store for all workers of pytest-xdist.  Who makes something
#: locks its folder, so that nothing is made twice; keys say what it was made from, so a change never meets an old one.
STORE = BUILT / "fer"

#: The file whose tests build the book; it is begun first, because nothing else takes as long.
BUILDS_THE_BOOK = "tests/book/test_chapters.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the built book, and put the files that take long first.

    With ``pytest -n`` each worker takes the next file when it is done with one.  Long files at the end would leave one
    worker busy and the others idle; tests of the built book at the beginning would wait for it.  So these come after
    the slow ones, and what is quick comes last.
    """
    slow, book = set(), set()
    for item in items:
        if {"smoke_build", "smoke_site"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.book)
            item.add_marker(pytest.mark.slow)
            book.add(item.path)
        elif item.get_closest_marker("slow"):
            slow.add(item.path)

    def turn(item: pytest.Item) -> int:
        if item.path == ROOT / BUILDS_THE_BOOK:
            return 0
        if item.path in book:
            return 2
        return 1 if item.path in slow else 3

    items.sort(key=turn)  # a stable sort: within a file the order stays


@pytest.hookimpl(optionalhook=True)  # `make mutants` runs the tests without pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors: tests wait a fifth of their time, for browsers, kernels and time limits.

    With two more the same run was no shorter on two processors.
    """
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_configure(config: pytest.Config) -> None:
    # A shell has what runs in its background ignore Ctrl-C, and all that it starts; so tests of Ctrl-C would wait.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        return
    # This is the process that reports, and no worker.
    config.pluginmanager.register(_SaysAtOnce(config), "says_at_once")


class _SaysAtOnce:
    """Names a test when it fails, and not only at the end: a run that is stopped before has said it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            reason = str(getattr(report.longrepr, "reprcrash", None) or report.longrepr)
            terminal.write_line(f"\n{report.when} of {report.nodeid} failed: {reason[:300]}")


@contextmanager
def one_worker_at_a_time(name: str):
    """Other workers wait here until the block has ended (where the system has ``flock``)."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / f"{name}.lock", "ab") as lock:
        try:
            import fcntl
        except ImportError:  # Windows: run with one worker
            pass
        else:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def _store():
    """Tests keep what they make under _build/test and never touch a person's own store."""
    before = os.environ.get("FER_HOME")
    os.environ["FER_HOME"] = str(STORE)
    yield
    if before is None:
        del os.environ["FER_HOME"]
    else:
        os.environ["FER_HOME"] = before


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a file; each opens a page of its own in it."""
    from browser import launched_browser

    with launched_browser() as one:
        yield one


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real clips and features for checks; they lie beside the checkout, never in it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; put RAVDESS clips in {folder}/ravdess/Actor_NN to run this test")
    return folder


@pytest.fixture(scope="session")
def smoke_faces():
    """The RAVDESS stand-in's face set at smoke size."""
    from fer_utils.synthetic import stand_ins

    return stand_ins.face_set("ravdess", tier="smoke", progress=False)


@pytest.fixture(scope="session")
def drawn_predictor() -> Path:
    """The file of a landmark predictor that has learned from three pictures of 60 drawn people; the default is 150."""
    from fer_utils.synthetic import landmark_predictor

    with one_worker_at_a_time("predictor"):
        return landmark_predictor.train(people=60, pictures_per_person=3, progress=False)


@pytest.fixture(scope="session")
def smoke_build():
    """Every chapter executed at smoke size, and the site: the pipeline's report.

    The worker that comes second finds the book built: nothing has changed, so its build does no work.  The kernels have
    their libraries loaded; one that loads them itself is in `test_a_chapter_runs_alone_with_nothing_made_before`.
    """
    sys.path.insert(0, str(ROOT / "book"))
    import preloaded

    import pipeline

    with pytest.MonkeyPatch.context() as patched, one_worker_at_a_time("book"):
        patched.setattr(pipeline.execute, "PYTHON", preloaded.command())
        report = pipeline.build("smoke", out=BUILT, progress=False)
    assert report.ok, report.failed
    return report


@pytest.fixture(scope="session")
def smoke_site(smoke_build) -> Path:
    """The folder of the site built at smoke size."""
    return smoke_build.html
