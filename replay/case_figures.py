"""The figures a case expects: what each asks of the books, read literally and compared exactly.

A figure that is not listed is not compared. A name that FIGURES and ACCOUNTS do not hold fails the
case by that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal, Protocol, assert_never

from msgspec import Struct

from domain.errors import Malformed
from domain.journal import CREDIT_ACCOUNTS
from domain.money import decimal_text, minor_exactly
from replay.case_format import MONTH, CaseError

ACCOUNTS = {
    "AccountsReceivable": "accounts-receivable",
    "Cash": "cash-clearing",
    "ContractLiability": "contract-liability",
    "DeferredRevenue": "contract-liability",
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


class Answers(Protocol):
    """What the harness asks of a ledger to compare figures; nothing else is read."""

    def posted(self) -> Iterable[Posted]:
        """Sums of all journal lines of the case's book."""
        ...

    def forecast(self, known_on: date) -> Mapping[str, int]:
        """Revenue by month, as its posting is still to come by what was known on a day."""
        ...

    def position_on(self, known_on: date) -> int:
        """The last position recorded on or before a day."""
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
    """A figure beside what the ledger says, in minor units."""

    figure: Figure
    expected_minor: int
    found_minor: int

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
    posted = tuple(answers.posted())
    return tuple(
        Compared(
            figure=figure,
            expected_minor=_minor(figure, currency),
            found_minor=found(figure, posted, answers),
        )
        for figure in wanted
    )


def found(figure: Figure, posted: tuple[Posted, ...], answers: Answers) -> int:
    """What the ledger says, as an increase of the account's normal balance."""
    mine = [row for row in posted if row.account == figure.account]
    match figure.asks:
        case "change":
            rows = [row for row in mine if figure.first <= row.booked <= figure.last]
        case "balance":
            rows = [row for row in mine if row.booked <= figure.last]
        case "prior":
            rows = [row for row in mine if figure.first <= row.booked <= figure.last]
            rows = [row for row in rows if row.earned < row.booked_first]
        case "earned":
            rows = [row for row in mine if figure.first <= f"{row.earned:%Y-%m}" <= figure.last]
        case "total":
            rows = mine
        case "known":
            return _known(figure, mine, answers)
        case _:
            assert_never(figure.asks)
    return _normal(figure.account, sum(row.minor for row in rows))


def _known(figure: Figure, mine: Iterable[Posted], answers: Answers) -> int:
    """What was booked by then, and for the rest what the schedule of that day still held."""
    assert figure.known_on is not None
    position = answers.position_on(figure.known_on)
    booked = [row for row in mine if row.known_at <= position]
    spoken = sum(row.minor for row in booked if figure.first <= row.booked <= figure.last)
    ahead = answers.forecast(figure.known_on)
    to_come = sum(minor for month, minor in ahead.items() if figure.first <= month <= figure.last)
    return _normal(figure.account, spoken) + to_come


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
    if not isinstance(value, str):
        raise CaseError(f"expected {'/'.join(path)} must be an amount in quotes, not {value!r}")
    return value
