"""Revenue of a contract opened from a subscription by rule: each item is an obligation of its own.

A recurring item is a series (rule 5): each service period's charge is earned over that period.
Usage is earned as it occurs. Bill and revenue rest on the same charges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from msgspec import structs

from domain.access import is_access
from domain.accounting.access import Access
from domain.accounting.causes import Rested, Together, fewest, union
from domain.accounting.curves import Progress, measured_from
from domain.accounting.documents import BilledLine
from domain.accounting.ended import End, by_then, cancelled
from domain.accounting.fees import fees_of_terms
from domain.accounting.invoices import beside_revenue, concessions, invoiced_flows
from domain.accounting.modification import Version, modified
from domain.accounting.revenue import as_drawn, as_used, at_once, lapsed, over_time, short
from domain.accounting.run_on import BilledAt, run_on
from domain.accounting.schedule import Flow, frozen, stands
from domain.accounting.sharing import Sharer, is_in_the_price, shared, states_ssp, turns
from domain.accounting.upfront import advance
from domain.calendar import ONE_DAY
from domain.charge import Charge
from domain.charges import deal_charges, usage_charges
from domain.charges.drawdown import Drawn
from domain.charges.earning import earned
from domain.cycle import Span
from domain.explain import Step, Telling
from domain.facts import Fact, causes_of, in_effective_order
from domain.master import MasterData
from domain.party import registered
from domain.policy import Options
from domain.price import PriceVersion, version_of
from domain.rating import RatedUsage, rate_usage
from domain.subscription import (
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.terms import Terms, horizon, terms
from domain.terms.said import given_by, prices_given
from domain.usage import UsageDay


class _Way(NamedTuple):
    """How a book measures a subscription: what it elected when that began, and the lines whose
    schedule runs on after an item ends, none if none does.
    """

    master: MasterData
    by: Progress
    runs_on: bool
    options: Options
    lines: tuple[BilledAt, ...] = ()


class Earned(NamedTuple):
    """What a subscription earns, and its usage; without an end it is measured up to a day.
    `together`: what flows rest on that are worth something only together. `end`: when all of it was
    cancelled.
    """

    flows: tuple[Flow, ...]
    rated: RatedUsage
    measured_to: date | None = None
    is_shared: bool = False
    together: Together = union
    end: End | None = None


def subscription_revenue(
    facts: Sequence[Fact],
    usage: Sequence[UsageDay],
    billed: Sequence[BilledLine],
    master: MasterData,
    book: str,
    through: date,
) -> Earned:
    """Release flows of every item, and its usage as rated."""
    own = [fact for fact in facts if fact.stream.startswith("subscription:")]
    folded = terms(own, master.prices, horizon(through, usage), registered(facts))
    rated = rate_usage(usage, folded, master, billed)
    if folded is None or folded.started.contract == "none":
        return Earned((), rated)
    way = _way_of(own, folded, billed, master, book)
    used = _used(folded, rated, master)
    documents = _on_documents(own, billed, folded.started_at, master, book)
    resting = _resting(own, folded, way)

    def anew(some: Sequence[Fact], days: Sequence[UsageDay]) -> tuple[Flow, ...]:
        known = terms(some, master.prices, folded.periods.until, registered(facts))
        if known is None:
            return ()
        charged = _used(known, rate_usage(days, known, master, billed), master)
        flows = (*_measured(some, known, way), *charged)
        return (*flows, *by_then(some, known, flows))

    return Earned(
        flows=(*resting.flows, *used, *documents),
        rated=rated,
        measured_to=horizon(through) if folded.is_endless else None,
        is_shared=_is_shared(folded, way),
        together=resting.together,
        end=cancelled(own, folded, (*resting.flows, *used), usage, anew),
    )


def _way_of(
    own: Sequence[Fact], folded: Terms, billed: Sequence[BilledLine], master: MasterData, book: str
) -> _Way:
    begin = folded.started.term_from
    by, options = master.progress(book, begin), master.options(book, begin)
    if options.after_cancellation == "stop":
        return _Way(master, by, runs_on=False, options=options)
    prices = prices_given(own)
    lines = []
    for row in billed:
        day = row.line.service_from or row.issued_on
        given = given_by(prices, row.obligation, day)
        version = version_of(given.price, day, master.prices)
        if row.line.is_charged and version is not None and version.price.is_earned_evenly:
            lines.append(BilledAt(row, version.name, given.causes))
    return _Way(master, by, runs_on=True, options=options, lines=tuple(lines))


def _used(folded: Terms, rated: RatedUsage, master: MasterData) -> tuple[Flow, ...]:
    charged = usage_charges(folded, master.prices, rated.charges)
    drawn = (flow for own in charged.purses for flow in _as_drawn(own))
    return (*map(_as_used, charged.charges), *drawn)


def _as_used(charge: Charge) -> Flow:
    marks = charge.earned or charge.marks
    if charge.kind == "commitment":
        return short(charge.item, marks, charge.causes, charge.told)
    return as_used(charge.item, marks, charge.causes, charge.told)


def _as_drawn(own: Drawn) -> Iterator[Flow]:
    item, causes = own.purse.item, own.rests.causes
    for what, marks, told in earned(own):
        if what == "drawn":
            yield as_drawn(item, marks, causes, told)
        else:
            yield lapsed(item, marks, causes, told)


def _on_documents(
    own: Sequence[Fact],
    billed: Sequence[BilledLine],
    started_at: int,
    master: MasterData,
    book: str,
) -> tuple[Flow, ...]:
    """What is earned as invoiced, and what is moved of what lines bill of anything else: by lines
    beside them, and by price cuts.
    """
    flows: list[Flow] = []
    prices = prices_given(own)
    for row in billed:
        day = row.line.service_from or row.issued_on
        given = given_by(prices, row.obligation, day)
        version = version_of(given.price, day, master.prices)
        if version is not None and version.price.pattern == "as-invoiced":
            if row.line.is_for_service:
                flows += invoiced_flows(
                    row, causes_of((started_at,), given.causes), _sold(row, version)
                )
        elif row.cuts or row.line.is_beside:
            causes = causes_of((started_at,), given.causes)
            moved = beside_revenue if row.line.is_beside else concessions
            flows += moved(row, master.progress(book, day), causes, _sold(row, version))
    return tuple(flows)


def _sold(row: BilledLine, version: PriceVersion | None) -> Telling:
    name = version.name if version else "none"
    return lambda: (Step(what=f"{row.obligation} sold at", value=name),)


def _resting(own: Sequence[Fact], folded: Terms, way: _Way) -> Rested:
    """What items earn, each amount with the fewest facts it rests on."""
    flows = _measured(own, folded, way)
    if not _is_shared(folded, way) and not any(_is_intricate(fact) for fact in own):
        return Rested(flows)

    def measured(some: Sequence[Fact]) -> tuple[Flow, ...]:
        known = terms(some, way.master.prices, folded.periods.until)
        return _measured(some, known, way) if known else ()

    return fewest(flows, own, measured)


def _measured(own: Sequence[Fact], folded: Terms, way: _Way) -> tuple[Flow, ...]:
    """What the deal says, and what runs on of what is billed beyond it."""
    flows = _shared(own, folded, way) if _is_shared(folded, way) else _recurring(own, folded, way)
    if not way.lines or not folded.endings:
        return flows
    charges = deal_charges(folded, way.master.prices, but="as-invoiced")
    evenly = [one for one in charges if one.unserved or one.pattern == "ratable"]
    return (*flows, *run_on(way.lines, evenly, folded, own, way.by))


def _is_shared(folded: Terms, way: _Way) -> bool:
    elected = way.options.subscription_price == "shared"
    return elected and states_ssp(folded, way.master.prices)


def _shared(own: Sequence[Fact], folded: Terms, way: _Way) -> tuple[Flow, ...]:
    """By what each sells for alone; and what is due for what is transferred, as it is charged."""
    prices = way.master.prices
    changes = [fact for fact in own if not is_access(fact)]
    access = Access(own, folded, prices, way.by)
    sharer = Sharer(
        by=way.by,
        options=way.options,
        currency=folded.started.currency,
        runs_on=way.runs_on,
        access=access,
    )
    spans: Sequence[Span] = ((date.min, date.max),)
    if folded.started.renews_months is not None:
        spans = folded.periods.terms
    charged = partial(deal_charges, but="as-invoiced")
    beyond = [one for one in charged(folded, prices) if not is_in_the_price(one, prices)]
    flows = (
        *shared(turns(changes, folded, prices, charged), spans, sharer),
        *(flow for one in beyond for flow in _earned(one, way, access)),
    )
    due = (
        structs.replace(flow, kind="entitled", legs=(), rule="entitled@1")
        for flow in _recurring(own, folded, way)
    )
    every = tuple(fact.position for fact in own)
    return tuple(structs.replace(flow, causes=every) for flow in (*flows, *due))


def _is_intricate(fact: Fact) -> bool:
    """Whether a fact decides what others mean."""
    match fact.event:
        case SubscriptionAmended() | SubscriptionRenewed():
            return any(change.timing != "now" for change in fact.event.items)
        case SubscriptionCancelled():
            return fact.event.timing != "effective"
        case SubscriptionStarted():
            return False
        case _:
            return True


def _recurring(own: Sequence[Fact], folded: Terms, way: _Way) -> tuple[Flow, ...]:
    changes = [fact for fact in own if not _is_no_change(fact)]
    in_time = not any(fact.when.measured > fact.when.effective for fact in changes)
    # Without an end there is nothing left over which a change agreed late could be spread: each
    # billing period is a deal of its own, and what it comes to is caught up.
    if in_time or folded.is_open_ended:
        return _flows(own, folded, way)
    return _measured_in_turn(own, changes, folded, way)


def _is_no_change(fact: Fact) -> bool:
    """The deal itself, and evidence of access: it counts from its day on, whenever it is stated."""
    return isinstance(fact.event, SubscriptionStarted) or is_access(fact)


def _measured_in_turn(
    own: Sequence[Fact],
    changes: Sequence[Fact],
    folded: Terms,
    way: _Way,
) -> tuple[Flow, ...]:
    """One version of the contract for each change, in the order accounting measures them."""
    start = [fact for fact in own if _is_no_change(fact)]
    first = next(fact for fact in start if isinstance(fact.event, SubscriptionStarted))
    turn = sorted(changes, key=lambda fact: (fact.when.measured, in_effective_order(fact)))
    until = folded.periods.until
    seen = [(_by_item(start, way, until), first)]
    for count, change in enumerate(turn, start=1):
        known = sorted([*start, *turn[:count]], key=in_effective_order)
        seen.append((_by_item(known, way, until), change))
    items = sorted({item for version, _ in seen for item in version})
    fees = fees_of_terms(folded, way.master.prices)

    def concerns(item: str, fact: Fact) -> bool:
        return item in fees or _concerns(item, fact)

    return tuple(
        flow
        for item in items
        for flow in modified(
            [_version(flows.get(item, ()), fact) for flows, fact in seen if concerns(item, fact)],
            way.by,
            folded.started.currency,
        )
    )


def _concerns(item: str, fact: Fact) -> bool:
    """Whether a fact names the item, or the term in which everything is sold."""
    match fact.event:
        case SubscriptionAmended():
            return any(change.item == item for change in fact.event.items)
        case _:
            return True


def _version(flows: tuple[Flow, ...], fact: Fact) -> Version:
    return Version(
        flows=flows,
        measured=fact.when.measured,
        late=fact.when.measured > fact.when.effective,
        cause=fact.position,
    )


def _by_item(facts: Sequence[Fact], way: _Way, until: date) -> dict[str, tuple[Flow, ...]]:
    folded = terms(facts, way.master.prices, until)
    assert folded is not None
    found: dict[str, list[Flow]] = {}
    for flow in _flows(facts, folded, way):
        found.setdefault(flow.obligation, []).append(flow)
    return {item: tuple(flows) for item, flows in found.items()}


def _flows(facts: Sequence[Fact], folded: Terms, way: _Way) -> tuple[Flow, ...]:
    """What is earned as invoiced is measured from the documents."""
    charges = deal_charges(folded, way.master.prices, but="as-invoiced")
    access = Access(facts, folded, way.master.prices, way.by)
    return tuple(flow for charge in charges for flow in _earned(charge, way, access))


def _earned(charge: Charge, way: _Way, access: Access) -> tuple[Flow, ...]:
    if charge.benefits_to is not None:
        return advance(charge, access.terms, access, way.by, runs_on=way.runs_on)
    if charge.unserved and way.runs_on:
        return (_evenly(charge, way.by),)
    if charge.pattern == "point-in-time":
        flow = at_once(charge.item, charge.start, charge.minor, charge.causes, charge.told)
        return (access.at_once(flow),)
    return access.applied(_over_time(charge, way.by))


def _over_time(charge: Charge, by: Progress) -> tuple[Flow, ...]:
    start = measured_from(charge.end, by)
    if charge.end == charge.period.end or start <= charge.start:
        return (_evenly(charge, by),)
    return _cut_short(charge, start, by)


def _evenly(charge: Charge, by: Progress) -> Flow:
    causes, told = charge.causes, charge.told
    return over_time(charge.item, charge.start, charge.end, charge.minor, by, causes, told)


def _cut_short(charge: Charge, start: date, by: Progress) -> tuple[Flow, ...]:
    """A change inside a billing period leaves what was earned before it as it was.

    Until the change is measured the charge is earned as if it ran on; what its part comes to beyond
    that is earned in what is left of it. By days nothing is left: both are cut by days.
    """
    item, causes, told = charge.item, charge.causes, charge.told
    running = over_time(
        item, charge.start, charge.period.end, charge.running_minor, by, causes, told
    )
    kept = frozen((running,), start - ONE_DAY, causes)
    rest = charge.minor - stands(kept, start - ONE_DAY)
    if charge.end <= start:
        return (*kept, at_once(item, charge.end, rest, causes, told)) if rest else kept
    return (*kept, over_time(item, start, charge.end, rest, by, causes, told))
