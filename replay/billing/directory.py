"""Where the run finds things: subscriptions by customer, invoices by subscription, all in sets.

What the poster has routed is looked up by unit; what came since is listed once at the start, in a
table of the session. So nothing waits for the poster, and little is read twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from msgspec import Struct

from store import checkpoints
from store.db import Connection, queries
from store.usage_input import EARLIEST

SQL = queries(__file__)


class Directory(Struct, frozen=True, kw_only=True):
    """The facts of one entity up to a position; the poster has routed those up to `passed`."""

    connection: Connection
    entity: str
    upto: int
    passed: int

    def subscriptions(self) -> list[tuple[str, str]]:
        """Every (customer, subscription), in order of customers."""
        rows = self.connection.execute(SQL.all_subscriptions, self._arguments()).fetchall()
        return [(customer, name) for customer, name in rows]

    def children(self) -> list[str]:
        """Customers that a parent is billed for."""
        rows = self.connection.execute(SQL.children, self._arguments()).fetchall()
        return [name for (name,) in rows]

    def of_customers(self, customers: Collection[str]) -> list[str]:
        """The subscriptions that some customers have, or had until a correction."""
        arguments = self._arguments() | {"customers": sorted(customers)}
        rows = self.connection.execute(SQL.subscriptions_of_customers, arguments).fetchall()
        return [name for (name,) in rows]

    def invoices(self, subscriptions: Sequence[str], since: date) -> list[str]:
        """The streams of the invoices with a line for one of these, for service after a day."""
        arguments = self._arguments() | {
            "subscriptions": list(subscriptions),
            "since": since,
            "beginning": EARLIEST.date(),
        }
        return [name for (name,) in self.connection.execute(SQL.invoices_of, arguments).fetchall()]

    def with_credit(self) -> dict[str, list[str]]:
        """By customer the invoices that moved its credit."""
        return self._by_customer(SQL.invoices_with_credit)

    def coupons(self) -> dict[str, list[str]]:
        """By customer its coupons, and those it had until a correction."""
        return self._by_customer(SQL.coupons)

    def with_coupon(self) -> dict[str, list[str]]:
        """By customer the invoices that a coupon came off."""
        return self._by_customer(SQL.invoices_with_coupon)

    def _by_customer(self, statement: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for customer, stream in self.connection.execute(statement.encode(), self._arguments()):
            found.setdefault(customer, []).append(stream)
        return found

    def drafts(self) -> dict[str, list[str]]:
        """By customer the drafts of billing runs that are open."""
        return self._by_customer(SQL.open_drafts)

    def in_use(self, begins: Collection[str]) -> frozenset[str]:
        """The invoices there are whose names begin like this, whoever issued them."""
        arguments = {"entity": self.entity, "begins": sorted(begins)}
        rows = self.connection.execute(SQL.names_in_use, arguments).fetchall()
        return frozenset(stream for (stream,) in rows)

    def usage_corrections(self) -> list[int]:
        rows = self.connection.execute(SQL.usage_corrections, self._arguments()).fetchall()
        return [position for (position,) in rows]

    def _arguments(self) -> dict[str, object]:
        return {"entity": self.entity, "upto": self.upto, "passed": self.passed}


def directory(connection: Connection, entity: str, upto: int, *, whole: bool) -> Directory:
    """In place of the session's last; for a run over the `whole` entity one pass over its invoices
    is less than a look for each.
    """
    passed = 0 if whole else checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    passed = min(passed, upto)
    arguments = {"entity": entity, "after": passed, "upto": upto}
    forget(connection)
    connection.execute(SQL.make_directory)
    connection.execute(SQL.fill_directory, arguments)
    connection.execute(SQL.index_directory)
    return Directory(connection=connection, entity=entity, upto=upto, passed=passed)


def forget(connection: Connection) -> None:
    """Leave nothing to whoever has the session next."""
    if not connection.closed:
        connection.execute(SQL.drop_directory)


def documents_between(connection: Connection, entity: str, after: int, upto: int) -> list[int]:
    """Positions of invoice facts that came in between."""
    arguments = {"entity": entity, "after": after, "upto": upto}
    return [at for (at,) in connection.execute(SQL.documents_between, arguments).fetchall()]
