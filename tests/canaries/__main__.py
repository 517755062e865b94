"""List the canaries, accept the outputs of stages whose version was raised, or judge the mutants that are not recorded.

python tests/canaries
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "helpers"), str(Path(__file__).parents[2])]

import canary  # noqa: E402 - found by the line above
import judged  # noqa: E402

from fer_utils.core import stages  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/canaries", description=__doc__)
    parser.add_argument("--accept", nargs="+", metavar="STAGE", help="store the output of these stages; `all` for all")
    parser.add_argument("--judge", action="store_true", help="try the mutants of groups of which a file has changed")
    options = parser.parse_args()
    if options.judge:
        groups = [group for group in judged.GROUPS if not judged.holds(group, judged.recorded())]
        wrong = judged.judge(groups)
        print("\n".join(wrong) or f"All {len(judged.GROUPS)} groups of mutants are recorded.")
        return 1 if wrong else 0
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
