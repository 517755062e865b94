"""Chapter 8: occlusion (08-1), Grad-CAM (08-3), integrated gradients (08-4), the largest gap between groups (08-5).

And a label's recall and precision in the widget *Confusions* (08-7).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.exercises import Wrong, asked, numbers, told_apart, two
from fer_utils.studies import drawn_confusions

_ARGUMENTS = "occluded(ask, picture, label, patch)"


def _reference(ask, picture, label, patch, *, fill=None, sign=1, keep=False, relative=False) -> np.ndarray:
    high, wide = (side // patch for side in picture.shape)
    fill = picture.mean() if fill is None else fill
    plain = ask(picture[None])[0, label]
    made, covered = np.zeros((high, wide)), picture.astype(float)
    for down in range(high):
        for across in range(wide):
            covered = covered if keep else picture.astype(float)
            covered[down * patch : (down + 1) * patch, across * patch : (across + 1) * patch] = fill
            left = ask(covered[None])[0, label]
            made[down, across] = left if relative else sign * (plain - left)
    return made


def _network(shape: tuple[int, int], classes: int, rng: np.random.Generator):
    """A function from pictures (n, H, W) to probabilities (n, classes), to which every place matters."""
    weights = rng.normal(0, 6 / np.sqrt(shape[0] * shape[1]), (*shape, classes))

    def ask(pictures):
        pictures = np.asarray(pictures, float)
        if pictures.shape[1:] != shape:
            raise Wrong(
                f"`ask` takes a stack of pictures, (n, {shape[0]}, {shape[1]}); it was given {pictures.shape}. One "
                "picture is picture[None]."
            )
        scores = np.tensordot((pictures - 150) / 128, weights, axes=2)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    return ask


def _hint(got: np.ndarray, ask, picture, label, patch) -> str:
    """What the answer seems to have done instead."""
    known = lambda **other: np.allclose(got, _reference(ask, picture, label, patch, **other), atol=1e-6)  # noqa: E731
    if known(sign=-1):
        return "The sign is the other way round: what is lost is positive, plain minus covered."
    if known(relative=True):
        return "That is what is left of the probability; the map is what is lost, plain minus covered."
    if known(keep=True):
        return "It looks as if the earlier squares stayed covered: begin each time with the picture as it was."
    if known(fill=0):
        return (
            "It looks as if the squares were black; take the picture's mean, or a bright face loses by the darkness "
            "and not by what is hidden."
        )
    if known(fill=255):
        return "It looks as if the squares were white; take the picture's mean."
    said = int(ask(picture[None])[0].argmax())
    if said != label and np.allclose(got, _reference(ask, picture, said, patch), atol=1e-6):
        return "It looks as if the map is that of the network's own answer; it is asked for `label`."
    if np.allclose(got, _reference(ask, np.trunc(picture), label, patch, fill=np.trunc(picture.mean())), atol=1e-6):
        return "The mean lost its fraction: an array of whole numbers cannot hold it, so make a copy of floats."
    return ""


def grade_occlusion(answer) -> str:
    """Random networks on pictures of several shapes, whole numbers too.

    Each square's loss, and the picture left as it was.
    """
    rng = np.random.default_rng(707)
    for shape, patch, classes, whole in [
        ((12, 20), 4, 3, False),
        ((15, 10), 5, 2, True),
        ((8, 8), 8, 4, False),
        ((6, 9), 1, 3, True),
    ]:
        ask = _network(shape, classes, rng)
        picture = rng.uniform(60, 240, shape)
        picture = np.rint(picture).astype(np.uint8) if whole else picture
        before, label = picture.copy(), int(ask(picture[None])[0].argsort()[-2])
        given = f"a picture of {shape[0]}x{shape[1]}{' (uint8)' if whole else ''} and squares of {patch}"
        made = asked(answer, _ARGUMENTS, ask, picture, label, patch)
        if not np.array_equal(picture, before):
            raise Wrong("your function changed the picture that it was given; cover a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        wanted = _reference(ask, picture, label, patch)
        if got.shape != wanted.shape:
            turned = " Rows come first: the height, then the width." if got.shape == wanted.T.shape else ""
            raise Wrong(f"for {given}: one number a square, of shape {wanted.shape}; got {got.shape}.{turned}")
        if not np.allclose(got, wanted, atol=1e-6):
            place = np.unravel_index(np.abs(got - wanted).argmax(), wanted.shape)
            hint = _hint(got, ask, picture, label, patch)
            right, yours = told_apart(wanted[place], got[place], 4)
            raise Wrong(
                f"for {given}: the square at {tuple(int(k) for k in place)} loses {right} of the label's "
                "probability; your function "
                f"gave {yours}.{' ' + hint if hint else ''}"
            )
    return "right: each square alone, from the picture as it was, and a loss is positive."


def _gradient_and_features(front, head, picture, label):
    """dy/dA and A of one picture, each (h, w, K)."""
    import keras

    from fer_utils.explain.parts import score_gradient

    features = front(keras.ops.convert_to_tensor(np.asarray(picture, np.float32)[None]))
    gradient = score_gradient(head, features, np.array([label]))
    return np.asarray(gradient)[0].astype(float), np.asarray(keras.ops.convert_to_numpy(features))[0].astype(float)


def _cam_mistakes(gradient: np.ndarray, features: np.ndarray) -> dict[str, np.ndarray]:
    """Maps that are not Grad-CAM, and what to say of each; ``gradient`` and ``features`` are (h, w, K)."""
    weights = gradient.mean(axis=(0, 1))
    plain = (weights * features).sum(axis=2)
    wanted = np.maximum(plain, 0)
    largest = wanted.max()
    return {
        "Values below 0 are left: a Grad-CAM map keeps what speaks for the label, so apply a ReLU.": plain,
        "The values below 0 became positive; they should become 0.": np.abs(plain),
        "That is HiResCAM: Grad-CAM averages the gradient over the places first.": np.maximum(
            (gradient * features).sum(axis=2), 0
        ),
        "The gradient was added up over the places; take the mean, so that the size of the map does not matter.": wanted
        * gradient[..., 0].size,
        "The ReLU came too early, on each feature: add the features first.": np.maximum(weights * features, 0).sum(
            axis=2
        ),
        "Divide by the number of features? The formula adds them up.": wanted / len(weights),
        "The map was divided by its largest value; leave it in its own units.": wanted / (largest if largest else 1),
        "The features are missing: that is the gradient alone.": np.maximum(gradient.sum(axis=2), 0),
        "The gradient is missing: that is the sum of the features alone.": features.sum(axis=2),
    }


def _small_network(rng: np.random.Generator, size: tuple[int, int], filters: int, classes: int):
    """A network in two parts, pictures to features and features to scores, with random weights."""
    import keras

    front = keras.Sequential(
        [keras.Input((*size, 1)), keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")]
    )
    head = keras.Sequential(
        [
            keras.Input(front.outputs[0].shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(6, activation="tanh"),
            keras.layers.Dense(classes),
        ]
    )
    for part in (front, head):
        part.set_weights([rng.normal(0, 0.5, one.shape) for one in part.get_weights()])
    return front, head


def grade_grad_cam(answer) -> str:
    """Small random networks of several sizes, asked for each label, beside the package's own gradient."""
    import keras

    rng = np.random.default_rng(803)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for size, filters, classes in [((6, 10), 3, 3), ((8, 6), 5, 4)]:
            front, head = _small_network(rng, size, filters, classes)
            picture = rng.uniform(0, 1, (*size, 1)).astype("float32")
            for label in range(classes):
                made = asked(answer, "grad_cam_of(front, head, picture, label)", front, head, picture, label)
                _check_map(made, front, head, picture, label, classes)
    return "right, for every label of two networks, also where nothing speaks for it."


def _check_map(made, front, head, picture, label: int, classes: int) -> None:
    """Raise `Wrong` unless a map is Grad-CAM's for this label."""
    gradient, features = _gradient_and_features(front, head, picture, label)
    wanted = np.maximum((gradient.mean(axis=(0, 1)) * features).sum(axis=2), 0)
    given = f"a picture of {picture.shape[0]} x {picture.shape[1]} and label {label}"
    got = numbers(made)
    if got is None:
        raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
    if got.shape != wanted.shape:
        batch = " Take the one picture out of the batch." if got.shape == (1, *wanted.shape) else ""
        raise Wrong(f"for {given}: one value a place, of shape {wanted.shape}; got {got.shape}.{batch}")
    near = 1e-3 * max(
        np.abs(gradient.mean(axis=(0, 1)) * features).max(), 1e-6
    )  # small steps in place of a tape do, too
    if np.allclose(got, wanted, atol=near):
        return
    hints = [words for words, other in _cam_mistakes(gradient, features).items() if np.allclose(got, other, atol=near)]
    others = [_gradient_and_features(front, head, picture, other)[0] for other in range(classes)]
    summed = np.maximum((np.sum(others, axis=0).mean(axis=(0, 1)) * features).sum(axis=2), 0)
    if np.allclose(got, summed, atol=near):
        hints.append("That is the gradient of all scores together: take the score of `label` alone.")
    for other, one in enumerate(others):
        if other != label and np.allclose(
            got, np.maximum((one.mean(axis=(0, 1)) * features).sum(axis=2), 0), atol=near
        ):
            hints.append(f"That is the map of label {other}; asked is `label`.")
    place = tuple(int(k) for k in np.unravel_index(np.abs(got - wanted).argmax(), wanted.shape))
    right, yours = told_apart(wanted[place], got[place], 4)
    hint = f" {hints[0]}" if hints else ""
    raise Wrong(f"for {given}: the value at {place} should be {right}; your function gave {yours}.{hint}")


#: Exercise 08-4: y = min(x1, 2) + 3 x2, the picture and the baseline.
PICTURE, BASELINE = (5.0, 4.0), (1.0, 1.0)


def _score(x1: float, x2: float) -> float:
    return min(x1, 2.0) + 3.0 * x2


def attributions() -> tuple[float, float]:
    """What integrated gradients give each of the two pixels of exercise 08-4, by adding up small steps."""
    count, total = 10_000, np.zeros(2)
    for step in range(count):
        x1 = BASELINE[0] + (step + 0.5) / count * (PICTURE[0] - BASELINE[0])
        total += np.array([1.0 if x1 < 2 else 0.0, 3.0]) / count
    made = total * (np.array(PICTURE) - BASELINE)
    return float(round(made[0], 6)), float(round(made[1], 6))


def grade_attributions(answer) -> str:
    """Two numbers; the usual mistakes are recognised."""
    got = numbers(list(answer) if isinstance(answer, tuple) else answer)
    if got is None or got.shape != (2,) or not np.isfinite(got).all():
        raise Wrong("the answer should be two numbers in brackets, one for each pixel.")
    mistakes = {
        (0.0, 9.0): "you took the gradient at the picture. There the first pixel has none, because the score is "
        "saturated; take the mean of the gradient over the whole way.",
        (2.0, 12.0): "those are the two parts of the score. What counts is how much each grew from the baseline on.",
        (0.25, 3.0): "that is the mean gradient. Multiply it by how far the pixel moved.",
        (0.0, 3.0): "that is the gradient at the picture alone.",
        (0.0, 12.0): "that is gradient times picture: it forgets the baseline and the way.",
        (4.0, 9.0): "the first pixel adds 1 a step only up to 2; from there on it adds nothing.",
        (9.0, 1.0): "the two pixels have changed places.",
        (-1.0, -9.0): "the sign is the other way round: picture minus baseline.",
        (0.5, 9.0): "the gradient of the first pixel is 1 on a quarter of the way, from 1 to 2, and not on an eighth.",
    }
    wanted = attributions()
    if np.allclose(got, wanted, atol=1e-6):
        whole = _score(*PICTURE) - _score(*BASELINE)
        return f"right: {wanted[0]:g} and {wanted[1]:g}, together {whole:g}, which is y(x) - y(b)."
    for values, words in mistakes.items():
        if np.allclose(got, values, atol=1e-6):
            raise Wrong(f"({got[0]:g}, {got[1]:g}): {words}")
    whole = _score(*PICTURE) - _score(*BASELINE)
    if not np.isclose(got.sum(), whole):
        raise Wrong(f"({got[0]:g}, {got[1]:g}) sum to {got.sum():g}; y(x) - y(b) is {whole:g}.")
    raise Wrong(f"({got[0]:g}, {got[1]:g}) have the right sum, but not the right parts. How much does each pixel add?")


def _largest_gap(answers: pd.DataFrame) -> float:
    people = answers.groupby(["group", "actor"])["right"].mean()
    means = people.groupby("group").mean()
    return float(means.max() - means.min())


def _gap_mistakes(answers: pd.DataFrame) -> dict[str, float]:
    """Numbers that are not the gap, and what to say of each."""
    pooled = answers.groupby("group")["right"].mean()
    people = answers.groupby(["group", "actor"])["right"].mean()
    means, counts = people.groupby("group").mean(), people.groupby("group").size()
    everybody = people.mean()
    gap = float(means.max() - means.min())
    return {
        "That counts pictures, so people with more pictures weigh more: first the mean of each person.": pooled.max()
        - pooled.min(),
        "The sign is the other way round: the largest minus the smallest.": -gap,
        "That is the range over people, not over groups.": people.max() - people.min(),
        "That is the spread (standard deviation) of the groups, not their largest gap.": means.std(),
        "That is the smallest group against everybody; asked is the largest minus the smallest.": everybody
        - means.min(),
        "That is the largest group against everybody; asked is the largest minus the smallest.": means.max()
        - everybody,
        "That is the accuracy of a group and no difference.": means.max(),
        "That is the last group minus the first: which is best, the data decide.": means.iloc[-1] - means.iloc[0],
        "That is in per cent; return a share, 0 to 1.": 100 * gap,
        "That is a difference of numbers of people.": float(counts.max() - counts.min()),
    }


def _answers(rng: np.random.Generator, groups: dict[str, int]) -> pd.DataFrame:
    """A table of answers, in which some people have many pictures and some few."""
    rows = []
    for number, (group, people) in enumerate(groups.items()):
        for one in range(people):
            level = np.clip(0.35 + 0.15 * ((3 * number) % 4) + rng.normal(0, 0.15), 0.05, 0.95)
            count = int(rng.choice([2, 5, 24]))
            rows += [(f"{group[0]}{one:02d}", group, bool(right)) for right in rng.random(count) < level]
    table = pd.DataFrame(rows, columns=["actor", "group", "right"])
    return table.sample(frac=1, random_state=7).reset_index(drop=True)


def grade_gap(answer) -> str:
    """Tables in which people have different numbers of pictures and groups different numbers of people."""
    rng = np.random.default_rng(805)
    for groups in ({"dark": 4, "light": 9, "medium": 6}, {"old": 7, "young": 3}, {"a": 1, "b": 5, "c": 2, "d": 8}):
        table = _answers(rng, groups)
        before = table.copy()
        made = asked(answer, "largest_gap(answers)", table)
        if not table.equals(before):
            raise Wrong("your function changed the table that it was given; work on a copy.")
        given = f"{len(table)} answers of {sum(groups.values())} people in {len(groups)} groups"
        got = numbers(made)
        if got is None or got.size != 1:
            raise Wrong(f"for {given}: return one number, the gap; got {type(made).__name__}.")
        value, wanted = float(got.reshape(())), _largest_gap(table)
        if np.isclose(value, wanted, atol=1e-9):
            continue
        hints = [words for words, other in _gap_mistakes(table).items() if np.isclose(value, other, atol=1e-9)]
        right, yours = told_apart(wanted, value, 4)
        hint = f" {hints[0]}" if hints else ""
        raise Wrong(f"for {given} the gap is {right}; your function gave {yours}.{hint}")
    return "right: every person counts once, then every group, and the largest minus the smallest is never below 0."


#: The label of exercise 08-7.
ASKED_LABEL = "fearful"
#: An answer may be rounded to two digits.
_ROUNDED = 0.0051


def grade_fearful(answer) -> str:
    """Recall and precision against the stored matrix of the widget."""
    matrix = drawn_confusions.matrix()
    label = drawn_confusions.stored()["names"].index(ASKED_LABEL)
    right, posed, answered = int(matrix[label, label]), int(matrix[label].sum()), int(matrix[:, label].sum())
    pair = two(answer)
    got = None if pair is None else numbers(pair)
    if got is None or got.shape != (2,):
        raise Wrong("the answer should be two numbers, (recall, precision).")
    recall, precision = (float(one) for one in got)

    def near(one: float, other: float) -> bool:
        return abs(one - other) <= _ROUNDED

    if near(recall, right / posed) and near(precision, right / answered):
        return (
            f"right: the network finds {right} of {posed} fearful faces, and {answered - right} of the {answered} "
            "faces that it calls fearful pose something else. One number would hide the other."
        )
    if recall > 1 or precision > 1:
        raise Wrong("both are shares from 0 to 1; divide by the faces of the row, or of the column.")
    if near(recall, right / answered) and near(precision, right / posed):
        raise Wrong("recall and precision changed places: recall asks about the faces that pose the label, its row.")
    if near(recall, right / posed) and near(precision, right / posed):
        raise Wrong("that is recall twice. Precision asks about the faces that were called fearful: the column.")
    if near(recall, right / answered) and near(precision, right / answered):
        raise Wrong("that is precision twice. Recall asks about the faces that pose fearful: the row.")
    if near(precision, 1 - right / answered):
        raise Wrong("that is the share of wrong answers in the column; precision is the share of right ones.")
    if near(recall, right / matrix.sum()) or near(precision, right / matrix.sum()):
        raise Wrong("it looks as if you divided by all faces; divide by those of the row, or of the column.")
    part = "precision" if near(recall, right / posed) else "recall"
    over = "its column" if part == "precision" else "its row"
    raise Wrong(f"the {part} is not right: divide the right answers by the sum of {over}.")
