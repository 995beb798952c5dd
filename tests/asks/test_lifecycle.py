"""Pauses, changes, cancellations and undoing in any sequence: they always end in charges."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from domain.billing_options import BillingOptions
from domain.facts import When
from domain.invoice import IssueCredit, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceVoided
from domain.pricing import Flat, PerUnit
from domain.service import PauseSubscription, ResumeSubscription
from domain.subscription import CancelSubscription, Item

if TYPE_CHECKING:
    from tests.asks.conftest import Shop

JANUARY, FEBRUARY, APRIL = date(2024, 1, 1), date(2024, 2, 1), date(2024, 4, 1)
YEAR_END = date(2025, 1, 1)
SEATS = Item(item="seats", price="seat", quantity=Decimal(10))


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


# --- pauses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bill", ["advance", "arrears"])
@pytest.mark.parametrize("drawn", range(3))
def test_pausing_and_resuming_many_times_leaves_no_overlap_and_nobody_stuck(
    shop: Shop, bill: str, drawn: int
) -> None:
    """Row 1: 91 days of a quarter at 1.00 a day; each day is charged once or not at all."""
    shop.price("quarter", Flat(amount=Decimal(91)), interval_months=3, bill=bill)
    shop.sell(JANUARY, YEAR_END, Item(item="service", price="quarter"))
    chosen = sorted(Random(drawn).sample(range(91), 12))
    days = [JANUARY + timedelta(number) for number in chosen]
    spans = list(zip(days[::2], days[1::2], strict=True))
    shop.bill(JANUARY)
    for place, (paused, resumed) in enumerate(spans):
        shop.send("subscription:s1", PauseSubscription(when=When(effective=paused)))
        shop.send("subscription:s1", ResumeSubscription(when=When(effective=resumed)))
        if place % 2:
            shop.bill(resumed)
    off = {paused + timedelta(n) for paused, until in spans for n in range((until - paused).days)}
    served = [day for n in range(91) if (day := JANUARY + timedelta(n)) not in off]
    by_month = {
        month: 100 * sum(month_of(day) == month for day in served)
        for month in ("2024-01", "2024-02", "2024-03")
    }

    assert shop.settles(date(2024, 3, 31) if bill == "advance" else APRIL) == 100 * len(served)
    earned = shop.earned()
    assert {month: earned.get(month, 0) for month in by_month} == by_month


def test_a_pause_may_be_dated_in_the_past_and_taken_back(shop: Shop) -> None:
    """Row 14: January is billed, then paused backdated from the 11th, then it was a mistake."""
    shop.price("day", Flat(amount=Decimal(31)))
    shop.sell(JANUARY, FEBRUARY, Item(item="service", price="day"))
    shop.bill(JANUARY)
    paused = shop.send("subscription:s1", PauseSubscription(when=When(effective=date(2024, 1, 11))))

    assert shop.totals(FEBRUARY) == [-21_00]
    assert shop.settles(FEBRUARY) == 10_00

    shop.undo("subscription:s1", paused)

    assert shop.settles(FEBRUARY) == 31_00


# --- any sequence ----------------------------------------------------------------------------


class Acts:
    """Random acts on a year of seats at 1.00 a day each; what is owed is counted day by day."""

    def __init__(self, shop: Shop, random: Random) -> None:
        self.shop, self.random = shop, random
        self.changes: list[tuple[int, date, int]] = []
        self.cancelled: tuple[int, date] | None = None
        self.prices: list[tuple[int, date, int]] = []

    def day(self) -> date:
        return JANUARY + timedelta(self.random.randrange(1, 91))

    def change(self) -> None:
        day, seats = self.day(), self.random.randrange(0, 20)
        if self.cancelled and day >= self.cancelled[1]:
            return
        at = self.shop.amend(day, item="seats", quantity=Decimal(seats))
        self.changes.append((at, day, seats))

    def cancel(self) -> None:
        if self.cancelled is None:
            day = self.day()
            command = CancelSubscription(when=When(effective=day))
            self.cancelled = (self.shop.send("subscription:s1", command), day)

    def reprice(self) -> None:
        """A catalogue price dated into billed periods."""
        day, cents = self.day(), self.random.randrange(0, 300)
        model = PerUnit(unit_amount=Decimal(cents) / 100)
        self.prices.append((self.shop.price("seat", model, since=day, interval_days=1), day, cents))

    def undo(self) -> None:
        if self.random.random() < 0.3 and self.cancelled:
            self.shop.undo("subscription:s1", self.cancelled[0])
            self.cancelled = None
        elif self.random.random() < 0.5 and self.prices:
            at, _, _ = self.prices.pop(self.random.randrange(len(self.prices)))
            self.shop.undo("price:seat", at)
        elif self.changes:
            at, _, _ = self.changes.pop(self.random.randrange(len(self.changes)))
            self.shop.undo("subscription:s1", at)

    def void(self) -> None:
        streams = sorted({fact.stream for fact in self.shop.facts("invoice")})
        when = When(effective=JANUARY)
        stream = self.random.choice(streams)
        events = [fact.event for fact in self.shop.facts("invoice") if fact.stream == stream]
        if not any(isinstance(event, InvoiceVoided) for event in events):
            self.shop.send(stream, VoidInvoice(when=when, treatment="as-if-never"))

    def owed(self) -> int:
        """In force on a day is what has the latest date, and of one date what came last."""
        total = 0
        for number in range(91):
            day = JANUARY + timedelta(number)
            if self.cancelled and day >= self.cancelled[1]:
                break
            seats = max(((d, at, n) for at, d, n in self.changes if d <= day), default=(0, 0, 10))
            cents = max(((d, at, c) for at, d, c in self.prices if d <= day), default=(0, 0, 100))
            total += seats[2] * cents[2]
        return total


@pytest.mark.parametrize("drawn", range(6))
def test_any_sequence_of_acts_ends_in_charges(shop: Shop, drawn: int) -> None:
    """Rows 1, 2, 8: change, reprice, cancel, backdate, void and undo; nobody is ever parked."""
    shop.price("seat", PerUnit(unit_amount=Decimal(1)), interval_days=1)
    shop.sell(JANUARY, APRIL, SEATS)
    shop.bill(FEBRUARY)
    random = Random(drawn)
    acts = Acts(shop, random)
    for place in range(14):
        kinds = [acts.change, acts.change, acts.reprice, acts.cancel, acts.undo, acts.void]
        random.choice(kinds)()
        if place % 3 == 2:
            shop.bill(APRIL)
            assert shop.net() == acts.owed()

    assert shop.settles(APRIL) == acts.owed()
    assert sum(shop.earned().values()) == acts.owed()


def test_every_correction_can_be_reversed_and_the_reversal_too(shop: Shop) -> None:
    """Row 8: a mistaken change, its undoing, and the undoing of that, each billed at once."""
    shop.price("seat", PerUnit(unit_amount=Decimal(100)))
    shop.sell(JANUARY, FEBRUARY, SEATS)
    found = [shop.settles(JANUARY)]
    at = shop.amend(JANUARY, item="seats", quantity=Decimal(4))
    found.append(shop.settles(JANUARY))
    for _ in range(3):
        at = shop.undo("subscription:s1", at)
        found.append(shop.settles(JANUARY))

    assert found == [1_000_00, 400_00, 1_000_00, 400_00, 1_000_00]


def test_a_mistaken_credit_is_taken_back(shop: Shop) -> None:
    """Rows 3, 8: 220.18 off a line of 239.90 by mistake; taken back, all of it is owed again."""
    shop.price("plan", Flat(amount=Decimal("239.90")))
    shop.sell(JANUARY, FEBRUARY, Item(item="plan", price="plan"))
    (document,) = shop.bill(JANUARY).documents
    line = CreditLine(line="1", amount_minor=220_18)
    credit = IssueCredit(when=When(effective=JANUARY), number="CN-1", lines=(line,))
    at = shop.send(document.stream, credit)

    assert shop.net() == 19_72

    shop.undo(document.stream, at)

    assert shop.settles(JANUARY) == 239_90
    assert shop.totals(FEBRUARY) == []


# --- changes ---------------------------------------------------------------------------------

ZONES = ["Pacific/Honolulu", "UTC", "Pacific/Kiritimati"]


def change_twice_a_day(shop: Shop, day: date, zone: str, proration: str) -> int:
    """A plan at 0.00 or 3.00: paid from 9:00, free again from 10:00, paid from 11:00."""
    shop.price("free", Flat(amount=Decimal(0)), proration=proration)
    shop.price("paid", Flat(amount=Decimal(3)), proration=proration)
    shop.sell(JANUARY, FEBRUARY, Item(item="plan", price="free"), zone=zone)
    for hour, price in ((9, "paid"), (10, "free"), (11, "paid")):
        at = datetime(2024, 1, day.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        shop.amend(day, at=at, item="plan", price=price)
        shop.bill(day)
    return shop.settles(FEBRUARY)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("proration", ["day", "none"])
def test_two_changes_on_one_local_day_from_0_to_3_bill_once(
    shop: Shop, zone: str, proration: str
) -> None:
    """Row 4: free and paid on one local day, in zones west and east; 3.00 and not 6.00."""
    assert change_twice_a_day(shop, JANUARY, zone, proration) == 3_00
    assert sum(shop.earned().values()) == 3_00


@pytest.mark.parametrize("day", [JANUARY, date(2024, 1, 10)])
def test_by_the_second_each_change_of_a_day_counts_from_its_own_instant(
    shop: Shop, day: date
) -> None:
    """Row 4: of 744 hours the one from 9:00 and all from 11:00 on are paid, each rounded once."""
    hours = (1, 744 - 24 * (day.day - 1) - 11)

    paid = change_twice_a_day(shop, day, "UTC", "second")

    assert paid == sum((300 * each + 372) // 744 for each in hours)


def test_the_caller_says_whether_a_change_is_an_upgrade(shop: Shop) -> None:
    """Row 15: annual at 0.37 a day to monthly at 0.57 a day, at the end of the year that is paid.

    A price by the day says nothing of the direction: who asks for the end of the period gets it.
    """
    shop.price("annual", Flat(amount=Decimal("135.42")), interval_months=12)
    shop.price("monthly", Flat(amount=Decimal("17.67")))
    shop.sell(JANUARY, date(2026, 1, 1), Item(item="plan", price="annual"))
    shop.bill(JANUARY)
    at = shop.amend(date(2024, 3, 1), item="plan", price="monthly", timing="period-end")

    assert shop.totals(date(2024, 12, 31)) == []
    assert shop.totals(YEAR_END) == [17_67]

    shop.undo("subscription:s1", at)
    shop.settles(YEAR_END)
    shop.amend(date(2024, 12, 1), item="plan", price="monthly")

    # 335 of 366 days of the year, the anniversary of the 1st, December and January.
    assert shop.settles(YEAR_END) == 123_95 + 2 * 17_67


@pytest.mark.parametrize(
    ("term_from", "expected"),
    [
        (JANUARY, {"2024-01": 30_00, "2024-02": 30_00, "2024-03": 30_00}),
        (date(2024, 3, 1), {"2024-03": 30_00}),
        (date(2024, 3, 17), {"2024-03": 14_52}),
    ],
    ids=["the past too", "this period", "from now"],
)
def test_a_backdated_start_bills_from_where_the_caller_says(
    shop: Shop, term_from: date, expected: dict[str, int]
) -> None:
    """Row 16: keyed on 17 March, paid in advance; the running period is never left unbilled."""
    shop.today = datetime(2024, 3, 17, 12, tzinfo=UTC)
    shop.price("plan", Flat(amount=Decimal(30)))
    plan = Item(item="plan", price="plan")
    shop.sell(term_from, YEAR_END, plan, anchor_day=1)
    shop.bill(date(2024, 3, 17))
    found = {month_of(line.service_from): line.amount_minor for line in shop.lines()}

    assert found == expected
    assert shop.totals(date(2024, 3, 31)) == []


def test_an_edit_of_what_is_on_an_issued_invoice_gives_correction_documents(shop: Shop) -> None:
    """Row 23: from 10.00 to 40.00 in the middle of June: -5.00 of the old and +20.00 of the new."""
    options = BillingOptions(change_lines="separate")
    shop.price("small", Flat(amount=Decimal(10)), options=options)
    shop.price("large", Flat(amount=Decimal(40)), options=options)
    shop.sell(date(2024, 6, 1), date(2024, 7, 1), Item(item="plan", price="small"))
    shop.bill(date(2024, 6, 1))
    shop.amend(date(2024, 6, 16), item="plan", price="large")

    assert sorted(shop.totals(date(2024, 6, 16))) == [-5_00, 20_00]
    assert shop.settles(date(2024, 6, 16)) == 25_00


def test_cancelling_again_after_an_undo_finds_no_duplicate(shop: Shop) -> None:
    """Row 22: cancelled, billed, undone, billed, cancelled on the same day, billed."""
    shop.price("plan", Flat(amount=Decimal(31)))
    shop.sell(JANUARY, FEBRUARY, Item(item="plan", price="plan"))
    shop.bill(JANUARY)
    found = []
    for _ in range(3):
        command = CancelSubscription(when=When(effective=date(2024, 1, 11)))
        at = shop.send("subscription:s1", command)
        found.append(shop.settles(date(2024, 1, 11)))
        shop.undo("subscription:s1", at)
        found.append(shop.settles(date(2024, 1, 11)))

    assert found == [10_00, 31_00] * 3


def test_a_credit_note_takes_deferred_revenue_back(shop: Shop) -> None:
    """Row 25: a year paid ahead, cancelled after March: nothing of it stays deferred."""
    shop.price("year", Flat(amount=Decimal(366)), interval_months=12)
    shop.sell(JANUARY, YEAR_END, Item(item="plan", price="year"))
    shop.bill(JANUARY)
    shop.ledger.run("acme", date(2024, 3, 31))
    assert sum(shop.earned("contract-liability").values()) == 275_00

    shop.send("subscription:s1", CancelSubscription(when=When(effective=APRIL)))

    assert shop.totals(APRIL) == [-275_00]
    assert shop.settles(APRIL) == 91_00
    assert sum(shop.earned("contract-liability").values()) == 0
    assert sum(shop.earned().values()) == 91_00


# --- cycle days ------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("anchor", [29, 30, 31])
@pytest.mark.parametrize("year", [2023, 2024])
def test_a_cycle_day_near_the_end_of_the_month_bills_every_month_once(
    shop: Shop, year: int, anchor: int, zone: str
) -> None:
    """Row 9: 29, 30, 31; in a leap year and not; where clocks change and where they do not.

    A seat added on the day February falls back to is on that day's invoice, whole.
    """
    shop.price("plan", Flat(amount=Decimal(100)))
    shop.price("calls", PerUnit(unit_amount=Decimal(1)), meter="calls")
    starts = [date(year, month, min(anchor, monthrange(year, month)[1])) for month in range(1, 13)]
    shop.sell(
        starts[0],
        date(year + 1, 1, anchor),
        Item(item="plan", price="plan"),
        Item(item="calls", price="calls"),
        zone=zone,
    )
    added = starts[1]
    shop.amend(added, item="more", price="plan")
    local = ZoneInfo(zone)
    for number, start in enumerate(starts):
        midnight = datetime(start.year, start.month, start.day, tzinfo=local)
        before = (midnight.astimezone(UTC) - timedelta(microseconds=1)).isoformat()
        at = midnight.astimezone(UTC).isoformat()
        shop.use(shop.row(f"at{number}", at, 1))
        if number:
            shop.use(shop.row(f"before{number}", before, 10))
    totals = [sum(shop.totals(start)) for start in starts]
    lines = shop.lines()
    plan = [(line.service_from, line.service_to) for line in lines if line.obligation == "plan"]

    assert totals == [100_00] + [211_00] * 11
    assert [begin for begin, _ in plan] == starts
    assert [end for _, end in plan[:-1]] == starts[1:]
    assert [line.service_from for line in lines if line.obligation == "more"] == starts[1:]
