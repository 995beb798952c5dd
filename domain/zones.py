"""Time zones by their names in the IANA database: which day an instant falls on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from domain.errors import Malformed


def require_zone(name: str, field: str = "zone") -> None:
    """Refuse a zone nobody could tell the time of. The names ship with the interpreter's tzdata."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Malformed("unknown-zone", field=field, zone=name) from None
