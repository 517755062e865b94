"""Whether a stored answer names the stages that its study passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from fer_utils import studies
from fer_utils.core import stages


@contextmanager
def as_stored(study: str, *, absent: Iterable[str] = (), extra: Iterable[str] = ()) -> Iterator[None]:
    """Within the block a study is answered, smaller than its stored answer, and passes the stages stored with it.

    ``absent`` are stages that the smaller answer leaves out, ``extra`` those of networks that it has in their place.
    """
    with stages.recording() as used:
        yield
    noted = used.stages | {f"study.{study}"}
    for other in used.answers:
        noted |= set(studies.load(other).stages)
    stored = set(studies.load(study, "class").stages)
    assert noted == stored - set(absent) | set(extra), {
        "passed and not stored": sorted(noted - stored - set(extra)),
        "stored and not passed": sorted(stored - noted - set(absent)),
    }
