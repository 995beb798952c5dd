"""A statement from a CSV file, by a mapping: a row that cannot be read is told, others go on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from domain.currency import exponent
from domain.errors import Malformed, Rejected
from domain.money import minor_exactly
from replay.bank.entry import Entry, Statement, Unread, told
from replay.bank.mapping import BankColumns, BankMapping

Row = dict[str, str]


def read_csv(path: Path, mapping: BankMapping) -> Statement:
    """Raises Malformed for a file that is not what the mapping says, or ends within a field."""
    columns = mapping.columns
    if columns is None:
        raise Malformed("bad-mapping", field="columns", problem="a CSV file needs [columns]")
    entries: list[Entry] = []
    unread: list[Unread] = []
    for number, raw, row in _rows(path, mapping):
        if row is None:
            unread.append(Unread(row=number, code="not-a-row", value=raw, raw=raw))
            continue
        try:
            entries.append(_entry(number, row, mapping, columns))
        except (Malformed, Rejected) as problem:
            value = str(problem.context.get("value", ""))
            told = Unread(row=number, code=problem.code, field=problem.field, value=value, raw=raw)
            unread.append(told)
    return Statement(entries=tuple(entries), unread=tuple(unread))


def _rows(path: Path, mapping: BankMapping) -> Iterator[tuple[int, str, Row | None]]:
    """Each row with its place and as it came; without cells where it has not those of the head."""
    try:
        with path.open(encoding=mapping.encoding, newline="") as lines:
            for _ in range(mapping.skip_lines):
                next(lines, None)
            yield from _read(csv.reader(lines, delimiter=mapping.delimiter, strict=True), mapping)
    except UnicodeDecodeError as problem:
        raise Malformed("wrong-encoding", field="file", encoding=mapping.encoding) from problem
    except LookupError:
        raise Malformed("bad-mapping", field="encoding", problem=mapping.encoding) from None
    except csv.Error as problem:
        raise Malformed("malformed-csv", field="file", problem=str(problem)) from None


def _read(rows: Iterator[list[str]], mapping: BankMapping) -> Iterator[tuple[int, str, Row | None]]:
    header = [name.strip() for name in next(rows, [])]
    assert mapping.columns is not None
    for wanted in _named(mapping.columns):
        if header.count(wanted) != 1:
            raise Malformed("missing-column", field=wanted, found=header.count(wanted))
    for number, cells in enumerate((row for row in rows if any(row)), 1):
        raw = mapping.delimiter.join(cells)
        if len(cells) != len(header):
            yield number, raw, None
            continue
        said = zip(header, (cell.strip() for cell in cells), strict=True)
        yield number, raw, {name: value for name, value in said if value not in mapping.missing}


def _named(columns: BankColumns) -> Iterator[str]:
    for field in columns.__struct_fields__:
        value = getattr(columns, field)
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from value


def _entry(number: int, row: Row, mapping: BankMapping, columns: BankColumns) -> Entry:
    def cell(column: str | None) -> str:
        return row.get(column, "") if column is not None else ""

    currency = cell(columns.currency) or mapping.currency or ""
    exponent(currency)
    account = cell(columns.account) or mapping.account
    if not account:
        raise Malformed("missing-field", field="account")
    charges = cell(columns.charges)
    return Entry(
        row=number,
        account=account,
        currency=currency,
        amount_minor=_amount(row, mapping, columns, currency),
        booked_on=_day(row.get(columns.booked_on), mapping, "booked_on"),
        valued_on=_day(cell(columns.valued_on), mapping, "valued_on")
        if cell(columns.valued_on)
        else None,
        payer_name=cell(columns.payer_name),
        payer_account=cell(columns.payer_account),
        text=" ".join(filter(None, map(cell, columns.text))),
        structured=told(cell(columns.structured)),
        end_to_end=told(cell(columns.end_to_end)),
        bank_reference=told(cell(columns.bank_reference)),
        entry_id=told(cell(columns.entry_id)),
        is_reversal=cell(columns.reversal) in mapping.reversal_marks,
        reason=cell(columns.reason),
        charges_minor=abs(_minor(charges, mapping, currency, "charges")) if charges else 0,
    )


def _amount(row: Row, mapping: BankMapping, columns: BankColumns, currency: str) -> int:
    if columns.amount is not None:
        text = row.get(columns.amount)
        if text is None:
            raise Malformed("missing-field", field="amount")
        minor = _minor(text, mapping, currency, "amount")
        if columns.sign is not None:
            minor = -abs(minor) if row.get(columns.sign) in mapping.out_marks else abs(minor)
    else:
        assert columns.amount_in is not None
        assert columns.amount_out is not None
        came, went = row.get(columns.amount_in), row.get(columns.amount_out)
        if (came is None) == (went is None):
            raise Malformed("missing-field", field="amount")
        minor = _minor(came or went or "", mapping, currency, "amount")
        minor = minor if went is None else -abs(minor)
    if minor == 0:
        raise Malformed("zero-amount", field="amount")
    return minor


def _minor(text: str, mapping: BankMapping, currency: str, field: str) -> int:
    """An amount as banks write it; a sign may stand behind. A group of digits has three."""
    point, group = re.escape(mapping.decimal), re.escape(mapping.thousands)
    whole = rf"\d+|\d{{1,3}}(?:{group}\d{{3}})+" if group else r"\d+"
    plain = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-").strip()
    found = re.fullmatch(rf"([+-]?)({whole})(?:{point}(\d+))?([+-]?)", plain, re.ASCII)
    if found is None or (found[1] and found[4]):
        raise Malformed("not-a-decimal", field=field, value=text)
    digits = re.sub(r"\D", "", found[2])
    sign = "-" if "-" in (found[1], found[4]) else ""
    return minor_exactly(f"{sign}{digits}.{found[3] or '0'}", currency, field)


def _day(text: str | None, mapping: BankMapping, field: str) -> date:
    if not text:
        raise Malformed("missing-field", field=field)
    try:
        return datetime.strptime(text, mapping.dates).replace(tzinfo=UTC).date()
    except ValueError:
        raise Malformed("bad-date", field=field, value=text) from None
