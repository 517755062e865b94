"""Jupyter Book's own command line, under this interpreter."""

import gc
import sys

# Pages are trees of many small objects that stay: looking for garbage as often as usual takes a sixth of the time.
gc.set_threshold(200_000, 50, 100)
# As in execute.py: a second of a processor, for nothing that a notebook has.
sys.modules.setdefault("rfc3987_syntax", None)

from jupyter_book.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
