"""Explain a slot: every measured amount in it, with the steps that came out of the same call.

An unbilled receivable or a contract asset is presented from what its obligation earned, billed and
was due so far, so it shows all of those amounts; any other slot shows the flows that move it within
its period.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.accounting.rules import Rule, rule_of
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import Calendar
from domain.due import PRESENTED, by_period, slot_of
from domain.explain import Step
from domain.journal import Slot
from domain.net_position import side_of


class Explained(Struct, frozen=True, kw_only=True):
    """One flow's share of a slot, in minor units of its account; `by` is its rule in words."""

    kind: str
    subject: str
    earned: date
    rule: str
    by: Rule
    minor: int
    steps: tuple[Step, ...]
    causes: tuple[int, ...]


def explain(
    schedule: Schedule, slot: Slot, through: date, calendar: Calendar
) -> tuple[Explained, ...]:
    """What an amount is made of; shares of the slot's own flows sum to what is due in it."""
    if slot.kind in PRESENTED:
        every = (*schedule.flows, *schedule.memos)
        flows = [flow for flow in every if _counts(flow, slot.obligation)]
        return tuple(
            _explained(flow, last, minor)
            for flow in flows
            for last, minor in _changes(flow, through, calendar)
            if last <= slot.earned
        )
    return tuple(
        _explained(flow, last, sign * minor)
        for flow in schedule.flows
        for account, sign in flow.legs
        if slot == slot_of(flow, account, slot.earned)
        for last, minor in _changes(flow, through, calendar)
        if last == slot.earned
    )


def _counts(flow: Flow, obligation: str) -> bool:
    """A slot that is presented without an obligation stands for the whole contract."""
    mine = flow.obligation == obligation or not obligation
    return mine and side_of(flow) is not None


def _changes(flow: Flow, through: date, calendar: Calendar) -> list[tuple[date, int]]:
    return [(period.last, minor) for period, minor in by_period(flow, through, calendar)]


def _explained(flow: Flow, earned: date, minor: int) -> Explained:
    return Explained(
        kind=flow.kind,
        subject=flow.subject,
        earned=earned,
        rule=flow.rule,
        by=rule_of(flow.rule),
        minor=minor,
        steps=flow.steps,
        causes=flow.causes,
    )
