"""Chapter 4: a split by person (04-1), cross-entropy (04-3), and a training step (04-4)."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from fer_utils.exercises import Wrong, asked, numbers, told_apart, two, whole

_ARGUMENTS = "actor_split(meta, test_actors, seed)"


def _table(names: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    # A table that was filtered keeps its old index, as tables in the wild do.
    return pd.DataFrame(
        {"actor": names, "clip": [f"c{i}" for i in range(len(names))]},
        index=rng.permutation(len(names) * 3)[: len(names)],
    )


def _toy(actors: int, rng: np.random.Generator) -> pd.DataFrame:
    counts = rng.integers(3, 12, actors)
    return _table(rng.permutation(np.repeat([f"{n:02d}" for n in range(1, actors + 1)], counts)), rng)


def _positions(side: str, rows, length: int, given: str) -> np.ndarray:
    """One side of the answer, (N,), as whole numbers from 0 to ``length`` - 1."""
    try:
        got = np.asarray(rows)
    except ValueError:  # lists of unequal lengths
        got = np.asarray(None)
    if got.dtype == bool:
        raise Wrong(f"{side} is a mask of True and False; return row positions (np.flatnonzero makes them).")
    if got.ndim != 1:
        what = f"an array of shape {got.shape}" if got.ndim else f"of type {type(rows).__name__}"
        raise Wrong(
            f"for {given}: {side} should be one array of row positions, of one dimension; it is {what}. "
            "(np.flatnonzero gives such an array, np.where and np.argwhere do not.)"
        )
    places = [whole(row) for row in got.tolist()]
    if any(place is None or not 0 <= place < length for place in places):
        raise Wrong(
            f"for {given}: {side} should hold row positions 0 to {length - 1} "
            "(positions, not the table's index labels)."
        )
    return np.array(places, int)


def _split(answer, meta: pd.DataFrame, wanted: int, seed: int, given: str) -> tuple[np.ndarray, np.ndarray]:
    """Ask once, and check what holds for every split: positions, disjoint, complete, so many people who test."""
    before = meta.copy(deep=True)
    made = asked(answer, _ARGUMENTS, meta, wanted, seed)
    if not before.equals(meta):
        raise Wrong("your function changed the table it was given; work on a copy.")
    sides = two(made)
    if sides is None:
        raise Wrong(f"for {given}: return two things, (train, test); got {type(made).__name__}.")
    train, test = (
        _positions(side, rows, len(meta), given) for side, rows in zip(("train", "test"), sides, strict=True)
    )
    if len(np.intersect1d(train, test)):
        raise Wrong(f"for {given}: {len(np.intersect1d(train, test))} rows are on both sides.")
    if len(train) + len(test) != len(meta) or len(np.union1d(train, test)) != len(meta):
        raise Wrong(f"for {given}: every row belongs to one side, once; {len(train)} + {len(test)} rows came back.")
    people = meta["actor"].to_numpy()
    shared = sorted(set(people[train]) & set(people[test]))
    if shared:
        raise Wrong(
            f"for {given}: actor {shared[0]} is on both sides, so the network is tested on a face it has learned."
        )
    tested = len(set(people[test]))
    if tested != wanted:
        hint = ""
        if tested == 0:
            hint = " Draw `test_actors` names from those in `meta['actor']`, whatever they are."
        elif len(set(people[train])) == wanted:
            hint = " Have train and test changed places?"
        elif tested < wanted:
            hint = " Draw `test_actors` of them, without replacement, from a list that has each actor once."
        raise Wrong(f"for {given}: {wanted} actor{'s' if wanted > 1 else ''} should test, and {tested} do.{hint}")
    return train, test


def _fair(answer, rng: np.random.Generator) -> None:
    """Over many seeds every actor tests as often as any other, and so does every pair of them."""
    seeds, wanted = 200, 3
    rows = {"01": 3, "02": 5, "03": 60, "04": 4, "05": 3, "06": 6}
    meta = _table(rng.permutation(np.repeat(list(rows), list(rows.values()))), rng)
    people, names = meta["actor"].to_numpy(), list(rows)
    together = np.zeros((len(names), len(names)))
    for seed in rng.integers(0, 2**31, seeds):
        _, test = _split(answer, meta, wanted, int(seed), f"a table of {len(names)} actors, test_actors={wanted}")
        drawn = np.isin(names, people[test])
        together += np.outer(drawn, drawn) / seeds
    # The bounds are five standard errors wide: no fair draw leaves them.
    for place, name in enumerate(names):
        if abs(together[place, place] - 1 / 2) > 0.18:
            raise Wrong(
                f"with {seeds} seeds, actor {name}, who has {rows[name]} of {len(meta)} rows, tests in "
                f"{together[place, place]:.0%} of the splits, where 3 of 6 actors test. Draw from the list of actors, "
                "each of them once, so that all are equally likely; not from the rows."
            )
    for one, other in itertools.combinations(range(len(names)), 2):
        if abs(together[one, other] - 1 / 5) > 0.15:
            raise Wrong(
                f"with {seeds} seeds, actors {names[one]} and {names[other]} test together in "
                f"{together[one, other]:.0%} of the splits, and by chance it would be 20%. Draw each actor at random, "
                "not neighbours in a list."
            )


def _no_order_of_a_set(answer, rng: np.random.Generator) -> None:
    """Python gives a set of texts another order in each session, so `list(set(actors))` makes another split.

    Within one session this shows with other names: whoever sorts the names, or takes them as they come, draws the
    same actors whatever they are called; whoever takes a set's order draws by it, and by nothing else.
    """
    ranks = rng.permutation(np.repeat(np.arange(4), (3, 5, 4, 6)))
    meta = _table(ranks.astype(str), rng)
    names = np.array([f"{number:02d}" for number in range(1, 100)])
    drawn: dict[tuple, set] = {}
    tries = 0
    while tries < 60:
        chosen = np.sort(rng.choice(names, 4, replace=False))
        slots = [hash(str(name)) % 8 for name in chosen]  # a set of four has eight places
        if len(set(slots)) < 4:
            continue  # two names want the same place, and then the order hangs on who came first
        tries += 1
        meta["actor"] = chosen[ranks]
        _, test = _split(answer, meta, 2, 7, "a table of 4 actors, test_actors=2")
        drawn.setdefault(tuple(np.argsort(slots)), set()).add(tuple(np.unique(ranks[test])))
    if len(set.union(*drawn.values())) > 1 and all(len(splits) == 1 for splits in drawn.values()):
        raise Wrong(
            "your split follows the order of a set of names, and Python gives a set another order in each session: "
            "tomorrow the same seed gives another split. Sort the names: sorted(set(...)) or np.unique."
        )


def grade_split(answer) -> str:
    """Positions, disjoint, complete, no actor on both sides, the asked number of test actors, seeded, fair."""
    rng = np.random.default_rng(404)
    for actors, wanted in [(5, 1), (24, 5), (4, 2), (2, 1), (12, 11)]:
        meta = _toy(actors, rng)
        given = f"a table of {len(meta)} rows and {actors} actors, test_actors={wanted}"
        train, test = _split(answer, meta, wanted, 7, given)
        again = _split(answer, meta, wanted, 7, given)
        if not (np.array_equal(np.sort(train), np.sort(again[0])) and np.array_equal(np.sort(test), np.sort(again[1]))):
            raise Wrong("the same seed should give the same split; yours changes from call to call.")
    meta = _toy(24, rng)
    people = meta["actor"].to_numpy()
    given = f"a table of {len(meta)} rows and 24 actors, test_actors=5"
    drawn = {tuple(sorted(set(people[_split(answer, meta, 5, seed, given)[1]]))) for seed in range(8)}
    if len(drawn) < 3:
        raise Wrong("eight seeds gave almost the same test actors; draw them with the seed.")
    _fair(answer, rng)
    _no_order_of_a_set(answer, rng)
    return "right: nobody is on both sides, nothing is lost, and the seed decides."


# --- 04-3: cross-entropy of logits ------------------------------------------------------------


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the softmax of each row, (N, K), finite for any finite numbers."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _cross_entropies(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The loss of each face, (N,), in nats."""
    return -_log_softmax(logits)[np.arange(len(labels)), labels]


def _loss_hint(got: float, logits: np.ndarray, labels: np.ndarray) -> str:
    """What the answer seems to have done instead."""
    losses = _cross_entropies(logits, labels)
    rows = np.arange(len(labels))
    with np.errstate(all="ignore"):
        own = np.exp(_log_softmax(logits))
        alike = {
            "It looks like the sum over the faces: take the mean.": losses.sum(),
            "The sign is wrong: the logarithm of a score is negative, and a loss is not.": -losses.mean(),
            "It looks like a logarithm to base 2: use np.log.": losses.mean() / np.log(2),
            "It looks like a logarithm to base 10: use np.log.": losses.mean() / np.log(10),
            "It looks like the mean score of the right label: take minus its logarithm.": own[rows, labels].mean(),
            "It looks like minus the logarithm of the mean score: take the logarithm of each face first.": -np.log(
                own[rows, labels].mean()
            ),
            "It looks as if all scores were summed, not only that of the right label.": -np.log(own).sum(axis=1).mean(),
            "It looks as if the softmax ran over the faces: it runs over the labels of each face.": -np.log(
                np.exp(logits - logits.max(axis=0)) / np.exp(logits - logits.max(axis=0)).sum(axis=0)
            )[rows, labels].mean(),
            "It looks as if there were no softmax: the logits are not scores yet.": -np.log(
                logits[rows, labels]
            ).mean(),
            "It looks as if the mean were taken over faces and labels.": losses.mean() / logits.shape[1],
            "It looks as if the sum were divided by the number of labels: divide by the number of faces.": losses.sum()
            / logits.shape[1],
            "It looks as if every face got the labels of all faces: logits[:, labels] is a table. Take one number a "
            "face, logits[np.arange(len(labels)), labels].": -_log_softmax(logits)[:, labels].mean(),
            "That is the mean entropy of the scores: only the right label counts.": -(own * np.log(own))
            .sum(axis=1)
            .mean(),
            "It looks as if the network's own answer were taken for the right label: `labels` has the right ones.": (
                -np.log(own.max(axis=1)).mean()
            ),
            "It looks as if labels were counted from 1: they count from 0.": _cross_entropies(
                logits, labels - 1
            ).mean(),
            "That is minus the logit of the right label: the logarithm of the sum is missing.": -logits[
                rows, labels
            ].mean(),
            "That is the logarithm of the sum alone: take away the logit of the right label.": (
                losses.mean() + logits[rows, labels].mean()
            ),
            "It looks as if softmax were applied twice: the scores are no logits.": _cross_entropies(
                own, labels
            ).mean(),
            "It looks as if the largest number of each *column* were subtracted: take that of each row, of one face.": (
                np.log(np.exp(logits - logits.max(axis=0)).sum(axis=1)) - (logits - logits.max(axis=0))[rows, labels]
            ).mean(),
            "It looks like the exponential of the loss.": np.exp(losses.mean()),
            "It looks like the median of the faces' losses: take the mean.": np.median(losses),
            "It looks like the largest of the faces' losses: take the mean.": losses.max(),
        }
    return next((words for words, other in alike.items() if np.isfinite(other) and np.isclose(got, other)), "")


def grade_cross_entropy(answer) -> str:
    """Ordinary logits, one face, equal logits, then numbers at which the plain formula overflows or vanishes."""
    rng = np.random.default_rng(43)
    ordinary = [(rng.normal(0.5, 2, (n, k)), rng.integers(0, k, n)) for n, k in ((6, 4), (1, 8), (5, 5), (40, 2))]
    ordinary.append((np.full((3, 8), 2.5), np.array([0, 7, 3])))
    large = [
        (np.array([[1000.0, 0.0, -1000.0], [0.0, 800.0, 3.0]]), np.array([0, 1])),
        (np.array([[1000.0, 0.0, -1000.0], [0.0, 800.0, 3.0]]), np.array([2, 0])),
        (np.array([[-2000.0, -2001.0], [2000.0, 1999.0]]), np.array([0, 1])),
        (np.array([[3.0, -50.0, 0.0]]), np.array([1])),
    ]
    for number, (logits, labels) in enumerate(ordinary + large):
        given = f"logits of shape {logits.shape}, the largest {logits.max():.3g} and the smallest {logits.min():.3g}"
        kept = logits.copy()
        with np.errstate(all="ignore"):  # an overflow is a wrong answer, not a warning
            made = asked(answer, "cross_entropy(logits, labels)", logits, labels)
        if not np.array_equal(kept, logits):
            raise Wrong("your function changed the logits that it was given; work on a copy.")
        got = numbers(made)
        if got is None or got.size != 1:
            what = f"an array of shape {got.shape}" if got is not None else type(made).__name__
            raise Wrong(f"for {given}: return one number, the mean loss of the faces; got {what}.")
        value, wanted = float(got.reshape(())), float(_cross_entropies(logits, labels).mean())
        if np.isclose(value, wanted, rtol=1e-6, atol=1e-9):
            continue
        hint = _loss_hint(value, logits, labels)
        if not hint and number >= len(ordinary):
            if not np.isfinite(value):
                hint = (
                    "np.exp of such a number is infinite, or a score is exactly 0. Subtract each row's largest number "
                    "first, and take the logarithm of the sum, not of a quotient."
                )
            elif value < wanted or 0 < value - wanted < 1e-6:
                hint = "Was a score cut off from below? A loss may be large; no small constant is needed."
            else:
                hint = "Subtract the largest number of each row, not that of all rows."
        shown = told_apart(wanted, value)
        raise Wrong(f"for {given}: the loss should be {shown[0]}; got {shown[1]}. {hint}".rstrip())
    return "right, also where np.exp alone would overflow: large numbers stay finite."


# --- 04-4: one training step --------------------------------------------------------------------


def _small_network(dropout: bool = False):
    """Two dense layers with batch normalisation between; ``dropout`` behind it, with a seed."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(44)
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu"),
            layers.BatchNormalization(momentum=0.5),
            *([layers.Dropout(0.5, seed=4)] if dropout else []),
            layers.Dense(3, activation="softmax"),
        ]
    )


def _step(network, optimizer, inputs, labels, *, training=True, fold="mean", up=False):
    """The reference, (loss before the step); the options are mistakes to recognise."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        right = tf.gather(network(inputs, training=training), labels, axis=1, batch_dims=1)
        losses = -tf.math.log(right + 1e-12)
        loss = tf.reduce_mean(losses) if fold == "mean" else tf.reduce_sum(losses)
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply([-one if up else one for one in gradients], network.trainable_variables)
    return float(loss)


def _alike(network, weights) -> bool:
    return all(np.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(network.get_weights(), weights, strict=True))


def grade_step(answer) -> str:
    """A step by SGD and two by Adam, on a network with batch normalisation, beside the reference's."""
    import keras

    rng = np.random.default_rng(44)
    batches = [(rng.normal(size=(8, 6)).astype("float32"), rng.integers(0, 3, 8).astype("int64")) for _ in range(2)]
    makers = {
        "SGD(0.1)": lambda: keras.optimizers.SGD(0.1),
        "Adam(0.05)": lambda: keras.optimizers.Adam(0.05),
    }
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for name, maker in makers.items():
            mine, wanted = _small_network(), _small_network()
            own, reference = maker(), maker()
            for number, (inputs, labels) in enumerate(batches[: 1 if "SGD" in name else 2], start=1):
                given = f"step {number} with {name}"
                before = [weights.copy() for weights in mine.get_weights()]
                made = asked(answer, "train_step(network, optimizer, inputs, labels)", mine, own, inputs, labels)
                if _alike(mine, before):
                    raise Wrong(
                        f"{given}: no weight has changed. Apply the gradients: optimizer.apply(gradients, variables)."
                    )
                loss = _step(wanted, reference, inputs, labels)
                _check_step(mine, wanted, before, (maker, inputs, labels), given)
                got = numbers(made)
                if got is None or got.size != 1:
                    raise Wrong(f"{given}: the weights are right; return the loss as one number, too.")
                if not np.isclose(float(got.reshape(())), loss, rtol=1e-3):
                    later = f"{loss:.4f}; got {float(got.reshape(())):.4f}"
                    raise Wrong(f"{given}: the weights are right, but the loss before the step should be {later}.")
    return "right: with SGD and with Adam the weights and the losses are those of the reference."


def _check_step(mine, wanted, before, again: tuple, given: str) -> None:
    """The weights after a step; what went wrong is recognised by doing it wrong from the same weights."""
    if _alike(mine, wanted.get_weights()):
        return
    maker, inputs, labels = again
    trainable = [weights.numpy() for weights in mine.trainable_variables]
    first = given.startswith("step 1 ")
    right = [weights.numpy() for weights in wanted.trainable_variables]
    if all(np.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(trainable, right, strict=True)):
        raise Wrong(
            f"{given}: the weights are right, but the statistics of the batch normalisation are not. Call the network "
            "once a step, with training=True."
        )
    mistakes = {
        "Call the network with training=True, so that batch normalisation uses the batch.": {"training": False},
        "The loss goes up instead of down: is there a minus before the logarithm?": {"up": True},
        "It looks like the sum of the faces' losses: take the mean.": {"fold": "sum"},
    }
    for words, options in mistakes.items():
        if not first:
            break
        trial = _small_network()
        trial.set_weights(before)
        _step(trial, maker(), inputs, labels, **options)
        if _alike(trial, mine.get_weights()):
            raise Wrong(f"{given}: {words}")
    if first:
        raise Wrong(
            f"{given}: the weights have changed, but not as one step of this optimizer does. "
            + (
                "With SGD the step was right, so let the optimizer that is given apply the gradients."
                if "Adam" in given
                else "The scores are softmax outputs already; the loss is the mean of -log(score of the right label); "
                "one step changes every weight once, by the optimizer that is given."
            )
        )
    raise Wrong(
        f"{given}: the first step was right, this one is not. Use the optimizer that is given, in every step: it "
        "remembers the gradients of earlier ones."
    )
