"""Entries packed by hand are the rows and leaves that the plain way would have written."""

from __future__ import annotations

from datetime import date

import pytest

from domain.journal import Entry, Line, Slot
from store.canonical import entry_leaf
from store.db import Connection
from store.entry_rows import EntryRows, copy

JANUARY, MARCH = date(2024, 1, 31), date(1999, 3, 31)


def line(slot: Slot, minor: int, *causes: int, on: date = JANUARY) -> Line:
    return Line(
        slot=slot,
        minor=minor,
        functional_minor=minor - 1,
        accounting_date=on,
        rule="straight-line@1",
        causes=causes,
    )


def entry(unit: str, *lines: Line, booked: str = "2024-01") -> Entry:
    return Entry(
        entity="Größe",
        book="us-gaap",
        unit=unit,
        known_at=17,
        booked=booked,
        currency="EUR",
        functional_currency="USD",
        lines=lines,
    )


EARNED = entry(
    "subscription:s1",
    line(Slot(JANUARY, "release", "seats", "contract-liability", "seats"), 2**62, 1, 12, 123),
    line(Slot(JANUARY, "release", "seats", "revenue", "seats"), -(2**62), 123, 1, 12),
)
BILLED = entry(
    "customer:ćma:EUR",
    line(Slot(MARCH, "billing", "i/1", "accounts-receivable", "", "i"), 0, on=MARCH),
    line(Slot(MARCH, "receipt", "p", "cash-clearing"), 7, 3),
    booked="1999-03",
)
NO_LINES = entry("contract:empty")
ENTRIES = {"earned": EARNED, "billed": BILLED, "no-lines": NO_LINES}


@pytest.fixture
def written(connection: Connection) -> Connection:
    rows = EntryRows("Größe")
    copy(connection, "Größe", [rows.pack(one, "ćma") for one in ENTRIES.values()], after=4)
    return connection


def test_an_entry_is_copied_under_its_number_with_its_canonical_leaf(written: Connection) -> None:
    found = written.execute("SELECT * FROM journal_entry ORDER BY entry").fetchall()

    assert found == [
        (
            "Größe",
            number,
            "us-gaap",
            one.unit,
            17,
            one.booked,
            "EUR",
            "USD",
            entry_leaf(one),
        )
        for number, one in enumerate(ENTRIES.values(), 5)
    ]


def test_a_line_is_copied_with_every_column(written: Connection) -> None:
    found = written.execute("SELECT * FROM journal_line ORDER BY entry, line").fetchall()

    assert found == [
        (
            *("Größe", number, place, "us-gaap", one.unit, 17, one.booked, row.slot.account),
            *(row.slot.kind, row.slot.subject, row.slot.obligation, row.slot.document, "ćma"),
            *(row.slot.earned, row.accounting_date, "EUR", row.minor, "USD"),
            *(row.functional_minor, row.rule, sorted(row.causes)),
        )
        for number, one in enumerate(ENTRIES.values(), 5)
        for place, row in enumerate(one.lines, 1)
    ]


def test_nothing_is_sent_where_nothing_was_posted(connection: Connection) -> None:
    copy(connection, "acme", [], after=0)

    assert connection.execute("SELECT count(*) FROM journal_entry").fetchone() == (0,)
