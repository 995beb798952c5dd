"""The journal as a file for other programs."""

from datetime import date
from pathlib import Path

import click

from api.cli.output import Day, book_option, entity_option, examples, progress_console
from api.cli.session import open_ledger
from api.views import require_book
from projections.question import Question
from replay.journal_files import Format, Side, journal_file


@click.group()
def journal() -> None:
    """The journal, for programs that check or load it."""


@journal.command(
    epilog=examples(
        "tieout journal export --entity acme --format beancount --output acme.beancount",
        "tieout journal export -e acme --format hledger -o - | hledger -f - check",
        "tieout journal export -e acme --format csv --through 2024-03-31 -o march.csv",
    )
)
@entity_option
@book_option
@click.option(
    "--format",
    "how",
    type=click.Choice(["beancount", "hledger", "csv"]),
    required=True,
    help="Which program reads it.",
)
@click.option(
    "--in",
    "side",
    type=click.Choice(["transaction", "functional"]),
    default="transaction",
    show_default=True,
    help="Which of its two amounts a line is written in; CSV has both.",
)
@click.option("--through", type=Day(), help="The last accounting date; none: all.")
@click.option("--known-at", type=int, help="As the ledger knew at this position.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The file to write; - is standard output.",
)
def export(
    *,
    entity: str,
    book: str,
    how: Format,
    side: Side,
    through: date | None,
    known_at: int | None,
    output: Path,
) -> None:
    """Write every line of a book, as another program keeps books.

    Each transaction balances to the minor unit; a beancount file says that nothing else is let
    pass.
    """
    question = Question(entity=entity, book=book, through=through, known_at=known_at)
    with open_ledger() as ledger:
        ledger.catch_up(entity)
        with ledger.connection() as connection:
            require_book(connection, question)
            with click.open_file(str(output), "w", "utf-8") as file:
                for text in journal_file(connection, question, how, side):
                    file.write(text)
    progress_console().print(f"journal of {entity}, book {book}, written to {output}")
