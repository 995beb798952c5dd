"""Commands for those who work on tieout itself: the test suite."""

import os
import sys
from pathlib import Path

import click

from api.cli.output import examples

ROOT = Path(__file__).parents[2]
# File by file: what is made ready for a file is made once. More servers than that need much memory.
# In the order in which they were collected: the longest first, or a core would wait for the last.
OVER_THE_CORES = (
    *("--numprocesses=auto", "--maxprocesses=4"),
    *("--dist=loadfile", "--no-loadscope-reorder"),
)
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
    """Run the test suite; arguments go to pytest.

    All of it goes over the cores, each with a server of its own; what is named runs in one process.
    """
    os.chdir(ROOT)
    named = any(not argument.startswith("-") for argument in arguments)
    spread = () if named else OVER_THE_CORES
    command = [sys.executable, "-m", "pytest", *spread, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 (no shell)
