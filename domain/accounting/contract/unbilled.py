"""What of an ended contract is not owed any more, since it was never billed.

Who may end without paying the rest owes what was billed, less what is credited: the price is
changed down to it when the contract ends (ASC 606-10-25-10 to 25-13, IFRS 15.18 to 21). What comes
later than the end changes the price on its own day, up to what was agreed and never above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import Struct

from domain.accounting.contract.course import owed_more, price_change
from domain.accounting.contract.ground import NOTHING, Ground
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.contract.received import received
from domain.accounting.curves import last_day, total
from domain.accounting.documents import BilledLine
from domain.accounting.revenue import RELEASE
from domain.accounting.schedule import Flow
from domain.contract_facts import NonCashReceived
from domain.explain import Step, Told, every, steps_of
from domain.facts import Fact, causes_of, of_kinds
from domain.money import allocate, bearing, within_left
from domain.routing import unit_of_line


class Came(Struct, frozen=True):
    """What was billed, or credited of it, or given that is no money, on a day."""

    day: date
    minor: int
    causes: tuple[int, ...]
    told: Step


class Move(Struct, frozen=True):
    """So much more of the price is not owed from a day on, or less, and what that rests on."""

    day: date
    minor: int
    ground: Ground


class Claims(Struct, frozen=True):
    """What the customer is to pay or give for what is priced as a whole, whoever gets it: prices of
    promises, what is owed to others or back `beside` them, interest, what is `payable_minor` to the
    customer and billed none the less. What is priced by itself has no price but what was said of
    it otherwise.
    """

    promises: Sequence[Promise]
    beside: Sequence[Promise]
    lent: Sequence[Flow]
    payable_minor: int

    @property
    def minor(self) -> int:
        prices = (one.price_minor for one in (*self.promises, *self.beside))
        interest = (dict(one.legs)["contract-liability"] * total(one.curve) for one in self.lent)
        return sum(prices) + sum(interest) + self.payable_minor


class Unbilled(Struct):
    """What is not owed of one ended contract: `minor` so far, after the first `counted` of what
    came. `bearers` are whose price is lower by it, with the part of each.

    `claims` works out what is to be paid by then. `planned` are the moves of a contract that is
    accounted for as one with others: what it still has to bill is known of it alone.
    """

    fact: Fact
    claims: Callable[[], Claims]
    came: tuple[Came, ...] = ()
    planned: tuple[Move, ...] | None = None
    minor: int = 0
    counted: int = 0
    bearers: tuple[tuple[Promise, int], ...] = ()
    rests: Ground = NOTHING
    moves: tuple[Move, ...] = ()


def came_of(
    stream: str,
    billed: Sequence[BilledLine],
    promises: Sequence[Promise],
    own: Sequence[Fact],
    deal: Deal,
) -> tuple[Came, ...]:
    """What came of a contract, by day: lines for what is priced as a whole, with what is credited
    of them but for concessions, which lower the price by themselves; and what is no money.
    """
    apart = {one.name for one in promises if one.is_invoiced}
    lines = (
        row
        for row in billed
        if row.line.is_charged and row.obligation not in apart
        if unit_of_line(row.invoice, row.line) == stream
    )
    rows = [
        *(came for row in lines for came in _of_line(row, deal)),
        *_of_given(stream, promises, own, deal),
    ]
    return tuple(sorted(rows, key=lambda one: one.day))


def _of_line(row: BilledLine, deal: Deal) -> Iterator[Came]:
    minor = row.line.amount_minor
    told = Step(what=f"billed by {row.number} of {row.issued_on}", value=deal.text(minor))
    yield Came(row.issued_on, minor, row.causes, told)
    for cut in row.cuts:
        if not cut.concession:
            day = row.counts_on(cut)
            what = f"{cut.name} of {row.number}, {cut.day}"
            told = Step(what=what, value=deal.text(-cut.minor))
            yield Came(day, -cut.minor, causes_of(row.causes, cut.causes), told)


def _of_given(
    stream: str, promises: Sequence[Promise], own: Sequence[Fact], deal: Deal
) -> Iterator[Came]:
    """Each as it came, on what was said by then."""
    counted = [fact for fact in own if not isinstance(fact.event, NonCashReceived)]
    stood = dict[str, int]()
    for fact in of_kinds(own, NonCashReceived):
        counted.append(fact)
        assert isinstance(fact.event, NonCashReceived), fact
        for flow in received(promises, counted, deal) if fact.stream == stream else ():
            now = total(flow.curve)
            if flow.subject == fact.event.name and now != stood.get(flow.subject, 0):
                told = Step(
                    what=f"{flow.subject} received by {last_day(flow.curve)}", value=deal.text(now)
                )
                yield Came(
                    last_day(flow.curve), now - stood.get(flow.subject, 0), flow.causes, told
                )
                stood[flow.subject] = now


def at_the_end(known: Unbilled, unborne_minor: int) -> Move:
    """What is not owed any more when it ends, of what would be but for interest not borne."""
    if known.planned is not None:
        return known.planned[0]
    return _move(known, known.fact.when.measured, known.claims().minor - unborne_minor)


def bear(known: Unbilled, move: Move, lefts: Sequence[tuple[Promise, int]]) -> Sequence[int]:
    """Who bears what is not owed when it ends: what had something left, as much as it had; beyond
    that, what was transferred already. A part of each.
    """
    known.minor, known.moves = move.minor, (move,)
    left = [max(minor, 0) for _, minor in lefts]
    parts = within_left(move.minor, left)
    if rest := move.minor - sum(parts):
        done = [
            max(one.price_minor - minor, 0) for (one, _), minor in zip(lefts, left, strict=True)
        ]
        more = allocate(rest, bearing(done))
        parts = tuple(part + beyond for part, beyond in zip(parts, more, strict=True))
    known.bearers = tuple((one, part) for (one, _), part in zip(lefts, parts, strict=True))
    return parts


def until(known: Unbilled, day: date, deal: Deal) -> None:
    """What comes after the end, up to the day before `day`, changes what is owed on its own day."""
    if known.planned is not None:
        for move in known.planned[len(known.moves) :]:
            if move.day < day:
                _take(known, move, deal)
        return
    for one in sorted({one.day for one in known.came[known.counted :] if one.day < day}):
        changed(known, one, deal)


def changed(known: Unbilled, day: date, deal: Deal) -> None:
    """What is owed after something came, or was said of the price, on a day."""
    if known.planned is None:
        _take(known, _move(known, day, known.claims().minor + known.minor), deal)


def _move(known: Unbilled, day: date, claimed_minor: int) -> Move:
    """The difference to what was not owed before; never is less than nothing not owed."""
    known.counted = sum(one.day <= day for one in known.came)
    came, claims = known.came[: known.counted], known.claims()
    unowed = max(claimed_minor - sum(one.minor for one in came), 0)
    whole = [*claims.promises, *claims.beside]
    # What has its own price has none but what changes gave it.
    said = [flow for one in claims.promises if one.is_invoiced for flow in one.kept]
    beside = [*claims.lent, *said]
    causes = (
        *(one.causes for one in whole),
        *(flow.causes for flow in beside),
        *(one.causes for one in came),
        (known.fact.position,),
    )
    told = (
        *(partial(steps_of, one.told) for one in whole),
        *(partial(steps_of, flow.told) for flow in beside),
        partial(tuple, [one.told for one in came]),
    )
    return Move(day, unowed - known.minor, Ground(causes, told))


def _take(known: Unbilled, move: Move, deal: Deal) -> None:
    """Shared by who bears what is not owed, as much as each does."""
    known.moves = (*known.moves, move)
    if not move.minor:
        return
    borne = [part for _, part in known.bearers]
    prices = [max(one.price_minor, 0) for one, _ in known.bearers]
    parts = allocate(move.minor, bearing(borne, prices))
    # Prices count only where nobody bears anything yet.
    priced = [] if any(borne) else [one for one, _ in known.bearers]
    rests = (*known.rests.causes, *(one.causes for one in priced))
    why = (*known.rests.told, *(partial(steps_of, one.told) for one in priced))
    causes = causes_of(*rests, *move.ground.causes)
    for (one, _), part in zip(known.bearers, parts, strict=True):
        if part:
            told = every((not_owed(part, deal), *why, *move.ground.told))
            if one.legs == RELEASE:
                price_change(one, move.day, -part, causes, told, deal)
            else:
                owed_more(one, move.day, -part, causes, told, deal)
    rows = zip(known.bearers, parts, strict=True)
    known.bearers = tuple((one, borne + part) for (one, borne), part in rows)
    known.minor += move.minor


def not_owed(minor: int, deal: Deal) -> Told:
    return (Step(what="not owed any more, as it is not billed", value=deal.text(minor)),)
