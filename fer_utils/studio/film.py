"""``film``: whole data sets of drawn actors, as video files, with the truth beside them.

``root`` receives the clips under the real set's own names, and ``root/truth``:

=====================  ==========================================================
``plan.json``          what was asked for; written first
``frames/….npz``       one file a clip, per frame: ``action_units`` (T, 2, 22) 0..1,
                       row 0 the person's right side; ``landmarks`` (T, 68, 2)
                       pixels; ``pose`` (T, 3) yaw, pitch, roll in degrees;
                       ``gaze`` (T, 2); ``apex`` (T,) 0..1; ``time_s`` (T,)
``clips.csv``          one row a clip: label, actor, skin tone, light, noise, …
``manifest.json``      how it was made, with counts; written last, so a folder
                       without it is unfinished
=====================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
import io
import json
import numbers
import os
from pathlib import Path

import numpy as np

from fer_utils import labels, parallel
from fer_utils.errors import FerError, invalid, missing, whole_number
from fer_utils.paths import write_atomic

from .acting import STRENGTH, perform
from .expressions import ACTION_UNITS
from .identity import Identity, person
from .layouts import ACTORS, CODECS, Take, cast, sex_of, takes
from .render import Light, _size, paint

#: Raised whenever the same arguments give other pixels or other truth.
DRAWING = 2
_OFFSET = {"ravdess": 0, "savee": 100, "mead": 200}
_WALL = {"ravdess": (206, 208, 206), "savee": (176, 182, 190), "mead": (150, 166, 158)}


@dataclass(frozen=True)
class Film:
    """A filmed set.  ``clips`` is a DataFrame, one row a clip; ``manifest`` a dict."""

    root: Path
    manifest: dict
    clips: "pandas.DataFrame"  # noqa: F821
    filmed: int = 0

    @classmethod
    def load(cls, root: str | os.PathLike) -> "Film":
        """Open a finished set; one FerError if there is none."""
        import pandas as pd

        root = Path(root).expanduser()
        path = root / "truth" / "manifest.json"
        if not path.is_file():
            raise invalid("root", expected="a folder with a finished film (truth/manifest.json)", received=str(root),
                          remedy="Film it with studio.film(layout, root, ...).")
        texts = {name: "str" for name in ("actor", "statement", "clip", "twin", "performance")}
        clips = pd.read_csv(root / "truth" / "clips.csv", dtype=texts, keep_default_na=False)
        return cls(root, json.loads(path.read_text(encoding="utf-8")), clips)

    def frames(self, clip: str) -> dict[str, np.ndarray]:
        """The per-frame truth of a clip (its path below the root, as in ``clips.clip``)."""
        path = self.root / _frames_path(clip)
        if clip not in set(self.clips["clip"]):
            raise invalid("clip", expected="a value of film.clips['clip']", received=clip)
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}

    def __str__(self) -> str:
        plan = self.manifest["plan"]
        width, height = plan["size"]
        done = f"{self.filmed} filmed now" if self.filmed else "nothing to do: it was complete"
        return (f"film of {self.manifest['clips']} clips ({self.manifest['files']} files) in the layout of {plan['layout']}: "
                f"{len(plan['actors'])} actors, {plan['frames']} frames of {width}x{height} each, seed {plan['seed']}\n"
                f"at {self.root} ({done})")

    __repr__ = __str__


def film(layout: str, root: str | os.PathLike, *, actors: int | Iterable | None = None, seed: int = 0,
         clips_per_actor: int | None = None, frames: int = 12, size: int | tuple[int, int] = (256, 256),
         fps: float | None = None, twins: bool = False, workers: int | None = None, progress: bool = True) -> Film:
    """Film a data set of drawn actors.

    Parameters
    ----------
    layout : ``"ravdess"``, ``"savee"`` or ``"mead"``: names, codes, folders, counts.
    root : folder to fill; new or empty, or one that the same call began before
        (then only what is missing is filmed, and nothing if it is complete).
    actors : None for as many as the real set has (24, 4, 47), n for the first n,
        or a list of the set's own ids.  The same id and seed is the same person.
    seed : chooses the people and the takes; 0 or more.
    clips_per_actor : None for the real count (RAVDESS 60, SAVEE 120; MEAD 64 of
        its some 670), or n: see ``layouts.takes`` for the order.
    frames : frames a clip; the whole arc of the expression lies within them.
    size : (width, height) in pixels, or one number for both.
    fps : frames a second; None makes every clip last three seconds.
    twins : RAVDESS only: also the 01- file of each performance, re-encoded from
        the 02- one.  It has no sound.
    workers : processes; None for one a core.  The result does not depend on it.
    progress : show a bar.

    Returns
    -------
    Film, with ``.clips``, ``.root``, ``.manifest`` and ``.frames(clip)``.
    """
    plan = _plan(layout, actors, seed, clips_per_actor, frames, size, fps, twins)
    workers = None if workers is None else whole_number("workers", workers, 1)
    todo = [take for actor in plan["actors"] for take in takes(layout, actor, plan["clips_per_actor"], twins=plan["twins"])]
    root = Path(root).expanduser()
    if _begin(root, plan):
        return Film.load(root)
    _need_cv2()
    open_jobs = [take for take in todo if not _finished(root, take)]
    _run(root, plan, open_jobs, workers, progress)

    import pandas as pd

    rows = [_row(take, plan) for take in todo]
    table = pd.DataFrame(rows)
    write_atomic(root / "truth" / "clips.csv", table.to_csv(index=False, lineterminator="\n"))
    counts = table["expression"].value_counts()
    manifest = {
        "made_by": "fer_utils.studio.film", "package": _version(), "plan": plan, "clips": len(todo),
        "files": len(todo) * (2 if plan["twins"] else 1), "actors": len(plan["actors"]),
        "expressions": {name: int(counts[name]) for name in sorted(counts.index)},
        "action_units": {str(unit): name for unit, name in ACTION_UNITS.items()},
        "note": "Drawn people; nobody's face. Labels are posed-expression labels.",
    }
    write_atomic(root / "truth" / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    loaded = Film.load(root)
    return Film(loaded.root, loaded.manifest, loaded.clips, filmed=len(open_jobs))


def _plan(layout, actors, seed, clips_per_actor, frames, size, fps, twins) -> dict:
    people = cast(layout, actors)
    seed, frames = whole_number("seed", seed, 0), whole_number("frames", frames, 1)
    width, height = _size(size)
    if width % 2 or height % 2:
        raise invalid("size", expected="even numbers of pixels, as video codecs want", received=size)
    if fps is None:
        fps = max(frames / 3.0, 1.0)
    if isinstance(fps, bool) or not isinstance(fps, numbers.Real) or not 0 < fps <= 240:
        raise invalid("fps", expected="None or a number above 0 and up to 240", received=fps)
    if not isinstance(twins, bool) or (twins and layout != "ravdess"):
        raise invalid("twins", expected="True or False; True for layout 'ravdess' only", received=twins)
    count = len(takes(layout, people[0], clips_per_actor))
    return {"drawing": DRAWING, "layout": layout, "actors": list(people), "seed": seed, "clips_per_actor": count,
            "frames": frames, "size": [width, height], "fps": round(float(fps), 6), "twins": twins}


def _begin(root: Path, plan: dict) -> bool:
    """Claim the folder; True if it already holds this very film, complete."""
    if root.exists() and not root.is_dir():
        raise invalid("root", expected="a folder", received=str(root))
    begun = root / "truth" / "plan.json"
    if begun.is_file():
        try:
            found = json.loads(begun.read_text(encoding="utf-8"))
        except ValueError:
            found = None
        if found != plan:
            changed = [k for k in plan if not isinstance(found, dict) or found.get(k) != plan[k]]
            raise invalid("root", expected="a new or empty folder, or one begun by the same call", received=str(root),
                          remedy=f"It holds another film (different: {', '.join(changed)}). Choose another folder, or delete this one.")
        return (root / "truth" / "manifest.json").is_file()
    if root.is_dir() and any(root.iterdir()):
        raise invalid("root", expected="a new or empty folder", received=str(root),
                      remedy="It holds something else, which is left alone. Choose another folder.")
    write_atomic(begun, json.dumps(plan, indent=1) + "\n")
    return False


def _run(root: Path, plan: dict, jobs: list[Take], workers: int | None, progress: bool) -> None:
    from tqdm import tqdm

    parallel.refuse_in_worker("film")
    workers = min(workers or parallel.processors(), max(1, len(jobs) // 4))
    alone = workers == 1 or not parallel.startable("film", stacklevel=4)
    # A batch keeps to one actor: what is worked out once a person is then used again.
    batches: list[list[Take]] = []
    for take in jobs:
        if batches and batches[-1][0].actor == take.actor and len(batches[-1]) < 10:
            batches[-1].append(take)
        else:
            batches.append([take])
    with tqdm(total=len(jobs), desc=f"filming {plan['layout']}", unit="clip", disable=not progress) as bar:
        if alone:
            with parallel.one_thread():
                for batch in batches:
                    bar.update(_film_batch(str(root), plan, batch))
            return
        try:
            with parallel.pool(workers) as pool:
                futures = [pool.submit(_film_batch, str(root), plan, batch) for batch in batches]
                for future in as_completed(futures):
                    bar.update(future.result())
        except BrokenProcessPool:
            raise FerError(
                "A filming process ended too early; most likely the machine is out of memory. Use fewer `workers` and call "
                "film() again with the same arguments; it goes on where it stopped."
            ) from None


def _film_batch(root: str, plan: dict, batch: list[Take]) -> int:
    for take in batch:
        _film_clip(Path(root), plan, take)
    return len(batch)


def identity_of(layout: str, actor: str, seed: int) -> Identity:
    """The drawn person who plays an actor of a layout under a seed."""
    return person(seed * 1000 + _OFFSET[layout] + ACTORS[layout].index(actor), presentation=sex_of(layout, actor))


def _rng(take: Take, plan: dict, stream: int) -> np.random.Generator:
    return np.random.default_rng([plan["seed"], stream, _OFFSET[take.layout], ACTORS[take.layout].index(take.actor),
                                  labels.ALL.index(take.expression), take.intensity, int(take.statement), take.repetition])


def _factors(take: Take, plan: dict) -> dict:
    """What disturbs a clip besides the acting: one draw a performance."""
    rng = _rng(take, plan, 1)
    # All actors sit in one studio before one camera, as RAVDESS's, SAVEE's and MEAD's do; little changes from clip to clip.
    light = Light(
        azimuth=round(float(np.clip(rng.normal(-14, 3), -50, 50)), 3), elevation=round(float(np.clip(rng.normal(28, 2), 5, 60)), 3),
        strength=round(float(rng.uniform(0.62, 0.68)), 4), ambient=round(float(rng.uniform(0.42, 0.46)), 4),
        warmth=round(float(np.clip(rng.normal(0, 0.05), -0.7, 0.7)), 4), exposure=round(float(np.clip(rng.normal(0.98, 0.015), 0.78, 1.12)), 4),
    )
    return {
        "light": light, "zoom": round(float(np.clip(rng.normal(0.97, 0.01), 0.88, 1.06)), 4),
        "shift": (round(float(rng.normal(0, 0.006)), 4), round(float(rng.normal(0, 0.005)), 4)),
        "noise": round(float(rng.uniform(1.0, 3.0)), 3), "blur": round(float(rng.uniform(0.0, 0.35)), 3),
        "speech": round(float(rng.uniform(0.25, 0.75)), 3),
    }


def _row(take: Take, plan: dict) -> dict:
    """A clip's line in clips.csv."""
    factors = _factors(take, plan)
    who = identity_of(take.layout, take.actor, plan["seed"])
    light = {f"light_{name}": value for name, value in asdict(factors["light"]).items()}
    return {
        "clip": take.path, "twin": take.twin or "", "dataset": take.layout, "actor": take.actor, "sex": take.sex,
        "expression": take.expression, "intensity": take.intensity, "statement": take.statement, "repetition": take.repetition,
        "performance": take.performance, "identity_seed": who.seed, "tone": who.tone, "age": who.age, "hair_style": who.hair_style,
        "facial_hair": who.facial_hair, "glasses": who.glasses, "strength": STRENGTH[take.layout][take.intensity], **light,
        "zoom": factors["zoom"], "shift_x": factors["shift"][0], "shift_y": factors["shift"][1], "noise": factors["noise"],
        "blur": factors["blur"], "speech": factors["speech"], "frames": plan["frames"], "fps": plan["fps"],
        "width": plan["size"][0], "height": plan["size"][1],
    }


def _film_clip(root: Path, plan: dict, take: Take) -> None:
    import cv2

    width, height = plan["size"]
    who = identity_of(take.layout, take.actor, plan["seed"])
    factors = _factors(take, plan)
    act = perform(who, take.expression, layout=take.layout, intensity=take.intensity, frames=plan["frames"],
                  rng=_rng(take, plan, 2), speech=factors["speech"], seconds=plan["frames"] / plan["fps"])
    rng = _rng(take, plan, 3)
    # One field of noise, cut at another place for every frame: noise is the dearest thing to draw.
    grain = rng.normal(0.0, factors["noise"], (height + 64, width + 64, 3))
    grain = np.clip(np.rint(grain), -30, 30).astype(np.int16)
    marks, pictures = [], []
    for k in range(plan["frames"]):
        picture, points = paint(who, act.action_units[k].astype(np.float64), width, height, tuple(float(v) for v in act.pose[k]),
                                tuple(float(v) for v in act.gaze[k]), factors["light"], _WALL[take.layout], factors["shift"], factors["zoom"])
        if factors["blur"] > 0.15:
            picture = cv2.GaussianBlur(picture, (0, 0), factors["blur"] * min(width, height) / 256)
        dx, dy = (int(v) for v in rng.integers(0, 64, 2))
        noisy = cv2.add(picture, grain[dy:dy + height, dx:dx + width], dtype=cv2.CV_8U)
        pictures.append(cv2.cvtColor(noisy, cv2.COLOR_RGB2BGR))
        marks.append(points)
    path = root / take.path
    _write_video(path, pictures, plan, take.layout)
    if take.twin:
        _write_video(root / take.twin, _read_video(path), plan, take.layout)
    # The truth last: its file says that the clip's videos are whole.
    stored = io.BytesIO()
    np.savez_compressed(
        stored, action_units=act.action_units, landmarks=np.asarray(marks, np.float32), pose=act.pose, gaze=act.gaze,
        apex=act.apex, time_s=(np.arange(plan["frames"]) / plan["fps"]).astype(np.float32),
    )
    write_atomic(root / _frames_path(take.path), stored.getvalue())


def _write_video(path: Path, pictures, plan: dict, layout: str) -> None:
    import cv2

    suffix, codec = CODECS[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.stem}.part{suffix}")
    writer = cv2.VideoWriter(str(half), cv2.VideoWriter_fourcc(*codec), plan["fps"], tuple(plan["size"]))
    try:
        if not writer.isOpened():
            raise FerError(f"OpenCV cannot write {codec} video to {path.parent}: check that the folder can be written to.")
        for picture in pictures:
            writer.write(picture)
        writer.release()
        check = cv2.VideoCapture(str(half))
        written = int(check.get(cv2.CAP_PROP_FRAME_COUNT)) if check.isOpened() else 0
        check.release()
        if written != len(pictures):
            raise FerError(f"{path} has {written} of {len(pictures)} frames after writing: is the disk full? "
                           "Make room and call film() again with the same arguments; it goes on where it stopped.")
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def _read_video(path: Path) -> list[np.ndarray]:
    import cv2

    capture = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        more, picture = capture.read()
        if not more:
            capture.release()
            return pictures
        pictures.append(picture)


def _frames_path(clip: str) -> Path:
    return Path("truth") / "frames" / Path(clip).with_suffix(".npz")


def _finished(root: Path, take: Take) -> bool:
    files = [take.path, str(_frames_path(take.path))] + ([take.twin] if take.twin else [])
    return all((root / name).is_file() for name in files)


def _need_cv2():
    try:
        import cv2
    except ImportError:
        raise missing("cv2", needed_for="filming", remedy="pip install opencv-python-headless") from None
    return cv2


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("fer-utils")
    except metadata.PackageNotFoundError:
        return "source tree"
