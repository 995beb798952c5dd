"""Plays the acts of a case on a ledger, through the commands anybody has, by a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import assert_never

from domain.facts import Source
from replay.accounting_cases.answers import BOOK, Answers
from replay.accounting_cases.books import CaseBooks
from replay.accounting_cases.plan import Act, Plan, Run, SetUp
from replay.accounting_cases.steps import USAGE, Close, Ingest, NoEffect, Submit, key_of
from replay.billing_cases.acts import Course
from replay.billing_cases.seen import Seen
from replay.billing_cases.stage import BillingStage
from replay.case_format import CaseError
from replay.ledger import Ledger
from store.request import Clock, Request
from store.usage_stage import UsageBatch

SOURCE = "case"


class CaseClock:
    """The committer's clock of a case: it shows when the act at hand was recorded."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def show(self, now: datetime) -> None:
        self.now = now


class LedgerStage:
    """Every case in an entity of its own, all in one database made for the purpose."""

    def __init__(self, open_ledger: Callable[[Clock], Ledger]) -> None:
        self.clock = CaseClock()
        self.ledger = open_ledger(self.clock)
        self.positions: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        self.ledger.close()

    def do(self, entity: str, act: Act) -> None:
        self.clock.now = act.at.astimezone(UTC)
        match act.does:
            case SetUp():
                self._submit(entity, act.key, act.does, None)
            case Submit(source=named):
                source = Source(system=SOURCE, kind=named[0], id=named[1]) if named else None
                self._submit(entity, act.key, act.does, source)
            case Ingest():
                self._ingest(entity, act.key, act.does)
            case Run(through=through):
                self.ledger.run(entity, through, key=act.key)
            case Close(period=period):
                self.ledger.close_period(entity, BOOK, period, key=act.key)
            case NoEffect():
                pass
            case _:
                assert_never(act.does)

    def answers(self, entity: str, course: Plan) -> Answers:
        return CaseBooks(self.ledger, entity, course)

    def play_billing(self, entity: str, course: Course) -> Seen:
        return BillingStage(self.ledger, self.clock.show).play(entity, course)

    def _submit(self, entity: str, key: str, does: SetUp | Submit, source: Source | None) -> None:
        corrected = does.corrects if isinstance(does, Submit) else None
        instead_of = None if corrected is None else key_of(*corrected)
        request = Request(
            entity=entity,
            stream=does.stream,
            key=key,
            command=does.command,
            source=source,
            corrects=None if instead_of is None else self.positions[entity, instead_of],
        )
        position = self.ledger.submit(request).positions[-1]
        self.positions[entity, key] = position
        if instead_of is not None:
            # What corrects the same fact again takes the place of this one.
            self.positions[entity, instead_of] = position

    def _ingest(self, entity: str, key: str, does: Ingest) -> None:
        row = {
            "event_id": does.event_id,
            "subscription": USAGE,
            "meter": does.meter,
            "quantity": f"{does.quantity}",
            "occurred_at": does.occurred_at.isoformat(),
        }
        batch = UsageBatch(entity=entity, source=SOURCE, key=key, kind=does.kind)
        receipt = self.ledger.ingest(batch, [row])
        if receipt.rejects:
            raise CaseError(f"the ledger refused {key}: {receipt.rejects[0].code}")
