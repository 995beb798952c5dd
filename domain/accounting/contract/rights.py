"""What is due for what was transferred, and what is promised: told, and posted nowhere.

A right to payment that depends on more performance is a contract asset; one that depends only on
time is a receivable, billed or not (rule 38). `entitled` stands for what is due so far as the
contract states prices of its own for its promises, `promised` for the transaction price.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from domain.accounting.contract.pricing import fee_minor, stated_minor
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.contract.stretch import flows_of, its_marks
from domain.accounting.contract.transfer import Mark, Rest, transferred
from domain.accounting.curves import At, Curve, Steps, evenly
from domain.accounting.schedule import Flow
from domain.contract_facts import ContractOpened
from domain.explain import Step, Told, steps_of
from domain.facts import causes_of, with_causes

RULE_OF = {"promised": "promised@1", "entitled": "entitled@1"}


def beside(promises: Sequence[Promise], event: ContractOpened, deal: Deal) -> Iterator[Flow]:
    rested = [_rests_on(promise, deal) for promise in promises]
    rows = [*zip(promises, rested, strict=True)]
    for promise, causes in rows:
        if promise.priced:
            yield _memo("promised", promise, Steps(_by_day(promise.priced)), causes)
    if event.right_after is not None:
        yield from _after(rows, event.right_after, deal)
    elif any(promise.whole.is_stated for promise in promises):
        seen = set[str]()
        for promise, causes in rows:
            # What is estimated of its price goes along it apart, and states nothing again.
            if promise.name in seen and promise.whole.is_stated:
                continue
            seen.add(promise.name)
            for curve, found in _entitled(promise, deal):
                yield _memo("entitled", promise, curve, causes, found)


def _rests_on(promise: Promise, deal: Deal) -> tuple[int, ...]:
    return causes_of(promise.causes, *[flow.causes for flow in flows_of(promise, deal)])


def _by_day(priced: Sequence[tuple[date, int]]) -> tuple[tuple[date, int], ...]:
    """A price known again on an earlier day (a change agreed late) stands from the later one."""
    rows: dict[date, int] = {}
    last = date.min
    for day, minor in priced:
        last = max(last, day)
        rows[last] = minor
    return tuple(rows.items())


def _after(
    rows: Sequence[tuple[Promise, tuple[int, ...]]], name: str, deal: Deal
) -> Iterator[Flow]:
    """Nothing is due before one promise is transferred, everything after it."""
    whole = sum(promise.price_minor for promise, _ in rows)
    for promise, causes in rows:
        if promise.name == name:
            done = [mark for mark in deal.marks(promise.whole) if mark.is_all][:1]
            day = done[0].place[0] if done else deal.opened.when.effective
            curve: Curve = At(day, whole if done else 0)
            yield _memo("entitled", promise, curve, causes, done)


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
