"""One clip of a film: who acts what under which conditions, before which camera, into which files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio import writing
from fer_utils.studio.acting import STRENGTH, Performance, perform
from fer_utils.studio.factors import Conditions, conditions, seed_of, stream
from fer_utils.studio.identity import Identity, person
from fer_utils.studio.layouts import VIEWS, Take, sex_of
from fer_utils.studio.render import paint

#: The most that ``draw`` takes, in degrees: with its row of the truth, every frame can be drawn again.
_MOST = (60.0, 30.0, 45.0)


@lru_cache(maxsize=64)
def identity_of(layout: str, actor: str, seed: int) -> Identity:
    """The drawn person who plays an actor of a layout under a seed."""
    return person(seed_of(layout, actor, seed), presentation=sex_of(layout, actor))


def _acted_intensity(take: Take, what: Conditions) -> int:
    """The intensity that is acted: neutral has but one, whatever the name of a mislabelled clip says."""
    return 1 if what.true_expression == "neutral" else take.intensity


def clip_row(take: Take, plan: dict, what: Conditions | None = None) -> dict:
    """A clip's line in clips.csv; ``what`` are its conditions, where they are known already."""
    what = conditions(take, plan["seed"], plan["factors"]) if what is None else what
    who = identity_of(take.layout, take.actor, plan["seed"])
    return {
        "clip": take.path,
        "twin": take.twin or "",
        "dataset": take.layout,
        "actor": take.actor,
        "sex": take.sex,
        "expression": take.expression,
        "intensity": take.intensity,
        "view": take.view,
        "statement": take.statement,
        "repetition": take.repetition,
        "performance": take.performance,
        "identity_seed": who.seed,
        "tone": who.tone,
        "age": who.age,
        "hair_style": who.hair_style,
        "facial_hair": who.facial_hair,
        "glasses": who.glasses,
        "strength": STRENGTH[take.layout][_acted_intensity(take, what)],
        **what.columns(),
        "frames": plan["frames"],
        "fps": plan["fps"],
        "width": plan["size"][0],
        "height": plan["size"][1],
    }


def act_of(take: Take, plan: dict) -> tuple[Performance, Conditions]:
    """The performance that a clip shows, before any camera, and the clip's conditions."""
    what = conditions(take, plan["seed"], plan["factors"])
    who = identity_of(take.layout, take.actor, plan["seed"])
    return perform(
        who,
        what.true_expression,
        layout=take.layout,
        intensity=_acted_intensity(take, what),
        frames=plan["frames"],
        rng=stream(take, plan["seed"], 2),
        speech=what.speech,
        seconds=plan["frames"] / plan["fps"],
    ), what


def record_clip(root: Path, plan: dict, take: Take) -> None:
    """Write a clip's videos, and after them its truth, below ``root``."""
    cv2 = opencv()
    seed, fps = plan["seed"], plan["fps"]
    width, height = plan["size"]
    who = identity_of(take.layout, take.actor, seed)
    act, what = act_of(take, plan)
    turn, lift = VIEWS[take.view]
    pose = np.clip(
        act.pose + np.float32([turn + what.yaw, lift + what.pitch, what.roll]), np.negative(_MOST), _MOST
    ).astype(np.float32)
    camera = _camera(what, stream(take, seed, 3, list(VIEWS).index(take.view)), seed, width, height)
    occlusion = None if what.occlusion == "none" else what.occlusion
    marks = []
    with writing.video(root / take.path, take.layout, fps, (width, height)) as add:
        for k in range(plan["frames"]):
            picture, points = paint(
                who,
                act.action_units[k].astype(np.float64),
                width,
                height,
                tuple(map(float, pose[k])),
                tuple(map(float, act.gaze[k])),
                what.light,
                what.background,
                (what.shift_x, what.shift_y),
                what.zoom,
                occlusion=occlusion,
                markers=what.markers,
            )
            add(camera(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)))
            marks.append(points)
    if take.twin:
        writing.copy_video(root / take.path, root / take.twin, take.layout, fps, (width, height))
    writing.write_truth(
        root,
        take.path,
        {
            "action_units": act.action_units,
            "landmarks": np.asarray(marks, np.float32),
            "pose": pose,
            "gaze": act.gaze,
            "apex": act.apex,
            "time_s": (np.arange(plan["frames"]) / fps).astype(np.float32),
        },
    )


def record_clips(root: str, plan: dict, takes: list[Take]) -> int:
    """`record_clip` for several clips, a worker's task; their number."""
    for take in takes:
        record_clip(Path(root), plan, take)
    return len(takes)


def _camera(what: Conditions, rng: np.random.Generator, seed: int, width: int, height: int):
    """Lens, sensor and recorder: a function from BGR picture to BGR picture."""
    cv2 = opencv()
    sigma = what.blur * min(width, height) / 256
    grain = cv2.LUT(_noise(seed, width, height), np.rint((np.arange(256) - 128.0) / 31.0 * what.noise).astype(np.int8))

    def record(picture: np.ndarray) -> np.ndarray:
        if sigma > 0.15:
            picture = cv2.GaussianBlur(picture, (0, 0), sigma)
        if what.noise:
            dx, dy = (int(v) for v in rng.integers(0, 64, 2))
            picture = cv2.add(picture, grain[dy : dy + height, dx : dx + width], dtype=cv2.CV_8U)
        if what.compression is not None:
            jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, what.compression])[1]
            picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        return picture

    return record


@lru_cache(maxsize=2)
def _noise(seed: int, width: int, height: int) -> np.ndarray:
    """A field of normal noise, wider than a frame, (height + 64, width + 64, 3) uint8.

    Its mean is 128 and its standard deviation 31.  Noise is dear to draw.  One field serves a film; each frame is
    another part of it.
    """
    field = np.random.default_rng([seed, 5]).standard_normal((height + 64, width + 64, 3), dtype=np.float32)
    field = np.clip(np.rint(field * 31.0 + 128.0), 0, 255).astype(np.uint8)
    field.setflags(write=False)
    return field
