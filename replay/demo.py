"""The demo's story, told to a ledger by public commands: months of trade, then a late truth.

Each month: deals signed, invoices on the first, payments and credit notes, usage by the batch, a
posting run, a close with its seal. A quarter after a month was sealed come an upgrade that nobody
had keyed, usage that was stuck, and a meter that had counted double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct, structs

from domain.calendar import ONE_DAY
from domain.cash import ReceivePayment
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import CreditLine, IssueCredit, IssueInvoice
from domain.statement.documents import Document
from domain.usage import UsageRow
from replay.demo_company import (
    ACTOR,
    BOOK,
    COUNTRIES,
    FIRST,
    GROUP,
    SOURCE,
    Chance,
    Company,
    Country,
    Customer,
    Size,
    ask,
    at_month_end,
    at_month_start,
    by_chance,
    company,
    events,
    group_opening,
    more_seats,
    opening,
    usage_of_month,
)
from replay.ledger import Ledger
from store.request import Receipt, Request
from store.usage_rows import BatchReceipt
from store.usage_stage import UsageBatch

LATE_EVENTS = 1_000
QUARTER = 3
Told = Callable[[str], None]
# Chance of its own for each name, so that the countries' stories do not depend on each other.
Chances = Callable[[str], Chance]


class Moment:
    """The committer's clock in the story: it stands until the story moves it on."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.at = datetime.combine(FIRST, time(6), UTC)

    def __call__(self) -> datetime:
        return self.at

    def move_to(self, day: date) -> None:
        """Never backwards."""
        self.at = max(self.at, datetime.combine(day, time(6), UTC))


class Late(Struct, frozen=True, kw_only=True):
    """What came late, and where to look for it."""

    entity: str
    month: str
    upgraded: str
    late_event: str
    late_position: int
    corrected: str
    run: int


class Part(Struct, frozen=True, kw_only=True):
    """One country's story: what it put in, and what came late there."""

    entity: str
    events: int
    invoices: int
    payments: int
    credits: int
    late: Late | None


class Played(Struct, frozen=True, kw_only=True):
    """What the story put in, and where it ended."""

    entities: tuple[str, ...]
    book: str
    through: date
    closed: tuple[str, ...]
    events: int
    invoices: int
    payments: int
    credits: int
    late: Late


class _Story:
    """The ledger, the clock, and what the months of one country remember of each other."""

    def __init__(
        self, ledger: Ledger, moment: Moment, whole: Company, country: Country, chance: Chance
    ) -> None:
        self.ledger = ledger
        self.moment = moment
        self.whole = whole
        self.country = country
        self.chance = chance
        self.to_come: list[tuple[date, Request]] = []
        self.counts = {"events": 0, "invoices": 0, "payments": 0, "credits": 0}
        self.batches = 0
        self.kept: list[UsageRow] = []

    @property
    def entity(self) -> str:
        return self.country.entity

    def send(self, requests: Iterable[Request]) -> None:
        _send(self.ledger, self.entity, requests)

    def take(self, kind: str, rows: Sequence[UsageRow], day: date) -> BatchReceipt:
        self.batches += 1
        batch = UsageBatch(
            entity=self.entity,
            source=SOURCE,
            key=f"demo:usage:{self.batches}",
            kind="correction" if kind == "correction" else "rows",
            batch_number=self.batches,
            actor=ACTOR,
            reason=f"{kind} of {day:%Y-%m}",
        )
        return self.ledger.ingest(batch, rows)


def play(ledger: Ledger, moment: Moment, size: Size, chances: Chances) -> Played:
    """The whole story on an empty ledger, one country after the other."""
    open_group(ledger)
    parts = [play_country(ledger, moment, size, chances, country) for country in COUNTRIES]
    return gather(size, parts)


def open_group(ledger: Ledger) -> None:
    """The group's log, from which every country adopts."""
    _send(ledger, GROUP, group_opening())


def play_country(
    ledger: Ledger,
    moment: Moment,
    size: Size,
    chances: Chances,
    country: Country,
    told: Told = lambda _: None,
) -> Part:
    """One country's months; what is late comes to the first of them."""
    moment.restart()
    whole = company(size, chances("company"))
    story = _Story(ledger, moment, whole, country, chances(country.entity))
    _open(story)
    late_month = max(0, size.months - QUARTER - 1)
    for number in range(size.months):
        first, last = whole.month(number)
        told(f"{country.name} {first:%Y-%m}")
        _month(story, first, last, keep=number == late_month)
    told(f"{country.name} a quarter later")
    moment.move_to(whole.month(size.months)[0] + timedelta(days=14))
    late = _late_truth(story, late_month) if country is COUNTRIES[0] else None
    if late is None:
        ledger.run(country.entity, moment.at.date(), actor=ACTOR)
    return Part(entity=country.entity, late=late, **story.counts)


def gather(size: Size, parts: Sequence[Part]) -> Played:
    """The parts as one, in the order of the countries."""
    (late,) = (part.late for part in parts if part.late is not None)
    whole = Company(size=size, customers=())
    return Played(
        entities=tuple(part.entity for part in parts),
        book=BOOK,
        through=whole.month(size.months)[1],
        closed=tuple(f"{whole.month(number)[0]:%Y-%m}" for number in range(size.months)),
        events=sum(part.events for part in parts),
        invoices=sum(part.invoices for part in parts),
        payments=sum(part.payments for part in parts),
        credits=sum(part.credits for part in parts),
        late=late,
    )


def _send(ledger: Ledger, entity: str, requests: Iterable[Request]) -> None:
    """All of them must be taken: a refusal is a fault of the story."""
    for outcome in ledger.submit_many(entity, list(requests)):
        if not isinstance(outcome, Receipt):
            raise outcome


def _open(story: _Story) -> None:
    story.send(opening(story.country, story.whole.size))
    for outcome in story.ledger.adopt(story.entity, GROUP, actor=ACTOR):
        if not isinstance(outcome, Receipt):
            raise outcome


def _month(story: _Story, first: date, last: date, *, keep: bool) -> None:
    story.moment.move_to(first)
    ours = [who for who in story.whole.customers if who.country.entity == story.entity]
    story.send(ask for who in ours for ask in at_month_start(who, first, last))
    _bill(story, first)
    story.moment.move_to(last)
    story.send(ask for who in ours for ask in at_month_end(who, first, last))
    story.send(_arrived(story, last))
    story.moment.move_to(last + ONE_DAY)
    rows = list(usage_of_month(story.whole, story.country, first, last, story.chance))
    story.counts["events"] += story.take("usage", rows, first).accepted
    if keep:
        story.kept = rows
    story.ledger.run(story.entity, last, actor=ACTOR)
    story.ledger.close_period(story.entity, BOOK, f"{first:%Y-%m}", actor=ACTOR)


def _bill(story: _Story, day: date) -> None:
    """Invoices of the first of the month; each will be paid, or not, and some get a credit note."""
    for document in story.ledger.bill(story.entity, day, actor=ACTOR).documents:
        if isinstance(document.command, IssueInvoice) and document.total_minor > 0:
            story.counts["invoices"] += 1
            story.to_come += _consequences(story, document, day)


def _consequences(story: _Story, document: Document, day: date) -> Iterator[tuple[date, Request]]:
    chance, name = story.chance, document.stream.partition(":")[2]
    owed = document.total_minor
    if by_chance(chance, 3):
        credit = _credit(document, day + timedelta(days=9))
        owed -= sum(line.amount_minor for line in credit.lines)
        story.counts["credits"] += 1
        yield credit.when.effective, ask(story.entity, document.stream, "credit", credit)
    if by_chance(chance, 5) or owed == 0:
        return
    paid_on = day + timedelta(days=chance.randrange(12, 75))
    paid = ReceivePayment(
        when=When(effective=paid_on),
        customer=document.customer,
        currency=document.currency,
        amount_minor=owed // 2 + 1 if by_chance(chance, 3) else owed,
        reference=name,
    )
    story.counts["payments"] += 1
    yield paid_on, ask(story.entity, f"payment:{name}", "receive", paid)


def _credit(document: Document, day: date) -> IssueCredit:
    """A tenth off the largest line: an outage, made good."""
    assert isinstance(document.command, IssueInvoice)
    line = max(document.command.lines, key=lambda line: line.amount_minor)
    cut = CreditLine(line=line.line, amount_minor=max(1, line.amount_minor // 10))
    number = f"{document.command.number}-outage"
    return IssueCredit(when=When(effective=day), number=number, lines=(cut,))


def _arrived(story: _Story, last: date) -> list[Request]:
    """Payments and credit notes of this month, in order of their days."""
    mine = sorted((row for row in story.to_come if row[0] <= last), key=_by_day)
    story.to_come = [row for row in story.to_come if row[0] > last]
    return [request for _, request in mine]


def _by_day(row: tuple[date, Request]) -> tuple[date, str]:
    return row[0], row[1].key


# --- a quarter later ---------------------------------------------------------------------------


def _late_truth(story: _Story, late_month: int) -> Late:
    """In the month after the last close: what should have been known a quarter before."""
    first, last = story.whole.month(late_month)
    served = [
        who
        for who in story.whole.customers
        if who.country.entity == story.entity
        and who.start <= first
        and who.until > story.moment.at.date()
    ]
    if not served:
        raise Rejected("demo-too-small", field="customers", hint="more customers, or another seed")
    upgraded = next((who for who in reversed(served) if not who.annual), served[-1])
    rows, late_position = _stuck_usage(story, served, first, last)
    corrected = _double_counted(story, first)
    order = more_seats(first + timedelta(days=9), upgraded.seats + 25)
    asked = ask(story.entity, f"subscription:{upgraded.subscription}", "late-order", order)
    story.send([structs.replace(asked, reason="order form found in the contract folder")])
    receipt = story.ledger.run(story.entity, story.moment.at.date(), actor=ACTOR)
    return Late(
        entity=story.entity,
        month=f"{first:%Y-%m}",
        upgraded=upgraded.subscription,
        late_event=rows[0].event_id,
        late_position=late_position,
        corrected=corrected,
        run=receipt.positions[-1],
    )


def _stuck_usage(
    story: _Story, served: Sequence[Customer], first: date, last: date
) -> tuple[list[UsageRow], int]:
    """Events of a collector that was cut off: an even share of each of twenty customers."""
    whose = served[:20]
    each, more = divmod(LATE_EVENTS, len(whose))
    rows = [
        row
        for place, who in enumerate(whose)
        for row in events(who, first, last, each + (place < more), story.chance, "late-")
    ]
    receipt = story.take("late usage", rows, first)
    story.counts["events"] += receipt.accepted
    return rows, receipt.position


def _double_counted(story: _Story, first: date) -> str:
    """One customer's compute meter had counted double: its rows of the month, corrected."""
    compute = [row for row in story.kept if row.meter == "compute"]
    wrong = [row for row in compute if row.subscription == compute[0].subscription]
    right = [structs.replace(row, quantity=row.quantity / 2) for row in wrong]
    story.take("correction", right, first)
    return wrong[0].subscription
