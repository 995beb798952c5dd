"""The billing run at the command line: invoices and credits for what is due, or a look at them."""

import time
from collections.abc import Iterable, Iterator
from datetime import date

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
    progress_console,
)
from api.cli.session import open_ledger
from domain.decimals import plain
from domain.invoice import IssueCredit
from domain.invoice_facts import InvoiceLine
from domain.statement.documents import Carried, Document
from domain.statement.taxing import AWAITING_TAX
from replay.billing.run import Part, Wanted
from replay.ledger import Billed, whole

UNTIL = {"credit": "an invoice can take it", "unknown-customer": "the customer is registered"}


@click.command(
    epilog=examples(
        "tieout bill --entity acme --through 2024-01-31",
        "tieout bill -e acme --through 2024-01-31 --preview --lines",
        "tieout bill -e acme --through 2024-01-31 --customer c1 --since 2024-01-01",
    )
)
@entity_option
@click.option("--through", type=Day(), required=True, help="The last day that counts.")
@click.option("--customer", multiple=True, help="Only what this customer has; may be repeated.")
@click.option("--subscription", multiple=True, help="Only this subscription; may be repeated.")
@click.option("--since", type=Day(), help="Only billing periods that end after this day begins.")
@click.option("--interim", is_flag=True, help="Also usage of periods that still run, so far.")
@click.option("--preview", is_flag=True, help="Say what would be issued, and issue nothing.")
@click.option("--lines", is_flag=True, help="Tell every line of every document, too.")
@actor_option
@as_json
def bill(
    *,
    entity: str,
    through: date,
    customer: tuple[str, ...],
    subscription: tuple[str, ...],
    since: date | None,
    interim: bool,
    preview: bool,
    lines: bool,
    actor: str,
    as_json: bool,
) -> None:
    """Issue the invoices and credits that are due by a date.

    Where days of grace or an approval are elected it drafts, drafts anew and issues in time.

    Stopped half way, it is run again: what was issued is not issued twice.
    """
    wanted = Wanted(
        entity=entity,
        through=through,
        customers=customer,
        subscriptions=subscription,
        since=since or date.min,
        interim=interim,
    )
    with open_ledger() as ledger:
        parts = ledger.billing_preview(wanted) if preview else ledger.billing(wanted, actor=actor)
        billed = whole(_shown(parts))
    if as_json:
        told = {
            "documents": billed.documents,
            "carried": billed.carried,
            "reached": billed.reached,
        }
        print_json(told | {"issued": not preview})
        return
    _print(billed)
    if lines:
        _print_lines(billed)


def _shown(parts: Iterable[Part]) -> Iterator[Part]:
    """Each part as it comes, and how long the rest will take."""
    documents, began = 0, time.monotonic()
    with progress_console().status("reading") as shown:
        for part in parts:
            documents += len(part.documents)
            left = (time.monotonic() - began) * (part.total - part.done) / max(part.done, 1)
            shown.update(
                f"{part.done} of {part.total} subscriptions, {documents} documents, "
                f"about {left:.0f} s left"
            )
            yield part


def _print(billed: Billed) -> None:
    rows = [
        (row.name, row.act, row.customer, money(row.total_minor, row.currency), row.currency)
        for row in billed.documents
    ]
    if rows:
        print_table(("document", "is", "customer", "total", "currency"), rows)
    else:
        click.echo("nothing is due that no document has")
    for level in billed.reached:
        used, least = (money(m, level.currency) for m in (level.amount_minor, level.level_minor))
        click.echo(
            f"reached: {level.subscription} {level.item} used {used} of {least} {level.currency}"
        )
    for row in billed.carried:
        click.echo(_in_words(row))


def _print_lines(billed: Billed) -> None:
    columns = ("document", "line", "of", "what", "from", "to", "quantity", "amount")
    print_table(columns, [row for document in billed.documents for row in _lines(document)])


def _lines(document: Document) -> Iterator[tuple[object, ...]]:
    """What each line is for; of a credit note, which line of the invoice it takes from."""
    command, currency = document.command, document.currency
    if isinstance(command, IssueCredit):
        invoice = document.stream.partition(":")[2]
        for taken in command.lines:
            amount = money(-taken.amount_minor, currency)
            yield document.name, taken.line, invoice, "", "", "", "", amount
        return
    for line in document.lines:
        yield (
            document.name,
            line.line,
            line.subscription,
            _what(line),
            line.service_from,
            line.service_to,
            None if line.quantity is None else plain(line.quantity),
            money(line.amount_minor, currency),
        )


def _what(line: InvoiceLine) -> str:
    """The item, the discount it is and the dimensions it is for; else its description."""
    values = [f"{name}={value}" for name, value in sorted(line.group.items())]
    words = [line.obligation or line.description, line.discount or "", *values]
    return ", ".join(filter(None, words))


def _in_words(row: Carried) -> str:
    amount = f"{money(row.minor, row.currency)} {row.currency}"
    if row.reason == AWAITING_TAX:
        return f"{row.reason}: {row.customer} {amount} before tax, {row.code}"
    if row.document is not None:
        return f"not matched: {row.document}, {amount}, names no item of {row.subscription}"
    if row.subscription is not None:
        return f"not charged: subscription {row.subscription}, {row.reason}"
    return f"carried: {row.customer} {amount}, until {UNTIL[row.reason]}"
