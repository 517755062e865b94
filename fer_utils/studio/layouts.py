"""How the real data sets lay out and name their clips: actors, counts, codes, folders.

Sources: RAVDESS, Livingstone & Russo 2018 (doi 10.1371/journal.pone.0196391,
Zenodo 1188976); SAVEE, Haq & Jackson 2011; MEAD, Wang et al. 2020 (ECCV).
Only names and counts come from them: what is filmed is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
import numbers
from types import MappingProxyType

from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.datasets import mead, ravdess, savee


@dataclass(frozen=True)
class Take:
    """One clip to film: who, what, and where it goes below the root."""

    layout: str
    actor: str
    sex: str
    expression: str
    intensity: int
    statement: str
    repetition: int
    path: str
    twin: str | None = None  # RAVDESS: the 01- file of the same performance
    view: str = "front"  # MEAD: which of its cameras

    @property
    def performance(self) -> str:
        """The recorded act, as ``datasets.scan`` writes it; the same for both files of a RAVDESS pair."""
        reader = {"ravdess": ravdess, "savee": savee, "mead": mead}[self.layout]
        return reader.parse(self.path)["performance"]


RAVDESS_ACTORS: tuple[str, ...] = tuple(f"{k:02d}" for k in range(1, 25))
SAVEE_ACTORS: tuple[str, ...] = ("DC", "JE", "JK", "KL")
_MEN = (
    "003 005 007 009 011 012 013 019 022 023 024 025 026 027 028 029 030 031 032 033 034 035 037 039 040 041 042"
).split()
_WOMEN = "009 011 014 015 016 018 019 021 023 024 025 026 028 029 033 035 036 037 038 040".split()


def _in_turn(longer: list[str], shorter: list[str]) -> tuple[str, ...]:
    """The first of each list, the second of each, and so on; what is left of the longer one at the end."""
    names = []
    for place, name in enumerate(longer):
        names.append(name)
        if place < len(shorter):
            names.append(shorter[place])
    return tuple(names)


#: MEAD's public actors, a man and a woman in turn while there are women, so that the first n are balanced.
MEAD_ACTORS: tuple[str, ...] = _in_turn([f"M{number}" for number in _MEN], [f"W{number}" for number in _WOMEN])
ACTORS: dict[str, tuple[str, ...]] = {"ravdess": RAVDESS_ACTORS, "savee": SAVEE_ACTORS, "mead": MEAD_ACTORS}

_SAVEE_CODES = {
    "angry": "a",
    "disgust": "d",
    "fearful": "f",
    "happy": "h",
    "neutral": "n",
    "sad": "sa",
    "surprised": "su",
}
_MEAD_FOLDERS = {
    "angry": "angry",
    "disgust": "disgusted",
    "contempt": "contempt",
    "fearful": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprised",
}
#: Clips an actor when none are asked for.  MEAD's front camera alone has 670 by
#: this plan (30 a level, 40 neutral); 64 keep eight of each expression.
DEFAULT_CLIPS: dict[str, int] = {"ravdess": 60, "savee": 120, "mead": 64}
#: File type and OpenCV's four letters for its codec.
CODECS: dict[str, tuple[str, str]] = {"ravdess": (".mp4", "mp4v"), "savee": (".avi", "XVID"), "mead": (".mp4", "mp4v")}
#: MEAD's cameras: how far the head is turned for each, as (yaw, pitch) in degrees.  A camera at the actor's left sees
#: the nose point to the picture's left; one above sees it point down.  The side, and 15 degrees for `top` and `down`,
#: are our choice.  60 degrees are drawn as 55: the drawing ends at 60, and the head moves.
VIEWS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "front": (0.0, 0.0),
        "down": (0.0, 15.0),
        "top": (0.0, -15.0),
        "left_30": (-30.0, 0.0),
        "left_60": (-55.0, 0.0),
        "right_30": (30.0, 0.0),
        "right_60": (55.0, 0.0),
    }
)


def sex_of(layout: str, actor: str) -> str:
    """``female`` or ``male``, as the data set's own codes say."""
    if layout == "ravdess":
        return "male" if int(actor) % 2 else "female"
    return "female" if layout == "mead" and actor.startswith("W") else "male"


def cast(layout: str, actors: int | Iterable | None) -> tuple[str, ...]:
    """The actors' ids: all for None, the first n for an int, or the ids given."""
    if layout not in ACTORS:
        raise invalid("layout", expected=f"one of {', '.join(ACTORS)}", received=layout)
    known = ACTORS[layout]
    if actors is None:
        return known
    if isinstance(actors, numbers.Integral) and not isinstance(actors, bool):
        if not 1 <= actors <= len(known):
            raise invalid("actors", expected=f"from 1 to {len(known)} for layout {layout!r}", received=actors)
        return known[:actors]
    wanted = f"None, a whole number, or a list of ids such as {known[0]!r}, {known[1]!r}"
    if isinstance(actors, (str, bytes)) or not isinstance(actors, Iterable):
        raise invalid("actors", expected=wanted, received=actors)
    # RAVDESS' people are numbered; 3 and "03" are the same actor there.
    chosen = [f"{a:02d}" if layout == "ravdess" and isinstance(a, numbers.Integral) else a for a in actors]
    for actor in chosen:
        if actor not in known:
            raise invalid(
                "actors", expected=wanted, received=actor, remedy=f"The ids of {layout!r}: {', '.join(known)}."
            )
    if not chosen or len(set(chosen)) != len(chosen):
        raise invalid("actors", expected="at least one id, each once", received=list(chosen))
    return tuple(a for a in known if a in set(chosen))


def cameras(layout: str, views: Iterable[str]) -> tuple[str, ...]:
    """``film``'s views, checked, in the order of ``VIEWS``; the front camera alone but for MEAD."""
    known = tuple(VIEWS) if layout == "mead" else ("front",)
    chosen = [] if isinstance(views, str) or not isinstance(views, Iterable) else list(views)
    if (
        not chosen
        or not all(isinstance(view, str) and view in known for view in chosen)
        or len(set(chosen)) != len(chosen)
    ):
        raise invalid(
            "views",
            expected=f"a list with at least one of {', '.join(map(repr, known))} for layout {layout!r}, each once",
            received=views,
        )
    return tuple(view for view in known if view in chosen)


def takes(
    layout: str, actor: str, clips: int | None, *, twins: bool = False, views: Iterable[str] = ("front",)
) -> list[Take]:
    """The clips of one actor, sorted by path; ``clips`` performances, each before every camera of ``views``.

    With ``clips=n`` the first n in this order: the first take of every expression
    in the vocabulary's order, then the second take of every one, and so on; takes
    run through intensities first, then statements, then repetitions.
    """
    maker = {"ravdess": _ravdess, "savee": _savee, "mead": _mead}[layout]
    by_expression = [maker(actor, name, twins) for name in labels.VOCABULARIES[layout]]
    most = sum(map(len, by_expression))
    if clips is None:
        clips = DEFAULT_CLIPS[layout]
    if isinstance(clips, bool) or not isinstance(clips, numbers.Integral) or not 1 <= clips <= most:
        raise invalid(
            "clips_per_actor", expected=f"a whole number from 1 to {most} for layout {layout!r}", received=clips
        )
    order = [group[k] for k in range(max(map(len, by_expression))) for group in by_expression if k < len(group)]
    seen = [
        replace(take, view=view, path=take.path.replace("/front/", f"/{view}/", 1))
        for take in order[:clips]
        for view in cameras(layout, views)
    ]
    return sorted(seen, key=lambda take: take.path)


def _ravdess(actor: str, expression: str, twins: bool) -> Sequence[Take]:
    code = 1 + labels.RAVDESS.index(expression)
    sex, out = sex_of("ravdess", actor), []
    for repetition in (1, 2):
        for statement in (1, 2):
            for intensity in (1,) if expression == "neutral" else (1, 2):
                name = f"01-{code:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor}.mp4"
                folder = f"Actor_{actor}"
                out.append(
                    Take(
                        "ravdess",
                        actor,
                        sex,
                        expression,
                        intensity,
                        f"{statement:02d}",
                        repetition,
                        f"{folder}/02-{name}",
                        f"{folder}/01-{name}" if twins else None,
                    )
                )
    return out


def _savee(actor: str, expression: str, twins: bool) -> Sequence[Take]:
    count = 30 if expression == "neutral" else 15
    return [
        Take(
            "savee",
            actor,
            "male",
            expression,
            1,
            f"{k:02d}",
            1,
            f"AudioVisualClip/{actor}/{_SAVEE_CODES[expression]}{k:02d}.avi",
        )
        for k in range(1, count + 1)
    ]


def _mead(actor: str, expression: str, twins: bool) -> Sequence[Take]:
    folder, sex = _MEAD_FOLDERS[expression], sex_of("mead", actor)
    levels, count = ((1,), 40) if expression == "neutral" else ((1, 2, 3), 30)
    return [
        Take(
            "mead",
            actor,
            sex,
            expression,
            level,
            f"{k:03d}",
            1,
            f"{actor}/video/front/{folder}/level_{level}/{k:03d}.mp4",
        )
        for k in range(1, count + 1)
        for level in levels
    ]
