"""How fast the book's page is in a headless Chromium, as ratios: ``make bench``, ``python .ci/page_bench``.

Finder and network, the trainer and the Face lab are timed in turn with Python on the same pictures, never two at once;
a busy or a slow machine slows all of them.  Then: whom the finder finds, and what the built site sends over the wire.
Nothing is stored.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import json
import os
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT), str(ROOT / "book"), str(ROOT / "tests" / "helpers")]
# Read when the libraries begin to compute: one thread, as the page has.
for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import chromium_page  # noqa: E402
from finding import finding  # noqa: E402
import over_the_wire  # noqa: E402
import plan  # noqa: E402
import speeds  # noqa: E402
import tensorflow_js  # noqa: E402
from words import report  # noqa: E402

from fer_utils.core.errors import FerError, whole_number  # noqa: E402


def measure(site: Path, work: plan.Work, *, tfjs: bool = False) -> dict:
    """Everything, one after the other.

    Parameters
    ----------
    site : folder of the built site.
    work : how much is measured.
    tfjs : whether TensorFlow.js is fetched and compared.

    Returns
    -------
    dict with ``rounds``, ``chromium`` (its version), ``frames`` and ``network`` (`speeds.seeing`), ``finding``,
    ``training``, ``without_tfjs`` (why TensorFlow.js is not among it, ``""`` where it is), ``drawing``, and ``wire``,
    which is None where there is no built site.

    Raises
    ------
    NoBrowserError : playwright or Chromium is missing.
    FerError : the files that run a network in a page cannot be fetched.
    """
    with chromium_page.browser() as running:
        with chromium_page.page(running) as opened:
            library, why = tensorflow_js.fetched() if tfjs else ("", tensorflow_js.NOT_ASKED)
            found = {
                "rounds": work.rounds,
                "chromium": running.version,
                **speeds.seeing(opened, work),
                "finding": finding(opened, work),
                "training": speeds.training(opened, work, library),
                "without_tfjs": why,
                "drawing": speeds.drawing(opened, work),
            }
        there = (site / over_the_wire.PAGES["first"]).is_file()
        found["wire"] = over_the_wire.over_the_wire(running, site) if there else None
    return found


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python .ci/page_bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timed rounds of each way (default 5)")
    parser.add_argument("--quick", action="store_true", help="as little as shows that it runs; times mean nothing")
    parser.add_argument(
        "--site", type=Path, default=ROOT / "_build" / "html", help="the built site (default: make book's)"
    )
    parser.add_argument("--tfjs", action="store_true", help="fetch TensorFlow.js by npm, and compare it (30 MB)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--quiet", action="store_true", help="no bars")
    options = parser.parse_args(words)
    try:
        rounds = whole_number("rounds", options.rounds, 1)
        work = replace(plan.LITTLE if options.quick else plan.Work(), rounds=rounds, progress=not options.quiet)
        found = measure(options.site, work, tfjs=options.tfjs)
    except chromium_page.NoBrowserError as missing:
        print(f"page: {missing}")
        return 0
    except (FerError, ImportError) as error:
        print(f"page_bench: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found) if options.json else report(found, options.site))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
