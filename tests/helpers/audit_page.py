"""The widget *Audit* in a browser, as the book's page shows it."""

from __future__ import annotations

from train_here_page import shown

SETTINGS = ("attribute", "measure", "label", "threshold", "people", "sample", "lot", "group")
TRAITS = (*SETTINGS, "measured", "rows", "widening")
ENDED = "document.querySelector('.fer-audit').dataset.ended"
READY = f"{ENDED} || document.querySelector('.fer-audit [role=alert]:not([hidden])')"


def opened(browser, widget, **options):
    """`train_here_page.shown` for this widget; ready when the first audit has ended, or could not begin."""
    return shown(browser, widget, name="audit", saved=TRAITS, ready=READY, **options)


def counted_anew(page) -> None:
    """Press *Count anew* by keyboard, and wait until the test that is shown is the only one."""
    page.get_by_role("button", name="Count anew").press("Enter")
    page.wait_for_function(ENDED)
    assert "at 1 test " in page.locator(".fer-audit-looked").inner_text()


def measured(page, **settings) -> dict:
    """What the page measures with these settings, once it has."""
    page.evaluate("(all) => Object.entries(all).forEach(([name, value]) => model.set(name, value))", settings)
    page.wait_for_function(ENDED)
    return page.evaluate("model.get('measured')")
