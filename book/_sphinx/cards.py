"""Sphinx extension: each page says in its head what a shared link to it shows (Open Graph): title, sentence, picture.

The sentence is the page's description (`html_meta`), else the first sentence of its text.  The protocol wants
absolute addresses; they are there where the site has one (`html.baseurl`, set when the book is published).
"""

from __future__ import annotations

import html
from pathlib import Path
import re
import shutil

from docutils import nodes

PICTURE = "_static/card.png"
#: The picture's source, relative to the book's sources.
SOURCE = "book/images/card.png"
WIDTH, HEIGHT = 1200, 630
ALT = (
    "Lightweight facial expression recognition: eight drawn faces in two rows, each posing one label: neutral, calm, "
    "happy, sad, angry, fearful, disgust and surprised."
)
#: Where a description ends at the latest, in characters.
LONGEST = 200
#: A sentence of fewer characters says too little: the next one is added.
SHORT = 60


def first_sentence(text: str) -> str:
    """The first sentence of a text, with the next ones where it is short, and cut between words where it is long.

    Citations such as [Cao, 2014] are left out.

    >>> first_sentence("A small network of some kind, e.g. one of 0.5 MB, reads the faces. More of it.")
    'A small network of some kind, e.g. one of 0.5 MB, reads the faces.'
    >>> first_sentence("One number. It is enough to rebuild the network, and more than most papers print. More of it.")
    'One number. It is enough to rebuild the network, and more than most papers print.'
    >>> first_sentence("word " * 60)[-10:]
    'word word…'
    """
    text = re.sub(r" [\[(][^\[\]()]*\b\d{4}[a-z]?[\])]", "", " ".join(text.split()))
    taken = ""
    for sentence in re.split(r"(?<=[.?!])(?<!e\.g\.)(?<!i\.e\.) (?=[A-Z'‘\"])", text):
        if taken and (len(taken) >= SHORT or len(taken) + len(sentence) >= LONGEST):
            break
        taken = f"{taken} {sentence}".strip()
    if len(taken) <= LONGEST:
        return taken
    return taken[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def description(doctree) -> str:
    """A page's written description, else the first sentence of its first paragraph; empty where it has neither."""
    for meta in doctree.findall(nodes.meta):
        if meta.get("name") == "description":
            return meta["content"]
    for paragraph in doctree.findall(nodes.paragraph):
        text = paragraph.astext()
        in_table = isinstance(paragraph.parent, nodes.entry)
        if len(text.split()) >= 2 and not in_table and paragraph.next_node(nodes.raw) is None:
            return first_sentence(text)
    return ""


def tags(*, title: str, text: str, kind: str, picture: str, address: str | None) -> str:
    """The tags of one page, a line each; ``kind`` is ``website`` or ``article``, ``picture`` the picture's address."""
    values = {
        "og:title": title,
        "og:description": text,
        "og:type": kind,
        "og:url": address,
        "og:image": picture,
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": ALT,
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(value, quote=True)}" />'
        for name, value in values.items()
        if value
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image" />')
    if text:
        lines.append(f'<meta name="description" content="{html.escape(text, quote=True)}" />')
    return "\n".join(lines) + "\n"


def with_card(app, pagename, templatename, context, doctree):
    if app.builder.format != "html" or doctree is None:
        return
    site = app.config.html_baseurl
    site = f"{site.rstrip('/')}/" if site else ""
    text = description(doctree)
    written = any(meta.get("name") == "description" for meta in doctree.findall(nodes.meta))
    found = tags(
        title=app.env.titles[pagename].astext(),
        text=text or f"A page of the book {app.config.html_title or app.config.project}.",
        kind="website" if pagename == app.config.root_doc else "article",
        picture=site + PICTURE if site else context["pathto"](PICTURE, 1),
        address=context.get("pageurl") if site else None,
    )
    if written:  # it stands in the head already
        found = "".join(line for line in found.splitlines(True) if 'name="description"' not in line)
    context["metatags"] = context.get("metatags", "") + found


def copy_picture(app, error):
    source = Path(app.srcdir) / SOURCE
    if error is None and app.builder.format == "html" and source.exists():
        shutil.copy(source, Path(app.outdir) / PICTURE)


def setup(app):
    app.connect("html-page-context", with_card)
    app.connect("build-finished", copy_picture)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
