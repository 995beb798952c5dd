"""Who is asked for tax: the table in the log, or the engine of a name that this process knows.

What was asked is remembered while a run lasts, so that whoever holds a lock asks nobody: a document
that looks otherwise by then waits for the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.errors import Rejected
from domain.invoicing import BY_TABLE
from domain.tax.papers import Answer
from domain.tax.port import TableEngine, TaxEngine
from domain.tax.question import TaxQuestion
from domain.tax.table import tables
from store import log
from store.db import Connection

Engines = Mapping[str, TaxEngine]
NO_ENGINES: Engines = {}
TAX = "tax"


class Asking:
    """The engines of one entity at a position, and what they have said so far."""

    def __init__(self, engines: Engines, table: TaxEngine) -> None:
        self._engines = {**engines, BY_TABLE: table}
        self._said: dict[tuple[str, TaxQuestion], Answer] = {}

    def forget(self) -> None:
        """A run of any length remembers what it is at."""
        self._said.clear()

    def ask(self, engine: str, questions: Sequence[TaxQuestion]) -> list[Answer]:
        """The answers, those that were given before as they were."""
        known = self._engines.get(engine)
        if known is None:
            refusal = Rejected("tax-engine-unknown", field="tax", engine=engine)
            return [refusal for _ in questions]
        new = [one for one in questions if (engine, one) not in self._said]
        if new:
            for question, answer in zip(new, known.quote(new), strict=True):
                self._said[engine, question] = answer
        return [self._said[engine, one] for one in questions]

    def recall(self, engine: str, questions: Sequence[TaxQuestion]) -> list[Answer]:
        """The same without asking anybody far away."""
        if engine == BY_TABLE:
            return self.ask(engine, questions)
        later = Rejected("tax-not-asked-yet", engine=engine)
        return [self._said.get((engine, one), later) for one in questions]


def asking(connection: Connection, entity: str, upto: int, engines: Engines) -> Asking:
    """With the tables as known at a position."""
    facts = log.read_categories(connection, entity, [TAX], upto=upto)
    return Asking(engines, TableEngine(tables(facts)))
