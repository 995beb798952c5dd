"""What a file of usage needs of its entity: it is opened as its mapping says, where it is not yet.

What is open stays as it is: a mapping that says otherwise is told so, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from domain.books import OpenBook
from domain.calendar import Calendar, months
from domain.deciders import Command
from domain.entity import DECIDER, DefineCalendar, EntityOpened, OpenEntity
from domain.facts import Fact, When, fold, known
from replay.ledger import Ledger
from replay.usage_mapping import EntityPart
from store import log
from store.request import Request

SELF = "entity:self"
# A request for a command on a stream, under a key made of both.
Asking = Callable[[str, Command], Request]
# What differs of an entity that is open already.
Otherwise = Callable[[str], None]


class _Open(Struct, frozen=True, kw_only=True):
    """What of the entity is open already."""

    entity: EntityOpened | None
    calendar: Calendar
    books: frozenset[str]


def opening(
    ledger: Ledger, entity: str, part: EntityPart, ask: Asking, otherwise: Otherwise
) -> Iterator[Request]:
    """Requests for what is not there: the entity, months of its calendar, books."""
    found = _found(ledger, entity, part)
    since = When(effective=part.calendar_from)
    if found.entity is None:
        yield ask(SELF, _opened(part, since))
    else:
        for field in ("name", "functional_currency", "zone"):
            wanted, stands = getattr(part, field), getattr(found.entity, field)
            if wanted != stands:
                otherwise(f"{field}: {wanted}, opened before as {stands}")
    wanted_months = months(part.calendar_from, part.calendar_months)
    more = tuple(period for period in wanted_months if period not in found.calendar.periods)
    if more:
        yield ask(SELF, DefineCalendar(when=since, periods=more))
    for book in part.books:
        if book not in found.books:
            yield ask(f"book:{book}", OpenBook(when=since, name=book))


def _opened(part: EntityPart, since: When) -> OpenEntity:
    return OpenEntity(
        when=since, name=part.name, functional_currency=part.functional_currency, zone=part.zone
    )


def _found(ledger: Ledger, entity: str, part: EntityPart) -> _Open:
    books = {f"book:{book}": book for book in part.books}
    with ledger.connection() as connection:
        streams = log.read_streams(connection, entity, [SELF, *books])
    return _Open(
        entity=_entity(streams[SELF]),
        calendar=fold(DECIDER, streams[SELF]).calendar,
        books=frozenset(book for stream, book in books.items() if [*known(streams[stream])]),
    )


def _entity(facts: tuple[Fact, ...]) -> EntityOpened | None:
    return next((one.event for one in known(facts) if isinstance(one.event, EntityOpened)), None)
