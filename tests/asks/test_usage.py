"""Usage that is late, removed, unknown, enormous, repeated or of long ago: none of it vanishes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from domain.billing_options import BillingOptions
from domain.calendar import months
from domain.entity import DefineCalendar
from domain.errors import Rejected
from domain.facts import When
from domain.meter import DefineMeter
from domain.pricing import PerUnit
from domain.subscription import Item
from projections.lineage import lineage_down, lineage_up, lineage_up_event
from replay.billing.evidence import billed_usage, invoices_of_event

if TYPE_CHECKING:
    from tests.asks.conftest import Shop

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
CALLS = Item(item="calls", price="calls")
DOLLAR = PerUnit(unit_amount=Decimal(1))


def sell_calls(shop: Shop, start: date = JANUARY, end: date | None = date(2025, 1, 1)) -> None:
    shop.price("calls", DOLLAR, meter="calls")
    shop.sell(start, end, CALLS)


# --- late, removed, corrected ----------------------------------------------------------------


def bill_months(shop: Shop, first: date, months: int) -> date:
    """Bill month by month; the day of the last run."""
    day = first
    for _ in range(months):
        day = (day.replace(day=1) + timedelta(32)).replace(day=1)
        shop.bill(day)
    return day


def test_late_usage_of_any_age_is_billed_and_earned_when_it_was_used(shop: Shop) -> None:
    """Rows 5, 25: 1, 2, 6 and 18 months after its bill; no instant is moved to fit a window."""
    start = date(2023, 1, 1)
    sell_calls(shop, start, None)
    last = bill_months(shop, start, 18)
    rows = [("2024-05-10", 1), ("2024-04-10", 20), ("2023-12-31", 300), ("2023-01-01", 4_000)]
    for day, quantity in rows:
        shop.use(shop.row(day, day, quantity))
        assert shop.totals(last) == [quantity * 100]

    assert shop.settles(last) == 4_321_00
    assert shop.earned() == {day[:7]: 100 * quantity for day, quantity in reversed(rows)}


def test_how_far_back_late_usage_counts_is_the_prices_policy(shop: Shop) -> None:
    """Row 5: two billing periods back, as one engine has it; older usage is held by name."""
    shop.price("calls", DOLLAR, meter="calls", options=BillingOptions(late_periods=2))
    shop.sell(JANUARY, None, CALLS)
    shop.use(*[shop.row(f"on{n}", f"2024-{n:02}-15") for n in range(1, 8)])
    last = bill_months(shop, JANUARY, 7)
    shop.use(shop.row("june", "2024-06-10", 3), shop.row("april", "2024-04-10", 100))

    assert shop.totals(last) == [3_00]
    shop.ledger.run("acme", last)
    assert shop.pending() == {"outside-window": Decimal(100)}
    assert shop.counts() == (9, 0, 0, 8, 1, 0)


def test_a_window_for_late_usage_counts_periods_in_which_nothing_was_used(shop: Shop) -> None:
    """Rows 5, 13: January has a line, February to July had nothing; April is out of the window."""
    shop.price("calls", DOLLAR, meter="calls", options=BillingOptions(late_periods=2))
    shop.sell(JANUARY, None, CALLS)
    shop.use(shop.row("january", "2024-01-15"))
    last = bill_months(shop, JANUARY, 7)
    shop.use(shop.row("june", "2024-06-10", 3), shop.row("april", "2024-04-10", 100))

    assert shop.totals(last) == [3_00]


@pytest.mark.parametrize("how", ["retraction", "correction to nothing"])
def test_usage_removed_from_a_billed_period_gives_a_credit(shop: Shop, how: str) -> None:
    """Row 6: what was removed is given back, and billing goes on."""
    sell_calls(shop)
    shop.use(shop.row("e1", "2024-01-10", 30), shop.row("e2", "2024-01-11", 4))
    shop.bill(FEBRUARY)
    assert shop.net() == 34_00

    if how == "retraction":
        shop.use(shop.row("e1", "2024-01-10"), kind="retraction")
    else:
        shop.use(shop.row("e1", "2024-01-10", 0), kind="correction")

    assert shop.totals(FEBRUARY) == [-30_00]
    assert shop.settles(FEBRUARY) == 4_00
    shop.use(shop.row("e3", "2024-02-10", 5))
    assert shop.settles(MARCH) == 9_00
    assert shop.earned() == {"2024-01": 4_00, "2024-02": 5_00}


def test_all_usage_of_a_billed_period_may_be_removed(shop: Shop) -> None:
    """Row 6: nothing is left of the period, and the next one is billed as ever."""
    sell_calls(shop)
    shop.use(shop.row("e1", "2024-01-10", 30))
    shop.bill(FEBRUARY)
    shop.use(shop.row("e1", "2024-01-10"), kind="retraction")

    assert shop.settles(FEBRUARY) == 0
    assert shop.earned() == {}
    shop.use(shop.row("e2", "2024-02-10", 5))
    assert shop.settles(MARCH) == 5_00


def test_a_preview_shows_what_a_correction_would_do(shop: Shop) -> None:
    """Row 12: usage is corrected and deleted; the preview says what the run then issues."""
    sell_calls(shop)
    rows = [shop.row(f"e{n}", f"2024-01-{n + 10}", 100) for n in range(3)]
    shop.use(*rows)
    shop.bill(FEBRUARY)
    shop.use(shop.row("e0", "2024-01-10", 40), kind="correction")
    shop.use(rows[1], kind="retraction")
    head = shop.ledger.head("acme")

    said = shop.ledger.bill_preview("acme", FEBRUARY)

    assert [document.total_minor for document in said.documents] == [-160_00]
    assert (shop.ledger.head("acme"), shop.net()) == (head, 300_00)
    assert shop.bill(FEBRUARY).documents == said.documents


# --- nothing is dropped ----------------------------------------------------------------------


def test_units_nobody_knows_wait_by_name_until_somebody_says_what_they_are(shop: Shop) -> None:
    """Row 7: 5 furlongs of a meter of metres are neither 5 metres nor nothing."""
    shop.meter("distance", unit="metre", conversions={"km": Decimal(1000)})
    shop.price("distance", PerUnit(unit_amount=Decimal("0.001")), meter="distance")
    shop.sell(JANUARY, None, Item(item="distance", price="distance"))
    units = [("m", "metre"), ("k", "km"), ("f", "furlong")]
    day = "2024-01-10"
    shop.use(*[shop.row(name, day, 5_000, meter="distance", unit=unit) for name, unit in units])
    assert shop.totals(FEBRUARY) == [5_005_00]
    shop.ledger.run("acme", FEBRUARY)
    assert shop.pending() == {"unit-mismatch": Decimal(5_000)}
    assert shop.counts() == (3, 0, 0, 2, 1, 0)

    known = {"km": Decimal(1000), "furlong": Decimal("201.168")}
    when = When(effective=JANUARY)
    again = DefineMeter(when=when, aggregation="sum", unit="metre", conversions=known)
    shop.send("meter:distance", again)

    assert shop.settles(FEBRUARY) == 5_005_00 + 1_005_84
    assert shop.counts() == (3, 0, 0, 3, 0, 0)


@pytest.mark.parametrize("quantity", ["100000000000000000", "99999999999999999.999999999999"])
def test_very_large_usage_is_billed_to_the_last_unit(shop: Shop, quantity: str) -> None:
    """Row 7: a hundred million billions of units at a millionth each."""
    shop.price("calls", PerUnit(unit_amount=Decimal("0.000001")), meter="calls")
    shop.sell(JANUARY, None, CALLS)
    shop.use(shop.row("big", "2024-01-10", quantity), shop.row("small", "2024-01-10", 10_000))

    assert shop.settles(FEBRUARY) == 100_000_000_000_00 + 1
    assert shop.counts() == (2, 0, 0, 2, 0, 0)


def test_every_row_sent_is_rated_or_in_a_named_list(shop: Shop) -> None:
    """Rows 7, 11: what was acknowledged is visible, by counters that tie, after each batch."""
    sell_calls(shop, end=FEBRUARY)
    sent = [
        [shop.row("a", "2024-01-10", 1), shop.row("a", "2024-01-10", 1)],
        [shop.row("b", "2024-01-10", 2), shop.row("b", "2024-01-10", 3)],
        [shop.row("c", "2024-02-01T00:00:00Z", 4), shop.row("d", "2023-12-31", 5)],
        [shop.row("e", "2024-01-10", 6, subscription="nobody")],
        [shop.row("f", "2024-01-10", 7, meter="nothing"), shop.row("g", "2024-01-10", "NaN")],
    ]
    answered = [0, 0, 0]
    for rows in sent:
        receipt = shop.use(*rows)
        answered[0] += receipt.received
        answered[1] += receipt.duplicates
        answered[2] += receipt.rejected
        shop.ledger.run("acme", FEBRUARY)
        received, duplicates, rejected, rated, waits, gone = shop.counts()
        assert [received, duplicates, rejected] == answered
        assert received == duplicates + rejected + rated + waits + gone

    assert shop.counts() == (9, 1, 2, 2, 4, 0)
    assert shop.pending() == {
        "out-of-term": Decimal(9),
        "unknown-subscription": Decimal(6),
        "unknown-meter": Decimal(7),
    }


@pytest.mark.parametrize("fix", [{}, {"occurred_at": "2024-01-10T12:00:00Z"}], ids=["out", "in"])
@pytest.mark.parametrize("seen", [False, True], ids=["at once", "after a run"])
def test_what_waited_and_was_removed_or_corrected_waits_no_more(
    shop: Shop, fix: dict[str, str], *, seen: bool
) -> None:
    """Rows 6, 7: out of term by mistake; no list names it any more, and its month can be closed."""
    sell_calls(shop)
    wrong = shop.row("e1", "2023-12-31", 30)
    shop.use(wrong)
    if seen:
        shop.ledger.run("acme", FEBRUARY)
        assert [one.count for one in shop.findings()] == [1]
    shop.use(wrong | fix, kind="correction" if fix else "retraction")

    assert shop.settles(FEBRUARY) == (30_00 if fix else 0)
    assert shop.findings() == ()
    shop.ledger.close_period("acme", "main", "2023-12")


def test_a_row_that_waits_is_not_made_up_for_by_one_that_waits_to_be_removed(shop: Shop) -> None:
    """Rows 6, 7: a held removal and a held addition of one month are two; it cannot be closed."""
    shop.price("calls", DOLLAR, meter="calls", options=BillingOptions(late_usage="hold"))
    shop.sell(JANUARY, None, CALLS)
    shop.use(shop.row("e1", "2024-01-10", 30))
    shop.bill(FEBRUARY)
    shop.use(shop.row("e1", "2024-01-10"), kind="retraction")
    shop.use(shop.row("e2", "2024-01-11", 30))
    shop.ledger.run("acme", FEBRUARY)

    assert [(one.detail, one.count) for one in shop.findings()] == [("outside-window", 2)]
    with pytest.raises(Rejected, match="close-pending"):
        shop.ledger.close_period("acme", "main", "2024-01")


def test_an_event_of_long_ago_is_kept_until_something_wants_it(shop: Shop) -> None:
    """Row 22: dated 2001, taken, visible as out of term; years of time passing lose nothing."""
    sell_calls(shop)
    receipt = shop.use(shop.row("old", "2001-09-09T01:46:40Z", 7))
    assert receipt.accepted == 1
    for day in (FEBRUARY, MARCH, date(2025, 6, 1)):
        shop.bill(day)
        shop.ledger.run("acme", day)
        assert shop.pending() == {"out-of-term": Decimal(7)}

    repeated = shop.use(shop.row("old", "2001-09-09T01:46:40Z", 7))
    assert (repeated.accepted, repeated.duplicates) == (0, 1)
    periods = months(date(2001, 1, 1), 264)
    shop.send("entity:self", DefineCalendar(when=When(effective=JANUARY), periods=periods))
    shop.sell(date(2001, 9, 1), date(2001, 10, 1), CALLS, name="s0")
    shop.use(shop.row("old", "2001-09-09T01:46:40Z", 7, subscription="s0"), kind="correction")

    assert shop.settles(FEBRUARY) == 7_00
    assert shop.pending() == {}


# --- ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": "2024-01-11T12:00:00Z"},
        {"occurred_at": "2024-01-10T12:00:00.000001Z"},
        {"quantity": "3"},
        {"meter": "other"},
        {"subscription": "s2"},
        {"unit": "call"},
        {"dimensions": {"region": "eu"}},
    ],
    ids="-".join,
)
def test_another_payload_under_a_used_id_is_a_conflict_shown_to_the_sender(
    shop: Shop, change: dict[str, object]
) -> None:
    """Row 24: the id alone decides; with another timestamp or anything else it counts once."""
    sell_calls(shop)
    shop.use(shop.row("e1", "2024-01-10", 2))

    receipt = shop.use(shop.row("e1", "2024-01-10", 2) | change)

    assert [(one.event_id, one.code) for one in receipt.rejects] == [
        ("e1", "duplicate-with-other-body")
    ]
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (0, 0, 1)
    assert shop.settles(FEBRUARY) == 2_00


def test_a_backfill_is_billed_once_and_says_who_sent_it(shop: Shop) -> None:
    """Row 24: a month sent again with what was missing; only that counts, under its own batch."""
    sell_calls(shop)
    month = [shop.row(f"e{n}", f"2024-01-{n:02}", 1) for n in range(1, 32)]
    shop.use(*month[:20])
    shop.bill(FEBRUARY)

    receipt = shop.use(*month, key="backfill")

    assert (receipt.duplicates, receipt.accepted) == (20, 11)
    assert shop.totals(FEBRUARY) == [11_00]
    (fact,) = [fact for fact in shop.facts("usage") if fact.command_id == "backfill"]
    assert (fact.position, fact.stream) == (receipt.position, "usage:app")


# --- boundaries ------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Asia/Kolkata", "Pacific/Auckland"])
def test_an_event_at_the_boundary_instant_belongs_to_the_period_that_begins(
    shop: Shop, zone: str
) -> None:
    """Row 20: at midnight of the subscription's zone, and a millionth of a second before."""
    shop.price("calls", DOLLAR, meter="calls")
    shop.sell(JANUARY, None, CALLS, zone=zone)
    midnight = datetime(2024, 2, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    before = midnight - timedelta(microseconds=1)
    shop.use(shop.row("at", midnight.isoformat(), 1), shop.row("before", before.isoformat(), 20))

    assert shop.totals(FEBRUARY) == [20_00]
    assert shop.totals(MARCH) == [1_00]
    assert shop.settles(MARCH) == 21_00
    # The accounting period is that of the entity, whose zone is UTC.
    earned: dict[str, int] = {}
    for instant, minor in ((before, 20_00), (midnight, 1_00)):
        earned[f"{instant:%Y-%m}"] = earned.get(f"{instant:%Y-%m}", 0) + minor
    assert shop.earned() == earned


@pytest.mark.parametrize(("month", "hours"), [(3, 743), (10, 745)])
def test_each_hour_counts_once_where_the_clock_changes(shop: Shop, month: int, hours: int) -> None:
    """Row 9: March has 743 hours in Berlin and October 745; the hour told twice is two hours."""
    zone = ZoneInfo("Europe/Berlin")
    shop.price("calls", DOLLAR, meter="calls")
    shop.sell(date(2024, month, 1), date(2024, month + 1, 1), CALLS, zone=zone.key)
    begin = datetime(2024, month, 1, tzinfo=zone).astimezone(UTC)
    rows = [
        shop.row(f"h{n}", (begin + timedelta(hours=n)).isoformat(), 1) for n in range(-1, hours + 1)
    ]
    shop.use(*rows)
    shop.bill(date(2024, month + 1, 1))
    shop.ledger.run("acme", date(2024, month + 1, 1))

    assert shop.net() == hours * 100
    assert shop.pending() == {"out-of-term": Decimal(2)}


# --- lines and rows --------------------------------------------------------------------------


def two_invoices(shop: Shop, *, posted_together: bool) -> tuple[int, int]:
    """January's invoice for e1 and e2, February's for e3."""
    sell_calls(shop)
    shop.use(shop.row("e1", "2024-01-10", 30), shop.row("e2", "2024-01-11", 4))
    shop.bill(FEBRUARY)
    if not posted_together:
        shop.ledger.run("acme", FEBRUARY)
    shop.use(shop.row("e3", "2024-02-10", 5))
    shop.bill(MARCH)
    shop.ledger.run("acme", MARCH)
    january, february = (fact.position for fact in shop.facts("invoice"))
    return january, february


def test_an_invoice_leads_to_its_usage_rows_and_a_row_to_its_invoice(shop: Shop) -> None:
    """Row 13: through the lines of the journal, both ways."""
    january, february = two_invoices(shop, posted_together=False)

    assert rows_under(shop, january) >= {"e1", "e2"}
    assert rows_under(shop, february) >= {"e3"}
    assert january in invoices_over(shop, "e1") & invoices_over(shop, "e2")
    assert february in invoices_over(shop, "e3")


def test_an_invoice_leads_to_its_own_usage_rows_only(shop: Shop) -> None:
    """Row 13: each line to the rows it bills, and each row to the invoice that bills it."""
    two_invoices(shop, posted_together=True)
    shop.use(shop.row("late", "2024-01-20", 5))
    shop.bill(MARCH)
    first, second, third = [fact.stream.partition(":")[2] for fact in shop.facts("invoice")]
    with shop.ledger.connection() as connection:
        found = [billed_usage(connection, "acme", name) for name in (first, second, third)]
        rows = [{row.event_id for line in one.lines for row in line.rows} for one in found if one]
        told = {
            event: invoices_of_event(connection, "acme", "app", event)
            for event in ("e1", "e2", "e3", "late", "never")
        }

    assert rows == [{"e1", "e2"}, {"e3"}, {"late"}]
    assert {event: one.invoices if one else None for event, one in told.items()} == {
        "e1": (first,),
        "e2": (first,),
        "e3": (second,),
        "late": (third,),
        "never": None,
    }


def rows_under(shop: Shop, invoice: int) -> set[str]:
    """The events under the lines that an invoice moved."""
    with shop.ledger.connection() as connection:
        up = lineage_up(connection, "acme", invoice)
        assert up is not None
        downs = [lineage_down(connection, "acme", line.entry, line.line) for line in up.lines]
    return {row.event_id for down in downs if down for row in down.rows}


def invoices_over(shop: Shop, event: str) -> set[int]:
    """The invoices among the causes of what an event moved."""
    with shop.ledger.connection() as connection:
        up = lineage_up_event(connection, "acme", "app", event)
        assert up is not None
        downs = [lineage_down(connection, "acme", line.entry, line.line) for line in up.lines]
    causes = [cause for down in downs if down for cause in down.causes]
    return {cause.position for cause in causes if cause.what == "invoice-issued"}
