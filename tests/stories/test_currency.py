"""EUR 12,000.00 in a dollar entity: a closed month, a credit note after it, rates that change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.cash import ReceivePayment
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.policy import AdoptPolicy, Options
from domain.rates import PublishRates, Rate
from projections.exchange import exchange_differences
from projections.lineage import explain_line, lineage_up
from projections.question import Question
from projections.reconciliation import reconcile
from projections.trial_balance import trial_balance

if TYPE_CHECKING:
    from tests.stories.conftest import Company

ASK = Question(entity="acme", book="main")
YEAR = (date(2024, 1, 1), date(2025, 1, 1))


def rate(company: Company, day: date, value: str) -> int:
    row = Rate(currency="EUR", into="USD", rate=Decimal(value))
    receipt = company.send("rates:self", PublishRates(when=When(effective=day), rates=(row,)))
    return receipt.positions[0]


def invoice(company: Company) -> None:
    line = InvoiceLine(line="1", amount_minor=12_000_00, service_from=YEAR[0], service_to=YEAR[1])
    when = When(effective=YEAR[0])
    command = IssueInvoice(when=when, customer="c1", currency="EUR", lines=(line,))
    company.send("invoice:i1", command)


def credit(company: Company) -> None:
    """A tenth of all year, since the price was wrong from the start."""
    command = IssueCredit(
        when=When(effective=date(2024, 2, 10)),
        number="CN-1",
        lines=(CreditLine(line="1", amount_minor=1_200_00),),
        purpose="correction",
    )
    company.send("invoice:i1", command)


def functional(company: Company, through: date | None = None) -> dict[str, int]:
    """Dollars by account, debits positive, as booked by a day."""
    ask = Question(entity="acme", book="main", through=through)
    with company.ledger.connection() as connection:
        rows = trial_balance(connection, ask).rows
    return {
        row.account: row.functional_minor
        for row in rows
        if row.functional_currency == "USD" and row.currency == "EUR" and row.functional_minor
    }


def january(company: Company) -> None:
    options = Options(ratable_by="month")
    company.send("policy:main", AdoptPolicy(when=When(effective=YEAR[0]), options=options))
    rate(company, YEAR[0], "1.10")
    invoice(company)
    rate(company, date(2024, 1, 31), "1.08")
    company.on(2, 1)
    company.run(date(2024, 1, 31))


def ties(company: Company) -> bool:
    with company.ledger.connection() as connection:
        return all(not one.breaks for one in reconcile(connection, "acme"))


def test_february_books_what_january_had_too_much_and_january_stays_sealed(
    company: Company,
) -> None:
    january(company)
    assert functional(company) == {
        "accounts-receivable": 12_960_00,
        "contract-liability": -12_100_00,
        "revenue": -1_100_00,
        "currency-exchange": 240_00,
    }
    company.close("2024-01")
    sealed = company.seals()

    company.on(2, 10)
    credit(company)
    rate(company, date(2024, 2, 29), "1.12")
    company.on(3, 1)
    company.run(date(2024, 2, 29))

    assert functional(company) == {
        "accounts-receivable": 12_096_00,
        "contract-liability": -9_900_00,
        "revenue": -1_100_00 - 880_00,
        "currency-exchange": 240_00 - 456_00,
    }
    assert company.seals() == sealed
    assert company.digest_now("2024-01") == sealed["2024-01"]
    assert ties(company)


def test_a_receivable_that_is_not_worth_its_rate_is_found(company: Company) -> None:
    january(company)
    assert ties(company)

    with company.ledger.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE journal_line SET functional_minor = functional_minor + 1"
            " WHERE account IN ('accounts-receivable', 'currency-exchange') AND kind = 'exchange'"
        )
    with company.ledger.connection() as connection:
        verdicts = reconcile(connection, "acme")
    found = [one.what for verdict in verdicts for one in verdict.breaks]
    assert "accounts-receivable of i1 in USD, main, 2024-01-31" in found


def test_it_waits_for_a_rate_by_name_and_goes_on_when_it_comes(company: Company) -> None:
    rate(company, YEAR[0], "1.10")
    invoice(company)
    company.on(2, 1)
    company.run(date(2024, 1, 31))
    assert [subject for subject, _ in company.waiting()] == ["parked customer:c1:EUR"]

    rate(company, date(2024, 1, 31), "1.08")
    company.run(date(2024, 1, 31))
    assert company.waiting() == ()
    assert functional(company)["accounts-receivable"] == 12_960_00
    assert ties(company)


def test_a_first_rate_after_a_run_moves_what_is_in_its_currency(company: Company) -> None:
    invoice(company)
    company.on(2, 1)
    company.run(date(2024, 1, 31))
    assert functional(company) == {}

    rate(company, YEAR[0], "1.10")
    rate(company, date(2024, 1, 31), "1.08")
    company.run(date(2024, 1, 31))
    assert functional(company)["accounts-receivable"] == 12_960_00
    assert ties(company)


def test_what_rests_on_a_rate_names_it_and_shows_it(company: Company) -> None:
    january(company)
    company.on(2, 15)
    command = ReceivePayment(
        when=When(effective=date(2024, 2, 15)),
        customer="c1",
        currency="EUR",
        amount_minor=12_000_00,
        rate=Decimal("1.12"),
    )
    company.send("payment:p1", command)
    company.run(date(2024, 2, 29))
    with company.ledger.connection() as connection:
        published = connection.execute(
            "SELECT min(position) FROM fact WHERE stream = 'rates:self'"
        ).fetchone()
        assert published is not None
        up = lineage_up(connection, "acme", published[0])
        assert up is not None
        assert {"accounts-receivable", "revenue"} <= {line.account for line in up.lines}
        realised = next(line for line in up.lines if line.rule == "exchange-realised@1")
        told = explain_line(connection, "acme", realised.entry, realised.line)

    assert told is not None
    steps = " ".join(step.value for share in told.shares for step in share.steps)
    assert "1 EUR = 1.1 USD on 2024-01-01 by self" in steps
    assert "1 EUR = 1.12 USD, as the document states" in steps
    assert functional(company)["currency-exchange"] == 240_00 - 480_00
    with company.ledger.connection() as connection:
        rows = exchange_differences(connection, ASK).rows
    told = [
        (row.period, row.functional_realised_minor, row.functional_unrealised_minor) for row in rows
    ]
    assert told == [("2024-01", 0, -240_00), ("2024-02", 240_00, 240_00)]
