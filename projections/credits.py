"""Prepaid credits: of each purse what is drawn, expired, given back and open by the end of a day.

Measured from facts and usage known at a position, as charges are: there is no table of balances
that could disagree with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.accounting.documents import billed_lines
from domain.charges import usage_charges
from domain.charges.balances import balances
from domain.errors import Rejected
from domain.facts import timeline
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.party import registered
from domain.rating import rate_usage
from domain.terms import horizon, terms
from projections.question import Answer, Question, looking
from store import log
from store.db import Connection, queries
from store.unit_facts import fresh

SQL = queries(__file__)

UNITS_AT_ONCE = 500


class Credits(Struct, frozen=True, kw_only=True):
    """One purse: granted = drawn + expired + given back + open. `open_until` none: without end."""

    subscription: str
    item: str
    price: str
    granted_on: date
    open_until: date | None
    priority: int
    currency: str
    paid_minor: int
    granted_minor: int
    drawn_minor: int
    expired_minor: int
    given_back_minor: int
    open_minor: int


def open_credits(
    connection: Connection, question: Question, *, subscription: str | None = None
) -> Answer[Credits]:
    """The purses bought by `through`, of all subscriptions or of one, in the order of drawing."""
    with looking(connection, question) as seen:
        facts = log.read_categories(connection, seen.entity, MASTER_CATEGORIES, upto=seen.known_at)
        master = master_data(facts)
        unit = None if subscription is None else f"subscription:{subscription}"
        rows: list[Credits] = []
        if any(one.price.is_prepaid for own in master.prices.values() for one in own):
            found = connection.execute(SQL.units, seen.parameters(unit=unit)).fetchall()
            units = [row[0] for row in found]
            for start in range(0, len(units), UNITS_AT_ONCE):
                chunk = units[start : start + UNITS_AT_ONCE]
                read = fresh(connection, seen.entity, chunk, seen.known_at, master)
                for name in chunk:
                    rows += _of_unit(name, read[name], master, seen.as_of)
        return seen.answer(tuple(rows))


def _of_unit(unit: str, read: Fresh, master: MasterData, day: date) -> Iterator[Credits]:
    """None of a subscription that cannot be charged: its unit is parked, which says why."""
    known = timeline(read.facts)
    own = [fact for fact in known if fact.stream == unit]
    # A retracted batch takes its rows with it.
    positions = {fact.position for fact in known}
    usage = [row for row in read.usage if row.position in positions]
    folded = terms(own, master.prices, horizon(day, usage), registered(known))
    if folded is None:
        return
    try:
        used = rate_usage(usage, folded, master, billed_lines(known)).charges
        purses = usage_charges(folded, master.prices, used).purses
    except Rejected:
        return
    for row in balances(purses, day):
        said = {name: getattr(row, name) for name in row.__struct_fields__}
        yield Credits(subscription=unit.partition(":")[2], **said)
