"""What studies of several networks share: each one's counts, files and time, measured in turn in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
import tempfile

import numpy as np
from tqdm import tqdm

from fer_utils import compress, models
from fer_utils.core import timing
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage


@stage("studies")
def weighed(
    networks: Mapping[str, object],
    images: np.ndarray | Mapping[str, np.ndarray],
    *,
    baseline: str,
    quantize: tuple = (None, "int8"),
    unseen: np.ndarray | None = None,
    repeats: int = 30,
    progress: bool = True,
) -> dict[str, dict]:
    """Count networks, write each as LiteRT files, and time the files in turn, one image at a time on one thread.

    Parameters
    ----------
    networks : name to Keras model.
    images : (N, H, W, C) faces of those who train: what files are calibrated and checked on; by name where inputs
        differ.
    baseline : whose time the others' is a share of, in the same number format.
    quantize : number formats, as `fer_utils.compress.export` has them.
    unseen : (M, H, W, C) faces of those who test, for networks of one input; None asks nothing of them.
    repeats : timed rounds.

    Returns
    -------
    {name: dict with ``parameters``, ``trainable``, ``macs``, and ``files``: one a number format (``"float32"`` for
    None) with ``bytes``, ``agreement`` (share of some faces with Keras' label), with ``unseen`` also
    ``unseen_agreement`` (share of these), ``times`` (its time over the baseline's: median over rounds), ``ms``}}.
    """
    shown = images if isinstance(images, Mapping) else dict.fromkeys(networks, images)
    made: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as place:
        runners: dict = {kind: {} for kind in quantize}
        for name, network in tqdm(networks.items(), desc="weighing", unit="network", disable=not progress):
            counted = models.profile(network)
            made[name] = {
                "parameters": counted.parameters,
                "trainable": counted.trainable,
                "macs": counted.macs,
                "files": {},
            }
            said = None if unseen is None else _labels(network.predict(unseen, verbose=0), name)
            for kind in quantize:
                written = compress.export(
                    network,
                    Path(place, f"{len(made)}-{kind}.tflite"),
                    quantize=kind,
                    calibration=shown[name],
                    progress=False,
                )
                file = made[name]["files"][kind or "float32"] = {"bytes": written.bytes, "agreement": written.agreement}
                run = compress.load(written)
                if said is not None:
                    file["unseen_agreement"] = float(np.mean(_labels(run(unseen), name) == said))
                runners[kind][name] = _on_one_image(run, shown[name][:1])
        for kind in quantize:
            times = timing.latency(
                runners[kind], None, repeats=repeats, baseline=baseline, progress=progress
            ).set_index("name")
            for name in networks:
                made[name]["files"][kind or "float32"] |= {
                    "times": float(1 / times.loc[name, "ratio"]),
                    "ms": float(times.loc[name, "median_ms"]),
                }
    return made


def _labels(scores, name: str) -> np.ndarray:
    return finite_scores("networks", scores, name).argmax(axis=1)


def _on_one_image(run: Callable, image: np.ndarray) -> Callable:
    """A file's runner on one image of its own size, whatever it is called with."""

    def call(_):
        return run(image)

    return call
