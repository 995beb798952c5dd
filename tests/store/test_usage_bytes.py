"""Rows read by the chunk and column say what the same rows say when they are read alone."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Malformed
from domain.usage import UsageRow
from store.binary import Packed
from store.canonical import UsageLeafRow, bucket, retraction_leaf, usage_leaf
from store.codec import canonical_json
from store.copying import NULL
from store.usage_amounts import numeric, plain_amounts, read_amount, unscaled
from store.usage_bytes import UsageBytes
from store.usage_input import read_row, refused

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

IDS = st.one_of(
    st.text(min_size=1, max_size=8),
    st.sampled_from(["", "a\x00", "x" * 512, "x" * 513, "é", "e\u0301", "\ud800", 7, None]),
)
QUANTITIES = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True, min_value=None).map(str),
    st.decimals(-(10**19), 10**19, places=15).map(str),
    st.integers(-(10**19), 10**19),
    st.decimals(-9999, 9999, places=4),
    st.sampled_from(
        [
            *("1", "0", "-0", "-0.0", "01", "1.", ".5", "+1", "1e3", "1E-15", "1e-16", "9999.9999"),
            *("10000", "0.0001", "1_0", " 1", "\u0661", "", "inf", True, 1.5, None, [], 10**400),
        ]
    ),
)
OFFSETS = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+02:00", "-23:59", "+24:00", "", "UTC"])
INSTANTS = st.one_of(
    st.builds(
        lambda moment, separator, offset: moment.isoformat().replace("T", separator) + offset,
        st.datetimes(datetime(1999, 12, 30), datetime(2100, 1, 3)),  # noqa: DTZ001
        st.sampled_from("Tt "),
        OFFSETS,
    ),
    st.datetimes(datetime(1999, 12, 30), datetime(2100, 1, 3), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(
        [
            "2024-01-01T24:00:00Z",
            "2024-01-01T23:59:60Z",
            "2024-01-01T00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:00.1234567Z",
            "2024-01-01T00:00:00.1230000Z",
            "2024-01-01T00:00:00,5Z",
            *("20240101T000000Z", "2024-01-01", "", 5, None),
        ]
    ),
)
DIMENSIONS = st.one_of(
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
    st.sampled_from([None, {}, "", 0, "a=1", {"a": 1}, {"e\u0301": "x"}, {"b": "é", "a": '"\\'}]),
)
FIELDS = {
    "event_id": IDS,
    "subscription": IDS,
    "meter": st.sampled_from(["calls", "bytes", "", "cafe\u0301", 5]),
    "quantity": QUANTITIES,
    "occurred_at": INSTANTS,
}
ROWS = st.one_of(
    st.fixed_dictionaries(
        FIELDS,
        optional={
            "unit": st.sampled_from([None, "GB", "", 3]),
            "dimensions": DIMENSIONS,
            "colour": st.just("red"),
        },
    ),
    st.sampled_from(["text", 5, None, ["no", "row"], {}]),
)
PLAIN = st.fixed_dictionaries(
    {
        "event_id": st.text("abc", min_size=1, max_size=4),
        "subscription": st.sampled_from(["s", "t"]),
        "meter": st.sampled_from(["calls", "bytes"]),
        "quantity": st.decimals(-99999, 99999, places=5).map(str),
        "occurred_at": st.datetimes(
            datetime(2000, 1, 1, tzinfo=None),  # noqa: DTZ001
            datetime(2099, 12, 31, tzinfo=None),  # noqa: DTZ001
        ).map(lambda moment: moment.isoformat() + "Z"),
    }
)


def alone(raws):
    """What the rows say, each read by itself."""
    rows, problems = [], []
    for row_no, raw in enumerate(raws, 1):
        try:
            rows.append((row_no, read_row(raw)))
        except Malformed as problem:
            problems.append(refused(row_no, raw, problem))
    return rows, problems


def together(raws):
    return UsageBytes("e", "app").rows(1, raws)


def told(field):
    return None if field == NULL else field[4:].decode()


def leaf(row):
    dimensions = canonical_json(row.dimensions) if row.dimensions else "{}"
    return usage_leaf(
        UsageLeafRow(
            "e",
            "app",
            row.event_id,
            row.subscription,
            row.meter,
            row.quantity,
            row.unit,
            row.occurred_at,
            dimensions,
        )
    )


def require_the_same(raws):
    chunk = together(raws)
    rows, problems = alone(raws)

    assert chunk.refused == problems
    assert list(chunk.numbers) == [row_no for row_no, _ in rows]
    assert list(chunk.ids) == list(map(told, chunk.names)) == [row.event_id for _, row in rows]
    assert list(map(told, chunk.subscriptions)) == [row.subscription for _, row in rows]
    assert list(map(told, chunk.meters)) == [row.meter for _, row in rows]
    assert list(map(unscaled, chunk.amounts)) == [row.quantity for _, row in rows]
    assert list(map(told, chunk.units)) == [row.unit for _, row in rows]
    assert [EPOCH + timedelta(microseconds=moment) for moment in chunk.moments] == [
        row.occurred_at for _, row in rows
    ]
    assert [json.loads(told(field)) for field in chunk.dimensions] == [
        row.dimensions for _, row in rows
    ]
    assert chunk.leaves == [leaf(row) for _, row in rows]
    assert chunk.buckets == [bucket("e", "app", row.event_id) for _, row in rows]
    assert chunk.received == len(raws) == len(chunk.digests) // 32


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(ROWS, max_size=6))
def test_a_chunk_says_what_each_of_its_rows_says(raws):
    require_the_same(raws)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(PLAIN, min_size=1, max_size=20))
def test_plain_rows_say_the_same_as_mappings_and_as_lines(raws):
    require_the_same(raws)
    lines = [json.dumps(raw).encode() for raw in raws]

    assert together(lines) == together(raws)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(ROWS.filter(lambda raw: not isinstance(raw, str)), max_size=4))
def test_a_line_says_what_its_json_says(raws):
    lines = [json.dumps(raw, default=str).encode() for raw in raws]

    require_the_same(lines)
    assert together(lines).digests == together([json.loads(line) for line in lines]).digests


BROKEN = [
    b"{",
    b"",
    b"\xff",
    b'{"event_id": "a"} {"event_id": "b"}',
    b'{"event_id": "\\ud800", "subscription": "s"}',
    b"[" * 100_000,
    b'{"quantity": ' + b"1" * 5_000 + b"}",
    b'"text"',
    b"NaN",
    json.dumps({"event_id": "a"}).encode("utf-16"),
]


@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_line_that_is_no_row_is_refused_alone(line):
    good = json.dumps(
        {
            "event_id": "a",
            "subscription": "s",
            "meter": "calls",
            "quantity": "1",
            "occurred_at": "2024-01-01T00:00:00Z",
        }
    ).encode()

    chunk = together([good, line, good])

    assert list(chunk.numbers) == [1, 3]
    assert [problem.row_no for problem in chunk.refused] == [2]
    require_the_same([good, line, good])


def test_two_lines_that_are_one_row_together_are_no_rows():
    whole = b'{"event_id": "a", "subscription": "s", "meter": "m", "quantity": "1", '
    rest = b'"occurred_at": "2024-01-01T00:00:00Z"}'

    assert together([whole + rest]).ids == ["a"]
    assert together([whole, rest]).ids == []


def test_typed_rows_are_read_like_others():
    row = UsageRow(
        event_id="a",
        subscription="s",
        meter="calls",
        quantity=Decimal("1.50"),
        occurred_at=datetime(2024, 3, 1, 12, tzinfo=UTC),
        dimensions={"b": "1", "a": "2"},
    )

    assert together([row]) == together([msgspec.to_builtins(row)])


def test_what_is_remembered_is_not_mixed_up_between_kinds_of_values():
    rows = [
        {
            "event_id": f"{place}",
            "subscription": "s",
            "meter": "calls",
            "quantity": quantity,
            "occurred_at": "2024-01-01T00:00:00Z",
        }
        for place, quantity in enumerate(["1", 1, Decimal(1), True, 1.0, "1.0", Decimal("1.00")])
    ]

    require_the_same(rows)
    assert together(rows).amounts == [10**15] * 5


def test_a_retraction_is_read_by_its_ids_alone():
    chunk = UsageBytes("e", "app").retractions(4, ["a", {"event_id": "b"}, b'"c"', 5, ""])

    assert list(chunk.numbers) == [4, 5, 6]
    assert chunk.ids == ["a", "b", "c"]
    assert chunk.leaves == [retraction_leaf("e", "app", one) for one in "abc"]
    assert chunk.buckets == [bucket("e", "app", one) for one in "abc"]
    assert [(problem.row_no, problem.code) for problem in chunk.refused] == [
        (7, "not-a-row"),
        (8, "empty-text"),
    ]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(-(10**33) + 1, 10**33 - 1))
def test_an_amount_is_the_same_in_each_of_its_forms(scaled):
    value = unscaled(scaled)

    found, leaf, field = read_amount(str(value))
    written = leaf[4:].decode()

    assert (found, field) == (scaled, numeric(scaled))
    assert Decimal(written) == value
    assert plain_amounts([written]).get(written) in (None, (scaled, leaf, field))


def test_numbers_are_recognised_line_by_line_and_only_as_they_are_hashed():
    plain = ["1", "-1", "9999.9999", "104857600", "123456789012345.123456789012345", "10.01"]
    others = ["0", "-0", "01", "1.", "1.0", ".5", "0.5", "+1", "1e3", "1 ", "", "\u0661", "1\r"]
    others += ["1234567890123456", "1.1234567890123456"]

    assert sorted(plain_amounts([*others, *plain, *others])) == sorted(plain)
    assert {one: read_amount(one) for one in plain} == plain_amounts(plain)
    assert plain_amounts(["1\n2", "x"]) == plain_amounts(["1\n2"]) == plain_amounts([]) == {}


def test_the_server_reads_an_amount_as_it_was_meant(connection):
    scaled = [0, 1, -1, 10**11, -(10**11), 10**15, 99_999_999 * 10**11, 10**33 - 1, -(10**33) + 1]
    scaled += [10**power for power in range(33)] + [3 * 10**power + 7 for power in range(33)]

    found = [
        connection.execute("SELECT %b::numeric", [Packed(numeric(one)[4:])]).fetchone()[0]
        for one in scaled
    ]

    assert found == list(map(unscaled, scaled))
    assert [value.as_tuple().exponent for value in found] == [-15] * len(scaled)
