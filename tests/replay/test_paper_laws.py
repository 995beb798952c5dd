"""Whatever is done to documents ends in documents: nothing is stuck, issued twice or left out."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.adjusting import AdjustDraft
from domain.credit_note import CreditInvoice
from domain.dispute import OpenDispute, ResolveDispute
from domain.draft import ApproveDraft, DiscardDraft
from domain.errors import Malformed, Rejected
from domain.facts import When, fold, known
from domain.invoice import DECIDER, VoidInvoice
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceVoided
from domain.invoice_state import InvoiceState
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.subscription import AmendSubscription, CancelSubscription, ItemChange
from projections.question import Question
from projections.register import register_gaps
from replay.ledger import Ledger
from store import log
from store.request import Receipt, Request
from store.usage_stage import UsageBatch
from tests.replay.conftest import SETUP

NEW_YEAR, END = date(2024, 1, 1), date(2024, 7, 15)
ENTITIES = count(1)
ACTS = (
    *("bill", "bill", "bill", "bill", "use", "use", "void", "credit", "adjust", "approve"),
    *("discard", "dispute", "resolve", "amend", "cancel", "retract"),
)
Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 190),
        st.integers(0, 7),
        st.sampled_from((1, 100, 5_000, 60_000, 10**7)),
    ),
    min_size=4,
    max_size=22,
)
OPTIONS = st.builds(
    InvoicingOptions,
    grace_days=st.sampled_from((0, 0, 4, 40)),
    approval=st.sampled_from(("none", "none", "required")),
    series=st.just("INV-{year}-"),
    credit_series=st.sampled_from(("", "CN-")),
    zero_invoices=st.sampled_from(("issue", "skip")),
)


class Play:
    """One entity, and what people and billing runs do with its documents."""

    def __init__(self, ledger: Ledger, options: InvoicingOptions) -> None:
        self.ledger = ledger
        self.entity = f"e{next(ENTITIES)}"
        self.keys = count(1)
        self.through = NEW_YEAR
        self.refused: list[str] = []
        self.positions: list[tuple[str, int]] = []
        adopted = AdoptInvoicing(when=When(effective=NEW_YEAR), options=options)
        for stream, command in (*SETUP, ("invoicing:self", adopted)):
            self.send(stream, command)

    def send(self, stream: str, command: Any, actor: str = "ann", **more: Any) -> None:
        """Each command twice: the second answer is the first."""
        key = f"k{next(self.keys)}"
        request = Request(
            entity=self.entity, stream=stream, key=key, command=command, actor=actor, **more
        )
        first, second = self.ledger.submit_many(self.entity, [request, request])
        assert not isinstance(first, Malformed), first
        if isinstance(first, Receipt):
            assert isinstance(second, Receipt)
            assert (second.positions, second.repeated) == (first.positions, True)
            self.positions += [(stream, at) for at in first.positions]
        else:
            assert isinstance(first, Rejected), first
            self.refused.append(first.code)

    def bill(self, through: date) -> None:
        self.through = max(self.through, through)
        self.ledger.bill(self.entity, self.through, actor="ann")

    def facts(self) -> dict[str, list[Any]]:
        with self.ledger.connection() as connection:
            found = log.read_categories(connection, self.entity, ["invoice"])
        streams: dict[str, list[Any]] = {}
        for fact in found:
            streams.setdefault(fact.stream, []).append(fact)
        return streams

    def do(self, step: Step) -> None:
        act, days, which, minor = step
        day = NEW_YEAR + timedelta(days)
        when = When(effective=day)
        if act in DEALS:
            DEALS[act](self, day, minor)
            return
        streams = self.facts()
        if not streams:
            return
        stream = sorted(streams)[which % len(streams)]
        state = fold(DECIDER, streams[stream])
        for command, actor in _acts(act, when, which, minor, state):
            self.send(stream, command, actor)
        if act == "retract":
            self.send(stream, None, corrects=streams[stream][-1].position)


def _use(play: Play, day: date, minor: int) -> None:
    event = f"u{next(play.keys)}"
    row = {
        "event_id": event,
        "subscription": "s1",
        "meter": "calls",
        "quantity": str(minor),
        "occurred_at": f"{day}T12:00:00Z",
    }
    play.ledger.ingest(UsageBatch(entity=play.entity, source="app", key=event), [row])


def _amend(play: Play, day: date, minor: int) -> None:
    changes = (ItemChange(item="seats", quantity=Decimal(minor % 23 + 1)),)
    play.send("subscription:s1", AmendSubscription(when=When(effective=day), items=changes))


DEALS: dict[str, Callable[[Play, date, int], None]] = {
    "bill": lambda play, day, _: play.bill(day),
    "use": _use,
    "amend": _amend,
    "cancel": lambda play, day, _: play.send(
        "subscription:s1", CancelSubscription(when=When(effective=day))
    ),
}


def _acts(
    act: str, when: When, which: int, minor: int, state: InvoiceState
) -> list[tuple[Any, str]]:
    number = f"q{which}"
    match act:
        case "void":
            return [(VoidInvoice(when=when), "ann")]
        case "credit":
            return [(CreditInvoice(when=when, amount_minor=minor), "ann")]
        case "adjust":
            line = f"{which % 2 + 1}"
            return [(AdjustDraft(when=when, line=line, amount_minor=minor, reason="so"), "ann")]
        case "approve":
            return [(ApproveDraft(when=when), "ann"), (ApproveDraft(when=when), "bob")]
        case "discard":
            return [(DiscardDraft(when=when), "ann")]
        case "dispute":
            return [(OpenDispute(when=when, dispute=number, amount_minor=minor), "ann")]
        case "resolve":
            known_ones = sorted(state.disputes) or [number]
            outcome = ("upheld", "credited", "withdrawn")[which % 3]
            dispute = known_ones[which % len(known_ones)]
            return [(ResolveDispute(when=when, dispute=dispute, outcome=outcome), "ann")]
        case _:
            return []


def _approved(play: Play) -> None:
    """Everything there is to approve, by somebody else."""
    for stream, own in play.facts().items():
        if fold(DECIDER, own).drafting.draft is not None:
            play.send(stream, ApproveDraft(when=When(effective=END)), "bob")


@pytest.fixture(scope="module")
def module_ledger(module_database: str) -> Any:
    with Ledger.open(module_database, lambda: datetime(2024, 8, 1, tzinfo=UTC)) as opened:
        yield opened


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(options=OPTIONS, steps=STEPS)
def test_any_sequence_of_acts_ends_in_documents(
    module_ledger: Ledger, options: InvoicingOptions, steps: list[Step]
) -> None:
    play = Play(module_ledger, options)
    for step in steps:
        play.do(step)
    play.bill(END)
    for grace in (60, 120):
        _approved(play)
        play.bill(END + timedelta(days=grace))
    last = END + timedelta(days=120)

    again = module_ledger.bill_preview(play.entity, last)
    settled = [one for one in again.documents if one.act != "drafted"]
    assert settled == []
    # What was adjusted and is billed no more is told by every run, until somebody takes it back.
    assert {row.reason for row in again.carried} <= {"credit", "adjustment-without-line"}
    _register_is_whole(play)
    _books_tie(play)


def _register_is_whole(play: Play) -> None:
    numbers = [
        fact.event.number
        for own in play.facts().values()
        for fact in own
        if isinstance(fact.event, InvoiceIssued | CreditIssued) and fact.event.number
    ]
    assert len(numbers) == len(set(numbers))
    play.ledger.catch_up(play.entity)
    with play.ledger.connection() as connection:
        assert register_gaps(connection, Question(entity=play.entity)).rows == ()


def _books_tie(play: Play) -> None:
    """What documents leave open is what the receivable account holds, at the end of time."""
    play.ledger.run(play.entity, date(2025, 12, 31), key="run")
    play.ledger.catch_up(play.entity)
    left = 0
    for own in play.facts().values():
        standing = known(own)
        issued = [fact.event for fact in standing if isinstance(fact.event, InvoiceIssued)]
        void = any(isinstance(fact.event, InvoiceVoided) for fact in standing)
        if issued and not void:
            cuts = (fact.event for fact in standing if isinstance(fact.event, CreditIssued))
            taken = sum(row.amount_minor for cut in cuts for row in cut.lines)
            left += sum(line.amount_minor for line in issued[0].lines) - taken
    with play.ledger.connection() as connection:
        found = connection.execute(
            "SELECT coalesce(sum(minor), 0)::bigint FROM journal_line"
            " WHERE entity = %s AND account = 'accounts-receivable'",
            [play.entity],
        ).fetchone()
    assert found == (left,)
