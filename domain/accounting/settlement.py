"""Cash against open items: receipts, refunds and their application, for one customer account.

Application by default is measured, never a fact, so its order of arrival cannot matter (SPEC 3): on
each day money left goes to open invoices, oldest due first. What a person states is a fact and
goes first. Money no open item takes goes to contract liability while it names a contract in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from domain.accounting.curves import At
from domain.accounting.documents import billed_lines
from domain.accounting.schedule import Flow, causes_of
from domain.cash import PaymentApplied, PaymentReceived, PaymentRefunded
from domain.explain import Step
from domain.facts import Fact
from domain.money import decimal_text
from domain.revenue_contract import ContractOpened
from domain.subscription import SubscriptionStarted


class _Claim(Struct):
    """An invoice: what is owed changes on dated days, what is applied so far."""

    invoice: str
    due_on: date
    issued_on: date
    changes: list[tuple[date, int, tuple[int, ...]]]
    owed: int = 0
    applied: int = 0
    stated: int = 0
    causes: tuple[int, ...] = ()

    @property
    def open(self) -> int:
        return self.owed - self.applied - self.stated


class _Money(Struct):
    """A payment: what was received, refunded and stated as applied."""

    payment: str
    day: date
    order: int
    changes: list[tuple[date, int, tuple[int, ...]]]
    have: int = 0
    applied: int = 0
    stated: int = 0
    advanced: int = 0
    contract: tuple[str, date, int] | None = None
    causes: tuple[int, ...] = ()

    @property
    def left(self) -> int:
        return self.have - self.applied - self.stated


class _Match(Struct):
    """What of a payment stands against an invoice by default."""

    money: _Money
    claim: _Claim
    minor: int


def settlement_flows(facts: Sequence[Fact], currency: str) -> tuple[Flow, ...]:
    """Flows of one customer account in one currency; facts are known and in effective order."""
    claims = _claims(facts, currency)
    moneys = _moneys(facts, currency, _contracts(facts))
    stated = _stated(facts, claims, moneys, currency)
    matched = _matched(claims, moneys, currency)
    return (*_cash_flows(facts, currency), *stated, *matched)


def _claims(facts: Sequence[Fact], currency: str) -> dict[str, _Claim]:
    claims: dict[str, _Claim] = {}
    for row in billed_lines(facts):
        if row.currency != currency:
            continue
        claim = claims.setdefault(row.invoice, _Claim(row.invoice, row.due_on, row.issued_on, []))
        claim.changes.append((row.issued_on, row.line.amount_minor, (row.cause,)))
        for cut in row.cuts:
            claim.changes.append((cut.day, -cut.minor, causes_of((row.cause,), cut.causes)))
    return claims


def _contracts(facts: Sequence[Fact]) -> dict[str, tuple[str, date, int]]:
    """Contracts of this account by id: the day each is in force from, and the fact that says so."""
    return {
        fact.stream.partition(":")[2]: (fact.stream, fact.when.effective, fact.position)
        for fact in facts
        if isinstance(fact.event, SubscriptionStarted | ContractOpened)
    }


def _moneys(
    facts: Sequence[Fact], currency: str, contracts: dict[str, tuple[str, date, int]]
) -> dict[str, _Money]:
    moneys: dict[str, _Money] = {}
    for fact in facts:
        name = fact.stream.partition(":")[2]
        event = fact.event
        if isinstance(event, PaymentReceived) and event.currency == currency:
            money = _Money(name, fact.when.effective, fact.when.order or 0, [])
            money.changes.append((fact.when.effective, event.amount_minor, (fact.position,)))
            money.contract = contracts.get(event.contract or "")
            moneys[name] = money
    for fact in facts:
        name = fact.stream.partition(":")[2]
        if isinstance(fact.event, PaymentRefunded) and name in moneys:
            change = (fact.when.effective, -fact.event.amount_minor, (fact.position,))
            moneys[name].changes.append(change)
    return moneys


def _stated(
    facts: Sequence[Fact],
    claims: dict[str, _Claim],
    moneys: dict[str, _Money],
    currency: str,
) -> list[Flow]:
    """Applications a person or a file states; they hold whatever the default would have done."""
    flows = []
    for fact in facts:
        name = fact.stream.partition(":")[2]
        if not isinstance(fact.event, PaymentApplied) or name not in moneys:
            continue
        for row in fact.event.applications:
            claim = claims.get(row.invoice)
            if claim is None:
                continue
            money = moneys[name]
            claim.stated += row.amount_minor
            money.stated += row.amount_minor
            causes = causes_of(money.changes[0][2], claim.changes[0][2], (fact.position,))
            # What the default leaves for others rests on what was stated.
            claim.causes = causes_of(claim.causes, causes)
            money.causes = causes_of(money.causes, causes)
            day = max(fact.when.effective, claim.issued_on, money.day)
            stated = (Step(what="by", value="stated"),)
            flows.append(
                _application(name, row.invoice, day, row.amount_minor, causes, currency, stated)
            )
    return flows


def _matched(claims: dict[str, _Claim], moneys: dict[str, _Money], currency: str) -> list[Flow]:
    """Walk the days on which anything changes and keep money and claims matched."""
    ordered_claims = sorted(claims.values(), key=lambda c: (c.due_on, c.issued_on, c.invoice))
    ordered_moneys = sorted(moneys.values(), key=lambda m: (m.day, m.order, m.payment))
    holders: list[_Claim | _Money] = [*ordered_claims, *ordered_moneys]
    in_force = {money.contract[1] for money in ordered_moneys if money.contract}
    days = sorted({day for holder in holders for day, _, _ in holder.changes} | in_force)
    matches: list[_Match] = []
    flows: list[Flow] = []
    for day in days:
        _advance(ordered_claims, ordered_moneys, day)
        flows.extend(_release_excess(matches, day, currency))
        flows.extend(_apply(ordered_claims, ordered_moneys, matches, day, currency))
        flows.extend(_advances(ordered_moneys, day, currency))
    return flows


def _advances(moneys: list[_Money], day: date, currency: str) -> list[Flow]:
    """Money left over stands as contract liability while it names a contract in force (SPEC 4)."""
    flows = []
    for money in moneys:
        if money.contract is None or money.contract[1] > day or money.day > day:
            continue
        minor = money.left - money.advanced
        if minor:
            money.advanced = money.left
            flows.append(_advance_flow(money, money.contract, day, minor, currency))
    return flows


def _advance_flow(
    money: _Money, contract: tuple[str, date, int], day: date, minor: int, currency: str
) -> Flow:
    return Flow(
        kind="advance",
        subject=f"{money.payment}:{contract[0]}",
        document=money.payment,
        legs=(("unapplied-cash", 1), ("contract-liability", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes_of(money.causes, (contract[2],)),
        rule="advance-on-contract@1",
        steps=(Step(what=f"advance on {contract[0]}", value=decimal_text(minor, currency)),),
    )


def _advance(claims: list[_Claim], moneys: list[_Money], day: date) -> None:
    for claim in claims:
        for when, minor, causes in claim.changes:
            if when == day:
                claim.owed += minor
                claim.causes = causes_of(claim.causes, causes)
    for money in moneys:
        for when, minor, causes in money.changes:
            if when == day:
                money.have += minor
                money.causes = causes_of(money.causes, causes)


def _release_excess(matches: list[_Match], day: date, currency: str) -> list[Flow]:
    """A credit or refund may leave more applied than is owed or had: undo the latest first."""
    flows = []
    for match in reversed(matches):
        excess = max(-match.claim.open, -match.money.left, 0)
        back = min(match.minor, excess)
        if back:
            steps = _met(match, currency)
            _move(match, -back)
            flows.append(_measured(match, day, -back, currency, steps))
    return flows


def _apply(
    claims: list[_Claim],
    moneys: list[_Money],
    matches: list[_Match],
    day: date,
    currency: str,
) -> list[Flow]:
    flows = []
    owed = [claim for claim in claims if claim.open > 0 and claim.issued_on <= day]
    for money in moneys:
        if money.left <= 0 or money.day > day:
            continue
        for claim in owed:
            minor = min(money.left, claim.open)
            if minor > 0:
                match = _Match(money, claim, 0)
                steps = _met(match, currency)
                _move(match, minor)
                matches.append(match)
                flows.append(_measured(match, day, minor, currency, steps))
    return flows


def _move(match: _Match, minor: int) -> None:
    match.minor += minor
    match.money.applied += minor
    match.claim.applied += minor
    # Whoever meets this money or this claim later depends on what happened to it here.
    both = causes_of(match.money.causes, match.claim.causes)
    match.money.causes = match.claim.causes = both


def _met(match: _Match, currency: str) -> tuple[Step, ...]:
    """What money and claim had left when they met: the smaller is applied."""
    return (
        Step(what="by", value="oldest due first"),
        Step(what=f"left of {match.money.payment}", value=decimal_text(match.money.left, currency)),
        Step(what=f"open on {match.claim.invoice}", value=decimal_text(match.claim.open, currency)),
    )


def _measured(match: _Match, day: date, minor: int, currency: str, steps: tuple[Step, ...]) -> Flow:
    return _application(
        match.money.payment,
        match.claim.invoice,
        day,
        minor,
        match.money.causes,
        currency,
        steps,
    )


def _application(
    payment: str,
    invoice: str,
    day: date,
    minor: int,
    causes: tuple[int, ...],
    currency: str,
    steps: tuple[Step, ...],
) -> Flow:
    return Flow(
        kind="application",
        subject=f"{payment}:{invoice}",
        document=invoice,
        legs=(("unapplied-cash", 1), ("accounts-receivable", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes,
        rule="cash-application@1",
        steps=(Step(what=f"applied to {invoice}", value=decimal_text(minor, currency)), *steps),
    )


def _cash_flows(facts: Sequence[Fact], currency: str) -> list[Flow]:
    received = {
        fact.stream: fact
        for fact in facts
        if isinstance(fact.event, PaymentReceived) and fact.event.currency == currency
    }
    flows = []
    for fact in facts:
        event, payment = fact.event, fact.stream.partition(":")[2]
        if isinstance(event, PaymentReceived) and event.currency == currency:
            flows.append(_cash("receipt", payment, fact, event.amount_minor, (), currency))
        elif isinstance(event, PaymentRefunded) and fact.stream in received:
            cause = (received[fact.stream].position,)
            flows.append(_cash("refund", payment, fact, -event.amount_minor, cause, currency))
    return flows


def _cash(
    kind: str, payment: str, fact: Fact, minor: int, more: tuple[int, ...], currency: str
) -> Flow:
    day = fact.when.effective
    return Flow(
        kind=kind,
        subject=payment if kind == "receipt" else f"{payment}:refund",
        document=payment,
        legs=(("cash-clearing", 1), ("unapplied-cash", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes_of((fact.position,), more),
        rule="cash-at-receipt@1",
        steps=(Step(what=kind, value=decimal_text(minor, currency)),),
    )
