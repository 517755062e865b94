"""The whole book as one PDF, printed by Chromium from the built site."""

from __future__ import annotations

from datetime import UTC, datetime
import io
import os
from pathlib import Path
import shutil

from . import chromium
from .layout import Book, BookError
from .one_page import one_page
from .progress import say
from .serve import serving

#: Pictures above so many pixels on their longer side are made smaller: 1,400 are 200 dots an inch on this paper.
MOST_PIXELS = 1400
#: JPEG's quality for pictures with many colours.
QUALITY = 85

#: A4 in CSS pixels (96 an inch), less margins of 16 mm.
WIDTH = round((210 - 2 * 16) / 25.4 * 96)

#: What lies outside of the paper: the outermost of such elements, which page, and how it begins.
_CUT = """
(width) => [...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > width + 2)
  .filter((one) => one.parentElement.getBoundingClientRect().right <= width + 2)
  .filter((one) => !one.closest("mjx-assistive-mml") && getComputedStyle(one).position !== "fixed")
  .map((one) => [one.closest(".fer-page")?.querySelector("h1")?.textContent ?? "title page", one.outerHTML])
  .map(([title, html]) => `${title}: ${html.slice(0, 120)}`)
"""

_FOOTER = (
    '<div style="width:100%;font:8pt sans-serif;color:#555;text-align:center">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def print_book(book: Book, path: Path | None = None) -> Path:
    """Print the built site into one PDF.

    Parameters
    ----------
    book : whose site is built.
    path : of the PDF; ``lightweight-fer.pdf`` in the build's folder by default.

    Returns
    -------
    The path.

    Raises
    ------
    BookError : there is no site, no Chromium, or a part that is wider than the paper and would be cut.
    """
    path = path or book.out / "lightweight-fer.pdf"
    if not (book.html / "index.html").exists():
        raise BookError(f"There is no site in {book.html} yet. Remedy: `make book`.")
    browser = chromium.find_chromium()
    if browser is None:
        raise BookError(
            "No Chromium was found to print with. Remedy: `apt-get install chromium`, or set CHROMIUM=/path/to/chrome."
        )
    folder = book.out / "pdf"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(book.html / "_static", folder / "_static")
    if (book.html / "_images").exists():
        shutil.copytree(book.html / "_images", folder / "_images")
    say("Joining the pages")
    (folder / "index.html").write_text(one_page(book, title_page=_title_page()), encoding="utf8")
    say("Converting the pictures for paper")
    shrink(folder)
    say("Printing with Chromium (a minute or two)")
    _print(folder, browser, path)
    return path


def _title_page() -> str:
    return f"""\
<section class="fer-title"><h1>Lightweight facial expression recognition</h1>
<p>A course with code and measurements</p>
<p>Printed on {datetime.now(UTC):%-d %B %Y}. Widgets are shown as they stand at rest. Hidden code is left out; the
chapters' notebooks have it. The reference of the package is on the book's site.</p>
<p>Faces in this book are drawn, not photographed. Labels name the expression that was posed, not a feeling.</p>
</section>
"""


def shrink(folder: Path) -> None:
    """Give every picture of a folder a size and a format in which a PDF is small; its name stays the same.

    A PDF knows JPEG and no WebP: Chromium would store each pixel of a WebP picture.  A picture of few colours is
    smaller as PNG, one of many as JPEG; a browser looks at the contents and not at the ending of the name.
    """
    from PIL import Image

    for file in sorted(folder.rglob("*.webp")):
        with Image.open(file) as opened:
            if getattr(opened, "is_animated", False):
                opened.seek(opened.n_frames // 2)
            picture = opened.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        flat = Image.alpha_composite(white, picture).convert("RGB")
        flat.thumbnail((MOST_PIXELS, MOST_PIXELS))
        photograph = io.BytesIO()
        flat.save(photograph, "JPEG", quality=QUALITY, subsampling=0)
        drawing = io.BytesIO()
        flat.save(drawing, "PNG", optimize=False)
        file.write_bytes(min(photograph.getvalue(), drawing.getvalue(), key=len))


def _print(folder: Path, browser: str, path: Path) -> None:
    from playwright.sync_api import sync_playwright

    unfinished = path.with_suffix(".part")
    with serving(folder) as address, sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=chromium.FLAGS)
        try:
            page = running.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
            page.set_default_timeout(600_000)
            page.emulate_media(media="print")
            page.goto(f"{address}/index.html", wait_until="load")
            page.evaluate("window.MathJax?.startup?.promise")
            page.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => {})))")
            cut = page.evaluate(_CUT, WIDTH)
            if cut:
                raise BookError(
                    f"{len(cut)} parts of the book are wider than the paper:\n" + "\n".join(cut[:20]) + "\n"
                    "Remedy: make them narrower in the chapter, or for paper in book/_css/print.css."
                )
            page.pdf(
                path=unfinished,
                format="A4",
                margin={"top": "16mm", "bottom": "16mm", "left": "16mm", "right": "16mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOTER,
                print_background=True,
                tagged=True,
                outline=True,
            )
        finally:
            running.close()
    _pack(unfinished)
    os.replace(unfinished, path)


def _pack(path: Path) -> None:
    """Make a PDF smaller with nothing lost: Chromium stores the structure for screen readers as plain text."""
    import pikepdf

    with pikepdf.open(path, allow_overwriting_input=True) as printed:
        printed.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
