"""The figures a billing case expects: what each asks of what came out, read and compared exactly.

A figure that is not listed is not compared. A name that FIGURES does not hold fails the case by
that name, before anything is played.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from msgspec import Struct

from domain.pricing.parts import text
from replay.billing_cases import amounts, lines, portions
from replay.billing_cases.stage import Seen
from replay.billing_cases.words import number
from replay.case_format import CaseError

Found = Fraction | str
Reads = Callable[[Seen], Found]
UNITS_OF_PERIOD = re.compile(r"period_([0-9]+)_units")
A_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LISTS = frozenset({"lines", "runs"})


class Compared(Struct, frozen=True, kw_only=True):
    """A figure as expected and as found. `roundings`: of how many amounts it is made."""

    name: str
    expected: str
    found: str
    is_equal: bool
    difference: str = ""


# Amounts of money, from what runs issued.
MONEY: dict[str, Callable[[Seen], amounts.Sum]] = {
    "total": amounts.since_the_last_event,
    "net": amounts.since_the_last_event,
    "charge": amounts.charged,
    "fees": amounts.fees,
    "final_fees": amounts.fees,
    "due": amounts.last_issued,
    "final_due": amounts.last_issued,
    "final_credit": amounts.billed_before,
    "already": amounts.billed_in_parts,
    "amount": amounts.gross,
    "discount": amounts.discounted,
    "true_up": amounts.true_up,
    "minimum_line": amounts.minimum,
    "all_tiers": amounts.of("all_tiers"),
    "top_tier": amounts.of("top_tier"),
}
# Lines that are sums, by what they are called.
LABELS: dict[str, Callable[[Seen], amounts.Sum]] = {
    "final fees": amounts.fees,
    "final credit": amounts.taken_off,
}
# Lists of amounts, each in order.
MONIES: dict[str, Callable[[Seen], list[amounts.Sum]]] = {
    "totals": amounts.totals,
    "threshold_invoices": amounts.before_the_last,
    "discounts": amounts.discounts,
}
# Numbers and words that are no money.
OTHERS: dict[str, Callable[[Seen], Any]] = {
    "days": portions.days,
    "of": portions.of,
    "factor": portions.factor,
    "fractions": portions.fractions,
    "cycles": portions.cycles,
    "invoice_dates": amounts.invoice_dates,
    "ignored_units": amounts.ignored_units,
}


def require_known(expected: Mapping[str, Any]) -> None:
    """Refuse what no table names; the figures themselves are not looked at."""
    known = {"credit", *LISTS, *MONEY, *MONIES, *OTHERS}
    unknown = [
        f"unknown figure {name}"
        for name in expected
        if name not in known and not UNITS_OF_PERIOD.fullmatch(name)
    ]
    unknown += lines.unknown_words(expected.get("lines", []), "lines")
    for run in expected.get("runs", []):
        unknown += lines.unknown_words(run, "runs")
    if unknown:
        raise CaseError(*dict.fromkeys(unknown))


def last_day(expected: Any) -> date | None:
    """The last day any figure speaks of."""
    return max((date.fromisoformat(day) for day in _days(expected)), default=None)


def _days(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key != "to":
                yield from _days(part)
    elif isinstance(value, list):
        for part in value:
            yield from _days(part)
    elif isinstance(value, str) and A_DATE.fullmatch(value):
        yield value


def compare(expected: Mapping[str, Any], seen: Seen, factor: int = 1) -> tuple[Compared, ...]:
    """Every figure beside what was found. Scaled by a factor, each rounding may be off a little."""
    return (*_figures(expected, seen, factor), *_stated(seen, factor))


def _figures(expected: Mapping[str, Any], seen: Seen, factor: int) -> Iterator[Compared]:
    used: set[int] = set()
    if "lines" in expected:
        rows, summed = _apart(expected["lines"])
        for row in summed:
            read = LABELS[row["id"]]
            yield _money(f"lines/{row['id']}", row["amount"], read(seen), seen, factor)
        found, used = lines.matched(rows, seen, amounts.slack(seen, factor))
        yield from (_line(row) for row in found)
    for name, wanted in expected.items():
        if name == "runs":
            yield from _runs(wanted, seen, factor)
        elif name == "credit":
            read = amounts.billed_before if {"fees", "due"} & {*expected} else amounts.credited
            yield _money(name, wanted, read(seen), seen, factor)
        elif name in ("total", "net") and used:
            yield _money(name, wanted, amounts.of_runs(seen, used), seen, factor)
        elif name in MONEY:
            yield _money(name, wanted, MONEY[name](seen), seen, factor)
        elif name in MONIES:
            yield from _monies(name, wanted, MONIES[name](seen), seen, factor)
        elif name in OTHERS:
            yield _other(name, wanted, OTHERS[name](seen))
        elif (nth := UNITS_OF_PERIOD.fullmatch(name)) is not None:
            yield _other(name, wanted, amounts.units_of_period(seen, int(nth[1])))


def _apart(rows: list[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Lines of a document, and those that are sums of such under a name."""
    summed = [row for row in rows if isinstance(row, dict) and row.get("id") in LABELS]
    return [row for row in rows if row not in summed], summed


def _line(row: lines.Matched) -> Compared:
    return Compared(
        name=row.name,
        expected=row.expected,
        found=row.found,
        is_equal=row.is_found,
        difference="" if row.is_found else row.why,
    )


def _runs(wanted: list[list[Any]], seen: Seen, factor: int) -> Iterator[Compared]:
    """Run by run: each line, and nothing beside them."""
    asked = amounts.asked(seen)
    for place, rows in enumerate(wanted):
        here = Seen(course=seen.course, runs=asked[place : place + 1])
        slack = amounts.slack(seen, factor)
        if rows:
            found, _ = lines.matched(rows, here, slack, f"runs/{place + 1}")
            yield from (_line(row) for row in found)
        total = sum((number(row["net"], "net") for row in rows), start=number("0", "net"))
        yield _money(f"runs/{place + 1}/total", str(total), amounts.all_of(here), seen, factor)


def _monies(
    name: str, wanted: list[Any], found: list[amounts.Sum], seen: Seen, factor: int
) -> Iterator[Compared]:
    for place in range(max(len(wanted), len(found))):
        label = f"{name}/{place + 1}"
        if place < len(wanted) and place < len(found):
            yield _money(label, wanted[place], found[place], seen, factor)
        else:
            said = str(wanted[place]) if place < len(wanted) else "nothing"
            told = text(found[place].exact) if place < len(found) else "nothing"
            yield Compared(name=label, expected=said, found=told, is_equal=False)


def _money(name: str, wanted: Any, found: amounts.Sum, seen: Seen, factor: int) -> Compared:
    exact = Fraction(number(wanted, name))
    said = found.finest if amounts.is_finer(exact, seen) else found.exact
    difference = said - exact
    allowed = amounts.slack(seen, factor) * max(1, found.count)
    return Compared(
        name=name,
        expected=str(wanted),
        found=text(said),
        is_equal=abs(difference) <= allowed,
        difference=text(difference),
    )


def _other(name: str, wanted: Any, found: Any) -> Compared:
    return Compared(
        name=name,
        expected=str(wanted),
        found=str(found),
        is_equal=_plain(wanted) == _plain(found),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    try:
        return Fraction(str(value)) if "/" not in str(value) else str(value)
    except ValueError:
        return str(value)


def _stated(seen: Seen, factor: int) -> Iterator[Compared]:
    """What the case says a run of its own came to."""
    for ran in seen.runs:
        if ran.run.stated is not None:
            here = Seen(course=seen.course, runs=(ran,))
            name = f"events/{ran.event}/amount"
            yield _money(name, ran.run.stated, amounts.all_of(here), seen, factor)
