"""``film``: whole data sets of drawn actors, as video files, with the truth beside them.

``root`` receives the clips under the real set's own names, and ``root/truth``:

=====================  ==========================================================
``plan.json``          what was asked for; written first
``frames/….npz``       one file a clip, per frame: ``action_units`` (T, 2, 22) 0..1,
                       row 0 the person's right side; ``landmarks`` (T, 68, 2)
                       pixels; ``pose`` (T, 3) yaw, pitch, roll in degrees;
                       ``gaze`` (T, 2); ``apex`` (T,) 0..1; ``time_s`` (T,)
``clips.csv``          one row a clip, true of each of its frames: ``expression``
                       (the label in its name) and ``true_expression`` (what is
                       acted), actor, skin ``tone``, ``light_…``, and a column for
                       every other factor (``studio.factors.FACTORS``)
``manifest.json``      how it was made, with counts; written last, so a folder
                       without it is unfinished
=====================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import metadata
import io
import numbers
import os
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils.core import stages, worker_pool
from fer_utils.core.errors import DamagedError, FerError, invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import check_utf8, expanded
from fer_utils.core.stages import stage
from fer_utils.studio import writing
from fer_utils.studio.expressions import ACTION_UNITS
from fer_utils.studio.factors import FACTORS, checked
from fer_utils.studio.layouts import Take, cameras, cast, takes
from fer_utils.studio.recording import act_of, clip_row, record_clips
from fer_utils.studio.render import checked_size

#: The version of the studio: the same arguments and version give the same pixels and the same truth.
DRAWING = stages.version("studio")


@dataclass(frozen=True)
class Film:
    """A filmed set.  ``clips`` is a DataFrame, one row a clip; ``manifest`` a dict."""

    root: Path
    manifest: dict
    clips: pd.DataFrame
    filmed: int = 0

    @classmethod
    def load(cls, root: str | os.PathLike) -> Film:
        """Open a finished set; one FerError if there is none, and a DamagedError if its truth has changed since."""
        root = expanded(root)
        path = root / "truth" / "manifest.json"
        if not path.is_file():
            raise invalid(
                "root",
                expected="a folder with a finished film (truth/manifest.json)",
                received=str(root),
                remedy="Film it with studio.film(layout, root, ...).",
            )
        texts = dict.fromkeys(("actor", "statement", "clip", "twin", "performance"), "str")
        manifest = writing.read_manifest(path.parent)
        try:
            table = io.BytesIO(writing.read_truth(path.parent, "clips.csv", manifest))
            clips = pd.read_csv(table, dtype=texts, keep_default_na=False, na_values={"compression": [""]})
        except (OSError, ValueError) as error:
            if isinstance(error, DamagedError):
                raise
            raise writing.damaged(path.parent, "clips.csv", f"cannot be read ({error})") from error
        return cls(root, manifest, clips)

    def frames(self, clip: str) -> dict[str, np.ndarray]:
        """The per-frame truth of a clip (its path below the root, as in ``clips.clip``).

        DamagedError if its file has changed since it was filmed.
        """
        if clip not in set(self.clips["clip"]):
            raise invalid("clip", expected="a value of film.clips['clip']", received=clip)
        name = writing.frames_path(clip).relative_to("truth").as_posix()
        with np.load(io.BytesIO(writing.read_truth(self.root / "truth", name, self.manifest))) as stored:
            return {name: stored[name] for name in stored.files}

    def __str__(self) -> str:
        plan = self.manifest["plan"]
        width, height = plan["size"]
        done = f"{self.filmed} filmed now" if self.filmed else "nothing to do: it was complete"
        return (
            f"film of {self.manifest['clips']} clips ({self.manifest['files']} files) in the layout of "
            f"{plan['layout']}: {len(plan['actors'])} actors, {plan['frames']} frames of {width}x{height} each, "
            f"seed {plan['seed']}\n"
            f"at {self.root} ({done})"
        )

    __repr__ = __str__


@stage("studio")
def film(
    layout: str,
    root: str | os.PathLike,
    *,
    actors: int | Iterable | None = None,
    seed: int = 0,
    clips_per_actor: int | None = None,
    frames: int = 12,
    size: int | tuple[int, int] = (256, 256),
    fps: float | None = None,
    twins: bool = False,
    views: Iterable[str] = ("front",),
    factors: Mapping | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Film:
    """Film a data set of drawn actors.

    Parameters
    ----------
    layout : ``"ravdess"``, ``"savee"`` or ``"mead"``: names, codes, folders, counts.
    root : folder to fill; new or empty, or one that the same call began before
        (then only what is missing is filmed, and nothing if it is complete).
    actors : None for as many as the real set has (24, 4, 47), n for the first n,
        or a list of the set's own ids.  The same id and seed is the same person.
    seed : chooses the people and the takes; 0 or more.
    clips_per_actor : performances an actor; None for the real count (RAVDESS 60,
        SAVEE 120; MEAD 64 of its some 670), or n: see ``layouts.takes`` for the order.
    frames : frames a clip; the whole arc of the expression lies within them.
    size : (width, height) in pixels, or one number for both.
    fps : frames a second; None makes every clip last three seconds.
    twins : RAVDESS only: also the 01- file of each performance, re-encoded from
        the 02- one.  It has no sound.
    views : MEAD only: its cameras, of ``front``, ``down``, ``top``, ``left_30``,
        ``left_60``, ``right_30``, ``right_60``.  Each films every performance, with
        noise of its own; the drawing is crude beyond 35 degrees (see ``layouts.VIEWS``).
    factors : what to set, or to draw otherwise, by the names of
        ``studio.factors.FACTORS``: ``{"light": "left", "zoom": (0.8, 1.1),
        "occlusion": {"hand": 0.1}, "label_noise": 0.2}``.  See that module.
    workers : processes; None for one a core.  The result does not depend on it.
    progress : show a bar.

    Returns
    -------
    Film, with ``.clips``, ``.root``, ``.manifest`` and ``.frames(clip)``.

    Raises
    ------
    FerError for an argument that is impossible (nothing is written), a folder that
    holds something else (it is left as it was), and a disk that is full: the folder
    then has no manifest, and the same call goes on once there is room.
    """
    plan = _plan(layout, actors, seed, clips_per_actor, frames, size, fps, twins, views, factors)
    workers = None if workers is None else whole_number("workers", workers, 1)
    todo = _takes(plan)
    root = expanded(root)
    check_utf8("root", root)
    opencv("filming")
    worker_pool.refuse_in_worker("film")  # it would wait for ever for the folder that its parent holds
    with writing.held(root):
        if writing.begin(root, plan):
            return Film.load(root)
        open_jobs = [take for take in todo if not writing.finished(root, take)]
        _run(root, plan, open_jobs, workers, progress)

        table = pd.DataFrame([clip_row(take, plan) for take in todo])
        writing.finish(root, todo, table.to_csv(index=False, lineterminator="\n"), _manifest(plan, table))
    loaded = Film.load(root)
    return Film(loaded.root, loaded.manifest, loaded.clips, filmed=len(open_jobs))


def _plan(layout, actors, seed, clips_per_actor, frames, size, fps, twins, views, factors) -> dict:
    people = cast(layout, actors)
    seed, frames = whole_number("seed", seed, 0), whole_number("frames", frames, 1)
    width, height = checked_size(size)
    if width % 2 or height % 2:
        raise invalid("size", expected="even numbers of pixels, as video codecs want", received=size)
    if fps is None:
        fps = max(frames / 3.0, 1.0)
    if isinstance(fps, bool) or not isinstance(fps, numbers.Real) or not 0 < fps <= 240:
        raise invalid("fps", expected="None or a number above 0 and up to 240", received=fps)
    if not isinstance(twins, bool) or (twins and layout != "ravdess"):
        raise invalid("twins", expected="True or False; True for layout 'ravdess' only", received=twins)
    views = cameras(layout, views)
    count = len(takes(layout, people[0], clips_per_actor))
    return {
        "drawing": DRAWING,
        "layout": layout,
        "actors": list(people),
        "seed": seed,
        "clips_per_actor": count,
        "frames": frames,
        "size": [width, height],
        "fps": round(float(fps), 6),
        "twins": twins,
        "views": list(views),
        "factors": checked(factors),
    }


def _takes(plan: dict) -> list[Take]:
    return [
        take
        for actor in plan["actors"]
        for take in takes(plan["layout"], actor, plan["clips_per_actor"], twins=plan["twins"], views=plan["views"])
    ]


@dataclass(frozen=True)
class Rehearsal:
    """A set that was acted and not filmed: ``clips`` as a film's, and the truth of each clip's acting."""

    clips: pd.DataFrame
    acts: Mapping[str, dict[str, np.ndarray]]

    def frames(self, clip: str) -> dict[str, np.ndarray]:
        """``action_units`` (T, 2, 22), ``pose`` (T, 3), ``gaze`` (T, 2), ``apex`` (T,) of a clip of ``clips.clip``."""
        if clip not in self.acts:
            raise invalid("clip", expected="a value of rehearsal.clips['clip']", received=clip)
        return self.acts[clip]


@stage("studio")
def rehearse(
    layout: str = "ravdess",
    *,
    actors: int | Iterable | None = None,
    seed: int = 0,
    clips_per_actor: int | None = None,
    frames: int = 12,
    fps: float | None = None,
    factors: Mapping | None = None,
) -> Rehearsal:
    """Act a whole data set without a camera, in seconds: the acting that `film` shows with the same arguments."""
    plan = _plan(layout, actors, seed, clips_per_actor, frames, 256, fps, False, ("front",), factors)
    rows, acts = [], {}
    for take in _takes(plan):
        act, what = act_of(take, plan)
        rows.append(clip_row(take, plan, what))
        acts[take.path] = {"action_units": act.action_units, "pose": act.pose, "gaze": act.gaze, "apex": act.apex}
    return Rehearsal(pd.DataFrame(rows), acts)


def _manifest(plan: dict, table) -> dict:
    counts = table["expression"].value_counts()
    return {
        "made_by": "fer_utils.studio.film",
        "package": _version(),
        "numpy": np.__version__,
        "opencv": opencv().__version__,
        "plan": plan,
        "clips": len(table),
        "files": len(table) * (2 if plan["twins"] else 1),
        "actors": len(plan["actors"]),
        "expressions": {name: int(counts[name]) for name in sorted(counts.index)},
        "mislabelled": int((table["expression"] != table["true_expression"]).sum()),
        "factors": {name: plan["factors"].get(name, factor.default) for name, factor in FACTORS.items()},
        "action_units": {str(unit): name for unit, name in ACTION_UNITS.items()},
        "note": "Drawn people; nobody's face. Labels are posed-expression labels.",
    }


def _run(root: Path, plan: dict, jobs: list[Take], workers: int | None, progress: bool) -> None:
    workers = min(workers or worker_pool.processors(), max(1, len(jobs) // 4))
    pool = None if workers == 1 else worker_pool.started("film", workers, stacklevel=4)
    # A batch keeps to one actor: what is worked out once a person is then used again.
    batches: list[list[Take]] = []
    for take in jobs:
        if batches and batches[-1][0].actor == take.actor and len(batches[-1]) < 10:
            batches[-1].append(take)
        else:
            batches.append([take])
    with tqdm(total=len(jobs), desc=f"filming {plan['layout']}", unit="clip", disable=not progress) as bar:
        if pool is None:
            with worker_pool.one_thread():
                for batch in batches:
                    bar.update(record_clips(str(root), plan, batch))
            return
        try:
            with pool:
                futures = [pool.submit(record_clips, str(root), plan, batch) for batch in batches]
                try:
                    for future in as_completed(futures):
                        bar.update(future.result())
                except BaseException:
                    pool.shutdown(wait=True, cancel_futures=True)  # a full disk is full for the rest, too
                    raise
        except BrokenProcessPool:
            raise FerError(
                "A filming process ended too early; most likely the machine is out of memory. Use fewer `workers` and "
                "call film() again with the same arguments; it goes on where it stopped."
            ) from None


def _version() -> str:
    try:
        return metadata.version("fer-utils")
    except metadata.PackageNotFoundError:
        return "source tree"
