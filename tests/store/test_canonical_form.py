"""Canonical JSON by the short way and by the long: one text, whichever was taken."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from domain.catalogue import Adopted
from domain.deciders import COMMANDS, EVENTS
from domain.facts import Retracted, When
from domain.party import CustomerRegistered
from domain.price import PriceSet
from domain.pricing import Graduated, Tier
from domain.subscription import Item, SubscriptionStarted
from store.canonical import instant
from store.canonical_form import doubtful, stands
from store.codec import CODEC, canonical_json

WHEN = When(effective=date(2026, 1, 1), order=1)
AT = When(effective=date(2026, 1, 1), at=datetime(2026, 1, 1, 5, tzinfo=UTC))


def tiers(amount):
    model = Graduated(tiers=(Tier(unit_amount=Decimal(amount), up_to=None),))
    return PriceSet(when=WHEN, currency="USD", model=model)


def slow(value):
    """Canonical JSON by the standard library, from the page on the encodings."""
    return json.dumps(
        told(msgspec.to_builtins(value, builtin_types=(Decimal, datetime))),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def told(value):
    match value:
        case dict():
            return {name: told(part) for name, part in value.items()}
        case list() | tuple():
            return [told(part) for part in value]
        case Decimal():
            text = format(value, "f")
            short = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if value == 0 else short
        case datetime():
            return instant(value)
    return value


VALUES = [
    *(tiers(amount) for amount in ("1", "0.1", "-0.5", "12345678901234567890.123456789", "1E+3")),
    *(tiers(amount) for amount in ("-0", "0.0", "1.10", "1E-7", "100", "0.0000001", "-1.0")),
    CustomerRegistered(when=AT, currency="USD"),
    Retracted(when=WHEN),
    Adopted(
        when=WHEN,
        origin="g",
        origin_position=1,
        origin_stream="price:ü\t\x7f",
        origin_leaf="",
        content=tiers("2.50"),
    ),
    SubscriptionStarted(
        when=WHEN,
        customer='"\\/',
        currency="USD",
        term_from=date(2026, 1, 1),
        term_to=date(2027, 1, 1),
        items=(Item(item="b", price="p", quantity=Decimal("2.0")),) * 2,
    ),
    {"b": 1, "a": [None, True, "x"], "ä": Decimal("1.0")},
]


@pytest.mark.parametrize("value", VALUES)
def test_the_text_is_the_one_the_rules_give(value):
    assert canonical_json(value) == slow(value)


@pytest.mark.parametrize("event", [value for value in VALUES if not isinstance(value, dict)])
def test_a_payload_is_the_same_text_without_tag_and_dates(event):
    whole = json.loads(slow(event))
    expected = {name: part for name, part in whole.items() if name not in ("type", "when")}

    text = CODEC.encode(event).payload

    assert text == slow(expected)
    assert CODEC.decode(CODEC.encode(event), event.when) == event


@pytest.mark.parametrize(
    "value",
    [
        *(Decimal(text) for text in ("-0", "1.0", "1E+1", "NaN", "Infinity", "1" * 31)),
        datetime(2026, 1, 1, tzinfo=UTC),
        1.5,
        {1: "a"},
        frozenset({1}),
        AT,
    ],
)
def test_what_has_more_than_one_form_or_is_not_known_is_not_taken_as_it_stands(value):
    assert not stands(value)


def test_only_decimals_and_instants_are_looked_for_in_values():
    looked_at = {name for kind in (*EVENTS, *COMMANDS) for name in doubtful(kind)}

    decimals = {"percent", "amount", "minimum", "maximum", "thresholds", "conversions"}
    decimals |= {"quantity", "unit_amount", "cumulative", "expected", "expected_exercised"}
    decimals |= {"breakage_percent", "rate", "ssp", "unit_value"}
    holders = {"when", "content", "model", "items", "line", "lines", "rates", "totals"}
    holders |= {"obligations", "added", "restated", "variable", "financing", "non_cash"}
    assert looked_at == holders | decimals
    assert doubtful(When) == ("at",)
