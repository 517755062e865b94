"""Change the package in one place at a time and see whether a test notices: ``make mutants``, ``python .ci/mutants``.

The checkout is copied to a temporary folder, and only the copy is changed.  A change that no test notices shows a test
that is missing or weak, unless the changed text does the same (then it is equivalent, which a person has to judge).
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
import sys
import tempfile
import time

from changes import chosen
from judging import Judge, Verdict, copied
from selection import CANARIES, changed, named


def shares(verdicts: list[Verdict]) -> tuple[float, float]:
    """Per cent noticed by any test, and by another test than a canary; who never ends is noticed."""
    noticed = [verdict for verdict in verdicts if verdict.outcome != "lived"]
    others = [verdict for verdict in noticed if not verdict.by.startswith(CANARIES)]
    return 100 * len(noticed) / len(verdicts), 100 * len(others) / len(verdicts)


def row(verdict: Verdict) -> str:
    where = f"{verdict.module}:{verdict.change.line}"
    said = {"killed": f"killed by {verdict.by}", "lived": f"LIVED ({verdict.by})"}
    return f"{where:<46} {verdict.change!s:<70} {said.get(verdict.outcome, f'{verdict.outcome} {verdict.by}')}"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python .ci/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="metrics, metrics/bootstrap, a path; default: what changed")
    parser.add_argument("--since", help="the commit to compare with; default: where the branch left main, or HEAD~1")
    parser.add_argument("--seed", type=int, default=1, help="which changes are drawn (default 1)")
    parser.add_argument("--count", type=int, default=5, help="changes a module (default 5)")
    parser.add_argument("--at-least", type=float, help="exit 1 if fewer per cent are noticed")
    parser.add_argument("--list", action="store_true", help="print the changes and judge none")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], help="the checkout")
    options = parser.parse_args(words)
    root = options.root.resolve()
    modules = named(root, options.modules) if options.modules else changed(root, options.since)
    plan = {
        module: chosen(module, (root / module).read_text(encoding="utf-8"), options.seed, options.count)
        for module in modules
    }
    plan = {module: changes for module, changes in plan.items() if changes}
    total = sum(map(len, plan.values()))
    print(f"{total} changes of {len(plan)} modules, seed {options.seed}, {options.count} a module", flush=True)
    if options.list or not plan:
        for module, changes in plan.items():
            for change in changes:
                print(f"{module}:{change.line}  {change}")
        return 0
    began = time.monotonic()
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as place, Judge(copied(root, Path(place)), plan) as judge:
        judge.begin()
        took = time.monotonic() - began
        print(f"{len(judge.baseline.seconds)} tests without a change: {took:.0f} s", flush=True)
        for module, changes in plan.items():
            for change in changes:
                verdicts.append(judge.judge(module, change))
                print(row(verdicts[-1]), flush=True)
        for test in sorted(judge.baseline.failed):
            print(f"fails without a change and was not asked: {test}")
    counts = Counter(verdict.outcome for verdict in verdicts)
    noticed, without_canaries = shares(verdicts)
    print(f"\n{counts['killed']} killed, {counts['timed out']} timed out, {counts['lived']} lived")
    print(f"Noticed: {noticed:.1f} % ({without_canaries:.1f} % without canaries); equivalent changes count as lived")
    seconds = sum(verdict.seconds for verdict in verdicts) / len(verdicts)
    print(f"{seconds:.1f} s a change, after {took:.0f} s for the tests without one")
    return int(options.at_least is not None and noticed < options.at_least)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
