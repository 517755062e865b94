"""Trade-offs: choose two quantities, filters and limits, and see which systems of the book are beaten by no other.

Numbers and rules are those of `fer_utils.studies.trade_offs`.  The page has the rules in JavaScript, so that the widget
works on the book's page, where no kernel is, as it does in Jupyter.
"""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from fer_utils.core.errors import invalid
from fer_utils.studies import trade_offs as rules
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture, checked_words
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent
_FRONT, _BEHIND, _LINE = "#b34700", "#0072b2", "#d0d7de"
#: The settings, and what stands in each at first; all families and sizes take part.
_REST: dict[str, Any] = {
    "x": "parameters",
    "y": "accuracy",
    "limits": {},
    "unconverged": False,
    "logarithmic": True,
    "chosen": "",
}
#: What is asked above the plot, and what to try first; a chapter may ask for something else.
_WORDS = {
    "question": "Which systems are beaten by no other, and at which cost?",
    "first": "set *To the right* to operations in the place of parameters, and see who leaves the frontier.",
}


class TradeOffs(StaticPicture, anywidget.AnyWidget):
    """Every system of the book, for two quantities of the reader's choice, with the frontier.

    Parameters (synced traits)
    --------------------------
    x, y : what lies to the right and upwards, two of ``accuracy``, ``random`` (accuracy where frames are divided at
        random), ``parameters``, ``operations``, ``file`` (bytes) and ``time`` (the baseline's is 1).
    families : those that take part, some of ``networks``, ``hog``, ``landmarks`` and ``few_epochs``.
    sizes : those that take part, sides of a face in pixels.
    limits : quantity -> [lowest, highest] that a system may have; None for no limit.
    unconverged : systems take part, too, of which not every training had converged.
    logarithmic : costs have a logarithmic axis.
    chosen : the name of the system whose numbers are shown, or ``""``.
    question : the question that stands above the plot.
    first : what to try first, the rest of a sentence; *words between stars* are emphasised.

    Raises FerError for an argument that is not there, or a value that it cannot have.

    Attributes
    ----------
    systems : list of dict, as `fer_utils.studies.trade_offs.systems` gives them.
    frontier : names of the systems that no other beats, the least of ``x`` first.
    """

    _esm = joined("elements.js", "trade_offs_rules.js", "trade_offs_plot.js", "trade_offs.js")
    _css = _HERE / "trade_offs.css"

    x = traitlets.Unicode().tag(sync=True)
    y = traitlets.Unicode().tag(sync=True)
    families = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    unconverged = traitlets.Bool().tag(sync=True)
    logarithmic = traitlets.Bool().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode(read_only=True).tag(sync=True)
    first = traitlets.Unicode(read_only=True).tag(sync=True)
    systems = traitlets.List(read_only=True).tag(sync=True)
    quantities = traitlets.Dict(read_only=True).tag(sync=True)
    family_names = traitlets.Dict(read_only=True).tag(sync=True)
    #: In which order both stand on the page; a saved page sorts the keys of a dict.
    order = traitlets.Dict(read_only=True).tag(sync=True)
    #: The settings to which the page's button goes back.
    rest = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        systems = rules.systems()
        sizes = sorted({one["size"] for one in systems})
        first = _REST | {"families": list(rules.FAMILIES), "sizes": sizes}
        for name, value in settings.items():
            if name not in first | _WORDS:
                raise invalid(name, expected=f"no such argument; there are {', '.join(first | _WORDS)}", received=value)
        words = {name: checked_words(name, settings.pop(name, text)) for name, text in _WORDS.items()}
        asked = first | settings
        rules.check_choice(asked["x"], asked["y"], **{name: asked[name] for name in ("families", "sizes", "limits")})
        for name in ("unconverged", "logarithmic"):
            if not isinstance(asked[name], bool):
                raise invalid(name, expected="True or False", received=asked[name])
        names = ["", *(one["name"] for one in systems)]
        if asked["chosen"] not in names:
            raise invalid("chosen", expected=f'"" or one of {", ".join(names[1:])}', received=asked["chosen"])
        asked |= {"families": list(asked["families"]), "sizes": list(asked["sizes"])}
        super().__init__(**asked)
        for name, text in words.items():
            self.set_trait(name, text)
        self.set_trait("systems", systems)
        self.set_trait("quantities", {key: one._asdict() for key, one in rules.QUANTITIES.items()})
        self.set_trait("family_names", dict(rules.FAMILIES))
        self.set_trait("order", {"quantities": list(rules.QUANTITIES), "families": list(rules.FAMILIES)})
        self.set_trait("rest", {name: asked[name] for name in first})

    @property
    def places(self) -> dict[str, str]:
        """Where each system stands now: name -> one of `fer_utils.studies.trade_offs.PLACES`."""
        return rules.judged(
            self.systems,
            self.x,
            self.y,
            families=self.families,
            sizes=self.sizes,
            limits=self.limits,
            unconverged=self.unconverged,
        )

    @property
    def frontier(self) -> list[str]:
        """The systems that no other beats now, the least of ``x`` first."""
        on_it = [one for one in self.systems if self.places[one["name"]] == "frontier"]
        return [one["name"] for one in sorted(on_it, key=lambda one: one["values"][self.x])]

    def describe(self) -> str:
        """What the widget shows now, in two sentences: the picture's alt text."""
        x, y = (rules.QUANTITIES[name].name for name in (self.x, self.y))
        places = list(self.places.values())
        racing = sum(place in ("frontier", "within", "beaten") for place in places)
        without = places.count("no witness")
        return (
            f"{y[0].upper()}{y[1:]} against {x} for {racing} systems of the book. Beaten by no other: "
            f"{'; '.join(self.frontier) or 'nobody'}."
            + (f" {without} more had not converged when their training ended." if without else "")
        )

    def picture_html(self) -> str:
        """A still picture of points and frontier with alt text, for places where no script runs."""
        alt = html.escape(self.describe(), quote=True)
        data = as_address(self._svg().encode(), "image/svg+xml")
        return (
            f'<figure class="fer-trade-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="{data}"><figcaption>The widget at rest: the line joins the systems that no other beats. It moves in '
            "Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )

    def _svg(self) -> str:
        places = self.places
        drawn = [one for one in self.systems if places[one["name"]] in ("frontier", "within", "beaten")]
        across = _scale([one["values"][self.x] for one in drawn], self._is_logarithmic(self.x), 70, 480)
        up = _scale([one["values"][self.y] for one in drawn], self._is_logarithmic(self.y), 290, 50)
        at = {one["name"]: (across(one["values"][self.x]), up(one["values"][self.y])) for one in drawn}
        steps: list[str] = []
        for name in self.frontier:
            x, y = at[name]
            if steps:
                steps.append(f"V{y:.1f}" if rules.QUANTITIES[self.x].more else f"H{x:.1f}")
            steps.append(f"{'L' if steps else 'M'}{x:.1f} {y:.1f}")
        points = []
        for name, (x, y) in at.items():
            on_it = places[name] == "frontier"
            halo = 'style="paint-order: stroke" stroke="#ffffff" stroke-width="4"'
            label = f'<text x="{x + 8:.1f}" y="{y - 9:.1f}" {halo}>{html.escape(name)}</text>' if on_it else ""
            points.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{_FRONT if on_it else _BEHIND}"/>{label}')
        x_name, y_name = (rules.QUANTITIES[name].axis for name in (self.x, self.y))
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 340" font-family="sans-serif" font-size="15" '
            'fill="#1f2328"><rect width="640" height="340" rx="8" fill="#ffffff"/>'
            f'<text x="16" y="26">{html.escape(y_name)} ↑</text>'
            f'<text x="624" y="328" text-anchor="end">{html.escape(x_name)} →</text>'
            f'<path d="M40 40V304H624" fill="none" stroke="{_LINE}"/>'
            f'<path d="{"".join(steps) or "M0 0"}" fill="none" stroke="{_FRONT}" stroke-width="2"/>'
            f"{''.join(points)}</svg>"
        )

    def _is_logarithmic(self, name: str) -> bool:
        return self.logarithmic and not rules.QUANTITIES[name].more


def _scale(values: list[float], logarithmic: bool, first: float, last: float):
    """A function from a value to its place between ``first`` and ``last``."""
    turned = [math.log10(value) if logarithmic else value for value in values] or [0.0]
    low, span = min(turned), (max(turned) - min(turned)) or 1.0

    def place(value: float) -> float:
        share = ((math.log10(value) if logarithmic else value) - low) / span
        return first + share * (last - first)

    return place
