"""Chapter 13: faces followed by the overlap of their boxes (13-3)."""

from __future__ import annotations

import itertools

from fer_utils.exercises import Wrong, asked, whole

#: Two boxes with less in common than this are two faces.
_SAME = 0.3
_FOLLOW = "follow(known, boxes, new)"


def _overlap(a, b, *, over: str = "union") -> float:
    """Intersection over union of two boxes (x, y, w, h); ``over`` names mistakes to recognise."""
    if over == "corners":  # as if a box were (left, top, right, bottom)
        a, b = ((x, y, max(right - x, 0), max(bottom - y, 0)) for x, y, right, bottom in (a, b))
    if over == "pixels":  # as if a box of w pixels were w + 1 wide
        a, b = ((x, y, w + 1, h + 1) for x, y, w, h in (a, b))
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = wide * high if over == "unclipped" else max(0, wide) * max(0, high)
    both = a[2] * a[3] + b[2] * b[3]
    area = {"sum": both, "box": b[2] * b[3], "smaller": min(a[2] * a[3], b[2] * b[3])}.get(over, both - common)
    return common / area if area else 0.0


def _followed(
    known, boxes, new, *, least=_SAME, over="union", order="overlap", twice=False, keep=False, fresh=None, old=False
):
    """The right answer; the options are mistakes to recognise."""
    pairs = [
        (_overlap(box, other, over=over), number, k) for number, box in known.items() for k, other in enumerate(boxes)
    ]
    pairs = [pair for pair in pairs if pair[0] >= least and pair[0] > 0]
    if order == "sum":
        pairs = _largest_sum(pairs)
    elif order == "smallest":
        pairs.sort()
    elif order == "overlap":
        pairs.sort(key=lambda pair: -pair[0])
    elif order == "boxes":
        pairs.sort(key=lambda pair: (pair[2], -pair[0]))
    else:  # each known face in turn takes the best that is left
        pairs.sort(key=lambda pair: (pair[1], -pair[0]))
    made, taken = {}, set()
    for _, number, k in pairs:
        if number not in made and (twice or k not in taken):
            made[number] = known[number] if old else boxes[k]
            taken.add(k)
    if keep:
        made |= {number: box for number, box in known.items() if number not in made}
    new = new if fresh is None else fresh(known)
    for k, box in enumerate(boxes):
        if k not in taken:
            made[new] = box
            new += 1
    return made


def _largest_sum(pairs: list[tuple]) -> list[tuple]:
    """The pairs whose overlaps have the largest sum, if each face and each box is in one of them."""
    best: list[tuple] = []
    for count in range(1, len(pairs) + 1):
        for chosen in itertools.combinations(pairs, count):
            apart = len({number for _, number, _ in chosen}) == len({k for *_, k in chosen}) == count
            if apart and sum(pair[0] for pair in chosen) > sum(pair[0] for pair in best):
                best = list(chosen)
    return best


#: Mistakes in 13-3 that a result may betray.
_FOLLOW_MISTAKES: tuple[tuple[dict, str], ...] = (
    (
        {"over": "sum"},
        "It looks as if the area were divided by the sum of both: the union counts what they share once.",
    ),
    ({"over": "box"}, "It looks as if the area were divided by that of one box: divide by the union of both."),
    ({"least": 0.0}, "It looks as if every overlap made a pair: below 0.3 two boxes are two faces."),
    ({"least": 0.5}, "It looks as if a pair needed 0.5: 0.3 is enough."),
    (
        {"order": "boxes"},
        "It looks as if each box in turn took its face: the pair with the largest overlap of all is first.",
    ),
    (
        {"order": "known"},
        "It looks as if each face in turn took its box: the pair with the largest overlap of all is first.",
    ),
    (
        {"order": "sum"},
        "It looks as if the sum of all overlaps was made as large as it can be, as in the section on tracking. Here "
        "the pair with the largest overlap is made first, whatever that leaves to the others.",
    ),
    ({"order": "smallest"}, "It looks as if the pair with the smallest overlap was made first."),
    ({"old": True}, "The numbers are right, but a face gets its box of *this* frame, not that of the frame before."),
    ({"over": "corners"}, "It looks as if a box were (left, top, right, bottom): it is (x, y, width, height)."),
    ({"over": "pixels"}, "It looks as if 1 were added to the sides: a box from x to x + w is w wide."),
    (
        {"over": "unclipped"},
        "It looks as if boxes apart had an overlap: two negative sides give a positive area, so take max(0, ...) of "
        "each.",
    ),
    ({"over": "smaller"}, "It looks as if the area were divided by that of the smaller box: divide by the union."),
    ({"least": 0.3 + 1e-9}, "It looks as if a pair needed more than 0.3: an IoU of 0.3 is enough, only below it none."),
    ({"twice": True}, "It looks as if one box were given to two faces: each box belongs to one face."),
    ({"keep": True}, "It looks as if a face without a box were kept: it is not in this frame."),
    (
        {"fresh": lambda known: max(known, default=0) + 1},
        "A number was given again: an earlier face had it. Count on from `new`.",
    ),
    ({"fresh": len}, "A new face got a number that was used: count on from `new`."),
)


def _follow_cases():
    """What is known, the boxes of the next frame and the next free number, with where each is from."""
    a, b, c = (100, 80, 60, 60), (300, 90, 64, 64), (180, 200, 50, 70)
    moved = lambda box, x, y=0, grow=0: (box[0] + x, box[1] + y, box[2] + grow, box[3] + grow)  # noqa: E731
    yield {1: a, 2: b}, [moved(a, 4, 2), moved(b, -3)], 3, "two faces that hardly moved"
    yield {1: a, 2: b}, [moved(b, 5), moved(a, -6, 1, 4)], 3, "the same two, found in another order"
    yield {}, [a, c], 7, "the first frame"
    yield {4: a}, [], 9, "an empty frame"
    yield {2: a, 5: b}, [moved(a, 3), c, moved(b, 2), (400, 20, 40, 40)], 8, "two faces and two that are new"
    yield {1: a, 3: c}, [moved(c, 2)], 6, "a face that has gone"
    yield {2: a}, [moved(a, 45)], 3, "a box that shares little (overlap 0.14)"
    yield {2: a}, [moved(a, 22)], 3, "a box that shares nearly half (overlap 0.46)"
    yield {2: a}, [moved(a, 26)], 3, "a box that shares enough (overlap 0.40)"
    yield {2: (0, 0, 100, 100)}, [(0, 0, 50, 50)], 3, "a small box inside a large one (overlap 0.25)"
    yield {2: (0, 0, 100, 100)}, [(0, 0, 60, 50)], 3, "a box inside another one (overlap 0.3)"
    yield {2: (10, 10, 20, 20)}, [(21, 10, 20, 20)], 3, "two small boxes side by side (overlap 0.29)"
    yield {1: a, 2: moved(a, 30)}, [moved(a, 16), moved(a, 45)], 5, "a row of faces, where the largest sum is another"
    # Two faces side by side: the first box found overlaps both.
    yield {1: a, 2: moved(a, 30)}, [moved(a, 20), moved(a, 28)], 5, "two faces that stand close"
    yield {1: moved(a, 26), 2: a}, [moved(a, 4)], 5, "two faces, of which one is found"


def _numbers_hint(got: dict, wanted: dict, known: dict, new: int) -> str:
    """What may be wrong with the numbers, where the right boxes, or some of them, are there."""
    if None in got:
        return "The numbers should be whole numbers, as those of `known` and `new` are."
    if {number: box for number, box in wanted.items() if number in known} != {
        number: box for number, box in got.items() if number in known
    }:
        return ""
    fresh, right = ([number for number in some if number not in known] for some in (got, wanted))
    if len(fresh) < len(right):
        return "A box without a face is somebody new: each gets a number of its own."
    if sorted(fresh) != sorted(right):
        return f"The new numbers begin with `new`, here {new}, and go up by 1 for each new face only."
    return "New faces are numbered in the order of the list."


def _box_of_each_number(made) -> dict | None:
    """An answer with whole numbers and boxes of floats, or None where it is something else."""
    try:
        return {whole(number): tuple(float(side) for side in box) for number, box in made.items()}
    except (AttributeError, TypeError, ValueError):
        return None


def _mistake(answer) -> str:
    """What the answer does instead: a mistake that explains what it returns for every case."""
    got = []
    for known, boxes, new, _ in _follow_cases():
        try:
            got.append(_box_of_each_number(answer(known, boxes, new)))
        except Exception:  # of the answer, for another case than the one that is shown
            return ""
    for options, words in _FOLLOW_MISTAKES:
        if all(
            one == _followed(known, boxes, new, **options)
            for one, (known, boxes, new, _) in zip(got, _follow_cases(), strict=True)
        ):
            return words
    return ""


def grade_follow(answer) -> str:
    """Frames with faces that come, go, stand close and are found in another order."""
    for known, boxes, new, words in _follow_cases():
        kept = dict(known), list(boxes)
        made = asked(answer, _FOLLOW, known, boxes, new)
        if (known, boxes) != kept:
            raise Wrong("your function changed what it was given; make a new dict.")
        given = f"{words}, known {known}, boxes {boxes}, new = {new}"
        if not isinstance(made, dict):
            raise Wrong(f"for {given}: return a dict, number to box; got {type(made).__name__}.")
        got, wanted = _box_of_each_number(made), _followed(known, boxes, new)
        if got is None:
            raise Wrong(f"for {given}: every value should be a box (x, y, w, h); got {made}.")
        if got == wanted:
            continue
        hint = _mistake(answer) or _numbers_hint(got, wanted, known, new)
        raise Wrong(f"for {given}: it should be {wanted}; got {made}.{' ' + hint if hint else ''}")
    return "right: faces keep their numbers, one box is one face, and no number is given twice."
