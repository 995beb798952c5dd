"""The command line `tieout`: each command is listed here, and imported when it is called."""

import sys
from importlib import import_module
from importlib.metadata import version
from keyword import iskeyword
from typing import Any

import click

EPILOG = "Every command takes --json. A command's own help shows examples: tieout close --help"

# The commands of each module of this folder, with the first sentence of their help.
COMMANDS = {
    "bench": {"bench": "Measure each path beside its floor, and say which bars are met."},
    "bill": {"bill": "Issue the invoices and credits that are due by a date."},
    "books": {
        "close": "Close a period and seal it.",
        "reopen": "Undo a close and its seal: two people, and a reason.",
        "run": "Post: settle every unit on what is known.",
    },
    "cases": {"cases": "Play the worked cases of a folder, and compare to the cent."},
    "checks": {"verify": "Check the ten laws, and say how many comparisons each took."},
    "demo": {"demo": "Play a company's year, then a late truth, and ask its books."},
    "develop": {"test": "Run the test suite; arguments go to pytest."},
    "dun": {"dun": "State the steps of dunning that open invoices have come to."},
    "facts": {"post": "Submit commands, one JSON object a line."},
    "invoice": {
        "invoice": "Invoices, drafts and credit notes.",
        "statement": "Write a statement of CUSTOMER's account.",
    },
    "journal": {"journal": "The journal, for programs that check or load it."},
    "opening": {"opening": "Take over what other books leave open, owed and to be earned."},
    "payments": {"payments": "Take in money from a bank's statement, and say whose it is."},
    "rates": {"rates": "Publish rates of exchange, and list what is known of them."},
    "rebuild": {"rebuild": "Make all that is derived again, prove it equal, switch views."},
    "reports": {"report": "Print a view of the books, at both clocks."},
    "serve": {"serve": "Serve the ledger over HTTP under /v1."},
    "tax": {"tax": "Talk to tax engines."},
    "traces": {
        "explain": "Explain a journal line by the steps that measured it.",
        "export": "Write all of an entity that is not derived, as NDJSON.",
        "lineage": "Follow a journal line down, or a fact or usage event up.",
    },
    "usage": {"import": "Take in files from outside."},
    "work": {
        "lag": "Say how far poster and views are behind, in facts and in time.",
        "work": "Bring poster and views to the heads until it is stopped.",
    },
}


class Listed(click.Command):
    """A command as the list of all shows it: importing them all for that takes seconds."""

    def __init__(self, module: str, name: str, says: str) -> None:
        super().__init__(name, help=says)
        self._module = module

    def itself(self) -> click.Command:
        module = import_module(f"{__name__}.{self._module}")
        found = getattr(module, f"{self.name}_" if iskeyword(str(self.name)) else str(self.name))
        assert isinstance(found, click.Command), found
        return found

    def make_context(self, *told: Any, **named: Any) -> click.Context:
        """Once it is called, click reads the words for the command itself, and runs that."""
        return self.itself().make_context(*told, **named)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tieout"), message="tieout %(version)s")
def tieout() -> None:
    """An event-sourced revenue ledger: from real usage to a journal line, and back."""


for module, listed in COMMANDS.items():
    for name, says in listed.items():
        tieout.add_command(Listed(module, name, says))


def main() -> None:
    try:
        tieout(prog_name="tieout")
    except Exception as error:
        # Only when something went wrong: it takes all the views with it.
        from api.cli.failing import tell  # noqa: PLC0415

        tell(error, as_json="--json" in sys.argv)
        raise
