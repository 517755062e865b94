"""A bias that is planted in a training set, so that it can be seen whether an audit finds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import hashlib
import json

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.faces import FaceSet


@stage("audit")
def plant_bias(
    face_set,
    clips: pd.DataFrame,
    train: Sequence[int],
    *,
    attribute: str = "tone",
    values: Iterable = (8, 9, 10),
    kind: str = "labels",
    share: float = 0.5,
    to: str | None = None,
    seed: int = 0,
):
    """A face set that is spoiled for some people, in its training rows only.

    For `experiments.run` with the split that has these training rows: who trains and who tests stays as it was.

    Parameters
    ----------
    face_set : a `faces.FaceSet`; it is left as it is.
    clips : the truth of the film, a row a clip with ``clip`` and the attribute (``studio.Film.load(folder).clips``).
    train : the training rows' positions.
    attribute, values : for whom; by default the three darkest tones.
    kind : ``labels``: a ``share`` of these people's clips is labelled wrongly, every frame of a clip alike.
        ``absent``: a share of their clips is not there; each row that is gone is filled with another person's of the
        same label, so that the number of images and of each label stays, and keeps the name of the ``actor`` whose
        place it takes, on which the split depends.
    share : above 0 and up to 1.
    to : the wrong label; None for any other, drawn for each clip.

    Returns
    -------
    FaceSet in memory, with a fingerprint of its own, so that its results are stored apart.

    Raises
    ------
    FerError : an impossible argument, a clip of unknown truth, nobody with these values in training, nobody to fill a
        row with.
    """
    if kind not in ("labels", "absent"):
        raise invalid("kind", expected="'labels' or 'absent'", received=kind)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise invalid("share", expected="a share above 0 and up to 1", received=share)
    if not isinstance(clips, pd.DataFrame) or {"clip", attribute} - set(clips.columns):
        raise invalid("clips", expected=f"a table with clip and {attribute}", received=clips)
    meta, train, wanted = face_set.meta.copy(), np.asarray(train), list(values)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    if train.ndim != 1 or train.dtype.kind not in "iu" or not len(train) or train.min() < 0 or train.max() >= len(meta):
        raise invalid("train", expected=f"row positions from 0 to {len(meta) - 1}", received=train)
    labels = sorted(set(meta["expression"]))
    if to is not None and (to not in labels or kind == "absent"):
        raise invalid("to", expected=f"None, or (with kind='labels') one of {', '.join(labels)}", received=to)
    of = meta["clip"].map(clips.drop_duplicates("clip").set_index("clip")[attribute])
    if of.isna().any():
        raise invalid(
            "clips", expected="the truth of every clip of the face set", received=meta["clip"][of.isna()].iloc[0]
        )
    theirs = train[of.isin(wanted).to_numpy()[train]]
    if not len(theirs):
        raise invalid("values", expected=f"values of {attribute} that somebody in training has", received=wanted)
    clip, old = meta["clip"].to_numpy(str), meta["expression"].to_numpy(str)
    names = np.unique(clip[theirs])
    rows = theirs[np.isin(clip[theirs], rng.permutation(names)[: max(1, round(share * len(names)))])]
    images = face_set.images
    if kind == "labels":
        new = old.astype(object)
        for name in np.unique(clip[rows]):
            here = rows[clip[rows] == name]
            new[here] = to or str(rng.choice([label for label in labels if label != old[here[0]]]))
        meta["expression"] = pd.Series(new, index=meta.index, dtype="str")
    else:
        others, order = np.setdiff1d(train, theirs), np.arange(len(meta))
        for label in np.unique(old[rows]):
            here, pool = rows[old[rows] == label], others[old[others] == label]
            if not len(pool):
                raise invalid(
                    "values",
                    expected="somebody else in training for every label",
                    received=f"nobody else poses {label}",
                )
            order[here] = rng.choice(pool, len(here))
        actors = meta["actor"].to_numpy()
        images, meta = images[order], meta.iloc[order].reset_index(drop=True).assign(actor=actors)
    what = [
        face_set.fingerprint,
        kind,
        attribute,
        list(map(str, wanted)),
        float(share),
        to,
        seed,
        train.tolist(),
        list(meta["expression"]),
    ]
    fingerprint = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return FaceSet(face_set.path, images, meta, face_set.problems, {**face_set.manifest, "fingerprint": fingerprint})
