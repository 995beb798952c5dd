"""Cash against open items: receipts, refunds and their application, for one customer account.

Application by default is measured, never a fact, so its order of arrival cannot matter (SPEC 3): on
each day money left goes to open invoices, oldest due first. What a person states is a fact and
goes first. Money no open item takes goes to contract liability while it names a contract in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from operator import itemgetter
from typing import TypeVar

from msgspec import Struct, field

from domain.accounting.curves import At
from domain.accounting.documents import billed_lines
from domain.accounting.schedule import Flow
from domain.cash import PaymentApplied, PaymentReceived, PaymentRefunded
from domain.explain import Step, Telling
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.revenue_contract import ContractOpened
from domain.subscription import SubscriptionStarted

_Kind = TypeVar("_Kind", bound="_Holder")
# A day, an amount, the facts that say so, and what they call it.
_Change = tuple[date, int, tuple[int, ...], str]


class _Holder(Struct, kw_only=True):
    """Something with an amount to match: what changes it on dated days, what is taken of it."""

    name: str
    changes: list[_Change] = field(default_factory=list)
    whole: int = 0
    applied: int = 0
    stated: int = 0
    turn: int = 0
    group: _Group

    @property
    def left(self) -> int:
        return self.whole - self.applied - self.stated


class _Group(Struct):
    """Money and claims that met, by statement or by default: each rests on all the others."""

    members: list[_Holder] = field(default_factory=list)
    causes: tuple[int, ...] = ()


class _Claim(_Holder, kw_only=True):
    """An invoice: what is owed of it."""

    due_on: date
    issued_on: date


class _Money(_Holder, kw_only=True):
    """A payment: what was received and not refunded."""

    day: date
    order: int
    advanced: int = 0
    told: tuple[int, ...] = ()
    contract: tuple[str, date, int] | None = None


class _Match(Struct):
    """What of a payment stands against an invoice by default."""

    money: _Money
    claim: _Claim
    minor: int


# Members of a group by name: their changes, and what was stated and applied of each.
_Stood = list[tuple[str, list[_Change], int, int]]


def settlement_flows(facts: Sequence[Fact], customer: str, currency: str) -> tuple[Flow, ...]:
    """Flows of one customer account in one currency; facts are known and in effective order."""
    claims = _claims(facts, customer, currency)
    moneys = _moneys(facts, customer, currency)
    stated = _stated(facts, claims, moneys, currency)
    matched = _matched(claims, moneys, currency)
    return (*_cash_flows(facts, moneys, currency), *stated, *matched)


def _claims(facts: Sequence[Fact], customer: str, currency: str) -> dict[str, _Claim]:
    claims: dict[str, _Claim] = {}
    for row in billed_lines(facts):
        if (row.customer, row.currency) != (customer, currency):
            continue
        if row.invoice not in claims:
            claims[row.invoice] = _Claim(
                name=row.invoice, due_on=row.due_on, issued_on=row.issued_on, group=_Group()
            )
        changes = claims[row.invoice].changes
        changes.append((row.issued_on, row.line.amount_minor, (row.cause,), row.line.line))
        for cut in (cut for cut in row.cuts if cut.minor):
            changes.append((cut.day, -cut.minor, causes_of((row.cause,), cut.causes), cut.name))
    return _alone(claims)


def _moneys(facts: Sequence[Fact], customer: str, currency: str) -> dict[str, _Money]:
    moneys: dict[str, _Money] = {}
    contracts = _contracts(facts)
    for fact in facts:
        event, name, day = fact.event, fact.stream.partition(":")[2], fact.when.effective
        if not isinstance(event, PaymentReceived):
            continue
        if (event.customer, event.currency) == (customer, currency):
            money = _Money(name=name, day=day, order=fact.when.order or 0, group=_Group())
            money.contract = contracts.get(event.contract or "")
            money.changes.append((day, event.amount_minor, (fact.position,), "received"))
            moneys[name] = money
    for fact in facts:
        event, name, day = fact.event, fact.stream.partition(":")[2], fact.when.effective
        if isinstance(event, PaymentRefunded) and name in moneys:
            moneys[name].changes.append((day, -event.amount_minor, (fact.position,), "refund"))
    return _alone(moneys)


def _contracts(facts: Sequence[Fact]) -> dict[str, tuple[str, date, int]]:
    """Contracts of this account by id: the day each is in force from, and the fact that says so."""
    return {
        fact.stream.partition(":")[2]: (fact.stream, fact.when.effective, fact.position)
        for fact in facts
        if isinstance(fact.event, SubscriptionStarted | ContractOpened)
    }


def _alone(holders: dict[str, _Kind]) -> dict[str, _Kind]:
    """Each in a group of its own."""
    for holder in holders.values():
        holder.group.members.append(holder)
    return holders


def _meet(one: _Holder, other: _Holder) -> None:
    """From now on what happens to one may move the other."""
    group, joining = one.group, other.group
    if group is joining:
        return
    group.causes = causes_of(group.causes, joining.causes)
    group.members.extend(joining.members)
    for member in joining.members:
        member.group = group


def _stated(
    facts: Sequence[Fact],
    claims: dict[str, _Claim],
    moneys: dict[str, _Money],
    currency: str,
) -> list[Flow]:
    """Applications a person or a file states; they hold whatever the default would have done."""
    flows = []
    for fact in facts:
        money = moneys.get(fact.stream.partition(":")[2])
        if not isinstance(fact.event, PaymentApplied) or money is None:
            continue
        for row in fact.event.applications:
            claim = claims.get(row.invoice)
            if claim is None:
                continue
            claim.stated += row.amount_minor
            money.stated += row.amount_minor
            causes = causes_of(money.changes[0][2], claim.changes[0][2], (fact.position,))
            _meet(money, claim)
            money.group.causes = causes_of(money.group.causes, causes)
            day = max(fact.when.effective, claim.issued_on, money.day)
            place = f"{money.name}:{claim.name}:stated"
            minor = row.amount_minor
            flows.append(_application(place, claim.name, day, minor, causes, currency, _as_stated))
    return flows


class _Walk(Struct):
    """The state of the walk from day to day, and the flows it leaves.

    `owed` and `had` hold by turn what may have something left to match; the rest is done with.
    """

    claims: list[_Claim]
    moneys: list[_Money]
    currency: str
    owed: dict[int, _Claim] = field(default_factory=dict)
    had: dict[int, _Money] = field(default_factory=dict)
    matches: list[_Match] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)


def _matched(claims: dict[str, _Claim], moneys: dict[str, _Money], currency: str) -> list[Flow]:
    """Walk the days on which anything changes and keep money and claims matched."""
    walk = _Walk(
        sorted(claims.values(), key=lambda c: (c.due_on, c.issued_on, c.name)),
        sorted(moneys.values(), key=lambda m: (m.day, m.order, m.name)),
        currency,
    )
    holders: list[_Claim | _Money] = [*walk.claims, *walk.moneys]
    dated: dict[date, list[tuple[_Claim | _Money, _Change]]] = {}
    for turn, holder in enumerate(holders):
        holder.turn = turn
        for change in holder.changes:
            dated.setdefault(change[0], []).append((holder, change))
    named = [money for money in walk.moneys if money.contract]
    in_force = {money.contract[1] for money in named if money.contract}
    for day in sorted({*dated, *in_force}):
        changed = dated.get(day, [])
        _advance(walk, changed)
        if any(holder.left < 0 for holder, _ in changed):
            _release_excess(walk, day)
        _apply(walk, day)
        _advances(walk, named, day)
    for holder in holders:
        # Groups and members know each other: let go, or they would wait for the garbage collector.
        holder.group.members.clear()
    return walk.flows


def _advance(walk: _Walk, changed: Sequence[tuple[_Claim | _Money, _Change]]) -> None:
    for holder, (_, minor, causes, _) in changed:
        holder.whole += minor
        holder.group.causes = causes_of(holder.group.causes, causes)
        if isinstance(holder, _Claim):
            walk.owed[holder.turn] = holder
        else:
            walk.had[holder.turn] = holder


def _release_excess(walk: _Walk, day: date) -> None:
    """A credit or refund may leave more applied than is owed or had: undo the latest first."""
    for match in reversed(walk.matches):
        excess = max(-match.claim.left, -match.money.left, 0)
        back = min(match.minor, excess)
        if back:
            _move(walk, match, day, -back)
            walk.owed[match.claim.turn], walk.had[match.money.turn] = match.claim, match.money


def _apply(walk: _Walk, day: date) -> None:
    had = [money for _, money in sorted(walk.had.items()) if money.left > 0 and money.day <= day]
    owed = [claim for _, claim in sorted(walk.owed.items()) if claim.left > 0]
    for money in had:
        for claim in owed:
            if claim.issued_on > day:
                continue
            minor = min(money.left, claim.left)
            if minor > 0:
                match = _Match(money, claim, 0)
                walk.matches.append(match)
                _move(walk, match, day, minor)
    walk.owed = {claim.turn: claim for claim in owed if claim.left > 0}
    walk.had = {turn: money for turn, money in walk.had.items() if money.left > 0}


def _move(walk: _Walk, match: _Match, day: date, minor: int) -> None:
    money, claim = match.money, match.claim
    _meet(money, claim)
    causes, stood = money.group.causes, _standing(money)
    match.minor += minor
    money.applied += minor
    claim.applied += minor
    how = partial(_by_default, stood, day, walk.currency)
    place = f"{money.name}:{claim.name}"
    walk.flows.append(_application(place, claim.name, day, minor, causes, walk.currency, how))


def _as_stated() -> tuple[Step, ...]:
    return (Step(what="by", value="as stated"),)


def _by_default(stood: _Stood, day: date, currency: str) -> tuple[Step, ...]:
    return (Step(what="by", value="oldest due first"), *_all_that_met(stood, day, currency))


def _standing(holder: _Holder) -> _Stood:
    """All that met before, as it stands now."""
    return [
        (member.name, member.changes, member.stated, member.applied)
        for member in holder.group.members
    ]


def _all_that_met(stood: _Stood, day: date, currency: str) -> Iterator[Step]:
    """Change by change: what one hides behind another still shows."""
    for name, changes, stated, applied in sorted(stood, key=itemgetter(0)):
        told = (
            f"{decimal_text(minor, currency)} on {when} ({what})"
            for when, minor, _, what in changes
            if when <= day
        )
        taken = (
            f"{decimal_text(stated, currency)} stated, "
            f"{decimal_text(applied, currency)} applied before"
        )
        yield Step(what=name, value=f"{', '.join(told)}; {taken}")


def _advances(walk: _Walk, named: Sequence[_Money], day: date) -> None:
    """Money left over stands as contract liability while it names a contract in force (SPEC 4)."""
    for money in named:
        if money.contract is None or money.contract[1] > day or money.day > day:
            continue
        minor = money.left - money.advanced
        # That it did not move although others met what it met rests on them, too.
        if minor or (money.advanced and money.told != money.group.causes):
            money.told = money.group.causes
            walk.flows.append(_advance_flow(walk, money, money.contract, day, minor))
            money.advanced = money.left


def _advance_flow(
    walk: _Walk, money: _Money, contract: tuple[str, date, int], day: date, minor: int
) -> Flow:
    before, stood, currency = money.advanced, _standing(money), walk.currency
    return Flow(
        kind="advance",
        subject=f"{money.name}:{contract[0]}",
        document=money.name,
        legs=(("unapplied-cash", 1), ("contract-liability", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes_of(money.group.causes, (contract[2],)),
        rule="advance-on-contract@1",
        told=lambda: (
            Step(what=f"advance on {contract[0]}", value=decimal_text(minor, currency)),
            Step(what="advanced before", value=decimal_text(before, currency)),
            *_all_that_met(stood, day, currency),
        ),
    )


def _application(
    subject: str,
    invoice: str,
    day: date,
    minor: int,
    causes: tuple[int, ...],
    currency: str,
    told: Telling,
) -> Flow:
    return Flow(
        kind="application",
        subject=subject,
        document=invoice,
        legs=(("unapplied-cash", 1), ("accounts-receivable", -1)),
        curve=At(day, minor),
        on=day,
        causes=causes,
        rule="cash-application@1",
        told=lambda: (
            Step(what=f"applied to {invoice}", value=decimal_text(minor, currency)),
            *told(),
        ),
    )


def _cash_flows(facts: Sequence[Fact], moneys: dict[str, _Money], currency: str) -> list[Flow]:
    flows = []
    for fact in facts:
        event, payment = fact.event, fact.stream.partition(":")[2]
        if payment not in moneys:
            continue
        if isinstance(event, PaymentReceived):
            flows.append(_cash("receipt", payment, fact, event.amount_minor, (), currency))
        elif isinstance(event, PaymentRefunded):
            cause = moneys[payment].changes[0][2]
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
        told=lambda: (Step(what=kind, value=decimal_text(minor, currency)),),
    )
