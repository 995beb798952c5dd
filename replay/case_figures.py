"""The figures a case expects: what each asks of the books, read literally and compared exactly.

A figure that is not listed is not compared. A name that FIGURES and ACCOUNTS do not hold fails the
case by that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol, assert_never

from msgspec import Struct

from domain.errors import Malformed
from domain.journal import CREDIT_ACCOUNTS
from domain.money import decimal_text, minor_exactly
from replay.case_format import MONTH, CaseError

ACCOUNTS = {
    "AccountsReceivable": "accounts-receivable",
    "BadDebt": "bad-debt",
    "Cash": "cash-clearing",
    "ContractLiability": "contract-liability",
    "CustomerBalance": "customer-credit",
    "DeferredRevenue": "contract-liability",
    "ExternalAsset": "external-clearing",
    "Fees": "bank-fees",
    "Revenue": "revenue",
    "TaxPayable": "tax-payable",
    "UnappliedCash": "unapplied-cash",
    "UnbilledAccountsReceivable": "unbilled-receivable",
    "UnbilledReceivable": "unbilled-receivable",
}
Asks = Literal["change", "balance", "prior", "earned", "known", "total"]
YEAR = re.compile(r"[0-9]{4}")
KNOWN_AT = re.compile(r"known_at_([0-9]{4}-[0-9]{2}-[0-9]{2})")


class Posted(Struct, frozen=True, kw_only=True):
    """What the journal holds in one account, by the period booked, the day earned and the run."""

    account: str
    booked: str
    booked_first: date
    earned: date
    known_at: int
    minor: int
    lines: int = 1


class Answers(Protocol):
    """What the harness asks of a ledger to compare figures; nothing else is read."""

    def posted(self) -> Iterable[Posted]:
        """Sums of all journal lines of the case's book."""
        ...

    def forecast(self, known_on: date) -> Iterable[Posted]:
        """What posting was still to come, by the schedules of what was known on a day."""
        ...

    def position_on(self, known_on: date) -> int:
        """The last position recorded on or before a day."""
        ...

    def left_over(self) -> Iterable[str]:
        """What the ledger could not post, each with its reason."""
        ...


class Figure(Struct, frozen=True, kw_only=True):
    """One expected number: `path` where the file says it, `text` what it says."""

    path: tuple[str, ...]
    text: str
    asks: Asks
    account: str = "revenue"
    first: str = ""
    last: str = ""
    known_on: date | None = None

    @property
    def name(self) -> str:
        return "/".join(self.path)


class Compared(Struct, frozen=True, kw_only=True):
    """A figure beside what the ledger says, in minor units, from so many journal lines."""

    figure: Figure
    expected_minor: int
    found_minor: int
    lines: int

    def difference(self, currency: str) -> dict[str, str]:
        return {
            "figure": self.figure.name,
            "expected": self.figure.text,
            "found": decimal_text(self.found_minor, currency),
            "difference": decimal_text(self.found_minor - self.expected_minor, currency),
        }


def figures(expected: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Every figure of a case, in file order; all that cannot be read is named at once."""
    found: list[Figure] = []
    unknown: list[str] = []
    for name, value in expected.items():
        try:
            found += _figures(name, value)
        except CaseError as no:
            unknown += no.reasons
    if not found and not unknown:
        unknown.append("no expected figure to compare")
    if unknown:
        raise CaseError(*unknown)
    return tuple(found)


def _figures(name: str, value: Any) -> Iterator[Figure]:
    if name not in FIGURES:
        raise CaseError(f"unknown figure {name}")
    yield from FIGURES[name]((name,), value)


def _by_period(asks: Asks, account: str = "revenue") -> Callable[..., Iterator[Figure]]:
    def read(path: tuple[str, ...], value: Any, known_on: date | None = None) -> Iterator[Figure]:
        for label, amount in _object(path, value).items():
            first, last = _months(path, label)
            yield Figure(
                path=(*path, label),
                text=_text((*path, label), amount),
                asks=asks,
                account=account,
                first=first,
                last=last,
                known_on=known_on,
            )

    return read


def _accounts(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    unknown = [name for name in _object(path, value) if name not in ACCOUNTS]
    if unknown:
        raise CaseError(*(f"unknown account {name}" for name in unknown))
    for name, periods in value.items():
        yield from _by_period("change", ACCOUNTS[name])((*path, name), periods)


def _views(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    for name, periods in _object(path, value).items():
        known = KNOWN_AT.fullmatch(name)
        if known:
            day = date.fromisoformat(known[1])
            yield from _by_period("known")((*path, name), periods, day)
        elif name in ("restated_by_effective_date", "restated"):
            yield from _by_period("earned")((*path, name), periods)
        else:
            raise CaseError(f"unknown view {name}")


def _total(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    yield Figure(path=path, text=_text(path, value), asks="total")


FIGURES: dict[str, Callable[..., Iterator[Figure]]] = {
    "revenue_by_period": _by_period("change"),
    "prior_period_adjustment_by_period": _by_period("prior"),
    "deferred_balance_by_period": _by_period("balance", "contract-liability"),
    "receivable_by_period": _by_period("balance", "accounts-receivable"),
    "account_changes_by_period": _accounts,
    "total_revenue": _total,
    "as_of_views": _views,
}


def last_month(wanted: Iterable[Figure]) -> str | None:
    """The last month any figure speaks of."""
    return max((figure.last for figure in wanted if figure.last), default=None)


def compare(wanted: Iterable[Figure], answers: Answers, currency: str) -> tuple[Compared, ...]:
    asked = tuple(wanted)
    now = tuple(answers.posted())
    days = {figure.known_on for figure in asked if figure.known_on is not None}
    views = {day: _as_known(day, now, answers) for day in sorted(days)}
    return tuple(
        _compared(figure, views[figure.known_on] if figure.known_on else now, currency)
        for figure in asked
    )


def _as_known(day: date, posted: Iterable[Posted], answers: Answers) -> tuple[Posted, ...]:
    """What was booked by then, and what was still to come."""
    position = answers.position_on(day)
    booked = (row for row in posted if row.known_at <= position)
    return (*booked, *answers.forecast(day))


def _compared(figure: Figure, posted: Iterable[Posted], currency: str) -> Compared:
    rows = rows_of(figure, posted)
    return Compared(
        figure=figure,
        expected_minor=_minor(figure, currency),
        found_minor=_normal(figure.account, sum(row.minor for row in rows)),
        lines=sum(row.lines for row in rows),
    )


def rows_of(figure: Figure, posted: Iterable[Posted]) -> list[Posted]:
    """The rows a figure is the sum of."""
    mine = [row for row in posted if row.account == figure.account]
    match figure.asks:
        case "change" | "known":
            return [row for row in mine if figure.first <= row.booked <= figure.last]
        case "balance":
            return [row for row in mine if row.booked <= figure.last]
        case "prior":
            booked = [row for row in mine if figure.first <= row.booked <= figure.last]
            return [row for row in booked if row.earned < row.booked_first]
        case "earned":
            return [row for row in mine if figure.first <= f"{row.earned:%Y-%m}" <= figure.last]
        case "total":
            return mine
        case _:
            assert_never(figure.asks)


def _normal(account: str, minor: int) -> int:
    return -minor if account in CREDIT_ACCOUNTS else minor


def _minor(figure: Figure, currency: str) -> int:
    try:
        return minor_exactly(figure.text, currency, figure.name)
    except Malformed as no:
        raise CaseError(f"expected {figure.name}: {no}") from None


def _months(path: tuple[str, ...], label: str) -> tuple[str, str]:
    """A month is itself, a year its twelve months."""
    if MONTH.fullmatch(label):
        return label, label
    if YEAR.fullmatch(label):
        return f"{label}-01", f"{label}-12"
    raise CaseError(f"unknown period {'/'.join(path)}/{label}")


def _object(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CaseError(f"expected {'/'.join(path)} must be an object")
    return value


def _text(path: tuple[str, ...], value: Any) -> str:
    """The amount as the file has it, to the letter."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise CaseError(f"expected {'/'.join(path)} must be an amount, not {value!r}")
    return str(value)
