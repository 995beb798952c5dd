"""What a decision must see in streams that its command does not name, under the head's lock.

What stands against a close; what was paid of an invoice, where no more is credited than that; which
later invoices rest on one that is to be void or retracted.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.books import ClosePeriod, SoftClosePeriod
from domain.credit_note import CreditInvoice
from domain.crediting import LaterEvidence, PaidEvidence
from domain.facts import Fact, fold
from domain.invoice import DECIDER, IssueCredit, VoidInvoice
from domain.invoicing import DECIDER as INVOICING
from domain.invoicing import Elected, elected_on
from domain.numbering import ELECTIONS, number_of
from domain.resting import replacing, resting_on
from domain.settlement.paid import paid_minor
from projections.exceptions import close_evidence
from replay.documents.reading import account_facts
from store import log
from store.db import Connection, queries
from store.request import Request

SQL = queries(__file__)


def evidence(connection: Connection, request: Request) -> object:
    """Whatever is stored by now counts; none where the command needs none."""
    match request.command:
        case SoftClosePeriod() | ClosePeriod():
            return close_evidence(connection, request)
        case VoidInvoice():
            return _later(connection, request)
        case CreditInvoice() | IssueCredit():
            return _paid(connection, request)
        case None:
            return _later(connection, request, _taken(connection, request))
        case _:
            return None


def _later(
    connection: Connection, request: Request, taken: dict[str, str] | None = None
) -> LaterEvidence:
    found, invoice = _account(connection, request), request.stream.partition(":")[2]
    _, facts = found or (None, ())
    return LaterEvidence(
        invoices=resting_on(invoice, facts),
        replaced_by=replacing(invoice, facts),
        taken=taken or {},
    )


def _taken(connection: Connection, request: Request) -> dict[str, str]:
    """Numbers that documents of the invoice came with and another stream has got since."""
    own = log.read_stream(connection, request.entity, request.stream)
    told = (number_of(fact.event) for fact in own)
    numbers = sorted({one[0] for one in told if one is not None and one[1] is None})
    names = {"entity": request.entity, "stream": request.stream, "numbers": numbers}
    return dict(connection.execute(SQL.taken, names).fetchall()) if numbers else {}


def _paid(connection: Connection, request: Request) -> PaidEvidence | None:
    command = request.command
    assert isinstance(command, CreditInvoice | IssueCredit), request
    elected = fold(INVOICING, log.read_stream(connection, request.entity, ELECTIONS))
    if elected_on(elected, command.when.effective).credit_up_to != "paid":
        return None
    found = _account(connection, request)
    return None if found is None else _measured(request, elected, *found)


def _measured(
    request: Request, elected: Elected, account: tuple[str, str], facts: Sequence[Fact]
) -> PaidEvidence:
    invoice = request.stream.partition(":")[2]
    minor = paid_minor(invoice, facts, account, lambda day: elected_on(elected, day))
    return PaidEvidence(minor=minor)


def _account(
    connection: Connection, request: Request
) -> tuple[tuple[str, str], tuple[Fact, ...]] | None:
    """Customer and currency of the invoice, and all that moves what they owe; none before it is
    issued.
    """
    own = log.read_stream(connection, request.entity, request.stream)
    issued = fold(DECIDER, own).issued
    if issued is None:
        return None
    account = issued.customer, issued.currency
    return account, account_facts(connection, request.entity, *account)
