"""What a contract comes to as it is agreed: what it states, what is given, what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from domain.accounting.contract.pricing import (
    agreed_minor,
    estimated,
    is_apart,
    more_minor,
    restated,
    shared_minor,
)
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    Obligation,
    PriceEstimated,
    VariableAmount,
)
from domain.errors import Rejected
from domain.facts import When

Place = tuple[date, bool, int]


def require_price(opened: ContractOpened) -> None:
    """What is uncertain takes no deal below nothing. Beside what is priced by itself it may: nobody
    knows how much of that there will be. Raises `negative-price`.
    """
    price = _known_price(opened, ())
    if price is not None and price < 0:
        raise Rejected("negative-price", field="variable", amount=price)


def require_estimate(
    event: PriceEstimated,
    opened: ContractOpened,
    before: Sequence[ContractModified | PriceEstimated],
) -> None:
    """As `require_price`, for what is estimated anew."""
    price = _known_price(opened, (*before, event))
    if price is not None and price < min(_known_price(opened, before) or 0, 0):
        raise Rejected("negative-price", field="variable", amount=price)


def require_within_price(
    minor: int,
    given_minor: int,
    field: str,
    opened: ContractOpened,
    before: Sequence[ContractModified | PriceEstimated],
) -> None:
    """No more is given back in all than the price comes to, where that is known: `given_minor` was
    before. Raises `refund-above-price`.
    """
    price = _known_price(opened, before)
    if minor and price is not None and given_minor + minor > max(price, 0):
        left = max(price, 0) - given_minor
        raise Rejected("refund-above-price", field=field, price=price, left=max(left, 0))


def _known_price(
    opened: ContractOpened, before: Sequence[ContractModified | PriceEstimated]
) -> int | None:
    """All that promises share, with what is uncertain; none where some are priced by themselves."""
    changes = [one for one in before if isinstance(one, ContractModified)]
    rows = [*opened.obligations, *(own for one in changes for own in one.added)]
    if any(own.is_priced_by_itself for own in rows):
        return None
    estimates = {row.name: row for one in (opened, *before) for row in one.variable}
    return _agreed_minor(opened, changes, estimates)


def require_shared(lump: bool, rows: Iterable[Obligation], field: str) -> None:  # noqa: FBT001
    """A price for all promises is for some that share it: each invoice, percentage and unit has a
    price of its own, and nothing else would ever be earned. Raises `nothing-shares-the-price`.
    """
    if lump and all(own.is_priced_by_itself for own in rows):
        raise Rejected("nothing-shares-the-price", field=field)


def require_bearers(variable: Iterable[VariableAmount], known: Mapping[str, Obligation]) -> None:
    """So is what is included of an uncertain amount, but for another price by the unit: for the
    promises it names, or for all. Raises `nothing-shares-the-price`.
    """
    for row in variable:
        named = [own for name, own in known.items() if name in row.obligations]
        is_lump = row.unit_price is None and row.included_minor != 0 and says_something(row)
        require_shared(is_lump, named or known.values(), "variable.obligations")


def says_something(row: VariableAmount) -> bool:
    """Whether anything is stated or expected of an uncertain amount."""
    amounts = (row.stated_minor, row.estimate_minor, row.included_minor)
    shares = (row.conceded_percent, row.conceded_quantity)
    return any((*amounts, *shares, row.outcomes, row.non_cash))


def require_not_below_nothing(
    change: ContractModified,
    opened: ContractOpened,
    before: Sequence[ContractModified | PriceEstimated],
) -> None:
    """A change takes a price below nothing neither in all nor for what is a contract of its own.

    `before` are the changes and estimates so far. Units at a price, as many as there will be, may
    outweigh anything: nobody knows how many. Raises `negative-price`.
    """
    agreed = agreed_minor(change, opened.currency)
    if agreed < 0 and is_apart(change, opened.currency):
        raise Rejected("negative-price", field="price_change_minor", amount=agreed)
    changes = [one for one in before if isinstance(one, ContractModified)]
    rows = [*opened.obligations, *(own for one in (*changes, change) for own in one.added)]
    if any(own.is_open_ended for own in rows):
        return
    estimates = {row.name: row for one in (opened, *before) for row in one.variable}
    stood = _agreed_minor(opened, changes, estimates)
    estimates.update({row.name: row for row in change.variable})
    price = _agreed_minor(opened, (*changes, change), estimates)
    if price < min(stood, 0):
        raise Rejected("negative-price", field=_field_of(change), amount=price)


def _field_of(change: ContractModified) -> str:
    """What lowers the price: the lump, else what is stated anew, else what is expected."""
    if change.price_change_minor < 0:
        return "price_change_minor"
    return "restated" if change.restated else "variable"


def _agreed_minor(
    opened: ContractOpened,
    changes: Iterable[ContractModified],
    estimates: Mapping[str, VariableAmount],
) -> int:
    """All of the price that promises share; what is uncertain at the most that is said of it."""
    currency = opened.currency
    rows = {own.obligation: own for own in opened.obligations}
    minor = opened.price_minor + shared_minor(opened.obligations, opened.non_cash, currency)
    for change in sorted(changes, key=_place):
        minor += agreed_minor(change, currency)
        rows.update({own.obligation: own for own in change.added})
        for row in change.restated:
            own = rows.get(row.obligation)
            if own is not None:
                rows[row.obligation] = anew = restated(own, row, change.when.measured)
                minor += more_minor(own, anew, row, currency)
    return minor + sum(_most(row, rows, currency) for row in estimates.values())


def _place(change: ContractModified) -> Place:
    return place_of(change.when)


def place_of(when: When) -> Place:
    """As changes are measured; one without an order is told last of its day."""
    return when.measured, when.order is None, when.order or 0


def _most(row: VariableAmount, rows: Mapping[str, Obligation], currency: str) -> int:
    """Of what it relates to: the promises it names, or all."""
    named = [own for name, own in rows.items() if name in row.obligations]
    found = estimated(row, named or rows.values(), currency)
    return max(found.expected_minor, found.included_minor)
