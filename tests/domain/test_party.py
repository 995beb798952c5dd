from datetime import date

import pytest
from msgspec import structs

from domain.party import AmendCustomer, CustomerAmended, CustomerRegistered, RegisterCustomer
from domain.party import on as dated
from tests.domain.given import code, decide, on, refusal, state

STREAM = "customer:c1"
REGISTER = RegisterCustomer(when=on(1, 1), currency="USD", party="p-7", party_digest="ab")
REGISTERED = CustomerRegistered(when=on(1, 1), currency="USD", party="p-7", party_digest="ab")


def test_a_customer_is_registered_under_an_opaque_party() -> None:
    assert decide(STREAM, REGISTER) == (REGISTERED,)


def test_a_registered_customer_is_not_registered_again() -> None:
    assert code(STREAM, REGISTER, REGISTERED) == "customer-already-registered"


def test_a_customer_needs_a_currency_that_exists() -> None:
    command = RegisterCustomer(when=on(1, 1), currency="XXX")

    assert refusal(STREAM, command) == ("unknown-currency", {"currency": "XXX"})


def test_payment_terms_are_not_negative() -> None:
    command = RegisterCustomer(when=on(1, 1), currency="USD", payment_terms_days=-1)

    assert refusal(STREAM, command) == ("negative-payment-terms", {"days": -1})


def test_an_amendment_leaves_out_what_stays() -> None:
    command = AmendCustomer(when=on(2, 1), payment_terms_days=0)

    assert decide(STREAM, command, REGISTERED) == (
        CustomerAmended(when=on(2, 1), payment_terms_days=0),
    )


def test_an_amendment_may_come_before_the_registration() -> None:
    assert decide(STREAM, AmendCustomer(when=on(2, 1), parent="c9"))


def test_an_amendment_that_says_what_is_already_so_is_still_a_fact() -> None:
    command = AmendCustomer(when=on(2, 1), payment_terms_days=30)
    amended = CustomerAmended(when=on(2, 1), payment_terms_days=30)

    assert decide(STREAM, command, REGISTERED, amended) == (amended,)


def test_a_customer_is_not_its_own_parent() -> None:
    command = AmendCustomer(when=on(2, 1), parent="c1")

    assert code(STREAM, command, REGISTERED) == "own-parent"


def test_payment_terms_count_from_the_day_they_were_agreed() -> None:
    amended = CustomerAmended(when=on(3, 1), payment_terms_days=7)
    moved = CustomerAmended(when=on(4, 1), party="p-8", party_digest="cd")
    known = state(STREAM, REGISTERED, amended, moved)

    days = [known.payment_terms_days(date(2024, month, 15)) for month in (2, 3, 4)]
    assert days == [30, 7, 7]
    assert known.payment_terms_days(date(2023, 12, 31)) == 30


def test_payment_terms_of_a_lifetime_are_a_slip_of_the_finger() -> None:
    command = structs.replace(REGISTER, payment_terms_days=3_653)

    assert refusal(STREAM, command) == ("term-too-long", {"days_max": 3_652})


def test_a_customer_is_not_above_itself_on_any_day() -> None:
    others = {"customer:c2": [CustomerAmended(when=on(6, 1), parent="c1")]}
    command = AmendCustomer(when=on(2, 1), parent="c2")

    assert refusal(STREAM, command, REGISTERED, others=others) == (
        "parent-cycle",
        {"parent": "c2", "on": "2024-06-01"},
    )


def test_a_parent_that_was_left_before_is_no_circle() -> None:
    others = {
        "customer:c2": [
            CustomerAmended(when=on(1, 1), parent="c1"),
            CustomerAmended(when=on(5, 1), parent="c3"),
        ]
    }

    assert decide(STREAM, AmendCustomer(when=on(5, 1), parent="c2"), REGISTERED, others=others)
    assert code(STREAM, AmendCustomer(when=on(4, 30), parent="c2"), others=others) == "parent-cycle"


def test_a_parent_gets_the_invoices_from_the_day_that_is_said() -> None:
    known = state(
        STREAM,
        CustomerAmended(when=on(1, 1), parent="c2"),
        CustomerAmended(when=on(3, 1), billed_to="parent"),
        CustomerAmended(when=on(5, 1), billed_to="self"),
    )
    parents = [known.billed_parent(date(2024, month, 15)) for month in (2, 3, 5)]

    assert parents == [None, "c2", None]


def test_a_document_of_a_day_is_for_who_it_was_then_in_the_language_of_then() -> None:
    moved = CustomerAmended(when=on(3, 1), party="p-8", party_digest="cd", locale="de-CH")
    known = state(STREAM, REGISTERED, moved, CustomerAmended(when=on(4, 1), zone="Asia/Tokyo"))
    days = [date(2023, 12, 31), date(2024, 2, 1), date(2024, 4, 1)]

    assert [dated(known.parties, day) for day in days] == [None, ("p-7", "ab"), ("p-8", "cd")]
    assert [dated(known.locales, day) for day in days] == [None, None, "de-CH"]
    assert [dated(known.zones, day) for day in days] == [None, None, "Asia/Tokyo"]


@pytest.mark.parametrize("locale", ["de_CH", "german", "DE", "de-ch", "", "de-CH-x", "../de"])
def test_a_locale_is_written_as_in_bcp_47(locale: str) -> None:
    assert refusal(STREAM, structs.replace(REGISTER, locale=locale)) == (
        "unknown-locale",
        {"locale": locale},
    )


def test_documents_are_in_a_zone_that_there_is() -> None:
    command = AmendCustomer(when=on(2, 1), zone="Mars/Olympus")

    assert code(STREAM, command, REGISTERED) == "unknown-zone"
