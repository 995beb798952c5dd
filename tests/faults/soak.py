"""Two services and two workers on one ledger under load, for as long as one likes.

Senders tell drawn histories over HTTP, each arrival to one service or to both at once, and usage
into an entity that all of them share. Meanwhile workers fall asleep in mid-transaction
beyond their lease, services are frozen for a while, views are rebuilt; and a watcher looks for
deadlocks and for locks that are held for longer than they may be.
"""

from __future__ import annotations

import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread

import psycopg
from msgspec import Struct, field, structs

from api.app import another_key
from replay.ledger import Ledger
from replay.rebuild import rebuild_views
from store import db
from tests.faults.acts import Answer, Clock, Outage, Places
from tests.faults.checks import Answers, check, merged, places_of
from tests.faults.kills import Say
from tests.faults.machine import Machine
from tests.faults.plan import Story, Tell, script, story
from tests.faults.report import Report
from tests.faults.services import Process, Sender, process, sender, service
from tests.laws.time_laws import same
from tests.waiting import until

SENDERS = 3
LEASE_SECONDS = 3.0
TROUBLE_EVERY_SECONDS = 10.0
FROZEN_SECONDS = (0.5, 1.0, 2.0)
SAMPLE_EVERY_SECONDS = 0.1
LIMIT_SECONDS = Decimal(10)
LIMITS = {
    "TIEOUT_LOCK_TIMEOUT": f"{LIMIT_SECONDS}s",
    "TIEOUT_IDLE_TIMEOUT": f"{LIMIT_SECONDS}s",
}
OVER_SECONDS = Decimal(1)  # a timeout fires a little late, and is seen a little later
DEEPLY_CHECKED = 60
PATIENCE_SECONDS = 120.0
SHARED = "shared"
WORK = ("work", "--lease-seconds", f"{LEASE_SECONDS}", "--json")

SESSIONS = """
    SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'),
           coalesce(max(extract(epoch FROM clock_timestamp() - query_start))
                    FILTER (WHERE wait_event_type = 'Lock'), 0),
           coalesce(max(extract(epoch FROM clock_timestamp() - state_change))
                    FILTER (WHERE state LIKE 'idle in transaction%'), 0)
      FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
HELD = """
    SELECT entity, fence FROM worker_lease
     WHERE holder LIKE %s AND expires_at > clock_timestamp()
"""
TAKEN = "SELECT count(*) FROM worker_lease WHERE entity = %s AND fence > %s"


class Told(Struct, kw_only=True):
    """A story as one sender told it, under an entity of its own for each of its two."""

    story: Story
    answers: Answers = field(default_factory=dict)


class Running(Struct, kw_only=True):
    """Two services and two workers: real processes, started again where they were killed."""

    dsn: str
    logs: Path
    stack: ExitStack
    services: list[tuple[Process, str]] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)

    def start(self) -> None:
        for number in range(2):
            self.services.append(self._service(number, "0"))
            self.workers.append(self._worker(number))

    def kill_service(self, number: int) -> None:
        """It comes back on its port; who asked it meanwhile asks again."""
        killed, address = self.services[number]
        killed.kill()
        killed.wait()
        self.services[number] = self._service(number, address.rpartition(":")[2])

    def kill_worker(self, number: int) -> None:
        self.workers[number].kill()
        self.workers[number] = self._worker(number)

    def _service(self, number: int, port: str) -> tuple[Process, str]:
        log = self.logs / f"service{number}"
        return self.stack.enter_context(service(self.dsn, log, port, **LIMITS))

    def _worker(self, number: int) -> Process:
        log = self.logs / f"worker{number}"
        return self.stack.enter_context(process(self.dsn, log, *WORK, **LIMITS))


class Soak(Struct, kw_only=True):
    """What all threads of a run share."""

    dsn: str
    seed: int
    stop: Event
    addresses: list[str]
    token: str
    report: Report
    lock: Lock
    done: list[Told] = field(default_factory=list)
    shared: Answers = field(default_factory=dict)

    def count(self, name: str, more: int = 1) -> None:
        with self.lock:
            self.report.counts[name] += more


def campaign(machine: Machine, *, seed: int, minutes: Decimal, say: Say) -> Report:
    """Raises Broken at the first difference, and whatever a sender or the watcher met."""
    began = time.monotonic()
    report = Report(what="soak", seed=seed)
    with machine.database() as dsn, tempfile.TemporaryDirectory() as folder:
        with ExitStack() as stack:
            running = Running(dsn=dsn, logs=Path(folder), stack=stack)
            running.start()
            soak = Soak(
                dsn=dsn,
                seed=seed,
                stop=Event(),
                addresses=[address for _, address in running.services],
                token=another_key(dsn),
                report=report,
                lock=Lock(),
            )
            _under_load(soak, running, float(minutes) * 60, say)
        say(f"{time.monotonic() - began:.0f} s: the load has ended, checking")
        _check(soak)
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


def _under_load(soak: Soak, running: Running, seconds: float, say: Say) -> None:
    until = time.monotonic() + seconds
    watcher = Watcher(soak.dsn, soak.stop)
    watcher.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(_send, soak, number) for number in range(SENDERS)]
        try:
            _trouble(soak, running, until, say)
        finally:
            soak.stop.set()
        for one in senders:
            one.result()
    watcher.end(soak.report)


# --- load ----------------------------------------------------------------------------------------


def _send(soak: Soak, number: int) -> None:
    """Story after story; what is asked of both services at once is answered by both alike."""
    random = Random(f"{soak.seed}-{number}")
    with ExitStack() as stack:
        try:
            both = [
                stack.enter_context(sender(address, soak.dsn, soak.token))
                for address in soak.addresses
            ]
            pool = stack.enter_context(ThreadPoolExecutor(2))
            turn = 0
            while not soak.stop.is_set():
                turn += 1
                _tell(soak, both, pool, random, f"{number}-{turn}")
        except BaseException:
            soak.stop.set()
            raise


def _tell(
    soak: Soak, both: list[Sender], pool: ThreadPoolExecutor, random: Random, name: str
) -> None:
    drawn = story(random, random.randrange(2**32), size_max=60)
    drawn.waiting = [structs.replace(s, entity=f"{s.entity}-{name}") for s in drawn.waiting]
    told = Told(story=drawn)
    while drawn.waiting and not soak.stop.is_set():
        acts = script(random, drawn, "usage-before-fact")
        for step in (*acts.shared, *acts.baits):
            if isinstance(step, Tell):
                _ask(soak, both, pool, random, step, told.answers)
        _ask_shared(soak, both, pool, random, acts.baits[0], name)
    with soak.lock:
        soak.done.append(told)


def _ask_shared(
    soak: Soak,
    both: list[Sender],
    pool: ThreadPoolExecutor,
    random: Random,
    step: object,
    name: str,
) -> None:
    """Usage into the entity of all, from a source of its own, so that ids are the sender's own."""
    assert isinstance(step, Tell)
    arrival = structs.replace(
        step.arrival, key=f"{name}-{step.arrival.key}", stream=f"usage:of-{name}"
    )
    shared = structs.replace(step, entity=SHARED, arrival=arrival, repeats=(), broken=0)
    own: Answers = {}
    _ask(soak, both, pool, random, shared, own)
    with soak.lock:
        merged(soak.shared, own.values())


def _ask(
    soak: Soak,
    both: list[Sender],
    pool: ThreadPoolExecutor,
    random: Random,
    step: Tell,
    answers: Answers,
) -> None:
    places = places_of(answers)
    asked = both if random.random() < 0.2 else [random.choice(both)]
    heard = list(pool.map(lambda one: _patiently(soak, one, step, places), asked))
    merged(answers, [answer for answer in heard if answer is not None])
    soak.count("answered", len(asked))


def _patiently(soak: Soak, one: Sender, step: Tell, places: Places) -> Answer | None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return one.tell(step, step.entity, places)
        except Outage:
            soak.count("outages seen by senders")
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# --- trouble -------------------------------------------------------------------------------------


def _trouble(soak: Soak, running: Running, until: float, say: Say) -> None:
    """Until the time is up: sleepers, frozen and killed processes, rebuilds, in turn."""
    random = Random(soak.seed)
    number = 0
    while time.monotonic() < until and not soak.stop.wait(TROUBLE_EVERY_SECONDS / 2):
        one = random.randrange(2)
        match number % 5:
            case 0:
                _oversleep(soak, running.logs, random.randint(1, 5))
            case 1:
                _freeze(soak, running.services[one][0], random.choice(FROZEN_SECONDS))
            case 2:
                running.kill_service(one)
                soak.report.faults["kill: service"] += 1
            case 3:
                running.kill_worker(one)
                soak.report.faults["kill: worker"] += 1
            case _:
                with db.connect(soak.dsn) as connection:
                    rebuilt = rebuild_views(connection)
                same(rebuilt.breaks, (), "views rebuilt under load")
                soak.count("views rebuilt under load")
        number += 1
        say(f"{until - time.monotonic():.0f} s to go, {soak.report.counts['answered']} answered")


def _oversleep(soak: Soak, logs: Path, passing: int) -> None:
    """A third worker stops inside its transaction, is overtaken, wakes up and must do no harm."""
    armed = f"poster-before-checkpoint:stop:{passing}"
    with (
        process(soak.dsn, logs / "sleeper", *WORK, TIEOUT_FAILPOINT=armed, **LIMITS) as sleeper,
        psycopg.connect(soak.dsn, autocommit=True) as connection,
    ):
        try:
            until(lambda: _state(sleeper.pid) == "T", PATIENCE_SECONDS)
            held = connection.execute(HELD, [f"%:{sleeper.pid}:%"]).fetchall()
            for entity, fence in held:
                until(
                    lambda e=entity, f=fence: _count(connection, TAKEN, e, f) == 1,
                    PATIENCE_SECONDS,
                )
                soak.count("sleepers overtaken")
        finally:
            sleeper.send_signal(signal.SIGCONT)
        assert sleeper.poll() is None, "a worker that was overtaken ended"
    assert sleeper.returncode == 0, ("a worker that was overtaken", sleeper.returncode)


def _freeze(soak: Soak, running: Process, seconds: float) -> None:
    """A service stands still with whatever it holds, and goes on."""
    running.send_signal(signal.SIGSTOP)
    soak.stop.wait(seconds)
    running.send_signal(signal.SIGCONT)
    soak.count("services frozen")


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _count(connection: psycopg.Connection[tuple[object, ...]], query: str, *values: object) -> int:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None, query
    return int(str(row[0]))


class Watcher(Thread):
    """Looks at every session of the database, many times a second."""

    def __init__(self, dsn: str, stop: Event) -> None:
        super().__init__(name="watcher", daemon=True)
        self._dsn = dsn
        self._stop_asked = stop
        self.samples = self.waits = self.deadlocks = 0
        self.longest_wait = self.longest_idle = Decimal(0)

    def run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            self.deadlocks = -_count(connection, DEADLOCKS)
            while not self._stop_asked.wait(SAMPLE_EVERY_SECONDS):
                row = connection.execute(SESSIONS).fetchone()
                assert row is not None
                waiting, wait, idle = row
                self.samples += 1
                self.waits += waiting
                self.longest_wait = max(self.longest_wait, wait)
                self.longest_idle = max(self.longest_idle, idle)
            self.deadlocks += _count(connection, DEADLOCKS)

    def end(self, report: Report) -> None:
        self.join()
        report.counts["samples of all sessions"] += self.samples
        report.counts["samples of a session that waits for a lock"] += self.waits
        report.counts["longest wait for a lock (ms)"] = int(self.longest_wait * 1000)
        report.counts["longest idle in transaction (ms)"] = int(self.longest_idle * 1000)
        report.counts["deadlocks"] = self.deadlocks
        same(self.deadlocks, 0, "deadlocks")
        limit = LIMIT_SECONDS + OVER_SECONDS
        assert self.longest_wait <= limit, ("a lock was waited for", self.longest_wait)
        assert self.longest_idle <= limit, ("a transaction was idle", self.longest_idle)


# --- what must hold ------------------------------------------------------------------------------


def _check(soak: Soak) -> None:
    """Every entity for holes and doubles, every answer, and many stories by all laws."""
    report = soak.report
    with Ledger.open(soak.dsn, Clock(0)) as ledger:
        ledger.catch_up()
        with ledger.connection() as connection:
            report.compared["gap-free"] += _gap_free(connection)
            report.compared["acknowledged once"] += _acknowledged(connection, soak)
        report.counts["stories"] = len(soak.done)
        for told in Random(soak.seed).sample(soak.done, min(DEEPLY_CHECKED, len(soak.done))):
            report.compared.update(check(ledger, told.story, told.answers, deep=False))
            report.counts["stories checked by all laws"] += 1
        with ledger.connection() as connection:
            rebuilt = rebuild_views(connection)
        same(rebuilt.breaks, (), "views rebuilt")
        report.compared["views rebuilt"] += rebuilt.rows


def _gap_free(connection: db.Connection) -> int:
    holes = connection.execute(
        "SELECT h.entity, h.position, count(f.position), min(f.position), max(f.position)"
        "  FROM entity_head h JOIN fact f ON f.entity = h.entity"
        " GROUP BY h.entity, h.position"
        " HAVING count(f.position) <> h.position OR max(f.position) <> h.position"
    ).fetchall()
    back = connection.execute(
        "SELECT entity, position FROM ("
        "  SELECT entity, position, recorded_at,"
        "         lag(recorded_at) OVER (PARTITION BY entity ORDER BY position) AS before"
        "    FROM fact) AS told WHERE recorded_at < before"
    ).fetchall()
    (facts,) = connection.execute("SELECT count(*) FROM fact").fetchone() or (0,)
    return same((holes, back), ([], []), "holes, time that goes back") + int(facts)


def _acknowledged(connection: db.Connection, soak: Soak) -> int:
    found: dict[tuple[str, str], list[int]] = {}
    for entity, key, position in connection.execute(
        "SELECT entity, command_id, position FROM fact ORDER BY entity, position"
    ):
        found.setdefault((entity, key), []).append(position)
    count = 0
    for answers in (soak.shared, *(told.answers for told in soak.done)):
        for name, answer in answers.items():
            count += same(tuple(found.get(name, ())), answer.positions, name, "facts of a key")
    return count
