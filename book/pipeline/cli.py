"""The command line: ``python book/pipeline {build,publish,run,pdf,epub,serve,status,links,address,clean}``."""

from __future__ import annotations

import argparse
import os
import sys

from . import address, builder, epub, pdf, publishing
from .layout import TIERS, Book, BookError
from .progress import say


def value(text: str):
    """A parameter's value: a YAML scalar or list, so that 3, true and [1, 2] are what they look like."""
    import yaml

    return yaml.safe_load(text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python book/pipeline", description="Build and show the book.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--root", help="the book's folder (default: this repository)")
        sub.add_argument("--out", help="where the build is (default: ROOT/_build)")
        return sub

    for name, text in (
        ("build", "execute what has changed, then build the site"),
        ("publish", "build the site with the repository and the commit in every set-up cell; fails without an address"),
        ("run", "execute what has changed, and no more"),
        ("pdf", "build the site, then print the whole book as one PDF"),
        ("epub", "build the site, then write the whole book as one EPUB"),
    ):
        sub = verb(name, text)
        sub.add_argument(
            "--tier",
            choices=TIERS,
            default=os.environ.get("TIER") or "class",
            help="size of the chapters' runs (default: $TIER, else class)",
        )
        sub.add_argument(
            "-p",
            "--parameter",
            nargs=2,
            action="append",
            default=[],
            metavar=("NAME", "VALUE"),
            help="one more parameter for every chapter",
        )
        sub.add_argument("--jobs", type=int, help="how many chapters run side by side (default: one a processor)")
    sub = verb("status", "say which chapters would run")
    sub.add_argument("--tier", choices=TIERS, default=os.environ.get("TIER") or "class")
    sub = verb("links", "ask every address outside of the book whether it still answers; needs a network")
    sub.add_argument("--seconds", type=float, default=20, help="how long a server may be silent (default: 20)")
    sub = verb("serve", "show the built site on this machine")
    sub.add_argument("--port", type=int, default=8000)
    sub = verb("address", "set the repository's address in _config.yml")
    sub.add_argument(
        "url", nargs="?", help="https://github.com/OWNER/NAME, or `unset`; without it the address is printed"
    )
    verb("clean", "remove the build")
    return top


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    book = Book.at(given.root, given.out)
    try:
        return VERBS[given.verb](book, given)
    except BookError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the next build goes on from there.", file=sys.stderr)
        return 130


def _build(book: Book, given) -> int:
    published = publishing.publication(book) if given.verb == "publish" else None  # fails before any work
    report = builder.build(
        given.tier,
        book.root,
        book.out,
        with_site=given.verb != "run",
        parameters={name: value(text) for name, text in given.parameter},
        jobs=given.jobs,
        published=published,
    )
    say("\n" + builder.closing(report, book))
    if report.ok and given.verb == "pdf":
        path = pdf.print_book(book)
        say(f"The book is printed: {path} ({path.stat().st_size / 1e6:.1f} MB).")
    if report.ok and given.verb == "epub":
        path = epub.make_epub(book)
        say(f"The book for reading devices: {path} ({path.stat().st_size / 1e6:.1f} MB).")
    return 0 if report.ok else 1


def _status(book: Book, given) -> int:
    from .keys import Keys, inputs

    keys = Keys(book.executed / "keys.json")
    for name in book.chapters():
        why = builder.reasons_to_run(book, keys, name, inputs(book, name, given.tier, {"TIER": given.tier}))
        say(f"{'would run' if why else 'up to date':<11} {name}{': ' if why else ''}{'; '.join(why)}")
    say(f"site: {book.html if (book.html / 'index.html').exists() else 'not built'}")
    return 0


def _serve(book: Book, given) -> int:
    from .serve import server

    if not (book.html / "index.html").exists():
        raise BookError(f"There is no site in {book.html} yet. Remedy: `make book`.")
    try:
        running = server(book.html, given.port)
    except (OSError, OverflowError) as error:  # taken, not allowed, or above 65535
        raise BookError(f"Port {given.port} cannot be used ({error}). Remedy: `make serve PORT=8001`.") from None
    say(f"The book is at http://127.0.0.1:{running.server_address[1]}/  (Ctrl-C ends this)")
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        say("")
    finally:
        running.server_close()
    return 0


def _links(book: Book, given) -> int:
    from . import links

    where = links.outside(book)
    bad = {one: fault for one in where if (fault := links.malformed(one))}
    for one, fault in bad.items():
        say(f"{one} {fault}; in {', '.join(where[one])}")
    say(f"{len(where)} addresses; a dot is one that answers")

    def asked(answer: links.Answer) -> None:
        print("." if not answer.fault else "?" if answer.unsure else "x", end="", file=sys.stderr, flush=True)

    answers = links.ask_all([one for one in where if one not in bad], seconds=given.seconds, asked=asked)
    print(file=sys.stderr)
    for line in links.report(answers, where):
        say(line)
    return 1 if bad or any(one.fault and not one.unsure for one in answers) else 0


def _address(book: Book, given) -> int:
    if given.url is None:
        say(address.current(book) or address.UNSET)
        return 0
    for path in address.rewrite(book, given.url):
        say(f"changed {path.relative_to(book.root)}")
    say(f"The repository's address is {address.current(book) or address.UNSET}")
    return 0


def _clean(book: Book, given) -> int:
    builder.clean(book)
    say(f"Removed {book.out}")
    return 0


VERBS = {
    "build": _build,
    "publish": _build,
    "run": _build,
    "pdf": _build,
    "epub": _build,
    "status": _status,
    "serve": _serve,
    "links": _links,
    "address": _address,
    "clean": _clean,
}
