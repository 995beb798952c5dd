"""Usage per local day of a subscription, as known at a position: what the poster measures from.

A day belongs to the subscription's own zone, and beside it to the entity's, by which it is earned.
Where the zone is always whole hours from UTC the
totals per hour are enough; elsewhere the rows are read. Both give the same: a test compares. Meters
whose rows do not add up (a maximum, a dimension that prices ask for) are read row by row.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from psycopg.rows import TupleRow

from domain.calendar import add_months
from domain.usage import UsageDay
from store.db import Connection, queries
from store.log import END
from store.usage_input import EARLIEST, LATEST

SQL = queries(__file__)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRST_DAY = EARLIEST.date()


def usage_days(
    connection: Connection,
    entity: str,
    zones: Mapping[str, str],
    *,
    by_row: Collection[str] = (),
    earned: str | None = None,
    since: date = FIRST_DAY,
    upto: int = END,
) -> tuple[UsageDay, ...]:
    """What each batch up to a position adds to each day; a correction's batch may take away.

    `zones` names the subscriptions wanted and the zone of each, `by_row` the meters whose rows are
    wanted one by one, `earned` the entity's zone; one query for all of a kind. Of the days before
    `since` some may be missing.
    """
    books = earned is None or whole_hours(earned)
    hourly = {name: zone for name, zone in zones.items() if books and whole_hours(zone)}
    others = {name: zone for name, zone in zones.items() if name not in hourly}
    look = _Look(connection, entity, sorted(by_row), earned, since, upto)
    return (
        *look.days(SQL.days_from_hours, hourly),
        *look.days(SQL.days_from_rows, others),
        *look.rows(zones),
    )


def usage_days_from_rows(
    connection: Connection,
    entity: str,
    zones: Mapping[str, str],
    *,
    earned: str | None = None,
    upto: int = END,
) -> tuple[UsageDay, ...]:
    """The slow way, for whoever wants to check the fast one."""
    return _Look(connection, entity, [], earned, FIRST_DAY, upto).days(SQL.days_from_rows, zones)


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


class _Look(NamedTuple):
    """One entity as known at a position."""

    connection: Connection
    entity: str
    by_row: list[str]
    earned: str | None
    since: date
    upto: int

    def days(self, statement: str, zones: Mapping[str, str]) -> tuple[UsageDay, ...]:
        """Meters whose rows add up."""
        return tuple(
            UsageDay(
                subscription=subscription,
                meter=meter,
                day=day,
                position=position,
                rows=rows,
                quantity=quantity,
                unit=unit,
                earned_on=earned_on,
            )
            for subscription, meter, day, position, rows, quantity, unit, earned_on in self._found(
                statement, zones
            )
        )

    def rows(self, zones: Mapping[str, str]) -> tuple[UsageDay, ...]:
        """Meters whose rows do not."""
        if not self.by_row:
            return ()
        known = _Dimensions()
        return tuple(
            UsageDay(
                subscription=subscription,
                meter=meter,
                day=day,
                position=position,
                rows=times,
                quantity=quantity,
                unit=unit,
                earned_on=earned_on,
                at=at,
                event=event_name(source, event_id),
                dimensions=known[dimensions],
            )
            for subscription, meter, day, position, times, quantity, unit, earned_on, at, source,
            event_id, dimensions in self._found(SQL.rows_of_meters, zones)
        )  # fmt: skip

    def _found(self, statement: str, zones: Mapping[str, str]) -> Sequence[TupleRow]:
        if not zones:
            return ()
        arguments = {
            "entity": self.entity,
            "subscriptions": list(zones),
            "zones": list(zones.values()),
            "earned": [None if zone == self.earned else self.earned for zone in zones.values()],
            "by_row": self.by_row,
            # Wherever the subscription is, its days of a date begin no earlier.
            "since": datetime.combine(self.since, time(), UTC) - DAY,
            "upto": self.upto,
        }
        return self.connection.execute(statement, arguments).fetchall()


class _Dimensions(dict[str, tuple[tuple[str, str], ...]]):
    """Dimensions by the text they are kept as: few of them are different."""

    def __missing__(self, text: str) -> tuple[tuple[str, str], ...]:
        made = self[text] = tuple(sorted(msgspec.json.decode(text, type=dict[str, str]).items()))
        return made


def event_name(source: str, event_id: str) -> str:
    """A row's name among those of all sources: `source|id`, with % and | written out."""
    return f"{source.replace('%', '%25').replace('|', '%7C')}|{event_id}"
