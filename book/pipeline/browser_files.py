"""Browser files of the site: from a locked npm manifest, with or without a Node of one's own.

Nothing here is committed.  ``npm ci`` checks every package against the hashes
of ``book/package-lock.json``; install scripts are not run.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

from fer_utils.core import npm
from fer_utils.core.errors import FerError

from .keys import digest, sha256
from .layout import Book, BookError

#: What the files of `add_page_files` depend on.
PAGE_FILES_FROM = ("fer_utils/core/page_files.py", "fer_utils/models/pretrained_files/drawn48.json")

#: Tells require.js where the widgets' modules are, so that it asks no CDN; the
#: folder of `@jupyter-widgets` is also where they look for their icon font.
PATHS_JS = """\
(function () {
  var here = document.currentScript.src.replace(/\\/[^/]*$/, "");
  requirejs.config({ paths: {
    "anywidget": here + "/anywidget",
    "@jupyter-widgets": here,
    "@jupyter-widgets/html-manager/dist": here
  }, waitSeconds: 60 });
})();
"""


def npm_command(book: Book) -> tuple[list[str], dict[str, str]]:
    """`fer_utils.core.npm.npm_command`, whose wheel lies in the book's build folder."""
    try:
        return npm.npm_command(book.browser.parent / "node")
    except FerError as error:
        raise BookError(str(error)) from None


def vendor_key(book: Book) -> str:
    """Changes when the lock, anywidget, or this recipe changes."""
    return digest(
        {
            "lock": sha256(book.root / "book" / "package-lock.json"),
            "anywidget": sha256(anywidget_js()),
            "recipe": sha256(Path(__file__)),
            **{name: sha256(book.root / name) for name in PAGE_FILES_FROM if has_page_files(book)},
        }
    )


def has_page_files(book: Book) -> bool:
    """Whether this checkout's package runs networks in pages."""
    return all((book.root / name).is_file() for name in PAGE_FILES_FROM)


def add_page_files(book: Book, target: Path) -> None:
    """LiteRT.js, a face finder and the package's network, which a page loads when its reader presses a button."""
    program = "import sys; from fer_utils.widgets import face_on_device; face_on_device.write_page_files(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, str(target)], cwd=book.root, env=dict(os.environ))
    if done.returncode:
        raise BookError(
            "The files with which a page runs a network could not be fetched (the reason is above). Remedy: check the "
            "connection, then build again."
        )


def anywidget_js() -> Path:
    """anywidget's own browser module, from the installed package (found without importing it)."""
    from importlib.util import find_spec

    spec = find_spec("anywidget")
    if spec is None:
        raise BookError("anywidget is not installed here. Remedy: `make book` builds the environment.")
    return Path(spec.origin).parent / "nbextension" / "index.js"


def is_current(book: Book) -> bool:
    key = book.browser / "key.txt"
    return key.exists() and key.read_text().strip() == vendor_key(book)


def fetch(book: Book) -> Path:
    """Make ``_build/browser`` (about 6 MB), or leave it if it is what the lock asks for."""
    if is_current(book):
        return book.browser
    command, environment = npm_command(book)
    book.browser.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=book.browser.parent, prefix=".npm.") as work:
        work = Path(work)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(book.root / "book" / name, work / name)
        done = subprocess.run(
            [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise BookError(
                "npm could not fetch the browser files named in book/package-lock.json (see above).\n"
                "They come from the npm registry that this machine's npm is set up for: check the "
                "network, then build again; what is done so far is kept."
            )
        assembled = work / "vendor"
        copy_what_pages_load(work / "node_modules", assembled)
        if has_page_files(book):
            add_page_files(book, assembled / "page_files")
        (assembled / "key.txt").write_text(vendor_key(book) + "\n")
        shutil.rmtree(book.browser, ignore_errors=True)
        os.replace(assembled, book.browser)
    return book.browser


def copy_what_pages_load(modules: Path, target: Path) -> None:
    """Of 150 MB of packages, the few files that a page of the book can ask for."""
    widgets = target / "widgets"
    widgets.mkdir(parents=True)
    shutil.copy(modules / "requirejs" / "require.js", widgets / "require.js")
    manager = modules / "@jupyter-widgets" / "html-manager" / "dist"
    for name in ("embed-amd.js", "libembed-amd.js"):
        shutil.copy(manager / name, widgets / name)
    for font in manager.glob("*.woff2"):
        shutil.copy(font, widgets / font.name)
    shutil.copy(anywidget_js(), widgets / "anywidget.js")
    (widgets / "paths.js").write_text(PATHS_JS, encoding="utf8")

    mathjax = modules / "mathjax" / "es5"
    (target / "mathjax").mkdir()
    shutil.copy(mathjax / "tex-mml-chtml.js", target / "mathjax")
    fonts = Path("output", "chtml", "fonts", "woff-v2")
    shutil.copytree(mathjax / fonts, target / "mathjax" / fonts)
    # The accessibility menu of a formula loads these when it is opened.
    for folder in ("a11y", "sre"):
        shutil.copytree(mathjax / folder, target / "mathjax" / folder)
