"""The views by the name they are asked for, on the command line and over HTTP alike."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from api.problems import Missing
from api.reading import read_as, read_date
from domain.errors import Malformed
from projections import deferred_revenue, receivables, revenue, trial_balance
from projections.exceptions import exceptions
from projections.question import Answer, Question
from store.db import Connection

OF_ONE_CUSTOMER = ("customer",)
ASKED = Question.__struct_fields__


class View(Struct, frozen=True, kw_only=True):
    """A view, what it answers, and by which names it can be narrowed."""

    ask: Callable[..., Answer[Any]]
    says: str
    filters: tuple[str, ...] = ()


VIEWS: dict[str, View] = {
    "ageing": View(
        ask=receivables.ageing, says="Open items by days overdue.", filters=OF_ONE_CUSTOMER
    ),
    "bridge": View(ask=revenue.bridge, says="From reported to earned revenue, by cause."),
    "deferred-revenue": View(
        ask=deferred_revenue.deferred,
        says="Contract liability by unit and obligation.",
        filters=OF_ONE_CUSTOMER,
    ),
    "exceptions": View(ask=exceptions, says="What waits for a person: parked, pending, missing."),
    "receivables": View(
        ask=receivables.open_items, says="Invoices not yet paid.", filters=OF_ONE_CUSTOMER
    ),
    "revenue": View(ask=revenue.revenue_by_period, says="Revenue, reported and earned."),
    "roll-forward": View(
        ask=deferred_revenue.roll_forward, says="Deferred revenue from period to period."
    ),
    "trial-balance": View(ask=trial_balance.trial_balance, says="What stands in each account."),
    "unapplied": View(ask=receivables.unapplied, says="Money that no invoice took."),
    "waterfall": View(ask=deferred_revenue.waterfall, says="When deferred revenue is earned."),
}


def ask(connection: Connection, view: str, entity: str, said: Mapping[str, str]) -> Answer[Any]:
    """The view's answer to a question told in texts: both clocks, the basis, and filters."""
    if view not in VIEWS:
        raise Missing("view", view)
    named = VIEWS[view]
    unknown = sorted(said.keys() - {*ASKED, *named.filters} | said.keys() & {"entity"})
    if unknown:
        raise Malformed("unknown-field", field=unknown[0])
    question = question_of(entity, {name: said[name] for name in said if name in ASKED})
    narrowed = {name: said[name] for name in named.filters if name in said}
    return named.ask(connection, question, **narrowed)


def question_of(entity: str, said: Mapping[str, str]) -> Question:
    """A question from its parameters, texts all of them."""
    wanted: dict[str, Any] = {"entity": entity, "book": "main"} | dict(said)
    for name in ("known_at", "at_least"):
        if name in said:
            wanted[name] = _position(said[name], name)
    if "through" in said:
        wanted["through"] = read_date(said["through"], "through")
    return read_as(wanted, Question)


def _position(text: str, field: str) -> int:
    if not text.isdecimal():
        raise Malformed("wrong-type", field=field, expected="a position")
    return int(text)
