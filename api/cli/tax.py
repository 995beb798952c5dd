"""Tax engines at the command line: told what went out, and told again until they confirm it."""

import click

from api.cli.output import as_json, entity_option, examples, print_json
from api.cli.session import open_ledger


@click.group()
def tax() -> None:
    """Talk to tax engines."""


@tax.command(epilog=examples("tieout tax tell --entity acme"))
@entity_option
@as_json
def tell(*, entity: str, as_json: bool) -> None:
    """Tell tax engines the documents they have not confirmed, as a billing run does."""
    with open_ledger() as ledger:
        ledger.known_head(entity)
        told = ledger.tell_tax(entity)
    if as_json:
        print_json(told)
        return
    click.echo(f"{told.confirmed} confirmed, {told.waiting} waiting")
