"""What moves the books: posting runs, closes and reopenings."""

from datetime import date

import click

from api.cli.output import (
    Day,
    actor_option,
    as_json,
    book_option,
    entity_option,
    examples,
    key_option,
    print_json,
)
from api.cli.session import open_ledger

through_option = click.option(
    "--through", type=Day(), required=True, help="The last day that counts."
)


@click.command(
    epilog=examples(
        "tieout run --entity acme --through 2024-01-31",
        "tieout run -e acme --through 2024-01-31 --key january-1 --json",
    )
)
@entity_option
@through_option
@key_option
@actor_option
@as_json
def run(*, entity: str, through: date, key: str | None, actor: str, as_json: bool) -> None:
    """Post: settle every unit on what is known. Lines that time drives are posted up to a date."""
    with open_ledger() as ledger:
        receipt = ledger.run(entity, through, key=key, actor=actor)
        books = ledger.books(entity)
    if as_json:
        print_json(receipt)
    else:
        click.echo(f"{entity}: posted through {through}, position {receipt.positions[-1]}")
    if not books:
        click.echo("no book is open, so nothing is posted: open one by open-book", err=True)


@click.command(
    epilog=examples(
        "tieout close 2024-01 --entity acme",
        "tieout close 2024-01 -e acme --book ifrs --soft",
        "tieout close 2024-01 -e acme --key close-january --json",
    )
)
@click.argument("period")
@entity_option
@book_option
@click.option("--soft", is_flag=True, help="Only draw the cut; adjustments may still come.")
@key_option
@actor_option
@as_json
def close(
    *, period: str, entity: str, book: str, soft: bool, key: str | None, actor: str, as_json: bool
) -> None:
    """Close a period and seal it. Refused while facts are unposted, pending or missing."""
    with open_ledger() as ledger:
        if soft:
            receipt = ledger.soft_close(entity, book, period, key=key, actor=actor)
            told: object = receipt
            said = f"{period} is soft-closed at position {receipt.positions[-1]}"
        else:
            closed = ledger.close_period(entity, book, period, key=key, actor=actor)
            told = closed
            said = (
                f"{period} is closed at position {closed.closed_at} and sealed at "
                f"{closed.sealed_at}: {closed.seal.entries} entries, {closed.seal.lines} lines, "
                f"digest {closed.seal.digest}"
            )
    if as_json:
        print_json(told)
    else:
        click.echo(said)


@click.command(
    epilog=examples(
        "tieout reopen 2024-01 -e acme --actor ann --approved-by bob --reason 'wrong meter'"
    )
)
@click.argument("period")
@entity_option
@book_option
@click.option("--approved-by", required=True, help="The second person.")
@click.option("--reason", help="Why.")
@key_option
@actor_option
@as_json
def reopen(
    *,
    period: str,
    entity: str,
    book: str,
    approved_by: str,
    reason: str | None,
    key: str | None,
    actor: str,
    as_json: bool,
) -> None:
    """Undo a close and its seal: two people, and a reason."""
    with open_ledger() as ledger:
        receipt = ledger.reopen(
            entity, book, period, approved_by=approved_by, key=key, actor=actor, reason=reason
        )
    if as_json:
        print_json(receipt)
    else:
        click.echo(f"{period} is open again, position {receipt.positions[-1]}")
