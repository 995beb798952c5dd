"""Proration by the second against a slow reference that asks every hour what is sold."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.charge import Charge
from domain.facts import When
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from tests.domain.charging import charged, price, prices, started

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati"]
STEP = timedelta(hours=1)
BEGIN, MIDDLE, END = date(2024, 3, 1), date(2024, 4, 1), date(2024, 5, 1)
# Days on which much happens: the first of the term, of a period, the last, and clock changes.
DAYS = [BEGIN, date(2024, 3, 10), date(2024, 3, 31), MIDDLE, date(2024, 4, 30)]
BY_NAME = prices(**{name: price("1000", proration="second") for name in ("a", "b", "c")})

Sold = str | None
# A day, the step on it, none for what says no instant, and the price from then on.
Change = tuple[date, int | None, Sold]


def begins(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def instant(change: Change, zone: str) -> datetime:
    return begins(change[0], zone) + (change[1] or 0) * STEP


def sold_at(moment: datetime, changes: list[Change], zone: str) -> Sold:
    """The price after the last change by then; of two at one instant the later counts."""
    found: Sold = "a"
    done = [change for change in changes if instant(change, zone) <= moment]
    for change in sorted(done, key=lambda change: instant(change, zone)):
        found = change[2]
    return found


def seconds(
    changes: list[Change], zone: str, ended: datetime | None
) -> dict[tuple[date, str], int]:
    """Seconds at each price in each period; the last second of a period is none."""
    found: Counter[tuple[date, str]] = Counter()
    for start, end in ((BEGIN, MIDDLE), (MIDDLE, END)):
        moment, last = begins(start, zone), begins(end, zone)
        while moment < last:
            sold = sold_at(moment, changes, zone)
            if sold is not None and (ended is None or moment < ended):
                whole = STEP.seconds - (moment + STEP == last)
                found[start, sold] += whole
            moment += STEP
    return dict(found)


def parts(charges: tuple[Charge, ...], zone: str) -> dict[tuple[date, str], int]:
    found: Counter[tuple[date, str]] = Counter()
    for one in charges:
        period = one.period
        whole = begins(period.end, zone) - begins(period.start, zone)
        part = one.portion.part if one.portion else whole // timedelta(seconds=1) - 1
        found[period.start, one.price[0]] += part
    return dict(found)


steps = st.one_of(st.none(), st.integers(0, 22))
changes_drawn = st.lists(
    st.tuples(st.sampled_from(DAYS), steps, st.sampled_from(["a", "b", "c", None])), max_size=7
)


def amended(change: Change, zone: str, order: int) -> SubscriptionAmended:
    day, step, sold = change
    at = instant(change, zone) if step is not None else None
    item = ItemChange(item="x", price=sold, removed=sold is None)
    return SubscriptionAmended(when=When(effective=day, at=at, order=order), items=(item,))


@given(changes_drawn, st.sampled_from(ZONES), st.none() | st.integers(1, 22))
def test_every_second_is_charged_at_the_price_in_force(
    changes: list[Change], zone: str, cancelled: int | None
) -> None:
    begun = started(BEGIN, END, zone=zone, items=())
    first = ItemChange(item="x", price="a")
    events = [amended(change, zone, order) for order, change in enumerate(changes, start=3)]
    ended = None if cancelled is None else begins(MIDDLE, zone) + cancelled * STEP
    end = (SubscriptionCancelled(when=When(effective=MIDDLE, at=ended, order=99)),) if ended else ()
    sells = SubscriptionAmended(when=When(effective=BEGIN, order=2), items=(first,))

    found = charged(BY_NAME, begun, sells, *events, *end)

    expected = seconds(changes, zone, ended)
    assert parts(found, zone) == expected
