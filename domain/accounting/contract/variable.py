"""Variable amounts as they are estimated from date to date (rules 16 to 20 and 22).

A later change of the price is shared as the price was at inception, without new stand-alone selling
prices (rule 19); what falls to promises that are done is earned, or taken back, at once. What is
stated and not included is owed back: a refund liability, as promises are transferred (rule 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from msgspec import Struct, field, structs

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.course import catch_up, owed_more, price_change
from domain.accounting.contract.pricing import Change, Estimate, estimated
from domain.accounting.contract.promise import REFUND, Deal, Promise, shared_by
from domain.accounting.contract.transfer import BEFORE_ALL, Mark, Place, told_of, transferred
from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.contract_facts import VariableAmount
from domain.explain import Step, both, every
from domain.facts import causes_of
from domain.net_position import OF_LUMP

# That a promise was ended before: why what changes of its price is earned at once.
ENDED = Step(what="ended", value="before")
PAYABLE = (("contract-liability", 1), ("customer-payable", -1))
# What may go back of what promises cost by themselves.
_OF_ITS_PRICE = "refund-owed"


class Uncertain(Struct):
    """A variable amount as it is included now, and who shares it; `since` is the fact that included
    so much, none where that is as at inception. `unit_value` is what one of what is no money was
    worth when it was first said: what it is worth later moves no price (rule 22). `held` is what is
    stated and not included, by kind: a lump is due otherwise than what promises cost themselves.
    """

    row: VariableAmount
    unit_value: Decimal | None = None
    included_minor: int = 0
    first_minor: int = 0
    since: tuple[int, ...] = ()
    sharers: tuple[Promise, ...] = ()
    held: dict[str, _Held] = field(default_factory=dict)


class _Held(Struct):
    minor: int
    promises: list[Promise]


class Estimates(Struct):
    """All variable amounts of a contract by name."""

    rows: dict[str, Uncertain] = field(default_factory=dict)
    owed: list[Flow] = field(default_factory=list)

    @property
    def held(self) -> Iterable[Promise]:
        found = (held for one in self.rows.values() for held in one.held.values())
        return (promise for held in found for promise in held.promises)


def at_inception(
    rows: Sequence[VariableAmount], promises: Sequence[Promise], deal: Deal
) -> Estimates:
    """What is included from the start; the promises have their shares of the fixed price."""
    found = Estimates()
    for row in rows:
        one = _known(found, row, promises)
        new = _estimate(row, one, deal)
        told = partial(_told, row, new, deal)
        for promise, minor in _shared(new.included_minor, one, deal):
            promise.price_minor += minor
            promise.told = both(promise.told, told)
        one.row, one.included_minor = row, new.included_minor
        one.first_minor = new.included_minor
    return found


def hold(found: Estimates, parts: Mapping[str, tuple[Promise, ...]], deal: Deal) -> None:
    """What is owed back from the start. The parts of a promise share what it shares."""
    for one in found.rows.values():
        one.sharers = tuple(part for promise in one.sharers for part in parts[promise.name])
        since = deal.opening(one.sharers).when.measured
        rests = deal.among(one.sharers)
        _hold(one, (since, 0), rests, rests[-1], deal)


def revised(
    rows: Sequence[VariableAmount],
    estimates: Estimates,
    promises: list[Promise],
    place: Place,
    cause: int,
    deal: Deal,
) -> None:
    """Estimates from a place on: the difference, shared as at inception, is caught up."""
    for row in rows:
        one = _known(estimates, row, promises)
        new = _estimate(row, one, deal)
        change = _among(one.sharers, _included(one, row, new, cause, deal))
        for promise, minor in _shared(change.minor, one, deal):
            if minor:
                _changed(promise, minor, promises, place, change, one.sharers, deal)
        _hold(one, place, causes_of(deal.among(one.sharers), (cause,)), cause, deal)


def change_of(
    rows: Sequence[VariableAmount],
    estimates: Estimates,
    promises: Sequence[Promise],
    cause: int,
    deal: Deal,
) -> Change:
    """What a fact includes more: it is shared with the price of what remains."""
    changes = []
    for row in rows:
        one = _known(estimates, row, promises)
        changes.append(_included(one, row, _estimate(row, one, deal), cause, deal))
    return Change(
        minor=sum(one.minor for one in changes),
        cause=cause,
        causes=causes_of((cause,), *(one.causes for one in changes)),
        told=every(tuple(one.told for one in changes)),
    )


def _included(one: Uncertain, row: VariableAmount, new: Estimate, cause: int, deal: Deal) -> Change:
    """The difference to what was included before, and since when that was."""
    before = one.included_minor
    is_of_what_is_stated = bool(new.stated_minor) or row.is_of_its_promises
    stated = [said for promise in one.sharers for said in promise.stated if is_of_what_is_stated]

    def told() -> Iterator[Step]:
        yield from _told(row, new, deal)
        yield Step(what=f"included of {row.name} before", value=deal.text(before))
        yield from (said for _, said in stated)

    said_by = (position for position, _ in stated)
    causes = causes_of((cause,), one.since, tuple(sorted(said_by)))
    one.row, one.included_minor = row, new.included_minor
    minor = new.included_minor - before
    if minor:
        one.since = (cause,) if new.included_minor != one.first_minor else ()
    return Change(minor, cause, causes, told)


def _among(sharers: Sequence[Promise], change: Change) -> Change:
    """Who shares a change of the price: those that are there by then."""
    causes = causes_of(change.causes, *(one.added_by for one in sharers))
    names = (shared_by(sharers),)
    return structs.replace(change, causes=causes, told=every((change.told, names)))


def _spread_since(sharers: Sequence[Promise], change: Change, rests: tuple[int, ...]) -> Change:
    """Whose part of it goes to whom: who was spread anew together last. What was done by a later
    change that the amount rests on took no part in that one: because of what says that it was done.
    What ended keeps its part.
    """
    since = [one for one in sharers if one.since != BEFORE_ALL and not one.is_even]
    ended = [one for one in since if one.is_ended]
    causes = causes_of(change.causes, *(one.ended_by or one.spread_by for one in since))
    known = causes_of(rests, causes)
    left_out = [(one.name, marks) for one in since for marks in _done_by(one, known)]
    causes = causes_of(causes, *((mark.cause,) for _, marks in left_out for mark in marks))
    rows = ((one.name, told_of(one.since)) for one in since if not one.is_ended)
    said = [Step(what="spread anew since", value=f"{name}: {by}") for name, by in rows]
    said += [Step(what="ended before", value=one.name) for one in ended]
    told = every((change.told, (*said,), partial(transferred, left_out)))
    return structs.replace(change, causes=causes, told=told)


def _done_by(promise: Promise, changes: tuple[int, ...]) -> Sequence[tuple[Mark, ...]]:
    """What was done of it by the last of some changes that left it out; none if none did."""
    return [marks for fact, marks in promise.left_out if fact in changes][-1:]


def _without(
    promise: Promise, sharers: Sequence[Promise], change: Change, rests: tuple[int, ...]
) -> Change:
    """It has no part of what others share that were spread anew without it last."""
    if not promise.left_out:
        return change
    by = {fact for one in sharers if not one.is_even for fact in one.spread_by}
    done = [marks for fact, marks in promise.left_out if fact in by][-1:]
    if not done:
        return change
    change = _spread_since(sharers, change, rests)
    causes = causes_of(change.causes, *((mark.cause,) for mark in done[0]))
    told = every((change.told, partial(transferred, ((promise.name, done[0]),))))
    return structs.replace(change, causes=causes, told=told)


def _changed(
    promise: Promise,
    minor: int,
    promises: list[Promise],
    place: Place,
    change: Change,
    sharers: Sequence[Promise],
    deal: Deal,
) -> None:
    cause, told = change.cause, change.told
    if promise.sharers:
        # Not begun when it was spread anew: its part is shared as what was left then (32-45(a)),
        # whatever became of it since.
        weights = [weight for _, weight in promise.sharers]
        parts = by_weight(minor, weights, deal.currency, deal.options)
        for (one, _), part in zip(promise.sharers, parts, strict=True):
            if part:
                rests = causes_of(one.causes, deal.inception)
                _caught_up(one, promise, part, place, _spread_since(sharers, change, rests), deal)
        return
    if promise.is_ended:
        causes = causes_of(deal.inception, promise.added_by, promise.ended_by, change.causes)
        price_change(promise, place[0], minor, causes, every((told, (ENDED,))), deal)
        return
    if promise.since == BEFORE_ALL:
        rests = causes_of(promise.causes, deal.inception)
        change = _without(promise, sharers, change, rests)
        causes, told = causes_of(rests, change.causes), change.told
        price = promise.price_minor + minor
        catch_up(
            promise, promise.own, price, place, causes, told, deal, cause, (change.causes, told)
        )
        return
    # Spread anew since: what changes of the price before goes along all of the promise (32-45).
    own = promise.whole
    since = Step(what="spread anew since", value=told_of(promise.since))
    told = every((told, (since, *promise.said)))
    spread_by, said_by = promise.spread_by, promise.said_by
    causes = causes_of(deal.inception, promise.added_by, spread_by, said_by, change.causes)
    apart = Promise(own, 0, causes, is_beside=True, added_by=causes, stated=promise.stated)
    apart.by, apart.going = deal.progress(place[0]), ()
    promises.append(apart)
    catch_up(apart, own, minor, place, causes, told, deal, cause)


def _caught_up(
    promise: Promise, of: Promise, minor: int, place: Place, change: Change, deal: Deal
) -> None:
    """What was shared as what was left of another promise rests on what that share rests on."""
    rests = causes_of(promise.causes, deal.inception, change.causes)
    told = every((change.told, (Step(what="shared as what was left of", value=of.name),)))
    if promise.is_ended:
        said = every((told, (ENDED,), promise.changed))
        price_change(promise, place[0], minor, rests, said, deal)
    else:
        price, why = promise.price_minor + minor, (change.causes, told)
        catch_up(promise, promise.own, price, place, rests, told, deal, change.cause, why)


def _known(found: Estimates, row: VariableAmount, promises: Sequence[Promise]) -> Uncertain:
    if row.name not in found.rows:
        known = [one for one in promises if not one.is_beside]
        named = [one for one in known if one.name in row.obligations]
        units = [one for one in known if one.own.pattern == "units"]
        fixed = [one for one in known if not one.is_invoiced]
        sharers = named or (units if row.unit_price is not None else fixed)
        first = row.non_cash.unit_value if row.non_cash else None
        found.rows[row.name] = Uncertain(row=row, unit_value=first, sharers=tuple(sharers))
    return found.rows[row.name]


def _estimate(row: VariableAmount, one: Uncertain, deal: Deal) -> Estimate:
    if row.non_cash is not None and one.unit_value is not None:
        at_first = structs.replace(row.non_cash, unit_value=one.unit_value)
        row = structs.replace(row, non_cash=at_first)
    return estimated(row, [promise.own for promise in one.sharers], deal.currency)


def _shared(minor: int, one: Uncertain, deal: Deal) -> Iterable[tuple[Promise, int]]:
    sharers = [promise for promise in one.sharers if not promise.is_invoiced]
    return _by_weight(minor, sharers, deal)


def _by_weight(
    minor: int, promises: Sequence[Promise], deal: Deal
) -> Iterable[tuple[Promise, int]]:
    weights = [promise.weight for promise in promises]
    return zip(promises, by_weight(minor, weights, deal.currency, deal.options), strict=True)


def _told(row: VariableAmount, new: Estimate, deal: Deal) -> tuple[Step, ...]:
    of = new.stated_minor
    left = Step(what=f"expected after {row.name}", value=deal.text(of + new.expected_minor))
    return (
        *((left,) if of else ()),
        Step(what=f"estimate of {row.name}", value=deal.text(new.expected_minor)),
        Step(what=f"included of {row.name}", value=deal.text(new.included_minor)),
    )


def _hold(one: Uncertain, place: Place, causes: tuple[int, ...], cause: int, deal: Deal) -> None:
    """What is stated and not included is owed back as the promises are transferred."""
    row = one.row
    if row.is_of_its_promises:
        kind, minor = _OF_ITS_PRICE, -one.included_minor
    else:
        kind, minor = OF_LUMP, row.stated_minor - one.included_minor
        minor = minor if row.stated_minor > 0 else 0
    # Stated in another way than before, all of it is held in that way.
    for name in {**dict.fromkeys(one.held), kind: None}:
        _hold_as(one, name, minor if name == kind else 0, place, causes, cause, deal)


def _hold_as(
    one: Uncertain,
    kind: str,
    minor: int,
    place: Place,
    causes: tuple[int, ...],
    cause: int,
    deal: Deal,
) -> None:
    known = one.held.get(kind)
    change = minor - (known.minor if known else 0)
    if not change:
        return
    if known is None:
        shadows = [_shadow(promise, kind, causes, deal) for promise, _ in _shared(0, one, deal)]
        known = one.held[kind] = _Held(0, shadows)
    known.minor = minor
    for promise, part in _by_weight(change, known.promises, deal):
        price = promise.price_minor + part
        together = causes_of(promise.causes, causes)
        told = (Step(what=f"stated and not included of {one.row.name}", value=deal.text(minor)),)
        if promise.is_ended:
            # What is owed the next time is counted from what was owed by this.
            promise.causes = causes_of(together, promise.ended_by)
            promise.told = every((promise.told, told))
            said = every((promise.told, (ENDED,)))
            owed_more(promise, place[0], part, promise.causes, said, deal)
            continue
        catch_up(promise, promise.own, price, place, together, told, deal, cause)


def _shadow(promise: Promise, kind: str, causes: tuple[int, ...], deal: Deal) -> Promise:
    own = promise.whole
    stated = causes_of(causes, promise.added_by, promise.said_by)
    shadow = Promise(own, 0, stated, weight=promise.weight, legs=REFUND, kind=kind)
    shadow.told = promise.said
    shadow.by, shadow.going = deal.progress(deal.opened.when.measured), ()
    shadow.ended_by = promise.ended_by
    return shadow


def payable(minor: int, promises: list[Promise], place: Place, cause: int, deal: Deal) -> None:
    """Consideration payable to the customer lowers the price of all promises (rule 22); that it is
    owed is told apart.
    """
    all_of_it = Uncertain(
        row=VariableAmount(name="payable to the customer"),
        sharers=tuple(one for one in promises if not (one.is_invoiced or one.is_beside)),
    )
    told = (Step(what="payable to the customer", value=deal.text(minor)),)
    change = _among(all_of_it.sharers, Change(-minor, cause, (cause,), lambda: told))
    for promise, part in _shared(-minor, all_of_it, deal):
        if part:
            _changed(promise, part, promises, place, change, all_of_it.sharers, deal)


def owe(
    minor: int,
    estimates: Estimates,
    promises: Sequence[Promise],
    day: date,
    causes: tuple[int, ...],
    deal: Deal,
) -> None:
    """Owed to the customer from a day on."""
    told = (Step(what="payable to the customer", value=deal.text(minor)),)
    estimates.owed.append(
        Flow(
            kind="customer-owed",
            subject=promises[0].name,
            obligation=promises[0].name,
            legs=PAYABLE,
            curve=At(day, minor),
            causes=causes,
            rule="payable-to-the-customer@1",
            told=lambda: told,
        )
    )
