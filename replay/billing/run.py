"""A billing run: what charges are due by a date, less what invoices already carry, on documents.

Measured again each time: a run over the same facts finds no difference and issues nothing. It goes
chunk by chunk, by customer. The documents of a chunk are one transaction, stored only if no other
document of its accounts came while it was measured; else it is measured again under the head's
lock. So a run that was killed is run again, two at once issue what one would, and a preview says
what a run would issue on the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

from msgspec import Struct, structs

from domain.deciders import Command
from domain.errors import Malformed
from domain.facts import Fact, When
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued
from domain.invoicing import NO_TAX, InvoicingAdopted
from domain.routing import account as unit_of_account
from domain.statement.accounts import Asked
from domain.statement.documents import Carried, Document
from domain.statement.taxing import AWAITING_TAX
from domain.statement.thresholds import Reached
from domain.threshold import ReachThreshold
from replay.billing.directory import directory, documents_between, forget
from replay.billing.known_at import known_at
from replay.billing.reading import Chunk, Known, known, measured, payers
from replay.tax.asking import NO_ENGINES, Asking, Engines, asking
from replay.tax.holding import Hold, keep
from store import failpoint, log
from store.db import Connection
from store.patience import patient
from store.request import Clock, Receipt, Request
from store.transact import append_many

# An account is never cut, however many subscriptions it has.
SUBSCRIPTIONS_TOGETHER = 500


class Wanted(Struct, frozen=True, kw_only=True):
    """What is due by a date; of all subscriptions, or of some and of those of some customers.

    `interim`: also the usage of periods that still run, as far as they have come by then.
    `only_levels`: only what passed a level that its price names. `since`: only billing periods that
    end after that day begins, however long the history is.
    """

    entity: str
    through: date
    customers: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    interim: bool = False
    only_levels: bool = False
    since: date = date.min

    @property
    def is_whole(self) -> bool:
        return not self.customers and not self.subscriptions


class Part(Struct, frozen=True, kw_only=True):
    """What a chunk issued, or would issue: `done` subscriptions of `total` are looked at by now."""

    documents: tuple[Document, ...]
    carried: tuple[Carried, ...]
    reached: tuple[Reached, ...]
    position: int
    done: int
    total: int


class Desk(Struct, frozen=True, kw_only=True):
    """With what documents are issued."""

    clock: Clock
    actor: str = "system"
    engines: Engines = NO_ENGINES


def preview(
    connection: Connection, wanted: Wanted, engines: Engines = NO_ENGINES
) -> Iterator[Part]:
    """What a run on all that is known would issue; writes nothing."""
    yield from _run(connection, wanted, None, engines)


def issue(connection: Connection, wanted: Wanted, desk: Desk) -> Iterator[Part]:
    """Chunk by chunk; whoever stops listening stops the run between two of them."""
    yield from _run(connection, wanted, desk, desk.engines)


def _run(
    connection: Connection, wanted: Wanted, desk: Desk | None, engines: Engines
) -> Iterator[Part]:
    with patient(connection):
        try:
            at = _known(connection, wanted)
            tax = asking(connection, wanted.entity, at.position, engines)
            yield from _parts(at, wanted, desk, tax)
        finally:
            forget(connection)


def _known(connection: Connection, wanted: Wanted) -> Known:
    upto = _head(connection, wanted.entity)
    return known(directory(connection, wanted.entity, upto, whole=wanted.is_whole))


def _parts(at: Known, wanted: Wanted, desk: Desk | None, tax: Asking) -> Iterator[Part]:
    chunks = [*_chunks(at, wanted)]
    others = Others(at.directory.connection, wanted.entity, at.position)
    total, done, position = sum(map(len, chunks)), 0, at.position
    if not chunks:
        yield Part(documents=(), carried=(), reached=(), position=position, done=0, total=0)
    for names in chunks:
        tax.forget()
        chunk = measured(at, names, _asked(at, wanted), tax.ask)
        if desk is not None and (chunk.bill.documents or chunk.bill.reached):
            at, chunk, position = _issued(at, wanted, chunk, names, others, desk, tax)
        if desk is not None and at.master.invoicing_on(wanted.through).tax != NO_TAX:
            _keep_waiting(at, wanted, chunk, desk)
        done += len(names)
        yield Part(
            documents=chunk.bill.documents,
            carried=chunk.bill.carried,
            reached=chunk.bill.reached,
            position=position,
            done=done,
            total=total,
        )


def _head(connection: Connection, entity: str) -> int:
    head = log.head(connection, entity)
    return head.position if head else 0


def _asked(at: Known, wanted: Wanted) -> Asked:
    return Asked(
        through=wanted.through,
        master=at.master,
        interim=wanted.interim,
        only_levels=wanted.only_levels,
        since=wanted.since,
        customers=frozenset(wanted.customers),
        subscriptions=frozenset(wanted.subscriptions),
    )


def _require_known(at: Known, wanted: Wanted) -> None:
    """What a run is narrowed to is there: to bill nothing would hide a slip of the pen. A customer
    who has a subscription counts, registered or not.
    """
    silent = [name for name in wanted.customers if not at.directory.of_customers([name])]
    for field, code, names in (
        ("customers", "unknown-customer", silent),
        ("subscriptions", "unknown-subscription", wanted.subscriptions),
    ):
        streams = {f"{field.removesuffix('s')}:{name}": name for name in names}
        found = log.read_streams(at.directory.connection, wanted.entity, streams)
        unknown = [name for stream, name in streams.items() if not found[stream]]
        if unknown:
            raise Malformed(code, field=field, names=unknown)


def _chunks(at: Known, wanted: Wanted) -> Iterator[list[str]]:
    """Whole accounts, as many together as fill a chunk."""
    if not wanted.is_whole:
        _require_known(at, wanted)
        own = at.directory.of_customers(wanted.customers) if wanted.customers else []
        names = sorted({*own, *wanted.subscriptions})
        if names:
            yield names
        return
    payer = payers(at, at.directory.children(), wanted.through)
    rows = [
        (payer.get(customer, customer), name) for customer, name in at.directory.subscriptions()
    ]
    chunk: list[str] = []
    for _, account in groupby(sorted(rows), key=itemgetter(0)):
        own = [name for _, name in account]
        if chunk and len(chunk) + len(own) > SUBSCRIPTIONS_TOGETHER:
            yield chunk
            chunk = []
        chunk += own
    if chunk:
        yield chunk


class Others:
    """Documents that others store while this run goes on: each is read once."""

    def __init__(self, connection: Connection, entity: str, seen: int) -> None:
        self._connection = connection
        self._entity = entity
        self._seen = seen
        self._streams: set[str] = set()
        self._customers: set[str] = set()
        self._subscriptions: set[str] = set()
        self._elections = False

    def look(self, upto: int) -> None:
        """Take in what came up to a position."""
        places = documents_between(self._connection, self._entity, self._seen, upto)
        for fact in log.read_positions(self._connection, self._entity, places):
            self._take(fact)
        self._seen = upto

    def skip(self, upto: int) -> None:
        """What came up to a position is the run's own."""
        self._seen = upto

    def touch(self, chunk: Chunk) -> bool:
        return self._elections or not (
            chunk.invoices.isdisjoint(self._streams)
            and chunk.customers.isdisjoint(self._customers)
            and chunk.subscriptions.isdisjoint(self._subscriptions)
        )

    def _take(self, fact: Fact) -> None:
        self._streams.add(fact.stream)
        if isinstance(fact.event, InvoiceDrafted | InvoiceIssued):
            self._customers.add(fact.event.customer)
            self._subscriptions |= {line.subscription or "" for line in fact.event.lines}
        self._elections |= isinstance(fact.event, InvoicingAdopted)


def _issued(
    at: Known,
    wanted: Wanted,
    chunk: Chunk,
    names: Sequence[str],
    others: Others,
    desk: Desk,
    tax: Asking,
) -> tuple[Known, Chunk, int]:
    """The chunk as it was stored, the state it was measured on, the position of its last fact.

    Under the head's lock nobody far away is asked for tax: what looks otherwise by then waits.
    """
    connection, entity = at.directory.connection, wanted.entity
    with connection.transaction():
        head = log.lock_head(connection, entity).position
        others.look(head)
        if others.touch(chunk):
            # From here on the run sees what the others have done.
            at = _known(connection, wanted)
            chunk = measured(at, names, _asked(at, wanted), tax.recall)
        position = max(head, _append(at, entity, chunk, desk))
    failpoint.reach("billing-chunk-stored")
    others.skip(position)
    return at, chunk, position


def _keep_waiting(at: Known, wanted: Wanted, chunk: Chunk, desk: Desk) -> None:
    """What of the chunk waits for its tax is kept as such, and what waited and went out is not: who
    looked at a part of an account cannot say that nothing of it waits.
    """
    directory = at.directory
    in_part = wanted.only_levels or wanted.subscriptions
    keep(
        directory.connection,
        directory.entity,
        [] if in_part else [unit_of_account(*one) for one in chunk.accounts],
        [
            Hold(
                subject=unit_of_account(row.customer, row.currency),
                document=row.document or "",
                code=row.code or "",
                detail=row.detail,
            )
            for row in chunk.bill.carried
            if row.reason == AWAITING_TAX
        ],
        at.position,
        desk.clock(),
    )


def _append(at: Known, entity: str, chunk: Chunk, desk: Desk) -> int:
    """Documents and levels reached, together. A level stated before is not stated again."""
    documents = [
        structs.replace(
            _request(entity, document.stream, document.key, document.command, desk),
            causation_id=known_at(at.position),
        )
        for document in chunk.bill.documents
    ]
    levels = [_level(entity, one, desk) for one in chunk.bill.reached]
    connection = at.directory.connection
    outcomes = append_many(connection, entity, [*documents, *levels], clock=desk.clock)
    position = 0
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Receipt):
            position = max(position, *outcome.positions)
        elif place < len(documents):
            raise outcome
    return position


def _level(entity: str, one: Reached, desk: Desk) -> Request:
    stream = f"threshold:{one.subscription}"
    command = ReachThreshold(
        when=When(effective=one.on),
        item=one.item,
        price=one.price,
        level_minor=one.level_minor,
        amount_minor=one.amount_minor,
        currency=one.currency,
        period_from=one.period_from,
        period_to=one.period_to,
    )
    key = f"{stream}:{one.item}:{one.period_from}:{one.level_minor}"
    return _request(entity, stream, key, command, desk)


def _request(entity: str, stream: str, key: str, command: Command, desk: Desk) -> Request:
    return Request(entity=entity, stream=stream, key=key, command=command, actor=desk.actor)
