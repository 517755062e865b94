"""The nine sections of a model card, in Markdown; see `fer_utils.reporting.model_cards`.

A section is a function of the stored result that returns its Markdown, heading included.  ``missing`` is the list of
the card's missing evidence; a section adds to it what it lacks.

A result may come from anywhere: its texts pass through `fer_utils.core.markdown`, so that none of them becomes HTML
where the card is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import metrics, models
from fer_utils.core import provenance
from fer_utils.core.errors import invalid
from fer_utils.core.markdown import code_span, literal
from fer_utils.experiments import Result
from fer_utils.reporting.text import percent

_NO_AUDIT = "an audit of this network"
#: Data set -> its name, and where its terms and source stand.
_DATA_SETS: Mapping[str, str] = {
    "ravdess": "RAVDESS (Livingstone & Russo 2018, doi 10.1371/journal.pone.0196391; CC BY-NC-SA 4.0)",
    "savee": "SAVEE (Haq & Jackson 2011; for research, on registration)",
    "mead": "MEAD (Wang et al. 2020, doi 10.1007/978-3-030-58589-1_42; by agreement)",
    "crema_d": "CREMA-D (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244; ODbL 1.0)",
    "fer2013": "FER2013 (Goodfellow et al. 2013, arXiv 1307.0414; pictures from the web, for research)",
}
#: Regulation (EU) 2024/1689, in our words.
PROHIBITED_USES: tuple[str, ...] = (
    "**Nothing that infers emotions of people at work or in education** from their faces: the EU AI Act (Regulation "
    "(EU) 2024/1689) prohibits it, Article 5(1)(f), medical and safety reasons excepted; since 2 February 2025.",
    "**Nothing that people do not know of**: whoever is exposed to a system of emotion recognition has to be told, "
    "Article 50(3); since 2 August 2026.",
    "**No decision about a person**, and no claim about what anybody feels, intends, is worth or is hiding. A "
    "configuration of the face is no emotion (Barrett et al. 2019, doi 10.1177/1529100619832930).",
)


def _machine(hardware: dict) -> str:
    """What is known of the machine, each value behind its name; lists (instruction sets) with spaces between."""
    known = []
    for key, value in hardware.items():
        if value in (None, "", []):
            continue
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        known.append(literal(f"{key.replace('_', ' ')} {shown}"))
    return ", ".join(known)


def details(result: Result, exports: list, profile: bool, missing: list[str]) -> str:
    """What the network is: size, work, exported files, training, versions, licence.

    ``FerError`` for an export that is no `fer_utils.compress.Export`.
    """
    model, file = result.experiment["model"], result.path / "model.keras"
    options = ", ".join(literal(f"{key}={value}") for key, value in model["options"].items()) or "its defaults"
    if file.is_file():
        file_size = f"the file has {file.stat().st_size:,} bytes"
    else:
        file_size = _note_missing(missing, "the network's file, which lies no more beside its result")
    size = f"{result.parameters:,} parameters, {4 * result.parameters:,} bytes in float32; {file_size}"
    rows = [("Network", f"{code_span(model['name'])} of `fer_utils.models`, with {options}"), ("Size", size)]
    if profile:
        rows.append(("Work", _multiply_accumulates(result, file, missing)))
    rows += [("Exported", _export_text(export)) for export in exports]
    if not exports:
        rows.append(("Exported", _note_missing(missing, "sizes, speed and accuracy of exported files")))
    if result.experiment.get("distillation"):
        rows.append(("Taught", _distillation_text(result.experiment["distillation"])))
    recipe = ", ".join(literal(f"{key} {value}") for key, value in result.experiment["recipe"].items())
    hardware = _machine(result.hardware)
    if _is_drawn(result):
        weights = "the weights were learned from drawings of this package"
    else:
        weights = "the weights follow the terms of the data that they were learned from"
    rows += [
        ("Trained", f"{literal(result.finished[:10])}, {result.minutes:g} minutes, seed {result.seed}: {recipe}"),
        ("On", hardware),
        ("Versions", ", ".join(literal(f"{name} {version}") for name, version in result.versions.items())),
        ("Commit", code_span(result.commit) if result.commit else _note_missing(missing, "the commit of the code")),
        ("Key of the result", code_span(result.key)),
        ("Licence", f"code MIT; {weights}"),
    ]
    return "## Model details\n\n" + _bullets(rows)


def intended_use(result: Result) -> str:
    """What the network is for, what it answers, and what must not be built with it."""
    labels = literal(", ".join(result.labels))
    rows = [
        (
            "For",
            "learning how such networks are built, measured and compared; research on posed expressions; the reader's "
            "own face on the reader's own device",
        ),
        (
            "It answers",
            f"which of {len(result.labels)} posed-expression labels ({labels}) a grey picture of a face resembles most",
        ),
        ("It does not answer", "what a person feels. The labels are instructions that actors were given"),
    ]
    prohibited = "\n".join(f"- {use}" for use in PROHIBITED_USES)
    return f"## Intended use\n\n{_bullets(rows)}\n\n**What must not be built with it**\n\n{prohibited}"


def factors(result: Result, missing: list[str]) -> str:
    """How many people, and how their faces were made."""
    if result.faces:
        faces = ", ".join(literal(f"{key} {value}") for key, value in result.faces.items() if value is not None)
    else:
        faces = _note_missing(
            missing, "how the faces were made (detector, margin, alignment), which the result does not say"
        )
    rows = [
        ("People", f"{result.split['train_actors']:,} in training, {result.split['test_actors']:,} in the test"),
        ("Faces", faces),
        ("Groups of people, pose, light, occlusion", "see the analyses below"),
    ]
    return "## Factors\n\n" + _bullets(rows)


def metrics_used(result: Result, missing: list[str]) -> str:
    """Which metrics the card gives, and where their intervals come from."""
    text = (
        "Accuracy and macro F1 (equation (1) of Ding, Tang & Lu 2023, doi 10.1109/TENCON58879.2023.10322470), and the "
        "recall of each label. Intervals are percentile bootstraps over the people of the test, widened where these "
        "are few: frames of one person are not independent observations."
    )
    if result.metrics["accuracy"]["low"] is None:
        text += " " + _note_missing(missing, "an interval, for the test has one person")
    return f"## Metrics\n\n{text}"


def evaluation_data(result: Result, missing: list[str]) -> str:
    """Whose pictures tested the network, and which of them training had seen."""
    split = result.experiment["split"]
    leaks = [
        f"{percent(share, 0)} of the test's pictures share their {literal(level)} with training"
        for level, share in result.split["leaked_share"].items()
        if share > 0
    ]
    text = (
        f"{result.split['test']:,} pictures of {result.split['test_actors']:,} people: {_data_text(result)}. "
        f"The split is by {literal(split['by'])}"
    )
    if leaks:
        text += f": {', '.join(leaks)}."
    else:
        text += "; nothing in the test was seen in training."
    if split["by"] != "actor":
        text += " " + _note_missing(
            missing, "a test on people that it has not learned from: this split tests people, or clips, that it knows"
        )
    if _is_drawn(result):
        text += " " + _note_missing(missing, "a test on real people's faces")
    text += " " + _note_missing(missing, "a test on expressions that nobody posed")
    return f"## Evaluation data\n\n{text}"


def training_data(result: Result, missing: list[str]) -> str:
    """Whose pictures the network learned from."""
    text = f"{result.split['train']:,} pictures of {result.split['train_actors']:,} people: {_data_text(result)}."
    if not _is_drawn(result):
        text += " " + _note_missing(
            missing,
            "who these people are (age, skin tone, origin) and whether they agreed to this use: see the data set's own "
            "datasheet",
        )
    return f"## Training data\n\n{text}"


def quantitative_analyses(result: Result, audit: Mapping | None, note: str, missing: list[str]) -> str:
    """The metrics with their intervals, person by person, and by groups where an audit says so.

    ``audit`` is the answer of the study ``audit``, or None; ``note`` says where it is stored.
    """
    measured = result.metrics
    rows = [("accuracy", measured["accuracy"]), ("macro F1", measured["macro_f1"]), *_recalls(result, missing)]
    table = "| measure | value | 95 % interval | people |\n|---|---|---|---|\n"
    table += "\n".join(_metric_row(name, metric) for name, metric in rows)
    parts = [
        "## Quantitative analyses",
        f"On {measured['n']:,} pictures; always the commonest label: {percent(measured['chance'])}.",
        table,
        _accuracy_by_person(result),
        "**Whom it fails**\n\n" + _groups_that_are_worse(result, audit, note, missing),
    ]
    return "\n\n".join(parts)


def ethical_considerations(missing: list[str]) -> str:
    """What to think of before such a network looks at people."""
    if any(what.startswith(_NO_AUDIT) for what in missing):
        whom = "for whom it is wrong more often nobody has asked"
    else:
        whom = "under *Whom it fails* stands for whom it is wrong more often"
    rows = [
        (
            "Faces are biometric data",
            "of people who may not have been asked. The package stores nothing unless told to",
        ),
        ("A score invites belief", f"it is a resemblance to posed pictures; {whom}"),
        ("Who is told", "everybody who comes into view, before; whoever asks is left out"),
    ]
    return "## Ethical considerations\n\n" + _bullets(rows)


def caveats(result: Result, missing: list[str]) -> str:
    """What else to know, and the list of all evidence that is missing."""
    missing.append("speed on the machine that it is to run on (`python -m fer_utils bench live --model ...`)")
    listed = "\n".join(f"- {what}" for what in missing)
    return (
        "## Caveats and recommendations\n\n"
        f"- One training with one seed ({result.seed}): another seed gives another network, with other mistakes.\n"
        "- A test on other data than the training's is a test of both: try it on the people, the camera and the light "
        "that it is meant for, before it is used.\n\n"
        f"**Missing evidence**\n\n{listed}\n\n"
        "*Made from the stored result by `fer_utils.reporting.model_cards`, commit "
        f"`{provenance.commit() or 'unknown'}`.*"
    )


def network_name(result: Result) -> str:
    """What the card calls the network: its name, seed and split."""
    experiment = result.experiment
    return literal(f"{experiment['model']['name']}, seed {result.seed}, split by {experiment['split']['by']}")


# --- parts of the sections ---------------------------------------------------------------------


def _note_missing(missing: list[str], what: str) -> str:
    """Add what is missing to the list, and return what is said of it in place."""
    missing.append(what)
    return f"*Missing: {what}.*"


def _bullets(rows: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows)


def _is_drawn(result: Result) -> bool:
    data = result.experiment["data"]
    return data.get("root") is None and data.get("face_set") is None


def _data_text(result: Result) -> str:
    """Which data the experiment used."""
    data = result.experiment["data"]
    full_name = _DATA_SETS.get(data["dataset"]) or code_span(data["dataset"])
    short_name = full_name.split(" (")[0]
    if data.get("face_set") is not None:
        return (
            f"a face set of the reader's own, with the labels of {short_name}; the result does not say whose faces "
            "they are"
        )
    if data.get("root") is not None:
        return f"clips of {full_name}"
    return f"drawn actors in the layout of {short_name}, tier {code_span(data['tier'])}: nobody was filmed"


def _multiply_accumulates(result: Result, file: Path, missing: list[str]) -> str:
    if not file.is_file():
        return _note_missing(missing, "multiply-accumulates, for the network's file is gone")
    counted = models.profile(result.model())
    size = literal(result.experiment["model"]["size"] or result.faces.get("size", "unknown"))
    text = f"{counted.macs:,} multiply-accumulates a picture of {size} pixels"
    if counted.activation_bytes is not None:
        text += f", {counted.activation_bytes:,} bytes of activations at most"
    return text


def _export_text(export) -> str:
    if not all(hasattr(export, name) for name in ("format", "quantize", "bytes", "agreement", "checked")):
        raise invalid("exports", expected="values of fer_utils.compress.export", received=export)
    return (
        f"{literal(export.format)}, {literal(export.quantize or 'float32')}: {export.bytes:,} bytes; the same label as "
        f"Keras on {percent(export.agreement)} of {literal(export.checked)} pictures"
    )


def _distillation_text(distillation: Mapping) -> str:
    teachers = ", ".join(code_span(teacher["model"]["name"]) for teacher in distillation["teachers"])
    return (
        f"besides the labels by {teachers} (weight {distillation['weight']:g}, temperature "
        f"{distillation['temperature']:g}), on the same data and split"
    )


def _metric_row(name: str, metric: Mapping) -> str:
    interval = "none"
    if metric.get("low") is not None:
        interval = f"{percent(metric['low'])} to {percent(metric['high'])}"
    return f"| {name} | {percent(metric['value'])} | {interval} | {literal(metric['groups'])} |"


def _recalls(result: Result, missing: list[str]) -> list[tuple[str, dict]]:
    """The recall of each label, with an interval over the people who pose it."""
    rows = result.predictions
    true, predicted = rows["true"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64)
    actor = rows["actor"].to_numpy()
    recalls = []
    for number, label in enumerate(result.labels):
        posed = true == number
        if posed.any():
            recall = metrics.interval(true[posed], predicted[posed], actor[posed], len(result.labels))
        else:
            recall = {"value": None, "low": None, "groups": 0}
            missing.append(f"recall of {literal(label)}: the test has no such picture")
        recalls.append((f"recall of {literal(label)}", recall))
    return recalls


def _accuracy_by_person(result: Result) -> str:
    rows = result.predictions
    correct = rows["true"] == rows["predicted"]
    accuracy = correct.groupby(rows["actor"].to_numpy()).mean().sort_values(kind="stable")
    if len(accuracy) < 2:
        return f"One person alone is in the test: {percent(accuracy.iloc[0])}."
    return (
        f"Person by person the accuracy runs from {percent(accuracy.iloc[0])} (actor {literal(accuracy.index[0])}) to "
        f"{percent(accuracy.iloc[-1])} (actor {literal(accuracy.index[-1])}); the median of the {len(accuracy)} "
        f"people is {percent(accuracy.median())}."
    )


def _groups_that_are_worse(result: Result, audit: Mapping | None, note: str, missing: list[str]) -> str:
    """The groups and conditions on which the audited networks of this kind are worse, as a table."""
    audited = [] if audit is None else audit["clean"].get("experiments", [])
    if not any(_same_kind(experiment, result.experiment) for experiment in audited):
        return _note_missing(
            missing, f"{_NO_AUDIT} by groups of people, pose, light and occlusion: nobody knows whom it fails"
        )
    if result.experiment in audited:
        whose = "This very network is one of the audited."
    else:
        whose = _note_missing(missing, "an audit of this very network") + (
            " What follows is about other trainings of the same network, on data of the same kind, split by actor, "
            f"at tier {code_span(audit['tier'])}."
        )
    rows = [row for row in audit["clean"]["audit"] if row["judged"]]
    worse = sorted((row for row in rows if row["found"] and row["gap"] < 0), key=lambda row: row["gap"])
    strangers = audit["clean"]["strangers"]
    text = (
        f"{whose} {literal(audit['people'])} drawn strangers were asked about; on them the networks are right in "
        f"{percent(strangers['value'])} ({percent(strangers['low'])} to {percent(strangers['high'])}). Of {len(rows)} "
        f"groups and conditions {len(worse)} are worse, by a gap that counts and that chance does not explain "
        "(corrected for the number of tests)."
    )
    if not worse:
        return f"{text}\n\n{note}".strip()
    table = "| group or condition | people | accuracy | gap | 95 % interval of the gap |\n|---|---|---|---|---|\n"
    table += "\n".join(
        f"| {literal(row['attribute'])}: {literal(row['value'])} | {literal(row['people'])} | "
        f"{percent(row['accuracy'])} | {100 * row['gap']:+.1f} points | "
        f"{100 * row['gap_low']:+.1f} to {100 * row['gap_high']:+.1f} |"
        for row in worse
    )
    caution = f"Not found is not the same as not there: small groups hide what large ones show. {note}".rstrip()
    return f"{text}\n\n{table}\n\n{caution}"


def _same_kind(one: Mapping, other: Mapping) -> bool:
    """Whether two experiments have the same network, and the same data but for their amount (the tier)."""
    return one["model"] == other["model"] and {**one["data"], "tier": ""} == {**other["data"], "tier": ""}
