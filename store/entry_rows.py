"""Entries of the journal as rows to copy: numbered, with their lines, causes and leaves.

A row and the leaf over it hold the same texts in the same form, so each is packed once for both.
The leaf is `canonical.entry_leaf` in one pass; a test compares the two.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from struct import Struct

from domain.journal import Entry, Line
from store import copying
from store.canonical import ENTRY
from store.copying import Texts, int8, text
from store.db import Connection, queries

SQL = queries(__file__)

_ENTRY_COLUMNS = copying.columns(9)
_LINE_COLUMNS = copying.columns(20)
_CAUSE_COLUMNS = copying.columns(4)
_LEAF_LENGTH = (32).to_bytes(4, "big")
_pair_of_days = Struct(">iiii").pack
_int8 = Struct(">iq").pack
_position = Struct(">q").pack
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


class _Causes(dict[tuple[int, ...], tuple[bytes, list[bytes]]]):
    """Causes as a field of the leaf, and each as the last column of its row."""

    def __missing__(self, causes: tuple[int, ...]) -> tuple[bytes, list[bytes]]:
        ordered = sorted(causes)
        told = text(" ".join(map(str, ordered)))
        made = self[causes] = (told, [_position(position) for position in ordered])
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


class EntryRows:
    """Rows of one batch of entries of one entity, numbered from `after` on."""

    def __init__(self, entity: str, after: int) -> None:
        self.after = after
        self.last = after
        self.lines = 0
        self._entity = text(entity)
        self._entries: list[bytes] = []
        self._lines: list[bytes] = []
        self._causes: list[bytes] = []
        self._texts = Texts()
        self._days = _Days()
        self._numbers = _Numbers()
        self._of_causes = _Causes()

    def mark(self) -> tuple[int, int, int, int, int]:
        """Where the rows end now, to come back to."""
        ends = len(self._entries), len(self._lines), len(self._causes)
        return (self.last, self.lines, *ends)

    def undo(self, mark: tuple[int, int, int, int, int]) -> None:
        """Take back what was added since, whole or in part."""
        self.last, self.lines, entries, lines, causes = mark
        del self._entries[entries:], self._lines[lines:], self._causes[causes:]

    def add(self, entry: Entry, customer: str) -> None:
        """The next entry; its lines are in the order of their slots, as settling gives them."""
        self.last += 1
        begin = self._entity + int8(self.last)
        where = b"".join(
            (text(entry.book), text(entry.unit), int8(entry.known_at), self._texts[entry.booked])
        )
        money = self._texts[entry.currency], self._texts[entry.functional_currency]
        leaf = sha256(self._head(entry))
        for place, line in enumerate(entry.lines, 1):
            leaf.update(self._add_line(line, place, begin, where, money, self._texts[customer]))
        self.lines += len(entry.lines)
        self._entries += (_ENTRY_COLUMNS, begin, where, *money, _LEAF_LENGTH, leaf.digest())

    def _add_line(
        self,
        line: Line,
        place: int,
        begin: bytes,
        where: bytes,
        money: tuple[bytes, bytes],
        customer: bytes,
    ) -> bytes:
        """One line and its causes; returns what its leaf says."""
        slot, texts = line.slot, self._texts
        account, kind, subject = texts[slot.account], texts[slot.kind], texts[slot.subject]
        obligation, document = texts[slot.obligation], texts[slot.document]
        rule, number = texts[line.rule], _place(4, place)
        earned, told_earned = self._days[slot.earned]
        dated, told_dated = self._days[line.accounting_date]
        told_causes, causes = self._of_causes[line.causes]
        minor, functional = line.minor, line.functional_minor
        self._lines.append(b"".join((
            _LINE_COLUMNS, begin, number, where, account, kind, subject, obligation, document,
            customer, _pair_of_days(4, earned, 4, dated), money[0], _int8(8, minor), money[1],
            _int8(8, functional), rule,
        )))  # fmt: skip
        if causes:
            row = b"".join((_CAUSE_COLUMNS, begin, number, b"\x00\x00\x00\x08"))
            self._causes.append(row + row.join(causes))
        numbers = self._numbers
        return b"".join((
            _ACCOUNT, account, _DATE, told_dated, _CAUSES, told_causes, _DOCUMENT, document,
            _EARNED, told_earned, _FUNCTIONAL, numbers[functional], _KIND, kind,
            _MINOR, numbers[minor], _OBLIGATION, obligation, _RULE, rule, _SUBJECT, subject,
        ))  # fmt: skip

    def _head(self, entry: Entry) -> bytes:
        texts, numbers = self._texts, self._numbers
        return b"".join((
            _ENTRY_LEAF, texts["book"], texts[entry.book], texts["booked"], texts[entry.booked],
            texts["currency"], texts[entry.currency], texts["entity"], self._entity,
            texts["functional_currency"], texts[entry.functional_currency],
            texts["known_at"], numbers[entry.known_at], texts["lines"], numbers[len(entry.lines)],
            texts["unit"], text(entry.unit),
        ))  # fmt: skip

    def copy(self, connection: Connection) -> None:
        """Send what was added, by three statements."""
        copying.send(connection, SQL.copy_entries, self._entries)
        copying.send(connection, SQL.copy_lines, self._lines)
        copying.send(connection, SQL.copy_causes, self._causes)
