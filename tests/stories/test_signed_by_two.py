"""What two people sign, an opening and an adjustment, in euros of a dollar entity: it comes through
views at both dates, the audit trail, explanations, exports and every control, as all else does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from beancount import loader
from beancount.core.data import Transaction
from msgspec import structs

from domain.books import AdjustmentLine, ApproveAdjustment, ProposeAdjustment
from domain.carried import CarriedPosition
from domain.facts import When
from domain.money import decimal_text
from domain.opening import OpenItem, totals
from domain.rates import PublishRates, Rate
from projections.audit import audit_trail
from projections.lineage import explain_line, lineage_up
from projections.openings import openings
from projections.positions import positions
from projections.question import Question
from projections.trial_balance import trial_balance
from replay.journal import journal
from replay.journal_files import Side, journal_file
from replay.opening import Read, propose, sign
from replay.reperform import explain_again, journal_lines, reperform
from replay.source import export, read_export
from replay.verify import verify

if TYPE_CHECKING:
    from tests.stories.conftest import Company

ASK = Question(entity="acme", book="main")
CUT_OVER, MARCH, APRIL = date(2024, 3, 1), date(2024, 3, 31), date(2024, 4, 30)
HALF_YEAR = CarriedPosition(
    subscription="old",
    obligation="seats",
    customer="c1",
    billed_minor=1_200_00,
    recognised_minor=600_00,
    to_earn_minor=600_00,
    service_from=CUT_OVER,
    service_to=date(2024, 9, 1),
)
ITEM = OpenItem(number="R-1", customer="c1", due_on=date(2024, 3, 15), amount_minor=500_00)
ACCRUAL = ProposeAdjustment(
    when=When(effective=MARCH),
    book="main",
    currency="EUR",
    lines=(
        AdjustmentLine(account="unbilled-receivable", amount_minor=50_00),
        AdjustmentLine(account="revenue", amount_minor=-50_00),
    ),
    memo="March not metered yet",
    reverses_on=date(2024, 4, 1),
)


@pytest.fixture
def signed(company: Company) -> tuple[Company, int]:
    """Taken over on 1 March at 1.10; March ends at 1.20, April at 1.30. And what was known before
    the accrual was approved.
    """
    for day, rate in ((CUT_OVER, "1.10"), (MARCH, "1.20"), (APRIL, "1.30")):
        row = Rate(currency="EUR", into="USD", rate=Decimal(rate))
        company.send("rates:self", PublishRates(when=When(effective=day), rates=(row,)))
    row = Rate(currency="EUR", into="USD", rate=Decimal("1.20"))
    first = When(effective=date(2024, 4, 1))
    company.send("rates:self", PublishRates(when=first, rates=(row,)))
    company.on(3, 1)
    said = totals((ITEM,), (HALF_YEAR,))
    read = Read(items=(ITEM,), positions=(HALF_YEAR,), stated=said, found=said)
    propose(company.ledger, "acme", "2024", CUT_OVER, "EUR", read, actor="ann")
    company.run(CUT_OVER)
    sign(company.ledger, "acme", "2024", actor="ben")
    company.on(3, 31)
    company.send("adjustment:a1", ACCRUAL, actor="ann")
    company.run(MARCH)
    before = company.ledger.head("acme")
    company.send("adjustment:a1", ApproveAdjustment(when=When(effective=MARCH)), actor="ben")
    company.run(MARCH)
    company.on(4, 30)
    company.run(APRIL)
    return company, before


def standing(company: Company, **asked: object) -> dict[str, tuple[int, int]]:
    """In euros and in dollars."""
    with company.ledger.connection() as connection:
        rows = trial_balance(connection, structs.replace(ASK, **asked)).rows
    both = ((row.account, (row.minor, row.functional_minor)) for row in rows)
    return {account: amounts for account, amounts in both if any(amounts)}


def test_each_counts_from_its_signature_and_on_its_own_day(signed: tuple[Company, int]) -> None:
    company, before = signed
    march = {
        "accounts-receivable": (500_00, 600_00),
        "contract-liability": (-500_00, -550_00),
        "opening-clearing": (100_00, 110_00),
        "revenue": (-100_00, -110_00),
        "currency-exchange": (0, -50_00),
    }

    assert standing(company, through=MARCH, known_at=before) == march
    assert standing(company, through=MARCH) == march | {
        "unbilled-receivable": (50_00, 60_00),
        "revenue": (-150_00, -170_00),
    }
    april = standing(company)
    assert "unbilled-receivable" not in april
    assert april["revenue"] == (-200_00, -220_00)


def test_views_say_what_was_taken_over_and_where_contracts_stand(
    signed: tuple[Company, int],
) -> None:
    company, _ = signed
    with company.ledger.connection() as connection:
        left = {row.period: row for row in openings(connection, ASK).rows}
        stand = {
            row.unit: (row.net_liability_minor, row.net_unbilled_minor)
            for row in positions(
                connection, structs.replace(ASK, through=MARCH), amounts="functional"
            ).rows
        }

    assert [(row.to_earn_left_minor, row.difference_minor) for row in left.values()] == [
        (500_00, 0),
        (400_00, 0),
    ]
    assert stand == {"subscription:old": (550_00, 0), "adjustment:a1": (0, 60_00)}


def test_who_proposed_and_who_approved_is_on_the_trail(signed: tuple[Company, int]) -> None:
    company, _ = signed
    with company.ledger.connection() as connection:
        rows = audit_trail(connection, Question(entity="acme")).rows
    found = [(row.stream, row.what, row.approved_by) for row in rows if row.approved_by]

    assert found == [
        ("opening:2024", "opening-signed", "ben"),
        ("adjustment:a1", "adjustment-approved", "ben"),
    ]


def test_every_line_is_explained_and_found_again_from_an_export(
    signed: tuple[Company, int],
) -> None:
    company, _ = signed
    with company.ledger.connection() as connection:
        lines = journal(connection, ASK).rows
        done = reperform(read_export(export(connection, "acme", company.ledger.head("acme"))))
        told: dict[str, str] = {}
        for row in lines:
            live = explain_line(connection, "acme", row.entry, row.line)
            assert live is not None
            assert live == explain_again(done, row.entry, row.line)
            steps = [step for share in live.shares for step in share.steps]
            told[row.rule] = " ".join(f"{step.what} {step.value}" for step in steps)
        causes = {cause for row in done.posted for one in row.entry.lines for cause in one.causes}
        ups = [lineage_up(connection, "acme", cause) for cause in sorted(causes)]

    assert list(journal_lines(done)) == list(lines)
    assert "before" in told["opening-position@1"]
    assert "March not metered yet" in told["approved-adjustment@1"]
    assert "1 EUR = 1.2 USD on 2024-03-31" in told["approved-adjustment@1"]
    assert all(up is not None and up.lines for up in ups)


def sums(text: str) -> Iterator[tuple[str, Decimal]]:
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            yield posting.account.lower().replace("-", ""), posting.units.number


@pytest.mark.parametrize("side", ["transaction", "functional"])
def test_a_program_of_others_reads_the_same_balances(
    signed: tuple[Company, int], side: Side
) -> None:
    company, _ = signed
    with company.ledger.connection() as connection:
        text = "".join(journal_file(connection, ASK, "beancount", side))
    found: dict[str, Decimal] = defaultdict(Decimal)
    for account, amount in sums(text):
        found[account.rpartition(":")[2]] += amount
    at = ("transaction", "functional").index(side)

    assert {account: amount for account, amount in found.items() if amount} == {
        account.replace("-", ""): Decimal(decimal_text(both[at], "USD"))
        for account, both in standing(company).items()
        if both[at]
    }


def test_every_control_ties(signed: tuple[Company, int]) -> None:
    company, _ = signed
    with company.ledger.connection() as connection:
        verdicts = verify(connection).verdicts

    assert [one for verdict in verdicts for one in verdict.breaks] == []
