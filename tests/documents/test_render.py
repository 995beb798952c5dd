"""Documents of a real ledger: whose, in which language, as known when, by how many queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from domain.cash import (
    ReceivePayment,
)
from domain.errors import Rejected
from domain.invoice import IssueInvoice
from domain.party import AmendCustomer
from replay.documents.reading import shelf
from replay.documents.render import Wanted, render
from replay.documents.templates import templates
from replay.ledger import Ledger
from store import party
from store.request import Request
from tests.documents.reading import Read, read_back
from tests.documents.shop import NOW, line, on, open_shop, rendered


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with Ledger.open(database, lambda: NOW) as opened:
        open_shop(opened)
        yield opened


def send(ledger: Ledger, stream: str, command: Any) -> int:
    key = f"{stream}-{ledger.heads()['nordlicht']}"
    request = Request(entity="nordlicht", stream=stream, key=key, command=command)
    return ledger.submit(request).positions[-1]


def read(ledger: Ledger, invoice: str, **wanted: Any) -> Read:
    return read_back(rendered(ledger, invoice, **wanted).body)


def test_what_is_open_is_as_known_at_a_position(ledger: Ledger) -> None:
    before = ledger.heads()["nordlicht"]
    was = rendered(ledger, "ch-1")
    pay = ReceivePayment(when=on(2, 9), customer="c2", currency="EUR", amount_minor=100000)
    send(ledger, "payment:w-2", pay)

    opened = [read(ledger, "ch-1", known_at=at).below("open") for at in (before, None)]
    assert [str(amount) for amount in opened] == ["3584.88", "2584.88"]
    assert rendered(ledger, "ch-1", known_at=before).body == was.body


def test_what_is_open_is_the_same_before_and_after_the_poster_has_passed(ledger: Ledger) -> None:
    before = rendered(ledger, "us-1").body
    ledger.catch_up("nordlicht")

    assert rendered(ledger, "us-1").body == before
    assert str(read(ledger, "us-1").below("settled")) == "-300.00"


def test_an_old_document_is_on_who_it_was_issued_to(ledger: Ledger) -> None:
    was = rendered(ledger, "ch-1").body
    moved = ledger.keep_party("nordlicht", "p-2", {"name": "Müller & Töchter AG"})
    amend = AmendCustomer(
        when=on(6, 1), party="p-2", party_digest=moved.digest, locale="fr-CH", zone="UTC"
    )
    send(ledger, "customer:c2", amend)
    later = IssueInvoice(when=on(7, 1), customer="c2", currency="EUR", lines=(line("1", 100),))
    send(ledger, "invoice:ch-2", later)

    assert rendered(ledger, "ch-1").body == was
    assert {"Müller & Töchter AG", "Facture ch-2"} <= {*read(ledger, "ch-2").texts}


def test_who_is_erased_is_on_no_document_any_more(ledger: Ledger) -> None:
    assert "Quince & Daughters, Inc." in read(ledger, "us-1").texts
    with ledger.connection() as connection:
        party.erase(connection, "nordlicht", "p-1", at=NOW + timedelta(days=1))

    texts = read(ledger, "us-1").texts
    assert "Name and address erased" in texts
    assert "Nordlicht Software GmbH" in texts
    assert not any("Quince" in text or "Harbor" in text for text in texts)


def test_a_customer_nobody_knows_gets_a_document_in_the_entitys_language(ledger: Ledger) -> None:
    issue = IssueInvoice(when=on(2, 1), customer="nobody", currency="EUR", lines=(line("1", 5),))
    send(ledger, "invoice:x", issue)

    assert {"Invoice x", "Name and address not on file"} <= {*read(ledger, "x").texts}


def test_a_document_is_written_in_another_language_when_asked(ledger: Ledger) -> None:
    assert "請求書 NL-2026-0001" in read(ledger, "us-1", locale="ja").texts
    with pytest.raises(Rejected, match="no-translation"):
        rendered(ledger, "us-1", locale="sv")


def test_what_is_not_there_is_no_document(ledger: Ledger) -> None:
    with ledger.connection() as connection:
        for invoice, credit in (("nothing", None), ("us-1", "NL-C-2026-0001"), ("us-2", "x")):
            found = render(connection, "nordlicht", [invoice], Wanted(credit=credit), templates())
            assert [*found] == [(invoice, None)]


def test_a_drawn_document_adds_up_as_its_facts_do(ledger: Ledger) -> None:
    for invoice in ("us-1", "us-2", "ch-1", "kw-1", "kw-2", "jp-1"):
        said = read(ledger, invoice)

        assert sum(said.lines) + said.below("tax", "other") == said.below("total"), invoice


def test_many_documents_are_read_by_as_few_queries_as_one(ledger: Ledger) -> None:
    names = [f"n-{number}" for number in range(40)]
    for number, name in enumerate(names):
        customer, currency = (("c1", "USD"), ("c2", "EUR"))[number % 2]
        command = IssueInvoice(
            when=on(3, 1), customer=customer, currency=currency, lines=(line("1", 700 + number),)
        )
        send(ledger, f"invoice:{name}", command)
    with ledger.connection() as connection:
        assert _queries(connection, names[:1]) == _queries(connection, names)
        found = [*render(connection, "nordlicht", names, Wanted(), templates())]

    totals = [str(read_back(one.body).below("total")) for _, one in found if one]
    assert totals == [f"7.{number:02}" for number in range(40)]


def _queries(connection: psycopg.Connection[Any], names: list[str]) -> int:
    asked = 0
    execute = connection.execute

    def counting(*query: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*query, **more)

    connection.execute = counting  # type: ignore[method-assign]
    found = shelf(connection, "nordlicht", names, 10**9)
    party.look_up(connection, "nordlicht", found.people())
    del connection.execute  # type: ignore[method-assign]
    return asked
