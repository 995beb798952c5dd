"""Keys to the HTTP face: 256 random bits, shown once, kept only as a digest.

A key of full entropy needs no slow hash: nobody can guess what to try.
"""

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from domain.errors import Rejected
from store.db import Connection, queries

SQL = queries(__file__)

ADMIN = "admin"


class Holder(NamedTuple):
    """Whose key it is, and what the key is for."""

    name: str
    role: str


def keep_first_key(connection: Connection, token: str, at: datetime) -> bool:
    """The admin key of a new ledger. False: there are keys already, and this one is none."""
    return connection.execute(SQL.keep_first_key, _admin(token, at)).rowcount == 1


def replace_key(connection: Connection, token: str, at: datetime) -> None:
    """Another admin key instead of the one before, which was lost or seen by others."""
    connection.execute(SQL.replace_key, _admin(token, at))


def _admin(token: str, at: datetime) -> dict[str, object]:
    return {"name": ADMIN, "digest": digest(token), "role": ADMIN, "created_at": at}


def holder(connection: Connection, token: str) -> Holder | None:
    """The key's holder; none for what is no key, or no longer one."""
    row = connection.execute(SQL.holder, {"digest": digest(token)}).fetchone()
    return None if row is None else Holder(*row)


def actor_of(sender: Holder, stated: str | None) -> str:
    """Who does it: the key's own name. Only an admin key may act in the name of a person, or
    whoever has any key could prepare as one person and approve as another.
    """
    if stated is None or stated == sender.name:
        return sender.name
    if sender.role != ADMIN:
        raise Rejected("actor-not-allowed", field="actor", key=sender.name)
    return stated


def digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
