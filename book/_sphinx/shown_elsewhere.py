"""Sphinx extension: when a chapter shows other things of itself on other pages than before, all pages are written anew.

The contents, the links to the pages before and after, cross-references and the bibliography show titles, labels and
citations of every page.  While these stay as they were, Sphinx writes the pages that changed and no other.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def shown_elsewhere(env) -> str:
    """A digest of what pages show of other pages, equal for two builds that show the same."""
    standard = env.get_domain("std")
    cited = {(one.docname, *sorted(target.key for target in one.targets)) for one in citations(env)}
    parts = [
        sorted((name, title.astext()) for name, title in env.titles.items()),
        sorted((name, *label) for name, label in standard.labels.items()),
        sorted((name, *label) for name, label in standard.anonlabels.items()),
        sorted((str(name), str(target)) for name, target in standard.objects.items()),
        sorted((name, list(pages)) for name, pages in env.toctree_includes.items()),
        sorted((name, str(numbers)) for name, numbers in env.toc_secnumbers.items()),
        sorted((name, str(numbers)) for name, numbers in env.toc_fignumbers.items()),
        sorted(cited),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def citations(env) -> list:
    """What every page cites; empty without the extension for bibliographies."""
    return env.get_domain("cite").citation_refs if "cite" in env.domains else []


def write_all_where_others_show_it(app, env):
    note = Path(app.doctreedir) / "shown-elsewhere.txt"
    before = note.read_text() if note.exists() else ""
    now = shown_elsewhere(env)
    note.write_text(now)
    return [] if now == before else list(env.found_docs)


def setup(app):
    app.connect("env-get-updated", write_all_where_others_show_it, priority=900)  # when sections have their numbers
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
