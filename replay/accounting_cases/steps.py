"""What a case comes to in the ledger's words, before the harness puts it on a time line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.deciders import Command
from domain.policy import Options
from replay.accounting_cases.policy import Aggregation

CUSTOMER = "customer"
USAGE = "usage"


class Submit(Struct, frozen=True, kw_only=True):
    """One command on one stream. `source` is (kind, id) where the case gives an id of its own.

    `on`: recorded on that day, not with the fact it follows from. `corrects`: the fact of the case,
    and the part of it, whose command this one takes the place of; with no command it never was.
    """

    stream: str
    command: Command | None
    source: tuple[str, str] | None = None
    on: date | None = None
    corrects: tuple[int, int] | None = None


class Ingest(Struct, frozen=True, kw_only=True):
    """One usage row on its way in; delivered again under its event id it changes nothing. `kind`:
    it is new, takes the place of the row of its id, or that row never was.
    """

    event_id: str
    meter: str
    quantity: Decimal
    occurred_at: datetime
    kind: Literal["rows", "correction", "retraction"] = "rows"


class Close(Struct, frozen=True, kw_only=True):
    """A period is closed, and with it every earlier one."""

    period: str


class NoEffect(Struct, frozen=True, kw_only=True):
    """A fact the ledger need not be told, and why."""

    why: str


Done = Submit | Ingest | Close | NoEffect
Does = Iterator[Done]


class Step(Struct, frozen=True, kw_only=True):
    """One fact of the case: its place in the file, when it was recorded and what it becomes, in one
    part or several.
    """

    fact: int
    recorded: datetime
    order: int
    does: Done
    part: int = 1

    @property
    def key(self) -> str:
        return key_of(self.fact, self.part)


def key_of(fact: int, part: int) -> str:
    """The key under which a part of a fact is submitted."""
    return f"fact-{fact}-{part}" if part > 1 else f"fact-{fact}"


class UsageTerms(Struct, frozen=True, kw_only=True):
    """What the usage of a case belongs to: one subscription, a meter and an item for each price."""

    prices: tuple[Decimal, ...]
    aggregation: Aggregation = "sum"
    started: date | None = None


class Translation(Struct, frozen=True, kw_only=True):
    """A case in the ledger's words.

    `shown_in_whole`: its source shows amounts in whole units. `alike`: how many contracts a
    rounding may stand for. `notes`: what of the case has no effect.
    """

    currency: str
    zone: str
    options: Options
    steps: tuple[Step, ...]
    usage: UsageTerms | None = None
    beside: dict[str, Options] = {}
    shown_in_whole: bool = False
    rounds_to_whole: bool = False
    alike: int = 1
    notes: tuple[str, ...] = ()
