"""Usage per local day of a subscription, as known at a position: what the poster measures from.

A day belongs to the subscription's own zone. Where the zone is always whole hours from UTC the
totals per hour are enough; elsewhere the rows are read. Both give the same: a test compares.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from domain.calendar import add_months
from domain.usage import UsageDay
from store.db import Connection, queries
from store.log import END
from store.usage_input import EARLIEST, LATEST

SQL = queries(__file__)

HOUR = timedelta(hours=1)


def usage_days(
    connection: Connection, entity: str, zones: Mapping[str, str], *, upto: int = END
) -> tuple[UsageDay, ...]:
    """What each batch up to a position adds to each day; a correction's batch may take away.

    `zones` names the subscriptions wanted and the zone of each; one query for all of a kind.
    """
    hourly = {name: zone for name, zone in zones.items() if whole_hours(zone)}
    others = {name: zone for name, zone in zones.items() if name not in hourly}
    return (
        *_days(connection, SQL.days_from_hours, entity, hourly, upto),
        *_days(connection, SQL.days_from_rows, entity, others, upto),
    )


def usage_days_from_rows(
    connection: Connection, entity: str, zones: Mapping[str, str], *, upto: int = END
) -> tuple[UsageDay, ...]:
    """The slow way, for whoever wants to check the fast one."""
    return _days(connection, SQL.days_from_rows, entity, zones, upto)


@cache
def whole_hours(zone: str) -> bool:
    """Whether a zone was whole hours from UTC in every month that usage may fall in."""
    place = ZoneInfo(zone)
    day = EARLIEST.date()
    while day < LATEST.date():
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        offset = moment.astimezone(place).utcoffset()
        if offset is None or offset % HOUR:
            return False
        day = add_months(day, 1)
    return True


def _days(
    connection: Connection, statement: str, entity: str, zones: Mapping[str, str], upto: int
) -> tuple[UsageDay, ...]:
    if not zones:
        return ()
    arguments = {
        "entity": entity,
        "subscriptions": list(zones),
        "zones": list(zones.values()),
        "upto": upto,
    }
    return tuple(
        UsageDay(
            subscription=subscription,
            meter=meter,
            day=day,
            position=position,
            rows=rows,
            quantity=quantity,
        )
        for subscription, meter, day, position, rows, quantity in connection.execute(
            statement, arguments
        ).fetchall()
    )
