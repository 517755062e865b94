"""Studies of trained networks in seconds: few faces of each clip, and networks that learn without being traced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
import tempfile
from types import ModuleType

from eagerly import eagerly
import numpy as np
import pytest

from fer_utils import training
from fer_utils.core import provenance
from fer_utils.faces import FaceSet
from fer_utils.synthetic import stand_ins


@contextmanager
def few_faces(
    frames: int,
    *,
    actors: int | None = None,
    performances: int | None = None,
    seen_by: Iterable[ModuleType] = (),
) -> Iterator[None]:
    """Within the block a stand-in's face set, or that of real clips, has only the first faces of each clip.

    ``actors`` keeps only so many people, and ``performances`` so many of each, with their twins; ``seen_by`` are
    modules that imported `stand_ins.face_set` by its name.
    The whole set is made as ever, or read from the store that all tests share, and passes all its stages.
    """
    whole_set, made = stand_ins.face_set, {}

    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))

        def face_set(*arguments, **options):
            whole = whole_set(*arguments, **options)
            if whole.fingerprint not in made:
                people = sorted(set(whole.meta["actor"]))[:actors]
                early = whole.meta.groupby("clip", sort=False).cumcount() < frames
                chosen = early & whole.meta["actor"].isin(people)
                if performances is not None:
                    different = whole.meta.drop_duplicates("performance").groupby("actor", sort=False)
                    first = different.head(performances)["performance"]
                    chosen &= whole.meta["performance"].isin(first)
                few = np.flatnonzero(chosen)
                folder = place / provenance.digest(whole.fingerprint)[:12]
                made[whole.fingerprint] = FaceSet.save(np.asarray(whole.images[few]), whole.meta.iloc[few], folder)
            return made[whole.fingerprint]

        patched = stack.enter_context(pytest.MonkeyPatch.context())
        for module in (stand_ins, *seen_by):
            patched.setattr(module, "face_set", face_set)
        yield


@contextmanager
def untraced() -> Iterator[None]:
    """Within the block TensorFlow trains step by step: to trace a network takes longer than its first dozen steps.

    Only while `training.fit` works; what is exported afterwards is traced as ever.
    """
    fit = training.fit

    def step_by_step(*arguments, **options):
        with eagerly():
            return fit(*arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "fit", step_by_step, raising=False)
        yield
