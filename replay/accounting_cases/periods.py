"""Labels of periods in expected figures: months, quarters, years, and moments of a deal."""

from __future__ import annotations

import re
from datetime import date

from msgspec import Struct

from replay.accounting_cases.words import MONTH, YEAR
from replay.case_format import CaseError

# A quarter; what is said to be booked in it as a catch-up is all that is booked in it.
QUARTER = re.compile(r"([0-9]{4})-Q([1-4])(-catch-up)?")
QUARTERS = {"1": ("01", "03"), "2": ("04", "06"), "3": ("07", "09"), "4": ("10", "12")}
# The end of a year before what renewed it came in, and a day after all that it brought.
BEFORE = re.compile(r"([0-9]{4})-before-renewal")
AFTER = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})-after-renewal-cash")


class Months(Struct, frozen=True):
    """From the first to the last month, YYYY-MM."""

    first: str
    last: str


def months_of(path: tuple[str, ...], label: str) -> Months:
    """A month is itself, a quarter its three, a year its twelve months."""
    quarter = QUARTER.fullmatch(label)
    if MONTH.fullmatch(label):
        return Months(label, label)
    if YEAR.fullmatch(label):
        return Months(f"{label}-01", f"{label}-12")
    if quarter:
        first, last = QUARTERS[quarter[2]]
        return Months(f"{quarter[1]}-{first}", f"{quarter[1]}-{last}")
    raise CaseError(f"unknown period {'/'.join(path)}/{label}")


def day_of(path: tuple[str, ...], label: str) -> date:
    try:
        return date.fromisoformat(label)
    except ValueError:
        raise CaseError(f"unknown day {'/'.join(path)}/{label}") from None
