"""What a reader's browser fetches for a page of the built site, in bytes over the wire."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.serve import serving

#: The first page, and the page with the camera: their addresses in the site.
PAGES = {"first": "index.html", "camera": "notebooks/13_real_time.html"}
#: What a static host packs with gzip on its way, by the ends of names; pictures, fonts, films and packed files go as
#: they are.
PACKED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".xml", ".wasm", ".map"}
#: Pixels of the window.
WINDOW = {"width": 1280, "height": 900}
#: Milliseconds in which a page must come to rest.
PATIENCE = 60_000


def sent_bytes(file: Path) -> int:
    """The bytes of a file's body as a static host sends it: gzip (level 6) for text, as it is otherwise."""
    content = file.read_bytes()
    return len(gzip.compress(content, 6, mtime=0)) if file.suffix in PACKED else len(content)


def over_the_wire(running: Any, site: Path) -> dict:
    """What each of `PAGES` makes the browser fetch, with nothing kept from before.

    Parameters
    ----------
    running : the browser.
    site : the folder of the built site.

    Returns
    -------
    page -> ``bytes`` and ``files``: as it opens in a window of 1280 x 900 pixels, nothing pressed; ``read_bytes`` and
    ``read_files``: after it was also read down to its end, which loads the pictures that wait; ``page_files``: how many
    of the files that run a network are among them.
    """
    found = {}
    with serving(site) as address:
        for name, place in PAGES.items():
            context = running.new_context(viewport=WINDOW, service_workers="block")
            opened = context.new_page()
            opened.set_default_timeout(PATIENCE)
            asked: set[str] = set()
            opened.on("response", lambda answer, asked=asked: answer.status == 200 and asked.add(answer.url))
            opened.goto(f"{address}/{place}")
            opened.wait_for_load_state("networkidle")
            first = _files(asked, address, site)
            _read_down(opened)
            opened.wait_for_load_state("networkidle")
            opened.wait_for_timeout(500)  # what comes into view is asked for a moment later
            read = _files(asked, address, site)
            found[name] = {
                "bytes": sum(map(sent_bytes, first)),
                "files": len(first),
                "read_bytes": sum(map(sent_bytes, read)),
                "read_files": len(read),
                "page_files": sum("page_files" in file.parts for file in read),
            }
            context.close()
    return found


def _files(asked: set[str], address: str, site: Path) -> list[Path]:
    """The site's files among the addresses that were asked for, each once."""
    places = {unquote(urlsplit(url).path).lstrip("/") for url in asked if url.startswith(address)}
    files = {site / place / "index.html" if (site / place).is_dir() else site / place for place in places}
    return sorted(file for file in files if file.is_file())


def _read_down(opened: Any) -> None:
    """Scroll to the end, a window at a time."""
    opened.evaluate(
        """async () => {
          for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
            scrollTo(0, y);
            await new Promise((then) => { setTimeout(then, 50); });
          }
        }"""
    )
