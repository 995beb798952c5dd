"""The demo's documents: in each language an invoice, its credit note, a statement, as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from api.cli.demo.block import Block
from domain.facts import timeline
from domain.invoice_facts import CreditIssued, InvoiceIssued
from domain.party import CustomerRegistered
from replay.demo.months import Played
from replay.documents.render import Asked, Rendered, Wanted, render, render_statement
from replay.documents.templates import SUFFIXES, Templates
from store import log
from store.db import Connection


class Chosen(Struct, frozen=True, kw_only=True):
    """An invoice worth a look: `kinds` are those of its lines, `credit` the number of its credit
    note, if it has one.
    """

    entity: str
    customer: str
    currency: str
    locale: str
    invoice: str
    number: str
    credit: str | None
    kinds: frozenset[str]

    @property
    def worth(self) -> tuple[int, int, bool, str]:
        """What comes after the price first, then how much there is to see."""
        after = self.kinds & {"coupon", "tax"}
        return len(after), len(self.kinds), self.credit is not None, self.invoice


def chosen(connection: Connection, played: Played) -> tuple[Chosen, ...]:
    """Of each company and language the invoice with the most kinds of lines on it."""
    found: dict[tuple[str, str], Chosen] = {}
    for entity in played.entities:
        for one in _invoices(connection, entity):
            key = entity, one.locale.partition("-")[0]
            found[key] = max(found.get(key, one), one, key=lambda row: row.worth)
    return tuple(found.values())


def _invoices(connection: Connection, entity: str) -> Iterator[Chosen]:
    facts = timeline(log.read_categories(connection, entity, ["customer", "invoice"]))
    locales = {
        fact.stream.partition(":")[2]: fact.event.locale or ""
        for fact in facts
        if isinstance(fact.event, CustomerRegistered)
    }
    notes = {fact.stream: fact.event for fact in facts if isinstance(fact.event, CreditIssued)}
    for fact in facts:
        event = fact.event
        if isinstance(event, InvoiceIssued) and event.number:
            credit = notes.get(fact.stream)
            yield Chosen(
                entity=entity,
                customer=event.customer,
                currency=event.currency,
                locale=locales[event.customer],
                invoice=fact.stream.partition(":")[2],
                number=event.number,
                credit=credit.number if credit else None,
                kinds=frozenset(line.kind for line in event.lines),
            )


def papers(
    connection: Connection, shown: tuple[Chosen, ...], words: Templates, folder: Path
) -> Block:
    """Each as HTML and as PDF, in a folder of the company."""
    rows = []
    for one in shown:
        own = folder / one.entity
        own.mkdir(parents=True, exist_ok=True)
        for found in _rendered(connection, one, words):
            path = own / found.file_name
            path.write_bytes(found.body)
            rows.append((found.kind, found.locale, str(path), found.sha256[:12]))
    first = shown[0]
    whose = f"{first.customer} -e {first.entity} --currency {first.currency}"
    return Block(
        title="Documents, from facts and the vault, in each customer's language",
        queries=(
            f"tieout invoice render {first.invoice} -e {first.entity} --format pdf --out F",
            f"tieout statement {whose} --out F",
        ),
        columns=("document", "language", "file", "sha256"),
        rows=tuple(rows),
        says="The same facts, names and templates give the same bytes.",
    )


def _rendered(connection: Connection, one: Chosen, words: Templates) -> Iterator[Rendered]:
    for medium in SUFFIXES:
        for credit in dict.fromkeys((None, one.credit)):
            wanted = Wanted(medium=medium, credit=credit)
            ((_, found),) = render(connection, one.entity, [one.invoice], wanted, words)
            assert found is not None, one
            yield found
        asked = Asked(customer=one.customer, currency=one.currency, medium=medium)
        stated = render_statement(connection, one.entity, asked, words)
        assert stated is not None, one
        yield stated
