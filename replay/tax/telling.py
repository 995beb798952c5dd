"""Telling engines what went out, and what was corrected or taken back of it, until they confirm it.

What there is to tell follows from the log, so nothing is told that did not happen and nothing is
forgotten; each message has the key that it had before, so telling again is telling once. Of one
invoice nothing is told before what came before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from domain.errors import Rejected
from domain.invoicing import BY_TABLE, NO_TAX
from domain.tax.port import TaxEngine, TaxMessage
from domain.tax.told import tax_messages
from replay.tax.asking import Engines
from store import checkpoints, log
from store.db import Connection, queries

SQL = queries(__file__)

NAME = "tax-messages"
TOGETHER = 200
DOWN = "tax-engine-down"


class Telling(Struct, frozen=True, kw_only=True):
    """How many messages engines confirmed now, and how many wait for a later attempt."""

    confirmed: int
    waiting: int


class _Row(NamedTuple):
    """A fact of which not all is confirmed yet."""

    position: int
    stream: str
    engine: str


def tell(connection: Connection, entity: str, engines: Engines, at: datetime) -> Telling:
    """Tell what came since, and again what nobody confirmed. What an engine does wrong is kept with
    the message, and is never raised.
    """
    _collect(connection, entity)
    confirmed = waiting = after = 0
    arguments: dict[str, object] = {"entity": entity, "limit": TOGETHER, "at": at}
    while rows := connection.execute(SQL.unconfirmed, arguments | {"after": after}).fetchall():
        told = _told(connection, entity, [_Row(*row) for row in rows], engines)
        done = [position for position, code in told.items() if code is None]
        failed = {position: code for position, code in told.items() if code is not None}
        connection.execute(SQL.confirm, arguments | {"positions": done})
        names = {"positions": [*failed], "codes": [*failed.values()]}
        connection.execute(SQL.fail, arguments | names)
        confirmed, waiting = confirmed + len(done), waiting + len(failed)
        after = rows[-1][0]
    return Telling(confirmed=confirmed, waiting=waiting)


def _collect(connection: Connection, entity: str) -> None:
    """Facts that engines are told of since the last time, and how far that is: one transaction."""
    with connection.transaction():
        head = log.head(connection, entity)
        at = checkpoints.lease(connection, entity, NAME, checkpoints.ONLY)
        upto = head.position if head else 0
        names = {"entity": entity, "after": at.position, "upto": upto, "here": [BY_TABLE, NO_TAX]}
        connection.execute(SQL.collect_invoices, names)
        connection.execute(SQL.collect_others, names)
        checkpoints.move(connection, entity, NAME, checkpoints.ONLY, at._replace(position=upto))


def _told(
    connection: Connection, entity: str, rows: Sequence[_Row], engines: Engines
) -> dict[int, str | None]:
    """What became of the messages of each fact: none where all were confirmed."""
    read = log.read_streams(connection, entity, {row.stream for row in rows})
    messages = {stream: tax_messages(facts) for stream, facts in read.items()}
    told: dict[int, str | None] = {}
    stuck: dict[str, str] = {}
    for row in rows:
        code = stuck.get(row.stream) or stuck.get(row.engine)
        if code is None:
            own = messages[row.stream].get(row.position, ())
            code = _sent(engines.get(row.engine), own)
        if code is not None:
            stuck[row.engine if code == DOWN else row.stream] = code
        told[row.position] = code
    return told


def _sent(engine: TaxEngine | None, messages: Iterable[TaxMessage]) -> str | None:
    for message in messages:
        if engine is None:
            return "tax-engine-unknown"
        tell = {"commit": engine.commit, "adjust": engine.adjust, "void": engine.void}[message.kind]
        try:
            tell(message)
        except Rejected as refusal:
            return refusal.code
    return None
