"""What has an amount to match: claims that are owed, money and credit that is had.

Money and claims that met, by statement or by default, form a group: each rests on all the others,
since what happens to one may move the next (law 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from operator import itemgetter
from typing import Literal, NamedTuple

from msgspec import Struct, field

from domain.accounting.documents import BilledLine
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text
from domain.settlement.shares import Share

# What stands against a claim: money, what was deducted from it on the way, what is given up.
Settles = Literal["application", "deduction", "write-off", "given-back"]


class Named(NamedTuple):
    """A contract that money names: its stream, the day it is in force from, the facts that say so.

    `back_minor`: what is to be given back of it, where it ended and never was a contract; the rest
    is kept (ASC 606-10-25-7(b), IFRS 15.15(b)). None for a contract in force. `until`: from when it
    is no more, and the fact that ended it.
    """

    stream: str
    since: date
    causes: tuple[int, ...]
    back_minor: int | None = None
    until: tuple[date, int] | None = None

    def is_over(self, day: date) -> bool:
        return self.until is not None and self.until[0] <= day


class Change(NamedTuple):
    """An amount from a day on, the facts that say so, and what they call it.

    `place` is that of its fact among all of the account, in effective order; `to` where a credit
    note sends money that it sets free; `gives_back` the account of what takes money back from us.
    """

    day: date
    place: int
    minor: int
    causes: tuple[int, ...]
    what: str
    to: str | None = None
    credit: str = ""
    gives_back: str = ""


class Group(Struct):
    """All that met, and the facts of all of them so far."""

    members: list[Holder] = field(default_factory=list)
    causes: tuple[int, ...] = ()


class Holder(Struct, kw_only=True):
    """`done` are the changes so far, `applied` what stands against others, `reserved` what is
    stated for later and left alone by default.
    """

    name: str
    changes: list[Change] = field(default_factory=list)
    done: list[Change] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    whole: int = 0
    applied: int = 0
    reserved: int = 0
    matches: list[Match] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    is_queued: bool = False
    group: Group = field(default_factory=Group)

    @property
    def left(self) -> int:
        return self.whole - self.applied

    @property
    def free(self) -> int:
        """What the default may take."""
        return self.whole - self.applied - self.reserved


class Claim(Holder, kw_only=True):
    """An invoice: what is owed of it. `shares`: its lines, where a book elects that what gives back
    takes its share of each; what is given back then stands against it. `waits`: lines that are
    receivable only later, `prepaid` what is paid of them, by account and deal where it stands.
    """

    number: str
    due_on: date
    issued_on: date
    write_off: Money | None = None
    shares: list[Share] = field(default_factory=list)
    waits: list[BilledLine] = field(default_factory=list)
    prepaid: dict[tuple[str, str], int] = field(default_factory=dict)
    given_back: list[GivenBack] = field(default_factory=list)


class Money(Holder, kw_only=True):
    """A payment or credit: what was received or granted and not given back.

    `account` is the liability it stands in, or for what is deducted or given up where that goes.
    `after`: credit that a credit note left is for invoices of later days.
    """

    day: date
    order: int
    account: str
    settles: Settles = "application"
    by_default: bool = True
    reference: str | None = None
    contract: Named | None = None
    after: date | None = None
    not_for: set[str] = field(default_factory=set)
    advanced: int = 0
    told: tuple[int, ...] = ()
    given_back: list[GivenBack] = field(default_factory=list)

    @property
    def rank(self) -> tuple[date, int, str]:
        return self.day, self.order, self.name

    def may_take(self, claim: Claim) -> bool:
        """Whether the default may use it for a claim."""
        if claim.name in self.not_for:
            return False
        return self.after is None or claim.issued_on > self.after


class GivenBack(Struct):
    """What went back of some money that stood against a claim: it stands there instead of it."""

    account: str
    claim: Claim
    stands: Money


class Demand(Struct, kw_only=True):
    """What is stated to be for a claim, from a day on; `by` is the payment that states it."""

    money: Money
    claim: Claim
    by: Money
    wanted: int
    begins: date
    place: int
    match: Match | None = None
    is_begun: bool = False
    is_over: bool = False

    @property
    def unmet(self) -> int:
        return self.wanted - (self.match.minor if self.match else 0)


class Match(Struct):
    """What of some money stands against a claim, or was moved on to what a credit note left."""

    money: Money
    target: Claim | Money
    minor: int
    place: int
    demand: Demand | None = None


def alone(holder: Holder) -> None:
    holder.group.members.append(holder)


def meet(one: Holder, other: Holder) -> None:
    """From now on what happens to one may move the other."""
    group, joining = one.group, other.group
    if group is joining:
        return
    if len(group.members) < len(joining.members):
        group, joining = joining, group
    group.causes = causes_of(group.causes, joining.causes)
    group.members.extend(joining.members)
    for member in joining.members:
        member.group = group


# Members of a group by name: what was said of each, the changes so far, what stood of each.
Stood = list[tuple[str, list[str], list[Change], int, int]]


def standing(holder: Holder) -> Stood:
    """All that met before, as it stands now."""
    return [
        (member.name, member.said, member.done, len(member.done), member.applied)
        for member in holder.group.members
    ]


def all_that_met(stood: Stood, currency: str) -> Iterator[Step]:
    """Change by change: what one hides behind another still shows."""
    for name, said, done, seen, applied in sorted(stood, key=itemgetter(0)):
        told = [
            f"{decimal_text(change.minor, currency)} on {change.day} ({change.what})"
            for change in done[:seen]
        ]
        rows = ", ".join((*told, *said))
        yield Step(what=name, value=f"{rows}; {decimal_text(applied, currency)} applied before")
