"""Jupyter Book's own command line, under this interpreter."""

import sys

from jupyter_book.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
