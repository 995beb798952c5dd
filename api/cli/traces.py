"""Where a number came from, where a fact went, and an export that answers both elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import click

from api.cli.output import (
    as_json,
    entity_option,
    examples,
    money,
    print_json,
    print_table,
    progress_console,
)
from api.cli.reports import print_rows
from api.cli.session import open_ledger
from api.problems import Missing
from domain.accounting.rules import Rule
from domain.written import builtins
from projections import lineage as lines
from projections.lineage import Down, Explanation, JournalLine, Up
from projections.question import Behind
from replay.billing.evidence import billed_usage, invoices_of_event
from replay.reperform import explain_again, reperform
from replay.source import export as exported
from replay.source import read_export

Found = TypeVar("Found")


@click.group()
def lineage() -> None:
    """Follow a journal line down, or a fact or usage event up.

    Down are its causes, to the rows of usage; up are the lines that rest on it.
    """


@lineage.command(
    "line",
    epilog=examples(
        "tieout lineage line 12 3 --entity acme", "tieout lineage line 12 3 -e acme --json"
    ),
)
@click.argument("entry", type=int)
@click.argument("line", type=int)
@entity_option
@as_json
def of_line(*, entry: int, line: int, entity: str, as_json: bool) -> None:
    """From journal line LINE of entry ENTRY down to facts and usage rows."""
    _tell(_traced(lines.lineage_down, "line", entity, entry, line), as_json=as_json)


@lineage.command(
    "fact",
    epilog=examples(
        "tieout lineage fact 120 --entity acme", "tieout lineage fact 120 -e acme --json"
    ),
)
@click.argument("position", type=int)
@entity_option
@as_json
def of_fact(*, position: int, entity: str, as_json: bool) -> None:
    """From the fact at POSITION up to every line that rests on it."""
    _tell(_traced(lines.lineage_up, "fact", entity, position), as_json=as_json)


@lineage.command(
    "event",
    epilog=examples(
        "tieout lineage event app e-1 --entity acme",
        "tieout lineage event app e-1 -e acme --json",
    ),
)
@click.argument("source")
@click.argument("event_id")
@entity_option
@as_json
def of_event(*, source: str, event_id: str, entity: str, as_json: bool) -> None:
    """From a usage event of SOURCE up to every line it moved."""
    _tell(_traced(lines.lineage_up_event, "event", entity, source, event_id), as_json=as_json)


@lineage.command(
    "invoice",
    epilog=examples(
        "tieout lineage invoice c1-USD-20240201-1 --entity acme",
        "tieout lineage invoice c1-USD-20240201-1 -e acme --json",
    ),
)
@click.argument("invoice")
@entity_option
@as_json
def of_invoice(*, invoice: str, entity: str, as_json: bool) -> None:
    """From INVOICE down to the usage rows that each of its lines bills."""
    found = _traced(billed_usage, "invoice", entity, invoice)
    if as_json:
        print_json(found)
        return
    for line in found.lines:
        amount = money(line.amount_minor, found.currency)
        span = f"{line.service_from} to {line.service_to}"
        click.echo(f"line {line.line}: {line.item} of {line.subscription}, {span}, {amount}")
        print_rows([builtins(row) for row in line.rows], "usage rows")


@lineage.command(
    "bills",
    epilog=examples(
        "tieout lineage bills app e-1 --entity acme",
        "tieout lineage bills app e-1 -e acme --json",
    ),
)
@click.argument("source")
@click.argument("event_id")
@entity_option
@as_json
def of_bills(*, source: str, event_id: str, entity: str, as_json: bool) -> None:
    """From a usage event of SOURCE up to the invoices that bill it."""
    found = _traced(invoices_of_event, "event", entity, source, event_id)
    if as_json:
        print_json(found)
        return
    for invoice in found.invoices:
        click.echo(invoice)


@click.command(
    epilog=examples(
        "tieout explain 12 3 --entity acme",
        "tieout explain 12 3 --from acme.ndjson           on a machine without the database",
    )
)
@click.argument("entry", type=int)
@click.argument("line", type=int)
@click.option("--entity", "-e", help="The legal entity; an export knows its own.")
@click.option("--from", "export_file", type=click.File("rb"), help="An export to measure from.")
@as_json
def explain(
    *, entry: int, line: int, entity: str | None, export_file: BinaryIO | None, as_json: bool
) -> None:
    """Explain a journal line by the steps that measured it. The same call is made again."""
    if export_file is not None:
        found = explain_again(reperform(read_export(export_file)), entry, line)
    elif entity is not None:
        found = _traced(lines.explain_line, "line", entity, entry, line)
    else:
        raise click.UsageError("say --entity, or --from with an export")
    if found is None:
        raise Missing.at("line", entry, line)
    if as_json:
        print_json(found)
    else:
        _tell_explanation(found)


@click.command(
    epilog=examples(
        "tieout export --entity acme --output acme.ndjson",
        "tieout export -e acme --known-at 120 --output - | gzip > acme.ndjson.gz",
    )
)
@entity_option
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The file to write; - is standard output.",
)
@click.option("--known-at", type=int, help="Up to this position; none: all of it.")
@as_json
def export(*, entity: str, output: Path, known_at: int | None, as_json: bool) -> None:
    """Write all of an entity that is not derived, as NDJSON. Measuring again needs it, and moving.

    Facts, keys, refusals and usage rows; no journal, and no names of persons. `tieout import
    entity` takes it in elsewhere.
    """
    say = progress_console()
    count = 0
    with open_ledger() as ledger, ledger.connection() as connection:
        head = ledger.known_head(entity)
        position = head if known_at is None else known_at
        if position > head:
            raise Behind(entity, position, head)
        with click.open_file(str(output), "wb") as file:
            for line in exported(connection, entity, position):
                file.write(line)
                count += 1
    told = {"entity": entity, "position": position, "lines": count, "file": str(output)}
    if as_json and str(output) != "-":
        print_json(told)
    else:
        say.print(f"{count} lines of {entity} up to position {position} written to {output}")


def _traced(find: Callable[..., Found | None], what: str, entity: str, *place: str | int) -> Found:
    """What is found at a place of the ledger, once views are at the head. Raises Missing."""
    with open_ledger() as ledger:
        ledger.catch_up(entity)
        with ledger.connection() as connection:
            found = find(connection, entity, *place)
    if found is None:
        raise Missing.at(what, *place)
    return found


def _tell(found: Down | Up, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    facts = found.causes if isinstance(found, Down) else found.facts
    posted = (found.line,) if isinstance(found, Down) else found.lines
    _tell_lines(posted)
    print_rows([builtins(row) for row in facts], "facts")
    print_rows([builtins(row) for row in found.rows], "usage rows")


def _tell_lines(posted: tuple[JournalLine, ...]) -> None:
    print_table(
        ("entry", "line", "book", "booked", "earned", "account", "amount", "currency", "rule"),
        [
            (
                row.entry,
                row.line,
                row.book,
                row.booked,
                row.earned,
                row.account,
                money(row.minor, row.currency),
                row.currency,
                row.rule,
            )
            for row in posted
        ],
        "journal lines",
    )


def _tell_explanation(found: Explanation) -> None:
    row = found.line
    _tell_lines((row,))
    stood, due = money(found.stood_minor, row.currency), money(found.due_minor, row.currency)
    click.echo(f"{stood} stood + {money(row.minor, row.currency)} booked = {due} due")
    _tell_rule(row.rule, found.by)
    for share in found.shares:
        causes = ", ".join(str(cause) for cause in share.causes)
        amount = money(share.minor, row.currency)
        click.echo(f"\n{share.subject}: {amount} by {share.rule}, because of facts {causes}")
        if share.rule != row.rule:
            _tell_rule(share.rule, share.by)
        for step in share.steps:
            click.echo(f"  {step.what}: {step.value}")


def _tell_rule(name: str, rule: Rule) -> None:
    click.echo(f"{name}: {rule.says} ({'; '.join(rule.paragraphs)}); rounding: {rule.rounding}")
