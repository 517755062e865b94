"""The sentences on what people see in acted faces, each made from the stored answer of the study ``human_votes``."""

from __future__ import annotations

from collections.abc import Mapping

from fer_utils.reporting.text import percent, with_interval


def votes(answer: Mapping) -> list[str]:
    """What people see in acted faces: the study ``human_votes``."""
    face, voice, both = (answer["shown"][way] for way in ("face", "voice", "both"))
    levels = {level: percent(face["levels"][level]["value"], 0) for level in ("low", "medium", "high")}
    return [
        f"{face['votes']:,} single votes on silent faces: {with_interval(face['accuracy'])} name the acted label.",
        f"On the voice alone it is {percent(voice['accuracy']['value'])}, on both "
        f"{percent(both['accuracy']['value'])}. (The "
        "authors' own count gives 58.2, 40.9 and 63.6 %.)",
        "How strongly it is played counts, too. One sentence was acted at three strengths: "
        f"{levels['low']}, {levels['medium']} and {levels['high']}.",
    ]


def ceiling(answer: Mapping) -> list[str]:
    """How well people agree with each other and with the acted label: the study ``human_votes``."""
    face = answer["shown"]["face"]
    return [
        f"Two people agree on {percent(face['agreement']['value'])} of the faces (beyond chance: Fleiss' kappa "
        f"{face['kappa']:.2f}). A person and the acted label agree on {percent(face['accuracy']['value'])}.",
        "So as far as agreement goes, the label in the file name is **one more voter**.",
        "If *right* means *what people see*, one answer a clip can agree with at most "
        f"{percent(face['best']['value'])} of "
        "these votes.",
        f"If it means *what was acted*, ten people together reach {percent(face['majority']['value'])}.",
    ]
