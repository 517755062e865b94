"""The book as an EPUB: an archive that reading systems open, well-formed, with every file, link and alt text."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
import re
import sys
from urllib.parse import unquote, urlsplit
import zipfile

from lxml import etree
from PIL import Image
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import epub  # noqa: E402
from pipeline.layout import REFERENCE, Book, BookError  # noqa: E402

PAGES = [page for page in Book.at(ROOT).pages() if not page.startswith(REFERENCE)]
XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = {"o": "http://www.idpf.org/2007/opf"}


def faults(path: Path) -> list[str]:
    """What is wrong with an EPUB, a line each."""
    found = []
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        if (first.filename, first.compress_type) != ("mimetype", zipfile.ZIP_STORED):
            found.append("the media type is not the first file, unpacked")
        elif archive.read("mimetype") != b"application/epub+zip":
            found.append("the media type is another")
        container = etree.fromstring(archive.read("META-INF/container.xml"))
        (package,) = container.xpath("//*[local-name()='rootfile']/@full-path")
        top = PurePosixPath(package).parent
        names = set(archive.namelist()) - {"mimetype", "META-INF/container.xml", package}
        opf = etree.fromstring(archive.read(package))
        items = {item.get("id"): item for item in opf.iterfind(".//o:item", OPF)}
        listed = {str(top / item.get("href")) for item in items.values()}
        found += [f"{name}: not in the manifest" for name in sorted(names - listed)]
        found += [f"{name}: in the manifest, not in the archive" for name in sorted(listed - names)]
        spine = [ref.get("idref") for ref in opf.iterfind(".//o:itemref", OPF)]
        found += [f"{name}: in the spine, not in the manifest" for name in spine if name not in items]
        trees = {}
        for name in sorted(name for name in names if name.endswith(".xhtml")):
            try:
                trees[name] = etree.fromstring(archive.read(name))
            except etree.XMLSyntaxError as error:
                found.append(f"{name}: {error}")
    places = {name: {tag.get("id") for tag in tree.iter() if tag.get("id")} for name, tree in trees.items()}
    for name, tree in trees.items():
        found += [f"{name}: a script" for _ in tree.iter(f"{XHTML}script")]
        for tag in tree.iter(f"{XHTML}legend"):
            if tag.getparent().tag != f"{XHTML}fieldset":
                found.append(f"{name}: a legend without its fieldset")
        for tag in tree.iter():
            described = tag.get("aria-describedby")
            if described and not set(described.split()) <= places[name]:
                found.append(f"{name}: described by {described}, which is not there")
        for image in tree.iter(f"{XHTML}img"):
            source = image.get("src")
            if not source.startswith("data:") and str(top / source) not in names:
                found.append(f"{name}: no picture {source}")
            if not (image.get("alt") or "").strip():
                found.append(f"{name}: {source} without alt text")
        for link in tree.iter(f"{XHTML}a"):
            parts = urlsplit(link.get("href") or "")
            if parts.scheme or not link.get("href"):
                continue
            target = str(top / unquote(parts.path)) if parts.path else name
            if target not in trees or (parts.fragment and unquote(parts.fragment) not in places[target]):
                found.append(f"{name}: {link.get('href')} leads nowhere")
    return found


@pytest.fixture(scope="module")
def made(smoke_site, tmp_path_factory) -> Path:
    book = Book(ROOT, Path(smoke_site).parent)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(epub.pdf, "shrink", dots)
        return epub.make_epub(book, tmp_path_factory.mktemp("epub") / "book.epub")


def dots(folder: Path) -> None:
    """In place of smaller pictures, which take half a minute: one white dot each; test_pdf.py tries the real ones."""
    for file in folder.rglob("*.webp"):
        Image.new("RGB", (1, 1), "white").save(file, "PNG")


def test_the_book_is_one_valid_file(made):
    assert faults(made) == []
    assert made.stat().st_size < 40e6
    with zipfile.ZipFile(made) as archive:
        chapters = [name for name in archive.namelist() if name.startswith("book/page-")]
        text = "".join(archive.read(name).decode() for name in chapters)
        first = etree.fromstring(archive.read("book/page-0.xhtml"))
        navigation = etree.fromstring(archive.read("book/nav.xhtml"))
    assert len(chapters) == len(list(navigation.iter(f"{XHTML}a"))) == len(PAGES)
    table = next(first.iter(f"{XHTML}table"))
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter(f"{XHTML}tr")]
    assert [len(row) for row in rows] == [3] * 4 and all("%" in cell for row in rows[1:] for cell in row[1:])
    assert text.count("<math ") > 100 and "mjx-" not in text
    without_code = re.sub(r"(?s)<(pre|code|annotation)\b.*?</\1>", "", text)
    assert r"\(" not in without_code and "$$" not in without_code, "a formula was left as it is typed"


def test_planted_faults_are_found(made, tmp_path):
    planted = tmp_path / "planted.epub"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(planted, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "book/page-1.xhtml":
                planted_there = b'<legend>x</legend><a href="page-2.xhtml#no-such" aria-describedby="nobody">x</a>'
                content = content.replace(b"<h1", planted_there + b'<img src="no.png"/><h1', 1)
            elif name == "book/page-2.xhtml":
                content = content.replace(b"</h1>", b"", 1)
            elif name == "book/style.css":
                continue
            new.writestr(name, content)
    found = "\n".join(faults(planted))
    manifest, broken = "style.css: in the manifest", "page-2.xhtml: "
    for said in (
        manifest,
        broken,
        "leads nowhere",
        "no picture no.png",
        "without alt text",
        "a legend without its fieldset",
        "described by nobody, which is not there",
    ):
        assert said in found, said


def test_without_a_site_or_a_browser_the_remedy_is_said(tmp_path, monkeypatch):
    with pytest.raises(BookError, match="Remedy: `make book`"):
        epub.make_epub(Book(ROOT, tmp_path))
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("<p>a site</p>")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(BookError, match="CHROMIUM"):
        epub.make_epub(Book(ROOT, tmp_path))
