"""Answers of chapter 5's studies, as small as they may be, with numbers that a test chooses."""

from __future__ import annotations

from fer_utils import metrics

SETS = ("train", "validation", "test")


def tools(shares=None, *, losses=None, enough=None, checks: int = 3) -> dict:
    """An answer of ``overfitting_tools``: tool -> share of each of six strangers."""
    shares = shares or {"none": 0.50, "dropout": 0.60, "early stopping": 0.50, "all together": 0.40}
    wobble = [0.0, 0.02, -0.02, 0.01, -0.01, 0.0]
    people = {
        tool: {f"{number:02d}": share + (number % 3) * 0.01 + (tool != "none") * wobble[number] for number in range(6)}
        for tool, share in shares.items()
    }
    rows = [
        {
            "tool": tool,
            "trainings": 6,
            "checks": [50 * (number + 1) for number in range(checks)],
            "curves": {
                name: {
                    "accuracy": [0.2 + 0.1 * number for number in range(checks)],
                    "loss": [2.0 - place * 0.1 + number * place for number in range(checks)],
                }
                for place, name in enumerate(SETS)
            },
            "accuracy": metrics.student_interval(list(people[tool].values())),
            "train_accuracy": 1.0,
            "loss": (losses or {}).get(tool, 2.0),
            "best_step": 100.0,
            "enough_steps": (enough or {}).get(tool, True),
        }
        for tool in shares
    ]
    pairs = {tool: (people[tool], people["none"]) for tool in shares if tool != "none"}
    compared = [{"tool": tool, **one} for tool, one in metrics.compare_by_person(pairs).items()]
    each = {row["tool"]: {"0": row["loss"], "1": row["loss"] + 0.01, "2": row["loss"] - 0.01} for row in rows}
    between = {tool: ({"0": loss["0"] + 0.02, **loss}, each["none"]) for tool, loss in each.items() if tool != "none"}
    of_losses = [{"tool": tool, **one} for tool, one in metrics.compare_by_person(between).items()]
    return {
        "steps": 1000,
        "check_every": 50,
        "rows": rows,
        "comparisons": compared,
        "loss_comparisons": of_losses,
    }


def people(more=(0.2, 0.4, 0.6), same=(0.3, 0.5), *, counts=(3, 6, 12)) -> dict:
    """An answer of ``number_of_people``: the strangers' accuracy at each number of people, in both rows."""

    def points(values, poses):
        made = []
        for count, value in zip(counts, values, strict=False):
            by_person = {f"s{number}": value + 0.01 * ((number + count) % 3) for number in range(5)}
            made.append(
                {
                    "people": count,
                    "pictures": count * poses(count),
                    "accuracy": metrics.student_interval(list(by_person.values())),
                    "accuracies": [value - 0.05, value, value + 0.05],
                    "train_accuracy": 0.9,
                    "by_person": by_person,
                }
            )
        return made

    return {
        "labels": ["a", "b", "c", "d"],
        "rows": {
            "more people": points(more, lambda _: 14),
            "as many pictures": points(same, lambda count: 84 // count),
        },
    }


def history(val_loss=(2.0, 1.5, 1.9)) -> dict:
    """What Keras' ``fit`` gives."""
    count = len(val_loss)
    return {
        "accuracy": [0.3 + 0.6 * number / (count - 1) for number in range(count)],
        "val_accuracy": [0.25 + 0.2 * number / (count - 1) for number in range(count)],
        "loss": [2.0 - 1.6 * number / (count - 1) for number in range(count)],
        "val_loss": list(val_loss),
    }


def sweep(known=(0.8, 0.4), strangers=(0.55, 0.45)) -> dict:
    """An answer of ``regularization`` with two dropout rates and two strengths."""
    return {
        "epochs": 6,
        "dropouts": [0.0, 0.7],
        "strengths": [0.0, 0.001],
        "cells": [
            {
                "dropout": rate,
                "l1": l1,
                "train_accuracy": known[at],
                "accuracy": {"value": strangers[at] + 0.02 * (l1 > 0)},
            }
            for at, rate in enumerate((0.0, 0.7))
            for l1 in (0.0, 0.001)
        ],
        "choice": {
            "on_test": 0.567,
            "on_validation": 0.551,
            "flattery": 0.016,
            "low": 0.0,
            "high": 0.06,
            "halves": 2000,
        },
    }
