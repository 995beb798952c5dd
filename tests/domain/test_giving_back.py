"""Which refund, failure or chargeback an entry of a bank is, and what may be said of it."""

from __future__ import annotations

import pytest
from msgspec import structs

from domain.chargeback_facts import ChargebackOpened, ChargebackWon
from domain.giving_back import Entered, GivenBack, Stated
from domain.left_entry import (
    BankEntryLeft,
    BankEntryMatched,
    BankEntrySetAside,
    BankRowUnread,
    KeepUnreadRow,
    LeaveBankEntry,
    MatchBankEntry,
    SetBankEntryAside,
    Settles,
    What,
)
from domain.payment_facts import PaymentReceived, PaymentRefunded
from tests.domain.given import code, decide, on, state


def back(of: str, what: What = "refund", minor: int = 20, *names: str, **more: str) -> GivenBack:
    settles = Settles(what=what, of=f"payment:{of}", **more)
    return GivenBack(
        settles=settles, currency="USD", amount_minor=minor, names=frozenset((of, *names))
    )


def entry(minor: int, *names: str, undoes: bool = False) -> Entered:
    return Entered(currency="USD", amount_minor=minor, references=names, undoes=undoes)


def test_what_is_named_goes_before_the_only_one_of_its_amount() -> None:
    stated = Stated([back("P001"), back("P002")], [])

    assert stated.match(entry(-20)).settles is None
    named = stated.match(entry(-20, "P002"))
    assert (named.rule, named.settles) == ("reference", back("P002").settles)
    alone = stated.match(entry(-20))
    assert (alone.rule, alone.settles) == ("amount", back("P001").settles)
    assert stated.match(entry(-20, "P002")).because == "comes to nothing that was given back"


def test_two_refunds_alike_of_one_payment_are_found_by_two_entries() -> None:
    stated = Stated([back("P001"), back("P001")], [(back("P001").settles, -20)])

    assert stated.match(entry(-20, "P001")).settles is not None
    assert stated.match(entry(-20, "P001")).settles is None


def test_names_of_two_are_for_a_person() -> None:
    found = Stated([back("P001"), back("P002")], []).match(entry(-20, "P001", "P002"))

    assert (found.rule, found.settles) == ("none", None)
    assert found.because.startswith("names more than one")


def test_what_undoes_an_earlier_entry_is_no_refund_and_what_comes_in_is_only_what_it_names() -> (
    None
):
    failed, won = back("P001", "failure"), back("P002", "chargeback-won", 20, "C1", chargeback="C1")

    assert Stated([back("P001")], []).match(entry(-20, undoes=True)).settles is None
    assert Stated([failed], []).match(entry(-20, undoes=True)).settles == failed.settles
    assert Stated([won], []).match(entry(20)).settles is None
    assert Stated([won], []).match(entry(20, "C1")).settles == won.settles
    assert Stated([won], []).match(entry(-20, "C1")).settles is None


LEFT = LeaveBankEntry(when=on(2, 1), account="main", currency="USD", amount_minor=-20)
KEPT = BankEntryLeft(when=on(2, 1), account="main", currency="USD", amount_minor=-20)
ROW = KeepUnreadRow(when=on(2, 1), source="bank", row=3, code="bad-date")
UNREAD = BankRowUnread(when=on(2, 1), source="bank", row=3, code="bad-date")
ASIDE = SetBankEntryAside(when=on(2, 2), reason="fees")
SET_ASIDE = BankEntrySetAside(when=on(2, 2), reason="fees")
REFUND = MatchBankEntry(
    when=on(2, 1),
    settles=Settles(what="refund", of="payment:p"),
    rule="stated",
    because="ann says so",
)
MATCHED = BankEntryMatched(
    when=REFUND.when, settles=REFUND.settles, rule="stated", because="ann says so"
)
CAME = PaymentReceived(when=on(1, 1), customer="c", currency="USD", amount_minor=100)
GIVEN_BACK = PaymentRefunded(when=on(1, 9), amount_minor=20)


def test_an_entry_and_a_row_are_kept_once() -> None:
    assert decide("bank:e", LEFT) == (KEPT,)
    assert decide("bank:r", ROW) == (UNREAD,)
    assert code("bank:e", LEFT, KEPT) == "bank-entry-known"
    assert code("bank:r", ROW, UNREAD) == "bank-entry-known"


def test_what_an_entry_is_taken_for_is_stated_with_it_or_waits() -> None:
    command = structs.replace(LEFT, settles=REFUND.settles, rule="amount", because="only one")
    matched = structs.replace(MATCHED, rule="amount", because="only one")

    for outside in (True, False):
        known = {"others": {"payment:p": [CAME, GIVEN_BACK]}, "outside": outside}
        assert decide("bank:e", command, **known) == (KEPT, matched)
        assert decide("bank:e", command, outside=outside) == (KEPT,)


def test_an_entry_settles_what_was_given_back_and_one_thing_only() -> None:
    assert decide("bank:e", REFUND, KEPT, others={"payment:p": [CAME, GIVEN_BACK]}) == (MATCHED,)
    assert code("bank:e", REFUND, KEPT, others={"payment:p": [CAME]}) == "nothing-given-back"
    assert code("bank:e", REFUND, KEPT, MATCHED) == "bank-entry-settled"
    assert code("bank:e", REFUND, KEPT, SET_ASIDE) == "bank-entry-settled"
    assert code("bank:r", REFUND, UNREAD) == "unknown-bank-entry"
    assert code("bank:e", REFUND) == "unknown-bank-entry"


@pytest.mark.parametrize(("minor", "what"), [(-20, "chargeback"), (20, "chargeback-won")])
def test_a_chargeback_goes_by_its_id_and_its_way(minor: int, what: What) -> None:
    kept = BankEntryLeft(when=on(2, 1), account="main", currency="USD", amount_minor=minor)
    settles = Settles(what=what, of="payment:p", chargeback="d")
    command = MatchBankEntry(when=on(2, 1), settles=settles, rule="stated", because="x")
    opened = ChargebackOpened(when=on(1, 9), chargeback="d", amount_minor=20)
    won = ChargebackWon(when=on(1, 19), chargeback="d")
    matched = BankEntryMatched(when=on(2, 1), settles=settles, rule="stated", because="x")
    other = BankEntryLeft(when=on(2, 1), account="main", currency="USD", amount_minor=-minor)

    assert decide("bank:e", command, kept, others={"payment:p": [CAME, opened, won]}) == (matched,)
    assert code("bank:e", command, kept, others={"payment:p": [CAME]}) == "nothing-given-back"
    assert (
        code("bank:e", command, other, others={"payment:p": [CAME, opened, won]})
        == "nothing-given-back"
    )


def test_a_person_sets_aside_what_waits() -> None:
    assert decide("bank:e", ASIDE, KEPT) == (SET_ASIDE,)
    assert decide("bank:r", ASIDE, UNREAD) == (SET_ASIDE,)
    assert code("bank:e", ASIDE) == "unknown-bank-entry"
    assert code("bank:e", ASIDE, KEPT, MATCHED) == "bank-entry-settled"
    assert state("bank:e", KEPT).waits
    assert not state("bank:e", KEPT, SET_ASIDE).waits
    assert not state("bank:e", KEPT, MATCHED).waits
