"""How far days may lie: what no date of the ledger is beyond, how long a term or notice is."""

from __future__ import annotations

from datetime import date

from domain.errors import Malformed, Rejected

# Days before and after these are counted with, so neither is at the calendar's own end.
FIRST_YEAR = 1900
LAST_YEAR = 2999
# A term is measured billing period by billing period.
TERM_DAYS_MAX = 36_525


def require_day(day: date | None, field: str) -> None:
    """A day that may be left out; a slip of the pen lies centuries away."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Malformed("date-out-of-range", field=field, date=str(day))


def require_days(said: object, *names: str, within: str) -> None:
    """Days that something says, each by the name of its field."""
    for name in names:
        require_day(getattr(said, name), f"{within}.{name}")


def require_notice(days: int | None, field: str) -> None:
    """On so many days' notice a customer may leave, if it may."""
    if days is None:
        return
    if days < 0:
        raise Rejected("negative-notice", field=field)
    if days > TERM_DAYS_MAX:
        raise Rejected("term-too-long", field=field, days_max=TERM_DAYS_MAX)
