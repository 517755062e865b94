"""What must stand in a ``result.json``, so that whoever reads a result need not look again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT, _NUMBER, _WHOLE, _LIST, _DICT = "text", "a number", "a whole number", "a list", "a dict"
_NUMBER_OR_NONE = "a number or null"
#: Field -> what it is.  ``faces`` may be absent: results from before it was stored say nothing of their faces.
_FIELDS: Mapping[str, str] = {
    "experiment": _DICT,
    "key": _TEXT,
    "labels": _LIST,
    "history": _DICT,
    "metrics": _DICT,
    "stages": _DICT,
    "split": _DICT,
    "parameters": _WHOLE,
    "seed": _WHOLE,
    "minutes": _NUMBER,
    "processor_minutes": _NUMBER,
    "versions": _DICT,
    "hardware": _DICT,
    "commit": _TEXT,
    "finished": _TEXT,
    "predictions": _DICT,
}
_SPLIT: Mapping[str, str] = {
    "train": _WHOLE,
    "test": _WHOLE,
    "train_actors": _WHOLE,
    "test_actors": _WHOLE,
    "leaked_share": _DICT,
}
_METRICS: Mapping[str, str] = {
    "accuracy": _DICT,
    "macro_f1": _DICT,
    "recall": _DICT,
    "confusion": _LIST,
    "n": _WHOLE,
    "chance": _NUMBER_OR_NONE,
}
_MEASURED: Mapping[str, str] = {
    "value": _NUMBER_OR_NONE,
    "low": _NUMBER_OR_NONE,
    "high": _NUMBER_OR_NONE,
    "groups": _WHOLE,
}


def unknown_fields(value: Any) -> list[str]:
    """The fields that only a newer version of the package can have written."""
    return sorted(set(value) - set(_FIELDS) - {"faces"}) if isinstance(value, dict) else []


def check_result(value: Any) -> None:
    """Check what was read from a ``result.json``, all but its metrics.

    Raises
    ------
    ValueError : a field is absent or of another type; the message names it.
    """
    _check_fields(value, _FIELDS, "the file")
    labels = value["labels"]
    if not labels or not all(isinstance(label, str) for label in labels) or len(set(labels)) != len(labels):
        raise ValueError("`labels` are not different texts")
    _check_fields(value["split"], _SPLIT, "`split`")
    _check_values(value["split"]["leaked_share"], _NUMBER, "`split.leaked_share`")
    checked = value["split"].get("picture_check")
    if checked is not None:
        _check_fields(checked, {"seconds": _NUMBER, "pictures": _WHOLE}, "`split.picture_check`")
        _check_fields(value["split"]["leaked_share"], {"image": _NUMBER, "near image": _NUMBER}, "`split.leaked_share`")
    _check_values(value["stages"], _WHOLE, "`stages`")
    _check_values(value["versions"], _TEXT, "`versions`")
    _check_values(value["history"], _LIST, "`history`")
    for name, numbers in value["history"].items():
        _check_values(dict(enumerate(numbers)), _NUMBER, f"`history.{name}`")
    if not _is(value.get("faces", {}), _DICT):
        raise ValueError(f"`faces` is not {_DICT}")
    _check_experiment(value["experiment"])
    _check_predictions(value["predictions"], len(labels))


def check_metrics(measured: dict, labels: list[str]) -> None:
    """Check metrics of this version's form; ``ValueError`` as `check_result`."""
    _check_fields(measured, _METRICS, "`metrics`")
    for name in ("accuracy", "macro_f1"):
        _check_fields(measured[name], _MEASURED, f"`metrics.{name}`")
    _check_values(measured["recall"], _NUMBER_OR_NONE, "`metrics.recall`")
    if set(measured["recall"]) != set(labels):
        raise ValueError("`metrics.recall` is not about the labels")
    rows = measured["confusion"]
    square = len(rows) == len(labels) and all(_is(row, _LIST) and len(row) == len(labels) for row in rows)
    if not square or not all(_is(count, _WHOLE) for row in rows for count in row):
        raise ValueError("`metrics.confusion` is not a square of whole numbers, a row a label")


def check_agreement(value: dict) -> None:
    """Check that the metrics, of this version's form, are those of the predictions; ``ValueError`` as `check_result`.

    Numbers that are read from the one place and from the other must not tell of different networks.
    """
    measured, rows = value["metrics"], value["predictions"]
    classes = len(value["labels"])
    counted = [[0] * classes for _ in range(classes)]
    for true, predicted in zip(rows["true"], rows["predicted"], strict=True):
        counted[true][predicted] += 1
    right = sum(counted[number][number] for number in range(classes)) / len(rows["true"])
    if measured["n"] != len(rows["true"]) or measured["confusion"] != counted:
        raise ValueError("`metrics` and `predictions` do not agree: one of them was changed")
    if measured["accuracy"]["value"] is None or abs(measured["accuracy"]["value"] - right) > 1e-6:
        raise ValueError("`metrics.accuracy` and `predictions` do not agree: one of them was changed")


def _check_experiment(experiment: dict) -> None:
    parts = dict.fromkeys(("data", "split", "model", "recipe"), _DICT) | {"seed": _WHOLE}
    _check_fields(experiment, parts, "`experiment`")
    _check_fields(experiment["data"], {"dataset": _TEXT, "tier": _TEXT}, "`experiment.data`")
    _check_fields(experiment["split"], {"by": _TEXT}, "`experiment.split`")
    _check_fields(experiment["model"], {"name": _TEXT, "options": _DICT}, "`experiment.model`")
    if experiment["model"].get("size") is not None and not _is(experiment["model"]["size"], _WHOLE):
        raise ValueError(f"`experiment.model.size` is not {_WHOLE}")
    taught = experiment.get("distillation")
    if taught is None:
        return
    if not _is(taught, _DICT):
        raise ValueError(f"`experiment.distillation` is not {_DICT}")
    _check_fields(taught, {"teachers": _LIST, "weight": _NUMBER, "temperature": _NUMBER}, "`experiment.distillation`")
    for teacher in taught["teachers"]:
        _check_experiment(teacher)


def _check_predictions(columns: dict, classes: int) -> None:
    _check_fields(columns, {"actor": _LIST, "true": _LIST, "predicted": _LIST}, "`predictions`")
    _check_values(columns, _LIST, "`predictions`")
    if len({len(column) for column in columns.values()}) != 1 or not columns["true"]:
        raise ValueError("the columns of `predictions` are empty or of different lengths")
    for name in ("true", "predicted"):
        if not all(_is(number, _WHOLE) and 0 <= number < classes for number in columns[name]):
            raise ValueError(f"`predictions.{name}` are not numbers of labels, 0 to {classes - 1}")
    if not all(isinstance(actor, str) for actor in columns["actor"]):
        raise ValueError("`predictions.actor` are not texts")


def _check_fields(value: Any, fields: Mapping[str, str], where: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not {_DICT}")
    for name, kind in fields.items():
        if name not in value:
            raise ValueError(f"{where} has no `{name}`")
        if not _is(value[name], kind):
            raise ValueError(f"`{name}` in {where} is not {kind}")


def _check_values(values: dict, kind: str, where: str) -> None:
    for name, value in values.items():
        if not _is(value, kind):
            raise ValueError(f"`{str(name)[:50]}` in {where} is not {kind}")


def _is(value: Any, kind: str) -> bool:
    if kind == _NUMBER_OR_NONE and value is None:
        return True
    if kind in (_NUMBER, _NUMBER_OR_NONE):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == _WHOLE:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {_TEXT: str, _LIST: list, _DICT: dict}[kind])
