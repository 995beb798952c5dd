"""Commands for those who work on tieout itself: the test suite."""

import os
import sys
from pathlib import Path

import click

from api.cli.output import examples

ROOT = Path(__file__).parents[2]
UNREAD = {"ignore_unknown_options": True, "help_option_names": ["--tieout-help"]}


@click.command(
    context_settings=UNREAD,
    epilog=examples(
        "tieout test                       everything",
        "tieout test tests/api -x -q       one folder, stop at the first failure",
    ),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the test suite; arguments go to pytest."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 (no shell)
