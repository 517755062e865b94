"""Chapter 1: a RAVDESS name (01-1), people and rows (01-3), twins (01-4), a published split (01-5), a face
at rest (01-7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import copy
from dataclasses import replace
import itertools

import pandas as pd

from fer_utils import studio
from fer_utils.core.errors import FerError
from fer_utils.core.labels import RAVDESS
from fer_utils.datasets import mead, ravdess, savee
from fer_utils.exercises import Wrong, as_count, asked, same, whole
from fer_utils.inference.drawn_square import scores_of_drawing

#: Exercise 01-3: images of a face set, frames of each file, files of each act, acts of each actor.
IMAGES, FRAMES, FILES, ACTS = 8_640, 6, 2, 60


def grade_describe(answer) -> str:
    """Every expression, intensity, statement and repetition, for some odd and even actors."""
    keys = {"actor", "sex", "expression", "intensity", "repetition"}
    for emotion, strength, repetition, actor in itertools.product(range(1, 9), (1, 2), (1, 2), (1, 2, 10, 17, 24)):
        if emotion == 1 and strength == 2:
            continue  # RAVDESS has no strong neutral
        modality, channel, statement = 1 + actor % 2, 1 + emotion % 2, 1 + (actor + repetition) % 2
        fields = (modality, channel, emotion, strength, statement, repetition, actor)
        name = "-".join(f"{number:02d}" for number in fields) + ".mp4"
        got = asked(answer, "describe(name)", name)
        if not isinstance(got, dict):
            raise Wrong(f"the function should return a dict; for {name!r} it returned {type(got).__name__}.")
        absent, extra = sorted(keys - set(got)), sorted(set(got) - keys, key=str)
        if absent or extra:
            raise Wrong(
                f"the dict for {name!r} should have exactly the keys {sorted(keys)}; "
                f"missing: {absent}, unexpected: {extra}."
            )
        given = f"the name {name!r}"
        counted = f" (the third number, {emotion:02d}; they count from 01)"
        same("'expression'", got["expression"], RAVDESS[emotion - 1], given + counted)
        same("'actor'", got["actor"], f"{actor:02d}", given + " (text, two digits)")
        same("'sex'", got["sex"], "male" if actor % 2 else "female", given + " (odd actors are male)")
        fourth = f" (the fourth number is the text '{strength:02d}')"
        same("'intensity'", got["intensity"], "strong" if strength == 2 else "normal", given + fourth)
        same("'repetition'", got["repetition"], repetition, given + " (a whole number)")
    return "right for every name that was tried. The file name is all the label there is."


def grade_people(answer) -> str:
    """One whole number; what is counted instead is recognised."""
    got = as_count(answer)
    if got is None:
        raise Wrong("the answer should be one whole number of people.")
    wanted = IMAGES // (FRAMES * FILES * ACTS)
    mistakes = {
        IMAGES: "that is the number of images, the rows of the table.",
        IMAGES // FRAMES: "that is how many files there are; an act has two, and a person has 60 acts.",
        IMAGES // FRAMES // FILES: "that is how many acts there are; a person has 60 of them.",
        IMAGES // FRAMES // ACTS: "so many they would be if each act had one file; it has two.",
        IMAGES // ACTS // FILES: "that forgets that each file gave six frames. RAVDESS has 24 people.",
        IMAGES // ACTS: "that forgets the six frames and the two files. RAVDESS has 24 people.",
    }
    if got == wanted:
        return f"right: {IMAGES:,} rows, {IMAGES // FRAMES // FILES:,} acts, {wanted} people."
    if got in mistakes:
        raise Wrong(f"{got:,}: {mistakes[got]}")
    raise Wrong(f"{got:,} is not it. Divide the rows by frames, by files and by acts.")


def _clip_tables() -> list[tuple[str, pd.DataFrame]]:
    """Tables for 01-4: twins side by side, twins far apart with acts that have one file, cameras, no repetition."""
    acts = [
        f"01-{emotion}-01-{statement}-{take}"
        for emotion in ("03", "05")
        for statement in ("01", "02")
        for take in ("01", "02")
    ]
    both = [f"Actor_07/{kind}-{act}-07.mp4" for act in acts[:4] for kind in ("01", "02")][::-1]
    both += [f"Actor_07/{kind}-{acts[4]}-07.mp4" for kind in ("01", "02")]
    both += [f"Actor_07/{kind}-{act}-07.mp4" for kind, act in (("01", acts[5]), ("02", acts[6]))]
    apart = [f"Actor_{actor}/02-{act}-{actor}.mp4" for actor in ("12", "03") for act in acts]
    apart += [f"Actor_{actor}/01-{act}-{actor}.mp4" for actor in ("12", "03") for act in acts[3:]]
    apart += [f"Actor_03/{kind}-01-08-02-01-{take}-03.mp4" for take in ("02", "01") for kind in ("01", "02")]
    cameras = [
        f"M003/video/{view}/{word}/level_1/{number}.mp4"
        for view in ("top", "front", "left_30")
        for word in ("sad", "happy")
        for number in ("002", "001")
    ]
    alone = ["KL/sa03.avi", "DC/sa03.avi", "DC/a01.avi"]
    made = []
    for words, reader, paths in (
        ("with the two files of an act one after the other", ravdess, both),
        ("with twins far apart and some acts that have one file", ravdess, apart),
        ("of MEAD, where three cameras see each act", mead, cameras),
        ("of SAVEE, where no act repeats", savee, alone),
    ):
        rows = [{"path": f"/data/{path}", "clip": path, **reader.parse(path)} for path in paths]
        made.append((words, pd.DataFrame(rows, index=range(5, 5 + len(rows)))))
    return made


def _twin_hint(got: list, table: pd.DataFrame) -> str:
    """What the answer seems to have done instead."""
    by = table["performance"]
    alike = {
        "Nothing was left out: the two files of an act have one `performance`, but other columns differ.": table,
        "Only neighbouring rows seem to be compared: the two files of an act may stand far apart.": table[
            by != by.shift()
        ],
        "Both files of an act are gone. One of them should stay.": table[~by.duplicated(keep=False)],
        "The rows are left that repeat an act; those should go, and the others stay.": table[by.duplicated()],
        "It looks as if the last row of each act were kept: keep the first.": table[~by.duplicated(keep="last")],
        "One row a person is left. A person has many acts.": table.drop_duplicates("actor"),
        "One row a person and label is left. A person may act a label several times.": table.drop_duplicates(
            ["actor", "expression"]
        ),
        "Only `video-only` files are left, and an act that has another file only is lost.": table[
            table["modality"] == "video-only"
        ],
        "Only `audio-video` files are left, and an act that has another file only is lost.": table[
            table["modality"] == "audio-video"
        ],
        "The right acts are left, in another order: keep the order of the table.": table[~by.duplicated()].sort_values(
            "performance"
        ),
    }
    for words, other in alike.items():
        if got == list(other["clip"]):
            return f" {words}"
    if sorted(got) == sorted(table.loc[~by.duplicated(), "clip"]):
        return " The right acts are left, in another order: keep the order of the table."
    left = by[table["clip"].isin(got)]
    if len(left) == len(got) == by.nunique() and left.is_unique:
        return " One row of each act is left, but not always the first of them in the table."
    return " An act has one row or more, and they may stand anywhere: go by the column `performance`."


def grade_without_twins(answer) -> str:
    """The rows that are kept, in four tables."""
    for words, table in _clip_tables():
        kept = table.copy()
        got = asked(answer, "without_twins(clips)", table)
        if not table.equals(kept):
            raise Wrong("your function changed the table that it was given; make a new one.")
        if not isinstance(got, pd.DataFrame):
            hint = " With inplace=True pandas returns None." if got is None else ""
            raise Wrong(f"return a table (a DataFrame); got {type(got).__name__}.{hint}")
        absent = [column for column in table.columns if column not in got.columns]
        if absent:
            raise Wrong(f"the result has lost the column {absent[0]!r}: keep all columns.")
        wanted = table[~table["performance"].duplicated()]
        clips = list(got["clip"])
        if clips != list(wanted["clip"]):
            raise Wrong(
                f"in a table {words}, {len(wanted)} of {len(table)} rows should be left; got {len(got)}."
                + _twin_hint(clips, table)
            )
        if not (got[list(table.columns)].to_numpy() == wanted.to_numpy()).all():
            raise Wrong(f"in a table {words}, the right clips are left, but other columns have changed.")
    return "right, for twins, for cameras and for acts that stand alone."


def tested(folds: Sequence, actors: Sequence[str]) -> dict[str, int]:
    """How often the program of exercise 01-5 tests each actor."""
    counts = dict.fromkeys(actors, 0)
    for fold in folds:
        for place, actor in enumerate(actors):
            if place not in fold["train"] and place not in fold["validation"]:
                counts[actor] += 1
    return counts


def odd_counts(counts: dict[str, int]) -> dict[str, int]:
    """Those that are not tested exactly once."""
    return {actor: count for actor, count in counts.items() if count != 1}


def _splits() -> list[tuple[str, list[dict], list[str]]]:
    """Splits for 01-5: in order, numbered from 1, with a slip, listed in another order, and of other people."""

    def blocks(first: int, count: int, size: int, folds: int) -> list[dict]:
        parts = [list(range(first + size * k, first + size * (k + 1))) for k in range(count)]
        return [
            {
                "test": parts[k],
                "validation": parts[(k + 1) % count],
                "train": [n for j in range(count) if j not in (k, (k + 1) % count) for n in parts[j]],
            }
            for k in range(folds)
        ]

    names = [f"Actor_{n:02d}" for n in range(1, 11)]
    others = ["KL", "DC", "JK", "JE", "M1", "W2", "M3", "W4", "M5", "W6"]
    slip = blocks(0, 5, 2, 5)
    slip[1]["train"] = [0, 3, 6, 7, 8, 9]  # for 0, 1, 6, 7, 8, 9
    return [
        ("whose places count from 0", blocks(0, 5, 2, 5), names),
        ("whose numbers count from 1", blocks(1, 5, 2, 5), names),
        ("with a slip in the second fold", slip, names),
        ("of two folds, so that some are never tested", blocks(0, 5, 2, 2), names),
        ("whose folders are listed in another order", blocks(1, 5, 2, 5), others),
    ]


def _split_hint(got: dict, folds: list[dict], actors: list[str]) -> str:
    """What the answer seems to have done instead."""

    def by_test(shift: int) -> dict[str, int]:
        return {actor: sum(place + shift in fold["test"] for fold in folds) for place, actor in enumerate(actors)}

    def shifted(shift: int) -> dict[str, int]:
        moved = [{k: [n - shift for n in fold[k]] for k in ("train", "validation")} for fold in folds]
        return tested(moved, actors)

    right = tested(folds, actors)
    not_trained = {a: sum(i not in fold["train"] for fold in folds) for i, a in enumerate(actors)}
    alike = {
        "That is how often each actor is tested. Leave out those who are tested once.": right,
        "Only those who are tested too often are there. Who is never tested is a mistake, too.": {
            a: n for a, n in right.items() if n > 1
        },
        "Only those who are never tested are there. Who is tested twice is a mistake, too.": {
            a: n for a, n in right.items() if n == 0
        },
        "It looks as if number 1 meant the first of the list. The program counts places from 0.": odd_counts(
            shifted(1)
        ),
        "It looks as if `test` were read. The program never reads it: it tests whoever is neither in `train` nor in "
        "`validation`.": odd_counts(by_test(0)),
        "It looks as if `test` were read, and from 1. The program reads `train` and `validation`, from 0.": odd_counts(
            by_test(1)
        ),
        "Those in `validation` seem to be counted as tested.": odd_counts(not_trained),
        "Those in `train` seem to be counted as tested.": odd_counts(
            {a: sum(i not in fold["validation"] for fold in folds) for i, a in enumerate(actors)}
        ),
        "It looks as if those in `train` were counted. Tested is who is neither in `train` nor in `validation`.": (
            odd_counts({a: sum(i in fold["train"] for fold in folds) for i, a in enumerate(actors)})
        ),
        "This says that every actor is tested in every fold. Both conditions must hold, `and`, not `or`; and the lists "
        "hold places, not names.": odd_counts(dict.fromkeys(actors, len(folds))),
        "It looks as if the names were sorted first: the place is that in the listing as it is given.": odd_counts(
            tested(folds, sorted(actors))
        ),
    }
    if any(key not in actors for key in got):
        return " The keys should be the actors' names."
    return next((f" {words}" for words, other in alike.items() if got == other), "")


def grade_mistakes(answer) -> str:
    """Who is tested never or more than once, in five splits."""
    for words, folds, actors in _splits():
        # A copy: an answer that changes the numbers would otherwise change what is right.
        got = asked(answer, "mistakes(folds, actors)", copy.deepcopy(folds), list(actors))
        if not isinstance(got, dict):
            raise Wrong(f"return a dict, name to number of folds; got {type(got).__name__}.")
        wanted = odd_counts(tested(folds, actors))
        counted = {actor: whole(count) for actor, count in got.items()}
        if None in counted.values():
            raise Wrong("the values of the dict should be whole numbers: in how many folds the actor is tested.")
        if counted != wanted:
            raise Wrong(
                f"for folds {words}, the result should be {wanted}; got {got}.{_split_hint(counted, folds, actors)}"
            )
    return "right: a split is what the program does, and not what its comments say."


# 01-7 --------------------------------------------------------------------------------------------

#: Whom the Face lab shows at first, at rest, and what the network is to answer.
PERSON, GOAL = 12, "happy"
#: What may be changed, and how it is at first; ``tone`` None is the person's own.
SETTINGS: dict[str, object] = {"tone": None, "light": "studio", "yaw": 0, "pitch": 0, "roll": 0, "occlusion": None}


def _answer_at_rest(name: str, value) -> tuple[str, float]:
    """The network's label for the person at rest with one setting changed, and its score."""
    who = studio.person(PERSON)
    if name == "tone":
        drawn = studio.draw(replace(who, tone=whole(value)), size=384, truth=True)
    else:
        drawn = studio.draw(who, size=384, truth=True, **{name: value})
    scores = scores_of_drawing(*drawn)
    best = max(scores, key=scores.__getitem__)
    return best, scores[best]


def grade_at_rest(answer) -> str:
    """One setting that is no action unit, for which the network answers *happy* to a face at rest."""
    if not isinstance(answer, Mapping):
        raise Wrong(f'enter a dict such as {{"yaw": 10}}, the setting and its value; got {type(answer).__name__}.')
    if len(answer) != 1:
        raise Wrong(f"one setting is to be changed; yours has {len(answer)}.")
    ((name, value),) = answer.items()
    if name not in SETTINGS:
        hint = (
            " Leave the action units at 0: nobody is to smile."
            if not isinstance(name, str) or name[-1:].isdigit()
            else ""
        )
        raise Wrong(f"the setting should be one of {', '.join(SETTINGS)}; got {name!r}.{hint}")
    if value == SETTINGS[name]:
        raise Wrong(f"{dict(answer)} is how the Face lab begins: nothing changes.")
    if name == "tone" and not (whole(value) is not None and 1 <= whole(value) <= 10):
        raise Wrong(f"a tone is a whole number from 1 to 10; got {value!r}.")
    try:
        label, score = _answer_at_rest(name, value)
    except (FerError, TypeError, ValueError) as error:
        raise Wrong(f"the Face lab has no such value. {error}") from None
    if label != GOAL:
        hint = {
            "tone": " For this network no tone of this face makes a smile: try what makes shadows.",
            "occlusion": " Nothing that covers a part of the face passes for a smile: leave the face bare.",
            "yaw": " Turn further, or ask what throws shadows at the corners of the mouth.",
        }.get(name, " Another value, or another setting, may do it.")
        raise Wrong(f"with {name} = {value!r} the network answers {label} ({score:.2f}), not {GOAL}.{hint}")
    return (
        f"right: the answer is {GOAL} ({score:.2f}), and not a muscle has moved. In a set of data the label would "
        "still be neutral, so ask of every set whether light and pose were the same for all labels."
    )
