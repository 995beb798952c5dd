"""The party vault: names, addresses and tax ids of persons, the one store that can forget.

A fact holds the opaque id and a digest that is salted, so that an erased name cannot be found
again by guessing. Documents render names when they are read.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from store.canonical import party_digest, well_formed
from store.codec import canonical_json
from store.db import Connection, queries

SQL = queries(__file__)

SALT_BYTES = 32


class Party(Struct, frozen=True, kw_only=True):
    """What a fact may hold: `digest` in hex proves the content as long as the vault has it."""

    id: str
    digest: str


def put(
    connection: Connection, entity: str, party: str, content: Mapping[str, str], *, at: datetime
) -> Party:
    """Keep content under an id; a change is a new row, so an old document still finds its own."""
    salt = secrets.token_bytes(SALT_BYTES)
    text = canonical_json(dict(content))
    digest = party_digest(salt, text)
    arguments = {
        "entity": well_formed(entity, "entity"),
        "id": well_formed(party, "party"),
        "content": text,
        "salt": salt,
        "digest": digest,
        "stored_at": at,
    }
    connection.execute(SQL.put, arguments)
    return Party(id=party, digest=digest.hex())


def get(
    connection: Connection, entity: str, party: str, *, digest: str | None = None
) -> dict[str, str] | None:
    """The content, or none where it was never known or is erased."""
    wanted = None if digest is None else bytes.fromhex(digest)
    arguments = {"entity": entity, "id": party, "digest": wanted}
    row = connection.execute(SQL.get, arguments).fetchone()
    if row is None:
        return None
    text, salt, stored = row
    assert party_digest(salt, text) == stored, (entity, party)
    return msgspec.json.decode(text, type=dict[str, str])


def erase(connection: Connection, entity: str, party: str, *, at: datetime) -> int:
    """Forget every version of a party; returns how many there were."""
    arguments = {"entity": entity, "id": party, "erased_at": at}
    return connection.execute(SQL.erase, arguments).rowcount
