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
from fer_utils.faces import FaceSet, resize
from fer_utils.synthetic import stand_ins


@contextmanager
def few_faces(
    frames: int,
    *,
    actors: int | None = None,
    performances: int | None = None,
    side: int | None = None,
    seen_by: Iterable[ModuleType] = (),
) -> Iterator[None]:
    """Within the block a stand-in's face set, or that of real clips, has only the first faces of each clip.

    ``actors`` keeps only so many people, and ``performances`` so many of each, with their twins; ``side`` makes the
    pictures smaller, in pixels; ``seen_by`` are modules that imported `stand_ins.face_set` by its name.
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
                images = resize(np.asarray(whole.images[few]), side, progress=False)
                made[whole.fingerprint] = FaceSet.save(images, whole.meta.iloc[few], folder)
            return made[whole.fingerprint]

        patched = stack.enter_context(pytest.MonkeyPatch.context())
        for module in (stand_ins, *seen_by):
            patched.setattr(module, "face_set", face_set)
        yield


@contextmanager
def untraced() -> Iterator[None]:
    """Within the block TensorFlow trains step by step: to trace a network takes longer than its first dozen steps.

    Only while `training.fit` and `training.predict_probabilities` work; what is exported afterwards is traced as ever.
    """

    def step_by_step(function):
        def called(*arguments, **options):
            with eagerly():
                return function(*arguments, **options)

        return called

    with pytest.MonkeyPatch.context() as patched:
        own = {name: step_by_step(getattr(training, name)) for name in ("fit", "predict_probabilities")}
        for name, function in own.items():
            patched.setattr(training, name, function, raising=False)
        yield
        # Whoever patches `training` within the block and undoes it after its end would leave these in their place.
        for name, function in own.items():
            assert getattr(training, name) is function, f"training.{name} was patched within the block, and still is"
