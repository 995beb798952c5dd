"""A company that invoices four customers, each in a language and a currency of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from domain.calendar import months
from domain.cash import (
    ApplyPayment,
    ReceivePayment,
)
from domain.entity import DefineCalendar, IdentifyEntity, OpenEntity
from domain.facts import When
from domain.invoice import DraftInvoice, IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.party import RegisterCustomer
from domain.payment_facts import (
    Application,
)
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.tax.taxed import TaxedAt, TaxPart
from replay.documents.render import Asked, Rendered, Wanted, render, render_statement
from replay.documents.templates import templates
from replay.ledger import Ledger
from store import party
from store.request import Request

NOW = datetime(2026, 2, 10, 15, 30, tzinfo=UTC)
FEBRUARY = {"service_from": date(2026, 2, 1), "service_to": date(2026, 3, 1)}
JANUARY = {"service_from": date(2026, 1, 1), "service_to": date(2026, 2, 1)}

PEOPLE: dict[str, dict[str, str]] = {
    "seller": {
        "name": "Nordlicht Software GmbH",
        "address": "Torstraße 1\n10119 Berlin\nGermany",
        "tax_id": "DE 123 456 789",
        "registration": "Amtsgericht Charlottenburg, HRB 00000",
        "email": "billing@nordlicht.example",
        "bank": "IBAN DE00 0000 0000 0000 0000 00\nBIC NORDDEXXXXX",
    },
    "p-1": {
        "name": "Quince & Daughters, Inc.",
        "attention": "Accounts Payable",
        "address": "12 Harbor Street\nBrooklyn, NY 11201\nUSA",
    },
    "p-2": {
        "name": "Müller & Söhne AG",
        "attention": "Kreditorenbuchhaltung",
        "address": "Bahnhofstrasse 7\n8001 Zürich\nSchweiz",
        "tax_id": "CHE-000.000.000 MWST",
    },
    "p-3": {
        "name": "Société des Études du Golfe",
        "address": "Tour Al-Hamra, étage 12\nKoweït",
    },
    "p-4": {
        "name": "桜ソフトウェア株式会社",
        "attention": "経理部 御中",
        "address": "〒100-0001\n東京都千代田区千代田1-1",
        "tax_id": "T0000000000000",
    },
}
CUSTOMERS = (
    ("c1", "USD", "en", "America/New_York"),
    ("c2", "EUR", "de-CH", "Europe/Zurich"),
    ("c3", "KWD", "fr", "Asia/Kuwait"),
    ("c4", "JPY", "ja", "Asia/Tokyo"),
)
SEATS = {"c1": "49.50", "c2": "45", "c3": "13.250", "c4": "6800"}
CALL = "0.0000004"


def on(month: int, day: int) -> When:
    return When(effective=date(2026, month, day))


def line(name: str, minor: int, **more: Any) -> InvoiceLine:
    return InvoiceLine(line=name, amount_minor=minor, **more)


def tax(name: str, minor: int, place: str, what: str, percent: str, parts: dict[str, int],
        category: Any = "taxed") -> InvoiceLine:  # fmt: skip
    taxed = TaxedAt(
        jurisdiction=place,
        name=what,
        percent=Decimal(percent),
        category=category,
        parts=tuple(TaxPart(line=one, taxable_minor=Decimal(at)) for one, at in parts.items()),
    )
    return line(name, minor, kind="tax", tax=taxed)


def _seats(customer: str, item: str) -> dict[str, Any]:
    return {"obligation": item, "price": f"seat-{customer}@2026-01-01", **FEBRUARY}


def commands(vault: dict[str, party.Party]) -> Iterator[tuple[str, Any]]:
    """What happens, from the opening on."""
    yield "entity:self", OpenEntity(when=on(1, 1), name="Nordlicht", functional_currency="EUR")
    yield "entity:self", DefineCalendar(when=on(1, 1), periods=months(date(2026, 1, 1), 12))
    seller = vault["seller"]
    yield (
        "entity:self",
        IdentifyEntity(when=on(1, 1), party="seller", party_digest=seller.digest),
    )
    for number, (name, currency, locale, zone) in enumerate(CUSTOMERS, 1):
        who = vault[f"p-{number}"]
        register = RegisterCustomer(
            when=on(1, 1),
            currency=currency,
            party=who.id,
            party_digest=who.digest,
            locale=locale,
            zone=zone,
        )
        yield f"customer:{name}", register
        for price, amount in (("seat", SEATS[name]), ("call", CALL)):
            model = PerUnit(unit_amount=Decimal(amount))
            yield f"price:{price}-{name}", SetPrice(when=on(1, 1), currency=currency, model=model)
    yield from _american()
    yield from _swiss()
    yield from _kuwaiti()
    yield from _japanese()


def _american() -> Iterator[tuple[str, Any]]:
    """Usage by region at a price finer than any coin, a coupon beside its line, half of it paid."""
    beside = {"obligation": "Seats", **FEBRUARY}
    net = {"1": 53460, "3": 4012, "4": 160, "5": 1768}
    calls = {"kind": "usage", "obligation": "API calls", "price": "call-c1@2026-01-01", **JANUARY}
    lines = (
        line("1", 59400, quantity=Decimal(12), **_seats("c1", "Seats")),
        line("2", -5940, kind="coupon", coupon="SPRING10", of_line="1", **beside),
        line("3", 4012, quantity=Decimal(100300000), group={"region": "eu-west"}, **calls),
        line("4", 160, quantity=Decimal("3999999.5"), group={"region": "us-east"}, **calls),
        line("5", 1768, obligation="Seats", description="Seats added on 20 January",
             price="seat-c1@2026-01-01", quantity=Decimal(3), service_from=date(2026, 1, 20),
             service_to=date(2026, 2, 1)),
        tax("6", 2376, "US-NY", "Sales tax", "4", net),
        tax("7", 2673, "US-NY-NYC", "Sales tax", "4.5", net),
        tax("8", 223, "US-NY-MCTD", "Surcharge", "0.375", net),
    )  # fmt: skip
    issue = IssueInvoice(
        when=on(2, 1), customer="c1", currency="USD", number="NL-2026-0001", lines=lines
    )
    yield "invoice:us-1", issue
    yield (
        "payment:w-1",
        ReceivePayment(when=on(2, 9), customer="c1", currency="USD", amount_minor=30000),
    )
    applied = (Application(invoice="us-1", amount_minor=30000),)
    yield "payment:w-1", ApplyPayment(when=on(2, 9), applications=applied)
    draft = (line("1", 59400, obligation="Seats", quantity=Decimal(12), **FEBRUARY),)
    yield "invoice:us-2", DraftInvoice(when=on(3, 1), customer="c1", currency="USD", lines=draft)


def _swiss() -> Iterator[tuple[str, Any]]:
    """A discount, tax, and a credit note on both."""
    of_seats = {"obligation": "Lizenzen", **FEBRUARY}
    lines = (
        line("1", 112500, quantity=Decimal(25), **_seats("c2", "Lizenzen")),
        line("2", -11250, kind="discount", discount="Treue 10 %", **of_seats),
        line("3", 250000, kind="one-off", description="Einführung und Schulung"),
        tax("4", 66738, "DE", "MwSt.", "19", {"1": 101250, "3": 250000}),
    )  # fmt: skip
    yield (
        "invoice:ch-1",
        IssueInvoice(
            when=on(2, 1), customer="c2", currency="EUR", number="NL-2026-0002", lines=lines
        ),
    )
    taken = (CreditLine(line="3", amount_minor=50000), CreditLine(line="4", amount_minor=9500))
    yield "invoice:ch-1", IssueCredit(when=on(2, 5), number="NL-C-2026-0001", lines=taken)


def _kuwaiti() -> Iterator[tuple[str, Any]]:
    """Three decimals; one invoice void, and another in its place, paid."""
    seats = line("1", 66250, quantity=Decimal(5), **_seats("c3", "Licences"))
    owed = tax("2", 0, "KW", "TVA", "0", {"1": 66250}, category="reverse-charge")
    wrong = (seats, line("2", 1005, kind="one-off", description="Frais de mise en service"))
    yield (
        "invoice:kw-1",
        IssueInvoice(
            when=on(2, 1), customer="c3", currency="KWD", number="NL-2026-0003", lines=wrong
        ),
    )
    yield "invoice:kw-1", VoidInvoice(when=on(2, 2))
    yield (
        "invoice:kw-2",
        IssueInvoice(
            when=on(2, 2),
            customer="c3",
            currency="KWD",
            number="NL-2026-0004",
            lines=(seats, owed),
            replaces="kw-1",
        ),
    )
    yield (
        "payment:w-3",
        ReceivePayment(when=on(2, 8), customer="c3", currency="KWD", amount_minor=66250),
    )


def _japanese() -> Iterator[tuple[str, Any]]:
    """No decimals; prepaid credits drawn beside the usage; credit of the customer used."""
    calls = {"obligation": "API呼び出し", **JANUARY}
    lines = (
        line("1", 68000, quantity=Decimal(10), **_seats("c4", "ライセンス")),
        line("2", 41234, kind="usage", quantity=Decimal(103085), **calls),
        line("3", -41234, kind="drawdown", drawn_from="前払いパック", **calls),
        tax("4", 6800, "JP", "消費税", "10", {"1": 68000}),
        line("5", -800, kind="credit"),
    )  # fmt: skip
    yield (
        "invoice:jp-1",
        IssueInvoice(
            when=on(2, 1), customer="c4", currency="JPY", number="NL-2026-0005", lines=lines
        ),
    )


def open_shop(ledger: Ledger) -> dict[str, party.Party]:
    """Everything above in the ledger's entity `nordlicht`; the party vault's answers by id."""
    vault = {name: ledger.keep_party("nordlicht", name, said) for name, said in PEOPLE.items()}
    requests = [
        Request(entity="nordlicht", stream=stream, key=f"k{place}", command=command)
        for place, (stream, command) in enumerate(commands(vault))
    ]
    for outcome in ledger.submit_many("nordlicht", requests):
        assert not isinstance(outcome, Exception), outcome
    return vault


def statement_of(ledger: Ledger, customer: str, currency: str, **asked: Any) -> Rendered:
    wanted = Asked(customer=customer, currency=currency, **asked)
    with ledger.connection() as connection:
        found = render_statement(connection, "nordlicht", wanted, templates())
    assert found is not None, customer
    return found


def rendered(ledger: Ledger, invoice: str, **wanted: Any) -> Rendered:
    with ledger.connection() as connection:
        ((_, found),) = render(connection, "nordlicht", [invoice], Wanted(**wanted), templates())
    assert found is not None, invoice
    return found
