"""The dunning run at the command line: which steps overdue invoices have come to."""

from datetime import date

import click

from api.cli.output import (
    Day,
    actor_option,
    as_json,
    book_option,
    entity_option,
    examples,
    print_json,
)
from api.cli.session import open_ledger
from replay import dunning


@click.command(
    epilog=examples(
        "tieout dun --entity acme --through 2024-01-31",
        "tieout dun -e acme --through 2024-01-31 --json",
    )
)
@entity_option
@book_option
@click.option("--through", type=Day(), required=True, help="The last day that counts.")
@actor_option
@as_json
def dun(*, entity: str, book: str, through: date, actor: str, as_json: bool) -> None:
    """State the steps of dunning that open invoices have come to. What was none is taken back.

    Days overdue are elected (`dunning` of the invoicing options). Post first: open is what the last
    posting run left open. Again at once, it states nothing. Other systems send the letters.
    """
    with open_ledger() as ledger:
        done = dunning.dun(ledger, entity, book, through, actor=actor)
    if as_json:
        print_json(done)
        return
    click.echo(f"{done.stated} steps stated, {done.taken_back} taken back, through {through}")
