"""Comparing the forms of a network: files, engines, threads, on one machine in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
import os
from pathlib import Path
import tempfile
from typing import Any

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import metrics
from fer_utils.compress.engines import Keras, Runner, checked_images
from fer_utils.compress.exporting import Export
from fer_utils.compress.loading import engine_of, load, network_bytes
from fer_utils.compress.separate_process import Apart
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import expanded
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage
from fer_utils.core.timing import latency

__all__ = ["Runner", "compare", "load"]


@stage("timing")
def compare(
    items,
    images,
    labels=None,
    *,
    actors=None,
    baseline: str | None = None,
    reference: str | Mapping[str, str] | None = None,
    repeats: int = 30,
    warmup: int = 3,
    threads: int | Iterable[int] = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Size, memory, speed, agreement and accuracy of a network's several forms, on one machine in one run.

    Parameters
    ----------
    items : a list of Keras models, ``Export`` values, paths to exported files and
        what ``load`` gives; or, to name them, a list of (name, item) pairs or a
        dict, where an item may also be a callable from images to probabilities.
    images : (N, height, width, channels), 0..255.  All are classified; the first
        alone is what is timed.
    labels : (N,) whole numbers, for the accuracy; may be None.
    actors : (N,), who is seen on each image, for the accuracy's interval; may be None.
    baseline : the name that ``ratio`` refers to; the first if None.
    reference : the name of the float model, that ``agreement`` and ``change`` refer to; or a dict from names to such
        names, where several networks are compared, each with its own forms.  None for the first Keras model, or the
        baseline where there is none.
    repeats, warmup, progress : as in ``fer_utils.core.timing.latency``.
    threads : the engines' threads.  A whole number: everything is computed in
        this process, and Keras takes as many as its backend was started with.  A list such
        as ``(1, 2)``: every item runs once for each number in a process of its
        own, whose backend is started with as many, and the processes take
        turns; peak memory is measured too.  All of them are held at once, some
        0.1 GB each, 0.5 GB and more where Keras is in it.  Callables cannot be moved there.

    Returns
    -------
    DataFrame, one row an item:

    - ``name``;
    - ``bytes``: the file's (both of OpenVINO's; without its self-test), or 4 x parameters of a Keras model, or missing
      for a callable;
    - ``latency_ms``: median of one image, called eagerly where Keras;
    - ``ratio``: times as fast as the baseline, median of the rounds; ``baseline``;
    - ``agreement``: share of images with the same label as the float model, the ``reference``;
    - ``accuracy`` where ``labels`` are given; with ``actors`` also ``accuracy_low`` and ``accuracy_high``, its 95 %
      interval when actors are drawn anew (see `fer_utils.metrics.interval`), and ``change``, ``change_low`` and
      ``change_high``: accuracy minus that of the float model on the same images, with the interval of the difference
      (`fer_utils.metrics.paired_difference`).

    With a list of threads also ``engine`` and ``peak_mb`` (the most memory of the process with the first number of
    threads: reading the file and computing one image; MB of 10^6 bytes; Python, NumPy and the engine alone had held
    ``engine_mb``); and in place of ``latency_ms`` and ``ratio`` one pair for each number, ``latency_ms_1``,
    ``ratio_1``, ``latency_ms_2`` ... All ratios are to the baseline with the first number, so ``ratio_2`` is what the
    form and the second thread bring together.

    Raises
    ------
    FerError for items, images, labels or threads that cannot be compared, and an item whose scores are NaN or infinite.
    MissingPackage for an engine that is not installed.
    """
    named = _named(items)
    baseline = next(iter(named)) if baseline is None else baseline
    if baseline not in named:
        raise invalid("baseline", expected=f"one of {', '.join(named)}", received=baseline)
    several = isinstance(threads, Iterable) and not isinstance(threads, (str, bytes))
    numbers = [whole_number("threads", one, 1) for one in threads] if several else [whole_number("threads", threads, 1)]
    if not numbers or len(set(numbers)) < len(numbers):
        raise invalid("threads", expected="different whole numbers of 1 or more", received=threads)
    first = next((name for name, item in named.items() if isinstance(item, keras.Model)), baseline)
    references = _references(reference, first, named)
    with ExitStack() as stack:
        images, labels, actors = _checked_data(named[first], images, labels, actors)
        if several:
            runners = _apart(named, numbers, images, stack, progress)
        else:
            runners = {(name, numbers[0]): _here(item, numbers[0]) for name, item in named.items()}

        answers = {
            name: _classified(runners[name, numbers[0]], images, name)
            for name in tqdm(named, desc="classifying", unit="model", delay=2, disable=not progress)
        }
        times = latency(
            {_label(*key): run for key, run in runners.items()},
            images[:1],
            repeats=repeats,
            warmup=warmup,
            baseline=_label(baseline, numbers[0]),
            progress=progress,
        ).set_index("name")
        memory = (
            {name: (runners[name, numbers[0]].engine_mb, runners[name, numbers[0]].peak_mb) for name in named}
            if several
            else {}
        )
    table = pd.DataFrame({"name": list(named)})
    if several:
        table["engine"] = [_file(item)[1] for item in named.values()]
    table["bytes"] = pd.array([_bytes(item) for item in named.values()], dtype="Int64")
    if several:
        table["engine_mb"], table["peak_mb"] = zip(*memory.values(), strict=True)
    for number in numbers:
        rows = times.loc[[_label(name, number) for name in named]]
        end = f"_{number}" if several else ""
        table[f"latency_ms{end}"], table[f"ratio{end}"] = rows["median_ms"].to_numpy(), rows["ratio"].to_numpy()
    table["baseline"] = baseline
    votes = {name: answer.argmax(axis=1) for name, answer in answers.items()}
    floats = [votes[references[name]] for name in votes]
    table["agreement"] = [float((vote == other).mean()) for vote, other in zip(votes.values(), floats, strict=True)]
    if labels is not None:
        table["accuracy"] = [float((vote == labels).mean()) for vote in votes.values()]
    if labels is not None and actors is not None:
        classes = max(int(labels.max()) + 1, *(answer.shape[1] for answer in answers.values()))
        scored = [metrics.interval(labels.astype(np.int64), vote, actors, classes) for vote in votes.values()]
        table["accuracy_low"], table["accuracy_high"] = ([one[end] for one in scored] for end in ("low", "high"))
        changed = [
            metrics.paired_difference(labels, other, vote, actors)
            for vote, other in zip(votes.values(), floats, strict=True)
        ]
        table["change"], table["change_low"], table["change_high"] = (
            [one[end] for one in changed] for end in ("value", "low", "high")
        )
    return table


def _references(given, first: str, named: dict) -> dict[str, str]:
    """Each item's float model."""
    found = dict.fromkeys(named, first)
    if isinstance(given, Mapping):
        found |= given
    elif given is not None:
        found = dict.fromkeys(named, given)
    for name, other in found.items():
        if name not in named or other not in named:
            raise invalid(
                "reference", expected=f"names among {', '.join(named)}", received=name if name not in named else other
            )
    return found


def _checked_data(reference, images, labels, actors) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    if isinstance(reference, keras.Model):
        shape = tuple(reference.input_shape[1:])
    elif isinstance(reference, (Export, str, os.PathLike)):
        shape = load(reference).input_shape
    else:
        shape = getattr(reference, "input_shape", np.shape(images)[1:])
    images = checked_images(images, shape, "images")
    for argument, values, kinds, words in (
        ("labels", labels, "iu", "whole numbers"),
        ("actors", actors, "iuUSO", "names"),
    ):
        if values is not None and (np.shape(values) != (len(images),) or np.asarray(values).dtype.kind not in kinds):
            raise invalid(
                argument,
                expected=f"{len(images)} {words}, one an image",
                received=f"shape {np.shape(values)}, {np.asarray(values).dtype}",
            )
    if actors is not None and labels is None:
        raise invalid(
            "actors",
            expected="labels beside them, for it is the accuracy whose interval they give",
            received="labels=None",
        )
    return images, None if labels is None else np.asarray(labels), None if actors is None else np.asarray(actors)


def _label(name: str, threads: int) -> str:
    return f"{name} with {threads}"


def _classified(run: Callable, images: np.ndarray, name: str) -> np.ndarray:
    answer = np.asarray(run(images))
    if answer.ndim != 2 or len(answer) != len(images):
        raise invalid(
            "items",
            expected=f"probabilities of shape ({len(images)}, classes) from {name!r}",
            received=f"shape {answer.shape}",
        )
    return finite_scores("items", answer, name)


def _here(item, threads: int) -> Callable:
    """An item as a function of images, in this process."""
    if isinstance(item, keras.Model):
        return Keras(item)
    if isinstance(item, (Export, str, os.PathLike)):
        return load(item, threads=threads)
    if callable(item):
        return item
    raise invalid("items", expected="Keras models, Export values, paths or callables", received=item)


def _file(item) -> tuple[Path | None, str]:
    """An item's file, None where it has none, and its engine."""
    if isinstance(item, keras.Model):
        return None, "keras"
    if isinstance(item, Runner):
        return item.path, item.engine
    if isinstance(item, (Export, str, os.PathLike)):
        path = expanded(getattr(item, "path", item))
        return path, engine_of(path)
    return None, ""


def _bytes(item) -> float | int:
    if isinstance(item, keras.Model):
        return 4 * item.count_params()
    path, _ = _file(item)
    if path is None:
        return np.nan
    beside = path.with_suffix(".bin") if path.suffix.lower() == ".xml" else None
    return network_bytes(path) + (beside.stat().st_size if beside else 0)


def _apart(named: dict, numbers: list[int], images: np.ndarray, stack: ExitStack, progress: bool) -> dict:
    """(name, threads) to a process of its own, ended with the ``stack``."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    found = {}
    for number, (name, item) in enumerate(named.items()):
        path, engine = _file(item)
        if isinstance(item, keras.Model):
            path = folder / f"{number}.keras"
            without_optimizer(item).save(path)
        elif path is None:
            raise invalid(
                "items",
                received=item,
                expected="with a list of `threads`, Keras models, Export values, paths and what `load` gives",
                remedy="Save or export the network first: a function cannot be moved to a process of its own.",
            )
        load(path, engine)  # what is wrong with a file, or an engine that is not there, is said here and at once
        found[name] = path, engine
    runners = {}
    for name, threads in tqdm(
        [(name, threads) for name in named for threads in numbers],
        desc="starting processes",
        unit="process",
        delay=2,
        disable=not progress,
    ):
        path, engine = found[name]
        runners[name, threads] = one = Apart(path, engine, threads, images[:1].astype("float32"))
        stack.callback(one.close)
    return runners


def without_optimizer(model: keras.Model) -> keras.Model:
    """A copy without the optimiser's state, once or twice as large as the weights.

    It is the model itself if that cannot be copied (``knn``).
    """
    if getattr(model, "optimizer", None) is None or type(model).__name__ not in ("Functional", "Sequential"):
        return model
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def _named(items: Any) -> dict[str, Any]:
    """Items under names: the dict's or the pairs', or a model's name and an export's or a file's."""
    wanted = "a dict, or a list of Keras models, Export values, paths or (name, item) pairs"
    if isinstance(items, Mapping):
        named = dict(items)
    else:
        if isinstance(items, (str, os.PathLike, Export, keras.Model)):
            items = [items]
        elif not isinstance(items, Iterable):
            raise invalid("items", expected=wanted, received=items)
        named = {}
        for item in items:
            if isinstance(item, tuple):
                if len(item) != 2 or not isinstance(item[0], str):
                    raise invalid("items", expected="pairs of a name and an item", received=item)
                name, item = item
            elif isinstance(item, keras.Model):
                name = f"{item.name} (Keras)"
            elif isinstance(item, Export):
                name = f"{item.name} ({item.format} {item.quantize or 'float32'})"
            elif isinstance(item, Runner) and item.path is not None:
                name = f"{item.path.name} ({item.engine})"
            elif isinstance(item, (str, os.PathLike)):
                name = Path(item).name
            else:
                raise invalid(
                    "items",
                    expected=wanted,
                    received=item,
                    remedy="Name callables, by (name, callable) pairs or a dict.",
                )
            if name in named:
                raise invalid("items", expected="different names; pairs of (name, item) choose them", received=name)
            named[name] = item
    if not named:
        raise invalid("items", expected="at least one model or file", received=items)
    return named
