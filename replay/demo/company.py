"""A made-up company in four countries and its customers, each with a life that shows something.

Pure and seeded: everything follows from the numbers handed in, chance included. It knows what its
customers do, not what the ledger makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol, TypeVar

from msgspec import Struct

from domain.calendar import ONE_DAY, add_months
from domain.deciders import Command
from replay.demo.people import Contact, Region
from store.request import Request

ACTOR = "demo"
GROUP = "tideway-group"
BOOK = "main"
FIRST = date(2024, 1, 1)

T = TypeVar("T")


class Chance(Protocol):
    """What is used of a seeded random.Random."""

    def randrange(self, start: int, stop: int) -> int: ...
    def choice(self, seq: Sequence[T]) -> T: ...
    def sample(self, population: Sequence[T], k: int) -> list[T]: ...


def by_chance(chance: Chance, percent: int) -> bool:
    return chance.randrange(0, 100) < percent


class Size(Struct, frozen=True, kw_only=True):
    """How much of it."""

    customers: int = 200
    months: int = 12
    events: int = 80_000


class Country(Struct, frozen=True):
    """A legal entity, the share of the customers it serves, what its bank's files are like, and how
    a chargeback ends there.
    """

    entity: str
    name: str
    currency: str
    zone: str
    share: int
    file: Literal["csv", "xml"]
    chargeback: Literal["won", "lost", "open"]

    @property
    def holding(self) -> str:
        """The parent that is billed for some of the customers."""
        return f"{self.currency.lower()}-holding"

    @property
    def place(self) -> str:
        """What its documents' numbers begin with: T-US and so on."""
        return self.entity.replace("tideway", "T").upper()


COUNTRIES = (
    Country("tideway-us", "Tideway Inc.", "USD", "America/New_York", 50, "csv", "lost"),
    Country("tideway-eu", "Tideway GmbH", "EUR", "Europe/Berlin", 25, "xml", "won"),
    Country("tideway-jp", "Tideway KK", "JPY", "Asia/Tokyo", 15, "csv", "open"),
    Country("tideway-kw", "Tideway WLL", "KWD", "Asia/Kuwait", 10, "csv", "lost"),
)


class Customer(Struct, frozen=True, kw_only=True):
    """One customer as it joins: what it takes, how many seats, how much it uses.

    Nothing is told of it from the `horizon` on.
    """

    name: str
    country: Country
    region: Region
    contact: Contact
    plan: str
    seats: int
    annual: bool
    start: date
    weight: int
    horizon: date

    @property
    def subscription(self) -> str:
        return f"s-{self.name}"


class Act(Struct, frozen=True, kw_only=True):
    """What is said on a day, and why; without a command the act it names is undone.

    `instead_of` names the act of the same stream that it corrects or undoes.
    """

    told: date
    stream: str
    name: str
    command: Command | None
    reason: str
    instead_of: str | None = None


def month_of(number: int) -> tuple[date, date]:
    """First and last day of a month of the story."""
    first = add_months(FIRST, number)
    return first, add_months(first, 1) - ONE_DAY


def ask(
    entity: str,
    stream: str,
    act: str,
    command: Command | None,
    reason: str | None = None,
    corrects: int | None = None,
) -> Request:
    """A request of the demo; its key is its own, so a demo that was cut off can be repeated."""
    return Request(
        entity=entity,
        stream=stream,
        key=f"demo:{stream}:{act}",
        command=command,
        actor=ACTOR,
        reason=reason,
        corrects=corrects,
    )
