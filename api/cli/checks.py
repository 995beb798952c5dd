"""Is everything as the log says: the ten laws on a live ledger."""

import click

from api.cli.output import as_json, examples, print_json, print_table, progress_console
from api.cli.session import open_ledger
from projections.breaks import Break
from replay.verify import LAWS, Verified
from replay.verify import verify as verified


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


@click.command(
    epilog=examples(
        "tieout verify                      every entity",
        "tieout verify --entity acme --json",
    )
)
@click.option("--entity", "-e", help="One legal entity; none: all.")
@as_json
def verify(*, entity: str | None, as_json: bool) -> None:
    """Check the ten laws, and say how many comparisons each took.

    Leaves with 1 if anything differs, or a law had nothing to compare. Nothing is changed.
    """
    console = progress_console()
    with open_ledger() as ledger:
        ledger.catch_up(entity)
        with ledger.connection() as connection:
            found = verified(
                connection, entity, lambda name, what: console.print(f"{name}: {what}")
            )
    if as_json:
        print_json(found)
    else:
        print_table(
            ("law", "says", "check", "comparisons", "differences"), law_rows(found), "verify"
        )
    for law in () if as_json else found.not_compared:
        click.echo(f"law {law}, {LAWS[law]}: nothing to compare", err=True)
    tell_breaks([row for verdict in found.verdicts for row in verdict.breaks], as_json=as_json)
    if found.not_compared:
        raise SystemExit(1)


def law_rows(found: Verified) -> list[tuple[object, ...]]:
    """One row for each check: all entities together."""
    sums: dict[tuple[int, str], list[int]] = {}
    for verdict in found.verdicts:
        row = sums.setdefault((verdict.law, verdict.check), [0, 0])
        row[0] += verdict.comparisons
        row[1] += len(verdict.breaks)
    return [(law, LAWS[law], check, *row) for (law, check), row in sorted(sums.items())]
