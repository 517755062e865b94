"""List the canaries, or accept the outputs of stages whose version was raised: ``python tests/canaries``."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "helpers"), str(Path(__file__).parents[2])]

import canary  # noqa: E402 - found by the line above

from fer_utils.core import stages  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/canaries", description=__doc__)
    parser.add_argument("--accept", nargs="+", metavar="STAGE", help="store the output of these stages; `all` for all")
    options = parser.parse_args()
    known = canary.load_all()
    if options.accept:
        wanted = sorted(known) if options.accept == ["all"] else options.accept
        if unknown := sorted(set(wanted) - set(known)):
            parser.error(f"no canary of {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        canary.accept(wanted, stages.version)
        print(f"Stored: {', '.join(wanted)}")
        return 0
    stored = canary.stored_outputs()
    bad = 0
    for stage in sorted(known):
        said = canary.verdict(known[stage], stages.version(stage), stored)
        bad += bool(said)
        print(f"{stage:<32} version {stages.version(stage)}  {said or 'as stored'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
