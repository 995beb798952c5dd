"""Documents of a real ledger: whose, in which language, as known when, by how many queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import structs

from domain.books import OpenBook
from domain.cash import ApplyPayment, FailPayment, ReceivePayment, RefundPayment
from domain.draft import DiscardDraft
from domain.errors import Rejected
from domain.invoice import IssueInvoice, VoidInvoice
from domain.party import AmendCustomer
from domain.payment_facts import Application, Deduction
from domain.sending import SendDocument
from domain.write_off import WriteOffInvoice
from projections import receivables
from projections.question import Question
from replay.documents.render import Asked, Wanted, desk_of, render, render_statement
from replay.documents.sent import sent
from replay.documents.templates import Templates, templates
from replay.ledger import Ledger
from store import party
from store.request import Request
from tests.documents.reading import Read, read_back
from tests.documents.shop import NOW, line, on, open_shop, rendered, statement_of


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


def test_what_was_withheld_is_told_apart_from_what_came_in(ledger: Ledger) -> None:
    pay = ReceivePayment(when=on(2, 9), customer="c2", currency="EUR", amount_minor=300000)
    send(ledger, "payment:w-2", pay)
    withheld = Deduction(kind="withholding", amount_minor=50000)
    row = Application(invoice="ch-1", amount_minor=300000, deductions=(withheld,))
    send(ledger, "payment:w-2", ApplyPayment(when=on(2, 9), applications=(row,)))

    said = read(ledger, "ch-1")
    assert [str(minor) for minor in said.sums["settled"]] == ["-3000.00", "-500.00"]
    assert {"Bezahlt", "Abgezogen"} <= {*said.texts}
    assert str(said.below("open")) == "84.88"


def test_what_we_no_longer_expect_is_owed_on_paper_all_the_same(ledger: Ledger) -> None:
    before = read(ledger, "ch-1")
    send(ledger, "invoice:ch-1", WriteOffInvoice(when=on(3, 1)))

    assert read(ledger, "ch-1").sums == before.sums


def test_a_statement_ends_with_what_is_open_less_what_no_invoice_took(ledger: Ledger) -> None:
    """Two ways to one figure: flows of the account here, documents and journal in the views."""
    send(ledger, "book:main", OpenBook(when=on(1, 1), name="main"))
    for name, minor in (("w-2", 300000), ("w-4", 200000)):
        pay = ReceivePayment(when=on(2, 9), customer="c2", currency="EUR", amount_minor=minor)
        send(ledger, f"payment:{name}", pay)
    send(ledger, "payment:w-2", FailPayment(when=on(2, 11), amount_minor=300000))
    later = IssueInvoice(when=on(2, 20), customer="c2", currency="EUR", lines=(line("1", 70001),))
    send(ledger, "invoice:ch-7", later)
    send(ledger, "payment:w-4", RefundPayment(when=on(2, 21), amount_minor=1000))
    ledger.run("nordlicht", date(2026, 3, 31))
    for day in (date(2026, 2, 9), date(2026, 2, 28), date(2026, 3, 31)):
        asked = Question(entity="nordlicht", book="main", through=day)
        with ledger.connection() as connection:
            items = receivables.open_items(connection, asked, customer="c2").rows
            money = receivables.unapplied(connection, asked).rows
        left = sum(row.open_minor for row in items)
        left -= sum(row.minor for row in money if row.customer == "c2")
        said = read_back(statement_of(ledger, "c2", "EUR", through=day).body)

        assert said.below("open") == Decimal(left).scaleb(-2)
        assert sum(said.lines) == said.below("open")


def test_a_statement_since_a_day_begins_with_the_balance_before_it(ledger: Ledger) -> None:
    whole = read_back(statement_of(ledger, "c2", "EUR").body)
    part = read_back(statement_of(ledger, "c2", "EUR", since=date(2026, 2, 5)).body)

    assert [str(amount) for amount in whole.lines] == ["4179.88", "-595.00"]
    assert [str(amount) for amount in part.lines] == ["4179.88", "-595.00"]
    assert {"Saldovortrag", "Rechnungskorrektur NL-C-2026-0001"} <= {*part.texts}
    assert "Rechnung NL-2026-0002" not in part.texts
    assert part.below("open") == whole.below("open")


def test_an_account_that_nothing_is_known_of_has_no_statement(ledger: Ledger) -> None:
    with ledger.connection() as connection:
        for customer, currency in (("c2", "USD"), ("c9", "EUR")):
            asked = Asked(customer=customer, currency=currency)
            assert render_statement(connection, "nordlicht", asked, templates()) is None


def test_an_invoice_for_several_deals_says_which_line_is_of_which(ledger: Ledger) -> None:
    rows = (line("1", 100, subscription="north"), line("2", 200, contract="south"))
    issue = IssueInvoice(when=on(3, 1), customer="c1", currency="USD", lines=rows)
    send(ledger, "invoice:us-5", issue)

    assert {"Subscription north", "Subscription south"} <= {*read(ledger, "us-5").texts}
    assert not any(text.startswith("Subscription ") for text in read(ledger, "us-1").texts)


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


def test_a_draft_that_is_thrown_away_is_no_document(ledger: Ledger) -> None:
    send(ledger, "invoice:us-2", DiscardDraft(when=on(3, 2)))
    with ledger.connection() as connection:
        assert [*render(connection, "nordlicht", ["us-2"], Wanted(), templates())] == [
            ("us-2", None)
        ]


def test_a_debit_note_says_which_invoice_it_adds_to(ledger: Ledger) -> None:
    issue = IssueInvoice(
        when=on(3, 1),
        customer="c2",
        currency="EUR",
        lines=(line("1", 100),),
        debits="ch-1",
        tax_point=on(2, 28).effective,
    )
    send(ledger, "invoice:ch-3", issue)

    texts = read(ledger, "ch-3").texts
    assert "Nachbelastung ch-3" in texts
    assert "Nachbelastung zur Rechnung NL-2026-0002 vom 01.02.2026." in texts
    assert texts[texts.index("Leistungsdatum") + 1] == "28.02.2026"


def test_a_drawn_document_adds_up_as_its_facts_do(ledger: Ledger) -> None:
    for invoice in ("us-1", "us-2", "ch-1", "kw-1", "kw-2", "jp-1"):
        said = read(ledger, invoice)

        assert sum(said.lines) + said.below("tax", "other") == said.below("total"), invoice


def sending(ledger: Ledger, invoice: str, **wanted: Any) -> SendDocument:
    found = rendered(ledger, invoice, **wanted)
    return SendDocument(
        when=on(2, 11),
        sha256=found.sha256,
        media_type=found.medium,
        channel="email",
        recipient="p-1",
        credit=wanted.get("credit"),
        template=found.template,
        locale=found.locale,
        known_at=found.known_at,
    )


def findings(ledger: Ledger, invoice: str, chosen: Templates | None = None) -> list[str]:
    with ledger.connection() as connection:
        rows = sent(connection, "nordlicht", invoice, chosen or templates())
    assert rows is not None
    return [row.finding for row in rows]


def test_what_was_sent_comes_out_again_byte_for_byte_whatever_came_since(ledger: Ledger) -> None:
    for medium in ("text/html", "application/pdf"):
        send(ledger, "invoice:ch-1", sending(ledger, "ch-1", medium=medium))
    note = sending(ledger, "ch-1", credit="NL-C-2026-0001", locale="fr")
    send(ledger, "invoice:ch-1", note)
    pay = ReceivePayment(when=on(2, 9), customer="c2", currency="EUR", amount_minor=100000)
    send(ledger, "payment:w-2", pay)
    send(ledger, "invoice:ch-1", VoidInvoice(when=on(2, 12)))
    send(ledger, "customer:c2", AmendCustomer(when=on(1, 1), locale="fr", zone="UTC"))
    ledger.catch_up("nordlicht")

    assert findings(ledger, "ch-1") == ["same"] * 3
    with ledger.connection() as connection:
        assert sent(connection, "nordlicht", "nothing", templates()) is None


def test_sending_again_is_the_same_document_at_the_same_position(ledger: Ledger) -> None:
    first = sending(ledger, "us-1")
    send(ledger, "invoice:us-1", first)
    later = IssueInvoice(when=on(2, 2), customer="c2", currency="EUR", lines=(line("1", 100),))
    send(ledger, "invoice:ch-9", later)

    assert sending(ledger, "us-1") == first


def test_a_document_that_comes_out_otherwise_says_why(ledger: Ledger, tmp_path: Path) -> None:
    first = sending(ledger, "us-1")
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"template": None},
        {"media_type": "application/xml"},
        {"sha256": "00" * 32},
        {"sha256": "00" * 32, "template": "older"},
        {"locale": "sv"},
        {"known_at": 1},
    )
    for place, change in enumerate(changes):
        words = {"entity": "nordlicht", "stream": "invoice:us-1", "key": f"sent-{place}"}
        command = structs.replace(first, **change)
        ledger.submit(Request(command=command, **words))  # type: ignore[arg-type]
    cannot, ours = "cannot-be-rendered", "not-rendered-here"

    assert findings(ledger, "us-1") == [
        "same", ours, ours, "other-bytes", "other-template", cannot, cannot
    ]  # fmt: skip
    (tmp_path / "invoice.html").write_text("{{ page.title }}")
    assert findings(ledger, "us-1", templates(tmp_path))[0] == "other-template"
    with ledger.connection() as connection:
        party.erase(connection, "nordlicht", "p-1", at=NOW + timedelta(days=1))
    assert findings(ledger, "us-1")[:1] == ["party-erased"]


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
    desk_of(connection, "nordlicht", names, 10**9, templates())
    del connection.execute  # type: ignore[method-assign]
    return asked
