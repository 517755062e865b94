"""The pages of the built site as one page, in the order of the table of contents: what is printed.

The reference of the package is left out: nobody reads it in order, and it would be half of the book.

A printed page cannot be pressed.  So the page leaves out what only a screen can show (scripts, hidden code, the dark
copies of figures), each widget gives way to its still picture, and hints, answers and solutions stand at the end of
their chapter.
"""

from __future__ import annotations

import html
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from .layout import REFERENCE, Book, BookError

#: What only a screen can show: links of headings, meanings that open on hover, code that is hidden, dark figures.
ON_SCREEN_ONLY = (
    "script",
    ".headerlink",
    ".fer-term-meaning",
    "img.fer-dark",
    "picture:not(:has(img))",
    "picture > source",
    "link",
)

#: Where a chapter's folded parts go in the printed book.
ANSWERS = "Hints, answers and solutions"


def one_page(book: Book, *, title_page: str) -> str:
    """The whole book, without its reference, as the text of one HTML page.

    Parameters
    ----------
    book : whose site is built; addresses of pictures and styles are relative to its ``html/``.
    title_page : HTML that stands first.

    Raises
    ------
    BookError : a page of the table of contents is not in the site.
    """
    pages = [page for page in book.pages() if not page.startswith(REFERENCE)]
    anchors = {page: f"page-{number}" for number, page in enumerate(pages)}
    parts, titles, head = [], [], None
    for page in pages:
        file = book.html / f"{page}.html"
        if not file.exists():
            raise BookError(f"The site has no {page}.html. Remedy: `make book`.")
        soup = BeautifulSoup(file.read_text(encoding="utf8"), "html.parser")
        head = head or _head(soup, page)
        article = soup.select_one("article.bd-article")
        if article is None or article.h1 is None:
            raise BookError(f"{file} has no article with a heading: the theme has changed.")
        _still(article)
        _folded_parts_last(article)
        _unique(article, page, anchors)
        titles.append((anchors[page], article.h1.get_text(" ", strip=True)))
        article["class"] = ["bd-article", "fer-page"]
        article["id"] = anchors[page]
        parts.append(str(article))
    contents = "".join(f'<li><a href="#{anchor}">{html.escape(title)}</a></li>' for anchor, title in titles)
    return (
        f'<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light"><head>{head}</head><body>'
        f'<main class="fer-print">{title_page}<nav class="fer-contents"><h2>Contents</h2><ol>{contents}</ol></nav>'
        + "\n".join(parts)
        + "</main></body></html>"
    )


def _head(soup: BeautifulSoup, page: str) -> str:
    """The site's styles and formulas, with addresses relative to the site's top."""
    kept = ['<meta charset="utf-8">', str(soup.title)]
    for sheet in soup.select('link[rel="stylesheet"][href]'):
        kept.append(f'<link rel="stylesheet" href="{_from_top(sheet["href"], page)}">')
    for script in soup.select("script"):
        if "mathjax/" in script.get("src", ""):
            kept.append(f'<script defer src="{_from_top(script["src"], page)}"></script>')
        elif script.string and script.string.lstrip().startswith("window.MathJax"):
            kept.append(str(script))
    return "\n".join(kept)


def _from_top(address: str, page: str) -> str:
    """An address that is relative to a page, relative to the site's top.

    >>> _from_top("../_static/fer.css?digest=1", "book/intro")
    '_static/fer.css?digest=1'
    >>> _from_top("01.html#a", "notebooks/02")
    'notebooks/01.html#a'
    """
    parts: list[str] = []
    path, mark, rest = address.partition("?") if "?" in address else address.partition("#")
    for part in (*PurePosixPath(page).parent.parts, *path.split("/")):
        if part == "..":
            parts.pop()
        elif part not in {".", ""}:
            parts.append(part)
    return "/".join(parts) + mark + rest


def _still(article) -> None:
    """Take out what only a screen can show; each widget becomes the picture that it has for readers without scripts."""
    for useless in article.select(", ".join(ON_SCREEN_ONLY)):
        useless.decompose()
    for picture in article.find_all("noscript"):
        picture.unwrap()
    for image in article.find_all("img"):
        image.attrs.pop("loading", None)
    for empty in article.select("figure:not(:has(img, svg, table, video, canvas))"):
        empty.decompose()


def _folded_parts_last(article) -> None:
    """Hints, answers and solutions move to the end of their chapter; other hidden code is left out."""
    soup = BeautifulSoup("", "html.parser")
    last = soup.new_tag("section", attrs={"class": "fer-answers"})
    heading = None
    for tag in article.find_all(["h2", "h3", "details", "div"]):
        if tag.decomposed or tag.find_parent("section", class_="fer-answers") is not None:
            continue  # it went with the part that it lay in
        if tag.name in {"h2", "h3"}:
            heading = tag.get_text(" ", strip=True)
            continue
        classes = tag.get("class") or []
        solution = tag.name == "div" and "tag_hide-cell" in classes and "tag_setup" not in classes
        if tag.name == "details" and "hide" in classes:
            tag.decompose()
        elif solution or (tag.name == "details" and "hide" not in classes):
            _moved(soup, last, tag, heading)
    if last.contents:
        title = soup.new_tag("h2")
        title.string = ANSWERS
        last.insert(0, title)
        article.append(last)


def _moved(soup, last, tag, heading: str | None) -> None:
    if heading and heading != last.get("data-heading"):
        last["data-heading"] = heading
        title = soup.new_tag("h4")
        title.string = heading
        last.append(title)
    for fold in tag.select("details.hide"):  # the code of a solution is to be seen
        fold.summary.decompose()
        fold.unwrap()
    for fold in [tag, *tag.find_all("details")]:
        if fold.name == "details":
            fold.summary.name, fold.name = "p", "div"
            fold.p["class"] = ["fer-fold"]
    last.append(tag.extract())


def _unique(article, page: str, anchors: dict[str, str]) -> None:
    """Names of places become unique in the whole book, and links between pages lead to them."""
    own = anchors[page]
    for tag in article.find_all(id=True):
        tag["id"] = f"{own}--{tag['id']}"
    for tag in article.find_all(attrs={"for": True}):
        tag["for"] = f"{own}--{tag['for']}"
    for image in article.find_all(["img", "video"], src=True):
        if not urlsplit(image["src"]).scheme:
            image["src"] = _from_top(image["src"], page)
    for link in article.find_all("a", href=True):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        target = page if not parts.path else _from_top(unquote(parts.path), page).removesuffix(".html")
        if target not in anchors:  # a file beside the page, which paper cannot open
            link.unwrap()
            continue
        link["href"] = f"#{anchors[target]}--{parts.fragment}" if parts.fragment else f"#{anchors[target]}"
