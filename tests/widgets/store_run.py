"""Store the faces of *Train it here*, and the training that it shows where no script runs.

``python tests/widgets/store_run.py`` draws the faces.  The training is made by the widget itself, at rest, in
Chromium.  Both together take about a minute.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from browser import launched_browser
from train_here_page import SHORT, SMALL, shown, trained

from fer_utils.core import stages
from fer_utils.widgets import TrainHere, train_here, train_here_still

#: Digits that are kept.
DIGITS = 4


def run_of(browser, widget, changed: dict) -> dict:
    """A training of the widget, as its history has it, with `DIGITS` digits."""
    with shown(browser, widget, changed=changed) as (page, _):
        page.get_by_role("button", name="Train").click()
        run = trained(page)
    if run["ended"] != "done":
        raise SystemExit(f"The training was not finished: {run['ended']}")
    return {
        name: [round(one, DIGITS) for one in value] if isinstance(value, list) else value for name, value in run.items()
    }


def main() -> None:
    train_here_still.FILE.unlink(missing_ok=True)  # what is stored there is drawn anew
    widget, small = TrainHere(), TrainHere(**SMALL, dropout=0.5, label_noise=0.3, augment=True)
    with launched_browser() as browser:
        stored = {
            "made_with": widget.made_with,
            "faces": train_here.made_from(**widget.drawn_as),
            "stages": stages.versions(train_here.STAGES),
            "run": run_of(browser, widget, {}),
            "short_run": run_of(browser, small, SHORT),  # the tests make it again, and so notice other arithmetic
        }
    train_here_still.FACES.write_bytes(widget.sprite)
    train_here_still.FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf8")
    print(f"{train_here_still.FILE}: strangers end at {stored['run']['strangers_accuracy'][-1]:.3f}")


if __name__ == "__main__":
    main()
