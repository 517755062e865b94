"""The widget *Split laboratory* in a browser, as the book's page shows it."""

from __future__ import annotations

from train_here_page import shown

TRAITS = ("split", "twins", "method", "seed", "fold", "measured", "rows", "about", "reference", "quantiles")
ENDED = "document.querySelector('.fer-split').dataset.ended"
#: What is true when the leaks of every split are counted, too, for the settings that were trained.
COUNTED = f"{ENDED}?.startsWith(document.querySelector('.fer-split').dataset.counted)"
READY = f"{ENDED} || document.querySelector('.fer-split [role=alert]:not([hidden])')"


def opened(browser, widget, **options):
    """`train_here_page.shown` for this widget; ready when the first training has ended, or could not begin."""
    return shown(browser, widget, name="split_laboratory", saved=TRAITS, ready=READY, **options)


def measured(page, **settings) -> dict:
    """What the page measures with these settings, once it has."""
    page.evaluate("(all) => Object.entries(all).forEach(([name, value]) => model.set(name, value))", settings)
    page.wait_for_function(ENDED)
    return page.evaluate("model.get('measured')")
