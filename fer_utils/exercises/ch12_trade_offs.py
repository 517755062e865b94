"""Chapter 12: a claim about a small network, and its rebuttal, both true (12-7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fer_utils.core.errors import FerError
from fer_utils.exercises import Wrong
from fer_utils.studies import trade_offs

#: The network that the two claims are about.
NAME = "nano"
#: So many systems have to take part, or a frontier says nothing.
FEWEST = 3
_KNOWN = ("x", "y", "families", "sizes", "limits")


def grade_claims(answer) -> str:
    """Judge both choices by the rules and numbers of the widget."""
    if not isinstance(answer, Mapping) or set(answer) != {"for", "against"}:
        raise Wrong('the answer should be a dict with two entries, "for" and "against"; each is a dict itself.')
    systems = trade_offs.systems()
    places, choices = {}, {}
    for side in ("for", "against"):
        choices[side] = _checked(side, answer[side])
        try:
            places[side] = trade_offs.judged(systems, **choices[side])
        except FerError as error:
            raise Wrong(f'"{side}": {error}') from None
        _takes_part(side, places[side], choices[side])
    rivals = {
        side: trade_offs.beaten_by(systems, places[side], NAME, choices[side]["x"], choices[side]["y"])
        for side in choices
    }
    if rivals["for"]:
        raise Wrong(f'"for": {NAME} is not on this frontier; {rivals["for"][0]} beats it.')
    if not rivals["against"]:
        raise Wrong(
            f'"against": {NAME} is on this frontier; nobody beats it. That others are more accurate is not enough: '
            "one of them has to be as cheap, too. Try another cost."
        )
    pair = " and ".join(trade_offs.QUANTITIES[choices["against"][axis]].name for axis in ("x", "y"))
    return f"right: in {pair}, {rivals['against'][0]} beats {NAME}. Who is on the frontier depends on what is counted."


def _checked(side: str, choice) -> dict:
    if choice is ... or not isinstance(choice, Mapping):
        raise Wrong(f'"{side}" should be a dict such as {{"x": "parameters", "y": "accuracy"}}.')
    if "unconverged" in choice:
        raise Wrong(f'"{side}": nobody knows what systems reach that have not converged, so no claim may rest on them.')
    if not {"x", "y"} <= set(choice) <= set(_KNOWN):
        raise Wrong(f'"{side}" needs "x" and "y", and may have "families", "sizes" and "limits"; got {sorted(choice)}.')
    for name, example in (("families", '["networks", "hog"]'), ("sizes", "[80]")):
        if name in choice and (isinstance(choice[name], str) or not isinstance(choice[name], Collection)):
            raise Wrong(f'"{side}": "{name}" should be a list such as {example}; got {choice[name]!r}.')
    return dict(choice)


def _takes_part(side: str, places: Mapping[str, str], choice: Mapping) -> None:
    if places[NAME] == "out":
        raise Wrong(f'"{side}": a filter or a limit leaves {NAME} out. Who does not take part is not beaten.')
    if places[NAME] == "unknown":
        raise Wrong(
            f'"{side}": {choice["x"]} and {choice["y"]} are not both known of {NAME}. '
            "Who was not measured is neither beaten nor on a frontier."
        )
    racing = sum(place in ("frontier", "within", "beaten") for place in places.values())
    if racing < FEWEST:
        raise Wrong(f'"{side}": only {racing} of the systems take part; with fewer than {FEWEST} nothing is shown.')
