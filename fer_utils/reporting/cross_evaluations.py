"""A stored result on another face set, in words."""

from __future__ import annotations

from fer_utils.experiments import CrossEvaluation, Result
from fer_utils.reporting.text import percent, with_interval

#: So many names are listed.
NAMED = 5


def cross_evaluation(result: Result, found: CrossEvaluation) -> str:
    """Lines of plain text: the numbers, the labels of only one side, how faces differ, and what was met in training.

    Parameters
    ----------
    result : the stored result that was tested.
    found : what `fer_utils.experiments.evaluate_on` returned.
    """
    measured = found.metrics
    people = found.predictions.loc[found.predictions["actor"] != "", "actor"].nunique()
    lines = [
        f"{result.experiment['model']['name']} of {found.result.name}, on {measured['n']:,} faces of "
        f"{f'{people:,} people' if people else 'nobody who is named'} in {found.faces}",
        f"accuracy  {with_interval(measured['accuracy'], unit=found.unit)}; "
        f"on its own test faces {percent(result.accuracy)}",
        f"macro F1  {with_interval(measured['macro_f1'], unit=found.unit)}",
        f"chance    {percent(measured['chance'])} (always the commonest label of these faces)",
    ]
    if found.among_common is not None:
        answered = with_interval(found.among_common["accuracy"], unit=found.unit)
        lines.append(f"accuracy  {answered}, if it may only answer labels that both have")
    lines += [f"  recall {label:<10} {percent(measured['recall'][label])}" for label in found.common]
    if found.only_result:
        lines.append(f"labels that only the result has: {', '.join(found.only_result)}")
    if found.left_out:
        some = ", ".join(f"{label} ({count:,})" for label, count in found.left_out.items())
        lines.append(f"labels that only the faces have, left out: {some}")
    return "\n".join([*lines, *_making(found), *_acquaintance(found)])


def _making(found: CrossEvaluation) -> list[str]:
    if found.unknown_making:
        return ["how the faces were made is not known of both sides"]
    if not found.differences:
        return ["the faces were made as those of the training"]
    some = "; ".join(f"{name} {before} in training, {now} here" for name, (before, now) in found.differences.items())
    return [f"the faces were made otherwise: {some}"]


def _acquaintance(found: CrossEvaluation) -> list[str]:
    known = found.acquaintance
    if known.unknown:
        return [f"whether people or pictures were in training is not known: {known.unknown}"]
    lines = []
    if known.same_faces:
        lines.append(
            f"this is the face set of the training: {found.met.get('row', 0):,} of the faces were learned from"
        )
    if known.people:
        more = f" and {len(known.people) - NAMED:,} more" if len(known.people) > NAMED else ""
        lines.append(f"people whose names were in training: {', '.join(known.people[:NAMED])}{more}")
    elif found.unit == "actor":
        lines.append("nobody of these names was in training")
    else:
        lines.append("nobody is named, so people cannot be compared")
    if known.clips and not known.same_faces:
        lines.append(f"clips whose names were in training: {known.clips:,}")
    if known.pictures:
        missed = " (where faces were cut out otherwise, fewer are found)" if found.differences else ""
        share = percent(known.pictures["near image"])
        lines.append(f"{share} of the other faces have a near-duplicate in training{missed}")
    else:
        lines.append("pictures were not compared with those of the training")
    if found.strangers is not None:
        accuracy = with_interval(found.strangers["accuracy"], unit=found.unit)
        lines.append(f"accuracy  {accuracy}, on the {found.strangers['n']:,} faces that were not met in training")
    elif found.met:
        lines.append("every face was met in training, so this accuracy says nothing about others")
    return lines
