"""What a case comes to: acts on a ledger, each at a time of the committer's clock."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.cycle import DayCount
from domain.deciders import Command

# Why there is a billing run: the case asks for one; it asks for an interim bill of what is used so
# far, or says there was one; something happened that is billed at once; a billing period turns.
Why = Literal["asked", "interim", "already", "change", "period"]


class Row(Struct, frozen=True, kw_only=True):
    """One usage row."""

    meter: str
    quantity: Decimal
    at: datetime
    dimensions: dict[str, str] = {}


class Submit(Struct, frozen=True, kw_only=True):
    """A command on a stream; `corrects` is the act whose fact it takes the place of."""

    stream: str
    command: Command
    corrects: str | None = None


class Use(Struct, frozen=True, kw_only=True):
    """Usage rows that come in together."""

    rows: tuple[Row, ...]


class Find(Struct, frozen=True, kw_only=True):
    """Usage of which nobody says how much it was, only what a bill of it came to.

    The ledger is asked for the fewest whole units whose interim bill on `on` comes to `amount`.
    """

    meters: tuple[str, ...]
    at: datetime
    on: date
    amount: Decimal


class Run(Struct, frozen=True, kw_only=True):
    """A billing run. An interim one bills running periods up to the day before `on`.

    `stated`: what the case says that it came to.
    """

    on: date
    why: Why
    stated: str | None = None


Does = Submit | Use | Find | Run


class Act(Struct, frozen=True, kw_only=True):
    """One thing done at a time, for one event of the case (0: for none); `key` is unique."""

    at: datetime
    key: str
    event: int
    does: Does


class Course(Struct, frozen=True, kw_only=True):
    """A case in the ledger's words. `last_event` is the last one that something happens in.

    `proration` and `factor_places` are those of its prices, `meters` what these are of.
    """

    zone: str
    currency: str
    subscriptions: tuple[str, ...]
    start: date
    acts: tuple[Act, ...]
    last_event: int
    proration: DayCount = "day"
    factor_places: int | None = None
    meters: dict[str, str] = {}
