"""How a file of usage is read: which columns mean what, said by a small TOML file and nothing else.

The mapping of an import knows quantities and unit prices. Amounts that somebody else worked out are
read only by a mapping of their own, for comparison, so they can never be an input of rating.
Reference: docs/reference/usage-mapping.md.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from domain.errors import Malformed

# What one line of a file says, by column; none for a column without a value.
Record = Mapping[str, object]
Columns = Annotated[tuple[str, ...], Meta(min_length=1)]
Read = TypeVar("Read", bound=Struct)
# Most files say it as the ledger does; the ledger reads it as it stands.
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class EntityPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Opens the legal entity if it is not there yet: its calendar months and its books."""

    name: str
    functional_currency: str
    calendar_from: date
    calendar_months: int = 12
    books: tuple[str, ...] = ("main",)
    zone: str = "UTC"


class UsagePart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns of one usage event. Several columns make one id, joined by `|`."""

    event_id: Columns
    subscription: Columns
    meter: Columns
    quantity: str
    occurred_at: str
    unit: str | None = None
    dimensions: dict[str, str] = {}


class CataloguePart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the same file says of customers and prices; their subscriptions run over one term."""

    customer: Columns
    price: Columns
    unit_price: str
    currency: str
    term_from: date
    term_to: date
    interval_months: int = 1


class UsageMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`missing` are texts that mean no value; times without an offset are in `zone`."""

    source: str
    usage: UsagePart
    missing: tuple[str, ...] = ("",)
    zone: str = "UTC"
    entity: EntityPart | None = None
    catalogue: CataloguePart | None = None


class ControlMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where another system's amount of each event stands, in decimals of `places`."""

    source: str
    event_id: Columns
    amount: str
    places: Annotated[int, Meta(ge=0, le=30)]
    missing: tuple[str, ...] = ("",)


def read_usage_mapping(path: Path) -> UsageMapping:
    return _read(path, UsageMapping)


def read_control_mapping(path: Path) -> ControlMapping:
    return _read(path, ControlMapping)


def _read(path: Path, kind: type[Read]) -> Read:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as problem:
        raise Malformed("bad-mapping", field=path.name, problem=str(problem)) from None


def usage_of(record: Record, mapping: UsageMapping) -> dict[str, object]:
    """The event a record tells of. What is missing stays out, and the ledger refuses it by name."""
    part = mapping.usage
    found = {
        "event_id": joined(record, part.event_id),
        "subscription": joined(record, part.subscription),
        "meter": joined(record, part.meter),
        "quantity": record.get(part.quantity),
        "unit": record.get(part.unit) if part.unit else None,
        "occurred_at": _instant(record.get(part.occurred_at), mapping.zone),
        "dimensions": {
            name: str(record[column])
            for name, column in part.dimensions.items()
            if record.get(column) is not None
        },
    }
    return {name: value for name, value in found.items() if value is not None}


def require_columns(mapping: UsageMapping, header: Container[str]) -> None:
    """A column that the mapping names is in the file, or each of its rows would be rejected for the
    same slip of the pen. Raises `bad-mapping`.
    """
    for part, said in (("usage", mapping.usage), ("catalogue", mapping.catalogue)):
        for field, columns in _named(said):
            for column in columns:
                if column not in header:
                    problem = f"the file has no column {column}"
                    raise Malformed("bad-mapping", field=f"{part}.{field}", problem=problem)


def _named(part: UsagePart | CataloguePart | None) -> Iterator[tuple[str, Iterable[str]]]:
    """The columns that each field of a part names."""
    match part:
        case UsagePart():
            for field in ("event_id", "subscription", "meter"):
                yield field, getattr(part, field)
            unit = () if part.unit is None else (part.unit,)
            yield from (("quantity", (part.quantity,)), ("occurred_at", (part.occurred_at,)))
            yield from (("unit", unit), ("dimensions", part.dimensions.values()))
        case CataloguePart():
            yield from (("customer", part.customer), ("price", part.price))
            yield from (("unit_price", (part.unit_price,)), ("currency", (part.currency,)))
        case None:
            return


def reading_of(mapping: UsageMapping) -> bytes:
    """What decides what each line of a file says, as text that differs where one of it does."""
    said = (mapping.usage, mapping.missing, mapping.zone)
    return msgspec.json.encode(said, order="deterministic")


def joined(record: Record, columns: Columns) -> str | None:
    """One id of several columns, none if any is missing; % and | in a part become %25 and %7C."""
    if len(columns) == 1:
        value = record.get(columns[0])
        return None if value is None else _text(value)
    values = [record.get(column) for column in columns]
    if any(value is None for value in values):
        return None
    return "|".join(_text(value).replace("%", "%25").replace("|", "%7C") for value in values)


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _instant(value: object, zone: str) -> object:
    """A time without offset is in the mapping's zone; what is no time is left for the ledger."""
    if not isinstance(value, str) or _UTC.fullmatch(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
