"""What is paid in advance of a contract is the customer's again once that ended."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import structs

from domain.accounting.schedule import Flow
from domain.contract_facts import ContractOpened
from domain.explain import Step
from domain.facts import Fact
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.payment_facts import PaymentNamed
from tests.domain.given import fact, on
from tests.domain.test_never_a_contract import HOPED, by_month, ended, flows_of, paid, said

assert isinstance(HOPED.event, ContractOpened)
OPENED = structs.replace(HOPED, event=structs.replace(HOPED.event, criteria_met=True))


def advanced(flows: tuple[Flow, ...]) -> list[Flow]:
    return [flow for flow in flows if flow.kind == "advance"]


def test_from_the_end_on_it_is_no_contract_liability() -> None:
    flows = flows_of(OPENED, paid(2, "p", 300), ended(3))

    assert by_month(flows, "contract-liability") == [300, 0, 0]
    assert by_month(flows, "deposits") == [0, 300, 300]
    there, back = advanced(flows)
    assert (there.causes, back.causes) == ((1, 2), (1, 2, 3))
    assert back.steps[0] == Step(what="contract:k ended", value="2024-04-10")


@pytest.mark.parametrize("agreed_on", [None, date(2024, 5, 2)])
def test_an_end_counts_when_it_is_agreed(agreed_on: date | None) -> None:
    flows = flows_of(OPENED, paid(2, "p", 300), ended(3, agreed_on=agreed_on))

    assert by_month(flows, "contract-liability") == [300, 300 if agreed_on else 0, 0]


def test_of_two_ends_the_first_that_is_agreed_counts() -> None:
    late = ended(3, agreed_on=date(2024, 5, 2))
    flows = flows_of(OPENED, paid(2, "p", 300), late, ended(4))

    assert by_month(flows, "contract-liability") == [300, 0, 0]


def test_money_that_comes_or_is_named_after_the_end_is_no_advance() -> None:
    named = said(5, "other", PaymentNamed(when=on(5, 2), contract="k"))
    late, other = paid(3, "late", 100, month=5), paid(4, "other", 50, contract=None)

    assert advanced(flows_of(OPENED, ended(2), late, other, named)) == []


def test_what_is_billed_after_the_end_takes_it() -> None:
    money = paid(2, "p", 300)
    money = structs.replace(money, event=structs.replace(money.event, deposit=False))
    flows = flows_of(OPENED, money, ended(3), bill())

    assert by_month(flows, "unapplied-cash") == [0, 300, 180]


def bill() -> Fact:
    line = InvoiceLine(line="1", amount_minor=120, kind="one-off", contract="k")
    issued = InvoiceIssued(
        when=on(5, 1),
        customer="c",
        currency="USD",
        number="I1",
        due_on=date(2024, 5, 31),
        lines=(line,),
    )
    return fact(9, stream="invoice:i1", event=issued)
