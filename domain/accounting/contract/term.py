"""How far a contract binds that the customer may leave without penalty (rule 2).

At any day it binds as long as its notice runs, and what is promised beyond is no contract yet. What
was charged beyond it and goes back to who leaves is owed back, not a contract liability
(ASC 606-10-25-3 and 25-4, IFRS 15.10 to 12; TRG papers 10 and 48).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import structs

from domain.accounting.contract.promise import REFUND, Deal, Promise
from domain.accounting.curves import Curve, Steps, ahead, moving_days, standing, total
from domain.accounting.documents import BilledLine, billing_flows
from domain.accounting.schedule import Flow, Paper
from domain.explain import Step, steps_of
from domain.facts import causes_of
from domain.net_position import LIABILITY


def enforceable(promise: Promise, notice: int, deal: Deal) -> tuple[Curve, ...]:
    """What of a promise is earned before the notice is over, as it was known on each day."""
    since = deal.opened.when.effective
    ways = {
        day: [ahead(flow.curve, notice, since) for flow in flows]
        for day, flows in _known(promise, since).items()
    }
    if [*ways] == [since]:
        return tuple(ways[since])
    return (Steps(tuple(_one_after_another(ways).items())),)


def _known(promise: Promise, since: date) -> dict[date, tuple[Flow, ...]]:
    """How it was known to be earned from each day on; what a day knew first and changed again that
    day counts for nothing.
    """
    ways = dict[date, tuple[Flow, ...]]()
    last = since
    for day, flows in promise.ways:
        # A change agreed late is known when it is measured, after those measured before it.
        last = max(last, day)
        ways[last] = flows
    return ways


def _one_after_another(ways: Mapping[date, Sequence[Curve]]) -> dict[date, int]:
    """Each way counts from its day on, until the next one does."""
    starts = [*ways]
    rows = dict[date, int]()
    for begin, after in zip(starts, [*starts[1:], date.max], strict=True):
        moves = (day for day in moving_days(ways[begin]) if begin < day < after)
        for day in (begin, *moves):
            rows[day] = sum(standing(curve, day) for curve in ways[begin])
    return rows


def owed_back(
    promises: Sequence[Promise],
    beside: Sequence[Promise],
    owed_already: Sequence[Flow],
    billed: Sequence[BilledLine],
    notice: int,
    deal: Deal,
) -> Iterator[Flow]:
    """What was charged above what binds, day by day; all of it where a price is below nothing.

    What is owed to others or back `beside` promises was charged for them, too; and of what is owed
    to the customer, or as interest, by then nothing is owed twice.
    """
    bound = [*(one for one in promises if not one.is_invoiced), *beside]
    apart = {one.name for one in promises if one.is_invoiced}
    lines = [row for row in billed if row.obligation not in apart]
    charged = _charges(map(_without_concessions, lines))
    curves = [curve for one in bound for curve in enforceable(one, notice, deal)]
    rows, stood = dict[date, int](), 0
    for day in moving_days([*(flow.curve for flow in (*charged, *owed_already)), *curves]):
        has = sum(standing(flow.curve, day) for flow in charged)
        binds = sum(standing(curve, day) for curve in curves)
        binds += sum(dict(one.legs)[LIABILITY] * standing(one.curve, day) for one in owed_already)
        owed = max(0, has - max(0, binds))
        if owed != stood:
            rows[day] = stood = owed
    if not rows:
        return
    since = deal.opened.when.effective
    ways = [flow for one in bound for flows in _known(one, since).values() for flow in flows]
    # Nothing of it is earned yet, by how it was changed last.
    still = [one for one in bound if not (one.ways and one.ways[-1][1])]
    causes = causes_of(
        deal.inception,
        *(flow.causes for flow in charged),
        *(flow.causes for flow in (*ways, *owed_already)),
        *(one.causes for one in still),
    )
    steps = (
        Step(what="days of notice", value=str(notice)),
        *(step for flow in charged for step in flow.steps),
        *(step for flow in (*ways, *owed_already) for step in flow.steps),
        *(step for one in still for step in steps_of(one.told)),
    )
    yield Flow(
        kind="refund-owed",
        subject=promises[0].name,
        obligation=promises[0].name,
        legs=REFUND,
        curve=Steps(tuple(rows.items())),
        causes=causes,
        rule="beyond-notice@1",
        charged=_documents(_charges(lines)),
        told=lambda: steps,
    )


def _charges(lines: Iterable[BilledLine]) -> list[Flow]:
    return [flow for row in lines for flow in billing_flows(row) if LIABILITY in dict(flow.legs)]


def _documents(charged: Sequence[Flow]) -> tuple[Paper, ...]:
    """What is charged by documents that do not wait for time to come to their date."""
    papers = [Paper(flow.on, total(flow.curve), flow.after) for flow in charged if flow.on]
    return tuple(sorted(papers, key=lambda paper: paper.day))


def _without_concessions(row: BilledLine) -> BilledLine:
    """A concession lowers price and charge alike: nothing of it goes back beyond the notice."""
    return structs.replace(row, cuts=tuple(cut for cut in row.cuts if not cut.concession))
