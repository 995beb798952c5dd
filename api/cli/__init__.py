"""The command line `tieout`: one file for each group of commands, listed here by hand."""

from importlib.metadata import version

import click

from api.cli import develop

EPILOG = "Every command takes --json. A command's own help shows examples: tieout close --help"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tieout"), message="tieout %(version)s")
def tieout() -> None:
    """An event-sourced revenue ledger: from real usage to a journal line, and back."""


tieout.add_command(develop.test)


def main() -> None:
    tieout(prog_name="tieout")
