"""One fact of a case in its own words, read field by field, by kind; what cannot be read is named.

Amounts become minor units, instants dates, terms in months or years their end: units are converted,
nothing is worked out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.calendar import ONE_DAY, add_months, month_end, month_start
from domain.currency import is_currency
from domain.decimals import exact_decimal
from domain.errors import Malformed
from domain.money import minor_exactly
from domain.quantity import quantity
from replay.case_format import CaseError

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
YEAR = re.compile(r"[0-9]{4}")
RANGE = re.compile(r"observed range ([0-9.]+)-([0-9.]+)")
MONTHS_A_YEAR = 12
PERCENT_PLACES = 2
# Examples of a standard name no real currency: two that are different, with cents.
NAMELESS = {"CU": "USD", "LC": "USD", "FC": "EUR"}


def currency_of(name: str) -> str:
    """The currency a case means; a name that is none fails the case."""
    code = NAMELESS.get(name, name)
    if not is_currency(code):
        raise CaseError(f"unknown currency {name}")
    return code


class Words(Struct, frozen=True, kw_only=True):
    """One fact, or one line of it, in the case's own words.

    `currency` is that of its amounts, as the ledger names it.
    """

    event: str
    place: int
    raw: Mapping[str, Any]
    currency: str
    zone: str

    def seq(self) -> int:
        """The order of facts recorded at one time; without one, their place in the file."""
        value = self.raw.get("seq", self.place)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse("seq", "a whole number")
        return value

    def has(self, field: str) -> bool:
        return self.raw.get(field) is not None

    def text(self, field: str) -> str:
        return str(self._required(field))

    def flag(self, field: str) -> bool:
        """A claim that is not made is not so."""
        value = self.raw.get(field) or False
        if not isinstance(value, bool):
            self.refuse(field, "true or false")
        return value

    def money(self, field: str) -> int:
        """Minor units of the fact's currency, from a decimal text in major units."""
        return self.minor(field, self._required(field))

    def minor(self, field: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.refuse(field, "an amount such as 12.00")
        try:
            return minor_exactly(str(value), self.currency, field)
        except Malformed as no:
            raise CaseError(f"{self.event}.{field}: {no}") from None

    def price(self, field: str) -> Decimal:
        """A price per unit keeps any precision."""
        return self._exact(field, exact_decimal)

    def number(self, field: str) -> Decimal:
        """A percentage, a share or a rate, as it is written."""
        return self._exact(field, exact_decimal)

    def percent_of_share(self, field: str) -> Decimal:
        """A share of one as a percentage: 0.05 is 5."""
        return self._exact(field, exact_decimal).scaleb(PERCENT_PLACES)

    def units(self, field: str) -> Decimal:
        return self._exact(field, quantity)

    def count(self, field: str) -> int:
        value = self._required(field)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.refuse(field, "a whole number above nothing")
        return value

    def period(self, field: str) -> str:
        """A calendar month, YYYY-MM."""
        text = self.text(field)
        if not MONTH.fullmatch(text):
            self.refuse(field, "a month such as 2024-03")
        return text

    def months_after(self, start: date, field: str) -> date:
        """The first day after a term of so many months."""
        count = self._required(field)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            self.refuse(field, "a whole number of months")
        return add_months(start, count)

    def years_after(self, start: date, field: str) -> date:
        """The first day after a term of so many years."""
        return add_months(start, self.count(field) * MONTHS_A_YEAR)

    def day(self, field: str) -> date:
        """A date; an instant is the date it falls on in the case's time zone."""
        return self.instant(field).astimezone(ZoneInfo(self.zone)).date()

    def day_after(self, field: str) -> date:
        """A last day of service, as the half-open end the ledger keeps."""
        return self.day(field) + ONE_DAY

    def day_before_month(self, field: str) -> date:
        """The last day of the month before a date."""
        return month_start(self.day(field)) - ONE_DAY

    def month_end(self, field: str) -> date:
        """The last day of the month of a date."""
        return month_end(self.day(field))

    def is_instant(self, field: str) -> bool:
        """Whether a time of day is stated."""
        return len(self.text(field)) > len("2024-01-31")

    def instant(self, field: str) -> datetime:
        """An instant; a date is its first moment in the case's time zone."""
        text = self.text(field)
        try:
            if not self.is_instant(field):
                return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(self.zone))
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.refuse(field, "an ISO date or instant")
        if moment.tzinfo is None:
            self.refuse(field, "an instant with its offset")
        return moment

    def lines(self, field: str = "lines") -> tuple[Words, ...]:
        """The lines of an invoice or a deal; one without `lines` is itself its only line."""
        if not self.has(field):
            return (self,)
        rows = self.raw[field]
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            self.refuse(field, "a list of lines")
        return tuple(self._of(f"{self.event}.{field}", row) for row in rows)

    def part(self, field: str) -> Words:
        """A field that is itself an object."""
        row = self._required(field)
        if not isinstance(row, dict):
            self.refuse(field, "an object")
        return self._of(f"{self.event}.{field}", row)

    def parts(self, field: str) -> dict[str, Words]:
        """Objects by name."""
        rows = self._required(field)
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            self.refuse(field, "objects by name")
        return {name: self._of(f"{self.event}.{field}", row) for name, row in rows.items()}

    def within(self, fact: Words) -> Words:
        """A part of a fact, from the same day on where it says no other."""
        return self._of(self.event, {"effective": fact.raw.get("effective"), **self.raw})

    def names(self, field: str) -> tuple[str, ...]:
        rows = self._required(field)
        if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
            self.refuse(field, "a list of names")
        return tuple(rows)

    def by_name(self, field: str) -> dict[str, int]:
        rows = self._required(field)
        if not isinstance(rows, dict) or not rows:
            self.refuse(field, "amounts by name")
        return {name: self.minor(field, value) for name, value in rows.items()}

    def numbers(self, field: str) -> dict[str, Decimal]:
        """Numbers by name."""
        rows = self._required(field)
        if not isinstance(rows, dict) or not rows:
            self.refuse(field, "numbers by name")
        return {name: self._of(self.event, rows).number(name) for name in rows}

    def taken_off(self, field: str) -> int:
        """An amount that lowers a price."""
        return -self.money(field)

    def ranged(self, field: str, value: Any) -> tuple[int, int] | None:
        """The two ends of an observed range of prices, if that is what is written."""
        found = RANGE.fullmatch(value) if isinstance(value, str) else None
        return (self.minor(field, found[1]), self.minor(field, found[2])) if found else None

    def refuse(self, field: str, wanted: str) -> NoReturn:
        raise CaseError(f"{self.event}.{field} must be {wanted}, not {self.raw.get(field)!r}")

    def _of(self, event: str, raw: Mapping[str, Any]) -> Words:
        return Words(event=event, place=self.place, raw=raw, currency=self.currency, zone=self.zone)

    def _exact(self, field: str, read: Any) -> Decimal:
        value = self._required(field)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.refuse(field, "a number")
        try:
            exact = read(value, field)
        except Malformed as no:
            raise CaseError(f"{self.event}.{field}: {no}") from None
        assert isinstance(exact, Decimal)
        return exact

    def _required(self, field: str) -> Any:
        if not self.has(field):
            raise CaseError(f"missing field {self.event}.{field}")
        return self.raw[field]
