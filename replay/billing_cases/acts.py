"""What a case comes to: acts on a ledger, each at a time of the committer's clock."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.cycle import DayCount
from domain.deciders import Command

# Why there is a billing run: the case asks for one; it asks for an interim bill of what is used so
# far, or says there was one; something happened that is billed at once; a billing period turns; a
# draft is made, or made again. No run at all: a credit that somebody asks for, or what else is done
# by hand.
Why = Literal["asked", "interim", "already", "change", "period", "draft", "credit", "by-hand"]


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


class Pay(Struct, frozen=True, kw_only=True):
    """Money for an invoice: all that it asks for, or so much."""

    on: date
    amount: Decimal | None = None
    of_first: bool = False


class Refund(Struct, frozen=True, kw_only=True):
    """So much of the money that came in last goes back."""

    on: date
    amount: Decimal


class Credit(Struct, frozen=True, kw_only=True):
    """So much of an item of the last invoice, or of the first; an item none names is its only one.

    `paid`: of the invoice as a whole, and no more than was paid of it and not credited yet.
    """

    on: date
    amount: Decimal
    item: str | None = None
    paid: Decimal | None = None
    of_first: bool = False


class Void(Struct, frozen=True, kw_only=True):
    """The last invoice is taken back, or the first."""

    on: date
    of_first: bool = False


class Keep(Struct, frozen=True, kw_only=True):
    """Credit of the customer's is not for the last invoice, or the one of a place."""

    on: date
    balance: str
    invoice: int = -1


class Adjust(Struct, frozen=True, kw_only=True):
    """An item of the last draft comes to so many units at so much each."""

    on: date
    item: str
    units: Decimal
    unit_amount: Decimal


class Issue(Struct, frozen=True, kw_only=True):
    """The last draft is issued as it stands."""

    on: date


Does = Submit | Use | Find | Run | Pay | Refund | Credit | Void | Keep | Adjust | Issue


class Act(Struct, frozen=True, kw_only=True):
    """One thing done at a time, for one event of the case (0: for none); `key` is unique."""

    at: datetime
    key: str
    event: int
    does: Does


class Course(Struct, frozen=True, kw_only=True):
    """A case in the ledger's words. `last_event` is the last one that something happens in.

    `proration` and `factor_places` are those of its prices, `meters` what these are of, `plans`
    the plans they are in.
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
    plans: dict[str, str] = {}
