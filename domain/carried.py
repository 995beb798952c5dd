"""A position that other books left: what it says, how it is changed here, and how it ends.

What is left of it is earned evenly, so a change is prospective: what is not earned yet and what the
change adds are earned over the days that remain (ASC 606-10-25-13(a), IFRS 15.21(a)). It ends as a
contract does: what is neither earned nor given back is earned then. What is given back was billed
in the books of before, so it goes back to where that came from, `opening-clearing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct, structs

from domain.contract_facts import Owed
from domain.errors import Rejected, require_name
from domain.facts import Event, Fact, When
from domain.money import LARGEST_MINOR, require_size


class CarriedPosition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promise of a contract or subscription, as the other books leave it.

    Billed and recognised before; `to_earn_minor` is earned evenly over the half-open service period
    that is left. What was billed and not recognised is contract liability, the other way round it
    is an unbilled receivable.
    """

    obligation: str
    customer: str
    billed_minor: int
    recognised_minor: int
    contract: str | None = None
    subscription: str | None = None
    to_earn_minor: int = 0
    service_from: date | None = None
    service_to: date | None = None

    @property
    def unit(self) -> str:
        """What it is measured with."""
        return unit_of(self.contract, self.subscription)

    @property
    def owed_minor(self) -> int:
        """What was billed and not recognised; below nothing: recognised and not billed."""
        return self.billed_minor - self.recognised_minor


class OpeningPositionChanged(Event, frozen=True, kw_only=True, tag="opening-position-changed"):
    """From `effective` on what is left to earn costs so much more, or less, and is served until
    `service_to`; none: as long as before.
    """

    obligation: str
    contract: str | None = None
    subscription: str | None = None
    price_change_minor: int = 0
    service_to: date | None = None

    @property
    def unit(self) -> str:
        return unit_of(self.contract, self.subscription)


class OpeningPositionEnded(Event, frozen=True, kw_only=True, tag="opening-position-ended"):
    """Service ends: `effective` is the first day not served. `refund_minor` of the price is given
    back, the rest is earned; `owed` as of a contract that ends.
    """

    obligation: str
    contract: str | None = None
    subscription: str | None = None
    refund_minor: int = 0
    owed: Owed = "all"

    @property
    def unit(self) -> str:
        return unit_of(self.contract, self.subscription)


class ChangeOpeningPosition(
    Struct, frozen=True, kw_only=True, tag="change-opening-position", forbid_unknown_fields=True
):
    """Change price or term of what other books left."""

    when: When
    obligation: str
    contract: str | None = None
    subscription: str | None = None
    price_change_minor: int = 0
    service_to: date | None = None


class EndOpeningPosition(
    Struct, frozen=True, kw_only=True, tag="end-opening-position", forbid_unknown_fields=True
):
    """End what other books left at `effective`."""

    when: When
    obligation: str
    contract: str | None = None
    subscription: str | None = None
    refund_minor: int = 0
    owed: Owed = "all"


Said = OpeningPositionChanged | OpeningPositionEnded


def unit_of(contract: str | None, subscription: str | None) -> str:
    """The unit that a contract or a subscription is measured in."""
    return f"contract:{contract}" if contract is not None else f"subscription:{subscription}"


def is_said_of(fact: Fact, row: CarriedPosition, stream: str) -> bool:
    """Whether a fact says what became of a position of an opening."""
    event = fact.event
    return isinstance(event, Said) and fact.stream == stream and _names(event, row)


def given_back_minor(price_minor: int, less_minor: int, owed_minor: int) -> int:
    """What of a lower price was billed before and is earned no more: what is left is earned of what
    was billed first, and what nobody billed goes back to nobody.
    """
    return max(min(less_minor, owed_minor - (price_minor - less_minor)), 0)


def changed(
    command: ChangeOpeningPosition, rows: Iterable[CarriedPosition], said: Sequence[Said], day: date
) -> OpeningPositionChanged:
    """What is left of it may cost another price, or be served for longer or shorter."""
    event = OpeningPositionChanged(**structs.asdict(command))
    row, mine = _carried(event, rows, said, day)
    changes = [one for one in mine if isinstance(one, OpeningPositionChanged)]
    ends = next((one.service_to for one in reversed(changes) if one.service_to), row.service_to)
    if ends is None or ends <= command.when.effective:
        raise Rejected("nothing-left-to-change", field="when.effective", obligation=row.obligation)
    if command.service_to is not None and command.service_to <= command.when.effective:
        raise Rejected("service-ends-before-it-begins", field="service_to")
    require_size(command.price_change_minor, "price_change_minor")
    if _price(row, [*changes, event]) < 0:
        raise Rejected("negative-price", field="price_change_minor", price=_price(row, changes))
    return event


def ended(
    command: EndOpeningPosition, rows: Iterable[CarriedPosition], said: Sequence[Said], day: date
) -> OpeningPositionEnded:
    """It ends once, after all that was changed of it."""
    event = OpeningPositionEnded(**structs.asdict(command))
    row, mine = _carried(event, rows, said, day)
    later = [one.when.measured for one in mine if one.when.measured > event.when.measured]
    if later:
        raise Rejected("position-changed-later", field="when.effective", on=str(max(later)))
    if not 0 <= command.refund_minor <= LARGEST_MINOR:
        raise Rejected("amount-not-positive", field="refund_minor")
    price = _price(row, mine) + row.recognised_minor
    if command.refund_minor > price:
        raise Rejected("refund-above-price", field="refund_minor", price=price)
    if command.owed == "billed" and command.refund_minor:
        raise Rejected("refund-of-what-is-billed", field="refund_minor")
    return event


def _carried(
    event: Said, rows: Iterable[CarriedPosition], said: Sequence[Said], day: date
) -> tuple[CarriedPosition, Sequence[Said]]:
    """The position that is named, as it was signed and before it ended, and what was said of it."""
    require_name(event.obligation, "obligation")
    if (event.contract is None) is (event.subscription is None):
        raise Rejected("two-contracts", field="contract")
    row = next((row for row in rows if _names(event, row)), None)
    if row is None:
        unit = event.unit
        raise Rejected("not-carried", field="obligation", unit=unit, obligation=event.obligation)
    if event.when.effective < day:
        raise Rejected("service-before-opening", field="when.effective", opening=str(day))
    mine = [one for one in said if _names(one, row)]
    for one in mine:
        if isinstance(one, OpeningPositionEnded) and (
            isinstance(event, OpeningPositionEnded) or one.when.measured <= event.when.measured
        ):
            raise Rejected("position-ended", field="stream", on=str(one.when.effective))
    return row, mine


def _names(event: Said, row: CarriedPosition) -> bool:
    return (event.unit, event.obligation) == (row.unit, row.obligation)


def _price(row: CarriedPosition, said: Iterable[Said]) -> int:
    """What is to be earned here of it in all."""
    changes = (one.price_change_minor for one in said if isinstance(one, OpeningPositionChanged))
    return row.to_earn_minor + sum(changes)
