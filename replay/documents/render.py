"""Documents as files: the same facts, names, templates and words always give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from urllib.parse import quote

from msgspec import Struct

from domain.routing import account
from replay.documents.html import html
from replay.documents.page import Page, Setting, Who, page, statement_page
from replay.documents.paper import paper
from replay.documents.pdf import pdf
from replay.documents.reading import Read, Shelf, read, read_account
from replay.documents.statement import statement
from replay.documents.templates import SUFFIXES, Medium, Templates
from store import log, party
from store.db import Connection

TOGETHER = 500


class Wanted(Struct, frozen=True, kw_only=True):
    """Which document of an invoice, in which form: the credit note of a number, else the invoice,
    or the draft before it is issued. `locale` none: the customer's; `known_at` none: by now.
    """

    medium: Medium = "text/html"
    credit: str | None = None
    locale: str | None = None
    known_at: int | None = None


class Rendered(Struct, frozen=True, kw_only=True):
    """A document as it can be sent, and all that is needed to make the same bytes again.

    `name` is the invoice, or whose statement it is. `known_at` is the last position that it rests
    on: no later fact by then has anything to do with it. `is_erased`: seller or customer was on it,
    and is not any more.
    """

    kind: str
    name: str
    number: str | None
    body: bytes
    medium: Medium
    template: str
    locale: str
    known_at: int
    is_erased: bool

    @property
    def sha256(self) -> str:
        return sha256(self.body).hexdigest()

    @property
    def file_name(self) -> str:
        """Its number, written so that no two numbers and no folder are mixed up."""
        return f"{quote(self.number or self.name, safe='')}.{SUFFIXES[self.medium]}"


class Asked(Struct, frozen=True, kw_only=True):
    """A statement of an account, from a day on (none: from the first) up to a day (none: all)."""

    customer: str
    currency: str
    since: date | None = None
    through: date | None = None
    medium: Medium = "text/html"
    locale: str | None = None
    known_at: int | None = None


class Desk(Struct, frozen=True, kw_only=True):
    """What some invoices are rendered with: their facts, who is on them, and the templates."""

    facts: Read
    people: dict[tuple[str, str | None], Who]
    templates: Templates

    def rendered(self, invoice: str, wanted: Wanted, known_at: int) -> Rendered | None:
        """None where there is no such document by then."""
        return self.on(self.facts.at(known_at), invoice, wanted)

    def on(self, shelf: Shelf, invoice: str, wanted: Wanted) -> Rendered | None:
        own = paper(shelf.invoices[invoice], shelf.known, wanted.credit)
        if own is None:
            return None
        setting = shelf.setting(own, self.people, wanted.locale)
        shown = page(own, setting, self.templates.words(setting.locale))
        return self._as_file(
            shown, setting, wanted.medium, invoice, own.number, shelf.rests_on(own)
        )

    def statement(self, shelf: Shelf, asked: Asked) -> Rendered:
        who = (asked.customer, asked.currency)
        facts = shelf.accounts[account(*who)]
        own = statement(facts, who, shelf.elections, asked.since, asked.through)
        setting = shelf.setting(own, self.people, asked.locale)
        shown = statement_page(own, setting, self.templates.words(setting.locale))
        rests_on = shelf.rests_on(own)
        return self._as_file(shown, setting, asked.medium, asked.customer, None, rests_on)

    def _as_file(
        self,
        shown: Page,
        setting: Setting,
        medium: Medium,
        name: str,
        number: str | None,
        known_at: int,
    ) -> Rendered:
        text, is_pdf = self.templates.texts[medium], medium == "application/pdf"
        return Rendered(
            kind=shown.kind,
            name=name,
            number=number,
            body=pdf(shown, text, self.templates.fonts) if is_pdf else html(shown, text),
            medium=medium,
            template=self.templates.version(medium, setting.locale),
            locale=setting.locale,
            known_at=known_at,
            is_erased=setting.seller.is_erased or setting.buyer.is_erased,
        )


def render_statement(
    connection: Connection, entity: str, asked: Asked, templates: Templates
) -> Rendered | None:
    """None where nothing is known of such an account."""
    known_at = asked.known_at
    if known_at is None:
        known_at = _head(connection, entity)
    facts = read_account(connection, entity, asked.customer, asked.currency, known_at)
    shelf = facts.at(known_at)
    if not shelf.accounts[account(asked.customer, asked.currency)]:
        return None
    desk = Desk(facts=facts, people=_people(connection, entity, facts), templates=templates)
    return desk.statement(shelf, asked)


def render(
    connection: Connection,
    entity: str,
    invoices: Sequence[str],
    wanted: Wanted,
    templates: Templates,
) -> Iterator[tuple[str, Rendered | None]]:
    """Each invoice's document, none where there is no such one; read set by set."""
    known_at = wanted.known_at
    if known_at is None:
        known_at = _head(connection, entity)
    for start in range(0, len(invoices), TOGETHER):
        names = invoices[start : start + TOGETHER]
        desk = desk_of(connection, entity, names, known_at, templates)
        shelf = desk.facts.at(known_at)
        yield from ((name, desk.on(shelf, name, wanted)) for name in names)


def desk_of(
    connection: Connection, entity: str, invoices: Sequence[str], upto: int, templates: Templates
) -> Desk:
    """Everything read that some invoices take, as known at any position up to one."""
    facts = read(connection, entity, invoices, upto)
    people = _people(connection, entity, facts)
    return Desk(facts=facts, people=people, templates=templates)


def _people(connection: Connection, entity: str, facts: Read) -> dict[tuple[str, str | None], Who]:
    found = party.look_up(connection, entity, facts.people)
    return {key: Who(content=row.content, is_erased=row.is_erased) for key, row in found.items()}


def _head(connection: Connection, entity: str) -> int:
    head = log.head(connection, entity)
    return head.position if head else 0
