"""Money as it comes and goes: received, refunded, bounced, charged back, with what it cost.

Against the liability the payment stands in; what is applied of it is measured elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.balance_facts import (
    BalanceGranted,
    BalanceRefunded,
    BalanceWithdrawn,
)
from domain.explain import Step, Told
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.payment_facts import (
    PaymentFailed,
    PaymentFeeCharged,
    PaymentReceived,
    PaymentRefunded,
)
from domain.settlement.account import Account
from domain.settlement.chargebacks import WITH_US, Turn, turns
from domain.settlement.holders import Money

GRANTED_FROM = {"goodwill": "credits-granted", "taken-over": "opening-clearing"}
Legs = tuple[tuple[str, int], ...]
# Money that came or went, the fact that says so, and what it moves.
Cash = tuple[Money, Fact, Flow]


def cash_flows(account: Account) -> Iterator[Cash]:
    """Each with the money and the fact that it is of."""
    for stream, money in account.moneys.items():
        own = account.own[stream]
        if stream.startswith("balance:"):
            yield from _granted(money, own, account.currency)
        else:
            yield from _paid(money, own, account.currency)


def _paid(money: Money, own: Sequence[Fact], currency: str) -> Iterator[Cash]:
    received = next(fact for fact in own if isinstance(fact.event, PaymentReceived))
    assert isinstance(received.event, PaymentReceived)
    cash = "external-clearing" if received.event.out_of_band else "cash-clearing"
    legs, first = ((cash, 1), (money.account, -1)), (received.position,)
    fees = (("bank-fees", 1), (cash, -1))
    for fact in own:
        causes = causes_of((fact.position,), first)
        match fact.event:
            case PaymentReceived() if fact is received:
                yield _cash("receipt", money, fact, fact.event.amount_minor, legs, causes, currency)
            case PaymentRefunded():
                yield _cash("refund", money, fact, -fact.event.amount_minor, legs, causes, currency)
            case PaymentFailed():
                yield _cash(
                    "failure", money, fact, -fact.event.amount_minor, legs, causes, currency
                )
            case PaymentFeeCharged():
                yield _cash("fee", money, fact, fact.event.amount_minor, fees, causes, currency)
            case _:
                pass
    for turn in turns(own):
        yield from _charged_back(turn, money, cash, first, currency)


def _charged_back(
    turn: Turn, money: Money, cash: str, first: tuple[int, ...], currency: str
) -> Iterator[Cash]:
    """Argued about, it is disputed cash; lost, it is the customer's again. The fee is ours."""
    causes = causes_of(turn.causes, first)
    told = (Step(what=f"chargeback {turn.chargeback}", value=", ".join(turn.told)),)
    held = (turn.before in WITH_US) - (turn.after in WITH_US)
    lost = (turn.after == "lost") - (turn.before == "lost")
    parts: tuple[tuple[str, Legs, int], ...] = (
        ("taken", (("disputed-cash", 1), (cash, -1)), held * turn.minor),
        ("lost", ((money.account, 1), ("disputed-cash", -1)), lost * turn.minor),
        ("fee", (("bank-fees", 1), (cash, -1)), turn.fee_minor),
    )
    for name, legs, minor in parts:
        if minor:
            kind = "fee" if name == "fee" else "chargeback"
            place = f"{money.name}:{turn.chargeback}:{name}"
            yield _cash(kind, money, turn.at, minor, legs, causes, currency, place, told)


def _granted(money: Money, own: Sequence[Fact], currency: str) -> Iterator[Cash]:
    granted = next(fact for fact in own if isinstance(fact.event, BalanceGranted))
    assert isinstance(granted.event, BalanceGranted)
    first = (granted.position,)
    legs = ((GRANTED_FROM[granted.event.reason], 1), (money.account, -1))
    paid_out = (("cash-clearing", 1), (money.account, -1))
    for fact in own:
        event, causes = fact.event, causes_of((fact.position,), first)
        if fact is granted:
            minor = granted.event.amount_minor
            yield _cash("grant", money, fact, minor, legs, causes, currency)
        elif isinstance(event, BalanceWithdrawn):
            place = f"{money.name}:withdrawn"
            yield _cash("grant", money, fact, -event.amount_minor, legs, causes, currency, place)
        elif isinstance(event, BalanceRefunded):
            yield _cash("refund", money, fact, -event.amount_minor, paid_out, causes, currency)


def _cash(
    kind: str,
    money: Money,
    fact: Fact,
    minor: int,
    legs: Legs,
    causes: tuple[int, ...],
    currency: str,
    subject: str | None = None,
    told: Told = (),
) -> Cash:
    """`subject`: the payment itself for what brought it about, else what became of it."""
    day = fact.when.effective
    place = money.name if kind in {"receipt", "grant"} else f"{money.name}:{kind}"
    flow = Flow(
        kind=kind,
        subject=subject or place,
        document=money.name,
        legs=legs,
        curve=At(day, minor),
        on=day,
        causes=causes,
        rule="cash-at-receipt@1",
        told=lambda: (
            Step(what=kind, value=decimal_text(minor, currency)),
            *(told() if callable(told) else told),
        ),
    )
    return money, fact, flow
