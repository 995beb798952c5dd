"""The demo's story, told to a ledger by public commands: months of trade, then a late truth.

Each month: deals signed, invoices on the first, payments and credit notes, usage by the batch, a
posting run, a close with its seal. A quarter after a month was sealed come an upgrade that nobody
had keyed, usage that was stuck, and a meter that had counted double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct, structs

from domain.calendar import ONE_DAY, add_months
from domain.cash import ReceivePayment
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import CreditLine, IssueCredit, IssueInvoice
from domain.usage import UsageRow
from replay.billing_run import Document
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


class Moment:
    """The committer's clock in the story: it stands until the story moves it on."""

    def __init__(self) -> None:
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
    """The ledger, the clock, and what the months remember of each other."""

    def __init__(self, ledger: Ledger, moment: Moment, whole: Company, chance: Chance) -> None:
        self.ledger = ledger
        self.moment = moment
        self.whole = whole
        self.chance = chance
        self.to_come: list[tuple[date, Request]] = []
        self.counts = {"events": 0, "invoices": 0, "payments": 0, "credits": 0}
        self.batches: dict[str, int] = {}
        self.kept: list[UsageRow] = []

    def send(self, entity: str, requests: Iterable[Request]) -> None:
        """All of them must be taken: a refusal is a fault of the story."""
        asked = list(requests)
        for outcome in self.ledger.submit_many(entity, asked):
            if not isinstance(outcome, Receipt):
                raise outcome

    def take(self, entity: str, kind: str, rows: Sequence[UsageRow], day: date) -> BatchReceipt:
        number = self.batches[entity] = self.batches.get(entity, 0) + 1
        batch = UsageBatch(
            entity=entity,
            source=SOURCE,
            key=f"demo:usage:{number}",
            kind="correction" if kind == "correction" else "rows",
            batch_number=number,
            actor=ACTOR,
            reason=f"{kind} of {day:%Y-%m}",
        )
        return self.ledger.ingest(batch, rows)


def play(
    ledger: Ledger, moment: Moment, size: Size, chance: Chance, told: Told = lambda _: None
) -> Played:
    """The whole story on an empty ledger."""
    story = _Story(ledger, moment, company(size, chance), chance)
    told("three companies and a catalogue")
    _open(story)
    late_month = max(0, size.months - QUARTER - 1)
    for number in range(size.months):
        first, last = story.whole.month(number)
        told(f"{first:%Y-%m}")
        for country in COUNTRIES:
            _month(story, country, first, last, keep=number == late_month)
    told("a quarter later")
    late = _late_truth(story, late_month)
    closed = tuple(f"{story.whole.month(number)[0]:%Y-%m}" for number in range(size.months))
    return Played(
        entities=tuple(country.entity for country in COUNTRIES),
        book=BOOK,
        through=story.whole.month(size.months)[1],
        closed=closed,
        late=late,
        **story.counts,
    )


def _open(story: _Story) -> None:
    story.send(GROUP, group_opening())
    for country in COUNTRIES:
        story.send(country.entity, opening(country, story.whole.size))
        for outcome in story.ledger.adopt(country.entity, GROUP, actor=ACTOR):
            if not isinstance(outcome, Receipt):
                raise outcome


def _month(story: _Story, country: Country, first: date, last: date, *, keep: bool) -> None:
    story.moment.move_to(first)
    ours = [who for who in story.whole.customers if who.country.entity == country.entity]
    _say(story, country, (ask for who in ours for ask in at_month_start(who, first, last)))
    _bill(story, country, first)
    story.moment.move_to(last)
    _say(story, country, (ask for who in ours for ask in at_month_end(who, first, last)))
    _say(story, country, _arrived(story, country, last))
    story.moment.move_to(last + ONE_DAY)
    rows = list(usage_of_month(story.whole, country, first, last, story.chance))
    story.counts["events"] += story.take(country.entity, "usage", rows, first).accepted
    if keep and country is COUNTRIES[0]:
        story.kept = rows
    story.ledger.run(country.entity, last, actor=ACTOR)
    story.ledger.close_period(country.entity, BOOK, f"{first:%Y-%m}", actor=ACTOR)


def _say(story: _Story, country: Country, requests: Iterator[Request]) -> None:
    story.send(country.entity, requests)


def _bill(story: _Story, country: Country, day: date) -> None:
    """Invoices of the first of the month; each will be paid, or not, and some get a credit note."""
    for document in story.ledger.bill(country.entity, day, actor=ACTOR).documents:
        if isinstance(document.command, IssueInvoice) and document.total_minor > 0:
            story.counts["invoices"] += 1
            story.to_come += _consequences(country, document, day, story)


def _consequences(
    country: Country, document: Document, day: date, story: _Story
) -> Iterator[tuple[date, Request]]:
    chance, name = story.chance, document.stream.partition(":")[2]
    owed = document.total_minor
    if by_chance(chance, 3):
        credit = _credit(document, day + timedelta(days=9))
        owed -= sum(line.amount_minor for line in credit.lines)
        story.counts["credits"] += 1
        yield credit.when.effective, ask(country.entity, document.stream, "credit", credit)
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
    yield paid_on, ask(country.entity, f"payment:{name}", "receive", paid)


def _credit(document: Document, day: date) -> IssueCredit:
    """A tenth off the largest line: an outage, made good."""
    assert isinstance(document.command, IssueInvoice)
    line = max(document.command.lines, key=lambda line: line.amount_minor)
    cut = CreditLine(line=line.line, amount_minor=max(1, line.amount_minor // 10))
    number = f"{document.command.number}-outage"
    return IssueCredit(when=When(effective=day), number=number, lines=(cut,))


def _arrived(story: _Story, country: Country, last: date) -> Iterator[Request]:
    """Payments and credit notes of this month, in order of their days."""
    mine = [row for row in story.to_come if row[1].entity == country.entity and row[0] <= last]
    story.to_come = [row for row in story.to_come if row not in mine]
    for _, request in sorted(mine, key=lambda row: (row[0], row[1].key)):
        yield request


# --- a quarter later ---------------------------------------------------------------------------


def _late_truth(story: _Story, late_month: int) -> Late:
    """In the month after the last close: what should have been known a quarter before."""
    first, last = story.whole.month(late_month)
    begin = add_months(FIRST, story.whole.size.months)
    story.moment.move_to(begin + timedelta(days=14))
    country = COUNTRIES[0]
    served = [
        who
        for who in story.whole.customers
        if who.country.entity == country.entity and who.start <= first and who.until > begin
    ]
    if not served:
        raise Rejected("demo-too-small", field="customers", hint="more customers, or another seed")
    upgraded = next((who for who in reversed(served) if not who.annual), served[-1])
    rows, late_position = _stuck_usage(story, country, served, first, last)
    corrected = _double_counted(story, country, first)
    order = more_seats(first + timedelta(days=9), upgraded.seats + 25)
    story.send(
        country.entity,
        [
            structs.replace(
                ask(country.entity, f"subscription:{upgraded.subscription}", "late-order", order),
                reason="order form found in the contract folder",
            )
        ],
    )
    today = story.moment.at.date()
    runs = [story.ledger.run(each.entity, today, actor=ACTOR) for each in COUNTRIES]
    return Late(
        entity=country.entity,
        month=f"{first:%Y-%m}",
        upgraded=upgraded.subscription,
        late_event=rows[0].event_id,
        late_position=late_position,
        corrected=corrected,
        run=runs[0].positions[-1],
    )


def _stuck_usage(
    story: _Story, country: Country, served: Sequence[Customer], first: date, last: date
) -> tuple[list[UsageRow], int]:
    """Events of a collector that was cut off: an even share of each of twenty customers."""
    whose = served[:20]
    each, more = divmod(LATE_EVENTS, len(whose))
    rows = [
        row
        for place, who in enumerate(whose)
        for row in events(who, first, last, each + (place < more), story.chance, "late-")
    ]
    receipt = story.take(country.entity, "late usage", rows, first)
    story.counts["events"] += receipt.accepted
    return rows, receipt.position


def _double_counted(story: _Story, country: Country, first: date) -> str:
    """One customer's compute meter had counted double: its rows of the month, corrected."""
    compute = [row for row in story.kept if row.meter == "compute"]
    wrong = [row for row in compute if row.subscription == compute[0].subscription]
    right = [structs.replace(row, quantity=row.quantity / 2) for row in wrong]
    story.take(country.entity, "correction", right, first)
    return wrong[0].subscription
