"""Model cards: every number is the result's own, what is missing is named, and what is forbidden stands there."""

from __future__ import annotations

import copy
from html.parser import HTMLParser
import json
import re
import sys
from types import SimpleNamespace

from markdown_it import MarkdownIt
import numpy as np
import pandas as pd
import pytest

from fer_utils import metrics
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Experiment, Result, Split
from fer_utils.reporting import model_cards
from fer_utils.reporting.model_cards import card

LABELS = ["neutral", "happy", "sad"]


@pytest.fixture
def result(tmp_path):
    rng = np.random.default_rng(0)
    true = np.repeat(np.tile([0, 1, 2], 20), 2)
    actor = np.repeat([f"{k:02d}" for k in range(1, 7)], 20)
    said = np.where(rng.random(120) < 0.6, true, (true + 1) % 3)
    rows = pd.DataFrame(
        {"row": range(120), "clip": [f"{k}" for k in range(120)], "actor": actor, "true": true, "predicted": said}
    )
    experiment = Experiment(data=Data(tier="class"), split=Split("actor", fold=0))
    return Result(
        path=tmp_path,
        experiment=experiment.configuration(),
        key="abc123",
        labels=list(LABELS),
        history={},
        metrics=metrics.evaluate(true, said, actor, LABELS),
        stages={},
        split={
            "train": 480,
            "test": 120,
            "train_actors": 18,
            "test_actors": 6,
            "leaked_share": {"clip": 0.0, "actor": 0.0},
        },
        parameters=54321,
        seed=3,
        minutes=1.5,
        processor_minutes=2.5,
        versions={"python": "3.11.7"},
        hardware={"processor": "a machine", "gpu": None},
        commit="0123456789ab",
        finished="2026-11-22T01:02:03+00:00",
        predictions=rows,
        faces={"detector": "dlib", "margin": 0.0},
    )


def audited(result, **changes):
    row = {
        "attribute": "skin tone",
        "value": "dark (8 to 10)",
        "n": 100,
        "people": 72,
        "accuracy": 0.5312,
        "low": 0.5,
        "high": 0.56,
        "gap": -0.0781,
        "gap_low": -0.104,
        "gap_high": -0.0537,
        "p": 0.001,
        "corrected": 0.01,
        "judged": True,
        "found": True,
    }
    better = row | {"value": "light (1 to 3)", "gap": 0.05, "accuracy": 0.6226}
    hidden = row | {"attribute": "age", "value": "45 and over", "found": False, "accuracy": 0.4999}
    return {
        "tier": "class",
        "people": 240,
        "clean": {
            "audit": [row, better, hidden],
            "experiments": [result.experiment | changes],
            "strangers": {"value": 0.5864, "low": 0.5736, "high": 0.5994},
        },
    }


def headings(text):
    return re.findall(r"^## (.+)$", text, re.M)


def test_the_nine_headings_of_mitchell_and_others_in_their_order(result):
    made = card(result, audit=None, profile=False)
    assert headings(made.markdown) == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    assert "10.1145/3287560.3287596" in model_cards.__doc__ and str(made) == made.markdown
    page = made._repr_html_()
    assert page.startswith("<details") and "<h" not in page and "Intended use" in page and "<td>accuracy</td>" in page


def test_a_part_is_what_stands_under_its_heading(result):
    made = card(result, audit=None, profile=False)
    parts = [made.section(name) for name in headings(made.markdown)]
    assert all(part and part in made.markdown and "## " not in part for part in parts) and len(set(parts)) == 9
    assert made.section("Intended use").startswith("- For: ")
    with pytest.raises(FerError, match=r"`heading`.*Model details.*'Praise'"):
        made.section("Praise")


def test_the_numbers_are_the_results_own(result):
    text = card(result, audit=None, profile=False).markdown
    one = result.metrics["accuracy"]
    assert (
        f"| accuracy | {100 * one['value']:.1f} % | {100 * one['low']:.1f} % to {100 * one['high']:.1f} % | 6 |" in text
    )
    for label in LABELS:
        assert f"| recall of {label} | {100 * result.metrics['recall'][label]:.1f} % |" in text
    for said in (
        "54,321 parameters",
        "480 pictures of 18 people",
        "120 pictures of 6 people",
        "seed 3",
        "`0123456789ab`",
        "python 3.11.7",
        "a machine",
        "dlib",
        "nothing in the test was seen in training",
        "drawn actors",
    ):
        assert said in text, said
    each = (result.predictions["true"] == result.predictions["predicted"]).groupby(result.predictions["actor"]).mean()
    assert f"from {100 * each.min():.1f} % (actor" in text and f"{100 * each.max():.1f} %" in text
    assert "None" not in text and "nan" not in text


def test_what_must_not_be_built_stands_in_every_card(result):
    text = card(result, audit=None, profile=False).markdown
    for said in (
        "Article 5(1)(f)",
        "Article 50(3)",
        "people at work or in education",
        "Regulation (EU) 2024/1689",
        "10.1177/1529100619832930",
    ):
        assert said in text
    assert "posed-expression label" in text


def test_missing_evidence_is_named_where_it_belongs_and_at_the_end(result):
    made = card(result, audit=None, profile=False)
    end = made.markdown.split("**Missing evidence**")[1]
    for what in made.missing:
        assert f"- {what}" in end
    assert "a test on real people's faces" in made.missing and any("audit" in what for what in made.missing)
    assert any("exported" in what for what in made.missing) and any("speed" in what for what in made.missing)
    for what in made.missing:
        assert what.startswith("speed") or f"*Missing: {what}.*" in made.markdown or "recall of" in what


def test_an_easier_protocol_leaks_one_person_and_an_absent_label_are_told(result):
    poor = copy.deepcopy(result)
    poor.experiment["split"]["by"] = "frame"
    poor.split["leaked_share"] = {"clip": 1.0, "actor": 1.0}
    poor.predictions = poor.predictions[poor.predictions["true"] < 2].assign(actor="01")
    rows = poor.predictions
    poor.metrics = metrics.evaluate(
        rows["true"].to_numpy(), rows["predicted"].to_numpy(), rows["actor"].to_numpy(), LABELS
    )
    poor.commit, poor.faces = "", {}
    made = card(poor, audit=None, profile=False)
    assert "100 % of the test's pictures share their actor with training" in made.markdown
    for what in (
        "people that it has not learned from",
        "an interval",
        "recall of sad",
        "the commit",
        "how the faces were made",
    ):
        assert any(what in one for one in made.missing), what
    assert (
        "| recall of sad | not measured | none | 0 |" in made.markdown
        and "One person alone is in the test" in made.markdown
    )
    assert "None" not in made.markdown and "nan" not in made.markdown


def test_whom_it_fails_comes_from_the_audit_of_such_networks(result):
    text = card(result, audit=audited(result), profile=False).markdown
    assert (
        "This very network is one of the audited" in text
        and "| skin tone: dark (8 to 10) | 72 | 53.1 % | -7.8 points | -10.4 to -5.4 |" in text
    )
    assert "62.3 %" not in text and "50.0 %" not in text.split("**Whom it fails**")[1], "only what is worse, and found"
    assert "Of 3 groups and conditions 1 are worse" in text
    other = card(result, audit=audited(result, seed=9), profile=False)
    assert "an audit of this very network" in other.missing and "other trainings of the same network" in other.markdown
    strange = card(result, audit=audited(result, model={"name": "nano", "options": {}, "size": None}), profile=False)
    assert any("nobody knows whom it fails" in what for what in strange.missing) and "skin tone" not in strange.markdown
    assert "nobody has asked" in strange.section("Ethical considerations") and "under *Whom it fails*" in other.section(
        "Ethical considerations"
    )


def test_the_repositorys_own_audit_is_read(result):
    made = card(result, profile=False)
    assert "drawn strangers were asked about" in made.markdown and "Stored answer `audit`" in made.markdown


def test_real_clips_and_a_readers_own_faces_are_called_what_they_are(result):
    result.experiment["data"]["root"] = "/data/ravdess"
    made = card(result, audit=None, profile=False)
    assert "clips of RAVDESS (Livingstone" in made.markdown and "a test on real people's faces" not in made.missing
    assert any("whether they agreed" in what for what in made.missing)
    result.experiment["data"].update(root=None, face_set="/faces", dataset="folder")
    assert "a face set of the reader's own" in card(result, audit=None, profile=False).markdown


def test_sizes_of_the_network_and_its_exports(result):
    keras = pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    inputs = keras.Input((8, 8, 1))
    keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs))).save(result.path / "model.keras")
    export = SimpleNamespace(format="litert", quantize="int8", bytes=61234, agreement=0.96875, checked=32)
    made = card(result, audit=None, exports=[export])
    assert (
        "192 multiply-accumulates" in made.markdown
        and "litert, int8: 61,234 bytes; the same label as Keras on 96.9 % of 32 pictures" in made.markdown
    )
    assert f"the file has {(result.path / 'model.keras').stat().st_size:,} bytes" in made.markdown
    assert not any("exported" in what or "file" in what for what in made.missing)
    with pytest.raises(FerError, match="`exports`"):
        card(result, audit=None, exports=["small.tflite"], profile=False)


def test_a_card_of_a_stored_folder_is_written(result, tmp_path):
    (result.path / "result.json").write_text(result.to_json())
    made = card(result.path, audit=None, profile=False)
    assert made.markdown == card(result, audit=None, profile=False).markdown
    path = made.write(tmp_path / "cards" / "nano.md")
    assert (
        path.read_text() == made.markdown
        and json.loads((result.path / "result.json").read_text())["key"] in made.markdown
    )


@pytest.mark.parametrize(
    "given", [{"result": "nowhere"}, {"result": None}, {"result": ""}, {"audit": {"clean": {}}}, {"audit": 3}]
)
def test_impossible_cards(result, given):
    arguments = {"result": result, "audit": None, "profile": False} | given
    with pytest.raises(FerError):
        card(arguments.pop("result"), **arguments)


def test_teachers_are_named(result):
    from dataclasses import replace

    from fer_utils.experiments import Distillation

    assert "Taught" not in card(result, audit=None, profile=False).markdown
    alone = Experiment.from_configuration(result.experiment)
    taught = replace(
        alone, distillation=Distillation((replace(alone, model="nano"), alone), weight=0.5, temperature=4.0)
    )
    text = card(replace(result, experiment=taught.configuration()), audit=None, profile=False).markdown
    assert (
        "- Taught: besides the labels by `nano`, `ding2023` (weight 0.5, temperature 4), on the same data and split"
        in text
    )


ATTACK = "<img src=x onerror=alert(1)> <script>alert(2)</script> ![p](http://else.where/p.png) [l](javascript:alert(3))"
ATTACKS = (
    ATTACK,
    f"\n\n{ATTACK}\n\n",
    f"` {ATTACK} `",
    f"\\{ATTACK}",
    f"|{ATTACK}|",
    "<!-- <b>&lt;script&gt; <http://else.where>",
    f"[l]: http://else.where\n[l]\n\n- x\n\n<div>\n{ATTACK}",
)


def _changed(value, attack):
    """A stored value with the attack in the place of every text, and in the names of a dict."""
    if isinstance(value, dict):
        return {key: _changed(inner, attack) for key, inner in value.items()}
    if isinstance(value, list):
        return [_changed(inner, attack) for inner in value]
    return attack if isinstance(value, str) else value


def _tampered(result, attack):
    """The result as a stranger may have written it: every text of it is an attack."""
    bad = copy.deepcopy(result)
    bad.labels = [f"{name} {attack}" for name in result.labels]
    bad.predictions = bad.predictions.assign(actor=attack + bad.predictions["actor"])
    for name in ("experiment", "versions", "hardware", "faces", "commit", "finished", "key"):
        setattr(bad, name, _changed(getattr(result, name), attack))
    for name in ("versions", "hardware", "faces"):
        getattr(bad, name)[attack] = "1"
    bad.experiment["model"]["options"][attack] = attack
    bad.experiment["recipe"][attack] = attack
    bad.split["leaked_share"][attack] = 0.5
    one = {"model": {"name": attack}}
    bad.experiment["distillation"] = {"teachers": [one, one], "weight": 1.0, "temperature": 2.0}
    return bad


class _Elements(HTMLParser):
    """The names of a page's elements, and the addresses that it asks for."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes = set(), []
        self.feed(page)

    def handle_starttag(self, name, attributes):
        self.names.add(name)
        self.attributes += attributes


HARMLESS = {"details", "summary", "b", "strong", "em", "p", "ul", "li", "code", "table", "thead", "tbody", "tr", "th"}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("tool", ["markdown-it", "a notebook's Markdown", "none"])
def test_a_tampered_result_writes_no_html_of_its_own(result, attack, tool, monkeypatch):
    bad = _tampered(result, attack)
    answer = audited(bad)
    answer["tier"] = attack
    for row in answer["clean"]["audit"]:
        row.update(attribute=attack, value=attack)
    made = card(bad, audit=answer, profile=False, exports=[
        SimpleNamespace(format=attack, quantize=attack, bytes=1, agreement=0.5, checked=attack)
    ])  # fmt: skip
    if tool == "none":
        monkeypatch.setitem(sys.modules, "markdown_it", None)
    if tool == "a notebook's Markdown":  # which lets HTML through: chapter 12 shows the sections so
        page = MarkdownIt("commonmark", {"html": True}).enable("table").render(made.markdown)
    else:
        page = made._repr_html_()
    found = _Elements(page)
    assert found.names <= HARMLESS | {"td", "pre", "h1", "h2"}
    assert {name for name, _ in found.attributes} <= {"class"}
    rows = [line for line in made.markdown.splitlines() if line.startswith("|")]
    assert all(line.count("|") in (5, 6) for line in rows), "no cell more"
    assert headings(made.markdown) == headings(card(result, audit=None, profile=False).markdown)


def test_a_cards_own_markdown_cannot_bring_html_into_the_notebook():
    page = model_cards.ModelCard(f"# Card\n\n- **bold** {ATTACK}\n\n<script>alert(4)</script>\n", ())._repr_html_()
    found = _Elements(page)
    assert "strong" in found.names and not {"script", "img", "a"} & found.names
