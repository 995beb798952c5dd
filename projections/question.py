"""What every reader asks with: both clocks and the basis, and what every answer says back.

`through` looks along the business's time, `known_at` along the log. *Reported* places an amount on
its accounting date; *earned* on the period it belongs to, also if it was booked later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from domain.calendar import Calendar
from domain.master import master_data
from store import checkpoints, log
from store.db import Connection

Basis = Literal["reported", "earned"]
Row = TypeVar("Row")
Told = TypeVar("Told", bound=Struct)


class Question(Struct, frozen=True, kw_only=True):
    """`through` none: to the end of time. `known_at` none: all that is posted and folded by now."""

    entity: str
    book: str = ""
    through: date | None = None
    known_at: int | None = None
    basis: Basis = "reported"
    at_least: int | None = None


class Answer(Struct, Generic[Row], frozen=True, kw_only=True):
    """Rows as known at a position; `run` is the last posting run in them."""

    entity: str
    known_at: int
    run: int
    through: date
    rows: tuple[Row, ...]


class Behind(Exception):
    """The views have not passed what the reader wants to see in them; ask again when they have."""

    def __init__(self, entity: str, wanted: int, reached: int) -> None:
        super().__init__(f"{entity} is seen up to {reached}, not yet {wanted}")
        self.entity = entity
        self.wanted = wanted
        self.reached = reached


class Horizon(Struct, frozen=True, kw_only=True):
    """How far an answer sees. Its fields are the names that the queries ask for.

    `as_of` is the day that ages count from: `through`, or how far the last run had come.
    """

    entity: str
    book: str
    known_at: int
    run: int
    through: date
    as_of: date
    basis: Basis

    def parameters(self, **more: object) -> dict[str, object]:
        own = {name: getattr(self, name) for name in self.__struct_fields__}
        return own | more

    def answer(self, rows: tuple[Row, ...]) -> Answer[Row]:
        return Answer(
            entity=self.entity,
            known_at=self.known_at,
            run=self.run,
            through=self.through,
            rows=rows,
        )

    def answer_of(self, kind: type[Told], found: Iterable[Sequence[object]]) -> Answer[Told]:
        """What a query found, row by row: its columns are the fields of `kind`, in their order."""
        names = kind.__struct_fields__
        return self.answer(tuple(kind(**dict(zip(names, row, strict=True))) for row in found))


@contextmanager
def looking(connection: Connection, question: Question, *views: str) -> Iterator[Horizon]:
    """Resolve a question within one transaction that sees the live generation of the views."""
    with connection.transaction():
        generation = checkpoints.live_generation(connection)
        checkpoints.look_in(connection, checkpoints.schema_of(generation))
        yield _horizon(connection, question, generation, views)


def _horizon(
    connection: Connection, question: Question, generation: int, views: tuple[str, ...]
) -> Horizon:
    entity = question.entity
    reached = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    for view in views:
        reached = min(reached, checkpoints.passed(connection, entity, view, generation))
    known_at = reached if question.known_at is None else question.known_at
    run = checkpoints.passed_run(connection, entity, min(known_at, reached))
    wanted = max(known_at, question.at_least or 0)
    # Of a view of entries, a position is in it once a run at or after it is.
    if wanted > reached or (question.at_least is not None and run.position < question.at_least):
        raise Behind(entity, wanted, reached)
    return Horizon(
        entity=entity,
        book=question.book,
        known_at=known_at,
        run=run.position,
        through=question.through or date.max,
        as_of=question.through or run.through or date.min,
        basis=question.basis,
    )


def calendar_at(connection: Connection, entity: str, position: int) -> Calendar:
    """The entity's accounting periods as known at a position."""
    return master_data(log.read_categories(connection, entity, ["entity"], upto=position)).calendar
