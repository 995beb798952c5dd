"""What documents of one entity are made of, read set by set: however many, a few queries.

What money has settled is measured from the facts of the customers' accounts, as a posting run
would measure it, so that a document tells it whether or not a run came since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

from msgspec import Struct, structs

from domain.accounting.curves import total
from domain.entity import EntityIdentified, EntityOpened
from domain.facts import Fact, fold, known, timeline
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued
from domain.invoicing import DECIDER as INVOICING
from domain.invoicing import Elected, elected_on
from domain.master import master_data
from domain.numbering import ELECTIONS
from domain.party import DECIDER as CUSTOMER
from domain.party import CustomerState, Dated, Kept, on
from domain.price import Prices
from domain.routing import account, account_of
from domain.settlement import settlement_flows
from replay.documents.page import Setting, Who
from replay.documents.paper import Known, Paper, Reference
from store import checkpoints, log
from store.db import Connection, queries

SQL = queries(__file__)
RECEIVABLE = "accounts-receivable"
ENTITY = "entity:self"
DEFAULT_LOCALE = "en"

Value = TypeVar("Value")
_Document = InvoiceIssued | InvoiceDrafted


class Seller(Struct, frozen=True, kw_only=True):
    """The entity on its documents, by the day that it counts from."""

    name: str = ""
    zone: str = "UTC"
    parties: Dated[Kept] = ()
    locales: Dated[str] = ()

    def locale(self, day: date) -> str:
        """Of documents for customers that state none."""
        return on_or_first(self.locales, day) or DEFAULT_LOCALE


class Shelf(Struct, frozen=True, kw_only=True):
    """Some invoices of an entity as known at a position, and all that their papers need.

    `accounts` are the facts of each account (`customer:ID:CURRENCY`) that move what it owes.
    """

    invoices: dict[str, tuple[Fact, ...]]
    accounts: dict[str, tuple[Fact, ...]]
    known: Known
    seller: Seller
    customers: dict[str, CustomerState]

    def setting(
        self, paper: Paper, people: Mapping[tuple[str, str | None], Who], locale: str | None
    ) -> Setting:
        """Who is on a paper and in which language it is: as asked, else the customer's."""
        customer, seller = self.customers[paper.customer], self.seller
        return Setting(
            locale=locale or on_or_first(customer.locales, paper.on) or seller.locale(paper.on),
            zone=on_or_first(customer.zones, paper.on) or seller.zone,
            seller=_who(on_or_first(seller.parties, paper.on), people, seller.name),
            buyer=_who(on_or_first(customer.parties, paper.on), people, ""),
            known_on=max(fact.recorded_at for fact in self._told(paper)),
        )

    def _told(self, paper: Paper) -> Iterable[Fact]:
        return (
            *self.invoices[paper.invoice],
            *self.accounts[account(paper.customer, paper.currency)],
        )

    def people(self) -> frozenset[Kept]:
        """Everybody who may be on these papers."""
        return frozenset(
            kept
            for rows in (self.seller.parties, *(own.parties for own in self.customers.values()))
            for _, kept in rows
        )


def shelf(connection: Connection, entity: str, invoices: Iterable[str], known_at: int) -> Shelf:
    """Read what some invoices say and what has become of them, by a fixed number of queries."""
    streams = [f"invoice:{name}" for name in invoices]
    read = log.read_streams(connection, entity, streams, upto=known_at)
    events = [fact.event for own in read.values() for fact in own]
    documents = [event for event in events if isinstance(event, InvoiceIssued | InvoiceDrafted)]
    customers = {event.customer for event in documents}
    others = log.read_streams(connection, entity, _named(documents, customers), upto=known_at)
    units = {account(event.customer, event.currency) for event in documents}
    accounts = _accounts(connection, entity, units, known_at)
    return Shelf(
        invoices={name.partition(":")[2]: timeline(own) for name, own in read.items()},
        accounts=accounts,
        known=Known(
            prices=_prices(others),
            settled=_settled(accounts, fold(INVOICING, others[ELECTIONS])),
            issued=_references(others),
        ),
        seller=_seller(others[ENTITY]),
        customers={name: fold(CUSTOMER, others[f"customer:{name}"]) for name in customers},
    )


def _named(documents: Sequence[_Document], customers: Iterable[str]) -> Iterator[str]:
    """The streams that documents refer to: who is on them, at which prices, what they replace."""
    yield ENTITY
    yield ELECTIONS
    yield from (f"customer:{name}" for name in customers)
    for event in documents:
        for line in event.lines:
            if line.price is not None:
                yield f"price:{line.price.rpartition('@')[0]}"
        if isinstance(event, InvoiceIssued) and event.replaces is not None:
            yield f"invoice:{event.replaces}"


def _accounts(
    connection: Connection, entity: str, units: Collection[str], known_at: int
) -> dict[str, tuple[Fact, ...]]:
    passed = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    arguments = {
        "entity": entity,
        "units": sorted(units),
        "customers": sorted({account_of(unit)[0] for unit in units}),
        "passed": min(passed, known_at),
        "upto": known_at,
    }
    found: dict[str, set[str]] = {unit: set() for unit in units}
    for unit, stream in connection.execute(SQL.account_streams, arguments):
        if unit in found:
            found[unit].add(stream)
    streams = set().union(*found.values())
    facts = log.read_streams(connection, entity, streams, upto=known_at)
    return {
        unit: timeline(fact for stream in own for fact in facts[stream])
        for unit, own in found.items()
    }


def _settled(accounts: Mapping[str, Sequence[Fact]], elected: Elected) -> dict[str, int]:
    """By invoice what settles it: all that moves its receivable but the invoice itself."""
    settled: dict[str, int] = {}
    for unit, facts in accounts.items():
        for flow in settlement_flows(facts, *account_of(unit), partial(elected_on, elected)):
            sides = sum(side for place, side in flow.legs if place == RECEIVABLE)
            if sides:
                minor = settled.get(flow.document, 0)
                settled[flow.document] = minor - sides * total(flow.curve)
    return settled


def _prices(others: Mapping[str, Sequence[Fact]]) -> Prices:
    own = (facts for stream, facts in others.items() if stream.startswith("price:"))
    return master_data(fact for facts in own for fact in facts).prices


def _references(others: Mapping[str, Sequence[Fact]]) -> dict[str, Reference]:
    found: dict[str, Reference] = {}
    for stream, facts in others.items():
        if stream.startswith("invoice:"):
            for fact in known(facts):
                if isinstance(fact.event, InvoiceIssued):
                    reference = Reference(number=fact.event.number, on=fact.when.effective)
                    found[stream.partition(":")[2]] = reference
    return found


def _seller(facts: Iterable[Fact]) -> Seller:
    seller = Seller()
    for fact in timeline(facts):
        event, since = fact.event, fact.when.effective
        if isinstance(event, EntityOpened):
            seller = structs.replace(seller, name=event.name, zone=event.zone)
        elif isinstance(event, EntityIdentified):
            seller = structs.replace(
                seller,
                parties=(*seller.parties, (since, Kept(event.party, event.party_digest))),
                locales=(*seller.locales, (since, event.locale)),
            )
    return seller


def on_or_first(rows: Dated[Value], day: date) -> Value | None:
    """What counts on a day; before the first what counts first, since facts come late."""
    found = on(rows, day)
    return rows[0][1] if found is None and rows else found


def _who(kept: Kept | None, people: Mapping[tuple[str, str | None], Who], stands_in: str) -> Who:
    found = Who(content=None) if kept is None else people[kept]
    return structs.replace(found, stands_in="" if found.is_erased else stands_in)
