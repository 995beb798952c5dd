"""Money left over stands as contract liability while it names a contract in force (SPEC 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.payment_facts import (
    PaymentNamed,
)
from domain.settlement.account import Account
from domain.settlement.holders import Change, Money, Named, all_that_met, standing
from domain.settlement.walk import Moved, Walk, note


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
    for money in named:
        if money.contract is None or money.contract[1] > day or money.day > day:
            continue
        minor = money.free - money.advanced
        # That it did not move although others met what it met rests on them, too.
        if minor or (money.advanced and money.told != money.group.causes):
            money.told = money.group.causes
            walk.moved.append(Moved(_advance(walk, money, money.contract, day, minor), money))
            money.advanced = money.free


def take_back_advance(walk: Walk, money: Money, day: date) -> None:
    if money.contract is not None and money.advanced:
        back = _advance(walk, money, money.contract, day, -money.advanced)
        walk.moved.append(Moved(back, money))
        money.advanced = 0


def _advance(walk: Walk, money: Money, contract: Named, day: date, minor: int) -> Flow:
    before, stood, currency = money.advanced, standing(money), walk.account.currency
    return Flow(
        kind="advance",
        subject=f"{money.name}:{contract[0]}",
        document=money.name,
        legs=((money.account, 1), ("contract-liability", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes_of(money.group.causes, (contract[2],)),
        rule="advance-on-contract@1",
        told=lambda: (
            Step(what=f"advance on {contract[0]}", value=decimal_text(minor, currency)),
            Step(what="advanced before", value=decimal_text(before, currency)),
            *all_that_met(stood, currency),
        ),
    )
