from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from domain.catalogue import Adopt, Adopted, CatalogueEvent, DefineProduct, ProductDefined
from domain.master import master_data
from domain.meter import DefineMeter, MeterDefined
from domain.price import PriceSet, SetPrice
from domain.pricing import Flat, Graduated, Model, PerUnit, Tier
from tests.domain.given import code, decide, facts, on, refusal

PRICE = "price:seat"
SET = SetPrice(when=on(1, 1), currency="USD", model=PerUnit(unit_amount=Decimal("0.0000004")))
WAS_SET = PriceSet(when=on(1, 1), currency="USD", model=PerUnit(unit_amount=Decimal("0.0000004")))


def priced(model: Model) -> SetPrice:
    return SetPrice(when=on(1, 1), currency="USD", model=model)


def test_a_product_is_named() -> None:
    command = DefineProduct(when=on(1, 1), name="Storage")

    assert decide("product:p1", command) == (ProductDefined(when=on(1, 1), name="Storage"),)
    assert decide("product:p1", command, ProductDefined(when=on(1, 1), name="Storage"))


def test_a_product_without_a_name_is_refused() -> None:
    assert code("product:p1", DefineProduct(when=on(1, 1), name="")) == "empty-text"


def test_a_meter_says_how_it_counts() -> None:
    command = DefineMeter(when=on(1, 1), aggregation="count", unit="call")

    assert decide("meter:m1", command) == (
        MeterDefined(when=on(1, 1), aggregation="count", unit="call"),
    )
    was = MeterDefined(when=on(1, 1), aggregation="count", unit="call")
    assert decide("meter:m1", command, was)


WAS = MeterDefined(
    when=on(2, 1),
    aggregation="unique-count",
    unit="GB",
    property="user",
    conversions={"MB": Decimal("0.001")},
    dimensions=("region",),
)
AGAIN = DefineMeter(**{**structs.asdict(WAS), "when": on(3, 1)})


@pytest.mark.parametrize(
    "changed",
    [
        {"aggregation": "sum", "property": None},
        {"unit": "MB", "conversions": {}},
        {"property": "seat"},
        {"recurring": True},
        {"conversions": {}},
        {"conversions": {"MB": Decimal("0.002")}},
        {"dimensions": ()},
        {"dimensions": ("plan",)},
    ],
)
def test_how_a_meter_counts_is_not_changed(changed) -> None:
    assert code("meter:m1", structs.replace(AGAIN, **changed), WAS) == "meter-in-use"


def test_a_meter_may_take_more_units_and_ask_for_more_dimensions() -> None:
    more = structs.replace(
        AGAIN,
        conversions={"MB": Decimal("0.001"), "TB": Decimal(1000)},
        dimensions=("plan", "region"),
    )

    assert decide("meter:m1", more, WAS)


def test_a_definition_dated_back_takes_nothing_out_of_a_meter() -> None:
    earlier = structs.replace(WAS, when=on(1, 1), conversions={}, dimensions=())
    backdated = structs.replace(AGAIN, when=on(1, 1))

    assert code("meter:m1", structs.replace(backdated, dimensions=()), earlier, WAS) == (
        "meter-in-use"
    )
    assert decide("meter:m1", backdated, earlier, WAS)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"property": None}, "property-of-unique-count"),
        ({"aggregation": "max"}, "property-of-unique-count"),
        ({"weighted_by": "share"}, "weight-of-time-weighted-sum"),
        ({"conversions": {"GB": Decimal(1)}}, "conversion-not-positive"),
        ({"conversions": {"MB": Decimal(0)}}, "conversion-not-positive"),
        ({"conversions": {"MB": Decimal("NaN")}}, "not-finite"),
        ({"conversions": {"": Decimal(1)}}, "empty-text"),
        ({"dimensions": ("",)}, "empty-text"),
    ],
)
def test_a_meter_that_cannot_count_is_refused(changed, expected) -> None:
    assert code("meter:m1", structs.replace(AGAIN, **changed)) == expected


def test_dimensions_are_asked_of_rows_from_the_day_that_asks_for_them() -> None:
    asked = [
        WAS,
        structs.replace(WAS, when=on(3, 1), dimensions=("region", "plan")),
    ]
    known = master_data(facts("meter:m1", asked))

    assert known.must_carry("m1", date(2024, 1, 1)) == ("region", "user")
    assert known.must_carry("m1", date(2024, 2, 29)) == ("region", "user")
    assert known.must_carry("m1", date(2024, 3, 1)) == ("region", "plan", "user")
    assert known.must_carry("m2", date(2024, 3, 1)) == ()


def test_a_meter_without_a_unit_is_refused() -> None:
    assert code("meter:m1", DefineMeter(when=on(1, 1), aggregation="sum", unit="")) == "empty-text"


def test_a_price_keeps_every_digit() -> None:
    assert decide(PRICE, SET) == (WAS_SET,)


@pytest.mark.parametrize("months", [1, 12, 1200])
def test_a_price_is_billed_by_whole_months_up_to_a_century(months: int) -> None:
    assert decide(PRICE, structs.replace(SET, interval_months=months))


def test_a_price_version_of_a_past_day_is_never_late() -> None:
    earlier = structs.replace(SET, when=on(1, 1, year=2020))

    assert decide(PRICE, earlier, WAS_SET)


def test_a_price_set_to_what_it_is_is_still_a_fact() -> None:
    assert decide(PRICE, SET, WAS_SET) == (WAS_SET,)


def test_a_price_keeps_its_currency() -> None:
    command = structs.replace(SET, currency="EUR")

    assert refusal(PRICE, command, WAS_SET) == ("currency-mismatch", {"price": "USD"})


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(SET, currency="US"), "unknown-currency"),
        (structs.replace(SET, interval_months=0), "interval-below-one-month"),
        (structs.replace(SET, interval_months=-1), "interval-below-one-month"),
        (structs.replace(SET, interval_months=1201), "term-too-long"),
        (structs.replace(SET, meter=""), "empty-text"),
        (priced(Flat(amount=Decimal(-1))), "negative-price"),
        (priced(Flat(amount=Decimal("NaN"))), "not-finite"),
        (priced(Flat(amount=Decimal("Infinity"))), "not-finite"),
        (priced(PerUnit(unit_amount=Decimal("-0.01"))), "negative-price"),
        (priced(PerUnit(unit_amount=Decimal("1E+999999999"))), "amount-too-large"),
        (priced(PerUnit(unit_amount=Decimal("1E-999999999"))), "wrong-scale"),
        (priced(Graduated(tiers=())), "last-tier-must-be-open"),
        (
            priced(Graduated(tiers=(Tier(unit_amount=Decimal(1), up_to=Decimal(5)),))),
            "last-tier-must-be-open",
        ),
        (
            priced(
                Graduated(
                    tiers=(
                        Tier(unit_amount=Decimal(1), up_to=Decimal(5)),
                        Tier(unit_amount=Decimal(1), up_to=Decimal(5)),
                        Tier(unit_amount=Decimal(1)),
                    )
                )
            ),
            "tiers-must-rise",
        ),
        (
            priced(Graduated(tiers=(Tier(unit_amount=Decimal(1)), Tier(unit_amount=Decimal(1))))),
            "tiers-must-rise",
        ),
        (
            priced(
                Graduated(
                    tiers=(
                        Tier(unit_amount=Decimal(1), up_to=Decimal(0)),
                        Tier(unit_amount=Decimal(1)),
                    )
                )
            ),
            "tiers-must-rise",
        ),
        (
            priced(
                Graduated(
                    tiers=(
                        Tier(unit_amount=Decimal(1), up_to=Decimal("NaN")),
                        Tier(unit_amount=Decimal(1)),
                    )
                )
            ),
            "not-finite",
        ),
        (
            priced(Graduated(tiers=(Tier(unit_amount=Decimal(1), flat_amount=Decimal(-1)),))),
            "negative-price",
        ),
    ],
)
def test_a_price_that_prices_nothing_or_twice_is_refused(command: SetPrice, expected: str) -> None:
    assert code(PRICE, command) == expected


def adoption(stream: str, content: CatalogueEvent) -> Adopt:
    return Adopt(
        when=on(1, 1),
        origin="group",
        origin_position=7,
        origin_stream=stream,
        origin_leaf="ab",
        content=content,
    )


def test_a_group_price_is_adopted_with_its_content() -> None:
    assert decide(PRICE, adoption(PRICE, WAS_SET)) == (
        Adopted(
            when=on(1, 1),
            origin="group",
            origin_position=7,
            origin_stream=PRICE,
            origin_leaf="ab",
            content=WAS_SET,
        ),
    )


@pytest.mark.parametrize(
    ("stream", "command"),
    [
        (PRICE, adoption("price:other", WAS_SET)),
        (PRICE, adoption(PRICE, ProductDefined(when=on(1, 1), name="Storage"))),
        ("product:p1", adoption("product:p1", WAS_SET)),
    ],
)
def test_a_group_fact_keeps_its_name_and_kind(stream: str, command: Adopt) -> None:
    assert code(stream, command) == "wrong-origin"


def test_an_adopted_price_keeps_the_currency_of_the_versions_before() -> None:
    adopted = decide(PRICE, adoption(PRICE, WAS_SET))

    assert code(PRICE, structs.replace(SET, currency="EUR"), *adopted) == "currency-mismatch"


def test_an_adopted_price_must_be_sound() -> None:
    content = structs.replace(WAS_SET, model=Flat(amount=Decimal(-1)))

    assert code(PRICE, adoption(PRICE, content)) == "negative-price"
