"""What a published book names: its repository, the commit that its chapters install, and the versions they install.

The committed chapters name nothing.  Publishing writes the three into the set-up cells of the copies that readers get:
those of the site, and those in ``_build/published``, which the workflow pushes to the branch that Colab opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import tomllib

from . import address
from .layout import Book, BookError

#: The branch of the published chapters.
BRANCH = "published"
#: What a set-up cell names, a line each; empty in the committed chapters.
NAMES = ("REPOSITORY", "COMMIT", "LOCKED")


@dataclass(frozen=True)
class Publication:
    """``repository``: https://github.com/OWNER/NAME; ``commit``: its full hash; ``locked``: ``name==version``, each."""

    repository: str
    commit: str
    locked: tuple[str, ...] = ()


def publication(book: Book, environment: Mapping[str, str] = os.environ) -> Publication:
    """What is to be published from here; ``BookError`` where the address or the commit cannot be named.

    In a workflow of GitHub these are the workflow's own repository and commit: a fork publishes what it holds.
    Elsewhere they are the address of ``_config.yml`` and the last commit, which must be all that there is.
    """
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get("GITHUB_REPOSITORY"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        repository = address.checked(f"{server}/{environment['GITHUB_REPOSITORY']}")
        commit = environment.get("GITHUB_SHA", "")
    else:
        found = address.current(book)
        if found is None:
            raise BookError(
                "The book cannot be published: _config.yml has no address of its repository; set it with "
                "`make address URL=https://github.com/OWNER/NAME`."
            )
        repository, commit = found, pushed_commit(book)
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise BookError(f"The book cannot be published: {commit!r} is no full hash of a commit.")
    return Publication(repository, commit, locked(book))


def pushed_commit(book: Book) -> str:
    """The commit that is checked out; ``BookError`` where files differ from it, or where no remote branch has it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(book.root), *arguments], capture_output=True, text=True)
        if done.returncode:
            raise BookError(f"The book cannot be published: git says {done.stderr.strip()!r}.")
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if git("status", "--porcelain"):
        raise BookError("The book cannot be published: some files are not committed; commit and push them first.")
    if not git("branch", "--remotes", "--contains", commit):
        raise BookError(f"The book cannot be published: commit {commit[:12]} is on no remote branch; push it first.")
    return commit


def locked(book: Book) -> tuple[str, ...]:
    """The packages that ``fer_utils`` itself needs, directly or not, each with its version in ``requirements.txt``.

    Colab has most of them, and keeps its own; a set-up cell holds those that it lacks to these versions.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lock = {}
    for line in (book.root / "requirements.txt").read_text(encoding="utf8").splitlines():
        if re.match(r"[\w.-]+==", line):
            pin = Requirement(line.rstrip("\\ "))
            if pin.marker is None or pin.marker.evaluate():
                lock[canonicalize_name(pin.name)] = str(pin.specifier)
    project = book.root / "pyproject.toml"
    wanted = tomllib.loads(project.read_text(encoding="utf8"))["project"]["dependencies"] if project.exists() else []
    found: dict[str, str] = {}
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonicalize_name(requirement.name)
        extras = ["", *requirement.extras]
        needed = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        if needed and name in lock and name not in found:
            found[name] = name + lock[name]
            wanted += metadata.requires(name) or []
    return tuple(found[name] for name in sorted(found))


def with_publication(notebook: dict, published: Publication | None) -> dict:
    """A chapter whose set-up cell names what is published; the same one where nothing is."""
    if published is None:
        return notebook
    values = dict(zip(NAMES, (published.repository, published.commit, " ".join(published.locked)), strict=True))
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            for name, value in values.items():
                source, times = re.subn(rf'(?m)^{name} = ""', lambda _, n=name, v=value: f'{n} = "{v}"', source)
                if times != 1:
                    raise BookError(f'A set-up cell has no line `{name} = ""` to write into.')
            cell["source"] = source
    return notebook


def with_address(config: dict, repository: str | None) -> dict:
    """Jupyter Book's settings with the links to a repository, or without any that would lead nowhere."""
    if repository is None:
        config.pop("repository", None)
        config.pop("launch_buttons", None)
        for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
            config.setdefault("html", {})[button] = False
    else:
        config["repository"] = {**config.get("repository", {}), "url": repository, "branch": BRANCH}
        config.setdefault("html", {}).setdefault("baseurl", address.of_site(repository))
    return config


def write_chapters(book: Book, published: Publication) -> Path:
    """The chapters without outputs, as Colab opens them; returns their folder, the content of the branch."""
    folder = book.out / "published"
    shutil.rmtree(folder, ignore_errors=True)
    for chapter in book.chapters():
        target = folder / f"{chapter}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        notebook = json.loads((book.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
        text = json.dumps(with_publication(notebook, published), indent=1, ensure_ascii=False)
        target.write_text(text + "\n", encoding="utf8")
    return folder
