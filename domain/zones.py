"""Time zones by their names in the IANA database: which day an instant falls on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from domain.errors import Malformed


def require_zone(name: str, field: str = "zone") -> None:
    """Refuse a zone nobody could tell the time of. The names ship with the interpreter's tzdata."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Malformed("unknown-zone", field=field, zone=name) from None


def instant(moment: datetime | date, zone: str) -> datetime:
    """In UTC; of a day its beginning in the zone."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime.combine(moment, time(), ZoneInfo(zone)).astimezone(UTC)


def day_of(moment: datetime, zone: str) -> date:
    """The day an instant falls on in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()
