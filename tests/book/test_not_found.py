"""The page for wrong addresses: at any depth, at the top of a server or below a folder, its links and styles hold."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
import shutil
import sys
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from browser import opened_page
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import address, not_found, serve  # noqa: E402

WRONG = ("none.html", "notebooks/none.html", "a/b/c/none", "a/")
SEARCH = (
    '<html><head><link rel="stylesheet" href="_static/fer.css?v=1"><link rel="icon" href="_static/favicon.svg">'
    "<script src='_static/searchtools.js'></script></head><body></body></html>"
)


def write_site(folder: Path, published_at: str | None = None) -> None:
    (folder / "_static").mkdir(parents=True)
    (folder / "book").mkdir()
    shutil.copy(ROOT / "book" / "_css" / "fer.css", folder / "_static")
    shutil.copy(ROOT / "book" / "images" / "favicon.svg", folder / "_static")
    (folder / "search.html").write_text(SEARCH)
    (folder / "book" / "intro.html").write_text("<h1>Contents</h1>")
    not_found.write(folder, title="A & B", home="book/intro.html", address=published_at)


class _Pages(serve._Handler):
    """As GitHub Pages: what is wrong below /NAME/ is answered by /NAME/404.html; beside it nothing is of this book."""

    def send_error(self, code, message=None, explain=None):
        self.directory = str(Path(self.directory) / "NAME")
        super().send_error(code, message, explain)


@contextmanager
def pages(folder: Path):
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/NAME"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def test_our_server_answers_a_wrong_address_with_the_page_and_status_404(tmp_path):
    write_site(tmp_path / "site")
    with serve.serving(tmp_path / "site") as url:
        for wrong in WRONG:
            with pytest.raises(HTTPError) as caught:
                urlopen(f"{url}/{wrong}")
            assert caught.value.code == 404 and b"Page not found - A &amp; B" in caught.value.read()
        with pytest.raises(HTTPError) as caught:
            urlopen(Request(f"{url}/none.html", method="HEAD"))
        assert caught.value.code == 404 and caught.value.read() == b""
        assert urlopen(f"{url}/404.html").status == 200


@pytest.mark.parametrize(
    "repository, base",
    [(None, "/"), ("https://github.com/a/book", "/book/"), ("https://github.com/A/a.github.io", "/")],
)
def test_addresses_begin_where_the_site_is_published(tmp_path, repository, base):
    write_site(tmp_path / "site", address.of_site(repository))
    text = (tmp_path / "site" / "404.html").read_text(encoding="utf8")
    assert f'<base href="{base}">' in text and text.index("<base") < text.index("stylesheet")
    assert "searchtools" not in text and 'name="robots" content="noindex"' in text


@pytest.mark.browser
@pytest.mark.parametrize("published_at", [None, "https://owner.github.io/NAME/", "https://owner.github.io/other/"])
def test_links_and_styles_hold_at_any_depth_below_a_folder(browser, tmp_path, published_at):
    write_site(tmp_path / "NAME", published_at)
    with pages(tmp_path) as url, opened_page(browser, width=390, dark=True) as (page, watch):
        for wrong in WRONG[1:3]:
            assert page.goto(f"{url}/{wrong}", wait_until="load").status == 404
            links = set(page.eval_on_selector_all("a", "(all) => all.map((one) => one.href)"))
            assert links == {f"{url}/book/intro.html", f"{url}/search.html"}, wrong
            assert page.evaluate("document.querySelector('form').action") == f"{url}/search.html"
            assert page.evaluate("getComputedStyle(document.querySelector('form')).display") == "flex", "the styles"
            assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert watch.errors == [] and watch.blocked == []
        page.click("text=To the contents")
        assert page.inner_text("h1") == "Contents"


@pytest.mark.browser
def test_the_page_works_at_the_top_and_without_scripts(browser, tmp_path):
    write_site(tmp_path / "site")
    with serve.serving(tmp_path / "site") as url, opened_page(browser, scripts=False) as (page, _):
        page.goto(f"{url}/a/b/none.html", wait_until="load")
        page.fill("input", "faces")
        page.click("button")
        assert page.url == f"{url}/search.html?q=faces"
