"""The bundle as a contract: shared by what each part sells for, cancelled with a credit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.contract_commands import OpenContract, SatisfyObligation, TerminateContract
from domain.contract_facts import Obligation
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine

if TYPE_CHECKING:
    from tests.stories.conftest import Company

SERVICE = Obligation(
    obligation="service",
    ssp_minor=12_000_00,
    price_minor=12_000_00,
    service_from=date(2024, 1, 1),
    service_to=date(2025, 1, 1),
)
TRAINING = Obligation(
    obligation="training", ssp_minor=4_000_00, price_minor=0, pattern="point-in-time"
)


def signed(company: Company) -> None:
    """12,000.00 for a year of service, and a training at 0.00 that sells for 4,000.00 alone."""
    when = When(effective=date(2024, 1, 1))
    opened = OpenContract(
        when=when,
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(SERVICE, TRAINING),
    )
    company.send("contract:k1", opened)
    lines = (
        InvoiceLine(
            line="service",
            amount_minor=12_000_00,
            service_from=date(2024, 1, 1),
            service_to=date(2025, 1, 1),
            contract="k1",
            obligation="service",
        ),
        InvoiceLine(
            line="training", amount_minor=0, kind="one-off", contract="k1", obligation="training"
        ),
    )
    issued = IssueInvoice(when=when, customer="c1", currency="USD", lines=lines)
    company.send("invoice:i1", issued)


def stands(company: Company, account: str) -> int:
    """What stands in an account, as an increase of its normal balance."""
    return sum(company.booked(account).values())


def test_each_part_is_earned_at_its_share_and_a_credit_takes_the_rest_back(
    company: Company,
) -> None:
    signed(company)
    done = SatisfyObligation(when=When(effective=date(2024, 1, 15)), obligation="training")
    company.send("contract:k1", done)
    company.run(date(2024, 1, 31))

    # The training's share is 3,000.00, a month of service 750.00.
    assert stands(company, "revenue") == 3_750_00
    assert stands(company, "contract-liability") == 8_250_00
    assert stands(company, "contract-asset") == stands(company, "unbilled-receivable") == 0

    company.run(date(2024, 3, 31))
    assert stands(company, "revenue") == 5_250_00

    when = When(effective=date(2024, 3, 31))
    company.send("contract:k1", TerminateContract(when=when, refund_minor=9_000_00))
    credit = IssueCredit(
        when=when,
        number="CN-1",
        lines=(CreditLine(line="service", amount_minor=9_000_00),),
        purpose="correction",
    )
    company.send("invoice:i1", credit)
    company.run(date(2024, 3, 31))

    assert stands(company, "revenue") == 3_000_00
    assert stands(company, "contract-liability") == 0
