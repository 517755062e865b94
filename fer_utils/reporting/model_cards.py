"""Model cards: what a trained network is, what it was tried on, whom it fails, and what must not be built with it.

After Mitchell et al. 2019, "Model Cards for Model Reporting" (doi 10.1145/3287560.3287596), whose nine
headings a card here has, in their order.  Every number comes from the stored result, or from the stored answer of the audit
(`fer_utils.studies.audit`); what nobody has measured is named as missing where a reader would look for it, and once more at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import html
import os
from pathlib import Path
import re
from typing import Any

import numpy as np

from fer_utils import metrics
from fer_utils.core import provenance
from fer_utils.core.errors import invalid
from fer_utils.core.paths import write_atomic
from fer_utils.experiments import Result
from fer_utils.reporting import percent

_NO_AUDIT = "an audit of this network"
#: Data set -> its name, and where its terms and source stand.
_SETS: Mapping[str, str] = {
    "ravdess": "RAVDESS (Livingstone & Russo 2018, doi 10.1371/journal.pone.0196391; CC BY-NC-SA 4.0)",
    "savee": "SAVEE (Haq & Jackson 2011; for research, on registration)",
    "mead": "MEAD (Wang et al. 2020, doi 10.1007/978-3-030-58589-1_42; by agreement)",
    "crema_d": "CREMA-D (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244; ODbL 1.0)",
}
#: Regulation (EU) 2024/1689, in our words.
FORBIDDEN: tuple[str, ...] = (
    "**Nothing that infers emotions of people at work or in education** from their faces: the EU AI Act (Regulation (EU) 2024/1689) "
    "prohibits it, Article 5(1)(f), medical and safety reasons excepted; since 2 February 2025.",
    "**Nothing that people do not know of**: whoever is exposed to a system of emotion recognition has to be told, Article 50(3); since 2 August 2026.",
    "**No decision about a person**, and no claim about what anybody feels, intends, is worth or is hiding. A configuration of the face is no emotion "
    "(Barrett et al. 2019, doi 10.1177/1529100619832930).",
)


@dataclass(frozen=True)
class Card:
    """A model card: ``markdown``, and ``missing``, what evidence there is none of."""

    markdown: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return self.markdown

    def _repr_html_(self) -> str:
        """For a notebook: the card folded up, its headings no headings of the page."""
        text = self.markdown.removeprefix("# ")
        title, _, rest = text.partition("\n")
        try:
            from markdown_it import MarkdownIt

            body = re.sub(r"<(/?)h[1-6]>", r"<\1strong>", MarkdownIt("commonmark").enable("table").render(rest))
        except ImportError:  # it comes with the book's tools
            body = f"<pre>{html.escape(rest)}</pre>"
        return f'<details class="fer-card"><summary><b>{html.escape(title)}</b></summary>\n{body}</details>'

    def part(self, heading: str) -> str:
        """The Markdown under one of the nine headings, without the heading; ``FerError`` where there is no such heading."""
        found = {
            text.partition("\n")[0]: text.partition("\n")[2].strip() for text in f"\n{self.markdown}".split("\n## ")[1:]
        }
        if heading not in found:
            raise invalid("heading", expected=f"one of {', '.join(found)}", received=heading)
        return found[heading]

    def write(self, path: str | os.PathLike) -> Path:
        """Write the Markdown to a file and return its path."""
        path = Path(path).expanduser()
        write_atomic(path, self.markdown)
        return path


def card(
    result: Result | str | os.PathLike,
    *,
    audit: Mapping | str | None = "stored",
    exports: Iterable[Any] = (),
    profile: bool = True,
) -> Card:
    """The card of a trained network.

    Parameters
    ----------
    result : a stored result, or its folder.
    audit : ``"stored"`` for the repository's stored answer of the study ``audit``; the answer itself; or None for none.  It is
        shown only where it is about networks of the same kind and data, and says whether this very network was among them.
    exports : `fer_utils.compress.Export` values, for the sizes of files.
    profile : open the network and count its multiply-accumulates.

    Raises
    ------
    FerError : no stored result; an audit or exports that are none.
    """
    made = result if isinstance(result, Result) else Result.load(_folder(result))
    missing: list[str] = []
    parts = [
        _details(made, list(exports), profile, missing),
        _use(made),
        _factors(made, missing),
        _metrics(made, missing),
        _evaluation(made, missing),
        _training(made, missing),
        _analyses(made, *_audit_of(audit), missing),
        _ethics(missing),
        _caveats(made, missing),
    ]
    return Card("\n\n".join([f"# Model card: {_name(made)}", *parts]) + "\n", tuple(missing))


def _folder(result) -> Path:
    if not isinstance(result, (str, os.PathLike)) or not os.fspath(result):
        raise invalid("result", expected="a stored result or its folder", received=result)
    return Path(result).expanduser()


def _name(made: Result) -> str:
    return f"{made.experiment['model']['name']}, seed {made.seed}, split by {made.experiment['split']['by']}"


def _absent(missing: list[str], what: str) -> str:
    missing.append(what)
    return f"*Missing: {what}.*"


def _machine(hardware: dict) -> str:
    """What is known of the machine, each value behind its name; lists (instruction sets) with spaces between."""
    known = []
    for key, value in hardware.items():
        if value in (None, "", []):
            continue
        shown = " ".join(value) if isinstance(value, list) else value
        known.append(f"{key.replace('_', ' ')} {shown}")
    return ", ".join(known)


def _rows(rows: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows)


def _drawn(made: Result) -> bool:
    data = made.experiment["data"]
    return data.get("root") is None and data.get("face_set") is None


def _data(made: Result) -> str:
    data = made.experiment["data"]
    named = _SETS.get(data["dataset"], f"`{data['dataset']}`")
    short = named.split(" (")[0]
    if data.get("face_set") is not None:
        return (
            f"a face set of the reader's own, with the labels of {short}; the result does not say whose faces they are"
        )
    if data.get("root") is not None:
        return f"clips of {named}"
    return f"drawn actors in the layout of {short}, tier `{data['tier']}`: nobody was filmed"


# --- the nine headings ------------------------------------------------------------------------


def _details(made: Result, exports: list, profile: bool, missing: list[str]) -> str:
    model, file = made.experiment["model"], made.path / "model.keras"
    options = ", ".join(f"{key}={value}" for key, value in model["options"].items()) or "its defaults"
    size = f"{made.parameters:,} parameters, {4 * made.parameters:,} bytes in float32"
    size += "; " + (
        f"the file has {file.stat().st_size:,} bytes"
        if file.is_file()
        else _absent(missing, "the network's file, which lies no more beside its result")
    )
    rows = [("Network", f"`{model['name']}` of `fer_utils.models`, with {options}"), ("Size", size)]
    if profile:
        rows.append(("Work", _work(made, file, missing)))
    for one in exports:
        if not all(hasattr(one, name) for name in ("format", "quantize", "bytes", "agreement", "checked")):
            raise invalid("exports", expected="values of fer_utils.compress.export", received=one)
        rows.append(
            (
                "Exported",
                f"{one.format}, {one.quantize or 'float32'}: {one.bytes:,} bytes; the same label as Keras on {percent(one.agreement)} of "
                f"{one.checked} pictures",
            )
        )
    if not exports:
        rows.append(("Exported", _absent(missing, "sizes, speed and accuracy of exported files")))
    recipe = ", ".join(f"{key} {value}" for key, value in made.experiment["recipe"].items())
    if taught := made.experiment.get("distillation"):
        rows.append(
            (
                "Taught",
                f"besides the labels by {', '.join('`' + one['model']['name'] + '`' for one in taught['teachers'])} (weight {taught['weight']:g}, "
                f"temperature {taught['temperature']:g}), on the same data and split",
            )
        )
    rows += [
        ("Trained", f"{made.finished[:10]}, {made.minutes:g} minutes, seed {made.seed}: {recipe}"),
        ("On", _machine(made.hardware)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in made.versions.items())),
        ("Commit", f"`{made.commit}`" if made.commit else _absent(missing, "the commit of the code")),
        ("Key of the result", f"`{made.key}`"),
        (
            "Licence",
            "code MIT; "
            + (
                "the weights were learned from drawings of this package"
                if _drawn(made)
                else "the weights follow the terms of the data that they were learned from"
            ),
        ),
    ]
    return "## Model details\n\n" + _rows(rows)


def _work(made: Result, file: Path, missing: list[str]) -> str:
    if not file.is_file():
        return _absent(missing, "multiply-accumulates, for the network's file is gone")
    from fer_utils import models

    found = models.profile(made.model())
    text = (
        f"{found.macs:,} multiply-accumulates a picture of {made.faces.get('size', 'unknown')} pixels"
        if not made.experiment["model"]["size"]
        else f"{found.macs:,} multiply-accumulates a picture of {made.experiment['model']['size']} pixels"
    )
    return text + (
        "" if found.activation_bytes is None else f", {found.activation_bytes:,} bytes of activations at most"
    )


def _use(made: Result) -> str:
    return (
        "## Intended use\n\n"
        + _rows(
            [
                (
                    "For",
                    "learning how such networks are built, measured and compared; research on posed expressions; the reader's own face on the "
                    "reader's own device",
                ),
                (
                    "It answers",
                    f"which of {len(made.labels)} posed-expression labels ({', '.join(made.labels)}) a grey picture of a face resembles most",
                ),
                ("It does not answer", "what a person feels. The labels are instructions that actors were given"),
            ]
        )
        + "\n\n**What must not be built with it**\n\n"
        + "\n".join(f"- {line}" for line in FORBIDDEN)
    )


def _factors(made: Result, missing: list[str]) -> str:
    rows = [("People", f"{made.split['train_actors']} in training, {made.split['test_actors']} in the test")]
    faces = made.faces
    rows.append(
        (
            "Faces",
            ", ".join(f"{key} {value}" for key, value in faces.items() if value is not None)
            if faces
            else _absent(
                missing, "how the faces were made (detector, margin, alignment), which the result does not say"
            ),
        )
    )
    rows.append(("Groups of people, pose, light, occlusion", "see the analyses below"))
    return "## Factors\n\n" + _rows(rows)


def _metrics(made: Result, missing: list[str]) -> str:
    text = (
        "Accuracy and macro F1 (equation (1) of Ding, Tang & Lu 2023, doi 10.1109/TENCON58879.2023.10322470), and the recall of each "
        "label. Intervals are percentile bootstraps over the people of the test: frames of one person are no independent witnesses."
    )
    if made.metrics["accuracy"]["low"] is None:
        text += " " + _absent(missing, "an interval, for the test has one person")
    return f"## Metrics\n\n{text}"


def _evaluation(made: Result, missing: list[str]) -> str:
    split = made.experiment["split"]
    leaked = {level: share for level, share in made.split["leaked_share"].items() if share > 0}
    text = f"{made.split['test']:,} pictures of {made.split['test_actors']} people: {_data(made)}. The split is by {split['by']}"
    text += (
        "; nothing in the test was seen in training."
        if not leaked
        else ": "
        + ", ".join(
            f"{percent(share, 0)} of the test's pictures share their {level} with training"
            for level, share in leaked.items()
        )
        + "."
    )
    if split["by"] != "actor":
        text += " " + _absent(
            missing, "a test on people that it has not learned from: this split tests people, or clips, that it knows"
        )
    if _drawn(made):
        text += " " + _absent(missing, "a test on real people's faces")
    text += " " + _absent(missing, "a test on expressions that nobody posed")
    return f"## Evaluation data\n\n{text}"


def _training(made: Result, missing: list[str]) -> str:
    text = f"{made.split['train']:,} pictures of {made.split['train_actors']} people: {_data(made)}."
    if not _drawn(made):
        text += " " + _absent(
            missing,
            "who these people are (age, skin tone, origin) and whether they agreed to this use: see the data set's own datasheet",
        )
    return f"## Training data\n\n{text}"


def _analyses(made: Result, audit: Mapping | None, note: str, missing: list[str]) -> str:
    found, chance = made.metrics, made.metrics["chance"]
    lines = [
        "## Quantitative analyses",
        f"On {found['n']:,} pictures; always the commonest label: {percent(chance)}.",
        "| measure | value | 95 % interval | people |\n|---|---|---|---|\n"
        + "\n".join(
            _line(name, one)
            for name, one in (
                ("accuracy", found["accuracy"]),
                ("macro F1", found["macro_f1"]),
                *_recalls(made, missing),
            )
        ),
    ]
    lines.append(_people(made))
    lines.append("**Whom it fails**\n\n" + _failed(made, audit, note, missing))
    return "\n\n".join(lines)


def _line(name: str, one: Mapping) -> str:
    width = "none" if one.get("low") is None else f"{percent(one['low'])} to {percent(one['high'])}"
    return f"| {name} | {percent(one['value'])} | {width} | {one['groups']} |"


def _recalls(made: Result, missing: list[str]) -> list[tuple[str, dict]]:
    rows = made.predictions
    true, said, who = rows["true"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64), rows["actor"].to_numpy()
    out = []
    for number, label in enumerate(made.labels):
        mine = true == number
        if not mine.any():
            out.append((f"recall of {label}", {"value": None, "low": None, "groups": 0}))
            _absent(missing, f"recall of {label}: the test has no such picture")
            continue
        # Over the people who pose it.
        one = metrics.interval(true[mine], said[mine], who[mine], len(made.labels))
        out.append((f"recall of {label}", one))
    return out


def _people(made: Result) -> str:
    rows = made.predictions
    each = (rows["true"] == rows["predicted"]).groupby(rows["actor"].to_numpy()).mean().sort_values(kind="stable")
    if len(each) < 2:
        return f"One person alone is in the test: {percent(each.iloc[0])}."
    return (
        f"Person by person the accuracy runs from {percent(each.iloc[0])} (actor {each.index[0]}) to {percent(each.iloc[-1])} (actor "
        f"{each.index[-1]}); half of the people lie above {percent(each.median())}."
    )


def _audit_of(audit) -> tuple[Mapping | None, str]:
    """The audit's answer, and what is to be said of where it stands."""
    if audit is None:
        return None, ""
    if isinstance(audit, str) and audit == "stored":
        from fer_utils import studies

        found = studies.load("audit") if studies.stored("audit") else None
        return (None, "") if found is None else (found.answer, found.note())
    if not isinstance(audit, Mapping) or "audit" not in audit.get("clean", {}):
        raise invalid(
            "audit", expected='"stored", None, or the answer of the study `audit`', received=type(audit).__name__
        )
    return audit, ""


def _failed(made: Result, audit: Mapping | None, note: str, missing: list[str]) -> str:
    mine = {key: made.experiment[key] for key in ("data", "model")}
    tried = [] if audit is None else audit["clean"].get("experiments", [])
    alike = [
        one
        for one in tried
        if one["model"] == mine["model"] and {**one["data"], "tier": ""} == {**mine["data"], "tier": ""}
    ]
    if not alike:
        return _absent(
            missing, f"{_NO_AUDIT} by groups of people, pose, light and occlusion: nobody knows whom it fails"
        )
    whose = (
        "This very network is one of the audited."
        if made.experiment in tried
        else _absent(missing, "an audit of this very network")
        + " What follows is about other trainings of the same network, "
        f"on data of the same kind, split by actor, at tier `{audit['tier']}`."
    )
    rows = [row for row in audit["clean"]["audit"] if row["judged"]]
    bad = sorted((row for row in rows if row["found"] and row["gap"] < 0), key=lambda row: row["gap"])
    strangers = audit["clean"]["strangers"]
    text = (
        f"{whose} {audit['people']} drawn strangers were asked about; on them the networks are right in {percent(strangers['value'])} "
        f"({percent(strangers['low'])} to {percent(strangers['high'])}). Of {len(rows)} groups and conditions {len(bad)} are worse, by a gap that counts "
        "and that chance does not explain (corrected for the number of tests)."
    )
    if not bad:
        return f"{text}\n\n{note}".strip()
    table = (
        "| group or condition | people | accuracy | gap | 95 % interval of the gap |\n|---|---|---|---|---|\n"
        + "\n".join(
            f"| {row['attribute']}: {row['value']} | {row['people']} | {percent(row['accuracy'])} | {100 * row['gap']:+.1f} points | "
            f"{100 * row['gap_low']:+.1f} to {100 * row['gap_high']:+.1f} |"
            for row in bad
        )
    )
    return f"{text}\n\n{table}\n\nNot found is not the same as not there: small groups hide what large ones show.{' ' + note if note else ''}"


def _ethics(missing: list[str]) -> str:
    asked = not any(what.startswith(_NO_AUDIT) for what in missing)
    return "## Ethical considerations\n\n" + _rows(
        [
            (
                "Faces are biometric data",
                "of people who may not have been asked. The package stores nothing unless told to",
            ),
            (
                "A score invites belief",
                "it is a resemblance to posed pictures; "
                + (
                    "under *Whom it fails* stands for whom it is wrong more often"
                    if asked
                    else "for whom it is wrong more often nobody has asked"
                ),
            ),
            ("Who is told", "everybody who comes into view, before; who asks to be left out, is"),
        ]
    )


def _caveats(made: Result, missing: list[str]) -> str:
    missing.append(
        "speed on the machine that it is to run on (`python -m fer_utils.benchmarks.live_frames --model ...`)"
    )
    lines = [
        f"One training with one seed ({made.seed}): another seed gives another network, with other mistakes.",
        "A test on other data than the training's is a test of both: try it on the people, the camera and the light that it is meant "
        "for, before it is used.",
    ]
    text = "## Caveats and recommendations\n\n" + "\n".join(f"- {line}" for line in lines)
    return (
        text
        + "\n\n**Evidence that there is none of**\n\n"
        + "\n".join(f"- {what}" for what in missing)
        + (
            f"\n\n*Made from the stored result by `fer_utils.reporting.model_cards`, commit `{provenance.commit() or 'unknown'}`.*"
        )
    )
