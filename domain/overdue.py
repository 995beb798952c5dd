"""Work that has cost more than it is expected to in all: an estimate that is overdue.

Progress by cost stands at complete then, and nothing waits for it: a person has to say what the
work will cost (ASC 606-10-25-35, IFRS 15.43).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from domain.accounting.contract.costs import costs_of
from domain.accounting.contract.transfer import in_order
from domain.contract_facts import ContractModified, ContractOpened, ContractTerminated, Obligation
from domain.facts import Fact


class Overdue(Struct, frozen=True, kw_only=True):
    """A promise whose costs are above the last estimate of them, in minor units of its contract;
    `since` is the position of the fact from which they are, without a break.
    """

    obligation: str
    currency: str
    incurred_minor: int
    expected_minor: int
    since: int


def overdue(facts: Sequence[Fact]) -> Iterator[Overdue]:
    """Of one contract, by the facts about it that are known; of one that ended, nothing."""
    opened = next((f.event for f in facts if isinstance(f.event, ContractOpened)), None)
    if opened is None or any(isinstance(fact.event, ContractTerminated) for fact in facts):
        return
    measured = [fact for _, fact in in_order(facts)]
    added = (f.event.added for f in measured if isinstance(f.event, ContractModified))
    for own in (*opened.obligations, *(own for rows in added for own in rows)):
        if own.pattern == "percent-complete":
            yield from _of_promise(own, opened.currency, measured)


def _of_promise(own: Obligation, currency: str, facts: Sequence[Fact]) -> Iterator[Overdue]:
    costs, since = costs_of(own), 0
    for fact in facts:
        said_of = getattr(fact.event, "obligation", own.obligation)
        if said_of == own.obligation and costs.take(own, fact.event):
            since = (since or fact.position) if costs.is_overdue else 0
    if since:
        yield Overdue(
            obligation=own.obligation,
            currency=currency,
            incurred_minor=costs.incurred,
            expected_minor=costs.expected,
            since=since,
        )
