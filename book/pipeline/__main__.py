"""``python book/pipeline VERB``: makes the folder importable as the package it is."""

from pathlib import Path
import sys

here = Path(__file__).resolve().parent
# Python put this folder first; the package is found from the one above it.
sys.path[:] = [str(here.parent)] + [p for p in sys.path if Path(p or ".").resolve() != here]

from pipeline.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
