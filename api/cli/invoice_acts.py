"""What people do with invoices: approve and issue drafts, credit, void, argue about them."""

from datetime import date
from typing import Any, Literal

import click
from msgspec import Struct

from api.cli.output import (
    Day,
    actor_option,
    as_json,
    entity_option,
    examples,
    key_option,
    money,
    print_json,
    print_table,
)
from api.cli.session import open_ledger
from api.problems import Missing
from domain.adjusting import AdjustDraft
from domain.credit_note import CreditInvoice
from domain.deciders import Command
from domain.decimals import exact_decimal
from domain.dispute import OpenDispute, ResolveDispute
from domain.draft import ApproveDraft, DiscardDraft
from domain.errors import Malformed
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, DisputeOutcome, Treatment
from domain.invoice_state import InvoiceState
from domain.invoicing import CreditTo
from domain.money import minor_exactly
from domain.write_off import RecoverInvoice, WriteOffInvoice
from replay.ledger import Ledger
from replay.standing import Standing, standing
from store.request import Request

Act = Literal[
    "adjust",
    "approve",
    "credit",
    "discard",
    "dispute",
    "issue",
    "recover",
    "resolve",
    "show",
    "void",
    "write-off",
]
name_argument = click.argument("invoice")
on_option = click.option("--on", type=Day(), help="The day it counts from; none: today.")
line_option = click.option(
    "--line", "lines", multiple=True, help="LINE=AMOUNT of the invoice; may be repeated."
)
amount_option = click.option("--amount", help="How much, in major units; none: all that is left.")
number_option = click.option("--number", help="Its number, where no series gives it.")
treatment_option = click.option(
    "--treatment",
    type=click.Choice(["as-if-never", "from-now"]),
    help="Back to the original service periods, or at its own date.",
)


class _Paper(Struct, frozen=True):
    """An invoice as it stands, and how many facts its stream has."""

    state: InvoiceState
    version: int

    @property
    def currency(self) -> str:
        document = self.state.issued or self.state.drafting.last
        return document.currency if document else ""

    def lines(self, told: tuple[str, ...]) -> tuple[CreditLine, ...]:
        """Amounts of lines as they are typed."""
        found = []
        for one in told:
            line, _, amount = one.rpartition("=")
            if not line:
                raise Malformed("wrong-type", field="line", expected="LINE=AMOUNT")
            found.append(CreditLine(line=line, amount_minor=self.minor(amount)))
        return tuple(found)

    def minor(self, amount: str) -> int:
        return minor_exactly(amount, self.currency, "amount")


class _Asked(Struct, frozen=True):
    """Who does what to which invoice, and under which key."""

    entity: str
    invoice: str
    key: str | None
    actor: str
    as_json: bool


def _do(ledger: Ledger, asked: _Asked, act: Act, paper: _Paper, command: Command) -> None:
    """The same again is done again unless it has a key: the domain says whether it may be."""
    stream = f"invoice:{asked.invoice}"
    key = asked.key or f"{act}:{stream}:{paper.version}"
    request = Request(
        entity=asked.entity, stream=stream, key=key, command=command, actor=asked.actor
    )
    receipt = ledger.submit(request)
    if asked.as_json:
        print_json(receipt)
    else:
        positions = ", ".join(map(str, receipt.positions))
        click.echo(f"{act} {asked.invoice}: position {positions}")


def _paper(ledger: Ledger, entity: str, name: str) -> _Paper:
    with ledger.connection() as connection:
        found = standing(connection, entity, name)
    if found is None:
        raise Missing("invoice", name)
    return _Paper(found.state, found.version)


def _when(ledger: Ledger, on: date | None) -> When:
    return When(effective=on or ledger.clock().date())


def _common(command: Any) -> Any:
    for option in (as_json, actor_option, key_option, on_option, entity_option, name_argument):
        command = option(command)
    return command


@click.command(epilog=examples("tieout invoice show c1-USD-20240201-1 -e acme"))
@name_argument
@entity_option
@as_json
def show(*, invoice: str, entity: str, as_json: bool) -> None:
    """Print INVOICE as it stands: its lines, and what is left of each."""
    with open_ledger() as ledger:
        paper = _paper(ledger, entity, invoice)
    if as_json:
        print_json(
            Standing(entity=entity, invoice=invoice, version=paper.version, state=paper.state)
        )
        return
    state, currency = paper.state, paper.currency
    document = state.issued or state.drafting.draft
    rows = [
        (
            line.line,
            line.kind,
            line.obligation or line.description,
            line.service_from,
            line.service_to,
            money(line.amount_minor, currency),
            money(line.amount_minor - state.credited_minor.get(line.line, 0), currency),
        )
        for line in (document.lines if document else ())
    ]
    columns = ("line", "kind", "what", "from", "to", "amount", "left")
    print_table(columns, rows, f"{_title(invoice, state)}, {currency}")


def _title(invoice: str, state: InvoiceState) -> str:
    issued = state.issued
    if issued is None:
        approved = ", approved" if state.drafting.is_approved else ""
        return (
            f"{invoice}: " + ("thrown away" if state.drafting.is_discarded else "draft") + approved
        )
    void = ", void" if state.is_void else ""
    return f"{issued.number or invoice} of {issued.when.effective} to {issued.customer}{void}"


@click.command(epilog=examples("tieout invoice approve c1-USD-20240201-1 -e acme --actor bob"))
@_common
def approve(*, on: date | None, **said: Any) -> None:
    """Approve the draft INVOICE as it stands; who prepared it may not."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        _do(ledger, asked, "approve", paper, ApproveDraft(when=_when(ledger, on)))


@click.command(epilog=examples("tieout invoice discard c1-USD-20240201-1 -e acme"))
@_common
def discard(*, on: date | None, **said: Any) -> None:
    """Throw the draft INVOICE away; the next billing run drafts what is due anew."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        _do(ledger, asked, "discard", paper, DiscardDraft(when=_when(ledger, on)))


@click.command(
    epilog=examples(
        'tieout invoice adjust c1-USD-20240201-1 -e acme --line 2 --amount 450 --reason "agreed"',
        "tieout invoice adjust d-1 -e acme --line 2 --quantity 3 --unit-amount 150 --reason x",
    )
)
@click.option("--line", required=True, help="The line that comes to something else.")
@click.option("--amount", help="What it comes to, in major units.")
@click.option("--quantity", help="Or so many units ...")
@click.option("--unit-amount", help="... at so much each, in major units.")
@click.option("--reason", required=True, help="Why; it is on the document.")
@_common
def adjust(
    *,
    line: str,
    amount: str | None,
    quantity: str | None,
    unit_amount: str | None,
    reason: str,
    on: date | None,
    **said: Any,
) -> None:
    """Let a line of the draft INVOICE come to something else, whatever it is measured at."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        command = AdjustDraft(
            when=_when(ledger, on),
            line=line,
            reason=reason,
            amount_minor=paper.minor(amount) if amount is not None else None,
            quantity=exact_decimal(quantity, "quantity") if quantity else None,
            unit_amount=exact_decimal(unit_amount, "unit_amount") if unit_amount else None,
        )
        _do(ledger, asked, "adjust", paper, command)


@click.command(epilog=examples("tieout invoice issue c1-USD-20240201-1 -e acme --on 2024-02-06"))
@_common
def issue(*, on: date | None, **said: Any) -> None:
    """Issue the draft INVOICE as it stands, whatever is left of its grace."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        draft = paper.state.drafting.draft
        command = IssueInvoice(when=_when(ledger, on), customer=draft.customer if draft else None)
        _do(ledger, asked, "issue", paper, command)


@click.command(
    epilog=examples(
        "tieout invoice credit i-1 -e acme --number CN-1",
        "tieout invoice credit i-1 -e acme --amount 30.00 --number CN-2",
        "tieout invoice credit i-1 -e acme --line 2=12.50 --number CN-3 --treatment as-if-never",
    )
)
@amount_option
@line_option
@number_option
@treatment_option
@click.option(
    "--to",
    type=click.Choice(["offset", "balance", "refund"]),
    help="Where what was paid of it goes; none: as the entity elects.",
)
@_common
def credit(
    *,
    amount: str | None,
    lines: tuple[str, ...],
    number: str | None,
    treatment: Treatment | None,
    to: CreditTo | None,
    on: date | None,
    **said: Any,
) -> None:
    """Credit INVOICE: all of it, an amount or lines; tax and coupons come along."""
    if amount is not None and lines:
        raise click.UsageError("name --amount or --line, not both")
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        when = _when(ledger, on)
        command: IssueCredit | CreditInvoice = CreditInvoice(
            when=when,
            number=number,
            amount_minor=paper.minor(amount) if amount is not None else None,
            treatment=treatment,
            to=to,
        )
        if lines:
            rows = paper.lines(lines)
            command = IssueCredit(when=when, number=number, lines=rows, treatment=treatment, to=to)
        _do(ledger, asked, "credit", paper, command)


@click.command(epilog=examples("tieout invoice void i-1 -e acme --on 2024-02-06"))
@treatment_option
@_common
def void(*, treatment: Treatment | None, on: date | None, **said: Any) -> None:
    """Take INVOICE back, paid or not: its money is unapplied, what it billed is due again."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        command = VoidInvoice(when=_when(ledger, on), treatment=treatment)
        _do(ledger, asked, "void", paper, command)


@click.command(
    "write-off",
    epilog=examples(
        'tieout invoice write-off i-1 -e acme --reason "bankrupt"',
        "tieout invoice write-off i-1 -e acme --amount 30.00 --on 2024-06-30",
    ),
)
@click.option("--amount", help="How much, in major units; none: all that is open.")
@click.option("--reason", default="", help="Why nobody expects it any more.")
@_common
def write_off(*, amount: str | None, reason: str, on: date | None, **said: Any) -> None:
    """Give up what is open of INVOICE as bad debt; what is paid after all takes it back."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        minor = paper.minor(amount) if amount is not None else None
        command = WriteOffInvoice(when=_when(ledger, on), amount_minor=minor, reason=reason)
        _do(ledger, asked, "write-off", paper, command)


@click.command(epilog=examples("tieout invoice recover i-1 -e acme --on 2024-09-01"))
@click.option("--amount", help="How much, in major units; none: all that was written off.")
@_common
def recover(*, amount: str | None, on: date | None, **said: Any) -> None:
    """Expect payment of INVOICE again, of what was written off."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        minor = paper.minor(amount) if amount is not None else None
        command = RecoverInvoice(when=_when(ledger, on), amount_minor=minor)
        _do(ledger, asked, "recover", paper, command)


@click.command(
    epilog=examples(
        'tieout invoice dispute i-1 -e acme --dispute d-1 --reason "seats never used"',
        "tieout invoice dispute i-1 -e acme --dispute d-2 --line 2=12.50",
    )
)
@click.option("--dispute", required=True, help="An id of its own on the invoice.")
@click.option("--reason", default="", help="What the customer says.")
@amount_option
@line_option
@_common
def dispute(
    *,
    dispute: str,
    reason: str,
    amount: str | None,
    lines: tuple[str, ...],
    on: date | None,
    **said: Any,
) -> None:
    """Open a dispute on INVOICE: on all that is left, an amount or lines."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        command = OpenDispute(
            when=_when(ledger, on),
            dispute=dispute,
            reason=reason,
            lines=paper.lines(lines),
            amount_minor=paper.minor(amount) if amount is not None else None,
        )
        _do(ledger, asked, "dispute", paper, command)


@click.command(
    epilog=examples(
        "tieout invoice resolve i-1 -e acme --dispute d-1 --outcome upheld",
        "tieout invoice resolve i-1 -e acme --dispute d-1 --outcome credited --amount 5",
    )
)
@click.option("--dispute", required=True, help="Which dispute.")
@click.option(
    "--outcome",
    required=True,
    type=click.Choice(["upheld", "credited", "withdrawn"]),
    help="The invoice was right, the customer was, or gave it up.",
)
@amount_option
@number_option
@treatment_option
@_common
def resolve(
    *,
    dispute: str,
    outcome: DisputeOutcome,
    amount: str | None,
    number: str | None,
    treatment: Treatment | None,
    on: date | None,
    **said: Any,
) -> None:
    """Settle a dispute on INVOICE, all that is open of it or a part."""
    asked = _Asked(**said)
    with open_ledger() as ledger:
        paper = _paper(ledger, asked.entity, asked.invoice)
        command = ResolveDispute(
            when=_when(ledger, on),
            dispute=dispute,
            outcome=outcome,
            amount_minor=paper.minor(amount) if amount is not None else None,
            number=number,
            treatment=treatment,
        )
        _do(ledger, asked, "resolve", paper, command)


ACTS: tuple[click.Command, ...] = (
    show,
    approve,
    adjust,
    discard,
    issue,
    credit,
    void,
    dispute,
    resolve,
    write_off,
    recover,
)
