"""No change takes the price of a contract below nothing, whatever its price is made of."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import ConcedePrice, EstimatePrice, ModifyContract, OpenContract
from domain.contract_facts import (
    ContractModified,
    Fee,
    Financing,
    NonCash,
    Obligation,
    Outcome,
    PriceConceded,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from domain.errors import Malformed, Rejected
from domain.facts import Event
from tests.domain.contracting import even, opened, point
from tests.domain.given import code, decide, on

STREAM = "contract:k1"
YEAR = ("2024-01-01", "2025-01-01")
SERVICE = even("service", *YEAR, ssp_minor=600)
SEATS = Obligation(obligation="seats", pattern="units", quantity=Decimal(10), unit_price=Decimal(5))
INVOICED = Obligation(obligation="hours", pattern="as-invoiced", price_minor=900)
# A lump of 5.00, and ten seats at 5.00.
DEAL = opened(YEAR[0], SERVICE, SEATS, price_minor=500)
FEE = Fee(amount_minor=100, per="month", service_from=date(2024, 1, 1), service_to=date(2025, 1, 1))
BY_MONTH = opened(YEAR[0], structs.replace(SERVICE, fees=(FEE,)), price_minor=0)


ADVANCE = Financing(kind="advance", rate_percent=Decimal(6), until=date(2025, 1, 1), later_minor=-1)


def change(minor: int = 0, *, month: int = 3, **how: Any) -> ModifyContract:
    return ModifyContract(when=on(month, 1), price_change_minor=minor, **how)


def changed(minor: int = 0, *, month: int = 2, **how: Any) -> ContractModified:
    return ContractModified(**structs.asdict(change(minor, month=month, **how)))


def anew(name: str, **how: Any) -> dict[str, Any]:
    return {"restated": (Restated(obligation=name, **how),)}


def uncertain(name: str, minor: int, **how: Any) -> dict[str, Any]:
    return {"variable": (VariableAmount(name=name, estimate_minor=minor, **how),)}


MORE = changed(**anew("seats", added_quantity=Decimal(2), added_unit_price=Decimal(4)))
ADDED = changed(added=(point("training", 800, price_minor=800),))
SHARES = (NonCash(name="shares", quantity=Decimal(3), unit_value=Decimal(2)),)
BONUS = PriceEstimated(when=on(2, 1), **uncertain("bonus", 300))
HELD = PriceEstimated(when=on(2, 1), **uncertain("bonus", 300, included_minor=100))


@pytest.mark.parametrize(
    ("price_minor", "given"),
    [
        (5500, (DEAL,)),
        (5500 + 800, (DEAL, MORE)),
        (5500 + 800, (DEAL, ADDED)),
        (5500 + 300, (DEAL, ADDED, changed(month=3, **anew("training", price_minor=300)))),
        (5500 + 600, (structs.replace(DEAL, non_cash=SHARES),)),
        (5500 + 600, (DEAL, changed(non_cash=SHARES))),
        (5500 + 300, (DEAL, BONUS)),
        # What is expected may still come, though it is not included yet.
        (5500 + 300, (DEAL, HELD)),
        (5500 - 200, (structs.replace(DEAL, **uncertain("penalty", -200)),)),
        (5500 - 1000, (DEAL, changed(**anew("seats", unit_price=Decimal(4))))),
        (500 + 700, (DEAL, changed(**anew("seats", price_minor=700)))),
        (1200, (BY_MONTH,)),
        (600, (BY_MONTH, changed(**anew("service", service_to=date(2024, 7, 1))))),
        # As invoices say, whatever that will be: it is no part of what is shared.
        (500, (opened(YEAR[0], SERVICE, INVOICED, price_minor=500),)),
    ],
)
def test_a_price_cut_takes_no_more_than_there_is(
    price_minor: int, given: tuple[Event, ...]
) -> None:
    assert decide(STREAM, change(-price_minor), *given)

    with pytest.raises(Rejected) as caught:
        decide(STREAM, change(-price_minor - 1), *given)

    refused = caught.value
    assert (refused.code, refused.field) == ("negative-price", "price_change_minor")
    assert refused.context == {"amount": -1}


@pytest.mark.parametrize(
    ("field", "minor", "cut"),
    [
        ("restated", 1500, anew("seats", unit_price=Decimal(1))),
        ("restated", 2500, anew("seats", quantity=Decimal(4))),
        ("variable", 4500, uncertain("penalty", -1000)),
    ],
)
def test_nor_does_what_is_stated_or_expected_anew(
    field: str, minor: int, cut: dict[str, Any]
) -> None:
    """After so much less of the lump, what else is changed takes the rest, and not one more."""
    assert decide(STREAM, change(**cut), DEAL, changed(-minor))

    with pytest.raises(Rejected) as caught:
        decide(STREAM, change(**cut), DEAL, changed(-minor - 1))

    assert (caught.value.code, caught.value.field) == ("negative-price", field)


@pytest.mark.parametrize(("month", "price_minor"), [(1, 2300), (3, 1500)])
def test_a_change_counts_where_it_is_measured(month: int, price_minor: int) -> None:
    """Two seats at 4.00 are added to ten at 5.00 in February. All at 1.00: in January that is of
    ten and leaves 5.00 + 10.00 + 8.00; in March of twelve, at 5.00 by then, and leaves 48.00 less.
    """
    cheaper = anew("seats", unit_price=Decimal(1))

    assert decide(STREAM, change(-price_minor, month=month, **cheaper), DEAL, MORE)
    less = change(-price_minor - 1, month=month, **cheaper)
    assert code(STREAM, less, DEAL, MORE) == "negative-price"


def test_what_is_a_contract_of_its_own_has_its_own_price() -> None:
    more = {"added": (point("training", 800, price_minor=800),)}
    judged = {"treatment": "separate", "judgement": "sold alone"}

    assert code(STREAM, change(-801, **judged, **more), DEAL) == "negative-price"
    assert decide(STREAM, change(-800, **judged, **more), DEAL)
    assert code(STREAM, change(-801, price_reflects_ssp=True, **more), DEAL) == "negative-price"
    assert decide(STREAM, change(-801, **more), DEAL)


def test_units_as_many_as_there_will_be_may_outweigh_it() -> None:
    hours = Obligation(obligation="hours", pattern="units", unit_price=Decimal(1))

    assert decide(STREAM, change(-9999), opened(YEAR[0], SERVICE, hours, price_minor=500))
    assert decide(STREAM, change(-9999, added=(hours,)), DEAL)


def test_a_price_that_is_below_nothing_by_an_estimate_may_be_mended_in_part() -> None:
    penalty = PriceEstimated(when=on(2, 1), **uncertain("penalty", -6000))

    assert decide(STREAM, change(100), DEAL, penalty)
    assert code(STREAM, change(-1), DEAL, penalty) == "negative-price"


@pytest.mark.parametrize(
    ("field", "command", "given"),
    [
        ("restated.unit_price", change(**anew("seats", unit_price=Decimal(-1))), (DEAL,)),
        (
            "restated.added_unit_price",
            change(**anew("seats", added_quantity=Decimal(1), added_unit_price=Decimal(-1))),
            (DEAL,),
        ),
        (
            "restated.fees.amount_minor",
            change(**anew("service", fees=(structs.replace(FEE, amount_minor=-1),))),
            (BY_MONTH,),
        ),
        ("restated.price_minor", change(**anew("seats", price_minor=-1)), (DEAL,)),
        ("added.price_minor", change(added=(point("new", 1, price_minor=-1),)), (DEAL,)),
        (
            "variable.unit_price",
            EstimatePrice(
                when=on(2, 1), variable=(VariableAmount(name="seats", unit_price=Decimal(-1)),)
            ),
            (DEAL,),
        ),
        (
            "financing.later_minor",
            OpenContract(**structs.asdict(structs.replace(DEAL, financing=ADVANCE))),
            (),
        ),
    ],
)
def test_nothing_is_stated_at_less_than_nothing(
    field: str, command: Any, given: tuple[Event, ...]
) -> None:
    with pytest.raises(Rejected) as caught:
        decide(STREAM, command, *given)

    assert (caught.value.code, caught.value.field) == ("negative-price", field)


TOO_LARGE = 10**18 + 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"stated_minor": TOO_LARGE}, "stated_minor"),
        ({"estimate_minor": -TOO_LARGE}, "estimate_minor"),
        ({"estimate_minor": 5, "included_minor": TOO_LARGE}, "included_minor"),
        (
            {"outcomes": (Outcome(amount_minor=TOO_LARGE, probability=Decimal(1)),)},
            "outcomes.amount_minor",
        ),
    ],
)
def test_an_uncertain_amount_is_no_larger_than_the_ledger_holds(
    said: dict[str, Any], field: str
) -> None:
    estimate = EstimatePrice(when=on(2, 1), variable=(VariableAmount(name="bonus", **said),))

    with pytest.raises(Malformed) as caught:
        decide(STREAM, estimate, DEAL)

    assert (caught.value.code, caught.value.field) == ("amount-too-large", f"variable.{field}")


def test_what_a_change_adds_to_costs_is_no_larger_than_the_ledger_holds() -> None:
    with pytest.raises(Malformed) as caught:
        decide(STREAM, change(**anew("service", added_cost_minor=TOO_LARGE)), DEAL)

    assert caught.value.code == "amount-too-large"
    assert caught.value.field == "restated.added_cost_minor"


def test_instalments_are_paid_within_a_century() -> None:
    terms = Financing(kind="arrears", rate_percent=Decimal(6), instalments=1_201)
    deal = OpenContract(**structs.asdict(structs.replace(DEAL, financing=terms)))

    with pytest.raises(Rejected) as caught:
        decide(STREAM, deal)

    assert (caught.value.code, caught.value.field) == ("term-too-long", "financing.instalments")
    fits = structs.replace(terms, instalments=1_200)
    assert decide(STREAM, structs.replace(deal, financing=fits))


def test_what_is_uncertain_takes_no_deal_below_nothing() -> None:
    deal = OpenContract(**structs.asdict(DEAL))
    usage = structs.replace(deal, obligations=(SERVICE, INVOICED))

    assert decide(STREAM, structs.replace(deal, **uncertain("penalty", -5500)))
    with pytest.raises(Rejected) as caught:
        decide(STREAM, structs.replace(deal, **uncertain("penalty", -5501)), outside=True)
    assert (caught.value.code, caught.value.field) == ("negative-price", "variable")
    # What is priced by itself may outweigh anything.
    assert decide(STREAM, structs.replace(usage, **uncertain("rebate", -5501)))


def test_nor_does_what_is_estimated_anew() -> None:
    def estimate(minor: int, name: str = "penalty") -> EstimatePrice:
        return EstimatePrice(when=on(3, 1), **uncertain(name, minor))

    assert decide(STREAM, estimate(-5500), DEAL)
    assert decide(STREAM, estimate(-5800), DEAL, BONUS)
    with pytest.raises(Rejected) as caught:
        decide(STREAM, estimate(-5501), DEAL)
    assert (caught.value.code, caught.value.field) == ("negative-price", "variable")
    assert code(STREAM, estimate(-5501, "bonus"), DEAL, BONUS) == "negative-price"
    # What more of the price comes later a source may know first; a part is mended by a part.
    assert decide(STREAM, estimate(-5501), DEAL, outside=True)
    penalty = PriceEstimated(when=on(2, 1), **uncertain("penalty", -6000))
    assert decide(STREAM, estimate(-5900), DEAL, penalty)
    assert code(STREAM, estimate(-6001), DEAL, penalty) == "negative-price"


def test_no_more_is_conceded_than_the_price() -> None:
    def concede(minor: int) -> ConcedePrice:
        return ConcedePrice(when=on(4, 1), obligation="service", amount_minor=minor)

    conceded = PriceConceded(when=on(3, 1), obligation="seats", amount_minor=1000)
    usage = opened(YEAR[0], SERVICE, INVOICED, price_minor=500)

    assert decide(STREAM, concede(5500), DEAL)
    assert decide(STREAM, concede(4500), DEAL, conceded)
    with pytest.raises(Rejected) as caught:
        decide(STREAM, concede(4501), DEAL, conceded)
    refused = caught.value
    assert (refused.code, refused.field) == ("refund-above-price", "amount_minor")
    assert refused.context == {"price": 5500, "left": 4500}
    assert decide(STREAM, concede(4501), DEAL, conceded, changed(1))
    assert decide(STREAM, concede(4501), DEAL, conceded, outside=True)
    assert decide(STREAM, concede(9999), usage)


def test_what_is_left_is_shared_by_what_it_sells_for_and_not_by_a_guess() -> None:
    free = tuple(Restated(obligation=name, ssp_minor=0) for name in ("seats", "service"))
    one, both = free[:1], change(9, restated=free)

    with pytest.raises(Rejected) as caught:
        decide(STREAM, both, DEAL)

    assert (caught.value.code, caught.value.field) == ("ssp-missing", "restated.ssp_minor")
    assert caught.value.context == {"obligations": ["seats", "service"]}
    assert decide(STREAM, change(9, restated=one), DEAL)
    assert decide(STREAM, change(9, restated=free, added=(point("new", 5),)), DEAL)
    assert decide(STREAM, change(9, restated=one), opened(YEAR[0], SEATS, INVOICED))
