"""What the harness asks of a ledger to compare figures: its journal, and what it says beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from msgspec import Struct

from domain.facts import Fact

BOOK = "main"


class Posted(Struct, frozen=True, kw_only=True):
    """What the journal holds in one account, by the period booked, the day earned and the run.

    In minor units of the functional currency, debits positive.
    """

    account: str
    booked: str
    booked_first: date
    earned: date
    known_at: int
    minor: int
    lines: int = 1
    dated: date = date.min
    unit: str = ""
    obligation: str = ""
    currency: str = ""


class Told(Struct, frozen=True, kw_only=True):
    """One step of an explanation of an amount, in the order of measured amounts."""

    unit: str
    obligation: str
    what: str
    value: str


class Left(Struct, frozen=True, kw_only=True):
    """What of a contract's price is for what it still has to deliver, by the year it will."""

    contract: str
    year: str
    minor: int


class Disclosed(Struct, frozen=True, kw_only=True):
    """Of revenue: what was contract liability before, and what is for performance before."""

    from_opening_minor: int
    from_earlier_minor: int


class Answers(Protocol):
    """All that is read of a ledger; nothing is worked out beside it."""

    def posted(self, book: str = BOOK) -> tuple[Posted, ...]:
        """Sums of all journal lines of a book."""
        ...

    def at(self, position: int, through: date) -> tuple[Posted, ...]:
        """All journal lines, had nothing come after a position and a run gone through a day."""
        ...

    def forecast(self, known_on: date) -> Iterable[Posted]:
        """What posting was still to come, by the schedules of what was known on a day."""
        ...

    def told(self, upto: int | None = None, book: str = BOOK) -> tuple[Told, ...]:
        """What explains the amounts of stated contracts, as known at a position or by now."""
        ...

    def remaining(self, day: date) -> tuple[Left, ...]:
        """What is left to be delivered at the end of a day, as known then."""
        ...

    def disclosed(self, since: date, through: date) -> Disclosed:
        """What the notes say of the revenue booked from a day on through another."""
        ...

    def position_on(self, known_on: date) -> int:
        """The last position recorded on or before a day."""
        ...

    def known_on(self, fact: Fact) -> date:
        """The day on which a fact was recorded, in the case's own time zone."""
        ...

    def facts(self) -> tuple[Fact, ...]:
        """The log, in order of position."""
        ...

    def ends(self) -> dict[int, int]:
        """The last position that each fact of the case came to, by its place in the file."""
        ...

    def refused(self) -> tuple[str, ...]:
        """Why contracts wait, in the ledger's words."""
        ...

    def left_over(self) -> Iterable[str]:
        """What the ledger could not post, each with its reason."""
        ...
