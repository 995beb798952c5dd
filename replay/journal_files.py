"""The journal as a file that other programs read and check: beancount, hledger, CSV.

Every line, as known at a position, in one of the two currencies it has. An entry has a transaction
for each of its accounting dates; each balances to the minor unit, and the file says that no
difference is to be tolerated.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import groupby
from operator import attrgetter
from typing import Literal, assert_never

from domain.chart import HEAD_OF
from domain.money import decimal_text
from projections.lineage import JournalLine
from projections.question import Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

Format = Literal["beancount", "hledger", "csv"]
# Which of its two amounts a line is written in.
Side = Literal["transaction", "functional"]

COLUMNS = JournalLine.__struct_fields__
_dated = attrgetter("entry", "accounting_date")


def journal_file(
    connection: Connection, question: Question, how: Format, side: Side = "transaction"
) -> Iterator[str]:
    """The file, text by text: a book as known at a position, through a date."""
    with looking(connection, question) as seen:
        names = seen.parameters()
        accounts = connection.execute(SQL.accounts, names).fetchall()
        with connection.cursor(name="journal_file") as found:
            lines = (JournalLine(*row) for row in found.execute(SQL.lines, names))
            match how:
                case "beancount":
                    yield from _beancount(accounts, lines, side)
                case "hledger":
                    yield from _hledger(accounts, lines, side)
                case "csv":
                    yield from _csv(lines)
                case _:
                    assert_never(how)


def _transactions(lines: Iterable[JournalLine]) -> Iterator[list[JournalLine]]:
    """The lines of an entry day by day: what is of one cause has one date, so each day balances."""
    for _, own in groupby(lines, key=_dated):
        yield list(own)


def _amount(line: JournalLine, side: Side) -> str:
    if side == "functional":
        currency = line.functional_currency
        return f"{decimal_text(line.functional_minor, currency)} {currency}"
    return f"{decimal_text(line.minor, line.currency)} {line.currency}"


# --- beancount -----------------------------------------------------------------------------------


def _beancount(
    accounts: Iterable[tuple[str, str]], lines: Iterable[JournalLine], side: Side
) -> Iterator[str]:
    # By default half of the last digit is let pass.
    yield 'option "tolerance_multiplier" "0"\n\n'
    for account, first in accounts:
        yield f"{first} open {_bean(account)}\n"
    for own in _transactions(lines):
        head = own[0]
        narration = json.dumps(head.unit, ensure_ascii=False)
        yield f"\n{head.accounting_date} * {narration}\n"
        yield from (f"  {name}: {told}\n" for name, told in _meta(head))
        for line in own:
            yield f"  {_bean(line.account)}  {_amount(line, side)}\n"
            yield f'    earned: {line.earned}\n    kind: "{line.kind}"\n    rule: "{line.rule}"\n'
            yield f"    subject: {json.dumps(line.subject, ensure_ascii=False)}\n"


def _meta(line: JournalLine) -> Iterator[tuple[str, str]]:
    yield "entry", str(line.entry)
    yield "known-at", str(line.known_at)
    yield "booked", json.dumps(line.booked, ensure_ascii=False)


def _bean(account: str) -> str:
    """Assets:AccountsReceivable: a name there begins with a capital and has no lower head."""
    name = "".join(word.capitalize() for word in account.split("-"))
    return f"{_head(account).capitalize()}:{name}"


def _head(account: str) -> str:
    return next(head for name, head in HEAD_OF.items() if name == account)


# --- hledger -------------------------------------------------------------------------------------


def _hledger(
    accounts: Iterable[tuple[str, str]], lines: Iterable[JournalLine], side: Side
) -> Iterator[str]:
    for account, _ in accounts:
        yield f"account {_head(account)}:{account}\n"
    known: set[str] = set()
    for own in _transactions(lines):
        head = own[0]
        currency = head.functional_currency if side == "functional" else head.currency
        if currency not in known:
            known.add(currency)
            yield f"commodity {_format(currency)}\n"
        told = f"booked:{_plain(head.booked)}, known-at:{head.known_at}"
        yield f"\n{head.accounting_date} * ({head.entry}) {_plain(head.unit)}  ; {told}\n"
        for line in own:
            where = f"{_head(line.account)}:{line.account}"
            tags = f"earned:{line.earned}, kind:{line.kind}, rule:{line.rule}"
            subject = f"subject:{_plain(line.subject)}"
            yield f"    {where}  {_amount(line, side)}  ; {tags}, {subject}\n"


def _format(currency: str) -> str:
    """As many places as the currency has; a point, since there must be a mark for them."""
    text = decimal_text(0, currency)
    return f"{text if '.' in text else f'{text}.'} {currency}"


def _plain(text: str) -> str:
    """Nothing that ends a line, begins a comment or another tag there."""
    return "".join(mark if mark.isprintable() and mark not in ";,|" else " " for mark in text)


# --- CSV -----------------------------------------------------------------------------------------


def _csv(lines: Iterable[JournalLine]) -> Iterator[str]:
    """Every field of every line; amounts in minor units, both of them."""
    yield _row(COLUMNS)
    for line in lines:
        yield _row([str(getattr(line, name)) for name in COLUMNS])


def _row(cells: Iterable[str]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()
