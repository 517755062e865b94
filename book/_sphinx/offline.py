"""Sphinx extension: takes out of every page what would load something from elsewhere.

Jupyter Book always adds sphinx-thebe, whose script names a CDN; this book has
no Thebe buttons (its chapters open in Colab or in the reader's own Jupyter).
"""

from __future__ import annotations

from docutils import nodes


def without_thebe(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not _thebe(file)]


def _thebe(file) -> bool:
    body = getattr(file, "attributes", {}).get("body") or ""
    return "thebe" in str(getattr(file, "filename", file)) or "THEBE_JS_URL" in body


def without_thebe_settings(app, doctree, docname):
    for node in list(doctree.findall(nodes.raw)):
        if "text/x-thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def setup(app):
    # Last of all, when the extensions have added their files.
    app.connect("html-page-context", without_thebe, priority=900)
    app.connect("doctree-resolved", without_thebe_settings, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
