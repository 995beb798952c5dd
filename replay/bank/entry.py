"""One entry of a bank's statement as any file tells it, and the id under which it is taken once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date

from msgspec import Struct, structs

from store.codec import canonical_json

# What banks write where they have no reference.
NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NONE"})

# Of a digest, enough to tell all entries of all banks apart.
DIGITS = 32


class Entry(Struct, frozen=True, kw_only=True):
    """`row` is its place in the file, from 1. Above zero: came in; below: went out, in minor units.

    `entry_id` is the bank's own; `reason` the code of a return. Charges were kept by the bank.
    """

    row: int
    account: str
    currency: str
    amount_minor: int
    booked_on: date
    valued_on: date | None = None
    payer_name: str = ""
    payer_account: str = ""
    text: str = ""
    structured: str = ""
    end_to_end: str = ""
    bank_reference: str = ""
    entry_id: str = ""
    is_reversal: bool = False
    reason: str = ""
    charges_minor: int = 0


class Unread(Struct, frozen=True, kw_only=True):
    """A row that is no entry: why, and which field is at fault; `raw` is the row as it came."""

    row: int
    code: str
    field: str | None = None
    value: str = ""
    raw: str = ""


class Statement(Struct, frozen=True, kw_only=True):
    """What a file holds, in its order."""

    entries: tuple[Entry, ...]
    unread: tuple[Unread, ...] = ()


def told(reference: str | None) -> str:
    """A reference that says something, else nothing."""
    found = (reference or "").strip()
    return "" if found.upper() in NO_REFERENCE else found


def identified(statement: Statement) -> tuple[dict[str, Entry], tuple[Unread, ...]]:
    """Entries by the id that is theirs in every file, and those whose id another one has.

    Without an id of the bank it is a digest of all it says with its place among equals, so that two
    alike are two, and both are known again in a file that overlaps this one.
    """
    found: dict[str, Entry] = {}
    unread = list(statement.unread)
    alike: Counter[str] = Counter()
    for entry in statement.entries:
        name = entry.entry_id
        if not name:
            content = _digest(entry)
            alike[content] += 1
            name = f"{content}-{alike[content]}"
        first = found.setdefault(f"{entry.account}/{name}", entry)
        if first is not entry and not _same(first, entry):
            code = "entry-id-reused"
            row = Unread(row=entry.row, code=code, field="entry_id", value=name, raw=written(entry))
            unread.append(row)
    return found, tuple(unread)


def _same(one: Entry, other: Entry) -> bool:
    return structs.replace(one, row=0) == structs.replace(other, row=0)


def written(entry: Entry) -> str:
    """All that an entry says, wherever it stands in its file."""
    return canonical_json({name: value for name, value in _content(entry) if name != "row"})


def _digest(entry: Entry) -> str:
    return digest_of(written(entry))


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _content(entry: Entry) -> Iterable[tuple[str, str | int | None]]:
    for name in entry.__struct_fields__:
        value = getattr(entry, name)
        yield name, str(value) if isinstance(value, date) else value
