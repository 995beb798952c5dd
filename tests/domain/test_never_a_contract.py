"""What was paid for what ended and never was a contract is revenue then (IFRS 15.15(b))."""

from __future__ import annotations

from datetime import date

from msgspec import structs

from domain.accounting.schedule import Flow, stands
from domain.contract_facts import ContractOpened, ContractTerminated, CriteriaMet, Obligation
from domain.facts import Event, Fact
from domain.invoicing import InvoicingOptions
from domain.payment_facts import PaymentNamed, PaymentReceived, PaymentRefunded
from domain.settlement import settlement_flows
from tests.domain.given import fact, on

HOPED = fact(
    1,
    stream="contract:k",
    event=ContractOpened(
        when=on(1, 1),
        customer="c",
        currency="USD",
        price_minor=900,
        obligations=(Obligation(obligation="o", pattern="point-in-time"),),
        criteria_met=False,
    ),
)


def paid(place: int, name: str, minor: int, month: int = 2, contract: str | None = "k") -> Fact:
    event = PaymentReceived(
        when=on(month, 1),
        customer="c",
        currency="USD",
        amount_minor=minor,
        contract=contract,
        deposit=True,
    )
    return fact(place, stream=f"payment:{name}", event=event)


def ended(place: int, refund_minor: int = 0, agreed_on: date | None = None) -> Fact:
    when = structs.replace(on(4, 10), agreed_on=agreed_on)
    event = ContractTerminated(when=when, refund_minor=refund_minor)
    return fact(place, stream="contract:k", event=event)


def said(place: int, name: str, event: Event) -> Fact:
    return fact(place, stream=f"payment:{name}", event=event)


def flows_of(*facts: Fact) -> tuple[Flow, ...]:
    known = sorted(facts, key=lambda one: (one.when.effective, one.position))
    return settlement_flows(known, "c", "USD", lambda _: InvoicingOptions())


def stood(flows: tuple[Flow, ...], account: str, month: int) -> int:
    """What is owed, or earned, by the end of a month."""
    return -sum(
        sign * stands((flow,), date(2024, month, 28))
        for flow in flows
        for name, sign in flow.legs
        if name == account
    )


def by_month(flows: tuple[Flow, ...], account: str) -> list[int]:
    return [stood(flows, account, month) for month in (3, 4, 5)]


def test_what_was_paid_is_revenue_once_it_ends_and_rests_on_opening_end_and_money() -> None:
    flows = flows_of(HOPED, paid(2, "p", 300), ended(3))

    assert by_month(flows, "deposits") == [300, 0, 0]
    assert by_month(flows, "revenue") == [0, 300, 300]
    assert by_month(flows, "contract-liability") == [0, 0, 0]
    (kept,) = [flow for flow in flows if flow.kind == "release"]
    assert (kept.causes, kept.rule, kept.on) == (
        (1, 2, 3),
        "kept-of-no-contract@1",
        on(4, 10).effective,
    )
    assert ("to be given back", "0.00") in [(step.what, step.value) for step in kept.steps]


def test_what_is_to_be_given_back_stays_owed_until_it_went_back() -> None:
    back = said(4, "p", PaymentRefunded(when=on(5, 2), amount_minor=100))
    flows = flows_of(HOPED, paid(2, "p", 300), ended(3, 100), back)

    assert by_month(flows, "deposits") == [300, 100, 0]
    assert by_month(flows, "revenue") == [0, 200, 200]


def test_more_than_was_stated_goes_back_out_of_what_was_kept() -> None:
    back = said(4, "p", PaymentRefunded(when=on(5, 2), amount_minor=150))
    flows = flows_of(HOPED, paid(2, "p", 300), ended(3, 100), back)

    assert by_month(flows, "deposits") == [300, 100, 0]
    assert by_month(flows, "revenue") == [0, 200, 150]


def test_what_is_to_be_given_back_is_of_all_that_was_paid_and_so_each_rests_on_the_others() -> None:
    back = said(5, "q", PaymentRefunded(when=on(5, 2), amount_minor=100))
    flows = flows_of(HOPED, paid(2, "p", 80), paid(3, "q", 220), ended(4, 100), back)

    assert by_month(flows, "deposits") == [300, 100, 0]
    assert by_month(flows, "revenue") == [0, 200, 200]
    first = next(flow for flow in flows if flow.kind == "release")
    assert first.causes == (1, 2, 3, 4)


def test_what_comes_after_the_end_is_kept_when_it_comes_and_what_is_named_away_is_not() -> None:
    away = said(4, "p", PaymentNamed(when=on(5, 2), contract="other"))
    late = paid(5, "q", 40, 5)

    flows = flows_of(HOPED, paid(2, "p", 300), ended(3), away, late)

    assert by_month(flows, "deposits") == [300, 0, 300]
    assert by_month(flows, "revenue") == [0, 300, 40]


def test_an_end_that_is_agreed_later_counts_when_it_is_agreed() -> None:
    flows = flows_of(HOPED, paid(2, "p", 300), ended(3, agreed_on=date(2024, 5, 6)))

    assert by_month(flows, "revenue") == [0, 0, 300]


def test_what_was_a_contract_before_it_ended_is_measured_as_one() -> None:
    met = fact(4, stream="contract:k", event=CriteriaMet(when=on(3, 1)))
    flows = flows_of(HOPED, paid(2, "p", 300), ended(3, 100), met)

    assert by_month(flows, "contract-liability") == [300, 0, 0]
    assert by_month(flows, "deposits") == [0, 300, 300]
    assert by_month(flows, "revenue") == [0, 0, 0]


def test_what_is_for_no_contract_stays_a_deposit() -> None:
    flows = flows_of(HOPED, paid(2, "p", 300, contract=None), ended(3))

    assert by_month(flows, "deposits") == [300, 300, 300]
