"""Are all results in the prose computed, cited or listed with a reason?

.venv/bin/python .ci/numbers_in_prose.py      # names each number that is none of the three; `make lint` does it, too

Sentences that a chapter makes by `say(...)` are computed when it runs. What is typed is in Markdown: in the chapters'
Markdown cells, in the pages of `book/` and in README.md. A typed number that looks like a result (a percentage, points,
*N times*, a decimal, a count with thousands) must stand in a paragraph or table with its source (a citation, a DOI, an
address, names and a year), or in the list `.ci/numbers.toml`: with the test that compares it with a stored answer, or
with the reason why it is no result. The paragraph directly above a table may have the source for it.

Recognised by rule as no result: code, formulas, versions, a level such as *95 % interval*, and decimals with a single
digit that is not zero, which are settings such as a learning rate of 0.003.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
import json
from pathlib import Path
import re
import sys
import tomllib

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / ".ci" / "numbers.toml"

#: How a result looks, the most particular form first; `\s` is also the space that does not break.
RESULT = re.compile(
    r"(?<![\w.,-])(?:"
    r"\d[\d,]*(?:\.\d+)?\s(?:%|per cent\b|points?\b|times\b)"
    r"|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d+\.\d+(?!\w|\.\d|\s?x\s?\d))"
)
#: What is taken out before numbers are looked for: it is no prose, or its numbers are no results.
NOT_PROSE = (
    r"(?m)^ *(?:`{3,}|:{3,}).*$",  # fences, and below their options
    r"(?s)<!--.*?-->",
    r"(?m)^:[\w-]+:.*$",
    r"(?s)\$\$.*?\$\$",
    r"\$[^$\n]+\$",
    r"`[^`]*`",
    r"\]\([^)]*\)",  # the address of a link
    r"\b(?:Python|CC BY(?:-NC)?(?:-SA)?|version|Version)\s[\d.]+(?:(?:, | to | or | and )+\d\.\d+)*",
    # The level of an interval, also as the head of a column.
    r"\b9[05]\s%(?=\s(?:confidence |bootstrap )?intervals?\b|\s\||\*)",
)
SOURCE = re.compile(r"\{cite|\b10\.\d{4,5}/|https?://|\bet al\.,? \(?\d{4}")


@dataclass(frozen=True)
class Number:
    """``file`` relative to the checkout; ``text`` as it is typed; ``paragraph`` in which it stands, on one line."""

    file: str
    text: str
    paragraph: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text!r} in: {self.paragraph[:100]}"


def markdown(path: Path) -> list[str]:
    """The Markdown of a page as one text, or of a chapter as one text a cell."""
    text = path.read_text(encoding="utf8")
    if path.suffix != ".ipynb":
        return [text]
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def paragraphs(text: str) -> list[str]:
    """Paragraphs, lists and tables of a Markdown text, without blocks of code."""
    text = re.sub(r"(?ms)^( *)```(?!\{).*?^\1```\s*$", "", text)
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def is_setting(number: str) -> bool:
    """Whether a number is a decimal with one digit that is not zero: 0.003, 1.0.

    >>> is_setting("0.003"), is_setting("1.0"), is_setting("0.34"), is_setting("5 %")
    (True, True, False, False)
    """
    return "." in number and number.replace(".", "").isdigit() and len(number.replace(".", "").strip("0")) == 1


def in_text(text: str, file: str = "") -> list[Number]:
    """The numbers of a Markdown text that look like results and have no source."""
    found, before = [], ""
    for part in paragraphs(text):
        introduced = part.lstrip().startswith("|") and SOURCE.search(before)
        before = part
        if SOURCE.search(part) or introduced:
            continue
        prose = part
        for pattern in NOT_PROSE:
            prose = re.sub(pattern, " ", prose)
        words = " ".join(part.replace("\xa0", " ").split())
        for match in RESULT.finditer(prose):
            number = " ".join(match[0].replace("\xa0", " ").split())
            if not is_setting(number):
                found.append(Number(file, number, words))
    return found


def sources(root: Path = ROOT) -> list[Path]:
    """README, the pages and the chapters."""
    return [root / "README.md", *sorted((root / "book").rglob("*.md")), *sorted((root / "notebooks").glob("*.ipynb"))]


def in_files(root: Path = ROOT) -> list[Number]:
    """All numbers of the prose that look like results and have no source beside them."""
    return [
        number
        for path in sources(root)
        for text in markdown(path)
        for number in in_text(text, path.relative_to(root).as_posix())
    ]


def permits(entry: dict, number: Number) -> bool:
    """Whether an entry of the list permits a number.

    ``files``: a name with ``*``.  ``near``: words of its paragraph.  ``numbers``: these only; without it all of the
    paragraph, or of the file.
    """
    return (
        fnmatch(number.file, entry.get("files", "*"))
        and entry.get("near", "") in number.paragraph
        and ("numbers" not in entry or number.text in entry["numbers"])
    )


def faults(numbers: list[Number], entries: list[dict], root: Path = ROOT) -> list[str]:
    """What is wrong, a line each: unbound numbers, entries that say too little, and those that nothing needs."""
    found = [f"{number}" for number in numbers if not any(permits(entry, number) for entry in entries)]
    for entry in entries:
        name = f"entry {entry.get('files', '*')}, {entry.get('near') or entry.get('numbers')}"
        if "test" in entry:
            file, _, test = entry["test"].partition("::")
            path = root / file
            if not path.is_file() or f"def {test}(" not in path.read_text(encoding="utf8"):
                found.append(f"{name}: there is no test {entry['test']}")
        elif len(entry.get("reason", "").split()) < 3 or "numbers" not in entry:
            found.append(f"{name}: without a test it needs its numbers and a reason")
        used = {number.text for number in numbers if permits(entry, number)}
        unused = sorted(set(entry.get("numbers", [])) - used)
        if unused or not used:
            found.append(f"{name}: not needed {', '.join(unused)}".rstrip())
    return found


def read_list(path: Path = LIST) -> list[dict]:
    return tomllib.loads(path.read_text(encoding="utf8"))["number"]


if __name__ == "__main__":
    wrong = faults(in_files(), read_list())
    for line in wrong:
        print(line)
    if wrong:
        sys.exit(
            "Remedy: compute the number when the chapter runs (fer_utils.reporting.say), cite its source in the "
            "paragraph, or enter it in .ci/numbers.toml with the test that compares it, or with the reason why it is "
            "no result."
        )
    print("Numbers in the prose: computed, cited, or listed with a reason.")
