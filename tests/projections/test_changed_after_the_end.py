"""What a source says is promised by a contract that had ended is listed, until one gives way."""

from __future__ import annotations

from datetime import date

from domain.contract_commands import ModifyContract, OpenContract, TerminateContract
from domain.contract_facts import Obligation, Restated
from domain.facts import Source, When
from projections.exceptions import Finding, exceptions
from projections.question import Question

MARCH = date(2024, 3, 31)
SINCE = When(effective=date(2024, 1, 1), order=1)
WORK = Obligation(obligation="work", ssp_minor=1_00, pattern="point-in-time")
MORE = Obligation(obligation="more", ssp_minor=1_00, pattern="point-in-time")
OPEN = OpenContract(
    when=SINCE, customer="c1", currency="USD", price_minor=3_00, obligations=(WORK,)
)
END = TerminateContract(when=When(effective=date(2024, 2, 1), order=1))


def changed(day: int, order: int, **said) -> ModifyContract:
    when = When(effective=date(2024, 2, day), order=order)
    return ModifyContract(when=when, price_change_minor=50, **said)


ADDED = changed(1, 2, added=(MORE,))


def told(books, command, name, contract="contract:k1"):
    return books.tell(contract, command, source=Source(system="crm", kind="deal", id=name))


def listed(books):
    books.run(MARCH)
    books.catch_up()
    found = exceptions(books.connection, Question(entity="acme")).rows
    return [row for row in found if row.kind == "changed-after-the-end"]


def finding(since, names="more", day=1, count=1):
    return Finding(
        kind="changed-after-the-end",
        subject="contract:k1",
        detail=f"{names} by a change of 2024-02-{day:02}, and it ended 2024-02-01",
        since=since,
        count=count,
    )


def test_what_is_promised_after_the_end_is_listed_until_one_of_both_gives_way(books):
    told(books, OPEN, "opened")
    ended = told(books, END, "ended")
    at = told(books, ADDED, "added")
    assert listed(books) == [finding(at)]

    books.retract("contract:k1", ended)
    assert listed(books) == []


def test_it_is_listed_since_both_are_known(books):
    told(books, OPEN, "opened")
    restated = Restated(obligation="work", ssp_minor=2_00)
    at = told(books, changed(3, 1, added=(MORE,), restated=(restated,)), "changed")
    assert listed(books) == []

    ended = told(books, END, "ended")
    assert listed(books) == [finding(ended, "more, work", day=3, count=2)]

    books.retract("contract:k1", at)
    assert listed(books) == []


def test_a_price_alone_and_what_was_promised_before_the_end_are_not_listed(books):
    told(books, OPEN, "opened")
    told(books, END, "ended")
    told(books, changed(5, 1), "price")
    told(books, changed(1, 0, added=(MORE,)), "before")

    assert listed(books) == []
