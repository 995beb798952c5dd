"""A worker: takes entities that are behind, one at a time, and brings poster and views to the head.

Any number may run, in one process or in many, on one machine or on several: leases share out the
entities. Nobody has to wake a worker; it asks once for all entities, ever less often while nothing
comes in. With `run_every` seconds it also posts news by itself, at most that often, and
bills running periods whose use passed a level that their price names.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread
from time import monotonic

import psycopg

from projections import runner
from replay import parking
from replay.ledger import Ledger
from store import checkpoints, leases
from store.db import Connection
from store.leases import Lease, Overtaken

LOG = logging.getLogger("tieout.worker")

SHORTEST_WAIT = 0.02
LONGEST_WAIT = 0.25
BACK_OFF = 1.5


class Stopping(Exception):
    """Asked to stop between two transactions of one entity."""


class Worker:
    """Works until `stop` is set; every transaction it began is then done or undone."""

    def __init__(
        self,
        ledger: Ledger,
        stop: Event,
        *,
        run_every: float | None = None,
        lease_seconds: float = leases.SECONDS,
    ) -> None:
        self.holder = leases.new_holder()
        self._ledger = ledger
        self._stop = stop
        self._run_every = run_every
        self._lease_seconds = lease_seconds
        self._ran_at = monotonic()
        self._news: set[str] = set()
        self._levels: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._generation = 0
        self._projections: list[str] = []

    def work(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """As long as nobody says stop, and `goes_on` holds."""
        wait = SHORTEST_WAIT
        while not self._stop.wait(wait) and goes_on():
            try:
                worked = self.step()
            except psycopg.Error as outage:
                # Nothing is lost: the checkpoints say where to go on.
                LOG.warning("the worker waits for the database: %s", outage)
                worked = False
            wait = SHORTEST_WAIT if worked else min(wait * BACK_OFF, LONGEST_WAIT)

    def step(self) -> bool:
        """Once over every entity that is behind; whether there was one."""
        worked = False
        with self._ledger.connection() as connection:
            for entity in self._behind(connection):
                if not self._stop.is_set() and not self._rests(entity):
                    worked |= self._take(connection, entity)
            self._post_news(connection)
        return worked

    def _behind(self, connection: Connection) -> list[str]:
        if checkpoints.live_generation(connection) != self._generation:
            self._generation, self._projections = runner.followed(connection)
        return leases.behind(connection, self.holder, self._projections, self._generation)

    def _rests(self, entity: str) -> bool:
        """What failed by itself would fail again at once, and keep the others waiting."""
        return monotonic() < self._resting.get(entity, 0)

    def _take(self, connection: Connection, entity: str) -> bool:
        """Bring one entity to its head, unless another was quicker."""
        lease = leases.claim(connection, entity, self.holder, self._lease_seconds)
        if lease is None:
            return False
        self._guarded(connection, lease, partial(self._bring, connection, lease))
        self._news.add(entity)
        return True

    def _bring(self, connection: Connection, lease: Lease) -> None:
        catch_up = partial(
            runner.catch_up,
            connection,
            lease.entity,
            progress=self._heard(lease),
            lease=lease,
            crew=self._ledger.crew,
        )
        catch_up()
        if parking.state(connection, lease.entity, self._ledger.clock):
            catch_up()

    def _heard(self, lease: Lease) -> runner.Progress:
        """Between two transactions: stop if asked to."""

        def heard(*_: object) -> None:
            if self._stop.is_set():
                raise Stopping(lease.entity)

        return heard

    @contextmanager
    def _renewing(self, lease: Lease) -> Iterator[None]:
        """Keep the lease as long as this process lives, however long a chunk takes."""
        done = Event()

        def renew() -> None:
            while not done.wait(self._lease_seconds / 3):
                # Whoever lost it is told where it matters: its checkpoint does not move.
                with suppress(psycopg.Error, Overtaken), self._ledger.connection() as connection:
                    leases.renew(connection, lease, self._lease_seconds)

        thread = Thread(target=renew, name=f"renew {lease.entity}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _guarded(self, connection: Connection, lease: Lease, act: Callable[[], None]) -> None:
        """Give the lease back afterwards; after a fault it runs out, and others come first."""
        try:
            with self._renewing(lease):
                act()
        except Stopping:
            pass
        except Overtaken:
            LOG.warning("%s was taken over while this worker slept", lease.entity)
            return
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception:
            LOG.exception("%s stands still; it is tried again later", lease.entity)
            self._resting[lease.entity] = monotonic() + self._lease_seconds
            return
        leases.release(connection, lease)

    def _post_news(self, connection: Connection) -> None:
        """Late facts reach the books without anybody asking, as far as the last run went."""
        if self._run_every is None or monotonic() - self._ran_at < self._run_every:
            return
        for entity in sorted(self._news):
            lease = leases.claim(connection, entity, self.holder, self._lease_seconds)
            if lease is not None:
                self._guarded(connection, lease, partial(self._run, connection, lease))
                self._news.discard(entity)
        self._ran_at = monotonic()

    def _run(self, connection: Connection, lease: Lease) -> None:
        entity = lease.entity
        self._levels[entity] = self._ledger.bill_levels(entity, self._levels.get(entity, 0))
        if self._ledger.engines:
            self._ledger.tell_tax(entity)
        if self._ledger.append_news(entity) is not None:
            self._bring(connection, lease)
