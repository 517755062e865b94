"""Do the addresses outside of the book still answer?  ``make links`` asks each of them, by hand and with a network.

The addresses are those of the sources: README and the like, the pages, the chapters' Markdown and the bibliography.
Links inside the site are checked without a network, in tests/book/test_site.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
import json
import re
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from .layout import Book

#: Pages that are read, relative to the checkout.
READ = ("*.md", "*.cff", "book/**/*.md", "book/*.bib", "notebooks/*.ipynb")
#: Examples, which nobody is to open: of this machine, of placeholders, and of domains that are kept for examples.
EXAMPLE = re.compile(r"OWNER|/NAME\b|localhost|127\.0\.0\.1|(?:^|\.)example(?:\.|$)")
ADDRESS = re.compile(r"https?://[^\s<>\"'`\\{}|]+")
#: What ends a sentence, and is no part of an address.
ENDS = ".,;:!?*]"
DOI = re.compile(r"(?m)^\s*doi\s*=\s*[{\"]([^}\"]+)")
#: Some publishers answer programs with these, though a browser opens the page.
REFUSED = {401, 403, 405, 406, 418, 429, 999}


@dataclass(frozen=True)
class Answer:
    """What an address answered: ``fault`` is empty where it is fine, ``unsure`` says that a person has to look."""

    address: str
    fault: str = ""
    unsure: bool = False
    moved_to: str = ""


def addresses(text: str) -> set[str]:
    """The addresses in a text, without what ends a sentence or closes a bracket.

    >>> sorted(addresses("See [a](https://a.org/b_(c)), or https://d.org."))
    ['https://a.org/b_(c)', 'https://d.org']
    """
    found = set()
    for address in ADDRESS.findall(text):
        address = address.rstrip(ENDS)
        # The bracket that closes a link of Markdown, and what follows it; brackets of the address itself come in pairs.
        while address.count(")") > address.count("("):
            address = address.rpartition(")")[0].rstrip(ENDS)
        found.add(address)
    return found


def outside(book: Book) -> dict[str, list[str]]:
    """Every address outside of the book, with the files that name it; DOIs of the bibliography among them."""
    found: dict[str, list[str]] = {}
    for path in sorted({path for pattern in READ for path in book.root.glob(pattern)}):
        text = path.read_text(encoding="utf8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        named = addresses(text)
        if path.suffix == ".bib":
            named |= {f"https://doi.org/{doi.strip()}" for doi in DOI.findall(text)}
        for address in named:
            if not EXAMPLE.search(urlsplit(address).netloc) and not EXAMPLE.search(address):
                found.setdefault(address, []).append(path.relative_to(book.root).as_posix())
    return dict(sorted(found.items()))


def malformed(address: str) -> str:
    """What is wrong with an address before anybody is asked; empty where nothing is."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        return "is not https"
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", parts.netloc):
        return f"has no valid host ({parts.netloc!r})"
    return ""


def ask(address: str, *, seconds: float = 20) -> Answer:
    """Open an address, following where it leads, and say what came of it.

    Parameters
    ----------
    address : http or https.
    seconds : how long a server may be silent.
    """
    request = Request(address, headers={"User-Agent": "Mozilla/5.0 (link check of a book)", "Accept": "*/*"})
    try:
        with urlopen(request, timeout=seconds) as answer:
            return Answer(address, moved_to=answer.url if answer.url.split("#")[0] != address.split("#")[0] else "")
    except HTTPError as error:
        with error:
            return Answer(address, f"answers {error.code} {error.reason}".rstrip(), unsure=error.code in REFUSED)
    except TimeoutError:
        return Answer(address, f"does not answer within {seconds:g} seconds")
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            return Answer(address, f"does not answer within {seconds:g} seconds")
        return Answer(address, f"cannot be reached ({error.reason})")
    except (OSError, ValueError, HTTPException) as error:  # a connection that breaks off, an answer that is no HTTP
        return Answer(address, f"cannot be read ({type(error).__name__}: {error})")


def ask_all(
    found: Iterable[str], *, seconds: float = 20, at_a_time: int = 8, asked: Callable[[Answer], None] = lambda one: None
) -> list[Answer]:
    """Ask each address, several at a time; ``asked`` is called with each answer as it comes, in the given order."""
    answers = []
    with ThreadPoolExecutor(at_a_time) as pool:
        for answer in pool.map(lambda address: ask(address, seconds=seconds), found):
            asked(answer)
            answers.append(answer)
    return answers


def report(answers: list[Answer], where: dict[str, list[str]]) -> list[str]:
    """The lines to print: those that do not answer, those that a person has to open, and how many are fine."""
    lines = []
    for unsure, head in ((False, "Do not answer"), (True, "Refuse programs; open them in a browser")):
        found = [one for one in answers if one.fault and one.unsure == unsure]
        if found:
            lines.append(f"{head} ({len(found)}):")
            lines += [f"  {one.address} {one.fault}; in {', '.join(where[one.address])}" for one in found]
    fine = sum(not one.fault for one in answers)
    return [*lines, f"{fine} of {len(answers)} addresses answer."]
