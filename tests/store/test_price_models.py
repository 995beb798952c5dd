"""Every price model is stored and read back as it was, and has one form however it was written."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.reading import read_as
from domain.facts import When
from domain.price import PriceSet, SetPrice
from domain.pricing import Commitment, Model, PerUnit, Prepaid
from domain.pricing.bucketed import Bucketed, ClockRule
from store.codec import CODEC, canonical_json
from tests.domain.pricing.models import PRICES, QUANTITY_MODELS, READING_MODELS

WHEN = When(effective=date(2024, 1, 1))
MODELS: dict[str, st.SearchStrategy[Model]] = {
    **QUANTITY_MODELS,
    **READING_MODELS,
    "prepaid": st.builds(
        Prepaid, amount=PRICES, credits=st.none() | PRICES, covers=st.just(("calls",))
    ),
    "commitment": st.builds(Commitment, amount=PRICES, covers=st.just(("seat", "calls"))),
}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(st.data())
def test_a_price_is_read_back_as_it_was_set(name: str, data: st.DataObject) -> None:
    price = PriceSet(when=WHEN, currency="USD", model=data.draw(MODELS[name]))

    assert CODEC.decode(CODEC.encode(price), WHEN) == price


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(st.data())
def test_a_price_is_read_from_its_json(name: str, data: st.DataObject) -> None:
    command = SetPrice(when=WHEN, currency="USD", model=data.draw(MODELS[name]))
    sent = msgspec.json.decode(canonical_json(command))

    assert read_as(sent, SetPrice) == command


def test_a_decimal_inside_a_price_has_one_form_however_it_was_written() -> None:
    def price(amount: str) -> PriceSet:
        inner = PerUnit(unit_amount=Decimal(amount))
        rule = ClockRule(start="09:00", end="12:00", price=inner)
        model = Bucketed(window="hour", takes="sum", price=inner, rules=(rule,))
        return PriceSet(when=WHEN, currency="USD", model=model, meter="calls")

    assert CODEC.encode(price("1E+2")) == CODEC.encode(price("100.00"))
