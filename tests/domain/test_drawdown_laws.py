"""Laws of prepaid credits, over drawn deals: nothing is lost, and neither order nor age matters."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounting.measure import measure
from domain.accounting.schedule import Flow
from domain.billing_options import BillingOptions
from domain.charge import stood
from domain.charges.balances import balances
from domain.facts import When
from domain.pricing.tiers import Tier
from domain.pricing.volume import Volume
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from tests.domain.drawing import JANUARY, NEXT_YEAR, Desk

ITEMS = ("calls", "mails")
PACKS = ("p", "q", "r")
DAYS = st.integers(0, 120).map(lambda days: JANUARY + timedelta(days=days))


class Used(NamedTuple):
    item: str
    day: date
    quantity: Decimal


class Deal(NamedTuple):
    """Packs by name, what is used, and what ends it."""

    packs: dict[str, dict[str, Any]]
    later: dict[str, date]
    used: tuple[Used, ...]
    is_volume: bool
    gone: tuple[str, date, str] | None
    cancelled: tuple[date, str] | None

    def desk(self, used: Iterable[Used] | None = None) -> Desk:
        made = Desk()
        made.sell("calls")
        tiers = (Tier(up_to=Decimal(40), unit_amount=Decimal(3)), Tier(unit_amount=Decimal(1)))
        made.sell("mails", **({"model": Volume(tiers=tiers)} if self.is_volume else {}))
        for item, pack in self.packs.items():
            made.pack(item, **pack)
        made.start(*ITEMS, *(item for item in self.packs if item not in self.later))
        for item, day in self.later.items():
            change = ItemChange(item=item, price=item)
            made.change(SubscriptionAmended(when=When(effective=day), items=(change,)))
        if self.gone:
            item, day, refund = self.gone
            change = ItemChange(item=item, removed=True, refund=refund)  # type: ignore[arg-type]
            made.change(SubscriptionAmended(when=When(effective=day), items=(change,)))
        if self.cancelled:
            day, refund = self.cancelled
            when = When(effective=day)
            made.change(SubscriptionCancelled(when=when, refund=refund))  # type: ignore[arg-type]
        for one in self.used if used is None else used:
            made.use(one.item, one.day, str(one.quantity))
        return made


REFUNDS = st.sampled_from(("prorated", "none", "full"))
CENTS = st.integers(1, 9_999).map(lambda minor: str(Decimal(minor).scaleb(-2)))
EXPIRY = st.sampled_from(
    (
        {},
        {"expires_periods": 1},
        {"expires_periods": 2},
        {"expires_months": 2},
        {"expires_days": 17},
        {"once": True},
        {"once": True, "expires_days": 45},
    )
)


@st.composite
def packs(draw: Callable[..., Any]) -> dict[str, Any]:
    ratable = {"options": BillingOptions(shortfall="ratable")} if draw(st.booleans()) else {}
    return {
        "amount": draw(CENTS),
        "granted": draw(st.none() | CENTS),
        "covers": draw(st.sampled_from(((), ("calls",), ("mails",)))),
        "priority": draw(st.integers(0, 1)),
        **draw(EXPIRY),
        **ratable,
    }


USED = st.builds(
    Used,
    item=st.sampled_from(ITEMS),
    day=DAYS,
    quantity=st.integers(-30, 90).map(Decimal),
)


@st.composite
def deals(draw: Callable[..., Any]) -> Deal:
    sold = PACKS[: draw(st.integers(1, 3))]
    names = st.sampled_from(sold)
    return Deal(
        packs={item: draw(packs()) for item in sold},
        later=draw(st.dictionaries(names, DAYS, max_size=2)),
        used=tuple(draw(st.lists(USED, max_size=8))),
        is_volume=draw(st.booleans()),
        gone=draw(st.none() | st.tuples(names, DAYS, REFUNDS)),
        cancelled=draw(st.none() | st.tuples(DAYS.filter(lambda day: day > JANUARY), REFUNDS)),
    )


def days(first: date = JANUARY, last: date = NEXT_YEAR, step: int = 5) -> Iterable[date]:
    return (first + timedelta(days=count) for count in range(0, (last - first).days + 1, step))


def shown(own: Desk) -> object:
    charged = own.charged()
    return (
        [(one.item, one.kind, one.drawn_from, one.start, one.minor) for one in charged.charges],
        [(one.purse.name, one.marks) for one in charged.purses],
    )


@given(deals())
def test_what_is_granted_is_drawn_expired_given_back_or_open(deal: Deal) -> None:
    charged = deal.desk().charged()

    for day in days():
        rows = balances(charged.purses, day)
        for row in rows:
            became = row.drawn_minor + row.expired_minor + row.given_back_minor + row.open_minor
            assert row.granted_minor == became
            assert min(row.drawn_minor, row.expired_minor, row.open_minor) >= 0
        paid = sum(-stood(one.marks, day) for one in charged.charges if one.drawn_from)
        assert paid == sum(row.drawn_minor for row in rows)


@given(deals())
def test_no_more_is_drawn_than_is_used(deal: Deal) -> None:
    charges = deal.desk().charged().charges

    for one in charges:
        if one.drawn_from:
            own = [
                other
                for other in charges
                if (other.item, other.period) == (one.item, one.period) and other.marks
            ]
            for day, _ in one.marks:
                used = sum(stood(other.marks, day) for other in own if other.usage)
                drawn = -sum(stood(other.marks, day) for other in own if other.drawn_from)
                assert 0 <= drawn <= max(used, 0)


@given(deals())
def test_all_that_is_charged_is_earned_and_no_more(deal: Deal) -> None:
    own = deal.desk()

    assert own.all_revenue() == sum(one.minor for one in own.charged().charges)


@given(deals(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(deal: Deal, random: Any) -> None:
    turned = list(deal.used)
    random.shuffle(turned)

    assert shown(deal.desk(turned)) == shown(deal.desk())


@given(deals(), st.integers(1, 5))
def test_a_usage_in_two_parts_is_drawn_as_one(deal: Deal, part: int) -> None:
    parts = [
        piece
        for one in deal.used
        for piece in (
            one._replace(quantity=Decimal(part)),
            one._replace(quantity=one.quantity - part),
        )
    ]

    assert shown(deal.desk(parts)) == shown(deal.desk())


@given(deals(), DAYS)
def test_usage_of_later_days_changes_nothing_that_stood(deal: Deal, day: date) -> None:
    whole, so_far = deal.desk(), deal.desk(one for one in deal.used if one.day <= day)

    now, before = whole.charged().purses, so_far.charged().purses

    assert [stood(one.marks, day) for one in now] == [stood(one.marks, day) for one in before]
    for item in (*ITEMS, *deal.packs):
        assert whole.revenue(item, day) == so_far.revenue(item, day)


@settings(deadline=None)
@given(deals())
def test_an_amount_rests_on_its_causes_and_on_all_of_them(deal: Deal) -> None:
    own = deal.desk()
    flows = [one for one in own.schedule().flows if one.kind == "release"]

    for flow in flows[:6]:
        told = Counter(_told(own, flow, {*flow.causes}))
        assert told
        for cause in flow.causes:
            assert Counter(_told(own, flow, {*flow.causes} - {cause})) != told, cause


def _told(own: Desk, wanted: Flow, positions: set[int]) -> list[object]:
    facts = [one for one in own.own if one.position in positions or one.stream == "customer:c"]
    usage = [row for row in own.usage if row.position in positions]
    schedule = measure("subscription:s", facts, usage, own.master, "main", NEXT_YEAR)
    return [
        (one.rule, one.steps)
        for one in schedule.flows
        if (one.obligation, one.curve) == (wanted.obligation, wanted.curve)
    ]
