"""Approved adjustments, measured as they stand in slots of their own: nothing nets them away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from msgspec import structs

from domain.accounting.curves import At, first_day, total
from domain.accounting.exchange import Market, rate_step, told_at
from domain.accounting.schedule import Flow, Schedule
from domain.books import AdjustmentApproved, AdjustmentProposed
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.money import decimal_text


def adjustment_flows(facts: Sequence[Fact], book: str) -> tuple[Flow, ...]:
    """The lines of an approved adjustment of this book, and their mirror on the reversal date."""
    proposed = next((f for f in facts if isinstance(f.event, AdjustmentProposed)), None)
    approved = next((f for f in facts if isinstance(f.event, AdjustmentApproved)), None)
    if proposed is None or approved is None:
        return ()
    event = proposed.event
    assert isinstance(event, AdjustmentProposed)
    if event.book != book:
        return ()
    subject = proposed.stream.partition(":")[2]
    causes = causes_of((proposed.position,), (approved.position,))
    flows = _dated(event, subject, proposed.when.effective, 1, causes)
    if event.reverses_on is not None:
        flows += _dated(event, f"{subject}:reversal", event.reverses_on, -1, causes)
    return flows


def adjusted_in_functional(schedule: Schedule, market: Market) -> Schedule:
    """By the rate of the day it is for, its reversal too; added up line by line, so it balances."""
    if not schedule.flows:
        return schedule
    quote = market.on(min(first_day(flow.curve) for flow in schedule.flows))
    flows: list[Flow] = []
    sums: dict[date, int] = {}
    for flow in schedule.flows:
        day, minor = first_day(flow.curve), total(flow.curve)
        before = sums.get(day, 0)
        sums[day] = before + minor
        worth = quote.worth(before + minor) - quote.worth(before)
        flows.append(
            told_at(flow, At(day, worth), quote.causes, (rate_step(quote, worth, market),))
        )
    return structs.replace(schedule, flows=tuple(flows), functional_currency=market.into)


def _dated(
    event: AdjustmentProposed, subject: str, day: date, sign: int, causes: tuple[int, ...]
) -> tuple[Flow, ...]:
    return tuple(
        Flow(
            kind="adjustment",
            subject=subject,
            legs=((line.account, 1),),
            curve=At(day, sign * line.amount_minor),
            on=day,
            causes=causes,
            rule="approved-adjustment@1",
            told=partial(_told, event, sign * line.amount_minor),
        )
        for line in event.lines
    )


def _told(event: AdjustmentProposed, minor: int) -> tuple[Step, ...]:
    return (Step(what=event.memo, value=decimal_text(minor, event.currency)),)
