"""What a contract is at inception: its price, and every promise with its share of it.

The price is what would be paid at transfer, with what is given that is no money; what is lent by
the terms of payment is apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import Struct

from domain.accounting.contract.allocation import shares, stated
from domain.accounting.contract.combined import inceptions, opened_as_one, openings_of, streams_of
from domain.accounting.contract.course import begin
from domain.accounting.contract.financing import interest, price_now
from domain.accounting.contract.parts import parts_of, shares_owed
from domain.accounting.contract.pricing import given_minor, stated_minor
from domain.accounting.contract.promise import Deal, Promise, promised
from domain.accounting.contract.transfer import Placed
from domain.accounting.contract.unbilled import Unbilled
from domain.accounting.contract.variable import Estimates, at_inception, hold
from domain.accounting.documents import BilledLine
from domain.accounting.schedule import Flow
from domain.contract_facts import ContractModified, ContractOpened, Financing, Obligation
from domain.explain import Step, both
from domain.facts import Fact, causes_of, of_kinds
from domain.master import MasterData
from domain.service import AccessGranted


class Contract(Struct):
    """The promises of a contract as changed so far, and what is uncertain of its price."""

    deal: Deal
    promises: list[Promise]
    estimates: Estimates
    owed: list[Promise]
    bought: list[Fact]
    lent: dict[str, tuple[Flow, ...]]
    own: Sequence[Fact]
    billed: Sequence[BilledLine]
    payable: dict[str, int]
    unbilled: dict[str, Unbilled]


def deal_of(placed: Sequence[Placed], terms: Sequence[Fact], master: MasterData, book: str) -> Deal:
    """What every step needs of a contract: how it was opened, whatever is said of its promises, and
    what a book elects. `terms` are its facts but for those that only say what was transferred.
    """
    openings = openings_of(terms)
    opened = opened_as_one([*openings.values()])
    event = opened.event
    assert isinstance(event, ContractOpened)
    since = inceptions(terms, openings)
    access: dict[tuple[str, str | None], Fact] = {}
    for fact in of_kinds(terms, AccessGranted):
        assert isinstance(fact.event, AccessGranted), fact
        access.setdefault((fact.stream, fact.event.item), fact)
    return Deal(
        master=master,
        book=book,
        currency=event.currency,
        options=master.options(book, opened.when.measured),
        terms=terms,
        about=_about(placed),
        access=access,
        opened=opened,
        openings=openings,
        since=since,
        inception=causes_of(*since.values()),
        streams=streams_of(terms),
        may_be_left=event.cancellable_days is not None,
        marked={},
    )


def _about(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """What is said of each promise, by name: how far it is transferred, or that it is another."""
    about: dict[str, list[Placed]] = {}
    for one in placed:
        event = one[1].event
        name = getattr(event, "obligation", None)
        if name is not None:
            about.setdefault(name, []).append(one)
        elif isinstance(event, ContractModified):
            for row in event.restated:
                about.setdefault(row.obligation, []).append(one)
    return about


def contract_of(deal: Deal, own: Sequence[Fact], billed: Sequence[BilledLine]) -> Contract:
    """Every promise with its share of the transaction price (rules 25 to 29)."""
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    promises = [promised(own, deal, deal.rests(own)) for own in event.obligations]
    agreed = [*_agreed(deal)]
    price = sum(one.price_minor for one in agreed)
    priced = shares(price, _fixed(event), event.bundles, deal.currency, deal.options)
    for promise in promises:
        promise.price_minor = priced.get(promise.name, 0)
    estimates = at_inception(event.variable, promises, deal)
    _told_at_inception(promises, deal)
    parts = {promise.name: tuple(parts_of(promise, deal)) for promise in promises}
    promises = [part for own in parts.values() for part in own]
    owed = shares_owed(promises, deal)
    for promise in promises:
        begin(promise, deal.opened.when.effective, deal)
    hold(estimates, parts, deal)
    lent = {one.stream: tuple(_lent(one, deal)) for one in agreed}
    return Contract(
        deal=deal,
        promises=promises,
        estimates=estimates,
        owed=owed,
        bought=[],
        lent=lent,
        own=own,
        billed=billed,
        payable={},
        unbilled={},
    )


def _lent(one: _Agreed, deal: Deal) -> Iterator[Flow]:
    """Terms and rate are those of inception: what is agreed later is financed by none of them."""
    if one.terms is not None:
        rests = deal.of(one.stream)
        yield from interest(one.stated_minor, one.terms, one.since, one.first, rests, deal)


def _fixed(event: ContractOpened) -> list[Obligation]:
    """The promises that share a fixed price."""
    return [own for own in event.obligations if not own.is_priced_by_itself]


class _Agreed(Struct, frozen=True):
    """What one contract states at inception, as it is paid, for all promises and for single ones;
    what is given that is no money; since when, on which terms of financing, if the policy counts
    them; and what its first promise is.
    """

    stated_minor: int
    given_minor: int
    since: date
    terms: Financing | None
    first: str
    stream: str

    @property
    def price_minor(self) -> int:
        """What would be paid at transfer."""
        minor, terms = self.stated_minor, self.terms
        now = minor if terms is None else price_now(minor, terms, self.since)
        return now + self.given_minor


def _agreed(deal: Deal) -> Iterator[_Agreed]:
    """Contract by contract, where several are one."""
    for stream, opened in deal.openings.items():
        event = opened.event
        assert isinstance(event, ContractOpened)
        minor = event.price_minor + stated(_fixed(event), deal.currency)
        terms = event.financing if deal.options.financing == "adjusted" else None
        first = event.obligations[0].obligation
        given = given_minor(event.non_cash, deal.currency)
        yield _Agreed(minor, given, opened.when.effective, terms, first, stream)


def _told_at_inception(promises: Sequence[Promise], deal: Deal) -> None:
    """What the price was, what each promise would sell for alone, and what was carved in or out."""
    whole = sum(promise.price_minor for promise in promises)
    for promise in promises:
        if not promise.is_invoiced:
            own, price, weight = promise.own, promise.price_minor, promise.weight
            promise.told = both(promise.told, partial(_shared, own, price, weight, whole, deal))


def _shared(own: Obligation, minor: int, weight: int, whole: int, deal: Deal) -> Iterator[Step]:
    yield Step(what="transaction price", value=deal.text(whole))
    yield Step(what="stand-alone selling price", value=deal.text(weight))
    if own.is_stated:
        stands = stated_minor(own, deal.currency)
        yield Step(what="stated price", value=deal.text(stands))
        yield Step(what="carved in or out", value=deal.text(minor - stands))
