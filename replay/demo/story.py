"""One country's story while it is told: the ledger, the clock, and what is still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from msgspec import Struct, structs

from domain.credit_note import CreditInvoice
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.party import RegisterCustomer
from domain.statement.documents import Document
from domain.usage import UsageRow
from replay.demo import deals, opening, people
from replay.demo.company import ACTOR, FIRST, Act, Chance, Country, ask, by_chance
from replay.demo.customers import Company
from replay.demo.people import Contact, Region
from replay.ledger import Ledger
from store import party
from store.party import Party
from store.request import Receipt, Request
from store.usage_input import Raw
from store.usage_rows import BatchReceipt
from store.usage_stage import Kind, UsageBatch

DAYS_TO_PAY = timedelta(days=30)


class Promise(Struct, frozen=True, kw_only=True):
    """When somebody will pay an invoice, and whether half of it."""

    on: date
    invoice: str
    customer: str
    is_half: bool


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
        self,
        ledger: Ledger,
        moment: Moment,
        whole: Company,
        country: Country,
        chance: Chance,
        folder: Path,
    ) -> None:
        self.ledger = ledger
        # Where files of the bank lie as it sent them.
        self.folder = folder
        self.moment = moment
        self.whole = whole
        self.country = country
        self.chance = chance
        members = whole.of(country)
        self.acts = [act for one in members for act in one.acts]
        self.acts += deals.deals(members)
        # Who buys, by the names of the customers; their ids and digests once they are in the vault.
        self.people: dict[str, tuple[Region, Contact]] = {
            one.who.name: (one.who.region, one.who.contact) for one in members
        }
        at = people.REGIONS[country.entity][0]
        self.people[country.holding] = at, people.holding(country.entity)
        self.parties: dict[str, Party] = {}
        # Credit notes by their days, and who will pay.
        self.to_come: list[tuple[date, Request]] = []
        self.promises: list[Promise] = []
        # By which rule money was matched, what stands at the bank, and who has paid.
        self.rules: Counter[str] = Counter()
        self.bank_minor = 0
        self.payers: set[str] = set()
        # Entries of the bank that were found to be something given back, by what it was.
        self.given_back: Counter[str] = Counter()
        # The payment that was charged back, its chargeback and the amount.
        self.taken_back: tuple[str, str, int] | None = None
        # The usage of one month, which will turn out to have been counted double.
        self.kept: list[UsageRow] = []
        self.positions: dict[tuple[str, str], int] = {}
        self.counts = {"events": 0, "invoices": 0, "payments": 0, "credits": 0}
        self.batches: dict[str, int] = {}

    @property
    def entity(self) -> str:
        return self.country.entity

    def introduce(self) -> None:
        """Names and addresses go into the vault before a fact names an id of it."""
        told = {name: contact for name, (_, contact) in self.people.items()}
        told[opening.SELLER] = people.SELLERS[self.entity]
        with self.ledger.connection() as connection:
            self.parties = party.put_many(connection, self.entity, told, at=self.moment())

    def say(self, acts: Iterable[Act]) -> None:
        """What customers said, as of now. What corrects an earlier act comes after it."""
        said = list(acts)
        fresh = [act for act in said if act.instead_of is None]
        for act, receipt in zip(fresh, self.send(map(self._asked, fresh)), strict=True):
            self.positions[act.stream, act.name] = receipt.positions[-1]
        self.send(self._asked(act) for act in said if act.instead_of is not None)
        for act in fresh:
            self._billed_by_hand(act)

    def _billed_by_hand(self, act: Act) -> None:
        """What a bank of ours can take is paid after a month."""
        if isinstance(act.command, IssueCredit):
            self.counts["credits"] += 1
        elif isinstance(act.command, IssueInvoice):
            self.counts["invoices"] += 1
            if act.command.currency == self.country.currency:
                promise = Promise(
                    on=act.command.when.effective + DAYS_TO_PAY,
                    invoice=act.stream.partition(":")[2],
                    customer=act.command.customer or "",
                    is_half=False,
                )
                self.promises.append(promise)

    def _asked(self, act: Act) -> Request:
        corrects = self.positions[act.stream, act.instead_of] if act.instead_of else None
        command = act.command
        if isinstance(command, RegisterCustomer):
            who = self.parties[act.stream.partition(":")[2]]
            command = structs.replace(command, party=who.id, party_digest=who.digest)
        return ask(self.entity, act.stream, act.name, command, act.reason, corrects)

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
            if isinstance(document.command, IssueCredit):
                self.counts["credits"] += 1
            elif document.total_minor > 0:
                self.counts["invoices"] += 1
                self._foresee(document, day)

    def _foresee(self, document: Document, day: date) -> None:
        chance, name = self.chance, document.stream.partition(":")[2]
        if by_chance(chance, 3):
            credit = _outage(document, day + timedelta(days=9))
            request = ask(self.entity, document.stream, "credit", credit, "outage, made good")
            self.to_come.append((credit.when.effective, request))
        if by_chance(chance, 5):
            return
        promise = Promise(
            on=day + timedelta(days=chance.randrange(12, 75)),
            invoice=name,
            customer=document.customer,
            is_half=by_chance(chance, 3),
        )
        self.promises.append(promise)

    def credited(self, last: date) -> None:
        """Credit notes up to a day, in order of their days."""
        mine = sorted((row for row in self.to_come if row[0] <= last), key=_by_day)
        self.to_come = [row for row in self.to_come if row[0] > last]
        self.send(request for _, request in mine)
        self.counts["credits"] += len(mine)

    def kept_promises(self, last: date) -> Iterator[Promise]:
        """Who pays up to a day, in order of the days."""
        mine = sorted((one for one in self.promises if one.on <= last), key=_by_payment)
        self.promises = [one for one in self.promises if one.on > last]
        yield from mine


def send(ledger: Ledger, entity: str, requests: Iterable[Request]) -> list[Receipt]:
    """All of them must be taken: a refusal is a fault of the story."""
    receipts = []
    for outcome in ledger.submit_many(entity, list(requests)):
        if not isinstance(outcome, Receipt):
            raise outcome
        receipts.append(outcome)
    return receipts


def _outage(document: Document, day: date) -> CreditInvoice:
    """A tenth off the invoice, spread over its lines and their tax."""
    return CreditInvoice(when=When(effective=day), amount_minor=max(1, document.total_minor // 10))


def _by_day(row: tuple[date, Request]) -> tuple[date, str]:
    return row[0], row[1].key


def _by_payment(one: Promise) -> tuple[date, str]:
    return one.on, one.invoice
