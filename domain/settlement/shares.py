"""What giving money or a claim back takes of the lines of one invoice, where a book elects so.

A vendor's habit, not GAAP (`given_back`: contra-revenue). At any time a line is what was earned of
it and not given back, what is not earned yet, what was gained by coming back, and what is given
back. Whatever gives back takes its share of each of the first three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import NamedTuple

from msgspec import Struct, field

from domain.accounting.curves import Progress, Ratable, evenly, measured_from, standing
from domain.accounting.documents import BilledLine, Cut, gives_back
from domain.accounting.receivable import Elected
from domain.calendar import ONE_DAY
from domain.money import rounded_share

BAD_DEBT = "bad-debt"
# Buckets that stand against a claim, in the order in which a document takes their place.
BUCKETS = (BAD_DEBT, "refunds", "disputes")


class Habit(NamedTuple):
    """What a book elects for documents of a day: whether what gives back is told apart, and from
    when they are receivable; and how lines that begin on a day are earned.
    """

    is_elected: Callable[[date], bool]
    progress: Callable[[date], Progress]
    receivable_at: Elected


class Taken(NamedTuple):
    """What one act took of a line, of `whole` that was left of it: `earned` of all `before` that
    was earned and stood, `gained` of what had come back, and the rest of what was not earned yet,
    along `rest`. An act without an account is measured elsewhere.
    """

    line: Share
    account: str
    minor: int
    whole: int
    before: int
    earned: int
    gained: int
    rest: Ratable | None = None


class Back(NamedTuple):
    """What came back of a line: `earned` of the account is undone, what is more is gained.

    `into`: the account of a document that takes its place instead.
    """

    line: Share
    account: str
    minor: int
    earned: int
    into: str = ""

    @property
    def gained(self) -> int:
        return 0 if self.into else self.minor - self.earned


class Share(Struct):
    """One line: its curves, and by account what is given back of it and what of that was earned."""

    row: BilledLine
    by: Progress
    curves: list[Ratable] = field(default_factory=list)
    given: dict[str, int] = field(default_factory=dict)
    contra: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    gained: int = 0

    @property
    def left(self) -> int:
        return self.row.line.amount_minor - sum(self.given.values())

    @property
    def ends(self) -> date:
        """From this day on nothing is left to earn."""
        days = self.row.line.service_to if self.row.line.is_for_service else None
        return days or self.row.issued_on + ONE_DAY

    def start(self, day: date) -> date:
        """From when what is given back on a day is no longer earned."""
        begins = self.row.line.service_from
        if begins is None or not self.row.line.is_for_service:
            return max(day + ONE_DAY, self.row.issued_on)
        return max(measured_from(day, self.by), begins)

    def earned(self, start: date) -> int:
        return sum(standing(curve, start - ONE_DAY) for curve in self.curves) - self.lost


def share_of(row: BilledLine, habit: Habit) -> Share:
    line = row.line
    by = row.along(habit.progress(line.service_from or row.issued_on))
    own = Share(row, by)
    begins = line.service_from if line.is_for_service else None
    own.curves.append(evenly(begins or row.issued_on, own.ends, line.amount_minor, by))
    return own


def cut(own: Share, by: Cut, gone: dict[str, int]) -> Iterator[Taken | Back]:
    """A credit note or void takes the place of what was given back before, as far as that is `gone`
    from the claim, then of what is left.
    """
    account = ("voids" if by.name == "void" else "credit-notes") if gives_back(own.row, by) else ""
    rest = by.minor
    for name in BUCKETS:
        moved = min(_nearer(rest, own.given.get(name, 0)), gone[name])
        if moved and gone[name] > 0:
            yield _rename(own, name, account, moved)
            gone[name] -= moved
            rest -= moved
    fresh = _nearer(rest, own.left)
    if fresh:
        yield _take(own, account, fresh, by.day)
    if rest != fresh:
        yield _beyond(own, account, rest - fresh)


def give(lines: Sequence[Share], account: str, minor: int, day: date) -> Iterator[Taken]:
    """The same share of every line that is left."""
    for own, part in _by_weight(minor, lines, [own.left for own in lines]):
        yield _take(own, account, part, day)


def come_back(lines: Sequence[Share], account: str, minor: int) -> Iterator[Back]:
    """What is expected again undoes its bad debt; all else that comes back is a gain."""
    for own, part in _by_weight(minor, lines, [own.given.get(account, 0) for own in lines]):
        earned = _undone(own, account, part)
        if account == BAD_DEBT:
            own.lost -= earned
        else:
            earned = 0
        own.gained += part - earned
        yield Back(own, account, part, earned)


def stands(lines: Sequence[Share], account: str) -> int:
    return sum(own.given.get(account, 0) for own in lines)


def _take(own: Share, account: str, minor: int, day: date) -> Taken:
    whole, start = own.left, own.start(day)
    before = own.earned(start)
    earned = _part(before, minor, whole)
    gained = _part(before + own.gained, minor, whole) - earned
    unearned = minor - earned - gained
    rest = evenly(start, own.ends, -unearned, own.by) if unearned else None
    if rest is not None:
        own.curves.append(rest)
    own.given[account] = own.given.get(account, 0) + minor
    own.contra[account] = own.contra.get(account, 0) + earned
    own.lost += earned
    own.gained -= gained
    return Taken(own, account, minor, whole, before, earned, gained, rest)


def _beyond(own: Share, account: str, minor: int) -> Taken:
    """More is credited than the line came to: nothing of it was earned, all of it is lost."""
    own.given[account] = own.given.get(account, 0) + minor
    own.contra[account] = own.contra.get(account, 0) + minor
    own.lost += minor
    return Taken(own, account, minor, 0, 0, minor, 0)


def _rename(own: Share, name: str, account: str, minor: int) -> Back:
    earned = _undone(own, name, minor)
    own.given[account] = own.given.get(account, 0) + minor
    own.contra[account] = own.contra.get(account, 0) + earned
    return Back(own, name, minor, earned, into=account or name)


def _undone(own: Share, account: str, minor: int) -> int:
    """The part of an account's contra that belongs to some of what it gave back."""
    earned = _part(own.contra.get(account, 0), minor, own.given[account])
    own.given[account] -= minor
    own.contra[account] -= earned
    return earned


def _part(amount: int, minor: int, whole: int) -> int:
    """A discount beside a line has the other sign, so its share is counted on magnitudes."""
    return rounded_share(amount, abs(minor), abs(whole))


def _nearer(minor: int, bound: int) -> int:
    """As much of an amount as a bound of the same sign allows; nothing if it has the other."""
    if minor * bound <= 0:
        return 0
    return min(minor, bound) if minor > 0 else max(minor, bound)


def _by_weight(
    minor: int, lines: Sequence[Share], weights: Sequence[int]
) -> Iterator[tuple[Share, int]]:
    """Cumulative, so that the parts sum to the amount; weights may have either sign."""
    marks = [*accumulate(weights, initial=0)]
    total = marks[-1]
    assert 0 < minor <= total, (minor, weights)
    shares = [rounded_share(mark, minor, total) for mark in marks]
    for own, (before, after) in zip(lines, pairwise(shares), strict=True):
        if after != before:
            yield own, after - before
