"""The journals of many entities made again, each in a process of its own, some at once."""

from __future__ import annotations

import gc
import os
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.queues import Queue
from queue import Empty
from threading import Thread

from projections import runner
from replay.rebuild import RebuiltJournal, rebuild_journal, together
from store import log
from store.alike import Session, connect_like, session_of
from store.db import Connection

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

    If there are fewer entities than processes, each is settled by its share of them.
    """
    heads = log.heads(connection)
    entities = sorted(heads, key=lambda entity: (-heads[entity], entity))
    many = min(processes, max(len(entities), 1))
    one = partial(_one, session_of(connection), restart=restart, processes=processes // many)
    context = get_context("spawn")
    said: Queue[Said] = context.Queue()
    with ProcessPoolExecutor(
        many, mp_context=context, initializer=_begin, initargs=(said,)
    ) as workers:
        made = [workers.submit(one, entity) for entity in entities]
        _listen(made, said, progress)
        return together(journal.result() for journal in made)


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
    # Progress that nobody hears any more is no reason to stay.
    said.cancel_join_thread()
    _heard.append(said)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Else who was started by a process that was killed would go on, and then wait for ever."""
    parent = parent_process()
    assert parent is not None, "only ever started by another process"
    parent.join()
    os._exit(1)


def _one(session: Session, entity: str, *, restart: bool, processes: int) -> RebuiltJournal:
    with connect_like(session) as connection:
        return rebuild_journal(
            connection, entity, restart=restart, progress=_say, processes=processes
        )


def _say(entity: str, view: str, position: int) -> None:
    _heard[0].put((entity, view, position))
