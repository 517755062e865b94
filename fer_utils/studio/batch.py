"""``draw_batch``: many pictures at once, the same as one by one and sooner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from tqdm import tqdm

from fer_utils.core import worker_pool
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.studio.identity import Identity, person
from fer_utils.studio.render import Light, check, paint

#: Arguments of ``draw`` that may be one value for all pictures or one for each: (name, numbers in one value).
_ONE_OR_MANY = {
    "yaw": 0,
    "pitch": 0,
    "roll": 0,
    "gaze": 2,
    "light": 0,
    "background": 3,
    "shift": 2,
    "zoom": 0,
    "occlusion": 0,
    "markers": 0,
}
#: Pictures that a worker draws between two reports.
_CHUNK = 64


@stage("studio")
def draw_batch(
    identities: Identity | Sequence[Identity],
    action_units=None,
    *,
    size: int | tuple[int, int] = 256,
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    gaze=(0.0, 0.0),
    light: str | Light | Sequence = "studio",
    background=(172, 180, 186),
    shift=(0.0, 0.0),
    zoom=1.0,
    occlusion=None,
    markers=False,
    truth: bool = False,
    workers: int = 1,
    progress: bool = False,
):
    """Draw many pictures; each is byte for byte the one that ``draw`` makes.

    Whatever their order, they are drawn person by person, so that what belongs
    to a person (skin, head, hair) is worked out once.

    Parameters
    ----------
    identities : one person, or a sequence of n.
    action_units : one mapping as for ``draw``, or a sequence of n; None for faces at rest.
    size : pixels, one for all pictures.
    yaw, pitch, roll, gaze, light, background, shift, zoom, occlusion, markers : as
        for ``draw``; one value for all, or a sequence (or array) of n.
    truth : also return the landmarks.
    workers : processes; the result does not depend on it.
    progress : show a bar.

    Returns
    -------
    (n, height, width, 3) uint8 RGB, with ``truth=True`` also (n, 68, 2) float64.

    Raises
    ------
    FerError : an argument is not as ``draw`` wants it, or sequences differ in length.

    >>> draw_batch([person(1), person(2)], {12: 1.0}).shape          # doctest: +SKIP
    (2, 256, 256, 3)
    """
    workers = whole_number("workers", workers, 1)
    given = {
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "gaze": gaze,
        "light": light,
        "background": background,
        "shift": shift,
        "zoom": zoom,
        "occlusion": occlusion,
        "markers": markers,
    }
    shared = {
        "identities": isinstance(identities, Identity),
        "action_units": action_units is None or isinstance(action_units, Mapping),
    }
    columns = {
        "identities": [identities] if shared["identities"] else _sequence("identities", identities),
        "action_units": [action_units] if shared["action_units"] else _sequence("action_units", action_units),
    }
    for name, value in given.items():
        shared[name] = not _is_many(value, _ONE_OR_MANY[name])
        columns[name] = [value] if shared[name] else _plain(value)
    lengths = {name: len(values) for name, values in columns.items() if not shared[name]}
    count = max(lengths.values(), default=1)
    for name, length in lengths.items():
        if length != count:
            raise invalid(
                name,
                expected=f"one value, or {count} of them, as many as {max(lengths, key=lengths.get)} has",
                received=f"{length} values",
            )
    jobs = []
    for k in range(count):
        one = {name: values[0 if shared[name] else k] for name, values in columns.items()}
        jobs.append(check(one.pop("identities"), one.pop("action_units"), size=size, **one))
    width, height = (jobs[0][2], jobs[0][3]) if jobs else check(_nobody(), size=size)[2:4]
    pictures = np.empty((count, height, width, 3), np.uint8)
    marks = np.empty((count, 68, 2))
    first: dict[Identity, int] = {}
    for k, job in enumerate(jobs):
        first.setdefault(job[0], k)
    order = sorted(range(count), key=lambda k: first[jobs[k][0]])
    _draw(jobs, order, pictures, marks, workers, progress)
    return (pictures, marks) if truth else pictures


def _nobody() -> Identity:
    return person(0)


def _sequence(name: str, values) -> list:
    if isinstance(values, (str, Mapping)) or not hasattr(values, "__len__") or not hasattr(values, "__getitem__"):
        raise invalid(name, expected="one value or a sequence of them", received=values)
    return list(values)


def _is_many(value, numbers_in_one: int) -> bool:
    """Whether an argument holds one value a picture."""
    if isinstance(value, (str, Light)) or not hasattr(value, "__len__"):
        return False
    if not numbers_in_one:
        return np.ndim(value) > 0 if isinstance(value, np.ndarray) else True
    return len(value) == 0 or hasattr(value[0], "__len__")


def _plain(values) -> list:
    """Arrays as Python's own numbers, rows as tuples."""
    values = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [tuple(v) if isinstance(v, (list, np.ndarray)) else v for v in values]


def _draw(jobs: list, order: list[int], pictures: np.ndarray, marks: np.ndarray, workers: int, progress: bool) -> None:
    opencv("drawing")
    chunks = [order[k : k + _CHUNK] for k in range(0, len(order), _CHUNK)]
    workers = min(workers, len(chunks))
    if workers > 1:
        worker_pool.refuse_in_worker("draw_batch")
    with tqdm(total=len(order), desc="drawing", unit="picture", disable=not progress) as bar:
        pool = worker_pool.started("draw_batch", workers, stacklevel=4) if workers > 1 else None
        if pool is None:
            with worker_pool.one_thread():
                for k in order:
                    pictures[k], marks[k] = paint(*jobs[k])
                    bar.update()
            return
        try:
            with pool:
                results = pool.map(_chunk, [[jobs[k] for k in chunk] for chunk in chunks])
                for chunk, (drawn, points) in zip(chunks, results, strict=True):
                    pictures[chunk], marks[chunk] = drawn, points
                    bar.update(len(chunk))
        except BrokenProcessPool:
            raise FerError(
                "A drawing process ended too early; most likely the machine is out of memory. Use fewer `workers`."
            ) from None


def _chunk(jobs: list) -> tuple[np.ndarray, np.ndarray]:
    drawn = [paint(*job) for job in jobs]
    return np.stack([picture for picture, _ in drawn]), np.stack([points for _, points in drawn])
