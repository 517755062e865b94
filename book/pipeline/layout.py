"""Where things are: the book's sources, and the folder that a build writes to."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TIERS = ("smoke", "class", "full")

#: Pages whose names begin so are made from the package's docstrings when the site is assembled (`reference`).
REFERENCE = "book/reference/"


class BookError(Exception):
    """The book cannot be built as it stands; the message says what to change."""


@dataclass(frozen=True)
class Book:
    """A book's sources (``root``) and one build of it (``out``).

    ``out`` holds ``executed/`` (notebooks with outputs, and their keys),
    ``source/`` (what Sphinx reads), ``html/`` (the site), ``fer/`` (the
    package's store, unless ``FER_HOME`` names another) and ``durations.json``.
    ``browser`` is shared by all builds of one checkout: it depends on the locked
    manifest only.
    """

    root: Path
    out: Path

    @classmethod
    def at(cls, root: Path | str | None = None, out: Path | str | None = None) -> Book:
        root = Path(root or ROOT).resolve()
        return cls(root, Path(out).resolve() if out else root / "_build")

    @property
    def executed(self) -> Path:
        return self.out / "executed"

    @property
    def source(self) -> Path:
        return self.out / "source"

    @property
    def downloads(self) -> Path:
        """The chapters as a reader downloads them: executed, with their pictures inside."""
        return self.out / "downloads"

    @property
    def html(self) -> Path:
        return self.out / "html"

    @property
    def browser(self) -> Path:
        return self.root / "_build" / "browser"

    def pages(self) -> list[str]:
        """Every page of ``_toc.yml`` in reading order, as paths without a suffix."""
        import yaml

        path = self.root / "_toc.yml"
        if not path.exists():
            raise BookError(f"No table of contents: expected {path}.")
        toc = yaml.safe_load(path.read_text(encoding="utf8"))
        found = [toc["root"]]

        def walk(node):
            if isinstance(node, dict):
                if "file" in node:
                    found.append(node["file"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk({key: value for key, value in toc.items() if key != "root"})
        return [page.removesuffix(".md").removesuffix(".ipynb") for page in found]

    def chapters(self) -> list[str]:
        """The pages that are notebooks, in reading order: ``notebooks/01_dataset_tour``, ..."""
        names = []
        for page in self.pages():
            if (self.root / f"{page}.ipynb").exists():
                names.append(page)
            elif not page.startswith(REFERENCE) and not (self.root / f"{page}.md").exists():
                raise BookError(
                    f"_toc.yml lists {page!r}, and neither {page}.ipynb nor {page}.md exists.\n"
                    "Add the file or take the entry out of _toc.yml."
                )
        return names

    def title(self, chapter: str) -> str:
        """The first heading of a chapter, for the progress lines."""
        notebook = json.loads((self.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                for line in "".join(cell["source"]).splitlines():
                    if line.startswith("# "):
                        return line[2:].strip()
        return chapter
