"""A Chromium of this machine, cut off from every other machine."""

from __future__ import annotations

import os
import shutil

#: Names that are tried, the first that is there is taken; ``CHROMIUM`` names another.
CANDIDATES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    # No other machine has an address.  (To intercept every request in Python instead makes each page wait.)
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find_chromium() -> str | None:
    """The path of a Chromium: ``$CHROMIUM``, or the first of `CANDIDATES` that is there; None without one."""
    named = os.environ.get("CHROMIUM")
    for candidate in [named] if named else CANDIDATES:
        path = shutil.which(candidate)
        if path:
            return path
    return None
