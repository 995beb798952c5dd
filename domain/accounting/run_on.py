"""What was billed of service beyond the end of an item, where a book lets the schedule run on.

A vendor's habit, not GAAP (`after_cancellation`: run-on): a cancellation stops no schedule, only a
credit note or a void does. What lines bill of an item beyond what the deal charges is earned from
its end on, to the end those lines state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.curves import Progress, not_before
from domain.accounting.documents import BilledLine, Cut
from domain.accounting.invoices import line_revenue
from domain.accounting.schedule import Flow
from domain.charge import Charge
from domain.explain import Step, steps_of
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.stretch import Ending
from domain.terms import Terms


class BilledAt(NamedTuple):
    """A line of what is earned over time: at which version of a price, because of which facts."""

    row: BilledLine
    price: str
    given: tuple[int, ...]


class _Billed(Struct, frozen=True):
    """Lines of one item that bill service up to one day, and the first end of the item in it."""

    rows: tuple[BilledAt, ...]
    since: date
    until: date
    ending: Ending


def run_on(
    billed: Sequence[BilledAt],
    charges: Sequence[Charge],
    terms: Terms,
    facts: Sequence[Fact],
    by: Progress,
) -> Iterator[Flow]:
    """Flows of lines that bill what is earned over time, in order; `charges` are all of the deal.

    Each charge is counted once, against the lines that end first.
    """
    left = list(charges)
    for one in _by_end(billed, terms):
        own = [
            charge
            for charge in left
            if charge.item == one.ending.item and one.since <= charge.start < one.until
        ]
        left = [charge for charge in left if charge not in own]
        yield from _flows(one, own, _known_on(one.ending, terms, facts), terms, by)


def _by_end(billed: Sequence[BilledAt], terms: Terms) -> Iterator[_Billed]:
    found: dict[tuple[date, str], list[BilledAt]] = {}
    for one in billed:
        if one.row.line.service_to is not None:
            found.setdefault((one.row.line.service_to, one.row.obligation), []).append(one)
    for until, item in sorted(found):
        rows = found[until, item]
        days = (one.row.line.service_from for one in rows)
        since = min(day for day in days if day is not None)
        ended = [one for one in terms.endings if one.item == item and one.day < until]
        inside = [one for one in ended if one.day >= since]
        ending = min(inside or ended, key=lambda one: one.day, default=None)
        if ending is not None:
            yield _Billed(tuple(rows), since, until, ending)


def _known_on(ending: Ending, terms: Terms, facts: Sequence[Fact]) -> date:
    """The day on which accounting measures what ended the item; without a term it is caught up."""
    if terms.is_open_ended:
        return ending.day
    said = (fact.when.measured for fact in facts if fact.position in ending.causes)
    return max(said, default=ending.day)


def _flows(
    one: _Billed, own: Sequence[Charge], known_on: date, terms: Terms, by: Progress
) -> Iterator[Flow]:
    rows, day = [billed.row for billed in one.rows], max(one.since, one.ending.day)
    beyond = sum(row.line.amount_minor for row in rows) - sum(charge.minor for charge in own)
    if beyond <= 0:
        return
    line = structs.replace(
        rows[0].line,
        service_from=day,
        amount_minor=beyond,
        service_from_at=None,
        service_to_at=None,
    )
    row = structs.replace(rows[0], line=line, cuts=_cuts(rows, beyond), only=one.ending.item)
    causes = causes_of(
        (terms.started_at,),
        one.ending.causes,
        *(causes_of(billed.row.causes, billed.given) for billed in one.rows),
        *(charge.causes for charge in own),
    )

    def told() -> Iterator[Step]:
        for billed in one.rows:
            value = decimal_text(billed.row.line.amount_minor, billed.row.currency)
            yield Step(what=f"{billed.price} billed to {one.until}", value=value)
        for charge in own:
            yield from steps_of(charge.told)
        yield Step(what="sold no more from", value=str(one.ending.day))
        if known_on > day:
            yield Step(what="measured", value=str(known_on))

    for flow in line_revenue(row, by, causes, told):
        yield structs.replace(flow, curve=not_before(flow.curve, max(known_on, day)))


def _cuts(rows: Sequence[BilledLine], beyond: int) -> tuple[Cut, ...]:
    """What documents take back of what is beyond, in order; a price cut is moved by itself."""
    found = (cut for row in rows for cut in row.cuts if not cut.concession)
    cuts: list[Cut] = []
    for cut in sorted(found, key=lambda cut: (cut.day, cut.fact)):
        taken = min(cut.minor, beyond)
        beyond -= taken
        # What is taken back to nothing is taken back at once, as by a void.
        name = "void" if not beyond and not cut.as_if_never else cut.name
        if taken > 0:
            cuts.append(structs.replace(cut, minor=taken, name=name))
    return tuple(cuts)
