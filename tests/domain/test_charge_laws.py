"""Laws of discounts, maximums, minimums and commitments, on drawn deals with usage."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from domain.accounting.curves import standing
from domain.accounting.subscriptions import subscription_revenue
from domain.billing_options import BillingOptions
from domain.charge import Charge, stood
from domain.charges import all_charges
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.facts import Event, Fact, When, timeline
from domain.master import MasterData, master_data
from domain.meter import MeterDefined
from domain.party import CustomerRegistered, registered
from domain.pricing import Commitment, Flat, Graduated, Model, PerUnit, Tier
from domain.rating import rate_usage
from domain.subscription import Item, ItemChange, SubscriptionAmended, SubscriptionCancelled
from domain.terms import horizon, terms
from domain.usage import UsageDay
from tests.domain.charging import price, started
from tests.domain.given import fact

BEGIN, END = date(2024, 1, 10), date(2024, 5, 20)
DAYS = (END - BEGIN).days
ITEMS = ("flat", "seat", "calls", "more")
ADDITIVE: list[Model] = [PerUnit(unit_amount=Decimal("0.37")), PerUnit(unit_amount=Decimal(5))]
TIERED = Graduated(
    tiers=(Tier(unit_amount=Decimal(3), up_to=Decimal(10)), Tier(unit_amount=Decimal("0.5")))
)


class Deal(Struct, frozen=True):
    """Prices, what happens to the subscription from its start on, and usage."""

    master: MasterData
    customer: Fact
    events: tuple[Event, ...]
    rows: tuple[UsageDay, ...]

    def own(self, seed: int | None = None) -> list[Fact]:
        """The facts of the subscription, recorded in some order; each has its own place in time."""
        turn = [*enumerate(self.events, start=1)]
        if seed is not None:
            Random(seed).shuffle(turn)
        ordered = [
            structs.replace(event, when=structs.replace(event.when, order=order))
            for order, event in turn
        ]
        return [
            fact(place, stream="subscription:s", event=event)
            for place, event in enumerate(ordered, start=10)
        ]

    def charges(self, seed: int | None = None) -> tuple[Charge, ...]:
        rows = [*self.rows]
        if seed is not None:
            Random(seed).shuffle(rows)
        known = timeline([self.customer, *self.own(seed)])
        own = [one for one in known if one.stream != "customer:c"]
        folded = terms(own, self.master.prices, horizon(END, rows), registered(known))
        assert folded is not None
        used = rate_usage(rows, folded, self.master).charges
        return all_charges(folded, self.master.prices, used)

    def earned(self, day: date) -> dict[str, int]:
        """What revenue each item has by the end of a day."""
        known = timeline([self.customer, *self.own()])
        flows = subscription_revenue(known, self.rows, (), self.master, "ifrs", END).flows
        found: Counter[str] = Counter()
        for flow in flows:
            found[flow.obligation] += standing(flow.curve, day)
        return {item: minor for item, minor in found.items() if minor}


# --- what is drawn -------------------------------------------------------------------------------

days = st.integers(0, DAYS - 1).map(lambda count: BEGIN + timedelta(days=count))
amounts = st.sampled_from([Decimal("0.99"), Decimal(7), Decimal(100), Decimal(1000)])
optional = st.none() | amounts


@st.composite
def bounded(draw: st.DrawFn, model: Model, **more: object) -> object:
    least, most = sorted((draw(amounts), draw(amounts)))
    options = BillingOptions(shortfall=draw(st.sampled_from(["at-end", "ratable"])))
    return price(
        model,
        minimum=draw(st.sampled_from([None, least])),
        maximum=draw(st.sampled_from([None, None, most])),
        interval_months=draw(st.sampled_from([1, 1, 3])),
        options=options,
        **more,
    )


@st.composite
def grants(draw: st.DrawFn, name: str) -> DiscountGranted:
    percent = draw(st.none() | st.sampled_from([Decimal(10), Decimal("33.3"), Decimal(100)]))
    return DiscountGranted(
        when=When(effective=draw(days)),
        discount=name,
        percent=percent,
        amount=draw(amounts) if percent is None else None,
        items=draw(st.sampled_from([(), ("flat",), ("calls", "seat")])),
        periods=draw(st.sampled_from([None, None, 1, 2])),
        order=draw(st.integers(0, 2)),
    )


@st.composite
def changes(draw: st.DrawFn, day: date) -> Event:
    kind = draw(st.sampled_from(["quantity", "quantity", "price", "remove", "cancel", "withdraw"]))
    when = When(effective=day)
    match kind:
        case "quantity":
            quantity = Decimal(draw(st.integers(1, 9)))
            change = ItemChange(item=draw(st.sampled_from(["seat", "promise"])), quantity=quantity)
        case "price":
            change = ItemChange(item="flat", price=draw(st.sampled_from(["flat", "other"])))
        case "remove":
            refund = draw(st.sampled_from(["none", "prorated"]))
            name = draw(st.sampled_from([*ITEMS, "promise"]))
            change = ItemChange(item=name, removed=True, refund=refund)
        case "withdraw":
            return DiscountWithdrawn(when=when, discount="one")
        case _:
            refund = draw(st.sampled_from(["none", "prorated"]))
            return SubscriptionCancelled(when=when, refund=refund)
    return SubscriptionAmended(when=when, items=(change,))


@st.composite
def deals(draw: st.DrawFn, *, additive: bool = False) -> Deal:
    models = st.sampled_from(ADDITIVE if additive else [*ADDITIVE, TIERED])
    covers = draw(st.sampled_from([(), ("flat", "calls")]))
    by_name = {
        "flat": draw(bounded(Flat(amount=Decimal(31)))),
        "other": draw(bounded(Flat(amount=Decimal("12.34")))),
        "seat": draw(bounded(PerUnit(unit_amount=Decimal("9.99")))),
        "calls": draw(bounded(draw(models), meter="calls")),
        "more": draw(bounded(draw(models), meter="calls", where={"kind": ("more",)})),
        "promise": price(Commitment(amount=draw(amounts), covers=covers)),
    }
    stated = [
        fact(1, stream="meter:calls", event=MeterDefined(when=AT, aggregation="sum")),
        *(
            fact(2 + place, stream=f"price:{name}", event=one)  # type: ignore[arg-type]
            for place, (name, one) in enumerate(by_name.items())
        ),
    ]
    items = tuple(Item(item=name, price=name) for name in (*ITEMS, "promise"))
    begun = started(BEGIN, END, items=items, alignment=draw(st.sampled_from(ALIGNED)))
    some = [draw(grants(name)) for name in draw(st.sampled_from([(), ("one",), ("one", "two")]))]
    happens = [draw(changes(draw(days))) for _ in range(draw(st.integers(0, 3)))]
    registered_ = CustomerRegistered(when=AT, currency="USD")
    return Deal(
        master_data(stated),
        fact(9, stream="customer:c", event=registered_),
        (begun, *some, *happens),
        tuple(draw(st.lists(rows(), max_size=6))),
    )


AT = When(effective=date(2000, 1, 1))
ALIGNED = ["anniversary", "calendar"]


@st.composite
def rows(draw: st.DrawFn) -> UsageDay:
    kind = draw(st.sampled_from([(), (("kind", "more"),)]))
    quantity = Decimal(draw(st.integers(1, 2000))) / draw(st.sampled_from([1, 8]))
    return row(draw(days), quantity, kind)


def row(day: date, quantity: Decimal, kind: tuple[tuple[str, str], ...]) -> UsageDay:
    return UsageDay(
        subscription="s",
        meter="calls",
        day=day,
        position=100,
        rows=1,
        quantity=quantity,
        dimensions=kind,
        event=f"{day}{quantity}{kind}",
    )


def told(charges: Sequence[Charge]) -> list[tuple[object, ...]]:
    return sorted(
        (
            one.kind,
            one.item,
            one.price,
            one.discount,
            one.start,
            one.end,
            one.minor,
            one.running_minor,
            one.bill_on,
            one.marks,
        )
        for one in charges
    )


# A deal takes longer to draw than to charge.
FEW = settings(max_examples=15)

# --- the laws ------------------------------------------------------------------------------------


@FEW
@given(deals(additive=True), st.integers(0, 5))
def test_usage_split_in_two_is_charged_the_same(deal: Deal, place: int) -> None:
    if not deal.rows:
        return
    cut = deal.rows[place % len(deal.rows)]
    one, other = (row(cut.day, cut.quantity * part / 4, cut.dimensions) for part in (1, 3))
    rest = tuple(each for each in deal.rows if each is not cut)

    split = structs.replace(deal, rows=(*rest, one, other))

    assert told(split.charges()) == told(deal.charges())


@FEW
@given(deals(), st.integers(0, 99))
def test_any_order_of_arrival_gives_the_same_charges(deal: Deal, seed: int) -> None:
    assert told(deal.charges(seed)) == told(deal.charges())


@FEW
@given(deals(), days)
def test_usage_that_comes_later_moves_nothing_that_stood_before(deal: Deal, day: date) -> None:
    early = structs.replace(deal, rows=tuple(each for each in deal.rows if each.day <= day))

    found, expected = _standing(early.charges(), day), _standing(deal.charges(), day)

    assert found == expected


def _standing(charges: Sequence[Charge], day: date) -> dict[object, int]:
    """What stands of usage, of what is taken off it and of what it falls short of."""
    found: Counter[object] = Counter()
    for one in charges:
        if one.marks:
            found[one.kind, one.item, one.price, one.discount, one.period] += stood(one.marks, day)
    return {key: minor for key, minor in found.items() if minor}


@FEW
@given(deals(), days, st.data())
def test_a_change_moves_nothing_that_was_earned_before_it(
    deal: Deal, day: date, data: st.DataObject
) -> None:
    later = data.draw(changes(day))
    # What a period falls short of is earned on its last day, and a change may be what ends it.
    before = day - timedelta(days=2)
    events = tuple(event for event in deal.events if event.when.effective <= day)
    deal = structs.replace(deal, events=events)

    changed = structs.replace(deal, events=(*events, later))

    assert changed.earned(before) == deal.earned(before)


@FEW
@given(deals())
def test_no_more_is_taken_off_than_was_charged(deal: Deal) -> None:
    charges = deal.charges()
    left: Counter[object] = Counter()
    for one in charges:
        if one.kind != "commitment":
            left[one.item, one.price, one.period, one.start, one.group] += one.minor

    assert all(minor >= 0 for minor in left.values())
    assert all(one.minor >= 0 for one in charges if one.kind == "commitment")
    assert all(value <= 0 for one in charges if one.discount for _, value in one.marks)


@FEW
@given(deals())
def test_an_amount_is_taken_off_once_in_a_billing_period(deal: Deal) -> None:
    granted = {one.discount: one for one in deal.events if isinstance(one, DiscountGranted)}
    taken: Counter[tuple[str, date, date]] = Counter()
    for one in deal.charges():
        if one.discount in granted:
            taken[one.discount, one.period.start, one.period.end] -= one.minor

    for (name, *_), minor in taken.items():
        amount = granted[name].amount
        assert amount is None or minor <= amount * 100


@FEW
@given(deals())
def test_what_is_charged_is_never_above_the_maximum_of_its_price(deal: Deal) -> None:
    net: Counter[tuple[str, date]] = Counter()
    for one in deal.charges():
        if one.kind != "commitment":
            net[one.price, one.period.start] += one.minor

    for (name, _), minor in net.items():
        most = next(
            version.price.maximum
            for versions in deal.master.prices.values()
            for version in versions
            if version.name == name
        )
        assert most is None or minor <= most * 100
