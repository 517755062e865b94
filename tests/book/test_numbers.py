"""Typed numbers: each that looks like a result has its source or a reason, and a planted one is found."""

from __future__ import annotations

import gzip
from pathlib import Path
import re
import sys

import face_lab_parity
import pytest

from fer_utils.core import stages
from fer_utils.reporting import literature
from fer_utils.widgets import FaceLab, ParameterBudget

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".ci"))

import numbers_in_prose as prose  # noqa: E402


@pytest.fixture(scope="module")
def numbers() -> list[prose.Number]:
    return prose.in_files()


def texts(source: str) -> list[str]:
    return [number.text for number in prose.in_text(source)]


def test_every_number_has_its_source_and_every_entry_of_the_list_is_needed(numbers):
    assert prose.faults(numbers, prose.read_list()) == []
    assert len(prose.read_list()) < 50 and len(numbers) > 100


@pytest.mark.parametrize(
    "planted, found",
    [
        ("It reads 71.3 % of them.", ["71.3 %"]),
        ("It reads 71\u00a0% of them, 3.4 points more.", ["71 %", "3.4 points"]),
        ("A network of 123,456 weights is 7.5 times as fast.", ["123,456", "7.5 times"]),
        ("The loss fell to 0.43.", ["0.43"]),
        ("| a | b |\n|---|---|\n| x | 61.9 % |", ["61.9 %"]),
        ("Cited here {cite:p}`cao2014`.\n\nAnd far below: 12.5 %.", ["12.5 %"]),
        ("The network (see [chapter 3](03.ipynb)) reads 12.5 %.", ["12.5 %"]),
    ],
)
def test_a_planted_result_is_found(planted, found):
    assert texts(planted) == found


@pytest.mark.parametrize(
    "allowed",
    [
        "Python 3.11 to 3.13, CC BY 4.0, faces of 48 x 48 pixels, chapter 6, exercise 03-6, in 2019, 24 actors.",
        "A learning rate of 0.003, a 95 % interval over actors, `x = 0.25`, $p = 0.025$.",
        "They read 57.4 % {cite:p}`cao2014`.",
        "They read 57.4 % ([Cao et al.](https://doi.org/10.1109/TAFFC.2014.2336244)).",
        "From {cite:p}`cao2014`\n\n| a | b |\n|---|---|\n| x | 57.4 % |",
        "```python\nx = 61.25\n```",
    ],
)
def test_what_is_cited_or_no_result_is_let_through(allowed):
    assert texts(allowed) == []


def test_a_number_in_a_real_page_and_a_real_cell_is_found(numbers, tmp_path):
    for name in ("README.md", "book/using.md", "notebooks/06_evaluation.ipynb"):
        text = (ROOT / name).read_text(encoding="utf8")
        planted = "A planted result of 47.1 %."
        where = text.index('"source": "') + len('"source": "') if name.endswith("ipynb") else 0
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        gap = r"\n\n" if name.endswith("ipynb") else "\n\n"
        target.write_text(text[:where] + planted + gap + text[where:], encoding="utf8")
    wrong = [fault for fault in prose.faults(prose.in_files(tmp_path), prose.read_list()) if "47.1" in fault]
    assert len(wrong) == 3


@pytest.mark.parametrize(
    "entry, said",
    [
        ({"numbers": ["99.99 %"], "reason": "nobody types this number"}, "not needed 99.99 %"),
        ({"numbers": ["92 %", "1.23456"], "reason": "the paper's own accuracy"}, "not needed 1.23456"),
        ({"numbers": ["92 %"]}, "needs its numbers and a reason"),
        ({"files": "README.md", "reason": "a reason for everything"}, "needs its numbers and a reason"),
        ({"numbers": ["92 %"], "test": "tests/book/test_numbers.py::test_none"}, "there is no test"),
    ],
)
def test_an_entry_that_nothing_needs_or_that_says_too_little_is_a_fault(numbers, entry, said):
    assert any(said in fault for fault in prose.faults(numbers, [*prose.read_list(), entry]))


# What the list leaves to the tests of this file ----------------------------------------------------


def test_votes_that_are_typed_are_those_of_the_published_table():
    votes = literature.crema_d_votes()
    shares = {label: votes.loc[label, label] / votes.loc[label].sum() for label in votes}
    page = (ROOT / "book" / "what-fer-is.md").read_text(encoding="utf8").replace("\u00a0", " ")
    sheet = " ".join((ROOT / "book" / "datasheets" / "crema_d.md").read_text(encoding="utf8").split())
    for label, share in shares.items():
        name = {"angry": "anger", "fearful": "fear"}.get(label, label)
        shown = f"{100 * share:.0f}"
        assert f"<span>{name}</span>" in page and f"width:{shown}%" in page
        assert re.search(rf"<span>{name}</span>.*width:{shown}%.*<span>{shown} %</span>", page), label
        assert re.search(rf"{label} in {shown}\b", sheet), label
    total = votes.to_numpy().sum()
    assert f"{total:,} votes" in sheet and f"{total:,} were cast" in " ".join(page.split())
    agreed = f"{100 * sum(votes.loc[label, label] for label in votes) / total:.1f} %"
    assert f"named in {agreed}" in sheet and f"**{agreed}**" in page
    assert f"{100 * votes.loc['sad', 'neutral'] / votes.loc['sad'].sum():.0f} say neutral" in page


def test_counts_that_are_typed_are_those_of_the_package():
    chapter = (ROOT / "notebooks" / "03_architecture.ipynb").read_text(encoding="utf8")
    paper = {"filters": 16, "dense": 16, "classes": 8, "padding": "same", "pool": 2}
    for words, changed in (
        ("filters 16 → 8", {"filters": 8}),
        ("dense layer 16 → 8", {"dense": 8}),
        ("pooling 2 → 3", {"pool": 3}),
        ("padding same → valid", {"padding": "valid"}),
        ("classes 8 → 7", {"classes": 7}),
    ):
        assert f"| {words} | {ParameterBudget(**(paper | changed)).total:,} |" in chapter
    preprocessing = (ROOT / "notebooks" / "02_preprocessing.ipynb").read_text(encoding="utf8")
    for margin in ("0", "0.2", "0.5", "1.0"):
        side = 1 + 2 * float(margin)
        assert f"| {margin} | {180 / side:.0f} pixels | {1 / side**2:.2f} |" in preprocessing
    using = " ".join((ROOT / "book" / "using.md").read_text(encoding="utf8").split())
    small = re.search(r"([\d,]+) parameters", stages.RELEASE_NOTES["model.nano"][1])[1]
    assert f"({ParameterBudget(**paper).total:,} and {small})" in using


def test_what_the_face_lab_costs_is_what_was_written():
    page = " ".join((ROOT / "book" / "how-it-is-built.md").read_text(encoding="utf8").split())
    limits = f"differ by {face_lab_parity.MEAN} of 255 in the mean and by {face_lab_parity.WORST} in the worst square"
    assert limits in page
    lab = FaceLab()
    script = str(lab._esm).encode()
    packed = gzip.compress(script, 6, mtime=0)
    for words, found in (
        (r"(\d+) kB for the face at rest", lab.picture),
        (r"(\d+) kB of script", script),
        (r"(\d+) kB packed by gzip", packed),
        (r"its weights are (\d+) kB more", lab.weights),
    ):
        typed = 1000 * int(re.search(words, page)[1])
        # Another zlib or JPEG library packs a little otherwise, and a few lines more or less are no other cost.
        assert abs(len(found) - typed) < 0.05 * typed, (words, len(found))
