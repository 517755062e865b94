"""Model cards: what a trained network is, what it was tried on, whom it fails, and what must not be built with it.

After Mitchell et al. 2019, "Model Cards for Model Reporting" (doi 10.1145/3287560.3287596), whose nine headings a card
here has, in their order.  Every number comes from the stored result, or from the stored answer of the audit
(`fer_utils.studies.audit`); what nobody has measured is named as missing where a reader would look for it, and once
more at the end.  `fer_utils.reporting.card_sections` writes the sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import html
import os
from pathlib import Path
import re
from typing import Any

from fer_utils import studies
from fer_utils.core.disk import refusals_said
from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded, write_atomic
from fer_utils.experiments import Result
from fer_utils.models import pretrained_networks
from fer_utils.reporting import card_sections, pretrained_sections


@dataclass(frozen=True)
class ModelCard:
    """A model card: ``markdown``, and ``missing``, what evidence there is none of."""

    markdown: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return self.markdown

    def _repr_html_(self) -> str:
        """For a notebook: the card folded up, its headings no headings of the page."""
        title, _, rest = self.markdown.removeprefix("# ").partition("\n")
        try:
            from markdown_it import MarkdownIt  # it comes with the book's tools
        except ImportError:
            body = f"<pre>{html.escape(rest)}</pre>"
        else:
            # A card may be about a stranger's result: no HTML, and no link or picture that asks another server.
            safe = MarkdownIt("commonmark", {"html": False}).enable("table")
            rendered = safe.disable(["autolink", "image", "link", "reference"]).render(rest)
            body = re.sub(r"<(/?)h[1-6]>", r"<\1strong>", rendered)
        return f'<details class="fer-card"><summary><b>{html.escape(title)}</b></summary>\n{body}</details>'

    def section(self, heading: str) -> str:
        """The Markdown under one of the nine headings, without it; ``FerError`` where there is no such heading."""
        sections = {}
        for text in f"\n{self.markdown}".split("\n## ")[1:]:
            name, _, body = text.partition("\n")
            sections[name] = body.strip()
        if heading not in sections:
            raise invalid("heading", expected=f"one of {', '.join(sections)}", received=heading)
        return sections[heading]

    def write(self, path: str | os.PathLike) -> Path:
        """Write the Markdown to a file and return its path."""
        path = expanded(path)
        with refusals_said("The model card"):
            write_atomic(path, self.markdown)
        return path


def card(
    result: Result | str | os.PathLike,
    *,
    audit: Mapping | str | None = "stored",
    exports: Iterable[Any] = (),
    profile: bool = True,
) -> ModelCard:
    """The card of a trained network.

    Parameters
    ----------
    result : a stored result, or its folder.
    audit : ``"stored"`` for the repository's stored answer of the study ``audit``; the answer itself; or None for none.
        It is shown only where it is about networks of the same kind and data, and says whether this very network was
        among them.
    exports : `fer_utils.compress.Export` values, for the sizes of files.
    profile : open the network and count its multiply-accumulates.

    Raises
    ------
    FerError : no stored result; an audit or exports that are none.
    """
    loaded = result if isinstance(result, Result) else Result.load(_folder(result))
    answer, note = _audit_answer(audit)
    missing: list[str] = []  # each section adds what it lacks; the last one lists them all
    sections = [
        card_sections.details(loaded, list(exports), profile, missing),
        card_sections.intended_use(loaded),
        card_sections.factors(loaded, missing),
        card_sections.metrics_used(loaded, missing),
        card_sections.evaluation_data(loaded, missing),
        card_sections.training_data(loaded, missing),
        card_sections.quantitative_analyses(loaded, answer, note, missing),
        card_sections.ethical_considerations(missing),
        card_sections.caveats(loaded, missing),
    ]
    title = f"# Model card: {card_sections.network_name(loaded)}"
    return ModelCard("\n\n".join([title, *sections]) + "\n", tuple(missing))


def pretrained_card(name: str | Mapping | None = None) -> ModelCard:
    """The card of a trained network that lies in the package.

    Parameters
    ----------
    name : one of `fer_utils.models.pretrained_networks.NAMES`, or None for the first; or what
        `fer_utils.studies.shipping.ship` returned.

    Raises
    ------
    FerError : no such network.
    """
    about = name if isinstance(name, Mapping) else pretrained_networks.card(name)
    title = f"# Model card: {about['name']}"
    sections = pretrained_sections.sections(about)
    return ModelCard("\n\n".join([title, *sections]) + "\n", pretrained_sections.MISSING)


def _folder(result: str | os.PathLike) -> Path:
    if not isinstance(result, str | os.PathLike) or not os.fspath(result):
        raise invalid("result", expected="a stored result or its folder", received=result)
    return expanded(result)


def _audit_answer(audit: Mapping | str | None) -> tuple[Mapping | None, str]:
    """The audit's answer, and what is to be said of where it is stored."""
    if audit is None:
        return None, ""
    if isinstance(audit, str) and audit == "stored":
        if not studies.stored("audit"):
            return None, ""
        stored = studies.load("audit")
        return stored.answer, stored.note()
    if not isinstance(audit, Mapping) or "audit" not in audit.get("clean", {}):
        expected = '"stored", None, or the answer of the study `audit`'
        raise invalid("audit", expected=expected, received=type(audit).__name__)
    return audit, ""
