"""Access: on which days an item can be used, and what that makes of revenue that is ratable."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import access_to
from domain.cover import NEVER
from domain.facts import Event, When
from domain.money import rounded
from domain.pricing import Flat
from domain.service import AccessGranted, AccessWithdrawn
from domain.subscription import (
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
)
from tests.domain.charging import started
from tests.domain.drawing import JANUARY, Desk
from tests.domain.given import facts


def jan(day: int) -> date:
    return date(2024, 1, day)


def granted(day: date, item: str | None = None) -> AccessGranted:
    return AccessGranted(when=When(effective=day), item=item)


def withdrawn(day: date, item: str | None = None) -> AccessWithdrawn:
    return AccessWithdrawn(when=When(effective=day), item=item)


def desk(*said: Event, to: date | None = date(2024, 4, 1), **more: Any) -> Desk:
    """A plan at 31.00 a month, earned by day."""
    own = Desk()
    own.price("plan", Flat(amount=Decimal(31)), **more)
    own.start("plan", to=to)
    for event in said:
        own.change(event)
    return own


def spans(*said: Event, item: str = "plan") -> tuple[tuple[date, date], ...]:
    return access_to(item, facts("subscription:s", said))


def test_without_evidence_an_item_can_be_used_while_it_is_sold() -> None:
    assert spans() == spans(granted(jan(5), "other")) == ((date.min, NEVER),)


def test_access_runs_from_a_grant_to_the_next_withdrawal() -> None:
    said = granted(jan(5)), granted(jan(6)), withdrawn(jan(9), "plan"), granted(jan(20))

    assert spans(*said) == ((jan(5), jan(9)), (jan(20), NEVER))
    assert spans(*said, item="other") == ((jan(5), NEVER),)


def test_what_is_only_withdrawn_could_be_used_until_then() -> None:
    assert spans(withdrawn(jan(9))) == ((date.min, jan(9)),)


def test_a_month_is_earned_over_its_days_from_access_on() -> None:
    own = desk(granted(jan(22)))

    assert [own.revenue("plan", jan(day)) for day in (21, 22, 26, 31)] == [0, 310, 1_550, 3_100]


def test_access_from_the_start_or_stated_late_changes_nothing() -> None:
    late = AccessGranted(when=When(effective=jan(1), agreed_on=date(2024, 3, 1)))

    for own in (desk(), desk(granted(jan(1))), desk(granted(date(2023, 12, 1))), desk(late)):
        assert own.revenue("plan", jan(10)) == 1_000


def test_a_month_over_before_access_is_earned_over_the_rest_of_the_term() -> None:
    own = desk(granted(date(2024, 3, 2)))

    assert own.revenue("plan", date(2024, 3, 1)) == 0
    assert own.revenue("plan", date(2024, 3, 16)) == 3 * 1_550
    assert own.revenue("plan", date(2024, 3, 31)) == 3 * 3_100


def test_without_a_term_it_is_earned_over_the_rest_of_the_billing_period() -> None:
    own = desk(granted(date(2024, 2, 10)), to=None)

    assert own.revenue("plan", date(2024, 2, 9)) == 0
    assert own.revenue("plan", date(2024, 2, 19)) == 3_100
    assert own.revenue("plan", date(2024, 2, 29)) == 2 * 3_100


def test_nothing_is_earned_while_access_is_withdrawn() -> None:
    own = desk(withdrawn(jan(11)), granted(jan(22)))

    found = [own.revenue("plan", jan(day)) for day in (5, 10, 21, 22, 31)]

    assert found == [500, 1_000, 1_000, 1_210, 3_100]


def test_what_is_never_used_again_is_earned_when_it_is_sold_no_more() -> None:
    own = desk(withdrawn(jan(11)))

    assert own.revenue("plan", date(2024, 3, 30)) == 1_000
    assert own.revenue("plan", date(2024, 3, 31)) == 3 * 3_100


def test_without_an_end_what_cannot_be_used_stays_a_liability() -> None:
    own = desk(withdrawn(jan(11)), to=None)

    assert own.revenue("plan", date(2024, 12, 31)) == 1_000


def test_without_an_end_no_day_ever_earns_it() -> None:
    assert desk(withdrawn(jan(11)), to=None).all_revenue() == 1_000


def test_access_from_when_it_is_sold_no_more_is_none() -> None:
    for day in (date(2024, 4, 1), date(2024, 4, 10)):
        own = desk(granted(day))

        assert own.revenue("plan", date(2024, 3, 30)) == 0
        assert own.revenue("plan", date(2024, 3, 31)) == 3 * 3_100


def test_access_given_as_a_month_is_over_earns_it_over_the_rest_of_the_term() -> None:
    """From 1 February on, 29 of the 60 days that are left: 31.00 * 29 / 60 = 14.98."""
    own = desk(granted(date(2024, 2, 1)))

    assert own.revenue("plan", date(2024, 2, 29)) == 1_498 + 3_100


def test_after_days_without_access_the_next_months_are_earned_from_access_on() -> None:
    """Of January 21.00 are left for the 51 days from 10 February on, 20 of them in February."""
    own = desk(withdrawn(jan(11)), granted(date(2024, 2, 10)))

    assert own.revenue("plan", date(2024, 2, 9)) == 1_000
    assert own.revenue("plan", date(2024, 2, 29)) == 1_000 + 824 + 3_100


def test_access_on_the_first_day_of_a_term_earns_over_that_term() -> None:
    """Three months of 31.00 each over the 91 days of the next term: 30 of them in April."""
    own = desk()
    day = date(2024, 4, 1)
    own.change(SubscriptionRenewed(when=When(effective=day), term_to=date(2024, 7, 1)))
    own.change(granted(day))

    assert own.revenue("plan", date(2024, 4, 30)) == 3 * 1_022 + 3_100


def test_without_a_term_the_billing_period_is_that_of_the_item_itself() -> None:
    """What is billed by the quarter beside it does not say how far its own months go."""
    own = Desk()
    own.price("extra", Flat(amount=Decimal(91)), interval_months=3)
    own.price("plan", Flat(amount=Decimal(31)))
    own.start("extra", "plan", to=None)
    own.change(granted(date(2024, 2, 10)))

    assert own.revenue("plan", date(2024, 2, 29)) == 2 * 3_100
    # 20 of the 51 days that are left of the quarter.
    assert own.revenue("extra", date(2024, 2, 29)) == 3_569


def test_the_billing_period_goes_on_where_the_item_changes_on_the_day_of_access() -> None:
    """January over the twenty days that are left of February, ten of them by the 19th."""
    day = date(2024, 2, 10)
    more = ItemChange(item="plan", quantity=Decimal(1), price="other")
    own = Desk()
    for name in ("plan", "other"):
        own.price(name, Flat(amount=Decimal(31)))
    own.start("plan", to=None)
    own.change(SubscriptionAmended(when=When(effective=day), items=(more,)))
    own.change(granted(day))

    # And half of what is charged of February for nine days, and for twenty days.
    assert own.revenue("plan", date(2024, 2, 19)) == 1_550 + 481 + 1_069


def test_access_while_the_item_is_not_sold_earns_what_is_left_at_once() -> None:
    """Sold in January and again from April on: no billing period runs on 10 March."""
    gone = ItemChange(item="plan", removed=True)
    again = ItemChange(item="plan", price="plan", quantity=Decimal(1))
    own = desk(to=None)
    own.change(SubscriptionAmended(when=When(effective=date(2024, 2, 1)), items=(gone,)))
    own.change(granted(date(2024, 3, 10)))
    own.change(SubscriptionAmended(when=When(effective=date(2024, 4, 1)), items=(again,)))

    days = date(2024, 3, 9), date(2024, 3, 10), date(2024, 3, 31), date(2024, 4, 30)
    assert [own.revenue("plan", day) for day in days] == [0, 3_100, 3_100, 6_200]


def test_access_beyond_what_is_measured_earns_nothing_before() -> None:
    """What has no end is measured to the end of the next year, here 2026."""
    own = desk(granted(date(2027, 6, 1)), to=None)

    assert own.revenue("plan", date(2026, 12, 31)) == 0


def quarterly(*said: Event, by_month: bool) -> Desk:
    """A plan at 310.00 a quarter."""
    own = Desk()
    if by_month:
        own.by_month()
    own.price("plan", Flat(amount=Decimal(310)), interval_months=3)
    own.start("plan", to=date(2024, 4, 1))
    for event in said:
        own.change(event)
    return own


def test_until_it_is_withdrawn_it_is_earned_by_the_days_of_its_months_or_of_the_quarter() -> None:
    """By months a month and 14 of 29 days of three months; by days 45 of 91."""
    gone = withdrawn(date(2024, 2, 15))

    for day in (date(2024, 2, 14), date(2024, 3, 30)):
        assert quarterly(gone, by_month=True).revenue("plan", day) == 15_322
        assert quarterly(gone, by_month=False).revenue("plan", day) == 15_330


def test_by_months_access_to_the_end_of_the_month_is_earned_at_that_end() -> None:
    own = Desk()
    own.by_month()
    own.price("plan", Flat(amount=Decimal(31)))
    own.start("plan", to=date(2024, 2, 1))
    own.change(granted(jan(22)))
    own.change(withdrawn(date(2024, 2, 1)))

    assert [own.revenue("plan", jan(day)) for day in (26, 30, 31)] == [0, 0, 3_100]


def test_what_is_earned_at_a_point_or_as_used_does_not_wait_for_access() -> None:
    own = desk(granted(jan(22)), pattern="point-in-time")

    assert own.revenue("plan", jan(1)) == 3_100


def test_a_change_inside_a_period_and_late_access_earn_all_that_is_charged() -> None:
    half = ItemChange(item="plan", quantity=Decimal("0.5"))
    changed = SubscriptionAmended(when=When(effective=jan(17)), items=(half,))
    own = desk(changed, granted(jan(22)))

    assert own.revenue("plan", jan(21)) == 0
    assert own.revenue("plan", date(2024, 3, 31)) == own.all_charged()


def test_by_months_a_month_of_access_is_taken_by_days() -> None:
    own = Desk()
    own.by_month()
    own.price("plan", Flat(amount=Decimal(310)), interval_months=3)
    own.start("plan", to=date(2024, 4, 1))
    own.change(granted(jan(17)))

    # Fifteen of 31 days of the first month and two whole months.
    assert own.revenue("plan", jan(31)) == rounded(Fraction(31_000) * Fraction(15, 15 + 62))


def test_explained_it_says_since_when_there_is_access() -> None:
    own = desk(granted(jan(22)))

    flow = next(one for one in own.schedule().flows if one.kind == "release")

    assert ("access", "from 2024-01-22") in [(step.what, step.value) for step in flow.steps]
    assert flow.causes == (1002, 1003)


def said_of_access(own: Desk) -> list[str]:
    steps = (step for one in own.schedule().flows for step in one.steps)
    return [step.value for step in steps if step.what == "access"]


def test_explained_it_says_until_when_there_was_access() -> None:
    own = desk(withdrawn(jan(11)), granted(jan(22)), to=date(2024, 2, 1))

    assert said_of_access(own) == ["2024-01-01 to 2024-01-11", "from 2024-01-22"]


def test_explained_it_says_nothing_where_there_was_access_all_the_time() -> None:
    by_day = desk(granted(jan(1)), withdrawn(date(2024, 2, 1)), to=date(2024, 2, 1))
    at_once = desk(granted(jan(1), "plan"), to=date(2024, 2, 1), pattern="point-in-time")

    assert said_of_access(by_day) == said_of_access(at_once) == []
    assert at_once.revenue("plan", jan(1)) == 3_100


DAYS = st.dates(date(2023, 12, 20), date(2024, 5, 1))
SAID = st.one_of(
    st.builds(granted, DAYS),
    st.builds(withdrawn, DAYS),
    st.builds(
        lambda day, number: SubscriptionAmended(
            when=When(effective=day), items=(ItemChange(item="plan", quantity=Decimal(number)),)
        ),
        DAYS,
        st.integers(0, 9),
    ),
    st.builds(lambda day: SubscriptionCancelled(when=When(effective=day), refund="none"), DAYS),
)


@given(st.lists(SAID, max_size=5))
def test_whatever_is_said_of_access_all_that_is_charged_is_earned_and_never_before(
    said: list[Event],
) -> None:
    own = desk(*said)

    assert own.all_revenue() == own.all_charged()
    first = min((since for since, _ in spans_of(own)), default=NEVER)
    over = max((one.end for one in own.terms().stretches), default=JANUARY)
    if JANUARY < first < over:
        assert own.revenue("plan", first - date.resolution) == 0


def spans_of(own: Desk) -> tuple[tuple[date, date], ...]:
    known = sorted(own.own[1:], key=lambda one: (one.when.effective, one.when.order or 0))
    return access_to("plan", known)


@pytest.mark.parametrize("day", [jan(1), jan(16), date(2024, 2, 14), date(2024, 3, 31)])
@given(st.lists(SAID, max_size=4), st.lists(SAID, max_size=2))
def test_what_is_said_of_later_days_of_access_changes_nothing_before(
    day: date, said: list[Event], more: list[Event]
) -> None:
    after = [one for one in more if isinstance(one, AccessGranted | AccessWithdrawn)]
    after = [one for one in after if one.when.effective > day]
    known = [one for one in said if one.when.effective <= day]
    stated = [one for one in known if isinstance(one, AccessGranted | AccessWithdrawn)]
    if stated:
        assert desk(*known, *after).revenue("plan", day) == desk(*known).revenue("plan", day)


def test_what_is_earned_at_once_waits_for_evidence_that_names_it() -> None:
    """A licence of 250.00, sold on 1 January and handed over on 20 January or never."""
    licence = {"pattern": "point-in-time", "once": True}

    def earned(day: int, *said: Event) -> int:
        own = Desk()
        own.price("plan", Flat(amount=Decimal(250)), **licence)
        own.start("plan", to=date(2024, 4, 1))
        for event in said:
            own.change(event)
        return own.revenue("plan", jan(1) + timedelta(days=day - 1))

    named = granted(jan(20), "plan")
    assert (earned(1), earned(1, granted(jan(20)))) == (25_000, 25_000)
    assert (earned(19, named), earned(20, named)) == (0, 25_000)
    never = withdrawn(date(2023, 1, 1), "plan")
    assert earned(31, never) == 0
    # Handed over when it is sold no more, on 1 April, it is earned on the last day before.
    late = granted(date(2024, 4, 1), "plan")
    assert (earned(90, late), earned(91, late)) == (0, 25_000)


def test_what_waits_without_end_for_access_ends_no_term() -> None:
    """It renews by itself for ever; how far its terms are told rests on what has a day."""
    own = Desk()
    own.price("plan", Flat(amount=Decimal(31)), pattern="point-in-time")
    own.change(started(jan(1), date(2024, 2, 1), "plan", customer="c", renews_months=1))
    own.change(withdrawn(jan(1), "plan"))

    assert own.revenue("plan", date(2024, 12, 31)) == 0
