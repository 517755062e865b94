"""The printed book: everything is on it, nothing is cut, and what only a screen can show is not there."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shutil
import sys

from bs4 import BeautifulSoup
import pikepdf
from PIL import Image
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import pdf  # noqa: E402
from pipeline.layout import REFERENCE, Book, BookError  # noqa: E402
from pipeline.one_page import ANSWERS  # noqa: E402

PAGES = [page for page in Book.at(ROOT).pages() if not page.startswith(REFERENCE)]


@pytest.fixture(scope="module")
def book(smoke_site) -> Book:
    return Book(ROOT, Path(smoke_site).parent)


@pytest.fixture(scope="module")
def printed(book, tmp_path_factory) -> Path:
    return pdf.print_book(book, tmp_path_factory.mktemp("pdf") / "book.pdf")


@pytest.fixture(scope="module")
def page(book, printed) -> BeautifulSoup:
    return BeautifulSoup((book.out / "pdf" / "index.html").read_text(encoding="utf8"), "html.parser")


def plain(title: str) -> str:
    return re.sub(r"\s", "", title)


def test_the_whole_book_is_one_file_of_at_most_25_megabytes(book, printed, page):
    assert printed.stat().st_size < 25e6
    with pikepdf.open(printed) as file, file.open_outline() as outline:
        assert len(file.pages) > 200
        assert "/StructTreeRoot" in file.Root, "a screen reader can follow it"
        titles = [plain(item.title) for item in outline.root]
    wanted = [plain(article.h1.get_text()) for article in page.select("article.fer-page")]
    assert len(wanted) == len(PAGES) and titles[-len(wanted) :] == wanted


def test_links_between_pages_lead_to_places_of_the_one_page(page):
    places = [tag["id"] for tag in page.find_all(id=True)]
    assert len(places) == len(set(places))
    inner = [link["href"] for link in page.find_all("a", href=True) if link["href"].startswith("#")]
    assert len(inner) > 200 and {link[1:] for link in inner} <= set(places)
    others = {link["href"].split(":")[0] for link in page.find_all("a", href=True)} - {"#"}
    assert {one for one in others if not one.startswith("#")} <= {"http", "https", "mailto"}


def test_every_figure_of_the_site_is_there_once_in_a_size_for_paper(book, page):
    for number, name in enumerate(PAGES):
        text = (book.html / f"{name}.html").read_text(encoding="utf8")
        article = text[text.index("<article") : text.index("</article>")]
        light = [tag for tag in re.findall(r"<img\b[^>]*>", article) if 'class="fer-dark' not in tag]
        shown = sorted(re.search(r'src="(?:[^"]*/)?([^"/]+)"', tag)[1] for tag in light)
        own = page.find(id=f"page-{number}")
        assert sorted(image["src"].split("/")[-1] for image in own.find_all("img")) == shown, name
    files = [image["src"].split("?")[0] for image in page.find_all("img") if not image["src"].startswith("data:")]
    assert len(files) > 100
    for file in set(files):
        path = book.out / "pdf" / file
        assert path.is_file(), file
        if path.suffix == ".webp":
            with Image.open(path) as picture:
                assert picture.format in {"JPEG", "PNG"} and max(picture.size) <= pdf.MOST_PIXELS


def test_what_only_a_screen_can_show_is_left_out(page):
    for name in ("noscript", "details", "picture > source", ".headerlink", ".fer-term-meaning", "article script"):
        assert not page.select(name), name
    text = page.get_text()
    assert "Set-up (installs" not in text and "Show code" not in text and "Hide the solution" not in text


def test_hints_and_solutions_stand_at_the_end_of_their_chapter(page):
    for number, name in enumerate(PAGES):
        if not name.startswith("notebooks/"):
            continue
        notebook = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf8"))
        cells = [cell for cell in notebook["cells"] if "hide-cell" in cell["metadata"].get("tags", [])]
        cells = [cell for cell in cells if "setup" not in cell["metadata"]["tags"]]
        article = page.find(id=f"page-{number}")
        (answers,) = article.select("section.fer-answers")
        assert answers.h2.get_text() == ANSWERS and article.find_all("section")[-1] is answers
        shown = plain(answers.get_text())
        before = plain(article.get_text()).removesuffix(shown)
        for cell in cells:
            code = plain("".join(cell["source"]))
            assert code in shown and code not in before, name
        assert "Hint1" not in before or "Hint1" in shown


def test_a_part_wider_than_the_paper_is_no_book(book, printed, tmp_path, monkeypatch):
    folder = book.out / "pdf"
    (tmp_path / "pdf").mkdir()
    wide = '<article class="fer-page"><h1>Wide</h1><div style="width:900px">far</div></article>'
    (tmp_path / "pdf" / "index.html").write_text(f"<html><body><main>{wide}</main></body></html>")
    shutil.copytree(folder / "_static" / "styles", tmp_path / "pdf" / "_static" / "styles")
    with pytest.raises(BookError, match=r"1 parts of the book are wider than the paper:\nWide: <div style"):
        pdf._print(tmp_path / "pdf", pdf.chromium.find_chromium(), tmp_path / "book.pdf")
    assert not (tmp_path / "book.pdf").exists()


def test_without_a_site_or_a_browser_the_remedy_is_said(book, tmp_path, monkeypatch):
    with pytest.raises(BookError, match="Remedy: `make book`"):
        pdf.print_book(Book(ROOT, tmp_path))
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(BookError, match="CHROMIUM"):
        pdf.print_book(book, tmp_path / "book.pdf")
