"""Application walks the days on which anything changes and keeps money and claims matched.

On each day in turn: amounts change; what stands on more than there is, gives way, the latest first
and what is stated last; statements are met; money left goes to open invoices in the order the
entity elects; what is given up covers what is then open. Application by default is measured, never
a fact, so its order of arrival cannot matter (SPEC 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from heapq import heapify, heappop, heappush

from msgspec import Struct, field

from domain.balance_facts import (
    BalanceUnapplied,
)
from domain.facts import Fact
from domain.invoicing import Apply
from domain.payment_facts import (
    PaymentNamed,
    PaymentUnapplied,
)
from domain.settlement.account import Account
from domain.settlement.advances import advances, may_name, name
from domain.settlement.given_back import takes, went_back
from domain.settlement.holders import Change, Claim, Demand, Holder, Money, alone
from domain.settlement.prepaid import prepaid
from domain.settlement.walk import (
    Elections,
    Moved,
    Walk,
    free,
    give_way,
    last_first,
    move,
    note,
    stand,
    touched,
    turn_of,
)
from domain.settlement.write_offs import give_up

KEPT_IN = {"balance": "customer-credit", "refund": "refund-clearing"}


class Day(Struct):
    """All that comes on one day."""

    changes: list[tuple[int, Holder, Change]] = field(default_factory=list)
    acts: list[tuple[int, Fact]] = field(default_factory=list)
    begins: list[Demand] = field(default_factory=list)


def applied(account: Account, elections: Elections) -> list[Moved]:
    """Every application, deduction, write-off, transfer and advance of an account."""
    walk = Walk(account, elections)
    for claim in account.claims.values():
        for word in {claim.name, claim.number}:
            walk.named.setdefault(word, []).append(claim)
    named = [money for money in account.moneys.values() if may_name(money, account)]
    for day, today in sorted(_days(account, named).items(), key=lambda row: row[0]):
        walk.touched = {}
        _reorder(walk, elections(day).apply)
        _change(walk, today, day)
        for holder in touched(walk):
            give_way(walk, holder, day)
        _state(walk, today.begins, day)
        _by_default(walk, day)
        give_up(walk, today.acts, day, _by_default)
        takes(walk, day)
        prepaid(walk, day)
        advances(walk, (*named, *walk.held.values()), day)
    _let_go(account)
    return walk.moved


def _let_go(account: Account) -> None:
    """Who knows whom goes round in circles, which would wait for the garbage collector."""
    for holder in (*account.claims.values(), *account.moneys.values()):
        for member in (*holder.group.members, holder):
            member.matches.clear()
            member.demands.clear()
            if isinstance(member, Claim | Money):
                member.given_back.clear()
        holder.group.members.clear()


def _days(account: Account, named: list[Money]) -> dict[date, Day]:
    days: dict[date, Day] = {}
    for holder in (*account.claims.values(), *account.moneys.values()):
        for change in holder.changes:
            today = days.setdefault(change.day, Day())
            today.changes.append((change.place, holder, change))
    for place, fact in account.acts:
        days.setdefault(fact.when.effective, Day()).acts.append((place, fact))
    for demand in account.demands:
        days.setdefault(demand.begins, Day()).begins.append(demand)
    for day in account.waits:
        days.setdefault(day, Day())
    for contract in account.contracts.values():
        if named or contract.back_minor is not None:
            days.setdefault(contract.since, Day())
        if named and contract.until is not None:
            days.setdefault(contract.until[0], Day())
    return days


# --- what changes ---


def _change(walk: Walk, today: Day, day: date) -> None:
    """Amounts, and what is taken off an invoice or named, each at its place on the day."""
    acts: list[tuple[int, Callable[[], None]]] = []
    for place, holder, change in today.changes:
        acts.append((place, partial(_amount, walk, holder, change)))
    for place, fact in today.acts:
        if isinstance(fact.event, PaymentUnapplied | BalanceUnapplied):
            acts.append((place, partial(_take_off, walk, fact, place, day)))
        elif isinstance(fact.event, PaymentNamed):
            acts.append((place, partial(name, walk, fact, place)))
    for _, act in sorted(acts, key=lambda row: row[0]):
        act()


def _amount(walk: Walk, holder: Holder, change: Change) -> None:
    holder.whole += change.minor
    note(holder, change)
    free(walk, holder)
    if isinstance(holder, Claim):
        if change.credit and holder.left < 0:
            _release(walk, holder, change)
    elif isinstance(holder, Money) and change.gives_back:
        went_back(walk, holder, change)


def _reorder(walk: Walk, order: Apply) -> None:
    if order == walk.order:
        return
    walk.order = order
    walk.owed = [(turn_of(claim, order), claim) for _, claim in walk.owed]
    heapify(walk.owed)


def _release(walk: Walk, claim: Claim, change: Change) -> None:
    """What a credit note sets free of what was paid, to where it sends it."""
    to = change.to or walk.elections(change.day).credits_to
    for match in last_first(claim):
        back = min(match.minor, -claim.left)
        if back <= 0:
            break
        move(walk, match, change.day, -back)
        if to in KEPT_IN and match.money.account in {"unapplied-cash", "deposits"}:
            kept = _kept(walk, claim, change, KEPT_IN[to])
            stand(walk, match.money, kept, change.day, back)


def _kept(walk: Walk, claim: Claim, change: Change, account: str) -> Money:
    """The credit that a credit note leaves the customer, or what it is to get back."""
    name = f"{claim.name}:{change.credit}"
    if name not in walk.kept:
        walk.kept[name] = Money(
            name=name,
            day=change.day,
            order=change.place,
            account=account,
            by_default=account == "customer-credit",
            after=change.day,
        )
        alone(walk.kept[name])
    return walk.kept[name]


def _take_off(walk: Walk, fact: Fact, place: int, day: date) -> None:
    """Nothing of the money stands against the invoice any more, whoever said that it did."""
    assert isinstance(fact.event, PaymentUnapplied | BalanceUnapplied), fact
    money, invoice = walk.account.moneys[fact.stream], fact.event.invoice
    note(money, Change(day, place, 0, (fact.position,), f"taken off {invoice}"))
    money.not_for.add(invoice)
    claim = walk.account.claims.get(invoice)
    if claim is None:
        return
    for demand in claim.demands:
        if demand.by is money and demand.place < place and not demand.is_over:
            _end(walk, demand, day)
    for match in [one for one in money.matches if one.target is claim and one.minor]:
        move(walk, match, day, -match.minor)


def _end(walk: Walk, demand: Demand, day: date) -> None:
    demand.is_over = True
    if not demand.is_begun:
        _unreserve(walk, demand)
        return
    if demand.match is not None and demand.match.minor:
        move(walk, demand.match, day, -demand.match.minor)
    if demand.money.settles == "deduction":
        demand.money.whole -= demand.wanted


def _unreserve(walk: Walk, demand: Demand) -> None:
    for holder in (demand.money, demand.claim):
        holder.reserved -= demand.wanted
        free(walk, holder)


# --- what is stated ---


def _state(walk: Walk, begins: Iterable[Demand], day: date) -> None:
    for demand in sorted(begins, key=lambda one: one.place):
        if demand.is_over:
            continue
        demand.is_begun = True
        _unreserve(walk, demand)
        demand.by.not_for.discard(demand.claim.name)
        if demand.money.settles == "deduction":
            demand.money.whole += demand.wanted
        _meet_demand(walk, demand, day)
    for holder in touched(walk):
        for demand in holder.demands:
            if demand.is_begun and not demand.is_over and demand.unmet:
                _meet_demand(walk, demand, day)


def _meet_demand(walk: Walk, demand: Demand, day: date) -> None:
    """As far as both sides reach; what stands by default makes room."""
    money, claim = demand.money, demand.claim
    minor = min(demand.unmet, _room(money), _room(claim))
    if minor <= 0:
        return
    for holder in (money, claim):
        for match in last_first(holder):
            back = min(match.minor, minor - holder.left)
            if back <= 0 or match.demand is not None:
                break
            move(walk, match, day, -back)
    if demand.match is None:
        demand.match = stand(walk, money, claim, day, minor, demand)
    else:
        move(walk, demand.match, day, minor)


def _room(holder: Holder) -> int:
    return holder.left + sum(one.minor for one in holder.matches if one.demand is None)


# --- the default ---


def _by_default(walk: Walk, day: date) -> None:
    later = []
    while walk.had and walk.owed:
        _, money = heappop(walk.had)
        money.is_queued = False
        if walk.order == "reference-first" and money.reference:
            _spend_by_reference(walk, money, day)
        _spend(walk, money, day)
        if money.free > 0:
            later.append(money)
    for money in later:
        free(walk, money)


def _spend_by_reference(walk: Walk, money: Money, day: date) -> None:
    for claim in walk.named.get(money.reference or "", ()):
        minor = min(money.free, claim.free)
        if minor > 0 and money.may_take(claim):
            stand(walk, money, claim, day, minor)


def _spend(walk: Walk, money: Money, day: date) -> None:
    """On open invoices in turn, but for those it may not take."""
    aside = []
    while money.free > 0 and walk.owed:
        claim = walk.owed[0][1]
        if claim.free <= 0:
            heappop(walk.owed)
            claim.is_queued = False
        elif not money.may_take(claim):
            aside.append(heappop(walk.owed))
        else:
            stand(walk, money, claim, day, min(money.free, claim.free))
    for row in aside:
        heappush(walk.owed, row)
