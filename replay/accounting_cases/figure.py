"""One expected figure of a case: what the file says, and how the ledger is asked for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct

from domain.currency import exponent
from domain.errors import Malformed
from domain.money import decimal_text, minor_exactly
from replay.accounting_cases.answers import Answers
from replay.case_format import CaseError

# Money in minor units, a number to as many places as the file gives it, or words.
Unit = Literal["money", "number", "words"]
# An amount may be followed by words of the source, such as `800.00 fixed`.
LEADING = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(?: .*)?")


class Found(Struct, frozen=True, kw_only=True):
    """What the ledger says: minor units, a number or words; none if it says nothing of it."""

    minor: int | None = None
    number: Fraction | None = None
    words: str | None = None
    lines: int = 0


Ask = Callable[[Answers], Found]


class Figure(Struct, frozen=True, kw_only=True):
    """One expected number: `path` where the file says it, `text` what it says.

    `last`: the last month it speaks of, if it names one. `to_the_end`: it speaks of all there is to
    come of the case.
    """

    path: tuple[str, ...]
    text: str
    ask: Ask
    unit: Unit = "money"
    last: str = ""
    to_the_end: bool = False

    @property
    def name(self) -> str:
        return "/".join(self.path)


class Compared(Struct, frozen=True, kw_only=True):
    """A figure beside what the ledger says, from so many journal lines; money in minor units."""

    figure: Figure
    found: Found
    currency: str
    lines: int = 0
    in_whole: bool = False

    @property
    def expected_minor(self) -> int:
        return _minor(self.figure, self.currency)

    @property
    def found_minor(self) -> int | None:
        """As the ledger sums it, or as its explanation writes it, if that is an amount at all."""
        if self.found.minor is not None or self.found.number is None:
            return self.found.minor
        minor: Fraction = self.found.number * 10 ** exponent(self.currency)
        return int(minor) if minor.denominator == 1 else None

    @property
    def is_money(self) -> bool:
        return self.figure.unit == "money"

    @property
    def is_equal(self) -> bool:
        if self.figure.unit == "money":
            return self.shown_minor == self.expected_minor
        if self.figure.unit == "words":
            return self.found.words == self.figure.text
        expected = _number(self.figure)
        return self.found.number is not None and _to_places(self.found.number, expected) == expected

    @property
    def shown_minor(self) -> int | None:
        """What is found, as the source shows it: half up to whole units where it says no others."""
        unit: int = 10 ** exponent(self.currency)
        if self.found_minor is None or not self.in_whole or self.expected_minor % unit:
            return self.found_minor
        return _half_up(Fraction(self.found_minor, unit)) * unit

    def is_about(self, factor: int) -> bool:
        """A number that was multiplied may miss by half of one more than the factor, in its last
        place; words are the same.
        """
        if self.figure.unit != "number" or self.found.number is None:
            return self.is_equal
        expected = _number(self.figure)
        last_place: int = 10 ** _places(expected)
        return 2 * abs(self.found.number - Fraction(expected)) * last_place <= factor + 1

    def difference(self) -> dict[str, str]:
        """The figure beside what was found; `difference` where both are amounts."""
        row = {"figure": self.figure.name, "expected": self.figure.text, "found": self.said}
        if self.is_money and self.found_minor is not None:
            apart = self.found_minor - self.expected_minor
            row["difference"] = decimal_text(apart, self.currency)
        return row

    @property
    def said(self) -> str:
        if self.is_money and self.found_minor is not None:
            return decimal_text(self.found_minor, self.currency)
        if self.figure.unit == "number" and self.found.number is not None:
            return str(_to_places(self.found.number, _number(self.figure)))
        return self.found.words or "nothing"


def _to_places(number: Fraction, like: Decimal) -> Decimal:
    """Half up to as many places as another number has, from the exact fraction."""
    places = _places(like)
    scaled = Decimal(_half_up(number * 10**places))
    return scaled.scaleb(-places)


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def _half_up(number: Fraction) -> int:
    rounded = int((abs(number) * 2 + 1) // 2)
    return rounded if number >= 0 else -rounded


def _number(figure: Figure) -> Decimal:
    found = LEADING.fullmatch(figure.text)
    if not found:
        raise CaseError(f"expected {figure.name}: not a number")
    return Decimal(found[1])


def _minor(figure: Figure, currency: str) -> int:
    found = LEADING.fullmatch(figure.text)
    try:
        return minor_exactly(found[1] if found else figure.text, currency, figure.name)
    except Malformed as no:
        raise CaseError(f"expected {figure.name}: {no}") from None


def compare(
    wanted: Iterable[Figure], answers: Answers, currency: str, *, in_whole: bool = False
) -> tuple[Compared, ...]:
    """Every figure beside what the ledger says. Raises CaseError for what is no amount.

    `in_whole`: the source shows amounts in whole units.
    """
    found = [(figure, figure.ask(answers)) for figure in wanted]
    rows = tuple(
        Compared(figure=figure, found=one, currency=currency, lines=one.lines, in_whole=in_whole)
        for figure, one in found
    )
    for row in rows:
        if row.is_money:
            _minor(row.figure, currency)
    return rows


def text_of(path: tuple[str, ...], value: Any) -> str:
    """The amount as the file has it, to the letter."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise CaseError(f"expected {'/'.join(path)} must be an amount, not {value!r}")
    return str(value)


def object_of(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CaseError(f"expected {'/'.join(path)} must be an object")
    return value


def rows_of(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The entries of a list, each with its place from 1 on."""
    if not isinstance(value, list):
        raise CaseError(f"expected {'/'.join(path)} must be a list")
    for place, row in enumerate(value, start=1):
        yield (*path, str(place)), row
