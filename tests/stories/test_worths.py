"""All that is owed in euros to a dollar entity or by it: each account is worth what rates say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.cash import OpenChargeback, ReceivePayment
from domain.contract_commands import OpenContract, SatisfyObligation
from domain.contract_facts import Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.rates import PublishRates, Rate
from projections.reconciliation import reconcile
from replay.verify import verify

if TYPE_CHECKING:
    from tests.stories.conftest import Company

# What stands at the end of January at 1.20, in dollars; claims are positive.
TOLD = {
    "accounts-receivable": 12_000_00 + 120_00,
    "unbilled-receivable": 600_00,
    "refund-liability": -360_00,
    "customer-credit": -48_00,
    "unapplied-cash": -120_00,
    "deposits": -24_00,
    "disputed-cash": 120_00,
    # Came at 1.10 for a contract, and is service that is owed.
    "contract-liability": -33_00,
}


def at(day: int) -> When:
    return When(effective=date(2024, 1, day))


def invoice(company: Company, name: str, *lines: InvoiceLine) -> None:
    command = IssueInvoice(when=at(15), customer="c1", currency="EUR", lines=lines)
    company.send(f"invoice:{name}", command)


def pay(company: Company, name: str, minor: int, **more: object) -> None:
    command = ReceivePayment(when=at(15), customer="c1", currency="EUR", amount_minor=minor, **more)  # type: ignore[arg-type]
    company.send(f"payment:{name}", command)


def contract(company: Company, name: str, *, price: int = 0, returns: int = 0) -> None:
    goods = Obligation(obligation="goods", pattern="point-in-time")
    back = VariableAmount(
        name="returns",
        stated_minor=returns,
        conceded_percent=Decimal(3),
        obligations=("goods",),
    )
    command = OpenContract(
        when=at(1),
        customer="c1",
        currency="EUR",
        price_minor=price,
        obligations=(goods,),
        variable=(back,) if returns else (),
    )
    company.send(f"contract:{name}", command)


@pytest.fixture
def euros(company: Company) -> Company:
    """Everything on 15 January at 1.10; the month ends at 1.20."""
    for day, rate in ((15, "1.10"), (31, "1.20")):
        row = Rate(currency="EUR", into="USD", rate=Decimal(rate))
        company.send("rates:self", PublishRates(when=at(day), rates=(row,)))
    pay(company, "charged-back", 100_00)
    invoice(company, "i1", InvoiceLine(line="1", amount_minor=100_00, kind="one-off"))
    contract(company, "sold", returns=10_000_00)
    contract(company, "unbilled", price=500_00)
    contract(company, "ahead", price=30_00)
    for name in ("sold", "unbilled"):
        command = SatisfyObligation(when=at(15), obligation="goods")
        company.send(f"contract:{name}", command)
    company.send(
        "payment:charged-back",
        OpenChargeback(when=at(15), chargeback="cb", amount_minor=100_00),
    )
    goods = InvoiceLine(line="1", amount_minor=10_000_00, contract="sold", obligation="goods")
    invoice(company, "i2", goods)
    taken = InvoiceLine(line="1", amount_minor=-40_00, kind="one-off")
    invoice(company, "i3", taken, InvoiceLine(line="2", amount_minor=40_00, kind="credit"))
    pay(company, "deposit", 20_00, deposit=True)
    pay(company, "ahead", 30_00, deposit=True, contract="ahead")
    company.on(2, 1)
    company.run(date(2024, 1, 31))
    return company


def functional(company: Company) -> dict[str, int]:
    with company.ledger.connection() as connection:
        rows = connection.execute(
            "SELECT account, sum(functional_minor)::bigint FROM journal_line GROUP BY account"
        ).fetchall()
    return dict(rows)


def breaks(company: Company) -> list[str]:
    with company.ledger.connection() as connection:
        return [one.what for verdict in reconcile(connection, "acme") for one in verdict.breaks]


def meddle(company: Company, account: str, kind: str = "%") -> None:
    """The first line of an account is a cent off."""
    with company.ledger.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE journal_line SET functional_minor = functional_minor + 1"
            " WHERE (entry, line) = (SELECT entry, line FROM journal_line"
            " WHERE account = %(account)s AND kind LIKE %(kind)s ORDER BY entry, line LIMIT 1)",
            {"account": account, "kind": kind},
        )


def test_every_account_is_worth_what_it_should_and_all_ties(euros: Company) -> None:
    stands = functional(euros)

    assert {account: stands[account] for account in TOLD} == TOLD
    assert stands["cash-clearing"] == 20_00 * 11 // 10 + 30_00 * 11 // 10
    assert breaks(euros) == []
    with euros.ledger.connection() as connection:
        assert verify(connection).breaks == 0


@pytest.mark.parametrize(
    "account", [account for account in TOLD if account != "contract-liability"]
)
def test_what_is_not_worth_its_rate_is_found_in_its_account(euros: Company, account: str) -> None:
    meddle(euros, account)

    assert any(found.startswith(f"{account} of ") for found in breaks(euros))


def test_cash_that_is_not_worth_its_day_is_found(euros: Company) -> None:
    meddle(euros, "cash-clearing", "receipt")

    assert any(found.startswith("receipt of payment:") for found in breaks(euros))


def test_posted_and_measured_are_compared_in_functional_currency_too(euros: Company) -> None:
    meddle(euros, "revenue")

    with euros.ledger.connection() as connection:
        found = [one for verdict in verify(connection).verdicts for one in verdict.breaks]
    assert any(one.check == "posted-is-measured" and " worth " in one.found for one in found)
