"""Telling engines what went out: each document once it is a fact, until the engine confirms it.

What there is to tell follows from the log, so nothing is told that did not happen and nothing is
forgotten; the document's number is the message's key, so telling again is telling once. Of one
invoice nothing is told before what came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from domain.errors import Rejected
from domain.facts import Fact, timeline
from domain.invoice_facts import InvoiceIssued
from domain.invoicing import BY_TABLE, NO_TAX
from domain.tax.moved import tax_moved
from domain.tax.port import TaxEngine, TaxMessage, Told
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
    """A message that is not confirmed yet."""

    position: int
    stream: str
    engine: str
    kind: Told


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
    """Messages for the documents since the last time, and how far that is, in one transaction."""
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
    """What became of each message: none where it was confirmed."""
    read = log.read_streams(connection, entity, {row.stream for row in rows})
    told: dict[int, str | None] = {}
    stuck: dict[str, str] = {}
    for row in rows:
        code = stuck.get(row.stream) or stuck.get(row.engine)
        if code is None:
            code = _sent(engines.get(row.engine), _message(row, read[row.stream]), row.kind)
        if code is not None:
            stuck[row.engine if code == DOWN else row.stream] = code
        told[row.position] = code
    return told


def _sent(engine: TaxEngine | None, message: TaxMessage | None, kind: Told) -> str | None:
    if message is None:
        # It was taken back before anybody was told: there is nothing to tell any more.
        return None
    if engine is None:
        return "tax-engine-unknown"
    tell = {"commit": engine.commit, "adjust": engine.adjust, "void": engine.void}[kind]
    try:
        tell(message)
    except Rejected as refusal:
        return refusal.code
    return None


def _message(row: _Row, facts: Sequence[Fact]) -> TaxMessage | None:
    known = timeline(facts)
    issued = next((one.event for one in known if isinstance(one.event, InvoiceIssued)), None)
    fact = next((one for one in known if one.position == row.position), None)
    if issued is None or fact is None:
        return None
    own = tuple(moved for moved in tax_moved(known) if moved.position == row.position)
    return TaxMessage(
        kind=row.kind,
        number=getattr(fact.event, "number", issued.number),
        invoice=issued.number,
        reference=issued.taxed_by.reference if issued.taxed_by else "",
        currency=issued.currency,
        on=own[0].day if own else fact.when.effective,
        taxes=own,
    )
