"""Sheets of drawn people: portraits, action units, prototypes, cameras and lights; and the course of an acted clip.

Each function draws what it shows, so that a chapter says who, and with which movement, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure
import numpy as np

from fer_utils import faces, studio
from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.plotting.contact_sheets import (
    ContactSheet,
    draw_landmarks,
    grid,
    timeline,
)
from fer_utils.plotting.face_windows import face_window, part_window, resize_to_width
from fer_utils.plotting.style import describe
from fer_utils.studio.identity import Identity

#: Action units outside the mouth, and the part of the face that shows them.
UPPER: Mapping[int, str] = dict.fromkeys((1, 2, 4, 5, 7, 43, 45), "brows and eyes") | dict.fromkeys(
    (6, 9), "cheeks and nose"
)
#: Action units that talk and blink in every clip, whatever its label.
_ALWAYS = (25, 26, 43, 45)


def portraits(people: Sequence[Identity], *, title: str) -> ContactSheet:
    """Everybody at rest, the seed below."""
    drawn = [studio.draw(who, size=200, truth=True) for who in people]
    return grid(
        [resize_to_width(face_window(picture, marks), 132) for picture, marks in drawn],
        labels=[str(who.seed) for who in people],
        per_row=13,
        per_row_on_phone=7,
        cell_width=72,
        title=title,
        about="Drawn portraits of adults with skin from very light to very dark, some with beards, glasses or scarves.",
    )


def skin_tones(who: Identity, units: Mapping[int | str, float]) -> ContactSheet:
    """One person with one expression in each of the ten skin tones."""
    tones = range(1, 11)
    return grid(
        [studio.draw(replace(who, tone=tone), units, size=264, zoom=1.15) for tone in tones],
        labels=[f"tone {tone}" for tone in tones],
        per_row=5,
        cell_width=132,
        title="One person in ten skin tones: nothing else differs",
        about="The same face in every picture, the skin from very light to very dark; hair and light stay the same.",
    )


def grey_pictures(pictures: Mapping[str, np.ndarray], *, title: str) -> ContactSheet:
    """Named pictures (H, W) of brightness 0 to 1, side by side."""
    return grid(
        [np.repeat(np.uint8(np.clip(255 * picture, 0, 255))[..., None], 3, axis=2) for picture in pictures.values()],
        labels=list(pictures),
        per_row=len(pictures),
        per_row_on_phone=2,
        cell_width=180,
        title=title,
        about="Grey pictures of a face made of smooth hills.",
    )


def with_landmarks(picture: np.ndarray, marks: np.ndarray) -> ContactSheet:
    """A picture, (H, W, 3) uint8, and beside it the same with its landmarks, (68, 2) in pixels."""
    return grid(
        [picture, draw_landmarks(picture, marks)],
        cell_width=330,
        title="The picture, and where its 68 landmarks are",
        about="A drawn face, and the same with 68 blue dots along jaw, brows, nose, eyes and lips.",
    )


def unit_steps(
    who: Identity, units: Sequence[int], *, title: str, steps: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
) -> ContactSheet:
    """A row for each action unit, which grows to the right alone, in a window that stays where it is."""
    still = studio.draw(who, size=640, truth=True)[1]
    pictures = [
        part_window(studio.draw(who, {unit: step}, size=640), still, UPPER.get(unit, "mouth"))
        for unit in units
        for step in steps
    ]
    pictures = [resize_to_width(picture, 240) for picture in pictures]
    height = min(map(len, pictures))  # windows on eyes and mouth may differ by a row
    return grid(
        [picture[:height] for picture in pictures],
        column_names=[f"{step:g}" for step in steps],
        row_names=[f"AU {unit}\n{studio.ACTION_UNITS[unit]}" for unit in units],
        cell_width=120,
        title=title,
        about="Close-ups of one face. In each row one action unit grows from nothing to its strongest.",
    )


def prototypes(people: Sequence[Identity], names: Sequence[str] = labels.RAVDESS) -> ContactSheet:
    """The prototype of each label at full strength, a row for each person."""
    pictures = []
    for who in people:
        still = studio.draw(who, size=320, truth=True)[1]  # one frame for a person: what moves is the face
        for name in names:
            picture = studio.draw(who, studio.prototype(name), size=320)
            pictures.append(resize_to_width(face_window(picture, still, above=0.42, beside=0.10, below=0.26), 168))
    return grid(
        pictures,
        column_names=names,
        row_names=[str(who.seed) for who in people],
        rows_are="person",
        cell_width=84,
        title=f"{len(names)} posed-expression labels, {len(people)} people",
        about="Smiles, knitted brows, wrinkled noses and open mouths line up in their columns.",
    )


def seven_views(people: Sequence[Identity], units: Mapping[int | str, float]) -> ContactSheet:
    """One expression from each of MEAD's seven cameras, a row for each person."""
    order = ("left_60", "left_30", "front", "right_30", "right_60", "top", "down")
    return grid(
        [
            studio.draw(who, units, size=224, zoom=1.05, yaw=studio.VIEWS[view][0], pitch=studio.VIEWS[view][1])
            for who in people
            for view in order
        ],
        column_names=[view.replace("_", " ") for view in order],
        row_names=[str(who.seed) for who in people],
        rows_are="person",
        cell_width=112,
        per_row_on_phone=4,
        title="MEAD's seven views: sound to 30 degrees, crude at 60",
        about="The same expression from seven cameras. At thirty degrees the faces are whole; at sixty the far side is "
        "flat.",
    )


def lights(people: Sequence[Identity], units: Mapping[int | str, float]) -> ContactSheet:
    """One expression in each of the studio's lights, a row for each person."""
    return grid(
        [studio.draw(who, units, size=256, zoom=1.15, light=name) for who in people for name in studio.LIGHTS],
        column_names=list(studio.LIGHTS),
        row_names=[str(who.seed) for who in people],
        rows_are="person",
        cell_width=128,
        per_row_on_phone=3,
        title=f"{len(studio.LIGHTS)} lights: the expression is the same in all of them",
        about="Shadows swap sides, fill the eye sockets or vanish; the expression stays.",
    )


def filmed_label(films: Mapping[str, studio.Film], label: str, *, title: str, about: str) -> ContactSheet:
    """The first frame of each actor's first clip of a label, a column for each film, a row for each actor.

    Raises
    ------
    FerError : an actor of the first film has no such clip in one of the films.
    """
    actors = list(dict.fromkeys(next(iter(films.values())).clips["actor"]))
    return grid(
        [_first_frame(film, label, actor) for actor in actors for film in films.values()],
        column_names=list(films),
        row_names=actors,
        rows_are="actor",
        cell_width=132,
        title=title,
        about=about,
    )


def camera_settings(films: Mapping[tuple[str, Any], studio.Film], label: str) -> ContactSheet:
    """The first frame of a label from each of the films, each named by a factor and its value; four a row."""
    return grid(
        [_first_frame(film, label, width=256, below=0.16) for film in films.values()],
        labels=[f"{factor} {'none' if value is None else value}" for factor, value in films],
        per_row=4,
        per_row_on_phone=2,
        cell_width=160,
        quality=92,
        title="One frame through many cameras",
        about="The same frame. Noise grows to heavy grain, blur until the eyes are smudges, compression until blocks "
        "show.",
    )


def _first_frame(film: studio.Film, label: str, actor: str | None = None, *, width: int = 264, below: float = 0.3):
    """A face of the first clip of a label, ``width`` pixels wide."""
    clips = film.clips[film.clips["expression"] == label]
    if actor is not None:
        clips = clips[clips["actor"] == actor]
    if clips.empty:
        raise invalid("label", expected=f"one that the films have for actor {actor}", received=label)
    clip = clips["clip"].iloc[0]
    picture = faces.read_frames(film.root / clip, 1).frames[0].rgb
    marks = film.frames(clip)["landmarks"][0]
    return resize_to_width(face_window(picture, marks, above=0.5, below=below), width)


def clip_course(truth: Mapping[str, np.ndarray], frames: Sequence, *, label: str) -> Figure:
    """The three units that a clip moves most, its lips and its blinks over time, with frames below.

    Parameters
    ----------
    truth : of one clip, from `fer_utils.studio.Film.frames`.
    frames : of the clip, from `fer_utils.faces.read_frames`; each has ``rgb`` and ``time_s``.
    label : the clip's posed-expression label.
    """
    column = {unit: number for number, unit in enumerate(studio.ACTION_UNITS)}
    courses = {unit: truth["action_units"][:, :, number].mean(axis=1) for unit, number in column.items()}
    moving = sorted((unit for unit in column if unit not in _ALWAYS), key=lambda unit: -np.ptp(courses[unit]))[:3]
    strip = []
    for frame in frames:
        marks = truth["landmarks"][np.abs(truth["time_s"] - frame.time_s).argmin()]
        strip.append(resize_to_width(face_window(frame.rgb, marks, above=0.40), 260))
    figure = timeline(
        truth["time_s"],
        {f"AU {unit} {studio.ACTION_UNITS[unit]}": courses[unit] for unit in (*moving, 25, 45)},
        strip,
        [frame.time_s for frame in frames],
        shade=truth["apex"],
        title=f"'{label.capitalize()}' comes and goes; the mouth talks all the while",
    )
    words = getattr(figure, "description", "")
    describe(figure, f"A clip labelled {label}; grey is how far the expression is out.", words)
    return figure
