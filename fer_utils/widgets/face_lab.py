"""The Face lab: move action units by hand and watch the face.

The front end sends a *state*, a plain JSON object; Python draws it and sends back
a picture, its 68 landmarks and its description.  The front end asks for the next
picture only when it has the last, so a dragged slider never queues up.

Where no kernel answers, the page draws by itself: ``studio_draw.js`` is the studio's
renderer in typed arrays, with NumPy's random numbers, so that a seed is the same person.
It runs in a worker (``face_lab_engine.js``), so that the page stays awake.
Python is the reference; ``tests/widgets/test_face_lab_page.py`` compares the two.  Beside
the face stand the scores of ``drawn48``, the package's trained network, computed in the page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, replace
import html
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from fer_utils import studio
from fer_utils.core.errors import FerError, invalid, missing, whole_number
from fer_utils.core.labels import ALL
from fer_utils.models import pretrained_networks
from fer_utils.studio import identity
from fer_utils.studio.expressions import MIDLINE
from fer_utils.studio.identity import TONES
from fer_utils.widgets import drawn48_weights
from fer_utils.widgets.joined_modules import enclosed, joined
from fer_utils.widgets.static_picture import StaticPicture, checked_words

_HERE = Path(__file__).parent

#: Side of the picture, in pixels.
SIZE = 384

#: The renderer in the page and the network behind it, which a worker runs; each stands after those that it imports.
PAGE_FILES: tuple[str, ...] = (
    *(
        f"studio_{name}.js"
        for name in ("numbers", "random", "canvas", "blur", "head", "face", "person", "relief", "skin")
    ),
    *(f"studio_{name}.js" for name in ("shading", "features", "mouth", "hair", "hair_styles", "props", "draw")),
    "drawn48_network.js",
    "face_lab_page.js",
)

#: What the sliders of action units are grouped by.
GROUPS: Mapping[str, tuple[int, ...]] = {
    "Brows": (1, 2, 4),
    "Eyes": (5, 7, 43, 45),
    "Nose and cheeks": (6, 9),
    "Mouth": (10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 27),
}

#: How far the sliders of the head go, in degrees: as far as ``studio.draw`` does.
TURNS: Mapping[str, int] = {"yaw": 60, "pitch": 30, "roll": 45}

#: What is asked above the face, and what to try first; a chapter may ask for something else.
_WORDS = {
    "question": "Which movements of a face make an expression, for us and for a network?",
    "first": "press *happy*, then take AU 12 back bit by bit, and watch when the scores turn.",
}

#: A state with nothing on the face.  ``person`` is a seed; ``tone`` 1..10, or None for the person's own;
#: ``action_units`` maps "12" (both sides), "L12" or "R12" (the person's own left, right) to 0..1.
REST: Mapping[str, object] = {
    "person": 12,
    "tone": None,
    "action_units": {},
    "light": "studio",
    "yaw": 0,
    "pitch": 0,
    "roll": 0,
    "gaze": [0, 0],
    "occlusion": None,
    "landmarks": False,
}


def _complete_state(settings: Mapping) -> dict:
    """A whole state, as JSON has it; FerError for a name that is none."""
    if not isinstance(settings, Mapping):
        raise invalid("state", expected="a dict such as {'person': 12, 'action_units': {'12': 0.8}}", received=settings)
    for name, value in settings.items():
        if name not in REST:
            raise invalid(name, expected=f"no such setting; there are {', '.join(REST)}", received=value)
    state = {**REST, **settings}
    units = state["action_units"]
    if isinstance(units, Mapping):
        state["action_units"] = {str(key): value for key, value in units.items()}
    if isinstance(state["gaze"], tuple):
        state["gaze"] = list(state["gaze"])
    return state


def action_unit_intensities(units) -> dict[int | str, float]:
    """The state's action units as ``studio.draw`` takes them: 12 or ``"L12"`` to 0..1; FerError if they are no dict."""
    if not isinstance(units, Mapping):
        raise invalid("action_units", expected="a dict such as {'12': 0.8, 'L14': 0.5}", received=units)
    return {int(key) if isinstance(key, str) and key.isdecimal() else key: value for key, value in units.items()}


def person_of(state: Mapping) -> studio.Identity:
    """Who a state shows: the person of the seed, in the tone asked for."""
    who = studio.person(whole_number("person", state["person"], 0))
    return who if state["tone"] is None else replace(who, tone=whole_number("tone", state["tone"], 1, len(TONES)))


def draw_state(state: Mapping, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """A state's picture, (size, size, 3) uint8 RGB, and its landmarks, (68, 2) pixels.

    ``FerError`` names what cannot be drawn.
    """
    if not isinstance(state["landmarks"], bool):
        raise invalid("landmarks", expected="True or False", received=state["landmarks"])
    gaze = state["gaze"]
    if not (
        isinstance(gaze, (list, tuple))
        and len(gaze) == 2
        and all(isinstance(g, (int, float)) and not isinstance(g, bool) for g in gaze)
    ):
        raise invalid("gaze", expected="[right, down], each from -1 to 1", received=gaze)
    if not isinstance(state["light"], str):
        raise invalid("light", expected=f"one of {', '.join(studio.LIGHTS)}", received=state["light"])
    return studio.draw(
        person_of(state),
        action_unit_intensities(state["action_units"]),
        size=size,
        light=state["light"],
        gaze=tuple(gaze),
        **{name: state[name] for name in TURNS},
        occlusion=state["occlusion"],
        truth=True,
    )


def studio_tables() -> dict[str, object]:
    """What the page's own renderer draws from, as JSON has it: the studio's colours, styles, lights and action units.

    The renderer in the page (``studio_draw.js`` and the files that it imports) holds no copy of these.
    """
    return {
        "tones": [list(tone) for tone in TONES],
        "hair": {name: list(colour) for name, colour in identity.HAIR.items()},
        "eyes": {name: list(colour) for name, colour in identity.EYES.items()},
        "hairStyles": {name: list(styles) for name, styles in identity.HAIR_STYLES.items()},
        "facialHair": list(identity.FACIAL_HAIR),
        "glasses": list(identity.GLASSES),
        "clothes": [list(colour) for colour in identity.CLOTHES],
        "lights": {name: asdict(light) for name, light in studio.LIGHTS.items()},
        "units": list(studio.ACTION_UNITS),
        "midline": sorted(MIDLINE),
    }


def describe(state: Mapping) -> str:
    """What a state looks like, in words: the picture's alt text."""
    own = "their own" if state["tone"] is None else "set"
    parts = [f"Person {state['person']}, drawn, skin tone {person_of(state).tone} of {len(TONES)} ({own})"]
    shown = []
    for key, value in sorted(action_unit_intensities(state["action_units"]).items(), key=lambda item: -item[1]):
        if value > 0:
            number = int(str(key).lstrip("LR"))
            side = {"L": ", their left side", "R": ", their right side"}.get(str(key)[0], "")
            shown.append(f"AU {number} ({studio.ACTION_UNITS[number]}{side}) at {value:.2f}")
    parts.append(", ".join(shown) if shown else "no action unit, a face at rest")
    ways = {
        "yaw": ("to the right", "to the left"),
        "pitch": ("up", "down"),
        "roll": ("tilted clockwise", "tilted anticlockwise"),
    }
    turned = [
        f"{abs(state[name]):.0f}° {way[state[name] < 0]}" for name, way in ways.items() if round(abs(state[name]))
    ]
    parts.append("head " + ", ".join(turned) if turned else "seen from the front")
    gaze = _gaze_text(*state["gaze"])
    if gaze:
        parts.append(gaze)
    if state["occlusion"]:
        parts.append(f"{state['occlusion']} in front of the face")
    parts.append(f"{state['light']} light")
    return "; ".join(parts) + "."


def _gaze_text(right: float, down: float) -> str:
    """Where the eyes look, in words; empty for straight ahead."""
    sideways = _direction(right, "right", "left")
    upright = _direction(down, "down", "up")
    if sideways and upright:
        return f"eyes to the {sideways} and {upright}"
    if sideways:
        return f"eyes to the {sideways}"
    return f"eyes {upright}" if upright else ""


def _direction(value: float, positive: str, negative: str) -> str:
    """The word for a gaze of -1..1 along one axis; empty near 0."""
    if value > 0.05:
        return positive
    return negative if value < -0.05 else ""


def _jpeg(picture: np.ndarray) -> bytes:
    try:
        import cv2
    except ImportError:
        raise missing("cv2", needed_for="the Face lab", remedy="pip install opencv-python-headless") from None
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _network_weights() -> bytes:
    """The trained network's weights for the page; none where LiteRT is absent: the faces are drawn all the same."""
    try:
        return drawn48_weights.packed()
    except ImportError:
        return b""


class FaceLab(StaticPicture, anywidget.AnyWidget):
    """Sliders for action units, person, skin tone, head, gaze and light; the face follows.

    Parameters
    ----------
    person : seed of ``studio.person``, 0 or more.
    tone : skin tone 1..10, or None for the person's own.
    action_units : intensities 0..1 by FACS number, or ``"L12"``/``"R12"`` for one of the
        person's own sides, as in ``studio.draw``.
    light : a name of ``studio.LIGHTS``.
    yaw, pitch, roll : degrees, up to 60, 30 and 45 either way.
    gaze : (right, down), each -1..1.
    occlusion : None, or one of ``studio.OCCLUSIONS``.
    landmarks : show the 68 landmarks.
    question : the question that stands above the face.
    first : what to try first, the rest of a sentence; *words between stars* are emphasised.

    Raises FerError for an argument that is not there or out of range.  A bad state that
    comes later, from the page or by assignment, becomes ``problem`` and is said in the
    widget, and the last good face stays.

    Attributes (synced traits)
    --------------------------
    state : dict, all of the above as plain JSON; assign a changed copy to move the widget.
    picture : bytes, the face as JPEG, 384 x 384 pixels.
    marks : list of the 68 landmarks, (x, y) as shares of the picture's side.
    about : str, the picture in words.
    problem : str, what cannot be drawn; ``""`` where all is well.
    """

    _esm = "\n".join(
        (
            enclosed("faceLabStudio", *PAGE_FILES),
            joined("elements.js", "face_lab_engine.js", "face_lab_painters.js", "face_lab_parts.js", "face_lab.js"),
        )
    )
    _css = _HERE / "face_lab.css"

    state = traitlets.Any().tag(sync=True)
    picture = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    marks = traitlets.List(read_only=True).tag(sync=True)
    about = traitlets.Unicode("", read_only=True).tag(sync=True)
    problem = traitlets.Unicode("", read_only=True).tag(sync=True)
    question = traitlets.Unicode(read_only=True).tag(sync=True)
    first = traitlets.Unicode(read_only=True).tag(sync=True)
    #: Number of the picture that the page asked for last, and of the one that came.
    asked = traitlets.Int(0).tag(sync=True)
    answered = traitlets.Int(0, read_only=True).tag(sync=True)
    #: The weights of the trained network whose scores the page shows; none where LiteRT is not installed.
    weights = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    #: What there is to choose from; the page knows no names of its own.
    offer = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        words = {name: checked_words(name, settings.pop(name, text)) for name, text in _WORDS.items()}
        state = _complete_state(settings)
        drawn = self._drawn(state)  # before anything is shown: a bad argument is an error here
        super().__init__(state=state)
        for name, text in words.items():
            self.set_trait(name, text)
        self.set_trait(
            "offer",
            {
                "units": {
                    str(number): {"name": name, "midline": number in MIDLINE}
                    for number, name in studio.ACTION_UNITS.items()
                },
                # Lists, for a saved page sorts an object's keys.
                "groups": [[name, list(units)] for name, units in GROUPS.items()],
                "poses": [
                    [label, {str(key): value for key, value in studio.prototype(label).items()}] for label in ALL
                ],
                "lights": list(studio.LIGHTS),
                "tones": [list(tone) for tone in TONES],
                "turns": dict(TURNS),
                "occlusions": list(studio.OCCLUSIONS),
                "rest": dict(REST),
                "studio": studio_tables(),
                "labels": list(pretrained_networks.find().card["labels"]),
            },
        )
        self.set_trait("weights", _network_weights())
        self._set_answer(drawn)
        self._seen = self.state
        self.observe(self._redraw, ["state", "asked"])
        self.on_msg(self._answer_hello)

    @staticmethod
    def _drawn(state: dict) -> dict:
        picture, marks = draw_state(state)
        return {
            "picture": _jpeg(picture),
            "marks": np.round(marks / SIZE, 4).tolist(),
            "about": describe(state),
            "problem": "",
        }

    def _set_answer(self, values: dict) -> None:
        with self.hold_sync():  # one message: picture, words and landmarks are of one state
            for name, value in values.items():
                self.set_trait(name, value)
            self.set_trait("answered", self.asked)

    def _redraw(self, change) -> None:
        if self.answered == self.asked and self._seen is self.state:
            return  # both came in one message, and the first has drawn it
        self._seen = self.state
        try:
            self._set_answer(self._drawn(_complete_state(self.state)))
        except (FerError, ImportError) as error:
            self._set_answer({"problem": " ".join(str(error).split())})

    def _answer_hello(self, _, content, buffers) -> None:
        # A page that gets this answer has a kernel behind it, and wakes its controls.
        if isinstance(content, dict) and content.get("kind") == "hello":
            self.send({"kind": "here"})

    def picture_html(self) -> str:
        """A still picture of the face with alt text, for places where no script runs."""
        data = base64.b64encode(self.picture).decode()
        return (
            f'<figure class="fer-lab-still"><img class="dark-light" alt="{html.escape(self.about, quote=True)}" '
            f'width="{SIZE}" style="max-width:100%;height:auto" src="data:image/jpeg;base64,{data}">'
            "<figcaption>The Face lab at rest. "
            "It redraws the face where scripts run.</figcaption></figure>"
        )
