"""``python .ci/page_bench``: what it prints, never how fast it is."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from patience import PATIENCE
import preloaded
import pytest

TOOL = Path(__file__).parents[2] / ".ci" / "page_bench"
#: A site of two pages: name -> content.  The picture far below waits until the reader comes near.
STYLE = "p { color: black; }\n" * 200
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
SITE: dict[str, bytes] = {
    "index.html": b'<!doctype html><title>First</title><meta http-equiv="refresh" content="0; url=book/intro.html">',
    "book/intro.html": b'<!doctype html><title>Intro</title><link rel="stylesheet" href="../style.css"><p>Words',
    "notebooks/13_real_time.html": b'<!doctype html><title>Camera</title><link rel="stylesheet" href="../style.css">'
    b'<p style="height: 20000px">Words</p><img src="../late.svg" alt="" loading="lazy" width="9" height="9">'
    b'<img src="../packed.gz" alt="">',
    "style.css": STYLE.encode(),
    "late.svg": PICTURE,
    "packed.gz": bytes(range(256)) * 40,
    "favicon.ico": b"",
}


def numbers_in(found) -> list[float]:
    """All numbers of nested dicts and lists."""
    if isinstance(found, dict):
        return [number for value in found.values() for number in numbers_in(value)]
    if isinstance(found, list):
        return [number for value in found for number in numbers_in(value)]
    return [found] if isinstance(found, (int, float)) else []


def packed(*names: str) -> int:
    return sum(len(gzip.compress(SITE[name], 6, mtime=0)) for name in names)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name, content in SITE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def found(site, root) -> dict:
    from browser import chromium_or_skip

    pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    chromium_or_skip()
    command = [*preloaded.command(), str(TOOL), "--quick", "--rounds", "1", "--json", "--quiet", "--site", str(site)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=10 * PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def tool(monkeypatch):
    """The tool's modules that need neither Keras nor a browser, as if run from its folder: words, sizes, plan."""
    monkeypatch.syspath_prepend(TOOL.parents[1] / "book")
    monkeypatch.syspath_prepend(TOOL)
    import over_the_wire
    import plan
    import words

    yield words, over_the_wire, plan
    for name in ("over_the_wire", "plan", "words"):
        del sys.modules[name]


@pytest.mark.slow
@pytest.mark.browser
def test_the_smallest_bench_gives_every_ratio(found):
    numbers = numbers_in(found)
    assert len(numbers) > 60 and all(math.isfinite(number) for number in numbers)
    tables = {name: found[name] for name in ("frames", "network", "drawing")} | {"training": found["training"]["rows"]}
    assert {name: len(rows) for name, rows in tables.items()} == {
        "frames": 3,
        "network": 3,
        "drawing": 2,
        "training": 2,
    }
    for rows in tables.values():
        assert rows[0]["ratio"] == 1 and rows[-1]["name"].startswith("the page: ")
        for row in rows:
            assert 0 < row["low"] <= row["per_second"] <= row["high"] and row["processor"] > 0
            # One round, so that it is the median.
            assert row["ratio"] == pytest.approx(row["processor"] / rows[0]["processor"])
    seen, learned = found["finding"], found["training"]
    assert seen["photographs"] == seen["found"] == 2 and seen["found_by_dlib"] >= seen["compared"] >= 1
    assert 0.5 < seen["least_overlap"] <= seen["overlap"] <= 1
    assert learned["widget_steps"] == 15 and (learned["longest_task_ms"] > 50) == (learned["long_tasks"] > 0)


@pytest.mark.slow
@pytest.mark.browser
def test_bytes_over_the_wire_are_those_of_packed_text_and_of_what_waits_below(found):
    first, camera = found["wire"]["first"], found["wire"]["camera"]
    assert first["bytes"] == first["read_bytes"] == packed("index.html", "book/intro.html", "style.css")
    at_once = packed("notebooks/13_real_time.html", "style.css") + len(SITE["packed.gz"])
    assert camera["bytes"] == at_once and camera["read_bytes"] == at_once + packed("late.svg")
    assert (camera["files"], camera["read_files"], camera["page_files"]) == (3, 4, 0)
    assert packed("style.css") < len(STYLE) / 5


@pytest.mark.slow
@pytest.mark.browser
def test_the_report_has_every_table_and_says_what_is_missing(found, tool, site):
    words, _, plan = tool
    text = words.report(found, site)
    for rows in (found["frames"], found["network"], found["training"]["rows"], found["drawing"]):
        for row in rows:
            assert re.search(rf"(?m)^  {re.escape(row['name'])} .*{row['ratio']:.2f}$", text)
    assert text.count("aim: ") == 6 and f"{plan.AIMS['frames']} frames a second" in text
    assert "2 drawn faces" in text and "over the wire, text packed by gzip" in text
    without = words.report({**found, "wire": None}, Path("nowhere"))
    assert without.splitlines()[-1].endswith("because there is no built site in nowhere; remedy: make book.")
    late = {**found["training"], "long_tasks": 2, "longest_task_ms": 81.4}
    assert "over 50 ms: 2, the longest 81 ms" in words.report({**found, "training": late}, site)


#: A page that is busy twice while it is watched, for 120 and for 5 ms, and once more afterwards.
BUSY = """async (address) => {
  const { longTasks } = await import(`${address}/long_tasks.js`);
  const busy = (ms) => { const until = performance.now() + ms; while (performance.now() < until) { /* waits */ } };
  const rest = () => new Promise((then) => { setTimeout(then, 20); });
  const tasks = await longTasks(async () => {
    for (const ms of [120, 5]) { await rest(); busy(ms); }
    await rest();
  });
  await rest();
  busy(90);
  return tasks;
}"""


@pytest.mark.browser
def test_a_long_task_of_the_page_is_noticed(browser, monkeypatch):
    from browser import opened_page

    monkeypatch.syspath_prepend(TOOL.parents[1] / "book")
    from pipeline.serve import serving

    with serving(TOOL) as address, opened_page(browser) as (page, watch):
        page.goto(f"{address}/long_tasks.js")
        tasks = page.evaluate(BUSY, address)
        assert max(tasks) >= 120, "the one of 120 ms"
        assert watch.complaints() == []


def test_without_a_browser_one_sentence_says_the_remedy(root, tmp_path):
    done = subprocess.run(
        [*preloaded.command(), str(TOOL), "--quick"],
        cwd=root,
        env={"PATH": "", "CHROMIUM": str(tmp_path / "none"), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1 and "no Chromium" in lines[0] and lines[0].count("remedy: ") == 1 and lines[0].endswith(".")


@pytest.mark.slow
@pytest.mark.browser
def test_the_report_says_why_tensorflow_js_is_left_out(found, tool, site):
    words, _, _ = tool
    line = (
        "  TensorFlow.js is left out, because python .ci/page_bench --tfjs fetches it by npm (30 MB) and compares it."
    )
    assert line in words.report(found, site).splitlines()
    assert "left out" not in words.report({**found, "without_tfjs": ""}, site)


#: Runs where nothing of the package's environment is loaded but what the module imports.
FETCHED = """import sys
sys.path[:0] = sys.argv[1:]
import tensorflow_js
print(*tensorflow_js.fetched(), sep='|')"""


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"PATH": ""}, "|there is no npm here; remedy: install Node.js"),
        (
            # Nobody answers at this port of this machine.
            {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"},
            "|npm could not fetch @tensorflow/tfjs 4.22.0; remedy: check the network",
        ),
    ],
    ids=["no npm", "no network"],
)
def test_without_npm_or_network_tensorflow_js_is_left_out(root, tmp_path, environment, words):
    if "PATH" not in environment and shutil.which("npm") is None:
        pytest.skip("no npm here; remedy: install Node.js")
    done = subprocess.run(
        [*preloaded.command(), "-c", FETCHED, str(TOOL), str(root / "book")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "npm_config_cache": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == words


def test_another_archive_of_tensorflow_js_is_not_used(root, tmp_path):
    archive = tmp_path / "tensorflow-tfjs-4.22.0.tgz"
    archive.write_bytes(b"another")
    program = FETCHED.replace("fetched()", f"unpacked(__import__('pathlib').Path({str(archive)!r}))")
    done = subprocess.run(
        [*preloaded.command(), "-c", program, str(TOOL), str(root / "book")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0 and "is not the one that is meant" in done.stdout, done.stderr


def test_what_is_no_text_goes_as_it_is(tool, tmp_path):
    for name, shrinks in (("a.js", True), ("b.wasm", True), ("c.webp", False), ("d.woff2", False), ("e.js.gz", False)):
        (tmp_path / name).write_bytes(b"0" * 5000)
        assert (tool[1].sent_bytes(tmp_path / name) < 5000) == shrinks, name
