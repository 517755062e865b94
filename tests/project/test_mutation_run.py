"""`make mutants`: which changes are drawn, and that a good test notices what a weak one does not."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys

import pytest

TOOL = Path(__file__).parents[2] / ".ci" / "mutants"

MODULE = '''"""A module."""

from __future__ import annotations

__all__ = ["older"]


def older(first: int, second: int = 3) -> bool:
    """Whether 1 < 2."""
    if first < 0:
        raise ValueError("first must be 0 or more")
    return first < second
'''
GOOD = """
import pytest
from fer_utils.people import ages

def test_older():
    assert ages.older(1, 2) is True and ages.older(2, 2) is False and ages.older(0) is True
    assert ages.older(2) is True and ages.older(3) is False
    with pytest.raises(ValueError, match="first"):
        ages.older(-1)
"""
WEAK = """
from fer_utils.people import ages

def test_older():
    assert ages.older(1, 2) in (True, False, None)
"""


@pytest.fixture
def tool(monkeypatch):
    """The tool's modules, as if run from its folder."""
    monkeypatch.syspath_prepend(TOOL)
    import changes
    import selection

    yield changes, selection
    for name in ("changes", "selection"):
        del sys.modules[name]


def checkout(place: Path, tests: str) -> Path:
    """A repository with a package of one module and its tests, committed."""
    root = place / "checkout"
    for name, text in {
        "fer_utils/__init__.py": "",
        "fer_utils/people/__init__.py": "",
        "fer_utils/people/ages.py": MODULE,
        "tests/people/test_ages.py": tests,
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n'
        'markers = ["slow", "browser", "book"]\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def git(root: Path, *words: str) -> None:
    name = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *name, *words], cwd=root, check=True, capture_output=True, timeout=60)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "more", "--no-verify")


def run(root: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(TOOL), "--root", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_a_good_test_kills_what_lives_under_a_weak_one_and_the_checkout_is_left_alone(tmp_path):
    good, weak = (checkout(tmp_path / name, tests) for name, tests in (("good", GOOD), ("weak", WEAK)))
    words = ["people", "--seed", "5", "--count", "5", "--at-least", "100"]
    done, failed = run(good, *words), run(weak, *words)
    assert done.returncode == 0 and "Noticed: 100.0 %" in done.stdout, done.stdout + done.stderr
    assert "killed by tests/people/test_ages.py::test_older" in done.stdout
    assert failed.returncode == 1 and "LIVED" in failed.stdout, failed.stdout + failed.stderr
    changes = [
        [line.split("  ")[0] for line in told.splitlines() if ".py:" in line] for told in (done.stdout, failed.stdout)
    ]
    assert len(changes[0]) == 5 and changes[0] == changes[1], "the same seed draws the same changes"
    for root in (good, weak):
        assert (root / "fer_utils/people/ages.py").read_text(encoding="utf-8") == MODULE
        status = subprocess.run(["git", "status", "--short"], cwd=root, capture_output=True, text=True, timeout=60)
        assert status.stdout == ""


def test_the_tests_can_be_collected_as_the_tool_does_without_xdist(root):
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run([*command, __file__], cwd=root, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and "tests collected" in done.stdout, done.stdout + done.stderr


def test_a_loop_without_end_is_timed_out_by_the_limit(tmp_path, monkeypatch, tool):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    import judging

    changes, _ = tool
    monkeypatch.setattr(judging, "GRACE", 3.0)
    text = "def count(n):\n    while n > 0:\n        n -= 1\n    return n\n"
    root = checkout(
        tmp_path, "from fer_utils.people import loops\n\ndef test_count():\n    assert loops.count(2) == 0\n"
    )
    (root / "fer_utils/people/loops.py").write_text(text)
    change = next(change for change in changes.changes(text) if change.new == "pass" and change.old == "n -= 1")
    plan = {"fer_utils/people/loops.py": [change]}
    with judging.Judge(judging.copied(root, tmp_path / "copy"), plan) as judge:
        judge.begin()
        assert judge.judge("fer_utils/people/loops.py", change).outcome == "timed out"
    del sys.modules["judging"]


def test_what_changed_since_a_commit_is_what_is_tried(tmp_path, tool):
    _, selection = tool
    root = checkout(tmp_path, GOOD)
    (root / "fer_utils/people/names.py").write_text("def upper(name):\n    return name.upper()\n")
    commit(root)
    assert selection.changed(root, None) == ["fer_utils/people/names.py"], "on main: the last commit"
    git(root, "checkout", "-qb", "branch")
    (root / "fer_utils/people/ages.py").write_text(MODULE + "\n\nx = 1\n")
    (root / "fer_utils/people/new.py").write_text("y = 1\n")
    commit(root)
    (root / "fer_utils/people/newer.py").write_text("z = 1\n")
    here = [f"fer_utils/people/{name}.py" for name in ("ages", "new", "newer")]
    assert selection.changed(root, None) == here, "on a branch: since it left main, and what is not committed"
    assert selection.changed(root, "HEAD") == here[2:]
    assert selection.tests_of(root, here[0]) == ["tests/people/test_ages.py"]
    with pytest.raises(SystemExit, match="no module or folder fer_utils/nosuch"):
        selection.named(root, ["nosuch"])


def test_files_of_tests_are_found_by_what_they_name(root, tool):
    _, selection = tool
    found = selection.tests_of(root, "fer_utils/metrics/bootstrap.py")
    assert found[0] == "tests/metrics/test_metrics.py"
    assert "tests/compress/test_compress_engines.py" in found, "it uses metrics.interval, which a lazy package shows"
    assert not any(name.startswith(("tests/book/", "tests/canaries/")) for name in found)


KINDS = {
    "comparison": ("a == b", {"a != b"}),
    "arithmetic": ("a - b * c", {"a + b * c", "a - b / c"}),
    "number": ("2.0 if a else 7", {"2.2 if a else 7", "2.0 if a else 8"}),
    "text": ("'x' + a", {"'' + a"}),
    "boolean": ("not a or b", {"a or b", "not a and b"}),
    "condition": ("a if b else c", {"a if True else c", "a if False else c"}),
    "arguments": ("f(a, b, k=c)", {"f(b, a, k=c)"}),
    "keyword": ("f(a, k=b)", {"f(a)"}),
    "slice": ("a[b:c]", {"a[b + 1:c]", "a[:c]", "a[b:c - 1]", "a[b:]"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_changes_of_an_expression(kind, tool):
    changes, _ = tool
    before, after = KINDS[kind]
    text = f"def g(a, b, c):\n    return {before}\n"
    made = {change.applied(text.encode()).decode() for change in changes.changes(text) if change.kind == kind}
    wanted = {f"def g(a, b, c):\n    return {expression}\n" for expression in after}
    assert {ast.dump(ast.parse(one)) for one in made} == {ast.dump(ast.parse(one)) for one in wanted}


def test_what_is_only_said_is_left_alone(tool):
    changes, _ = tool
    text = MODULE + (
        "\n\ndef said(a: int = 1) -> dict[str, int]:\n"
        '    """12 < 13."""\n'
        '    for one in tqdm(a, total=5, desc="x", disable=not progress):\n'
        "        bar.update(1)\n"
        '    raise invalid("a", expected="1", received=a + 1)\n'
    )
    found = changes.changes(text)
    assert [(change.line, change.kind) for change in found if change.line > 13] == [(15, "number"), (19, "statement")]
    assert not any(change.line in (1, 5, 9) for change in found)
    assert {change.kind for change in found if change.line == 11} == {"statement"}, "the raise itself may go"


def test_a_larger_count_begins_with_the_same_changes_and_another_seed_draws_others(root, tool):
    changes, _ = tool
    name = "fer_utils/metrics/classification.py"
    text = (root / name).read_text(encoding="utf-8")
    few, more, others = (changes.chosen(name, text, seed, count) for seed, count in ((1, 5), (1, 20), (2, 5)))
    assert len(few) == 5 and set(few) < set(more) and set(few) != set(others)
