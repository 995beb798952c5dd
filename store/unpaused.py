"""Work that makes many objects and no cycles, without the pauses in which Python looks for cycles.

Reference counting frees what is dropped either way. Within a block the search waits until the last
block has ended, in whichever thread; a process that commits makes it seldom.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# A group of commands makes some thousand objects; by default each 700 new ones start a search,
# which together took a third of a committer's time.
SELDOM = (50_000, 20, 100)

_lock = Lock()
_inside = 0
_was_on = True


@contextmanager
def unpaused() -> Iterator[None]:
    """For a bounded batch, a second or so: what has cycles piles up meanwhile, whoever makes it."""
    _enter()
    try:
        yield
    finally:
        _leave()


def seldom() -> None:
    """For a process that makes objects all day: from here on it looks for cycles seldom."""
    gc.set_threshold(*SELDOM)


def _enter() -> None:
    global _inside, _was_on  # noqa: PLW0603 (the collector is one for the process)
    with _lock:
        if _inside == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _inside += 1


def _leave() -> None:
    global _inside  # noqa: PLW0603 (the collector is one for the process)
    with _lock:
        _inside -= 1
        if _inside == 0 and _was_on:
            gc.enable()
