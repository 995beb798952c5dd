"""Documents that wait for their tax: since when, why, and how often it was asked for.

A document that goes out waits no longer, nor does one that is not due any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from store.db import Connection, queries

SQL = queries(__file__)


class Hold(Struct, frozen=True, kw_only=True):
    """A document and why it waits; `subject` is the account, or the draft, that it is of."""

    subject: str
    document: str
    code: str
    detail: str


def keep(
    connection: Connection,
    entity: str,
    looked_at: Collection[str],
    holds: Iterable[Hold],
    known_at: int,
    at: datetime,
) -> None:
    """Of the subjects looked at these wait, and the others no longer."""
    own = sorted(holds, key=lambda hold: hold.subject)
    waiting = {hold.subject for hold in own}
    arguments = {
        "entity": entity,
        "released": sorted(set(looked_at) - waiting),
        "subjects": [hold.subject for hold in own],
        "documents": [hold.document for hold in own],
        "codes": [hold.code for hold in own],
        "details": [hold.detail for hold in own],
        "known_at": known_at,
        "at": at,
    }
    connection.execute(SQL.release, arguments)
    if own:
        connection.execute(SQL.hold, arguments)
