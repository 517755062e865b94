"""Pictures inside the notebooks' outputs become files, which a browser fetches when the reader comes near them.

A chapter's figures stand in its executed notebook as ``data:`` addresses, in light and in dark colours.  On a page they
would all be loaded before the first line is read.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
from pathlib import Path
import re

#: Where the site keeps them; `_static` is the site's own folder for what pages load.
FOLDER = "figures"
_TAG = re.compile(r"<(?:img|source)\b[^>]*>")
_DATA = re.compile(r'(src|srcset)="data:image/(png|webp|jpeg|gif|svg\+xml);base64,([A-Za-z0-9+/=\s]+)"')
_ENDINGS = {"png": "png", "webp": "webp", "jpeg": "jpg", "gif": "gif", "svg+xml": "svg"}


def with_figure_files(notebook: dict, folder: Path, page: str) -> dict:
    """A copy of a notebook whose outputs name files in the place of pictures.

    Parameters
    ----------
    notebook : an executed notebook, as JSON.
    folder : where the files are written, by the name of their contents.
    page : the page's name, such as ``notebooks/01_dataset_tour``; addresses are relative to it.
    """
    address = "../" * page.count("/") + f"_static/{FOLDER}/"
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html")
            if html is not None:
                output["data"]["text/html"] = outsourced("".join(html), folder, address)
    return notebook


def outsourced(html: str, folder: Path, address: str) -> str:
    """The HTML with each ``data:`` picture written to the folder, and loaded from the address when it is near."""

    def replaced(tag: re.Match) -> str:
        found = _DATA.search(tag[0])
        if found is None:
            return tag[0]
        data = base64.b64decode(found[3])
        name = f"{hashlib.sha256(data).hexdigest()[:20]}.{_ENDINGS[found[2]]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        later = ' loading="lazy" decoding="async"' if tag[0].startswith("<img") else ""  # a source waits for its image
        attributes = f'{found[1]}="{address}{name}"{later}' + _room(tag[0], found[2], data)
        return tag[0].replace(found[0], attributes)

    return _TAG.sub(replaced, html)


def _room(tag: str, kind: str, data: bytes) -> str:
    """Width and height for a tag, so that the page does not jump when the picture comes; nothing where not known."""
    if kind == "svg+xml" or "height=" in tag:
        return ""
    from PIL import Image

    width, height = Image.open(io.BytesIO(data)).size
    given = re.search(r'\bwidth="(\d+)"', tag)
    if given is None:
        return f' width="{width}" height="{height}"'
    return f' height="{round(int(given[1]) * height / width)}"'
