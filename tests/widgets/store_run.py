"""Store the training that *Train it here* shows where no script runs: ``python tests/widgets/store_run.py``.

It is made by the widget itself, at rest, in Chromium, and takes some half a minute.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from browser import launched_browser
from train_here_page import shown, trained

from fer_utils.core import stages
from fer_utils.widgets import TrainHere, train_here, train_here_still

#: Digits that are kept.
DIGITS = 4


def main() -> None:
    widget = TrainHere()
    with launched_browser() as browser, shown(browser, widget) as (page, _):
        page.get_by_role("button", name="Train").click()
        run = trained(page)
    if run["ended"] != "done":
        raise SystemExit(f"The training was not finished: {run['ended']}")
    rounded = {
        name: [round(one, DIGITS) for one in value] if isinstance(value, list) else value for name, value in run.items()
    }
    stored = {"made_with": widget.made_with, "stages": stages.versions(train_here.STAGES), "run": rounded}
    train_here_still.FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf8")
    print(f"{train_here_still.FILE}: strangers end at {run['strangers_accuracy'][-1]:.3f}")


if __name__ == "__main__":
    main()
