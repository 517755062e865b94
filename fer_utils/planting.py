"""A bias that is known: a training set that is spoiled for some of its people, so that an audit can be tested on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import hashlib
import json

import numpy as np
import pandas as pd

from .errors import invalid, whole_number


def plant_bias(face_set, clips: pd.DataFrame, train: Sequence[int], *, attribute: str = "tone", values: Iterable = (8, 9, 10), kind: str = "labels",
               share: float = 0.6, to: str | None = None, seed: int = 0):
    """A face set that is spoiled for some people, in its training rows only; for `experiments.run` with the split that has these rows.

    Parameters
    ----------
    face_set : a `faces.FaceSet`; it is left as it is, and its images are shared.
    clips : the truth of the film, a row a clip with ``clip`` and the attribute (``studio.Film.load(folder).clips``).
    train : the training rows' positions.
    attribute, values : for whom: the darkest three tones.
    kind : ``labels``: a ``share`` of these people's clips, in training, is labelled wrongly, every frame of a clip alike; ``absent``: a share of their
        clips is not there.  A row that is gone is filled with another person's of the same label, so that the number of images and of
        each label stays; the row keeps the name of the ``actor`` whose place it takes, on which the split depends.
    to : the wrong label; None for any other, drawn a clip.
    share : 0 to 1.

    Returns
    -------
    FaceSet in memory with a fingerprint of its own, so that its results are stored apart.

    Raises
    ------
    FerError : an impossible argument, a clip of unknown truth, nobody with these values in training, nobody to fill a row with.
    """
    from .faces import FaceSet

    if kind not in ("labels", "absent"):
        raise invalid("kind", expected="'labels' or 'absent'", received=kind)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise invalid("share", expected="a share above 0 and up to 1", received=share)
    meta, train, wanted, rng = face_set.meta.copy(), np.asarray(train), list(values), np.random.default_rng(whole_number("seed", seed, 0))
    if not isinstance(clips, pd.DataFrame) or {"clip", attribute} - set(clips.columns):
        raise invalid("clips", expected=f"a table with clip and {attribute}", received=clips)
    if train.ndim != 1 or not np.issubdtype(train.dtype, np.integer) or len(train) and not 0 <= train.min() <= train.max() < len(meta):
        raise invalid("train", expected=f"row positions from 0 to {len(meta) - 1}", received=train)
    labels = sorted(set(meta["expression"]))
    if to is not None and (to not in labels or kind == "absent"):
        raise invalid("to", expected=f"None, or (with kind='labels') one of {', '.join(labels)}", received=to)
    of = meta["clip"].map(clips.drop_duplicates("clip").set_index("clip")[attribute])
    if of.isna().any():
        raise invalid("clips", expected="the truth of every clip of the face set", received=meta["clip"][of.isna()].iloc[0])
    theirs = train[of.isin(wanted).to_numpy()[train]]
    if not len(theirs):
        raise invalid("values", expected=f"values of {attribute} that somebody in training has", received=wanted)
    names = np.array(sorted(set(meta["clip"].iloc[theirs])))
    hit = rng.permutation(names)[:max(1, round(share * len(names)))]
    rows = theirs[meta["clip"].iloc[theirs].isin(hit).to_numpy()]
    images, old = face_set.images, meta["expression"].to_numpy(str)
    if kind == "labels":
        wrong = {clip: to or str(rng.choice([name for name in labels if name != label])) for clip, label in zip(meta["clip"].iloc[rows], old[rows])}
        meta.loc[meta.index[rows], "expression"] = [wrong[clip] for clip in meta["clip"].iloc[rows]]
    else:
        others, order = np.setdiff1d(train, theirs), np.arange(len(meta))
        for label in sorted(set(old[rows])):
            here, pool = rows[old[rows] == label], others[old[others] == label]
            if not len(pool):
                raise invalid("values", expected="some people left in training with every label", received=f"nobody else poses {label}")
            order[here] = rng.choice(pool, len(here))
        kept = meta["actor"].to_numpy()
        images, meta = face_set.images[order], meta.iloc[order].reset_index(drop=True).assign(actor=kept)
    what = [face_set.fingerprint, kind, attribute, [str(value) for value in wanted], float(share), to, seed, train.tolist(), meta["expression"].tolist()]
    fingerprint = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return FaceSet(face_set.path, images, meta, face_set.problems, {**face_set.manifest, "fingerprint": fingerprint}, face_set.landmarks if kind == "labels" else None)
