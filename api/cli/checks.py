"""Is everything as the log says: rebuild, and verify."""

import click

from api.cli.output import as_json, examples, print_json, progress_console
from api.cli.session import open_ledger
from projections.breaks import Break
from projections.runner import Progress
from replay.rebuild import rebuild_journal, rebuild_views


@click.command(
    epilog=examples(
        "tieout rebuild                     all views beside the live ones, and the journal",
        "tieout rebuild --views --json      only the views",
    )
)
@click.option("--views", "only", flag_value="views", help="Only the views.")
@click.option("--journal", "only", flag_value="journal", help="Only the journal.")
@as_json
def rebuild(*, only: str | None, as_json: bool) -> None:
    """Make everything derived again from the log, prove it equal, switch the views.

    The journal is made again where the live one cannot be read, compared, and never switched.
    Leaves with 1 if anything differs.
    """
    told: dict[str, object] = {}
    breaks: list[Break] = []
    with open_ledger() as ledger:
        ledger.catch_up()
        with ledger.connection() as connection:
            if only != "journal":
                views = rebuild_views(connection, progress=_progress())
                told["views"] = views
                breaks += views.breaks
            if only != "views":
                journal = rebuild_journal(connection, progress=_progress())
                told["journal"] = journal
                breaks += journal.breaks
    if as_json:
        print_json(told)
    else:
        for name, found in told.items():
            click.echo(f"{name}: {found}")
    tell_breaks(breaks, as_json=as_json)


def tell_breaks(breaks: list[Break], *, as_json: bool) -> None:
    for row in () if as_json else breaks:
        facts = ", ".join(str(position) for position in row.positions)
        click.echo(
            f"BREAK {row.check} of {row.entity}: {row.what}; expected {row.expected}, "
            f"found {row.found}" + (f"; look at facts {facts}" if facts else ""),
            err=True,
        )
    if breaks:
        raise SystemExit(1)


def _progress() -> Progress:
    console = progress_console()

    def say(entity: str, view: str, position: int) -> None:
        console.print(f"{entity}: {view} has passed {position}", end="\r")

    return say
