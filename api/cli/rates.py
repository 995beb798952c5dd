"""Rates of exchange at the command line: taken from a file, and as the ledger knows them."""

from pathlib import Path

import click

from api.cli.output import (
    actor_option,
    as_json,
    entity_option,
    examples,
    print_json,
    print_table,
)
from api.cli.session import open_ledger
from domain.decimals import plain
from domain.rates import OWN
from replay.rates_import import import_rates, known_rates

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def rates() -> None:
    """Publish rates of exchange, and list what is known of them."""


@rates.command(
    "import",
    epilog=examples(
        "tieout rates import rates.csv --entity acme",
        "tieout rates import ecb.csv -e acme --source ecb --json",
    ),
)
@click.argument("file", type=FILE)
@click.option("--source", default=OWN, show_default=True, help="Whose rates they are.")
@entity_option
@actor_option
@as_json
def import_file(*, file: Path, source: str, entity: str, actor: str, as_json: bool) -> None:
    """Take rates from a file (.csv or .ndjson) with `date`, `currency`, `into` and `rate`.

    One unit of the currency is worth so many units of the other. Each day is a publication; the
    same file again changes nothing.
    """
    with open_ledger() as ledger:
        done = import_rates(ledger, entity, file, source, actor)
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.rates} rates of {done.days} days, {done.known} of which were known")


@rates.command("list", epilog=examples("tieout rates list --entity acme"))
@entity_option
@as_json
def list_rates(*, entity: str, as_json: bool) -> None:
    """List the rates in force, by source, pair and day."""
    with open_ledger() as ledger:
        ledger.known_head(entity)
        found = [*known_rates(ledger, entity)]
    if as_json:
        print_json(found)
        return
    columns = ("source", "day", "currency", "into", "rate", "fact")
    rows = [
        (row.source, row.day, row.currency, row.into, plain(row.rate), row.position)
        for row in found
    ]
    print_table(columns, rows, "Rates")
