"""Sphinx extension: a link to a term of the glossary shows what the term means, on hover and when it has the focus.

The meaning is in the page itself, so that nothing is fetched and it works without scripts (`book/_css/fer.css`);
`book/_css/early.js` moves it beside its link and closes it with the escape key.
"""

from __future__ import annotations

import html
import re

from docutils import nodes

GLOSSARY = "book/glossary"


def meanings(env) -> tuple[dict[str, str], dict[str, str]]:
    """What each term means in plain text, by its anchor; and the anchor of each term, by its words in small letters."""
    if GLOSSARY not in env.all_docs:
        return {}, {}
    found, anchors = {}, {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        text = " ".join(part.astext() for part in item.findall(nodes.definition))
        for term in item.findall(nodes.term):
            found[term["ids"][0]] = " ".join(text.split())
            anchors[term.astext().lower()] = term["ids"][0]
    return found, anchors


def with_meanings(app, doctree, docname):
    """Put the meaning of its term behind each link that leads from another page to a term of the glossary.

    Such a link is a ``{term}`` role, or, as notebooks show no roles, a link in Markdown to the glossary whose words are
    the term: ``[action unit](../book/glossary.md)``.
    """
    if app.builder.format != "html" or docname == GLOSSARY:
        return
    page = re.compile(r"(^|/)glossary\.html(#|$)")
    links = [link for link in doctree.findall(nodes.reference) if page.search(link.get("refuri", ""))]
    known, anchors = meanings(app.env) if links else ({}, {})
    for number, link in enumerate(links):
        address, _, anchor = link["refuri"].partition("#")
        anchor = anchor or anchors.get(link.astext().lower(), "")
        if anchor not in known:
            continue
        name = f"fer-term-{number}"
        link.replace_self(
            nodes.raw(
                "",
                f'<span class="fer-term"><a class="reference internal" href="{html.escape(f"{address}#{anchor}")}" '
                f'aria-describedby="{name}">{html.escape(link.astext())}</a>'
                f'<span class="fer-term-meaning" role="tooltip" id="{name}">{html.escape(known[anchor])}</span></span>',
                format="html",
            )
        )


def setup(app):
    app.connect("doctree-resolved", with_meanings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
