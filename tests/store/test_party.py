"""The party vault: what is found, proved and forgotten."""

from datetime import UTC, datetime

import pytest

from domain.errors import Malformed
from store import party

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 4, 1, tzinfo=UTC)


def test_what_is_kept_is_found_by_its_id(connection):
    party.put(connection, "e", "p1", {"name": "Ada", "town": "Zürich"}, at=NOW)

    assert party.get(connection, "e", "p1") == {"name": "Ada", "town": "Zürich"}
    assert party.get(connection, "f", "p1") is None


def test_an_old_document_finds_the_name_it_was_issued_to(connection):
    old = party.put(connection, "e", "p1", {"name": "Ada Byron"}, at=NOW)
    party.put(connection, "e", "p1", {"name": "Ada Lovelace"}, at=LATER)

    assert party.get(connection, "e", "p1") == {"name": "Ada Lovelace"}
    assert party.get(connection, "e", "p1", digest=old.digest) == {"name": "Ada Byron"}


def test_the_digest_is_salted_so_that_equal_people_look_different(connection):
    first = party.put(connection, "e", "p1", {"name": "Ada"}, at=NOW)
    second = party.put(connection, "e", "p2", {"name": "Ada"}, at=NOW)

    assert first.digest != second.digest


def test_what_is_erased_is_gone_with_its_salt_and_the_digest_stays(connection):
    kept = party.put(connection, "e", "p1", {"name": "Ada"}, at=NOW)

    assert party.erase(connection, "e", "p1", at=LATER) == 1

    assert party.get(connection, "e", "p1") is None
    assert connection.execute("SELECT content, salt, digest FROM party").fetchall() == [
        (None, None, bytes.fromhex(kept.digest))
    ]
    assert party.erase(connection, "e", "p1", at=LATER) == 0


def test_a_name_that_cannot_be_written_down_exactly_is_refused(connection):
    with pytest.raises(Malformed, match="not-nfc"):
        party.put(connection, "e", "p1", {"name": "Zu\u0308rich"}, at=NOW)
