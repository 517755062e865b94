"""What a training shows, in words that its numbers choose: titles of curves, units that died, a smile that was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.reporting.text import percent


def curves_title(history: Mapping[str, Sequence[float]]) -> str:
    """What the losses of training and validation do, as a figure's title.

    ``history`` has ``loss`` and ``validation_loss``, one number an epoch, as `fer_utils.training.fit` returns them.
    """
    learned, validation = history["loss"], history["validation_loss"]
    lowest = int(np.argmin(validation)) + 1
    if len(learned) < 2:
        return "One epoch gives no curve yet"
    if learned[-1] >= learned[0]:
        return "The training loss does not fall: nothing is learned"
    if lowest == len(validation):
        return "Both losses still fall in the last epoch"
    if lowest == 1:
        return "The training loss falls, the validation loss does not"
    return f"The training loss falls to the end, the validation loss to epoch {lowest}"


def curves_advice(history: Mapping[str, Sequence[float]]) -> str:
    """What to do after such curves (see `curves_title`), in a sentence."""
    learned, validation = history["loss"], history["validation_loss"]
    if len(learned) < 2:
        return "Train for more epochs before you read curves."
    if learned[-1] >= learned[0]:
        return "Try another learning rate, and look for dead units, before anything else."
    lowest = int(np.argmin(validation)) + 1
    if lowest == len(validation):
        return "More epochs may help: neither curve is flat yet."
    return (
        f"The validation loss is lowest after epoch {lowest}; after that the network becomes more "
        "certain of its wrong answers. The accuracy can still rise meanwhile. This is *overfitting*, the subject of "
        "the next chapter."
    )


def confusion_title(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """Which label is most often taken for which, by share of its faces; (classes, classes), rows the true label."""
    counts = np.asarray(confusion, float)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    np.fill_diagonal(shares, 0)
    if not shares.any():
        return "No label is taken for another"
    true, predicted = np.unravel_index(shares.argmax(), shares.shape)
    return f"{labels[true].capitalize()} is taken for {labels[predicted]} most often"


def smile_read(scores: Mapping[str, float], accuracy: float) -> str:
    """What to say of one smiling face: whether *happy* has the largest score, and what one answer can show.

    ``scores`` are the network's, 0 to 1, by label, in a dict or a Series; ``accuracy`` is the share of strangers that
    it reads right.
    """
    if "happy" not in scores:
        raise invalid("scores", expected="a score of the label 'happy'", received=list(scores))
    answer = max(scores.items(), key=lambda pair: pair[1])[0]
    if answer == "happy":
        text = "The face was drawn with the action units of *happy*, so this answer is right."
    else:
        text = (
            f"This answer is **wrong**: the face was drawn with the action units of *happy*, whose score is only "
            f"{scores['happy']:.2f}, and the network says *{answer}*."
        )
    return (
        f"{text} One face proves neither that the network is good nor that it is bad: of the strangers in the test it "
        f"reads {percent(accuracy)} right, so both right and wrong answers are to be expected."
    )


def _alive(training: Mapping) -> bool:
    return training["living"][-1] > 0


def _named(row: Mapping) -> str:
    return f"*{row['name']}*"


def living_title(answer: Mapping, described: str, conditioned: str) -> str:
    """The title of the figure of living units: how many trainings of two arms end with a living layer."""
    ends = {row["name"]: (sum(map(_alive, row["trainings"])), len(row["trainings"])) for row in answer["rows"]}
    texts = [f"{name} {ends[name][0]} of {ends[name][1]}" for name in (described, conditioned)]
    return f"Alive at the end: {', '.join(texts)}"


def living_sentences(answer: Mapping) -> list[str]:
    """A sentence an arm of the study ``dead_units``: how many layers live at the end, and how well the faces are read.

    A layer is dead where none of its units is above 0 for any of the faces that learn.
    """
    said = []
    for row in answer["rows"]:
        trainings = row["trainings"]
        living = [one for one in trainings if _alive(one)]
        text = f"{_named(row)}: in {len(living)} of {len(trainings)} trainings the layer ends with a living unit"
        if living:
            units = [one["living"][-1] for one in living]
            right = [one["right"][-1] for one in living]
            span = f"{min(units)} to {max(units)}" if min(units) < max(units) else f"{units[0]}"
            text += f" ({span} of {row['units']}); read right: {_span(right)} of the training faces"
        said.append(f"{text}.")
    return said


def _span(shares: Sequence[float]) -> str:
    """The smallest and the largest of some shares, in per cent."""
    low, high = percent(min(shares), 0), percent(max(shares), 0)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def revival(answer: Mapping) -> str:
    """Whether a layer that was wholly dead at some look had a living unit at a later one; a sentence."""
    died = back = 0
    for row in answer["rows"]:
        for one in row["trainings"]:
            first = next((place for place, living in enumerate(one["living"]) if living == 0), None)
            if first is not None:
                died += 1
                back += any(living > 0 for living in one["living"][first:])
    woken = sum(sum(one["woken"]) for row in answer["rows"] for one in row["trainings"])
    if not died:
        text = "No layer was without a living unit at any look"
    elif back:
        text = f"Of {died} layers that had no living unit at one of the checks, {back} had one again later"
    else:
        text = f"Of {died} layers that had no living unit at one of the checks, none had one again later"
    single = f"Single units came back {woken} times in all" if woken else "No single unit came back either"
    return f"{text}. {single}."


def slower_rate(answer: Mapping, described: str, slow: str) -> str:
    """Whether more layers lived at the end with the lower rate than with the usual one, by two or more; a sentence."""
    rows = {row["name"]: row for row in answer["rows"]}
    counts = {name: sum(map(_alive, rows[name]["trainings"])) for name in (described, slow)}
    trainings = len(rows[slow]["trainings"])
    if abs(counts[slow] - counts[described]) <= 1:
        text = "A lower rate made hardly a difference here"
    elif counts[slow] > counts[described]:
        text = "A lower rate helped here"
    else:
        text = "A lower rate did harm here"
    return (
        f"{text}: {counts[slow]} of {trainings} trainings end with a living unit at a tenth of the rate, and "
        f"{counts[described]} at the usual one. With {trainings} seeds each this is an observation and not a proof."
    )


def combination(answer: Mapping, described: str, conditioned: str) -> str:
    """In which arms every layer lives at the end, and whether dying comes with the layers alone; a sentence or two."""
    whole = [row["name"] for row in answer["rows"] if all(map(_alive, row["trainings"]))]
    if not whole:
        return "In no variant does the layer have a living unit at the end of every training."
    names = ", ".join(f"*{name}*" for name in whole)
    text = f"In these variants the layer has a living unit at the end of every training: {names}."
    others = [name for name in whole if name not in (described, conditioned)]
    if described in whole:
        return f"{text} So the network as described did not die here."
    if others:
        return (
            f"{text} So the architecture alone does not kill the units: with other choices of what the paper leaves "
            "open they live."
        )
    return f"{text} No other variant kept a living unit in every training."


def recipe_title(answer: Mapping) -> str:
    """How many trainings of the study ``recipe`` left chance level, conditioned and as described."""
    counts = {"recipe": [0, 0], "plain": [0, 0]}
    for row in answer["rows"]:
        counts[row["network"]][0] += row["left"]
        counts[row["network"]][1] += len(row["trainings"])
    texts = [f"{left} of {trainings}" for left, trainings in counts.values()]
    return f"Conditioned, {texts[0]} trainings leave chance level; as described, {texts[1]}"


def test_ends_title(histories: Mapping[str, Sequence[Mapping]]) -> str:
    """Where the test accuracy ends, mean over seeds; ``histories`` as `plotting.repeated_training_curves` has them."""
    ends = [f"{name} {percent(_last(some, 'test_accuracy'), 0)}" for name, some in histories.items()]
    return f"Test accuracy by frame: {', '.join(ends)}"


def curves_part(histories: Mapping[str, Sequence[Mapping]], *, points: float = 0.05) -> str:
    """Of each data set where training and test end, and whether they are then more than some points apart."""
    told = []
    for name, some in histories.items():
        learned, test = _last(some, "accuracy"), _last(some, "test_accuracy")
        words = "the curves part" if learned - test > points else "the curves hardly part"
        told.append(f"{name}: training {percent(learned)}, test {percent(test)}, {words}.")
    return f"{' '.join(told)} Training is measured with dropout on, which makes it lower."


def _last(histories: Sequence[Mapping], name: str) -> float:
    return float(np.mean([history[name][-1] for history in histories]))
