"""What is drawn from prepaid credits: usage pays with the purses that are open on its day.

Day by day, what covered usage comes to after discounts is drawn from the open purses: by priority,
then what expires first, then what was bought first. What usage is worth less from a day on goes
back the way it came, the last first. So what stood at the end of a day never depends on a later one
(law 10), and usage known late is drawn as it would have been (law 2).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct, field, structs

from domain.calendar import ONE_DAY
from domain.charge import PREPAID, Charge, Marks, stood
from domain.charges.purses import Purse
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text, rounded_share
from domain.terms import Act

# A purse by its place in their order; what no purse pays for has none.
Piece = tuple[int | None, int]
_KINDS = ("usage", "discount")


class Drawn(Struct, frozen=True, kw_only=True):
    """A purse and what was drawn of it by the end of each day; by the entity's days `earned`."""

    purse: Purse
    marks: Marks
    earned: Marks
    rests: Rests

    @property
    def drawn_minor(self) -> int:
        return self.marks[-1][1] if self.marks else 0

    def worth(self, drawn: int) -> int:
        """What was paid for so much of it, rounded once however often it is drawn."""
        purse = self.purse
        if not purse.credits_minor:
            return 0
        return rounded_share(purse.paid_minor, drawn, purse.credits_minor)

    def steps(self) -> Iterator[Step]:
        yield from self.rests.steps()
        drawn = decimal_text(self.drawn_minor, self.purse.currency)
        yield Step(what=f"drawn of {self.purse.name}", value=drawn)


class Rests(NamedTuple):
    """The purses and bills that an amount rests on, as they were drawn up to a move, and what was
    said until then of the sale of credits.
    """

    met: tuple[Purse | Bill, ...]
    acts: tuple[Act, ...]
    upto: int

    @property
    def causes(self) -> tuple[int, ...]:
        found = [tuple(sorted(act.by for act in self.acts))]
        for one in self.met:
            if isinstance(one, Bill):
                found += [charge.causes for charge in one.charges]
            else:
                found.append(one.causes)
        return causes_of(*found)

    def steps(self) -> Iterator[Step]:
        """All of them, then what was drawn of each for which, in order of time."""
        for act in self.acts:
            yield Step(what=f"credits sold as of fact {act.by}", value=f"{act.what} on {act.day}")
        drawn: list[tuple[int, Step]] = []
        for one in self.met:
            yield from one.steps()
            if isinstance(one, Bill):
                drawn += one.said
        for at, step in sorted(drawn, key=itemgetter(0)):
            if at <= self.upto:
                yield step


class Drawdown(Struct, frozen=True):
    """Negative charges beside those of usage, what is given back, and how purses were drawn."""

    charges: tuple[Charge, ...] = ()
    purses: tuple[Drawn, ...] = ()


class Bill(Struct):
    """Usage of one item, price and group in a billing period, and with what it is paid.

    `pieces` are its amount in the order in which it came; `days` what they were after each day.
    """

    charges: list[Charge]
    marks: Marks = ()
    earned: Marks = ()
    pieces: list[Piece] = field(default_factory=list)
    days: list[tuple[date, tuple[Piece, ...]]] = field(default_factory=list)
    said: list[tuple[int, Step]] = field(default_factory=list)

    @property
    def item(self) -> str:
        return self.charges[0].item

    def steps(self) -> Iterator[Step]:
        for one in self.charges:
            yield from one.steps

    def after(self, day: date) -> tuple[Piece, ...]:
        place = bisect_right(self.days, day, key=_day_of)
        return self.days[place - 1][1] if place else ()


class _Move(NamedTuple):
    """By how much a bill rises or falls on a day, and the purses that may be for it."""

    day: date
    is_rise: bool
    bill: int
    minor: int
    purses: tuple[int, ...] = ()


def _day_of(row: tuple[date, tuple[Piece, ...]]) -> date:
    return row[0]


def drawdown(charges: Sequence[Charge], purses: Sequence[Purse], acts: Sequence[Act]) -> Drawdown:
    """What purses, in the order in which they are drawn, pay of charges but shortfalls.

    `acts` are the facts that change which credits are sold.
    """
    if not purses:
        return Drawdown()
    bills = _bills(charges)
    moves = [*_moves(bills, purses)]
    left = [purse.credits_minor for purse in purses]
    for at, move in enumerate(moves):
        _pay(at, bills[move.bill], move, purses, left)
    met = _Met(moves, bills, purses, acts)
    drawn = tuple(_drawn(place, purses[place], bills, met) for place in range(len(purses)))
    paid = (one for place in range(len(bills)) for one in _paid(place, bills, purses, met))
    back = (one for own in drawn for one in _given_back(own))
    return Drawdown((*paid, *back), drawn)


def _bills(charges: Iterable[Charge]) -> list[Bill]:
    found: dict[tuple[object, ...], Bill] = {}
    for one in charges:
        if one.kind in _KINDS and one.marks:
            key = (one.item, one.period.start, one.period.end, one.price, one.group)
            found.setdefault(key, Bill([])).charges.append(one)
    bills = [found[key] for key in sorted(found) if found[key].charges[0].usage]
    for bill in bills:
        bill.marks = _summed(one.marks for one in bill.charges)
        if any(one.earned for one in bill.charges):
            bill.earned = _summed(one.earned or one.marks for one in bill.charges)
    return bills


def _summed(many: Iterable[Marks]) -> Marks:
    """What stands in all together; nothing less than nothing is paid for."""
    every = [*many]
    if len(every) == 1:
        return tuple((day, max(minor, 0)) for day, minor in every[0])
    days = sorted({day for marks in every for day, _ in marks})
    return tuple((day, max(sum(stood(marks, day) for marks in every), 0)) for day in days)


def _moves(bills: Sequence[Bill], purses: Sequence[Purse]) -> Iterator[_Move]:
    """In order of time; on one day what falls comes before what rises."""
    found: list[_Move] = []
    for place, bill in enumerate(bills):
        before = 0
        for day, minor in bill.marks:
            if minor != before:
                found.append(_Move(day, minor > before, place, minor - before))
            before = minor
    for move in sorted(found):
        item = bills[move.bill].item
        may = (place for place, one in enumerate(purses) if one.may_cover(item, move.day))
        yield move._replace(purses=tuple(may))


def _pay(at: int, bill: Bill, move: _Move, purses: Sequence[Purse], left: list[int]) -> None:
    if move.is_rise:
        _draw(at, bill, move, purses, left)
    else:
        _put_back(bill, -move.minor, left)
    bill.days.append((move.day, tuple(bill.pieces)))


def _draw(at: int, bill: Bill, move: _Move, purses: Sequence[Purse], left: list[int]) -> None:
    wanted = _made_good(bill, move.minor)
    for place in move.purses:
        purse = purses[place]
        taken = min(wanted, left[place]) if purse.is_open(move.day) else 0
        if taken > 0:
            bill.said.append((at, _told(move.day, bill.item, taken, left[place], purse)))
            bill.pieces.append((place, taken))
            left[place] -= taken
            wanted -= taken
    if wanted:
        bill.pieces.append((None, wanted))


def _told(day: date, item: str, taken: int, left: int, purse: Purse) -> Step:
    drawn, was = (decimal_text(minor, purse.currency) for minor in (taken, left))
    return Step(what=f"drawn on {day} for {item}", value=f"{drawn} of {was} open in {purse.name}")


def _made_good(bill: Bill, minor: int) -> int:
    """What is left of a rise when it has made good what the bill had fallen below nothing."""
    owed = bill.pieces.pop()[1] if _is_below_nothing(bill) else 0
    if owed + minor < 0:
        bill.pieces.append((None, owed + minor))
    return max(owed + minor, 0)


def _is_below_nothing(bill: Bill) -> bool:
    return bool(bill.pieces) and bill.pieces[-1][1] < 0


def _put_back(bill: Bill, minor: int, left: list[int]) -> None:
    """The last piece first; what falls below nothing is owed by nobody's purse."""
    while minor:
        if not bill.pieces or _is_below_nothing(bill):
            owed = bill.pieces.pop()[1] if bill.pieces else 0
            bill.pieces.append((None, owed - minor))
            return
        place, piece = bill.pieces.pop()
        back = min(piece, minor)
        minor -= back
        if place is not None:
            left[place] += back
        if piece > back:
            bill.pieces.append((place, piece - back))


# --- which purses and bills met ------------------------------------------------------------------

_Node = tuple[bool, int]


class _Met:
    """What a purse or a bill rests on: all that it met, directly or through others, by its end.

    A bill meets every purse that may be for it, also one that others had drawn empty before.
    """

    def __init__(
        self,
        moves: Sequence[_Move],
        bills: Sequence[Bill],
        purses: Sequence[Purse],
        acts: Sequence[Act],
    ) -> None:
        self.moves, self.bills, self.purses, self.acts = moves, bills, purses, acts
        self.found: dict[_Node, tuple[_Node, ...]] = {}
        self.last = {node: at for at, move in enumerate(moves) for node in _nodes(move)}
        group: dict[_Node, set[_Node]] = {}
        for at, move in enumerate(moves):
            nodes = _nodes(move)
            together = set().union(*(group.get(node, {node}) for node in nodes))
            for node in together:
                group[node] = together
            for node in nodes:
                if self.last[node] == at:
                    self.found[node] = tuple(sorted(together))

    def of(self, *, is_bill: bool, place: int) -> Rests:
        node = (is_bill, place)
        nodes = self.found.get(node, (node,))
        met = tuple(self.bills[at] if bill else self.purses[at] for bill, at in nodes)
        if node not in self.last:
            return Rests(met, (), -1)
        upto = self.last[node]
        day = self.moves[upto].day
        return Rests(met, tuple(act for act in self.acts if act.day <= day), upto)


def _nodes(move: _Move) -> list[_Node]:
    return [(True, move.bill), *((False, place) for place in move.purses)]


# --- what comes of it ----------------------------------------------------------------------------


def _drawn(place: int, purse: Purse, bills: Sequence[Bill], met: _Met) -> Drawn:
    own = [bill for bill in bills if any(_in(pieces, {place}) for _, pieces in bill.days)]
    return Drawn(
        purse=purse,
        marks=_summed(_marks_of(bill, {place}) for bill in own),
        earned=_summed(_earned_of(bill, {place}) for bill in own),
        rests=met.of(is_bill=False, place=place),
    )


def _in(pieces: Iterable[Piece], places: set[int]) -> int:
    return sum(minor for place, minor in pieces if place in places)


def _marks_of(bill: Bill, places: set[int]) -> Marks:
    """What was drawn by the end of each day on which the bill moved."""
    return tuple({day: _in(pieces, places) for day, pieces in bill.days}.items())


def _earned_of(bill: Bill, places: set[int]) -> Marks:
    """The same by the days of the entity, of which each may reach into the next of the bill's.

    What came first was paid first: so much of the pieces as was used by the end of the day.
    """
    if not bill.earned:
        return _marks_of(bill, places)
    return tuple(
        (day, _in(_first(bill.after(day + ONE_DAY), minor), places)) for day, minor in bill.earned
    )


def _first(pieces: Iterable[Piece], minor: int) -> Iterator[Piece]:
    for place, piece in pieces:
        taken = max(min(piece, minor), 0)
        yield place, taken
        minor -= taken


def _paid(
    place: int, bills: Sequence[Bill], purses: Sequence[Purse], met: _Met
) -> Iterator[Charge]:
    """What each prepaid item pays of a bill: a negative charge beside it."""
    bill = bills[place]
    rests = met.of(is_bill=True, place=place)
    drawn = {at for _, pieces in bill.days for at, _ in pieces if at is not None}
    for item in sorted({purses[at].item for at in drawn}):
        own = {at for at in drawn if purses[at].item == item}
        marks = _negative(_marks_of(bill, own))
        yield structs.replace(
            bill.charges[0],
            kind="drawdown",
            drawn_from=item,
            minor=marks[-1][1],
            running_minor=marks[-1][1],
            marks=marks,
            earned=_negative(_earned_of(bill, own)) if bill.earned else (),
            causes=rests.causes,
            made=None,
            told=rests.steps,
        )


def _negative(marks: Marks) -> Marks:
    return tuple((day, -minor) for day, minor in marks)


def _given_back(own: Drawn) -> Iterator[Charge]:
    """What was paid for credits that are not drawn when their item ends."""
    purse, charge = own.purse, own.purse.charge
    back = purse.paid_minor - own.worth(own.drawn_minor)
    if not purse.gives_back or not back:
        return
    yield structs.replace(
        charge,
        start=purse.until,
        end=max(charge.period.end, purse.until + ONE_DAY),
        minor=-back,
        running_minor=-back,
        bill_on=purse.until,
        causes=own.rests.causes,
        pattern=PREPAID,
        told=lambda: (
            *own.steps(),
            Step(what="given back", value=decimal_text(back, purse.currency)),
        ),
    )
