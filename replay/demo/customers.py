"""Who buys from Tideway: plans and lives dealt out, and between them ordinary customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct, structs

from domain.calendar import add_months
from domain.facts import When
from domain.service import PauseSubscription, ResumeSubscription, SuspendSubscription
from domain.subscription import CancelSubscription, RenewSubscription, StartSubscription
from replay.demo import people
from replay.demo.company import COUNTRIES, FIRST, Act, Chance, Country, Customer, Size, by_chance
from replay.demo.lives import LIVES, Acts, Life, as_signed, pays_more, yearly
from replay.demo.price_list import DEALT
from replay.demo.saying import changed, said

# Half of the customers have a life of the list; the others buy, and now and then take more seats.
EVERY_OTHER = 2
# What a life shows takes three months, and a month to bill it.
MONTHS_OF_A_LIFE = 3
Span = tuple[date, date]


class Member(Struct, frozen=True, kw_only=True):
    """A customer, all it will ever say, and the half-open spans in which it is served."""

    who: Customer
    acts: tuple[Act, ...]
    served: tuple[Span, ...]


class Company(Struct, frozen=True, kw_only=True):
    """The whole story before it happens."""

    size: Size
    members: tuple[Member, ...]

    def of(self, country: Country) -> tuple[Member, ...]:
        return tuple(one for one in self.members if one.who.country == country)


def company(size: Size, chance: Chance) -> Company:
    shares = [country for country in COUNTRIES for _ in range(country.share)]
    members = tuple(
        _member(number, shares[number * len(shares) // size.customers], size, chance)
        for number in range(size.customers)
    )
    return Company(size=size, members=members)


def _member(number: int, country: Country, size: Size, chance: Chance) -> Member:
    """Numbers of plans and lives share no divisor: every plan meets every life in time."""
    plan = DEALT[number % len(DEALT)]
    turn, is_ordinary = divmod(number, EVERY_OTHER)
    life = ordinary(chance) if is_ordinary else LIVES[turn % len(LIVES)]
    at = people.region(country.entity, number)
    who = Customer(
        name=f"{country.currency.lower()}{number + 1:04}",
        country=country,
        region=at,
        contact=people.contact(at, number),
        plan=plan,
        seats=chance.randrange(3, 60),
        annual=by_chance(chance, 20),
        start=FIRST if life in (pays_more, as_signed) else _joined(number, size, chance),
        weight=chance.randrange(1, 10),
        horizon=add_months(FIRST, size.months),
    )
    acts = tuple(act for act in life(who) if act.told < who.horizon)
    return Member(who=who, acts=acts, served=tuple(served(who, acts)))


def _joined(number: int, size: Size, chance: Chance) -> date:
    """Early enough to live a life; more and more come as the company grows."""
    months = max(1, size.months - MONTHS_OF_A_LIFE)
    month = max(chance.randrange(0, months), chance.randrange(0, months))
    start = add_months(FIRST, 0 if number % 8 == 0 else month)
    return start if by_chance(chance, 70) else start.replace(day=chance.randrange(2, 28))


def ordinary(chance: Chance) -> Life:
    """Renewed each year; a third take more seats at some time, a few leave after a year."""
    grows, more, when = by_chance(chance, 33), chance.randrange(1, 20), chance.randrange(20, 330)
    leaves, last = by_chance(chance, 12), chance.randrange(340, 520)

    def life(who: Customer) -> Acts:
        over = who.start + timedelta(days=last)
        end = over if leaves and over < who.horizon else None
        yield from yearly(structs.replace(who, horizon=end or who.horizon))
        on = who.start + timedelta(days=when)
        if grows and on < min(end or who.horizon, who.horizon):
            yield changed(who, on, "more seats", quantity=who.seats + more)
        if end is not None:
            yield said(who, end, "left", CancelSubscription(when=When(effective=end)))

    return life


def served(who: Customer, acts: tuple[Act, ...]) -> Iterator[Span]:
    """The days on which the first subscription is served, as far as what stands says so."""
    gone = {act.instead_of for act in acts if act.instead_of}
    stands = [act.command for act in acts if act.name not in gone and act.command is not None]
    begin, end = who.start, who.start
    stops: list[date] = []
    for command in stands:
        match command:
            case StartSubscription() if command.term_from == who.start:
                endless = command.term_to is None or command.renews_months is not None
                end = date.max if endless else command.term_to or date.max
            case RenewSubscription():
                end = max(end, command.term_to)
            case CancelSubscription():
                stops.append(command.when.effective)
            case PauseSubscription() | SuspendSubscription():
                yield begin, command.when.effective
                begin = command.when.effective
            case ResumeSubscription():
                begin = command.when.effective
            case _:
                pass
    yield begin, min([end, *stops])
