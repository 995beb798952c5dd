"""A ledger in memory for the stories of pages: commands decided, bills issued, revenue measured.

Commands are judged as the store judges them, a billing run is the statement that a run on a
database makes, and what is earned is what a posting run settles. Only the database is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from domain.books import BookOpened, PostingRun
from domain.calendar import months
from domain.deciders import Command
from domain.entity import CalendarDefined
from domain.facts import Event, Fact, When, known
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.journal import CREDIT_ACCOUNTS
from domain.statement.accounts import Asked, sold, statement
from domain.statement.documents import Bill, Document
from domain.usage import MeterTotal, UsageBatchAccepted, UsageRow
from store import log
from store.request import Outcome, Receipt, Request
from store.sitting import Asked as AskedFor
from store.sitting import Loaded, Sitting, ask
from store.timeline import Timeline
from tests.laws import memory
from tests.laws.memory import Arrival, Books

ENTITY, BOOK, SOURCE = "acme", "main", "app"
FIRST, MONTHS = date(2023, 1, 1), 72
# What a billing run reads beside usage and master data.
BILLED = frozenset({"customer", "subscription", "coupon", "invoice"})
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class Line(NamedTuple):
    """A line of a document, as a page tells it; what a credit note takes is negative."""

    customer: str
    document: str
    line: str
    start: str
    end: str
    minor: int


class Story:
    """What is said, used and billed, in the order in which a page tells it."""

    def __init__(self) -> None:
        self.books = Books(ENTITY)
        self._timelines: dict[str, Timeline] = {}
        self._keys: dict[str, object] = {}

    # --- what is said and used ---

    def say(self, request: Request) -> Outcome:
        """The ledger's answer to a command; what it accepts becomes facts."""
        asked = ask(request)
        assert isinstance(asked, AskedFor), asked
        for stream in asked.streams:
            self._timeline(stream)
        loaded = Loaded(
            head=log.Head(entity=ENTITY, position=len(self.books.facts), recorded_at=NOON, epoch=0),
            keys=self._keys,
            sources={},
            timelines=self._timelines,
            numbers={},
        )
        sitting = Sitting(loaded, lambda: NOON, follow=self._timeline)
        outcome = sitting.judge(asked)
        for fact in sitting.take().facts:
            memory.take(self.books, fact)
        return outcome

    def _timeline(self, stream: str) -> Timeline:
        if stream not in self._timelines:
            self._timelines[stream] = Timeline(())
        return self._timelines[stream]

    def use(self, rows: Sequence[UsageRow], kind: str = "rows") -> None:
        """A batch of usage from one source, every row of it accepted."""
        days = [row.occurred_at.date() for row in rows]
        stream = f"usage:{SOURCE}"
        event = UsageBatchAccepted(
            when=When(effective=max(days)),
            batch=len(self.books.facts),
            kind=kind,
            received=len(rows),
            duplicates=0,
            rejected=0,
            accepted=len(rows),
            totals=tuple(
                MeterTotal(meter=row.meter, rows=1, quantity=row.quantity) for row in rows
            ),
            subscriptions=tuple(sorted({row.subscription for row in rows})),
            first_day=min(days),
            last_day=max(days),
            root=sha256().hexdigest(),
        )
        draft = log.Draft(
            stream=stream,
            event=event,
            recorded_at=NOON,
            command_id=f"batch-{event.batch}",
            actor=SOURCE,
        )
        version = self.books.versions.get(stream, 0) + 1
        fact = log.fact(ENTITY, len(self.books.facts) + 1, version, draft)
        memory.take(self.books, fact, rows)

    # --- what comes of it ---

    def bill(self, through: date) -> list[Line]:
        """What a billing run issues, line by line."""
        bill = self._statement(through)
        return [line for document in bill.documents for line in self._issue(document)]

    def _statement(self, through: date) -> Bill:
        facts, at = self.books.facts, len(self.books.facts)
        own = [fact for fact in facts if _category(fact) in BILLED]
        streams = {fact.stream for fact in own}
        names = {stream.partition(":")[2] for stream in streams if stream[:13] == "subscription:"}
        usage = {
            name: memory.usage_of(self.books, f"subscription:{name}", at) for name in sorted(names)
        }
        master = memory.master_at(self.books, at)
        asked = Asked(through=through, master=master)
        return statement(sold(own, through, master), usage, asked, streams.__contains__)

    def _issue(self, document: Document) -> Iterator[Line]:
        command = document.command
        before = self._invoice(document.stream)
        self._surely(document.stream, document.key, command)
        if isinstance(command, IssueInvoice):
            assert document.total_minor == sum(line.amount_minor for line in command.lines)
            for line in command.lines:
                yield _told(document, "invoice", line, line.amount_minor)
            return
        assert before is not None
        lines = {line.line: line for line in before.lines}
        for taken in command.lines:
            yield _told(document, "credit note", lines[taken.line], -taken.amount_minor)

    def _invoice(self, stream: str) -> InvoiceIssued | None:
        events = (fact.event for fact in known(self.books.facts) if fact.stream == stream)
        return next((one for one in events if isinstance(one, InvoiceIssued)), None)

    def _surely(self, stream: str, key: str, command: Command) -> None:
        request = Request(entity=ENTITY, stream=stream, key=key, command=command)
        outcome = self.say(request)
        assert isinstance(outcome, Receipt), outcome

    def earned(self, through: date) -> dict[tuple[str, str], int]:
        """Revenue by item and month in which it was earned, once time is at the end of a day.

        The books are opened for the question and forgotten: no page need speak of them.
        """
        books = self._posted(through)
        found: dict[tuple[str, str], int] = {}
        for entry in books.entries:
            for line in entry.lines:
                if line.slot.account == "revenue":
                    key = (line.slot.obligation, f"{line.slot.earned:%Y-%m}")
                    found[key] = found.get(key, 0) - line.minor
        return {key: minor for key, minor in found.items() if minor}

    def functional(self, through: date) -> dict[tuple[str, str], int]:
        """What each month moves of each account in functional currency, an increase positive;
        gains of exchange by whether they are realised.
        """
        found: dict[tuple[str, str], int] = {}
        for entry in self._posted(through).entries:
            for line in entry.lines:
                account: str = line.slot.account
                debits = account not in CREDIT_ACCOUNTS and account != "currency-exchange"
                if account == "currency-exchange":
                    account = line.rule.partition("@")[0]
                key = account, f"{line.slot.earned:%Y-%m}"
                worth = line.functional_minor
                found[key] = found.get(key, 0) + (worth if debits else -worth)
        return found

    def stands(self, through: date) -> dict[str, int]:
        """What stands in each account once time is at the end of a day; debit positive."""
        found: dict[str, int] = {}
        for entry in self._posted(through).entries:
            for line in entry.lines:
                if line.slot.earned <= through:
                    found[line.slot.account] = found.get(line.slot.account, 0) + line.minor
        return found

    def posted(self) -> dict[tuple[str, str], int]:
        """Revenue that the last posting run of the story books, by booked and by earned month."""
        found: dict[tuple[str, str], int] = {}
        for entry in self.books.settlements[-1].entries:
            for line in entry.lines:
                if line.slot.account == "revenue":
                    key = (entry.booked, f"{line.slot.earned:%Y-%m}")
                    found[key] = found.get(key, 0) - line.minor
        return {key: minor for key, minor in found.items() if minor}

    def waiting(self, through: date) -> dict[str, Decimal]:
        """Usage that waits, by reason; and units that cannot be measured, as nothing of it."""
        books = self._posted(through)
        found: dict[str, Decimal] = {}
        for state in books.states.values():
            for row in state.schedule.pending:
                found[row.reason] = found.get(row.reason, Decimal(0)) + row.quantity
        return found

    def _posted(self, through: date) -> Books:
        when = When(effective=FIRST)
        books = deepcopy(self.books)
        opened: list[tuple[str, Event]] = [
            ("entity:self", CalendarDefined(when=when, periods=months(FIRST, MONTHS))),
            (f"book:{BOOK}", BookOpened(when=when, name=BOOK)),
        ]
        if BOOK in books.books:
            opened = []
        run = PostingRun(when=When(effective=through), through=through)
        opened.append(("run:self", run))
        for place, (stream, event) in enumerate(opened):
            memory.accept(books, Arrival(key=f"to-look-{place}", stream=stream, event=event))
        return books


def _category(fact: Fact) -> str:
    return fact.stream.partition(":")[0]


def _told(document: Document, kind: str, line: InvoiceLine, minor: int) -> Line:
    start, end = line.service_from or "", line.service_to or ""
    return Line(document.customer, kind, _named(line), str(start), str(end), minor)


def _named(line: InvoiceLine) -> str:
    """Item, what is taken off it and values of dimensions; what bills no item by its description.

    Of other lines beside a line which kind they are.
    """
    values = [f"{name}={value}" for name, value in sorted(line.group.items())]
    off = line.discount or line.coupon or (line.kind if line.is_beside else "")
    words = [line.obligation or line.description, off, *values]
    return ", ".join(filter(None, words))
