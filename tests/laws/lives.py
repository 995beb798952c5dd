"""Lives of one subscription at every price model and meter, and what may be said of it.

A life is drawn as a list of acts, so what fails shrinks to the acts that matter. Each act is a row
of `ACTS`: a kind of act is added there. What is refused at the door is no part of the life; what
comes in has to end in charges.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct, field, structs

from domain.aggregation import added_up
from domain.anchor import ChangeBillingAnchor
from domain.billing_options import BillingOptions
from domain.books import BookOpened
from domain.calendar import months
from domain.charge import Charge
from domain.charges import all_charges
from domain.deciders import decider_of
from domain.discount import GrantDiscount, WithdrawDiscount
from domain.entity import CalendarDefined, EntityOpened
from domain.errors import Malformed, Rejected
from domain.facts import Context, Event, Fact, Retracted, When, timeline
from domain.master import MasterData, master_data
from domain.meter import MeterDefined
from domain.party import CustomerRegistered, registered
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import Model, PerUnit
from domain.pricing.commitment import Commitment
from domain.pricing.prepaid import Prepaid
from domain.rating import RatedUsage, rate_usage
from domain.service import (
    GrantAccess,
    PauseSubscription,
    ResumeSubscription,
    SuspendSubscription,
    WithdrawAccess,
)
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    RenewSubscription,
    StartSubscription,
)
from domain.terms import Terms, horizon, terms
from domain.usage import UsageDay
from store.timeline import Timeline
from tests.domain.pricing.models import (
    ANY_QUANTITY_MODEL,
    READING_MODELS,
    REGIONS,
    STEPS,
    WHOLE_MODELS,
)

FIRST, START = date(2023, 1, 1), date(2024, 1, 31)
# Every fact and row falls before, and all that is agreed is due.
THROUGH = date(2027, 12, 31)
DEAL = "subscription:s1"
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin")
# Each kind of meter there is, those of a level that goes on among them.
METERS: dict[str, dict[str, Any]] = {
    "added": {"aggregation": "sum"},
    "counted": {"aggregation": "count"},
    "highest": {"aggregation": "max"},
    "distinct": {"aggregation": "unique-count", "property": "region"},
    "last": {"aggregation": "latest"},
    "over-time": {"aggregation": "time-weighted-sum"},
    "stated": {"aggregation": "time-weighted-sum", "weighted_by": "share"},
    "level": {"aggregation": "sum", "recurring": True},
    "peak": {"aggregation": "max", "recurring": True},
    "present": {"aggregation": "unique-count", "property": "region", "recurring": True},
    "level-over-time": {"aggregation": "time-weighted-sum", "recurring": True},
}
SOLD_FLAT = ("seats", "site")


class Catalogue(Struct, frozen=True):
    """Facts of an entity that sells: its calendar, meters and prices."""

    facts: tuple[Fact, ...]
    master: MasterData
    metered: tuple[str, ...]


class Life(Struct):
    """What is known of a subscription, in order of arrival, and the rows of its usage."""

    catalogue: Catalogue
    facts: list[Fact] = field(default_factory=list)
    rows: list[UsageDay] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def __repr__(self) -> str:
        """What a failing example has to say: the prices, what was said of the deal, the rows."""
        sold = [one.event for one in self.facts if one.stream.startswith("price:")]
        said = [(one.position, one.corrects, one.event) for one in self.own]
        rows = [(r.meter, str(r.at), r.rows, r.quantity, r.dimensions) for r in self.rows]
        return f"prices {sold}\nsaid {said}\nrows {rows}"

    @property
    def own(self) -> list[Fact]:
        return [one for one in self.facts if one.stream == DEAL]

    def start(self, to: date | None, *items: str, renews_months: int | None = None) -> None:
        """Items that are named as their prices, from the first day on that there is."""
        self.say(
            StartSubscription(
                when=When(effective=START),
                customer="c1",
                currency="USD",
                term_from=START,
                term_to=to,
                renews_months=renews_months,
                items=tuple(Item(item=name, price=name) for name in items),
            )
        )

    def say(self, command: Any, corrects: int | None = None) -> None:
        """What a command makes true; nothing if it is refused at the door."""
        stream, decider = Timeline(self.own), decider_of(DEAL)
        try:
            if command is None:
                assert corrects is not None
                events: tuple[Event, ...] = (Retracted(when=stream.retractable(corrects).when),)
            else:
                target = None if corrects is None else stream.correctable(corrects)
                context = Context(stream=DEAL, replaces=None if target is None else target.event)
                events = decider.decide(command, stream.state(decider, without=corrects), context)
                if target is not None:
                    events = tuple(_ordered(event, target.when.order) for event in events)
        except (Rejected, Malformed) as refusal:
            self.refused[refusal.code] += 1
            return
        for event in events:
            self.facts.append(fact(self.facts, DEAL, event, corrects))


def _ordered(event: Event, order: int | None) -> Event:
    return structs.replace(event, when=structs.replace(event.when, order=order))


def fact(facts: Sequence[Fact], stream: str, event: Event, corrects: int | None = None) -> Fact:
    """The next fact of a log."""
    version = 1 + sum(one.stream == stream for one in facts)
    place = len(facts) + 1
    if event.when.order is None:
        event = _ordered(event, version)
    return Fact(
        entity="acme",
        position=place,
        stream=stream,
        version=version,
        event=event,
        recorded_at=datetime(2024, 1, 1, tzinfo=UTC),
        command_id=f"k{place}",
        actor="ann",
        corrects=corrects,
    )


# --- the catalogue ---

# Of any precision, and as price lists have them.
QUANTITY_PRICES = st.one_of(*WHOLE_MODELS.values(), ANY_QUANTITY_MODEL)
OPTIONS = st.builds(
    BillingOptions,
    factor_places=st.sampled_from((None, 3)),
    prorated_part=st.sampled_from(("used", "unused")),
    cancellation_day=st.sampled_from(("not-served", "served")),
    change_lines=st.sampled_from(("net", "separate")),
    rounding=st.sampled_from(("period", "line")),
    shortfall=st.sampled_from(("at-end", "ratable")),
    trial_usage=st.sampled_from(("billed", "free")),
)


def models_of(meter: str) -> st.SearchStrategy[Model]:
    """Prices that know what to do with a meter's usage."""
    if METERS[meter]["aggregation"] == "time-weighted-sum":
        weighed = (READING_MODELS["matrix"], READING_MODELS["prorated-graduated"])
        return st.one_of(QUANTITY_PRICES, *weighed)
    return st.one_of(QUANTITY_PRICES, *READING_MODELS.values())


@st.composite
def prices(draw: st.DrawFn, meter: str | None) -> PriceSet:
    model = draw(QUANTITY_PRICES if meter is None else models_of(meter))
    intervals: list[dict[str, Any]] = [
        {"interval_months": 1},
        {"interval_months": 3},
        {"interval_months": 12},
        {"interval_days": 7},
        {"once": True} if meter is None else {"interval_days": 30},
    ]
    low, high = sorted(draw(st.tuples(st.integers(0, 500), st.integers(0, 5000))))
    bounds = draw(st.sampled_from(({}, {}, {"minimum": low}, {"maximum": high})))
    more: dict[str, Any] = {name: Decimal(amount) for name, amount in bounds.items()}
    if meter is None:
        more["bill"] = draw(st.sampled_from(("advance", "arrears")))
        more["proration"] = draw(st.sampled_from(("day", "day", "second", "thirty-days", "none")))
        more["trial_days"] = draw(st.sampled_from((0, 0, 10)))
    else:
        more["bill"] = "arrears"
        more["group_by"] = draw(st.sampled_from(((), (), ("region",))))
        more["thresholds"] = draw(st.sampled_from(((), (Decimal(50), Decimal(500)))))
    return PriceSet(
        when=When(effective=FIRST),
        currency="USD",
        model=model,
        meter=meter,
        options=draw(OPTIONS),
        **draw(st.sampled_from(intervals)),
        **more,
    )


def opened(*more: tuple[str, Event]) -> tuple[list[Fact], MasterData]:
    """The facts of an entity with its books and customer, and of what it sells."""
    when, facts = When(effective=FIRST), list[Fact]()
    said: list[tuple[str, Event]] = [
        ("entity:self", EntityOpened(when=when, name="Acme", functional_currency="USD")),
        ("entity:self", CalendarDefined(when=when, periods=months(FIRST, 120))),
        ("book:main", BookOpened(when=when, name="main")),
        ("policy:main", PolicyAdopted(when=when, options=Options(ratable_by="day"))),
        ("customer:c1", CustomerRegistered(when=when, currency="USD")),
        *more,
    ]
    for stream, event in said:
        facts.append(fact(facts, stream, event))
    return facts, master_data(facts)


@st.composite
def packs(draw: st.DrawFn) -> PriceSet:
    """Credits bought ahead, of each month, each quarter or the whole term."""
    expiry = draw(st.sampled_from(("expires_months", "expires_days", None)))
    lapses = {} if expiry is None else {expiry: draw(st.integers(1, 40))}
    credited = draw(st.none() | st.integers(1, 2000).map(Decimal))
    price = PriceSet(
        when=When(effective=FIRST),
        currency="USD",
        model=Prepaid(amount=draw(st.integers(1, 500).map(Decimal)), credits=credited, **lapses),
        interval_months=draw(st.sampled_from((1, 3))),
    )
    return draw(st.sampled_from((price, structs.replace(price, interval_months=1, once=True))))


@st.composite
def catalogues(draw: st.DrawFn, *, meters: Sequence[str] = tuple(METERS)) -> Catalogue:
    """Two prices of a quantity, a commitment, and prices of a few meters; some change later."""
    metered = draw(st.lists(st.sampled_from(meters), min_size=1, max_size=3, unique=True))
    said: list[tuple[str, Event]] = [
        (f"meter:{name}", MeterDefined(when=When(effective=FIRST), **METERS[name]))
        for name in metered
    ]
    sold = [*((name, None) for name in SOLD_FLAT), *((name, name) for name in metered)]
    for name, meter in sold:
        said.append((f"price:{name}", draw(prices(meter))))
        if draw(st.integers(0, 4)) == 0:
            later = When(effective=START + timedelta(draw(st.integers(0, 300))))
            said.append((f"price:{name}", structs.replace(draw(prices(meter)), when=later)))
    other = PriceSet(
        when=When(effective=FIRST), currency="USD", model=PerUnit(unit_amount=Decimal(7))
    )
    promised = structs.replace(
        other, model=Commitment(amount=draw(st.integers(1, 3000).map(Decimal)))
    )
    said += [("price:other", other), ("price:promise", promised), ("price:pack", draw(packs()))]
    facts, master = opened(*said)
    return Catalogue(tuple(facts), master, tuple(metered))


# --- what may be said ---


def _amend(day: date, *changes: ItemChange, at: datetime | None = None) -> AmendSubscription:
    return AmendSubscription(when=When(effective=day, at=at), items=changes)


def _quantity(life: Life, day: date, random: Random) -> Any:
    del life
    timing = random.choice(("now", "now", "period-end"))
    quantity, item = Decimal(random.randint(0, 20)), random.choice(SOLD_FLAT)
    at = datetime.combine(day, time(random.randrange(24), 30), UTC) if timing == "now" else None
    return _amend(day, ItemChange(item=item, quantity=quantity, timing=timing), at=at)


def _price(life: Life, day: date, random: Random) -> Any:
    del life
    timing = random.choice(("now", "now", "period-end"))
    price = random.choice((*SOLD_FLAT, "other"))
    return _amend(day, ItemChange(item="seats", price=price, timing=timing))


def _add(life: Life, day: date, random: Random) -> Any:
    name = random.choice((*life.catalogue.metered, "promise", "other", "pack"))
    return _amend(day, ItemChange(item=random.choice((name, "more")), price=name))


def _remove(life: Life, day: date, random: Random) -> Any:
    item = random.choice((*SOLD_FLAT, *life.catalogue.metered, "promise", "pack"))
    refund, timing = (
        random.choice(("none", "prorated", "full")),
        random.choice(("now", "period-end")),
    )
    return _amend(day, ItemChange(item=item, removed=True, refund=refund, timing=timing))


def _renew(life: Life, day: date, random: Random) -> Any:
    del life
    until = day + timedelta(random.choice((31, 180, 366)))
    return RenewSubscription(when=When(effective=day), term_to=until)


def _cancel(life: Life, day: date, random: Random) -> Any:
    del life
    return CancelSubscription(
        when=When(effective=day),
        refund=random.choice(("none", "prorated", "full")),
        timing=random.choice(("effective", "effective", "period-end")),
    )


def _suspend(life: Life, day: date, random: Random) -> Any:
    del life
    return SuspendSubscription(
        when=When(effective=day), billing=random.choice(("continues", "stops"))
    )


def _anchor(life: Life, day: date, random: Random) -> Any:
    del life
    return ChangeBillingAnchor(
        when=When(effective=day),
        anchor_day=random.randint(1, 31),
        alignment=random.choice(("anniversary", "anniversary", "calendar")),
        running_period=random.choice(("kept", "cut")),
    )


def _grant(life: Life, day: date, random: Random) -> Any:
    del life
    how: dict[str, Any] = random.choice(
        ({"percent": Decimal("33.3")}, {"amount": Decimal("12.34")}, {"percent": Decimal(100)})
    )
    return GrantDiscount(
        when=When(effective=day),
        discount=random.choice(("launch", "loyal")),
        items=random.choice(((), ("seats",))),
        periods=random.choice((None, 1, 3)),
        order=random.randint(0, 2),
        **how,
    )


def _access(life: Life, day: date, random: Random) -> Any:
    del life
    kind = random.choice((GrantAccess, WithdrawAccess))
    return kind(when=When(effective=day), item=random.choice((None, "seats")))


ACTS: dict[str, Callable[[Life, date, Random], Any]] = {
    "quantity": _quantity,
    "price": _price,
    "add": _add,
    "remove": _remove,
    "renew": _renew,
    "cancel": _cancel,
    "pause": lambda _, day, __: PauseSubscription(when=When(effective=day)),
    "suspend": _suspend,
    "resume": lambda _, day, __: ResumeSubscription(when=When(effective=day)),
    "anchor": _anchor,
    "grant": _grant,
    "withdraw": lambda _, day, random: WithdrawDiscount(
        when=When(effective=day), discount=random.choice(("launch", "loyal"))
    ),
    "access": _access,
}
# How often an act is drawn beside the others: what needs another before it is refused mostly.
WEIGHTS = {"quantity": 2, "pause": 2, "resume": 2, "grant": 3}
# As many times as many lives as a run of the suite takes.
TIMES = int(os.environ.get("TIEOUT_LIVES_TIMES", "1"))


def always(examples: int) -> settings:
    """The same lives at every run, so that no run fails by chance; a longer one draws more."""
    return settings(max_examples=examples * TIMES, derandomize=True)


# What is said again: of an earlier fact, that it never was, or that it was another one.
AGAIN = ("undo", "correct")
Act = tuple[str, int, int]
LIFE_DAYS = 500
ANY_ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            (*(kind for kind in ACTS for _ in range(WEIGHTS.get(kind, 1))), *AGAIN, *AGAIN)
        ),
        st.integers(0, LIFE_DAYS),
        st.integers(0, 2**16),
    ),
    max_size=16,
)
ROWS_MOST = 30


def act(life: Life, doing: Act) -> None:
    """Say one thing more. What is undone or corrected is any fact of the deal but its start."""
    kind, days, pick = doing
    random, day = Random(pick), START + timedelta(days)
    if kind not in AGAIN:
        life.say(ACTS[kind](life, day, random))
        return
    said = life.own[1:]
    if not said:
        return
    target = random.choice(said)
    if kind == "undo":
        life.say(None, corrects=target.position)
        return
    life.say(ACTS[random.choice(tuple(ACTS))](life, day, random), corrects=target.position)


@st.composite
def starts(draw: st.DrawFn, catalogue: Catalogue) -> StartSubscription:
    endless, renews = draw(st.sampled_from(((True, None), (False, None), (False, 3), (False, 12))))
    flat = [Item(item=name, price=name, quantity=Decimal(3)) for name in SOLD_FLAT]
    more = [Item(item=name, price=name) for name in ("promise", "pack") if draw(st.booleans())]
    return StartSubscription(
        when=When(effective=START),
        customer="c1",
        currency="USD",
        term_from=START,
        term_to=None if endless else START + timedelta(draw(st.sampled_from((91, 366)))),
        items=(*flat, *more, *(Item(item=name, price=name) for name in catalogue.metered)),
        zone=draw(st.sampled_from(ZONES)),
        anchor_day=draw(st.none() | st.integers(1, 31)),
        renews_months=renews,
        alignment=draw(st.sampled_from(("anniversary", "calendar"))),
        trial_to=draw(st.sampled_from((None, None, START + timedelta(9)))),
    )


# --- usage ---


@st.composite
def usage(draw: st.DrawFn, catalogue: Catalogue, zone: str) -> list[UsageDay]:
    """Rows of a few batches, some of them taken out again and stated anew by later ones."""
    found: list[UsageDay] = []
    # From a number, or most rows would be of the first hours and of nothing.
    random = Random(draw(st.integers(0, 2**32)))
    for number in range(draw(st.integers(0, ROWS_MOST))):
        meter = random.choice((*catalogue.metered * 3, "unknown"))
        hours = random.randint(-20, LIFE_DAYS) * 24 + random.randint(0, 23)
        quantity = Decimal(random.choice(("1", "2", "12", "0.5", "100.125", "40", "-1")))
        region, step = random.choice(REGIONS), random.choice(STEPS)
        then = random.choice(("keep", "keep", "keep", "retract", "correct"))
        row = usage_row(number, meter, hours, quantity, {"region": region, "milestone": step}, zone)
        found.append(row)
        if then == "keep":
            continue
        later = number + 5000
        found.append(
            structs.replace(row, position=later, rows=-1, quantity=row.quantity.copy_negate())
        )
        if then == "correct":
            found.append(structs.replace(row, position=later, quantity=row.quantity + 3))
    return found


def usage_row(
    number: int, meter: str, hours: int, quantity: Decimal, dimensions: dict[str, str], zone: str
) -> UsageDay:
    at = datetime.combine(START, time(5), UTC) + timedelta(hours=hours)
    return UsageDay(
        subscription="s1",
        meter=meter,
        day=at.astimezone(ZoneInfo(zone)).date(),
        position=1000 + number // 3,
        rows=1,
        quantity=quantity,
        at=at,
        event=f"app|e{number}",
        dimensions=tuple(sorted((dimensions | {"share": str(abs(quantity) / 2)}).items())),
    )


@st.composite
def lives(
    draw: st.DrawFn, *, acts: st.SearchStrategy[list[Act]] = ANY_ACTS, meters: Sequence[str] = ()
) -> Life:
    """A subscription as started, all that was said of it since, and its usage."""
    catalogue = draw(catalogues(meters=meters) if meters else catalogues())
    start = draw(starts(catalogue))
    life = Life(catalogue, list(catalogue.facts))
    life.say(start)
    for doing in draw(acts):
        act(life, doing)
    life.rows = draw(usage(catalogue, start.zone))
    return life


# --- what it comes to ---


def sold_of(life: Life, rows: Iterable[UsageDay]) -> Terms:
    in_order = timeline(life.facts)
    own = [one for one in in_order if one.stream == DEAL]
    found = terms(own, life.catalogue.master.prices, horizon(THROUGH, rows), registered(in_order))
    assert found is not None
    return found


def read(life: Life, rows: Iterable[UsageDay]) -> tuple[UsageDay, ...]:
    """Rows as the store hands them out."""
    return added_up(rows, life.catalogue.master.by_row)


def charged(
    life: Life, rows: Sequence[UsageDay] | None = None
) -> tuple[tuple[Charge, ...], RatedUsage]:
    """Everything that is charged, and what usage came to."""
    usage = read(life, life.rows if rows is None else rows)
    sold = sold_of(life, usage)
    rated = rate_usage(usage, sold, life.catalogue.master)
    return all_charges(sold, life.catalogue.master.prices, rated.charges), rated


def told(charges: Iterable[Charge]) -> list[tuple[object, ...]]:
    """What a charge says, but for which facts it rests on."""
    return sorted(
        (
            one.item,
            one.kind,
            one.price,
            one.group,
            one.discount,
            one.start,
            one.end,
            one.period.start,
            one.period.end,
            one.minor,
            one.bill_on,
            one.quantity,
            one.marks,
        )
        for one in charges
    )
