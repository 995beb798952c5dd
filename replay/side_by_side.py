"""The journals of many entities made again, each in a process of its own, some at once."""

from __future__ import annotations

import gc
import os
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.queues import Queue
from queue import Empty

from projections import runner
from replay.rebuild import RebuiltJournal, rebuild_journal, together
from store import log
from store.db import Connection, connect

# Those who read and write meanwhile go first.
POLITE = 10
# Measuring makes many objects and hardly a cycle: looked for seldom, never in what was imported.
COLLECTED = (50_000, 20, 50)
LISTEN_SECONDS = 0.2

Said = tuple[str, str, int]


def rebuild_journals(
    connection: Connection,
    *,
    processes: int,
    restart: bool = False,
    progress: runner.Progress | None = None,
) -> RebuiltJournal:
    """Entities share nothing, so any number are made at once; the largest begin.

    One alone is settled by that many processes instead.
    """
    heads = log.heads(connection)
    entities = sorted(heads, key=lambda entity: (-heads[entity], entity))
    if min(processes, len(entities)) <= 1:
        return rebuild_journal(connection, restart=restart, progress=progress, helpers=processes)
    context = get_context("spawn")
    said: Queue[Said] = context.Queue()
    dsn = connection.info.dsn
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_begin, initargs=(said,)
    ) as workers:
        made = [workers.submit(_one, dsn, entity, restart=restart) for entity in entities]
        _listen(made, said, progress)
        return together(one.result() for one in made)


def _listen(
    made: list[Future[RebuiltJournal]], said: Queue[Said], progress: runner.Progress | None
) -> None:
    while not all(one.done() for one in made):
        with suppress(Empty):
            told = said.get(timeout=LISTEN_SECONDS)
            if progress is not None:
                progress(*told)


# --- in a process of its own ---------------------------------------------------------------------

_heard: list[Queue[Said]] = []


def _begin(said: Queue[Said]) -> None:
    os.nice(POLITE)
    gc.freeze()
    gc.set_threshold(*COLLECTED)
    _heard.append(said)


def _one(dsn: str, entity: str, *, restart: bool) -> RebuiltJournal:
    with connect(dsn) as connection:
        return rebuild_journal(connection, entity, restart=restart, progress=_say, helpers=1)


def _say(entity: str, view: str, position: int) -> None:
    _heard[0].put((entity, view, position))
