"""Law 7 of reports: all rows of a report together are the accounts that it tells of.

The reports read lines of the journal, the accounts are the trial balance, which is folded into a
table of its own: so both are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from projections.breaks import Break, Verdict
from projections.deferred_revenue import deferred
from projections.disclosed import disclosed_revenue
from projections.openings import openings
from projections.positions import positions
from projections.question import Question, calendar_at, looking
from projections.trial_balance import trial_balance
from store.db import Connection, queries

SQL = queries(__file__)

CHECK = "reports-are-accounts"
# Of a position, each with the sign that its account has in the trial balance.
SIDES = {
    "contract-liability": ("liability_minor", -1),
    "refund-liability": ("refund_liability_minor", -1),
    "contract-asset": ("asset_minor", 1),
    "unbilled-receivable": ("unbilled_minor", 1),
}

# A report, what of it; what rows and account say.
Pair = tuple[str, int, int]
Sums = Mapping[tuple[str, str], int]


def report_ties(connection: Connection, entity: str, books: Iterable[str], run: int) -> Verdict:
    """Every book of an entity, as a posting run knew it."""
    compared = [
        (f"{what} in {book}", rows, account)
        for book in books
        for what, rows, account in _pairs(
            connection, Question(entity=entity, book=book, known_at=run)
        )
    ]
    return Verdict(
        law=7,
        check=CHECK,
        comparisons=len(compared),
        breaks=tuple(
            Break(check=CHECK, entity=entity, what=what, expected=str(account), found=str(rows))
            for what, rows, account in compared
            if rows != account
        ),
    )


def _pairs(connection: Connection, ask: Question) -> Iterator[Pair]:
    yield from balances_tied(connection, ask)
    accounts = trial_balance(connection, ask).rows
    own = _sums(((row.account, row.currency), row.minor) for row in accounts)
    yield from _disclosed(connection, ask, own)
    yield from _openings(connection, ask)


def balances_tied(connection: Connection, ask: Question) -> Iterator[Pair]:
    """Reports of what stands, at any day, on either basis."""
    accounts = trial_balance(connection, ask).rows
    own = _sums(((row.account, row.currency), row.minor) for row in accounts)
    worth = _sums(
        ((row.account, row.functional_currency), row.functional_minor) for row in accounts
    )
    yield from _positions(connection, ask, "transaction", own)
    yield from _positions(connection, ask, "functional", worth)
    found = _sums(
        (("contract-liability", row.currency), -row.minor) for row in deferred(connection, ask).rows
    )
    yield from _tied("deferred-revenue", found, _of(own, "contract-liability"))


def _positions(
    connection: Connection, ask: Question, amounts: str, accounts: Sums
) -> Iterator[Pair]:
    rows = positions(connection, ask, amounts=amounts).rows
    found = _sums(
        ((account, row.currency), sign * getattr(row, side))
        for row in rows
        for account, (side, sign) in SIDES.items()
    )
    yield from _tied(f"positions, {amounts} amounts,", found, _of(accounts, *SIDES))


def _disclosed(connection: Connection, ask: Question, accounts: Sums) -> Iterator[Pair]:
    """Revenue of the year: what stands now less what stood when it began."""
    rows = disclosed_revenue(connection, ask).rows
    found = _sums((("revenue", row.currency), -row.revenue_minor) for row in rows)
    first = min((row.since for row in rows), default=date.min)
    if first > date.min:
        before = Question(
            entity=ask.entity,
            book=ask.book,
            known_at=ask.known_at,
            through=date.fromordinal(first.toordinal() - 1),
        )
        stood = trial_balance(connection, before).rows
        rest = [((row.account, row.currency), -row.minor) for row in stood]
        accounts = _sums([*accounts.items(), *rest])
    yield from _tied("disclosed-revenue", found, _of(accounts, "revenue"))


def _openings(connection: Connection, ask: Question) -> Iterator[Pair]:
    """At the end of the last period that was begun."""
    rows = openings(connection, ask).rows
    with looking(connection, ask) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        period = calendar.containing(seen.as_of)
        if period is None:
            return
        cleared = connection.execute(SQL.cleared, seen.parameters(day=period.last)).fetchall()
    last = (row for row in rows if row.period == period.name)
    found = _sums((("opening-clearing", row.currency), row.clearing_minor) for row in last)
    account = {("opening-clearing", currency): minor for currency, minor in cleared}
    yield from _tied("openings", found, account)


def _of(accounts: Sums, *names: str) -> Sums:
    return {place: minor for place, minor in accounts.items() if place[0] in names}


def _sums(rows: Iterable[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for place, minor in rows:
        found[place] = found.get(place, 0) + minor
    return found


def _tied(report: str, rows: Sums, accounts: Sums) -> Iterator[Pair]:
    for account, currency in sorted({*rows, *accounts}):
        place = account, currency
        yield f"{report} {account} {currency}", rows.get(place, 0), accounts.get(place, 0)
