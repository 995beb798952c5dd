"""A fact's row and leaf made in one go: the bytes of the code that is written to be read."""

import struct
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import log
from store.binary import copy_framing, record_framing
from store.canonical import FactRow, fact_leaf
from store.fact_bytes import COLUMNS, FactBytes

NOW = datetime(2026, 1, 1, 12, 30, 15, 678, tzinfo=UTC)
INTEGERS = {"position", "version", "schema_version", "sort_order", "corrects"}
WHOLE = FactRow(
    entity="e",
    position=2,
    stream="customer:50%",
    version=7,
    tag="customer-registered",
    schema_version=1,
    effective=date(2026, 1, 31),
    effective_at=NOW.astimezone(timezone(timedelta(hours=-5))),
    agreed_on=date(1999, 12, 31),
    sort_order=-3,
    recorded_at=NOW,
    command_id="k%b",
    actor="Zoë 100%",
    reason="",
    correlation_id="c",
    causation_id="d",
    trace_id="t",
    source_system="crm",
    source_kind="deal",
    source_id="1",
    source_version="2",
    corrects=1,
    payload='{"name":"' + "ß" * 5_000 + '"}',
)
BARE = WHOLE._replace(
    **dict.fromkeys(("effective_at", "agreed_on", "reason", "correlation_id", "causation_id")),
    **dict.fromkeys(("trace_id", "source_system", "source_kind", "source_id", "source_version")),
    corrects=None,
)


def leaves(rows):
    return [row[-32:] for row in FactBytes(copy_framing(len(COLUMNS))).rows(rows)]


@pytest.mark.parametrize("row", [WHOLE, BARE])
def test_the_leaf_is_the_one_that_the_encoding_says(row):
    assert leaves([row]) == [fact_leaf(row)]


@given(
    st.lists(
        st.sampled_from(FactRow._fields).flatmap(
            lambda name: st.tuples(st.just(name), st.sampled_from([1, 2, 2_000_000_000]))
        ),
        max_size=30,
    )
)
def test_what_is_remembered_of_one_fact_never_gets_into_another(changes):
    rows = [WHOLE]
    for name, value in changes:
        old = getattr(rows[-1], name)
        new = value if name in INTEGERS else old and moved(old, value)
        rows.append(rows[-1]._replace(**{name: new}))
        rows.append(BARE._replace(**{name: new}))

    assert leaves(rows) == [fact_leaf(row) for row in rows]


def moved(old, value):
    match old:
        case datetime():
            return NOW + timedelta(microseconds=value)
        case date():
            return date(2026, 1, 1) + timedelta(days=value % 1_000)
    return f"{old[:20]}{value}"


def test_every_column_comes_back_from_the_database_as_it_was(connection):
    before = BARE._replace(position=1, version=6)
    with connection.transaction():
        head = log.write_rows(connection, log.lock_head(connection, "e"), [before, WHOLE])

    told = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM fact ORDER BY position").fetchall()
    assert told == [(*row, fact_leaf(row)) for row in (before, WHOLE)]
    assert (head.position, log.head(connection, "e")) == (2, head)


def test_a_record_says_the_type_of_every_column():
    (row,) = FactBytes(record_framing(range(100, 100 + len(COLUMNS)))).rows([WHOLE])

    types, at = [], 4
    for _ in COLUMNS:
        kind, length = struct.unpack_from(">Ii", row, at)
        types.append(kind)
        at += 8 + max(length, 0)
    assert row[:4] == struct.pack(">I", len(COLUMNS))
    assert (types, at) == (list(range(100, 100 + len(COLUMNS))), len(row))
