"""One country's story while it is told: the ledger, the clock, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from domain.cash import (
    ReceivePayment,
)
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine
from domain.statement.documents import Document
from domain.usage import UsageRow
from replay.demo.company import ACTOR, FIRST, Act, Chance, Country, ask, by_chance
from replay.demo.customers import Company
from replay.ledger import Ledger
from store.request import Receipt, Request
from store.usage_input import Raw
from store.usage_rows import BatchReceipt
from store.usage_stage import Kind, UsageBatch


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


class Story:
    """The ledger, the clock, and what the months of one country remember of each other."""

    def __init__(
        self, ledger: Ledger, moment: Moment, whole: Company, country: Country, chance: Chance
    ) -> None:
        self.ledger = ledger
        self.moment = moment
        self.whole = whole
        self.country = country
        self.chance = chance
        self.acts = [act for one in whole.of(country) for act in one.acts]
        # Payments and credit notes by their days.
        self.to_come: list[tuple[date, Request]] = []
        # The usage of one month, which will turn out to have been counted double.
        self.kept: list[UsageRow] = []
        self.positions: dict[tuple[str, str], int] = {}
        self.counts = {"events": 0, "invoices": 0, "payments": 0, "credits": 0, "billed_minor": 0}
        self.batches: dict[str, int] = {}

    @property
    def entity(self) -> str:
        return self.country.entity

    def say(self, acts: Iterable[Act]) -> None:
        """What customers said, as of now. What corrects an earlier act comes after it."""
        said = list(acts)
        fresh = [act for act in said if act.instead_of is None]
        for act, receipt in zip(fresh, self.send(map(self._asked, fresh)), strict=True):
            self.positions[act.stream, act.name] = receipt.positions[-1]
        self.send(self._asked(act) for act in said if act.instead_of is not None)

    def _asked(self, act: Act) -> Request:
        corrects = self.positions[act.stream, act.instead_of] if act.instead_of else None
        return ask(self.entity, act.stream, act.name, act.command, act.reason, corrects)

    def send(self, requests: Iterable[Request]) -> list[Receipt]:
        return send(self.ledger, self.entity, requests)

    def take(
        self, source: str, rows: Iterable[Raw | str], reason: str, kind: Kind = "rows"
    ) -> BatchReceipt:
        """A batch of usage under the next number of its source."""
        number = self.batches[source] = self.batches.get(source, 0) + 1
        batch = UsageBatch(
            entity=self.entity,
            source=source,
            key=f"demo:usage:{source}:{number}",
            kind=kind,
            batch_number=number,
            actor=ACTOR,
            reason=reason,
        )
        receipt = self.ledger.ingest(batch, rows)
        self.counts["events"] += receipt.accepted if kind == "rows" else 0
        return receipt

    def billed(self, documents: Iterable[Document], day: date) -> None:
        """Each invoice will be paid, or not, and some get a credit note."""
        for document in documents:
            self.counts["billed_minor"] += document.total_minor
            if isinstance(document.command, IssueCredit):
                self.counts["credits"] += 1
            elif document.total_minor > 0:
                self.counts["invoices"] += 1
                self.to_come += _consequences(self, document, day)

    def arrived(self, last: date) -> None:
        """Payments and credit notes up to a day, in order of their days."""
        mine = sorted((row for row in self.to_come if row[0] <= last), key=_by_day)
        self.to_come = [row for row in self.to_come if row[0] > last]
        self.send(request for _, request in mine)
        for _, request in mine:
            if isinstance(request.command, IssueCredit):
                self.counts["credits"] += 1
                taken = sum(line.amount_minor for line in request.command.lines)
                self.counts["billed_minor"] -= taken
            else:
                self.counts["payments"] += 1


def send(ledger: Ledger, entity: str, requests: Iterable[Request]) -> list[Receipt]:
    """All of them must be taken: a refusal is a fault of the story."""
    receipts = []
    for outcome in ledger.submit_many(entity, list(requests)):
        if not isinstance(outcome, Receipt):
            raise outcome
        receipts.append(outcome)
    return receipts


def _consequences(story: Story, document: Document, day: date) -> Iterator[tuple[date, Request]]:
    chance, name = story.chance, document.stream.partition(":")[2]
    owed = document.total_minor
    if by_chance(chance, 3):
        credit = _credit(document, day + timedelta(days=9))
        owed -= sum(line.amount_minor for line in credit.lines)
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
    yield paid_on, ask(story.entity, f"payment:{name}", "receive", paid)


def _credit(document: Document, day: date) -> IssueCredit:
    """A tenth off the largest line: an outage, made good."""
    assert isinstance(document.command, IssueInvoice)
    line = max(document.command.lines, key=lambda line: line.amount_minor)
    cut = CreditLine(line=line.line, amount_minor=max(1, line.amount_minor // 10))
    number = f"{document.command.number}-outage"
    return IssueCredit(when=When(effective=day), number=number, lines=(cut,))


def _by_day(row: tuple[date, Request]) -> tuple[date, str]:
    return row[0], row[1].key
