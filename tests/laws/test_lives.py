"""Whatever is said of a subscription, at every price model and meter, it keeps what is promised.

Which test proves which sentence: docs/explanation/the-ten-laws.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.accounting.documents import billed_lines
from domain.accounting.measure import measure
from domain.charge import Charge, stood
from domain.facts import Fact, When, timeline
from domain.master import master_data
from domain.meter import MeterDefined
from domain.price import PriceSet
from domain.pricing import PerUnit
from domain.service import PauseSubscription, ResumeSubscription
from domain.statement.documents import Bill
from domain.statement.spans import Period, Sale, carried_by, periods
from domain.statement.thresholds import reached
from domain.subscription import RenewSubscription
from tests.laws.billing_laws import bill_due, issued
from tests.laws.lives import (
    ANY_ACTS,
    DEAL,
    FIRST,
    LIFE_DAYS,
    START,
    THROUGH,
    Act,
    Catalogue,
    Life,
    act,
    always,
    charged,
    lives,
    opened,
    read,
    told,
    usage_row,
)

DAYS = st.integers(0, LIFE_DAYS).map(lambda days: START + timedelta(days))
NONE = Decimal(0)


# --- any order of arrival ---


def arrived_in(life: Life, wanted: Sequence[Fact]) -> Life:
    """The same facts in another order; of what corrects one fact each keeps its place."""
    roots: dict[int | None, int] = {}
    chains: dict[int, list[Fact]] = {}
    for one in life.facts:
        root = roots[one.position] = roots.get(one.corrects, one.position)
        chains.setdefault(root, []).append(one)
    queues = {root: iter(chain) for root, chain in chains.items()}
    order = [next(queues[roots[one.position]]) for one in wanted]
    places: dict[int | None, int] = {one.position: at for at, one in enumerate(order, start=1)}
    facts = [
        structs.replace(one, position=places[one.position], corrects=places.get(one.corrects))
        for one in order
    ]
    catalogue = structs.replace(life.catalogue, master=master_data(facts))
    return structs.replace(life, facts=facts, catalogue=catalogue)


@always(100)
@given(lives(), st.data())
def test_any_order_of_arrival_gives_the_same_charges(life: Life, data: st.DataObject) -> None:
    """Prices, meters, changes and their corrections, and batches of usage, all at once."""
    late = arrived_in(life, data.draw(st.permutations(life.facts)))
    batches = sorted({row.position for row in life.rows})
    moved = dict(zip(batches, data.draw(st.permutations(batches)), strict=True))
    rows = [structs.replace(row, position=moved[row.position]) for row in life.rows]

    found, _ = charged(late, data.draw(st.permutations(rows)))

    assert told(found) == told(charged(life)[0])


# --- usage is conserved ---


@always(100)
@given(lives())
def test_every_row_is_charged_or_pending_whatever_happens(life: Life) -> None:
    """By the row and by its quantity; where quantities add up, so do those of the charges."""
    charges, rated = charged(life)
    for meter in {row.meter for row in life.rows}:
        accepted = [row for row in life.rows if row.meter == meter]
        used = [row for one in rated.metered for row in one.rows if row.meter == meter]
        pending = [row for row in rated.pending if row.meter == meter]

        assert sum(row.rows for row in (*used, *pending)) == sum(row.rows for row in accepted)
        assert _sum(row.quantity for row in (*used, *pending)) == _sum(
            row.quantity for row in accepted
        )
        if meter == "added":
            of_meter = (one for one in charges if (one.kind, one.meter) == ("usage", meter))
            assert _sum(one.quantity for one in of_meter) == _sum(row.quantity for row in used)


def _sum(quantities: Iterable[Decimal]) -> Decimal:
    return sum(quantities, NONE)


# --- nothing ends in an error ---


@always(40)
@given(lives(acts=st.just([])), ANY_ACTS, st.integers(1, 4))
def test_any_sequence_of_acts_ends_in_charges_documents_and_revenue(
    life: Life, acts: list[Act], often: int
) -> None:
    """After each few acts it is billed; at the end nothing is left to bill, and nobody is parked.

    What is refused at the door is no fact. Whatever comes in has to be charged.
    """
    invoices: list[Fact] = []
    for place, doing in enumerate(acts):
        act(life, doing)
        if place % often == 0:
            _bill(life, invoices)
    _bill(life, invoices)

    last = _bill(life, invoices)
    assert last.documents == ()
    assert _billed(life, invoices) + sum(one.minor for one in last.carried) == _due(life)
    master = life.catalogue.master
    own = [one for one in life.facts if one.stream.startswith(("subscription:", "customer:"))]
    measure(DEAL, own, read(life, life.rows), master, "main", THROUGH)


def _bill(life: Life, invoices: list[Fact]) -> Bill:
    """The documents of a run, taken as issued."""
    facts = _with(life, invoices)
    bill = bill_due(facts, {"s1": read(life, life.rows)}, THROUGH)
    assert {one.reason for one in bill.carried} <= {"credit"}
    invoices.extend(issued(bill, facts))
    return bill


def _with(life: Life, invoices: list[Fact]) -> list[Fact]:
    """Documents stand behind all other facts: which of them came first means nothing."""
    begin = len(life.facts) + 1
    behind = enumerate(invoices, start=begin)
    return [*life.facts, *(structs.replace(one, position=place) for place, one in behind)]


def _billed(life: Life, invoices: list[Fact]) -> int:
    """But for what a level billed of a period that still runs: that waits for its period, whether
    or not the level is still passed.
    """
    rows = billed_lines(timeline(_with(life, invoices)))
    own = tuple(row for row in rows if row.line.subscription)
    sale = Sale(subscription="s1", charges=charged(life)[0], lines=own)
    ahead = [one for one in periods(sale) if one.is_ahead(THROUGH) and _has_levels(life, one)]
    waiting = sum(carried_by(row) for period in ahead for row in period.lines)
    return sum(carried_by(row) for row in rows) - waiting


def _has_levels(life: Life, period: Period) -> bool:
    versions = (life.catalogue.master.version(one.price) for one in period.charges)
    return any(one is not None and one.price.thresholds for one in versions)


def _due(life: Life) -> int:
    return sum(one.minor for one in charged(life)[0] if one.bill_on <= THROUGH)


def test_usage_after_a_stop_rests_on_what_resumed_service() -> None:
    """Of a year's usage the pause is why none came then, so the rest counts by the resumption."""
    when = When(effective=FIRST)
    yearly = PriceSet(
        when=when,
        currency="USD",
        model=PerUnit(unit_amount=Decimal(1)),
        meter="added",
        interval_months=12,
        bill="arrears",
    )
    facts, master = opened(
        ("meter:added", MeterDefined(when=when, aggregation="sum")), ("price:added", yearly)
    )
    life = Life(Catalogue(tuple(facts), master, ("added",)), facts)
    end = START + timedelta(180)
    life.start(end, "added")
    life.say(PauseSubscription(when=When(effective=START + timedelta(60))))
    life.say(ResumeSubscription(when=When(effective=START + timedelta(90))))
    life.say(RenewSubscription(when=When(effective=end), term_to=end + timedelta(180)))
    life.rows = [
        usage_row(place, "added", 24 * days, Decimal(5), {}, "UTC")
        for place, days in enumerate((30, 200))
    ]

    (charge,) = charged(life)[0]

    assert charge.minor == 10_00
    assert {fact.position for fact in life.own} <= set(charge.causes)


# --- a longer look ---


@always(100)
@given(lives(), DAYS)
def test_a_longer_look_changes_nothing_earlier(life: Life, day: date) -> None:
    """Tiers, bounds, commitments, discounts, levels: on a day stands what stood on that day."""
    early, _ = charged(life, [row for row in life.rows if row.day <= day])
    late, _ = charged(life)

    assert _stood(early, day) == _stood(late, day)
    assert _levels(life, early, day) == _levels(life, late, day)


def _stood(charges: Iterable[Charge], day: date) -> dict[object, int]:
    """What the charges that depend on usage stood at by the end of a day."""
    sums: Counter[object] = Counter()
    for one in charges:
        place = (one.item, one.kind, one.price, one.group, one.discount, one.period.start)
        sums[place] += stood(one.marks, day)
    return {place: minor for place, minor in sums.items() if minor}


def _levels(life: Life, charges: tuple[Charge, ...], day: date) -> list[object]:
    sale = Sale(subscription="s1", charges=charges)
    return [*reached(sale, life.catalogue.master, day)]
