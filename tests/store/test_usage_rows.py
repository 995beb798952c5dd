"""Usage batches on a real database: once for ever, row by row, all or nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Malformed, Rejected
from domain.usage import MeterTotal, UsageDay, UsageRow
from store import db, log
from store.canonical import UsageLeafRow, batch_root, usage_leaf
from store.usage_days import usage_days, usage_days_from_rows, whole_hours
from store.usage_rows import Reject, UsageBatch, ingest
from tests.usage import usage_row

NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)
UTC_DAYS = {"s": "UTC", "t": "UTC"}


def clock():
    return NOW


def batch(key, **fields):
    return UsageBatch(entity="e", source="app", key=key, **fields)


def row(event_id, quantity="1", at="2024-03-01T12:00:00Z", subscription="s", **fields):
    return usage_row(event_id, quantity, at, subscription, **fields)


def take(connection, key, rows, **fields):
    return ingest(connection, batch(key, **fields), rows, clock=clock)


def counts(receipt):
    return (receipt.received, receipt.duplicates, receipt.rejected, receipt.accepted)


def days(connection, **fields):
    found = usage_days(connection, "e", UTC_DAYS, **fields)
    return [(day.subscription, day.day.isoformat(), day.rows, day.quantity) for day in found]


def test_a_batch_is_one_fact_with_its_counts_totals_and_root(connection):
    rows = [row("b", "2.50"), row("a", "1"), row("c", "-0.5", "2024-04-01T00:00:00+02:00")]

    receipt = take(connection, "k", rows, batch_number=7, actor="ann")

    (fact,) = log.read_all(connection, "e")
    event = fact.event
    assert counts(receipt) == (3, 0, 0, 3)
    assert (fact.stream, fact.command_id, fact.actor) == ("usage:app", "k", "ann")
    assert (event.batch, event.batch_number, event.kind) == (receipt.batch, 7, "rows")
    assert event.totals == (MeterTotal(meter="calls", rows=3, quantity=Decimal(3)),)
    assert event.subscriptions == ("s",)
    assert (event.first_day, event.last_day) == (date(2024, 3, 1), date(2024, 3, 31))


def test_the_root_depends_on_the_rows_and_not_on_their_order(connection):
    rows = [row(f"{n}", f"{n}") for n in range(50)]
    roots = []

    for sent in (rows, rows[::-1], [*rows[1:], row("0", "7")]):
        with connection.transaction(force_rollback=True):
            take(connection, "k", sent)
            (fact,) = log.read_all(connection, "e")
            roots.append(fact.event.root)

    at = datetime(2024, 3, 1, 12, tzinfo=UTC)
    leaves = {
        f"{n}": usage_leaf(
            UsageLeafRow("e", "app", f"{n}", "s", "calls", Decimal(n), None, at, "{}")
        )
        for n in range(50)
    }
    assert roots[0] == roots[1] == batch_root(leaves[name] for name in sorted(leaves))
    assert roots[0] != roots[2]


def test_a_repeated_event_is_a_duplicate_within_a_batch_and_between_batches(connection):
    first = take(connection, "k1", [row("a"), row("a"), row("b")])
    second = take(connection, "k2", [row("b"), row("c"), row("a")])

    assert counts(first) == (3, 1, 0, 2)
    assert counts(second) == (3, 2, 0, 1)
    assert days(connection) == [
        ("s", "2024-03-01", 2, Decimal(2)),
        ("s", "2024-03-01", 1, Decimal(1)),
    ]


def test_the_same_event_spelled_otherwise_is_the_same(connection):
    take(connection, "k1", [row("a", "1.50", "2024-03-01T12:00:00Z")])

    receipt = take(connection, "k2", [row("a", Decimal("1.5"), "2024-03-01T13:00:00+01:00")])

    assert counts(receipt) == (1, 1, 0, 0)


def test_an_event_with_another_body_is_reported_with_what_it_said(connection):
    take(connection, "k1", [row("a", "1")])

    receipt = take(connection, "k2", [row("b"), row("b", "3"), row("a", "2")])

    assert counts(receipt) == (3, 0, 2, 1)
    assert [(r.row_no, r.event_id, r.code) for r in receipt.rejects] == [
        (2, "b", "duplicate-with-other-body"),
        (3, "a", "duplicate-with-other-body"),
    ]
    assert '"quantity":"2"' in receipt.rejects[1].raw


def test_an_event_of_another_source_or_entity_is_another_event(connection):
    take(connection, "k1", [row("a")])

    for order in (
        UsageBatch(entity="e", source="web", key="k2"),
        UsageBatch(entity="f", source="app", key="k1"),
    ):
        assert ingest(connection, order, [row("a", "9")], clock=clock).accepted == 1


REFUSED = [
    ({"quantity": "NaN"}, "not-finite", "quantity"),
    ({"quantity": "-Infinity"}, "not-finite", "quantity"),
    ({"quantity": Decimal("NaN")}, "not-finite", "quantity"),
    ({"quantity": 1.5}, "inexact-number", "quantity"),
    ({"quantity": True}, "not-a-decimal", "quantity"),
    ({"quantity": "1_000"}, "not-a-decimal", "quantity"),
    ({"quantity": "\u0661"}, "not-a-decimal", "quantity"),
    ({"quantity": "1,5"}, "not-a-decimal", "quantity"),
    ({"quantity": "0.0000000000000001"}, "wrong-scale", "quantity"),
    ({"quantity": "1e18"}, "quantity-too-large", "quantity"),
    ({"quantity": None}, "missing-field", "quantity"),
    ({"occurred_at": "yesterday"}, "bad-timestamp", "occurred_at"),
    ({"occurred_at": 1700000000}, "bad-timestamp", "occurred_at"),
    ({"occurred_at": "2024-03-01"}, "bad-timestamp", "occurred_at"),
    ({"occurred_at": "2024-03-01T12:00:00"}, "no-utc-offset", "occurred_at"),
    ({"occurred_at": "2024-03-01T12:00:00.1234567Z"}, "wrong-scale", "occurred_at"),
    ({"occurred_at": "1024-03-01T12:00:00Z"}, "timestamp-out-of-range", "occurred_at"),
    ({"event_id": ""}, "empty-text", "event_id"),
    ({"event_id": "a\x00"}, "nul-character", "event_id"),
    ({"event_id": "x" * 513}, "text-too-long", "event_id"),
    ({"subscription": 7}, "not-a-text", "subscription"),
    ({"meter": "cafe\u0301"}, "not-nfc", "meter"),
    ({"dimensions": {"a": 1}}, "not-texts", "dimensions"),
    ({"dimensions": "a=1"}, "not-texts", "dimensions"),
    ({"colour": "red"}, "unknown-field", "colour"),
]


def test_a_malformed_row_is_kept_with_its_reason_and_the_others_go_in(connection):
    bad = [row(f"bad{place}") | fields for place, (fields, _, _) in enumerate(REFUSED)]
    rows = [row("first"), *bad, ["no", "row"], row("last")]

    receipt = take(connection, "k", rows)

    assert counts(receipt) == (len(REFUSED) + 3, 0, len(REFUSED) + 1, 2)
    assert [(r.code, r.field) for r in receipt.rejects] == [
        *((code, field) for _, code, field in REFUSED),
        ("not-a-row", None),
    ]
    assert receipt.rejects[-1] == Reject(
        row_no=len(REFUSED) + 2, event_id=None, code="not-a-row", field=None, raw='["no", "row"]'
    )


def test_the_id_of_a_rejected_row_stays_free(connection):
    take(connection, "k1", [row("a", "NaN")])

    assert take(connection, "k2", [row("a", "3")]).accepted == 1


def test_a_typed_row_is_taken_like_a_raw_one(connection):
    typed = UsageRow(
        event_id="a",
        subscription="s",
        meter="calls",
        quantity=Decimal(1),
        occurred_at=datetime(2024, 3, 1, 12, tzinfo=UTC),
    )

    assert take(connection, "k1", [typed]).accepted == 1
    assert take(connection, "k2", [row("a")]).duplicates == 1


def test_the_same_key_again_gives_the_first_answer_and_reads_no_new_row(connection):
    rows = [row("a"), row("a", "2"), row("b", "NaN")]
    first = take(connection, "k", rows)
    again = take(connection, "k", rows)

    assert again.repeated
    assert counts(again) == counts(first) == (3, 0, 2, 1)
    assert (again.batch, again.position, again.rejects) == (
        first.batch,
        first.position,
        first.rejects,
    )
    with pytest.raises(Malformed, match="key-reused") as reused:
        take(connection, "k", [row("c")])
    assert reused.value.context == {
        "key": "k",
        "differs": "rows",
        "used_on": "usage:app",
        "positions": [first.position],
    }
    assert len(tuple(log.read_all(connection, "e"))) == 1


def test_a_batch_number_is_used_once_and_a_second_use_leaves_nothing_behind(connection):
    take(connection, "k1", [row("a")], batch_number=1)

    for _ in range(2):
        with pytest.raises(Rejected, match="batch-number-reused"):
            take(connection, "k2", [row("b"), row("c", "NaN")], batch_number=1)

    assert take(connection, "k3", [row("b")], batch_number=2).accepted == 1
    kept = connection.execute("SELECT key, code FROM refusal").fetchall()
    assert kept == [("k2", "batch-number-reused")]
    assert connection.execute("SELECT count(*) FROM usage_reject").fetchone() == (0,)


def test_a_batch_that_dies_half_way_leaves_nothing(connection):
    def dying():
        for number in range(25_000):
            yield row(f"{number}")
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        take(connection, "k", dying())

    assert take(connection, "k", [row("1", "5")]).accepted == 1
    assert len(tuple(log.read_all(connection, "e"))) == 1


def test_a_correction_replaces_from_its_own_position_on(connection):
    take(connection, "k1", [row("a", "5"), row("b", "1")])

    receipt = take(
        connection,
        "k2",
        [row("a", "7", "2024-03-02T00:00:00Z", subscription="t"), row("z")],
        kind="correction",
    )

    assert counts(receipt) == (2, 0, 1, 1)
    assert [(r.event_id, r.code) for r in receipt.rejects] == [("z", "unknown-event")]
    assert days(connection, upto=1) == [("s", "2024-03-01", 2, Decimal(6))]
    assert days(connection) == [
        ("s", "2024-03-01", 2, Decimal(6)),
        ("s", "2024-03-01", -1, Decimal(-5)),
        ("t", "2024-03-02", 1, Decimal(7)),
    ]
    event = tuple(log.read_all(connection, "e"))[-1].event
    assert event.subscriptions == ("s", "t")
    assert (event.first_day, event.last_day) == (date(2024, 3, 1), date(2024, 3, 2))


def test_a_correction_can_be_corrected_and_the_same_again_is_a_duplicate(connection):
    take(connection, "k1", [row("a", "5")])
    take(connection, "k2", [row("a", "7")], kind="correction")

    third = take(connection, "k3", [row("a", "7"), row("a", "9")], kind="correction")
    fourth = take(connection, "k4", [row("a", "9")], kind="correction")

    assert counts(third) == (2, 1, 1, 0)
    assert counts(fourth) == (1, 0, 0, 1)
    assert sum(quantity for *_, quantity in days(connection)) == 9


def test_a_retraction_takes_out_the_version_in_force_once(connection):
    take(connection, "k1", [row("a", "5"), row("b", "1")])
    take(connection, "k2", [row("a", "7")], kind="correction")

    receipt = take(connection, "k3", ["a", {"event_id": "a"}, "z", 5], kind="retraction")
    again = take(connection, "k4", ["a"], kind="retraction")

    assert counts(receipt) == (4, 1, 2, 1)
    assert [(r.row_no, r.code) for r in receipt.rejects] == [
        (3, "unknown-event"),
        (4, "not-a-row"),
    ]
    assert counts(again) == (1, 1, 0, 0)
    assert sum(quantity for *_, quantity in days(connection)) == 1
    assert sum(rows for *_, rows, _ in days(connection)) == 1


def test_what_was_retracted_can_neither_be_corrected_nor_sent_again(connection):
    take(connection, "k1", [row("a", "5")])
    take(connection, "k2", ["a"], kind="retraction")

    corrected = take(connection, "k3", [row("a", "6")], kind="correction")
    resent = take(connection, "k4", [row("a", "5")])

    assert [reject.code for reject in corrected.rejects] == ["retracted-event"]
    assert counts(resent) == (1, 1, 0, 0)
    assert sum(quantity for *_, quantity in days(connection)) == 0


def test_batches_race_for_the_same_events_and_new_months_and_each_goes_in_once(database):
    def race(number):
        rows = [row(f"{n}", "1", f"2024-{n % 12 + 1:02}-05T00:00:00Z") for n in range(600)]
        with db.connect(database) as connection:
            return take(connection, f"k{number}", rows[number * 50 :] + rows[: number * 50])

    with ThreadPoolExecutor(6) as threads:
        receipts = list(threads.map(race, range(6)))

    assert sum(receipt.accepted for receipt in receipts) == 600
    assert sum(receipt.duplicates for receipt in receipts) == 3000
    with db.connect(database) as connection:
        assert connection.execute("SELECT sum(rows), sum(quantity) FROM usage_hour").fetchone() == (
            600,
            600,
        )


def test_a_sender_overtaken_by_itself_leaves_nothing_of_the_second_try(database):
    rows = [row("a"), row("b", "NaN"), row("c")]
    receipts = []

    def overtaken():
        yield rows[0]
        with db.connect(database) as other:
            receipts.append(take(other, "k", rows))
        yield from rows[1:]

    with db.connect(database) as connection:
        receipts.append(take(connection, "k", overtaken()))
        kept = connection.execute("SELECT count(*) FROM usage_reject").fetchone()

    assert [counts(receipt) for receipt in receipts] == [(3, 0, 1, 2)] * 2
    assert [receipt.repeated for receipt in receipts] == [False, True]
    assert kept == (1,)


def test_a_day_begins_at_midnight_of_the_subscriptions_own_zone(connection):
    take(connection, "k", [row("a", "1", "2024-03-01T23:30:00Z")])

    found = {
        zone: usage_days(connection, "e", {"s": zone})[0].day.isoformat()
        for zone in ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu")
    }

    assert found == {
        "UTC": "2024-03-01",
        "America/New_York": "2024-03-01",
        "Europe/Berlin": "2024-03-02",
        "Asia/Kolkata": "2024-03-02",
        "Asia/Kathmandu": "2024-03-02",
    }


def test_zones_of_whole_hours_are_told_from_the_others():
    told = {
        zone: whole_hours(zone)
        for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo")
    }

    assert told == {
        "UTC": True,
        "Europe/Berlin": True,
        "Asia/Kolkata": False,
        "Australia/Lord_Howe": False,
        "Asia/Tokyo": True,
    }


ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Apia"])
EVENTS = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from(["s", "t"]),
    st.sampled_from(["rows", "correction", "retraction"]),
    st.integers(-3, 30),
    st.datetimes(datetime(2024, 3, 29), datetime(2024, 4, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([None, "GB", "MB"]),
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    batches=st.lists(st.lists(EVENTS, max_size=6), max_size=6),
    zones=st.tuples(ZONES, ZONES),
    books=st.one_of(st.none(), ZONES),
)
def test_totals_by_the_hour_and_by_the_row_are_the_same_at_every_position(
    connection, batches, zones, books
):
    wanted = dict(zip(("s", "t"), zones, strict=True))
    with connection.transaction(force_rollback=True):
        for number, events in enumerate(batches):
            for kind in ("rows", "correction", "retraction"):
                rows = [
                    row(event, str(quantity), at, subscription, unit=unit)
                    for event, subscription, of, quantity, at, unit in events
                    if of == kind
                ]
                take(connection, f"{number}{kind}", rows, kind=kind)

        for position in range(len(batches) * 3 + 1):
            known = {"earned": books, "upto": position}
            by_hour = usage_days(connection, "e", wanted, **known)
            by_row = usage_days_from_rows(connection, "e", wanted, **known)
            assert by_hour == by_row
            one_by_one = usage_days(connection, "e", wanted, by_row={"calls"}, **known)
            assert _added_up(one_by_one) == [*by_hour]
            assert all(abs(one.rows) == 1 for one in one_by_one)


def _added_up(rows):
    found = {}
    for one in rows:
        key = (one.subscription, one.meter, one.day, one.position, one.unit, one.earned_on)
        count, quantity = found.get(key, (0, Decimal(0)))
        found[key] = (count + one.rows, quantity + one.quantity)
    return [
        UsageDay(
            subscription=subscription,
            meter=meter,
            day=day,
            position=position,
            rows=count,
            quantity=quantity,
            unit=unit,
            earned_on=earned_on,
        )
        for (subscription, meter, day, position, unit, earned_on), (count, quantity) in sorted(
            found.items(), key=lambda found: (*found[0][:4], found[0][4] or "", str(found[0][5]))
        )
        if count or quantity
    ]


def test_rows_are_handed_out_one_by_one_and_taken_out_again_by_whom_they_were_replaced(connection):
    take(connection, "k", [row("a|b", "5", dimensions={"b": "2", "a": "1"}), row("c", unit="GB")])
    take(connection, "l", [row("a|b", "7")], kind="correction")
    take(connection, "m", ["c"], kind="retraction")
    take(connection, "n", [{**row("d"), "meter": "other"}])

    found = usage_days(connection, "e", {"s": "Asia/Tokyo"}, by_row={"calls"})
    rows = [one for one in found if one.at]

    assert [one.meter for one in found] == ["other", *["calls"] * 5]
    assert [
        (one.event, one.position, one.rows, one.quantity, one.unit, one.dimensions) for one in rows
    ] == [
        ("app|a|b", 1, 1, 5, None, (("a", "1"), ("b", "2"))),
        ("app|a|b", 2, -1, -5, None, (("a", "1"), ("b", "2"))),
        ("app|a|b", 2, 1, 7, None, ()),
        ("app|c", 1, 1, 1, "GB", ()),
        ("app|c", 3, -1, -1, "GB", ()),
    ]
    assert {(one.day, one.at) for one in rows} == {
        (date(2024, 3, 1), datetime(2024, 3, 1, 12, tzinfo=UTC))
    }


def test_usage_days_are_typed_rows_in_order(connection):
    take(connection, "k", [row("a", "1.250")])

    assert usage_days(connection, "e", {"s": "UTC"}) == (
        UsageDay(
            subscription="s",
            meter="calls",
            day=date(2024, 3, 1),
            position=1,
            rows=1,
            quantity=Decimal("1.25"),
        ),
    )
    assert usage_days(connection, "e", {}) == ()


def test_a_month_is_stored_apart_and_no_row_is_ever_changed(connection):
    take(connection, "k", [row("a")])

    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("DELETE FROM usage_row_2024_03")


def test_the_application_role_can_do_all_of_it_and_no_more(connection):
    connection.execute("SET ROLE tieout_app")

    take(connection, "k1", [row("a"), row("b", "NaN")])
    take(connection, "k2", [row("a", "2", "2024-04-01T00:00:00Z")], kind="correction")
    take(connection, "k3", ["a"], kind="retraction")

    assert sum(quantity for *_, quantity in days(connection)) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM usage_row_2024_03")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine ()")
