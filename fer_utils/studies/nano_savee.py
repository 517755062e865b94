"""Smaller than the paper, on the stand-in of SAVEE: four men, each left out once by each of five seeds.

    # some hours; a killed run goes on with the next training
    python -m fer_utils study nano_savee --tier class --store

See ``nano``, whose question this is; a study of its own because it takes as long as the two other stand-ins together.
"""

from __future__ import annotations

from fer_utils.studies import nano_against_paper

TITLE = "Smaller than the paper, where there are four men and no more"
HEADLINE = True


def answer(tier: str = "class", *, progress: bool = True, **options) -> dict:
    """`nano_against_paper.compared` on SAVEE alone; nothing is weighed again."""
    usual = {"datasets": ("savee",), "ablation": (), "repeats": None}
    return nano_against_paper.compared(tier, progress=progress, **usual | options)
