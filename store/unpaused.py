"""Work that makes many objects and no cycles, without the pauses in which Python looks for cycles.

Reference counting frees what is dropped either way; only the search for cycles waits until the
last of these blocks has ended, in whichever thread.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0
_was_on = True


@contextmanager
def unpaused() -> Iterator[None]:
    """For a bounded batch, never around waiting: what has cycles would pile up."""
    _enter()
    try:
        yield
    finally:
        _leave()


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
