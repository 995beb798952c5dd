"""What the books say: every view, at both clocks."""

import json
from functools import partial
from typing import Any

import click

from api.cli.output import (
    Day,
    as_json,
    book_option,
    entity_option,
    examples,
    money,
    print_json,
    print_table,
)
from api.cli.session import open_ledger
from api.cli.usage import reconciliation
from api.views import VIEWS, ask
from domain.written import builtins

FILTERS = {
    "account": "Of one account only.",
    "actor": "Of one actor only.",
    "ages": "The last day of each age but the oldest; 30,60,90 if not told.",
    "after": "From the entry or position after this one on.",
    "amounts": "In `transaction` currency, if not told, or in `functional` currency.",
    "by": "An ageing: from `due` or `issued`. Remaining obligations: by `year` or `period`.",
    "customer": "Of one customer only.",
    "days": "Billing of so many days; 90 if not told.",
    "document": "Of one invoice or payment only.",
    "jurisdiction": "Of one place only, such as FR.",
    "limit": "At most so many rows.",
    "series": "Of one series of numbers only.",
    "since": "From this day on; what came before is one row.",
    "state": "Only `open`, `settled` or `void` ones.",
    "stream": "Of one stream only.",
    "subscription": "Of one subscription only.",
    "unit": "Of one accounting unit only.",
}


@click.group()
def report() -> None:
    """Print a view of the books, at both clocks."""


def view_command(name: str, called: str = "") -> click.Command:
    """One command for each view; they differ in their filters alone. `called`: by other words than
    `report` and the name.
    """
    view, words = VIEWS[name], called or f"report {name}"
    options: list[click.Parameter] = [
        *(click.Option([f"--{word}"], help=FILTERS[word]) for word in view.filters),
        click.Option(["--through"], type=Day(), help="The last day that counts; none: all days."),
        click.Option(["--known-at"], type=int, help="As the ledger knew at this position."),
        click.Option(
            ["--basis"],
            type=click.Choice(["reported", "earned"]),
            default="reported",
            help="By the date booked, or by the period earned.",
        ),
    ]
    command = click.Command(
        name,
        callback=partial(_report, name),
        params=options,
        help=view.says,
        epilog=examples(
            f"tieout {words} --entity acme",
            f"tieout {words} -e acme --through 2024-03-31 --known-at 120 --json",
        ),
    )
    return as_json(book_option(entity_option(command)))


def _report(view: str, *, entity: str, as_json: bool, **said: object) -> None:
    told = {name: str(value) for name, value in said.items() if value is not None}
    with open_ledger() as ledger:
        ledger.catch_up(entity)
        with ledger.connection() as connection:
            found = ask(connection, view, entity, told)
    if as_json:
        print_json(found)
        return
    book = f", book {said['book']}" if "book" in said else ""
    title = f"{view} of {entity}{book}, known at {found.known_at}, run {found.run}"
    print_rows([builtins(row) for row in found.rows], title)


def print_rows(rows: list[dict[str, Any]], title: str) -> None:
    """Amounts in major units, one column for each field; what holds rows is a count."""
    rows = [_spread(row) for row in rows]
    filled = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    columns = [name for name in filled if not name.endswith("currency")]
    columns += ["currency"] if rows and "currency" in rows[0] else []
    names = [_called(name) for name in columns]
    print_table(names, [[_cell(row, name) for name in columns] for row in rows], title)
    if not rows:
        click.echo("nothing")


def _called(name: str) -> str:
    """Amounts are told in major units, so no column is called after minor ones."""
    return "amount" if name == "minor" else name.removesuffix("_minor").replace("_", " ")


def _spread(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts by name are columns of their own."""
    spread: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_minor") and isinstance(value, dict):
            spread |= {f"{age}_minor": minor for age, minor in value.items()}
        else:
            spread[name] = value
    return spread


def _cell(row: dict[str, Any], name: str) -> object:
    value = row[name]
    if name.endswith("minor") and "currency" in row:
        functional = row.get("functional_currency", row["currency"])
        return money(value, functional if name.startswith("functional") else row["currency"])
    if isinstance(value, list | tuple):
        return len(value)
    return json.dumps(value) if isinstance(value, dict) else value


for listed in VIEWS:
    report.add_command(view_command(listed))
report.add_command(reconciliation)
