"""Who is drawn: a person as a frozen value, taken from a seed.

Nobody's face is copied.  Every number below is our own choice, set by looking;
the proportions start from the usual drawing canon (eyes at half the head's
height, mouth a third of the way from nose to chin).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.studio.expressions import ACTION_UNITS

PRESENTATIONS: tuple[str, ...] = ("female", "male")

#: Ten skin tones, light to dark, RGB under the default light.  Our own colours,
#: chosen near the swatches of the Monk Skin Tone scale (Monk 2019/2022,
#: skintone.google) but warmer, because a swatch is not a lit face.
TONES: tuple[tuple[int, int, int], ...] = (
    (242, 212, 194),
    (236, 203, 181),
    (231, 195, 166),
    (220, 180, 144),
    (208, 164, 124),
    (178, 132, 94),
    (150, 104, 74),
    (122, 82, 60),
    (104, 71, 54),
    (89, 61, 48),
)

#: Hair colours (RGB) by name.
HAIR: dict[str, tuple[int, int, int]] = {
    "black": (38, 32, 34),
    "dark brown": (66, 46, 38),
    "brown": (104, 70, 48),
    "chestnut": (128, 74, 46),
    "auburn": (142, 66, 38),
    "dark blond": (164, 124, 78),
    "blond": (208, 170, 110),
    "grey": (150, 148, 150),
    "white": (214, 212, 210),
}
#: Iris colours (RGB) by name.
EYES: dict[str, tuple[int, int, int]] = {
    "dark brown": (62, 38, 26),
    "brown": (98, 60, 34),
    "hazel": (128, 98, 52),
    "green": (92, 122, 84),
    "grey": (112, 128, 138),
    "blue": (84, 128, 170),
}
HAIR_STYLES: dict[str, tuple[str, ...]] = {
    "female": ("bob", "long", "long wavy", "bun", "pixie", "afro", "headscarf", "fringe bob"),
    "male": ("short", "side part", "quiff", "buzz", "bald", "receding", "afro", "curly"),
}
FACIAL_HAIR: tuple[str, ...] = ("none", "stubble", "moustache", "goatee", "beard")
GLASSES: tuple[str, ...] = ("none", "round", "square")
#: Colours of clothes: red, green, blue, 0 to 255.
CLOTHES = (
    (62, 84, 112),
    (120, 60, 62),
    (72, 98, 82),
    (150, 128, 96),
    (70, 66, 78),
    (176, 140, 92),
    (96, 118, 138),
    (146, 98, 116),
    (54, 60, 66),
    (188, 184, 174),
)


@dataclass(frozen=True)
class Identity:
    """One drawn person; equal seeds give equal people.

    Lengths are in head units: half the distance from crown to chin is about
    1.1, the pupils are about 0.62 apart.  ``style`` holds the actor's gain on
    each action unit, as pairs (unit, factor); ``rest`` what the face shows when
    it shows nothing, as pairs (unit, intensity 0..1).
    """

    seed: int
    presentation: str
    age: float
    tone: int
    undertone: float
    head_width: float
    crown: float
    forehead: float
    cheekbones: float
    jaw: float
    chin_width: float
    chin: float
    eye_spacing: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    lid_crease: float
    eye_colour: str
    brow_height: float
    brow_thickness: float
    brow_slope: float
    brow_arch: float
    nose_width: float
    nose_length: float
    nose_depth: float
    bridge: float
    mouth_y: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    cupid: float
    ear_size: float
    ear_angle: float
    neck: float
    hair_style: str
    hair_colour: str
    hairline: float
    facial_hair: str
    freckles: float
    glasses: str
    clothes: tuple[int, int, int]
    asymmetry: float
    style: tuple[tuple[int, float], ...]
    rest: tuple[tuple[int, float], ...]

    @property
    def skin(self) -> tuple[float, float, float]:
        """Skin colour, RGB 0..255, with the person's undertone."""
        red, green, blue = TONES[self.tone - 1]
        return (red + 3.0 * self.undertone, float(green), blue - 5.0 * self.undertone)

    @property
    def hair(self) -> tuple[int, int, int]:
        """Hair colour, RGB 0..255."""
        return HAIR[self.hair_colour]

    @property
    def name(self) -> str:
        """A short label for captions, such as ``person 7``."""
        return f"person {self.seed}"


@stage("studio")
def person(seed: int, *, presentation: str | None = None) -> Identity:
    """Draw one person from a seed.

    Parameters
    ----------
    seed : a whole number of 0 or more; different seeds give different people.
    presentation : ``"female"``, ``"male"``, or None to let the seed decide.
        It steers hair, brows, jaw, lips and facial hair, and with the same seed
        everything else stays.

    Returns
    -------
    Identity
    """
    seed = whole_number("seed", seed, 0)
    if presentation not in (None, *PRESENTATIONS):
        raise invalid("presentation", expected="'female', 'male' or None", received=presentation)
    rng = np.random.default_rng([20231031, seed])
    drawn = PRESENTATIONS[int(rng.integers(2))]
    presentation = presentation or drawn
    male = presentation == "male"

    def around(centre: float, spread: float) -> float:
        # Clipped at two spreads: a wide range of faces, and no caricatures.
        return round(float(centre + spread * np.clip(rng.normal(), -2.0, 2.0)), 4)

    # A golden-ratio walk from a random start spreads consecutive seeds, which
    # is what casts are, over the whole range of tones.
    tone = 1 + int(10 * ((0.13 + seed * 0.61803398875) % 1.0))
    age = round(float(np.clip(21 + rng.gamma(2.0, 8.0), 21, 68)), 1)
    shape = {
        "undertone": round(float(rng.uniform(-1, 1)), 3),
        "head_width": around(1.0, 0.045),
        "crown": around(1.16, 0.04),
        "forehead": around(0.96, 0.035),
        "cheekbones": around(0.99, 0.035),
        "jaw": around(1.04 if male else 0.93, 0.05),
        "chin_width": around(1.08 if male else 0.93, 0.08),
        "chin": around(1.13 if male else 1.085, 0.035),
        "eye_spacing": around(0.318, 0.013),
        "eye_width": around(0.345 if male else 0.366, 0.018),
        "eye_height": around(0.146 if male else 0.166, 0.014),
        "eye_tilt": around(0.05, 0.06),
        "lid_crease": round(float(np.clip(rng.normal(0.7, 0.35), 0.0, 1.0)), 3),
        "brow_height": around(0.215 if male else 0.245, 0.020),
        "brow_thickness": around(0.066 if male else 0.044, 0.010),
        "brow_slope": around(0.02, 0.045),
        "brow_arch": around(0.03 if male else 0.055, 0.018),
        "nose_width": around(0.165 if male else 0.148, 0.020),
        "nose_length": around(0.46, 0.028),
        "nose_depth": around(1.0, 0.14),
        "bridge": around(1.0, 0.18),
        "mouth_y": around(0.715 if male else 0.695, 0.018),
        "mouth_width": around(0.262 if male else 0.250, 0.020),
        "lip_upper": around(0.050 if male else 0.064, 0.012),
        "lip_lower": around(0.070 if male else 0.084, 0.013),
        "cupid": around(0.30, 0.14),
        "ear_size": around(1.0, 0.10),
        "ear_angle": around(0.5, 0.2),
        "neck": around(0.42 if male else 0.335, 0.025),
        "hairline": around(0.0, 0.035),
    }
    if tone >= 7:  # fuller lips and broader noses are more common in the darker tones, as in people
        shape["lip_upper"] = round(shape["lip_upper"] * 1.2, 4)
        shape["lip_lower"] = round(shape["lip_lower"] * 1.15, 4)
        shape["nose_width"] = round(shape["nose_width"] * 1.12, 4)

    colours = {
        True: ("black", "dark brown", "brown", "chestnut", "auburn", "dark blond", "blond"),
        False: ("black", "black", "dark brown", "brown") if tone < 7 else ("black", "black", "dark brown"),
    }[tone <= 3]
    hair_colour = str(rng.choice(colours))
    if rng.random() < (age - 38) / 30:
        hair_colour = "grey" if age < 58 else "white"
    eye_colour = str(
        rng.choice(
            ("dark brown", "brown")
            if tone >= 6
            else ("dark brown", "brown", "brown", "hazel")
            if tone >= 4
            else ("brown", "hazel", "green", "grey", "blue", "blue")
        )
    )
    # Styles walk through the list as tones do, so that a cast is varied.
    styles = HAIR_STYLES[presentation]
    hair_style = styles[int(len(styles) * ((seed * 0.7548776662 + rng.uniform(0, 0.35)) % 1.0))]
    whiskers = str(rng.choice(FACIAL_HAIR, p=(0.45, 0.22, 0.08, 0.10, 0.15)))
    spectacles = str(rng.choice(GLASSES, p=(0.82, 0.09, 0.09)))
    freckles = float(rng.random()) if rng.random() < 0.25 and tone <= 4 else 0.0
    clothes = CLOTHES[int(rng.integers(len(CLOTHES)))]
    asymmetry = round(float(rng.normal(0, 0.5)), 3)
    # Acting style.  The gains' spread (0.26 in the logarithm, on top of 0.18 for all of an actor's) makes actors
    # differ more from each other than an actor from take to take.
    strength = rng.lognormal(0.0, 0.18)
    style = tuple(
        (unit, round(float(np.clip(strength * rng.lognormal(0.0, 0.26), 0.5, 1.7)), 3)) for unit in ACTION_UNITS
    )
    resting = rng.choice([1, 2, 4, 6, 7, 12, 14, 15, 17, 24], size=4, replace=False)
    rest = tuple((int(unit), round(float(rng.uniform(0.0, 0.16)), 3)) for unit in sorted(resting))
    return Identity(
        seed=seed,
        presentation=presentation,
        age=age,
        tone=tone,
        **shape,
        eye_colour=eye_colour,
        hair_style=hair_style,
        hair_colour=hair_colour,
        facial_hair=whiskers if male else "none",
        freckles=round(freckles, 3),
        glasses=spectacles,
        clothes=clothes,
        asymmetry=asymmetry,
        style=style,
        rest=rest,
    )
