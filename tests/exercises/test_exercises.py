"""The graders are graded: every solution passes, every stub and every plausible wrong answer fails, and says why."""

import hashlib
import itertools
import json
import math
import random
import signal
import threading
import time

import graded
import numpy as np
import pandas as pd
from patience import PATIENCE
import pytest

from fer_utils import exercises
from fer_utils.core.errors import FerError
from fer_utils.core.labels import RAVDESS


def cells(root, tag):
    """{exercise number: source of the cell} of all chapters, by tag."""
    import re

    found = {}
    for path in sorted((root / "notebooks").glob("[01a]*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if tag in cell["metadata"].get("tags", []):
                source = "".join(cell["source"])
                (number,) = re.findall(r'check\("([\da-]+)"', source)
                found[number] = source
    return found


def verdict(source):
    """Run a chapter's cell; return the verdict of its last line."""
    from dataclasses import replace

    from fer_utils import studio
    from fer_utils.core import labels

    *body, last = source.strip().splitlines()
    space = {"check": exercises.check, "labels": labels, "np": np, "studio": studio, "replace": replace}
    exec("\n".join(body), space)
    return eval(last, space)


def test_every_chapter_has_exercises_and_every_exercise_a_chapter(root):
    chapters = {p.stem[:2] for p in (root / "notebooks").glob("[01a]*.ipynb")}
    assert {number[:2] for number in exercises.available()} == chapters
    assert set(cells(root, "exercise")) == set(cells(root, "solution")) == set(exercises.available())


@pytest.mark.usefixtures("without_copies")  # the chapters' kernels have the copies: tests/book/test_chapters.py
@pytest.mark.parametrize("number", exercises.available())
def test_solution_passes_and_stub_fails(root, number):
    made = verdict(cells(root, "solution")[number])
    assert made and made.message and number in str(made)
    stub = verdict(cells(root, "exercise")[number])
    assert not stub and stub.message.startswith("not tried yet") and str(stub).startswith("○")
    assert 'class="fer-exercise fer-untried"' in stub._repr_html_()


@pytest.mark.parametrize(
    "number", ["01-4", "02-5", "03-3", "04-1", "04-3", "05-1", "05-3", "06-1", "06-3"]
)  # chapters 1 to 6
def test_what_may_not_be_changed_is_said_in_the_text(root, number):
    (chapter,) = (root / "notebooks").glob(f"{number[:2]}_*.ipynb")
    texts = [cell["source"] for cell in json.loads(chapter.read_text())["cells"]]
    (text,) = (text for text in texts if f"### Exercise {number}:" in text)
    text = text.partition(f"### Exercise {number}:")[2]
    assert "Leave " in text or "Do not change" in text


def without_return():
    """What a function gives that computes and forgets to return."""


def describe(name, **changes):
    part = name.split(".")[0].split("-")
    made = {
        "actor": part[6],
        "sex": "male" if int(part[6]) % 2 else "female",
        "expression": RAVDESS[int(part[2]) - 1],
        "intensity": "strong" if part[3] == "02" else "normal",
        "repetition": int(part[5]),
    }
    return {key: change(part, made) if callable(change) else change for key, change in (made | changes).items()}


def parameters(
    n, d, k, size, *, pools=3, bias=True, channels=1, window=9, reads=None, flat=True, last=True, half=lambda s: s // 2
):
    side = size
    for _ in range(pools):
        side = half(side)
    b = int(bias)
    second, third = reads or (n, 4 * n)
    return (
        (window * channels + b) * n
        + (window * second + b) * 4 * n
        + (window * third + b) * 4 * n
        + (side * side * (4 * n if flat else 1) + b) * d
        + (d + b) * k * last
    )


def split(meta, count, seed, *, rows=lambda r, meta: r, seeded=True):
    rng = np.random.default_rng(seed if seeded else None)
    actors = meta["actor"].to_numpy()
    testing = np.isin(actors, rng.permutation(np.unique(actors))[:count])
    return rows(np.flatnonzero(~testing), meta), rows(np.flatnonzero(testing), meta)


def frame_split(meta, count, seed):
    order = np.random.default_rng(seed).permutation(len(meta))
    cut = len(meta) * count // meta["actor"].nunique()
    return order[cut:], order[:cut]


def interval_by_counts(
    correct, actors, seed, *, ends=(2.5, 97.5), once=False, subset=None, mean_of_means=False, by_rows=False, anew=False
):
    """The answer to 09-1 without a loop.

    ``once`` counts a person once who is drawn twice; ``subset`` people are drawn in the place of all; ``mean_of_means``
    gives each person the same weight; ``by_rows`` draws people in proportion to their frames; ``anew`` draws frames,
    too, for each person drawn.
    """
    rng = np.random.default_rng(seed)
    names, who = np.unique(actors, return_inverse=True)
    right, frames = np.bincount(who, correct), np.bincount(who)
    likely = frames / frames.sum() if by_rows else np.full(len(names), 1 / len(names))
    times = rng.multinomial(subset or len(names), likely, 1000)
    times = np.minimum(times, 1) if once else times
    if mean_of_means:
        shares = times @ (right / frames) / times.sum(axis=1)
    elif anew:  # of as many frames as the person has, each is right with the person's own share
        shares = rng.binomial(times * frames, right / frames).sum(axis=1) / (times @ frames)
    else:
        shares = times @ right / (times @ frames)
    return tuple(np.percentile(shares, ends))


def interval_turned(correct, actors, seed):
    """The percentiles mirrored at the accuracy (the *basic* interval)."""
    low, high = interval_by_counts(correct, actors, seed)
    return tuple(np.clip([2 * correct.mean() - high, 2 * correct.mean() - low], 0, 1))


def chosen(meta, actors):
    testing = meta["actor"].isin(list(actors)).to_numpy()
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def window(meta, count, seed, *, around=True, step=1):
    """Neighbours in the sorted list, from a place that the seed draws."""
    actors = sorted(set(meta["actor"]))
    start = np.random.default_rng(seed).integers(len(actors) if around else len(actors) - count + 1)
    return chosen(meta, [actors[(start + step * i) % len(actors)] for i in range(count)])


def by_drawing_rows(meta, count, seed):
    rng, actors = np.random.default_rng(seed), {}
    while len(actors) < count:
        actors[meta["actor"].iloc[int(rng.integers(len(meta)))]] = True
    return chosen(meta, actors)


def group_shuffle(meta, count, seed):
    from sklearn.model_selection import GroupShuffleSplit

    return next(GroupShuffleSplit(1, test_size=count, random_state=seed).split(meta, groups=meta["actor"]))


def by_digest(meta, count, seed):
    """The names decide, in a way that is the same in every session."""
    digest = lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()  # noqa: E731
    return chosen(meta, sorted(set(meta["actor"]), key=digest)[:count])


def with_lists(meta, count, seed):
    actors = meta["actor"].tolist()
    testing = set(random.Random(seed).sample(list(dict.fromkeys(actors)), count))
    return [i for i, a in enumerate(actors) if a not in testing], [i for i, a in enumerate(actors) if a in testing]


def centres(length, k):
    k = min(k, length)
    return [int((part + 0.5) * length / k) for part in range(k)]


def kept(losses, patience, *, best=math.inf, least=0.0, equal=False):
    """The answer to 05-1; ``best`` before the first epoch, the ``least`` improvement, an equal loss as one."""
    at = 0
    for epoch, loss in enumerate(losses):
        if loss < best - least or (equal and loss == best):
            best, at = loss, epoch
        elif epoch - at >= patience:
            break
    return at


def kept_until_it_rises(losses, patience, *, anew=True):
    """Compares each loss with that before it, or (not ``anew``) never begins to count again."""
    best, bad = 0, 0
    for epoch, loss in enumerate(losses):
        better = loss < (losses[epoch - 1] if anew and epoch else losses[best])
        best = epoch if loss < losses[best] else best
        bad = (0 if anew and better else bad) + (epoch > 0 and not better)
        if bad >= patience:
            break
    return best


def relative(features, actors, neutral, takes, *, known=None, sign=1, only=None):
    """The answer to 07-1; ``known(i, own)`` picks other reference rows, ``only`` the rows that are treated at all."""
    known = known or (lambda i, own: own & neutral & (takes != takes[i]))
    made = np.array(
        [sign * (row - features[known(i, actors == actors[i])].mean(axis=0)) for i, row in enumerate(features)]
    )
    return made if only is None else np.where(only[:, None], made, features)


def relative_to_the_mean_of_takes(features, actors, neutral, takes):
    """Each take's neutral clips are averaged first, and then the takes, however many clips each has."""
    made = np.empty(features.shape)
    for i in range(len(features)):
        own = (actors == actors[i]) & neutral
        others = [take for take in np.unique(takes[own]) if take != takes[i]]
        made[i] = features[i] - np.mean([features[own & (takes == take)].mean(axis=0) for take in others], axis=0)
    return made


def relative_in_place(features, actors, neutral, takes):
    features -= relative(features, actors, neutral, takes).astype(features.dtype)
    return features


def relative_in_whole_numbers(features, actors, neutral, takes):
    made = np.empty_like(features)
    made[:] = relative(features, actors, neutral, takes)
    return made


def occluded(
    ask, picture, label, patch, *, fill=None, sign=1, fresh=True, own=False, turned=False, left=False, dtype=float
):  # dtype None: that of the picture
    """The answer to 07-1."""
    high, wide = picture.shape[0] // patch, picture.shape[1] // patch
    label = int(ask(picture[None])[0].argmax()) if own else label
    plain, made, covered = ask(picture[None])[0, label], np.zeros((high, wide)), picture.astype(dtype or picture.dtype)
    for i in range(high):
        for j in range(wide):
            covered = picture.astype(dtype or picture.dtype) if fresh else covered
            covered[i * patch : (i + 1) * patch, j * patch : (j + 1) * patch] = picture.mean() if fill is None else fill
            now = ask(covered[None])[0, label]
            made[i, j] = now if left else sign * (plain - now)
    return made.T if turned else made


def occluded_in_place(ask, picture, label, patch):
    picture[:patch, :patch] = 0
    return occluded(ask, picture, label, patch)


def told(
    student,
    teacher,
    labels,
    weight,
    temperature,
    *,
    squared=True,
    turned=False,
    warm=("student", "teacher"),
    scaled=True,
    first=True,
    fold=np.mean,
    log=np.log,
    cross=False,
    over=np.sum,
    power=lambda t: 1 / t,
):
    """The answer to 11-1."""
    soften = lambda p, name: p ** power(temperature) if name in warm else p  # noqa: E731
    p, q = soften(student, "student"), soften(teacher, "teacher")
    if scaled:
        p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    p, q = (q, p) if turned else (p, q)
    apart = over(-q * log(p) if cross else q * log(q / p), axis=1)
    return fold(
        first * -log(student[np.arange(len(labels)), labels]) + weight * (temperature**2 if squared else 1) * apart
    )


def told_in_place(student, teacher, *more):
    made = told(student, teacher, *more)
    student **= 0.5
    return made


def inverted(
    h,
    w,
    c,
    d,
    t,
    k,
    s,
    *,
    norms=4,
    bias=0,
    always=False,
    full=False,
    window=None,
    every=(1, 0, 0),
    up=True,
    wide=None,
    add=False,
):
    """The answer to 10-1; ``every`` says which of the three convolutions runs at every place of the input."""

    def places(whole):
        return h * w if whole else (-(-h // s) * -(-w // s) if up else (h // s) * (w // s))

    window, wide = window or k * k, wide or t * c
    first = t > 1 or always
    parameters = (
        first * (c * wide + (norms + bias) * wide)
        + window * wide * (wide if full else 1)
        + (norms + bias) * wide
        + wide * d
        + (norms + bias) * d
    )
    expand, depth, project = map(places, every)
    macs = first * expand * c * wide + depth * window * wide * (wide if full else 1) + project * wide * d
    return parameters, macs + (places(False) * d if add and s == 1 and c == d else 0)


def forever(*_):
    while True:
        pass


def sleeps_forever(*_):
    while True:
        time.sleep(PATIENCE)


def drop_a_row(meta, count, seed):
    train, test = split(meta, count, seed)
    return train[1:], test


def smooth(
    times,
    scores,
    tau,
    *,
    weight=lambda gap, tau: 1 - np.exp(-gap / tau),
    gaps=np.diff,
    first=1,
    recall=True,
    dtype=float,
):
    made = np.array(scores, dtype)
    made[0] = first * made[0]
    for row, gap in enumerate(gaps(times), start=1):
        before = made[row - 1] if recall else scores[row - 1]
        made[row] = before + weight(gap, tau) * (scores[row] - before)
    return made


def smooth_in_place(times, scores, tau):
    for row in range(1, len(scores)):
        scores[row] = scores[row - 1] + (1 - np.exp(-(times[row] - times[row - 1]) / tau)) * (
            scores[row] - scores[row - 1]
        )
    return scores


def smooth_adding(times, scores, tau):
    made = np.array(scores, float)
    for row in range(1, len(made)):
        made[row] = made[row - 1] + (1 - np.exp(-(times[row] - times[row - 1]) / tau)) * scores[row]
    return made


def moving_mean(times, scores, tau):
    return np.array([scores[(times > time - tau) & (times <= time)].mean(axis=0) for time in times])


def mutate(meta, count, seed):
    made = split(meta, count, seed)
    meta["fold"] = 0
    return made


def folded(kernel, bias, gamma, beta, mean, variance, epsilon, *, by=None, scaled=None, moved=None):
    """The answer to 11-1, with another factor a filter, other ways to use it on the kernel, other biases."""
    by = gamma / np.sqrt(variance + epsilon) if by is None else by
    return (kernel * by if scaled is None else scaled(by)), ((bias - mean) * by + beta if moved is None else moved(by))


def fold_in_place(kernel, bias, gamma, beta, mean, variance, epsilon):
    made = folded(kernel, bias, gamma, beta, mean, variance, epsilon)
    kernel *= gamma / np.sqrt(variance + epsilon)
    return kernel, made[1]


def fold_in_place_bias(kernel, bias, gamma, beta, mean, variance, epsilon):
    made = folded(kernel, bias, gamma, beta, mean, variance, epsilon)
    bias -= mean
    return made


WRONG = [
    ("01-1", lambda name: describe(name, actor=lambda p, m: int(p[6])), "'actor'"),
    ("01-1", lambda name: describe(name, sex=lambda p, m: "female" if int(p[6]) % 2 else "male"), "'sex'"),
    ("01-1", lambda name: describe(name, expression=lambda p, m: RAVDESS[int(p[2]) % 8]), "'expression'"),
    ("01-1", lambda name: describe(name, intensity=lambda p, m: p[3]), "'intensity'"),
    ("01-1", lambda name: describe(name, repetition=lambda p, m: p[5]), "'repetition'"),
    ("01-1", lambda name: describe(name, repetition=lambda p, m: int(p[4])), "'repetition'"),
    ("01-1", lambda name: list(describe(name).values()), "should return a dict"),
    ("01-1", lambda name: {k: v for k, v in describe(name).items() if k != "sex"}, "missing: ['sex']"),
    ("01-1", describe("02-01-06-02-01-02-12.mp4"), "should be a function"),
    ("01-1", lambda name: describe("02-01-06-02-01-02-12.mp4"), "should be"),
    ("02-1", lambda n, k: list(range(k)), "frame"),
    ("02-1", lambda n, k: [int(i * n / k) for i in range(k)], "frame"),
    ("02-1", lambda n, k: list(np.linspace(0, n - 1, min(k, n)).astype(int)), "centred"),
    ("02-1", lambda n, k: [int((i + 0.5) * n / k) for i in range(k)], "twice"),
    ("02-1", lambda n, k: [(i + 0.5) * n / k for i in range(min(k, n))], "whole numbers"),
    ("02-1", lambda n, k: sorted(np.random.default_rng(0).permutation(n)[:k]), "centred"),
    ("02-1", lambda n, k: [int((i + 0.5) * n / min(n, k)) for i in range(min(n, k))][::-1], "order of time"),
    ("02-1", lambda n, k: n // k, "list of frame indices"),
    ("02-1", lambda n, k: [i * n // min(n, k) for i in range(min(n, k))], "first frames of the parts"),
    ("02-1", lambda n, k: [(i + 1) * n // min(n, k) - 1 for i in range(min(n, k))], "last frames of the parts"),
    ("02-1", lambda n, k: list(np.linspace(0, n - 1, min(k, n)).astype(int)), "first and the last frame of the clip"),
    ("02-1", lambda n, k: [int((i + 0.5) * (n // min(n, k))) for i in range(min(n, k))], "grows from part to part"),
    ("02-1", lambda n, k: list(range(0, n, max(1, n // k)))[:k], "at steps cut to a whole number"),
    ("03-1", lambda n, d, k, s: 542_136, "should be 542119"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, bias=False), "biases"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, pools=2), "three pools"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, pools=0), "pools are missing"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, channels=3), "pictures are grey"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, window=25), "3 x 3"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, reads=(1, 1)), "*each* channel"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, reads=(n, n)), "channels of the second"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, flat=False), "all channels of the last map"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, last=False), "last layer"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, half=lambda side: -(-side // 2)), "round down"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, half=lambda side: round(side / 2)), "`round` goes up"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, half=lambda side: (side - 2) // 2), "keeps the side"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, s, bias=False), "No layer has biases"),
    ("03-1", lambda n, d, k, s: float(parameters(n, d, k, s)), "whole number"),
    (
        "03-1",
        lambda n, d, k, s: parameters(n, d, k, (s // 8) * 8) if s != 181 else parameters(n, d, k, 184),
        "should be",
    ),
    ("03-1", lambda n, d: 0, "should be parameters(filters, dense, classes, size)"),
    ("03-1", lambda n, d, k, s: without_return(), "should be"),
    ("04-1", frame_split, "both sides"),
    ("04-1", lambda m, c, s: split(m, c, 0), "almost the same test actors"),
    ("04-1", lambda m, c, s: split(m, c, s, seeded=False), "same seed"),
    ("04-1", lambda m, c, s: split(m, c, s, rows=lambda r, meta: meta.index[r].to_numpy()), "positions"),
    ("04-1", lambda m, c, s: split(m, c, s)[::-1], "train and test changed places"),
    ("04-1", lambda m, c, s: chosen(m, random.Random(s).choices(sorted(set(m["actor"])), k=c)), "without replacement"),
    ("04-1", lambda m, c, s: chosen(m, range(1, c + 1)), "whatever they are"),
    ("04-1", lambda m, c, s: split(m, c, s)[0], "two things"),
    ("04-1", drop_a_row, "every row belongs"),
    ("04-1", mutate, "changed the table"),
    ("04-1", lambda m, c, s: split(m, 1, s), "should test"),
    ("05-1", lambda losses, patience: int(np.argmin(losses)), "patience ran out"),
    ("05-1", lambda losses, patience: len(losses) - 1, "kept"),
    ("05-1", lambda losses, patience: min(range(len(losses)), key=lambda i: (losses[i], -i)), "kept"),
    ("05-1", lambda losses, patience: losses.sort() or 0, "should be"),
    ("05-1", lambda losses, patience: float(np.argmin(losses[: patience + 1])), "kept"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own & n), "part of what is taken"),
    (
        "07-1",
        lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own & n & (np.arange(len(f)) != i)),
        "gives the label away",
    ),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own & n & (t == t[i])), "same take"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: n), "everybody's neutral"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: n & (t != t[i])), "everybody's neutral"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own), "take the neutral ones"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own & (t != t[i])), "take the neutral ones"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, sign=-1), "other way round"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t, only=~n), "treat the neutral ones by the same rule"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t)[np.argsort(a, kind="stable")], "another order"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t)[~n], "shape of the features"),
    (
        "07-1",
        lambda f, a, n, t: relative(f, a, n, t, known=lambda i, own: own & n & (t != t[i]) & (t > 1)),
        "of no clips",
    ),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t) / f.std(axis=0), "should begin with"),
    ("07-1", lambda f, a, n, t: {"made": relative(f, a, n, t)}, "array of numbers"),
    ("07-1", lambda f, a, n, t: without_return(), "array of numbers; got NoneType"),
    ("07-1", lambda f, a, n: f, "relative(features, actors, neutral, takes)"),
    ("07-1", relative_in_place, "changed an array"),
    ("07-1", relative_in_whole_numbers, "lost their fractions"),
    ("08-1", lambda *a: occluded(*a, sign=-1), "other way round"),
    ("08-1", lambda *a: occluded(*a, left=True), "what is left"),
    ("08-1", lambda *a: occluded(*a, fresh=False), "stayed covered"),
    ("08-1", lambda *a: occluded(*a, fill=0), "black"),
    ("08-1", lambda *a: occluded(*a, fill=255), "white"),
    ("08-1", lambda *a: occluded(*a, own=True), "network's own answer"),
    ("08-1", lambda *a: occluded(*a, turned=True), "Rows come first"),
    ("08-1", lambda *a: occluded(*a, dtype=None), "fraction"),
    ("08-1", lambda *a: occluded(*a).ravel(), "one number a square"),
    ("08-1", lambda ask, picture, label, patch: occluded(lambda p: ask(p[0]), picture, label, patch), "picture[None]"),
    ("08-1", occluded_in_place, "cover a copy"),
    ("08-1", lambda ask, picture: without_return(), "occluded(ask, picture, label, patch)"),
    ("08-1", lambda *a: without_return(), "return an array of numbers"),
    ("09-1", lambda c, a, s: interval_by_counts(c, np.arange(len(c)), s), "whole actors"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(25, 75)), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(0, 100)), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, mean_of_means=True), "Pool the frames"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, subset=3), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, None), "same seed"),
    ("09-1", lambda c, a, s: np.mean(c), "two numbers"),
    ("09-1", lambda c, a, s: (0.0, 1.0), "(1, 1)"),
    ("01-1", lambda: {}, "should be describe(name)"),  # noqa: PIE807 - it takes nothing, and `dict` would
    ("02-1", lambda n: [], "should be sample(length, k)"),
    ("04-1", lambda m, c: m, "should be actor_split(meta, test_actors, seed)"),
    ("05-1", lambda losses: 0, "should be stop(losses, patience)"),
    ("09-1", lambda c: c, "should be interval(correct, actors, seed)"),
    ("05-1", lambda losses, patience: exit(), "raised SystemExit"),
    ("12-1", lambda *a: told(*a, squared=False), "T²"),
    ("12-1", lambda *a: math.ceil(1.5, 2), "raised TypeError"),
    ("12-1", lambda *a: told(*a, turned=True), "changed places"),
    ("12-1", lambda *a: told(*a, warm=()), "nothing was softened"),
    ("12-1", lambda *a: told(*a, warm=("student",)), "only the student"),
    ("12-1", lambda *a: told(*a, warm=("teacher",)), "only the teacher"),
    ("12-1", lambda *a: told(*a, scaled=False), "add up to 1"),
    ("12-1", lambda *a: told(*a, first=False), "first term"),
    ("12-1", lambda *a: told(*a, fold=np.sum), "take the mean"),
    ("12-1", lambda *a: told(*a, log=np.log2), "base of 2"),
    ("12-1", lambda *a: told(*a, cross=True), "cross-entropy"),
    ("12-1", lambda *a: told(*a, over=np.mean), "sum over the labels"),
    ("12-1", lambda *a: told(*a, power=lambda t: t), "sharpens"),
    ("12-1", lambda s, t, y, w, tau: told(s, t, t.argmax(axis=1), w, tau), "the face's own"),
    ("12-1", lambda *a: told(*a, fold=np.asarray), "return one number"),
    ("12-1", lambda s, t, y: 0.0, "loss(student, teacher, labels, weight, temperature)"),
    ("12-1", told_in_place, "changed the arrays"),
    ("12-1", lambda *a: without_return(), "return one number"),
    ("12-1", lambda *a: 1.0, "the loss is"),
    ("10-1", lambda *a: inverted(*a, norms=0), "left out"),
    ("10-1", lambda *a: inverted(*a, norms=2), "has four"),
    ("10-1", lambda *a: inverted(*a, bias=1), "superfluous"),
    ("10-1", lambda *a: inverted(*a, norms=0, bias=1), "in place of the normalisation's"),
    ("10-1", lambda *a: inverted(*a, always=True), "nothing to widen"),
    ("10-1", lambda *a: inverted(*a, full=True), "its own channel only"),
    ("10-1", lambda *a: inverted(*a, window=a[5]), "kernel * kernel"),
    ("10-1", lambda *a: inverted(*a, window=9), "should have the window"),
    ("10-1", lambda *a: inverted(*a, every=(0, 0, 0)), "before the stride"),
    ("10-1", lambda *a: inverted(*a, every=(1, 1, 1)), "fewer places"),
    ("10-1", lambda *a: inverted(*a, every=(1, 1, 0)), "is the one that strides"),
    ("10-1", lambda *a: inverted(*a, every=(1, 0, 1)), "after the stride"),
    ("10-1", lambda *a: inverted(*a, up=False), "round up"),
    ("10-1", lambda *a: inverted(*a, add=True), "shortcut adds"),
    ("10-1", lambda *a: inverted(*a, wide=a[3] * a[4]), "not its outputs"),
    ("10-1", lambda h, w, c, d, t, k, s: inverted(h, w, d, c, t, k, s), "changed places"),
    ("10-1", lambda *a: inverted(*a)[::-1], "parameters come first"),
    ("10-1", lambda *a: (inverted(*a)[0], 2 * inverted(*a)[1]), "two operations"),
    ("10-1", lambda *a: (inverted(*a)[0], inverted(1, 1, *a[2:6], 1)[1]), "one place"),
    ("10-1", lambda *a: (float(inverted(*a)[0]), inverted(*a)[1]), "whole number"),
    ("10-1", lambda *a: inverted(*a)[0], "two numbers"),
    ("10-1", lambda *a: {"parameters": 1, "macs": 2}, "two numbers"),
    ("10-1", lambda *a: tuple(map(str, inverted(*a))), "whole number"),
    ("10-1", lambda h, w, c, d: (0, 0), "inverted(height, width, inputs, outputs, expansion, kernel, stride)"),
    (
        "13-1",
        lambda t, s, tau: smooth(t, s, tau, gaps=lambda t: np.full(len(t) - 1, np.diff(t).mean() if len(t) > 1 else 0)),
        "smoothing by frames",
    ),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: 0.1), "smoothing by frames"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: np.exp(-gap / tau)), "other way round"),
    ("13-1", lambda t, s, tau: np.array(s, float), "not smoothed at all"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: min(1, gap / tau)), "dt / tau"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: gap / tau), "short gaps only"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: 1 - 0.5 ** (gap / tau)), "half-life"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: 1 - np.exp(-gap * tau)), "divided"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, weight=lambda gap, tau: 1 - np.exp(gap / tau)), "minus"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, gaps=lambda t: t[1:] - t[0]), "from the first row"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, gaps=lambda t: t[1:]), "time itself"),
    (
        "13-1",
        lambda t, s, tau: smooth(t, s, tau, gaps=lambda t: [*np.diff(t)[1:], *np.diff(t)[-1:]]),
        "the gap after it",
    ),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, recall=False), "raw scores"),
    ("13-1", lambda t, s, tau: smooth(-t[::-1], s[::-1], tau)[::-1], "first row should be"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, first=0), "not even zeros"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau, dtype=s.dtype), "fractions"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau)[1:], "first row belongs"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau)[-1], "not the last alone"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau).T, "one column a label"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau).argmax(axis=1), "shape of the scores"),
    ("13-1", lambda t, s, tau: smooth(t, s, tau) / smooth(t, s, tau).max(axis=1, keepdims=True), "unchanged"),
    ("13-1", smooth_adding, "add up to 1"),
    ("13-1", moving_mean, "should begin"),
    ("13-1", smooth_in_place, "work on a copy"),
    ("13-1", lambda t, s: s, "smooth(times, scores, tau)"),
    ("13-1", lambda t, s, tau: without_return(), "array of numbers; got NoneType"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: t - m * by),
        "own bias was left out",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: b), "bias is as it was"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: b + t - m * by),
        "bias was not scaled",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: b * by + t - m),
        "mean was not scaled",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: b * by + t), "mean was left out"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: b * by),
        "mean and beta were left out",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (b - m) * by),
        "beta was left out",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (b - m + t) * by),
        "beta was scaled, too",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (b + m) * by + t),
        "wrong sign: it is taken away",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (m - b) * by + t),
        "bias minus mean",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (b - m) * by - t), "it is added"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, moved=lambda by: (b - m) / np.sqrt(v + e) + t),
        "gamma was left out of the bias",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, scaled=lambda by: k), "kernel is as it was"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, scaled=lambda by: k * by[:, None]),
        "filters are the last",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, scaled=lambda by: k * by[:, None, None, None]),
        "filters are the last",
    ),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(
            k, b, g, t, m, v, e, scaled=lambda by: k * (by[:, None] if k.shape[2] != 3 else by)
        ),
        "The last.",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=1 / np.sqrt(v + e)), "gamma was left out"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=np.abs(g) / np.sqrt(v + e)), "lost its sign"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g), "only gamma"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g / (v + e)), "square root"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g * np.sqrt(v + e)), "it divides"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g / np.sqrt(v)), "epsilon was left out"),
    (
        "11-1",
        lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g / np.sqrt(v + 1e-3)),
        "take the one that is given",
    ),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, t, m, v, e, by=g / (np.sqrt(v) + e)), "under it"),
    ("11-1", lambda k, b, g, t, m, v, e: folded(k, b, g, m, t, v, e), "should be"),
    ("11-1", fold_in_place, "changed the kernel"),
    ("11-1", fold_in_place_bias, "changed the bias"),
    ("11-1", lambda *a: folded(*a)[::-1], "the kernel comes first"),
    ("11-1", lambda *a: folded(*a)[0], "two things"),
    ("11-1", lambda *a: folded(*a[:-1], 1e-2), "epsilon 0.1"),
    ("11-1", lambda *a: (folded(*a)[0].transpose(3, 2, 0, 1), folded(*a)[1]), "in other places"),
    ("11-1", lambda *a: (folded(*a)[0], folded(*a)[1].sum()), "keeps its shape"),
    ("11-1", lambda *a: (None, None), "arrays of numbers"),
    ("01-1", lambda name: describe(name, repetition=lambda p, m: float(p[5])), "not of type float"),
    ("01-1", lambda name: describe(name, intensity="strong" if name[9:11] == 2 else "normal"), "is the text '02'"),
    ("01-1", lambda name: describe(name, expression=lambda p, m: RAVDESS[int(p[2])]), "they count from 01"),
    ("01-1", lambda name: describe(name, sex="male" if name[18:20] % 2 else "female"), "by int(...)"),
    ("02-1", lambda n, k: [str(i) for i in centres(n, k)], "is of type str"),
    ("02-1", lambda n, k: [float(i) for i in centres(n, k)], "is of type float"),
    ("02-1", lambda n, k: "012345"[:k], "list of frame indices"),
    ("02-1", lambda n, k: set(centres(n, k)), "list of frame indices"),
    ("02-1", lambda n, k: [math.nan] * k, "whole numbers"),
    ("02-1", lambda n, k: itertools.count(), "has frames"),
    ("02-1", lambda n, k: [int(p[0]) for p in np.array_split(np.arange(n), min(n, k))], "centred"),
    ("02-1", lambda n, k: [i * (n // min(n, k)) + n // min(n, k) // 2 for i in range(min(n, k))], "centred"),
    ("03-1", lambda *a: np.float32(parameters(*a)), "whole number"),
    ("03-1", lambda *a: str(parameters(*a)), "not of type str"),
    ("03-1", lambda n, d, k, s: parameters(n, d, k, 8 * round(s / 8)), "should be"),
    ("04-1", lambda m, c, s: chosen(m, np.random.default_rng(s).permutation(list(set(m["actor"])))[:c]), "session"),
    ("04-1", lambda m, c, s: chosen(m, random.Random(s).sample([*frozenset(m["actor"].unique())], c)), "session"),
    (
        "04-1",
        lambda m, c, s: chosen(m, np.random.default_rng(s).choice([*{a for a in m["actor"]}], c, replace=False)),  # noqa: C416
        "session",
    ),
    ("04-1", window, "neighbours"),
    ("04-1", lambda m, c, s: window(m, c, s, around=False), "equally likely"),
    ("04-1", lambda m, c, s: window(m, c, s, step=m["actor"].nunique() // c), "neighbours"),
    ("04-1", lambda m, c, s: chosen(m, m.sample(frac=1, random_state=s)["actor"].unique()[:c]), "not from the rows"),
    ("04-1", by_drawing_rows, "not from the rows"),
    ("04-1", lambda m, c, s: chosen(m, m["actor"].value_counts().index[:c]), "almost the same test actors"),
    ("04-1", lambda m, c, s: (list(range(len(m))), []), "should test"),
    ("04-1", lambda m, c, s: tuple(rows[:, None] for rows in split(m, c, s)), "one dimension"),
    ("04-1", lambda m, c, s: tuple((rows,) for rows in split(m, c, s)), "one dimension"),
    ("04-1", lambda m, c, s: tuple(m.iloc[rows] for rows in split(m, c, s)), "one dimension"),
    ("04-1", lambda m, c, s: tuple(set(rows) for rows in split(m, c, s)), "one array of row positions"),
    ("04-1", lambda m, c, s: tuple(rows.astype(float) for rows in split(m, c, s)), "row positions"),
    ("04-1", lambda m, c, s: tuple(np.isin(np.arange(len(m)), rows) for rows in split(m, c, s)), "a mask"),
    ("05-1", lambda *a: float(kept(*a)), "not of type float"),
    ("05-1", lambda *a: str(kept(*a)), "not of type str"),
    ("05-1", lambda *a: kept(*a, best=100), "losses of any size"),
    ("05-1", lambda *a: kept(*a, equal=True), "equal loss is no improvement"),
    ("05-1", lambda *a: kept_until_it_rises(*a), "but not below its lowest"),
    ("05-1", lambda *a: kept_until_it_rises(*a, anew=False), "begins the count anew"),
    ("05-1", lambda *a: kept(*a, least=1e-4), "smallest improvement"),
    ("07-1", lambda *a: relative(*a).astype(str), "array of numbers"),
    ("07-1", lambda *a: relative(*a) + 0.0003, "should begin with"),
    ("07-1", lambda f, a, n, t: relative(f, a, n, t) + 0.01 * (np.arange(f.shape[1]) == 1), "in column 1"),
    ("07-1", lambda f, a, n, t: relative(f.astype("float32"), a, n, t, sign=-1), "other way round"),
    ("07-1", relative_to_the_mean_of_takes, "for 5 actors with 3 takes: row"),
    (
        "07-1",
        lambda f, a, n, t: relative(f, a, n, t) + (len(set(a)) == 1),
        "for 1 actor with 2 takes: row",
    ),
    ("08-1", lambda ask, p, label, patch: occluded(ask, p, label, patch, fill=np.median(p)), "loses"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(5, 95)), "times as wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(1, 99)), "times as wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(0.5, 99.5)), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(10, 90)), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(1, 96)), "to one side"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, ends=(0, 95)), "wide"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, once=True), "twice two times the frames"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, 0), "three seeds"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s)[::-1], "low below high"),
    ("09-1", lambda c, a, s: tuple(map(str, interval_by_counts(c, a, s))), "two numbers"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, by_rows=True), "equally likely"),
    ("09-1", lambda c, a, s: interval_by_counts(c, a, s, anew=True), "draw no frames"),
    ("09-1", interval_turned, "lower end"),
    ("10-1", lambda *a: np.array(inverted(*a), float), "whole number"),
    ("10-1", lambda *a: set(inverted(*a)), "two numbers"),
    ("11-1", lambda *a: [part.astype(str) for part in folded(*a)], "arrays of numbers"),
    ("12-1", lambda *a: str(told(*a)), "return one number"),
    ("12-1", lambda *a: told(*a) + 3e-5, "the loss is"),
    ("13-1", lambda *a: smooth(*a).astype(str), "array of numbers"),
    ("11-1", lambda kernel, bias: (kernel, bias), "fold(kernel, bias, gamma, beta, mean, variance, epsilon)"),
]


# A wrong answer may take the mean of nothing.
test_wrong_answers_fail_with_a_reason = pytest.mark.filterwarnings("ignore::RuntimeWarning")(
    graded.wrong_answers_fail_with_a_reason(WRONG)
)


#: Right answers, written in other ways than the chapters' own.
RIGHT = [
    (
        "01-1",
        lambda name: {k: np.int8(v) if k == "repetition" else np.str_(v) for k, v in describe(name).items()},
    ),
    *[
        ("02-1", lambda n, k, made=made: made(centres(n, k)))
        for made in (
            tuple,
            iter,
            np.array,
            pd.Series,
            pd.Index,
            lambda x: (i for i in x),
            lambda x: np.array(x, "uint16"),
        )
    ],
    ("02-1", lambda n, k: [round((i + 0.5) * n / min(n, k) - 0.5) for i in range(min(n, k))]),
    ("02-1", lambda n, k: [int(p[len(p) // 2]) for p in np.array_split(np.arange(n), min(n, k))]),
    ("02-1", lambda n, k: [int(p[(len(p) - 1) // 2]) for p in np.array_split(np.arange(n), min(n, k))]),
    *[("03-1", lambda *a, made=made: made(parameters(*a))) for made in (np.int64, np.uint32, np.array)],
    ("04-1", group_shuffle),
    ("04-1", by_digest),
    ("04-1", with_lists),
    ("04-1", lambda m, c, s: chosen(m, random.Random(s).sample(sorted(set(m["actor"])), c))),
    ("04-1", lambda m, c, s: chosen(m, np.random.RandomState(s).choice(m["actor"].unique(), c, replace=False))),
    ("04-1", lambda m, c, s: chosen(m, pd.Series(m["actor"].unique()).sample(c, random_state=s))),
    *[
        ("04-1", lambda m, c, s, made=made: [made(rows) for rows in split(m, c, s)])
        for made in (list, tuple, pd.Series, pd.Index, lambda rows: rows[::-1].astype("int16"))
    ],
    *[("05-1", lambda *a, made=made: made(kept(*a))) for made in (int, np.int64, np.uint8, np.array)],
    ("07-1", lambda f, a, n, t: relative(f.astype("float32"), a, n, t)),
    *[
        ("07-1", lambda *a, made=made: made(relative(*a)))
        for made in (np.ndarray.tolist, pd.DataFrame, np.float32, np.asfortranarray)
    ],
    ("08-1", lambda *a: occluded(*a, dtype="float32").astype("float32")),
    ("08-1", lambda *a: pd.DataFrame(occluded(*a))),
    *[
        ("09-1", lambda c, a, s, made=made, shift=shift: made(interval_by_counts(c, a, s + shift)))
        for shift, made in enumerate((tuple, list, np.array, np.float32, pd.Series, iter, np.longdouble, tuple), 100)
    ],
    *[("10-1", lambda *a, made=made: made(inverted(*a))) for made in (list, np.array, pd.Series, iter)],
    ("10-1", lambda *a: tuple(map(np.uint32, inverted(*a)))),
    *[
        ("11-1", lambda *a, made=made: [made(part) for part in folded(*a)])
        for made in (np.float32, np.ndarray.tolist, np.asfortranarray)
    ],
    *[("12-1", lambda *a, made=made: made(told(*a))) for made in (float, np.float32, np.array)],
    ("13-1", lambda t, s, tau: smooth(t.astype("float32"), s.astype("float32"), np.float32(tau), dtype="float32")),
    *[("13-1", lambda *a, made=made: made(smooth(*a))) for made in (np.ndarray.tolist, pd.DataFrame, np.float32)],
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_two_numbers_that_differ_are_shown_so_that_they_differ():
    made = exercises.check("07-1", lambda *a: relative(*a) + 0.0003)
    right, yours = made.message.split("begin with ")[1].removesuffix(".").split("; your function gave ")
    assert not made and 0.0002 < float(yours) - float(right) < 0.0004


NONSENSE = {
    "text": "abc",
    "text of digits": "12",
    "a hole": np.array(None),
    "an object": object(),
    "complex": 1j,
    "complex numbers": [1j, 2],
    "ragged": [[1], [2, 3]],
    "two ragged": [[[1], [2, 3]]] * 2,
    "two holes": (None, None),
    "two empty lists": ([], []),
    "not finite": (math.inf, math.nan),
    "masked": np.ma.masked,
    "a set": {1, 2},
    "a dict": {1: 1, 2: 2},
    "missing": pd.NA,
    "a time": np.datetime64("2020-01-01"),
    "too large": 10**400,
    "two too large": (10**400, 10**400),
    "an empty table": pd.DataFrame(),
    "a column": pd.Series([1, 2]),
    "True": True,
}


@pytest.mark.usefixtures("without_copies")
@pytest.mark.parametrize("made", NONSENSE)
@pytest.mark.parametrize("number", exercises.available())
def test_nonsense_is_refused_in_words_and_never_blamed_on_the_code(number, made):
    value = exercises.asks_for_a_value(number)
    got = exercises.check(number, NONSENSE[made] if value else lambda *_: NONSENSE[made])
    assert not got and "your code raised" not in got.message, got.message


@pytest.mark.parametrize("number", [n for n in exercises.available() if not exercises.asks_for_a_value(n)])
def test_answers_that_misbehave_are_wrong_and_not_errors(number, monkeypatch):
    def raises(*_):
        raise KeyError("nothing here")

    with monkeypatch.context() as without_copies:
        without_copies.setattr(exercises.guard, "_copied", lambda *_: "back")
        for answer, word in [
            (None, "not tried yet"),
            (..., "not tried yet"),
            (raises, "KeyError"),
            (3, "should be a function"),
            (lambda: 1, "argument"),
        ]:
            made = exercises.check(number, answer)
            assert not made and word in made.message
    monkeypatch.setattr(exercises, "SECONDS", 0.2)
    made = exercises.check(number, sleeps_forever)
    assert not made and "never ends" in made.message


@pytest.mark.parametrize("number", ["01-1", "02-1", "05-1", "13-3"])
def test_a_function_that_returns_nothing_is_told_what_is_missing_once(number):
    said = exercises.check(number, lambda *a: print(end="")).message
    assert said.endswith(" A function without `return` returns None.") and said.count("returns None") == 1


def test_an_error_that_cannot_say_what_it_is_is_still_named():
    class SilentError(Exception):
        def __str__(self):
            raise ValueError

    def raises(name):
        raise SilentError

    assert "raised SilentError: (without words) (line " in exercises.check("01-1", raises).message


def test_an_error_names_the_line_of_the_answer_and_what_it_was_given():
    def without_twins(clips):
        return clips.drop_duplicates(subset="act")  # raises deep in pandas

    line = without_twins.__code__.co_firstlineno + 1
    message = exercises.check("01-4", without_twins).message
    assert "raised KeyError" in message
    assert f"(line {line} of without_twins, for clips = DataFrame of shape (12, " in message
    message = exercises.check("02-1", lambda length, k: [length // (k - 6)]).message
    assert message.endswith("of <lambda>, for length = 6, k = 6).")


def test_a_long_error_is_shortened_to_one_line():
    def raises(name):
        raise ValueError("what is wrong\n" + 1000 * "again ")

    message = exercises.check("01-1", raises).message
    assert "what is wrong again" in message and "..." in message and len(message) < 450


def test_an_error_that_takes_no_attributes_is_named_all_the_same():
    class SlottedError(Exception):
        def __setattr__(self, name, value):
            raise AttributeError(name)

    def raises(name):
        raise SlottedError("full")

    assert "raised SlottedError: full (line " in exercises.check("01-1", raises).message


def test_a_wrong_shape_that_is_not_turned_gets_no_hint():
    message = exercises.check("08-1", lambda *a: occluded(*a)[:, :-1]).message
    assert message.endswith("of shape (3, 5); got (3, 4).")


def test_an_answer_cannot_swallow_the_time_limit(monkeypatch):
    def stubborn(name):
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    monkeypatch.setattr(exercises, "SECONDS", 0.2)
    assert "never ends" in exercises.check("01-1", stubborn).message


def test_without_a_copy_a_loop_in_python_is_stopped_and_leaves_no_thread(without_copies, monkeypatch):
    monkeypatch.setattr(exercises, "SECONDS", 0.1)
    assert "never ends" in exercises.check("01-1", forever).message
    for thread in threading.enumerate():
        if thread.name == "answer":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_without_a_copy_a_wait_that_catches_everything_is_out_of_time(without_copies, monkeypatch):
    free = threading.Event()

    def stubborn(name):
        while not free.is_set():
            try:
                free.wait(PATIENCE)
            except BaseException:
                pass

    monkeypatch.setattr(exercises, "SECONDS", 0.1)
    try:
        assert "never ends" in exercises.check("01-1", stubborn).message
    finally:
        free.set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_without_a_copy_whatever_an_answer_raises_is_its_own(without_copies, error):
    def raises(name):
        raise error

    assert f"raised {error.__name__}" in exercises.check("01-1", raises).message


def test_without_a_copy_too_little_memory_is_said(without_copies):
    def large(name):
        raise MemoryError

    assert "memory" in exercises.check("01-1", large).message


def test_a_reader_who_interrupts_an_answer_gets_no_verdict():
    with pytest.raises(KeyboardInterrupt):
        exercises.check("01-1", lambda name: signal.raise_signal(signal.SIGINT) or time.sleep(1))


def test_a_check_works_in_any_thread_and_in_its_context():
    """NumPy keeps what it does about a division by zero in a thread's context."""
    heard = []

    def sample(length, k):
        heard.append(np.geterr()["divide"])
        return centres(length, k)

    def ask():
        with np.errstate(divide="raise"):
            heard.append(exercises.check("02-1", sample))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(PATIENCE)
    assert heard[-1].passed and set(heard[:-1]) == {"raise"}


def test_a_right_answer_in_32_bit_floats_is_right():
    short = lambda *a: told(*(np.asarray(part, "float32") for part in a[:2]), a[2], np.float32(a[3]), np.float32(a[4]))  # noqa: E731
    assert (made := exercises.check("12-1", short)).passed, made.message


def computes_and_forgets_to_return(name):
    """A function with a docstring, as the stubs may have."""
    made = name.split("-")  # noqa: F841


def documented_stub(name):
    """A function with a docstring."""


@pytest.mark.parametrize(
    "answer, tried",
    [
        (documented_stub, False),
        (lambda name: None, False),
        (lambda name: ..., True),
        (lambda name: 0, True),
        (lambda name: name, True),
        (computes_and_forgets_to_return, True),
        (print, True),
    ],
)
def test_only_what_does_nothing_is_untried(answer, tried):
    made = exercises.check("01-1", answer)
    assert not made and made.tried == tried
    assert str(made).startswith("✗" if tried else "○")
    assert made.message.startswith("not tried yet") != tried


def test_unknown_exercise():
    with pytest.raises(FerError, match=r"`exercise`.*01-1.*'99-9'"):
        exercises.check("99-9", print)
