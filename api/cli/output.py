"""How the command line speaks: JSON for programs on standard output, words for people."""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from domain.money import decimal_text
from domain.written import json_bytes

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
entity_option = click.option("--entity", "-e", required=True, help="The legal entity.")
actor_option = click.option("--actor", default="cli", show_default=True, help="Who does it.")
key_option = click.option("--key", help="Idempotency key; the same key again changes nothing.")
book_option = click.option("--book", "-b", default="main", show_default=True, help="The book.")
run_every_option = click.option(
    "--run-every",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Post late facts by itself at most every so many seconds; 0 leaves runs to you.",
)


class Day(click.ParamType[date]):
    """A date written YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is not a date written YYYY-MM-DD", param, ctx)


def examples(*lines: str) -> str:
    """Lines for `epilog`: click keeps them as they are after a backspace."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def print_json(value: object) -> None:
    """One value on one line, sorted, decimals and dates as text."""
    click.echo(json_bytes(value, order="sorted").decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Numbers to the right, everything else to the left, and no line wrapped when piped. The title
    stands above, however narrow the table is.
    """
    if title:
        click.echo(title)
    _print(Table(box=box.SIMPLE_HEAD), columns, rows)


def print_compact(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """The same without a line to spare, for many tables on a page."""
    _print(Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False), columns, rows)


def _print(table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    for place, name in enumerate(columns):
        numbers = all(_is_number(row[place]) for row in rows)
        table.add_column(name, justify="right" if numbers and rows else "left")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(table)


def money(minor: int, currency: str) -> str:
    return decimal_text(minor, currency)


def progress_console() -> Console:
    """For what is going on: never on standard output, where the answer goes."""
    return Console(stderr=True, highlight=False)


def _is_number(cell: object) -> bool:
    """What is empty stands in the way of nothing."""
    if not isinstance(cell, str):
        return cell is None or isinstance(cell, int)
    return not cell or cell.lstrip("-").replace(".", "", 1).isdigit()
