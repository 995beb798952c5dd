from typing import get_args

import pytest
from msgspec import Struct

from domain import facts
from domain.deciders import COMMANDS, DECIDERS, EVENTS, Command, decider_of
from domain.errors import Malformed
from domain.facts import Event, Retracted


def tag(kind: type[Struct]) -> str:
    return str(kind.__struct_config__.tag)


def every_event(above: type[Event] = Event) -> set[type[Event]]:
    found = {kind for kind in above.__subclasses__() if kind.__module__.startswith("domain.")}
    return found.union(*(every_event(kind) for kind in found))


def test_every_event_has_a_decider() -> None:
    assert set(EVENTS) == every_event()


def test_every_command_has_a_decider() -> None:
    assert set(COMMANDS) == set(get_args(Command))


def test_no_two_events_and_no_two_commands_share_a_tag() -> None:
    assert len({tag(kind) for kind in EVENTS}) == len(EVENTS)
    assert len({tag(kind) for kind in COMMANDS}) == len(COMMANDS)


def test_every_stream_takes_retractions() -> None:
    assert [decider.category for decider in DECIDERS if Retracted not in decider.events] == []


def test_what_a_fact_is_stored_under_is_given_by_hand() -> None:
    assert sorted(tag(kind) for kind in EVENTS) == [
        "access-granted",
        "access-withdrawn",
        "adjustment-approved",
        "adjustment-proposed",
        "adopted",
        "balance-applied",
        "balance-granted",
        "balance-refunded",
        "balance-unapplied",
        "balance-withdrawn",
        "bank-entry-left",
        "bank-entry-matched",
        "bank-entry-set-aside",
        "bank-row-unread",
        "base-reported",
        "billing-anchor-changed",
        "book-opened",
        "calendar-defined",
        "chargeback-lost",
        "chargeback-opened",
        "chargeback-won",
        "contract-joined",
        "contract-modified",
        "contract-opened",
        "contract-terminated",
        "coupon-granted",
        "coupon-withdrawn",
        "credit-issued",
        "criteria-met",
        "customer-amended",
        "customer-payment-promised",
        "customer-registered",
        "discount-granted",
        "discount-withdrawn",
        "dispute-opened",
        "dispute-resolved",
        "document-sent",
        "draft-adjusted",
        "draft-approved",
        "draft-discarded",
        "dunning-held",
        "dunning-released",
        "dunning-step-reached",
        "entity-identified",
        "entity-opened",
        "expectation-revised",
        "invoice-drafted",
        "invoice-issued",
        "invoice-recovered",
        "invoice-voided",
        "invoice-written-off",
        "invoicing-adopted",
        "meter-defined",
        "nature-judged",
        "non-cash-received",
        "obligation-satisfied",
        "opening-position-changed",
        "opening-position-ended",
        "opening-proposed",
        "opening-signed",
        "payment-applied",
        "payment-attempt-failed",
        "payment-failed",
        "payment-fee-charged",
        "payment-named",
        "payment-promised",
        "payment-received",
        "payment-refunded",
        "payment-unapplied",
        "period-closed",
        "period-reopened",
        "period-sealed",
        "period-soft-closed",
        "policy-adopted",
        "posting-run",
        "price-conceded",
        "price-estimated",
        "price-set",
        "product-defined",
        "progress-measured",
        "rates-published",
        "retracted",
        "rights-exercised",
        "rights-expired",
        "subscription-amended",
        "subscription-cancelled",
        "subscription-paused",
        "subscription-renewed",
        "subscription-resumed",
        "subscription-started",
        "subscription-suspended",
        "tax-rates-set",
        "threshold-reached",
        "unit-parked",
        "unit-released",
        "usage-batch-accepted",
        "usage-gap-waived",
        "usage-window-declared",
    ]


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.category)
def test_a_stream_is_decided_by_its_category(decider: facts.Decider[object, object]) -> None:
    assert decider_of(f"{decider.category}:self") is decider


@pytest.mark.parametrize(
    "stream",
    ["", "invoice", "invoice:", ":i1", "invoices:i1", "run:nightly", "entity:acme", "invoicing:eu"],
)
def test_a_stream_of_no_category_is_malformed(stream: str) -> None:
    with pytest.raises(Malformed) as caught:
        decider_of(stream)

    assert (caught.value.code, caught.value.context) == ("unknown-stream", {"stream": stream})
