"""The chapters: stored clean, all of one plan, executed at smoke size, alone, and on real clips."""

import json
import os
import re
import subprocess

import nbformat
import papermill
import pytest

from fer_utils.core import log_lines

APPENDICES = ("a1_studio", "a2_drawn_and_real")
CHAPTERS = (
    "01_dataset_tour",
    "02_preprocessing",
    "03_architecture",
    "04_training",
    "05_overfitting",
    "06_evaluation",
    "07_people",
    "08_explanation",
    "09_comparison",
    "10_designs",
    "11_compress",
    "12_smaller",
    "13_real_time",
)

#: Tags of code that nobody reads at first: hidden, or to be written by the reader.
UNREAD = ("setup", "hide-input", "hide-cell", "exercise", "quiz")


def load(root, name):
    return nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_the_chapters_are_all_there_in_their_order(root):
    assert sorted(p.stem for p in (root / "notebooks").glob("*")) == list(CHAPTERS + APPENDICES)


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_stored_without_outputs_and_valid(root, name):
    notebook = load(root, name)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
        known = {"tags", "mystnb", "jupyter", "cellView"}
        assert set(cell.metadata) <= known, "a cell keeps metadata of somebody's session"
        assert cell.metadata.get("mystnb") in (
            None,
            {"markdown_format": "myst"},
        )  # for a cell that writes a table in Markdown
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "fer"}
    assert set(notebook.metadata.get("fer", {})) <= {"alone", "minutes"}, "what book/pipeline/builder.py reads"
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_what_is_hidden_is_hidden_on_the_site_in_jupyterlab_and_on_colab(root, name):
    for cell in load(root, name).cells:
        hidden = bool({"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])))
        marks = (cell.metadata.get("jupyter"), cell.metadata.get("cellView"), cell.source.startswith("#@title "))
        assert marks == (({"source_hidden": True}, "form", True) if hidden else (None, None, False)), cell.source[:80]


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_no_code_that_is_shown_has_more_than_88_columns(root, name):
    cells = [cell for cell in load(root, name).cells if cell.cell_type == "code"]
    shown = [cell for cell in cells if "hide-input" not in cell.metadata.get("tags", [])]
    assert shown and not [line for cell in shown for line in cell.source.splitlines() if len(line) > 88]


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_every_chapter_has_the_same_plan(root, name):
    notebook = load(root, name)
    (parameters,) = tagged(notebook, "parameters")
    assert re.search(r'^TIER = "class"', parameters.source, re.M) and re.search(
        r"^DATA_ROOT = None", parameters.source, re.M
    )
    opening = notebook.cells[0].source
    assert opening.startswith("# ") and f"After this {'page' if name in APPENDICES else 'chapter'} you can" in opening
    assert re.search(r"\*\*Time\*\*: \d+ minutes of reading", opening)
    assert len(tagged(notebook, "setup")) == 1
    assert len(tagged(notebook, "exercise")) == len(tagged(notebook, "solution")) >= 1
    assert any(re.search(r"\bshow\(", cell.source) for cell in notebook.cells), "a figure answers a question"
    assert "colophon(TIER)" in notebook.cells[-1].source


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_no_text_needs_the_site_to_be_read(root, name):
    """A directive or role of MyST is code in JupyterLab and on Colab, and its title is lost."""
    text = "\n".join(cell.source for cell in load(root, name).cells if cell.cell_type == "markdown")
    assert not re.findall(r"(?m)^ *(?:```|:::+) *\{[\w-]+\}.*$|\{[\w:-]+\}`", text)


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_the_minutes_of_the_exercises_are_those_of_their_headings(root, name):
    notebook = load(root, name)
    (stated,) = re.findall(r"(\d+) minutes of exercises", notebook.cells[0].source)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heads = re.findall(r"(?m)^### (?:Exercise|Question) .*$", text)
    each = [re.search(r"(\d+) minutes\)$", head) for head in heads]
    assert heads and all(each), heads
    assert int(stated) == sum(int(found[1]) for found in each if found)


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_no_measured_number_is_typed_into_the_prose(root, name):
    """A percentage in a Markdown cell is a quotation, and then its source stands in the same cell."""
    for cell in load(root, name).cells:
        if cell.cell_type == "markdown" and re.search(r"\d+(\.\d+)?\s?(%|per cent)", cell.source):
            assert re.search(r"doi\.org|20\d\d|paper|92 %", cell.source), cell.source


def test_chapter_7_asks_for_the_networks_of_chapter_6(root):
    """Otherwise it trains two of its own, which takes a minute and a half."""
    said = []
    for name in ("06_evaluation", "07_people"):
        code = "\n".join(cell.source for cell in load(root, name).cells if cell.cell_type == "code")
        (side,) = re.findall(r"^side = (\{.*\})\[TIER\]$", code, re.M)
        said.append((side, re.findall(r'EPOCHS or (\{"smoke": .*?\})\[TIER\]', code)))
    assert said[0] == said[1] and all(len(epochs) == 1 for _, epochs in said)


def test_set_up_is_one_cell_that_installs_nothing_here_and_keeps_the_level_of_messages_that_is_set(root, monkeypatch):
    """What it does on Colab: tests/book/test_publishing.py."""
    calls = []
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setattr(subprocess, "run", lambda command, **options: calls.append((command, options)))
    sources = {tagged(load(root, name), "setup")[0].source for name in CHAPTERS + APPENDICES}
    assert len(sources) == 1, "one set-up cell for all chapters"
    (source,) = sources
    exec(source, {})
    assert calls == [] and os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    del os.environ["TF_CPP_MIN_LOG_LEVEL"]
    exec(source, {})
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
    hidden = []
    monkeypatch.setattr(log_lines, "hide", lambda: hidden.append(True))
    exec(source, {})
    assert hidden == [True], "TensorFlow's notes about itself stay out of the page"


def test_every_chapter_ran_through_papermill(smoke_build):
    assert [outcome.chapter.split("/")[-1] for outcome in smoke_build.chapters] == list(CHAPTERS + APPENDICES)
    for outcome in smoke_build.chapters:
        notebook = nbformat.read(outcome.notebook, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code), outcome.chapter
        assert any('TIER = "smoke"' in cell.source for cell in code)
        text = json.dumps(notebook, ensure_ascii=False)
        assert "✓ Exercise" in text and "○ Exercise" in text, "the solution passes, the stub is not tried"
        assert "✗ Exercise" not in text
        pictures = re.findall(r'class=\\"fer-light(?: fer-wide)?\\" alt=\\"([^"\\]+)', text)
        assert pictures and all(len(alt.split()) >= 4 for alt in pictures)


def test_chapter_11_compares_strangers_with_strangers(smoke_build):
    """Rows whose test frames were drawn at random are no rivals of a network that is tested on strangers."""
    (outcome,) = (one for one in smoke_build.chapters if one.chapter.endswith("12_smaller"))
    notebook = nbformat.read(outcome.notebook, as_version=4)
    said = json.dumps([cell.outputs for cell in notebook.cells if cell.cell_type == "code"], ensure_ascii=False)
    assert "The best simple method, **HOG and SVM**, reads" in said


def run_alone(root, name, folder, **parameters):
    """A chapter by papermill, in a folder that is not the book's."""
    return papermill.execute_notebook(
        str(root / "notebooks" / f"{name}.ipynb"),
        str(folder / f"{name}.ipynb"),
        progress_bar=False,
        parameters={"TIER": "smoke", **parameters},
        kernel_name="python3",
        cwd=str(folder),
    )


@pytest.mark.slow
def test_a_chapter_runs_alone_with_nothing_made_before(root, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    notebook = run_alone(root, "03_architecture", tmp_path)
    text = json.dumps(notebook, ensure_ascii=False)
    assert "542,136 parameters" in text and "91.4 %" in text


@pytest.mark.slow
def test_preprocessing_runs_on_real_clips(root, shared_data, tmp_path):
    notebook = run_alone(root, "02_preprocessing", tmp_path, DATA_ROOT=str(shared_data / "ravdess"))
    text = json.dumps(notebook, ensure_ascii=False)
    assert "(42, 180, 180, 1)" in text and "42 faces from 7 clips" in text


@pytest.mark.parametrize("name", CHAPTERS + APPENDICES)
def test_the_minutes_of_reading_allow_for_words_code_and_formulas(root, name):
    """As book/how-to-read.md says: 150 words and 15 lines of code a minute, half a minute a formula, less a tenth."""
    cells = load(root, name).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    stated = int(re.search(r"\*\*Time\*\*: (\d+) minutes of reading", prose)[1])
    formulas = len(re.findall(r"\$\$.*?\$\$", prose, re.S))
    prose = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|```.*?```|\]\([^)]*\)", " ", prose, flags=re.S)
    prose = re.sub(r"\$[^$]+\$|`[^`]+`", " word ", prose)
    read = [cell for cell in cells if cell.cell_type == "code" and not set(UNREAD) & set(cell.metadata.get("tags", []))]
    code = [line for cell in read for line in cell.source.splitlines() if line.strip()]
    needed = len(re.findall(r"\w[\w'’.,–-]*", prose)) / 150 + len(code) / 15 + formulas / 2
    assert stated >= 0.9 * needed, f"{name} says {stated} minutes and has words, code and formulas for {needed:.0f}"
