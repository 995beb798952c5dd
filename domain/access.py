"""Since when, and on which days, a customer can use an item, as evidence says.

Without evidence an item can be used while it is sold. Where only a withdrawal is stated, it could
be used until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.cover import NEVER
from domain.cycle import Span
from domain.facts import Fact
from domain.service import AccessGranted, AccessWithdrawn

AccessFact = AccessGranted | AccessWithdrawn


def access_to(item: str, facts: Sequence[Fact]) -> tuple[Span, ...]:
    """The days of access, half-open, by facts in effective order."""
    said = [
        fact
        for fact in facts
        if isinstance(fact.event, AccessFact) and fact.event.item in (None, item)
    ]
    spans: list[Span] = []
    since: date | None = date.min
    if said and isinstance(said[0].event, AccessGranted):
        since = None
    for fact in said:
        day = fact.when.effective
        if isinstance(fact.event, AccessGranted) and since is None:
            # Withdrawn and given again on one day it was never gone.
            since = spans.pop()[0] if spans and spans[-1][1] == day else day
        elif isinstance(fact.event, AccessWithdrawn) and since is not None:
            spans += [(since, day)] if since < day else []
            since = None
    return (*spans, *([(since, NEVER)] if since is not None else []))


def is_access(fact: Fact) -> bool:
    return isinstance(fact.event, AccessFact)
