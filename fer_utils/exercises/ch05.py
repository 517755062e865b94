"""Chapter 5: early stopping (05-1), inverted dropout (05-3), augmentation by layers of Keras (05-4)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, same


def _reference(losses, patience: int) -> int:
    best, at = float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best, at = loss, epoch
        elif epoch - at >= patience:
            break
    return at


def grade_stopping(answer) -> str:
    """Early stopping on fixed and random loss curves: the epoch whose weights are kept."""
    fixed = [
        ([3.0, 2.0, 1.0], 2, "a loss that falls all the way"),
        ([1.0, 2.0, 3.0, 4.0], 2, "a loss that rises from the first epoch"),
        ([3.0, 2.0, 2.5, 2.6, 1.0], 2, "a loss that would have fallen again after patience ran out"),
        ([3.0, 2.0, 2.5, 1.9, 2.5, 2.6], 2, "a loss with one bad epoch, within the patience"),
        ([2.0, 1.0, 1.0, 1.0, 0.5], 3, "a plateau: an equal loss is no improvement"),
        ([2.0, 1.0, 1.0, 1.5, 1.6], 2, "an equal loss is no improvement"),
        ([1.0, 0.999999, 1.0, 1.0], 2, "the smallest improvement is one"),
        ([3e9, 2e9, 4e9], 1, "losses of any size"),
        ([2.0, 3.0, 4.0], 5, "fewer epochs than the patience"),
        ([5.0], 1, "a single epoch"),
        ([3.0, 4.0, 2.0], 1, "patience 1: one bad epoch is one too many"),
        ([3.0, 1.0, 2.0, 1.8, 1.5, 0.5], 3, "a loss that falls again, but not below its lowest, until patience is out"),
        ([3.0, 3.5, 2.0, 2.5, 1.0], 2, "bad epochs that are not in a row: each improvement begins the count anew"),
    ]
    rng = np.random.default_rng(505)
    random = [
        (
            [float(x) for x in np.round(np.abs(np.cumsum(rng.normal(0, 1, 12)) + 8), 2)],
            int(rng.integers(1, 5)),
            "a wandering loss",
        )
        for _ in range(60)
    ]
    for losses, patience, story in fixed + random:
        handed = list(losses)
        got = asked(answer, "stop(losses, patience)", handed, patience)
        same(
            "the epoch that is kept (counted from 0)",
            got,
            _reference(losses, patience),
            f"{story}: losses {losses}, patience {patience}",
        )
        same("the list of losses (left as it was)", handed, losses, story)
    return "right for every curve that was tried. Remember which curve it must not be: the test's."


def _dropped(x: np.ndarray, rate: float, noise: np.ndarray, training: bool) -> np.ndarray:
    """Inverted dropout."""
    return np.where(noise < rate, 0.0, x / (1 - rate)) if training else x


def _dropout_hint(got: np.ndarray, x: np.ndarray, rate: float, noise: np.ndarray, training: bool) -> str:
    """What the answer seems to have done instead."""
    if not training:
        alike = {
            "For a prediction nothing is dropped.": _dropped(x, rate, noise, True),
            "For a prediction nothing is scaled: inverted dropout has scaled during training.": x * (1 - rate),
            "For a prediction nothing is scaled.": x / (1 - rate),
            "For a prediction nothing is scaled: x comes back as it is.": x * rate,
        }
    else:
        zeros = np.where(noise < rate, 0.0, 1.0)
        alike = {
            "The values that stay are not scaled: their sum is too small, by the share that was dropped.": x * zeros,
            "The values that stay become larger, not smaller: divide by 1 - rate.": x * zeros * (1 - rate),
            "It looks like a division by `rate`: divide by 1 - rate, the share that stays.": x * zeros / rate,
            "It looks like a multiplication by 1 + rate: divide by 1 - rate.": x * zeros * (1 + rate),
            "The share `rate` seems to stay; it should be dropped: drop where the noise is below rate.": np.where(
                noise < rate, x / (1 - rate), 0.0
            ),
            "The whole array was scaled, and nothing was dropped.": x / (1 - rate),
            "Nothing was dropped; during training a value becomes 0 where the noise is below rate.": x,
            "It looks as if the values whose noise is *above* rate were dropped.": np.where(
                noise > rate, 0.0, x / (1 - rate)
            ),
            "A noise of exactly `rate` is not below it: that value stays.": np.where(
                noise <= rate, 0.0, x / (1 - rate)
            ),
            "It looks as if a value stayed where its noise is below 1 - rate: it becomes 0 where the noise is below "
            "rate.": np.where(noise < 1 - rate, x / (1 - rate), 0.0),
            "It looks as if the noise were compared with 1 - rate.": np.where(noise < 1 - rate, 0.0, x / (1 - rate)),
            "It looks like a multiplication by `rate`: divide by 1 - rate, the share that stays.": x * zeros * rate,
            "It looks as if the values were compared with rate: compare the noise.": np.where(
                x < rate, 0.0, x / (1 - rate)
            ),
            "It looks as if x were multiplied by the noise: it only says which values become 0.": x * noise,
            "Divide by 1 - rate, and not by the share that happened to stay.": x * zeros / max(zeros.mean(), 1e-9),
            "Fractions seem to be cut off: is the new array one of whole numbers?": np.trunc(
                _dropped(x, rate, noise, training)
            ),
        }
        kept_or_dropped = np.isclose(got, 0) | np.isclose(got, x / (1 - rate))
        if kept_or_dropped.all() and not any(np.allclose(got, other) for other in alike.values()):
            return "It looks as if other random numbers decided: those of `noise` should."
    return next((words for words, other in alike.items() if np.allclose(got, other)), "")


def grade_dropout(answer) -> str:
    """Given noise, training or not, at several rates, with zeros and negative values."""
    rng = np.random.default_rng(53)
    for rate, training in [
        (0.3, True),
        (0.3, False),
        (0.5, True),
        (0.0, True),
        (0.8, True),
        (0.8, False),
        (0.25, True),
    ]:
        shape = (4, 6) if rate != 0.8 else (3, 2, 5)
        x = np.round(rng.normal(0.5, 2, shape), 1)
        noise = rng.random(shape)
        noise.flat[0] = rate  # exactly at the limit: it stays
        given = f"rate {rate}, training={training}"
        kept = x.copy()
        made = asked(answer, "drop(x, rate, noise, training)", x, rate, noise, training)
        if not np.array_equal(x, kept):
            raise Wrong("your function changed the array x that it was given; make a new one.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        wanted = _dropped(x, rate, noise, training)
        if got.shape != wanted.shape:
            hint = " Return the array alone." if got.shape[1:] == wanted.shape else ""
            if got.ndim == 1:
                hint = " What is dropped becomes 0 and stays in its place."
            raise Wrong(f"for {given}: the result should have the shape {wanted.shape}; got {got.shape}.{hint}")
        if np.allclose(got, wanted):
            continue
        hint = _dropout_hint(got, x, rate, noise, training)
        place = tuple(int(number) for number in np.argwhere(~np.isclose(got, wanted))[0])
        raise Wrong(
            f"for {given}: the value {x[place]:g} with noise {noise[place]:.2f} should become {wanted[place]:.3g}; got "
            f"{got[place]:.3g}. {hint}".rstrip()
        )
    return "right at every rate. On average the layer passes on what it was given, so nothing need change afterwards."


def _told_sides(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much brighter the left half of each picture is than the right, and the upper than the lower."""
    side = pictures.shape[1] // 2
    left, right = pictures[:, :, :side], pictures[:, :, side:]
    upper, lower = pictures[:, :side], pictures[:, side:]
    return (
        left.mean(axis=(1, 2, 3)) - right.mean(axis=(1, 2, 3)),
        upper.mean(axis=(1, 2, 3)) - lower.mean(axis=(1, 2, 3)),
    )


def grade_augmentation(answer) -> str:
    """Pictures with a light side and a light top: which way they lie afterwards, and how far they moved."""
    import keras

    pictures = np.full((128, 32, 32, 1), 60.0, np.float32)
    pictures[:, :, :16] += 60.0
    pictures[:, :16] += 80.0
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for shift in (0.1, 0.3):
            made = asked(answer, "augmentation(shift)", shift)
            if not isinstance(made, keras.layers.Layer):
                raise Wrong(f"augmentation(shift) should return a Keras layer or model; got {type(made).__name__}.")
            plain = np.asarray(made(pictures, training=False))
            changed = np.asarray(made(pictures, training=True))
            _check_changes(pictures, plain, changed, shift)
    return (
        "right: half are mirrored, all are shifted, none stands on its head, and predictions see pictures as they are."
    )


def _check_changes(pictures: np.ndarray, plain: np.ndarray, changed: np.ndarray, shift: float) -> None:
    """The first thing that is wrong with pictures that were augmented, as `Wrong`."""
    if changed.shape != pictures.shape:
        raise Wrong(f"pictures of {pictures.shape[1:]} should keep their shape; they came out as {changed.shape[1:]}.")
    if not np.allclose(plain, pictures, atol=1e-3):
        raise Wrong("with training=False the pictures should stay as they are: augmentation is for training alone.")
    if np.allclose(changed, pictures, atol=1e-3):
        raise Wrong("with training=True no picture was changed.")
    low, high = changed.min(), changed.max()
    if not np.isfinite(changed).all() or low < -1 or high > 256:
        raise Wrong(
            f"pixels should stay between 0 and 255; they are {low:.0f} to {high:.0f}. Which layer changes "
            "the brightness so much?"
        )
    lighter_left, lighter_above = _told_sides(changed)
    if (lighter_above < 0).any():
        raise Wrong(
            "some faces were turned upside down: mirror with 'horizontal' alone, and turn by a few degrees. "
            "RandomRotation takes a share of a full turn."
        )
    mirrored, count = int((lighter_left < 0).sum()), len(pictures)
    if mirrored == 0:
        raise Wrong(f"none of {count} pictures was mirrored left to right; about half of them should be.")
    if not count / 4 <= mirrored <= 3 * count / 4:
        raise Wrong(f"{mirrored} of {count} pictures were mirrored left to right; about half of them should be.")
    same_way = changed[lighter_left > 0]
    sideways, upright = _moved(same_way), _moved(same_way.transpose(0, 2, 1, 3))
    # The spread of a uniform distribution; a fifth of it may come from turning or zooming.
    least = 0.2 * shift * pictures.shape[1] / np.sqrt(3)
    if sideways.std() < least and upright.std() < least:
        raise Wrong("the pictures are not shifted: move each by another amount.")
    if min(sideways.std(), upright.std()) < least:
        alone = "up and down" if sideways.std() < upright.std() else "left and right"
        raise Wrong(
            f"the pictures are shifted {alone} alone: RandomTranslation takes a share for the height and one for the "
            "width."
        )
    if (_borders(changed) < 30).any():
        raise Wrong("shifting left black borders: RandomTranslation's fill_mode 'nearest' repeats the edge.")
    _check_distances(sideways, ("left", "right"), shift, pictures.shape[1])
    _check_distances(upright, ("up", "down"), shift, pictures.shape[1])
    if shift <= 0.1 and _wrapped(same_way):  # of larger shifts the rows that are looked at may be empty
        raise Wrong(
            "what leaves a picture at one side comes in at the other: RandomTranslation's fill_mode 'nearest' repeats "
            "the edge."
        )


def _check_distances(moved: np.ndarray, ways: tuple[str, str], shift: float, side: int) -> None:
    """Both ways alike, as far as asked, and no farther; ``moved`` in pixels."""
    farthest = shift * side
    if abs(moved.mean()) > 0.3 * farthest:  # half of it if all move one way; four standard errors if they move both
        raise Wrong(
            f"with shift = {shift}, the pictures move {ways[int(moved.mean() > 0)]} alone: of two numbers the first is "
            "the farthest to one side, and one number stands for both sides."
        )
    most = np.abs(moved).max()
    # Three pixels more may come from turning a little; the largest of 64 is hardly below three quarters.
    if not 0.75 * farthest - 0.5 <= most <= farthest + 3:
        raise Wrong(
            f"with shift = {shift}, pictures should move {ways[0]} or {ways[1]} by up to {shift} of their side; yours "
            f"move by up to {most / side:.2f}."
        )


def _moved(pictures: np.ndarray) -> np.ndarray:
    """How far the step from the light to the dark side lies right of the middle in each picture, pixels."""
    rows = pictures[:, 14:18].mean(axis=(1, 3))
    return (rows[:, :-1] - rows[:, 1:]).argmax(axis=1) + 1 - pictures.shape[2] / 2


def _wrapped(pictures: np.ndarray) -> bool:
    """Whether a picture that is light at the left begins with its dark side, or ends with its light one."""
    rows = pictures[:, 22:26].mean(axis=(1, 3))
    middle = pictures.shape[2] // 2
    light, dark = rows[:, [middle - 10]], rows[:, [middle + 10]]
    # Two columns: one alone may be a mixture of the picture and of what fills the edge.
    begins = np.isclose(rows[:, :2], dark, atol=3).all(axis=1)
    ends = np.isclose(rows[:, -2:], light, atol=3).all(axis=1)
    return bool(((begins | ends) & (light - dark > 30)[:, 0]).any())


def _borders(pictures: np.ndarray) -> np.ndarray:
    """The darkest pixel of each picture's frame."""
    frame = np.ones(pictures.shape[1:3], bool)
    frame[1:-1, 1:-1] = False
    return pictures[:, frame].min(axis=(1, 2))
