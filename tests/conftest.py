"""Fixtures shared by the tests.  What is slow to make is made once a session."""

from __future__ import annotations

import os
from pathlib import Path
import sys

from hypothesis import settings
import pytest

ROOT = Path(__file__).parents[1]
# An example may take as long as it likes: how fast a machine is decides no test.
settings.register_profile("fer_utils", deadline=None)
settings.load_profile("fer_utils")
sys.path.insert(0, str(Path(__file__).parent / "helpers"))  # the tests' own helpers

#: Films, face sets and results of test runs; keyed by code, so a change never meets an old one.  `python tests` runs two at a time.
STORE = ROOT / "_build" / "test" / f"fer-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


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
def smoke_build():
    """Every chapter executed at smoke size, and the site: the pipeline's report."""
    sys.path.insert(0, str(ROOT / "book"))
    import pipeline

    report = pipeline.build("smoke", out=ROOT / "_build" / "test", progress=False)
    assert report.ok, report.failed
    return report


@pytest.fixture(scope="session")
def smoke_site(smoke_build) -> Path:
    """The folder of the site built at smoke size."""
    return smoke_build.html
