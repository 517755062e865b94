"""Sparse is not fast: what zeros among the weights bring, and what fewer filters bring, measured side by side."""

from __future__ import annotations

from collections.abc import Iterable
import gzip
from pathlib import Path
import tempfile

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils.compress import self_test as self_tests
from fer_utils.compress.exporting import Export, export, image_shape
from fer_utils.compress.formats import ENDINGS, ENGINE_OF_FORMAT, FORMATS
from fer_utils.compress.loading import load
from fer_utils.compress.pruning import checked_share, kernels, prune, sparsity
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.core.timing import latency

#: Shares that are pruned where none are given.
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
WAYS = ("weights", "filters")


@stage("timing")
def sparse_and_fast(
    model: keras.Model,
    shares: Iterable[float] = SHARES,
    *,
    image=None,
    format: str = "litert",
    threads: int = 1,
    repeats: int = 30,
    warmup: int = 3,
    progress: bool = True,
) -> pd.DataFrame:
    """Prune ``model`` to each share twice, single weights and whole filters, and weigh and time the files.

    The zeros of unstructured pruning are numbers like others to an engine's
    ordinary kernels: they are stored and multiplied by.  Only what packs the file
    (``gzip``) sees that they are the same.  Every layer loses the same share, of its weights or of its filters.

    Parameters
    ----------
    model : a network as for ``prune(..., structured=True)``; left as it is, and its accuracy does not enter.
    shares : of weights and of filters, each in [0, 1); 0 is put first where it is not among them.
    image : (height, width, channels), 0..255, what is timed; None for noise.
    format : as in ``export``; all files are float32.
    threads, repeats, warmup, progress : as in ``load`` and ``fer_utils.core.timing.latency``.

    Returns
    -------
    DataFrame, one row a way and share: ``way`` (``"weights"`` or ``"filters"``), ``share`` (as asked for), ``zeros``
    (share of the kernels' weights that are 0), ``parameters``, ``bytes`` (of the file), ``gzip_bytes`` (packed by gzip
    at its best), ``latency_ms`` (median), ``ratio`` (times as fast as the network that is not pruned, median of rounds
    in which all take their turn) and ``baseline``.
    The row of share 0 is one file, measured twice: how far its second ratio is from 1 says what the others are worth.

    Raises
    ------
    FerError for a share out of range, a network that cannot be pruned so, an image of another shape.
    """
    try:
        wanted = sorted({checked_share(one, "shares") for one in shares})
    except TypeError:
        raise invalid("shares", expected="several shares in [0, 1)", received=shares) from None
    if not isinstance(format, str) or format not in FORMATS:
        raise invalid("format", expected="one of " + ", ".join(map(repr, FORMATS)), received=format)
    threads, repeats = whole_number("threads", threads, 1), whole_number("repeats", repeats, 1)
    kernels(model)
    wanted = [0.0, *(one for one in wanted if one)]
    shape = image_shape(model)
    image = np.random.default_rng(0).uniform(0, 255, shape) if image is None else np.asarray(image)
    if image.shape != shape or image.dtype.kind not in "uif":
        raise invalid("image", expected=f"numbers of shape {shape}", received=f"shape {image.shape}, {image.dtype}")
    rows, runners = [], {}
    with tempfile.TemporaryDirectory() as folder:
        plan = [(way, share) for way in WAYS for share in wanted]
        for way, share in tqdm(plan, desc="pruning and exporting", unit="file", delay=2, disable=not progress):
            pruned = prune(model, share, scope="layer", structured=way == "filters") if share else model
            made = export(pruned, Path(folder, f"{len(rows)}{ENDINGS[format]}"), format=format, progress=False)
            content = _network_content(made)
            runner = load(made, engine=ENGINE_OF_FORMAT[format], threads=threads)
            runners[f"{way} {share:g}"] = runner
            rows.append(
                {
                    "way": way,
                    "share": share,
                    "zeros": sparsity(pruned),
                    "parameters": pruned.count_params(),
                    "bytes": made.bytes,
                    "gzip_bytes": len(gzip.compress(content, 9)),
                }
            )
        times = latency(runners, image[None], repeats=repeats, warmup=warmup, progress=progress)
    table = pd.DataFrame(rows)
    table["latency_ms"], table["ratio"], table["baseline"] = times["median_ms"], times["ratio"], times["baseline"]
    return table


def _network_content(made: Export) -> bytes:
    """The bytes of a network's file, or of OpenVINO's two, without the self-test."""
    content = made.path.read_bytes()
    network = content[: self_tests.network_bytes(content)]
    if made.format == "openvino":
        return made.path.with_suffix(".bin").read_bytes() + network
    return network
