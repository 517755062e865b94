"""Chapter 1's graders: answers to 01-3, 01-4, 01-5 and 01-7 that are right or plausibly wrong."""

from __future__ import annotations

import json

import graded
import numpy as np
import pandas as pd

from fer_utils.exercises import ch01


def first_of_each(clips, **options):
    """An answer to 01-4."""
    return clips.drop_duplicates(**({"subset": "performance"} | options))


def by_a_loop(clips):
    seen, rows = set(), []
    for _, row in clips.iterrows():
        if row["performance"] not in seen:
            seen.add(row["performance"])
            rows.append(row)
    return pd.DataFrame(rows).reset_index(drop=True)


def by_groups(clips):
    return clips.groupby("performance", sort=False).head(1)


def in_place(clips):
    clips["twin"] = clips["performance"].duplicated()
    return clips[~clips["twin"]]


def count_of(folds, actors, *, start=0, keep=lambda n: n != 1, tested=None):
    """An answer to 01-5."""
    tested = tested or (lambda place, fold: place not in fold["train"] and place not in fold["validation"])
    made = {}
    for place, actor in enumerate(actors, start):
        count = sum(tested(place, fold) for fold in folds)
        if keep(count):
            made[actor] = count
    return made


def by_roles(folds, actors):
    """The program as it is published: who is trained on, who is validated on, all others."""
    counts = {actor: [] for actor in actors}
    for fold in folds:
        for place, actor in enumerate(actors):
            role = "train" if place in fold["train"] else "validation" if place in fold["validation"] else "test"
            counts[actor].append(role == "test")
    return {actor: np.sum(roles) for actor, roles in counts.items() if np.sum(roles) != 1}


def numbered_from_0(folds, actors):
    """Repairs the numbers in the folds themselves, which the program does not."""
    for fold in folds:
        for part in fold:
            fold[part] = [number - 1 for number in fold[part]]
    return count_of(folds, actors)


def unless(condition):
    """An answer to 01-5 in which nobody is left out but those for whom the condition holds."""
    return lambda folds, actors: count_of(folds, actors, tested=lambda place, fold: not condition(place, fold))


def by_counter(folds, actors):
    from collections import Counter

    places = range(len(actors))
    counts = Counter(p for fold in folds for p in places if p not in {*fold["train"], *fold["validation"]})
    return {actors[p]: counts[p] for p in places if counts[p] != 1}


WRONG = [
    ("01-3", 8640, "the rows of the table"),
    ("01-3", 1440, "how many files"),
    ("01-3", 720, "how many acts"),
    ("01-3", 24, "it has two"),
    ("01-3", 72, "six frames"),
    ("01-3", 144, "two files"),
    ("01-3", 60, "Divide"),
    ("01-3", "12", "whole number"),
    ("01-3", 12.5, "whole number"),
    ("01-3", True, "whole number"),
    ("01-3", [12, 12], "whole number"),
    ("01-4", lambda c: c.drop_duplicates(), "Nothing was left out"),
    ("01-4", lambda c: c.drop_duplicates("clip"), "Nothing was left out"),
    ("01-4", lambda c: first_of_each(c, keep=False), "One of them should stay"),
    ("01-4", lambda c: first_of_each(c, keep="last"), "keep the first"),
    ("01-4", lambda c: first_of_each(c, subset="actor"), "One row a person"),
    ("01-4", lambda c: first_of_each(c, subset=["actor", "expression"]), "person and label"),
    ("01-4", lambda c: c[c["modality"] == "video-only"], "act that has another file only is lost"),
    ("01-4", lambda c: c[c["modality"] == "audio-video"], "act that has another file only is lost"),
    ("01-4", lambda c: first_of_each(c).sort_values("clip"), "in another order"),
    ("01-4", lambda c: c.groupby("performance").head(1).sort_values("performance"), "in another order"),
    ("01-4", lambda c: c.groupby("performance").first(), "lost the column 'performance'"),
    ("01-4", lambda c: first_of_each(c)[["clip"]], "lost the column"),
    ("01-4", lambda c: first_of_each(c).assign(modality=""), "other columns have changed"),
    ("01-4", lambda c: list(first_of_each(c)["clip"]), "got list"),
    ("01-4", lambda c: first_of_each(c)["clip"], "got Series"),
    ("01-4", lambda c: c["performance"].nunique(), "got int"),
    ("01-4", lambda c: c.head(1), "rows should be left; got 1"),
    ("01-4", lambda c: c[c["performance"] != c["performance"].shift()], "neighbouring rows"),
    ("01-4", lambda c: c[c["performance"].duplicated()], "rows are left that repeat"),
    ("01-4", lambda c: c.groupby("performance", sort=False).sample(1, random_state=0), "not always the first"),
    ("01-4", lambda c: first_of_each(c.sort_values("clip")).sort_index(), "not always the first"),
    ("01-4", lambda c: c.iloc[::2], "go by the column `performance`"),
    ("01-4", lambda c: print(end=""), "inplace=True pandas returns None"),
    ("01-4", in_place, "changed the table"),
    ("01-4", lambda: 0, "without_twins(clips)"),
    ("01-5", lambda f, a: count_of(f, a, keep=lambda n: True), "Leave out those who are tested once"),
    ("01-5", lambda f, a: count_of(f, a, keep=lambda n: n > 1), "never tested is a mistake, too"),
    ("01-5", lambda f, a: count_of(f, a, keep=lambda n: n == 0), "tested twice is a mistake, too"),
    ("01-5", lambda f, a: count_of(f, a, start=1), "counts places from 0"),
    ("01-5", lambda f, a: count_of(f, a, tested=lambda p, fold: p in fold["test"]), "`test` were read."),
    ("01-5", lambda f, a: count_of(f, a, start=1, tested=lambda p, fold: p in fold["test"]), "`test` were read, and"),
    ("01-5", lambda f, a: count_of(f, a, tested=lambda p, fold: p not in fold["train"]), "`validation` seem"),
    ("01-5", lambda f, a: count_of(f, range(len(a))), "actors' names"),
    ("01-5", lambda f, a: {}, "should be"),
    ("01-5", lambda f, a: list(count_of(f, a)), "got list"),
    ("01-5", lambda f, a: {k: str(v) for k, v in count_of(f, a).items()}, "whole numbers"),
    ("01-5", numbered_from_0, "number 1 meant the first"),
    ("01-5", unless(lambda place, fold: place in fold["train"] and place in fold["validation"]), "not `or`"),
    ("01-5", unless(lambda place, fold: place not in fold["train"]), "those in `train` were counted"),
    ("01-5", unless(lambda place, fold: place in fold["validation"]), "`train` seem to be counted as tested"),
    ("01-5", lambda f, a: count_of(f, sorted(a)), "sorted first"),
    ("01-5", lambda f, a: count_of(f, range(1, 1 + len(a))), "actors' names"),
    ("01-5", lambda f: {}, "mistakes(folds, actors)"),
    ("01-7", "top", "got str"),
    ("01-7", {}, "yours has 0"),
    ("01-7", {"light": "top", "yaw": 10}, "yours has 2"),
    ("01-7", {12: 0.8}, "nobody is to smile"),
    ("01-7", {"au12": 0.8}, "nobody is to smile"),
    ("01-7", {"lamp": "top"}, "should be one of tone, light"),
    ("01-7", {"light": "studio"}, "nothing changes"),
    ("01-7", {"light": "moon"}, "no such value"),
    ("01-7", {"light": "left"}, "answers neutral"),
    ("01-7", {"tone": 10}, "no tone of this face"),
    ("01-7", {"tone": 11}, "from 1 to 10"),
    ("01-7", {"occlusion": "hand"}, "leave the face bare"),
    ("01-7", {"occlusion": "glasses"}, "covers a part of the face"),
    ("01-7", {"yaw": 10}, "Turn further"),
    ("01-7", {"yaw": "left"}, "no such value"),
    ("01-7", {"pitch": 10}, "Another value"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("01-3", 12),
    ("01-3", 12.0),
    ("01-3", np.int64(12)),
    ("01-3", np.float32(8640 / 720)),
    ("01-4", first_of_each),
    ("01-4", by_a_loop),
    ("01-4", by_groups),
    ("01-4", lambda c: c[~c["performance"].duplicated()].copy()),
    ("01-5", count_of),
    ("01-5", by_roles),
    ("01-5", by_counter),
    ("01-5", lambda f, a: count_of([{k: set(v) for k, v in fold.items()} for fold in f], a)),
    ("01-7", {"light": "top"}),
    ("01-7", {"roll": -30}),
    ("01-7", {"yaw": 30.0}),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def cells(root):
    return [cell["source"] for cell in json.loads((root / "notebooks" / "01_dataset_tour.ipynb").read_text())["cells"]]


def test_what_the_chapter_says_of_the_published_split_is_what_its_folds_give(root):
    (makes_folds,) = (source for source in cells(root) if source.startswith("blocks = "))
    space: dict = {}
    exec(makes_folds, space)
    found = ch01.odd_counts(ch01.tested(space["folds"], space["listing"]))
    assert f"gives `{found}`" in "\n".join(cells(root))
    assert found["Actor_01"] == 5 and found["Actor_10"] == 0 and found["Actor_20"] == 2


def test_exercise_01_3_asks_for_what_is_graded(root):
    text = "\n".join(cells(root))
    assert f"holds {ch01.IMAGES:,} images" in text and f"all {ch01.ACTS} acts" in text
