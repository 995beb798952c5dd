"""Contracts side by side: what stands of each, the net side, and that all of it is the accounts."""

from __future__ import annotations

from datetime import date

import pytest

from domain.cash import ReceivePayment
from domain.contract_commands import OpenContract, SatisfyObligation
from domain.contract_facts import Obligation
from domain.errors import Malformed
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from projections.positions import positions
from projections.question import Question
from projections.trial_balance import trial_balance

ASK = Question(entity="acme", book="us-gaap")
JANUARY = date(2024, 1, 31)
ACCOUNTS = {
    "contract-liability": ("liability_minor", -1),
    "contract-asset": ("asset_minor", 1),
    "unbilled-receivable": ("unbilled_minor", 1),
    "refund-liability": ("refund_liability_minor", -1),
}


def on(day: int) -> When:
    return When(effective=date(2024, 1, day))


def open_contract(books, name, **terms):
    goods = [
        Obligation(obligation=part, ssp_minor=500_00, pattern="point-in-time") for part in "ab"
    ]
    command = OpenContract(
        when=on(1),
        customer=name,
        currency="USD",
        price_minor=1_000_00,
        obligations=tuple(goods),
        **terms,
    )
    books.tell(f"contract:{name}", command)


def satisfy(books, name, part):
    books.tell(f"contract:{name}", SatisfyObligation(when=on(10), obligation=part))


def bill(books, name, minor):
    line = InvoiceLine(line="1", amount_minor=minor, kind="one-off", contract=name)
    command = IssueInvoice(when=on(5), customer=name, currency="USD", lines=(line,))
    books.tell(f"invoice:{name}", command)


def pay(books, name, minor):
    command = ReceivePayment(
        when=on(20), customer=name, currency="USD", amount_minor=minor, contract=name
    )
    books.tell(f"payment:{name}", command)


@pytest.fixture
def sold(books):
    """One billed ahead, one only unbilled, one conditional, one paid ahead without an invoice."""
    open_contract(books, "ahead")
    bill(books, "ahead", 300_00)
    open_contract(books, "unbilled")
    satisfy(books, "unbilled", "a")
    open_contract(books, "conditional", right_after="b")
    satisfy(books, "conditional", "a")
    open_contract(books, "paid")
    satisfy(books, "paid", "a")
    pay(books, "paid", 700_00)
    books.on(2024, 1, 31).run(JANUARY)
    books.catch_up()
    return books


def standing(books, ask=ASK, **asked):
    """What is not nothing of each contract."""
    found = {}
    for row in positions(books.connection, ask, **asked).rows:
        amounts = {name: getattr(row, name) for name in row.__struct_fields__}
        said = {name: minor for name, minor in amounts.items() if isinstance(minor, int) and minor}
        found[row.unit] = {name.removesuffix("_minor"): minor for name, minor in said.items()}
    return found


def test_each_contract_has_its_accounts_side_by_side_and_one_net_side(sold):
    assert standing(sold) == {
        "contract:ahead": {"liability": 300_00, "net_liability": 300_00},
        "contract:unbilled": {"unbilled": 500_00, "net_unbilled": 500_00},
        "contract:conditional": {"asset": 500_00, "net_asset": 500_00},
        # 700.00 came for it, of which 500.00 are earned: 200.00 are owed, and nothing is claimed.
        "contract:paid": {
            "liability": 700_00,
            "advanced": 700_00,
            "unbilled": 500_00,
            "reclass": 500_00,
            "net_liability": 200_00,
        },
    }


def test_all_rows_are_the_accounts_in_either_currency_and_on_either_basis(sold):
    for basis in ("reported", "earned"):
        ask = Question(entity="acme", book="us-gaap", basis=basis, through=JANUARY)
        accounts = {row.account: row for row in trial_balance(sold.connection, ask).rows}
        for amounts, field in (("transaction", "minor"), ("functional", "functional_minor")):
            rows = positions(sold.connection, ask, amounts=amounts).rows
            told = {
                name: sum(getattr(row, column) for row in rows)
                for name, (column, _) in ACCOUNTS.items()
            }
            stands = {
                name: sign * getattr(accounts[name], field) if name in accounts else 0
                for name, (_, sign) in ACCOUNTS.items()
            }
            assert told == stands


def test_before_anything_was_posted_nothing_stands(sold):
    early = Question(entity="acme", book="us-gaap", through=date(2023, 12, 31))

    assert standing(sold, early) == {}


def test_it_is_narrowed_by_customer_and_contract(sold):
    assert [*standing(sold, customer="paid")] == ["contract:paid"]
    assert [*standing(sold, unit="contract:ahead")] == ["contract:ahead"]
    with pytest.raises(Malformed):
        positions(sold.connection, ASK, amounts="both")
