"""Five stories in numbers: late usage, changes of one day, late cuts, gaps and terms, accruals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

import psycopg
import pytest

from domain.books import AdjustmentLine, ApproveAdjustment, ProposeAdjustment
from domain.errors import Rejected
from domain.facts import Source, When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.pricing import Flat, PerUnit
from domain.subscription import AmendSubscription, Item, ItemChange, RenewSubscription
from domain.usage import DeclareUsageWindow
from replay.rebuild import rebuild_journal

if TYPE_CHECKING:
    from tests.stories.conftest import Company

YEAR_END = date(2025, 1, 1)
MONTH_ENDS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def run_months(company: Company, first: int, last: int) -> None:
    for month in range(first, last + 1):
        end = date(2024, month, MONTH_ENDS[month])
        company.on(end.month, end.day)
        company.run(end)


def close_first_quarter(company: Company) -> None:
    company.on(4, 5)
    company.close("2024-01", "2024-02", "2024-03")


def test_late_usage_is_booked_in_the_open_month_and_earned_in_its_own(company: Company) -> None:
    company.price("service", Flat(amount=Decimal(1000)))
    company.sell(
        date(2024, 1, 1),
        YEAR_END,
        Item(item="service", price="service"),
        Item(item="calls", price="calls"),
    )
    run_months(company, 1, 3)
    close_first_quarter(company)
    seals = company.seals()
    company.on(4, 10)
    company.ledger.reopen("acme", "main", "2024-01", approved_by="cfo", actor="controller")
    company.on(4, 12)
    company.use("late", date(2024, 2, 20), 100)
    run_months(company, 4, 4)

    assert company.booked() == {
        "2024-01": 100000,
        "2024-02": 100000,
        "2024-03": 100000,
        "2024-04": 120000,
    }
    assert company.earned() == {
        "2024-01": 100000,
        "2024-02": 120000,
        "2024-03": 100000,
        "2024-04": 100000,
    }
    assert sorted(seals) == ["2024-01", "2024-02", "2024-03"]
    assert company.seals() == seals
    assert {name: company.digest_now(name) for name in seals} == seals


SEATS = {1: 20, 2: 15}


@pytest.mark.parametrize("sent", [*permutations(SEATS)])
def test_changes_of_one_day_count_in_the_sources_order(
    company: Company, sent: tuple[int, ...]
) -> None:
    company.price("seat", PerUnit(unit_amount=Decimal(100)))
    start = date(2024, 4, 1)
    company.sell(start, YEAR_END, Item(item="seats", price="seat", quantity=Decimal(10)))
    company.on(4, 16)
    for order in sent:
        change = ItemChange(item="seats", quantity=Decimal(SEATS[order]))
        when = When(effective=date(2024, 4, 16), order=order)
        company.send("subscription:s1", AmendSubscription(when=when, items=(change,)))
    company.on(4, 30)
    line = InvoiceLine(
        line="1",
        amount_minor=125000,
        service_from=start,
        service_to=date(2024, 5, 1),
        subscription="s1",
    )
    invoice = IssueInvoice(
        when=When(effective=date(2024, 4, 30)), customer="c1", currency="USD", lines=(line,)
    )
    source = Source(system="billing", kind="invoice", id="INV-7")
    receipts = [
        company.send("invoice:INV-7", invoice, key=key, source=source)
        for key in ("by-webhook", "by-file")
    ]
    company.run(date(2024, 4, 30))

    assert [receipt.repeated for receipt in receipts] == [False, True]
    assert company.booked() == {"2024-04": 125000}
    assert company.booked("accounts-receivable") == {"2024-04": 125000}


AGREED = {
    date(2024, 1, 30): {"2024-04": 40000, "2024-05": 80000},
    date(2024, 4, 10): {"2024-04": 75556, "2024-05": 75555},
}


@pytest.mark.parametrize("agreed", AGREED)
def test_a_cut_keyed_late_catches_up_and_a_cut_agreed_late_is_prospective(
    company: Company, agreed: date
) -> None:
    company.price("full", Flat(amount=Decimal(1000)))
    company.price("reduced", Flat(amount=Decimal(800)))
    company.sell(date(2024, 1, 1), YEAR_END, Item(item="service", price="full"))
    run_months(company, 1, 3)
    close_first_quarter(company)
    company.on(4, 10)
    when = When(effective=date(2024, 2, 1), agreed_on=agreed)
    cut = ItemChange(item="service", price="reduced")
    company.send("subscription:s1", AmendSubscription(when=when, items=(cut,)))
    run_months(company, 4, 12)
    booked = company.booked()
    first_quarter = {name: booked.pop(name) for name in ("2024-01", "2024-02", "2024-03")}

    assert first_quarter == {"2024-01": 100000, "2024-02": 100000, "2024-03": 100000}
    assert {name: booked[name] for name in ("2024-04", "2024-05")} == AGREED[agreed]
    assert sum(booked.values()) == 680000
    assert sum(company.booked().values()) == 980000


def test_a_missing_batch_is_named_when_the_month_is_to_be_closed(company: Company) -> None:
    company.sell(date(2024, 1, 1), date(2024, 4, 1), Item(item="calls", price="calls"))
    window = DeclareUsageWindow(
        when=When(effective=date(2024, 1, 31)),
        window_from=date(2024, 1, 1),
        window_to=date(2024, 2, 1),
        first_batch=1,
        last_batch=10,
    )
    company.send("usage:gateway", window)
    for number in (1, 2, 3, 4, 5, 6, 8, 9, 10):
        company.use(f"e{number}", date(2024, 1, number), 1, number=number)
    run_months(company, 1, 1)

    with pytest.raises(Rejected) as refused:
        company.ledger.soft_close("acme", "main", "2024-01")

    assert refused.value.code == "close-usage-gap"
    assert refused.value.context == {"batches": ["gateway:7"]}

    company.use("e7", date(2024, 1, 7), 1, number=7)
    company.run(date(2024, 1, 31))
    company.ledger.soft_close("acme", "main", "2024-01", key="again")

    assert company.booked() == {"2024-01": 2000}


def renew(company: Company) -> None:
    when = When(effective=date(2024, 4, 1))
    company.send("subscription:s1", RenewSubscription(when=when, term_to=date(2024, 7, 1)))


def use_in_april(company: Company) -> None:
    company.use("beyond", date(2024, 4, 5), 50)


def test_usage_out_of_term_waits_until_a_backdated_renewal_cures_it(company: Company) -> None:
    company.sell(date(2024, 1, 1), date(2024, 4, 1), Item(item="calls", price="calls"))
    company.on(4, 6)
    use_in_april(company)
    company.run(date(2024, 4, 6))

    assert company.booked() == {}
    assert [reason for _, reason in company.waiting()] == ["out-of-term"]

    company.on(4, 20)
    renew(company)
    company.run(date(2024, 4, 30))

    assert company.booked() == {"2024-04": 10000}
    assert company.waiting() == ()


@pytest.mark.parametrize("acts", [*permutations((renew, use_in_april))])
def test_renewal_and_usage_may_come_in_either_order(
    company: Company, acts: tuple[Callable[[Company], None], ...]
) -> None:
    company.sell(date(2024, 1, 1), date(2024, 4, 1), Item(item="calls", price="calls"))
    company.on(4, 20)
    for act in acts:
        act(company)
        company.run(date(2024, 4, 20))

    assert company.booked() == {"2024-04": 10000}
    assert company.waiting() == ()


ACCRUAL = ProposeAdjustment(
    when=When(effective=date(2024, 3, 31)),
    book="main",
    currency="USD",
    lines=(
        AdjustmentLine(account="unbilled-receivable", amount_minor=500000),
        AdjustmentLine(account="revenue", amount_minor=-500000),
    ),
    memo="March calls not metered yet",
    reverses_on=date(2024, 4, 1),
)


def test_an_accrual_stands_once_and_is_never_netted_away(company: Company) -> None:
    company.sell(date(2024, 1, 1), YEAR_END, Item(item="calls", price="calls"))
    company.use("march", date(2024, 3, 10), 50)
    company.on(3, 31)
    company.send("adjustment:a1", ACCRUAL, actor="ann")
    approval = ApproveAdjustment(when=When(effective=date(2024, 3, 31)))
    company.send("adjustment:a1", approval, actor="ben")
    company.run(date(2024, 3, 31))

    assert company.booked() == {"2024-03": 510000, "2024-04": -500000}

    company.on(4, 4)
    company.use("late", date(2024, 3, 25), 150)
    company.run(date(2024, 4, 30))

    assert company.booked() == {"2024-03": 540000, "2024-04": -500000}
    assert company.booked("unbilled-receivable") == {"2024-03": 540000, "2024-04": -500000}

    with company.ledger.connection() as connection:
        rebuilt = rebuild_journal(connection, "acme")

    assert rebuilt.breaks == ()
    assert (rebuilt.entries, rebuilt.lines) == (4, 12)
    assert company.booked() == {"2024-03": 540000, "2024-04": -500000}


def test_nobody_approves_their_own_adjustment_not_even_in_sql(company: Company) -> None:
    company.send("adjustment:a1", ACCRUAL, actor="ann")
    approval = ApproveAdjustment(when=When(effective=date(2024, 3, 31)))

    with pytest.raises(Rejected) as refused:
        company.send("adjustment:a1", approval, actor="ann")

    assert refused.value.code == "own-approval"

    with (
        company.ledger.connection() as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="preparer_is_not_approver"),
    ):
        connection.execute(
            "INSERT INTO approval (entity, subject, preparer, approver, position)"
            " VALUES ('acme', 'adjustment:a1', 'ann', 'ann', 99)"
        )
