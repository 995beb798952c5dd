"""A file of usage through the mapping: what is registered, taken, rejected, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from domain.errors import Malformed
from replay.control_totals import judged, power_of_ten, reconcile
from replay.ledger import Ledger
from replay.records import records
from replay.usage_import import import_usage
from replay.usage_mapping import joined, read_control_mapping, read_usage_mapping, usage_of

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

MAPPING = """
source = "cloud"
missing = ["NULL"]

[entity]
name = "Cloud"
functional_currency = "USD"
calendar_from = 2024-09-01

[usage]
event_id = ["id"]
subscription = ["account"]
meter = ["sku", "price"]
quantity = "amount"
unit = "unit"
occurred_at = "at"

[usage.dimensions]
region = "region"

[catalogue]
customer = ["account"]
price = ["sku", "price"]
unit_price = "price"
currency = "currency"
term_from = 2024-09-01
term_to = 2024-10-01
"""

CONTROL = """
source = "cloud"
missing = ["NULL"]
event_id = ["id"]
amount = "cost"
places = 4
"""

ROWS = """id,account,sku,price,amount,unit,at,region,currency,cost
e1,a,s1,0.004,1,GB,2024-09-02 10:00:00,west,USD,0.0040
e2,a,s2,0.004,1,GB,2024-09-03 10:00:00,NULL,USD,0.00401
e3,a,s1,0.004,-2.5,GB,2024-09-04 10:00:00,west,USD,-0.0100
e4,b,s1,0.004,3,GB,2024-09-05 10:00:00,west,USD,120.0000
e5,b,NULL,NULL,3,GB,2024-09-05 10:00:00,west,USD,7.0000
e6,b,s1,0.004,three,GB,2024-09-05 10:00:00,west,USD,0.0120
e7,b,s1,0.004,5,GB,yesterday,west,USD,0.0200
broken
e8,b,s1,0.004,5,GB,2024-09-30 23:59:59,west,USD,0.0300
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with Ledger.open(database, lambda: datetime(2024, 10, 2, tzinfo=UTC)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "usage.csv").write_text(ROWS)
    (tmp_path / "map.toml").write_text(MAPPING)
    (tmp_path / "control.toml").write_text(CONTROL)
    return tmp_path


def test_a_file_registers_its_customers_and_prices_and_its_rows_are_taken_one_by_one(
    ledger: Ledger, folder: Path
) -> None:
    mapping = read_usage_mapping(folder / "map.toml")

    done = import_usage(ledger, "e", folder / "usage.csv", mapping)

    assert done.registered == {
        "books": 3,
        "customers": 2,
        "meters": 2,
        "prices": 2,
        "subscriptions": 2,
    }
    assert done.problems == ()
    assert (done.usage.received, done.usage.accepted, done.usage.rejected) == (9, 5, 4)
    assert [(row.row_no, row.event_id, row.code, row.field) for row in done.usage.rejects] == [
        (5, "e5", "missing-field", "meter"),
        (6, "e6", "not-a-decimal", "quantity"),
        (7, "e7", "bad-timestamp", "occurred_at"),
        (8, "broken", "not-a-row", None),
    ]


def test_the_same_file_again_changes_nothing(ledger: Ledger, folder: Path) -> None:
    mapping = read_usage_mapping(folder / "map.toml")
    first = import_usage(ledger, "e", folder / "usage.csv", mapping)
    head = ledger.head("e")

    again = import_usage(ledger, "e", folder / "usage.csv", mapping)

    assert (again.usage.repeated, again.usage.position) == (True, first.usage.position)
    assert sum(again.registered.values()) == 0
    assert ledger.head("e") == head


def test_a_mended_mapping_takes_what_was_rejected_and_corrects_what_was_taken_otherwise(
    ledger: Ledger, folder: Path
) -> None:
    (folder / "map.toml").write_text(MAPPING.replace('meter = ["sku", "price"]', 'meter = ["sku"]'))
    import_usage(ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml"))
    (folder / "map.toml").write_text(MAPPING.replace('"NULL"', '"NULL", "three"'))
    mended = read_usage_mapping(folder / "map.toml")
    (folder / "usage.csv").write_text(ROWS)

    again = import_usage(ledger, "e", folder / "usage.csv", mended)
    corrected = import_usage(ledger, "e", folder / "usage.csv", mended, kind="correction")
    repeated = import_usage(ledger, "e", folder / "usage.csv", mended, kind="correction")

    assert [(row.event_id, row.code) for row in again.usage.rejects] == [
        ("e1", "duplicate-with-other-body"),
        ("e2", "duplicate-with-other-body"),
        ("e3", "duplicate-with-other-body"),
        ("e4", "duplicate-with-other-body"),
        ("e5", "missing-field"),
        ("e6", "missing-field"),
        ("e7", "bad-timestamp"),
        ("broken", "not-a-row"),
        ("e8", "duplicate-with-other-body"),
    ]
    assert (corrected.usage.accepted, corrected.usage.duplicates) == (5, 0)
    assert repeated.usage.repeated


@pytest.mark.parametrize(
    ("named", "other", "field"),
    [
        ('quantity = "amount"', 'quantity = "amuont"', "usage.quantity"),
        ('meter = ["sku", "price"]', 'meter = ["sku", "prise"]', "usage.meter"),
        ('unit = "unit"', 'unit = "units"', "usage.unit"),
        ('region = "region"', 'region = "zone"', "usage.dimensions"),
        ('currency = "currency"', 'currency = "money"', "catalogue.currency"),
    ],
)
def test_a_mapping_that_names_a_column_which_the_file_has_not_takes_nothing(
    ledger: Ledger, folder: Path, named: str, other: str, field: str
) -> None:
    (folder / "map.toml").write_text(MAPPING.replace(named, other))
    mapping = read_usage_mapping(folder / "map.toml")

    with pytest.raises(Malformed) as refused:
        import_usage(ledger, "e", folder / "usage.csv", mapping)

    column = other.rpartition("= ")[2].strip('[]"').rpartition('"')[2]
    assert (refused.value.code, refused.value.field) == ("bad-mapping", field)
    assert refused.value.context == {"problem": f"the file has no column {column}"}
    assert ledger.head("e") == 0


def test_rows_that_a_wrong_mapping_rejected_are_taken_by_a_mended_one(
    ledger: Ledger, folder: Path
) -> None:
    wrong = MAPPING.replace('occurred_at = "at"', 'occurred_at = "sku"')
    (folder / "map.toml").write_text(wrong)
    first = import_usage(ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml"))
    (folder / "map.toml").write_text(MAPPING)

    mended = import_usage(
        ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml")
    )

    assert (first.usage.accepted, mended.usage.accepted) == (0, 5)
    assert mended.problems == ()


def test_what_is_open_of_an_entity_stands_and_only_what_is_not_there_is_opened(
    ledger: Ledger, folder: Path
) -> None:
    import_usage(ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml"))
    other = MAPPING.replace('source = "cloud"', 'source = "other"').replace(
        "calendar_from = 2024-09-01",
        'calendar_from = 2024-09-01\ncalendar_months = 24\nbooks = ["main", "local"]',
    )
    (folder / "map.toml").write_text(other)
    longer = import_usage(
        ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml")
    )
    (folder / "map.toml").write_text(other.replace('"USD"', '"EUR"'))
    otherwise = import_usage(
        ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml")
    )

    assert (longer.registered["books"], longer.problems) == (2, ())
    assert otherwise.registered["books"] == 0
    assert [(row.subject, row.code, row.detail) for row in otherwise.problems] == [
        ("entity:self", "entity-already-open", "functional_currency: EUR, opened before as USD")
    ]


def test_a_second_file_adds_its_prices_to_customers_already_there(
    ledger: Ledger, folder: Path
) -> None:
    mapping = read_usage_mapping(folder / "map.toml")
    import_usage(ledger, "e", folder / "usage.csv", mapping)
    more = folder / "more.csv"
    more.write_text(
        """id,account,sku,price,amount,unit,at,region,currency,cost
f1,a,s3,0.5,2,GB,2024-09-06 10:00:00,west,USD,1
f2,a,s1,0.004,2,GB,2024-09-06 10:00:00,west,USD,1
f3,c,s3,0.5,4,GB,2024-09-06 10:00:00,west,USD,2
"""
    )

    done = import_usage(ledger, "e", more, mapping)
    again = import_usage(ledger, "e", more, mapping)

    assert done.problems == again.problems == ()
    assert done.registered == {
        "books": 0,
        "customers": 1,
        "meters": 1,
        "prices": 1,
        "subscriptions": 2,
    }
    assert sum(again.registered.values()) == 0
    ledger.run("e", date(2024, 9, 30))
    billed = ledger.bill("e", date(2024, 10, 1))
    # a: -0.002 as before, 0.008 and 1.00; b: 0.032 as before; c: 2.00.
    assert [(row.customer, row.total_minor) for row in billed.documents] == [
        ("a", 101),
        ("b", 3),
        ("c", 200),
    ]


def test_a_price_that_is_set_stands_whatever_a_later_file_says(
    ledger: Ledger, folder: Path
) -> None:
    (folder / "map.toml").write_text(MAPPING.replace('["sku", "price"]', '["sku"]'))
    mapping = read_usage_mapping(folder / "map.toml")
    import_usage(ledger, "e", folder / "usage.csv", mapping)
    more = folder / "more.csv"
    more.write_text(
        """id,account,sku,price,amount,unit,at,region,currency,cost
f1,a,s1,0.5,2,GB,2024-09-06 10:00:00,west,USD,1
"""
    )

    done = import_usage(ledger, "e", more, mapping)

    assert [(row.subject, row.code, row.detail) for row in done.problems] == [
        ("price:s1", "two-prices-for-one-key", "0.5 USD, set before otherwise")
    ]
    assert done.registered["prices"] == 0
    assert done.usage.accepted == 1


def test_an_invoice_total_is_the_exact_total_rounded_once(ledger: Ledger, folder: Path) -> None:
    import_usage(ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml"))
    ledger.run("e", date(2024, 9, 30))

    billed = ledger.bill("e", date(2024, 10, 1))

    # a: 0.004 + 0.004 - 0.010 = -0.002; b: 0.012 + 0.020 = 0.032.
    assert [(row.customer, row.total_minor) for row in billed.documents] == [("a", 0), ("b", 3)]


def test_two_prices_under_one_key_are_named_and_the_first_stands(
    ledger: Ledger, folder: Path
) -> None:
    mapping = folder / "map.toml"
    mapping.write_text(MAPPING.replace('["sku", "price"]', '["sku"]'))
    rows = folder / "usage.csv"
    rows.write_text(ROWS.replace("e4,b,s1,0.004", "e4,b,s1,0.005"))

    done = import_usage(ledger, "e", rows, read_usage_mapping(mapping))

    assert [(row.subject, row.code, row.detail) for row in done.problems] == [
        ("price:s1", "two-prices-for-one-key", "0.004 USD, 0.005 USD")
    ]


def test_each_event_is_compared_with_the_other_systems_amount_by_a_rule(
    ledger: Ledger, folder: Path
) -> None:
    import_usage(ledger, "e", folder / "usage.csv", read_usage_mapping(folder / "map.toml"))

    found = reconcile(
        ledger, "e", folder / "usage.csv", read_control_mapping(folder / "control.toml")
    )

    assert [(row.event_id, row.finding, row.factor, row.reason) for row in found.findings] == [
        ("e2", "rounding", None, None),
        ("e4", "unit-mismatch", 4, None),
        ("e5", "rejected", None, "missing-field"),
        ("e6", "rejected", None, "not-a-decimal"),
        ("e7", "rejected", None, "bad-timestamp"),
        ("e8", "difference", None, None),
    ]
    assert found.counts == {
        "difference": 1,
        "exact": 2,
        "rejected": 3,
        "rounding": 1,
        "unit-mismatch": 1,
    }
    assert found.compared == 5


@pytest.mark.parametrize(
    ("charge", "control", "expected"),
    [
        ("1", "1", ("exact", None)),
        ("0.00005", "0", ("rounding", None)),
        ("0.000051", "0", ("difference", None)),
        ("3", "0.003", ("unit-mismatch", -3)),
        ("-3", "-300", ("unit-mismatch", 2)),
        ("3", "-300", ("difference", None)),
        ("3", "60", ("difference", None)),
        ("0", "60", ("difference", None)),
    ],
)
def test_what_a_difference_comes_to(
    charge: str, control: str, expected: tuple[str, int | None]
) -> None:
    assert judged(Fraction(charge), Fraction(control), 4) == expected


def test_one_is_no_power_of_ten_here() -> None:
    assert power_of_ten(Fraction(1)) is None


def test_columns_joined_to_one_id_never_give_the_same_id_twice() -> None:
    apart = [{"a": "x|y", "b": "z"}, {"a": "x", "b": "y|z"}, {"a": "x%7Cy", "b": "z"}]

    ids = [joined(record, ("a", "b")) for record in apart]

    assert ids == ["x%7Cy|z", "x|y%7Cz", "x%257Cy|z"]


def test_ndjson_numbers_are_exact_and_a_line_that_is_none_is_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "usage.ndjson"
    path.write_text('{"id": "e1", "amount": 0.1000000000000000055}\n\n[1]\n{"id": \n')

    first, second, third = records(path, ())

    assert isinstance(first, dict)
    assert str(first["amount"]) == "0.1000000000000000055"
    assert (second, third) == ("[1]", '{"id": ')


def test_no_mapping_of_an_import_can_name_an_amount(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(MAPPING.replace('quantity = "amount"', 'quantity = "amount"\ncost = "cost"'))

    with pytest.raises(Malformed) as refused:
        read_usage_mapping(path)

    assert refused.value.code == "bad-mapping"


def test_the_focus_example_reads_no_cost_column() -> None:
    text = (EXAMPLES / "focus.toml").read_text()

    assert "Cost" not in text
    mapping = read_usage_mapping(EXAMPLES / "focus.toml")
    assert read_control_mapping(EXAMPLES / "focus-control.toml").amount == "ListCost"
    row = {
        "Id": "1",
        "SubAccountId": "acc",
        "SkuPriceId": "",
        "ListUnitPrice": "0.5",
        "PricingQuantity": "2",
        "ChargePeriodStart": "2024-09-01 10:00:00",
        "ListCost": "99",
    }
    assert usage_of(row, mapping) == {
        "event_id": "1",
        "subscription": "acc",
        "meter": "|0.5",
        "quantity": "2",
        "occurred_at": datetime(2024, 9, 1, 10, tzinfo=UTC),
        "dimensions": {},
    }
