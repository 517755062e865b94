"""The built site, as a reader meets it: offline, at desk and phone, in light and dark, with and without scripts."""

from __future__ import annotations

import functools
import gc
import itertools
import json
from pathlib import Path
import re
import subprocess
import sys
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from browser import opened_page
from bs4 import BeautifulSoup
from motion import styles_that_move
from patience import PATIENCE
import pytest
import widgets_on_site

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.address import current  # noqa: E402
from pipeline.layout import Book  # noqa: E402
from pipeline.publishing import BRANCH  # noqa: E402
from pipeline.serve import serving  # noqa: E402

BOOK = Book.at(ROOT)
PAGES = BOOK.pages()
NOTEBOOKS = [page for page in PAGES if page.startswith("notebooks/")]
CHAPTERS = [page for page in NOTEBOOKS if page.split("/")[1][0].isdigit()]


def html_pages(site: Path) -> list[Path]:
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.relative_to(site).parts]


@functools.cache
def soup(path: Path) -> BeautifulSoup:
    """A page, parsed once for all tests; none changes it."""
    gc.disable()  # all pages stay in memory, and Python would look through them for garbage again and again
    try:
        return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def address(smoke_site):
    with serving(Path(smoke_site)) as url:
        yield url


# What is in the files ----------------------------------------------------------------------------


def test_every_page_of_the_contents_is_there(smoke_site):
    assert len(CHAPTERS) == 13 and len(NOTEBOOKS) == 15
    for page in [*PAGES, "index", "search"]:
        assert (Path(smoke_site) / f"{page}.html").is_file(), page


def loads(path: Path):
    """Every address that a browser fetches by itself when it opens the page."""
    page = soup(path)
    for tag in page.find_all(["script", "img", "source", "video", "audio", "iframe", "embed", "track"]):
        yield from filter(None, [tag.get("src"), tag.get("poster")])
        yield from (part.split()[0] for part in (tag.get("srcset") or "").split(",") if part.strip())
    for tag in page.find_all("object"):
        yield tag.get("data") or ""
    for tag in page.find_all("link"):
        if set(tag.get("rel", [])) & {
            "stylesheet",
            "preload",
            "modulepreload",
            "prefetch",
            "preconnect",
            "dns-prefetch",
            "icon",
            "manifest",
        }:
            yield tag.get("href") or ""
    for tag in page.find_all("style"):
        yield from re.findall(r"url\(\s*['\"]?([^'\")]+)", tag.text)


def test_no_page_and_no_style_loads_anything_from_elsewhere(smoke_site):
    site = Path(smoke_site)
    outside = [
        f"{path.relative_to(site)}: {url}" for path in html_pages(site) for url in loads(path) if urlsplit(url).netloc
    ]
    for path in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf8"), flags=re.S)
        outside += [
            f"{path.relative_to(site)}: {url}"
            for url in re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", text)
        ]
    assert outside == []


def test_no_script_in_a_page_names_a_cdn(smoke_site):
    cdn = re.compile(r"unpkg\.com|jsdelivr|cdnjs|googleapis|gstatic|mybinder", re.I)
    named = [
        f"{path.relative_to(smoke_site)}: {found[0]}"
        for path in html_pages(Path(smoke_site))
        for script in soup(path).find_all("script")
        if script.get("type") not in ("application/vnd.jupyter.widget-state+json",)
        and (found := cdn.search(script.text))
    ]
    assert named == []


def test_internal_links_lead_somewhere(smoke_site):
    site = Path(smoke_site)
    parsed = {path.resolve(): soup(path) for path in html_pages(site)}
    anchors = {
        path: {tag["id"] for tag in page.find_all(id=True)}
        | {tag["name"] for tag in page.find_all("a", attrs={"name": True})}
        for path, page in parsed.items()
    }
    dead = []
    for path, page in parsed.items():
        for link in page.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc or link["href"] in ("", "#"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                dead.append(f"{path.name}: {link['href']}")
            elif parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]:
                dead.append(f"{path.name}: {link['href']} (no such place in the page)")
    assert dead == []


def test_every_picture_says_what_it_shows(smoke_site):
    silent = [
        f"{path.relative_to(smoke_site)}: {str(image)[:120]}"
        for path in html_pages(Path(smoke_site))
        for image in soup(path).find_all("img")
        # In the text, a sentence; in a button (Colab's logo), its name.
        if len((image.get("alt") or "").split()) < (4 if image.find_parent("article") else 1)
    ]
    assert silent == []


def test_a_page_has_one_first_heading_and_no_level_is_left_out(smoke_site):
    """axe-core calls a level that is left out a moderate fault, and so lets it through."""
    wrong, read = [], 0
    for path in html_pages(Path(smoke_site)):
        headings = soup(path).select("article :is(h1, h2, h3, h4, h5, h6)")
        levels = [int(heading.name[1]) for heading in headings]
        read += len(levels)
        left_out = any(later > before + 1 for before, later in itertools.pairwise(levels))
        if levels and (levels[0] != 1 or levels.count(1) != 1 or left_out):
            wrong.append(f"{path.relative_to(smoke_site)}: {levels}")
    assert wrong == [] and read > 300


def test_no_chapter_shows_a_traceback_or_a_progress_bar(smoke_site):
    for chapter in NOTEBOOKS:
        page = soup(Path(smoke_site) / f"{chapter}.html")
        assert not page.select(".output.traceback"), chapter
        assert not re.search(r"\d+%\|", page.get_text()), f"{chapter}: a progress bar"


def test_every_table_is_a_table(smoke_site):
    """A table in a cell's Markdown needs the cell's ``mystnb`` format: the default has none, and shows its bars."""
    raw = re.compile(r"\|\s*(-{3,}|—)\s*\|")
    pages = html_pages(Path(smoke_site))
    assert {f"{chapter}.html" for chapter in NOTEBOOKS} <= {p.relative_to(smoke_site).as_posix() for p in pages}
    for path in pages:
        shown = (
            text
            for text in soup(path).strings
            if not any(parent.name in ("pre", "code", "script") for parent in text.parents)
        )
        assert not raw.search("".join(shown)), path.name


def test_landing_page_gives_the_chapters_own_reading_times(smoke_site):
    cards = soup(Path(smoke_site) / "book" / "intro.html").select(".fer-chapters .sd-card")
    assert len(cards) == len(CHAPTERS)
    for card, chapter in zip(cards, CHAPTERS, strict=False):
        assert card.select_one("a[href]")["href"].endswith(f"{chapter}.html")
        notebook = json.loads((ROOT / f"{chapter}.ipynb").read_text(encoding="utf8"))
        text = "".join(notebook["cells"][0]["source"])
        minutes = re.search(r"(\d+) minutes of reading", text)[1]
        assert f"{minutes} minutes of reading" in card.get_text(), chapter


def test_every_page_has_the_books_icon(smoke_site):
    for path in html_pages(Path(smoke_site)):
        if soup(path).select_one("meta[http-equiv=refresh]"):
            continue  # it leads to the first page at once
        icons = [link["href"] for link in soup(path).select("link[rel~=icon]")]
        assert len(icons) == 1 and icons[0].endswith("favicon.svg"), path.name
        assert (path.parent / icons[0]).resolve().is_file(), path.name


def test_links_to_the_repository_are_there_where_it_has_an_address(smoke_site):
    """Without one there are none: they would lead nowhere, or to a stranger.  Published pages: test_publishing.py."""
    repository = current(BOOK)
    for chapter in NOTEBOOKS:
        links = {
            a["href"] for a in soup(Path(smoke_site) / f"{chapter}.html").select("header a[href], .dropdown a[href]")
        }
        outside = {link for link in links if re.match(r"https://(colab|github)\.", link)}
        if repository is None:
            assert outside == set(), chapter
        else:
            owner = repository.removeprefix("https://github.com/")
            assert f"https://colab.research.google.com/github/{owner}/blob/{BRANCH}/{chapter}.ipynb" in outside, chapter


def test_every_cited_work_is_in_the_bibliography(smoke_site):
    keys = set(re.findall(r"@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(encoding="utf8")))
    assert len(keys) >= 24
    shown = soup(Path(smoke_site) / "book" / "bibliography.html")
    assert len(shown.select(".citation")) == len(keys)


def test_a_second_build_does_nothing_and_loads_nothing(smoke_site):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pipeline\n"
        "report = pipeline.build('smoke', out=sys.argv[2], progress=False)\n"
        "assert not report.did_work, report\n"
        "assert {o.status for o in report.chapters} == {'unchanged'}\n"
        "heavy = {'tensorflow', 'keras', 'papermill', 'sphinx', 'cv2', 'dlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "book"), str(Path(smoke_site).parent)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr


# What a browser makes of them --------------------------------------------------------------------


#: How a reader sees a page: the window's width, and whether in dark colours.
LOOKS = {"desk, light": (1280, False), "phone, dark": (390, True)}


def fetches_later(path: Path) -> bool:
    """Whether a page goes on when it is loaded: it sets formulas, begins widgets or leads to another page."""
    later = ".math, script[type^='application/vnd.jupyter'], meta[http-equiv=refresh]"
    return soup(path).select_one(later) is not None


def seen_wrong(page, dark: bool) -> list[str]:
    """What is wrong with an open page as it looks now."""
    wrong = []
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    if wide > seen:
        wrong.append(f"{wide} px wide in a window of {seen}")
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    pair = page.evaluate(
        """[...document.querySelectorAll('img.fer-light, img.fer-dark')].map((image) =>
             [image.classList.contains('fer-dark'), getComputedStyle(image).display !== 'none'])"""
    )
    if any(visible != (of_dark == dark) for of_dark, visible in pair):
        wrong.append("a figure of the other colours shows")
    if page.locator(".math").count() and not page.locator("mjx-container").count():
        wrong.append("formulas were not set")
    return wrong


#: Two lists are Sphinx's own: the arguments of a signature as definitions without terms, and links in the bibliography.
ACCESSIBLE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "rules": {"definition-list": {"enabled": False}, "aria-required-children": {"enabled": False}},
}


#: axe-core takes long for pages of a thousand signatures, which all look alike.
SOME_OF_THE_REFERENCE = {"book/reference/index.html", "book/reference/training.html"}


#: Leaves of a page's code one word of each class, and so of each colour: axe-core takes ten seconds for thousands.
THIN_OUT_CODE = """\
() => {
  const seen = new Set();
  const alike = [...document.querySelectorAll(".highlight pre span[class]")].filter((word) => {
    const kept = word.checkVisibility() && !seen.has(word.className); // not in a folded cell, which axe-core skips
    if (kept) seen.add(word.className);
    return !kept;
  });
  for (const word of alike) word.replaceWith(word.textContent);
}"""


def barriers(page) -> list[str]:
    """What axe-core finds on an open page that shuts somebody out: faults that it calls serious or critical.

    The page's code is plain text afterwards, but for one word of each colour.
    """
    page.evaluate(THIN_OUT_CODE)
    found = Axe().run(page, options=ACCESSIBLE).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}, {len(fault['nodes'])} times, first in {fault['nodes'][0]['html'][:120]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def change_look(page, width: int, dark: bool) -> None:
    """Make the window of an open page so wide, and the system's colours dark or light."""
    page.set_viewport_size({"width": width, "height": page.viewport_size["height"]})
    page.emulate_media(color_scheme="dark" if dark else "light")
    theme = "dark" if dark else "light"
    page.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=theme)
    # The theme lets the keyboard reach code that scrolls, some tenths of a second after the width has changed.
    page.wait_for_function(
        """[...document.querySelectorAll('pre')].every(
             (code) => code.scrollWidth <= code.clientWidth || code.tabIndex === 0)"""
    )


@pytest.mark.browser
def test_all_pages_open_clean_and_never_scroll_sideways(browser, smoke_site, address):
    """Each is opened once and seen both ways, and by axe-core as it was left: to open it both ways took twice as long.

    A page is opened the way in which the page before was left, half of them at the desk, the others on the phone.  With
    widgets and formulas, as without: what goes on when a page is loaded goes on in either.  Widgets are moved once, so
    that the second look is at what they answer.
    """
    wrong, now, then, later = [], "desk, light", "phone, dark", {"desk, light": 0, "phone, dark": 0}
    width, dark = LOOKS[now]
    with opened_page(browser, width=width, dark=dark) as (page, watch):
        for path in html_pages(Path(smoke_site)):
            name = path.relative_to(smoke_site).as_posix()
            watch.clear()
            page.goto(f"{address}/{name}", wait_until="load")
            if fetches_later(path):
                page.wait_for_load_state("networkidle")
                later[now] += 1
            wrong += [f"{name}, {now}: {text}" for text in seen_wrong(page, LOOKS[now][1])]
            now, then = then, now
            change_look(page, *LOOKS[now])
            wrong += [f"{name}, {now}: {text}" for text in widgets_on_site.move(page, name)]
            wrong += [f"{name}, {now}: {text}" for text in [*watch.complaints(), *seen_wrong(page, LOOKS[now][1])]]
            if not name.startswith("book/reference/") or name in SOME_OF_THE_REFERENCE:
                wrong += [f"{name}, {now}: {text}" for text in barriers(page)]
    assert wrong == []
    assert min(later.values()) >= 5, "pages with widgets or formulas were opened both ways"


@pytest.mark.browser
def test_who_asks_for_reduced_motion_gets_none_from_the_theme_either(browser, address):
    pages = ("book/intro.html", "notebooks/03_architecture.html", "notebooks/13_real_time.html")
    with opened_page(browser, still=True) as (page, _):
        for name in pages:
            page.goto(f"{address}/{name}", wait_until="networkidle")
            assert styles_that_move(page) == [], name
        page.emulate_media(reduced_motion="no-preference")
        assert len(styles_that_move(page)) > 5, "the theme's own, which the wish stops"


@pytest.mark.browser
def test_a_barrier_is_found(browser, address):
    with opened_page(browser) as (page, _):
        page.goto(f"{address}/book/glossary.html", wait_until="load")
        assert barriers(page) == []
        page.evaluate("document.querySelector('article p').style.color = '#ccc'")
        (found,) = barriers(page)
        assert found.startswith("color-contrast")
        page.goto(f"{address}/notebooks/03_architecture.html", wait_until="networkidle")
        page.add_style_tag(content=".highlight pre .kn { color: #ccc !important }")  # the words `from` and `import`
        (found,) = barriers(page)
        assert found.startswith("color-contrast") and 'class="kn"' in found


@pytest.mark.browser
def test_the_widget_moves_on_the_static_page_and_finds_the_number(browser, address):
    with opened_page(browser, width=390) as (page, watch):
        page.goto(f"{address}/notebooks/03_architecture.html", wait_until="networkidle")
        budget = page.locator(".fer-budget").first
        budget.wait_for()
        count, verdict = budget.locator(".fer-budget-count"), budget.locator(".fer-budget-verdict")
        before = count.inner_text()
        filters = budget.get_by_label("Filters of the first convolution")
        filters.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert filters.input_value() == "2" and count.inner_text() != before, "the keyboard moves it"
        filters.fill("16")
        budget.get_by_label("Width of the dense layer").fill("16")
        for choice in ("same", "2 × 2", "8"):
            budget.get_by_label(choice, exact=True).check()
        assert count.inner_text() == "542,136" and "that is it" in verdict.inner_text()
        assert "Dense 16 91.4 %" in budget.get_by_role("img").get_attribute("aria-label")
        page.wait_for_function("document.querySelector('.fer-budget [role=status]').textContent.startsWith('542,136')")
        budget.get_by_label("7", exact=True).check()
        assert count.inner_text() == "542,119" and "17 too few" in verdict.inner_text()
        assert budget.evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")
        assert watch.complaints() == []


@pytest.mark.browser
def test_from_the_disk_the_widgets_move_and_what_a_browser_forbids_there_is_said(browser, smoke_site):
    with opened_page(browser) as (page, watch):
        page.goto((Path(smoke_site) / "notebooks" / "03_architecture.html").as_uri())
        for label, value in (("Filters of the first convolution", "16"), ("Width of the dense layer", "16")):
            page.get_by_label(label).fill(value)
        assert page.locator(".fer-budget-count").first.inner_text() == "542,136"
        page.goto((Path(smoke_site) / "notebooks" / "13_real_time.html").as_uri())
        page.get_by_role("button", name="A drawn face").click()
        page.get_by_role("alert").first.wait_for()
        assert "opened as a file" in page.get_by_role("alert").first.inner_text() and watch.errors == []


@pytest.mark.browser
def test_without_scripts_the_widget_is_a_picture_in_words(browser, address):
    with opened_page(browser, scripts=False) as (page, _):
        page.goto(f"{address}/notebooks/03_architecture.html")
        still = page.locator(".fer-budget-still img").first
        assert still.is_visible()
        assert re.search(r"make [\d,]+ parameters", still.get_attribute("alt"))


@pytest.mark.browser
def test_the_switch_of_the_landing_page_moves_by_keyboard_and_without_a_script(browser, address):
    with opened_page(browser, width=390, scripts=False) as (page, _):
        page.goto(f"{address}/book/intro.html")
        finding = page.locator(".fer-finding")

        def seen() -> list[str]:
            return [one.inner_text() for one in finding.locator("b").all() if one.is_visible()]

        shown = [seen()]
        finding.get_by_role("radio").first.focus()
        for _ in range(2):
            page.keyboard.press("ArrowDown")
            shown.append(seen())
        assert [len(numbers) for numbers in shown] == [2, 2, 2], "a number a method"
        assert len({tuple(numbers) for numbers in shown}) == 3
        assert finding.locator(".bar").evaluate_all("(bars) => bars.filter((bar) => bar.offsetWidth).length") == 2


@pytest.mark.browser
def test_search_finds_a_word_offline(browser, address):
    with opened_page(browser) as (page, watch):
        page.goto(f"{address}/search.html?q=posed", wait_until="networkidle")
        page.wait_for_selector("#search-results li")
        assert watch.complaints() == []
