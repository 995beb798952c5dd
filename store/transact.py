"""Commands into facts: load, fold, decide, append, many at once and with one commit for all.

A key is looked up before anything is validated and never expires. A refusal is kept and is the
final answer for its key; malformed input, a version conflict or an outage stores nothing. Nothing
is locked while a group is decided: it is stored only if the head still is where it was read, else
read and decided again, and after a few losses under the head's lock, so that nobody starves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

import psycopg
from msgspec import Struct
from psycopg.pq import TransactionStatus
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from domain.errors import Malformed, Rejected
from store import failpoint, group, log
from store.db import Connection
from store.remembered import Remembered, RowTypes
from store.request import Clock, Evidence, Outcome, Receipt, Request
from store.sitting import (
    Asked,
    Decided,
    Follow,
    Gather,
    Loaded,
    Sitting,
    ask,
    leads_on,
    needs_evidence,
)
from store.timeline import Timeline
from store.unpaused import unpaused

COMMANDS_IN_ONE_TRANSACTION = 5_000
# Beyond so many, copying under the lock costs less than one statement with all rows in it.
COMMANDS_IN_ONE_STATEMENT = 1_000
# So often others may be first before a group takes the head's lock.
LOSSES_MAX = 3
ATTEMPTS = 5
LONGEST_WAIT = timedelta(milliseconds=200)

TIES = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_again = Retrying(
    retry=retry_if_exception_type(TIES),
    stop=stop_after_attempt(ATTEMPTS - 1),
    wait=wait_random_exponential(max=LONGEST_WAIT),
    reraise=True,
)

Result = TypeVar("Result")
Asking = Sequence[Asked | Malformed]
Lend = Callable[[], AbstractContextManager[Connection]]


def submit(
    connection: Connection, request: Request, *, clock: Clock, evidence: Evidence | None = None
) -> Receipt:
    """One command. Raises Rejected, which is kept and final for the key; Malformed; Conflict."""
    (outcome,) = append_many(connection, request.entity, [request], clock=clock, evidence=evidence)
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome


def append_many(
    connection: Connection,
    entity: str,
    requests: Iterable[Request],
    *,
    clock: Clock,
    evidence: Evidence | None = None,
) -> list[Outcome]:
    """Many commands of one entity, each answered by itself; a bad one never fails another."""
    return append_surely(
        lambda: nullcontext(connection), entity, requests, clock=clock, evidence=evidence
    )


def append_surely(
    lend: Lend,
    entity: str,
    requests: Iterable[Request],
    *,
    clock: Clock,
    evidence: Evidence | None = None,
    remembered: Remembered | None = None,
) -> list[Outcome]:
    """The same on connections that are lent, each group as by `append_group`."""
    append = partial(append_group, clock=clock, evidence=evidence, remembered=remembered)
    outcomes: list[Outcome] = []
    remaining = iter(requests)
    while chunk := list(islice(remaining, COMMANDS_IN_ONE_TRANSACTION)):
        with unpaused():
            asking = [ask(request) for request in chunk]
        outcomes += append(lend, entity, asking)
    return outcomes


def append_group(
    lend: Lend,
    entity: str,
    asking: Asking,
    *,
    clock: Clock,
    evidence: Evidence | None = None,
    remembered: Remembered | None = None,
) -> list[Outcome]:
    """One group, and once more on another connection should the first be lost meanwhile.

    Nobody knows then whether the commit came through, but the keys do: what did is a repeat.
    """

    def append(connection: Connection) -> list[Outcome]:
        desk = _Desk(connection, entity, clock, evidence, remembered)
        return retrying(connection, partial(_decide, desk, asking))

    with lend() as connection:
        try:
            return append(connection)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
    with lend() as connection:
        return append(connection)


def retrying(connection: Connection, attempt: Callable[[], Result]) -> Result:
    """Again, when the database broke a tie; not inside a transaction that others began."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return attempt()
    try:
        return attempt()
    except TIES:
        return _again(attempt)


class _Desk(Struct, frozen=True):
    """What a group is decided with, beside its requests."""

    connection: Connection
    entity: str
    clock: Clock
    evidence: Evidence | None
    remembered: Remembered | None


def _decide(desk: _Desk, asking: Asking) -> list[Outcome]:
    if _fits_one_statement(desk, asking):
        if (outcomes := _from_memory(desk, asking)) is not None:
            return outcomes
        for _ in range(LOSSES_MAX):
            if (outcomes := _at_once(desk, asking)) is not None:
                return outcomes
    return _under_lock(desk, asking)


def _fits_one_statement(desk: _Desk, asking: Asking) -> bool:
    """Not so large a group, none that must see what it stored or what that leads to, none within
    others' transaction.
    """
    return (
        len(asking) <= COMMANDS_IN_ONE_STATEMENT
        and not any(map(leads_on, asking))
        and (desk.evidence is None or not any(map(needs_evidence, asking)))
        and desk.connection.info.transaction_status == TransactionStatus.IDLE
    )


def _from_memory(desk: _Desk, asking: Asking) -> list[Outcome] | None:
    """Decide on what is remembered, store: one statement. None if that is not the whole story."""
    if (remembered := desk.remembered) is None:
        return None
    recalled = group.recall(desk.entity, _asked(asking), remembered)
    if recalled is None:
        return None
    loaded, types, new = recalled
    outcomes, decided = _judged(desk, asking, loaded)
    # A stream taken for empty must get a first fact: its version would be taken if it were not.
    if not all(map(_is_checked, asking, outcomes)) or any(
        loaded.timelines[stream].version == 0 for stream in new
    ):
        return None
    if _store(desk, loaded, decided, types):
        return outcomes
    remembered.doubt(desk.entity)
    return None


def _is_checked(asked: Asked | Malformed, outcome: Outcome) -> bool:
    """Storing it would fail, had its key or its outside name been used before."""
    match outcome:
        case Receipt():
            return True
        case Rejected():
            return isinstance(asked, Asked) and asked.request.source is None
        case _:
            return isinstance(asked, Malformed)


def _at_once(desk: _Desk, asking: Asking) -> list[Outcome] | None:
    """Read, decide, store: two statements. None if somebody else moved the head between them."""
    remembered = desk.remembered or Remembered(0)
    loaded, types = group.load(desk.connection, desk.entity, _asked(asking), remembered)
    outcomes, decided = _judged(desk, asking, loaded)
    return outcomes if _store(desk, loaded, decided, types) else None


def _asked(asking: Asking) -> list[Asked]:
    return [one for one in asking if isinstance(one, Asked)]


def _judged(desk: _Desk, asking: Asking, loaded: Loaded) -> tuple[list[Outcome], Decided]:
    sitting = Sitting(loaded, desk.clock)
    with unpaused():
        return [sitting.judge(one) for one in asking], sitting.take()


def _store(desk: _Desk, loaded: Loaded, decided: Decided, types: RowTypes) -> bool:
    """By one statement, if there is anything; then what it was decided on may be remembered."""
    if decided.keys:
        failpoint.reach("decided-not-written")
        try:
            if not group.store(desk.connection, decided, types):
                return False
        except psycopg.errors.UniqueViolation:
            # A refusal moves no head, so its key may have been used since the keys were read.
            return False
        except psycopg.errors.InternalError_:
            # Row types are called otherwise since the schema was made anew, as by --reset-demo.
            desk.connection.execute("DEALLOCATE ALL")
            return False
        failpoint.reach("committed-not-answered")
    if desk.remembered is not None:
        after = decided.after
        desk.remembered.stand(desk.entity, decided.head, after, types)
        desk.remembered.keep(desk.entity, loaded.timelines, after.position)
    return True


def _under_lock(desk: _Desk, asking: Asking) -> list[Outcome]:
    """In one transaction that holds the head; whoever waits for it decides after us."""
    connection = desk.connection
    with connection.transaction():
        log.lock_head(connection, desk.entity)
        loaded, _ = group.load(connection, desk.entity, _asked(asking), Remembered(0))
        sitting = Sitting(loaded, desk.clock, _gather(desk), _follow(desk))
        with unpaused():
            outcomes = [sitting.judge(one) for one in asking]
            failpoint.reach("decided-not-written")
            group.write(connection, sitting.take())
    failpoint.reach("committed-not-answered")
    return outcomes


def _follow(desk: _Desk) -> Follow:
    """A stream as it stands under the head's lock."""
    return lambda stream: Timeline(log.read_stream(desk.connection, desk.entity, stream))


def _gather(desk: _Desk) -> Gather | None:
    """Evidence on all that was decided before the command, which is stored for it."""
    if (evidence := desk.evidence) is None:
        return None

    def gather(sitting: Sitting, request: Request) -> object:
        group.write(desk.connection, sitting.take())
        return evidence(desk.connection, request)

    return gather
