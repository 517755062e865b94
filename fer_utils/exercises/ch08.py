"""Chapter 8: occlusion (08-1), Grad-CAM (08-3), integrated gradients (08-4)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart

_ARGUMENTS = "occluded(ask, picture, label, patch)"


def _reference(
    ask, picture, label, patch, *, fill=None, own_mean=False, step=None, sign=1, keep=False, relative=False
) -> np.ndarray:
    """The map of 08-1; the options are mistakes to recognise."""
    high, wide = (side // patch for side in picture.shape)
    fill = picture.mean() if fill is None else fill
    step = patch if step is None else step
    plain = ask(picture[None])[0, label]
    made, covered = np.zeros((high, wide)), picture.astype(float)
    for down in range(high):
        for across in range(wide):
            covered = covered if keep else picture.astype(float)
            rows = slice(down * step, down * step + patch)
            columns = slice(across * step, across * step + patch)
            covered[rows, columns] = picture[rows, columns].mean() if own_mean else fill
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
    wanted = _reference(ask, picture, label, patch)
    plain = ask(picture[None])[0, label]
    for other, words in (
        (100 * wanted, "That is in per cent; a probability lies between 0 and 1."),
        (wanted / plain, "The loss was divided by the plain probability; return the loss itself."),
        (np.log(plain / (plain - wanted)), "That is the loss of a logarithm; take the probabilities as they are."),
        (np.abs(wanted), "The map lost its signs: covering a square may also raise the probability."),
        (
            np.maximum(wanted, 0),
            "Losses below 0 became 0: covering a square may also raise the probability, and the map says so.",
        ),
    ):
        if np.allclose(got, other, atol=1e-6):
            return words
    if known(own_mean=True):
        return "It looks as if each square got its own mean; take the mean of the whole picture for all of them."
    if known(step=1):
        return "It looks as if the squares lie 1 pixel apart: square number i begins at pixel i * patch."
    if any(known(fill=grey) for grey in (127, 127.5, 128)):
        return "It looks as if the squares were a fixed grey; take the picture's mean."
    if known(fill=np.median(picture)):
        return "It looks as if the squares got the picture's median; take its mean."
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
            hint = {
                wanted.T.shape: " Rows come first: the height, then the width.",
                shape: " Each pixel has a number here; return one for each square.",
                (shape[0] - patch + 1, shape[1] - patch + 1): " The squares do not overlap: they lie `patch` apart.",
            }.get(got.shape, "")
            raise Wrong(f"for {given}: one number a square, of shape {wanted.shape}; got {got.shape}.{hint}")
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
        "What speaks against the label became positive; it should become 0.": np.abs(plain),
        "The sign is the other way round: what speaks for the label is positive.": np.maximum(-plain, 0),
        "The weights lost their signs: a feature may speak against the label.": np.maximum(
            (np.abs(weights) * features).sum(axis=2), 0
        ),
        "That is HiResCAM: Grad-CAM averages the gradient over the places first.": np.maximum(
            (gradient * features).sum(axis=2), 0
        ),
        "The gradient was added up over the places; take the mean, so that the size of the map does not matter.": wanted
        * gradient[..., 0].size,
        "The ReLU came too early, on each feature: add the features first.": np.maximum(weights * features, 0).sum(
            axis=2
        ),
        "The features were averaged; the formula adds them up.": wanted / len(weights),
        "The map was divided by its largest value; leave it in its own units.": wanted / (largest if largest else 1),
        "The features are missing: that is the gradient alone.": np.maximum(gradient.sum(axis=2), 0),
        "The gradient is missing: that is the sum of the features alone.": features.sum(axis=2),
        "The gradient is averaged over the places, the axes 1 and 2 of (1, h, w, K); it looks as if the batch and the "
        "height were taken.": np.maximum((gradient.mean(axis=0, keepdims=True) * features).sum(axis=2), 0),
        "The gradient was averaged over the features, too: each feature has a weight of its own.": np.maximum(
            gradient.mean() * features.sum(axis=2), 0
        ),
        "It looks as if the largest gradient was taken; take the mean over the places.": np.maximum(
            (gradient.max(axis=(0, 1)) * features).sum(axis=2), 0
        ),
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


def _cam_cases() -> list[tuple]:
    """Two parts of a network, a picture and a label: small random networks of several sizes, and each label."""
    rng = np.random.default_rng(803)
    cases = []
    for size, filters, classes in [((6, 10), 3, 3), ((8, 6), 5, 4)]:
        front, head = _small_network(rng, size, filters, classes)
        picture = rng.uniform(0, 1, (*size, 1)).astype("float32")
        cases += [(front, head, picture, label) for label in range(classes)]
    return cases


def grade_grad_cam(answer) -> str:
    """Small random networks of several sizes, asked for each label, beside the package's own gradient."""
    import keras

    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        cases = _cam_cases()
        for case in cases:
            _check_map(_asked_map(answer, *case), answer, cases, *case)
    return "right, for every label of two networks, also where nothing speaks for it."


def _asked_map(answer, front, head, picture, label: int):
    """What an answer returns; the errors that TensorFlow makes of the usual mistakes are said in plain words."""
    try:
        return asked(answer, "grad_cam_of(front, head, picture, label)", front, head, picture, label)
    except Wrong:
        raise
    except Exception as error:
        words = str(error)
        if "NoneType" in words or "attribute '_id'" in words:  # nothing was watched, or the score is no tensor
            raise Wrong(
                "the tape gave no gradient, only None. The features have to be watched (`tape.watch(features)`), and "
                "`head` has to make the scores inside of the tape's block, as tensors."
            ) from None
        if "slice index" in words:
            raise Wrong(
                "the scores of one picture have the shape (1, classes): that of `label` is [0, label]."
            ) from None
        if "incompatible with the layer" in words:
            raise Wrong(
                f"`front` takes a batch of pictures, (n, H, W, 1), and `picture` is one, {picture.shape}: begin with "
                "picture[None]."
            ) from None
        raise


def _check_map(made, answer, cases: list, front, head, picture, label: int) -> None:
    """Raise `Wrong` unless a map is Grad-CAM's for this label."""
    gradient, features = _gradient_and_features(front, head, picture, label)
    wanted = np.maximum((gradient.mean(axis=(0, 1)) * features).sum(axis=2), 0)
    given = f"a picture of {picture.shape[0]} x {picture.shape[1]} and label {label}"
    got = numbers(made)
    if got is None:
        raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
    if got.shape != wanted.shape:
        hint = {
            (1, *wanted.shape): " Take the one picture out of the batch.",
            (*wanted.shape, 1): " Add up the features without keeping their axis.",
            picture.shape[:2]: " Leave the map as small as the features are: do not resize it.",
            wanted.T.shape: " Rows come first: (h, w).",
        }.get(got.shape, "")
        raise Wrong(f"for {given}: one value a place, of shape {wanted.shape}; got {got.shape}.{hint}")
    if np.allclose(got, wanted, atol=_near(gradient, features)):
        return
    place = tuple(int(k) for k in np.unravel_index(np.abs(got - wanted).argmax(), wanted.shape))
    right, yours = told_apart(wanted[place], got[place], 4)
    hint = _cam_hint(answer, cases)
    raise Wrong(f"for {given}: the value at {place} should be {right}; your function gave {yours}.{hint}")


def _near(gradient: np.ndarray, features: np.ndarray) -> float:
    """How far a map may be off: small steps in place of a tape do, too."""
    return 1e-3 * max(np.abs(gradient.mean(axis=(0, 1)) * features).max(), 1e-6)


def _cam_hint(answer, cases: list) -> str:
    """What the answer does instead: a mistake that explains its maps of every label, as one map may be all zeros."""
    left: dict[str, bool] = {}
    for front, head, picture, label in cases:
        classes = int(head.outputs[0].shape[-1])
        parts = [_gradient_and_features(front, head, picture, other) for other in range(classes)]
        slopes, features = [gradient for gradient, _ in parts], parts[0][1]
        scores = np.asarray(head(features[None].astype("float32")))[0]
        mistakes = _cam_mistakes(slopes[label], features)
        for words, other in _other_scores(slopes, scores, label):
            mistakes[words] = np.maximum((other.mean(axis=(0, 1)) * features).sum(axis=2), 0)
        try:
            got = numbers(answer(front, head, picture, label))
        except Exception:  # of the answer, for another case than the one that is shown
            return ""
        for words, other in mistakes.items():
            near = _near(slopes[label], features)
            same = got is not None and got.shape == other.shape and np.allclose(got, other, atol=near)
            left[words] = left.get(words, True) and same
    return next((f" {words}" for words, explains in left.items() if explains), "")


def _other_scores(slopes: list[np.ndarray], scores: np.ndarray, label: int) -> list[tuple[str, np.ndarray]]:
    """The gradients of what else may have been taken for the label's score, from the ``slopes`` of all scores."""
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    of_log = slopes[label] - sum(share * one for share, one in zip(shares, slopes, strict=True))
    return [
        ("That is the gradient of all scores together: take the score of `label` alone.", np.sum(slopes, axis=0)),
        ("A softmax was put on the scores: take the label's score as `head` gives it.", shares[label] * of_log),
        ("A log-softmax was put on the scores: take the label's score as `head` gives it.", of_log),
        ("That is the map of the network's own answer; asked is `label`.", slopes[int(scores.argmax())]),
        ("That is the gradient of a loss: take the label's score, which grows with what speaks for it.", -of_log),
    ]


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
        (2.0, 9.0): "the first pixel's part grows from 1 at the baseline to 2: take away the baseline.",
        (1.0, 12.0): "the second pixel moves from 1 to 4: take away the baseline.",
        (1.0, 3.0): "3 is the gradient of the second pixel. Multiply it by how far the pixel moved.",
        (5.0, 12.0): "those are the products of weight and pixel, without the limit of 2 and without the baseline.",
        (4.0, 3.0): "that is how far the pixels moved. Multiply each by its mean gradient.",
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
