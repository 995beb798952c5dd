"""The values of a case, read exactly: numbers, days, instants; what cannot be read is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.decimals import exact_decimal
from domain.errors import Malformed
from replay.case_format import CaseError

# What happens is in years whose calendar and time zones are known.
FIRST_YEAR, LAST_YEAR = 1900, 2200
LENGTH_OF_A_DATE = len("2024-01-31")


class Dates(Struct, frozen=True, kw_only=True):
    """How the source writes days: in its own time zone, or as they stand in the text.

    `ends_counted`: an end it names is the last day served, as a moment before midnight is anyway.
    """

    zone: str
    as_written: bool = False
    ends_counted: bool = False

    def instant(self, text: object) -> datetime:
        """An instant; a date is its first moment in the case's zone."""
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            raise CaseError(f"not an ISO date or instant: {text!r}") from None
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise CaseError(f"a year out of reach: {text!r}")
        if len(str(text)) > LENGTH_OF_A_DATE and moment.tzinfo is None:
            raise CaseError(f"an instant without its offset: {text!r}")
        if self.as_written or moment.tzinfo is None:
            return moment.replace(tzinfo=ZoneInfo(self.zone))
        return moment

    def day(self, text: object) -> date:
        """The date an instant falls on."""
        return self.instant(text).astimezone(ZoneInfo(self.zone)).date()

    def end(self, text: object) -> date:
        """The end of service as the first day not served."""
        moment = self.instant(text).astimezone(ZoneInfo(self.zone))
        inclusive = self.ends_counted or moment.time() == time(23, 59, 59)
        return moment.date() + ONE_DAY if inclusive else moment.date()


class Fields:
    """An object of a case, taken field by field; a field nobody takes is unknown."""

    def __init__(self, name: str, raw: object) -> None:
        if not isinstance(raw, Mapping):
            raise CaseError(f"{name} must be an object, not {raw!r}")
        self.called = name
        self._raw: dict[str, Any] = dict(raw)
        self._left = dict(raw)

    def has(self, field: str) -> bool:
        return self._raw.get(field) is not None

    def take(self, field: str, default: Any = None) -> Any:
        self._left.pop(field, None)
        value = self._raw.get(field)
        return default if value is None else value

    def text(self, field: str, default: str = "") -> str:
        value = self.take(field, default)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.refuse(field, "a text")
        return str(value)

    def name(self, field: str) -> str:
        """A text that says something."""
        if not self.text(field).strip():
            raise CaseError(f"missing field {self.called}.{field}")
        return self.text(field)

    def flag(self, field: str) -> bool:
        value = self.take(field, default=False)
        if not isinstance(value, bool):
            self.refuse(field, "true or false")
        return value

    def number(self, field: str, default: str | None = None) -> Decimal:
        if default is None and not self.has(field):
            raise CaseError(f"missing field {self.called}.{field}")
        return number(self.take(field, default), f"{self.called}.{field}")

    def maybe(self, field: str) -> Decimal | None:
        return self.number(field) if self.has(field) else None

    def whole(self, field: str) -> int:
        return whole(self.take(field), f"{self.called}.{field}")

    def rows(self, field: str) -> Iterator[Fields]:
        rows = self.take(field)
        if not isinstance(rows, list) or not rows:
            self.refuse(field, "a list")
        return (Fields(f"{self.called}.{field}", row) for row in rows)

    def left(self) -> tuple[str, ...]:
        return tuple(self._left)

    def done(self) -> None:
        """Nothing of a case is skipped."""
        if self._left:
            raise CaseError(*(f"unknown field {self.called}.{field}" for field in self._left))

    def refuse(self, field: str, wanted: str) -> NoReturn:
        raise CaseError(f"{self.called}.{field} must be {wanted}, not {self._raw.get(field)!r}")


def number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise CaseError(f"{name} must be a number, not {value!r}")
    try:
        return exact_decimal(value, name)
    except Malformed:
        raise CaseError(f"{name} must be a number, not {value!r}") from None


def whole(value: object, name: str) -> int:
    exact = number(value, name)
    if exact != exact.to_integral_value():
        raise CaseError(f"{name} must be a whole number, not {value!r}")
    return int(exact)


def is_number(value: object) -> bool:
    try:
        number(value, "")
    except CaseError:
        return False
    return True
