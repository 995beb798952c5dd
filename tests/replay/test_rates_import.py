"""A file of rates: read whole, published by the day, taken once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.entity import OpenEntity
from domain.errors import Malformed, Rejected
from domain.facts import When
from replay.ledger import Ledger
from replay.rates_import import Imported, import_rates, known_rates
from store.request import Request

NEW_YEAR = When(effective=date(2024, 1, 1))
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
FILE = """date,currency,into,rate
2024-01-02,EUR,USD,1.0956
2024-01-02,GBP,USD,1.2689
2024-01-03,EUR,USD,1.0919
"""


@pytest.fixture
def ledger(database):
    with Ledger.open(database, lambda: NOON) as opened:
        command = OpenEntity(when=NEW_YEAR, name="Acme", functional_currency="USD")
        opened.submit(Request(entity="acme", stream="entity:self", key="open", command=command))
        yield opened


def taken(ledger, tmp_path, text):
    path = tmp_path / "rates.csv"
    path.write_text(text)
    return import_rates(ledger, "acme", path, "ecb", "ann")


def known(ledger):
    return [(str(row.day), row.currency, row.rate) for row in known_rates(ledger, "acme")]


def test_a_file_is_taken_once(ledger, tmp_path):
    assert taken(ledger, tmp_path, FILE) == Imported(rates=3, days=2, known=0)
    assert taken(ledger, tmp_path, FILE) == Imported(rates=3, days=2, known=2)
    assert known(ledger) == [
        ("2024-01-02", "EUR", Decimal("1.0956")),
        ("2024-01-03", "EUR", Decimal("1.0919")),
        ("2024-01-02", "GBP", Decimal("1.2689")),
    ]


def test_what_a_later_file_tells_of_a_day_counts(ledger, tmp_path):
    taken(ledger, tmp_path, FILE)
    taken(ledger, tmp_path, "date,currency,into,rate\n2024-01-03,EUR,USD,1.0920\n")

    assert known(ledger)[1] == ("2024-01-03", "EUR", Decimal("1.0920"))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2024-01-04,EUR,USD,0", "rate-not-positive"),
        ("2024-01-04,EUR,USD,-1", "rate-not-positive"),
        ("2024-01-04,EUR,EUR,1", "rate-of-itself"),
        ("2024-01-04,EURO,USD,1", "unknown-currency"),
        ("2024-01-04,EUR,USD,much", "not-a-decimal"),
        ("2024-01-04,EUR,USD,NaN", "not-finite"),
        ("04.01.2024,EUR,USD,1", "bad-date"),
        ("2024-01-04,EUR,USD", "missing-field"),
    ],
)
def test_a_row_that_is_wrong_is_refused_by_name(ledger, tmp_path, row, code):
    with pytest.raises((Malformed, Rejected)) as caught:
        taken(ledger, tmp_path, f"date,currency,into,rate\n{row}\n")

    assert caught.value.code == code
    assert known(ledger) == []
