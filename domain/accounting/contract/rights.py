"""What is due for what was transferred, and what is promised: told, and posted nowhere.

A right to payment that depends on more performance is a contract asset; one that depends only on
time is a receivable, billed or not (rule 38). `entitled` stands for what is due so far as the
contract states prices of its own for its promises, `promised` for the transaction price.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import Struct

from domain.accounting.contract.pricing import fee_minor, stated_minor
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.contract.stretch import flows_of, its_marks
from domain.accounting.contract.transfer import Mark, Rest, transferred
from domain.accounting.curves import At, Curve, Steps, evenly
from domain.accounting.schedule import Flow
from domain.calendar import ONE_DAY
from domain.contract_facts import ContractModified, ContractOpened
from domain.explain import Step, Told, steps_of
from domain.facts import Fact, causes_of, of_kinds, with_causes

RULE_OF = {"promised": "promised@1", "entitled": "entitled@1"}


def beside(
    promises: Sequence[Promise],
    held: Sequence[Promise],
    event: ContractOpened,
    deal: Deal,
) -> Iterator[Flow]:
    """`held` is what is stated of the price and expected to go back: it is due with the rest (ASC
    606-10-45-4, IFRS 15.108).
    """
    rested = [_rests_on(promise, deal) for promise in promises]
    rows = [*zip(promises, rested, strict=True)]
    for promise, causes in rows:
        if promise.priced:
            yield _memo("promised", promise, Steps(_by_day(promise.priced)), causes)
    if event.right_after is not None:
        yield from _after(rows, held, event.right_after, deal)
    elif any(promise.whole.is_stated for promise in promises):
        seen = set[str]()
        for promise, causes in rows:
            # What is estimated of its price goes along it apart, and states nothing again.
            if promise.name in seen and promise.whole.is_stated:
                continue
            seen.add(promise.name)
            for curve, found in _entitled(promise, deal):
                yield _memo("entitled", promise, curve, causes, found)
        yield from _lump(promises, event, deal)


def _rests_on(promise: Promise, deal: Deal) -> tuple[int, ...]:
    """What a change spread anew rests on all that was kept before."""
    later = flows_of(promise, deal)[promise.covered :]
    return causes_of(promise.causes, *[flow.causes for flow in later])


def _by_day(priced: Sequence[tuple[date, int]]) -> tuple[tuple[date, int], ...]:
    """A price known again on an earlier day (a change agreed late) stands from the later one."""
    rows: dict[date, int] = {}
    last = date.min
    for day, minor in priced:
        last = max(last, day)
        rows[last] = minor
    return tuple(rows.items())


def _after(
    rows: Sequence[tuple[Promise, tuple[int, ...]]],
    held: Sequence[Promise],
    name: str,
    deal: Deal,
) -> Iterator[Flow]:
    """Nothing is due before one promise is transferred, everything after it."""
    whole = sum(promise.price_minor for promise in (*(one for one, _ in rows), *held))
    for promise, causes in rows:
        if promise.name == name:
            done = [mark for mark in deal.marks(promise.whole) if mark.is_all][:1]
            day = done[0].place[0] if done else deal.opened.when.effective
            curve: Curve = At(day, whole if done else 0)
            yield _memo("entitled", promise, curve, causes, done)


def _lump(promises: Sequence[Promise], event: ContractOpened, deal: Deal) -> Iterator[Flow]:
    """What is stated for no promise alone depends on all of them, and is due once all are
    transferred (ASC 606-10-45-3 and 45-4, IFRS 15.107 and 108). Where one states nothing itself,
    its share of it is due as it is transferred.
    """
    sharing = dict[str, Promise]()
    for one in promises:
        if not one.is_invoiced:
            sharing.setdefault(one.name, one)
    changes = [one for one in of_kinds(deal.terms, ContractModified) if _change(one)]
    is_any = event.price_minor or changes
    if not (is_any and sharing and all(one.whole.is_stated for one in sharing.values())):
        return
    found = [_done(one, deal) for one in sharing.values()]
    done = [one for one in found if one is not None]
    if len(done) < len(found):
        return
    yield _whole_due(next(iter(sharing)), event.price_minor, changes, done, deal)


def _whole_due(
    name: str, minor: int, changes: Sequence[Fact], done: Sequence[_Done], deal: Deal
) -> Flow:
    """The price for all promises once all are transferred, and each change of it since then."""
    day = max(one.day for one in done)
    rows = {day: minor}
    told = [Step(what="price for all promises", value=deal.text(minor))]
    for fact in changes:
        minor += _change(fact)
        rows[max(day, fact.when.measured)] = minor
        what = f"price for all promises since {fact.when.measured}"
        told.append(Step(what=what, value=deal.text(minor)))
    told += [step for one in done for step in one.told]
    by = with_causes((), [fact.position for fact in changes])
    return Flow(
        kind="entitled",
        subject=name,
        obligation=name,
        legs=(),
        curve=Steps(tuple(rows.items())),
        causes=causes_of(deal.inception, by, *(one.causes for one in done)),
        rule=RULE_OF["entitled"],
        told=partial(tuple, told),
    )


def _change(fact: Fact) -> int:
    assert isinstance(fact.event, ContractModified), fact
    return fact.event.price_change_minor


class _Done(Struct, frozen=True):
    """The day by which a promise is transferred, or ended, and what says so."""

    day: date
    causes: tuple[int, ...]
    told: Sequence[Step]


def _done(promise: Promise, deal: Deal) -> _Done | None:
    """None of what nothing says yet when it will be."""
    name, found = promise.name, list[Mark]()
    if promise.is_ended:
        (day,) = [fact.when.measured for fact in deal.terms if fact.position in promise.ended_by]
    elif promise.is_even:
        assert promise.whole.service_to is not None, promise
        day = promise.whole.service_to - ONE_DAY
    else:
        for mark in deal.marks(promise.whole):
            found.append(mark)
            if mark.is_all:
                break
        if not found or not found[-1].is_all:
            return None
        day = found[-1].place[0]
    until = Step(what=f"{name} transferred or ended", value=str(day))
    marked = with_causes((), [mark.cause for mark in found])
    causes = causes_of(promise.added_by, promise.said_by, promise.ended_by, marked)
    return _Done(day, causes, (*promise.said, *transferred(((name, found),)), until))


def _entitled(promise: Promise, deal: Deal) -> Iterator[tuple[Curve, Sequence[Mark]]]:
    """What is due, and what says that it was transferred."""
    own = promise.whole
    if promise.is_invoiced:
        return
    if own.fees:
        for fee in own.fees:
            yield evenly(fee.service_from, fee.service_to, fee_minor(fee), promise.by), ()
        return
    minor = stated_minor(own, deal.currency) if own.is_stated else promise.price_minor
    if promise.is_even:
        assert own.service_from is not None, own
        assert own.service_to is not None, own
        yield evenly(own.service_from, own.service_to, minor, promise.by), ()
        return
    found = its_marks(promise, deal.marks(own))
    if found:
        yield Steps(Rest(None, found).by_day(minor)), found


def _told(told: Told, name: str, found: Sequence[Mark]) -> tuple[Step, ...]:
    """What nothing was transferred of yet is told, too: its share and what it rests on."""
    return (*steps_of(told), *transferred(((name, found),)))


def _memo(
    kind: str,
    promise: Promise,
    curve: Curve,
    causes: tuple[int, ...],
    found: Sequence[Mark] = (),
) -> Flow:
    return Flow(
        kind=kind,
        subject=promise.name,
        obligation=promise.name,
        legs=(),
        curve=curve,
        causes=with_causes(causes, [mark.cause for mark in found]) if found else causes,
        rule=RULE_OF[kind],
        told=partial(_told, promise.told, promise.name, found),
    )
