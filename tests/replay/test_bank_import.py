"""A bank's statement into the ledger: who it is matched to, once for ever, and what waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.cash import DECIDER as CASH
from domain.cash import ReceivePayment, RefundPayment
from domain.chargeback import OpenChargeback, WinChargeback
from domain.errors import Rejected
from domain.facts import When, fold, known
from domain.invoice import InvoiceLine, IssueInvoice
from domain.left_entry import BankEntryMatched, BankRowUnread, Settles
from domain.party import RegisterCustomer
from domain.payment_facts import (
    Application,
)
from projections.exceptions import exceptions
from projections.giving_back import left_entries
from projections.question import Question
from projections.receivables import open_items, unapplied
from projections.unidentified import unidentified
from replay.bank.importing import Imported, import_payments
from replay.bank.left_over import left_over, let_wait, match_left, set_aside, settle
from replay.bank.mapping import BankMapping, read_bank_mapping
from replay.bank.resolving import match_again, resolve, undo, waiting
from replay.ledger import Ledger
from store import log, party
from tests.replay.conftest import NEW_YEAR, Send

MAPPING = """
source = "bank"
account = "main"
currency = "USD"
[columns]
booked_on = "day"
amount = "amount"
payer_name = "name"
payer_account = "iban"
text = ["text"]
entry_id = "id"
reversal = "reversal"
reason = "reason"
end_to_end = "e2e"
"""
HEADER = "id,day,amount,name,iban,text,reversal,reason,e2e\n"


@pytest.fixture
def mapping(tmp_path: Path) -> BankMapping:
    (tmp_path / "map.toml").write_text(MAPPING)
    return read_bank_mapping(tmp_path / "map.toml")


@pytest.fixture
def owing(company: Ledger, send: Send) -> Ledger:
    """Two customers with three invoices: c1 owes 100 and 250, c2 owes 70."""
    send("customer:blue-2", RegisterCustomer(when=NEW_YEAR, currency="USD"))
    for name, customer, minor, day in (
        ("i1", "c1", 100_00, 10),
        ("i2", "c1", 250_00, 20),
        ("i3", "blue-2", 70_00, 15),
    ):
        send(
            f"invoice:{name}",
            IssueInvoice(
                when=When(effective=date(2024, 1, 5)),
                customer=customer,
                currency="USD",
                number=f"INV-2024-{name[1:].zfill(4)}",
                due_on=date(2024, 1, day),
                lines=(InvoiceLine(line="1", amount_minor=minor),),
            ),
        )
    return company


def took(ledger: Ledger, folder: Path, mapping: BankMapping, rows: str, **more: bool) -> Imported:
    path = folder / "bank.csv"
    path.write_text(HEADER + rows.replace(",\n", ",,,\n"))
    return import_payments(ledger, "acme", path, mapping, **more)


ROWS = """e1,2024-02-01,100.00,Ann,DE01,inv 2024 0001,
e2,2024-02-02,70.00,Blue Ltd,DE02,thanks,
e3,2024-02-03,250.00,Ann,de 01,my bill,
e4,2024-02-04,33.00,Nobody,DE03,for the thing,
e5,2024-02-05,-12.00,Bank,,fees,
e6,2024-02-06,nothing,Bank,,fees,
"""


def opened(ledger: Ledger) -> dict[str, int]:
    with ledger.connection() as connection:
        rows = open_items(connection, Question(entity="acme", book="main")).rows
    return {row.invoice: row.open_minor for row in rows}


def test_each_entry_finds_its_invoice_and_says_by_which_rule(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    done = took(owing, tmp_path, mapping, ROWS)

    assert (done.entries, done.repeated, done.taken) == (6, 0, 4)
    assert done.rules == {"reference": 1, "amount": 2, "none": 1}
    assert [(row.row, row.code) for row in done.left] == [(5, "went-out")]
    assert [(row.row, row.code, row.field) for row in done.unread] == [
        (6, "not-a-decimal", "amount")
    ]
    assert [row.match.because for row in done.waiting] == [
        "names nobody, comes to no open item, and nobody known has paid from there"
    ]
    owing.run("acme", date(2024, 2, 29))
    assert opened(owing) == {}


def test_the_same_file_again_changes_nothing_and_an_overlapping_one_adds_what_is_new(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    first = took(owing, tmp_path, mapping, ROWS)
    head = owing.head("acme")
    again = took(owing, tmp_path, mapping, ROWS)
    assert owing.head("acme") == head
    more = took(owing, tmp_path, mapping, ROWS + "e7,2024-02-07,5.00,Ann,DE01,,\n")

    assert (first.taken, again.taken, again.repeated, more.taken) == (4, 0, 5, 1)
    assert (len(first.left), again.left, len(again.unread)) == (1, (), 1)
    assert more.rules == {"payer": 1}


def test_a_preview_says_the_same_and_writes_nothing(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    head = owing.head("acme")
    before = took(owing, tmp_path, mapping, ROWS, preview=True)
    with owing.connection() as connection:
        assert connection.execute("SELECT count(*) FROM party").fetchone() == (0,)
    assert owing.head("acme") == head
    done = took(owing, tmp_path, mapping, ROWS)

    assert before.rules == done.rules
    assert [row.match.customer for row in before.matches] == ["c1", "blue-2", "c1", None]


def test_money_of_nobody_is_in_the_books_under_its_payer_and_no_name_is_in_a_fact(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    owing.run("acme", date(2024, 2, 29))
    with owing.connection() as connection:
        (row,) = unapplied(connection, Question(entity="acme", book="main")).rows
        facts = connection.execute("SELECT string_agg(payload, '') FROM fact").fetchone()
        entry = ("bank-entry:main/e4", None)
        wrote = party.look_up(connection, "acme", [entry])[entry].content

    assert row.minor == 33_00
    assert row.customer.startswith("payer:")
    assert facts is not None
    assert not any(name in facts[0] for name in ("Nobody", "DE03", "for the thing"))
    assert wrote == {"name": "Nobody", "account": "DE03", "text": "for the thing"}


def test_a_file_that_ends_early_takes_nothing(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    head = owing.head("acme")

    with pytest.raises(Exception, match="malformed-csv"):
        took(owing, tmp_path, mapping, ROWS + 'e8,2024-02-08,1.00,"Ann')
    assert owing.head("acme") == head


def test_two_imports_of_one_file_side_by_side_take_each_entry_once(
    owing: Ledger, tmp_path: Path, mapping: BankMapping, database: str
) -> None:
    path = tmp_path / "bank.csv"
    path.write_text(HEADER + ROWS.replace(",\n", ",,,\n"))

    def importing(_: int) -> Imported:
        with Ledger.open(database, lambda: datetime(2024, 6, 1, tzinfo=UTC)) as ledger:
            return import_payments(ledger, "acme", path, mapping)

    with ThreadPoolExecutor(3) as crew:
        list(crew.map(importing, range(3)))
    with owing.connection() as connection:
        counted = connection.execute(
            "SELECT count(*) FROM fact WHERE tag = 'payment-received'"
        ).fetchone()

    assert counted == (4,)


def test_a_person_says_whose_it_is_and_from_then_on_the_payer_is_known(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    (held,) = waiting(owing, "acme")
    resolve(owing, "acme", held.payment, "c1", actor="ann")
    head = owing.head("acme")
    resolve(owing, "acme", held.payment, "c1", actor="ann")
    assert owing.head("acme") == head
    more = took(owing, tmp_path, mapping, "e9,2024-02-09,1.00,Nobody,DE03,,\n")
    owing.run("acme", date(2024, 2, 29))

    assert held.wrote == {"name": "Nobody", "account": "DE03", "text": "for the thing"}
    assert waiting(owing, "acme") == ()
    assert more.rules == {"payer": 1}
    with owing.connection() as connection:
        rows = unapplied(connection, Question(entity="acme", book="main")).rows
    assert [(row.customer, row.minor) for row in rows] == [("c1", 34_00)]


def test_what_a_rule_or_a_person_said_is_taken_back_and_said_anew(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    undo(owing, "acme", "main/e1", actor="ann")
    undo(owing, "acme", "main/e1", actor="ann")
    owing.run("acme", date(2024, 2, 29))
    assert opened(owing) == {"i1": 100_00}
    assert {row.payment for row in waiting(owing, "acme")} == {"main/e1", "main/e4"}

    paid = (Application(invoice="i1", amount_minor=60_00),)
    resolve(owing, "acme", "main/e1", "c1", paid, actor="bob")
    undo(owing, "acme", "main/e1", actor="ann")
    owing.run("acme", date(2024, 2, 29))

    assert opened(owing) == {"i1": 100_00}


def test_an_invoice_that_comes_after_its_money_is_found_when_all_is_judged_again(
    company: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    done = took(company, tmp_path, mapping, "e1,2024-02-01,10.00,Ann,DE01,INV-7777,\n")
    assert done.rules == {"none": 1}
    assert match_again(company, "acme", actor="ann") == ()
    send(
        "invoice:late",
        IssueInvoice(
            when=When(effective=date(2024, 1, 5)),
            customer="c1",
            currency="USD",
            number="INV-7777",
            lines=(InvoiceLine(line="1", amount_minor=10_00),),
        ),
    )
    match_again(company, "acme", actor="ann")
    company.run("acme", date(2024, 2, 29))

    assert opened(company) == {}
    assert match_again(company, "acme", actor="ann") == ()


def test_a_payment_that_never_came_cannot_be_resolved(owing: Ledger) -> None:
    with pytest.raises(Rejected, match="not-received"):
        resolve(owing, "acme", "main/e1", "c1", actor="ann")


def test_money_of_nobody_is_an_exception_of_its_own_and_holds_up_no_close(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    owing.run("acme", date(2024, 2, 29))
    with owing.connection() as connection:
        found = exceptions(connection, Question(entity="acme", book="main")).rows
        (row,) = unidentified(connection, Question(entity="acme", book="main")).rows
    owing.close_period("acme", "main", "2024-01")
    owing.close_period("acme", "main", "2024-02")

    assert [one.kind for one in found] == ["unidentified-payment", "unread-bank-row"]
    assert (row.payment, row.amount_minor, row.channel) == ("main/e4", 33_00, "main")
    assert row.payer == found[0].subject


def test_a_debit_that_bounced_fails_its_payment_once_and_its_invoice_is_open_again(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    rows = (
        "e1,2024-02-01,100.00,Ann,DE01,inv 2024 0001,,,D-1\n"
        "e2,2024-02-04,-100.00,Ann,DE01,returned,R,AC04,D-1\n"
        "e3,2024-02-05,-7.00,Ann,DE01,returned,R,AC04,D-9\n"
    )
    before = took(owing, tmp_path, mapping, rows, preview=True)
    done = took(owing, tmp_path, mapping, rows)
    head = owing.head("acme")
    again = took(owing, tmp_path, mapping, rows)
    owing.run("acme", date(2024, 2, 29))

    assert (before.failed, done.failed, again.failed) == (0, 1, 0)
    assert [(row.row, row.code) for row in done.left] == [(3, "undoes-a-payment")]
    assert (again.repeated, again.left) == (3, ())
    assert opened(owing) == {"i1": 100_00, "i2": 250_00, "i3": 70_00}
    assert owing.head("acme") == head + 1
    assert [row.entry for row in left_over(owing, "acme")] == ["main/e3"]


def test_what_is_taken_back_is_no_more_than_came(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, "e1,2024-02-01,10.00,Ann,DE01,,,,D-1\n")
    rows = "".join(f"r{n},2024-02-04,-6.00,Ann,DE01,,R,AC04,D-1\n" for n in range(2))
    done = took(owing, tmp_path, mapping, rows)

    assert (done.failed, [row.code for row in done.left]) == (1, ["undoes-a-payment"])


def test_what_is_charged_back_is_not_free_for_the_oldest_invoice_unless_it_is_won(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    """Of 70.00 owed 70.00 had come: as long as they are here nothing is left of that amount."""
    row = "e1,2024-02-01,70.00,Ann,DE01,for BLUE-2,\n"
    when = When(effective=date(2024, 1, 20))
    came = ReceivePayment(when=when, customer="blue-2", currency="USD", amount_minor=70_00)
    send("payment:p1", came)
    assert took(owing, tmp_path, mapping, row, preview=True).rules == {"reference": 1}
    send("payment:p1", OpenChargeback(when=when, chargeback="cb1", amount_minor=70_00))
    assert took(owing, tmp_path, mapping, row, preview=True).rules == {"amount": 1}
    send("payment:p1", WinChargeback(when=when, chargeback="cb1"))

    assert took(owing, tmp_path, mapping, row, preview=True).rules == {"reference": 1}


def test_a_debit_does_not_fail_a_second_time_what_was_charged_back(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, "e1,2024-02-01,10.00,Ann,DE01,,,,D-1\n")
    opened = OpenChargeback(
        when=When(effective=date(2024, 2, 2)), chargeback="cb1", amount_minor=10_00
    )
    send("payment:main/e1", opened)
    row = "r1,2024-02-04,-10.00,Ann,DE01,,R,AC04,D-1\n"
    done = took(owing, tmp_path, mapping, row)
    again = took(owing, tmp_path, mapping, row.replace("r1", "r2"), preview=True)

    assert (done.failed, done.settled, done.left) == (0, {"chargeback": 1}, ())
    assert (again.failed, [row.code for row in again.left]) == (0, ["undoes-a-payment"])


# --- what is no payment ---------------------------------------------------------------------------


def refunded(send: Send, payment: str, minor: int) -> None:
    when = When(effective=date(2024, 2, 10))
    send(f"payment:{payment}", RefundPayment(when=when, amount_minor=minor))


def settled(ledger: Ledger) -> dict[str, tuple[str, str, str]]:
    """Of each entry that is matched what it is, of what, and by which rule."""
    with ledger.connection() as connection:
        facts = known(log.read_categories(connection, "acme", ["bank"]))
    return {
        fact.stream: (fact.event.settles.what, fact.event.settles.of, fact.event.rule)
        for fact in facts
        if isinstance(fact.event, BankEntryMatched)
    }


def test_what_went_out_is_the_refund_that_it_names_or_the_only_one_of_its_amount(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    for payment, minor in (("main/e1", 20_00), ("main/e2", 20_00), ("main/e3", 7_00)):
        refunded(send, payment, minor)
    rows = (
        "o1,2024-02-11,-20.00,Ann,DE01,refund of INV-2024-0001,\n"
        "o2,2024-02-11,-7.00,Ann,DE01,money back,\n"
        "o3,2024-02-12,-7.00,Ann,DE01,money back,\n"
        "o4,2024-02-12,-3.00,Shop,DE09,paper,\n"
    )
    before = took(owing, tmp_path, mapping, rows, preview=True)
    done = took(owing, tmp_path, mapping, rows)
    head = owing.head("acme")
    again = took(owing, tmp_path, mapping, rows)

    assert before.settled == done.settled == {"refund": 2}
    assert [(row.row, row.code) for row in done.left] == [(3, "went-out"), (4, "went-out")]
    assert settled(owing) == {
        "bank:main/o1": ("refund", "payment:main/e1", "reference"),
        "bank:main/o2": ("refund", "payment:main/e3", "amount"),
    }
    assert (again.repeated, owing.head("acme")) == (4, head)
    assert [row.entry for row in left_over(owing, "acme")] == [
        "main/e5",
        "bank/" + unread_row(owing),
        *("main/o3", "main/o4"),
    ]


def unread_row(ledger: Ledger) -> str:
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["bank"])
    (name,) = (fact.stream for fact in facts if isinstance(fact.event, BankRowUnread))
    return name.partition("/")[2]


def test_a_chargeback_is_found_when_it_is_taken_and_when_it_comes_back(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    when = When(effective=date(2024, 2, 10))
    send("payment:main/e1", OpenChargeback(when=when, chargeback="case-77", amount_minor=100_00))
    out = took(owing, tmp_path, mapping, "o1,2024-02-11,-100.00,Gateway,DE09,CASE 77,\n")
    send("payment:main/e1", WinChargeback(when=when, chargeback="case-77"))
    back = took(owing, tmp_path, mapping, "o2,2024-02-20,100.00,Gateway,DE09,case-77 won,\n")

    assert (out.settled, out.left) == ({"chargeback": 1}, ())
    assert (back.settled, back.taken) == ({"chargeback-won": 1}, 0)
    assert {name: rule for name, (*_, rule) in settled(owing).items()} == {
        "bank:main/o1": "reference",
        "bank:main/o2": "reference",
    }


def test_what_comes_in_without_a_name_is_a_payment_whatever_was_won(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    when = When(effective=date(2024, 2, 10))
    send("payment:main/e1", OpenChargeback(when=when, chargeback="case-77", amount_minor=100_00))
    send("payment:main/e1", WinChargeback(when=when, chargeback="case-77"))
    done = took(owing, tmp_path, mapping, "o2,2024-02-20,100.00,Ann,DE01,,\n")

    assert (done.settled, done.taken) == ({}, 1)


def test_a_person_says_what_an_entry_is_takes_it_back_and_sets_it_aside(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    refund = Settles(what="refund", of="payment:main/e1")
    with pytest.raises(Rejected, match="nothing-given-back"):
        settle(owing, "acme", "main/e5", refund, actor="ann")
    refunded(send, "main/e1", 20_00)
    settle(owing, "acme", "main/e5", refund, actor="ann")
    assert settled(owing) == {"bank:main/e5": ("refund", "payment:main/e1", "stated")}
    with pytest.raises(Rejected, match="bank-entry-settled"):
        set_aside(owing, "acme", "main/e5", "fees", actor="ann")
    let_wait(owing, "acme", "main/e5", actor="ann")
    assert settled(owing) == {}
    set_aside(owing, "acme", "main/e5", "fees of the bank", actor="ann")

    assert [row.entry for row in left_over(owing, "acme")] == ["bank/" + unread_row(owing)]
    with pytest.raises(Rejected, match="unknown-bank-entry"):
        settle(owing, "acme", "main/e9", refund, actor="ann")


def test_what_is_stated_after_the_banks_entry_is_found_when_all_is_judged_again(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    rows = (
        "o1,2024-02-11,-20.00,Ann,DE01,refund of INV-2024-0001,\n"
        "o2,2024-02-11,-10.00,Ann,DE01,returned,R,AC04,D-1\n"
    )
    took(owing, tmp_path, mapping, rows)
    assert match_left(owing, "acme", actor="ann") == ()
    late = "e1,2024-02-01,100.00,Ann,DE01,inv 2024 0001,,,D-0\n"
    took(owing, tmp_path, mapping, late + "e2,2024-02-01,10.00,Ann,DE01,,,,D-1\n")
    refunded(send, "main/e1", 20_00)
    match_left(owing, "acme", actor="ann")

    assert settled(owing) == {
        "bank:main/o1": ("refund", "payment:main/e1", "reference"),
        "bank:main/o2": ("failure", "payment:main/e2", "reference"),
    }
    assert left_over(owing, "acme") == ()
    assert match_left(owing, "acme", actor="ann") == ()
    with owing.connection() as connection:
        payment = fold(CASH, log.read_stream(connection, "acme", "payment:main/e2"))
    assert payment.kept_minor == 0


def test_a_row_that_cannot_be_read_is_kept_once_as_it_came_and_waits_for_a_person(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    head = owing.head("acme")
    took(owing, tmp_path, mapping, "e9,2024-02-09,-1.00,Bank,,fees,\n" + ROWS)
    (row,) = [one for one in left_over(owing, "acme") if one.entry.startswith("bank/")]
    with owing.connection() as connection:
        (found,) = [
            one
            for one in exceptions(connection, Question(entity="acme", book="main")).rows
            if one.kind == "unread-bank-row"
        ]
        views = left_entries(connection, Question(entity="acme")).rows
        facts = connection.execute("SELECT string_agg(payload, '') FROM fact").fetchone()

    assert owing.head("acme") == head + 1
    assert row.wrote == {"row": "e6,2024-02-06,nothing,Bank,,fees,,,"}
    assert (row.because, found.detail) == ("cannot be read: not-a-decimal", "not-a-decimal")
    assert [(one.code, one.field) for one in views][:2] == [
        ("went-out", ""),
        ("not-a-decimal", "amount"),
    ]
    assert facts is not None
    assert "fees" not in facts[0]
    set_aside(owing, "acme", row.entry, "a subtotal", actor="ann")
    assert row.entry not in [one.entry for one in left_over(owing, "acme")]


def test_two_rows_alike_that_cannot_be_read_are_two(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, "x,2024-02-06,?,B,,,\nx,2024-02-06,?,B,,,\n")

    assert len(left_over(owing, "acme")) == 2


def test_money_given_back_twice_is_an_exception_until_it_is_won(
    owing: Ledger, send: Send, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, ROWS)
    refunded(send, "main/e1", 100_00)
    when = When(effective=date(2024, 2, 12))
    send("payment:main/e1", OpenChargeback(when=when, chargeback="case-77", amount_minor=100_00))
    owing.run("acme", date(2024, 2, 29))

    def twice() -> list[tuple[str, str]]:
        owing.catch_up("acme")
        with owing.connection() as connection:
            rows = exceptions(connection, Question(entity="acme", book="main")).rows
        return [(row.subject, row.detail) for row in rows if row.kind == "given-back-twice"]

    assert twice() == [("payment:main/e1", "200.00 USD of 100.00")]
    send("payment:main/e1", WinChargeback(when=when, chargeback="case-77"))
    assert twice() == []


def test_a_return_of_nothing_known_is_an_exception(
    owing: Ledger, tmp_path: Path, mapping: BankMapping
) -> None:
    took(owing, tmp_path, mapping, "o2,2024-02-11,-10.00,Ann,DE01,returned,R,AC04,D-1\n")
    owing.catch_up("acme")
    with owing.connection() as connection:
        found = exceptions(connection, Question(entity="acme", book="main")).rows

    assert [(row.kind, row.subject) for row in found] == [("unmatched-return", "main/o2")]
