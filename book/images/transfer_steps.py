"""Draw the figure of the page on real data: how each step from drawn faces to real ones does, by the stored answer.

.venv/bin/python book/images/transfer_steps.py      # writes transfer-steps.html beside this file
"""

from __future__ import annotations

from pathlib import Path

from fer_utils import plotting, studies

FILE = Path(__file__).with_name("transfer-steps.html")
#: The sets of the stored answer, as the figure calls them.
SETS = {"ck48": "CK+48 (chose the steps)", "fer2013": "FER2013, test", "ravdess": "RAVDESS, one actor"}


def figure():
    """Accuracy with its interval, a line a step, a colour a set; steps in their order."""
    answer = studies.load("transfer").answer
    rows = {
        row["name"] + (" *" if row["unlabelled"] else ""): {
            said: row["read"][name]["accuracy"] for name, said in SETS.items()
        }
        for row in answer["rows"]
    }
    return plotting.dot_plot(
        rows,
        title="Posed faces of CK+48 are read far better than faces from the web",
        xlabel="accuracy on real faces; * takes unlabelled real faces; bars: 95 % intervals",
        reference_lines={"chance": answer["chance"]},
    )


def alt(answer: dict) -> str:
    """What is seen, in a sentence."""
    last = {name: f"{100 * answer['rows'][-1]['read'][name]['accuracy']['value']:.0f} %" for name in SETS}
    first = f"{100 * answer['rows'][0]['read']['ck48']['accuracy']['value']:.0f} %"
    return (
        f"Fourteen lines, one a step, with a dot for each of three sets. On CK+48 the dots climb from {first} to "
        f"{last['ck48']}; on FER2013 they end at {last['fer2013']}, on RAVDESS's one actor at {last['ravdess']}."
    )


if __name__ == "__main__":
    FILE.write_text(plotting.figure_html(figure(), alt=alt(studies.load("transfer").answer)) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
