"""Sentences whose numbers come from results.

A chapter never types a measured number: it hands a template and the values, and the sentence that the reader sees is
made when the chapter runs.
"""

from __future__ import annotations

import datetime
import math
from string import Formatter

from fer_utils.core import provenance
from fer_utils.core.errors import invalid
from fer_utils.core.markdown import without_tags


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage: 0.5962 -> ``59.6 %``; None or NaN -> ``not measured``."""
    if value is None or math.isnan(value):
        return "not measured"
    return f"{100 * value:.{digits}f} %"


def shape_in_words(shape: tuple[int, ...]) -> str:
    """The sizes of a map with times signs between them; no line breaks inside it.

    >>> shape_in_words((45, 45, 32)).split("\N{NO-BREAK SPACE}")
    ['45', '×', '45', '×', '32']
    """
    return "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, shape))


def with_interval(measured: dict, digits: int = 1, *, unit: str = "actor") -> str:
    """A metric of `fer_utils.metrics.interval` in words; shares, 0 to 1, are written as percentages.

    ``unit`` is what the groups are, over which the interval was drawn.

    >>> with_interval({"value": 0.6, "low": 0.5, "high": 0.7, "level": 0.95, "groups": 5})
    '60.0 % (95 % interval 50.0 to 70.0, over 5 actors)'
    """
    text = percent(measured["value"], digits)
    if measured.get("low") is None:
        return f"{text} (no interval: {measured['groups']} {unit} in the test)"
    level = measured.get("level", 0.95)
    return (
        f"{text} ({100 * level:.0f} % interval {100 * measured['low']:.{digits}f} to "
        f"{100 * measured['high']:.{digits}f}, over {measured['groups']:,} {unit}s)"
    )


def sentence(template: str, **values) -> str:
    """Fill a template; a field without a value, or a value without a field, is an error.

    >>> sentence("{n:,} parameters", n=542136)
    '542,136 parameters'
    """
    return _filled(template, values, Formatter())


class _WithoutTags(Formatter):
    """Fills a template like ``str.format``, and lets no value bring HTML."""

    def format_field(self, value, format_spec: str) -> str:
        return without_tags(super().format_field(value, format_spec))


def _filled(template: str, values: dict, formatter: Formatter) -> str:
    """The template with its values; ``FerError`` as `sentence` says."""
    fields = [name for _, name, _, _ in formatter.parse(template) if name is not None]
    wanted = {name.split(".")[0].split("[")[0] for name in fields}  # of {a.year} and {a[0]} the value is a
    if wanted != set(values):
        raise invalid(
            "values",
            expected=f"exactly {sorted(wanted)}",
            received=sorted(values),
            remedy="Every number of a sentence comes from a value, and every value is used.",
        )
    return formatter.vformat(template, (), values)


def say(template: str, **values) -> None:
    """Show a filled template as Markdown in the notebook; see `sentence` for what is an error.

    The template may hold HTML; what the values bring is shown as text, for values may come from a stored file.
    """
    from IPython.display import Markdown, display  # comes with the notebook, not with the package

    display(Markdown(_filled(template, values, _WithoutTags())))


def colophon(tier: str) -> None:
    """Say at a chapter's end when, with what and on what it was run."""
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions().items())
    machine = provenance.hardware()
    say(
        "*This page was run on {day} at tier `{tier}`: {versions}; {machine}.*",
        day=datetime.date.today().isoformat(),
        tier=tier,
        versions=versions,
        machine=provenance.hardware_in_words(machine),
    )
