"""What a chunk of the run reads: set by set, never subscription by subscription."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct, structs

from domain.accounting.documents import BilledLine
from domain.facts import Fact, corrected, timeline
from domain.late import holds
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.party import payer
from domain.price import PriceSet
from domain.statement.accounts import (
    Asked,
    Sold,
    account_of,
    customers_of,
    sold,
    statement,
)
from domain.statement.documents import Bill, series
from domain.statement.drafts import settled
from domain.statement.taxing import Sellers, with_tax
from domain.tax.papers import Ask
from domain.terms import Terms
from domain.usage import UsageDay
from replay.billing.directory import Directory
from store import log
from store.usage_days import usage_days
from store.usage_input import EARLIEST

DAY, MONTH = timedelta(days=1), timedelta(days=31)
# No usage is taken of before, and what is billed of before is read in full.
BEGINNING = EARLIEST.date()


class Known(Struct, frozen=True, kw_only=True):
    """The entity at a position: its master data, and usage batches that no longer count.

    `beside` are by customer other streams that its bill rests on: its coupons and the invoices they
    came off, where some price elects that the invoices that moved its credit, and where the entity
    elects to draft its open drafts.
    """

    directory: Directory
    master: MasterData
    dead: frozenset[int]
    beside: dict[str, list[str]]

    @property
    def position(self) -> int:
        return self.directory.upto


class Chunk(Struct, frozen=True, kw_only=True):
    """What is to be issued for some subscriptions, and what it was measured from."""

    bill: Bill
    subscriptions: frozenset[str]
    accounts: frozenset[tuple[str, str]]
    invoices: frozenset[str]

    @property
    def customers(self) -> frozenset[str]:
        return frozenset(customer for customer, _ in self.accounts)


def known(directory: Directory) -> Known:
    connection, entity, upto = directory.connection, directory.entity, directory.upto
    master = master_data(log.read_categories(connection, entity, MASTER_CATEGORIES, upto=upto))
    corrections = log.read_positions(connection, entity, directory.usage_corrections())
    return Known(
        directory=directory,
        master=master,
        dead=frozenset(corrected(corrections)),
        beside=_beside(directory, master),
    )


def _beside(directory: Directory, master: MasterData) -> dict[str, list[str]]:
    """Nothing is looked for that no price elects and nobody was granted."""
    versions = (version for own in master.prices.values() for version in own)
    carries = any(version.price.options.credits == "next-invoice" for version in versions)
    coupons = directory.coupons()
    found: dict[str, list[str]] = {}
    for streams in (
        coupons,
        directory.with_coupon() if coupons else {},
        directory.with_credit() if carries else {},
        directory.drafts() if _drafts(master) else {},
    ):
        for customer, own in streams.items():
            found.setdefault(customer, []).extend(own)
    return found


def measured(at: Known, names: Sequence[str], asked: Asked, ask: Ask) -> Chunk:
    """The statement of some subscriptions, as known at a position, with what is said of its tax."""
    since = needed(at.master, asked.since)
    found = _sold(at, names, asked.through, since)
    usage = _usage(at, found, since)
    accounts = {
        account_of(one, found, asked.through)
        for name, one in found.terms.items()
        if asked.wants(name, one.started.customer)
    }
    begins = (f"invoice:{series(*account, asked.through)}" for account in accounts)
    in_use = at.directory.in_use([*begins])
    looked = structs.replace(asked, known_since=since)
    bill = statement(found, usage, looked, in_use.__contains__)
    sellers = Sellers(sold=found.terms, customers=found.customers, master=at.master)
    taxed = with_tax(bill, sellers, ask)
    return Chunk(
        bill=settled(
            taxed, found.drafts, at.master.invoicing_on, asked.through, interim=asked.interim
        ),
        subscriptions=frozenset(names),
        accounts=frozenset(accounts),
        invoices=frozenset(found.versions),
    )


def _drafts(master: MasterData) -> bool:
    """Whether a run has ever had reason to draft."""
    return any(own.grace_days or own.approval == "required" for _, own in master.invoicing)


def sold_and_used(
    at: Known, names: Sequence[str]
) -> Iterator[tuple[str, Terms, list[UsageDay], list[BilledLine]]]:
    """Each of some subscriptions as it stands, with its usage and the lines that bill it."""
    found = _sold(at, names, date.max)
    usage = _usage(at, found)
    for name, terms in found.terms.items():
        yield name, terms, usage.get(name, []), found.billed.get(name, [])


def needed(master: MasterData, since: date) -> date:
    """From which day usage and lines must be read, so that every billing period that ends after
    `since` is whole: from the beginning where a price looks back further.
    """
    if since == date.min:
        return BEGINNING
    versions = [version for own in master.prices.values() for version in own]
    if any(_looks_back(version.price) for version in versions):
        return BEGINNING
    if any(meter.recurring for meter in master.meters.values()):
        return BEGINNING
    intervals = (version.price.every for version in versions)
    longest = max((MONTH * one.months + DAY * one.days for one in intervals), default=DAY)
    return max(since, BEGINNING + longest) - longest


def _looks_back(price: PriceSet) -> bool:
    return price.once or price.is_prepaid or holds(price.options)


def _sold(at: Known, names: Sequence[str], through: date, since: date = BEGINNING) -> Sold:
    """Customers are known once the subscriptions are."""
    directory = at.directory
    connection, entity, upto = directory.connection, directory.entity, directory.upto
    streams = [f"subscription:{name}" for name in names] + directory.invoices(names, since)
    read = log.read_streams(connection, entity, streams, upto=upto)
    facts = [fact for own in read.values() for fact in own]
    customers = {name for fact in facts if (name := _customer(fact.event))}
    parties = _parties(directory, customers)
    more = {stream for name in parties for stream in at.beside.get(name, ())} - read.keys()
    beside = log.read_streams(connection, entity, more, upto=upto) if more else {}
    facts += [fact for own in (*parties.values(), *beside.values()) for fact in own]
    return sold(facts, through, at.master)


def _parties(directory: Directory, names: Iterable[str]) -> dict[str, tuple[Fact, ...]]:
    """Customers, their parents and theirs: one look for each generation."""
    connection, entity, upto = directory.connection, directory.entity, directory.upto
    found: dict[str, tuple[Fact, ...]] = {}
    wanted = set(names)
    while wanted:
        streams = {f"customer:{name}": name for name in wanted}
        read = log.read_streams(connection, entity, streams, upto=upto)
        found |= {streams[stream]: own for stream, own in read.items()}
        above = {getattr(fact.event, "parent", None) for own in read.values() for fact in own}
        wanted = {name for name in above if name is not None} - found.keys()
    return found


def payers(at: Known, customers: Iterable[str], day: date) -> dict[str, str]:
    """Who gets the invoices of some customers on a day."""
    facts = [fact for own in _parties(at.directory, customers).values() for fact in own]
    states = customers_of(timeline(facts))
    return {name: payer(name, day, states) for name in states}


def _customer(event: object) -> str | None:
    found: str | None = getattr(event, "customer", None)
    return found


def _usage(at: Known, found: Sold, since: date = BEGINNING) -> dict[str, list[UsageDay]]:
    zones = {name: one.started.zone for name, one in found.terms.items()}
    directory = at.directory
    usage: dict[str, list[UsageDay]] = {}
    days = usage_days(
        directory.connection,
        directory.entity,
        zones,
        by_row=at.master.by_row,
        earned=at.master.zone,
        since=since,
        upto=directory.upto,
    )
    for day in days:
        if day.position not in at.dead:
            usage.setdefault(day.subscription, []).append(day)
    return usage
