"""Opening positions: a file read and compared, proposed by one person, signed by another."""

from datetime import date
from pathlib import Path

import click

from api.cli.output import (
    Day,
    actor_option,
    as_json,
    entity_option,
    examples,
    money,
    print_json,
    print_table,
)
from api.cli.session import open_ledger
from domain.opening import ControlTotals
from replay.opening import Read, propose, read_opening
from replay.opening import opening as known_opening
from replay.opening import sign as signing

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def opening() -> None:
    """Take over what other books leave open, owed and to be earned."""


@opening.command(
    "propose",
    epilog=examples(
        "tieout opening propose cut-over.csv --name 2024 --on 2024-07-01 --currency USD -e acme "
        "--dry-run",
        "tieout opening propose cut-over.ndjson --name 2024 --on 2024-07-01 --currency USD -e acme "
        "--actor ann",
    ),
)
@click.argument("file", type=FILE)
@click.option("--name", required=True, help="What the opening is called, for ever.")
@click.option("--on", "day", type=Day(), required=True, help="The first day that is kept here.")
@click.option("--currency", required=True, help="The currency of all its amounts.")
@click.option("--book", help="Positions count in this book only; none: in all.")
@click.option("--dry-run", is_flag=True, help="Compare with the control totals; write nothing.")
@entity_option
@actor_option
@as_json
def propose_opening(
    *,
    file: Path,
    name: str,
    day: date,
    currency: str,
    book: str | None,
    dry_run: bool,
    entity: str,
    actor: str,
    as_json: bool,
) -> None:
    """Read open items, positions and control totals (CSV or NDJSON), and propose them.

    Nothing is measured before another person signs. Leaves with 1 if a control total differs.
    """
    read = read_opening(file, currency)
    if as_json:
        print_json({"stated": read.stated, "found": read.found, "differs": read.differs})
    else:
        _tell(read, currency)
    if read.differs:
        raise SystemExit(1)
    if dry_run:
        return
    with open_ledger() as ledger:
        propose(ledger, entity, name, day, currency, read, book=book, actor=actor)


@opening.command("sign", epilog=examples("tieout opening sign 2024 --entity acme --actor bob"))
@click.argument("name")
@entity_option
@actor_option
@as_json
def sign_opening(*, name: str, entity: str, actor: str, as_json: bool) -> None:
    """Stand for what another person proposed; its open items become invoices.

    Stopped half way, it is said again by the same person: what was issued is not issued twice.
    """
    with open_ledger() as ledger:
        done = signing(ledger, entity, name, actor=actor)
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"opening {name} of {entity} signed, position {done.position}: "
            f"{done.issued} open items issued, {done.repeated} there before"
        )


@opening.command("show", epilog=examples("tieout opening show 2024 --entity acme --json"))
@click.argument("name")
@entity_option
@as_json
def show_opening(*, name: str, entity: str, as_json: bool) -> None:
    """Show an opening: its control totals, and who stands for it."""
    with open_ledger() as ledger:
        known = known_opening(ledger, entity, name)
    if as_json:
        print_json(known)
        return
    if known.proposed is None:
        click.echo("not proposed")
        return
    stands = "signed" if known.is_signed else "not signed"
    click.echo(f"proposed by {known.proposed.proposed_by}, {stands}")
    control = known.proposed.control
    _table(control, control, known.proposed.currency)


def _tell(read: Read, currency: str) -> None:
    _table(read.stated, read.found, currency)
    for name in read.differs:
        click.echo(f"control total differs: {name}", err=True)


def _table(stated: ControlTotals, found: ControlTotals, currency: str) -> None:
    names = ControlTotals.__struct_fields__
    rows = [[name, *(_cell(name, one, currency) for one in (stated, found))] for name in names]
    print_table(("control total", "stated", "found"), rows)


def _cell(name: str, control: ControlTotals, currency: str) -> str:
    value: int = getattr(control, name)
    return money(value, currency) if name.endswith("_minor") else str(value)
