"""The party vault: names, addresses and tax ids of persons, the one store that can forget.

A fact holds the opaque id and a digest that is salted, so that an erased name cannot be found
again by guessing. Documents render names when they are read.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from store import copying
from store.canonical import party_digest, well_formed
from store.codec import canonical_json
from store.db import Connection, queries

SQL = queries(__file__)

SALT_BYTES = 32
_TYPES = ["text", "text", "text", "bytea", "bytea", "timestamptz"]


class Party(Struct, frozen=True, kw_only=True):
    """What a fact may hold: `digest` in hex proves the content as long as the vault has it."""

    id: str
    digest: str


class Found(Struct, frozen=True, kw_only=True):
    """The content under an id; none where it was never known, or `is_erased`."""

    content: dict[str, str] | None
    is_erased: bool = False


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


def look_up(
    connection: Connection, entity: str, wanted: Iterable[tuple[str, str | None]]
) -> dict[tuple[str, str | None], Found]:
    """By id and digest in hex, the latest version where there is no digest; one query for all."""
    asked = sorted(set(wanted), key=lambda row: (row[0], row[1] or ""))
    arguments = {
        "entity": entity,
        "ids": [party for party, _ in asked],
        "digests": [None if digest is None else _bytes(digest) for _, digest in asked],
    }
    found: dict[tuple[str, str | None], Found] = {}
    for place, text, salt, stored, is_erased in connection.execute(SQL.look_up, arguments):
        key = asked[place - 1]
        assert text is None or party_digest(salt, text) == stored, (entity, key)
        content = None if text is None else msgspec.json.decode(text, type=dict[str, str])
        found[key] = Found(content=content, is_erased=content is None and is_erased)
    return found


def _bytes(digest: str) -> bytes:
    """What is no digest finds nothing."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""


def erase(connection: Connection, entity: str, party: str, *, at: datetime) -> int:
    """Forget every version of a party; returns how many there were."""
    arguments = {"entity": entity, "id": party, "erased_at": at}
    return connection.execute(SQL.erase, arguments).rowcount


def put_many(
    connection: Connection, entity: str, parties: Mapping[str, Mapping[str, str]], *, at: datetime
) -> dict[str, Party]:
    """The same for many ids that are used once each: what lies there already is not put again."""
    kept = {name: canonical_json(dict(content)) for name, content in parties.items()}
    there = connection.execute(SQL.there, {"entity": entity, "ids": list(kept)})
    found = {
        name: Party(id=name, digest=digest.hex())
        for name, content, digest in there
        if kept[name] == content
    }
    rows = []
    for name, text in kept.items():
        if name not in found:
            salt = secrets.token_bytes(SALT_BYTES)
            digest = party_digest(salt, text)
            rows.append((entity, well_formed(name, "party"), text, salt, digest, at))
            found[name] = Party(id=name, digest=digest.hex())
    copying.write_rows(connection, SQL.copy_parties, _TYPES, rows)
    return found


def secret(connection: Connection, entity: str, name: str, *, at: datetime) -> bytes:
    """A key of the entity, made at first use: ids made with it lead to nobody without the vault."""
    kept = _secret(connection, entity, name)
    if kept is None:
        put(connection, entity, name, {"secret": secrets.token_hex(SALT_BYTES)}, at=at)
        kept = _secret(connection, entity, name)
        assert kept is not None, name
    return kept


def _secret(connection: Connection, entity: str, name: str) -> bytes | None:
    content = look_up(connection, entity, [(name, None)])[name, None].content
    return None if content is None else bytes.fromhex(content["secret"])
