"""From when an invoiced amount is receivable: from when on only time must pass (rule 38).

Before that day it is open to the customer and stands in no account (ASC 606-10-45-4, IFRS 15.108).
What bills a deal that is no contract yet is nobody's right, whatever a book elects: it waits for
the day on which the criteria are met (ASC 606-10-25-1 and 25-8, IFRS 15.9 and 15.16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import assert_never

from msgspec import structs

from domain.accounting.documents import BilledLine
from domain.contract_facts import ContractOpened, CriteriaMet
from domain.facts import Fact
from domain.policy import ReceivableAt
from domain.routing import unit_of_line
from domain.subscription import SubscriptionStarted

# What a book elects for documents of a day.
Elected = Callable[[date], ReceivableAt]
# Of what never becomes a contract nothing is ever receivable.
NEVER = date.max
# What waits for no day.
AT_ISSUE = date.min
# What opens a deal.
DEALS = (SubscriptionStarted, ContractOpened)


def _since_met(facts: Iterable[Fact]) -> dict[str, Fact]:
    """By stream the first day's fact that says that the criteria of a deal are met."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if isinstance(fact.event, CriteriaMet):
            first = found.setdefault(fact.stream, fact)
            if fact.when.effective < first.when.effective:
                found[fact.stream] = fact
    return found


def with_rights(
    rows: Iterable[BilledLine], elected: Elected, deals: Mapping[str, Fact], facts: Iterable[Fact]
) -> list[BilledLine]:
    """Each line with the day from which it is receivable. `deals`: by stream what opened them."""
    met = _since_met(facts)
    found = []
    for row in rows:
        deal = unit_of_line(row.invoice, row.line)
        found.append(_with_right(row, elected(row.issued_on), deals.get(deal), met.get(deal)))
    return found


def _with_right(
    row: BilledLine, elected: ReceivableAt, deal: Fact | None, met: Fact | None
) -> BilledLine:
    """The line with the day from which it is receivable. Of a deal that the customer may leave
    without penalty, by right, that is the later of due date and start of service; what nobody says
    may be left is receivable at issue. It is not before there is a contract: `met` says since when.
    Tax and the like are not for service and do not wait.
    """
    if not row.line.is_for_service:
        return row
    day = _elected_day(row, elected, deal)
    right = (deal.position,) if elected == "by-right" and deal is not None else ()
    if _waits(row, day):
        row = structs.replace(row, receivable_on=day, right=right)
    if deal is None or getattr(deal.event, "criteria_met", True):
        return row
    bound = NEVER if met is None else met.when.effective
    since = max(day, bound)
    return structs.replace(
        row,
        receivable_on=since if _waits(row, since) else None,
        right=(deal.position,),
        bound_on=bound,
        bound_by=() if met is None else (met.position,),
    )


def _waits(row: BilledLine, since: date) -> bool:
    """Whether the line is dated before a day, or what takes something off it: an invoice may be
    corrected to a later date than its credit notes have.
    """
    return since > min([row.issued_on, *(cut.day for cut in row.cuts)])


def _elected_day(row: BilledLine, elected: ReceivableAt, deal: Fact | None) -> date:
    start = row.line.service_from or row.issued_on
    match elected:
        case "issue":
            return AT_ISSUE
        case "due":
            return row.due_on
        case "service-start":
            return start
        case "by-right":
            may_leave = deal is not None and _may_leave(deal)
            return max(row.due_on, start) if may_leave else AT_ISSUE
        case _:
            assert_never(elected)


def _may_leave(deal: Fact) -> bool:
    event = deal.event
    assert isinstance(event, SubscriptionStarted | ContractOpened), deal
    return event.cancellable_days is not None
