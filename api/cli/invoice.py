"""Invoices at the command line: what went out, and how it looks."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from api.cli.invoice_acts import ACTS
from api.cli.output import (
    Day,
    actor_option,
    as_json,
    entity_option,
    examples,
    print_json,
    print_table,
)
from api.cli.reports import view_command
from api.cli.session import now, open_ledger
from api.problems import Missing
from api.surroundings import templates_folder
from domain.facts import When
from domain.sending import SendDocument
from replay.documents.render import Asked, Rendered, Wanted, render, render_statement
from replay.documents.sent import sent
from replay.documents.templates import SUFFIXES, Medium, templates
from store.request import Request

MEDIA: dict[str, Medium] = {suffix: medium for medium, suffix in SUFFIXES.items()}
_Decorated = TypeVar("_Decorated", bound=Callable[..., object])

_credit_option = click.option(
    "--credit", help="The number of a credit note of the invoice, instead of it."
)
_locale_option = click.option(
    "--locale", help="Another language than the customer's, such as de-CH."
)


def _format_option(default: str) -> Callable[[_Decorated], _Decorated]:
    """How a document is written, where nothing is said."""
    return click.option(
        "--format",
        "kind",
        type=click.Choice([*MEDIA]),
        default=default,
        show_default=True,
        help="How it is written.",
    )


@click.group()
def invoice() -> None:
    """Invoices, drafts and credit notes."""


invoice.add_command(view_command("invoices", "invoice list"), "list")
for act in ACTS:
    invoice.add_command(act)


@invoice.command(
    "render",
    epilog=examples(
        "tieout invoice render i-1 --entity acme --out i-1.html",
        "tieout invoice render i-1 -e acme --format pdf --out i-1.pdf --known-at 120",
        "tieout invoice render i-1 i-2 i-3 -e acme --out-dir documents --locale de-CH",
    ),
)
@click.argument("invoices", nargs=-1, required=True, metavar="INVOICE...")
@entity_option
@_format_option("html")
@click.option("--out", type=click.Path(path_type=Path), help="The file of one document.")
@click.option("--out-dir", type=click.Path(path_type=Path), help="The folder of many documents.")
@_credit_option
@_locale_option
@click.option("--known-at", type=int, help="As the ledger knew at this position.")
@as_json
def render_invoices(
    *,
    invoices: tuple[str, ...],
    entity: str,
    kind: str,
    out: Path | None,
    out_dir: Path | None,
    credit: str | None,
    locale: str | None,
    known_at: int | None,
    as_json: bool,
) -> None:
    """Write INVOICEs as HTML or PDF, in the customer's language, as known at a position."""
    if (out is None) == (out_dir is None) or (out is not None and len(invoices) > 1):
        raise click.UsageError("name --out for one invoice, or --out-dir for any number")
    wanted = Wanted(medium=MEDIA[kind], credit=credit, locale=locale, known_at=known_at)
    for path, found in _written(entity, invoices, wanted, out, out_dir):
        if as_json:
            print_json(_told(found) | {"file": str(path)})
        else:
            click.echo(f"{path}: {found.kind} {found.number or found.name}, {found.locale}")


def _written(
    entity: str, invoices: tuple[str, ...], wanted: Wanted, out: Path | None, out_dir: Path | None
) -> Iterator[tuple[Path, Rendered]]:
    with open_ledger() as ledger, ledger.connection() as connection:
        chosen = templates(templates_folder())
        for name, found in render(connection, entity, invoices, wanted, chosen):
            if found is None:
                raise Missing("document", wanted.credit or name)
            path = out or (out_dir or Path()) / found.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found.body)
            yield path, found


@invoice.command(
    "send",
    epilog=examples(
        "tieout invoice send i-1 --entity acme --to p-7 --channel email --out i-1.pdf",
        "tieout invoice send i-1 -e acme --to p-7 --channel post --credit CN-1 --out note.pdf",
    ),
)
@click.argument("invoice_id", metavar="INVOICE")
@entity_option
@click.option("--to", "recipient", required=True, help="To whom: an opaque id, never an address.")
@click.option("--channel", required=True, help="How, such as email or post.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to send.")
@_format_option("pdf")
@_credit_option
@_locale_option
@click.option("--on", "day", type=Day(), help="The day it is sent; none: today.")
@actor_option
@as_json
def send(
    *,
    invoice_id: str,
    entity: str,
    recipient: str,
    channel: str,
    out: Path,
    kind: str,
    credit: str | None,
    locale: str | None,
    day: date | None,
    actor: str,
    as_json: bool,
) -> None:
    """Write INVOICE to a file and state that this file was sent. The sending itself is yours.

    Again on the same day it is the same fact, as long as the document comes out alike.
    """
    wanted = Wanted(medium=MEDIA[kind], credit=credit, locale=locale)
    with open_ledger() as ledger:
        with ledger.connection() as connection:
            chosen = templates(templates_folder())
            ((_, found),) = render(connection, entity, [invoice_id], wanted, chosen)
        if found is None:
            raise Missing("document", credit or invoice_id)
        out.write_bytes(found.body)
        command = SendDocument(
            when=When(effective=day or now().date()),
            sha256=found.sha256,
            media_type=found.medium,
            channel=channel,
            recipient=recipient,
            credit=credit,
            template=found.template,
            locale=found.locale,
            known_at=found.known_at,
        )
        key = f"sent:{invoice_id}:{found.sha256}:{channel}:{recipient}:{command.when.effective}"
        request = Request(
            entity=entity, stream=f"invoice:{invoice_id}", key=key, command=command, actor=actor
        )
        receipt = ledger.submit(request)
    if as_json:
        print_json(_told(found) | {"file": str(out), "receipt": receipt})
    else:
        click.echo(f"{out}: {found.sha256}, position {receipt.positions[-1]}")


@invoice.command(
    "sent",
    epilog=examples(
        "tieout invoice sent i-1 --entity acme", "tieout invoice sent i-1 -e acme --json"
    ),
)
@click.argument("invoice_id", metavar="INVOICE")
@entity_option
@as_json
def was_sent(*, invoice_id: str, entity: str, as_json: bool) -> None:
    """What was sent of INVOICE, and whether it still comes out byte for byte."""
    with open_ledger() as ledger, ledger.connection() as connection:
        found = sent(connection, entity, invoice_id, templates(templates_folder()))
    if found is None:
        raise Missing("invoice", invoice_id)
    if as_json:
        print_json({"entity": entity, "rows": found})
        return
    columns = ("sent on", "document", "channel", "to", "sha256", "today")
    rows = [
        (
            row.sent_on,
            row.document.credit or invoice_id,
            row.document.channel,
            row.document.recipient,
            row.document.sha256[:12],
            row.finding,
        )
        for row in found
    ]
    print_table(columns, rows)


@click.command(
    epilog=examples(
        "tieout statement c1 --entity acme --currency USD --out c1.pdf",
        "tieout statement c1 -e acme --currency USD --since 2024-01-01 --through 2024-03-31 "
        "--format html --out q1.html",
    ),
)
@click.argument("customer")
@entity_option
@click.option("--currency", required=True, help="The currency of the account.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@_format_option("pdf")
@click.option("--since", type=Day(), help="What was before this day is one balance.")
@click.option("--through", type=Day(), help="The last day that counts; none: all days.")
@_locale_option
@click.option("--known-at", type=int, help="As the ledger knew at this position.")
@as_json
def statement(
    *,
    customer: str,
    entity: str,
    currency: str,
    out: Path,
    kind: str,
    since: date | None,
    through: date | None,
    locale: str | None,
    known_at: int | None,
    as_json: bool,
) -> None:
    """Write a statement of CUSTOMER's account.

    It tells all that changed its balance, and what is due.
    """
    asked = Asked(
        customer=customer,
        currency=currency,
        since=since,
        through=through,
        medium=MEDIA[kind],
        locale=locale,
        known_at=known_at,
    )
    with open_ledger() as ledger, ledger.connection() as connection:
        ledger.known_head(entity)
        found = render_statement(connection, entity, asked, templates(templates_folder()))
    if found is None:
        raise Missing("account", f"{customer} {currency}")
    out.write_bytes(found.body)
    if as_json:
        print_json(_told(found) | {"file": str(out)})
    else:
        click.echo(f"{out}: {found.kind} {found.name}, {found.locale}")


def _told(found: Rendered) -> dict[str, object]:
    names = ("kind", "name", "number", "medium", "sha256", "template", "locale", "known_at")
    return {name: getattr(found, name) for name in names}
