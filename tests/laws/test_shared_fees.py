"""Fees paid upfront in a shared subscription: the engine against the slow reference of shares.

What a fee is for may come later, stop, be sold at prices of its own or never be sold at all. Each
life has a fee of its term and any acts on what is sold beside it.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.accounting.curves import standing
from domain.accounting.measure import measure
from domain.calendar import ONE_DAY
from domain.facts import When
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import PerUnit
from domain.service import GrantAccess, PauseSubscription, ResumeSubscription
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    ItemChange,
)
from tests.laws.lives import DEAL, FIRST, Catalogue, Life, always, opened
from tests.laws.reference import Amount, World, recurring, stands
from tests.laws.shares import shared
from tests.laws.time_laws import causes_unasked

START = date(2024, 1, 1)
THROUGH = date(2027, 12, 31)
FEE: dict[str, Any] = {"once": True, "proration": "none", "upfront": True}
ONCE: dict[str, Any] = {"once": True, "pattern": "point-in-time"}
PRICES: dict[str, dict[str, Any]] = {
    "fee": {"model": PerUnit(unit_amount=Decimal(731)), **FEE},
    "joining": {"model": PerUnit(unit_amount=Decimal("50.05")), **FEE},
    "whole": {"model": PerUnit(unit_amount=Decimal(31)), "ssp": Decimal(31)},
    "cheap": {"model": PerUnit(unit_amount=Decimal(10)), "ssp": Decimal("33.33")},
    "training": {"model": PerUnit(unit_amount=Decimal(7)), "ssp": Decimal(90), **ONCE},
    "calls": {"model": PerUnit(unit_amount=Decimal(1)), "meter": "calls"},
}
KINDS = ("add", "add", "add", "remove", "pause", "resume", "cancel", "access")
Act = tuple[str, int, int]


def said(kind: str, day: date, random: Random) -> Any:
    late = timedelta(random.choice((0, 0, 0, 40)))
    when, item = When(effective=day, agreed_on=day + late), random.choice(tuple(PRICES))
    match kind:
        case "add":
            sold = ItemChange(item=item, price=item, quantity=Decimal(random.choice((1, 1, 3))))
            return AmendSubscription(when=when, items=(sold,))
        case "remove":
            how: dict[str, Any] = {
                "refund": random.choice(("none", "prorated", "full")),
                "timing": random.choice(("now", "period-end")),
            }
            change = ItemChange(item=item, removed=True, **how)
            return AmendSubscription(when=when, items=(change,))
        case "pause":
            return PauseSubscription(when=when)
        case "resume":
            return ResumeSubscription(when=when)
        case "cancel":
            return CancelSubscription(when=when, refund=random.choice(("none", "prorated", "full")))
        case _:
            return GrantAccess(when=When(effective=day), item=random.choice((None, item)))


def life_of(by: str, days: int, items: list[str], renews: int | None, acts: list[Act]) -> Life:
    rows = [
        (f"price:{name}", PriceSet(when=When(effective=FIRST), currency="USD", **how))
        for name, how in PRICES.items()
    ]
    policy = PolicyAdopted(when=When(effective=FIRST), options=Options(ratable_by=by))  # type: ignore[arg-type]
    facts, master = opened(("policy:main", policy), *rows)
    life = Life(Catalogue(tuple(facts), master, ()), facts)
    life.start(START + timedelta(days), "fee", *items, renews_months=renews)
    for kind, after, pick in acts:
        life.say(said(kind, START + timedelta(after), Random(pick)))
    return life


@always(200)
@given(
    st.sampled_from(("day", "month")),
    st.sampled_from((91, 200, 366)),
    st.lists(st.sampled_from(tuple(PRICES)[1:]), max_size=2, unique=True),
    st.sampled_from((None, None, 6)),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 400), st.integers(0, 2**16))),
)
def test_a_fee_is_earned_with_what_it_is_for_whatever_comes(
    by: str, days: int, items: list[str], renews: int | None, acts: list[Act]
) -> None:
    life = life_of(by, days, items, renews, acts)
    own, world = life.own, World(life.facts, (), "main")
    expected = _expected(world, by)

    with causes_unasked():
        found = measure(DEAL, own, (), life.catalogue.master, "main", THROUGH)

    flows = [one for one in found.flows if one.kind == "release"]
    ends = [START + n * ONE_DAY for n in range(0, 900, 7)]
    for item in sorted({item for item, _ in expected} | {one.subject for one in flows}):
        mine = [amount for own, amount in expected if own == item]
        for day in ends:
            measured = sum(standing(one.curve, day) for one in flows if one.subject == item)
            assert measured == sum(stands(one, day) for one in mine), (item, day)


def _expected(world: World, by: str) -> list[tuple[str, Amount]]:
    own = [one for one in world.facts if one.stream == DEAL]
    named = {change.price for one in own for change in getattr(one.event, "items", ())}
    if any(how.get("ssp") for name, how in PRICES.items() if name in named):
        return [(one.item, one.amount) for one in shared(world, own, by)]
    return recurring(world, own, by)
