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
from domain.invoice_facts import DocumentSent, InvoiceDrafted, InvoiceIssued
from domain.invoicing import DECIDER as INVOICING
from domain.invoicing import elected_on
from domain.master import master_data
from domain.numbering import ELECTIONS
from domain.party import DECIDER as CUSTOMER
from domain.party import CustomerEvent, CustomerState, Dated, Kept, on
from domain.price import Prices
from domain.routing import DOCUMENTS, account, account_of
from domain.settlement import settlement_flows
from domain.settlement.walk import Elections
from replay.documents.page import Setting, Who
from replay.documents.paper import Known, Paper, Reference
from replay.documents.statement import Statement
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

    `accounts` are the facts of each account (`customer:ID:CURRENCY`) that move what it owes,
    `others` those of the streams that invoices refer to.
    """

    invoices: dict[str, tuple[Fact, ...]]
    others: dict[str, tuple[Fact, ...]]
    accounts: dict[str, tuple[Fact, ...]]
    elections: Elections
    known: Known
    seller: Seller
    customers: dict[str, CustomerState]

    def setting(
        self,
        paper: Paper | Statement,
        people: Mapping[tuple[str, str | None], Who],
        locale: str | None,
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

    def rests_on(self, paper: Paper | Statement) -> int:
        """The position of the last fact that the paper may owe anything to."""
        named = _named(_documents(self._own(paper)), paper.customer)
        others = (fact for stream in named for fact in self.others[stream])
        return max(fact.position for fact in (*self._told(paper), *others))

    def _own(self, paper: Paper | Statement) -> tuple[Fact, ...]:
        return self.invoices[paper.invoice] if isinstance(paper, Paper) else ()

    def _told(self, paper: Paper | Statement) -> tuple[Fact, ...]:
        facts = (*self._own(paper), *self.accounts[account(paper.customer, paper.currency)])
        return tuple(fact for fact in facts if not isinstance(fact.event, DocumentSent))


class Read(Struct, frozen=True, kw_only=True):
    """The facts of some invoices, of what they refer to and of their accounts, by stream."""

    invoices: dict[str, tuple[Fact, ...]]
    others: dict[str, tuple[Fact, ...]]
    accounts: dict[str, tuple[tuple[Fact, ...], ...]]

    @property
    def people(self) -> frozenset[Kept]:
        """Everybody who is on these papers at some position."""
        events = (fact.event for facts in self.others.values() for fact in facts)
        return frozenset(
            Kept(event.party, event.party_digest)
            for event in events
            if isinstance(event, CustomerEvent | EntityIdentified) and event.party is not None
        )

    def at(self, known_at: int) -> Shelf:
        """As known at a position that lies in what was read."""
        others = {name: _upto(own, known_at) for name, own in self.others.items()}
        accounts = {unit: _account(unit, own, known_at) for unit, own in self.accounts.items()}
        customers = {name: own for name, own in others.items() if name.startswith("customer:")}
        elections = partial(elected_on, fold(INVOICING, others[ELECTIONS]))
        return Shelf(
            invoices={name: timeline(_upto(own, known_at)) for name, own in self.invoices.items()},
            others=others,
            accounts=accounts,
            elections=elections,
            known=Known(
                prices=_prices(others),
                settled=_settled(accounts, elections),
                issued=_references(others),
            ),
            seller=_seller(others[ENTITY]),
            customers={name[9:]: fold(CUSTOMER, own) for name, own in customers.items()},
        )


def read(connection: Connection, entity: str, invoices: Iterable[str], upto: int) -> Read:
    """What some invoices say and what has become of them, by a fixed number of queries."""
    streams = [f"invoice:{name}" for name in invoices]
    own = log.read_streams(connection, entity, streams, upto=upto)
    documents = [event for facts in own.values() for event in _documents(facts)]
    units = {account(event.customer, event.currency) for event in documents}
    return Read(
        invoices={name.partition(":")[2]: facts for name, facts in own.items()},
        others=log.read_streams(connection, entity, _named(documents), upto=upto),
        accounts=_accounts(connection, entity, units, upto),
    )


def read_account(
    connection: Connection, entity: str, customer: str, currency: str, upto: int
) -> Read:
    """The same for a statement of one account."""
    return Read(
        invoices={},
        others=log.read_streams(connection, entity, _named((), customer), upto=upto),
        accounts=_accounts(connection, entity, {account(customer, currency)}, upto),
    )


def account_facts(
    connection: Connection, entity: str, customer: str, currency: str
) -> tuple[Fact, ...]:
    """All that moves what a customer owes in a currency, known now and in effective order."""
    unit = account(customer, currency)
    streams = _accounts(connection, entity, {unit}, log.END)
    return _account(unit, streams[unit], log.END)


def _documents(facts: Iterable[Fact]) -> list[_Document]:
    events = (fact.event for fact in facts)
    return [event for event in events if isinstance(event, InvoiceIssued | InvoiceDrafted)]


def _named(documents: Iterable[_Document], *customers: str) -> Iterator[str]:
    """The streams that documents refer to: who is on them, at which prices, other invoices."""
    yield ENTITY
    yield ELECTIONS
    yield from (f"customer:{name}" for name in customers)
    for event in documents:
        yield f"customer:{event.customer}"
        for line in event.lines:
            if line.price is not None:
                yield f"price:{line.price.rpartition('@')[0]}"
        if isinstance(event, InvoiceIssued):
            yield from (f"invoice:{name}" for name in (event.replaces, event.debits) if name)


def _accounts(
    connection: Connection, entity: str, units: Collection[str], upto: int
) -> dict[str, tuple[tuple[Fact, ...], ...]]:
    passed = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    arguments = {
        "entity": entity,
        "units": sorted(units),
        "customers": sorted({account_of(unit)[0] for unit in units}),
        "categories": sorted(DOCUMENTS),
        "passed": min(passed, upto),
        "upto": upto,
    }
    found: dict[str, set[str]] = {unit: set() for unit in units}
    for unit, stream in connection.execute(SQL.account_streams, arguments):
        if unit in found:
            found[unit].add(stream)
    streams = set().union(*found.values())
    facts = log.read_streams(connection, entity, streams, upto=upto)
    return {unit: tuple(facts[stream] for stream in own) for unit, own in found.items()}


def _upto(facts: Iterable[Fact], known_at: int) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.position <= known_at)


def _account(unit: str, streams: Iterable[Sequence[Fact]], known_at: int) -> tuple[Fact, ...]:
    """What belongs to an account by then: a stream that came to it later is not yet its own."""
    own = (facts for stream in streams if _names(unit, facts := _upto(stream, known_at)))
    return timeline(fact for facts in own for fact in facts)


def _names(unit: str, facts: Iterable[Fact]) -> bool:
    customer, currency = account_of(unit)
    events = (fact.event for fact in facts)
    named = ((getattr(e, "customer", None), getattr(e, "currency", None)) for e in events)
    return (customer, currency) in named


def _settled(
    accounts: Mapping[str, Sequence[Fact]], elections: Elections
) -> dict[str, dict[str, int]]:
    """By invoice what settles it, kind by kind: all that moves its receivable but the invoice
    itself, and what we no longer expect, which the customer owes all the same.
    """
    settled: dict[str, dict[str, int]] = {}
    for unit, facts in accounts.items():
        for flow in settlement_flows(facts, *account_of(unit), elections):
            sides = sum(side for place, side in flow.legs if place == RECEIVABLE)
            if sides and flow.kind != "write-off":
                own = settled.setdefault(flow.document, {})
                own[flow.kind] = own.get(flow.kind, 0) - sides * total(flow.curve)
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
