"""Store the rows of *Audit*: 240 drawn strangers, and how `drawn48` answers their faces.

``python tests/widgets/store_audit.py`` takes about two minutes.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fer_utils.widgets import audit_rows


def main() -> None:
    made = audit_rows.found(workers=2, progress=True)
    # A line a person, so that the file can be read.
    lists = {name: made.pop(name) for name in ("answers", "scores")}
    text = json.dumps(made, indent=1)[:-2]
    for name, values in lists.items():
        lines = ",\n  ".join(json.dumps(value, separators=(",", ":")) for value in values)
        text += f',\n "{name}": [\n  {lines}\n ]'
    audit_rows.FILE.write_text(f"{text}\n}}\n", encoding="utf8")
    audit_rows.stored.cache_clear()
    size = audit_rows.FILE.stat().st_size
    right = [(rows["answer"] == rows["posed"]).mean() for rows in map(audit_rows.rows, range(audit_rows.SAMPLES))]
    shares = " and ".join(f"{100 * one:.1f} %" for one in right)
    print(f"{audit_rows.FILE}: {len(audit_rows.stored()['answers'])} people, {size:,} bytes; right answers {shares}")


if __name__ == "__main__":
    main()
