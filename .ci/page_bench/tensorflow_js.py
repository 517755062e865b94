"""TensorFlow.js beside the page's trainer: fetched by npm for this measurement only, since the book does not use it.

Of its backends that need no GPU only ``cpu`` trains: ``wasm`` has no gradients of convolutions.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
import subprocess
import tarfile
import tempfile
from typing import Any

from chromium_page import InPage
import numpy as np
from plan import BATCH

from fer_utils.core.npm import system_npm
from fer_utils.widgets import train_here

PACKAGE, VERSION = "@tensorflow/tfjs", "4.22.0"
#: SHA-512 of its archive (30 MB), in base64 as npm writes it.
SHA512 = "0TrIrXs6/b7FLhLVNmfh8Sah6JgjBPH4mZ8JGb7NU6WW+cx00qK5BcAZxw7NCzxj6N8MRAIfHq+oNbPUNG5VAg=="
LIBRARY = "package/dist/tf.min.js"
NOT_ASKED = "python .ci/page_bench --tfjs fetches it by npm (30 MB) and compares it"


def fetched() -> tuple[str, str]:
    """The library's text, and ``""``; or ``""``, and why it is left out, in words that follow on *because*."""
    npm = system_npm()
    if npm is None:
        return "", "there is no npm here; remedy: install Node.js"
    with tempfile.TemporaryDirectory(prefix="fer-tfjs-") as folder:
        command = [*npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", folder]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            return "", f"npm could not fetch {PACKAGE} {VERSION}; remedy: check the network"
        return unpacked(archives[0])


def unpacked(archive: Path) -> tuple[str, str]:
    """`fetched`, for an archive that is there: it is not used if it is another one than is meant."""
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != SHA512:
        return (
            "",
            f"the archive of {PACKAGE} {VERSION} is not the one that is meant; remedy: fetch it on another network",
        )
    with tarfile.open(archive) as opened:
        file = opened.extractfile(LIBRARY)
        assert file is not None, LIBRARY
        return file.read().decode(), ""


def trainer(opened: Any, library: str, faces: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, InPage]:
    """The way to train, by its name: the network of *Train it here*, on the CPU backend, in the page.

    Parameters
    ----------
    opened : the page.
    library : the text of `fetched`.
    faces, labels : (N, side, side, 1) float32, and (N,) whole numbers below ``classes``.
    """
    opened.add_script_tag(content=library)
    work = {
        "faces": base64.b64encode(faces.astype("<f4").tobytes()).decode(),
        "labels": labels.tolist(),
        "side": train_here.SIDE,
        "units": train_here.UNITS,
        "classes": classes,
        "rate": train_here.REST["learning_rate"],
        "batch": BATCH,
    }
    opened.evaluate(
        """async (work) => {
          const { tensorflowTrainer } = await import('./tensorflow_page.js');
          window.tensorflowFit = await tensorflowTrainer(work);
        }""",
        work,
    )
    return {"the page: TensorFlow.js, CPU backend": InPage(opened, "() => tensorflowFit()")}
