"""The state of a walk over the days of an account, and its moves: what stands against what.

Every move leaves a flow, with all that met so far as its causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from heapq import heappush
from typing import NamedTuple

from msgspec import Struct, field

from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import causes_of
from domain.invoicing import Apply, InvoicingOptions
from domain.journal import Kind
from domain.money import decimal_text
from domain.settlement.account import Account
from domain.settlement.holders import (
    Change,
    Claim,
    Demand,
    Holder,
    Match,
    Money,
    Settles,
    Stood,
    all_that_met,
    meet,
    standing,
)

BY_RULE: dict[Apply, str] = {
    "oldest-due": "oldest due first",
    "oldest-issued": "oldest issued first",
    "reference-first": "by reference, else oldest due first",
}
RULES: dict[Settles, str] = {
    "application": "cash-application@1",
    "deduction": "deduction@1",
    "write-off": "write-off@1",
    "given-back": "given-back@1",
}


# What the entity elects, by day.
Elections = Callable[[date], InvoicingOptions]


class Moved(NamedTuple):
    """A flow of a walk: money against a claim, into what a credit note left, or on a contract.

    `place` is that of the match whose amount it changes; an advance is none. Without money it is
    what giving back takes of a claim's lines.
    """

    flow: Flow
    money: Money | None
    target: Claim | Money | None = None
    place: int = 0


class Walk(Struct):
    """The state of the walk from day to day, and what it moves.

    `had` and `owed` queue what may have something free; `touched` is what moved on the day; `kept`
    what credit notes left a customer, `held` what is paid of invoices of what is no contract, by
    claim and deal; `named` are invoices by what a payer may call them.
    """

    account: Account
    elections: Elections
    order: Apply = "oldest-due"
    had: list[tuple[tuple[date, int, str], Money]] = field(default_factory=list)
    owed: list[tuple[tuple[date, date, str], Claim]] = field(default_factory=list)
    touched: dict[int, Holder] = field(default_factory=dict)
    kept: dict[str, Money] = field(default_factory=dict)
    held: dict[tuple[str, str], Money] = field(default_factory=dict)
    named: dict[str, list[Claim]] = field(default_factory=dict)
    matches: int = 0
    moved: list[Moved] = field(default_factory=list)


def touched(walk: Walk) -> Iterator[Holder]:
    """What moved so far on the day, and what moves meanwhile."""
    seen = 0
    while seen < len(walk.touched):
        later = [*walk.touched.values()][seen:]
        seen += len(later)
        yield from later


def note(holder: Holder, change: Change) -> None:
    holder.done.append(change)
    holder.group.causes = causes_of(holder.group.causes, change.causes)


def free(walk: Walk, holder: Holder) -> None:
    """It may have something free now."""
    walk.touched[id(holder)] = holder
    if holder.is_queued or holder.free <= 0:
        return
    if isinstance(holder, Claim):
        holder.is_queued = True
        heappush(walk.owed, (turn_of(holder, walk.order), holder))
    elif isinstance(holder, Money) and holder.by_default:
        holder.is_queued = True
        heappush(walk.had, (holder.rank, holder))


def turn_of(claim: Claim, order: Apply) -> tuple[date, date, str]:
    if order == "oldest-issued":
        return claim.issued_on, claim.due_on, claim.name
    return claim.due_on, claim.issued_on, claim.name


def give_way(walk: Walk, holder: Holder, day: date) -> None:
    """More stands on it than there is: the latest goes first, what is stated last."""
    if holder.left >= 0:
        return
    for match in last_first(holder):
        back = min(match.minor, -holder.left)
        if back <= 0:
            break
        move(walk, match, day, -back)


def last_first(holder: Holder) -> list[Match]:
    """What waits to be paid out goes before all; what is not owed is neither given up nor back.

    What is stated stays though nothing of it stands: it may be met again.
    """
    holder.matches = [one for one in holder.matches if one.minor or one.demand is not None]
    return sorted((match for match in holder.matches if match.minor), key=_gives_way)


def _gives_way(match: Match) -> tuple[bool, bool, int]:
    target = match.target
    waits = isinstance(target, Money) and target.account == "refund-clearing"
    first = waits or match.money.settles in {"write-off", "given-back"}
    return match.demand is not None, not first, -match.place


def stand(
    walk: Walk,
    money: Money,
    target: Claim | Money,
    day: date,
    minor: int,
    demand: Demand | None = None,
) -> Match:
    walk.matches += 1
    match = Match(money, target, 0, walk.matches, demand)
    money.matches.append(match)
    target.matches.append(match) if isinstance(target, Claim) else None
    move(walk, match, day, minor)
    return match


def move(walk: Walk, match: Match, day: date, minor: int) -> None:
    money, target = match.money, match.target
    meet(money, target)
    causes, stood = money.group.causes, standing(money)
    match.minor += minor
    money.applied += minor
    if isinstance(target, Claim):
        target.applied += minor
    else:
        target.whole += minor
    flow = _flow(walk, match, day, minor, causes, stood)
    walk.moved.append(Moved(flow, money, target, match.place))
    free(walk, money)
    free(walk, target)
    if isinstance(target, Money) and minor < 0:
        give_way(walk, target, day)


def _flow(
    walk: Walk, match: Match, day: date, minor: int, causes: tuple[int, ...], stood: Stood
) -> Flow:
    money, target, currency = match.money, match.target, walk.account.currency
    by = "as stated" if match.demand is not None else BY_RULE[walk.order]
    if isinstance(target, Claim):
        kind: Kind = money.settles
        rule, account = RULES[money.settles], "accounts-receivable"
        what, document = f"applied to {target.name}", target.name
        ends = ":stated" if match.demand is not None else ""
        subject = f"{money.name}:{target.name}{ends}" if kind == "application" else money.name
    else:
        kind, rule, account = "transfer", "credit-released@1", target.account
        what, document = f"released by {target.name}", money.name
        subject = f"{money.name}:{target.name}"
    return Flow(
        kind=kind,
        subject=subject,
        document=document,
        legs=((money.account, 1), (account, -1)),
        curve=At(day, minor),
        on=day,
        causes=causes,
        rule=rule,
        told=lambda: (
            Step(what=what, value=decimal_text(minor, currency)),
            Step(what="by", value=by),
            *all_that_met(stood, currency),
        ),
    )
