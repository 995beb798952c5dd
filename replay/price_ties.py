"""Law 7 of contracts: price = revenue to date + what remains, promise by promise.

Three roads lead there. The price is measured again from facts, as the deal stood on the day (rule
41); revenue to date is what the journal says; what remains is what `report remaining` answers, from
the schedules that the poster stored. In functional currency nothing is known of what is still to be
earned, so there only what was earned is compared: the journal with the stored schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from domain.accounting.remaining import earned_worths, remaining
from domain.accounting.schedule import Schedule
from domain.journal import Slot
from domain.ledger import Fresh
from domain.policy import Options
from projections.breaks import Break, Verdict
from projections.question import Question, looking
from projections.remaining import promises
from projections.remeasure import Place, measured_as_agreed
from store.db import Connection

CHECK = "price-is-earned-or-remains"
DEALS = frozenset({"contract", "invoice", "subscription"})
# Of a slot or a promise: in transaction and in functional currency.
Amounts = tuple[int, int]
NOTHING: Amounts = (0, 0)
# Differences told: somebody looks at the first ones, and memory has an end.
TOLD = 1_000
_ALL = Options()


class Stored(Struct):
    """Of one unit what the report answers: left to earn, left out or not, by promise; and what was
    earned in functional currency, none where that is the unit's own.
    """

    left: dict[str, int] = {}
    worths: Mapping[str, int] | None = None


def stored(connection: Connection, place: Place, units: Iterable[str]) -> dict[str, Stored]:
    """Of some units; those with nothing left any more are not among them."""
    deals = [unit for unit in units if is_deal(unit)]
    question = Question(entity=place.entity, book=place.book, known_at=place.run, through=place.day)
    found: dict[str, Stored] = {}
    with looking(connection, question) as seen:
        for unit, schedule, row in promises(connection, seen, place, (), units=deals):
            if unit not in found:
                found[unit] = Stored({}, _worths(schedule, place))
            found[unit].left[row.obligation] = row.remaining_minor + row.left_out_minor
    return found


def _worths(schedule: Schedule, place: Place) -> Mapping[str, int] | None:
    if schedule.told_in == schedule.currency:
        return None
    period = place.master.calendar.containing(place.day)
    return earned_worths(schedule, place.day, period.last if period else place.day)


def is_deal(unit: str) -> bool:
    return unit.partition(":")[0] in DEALS


def prices(unit: str, known: Schedule, read: Fresh, place: Place) -> dict[str, int]:
    """What each promise costs, of what is measured of all facts, and again of those that count."""
    is_later = any(fact.when.measured > place.day for fact in read.facts)
    agreed = None
    if is_later:
        agreed = measured_as_agreed(unit, read, place)
    rows = remaining(known, place.day, (), _ALL, agreed)
    return {row.obligation: row.price_minor for row in rows}


def revenue(posted: Mapping[Slot, Amounts]) -> dict[str, Amounts]:
    """Revenue to date of each promise; of what is split off what went to other books."""
    found: dict[str, Amounts] = {}
    for slot, (minor, functional) in posted.items():
        if (slot.account, slot.kind) in _EARNED:
            before = found.get(slot.obligation, NOTHING)
            found[slot.obligation] = before[0] - minor, before[1] - functional
    return found


_EARNED = frozenset({("revenue", "release"), ("external-clearing", "share-owed")})


class PriceTies:
    """Promises compared so far, and those that do not tie."""

    def __init__(self, entity: str) -> None:
        self.entity = entity
        self.comparisons = 0
        self.breaks: list[Break] = []

    def compare(
        self,
        unit: str,
        known: Schedule,
        place: Place,
        price: Mapping[str, int],
        booked: Mapping[str, Amounts],
        kept: Stored,
    ) -> None:
        """One unit in one book."""
        names = {*price, *booked, *kept.left}
        self.comparisons += len(names)
        for name in sorted(names):
            earned, worth = booked.get(name, NOTHING)
            left = kept.left.get(name, 0)
            told = worth if kept.worths is None else kept.worths.get(name, 0)
            if price.get(name, 0) != earned + left or worth != told:
                row: dict[str, str | int] = {
                    "book": place.book,
                    "contract": unit,
                    "obligation": name,
                    "currency": known.currency,
                    "price_minor": price.get(name, 0),
                    "revenue_minor": earned,
                    "remaining_minor": left,
                    "difference_minor": price.get(name, 0) - earned - left,
                    "revenue_functional_minor": worth,
                    "difference_functional_minor": told - worth,
                }
                self._differs(row)

    def _differs(self, row: dict[str, str | int]) -> None:
        if len(self.breaks) < TOLD:
            self.breaks.append(
                Break(
                    check=CHECK,
                    entity=self.entity,
                    what="{obligation} of {contract} in {book}, {currency}".format_map(row),
                    expected="price {price_minor}".format_map(row),
                    found=(
                        "revenue {revenue_minor} + remaining {remaining_minor}, so "
                        "{difference_minor} differ, of revenue in functional currency "
                        "{difference_functional_minor}"
                    ).format_map(row),
                    row=row,
                )
            )

    def verdict(self) -> Verdict:
        return Verdict(law=7, check=CHECK, comparisons=self.comparisons, breaks=tuple(self.breaks))
