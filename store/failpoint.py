"""Named places where a process can be made to fail on purpose, so that a test can show what holds.

TIEOUT_FAILPOINT=name:action:count, read once at start, says where, how and at which passing:
`kill` ends the process on the spot, `stop` freezes it until somebody sends SIGCONT, `sleep` loses a
second, `raise` is a fault like any other. Without it a place costs one comparison.
"""

import os
import signal
import time
from typing import Literal, assert_never, get_args

from msgspec import Struct

from store.failure import StoreError

Name = Literal[
    "decided-not-written",  # a group of commands is decided, its one statement not yet sent
    "facts-inserted",  # under the head's lock: facts are in, the head has not moved
    "head-updated",  # under the head's lock: both done, not committed
    "committed-not-answered",  # durable, and nobody was told
    "usage-keys-taken",  # event ids of a batch are in, its rows are not
    "usage-before-fact",  # the rows are in, the fact of the batch is not
    "poster-mid-chunk",  # units of a run are settled, half of what follows is written
    "poster-before-checkpoint",  # all of it is written, the checkpoint has not moved
    "view-copied",  # a view has folded its rows, its checkpoint has not moved
    "bank-vault-written",  # who paid is in the vault, none of these payments is taken
    "bank-part-taken",  # some payments of a statement are taken, the others are not
    "billing-chunk-stored",  # a chunk of a billing run is durable, the next is not measured
    "rebuild-before-switch",  # a new generation ties, readers still see the old one
    "rebuild-in-switch",  # the switch is written, nothing that follows it
]
Action = Literal["kill", "stop", "sleep", "raise"]
NAMES: tuple[Name, ...] = get_args(Name)
ACTIONS: tuple[Action, ...] = get_args(Action)
VARIABLE = "TIEOUT_FAILPOINT"
SLEEP_SECONDS = 1.0


class FailpointReached(Exception):
    """The fault that was asked for by `raise`."""


class Failpoint(Struct):
    """Where and how, and how many passings are left."""

    name: str
    action: Action
    left: int


def reach(name: Name) -> None:
    """A process that was told to fail here does so; any other goes on."""
    if _armed is not None and _armed.name == name:
        _pass(_armed)


def arm(told: str | None) -> None:
    """Watch for what is told, as in the variable; None watches for nothing."""
    global _armed  # noqa: PLW0603 (one process fails at one place)
    _armed = _read(told) if told else None


def _read(told: str) -> Failpoint:
    name, _, rest = told.partition(":")
    action, _, count = rest.partition(":")
    if name not in NAMES or action not in ACTIONS or not count.isdecimal() or int(count) < 1:
        raise StoreError(
            "bad-failpoint", f"{VARIABLE} is name:action:count, as head-updated:kill:1, not {told}"
        )
    return Failpoint(name, action, int(count))


def _pass(armed: Failpoint) -> None:
    armed.left -= 1
    if armed.left != 0:
        return
    match armed.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "sleep":
            time.sleep(SLEEP_SECONDS)
        case "raise":
            raise FailpointReached(armed.name)
        case _:
            assert_never(armed.action)


_armed: Failpoint | None = None
arm(os.environ.get(VARIABLE))
