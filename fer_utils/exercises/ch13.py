"""Chapter 13: smoothing in time (13-1), faces followed by overlap (13-3), a box in OpenCV (13-4), latency (13-5)."""

from __future__ import annotations

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.exercises import Wrong, asked, numbers, whole

_ARGUMENTS = "smooth(times, scores, tau)"
#: As near as time stamps in 32-bit floats come.
_CLOSE = 1e-5


def _reference(times, scores, tau, *, weight=None, gaps=None, first=1.0, recall=True) -> np.ndarray:
    """The right answer, or a wrong one that is known.

    Another ``weight`` of a gap, other ``gaps``, a first row scaled, no memory.
    """
    weight = weight or (lambda gap: 1 - np.exp(-gap / tau))
    gaps = np.diff(times) if gaps is None else gaps
    made = np.array(scores, float)
    made[0] *= first
    for row, gap in enumerate(gaps, start=1):
        before = made[row - 1] if recall else np.asarray(scores, float)[row - 1]
        made[row] = before + weight(gap) * (np.asarray(scores, float)[row] - before)
    return made


def _hint(got: np.ndarray, times, scores, tau) -> str:
    """What the answer seems to have done instead."""
    known = lambda **other: np.allclose(got, _reference(times, scores, tau, **other), atol=1e-7)  # noqa: E731
    gaps = np.diff(times)
    if known(weight=lambda gap: np.exp(-gap / tau)):
        return "The two weights are the other way round: the longer the gap, the more the new scores count."
    if known(weight=lambda gap: 1.0):
        return "That is not smoothed at all: the rows are the scores themselves."
    if known(weight=lambda gap: min(1.0, gap / tau)) or known(weight=lambda gap: gap / tau):
        return "It looks as if the weight were dt / tau; that is right for short gaps only. It is 1 - exp(-dt / tau)."
    if known(weight=lambda gap: 1 - 2.0 ** (-gap / tau)):
        return "It looks as if tau were a half-life: the base is e, not 2."
    if known(weight=lambda gap: 1 - np.exp(-gap * tau)):
        return "It looks as if the gap were multiplied by tau; it is divided."
    if known(weight=lambda gap: 1 - np.exp(gap / tau)):
        return "The exponent wants a minus."
    if known(gaps=times[1:] - times[0]):
        return "It looks as if the gap were counted from the first row; it is the time since the row before."
    if known(gaps=times[1:]):
        return "It looks as if the time itself were taken for the gap; it is the time since the row before."
    if known(gaps=np.append(gaps[1:], gaps[-1:])):
        return "It looks as if each row were given the gap after it; it is the time since the row before."
    if known(recall=False):
        return "It looks as if each row were mixed with the raw scores before it; mix it with the smoothed ones."
    if (np.asarray(scores) == np.rint(scores)).all() and (got == np.trunc(got)).all():
        return "The fractions are lost: an array of whole numbers cannot hold them, so make one of floats."
    if (
        len(gaps) > 1
        and any(
            known(gaps=np.full(len(gaps), value))
            for value in (gaps.mean(), np.median(gaps), gaps[0], gaps.min(), 1.0, 1 / 30, 1 / 60)
        )
    ) or _one_weight(got, scores):
        return (
            "It looks as if every row had the same weight, whatever the time since the row before: that is smoothing "
            "by frames."
        )
    if not np.allclose(got.sum(axis=1), 1, atol=1e-6):
        return "The scores of a row should still add up to 1: what the new row gains the old one must lose."
    return ""


def _one_weight(got: np.ndarray, scores) -> bool:
    """Whether each row went the same share of the way from the row before to its scores."""
    way = np.asarray(scores, float)[1:] - got[:-1]
    size = (way * way).sum(axis=1)
    if len(way) < 3 or (size < 1e-9).any():
        return False
    share = ((got[1:] - got[:-1]) * way).sum(axis=1) / size
    return bool(np.allclose(got[1:], got[:-1] + share[:, None] * way, atol=1e-7) and np.ptp(share) < 1e-6)


def _cases():
    rng = np.random.default_rng(1212)
    for count, classes, tau, start in ((9, 4, 0.25, 1.3), (14, 8, 0.6, 0.0), (7, 3, 0.08, 0.0), (1, 5, 0.25, 2.0)):
        gaps = rng.choice([1 / 60, 1 / 30, 0.1, 0.4], count - 1) * rng.uniform(0.7, 1.3, count - 1)
        if count == 14:
            gaps[5] = 0.0  # two answers at one time
        scores = rng.dirichlet(np.full(classes, 0.6), count)
        if count == 7:
            scores = np.eye(classes, dtype=int)[rng.integers(0, classes, count)]
        yield np.concatenate([[start], start + np.cumsum(gaps)]), scores, tau


def grade_smoothing(answer) -> str:
    """Random scores at uneven times.

    Each row by the time since the one before, the first as it is, nothing changed that was given.
    """
    for times, scores, tau in _cases():
        kept = times.copy(), scores.copy()
        rows = f"{len(times)} row{'s' if len(times) > 1 else ''}"
        whole = " (whole numbers)" if scores.dtype.kind == "i" else ""
        given = f"{rows} of {scores.shape[1]} scores{whole} at uneven times, tau = {tau}"
        made = asked(answer, _ARGUMENTS, times, scores, tau)
        if not (np.array_equal(times, kept[0]) and np.array_equal(scores, kept[1])):
            raise Wrong("your function changed an array that it was given; work on a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        if got.shape != scores.shape:
            hint = (
                " The first row belongs to it: nothing is known before, so it is taken as it is."
                if got.shape == (len(times) - 1, *scores.shape[1:])
                else " All rows are wanted, not the last alone."
                if got.shape == scores.shape[1:]
                else " One row a time, one column a label."
                if got.shape == scores.T.shape
                else ""
            )
            raise Wrong(
                f"for {given}: the answer should have the shape of the scores, {scores.shape}; got {got.shape}.{hint}"
            )
        if not np.allclose(got[0], scores[0], atol=_CLOSE):
            raise Wrong(
                f"for {given}: the first row should be the first scores, unchanged; yours begins "
                f"{np.round(got[0, :3], 4).tolist()} and theirs {np.round(scores[0, :3], 4).tolist()}. Before it there "
                "is nothing to mix it with, not even zeros."
            )
        wanted = _reference(times, scores, tau)
        close = np.isclose(got, wanted, atol=_CLOSE)
        if not close.all():
            row, column = (int(place) for place in np.argwhere(~close)[0])
            shown = slice(0, max(3, column + 1))  # the first three, or up to the first that is wrong
            hint = _hint(got, times, scores, tau)
            raise Wrong(
                f"for {given}: row {row} comes {times[row] - times[row - 1]:.3f} s after the row before and should "
                "begin "
                f"{np.round(wanted[row, shown], 6).tolist()}; yours begins {np.round(got[row, shown], 6).tolist()}."
                + (f" {hint}" if hint else "")
            )
    return (
        "right: each row by the seconds since the one before, the first as it came, and nothing of yours in what was "
        "given."
    )


# 13-3 --------------------------------------------------------------------------------------------

#: Two boxes with less in common than this are two faces.
_SAME = 0.3
_FOLLOW = "follow(known, boxes, new)"


def _overlap(a, b, *, over: str = "union") -> float:
    """Intersection over union of two boxes (x, y, w, h); ``over`` names mistakes to recognise."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0, wide) * max(0, high)
    areas = {"union": a[2] * a[3] + b[2] * b[3] - common, "sum": a[2] * a[3] + b[2] * b[3], "box": b[2] * b[3]}
    return common / areas[over]


def _followed(known, boxes, new, *, least=_SAME, over="union", order="overlap", twice=False, keep=False, fresh=None):
    """The right answer; the options are mistakes to recognise."""
    pairs = [
        (_overlap(box, other, over=over), number, k) for number, box in known.items() for k, other in enumerate(boxes)
    ]
    pairs = [pair for pair in pairs if pair[0] >= least and pair[0] > 0]
    if order == "overlap":
        pairs.sort(key=lambda pair: -pair[0])
    elif order == "boxes":
        pairs.sort(key=lambda pair: (pair[2], -pair[0]))
    else:  # each known face in turn takes the best that is left
        pairs.sort(key=lambda pair: (pair[1], -pair[0]))
    made, taken = {}, set()
    for _, number, k in pairs:
        if number not in made and (twice or k not in taken):
            made[number] = boxes[k]
            taken.add(k)
    if keep:
        made |= {number: box for number, box in known.items() if number not in made}
    new = new if fresh is None else fresh(known)
    for k, box in enumerate(boxes):
        if k not in taken:
            made[new] = box
            new += 1
    return made


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
    # Two faces side by side: the first box found overlaps both.
    yield {1: a, 2: moved(a, 30)}, [moved(a, 20), moved(a, 28)], 5, "two faces that stand close"
    yield {1: moved(a, 26), 2: a}, [moved(a, 4)], 5, "two faces, of which one is found"


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
        try:
            got = {whole(number): tuple(float(side) for side in box) for number, box in made.items()}
        except (TypeError, ValueError):
            raise Wrong(f"for {given}: every value should be a box (x, y, w, h); got {made}.") from None
        wanted = _followed(known, boxes, new)
        if got == wanted:
            continue
        hint = next((text for options, text in _FOLLOW_MISTAKES if got == _followed(known, boxes, new, **options)), "")
        raise Wrong(f"for {given}: it should be {wanted}; got {made}.{' ' + hint if hint else ''}")
    return "right: faces keep their numbers, one box is one face, and no number is given twice."


# 13-4 --------------------------------------------------------------------------------------------

_ANNOTATE = "annotate(picture, box, label, score)"
#: Orange and white, blue first, as OpenCV keeps them.
_ORANGE, _WHITE = (0, 159, 230), (255, 255, 255)


def _annotated(
    picture, box, label, score, *, colour=_ORANGE, corner=None, thick=2, text=None, place=None, ink=_WHITE, scale=0.6
):
    """The right answer; the options are mistakes to recognise."""
    cv2 = opencv()
    x, y, w, h = box
    made = picture.copy()
    cv2.rectangle(made, (x, y), corner(box) if corner else (x + w - 1, y + h - 1), colour, thick)
    words = f"{label} {score:.2f}" if text is None else text(label, score)
    if words:
        at = (x, y - 6) if place is None else place(box)
        cv2.putText(made, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1)
    return made


#: Mistakes in 13-4 that a picture may betray.
_ANNOTATE_MISTAKES: tuple[tuple[dict, str], ...] = (
    (
        {"colour": _ORANGE[::-1]},
        "The box is blue: OpenCV's colours are (blue, green, red), so orange is (0, 159, 230).",
    ),
    ({"corner": lambda b: (b[2], b[3])}, "The second corner is not (w, h): it is (x + w - 1, y + h - 1)."),
    ({"corner": lambda b: (b[0] + b[3] - 1, b[1] + b[2] - 1)}, "Width and height have changed places."),
    ({"thick": -1}, "The box is filled and hides the face: the thickness should be 2, and not -1."),
    ({"thick": 1}, "The lines are 1 pixel thick; they should be 2."),
    ({"text": lambda label, score: ""}, "There is no text."),
    ({"text": lambda label, score: label}, "The score is missing in the text."),
    (
        {"text": lambda label, score: f"{label} {score}"},
        "The score should have two digits after the point: f'{score:.2f}'.",
    ),
    (
        {"text": lambda label, score: f"{label} {score:.0%}"},
        "The score is no percentage of anything: write it as 0.87.",
    ),
    ({"place": lambda b: (b[0], b[1] + 6)}, "The text lies inside the box: y counts downwards, so above is y - 6."),
    ({"place": lambda b: (b[0], b[1])}, "The text touches the box: its lower left corner is (x, y - 6)."),
    ({"place": lambda b: (b[1] - 6, b[0])}, "The text's x and y have changed places: a point is (x, y)."),
    ({"ink": _ORANGE}, "The text should be white."),
    ({"scale": 1.0}, "The text is too large: its scale is 0.6."),
)


def _near(got: np.ndarray, wanted: np.ndarray, before: np.ndarray) -> bool:
    """Whether what was drawn is, but for some pixels (another way of drawing the same line), what should be."""
    drawn = (wanted != before).any(axis=2)
    off = np.abs(got.astype(int) - wanted.astype(int)).max(axis=2) > 60
    return bool(off.sum() <= 0.02 * drawn.sum())


def grade_annotate(answer) -> str:
    """Pictures of grey noise; what was drawn is compared pixel by pixel, with some room for other ways of drawing."""
    rng = np.random.default_rng(134)
    cases = [
        (200, 320, (60, 50, 90, 110), "happy", 0.868),
        (180, 260, (120, 40, 70, 60), "calm", 0.5),
        (240, 240, (30, 90, 120, 80), "surprised", 0.123),
    ]
    for high, wide, box, label, score in cases:
        picture = rng.integers(40, 90, (high, wide, 1)).repeat(3, axis=2).astype(np.uint8)
        kept = picture.copy()
        given = f"a picture of {high} x {wide}, the box {box}, {label!r} and {score}"
        made = asked(answer, _ANNOTATE, picture, box, label, score)
        if not np.array_equal(picture, kept):
            raise Wrong("your function drew into the picture that it was given: draw into picture.copy().")
        if not isinstance(made, np.ndarray) or made.shape != picture.shape or made.dtype != np.uint8:
            what = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
            raise Wrong(f"for {given}: return a uint8 picture of shape {picture.shape}; got {what}.")
        wanted = _annotated(picture, box, label, score)
        if _near(made, wanted, picture):
            continue
        if np.array_equal(made, kept):
            raise Wrong(f"for {given}: nothing was drawn.")
        for options, words in _ANNOTATE_MISTAKES:
            if _near(made, _annotated(picture, box, label, score, **options), picture):
                raise Wrong(f"for {given}: {words}")
        row, column = np.argwhere(np.abs(made.astype(int) - wanted.astype(int)).max(axis=2) > 60)[0]
        raise Wrong(
            f"for {given}: the pixel in row {row}, column {column} should be {wanted[row, column].tolist()} (blue, "
            f"green, red); it is {made[row, column].tolist()}."
        )
    return "right: the box and its text stand where they should, in the right colours, and the picture is untouched."


# 13-5 --------------------------------------------------------------------------------------------

#: The three workers of exercise 13-5, in milliseconds a frame, and the camera's frames a second.
WORKERS_MS, CAMERA_FPS = (10.0, 20.0, 6.0), 60.0


def grade_latency(answer) -> str:
    """A pair of numbers; the usual mistakes are recognised."""
    got = numbers(answer)
    if got is None or got.shape != (2,) or not np.isfinite(got).all():
        raise Wrong("the answer should be two numbers: (milliseconds of latency, frames a second).")
    latency, rate = map(float, got)
    total, slowest = sum(WORKERS_MS), max(WORKERS_MS)
    close = lambda value, wanted: abs(value - wanted) <= 0.005 * wanted  # noqa: E731
    if close(latency, total) and close(rate, 1000 / slowest):
        return f"right: {total:g} ms from camera to screen, and {1000 / slowest:g} frames a second."
    if close(latency, 1000 / slowest) and close(rate, total):
        raise Wrong("the two numbers have changed places: latency in milliseconds comes first.")
    latencies = {
        slowest: "that is the slowest worker. A frame passes all three, one after the other.",
        total / 3: "that is the mean of the three. A frame passes all three, one after the other.",
        3 * slowest: "a frame does not wait for the slowest worker at each stage: one that never waits needs the sum.",
        total / 1000: "that is in seconds; asked are milliseconds.",
        1000 / CAMERA_FPS: "that is the time between two frames of the camera.",
    }
    rates = {
        1000 / total: "that would be one worker, who begins a frame when the last one is done. Three work at once.",
        CAMERA_FPS: "the camera gives so many, but the slowest worker cannot take them all.",
        3000 / total: "the work is not shared out evenly: the slowest worker sets the pace.",
        1000 / WORKERS_MS[0]: "the first worker could, but those after it decide as well.",
        1 / slowest: "that is frames a millisecond; asked are frames a second.",
        1000 / WORKERS_MS[2]: "the last worker could, but it gets no more than the slowest lets through.",
    }
    if not close(latency, total):
        known = next(
            (words for value, words in latencies.items() if close(latency, value)), "add up what a frame passes."
        )
        raise Wrong(f"latency {latency:g} ms: {known}")
    known = next((words for value, words in rates.items() if close(rate, value)), "which worker is never idle?")
    raise Wrong(f"{rate:g} frames a second: {known}")
