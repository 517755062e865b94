"""The page that a server shows for an address that the site does not have: `404.html` at the site's top.

A server shows it for wrong addresses at any depth, so addresses that are relative to the page would lead astray.  They
are relative to a `<base>`: the folder of the published site, or `/`.  Where the site turns out to stand in another
folder, such as /NAME/ on a server of one's own, a few lines of script look for it before the styles are loaded.
"""

from __future__ import annotations

import html
from pathlib import Path
from urllib.parse import urlsplit

NAME = "404.html"

#: Looks for the site's own style sheet in the folders of the address that was asked for, from the top down.
_FIND_BASE = """
(function () {
  const base = document.querySelector("base");
  if (location.protocol === "file:") return base.remove();
  const there = (folder) => {
    const request = new XMLHttpRequest();
    request.open("HEAD", folder + "_static/fer.css", false);
    try { request.send(); } catch { return false; }
    return request.status === 200;
  };
  const parts = location.pathname.split("/").slice(1, -1);
  const folders = ["/", ...parts.map((_, number) => `/${parts.slice(0, number + 1).join("/")}/`)];
  const found = [base.getAttribute("href"), ...folders].find(there);
  if (found) base.setAttribute("href", found);
})();
"""

#: The colours that the reader has chosen on another page, else those of the system.
_COLOURS = """
(function () {
  let mode = "auto";
  try { mode = localStorage.getItem("mode") || "auto"; } catch { /* no storage: the system's colours */ }
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const set = () => {
    const dark = mode === "dark" || (mode !== "light" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  set();
  system.addEventListener("change", set);
})();
"""

_PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Page not found - {title}</title>
<base href="{base}">
<script>{find_base}</script>
<script>{colours}</script>
{head}
</head>
<body>
<main class="fer-not-found bd-article">
<p><a href="{home}">{title}</a></p>
<h1>Page not found</h1>
<p>This book has no page at this address: it may have moved, or the address may have a typing error.</p>
<form action="search.html" method="get" role="search">
<label for="fer-words">Search the book</label>
<input id="fer-words" class="form-control" type="search" name="q" autocomplete="off">
<button class="btn btn-primary" type="submit">Search</button>
</form>
<p><a href="{home}">To the contents</a> · <a href="search.html">To the search page</a></p>
</main>
</body>
</html>
"""


def write(site: Path, *, title: str, home: str, address: str | None = None) -> Path:
    """Write the page into a built site.

    Parameters
    ----------
    site : the folder of the site; its ``search.html``, which lies at the top as well, names the styles and the icon.
    title : of the book.
    home : the page with the contents, relative to the site's top: ``book/intro.html``.
    address : of the published site, ``https://owner.github.io/name/``; None for a site that is read at home.
    """
    from bs4 import BeautifulSoup  # here: a build that does no work loads nothing

    soup = BeautifulSoup((site / "search.html").read_text(encoding="utf8"), "html.parser")
    kept = [str(link) for link in soup.select("link[rel~=stylesheet], link[rel~=icon]")]
    base = urlsplit(address).path if address else "/"
    text = _PAGE.format(
        title=html.escape(title),
        base=html.escape(base if base.endswith("/") else base + "/", quote=True),
        home=html.escape(home, quote=True),
        find_base=_FIND_BASE,
        colours=_COLOURS,
        head="\n".join(kept),
    )
    path = site / NAME
    path.write_text(text, encoding="utf8")
    return path
