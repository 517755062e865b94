"""Drawn strangers to audit a network with, under conditions that change one thing at a time.

They are people whom no stand-in shows.  They act as the drawn RAVDESS does and go the same way through video files and
face detection.  *Presentation* and *skin tone* are as drawn.  Nothing follows
from them about real people, of whom none is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import functools

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import datasets, faces, studio, training
from fer_utils.core import provenance, stages
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import home, made_again_if_damaged
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage
from fer_utils.studio.recording import identity_of
from fer_utils.synthetic import stand_ins

#: The seed of the film of the first 24 people; the next 24 have the next one.  The stand-ins' is 2023, and no two films
#: share a person.
SEED = 7001
#: The name of the condition in which nothing is changed.
BASELINE = "baseline"
#: What is known of a drawn person, in an audit's words.  Tones are `studio.identity.TONES`, ten from light to dark,
#: chosen near Monk's scale (Monk 2019/2022, skintone.google).  Past 40 a drawn brow and eye are lined at rest, too
#: (`studio.skin`); lines follow the age and nothing else, so the last two attributes are one cause, cut at different
#: ages.
SENSITIVE_FEATURES: Mapping[str, tuple[str, ...]] = {
    "skin tone": ("light (1 to 3)", "medium (4 to 7)", "dark (8 to 10)"),
    "presentation": ("female", "male"),
    "age": ("under 30", "30 to 44", "45 and over"),
    "age lines": ("when the face moves", "at rest, too"),
}
#: condition -> its kind, and what `studio.film` changes for it and nothing besides.  Yaw, in degrees, is to the
#: viewer's right.
CONDITIONS: Mapping[str, tuple[str, Mapping]] = {
    **{f"yaw {turn:+d}": ("pose", {"yaw": turn}) for turn in (-35, -20, 20, 35)},
    "lamp at the left": ("light", {"light": "left"}),
    "dim": ("light", {"light": "dim"}),
    "hand": ("occlusion", {"occlusion": "hand"}),
    "mask": ("occlusion", {"occlusion": "mask"}),
    "dark glasses": ("occlusion", {"occlusion": "glasses"}),
}


@dataclass(frozen=True)
class AuditSet:
    """Faces to audit with.

    ``table`` has one row a picture that was filmed, whether a face was found in it or not: ``actor`` (who; a
    name such as ``person 7001003``), ``clip`` (which act; the same act has the same name in every condition),
    ``expression`` (the posed-expression label), ``intensity``, ``tone``, ``years``, the columns of
    `SENSITIVE_FEATURES`, ``condition``, ``kind``, ``detected`` (whether a face was found), and ``set`` and ``row``:
    where in ``sets`` (face sets) its face lies, -1 if it has none.
    """

    table: pd.DataFrame
    sets: tuple

    def face(self, position: int) -> np.ndarray | None:
        """The face of a row of ``table``, (size, size) uint8 grey, or None where none was found."""
        row = self.table.iloc[position]
        return np.asarray(self.sets[row["set"]].images[row["row"], :, :, 0]) if row["detected"] else None


@stage("audit_set")
def audit_set(
    people: int = 96,
    *,
    tested: int = 48,
    conditions: Iterable[str] | None = None,
    clips: int = 16,
    seed: int = SEED,
    size: int = 180,
    workers: int | None = None,
    progress: bool = True,
) -> AuditSet:
    """Film strangers, bring their faces to grey squares as a face set's are, and keep them in the store.

    The film is `studio.film`'s in the layout of RAVDESS with another seed, and dlib finds the faces.  A clip is
    three frames over the stand-ins' three seconds; the middle one, where the expression is near its fullest, is the
    picture, because further frames of a clip say little that one does not.  Films that differ in one factor differ in
    nothing else (`studio.factors`), so each condition shows the baseline's people in the baseline's acts.

    Parameters
    ----------
    people : how many, 2 or more; men and women in turn.
    tested : how many of them, the first, are also filmed under the conditions; 0 to ``people``.
    conditions : names of `CONDITIONS`; None for all.
    clips : acts a person, 1 to 60; 8 show every label at normal intensity, 16 also (but for neutral) at strong.
    seed : of the first 24 people; each further 24 have the next one.  Not the stand-ins', whom networks have met.
    size : side of the faces in pixels.
    workers : processes; None for one a core where that pays.

    Raises
    ------
    FerError : numbers out of range, an unknown condition, people of the stand-ins.
    """
    people = whole_number("people", people, 2)
    clips = whole_number("clips", clips, 1, 60)
    seed = whole_number("seed", seed, 0)
    tested = whole_number("tested", tested, 0, people)
    chosen = list(CONDITIONS) if conditions is None else list(conditions)
    for name in chosen:
        if name not in CONDITIONS:
            raise invalid("conditions", expected=f"names among {', '.join(CONDITIONS)}", received=name)
    casts = -(-people // 24)
    if seed <= stand_ins.SEED < seed + casts:
        raise invalid(
            "seed",
            expected=f"a seed from which {casts} steps do not meet {stand_ins.SEED}, the stand-ins'",
            received=seed,
        )
    jobs = []
    for name in (BASELINE, *chosen):
        count = people if name == BASELINE else tested
        for cast in range(-(-count // 24)):
            jobs.append((name, cast, min(24, count - 24 * cast)))
    # The place, too: faces in a store that was moved name their clips where those no longer are.
    made_from = [stages.versions(["studio", "datasets", "faces"]), str(home().resolve())]
    rows, sets = [], []
    total = sum(count for *_, count in jobs) * clips
    with tqdm(total=total, desc="filming strangers", unit="clip", delay=2, disable=not progress) as bar:
        for name, cast, count in jobs:
            kind, factors = CONDITIONS.get(name, (BASELINE, {}))
            request = {
                "actors": count,
                "seed": seed + cast,
                "clips_per_actor": clips,
                "frames": 3,
                "factors": dict(factors) or None,
            }
            folder = home() / "audits" / provenance.digest([request, size, *made_from])[:16]
            # To start a process takes longer than a few clips.
            several = workers if workers is not None or count * clips > 200 else 1
            film = studio.film("ravdess", folder / "film", workers=several, progress=False, **request)
            prepared = functools.partial(
                faces.prepare,
                datasets.scan("ravdess", folder / "film"),
                folder / "faces",
                frames=1,
                size=size,
                workers=several,
                progress=False,
            )
            made = made_again_if_damaged(folder / "faces", prepared)
            place = {clip: row for row, clip in enumerate(made.meta["clip"])}
            for clip in film.clips.itertuples():
                who = identity_of("ravdess", clip.actor, seed + cast)
                rows.append(
                    {
                        "actor": who.name,
                        "clip": clip.clip,
                        "expression": clip.expression,
                        "intensity": clip.intensity,
                        "tone": who.tone,
                        "years": who.age,
                        **described(who),
                        "condition": name,
                        "kind": kind,
                        "detected": clip.clip in place,
                        "set": len(sets),
                        "row": place.get(clip.clip, -1),
                    }
                )
            sets.append(made)
            bar.update(count * clips)
    return AuditSet(pd.DataFrame(rows), tuple(sets))


def described(who) -> dict[str, str]:
    """A drawn person (`studio.Identity`) in the words of `SENSITIVE_FEATURES`."""
    tones, ages, lines = (SENSITIVE_FEATURES[name] for name in ("skin tone", "age", "age lines"))
    return {
        "skin tone": tones[int(np.searchsorted((3, 7), who.tone))],
        "presentation": who.presentation,
        "age": ages[int(np.searchsorted((30, 45), who.age, "right"))],
        "age lines": lines[int(who.age > 40)],
    }


@stage("audit_set")
def ask(audited: AuditSet, networks: Sequence, *, progress: bool = True) -> pd.DataFrame:
    """Have networks answer for every face.

    Their answers are pooled picture by picture, so that people stay the witnesses.  ``networks`` are stored results
    (`experiments.Result`), or anything with ``.labels`` and ``.model()``.  Returns the table with ``predicted_0``,
    ``predicted_1``, ... (a label; ``""`` where no face was found) and ``right``, the share of the networks that gave
    the posed-expression label, 0 to 1.  Where no face was found nobody is right: such a picture counts, too.

    Raises
    ------
    FerError : no network, one that lacks a label of the strangers', or one whose scores are NaN or infinite.
    """
    networks, table = list(networks), audited.table.copy()
    if not networks:
        raise invalid("networks", expected="at least one network", received=networks)
    posed = sorted(set(table["expression"]))
    for network in networks:
        if set(posed) - set(network.labels):
            raise invalid("networks", expected=f"networks that know {', '.join(posed)}", received=network.labels)
    here = np.flatnonzero(table["detected"].to_numpy())
    rights = []
    for number, network in enumerate(tqdm(networks, desc="asking", unit="network", delay=2, disable=not progress)):
        model, names = network.model(), np.array([*network.labels, ""])
        given = np.full(len(table), len(names) - 1)
        size = int(model.input_shape[1])
        images = [faces.resize(made.images, size, progress=False) for made in audited.sets]
        joined = _JoinedImages(images, table[["set", "row"]].to_numpy())
        scores = training.predict_probabilities(model, joined, here)
        given[here] = finite_scores("networks", scores, f"number {number}").argmax(axis=1)
        table[f"predicted_{number}"] = names[given]
        rights.append(names[given] == table["expression"].to_numpy())
    return table.assign(right=np.mean(rights, axis=0))


class _JoinedImages:
    """The faces of several sets as if they were one array, read from disk when they are asked for.

    So the network is given batches of one shape.
    """

    def __init__(self, images: Sequence[np.ndarray], places: np.ndarray):
        self.images, self.places = images, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows) -> np.ndarray:
        return np.stack([self.images[place][row] for place, row in self.places[rows]])
