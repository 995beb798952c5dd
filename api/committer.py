"""One committer thread for each entity: the way of a command into its log.

Requests that wait while another group is written go together in the next, by two statements and
one commit; nobody lingers for more. The answer comes through a future, so a handler waits without
holding a thread. Other processes may commit to the same entity: whoever is slower decides again.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from domain.errors import Malformed
from replay.ledger import Ledger
from store.failure import StoreError
from store.remembered import Remembered
from store.request import Outcome, Request
from store.sitting import Asked, ask
from store.unpaused import seldom

GROUP = 500
# So many wait for an entity at most: at 4,000 a second that is two seconds, and as much as a sender
# should wait before it is told to come again.
WAITING_MAX = 8_000

Result = TypeVar("Result")
Act = Callable[[], Any]
Waiting = tuple[Asked | Act, Future[Any]]


class Committers:
    """Makes the thread of an entity when the first command for it comes."""

    def __init__(self, ledger: Ledger) -> None:
        seldom()
        self._ledger = ledger
        self._remembered = Remembered()
        self._lock = Lock()
        self._queues: dict[str, SimpleQueue[Waiting | None]] = {}
        self._threads: list[Thread] = []

    def submit(self, request: Request) -> Future[Outcome]:
        """One command, in a group with whatever else waits.

        What can be worked out of it alone is done here, while the committer waits for the database.
        """
        answer: Future[Outcome] = Future()
        asked = ask(request)
        if isinstance(asked, Malformed):
            answer.set_result(asked)
        else:
            self._roomy(request.entity).put((asked, answer))
        return answer

    def call(self, entity: str, act: Callable[[], Result]) -> Future[Result]:
        """An act of several commands, such as a close: alone, in its turn."""
        answer: Future[Result] = Future()
        self._roomy(entity).put((act, answer))
        return answer

    def stop(self) -> None:
        """Let every thread finish what waits, then end it."""
        with self._lock:
            for queue in self._queues.values():
                queue.put(None)
            for thread in self._threads:
                thread.join()

    def _roomy(self, entity: str) -> "SimpleQueue[Waiting | None]":
        """The queue, unless it is so long that who comes now would rather be told."""
        queue = self._queue(entity)
        if queue.qsize() >= WAITING_MAX:
            raise StoreError("too-many-waiting", f"{WAITING_MAX} requests of {entity} wait already")
        return queue

    def _queue(self, entity: str) -> "SimpleQueue[Waiting | None]":
        with self._lock:
            if entity not in self._queues:
                queue: SimpleQueue[Waiting | None] = SimpleQueue()
                thread = Thread(target=self._work, args=(entity, queue), name=f"commit {entity}")
                thread.start()
                self._queues[entity] = queue
                self._threads.append(thread)
            return self._queues[entity]

    def _work(self, entity: str, queue: "SimpleQueue[Waiting | None]") -> None:
        while (waiting := queue.get()) is not None:
            group, after = _group(waiting, queue)
            # Who hung up before the turn came is left out; from here on nobody can.
            group = [row for row in group if row[1].set_running_or_notify_cancel()]
            if group:
                asking = [asked for asked, _ in group]
                work = partial(self._ledger.commit, entity, asking, self._remembered)
                _settle([answer for _, answer in group], work)
            if after is not None and after[1].set_running_or_notify_cancel():
                act, answer = after
                _settle([answer], partial(_alone, act))


def _group(
    first: Waiting, queue: "SimpleQueue[Waiting | None]"
) -> tuple[list[tuple[Asked, Future[Any]]], tuple[Act, Future[Any]] | None]:
    """The requests that wait now, up to the first act, which comes after them."""
    group: list[tuple[Asked, Future[Any]]] = []
    waiting: Waiting | None = first
    while waiting is not None:
        wanted, answer = waiting
        if not isinstance(wanted, Asked):
            return group, (wanted, answer)
        group.append((wanted, answer))
        if len(group) == GROUP:
            break
        try:
            waiting = queue.get_nowait()
        except Empty:
            break
        if waiting is None:
            queue.put(None)
    return group, None


def _alone(act: Act) -> list[Any]:
    return [act()]


def _settle(answers: list[Future[Any]], work: Callable[[], list[Any]]) -> None:
    """Whoever waits gets the result or the failure; the thread goes on."""
    try:
        results = work()
    except BaseException as failure:  # noqa: BLE001 (each waiting handler raises it)
        for answer in answers:
            answer.set_exception(failure)
        return
    for answer, result in zip(answers, results, strict=True):
        answer.set_result(result)
