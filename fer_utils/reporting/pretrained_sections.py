"""The nine sections of the model card of a trained network that lies in the package, in Markdown.

`fer_utils.reporting.model_cards.pretrained_card` makes a card of them.  Every number comes from the network's
``NAME.json`` (`fer_utils.models.pretrained_networks.card`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fer_utils.core.markdown import code_span, literal
from fer_utils.models import pretrained_networks
from fer_utils.reporting.card_sections import PROHIBITED_USES
from fer_utils.reporting.text import percent

#: What nobody has measured of any of these networks.
MISSING: tuple[str, ...] = (
    "an audit by groups of real people (age, sex, skin tone, origin): the real sets that were measured do not say who "
    "is seen, so nobody knows for which real people it is worse",
    "a test on real people from the side, in the dark, or with a part of the face hidden",
    "speed on the machine that it is to run on (`python -m fer_utils bench live --model ...`)",
)


def sections(card: Mapping[str, Any]) -> list[str]:
    """The sections, headings included, in their order (Mitchell et al. 2019)."""
    return [
        details(card),
        intended_use(card),
        factors(card),
        metrics_used(card),
        evaluation_data(card),
        training_data(card),
        quantitative_analyses(card),
        ethical_considerations(card),
        caveats(card),
    ]


def details(card: Mapping[str, Any]) -> str:
    """What the network is: size, files, training, versions, licence."""
    learned, files = card["learned"], card["files"]
    rows = [
        (
            "Network",
            "two small convolutional networks whose probabilities are averaged, as one network of two branches "
            "(`fer_utils.models.contrast.averaged`); one looks at local contrast, the other at oriented gradients. In "
            "the int8 file these two fixed first layers stay in float32, and all that was learned is in 8 bits",
        ),
        (
            "Size",
            f"{card['parameters']:,} parameters, {card['multiply_accumulates']:,} multiply-accumulates a face of "
            f"{card['faces']['size']} pixels",
        ),
    ]
    for form, file in files.items():
        rows.append(
            (
                form,
                f"{code_span(file['file'])}, {file['bytes']:,} bytes, SHA-256 {code_span(file['sha256'])}; LiteRT's "
                f"builtin operations {literal(', '.join(name for name in file['operations']))}",
            )
        )
    versions = ", ".join(literal(f"{name} {version}") for name, version in card["versions"].items())
    stages = {**card["stages"]["files"], **card["stages"]["scores"]}
    rows += [
        (
            "Takes and gives",
            f"one grey face, float32 of shape (1, {card['faces']['size']}, {card['faces']['size']}, 1), 0 to 255; "
            f"probabilities of {literal(', '.join(card['labels']))}, in this order",
        ),
        (
            "Trained",
            f"by the code of the study {code_span(learned['study'])}, row {code_span(learned['row'])}: "
            f"{learned['epochs']} epochs each, {literal(learned['recipe'])}",
        ),
        ("Made", f"{literal(card['finished'][:10])}, by {code_span(card['command'])}"),
        ("Versions", versions),
        ("Stages", ", ".join(literal(f"{name} {version}") for name, version in sorted(stages.items()))),
        ("Commit", code_span(card["commit"])),
        ("Licence", "code and weights MIT; the weights were learned from drawings of this package"),
    ]
    return "## Model details\n\n" + _bullets(rows)


def intended_use(card: Mapping[str, Any]) -> str:
    """What the network is for, what it answers, and what must not be built with it."""
    rows = [
        (
            "For",
            "learning what a network that never saw a real face knows of real ones; trying the package without a "
            "training; the reader's own face on the reader's own device",
        ),
        (
            "It answers",
            f"which of {len(card['labels'])} posed-expression labels a grey picture of a face resembles most",
        ),
        (
            "It does not answer",
            "what a person feels, and not reliably what a person poses: see its scores before you believe one answer",
        ),
    ]
    prohibited = "\n".join(f"- {use}" for use in PROHIBITED_USES)
    return f"## Intended use\n\n{_bullets(rows)}\n\n**What must not be built with it**\n\n{prohibited}"


def factors(card: Mapping[str, Any]) -> str:
    """How faces are made for it, and what is known of people."""
    faces = ", ".join(literal(f"{key} {value}") for key, value in card["faces"].items())
    rows = [
        ("Faces", f"{faces}; `fer_utils.predict` makes them so"),
        ("Groups of people, pose, light, occlusion", "of drawn people, see the analyses below"),
    ]
    return "## Factors\n\n" + _bullets(rows)


def metrics_used(card: Mapping[str, Any]) -> str:
    """Which metrics the card gives, and where their intervals come from."""
    return (
        "## Metrics\n\nAccuracy, balanced accuracy (the mean recall of the labels that a set has), and the recall of "
        f"each label. Guessing among {len(card['labels'])} labels is right in {percent(1 / len(card['labels']))}. "
        "Intervals (95 %) are percentile bootstraps over people where it is known who is seen, else over pictures. The "
        "int8 file is compared with the float32 file on the same faces."
    )


def evaluation_data(card: Mapping[str, Any]) -> str:
    """The sets that the files were asked about."""
    head = "| set | what it is | faces | people | faces found by | left out |\n|---|---|---|---|---|---|\n"
    rows = []
    for one in card["sets"]:
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in one["left_out"].items()) or "none"
        people = "not known" if one["people"] is None else f"{one['people']:,}"
        rows.append(
            f"| {_called(one['name'])} | {literal(one['role'])} | {one['faces']:,} | {people} | "
            f"{literal(one['detector'])} | {literal(left_out)} |"
        )
    return f"## Evaluation data\n\n{head}" + "\n".join(rows)


def training_data(card: Mapping[str, Any]) -> str:
    """Whose pictures the network learned from."""
    learned = card["learned"]
    return (
        f"## Training data\n\n{learned['people']:,} random drawn people, each of whom poses "
        f"{len(card['labels'])} labels ({learned['drawings']:,} drawings, seed {learned['seed']}); each drawing is cut "
        f"out and changed towards photographs several times ({learned['pictures']:,} pictures). Real faces among them: "
        f"{learned['real faces']}. The labels of CK+48, a set of real faces, chose between networks and ways of "
        "drawing, and nothing else of a real face went into the weights."
    )


def quantitative_analyses(card: Mapping[str, Any]) -> str:
    """Scores of both files on every set, label by label, and by groups of drawn people."""
    head = "| set | accuracy, float32 | accuracy, int8 | int8 minus float32, points | balanced, float32 |\n"
    rows = []
    for one in card["sets"]:
        exact, rounded = (card["scores"][form][one["name"]] for form in ("float32", "int8"))
        rows.append(
            f"| {_called(one['name'])} | {_share(exact['accuracy'])} | {_share(rounded['accuracy'])} | "
            f"{_points(rounded['gain'])} | {_share(exact['balanced'])} |"
        )
    parts = [
        "## Quantitative analyses",
        f"**In one sentence**: {literal(pretrained_networks.worth(card))}.",
        f"{head}|---|---|---|---|---|\n" + "\n".join(rows),
    ]
    parts += [_by_label(card, one) for one in card["sets"] if one["real"] or one["name"] == "drawn strangers"]
    if card["study"]:
        parts.append(_beside_the_study(card))
    parts.append("**Whom it fails, among drawn people**\n\n" + _audited(card["audit"]))
    return "\n\n".join(parts)


def ethical_considerations(card: Mapping[str, Any]) -> str:
    """What to think of before such a network looks at people."""
    wild = card["scores"]["float32"].get("fer2013")
    wrong = (
        "" if wild is None else f", and in the wild (FER2013) it is wrong in {percent(1 - wild['accuracy']['value'])}"
    )
    rows = [
        (
            "Faces are biometric data",
            "of people who may not have been asked. Nobody's face was used to train it; those who look at people with "
            "it need their consent. The package stores nothing unless told to",
        ),
        ("A score invites belief", f"it is a resemblance to posed drawings{wrong}"),
        ("Who is told", "everybody who comes into view, before; whoever asks is left out"),
    ]
    return "## Ethical considerations\n\n" + _bullets(rows)


def caveats(card: Mapping[str, Any]) -> str:
    """What else to know, and the list of all evidence that is missing."""
    listed = "\n".join(f"- {what}" for what in MISSING)
    return (
        "## Caveats and recommendations\n\n"
        "- One training with one seed: another seed gives another network, with other mistakes.\n"
        "- A score on other pictures than those measured here is not known: try it on the people, the camera and the "
        "light that it is meant for, before it is used.\n\n"
        f"**Missing evidence**\n\n{listed}\n\n"
        f"*Made from {code_span(card['name'] + '.json')} by `fer_utils.reporting.model_cards`.*"
    )


def rare_labels(card: Mapping[str, Any], name: str, form: str = "float32") -> list[str]:
    """The labels that are given to fewer than half as many faces of a set as are posed there."""
    counts = next(one["counts"] for one in card["sets"] if one["name"] == name)
    answered, total = card["scores"][form][name]["answered"], sum(counts.values())
    return [label for label in card["labels"] if counts[label] and answered[label] < counts[label] / total / 2]


# --- parts of the sections ---------------------------------------------------------------------


def _bullets(rows: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows)


def _called(name: str) -> str:
    return literal(pretrained_networks.WORDS.get(name, name))


def _share(measured: Mapping) -> str:
    if measured["low"] is None:
        return percent(measured["value"])
    return f"{percent(measured['value'])} ({100 * measured['low']:.1f} to {100 * measured['high']:.1f})"


def _points(measured: Mapping) -> str:
    if measured["low"] is None:
        return f"{100 * measured['value']:+.1f}"
    return f"{100 * measured['value']:+.1f} ({100 * measured['low']:+.1f} to {100 * measured['high']:+.1f})"


def _by_label(card: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    exact, rounded = (card["scores"][form][one["name"]] for form in ("float32", "int8"))
    rows = [
        f"| {literal(label)} | {one['counts'][label]:,} | {percent(exact['recall'][label])} | "
        f"{percent(rounded['recall'][label])} | {percent(exact['answered'][label])} |"
        for label in card["labels"]
    ]
    rare = rare_labels(card, one["name"])
    said = f" Given to fewer than half as many faces as pose it: {literal(', '.join(rare))}." if rare else ""
    return (
        f"**Label by label: {_called(one['name'])}.**{said}\n\n"
        "| label | faces | recall, float32 | recall, int8 | share of the answers, float32 |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
    )


def _beside_the_study(card: Mapping[str, Any]) -> str:
    rows = []
    for name, one in card["study"].items():
        stored = "not asked" if one["stored"] is None else percent(one["stored"])
        same = " | ".join(percent(one[form]["same label"]) for form in ("float32", "int8"))
        rows.append(f"| {_called(name)} | {stored} | {percent(one['keras'])} | {same} |")
    return (
        "**Beside the stored study.** The study's networks were not kept, so they were trained again for these files, "
        "by the same code and seeds; the last epoch went on from a stored state. The weights are not the study's, and "
        "why they read a little less has not been examined.\n\n"
        "| set | accuracy of the stored study | of these weights in Keras | same label as Keras, float32 | int8 |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows)
    )


def _audited(audit: Mapping[str, Any]) -> str:
    groups, conditions = audit["groups"], audit["conditions"]
    text = (
        f"{groups['people']} drawn strangers, {groups['tests']} tests over people; {conditions['people']} filmed "
        f"strangers by way of the detector, {conditions['tests']} tests (both families corrected by Holm's method). A "
        "face that the detector does not find counts as wrong."
    )
    rows = [row for part in (groups, conditions) for row in part["rows"] if row["attribute"] != "everybody"]
    worse = [row for row in rows if row["judged"] and row["found"] and row["gap"] < 0]
    worse.sort(key=lambda row: row["gap"])
    if not worse:
        return f"{text} No gap of five points or more was found."
    head = (
        "| group or condition | people | accuracy | gap, points | 95 % interval of the gap |\n|---|---|---|---|---|\n"
    )
    listed = "\n".join(
        f"| {literal(row['attribute'])}: {literal(row['value'])} | {row['people']} | {percent(row['accuracy'])} | "
        f"{100 * row['gap']:+.1f} | {100 * row['gap_low']:+.1f} to {100 * row['gap_high']:+.1f} |"
        for row in worse
    )
    judged = sum(row["judged"] for row in rows)
    rest = (
        f"Of {judged} groups and conditions these are worse by a gap of five points or more that chance "
        "does not explain. Not found is not the same as not there. Nothing follows from drawn people about real ones."
    )
    return f"{text}\n\n{head}{listed}\n\n{rest}"
