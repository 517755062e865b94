"""Answers to chapter 13's exercises that are right or plausibly wrong; more to 13-1 are in test_exercises.py."""

from __future__ import annotations

import fractions
import itertools
import json
import math
import re
import statistics
from types import MappingProxyType

import bring_model_cell
import cv2
import graded
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from fer_utils import compress
from fer_utils.core.errors import FerError
from fer_utils.exercises import ch13, ch13_files, ch13_follow
from fer_utils.faces import Box
from fer_utils.synthetic.posed_faces import posed_faces

ORANGE, WHITE = (0, 159, 230), (255, 255, 255)


def iou(a, b):
    return Box(*a, 0).overlap(Box(*b, 0))


def follow(known, boxes, new, *, least=0.3, measure=iou, again=None, keep=False, shared=False, order=None):
    """An answer to 13-3."""
    scores = {(n, k): measure(box, other) for n, box in known.items() for k, other in enumerate(boxes)}
    made, left = {}, set(range(len(boxes)))
    for n, k in sorted(scores, key=order or (lambda pair: -scores[pair])):
        if scores[n, k] >= least and scores[n, k] > 0 and n not in made and (shared or k in left):
            made[n] = boxes[k]
            left.discard(k)
    if keep:
        made = known | made
    new = new if again is None else again(known)
    for number, k in enumerate(sorted(left), new):
        made[number] = boxes[k]
    return made


def by_matrix(known, boxes, new):
    """The largest of a table, again and again, with NumPy."""
    numbers, left, made = list(known), list(range(len(boxes))), {}
    table = np.array([[iou(known[n], box) for box in boxes] for n in numbers]).reshape(len(numbers), len(boxes))
    while table.size and table.max() >= 0.3:
        row, column = np.unravel_index(table.argmax(), table.shape)
        made[np.int64(numbers[row])] = list(boxes[column])
        left.remove(column)
        table[row], table[:, column] = -1, -1
    return made | {new + place: boxes[k] for place, k in enumerate(left)}


def recursive(known, boxes, new):
    pairs = [(iou(box, other), n, k) for n, box in known.items() for k, other in enumerate(boxes)]
    if not pairs or max(pairs)[0] < 0.3:
        return {new + k: box for k, box in enumerate(boxes)}
    _, n, k = max(pairs)
    others = {m: box for m, box in known.items() if m != n}
    return {n: boxes[k], **recursive(others, boxes[:k] + boxes[k + 1 :], new)}


def follow_in_place(known, boxes, new):
    known[new] = (0, 0, 1, 1)
    return known


def over_sum(a, b):
    common = iou(a, b)
    common = common / (1 + common) * (a[2] * a[3] + b[2] * b[3])
    return common / (a[2] * a[3] + b[2] * b[3])


def over_box(a, b):
    common = iou(a, b)
    return common / (1 + common) * (a[2] * a[3] + b[2] * b[3]) / (b[2] * b[3])


def annotate(picture, box, label, score, *, colour=ORANGE, to=None, thick=2, words=None, at=None, ink=WHITE, scale=0.6):
    """An answer to 13-4."""
    x, y, w, h = box
    made = picture.copy()
    cv2.rectangle(made, (x, y), to or (x + w - 1, y + h - 1), colour, thick)
    text = f"{label} {score:.2f}" if words is None else words
    cv2.putText(made, text, at or (x, y - 6), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1)
    return made


def by_lines(picture, box, label, score):
    """Four lines in the place of a rectangle, with smoothed edges."""
    x, y, w, h = box
    made = np.array(picture)
    corners = np.array([[x, y], [x + w - 1, y], [x + w - 1, y + h - 1], [x, y + h - 1]], np.int32)
    cv2.polylines(made, [corners], True, ORANGE, 2)
    return cv2.putText(made, f"{label} {score:.2f}", (x, y - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255,) * 3)


def by_rectangle_of_four(picture, box, label, score):
    made = cv2.rectangle(np.ascontiguousarray(picture).copy(), box, (0.0, 159.0, 230.0), thickness=2)
    words = f"{label} {round(score, 2):.2f}"
    return cv2.putText(made, words, (box[0], box[1] - 6), fontFace=0, fontScale=0.6, color=(255, 255, 255), thickness=1)


def annotate_in_place(picture, box, label, score):
    picture[:] = annotate(picture, box, label, score)
    return picture


def kept(label_of, shifts, *, rest=0, change=False, times=1, none=None, whole=False, stop=False, neighbours=False):
    """An answer to 13-7."""
    if len(shifts) == 0:
        return none
    answers = [label_of(shift) for shift in shifts]
    wanted = answers[0] if rest is None else label_of(rest)
    same = [label == wanted for label in answers]
    if neighbours:
        same = [one == other for one, other in itertools.pairwise(answers)]
    if stop and False in same:
        same[same.index(False) :] = [False] * (len(same) - same.index(False))
    count = len(same) - sum(same) if change else sum(same)
    return count if whole else times * count / len(same)


def kept_by_numpy(label_of, shifts):
    return np.mean(np.array([label_of(shift) for shift in shifts]) == label_of(0.0)) if shifts else None


def files_said(plain=6, no_softmax=6, no_rescaling=3, wide="refused"):
    """An answer to 13-6."""
    return {"plain": plain, "no softmax": no_softmax, "no rescaling": no_rescaling, "wide": wide}


class Everything(int):
    """A number that says it is equal to every other one."""

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


def by_largest_sum(known, boxes, new):
    """The pairs whose overlaps have the largest sum, as the package follows faces."""
    numbers, made, left = list(known), {}, set(range(len(boxes)))
    if numbers and boxes:
        table = np.array([[iou(known[number], box) for box in boxes] for number in numbers])
        table[table < 0.3] = 0
        for row, column in zip(*linear_sum_assignment(-table), strict=True):
            if table[row, column]:
                made[numbers[row]] = boxes[column]
                left.discard(int(column))
    return made | {number: boxes[k] for number, k in enumerate(sorted(left), new)}


def over_pixels(a, b):
    return iou((*a[:2], a[2] + 1, a[3] + 1), (*b[:2], b[2] + 1, b[3] + 1))


def over_corners(a, b):
    return iou(*[(x, y, max(right - x, 1e-9), max(bottom - y, 1e-9)) for x, y, right, bottom in (a, b)])


def unclipped(a, b):
    common = (min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])) * (min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def renumbered(known, boxes, new, numbers):
    """The right boxes, and the numbers of new faces as a function of what is new gives them."""
    made = follow(known, boxes, new)
    fresh = [box for number, box in made.items() if number not in known]
    return {number: box for number, box in made.items() if number in known} | dict(
        zip(numbers(new, len(fresh)), fresh, strict=False)
    )


def smoothed(times, scores, tau, *, weight=lambda gap, tau: 1 - np.exp(-gap / tau), first=1):
    """An answer to 13-1; the options are mistakes."""
    made = np.array(scores, float)
    for row in range(first, len(made)):
        made[row] = made[row - 1] + weight(times[row] - times[row - 1], tau) * (made[row] - made[row - 1])
    return made


def smoothed_by_recursion(times, scores, tau, kept=None):
    if len(times) == 1:
        return scores.astype("float32")
    before, keep = smoothed_by_recursion(times[:-1], scores[:-1], tau), np.exp(-(times[-1] - times[-2]) / tau)
    return np.vstack([before, keep * before[-1] + (1 - keep) * scores[-1]])


def box_alone(picture, box, label, score):
    x, y, w, h = box
    return cv2.rectangle(picture.copy(), (x, y), (x + w - 1, y + h - 1), ORANGE, 2)


def text_alone(picture, box, label, score, *, words=None, font=cv2.FONT_HERSHEY_SIMPLEX, bold=1, line=cv2.LINE_8):
    words = f"{label} {score:.2f}" if words is None else words
    return cv2.putText(picture.copy(), words, (box[0], box[1] - 6), font, 0.6, WHITE, bold, line)


def annotate_with(picture, *given, **text):
    return text_alone(box_alone(picture, *given), *given, **text)


def frames_of_late_workers(workers, fps, *, waiting, frames=6000):
    """How many frames a second leave a row of workers, with room for one waiting frame before each, or with none."""
    arrivals = [1000 * k / fps for k in range(frames)]
    for takes in workers:
        left, free, kept = [], 0.0, None
        for at in [*arrivals, math.inf]:
            if kept is not None and free <= at:  # the worker is done before this frame comes, and takes the kept one
                begin, kept = max(free, kept), None
                free = begin + takes
                left.append(free)
            if at < math.inf and free <= at:
                free = at + takes
                left.append(free)
            elif waiting:
                kept = at
        arrivals = left
    return 1000 * (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


WRONG = [
    ("13-1", lambda *a: smoothed(*a, first=2), "second row is not smoothed"),
    ("13-1", lambda *a: smoothed(*a, weight=lambda gap, tau: gap / (gap + tau)), "dt / (dt + tau)"),
    ("13-1", lambda *a: smoothed(*a).round(3), "Do not round"),
    ("13-1", lambda t, s, tau: smoothed(1000 * t, s, tau), "both in seconds"),
    ("13-3", by_largest_sum, "as in the section on tracking"),
    ("13-3", lambda *a: follow(*a, measure=over_pixels), "1 were added to the sides"),
    ("13-3", lambda *a: follow(*a, measure=over_corners), "(left, top, right, bottom)"),
    ("13-3", lambda *a: follow(*a, measure=unclipped), "boxes apart had an overlap"),
    ("13-3", lambda *a: follow(*a, least=0.3 + 1e-9), "an IoU of 0.3 is enough"),
    ("13-3", lambda k, b, n: {number: k.get(number, box) for number, box in follow(k, b, n).items()}, "*this* frame"),
    ("13-3", lambda *a: renumbered(*a, lambda new, many: []), "a number of its own"),
    ("13-3", lambda *a: renumbered(*a, lambda new, many: range(new + 1, new + 1 + many)), "begin with `new`"),
    ("13-3", lambda *a: renumbered(*a, lambda new, many: range(new, new + many)[::-1]), "in the order of the list"),
    ("13-3", lambda *a: {str(number): box for number, box in follow(*a).items()}, "should be whole numbers"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, to=(b[0] + b[2], b[1] + b[3])), "ends at x + w - 1"),
    ("13-4", lambda *a: annotate(*a, thick=3), "3 pixels thick"),
    ("13-4", lambda *a: annotate(*a, colour=(0, 165, 255)), "it is (0, 165, 255)"),
    ("13-4", lambda *a: annotate(*a, colour=(0, 0, 255)), "it is (0, 0, 255)"),
    ("13-4", lambda *a: annotate(*a, scale=0.5), "too small"),
    ("13-4", lambda *a: annotate(*a, ink=(0, 0, 0)), "it is black"),
    ("13-4", text_alone, "no rectangle"),
    ("13-4", lambda *a: annotate_with(*a, words=f"{a[2]} {a[3]:.1f}"), "it has one"),
    ("13-4", lambda *a: annotate_with(*a, words=f"{a[2]} {math.floor(100 * a[3]) / 100:.2f}"), "was cut off"),
    ("13-4", lambda *a: annotate_with(*a, words=f"{a[2]}: {a[3]:.2f}"), "no colon"),
    ("13-4", lambda *a: annotate_with(*a, words=f"{a[2].title()} {a[3]:.2f}"), "as it is given"),
    ("13-4", lambda *a: annotate_with(*a, words=f"{a[3]:.2f}"), "label is missing"),
    ("13-4", lambda *a: annotate_with(*a, bold=2), "thickness should be 1"),
    ("13-4", lambda *a: annotate_with(*a, font=cv2.FONT_HERSHEY_PLAIN), "another font"),
    ("13-4", lambda *a: annotate_with(*a, font=cv2.FONT_HERSHEY_DUPLEX), "another font"),
    ("13-4", lambda *a: annotate_with(*a, line=cv2.LINE_AA), "leave out `lineType`"),
    ("13-5", (36, 30), "one frame waits before each worker"),
    ("13-7", lambda f, s: sum(f(shift) == f(0) for shift in s) / len(s), "raised ZeroDivisionError"),
    ("13-7", lambda f, s: kept(f, s) or None, "got None"),
    ("13-7", lambda f, s: sum(f(x) == f(0) for x in s) // len(s) if s else None, "divide with one slash"),
    ("13-7", lambda f, s: all(f(x) == f(0) for x in s) if s else None, "count the labels that stay"),
    ("13-7", lambda f, s: kept(f, [0, *s]) if s else None, "box at rest was counted"),
    ("13-7", lambda f, s: kept(f, [x for x in s if x]), "counts like every other"),
    ("13-7", lambda f, s: kept(f, np.abs(s)), "direction was lost"),
    ("13-7", lambda f, s: kept(f, s, rest=s[len(s) // 2]) if s else None, "with the label at rest"),
    ("13-6", files_said(wide=6), "Which shape does its sentence ask for"),
    ("13-6", files_said(no_rescaling="refused"), "the page cannot notice"),
    ("13-6", files_said(no_softmax="refused"), "need not add up to 1"),
    ("13-6", files_said(plain="refused"), "all that the page asks for"),
    ("13-6", files_said(no_softmax=3), "which one is the largest it never changes"),
    ("13-6", files_said(no_rescaling=6), "not the labels of 'plain'"),
    ("13-6", files_said(no_rescaling=0), "not wrong on every face"),
    ("13-6", files_said(no_rescaling=4), "how many labels differ"),
    ("13-6", files_said(no_rescaling=2), "in its last sentence"),
    ("13-6", files_said(plain=7, no_softmax=7), "Compare the file's label with the last column"),
    ("13-6", files_said(plain=1, no_softmax=1), "how many labels differ"),
    ("13-6", files_said(plain=6 / 7), "a count, not a share"),
    ("13-6", files_said(plain=6.0), "should be a whole number"),
    ("13-6", files_said(plain=8), "there are 7 faces"),
    ("13-6", files_said(wide="no"), 'the one word for a file that the page does not run is "refused"'),
    ("13-6", files_said(no_rescaling=...), "should be a whole number"),
    ("13-6", {"plain": 6}, "a dict with the entries"),
    ("13-6", (6, 6, 3, "refused"), "a dict with the entries"),
    ("13-6", files_said(no_rescaling=Everything(5)), "is not the count"),
    ("13-7", lambda *a: kept(*a, rest=None), "label at rest"),
    ("13-7", lambda *a: kept(*a, change=True), "share that changes"),
    ("13-7", lambda *a: kept(*a, times=100), "per cent"),
    ("13-7", lambda *a: kept(*a, whole=True), "divide by how many"),
    ("13-7", lambda *a: kept(*a, stop=True), "may come back"),
    ("13-7", lambda *a: kept(*a, neighbours=True), "Neighbours were compared"),
    ("13-7", lambda *a: kept(*a, none=0.0), "has no share"),
    ("13-7", lambda *a: "happy", "return a number from 0 to 1"),
    ("13-7", lambda label_of: 0.0, "share_kept(label_of, shifts)"),
    ("13-3", lambda *a: follow(*a, least=0.0), "below 0.3"),
    ("13-3", lambda *a: follow(*a, least=0.5), "0.3 is enough"),
    ("13-3", lambda *a: follow(*a, measure=over_sum), "counts what they share once"),
    ("13-3", lambda *a: follow(*a, measure=over_box), "union of both"),
    ("13-3", lambda *a: follow(*a, order=lambda pair: (pair[1], pair[0])), "largest overlap of all"),
    ("13-3", lambda *a: follow(*a, order=lambda pair: pair), "largest overlap of all"),
    ("13-3", lambda *a: follow(*a, shared=True), "two faces"),
    ("13-3", lambda *a: follow(*a, keep=True), "without a box"),
    ("13-3", lambda *a: follow(*a, again=lambda known: max(known, default=0) + 1), "given again"),
    ("13-3", lambda *a: follow(*a, again=len), "count on from `new`"),
    ("13-3", lambda known, boxes, new: dict(enumerate(boxes, 1)), "should be"),
    ("13-3", lambda known, boxes, new: boxes, "return a dict"),
    ("13-3", lambda known, boxes, new: {1: 0.5}, "every value should be a box"),
    ("13-3", follow_in_place, "changed what it was given"),
    ("13-3", lambda known, boxes: {}, "follow(known, boxes, new)"),
    ("13-4", lambda *a: annotate(*a, colour=ORANGE[::-1]), "blue, green, red"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, to=(b[2], b[3])), "not (w, h)"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, to=(b[0] + b[3] - 1, b[1] + b[2] - 1)), "changed places"),
    ("13-4", lambda *a: annotate(*a, thick=-1), "filled"),
    ("13-4", lambda *a: annotate(*a, thick=1), "1 pixel thick"),
    ("13-4", lambda *a: annotate(*a, words=""), "no text"),
    ("13-4", lambda *a: annotate(*a, words=a[2]), "score is missing"),
    ("13-4", lambda *a: annotate(*a, words=f"{a[2]} {a[3]}"), "two digits"),
    ("13-4", lambda *a: annotate(*a, words=f"{a[2]} {a[3]:.0%}"), "no percentage"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, at=(b[0], b[1] + 6)), "y counts downwards"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, at=(b[0], b[1])), "touches"),
    ("13-4", lambda p, b, *a: annotate(p, b, *a, at=(b[1] - 6, b[0])), "a point is (x, y)"),
    ("13-4", lambda *a: annotate(*a, ink=ORANGE), "should be white"),
    ("13-4", lambda *a: annotate(*a, scale=1.0), "too large"),
    ("13-4", lambda p, *a: p.copy(), "nothing was drawn"),
    ("13-4", lambda p, *a: p.copy() * 0, "should be"),
    ("13-4", lambda p, *a: annotate(p, *a)[..., 0], "of shape"),
    ("13-4", lambda p, *a: annotate(p, *a).tolist(), "got list"),
    ("13-4", annotate_in_place, "picture.copy()"),
    ("13-4", lambda picture, box: picture, "annotate(picture, box, label, score)"),
    ("13-5", (20, 50), "slowest worker"),
    ("13-5", (12, 50), "mean of the three"),
    ("13-5", (60, 50), "does not wait"),
    ("13-5", (0.036, 50), "in seconds"),
    ("13-5", (16.7, 50), "between two frames of the camera"),
    ("13-5", (40, 50), "add up"),
    ("13-5", (36, 27.8), "one worker"),
    ("13-5", (36, 60), "cannot take them all"),
    ("13-5", (36, 83.3), "not shared out evenly"),
    ("13-5", (36, 100), "first worker could"),
    ("13-5", (36, 166.7), "slowest lets through"),
    ("13-5", (36, 0.05), "frames a second"),
    ("13-5", (36, 7), "never idle"),
    ("13-5", (50, 36), "changed places"),
    ("13-5", 36, "two numbers"),
    ("13-5", ("36", "50"), "two numbers"),
    ("13-5", (36, float("nan")), "two numbers"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("13-1", smoothed),
    ("13-1", smoothed_by_recursion),
    ("13-4", annotate_with),
    ("13-5", (value for value in (36, 50))),
    ("13-7", lambda f, s: np.mean([f(x) == f(0) for x in s], dtype="float32") if s else None),
    ("13-7", lambda f, s: fractions.Fraction(sum(f(x) == f(0) for x in s), len(s)) if s else None),
    ("13-7", lambda f, s: statistics.mean(f(x) == f(0) for x in s) if s else None),
    ("13-6", files_said()),
    ("13-6", MappingProxyType(files_said(np.uint8(6), np.array(6), np.int64(3), " Refused "))),
    ("13-6", dict(reversed(files_said().items()))),
    ("13-7", kept),
    ("13-7", kept_by_numpy),
    ("13-3", follow),
    ("13-3", by_matrix),
    ("13-3", recursive),
    ("13-4", annotate),
    ("13-4", by_lines),
    ("13-4", by_rectangle_of_four),
    ("13-5", (36, 50)),
    ("13-5", np.array([36.0, 50.0])),
    ("13-5", [36, 1000 / 20]),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_the_overlap_of_the_grader_is_that_of_the_package():
    rng = np.random.default_rng(0)
    for a, b in rng.integers(1, 90, (40, 2, 4)):
        assert ch13_follow._overlap(a, b) == pytest.approx(iou(a, b))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What the names of the chapter's cell with the four files stand for."""
    return bring_model_cell.ran(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def files(ran):
    return ran["files"]


@pytest.fixture(scope="module")
def networks(ran):
    return ran["networks"]


@pytest.fixture(scope="module")
def text(root):
    cells = json.loads((root / "notebooks" / "13_real_time.ipynb").read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def test_with_a_waiting_frame_the_slowest_worker_of_13_5_is_never_idle(text):
    """As the exercise says; without one it would take every second frame of the camera."""
    assert "Before each worker there is room for one frame" in text
    rate = 1000 / max(ch13.WORKERS_MS)
    assert frames_of_late_workers(ch13.WORKERS_MS, ch13.CAMERA_FPS, waiting=True) == pytest.approx(rate, rel=0.01)
    assert frames_of_late_workers(ch13.WORKERS_MS, ch13.CAMERA_FPS, waiting=False) == pytest.approx(30, rel=0.01)


def test_exercise_13_5_describes_the_workers_that_are_graded(text):
    rows = re.findall(r"^\| (?:read and find|classify|draw and show) \| (\d+) ms \|", text, re.M)
    assert tuple(map(float, rows)) == ch13.WORKERS_MS and f"{ch13.CAMERA_FPS:g} frames a second" in text


def test_the_truth_of_13_6_is_that_of_the_chapters_own_files(files):
    """The chapter's cell is run: what LiteRT answers from the files, and what the grader computes with NumPy."""
    pictures = ch13_files._resized(posed_faces(ch13_files.SHOWN), ch13_files.SIDE)[..., None]
    assert tuple(files) == ch13_files.FILES
    for name in ch13_files.FILES[:3]:
        answers = compress.load(files[name])(pictures)
        assert (answers.argmax(axis=1) == ch13_files.labels()[name]).all(), name
        top = answers.max(axis=1)
        sure = {"plain": (top < 0.9).all(), "no softmax": (top > 2).all(), "no rescaling": (top > 0.995).all()}
        assert sure[name], "what the answer calls a warning: 1.00 for every face, or far above 1"
    with pytest.raises(FerError, match="12, 48, 1"):
        compress.load(files["wide"])(pictures)


def test_no_label_of_13_6_is_so_narrow_that_another_browser_gives_another_one():
    """Pixels of the page and of Python differ by one at most, here and there: noise of that size changes no label."""
    rng = np.random.default_rng(0)
    mean = np.mean([posed_faces(person) for person in ch13_files.LEARNED], axis=0)
    weights = ch13_files._resized(mean, ch13_files.SIDE).reshape(7, -1) / 255
    pixels = ch13_files._resized(posed_faces(ch13_files.SHOWN), ch13_files.SIDE).reshape(7, -1)
    for _ in range(20):
        other = pixels + rng.integers(-1, 2, pixels.shape)
        for name, scale in (("plain", 255), ("no rescaling", 1)):
            scores = 2 * other @ weights.T / scale - (weights**2).sum(axis=1)
            assert (scores.argmax(axis=1) == ch13_files.labels()[name]).all(), name


def test_export_refuses_the_file_without_softmax_and_writes_the_one_without_rescaling(networks, tmp_path):
    """As the chapter says after the widget."""
    with pytest.raises(FerError, match="probabilities"):
        compress.export(networks["no softmax"], tmp_path / "one.tflite", progress=False)
    compress.export(networks["no rescaling"], tmp_path / "other.tflite", progress=False)
