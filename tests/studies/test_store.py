"""Stored results: run once, kept with what made them, stale when the code is another, and inside what is installed."""

from __future__ import annotations

from dataclasses import replace
import json
import re
import shutil
import subprocess
import sys
import types

from markdown_it import MarkdownIt
from patience import PATIENCE
import pytest

from fer_utils import studies
from fer_utils.cli import main
from fer_utils.core import provenance, stages
from fer_utils.core.errors import FerError
from fer_utils.studies import registry, store


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """One study, `toy`, that passes the splits and the metrics; the folder of answers is an empty one."""
    calls = []

    def answer(tier="class", *, progress=True, factor=1):
        calls.append(tier)
        stages.mark("splits", "metrics")
        return {
            "tier": tier,
            "value": 0.5 * factor,
            "rows": [[1, 2], [3, 4]],
            "text": "ä",
            "long": list(range(99)),
            "nested": {"a": ["x" * 99] * 3},
        }

    made = types.SimpleNamespace(TITLE="What a toy says", HEADLINE=True, answer=answer, calls=calls)
    monkeypatch.setitem(sys.modules, "fer_utils.studies.a_toy", made)
    monkeypatch.setattr(registry, "_MODULES", {"toy": "a_toy"})
    monkeypatch.setitem(stages.RELEASE_NOTES, "study.toy", {1: "A toy."})
    monkeypatch.setattr(store, "ANSWERS", tmp_path / "answers")
    return made


def test_an_answer_is_kept_with_what_made_it_and_comes_back(toy, tmp_path):
    assert studies.stored() == []
    with pytest.raises(
        FerError, match=r"No answer of the study 'toy'.*python -m fer_utils study toy --tier class --store"
    ):
        studies.load("toy")
    ran = studies.run("toy", store=True, progress=False)
    assert ran == studies.load("toy") == studies.load("toy", "class") and studies.stored() == [("toy", "class")]
    assert ran.answer == toy.answer() and ran.commit == provenance.commit() and ran.versions == provenance.versions()
    assert ran.stages == stages.versions(["splits", "metrics", "study.toy"]) and not ran.stale
    assert ran.processor_minutes >= 0 and ran.trainings == {"count": 0, "minutes": 0}
    text = (tmp_path / "answers" / "toy.json").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) < 500 and "ä" in text and '"rows": [[1, 2], [3, 4]]' in text
    studies.run("toy", "full", store=True, progress=False)
    assert studies.load("toy").tier == "full" and studies.load("toy", "class").tier == "class"


def test_without_store_nothing_is_kept(toy):
    assert studies.run("toy", "smoke", progress=False, factor=4).answer["value"] == 2
    assert studies.stored() == []


@pytest.mark.parametrize("given", [{"tier": "smoke"}, {"factor": 2}])
def test_what_is_not_the_study_as_it_stands_is_not_kept_and_said_before_the_work(toy, given):
    with pytest.raises(FerError, match="`store`"):
        studies.run("toy", store=True, progress=False, **given)
    assert toy.calls == []


def test_a_stage_with_a_newer_version_makes_it_stale_and_the_page_says_so(toy, monkeypatch):
    """Exactly the stages that it passed: another stage's version, or any text, changes nothing."""
    kept = studies.run("toy", store=True, progress=False)
    assert "Stale" not in kept.note() and "`class`" in kept.note() and kept.command in kept._repr_markdown_()
    monkeypatch.setitem(stages.RELEASE_NOTES, "faces", {1: "First.", 2: "Other crops."})
    assert not kept.stale and kept.newer == []
    monkeypatch.setitem(stages.RELEASE_NOTES, "splits", {1: "First.", 2: "Other folds.", 3: "And again."})
    assert kept.stale and str(kept.newer[0]) == "splits: version 1, today 3 (Other folds. And again.)"
    assert "**Stale**: splits: version 1, today 3 (Other folds. And again)." in kept.note()


def test_what_another_stored_answer_rests_on_this_one_rests_on(toy, monkeypatch):
    studies.run("toy", store=True, progress=False)
    second = types.SimpleNamespace(
        TITLE="Second", HEADLINE=True, answer=lambda tier, progress: {"value": studies.load("toy").answer["value"]}
    )
    monkeypatch.setitem(sys.modules, "fer_utils.studies.a_second", second)
    monkeypatch.setattr(registry, "_MODULES", {"toy": "a_toy", "second": "a_second"})
    monkeypatch.setitem(stages.RELEASE_NOTES, "study.second", {1: "A second."})
    made = studies.run("second", progress=False)
    assert set(made.stages) == {"splits", "metrics", "study.toy", "study.second"}


def test_the_cost_counts_trainings_that_were_stored_before(toy):
    def answer(tier, progress):
        stages.mark_training("a", 30.0)
        stages.mark_training("b", 45.0)
        stages.mark_training("a", 30.0)
        return {"value": 1}

    toy.answer = answer
    made = studies.run("toy", progress=False)
    assert made.trainings == {"count": 2, "minutes": 75.0} and made.processor_minutes >= 75
    assert "75 processor-minutes (trainings included)" in made.note()


@pytest.mark.parametrize("wrong", [float("nan"), {1, 2}, object()])
def test_an_answer_that_json_does_not_know_is_named(toy, wrong):
    toy.answer = lambda tier, progress: {"value": wrong}
    with pytest.raises(FerError, match=r"'toy'.*JSON"):
        studies.run("toy", store=True, progress=False)
    assert studies.stored() == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "toy"}', "null"])
def test_a_file_that_is_no_answer_is_named(toy, tmp_path, content):
    file = tmp_path / "answers" / "toy.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(FerError, match=r"toy.json is no stored answer.*Run it again"):
        studies.load("toy")


@pytest.mark.parametrize(
    "call", [lambda: studies.run("toy", "huge"), lambda: studies.load("toy", "smoke"), lambda: studies.load("joy")]
)
def test_what_there_is_not_is_said(toy, call):
    with pytest.raises(FerError, match=r"`(tier|name)`"):
        call()


def test_the_command_line_lists_runs_and_keeps(toy, capsys, monkeypatch):
    assert main.main(["study"]) == 0 and "toy: What a toy says\n    not stored" in capsys.readouterr().out
    assert main.main(["study", "toy", "--tier", "class", "--store", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["value"] == 0.5
    assert main.main(["study", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["studies"]
    assert row["stored"][0]["tier"] == "class" and row["stored"][0]["stale"] is False
    assert main.main(["study", "toy", "--tier", "smoke", "--store"]) == 2 and "`store`" in capsys.readouterr().err
    now = stages.version("metrics")
    monkeypatch.setitem(stages.RELEASE_NOTES, "metrics", {now: "As it is.", now + 1: "Other intervals."})
    assert main.main(["study"]) == 0
    said = capsys.readouterr().out
    assert (
        "stale; anew it costs about" in said and f"metrics: version {now}, today {now + 1} (Other intervals.)" in said
    )
    assert "1 stale; all of them anew" in said


def test_unknown_studies_are_named():
    with pytest.raises(FerError, match="`name`"):
        studies.module("joy")


# --- the book's own -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "tier"), studies.stored(), ids=lambda value: value)
def test_what_is_stored_is_whole_and_a_headline_is_fresh(name, tier):
    made, found = studies.module(name), studies.load(name, tier)
    assert found.name == name and found.title == made.TITLE and found.answer and not found.options
    assert found.stages[f"study.{name}"] and set(found.stages) <= set(stages.RELEASE_NOTES)
    if made.HEADLINE:
        newer = "; ".join(map(str, found.newer))
        assert not found.stale, f"{newer}. Run it again: {found.command} ({found.cost()})"


def test_every_study_has_a_stored_answer():
    assert {name for name, tier in studies.stored() if tier == "class"} == set(studies.available())


def test_an_installed_package_has_the_results(root, tmp_path):
    """What pip builds, as on Colab, where there is no checkout."""
    source = tmp_path / "source"
    shutil.copytree(
        root,
        source,
        ignore=shutil.ignore_patterns(".venv", "_build", ".git", "__pycache__", "notebooks", "tests", "*.egg-info"),
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--disable-pip-version-check",
            "--target",
            str(tmp_path / "installed"),
            str(source),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    code = (
        "from fer_utils import studies; from fer_utils.models import pretrained_networks as trained; import json; "
        "files = [str(trained.find(name).checked()) for name in trained.file_names()]; trained.reference(); "
        "print(json.dumps([str(studies.folder()), studies.stored(), files]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        timeout=PATIENCE,
    )
    where, stored, files = json.loads(done.stdout)
    if studies.stored():
        assert where == str(tmp_path / "installed" / "fer_utils" / "studies" / "answers")
    assert [tuple(pair) for pair in stored] == studies.stored()
    folder = tmp_path / "installed" / "fer_utils" / "models" / "pretrained_files"
    assert files == [str(folder / "drawn48.tflite"), str(folder / "drawn48-int8.tflite")]


def test_a_tampered_answer_writes_no_html_into_the_notebook(toy):
    kept = studies.run("toy", store=True, progress=False)
    attack = "` <script>alert(1)</script> <img src=x> ![p](http://else.where/p.png) `"
    stages_of_it = kept.stages | {f"{attack} stage": 1}
    bad = replace(kept, commit=attack, finished=attack, tier=attack, command=attack, stages=stages_of_it)
    bad.hardware["processor"] = attack
    page = MarkdownIt("commonmark", {"html": True}).render(bad._repr_markdown_())
    assert "alert(1)" in page and "Stale" in page
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "em", "strong", "code"}
