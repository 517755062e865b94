"""Jupyter Book's own command line, under this interpreter."""

import sys

# As in execute.py: a second of a processor, for nothing that a notebook has.
sys.modules.setdefault("rfc3987_syntax", None)

from jupyter_book.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
