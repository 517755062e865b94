"""Smaller than the paper: what each idea was worth.

    # some hours; a killed run goes on with the next training
    python -m fer_utils study nano_ablation --tier class --store

One part of ``nano`` is taken away at a time, or changed for what the paper's network has, or a teacher is added; on the
stand-in of RAVDESS, over the five folds of the study ``nano``.
"""

from __future__ import annotations

from fer_utils.studies import nano_against_paper

TITLE = "Smaller than the paper: what each idea was worth"
HEADLINE = False


def answer(tier: str = "class", *, progress: bool = True, **options) -> dict:
    """`nano_against_paper.compared` on RAVDESS with the whole ablation, against ``nano``; nothing is weighed."""
    usual = {"datasets": ("ravdess",), "rows": (nano_against_paper.PAPER, nano_against_paper.NANO), "repeats": None}
    return nano_against_paper.compared(tier, progress=progress, **usual | options)
