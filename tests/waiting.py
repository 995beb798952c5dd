"""Waiting for what another process or session brings about."""

from collections.abc import Callable
from time import monotonic, sleep

PATIENCE_SECONDS = 60.0
# Whoever is waited for may need the core on which the question is asked.
PAUSE_SECONDS = 0.01


def until(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Asked again and again, with a pause that leaves the core to others."""
    deadline = monotonic() + seconds
    while not holds():
        assert monotonic() < deadline, "patience is at an end"
        sleep(PAUSE_SECONDS)
