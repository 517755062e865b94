"""The whole book as one EPUB 3, made from the same single page as the PDF (`one_page`).

Chromium reads the page, turns its formulas into MathML and writes each chapter as XHTML, so that drawings and formulas
keep their namespaces.  There is no script in it: widgets are still pictures, as on paper.
"""

from __future__ import annotations

from datetime import UTC, datetime
import html
import json
import os
from pathlib import Path
import re
import shutil
from urllib.parse import unquote
import uuid
import zipfile

from . import chromium, pdf
from .layout import Book, BookError
from .one_page import one_page
from .progress import say
from .serve import serving

TITLE = "Lightweight facial expression recognition"
COVER = "book/images/card.png"
COVER_ALT = "The title above eight drawn faces, each posing one label."
MEDIA = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "SVG": ("svg", "image/svg+xml")}

#: Replaces formulas by MathML, takes out what a reading system cannot do, and returns the chapters as XHTML.
_CHAPTERS = r"""
async () => {
  await window.MathJax.startup.promise;
  for (const item of window.MathJax.startup.document.math) {
    const holder = document.createElement("template");
    holder.innerHTML = window.MathJax.startup.toMML(item.root);
    const formula = holder.content.querySelector("math");
    formula.setAttribute("alttext", item.math);
    item.typesetRoot.replaceWith(formula);
  }
  const all = (names, then) => document.querySelectorAll(names).forEach(then);
  const finding = document.querySelector(".fer-finding");  // a switch becomes a table with all of its answers
  if (finding) {
    const table = document.createElement("table");
    const row = (name, texts) => {
      const line = table.insertRow();
      for (const text of texts) line.appendChild(document.createElement(name)).textContent = text;
    };
    const texts = (names) => [...finding.querySelectorAll(names)].map((one) => one.textContent.trim());
    row("th", [texts("legend")[0].replace(/ Choose:.*/, ""), ...texts(".fer-finding-bars > span:not([class])")]);
    texts(":scope > label").forEach((label, number) => row("td", [label, ...texts(`b.fer-when-${number + 1}`)]));
    finding.querySelectorAll("legend, label, .fer-finding-bars").forEach((one) => one.remove());
    finding.prepend(table);
  }
  all("main .fer-film-moving, main .fer-film > label", (one) => one.remove());
  all("main script, main style, main link, main input, main button, main select, main video, main audio, main template",
      (one) => one.remove());
  all("main iframe, main canvas", (one) => one.remove());
  all("main legend", (one) => {  // its fieldset goes, and without one it is not allowed
    const title = document.createElement("p");
    title.append(...one.childNodes);
    one.replaceWith(title);
  });
  all("main form, main label, main fieldset, main picture, main center",
      (one) => one.replaceWith(...one.childNodes));
  all("main *", (one) => [...one.attributes].forEach((attribute) => {
    const name = attribute.name;
    const idle = /^(on.*|tabindex|loading|for|srcset|aria-describedby|data-mjx-.*)$/.test(name);
    const useless = idle || !/^[a-zA-Z_][\w.:-]*$/.test(name);
    if (useless || (name === "width" && one.tagName !== "IMG" && one.namespaceURI.endsWith("xhtml")))
      one.removeAttribute(name);
  }));
  return [...document.querySelectorAll(".fer-page")].map((page) =>
    ({id: page.id, title: page.querySelector("h1").textContent.trim(),
      math: page.querySelector("math") !== null, svg: page.querySelector("svg") !== null,
      text: new XMLSerializer().serializeToString(page)}));
}
"""

_STYLE = """\
body { font-family: serif; line-height: 1.5; margin: 0 4%; }
h1, h2, h3, h4 { font-family: sans-serif; line-height: 1.2; page-break-after: avoid; }
img, svg { max-width: 100%; height: auto; }
figure { margin: 1em 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8em; }
table { border-collapse: collapse; font-size: 0.85em; }
th, td { padding: 0.15em 0.5em 0.15em 0; border-bottom: 1px solid #999; text-align: left; vertical-align: top; }
.admonition, .fer-exercise, blockquote { border-left: 0.3em solid #0072b2; padding-left: 0.8em; margin: 1em 0; }
.admonition-title, .fer-fold { font-weight: bold; }
.visually-hidden, .sr-only { display: none; }
"""


def make_epub(book: Book, path: Path | None = None) -> Path:
    """Write the built site as one EPUB.

    Parameters
    ----------
    book : whose site is built.
    path : of the EPUB; ``lightweight-fer.epub`` in the build's folder by default.

    Returns
    -------
    The path.

    Raises
    ------
    BookError : there is no site, or no Chromium.
    """
    path = path or book.out / "lightweight-fer.epub"
    if not (book.html / "index.html").exists():
        raise BookError(f"There is no site in {book.html} yet. Remedy: `make book`.")
    browser = chromium.find_chromium()
    if browser is None:
        raise BookError(
            "No Chromium was found to write XHTML with. Remedy: `apt-get install chromium`, or set "
            "CHROMIUM=/path/to/chrome."
        )
    folder = book.out / "epub"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(book.html / "_static", folder / "_static")
    if (book.html / "_images").exists():
        shutil.copytree(book.html / "_images", folder / "_images")
    say("Joining the pages")
    (folder / "index.html").write_text(one_page(book, title_page=""), encoding="utf8")
    say("Converting the pictures")
    pdf.shrink(folder)
    say("Writing the chapters with Chromium")
    chapters = _chapters(folder, browser)
    pictures: dict[str, str] = {}
    texts = {one["id"]: _finished(one["text"], folder, pictures) for one in chapters}
    _pack(path, book, chapters, texts, {target: folder / source for source, target in pictures.items()})
    return path


def _chapters(folder: Path, browser: str) -> list[dict]:
    from playwright.sync_api import sync_playwright

    with serving(folder) as address, sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=chromium.FLAGS)
        try:
            page = running.new_page()
            page.set_default_timeout(600_000)
            page.goto(f"{address}/index.html", wait_until="load")
            return page.evaluate(_CHAPTERS)
        finally:
            running.close()


def _finished(text: str, folder: Path, pictures: dict[str, str]) -> str:
    """A chapter whose links lead to files of the EPUB; ``pictures`` gets each picture's source and its new name."""
    from PIL import Image

    def picture(found: re.Match) -> str:
        source = unquote(html.unescape(found[2])).split("?")[0].split("#")[0]
        if source.startswith("data:"):
            return found[0]
        if source not in pictures:
            kind = "SVG"
            if not source.endswith(".svg"):
                with Image.open(folder / source) as opened:
                    kind = str(opened.format)
            if kind not in MEDIA:
                raise BookError(f"{source} is {kind}, which not every reading system shows. Remedy: store it as WebP.")
            pictures[source] = f"images/{len(pictures):04}.{MEDIA[kind][0]}"
        return f'{found[1]}src="{pictures[source]}"'

    text = re.sub(r'(<img\b[^>]*?\s)src="([^"]*)"', picture, text)
    return re.sub(
        r'href="#(page-\d+)((?:--[^"]*)?)"', lambda found: f'href="{found[1]}.xhtml#{found[1]}{found[2]}"', text
    )


def _page(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">'
        f'<head><title>{html.escape(title)}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>'
        f"<body>{body}</body></html>\n"
    )


def _pack(path: Path, book: Book, chapters: list[dict], texts: dict[str, str], pictures: dict[str, Path]) -> None:
    """Write the archive: the media type first and unpacked, then what the standard asks for, then the book."""
    entries = "".join(
        f'<li><a href="{one["id"]}.xhtml">{html.escape(" ".join(one["title"].split()))}</a></li>' for one in chapters
    )
    contents = _page("Contents", f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{entries}</ol></nav>')
    cover = _page(TITLE, f'<section epub:type="cover"><img src="cover.png" alt="{COVER_ALT}"/></section>')
    items = [
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        '<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>',
        '<item id="cover-image" href="cover.png" media-type="image/png" properties="cover-image"/>',
        '<item id="style" href="style.css" media-type="text/css"/>',
    ]
    for one in chapters:
        has = " ".join(name for name, there in (("mathml", one["math"]), ("svg", one["svg"])) if there)
        properties = f' properties="{has}"' if has else ""
        items.append(
            f'<item id="{one["id"]}" href="{one["id"]}.xhtml" media-type="application/xhtml+xml"{properties}/>'
        )
    kinds = dict(MEDIA.values())
    for number, target in enumerate(pictures):
        items.append(f'<item id="picture-{number}" href="{target}" media-type="{kinds[target.rsplit(".", 1)[1]]}"/>')
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("cover", "nav", *(one["id"] for one in chapters)))
    name = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(texts, sort_keys=True))  # the same book has the same name
    package = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:uuid:{name}</dc:identifier><dc:title>{TITLE}</dc:title>'
        "<dc:language>en</dc:language><dc:creator>the contributors of lightweight-fer</dc:creator>"
        "<dc:rights>Text and figures: CC BY 4.0; code: MIT</dc:rights>"
        f'<meta property="dcterms:modified">{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</meta></metadata>'
        f"<manifest>{''.join(items)}</manifest><spine>{spine}</spine></package>\n"
    )
    container = (
        '<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>\n"
    )
    unfinished = path.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("book/package.opf", package)
        archive.writestr("book/nav.xhtml", contents)
        archive.writestr("book/cover.xhtml", cover)
        archive.writestr("book/style.css", _STYLE)
        archive.write(book.root / COVER, "book/cover.png", zipfile.ZIP_STORED)
        for one in chapters:
            archive.writestr(f"book/{one['id']}.xhtml", _page(one["title"], texts[one["id"]]))
        for target, source in pictures.items():
            archive.write(source, f"book/{target}", zipfile.ZIP_STORED)
    os.replace(unfinished, path)
