"""`make test` runs the suite in two processes: no test is left out, none runs twice, and a failure in either is one."""

import os
import runpy
import subprocess
import sys

import pytest


def test_the_two_parts_are_the_whole(root):
    pages, others = runpy.run_path(str(root / "tests" / "__main__.py"), run_name="suite")["parts"]()
    assert sorted(pages + others) == sorted((root / "tests").glob("test_*.py")) and not set(pages) & set(others)
    assert {"test_chapters.py", "test_site.py"} <= {file.name for file in pages}


@pytest.mark.parametrize("fails", ["", "test_pages.py", "test_rest.py"])
def test_a_failure_in_either_is_a_failure(root, tmp_path, fails):
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "__main__.py").write_text((root / "tests" / "__main__.py").read_text())
    for name, body in {
        "test_pages.py": "smoke_build = 1  # a name of the built book's",
        "test_rest.py": "pass",
    }.items():
        (folder / name).write_text(f"def test_one():\n    {body}\n    assert {name != fails}\n")
    done = subprocess.run(
        [sys.executable, str(folder), "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
    )
    assert (done.returncode != 0) == bool(fails), done.stdout
    assert done.stdout.count("1 failed" if fails else "1 passed") == (1 if fails else 2)
    assert done.stdout.index("Two processes") < done.stdout.index("Chapters, pages, long studies:")
