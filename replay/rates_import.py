"""A file of rates into the ledger: a publication a day, and what the ledger knows of rates.

Keys are made of what is said, so the same file again, or one that overlaps it, changes nothing; a
rate that a later file tells otherwise takes the place of what was said of that day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from domain.decimals import exact_decimal
from domain.errors import Malformed
from domain.facts import When
from domain.master import MasterData, master_data
from domain.money import decimal_of
from domain.rates import PublishRates, Rate
from replay.ledger import Ledger
from replay.records import records
from replay.usage_mapping import Record
from store import log
from store.codec import canonical_json
from store.request import Request

COLUMNS = ("date", "currency", "into", "rate")
KEY_DIGITS = 16
# As many places as a rate may have.
RATE_PLACES = 60


class Imported(Struct, frozen=True, kw_only=True):
    """So many rates of so many days; `known`: days that had been told the same before."""

    rates: int
    days: int
    known: int


class KnownRate(Struct, frozen=True, kw_only=True):
    """A rate as the ledger knows it, by the fact at `position`; `rate` is exact, as published."""

    source: str
    day: date
    currency: str
    into: str
    rate: Decimal
    position: int


def import_rates(ledger: Ledger, entity: str, file: Path, source: str, actor: str) -> Imported:
    """The whole file is read before anything is asked for; a row that is wrong refuses it."""
    days: dict[date, list[Rate]] = {}
    for number, row in enumerate(records(file, ("",)), 1):
        day, rate = _read(row, number)
        days.setdefault(day, []).append(rate)
    requests = [_request(entity, source, actor, day, rates) for day, rates in sorted(days.items())]
    known = 0
    for request in requests:
        known += ledger.submit(request).repeated
    told = sum(map(len, days.values()))
    return Imported(rates=told, days=len(days), known=known)


def _read(row: Record | str, number: int) -> tuple[date, Rate]:
    if isinstance(row, str) or {*COLUMNS} - row.keys():
        raise Malformed("missing-field", field="rates", row=number, columns=", ".join(COLUMNS))
    said = {name: str(row[name] or "").strip() for name in COLUMNS}
    try:
        day = date.fromisoformat(said["date"])
    except ValueError:
        raise Malformed("bad-date", field="date", row=number, value=said["date"]) from None
    rate = exact_decimal(said["rate"], "rate")
    return day, Rate(currency=said["currency"], into=said["into"], rate=rate)


def _request(entity: str, source: str, actor: str, day: date, rates: list[Rate]) -> Request:
    command = PublishRates(when=When(effective=day), rates=tuple(rates))
    digest = hashlib.sha256(canonical_json(command).encode()).hexdigest()[:KEY_DIGITS]
    return Request(
        entity=entity,
        stream=f"rates:{source}",
        key=f"rates:{source}:{day}:{digest}",
        command=command,
        actor=actor,
    )


def known_rates(ledger: Ledger, entity: str) -> Iterator[KnownRate]:
    """Every rate in force, by source, pair and day."""
    master = _master(ledger, entity)
    for (source, currency, into), rates in sorted(master.rates.items()):
        for rate in rates:
            yield KnownRate(
                source=source,
                day=rate.day,
                currency=currency,
                into=into,
                rate=decimal_of(rate.rate, RATE_PLACES),
                position=rate.position,
            )


def _master(ledger: Ledger, entity: str) -> MasterData:
    with ledger.connection() as connection:
        return master_data(log.read_categories(connection, entity, ["rates"]))
