"""What each price model comes to: how many subscriptions it is sold in, what it billed and earned.

Billed is read from documents: the lines of invoices less what credit notes and voids took off, each
at the price version it cites. Earned is the journal's revenue, by the price that the obligation had
at the end of the period it was earned in. So the two columns are two ways to the books.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct, field

from domain.accounting.documents import BilledLine, billed_lines
from domain.facts import timeline
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.price import PriceSet, version_of
from domain.terms.said import Given, given_by, prices_given
from projections.question import Answer, Horizon, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

STREAMS_AT_ONCE = 1_000
# Of what names no price: a contract stated by itself, tax, credit that is carried.
UNPRICED = "no price"


class PriceModel(Struct, frozen=True, kw_only=True):
    """One model, how it is sold (`recurring`, `usage` or `once`), and what it came to."""

    model: str
    sold: str
    currency: str
    subscriptions: int
    billed_minor: int
    earned_minor: int


class _Sums(Struct):
    subscriptions: set[str] = field(default_factory=set)
    billed_minor: int = 0
    earned_minor: int = 0


_Key = tuple[str, str, str]
_Found = dict[_Key, _Sums]
# By subscription, lines that cite no price: they are for several in one period.
_Rest = dict[str, list[BilledLine]]


def price_models(connection: Connection, question: Question) -> Answer[PriceModel]:
    """Every model that something was sold at, by currency."""
    with looking(connection, question) as seen:
        facts = log.read_categories(connection, seen.entity, MASTER_CATEGORIES, upto=seen.known_at)
        master = master_data(facts)
        found: _Found = {}
        rest = _bill(connection, seen, master, found)
        _earn(connection, seen, master, found, rest)
        return seen.answer(
            tuple(
                PriceModel(
                    model=model,
                    sold=sold,
                    currency=currency,
                    subscriptions=len(sums.subscriptions),
                    billed_minor=sums.billed_minor,
                    earned_minor=sums.earned_minor,
                )
                for (model, sold, currency), sums in sorted(found.items())
            )
        )


def _bill(connection: Connection, seen: Horizon, master: MasterData, found: _Found) -> _Rest:
    """The lines of all documents; those of a subscription that cite no price are handed back."""
    rest: _Rest = {}
    for page in _pages(connection, seen, "invoice"):
        read = log.read_streams(connection, seen.entity, page, upto=seen.known_at)
        for facts in read.values():
            for row in billed_lines(timeline(facts)):
                version, line = master.version(row.line.price or ""), row.line
                if version is None and line.subscription and line.is_for_service:
                    rest.setdefault(f"subscription:{line.subscription}", []).append(row)
                    continue
                key = _key(version.price if version else None, row.currency)
                found.setdefault(key, _Sums()).billed_minor += _left(row, seen.through)
    return rest


def _left(row: BilledLine, through: date) -> int:
    """What a line asks for on a day."""
    if row.issued_on > through:
        return 0
    return row.left_on(through)


def _earn(
    connection: Connection, seen: Horizon, master: MasterData, found: _Found, rest: _Rest
) -> None:
    """Revenue, and the lines for several prices in one period, by the item's price on their day."""
    for page in _pages(connection, seen, "subscription"):
        read = log.read_streams(connection, seen.entity, page, upto=seen.known_at)
        given = {stream: prices_given(timeline(facts)) for stream, facts in read.items()}
        for stream, prices in given.items():
            _sell(stream, prices, master, found)
            for row in rest.pop(stream, ()):
                day = row.line.service_from or row.issued_on
                price = _price(prices, row.obligation, day, master)
                key = _key(price, row.currency)
                found.setdefault(key, _Sums()).billed_minor += _left(row, seen.through)
        names = seen.parameters(units=page)
        for unit, item, earned, currency, minor in connection.execute(SQL.earned, names):
            key = _key(_price(given[unit], item, earned, master), currency)
            found.setdefault(key, _Sums()).earned_minor += minor
    for currency, minor in connection.execute(SQL.earned_otherwise, seen.parameters()):
        found.setdefault(_key(None, currency), _Sums()).earned_minor += minor


def _price(
    prices: dict[str, list[Given]], item: str, day: date, master: MasterData
) -> PriceSet | None:
    version = version_of(given_by(prices, item, day).price, day, master.prices)
    return version.price if version else None


def _sell(stream: str, prices: dict[str, list[Given]], master: MasterData, found: _Found) -> None:
    """Which models a subscription was ever sold at."""
    for rows in prices.values():
        for given in rows:
            version = version_of(given.price, given.day, master.prices)
            if version is not None:
                key = _key(version.price, version.price.currency)
                found.setdefault(key, _Sums()).subscriptions.add(stream)


def _key(price: PriceSet | None, currency: str) -> _Key:
    if price is None:
        return UNPRICED, "", currency
    sold = "usage" if price.meter is not None else "once" if price.once else "recurring"
    return str(type(price.model).__struct_config__.tag), sold, currency


def _pages(connection: Connection, seen: Horizon, category: str) -> Iterator[list[str]]:
    """Some streams at a time: memory does not grow with the ledger."""
    after = ""
    names = {"entity": seen.entity, "category": category, "limit": STREAMS_AT_ONCE}
    while page := [
        stream for (stream,) in connection.execute(SQL.streams, names | {"after": after})
    ]:
        yield page
        after = page[-1]
