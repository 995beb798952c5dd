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

from domain.money import rounded
from domain.pricing.parts import text
from replay.billing_cases import amounts, lines, of_papers, portions
from replay.billing_cases.checks import wrong
from replay.billing_cases.fields import Kind
from replay.billing_cases.papers import Paper
from replay.billing_cases.seen import Seen
from replay.billing_cases.words import number
from replay.case_format import CaseError

Found = Fraction | str
Reads = Callable[[Seen], Found]
UNITS_OF_PERIOD = re.compile(r"period_([0-9]+)_units")
A_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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
    "due": amounts.due,
    "final_due": amounts.last_issued,
    "final_credit": amounts.billed_before,
    "already": amounts.billed_in_parts,
    "amount": amounts.gross,
    "discount": amounts.discounted,
    "true_up": amounts.true_up,
    "minimum_line": amounts.minimum,
    "all_tiers": amounts.of("all_tiers"),
    "top_tier": amounts.of("top_tier"),
    "balance": of_papers.balance,
    "repair": of_papers.repair,
}
# Lines that are sums, by what they are called.
LABELS: dict[str, Callable[[Seen], amounts.Sum]] = {
    "final fees": amounts.fees,
    "final credit": amounts.taken_off,
}
# Beside the tax of a document they are what is printed on it.
PRINTED: dict[str, Callable[[Seen], amounts.Sum]] = {
    "net": of_papers.of_document("net"),
    "tax": of_papers.of_document("tax"),
    "total": of_papers.of_document("total"),
    "subtotal": of_papers.of_document("net"),
    "gross": of_papers.of_document("gross"),
    "coupons": of_papers.coupons,
}
# A document as a table of its parts.
DOCUMENTS: dict[str, Callable[[Seen], Paper]] = {
    "invoice": of_papers.last_invoice,
    "credit": of_papers.last_note,
    "credit_note": of_papers.last_note,
}
PARTS = frozenset({"net", "tax", "total", "gross", "coupon_share"})
# Lists of amounts, each in order.
MONIES: dict[str, Callable[[Seen], list[amounts.Sum]]] = {
    "totals": amounts.totals,
    "threshold_invoices": amounts.before_the_last,
    "discounts": amounts.discounts,
    "invoices": of_papers.invoices,
    "credit_notes": of_papers.credit_notes,
    "tax_lines": of_papers.tax_lines,
    "tax": of_papers.taxes,
    "draws": of_papers.draws,
}
# Exact amounts in minor units by item, given to some places.
BY_ITEM: dict[str, Callable[[Seen], dict[str, Fraction]]] = {
    "coupon_cents": of_papers.coupons_by_item,
}
# Numbers and words that are no money.
OTHERS: dict[str, tuple[Callable[[Seen], Any], Kind]] = {
    "days": (portions.days, "number"),
    "of": (portions.of, "number"),
    "factor": (portions.factor, "number"),
    "fractions": (portions.fractions, "names"),
    "cycles": (portions.cycles, "number"),
    "invoice_dates": (amounts.invoice_dates, "days"),
    "ignored_units": (amounts.ignored_units, "number"),
}


def require_known(expected: Mapping[str, Any]) -> None:
    """Refuse what no table names or can hold; the figures themselves are not looked at."""
    found = [why for name, value in expected.items() for why in _wrong(name, value)]
    if found:
        raise CaseError(*dict.fromkeys(found))


def _wrong(name: str, value: Any) -> Iterator[str]:
    """Why there is no such figure, or why it cannot be that."""
    said = f"expected.{name}"
    if name == "lines":
        yield from lines.unknown_words(value, name)
    elif name == "runs":
        for run in value if isinstance(value, list) else [value]:
            yield from lines.unknown_words(run, name)
    elif name in DOCUMENTS and isinstance(value, Mapping):
        yield from (f"unknown figure {name}.{part}" for part in value if part not in PARTS)
        yield from _wrong_in(said, value)
    elif name in BY_ITEM:
        yield from _wrong_in(said, value) if isinstance(value, Mapping) else (f"no table: {said}",)
    elif name in MONIES and (isinstance(value, list) or name not in (*MONEY, *PRINTED)):
        yield from wrong(said, value, "counts") if value != [] else ()
    elif name in OTHERS:
        yield from wrong(said, value, OTHERS[name][1])
    elif name in (*MONEY, *PRINTED, "credit") or UNITS_OF_PERIOD.fullmatch(name):
        yield from wrong(said, value, "number")
    else:
        yield f"unknown figure {name}"


def _wrong_in(said: str, table: Mapping[str, Any]) -> Iterator[str]:
    for part, value in table.items():
        yield from wrong(f"{said}.{part}", value, "number")


def last_day(expected: Any) -> date | None:
    """The last day any figure speaks of."""
    return max((date.fromisoformat(day) for day in _days(expected)), default=None)


def _days(value: Any) -> Iterator[str]:
    """Days, but those that end something, and what only looks like one."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key not in ("to", "id", "unit"):
                yield from _days(part)
    elif isinstance(value, list):
        for part in value:
            yield from _days(part)
    elif isinstance(value, str) and A_DATE.fullmatch(value) and not [*wrong("", value, "day")]:
        yield value


def compare(expected: Mapping[str, Any], seen: Seen, factor: int = 1) -> tuple[Compared, ...]:
    """Every figure beside what was found. Scaled by a factor, each rounding may be off a little."""
    return (*_figures(expected, seen, factor), *_stated(seen, factor))


def _figures(expected: Mapping[str, Any], seen: Seen, factor: int) -> Iterator[Compared]:
    used: set[int] = set()
    if "lines" in expected:
        rows, summed = _apart(expected["lines"])
        for row in summed:
            yield _money(
                f"lines/{row['id']}", row["amount"], _called(row["id"], seen), seen, factor
            )
        found, used = lines.matched(rows, seen, amounts.slack(seen, factor))
        yield from (_line(row) for row in found)
    for name, wanted in expected.items():
        if name == "runs":
            yield from _runs(wanted, seen, factor)
        elif name in DOCUMENTS and isinstance(wanted, Mapping):
            yield from _document(name, wanted, seen, factor)
        elif name in MONIES and isinstance(wanted, list):
            yield from _monies(name, wanted, MONIES[name](seen), seen, factor)
        elif name in BY_ITEM:
            yield from _by_item(name, wanted, BY_ITEM[name](seen), factor)
        elif name in OTHERS:
            yield _other(name, wanted, OTHERS[name][0](seen))
        elif (nth := UNITS_OF_PERIOD.fullmatch(name)) is not None:
            yield _other(name, wanted, amounts.units_of_period(seen, int(nth[1])))
        elif name != "lines":
            read = _amount_of(name, expected, used)
            yield _money(name, wanted, read(seen), seen, factor)


def _amount_of(
    name: str, expected: Mapping[str, Any], used: set[int]
) -> Callable[[Seen], amounts.Sum]:
    """What an amount is the sum of; what stands beside it says so where there are several."""
    if name == "credit" and "repair" in expected:
        return of_papers.credit_gained
    if name == "balance" and "draws" in expected:
        return of_papers.left_of_credit
    if name == "credit" and {"fees", "due"} & {*expected}:
        return amounts.billed_before
    if name == "credit":
        return lambda seen: of_papers.credit_asked_for(seen) or amounts.credited(seen)
    if name in PRINTED and (name not in MONEY or "tax" in expected):
        return PRINTED[name]
    if name in ("total", "net") and used:
        return lambda seen: amounts.of_runs(seen, used)
    return MONEY[name]


def _called(label: str, seen: Seen) -> amounts.Sum:
    """A sum of lines by its name."""
    return LABELS[label](seen) if label in LABELS else of_papers.labelled(seen, label)


def _document(name: str, wanted: Mapping[str, Any], seen: Seen, factor: int) -> Iterator[Compared]:
    """The parts of a document, each as it is printed."""
    paper = DOCUMENTS[name](seen)
    for part, amount in wanted.items():
        found = of_papers.part_of(paper, part)
        yield _money(f"{name}/{part}", amount, found, seen, factor)


def _by_item(
    name: str, wanted: Mapping[str, Any], found: Mapping[str, Fraction], factor: int
) -> Iterator[Compared]:
    """Exact amounts, compared to as many places as are given."""
    for item, amount in wanted.items():
        exact = number(amount, name)
        places = max(0, -int(exact.as_tuple().exponent))
        said = Fraction(rounded(found.get(item, Fraction(0)) * 10**places), 10**places)
        difference = said - Fraction(exact)
        allowed = Fraction(factor - 1, 2 * 10**places)
        yield Compared(
            name=f"{name}/{item}",
            expected=str(amount),
            found=text(said),
            is_equal=abs(difference) <= allowed,
            difference=text(difference),
        )


def _apart(rows: list[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Lines of a document, and those that are sums of such under a name."""
    summed = [row for row in rows if isinstance(row, dict) and _is_sum(str(row.get("id", "")))]
    return [row for row in rows if row not in summed], summed


def _is_sum(label: str) -> bool:
    return label in LABELS or of_papers.LABEL.fullmatch(label) is not None


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
            found = of_papers.drafted(here) if ran.run.why == "draft" else amounts.all_of(here)
            yield _money(name, ran.run.stated, found, seen, factor)
