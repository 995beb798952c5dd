"""What a bank's statement may mean: the open items, customers and payers that it can be matched to.

All from facts up to where the views stand, not from the journal: money may be matched before any
run has posted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from domain.bank import PAYER
from domain.matching import Candidate, Item, Known
from domain.references import normal
from projections.question import Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

DOCUMENTS = "receivables"
# Of invoices with one amount left that nobody names, more than two are as good as many.
ALIKE_MAX = 20


class Asked(Struct, frozen=True, kw_only=True):
    """What some money names, by all ways it can be told."""

    references: Sequence[str]
    payers: Sequence[str]
    amounts: Sequence[int]


def known(connection: Connection, entity: str, asked: Asked) -> Known:
    """Everything that the money may be matched to, by a handful of queries however much it is."""
    with looking(connection, Question(entity=entity), DOCUMENTS) as seen:
        names: dict[str, object] = {
            "entity": seen.entity,
            "references": list(asked.references),
            "payers": list(asked.payers),
            "amounts": list(asked.amounts),
            "most": ALIKE_MAX,
        }
        references = _references(connection, names, frozenset(asked.references))
        payers: dict[str, tuple[str, ...]] = {}
        for payer, customer in connection.execute(SQL.payers, names):
            payers[payer] = (*payers.get(payer, ()), customer)
        alike = connection.execute(SQL.of_amount, names).fetchall()
        names["documents"] = [document for document, _ in alike]
        customers = {row[0] for row in connection.execute(SQL.customers_of, names)}
        customers |= {one.customer for found in references.values() for one in found}
        names["customers"] = sorted(customers.union(*payers.values()))
        rows = connection.execute(SQL.open_of, names)
        free = connection.execute(SQL.free_of, names).fetchall()
        return Known(
            items=[_item(*row) for row in rows],
            free={(customer, currency): minor for customer, currency, minor in free if minor > 0},
            references=references,
            payers=payers,
            crowded=frozenset(document for document, count in alike if count > ALIKE_MAX),
        )


def _references(
    connection: Connection, names: dict[str, object], asked: frozenset[str]
) -> dict[str, tuple[Candidate, ...]]:
    found: dict[str, dict[Candidate, None]] = {}
    for reference, invoice, customer in connection.execute(SQL.named_invoices, names):
        one = Candidate(customer=customer, invoice=invoice)
        found.setdefault(reference, {})[one] = None
    for customer, outside in connection.execute(SQL.customers, names):
        for name in {normal(customer), normal(outside)} & asked:
            found.setdefault(name, {})[Candidate(customer=customer)] = None
    return {name: tuple(those) for name, those in found.items()}


def _item(*row: object) -> Item:
    names = ("invoice", "number", "customer", "currency", "due_on", "issued_on", "left_minor")
    return Item(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]


def amounts(money: Iterable[tuple[int, int]]) -> list[int]:
    """What came, and what was sent before the bank took its charges."""
    return sorted({minor for came, charges in money for minor in (came, came + charges)})


def waiting(connection: Connection, entity: str) -> list[int]:
    """Where the log says of money that nobody is known to have paid it."""
    with looking(connection, Question(entity=entity), DOCUMENTS) as seen:
        names = {"entity": seen.entity, "nobody": PAYER}
        return [row[0] for row in connection.execute(SQL.waiting, names)]


class Paid(Struct, frozen=True, kw_only=True):
    """A payment by its references, and what of it is still with us."""

    payment: str
    references: tuple[str, ...]
    left_minor: int


def payments_named(
    connection: Connection, entity: str, references: Sequence[str]
) -> tuple[Paid, ...]:
    """Payments that came with one of the references."""
    with looking(connection, Question(entity=entity), DOCUMENTS) as seen:
        names = {"entity": seen.entity, "references": list(references)}
        return tuple(
            Paid(
                payment=stream.partition(":")[2],
                references=tuple(name for name in (own, banks) if name),
                left_minor=minor,
            )
            for stream, own, banks, minor in connection.execute(SQL.payments_named, names)
        )
