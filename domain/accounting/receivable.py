"""From when an invoiced amount is receivable: from when on only time must pass (rule 38).

Before that day it is open to the customer and stands in no account (ASC 606-10-45-4, IFRS 15.108).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import assert_never

from msgspec import structs

from domain.accounting.documents import BilledLine
from domain.contract_facts import ContractOpened
from domain.facts import Fact
from domain.policy import ReceivableAt
from domain.subscription import SubscriptionStarted

# What a book elects for documents of a day.
Elected = Callable[[date], ReceivableAt]


def with_right(row: BilledLine, elected: ReceivableAt, deal: Fact | None) -> BilledLine:
    """The line with the day from which it is receivable. Of a deal that the customer may leave
    without penalty, by right, that is the later of due date and start of service; what nobody says
    may be left is receivable at issue. Tax and the like are not for service and do not wait.
    """
    if not row.line.is_for_service or elected == "issue":
        return row
    start = row.line.service_from or row.issued_on
    match elected:
        case "due":
            day = row.due_on
        case "service-start":
            day = start
        case "by-right":
            if deal is None or not _may_leave(deal):
                return row
            day = max(row.due_on, start)
        case _:
            assert_never(elected)
    if day <= row.issued_on:
        return row
    right = (deal.position,) if elected == "by-right" and deal is not None else ()
    return structs.replace(row, receivable_on=day, right=right)


def _may_leave(deal: Fact) -> bool:
    event = deal.event
    assert isinstance(event, SubscriptionStarted | ContractOpened), deal
    return event.cancellable_days is not None
