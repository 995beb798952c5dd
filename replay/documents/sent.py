"""Documents that were sent, each compared with what would be rendered today at its position."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.errors import Malformed, Rejected
from domain.facts import Fact, timeline
from domain.invoice_facts import DocumentSent
from replay.documents.render import Desk, Wanted, desk_of
from replay.documents.templates import TEMPLATES, Medium, Templates
from store import log
from store.db import Connection
from store.failure import StoreError

# same: the same bytes. party-erased: names that were on it are gone. other-template: template,
# words, fonts or libraries are others. not-rendered-here: nothing says what to render.
# cannot-be-rendered: see `why`. other-bytes: none of these explains it, and somebody should.
Finding = Literal[
    "same",
    "party-erased",
    "other-template",
    "not-rendered-here",
    "cannot-be-rendered",
    "other-bytes",
]


class Sent(Struct, frozen=True, kw_only=True):
    """One sending, and whether the document still comes out byte for byte."""

    position: int
    sent_on: date
    document: DocumentSent
    finding: Finding
    why: str = ""


def sent(
    connection: Connection, entity: str, invoice: str, templates: Templates
) -> tuple[Sent, ...] | None:
    """In the order they were sent; none if there is no such invoice. Everything is read once."""
    head = log.head(connection, entity)
    upto = head.position if head else 0
    desk = desk_of(connection, entity, [invoice], upto, templates)
    facts = desk.facts.invoices[invoice]
    return tuple(_sent(desk, invoice, facts)) if facts else None


def _sent(desk: Desk, invoice: str, facts: tuple[Fact, ...]) -> Iterator[Sent]:
    for fact in timeline(facts):
        event = fact.event
        if isinstance(event, DocumentSent):
            finding, why = _found(desk, invoice, event)
            yield Sent(
                position=fact.position,
                sent_on=fact.when.effective,
                document=event,
                finding=finding,
                why=why,
            )


def _found(desk: Desk, invoice: str, event: DocumentSent) -> tuple[Finding, str]:
    medium = _medium(event.media_type)
    if medium is None or event.known_at is None or event.template is None:
        return "not-rendered-here", ""
    wanted = Wanted(medium=medium, credit=event.credit, locale=event.locale)
    try:
        found = desk.rendered(invoice, wanted, event.known_at)
    except (Malformed, Rejected, StoreError) as problem:
        return "cannot-be-rendered", str(problem)
    if found is None:
        return "cannot-be-rendered", "there was no such document at its position"
    if found.sha256 == event.sha256:
        return "same", ""
    if found.is_erased:
        return "party-erased", ""
    return ("other-bytes" if found.template == event.template else "other-template"), ""


def _medium(media_type: str) -> Medium | None:
    return next((medium for medium in TEMPLATES if medium == media_type), None)
