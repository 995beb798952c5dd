"""How a deal stood at the end of a day, of all that is known: which facts count (rule 41).

Parties agree, things happen, documents tell. What is agreed or happens after the day is of another
day: a later event is told and not counted (ASC 855-10-25-3, IAS 10.10). What only says later how
things were counts, as it counts in revenue (ASC 855-10-25-1, IAS 10.8).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import date

from domain.access import is_access
from domain.accounting.documents import VoidDefault
from domain.carried import OpeningPositionChanged, OpeningPositionEnded
from domain.contract_facts import (
    ContractJoined,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CustomerPaymentPromised,
    PriceConceded,
)
from domain.facts import Fact
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceVoided
from domain.opening import OpeningSigned

# What else a unit rests on, customers and usage, counts by days of its own.
_OF_DEALS = frozenset({"contract", "invoice", "opening", "subscription"})
_AGREED = (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CustomerPaymentPromised,
    InvoiceIssued,
    OpeningPositionChanged,
    OpeningPositionEnded,
    PriceConceded,
)


def as_agreed(facts: Iterable[Fact], day: date, void_default: VoidDefault) -> tuple[Fact, ...]:
    """Of the facts of a unit that are in force those that count at the end of `day`."""
    own = tuple(facts)
    never = _never_were(own, void_default)
    return tuple(fact for fact in own if _day_of(fact) <= day or _tells_of_before(fact, never))


def _day_of(fact: Fact) -> date:
    """Changes of a deal are of the day they are agreed, from whenever they hold."""
    category = fact.stream.partition(":")[0]
    if category not in _OF_DEALS:
        return date.min
    is_agreed = category == "subscription" or isinstance(fact.event, _AGREED)
    return (fact.when.agreed_on if is_agreed else None) or fact.when.effective


def _never_were(facts: Iterable[Fact], void_default: VoidDefault) -> AbstractSet[str]:
    """The invoices that are void from their beginning."""
    rows = [*facts]
    issued = {fact.stream: fact.when.effective for fact in rows if _is_issue(fact)}
    return {
        fact.stream
        for fact in rows
        if isinstance(fact.event, InvoiceVoided)
        and fact.stream in issued
        and (fact.event.treatment or void_default(issued[fact.stream])) == "as-if-never"
    }


def _is_issue(fact: Fact) -> bool:
    return isinstance(fact.event, InvoiceIssued)


def _tells_of_before(fact: Fact, never: AbstractSet[str]) -> bool:
    """Whether a later fact says how things were: that a service could be used, contracts were one,
    other books left something, a document was wrong from its beginning.
    """
    event = fact.event
    match event:
        case ContractJoined() | OpeningSigned():
            return True
        case CreditIssued():
            return event.treatment == "as-if-never" or fact.stream in never
        case InvoiceVoided():
            return fact.stream in never
        case _:
            return is_access(fact)
