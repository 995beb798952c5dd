"""One ledger at hand: what the command line, HTTP, worked cases, demo and stories all act through.

Every act here is public commands under keys that the same act gives again, so whoever was cut off
repeats the whole act and nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Self

from msgspec import Struct

from domain.books import (
    BOOK,
    BookOpened,
    ClosePeriod,
    ReopenPeriod,
    RunPosting,
    SealPeriod,
    SoftClosePeriod,
)
from domain.errors import Rejected
from domain.facts import When, fold, known
from domain.master import master_data
from domain.statement.documents import Carried, Document
from domain.statement.thresholds import Reached
from projections import generations, runner
from projections.crew import Crew
from projections.exceptions import run_due
from replay import parking
from replay.billing.levels import bill_levels
from replay.billing.run import Desk, Part, Wanted, issue, preview
from replay.evidence import evidence
from replay.tax.asking import NO_ENGINES, Engines
from replay.tax.filling import asks, elects_tax, filled, in_turn
from replay.tax.telling import Telling, tell
from store import adoption, log, party
from store.db import Connection, Pool, pool
from store.lag import Lag, lag
from store.remembered import Remembered
from store.request import Clock, Outcome, Receipt, Request
from store.seals import period_seal
from store.transact import Asking, append_group, append_surely, submit
from store.usage_input import Raw
from store.usage_rows import BatchReceipt, ingest
from store.usage_stage import UsageBatch

RUN = "run:self"
# For a connection: who waits longer is told of an outage, and may ask again.
WAIT_SECONDS = 5.0


class Billed(Struct, frozen=True, kw_only=True):
    """What a billing run issued, and what it could not put on any document yet."""

    documents: tuple[Document, ...]
    carried: tuple[Carried, ...]
    position: int
    reached: tuple[Reached, ...] = ()


def whole(parts: Iterable[Part]) -> Billed:
    """All parts of a run together."""
    told = list(parts)
    return Billed(
        documents=tuple(document for part in told for document in part.documents),
        carried=tuple(row for part in told for row in part.carried),
        reached=tuple(level for part in told for level in part.reached),
        position=max((part.position for part in told), default=0),
    )


class Closed(Struct, frozen=True, kw_only=True):
    """A period closed and sealed: two facts, and the digest every later replay must reproduce."""

    period: str
    closed_at: int
    sealed_at: int
    seal: SealPeriod


class Ledger:
    """A database of entities and the clock of its committer. Close it, or use it in a `with`."""

    def __init__(self, connections: Pool, clock: Clock, engines: Engines = NO_ENGINES) -> None:
        self.connections = connections
        self.clock = clock
        self.engines = engines
        self.crew = Crew()

    @classmethod
    def open(cls, dsn: str, clock: Clock, engines: Engines = NO_ENGINES) -> Self:
        """The views get their tables here, so that a reader who comes first finds them empty."""
        connections = pool(dsn)
        with connections.connection() as connection:
            generations.live(connection)
        return cls(connections, clock, engines)

    def close(self) -> None:
        self.crew.close()
        self.connections.close()
        for engine in self.engines.values():
            engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with self.connections.connection(timeout=WAIT_SECONDS) as lent:
            yield lent

    # --- facts in ------------------------------------------------------------------------------

    def submit(self, request: Request) -> Receipt:
        """One command. Raises Rejected, Malformed or Conflict."""
        (asked,) = self.with_tax(request.entity, [request])
        if isinstance(asked, Rejected):
            raise asked
        with self.connection() as connection:
            return submit(connection, asked, clock=self.clock, evidence=evidence)

    def with_tax(self, entity: str, requests: Sequence[Request]) -> list[Request | Rejected]:
        """The requests, invoices among them with their tax where the entity elects that, or why
        nobody can tell it: such an invoice waits, and its key stays free.
        """
        if not any(map(asks, requests)):
            return [*requests]
        with self.connection() as connection:
            return filled(connection, entity, requests, self.engines, self.clock())

    def elects_tax(self, entity: str) -> bool:
        """Whether invoices of the entity may need a tax that somebody else says."""
        with self.connection() as connection:
            return elects_tax(connection, entity)

    def submit_many(
        self,
        entity: str,
        requests: Iterable[Request],
        *,
        remembered: Remembered | None = None,
    ) -> list[Outcome]:
        """Many commands of one entity, each answered by itself, should a connection be lost too."""
        outcomes: list[Outcome] = []
        for some in in_turn(requests):
            asked = self.with_tax(entity, some)
            answers = iter(
                append_surely(
                    self.connection,
                    entity,
                    [one for one in asked if isinstance(one, Request)],
                    clock=self.clock,
                    evidence=evidence,
                    remembered=remembered,
                )
            )
            outcomes += [next(answers) if isinstance(one, Request) else one for one in asked]
        return outcomes

    def commit(self, entity: str, asking: Asking, remembered: Remembered) -> list[Outcome]:
        """The same for one group that is ready to be decided, as a committer has it."""
        return append_group(
            self.connection,
            entity,
            asking,
            clock=self.clock,
            evidence=evidence,
            remembered=remembered,
        )

    def ingest(self, batch: UsageBatch, rows: Iterable[Raw | str]) -> BatchReceipt:
        """A batch of usage rows, corrections or retractions, answered row by row."""
        with self.connection() as connection:
            return ingest(connection, batch, rows, clock=self.clock)

    def adopt(self, entity: str, group: str, *, actor: str = "system") -> list[Outcome]:
        """Take every group fact of the catalogue that this entity has not taken yet."""
        with self.connection() as connection:
            return adoption.adopt(
                connection, group=group, entity=entity, clock=self.clock, actor=actor
            )

    def keep_party(self, entity: str, name: str, content: Mapping[str, str]) -> party.Party:
        """Person data into the vault; a customer fact then holds the id and digest."""
        with self.connection() as connection:
            return party.put(connection, entity, name, content, at=self.clock())

    # --- time passes ---------------------------------------------------------------------------

    def catch_up(
        self, entity: str | None = None, *, progress: runner.Progress | None = None
    ) -> None:
        """Poster and views up to the head, and what waits stated as facts. Of all entities, or of
        one that has facts: raises `unknown-entity` of any other.
        """
        with self.connection() as connection:
            if entity is not None:
                log.known_head(connection, entity)
            runner.catch_up(connection, entity, progress=progress, crew=self.crew)
            for name in [entity] if entity is not None else sorted(log.heads(connection)):
                if parking.state(connection, name, self.clock):
                    runner.catch_up(connection, name, progress=progress, crew=self.crew)

    def run(
        self, entity: str, through: date, *, key: str | None = None, actor: str = "system"
    ) -> Receipt:
        """A posting run on all that is known, with time driven up to `through`; then catch up.

        Without a key of its own each call is a new run: the same date again posts what came since.
        Raises Malformed for an entity without facts: a run would begin its log by mistake.
        """
        head = self.known_head(entity)
        named = key or f"run:{through}:{head}"
        receipt = self._append_run(entity, through, key=named, actor=actor)
        self.catch_up(entity)
        return receipt

    def _append_run(self, entity: str, through: date, *, key: str, actor: str) -> Receipt:
        command = RunPosting(when=When(effective=through), through=through)
        return self.submit(
            Request(entity=entity, stream=RUN, key=key, command=command, actor=actor)
        )

    def append_news(self, entity: str) -> Receipt | None:
        """The run a live service appends by itself: as far as the last one, if there is news.

        Whoever asks posts it. The key names the head it was due at, so services side by side append
        it once.
        """
        with self.connection() as connection:
            through = run_due(connection, entity)
        if through is None:
            return None
        key = f"live-run:{self.head(entity)}"
        return self._append_run(entity, through, key=key, actor="service")

    def bill(self, entity: str, through: date, *, actor: str = "system") -> Billed:
        """Issue what is due and not yet on an invoice. Again at once, it issues nothing."""
        return whole(self.billing(Wanted(entity=entity, through=through), actor=actor))

    def bill_preview(self, entity: str, through: date) -> Billed:
        """What a billing run would issue on all that is known, and the position it looked at."""
        return whole(self.billing_preview(Wanted(entity=entity, through=through)))

    def billing(self, wanted: Wanted, *, actor: str = "system") -> Iterator[Part]:
        """The same part by part, however much it is; each part is issued when it is told."""
        self.known_head(wanted.entity)
        desk = Desk(clock=self.clock, actor=actor, engines=self.engines)
        with self.connection() as connection:
            yield from issue(connection, wanted, desk)
        if self.engines:
            self.tell_tax(wanted.entity)

    def billing_preview(self, wanted: Wanted) -> Iterator[Part]:
        """What the run would issue, part by part; writes nothing."""
        self.known_head(wanted.entity)
        with self.connection() as connection:
            yield from preview(connection, wanted, self.engines)

    def tell_tax(self, entity: str) -> Telling:
        """Tell tax engines what went out, and again what they have not confirmed."""
        with self.connection() as connection:
            return tell(connection, entity, self.engines, self.clock())

    def bill_levels(self, entity: str, since: int) -> int:
        """The interim invoices a live service issues by itself, where use after a position passed a
        level that its price names. Returns the position it looked at.
        """
        head = self.head(entity)
        desk = Desk(clock=self.clock, actor="service", engines=self.engines)
        today = self.clock().date()
        with self.connection() as connection:
            for _ in bill_levels(connection, entity, today, since, head, desk):
                pass
        return head

    # --- books ---------------------------------------------------------------------------------

    def soft_close(
        self, entity: str, book: str, period: str, *, key: str | None = None, actor: str = "system"
    ) -> Receipt:
        """Draw the line for settling; approved adjustments may still come."""
        self.catch_up(entity)
        when = self._end_of(entity, period)
        command = SoftClosePeriod(when=when, period=period)
        name = key or self._act("soft-close", entity, book, period)
        return self._book(entity, book, command, name, actor)

    def close_period(
        self, entity: str, book: str, period: str, *, key: str | None = None, actor: str = "system"
    ) -> Closed:
        """Close, let the poster pass the close, seal. A close that was cut off is finished."""
        self.catch_up(entity)
        when = self._end_of(entity, period)
        name = key or self._act("close", entity, book, period)
        closed_at = None if key else self._unsealed(entity, book, period)
        if closed_at is None:
            command = ClosePeriod(when=when, period=period)
            closed_at = self._book(entity, book, command, name, actor).positions[-1]
        self.catch_up(entity)
        with self.connection() as connection:
            found = period_seal(connection, entity, book=book, period=period, closed_at=closed_at)
        sealing = SealPeriod(
            when=when,
            period=period,
            digest=found.digest,
            entries=found.entries,
            lines=found.lines,
            debits_minor=found.debits_minor,
            closed_at=closed_at,
        )
        sealed = self._book(entity, book, sealing, f"{name}:seal", actor)
        self.catch_up(entity)
        return Closed(
            period=period, closed_at=closed_at, sealed_at=sealed.positions[-1], seal=sealing
        )

    def reopen(
        self,
        entity: str,
        book: str,
        period: str,
        *,
        approved_by: str,
        key: str | None = None,
        actor: str = "system",
        reason: str | None = None,
    ) -> Receipt:
        """Two people undo the close and its seal."""
        when = self._end_of(entity, period)
        command = ReopenPeriod(when=when, period=period, approved_by=approved_by)
        name = key or self._act("reopen", entity, book, period, actor, approved_by)
        receipt = self._book(entity, book, command, name, actor, reason)
        self.catch_up(entity)
        return receipt

    def _act(self, act: str, entity: str, book: str, period: str, *people: str) -> str:
        """A key for the act as things stand: once they changed, what was refused may be asked."""
        return ":".join((act, book, period, str(self.head(entity)), *people))

    def _unsealed(self, entity: str, book: str, period: str) -> int | None:
        """Where a close stands that was cut off before its seal."""
        with self.connection() as connection:
            state = fold(BOOK, log.read_stream(connection, entity, f"book:{book}"))
        return state.closed_at[period] if state.standing(period) == "closed" else None

    def _book(
        self,
        entity: str,
        book: str,
        command: SoftClosePeriod | ClosePeriod | SealPeriod | ReopenPeriod,
        key: str,
        actor: str,
        reason: str | None = None,
    ) -> Receipt:
        return self.submit(
            Request(
                entity=entity,
                stream=f"book:{book}",
                key=key,
                command=command,
                actor=actor,
                reason=reason,
            )
        )

    def _end_of(self, entity: str, period: str) -> When:
        """An act on a period is dated its last day, so that a repeat is the same request."""
        with self.connection() as connection:
            facts = log.read_stream(connection, entity, "entity:self")
        named = master_data(facts).calendar.named(period)
        return When(effective=named.last if named else self.clock().date())

    # --- where it stands -----------------------------------------------------------------------

    def head(self, entity: str) -> int:
        with self.connection() as connection:
            found = log.head(connection, entity)
        return found.position if found else 0

    def known_head(self, entity: str) -> int:
        """The position of an entity that has facts. Raises Malformed of any other."""
        with self.connection() as connection:
            return log.known_head(connection, entity)

    def books(self, entity: str) -> tuple[str, ...]:
        """The books that were opened, by name; a run posts nothing where there is none."""
        with self.connection() as connection:
            facts = log.read_categories(connection, entity, ["book"])
        opened = (one for one in known(facts) if isinstance(one.event, BookOpened))
        return tuple(sorted(one.stream.partition(":")[2] for one in opened))

    def lag(self, entity: str | None = None) -> tuple[Lag, ...]:
        """How far the poster and each live view are behind, of one entity or of all."""
        with self.connection() as connection:
            if entity is not None:
                log.known_head(connection, entity)
            generation, projections = runner.followed(connection)
            return lag(connection, projections, generation, entity)

    def heads(self) -> dict[str, int]:
        """The position of every entity."""
        with self.connection() as connection:
            return log.heads(connection)
