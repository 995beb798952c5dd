"""A file of usage, and what it says of customers and prices, into the ledger.

Everything goes through public commands, under keys made of what they say, and only what the ledger
does not know yet is asked for: an import that was cut off is simply repeated, and a later file adds
its prices to customers already there. One batch per file and reading of it: a row that cannot be
taken is kept by the ledger with its code and number, and the rest goes on; read by a corrected
mapping it is taken.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

from msgspec import Struct

from domain.deciders import Command
from domain.decimals import exact_decimal
from domain.errors import Malformed
from domain.facts import When, fold, known
from domain.master import MasterData, master_data
from domain.meter import DefineMeter
from domain.party import RegisterCustomer, registered
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import DECIDER as SUBSCRIPTION
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from replay.ledger import Ledger
from replay.records import header_of, records
from replay.usage_mapping import (
    CataloguePart,
    Record,
    UsageMapping,
    joined,
    reading_of,
    require_columns,
    usage_of,
)
from replay.usage_opening import SELF, opening
from store import log
from store.codec import canonical_json
from store.request import Receipt, Request
from store.usage_input import Raw
from store.usage_rows import BatchReceipt
from store.usage_stage import Kind, UsageBatch

ACTOR = "usage-import"
# Of the digest of what is asked, enough to tell two requests on one stream apart.
KEY_DIGITS = 16
Told = Callable[[str, int], None]


class Price(Struct, frozen=True):
    """A unit price as the file states it, for one meter."""

    meter: str
    unit_amount: Decimal
    currency: str


class Catalogue(Struct, kw_only=True):
    """What the file says of customers and prices, gathered in one pass; small beside the file."""

    prices: dict[str, Price] = {}
    units: dict[str, set[str]] = {}
    customers: dict[str, str] = {}
    items: dict[str, tuple[str, dict[str, None]]] = {}
    problems: list[Problem] = []


class Problem(Struct, frozen=True, kw_only=True):
    """Something of the file that was not taken: a command refused, or prices that contradict."""

    subject: str
    code: str
    detail: str = ""


class Imported(Struct, frozen=True, kw_only=True):
    """What became of the file."""

    entity: str
    registered: dict[str, int]
    problems: tuple[Problem, ...]
    usage: BatchReceipt


def import_usage(
    ledger: Ledger,
    entity: str,
    path: Path,
    mapping: UsageMapping,
    told: Told | None = None,
    *,
    kind: Kind = "rows",
) -> Imported:
    """Open what is not open, register what is not registered, then take the rows as one batch: new
    ones, or corrections of rows by their ids. Raises `bad-mapping`, before anything is asked for,
    where the mapping names a column that the file has not.
    """
    say = told or _silent
    header = header_of(path)
    if header is not None:
        require_columns(mapping, header)
    registered: Counter[str] = Counter()
    problems: list[Problem] = []
    for what, requests in _commands(ledger, entity, path, mapping, problems):
        registered[what] += 0
        for request, outcome in zip(requests, ledger.submit_many(entity, requests), strict=True):
            if isinstance(outcome, Receipt):
                registered[what] += not outcome.repeated
            else:
                problem = Problem(subject=request.stream, code=outcome.code, detail=str(outcome))
                problems.append(problem)
        say(what, len(requests))
    key = _key(path, mapping, kind)
    batch = UsageBatch(entity=entity, source=mapping.source, key=key, kind=kind, actor=ACTOR)
    receipt = ledger.ingest(batch, _rows(path, mapping))
    say("usage rows", receipt.received)
    return Imported(
        entity=entity,
        registered=dict(registered),
        problems=tuple(problems),
        usage=receipt,
    )


def _silent(kind: str, count: int) -> None:
    """Nobody listens."""


def _key(path: Path, mapping: UsageMapping, kind: Kind) -> str:
    """The same file from the same source, read in the same way, is the same batch, wherever it
    lies. Read otherwise it says something else.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    reading = hashlib.sha256(reading_of(mapping)).hexdigest()
    return f"import:{mapping.source}:{kind}:{digest}:{reading[:KEY_DIGITS]}"


def _rows(path: Path, mapping: UsageMapping) -> Iterator[Raw | str]:
    for record in records(path, mapping.missing):
        yield record if isinstance(record, str) else usage_of(record, mapping)


# --- what the file says of customers and prices ------------------------------------------------


def _commands(
    ledger: Ledger, entity: str, path: Path, mapping: UsageMapping, problems: list[Problem]
) -> Iterator[tuple[str, list[Request]]]:
    """Requests by kind, in the order in which one needs the other."""
    ask = _Asking(entity, mapping.source)
    if mapping.entity is not None:
        otherwise = partial(_told_otherwise, problems)
        yield "books", list(opening(ledger, entity, mapping.entity, ask, otherwise))
    if mapping.catalogue is None:
        return
    found = _gather(records(path, mapping.missing), mapping, mapping.catalogue)
    known = _known(ledger, entity, found)
    problems.extend(found.problems)
    since = When(effective=mapping.catalogue.term_from)
    yield (
        "customers",
        [
            ask(f"customer:{name}", RegisterCustomer(when=since, currency=currency))
            for name, currency in found.customers.items()
            if name not in known.customers
        ],
    )
    yield (
        "meters",
        [
            ask(f"meter:{name}", _meter(found, name, since))
            for name in found.units
            if name not in known.master.meters
        ],
    )
    new = _new_prices(found, known, problems)
    yield (
        "prices",
        [
            ask(f"price:{name}", _set_price(price, since, mapping.catalogue, found))
            for name, price in new.items()
        ],
    )
    yield (
        "subscriptions",
        [
            ask(f"subscription:{name}", command)
            for name in found.items
            if (command := _sold(name, found, known, since, mapping)) is not None
        ],
    )


def _told_otherwise(problems: list[Problem], detail: str) -> None:
    problems.append(Problem(subject=SELF, code="entity-already-open", detail=detail))


class _Known(Struct, frozen=True, kw_only=True):
    """What the ledger knows already of what the file names."""

    customers: frozenset[str]
    master: MasterData
    items: dict[str, frozenset[str]]


def _known(ledger: Ledger, entity: str, found: Catalogue) -> _Known:
    streams = [f"customer:{name}" for name in found.customers]
    streams += [f"meter:{name}" for name in found.units]
    streams += [f"price:{name}" for name in found.prices]
    streams += [f"subscription:{name}" for name in found.items]
    with ledger.connection() as connection:
        told = log.read_streams(connection, entity, streams)
    facts = {stream: rows for stream, rows in told.items() if rows}
    sold = {name: facts.get(f"subscription:{name}") for name in found.items}
    states = {name: fold(SUBSCRIPTION, rows) for name, rows in sold.items() if rows}
    whole = [fact for rows in facts.values() for fact in rows]
    return _Known(
        customers=registered(known(whole)),
        master=master_data(whole),
        items={name: state.items for name, state in states.items() if state.term_from},
    )


def _new_prices(found: Catalogue, known: _Known, problems: list[Problem]) -> dict[str, Price]:
    """Prices not set yet. What is set stands: a file that states another does not move it."""
    new = {}
    for name, price in found.prices.items():
        versions = known.master.prices.get(name, ())
        if not versions:
            new[name] = price
            continue
        stands = versions[0].price
        if (stands.meter, stands.currency, stands.model) != (
            price.meter,
            price.currency,
            PerUnit(unit_amount=price.unit_amount),
        ):
            detail = f"{price.unit_amount} {price.currency}, set before otherwise"
            code = "two-prices-for-one-key"
            problems.append(Problem(subject=f"price:{name}", code=code, detail=detail))
    return new


def _sold(
    name: str, found: Catalogue, known: _Known, since: When, mapping: UsageMapping
) -> StartSubscription | AmendSubscription | None:
    """Start what nobody sold yet; to what is sold already, add the items it does not have."""
    customer, items = found.items[name]
    if name not in known.items:
        return _start(customer, found.customers[customer], items, since, mapping)
    more = [
        ItemChange(item=item, price=item) for item in sorted(items) if item not in known.items[name]
    ]
    return AmendSubscription(when=since, items=tuple(more)) if more else None


class _Asking(Struct, frozen=True):
    """Requests of one import: the key is made of what is asked, so asking again is a repeat."""

    entity: str
    source: str

    def __call__(self, stream: str, command: Command) -> Request:
        asked = hashlib.sha256(canonical_json(command).encode()).hexdigest()
        key = f"import:{self.source}:{stream}:{asked[:KEY_DIGITS]}"
        return Request(entity=self.entity, stream=stream, key=key, command=command, actor=ACTOR)


def _gather(found: Iterable[Record | str], mapping: UsageMapping, part: CataloguePart) -> Catalogue:
    """Only of rows that say everything: a row that will be rejected registers nothing."""
    catalogue = Catalogue()
    for record in found:
        if isinstance(record, str):
            continue
        ids = [
            joined(record, columns) for columns in (part.customer, part.price, mapping.usage.meter)
        ]
        subscription = joined(record, mapping.usage.subscription)
        customer, name, meter = ids
        if customer is None or name is None or meter is None or subscription is None:
            continue
        price = _price(record, part, name, meter, catalogue)
        if price is not None:
            _add(catalogue, record, mapping, (customer, subscription, name), price)
    return catalogue


def _price(
    record: Record, part: CataloguePart, name: str, meter: str, catalogue: Catalogue
) -> Price | None:
    """The row's price, if it states one and no earlier row stated another under the same key."""
    stated, currency = record.get(part.unit_price), record.get(part.currency)
    if stated is None or currency is None:
        return None
    try:
        price = Price(meter, exact_decimal(str(stated), part.unit_price), str(currency))
    except Malformed as problem:
        catalogue.problems.append(
            Problem(subject=f"price:{name}", code=problem.code, detail=str(stated))
        )
        return None
    first = catalogue.prices.setdefault(name, price)
    if first != price:
        catalogue.problems.append(
            Problem(
                subject=f"price:{name}",
                code="two-prices-for-one-key",
                detail=f"{first.unit_amount} {first.currency}, {price.unit_amount} {currency}",
            )
        )
        return None
    return price


def _add(
    catalogue: Catalogue,
    record: Record,
    mapping: UsageMapping,
    ids: tuple[str, str, str],
    price: Price,
) -> None:
    customer, subscription, name = ids
    catalogue.customers.setdefault(customer, price.currency)
    unit = record.get(mapping.usage.unit) if mapping.usage.unit else None
    catalogue.units.setdefault(price.meter, set()).add(str(unit or "unit"))
    _, items = catalogue.items.setdefault(subscription, (customer, {}))
    items[name] = None


def _meter(found: Catalogue, meter: str, since: When) -> DefineMeter:
    """Of several units one counts as another, since the file has one price for all of them."""
    unit = _unit(found, meter)
    others = sorted(found.units[meter] - {unit})
    conversions = dict.fromkeys(others, Decimal(1))
    return DefineMeter(when=since, aggregation="sum", unit=unit, conversions=conversions)


def _unit(found: Catalogue, meter: str) -> str:
    """The meter's unit, where the file uses only one; each row keeps its own."""
    units = found.units[meter]
    return next(iter(units)) if len(units) == 1 else "unit"


def _set_price(price: Price, since: When, part: CataloguePart, found: Catalogue) -> SetPrice:
    return SetPrice(
        when=since,
        currency=price.currency,
        model=PerUnit(unit_amount=price.unit_amount),
        meter=price.meter,
        unit=_unit(found, price.meter),
        interval_months=part.interval_months,
        bill="arrears",
    )


def _start(
    customer: str, currency: str, items: Iterable[str], since: When, mapping: UsageMapping
) -> StartSubscription:
    part = mapping.catalogue
    assert part is not None
    return StartSubscription(
        when=since,
        customer=customer,
        currency=currency,
        term_from=part.term_from,
        term_to=part.term_to,
        zone=mapping.zone,
        items=tuple(Item(item=name, price=name) for name in sorted(items)),
    )
