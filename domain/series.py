"""Series of document numbers: what their numbers begin with, and the place that a number counts.

A prefix may hold `{year}`: then each year of documents has a series of its own, from 1.
"""

from __future__ import annotations

from datetime import date

from domain.errors import Rejected

# So many at least, so that numbers sort as they count.
DIGITS = 6
YEAR = "{year}"


def series_on(prefix: str, day: date) -> str:
    """What the numbers of a document of a day begin with."""
    return prefix.replace(YEAR, f"{day.year:04}")


def number_in(series: str, place: int) -> str:
    """The number of a document by its place in a series, from 1."""
    return f"{series}{place:0{DIGITS}}"


def place_in(series: str, number: str) -> int:
    """The place that `number_in` made the number of."""
    return int(number.removeprefix(series))


def is_of(series: str, number: str) -> bool:
    """Whether a series gives out such a number, now or later."""
    rest = number.removeprefix(series)
    return number.startswith(series) and rest.isdecimal() and len(rest) >= DIGITS


def require_series(prefix: str, field: str) -> None:
    """A prefix must not end in a digit, or numbers of two series could be the same."""
    if series_on(prefix, date.min)[-1:].isdecimal():
        raise Rejected("series-ends-in-digit", field=field, series=prefix)
