"""Importing costs nothing; installing on Colab replaces nothing; the lock fits the package."""

import json
from pathlib import Path
import re
import subprocess
import sys
import tomllib

from patience import PATIENCE
import pytest

import fer_utils

#: Colab's August 2026 freeze, as far as this package touches it.
COLAB = {
    "numpy": "2.1.3",
    "tensorflow": "2.20.0",
    "keras": "3.13.2",
    "opencv-python": "5.0.0.93",
    "dlib": "19.24.6",
    "seaborn": "0.13.2",
    "ipywidgets": "7.7.1",
}
HEAVY = ("tensorflow", "keras", "cv2", "dlib", "matplotlib", "sklearn", "anywidget", "PIL", "pooch")


SUBPACKAGES = sorted(path.parent.name for path in Path(fer_utils.__file__).parent.glob("*/__init__.py"))


@pytest.mark.parametrize(
    "statement",
    [
        "import fer_utils",
        "import fer_utils; dir(fer_utils)",
        f"from fer_utils import {', '.join(SUBPACKAGES)}",
        "import fer_utils; [dir(getattr(fer_utils, name)) for name in " + repr(SUBPACKAGES) + "]",
        "from fer_utils.cli import main; main.make_parser()",
    ],
    ids=["the package", "its names", "every subpackage", "every subpackage's names", "the command line"],
)
def test_imports_are_light_and_without_side_effect(statement, root, tmp_path):
    code = f"""
import os, sys, warnings
before = dict(os.environ), list(warnings.filters), sorted(os.listdir('.'))
{statement}
after = dict(os.environ), list(warnings.filters), sorted(os.listdir('.'))
import json
print(json.dumps([[m for m in {HEAVY!r} if m in sys.modules], before[0] == after[0], before[2] == after[2]]))
"""
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"FER_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        timeout=PATIENCE,
    )
    loaded, same_environment, same_folder = json.loads(done.stdout)
    assert loaded == [] and same_environment and same_folder and not home.exists()


def resolve(tmp_path, *requirements: str, there=COLAB) -> dict[str, str]:
    constraints = tmp_path / "colab.txt"
    constraints.write_text("\n".join(f"{name}=={version}" for name, version in there.items()))
    wanted = tmp_path / "wanted.in"
    # What Colab has is there already; the package is asked for on top of it.
    wanted.write_text("\n".join([*(f"{n}=={v}" for n, v in there.items()), *requirements]))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            str(wanted),
            "-c",
            str(constraints),
            "--python-version",
            "3.13",
            "--python-platform",
            "x86_64-manylinux_2_28",
            "--no-header",
            "--no-annotate",
            "--quiet",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=PATIENCE,
    )
    if done.returncode and re.search(r"error sending request|dns error|Failed to fetch|Connect", done.stderr):
        pytest.skip("no package index can be reached from here; run this test with a network")
    assert done.returncode == 0, done.stderr
    return dict(line.split("==") for line in done.stdout.split() if "==" in line)


@pytest.mark.slow
def test_installing_on_colab_replaces_nothing(root, tmp_path):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    with_us = resolve(tmp_path, *project["dependencies"])
    for name, version in COLAB.items():
        assert with_us[name] == version
    # Another distribution of the same files would overwrite Colab's own.
    rivals = {"opencv-python-headless", "opencv-contrib-python", "dlib-bin", "tensorflow-cpu", "tf-nightly"}
    assert not rivals & set(with_us)


@pytest.mark.slow
def test_the_resolution_test_can_fail(tmp_path):
    """A floor above Colab's version is caught."""
    with pytest.raises(AssertionError, match="ipywidgets"):
        resolve(tmp_path, "ipywidgets>=8", there={"ipywidgets": COLAB["ipywidgets"]})


def test_every_package_of_the_lock_has_its_hashes_and_pip_is_told_to_ask_for_them(root):
    """`pip install --require-hashes -r requirements.txt`; the files of every system and Python are among them."""
    entries = re.findall(
        r"(?m)^([\w.-]+)==.*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)*)", (root / "requirements.txt").read_text()
    )
    assert len(entries) > 200 and [name for name, hashes in entries if not hashes] == []
    makefile = (root / "Makefile").read_text()
    assert "--require-hashes -r requirements.txt" in makefile and "uv pip compile" in makefile
    assert "--generate-hashes" in makefile


def test_the_lock_holds_every_requirement_of_the_extras_it_is_made_from(root):
    from packaging.markers import default_environment
    from packaging.requirements import Requirement
    from packaging.version import Version

    lock = {}
    for line in (root / "requirements.txt").read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            requirement = Requirement(line.removesuffix(" \\"))
            lock.setdefault(requirement.name.lower(), []).append(requirement)
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for python in ("3.11", "3.12", "3.13"):
        environment = default_environment() | {
            "python_version": python,
            "python_full_version": f"{python}.1",
            "sys_platform": "linux",
            "platform_machine": "x86_64",
        }
        for text in [*project["dependencies"], *extras["cpu"], *extras["book"], *extras["cluster"], *extras["test"]]:
            wanted = Requirement(text)
            if wanted.marker and not wanted.marker.evaluate(environment):
                continue
            pins = [pin for pin in lock[wanted.name.lower()] if not pin.marker or pin.marker.evaluate(environment)]
            assert len(pins) == 1, f"{text} on Python {python}: {pins}"
            (specifier,) = pins[0].specifier
            assert specifier.operator == "==" and wanted.specifier.contains(Version(specifier.version))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"attribute.*nonsense"):
        getattr(fer_utils, "nonsense")  # noqa: B009 - the point is the access
