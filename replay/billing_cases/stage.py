"""Plays the acts of a billing case, by public commands, and keeps what each run issued."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.currency import exponent
from domain.errors import Malformed, Rejected
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.statement.documents import Document
from replay.billing.run import Wanted
from replay.billing_cases.acts import Act, Course, Find, Row, Run, Submit, Use
from replay.billing_cases.measured import Measured, measure
from replay.case_format import CaseError
from replay.ledger import Ledger, whole
from store.request import Request
from store.usage_stage import UsageBatch

SOURCE = "case"
UNITS_MAX = 2**40


class Line(Struct, frozen=True, kw_only=True):
    """One line of what a run issued; `amount` in major units, of a credit note negative."""

    subscription: str | None
    item: str | None
    kind: str
    service_from: date | None
    service_to: date | None
    amount: Fraction
    meter: str | None = None
    quantity: Decimal | None = None
    corrects: bool = False


class Ran(Struct, frozen=True, kw_only=True):
    """One billing run: what it issued, and what everything came to as it was measured then.

    `event`: of which it is, 0 for none; `after`: the last event before it.
    """

    run: Run
    event: int
    after: int
    lines: tuple[Line, ...]
    measured: Measured

    @property
    def total(self) -> Fraction:
        return sum((line.amount for line in self.lines), Fraction(0))


class Seen(Struct, frozen=True, kw_only=True):
    """All that came out of a case, run by run."""

    course: Course
    runs: tuple[Ran, ...]


class BillingStage:
    """Every case in an entity of its own; `set_clock` moves the committer's clock."""

    def __init__(self, ledger: Ledger, set_clock: Callable[[datetime], None]) -> None:
        self.ledger = ledger
        self.set_clock = set_clock

    def play(self, entity: str, course: Course) -> Seen:
        playing = _Playing(self.ledger, entity, course)
        for act in course.acts:
            self.set_clock(act.at.astimezone(UTC))
            try:
                playing.do(act)
            except (Rejected, Malformed) as no:
                raise CaseError(f"the ledger refused {act.key}: {no}") from None
        return Seen(course=course, runs=tuple(playing.runs))


class _Playing:
    """One case half way: where its facts are, which lines were issued."""

    def __init__(self, ledger: Ledger, entity: str, course: Course) -> None:
        self.ledger = ledger
        self.entity = entity
        self.course = course
        self.positions: dict[str, int] = {}
        self.issued: dict[tuple[str, str], InvoiceLine] = {}
        self.runs: list[Ran] = []
        self.after = 0

    def do(self, act: Act) -> None:
        self.after = max(self.after, act.event)
        match act.does:
            case Submit():
                self._submit(act, act.does)
            case Use():
                self._use(act, act.does)
            case Find():
                self._find(act, act.does)
            case Run():
                self.runs.append(self._run(act, act.does))
            case _:
                assert_never(act.does)

    def _submit(self, act: Act, does: Submit) -> None:
        request = Request(
            entity=self.entity,
            stream=does.stream,
            key=act.key,
            command=does.command,
            corrects=self.positions[does.corrects] if does.corrects else None,
        )
        receipt = self.ledger.submit(request)
        self.positions[act.key] = receipt.positions[-1]
        if isinstance(does.command, IssueInvoice):
            self._take_in(does.stream, does.command.lines)

    def _use(self, act: Act, does: Use) -> None:
        for number, row in enumerate(does.rows, start=1):
            self._ingest(act, row, f"{number}")

    def _ingest(self, act: Act, row: Row, name: str, tried: int = 0) -> None:
        """The same row again under another quantity is a correction of it."""
        rows = [
            {
                "event_id": f"{act.key}-{subscription}-{name}",
                "subscription": subscription,
                "meter": row.meter,
                "quantity": f"{row.quantity}",
                "occurred_at": row.at.isoformat(),
                "dimensions": row.dimensions,
            }
            for subscription in self.course.subscriptions
        ]
        batch = UsageBatch(
            entity=self.entity,
            source=SOURCE,
            key=f"{act.key}-{name}-{tried}",
            kind="correction" if tried else "rows",
        )
        receipt = self.ledger.ingest(batch, rows)
        if receipt.rejects:
            raise CaseError(f"the ledger refused {act.key}: {receipt.rejects[0].code}")

    def _find(self, act: Act, does: Find) -> None:
        """Doubled until the bill comes to the amount, then halved towards the fewest units."""
        least, most, tried = 0, 1, 0

        def billed(units: int) -> Fraction:
            nonlocal tried
            for meter in does.meters:
                row = Row(meter=meter, quantity=Decimal(units), at=does.at)
                self._ingest(act, row, meter, tried)
            tried += 1
            return self._previewed(does.on)

        while (said := billed(most)) < does.amount and most < UNITS_MAX:
            least, most = most, 2 * most
        while most - least > 1:
            middle = (least + most) // 2
            if (here := billed(middle)) < does.amount:
                least = middle
            else:
                most, said = middle, here
        if said != billed(most) or said != does.amount:
            raise CaseError(f"{act.key}: no usage comes to {does.amount}")

    def _previewed(self, on: date) -> Fraction:
        parts = whole(self.ledger.billing_preview(_wanted(self.entity, on, interim=True)))
        minor = sum(document.total_minor for document in parts.documents)
        return Fraction(minor, 10 ** exponent(self.course.currency))

    def _run(self, act: Act, run: Run) -> Ran:
        interim = run.why in ("interim", "already")
        billed = whole(self.ledger.billing(_wanted(self.entity, run.on, interim=interim)))
        lines = tuple(line for document in billed.documents for line in self._lines(document))
        with self.ledger.connection() as connection:
            measured = measure(connection, self.entity, self.course.subscriptions)
        return Ran(run=run, event=act.event, after=self.after, lines=lines, measured=measured)

    def _lines(self, document: Document) -> Iterator[Line]:
        command = document.command
        places = exponent(self.course.currency)
        if isinstance(command, IssueInvoice):
            self._take_in(document.stream, document.lines)
            for line in document.lines:
                yield self._line(line, Fraction(line.amount_minor, 10**places))
        elif isinstance(command, IssueCredit):
            for credited in command.lines:
                line = self.issued[(document.stream, credited.line)]
                amount = -Fraction(credited.amount_minor, 10**places)
                yield self._line(line, amount, corrects=True)

    def _line(self, line: InvoiceLine, amount: Fraction, *, corrects: bool = False) -> Line:
        price = (line.price or "").partition("@")[0]
        return Line(
            subscription=line.subscription,
            item=line.obligation,
            kind=line.kind,
            service_from=line.service_from,
            service_to=line.service_to,
            amount=amount,
            meter=self.course.meters.get(price),
            quantity=line.quantity,
            corrects=corrects,
        )

    def _take_in(self, stream: str, lines: Iterable[InvoiceLine]) -> None:
        for line in lines:
            self.issued[(stream, line.line)] = line


def _wanted(entity: str, on: date, *, interim: bool) -> Wanted:
    """An interim bill is of whole days: those before the one it is made on."""
    return Wanted(entity=entity, through=on - ONE_DAY if interim else on, interim=interim)
