"""The party vault: what is found, proved and forgotten."""

from datetime import UTC, datetime

import pytest

from domain.errors import Malformed
from store import party

NOBODY = party.Found(content=None)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 4, 1, tzinfo=UTC)


def test_what_is_kept_is_found_by_its_id(connection):
    content = {"name": "Ada", "town": "Zürich"}
    party.put(connection, "e", "p1", content, at=NOW)
    asked = [("p1", None), ("p2", None), ("p1", "ab" * 32), ("p1", "no digest")]

    assert party.look_up(connection, "e", asked) == {
        ("p1", None): party.Found(content=content),
        ("p2", None): NOBODY,
        ("p1", "ab" * 32): NOBODY,
        ("p1", "no digest"): NOBODY,
    }
    assert party.look_up(connection, "f", [("p1", None)]) == {("p1", None): NOBODY}
    assert party.look_up(connection, "e", []) == {}


def test_an_old_document_finds_the_name_it_was_issued_to(connection):
    old = party.put(connection, "e", "p1", {"name": "Ada Byron"}, at=NOW)
    party.put(connection, "e", "p1", {"name": "Ada Lovelace"}, at=LATER)

    asked = [("p1", None), ("p1", old.digest)]
    found = [row.content for row in party.look_up(connection, "e", asked).values()]
    assert found == [{"name": "Ada Lovelace"}, {"name": "Ada Byron"}]


def test_the_digest_is_salted_so_that_equal_people_look_different(connection):
    first = party.put(connection, "e", "p1", {"name": "Ada"}, at=NOW)
    second = party.put(connection, "e", "p2", {"name": "Ada"}, at=NOW)

    assert first.digest != second.digest


def test_what_is_erased_is_gone_with_its_salt_and_the_digest_stays(connection):
    kept = party.put(connection, "e", "p1", {"name": "Ada"}, at=NOW)

    assert party.erase(connection, "e", "p1", at=LATER) == 1

    gone = party.Found(content=None, is_erased=True)
    asked = [("p1", None), ("p1", kept.digest)]
    assert party.look_up(connection, "e", asked) == dict.fromkeys(asked, gone)
    assert connection.execute("SELECT content, salt, digest FROM party").fetchall() == [
        (None, None, bytes.fromhex(kept.digest))
    ]
    assert party.erase(connection, "e", "p1", at=LATER) == 0


def test_a_name_that_cannot_be_written_down_exactly_is_refused(connection):
    with pytest.raises(Malformed, match="not-nfc"):
        party.put(connection, "e", "p1", {"name": "Zu\u0308rich"}, at=NOW)
