"""Money left over stands as contract liability while it names a contract in force (SPEC 4).

Once that ended nothing is left to be performed for it: it is the customer's, until it pays what is
billed or goes back (ASC 606-10-45-2, IFRS 15.106).
What ended and never was a contract is kept: it is revenue then (ASC 606-10-25-7(b), IFRS 15.15(b)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import structs

from domain.accounting.curves import At
from domain.accounting.revenue import RELEASE
from domain.accounting.schedule import Flow
from domain.explain import Step, every
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.payment_facts import (
    PaymentNamed,
)
from domain.settlement.account import Account
from domain.settlement.holders import Change, Money, Named, all_that_met, meet, standing
from domain.settlement.walk import Moved, Walk, note

KEPT = "kept-of-no-contract@1"


def may_name(money: Money, account: Account) -> bool:
    stream = money.name if money.account == "customer-credit" else f"payment:{money.name}"
    own = account.own[stream]
    return money.contract is not None or any(isinstance(f.event, PaymentNamed) for f in own)


def name(walk: Walk, fact: Fact, place: int) -> None:
    assert isinstance(fact.event, PaymentNamed), fact
    money, day = walk.account.moneys[fact.stream], fact.when.effective
    note(money, Change(day, place, 0, (fact.position,), f"named for {fact.event.contract}"))
    take_back_advance(walk, money, day)
    money.contract = walk.account.contracts.get(fact.event.contract)
    walk.touched[id(money)] = money


def advances(walk: Walk, named: Iterable[Money], day: date) -> None:
    """Money left over stands as contract liability while it names a contract in force (SPEC 4)."""
    there = []
    for money in named:
        if money.contract is None or max(money.contract.since, money.day) > day:
            continue
        if not money.contract.is_over(day):
            there.append(money)
        elif money.advanced:
            _end(walk, money, money.contract, day)
    there.sort(key=lambda one: one.rank)
    back = _to_give_back(there)
    for money in there:
        contract = money.contract
        assert contract is not None, money.name
        held = max(min(back.get(contract.stream, 0), money.free), 0)
        if held:
            back[contract.stream] -= held
        minor = money.free - held - money.advanced
        # That it did not move although others met what it met rests on them, too.
        if minor or (money.advanced and money.told != money.group.causes):
            money.told = money.group.causes
            walk.moved.append(Moved(_advance(walk, money, contract, day, minor), money))
            money.advanced += minor


def _end(walk: Walk, money: Money, contract: Named, day: date) -> None:
    """It is no advance any more; nothing else that money meets rests on that."""
    assert contract.until is not None, contract
    ends, by = contract.until
    over = contract._replace(causes=causes_of(contract.causes, (by,)))
    flow = _advance(walk, money, over, day, -money.advanced)
    said = (Step(what=f"{contract.stream} ended", value=str(ends)),)
    told = every((said, flow.told or ()))
    walk.moved.append(Moved(structs.replace(flow, told=told), money))
    money.advanced = 0


def _to_give_back(named: Iterable[Money]) -> dict[str, int]:
    """By contract that never was one, what is stated to be given back and did not go back since.

    Of all that was paid for it alike, so what is kept of one payment rests on the others.
    """
    first: dict[str, Money] = {}
    left: dict[str, int] = {}
    for money in named:
        contract = money.contract
        if contract is None or not contract.back_minor:
            continue
        if first.setdefault(contract.stream, money) is not money:
            meet(first[contract.stream], money)
            _say_why(money, contract)
        went = [one for one in money.done if one.gives_back and one.day >= contract.since]
        before = left.get(contract.stream, contract.back_minor)
        left[contract.stream] = before + sum(change.minor for change in went)
    return left


def _say_why(money: Money, contract: Named) -> None:
    """Once: what it met others for would else be told by nobody."""
    what = f"shares what is to be given back of {contract.stream}"
    if not any(change.what == what for change in money.done):
        note(money, Change(contract.since, 0, 0, contract.causes, what))


def kept(flows: Iterable[Flow]) -> Iterator[Flow]:
    """Revenue from what stood as an advance on what ended and never was a contract."""
    for flow in flows:
        if flow.rule == KEPT:
            yield structs.replace(flow, kind="release", legs=RELEASE)


def take_back_advance(walk: Walk, money: Money, day: date) -> None:
    if money.contract is not None and money.advanced:
        back = _advance(walk, money, money.contract, day, -money.advanced)
        walk.moved.append(Moved(back, money))
        money.advanced = 0


def _advance(walk: Walk, money: Money, contract: Named, day: date, minor: int) -> Flow:
    before, stood, currency = money.advanced, standing(money), walk.account.currency
    return Flow(
        kind="advance",
        subject=f"{money.name}:{contract.stream}",
        document=money.name,
        legs=((money.account, 1), ("contract-liability", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes_of(money.group.causes, contract.causes),
        rule="advance-on-contract@1" if contract.back_minor is None else KEPT,
        told=lambda: (
            Step(what=f"advance on {contract.stream}", value=decimal_text(minor, currency)),
            *_ended(contract, currency),
            Step(what="advanced before", value=decimal_text(before, currency)),
            *all_that_met(stood, currency),
        ),
    )


def _ended(contract: Named, currency: str) -> Iterator[Step]:
    if contract.back_minor is not None:
        back = decimal_text(contract.back_minor, currency)
        yield Step(what="ended, and never a contract", value=str(contract.since))
        yield Step(what="to be given back", value=back)
