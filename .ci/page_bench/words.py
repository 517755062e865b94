"""What the bench of the page prints."""

from __future__ import annotations

from pathlib import Path

import plan


def report(found: dict, site: Path) -> str:
    """What was found, as text; ``site`` is the folder in which the built site was sought."""
    seen, learned, drawn = found["frames"], found["training"], found["drawing"]
    lines = [
        f"page: the widgets in headless Chromium {found['chromium']}, in turn with Python, one thread each; median "
        f"(quartiles) of {found['rounds']} rounds",
        "ratio: times as fast as the first line of the table, by processor time, which other programs hardly touch",
        "",
        *_table(f"face finder and drawn48, frames of {plan.FRAME[0]}x{plan.FRAME[1]} a second", seen),
        _aim(plan.AIMS["frames"], "frames", seen[-1]),
        "",
        *_table("drawn48 alone, faces a second", found["network"]),
        "",
        *_found(found["finding"]),
        "",
        *_table(f"training in batches of {plan.BATCH}, images a second", learned["rows"]),
        _aim(plan.AIMS["training"], "images", learned["rows"][-1]),
        *([f"  TensorFlow.js is left out, because {found['without_tfjs']}."] if found["without_tfjs"] else []),
        f"  {_tasks(learned)}",
        "",
        *_table(f"Face lab, drawings of {plan.DRAWING}x{plan.DRAWING} a second", drawn),
        f"  a drawing: {drawn[0]['ms']:.0f} ms of processor time in Python, {drawn[-1]['ms']:.0f} ms in the page",
        "",
        *_wire(found["wire"], site),
    ]
    return "\n".join(lines)


def _table(title: str, rows: list[dict]) -> list[str]:
    lines = [f"  {title:<58}{'wall':>8}{'':<20}{'processor':>10}{'ratio':>8}"]
    for row in rows:
        speed = f"{row['per_second']:>8.1f} ({row['low']:.1f} to {row['high']:.1f})"
        lines.append(f"  {row['name']:<58}{speed:<28}{row['processor']:>10.1f}{row['ratio']:>8.2f}")
    return lines


def _aim(aim: int, what: str, row: dict) -> str:
    return (
        f"  aim: {aim} {what} a second in the page; here {row['per_second']:.1f} by the wall clock, "
        f"{row['processor']:.1f} of processor time"
    )


def _found(found: dict) -> list[str]:
    count = found["photographs"]
    return [
        f"  {count} drawn faces turned by at most 20 degrees: the page's finder finds {found['found'] / count:.1%} "
        f"(aim: {plan.FOUND:.0%}), dlib {found['found_by_dlib'] / count:.1%}",
        f"  overlap with dlib's box where both find one ({found['compared']} faces): median {found['overlap']:.2f}, "
        f"least {found['least_overlap']:.2f}; {plan.OVERLAP} or more, the aim, in {found['overlapping']:.1%}",
    ]


def _tasks(learned: dict) -> str:
    limit = plan.LONGEST_TASK
    beginning = f"the widget trains {learned['widget_steps']} steps and draws its curves: "
    if not learned["long_tasks"]:
        return f"{beginning}no task of the main thread over {limit} ms (aim: none)"
    return (
        f"{beginning}tasks of the main thread over {limit} ms: {learned['long_tasks']}, the longest "
        f"{learned['longest_task_ms']:.0f} ms (aim: none)"
    )


def _wire(found: dict | None, site: Path) -> list[str]:
    if found is None:
        return [f"  No size was measured, because there is no built site in {site}; remedy: make book."]
    lines = ["  over the wire, text packed by gzip as static hosts do, headers not counted"]
    names = {"first": "the first page", "camera": "the camera's page, no button pressed"}
    for name, row in found.items():
        lines.append(
            f"  {names[name]}: {_megabytes(row['bytes'])} in {row['files']} files, read to its end "
            f"{_megabytes(row['read_bytes'])} in {row['read_files']} (aim: {_megabytes(plan.MOST_BYTES[name])}); "
            f"{row['page_files']} files of the network's engine"
        )
    return lines


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"
