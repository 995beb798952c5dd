"""Files into the ledger: usage, a whole export; and another system's amounts beside the rated."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, get_args

import click

from api.cli.output import (
    as_json,
    entity_option,
    examples,
    key_option,
    print_json,
    print_table,
    progress_console,
)
from api.cli.session import open_ledger
from api.usage_body import CLOUD_EVENTS, events_of, lines_of, rows_of
from replay.control_totals import Reconciliation, reconcile
from replay.intake import take_export
from replay.usage_import import Imported, import_usage
from replay.usage_mapping import UsageMapping, read_control_mapping, read_usage_mapping
from store.usage_input import Raw
from store.usage_rows import BatchReceipt
from store.usage_stage import Kind, UsageBatch

SHOWN = 20
ROWS_TOLD = 50_000
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("import")
def import_() -> None:
    """Take in files from outside."""


@import_.command(
    "usage",
    epilog=examples(
        "tieout import usage usage.csv --map docs/examples/focus.toml --entity cloud",
        "tieout import usage usage.ndjson --map our.toml --entity cloud --json",
        "tieout import usage usage.csv --map mended.toml --kind correction -e cloud",
    ),
)
@click.argument("file", type=FILE)
@click.option("--map", "mapping", type=FILE, required=True, help="Which columns mean what.")
@click.option(
    "--kind",
    type=click.Choice(["rows", "correction"]),
    default="rows",
    show_default=True,
    help="New rows, or corrections of rows by their ids.",
)
@entity_option
@as_json
def import_usage_file(*, file: Path, mapping: Path, kind: Kind, entity: str, as_json: bool) -> None:
    """Take a CSV or NDJSON file of usage by a mapping; each row is answered by itself.

    The same file by the same mapping again changes nothing. By a mended mapping, rows that were
    rejected are taken; those that were taken otherwise are mended with --kind correction. Leaves
    with 0 also when rows were rejected: they are kept and listed. Leaves with 1 if a customer,
    meter, price or subscription was refused.
    """
    read = read_usage_mapping(mapping)
    say = progress_console()
    with open_ledger() as ledger:
        done = import_usage(
            ledger,
            entity,
            file,
            read,
            lambda what, count: say.print(f"{count} {what}"),
            kind=kind,
        )
    if as_json:
        print_json(done)
    else:
        _tell(done, read)
    if done.problems:
        raise SystemExit(1)


@import_.command(
    "rows",
    epilog=examples(
        "tieout import rows usage.ndjson --source app --entity acme",
        "tieout import rows events.json --source app --cloud-events -e acme --json",
        "tieout import rows wrong.ndjson --source app --kind retraction -e acme",
    ),
)
@click.argument("file", type=FILE)
@click.option("--source", required=True, help="Who sends them; ids are told apart by source.")
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    default="rows",
    show_default=True,
    help="New rows, corrections of rows by their ids, or ids of rows that never were.",
)
@click.option("--cloud-events", is_flag=True, help="Each row is a CloudEvent 1.0.")
@key_option
@entity_option
@as_json
def import_rows(
    *,
    file: Path,
    source: str,
    kind: Kind,
    cloud_events: bool,
    key: str | None,
    entity: str,
    as_json: bool,
) -> None:
    """Take a FILE of usage rows or CloudEvents, as the usage endpoint takes them.

    A file named .json is one array; any other has one row on each line. The same file again changes
    nothing. Leaves with 0 also when rows were rejected: they are kept and listed.
    """
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    batch = UsageBatch(
        entity=entity,
        source=source,
        key=key or f"import:{source}:{kind}:{digest}{':cloud-events' if cloud_events else ''}",
        kind=kind,
        actor="cli",
    )
    with open_ledger() as ledger:
        taken = ledger.ingest(batch, _rows(file, source, cloud_events=cloud_events))
    if as_json:
        print_json(taken)
        return
    click.echo(_counted(taken))
    if taken.rejects:
        told = [(row.row_no, row.event_id, row.code, row.field) for row in taken.rejects]
        print_table(["row", "event", "code", "field"], told, title="rejected")


def _rows(file: Path, source: str, *, cloud_events: bool) -> Iterator[Raw | str]:
    """Of a file of lines no more than a chunk is in memory at once."""
    if file.suffix.lower() == ".json":
        yield from rows_of(file.read_bytes(), CLOUD_EVENTS if cloud_events else "", source)
        return
    with file.open("rb") as lines:
        yield from events_of(lines, source) if cloud_events else lines_of(lines)


@import_.command(
    "entity",
    epilog=examples(
        "tieout import entity acme.ndjson",
        "gunzip -c acme.ndjson.gz | tieout import entity - --json",
    ),
)
@click.argument("export", type=click.File("rb"))
@as_json
def import_entity(*, export: BinaryIO, as_json: bool) -> None:
    """Take in a whole EXPORT of an entity that has nothing here yet; - is standard input.

    Facts, keys, refusals and usage rows are stored as they were, each checked against its leaf; all
    of it goes in, or nothing does. The poster then makes the same journal. The party vault is not
    in an export: names of persons stay where they are.
    """
    say = progress_console()

    def told(kind: str, count: int) -> None:
        if count % ROWS_TOLD == 0:
            say.print(f"{count} {kind}")

    with open_ledger() as ledger, ledger.connection() as connection:
        taken = take_export(connection, export, told)
    if as_json:
        print_json(taken)
        return
    lines = ", ".join(f"{count} {kind}" for kind, count in taken.lines.items())
    click.echo(f"{taken.entity} up to position {taken.position}: {lines}")


def _tell(done: Imported, mapping: UsageMapping) -> None:
    usage = done.usage
    registered = ", ".join(f"{count} {kind}" for kind, count in done.registered.items())
    click.echo(f"registered: {registered or 'nothing'}")
    click.echo(_counted(usage))
    if usage.rejects:
        rows = [
            (row.row_no, row.event_id, row.code, row.field, _columns(row.field, mapping))
            for row in usage.rejects
        ]
        print_table(["row", "event", "code", "field", "columns"], rows, title="rejected")
    if done.problems:
        told = [(row.subject, row.code, row.detail) for row in done.problems]
        print_table(["of", "code", "detail"], told, title="refused")


def _counted(usage: BatchReceipt) -> str:
    return (
        f"{usage.received} rows received = {usage.duplicates} duplicates + {usage.rejected} "
        f"rejected + {usage.accepted} accepted, batch {usage.batch} at position {usage.position}"
        + (" (already there)" if usage.repeated else "")
    )


def _columns(field: str | None, mapping: UsageMapping) -> str:
    """The file's own names for a field that was refused."""
    named = getattr(mapping.usage, field, None) if field else None
    return named if isinstance(named, str) else ", ".join(named or ())


@click.command(
    "reconciliation",
    epilog=examples(
        "tieout report reconciliation usage.csv --control docs/examples/focus-control.toml -e cloud"
    ),
)
@click.argument("file", type=FILE)
@click.option("--control", type=FILE, required=True, help="Where the other amount stands.")
@entity_option
@as_json
def reconciliation(*, file: Path, control: Path, entity: str, as_json: bool) -> None:
    """Compare each usage event at full precision with another system's amount of it.

    The amounts are read for this comparison only; no mapping of an import knows them.
    """
    with open_ledger() as ledger:
        found = reconcile(ledger, entity, file, read_control_mapping(control))
    if as_json:
        print_json(found)
    else:
        _tell_findings(found)


def _tell_findings(found: Reconciliation) -> None:
    click.echo(
        f"{found.compared} events compared as known at {found.known_at}: "
        + ", ".join(f"{count} {name}" for name, count in found.counts.items())
    )
    click.echo(f"charged {found.charge_total}, control {found.control_total}")
    listed = sorted(found.findings, key=lambda row: row.finding == "rounding")
    rows = [
        (row.event_id, row.finding, row.charge, row.control, row.difference, row.factor, row.reason)
        for row in listed[:SHOWN]
    ]
    columns = ["event", "finding", "charge", "control", "difference", "factor 10^", "reason"]
    print_table(columns, rows)
    if len(listed) > SHOWN:
        click.echo(f"and {len(listed) - SHOWN} more; --json lists all")
