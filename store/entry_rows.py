"""Entries of the journal as rows to copy, with their lines and leaves; numbered last.

A row and the leaf over it hold the same texts in the same form, so each is packed once for both.
The leaf is `canonical.entry_leaf` in one pass; a test compares the two. Numbers are put in when the
rows are sent, so that entries can be packed before it is known how many come before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from struct import Struct

from domain.journal import Entry, Line
from store import copying
from store.binary import int8s
from store.canonical import ENTRY
from store.copying import Texts, int8, text
from store.db import Connection, queries

SQL = queries(__file__)

_ENTRY_COLUMNS = copying.columns(9)
_LINE_COLUMNS = copying.columns(21)
_LEAF_LENGTH = (32).to_bytes(4, "big")
_pair_of_days = Struct(">iiii").pack
_int8 = Struct(">iq").pack
_place = Struct(">ii").pack
_ENTRY_LEAF = text(ENTRY)
# What a line's leaf says, in ascending order of names: each before its value.
_ACCOUNT = text("line") + text("account")
_DATE = text("accounting_date")
_CAUSES = text("causes")
_DOCUMENT = text("document")
_EARNED = text("earned")
_FUNCTIONAL = text("functional_minor")
_KIND = text("kind")
_MINOR = text("minor")
_OBLIGATION = text("obligation")
_RULE = text("rule")
_SUBJECT = text("subject")


class _Causes(dict[tuple[int, ...], tuple[bytes, bytes]]):
    """Causes as a field of the leaf, and of the row: positions in order."""

    def __missing__(self, causes: tuple[int, ...]) -> tuple[bytes, bytes]:
        ordered = sorted(causes)
        made = self[causes] = (text(" ".join(map(str, ordered))), int8s(ordered))
        return made


class _Days(dict[date, tuple[int, bytes]]):
    """Days as PostgreSQL counts them, and as a field of the leaf."""

    def __missing__(self, day: date) -> tuple[int, bytes]:
        made = self[day] = (day.toordinal() - copying.EPOCH, text(day.isoformat()))
        return made


class _Numbers(dict[int, bytes]):
    """Whole numbers as fields of the leaf."""

    def __missing__(self, number: int) -> bytes:
        made = self[number] = text(str(number))
        return made


# An entry and its lines: rows without what comes before and with the number.
Packed = tuple[bytes, list[bytes]]


class EntryRows:
    """Packs entries of one entity; names that come back are packed once in its lifetime."""

    def __init__(self, entity: str) -> None:
        self._entity = text(entity)
        self._texts = Texts()
        self._days = _Days()
        self._numbers = _Numbers()
        self._of_causes = _Causes()

    def pack(self, entry: Entry, customer: str) -> Packed:
        """Its lines are in the order of their slots, as settling gives them."""
        where = b"".join(
            (text(entry.book), text(entry.unit), int8(entry.known_at), self._texts[entry.booked])
        )
        money = self._texts[entry.currency], self._texts[entry.functional_currency]
        leaf = sha256(self._head(entry))
        lines: list[bytes] = []
        for place, line in enumerate(entry.lines, 1):
            row, told = self._line(line, place, where, money, self._texts[customer])
            lines.append(row)
            leaf.update(told)
        return b"".join((where, *money, _LEAF_LENGTH, leaf.digest())), lines

    def _line(
        self,
        line: Line,
        place: int,
        where: bytes,
        money: tuple[bytes, bytes],
        customer: bytes,
    ) -> tuple[bytes, bytes]:
        """One line, and what its leaf says."""
        slot, texts, numbers = line.slot, self._texts, self._numbers
        account, kind, subject = texts[slot.account], texts[slot.kind], texts[slot.subject]
        obligation, document = texts[slot.obligation], texts[slot.document]
        rule, (told_causes, causes) = texts[line.rule], self._of_causes[line.causes]
        earned, told_earned = self._days[slot.earned]
        dated, told_dated = self._days[line.accounting_date]
        minor, functional = line.minor, line.functional_minor
        row = b"".join((
            _place(4, place), where, account, kind, subject, obligation, document, customer,
            _pair_of_days(4, earned, 4, dated), money[0], _int8(8, minor), money[1],
            _int8(8, functional), rule, causes,
        ))  # fmt: skip
        told = b"".join((
            _ACCOUNT, account, _DATE, told_dated, _CAUSES, told_causes, _DOCUMENT, document,
            _EARNED, told_earned, _FUNCTIONAL, numbers[functional], _KIND, kind,
            _MINOR, numbers[minor], _OBLIGATION, obligation, _RULE, rule, _SUBJECT, subject,
        ))  # fmt: skip
        return row, told

    def _head(self, entry: Entry) -> bytes:
        texts, numbers = self._texts, self._numbers
        return b"".join((
            _ENTRY_LEAF, texts["book"], texts[entry.book], texts["booked"], texts[entry.booked],
            texts["currency"], texts[entry.currency], texts["entity"], self._entity,
            texts["functional_currency"], texts[entry.functional_currency],
            texts["known_at"], numbers[entry.known_at], texts["lines"], numbers[len(entry.lines)],
            texts["unit"], text(entry.unit),
        ))  # fmt: skip


def copy(connection: Connection, entity: str, packed: Sequence[Packed], after: int) -> None:
    """Number them from `after` on and send them, by two statements."""
    begins = [text(entity) + int8(number) for number in range(after + 1, after + 1 + len(packed))]
    numbered = list(zip(begins, packed, strict=True))
    copying.send(
        connection,
        SQL.copy_entries,
        (_ENTRY_COLUMNS + begin + row for begin, (row, _) in numbered),
    )
    copying.send(connection, SQL.copy_lines, _lines(numbered))


def _lines(numbered: Iterable[tuple[bytes, Packed]]) -> Iterator[bytes]:
    for begin, (_, lines) in numbered:
        if lines:
            first = _LINE_COLUMNS + begin
            yield first + first.join(lines)
