"""``python -m fer_utils``: the command line."""

import sys

from fer_utils.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
