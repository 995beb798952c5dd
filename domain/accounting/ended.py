"""What is owed back of a deal that ended: charged, and never to be earned (rules 14 and 20).

Once all of a deal ended no promise is left to be performed, so what was charged beyond what is kept
is no contract liability: it is what the customer is expected to get back, until a credit note takes
it off what was charged (ASC 606-10-32-10 and 45-2, IFRS 15.55 and 106). What nobody charged is owed
back by nobody. Of contracts that are accounted for as one each owes back what it charged beyond
what it keeps by itself: shares of what all cost are not charged, and what another has earned and
not billed pays nothing back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import structs

from domain.accounting.causes import Together, rest_together, union
from domain.accounting.contract.combined import joined, joins_of
from domain.accounting.contract.promise import REFUND
from domain.accounting.curves import (
    At,
    Curve,
    Steps,
    first_day,
    last_day,
    moving_days,
    standing,
    total,
)
from domain.accounting.schedule import Flow, Paper
from domain.contract_facts import ContractOpened, ContractTerminated
from domain.explain import Step
from domain.facts import Fact, causes_of, of_kinds
from domain.money import decimal_text
from domain.net_position import LIABILITY, OWED
from domain.subscription import SubscriptionCancelled
from domain.terms import Terms
from domain.usage import UsageDay

RULE = "owed-back-at-the-end@1"


class End(NamedTuple):
    """From when nothing of a deal is left to be performed, as memos say it: the first of the day,
    then one of what each promise earns, where what earns nothing rests on facts, too. `together`:
    what flows rest on that are worth something only together.
    """

    memos: tuple[Flow, ...]
    together: Together = union

    @property
    def day(self) -> date:
        return first_day(self.memos[0].curve)


def owed_by_contracts(
    streams: Sequence[str],
    known: Sequence[Fact],
    flows: Sequence[Flow],
    alone: Callable[[str], Sequence[Flow]],
) -> tuple[Flow, ...]:
    """Of contracts that are accounted for as one; `alone` is what moves for one by itself. What is
    left once all of them ended is owed back, too.
    """
    found: list[Flow] = []
    if len(streams) > 1:
        joins = joins_of(known)
        for stream in streams:
            end = _end_of([stream], known, joined(stream, joins))
            if end is not None:
                owed = owed_at_the_end(end, alone(stream), joint=True)
                found += _named(stream, stream, owed, known)
    end = _end_of(streams, known)
    if end is not None:
        name = streams[0] if len(streams) == 1 else ""
        owed = owed_at_the_end(end, [*flows, *found], joint=True)
        found += _named(name, streams[0], owed, known)
    return tuple(found)


def _named(name: str, stream: str, flows: Iterable[Flow], known: Sequence[Fact]) -> Iterator[Flow]:
    """What a contract owes back has its name, and stands for its first promise, whichever moved."""
    opened = next(fact.event for fact in of_kinds(known, ContractOpened) if fact.stream == stream)
    assert isinstance(opened, ContractOpened), opened
    first = opened.obligations[0].obligation
    for flow in flows:
        yield structs.replace(flow, subject=f"{name.partition(':')[2]}:ended", obligation=first)


def _end_of(streams: Sequence[str], known: Sequence[Fact], *also: tuple[int, ...]) -> End | None:
    """The end of contracts, of all of them, when it was measured; it rests on `also`, too."""
    ends: dict[str, Fact] = {}
    for fact in of_kinds(known, ContractTerminated):
        if fact.stream in streams:
            first = ends.get(fact.stream, fact)
            ends[fact.stream] = min(first, fact, key=_measured)
    if not ends or {*streams} - {*ends}:
        return None
    causes = causes_of(*((fact.position,) for fact in ends.values()), *also)
    return End((_memo("", max(map(_measured, ends.values())), causes),))


def _measured(fact: Fact) -> date:
    return fact.when.measured


def cancelled(
    own: Sequence[Fact],
    folded: Terms,
    flows: tuple[Flow, ...],
    usage: Sequence[UsageDay],
    anew: Callable[[Sequence[Fact], Sequence[UsageDay]], tuple[Flow, ...]],
) -> End | None:
    """The end of all that a subscription sold, if that was cancelled. What makes an item earn
    nothing is named by no flow of it: `anew` measures all again from some of the facts.
    """
    memos = by_then(own, folded, flows)
    if not memos:
        return None

    def together(some: Sequence[Flow]) -> tuple[int, ...]:
        named = {*union(some)}
        days = [day for day in usage if day.position in named]
        return rest_together(some, (*flows, *memos), own, lambda known: anew(known, days))

    return End(memos, together)


def by_then(own: Sequence[Fact], folded: Terms, flows: Sequence[Flow]) -> tuple[Flow, ...]:
    """The memos of an end, from when it is agreed: of each item what it earns in all, but as
    invoiced; none if nobody cancelled.
    """
    ended = folded.cancelled
    if ended is None:
        return ()
    said = next(iter(of_kinds(own, SubscriptionCancelled)))
    day, causes = max(ended.day, said.when.measured), causes_of((folded.started_at,), ended.causes)
    earned = Counter({ending.item: 0 for ending in folded.endings})
    for flow in flows:
        if flow.legs:
            earned[flow.obligation] += dict(flow.legs)[LIABILITY] * total(flow.curve)
    currency = folded.started.currency
    items = (_memo(item, day, causes, earned[item], currency) for item in sorted(earned))
    return (_memo("", day, causes), *items)


def _memo(
    item: str, day: date, causes: tuple[int, ...], minor: int = 0, currency: str = ""
) -> Flow:
    def told() -> Iterator[Step]:
        if item:
            yield Step(what=f"earned of {item} in all", value=decimal_text(minor, currency))

    return Flow(
        kind="ended",
        subject=item,
        obligation=item,
        legs=(),
        curve=At(day, minor),
        causes=causes,
        rule=RULE,
        told=told,
    )


def owed_at_the_end(end: End, flows: Sequence[Flow], *, joint: bool) -> Iterator[Flow]:
    """For each net position what its liability stands at beyond what is still to be earned of it,
    day by day from the end on.
    """
    pools: dict[str, list[Flow]] = {}
    for flow in flows:
        if flow.obligation and LIABILITY in dict(flow.legs):
            pools.setdefault("" if joint else flow.obligation, []).append(flow)
    for name, own in pools.items():
        marks = tuple(_marks(end.day, own))
        if marks:
            memos = [memo for memo in end.memos if joint or memo.obligation in ("", name)]
            yield _owed(end, memos, own, marks)


def _marks(end: date, own: Sequence[Flow]) -> Iterator[tuple[date, int]]:
    stood = 0
    # Nearly all that was charged and earned stands still by then.
    moving = [flow.curve for flow in own if last_day(flow.curve) > end]
    days = [day for day in moving_days(moving) if day > end]
    for day in (end, *days):
        owed = max(0, min(_liability(own, day, standing), _liability(own, day, _kept)))
        if owed != stood:
            yield day, owed
        stood = owed


def _liability(own: Sequence[Flow], day: date, earned: Callable[[Curve, date], int]) -> int:
    """What stands in the liability, by what documents and time say, and by how it is earned."""
    rows = ((flow, dict(flow.legs)[LIABILITY]) for flow in own)
    return -sum(
        sign * (earned if _is_earned(one) else standing)(one.curve, day) for one, sign in rows
    )


def _is_earned(flow: Flow) -> bool:
    """By time, and neither by documents nor as what is owed back of one contract."""
    return flow.on is None and flow.kind != OWED


def _kept(curve: Curve, day: date) -> int:
    """What is earned of what began is kept, though its schedule may run on."""
    return total(curve) if first_day(curve) <= day else 0


def _owed(
    end: End, memos: Sequence[Flow], own: Sequence[Flow], marks: tuple[tuple[date, int], ...]
) -> Flow:
    name = own[0].obligation
    papers = [Paper(flow.on, _charged(flow), flow.after) for flow in own if flow.on]
    ended = Step(what="ended", value=str(end.day))
    return Flow(
        kind=OWED,
        subject=f"{name}:ended",
        obligation=name,
        legs=REFUND,
        curve=Steps(marks),
        causes=end.together([*memos, *own]),
        rule=RULE,
        charged=tuple(sorted(papers, key=lambda paper: paper.day)),
        told=lambda: (ended, *(step for flow in (*memos, *own) for step in flow.steps)),
    )


def _charged(flow: Flow) -> int:
    return -dict(flow.legs)[LIABILITY] * total(flow.curve)
