"""Documents as files: the same facts, names, templates and words always give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct

from replay.documents.html import html
from replay.documents.page import Who, page
from replay.documents.paper import paper
from replay.documents.pdf import pdf
from replay.documents.reading import Shelf, shelf
from replay.documents.templates import Medium, Templates
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
    """A document as it can be sent, and all that is needed to make the same bytes again."""

    kind: str
    invoice: str
    number: str | None
    body: bytes
    medium: Medium
    template: str
    locale: str
    known_at: int

    @property
    def sha256(self) -> str:
        return sha256(self.body).hexdigest()


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
        head = log.head(connection, entity)
        known_at = head.position if head else 0
    for start in range(0, len(invoices), TOGETHER):
        names = invoices[start : start + TOGETHER]
        found = shelf(connection, entity, names, known_at)
        kept = party.look_up(connection, entity, found.people())
        people = {
            key: Who(content=row.content, is_erased=row.is_erased) for key, row in kept.items()
        }
        desk = _Desk(found, people, wanted, templates, known_at)
        yield from ((name, desk.rendered(name)) for name in names)


class _Desk(Struct, frozen=True):
    """What the documents of one set are made with."""

    shelf: Shelf
    people: dict[tuple[str, str | None], Who]
    wanted: Wanted
    templates: Templates
    known_at: int

    def rendered(self, invoice: str) -> Rendered | None:
        wanted, templates = self.wanted, self.templates
        own = paper(self.shelf.invoices[invoice], self.shelf.known, wanted.credit)
        if own is None:
            return None
        setting = self.shelf.setting(own, self.people, wanted.locale)
        shown = page(own, setting, templates.words(setting.locale))
        text = templates.texts[wanted.medium]
        is_pdf = wanted.medium == "application/pdf"
        return Rendered(
            kind=own.kind,
            invoice=invoice,
            number=own.number,
            body=pdf(shown, text, templates.fonts) if is_pdf else html(shown, text),
            medium=wanted.medium,
            template=templates.version(wanted.medium, setting.locale),
            locale=setting.locale,
            known_at=self.known_at,
        )
