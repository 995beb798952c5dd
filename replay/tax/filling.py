"""Tax on invoices and drafts that somebody asks for: put on their lines before they are decided.

What the sender asked stays as it was asked, so a repeat is a repeat, whatever the tax would be by
now. Who states tax lines, sends for an outside system, or corrects its document, is not asked for;
a correction of ours is, or it would go out without tax. Nothing is stored of an
invoice whose tax nobody can tell: it is refused for now, listed as waiting, and its key stays free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import structs

from domain.currency import is_currency
from domain.errors import Rejected
from domain.facts import Fact, fold, timeline
from domain.invoice import DraftInvoice, IssueInvoice
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued
from domain.invoicing import DECIDER, NO_TAX, elected_on
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.party import CustomerState
from domain.statement.accounts import customers_of
from domain.statement.coding import coded
from domain.tax.lines import has_tax
from domain.tax.papers import Paper, Taxed, taxed
from replay.tax.asking import Engines, asking
from replay.tax.holding import Hold, keep
from store import log
from store.db import Connection, queries
from store.request import Request

SQL = queries(__file__)

REQUESTS_TOGETHER = 5_000
# Commands on streams of these may change what tax is due on a document that comes after them.
_TAXED_BY = ("invoicing:", "tax:", "customer:", "price:", "product:")


def in_turn(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Lists in order, each of which can be asked for at once: no document is in one with a command
    before it that may change its tax.
    """
    some: list[Request] = []
    for request in requests:
        is_next = asks(request) and any(one.stream.startswith(_TAXED_BY) for one in some)
        if is_next or len(some) == REQUESTS_TOGETHER:
            yield some
            some = []
        some.append(request)
    if some:
        yield some


def asks(request: Request) -> bool:
    """Whether tax may have to be put on it."""
    command = request.command
    return (
        isinstance(command, IssueInvoice | DraftInvoice)
        and request.source is None
        and command.taxed_by is None
        and bool(command.lines)
        and not has_tax(command.lines)
    )


def filled(
    connection: Connection,
    entity: str,
    requests: Sequence[Request],
    engines: Engines,
    at: datetime,
) -> list[Request | Rejected]:
    """The requests, those that tax is elected for with it, or why there is none to tell."""
    open_ones = {place: one for place, one in enumerate(requests) if asks(one)}
    elected = fold(DECIDER, log.read_stream(connection, entity, "invoicing:self"))
    if not open_ones or all(options.tax == NO_TAX for _, options in elected):
        return [*requests]
    keys = [one.key for one in open_ones.values()]
    known = {key for (key,) in connection.execute(SQL.known_keys, {"entity": entity, "keys": keys})}
    papers: dict[str, Paper] = {}
    found: dict[str, Taxed | Rejected] = {}
    look, names = _Look(connection, entity, open_ones.values()), _names(open_ones)
    for place, request in open_ones.items():
        command = request.command
        assert isinstance(command, IssueInvoice | DraftInvoice), request
        if request.key in known or elected_on(elected, command.when.effective).tax == NO_TAX:
            continue
        if request.corrects is not None and look.is_from_outside(request.stream):
            continue
        try:
            paper = look.paper(names[place], request.stream, command)
        except Rejected as refusal:
            found[names[place]] = refusal
            continue
        if paper is not None:
            papers[names[place]] = paper
    ask = asking(connection, entity, log.END, engines).ask
    found |= taxed(papers.values(), lambda day: elected_on(elected, day), ask)
    told = {names[place]: one for place, one in open_ones.items()}
    _keep(connection, entity, told, found, at)
    return [_with(one, found.get(names.get(place, ""))) for place, one in enumerate(requests)]


def _names(asked: dict[int, Request]) -> dict[int, str]:
    """What each document is called to who says its tax: its stream; a second one of the same stream
    has its place behind it.
    """
    first = {one.stream: place for place, one in reversed(asked.items())}
    return {
        place: one.stream if first[one.stream] == place else f"{one.stream}#{place}"
        for place, one in asked.items()
    }


def elects_tax(connection: Connection, entity: str) -> bool:
    """Whether the entity ever elected that somebody says its tax."""
    elected = fold(DECIDER, log.read_stream(connection, entity, "invoicing:self"))
    return any(options.tax != NO_TAX for _, options in elected)


class _Look:
    """The customers of some documents, and what is priced: read once for all of them."""

    def __init__(self, connection: Connection, entity: str, requests: Iterable[Request]) -> None:
        # An invoice may leave its customer and currency to its draft.
        drafts = log.read_streams(connection, entity, {one.stream for one in requests})
        self._drafts = {stream: _draft(facts) for stream, facts in drafts.items()}
        self._outside = {stream for stream, facts in drafts.items() if _is_from_outside(facts)}
        named = {one.customer for one in self._drafts.values() if one is not None}
        named |= {name for one in requests if (name := _customer(one))}
        read = log.read_streams(connection, entity, {f"customer:{name}" for name in named})
        self._customers: dict[str, CustomerState] = customers_of(
            timeline(fact for facts in read.values() for fact in facts)
        )
        facts = log.read_categories(connection, entity, MASTER_CATEGORIES)
        self._master: MasterData = master_data(facts)

    def is_from_outside(self, stream: str) -> bool:
        """Whether an outside system sent the document, with the tax it has."""
        return stream in self._outside

    def paper(self, name: str, stream: str, command: IssueInvoice | DraftInvoice) -> Paper | None:
        """None where it will be refused for other reasons."""
        draft = self._drafts[stream]
        customer = command.customer or (draft.customer if draft else "")
        currency = command.currency or (draft.currency if draft else "")
        if not is_currency(currency):
            return None
        day, known = command.when.effective, self._customers.get(customer)
        return Paper(
            document=name,
            currency=currency,
            on=day,
            customer=known.tax_status(day) if known else None,
            lines=coded(command.lines, {}, self._master),
        )


def _is_from_outside(facts: Iterable[Fact]) -> bool:
    papers = (fact for fact in facts if isinstance(fact.event, InvoiceDrafted | InvoiceIssued))
    return any(fact.source is not None for fact in papers)


def _draft(facts: Iterable[Fact]) -> InvoiceDrafted | None:
    drafts = [fact.event for fact in timeline(facts) if isinstance(fact.event, InvoiceDrafted)]
    return drafts[-1] if drafts else None


def _customer(request: Request) -> str | None:
    customer: str | None = getattr(request.command, "customer", None)
    return customer


def _with(request: Request, found: Taxed | Rejected | None) -> Request | Rejected:
    if isinstance(found, Taxed):
        return structs.replace(request, taxed=found)
    return request if found is None else found


def _keep(
    connection: Connection,
    entity: str,
    asked: dict[str, Request],
    found: dict[str, Taxed | Rejected],
    at: datetime,
) -> None:
    subjects = {name: asked[name].stream for name in found}
    holds = {
        subjects[name]: Hold(
            subject=subjects[name],
            document=subjects[name],
            code=why.code,
            detail=", ".join(f"{field} {value}" for field, value in sorted(why.context.items())),
        )
        for name, why in found.items()
        if isinstance(why, Rejected)
    }
    head = log.head(connection, entity)
    keep(connection, entity, subjects.values(), holds.values(), head.position if head else 0, at)
