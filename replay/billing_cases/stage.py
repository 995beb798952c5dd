"""Plays the acts of a billing case, by public commands, and keeps what each run issued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from domain.calendar import ONE_DAY
from domain.currency import exponent
from domain.errors import Malformed, Rejected
from replay.billing.run import Wanted
from replay.billing_cases import by_hand
from replay.billing_cases.acts import (
    Act,
    Adjust,
    Course,
    Credit,
    Find,
    Issue,
    Keep,
    Pay,
    Refund,
    Row,
    Run,
    Submit,
    Use,
    Void,
)
from replay.billing_cases.by_hand import ByHand
from replay.billing_cases.measured import measure
from replay.billing_cases.papers import Papers
from replay.billing_cases.seen import Ran, Seen
from replay.billing_cases.settled import Settled, settle
from replay.case_format import CaseError
from replay.ledger import Ledger, whole
from store import log
from store.request import Request
from store.usage_stage import UsageBatch

SOURCE = "case"
UNITS_MAX = 2**40


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
        return Seen(course=course, runs=tuple(playing.runs), settled=playing.settled())


class _Playing:
    """One case half way: where its facts are, which lines were issued."""

    def __init__(self, ledger: Ledger, entity: str, course: Course) -> None:
        self.ledger = ledger
        self.entity = entity
        self.course = course
        self.positions: dict[str, int] = {}
        self.papers = Papers(course)
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
            case Pay() | Refund() | Credit() | Void() | Keep() | Adjust() | Issue():
                self.runs.append(self._by_hand(act, act.does))
            case _:
                assert_never(act.does)

    def settled(self) -> Settled:
        customers = {paper.customer for ran in self.runs for paper in ran.papers}
        with self.ledger.connection() as connection:
            facts = log.read_all(connection, self.entity)
            return settle(facts, sorted(customers), self.course.currency)

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

    def _by_hand(self, act: Act, does: ByHand) -> Ran:
        stream, command = by_hand.command(does, self.papers, f"{self.entity}-{act.key}")
        try:
            self._submit(act, Submit(stream=stream, command=command))
        except Rejected as no:
            if not by_hand.is_nothing(does, no):
                raise
        return self._seen(
            act, Run(on=does.on, why="credit" if isinstance(does, Credit) else "by-hand")
        )

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
        whole(self.ledger.billing(_wanted(self.entity, run.on, interim=interim)))
        return self._seen(act, run)

    def _seen(self, act: Act, run: Run) -> Ran:
        """What there is since the last look."""
        with self.ledger.connection() as connection:
            facts = tuple(log.read_all(connection, self.entity, after=self.papers.seen))
            papers = tuple(self.papers.take(facts))
            measured = measure(connection, self.entity, self.course.subscriptions)
        return Ran(run=run, event=act.event, after=self.after, papers=papers, measured=measured)


def _wanted(entity: str, on: date, *, interim: bool) -> Wanted:
    """An interim bill is of whole days: those before the one it is made on."""
    return Wanted(entity=entity, through=on - ONE_DAY if interim else on, interim=interim)
