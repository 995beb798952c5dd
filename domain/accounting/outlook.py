"""What a contract says of the time ahead beside its amounts: how long it binds, what is not priced.

Remaining obligations count only what both sides are bound to (rule 2), and leave out what nobody
needs to estimate (rule 41): it is told here, since flows do not say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from domain.accounting.contract.combined import opened_as_one, openings_of
from domain.accounting.contract.pricing import estimated
from domain.accounting.curves import last_day
from domain.accounting.schedule import Flow, Outlook, Spoken, Unpriced
from domain.calendar import ONE_DAY
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    CriteriaMet,
    Obligation,
    PriceEstimated,
    VariableAmount,
)
from domain.cover import NEVER, spans_agreed, terms_agreed
from domain.facts import Fact, of_kinds
from domain.subscription import SubscriptionStarted

_CHANGES = (ContractModified, PriceEstimated)


def outlook_of(known: Sequence[Fact], flows: Sequence[Flow]) -> Outlook | None:
    """Of a subscription or a stated contract; none of what invoices alone say.

    What is renewed by itself is told as far as its amounts go, whatever runs there were.
    """
    for fact in of_kinds(known, SubscriptionStarted, ContractOpened):
        match fact.event:
            case SubscriptionStarted(term_to=None):
                return Outlook()
            case SubscriptionStarted():
                own = [one for one in known if one.stream == fact.stream]
                spans = spans_agreed(fact.event, terms_agreed(fact, own), _end_of(flows))
                return Outlook(terms=spans)
            case _:
                openings = openings_of(known)
                opened = opened_as_one([*openings.values()])
                assert isinstance(opened.event, ContractOpened), opened
                is_contract = _is_met(openings.values(), known)
                since = opened.when.effective
                return _stated(opened.event, since, known, is_contract=is_contract)
    return None


def _end_of(flows: Sequence[Flow]) -> date:
    """What waits without end for access to what is sold without end has no day."""
    days = (last_day(flow.curve) for flow in flows)
    return max((day for day in days if day < NEVER - ONE_DAY), default=date.min)


def _is_met(openings: Iterable[Fact], known: Sequence[Fact]) -> bool:
    """What is accounted for as one is one contract once each part of it is."""
    met = {fact.stream for fact in of_kinds(known, CriteriaMet)}
    return all(
        fact.event.criteria_met or fact.stream in met
        for fact in openings
        if isinstance(fact.event, ContractOpened)
    )


def _stated(
    opened: ContractOpened, since: date, known: Sequence[Fact], *, is_contract: bool
) -> Outlook:
    promises, rows, ends = [*opened.obligations], [*opened.variable], list[date]()
    for fact in of_kinds(known, *_CHANGES):
        event = fact.event
        assert isinstance(event, _CHANGES), event
        rows += event.variable
        if isinstance(event, ContractModified):
            promises += event.added
            ends += [row.service_to for row in event.restated if row.service_to]
    ends += [own.service_to for own in promises if own.service_to]
    end = max(ends, default=None)
    named = {own.obligation: own for own in promises}
    alone: dict[str, dict[str, int]] = {}
    for row in rows:
        if len(row.obligations) == 1:
            (name,) = row.obligations
            included = _included(row, named.get(name), opened.currency)
            alone.setdefault(name, {})[row.name] = included
    return Outlook(
        terms=((since, end),) if end is not None and end > since else (),
        notice_days=opened.cancellable_days,
        is_contract=is_contract,
        spoken=tuple(
            Spoken(
                obligation=own.obligation,
                unpriced=_unpriced(own),
                allocated_minor=sum(alone.get(own.obligation, {}).values()),
            )
            for own in promises
            if _unpriced(own) or own.obligation in alone
        ),
    )


def _included(row: VariableAmount, own: Obligation | None, currency: str) -> int:
    """What is included of an amount that relates to one promise wholly."""
    return estimated(row, () if own is None else (own,), currency).included_minor


def _unpriced(own: Obligation) -> Unpriced | None:
    match own.pattern:
        case "as-invoiced":
            return "as-invoiced"
        case "percent-of-base":
            return "royalty"
        case "units" if own.quantity is None:
            return "per-unit"
        case _:
            return None
