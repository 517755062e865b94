"""The command ``ship``: the trained network that lies in the package, made anew."""

from __future__ import annotations

import argparse

from fer_utils import reporting, studies
from fer_utils.cli.arguments import Command
from fer_utils.cli.output import checked_file, print_outcome
from fer_utils.cli.study_commands import real_folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``ship``."""
    parser.add_argument(
        "--real",
        metavar="SET=FOLDER",
        action="append",
        help="real faces that the files are asked about; may be given several times. The package's own files need "
        "ck48=, fer2013= and ravdess=; kdef= and any folder of pictures in folders named by label may be added",
    )
    parser.add_argument("--tier", default="class", help="class (default), or smoke, which shows that it runs")
    parser.add_argument("--out", metavar="FOLDER", help="where the files are written (default: in the package)")
    parser.add_argument("--card", metavar="FILE", help="also write the model card as Markdown (book/model-card.md)")


def ship(options: argparse.Namespace) -> int:
    """Train, export, measure and write the network. Errors: `fer_utils.studies.shipping.ship`."""
    page = checked_file("--card", options.card)
    card = studies.shipping.ship(
        real_folders(options.real), tier=options.tier, folder=options.out, progress=not options.quiet
    )
    made = reporting.model_cards.pretrained_card(card)
    if page is not None:
        made.write(page)
    print_outcome(options, card, str(made))
    return 0


COMMANDS = (
    Command(
        "ship",
        "train, export, measure and write the network that lies in the package",
        add_arguments,
        ship,
        argument_names={"folder": "--out", "real": "--real", "tier": "--tier"},
    ),
)
