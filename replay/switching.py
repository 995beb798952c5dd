"""Readers are given another generation of views, once it is level with the one they see."""

from __future__ import annotations

from msgspec import Struct

from projections import PROJECTIONS, generations, runner
from projections.switch import Busy, hold_still, switch
from store import failpoint, log
from store.db import Connection, StoreError

TRIES = 20
# Facts of a view that are folded while everybody is held still; more are folded before.
LEVEL = 2_000


class Switched(Struct, frozen=True, kw_only=True):
    """From one generation of views to another, and how long that made others wait."""

    live: int
    before: int
    held_ms: int


def switch_to(connection: Connection, to: int) -> Switched:
    """Only to a generation that this tieout can fold: one that stands still would be of no use."""
    live = generations.live(connection)
    if generations.followed(connection, to) != PROJECTIONS:
        raise StoreError(
            "generation-of-another-version",
            f"generation {to} has views of another version than this tieout's; "
            "use the tieout that made it, or build a new one",
        )
    failpoint.reach("rebuild-before-switch")
    held_ms = _switch_soon(connection, to)
    generations.drop_others(connection, {to, live})
    return Switched(live=to, before=live, held_ms=held_ms)


def _switch_soon(connection: Connection, to: int) -> int:
    for _ in range(TRIES - 1):
        _catch_up(connection, to)
        try:
            return _switch(connection, to)
        except Busy:
            # Whoever folds the live views was quicker; what it did is to be folded here as well.
            continue
    _catch_up(connection, to)
    return _switch(connection, to)


def _catch_up(connection: Connection, generation: int) -> None:
    for entity in sorted(log.heads(connection)):
        for view in PROJECTIONS:
            runner.follow(connection, entity, view, generation)


def _switch(connection: Connection, to: int) -> int:
    """A reader must not see less after the switch than before it."""
    views = {view.name: view for view in PROJECTIONS}
    with connection.transaction():
        for row in hold_still(connection, to):
            if row.position - row.beside > LEVEL:
                raise Busy
            if row.position > row.beside and row.view in views:
                runner.follow(connection, row.entity, views[row.view], to, upto=row.position)
        held_ms = switch(connection, to)
        failpoint.reach("rebuild-in-switch")
    return held_ms
