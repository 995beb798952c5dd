"""Commands through the committer: one at a time, and 64 of one entity in flight.

Subscriptions are started and then amended in turn, so that each command but the first of a stream
is decided on what came before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import date, timedelta
from decimal import Decimal
from threading import Semaphore
from typing import Any

from api.committer import Committers
from bench.floors import committed
from bench.lap import Lap, Reading, timed
from bench.sealing import cpu_seconds, leaf_seconds
from bench.stand import Stand
from domain.facts import When
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from store.request import Receipt, Request

IN_FLIGHT = 64
# One at a time there is a commit for each, which takes long without saying more.
SINGLE_SHARE = 50
SHARE = 4
# Commands of one subscription.
EACH = 8
FIRST = date(2024, 1, 1)


def command(stand: Stand, number: int) -> list[Lap]:
    """Durable, one after the other, beside as many commits of one bare row."""
    _make_tables(stand, number)
    entity, count = f"command-{number}", max(EACH, stand.rows // SINGLE_SHARE)
    requests = list(subscriptions(entity, count))
    committers = Committers(stand.ledger)
    _all(committers, requests[:EACH], width=1)
    rest = requests[EACH:] or requests[:EACH]
    taken = timed(stand.floor, lambda: _all(committers, rest, width=1))
    committers.stop()
    floor = timed(stand.floor, lambda: committed.bare(stand.floor, len(rest)))
    return [
        Lap(
            figure="command",
            unit="commands/s",
            count=len(rest),
            taken=taken,
            floors={"": floor.seconds},
        )
    ]


def commands(stand: Stand, number: int) -> list[Lap | Reading]:
    """64 in flight, beside the same rows in groups of 64; and what of it the seals are."""
    _make_tables(stand, number)
    entity, count = f"commands-{number}", max(IN_FLIGHT, stand.rows // SHARE)
    requests = list(subscriptions(entity, count))
    committers = Committers(stand.ledger)
    laps = []

    def work() -> None:
        laps.append(timed(stand.floor, lambda: _all(committers, requests, width=IN_FLIGHT)))

    cpu = cpu_seconds(stand, work)
    committers.stop()
    rows = committed.groups(stand.floor, entity, IN_FLIGHT)
    floor = timed(stand.floor, lambda: committed.append(stand.floor, entity, rows, IN_FLIGHT))
    assert stand.ledger.head(entity) == committed.count(stand.floor, entity) == count
    seals = leaf_seconds(stand.floor, entity) / cpu
    return [
        Lap(
            figure="commands-64",
            unit="commands/s",
            count=count,
            taken=laps[0],
            floors={"": floor.seconds},
        ),
        Reading(figure="seals-command", unit="% of CPU", value=100 * seals),
    ]


def subscriptions(entity: str, count: int) -> Iterator[Request]:
    """All are started, then all amended, and again: a stream rests between two of its commands."""
    streams = -(-count // EACH)
    for number in range(count):
        turn, place = divmod(number, streams)
        yield Request(
            entity=entity,
            stream=f"subscription:s{place:06}",
            key=f"act:{number:09}",
            command=_start(place) if turn == 0 else _amend(turn),
        )


def _start(place: int) -> StartSubscription:
    return StartSubscription(
        when=When(effective=FIRST),
        customer=f"c{place:06}",
        currency="USD",
        term_from=FIRST,
        term_to=date(2026, 1, 1),
        items=(Item(item="seats", price="p", quantity=Decimal(10)),),
    )


def _amend(turn: int) -> AmendSubscription:
    changes = (ItemChange(item="seats", quantity=Decimal(10 + turn)),)
    return AmendSubscription(when=When(effective=FIRST + timedelta(30 * turn)), items=changes)


def _all(committers: Committers, requests: Sequence[Request], *, width: int) -> None:
    """So many wait for their answers at any time; every one must be accepted."""
    free = Semaphore(width)

    def answered(_: Future[Any]) -> None:
        free.release()

    waiting = []
    for request in requests:
        free.acquire()
        answer = committers.submit(request)
        answer.add_done_callback(answered)
        waiting.append(answer)
    for answer in waiting:
        outcome = answer.result()
        assert isinstance(outcome, Receipt), outcome


def _make_tables(stand: Stand, number: int) -> None:
    """Once, whichever of the two figures comes first."""
    if number == 0 and not committed.is_made(stand.floor):
        committed.make(stand.floor)
