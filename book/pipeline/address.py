"""The repository's address: set in one place, ``_config.yml``, and ``unset`` until somebody publishes the book."""

from __future__ import annotations

from pathlib import Path
import re

from .layout import Book, BookError

IN_CONFIG = re.compile(r"(?m)^(repository:\n(?:[ \t]+.*\n)*?[ \t]+url[ \t]*:[ \t]*)(\S+)")
#: What stands in ``_config.yml`` while the book has no address: nothing that anybody could own.
UNSET = "unset"


def current(book: Book) -> str | None:
    """The address as ``_config.yml`` has it; None while it is unset."""
    found = IN_CONFIG.search((book.root / "_config.yml").read_text(encoding="utf8"))
    if not found:
        raise BookError("_config.yml has no `url:` under `repository:`.")
    return None if found[2] == UNSET else checked(found[2])


def checked(url: str) -> str:
    """The address of a GitHub repository in its plain form; ``BookError`` for every other."""
    url = url.rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise BookError(
            f"Not the address of a GitHub repository: {url!r}.\n"
            "Expected https://github.com/OWNER/NAME (Colab opens notebooks from there)."
        )
    return url


def rewrite(book: Book, url: str) -> list[Path]:
    """Set the address, or take it out again with ``unset``; returns the files that changed."""
    url = url if url == UNSET else checked(url)
    config = book.root / "_config.yml"
    before = config.read_text(encoding="utf8")
    if not IN_CONFIG.search(before):
        raise BookError("_config.yml has no `url:` under `repository:`.")
    after = IN_CONFIG.sub(lambda found: found[1] + url, before)
    if after == before:
        return []
    config.write_text(after, encoding="utf8")
    return [config]


def of_site(repository: str | None) -> str | None:
    """Where GitHub Pages shows the site of a repository, with a slash at its end; None without a repository.

    >>> of_site("https://github.com/A-School/book"), of_site("https://github.com/a/a.github.io")
    ('https://a-school.github.io/book/', 'https://a.github.io/')
    """
    if repository is None:
        return None
    owner, name = repository.removeprefix("https://github.com/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"
